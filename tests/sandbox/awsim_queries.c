/* CloudWatch Logs Insights: StartQuery, GetQueryResults, StopQuery. */
#include "tests/sandbox/awsim_queries.h"

#include "backend/base/mem.h"
#include "tests/sandbox/awsim_logs.h"

#define GROUPS_MAX 50

static void forget(struct queries *q, size_t at)
{
    json_decref(q->list[at].result.rows);
    q->n--;
    memmove(q->list + at, q->list + at + 1, (q->n - at) * sizeof *q->list);
}

void queries_clear(struct queries *q)
{
    while (q->n > 0)
        forget(q, q->n - 1);
    free(q->list);
    *q = (struct queries){0};
}

/* Room for one more; NULL: too many are running. */
static struct sim_query *query_new(struct queries *q, int64_t now_ms)
{
    size_t running = 0;
    for (size_t i = 0; i < q->n; i++)
        running += !q->list[i].cancelled && q->list[i].done_ms > now_ms;
    if (running >= QUERIES_RUNNING_MAX)
        return NULL;
    for (size_t i = 0; q->n >= QUERIES_MAX; i++)
        if (q->list[i].cancelled || q->list[i].done_ms <= now_ms)
            forget(q, i--);
    q->list = mem_grow(q->list, q->n + 1, sizeof *q->list);
    struct sim_query *new = &q->list[q->n++];
    *new = (struct sim_query){0};
    random_text(new->id, 36, "0123456789abcdef");
    new->id[8] = new->id[13] = new->id[18] = new->id[23] = '-';
    return new;
}

/* Exactly one of the three ways of naming groups. */
static bool groups_wanted(struct call *c, struct log_group *out[GROUPS_MAX], size_t *out_n)
{
    json_t *names = NULL, *ids = NULL, *name;
    const char *one = NULL;
    if (!arg_text(c, "logGroupName", 1, 512, &one) || !arg_list(c, "logGroupNames", 1, GROUPS_MAX, &names) ||
        !arg_list(c, "logGroupIdentifiers", 1, GROUPS_MAX, &ids))
        return false;
    if (!!one + !!names + !!ids != 1) {
        call_fail(c, CALL_INVALID, "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be given.");
        return false;
    }
    json_t *all = one ? json_pack("[s]", one) : json_incref(names ? names : ids);
    size_t i;
    *out_n = 0;
    json_array_foreach(all, i, name)
    {
        struct log_group *g = logs_group_named(c, json_string_value(name), ids != NULL);
        if (!g) {
            json_decref(all);
            return false;
        }
        out[(*out_n)++] = g;
    }
    json_decref(all);
    return true;
}

void logs_start_query(struct call *c)
{
    struct log_group *groups[GROUPS_MAX];
    struct insights q;
    const char *text, *language = "CWLI";
    int64_t from_s = -1, to_s = -1, limit = 0;
    size_t ngroups;
    char message[256];
    if (!groups_wanted(c, groups, &ngroups) || !arg_need_text(c, "queryString", 0, INSIGHTS_QUERY_MAX, &text) ||
        !arg_int(c, "startTime", 0, INT64_MAX / 1000, &from_s) || !arg_int(c, "endTime", 0, INT64_MAX / 1000, &to_s) ||
        !arg_int(c, "limit", 1, INSIGHTS_ROWS_MAX, &limit) || !arg_text(c, "queryLanguage", 1, 16, &language))
        return;
    if (from_s < 0 || to_s < from_s || strcmp(language, "CWLI") != 0) {
        call_fail(c, CALL_INVALID, "startTime and endTime are needed, in this order; queryLanguage must be CWLI");
        return;
    }
    if (!insights_parse(text, &q, message, sizeof message)) {
        call_fail(c, "MalformedQueryException", "%s", message);
        return;
    }
    struct sim_query *query = query_new(&c->realm->queries, c->now_ms);
    if (query) {
        /* Seconds, both included: the last one to its last millisecond. */
        struct insights_range range = {c->realm->account, ngroups, groups, from_s * 1000, to_s * 1000 + 999, c->now_ms};
        if (limit > 0 && limit < q.limit)
            q.limit = limit;
        insights_run(&q, &range, &query->result);
        query->done_ms = c->now_ms + c->sim->query_ms;
        call_answer(c, json_pack("{ss}", "queryId", query->id));
    } else {
        call_fail(c, "LimitExceededException", "The number of concurrent queries has reached its limit of %d",
                  QUERIES_RUNNING_MAX);
    }
    insights_clear(&q);
}

static struct sim_query *query_named(struct call *c)
{
    const char *id;
    if (!arg_need_text(c, "queryId", 0, 256, &id))
        return NULL;
    struct queries *q = &c->realm->queries;
    for (size_t i = 0; i < q->n; i++)
        if (strcmp(q->list[i].id, id) == 0)
            return &q->list[i];
    call_fail(c, CALL_NOT_FOUND, "Query %s does not exist.", id);
    return NULL;
}

/* While it runs, half of the rows are there: a client must not take them for all. */
void logs_get_query_results(struct call *c)
{
    const struct sim_query *q = query_named(c);
    if (!q)
        return;
    bool done = q->done_ms <= c->now_ms;
    json_t *rows = json_incref(q->result.rows);
    if (!done) {
        json_decref(rows);
        rows = json_array();
        for (size_t i = 0; i < json_array_size(q->result.rows) / 2; i++)
            (void)json_array_append(rows, json_array_get(q->result.rows, i));
    }
    const char *status = q->cancelled ? "Cancelled" : done ? "Complete" : "Running";
    call_answer(c, json_pack("{ss ss so s{sf sf sf}}", "queryLanguage", "CWLI", "status", status, "results", rows,
                             "statistics", "recordsMatched", q->result.matched, "recordsScanned", q->result.scanned,
                             "bytesScanned", q->result.bytes));
}

void logs_stop_query(struct call *c)
{
    struct sim_query *q = query_named(c);
    if (!q)
        return;
    if (q->cancelled || q->done_ms <= c->now_ms) {
        call_fail(c, CALL_INVALID, "The query is not running: it has already ended.");
        return;
    }
    q->cancelled = true;
    call_answer(c, json_pack("{sb}", "success", 1));
}
