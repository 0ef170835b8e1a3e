/* Looking for bytes: the same as a plain loop finds, at every place and length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/mem.h"
#include "backend/watch/find.h"

/* A copy of exactly n bytes: a sanitizer sees a step too far. */
static struct slice exactly(const char *s, size_t n)
{
    char *copy = n > 0 ? malloc(n) : NULL;
    if (n > 0) {
        assert_non_null(copy);
        memcpy(copy, s, n);
    }
    return (struct slice){copy, n};
}

static void any__finds_the_first_stop_at_every_place(void **state)
{
    static const char *const stops[] = {" \t\n", "\t\n", "\t"};
    char text[80];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(stops); i++)
        for (size_t n = 0; n <= 70; n++)
            for (size_t at = 0; at <= n; at++) {
                memset(text, 'x', sizeof text);
                text[at] = stops[i][at % strlen(stops[i])];
                text[at + 3] = stops[i][0];
                struct slice s = exactly(text, n);
                assert_int_equal(find_any(s, stops[i]), at < n ? at : n);
                free((char *)(uintptr_t)s.s);
            }
}

static void any__stops_at_nothing_else(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char text[20];
        memset(text, c, sizeof text);
        bool stop = c == ' ' || c == '\t' || c == '\n';
        assert_int_equal(find_any((struct slice){text, sizeof text}, " \t\n"), stop ? 0 : sizeof text);
    }
}

/* What is there is always found; and of what is not, most is ruled out. */
static void words__are_found_wherever_they_stand(void **state)
{
    static const char *const words[] = {"28P01", "ECONNREFUSED", "no pg_hba.conf entry", "ab",
                                        "Connection terminated unexpectedly"};
    struct find_words f = {0};
    char text[120];
    (void)state;
    for (size_t w = 0; w < ARRAY_LEN(words); w++)
        assert_true(find_words_add(&f, (struct slice){words[w], strlen(words[w])}));
    for (size_t w = 0; w < ARRAY_LEN(words); w++)
        for (size_t n = strlen(words[w]); n <= 100; n++)
            for (size_t at = 0; at + strlen(words[w]) <= n; at++) {
                memset(text, '.', sizeof text);
                memcpy(text + at, words[w], strlen(words[w]));
                struct slice s = exactly(text, n);
                assert_int_equal(find_words(&f, s), 1u << w);
                free((char *)(uintptr_t)s.s);
            }
    const char *plain = "GET /v1/customers/58213/orders?limit=20&after=2026-11-24 200";
    assert_int_equal(find_words(&f, (struct slice){plain, strlen(plain)}), 0);
    assert_int_equal(find_words(&f, (struct slice){"", 0}), 0);
}

static void words__have_bounds(void **state)
{
    struct find_words f = {0};
    (void)state;
    assert_false(find_words_add(&f, (struct slice){"x", 1}));
    assert_false(find_words_add(&f, (struct slice){"", 0}));
    for (int i = 0; i < FIND_WORDS_MAX; i++)
        assert_true(find_words_add(&f, (struct slice){"word", 4}));
    assert_false(find_words_add(&f, (struct slice){"word", 4}));
    assert_int_equal(find_words(&f, (struct slice){"a word", 6}), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any__finds_the_first_stop_at_every_place),
        cmocka_unit_test(any__stops_at_nothing_else),
        cmocka_unit_test(words__are_found_wherever_they_stand),
        cmocka_unit_test(words__have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
