/* .env files, byte for byte as the npm package dotenv (18.0.10) reads them: the
 * expected pairs below are what its parse() returned for the same bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/dotenv.h"

#define PAIRS 4

struct sample {
    const char *name, *bytes;
    struct {
        const char *key, *value;
    } pairs[PAIRS];
    int mistake; /* line of the first; 0 none.  The package has no such notion */
};

/* clang-format off */
static const struct sample samples[] = {
    {"plain", "DB_HOST=localhost\nDB_PORT=5432\n", {{"DB_HOST", "localhost"}, {"DB_PORT", "5432"}}, 0},
    {"no line end", "A=1", {{"A", "1"}}, 0},
    {"empty file", "", {{NULL, NULL}}, 0},
    {"blank lines and comments", "\n# one\n\n  # two\nA=1\n\n", {{"A", "1"}}, 0},
    {"empty value", "A=\nB=2\n", {{"A", ""}, {"B", "2"}}, 0},
    {"blanks around", "  A  =  1  \n", {{"A", "1"}}, 0},
    {"comment behind", "A=1 # one\nB=2#two\n", {{"A", "1"}, {"B", "2"}}, 0},
    {"hash in quotes", "A='1 # one'\nB=\"#2\" # two\n", {{"A", "1 # one"}, {"B", "#2"}}, 0},
    {"double quotes", "A=\"a b\"\n", {{"A", "a b"}}, 0},
    {"single quotes keep backslash n", "A='a\\nb'\n", {{"A", "a\\nb"}}, 0},
    {"double quotes unescape", "A=\"a\\nb\\rc\\td\"\n", {{"A", "a\nb\rc\\td"}}, 0},
    {"backslash n without quotes", "A=a\\nb\n", {{"A", "a\\nb"}}, 0},
    {"back-ticks", "A=`it's \"x\"`\n", {{"A", "it's \"x\""}}, 0},
    {"lines within quotes", "A=\"one\ntwo\"\nB=3\n", {{"A", "one\ntwo"}, {"B", "3"}}, 0},
    {"escaped quote stays", "A=\"a\\\"b\"\n", {{"A", "a\\\"b"}}, 0},
    {"escaped quote closes when alone", "A=\"a\\\"\nB=1\n", {{"A", "a\\"}, {"B", "1"}}, 0},
    {"doubled backslash before quote", "A=\"a\\\\\"\nB=1\n", {{"A", "a\\\\"}, {"B", "1"}}, 0},
    {"text after the quote", "A=\"a\" b\n", {{"A", "\"a\" b"}}, 0},
    {"three quotes", "A=\"a\"b\"\n", {{"A", "a\"b"}}, 0},
    {"quote never closed", "A=\"a\nB=2\n", {{"A", "\"a"}, {"B", "2"}}, 1},
    {"lone quote", "A=\"\n", {{"A", "\""}}, 1},
    {"unclosed but another follows", "A=\"a\nB=\"b\"\n", {{"A", "\"a"}, {"B", "b"}}, 1},
    {"quote in the middle", "A=a\"b\n", {{"A", "a\"b"}}, 0},
    {"mixed quotes", "A=\"a'\n", {{"A", "\"a'"}}, 1},
    {"export", "export A=1\nexport\tB=2\n", {{"A", "1"}, {"B", "2"}}, 0},
    {"export as a key", "export=1\nexport =2\n", {{"export", "2"}}, 0},
    {"export twice", "export export=1\n", {{"export", "1"}}, 0},
    {"export on its own line", "export\nA=1\n", {{"A", "1"}}, 0},
    {"colon", "A: 1\nB:2\nC : 3\n", {{"A", "1"}}, 2},
    {"colon at the end of a line", "A:\nB=2\n", {{"A", "B=2"}}, 0},
    {"equals on the next line", "A\n=1\n", {{"A", "1"}}, 0},
    {"quotes on the next line", "A=\n\"1\"\n", {{"A", "1"}}, 0},
    {"keys with dots and dashes", "a.b-c_d=1\n", {{"a.b-c_d", "1"}}, 0},
    {"key with a blank", "A B=1\nC=2\n", {{"C", "2"}}, 1},
    {"key with a letter beyond ASCII", "\xc3\x84=1\nC=2\n", {{"C", "2"}}, 1},
    {"key that begins with a digit", "1A=1\n", {{"1A", "1"}}, 0},
    {"no key", "=1\nB=2\n", {{"B", "2"}}, 1},
    {"no equals", "A\nB=2\n", {{"B", "2"}}, 1},
    {"equals in the value", "URL=postgres://u:p@h/d?x=1\n", {{"URL", "postgres://u:p@h/d?x=1"}}, 0},
    {"twice, the last counts", "A=1\nA=2\n", {{"A", "2"}}, 0},
    {"carriage returns", "A=1\r\nB=\"x\r\ny\"\r\n", {{"A", "1"}, {"B", "x\ny"}}, 0},
    {"old Mac", "A=1\rB=2\r", {{"A", "1"}, {"B", "2"}}, 0},
    {"byte order mark", "\xef\xbb\xbf" "A=1\n", {{"A", "1"}}, 0},
    {"no-break spaces", "\xc2\xa0" "A\xc2\xa0=\xc2\xa0" "1\xc2\xa0\n", {{"A", "1"}}, 0},
    {"wide spaces", "A=\xe2\x80\x83x\xe3\x80\x80\n", {{"A", "x"}}, 0},
    {"text beyond ASCII", "A=p\xc3\xa4ss\xf0\x9f\x94\x91\n", {{"A", "p\xc3\xa4ss\xf0\x9f\x94\x91"}}, 0},
    {"dollar is nothing special", "A=$B\nC=${D}\n", {{"A", "$B"}, {"C", "${D}"}}, 0},
    {"vertical tab", "A=\v1\v\n", {{"A", "1"}}, 0},
    {"line separator ends a comment", "#x\xe2\x80\xa8" "A=1\n", {{"A", "1"}}, 0},
    {"password of punctuation", "A='p#a$s\"s`w%o^r&d'\n", {{"A", "p#a$s\"s`w%o^r&d"}}, 0},
    {"JSON in quotes", "A='{\"a\": \"b\\n\"}'\n", {{"A", "{\"a\": \"b\\n\"}"}}, 0},
    {"private key", "K=\"-----BEGIN-----\nMIIE\n-----END-----\" # pem\nB=1\n",
     {{"K", "-----BEGIN-----\nMIIE\n-----END-----"}, {"B", "1"}}, 0},
    {"empty quotes", "A=\"\"\nB=''\nC=``\n", {{"A", ""}, {"B", ""}, {"C", ""}}, 0},
    {"quotes with blanks inside", "A=\" a \"\n", {{"A", " a "}}, 0},
    {"comment line with a pair", "#A=1\nB=2 #C=3\n", {{"B", "2"}}, 0},
    {"quoted then comment without blank", "A=\"1\"#c\nB=2\n", {{"A", "1"}, {"B", "2"}}, 0},
    {"garbage between", "A=1\n!!!\nB=2\n", {{"A", "1"}, {"B", "2"}}, 2},
    {"semicolons", "A=1;B=2\n", {{"A", "1;B=2"}}, 0},
};
/* clang-format on */

