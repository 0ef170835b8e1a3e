/* Classification, delays and the retry quota. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>

#include "backend/aws/retry.h"
#include "backend/base/mem.h"

static void retry__classify__code_decides_before_status(void **state)
{
    static const struct {
        int http;
        const char *code;
        enum err want;
    } rows[] = {
        {400, "ThrottlingException", ERR_THROTTLED},
        {400, "com.amazonaws.secretsmanager#ThrottlingException", ERR_THROTTLED},
        {400, "a#b#ThrottlingException", ERR_THROTTLED},
        {400, "ThrottlingException:http://internal.amazon.com/coral/", ERR_THROTTLED},
        {400, "aws#ExpiredTokenException:http://x#y", ERR_EXPIRED},
        {400, "LimitExceededException", ERR_INVALID},
        {500, "InternalServiceError", ERR_SERVICE},
        {400, "InternalServiceError", ERR_SERVICE},
        {403, "UnrecognizedClientException", ERR_BAD_KEY},
        {403, "InvalidClientTokenId", ERR_BAD_KEY},
        {400, "ExpiredTokenException", ERR_EXPIRED},
        {403, "ExpiredToken", ERR_EXPIRED},
        {403, "InvalidSignatureException", ERR_SIGNATURE},
        {403, "SignatureDoesNotMatch", ERR_SIGNATURE},
        {403, "RequestTimeTooSkewed", ERR_SIGNATURE},
        {400, "AccessDeniedException", ERR_DENIED},
        {403, "AccessDenied", ERR_DENIED},
        {400, "ResourceNotFoundException", ERR_NOT_FOUND},
        {404, "UnknownOperationException", ERR_INVALID},
        {400, "RequestTimeoutException", ERR_TIMEOUT},
        {200, "InternalFailure", ERR_SERVICE},
        {200, "SomethingNew", ERR_INVALID},
        {400, "SomethingNew", ERR_INVALID},
        {503, "SomethingNew", ERR_SERVICE},
        {403, "SomethingNew", ERR_DENIED},
        {400, "throttlingexception", ERR_INVALID},
        {400, "ThrottlingExceptionX", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (retry_classify(rows[i].http, rows[i].code) != rows[i].want)
            fail_msg("%d %s: %s, not %s", rows[i].http, rows[i].code,
                     err_name(retry_classify(rows[i].http, rows[i].code)), err_name(rows[i].want));
}

static void retry__classify__status_alone(void **state)
{
    static const struct {
        int http;
        enum err want;
    } rows[] = {
        {200, ERR_OK},      {204, ERR_OK},        {301, ERR_MALFORMED}, {400, ERR_INVALID}, {401, ERR_DENIED},
        {403, ERR_DENIED},  {404, ERR_NOT_FOUND}, {408, ERR_TIMEOUT},   {413, ERR_INVALID}, {429, ERR_THROTTLED},
        {500, ERR_SERVICE}, {501, ERR_INVALID},   {502, ERR_SERVICE},   {503, ERR_SERVICE}, {504, ERR_SERVICE},
        {0, ERR_MALFORMED}, {-1, ERR_MALFORMED},  {999, ERR_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(retry_classify(rows[i].http, NULL), rows[i].want);
        assert_int_equal(retry_classify(rows[i].http, ""), rows[i].want);
        assert_int_equal(retry_classify(rows[i].http, "#"), rows[i].want);
    }
}

static void retry__classify__no_code_twice(void **state)
{
    static const char *const names[] = {
#define CODE(code, err) code,
#include "backend/aws/codes.def"
#undef CODE
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
}

static void retry__worthwhile__transient_and_throttled_alone(void **state)
{
    (void)state;
    for (int e = 0; e < ERR_COUNT; e++) {
        bool want = e == ERR_TIMEOUT || e == ERR_CONNECT || e == ERR_RESOLVE || e == ERR_NETWORK ||
                    e == ERR_THROTTLED || e == ERR_SERVICE;

        assert_int_equal(retry_worthwhile((enum err)e), want);
        assert_int_equal(retry_costs_more((enum err)e), e == ERR_TIMEOUT);
    }
    assert_false(retry_worthwhile(ERR_COUNT));
    assert_false(retry_costs_more(ERR_COUNT));
}

static void retry__delay__doubles_to_its_cap(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_ms(1, 1.0, -1), 1000);
    assert_int_equal(retry_delay_ms(1, 0.5, -1), 500);
    assert_int_equal(retry_delay_ms(2, 1.0, -1), 2000);
    assert_int_equal(retry_delay_ms(5, 1.0, -1), 16000);
    assert_int_equal(retry_delay_ms(6, 1.0, -1), 20000);
    assert_int_equal(retry_delay_ms(1000000000, 1.0, -1), 20000);
    assert_int_equal(retry_delay_ms(3, 0.0, -1), 0);
    assert_int_equal(retry_delay_ms(0, 1.0, -1), 1000);
}

static void retry__delay__odd_randomness_and_server_wishes(void **state)
{
    (void)state;
    assert_int_equal(retry_delay_ms(1, -3.0, -1), 0);
    assert_int_equal(retry_delay_ms(1, 7.0, -1), 1000);
    assert_int_equal(retry_delay_ms(1, (double)NAN, -1), 0);
    assert_int_equal(retry_delay_ms(1, 0.1, 5000), 5000);
    assert_int_equal(retry_delay_ms(3, 1.0, 2000), 4000);
    assert_int_equal(retry_delay_ms(1, 0.0, INT64_MAX), 60000);
}

static void retry__quota__runs_out_and_refills(void **state)
{
    struct retry_quota *q = retry_quota_new();
    int taken = -7;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(retry_quota_take(q, ERR_SERVICE, &taken));
        assert_int_equal(taken, 5);
    }
    taken = -7;
    assert_false(retry_quota_take(q, ERR_SERVICE, &taken));
    assert_int_equal(taken, -7);
    for (int i = 0; i < 5; i++)
        retry_quota_give_back(q, 0);
    assert_false(retry_quota_take(q, ERR_TIMEOUT, &taken)); /* 5 are there, it needs 10 */
    assert_true(retry_quota_take(q, ERR_THROTTLED, &taken));
    retry_quota_give_back(q, 10);
    assert_true(retry_quota_take(q, ERR_TIMEOUT, &taken));
    assert_int_equal(taken, 10);
    q = retry_quota_free(q);
    assert_null(retry_quota_free(q));
}

