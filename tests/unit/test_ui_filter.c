/* The filter's language, regular expressions, and times as they are typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "ui/filter.h"
#include "ui/pattern.h"
#include "ui/range.h"

#define NOW INT64_C(1788532327900) /* 2026-09-04 14:32:07.900Z */
#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* ------------------------------------------------------------- filter */

enum { NAME, STATE, HOLDS, BAD, AGE, TIME };
static const struct filter_column columns[] = {
    [NAME] = {"env", FILTER_TEXT, false},  [STATE] = {"state", FILTER_TEXT, false},
    [HOLDS] = {"holds", FILTER_TEXT, true}, [BAD] = {"bad", FILTER_NUMBER, true},
    [AGE] = {"age", FILTER_DURATION, true}, [TIME] = {"time", FILTER_TIME, true},
};
static const struct filter_columns all = {columns, ARRAY_LEN(columns)};

static const struct filter_value prod[] = {
    [NAME] = {"prod-eu", 0}, [STATE] = {"STALE", 0},      [HOLDS] = {"71aa40be", 0},
    [BAD] = {NULL, 2},       [AGE] = {NULL, 10 * MINUTE}, [TIME] = {NULL, NOW - 10 * MINUTE},
};
static const struct filter_value unknown[] = {
    [NAME] = {"dr-eu", 0},        [STATE] = {"HIT stale", 0},   [HOLDS] = {NULL, 0},
    [BAD] = {NULL, FILTER_UNKNOWN}, [AGE] = {NULL, FILTER_UNKNOWN}, [TIME] = {NULL, FILTER_UNKNOWN},
};

static bool passes(const char *text, const struct filter_value *values)
{
    struct filter *f = filter_new(text, &all, NOW, false);
    bool yes = filter_matches(f, values);
    if (filter_error(f)[0])
        fail_msg("\"%s\": %s", text, filter_error(f));
    filter_free(f);
    return yes;
}

static void filter__words__must_or_must_not_occur(void **state)
{
    (void)state;
    assert_true(passes("", prod));
    assert_true(passes("   ", prod));
    assert_true(passes("PROD", prod));
    assert_true(passes("prod stale", prod));
    assert_false(passes("prod ok", prod));
    assert_true(passes("prod !ok", prod));
    assert_false(passes("!stale", prod));
    assert_true(passes("!", prod)); /* while it is being typed */
    assert_true(passes("prod !", prod));
    assert_false(passes("prod-eu-and-more", prod));
    assert_true(passes("\"hit stale\"", unknown));
    assert_true(passes("hit stale", unknown));
    assert_false(passes("\"hit  stale\"", unknown));
    assert_false(passes("!\"hit stale\"", unknown));
    assert_false(passes("71aa", prod)); /* that column is looked into where it is named alone */
}

static void filter__alternatives__one_is_enough(void **state)
{
    (void)state;
    assert_true(passes("nothing | prod", prod));
    assert_true(passes("prod | nothing", prod));
    assert_true(passes("nothing | dr stale | x", unknown));
    assert_false(passes("nothing | dr ok", unknown));
    assert_true(passes("| prod", prod));
    assert_true(passes("prod |", prod)); /* while it is being typed */
    assert_false(passes("a|b", prod));   /* one word */
    assert_true(passes("!prod | stale", prod));
}

static void filter__columns__are_asked_by_name(void **state)
{
    (void)state;
    assert_true(passes("state:stale", prod));
    assert_true(passes("STATE:sta", prod));
    assert_false(passes("env:stale", prod));
    assert_true(passes("holds:71aa", prod));
    assert_false(passes("holds:71aa", unknown));
    assert_true(passes("!holds:71aa", unknown));
    assert_true(passes("state=stale", prod));
    assert_false(passes("state=stale", unknown));
    assert_true(passes("state:\"hit stale\"", unknown));
    assert_true(passes("state:", prod)); /* while it is being typed */
    assert_false(passes("other:stale", prod)); /* no column: a word as any other */
}

