/* The log watch against a log group that pages, delays, repeats and fails: every event
 * is counted once, a failed turn keeps what was known and says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "tests/unit/fake_follower.h"

/* ------------------------------------------------------------------ sweeps */

static void sweep__first__reads_the_past(void **state)
{
    struct fixture *x = *state;
    put(x, "a", 61 * 60000, FAKE_FETCH, 1); /* before what is asked for */
    put(x, "a", 5000, FAKE_INIT_START, 0);
    put(x, "a", 4000, FAKE_FETCH_IN_INIT, 0);
    put(x, "a", 3000, FAKE_START, 2);
    put(x, "a", 2000, FAKE_REPORT, 2);
    put(x, "a", 1500, FAKE_DB_ERROR, 2);
    const struct log_snap *s = run(x);
    expect_total(x, EVENT_FETCH, 1);
    expect_total(x, EVENT_HIT, 1);
    expect_total(x, EVENT_COLD_START, 1);
    assert_int_equal(s->lines, 5);
    assert_int_equal(s->duplicates, 0);
    assert_false(s->backfilling);
    assert_true(s->from_ms == now(x) - 60 * 60000);
    assert_true(s->upto_ms <= now(x) && s->upto_ms >= now(x) - 2000);
    assert_true(s->newest_event_ms == now(x) - 1500);
    assert_true(s->last_fetch_ms == now(x) - 4000 && s->first_fetch_ms == now(x) - 4000);
    assert_string_equal(s->last_db_error, "password authentication failed for user");
    assert_int_equal(s->ncontainers, 1);
    assert_int_equal(s->snap.why.code, ERR_OK);
    assert_true(s->snap.good_wall_ms == now(x));
    size_t rows = 0;
    for (size_t i = 0; i < s->nchunks; i++)
        rows += s->chunks[i]->nrows;
    assert_int_equal(rows, 4); /* START is no event of its own */
}

static void sweep__asks_as_the_service_wants_it(void **state)
{
    struct fixture *x = *state;
    x->follower = follower_new(&x->w.watch, 0);
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    char expected[200];
    (void)str_fmt(expected, sizeof expected,
                  "{\"logGroupName\":\"/aws/lambda/orders\",\"startTime\":%lld,\"limit\":10000,\"interleaved\":true}",
                  (long long)(now(x) - 60 * 60000));
    assert_string_equal(x->w.fake.sent[0].body, expected);
    assert_string_equal(x->w.fake.sent[0].op, "FilterLogEvents");
}

static void sweep__an_arn_goes_without_its_star(void **state)
{
    static const char *const groups[] = {"arn:aws:logs:us-east-1:1:log-group:/x:*", NULL};
    struct fixture *x = *state;
    x->w.env.log_groups = groups;
    x->follower = follower_new(&x->w.watch, 0);
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    assert_ptr_equal(
        strstr(x->w.fake.sent[0].body, "{\"logGroupIdentifier\":\"arn:aws:logs:us-east-1:1:log-group:/x\","),
        x->w.fake.sent[0].body);
}

static void sweep__the_server_filters__unless_somebody_looks(void **state)
{
    struct fixture *x = *state;
    x->w.conf.server_filter = true;
    x->follower = follower_new(&x->w.watch, 0);
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    assert_non_null(strstr(x->w.fake.sent[0].body, "\"filterPattern\":\"?\\\"INIT_START\\\" "));
    assert_true(look(x)->filtered);
    atomic_store(&x->w.watch.focus, 0);
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    assert_null(strstr(x->w.fake.sent[1].body, "filterPattern"));
}

static void sweep__pages__small_and_empty(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 60, 1000);       /* the newest minute: the live sweep's */
    put_fetches(x, 40, 30 * 60000); /* and what the slices read */
    x->logs.page_size = 7;
    x->logs.empty_pages = true;
    const struct log_snap *s = run(x);
    expect_total(x, EVENT_FETCH, 100);
    assert_false(s->backfilling);
    assert_int_equal(s->backfill_done, s->backfill_slices);
    assert_true(s->pages >= 2 * 100 / 7);
}

