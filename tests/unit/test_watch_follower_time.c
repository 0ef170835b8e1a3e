/* The log watch and time: clocks that are wrong or step, outages, events that come late
 * or out of order.  Nothing is lost, nothing counted twice, everything in its own minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "tests/unit/fake_follower.h"

#define HOUR_MS (60 * 60000)

/* What the series has of a kind in the step of this moment. */
static uint32_t in_step(struct fixture *x, enum event_kind kind, int64_t time_ms)
{
    const struct log_snap *s = look(x);
    int64_t back = (s->series_end_ms - 1 - time_ms) / SERIES_STEP_MS;
    if (time_ms >= s->series_end_ms || back >= SERIES_STEPS)
        fail_msg("%lld is not in the series, which ends at %lld", (long long)time_ms, (long long)s->series_end_ms);
    return s->series[kind][SERIES_STEPS - 1 - back];
}

/* A fetch that happened then and can be read now. */
static void arrives_late(struct fixture *x, int64_t time_ms, unsigned request)
{
    char text[256];
    fake_logs_put(&x->logs, time_ms, now(x), "s", fake_line(FAKE_FETCH, request, text));
}

/* -------------------------------------------------------------------- late */

static void late__by_less_than_the_overlap__in_its_own_minute(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    fake_watch_later(&x->w, 10000);
    arrives_late(x, now(x) - 25000, 501);
    run(x);
    expect_total(x, EVENT_FETCH, 2); /* at once: most sweeps reach that far... */
    fake_watch_later(&x->w, 31000);
    int64_t then = now(x) - 140000; /* ...one each half minute the whole overlap */
    uint32_t before = in_step(x, EVENT_FETCH, then);
    arrives_late(x, then, 500);
    run(x);
    expect_total(x, EVENT_FETCH, 3);
    assert_int_equal(in_step(x, EVENT_FETCH, then), before + 1);
    assert_int_equal(look(x)->late, 1);
    const struct log_snap *s = look(x);
    assert_int_equal(s->chunks[s->nchunks - 1]->rows[0].flags & EVENT_LATE, EVENT_LATE);
    assert_true(s->chunks[s->nchunks - 1]->rows[0].time_ms == then);
}

/* Each comes later than the last, by as much as the overlap has learnt to reach. */
static void late__later_and_later__the_overlap_follows(void **state)
{
    static const int64_t delays[] = {30000, 70000, 110000, 200000, 400000, 550000};
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    for (unsigned i = 0; i < ARRAY_LEN(delays); i++) {
        fake_watch_later(&x->w, 31000);
        arrives_late(x, now(x) - delays[i], 600 + i);
        run(x);
        expect_total(x, EVENT_FETCH, 2 + i);
    }
    assert_int_equal(look(x)->late, ARRAY_LEN(delays));
    assert_int_equal(look(x)->refused, 0);
}

static void late__beyond_the_overlap__the_long_look_back_finds_it(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    fake_watch_later(&x->w, 20 * 60000);
    run(x);
    fake_watch_later(&x->w, 10000);
    int64_t then = now(x) - 14 * 60000;
    arrives_late(x, then, 700);
    run(x);
    expect_total(x, EVENT_FETCH, 1); /* the overlap does not reach it... */
    fake_watch_later(&x->w, 5 * 60000);
    run(x);
    expect_total(x, EVENT_FETCH, 2);
    assert_int_equal(in_step(x, EVENT_FETCH, then), 1);
}

static void reordered__across_streams__the_verdicts_are_those_of_the_true_order(void **state)
{
    struct fixture *x = *state;
    char text[256];
    run(x);
    fake_watch_later(&x->w, 60000);
    /* REPORTs first, then what happened before them; a stream's fetch last of all */
    for (unsigned k = 0; k < 4; k++) {
        char stream[8];
        (void)str_fmt(stream, sizeof stream, "s%u", k);
        put(x, stream, 20000 - k, FAKE_REPORT, 10 * k);
        put(x, stream, 10000 - k, FAKE_REPORT, 10 * k + 1);
    }
    run(x);
    expect_total(x, EVENT_HIT, 0);
    fake_watch_later(&x->w, 5000);
    for (unsigned k = 4; k-- > 0;) {
        char stream[8];
        (void)str_fmt(stream, sizeof stream, "s%u", k);
        fake_logs_put(&x->logs, now(x) - 5000 - 20100, now(x), stream, fake_line(FAKE_FETCH, 10 * k, text));
        fake_logs_put(&x->logs, now(x) - 5000 - 20200, now(x), stream, fake_line(FAKE_INIT_START, 0, text));
        if (k == 3)
            fake_logs_put(&x->logs, now(x) - 5000 - 20050, now(x), stream, fake_line(FAKE_FALLBACK, 30, text));
    }
    run(x);
    expect_total(x, EVENT_FETCH, 4);
    expect_total(x, EVENT_COLD_START, 4);
    expect_total(x, EVENT_HIT, 3);       /* the second invocation of each */
    expect_total(x, EVENT_STALE_HIT, 1); /* but of the one that fell back */
}

