/* CloudWatch Logs: giving events out, page by page.
 *
 * A page is built straight into the reply (no JSON tree), and starts where the token
 * says by bisection, so that the millionth event costs what the first one does. */
#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_logs.h"
#include "tests/sandbox/awsim_pattern.h"

#define PAGE_EVENTS_MAX 10000
#define PAGE_BYTES_MAX 1048576
#define SCAN_MAX 50000 /* the service's own slice: a page ends here, full or not */
#define EVENT_OVERHEAD 26
#define STREAMS_MAX 100

static const struct log_place at_start = {INT64_MIN, INT64_MIN, 0};

static void place_text(struct log_place p, char out[TOKEN_PLACE_MAX])
{
    str_fmt(out, TOKEN_PLACE_MAX, "%lld,%lld,%lld", (long long)p.t_ms, (long long)p.ingested_ms, (long long)p.serial);
}

static bool place_read(const char *s, struct log_place *out)
{
    int64_t v[3];
    for (int i = 0; i < 3; i++) {
        size_t n = strcspn(s, ",");
        if (!str_to_i64(s, n, &v[i]))
            return false;
        s += n + (s[n] == ',');
    }
    *out = (struct log_place){v[0], v[1], (uint64_t)v[2]};
    return true;
}

static void add_event(struct strbuf *b, const struct log_event *e, bool is_first, bool filtered)
{
    strbuf_str(b, is_first ? "{" : ",{");
    if (filtered) {
        strbuf_str(b, "\"logStreamName\":");
        strbuf_json(b, e->stream->name, strlen(e->stream->name));
        strbuf_char(b, ',');
    }
    strbuf_fmt(b, "\"timestamp\":%lld,\"message\":", (long long)e->t_ms);
    strbuf_json(b, e->text, e->len);
    strbuf_fmt(b, ",\"ingestionTime\":%lld", (long long)e->ingested_ms);
    if (filtered) {
        char id[EVENT_ID_MAX];
        event_id(e, id);
        strbuf_fmt(b, ",\"eventId\":\"%s\"", id);
    }
    strbuf_char(b, '}');
}

/* ------------------------------------------------------------ FilterLogEvents */

struct query {
    int64_t start_ms, end_ms, limit;
    struct pattern pattern;
    const char *prefix;
    size_t nstreams;
    const struct log_stream *streams[STREAMS_MAX];
    bool by_stream; /* only the streams above (maybe none of them exists) */
    bool was_empty; /* the token stands for a page left empty on purpose */
    struct log_place from;
};

