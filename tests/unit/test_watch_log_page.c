/* The log page scanner, held against jansson: a table of every rule of the grammar,
 * each page cut at every byte, and random damage with a fixed seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "tests/unit/log_page_reference.h"

static struct log_page page;
static struct why why;

static char *text_of(struct slice s)
{
    return mem_copy_bytes(s.s, s.n);
}

static void assert_slice(struct slice s, const char *expected)
{
    char *got = text_of(s);
    assert_string_equal(got, expected);
    free(got);
}

/* Scans a literal; the copy lives until the next call. */
static enum err scan(const char *text)
{
    static char *bytes;
    free(bytes);
    bytes = text != NULL ? mem_copy_str(text) : NULL;
    return text != NULL ? log_page_scan(&page, bytes, strlen(bytes), &why) : ERR_OK;
}

static int clean_up(void **state)
{
    (void)state;
    (void)scan(NULL);
    log_page_clear(&page);
    return 0;
}

/* ------------------------------------------------------------- the page */

static void scan__reads_a_page_as_aws_sends_it(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"events\":[{\"logStreamName\":\"2026/11/24/[$LATEST]ab\",\"timestamp\":1795521127123,"
                          "\"message\":\"START RequestId: x\\n\",\"ingestionTime\":1795521127999,\"eventId\":\"39\"},"
                          "{\"eventId\":\"40\",\"message\":\"two\"}],\"nextToken\":\"tok\","
                          "\"searchedLogStreams\":[{\"logStreamName\":\"s\",\"searchedCompletely\":true}]}"),
                     ERR_OK);
    assert_int_equal(page.n, 2);
    assert_slice(page.events[0].stream, "2026/11/24/[$LATEST]ab");
    assert_slice(page.events[0].message, "START RequestId: x\n");
    assert_slice(page.events[0].id, "39");
    assert_true(page.events[0].time_ms == 1795521127123 && page.events[0].ingested_ms == 1795521127999);
    assert_slice(page.events[1].message, "two");
    assert_int_equal(page.events[1].stream.n, 0);
    assert_true(page.events[1].time_ms == -1 && page.events[1].ingested_ms == -1);
    assert_slice(page.next_token, "tok");
}

static void scan__takes_null_for_absent(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"events\":[{\"message\":null,\"timestamp\":null,\"eventId\":null}],\"nextToken\":null}"),
                     ERR_OK);
    assert_int_equal(page.n, 1);
    assert_int_equal(page.events[0].message.n, 0);
    assert_true(page.events[0].time_ms == -1);
    assert_int_equal(page.next_token.n, 0);
    assert_int_equal(scan("{\"events\":null}"), ERR_OK);
    assert_int_equal(page.n, 0);
}

static void scan__lets_the_last_of_equal_members_count(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"events\":[{\"message\":\"a\"},{}],\"events\":[{\"message\":\"b\",\"message\":\"c\"}],"
                          "\"nextToken\":\"1\",\"nextToken\":\"2\"}"),
                     ERR_OK);
    assert_int_equal(page.n, 1);
    assert_slice(page.events[0].message, "c");
    assert_slice(page.next_token, "2");
}

static void scan__unescapes_in_place(void **state)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
        {"plain", "plain"},
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0041\\u00e9\\u20AC", "A\xc3\xa9\xe2\x82\xac"},
        {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"},
        {"\\uD800\\uDC00\\uDBFF\\uDFFF", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"tail after \\n \xe2\x82\xac and thirty more plain characters",
         "tail after \n \xe2\x82\xac and thirty more plain characters"},
        {"\\n\xf0\x9f\x98\x80\\n\xc3\xa9", "\n\xf0\x9f\x98\x80\n\xc3\xa9"},
        {"sixteen bytes 16\\t0123456789abcdef0123456789abcde\\u0001",
         "sixteen bytes 16\t0123456789abcdef0123456789abcde\x01"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char doc[256];
        assert_true(
            str_fmt(doc, sizeof doc, "{\"events\":[{\"message\":\"%s\",\"eventId\":\"after\"}]}", rows[i].json));
        assert_int_equal(scan(doc), ERR_OK);
        assert_slice(page.events[0].message, rows[i].text);
        assert_slice(page.events[0].id, "after");
    }
    assert_int_equal(scan("{\"\\u0065vents\":[{\"mess\\u0061ge\":\"m\"}]}"), ERR_OK);
    assert_int_equal(page.n, 1);
    assert_slice(page.events[0].message, "m");
}

