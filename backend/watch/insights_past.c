#include "backend/watch/insights_past.h"

#include "backend/aws/json.h"
#include "backend/base/hash.h"
#include "backend/base/mem.h"
#include "backend/watch/insights.h"

#define COUNT_MAX INT32_MAX /* of a row; a container has a few thousand invocations in five minutes */

void past_init(struct past *p)
{
    *p = (struct past){0};
    strbuf_init(&p->text, PAST_TEXT_MAX);
}

void past_clear(struct past *p)
{
    free(p->lines);
    free(p->spans);
    strbuf_clear(&p->text);
    *p = (struct past){0};
}

/* --------------------------------------------------------------- estimate */

double past_bytes(const json_t *group, int64_t from_ms, int64_t to_ms)
{
    double stored = (double)json_integer_value(json_object_get(group, "storedBytes"));
    int64_t created = json_integer_value(json_object_get(group, "creationTime"));
    int64_t days = json_integer_value(json_object_get(group, "retentionInDays"));
    double age = (double)to_ms - (double)created, kept = days > 0 ? (double)days * 86400e3 : age;
    age = kept < age ? kept : age;
    stored = stored > 0 ? stored : 0;
    double part = age > 0 ? (double)(to_ms - from_ms) / age : 1;
    return 2 * stored * (part < 1 ? part : 1);
}

/* ------------------------------------------------------------------- rows */

/* A column's value; n 0 when the row has none. */
static struct slice cell(const json_t *row, const char *field)
{
    const json_t *c;
    size_t i;
    json_array_foreach(row, i, c)
    {
        const char *name = json_string_value(json_object_get(c, "field"));
        const json_t *value = json_object_get(c, "value");
        if (name != NULL && strcmp(name, field) == 0 && json_is_string(value))
            return (struct slice){json_string_value(value), json_string_length(value)};
    }
    return (struct slice){"", 0};
}

/* "2026-11-24 14:32:07.123" is UTC. */
static int64_t stamp_ms(struct slice s)
{
    char iso[25];
    if (s.n != 23 || s.s[10] != ' ')
        return TIME_UNKNOWN;
    (void)str_fmt(iso, sizeof iso, "%.10sT%.12sZ", s.s, s.s + 11);
    int64_t ms;
    return clock_parse_iso(iso, strlen(iso), &ms) ? ms : TIME_UNKNOWN;
}

/* @log is "account:group". */
static size_t item_of(const struct past_item *items, size_t n, struct slice log)
{
    const char *colon = memchr(log.s, ':', log.n);
    size_t at = colon != NULL ? (size_t)(colon - log.s) + 1 : 0;
    for (size_t i = 0; i < n; i++)
        if (strlen(items[i].name) == log.n - at && memcmp(items[i].name, log.s + at, log.n - at) == 0)
            return i;
    return n;
}

static size_t keep_text(struct past *p, struct slice s)
{
    size_t at = p->text.len;
    strbuf_add(&p->text, s.s, s.n);
    return at;
}

static enum err add(struct past *p, struct past_row **rows, size_t *n, struct past_row r, struct slice stream,
                    struct slice message, struct why *why)
{
    if ((*n & (*n - 1)) == 0) /* grows at powers of two */
        *rows = mem_grow(*rows, *n > 0 ? *n * 2 : 1, sizeof **rows);
    r.stream = keep_text(p, stream);
    r.nstream = stream.n;
    r.message = keep_text(p, message);
    r.nmessage = message.n;
    if (strbuf_cut(&p->text) || *n >= PAST_ROWS_MAX)
        return why_set(why, ERR_TOO_BIG, "the past has more than %d rows or %zu MB of text", PAST_ROWS_MAX,
                       PAST_TEXT_MAX >> 20);
    (*rows)[(*n)++] = r;
    return ERR_OK;
}

