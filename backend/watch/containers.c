#include "backend/watch/containers.h"

#include "backend/base/hash.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/marks.h"

#define LOOK_BACK 64     /* invocations of one container that lines may have overtaken, while all comes in order */
#define STRAGGLE_MS 5000 /* a line may be stamped this long after its REPORT; a retry comes later */
#define POISONED_SILENT_MS (60 * 60 * 1000)
#define TIME_MAX_MS 253402300799999 /* year 9999: sums of two such times do not overflow */

struct container {
    char *stream; /* as it came, NUL-terminated */
    size_t stream_len, group;
    uint32_t key;    /* index in the table + 1, never reused */
    bool asked;      /* its past has been looked up */
    bool disordered; /* lines came long after later ones: the backfill reads the newest first */
    int64_t last_ms, started_ms;
    uint64_t newest_invocation; /* journal sequence + 1; 0 none */
    struct marks marks;
    uint32_t n[EVENT_KINDS];
};

enum { SAW_START = 1, SAW_REPORT = 2, SAW_FETCH = 4, SAW_HIT = 8 };

/* One invocation: made at the first line that names its request id. */
struct invocation {
    int64_t start_ms;   /* the earliest line that names it */
    uint64_t previous;  /* of the same container: sequence + 1; 0 none */
    uint64_t same;      /* the one before in its bucket of `heads`: sequence + 1; 0 none */
    uint32_t container; /* key */
    uint32_t request;   /* hash of the request id */
    uint32_t took_ms;   /* from there to the REPORT */
    unsigned char saw;
    unsigned char counted; /* HIT, STALE_HIT, or EVENT_KINDS: neither */
};

#define MOVES_MAX 8 /* of AWSCURRENT that are remembered: more than there are within the life of a container */
struct move {
    int64_t at_ms;
    char id[65]; /* of the version that was current from then on */
};

struct containers {
    struct container **all; /* by key - 1; NULL when forgotten */
    size_t n, cap, alive;
    struct container *latest;   /* fed last: lines of one come in a row */
    uint32_t *table;            /* open addressing: keys, 0 empty */
    size_t table_size;          /* a power of two */
    struct invocation *journal; /* ring */
    uint64_t *heads; /* buckets by container and request: sequence + 1 of the newest; as many as the ring has */
    size_t journal_cap;
    uint64_t sequence; /* invocations made so far */
    struct tally tally;
    struct move moves[MOVES_MAX]; /* by time */
    size_t nmoves;
    int64_t previous_created_ms;
    char previous_id[65];
    uint64_t forgotten;
};

struct containers *containers_new(void)
{
    struct containers *c = mem_new(sizeof *c);
    c->previous_created_ms = TIME_UNKNOWN;
    return c;
}

struct containers *containers_free(struct containers *c)
{
    if (c == NULL)
        return NULL;
    for (size_t i = 0; i < c->n; i++)
        if (c->all[i] != NULL) {
            free(c->all[i]->stream);
            free(c->all[i]);
        }
    free(c->all);
    free(c->table);
    free(c->journal);
    free(c->heads);
    free(c);
    return NULL;
}

const struct tally *containers_tally(const struct containers *c)
{
    return &c->tally;
}

/* ------------------------------------------------------------------ table */

static void table_put(struct containers *c, const struct container *k)
{
    size_t i = hash_bytes(k->stream, k->stream_len, k->group) & (c->table_size - 1);
    while (c->table[i] != 0)
        i = (i + 1) & (c->table_size - 1);
    c->table[i] = k->key;
}

static void table_rebuild(struct containers *c, size_t size)
{
    free(c->table);
    c->table = mem_array(size, sizeof *c->table);
    c->table_size = size;
    for (size_t i = 0; i < c->n; i++)
        if (c->all[i] != NULL)
            table_put(c, c->all[i]);
}

static bool is_of(const struct container *k, size_t group, struct slice stream)
{
    return k->group == group && k->stream_len == stream.n && memcmp(k->stream, stream.s, stream.n) == 0;
}