/* Each place a special byte can have in the blocks that are looked at at once, and behind
 * the last of them. */
static void scan__finds_the_end_at_every_offset(void **state)
{
    (void)state;
    for (size_t n = 0; n < 140; n++) {
        char doc[512], body[160];
        memset(body, 'x', n);
        body[n] = '\0';
        assert_true(str_fmt(doc, sizeof doc, "{\"events\":[{\"message\":\"%s\\n%s\"}]}", body, body));
        assert_int_equal(scan(doc), ERR_OK);
        assert_int_equal(page.events[0].message.n, 2 * n + 1);
        assert_int_equal(page.events[0].message.s[n], '\n');
    }
}

static void scan__names_the_byte_and_leaves_nothing(void **state)
{
    (void)state;
    assert_int_equal(scan("{\"events\":[{\"message\":\"a\"},{\"message\":5}]}"), ERR_MALFORMED);
    assert_string_equal(why.text, "log page, byte 38 of 42: a text was expected");
    assert_int_equal(page.n, 0);
    assert_int_equal(scan("{\"nextToken\":\"t\",\"events\":7}"), ERR_MALFORMED);
    assert_int_equal(page.next_token.n, 0);
    assert_int_equal(scan(""), ERR_MALFORMED);
    assert_string_equal(why.text, "log page, byte 0 of 0: an object was expected");
}

static void scan__bounds_nesting_and_numbers(void **state)
{
    char doc[400] = "{\"x\":", number[80];
    (void)state;
    for (int depth = 63; depth <= 66; depth++) {
        size_t n = 5;
        memset(doc + n, '[', (size_t)depth);
        memset(doc + n + depth, ']', (size_t)depth);
        (void)str_copy(doc + n + 2 * depth, 2, "}");
        assert_int_equal(scan(doc), depth <= 64 ? ERR_OK : ERR_MALFORMED);
    }
    assert_non_null(strstr(why.text, "nested too deeply"));
    memset(number, '1', sizeof number);
    for (int n = 62; n <= 66; n++) {
        assert_true(str_fmt(doc, sizeof doc, "{\"x\":0.%.*s}", n, number));
        assert_int_equal(scan(doc), n <= 62 ? ERR_OK : ERR_MALFORMED);
    }
    assert_non_null(strstr(why.text, "number too long"));
}

/* --------------------------------------------------------- against jansson */

