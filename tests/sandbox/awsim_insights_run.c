/* The running of a Logs Insights query: events in, rows out. */
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_insights.h"

#define VALUE_MAX 1100

struct hit {
    const struct log_event *e;
    const struct log_group *g;
    const char *parsed; /* NULL: nothing */
    size_t parsed_len;
    char *key; /* what it is sorted by, NULL: by time */
};

struct run {
    const struct insights *q;
    const struct insights_range *range;
    struct hit *hits;
    size_t n, cap;
};

/* A field's value: a part of the event, or text made in `buf`. */
struct value {
    const char *s;
    size_t n;
    char buf[VALUE_MAX];
};

/* --------------------------------------------------------------- fields */

/* 2026-11-24 14:32:07.123 */
static void stamp(int64_t ms, char out[29])
{
    clock_iso_ms(ms, out);
    out[10] = ' ';
    out[23] = '\0';
}

static bool set(struct value *v, const char *s, size_t n)
{
    v->s = s;
    v->n = n;
    return true;
}

/* What follows `label` in the text, as far as `allowed` goes. */
static bool after(const struct log_event *e, const char *label, const char *allowed, struct value *v)
{
    const char *p = memmem(e->text, e->len, label, strlen(label));
    if (!p)
        return false;
    p += strlen(label);
    size_t n = strspn(p, allowed);
    return n > 0 && set(v, p, n);
}

static const char hex_and_dash[] = "0123456789abcdef-";

/* Of a platform line, or the second field of what Node.js writes. */
static bool request_id(const struct log_event *e, struct value *v)
{
    if (after(e, "RequestId: ", hex_and_dash, v))
        return true;
    const char *tab = memchr(e->text, '\t', e->len);
    size_t n = tab ? strspn(tab + 1, hex_and_dash) : 0;
    return n == 36 && set(v, tab + 1, n);
}

static bool platform_type(const struct log_event *e, struct value *v)
{
    static const char *const types[] = {"START", "END", "REPORT", "INIT_START", "INIT_REPORT"};
    size_t n = strcspn(e->text, " ");
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strlen(types[i]) == n && strncmp(e->text, types[i], n) == 0)
            return set(v, e->text, n);
    return false;
}

static bool field(const struct run *r, const struct hit *h, const char *name, struct value *v)
{
    static const struct {
        const char *name, *label;
    } numbers[] = {{"@initDuration", "Init Duration: "},
                   {"@billedDuration", "Billed Duration: "},
                   {"@duration", "\tDuration: "},
                   {"@maxMemoryUsed", "Max Memory Used: "},
                   {"@memorySize", "\tMemory Size: "}};
    const struct log_event *e = h->e;
    v->buf[0] = '\0';
    if (strcmp(name, "@message") == 0)
        return set(v, e->text, e->len);
    if (strcmp(name, "@logStream") == 0)
        return set(v, e->stream->name, strlen(e->stream->name));
    if (strcmp(name, "@timestamp") == 0)
        stamp(e->t_ms, v->buf);
    else if (strcmp(name, "@ingestionTime") == 0)
        stamp(e->ingested_ms, v->buf);
    else if (strcmp(name, "@log") == 0)
        str_fmt(v->buf, sizeof v->buf, "%s:%s", r->range->account, h->g->name);
    else if (strcmp(name, "@requestId") == 0)
        return request_id(e, v);
    else if (strcmp(name, "@type") == 0)
        return platform_type(e, v);
    else if (r->q->parse_name[0] && strcmp(name, r->q->parse_name) == 0)
        return h->parsed && set(v, h->parsed, h->parsed_len);
    else if (r->q->bin_ms > 0 && strncmp(name, "bin(", 4) == 0)
        stamp(e->t_ms - e->t_ms % r->q->bin_ms, v->buf);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (strcmp(name, numbers[i].name) == 0)
            return strncmp(e->text, "REPORT ", 7) == 0 && after(e, numbers[i].label, "0123456789.", v);
    return v->buf[0] != '\0' && set(v, v->buf, strlen(v->buf));
}

