/* What a log line tells: Lambda's text format as it comes from CloudWatch, globs, and
 * the pattern that asks CloudWatch for the lines that matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/mem.h"
#include "backend/watch/classify.h"
#include "tests/unit/fake_lambda.h"

#define ID "8f507cfc-1111-2222-3333-444444444444"
#define STAMP "2026-11-24T12:00:00.123Z"

static struct classifier *classifier;

static int set_up(void **state)
{
    (void)state;
    classifier = classifier_new(&fake_patterns);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    classifier = classifier_free(classifier);
    return 0;
}

static struct line read_line(const char *text)
{
    struct line l;
    classify(classifier, (struct slice){text, strlen(text)}, &l);
    return l;
}

static void assert_slice(struct slice s, const char *expected, const char *line)
{
    if (s.n != strlen(expected) || memcmp(s.s, expected, s.n) != 0)
        fail_msg("\"%.*s\" is not \"%s\" in: %s", (int)s.n, s.s, expected, line);
}

/* --------------------------------------------------------- platform lines */

static void platform__lines(void **state)
{
    static const struct {
        const char *text;
        enum line_kind kind;
        const char *request;
        int32_t us;
        bool cold;
    } rows[] = {
        {FAKE_INIT, LINE_INIT, "", -1, false},
        {"INIT_START Runtime Version: nodejs:22.mainline.v122\tRuntime Version ARN: arn:x\n", LINE_INIT, "", -1, false},
        {"START RequestId: " ID " Version: $LATEST\n", LINE_START, ID, -1, false},
        {"START RequestId: " ID " Version: 17", LINE_START, ID, -1, false},
        {"END RequestId: " ID "\n", LINE_END, ID, -1, false},
        {"REPORT RequestId: " ID
         "\tDuration: 128.83 ms\tBilled Duration: 200 ms\tMemory Size: 128 MB\tMax Memory Used: 74 "
         "MB\tInit Duration: 166.62 ms\t\n",
         LINE_REPORT, ID, 128830, true},
        {"REPORT RequestId: " ID "\tDuration: 128.83 ms\tBilled Duration: 200 ms\t\n", LINE_REPORT, ID, 128830, false},
        {"REPORT RequestId: " ID "\tInit Duration: 9.00 ms\tDuration: 1.5 ms", LINE_REPORT, ID, 1500, true},
        {"REPORT RequestId: " ID "\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tStatus: timeout\t", LINE_REPORT, ID,
         3000000, false},
        {"REPORT RequestId: " ID "\tDuration: 3 ms\tRestore Duration: 9 ms\tBilled Restore Duration: 9 ms\t",
         LINE_REPORT, ID, 3000, false},
        {"REPORT RequestId: " ID
         "\tDuration: 12.34 ms\t\nXRAY TraceId: 1-5d9d007f-0a8c7fd02\tSegmentId: 3d75\tSampled: true\t\n",
         LINE_REPORT, ID, 12340, false},
        {"REPORT RequestId: " ID "\tBilled Duration: 200 ms", LINE_REPORT, ID, -1, false},
        {"REPORT RequestId: " ID "\tDuration: soon", LINE_REPORT, ID, -1, false},
        {"REPORT RequestId: " ID "\tDuration: 99999999999999999999 ms", LINE_REPORT, ID, INT32_MAX, false},
        {"REPORT RequestId: " ID "\tDuration: 1.23456789 ms", LINE_REPORT, ID, 1234, false},
        {"REPORT RequestId: " ID, LINE_REPORT, ID, -1, false},
        {"XRAY TraceId: 1-5d9d007f-0a8c7fd02\tSegmentId: 3d75\tSampled: true\t\n", LINE_PLATFORM, "", -1, false},
        {"EXTENSION\tName: x\tState: Ready\tEvents: [INVOKE]\n", LINE_PLATFORM, "", -1, false},
        {"LOGS\tName: x\tState: Subscribed\tTypes: [Platform]\n", LINE_PLATFORM, "", -1, false},
        /* not quite */
        {"START RequestId: short Version: $LATEST", LINE_OTHER, "", -1, false},
        {"START RequestId: ", LINE_OTHER, "", -1, false},
        {"START RequestId: " ID "x Version: 1", LINE_OTHER, "", -1, false},
        {"START requestid: " ID, LINE_OTHER, "", -1, false},
        {" START RequestId: " ID, LINE_OTHER, "", -1, false},
        {"RESTART RequestId: " ID, LINE_OTHER, "", -1, false},
        {"REPORT RequestId: 8f507cfc 1111 2222 3333 444444444444", LINE_OTHER, "", -1, false},
        {"INIT_STARTED", LINE_OTHER, "", -1, false},
        {"", LINE_OTHER, "", -1, false},
        {"\n", LINE_OTHER, "", -1, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct line l = read_line(rows[i].text);
        if (l.kind != rows[i].kind || l.duration_us != rows[i].us || l.has_init_duration != rows[i].cold)
            fail_msg("kind %d, %d us, cold %d: %s", (int)l.kind, (int)l.duration_us, l.has_init_duration, rows[i].text);
        assert_slice(l.request, rows[i].request, rows[i].text);
    }
}

static void failures__are_told_by_the_platform(void **state)
{
    static const struct {
        const char *text;
        bool failure;
        const char *request;
    } rows[] = {
        {STAMP " " ID " Task timed out after 3.00 seconds\n", true, ID},
        {"RequestId: " ID " Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n", true, ID},
        {"RequestId: " ID " Error: Runtime exited with error: signal: killed\nRuntime.ExitError\n", true, ID},
        {"RequestId: " ID " Error: Runtime exited without providing a reason\n", true, ID},
        {"INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout\n", true, ""},
        {STAMP "\t" ID "\tINFO\tTask timed out after 3.00 seconds", false, ID}, /* the program says so */
        {STAMP "\t" ID "\tTask timed out after 3.00 seconds", false, ID},
        {"Task timed out after 3.00 seconds", false, ""},
        {"RequestId: " ID " Error: something else", false, ""},
        {"RequestId: x Error: Runtime exited with error: exit status 1", false, ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct line l = read_line(rows[i].text);
        if ((l.kind == LINE_EVENT && l.event == EVENT_FAILURE) != rows[i].failure)
            fail_msg("kind %d, event %d: %s", (int)l.kind, (int)l.event, rows[i].text);
        assert_slice(l.request, rows[i].request, rows[i].text);
    }
}

/* ---------------------------------------------------------- console lines */

static void console__prefix_is_taken_off(void **state)
{
    static const struct {
        const char *text, *body, *request;
        bool in_init;
    } rows[] = {
        {STAMP "\t" ID "\tINFO\tplain words\n", "plain words", ID, false},
        {STAMP "\tundefined\tINFO\tplain words\n", "plain words", "", true},
        {STAMP "\t" ID "\tDEBUG\twords", "words", ID, false},
        {STAMP "\t" ID "\tERROR\tUncaught Exception \t{\"errorType\":\"Error\"}",
         "Uncaught Exception \t{\"errorType\":\"Error\"}", ID, false},
        {STAMP "\t" ID "\tINFO\tfirst\nsecond\r\n", "first\nsecond", ID, false},
        {STAMP "\t" ID "\tINFO\t", "INFO", ID, false}, /* trailing blanks go first */
        {STAMP "\t" ID "\tno level here\ttail", "no level here\ttail", ID, false},
        {"2026-11-24T12:00:00Z\t" ID "\tWARN\twords", "words", ID, false},
        {"words alone  \n", "words alone", "", false},
        {"undefined\tINFO\twords", "undefined\tINFO\twords", "", false},
        {STAMP "\tnobody\tINFO\twords", STAMP "\tnobody\tINFO\twords", "", false},
        {STAMP, STAMP, "", false},
        {STAMP "\t", STAMP, "", false},
        {STAMP "\t" ID, STAMP "\t" ID, "", false},
        {"2026-11-24 12:00:00.123\t" ID "\tINFO\twords", "2026-11-24 12:00:00.123\t" ID "\tINFO\twords", "", false},
        {"{\"level\":\"INFO\",\"message\":\"words\"}", "{\"level\":\"INFO\",\"message\":\"words\"}", "", false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct line l = read_line(rows[i].text);
        assert_int_equal(l.kind, LINE_OTHER);
        assert_slice(l.body, rows[i].body, rows[i].text);
        assert_slice(l.request, rows[i].request, rows[i].text);
        if (l.in_init != rows[i].in_init)
            fail_msg("in_init %d: %s", l.in_init, rows[i].text);
    }
}

static void events__are_what_the_patterns_say(void **state)
{
    static const struct {
        const char *text;
        enum event_kind event;
    } rows[] = {
        {STAMP "\t" ID "\tINFO\tFetching credentials from Secrets Manager\n", EVENT_FETCH},
        {STAMP "\tundefined\tINFO\tFetching credentials from Secrets Manager\n", EVENT_FETCH},
        {"Fetching credentials from Secrets Manager", EVENT_FETCH},
        {"Fetching credentials from Secrets Manager\r", EVENT_FETCH},
        /* lines that merely mention it */
        {STAMP "\t" ID "\tINFO\tFetching credentials from Secrets Manager failed: x\n", EVENT_OTHER},
        {STAMP "\t" ID "\tINFO\tnot Fetching credentials from Secrets Manager\n", EVENT_OTHER},
        {STAMP "\t" ID "\tINFO\t\"Fetching credentials from Secrets Manager\"\n", EVENT_OTHER},
        {STAMP "\t" ID "\tINFO\tfetching credentials from secrets manager\n", EVENT_OTHER},
        {STAMP "\t" ID "\tINFO\tFetching credentials from Secrets Manager\nand more\n", EVENT_OTHER},
        {STAMP "\t" ID "\tINFO\t Fetching credentials from Secrets Manager\n", EVENT_OTHER},
        {"{\"message\":\"Fetching credentials from Secrets Manager\"}", EVENT_OTHER},
        {"START RequestId: x Fetching credentials from Secrets Manager", EVENT_OTHER},
        {STAMP "\t" ID "\tINFO\tUsing cached credentials (age 5 s)\n", EVENT_HIT},
        {STAMP "\t" ID "\tERROR\tFalling back to environment variables\n", EVENT_FALLBACK},
        {STAMP "\t" ID "\tERROR\tFailed to fetch credentials from Secrets Manager: AccessDenied\n    at x\n",
         EVENT_FETCH_ERROR},
        {STAMP "\t" ID "\tERROR\terror: password authentication failed for user \"app\"\n", EVENT_DB_ERROR},
        {STAMP "\t" ID "\tERROR\tconnect ECONNREFUSED 10.0.0.1:5432\n    at TCP\n", EVENT_DB_ERROR},
        /* what is worse for the container wins */
        {"Falling back to environment variables: password authentication failed", EVENT_FALLBACK},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct line l = read_line(rows[i].text);
        if (l.event != rows[i].event || l.kind != (rows[i].event == EVENT_OTHER ? LINE_OTHER : LINE_EVENT))
            fail_msg("kind %d, event %s: %s", (int)l.kind, event_name(l.event), rows[i].text);
    }
}

static void events__without_patterns__are_none(void **state)
{
    static const char *const empty[] = {NULL};
    static const struct config_patterns none = {empty, empty, empty, empty, empty}, missing = {0};
    const char *text = "Fetching credentials from Secrets Manager";
    struct line l;
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct classifier *c = classifier_new(i == 0 ? &none : &missing);
        classify(c, (struct slice){text, strlen(text)}, &l);
        assert_int_equal(l.kind, LINE_OTHER);
        c = classifier_free(c);
    }
}

/* No byte behind the slice is looked at: each line cut at every byte, at the end of its memory. */
static void classify__stays_within_the_slice(void **state)
{
    (void)state;
    for (int what = 0; what < FAKE_LINES; what++) {
        char text[256];
        size_t n = strlen(fake_line((enum fake_line)what, 1, text));
        for (size_t k = 0; k <= n; k++) {
            char *exact = mem_new(k > 0 ? k : 1);
            struct line l;
            memcpy(exact, text, k);
            classify(classifier, (struct slice){exact, k}, &l);
            assert_true(l.body.n <= k && l.request.n <= k);
            free(exact);
        }
    }
}

/* ------------------------------------------------------------------- globs */

static void glob__matches(void **state)
{
    static const struct {
        const char *glob, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "", false},
        {"a", "ab", false},
        {"ab", "a", false},
        {"*", "", true},
        {"*", "anything\nat all", true},
        {"**", "", true},
        {"a*", "a", true},
        {"a*", "abc", true},
        {"a*", "ba", false},
        {"*a", "a", true},
        {"*a", "bca", true},
        {"*a", "ab", false},
        {"a*a", "a", false},
        {"a*a", "aa", true},
        {"a*b*c", "abc", true},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "acb", false},
        {"*b*", "abc", true},
        {"*b*", "ac", false},
        {"*aab", "aaaab", true},
        {"*ab*ab", "ab", false},
        {"*ab*ab", "abab", true},
        {"*abc*bcd*", "abcd", false},
        {"a?c", "abc", false},
        {"a?c", "a?c", true},
        {"[a]", "a", false},
        {"\\*", "*", false},
        {"\\*", "\\anything", true},
        {"\xc3\xa9*", "\xc3\xa9t\xc3\xa9", true},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (glob_match(rows[i].glob, (struct slice){rows[i].text, strlen(rows[i].text)}) != rows[i].matches)
            fail_msg("\"%s\" against \"%s\" is not %d", rows[i].glob, rows[i].text, rows[i].matches);
}

/* The glob's own definition, by recursion. */
static bool plainly(const char *glob, const char *text)
{
    if (*glob == '*')
        return plainly(glob + 1, text) || (*text != '\0' && plainly(glob, text + 1));
    return *glob == *text && (*glob == '\0' || plainly(glob + 1, text + 1));
}

static void glob__agrees_with_its_definition(void **state)
{
    uint32_t seed = 7;
    int matched = 0;
    (void)state;
    for (int i = 0; i < 50000; i++) {
        char glob[8] = "", text[10] = "";
        seed = seed * 1664525u + 1013904223u;
        for (unsigned k = 0, r = seed >> 8; k < (seed >> 5) % 7; k++, r /= 3)
            glob[k] = "ab*"[r % 3];
        seed = seed * 1664525u + 1013904223u;
        for (unsigned k = 0, r = seed >> 8; k < (seed >> 5) % 9; k++, r /= 2)
            text[k] = "ab"[r % 2];
        bool expected = plainly(glob, text);
        if (glob_match(glob, (struct slice){text, strlen(text)}) != expected)
            fail_msg("\"%s\" against \"%s\" is not %d", glob, text, expected);
        matched += expected;
    }
    assert_true(matched > 1000);
}

/* --------------------------------------------------------- filter patterns */

static bool filter(enum filter_purpose purpose, const char *fetch, const char *fallback, char out[1025])
{
    const char *const f[] = {fetch, NULL}, *const b[] = {fallback, NULL};
    static const char *const db[] = {"*ECONNREFUSED*", NULL};
    const struct config_patterns p = {.fetch = f, .fallback = b, .db_error = db};
    struct classifier *c = classifier_new(&p);
    bool ok = classifier_filter_pattern(c, purpose, out, 1025);
    c = classifier_free(c);
    return ok;
}

static void filter__asks_for_what_decides(void **state)
{
    char out[1025], small[20];
    (void)state;
    assert_true(filter(FILTER_CREDENTIALS, "Fetching credentials", "*Falling back*to env", out));
    assert_string_equal(out, "?\"INIT_START\" ?\"platform.initStart\" ?\"Fetching credentials\" ?\"Falling back\"");
    assert_true(filter(FILTER_COUNTING, "Fetching credentials", "*Falling back*", out));
    static const char *const terms[] = {"?\"INIT_START\"",           "?\"START RequestId\"", "?\"REPORT RequestId\"",
                                        "?\"Task timed out\"",       "?\"Runtime exited\"",  "?\"INIT_REPORT\"",
                                        "?\"Fetching credentials\"", "?\"Falling back\"",    "?\"ECONNREFUSED\""};
    for (size_t i = 0; i < ARRAY_LEN(terms); i++)
        assert_non_null(strstr(out, terms[i]));
    assert_false(classifier_filter_pattern(classifier, FILTER_CREDENTIALS, small, sizeof small));
    /* of what may be written differently in JSON, or cannot be quoted, the longest rest */
    assert_true(filter(FILTER_CREDENTIALS, "Say \"please\" once", "caf\xc3\xa9 /var/task\\x closed*", out));
    assert_string_equal(out, "?\"INIT_START\" ?\"platform.initStart\" ?\"please\" ?\"x closed\"");
}

static void filter__refuses_what_cannot_be_said(void **state)
{
    char out[1025], wide[1100];
    (void)state;
    assert_false(filter(FILTER_CREDENTIALS, "*", "b", out)); /* no literal: all lines */
    assert_false(filter(FILTER_CREDENTIALS, "a", "\"\xc3\xbc\" - /", out));
    assert_false(filter(FILTER_CREDENTIALS, "\\*\\", "b", out));
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    assert_false(filter(FILTER_CREDENTIALS, wide, "b", out)); /* more than the service takes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platform__lines),
        cmocka_unit_test(failures__are_told_by_the_platform),
        cmocka_unit_test(console__prefix_is_taken_off),
        cmocka_unit_test(events__are_what_the_patterns_say),
        cmocka_unit_test(events__without_patterns__are_none),
        cmocka_unit_test(classify__stays_within_the_slice),
        cmocka_unit_test(glob__matches),
        cmocka_unit_test(glob__agrees_with_its_definition),
        cmocka_unit_test(filter__asks_for_what_decides),
        cmocka_unit_test(filter__refuses_what_cannot_be_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
