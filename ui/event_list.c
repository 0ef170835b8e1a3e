#include "ui/event_list.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define TODO_KEPT 1024
#define ROWS_A_LOOK 128 /* between two looks at the clock */

struct event_known {
    const struct log_snap *snap;
    uint64_t generation;
    const struct event_chunk **chunks;
    size_t n, cap;
};

struct event_todo {
    const struct event_chunk *chunk;
    size_t env, left; /* its rows [0, left) */
    int64_t newest_ms;
};

static const char *const helps[EVENT_KINDS] = {
#define EVENT(id, word, name, help) help,
#include "backend/events.def"
#undef EVENT
};

const char *event_help(enum event_kind kind)
{
    return kind < EVENT_KINDS ? helps[kind] : "";
}

/* ------------------------------------------------------------ a filter */

enum {
    ASKED_ENV,
    ASKED_KIND,
    ASKED_HOLDS,
    ASKED_STREAM,
    ASKED_REQUEST,
    ASKED_TEXT,
    ASKED_MARK,
    ASKED_TIME,
    ASKED_DELAY
};

static const struct filter_column columns[] = {
    [ASKED_ENV] = {"env", FILTER_TEXT, false},         [ASKED_KIND] = {"kind", FILTER_TEXT, false},
    [ASKED_HOLDS] = {"holds", FILTER_TEXT, false},     [ASKED_STREAM] = {"stream", FILTER_TEXT, false},
    [ASKED_REQUEST] = {"request", FILTER_TEXT, false}, [ASKED_TEXT] = {"text", FILTER_TEXT, false},
    [ASKED_MARK] = {"mark", FILTER_TEXT, false},       [ASKED_TIME] = {"time", FILTER_TIME, true},
    [ASKED_DELAY] = {"delay", FILTER_DURATION, true},
};
const struct filter_columns event_columns = {columns, ARRAY_LEN(columns)};

static const char *mark_words(unsigned flags)
{
    static const char *const words[] = {"",      "inferred",       "late",       "inferred late",
                                        "stale", "inferred stale", "late stale", "inferred late stale"};
    return words[flags & (EVENT_INFERRED | EVENT_LATE | EVENT_STALE)];
}

bool event_matches(const struct event_row *row, const struct env_view *env, const struct filter *filter)
{
    const struct filter_value values[] = {
        [ASKED_ENV] = {env->conf->name, 0},
        [ASKED_KIND] = {event_word(row->kind), 0},
        [ASKED_HOLDS] = {row->holds, 0},
        [ASKED_STREAM] = {row->stream, 0},
        [ASKED_REQUEST] = {row->request, 0},
        [ASKED_TEXT] = {row->text, 0},
        [ASKED_MARK] = {mark_words(row->flags), 0},
        [ASKED_TIME] = {NULL, row->time_ms},
        [ASKED_DELAY] = {NULL, row->ingested_ms < 0 ? FILTER_UNKNOWN : row->ingested_ms - row->time_ms},
    };
    return !filter || filter_matches(filter, values);
}

const struct container_row *event_container(const struct env_view *env, uint32_t key)
{
    for (size_t i = 0; env->logs && i < env->logs->ncontainers; i++)
        if (env->logs->containers[i].key == key)
            return &env->logs->containers[i];
    return NULL;
}

static bool wanted(const struct event_row *row, const struct env_view *env, const struct event_wish *w)
{
    return (w->kinds & (1u << row->kind)) && (w->container == 0 || w->container == row->container) &&
           event_matches(row, env, w->filter);
}

static bool wants_env(const struct event_wish *w, size_t env)
{
    return w->marked ? w->marked[env] : w->env == SIZE_MAX || w->env == env;
}

static int by_time(const void *pa, const void *pb)
{
    const struct event_ref *a = pa, *b = pb;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->env != b->env)
        return a->env < b->env ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* ---------------------------------------------------------- what came */

static void count(struct event_list *l, const struct event_chunk *c, int by)
{
    l->of += (size_t)by * c->nrows;
    for (size_t i = 0; i < c->nrows; i++) {
        l->count[c->rows[i].kind] += (uint64_t)(int64_t)by;
        l->late += c->rows[i].flags & EVENT_LATE ? (size_t)by : 0;
    }
}

