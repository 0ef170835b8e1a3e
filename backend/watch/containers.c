#include "backend/watch/containers.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define LIVES_MAX 4
#define LOOK_BACK 64            /* invocations of one container that may be open at once */
#define POISONED_SILENT_MS (60 * 60 * 1000)
#define FORGET_MS (6 * 60 * 60 * 1000)

/* From one INIT_START to the next. */
struct life {
    int64_t began_ms;           /* INIT_START; TIME_UNKNOWN for the life that was running when we came */
    int64_t first_fetch_ms, fetch_ms, fell_back_ms;
    bool cold_counted;
};

struct container {
    char *stream;               /* as it came, NUL-terminated */
    size_t stream_len, group;
    uint32_t key;               /* index in the table + 1, never reused */
    bool asked;                 /* its past has been looked up */
    int64_t last_ms, started_ms;
    uint64_t newest_invocation; /* journal sequence + 1; 0 none */
    struct life lives[LIVES_MAX];
    int nlives;
    uint32_t n[EVENT_KINDS];
};

enum { SAW_REPORT = 1, SAW_FETCH = 2, SAW_HIT = 4 };

/* One invocation: made at the first line that names its request id. */
struct invocation {
    int64_t time_ms;            /* START, then REPORT */
    uint64_t previous;          /* of the same container: sequence + 1; 0 none */
    uint32_t container;         /* key */
    uint32_t request;           /* hash of the request id */
    unsigned saw;
    enum event_kind counted;    /* HIT, STALE_HIT, or EVENT_KINDS: neither */
};

struct containers {
    struct container **all;     /* by key - 1; NULL when forgotten */
    size_t n, cap, alive;
    uint32_t *table;            /* open addressing: keys, 0 empty */
    size_t table_size;          /* a power of two */
    struct invocation *journal; /* ring */
    size_t journal_cap;
    uint64_t sequence;          /* invocations made so far */
    struct tally tally;
    int64_t current_since_ms, previous_created_ms;
    char current_id[65], previous_id[65];
    uint64_t forgotten;
};

struct containers *containers_new(void)
{
    struct containers *c = mem_new(sizeof *c);
    c->current_since_ms = c->previous_created_ms = TIME_UNKNOWN;
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
    free(c);
    return NULL;
}

const struct tally *containers_tally(const struct containers *c) { return &c->tally; }

static uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = 0xcbf29ce484222325u ^ seed;   /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        h = (h ^ s[i]) * 0x100000001b3u;
    return h ^ (h >> 29);
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

static struct container *find(const struct containers *c, size_t group, struct slice stream)
{
    if (c->table_size == 0)
        return NULL;
    size_t i = hash_bytes(stream.s, stream.n, group) & (c->table_size - 1);
    for (; c->table[i] != 0; i = (i + 1) & (c->table_size - 1)) {
        struct container *k = c->all[c->table[i] - 1];
        if (k != NULL && k->group == group && k->stream_len == stream.n && memcmp(k->stream, stream.s, stream.n) == 0)
            return k;
    }
    return NULL;
}

/* Makes room: everything silent for hours, and the longest silent when that is not enough. */
static void forget_some(struct containers *c, int64_t now_ms)
{
    int64_t limit = now_ms - FORGET_MS;
    for (int pass = 0; pass < 8 && c->alive >= CONTAINERS_MAX; pass++, limit += FORGET_MS / 8)
        for (size_t i = 0; i < c->n; i++)
            if (c->all[i] != NULL && c->all[i]->last_ms < limit) {
                free(c->all[i]->stream);
                MEM_FREE(c->all[i]);
                c->alive--;
                c->forgotten++;
            }
    table_rebuild(c, c->table_size);
}

static struct life new_life(int64_t began_ms)
{
    return (struct life){began_ms, TIME_UNKNOWN, TIME_UNKNOWN, TIME_UNKNOWN, false};
}

