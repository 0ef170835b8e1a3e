/* What the three watches share: where they look, where they publish, and how a
 * finished try becomes a snapshot.  A watch is a straight-line turn: ask, build,
 * publish; the pool around it decides when. */
#ifndef CT_WATCH_H
#define CT_WATCH_H

#include "backend/aws/aws.h"
#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/model.h"
#include "backend/watch/classify.h"
#include "backend/watch/snapbox.h"
#include "config/config.h"

enum { SLOT_SECRET, SLOT_LOGS, SLOT_DATABASE, SLOT_FUNCTION, SLOTS }; /* per environment; identities follow */

/* Fixed after start; borrowed by every watch. */
struct watch {
    const struct config *conf;
    struct aws_gate *gate;
    const struct clock *clock;
    struct cancel *cancel;
    struct snapbox *box;
    const struct classifier *const *classifiers; /* by environment */
    bool audit;
    size_t rows_max;      /* events kept of each environment; 0: what a screen needs */
    _Atomic size_t focus; /* the environment being looked at, SIZE_MAX none: asked at the full rate */
};

static inline bool watch_is_focus(const struct watch *w, size_t env)
{
    return atomic_load(&w->focus) == env;
}

static inline size_t watch_slot(size_t env, unsigned which)
{
    return env * SLOTS + which;
}

struct aws_target watch_target(const struct watch *w, size_t env);

/* Begins the next snapshot of a slot: a copy of the last one (`size` bytes, NULL old:
 * zeroes), its own reference count, one generation on.  What it points to is the
 * caller's to copy. */
void *watch_next(const struct watch *w, const struct snap *old, size_t size, void (*destroy)(struct snap *));
/* Closes it: err and why of this try, the delay to the next. */
/* Ends a turn: gives `old` back and publishes `s`; what was cancelled told nothing, and is dropped. */
void watch_put(const struct watch *w, size_t slot, const void *old, struct snap *s, enum err err);
void watch_close(const struct watch *w, struct snap *s, enum err err, const struct why *why, int64_t delay_ms);

void watch_destroy_flat(struct snap *s); /* for snapshots that point to nothing */

/* The delay after a try: the period with a tenth of jitter, longer while throttled. */
int64_t watch_delay(const struct snap *s, enum err err, int64_t period_ms);

/* The turns.  Each gets a worker made by worker_new (one per thread). */
struct watch_worker {
    const struct watch *watch;
    struct aws *aws;
};
void *watch_worker_new(void *watch);
void watch_worker_free(void *worker);

/* DescribeSecret.  `listed`: a listing keeps this environment fresh, so come back late. */
int64_t watch_secret_turn(struct watch_worker *worker, size_t env, bool listed);
int64_t watch_identity_turn(struct watch_worker *worker, size_t env, size_t slot);
int64_t watch_database_turn(void *worker, size_t env);
/* GetFunctionConfiguration and DescribeLogGroups; `period_ms` is the time to the next. */
int64_t watch_function_turn(struct watch_worker *worker, size_t env, int64_t period_ms);

/* The log watch keeps state between turns: one follower an environment, worked on by a
 * live lane and some backfill lanes, each a pool item; a lock inside orders them. */
#define BACKFILL_LANES 3
struct follower;
struct follower *follower_new(const struct watch *w, size_t env);
struct follower *follower_free(struct follower *f);
int64_t follower_turn(struct follower *f, struct aws *aws); /* the live lane */
struct insights;
void follower_may_query(struct follower *f, struct insights *h); /* once, before the first turn */
/* Any thread: the secret watch has published; counts again what a moved label changes. */
void follower_relabel(struct follower *f);
int64_t follower_backfill_turn(struct follower *f, struct aws *aws); /* a backfill lane; -1: nothing left to do */

/* The listing watch: ListSecrets for all environments of one caller and region, where
 * that is fewer calls than describing each.  What it cannot tell, it nudges. */
struct listing;
struct listing *listing_new(const struct watch *w, const size_t *envs, size_t n,
                            void (*describe)(void *ctx, size_t env), void *ctx);
struct listing *listing_free(struct listing *l);
bool listing_covers(struct listing *l); /* false: every environment must be described */
int64_t listing_turn(struct listing *l, struct watch_worker *worker);

#endif
