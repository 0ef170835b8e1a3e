/* The simulated world: accounts with their keys, and a realm for every (account,
 * region) somebody has spoken to.  One lock over all of it. */
#ifndef CT_AWSIM_STATE_H
#define CT_AWSIM_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sandbox/awsim_faults.h"
#include "tests/sandbox/awsim_functions.h"
#include "tests/sandbox/awsim_identity.h"
#include "tests/sandbox/awsim_ops.h"
#include "tests/sandbox/awsim_queries.h"
#include "tests/sandbox/awsim_quota.h"
#include "tests/sandbox/awsim_rotation.h"
#include "tests/sandbox/awsim_store.h"
#include "tests/sandbox/awsim_vault.h"

#define SIM_REALMS_MAX 256

struct sim_counts {
    uint64_t ok, failed, throttled, denied; /* the last two are also in failed */
};

struct sim_key {
    char id[129], account[13];
    char *secret, *token, *arn, *user_id; /* token NULL: a long-term key */
    const struct sim_role *role;          /* NULL: a key of the seed, no session */
    int64_t expires_ms;                   /* -1: never */
    bool denied[SIM_OPS];                 /* what its policy does not allow */
    uint64_t calls[SIM_OPS];              /* well signed, answered or not */
    uint64_t throttled[SIM_OPS];          /* by a quota, not by a fault */
};

struct realm {
    char account[13], region[32];
    struct vault vault;
    struct store store;
    struct functions functions;
    struct queries queries;
    struct quota_bucket buckets[QUOTAS];
};

/* How unevenly lists are paged, from the seed; 0: as full as allowed. */
struct sim_paging {
    int list_secrets_max; /* entries of a page, at most */
    int list_empty_every; /* every n-th page of ListSecrets is empty, with a token */
    int filter_max;       /* events of a page of FilterLogEvents, at most */
};

struct sim {
    /* fixed after start */
    int latency_ms;
    double quota_scale; /* times the published rates; 0: no quotas */
    char salt[65];      /* for page tokens */
    size_t naccounts;
    char (*accounts)[13];
    struct sim_paging paging;

    _Atomic int64_t clock_offset_ms; /* of awsim's clock, ahead of the machine's */

    pthread_mutex_t lock;
    /* guarded by lock */
    size_t nkeys;
    struct sim_key **keys; /* those of the seed, then the sessions */
    struct identity identity;
    size_t nrealms;
    struct realm *realms[SIM_REALMS_MAX];
    struct sim_counts counts[SIM_OPS];
    uint64_t refused; /* unknown key, bad signature, unknown operation */
    uint64_t list_pages;
    int64_t query_ms;    /* how long an Insights query runs */
    int64_t list_lag_ms; /* ListSecrets shows what was so long ago; 0: what is */
    struct faults faults;
    struct rotations rotations;
};

struct sim *sim_new(void);
struct sim *sim_free(struct sim *s);

int64_t sim_now_ms(const struct sim *s); /* awsim's own idea of the time */

struct sim_key *sim_key_find(struct sim *s, const char *id); /* NULL: unknown */
struct sim_key *sim_add_key(struct sim *s);                  /* empty, never expiring */
void sim_prune_sessions(struct sim *s, int64_t before_ms);   /* forgets those that ended before */
void sim_add_account(struct sim *s, const char *account);
bool sim_has_account(const struct sim *s, const char *account);
/* Makes it when it is new; NULL when the name is none or there are too many. */
struct realm *sim_realm(struct sim *s, const char *account, const char *region);

#endif
