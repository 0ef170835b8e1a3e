/* A log group as CloudWatch would page it: events by time, pages of a size the test
 * sets, some of them empty, tokens that can be made to repeat or expire. */
#ifndef CT_FAKE_LOGS_H
#define CT_FAKE_LOGS_H

#include <jansson.h>

#include "backend/base/strbuf.h"
#include "tests/unit/fake_aws.h"

#define FAKE_EVENTS_MAX 6000

struct fake_event {
    int64_t time_ms, ingested_ms;
    unsigned id;
    char stream[24];
    char message[160];
};

struct fake_logs {
    struct fake_event events[FAKE_EVENTS_MAX]; /* kept by time, then id */
    size_t n;
    unsigned last_id;
    size_t page_size;
    bool empty_pages; /* every second page holds nothing and leads on */
    bool token_repeats;
    bool endless; /* each page leads to itself, by another token every time */
    /* The next so many calls get this instead. */
    struct fake_answer instead;
    size_t instead_n;
    struct strbuf body; /* of the last answer */
    size_t filter_calls, stream_calls;
    int64_t last_from_ms, last_to_ms;
    int64_t ahead_ms; /* AWS's clock before ours */
};

static void fake_logs_init(struct fake_logs *l)
{
    *l = (struct fake_logs){.page_size = 10000};
    strbuf_init(&l->body, 8 << 20);
}

static void fake_logs_clear(struct fake_logs *l)
{
    strbuf_clear(&l->body);
}

static void fake_logs_put(struct fake_logs *l, int64_t time_ms, int64_t ingested_ms, const char *stream,
                          const char *message)
{
    ASSERT(l->n < FAKE_EVENTS_MAX);
    size_t at = l->n++;
    for (; at > 0 && l->events[at - 1].time_ms > time_ms; at--)
        l->events[at] = l->events[at - 1];
    l->events[at] = (struct fake_event){.time_ms = time_ms, .ingested_ms = ingested_ms, .id = ++l->last_id};
    (void)str_copy(l->events[at].stream, sizeof l->events[at].stream, stream);
    (void)str_copy(l->events[at].message, sizeof l->events[at].message, message);
}

static void fake_logs_write(struct fake_logs *l, const struct fake_event *e, bool first)
{
    strbuf_fmt(&l->body, "%s{\"logStreamName\":", first ? "" : ",");
    strbuf_json(&l->body, e->stream, strlen(e->stream));
    strbuf_fmt(&l->body,
               ",\"timestamp\":%lld,\"ingestionTime\":%lld,\"eventId\":\"39%054u\",\"message\":", (long long)e->time_ms,
               (long long)e->ingested_ms, e->id);
    strbuf_json(&l->body, e->message, strlen(e->message));
    strbuf_char(&l->body, '}');
}

static bool fake_logs_wants(const json_t *streams, const char *stream)
{
    if (streams == NULL)
        return true;
    for (size_t i = 0; i < json_array_size(streams); i++)
        if (strcmp(json_string_value(json_array_get(streams, i)), stream) == 0)
            return true;
    return false;
}

/* The token is the number of matching events already given, and a counter of pages. */
static void fake_logs_filter(struct fake_logs *l, const json_t *rq)
{
    const char *token = json_string_value(json_object_get(rq, "nextToken"));
    const json_t *to = json_object_get(rq, "endTime"), *streams = json_object_get(rq, "logStreamNames");
    unsigned skip = 0, page = 0;
    size_t matching = 0, given = 0;
    if (token != NULL) {
        char *end;
        skip = (unsigned)strtoul(token, &end, 10);
        page = (unsigned)strtoul(end + 1, NULL, 10);
    }
    l->filter_calls++;
    l->last_from_ms = json_integer_value(json_object_get(rq, "startTime"));
    l->last_to_ms = to != NULL ? json_integer_value(to) : INT64_MAX;
    size_t room = l->empty_pages && page % 2 == 0 ? 0 : l->page_size;
    bool more = false;
    strbuf_reset(&l->body);
    strbuf_str(&l->body, "{\"events\":[");
    for (size_t i = 0; i < l->n && !more; i++) {
        const struct fake_event *e = &l->events[i];
        if (e->time_ms < l->last_from_ms || e->time_ms > l->last_to_ms || !fake_logs_wants(streams, e->stream) ||
            matching++ < skip)
            continue;
        more = given == room;
        if (!more)
            fake_logs_write(l, e, given++ == 0);
    }
    strbuf_str(&l->body, "],\"searchedLogStreams\":[]");
    if (more && l->token_repeats)
        strbuf_str(&l->body, ",\"nextToken\":\"0 1\"");
    else if (l->endless)
        strbuf_fmt(&l->body, ",\"nextToken\":\"%u %u\"", skip, page + 1);
    else if (more)
        strbuf_fmt(&l->body, ",\"nextToken\":\"%u %u\"", skip + (unsigned)given, page + 1);
    strbuf_char(&l->body, '}');
}

static void fake_logs_streams(struct fake_logs *l)
{
    l->stream_calls++;
    strbuf_reset(&l->body);
    strbuf_str(&l->body, "{\"logStreams\":[");
    for (size_t i = 0; i < l->n; i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen |= strcmp(l->events[k].stream, l->events[i].stream) == 0;
        if (!seen)
            strbuf_fmt(&l->body, "%s{\"logStreamName\":\"%s\",\"creationTime\":%lld}", i == 0 ? "" : ",",
                       l->events[i].stream, (long long)l->events[i].time_ms);
    }
    strbuf_str(&l->body, "]}");
}

/* For struct fake_aws: answers what a follower asks.  ctx: the struct fake_logs. */
static void fake_logs_reply(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fake_logs *l = f->ctx;
    if (l->instead_n > 0) {
        l->instead_n--;
        *out = l->instead;
        return;
    }
    json_t *o = json_loads(rq->body, 0, NULL);
    ASSERT(o != NULL);
    if (strcmp(rq->op, "FilterLogEvents") == 0)
        fake_logs_filter(l, o);
    else if (strcmp(rq->op, "DescribeLogStreams") == 0)
        fake_logs_streams(l);
    json_decref(o);
    out->body = strbuf_peek(&l->body);
    out->date_ms = f->wall_ms + l->ahead_ms;
}

#endif
