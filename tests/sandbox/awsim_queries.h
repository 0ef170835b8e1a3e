/* The Logs Insights queries of one (account, region), each with its whole answer. */
#ifndef CT_AWSIM_QUERIES_H
#define CT_AWSIM_QUERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sandbox/awsim_insights.h"

#define QUERIES_MAX 200 /* the oldest that ended are forgotten */
#define QUERIES_RUNNING_MAX 100

struct sim_query {
    char id[37];
    int64_t done_ms;
    bool cancelled;
    struct insights_result result;
};

struct queries {
    size_t n;
    struct sim_query *list; /* oldest first */
};

void queries_clear(struct queries *q);

#endif