static void sweep__next__counts_only_what_is_new(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 10, 1000);
    run(x);
    fake_watch_later(&x->w, 10000);
    put_fetches(x, 3, 1000);
    const struct log_snap *s = run(x);
    expect_total(x, EVENT_FETCH, 13);
    assert_int_equal(s->duplicates, 10);
    assert_int_equal(s->late, 0);
    assert_true(x->logs.last_from_ms >= now(x) - 140000); /* the overlap, not all of the past */
}

static void sweep__late_events_are_counted_and_marked(void **state)
{
    struct fixture *x = *state;
    char text[256];
    put_fetches(x, 1, 1000);
    run(x);
    fake_watch_later(&x->w, 31000);
    fake_logs_put(&x->logs, now(x) - 70000, now(x) - 1000, "s", fake_line(FAKE_FETCH, 77, text));
    const struct log_snap *s = run(x);
    expect_total(x, EVENT_FETCH, 2);
    assert_int_equal(s->late, 1);
    assert_int_equal(s->chunks[s->nchunks - 1]->rows[0].flags & EVENT_LATE, EVENT_LATE);
    /* ten minutes late: the long look back, every five minutes */
    fake_watch_later(&x->w, 10000);
    fake_logs_put(&x->logs, now(x) - 600000, now(x) - 1000, "s", fake_line(FAKE_FETCH, 78, text));
    for (int i = 0; i < 32; i++) {
        run(x);
        fake_watch_later(&x->w, 10000);
    }
    expect_total(x, EVENT_FETCH, 3);
}

static void sweep__events_without_an_id(void **state)
{
    static const char body[] = "{\"events\":[{\"logStreamName\":\"s\",\"timestamp\":1795521599000,\"message\":\"one\"},"
                               "{\"logStreamName\":\"s\",\"timestamp\":1795521599000,\"message\":\"two\"},"
                               "{\"logStreamName\":\"s\",\"timestamp\":1795521599000,\"message\":\"two\"}]}";
    struct fixture *x = *state;
    x->logs.instead = (struct fake_answer){.body = body};
    x->logs.instead_n = 2;
    x->follower = follower_new(&x->w.watch, 0);
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    expect_total(x, EVENT_OTHER, 2); /* what they say tells them apart */
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    expect_total(x, EVENT_OTHER, 2);
}

static void sweep__events_of_impossible_times(void **state)
{
    static const char none[] = "{\"events\":[{\"message\":\"c\",\"eventId\":\"3\"},{}]}";
    static const char body[] = "{\"events\":[{\"timestamp\":1795000000000,\"message\":\"long ago\",\"eventId\":\"0\"},"
                               "{\"timestamp\":-9223372036854775808,\"ingestionTime\":9223372036854775807,"
                               "\"message\":\"a\",\"eventId\":\"1\"},"
                               "{\"timestamp\":9223372036854775807,\"ingestionTime\":-9223372036854775808,\"message\":"
                               "\"b\",\"eventId\":\"2\"},"
                               "{\"message\":\"c\",\"eventId\":\"3\"},{}]}";
    struct fixture *x = *state;
    run(x);
    x->logs.instead = (struct fake_answer){.body = body};
    x->logs.instead_n = 1;
    run(x);
    assert_int_equal(look(x)->snap.why.code, ERR_OK);
    assert_int_equal(look(x)->lines, 1);
    assert_true(look(x)->newest_event_ms == 1795000000000);
    fake_watch_later(&x->w, 10000);
    x->logs.instead = (struct fake_answer){.body = none};
    x->logs.instead_n = 1;
    run(x);
    assert_int_equal(look(x)->snap.why.code, ERR_MALFORMED); /* taken for an empty page, it would lose what it hides */
    put_fetches(x, 1, 1000);
    fake_watch_later(&x->w, 10000);
    run(x);
    expect_total(x, EVENT_FETCH, 1); /* and the next sweep goes on as before */
}

