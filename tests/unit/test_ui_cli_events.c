/* `credtop events`: the kinds one may ask for, and one event in each format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cli/events.h"

#include "tests/screens/fixture.c"

static void events__kinds__by_either_name_and_by_group(void **state)
{
    static const struct {
        const char *words;
        unsigned kinds;
    } good[] = {
        {"fetches", 1u << EVENT_FETCH},
        {"FETCH", 1u << EVENT_FETCH},
        {"fetch,HIT stale", 1u << EVENT_FETCH | 1u << EVENT_STALE_HIT},
        {"db_errors,DB-ERROR", 1u << EVENT_DB_ERROR},
        {"bad", EVENT_KINDS_BAD},
        {"all", EVENT_KINDS_ALL},
        {"main,invocations", EVENT_KINDS_ALL},
    };
    static const struct {
        const char *words, *wrong;
    } bad[] = {{"", ""}, {"fetches,", ""}, {",fetches", ""}, {"fetches,nope", "nope"}, {"fetch ", "fetch "}};
    unsigned kinds;
    char wrong[64];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(events_kinds(good[i].words, &kinds, wrong));
        assert_int_equal(kinds, good[i].kinds);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(events_kinds(bad[i].words, &kinds, wrong));
        assert_string_equal(wrong, bad[i].wrong);
    }
    char *endless = mem_new(10001);
    memset(endless, 'k', 10000);
    assert_false(events_kinds(endless, &kinds, wrong));
    free(endless);
}

static void write_row(enum options_format format, const struct event_row *row, bool disordered, struct strbuf *out)
{
    struct board *b = fix_board();
    struct events_look look = {.format = format, .env_width = 7};
    struct event_ref ref = {row, FIX_PROD_EU, row->time_ms};
    (void)fix_judge; /* the story has it; events need no verdict */
    strbuf_init(out, 1u << 20);
    events_row(&look, b, &ref, disordered, out);
    assert_false(strbuf_cut(out));
    board_free(b);
}

static struct event_row sample(const char *text)
{
    struct event_row row = {.time_ms = fix_now() - 60000,
                            .ingested_ms = fix_now(),
                            .kind = EVENT_STALE_HIT,
                            .flags = EVENT_LATE | EVENT_STALE | EVENT_INFERRED,
                            .text = text};
    (void)str_copy(row.stream, sizeof row.stream, "5d19aa01");
    (void)str_copy(row.holds, sizeof row.holds, "71aa40be");
    return row;
}

static void events__row__in_each_format(void **state)
{
    struct event_row row = sample("=12.0 ms, \"x\"");
    struct strbuf out;
    (void)state;
    write_row(FORMAT_TABLE, &row, false, &out);
    assert_string_equal(strbuf_peek(&out),
                        "2026-09-03T14:31:07.900Z prod-eu HIT stale 71aa40be  +1m00  5d19aa01 =12.0 ms, \"x\"\n");
    strbuf_clear(&out);
    write_row(FORMAT_TABLE, &row, true, &out);
    assert_non_null(strstr(strbuf_peek(&out), " <+1m00 5d19aa01 "));
    strbuf_clear(&out);
    write_row(FORMAT_CSV, &row, true, &out);
    assert_string_equal(strbuf_peek(&out), "2026-09-03T14:31:07.900Z,prod-eu,stale_hits,71aa40be,yes,yes,yes,yes,"
                                           "2026-09-03T14:32:07.900Z,5d19aa01,,\"'=12.0 ms, \"\"x\"\"\"\r\n");
    strbuf_clear(&out);
    row.ingested_ms = -1; /* not known when it came */
    write_row(FORMAT_TABLE, &row, false, &out);
    assert_non_null(strstr(strbuf_peek(&out), " +?     5d19aa01 "));
    strbuf_clear(&out);
}

/* One line of JSON whatever the text holds; the text comes back as it was. */
static void events__json__one_line_whatever_it_says(void **state)
{
    char *endless = mem_new(10001);
    const char *texts[] = {"", "a \"quote\" and a \\", "two\nlines\r\n", "\x01\x7f\x1b[2J", "\xe2\x80\xae right to left",
                           endless};
    (void)state;
    memset(endless, 'x', 10000);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct event_row row = sample(texts[i]);
        struct strbuf out;
        json_error_t error;
        write_row(FORMAT_JSON, &row, false, &out);
        assert_ptr_equal(strchr(strbuf_peek(&out), '\n'), out.s + out.len - 1);
        json_t *o = json_loads(out.s, JSON_REJECT_DUPLICATES, &error);
        if (o == NULL)
            fail_msg("%s: %s", error.text, out.s);
        const char *text = json_string_value(json_object_get(o, "text"));
        assert_string_equal(text != NULL ? text : "", texts[i]);
        assert_true(json_is_true(json_object_get(o, "late")));
        assert_true(json_is_null(json_object_get(o, "request")));
        json_decref(o);
        strbuf_clear(&out);
    }
    free(endless);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events__kinds__by_either_name_and_by_group),
        cmocka_unit_test(events__row__in_each_format),
        cmocka_unit_test(events__json__one_line_whatever_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