static struct container *find(const struct containers *c, size_t group, struct slice stream)
{
    if (c->latest != NULL && is_of(c->latest, group, stream))
        return c->latest;
    if (c->table_size == 0)
        return NULL;
    size_t i = hash_bytes(stream.s, stream.n, group) & (c->table_size - 1);
    for (; c->table[i] != 0; i = (i + 1) & (c->table_size - 1)) {
        struct container *k = c->all[c->table[i] - 1];
        if (k != NULL && is_of(k, group, stream))
            return k;
    }
    return NULL;
}

static int by_silence(const void *a, const void *b)
{
    const struct container *x = *(struct container *const *)a, *y = *(struct container *const *)b;
    return (x->last_ms > y->last_ms) - (x->last_ms < y->last_ms);
}

/* Makes room for an eighth: the longest silent go. */
static void forget_some(struct containers *c)
{
    struct container **alive = mem_array(c->alive, sizeof(struct container *));
    size_t n = 0, gone = CONTAINERS_MAX / 8;
    for (size_t i = 0; i < c->n; i++)
        if (c->all[i] != NULL)
            alive[n++] = c->all[i];
    qsort(alive, n, sizeof(struct container *), by_silence);
    for (size_t i = 0; i < gone; i++) {
        c->all[alive[i]->key - 1] = NULL;
        free(alive[i]->stream);
        free(alive[i]);
    }
    free(alive);
    c->latest = NULL;
    c->alive -= gone;
    c->forgotten += gone;
    table_rebuild(c, c->table_size);
}

static struct container *add(struct containers *c, size_t group, struct slice stream)
{
    if (c->alive >= CONTAINERS_MAX)
        forget_some(c);
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 16 : c->cap * 2;
        c->all = mem_grow(c->all, c->cap, sizeof(struct container *));
    }
    struct container *k = mem_new(sizeof *k);
    k->stream = mem_copy_bytes(stream.s, stream.n);
    k->stream_len = stream.n;
    k->group = group;
    k->key = (uint32_t)(c->n + 1);
    k->last_ms = k->started_ms = TIME_UNKNOWN;
    c->all[c->n++] = k;
    c->alive++;
    if ((c->alive + 1) * 2 > c->table_size)
        table_rebuild(c, c->table_size == 0 ? 32 : c->table_size * 2);
    else
        table_put(c, k);
    return k;
}

/* ---------------------------------------------------------------- versions */

void containers_previous(struct containers *c, const char *previous_id, int64_t previous_created_ms)
{
    (void)str_copy(c->previous_id, sizeof c->previous_id, previous_id);
    c->previous_created_ms = previous_created_ms;
}

/* When AWSCURRENT last moved, TIME_UNKNOWN. */
static int64_t current_since(const struct containers *c)
{
    return c->nmoves > 0 ? c->moves[c->nmoves - 1].at_ms : TIME_UNKNOWN;
}

/* When what was fetched then was replaced; INT64_MAX: it has not been. */
static int64_t replaced_ms(const struct containers *c, int64_t fetched_ms)
{
    for (size_t i = 0; i < c->nmoves; i++)
        if (c->moves[i].at_ms > fetched_ms)
            return c->moves[i].at_ms;
    return INT64_MAX;
}

/* A fetch gets what AWSCURRENT names then; the line itself names no version. */
static const char *holds_words(const struct containers *c, const struct held *h)
{
    if (h->poisoned)
        return "env";
    if (h->fetched_ms == TIME_UNKNOWN || c->nmoves == 0)
        return "";
    for (size_t i = c->nmoves; i-- > 0;)
        if (h->fetched_ms >= c->moves[i].at_ms)
            return c->moves[i].id;
    return c->nmoves == 1 && c->previous_created_ms != TIME_UNKNOWN && h->fetched_ms >= c->previous_created_ms
               ? c->previous_id
               : "";
}

/* ---------------------------------------------------------------- journal */