/* A NUL in a row is written by hand: lengths are taken from the array. */
#define ROW(text)                                                                                                      \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }
static const struct {
    const char *bytes;
    size_t n;
} rules[] = {
    ROW("{}"),
    ROW(" \t\r\n{ } \n"),
    ROW(""),
    ROW(" "),
    ROW("[]"),
    ROW("null"),
    ROW("{"),
    ROW("}"),
    ROW("{}{}"),
    ROW("{} x"),
    ROW("{}\0"),
    ROW("\0{}"),
    ROW("\xef\xbb\xbf{}"),
    ROW("{\"a\"}"),
    ROW("{\"a\":}"),
    ROW("{\"a\" 1}"),
    ROW("{\"a\":1,}"),
    ROW("{,\"a\":1}"),
    ROW("{\"a\":1 \"b\":2}"),
    ROW("{a:1}"),
    ROW("{'a':1}"),
    ROW("{1:1}"),
    ROW("{\"a\":1,\"b\":[],\"c\":{},\"d\":[{}],\"e\":{\"f\":[1,2,{\"g\":null}]}}"),
    ROW("{\"a\":[1,]}"),
    ROW("{\"a\":[,1]}"),
    ROW("{\"a\":[1 2]}"),
    ROW("{\"a\":[}"),
    ROW("{\"a\":{]}"),
    ROW("{\"a\":[1}"),
    ROW("{\"a\":{\"b\":1]}"),
    ROW("{\"a\":{\"b\":1,}}"),
    ROW("{\"a\":{\"b\"}}"),
    ROW("{\"a\":[[[]]]}"),
    ROW("{\"a\":true,\"b\":false,\"c\":null}"),
    ROW("{\"a\":tru}"),
    ROW("{\"a\":TRUE}"),
    ROW("{\"a\":truex}"),
    ROW("{\"a\":nul}"),
    ROW("{\"a\":nan}"),
    ROW("{\"a\":Infinity}"),
    ROW("{\"a\":undefined}"),
    ROW("{\"a\":0}"),
    ROW("{\"a\":-0}"),
    ROW("{\"a\":00}"),
    ROW("{\"a\":01}"),
    ROW("{\"a\":-01}"),
    ROW("{\"a\":-}"),
    ROW("{\"a\":+1}"),
    ROW("{\"a\":.5}"),
    ROW("{\"a\":5.}"),
    ROW("{\"a\":5.e1}"),
    ROW("{\"a\":1e}"),
    ROW("{\"a\":1e+}"),
    ROW("{\"a\":1E-2}"),
    ROW("{\"a\":1.5e+10}"),
    ROW("{\"a\":0x10}"),
    ROW("{\"a\":1_0}"),
    ROW("{\"a\":--1}"),
    ROW("{\"a\":9223372036854775807}"),
    ROW("{\"a\":9223372036854775808}"),
    ROW("{\"a\":-9223372036854775808}"),
    ROW("{\"a\":-9223372036854775809}"),
    ROW("{\"a\":99999999999999999999999999}"),
    ROW("{\"a\":12345678901234567890.5}"),
    ROW("{\"a\":1e308}"),
    ROW("{\"a\":1e309}"),
    ROW("{\"a\":-1e309}"),
    ROW("{\"a\":1e-999}"),
    ROW("{\"a\":1e99999999999}"),
    ROW("{\"a\":12345678901234567890e300}"),
    ROW("{\"a\":0e999}"),
    ROW("{\"events\":[]}"),
    ROW("{\"events\":{}}"),
    ROW("{\"events\":\"\"}"),
    ROW("{\"events\":[1]}"),
    ROW("{\"events\":[null]}"),
    ROW("{\"events\":[[]]}"),
    ROW("{\"events\":[{}]}"),
    ROW("{\"events\":[{},]}"),
    ROW("{\"events\":[{}{}]}"),
    ROW("{\"events\":[ { } , { } ] }"),
    ROW("{\"events\":nul}"),
    ROW("{\"events\":[{\"message\":1}]}"),
    ROW("{\"events\":[{\"message\":{}}]}"),
    ROW("{\"events\":[{\"message\":true}]}"),
    ROW("{\"events\":[{\"timestamp\":\"1\"}]}"),
    ROW("{\"events\":[{\"timestamp\":1.0}]}"),
    ROW("{\"events\":[{\"timestamp\":1e3}]}"),
    ROW("{\"events\":[{\"timestamp\":-5}]}"),
    ROW("{\"events\":[{\"timestamp\":-9223372036854775808}]}"),
    ROW("{\"events\":[{\"timestamp\":9223372036854775807}]}"),
    ROW("{\"events\":[{\"timestamp\":9223372036854775808}]}"),
    ROW("{\"events\":[{\"timestamp\":true}]}"),
    ROW("{\"events\":[{\"timestamp\":nul}]}"),
    ROW("{\"events\":[{\"eventId\":[]}]}"),
    ROW("{\"events\":[{\"message\":\"a\",}]}"),
    ROW("{\"events\":[{\"other\":[{\"message\":5}]}]}"),
    ROW("{\"nextToken\":5}"),
    ROW("{\"nextToken\":\"\"}"),
    ROW("{\"nextToken\":[]}"),
    ROW("{\"nextToken\":\"a\\u0062\"}"),
    ROW("{\"a\":1,\"a\":2}"),
    ROW("{\"events\":5,\"events\":[]}"),
    ROW("{\"events\":[{}],\"events\":null}"),
    ROW("{\"events\":[{\"message\":\"x\",\"message\":null}]}"),
    ROW("{\"a\":{\"b\":1,\"b\":2}}"),
    ROW("{\"a\":\"\\\"\"}"),
    ROW("{\"a\":\"\\x\"}"),
    ROW("{\"a\":\"\\U0041\"}"),
    ROW("{\"a\":\"\\u12\"}"),
    ROW("{\"a\":\"\\u12g4\"}"),
    ROW("{\"a\":\"\\u0000\"}"),
    ROW("{\"a\":\"x\0y\"}"),
    ROW("{\"\\u0000\":1}"),
    ROW("{\"a\":\"\\\0\"}"),
    ROW("{\"a\":\"\\"),
    ROW("{\"a\":\"\n\"}"),
    ROW("{\"a\":\"\x1f\"}"),
    ROW("{\"a\":\"\x7f\"}"),
    ROW("{\"a\":\"\t\"}"),
    ROW("{\"a\":\"\\ud83d\"}"),
    ROW("{\"a\":\"\\ude00\"}"),
    ROW("{\"a\":\"\\ud83d\\ud83d\"}"),
    ROW("{\"a\":\"\\ud83dx\"}"),
    ROW("{\"a\":\"\\ud83d\\n\"}"),
    ROW("{\"a\":\"\\ud83d\\u0041\"}"),
    ROW("{\"a\":\"\\ud83d\\u\"}"),
    ROW("{\"a\":\"\\uDBFF\\uDFFF\"}"),
    ROW("{\"a\":\"\\uFFFF\\uFFFE\"}"),
    ROW("{\"a\":\"\xef\xbf\xbf\"}"),
    ROW("{\"a\":\"\x80\"}"),
    ROW("{\"a\":\"\xc3\"}"),
    ROW("{\"a\":\"\xc0\xaf\"}"),
    ROW("{\"a\":\"\xe0\x80\xaf\"}"),
    ROW("{\"a\":\"\xed\xa0\x80\"}"),
    ROW("{\"a\":\"\xf0\x80\x80\xaf\"}"),
    ROW("{\"a\":\"\xf4\x90\x80\x80\"}"),
    ROW("{\"a\":\"\xf5\x80\x80\x80\"}"),
    ROW("{\"a\":\"\xff\"}"),
    ROW("{\"a\":\"\xe2\x82\"}"),
    ROW("{\"a\":\"\xf0\x9f\x98\"}"),
    ROW("{\"a\":\"\xf0\x9f\x98\x80\"}"),
    ROW("{\"\xff\":1}"),
    ROW("{\"a\":\xc3\xa9}"),
    ROW("{\"a\":1}\xc3\xa9"),
    ROW("{\"a\":\"unfinished}"),
    ROW("{\"a"),
    ROW("{\"a\":\"sixteen bytes 16\xc3\"}"),
    ROW("{\"a\":/**/1}"),
    ROW("{\"a\":1}//"),
};

