/* CloudWatch Logs: groups, streams and taking events in. */
#include "tests/sandbox/awsim_logs.h"

#include "backend/base/mem.h"

#define DAY_MS (24LL * 3600 * 1000)
#define BATCH_EVENTS_MAX 10000
#define BATCH_BYTES_MAX 1048576
#define EVENT_OVERHEAD 26 /* bytes that the service adds to each event of a batch */

bool logs_group_name_ok(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/#-";
    size_t n = strlen(name);
    return n >= 1 && n <= 512 && strspn(name, allowed) == n;
}

bool logs_stream_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n >= 1 && n <= 512 && strcspn(name, ":*") == n;
}

/* The name in an identifier: itself, or what follows ":log-group:" of an ARN. */
static const char *name_of_identifier(struct call *c, const char *id)
{
    if (strncmp(id, "arn:", 4) != 0)
        return id;
    const char *rest = strstr(id, ":log-group:");
    if (!rest || !arn_field_is(id, 3, c->realm->region) || !arn_field_is(id, 4, c->realm->account))
        return NULL;
    return rest + strlen(":log-group:");
}

struct log_group *logs_group_named(struct call *c, const char *name, bool is_identifier)
{
    if (is_identifier)
        name = name_of_identifier(c, name);
    struct log_group *g = name ? store_group(&c->realm->store, name) : NULL;
    if (!g)
        call_fail(c, CALL_NOT_FOUND, "The specified log group does not exist.");
    return g;
}

struct log_group *logs_group(struct call *c, bool by_identifier)
{
    const char *name = NULL, *id = NULL;
    if (!arg_text(c, "logGroupName", 1, 512, &name))
        return NULL;
    if (by_identifier && !arg_text(c, "logGroupIdentifier", 1, 2048, &id))
        return NULL;
    if (!name == !id) {
        call_fail(c, CALL_INVALID,
                  by_identifier ? "Exactly one of logGroupName and logGroupIdentifier must be given."
                                : "logGroupName must be given.");
        return NULL;
    }
    return logs_group_named(c, name ? name : id, !name);
}

void logs_create_group(struct call *c)
{
    const char *name;
    if (!arg_need_text(c, "logGroupName", 1, 512, &name))
        return;
    if (!logs_group_name_ok(name))
        call_fail(c, CALL_INVALID,
                  "1 validation error detected: Value at 'logGroupName' failed to satisfy constraint: "
                  "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+");
    else if (store_group(&c->realm->store, name))
        call_fail(c, "ResourceAlreadyExistsException", "The specified log group already exists");
    else
        (void)store_add_group(&c->realm->store, name, c->now_ms);
}

void logs_create_stream(struct call *c)
{
    const char *name;
    struct log_group *g = logs_group(c, false);
    if (!g || !arg_need_text(c, "logStreamName", 1, 512, &name))
        return;
    if (!logs_stream_name_ok(name))
        call_fail(c, CALL_INVALID,
                  "1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: "
                  "Member must satisfy regular expression pattern: [^:*]*");
    else if (group_stream(g, name))
        call_fail(c, "ResourceAlreadyExistsException", "The specified log stream already exists");
    else
        (void)group_add_stream(g, name, c->now_ms);
}

/* -------------------------------------------------------------- PutLogEvents */