/* ------------------------------------------------------------------ outages */

static void outage__of_an_hour__in_one_piece(void **state)
{
    static const struct fake_answer outages[] = {
        {.err = ERR_TLS}, {.status = 403, .body = "{\"__type\":\"AccessDeniedException\"}"}, {.body = "<html>"}};
    struct fixture *x = *state;
    unsigned request = 0;
    put_fetches(x, 1, 1000);
    run(x);
    x->logs.page_size = 50;
    for (int minute = 0; minute < 60; minute++) {
        fake_watch_later(&x->w, 60000);
        for (int i = 0; i < 10; i++) {
            char text[256];
            fake_logs_put(&x->logs, now(x) - 6000 * i, now(x) - 6000 * i + 300, i % 2 ? "a" : "b",
                          fake_line(FAKE_FETCH, 1000 + request++, text));
        }
        x->logs.instead = outages[minute % 3];
        x->logs.instead_n = 1;
        run(x);
    }
    expect_total(x, EVENT_FETCH, 1);
    assert_int_equal(look(x)->snap.failures, 60);
    x->logs.instead_n = 0;
    run(x);
    expect_total(x, EVENT_FETCH, 601);
    assert_int_equal(look(x)->refused, 0);
    assert_int_equal(in_step(x, EVENT_FETCH, now(x) - 30 * 60000), 5);
    uint64_t duplicates = look(x)->duplicates;
    run(x);
    expect_total(x, EVENT_FETCH, 601);
    assert_true(look(x)->duplicates > duplicates);   /* the overlap was read again, and known */
}

static void outage__in_the_middle_of_a_listing(void **state)
{
    struct fixture *x = *state;
    run(x);
    fake_watch_later(&x->w, 60000);
    put_fetches(x, 50, 1000);
    x->logs.page_size = 10;
    for (size_t good = 1; good < 6; good++) {   /* so many pages come, then the line is cut */
        size_t upto = x->logs.filter_calls + good;
        while (x->logs.filter_calls < upto && x->logs.instead_n == 0)
            if (follower_turn(x->follower, x->w.worker.aws) >= FAKE_PERIOD_MS / 2)
                break;
        x->logs.instead = (struct fake_answer){.err = ERR_TLS};
        x->logs.instead_n = 1;
        run(x);
    }
    x->logs.instead_n = 0;
    run(x);
    expect_total(x, EVENT_FETCH, 50);
}

/* ------------------------------------------------------------------- clocks */

static void clock__wrong_at_the_start__the_past_is_aws_s(void **state)
{
    static const int64_t ahead[] = {-HOUR_MS, HOUR_MS, -7 * 24 * HOUR_MS, 40000, -40000};
    for (size_t i = 0; i < ARRAY_LEN(ahead); i++) {
        struct fixture *x = *state;
        x->logs.ahead_ms = ahead[i];
        put(x, "a", 59 * 60000, FAKE_FETCH, 1);
        put(x, "a", 61 * 60000, FAKE_FETCH, 2); /* before what is asked for */
        put(x, "a", 1000, FAKE_FETCH, 3);
        run(x);
        expect_total(x, EVENT_FETCH, 2);
        assert_true(look(x)->from_ms == now(x) - HOUR_MS);
        assert_int_equal(in_step(x, EVENT_FETCH, now(x) - 1000), 1);
        fake_watch_later(&x->w, 10000);
        put_fetches(x, 3, 1000);
        run(x);
        expect_total(x, EVENT_FETCH, 5);
        tear_down(state);
        set_up(state);
    }
}

static void clock__right_within_seconds__is_left_alone(void **state)
{
    struct fixture *x = *state;
    x->logs.ahead_ms = 900;
    put_fetches(x, 2, 1000);
    run(x);
    expect_total(x, EVENT_FETCH, 2);
    assert_int_equal(x->logs.filter_calls, 1);
    assert_true(look(x)->from_ms == x->w.fake.wall_ms - HOUR_MS);
}

