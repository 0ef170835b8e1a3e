/* The log watch: follows an environment's log groups with FilterLogEvents.
 *
 * A sweep reads pages until no token is left (an empty page is not the end), from two
 * minutes before the newest event of the last sweep: CloudWatch delivers late and out
 * of order, so windows overlap and event ids tell what has been counted.  The first
 * sweep is the backfill.  A sweep that is not finished in one turn goes on in the next
 * with its token; one that fails begins again where it began, and repeats nothing.
 *
 * Containers whose fetch lies before the backfill are looked up once: their streams'
 * beginnings are known to DescribeLogStreams, and one filtered read of the time before
 * tells who fetched and who fell back. */
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/containers.h"
#include "backend/watch/event_ids.h"
#include "backend/watch/event_rows.h"
#include "backend/watch/watch.h"

#define OVERLAP_MS (2 * 60 * 1000)
#define REACH_MS (15 * 60 * 1000)    /* a quiet group is not read further back than this */
#define LATE_MS (30 * 1000)          /* from its time stamp to its ingestion */
#define PAGES_PER_TURN 8               /* then others have their turn */
#define IDLE_MS (10 * 60 * 1000)       /* nothing new for this long: asked less often */
#define IDLE_FACTOR 4
#define IDLE_PERIOD_MAX_MS (60 * 1000)
#define HISTORY_PAGES 40
#define HISTORY_MS (24LL * 60 * 60 * 1000)   /* containers live for hours, not days */
#define STREAMS_PER_LOOK 50
#define ROWS_MIN 200
#define ROWS_MAX 5000
#define ROWS_ALL 200000              /* over all environments */
#define TOKEN_MAX 8192

struct cursor {
    const char *group;
    int64_t from_ms;                 /* where the sweep in hand began */
    int64_t began_ms;                /* when it did, on the wall */
    int64_t newest_ms;               /* newest event seen; TIME_UNKNOWN none */
    char *token;                     /* of the next page; NULL: the sweep begins anew */
    bool swept;                      /* one sweep has been finished */
};

struct follower {
    const struct watch *w;
    size_t env;
    size_t ncursors;
    struct cursor *cursors;
    int64_t from_ms, upto_ms;
    struct event_ids ids;
    struct containers *containers;
    struct log_page page;
    struct event_rows rows;
    struct event_chunk **chunks;
    size_t nchunks, rows_kept, rows_max;
    size_t group;                    /* whose turn it is in this round over the groups */
    int64_t slot_mono_ms;            /* the quota's slot for the next page; 0: none taken */
    int64_t new_mono_ms;             /* when something new last came */
    /* totals */
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
    f->cursors = mem_array(f->ncursors > 0 ? f->ncursors : 1, sizeof *f->cursors);
    f->from_ms = clock_wall_ms(w->clock) - w->conf->backfill_ms;
    f->upto_ms = TIME_UNKNOWN;
    for (size_t i = 0; i < f->ncursors; i++)
        f->cursors[i] = (struct cursor){.group = groups[i], .from_ms = f->from_ms, .newest_ms = TIME_UNKNOWN};
    f->containers = containers_new();
    log_page_init(&f->page);
    size_t share = ROWS_ALL / w->conf->nenvironments;
    f->rows_max = share > ROWS_MAX ? ROWS_MAX : share < ROWS_MIN ? ROWS_MIN : share;
    f->newest_event_ms = f->first_fetch_ms = f->last_fetch_ms = f->last_fallback_ms = f->last_db_error_ms = TIME_UNKNOWN;
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
    event_ids_clear(&f->ids);
    event_rows_clear(&f->rows);
    log_page_clear(&f->page);
    f->containers = containers_free(f->containers);
    free(f);
    return NULL;
}

/* ------------------------------------------------------------- one event */