static struct invocation *at_sequence(const struct containers *c, uint64_t plus_one)
{
    if (plus_one == 0 || c->sequence - (plus_one - 1) > c->journal_cap)
        return NULL; /* none, or overwritten since */
    return &c->journal[(plus_one - 1) & (c->journal_cap - 1)];
}

static uint64_t *head_of(const struct containers *c, uint32_t container, uint32_t request)
{
    uint64_t h = ((uint64_t)container << 32 | request) * 0x9e3779b97f4a7c15u;
    return &c->heads[(h >> 32) & (c->journal_cap - 1)];
}

static void journal_grow(struct containers *c)
{
    size_t old = c->journal_cap, cap = old == 0 ? 64 : old * 2;
    struct invocation *bigger = mem_array(cap, sizeof *bigger);
    free(c->heads);
    c->heads = mem_array(cap, sizeof *c->heads);
    c->journal_cap = cap;
    for (uint64_t s = c->sequence - (c->sequence < old ? c->sequence : old); s < c->sequence; s++) {
        struct invocation *v = &bigger[s & (cap - 1)];
        *v = c->journal[s & (old - 1)];
        uint64_t *head = head_of(c, v->container, v->request);
        v->same = *head;
        *head = s + 1;
    }
    free(c->journal);
    c->journal = bigger;
}

/* Whether the invocation that would be overwritten is one of the last hours: a busy day has as many
 * as a quiet month, and what has been decided for long is not to take room for ever. */
static bool journal_is_young(const struct containers *c, int64_t now_ms)
{
    return c->journal_cap == 0 || c->journal[c->sequence & (c->journal_cap - 1)].start_ms > now_ms - JOURNAL_MS;
}

static struct invocation *invocation_new(struct containers *c, struct container *k, uint32_t request, int64_t time_ms)
{
    if (c->sequence >= c->journal_cap && c->journal_cap < INVOCATIONS_MAX && journal_is_young(c, time_ms))
        journal_grow(c);
    uint64_t *head = head_of(c, k->key, request);
    struct invocation *v = &c->journal[c->sequence & (c->journal_cap - 1)];
    *v = (struct invocation){.start_ms = time_ms,
                             .previous = k->newest_invocation,
                             .same = *head,
                             .container = k->key,
                             .request = request,
                             .counted = EVENT_KINDS};
    *head = k->newest_invocation = ++c->sequence;
    return v;
}

static int64_t end_of(const struct invocation *v)
{
    return v->start_ms + v->took_ms;
}

/* The invocation now also has a line at this time; its end stays where a REPORT put it. */
static void stretch(struct invocation *v, int64_t time_ms)
{
    if (time_ms >= v->start_ms)
        return;
    int64_t took = (v->saw & SAW_REPORT) != 0 ? end_of(v) - time_ms : 0;
    v->took_ms = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    v->start_ms = time_ms;
}

/* Lambda repeats a request id when it retries: a second START or REPORT, or a line well
 * after the REPORT, is another invocation's. */
static bool fits(const struct invocation *v, enum line_kind kind, int64_t time_ms)
{
    bool reported = (v->saw & SAW_REPORT) != 0;
    if (kind == LINE_REPORT)
        return !reported && time_ms >= v->start_ms - STRAGGLE_MS;
    if (kind == LINE_START && (v->saw & SAW_START) != 0)
        return false;
    return !reported || time_ms <= end_of(v) + STRAGGLE_MS;
}

/* The invocation a line that names a request belongs to. */
static struct invocation *invocation_of(struct containers *c, struct container *k, const struct line *l,
                                        int64_t time_ms)
{
    uint32_t request = (uint32_t)hash_bytes(l->request.s, l->request.n, 0);
    struct invocation *v;
    uint64_t at = c->journal_cap > 0 ? *head_of(c, k->key, request) : 0;
    for (; (v = at_sequence(c, at)) != NULL; at = v->same)
        if (v->request == request && v->container == k->key && fits(v, l->kind, time_ms)) {
            stretch(v, time_ms);
            return v;
        }
    return invocation_new(c, k, request, time_ms);
}

