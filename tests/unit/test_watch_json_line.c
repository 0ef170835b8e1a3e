/* Lambda's JSON log format, Python's and Java's prefixes: the same verdicts as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "backend/base/strbuf.h"
#include "backend/watch/classify.h"

#define ID "8f507cfc-1111-4697-b07a-ac58fc914c95"

static const char *const fetch[] = {"Fetching credentials from Secrets Manager", NULL};
static const char *const hit[] = {"Using cached credentials*", NULL};
static const char *const fallback[] = {"Falling back to environment variables*", NULL};
static const char *const fetch_error[] = {"Failed to fetch*", NULL};
static const char *const db_error[] = {"*password authentication failed for user \"*", NULL};

static struct line line_of(const char *message)
{
    struct config_patterns p = {fetch, hit, fallback, fetch_error, db_error};
    struct classifier *c = classifier_new(&p);
    struct line l;
    classify(c, (struct slice){message, strlen(message)}, &l);
    classifier_free(c);
    return l;
}

static void expect(const char *message, enum line_kind kind, enum event_kind event, const char *request)
{
    struct line l = line_of(message);
    if (l.kind != kind || (kind == LINE_EVENT && l.event != event) || l.request.n != strlen(request) ||
        memcmp(l.request.s, request, l.request.n) != 0)
        fail_msg("%s: kind %d event %d request %.*s", message, (int)l.kind, (int)l.event, (int)l.request.n, l.request.s);
}

static void json_line__platform_lines__mean_what_their_text_twins_mean(void **state)
{
    (void)state;
    expect("{\"time\":\"2026-01-01T00:00:00.000Z\",\"type\":\"platform.initStart\",\"record\":{\"initializationType\":"
           "\"on-demand\",\"phase\":\"init\",\"runtimeVersion\":\"nodejs:22.v48\"}}\n", LINE_INIT, EVENT_OTHER, "");
    expect("{\"time\":\"t\",\"type\":\"platform.start\",\"record\":{\"requestId\":\"" ID "\",\"version\":\"$LATEST\"}}",
           LINE_START, EVENT_OTHER, ID);
    struct line l = line_of("{\"time\":\"t\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"" ID "\",\"metrics\":{"
                         "\"durationMs\":101.25,\"billedDurationMs\":102,\"initDurationMs\":89.1},\"status\":\"success\"}}");
    assert_int_equal(l.kind, LINE_REPORT);
    assert_int_equal(l.duration_us, 101250);
    assert_true(l.has_init_duration);
    assert_false(l.failed);
    assert_true(line_of("{\"time\":\"t\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"" ID "\",\"status\":\"timeout\","
                     "\"metrics\":{\"durationMs\":3000}}}").failed);
    expect("{\"time\":\"t\",\"type\":\"platform.initReport\",\"record\":{\"status\":\"error\",\"phase\":\"init\"}}", LINE_EVENT,
           EVENT_FAILURE, "");
    expect("{\"time\":\"t\",\"type\":\"platform.extension\",\"record\":{\"name\":\"x\"}}", LINE_PLATFORM, EVENT_OTHER, "");
    expect("{\"time\":\"t\",\"type\":\"platform.restoreStart\",\"record\":{\"runtimeVersion\":\"x\"}}", LINE_PLATFORM,
           EVENT_OTHER, "");
}

static void json_line__application_lines__go_by_the_patterns(void **state)
{
    (void)state;
    expect("{\"timestamp\":\"2026-01-01T00:00:00.123Z\",\"level\":\"INFO\",\"requestId\":\"" ID "\",\"message\":"
           "\"Fetching credentials from Secrets Manager\"}", LINE_EVENT, EVENT_FETCH, ID);
    struct line l = line_of("{\"timestamp\":\"t\",\"level\":\"INFO\",\"message\":\"Fetching credentials from Secrets Manager\"}");
    assert_int_equal(l.event, EVENT_FETCH);
    assert_true(l.in_init);
    expect("{\"timestamp\":\"t\",\"level\":\"ERROR\",\"requestId\":\"" ID "\",\"errorType\":\"error\",\"errorMessage\":"
           "\"password authentication failed for user \\\"app\\\"\",\"stackTrace\":[\"a\",\"b\"]}", LINE_EVENT, EVENT_DB_ERROR, ID);
    expect("{\"timestamp\":\"t\",\"level\":\"INFO\",\"requestId\":\"" ID "\",\"message\":{\"a\":1}}", LINE_OTHER, EVENT_OTHER, ID);
    expect("{\"message\":\"Fetching credentials from Secrets Manager\",\"level\":\"INFO\",\"timestamp\":\"t\",\"requestId\":\"" ID
           "\"}", LINE_EVENT, EVENT_FETCH, ID);
}

static void json_line__a_line_that_mentions_the_fetch_line__is_no_fetch(void **state)
{
    (void)state;
    expect("{\"timestamp\":\"t\",\"level\":\"INFO\",\"message\":\"console.log('Fetching credentials from Secrets Manager')\"}",
           LINE_OTHER, EVENT_OTHER, "");
    expect("{\"log\":{\"message\":\"Fetching credentials from Secrets Manager\"},\"timestamp\":\"t\"}", LINE_OTHER, EVENT_OTHER, "");
    expect("{\"message\":\"Fetching credentials from Secrets Manager\"}", LINE_OTHER, EVENT_OTHER, "");
}

static void json_line__what_is_not_whole_json__is_the_programs_own_words(void **state)
{
    (void)state;
    const char *whole = "{\"timestamp\":\"t\",\"requestId\":\"" ID "\",\"message\":\"Fetching credentials from Secrets Manager\"}";
    char part[256];
    for (size_t n = 1; n < strlen(whole); n++) {
        memcpy(part, whole, n);
        part[n] = '\0';
        struct line l = line_of(part);
        if (l.kind != LINE_OTHER)
            fail_msg("%s: kind %d", part, (int)l.kind);
    }
    expect("{\"timestamp\":\"t\",\"message\":\"Fetching credentials from Secrets Manager\"} and more", LINE_OTHER, EVENT_OTHER, "");
    expect("{}", LINE_OTHER, EVENT_OTHER, "");
    /* of no request: nothing was invoked */
    expect("{\"type\":\"platform.report\",\"record\":{\"metrics\":{\"durationMs\":3},\"status\":\"timeout\"}}", LINE_OTHER,
           EVENT_OTHER, "");
    expect("{\"type\":\"platform.start\",\"record\":{\"requestId\":7}}", LINE_OTHER, EVENT_OTHER, "");
    assert_int_equal(line_of("{\"type\":\"platform.report\",\"record\":{\"metrics\":{\"durationMs\":3}}}").duration_us, -1);
    assert_false(line_of("{\"type\":\"platform.report\",\"record\":{\"status\":\"error\"}}").failed);
    expect("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}", LINE_OTHER, EVENT_OTHER, "");
}