/* What was handed out, equal keys overwritten as a caller would. */
struct got {
    const char *bytes;
    size_t n, room;
    bool outside; /* a slice was not within the buffer */
    struct {
        char key[64], value[256];
        size_t value_len;
    } pairs[PAIRS + 4];
};

static void collect(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len)
{
    struct got *g = ctx;
    size_t i = 0;
    g->outside |= key < g->bytes || key + key_len > g->bytes + g->room || value < g->bytes ||
                  value + value_len > g->bytes + g->room;
    assert_true(key_len < sizeof g->pairs[0].key && value_len < sizeof g->pairs[0].value);
    while (i < g->n && (strlen(g->pairs[i].key) != key_len || memcmp(g->pairs[i].key, key, key_len) != 0)) {
        i++;
    }
    assert_true(i < PAIRS + 4);
    g->n = i == g->n ? i + 1 : g->n;
    memcpy(g->pairs[i].key, key, key_len);
    g->pairs[i].key[key_len] = '\0';
    memcpy(g->pairs[i].value, value, value_len);
    g->pairs[i].value[value_len] = '\0';
    g->pairs[i].value_len = value_len;
}

/* From a buffer of exactly n bytes, so that the sanitizer sees a step too far. */
static int parse(const char *bytes, size_t n, struct got *g, const char **out_what)
{
    char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, n);
    *g = (struct got){.bytes = copy, .room = n};
    int line = dotenv_parse(copy, n, collect, g, out_what);
    free(copy);
    assert_false(g->outside);
    assert_true((line == 0) == (*out_what == NULL));
    return line;
}

