#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/mem.h"
#include "ui/format.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static void format__age__fits_four_columns(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } rows[] = {
        {-1, "-"},
        {0, "0s"},
        {999, "0s"},
        {12 * SECOND, "12s"},
        {MINUTE, "1m00"},
        {6 * MINUTE + 12 * SECOND, "6m12"},
        {10 * MINUTE, "10m"},
        {59 * MINUTE + 59 * SECOND, "59m"},
        {HOUR + 2 * MINUTE, "1h02"},
        {23 * HOUR, "23h"},
        {DAY, "1d"},
        {91 * DAY, "91d"},
        {999 * DAY, "999d"},
        {1000 * DAY, "2y"},
        {INT64_MAX, "long"},
    };
    char out[FORMAT_SIZE];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(format_age(rows[i].ms, out), rows[i].want);
    for (int64_t ms = 0; ms < 5000 * DAY; ms += 7919 * SECOND)
        assert_true(strlen(format_age(ms, out)) <= 4);
}

static void format__until__has_a_sign_when_past(void **state)
{
    char out[FORMAT_SIZE];
    (void)state;
    assert_string_equal(format_until(-1, 100, out), "-");
    assert_string_equal(format_until(100 * DAY, 73 * DAY, out), "27d");
    assert_string_equal(format_until(10 * DAY + 23 * HOUR, 5 * DAY, out), "5d23h");
    assert_string_equal(format_until(10 * DAY, 21 * DAY, out), "-11d");
    assert_string_equal(format_until(10 * DAY, 10 * DAY, out), "0s");
}

static void format__numbers__unknown_is_not_zero(void **state)
{
    char out[FORMAT_SIZE];
    (void)state;
    assert_string_equal(format_ratio(-1, out), "-");
    assert_string_equal(format_ratio(0, out), "0%");
    assert_string_equal(format_ratio(0.9999, out), "99%");
    assert_string_equal(format_ratio(1, out), "100%");
    assert_string_equal(format_rate(-1, out), "-");
    assert_string_equal(format_rate(0, out), "0.0");
    assert_string_equal(format_rate(0.01, out), "<0.1");
    assert_string_equal(format_rate(9.66, out), "9.7");
    assert_string_equal(format_rate(99.94, out), "99.9");
    assert_string_equal(format_rate(1204.4, out), "1204");
    assert_string_equal(format_rate((double)NAN, out), "-");
    assert_string_equal(format_dollars(-0.01, out), "-");
    assert_string_equal(format_dollars(0, out), "$0.00");
    assert_string_equal(format_dollars(0.001, out), "<$0.01");
    assert_string_equal(format_dollars(4.305, out), "$4.31");
    assert_string_equal(format_dollars(99.999, out), "$100");
    assert_string_equal(format_dollars(123456, out), "$123k");
    assert_string_equal(format_latency(-1, out), "-");
    assert_string_equal(format_latency(0, out), "<1ms");
    assert_string_equal(format_latency(90000, out), "90ms");
    assert_string_equal(format_latency(1250000, out), "1.2s");
    assert_string_equal(format_latency(INT32_MAX, out), "2147.4s");
    assert_string_equal(format_count(0, out), "0");
    assert_string_equal(format_count(99999, out), "99999");
    assert_string_equal(format_count(123456, out), "123k");
    assert_string_equal(format_count(UINT64_MAX, out), "many");
    assert_string_equal(format_version("", out), "-");
    assert_string_equal(format_version("9f3c2a17-0000", out), "9f3c2a17");
    assert_string_equal(format_stream("2026/09/03/[$LATEST]5d19aa32ffff", out), "5d19aa32");
    assert_string_equal(format_stream("plain/name", out), "name");
    assert_string_equal(format_stream("", out), "-");
}

static void format__times__utc_and_local(void **state)
{
    char out[FORMAT_SIZE];
    const int64_t t = INT64_C(1788445927812); /* 2026-09-03T14:32:07.812Z */
    (void)state;
    assert_string_equal(format_clock(t, false, true, out), "14:32:07Z");
    assert_string_equal(format_clock_ms(t, false, out), "14:32:07.812");
    assert_string_equal(format_stamp(t, false, out), "2026-09-03 14:32:07Z");
    assert_string_equal(format_clock(-1, false, true, out), "-");
    assert_string_equal(format_stamp(-1, true, out), "-");
    assert_string_equal(format_when(t - 2 * HOUR, t, false, out), "12:32:07");
    assert_string_equal(format_when(t - DAY, t, false, out), "09-02");
    assert_string_equal(format_when(t - 400 * DAY, t, false, out), "2025-07");
    assert_string_equal(format_when(-1, t, false, out), "-");
    assert_int_equal(setenv("TZ", "XXX-5:30", 1), 0);
    tzset();
    assert_string_equal(format_clock(t, true, true, out), "20:02:07+0530");
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
}

static void format__find__any_case(void **state)
{
    (void)state;
    assert_null(format_find("abc", "abcd"));
    assert_non_null(format_find("xxAbC", "aBc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format__age__fits_four_columns),
        cmocka_unit_test(format__until__has_a_sign_when_past),
        cmocka_unit_test(format__numbers__unknown_is_not_zero),
        cmocka_unit_test(format__times__utc_and_local),
        cmocka_unit_test(format__find__any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