static struct container *add(struct containers *c, size_t group, struct slice stream, int64_t time_ms)
{
    if (c->alive >= CONTAINERS_MAX)
        forget_some(c, time_ms);
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
    k->lives[0] = new_life(TIME_UNKNOWN);
    k->nlives = 1;
    c->all[c->n++] = k;
    c->alive++;
    if ((c->alive + 1) * 2 > c->table_size)
        table_rebuild(c, c->table_size == 0 ? 32 : c->table_size * 2);
    else
        table_put(c, k);
    return k;
}

/* ------------------------------------------------------------------ lives */

static struct life *life_at(struct container *k, int64_t time_ms)
{
    int i = k->nlives - 1;
    while (i > 0 && k->lives[i].began_ms > time_ms)
        i--;
    return &k->lives[i];
}

/* INIT_START at this time.  The first one we see of a container whose other lines are
 * all later is the beginning of the life we know. */
static struct life *life_begin(struct container *k, int64_t time_ms)
{
    struct life *first = &k->lives[0];
    bool nothing_before = (k->started_ms == TIME_UNKNOWN || time_ms <= k->started_ms);
    if (first->began_ms == TIME_UNKNOWN && nothing_before) {
        first->began_ms = time_ms;
        return first;
    }
    int at = k->nlives;
    while (at > 0 && k->lives[at - 1].began_ms > time_ms)
        at--;
    if (at > 0 && k->lives[at - 1].began_ms == time_ms)
        return &k->lives[at - 1];
    if (k->nlives == LIVES_MAX) {   /* the oldest goes; when that is this one, it stands for it */
        if (at == 0)
            return &k->lives[0];
        memmove(&k->lives[0], &k->lives[1], (LIVES_MAX - 1) * sizeof k->lives[0]);
        k->nlives--;
        at--;
    }
    memmove(&k->lives[at + 1], &k->lives[at], (size_t)(k->nlives - at) * sizeof k->lives[0]);
    k->lives[at] = new_life(time_ms);
    k->nlives++;
    return &k->lives[at];
}

static bool is_poisoned(const struct life *l, int64_t time_ms)
{
    return l->fell_back_ms != TIME_UNKNOWN && l->fell_back_ms <= time_ms && l->fetch_ms <= l->fell_back_ms;
}

/* When what the life held at this time was fetched. */
static int64_t fetched_before(const struct life *l, int64_t time_ms)
{
    if (l->fetch_ms != TIME_UNKNOWN && l->fetch_ms <= time_ms)
        return l->fetch_ms;
    return l->first_fetch_ms != TIME_UNKNOWN && l->first_fetch_ms <= time_ms ? l->first_fetch_ms : TIME_UNKNOWN;
}

void containers_versions(struct containers *c, const char *current_id, const char *previous_id,
                         int64_t previous_created_ms)
{
    (void)str_copy(c->current_id, sizeof c->current_id, current_id);
    (void)str_copy(c->previous_id, sizeof c->previous_id, previous_id);
    c->previous_created_ms = previous_created_ms;
}

/* A fetch gets what AWSCURRENT names then; the line itself names no version. */
static const char *holds_at(const struct containers *c, const struct life *l, int64_t time_ms)
{
    if (is_poisoned(l, time_ms))
        return "env";
    int64_t fetched = fetched_before(l, time_ms);
    if (fetched == TIME_UNKNOWN || c->current_since_ms == TIME_UNKNOWN)
        return "";
    if (fetched >= c->current_since_ms)
        return c->current_id;
    return c->previous_created_ms != TIME_UNKNOWN && fetched >= c->previous_created_ms ? c->previous_id : "";
}

/* ---------------------------------------------------------------- journal */

static struct invocation *at_sequence(const struct containers *c, uint64_t plus_one)
{
    if (plus_one == 0 || c->sequence - (plus_one - 1) > c->journal_cap)
        return NULL;   /* none, or overwritten since */
    return &c->journal[(plus_one - 1) & (c->journal_cap - 1)];
}