static bool query_streams(struct call *c, const struct log_group *g, struct query *q)
{
    json_t *names = NULL, *name;
    size_t i;
    if (!arg_list(c, "logStreamNames", 1, STREAMS_MAX, &names) ||
        !arg_text(c, "logStreamNamePrefix", 1, 512, &q->prefix))
        return false;
    if (names && q->prefix) {
        call_fail(c, CALL_INVALID, "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
        return false;
    }
    q->by_stream = names != NULL;
    json_array_foreach(names, i, name)
    {
        q->streams[q->nstreams] = group_stream(g, json_string_value(name));
        if (!q->streams[q->nstreams++]) {
            call_fail(c, CALL_NOT_FOUND, "The specified log stream does not exist.");
            return false;
        }
    }
    return true;
}

static bool query_token(struct call *c, struct query *q)
{
    const char *token = NULL;
    char place[TOKEN_PLACE_MAX];
    if (!arg_text(c, "nextToken", 1, 4096, &token))
        return false;
    if (!token)
        return true;
    if (call_token_open(c, token, place)) {
        q->was_empty = place[0] == 'e';
        if (place_read(place + q->was_empty, &q->from))
            return true;
    }
    call_fail(c, CALL_INVALID, "The specified nextToken is invalid.");
    return false;
}

static bool query_read(struct call *c, const struct log_group *g, struct query *q)
{
    const char *pattern = "", *reason;
    bool from_head = true, unmask = false, interleaved = true;
    *q = (struct query){.end_ms = INT64_MAX, .limit = PAGE_EVENTS_MAX, .from = at_start};
    if (!arg_int(c, "startTime", 0, INT64_MAX, &q->start_ms) || !arg_int(c, "endTime", 0, INT64_MAX, &q->end_ms) ||
        !arg_int(c, "limit", 1, PAGE_EVENTS_MAX, &q->limit) ||
        !arg_text(c, "filterPattern", 0, PATTERN_MAX, &pattern) || !arg_bool(c, "startFromHead", &from_head) ||
        !arg_bool(c, "unmask", &unmask) || !arg_bool(c, "interleaved", &interleaved) || !query_streams(c, g, q) ||
        !query_token(c, q))
        return false;
    if (q->end_ms < q->start_ms) {
        call_fail(c, CALL_INVALID, "endTime must not be before startTime.");
        return false;
    }
    if (!from_head) {
        call_fail(c, CALL_INVALID, "awsim does not simulate startFromHead false.");
        return false;
    }
    if (pattern_parse(pattern, &q->pattern, &reason))
        return true;
    call_fail(c, CALL_INVALID, "%s", reason);
    return false;
}

static bool query_fits(const struct query *q, const struct log_event *e, int64_t now_ms)
{
    if (e->ingested_ms > now_ms)
        return false; /* on its way: not searchable yet */
    if (q->prefix && strncmp(e->stream->name, q->prefix, strlen(q->prefix)) != 0)
        return false;
    bool wanted = !q->by_stream;
    for (size_t i = 0; !wanted && i < q->nstreams; i++)
        wanted = q->streams[i] == e->stream;
    return wanted && pattern_matches(&q->pattern, e->text, e->len);
}

/* Where the sweep begins: behind the token, and not before startTime. */
static size_t query_first(const struct log_group *g, const struct query *q)
{
    size_t by_token = group_after(g, q->from);
    size_t by_time = group_after(g, (struct log_place){q->start_ms - 1, INT64_MAX, UINT64_MAX});
    return by_token > by_time ? by_token : by_time;
}

void logs_filter_events(struct call *c)
{
    struct query q;
    const struct log_group *g = logs_group(c, true);
    if (!g || !query_read(c, g, &q))
        return;
    const struct sim_paging *paging = &c->sim->paging;
    if (paging->filter_max > 0 && q.limit > paging->filter_max)
        q.limit = paging->filter_max;
    bool empty = c->empty_page && !q.was_empty, more = empty;
    const struct log_place began = q.from;
    struct strbuf *b = &c->out->body;
    strbuf_str(b, "{\"events\":[");
    size_t i = query_first(g, &q), scanned = 0, bytes = 0;
    int64_t given = 0;
    for (; !empty && i < g->nevents && g->events[i]->t_ms <= q.end_ms; i++) {
        const struct log_event *e = g->events[i];
        bool fits = query_fits(&q, e, c->now_ms);
        more = scanned == SCAN_MAX || (fits && (given == q.limit || (given > 0 && bytes + e->len > PAGE_BYTES_MAX)));
        if (more)
            break;
        scanned++;
        q.from = event_place(e);
        if (!fits)
            continue;
        add_event(b, e, given == 0, true);
        bytes += e->len + EVENT_OVERHEAD;
        given++;
    }
    strbuf_str(b, "],\"searchedLogStreams\":[]");
    if (more || c->endless) {
        char place[TOKEN_PLACE_MAX], marked[TOKEN_PLACE_MAX], token[TOKEN_MAX];
        place_text(c->endless ? began : q.from, place);
        str_fmt(marked, sizeof marked, "%s%s", empty ? "e" : "", place);
        call_token_make(c, c->now_ms, marked, token);
        strbuf_fmt(b, ",\"nextToken\":\"%s\"", token);
    }
    strbuf_char(b, '}');
    pattern_clear(&q.pattern);
}

/* --------------------------------------------------------------- GetLogEvents */

struct window {
    int64_t start_ms, end_ms, limit;
    const struct log_stream *stream;
    bool forward;
    char bind[65];         /* tokens are good for this stream alone */
    struct log_place from; /* events behind it (forward) or up to it (backward) */
};

/* Tokens are "f/..." and "b/...", the same again when there is nothing more. */
static bool window_token(struct call *c, struct window *w)
{
    const char *token = NULL;
    char place[TOKEN_PLACE_MAX];
    if (!arg_text(c, "nextToken", 1, 4096, &token))
        return false;
    if (!token) {
        if (!w->forward)
            w->from = (struct log_place){INT64_MAX, INT64_MAX, UINT64_MAX >> 1};
        return true;
    }
    bool shaped = (token[0] == 'f' || token[0] == 'b') && token[1] == '/';
    if (shaped && token_open(c->sim->salt, w->bind, c->now_ms, token + 2, place) && place_read(place, &w->from)) {
        w->forward = token[0] == 'f';
        return true;
    }
    call_fail(c, CALL_INVALID, "The specified nextToken is invalid.");
    return false;
}

static bool window_read(struct call *c, const struct log_group *g, struct window *w)
{
    const char *name;
    bool unmask = false;
    *w = (struct window){.end_ms = INT64_MAX, .limit = PAGE_EVENTS_MAX, .from = at_start};
    if (!arg_need_text(c, "logStreamName", 1, 512, &name) || !arg_int(c, "startTime", 0, INT64_MAX, &w->start_ms) ||
        !arg_int(c, "endTime", 0, INT64_MAX, &w->end_ms) || !arg_int(c, "limit", 1, PAGE_EVENTS_MAX, &w->limit) ||
        !arg_bool(c, "startFromHead", &w->forward) || !arg_bool(c, "unmask", &unmask))
        return false;
    char both[1100];
    str_fmt(both, sizeof both, "%s/%s/%s:%s", c->realm->account, c->realm->region, g->name, name);
    sigv4_sha256_hex(both, strlen(both), w->bind);
    w->stream = group_stream(g, name);
    if (w->stream)
        return window_token(c, w);
    call_fail(c, CALL_NOT_FOUND, "The specified log stream does not exist.");
    return false;
}

static bool window_fits(const struct window *w, const struct log_event *e, int64_t now_ms)
{
    return e->stream == w->stream && e->ingested_ms <= now_ms && e->t_ms >= w->start_ms && e->t_ms < w->end_ms;
}

/* Marks the events of the page, in time order, as [*out_from, *out_to) of the group. */
static void window_slide(const struct log_group *g, const struct window *w, int64_t now_ms, size_t *out_from,
                         size_t *out_to)
{
    size_t from = group_after(g, w->from), to = from, scanned = 0, bytes = 0;
    int64_t given = 0;
    while (scanned++ < SCAN_MAX && (w->forward ? to < g->nevents : from > 0)) {
        const struct log_event *e = g->events[w->forward ? to : from - 1];
        if (window_fits(w, e, now_ms)) {
            if (given == w->limit || (given > 0 && bytes + e->len > PAGE_BYTES_MAX))
                break;
            given++;
            bytes += e->len + EVENT_OVERHEAD;
        }
        if (w->forward)
            to++;
        else
            from--;
    }
    /* A token must not pass what is still on its way, or following it would lose that. */
    while (w->forward && to > from && g->events[to - 1]->ingested_ms > now_ms)
        to--;
    *out_from = from;
    *out_to = to;
}

static void add_window_token(struct call *c, const struct window *w, const char *member, char kind, struct log_place p)
{
    char place[TOKEN_PLACE_MAX], token[TOKEN_MAX];
    place_text(p, place);
    token_make(c->sim->salt, w->bind, 0, place, token);
    strbuf_fmt(&c->out->body, ",\"%s\":\"%c/%s\"", member, kind, token);
}

void logs_get_events(struct call *c)
{
    struct window w;
    const struct log_group *g = logs_group(c, true);
    if (!g || !window_read(c, g, &w))
        return;
    size_t from, to, given = 0;
    window_slide(g, &w, c->now_ms, &from, &to);
    strbuf_str(&c->out->body, "{\"events\":[");
    for (size_t i = from; i < to; i++)
        if (window_fits(&w, g->events[i], c->now_ms))
            add_event(&c->out->body, g->events[i], given++ == 0, false);
    strbuf_char(&c->out->body, ']');
    struct log_place low = from > 0 ? event_place(g->events[from - 1]) : at_start;
    struct log_place high = to > 0 ? event_place(g->events[to - 1]) : at_start;
    add_window_token(c, &w, "nextForwardToken", 'f', from == to && w.forward ? w.from : high);
    add_window_token(c, &w, "nextBackwardToken", 'b', from == to && !w.forward ? w.from : low);
    strbuf_char(&c->out->body, '}');
}
