/* Keys that have been fetched, and who fetches them again.
 *
 * An entry a name ("profile ops"), a fetch at a time an entry: whoever comes meanwhile
 * takes the old keys while they are good, or waits for the fetch with its own cancel
 * and deadline.  Keys that end are fetched again when less than 15 minutes are left
 * (a quarter of their life for those that live under an hour); from 10 minutes (a
 * sixth) on, everybody waits for that.  A fetch that fails keeps the old keys for as
 * long as they last; without any, the failure is remembered for some seconds so that a
 * thousand askers do not try a thousand times.
 *
 * Locks: one, a leaf, never held while fetching. */
#ifndef CT_IDENTITY_CACHE_H
#define CT_IDENTITY_CACHE_H

#include "backend/aws/identity.h"

struct identity_cache;
/* Nobody waits for a fetch that has been under way for longer than wait_most_ms: a program
 * or an operator that takes minutes must not make every thread stand still. */
struct identity_cache *identity_cache_new(const struct clock *clock, int64_t wait_most_ms);
struct identity_cache *identity_cache_free(struct identity_cache *c);

struct cache_ask {
    const char *name;
    uint64_t generation;      /* of the files: keys of another one are not used */
    int64_t skew_ms;          /* AWS's clock minus ours */
    int64_t deadline_mono_ms; /* clock_real(): how long to wait for somebody else's fetch */
    struct cancel *cancel;
    /* `needed`: there are no older keys that still work. */
    enum err (*fetch)(void *ctx, bool needed, struct identity *out, struct why *why);
    void *ctx;
};
enum err identity_cache_get(struct identity_cache *c, const struct cache_ask *ask, struct identity *out,
                            struct why *why) CHECKED;

void identity_cache_retry(struct identity_cache *c); /* failures are forgotten */
void identity_cache_forget(struct identity_cache *c, const char *access_key_id);

#endif
