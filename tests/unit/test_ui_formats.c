/* `credtop status` as CSV and for Prometheus: the whole page against a golden file
 * (GOLDEN=write writes it anew), and writers that hostile text cannot break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cli/csv.h"
#include "ui/cli/prometheus.h"
#include "ui/cli/status.h"

#include "tests/screens/fixture.c"

typedef void format(const struct board *b, const struct verdict *verdicts, struct strbuf *out);

static void write_page(struct board *b, format *f, struct strbuf *out)
{
    struct verdict *verdicts = mem_new(FIX_N * sizeof *verdicts);
    for (size_t i = 0; i < b->n; i++)
        fix_judge(b, &b->envs[i], &verdicts[i]);
    strbuf_init(out, STATUS_OUTPUT_MAX);
    f(b, verdicts, out);
    assert_false(strbuf_cut(out));
    free(verdicts);
    board_free(b);
}

static void compare(const char *path, const struct strbuf *page)
{
    const char *mode = getenv("GOLDEN");
    FILE *file = fopen(path, mode != NULL && strcmp(mode, "write") == 0 ? "we" : "re");
    if (file == NULL)
        fail_msg("%s cannot be opened", path);
    if (mode != NULL && strcmp(mode, "write") == 0) {
        assert_int_equal(fwrite(strbuf_peek(page), 1, page->len, file), page->len);
    } else {
        char *golden = mem_new(page->len + 2);
        size_t n = fread(golden, 1, page->len + 1, file);
        for (size_t i = 0; i < n || i < page->len; i++)
            if (i == n || i == page->len || golden[i] != page->s[i])
                fail_msg("%s differs at byte %zu: \"%.60s\", now \"%.60s\"", path, i, i < n ? golden + i : "",
                         i < page->len ? page->s + i : "");
        free(golden);
    }
    assert_int_equal(fclose(file), 0);
}

static void status__csv__is_the_golden_page(void **state)
{
    struct strbuf page;
    (void)state;
    write_page(fix_board(), status_csv, &page);
    compare("tests/unit/golden/status.csv", &page);
    strbuf_clear(&page);
}

static void status__prometheus__is_the_golden_page(void **state)
{
    struct strbuf page;
    (void)state;
    write_page(fix_board(), status_prometheus, &page);
    compare("tests/unit/golden/status.prom", &page);
    strbuf_clear(&page);
}

/* How many lines begin with `start`. */
static size_t lines_of(const char *page, const char *start)
{
    size_t n = 0;
    for (const char *p = page; p != NULL && *p != '\0'; p = strchr(p, '\n'), p = p != NULL ? p + 1 : p)
        n += strncmp(p, start, strlen(start)) == 0;
    return n;
}

/* No sample of what is not known, neither 0 nor NaN: in an environment nothing is known of. */
static void status__prometheus__unknown_is_absent(void **state)
{
    struct strbuf page;
    struct board *b = fix_board();
    (void)state;
    struct env_view *v = &b->envs[FIX_PROD_EU];
    snap_unref(v->identity);
    snap_unref(v->secret);
    snap_unref(v->logs);
    snap_unref(v->db);
    snap_unref(v->function);
    *v = (struct env_view){.conf = v->conf};
    write_page(b, status_prometheus, &page);
    const char *text = strbuf_peek(&page);
    assert_null(strstr(text, "NaN"));
    assert_int_equal(lines_of(text, "credtop_fetches_total{environment=\"prod-eu\"}"), 0);
    assert_int_equal(lines_of(text, "credtop_source_age_seconds{environment=\"prod-eu\""), 0);
    assert_int_equal(lines_of(text, "credtop_database_up{environment=\"prod-eu\"}"), 0);
    assert_int_equal(lines_of(text, "credtop_containers{environment=\"prod-eu\""), 0);
    assert_int_equal(lines_of(text, "credtop_fetches_total{environment=\"prod-us\"}"), 1);
    assert_int_equal(lines_of(text, "credtop_environment_state{environment=\"prod-eu\""), STATE_COUNT);
    assert_int_equal(lines_of(text, "# TYPE credtop_fetches_total "), 1);
    strbuf_clear(&page);
}

/* ------------------------------------------------------------------ writers */

