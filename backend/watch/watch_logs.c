/* The log watch: follows an environment's log groups with FilterLogEvents, counting each
 * event once.
 *
 *   live sweeps   read pages until no token is left (an empty page is not the end), from two
 *                 minutes before the last finished sweep, by AWS's clock: CloudWatch delivers
 *                 late and out of order, so windows overlap and event ids tell what has been
 *                 counted.  Every five minutes one reaches back fifteen.  After an outage the
 *                 next sweep begins where the last finished one did, however long ago.
 *   backfill      the first sweep asks for all of the past at once; a group too busy for one
 *                 page has the rest cut into slices, read newest first by several lanes
 *   history       containers whose fetch lies before the backfill are looked up once, by
 *                 DescribeLogStreams and one filtered read of the time before
 *
 * A sweep or slice that is not finished in one turn goes on in the next with its token; one
 * that fails begins again where it began, and repeats nothing.  Memory is bounded by
 * CONTAINERS_MAX, INVOCATIONS_MAX, EVENT_IDS_MAX and the rows kept.
 *
 * The lock orders the lanes: requests and scans run outside it, counting inside.  The
 * snapshot box's lock is the only one taken under it. */
#include <pthread.h>

#include "backend/aws/json.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/backfill.h"
#include "backend/watch/containers.h"
#include "backend/watch/event_ids.h"
#include "backend/watch/event_rows.h"
#include "backend/watch/log_query.h"
#include "backend/watch/watch.h"

#define OVERLAP_MS (2 * 60 * 1000)     /* doubled, up to OVERLAP_MAX_MS, when events come that late */
#define OVERLAP_MAX_MS (10 * 60 * 1000)
#define WIDE_MS (15 * 60 * 1000)       /* the long look back, for those that come later still... */
#define WIDE_EVERY_MS (5 * 60 * 1000)  /* ...and how often */
#define LATE_MS (30 * 1000)            /* from its time stamp to its ingestion */
#define BACKFILL_WAIT_MS 100           /* a backfill lane without a slice looks again */
#define PAGES_PER_TURN 8               /* then others have their turn */
#define PAGES_MAX 20000                /* of one sweep: past that the listing does not end */
#define HISTORY_PAGES 40
#define HISTORY_MS (24LL * 60 * 60 * 1000)   /* containers live for hours, not days */
#define STREAMS_PER_LOOK 50
#define IDLE_MS (10 * 60 * 1000)       /* nothing new for this long: asked less often */
#define IDLE_FACTOR 4
#define IDLE_PERIOD_MAX_MS (60 * 1000)
#define ROWS_MIN 200
#define ROWS_MAX 5000
#define ROWS_ALL 200000                /* over all environments */

struct cursor {
    const char *group;
    int64_t covered_ms;                /* AWS's clock when the last finished sweep began: all before has been read */
    int64_t first_from_ms;             /* where the first sweep begins: all of the past, until that is cut */
    int64_t from_ms, began_ms;         /* of the sweep in hand */
    int64_t wide_mono_ms;              /* when the next long look back is due */
    char *token;                       /* of the next page; NULL: a sweep begins */
    unsigned pages;                    /* of the sweep in hand */
    bool unfiltered;                   /* the sweep in hand asks for every line */
    bool swept;                        /* one sweep has been finished */
};

struct follower {
    const struct watch *w;             /* fixed */
    size_t env, ncursors, rows_max;
    int64_t start_ms, all_ms;          /* when we began, and how far back we look */
    char pattern[1025];                /* filter pattern, "" none */

    struct cursor *cursors;            /* live lane only */
    size_t group;                      /* whose turn it is in this round over the groups */
    int64_t slot_mono_ms;              /* the quota's slot for the next page; 0: none taken */
    struct log_page page;

    pthread_mutex_t lock;
    /* guarded by lock */
    struct backfill backfill;
    struct event_ids ids;
    struct containers *containers;
    struct event_rows rows;
    struct event_chunk **chunks;
    size_t nchunks, rows_kept;
    int64_t overlap_ms, new_mono_ms;   /* new: when something new last came */
    int64_t current_since_ms;          /* as told by the secret watch... */
    bool label_known, published;       /* ...once it has; the live lane has published */
    uint64_t late, duplicates, lines, pages, dropped_rows;
    int64_t newest_event_ms, first_fetch_ms, last_fetch_ms, last_fallback_ms, last_db_error_ms;
    char last_db_error[160];
};