/* -------------------------------------------------------------- filters */

static bool condition_holds(const struct run *r, const struct hit *h, const struct insights_filter *f)
{
    struct value v;
    const char *at;
    size_t n;
    bool there = field(r, h, f->field, &v), holds = false;
    switch (f->test) {
    case INSIGHTS_PRESENT:
        holds = there;
        break;
    case INSIGHTS_EQUAL:
        holds = there && v.n == strlen(f->text) && memcmp(v.s, f->text, v.n) == 0;
        break;
    case INSIGHTS_LIKE:
        holds = there && matcher_find(&f->matcher, v.s, v.n, &at, &n);
        break;
    }
    return holds != f->negate;
}

/* "and" binds tighter than "or". */
static bool fits(const struct run *r, const struct hit *h)
{
    bool all = true;
    for (size_t i = 0; i < r->q->nfilters; i++) {
        if (r->q->filters[i].either) {
            if (all)
                return true;
            all = true;
        }
        all = all && condition_holds(r, h, &r->q->filters[i]);
    }
    return all;
}

static void keep(struct run *r, const struct hit *h)
{
    if (r->n == r->cap) {
        r->cap = r->cap * 2 + 1024;
        r->hits = mem_grow(r->hits, r->cap, sizeof *r->hits);
    }
    r->hits[r->n++] = *h;
}

static void scan_group(struct run *r, const struct log_group *g, struct insights_result *out)
{
    struct log_place first = {r->range->from_ms - 1, INT64_MAX, UINT64_MAX};
    for (size_t i = group_after(g, first); i < g->nevents && g->events[i]->t_ms <= r->range->to_ms; i++) {
        struct hit h = {.e = g->events[i], .g = g};
        struct value v;
        if (h.e->ingested_ms > r->range->now_ms)
            continue;
        out->scanned += 1;
        out->bytes += (double)h.e->len;
        if (r->q->parse_name[0] && field(r, &h, r->q->parse_field, &v) && v.s != v.buf)
            (void)matcher_find(&r->q->parse, v.s, v.n, &h.parsed, &h.parsed_len);
        if (fits(r, &h))
            keep(r, &h);
    }
}

/* ----------------------------------------------------------------- rows */

static void add_cell(json_t *row, const char *name, const char *s, size_t n)
{
    json_t *text = json_stringn(s, n);
    (void)json_array_append_new(row, json_pack("{ss so}", "field", name, "value", text ? text : json_string("")));
}

static int compare_hits(const void *pa, const void *pb)
{
    const struct hit *a = pa, *b = pb;
    int by_key = a->key && b->key ? strcmp(a->key, b->key) : 0;
    if (by_key != 0)
        return by_key;
    if (a->e->t_ms != b->e->t_ms)
        return a->e->t_ms < b->e->t_ms ? -1 : 1;
    return a->e->serial < b->e->serial ? -1 : a->e->serial > b->e->serial;
}

static void sort_hits(struct run *r)
{
    bool by_time = r->q->sort[0] == '\0' || strcmp(r->q->sort, "@timestamp") == 0;
    for (size_t i = 0; !by_time && i < r->n; i++) {
        struct value v;
        bool there = field(r, &r->hits[i], r->q->sort, &v);
        r->hits[i].key = mem_copy_bytes(there ? v.s : "", there ? v.n : 0);
    }
    if (r->n > 1 && (!by_time || r->range->ngroups > 1))
        qsort(r->hits, r->n, sizeof *r->hits, compare_hits);
}

static json_t *rows_of_hits(struct run *r)
{
    json_t *rows = json_array();
    static const insights_name usual[] = {"@timestamp", "@message"};
    size_t nfields = r->q->nfields > 0 ? r->q->nfields : ARRAY_LEN(usual);
    const insights_name *fields = r->q->nfields > 0 ? r->q->fields : usual;
    bool down = r->q->sort[0] == '\0' || r->q->descending;
    sort_hits(r);
    for (size_t i = 0; i < r->n && i < (size_t)r->q->limit; i++) {
        const struct hit *h = &r->hits[down ? r->n - 1 - i : i];
        json_t *row = json_array();
        struct value v;
        for (size_t k = 0; k < nfields; k++)
            if (field(r, h, fields[k], &v))
                add_cell(row, fields[k], v.s, v.n);
        char ptr[EVENT_ID_MAX];
        event_id(h->e, ptr);
        add_cell(row, "@ptr", ptr, strlen(ptr));
        (void)json_array_append_new(rows, row);
    }
    for (size_t i = 0; i < r->n; i++)
        free(r->hits[i].key);
    return rows;
}

