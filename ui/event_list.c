#include "ui/event_list.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "ui/format.h"

static const char *const helps[EVENT_KINDS] = {
#define EVENT(id, word, name, help) help,
#include "backend/events.def"
#undef EVENT
};

const char *event_help(enum event_kind kind)
{
    return kind < EVENT_KINDS ? helps[kind] : "";
}

bool event_matches(const struct event_row *row, const struct env_view *env, const char *filter)
{
    const char *texts[] = {row->text, event_word(row->kind), env->conf->name, row->stream, row->request};
    return *filter == '\0' || format_matches(filter, texts, ARRAY_LEN(texts));
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

static void add(struct event_list *l, const struct event_row *row, size_t env)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 512;
        l->refs = mem_grow(l->refs, l->cap, sizeof(*l->refs));
    }
    l->refs[l->n++] = (struct event_ref){row, env};
}

static void add_env(struct event_list *l, const struct board *b, size_t env, const struct event_wish *w)
{
    const struct log_snap *s = b->envs[env].logs;
    for (size_t c = 0; s && c < s->nchunks; c++) {
        for (size_t i = 0; i < s->chunks[c]->nrows; i++) {
            const struct event_row *row = &s->chunks[c]->rows[i];
            l->of++;
            l->count[row->kind]++;
            l->late += row->flags & EVENT_LATE ? 1 : 0;
            if (wanted(row, &b->envs[env], w))
                add(l, row, env);
        }
    }
}

static int by_time(const void *pa, const void *pb)
{
    const struct event_ref *a = pa, *b = pb;
    if (a->row->time_ms != b->row->time_ms)
        return a->row->time_ms < b->row->time_ms ? -1 : 1;
    if (a->env != b->env)
        return a->env < b->env ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

void event_list_build(struct event_list *l, const struct board *b, const struct event_wish *wish)
{
    l->n = l->of = l->late = 0;
    memset(l->count, 0, sizeof(l->count));
    for (size_t env = 0; env < b->n; env++)
        if (wish->env == SIZE_MAX || wish->env == env)
            add_env(l, b, env, wish);
    bool sorted = true;
    for (size_t i = 1; i < l->n && sorted; i++)
        sorted = by_time(&l->refs[i - 1], &l->refs[i]) <= 0;
    if (!sorted)
        qsort(l->refs, l->n, sizeof(*l->refs), by_time);
    if (l->n > EVENT_LIST_MAX) {
        memmove(l->refs, l->refs + (l->n - EVENT_LIST_MAX), EVENT_LIST_MAX * sizeof(*l->refs));
        l->n = EVENT_LIST_MAX;
    }
}

void event_list_clear(struct event_list *l)
{
    free(l->refs);
    *l = (struct event_list){0};
}

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
        const struct log_snap *s = wish->env == SIZE_MAX || wish->env == env ? b->envs[env].logs : NULL;
        for (size_t c = s ? s->nchunks : 0; c-- > 0;) {
            const struct event_chunk *chunk = s->chunks[c];
            for (size_t i = chunk->nrows; i-- > 0;) {
                const struct event_row *row = &chunk->rows[i];
                if (n == max && row->time_ms < out[n - 1].row->time_ms)
                    break; /* the chunk's other rows are older still */
                if (wanted(row, &b->envs[env], wish))
                    n = keep_newest(out, n, max, (struct event_ref){row, env});
            }
        }
    }
    return n;
}
