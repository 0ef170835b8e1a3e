/* Who may become whom: roles, the sessions made of them, and the tokens that stand for
 * somebody (web identity, SSO, instance, container).
 *
 * Not locked: the simulator's lock is held. */
#ifndef CT_AWSIM_IDENTITY_H
#define CT_AWSIM_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sandbox/awsim_ops.h"

struct sim;
struct sim_key;

#define SESSION_DEFAULT_S 3600
#define SESSION_MIN_S 900
#define SESSION_MAX_S 43200
#define SESSION_CHAINED_MAX_S 3600

struct sim_role {
    char *arn;
    char name[65], account[13], partition[16], id[22];
    size_t ntrusts;
    char **trusts;                             /* ARNs of keys or roles, or accounts */
    char *external_id, *mfa_serial, *mfa_code; /* NULL: not asked for */
    int64_t max_duration_s;
    int64_t session_s; /* > 0: how long a session lives, whatever was asked for */
    bool denied[SIM_OPS];
};

/* A text that stands for the roles it may take: web identity, or an SSO session. */
struct sim_bearer {
    char *token;
    int64_t expires_ms; /* -1: never */
    size_t nroles;
    struct sim_role **roles;
    char *subject; /* the name in the session's ARN, of SSO */
    /* SSO alone; refresh NULL: cannot be refreshed */
    char *refresh, *client_id, *client_secret;
    int64_t refresh_expires_ms, refreshed_s;
};

/* Where a machine or a task finds the credentials of its role; role NULL: nowhere. */
struct sim_host {
    struct sim_role *role;
    int64_t session_s;
    bool v1;             /* instance: tokens are not required */
    bool keep_expired;   /* instance: expired credentials are not replaced */
    char *authorization; /* container; NULL: not asked for */
    char key[129];       /* the session it gives out; "" none yet */
};

struct identity {
    size_t nroles, nweb, nsso;
    struct sim_role **roles;
    struct sim_bearer **web, **sso;
    struct sim_host instance, container;
};

void identity_clear(struct identity *id);

struct sim_role *identity_role(const struct identity *id, const char *arn);                  /* NULL: no such */
struct sim_bearer *bearer_find(struct sim_bearer *const *list, size_t n, const char *token); /* NULL: no such */
bool bearer_may_take(const struct sim_bearer *b, const struct sim_role *role);
struct sim_role *identity_add_role(struct identity *id, const char *arn); /* NULL: no role's ARN */
struct sim_bearer *bearer_add(struct sim_bearer ***list, size_t *n, const char *token);

bool role_trusts(const struct sim_role *role, const struct sim_key *key);

/* A new session; NULL when there are too many.  Good until the next session is made. */
struct sim_key *session_new(struct sim *s, const struct sim_role *role, const char *session_name, int64_t duration_s);
/* What a host gives out: the same until it nears its end. */
struct sim_key *host_session(struct sim *s, struct sim_host *host, const char *session_name);

void random_text(char *out, size_t n, const char *alphabet); /* n characters and the NUL */

#endif