struct follower *follower_new(const struct watch *w, size_t env)
{
    struct follower *f = mem_new(sizeof *f);
    const char *const *groups = w->conf->environments[env].log_groups;
    f->w = w;
    f->env = env;
    while (groups != NULL && groups[f->ncursors] != NULL)
        f->ncursors++;
    f->start_ms = clock_wall_ms(w->clock);
    f->all_ms = f->start_ms - w->conf->backfill_ms;
    f->cursors = mem_array(f->ncursors > 0 ? f->ncursors : 1, sizeof *f->cursors);
    for (size_t i = 0; i < f->ncursors; i++)
        f->cursors[i] = (struct cursor){.group = groups[i], .covered_ms = TIME_UNKNOWN, .first_from_ms = f->all_ms};
    backfill_init(&f->backfill);
    if (!w->conf->server_filter || !classifier_filter_pattern(w->classifier, FILTER_COUNTING, f->pattern, sizeof f->pattern))
        f->pattern[0] = '\0';
    f->containers = containers_new();
    log_page_init(&f->page);
    size_t share = ROWS_ALL / w->conf->nenvironments;
    f->rows_max = share > ROWS_MAX ? ROWS_MAX : share < ROWS_MIN ? ROWS_MIN : share;
    f->overlap_ms = OVERLAP_MS;
    f->newest_event_ms = f->first_fetch_ms = f->last_fetch_ms = f->last_fallback_ms = f->last_db_error_ms = TIME_UNKNOWN;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

struct follower *follower_free(struct follower *f)
{
    if (f == NULL)
        return NULL;
    for (size_t i = 0; i < f->ncursors; i++)
        free(f->cursors[i].token);
    for (size_t i = 0; i < f->nchunks; i++)
        snap_unref(f->chunks[i]);
    free(f->chunks);
    free(f->cursors);
    backfill_clear(&f->backfill);
    event_ids_clear(&f->ids);
    event_rows_clear(&f->rows);
    log_page_clear(&f->page);
    f->containers = containers_free(f->containers);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

/* --------------------------------------------------------------- counting */

/* The first line of a text, masked and safe. */
static void first_line(struct slice s, char *out, size_t size)
{
    char masked[256];
    const char *end = memchr(s.s, '\n', s.n);   /* a stack trace follows */
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
    classify(f->w->classifier, e->message, &l);
    containers_feed(f->containers, group, e->stream, &l, e->time_ms, false, &effect);
    note_times_locked(f, &l, e->time_ms, effect.kind);
    if (effect.kind != EVENT_KINDS)
        event_rows_add(&f->rows, e, &l, &effect, late);
}

/* CloudWatch gives every event an id; should one lack it, what it says stands for it. */
static struct slice identity_of(const struct log_event *e, char room[64])
{
    if (e->id.n > 0)
        return e->id;
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < e->message.n; i++)
        h = (h ^ (unsigned char)e->message.s[i]) * 0x100000001b3u;
    (void)str_fmt(room, 64, "%lld %llx", (long long)e->time_ms, (unsigned long long)h);
    return (struct slice){room, strlen(room)};
}

/* Counts a page; `ids` tells what has been counted, back to keep_from_ms. */
static void take_page_locked(struct follower *f, size_t group, const struct log_page *page, struct event_ids *ids,
                             int64_t keep_from_ms, bool live)
{
    char room[64];
    f->pages++;
    for (size_t i = 0; i < page->n; i++) {
        struct slice id = identity_of(&page->events[i], room);
        if (event_ids_add(ids, group, id.s, id.n, page->events[i].time_ms, keep_from_ms))
            take_event_locked(f, group, &page->events[i], live);
        else
            f->duplicates++;
    }
}

/* ----------------------------------------------------------------- asking */

static struct log_reader reader(const struct follower *f, struct aws *aws, bool reserved)
{
    struct log_reader r = {.aws = aws, .target = watch_target(f->w, f->env), .deadline_ms = f->w->conf->call_deadline_ms,
                           .cancel = f->w->cancel};
    r.target.reserved = reserved;
    return r;
}

/* Takes the quota's next slot, unless one is held already; true when it is due. */
static bool slot_due(struct follower *f, int64_t *slot_mono_ms)
{
    struct aws_target target = watch_target(f->w, f->env);
    if (*slot_mono_ms == 0)
        *slot_mono_ms = aws_reserve(f->w->gate, &target, AWS_FILTER_LOG_EVENTS);
    return *slot_mono_ms <= clock_mono_ms(clock_real());
}

static int64_t later_of(int64_t a, int64_t b) { return a > b ? a : b; }

/* Where the sweep begins: the overlap before all that has been read, and at times further. */
static void sweep_begin(struct follower *f, struct cursor *c)
{
    int64_t now = clock_mono_ms(f->w->clock);
    pthread_mutex_lock(&f->lock);
    int64_t overlap = f->overlap_ms;
    pthread_mutex_unlock(&f->lock);
    c->pages = 0;
    c->unfiltered = f->pattern[0] == '\0' || watch_is_focus(f->w, f->env);
    c->began_ms = TIME_UNKNOWN;
    if (c->covered_ms == TIME_UNKNOWN) {
        c->from_ms = c->first_from_ms;
        c->wide_mono_ms = now + WIDE_EVERY_MS;
        return;
    }
    if (now >= c->wide_mono_ms) {
        overlap = WIDE_MS;
        c->wide_mono_ms = now + WIDE_EVERY_MS;
    }
    /* Ids are remembered from WIDE_MS before the start on, not further back. */
    c->from_ms = later_of(c->covered_ms - overlap, f->start_ms - WIDE_MS);
}

/* The group is too busy for one page: what the first one did not reach becomes slices, and
 * the live sweep goes on with the newest minutes. */
static void cut_past_locked(struct follower *f, struct cursor *c)
{
    size_t group = (size_t)(c - f->cursors), n = f->page.n;
    int64_t reached = n > 0 ? f->page.events[n - 1].time_ms : c->from_ms, live_from = f->start_ms - OVERLAP_MS;
    if (reached >= live_from)
        return;   /* all but the newest was in it: the token leads on */
    struct backfill_slice *oldest = backfill_add(&f->backfill, group, reached, live_from - 1);
    for (size_t i = n; oldest != NULL && i > 0 && f->page.events[i - 1].time_ms == reached; i--) {
        char room[64];   /* the rest of this millisecond may be on the next page */
        struct slice id = identity_of(&f->page.events[i - 1], room);
        (void)event_ids_add(&oldest->ids, group, id.s, id.n, reached, reached);
    }
    c->first_from_ms = c->from_ms = live_from;
    MEM_FREE(c->token);
}

static enum err sweep_page(struct follower *f, struct aws *aws, struct cursor *c, struct why *why)
{
    struct log_reader r = reader(f, aws, true);
    struct log_query q = {.group = c->group, .from_ms = c->from_ms, .to_ms = -1, .pattern = c->unfiltered ? NULL : f->pattern};
    int64_t asked_ms = clock_wall_ms(f->w->clock), date_ms = TIME_UNKNOWN;
    enum err err = log_query_page(&r, &q, &c->token, &f->page, &date_ms, why);
    if (err != ERR_OK)
        return err;
    if (++c->pages > PAGES_MAX)
        return why_set(why, ERR_MALFORMED, "the listing does not end: %d pages", PAGES_MAX);
    if (c->began_ms == TIME_UNKNOWN)   /* AWS's clock, so that ours may step */
        c->began_ms = date_ms != TIME_UNKNOWN ? date_ms - 1000 : asked_ms;
    pthread_mutex_lock(&f->lock);
    int64_t keep_from = c->began_ms - WIDE_MS - OVERLAP_MS;
    bool first = c->covered_ms == TIME_UNKNOWN;
    take_page_locked(f, (size_t)(c - f->cursors), &f->page, &f->ids,
                     first || keep_from < c->from_ms ? keep_from : c->from_ms, !first);
    if (first && c->token != NULL && c->from_ms == f->all_ms)
        cut_past_locked(f, c);
    pthread_mutex_unlock(&f->lock);
    return ERR_OK;
}

/* Reads pages of one group, at most *pages of them and while the quota lets us;
 * *out_done: its sweep is finished, well or not. */
static enum err sweep(struct follower *f, struct aws *aws, struct cursor *c, int *pages, bool *out_done, struct why *why)
{
    enum err err = ERR_OK;
    *out_done = false;
    if (c->token == NULL)
        sweep_begin(f, c);
    while (!*out_done && *pages > 0 && slot_due(f, &f->slot_mono_ms)) {
        int64_t from = c->from_ms;
        f->slot_mono_ms = 0;
        --*pages;
        err = sweep_page(f, aws, c, why);
        /* Cut short, the sweep has its newest minutes still to read. */
        bool cut = err == ERR_OK && c->covered_ms == TIME_UNKNOWN && c->from_ms != from && c->token == NULL;
        *out_done = err != ERR_OK || (c->token == NULL && !cut);
    }
    if (*out_done && err == ERR_OK) {
        c->covered_ms = later_of(c->covered_ms, c->began_ms);
        c->swept = true;
    }
    if (err != ERR_OK)
        MEM_FREE(c->token);   /* tokens expire: the next turn begins the sweep again */
    return err;
}

/* ---------------------------------------------------------------- history */

/* The creation of the oldest of these streams, from DescribeLogStreams' newest fifty. */
static int64_t oldest_creation(struct follower *f, struct aws *aws, size_t group, const struct slice *streams, size_t n,
                               int64_t before_ms)
{
    int64_t limit = before_ms - HISTORY_MS, oldest = before_ms;
    struct log_reader r = reader(f, aws, false);
    struct strbuf body;
    struct aws_reply reply;
    strbuf_init(&body, 4096);
    log_query_begin(&body, f->cursors[group].group);
    strbuf_str(&body, ",\"orderBy\":\"LastEventTime\",\"descending\":true,\"limit\":50}");
    enum err err = aws_call(aws, &r.target, AWS_DESCRIBE_LOG_STREAMS, strbuf_peek(&body), r.deadline_ms, &reply, r.cancel,
                            NULL);
    strbuf_clear(&body);
    json_t *o = err == ERR_OK ? json_read_object(reply.body, reply.len, NULL) : NULL, *row;
    size_t found = 0, i;
    json_array_foreach(json_object_get(o, "logStreams"), i, row)
    {
        size_t len = 0;
        const char *name = json_text(row, "logStreamName", &len);
        int64_t created = json_integer_value(json_object_get(row, "creationTime"));
        for (size_t k = 0; name != NULL && k < n; k++)
            if (streams[k].n == len && memcmp(streams[k].s, name, len) == 0) {
                found++;
                oldest = created > 0 && created < oldest ? created : oldest;
            }
    }
    json_decref(o);
    return found < n || oldest < limit ? limit : oldest;
}

static void take_history_locked(struct follower *f, size_t group, const struct log_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        struct line l;
        struct line_effect effect;
        classify(f->w->classifier, page->events[i].message, &l);
        containers_feed(f->containers, group, page->events[i].stream, &l, page->events[i].time_ms, true, &effect);
    }
}

