#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static void strbuf__grows__up_to_its_maximum_and_remembers_the_cut(void **state)
{
    (void)state;
    struct strbuf b;

    strbuf_init(&b, 200);
    assert_string_equal(strbuf_peek(&b), "");
    for (int i = 0; i < 50; i++)
        strbuf_str(&b, "abcd");
    assert_int_equal(b.len, 200);
    assert_false(strbuf_cut(&b)); /* exactly full is not cut */
    strbuf_char(&b, 'x');
    assert_true(strbuf_cut(&b));
    assert_int_equal(b.len, 200);
    assert_int_equal(strlen(strbuf_peek(&b)), 200);
    strbuf_reset(&b);
    assert_false(strbuf_cut(&b));
    assert_string_equal(strbuf_peek(&b), "");
    strbuf_clear(&b);
    strbuf_str(&b, "again"); /* cleared keeps its maximum */
    assert_string_equal(strbuf_peek(&b), "again");
    strbuf_wipe(&b);
    assert_string_equal(strbuf_peek(&b), "");
    strbuf_clear(&b);
}

static void strbuf_reserve__makes_room__up_to_the_maximum(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 300);
    strbuf_reserve(&b, 200);
    const char *there = b.s;
    for (int i = 0; i < 200; i++)
        strbuf_char(&b, 'x');
    assert_ptr_equal(b.s, there);
    strbuf_reserve(&b, SIZE_MAX); /* what a foreign header asks for */
    assert_true(b.cap <= 301);
    assert_false(strbuf_cut(&b));
    assert_int_equal(strlen(strbuf_peek(&b)), 200);
    strbuf_clear(&b);
}

static void strbuf__with_no_room__holds_nothing(void **state)
{
    (void)state;
    struct strbuf b, zero = {0};

    strbuf_init(&b, 0);
    strbuf_add(&b, "", 0);
    assert_false(strbuf_cut(&b));
    strbuf_str(&b, "x");
    strbuf_fmt(&b, "%d", 1);
    assert_string_equal(strbuf_peek(&b), "");
    assert_true(strbuf_cut(&b));
    strbuf_clear(&b);
    strbuf_clear(&zero);
}

static void strbuf_fmt__appends__and_cuts(void **state)
{
    (void)state;
    struct strbuf b;

    strbuf_init(&b, 100);
    for (int i = 0; i < 10; i++)
        strbuf_fmt(&b, "[%03d:%s]", i, "abc"); /* 9 bytes */
    assert_int_equal(b.len, 90);
    assert_memory_equal(strbuf_peek(&b) + 81, "[009:abc]", 10);
    strbuf_fmt(&b, "%s", "0123456789");
    assert_false(strbuf_cut(&b));
    strbuf_reset(&b);
    strbuf_fmt(&b, "%0150d", 7);
    assert_true(strbuf_cut(&b));
    assert_int_equal(b.len, 100);
    assert_int_equal(strlen(strbuf_peek(&b)), 100);
    strbuf_clear(&b);
}

static void strbuf_take__hands_over__and_starts_again(void **state)
{
    (void)state;
    struct strbuf b;

    strbuf_init(&b, 10);
    char *empty = strbuf_take(&b);
    strbuf_str(&b, "abc");
    char *abc = strbuf_take(&b);
    strbuf_str(&b, "def");
    assert_string_equal(empty, "");
    assert_string_equal(abc, "abc");
    assert_string_equal(strbuf_peek(&b), "def");
    strbuf_clear(&b);
    free(abc);
    free(empty);
}

static void expect_json(const char *s, size_t n, const char *json)
{
    struct strbuf b;

    strbuf_init(&b, 1000);
    strbuf_json(&b, s, n);
    assert_string_equal(strbuf_peek(&b), json);
    strbuf_clear(&b);
}

static void strbuf_json__escapes__what_json_needs(void **state)
{
    (void)state;
    expect_json("", 0, "\"\"");
    expect_json("plain é 日", 12, "\"plain é 日\"");
    expect_json("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    expect_json("\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\"");
    expect_json("\0\x1f\x7f", 3, "\"\\u0000\\u001f\x7f\"");
}

