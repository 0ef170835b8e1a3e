#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "backend/base/err.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

static void err__has__words_and_a_name_for_every_code(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_true(strlen(err_words((enum err)i)) > 0);
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(err_words((enum err)i), err_words((enum err)k));
            assert_string_not_equal(err_name((enum err)i), err_name((enum err)k));
        }
    }
    assert_int_equal(ERR_OK, 0);
    assert_string_equal(err_words(ERR_NOT_FOUND), "not found");
    assert_string_equal(err_name(ERR_NOT_FOUND), "NOT_FOUND");
}

static void err__has__words_for_numbers_that_are_no_error(void **state)
{
    (void)state;
    assert_string_equal(err_words(ERR_COUNT), "unknown error");
    assert_string_equal(err_name((enum err)12345), "UNKNOWN");
    assert_string_equal(err_words((enum err) - 1), "unknown error");
}

static void why_set__fills__and_clears_the_rest(void **state)
{
    (void)state;
    struct why why;

    memset(&why, 'x', sizeof(why));
    assert_int_equal(why_set(&why, ERR_TIMEOUT, "no answer in %d ms", 250), ERR_TIMEOUT);
    assert_int_equal(why.code, ERR_TIMEOUT);
    assert_int_equal(why.http, 0);
    assert_string_equal(why.text, "no answer in 250 ms");
    assert_string_equal(why.call, "");
    assert_string_equal(why.aws_code, "");
    assert_string_equal(why.request_id, "");
    assert_int_equal(why_set(NULL, ERR_IO, "%d", 1), ERR_IO);
}

static void why_set__makes__foreign_bytes_safe(void **state)
{
    (void)state;
    struct why why;
    char big[1000];

    (void)why_set(&why, ERR_DB_AUTH, "%s", "a\x1b[31m\nb\xff");
    assert_string_equal(why.text, "a\\x1B[31m\\nb\\xFF");

    /* every length: cut where a character or a code ends, and never unsafe */
    for (size_t n = 0; n < sizeof(big) - 4; n++) {
        memset(big, 'a', n);
        memcpy(big + n, "日\x1b", 5);
        (void)why_set(&why, ERR_IO, "%s", big);
        assert_true(text_is_safe(why.text, strlen(why.text)));
        assert_true(strlen(why.text) >= (n < 190 ? n : 190));
        assert_int_not_equal(why.text[strlen(why.text) - 1], '\\');
    }
}

static void why_set__may_read__the_why_it_writes(void **state)
{
    (void)state;
    struct why why;

    (void)why_set(&why, ERR_TLS, "certificate has expired");
    (void)why_set(&why, ERR_CONNECT, "host db: %s", why.text);
    assert_string_equal(why.text, "host db: certificate has expired");
}

static void why_line__joins__what_there_is(void **state)
{
    (void)state;
    struct why why = {.code = ERR_NOT_FOUND};
    char line[64];

    assert_ptr_equal(why_line(&why, line, sizeof(line)), line);
    assert_string_equal(line, "not found");
    (void)str_copy(why.call, sizeof(why.call), "DescribeSecret");
    assert_string_equal(why_line(&why, line, sizeof(line)), "DescribeSecret: not found");
    (void)str_copy(why.text, sizeof(why.text), "no such secret");
    assert_string_equal(why_line(&why, line, sizeof(line)), "DescribeSecret: not found: no such secret");
    assert_string_equal(why_line(&why, line, 15), "DescribeSecret");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err__has__words_and_a_name_for_every_code),
        cmocka_unit_test(err__has__words_for_numbers_that_are_no_error),
        cmocka_unit_test(why_set__fills__and_clears_the_rest),
        cmocka_unit_test(why_set__makes__foreign_bytes_safe),
        cmocka_unit_test(why_set__may_read__the_why_it_writes),
        cmocka_unit_test(why_line__joins__what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