static void note_times(struct follower *f, const struct line *l, const struct log_event *e, enum event_kind kind)
{
    if (e->time_ms > f->newest_event_ms)
        f->newest_event_ms = e->time_ms;
    if (kind == EVENT_FETCH) {
        if (f->first_fetch_ms == TIME_UNKNOWN || e->time_ms < f->first_fetch_ms)
            f->first_fetch_ms = e->time_ms;
        if (e->time_ms > f->last_fetch_ms)
            f->last_fetch_ms = e->time_ms;
    } else if (kind == EVENT_FALLBACK && e->time_ms > f->last_fallback_ms) {
        f->last_fallback_ms = e->time_ms;
    } else if (kind == EVENT_DB_ERROR && e->time_ms >= f->last_db_error_ms) {
        char masked[sizeof f->last_db_error];
        const char *end = memchr(l->body.s, '\n', l->body.n);   /* a stack trace follows */
        size_t n = end != NULL ? (size_t)(end - l->body.s) : l->body.n;
        n = n < sizeof masked ? n : sizeof masked;
        memcpy(masked, l->body.s, n);
        text_safe(f->last_db_error, sizeof f->last_db_error, masked, text_mask(masked, n));
        f->last_db_error_ms = e->time_ms;
    }
}

static void take_event(struct follower *f, size_t group, const struct log_event *e, int64_t keep_from_ms)
{
    if (!event_ids_add(&f->ids, group, e->id.s, e->id.n, e->time_ms, keep_from_ms)) {
        f->duplicates++;
        return;
    }
    struct cursor *c = &f->cursors[group];
    bool late = c->swept && e->ingested_ms != TIME_UNKNOWN && e->ingested_ms - e->time_ms >= LATE_MS;
    struct line l;
    struct line_effect effect;
    f->lines++;
    f->new_mono_ms = clock_mono_ms(f->w->clock);
    f->late += late;
    classify(f->w->classifier, e->message, &l);
    containers_feed(f->containers, group, e->stream, &l, e->time_ms, false, &effect);
    note_times(f, &l, e, effect.kind);
    if (e->time_ms > c->newest_ms)
        c->newest_ms = e->time_ms;
    if (effect.kind != EVENT_KINDS)
        event_rows_add(&f->rows, e, &l, &effect, late);
}

/* ---------------------------------------------------------------- requests */

/* A group is named, or given as an ARN (which must not carry its ":*"). */
static void add_group(struct strbuf *b, const char *group)
{
    size_t n = strlen(group);
    bool arn = strncmp(group, "arn:", 4) == 0;
    if (arn && n > 2 && strcmp(group + n - 2, ":*") == 0)
        n -= 2;
    strbuf_str(b, arn ? "{\"logGroupIdentifier\":" : "{\"logGroupName\":");
    strbuf_json(b, group, n);
}

static void add_token(struct strbuf *b, const char *token)
{
    if (token == NULL)
        return;
    strbuf_str(b, ",\"nextToken\":");
    strbuf_json(b, token, strlen(token));
}

static enum err read_page(struct follower *f, struct aws *aws, enum aws_op op, const struct strbuf *body, bool reserved,
                          struct aws_reply *out, struct why *why)
{
    struct aws_target target = watch_target(f->w, f->env);
    target.reserved = reserved;
    if (strbuf_cut(body))
        return why_set(why, ERR_INVALID, "the request for log events is too long");
    return aws_call(aws, &target, op, strbuf_peek(body), f->w->conf->call_deadline_ms, out, f->w->cancel, why);
}