static void push(struct event_list *l, const struct event_chunk *c, size_t env)
{
    if (l->ntodo == l->todo_cap) {
        l->todo_cap = l->todo_cap ? l->todo_cap * 2 : 64;
        l->todo = mem_grow(l->todo, l->todo_cap, sizeof(*l->todo));
    }
    l->todo[l->ntodo++] = (struct event_todo){c, env, c->nrows, c->nrows > 0 ? c->rows[c->nrows - 1].time_ms : 0};
    l->waiting += c->nrows;
}

static int by_newest(const void *pa, const void *pb)
{
    const struct event_todo *a = pa, *b = pb;
    return a->newest_ms < b->newest_ms ? -1 : a->newest_ms > b->newest_ms;
}

static void newest_first(struct event_list *l)
{
    if (l->ntodo > 0)
        qsort(l->todo, l->ntodo, sizeof(*l->todo), by_newest);
}

static void look_again(struct event_list *l)
{
    l->nall = l->ntodo = l->waiting = 0;
    for (size_t env = 0; env < l->nknown; env++)
        for (size_t i = 0; i < l->known[env].n; i++)
            push(l, l->known[env].chunks[i], env);
    newest_first(l);
}

static void learn(struct event_list *l, struct event_known *k, const struct event_chunk *c, size_t env)
{
    if (k->n == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 8;
        k->chunks = mem_grow((void *)(uintptr_t)k->chunks, k->cap, sizeof(*k->chunks));
    }
    k->chunks[k->n++] = c;
    count(l, c, 1);
    push(l, c, env);
}

/* ---------------------------------------------------------- what went */

struct gone {
    const struct event_chunk **chunks;
    size_t n, cap;
};

static void forget(struct event_list *l, struct event_known *k, size_t first, struct gone *gone)
{
    for (size_t i = 0; i < first; i++) {
        count(l, k->chunks[i], -1);
        if (gone->n == gone->cap) {
            gone->cap = gone->cap ? gone->cap * 2 : 16;
            gone->chunks = mem_grow((void *)(uintptr_t)gone->chunks, gone->cap, sizeof(*gone->chunks));
        }
        gone->chunks[gone->n++] = k->chunks[i];
    }
    k->n -= first;
    if (k->n > 0)
        memmove((void *)(uintptr_t)k->chunks, (const void *)(uintptr_t)(k->chunks + first), k->n * sizeof(*k->chunks));
}

static int by_place(const void *pa, const void *pb)
{
    const struct event_chunk *const *a = pa, *const *b = pb;
    return (*a)->rows < (*b)->rows ? -1 : (*a)->rows > (*b)->rows;
}

static bool is_gone(const struct gone *gone, const struct event_row *row)
{
    size_t from = 0, to = gone->n; /* the last chunk that begins at or before the row */
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (gone->chunks[mid]->rows <= row)
            from = mid + 1;
        else
            to = mid;
    }
    return from > 0 && row < gone->chunks[from - 1]->rows + gone->chunks[from - 1]->nrows;
}

static void drop_gone(struct event_list *l, struct gone *gone)
{
    size_t n = 0, ntodo = 0;
    if (gone->n == 0)
        return;
    qsort((void *)(uintptr_t)gone->chunks, gone->n, sizeof(*gone->chunks), by_place);
    for (size_t i = 0; i < l->nall; i++)
        if (!is_gone(gone, l->all[i].row))
            l->all[n++] = l->all[i];
    l->nall = n;
    for (size_t i = 0; i < l->ntodo; i++) {
        if (l->todo[i].chunk->nrows > 0 && is_gone(gone, l->todo[i].chunk->rows))
            l->waiting -= l->todo[i].left;
        else
            l->todo[ntodo++] = l->todo[i];
    }
    l->ntodo = ntodo;
    free((void *)(uintptr_t)gone->chunks);
}

/* A newer snapshot has the chunks of the one before, but for some at the front, and then
 * some more. */
