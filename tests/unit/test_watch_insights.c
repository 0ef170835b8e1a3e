/* The past from Logs Insights, step by step: what is asked, what becomes of each answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "backend/watch/insights.h"
#include "backend/watch/insights_past.h"
#include "tests/unit/fake_follower.h"

#define DAY_MS (24LL * 60 * 60000)

/* What a scripted Insights answers; "" the usual. */
struct script {
    struct fixture *x;
    struct fake_logs *logs;
    struct insights *insights;
    const char *groups, *start, *results;
    int status;                 /* of StartQuery */
    unsigned starts, polls, stops, pages;
    unsigned running;           /* so many polls before it is complete */
    char lines[4000], counts[4000];
    char query[4000];           /* of the last StartQuery */
    size_t wakes;
};

static void reply(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct script *s = f->ctx;
    out->date_ms = f->wall_ms;
    if (strcmp(rq->op, "DescribeLogGroups") == 0) {
        out->body = s->groups;
    } else if (strcmp(rq->op, "StartQuery") == 0) {
        s->starts++;
        (void)str_copy(s->query, sizeof s->query, rq->body);
        out->status = s->status;
        out->body = s->start;
    } else if (strcmp(rq->op, "GetQueryResults") == 0) {
        bool counts = strstr(s->query, "stats count") != NULL;
        s->polls++;
        out->body = s->results != NULL       ? s->results
                    : s->polls <= s->running ? "{\"status\":\"Running\",\"results\":[[]]}"
                                             : (counts ? s->counts : s->lines);
    } else if (strcmp(rq->op, "StopQuery") == 0) {
        s->stops++;
        out->body = "{\"success\":true}";
    } else {
        s->pages++;
        f->ctx = s->logs;
        fake_logs_reply(f, rq, out);
        f->ctx = s;
    }
}

static void wake(void *ctx, size_t id)
{
    struct script *s = ctx;
    assert_int_equal(id, 3);
    s->wakes++;
}

static int begin(void **state)
{
    set_up(state);
    struct fixture *x = *state;
    struct script *s = mem_new(sizeof *s);
    s->x = x;
    s->logs = &x->logs;
    s->groups = "{\"logGroups\":[{\"logGroupName\":\"/aws/lambda/orders\",\"storedBytes\":240000000,"
                "\"creationTime\":0,\"retentionInDays\":10},"
                "{\"logGroupName\":\"/aws/lambda/orders-2\",\"storedBytes\":99999999999999,\"creationTime\":0}]}";
    s->start = "{\"queryId\":\"q-1\"}";
    x->w.fake.ctx = s;
    x->w.fake.reply = reply;
    x->w.conf.engine = "insights";
    x->w.conf.insights_max_gb = 1;
    x->w.conf.backfill_ms = DAY_MS;
    x->w.env.mode = CONFIG_DEVELOPMENT;   /* no label to wait for */
    s->insights = insights_new(&x->w.watch, 0, wake, s, 3);
    x->follower = follower_new(&x->w.watch, 0);
    follower_may_query(x->follower, s->insights);
    (void)str_copy(s->lines, sizeof s->lines, "{\"status\":\"Complete\",\"results\":[],\"statistics\":{\"bytesScanned\":1e6}}");
    (void)str_copy(s->counts, sizeof s->counts, s->lines);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct script *s = *state;
    struct fixture *x = s->x;
    s->insights = insights_free(s->insights);
    *state = x;
    tear_down(state);
    free(s);
    return 0;
}

static void iso(int64_t ms, char out[29])
{
    clock_iso_ms(ms, out);
    out[10] = ' ';
    out[23] = '\0';
}

static void put_line(struct script *s, bool first, int64_t ms, const char *stream, enum fake_line what, unsigned request)
{
    char text[256], stamp[29], row[800];
    struct strbuf b;
    iso(ms, stamp);
    strbuf_init(&b, 1000);
    const char *line = fake_line(what, request, text);
    strbuf_json(&b, line, strlen(line));
    (void)str_fmt(row, sizeof row, "%s[{\"field\":\"@timestamp\",\"value\":\"%s\"},{\"field\":\"@log\",\"value\":\"1:/aws/lambda/orders\"},"
                  "{\"field\":\"@logStream\",\"value\":\"%s\"},{\"field\":\"@message\",\"value\":%s}]",
                  first ? "{\"status\":\"Complete\",\"results\":[" : ",", stamp, stream, strbuf_peek(&b));
    strbuf_clear(&b);
    size_t at = first ? 0 : strlen(s->lines) - 2;   /* over the end */
    (void)str_fmt(s->lines + at, sizeof s->lines - at, "%s]}", row);
}

