/* What a rotation function does in the database. */
#ifndef CT_AWSIM_ROTATION_DB_H
#define CT_AWSIM_ROTATION_DB_H

#include <stdbool.h>
#include <stddef.h>

/* From the JSON of one version of a secret; clear wipes. */
struct rotation_login {
    char host[256], port[8], dbname[64], user[64], password[256];
};

/* False: a member is missing or of another kind; *out_missing names it. */
bool rotation_login_read(const char *json, size_t n, struct rotation_login *out, const char **out_missing);
void rotation_login_clear(struct rotation_login *l);

bool rotation_can_log_in(const struct rotation_login *l, const char *ca);
/* Logged in as `as`, gives its user the password; false with the server's words. */
bool rotation_set_password(const struct rotation_login *as, const char *ca, const char *password, char *out_words,
                           size_t size);

#endif