/* Of a line that names none: the one that was running. */
static struct invocation *invocation_at(const struct containers *c, const struct container *k, int64_t time_ms)
{
    uint64_t at = k->newest_invocation;
    struct invocation *v, *latest = NULL;
    for (int i = 0; (k->disordered || i < LOOK_BACK) && (v = at_sequence(c, at)) != NULL; i++, at = v->previous)
        if (v->start_ms <= time_ms && (latest == NULL || v->start_ms > latest->start_ms)) {
            latest = v;
            if (!k->disordered)
                break; /* by arrival is by time */
        }
    return latest != NULL && ((latest->saw & SAW_REPORT) == 0 || time_ms <= end_of(latest)) ? latest : NULL;
}

static void count(struct containers *c, struct container *k, enum event_kind kind, int64_t time_ms, int by)
{
    tally_add(&c->tally, kind, time_ms, by);
    k->n[kind] += (uint32_t)by;
}

/* What the invocation is, by all that is known now. */
static enum event_kind judge(const struct containers *c, const struct container *k, struct invocation *v)
{
    if (marks_loose_fetch(&k->marks, v->start_ms, end_of(v)))
        v->saw |= SAW_FETCH; /* the mark may be lost later */
    if ((v->saw & SAW_REPORT) == 0 || (v->saw & SAW_FETCH) != 0)
        return EVENT_KINDS;
    struct held h = marks_held(&k->marks, end_of(v));
    if (h.poisoned)
        return EVENT_STALE_HIT;
    if (h.fetched_ms == TIME_UNKNOWN)
        return (v->saw & SAW_HIT) != 0 ? EVENT_HIT : EVENT_KINDS;
    return end_of(v) >= replaced_ms(c, h.fetched_ms) ? EVENT_STALE_HIT : EVENT_HIT;
}

static void judge_again(struct containers *c, struct container *k, struct invocation *v)
{
    enum event_kind now = judge(c, k, v);
    if (now == v->counted)
        return;
    if (v->counted != EVENT_KINDS)
        count(c, k, v->counted, end_of(v), -1);
    if (now != EVENT_KINDS)
        count(c, k, now, end_of(v), 1);
    v->counted = (unsigned char)now;
}

/* Something about the container at `from_ms` was learnt: its invocations since.  Where all
 * came in order, what is older than so many others is older than all that follow. */
static void judge_since(struct containers *c, struct container *k, int64_t from_ms)
{
    struct invocation *v;
    int older = 0;
    for (uint64_t at = k->newest_invocation;
         (k->disordered || older < LOOK_BACK) && (v = at_sequence(c, at)) != NULL && v->container == k->key;
         at = v->previous) {
        older = end_of(v) < from_ms ? older + 1 : 0;
        if (older == 0)
            judge_again(c, k, v);
    }
}

/* False: nothing is new. */
static bool note_move(struct containers *c, int64_t at_ms, const char *id)
{
    if (at_ms == current_since(c))
        return false;
    if (at_ms == TIME_UNKNOWN) {
        c->nmoves = 0;
        return true;
    }
    if (c->nmoves > 0 && strcmp(c->moves[c->nmoves - 1].id, id) == 0) /* the same move, known more exactly */
        c->nmoves--;
    while (c->nmoves > 0 && c->moves[c->nmoves - 1].at_ms >= at_ms)
        c->nmoves--;
    if (c->nmoves == MOVES_MAX)
        memmove(c->moves, c->moves + 1, --c->nmoves * sizeof *c->moves);
    c->moves[c->nmoves].at_ms = at_ms;
    (void)str_copy(c->moves[c->nmoves].id, sizeof c->moves[0].id, id);
    c->nmoves++;
    return true;
}

void containers_label_moved(struct containers *c, int64_t current_since_ms, const char *current_id)
{
    if (!note_move(c, current_since_ms, current_id))
        return;
    uint64_t kept = c->sequence < c->journal_cap ? c->sequence : c->journal_cap;
    for (uint64_t s = c->sequence - kept; s < c->sequence; s++) {
        struct invocation *v = &c->journal[s & (c->journal_cap - 1)];
        if (c->all[v->container - 1] != NULL)
            judge_again(c, c->all[v->container - 1], v);
    }
}

