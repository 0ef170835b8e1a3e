#include "backend/watch/follower.h"

#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define HISTORY_PAGES 40
#define HISTORY_MS (24LL * 60 * 60 * 1000) /* containers live for hours, not days */
#define STREAMS_PER_LOOK 50

/* The creation of the oldest of these streams, from DescribeLogStreams' newest fifty. */
static int64_t oldest_creation(struct follower *f, struct aws *aws, size_t group, const struct slice *streams, size_t n,
                               int64_t before_ms)
{
    int64_t limit = before_ms - HISTORY_MS, oldest = before_ms;
    struct log_reader r = follower_reader(f, aws, false);
    struct strbuf body;
    struct aws_reply reply;
    strbuf_init(&body, 4096);
    log_query_begin(&body, f->cursors[group].group);
    strbuf_str(&body, ",\"orderBy\":\"LastEventTime\",\"descending\":true,\"limit\":50}");
    enum err err =
        aws_call(aws, &r.target, AWS_DESCRIBE_LOG_STREAMS, strbuf_peek(&body), r.deadline_ms, &reply, r.cancel, NULL);
    strbuf_clear(&body);
    json_t *o = err == ERR_OK ? json_read_object(reply.body, reply.len, NULL) : NULL, *row;
    size_t found = 0, i;
    json_array_foreach(json_object_get(o, "logStreams"), i, row)
    {
        size_t len = 0;
        const char *name = json_text(row, "logStreamName", &len);
        int64_t created = json_integer_value(json_object_get(row, "creationTime"));
        for (size_t k = 0; name != NULL && k < n; k++)
            if (streams[k].n == len && memcmp(streams[k].s, name, len) == 0) {
                found++;
                oldest = created > 0 && created < oldest ? created : oldest;
            }
    }
    json_decref(o);
    return found < n || oldest < limit ? limit : oldest;
}

static void take_history_locked(struct follower *f, size_t group, const struct log_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        struct line l;
        struct line_effect effect;
        classify(f->w->classifiers[f->env], page->events[i].message, &l);
        containers_feed(f->containers, group, page->events[i].stream, &l, page->events[i].time_ms, true, &effect);
    }
}

/* One that stays unexplained is shown as unknown. */
void follower_look_up_history(struct follower *f, struct aws *aws, size_t group)
{
    struct slice streams[STREAMS_PER_LOOK];
    char pattern[1025];
    if (!classifier_filter_pattern(f->w->classifiers[f->env], FILTER_CREDENTIALS, pattern, sizeof pattern))
        return;
    pthread_mutex_lock(&f->lock);
    size_t n = containers_unexplained(f->containers, group, streams, ARRAY_LEN(streams));
    for (size_t i = 0; i < n; i++) /* copies: the next feed may forget a container */
        streams[i].s = mem_copy_bytes(streams[i].s, streams[i].n);
    pthread_mutex_unlock(&f->lock);
    int64_t before = f->all_ms, date;
    char *token = NULL;
    if (n > 0) {
        struct log_query q = {.group = f->cursors[group].group,
                              .to_ms = before - 1,
                              .pattern = pattern,
                              .streams = streams,
                              .nstreams = n};
        q.from_ms = oldest_creation(f, aws, group, streams, n, before);
        struct log_reader r = follower_reader(f, aws, false);
        for (int page = 0; q.from_ms < before && page < HISTORY_PAGES; page++) {
            if (log_query_page(&r, &q, &token, &f->page, &date, NULL) != ERR_OK)
                break;
            pthread_mutex_lock(&f->lock);
            take_history_locked(f, group, &f->page);
            pthread_mutex_unlock(&f->lock);
            if (token == NULL)
                break;
        }
    }
    free(token);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)streams[i].s);
}