static void classify__python_and_java__are_read_past_their_prefix(void **state)
{
    (void)state;
    expect("[INFO]\t2026-01-01T00:00:00.123Z\t" ID "\tFetching credentials from Secrets Manager\n", LINE_EVENT, EVENT_FETCH, ID);
    expect("[INFO]\t2026-01-01T00:00:00.123Z\t\tFetching credentials from Secrets Manager\n", LINE_EVENT, EVENT_FETCH, "");
    expect("2026-01-01 00:00:00 " ID " INFO  Handler:42 - Fetching credentials from Secrets Manager", LINE_EVENT, EVENT_FETCH, ID);
    expect("Fetching credentials from Secrets Manager", LINE_EVENT, EVENT_FETCH, "");
    expect("[INFO] Fetching credentials from Secrets Manager", LINE_OTHER, EVENT_OTHER, "");
    expect("2026-01-01 00:00:00 the docs say: - Fetching credentials from Secrets Manager", LINE_OTHER, EVENT_OTHER, "");
    expect("(node:8) NOTE: The AWS SDK for JavaScript (v2) is in maintenance mode.\nPlease migrate your code.\n", LINE_OTHER,
           EVENT_OTHER, "");
}

static void json_line__a_long_message_with_escapes__is_read_to_its_code(void **state)
{
    (void)state;
    struct strbuf b;
    strbuf_init(&b, 4000);
    strbuf_str(&b, "{\"timestamp\":\"t\",\"level\":\"ERROR\",\"requestId\":\"" ID "\",\"message\":\"error: refused");
    for (int i = 0; i < 24; i++)
        strbuf_str(&b, "\\n    at async connectToDatabase (/var/task/dbHelper.js:41:5)");
    strbuf_str(&b, " password authentication failed for user \\\"app\\\"\"}");
    expect(strbuf_peek(&b), LINE_EVENT, EVENT_DB_ERROR, ID);
    strbuf_clear(&b);
}

static void filter_pattern__lets_every_counted_line_through(void **state)
{
    (void)state;
    struct config_patterns p = {fetch, hit, fallback, fetch_error, db_error};
    static const char *const unsayable[] = {"*\\*\"*", NULL};
    struct classifier *c = classifier_new(&p);
    char pattern[1025];
    assert_true(classifier_filter_pattern(c, FILTER_COUNTING, pattern, sizeof pattern));
    assert_non_null(strstr(pattern, "?\"REPORT RequestId\""));
    assert_non_null(strstr(pattern, "?\"platform.report\""));
    assert_non_null(strstr(pattern, "?\"Fetching credentials from Secrets Manager\""));
    assert_non_null(strstr(pattern, "?\"password authentication failed for user \""));   /* up to the quote */
    classifier_free(c);
    p.db_error = unsayable;
    c = classifier_new(&p);
    assert_false(classifier_filter_pattern(c, FILTER_COUNTING, pattern, sizeof pattern));
    assert_true(classifier_filter_pattern(c, FILTER_CREDENTIALS, pattern, sizeof pattern));
    classifier_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_line__platform_lines__mean_what_their_text_twins_mean),
        cmocka_unit_test(json_line__application_lines__go_by_the_patterns),
        cmocka_unit_test(json_line__a_line_that_mentions_the_fetch_line__is_no_fetch),
        cmocka_unit_test(json_line__what_is_not_whole_json__is_the_programs_own_words),
        cmocka_unit_test(classify__python_and_java__are_read_past_their_prefix),
        cmocka_unit_test(json_line__a_long_message_with_escapes__is_read_to_its_code),
        cmocka_unit_test(filter_pattern__lets_every_counted_line_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