/* Scans the answer; the next page's token, or NULL, goes to *token (the old one freed). */
static enum err scan_page(struct follower *f, struct aws_reply *reply, char **token, struct why *why)
{
    enum err err = log_page_scan(&f->page, reply->body, reply->len, why);
    if (err == ERR_OK && f->page.next_token.n > TOKEN_MAX)
        err = why_set(why, ERR_MALFORMED, "the page token is longer than %d bytes", TOKEN_MAX);
    if (err == ERR_OK && *token != NULL && strlen(*token) == f->page.next_token.n &&
        memcmp(*token, f->page.next_token.s, f->page.next_token.n) == 0)
        err = why_set(why, ERR_MALFORMED, "the same page token came twice: the listing would never end");
    if (err != ERR_OK) {
        if (why != NULL)
            (void)str_copy(why->call, sizeof why->call, "FilterLogEvents");
        return err;
    }
    f->pages++;
    free(*token);
    *token = f->page.next_token.n > 0 ? mem_copy_bytes(f->page.next_token.s, f->page.next_token.n) : NULL;
    return ERR_OK;
}

/* ----------------------------------------------------------------- sweeps */

/* Event ids are needed from the earliest sweep in hand on. */
static int64_t keep_from(const struct follower *f)
{
    int64_t from = INT64_MAX;
    for (size_t i = 0; i < f->ncursors; i++)
        if (f->cursors[i].from_ms < from)
            from = f->cursors[i].from_ms;
    return from;
}

static void sweep_begin(struct follower *f, struct cursor *c)
{
    c->began_ms = clock_wall_ms(f->w->clock);
    if (!c->swept)
        return;   /* the backfill, first or again, from where it was meant to begin */
    int64_t from = c->newest_ms != TIME_UNKNOWN && c->newest_ms < c->began_ms ? c->newest_ms : c->began_ms;
    if (from < c->began_ms - REACH_MS)
        from = c->began_ms - REACH_MS;
    from -= OVERLAP_MS;
    c->from_ms = from > f->from_ms ? from : f->from_ms;
}

/* Takes the quota's next slot, unless one is held already; true when it is due. */
static bool slot_due(struct follower *f)
{
    struct aws_target target = watch_target(f->w, f->env);
    if (f->slot_mono_ms == 0)
        f->slot_mono_ms = aws_reserve(f->w->gate, &target, AWS_FILTER_LOG_EVENTS);
    return f->slot_mono_ms <= clock_mono_ms(clock_real());
}

/* Reads pages of one group, at most *pages of them and while the quota lets us;
 * *out_done: its sweep is finished, well or not. */
static enum err sweep(struct follower *f, struct aws *aws, size_t group, int *pages, bool *out_done, struct why *why)
{
    struct cursor *c = &f->cursors[group];
    struct strbuf body;
    enum err err = ERR_OK;
    strbuf_init(&body, 32768);
    *out_done = false;
    if (c->token == NULL)
        sweep_begin(f, c);
    while (!*out_done && *pages > 0 && slot_due(f)) {
        struct aws_reply reply;
        f->slot_mono_ms = 0;
        strbuf_reset(&body);
        add_group(&body, c->group);
        strbuf_fmt(&body, ",\"startTime\":%lld,\"limit\":10000,\"interleaved\":true", (long long)c->from_ms);
        add_token(&body, c->token);
        strbuf_char(&body, '}');
        --*pages;
        err = read_page(f, aws, AWS_FILTER_LOG_EVENTS, &body, true, &reply, why);
        if (err == ERR_OK)
            err = scan_page(f, &reply, &c->token, why);
        for (size_t i = 0; err == ERR_OK && i < f->page.n; i++)
            take_event(f, group, &f->page.events[i], keep_from(f));
        c->swept |= err == ERR_OK && c->token == NULL;
        *out_done = err != ERR_OK || c->token == NULL;
    }
    if (err != ERR_OK)
        MEM_FREE(c->token);   /* tokens expire: the next turn begins the sweep again */
    strbuf_clear(&body);
    return err;
}

/* ---------------------------------------------------------------- history */