/* ------------------------------------------------------------- what fails */

static void turn__that_fails__keeps_the_data_and_says_why(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 5, 1000);
    const struct log_snap *s = run(x);
    int64_t good = s->snap.good_wall_ms;
    for (unsigned i = 1; i <= 2; i++) {
        fake_watch_later(&x->w, 10000);
        x->logs.instead = (struct fake_answer){
            .status = 400, .body = "{\"__type\":\"AccessDeniedException\",\"message\":\"not yours\"}"};
        x->logs.instead_n = 1;
        s = run(x);
        assert_int_equal(s->snap.why.code, ERR_DENIED);
        assert_string_equal(s->snap.why.call, "FilterLogEvents");
        assert_string_equal(s->snap.why.text, "not yours");
        assert_int_equal(s->snap.failures, i);
        assert_true(s->snap.good_wall_ms == good && s->snap.failing_since_wall_ms == good + 10000);
        expect_total(x, EVENT_FETCH, 5);
        assert_int_equal(s->nchunks, 1);
    }
    fake_watch_later(&x->w, 10000);
    put_fetches(x, 1, 1000);
    s = run(x);
    expect_total(x, EVENT_FETCH, 6);
    assert_int_equal(s->snap.failures, 0);
    assert_int_equal(s->snap.why.code, ERR_OK);
    assert_true(s->snap.failing_since_wall_ms == TIME_UNKNOWN);
}

static void turn__of_a_group_that_is_not_there_yet(void **state)
{
    struct fixture *x = *state;
    x->logs.instead = (struct fake_answer){
        .status = 400, .body = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"no such group\"}"};
    x->logs.instead_n = 1;
    x->follower = follower_new(&x->w.watch, 0);
    assert_true(follower_turn(x->follower, x->w.worker.aws) > 0);
    const struct log_snap *s = look(x);
    assert_int_equal(s->snap.why.code, ERR_NOT_FOUND);
    assert_true(s->backfilling);
    assert_true(s->snap.good_wall_ms == TIME_UNKNOWN);
    put_fetches(x, 2, 1000);
    s = run(x);
    expect_total(x, EVENT_FETCH, 2);
    assert_false(s->backfilling);
}

static void turn__with_a_malformed_page(void **state)
{
    static const char *const pages[] = {"{\"events\":[{\"message\":\"half", "<html>proxy</html>",
                                        "{\"events\":[{\"timestamp\":\"now\"}]}", ""};
    struct fixture *x = *state;
    put_fetches(x, 2, 1000);
    run(x);
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        x->logs.instead = (struct fake_answer){.body = pages[i]};
        x->logs.instead_n = 1;
        const struct log_snap *s = run(x);
        assert_int_equal(s->snap.why.code, ERR_MALFORMED);
        assert_string_equal(s->snap.why.call, "FilterLogEvents");
        assert_ptr_equal(strstr(s->snap.why.text, "log page, byte "), s->snap.why.text);
        expect_total(x, EVENT_FETCH, 2);
    }
    run(x);
    assert_int_equal(look(x)->snap.why.code, ERR_OK);
}

static void turn__when_the_token_expires__begins_the_sweep_again(void **state)
{
    struct fixture *x = *state;
    run(x);
    fake_watch_later(&x->w, 100000);
    put_fetches(x, 60, 1000);
    x->logs.page_size = 25;
    x->follower = x->follower != NULL ? x->follower : follower_new(&x->w.watch, 0);
    /* the second page fails: what the first held is counted, and counted once */
    x->logs.instead = (struct fake_answer){
        .status = 400, .body = "{\"__type\":\"InvalidParameterException\",\"message\":\"token expired\"}"};
    size_t before = x->logs.filter_calls;
    while (x->logs.filter_calls == before)
        wait_ms(follower_turn(x->follower, x->w.worker.aws) > 0 ? 0 : 1);
    run(x);
    expect_total(x, EVENT_FETCH, 60);
    x->logs.instead_n = 1;
    run(x);
    assert_int_equal(look(x)->snap.why.code, ERR_INVALID);
    fake_watch_later(&x->w, 10000);
    put_fetches(x, 5, 1000);
    run(x);
    expect_total(x, EVENT_FETCH, 65);
    assert_int_equal(look(x)->snap.why.code, ERR_OK);
}

