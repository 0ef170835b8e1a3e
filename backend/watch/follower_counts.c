#include "backend/watch/follower.h"

#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

#define LATE_MS (30 * 1000) /* from its time stamp to its ingestion */

/* --------------------------------------------------------------- counting */

/* The first line of a text, masked and safe. */
static void first_line(struct slice s, char *out, size_t size)
{
    char masked[256];
    const char *end = memchr(s.s, '\n', s.n); /* a stack trace follows */
    size_t n = end != NULL ? (size_t)(end - s.s) : s.n;
    n = n < sizeof masked ? n : sizeof masked;
    memcpy(masked, s.s, n);
    text_safe(out, size, masked, text_mask(masked, n));
}

static void note_times_locked(struct follower *f, const struct line *l, int64_t time_ms, enum event_kind kind)
{
    if (time_ms > f->newest_event_ms)
        f->newest_event_ms = time_ms;
    if (kind == EVENT_FETCH) {
        if (f->first_fetch_ms == TIME_UNKNOWN || time_ms < f->first_fetch_ms)
            f->first_fetch_ms = time_ms;
        if (time_ms > f->last_fetch_ms)
            f->last_fetch_ms = time_ms;
    } else if (kind == EVENT_FALLBACK && time_ms > f->last_fallback_ms) {
        f->last_fallback_ms = time_ms;
    } else if (kind == EVENT_DB_ERROR && time_ms >= f->last_db_error_ms) {
        first_line(l->body, f->last_db_error, sizeof f->last_db_error);
        f->last_db_error_ms = time_ms;
    }
}

/* Events that come nearly as late as the overlap reaches make it longer. */
static bool note_lateness_locked(struct follower *f, const struct log_event *e)
{
    int64_t lateness = e->ingested_ms != TIME_UNKNOWN ? e->ingested_ms - e->time_ms : 0;
    while (f->near_ms < f->overlap_ms && lateness > f->near_ms / 2 && lateness <= f->overlap_ms)
        f->near_ms = f->near_ms * 2 < f->overlap_ms ? f->near_ms * 2 : f->overlap_ms;
    if (lateness > f->overlap_ms / 2 && lateness <= OVERLAP_MAX_MS && f->overlap_ms < OVERLAP_MAX_MS) {
        f->overlap_ms = f->overlap_ms * 2 < OVERLAP_MAX_MS ? f->overlap_ms * 2 : OVERLAP_MAX_MS;
        log_line(LOG_INFO, "%s: events come %lld s late, overlap now %lld s", f->w->conf->environments[f->env].name,
                 (long long)lateness / 1000, (long long)f->overlap_ms / 1000);
    }
    return lateness >= LATE_MS;
}

static void take_event_locked(struct follower *f, size_t group, const struct log_event *e, bool live)
{
    struct line l;
    struct line_effect effect;
    bool late = live && note_lateness_locked(f, e);
    f->lines++;
    f->late += late;
    f->new_mono_ms = clock_mono_ms(f->w->clock);
    classify(f->w->classifiers[f->env], e->message, &l);
    containers_feed(f->containers, group, e->stream, &l, e->time_ms, false, &effect);
    note_times_locked(f, &l, e->time_ms, effect.kind);
    if (effect.kind != EVENT_KINDS)
        event_rows_add(&f->rows, e, &l, &effect, late);
}

/* CloudWatch gives every event an id; should one lack it, what it says stands for it. */
struct slice follower_event_identity(const struct log_event *e, char room[64])
{
    if (e->id.n > 0)
        return e->id;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < e->message.n; i++)
        h = (h ^ (unsigned char)e->message.s[i]) * 0x100000001b3u;
    (void)str_fmt(room, 64, "%lld %llx", (long long)e->time_ms, (unsigned long long)h);
    return (struct slice){room, strlen(room)};
}

void follower_take_page_locked(struct follower *f, size_t group, const struct log_page *page, struct event_ids *ids,
                               int64_t keep_from_ms, bool live)
{
    char room[64];
    f->pages++;
    for (size_t i = 0; i < page->n; i++) {
        struct slice id = follower_event_identity(&page->events[i], room);
        if (event_ids_add(ids, group, id.s, id.n, page->events[i].time_ms, keep_from_ms))
            take_event_locked(f, group, &page->events[i], live);
        else
            f->duplicates++;
    }
}

void follower_take_past(struct follower *f, size_t group, const struct past_line *lines, size_t nlines,
                        const struct past_span *spans, size_t nspans)
{
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < nlines; i++) {
        struct line l;
        struct line_effect effect;
        classify(f->w->classifiers[f->env], lines[i].message, &l);
        f->lines++;
        if (l.kind == LINE_REPORT && l.failed) { /* the invocation itself is among the spans */
            l.kind = LINE_EVENT;
            l.event = EVENT_FAILURE;
        }
        if (l.kind != LINE_INIT && l.kind != LINE_EVENT)
            continue;
        if (l.kind == LINE_EVENT && l.event == EVENT_HIT)
            continue;
        containers_feed(f->containers, group, lines[i].stream, &l, lines[i].time_ms, false, &effect);
        note_times_locked(f, &l, lines[i].time_ms, effect.kind);
    }
    for (size_t i = 0; i < nspans; i++)
        containers_feed_span(f->containers, group, spans[i].stream, &spans[i].counted);
    pthread_mutex_unlock(&f->lock);
}

