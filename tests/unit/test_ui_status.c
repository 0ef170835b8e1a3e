/* `credtop status`: the document parses, says null for what is not known, and the
 * writer refuses to be misused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ui/cli/status.h"
#include "ui/cli/writer.h"

#include "tests/screens/fixture.c"

/* The board's document as status writes it, into out. */
static void write_document(const struct board *b, struct strbuf *out)
{
    struct verdict *verdicts = mem_new(FIX_N * sizeof *verdicts);
    for (size_t i = 0; i < b->n; i++)
        fix_judge(b, &b->envs[i], &verdicts[i]);
    strbuf_init(out, STATUS_OUTPUT_MAX);
    status_json(b, verdicts, out);
    free(verdicts);
}

static json_t *document(struct board *b)
{
    struct strbuf out;
    json_error_t error;
    write_document(b, &out);
    assert_int_equal(out.s[out.len - 1], '\n');
    json_t *doc = json_loads(strbuf_peek(&out), JSON_REJECT_DUPLICATES, &error);
    if (!doc)
        fail_msg("%s at %d: %s", error.text, error.position, strbuf_peek(&out));
    strbuf_clear(&out);
    board_free(b);
    return doc;
}

/* "secret.rotation" of environment i. */
static json_t *get(json_t *doc, size_t env, const char *path)
{
    json_t *at = json_array_get(json_object_get(doc, "environments"), env);
    char name[64];
    while (*path) {
        size_t n = strcspn(path, ".");
        assert_true(str_copy_n(name, sizeof(name), path, n));
        at = json_object_get(at, name);
        if (!at)
            fail_msg("no member %s", name);
        path += n + (path[n] == '.');
    }
    return at;
}

static void status__json__tells_the_story(void **state)
{
    json_t *d = document(fix_board());
    (void)state;
    assert_int_equal(json_integer_value(json_object_get(d, "version")), 1);
    assert_string_equal(json_string_value(json_object_get(d, "time")), "2026-09-03T14:32:07Z");
    assert_string_equal(json_string_value(json_object_get(d, "mode")), "operate");
    json_t *summary = json_object_get(d, "summary");
    assert_string_equal(json_string_value(json_object_get(summary, "status")), "failing");
    assert_int_equal(json_integer_value(json_object_get(summary, "environments")), FIX_N);
    assert_int_equal(json_integer_value(json_object_get(summary, "failing")), 2);
    assert_int_equal(json_integer_value(json_object_get(summary, "unknown")), 1);
    assert_string_equal(json_string_value(get(d, FIX_LEGACY, "state")), "FAILED");
    assert_string_equal(json_string_value(get(d, FIX_LEGACY, "severity")), "failing");
    assert_string_equal(json_string_value(get(d, FIX_LEGACY, "database.sqlstate")), "28P01");
    assert_string_equal(json_string_value(get(d, FIX_LEGACY, "database.failed_phase")), "authentication");
    assert_true(json_is_null(get(d, FIX_LEGACY, "database.phases_us.query")));
    assert_true(json_is_null(get(d, FIX_LEGACY, "logs.hit_ratio")));
    assert_true(json_is_false(get(d, FIX_LEGACY, "secret.rotation")));
    assert_true(json_is_null(get(d, FIX_LEGACY, "secret.pending_version")));
    assert_int_equal(json_array_size(get(d, FIX_PROD_EU, "secret.versions")), 3);
    assert_int_equal(json_integer_value(get(d, FIX_PROD_EU, "logs.containers.stale")), 2);
    assert_int_equal(json_integer_value(get(d, FIX_PROD_EU, "logs.last_hour.stale_hits")), 40);
    assert_true(json_is_false(get(d, FIX_PROD_EU, "secret.stale")));
    assert_int_equal(json_integer_value(get(d, FIX_PROD_EU, "secret.age_s")), 4);
    assert_true(json_is_true(get(d, FIX_DR_EU, "secret.stale")));
    assert_string_equal(json_string_value(get(d, FIX_DR_EU, "secret.error.code")), "TIMEOUT");
    assert_true(json_is_null(get(d, FIX_DR_EU, "secret.error.aws_code")));
    assert_true(json_is_null(get(d, FIX_DEV, "secret")));
    assert_string_equal(json_string_value(get(d, FIX_DEV, "kind")), "development");
    json_t *certificate = get(d, FIX_PROD_EU, "database.certificate");
    assert_int_equal(json_array_size(json_object_get(certificate, "names")), 1);
    assert_string_equal(json_string_value(json_object_get(certificate, "issuer")), "Example RDS CA");
    assert_int_equal(json_integer_value(json_object_get(certificate, "days_left")), 61);
    assert_true(json_is_null(json_object_get(certificate, "ca_expires")));
    assert_string_equal(json_string_value(get(d, FIX_PROD_EU, "database.auth_method")), "SCRAM-SHA-256");
    json_t *calls = json_object_get(d, "calls"), *first = json_array_get(json_object_get(calls, "by_operation"), 0);
    assert_int_equal(json_array_size(json_object_get(calls, "by_operation")), 5);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "ListSecrets");
    assert_int_equal(json_integer_value(json_object_get(first, "total")), 112);
    assert_float_equal(json_real_value(json_object_get(first, "per_minute")), 1.12, 1e-9);
    assert_float_equal(json_real_value(json_object_get(first, "usd_per_month")), 0.24, 1e-9);
    assert_float_equal(json_real_value(json_object_get(calls, "usd_per_month")), 0.84, 1e-9);
    json_decref(d);
}

