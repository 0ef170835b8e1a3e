/* Events of some environments, merged by time from the snapshots' chunks.
 *
 * A chunk never changes, so each is looked at once: an update takes what is new, drops what is
 * gone, and after a change of the wish looks at everything again, newest first, for as long as
 * it may.  Rows are borrowed: update or clear the list before the board it was made from is
 * freed. */
#ifndef CT_EVENT_LIST_H
#define CT_EVENT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/model.h"
#include "ui/filter.h"

struct event_ref {
    const struct event_row *row;
    size_t env;      /* place in the configuration */
    int64_t time_ms; /* the row's: sorting looks at nothing else */
};

/* What an event is known by when its row has gone and come back. */
struct event_key {
    int64_t time_ms;
    size_t env;
    enum event_kind kind;
    uint32_t container;
    char request[37];
    bool some; /* false: none */
};

/* Which events: of which environments, and what of them. */
struct event_wish {
    size_t env;                  /* SIZE_MAX: all... */
    const bool *marked;          /* ...or, when not NULL, those that are true here */
    uint32_t container;          /* 0: all */
    unsigned kinds;              /* bit 1 << kind */
    const struct filter *filter; /* over event_columns; NULL: none */
    uint64_t turn;               /* another number: another filter */
    int64_t from_ms, to_ms;      /* from here to before there; both 0: always */
};

struct event_known; /* an environment's chunks, as they were last seen */
struct event_todo;  /* what is still to be looked at */

struct event_list {
    const struct event_ref *refs; /* what is wished, oldest first */
    size_t n;
    size_t of;                   /* rows there are of these environments, without kinds, filter and times */
    uint64_t count[EVENT_KINDS]; /* of them */
    size_t late;
    size_t waiting; /* rows not looked at yet: an update goes on with them */
    /* the list's own */
    struct event_ref *all;
    size_t nall, cap;
    struct event_known *known; /* one an environment */
    size_t nknown;
    struct event_todo *todo; /* newest last */
    size_t ntodo, todo_cap;
    struct event_wish seen;
    bool *seen_marked;
};

#define EVENT_LIST_MAX 100000 /* newest are kept */

/* `budget_ms`: how long it may look; 0: to the end. */
void event_list_update(struct event_list *l, const struct board *b, const struct event_wish *wish, int budget_ms);
void event_list_clear(struct event_list *l);
struct event_key event_list_key(const struct event_list *l, size_t at); /* none when there is no such row */
/* Where it is now; where its time would put it, when it is not shown; 0 when the list is empty. */
size_t event_list_find(const struct event_list *l, const struct event_key *key);

/* The newest `max` events of the wish, newest first, without building the whole
 * list; returns how many. */
size_t event_list_newest(const struct board *b, const struct event_wish *wish, struct event_ref *out, size_t max);

/* What a filter may ask of an event. */
extern const struct filter_columns event_columns;
bool event_matches(const struct event_row *row, const struct env_view *env, const struct filter *filter);
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
