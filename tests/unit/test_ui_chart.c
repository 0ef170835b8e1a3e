/* Counts over a quarter of an hour, an hour and a day: from the tally to what is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/watch/tally.h"
#include "ui/chart.h"

#define NOW (INT64_C(1788480000000) + 1000) /* just after midnight: one begins its quarter */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

static void assert_draws(const struct chart *c, int width, int height, bool utf8, const char *expected)
{
    struct grid *g = grid_new(height, width, utf8);
    struct strbuf text;
    strbuf_init(&text, 1 << 14);
    chart_draw(g, (struct rect){0, 0, height, width}, c);
    grid_to_text(g, &text);
    assert_string_equal(strbuf_peek(&text), expected);
    strbuf_clear(&text);
    grid_free(g);
}

static void day__keeps_a_day_of_what_is_charted(void **state)
{
    struct tally t = {0};
    struct log_snap *l = mem_new(sizeof(*l));
    (void)state;
    tally_add(&t, EVENT_HIT, NOW - 23 * HOUR, 3);
    tally_add(&t, EVENT_HIT, NOW - 25 * HOUR, 5); /* older than the day */
    tally_add(&t, EVENT_HIT, NOW, 1);
    tally_add(&t, EVENT_OTHER, NOW, 9); /* not charted */
    tally_series(&t, NOW, l);
    assert_true(l->day_end_ms == NOW - 1000 + 15 * MINUTE);
    assert_int_equal(l->day[DAY_HIT][DAY_STEPS - 1], 1);
    assert_int_equal(l->day[DAY_HIT][DAY_STEPS - 1 - 23 * 4], 3);
    assert_int_equal(l->total[EVENT_HIT], 9);
    tally_add(&t, EVENT_HIT, NOW - 23 * HOUR, -2); /* turned out to be stale: taken back where it was counted */
    tally_add(&t, EVENT_STALE_HIT, NOW - 23 * HOUR, 2);
    tally_add(&t, EVENT_FETCH, NOW + 16 * MINUTE, 1); /* a clock ahead of ours */
    tally_series(&t, NOW, l);
    assert_int_equal(l->day[DAY_HIT][DAY_STEPS - 1 - 23 * 4], 1);
    assert_int_equal(l->day[DAY_STALE_HIT][DAY_STEPS - 1 - 23 * 4], 2);
    assert_int_equal(l->day[DAY_FETCH][DAY_STEPS - 1], 0);
    tally_series(&t, NOW + 16 * MINUTE, l);
    assert_int_equal(l->day[DAY_FETCH][DAY_STEPS - 1], 1);
    assert_int_equal(l->day[DAY_HIT][DAY_STEPS - 2], 1);
    tally_add(&t, EVENT_FETCH, NOW + 60 * HOUR, 1); /* a quiet time passed: old steps do not come back */
    tally_series(&t, NOW + 60 * HOUR, l);
    uint32_t sum = 0;
    for (size_t k = 0; k < DAY_KINDS; k++)
        for (int i = 0; i < DAY_STEPS; i++)
            sum += l->day[k][i];
    assert_int_equal(sum, 1);
    free(l);
}

/* The hour's numbers are in the day's quarters too, whatever is taken back. */
static void day__agrees_with_the_hour(void **state)
{
    struct tally t = {0};
    struct log_snap *l = mem_new(sizeof(*l));
    int64_t end = NOW + 15 * MINUTE - 2000; /* the hour is four whole quarters then */
    unsigned seed = 3;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        seed = seed * 1103515245u + 12345u;
        tally_add(&t, EVENT_HIT, end - (int64_t)((seed >> 8) % (3 * HOUR)), i % 7 == 6 ? -1 : 2);
    }
    tally_series(&t, end, l);
    struct chart c = {.logs = l, .kinds = 1u << EVENT_HIT, .now_ms = end, .moved_ms = -1};
    bool whole = false;
    uint32_t quarters = 0;
    for (int i = 1; i <= 4; i++)
        quarters += l->day[DAY_HIT][DAY_STEPS - i];
    assert_int_equal(chart_sum(&c, &whole), quarters);
    assert_true(whole);
    c.span = SPAN_QUARTER;
    assert_int_equal(chart_sum(&c, &whole), l->day[DAY_HIT][DAY_STEPS - 1]);
    c.span = SPAN_DAY;
    assert_int_equal(chart_sum(&c, &whole), l->total[EVENT_HIT]);
    free(l);
}