/* An ended certificate of two names, and a role whose password ends. */
static void status__certificate__names_and_days(void **state)
{
    static const struct {
        int64_t left_ms, days;
    } rows[] = {{FIX_DAY, 1}, {FIX_DAY - 1, 0}, {0, 0}, {-1, -1}, {-FIX_DAY, -1}, {-FIX_DAY - 1, -2}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct board *b = fix_board();
        struct db_snap *db = mem_new(sizeof *db);
        *db = *b->envs[FIX_PROD_EU].db;
        const struct db_snap *kept = b->envs[FIX_PROD_EU].db;
        (void)str_copy(db->certificate.names, sizeof db->certificate.names, "db.example, 10.9.8.7");
        db->certificate.expires_ms = b->wall_ms + rows[i].left_ms;
        db->valid_until_ms = b->wall_ms;
        db->superuser = true;
        (void)str_copy(db->current_user, sizeof db->current_user, "boss");
        b->envs[FIX_PROD_EU].db = db;
        struct strbuf out;
        write_document(b, &out);
        b->envs[FIX_PROD_EU].db = kept;
        json_t *d = json_loads(strbuf_peek(&out), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(d);
        json_t *names = get(d, FIX_PROD_EU, "database.certificate.names");
        assert_int_equal(json_array_size(names), 2);
        assert_string_equal(json_string_value(json_array_get(names, 0)), "db.example");
        assert_string_equal(json_string_value(json_array_get(names, 1)), "10.9.8.7");
        assert_int_equal(json_integer_value(get(d, FIX_PROD_EU, "database.certificate.days_left")), rows[i].days);
        assert_string_equal(json_string_value(get(d, FIX_PROD_EU, "database.valid_until")), "2026-09-03T14:32:07Z");
        assert_string_equal(json_string_value(get(d, FIX_PROD_EU, "database.current_user")), "boss");
        assert_int_equal(json_integer_value(get(d, FIX_PROD_EU, "database.max_connections")), 400);
        assert_int_equal(json_integer_value(get(d, FIX_PROD_EU, "database.used_connections")), 388);
        assert_true(json_is_true(get(d, FIX_PROD_EU, "database.superuser")));
        assert_true(json_is_false(get(d, FIX_PROD_EU, "database.standby")));
        json_decref(d);
        strbuf_clear(&out);
        free(db);
        board_free(b);
    }
}

static void count_numbers(json_t *v, size_t *out_n)
{
    const char *key;
    json_t *member;
    size_t i;
    *out_n += json_is_number(v) ? 1 : 0;
    json_object_foreach(v, key, member) count_numbers(member, out_n);
    json_array_foreach(v, i, member) count_numbers(member, out_n);
}

static void status__nothing_known__no_number_pretends(void **state)
{
    json_t *d = document(fix_board_empty());
    size_t numbers = 0;
    (void)state;
    assert_string_equal(json_string_value(json_object_get(json_object_get(d, "summary"), "status")), "unknown");
    assert_string_equal(json_string_value(get(d, FIX_TEST, "state")), "WAIT");
    assert_true(json_is_null(get(d, FIX_TEST, "database.result")));
    static const char *const unknown[] = {"certificate", "auth_method", "password_encryption", "max_connections",
                                          "used_connections", "valid_until", "standby", "superuser", "current_user"};
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++)
        assert_true(json_is_null(json_object_get(get(d, FIX_TEST, "database"), unknown[i])));
    count_numbers(get(d, FIX_TEST, "secret"), &numbers);
    count_numbers(get(d, FIX_TEST, "logs"), &numbers);
    assert_int_equal(numbers, 0);
    assert_string_equal(json_string_value(get(d, FIX_TEST, "secret.name")), "app/test/pg");
    assert_true(json_is_null(get(d, FIX_TEST, "secret.age_s")));
    json_decref(d);
}