static void journal_grow(struct containers *c)
{
    size_t old = c->journal_cap, cap = old == 0 ? 64 : old * 2;
    struct invocation *bigger = mem_array(cap, sizeof *bigger);
    for (uint64_t s = c->sequence - (c->sequence < old ? c->sequence : old); s < c->sequence; s++)
        bigger[s & (cap - 1)] = c->journal[s & (old - 1)];
    free(c->journal);
    c->journal = bigger;
    c->journal_cap = cap;
}

static struct invocation *invocation_new(struct containers *c, struct container *k, uint32_t request, int64_t time_ms)
{
    if (c->sequence >= c->journal_cap && c->journal_cap < INVOCATIONS_MAX)
        journal_grow(c);
    struct invocation *v = &c->journal[c->sequence & (c->journal_cap - 1)];
    *v = (struct invocation){.time_ms = time_ms, .previous = k->newest_invocation, .container = k->key,
                             .request = request, .counted = EVENT_KINDS};
    k->newest_invocation = ++c->sequence;
    return v;
}

/* The invocation a line belongs to.  Lambda repeats a request id when it retries, so a
 * START after the REPORT begins another one. */
static struct invocation *invocation_of(struct containers *c, struct container *k, const struct line *l, int64_t time_ms)
{
    uint32_t request = (uint32_t)hash_bytes(l->request.s, l->request.n, 0);
    uint64_t at = k->newest_invocation;
    struct invocation *v;
    for (int i = 0; i < LOOK_BACK && (v = at_sequence(c, at)) != NULL; i++, at = v->previous)
        if (v->request == request) {
            bool another = (v->saw & SAW_REPORT) != 0 && time_ms > v->time_ms &&
                           (l->kind == LINE_START || l->kind == LINE_REPORT);
            return another ? invocation_new(c, k, request, time_ms) : v;
        }
    return invocation_new(c, k, request, time_ms);
}

/* A line that names no request: the newest invocation begun and not yet reported. */
static struct invocation *invocation_open(const struct containers *c, const struct container *k, int64_t time_ms)
{
    uint64_t at = k->newest_invocation;
    struct invocation *v;
    for (int i = 0; i < LOOK_BACK && (v = at_sequence(c, at)) != NULL; i++, at = v->previous)
        if (v->time_ms <= time_ms)
            return (v->saw & SAW_REPORT) == 0 ? v : NULL;
    return NULL;
}

static void count(struct containers *c, struct container *k, enum event_kind kind, int64_t time_ms, int by)
{
    tally_add(&c->tally, kind, time_ms, by);
    k->n[kind] += (uint32_t)by;
}

/* What the invocation is, by all that is known now. */
static enum event_kind judge(const struct containers *c, struct container *k, const struct invocation *v)
{
    if ((v->saw & SAW_REPORT) == 0 || (v->saw & SAW_FETCH) != 0)
        return EVENT_KINDS;
    const struct life *l = life_at(k, v->time_ms);
    if (is_poisoned(l, v->time_ms))
        return EVENT_STALE_HIT;
    int64_t fetched = fetched_before(l, v->time_ms);
    if (fetched == TIME_UNKNOWN)
        return (v->saw & SAW_HIT) != 0 ? EVENT_HIT : EVENT_KINDS;
    bool replaced = c->current_since_ms != TIME_UNKNOWN && fetched < c->current_since_ms &&
                    v->time_ms >= c->current_since_ms;
    return replaced ? EVENT_STALE_HIT : EVENT_HIT;
}

static void judge_again(struct containers *c, struct container *k, struct invocation *v)
{
    enum event_kind now = judge(c, k, v);
    if (now == v->counted)
        return;
    if (v->counted != EVENT_KINDS)
        count(c, k, v->counted, v->time_ms, -1);
    if (now != EVENT_KINDS)
        count(c, k, now, v->time_ms, 1);
    v->counted = now;
}

/* Something about the container at `from_ms` was learnt: its invocations since. */
static void judge_since(struct containers *c, struct container *k, int64_t from_ms)
{
    struct invocation *v;
    for (uint64_t at = k->newest_invocation; (v = at_sequence(c, at)) != NULL && v->container == k->key; at = v->previous)
        if (v->time_ms >= from_ms)
            judge_again(c, k, v);
}