static void turn__when_a_token_repeats__does_not_go_round(void **state)
{
    struct fixture *x = *state;
    run(x);
    fake_watch_later(&x->w, 30000);
    put_fetches(x, 20, 1000);
    x->logs.page_size = 5;
    x->logs.token_repeats = true;
    size_t before = x->logs.filter_calls;
    const struct log_snap *s = run(x);
    assert_int_equal(s->snap.why.code, ERR_MALFORMED);
    assert_string_equal(s->snap.why.text, "the same page token came twice: the listing would never end");
    assert_true(x->logs.filter_calls - before <= 3);
    x->logs.token_repeats = false;
    run(x);
    expect_total(x, EVENT_FETCH, 20);
}

static void turn__when_pages_lead_in_a_circle__says_so_and_counts_once(void **state)
{
    struct fixture *x = *state;
    run(x);
    fake_watch_later(&x->w, 30000);
    put_fetches(x, 20, 1000);
    x->logs.endless = true;
    size_t before = x->logs.filter_calls;
    const struct log_snap *s = run(x);
    assert_int_equal(s->snap.why.code, ERR_MALFORMED);
    assert_string_equal(s->snap.why.text, "the listing never ends: its pages lead in a circle");
    assert_true(x->logs.filter_calls - before <= 3);
    expect_total(x, EVENT_FETCH, 20); /* what the page holds is none the less true */
    x->logs.endless = false;
    put_fetches(x, 1, 500);
    run(x);
    expect_total(x, EVENT_FETCH, 21);
    assert_int_equal(look(x)->snap.why.code, ERR_OK);
}

static void turn__cancelled__publishes_nothing(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    uint64_t generation = look(x)->snap.generation;
    x->logs.instead = (struct fake_answer){.hangs = true};
    x->logs.instead_n = 1;
    cancel_trigger(x->w.watch.cancel);
    assert_int_equal(follower_turn(x->follower, x->w.worker.aws), 0);
    assert_int_equal(look(x)->snap.generation, generation);
    assert_int_equal(look(x)->snap.why.code, ERR_OK);
}

static void outage__leaves_no_hole(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    x->logs.instead = (struct fake_answer){.err = ERR_TLS}; /* a failure that is not tried again */
    for (int i = 0; i < 40; i++) {                          /* forty minutes, a fetch each */
        fake_watch_later(&x->w, 60000);
        put_fetches(x, 1, 1000);
        x->logs.instead_n = 1;
        run(x);
    }
    expect_total(x, EVENT_FETCH, 1);
    run(x);
    expect_total(x, EVENT_FETCH, 41);
}

/* --------------------------------------------------------- past and labels */

static void history__is_looked_up_once(void **state)
{
    struct fixture *x = *state;
    put(x, "old", 3 * 60 * 60000, FAKE_INIT_START, 0);
    put(x, "old", 3 * 60 * 60000 - 100, FAKE_FETCH_IN_INIT, 0);
    put(x, "bad", 2 * 60 * 60000, FAKE_FALLBACK, 1);
    put(x, "old", 2000, FAKE_START, 2);
    put(x, "old", 1900, FAKE_REPORT, 2);
    put(x, "bad", 2000, FAKE_START, 3);
    put(x, "bad", 1900, FAKE_REPORT, 3);
    const struct log_snap *s = run(x);
    expect_total(x, EVENT_HIT, 1);
    expect_total(x, EVENT_STALE_HIT, 1);
    expect_total(x, EVENT_FETCH, 0);
    expect_total(x, EVENT_FALLBACK, 0);
    assert_int_equal(s->ncontainers, 2);
    assert_int_equal(s->poisoned, 1);
    assert_int_equal(x->logs.stream_calls, 1);
    run(x);
    assert_int_equal(x->logs.stream_calls, 1);
}

