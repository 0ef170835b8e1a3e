#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

#define DAY_MS INT64_C(86400000)

static int64_t fixed(void *self)
{
    return *(int64_t *)self;
}

static void clock_real__never_steps_back(void **state)
{
    (void)state;
    int64_t before = clock_mono_ms(clock_real());

    assert_true(before > 0);
    assert_true(clock_mono_ms(clock_real()) >= before);
    assert_true(clock_wall_ms(clock_real()) > INT64_C(1700000000000)); /* after November 2023 */
    assert_ptr_equal(clock_real(), clock_real());
}

static void clock__is_a_seam(void **state)
{
    (void)state;
    int64_t now = 42;
    const struct clock fake = {.mono_ms = fixed, .wall_ms = fixed, .self = &now};

    assert_int_equal(clock_mono_ms(&fake), 42);
    now = 43;
    assert_int_equal(clock_wall_ms(&fake), 43);
}

static void clock_iso__writes__known_moments(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(951868799999), "2000-02-29T23:59:59.999Z"},
        {INT64_C(1709164800000), "2024-02-29T00:00:00.000Z"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000Z"}, /* 2100 has no leap day */
        {INT64_C(1795530727123), "2026-11-24T14:32:07.123Z"},
        {INT64_C(2147483648000), "2038-01-19T03:14:08.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"}, /* four digits hold no more */
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };
    char ms[29], seconds[25], amz[17];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        clock_iso_ms(rows[i].ms, ms);
        assert_string_equal(ms, rows[i].text);
        clock_iso(rows[i].ms, seconds);
        assert_memory_equal(seconds, rows[i].text, 19);
        assert_string_equal(seconds + 19, "Z");
    }
    clock_amz(INT64_C(1795530727123), amz);
    assert_string_equal(amz, "20261124T143207Z");
}

/* Against a calendar that knows nothing but the lengths of months. */
static void clock_iso__agrees_with__counting_days(void **state)
{
    (void)state;
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1600, month = 1, day = 1;
    char got[25];
    char want[11] = "";

    for (int64_t ms = -135140 * DAY_MS; year < 2401; ms += DAY_MS) {
        clock_iso(ms, got);
        (void)snprintf(want, sizeof(want), "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100,
                       (unsigned)day % 100);
        assert_memory_equal(got, want, 10);
        int64_t back = 0;
        assert_true(clock_parse_iso(got, strlen(got), &back));
        assert_int_equal(back, ms);
        int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (++day > days[month - 1] + (month == 2 && is_leap)) {
            day = 1;
            month = month % 12 + 1;
            year += month == 1;
        }
    }
}

static void clock_parse_iso__reads__every_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:00", 0},
        {"1970-01-01T00:00:00.5Z", 500},
        {"1970-01-01T00:00:00.123456789Z", 123},
        {"1970-01-01T00:00:00.0009", 0},
        {"1970-01-01T02:00:00+02:00", 0},
        {"1970-01-01T02:00:00+0200", 0},
        {"1970-01-01T00:00:00-00:30", 1800000},
        {"1969-12-31T14:00:00.001-1000", 1},
        {"2026-11-24T14:32:07.123+00:00", INT64_C(1795530727123)},
        {"0000-02-29T00:00:00Z", INT64_C(-62162121600000)},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = -7;
        assert_true(clock_parse_iso(rows[i].text, strlen(rows[i].text), &ms));
        assert_int_equal(ms, rows[i].ms);
    }
}

static void clock_parse_iso__refuses__everything_else(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "now",
        "1970",
        "1970-01-01",
        "1970-01-01 00:00:00Z",
        "1970-01-01t00:00:00z",
        "1970-1-01T00:00:00Z",
        "+970-01-01T00:00:00Z",
        " 1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z ",
        "1970-01-01T00:00:00ZZ",
        "1970-01-01T00:00Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00,5Z",
        "1970-01-01T00:00:00.5.5Z",
        "1970-01-01T00:00:00+2:00",
        "1970-01-01T00:00:00+02",
        "1970-01-01T00:00:00+02:60",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+02:00Z",
        "1970-01-01T00:00:00+",
        "1970-00-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-01-00T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-04-31T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:60Z",
        "19700101T000000Z",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms = -7;
        assert_false(clock_parse_iso(rows[i], strlen(rows[i]), &ms));
        assert_int_equal(ms, -7);
    }
    int64_t ms = -7;
    assert_false(clock_parse_iso("1970-01-01T00:00:00Z\0", 21, &ms)); /* a NUL inside */
    for (size_t n = 0; n < 19; n++)                                   /* every shorter prefix */
        assert_false(clock_parse_iso("1970-01-01T00:00:00Z", n, &ms));
}

static void clock_parse_http__reads_and_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Mon, 06 Nov 1994 08:49:37 GMT", /* it was a Sunday */
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    };
    int64_t ms = 0;

    assert_true(clock_parse_http("Sun, 06 Nov 1994 08:49:37 GMT", 29, &ms));
    assert_int_equal(ms, INT64_C(784111777000));
    assert_true(clock_parse_http("Thu, 01 Jan 1970 00:00:00 GMT", 29, &ms));
    assert_int_equal(ms, 0);
    assert_true(clock_parse_http("Tue, 24 Nov 2026 14:32:07 GMT", 29, &ms));
    assert_int_equal(ms, INT64_C(1795530727000));
    assert_true(clock_parse_http("Mon, 01 Jan 1900 00:00:00 GMT", 29, &ms));
    assert_int_equal(ms, INT64_C(-2208988800000));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        ms = -7;
        assert_false(clock_parse_http(bad[i], strlen(bad[i]), &ms));
        assert_int_equal(ms, -7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_real__never_steps_back),
        cmocka_unit_test(clock__is_a_seam),
        cmocka_unit_test(clock_iso__writes__known_moments),
        cmocka_unit_test(clock_iso__agrees_with__counting_days),
        cmocka_unit_test(clock_parse_iso__reads__every_form),
        cmocka_unit_test(clock_parse_iso__refuses__everything_else),
        cmocka_unit_test(clock_parse_http__reads_and_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