/* ---------------------------------------------------------------- feeding */

/* One cold start a life: at its INIT_START, or where that was not seen at the first
 * REPORT that tells of one.  A late INIT_START moves the count, and may split a life. */
static void count_cold_starts(struct containers *c, struct container *k)
{
    bool seen = false, beyond = k->marks.lost; /* beyond: the life's INIT_START may be lost */
    for (int i = 0; i < k->marks.n; i++) {
        struct mark *m = &k->marks.all[i];
        if (m->kind != MARK_BEGIN && m->kind != MARK_COLD)
            continue;
        if (m->kind == MARK_BEGIN)
            seen = beyond = false;
        bool wanted = beyond ? m->counted : !seen && !m->history;
        seen |= wanted;
        if (m->counted != wanted)
            count(c, k, EVENT_COLD_START, m->time_ms, wanted ? 1 : -1);
        m->counted = wanted;
    }
}

static void began(struct containers *c, struct container *k, int64_t time_ms, bool history, struct line_effect *out)
{
    marks_put(&k->marks, MARK_BEGIN, time_ms, history, false);
    count_cold_starts(c, k);
    judge_since(c, k, time_ms);
    out->kind = history ? EVENT_KINDS : EVENT_COLD_START;
}

static void fetched(struct containers *c, struct container *k, const struct line *l, int64_t time_ms, bool history)
{
    marks_put(&k->marks, MARK_FETCH, time_ms, history, l->request.n == 0 && !l->in_init);
    if (l->request.n > 0 && !history) {
        struct invocation *v = invocation_of(c, k, l, time_ms);
        v->saw |= SAW_FETCH;
        judge_again(c, k, v);
    }
    judge_since(c, k, time_ms);
}

static void fell_back(struct containers *c, struct container *k, int64_t time_ms, bool history)
{
    marks_put(&k->marks, MARK_FALLBACK, time_ms, history, false);
    judge_since(c, k, time_ms);
}

static void started(struct containers *c, struct container *k, const struct line *l, int64_t time_ms)
{
    struct invocation *v = invocation_of(c, k, l, time_ms);
    v->saw |= SAW_START;
    judge_again(c, k, v); /* it began earlier than thought: a fetch may lie within it */
}

static void reported(struct containers *c, struct container *k, const struct line *l, int64_t time_ms,
                     struct line_effect *out)
{
    struct invocation *v = invocation_of(c, k, l, time_ms);
    int64_t took = time_ms - v->start_ms;
    if (l->has_init_duration) {
        marks_put(&k->marks, MARK_COLD, time_ms, false, false);
        count_cold_starts(c, k);
    }
    v->saw |= SAW_REPORT;
    v->took_ms = took > UINT32_MAX ? UINT32_MAX : (uint32_t)took;
    count(c, k, EVENT_INVOCATION, time_ms, 1);
    if (l->failed)
        count(c, k, EVENT_FAILURE, time_ms, 1);
    judge_again(c, k, v);
    out->kind = v->counted != EVENT_KINDS ? (enum event_kind)v->counted : EVENT_INVOCATION;
    out->flags |= v->counted == EVENT_HIT && (v->saw & SAW_HIT) == 0 ? EVENT_INFERRED : 0;
    out->flags |= v->counted == EVENT_STALE_HIT ? EVENT_STALE : 0;
}

static void said(struct containers *c, struct container *k, const struct line *l, int64_t time_ms, bool history,
                 struct line_effect *out)
{
    if (l->event == EVENT_HIT) { /* counted once, when its invocation is reported */
        struct invocation *v = history            ? NULL
                               : l->request.n > 0 ? invocation_of(c, k, l, time_ms)
                                                  : invocation_at(c, k, time_ms);
        if (v != NULL) {
            v->saw |= SAW_HIT;
            judge_again(c, k, v);
        }
        return;
    }
    if (!history) {
        count(c, k, l->event, time_ms, 1);
        out->kind = l->event;
    }
    if (l->event == EVENT_FETCH)
        fetched(c, k, l, time_ms, history);
    else if (l->event == EVENT_FALLBACK)
        fell_back(c, k, time_ms, history);
}