/* Looks up what containers did before the backfill.  Best effort: one that stays
 * unexplained is shown as unknown. */
static void look_up_history(struct follower *f, struct aws *aws, size_t group)
{
    struct slice streams[STREAMS_PER_LOOK];
    char pattern[1025];
    if (!classifier_filter_pattern(f->w->classifier, FILTER_CREDENTIALS, pattern, sizeof pattern))
        return;
    pthread_mutex_lock(&f->lock);
    size_t n = containers_unexplained(f->containers, group, streams, ARRAY_LEN(streams));
    for (size_t i = 0; i < n; i++)   /* copies: the next feed may forget a container */
        streams[i].s = mem_copy_bytes(streams[i].s, streams[i].n);
    pthread_mutex_unlock(&f->lock);
    int64_t before = f->all_ms, date;
    char *token = NULL;
    if (n > 0) {
        struct log_query q = {.group = f->cursors[group].group, .to_ms = before - 1, .pattern = pattern, .streams = streams,
                              .nstreams = n};
        q.from_ms = oldest_creation(f, aws, group, streams, n, before);
        struct log_reader r = reader(f, aws, false);
        for (int page = 0; q.from_ms < before && page < HISTORY_PAGES; page++) {
            if (log_query_page(&r, &q, &token, &f->page, &date, NULL) != ERR_OK)
                break;
            pthread_mutex_lock(&f->lock);
            take_history_locked(f, group, &f->page);
            pthread_mutex_unlock(&f->lock);
            if (token == NULL)
                break;
        }
    }
    free(token);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)streams[i].s);
}