static void put_count(struct script *s, bool first, int64_t bin_ms, const char *stream, const char *kind, int n)
{
    char stamp[29], row[800];
    iso(bin_ms, stamp);
    (void)str_fmt(row, sizeof row, "%s[{\"field\":\"bin(5m)\",\"value\":\"%s\"},{\"field\":\"@log\",\"value\":\"1:/aws/lambda/orders\"},"
                  "{\"field\":\"@logStream\",\"value\":\"%s\"},{\"field\":\"kind\",\"value\":\"%s\"},{\"field\":\"n\",\"value\":\"%d\"}]",
                  first ? "{\"status\":\"Complete\",\"results\":[" : ",", stamp, stream, kind, n);
    size_t at = first ? 0 : strlen(s->counts) - 2;
    (void)str_fmt(s->counts + at, sizeof s->counts - at, "%s]}", row);
}

/* The live sweep, then queries until nothing is asked for any more. */
static const struct log_snap *read_past(struct script *s)
{
    assert_true(follower_turn(s->x->follower, s->x->w.worker.aws) > 0);
    assert_int_equal(s->wakes, 1);
    for (int i = 0; i < 40; i++) {
        int64_t delay = insights_turn(s->insights, s->x->w.worker.aws);
        if (delay > 60000)
            break;
        wait_ms(delay < 450 ? delay : 10);   /* no need for the whole second here */
    }
    return look(s->x);
}

static int64_t bin(const struct script *s, int64_t ago_ms)
{
    int64_t ms = now(s->x) - ago_ms;
    return ms - ms % INSIGHTS_BIN_MS;
}

static void past__is_laid_beside_what_paging_counted(void **state)
{
    struct script *s = *state;
    int64_t h5 = bin(s, 5 * 3600000), h4 = bin(s, 4 * 3600000);
    put(s->x, "a", 2000, FAKE_START, 90);
    put(s->x, "a", 1000, FAKE_REPORT, 90);        /* paged: a hit, since the past tells of its fetch */
    put_line(s, true, h5 + 1000, "a", FAKE_INIT_START, 0);
    put_line(s, false, h5 + 1100, "a", FAKE_FETCH, 1);
    put_line(s, false, h4 + 5000, "b", FAKE_FETCH_IN_INIT, 0);
    put_line(s, false, h4 + 5100, "b", FAKE_FALLBACK, 7);
    put_line(s, false, h4 - DAY_MS, "c", FAKE_FETCH, 8);   /* not asked for */
    put_count(s, true, h5, "a", "REPORT RequestId", 4);
    put_count(s, false, h4, "a", "REPORT RequestId", 10);
    put_count(s, false, h4, "b", "\\\"type\\\":\\\"platform.report\\\"", 6);
    put_count(s, false, h4, "unknown", "REPORT RequestId", 3);
    put_count(s, false, h4, "unknown", "Using cached credentials", 2);
    const struct log_snap *r = read_past(s);
    assert_int_equal(s->starts, 2);
    expect_total(s->x, EVENT_INVOCATION, 4 + 10 + 6 + 3 + 1);
    expect_total(s->x, EVENT_FETCH, 2);
    expect_total(s->x, EVENT_COLD_START, 1);
    expect_total(s->x, EVENT_FALLBACK, 1);
    expect_total(s->x, EVENT_HIT, 3 + 10 + 2 + 1);   /* one of the four fetched itself */
    expect_total(s->x, EVENT_STALE_HIT, 6);
    assert_false(r->backfilling);
    assert_true(r->from_ms <= now(s->x) - DAY_MS && r->from_ms > now(s->x) - DAY_MS - INSIGHTS_BIN_MS);
    assert_int_equal(r->ncontainers, 3);
    assert_non_null(strstr(r->engine, "read the past"));
}

static void query__asks_for_whole_seconds_of_the_rest(void **state)
{
    struct script *s = *state;
    char expected[100];
    (void)read_past(s);
    int64_t from = now(s->x) - DAY_MS, to = bin(s, 10 * 60000);
    from -= from % INSIGHTS_BIN_MS;
    (void)str_fmt(expected, sizeof expected, "\"startTime\":%lld,\"endTime\":%lld,", (long long)from / 1000,
                  (long long)to / 1000 - 1);
    assert_non_null(strstr(s->query, expected));
    assert_non_null(strstr(s->query, "{\"logGroupNames\":[\"/aws/lambda/orders\"]"));
    assert_true(s->logs->last_from_ms == to);       /* paging read what Insights did not */
}

static void estimate__is_told_and_limits(void **state)
{
    struct script *s = *state;
    assert_true(follower_turn(s->x->follower, s->x->w.worker.aws) > 0);
    wait_ms(450);
    for (int i = 0; i < 3; i++)
        (void)insights_turn(s->insights, s->x->w.worker.aws);
    assert_int_equal(s->starts, 0);
    /* a tenth of what ten days have stored, twice; the namesake does not count */
    assert_non_null(strstr(look(s->x)->engine, "about 0.048 GB to scan, $0.0002"));
    s->x->w.conf.insights_max_gb = 0;
}