void containers_feed(struct containers *c, size_t group, struct slice stream, const struct line *l, int64_t time_ms,
                     bool history, struct line_effect *out)
{
    struct container *k = find(c, group, stream);
    *out = (struct line_effect){.kind = EVENT_KINDS, .holds = ""};
    if (k == NULL && history)
        return; /* a container that ended before the counted range is none of ours */
    if (k == NULL)
        k = add(c, group, stream);
    c->latest = k;
    out->container = k->key;
    time_ms = time_ms < 0 ? 0 : time_ms > TIME_MAX_MS ? TIME_MAX_MS : time_ms;
    k->disordered |= time_ms < k->last_ms - STRAGGLE_MS;
    if (l->kind == LINE_INIT)
        began(c, k, time_ms, history, out);
    else if (l->kind == LINE_START && !history)
        started(c, k, l, time_ms);
    else if (l->kind == LINE_REPORT && !history)
        reported(c, k, l, time_ms, out);
    else if (l->kind == LINE_EVENT)
        said(c, k, l, time_ms, history, out);
    else if (l->kind == LINE_OTHER && !history) {
        count(c, k, EVENT_OTHER, time_ms, 1);
        out->kind = EVENT_OTHER;
    }
    if (out->kind != EVENT_KINDS) {
        struct held h = marks_held(&k->marks, time_ms);
        out->holds = holds_words(c, &h);
    }
    k->disordered |= time_ms < k->last_ms - STRAGGLE_MS;
    if (time_ms > k->last_ms)
        k->last_ms = time_ms;
    if (k->started_ms == TIME_UNKNOWN || time_ms < k->started_ms)
        k->started_ms = time_ms;
}

/* A count of a longer time, evenly over its half minutes. */
static void count_spread(struct containers *c, struct container *k, enum event_kind kind, const struct counted_span *s,
                         uint32_t n)
{
    uint32_t steps = (uint32_t)((s->to_ms - s->from_ms + SERIES_STEP_MS - 1) / SERIES_STEP_MS), left = n;
    for (uint32_t i = 0; i < steps && left > 0; i++) {
        uint32_t here = left / (steps - i) + (left % (steps - i) > 0);
        count(c, k, kind, s->from_ms + (int64_t)i * SERIES_STEP_MS, (int)here);
        left -= here;
    }
}

void containers_feed_span(struct containers *c, size_t group, struct slice stream, const struct counted_span *s)
{
    struct container *k = find(c, group, stream);
    if (k == NULL)
        k = add(c, group, stream);
    c->latest = k;
    struct held h = marks_held(&k->marks, s->to_ms - 1);
    uint32_t using = s->invocations > s->fetching ? s->invocations - s->fetching : 0;
    bool replaced = s->from_ms >= replaced_ms(c, h.fetched_ms);
    count_spread(c, k, EVENT_INVOCATION, s, s->invocations);
    if (h.poisoned)
        count_spread(c, k, EVENT_STALE_HIT, s, using);
    else if (h.fetched_ms == TIME_UNKNOWN)
        count_spread(c, k, EVENT_HIT, s, s->hits < using ? s->hits : using);
    else
        count_spread(c, k, replaced ? EVENT_STALE_HIT : EVENT_HIT, s, using);
    if (s->invocations > 0 && s->to_ms - 1 > k->last_ms)
        k->last_ms = s->to_ms - 1;
    if (k->started_ms == TIME_UNKNOWN || s->from_ms < k->started_ms)
        k->started_ms = s->from_ms;
}

/* --------------------------------------------------------------- snapshot */