static void filter__comparisons__unknown_compares_with_nothing(void **state)
{
    (void)state;
    assert_true(passes("bad>0", prod));
    assert_true(passes("bad>=2 bad<=2 bad=2 bad:2", prod));
    assert_false(passes("bad>2", prod));
    assert_false(passes("bad<2", prod));
    assert_true(passes("age>5m age<1h age>=10m", prod));
    assert_false(passes("age>10m", prod));
    assert_true(passes("time>14:20 time<14:30", prod));
    assert_false(passes("time>14:30", prod));
    assert_true(passes("time>2026-09-03", prod));
    assert_false(passes("bad<1", unknown));
    assert_false(passes("bad>=0", unknown));
    assert_false(passes("age>1s", unknown));
    assert_true(passes("!age>1s", unknown));
}

static void filter__fuzzy__letters_in_order_and_close(void **state)
{
    (void)state;
    assert_true(passes("~peu", prod));
    assert_true(passes("~prdeu", prod));
    assert_false(passes("~uep", prod));
    assert_true(passes("!~uep", prod));
    assert_true(passes("env:~pu", prod) == false); /* too far apart for two letters */
}

static void filter__patterns__on_all_columns_or_one(void **state)
{
    (void)state;
    assert_true(passes("re:^prod-", prod));
    assert_true(passes("env:re:^prod-(eu|us)$", prod));
    assert_false(passes("state:re:^prod", prod));
    assert_false(passes("!re:EU$", prod));
    assert_true(passes("re:\"hit +stale\"", unknown));
}

static void filter__mistakes__let_all_through_and_say_why(void **state)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {{"re:(", "( without )"},   {"re:a)", ") without ("},     {"re:\\1", "back references"},
                 {"re:*a", "nothing"},      {"bad>many", "bad>3"},        {"age>long", "age>30d"},
                 {"time>noon", "14:20"},    {"\"open", "not closed"},     {"env>3", "env:text"},
                 {"re:[a", "[ has no ]"},   {"re:a{5,2}", "{2,5}"},       {"re:(a{99}){99}", "too long"},
                 {"re:\\q", "d w s"},       {"bad:", ""},                 {"re:a{", "wants a number"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct filter *f = filter_new(wrong[i].text, &all, NOW, false);
        if (!strstr(filter_error(f), wrong[i].why) || (wrong[i].why[0] && !filter_error(f)[0]))
            fail_msg("\"%s\" says \"%s\", not \"%s\"", wrong[i].text, filter_error(f), wrong[i].why);
        assert_true(filter_matches(f, unknown));
        assert_true(filter_is_empty(f));
        assert_false(filter_wants(f, 0));
        filter_free(f);
    }
    struct filter *f = filter_new("a b c d e f g h i j k l m n o p q", &all, NOW, false);
    assert_non_null(strstr(filter_error(f), "too many"));
    filter_free(f);
}

static void filter__wants__only_what_is_asked(void **state)
{
    struct filter *f = filter_new("bad>1 state:x", &all, NOW, false);
    (void)state;
    assert_true(filter_wants(f, BAD));
    assert_true(filter_wants(f, STATE));
    assert_false(filter_wants(f, AGE));
    assert_false(filter_wants(f, NAME));
    filter_free(f);
    f = filter_new("word", &all, NOW, false);
    assert_true(filter_wants(f, NAME));
    assert_false(filter_wants(f, HOLDS));
    filter_free(f);
}

/* ------------------------------------------------------------ pattern */

static bool found(const char *pattern, const char *text)
{
    char why[PATTERN_ERROR];
    struct pattern *p = pattern_new(pattern, why);
    if (!p)
        fail_msg("%s: %s", pattern, why);
    bool yes = pattern_matches(p, text);
    pattern_free(p);
    return yes;
}