/* Ours steps by an hour, either way; AWS's goes on. */
static void clock__steps__nothing_is_lost_or_repeated(void **state)
{
    static const int64_t steps[] = {HOUR_MS, -HOUR_MS, -HOUR_MS, 24 * HOUR_MS, -23 * HOUR_MS};
    struct fixture *x = *state;
    uint64_t expected = 5;
    put_fetches(x, 5, 1000);
    run(x);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        x->w.fake.wall_ms += steps[i];
        x->logs.ahead_ms -= steps[i];
        fake_watch_later(&x->w, 10000);
        put_fetches(x, 3, 1000);
        run(x);
        expect_total(x, EVENT_FETCH, expected += 3);
        assert_true(in_step(x, EVENT_FETCH, now(x) - 1000) > 0);
        assert_true(look(x)->upto_ms >= now(x) - 2000 && look(x)->upto_ms <= now(x));
    }
    assert_int_equal(look(x)->refused, 0);
}

static void clock__steps_during_an_outage(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    for (int i = 0; i < 20; i++) {
        int64_t step = i % 3 == 0 ? 7 * 60000 : i % 3 == 1 ? -11 * 60000 : 0;
        x->w.fake.wall_ms += step;
        x->logs.ahead_ms -= step;
        fake_watch_later(&x->w, 3 * 60000);
        put_fetches(x, 2, 1000);
        x->logs.instead = (struct fake_answer){.err = ERR_TLS};
        x->logs.instead_n = 1;
        run(x);
    }
    run(x);
    expect_total(x, EVENT_FETCH, 41);
}

/* One answer's Date is ahead, as of a server whose clock is wrong: the next is right again, and
 * what happened meanwhile is counted with it. */
static void clock__aws_s_ahead_for_one_answer__nothing_waits_for_it(void **state)
{
    static const int64_t ahead[] = {30000, 10 * 60000, HOUR_MS};
    struct fixture *x = *state;
    uint64_t expected = 1;
    put_fetches(x, 1, 1000);
    run(x);
    for (size_t i = 0; i < ARRAY_LEN(ahead); i++) {
        fake_watch_later(&x->w, 10000);
        x->logs.ahead_ms = ahead[i];
        run(x);
        x->logs.ahead_ms = 0;
        fake_watch_later(&x->w, 3 * 60000);
        put_fetches(x, 2, 170000);
        run(x);
        fake_watch_later(&x->w, 1000);
        run(x);
        expect_total(x, EVENT_FETCH, expected += 2);
    }
}

/* For minutes, too: nothing is lost then, and nothing counted twice when it is right again. */
static void clock__aws_s_ahead_for_minutes__nothing_is_lost_or_repeated(void **state)
{
    static const int64_t ahead[] = {30000, 6 * 60000, 14 * 60000, HOUR_MS, -6 * 60000};
    struct fixture *x = *state;
    uint64_t expected = 1;
    put_fetches(x, 1, 1000);
    run(x);
    for (size_t i = 0; i < ARRAY_LEN(ahead); i++) {
        for (int minute = 0; minute < 40; minute++) {
            fake_watch_later(&x->w, 60000);
            put_fetches(x, 2, 5000);
            x->logs.ahead_ms = minute < 20 ? ahead[i] : 0;
            run(x);
            x->logs.ahead_ms = 0;
            expect_total(x, EVENT_FETCH, expected += 2);
        }
        fake_watch_later(&x->w, 10 * 60000);
        run(x);
        expect_total(x, EVENT_FETCH, expected);
    }
}

/* The clock that never steps does not count while a laptop sleeps; ours and AWS's do. */
static void clock__of_a_laptop_that_slept__is_believed(void **state)
{
    struct fixture *x = *state;
    put_fetches(x, 1, 1000);
    run(x);
    x->w.fake.wall_ms += 8 * HOUR_MS;
    put_fetches(x, 3, 1000);
    run(x);
    expect_total(x, EVENT_FETCH, 4);
    fake_watch_later(&x->w, 60000);
    run(x);
    assert_in_range(look(x)->upto_ms, now(x) - 60000, now(x));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(late__by_less_than_the_overlap__in_its_own_minute),
        CASE(late__later_and_later__the_overlap_follows),
        CASE(late__beyond_the_overlap__the_long_look_back_finds_it),
        CASE(reordered__across_streams__the_verdicts_are_those_of_the_true_order),
        CASE(outage__of_an_hour__in_one_piece),
        CASE(outage__in_the_middle_of_a_listing),
        CASE(clock__wrong_at_the_start__the_past_is_aws_s),
        CASE(clock__right_within_seconds__is_left_alone),
        CASE(clock__steps__nothing_is_lost_or_repeated),
        CASE(clock__aws_s_ahead_for_one_answer__nothing_waits_for_it),
        CASE(clock__aws_s_ahead_for_minutes__nothing_is_lost_or_repeated),
        CASE(clock__of_a_laptop_that_slept__is_believed),
        CASE(clock__steps_during_an_outage),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
