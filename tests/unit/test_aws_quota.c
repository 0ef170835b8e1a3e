/* Our share of the request quotas, by a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "backend/aws/aws.h"
#include "backend/aws/quota.h"

#define OP AWS_FILTER_LOG_EVENTS
#define REGION "eu-central-1" /* 5 a second */

/* The calls that may be sent within the next second. */
static int calls_in_a_second(struct quota *q, const char *account)
{
    int n = 0;
    while (quota_reserve_before(q, account, REGION, OP, 100000, 101000) < 101000)
        n++;
    return n;
}

static void quota__a_share__is_a_rate_and_a_burst(void **state)
{
    (void)state;
    struct quota *q = quota_new(0.4); /* 2 a second */
    assert_int_equal(calls_in_a_second(q, "111122223333"), 2 * (4 + 1));
    assert_int_equal(quota_reserve_before(q, "111122223333", REGION, OP, 101000, INT64_MAX), 101000);
    assert_int_equal(calls_in_a_second(q, "444455556666"), 2 * (4 + 1)); /* another account's is its own */
    quota_free(q);
}

static void quota__what_nobody_answered__goes_back(void **state)
{
    (void)state;
    struct quota *q = quota_new(0.4);
    while (quota_reserve_before(q, "1", REGION, OP, 100000, 100001) < 100001)
        ;
    int64_t next = quota_reserve_before(q, "1", REGION, OP, 100000, 0); /* told, not taken */
    assert_true(next > 100000);
    for (int i = 0; i < 3; i++)
        quota_unused(q, "1", REGION, OP);
    for (int i = 0; i < 3; i++)
        assert_int_equal(quota_reserve(q, "1", REGION, OP, 100000), 100000);
    assert_int_equal(quota_reserve_before(q, "1", REGION, OP, 100000, 0), next);
    quota_free(q);
}

/* However many go back, the burst is no longer than it is. */
static void quota__going_back__saves_nothing_up(void **state)
{
    (void)state;
    struct quota *q = quota_new(0.4);
    for (int i = 0; i < 1000; i++)
        quota_unused(q, "1", REGION, OP);
    assert_int_equal(calls_in_a_second(q, "1"), 2 * (4 + 1));
    quota_free(q);
}

static void quota__a_throttle__halves_once_and_comes_back(void **state)
{
    (void)state;
    struct quota *q = quota_new(1);
    quota_reserve(q, "1", REGION, OP, 0);
    quota_outcome(q, "1", REGION, OP, ERR_THROTTLED, 1000);
    quota_outcome(q, "1", REGION, OP, ERR_THROTTLED, 1500);
    assert_true(quota_rate(q, "1", REGION, OP) == 2.5);
    for (int i = 0; i < 100; i++)
        quota_outcome(q, "1", REGION, OP, ERR_OK, 2000);
    assert_true(quota_rate(q, "1", REGION, OP) == 5);
    assert_true(quota_rate(q, "1", REGION, AWS_GET_CALLER_IDENTITY) == 0); /* no published figure, no bucket */
    quota_unused(q, "1", REGION, AWS_GET_CALLER_IDENTITY);
    quota_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quota__a_share__is_a_rate_and_a_burst),
        cmocka_unit_test(quota__what_nobody_answered__goes_back),
        cmocka_unit_test(quota__going_back__saves_nothing_up),
        cmocka_unit_test(quota__a_throttle__halves_once_and_comes_back),
    };
    return cmocka_run_group_tests_name("aws quota", tests, NULL, NULL);
}
