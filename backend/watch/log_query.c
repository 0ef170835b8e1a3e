#include "backend/watch/log_query.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define TOKEN_MAX 8192
#define REQUEST_MAX (64 * 1024)
#define TIME_MAX_MS 253402300799999 /* year 9999 */

/* An ARN must not carry the ":*" that IAM policies and DescribeLogGroups give it. */
void log_query_begin(struct strbuf *b, const char *group)
{
    size_t n = strlen(group);
    bool arn = strncmp(group, "arn:", 4) == 0;
    if (arn && n > 2 && strcmp(group + n - 2, ":*") == 0)
        n -= 2;
    strbuf_str(b, arn ? "{\"logGroupIdentifier\":" : "{\"logGroupName\":");
    strbuf_json(b, group, n);
}

static void request(struct strbuf *b, const struct log_query *q, const char *token)
{
    log_query_begin(b, q->group);
    strbuf_fmt(b, ",\"startTime\":%lld,\"limit\":10000,\"interleaved\":true", (long long)q->from_ms);
    if (q->to_ms >= 0)
        strbuf_fmt(b, ",\"endTime\":%lld", (long long)q->to_ms);
    if (q->pattern != NULL) {
        strbuf_str(b, ",\"filterPattern\":");
        strbuf_json(b, q->pattern, strlen(q->pattern));
    }
    for (size_t i = 0; i < q->nstreams; i++) {
        strbuf_str(b, i == 0 ? ",\"logStreamNames\":[" : ",");
        strbuf_json(b, q->streams[i].s, q->streams[i].n);
    }
    strbuf_str(b, q->nstreams > 0 ? "]" : "");
    if (token != NULL) {
        strbuf_str(b, ",\"nextToken\":");
        strbuf_json(b, token, strlen(token));
    }
    strbuf_char(b, '}');
}

static enum err take_token(const struct log_page *page, char **token, struct why *why)
{
    struct slice next = page->next_token;
    if (next.n > TOKEN_MAX)
        return why_set(why, ERR_MALFORMED, "the page token is longer than %d bytes", TOKEN_MAX);
    if (*token != NULL && strlen(*token) == next.n && memcmp(*token, next.s, next.n) == 0)
        return why_set(why, ERR_MALFORMED, "the same page token came twice: the listing would never end");
    free(*token);
    *token = next.n > 0 ? mem_copy_bytes(next.s, next.n) : NULL;
    return ERR_OK;
}

enum err log_query_drop_impossible(struct log_page *page, struct why *why)
{
    size_t kept = 0, n = page->n;
    for (size_t i = 0; i < page->n; i++) {
        struct log_event *e = &page->events[i];
        if (e->time_ms < 0 || e->time_ms > TIME_MAX_MS)
            continue;
        if (e->ingested_ms < 0 || e->ingested_ms > TIME_MAX_MS)
            e->ingested_ms = -1;
        page->events[kept++] = *e;
    }
    page->n = kept;
    return n > 0 && kept == 0 ? why_set(why, ERR_MALFORMED, "none of %zu events has a time stamp", n) : ERR_OK;
}

static void page_begins(void *page)
{
    log_page_begin(page);
}

static void page_grows(void *page, const char *bytes, size_t n)
{
    log_page_more(page, bytes, n);
}

enum err log_query_page(const struct log_reader *r, const struct log_query *q, char **token, struct log_page *page,
                        int64_t *out_date_ms, struct why *why)
{
    const struct http_reader along = {page_begins, page_grows, page};
    struct aws_target target = r->target;
    struct strbuf body;
    struct aws_reply reply;
    enum err err;
    target.reader = &along;
    strbuf_init(&body, REQUEST_MAX);
    request(&body, q, *token);
    if (strbuf_cut(&body))
        err = why_set(why, ERR_INVALID, "the request would be longer than %d bytes", REQUEST_MAX);
    else
        err = aws_call(r->aws, &target, AWS_FILTER_LOG_EVENTS, strbuf_peek(&body), r->deadline_ms, &reply, r->cancel,
                       why);
    strbuf_clear(&body);
    if (err != ERR_OK)
        return err;
    *out_date_ms = reply.date_ms;
    err = log_page_end(page, reply.body, reply.len, why);
    if (err == ERR_OK)
        err = log_query_drop_impossible(page, why);
    if (err == ERR_OK)
        err = take_token(page, token, why);
    if (err != ERR_OK && why != NULL)
        (void)str_copy(why->call, sizeof why->call, "FilterLogEvents");
    return err;
}
