/* Events of one environment or all, merged by time from the snapshots' chunks.
 * Rows are borrowed from a board: build again when the board changes. */
#ifndef CT_EVENT_LIST_H
#define CT_EVENT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/model.h"

struct event_ref {
    const struct event_row *row;
    size_t env; /* place in the configuration */
};

struct event_list {
    struct event_ref *refs; /* oldest first */
    size_t n, cap;
    size_t of;                   /* rows there are without filter and kinds */
    uint64_t count[EVENT_KINDS]; /* of the environments asked for, before the filter */
    size_t late;
};

#define EVENT_LIST_MAX 100000 /* newest are kept */

struct event_wish {
    size_t env;         /* SIZE_MAX: all */
    uint32_t container; /* 0: all */
    unsigned kinds;     /* bit 1 << kind */
    const char *filter; /* format_matches() */
};

void event_list_build(struct event_list *l, const struct board *b, const struct event_wish *wish);
void event_list_clear(struct event_list *l);

/* The newest `max` events of the wish, newest first, without building the whole
 * list; returns how many. */
size_t event_list_newest(const struct board *b, const struct event_wish *wish, struct event_ref *out, size_t max);

bool event_matches(const struct event_row *row, const struct env_view *env, const char *filter);
const struct container_row *event_container(const struct env_view *env, uint32_t key); /* NULL: forgotten */
const char *event_help(enum event_kind kind);

#define EVENT_KINDS_ALL ((1u << EVENT_KINDS) - 1)
/* Without what only says that an invocation took place. */
#define EVENT_KINDS_MAIN (EVENT_KINDS_ALL & ~(1u << EVENT_INVOCATION))
/* And without lines that match no pattern: for lists that only show the latest. */
#define EVENT_KINDS_LIVE (EVENT_KINDS_MAIN & ~(1u << EVENT_OTHER))
/* Uses of credentials, and what marks such a moment as bad. */
#define EVENT_KINDS_CALLS (1u << EVENT_HIT | 1u << EVENT_STALE_HIT | 1u << EVENT_FETCH)
#define EVENT_KINDS_TROUBLE                                                                                            \
    (1u << EVENT_FALLBACK | 1u << EVENT_FETCH_ERROR | 1u << EVENT_DB_ERROR | 1u << EVENT_FAILURE)
#define EVENT_KINDS_BAD (1u << EVENT_STALE_HIT | EVENT_KINDS_TROUBLE)

#endif
