/* The log groups of one (account, region): streams by name, events by time.
 *
 * A group keeps its events in one array sorted by (time stamp, ingestion time,
 * arrival), which is the order FilterLogEvents gives them; a place in it is such a
 * triple, never an index, so that a page token survives late arrivals.  An event
 * whose ingestion time is still to come is there but not seen.
 *
 * Not locked: the simulator's lock is held. */
#ifndef CT_AWSIM_STORE_H
#define CT_AWSIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STORE_EVENT_MAX (1024 * 1024)                    /* bytes of one message */
#define STORE_BYTES_MAX ((size_t)2 * 1024 * 1024 * 1024) /* of all messages of one realm */

struct log_stream {
    char *name;
    int64_t created_ms;
    int64_t first_ms, last_ms, last_ingested_ms; /* -1: no event yet */
};

struct log_event {
    int64_t t_ms, ingested_ms;
    uint64_t serial; /* arrival */
    struct log_stream *stream;
    size_t len;
    char text[];
};

/* Between two events: after everything up to and including this triple. */
struct log_place {
    int64_t t_ms, ingested_ms;
    uint64_t serial;
};

struct log_group {
    char *name;
    int64_t created_ms;
    int retention_days; /* 0: for ever */
    size_t nstreams, nevents, events_cap, bytes;
    struct log_stream **streams; /* by name */
    struct log_event **events;   /* by (t_ms, ingested_ms, serial) */
};

struct store {
    size_t ngroups, bytes;
    struct log_group **groups; /* by name */
    uint64_t serial;
};

void store_clear(struct store *s);

struct log_group *store_group(const struct store *s, const char *name);               /* NULL: none */
struct log_group *store_add_group(struct store *s, const char *name, int64_t now_ms); /* or the one there */
struct log_stream *group_stream(const struct log_group *g, const char *name);
struct log_stream *group_add_stream(struct log_group *g, const char *name, int64_t now_ms);

/* What is to be stored; copied. */
struct log_line {
    int64_t t_ms, ingested_ms;
    const char *text;
    size_t len;
};

/* Takes in a batch in any order; false when the store is full (nothing is taken). */
bool store_add_events(struct store *s, struct log_group *g, struct log_stream *stream, const struct log_line *lines,
                      size_t n);

/* Index of the first event behind the place. */
size_t group_after(const struct log_group *g, struct log_place p);
struct log_place event_place(const struct log_event *e);

/* The about 56 digits by which AWS names an event; unique, and like AWS's, shifted
 * right by 144 bits it is the time stamp. */
#define EVENT_ID_MAX 64
void event_id(const struct log_event *e, char out[EVENT_ID_MAX]);

#endif