static bool agree(const char *bytes, size_t n)
{
    bool accepted;
    char shown[1024];
    const char *differ = reference_compare(bytes, n, &accepted);
    (void)text_safe(shown, sizeof shown, bytes, n);
    if (differ != NULL)
        fail_msg("%s: %s", differ, shown);
    return accepted;
}

static void scan__agrees_with_jansson_on_every_rule(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        (void)agree(rules[i].bytes, rules[i].n);
}

static const char whole[] =
    "{ \"searchedLogStreams\" : [ {\"searchedCompletely\":true,\"n\":-1.5e3} ], \"events\":[{\"logStreamName\":"
    "\"2026/11/24/[$LATEST]0123456789abcdef\",\"timestamp\":1795521127123,\"message\":\"a \\\"b\\\" \\u20ac "
    "\\ud83d\\ude00 "
    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 long enough for the vector "
    "loop\\n\",\"ingestionTime\":1795521128000,\"eventId\":"
    "\"39001\"},{\"timestamp\":null,\"message\":null},{}],\"nextToken\":\"abc\\/def\" } ";

static void scan__refuses_a_page_cut_anywhere(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof whole; n++)
        assert_int_equal(agree(whole, n), n >= sizeof whole - 2); /* a space ends it */
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* Damage: a byte changed, cut out, doubled, or a piece of another rule put in. */
static size_t damage(char *doc, size_t n, size_t max, uint64_t *seed)
{
    static const char alphabet[] = "{}[],:\"\\untrfe0123456789.-+ \n\x01\x7f\x80\xc3\xed\xa0\xff";
    size_t at = next_random(seed) % (n + 1), piece_at, len;
    switch (next_random(seed) % 4) {
    case 0:
        if (at < n)
            doc[at] = alphabet[next_random(seed) % (sizeof alphabet)]; /* the NUL too */
        return n;
    case 1:
        len = next_random(seed) % 4;
        if (at + len > n)
            return n;
        memmove(doc + at, doc + at + len, n - at - len);
        return n - len;
    case 2:
        len = 1 + next_random(seed) % 12;
        if (at + len > n || n + len > max)
            return n;
        memmove(doc + at + len, doc + at, n - at);
        return n + len;
    default:
        piece_at = next_random(seed) % ARRAY_LEN(rules);
        len = rules[piece_at].n;
        if (n + len > max)
            return n;
        memmove(doc + at + len, doc + at, n - at);
        memcpy(doc + at, rules[piece_at].bytes, len);
        return n + len;
    }
}

