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

enum { SLOT_SECRET, SLOT_LOGS, SLOT_DATABASE, SLOTS };   /* per environment; identities follow */

/* Fixed after start; borrowed by every watch. */
struct watch {
    const struct config *conf;
    struct aws_gate *gate;
    const struct clock *clock;
    struct cancel *cancel;
    struct snapbox *box;
    const struct classifier *classifier;
    bool audit;
};

static inline size_t watch_slot(size_t env, unsigned which) { return env * SLOTS + which; }

struct aws_target watch_target(const struct watch *w, size_t env);

/* Begins the next snapshot of a slot: a copy of the last one (`size` bytes, NULL old:
 * zeroes), its own reference count, one generation on.  What it points to is the
 * caller's to copy. */
void *watch_next(const struct watch *w, const struct snap *old, size_t size, void (*destroy)(struct snap *));
/* Closes it: err and why of this try, the delay to the next. */
void watch_close(const struct watch *w, struct snap *s, enum err err, const struct why *why, int64_t delay_ms);

/* The delay after a try: the period with a tenth of jitter, longer while throttled. */
int64_t watch_delay(const struct snap *s, enum err err, int64_t period_ms);

/* The turns.  Each gets a worker made by worker_new (one per thread). */
struct watch_worker {
    const struct watch *watch;
    struct aws *aws;
};
void *watch_worker_new(void *watch);
void watch_worker_free(void *worker);

int64_t watch_secret_turn(void *worker, size_t env);
int64_t watch_identity_turn(struct watch_worker *worker, size_t env, size_t slot);
int64_t watch_database_turn(void *worker, size_t env);

/* The log watch keeps state between turns: one follower an environment. */
struct follower;
struct follower *follower_new(const struct watch *w, size_t env);
struct follower *follower_free(struct follower *f);
int64_t follower_turn(struct follower *f, struct aws *aws);

#endif
