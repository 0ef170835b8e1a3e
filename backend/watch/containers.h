/* Containers of one environment, from their log streams: who fetched when, who fell
 * back, who still holds a replaced version; and the counts that follow.
 *
 * Lines may come late and out of order: every invocation of the last hours is
 * kept in a journal, so that a fetch, a fallback or a moved label that is learnt of
 * later changes the verdict on the invocations it concerns, and the counts with it.
 *
 * Rules (DESIGN: the system it watches):
 *   hit         an invocation (START..END/REPORT of one request id) without a fetch line,
 *               in a container that fetched before; or one with an explicit hit line; once
 *   stale hit   the same, when the container fell back before (poisoned), or when what it
 *               fetched had been replaced before the invocation
 * A container can begin again in the same stream (INIT_START after a crash): each such
 * life has its own fetch and fallback. */
#ifndef CT_CONTAINERS_H
#define CT_CONTAINERS_H

#include "backend/model.h"
#include "backend/watch/classify.h"
#include "backend/watch/tally.h"

#define CONTAINERS_MAX 20000            /* per environment; the longest silent are forgotten */
#define INVOCATIONS_MAX (1u << 17)      /* journal: older ones keep the count they have... */
#define JOURNAL_MS (6 * 60 * 60 * 1000) /* ...and so may those that are older than this */
#define SILENT_MS CONTAINER_LATELY_MS   /* not called for this long: SILENT (POISONED ones: an hour) */
#define IN_DOUBT_MS 10000               /* a fetch this near to the label's move may have got either version */

struct containers;

struct containers *containers_new(void);
struct containers *containers_free(struct containers *c);

/* What a line did, for the display: which event it became, if any. */
struct line_effect {
    enum event_kind kind; /* EVENT_KINDS: nothing to show */
    unsigned flags;       /* enum event_flags */
    uint32_t container;   /* key */
    const char *holds;    /* version id held at that time, as container_row.holds; until the next call */
};

/* Feeds one line.  `history`: from before the counted range; changes what is known of
 * the container, never a count. */
void containers_feed(struct containers *c, size_t group, struct slice stream, const struct line *l, int64_t time_ms,
                     bool history, struct line_effect *out);

/* What Logs Insights counted of one stream between two moments; turning points (INIT_START,
 * fetches, fallbacks) of that time have been fed before.  Exact where none lies within:
 * what came before one is taken to have come after it. */
struct counted_span {
    int64_t from_ms, to_ms;               /* the latter exclusive */
    uint32_t invocations, fetching, hits; /* reports; of those with a fetch of their own; explicit hit lines */
};
void containers_feed_span(struct containers *c, size_t group, struct slice stream, const struct counted_span *s);

/* AWSCURRENT is known to have moved at this time (wall; -1 unknown) to the version that has it.
 * With another version than before it is one move more, and what was stale stays so; with the
 * same, the move is known more exactly. */
void containers_label_moved(struct containers *c, int64_t current_since_ms, const char *current_id);

/* Which version has AWSPREVIOUS ("" none), and when it was made (-1 unknown): for saying what a
 * container holds that fetched before the first move. */
void containers_previous(struct containers *c, const char *previous_id, int64_t previous_created_ms);

const struct tally *containers_tally(const struct containers *c);

/* Fills the container fields of a snapshot; *out->containers is malloc'd. */
void containers_fill(const struct containers *c, const char *const *groups, int64_t now_ms, struct log_snap *out);

/* Streams whose fetch lies before what was read: up to `max` names (borrowed until the
 * next feed) of one group, marked as asked for. */
size_t containers_unexplained(struct containers *c, size_t group, struct slice *out, size_t max);

#endif