static enum container_state state_of(const struct containers *c, const struct container *k, int64_t now_ms)
{
    struct held h = marks_held(&k->marks, INT64_MAX);
    int64_t quiet = now_ms - k->last_ms;
    if (h.poisoned)
        return quiet > POISONED_SILENT_MS ? CONTAINER_SILENT : CONTAINER_POISONED;
    if (quiet > SILENT_MS)
        return CONTAINER_SILENT;
    if (h.fetched_ms == TIME_UNKNOWN)
        return CONTAINER_UNKNOWN;
    int64_t replaced = replaced_ms(c, h.fetched_ms);
    if (replaced == INT64_MAX)
        return CONTAINER_CURRENT;
    return k->last_ms < replaced ? CONTAINER_SILENT : CONTAINER_STALE;
}

static void fill_row(const struct containers *c, const struct container *k, const char *const *groups, int64_t now_ms,
                     struct container_row *r)
{
    struct held h = marks_held(&k->marks, INT64_MAX);
    *r = (struct container_row){
        .key = k->key,
        .state = state_of(c, k, now_ms),
        .started_ms = h.began_ms,
        .fetched_ms = h.fetched_ms,
        .last_ms = k->last_ms,
        .fell_back_ms = h.fell_back_ms,
        .cold_starts = k->n[EVENT_COLD_START],
        .fetches = k->n[EVENT_FETCH],
        .invocations = k->n[EVENT_INVOCATION],
        .hits = k->n[EVENT_HIT],
        .stale_hits = k->n[EVENT_STALE_HIT],
        .fallbacks = k->n[EVENT_FALLBACK],
        .fetch_errors = k->n[EVENT_FETCH_ERROR],
        .db_errors = k->n[EVENT_DB_ERROR],
    };
    r->in_doubt = h.fetched_ms != TIME_UNKNOWN && c->nmoves > 0 && llabs(h.fetched_ms - current_since(c)) < IN_DOUBT_MS;
    (void)str_copy(r->holds, sizeof r->holds, holds_words(c, &h));
    text_safe(r->stream, sizeof r->stream, k->stream, k->stream_len);
    text_safe(r->group, sizeof r->group, groups[k->group], strlen(groups[k->group]));
}

/* Worst first: poisoned, stale, unknown, current, silent; then the one heard of last. */
static int rank(enum container_state s)
{
    switch (s) {
    case CONTAINER_POISONED:
        return 0;
    case CONTAINER_STALE:
        return 1;
    case CONTAINER_UNKNOWN:
        return 2;
    case CONTAINER_CURRENT:
        return 3;
    case CONTAINER_SILENT:
        return 4;
    }
    return 5;
}

static int worse(const void *a, const void *b)
{
    const struct container_row *x = a, *y = b;
    if (rank(x->state) != rank(y->state))
        return rank(x->state) - rank(y->state);
    if (x->last_ms != y->last_ms)
        return x->last_ms > y->last_ms ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

void containers_fill(const struct containers *c, const char *const *groups, int64_t now_ms, struct log_snap *out)
{
    struct container_row *rows = mem_array(c->alive > 0 ? c->alive : 1, sizeof *rows);
    size_t n = 0, by_state[CONTAINER_UNKNOWN + 1] = {0};
    for (size_t i = 0; i < c->n; i++)
        if (c->all[i] != NULL) {
            fill_row(c, c->all[i], groups, now_ms, &rows[n]);
            by_state[rows[n++].state]++;
        }
    qsort(rows, n, sizeof *rows, worse);
    out->containers = rows;
    out->ncontainers = n;
    out->current = by_state[CONTAINER_CURRENT];
    out->stale = by_state[CONTAINER_STALE];
    out->poisoned = by_state[CONTAINER_POISONED];
    out->silent = by_state[CONTAINER_SILENT];
    out->active = n - out->silent;
    out->containers_forgotten = c->forgotten;
    tally_series(&c->tally, now_ms, out);
}

size_t containers_unexplained(struct containers *c, size_t group, struct slice *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n && n < max; i++) {
        struct container *k = c->all[i];
        if (k == NULL || k->group != group || k->asked || marks_explain(&k->marks, k->started_ms))
            continue;
        k->asked = true;
        out[n++] = (struct slice){k->stream, k->stream_len};
    }
    return n;
}