static void take_env(struct event_list *l, const struct log_snap *s, size_t env, struct gone *gone)
{
    struct event_known *k = &l->known[env];
    size_t same = 0, first = 0;
    if (k->snap == s && (!s || k->generation == s->snap.generation))
        return;
    k->snap = s;
    k->generation = s ? s->snap.generation : 0;
    while (first < k->n && (!s || s->nchunks == 0 || k->chunks[first] != s->chunks[0]))
        first++;
    while (first + same < k->n && same < s->nchunks && k->chunks[first + same] == s->chunks[same])
        same++;
    if (first + same < k->n) /* not what is expected: begin anew */
        first = k->n, same = 0;
    forget(l, k, first, gone);
    for (size_t i = same; s && i < s->nchunks; i++)
        learn(l, k, s->chunks[i], env);
}

/* ------------------------------------------------------------ looking */

static void room_for(struct event_list *l, size_t more)
{
    if (l->nall + more <= l->cap)
        return;
    l->cap = (l->nall + more) * 2;
    l->all = mem_grow(l->all, l->cap, sizeof(*l->all));
}

/* What was just added, from `old` on, goes where its time puts it. */
static void merge(struct event_list *l, size_t old)
{
    size_t fresh = l->nall - old;
    if (fresh == 0)
        return;
    qsort(l->all + old, fresh, sizeof(*l->all), by_time);
    if (old == 0 || by_time(&l->all[old - 1], &l->all[old]) <= 0)
        return;
    struct event_ref *added = (struct event_ref *)(void *)mem_copy_bytes(l->all + old, fresh * sizeof(*added));
    for (size_t at = l->nall; fresh > 0; at--)
        l->all[at - 1] = old > 0 && by_time(&l->all[old - 1], &added[fresh - 1]) > 0 ? l->all[--old] : added[--fresh];
    free(added);
}

static void look(struct event_list *l, const struct board *b, const struct event_wish *w, int64_t until)
{
    size_t old = l->nall, looked = 0;
    while (l->ntodo > 0) {
        struct event_todo *t = &l->todo[l->ntodo - 1];
        size_t rows = t->left < ROWS_A_LOOK ? t->left : ROWS_A_LOOK;
        room_for(l, rows);
        for (size_t i = 0; i < rows; i++) {
            const struct event_row *row = &t->chunk->rows[t->left - 1 - i];
            if (wanted(row, &b->envs[t->env], w))
                l->all[l->nall++] = (struct event_ref){row, t->env, row->time_ms};
        }
        t->left -= rows;
        l->waiting -= rows;
        looked += rows;
        l->ntodo -= t->left == 0 ? 1 : 0;
        if (looked >= ROWS_A_LOOK && clock_mono_ms(clock_real()) >= until)
            break;
        looked = looked >= ROWS_A_LOOK ? 0 : looked;
    }
    if (l->ntodo == 0 && l->todo_cap > TODO_KEPT) { /* a first look needs far more than what comes later */
        free(l->todo);
        l->todo = NULL;
        l->todo_cap = 0;
    }
    merge(l, old);
    if (l->nall > EVENT_LIST_MAX) {
        memmove(l->all, l->all + (l->nall - EVENT_LIST_MAX), EVENT_LIST_MAX * sizeof(*l->all));
        l->nall = EVENT_LIST_MAX;
    }
}

