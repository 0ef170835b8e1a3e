#include "tests/sandbox/awsim_store.h"

#include "backend/base/mem.h"

static void group_free(struct log_group *g)
{
    for (size_t i = 0; i < g->nevents; i++)
        free(g->events[i]);
    for (size_t i = 0; i < g->nstreams; i++) {
        free(g->streams[i]->name);
        free(g->streams[i]);
    }
    free(g->events);
    free(g->streams);
    free(g->name);
    free(g);
}

void store_clear(struct store *s)
{
    for (size_t i = 0; i < s->ngroups; i++)
        group_free(s->groups[i]);
    free(s->groups);
    *s = (struct store){0};
}

/* Where `name` is, or belongs, among n named things; *out_found tells which. */
static size_t name_place(const void *const *things, size_t n, const char *(*name_of)(const void *), const char *name,
                         bool *out_found)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(name_of(things[mid]), name) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *out_found = lo < n && strcmp(name_of(things[lo]), name) == 0;
    return lo;
}

static const char *group_name(const void *g)
{
    return ((const struct log_group *)g)->name;
}
static const char *stream_name(const void *s)
{
    return ((const struct log_stream *)s)->name;
}

struct log_group *store_group(const struct store *s, const char *name)
{
    bool found;
    size_t at = name_place((const void *const *)s->groups, s->ngroups, group_name, name, &found);
    return found ? s->groups[at] : NULL;
}

struct log_group *store_add_group(struct store *s, const char *name, int64_t now_ms)
{
    bool found;
    size_t at = name_place((const void *const *)s->groups, s->ngroups, group_name, name, &found);
    if (found)
        return s->groups[at];
    struct log_group *g = mem_new(sizeof *g);
    g->name = mem_copy_str(name);
    g->created_ms = now_ms;
    s->groups = mem_grow(s->groups, s->ngroups + 1, sizeof(struct log_group *));
    memmove(s->groups + at + 1, s->groups + at, (s->ngroups - at) * sizeof(struct log_group *));
    s->groups[at] = g;
    s->ngroups++;
    return g;
}

struct log_stream *group_stream(const struct log_group *g, const char *name)
{
    bool found;
    size_t at = name_place((const void *const *)g->streams, g->nstreams, stream_name, name, &found);
    return found ? g->streams[at] : NULL;
}

struct log_stream *group_add_stream(struct log_group *g, const char *name, int64_t now_ms)
{
    bool found;
    size_t at = name_place((const void *const *)g->streams, g->nstreams, stream_name, name, &found);
    if (found)
        return g->streams[at];
    struct log_stream *s = mem_new(sizeof *s);
    s->name = mem_copy_str(name);
    s->created_ms = now_ms;
    s->first_ms = s->last_ms = s->last_ingested_ms = -1;
    g->streams = mem_grow(g->streams, g->nstreams + 1, sizeof(struct log_stream *));
    memmove(g->streams + at + 1, g->streams + at, (g->nstreams - at) * sizeof(struct log_stream *));
    g->streams[at] = s;
    g->nstreams++;
    return s;
}

static int place_compare(struct log_place a, struct log_place b)
{
    if (a.t_ms != b.t_ms)
        return a.t_ms < b.t_ms ? -1 : 1;
    if (a.ingested_ms != b.ingested_ms)
        return a.ingested_ms < b.ingested_ms ? -1 : 1;
    return a.serial < b.serial ? -1 : a.serial > b.serial;
}

struct log_place event_place(const struct log_event *e)
{
    return (struct log_place){e->t_ms, e->ingested_ms, e->serial};
}

static int event_compare(const void *a, const void *b)
{
    return place_compare(event_place(*(struct log_event *const *)a), event_place(*(struct log_event *const *)b));
}

static struct log_event *event_new(struct store *s, struct log_stream *stream, const struct log_line *line)
{
    struct log_event *e = mem_new(sizeof *e + line->len + 1);
    e->t_ms = line->t_ms;
    e->ingested_ms = line->ingested_ms;
    e->serial = ++s->serial;
    e->stream = stream;
    e->len = line->len;
    memcpy(e->text, line->text, line->len);
    if (stream->first_ms < 0 || e->t_ms < stream->first_ms)
        stream->first_ms = e->t_ms;
    if (e->t_ms > stream->last_ms)
        stream->last_ms = e->t_ms;
    if (e->ingested_ms > stream->last_ingested_ms)
        stream->last_ingested_ms = e->ingested_ms;
    return e;
}

/* Merges from the end, so that only what a late event passes is moved. */
static void merge(struct log_group *g, struct log_event **batch, size_t n)
{
    size_t old = g->nevents, to = g->nevents + n;
    g->nevents = to;
    while (n > 0) {
        if (old > 0 && event_compare(&g->events[old - 1], &batch[n - 1]) > 0)
            g->events[--to] = g->events[--old];
        else
            g->events[--to] = batch[--n];
    }
}

bool store_add_events(struct store *s, struct log_group *g, struct log_stream *stream, const struct log_line *lines,
                      size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += lines[i].len + sizeof(struct log_event);
    if (bytes > STORE_BYTES_MAX - s->bytes)
        return false;
    s->bytes += bytes;
    g->bytes += bytes;
    if (g->nevents + n > g->events_cap) {
        g->events_cap = (g->nevents + n) * 2;
        g->events = mem_grow(g->events, g->events_cap, sizeof(struct log_event *));
    }
    struct log_event **batch = mem_array(n + 1, sizeof(struct log_event *));
    for (size_t i = 0; i < n; i++)
        batch[i] = event_new(s, stream, &lines[i]);
    qsort(batch, n, sizeof(struct log_event *), event_compare);
    merge(g, batch, n);
    free(batch);
    return true;
}

size_t group_after(const struct log_group *g, struct log_place p)
{
    size_t lo = 0, hi = g->nevents;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (place_compare(event_place(g->events[mid]), p) <= 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* 192 bits as six limbs, most significant first: 48 bits of time, 80 that scatter
 * (so that nobody takes neighbours for consecutive), 64 that make it unique. */
void event_id(const struct log_event *e, char out[EVENT_ID_MAX])
{
    uint64_t mix = (e->serial + 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    uint64_t t = (uint64_t)e->t_ms;
    uint32_t limb[6] = {(uint32_t)(t >> 16),         (uint32_t)((t & 0xffff) << 16 | (mix >> 48)),
                        (uint32_t)(mix >> 16),       (uint32_t)(mix * 31),
                        (uint32_t)(e->serial >> 32), (uint32_t)e->serial};
    char digits[EVENT_ID_MAX];
    size_t n = sizeof digits;
    for (int group = 0; group < 7; group++) { /* 7 * 9 digits hold 2^192 */
        uint64_t rest = 0;
        for (size_t i = 0; i < 6; i++) {
            uint64_t v = rest << 32 | limb[i];
            limb[i] = (uint32_t)(v / 1000000000u);
            rest = v % 1000000000u;
        }
        for (int d = 0; d < 9; d++, rest /= 10)
            digits[--n] = (char)('0' + rest % 10);
    }
    while (n + 1 < sizeof digits && digits[n] == '0')
        n++;
    memcpy(out, digits + n, sizeof digits - n);
    out[sizeof digits - n] = '\0';
}