static bool read_lines(struct call *c, const json_t *events, struct log_line *lines)
{
    size_t i, bytes = 0;
    json_t *e;
    json_array_foreach(events, i, e)
    {
        const json_t *t = json_object_get(e, "timestamp"), *m = json_object_get(e, "message");
        if (!json_is_integer(t) || !json_is_string(m) || json_string_length(m) == 0) {
            call_fail(c, CALL_INVALID, "logEvents.%zu needs a timestamp and a message", i + 1);
            return false;
        }
        lines[i] = (struct log_line){json_integer_value(t), c->now_ms, json_string_value(m), json_string_length(m)};
        bytes += lines[i].len + EVENT_OVERHEAD;
        if (i > 0 && lines[i].t_ms < lines[i - 1].t_ms) {
            call_fail(c, CALL_INVALID, "Log events in a single PutLogEvents request must be in chronological order.");
            return false;
        }
    }
    if (bytes > BATCH_BYTES_MAX) {
        call_fail(c, CALL_INVALID, "Upload too large: %zu bytes exceeds limit of %d", bytes, BATCH_BYTES_MAX);
        return false;
    }
    if (lines[i - 1].t_ms - lines[0].t_ms <= DAY_MS)
        return true;
    call_fail(c, CALL_INVALID,
              "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
    return false;
}

void logs_put_events(struct call *c)
{
    const char *name;
    struct log_group *g = logs_group(c, false);
    if (!g || !arg_need_text(c, "logStreamName", 1, 512, &name))
        return;
    struct log_stream *stream = group_stream(g, name);
    if (!stream) {
        call_fail(c, CALL_NOT_FOUND, "The specified log stream does not exist.");
        return;
    }
    const json_t *events = json_object_get(c->in, "logEvents");
    size_t n = json_array_size(events);
    if (n < 1 || n > BATCH_EVENTS_MAX) {
        call_fail(c, CALL_INVALID, "logEvents must be a list of 1 to %d", BATCH_EVENTS_MAX);
        return;
    }
    struct log_line *lines = mem_array(n, sizeof *lines);
    size_t from = 0, to = n;
    if (!read_lines(c, events, lines))
        goto out;
    while (from < n && lines[from].t_ms < c->now_ms - 14 * DAY_MS)
        from++;
    while (to > from && lines[to - 1].t_ms > c->now_ms + DAY_MS / 12)
        to--;
    if (to > from && !store_add_events(&c->realm->store, g, stream, lines + from, to - from)) {
        call_fail(c, "ServiceUnavailableException", "awsim is full: it holds %zu bytes of events in a region",
                  STORE_BYTES_MAX);
        goto out;
    }
    json_t *out = json_pack("{ss}", "nextSequenceToken", "49590302476615838139722372384607726949055024350268752562");
    json_t *rejected = json_object();
    if (from > 0)
        (void)json_object_set_new(rejected, "tooOldLogEventEndIndex", json_integer((json_int_t)from));
    if (to < n)
        (void)json_object_set_new(rejected, "tooNewLogEventStartIndex", json_integer((json_int_t)to));
    if (from > 0 || to < n)
        (void)json_object_set(out, "rejectedLogEventsInfo", rejected);
    json_decref(rejected);
    call_answer(c, out);
out:
    free(lines);
}

/* ------------------------------------------------------------------- lists */

/* Token of a list: the index to go on from.  False: answered. */
static bool list_from(struct call *c, size_t *out)
{
    const char *token = NULL;
    char place[TOKEN_PLACE_MAX];
    int64_t from = 0;
    if (!arg_text(c, "nextToken", 1, 4096, &token))
        return false;
    if (token && (!call_token_open(c, token, place) || !str_to_i64(place, strlen(place), &from))) {
        call_fail(c, CALL_INVALID, "The specified nextToken is invalid.");
        return false;
    }
    *out = (size_t)from;
    return true;
}

static void list_next(struct call *c, json_t *out, size_t at)
{
    char place[TOKEN_PLACE_MAX], token[TOKEN_MAX];
    str_fmt(place, sizeof place, "%zu", at);
    call_token_make(c, c->now_ms, place, token);
    (void)json_object_set_new(out, "nextToken", json_string(token));
}

static json_t *group_json(const struct call *c, const struct log_group *g, bool brief)
{
    char arn[1024];
    str_fmt(arn, sizeof arn, "arn:%s:logs:%s:%s:log-group:%s", arn_partition(c->realm->region), c->realm->region,
            c->realm->account, g->name);
    json_t *o = json_pack("{ss sI ss+ ss}", "logGroupName", g->name, "creationTime", (json_int_t)g->created_ms, "arn",
                          arn, ":*", "logGroupArn", arn);
    if (brief)
        return o;
    if (g->retention_days > 0)
        (void)json_object_set_new(o, "retentionInDays", json_integer(g->retention_days));
    (void)json_object_set_new(o, "metricFilterCount", json_integer(0));
    (void)json_object_set_new(o, "storedBytes", json_integer((json_int_t)g->bytes));
    (void)json_object_set_new(o, "logGroupClass", json_string("STANDARD"));
    return o;
}

void logs_describe_groups(struct call *c)
{
    const char *prefix = NULL, *pattern = NULL;
    int64_t limit = 50;
    size_t i = 0;
    if (!arg_text(c, "logGroupNamePrefix", 1, 512, &prefix) || !arg_text(c, "logGroupNamePattern", 0, 512, &pattern) ||
        !arg_int(c, "limit", 1, 50, &limit) || !list_from(c, &i))
        return;
    if (prefix && pattern) {
        call_fail(c, CALL_INVALID, "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
        return;
    }
    const struct store *s = &c->realm->store;
    const size_t from = i;
    json_t *list = json_array(), *out = json_pack("{so}", "logGroups", list);
    for (; i < s->ngroups; i++) {
        const struct log_group *g = s->groups[i];
        if (prefix && strncmp(g->name, prefix, strlen(prefix)) != 0)
            continue;
        if (pattern && !strstr(g->name, pattern))
            continue;
        if (json_array_size(list) == (size_t)limit) {
            list_next(c, out, i);
            break;
        }
        (void)json_array_append_new(list, group_json(c, g, pattern != NULL));
    }
    if (c->endless)
        list_next(c, out, from);
    call_answer(c, out);
}

static json_t *stream_json(const struct call *c, const struct log_group *g, const struct log_stream *s)
{
    char arn[2048];
    str_fmt(arn, sizeof arn, "arn:%s:logs:%s:%s:log-group:%s:log-stream:%s", arn_partition(c->realm->region),
            c->realm->region, c->realm->account, g->name, s->name);
    json_t *o = json_pack("{ss sI ss si}", "logStreamName", s->name, "creationTime", (json_int_t)s->created_ms, "arn",
                          arn, "storedBytes", 0);
    if (s->last_ms < 0)
        return o;
    (void)json_object_set_new(o, "firstEventTimestamp", json_integer(s->first_ms));
    (void)json_object_set_new(o, "lastEventTimestamp", json_integer(s->last_ms));
    (void)json_object_set_new(o, "lastIngestionTime", json_integer(s->last_ingested_ms));
    return o;
}

static int stream_compare_last(const void *pa, const void *pb)
{
    const struct log_stream *a = *(struct log_stream *const *)pa, *b = *(struct log_stream *const *)pb;
    if (a->last_ms != b->last_ms)
        return a->last_ms < b->last_ms ? -1 : 1;
    return strcmp(a->name, b->name);
}

void logs_describe_streams(struct call *c)
{
    const char *prefix = NULL, *order = "LogStreamName";
    bool descending = false;
    int64_t limit = 50;
    size_t i = 0;
    const struct log_group *g = logs_group(c, true);
    if (!g || !arg_text(c, "logStreamNamePrefix", 1, 512, &prefix) || !arg_text(c, "orderBy", 1, 64, &order) ||
        !arg_bool(c, "descending", &descending) || !arg_int(c, "limit", 1, 50, &limit) || !list_from(c, &i))
        return;
    bool by_time = strcmp(order, "LastEventTime") == 0;
    if (!by_time && strcmp(order, "LogStreamName") != 0) {
        call_fail(c, CALL_INVALID, "orderBy must be LogStreamName or LastEventTime");
        return;
    }
    if (by_time && prefix) {
        call_fail(c, CALL_INVALID, "Cannot order by LastEventTime with a logStreamNamePrefix.");
        return;
    }
    struct log_stream **streams = mem_array(g->nstreams + 1, sizeof(struct log_stream *));
    for (size_t k = 0; k < g->nstreams; k++)
        streams[k] = g->streams[k];
    if (by_time)
        qsort(streams, g->nstreams, sizeof(struct log_stream *), stream_compare_last);
    const size_t from = i;
    json_t *list = json_array(), *out = json_pack("{so}", "logStreams", list);
    for (; i < g->nstreams; i++) {
        const struct log_stream *s = streams[descending ? g->nstreams - 1 - i : i];
        if (prefix && strncmp(s->name, prefix, strlen(prefix)) != 0)
            continue;
        if (json_array_size(list) == (size_t)limit) {
            list_next(c, out, i);
            break;
        }
        (void)json_array_append_new(list, stream_json(c, g, s));
    }
    if (c->endless)
        list_next(c, out, from);
    free(streams);
    call_answer(c, out);
}