static void retry__quota__never_above_its_capacity(void **state)
{
    struct retry_quota *q = retry_quota_new();
    int taken, n = 0;

    (void)state;
    retry_quota_give_back(q, 400);
    while (retry_quota_take(q, ERR_TIMEOUT, &taken))
        n++;
    assert_int_equal(n, 50);
    q = retry_quota_free(q);
}

static void *take_and_give(void *q)
{
    for (int i = 0; i < 20000; i++) {
        int taken;

        if (retry_quota_take(q, ERR_SERVICE, &taken))
            retry_quota_give_back(q, taken);
    }
    return NULL;
}

static void retry__quota__loses_nothing_between_threads(void **state)
{
    struct retry_quota *q = retry_quota_new();
    pthread_t threads[4];
    int taken, n = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, q), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    while (retry_quota_take(q, ERR_SERVICE, &taken))
        n++;
    assert_int_equal(n, 100);
    q = retry_quota_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry__classify__code_decides_before_status),
        cmocka_unit_test(retry__classify__status_alone),
        cmocka_unit_test(retry__classify__no_code_twice),
        cmocka_unit_test(retry__worthwhile__transient_and_throttled_alone),
        cmocka_unit_test(retry__delay__doubles_to_its_cap),
        cmocka_unit_test(retry__delay__odd_randomness_and_server_wishes),
        cmocka_unit_test(retry__quota__runs_out_and_refills),
        cmocka_unit_test(retry__quota__never_above_its_capacity),
        cmocka_unit_test(retry__quota__loses_nothing_between_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