/* ------------------------------------------------------------- publishing */

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
    s->backfilling = f->backfill.done < f->backfill.n || s->upto_ms == TIME_UNKNOWN;
    s->from_ms = backfill_read_from(&f->backfill, f->all_ms);
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
    containers_fill(f->containers, f->w->conf->environments[f->env].log_groups, clock_wall_ms(f->w->clock), s);
    s->unparsed = s->total[EVENT_OTHER];
    struct event_chunk **chunks = mem_array(f->nchunks > 0 ? f->nchunks : 1, sizeof(struct event_chunk *));
    for (size_t i = 0; i < f->nchunks; i++) {
        chunks[i] = f->chunks[i];
        (void)snap_ref(chunks[i]);
    }
    s->chunks = chunks;
    s->nchunks = f->nchunks;
}

/* A snapshot of what has been counted.  The live lane closes it with the outcome of its
 * turn; a backfill lane leaves the last outcome standing. */
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

/* ------------------------------------------------------------------ turns */

/* What the secret watch knows of AWSCURRENT; true when it is news. */
static bool look_at_secret_locked(struct follower *f)
{
    const struct secret_snap *secret = snapbox_get(f->w->box, watch_slot(f->env, SLOT_SECRET));
    bool known = secret != NULL && secret->snap.good_mono_ms != TIME_UNKNOWN;
    bool news = known && (!f->label_known || secret->current_since_ms != f->current_since_ms);
    if (news) {
        int64_t previous_created_ms = TIME_UNKNOWN;
        for (size_t i = 0; i < secret->nversions; i++)
            if (strcmp(secret->versions[i].id, secret->previous_id) == 0)
                previous_created_ms = secret->versions[i].created_ms;
        containers_label_moved(f->containers, secret->current_since_ms);
        containers_versions(f->containers, secret->current_id, secret->previous_id, previous_created_ms);
        f->label_known = true;
        f->current_since_ms = secret->current_since_ms;
    }
    snap_unref(secret);
    return news;
}