static void dotenv__parse__as_the_node_package(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        const struct sample *s = &samples[i];
        struct got got;
        const char *what;
        int line = parse(s->bytes, strlen(s->bytes), &got, &what);
        size_t n = 0;
        while (n < PAIRS && s->pairs[n].key != NULL) {
            n++;
        }
        if (got.n != n || line != s->mistake) {
            fail_msg("%s: %zu pairs, mistake at line %d; expected %zu and %d", s->name, got.n, line, n, s->mistake);
        }
        for (size_t k = 0; k < n; k++) {
            if (strcmp(got.pairs[k].key, s->pairs[k].key) != 0 || strcmp(got.pairs[k].value, s->pairs[k].value) != 0) {
                fail_msg("%s: got %s=%s, expected %s=%s", s->name, got.pairs[k].key, got.pairs[k].value,
                         s->pairs[k].key, s->pairs[k].value);
            }
        }
    }
}

static void dotenv__parse__names_the_line_of_a_mistake(void **state)
{
    (void)state;
    struct got got;
    const char *what;
    /* The unescaped \n of line 1 are no lines of the file; the quoted lines are. */
    static const char bytes[] = "A=\"x\\n\\n\\ny\"\nB='1\n2'\r\nnonsense\nC=\"\n";
    assert_int_equal(parse(bytes, sizeof bytes - 1, &got, &what), 4);
    assert_string_equal(what, "neither KEY=value nor a comment");
    assert_int_equal(got.n, 3);
    assert_int_equal(parse("A='b\n", 5, &got, &what), 1);
    assert_string_equal(what, "a quote that nothing closes");
}

static void dotenv__parse__refuses_nul_and_size(void **state)
{
    (void)state;
    struct got got;
    const char *what;
    assert_int_equal(parse("A=1\nB=a\0b\n", 10, &got, &what), 2);
    assert_string_equal(what, "a NUL byte in a value");
    assert_int_equal(got.pairs[1].value_len, 3);
    assert_int_equal(parse("\0A=1\n", 5, &got, &what), 1);
    assert_int_equal(got.n, 0);

    size_t n = 1024 * 1024 + 1;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, '#', n);
    assert_int_equal(parse(big, n - 1, &got, &what), 0);
    assert_int_equal(parse(big, n, &got, &what), 1);
    assert_string_equal(what, "the file is larger than 1 MiB");
    free(big);
}

static void count(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len)
{
    (void)key;
    (void)key_len;
    (void)value;
    (void)value_len;
    ++*(size_t *)ctx;
}

/* A search to the end for each line would take minutes here, not milliseconds. */
static void dotenv__parse__stays_linear_in_escaped_quotes(void **state)
{
    (void)state;
    static const char line[] = "A=\"\\\"x\n";
    size_t lines = 100000, n = sizeof line - 1, pairs = 0;
    char *bytes = malloc(lines * n);
    const char *what;
    assert_non_null(bytes);
    for (size_t i = 0; i < lines; i++) {
        memcpy(bytes + i * n, line, n);
    }
    assert_int_equal(dotenv_parse(bytes, lines * n, count, &pairs, &what), 0);
    assert_int_equal(pairs, lines);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dotenv__parse__as_the_node_package),
        cmocka_unit_test(dotenv__parse__names_the_line_of_a_mistake),
        cmocka_unit_test(dotenv__parse__refuses_nul_and_size),
        cmocka_unit_test(dotenv__parse__stays_linear_in_escaped_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