static void pattern__what_it_knows(void **state)
{
    static const struct {
        const char *pattern, *yes, *no;
    } rows[] = {
        {"abc", "xxABCxx", "ab c"},
        {"^abc$", "abc", "abcd"},
        {"^$", "", "a"},
        {"a.c", "xabcx", "ac"},
        {"^.$", "\xc3\xa9", "ab"}, /* one character, two bytes */
        {"^..$", "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5"},
        {"^[^a]b$", "\xc3\xa9"
                    "b",
         "ab"},
        {"[a-c]+d", "xbcad", "xd"},
        {"[[:digit:]]{3}", "a123", "a12"},
        {"[]x]", "]", "y"},
        {"[a-]", "-", "b"},
        {"^[\xc3\xa9z]+$", "z\xc3\xa9z", "\xc3\xa8"},
        {"\\d\\d:\\d\\d", "at 14:20", "14-20"},
        {"^\\w+\\s\\W$", "abc !", "abc a"},
        {"\\.", "a.b", "ab"},
        {"(ab|cd)+e", "abcdabe", "abde!"},
        {"a{2,3}b", "aab", "ab"},
        {"^a{2,3}$", "aaa", "aaaa"},
        {"^a{2,}$", "aaaaa", "a"},
        {"^a{0}b$", "b", "ab"},
        {"^(a?b){2}$", "abb", "ab"},
        {"^(a|b{2}){2,}$", "bba", "ba"},
        {"^^a$$", "a", "ba"},
        {"x*", "", NULL},
        {"a||b", "", NULL},
        {"^(|a)b", "b", "cb"},
        {"28P01|3D000", "SQLSTATE 3d000", "28p02"},
        {"(^|x)a", "a", "ba"},
        {"a($|x)", "ba", "ab"},
        {"^(a+)+$", "aaaa", "aaab"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!found(rows[i].pattern, rows[i].yes))
            fail_msg("%s does not find \"%s\"", rows[i].pattern, rows[i].yes);
        if (rows[i].no && found(rows[i].pattern, rows[i].no))
            fail_msg("%s finds \"%s\"", rows[i].pattern, rows[i].no);
    }
}

static void add(char pattern[80], const char *part)
{
    size_t n = strlen(pattern);
    assert_true(str_copy(pattern + n, 80 - n, part));
}

/* Random expressions of what both know, on random texts: what the C library says. */
static void pattern__finds__what_the_c_library_finds(void **state)
{
    static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]", "(a|b)", "(ab)", "(a*b)", "(b|)"};
    static const char *const repeats[] = {"", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}"};
    unsigned seed = 7;
    size_t yes = 0;
    (void)state;
#define NEXT(n) ((seed = seed * 1103515245u + 12345u) >> 16) % (n)
    for (int round = 0; round < 20000; round++) {
        char pattern[80] = "", text[12] = "";
        size_t parts = 1 + NEXT(4), letters = NEXT(9);
        if (NEXT(6) == 0)
            add(pattern, "^");
        for (size_t i = 0; i < parts; i++) {
            add(pattern, atoms[NEXT(ARRAY_LEN(atoms))]);
            add(pattern, repeats[NEXT(ARRAY_LEN(repeats))]);
            if (i + 1 < parts && NEXT(5) == 0)
                add(pattern, "|");
        }
        if (NEXT(6) == 0)
            add(pattern, "$");
        for (size_t i = 0; i < letters; i++)
            text[i] = (char)('a' + NEXT(4));
        regex_t theirs;
        assert_int_equal(regcomp(&theirs, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE), 0);
        bool expected = regexec(&theirs, text, 0, NULL, 0) == 0;
        regfree(&theirs);
        yes += expected ? 1 : 0;
        if (found(pattern, text) != expected)
            fail_msg("%s on \"%s\": the C library says %s", pattern, text, expected ? "yes" : "no");
    }
    assert_in_range(yes, 2000, 18000); /* both answers came */
#undef NEXT
}

/* What is slow elsewhere costs here what every character costs. */
static void pattern__evil__is_not_slow(void **state)
{
    static const char *const evil[] = {"^(a+)+$", "^(a|a)*$", "(a*)*b", "(a|aa)+$x", "(.*){9}x", "(a?){40}a{40}b"};
    char text[401];
    (void)state;
    memset(text, 'a', 400);
    text[400] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(evil); i++) {
        clock_t began = clock();
        bool some = false;
        for (int round = 0; round < 100; round++)
            some = found(evil[i], text) || some;
        assert_true(clock() - began < CLOCKS_PER_SEC * 2); /* an engine that backtracks takes years */
        (void)some;
    }
}

/* -------------------------------------------------------------- range */

static struct range range_of(const char *text, int64_t *from, int64_t *to)
{
    struct range r = {0};
    char error[RANGE_ERROR];
    if (!range_parse(text, NOW, false, &r, error))
        fail_msg("\"%s\": %s", text, error);
    range_bounds(&r, NOW, from, to);
    return r;
}