void containers_label_moved(struct containers *c, int64_t current_since_ms)
{
    if (current_since_ms == c->current_since_ms)
        return;
    c->current_since_ms = current_since_ms;
    uint64_t kept = c->sequence < c->journal_cap ? c->sequence : c->journal_cap;
    for (uint64_t s = c->sequence - kept; s < c->sequence; s++) {
        struct invocation *v = &c->journal[s & (c->journal_cap - 1)];
        if (c->all[v->container - 1] != NULL)
            judge_again(c, c->all[v->container - 1], v);
    }
}

/* ---------------------------------------------------------------- feeding */

static void cold_start(struct containers *c, struct container *k, struct life *l, int64_t time_ms, bool history,
                       struct line_effect *out)
{
    if (l->cold_counted)
        return;
    l->cold_counted = true;
    if (!history) {
        count(c, k, EVENT_COLD_START, time_ms, 1);
        out->kind = EVENT_COLD_START;
    }
}

static void fetched(struct containers *c, struct container *k, const struct line *l, int64_t time_ms)
{
    struct life *life = life_at(k, time_ms);
    if (life->first_fetch_ms == TIME_UNKNOWN || time_ms < life->first_fetch_ms)
        life->first_fetch_ms = time_ms;
    if (time_ms > life->fetch_ms)
        life->fetch_ms = time_ms;
    struct invocation *v = l->request.n > 0 ? invocation_of(c, k, l, time_ms)
                           : l->in_init     ? NULL
                                            : invocation_open(c, k, time_ms);
    if (v != NULL)
        v->saw |= SAW_FETCH;
    judge_since(c, k, v != NULL && v->time_ms < time_ms ? v->time_ms : time_ms);
}

static void fell_back(struct containers *c, struct container *k, int64_t time_ms)
{
    struct life *life = life_at(k, time_ms);
    if (time_ms > life->fell_back_ms)
        life->fell_back_ms = time_ms;
    judge_since(c, k, time_ms);
}

static void reported(struct containers *c, struct container *k, const struct line *l, int64_t time_ms, bool history,
                     struct line_effect *out)
{
    if (history)
        return;
    if (l->has_init_duration)
        cold_start(c, k, life_at(k, time_ms), time_ms, history, out);
    struct invocation *v = invocation_of(c, k, l, time_ms);
    v->saw |= SAW_REPORT;
    v->time_ms = time_ms;
    count(c, k, EVENT_INVOCATION, time_ms, 1);
    judge_again(c, k, v);
    out->kind = v->counted != EVENT_KINDS ? v->counted : EVENT_INVOCATION;
    out->flags |= v->counted == EVENT_HIT && (v->saw & SAW_HIT) == 0 ? EVENT_INFERRED : 0;
    out->flags |= v->counted == EVENT_STALE_HIT ? EVENT_STALE : 0;
}

