/* One database login, phase by phase, within a deadline, stopped at once by a
 * cancel.  The only reader of libpq's connection API is login_pq.c. */
#ifndef CT_LOGIN_H
#define CT_LOGIN_H

#include "backend/base/cancel.h"
#include "backend/base/err.h"
#include "backend/credentials/flow.h"
#include "backend/model.h"

struct login_result {
    bool ok;
    enum db_phase failed;
    int32_t phase_us[PHASE_COUNT]; /* -1 not reached */
    int32_t total_us;
    char sqlstate[6];
    char address[64]; /* the address tried last */
    int server_version;
    char tls_protocol[16], tls_cipher[48];
    struct db_certificate certificate;
    char auth_method[32]; /* what the server asked for; "" unknown */
    char current_user[64];
    bool standby, superuser;
    char password_encryption[24];
    int32_t max_connections, used_connections; /* -1 unknown */
    int64_t valid_until_ms;                    /* TIME_UNKNOWN: never, or not known */
    struct why why;                            /* safe words, no password */
};

/* Logs in as `p` says, asks who and what the server is, logs out.  Nothing of the
 * password stays behind.  Never waits past the deadline, name resolution included. */
void login_try(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out);

/* The same, and the connection stays open: for session_pq.c.  NULL unless out->ok. */
struct pg_conn *login_open(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out);

/* Audit mode's twin: resolve, connect, ask for TLS and check the certificate; sends
 * no user name and no password. */
void login_reach(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out);

/* Nothing reached, nothing known. */
void login_result_clear(struct login_result *out);

#endif