/* The creation of the oldest of these streams, from DescribeLogStreams' newest fifty. */
static int64_t oldest_creation(struct follower *f, struct aws *aws, size_t group, const struct slice *streams, size_t n)
{
    int64_t limit = f->from_ms - HISTORY_MS, oldest = f->from_ms;
    struct strbuf body;
    struct aws_reply reply;
    strbuf_init(&body, 4096);
    add_group(&body, f->cursors[group].group);
    strbuf_str(&body, ",\"orderBy\":\"LastEventTime\",\"descending\":true,\"limit\":50}");
    enum err err = read_page(f, aws, AWS_DESCRIBE_LOG_STREAMS, &body, false, &reply, NULL);
    strbuf_clear(&body);
    json_t *o = err == ERR_OK ? json_read_object(reply.body, reply.len, NULL) : NULL;
    size_t found = 0, i;
    json_t *row;
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

/* Looks up what containers did before the backfill.  Best effort: one that stays
 * unexplained is shown as unknown. */
static void look_up_history(struct follower *f, struct aws *aws, size_t group)
{
    struct slice streams[STREAMS_PER_LOOK];
    char pattern[1025] = "";
    struct strbuf body;
    size_t n = containers_unexplained(f->containers, group, streams, ARRAY_LEN(streams));
    if (n == 0 || !classifier_filter_pattern(f->w->classifier, pattern, sizeof pattern))
        return;
    int64_t from = oldest_creation(f, aws, group, streams, n);
    char *token = NULL;
    strbuf_init(&body, 65536);
    for (int page = 0; page < HISTORY_PAGES; page++) {
        struct aws_reply reply;
        strbuf_reset(&body);
        add_group(&body, f->cursors[group].group);
        strbuf_fmt(&body, ",\"startTime\":%lld,\"endTime\":%lld,\"limit\":10000,\"filterPattern\":", (long long)from,
                   (long long)f->from_ms - 1);
        strbuf_json(&body, pattern, strlen(pattern));
        strbuf_str(&body, ",\"logStreamNames\":[");
        for (size_t i = 0; i < n; i++) {
            strbuf_str(&body, i > 0 ? "," : "");
            strbuf_json(&body, streams[i].s, streams[i].n);
        }
        strbuf_char(&body, ']');
        add_token(&body, token);
        strbuf_char(&body, '}');
        if (read_page(f, aws, AWS_FILTER_LOG_EVENTS, &body, false, &reply, NULL) != ERR_OK ||
            scan_page(f, &reply, &token, NULL) != ERR_OK)
            break;
        for (size_t i = 0; i < f->page.n; i++) {
            struct line l;
            struct line_effect effect;
            classify(f->w->classifier, f->page.events[i].message, &l);
            containers_feed(f->containers, group, f->page.events[i].stream, &l, f->page.events[i].time_ms, true, &effect);
        }
        if (token == NULL)
            break;
    }
    free(token);
    strbuf_clear(&body);
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

/* This turn's rows become the newest chunk; the oldest go when there are too many. */
static void keep_rows(struct follower *f)
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

static void fill(struct follower *f, struct log_snap *s)
{
    const char **groups = mem_array(f->ncursors, sizeof(char *));
    s->backfilling = false;
    f->upto_ms = INT64_MAX;
    for (size_t i = 0; i < f->ncursors; i++) {
        const struct cursor *c = &f->cursors[i];
        groups[i] = c->group;
        s->backfilling |= !c->swept;
        int64_t upto = !c->swept ? c->newest_ms : c->token == NULL ? c->began_ms : c->from_ms + OVERLAP_MS;
        f->upto_ms = upto < f->upto_ms ? upto : f->upto_ms;
    }
    containers_fill(f->containers, groups, clock_wall_ms(f->w->clock), s);
    free(groups);
    s->from_ms = f->from_ms;
    s->upto_ms = f->upto_ms;
    s->newest_event_ms = f->newest_event_ms;
    s->first_fetch_ms = f->first_fetch_ms;
    s->last_fetch_ms = f->last_fetch_ms;
    s->last_fallback_ms = f->last_fallback_ms;
    s->last_db_error_ms = f->last_db_error_ms;
    (void)str_copy(s->last_db_error, sizeof s->last_db_error, f->last_db_error);
    s->late = f->late;
    s->duplicates = f->duplicates;
    s->unparsed = s->total[EVENT_OTHER];
    s->lines = f->lines;
    s->pages = f->pages;
    s->dropped_rows = f->dropped_rows;
    struct event_chunk **chunks = mem_array(f->nchunks > 0 ? f->nchunks : 1, sizeof(struct event_chunk *));
    for (size_t i = 0; i < f->nchunks; i++) {
        chunks[i] = f->chunks[i];
        (void)snap_ref(chunks[i]);
    }
    s->chunks = chunks;
    s->nchunks = f->nchunks;
}

/* The secret watch may have learnt when AWSCURRENT moved. */
static void look_at_secret(struct follower *f)
{
    const struct secret_snap *secret = snapbox_get(f->w->box, watch_slot(f->env, SLOT_SECRET));
    if (secret != NULL && secret->snap.good_mono_ms != TIME_UNKNOWN) {
        int64_t previous_created_ms = TIME_UNKNOWN;
        for (size_t i = 0; i < secret->nversions; i++)
            if (strcmp(secret->versions[i].id, secret->previous_id) == 0)
                previous_created_ms = secret->versions[i].created_ms;
        containers_label_moved(f->containers, secret->current_since_ms);
        containers_versions(f->containers, secret->current_id, secret->previous_id, previous_created_ms);
    }
    snap_unref(secret);
}

/* How long until the next turn: the quota's slot when a sweep is not finished, else the
 * period, longer where nothing happens and nobody looks. */
static int64_t next_delay(struct follower *f, const struct snap *s, enum err err, bool more)
{
    int64_t period = f->w->conf->log_poll_ms, now = clock_mono_ms(clock_real());
    if (more && err == ERR_OK)
        return f->slot_mono_ms > now ? f->slot_mono_ms - now : 0;
    bool idle = clock_mono_ms(f->w->clock) - f->new_mono_ms > IDLE_MS && !watch_is_focus(f->w, f->env);
    if (idle && err == ERR_OK && period < IDLE_PERIOD_MAX_MS)
        period = period * IDLE_FACTOR < IDLE_PERIOD_MAX_MS ? period * IDLE_FACTOR : IDLE_PERIOD_MAX_MS;
    return watch_delay(s, err, period);
}

int64_t follower_turn(struct follower *f, struct aws *aws)
{
    const struct watch *w = f->w;
    size_t slot = watch_slot(f->env, SLOT_LOGS);
    struct why why = {0};
    enum err err = ERR_OK;
    int pages = PAGES_PER_TURN;
    bool more = false;
    if (!slot_due(f))   /* nothing can be asked yet: somebody else's turn */
        return f->slot_mono_ms - clock_mono_ms(clock_real());
    look_at_secret(f);
    while (f->group < f->ncursors && !more) {
        struct why one = {0};
        bool done = false;
        enum err failed = sweep(f, aws, f->group, &pages, &done, &one);
        if (failed == ERR_CANCELLED)
            return 0;
        if (failed != ERR_OK && err == ERR_OK) {   /* the first failure speaks; other groups go on */
            err = failed;
            why = one;
        }
        if (done && failed == ERR_OK)
            look_up_history(f, aws, f->group);
        more = !done;
        f->group += done;
    }
    if (!more)
        f->group = 0;
    keep_rows(f);

    const struct log_snap *old = snapbox_get(w->box, slot);
    struct log_snap *s = watch_next(w, (const struct snap *)old, sizeof *s, destroy);
    snap_unref(old);
    fill(f, s);
    int64_t delay = next_delay(f, &s->snap, err, more);
    watch_close(w, &s->snap, err, &why, delay);
    snapbox_put(w->box, slot, &s->snap);
    return delay;
}