static void said(struct containers *c, struct container *k, const struct line *l, int64_t time_ms, bool history,
                 struct line_effect *out)
{
    if (l->event == EVENT_HIT) {   /* counted once, when its invocation is reported */
        struct invocation *v = history          ? NULL
                               : l->request.n > 0 ? invocation_of(c, k, l, time_ms)
                                                  : invocation_open(c, k, time_ms);
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
        fetched(c, k, l, time_ms);
    else if (l->event == EVENT_FALLBACK)
        fell_back(c, k, time_ms);
}

void containers_feed(struct containers *c, size_t group, struct slice stream, const struct line *l, int64_t time_ms,
                     bool history, struct line_effect *out)
{
    struct container *k = find(c, group, stream);
    if (k == NULL)
        k = add(c, group, stream, time_ms);
    *out = (struct line_effect){.kind = EVENT_KINDS, .container = k->key, .holds = ""};
    if (l->kind == LINE_INIT)
        cold_start(c, k, life_begin(k, time_ms), time_ms, history, out);
    else if (l->kind == LINE_START && !history)
        (void)invocation_of(c, k, l, time_ms);
    else if (l->kind == LINE_REPORT)
        reported(c, k, l, time_ms, history, out);
    else if (l->kind == LINE_EVENT)
        said(c, k, l, time_ms, history, out);
    else if (l->kind == LINE_OTHER && !history) {
        count(c, k, EVENT_OTHER, time_ms, 1);
        out->kind = EVENT_OTHER;
    }
    out->holds = holds_at(c, life_at(k, time_ms), time_ms);
    if (time_ms > k->last_ms)
        k->last_ms = time_ms;
    if (k->started_ms == TIME_UNKNOWN || time_ms < k->started_ms)
        k->started_ms = time_ms;
}

/* --------------------------------------------------------------- snapshot */

static enum container_state state_of(const struct containers *c, const struct container *k, int64_t now_ms)
{
    const struct life *l = &k->lives[k->nlives - 1];
    int64_t quiet = now_ms - k->last_ms;
    if (is_poisoned(l, now_ms))
        return quiet > POISONED_SILENT_MS ? CONTAINER_SILENT : CONTAINER_POISONED;
    if (quiet > SILENT_MS)
        return CONTAINER_SILENT;
    if (l->fetch_ms == TIME_UNKNOWN)
        return CONTAINER_UNKNOWN;
    if (c->current_since_ms == TIME_UNKNOWN || l->fetch_ms >= c->current_since_ms)
        return CONTAINER_CURRENT;
    return k->last_ms < c->current_since_ms ? CONTAINER_SILENT : CONTAINER_STALE;
}

static void fill_row(const struct containers *c, const struct container *k, const char *const *groups, int64_t now_ms,
                     struct container_row *r)
{
    const struct life *l = &k->lives[k->nlives - 1];
    *r = (struct container_row){
        .key = k->key, .state = state_of(c, k, now_ms), .started_ms = l->began_ms, .fetched_ms = l->fetch_ms,
        .last_ms = k->last_ms, .fell_back_ms = l->fell_back_ms, .cold_starts = k->n[EVENT_COLD_START],
        .fetches = k->n[EVENT_FETCH], .invocations = k->n[EVENT_INVOCATION], .hits = k->n[EVENT_HIT],
        .stale_hits = k->n[EVENT_STALE_HIT], .fallbacks = k->n[EVENT_FALLBACK],
        .fetch_errors = k->n[EVENT_FETCH_ERROR], .db_errors = k->n[EVENT_DB_ERROR],
    };
    r->in_doubt = l->fetch_ms != TIME_UNKNOWN && c->current_since_ms != TIME_UNKNOWN &&
                  llabs(l->fetch_ms - c->current_since_ms) < IN_DOUBT_MS;
    (void)str_copy(r->holds, sizeof r->holds, holds_at(c, l, now_ms));
    text_safe(r->stream, sizeof r->stream, k->stream, k->stream_len);
    text_safe(r->group, sizeof r->group, groups[k->group], strlen(groups[k->group]));
}

/* Worst first: poisoned, stale, unknown, current, silent; then the one heard of last. */
static int rank(enum container_state s)
{
    switch (s) {
    case CONTAINER_POISONED: return 0;
    case CONTAINER_STALE: return 1;
    case CONTAINER_UNKNOWN: return 2;
    case CONTAINER_CURRENT: return 3;
    case CONTAINER_SILENT: return 4;
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
        if (k == NULL || k->group != group || k->asked)
            continue;
        const struct life *l = &k->lives[0];
        bool explained = l->began_ms != TIME_UNKNOWN || l->fetch_ms != TIME_UNKNOWN || l->fell_back_ms != TIME_UNKNOWN;
        if (explained && k->nlives == 1)
            continue;
        k->asked = true;
        if (!explained)
            out[n++] = (struct slice){k->stream, k->stream_len};
    }
    return n;
}
