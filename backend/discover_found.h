/* What was found in one region, and what belongs together in it: pure, so that it is tested
 * without an account. */
#ifndef CT_DISCOVER_FOUND_H
#define CT_DISCOVER_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/strbuf.h"

#define FOUND_TAGS 8
#define FOUND_REASON 200

/* All text is safe to draw. */
struct found_secret {
    char name[520], arn[256], description[128];
    char tags[FOUND_TAGS][2][72]; /* key, value */
    size_t ntags;
    bool rotated, owned; /* rotation is on; another service manages it */
    char rotation_function[160];
};

struct found_function {
    char name[144], log_group[520]; /* "": /aws/lambda/NAME */
    char secret[520];               /* its DB_SECRET_NAME; "" none */
    char host[256], port[8], dbname[72], user[72];
    bool production;   /* NODE_ENV */
    bool has_password; /* a variable DB_PASSWORD, in plain sight */
    bool hidden;       /* Lambda does not show its variables */
};

struct found {
    char region[32], account[16], arn[256];
    struct found_secret *secrets;
    size_t nsecrets;
    struct found_function *functions; /* in audit mode: made up from the log groups' names */
    size_t nfunctions;
    char (*groups)[520];
    size_t ngroups;
    bool functions_read, groups_read, secrets_read, cut; /* cut: there are more than are taken */
    char troubles[8][320];
    size_t ntroubles;
};

void found_clear(struct found *f);

/* Why a secret is taken for a database's; false: nothing speaks for it. */
bool found_is_database(const struct found *f, const struct found_secret *s, char reason[FOUND_REASON]);
/* Why a function belongs to a secret; false: it does not. */
bool found_belongs(const struct found *f, const struct found_secret *s, const struct found_function *fn,
                   char reason[FOUND_REASON]);

struct found_look {
    const char *profile; /* NULL */
    char (*names)[64];   /* of the environments written so far; grows */
    size_t nnames;
};
/* The sections of one region; the number of environments. */
size_t found_write(const struct found *f, struct found_look *look, struct strbuf *out);

#endif
