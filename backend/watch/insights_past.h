/* What queries have brought so far, of up to fifty groups; kept until all of it is there. */
#ifndef CT_INSIGHTS_PAST_H
#define CT_INSIGHTS_PAST_H

#include "backend/aws/json.h"
#include "backend/base/strbuf.h"
#include "backend/watch/follower.h"

#define PAST_TEXT_MAX ((size_t)64 << 20)
#define PAST_ROWS_MAX 500000

struct past_item { /* a group's past, as it was asked for */
    struct follower *f;
    size_t group;
    const char *name; /* of the log group; no ARN */
    int64_t from_ms, to_ms;
    int64_t asked_mono_ms;
};

struct past_row {
    size_t item, stream, nstream, message, nmessage; /* texts: offsets */
    int64_t from_ms, to_ms;                          /* a line: its time, twice */
    uint32_t invocations, hits;
};

struct past {
    struct past_row *lines, *spans;
    size_t nlines, nspans;
    struct strbuf text;
};

void past_init(struct past *p);
void past_clear(struct past *p);

/* What a scan of the range will read, by DescribeLogGroups' row of the group: the part of what
 * is stored that lies in it; twice, for there are two queries. */
double past_bytes(const json_t *group, int64_t from_ms, int64_t to_ms);

/* Rows of GetQueryResults; those of other groups and times than asked for are left out.
 * Of a count: over a bin of `job_from`..`job_to`.  ERR_TOO_BIG, ERR_MALFORMED. */
enum err past_add_lines(struct past *p, const struct past_item *items, size_t n, const json_t *rows,
                        struct why *why) CHECKED;
enum err past_add_counts(struct past *p, const struct past_item *items, size_t n, const json_t *rows,
                         int64_t job_from_ms, int64_t job_to_ms, struct why *why) CHECKED;

/* Gives one item's part to its follower. */
void past_lay(struct past *p, const struct past_item *items, size_t at, const struct classifier *c);

#endif
