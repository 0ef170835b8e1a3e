/* The part of the Logs Insights language that awsim understands:
 *
 *   fields A, B | filter F like /re/ and F = "text" or ispresent(F)
 *   | parse F /(?<name>re)/ | stats count(*) as name by bin(5m), F | sort F desc | limit N
 *
 * Another command, function or operator is refused by name. */
#ifndef CT_AWSIM_INSIGHTS_H
#define CT_AWSIM_INSIGHTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sandbox/awsim_matcher.h"
#include "tests/sandbox/awsim_store.h"

#define INSIGHTS_QUERY_MAX 10000
#define INSIGHTS_ROWS 10000 /* of an answer, unless limit says more or less */
#define INSIGHTS_ROWS_MAX 100000
#define INSIGHTS_FIELDS_MAX 16
#define INSIGHTS_NAME_MAX 64

enum insights_test { INSIGHTS_LIKE, INSIGHTS_EQUAL, INSIGHTS_PRESENT };

struct insights_filter {
    enum insights_test test;
    bool negate;
    bool either; /* "or" stands before it */
    char field[INSIGHTS_NAME_MAX];
    struct matcher matcher; /* like */
    char *text;             /* = */
};

typedef char insights_name[INSIGHTS_NAME_MAX];

struct insights {
    size_t nfields, nfilters, nby;
    insights_name fields[INSIGHTS_FIELDS_MAX];
    struct insights_filter filters[INSIGHTS_FIELDS_MAX];
    insights_name parse_field, parse_name; /* parse_name "": none */
    struct matcher parse;
    bool counts;
    insights_name count_name;
    insights_name by[INSIGHTS_FIELDS_MAX]; /* "bin(5m)" among them */
    int64_t bin_ms;
    insights_name sort; /* "": newest first; a count has no order */
    bool descending;
    int64_t limit;
};

/* False with a line that says what is not understood, and where. */
bool insights_parse(const char *query, struct insights *out, char *out_message, size_t size);
void insights_clear(struct insights *q);

struct insights_range {
    const char *account;
    size_t ngroups;
    struct log_group *const *groups;
    int64_t from_ms, to_ms; /* both included */
    int64_t now_ms;         /* what is ingested later is not seen */
};

struct insights_result {
    json_t *rows; /* as GetQueryResults gives them */
    double matched, scanned, bytes;
};

void insights_run(const struct insights *q, const struct insights_range *range, struct insights_result *out);

#endif
