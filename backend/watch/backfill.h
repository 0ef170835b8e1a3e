/* The past of log groups too busy to be read in one page: slices of time, read newest
 * first, by several threads at once.  Pure bookkeeping; the follower's lock guards it. */
#ifndef CT_BACKFILL_H
#define CT_BACKFILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/watch/event_ids.h"
#include "backend/watch/log_circle.h"

#define BACKFILL_SLICES_MAX 1024
#define BACKFILL_STEP_MS (5 * 60 * 1000) /* the newest slice; each older one is twice as long */

struct backfill_slice {
    size_t group;
    int64_t from_ms, to_ms; /* both inclusive */
    char *token;            /* of its next page, NULL: its first; owned */
    struct event_ids ids;   /* counted from this slice: it may have to be read again */
    unsigned pages;
    struct log_circle circle; /* of the pages since its first */
    bool taken, done;
};

struct backfill {
    struct backfill_slice *slices; /* never moves: threads hold pointers into it */
    size_t n, done;
};

void backfill_init(struct backfill *b);
void backfill_clear(struct backfill *b);

/* Adds [from_ms, to_ms] of a group; returns the oldest of its slices, NULL when the range
 * is empty. */
struct backfill_slice *backfill_add(struct backfill *b, size_t group, int64_t from_ms, int64_t to_ms);

struct backfill_slice *backfill_take(struct backfill *b); /* the newest that nobody has; NULL none */
void backfill_give_back(struct backfill_slice *s);
void backfill_finish(struct backfill *b, struct backfill_slice *s);

/* A slice with much in it: what is left of it, from from_ms on, becomes two.  It stays
 * whole, with its token, when that would make them too short. */
void backfill_split(struct backfill *b, struct backfill_slice *s, int64_t from_ms);

/* Everything from here on has been read; `all_ms` when no slice is open. */
int64_t backfill_read_from(const struct backfill *b, int64_t all_ms);

#endif