static void strbuf_json__replaces__what_is_no_utf8(void **state)
{
    (void)state;
    expect_json("a\xff"
                "b",
                3, "\"a\uFFFDb\"");
    expect_json("\xed\xa0\x80", 3, "\"\uFFFD\uFFFD\uFFFD\"");
    expect_json("\xe6\x97", 2, "\"\uFFFD\uFFFD\"");
}

static void str_copy__says__whether_all_fitted(void **state)
{
    (void)state;
    char out[5] = "????";

    assert_true(str_copy(out, sizeof(out), "abcd"));
    assert_string_equal(out, "abcd");
    assert_false(str_copy(out, sizeof(out), "abcde"));
    assert_string_equal(out, "abcd");
    assert_false(str_copy(out, sizeof(out), "abcé"));
    assert_string_equal(out, "abc"); /* half a character is none */
    assert_false(str_copy(out, sizeof(out), "a🔑"));
    assert_string_equal(out, "a");
    assert_true(str_copy(out, sizeof(out), "🔑")); /* four bytes and a NUL: whole */
    assert_string_equal(out, "🔑");
}

static void str_copy__handles__edges(void **state)
{
    (void)state;
    char out[4] = "???";

    assert_true(str_copy(out, sizeof(out), NULL));
    assert_string_equal(out, "");
    assert_false(str_copy(out, 0, "a"));
    assert_false(str_copy(out, 1, "a"));
    assert_string_equal(out, "");
    assert_true(str_copy_n(out, sizeof(out), "abcdef", 2));
    assert_string_equal(out, "ab");
    assert_true(str_copy_n(out, sizeof(out), NULL, 0));
    assert_string_equal(out, "");
    assert_false(str_copy_n(out, sizeof(out), "\x80\x80\x80\x80\x80", 5)); /* no UTF-8: cut where it must be */
    assert_int_equal(strlen(out), 3);
}

static void str_fmt__says__whether_all_fitted(void **state)
{
    (void)state;
    char out[5];

    assert_true(str_fmt(out, sizeof(out), "%d", 1234));
    assert_string_equal(out, "1234");
    assert_false(str_fmt(out, sizeof(out), "%d", 12345));
    assert_string_equal(out, "1234");
    assert_false(str_fmt(out, sizeof(out), "%s", "abcé"));
    assert_string_equal(out, "abc");
    assert_false(str_fmt(out, 0, "%d", 1));
    assert_false(str_fmt(out, 1, "%d", 1));
    assert_string_equal(out, "");
}

static void str_to_i64__reads__whole_numbers_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"-42", -42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "--1",
                                      "a",
                                      "1e3",
                                      "1\n",
                                      "-9223372036854775809",
                                      "9223372036854775808",
                                      "99999999999999999999999"};
    int64_t value;

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        value = 99;
        assert_true(str_to_i64(good[i].text, strlen(good[i].text), &value));
        assert_int_equal(value, good[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        value = 99;
        assert_false(str_to_i64(bad[i], strlen(bad[i]), &value));
        assert_int_equal(value, 99);
    }
    assert_true(str_to_i64("123456", 3, &value)); /* n decides, not a NUL */
    assert_int_equal(value, 123);
    assert_false(str_to_i64("1\0", 2, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strbuf__grows__up_to_its_maximum_and_remembers_the_cut),
        cmocka_unit_test(strbuf_reserve__makes_room__up_to_the_maximum),
        cmocka_unit_test(strbuf__with_no_room__holds_nothing),
        cmocka_unit_test(strbuf_fmt__appends__and_cuts),
        cmocka_unit_test(strbuf_take__hands_over__and_starts_again),
        cmocka_unit_test(strbuf_json__escapes__what_json_needs),
        cmocka_unit_test(strbuf_json__replaces__what_is_no_utf8),
        cmocka_unit_test(str_copy__says__whether_all_fitted),
        cmocka_unit_test(str_copy__handles__edges),
        cmocka_unit_test(str_fmt__says__whether_all_fitted),
        cmocka_unit_test(str_to_i64__reads__whole_numbers_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