static void status__table__has_the_words_of_the_screen(void **state)
{
    struct status_look look = {.columns = 160};
    struct strbuf out;
    (void)state;
    strbuf_init(&out, 1 << 20);
    status_table(fix_board(), &look, &out);
    const char *text = strbuf_peek(&out);
    assert_non_null(strstr(text, "ENV      STATE    SECRET"));
    assert_non_null(strstr(text, "c41f9a02"));
    assert_non_null(strstr(text, "\n1204 calls, 12 a minute, ~$0.84 a month while watching\n"));
    for (const char *p = text; *p; p++)
        assert_true((*p >= 0x20 && *p < 0x7f) || *p == '\n');
    strbuf_reset(&out);
    look.color = true;
    status_table(fix_board(), &look, &out);
    assert_non_null(strstr(strbuf_peek(&out), "\033[0;1;31m"));
    strbuf_reset(&out);
    look.columns = 1;
    status_table(fix_board_of(0), &look, &out);
    assert_true(out.len > 0);
    strbuf_clear(&out);
}

/* More environments than a grid has rows: none is lost. */
static void status__table__a_thousand_rows(void **state)
{
    struct status_look look = {.columns = 60};
    struct strbuf out;
    size_t lines = 0;
    (void)state;
    strbuf_init(&out, 1 << 22);
    status_table(fix_board_of(1000), &look, &out);
    for (const char *p = strbuf_peek(&out); *p && strncmp(p, "\nNEEDS", 6) != 0; p++)
        lines += *p == '\n' && strncmp(p, "\nENV", 4) != 0 ? 1 : 0;
    assert_in_range(lines, 1000, 1004);
    strbuf_clear(&out);
}

static void writer__json__escapes_and_counts(void **state)
{
    struct writer w;
    struct strbuf out;
    (void)state;
    strbuf_init(&out, 4096);
    writer_begin(&w, &out);
    writer_object(&w, NULL);
    writer_str(&w, "a\"b", "x\n\x01\xff");
    writer_array(&w, "n");
    writer_int(&w, NULL, -5);
    writer_uint(&w, NULL, INT64_MAX);
    writer_ratio(&w, NULL, 0.98765);
    writer_ratio(&w, NULL, -1);
    writer_real(&w, NULL, 1204.00005);
    writer_real(&w, NULL, -0.1);
    writer_bool(&w, NULL, true);
    writer_time(&w, NULL, -1);
    writer_close(&w);
    writer_str(&w, "none", NULL);
    writer_object(&w, "empty");
    writer_close(&w);
    writer_close(&w);
    writer_end(&w);
    json_t *d = json_loads(strbuf_peek(&out), 0, NULL);
    assert_non_null(d);
    assert_string_equal(json_string_value(json_object_get(d, "a\"b")), "x\n\x01\xef\xbf\xbd");
    assert_non_null(strstr(strbuf_peek(&out), "[-5,9223372036854775807,0.9876,null,1204.0001,null,true,null]"));
    json_decref(d);
    strbuf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status__json__tells_the_story),
        cmocka_unit_test(status__certificate__names_and_days),
        cmocka_unit_test(status__nothing_known__no_number_pretends),
        cmocka_unit_test(status__table__has_the_words_of_the_screen),
        cmocka_unit_test(status__table__a_thousand_rows),
        cmocka_unit_test(writer__json__escapes_and_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