enum err past_add_lines(struct past *p, const struct past_item *items, size_t n, const json_t *rows, struct why *why)
{
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        int64_t time_ms = stamp_ms(cell(row, "@timestamp"));
        struct slice stream = cell(row, "@logStream");
        size_t item = item_of(items, n, cell(row, "@log"));
        if (time_ms == TIME_UNKNOWN || stream.n == 0)
            return why_set(why, ERR_MALFORMED, "row %zu of the query has no @timestamp or @logStream", i + 1);
        if (item == n || time_ms < items[item].from_ms || time_ms >= items[item].to_ms)
            continue;
        struct past_row r = {.item = item, .from_ms = time_ms, .to_ms = time_ms};
        enum err err = add(p, &p->lines, &p->nlines, r, stream, cell(row, "@message"), why);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err past_add_counts(struct past *p, const struct past_item *items, size_t n, const json_t *rows,
                         int64_t job_from_ms, int64_t job_to_ms, struct why *why)
{
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        int64_t bin_ms = stamp_ms(cell(row, "bin(5m)")), count = 0;
        struct slice stream = cell(row, "@logStream"), kind = cell(row, "kind"), number = cell(row, "n");
        size_t item = item_of(items, n, cell(row, "@log"));
        if (bin_ms == TIME_UNKNOWN || stream.n == 0 || !str_to_i64(number.s, number.n, &count) || count < 0 ||
            count > COUNT_MAX)
            return why_set(why, ERR_MALFORMED, "row %zu of the query has no bin(5m), @logStream or n", i + 1);
        struct past_row r = {.item = item,
                             .from_ms = bin_ms > job_from_ms ? bin_ms : job_from_ms,
                             .to_ms = bin_ms + INSIGHTS_BIN_MS < job_to_ms ? bin_ms + INSIGHTS_BIN_MS : job_to_ms};
        if (item == n || r.from_ms < items[item].from_ms || r.to_ms > items[item].to_ms || r.to_ms <= r.from_ms)
            continue;
        bool report = (kind.n >= 6 && memcmp(kind.s, "REPORT", 6) == 0) || (kind.n > 0 && *kind.s == '"');
        *(report ? &r.invocations : &r.hits) = (uint32_t)count;
        enum err err = add(p, &p->spans, &p->nspans, r, stream, (struct slice){"", 0}, why);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ------------------------------------------------------------------ laying */

struct fetch {
    struct slice stream;
    int64_t time_ms;
    uint64_t request;
};

static int by_text(struct slice a, struct slice b)
{
    int order = memcmp(a.s, b.s, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int fetch_order(const void *a, const void *b)
{
    const struct fetch *x = a, *y = b;
    int order = by_text(x->stream, y->stream);
    return order != 0 ? order : (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

static int span_order(const void *a, const void *b)
{
    const struct past_span *x = a, *y = b;
    int order = by_text(x->stream, y->stream);
    return order != 0 ? order : (x->counted.from_ms > y->counted.from_ms) - (x->counted.from_ms < y->counted.from_ms);
}

static int line_order(const void *a, const void *b)
{
    const struct past_line *x = a, *y = b;
    return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

/* Invocations of the span that fetched: by their request ids, which retries repeat. */
static uint32_t fetching(const struct fetch *fetches, size_t n, const struct past_span *s)
{
    size_t low = 0, high = n;
    uint32_t found = 0;
    struct fetch first = {s->stream, s->counted.from_ms, 0};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fetch_order(&fetches[middle], &first) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = low; i < n && by_text(fetches[i].stream, s->stream) == 0 && fetches[i].time_ms < s->counted.to_ms;
         i++)
        found += i == low || fetches[i].request != fetches[i - 1].request;
    return found;
}

static struct slice text_at(const struct past *p, size_t at, size_t n)
{
    return (struct slice){strbuf_peek(&p->text) + at, n};
}

static size_t lines_of(const struct past *p, size_t item, struct past_line *out)
{
    size_t n = 0;
    for (size_t i = 0; i < p->nlines; i++)
        if (p->lines[i].item == item)
            out[n++] = (struct past_line){p->lines[i].from_ms, text_at(p, p->lines[i].stream, p->lines[i].nstream),
                                          text_at(p, p->lines[i].message, p->lines[i].nmessage)};
    qsort(out, n, sizeof *out, line_order);
    return n;
}

static uint32_t sum(uint32_t a, uint32_t b)
{
    return a > COUNT_MAX - b ? COUNT_MAX : a + b; /* both are at most that */
}

/* Reports and hit lines of the same stream and time become one. */
static size_t spans_of(const struct past *p, size_t item, struct past_span *out)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < p->nspans; i++)
        if (p->spans[i].item == item)
            out[n++] = (struct past_span){
                text_at(p, p->spans[i].stream, p->spans[i].nstream),
                {p->spans[i].from_ms, p->spans[i].to_ms, p->spans[i].invocations, 0, p->spans[i].hits}};
    qsort(out, n, sizeof *out, span_order);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && span_order(&out[kept - 1], &out[i]) == 0) {
            struct counted_span *one = &out[kept - 1].counted;
            one->invocations = sum(one->invocations, out[i].counted.invocations);
            one->hits = sum(one->hits, out[i].counted.hits);
        } else {
            out[kept++] = out[i];
        }
    }
    return kept;
}

void past_lay(struct past *p, const struct past_item *items, size_t at, const struct classifier *c)
{
    struct past_line *lines = mem_array(p->nlines + 1, sizeof *lines);
    struct past_span *spans = mem_array(p->nspans + 1, sizeof *spans);
    struct fetch *fetches = mem_array(p->nlines + 1, sizeof *fetches);
    size_t nlines = lines_of(p, at, lines), nspans = spans_of(p, at, spans), nfetches = 0;
    for (size_t i = 0; i < nlines; i++) {
        struct line l;
        classify(c, lines[i].message, &l);
        if (l.kind == LINE_EVENT && l.event == EVENT_FETCH && l.request.n > 0)
            fetches[nfetches++] =
                (struct fetch){lines[i].stream, lines[i].time_ms, hash_bytes(l.request.s, l.request.n, 0)};
    }
    qsort(fetches, nfetches, sizeof *fetches, fetch_order);
    for (size_t i = 0; i < nspans; i++)
        spans[i].counted.fetching = fetching(fetches, nfetches, &spans[i]);
    follower_take_past(items[at].f, items[at].group, lines, nlines, spans, nspans);
    free(lines);
    free(spans);
    free(fetches);
}