static struct log_snap *snap_of(void)
{
    struct log_snap *l = mem_new(sizeof(*l));
    l->series_end_ms = NOW - 1000 + SERIES_STEP_MS;
    l->day_end_ms = NOW - 1000 + DAY_STEP_MS;
    for (int i = 0; i < DAY_STEPS; i++)
        l->day[DAY_HIT][i] = i % 8 == 0 ? 8 : 0;
    for (int i = 0; i < SERIES_STEPS; i++)
        l->series[EVENT_HIT][i] = i % 30 == 0 ? 16 : 1;
    return l;
}

static void chart__spans__have_their_steps(void **state)
{
    struct log_snap *l = snap_of();
    struct chart c = {.logs = l, .kinds = 1u << EVENT_HIT, .now_ms = NOW, .moved_ms = -1};
    (void)state;
    c.span = SPAN_DAY;
    assert_draws(&c, 12, 1, false, "############\n");
    assert_draws(&c, 24, 1, false, "# # # # # # # # # # # #\n");
    c.span = SPAN_QUARTER;
    assert_draws(&c, 30, 1, false, "#.............................\n");
    c.span = SPAN_HOUR;
    assert_draws(&c, 4, 2, true, "████\n████\n");
    free(l);
}

/* Before the reading began nothing is known: that is no zero. */
static void chart__unread__is_unknown(void **state)
{
    struct log_snap *l = snap_of();
    struct chart c = {.logs = l, .span = SPAN_DAY, .kinds = 1u << EVENT_HIT, .now_ms = NOW, .moved_ms = -1};
    bool whole = true;
    (void)state;
    l->from_ms = NOW - 12 * HOUR;
    memset(l->day, 0, sizeof(l->day));
    l->day[DAY_HIT][DAY_STEPS - 1] = 8;
    assert_draws(&c, 24, 1, false, "???????????            #\n");
    assert_int_equal(chart_sum(&c, &whole), 8);
    assert_false(whole);
    l->from_ms = NOW - 2 * HOUR;
    c.span = SPAN_HOUR;
    (void)chart_sum(&c, &whole);
    assert_true(whole);
    c.old = true; /* and since the source is silent */
    c.now_ms = NOW + 31 * MINUTE;
    assert_draws(&c, 4, 1, true, "█▅??\n");
    (void)chart_sum(&c, &whole);
    assert_false(whole);
    free(l);
}

static void chart__label__stands_where_it_moved(void **state)
{
    struct log_snap *l = snap_of();
    struct chart c = {.logs = l, .span = SPAN_DAY, .kinds = 0, .now_ms = NOW, .moved_ms = NOW - 6 * HOUR};
    (void)state;
    assert_draws(&c, 24, 1, false, "                 |\n");
    assert_draws(&c, 24, 2, true, "                 │\n                 │\n");
    c.span = SPAN_HOUR; /* before it */
    assert_draws(&c, 24, 1, false, "\n");
    free(l);
}

static void chart__values_and_times__fit(void **state)
{
    static const int32_t values[8] = {0, 1, 4, 8, 16, CHART_FAILED, CHART_UNKNOWN, 16};
    struct grid *g = grid_new(3, 60, false);
    struct strbuf text;
    (void)state;
    strbuf_init(&text, 1 << 12);
    chart_values(g, (struct rect){0, 0, 2, 8}, values, 16, STYLE_GOOD);
    chart_times(g, 2, 0, 60, NOW - 24 * HOUR, NOW, false);
    grid_to_text(g, &text);
    assert_string_equal(strbuf_peek(&text), "    #  #\n .=##x?#\n^00:00             ^07:43              ^15:51          00:00\n");
    strbuf_clear(&text);
    grid_free(g);
    for (int width = 0; width < 60; width++) { /* never outside, however narrow */
        g = grid_new(1, 60, false);
        chart_times(g, 0, 0, width, NOW - 5 * MINUTE, NOW, false);
        for (int x = width > 0 ? width : 0; x < 60; x++)
            assert_int_equal(grid_cell(g, 0, x)->ch, ' ');
        grid_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(day__keeps_a_day_of_what_is_charted),
        cmocka_unit_test(day__agrees_with_the_hour),
        cmocka_unit_test(chart__spans__have_their_steps),
        cmocka_unit_test(chart__unread__is_unknown),
        cmocka_unit_test(chart__label__stands_where_it_moved),
        cmocka_unit_test(chart__values_and_times__fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
