/* The set of counted events: never a repeat counted within the window, bounded memory,
 * and at the bound a late event lost rather than any counted twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/watch/event_ids.h"

static struct event_ids ids;

static int clear(void **state)
{
    (void)state;
    event_ids_clear(&ids);
    return 0;
}

/* CloudWatch's ids are long numbers that differ little. */
static bool add(size_t group, unsigned number, int64_t time_ms, int64_t keep_from_ms)
{
    char id[64];
    (void)str_fmt(id, sizeof id, "3900191237740284100000000000000000000000000000%08u", number);
    return event_ids_add(&ids, group, id, strlen(id), time_ms, keep_from_ms);
}

static void add__says_new_once(void **state)
{
    (void)state;
    assert_true(add(0, 1, 100, 0));
    assert_false(add(0, 1, 100, 0));
    assert_false(add(0, 1, 999, 0)); /* the id decides, not the time */
    assert_true(add(1, 1, 100, 0));  /* another group's */
    assert_true(add(0, 2, 100, 0));
    assert_int_equal(ids.n, 3);
    assert_true(event_ids_add(&ids, 0, "", 0, 100, 0));
    assert_false(event_ids_add(&ids, 0, "", 0, 100, 0));
}

static void add__keeps_the_window_and_forgets_behind_it(void **state)
{
    (void)state;
    /* ten events a second, a window of a thousand */
    for (unsigned i = 0; i < 100000; i++) {
        int64_t now = 100 * (int64_t)i;
        assert_true(add(0, i, now, now - 100000));
        if (i % 97 == 0 && i >= 1000) {
            assert_false(add(0, i - 999, now, now - 100000));
            assert_false(add(0, i - 500, now, now - 100000));
        }
    }
    assert_in_range(ids.size, 1024, 8192); /* a few windows, not the whole past */
    assert_int_equal(ids.refused, 0);
    assert_true(ids.floor_ms <= 0);
}

static void add__grows_for_a_burst(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 200000; i++)
        assert_true(add(0, i, 5000, 0));
    for (unsigned i = 0; i < 200000; i++)
        assert_false(add(0, i, 5000, 0));
    assert_true(ids.size <= EVENT_IDS_MAX);
    assert_int_equal(ids.refused, 0);
}

static void add__at_the_bound__loses_rather_than_repeats(void **state)
{
    const unsigned many = EVENT_IDS_MAX / 2 + 1000;
    (void)state;
    for (unsigned i = 0; i < many; i++)
        assert_true(add(0, i, i, 0));
    assert_int_equal(ids.size, EVENT_IDS_MAX);
    assert_true(ids.floor_ms > 0 && ids.floor_ms < many);
    assert_in_range(ids.n, EVENT_IDS_MAX / 8, EVENT_IDS_MAX / 2);
    for (unsigned i = 0; i < many; i++)
        assert_false(add(0, i, i, 0)); /* none is counted again */
    assert_true(ids.refused > 0);
    assert_false(add(0, many + 1, ids.floor_ms - 1, 0)); /* new, but it could be a repeat */
    assert_true(add(0, many + 1, ids.floor_ms, 0));
}

static void clear__forgets_all(void **state)
{
    (void)state;
    assert_true(add(0, 1, 100, 0));
    event_ids_clear(&ids);
    assert_null(ids.slots);
    assert_true(add(0, 1, 100, 0));
}

#define CASE(name) cmocka_unit_test_teardown(name, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(add__says_new_once),     CASE(add__keeps_the_window_and_forgets_behind_it),
        CASE(add__grows_for_a_burst), CASE(add__at_the_bound__loses_rather_than_repeats),
        CASE(clear__forgets_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
