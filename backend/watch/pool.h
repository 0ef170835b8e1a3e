/* A pool: some threads, some items, a schedule.  Each item is worked on by one thread at
 * a time, in order of due time.
 *
 * Bulkheads: pools share nothing, so a hundred databases that hang delay no log poll.
 * Within a pool, items whose last turn was slow are left to extra threads, made when they
 * are needed and ended when not; and an item that has waited a quarter of a second for a
 * thread gets an extra one.  So those that hang delay those that answer by no more. */
#ifndef CT_POOL_H
#define CT_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/cancel.h"
#include "backend/base/err.h"

struct pool;

/* A turn's answer when nothing could be done yet: come back in so many ms.  How long such a turn
 * took says nothing about its item: one that hangs goes on being known for it. */
#define POOL_NOT_YET(ms) (-1 - (int64_t)(ms))

struct pool_settings {
    const char *name;   /* at most 15 bytes: the thread's name */
    unsigned threads;   /* for items that answer */
    unsigned extra_max; /* beside them, for those that hang */
    size_t items;
    void *(*worker_new)(void *ctx); /* on the pool's thread; what it owns */
    void (*worker_free)(void *worker);
    /* One turn; returns the milliseconds until the item's next (0: at once), or POOL_NOT_YET. */
    int64_t (*turn)(void *worker, size_t item);
    void *ctx;
    struct cancel *cancel; /* the program's stop: waits inside turns include it */
};

/* Made first, started after: turns may nudge the pool they run in. */
struct pool *pool_new(const struct pool_settings *s);
enum err pool_start(struct pool *p, struct why *why) CHECKED;
void pool_nudge(struct pool *p, size_t item); /* due now; while it is being worked on: again after */
int64_t pool_next_mono_ms(struct pool *p, size_t item);
struct pool *pool_stop(struct pool *p); /* after cancel_trigger(): joins, frees; NULL is fine */

#endif