/* ------------------------------------------------------------- publishing */

int64_t follower_now_locked(const struct follower *f)
{
    return clock_wall_ms(f->w->clock) + f->ahead_ms;
}

static void destroy(struct snap *s)
{
    struct log_snap *l = (struct log_snap *)s;
    for (size_t i = 0; i < l->nchunks; i++)
        snap_unref(l->chunks[i]);
    free((void *)(uintptr_t)l->chunks);
    free((void *)(uintptr_t)l->containers);
    free(l);
}

/* New rows become the newest chunk; the oldest go when there are too many. */
static void keep_rows_locked(struct follower *f)
{
    size_t gone = 0, too_many;
    struct event_chunk *c = event_rows_freeze(&f->rows, f->rows_max, &too_many);
    f->dropped_rows += too_many;
    if (c != NULL) {
        f->chunks = mem_grow(f->chunks, f->nchunks + 1, sizeof(struct event_chunk *));
        f->chunks[f->nchunks++] = c;
        f->rows_kept += c->nrows;
    }
    while (gone + 1 < f->nchunks && f->rows_kept - f->chunks[gone]->nrows >= f->rows_max) {
        f->rows_kept -= f->chunks[gone]->nrows;
        f->dropped_rows += f->chunks[gone]->nrows;
        snap_unref(f->chunks[gone++]);
    }
    if (gone > 0)
        memmove(f->chunks, f->chunks + gone, (f->nchunks - gone) * sizeof(struct event_chunk *));
    f->nchunks -= gone;
}

static void fill_locked(struct follower *f, struct log_snap *s)
{
    s->backfill_done = (uint32_t)f->backfill.done;
    s->backfill_slices = (uint32_t)f->backfill.n;
    s->backfilling = f->backfill.done < f->backfill.n || f->past_asked > 0 || s->upto_ms == TIME_UNKNOWN;
    s->from_ms = backfill_read_from(&f->backfill, f->past_from_ms > f->all_ms ? f->past_from_ms : f->all_ms);
    (void)str_copy(s->engine, sizeof s->engine, f->engine);
    s->label_known = f->label_known;
    s->filtered = f->pattern[0] != '\0';
    s->newest_event_ms = f->newest_event_ms;
    s->first_fetch_ms = f->first_fetch_ms;
    s->last_fetch_ms = f->last_fetch_ms;
    s->last_fallback_ms = f->last_fallback_ms;
    s->last_db_error_ms = f->last_db_error_ms;
    (void)str_copy(s->last_db_error, sizeof s->last_db_error, f->last_db_error);
    s->late = f->late;
    s->duplicates = f->duplicates;
    s->refused = f->ids.refused;
    s->lines = f->lines;
    s->pages = f->pages;
    s->dropped_rows = f->dropped_rows;
    containers_fill(f->containers, f->w->conf->environments[f->env].log_groups, follower_now_locked(f), s);
    s->unparsed = s->total[EVENT_OTHER];
    struct event_chunk **chunks = mem_array(f->nchunks > 0 ? f->nchunks : 1, sizeof(struct event_chunk *));
    for (size_t i = 0; i < f->nchunks; i++) {
        chunks[i] = f->chunks[i];
        (void)snap_ref(chunks[i]);
    }
    s->chunks = chunks;
    s->nchunks = f->nchunks;
}

static struct log_snap *next_snap_locked(struct follower *f)
{
    const struct log_snap *old = snapbox_get(f->w->box, watch_slot(f->env, SLOT_LOGS));
    struct log_snap *s = watch_next(f->w, (const struct snap *)old, sizeof *s, destroy);
    if (old == NULL) {
        s->upto_ms = TIME_UNKNOWN;
        s->snap.tried_mono_ms = TIME_UNKNOWN;
    } else {
        s->snap.tried_mono_ms = old->snap.tried_mono_ms;
    }
    snap_unref(old);
    return s;
}

struct log_snap *follower_snap_locked(struct follower *f, int64_t upto_ms)
{
    keep_rows_locked(f);
    struct log_snap *s = next_snap_locked(f);
    if (upto_ms != TIME_UNKNOWN)
        s->upto_ms = upto_ms;
    fill_locked(f, s);
    return s;
}

void follower_publish_locked(struct follower *f)
{
    struct log_snap *s = follower_snap_locked(f, TIME_UNKNOWN);
    snapbox_put(f->w->box, watch_slot(f->env, SLOT_LOGS), &s->snap);
}
