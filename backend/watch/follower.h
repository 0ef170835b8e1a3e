/* Inside of the log watch: one environment's follower, for the files that make it up.
 *
 *   watch_logs.c         sweeps, slices, turns
 *   follower_counts.c    pages and lines into counts, counts into snapshots
 *   insights.c           the past, where pages would be too slow
 *   follower_history.c   what containers did before the counted range */
#ifndef CT_FOLLOWER_H
#define CT_FOLLOWER_H

#include <pthread.h>

#include "backend/watch/backfill.h"
#include "backend/watch/containers.h"
#include "backend/watch/event_ids.h"
#include "backend/watch/event_rows.h"
#include "backend/watch/log_query.h"
#include "backend/watch/watch.h"

#define OVERLAP_MS (2 * 60 * 1000) /* doubled, up to OVERLAP_MAX_MS, when events come that late */
#define NEAR_MS (30 * 1000)        /* what most sweeps look back; doubled likewise, up to the overlap */
#define OVERLAP_MAX_MS (10 * 60 * 1000)

struct cursor {
    const char *group;
    int64_t covered_ms;        /* AWS's clock when the last finished sweep began: all before has been read */
    int64_t first_from_ms;     /* where the first sweep begins: all of the past, until that is cut */
    int64_t from_ms, began_ms; /* of the sweep in hand */
    int64_t wide_mono_ms;      /* when the next long look back is due, */
    int64_t whole_mono_ms;     /* and the next over the whole overlap */
    char *token;               /* of the next page; NULL: a sweep begins */
    unsigned pages;            /* of the sweep in hand */
    struct log_circle circle;  /* of the sweep in hand */
    bool unfiltered;           /* the sweep in hand asks for every line */
    bool swept;                /* one sweep has been finished */
};

struct follower {
    const struct watch *w; /* fixed */
    size_t env, ncursors, rows_max;
    int64_t start_ms, all_ms; /* when we began, by AWS's clock once it has answered, and how far back we look */
    char pattern[1025];       /* filter pattern, "" none */

    struct cursor *cursors; /* live lane only */
    size_t group;           /* whose turn it is in this round over the groups */
    int64_t slot_mono_ms;   /* the quota's slot for the next page; 0: none taken */
    struct log_page page;

    pthread_mutex_t lock;
    /* guarded by lock */
    struct backfill backfill;
    struct event_ids ids;
    struct containers *containers;
    struct event_rows rows;
    struct event_chunk **chunks;
    size_t nchunks, rows_kept;
    bool clock_known;          /* AWS has answered, and start_ms and all_ms go by its clock */
    int64_t ahead_ms;          /* AWS's clock before ours; 0 while they agree within seconds */
    int64_t date_less_mono_ms; /* the last Date believed, less the clock that never steps */
    int64_t odd_mono_ms;       /* since when no Date could be believed; TIME_UNKNOWN: the last one was */
    int64_t overlap_ms, near_ms;
    int64_t new_mono_ms;         /* when something new last came */
    int64_t current_since_ms;    /* as told by the secret watch... */
    bool label_known, published; /* ...once it has; the live lane has published */
    uint64_t late, duplicates, lines, pages, dropped_rows;
    int64_t newest_event_ms, first_fetch_ms, last_fetch_ms, last_fallback_ms, last_db_error_ms;
    char last_db_error[160];
    struct insights *insights; /* what reads the past that is too much for pages; NULL: pages alone */
    int64_t past_from_ms;      /* before this Insights reads, or could not: what is known begins here; 0 */
    bool past_failed;          /* ...for good */
    unsigned past_asked;       /* ranges that it has been asked for and not given yet */
    char engine[200];          /* as log_snap.engine */
};

/* How AWS is asked for this environment; `reserved`: the quota's slot is taken. */
struct log_reader follower_reader(const struct follower *f, struct aws *aws, bool reserved);

/* Counts a page; `ids` tells what has been counted, back to keep_from_ms. */
void follower_take_page_locked(struct follower *f, size_t group, const struct log_page *page, struct event_ids *ids,
                               int64_t keep_from_ms, bool live);

/* What stands for an event among those counted: its id, or what it says. */
struct slice follower_event_identity(const struct log_event *e, char room[64]);

/* Now, by AWS's clock. */
int64_t follower_now_locked(const struct follower *f);

/* The next snapshot with all that has been counted, not yet published: a live turn closes it
 * with its outcome.  upto_ms TIME_UNKNOWN: read as far as it was. */
struct log_snap *follower_snap_locked(struct follower *f, int64_t upto_ms);
/* Publishes what has been counted, leaving the outcome of the last live turn standing. */
void follower_publish_locked(struct follower *f);

/* Looks up what containers of the group did before the backfill.  Best effort. */
void follower_look_up_history(struct follower *f, struct aws *aws, size_t group);

/* Insights' side: the past of a group, all at once, then whether it is there.  False:
 * from_ms..to_ms (the latter exclusive) is still to be read, by pages when the engine may
 * choose. */
struct past_line {
    int64_t time_ms;
    struct slice stream, message;
};
struct past_span {
    struct slice stream;
    struct counted_span counted;
};
void follower_take_past(struct follower *f, size_t group, const struct past_line *lines, size_t nlines,
                        const struct past_span *spans, size_t nspans);
void follower_past_done(struct follower *f, size_t group, int64_t from_ms, int64_t to_ms, bool done);
void follower_engine_says(struct follower *f, const char *words);
/* The secret watch has told when AWSCURRENT moved. */
bool follower_label_known(struct follower *f, int64_t *out_since_ms);

#endif