/* Publishes what has been counted, leaving the outcome of the last live turn standing. */
static void publish_counts_locked(struct follower *f)
{
    keep_rows_locked(f);
    struct log_snap *s = next_snap_locked(f);
    fill_locked(f, s);
    snapbox_put(f->w->box, watch_slot(f->env, SLOT_LOGS), &s->snap);
}

void follower_relabel(struct follower *f)
{
    pthread_mutex_lock(&f->lock);
    if (look_at_secret_locked(f) && f->published)
        publish_counts_locked(f);
    pthread_mutex_unlock(&f->lock);
}

/* How long until the next turn: the quota's slot when a sweep is not finished, else the
 * period, longer where nothing happens and nobody looks. */
static int64_t next_delay(struct follower *f, const struct snap *s, enum err err, bool more, int64_t new_mono_ms)
{
    int64_t period = f->w->conf->log_poll_ms, now = clock_mono_ms(clock_real());
    if (more && err == ERR_OK)
        return f->slot_mono_ms > now ? f->slot_mono_ms - now : 0;
    bool idle = clock_mono_ms(f->w->clock) - new_mono_ms > IDLE_MS && !watch_is_focus(f->w, f->env);
    if (idle && err == ERR_OK && period < IDLE_PERIOD_MAX_MS)
        period = period * IDLE_FACTOR < IDLE_PERIOD_MAX_MS ? period * IDLE_FACTOR : IDLE_PERIOD_MAX_MS;
    return watch_delay(s, err, period);
}

static int64_t publish(struct follower *f, enum err err, const struct why *why, bool more)
{
    int64_t upto = INT64_MAX;
    for (size_t i = 0; i < f->ncursors; i++)
        upto = f->cursors[i].covered_ms < upto ? f->cursors[i].covered_ms : upto;
    pthread_mutex_lock(&f->lock);
    (void)look_at_secret_locked(f);
    keep_rows_locked(f);
    struct log_snap *s = next_snap_locked(f);
    s->upto_ms = upto;
    fill_locked(f, s);
    f->published = true;
    int64_t delay = next_delay(f, &s->snap, err, more, f->new_mono_ms);
    watch_close(f->w, &s->snap, err, why, delay);
    snapbox_put(f->w->box, watch_slot(f->env, SLOT_LOGS), &s->snap);
    pthread_mutex_unlock(&f->lock);
    return delay;
}