/* How many are before this moment. */
static size_t before(const struct event_list *l, int64_t ms)
{
    size_t from = 0, to = l->nall;
    while (from < to) {
        size_t mid = (from + to) / 2;
        if (l->all[mid].time_ms < ms)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

static bool same_envs(const struct event_list *l, const struct board *b, const struct event_wish *w)
{
    if (l->nknown != b->n || l->seen.env != w->env || (l->seen_marked != NULL) != (w->marked != NULL))
        return false;
    return !w->marked || memcmp(l->seen_marked, w->marked, b->n * sizeof(*w->marked)) == 0;
}

void event_list_update(struct event_list *l, const struct board *b, const struct event_wish *wish, int budget_ms)
{
    struct gone gone = {0};
    int64_t until = budget_ms > 0 ? clock_mono_ms(clock_real()) + budget_ms : INT64_MAX;
    bool anew = !same_envs(l, b, wish);
    if (anew) {
        event_list_clear(l);
        l->nknown = b->n;
        l->known = mem_array(b->n + 1, sizeof(*l->known));
        l->seen_marked = wish->marked ? (bool *)mem_copy_bytes(wish->marked, b->n * sizeof(*wish->marked)) : NULL;
        l->seen = *wish;
    }
    for (size_t env = 0; env < b->n; env++)
        if (wants_env(wish, env))
            take_env(l, b->envs[env].logs, env, &gone);
    drop_gone(l, &gone);
    if (l->seen.container != wish->container || l->seen.kinds != wish->kinds || l->seen.turn != wish->turn)
        look_again(l);
    else if (anew)
        newest_first(l);
    l->seen = *wish;
    look(l, b, wish, until);
    bool always = wish->from_ms == 0 && wish->to_ms == 0;
    size_t from = always ? 0 : before(l, wish->from_ms), to = always ? l->nall : before(l, wish->to_ms);
    l->refs = l->all ? l->all + from : NULL;
    l->n = to > from ? to - from : 0;
}

struct event_key event_list_key(const struct event_list *l, size_t at)
{
    struct event_key key = {0};
    if (at >= l->n)
        return key;
    const struct event_row *row = l->refs[at].row;
    key = (struct event_key){row->time_ms, l->refs[at].env, row->kind, row->container, "", true};
    str_copy(key.request, sizeof(key.request), row->request);
    return key;
}

size_t event_list_find(const struct event_list *l, const struct event_key *key)
{
    size_t from = 0, to = l->n;
    while (key->some && from < to) {
        size_t mid = (from + to) / 2;
        if (l->refs[mid].time_ms < key->time_ms)
            from = mid + 1;
        else
            to = mid;
    }
    for (size_t i = from; i < l->n && l->refs[i].time_ms == key->time_ms; i++) {
        const struct event_row *row = l->refs[i].row;
        if (l->refs[i].env == key->env && row->kind == key->kind && row->container == key->container &&
            strcmp(row->request, key->request) == 0)
            return i;
    }
    return from < l->n || from == 0 ? from : l->n - 1;
}

void event_list_clear(struct event_list *l)
{
    for (size_t i = 0; i < l->nknown; i++)
        free((void *)(uintptr_t)l->known[i].chunks);
    free(l->known);
    free(l->todo);
    free(l->all);
    free(l->seen_marked);
    *l = (struct event_list){0};
}

/* -------------------------------------------------------- the newest few */

/* `out` is newest first; a row older than a full list's last is not for it. */
static size_t keep_newest(struct event_ref *out, size_t n, size_t max, struct event_ref ref)
{
    size_t at = n;
    while (at > 0 && by_time(&out[at - 1], &ref) < 0)
        at--;
    if (at >= max)
        return n;
    size_t moved = (n < max ? n : max - 1) - at;
    memmove(&out[at + 1], &out[at], moved * sizeof(*out));
    out[at] = ref;
    return n < max ? n + 1 : n;
}

size_t event_list_newest(const struct board *b, const struct event_wish *wish, struct event_ref *out, size_t max)
{
    size_t n = 0;
    for (size_t env = 0; env < b->n && max > 0; env++) {
        const struct log_snap *s = wants_env(wish, env) ? b->envs[env].logs : NULL;
        for (size_t c = s ? s->nchunks : 0; c-- > 0;) {
            const struct event_chunk *chunk = s->chunks[c];
            for (size_t i = chunk->nrows; i-- > 0;) {
                const struct event_row *row = &chunk->rows[i];
                if (n == max && row->time_ms < out[n - 1].time_ms)
                    break; /* the chunk's other rows are older still */
                if (wanted(row, &b->envs[env], wish))
                    n = keep_newest(out, n, max, (struct event_ref){row, env, row->time_ms});
            }
        }
    }
    return n;
}