/* --------------------------------------------------------------- counts */

struct counted {
    const char *sort;
    int64_t number;
    json_t *row;
};

static int compare_counted(const void *pa, const void *pb)
{
    const struct counted *a = pa, *b = pb;
    int by_text = strcmp(a->sort, b->sort);
    return by_text != 0 ? by_text : a->number < b->number ? -1 : a->number > b->number;
}

static const char *cell(const json_t *row, const char *name)
{
    size_t i;
    json_t *c;
    json_array_foreach(row, i, c)
    {
        if (strcmp(json_string_value(json_object_get(c, "field")), name) == 0)
            return json_string_value(json_object_get(c, "value"));
    }
    return "";
}

/* A row for every combination of values: {"value\1value\1": [count, row]} */
static json_t *count_groups(struct run *r)
{
    json_t *groups = json_object();
    struct strbuf key;
    strbuf_init(&key, VALUE_MAX * INSIGHTS_FIELDS_MAX);
    for (size_t i = 0; i < r->n; i++) {
        struct value v;
        strbuf_reset(&key);
        for (size_t k = 0; k < r->q->nby; k++) {
            if (field(r, &r->hits[i], r->q->by[k], &v))
                strbuf_json(&key, v.s, v.n);
            strbuf_char(&key, '\1');
        }
        json_t *group = json_object_get(groups, strbuf_peek(&key));
        if (!group) {
            json_t *row = json_array();
            for (size_t k = 0; k < r->q->nby; k++)
                if (field(r, &r->hits[i], r->q->by[k], &v))
                    add_cell(row, r->q->by[k], v.s, v.n);
            group = json_pack("[Io]", (json_int_t)0, row);
            (void)json_object_set_new(groups, strbuf_peek(&key), group);
        }
        json_t *count = json_array_get(group, 0);
        (void)json_integer_set(count, json_integer_value(count) + 1);
    }
    strbuf_clear(&key);
    return groups;
}

static json_t *rows_of_counts(struct run *r)
{
    json_t *rows = json_array(), *groups = count_groups(r), *group;
    struct counted *list = mem_array(json_object_size(groups) + 1, sizeof *list);
    const char *key;
    size_t n = 0;
    bool by_count = strcmp(r->q->sort, r->q->count_name) == 0;
    json_object_foreach(groups, key, group)
    {
        json_t *row = json_array_get(group, 1);
        char text[24];
        str_fmt(text, sizeof text, "%lld", (long long)json_integer_value(json_array_get(group, 0)));
        add_cell(row, r->q->count_name, text, strlen(text));
        list[n++] = (struct counted){by_count ? "" : cell(row, r->q->sort),
                                     by_count ? json_integer_value(json_array_get(group, 0)) : 0, row};
    }
    if (r->q->sort[0])
        qsort(list, n, sizeof *list, compare_counted);
    for (size_t i = 0; i < n && i < (size_t)r->q->limit; i++)
        (void)json_array_append(rows, list[r->q->descending ? n - 1 - i : i].row);
    free(list);
    json_decref(groups);
    return rows;
}

void insights_run(const struct insights *q, const struct insights_range *range, struct insights_result *out)
{
    struct run r = {.q = q, .range = range};
    *out = (struct insights_result){0};
    for (size_t i = 0; i < range->ngroups; i++)
        scan_group(&r, range->groups[i], out);
    out->matched = (double)r.n;
    out->rows = q->counts ? rows_of_counts(&r) : rows_of_hits(&r);
    free(r.hits);
}
