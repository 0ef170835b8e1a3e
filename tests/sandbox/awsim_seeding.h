/* Reading a seed: what its readers share. */
#ifndef CT_AWSIM_SEEDING_H
#define CT_AWSIM_SEEDING_H

#include "tests/sandbox/awsim_check_json.h"
#include "tests/sandbox/awsim_state.h"

#define SEED_YEARS_S (20LL * 365 * 24 * 3600)
#define SEED_LISTED_MAX 20000

struct seeding {
    struct sim *sim;
    struct check check;
    int64_t now_ms;
};

/* Every object of the list `member` of `root`, until the first mistake. */
void seed_all(struct seeding *s, const json_t *root, const char *member,
              void (*one)(struct seeding *s, const json_t *o));

void seed_denials(struct seeding *s, const json_t *o, bool denied[SIM_OPS]);

/* The realm that "account" and "region" name; NULL after a mistake. */
struct realm *seed_realm(struct seeding *s, const json_t *o);

void seed_functions(struct seeding *s, const json_t *root);

/* roles, web_identities, sso, instance, container */
void seed_identity(struct seeding *s, const json_t *root);

#endif
