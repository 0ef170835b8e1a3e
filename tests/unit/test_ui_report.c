/* The report: Markdown whose tables hold whatever foreign bytes say, and JSON beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <string.h>

#include "ui/cli/report.h"

#include "tests/screens/fixture.c"

static void escape__is_what_markdown_shows(void **state)
{
    static const char *const rows[][2] = {
        {"plain words, 12%", "plain words, 12%"},
        {"a|b", "a\\|b"},
        {"`rm -rf`", "\\`rm -rf\\`"},
        {"<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"},
        {"&lt;", "&amp;lt;"},
        {"[x](http://y)", "\\[x\\](http://y)"},
        {"DB_PASSWORD *", "DB\\_PASSWORD \\*"},
        {"two\nlines\r", "two lines "},
        {"C:\\x", "C:\\\\x"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct strbuf out;
        strbuf_init(&out, 1024);
        report_escape(&out, rows[i][0]);
        assert_string_equal(strbuf_peek(&out), rows[i][1]);
        strbuf_clear(&out);
    }
}

/* Of a line that begins with a bar: the bars that are not escaped. */
static int bars(const char *line, size_t n)
{
    int count = 0;
    for (size_t i = 0; i < n; i++)
        count += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    return count;
}

/* Names, hosts and errors that would end a cell, begin a tag or a link. */
static struct board *hostile(void)
{
    struct board *b = fix_board();
    struct db_snap *d = (struct db_snap *)(uintptr_t)b->envs[FIX_LEGACY].db;
    str_copy(d->result_why.text, sizeof(d->result_why.text), "a | b <script>x</script> `c` [d](e) **f**");
    struct identity_snap *id = (struct identity_snap *)(uintptr_t)b->envs[FIX_TEST].identity;
    str_copy(id->arn, sizeof(id->arn), "arn|<b>x</b>");
    return b;
}

static void markdown__is_well_formed(void **state)
{
    struct board *b = hostile();
    static const struct report_journal j = {.path = "/var/log/j|ournal", .chain = {.good = true, .lines = 7, .last_hash = "abc"}};
    struct strbuf out;
    (void)state;
    strbuf_init(&out, 1 << 20);
    report_markdown(b, &j, &out);
    const char *text = strbuf_peek(&out);
    int columns = 0, tables = 0;
    bool in_table = false;
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        if (p[0] == '|' && !in_table) {
            columns = bars(p, n);
            tables++;
        }
        in_table = p[0] == '|';
        if (in_table && bars(p, n) != columns)
            fail_msg("%.*s", (int)n, p);
        p += n + 1;
    }
    assert_int_equal(tables, 3 + FIX_N);
    assert_null(strstr(text, "<script>"));
    assert_null(strstr(text, "<b>"));
    assert_non_null(strstr(text, "a \\| b &lt;script&gt;x&lt;/script&gt; \\`c\\` \\[d\\](e) \\*\\*f\\*\\*"));
    assert_non_null(strstr(text, "## prod-eu\n"));
    assert_non_null(strstr(text, "| journal | whole: 7 lines"));
    assert_non_null(strstr(text, "- **FAIL** "));
    assert_non_null(strstr(text, "in plain sight: DB\\_PASSWORD"));
    strbuf_clear(&out);
    board_free(b);
}

static const char *journal_state(struct report_journal *j, char room[32])
{
    struct board *b = fix_board();
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    report_json(b, j, &out);
    json_t *o = json_loads(strbuf_peek(&out), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(o);
    assert_int_equal(json_array_size(json_object_get(o, "environments")), FIX_N);
    str_copy(room, 32, json_string_value(json_object_get(json_object_get(o, "journal"), "state")));
    json_decref(o);
    strbuf_clear(&out);
    board_free(b);
    return room;
}

static void json__says_the_journals_state(void **state)
{
    static struct report_journal off, empty = {.path = "/j", .err = ERR_NOT_FOUND}, unknown = {.path = "/j", .err = ERR_IO},
                                 whole = {.path = "/j", .chain = {.good = true}}, broken = {.path = "/j"};
    char room[32];
    (void)state;
    (void)fix_judge; /* the posture is judged in earnest */
    assert_string_equal(journal_state(&off, room), "off");
    assert_string_equal(journal_state(&empty, room), "empty");
    assert_string_equal(journal_state(&unknown, room), "unknown");
    assert_string_equal(journal_state(&whole, room), "whole");
    assert_string_equal(journal_state(&broken, room), "broken");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escape__is_what_markdown_shows),
        cmocka_unit_test(markdown__is_well_formed),
        cmocka_unit_test(json__says_the_journals_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
