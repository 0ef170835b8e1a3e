/* One page of FilterLogEvents: the request, the call, the scan. */
#ifndef CT_LOG_QUERY_H
#define CT_LOG_QUERY_H

#include "backend/aws/aws.h"
#include "backend/watch/log_page.h"

struct log_query {
    const char *group;           /* name or ARN */
    int64_t from_ms, to_ms;      /* both inclusive; to_ms -1: open */
    const char *pattern;         /* filter pattern; NULL: everything */
    const struct slice *streams; /* only these; nstreams 0: all */
    size_t nstreams;
};

struct log_reader { /* fixed: how to ask */
    struct aws *aws;
    struct aws_target target; /* `reserved` says whether the quota's slot has been taken */
    int64_t deadline_ms;
    struct cancel *cancel;
};

/* Reads the page that *token names (NULL: the first) into *page, whose slices live until
 * the next call; *token becomes the next page's, or NULL.  *out_date_ms is AWS's clock
 * (-1 unknown).  On failure *token is as it was. */
enum err log_query_page(const struct log_reader *r, const struct log_query *q, char **token, struct log_page *page,
                        int64_t *out_date_ms, struct why *why) CHECKED;

/* The group as DescribeLogStreams and FilterLogEvents want it, begun as a JSON object. */
void log_query_begin(struct strbuf *b, const char *group);

/* What a page has gone through when log_query_page() gives it out.  Events of no time, or of one
 * that no log has, are none: sums of what is left do not overflow.  Where no event has a time
 * the answer is not what was asked for (ERR_MALFORMED), and taking it for an empty one would
 * lose what it should have told. */
enum err log_query_drop_impossible(struct log_page *page, struct why *why) CHECKED;

#endif