static void csv__text__is_quoted_and_disarmed(void **state)
{
    static const struct {
        const char *text, *cell;
    } rows[] = {
        {"plain", "plain"},
        {NULL, ""},
        {"", ""},
        {"a,b", "\"a,b\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"two\nlines", "\"two\nlines\""},
        {"carriage\rreturn", "\"carriage\rreturn\""},
        {"=1+1", "'=1+1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"\tx", "'\tx"},
        {"=cmd|' /C calc'!A0,\"x\"", "\"'=cmd|' /C calc'!A0,\"\"x\"\"\""},
        {"a=1", "a=1"},
        {"\xe2\x80\xae" "lro", "\xe2\x80\xae" "lro"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct strbuf out;
        strbuf_init(&out, 1024);
        struct csv c = {.out = &out};
        csv_text(&c, rows[i].text);
        assert_string_equal(strbuf_peek(&out), rows[i].cell);
        strbuf_clear(&out);
    }
}

static void csv__line__numbers_times_and_unknown(void **state)
{
    struct strbuf out;
    (void)state;
    strbuf_init(&out, 1024);
    struct csv c = {.out = &out};
    csv_int(&c, true, -5); /* a number is none of a spreadsheet's formulas */
    csv_int(&c, false, 7);
    csv_ratio(&c, 0.98765);
    csv_ratio(&c, -1);
    csv_time(&c, fix_now());
    csv_time(&c, -1);
    csv_time_ms(&c, fix_now());
    csv_end(&c);
    csv_text(&c, "next");
    csv_end(&c);
    assert_string_equal(strbuf_peek(&out), "-5,,0.9876,,2026-09-03T14:32:07Z,,2026-09-03T14:32:07.900Z\r\nnext\r\n");
    strbuf_clear(&out);
}

static void prometheus__labels__are_escaped(void **state)
{
    struct strbuf out;
    struct prometheus p;
    (void)state;
    strbuf_init(&out, 4096);
    prometheus_begin(&p, &out);
    prometheus_family(&p, "never", "gauge", "Without a sample there is nothing.");
    prometheus_family(&p, "x", "gauge", "Two\nlines and a \\ and a \"quote\".");
    prometheus_label(&p, "a", "back\\slash \"quote\"\nline");
    prometheus_label(&p, "none", "");
    prometheus_label(&p, "b", "bad \xff\xc0 utf8 \xe2\x80\xae");
    prometheus_int(&p, -3);
    prometheus_ms(&p, 1500);
    prometheus_ms(&p, -20);
    prometheus_us(&p, 1);
    prometheus_real(&p, 0.5);
    prometheus_end(&p);
    assert_string_equal(strbuf_peek(&out), "# HELP x Two\\nlines and a \\\\ and a \"quote\".\n"
                                           "# TYPE x gauge\n"
                                           "x{a=\"back\\\\slash \\\"quote\\\"\\nline\","
                                           "b=\"bad \xef\xbf\xbd\xef\xbf\xbd utf8 \xe2\x80\xae\"} -3\n"
                                           "x 1.500\nx -0.020\nx 0.000001\nx 0.5000\n");
    strbuf_clear(&out);
}

/* A label that does not fit makes the page unusable, and it says so. */
static void prometheus__label__too_long_is_not_cut(void **state)
{
    struct strbuf out;
    struct prometheus p;
    char *name = mem_new(20001);
    (void)state;
    memset(name, 'n', 10000);
    strbuf_init(&out, 1u << 20);
    prometheus_begin(&p, &out);
    prometheus_family(&p, "x", "gauge", "Help.");
    prometheus_label(&p, "a", name);
    prometheus_int(&p, 1);
    assert_false(strbuf_cut(&out));
    memset(name, 'n', 20000);
    prometheus_label(&p, "a", name);
    prometheus_int(&p, 1);
    assert_true(strbuf_cut(&out));
    prometheus_end(&p);
    strbuf_clear(&out);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__csv__is_the_golden_page),
        cmocka_unit_test(status__prometheus__is_the_golden_page),
        cmocka_unit_test(status__prometheus__unknown_is_absent),
        cmocka_unit_test(csv__text__is_quoted_and_disarmed),
        cmocka_unit_test(csv__line__numbers_times_and_unknown),
        cmocka_unit_test(prometheus__labels__are_escaped),
        cmocka_unit_test(prometheus__label__too_long_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