static void estimate__too_much__is_not_run(void **state)
{
    struct script *s = *state;
    s->x->w.conf.insights_max_gb = 0;
    const struct log_snap *r = read_past(s);
    assert_int_equal(s->starts, 0);
    assert_non_null(strstr(r->engine, "more than insights_max_gb, not run"));
    assert_false(r->backfilling);
    assert_true(r->from_ms == bin(s, 10 * 60000));   /* no more is claimed than was read */
}

static void estimate__of_a_group_of_odd_numbers__is_of_what_can_be(void **state)
{
    struct script *s = *state;
    s->groups = "{\"logGroups\":[{\"logGroupName\":\"/aws/lambda/orders\",\"storedBytes\":240000000,"
                "\"creationTime\":-9223372036854775808,\"retentionInDays\":10}]}";
    assert_non_null(strstr(read_past(s)->engine, "read the past"));
    json_t *group = json_pack("{s:I,s:I}", "storedBytes", (json_int_t)240000000, "creationTime", (json_int_t)INT64_MIN);
    assert_true(past_bytes(group, 0, DAY_MS) < 2);                      /* a day of 290 million years */
    json_object_set_new(group, "retentionInDays", json_integer(10));
    assert_true(past_bytes(group, 0, DAY_MS) == 48e6);
    json_object_set_new(group, "storedBytes", json_integer(-1));
    assert_true(past_bytes(group, 0, DAY_MS) == 0);
    json_decref(group);
}

static void count__too_large_to_be_one__counts_nothing(void **state)
{
    struct script *s = *state;
    char *digits;
    put_count(s, true, bin(s, 4 * 3600000), "a", "REPORT RequestId", 2147483647);
    digits = strstr(s->counts, "2147483647");
    memcpy(digits, "4294967295", 10);                                   /* minus one to who takes it for an int */
    assert_non_null(strstr(read_past(s)->engine, "could not read the past"));
    expect_total(s->x, EVENT_INVOCATION, 0);
}

static void counts__that_together_are_too_many__stay_a_count(void **state)
{
    struct script *s = *state;
    put_count(s, true, bin(s, 4 * 3600000), "a", "REPORT RequestId", 2147483647);
    put_count(s, false, bin(s, 4 * 3600000), "a", "REPORT RequestId", 2147483647);
    assert_non_null(strstr(read_past(s)->engine, "read the past:"));
    expect_total(s->x, EVENT_INVOCATION, 2147483647);
}

static void answer__that_is_wrong__counts_nothing(void **state)
{
    static const char *const answers[] = {
        "{\"status\":\"Failed\",\"results\":[]}", "{\"status\":\"Timeout\"}", "{}",
        "{\"status\":\"Complete\",\"results\":[[{\"field\":\"@logStream\",\"value\":\"a\"}]]}",
        "{\"status\":\"Complete\",\"results\":[[{\"field\":\"@timestamp\",\"value\":\"yesterday\"}]]}"};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        struct script *s = *state;
        s->results = answers[i];
        const struct log_snap *r = read_past(s);
        assert_non_null(strstr(r->engine, "could not read the past"));
        expect_total(s->x, EVENT_INVOCATION, 0);
        assert_false(r->backfilling);
        end(state);
        begin(state);
    }
}

static void start__refused__says_why_and_starts_no_other(void **state)
{
    struct script *s = *state;
    s->status = 400;
    s->start = "{\"__type\":\"AccessDeniedException\",\"message\":\"not yours\"}";
    const struct log_snap *r = read_past(s);
    assert_int_equal(s->starts, 1);
    assert_non_null(strstr(r->engine, "not yours"));
}

static void answer__while_it_runs__is_not_taken_for_all(void **state)
{
    struct script *s = *state;
    s->running = 3;
    put_line(s, true, bin(s, 3600000), "a", FAKE_FETCH, 1);
    (void)read_past(s);
    expect_total(s->x, EVENT_FETCH, 1);
    assert_int_equal(s->polls, 3 + 2);
}

static void freed__while_it_runs__the_query_is_stopped(void **state)
{
    struct script *s = *state;
    s->running = 1000;
    assert_true(follower_turn(s->x->follower, s->x->w.worker.aws) > 0);
    wait_ms(450);
    for (int i = 0; i < 5; i++)
        (void)insights_turn(s->insights, s->x->w.worker.aws);
    assert_int_equal(s->starts, 1);
    s->insights = insights_free(s->insights);
    assert_int_equal(s->stops, 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(past__is_laid_beside_what_paging_counted),
        CASE(estimate__of_a_group_of_odd_numbers__is_of_what_can_be),
        CASE(count__too_large_to_be_one__counts_nothing),
        CASE(counts__that_together_are_too_many__stay_a_count),
        CASE(query__asks_for_whole_seconds_of_the_rest),
        CASE(estimate__is_told_and_limits),
        CASE(estimate__too_much__is_not_run),
        CASE(answer__that_is_wrong__counts_nothing),
        CASE(start__refused__says_why_and_starts_no_other),
        CASE(answer__while_it_runs__is_not_taken_for_all),
        CASE(freed__while_it_runs__the_query_is_stopped),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