/* Escapes and characters of every length, at every place in a block and across its end,
 * followed by enough that the block is not the page's last, and whole or cut short. */
static void scan__agrees_with_jansson_at_every_offset(void **state)
{
    static const char *const pieces[] = {"\\n",
                                         "\\\"",
                                         "\\\\",
                                         "\\u20ac",
                                         "\\ud83d\\ude00",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "\\n\\t",
                                         "\\n\xc3\xa9\\n",
                                         "\\ud83d",
                                         "\\u20a",
                                         "\\x",
                                         "\xc3",
                                         "\xe2\x82",
                                         "\xf0\x9f\x98",
                                         "\xe2\x82\\n",
                                         "\xc3\xc3\xa9",
                                         "\xa9",
                                         "\t"};
    char body[160], doc[1024];
    (void)state;
    memset(body, 'x', sizeof body);
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        for (int n = 0; n < 140; n++) {
            assert_true(str_fmt(doc, sizeof doc, "{\"events\":[{\"message\":\"%.*s%s%.*s%s\",\"eventId\":\"%.*s\"}]}",
                                n, body, pieces[i], n / 2, body, pieces[i], 130, body));
            assert_int_equal(agree(doc, strlen(doc)), i < 10);
        }
}

static void scan__agrees_with_jansson_on_random_damage(void **state)
{
#ifdef CT_SANITIZED
    const int rounds = 20000;
#else
    const int rounds = 200000;
#endif
    uint64_t seed = 20261124;
    int both_accepted = 0;
    (void)state;
    for (int i = 0; i < rounds; i++) {
        char doc[1024];
        size_t row = next_random(&seed) % (ARRAY_LEN(rules) + 40);
        const char *from = row < ARRAY_LEN(rules) ? rules[row].bytes : whole;
        size_t n = row < ARRAY_LEN(rules) ? rules[row].n : sizeof whole - 1;
        memcpy(doc, from, n);
        for (uint32_t k = next_random(&seed) % 3; k < 3; k++)
            n = damage(doc, n, sizeof doc, &seed);
        both_accepted += agree(doc, n);
    }
    assert_true(both_accepted > rounds / 20); /* damage that always kills tests one side alone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__reads_a_page_as_aws_sends_it),
        cmocka_unit_test(scan__takes_null_for_absent),
        cmocka_unit_test(scan__lets_the_last_of_equal_members_count),
        cmocka_unit_test(scan__unescapes_in_place),
        cmocka_unit_test(scan__finds_the_end_at_every_offset),
        cmocka_unit_test(scan__names_the_byte_and_leaves_nothing),
        cmocka_unit_test(scan__bounds_nesting_and_numbers),
        cmocka_unit_test(scan__agrees_with_jansson_on_every_rule),
        cmocka_unit_test(scan__refuses_a_page_cut_anywhere),
        cmocka_unit_test(scan__agrees_with_jansson_at_every_offset),
        cmocka_unit_test(scan__agrees_with_jansson_on_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, clean_up);
}