int64_t follower_turn(struct follower *f, struct aws *aws)
{
    struct why why = {0};
    enum err err = ERR_OK;
    int pages = PAGES_PER_TURN;
    bool more = false;
    if (!slot_due(f, &f->slot_mono_ms))   /* nothing can be asked yet: somebody else's turn */
        return f->slot_mono_ms - clock_mono_ms(clock_real());
    while (f->group < f->ncursors && !more) {
        struct why one = {0};
        bool done = false;
        enum err failed = sweep(f, aws, &f->cursors[f->group], &pages, &done, &one);
        if (failed == ERR_CANCELLED)
            return 0;
        if (failed != ERR_OK && err == ERR_OK) {   /* the first failure speaks; other groups go on */
            err = failed;
            why = one;
        }
        pthread_mutex_lock(&f->lock);
        bool past_read = f->backfill.done == f->backfill.n;
        pthread_mutex_unlock(&f->lock);
        if (done && failed == ERR_OK && past_read)
            look_up_history(f, aws, f->group);
        more = !done;
        f->group += done;
    }
    if (!more)
        f->group = 0;
    return publish(f, err, &why, more);
}

/* --------------------------------------------------------------- backfill */

/* One page of a slice, counted; a full one is split, so that other lanes may help. */
static enum err slice_page(struct follower *f, struct aws *aws, struct backfill_slice *s, struct log_page *page)
{
    struct log_reader r = reader(f, aws, true);
    struct log_query q = {.group = f->cursors[s->group].group, .from_ms = s->from_ms, .to_ms = s->to_ms,
                          .pattern = f->pattern[0] != '\0' ? f->pattern : NULL};
    int64_t date;
    enum err err = log_query_page(&r, &q, &s->token, page, &date, NULL);
    if (err == ERR_OK && s->pages++ > PAGES_MAX)
        err = ERR_MALFORMED;
    if (err != ERR_OK) {
        if (err == ERR_INVALID || err == ERR_MALFORMED)   /* the token, perhaps: from the slice's beginning */
            MEM_FREE(s->token);
        return err;
    }
    /* The live sweeps look back into the newest slices: one set of ids for both. */
    bool shared = s->to_ms >= f->start_ms - WIDE_MS;
    pthread_mutex_lock(&f->lock);
    take_page_locked(f, s->group, page, shared ? &f->ids : &s->ids,
                     shared && s->from_ms > f->start_ms - WIDE_MS ? f->start_ms - WIDE_MS : s->from_ms, false);
    if (s->token == NULL) {
        backfill_finish(&f->backfill, s);
        if (f->published)
            publish_counts_locked(f);
    } else if (page->n > 0) {
        backfill_split(&f->backfill, s, page->events[page->n - 1].time_ms);
    }
    pthread_mutex_unlock(&f->lock);
    return ERR_OK;
}

int64_t follower_backfill_turn(struct follower *f, struct aws *aws)
{
    struct aws_target target = watch_target(f->w, f->env);
    pthread_mutex_lock(&f->lock);
    bool begun = f->published, open = f->backfill.done < f->backfill.n;
    struct backfill_slice *s = begun && open ? backfill_take(&f->backfill) : NULL;
    pthread_mutex_unlock(&f->lock);
    if (s == NULL)   /* not begun, or others have the rest, and may split it */
        return begun && !open ? -1 : BACKFILL_WAIT_MS;
    int64_t wait_ms = aws_reserve_spare(f->w->gate, &target, AWS_FILTER_LOG_EVENTS);   /* live lanes come first */
    if (wait_ms > 0) {
        pthread_mutex_lock(&f->lock);
        backfill_give_back(s);
        pthread_mutex_unlock(&f->lock);
        return wait_ms;
    }
    struct log_page page;
    log_page_init(&page);
    enum err err = slice_page(f, aws, s, &page);
    log_page_clear(&page);
    pthread_mutex_lock(&f->lock);
    if (!s->done)
        backfill_give_back(s);
    pthread_mutex_unlock(&f->lock);
    /* What is wrong is the live lane's to say; here it just takes longer. */
    return err == ERR_OK ? 0 : f->w->conf->log_poll_ms;
}