static void range__reads__what_people_type(void **state)
{
    int64_t from, to, midnight = NOW / DAY * DAY;
    static const char *const all_of_it[] = {"", "all", "  "};
    char words[80];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all_of_it); i++) {
        struct range r = range_of(all_of_it[i], &from, &to);
        assert_true(range_is_all(&r) && from == INT64_MIN && to == INT64_MAX);
    }
    struct range r = range_of("15m", &from, &to);
    assert_true(from == NOW - 15 * MINUTE && to == INT64_MAX);
    range_words(&r, NOW, false, words, sizeof(words));
    assert_string_equal(words, "15m");
    r = range_of("1h30m", &from, &to);
    assert_true(from == NOW - 90 * MINUTE);
    r = range_of("since 14:20", &from, &to);
    assert_true(from == midnight + 14 * HOUR + 20 * MINUTE && to == INT64_MAX);
    range_words(&r, NOW, false, words, sizeof(words));
    assert_string_equal(words, "since 14:20");
    r = range_of("14:20", &from, &to);
    assert_true(from == midnight + 14 * HOUR + 20 * MINUTE);
    r = range_of("since 23:00", &from, &to); /* that was yesterday */
    assert_true(from == midnight - HOUR);
    r = range_of("until 14:40", &from, &to);
    assert_true(from == INT64_MIN && to < NOW);
    r = range_of("14:20-14:30", &from, &to);
    assert_true(to - from == 10 * MINUTE && to == midnight + 14 * HOUR + 30 * MINUTE);
    range_words(&r, NOW, false, words, sizeof(words));
    assert_string_equal(words, "14:20-14:30");
    r = range_of("14:20:30-", &from, &to);
    assert_true(from == midnight + 14 * HOUR + 20 * MINUTE + 30000 && to == INT64_MAX);
    r = range_of("23:50-00:10", &from, &to); /* over midnight */
    assert_true(to - from == 20 * MINUTE && to == midnight + 10 * MINUTE);
    r = range_of("2026-09-01-2026-09-02", &from, &to);
    assert_true(to - from == DAY);
    r = range_of("2026-09-01T10:00Z-2026-09-01T10:30", &from, &to);
    assert_true(to - from == 30 * MINUTE);
}

static void range__refuses__what_is_none(void **state)
{
    static const char *const wrong[] = {"soon", "25:00", "14:60", "0m", "15x", "-", "14:40-14:40", "since", "2026-13-01",
                                        "2026-09-01x", "14:20:61", "999999w", "1-2"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct range r = {.last_ms = 5};
        char error[RANGE_ERROR];
        if (range_parse(wrong[i], NOW, false, &r, error))
            fail_msg("\"%s\" is taken", wrong[i]);
        assert_non_null(strstr(error, "14:20-14:40"));
        assert_true(r.last_ms == 5); /* untouched */
    }
}

static void range__local__goes_by_the_zone(void **state)
{
    int64_t ms = 0;
    (void)state;
    assert_int_equal(setenv("TZ", "XXX-5:30", 1), 0);
    tzset();
    assert_true(range_moment("20:02:07", 8, NOW, true, &ms));
    assert_true(ms == NOW / 1000 * 1000);
    assert_true(range_moment("2026-09-04T14:32:07Z", 20, NOW, true, &ms)); /* Z says UTC */
    assert_true(ms == NOW / 1000 * 1000);
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter__words__must_or_must_not_occur),
        cmocka_unit_test(filter__alternatives__one_is_enough),
        cmocka_unit_test(filter__columns__are_asked_by_name),
        cmocka_unit_test(filter__comparisons__unknown_compares_with_nothing),
        cmocka_unit_test(filter__fuzzy__letters_in_order_and_close),
        cmocka_unit_test(filter__patterns__on_all_columns_or_one),
        cmocka_unit_test(filter__mistakes__let_all_through_and_say_why),
        cmocka_unit_test(filter__wants__only_what_is_asked),
        cmocka_unit_test(pattern__what_it_knows),
        cmocka_unit_test(pattern__finds__what_the_c_library_finds),
        cmocka_unit_test(pattern__evil__is_not_slow),
        cmocka_unit_test(range__reads__what_people_type),
        cmocka_unit_test(range__refuses__what_is_none),
        cmocka_unit_test(range__local__goes_by_the_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