static void label__moved__is_counted_again(void **state)
{
    struct fixture *x = *state;
    put(x, "a", 60000, FAKE_FETCH_IN_INIT, 0);
    put(x, "a", 2000, FAKE_START, 2);
    put(x, "a", 1900, FAKE_REPORT, 2);
    run(x);
    expect_total(x, EVENT_HIT, 1);
    assert_false(look(x)->label_known);
    struct secret_snap *secret = watch_next(&x->w.watch, NULL, sizeof *secret, watch_destroy_flat);
    secret->current_since_ms = now(x) - 30000;
    watch_close(&x->w.watch, &secret->snap, ERR_OK, NULL, 1000);
    snapbox_put(x->w.watch.box, watch_slot(0, SLOT_SECRET), &secret->snap);
    follower_relabel(x->follower);
    expect_total(x, EVENT_HIT, 0);
    expect_total(x, EVENT_STALE_HIT, 1);
    assert_true(look(x)->label_known);
    assert_int_equal(look(x)->stale, 1);
}

/* ----------------------------------------------------------------- property */

static uint32_t seed = 20261124;

static uint32_t pick(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* Events arrive up to a hundred seconds late, in small pages, with failures in between:
 * in the end each has been counted once. */
static void property__everything_is_counted_once(void **state)
{
    struct fixture *x = *state;
    unsigned fetches = 0;
    char text[256];
    x->logs.page_size = 60;
    for (int round = 0; round < 40; round++) {
        for (uint32_t n = pick(12); n > 0; n--) {
            int64_t ago = 500 + pick(pick(4) == 0 ? 100000 : 9000);
            fake_logs_put(&x->logs, now(x) - ago, now(x) - 400, pick(2) == 0 ? "a" : "b",
                          fake_line(FAKE_FETCH, ++fetches, text));
        }
        if (pick(4) == 0) {
            static const struct fake_answer faults[] = {
                {.err = ERR_TLS}, {.body = "{"}, {.status = 400, .body = "{\"__type\":\"X\"}"}};
            x->logs.instead = faults[pick(ARRAY_LEN(faults))];
            x->logs.instead_n = 1;
        }
        x->logs.empty_pages = pick(3) == 0;
        run(x);
        fake_watch_later(&x->w, 10000);
    }
    x->logs.instead_n = 0;
    run(x);
    expect_total(x, EVENT_FETCH, fetches);
    assert_true(fetches > 100);
    assert_int_equal(look(x)->refused, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(sweep__first__reads_the_past),
        CASE(sweep__asks_as_the_service_wants_it),
        CASE(sweep__an_arn_goes_without_its_star),
        CASE(sweep__the_server_filters__unless_somebody_looks),
        CASE(sweep__pages__small_and_empty),
        CASE(sweep__next__counts_only_what_is_new),
        CASE(sweep__late_events_are_counted_and_marked),
        CASE(sweep__events_without_an_id),
        CASE(sweep__events_of_impossible_times),
        CASE(turn__that_fails__keeps_the_data_and_says_why),
        CASE(turn__of_a_group_that_is_not_there_yet),
        CASE(turn__with_a_malformed_page),
        CASE(turn__when_the_token_expires__begins_the_sweep_again),
        CASE(turn__when_a_token_repeats__does_not_go_round),
        CASE(turn__when_pages_lead_in_a_circle__says_so_and_counts_once),
        CASE(turn__cancelled__publishes_nothing),
        CASE(outage__leaves_no_hole),
        CASE(history__is_looked_up_once),
        CASE(label__moved__is_counted_again),
        CASE(property__everything_is_counted_once),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
