/* The function watch: what is kept of a configuration that may hold passwords, how long log
 * groups keep their lines, and that nothing is asked where that is not permitted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "backend/watch/function_reading.h"
#include "tests/unit/fake_watch.h"

#define PASSWORD "hunter2-of-the-function"

static const char configuration[] =
    "{\"FunctionName\":\"orders\",\"Runtime\":\"nodejs22.x\",\"State\":\"Active\",\"LastUpdateStatus\":\"Successful\","
    "\"LastModified\":\"2026-11-24T11:00:00.250+0000\",\"CodeSha256\":\"AbCdEfGhIjKlMnOpQrSt\","
    "\"LoggingConfig\":{\"LogFormat\":\"JSON\",\"LogGroup\":\"/aws/lambda/orders\",\"ApplicationLogLevel\":\"WARN\"},"
    "\"Environment\":{\"Variables\":{\"NODE_ENV\":\"production\",\"DB_SECRET_NAME\":\"prod/orders\",\"DB_HOST\":\"db.example\","
    "\"DB_PORT\":\"5432\",\"DB_NAME\":\"orders\",\"DB_USER\":\"app\\u001b[31m\",\"DB_PASSWORD\":\"" PASSWORD "\","
    "\"STRIPE_TOKEN\":\"" PASSWORD "\",\"OTHER\":\"" PASSWORD "\"}}}";

struct fixture {
    struct fake_watch w;
    const char *function, *groups;
    struct fake_answer failure; /* of the function, when `function` is NULL */
    size_t functions, described;
    const struct function_snap *snap;
};

static void reply(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fixture *x = f->ctx;
    if (strcmp(rq->op, "DescribeLogGroups") == 0) {
        x->described++;
        *out = (struct fake_answer){.body = x->groups};
        return;
    }
    assert_non_null(strstr(rq->url, "/2015-03-31/functions/orders/configuration"));
    assert_true(rq->secret); /* into wiped memory */
    x->functions++;
    *out = x->function != NULL ? (struct fake_answer){.body = x->function} : x->failure;
}

static int set_up(void **state)
{
    static const char *const groups[] = {"/aws/lambda/orders", NULL};
    struct fixture *x = mem_new(sizeof *x);
    json_global_init();
    fake_watch_init(&x->w, groups);
    x->w.env.function = "orders";
    x->w.fake.reply = reply;
    x->w.fake.ctx = x;
    x->function = configuration;
    x->groups = "{\"logGroups\":[{\"logGroupName\":\"/aws/lambda/orders\",\"retentionInDays\":30}]}";
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    snap_unref(x->snap);
    fake_watch_clear(&x->w);
    free(x);
    return 0;
}

static const struct function_snap *look(struct fixture *x)
{
    assert_in_range(watch_function_turn(&x->w.worker, 0, 600000), 570000, 630000);
    snap_unref(x->snap);
    x->snap = snapbox_get(x->w.watch.box, watch_slot(0, SLOT_FUNCTION));
    assert_non_null(x->snap);
    return x->snap;
}

static void keeps_names_and_six_values(void **state)
{
    struct fixture *x = *state;
    const struct function_snap *s = look(x);
    assert_int_equal(s->snap.why.code, ERR_OK);
    assert_true(s->named && !s->barred && !s->setup.hidden);
    assert_string_equal(function_value(s, FUNCTION_NODE_ENV), "production");
    assert_string_equal(function_value(s, FUNCTION_DB_SECRET_NAME), "prod/orders");
    assert_string_equal(function_value(s, FUNCTION_DB_PORT), "5432");
    assert_string_equal(function_value(s, FUNCTION_DB_USER), "app\\x1B[31m"); /* safe to draw */
    assert_string_equal(s->text + s->setup.passwords, "DB_PASSWORD");
    assert_string_equal(s->text + s->setup.secrets, "STRIPE_TOKEN");
    assert_string_equal(s->text + s->setup.log_group, "/aws/lambda/orders");
    assert_int_equal(s->setup.nvariables, 9);
    assert_string_equal(s->setup.app_level, "WARN");
    assert_string_equal(s->setup.code, "AbCdEfGhIjKl");
    assert_true(s->setup.modified_ms == 1795518000250LL);
    assert_int_equal(s->group_days[0], 30);
    assert_null(memmem(s, s->size, PASSWORD, 6)); /* not a part of it */
    assert_in_range(s->size, sizeof *s, sizeof *s + 200);
}

static void keeps_the_last__when_a_look_fails(void **state)
{
    struct fixture *x = *state;
    (void)look(x);
    x->function = NULL;
    x->failure = (struct fake_answer){.status = 403, .error_type = "AccessDeniedException", .body = "{\"Message\":\"no\"}"};
    const struct function_snap *s = look(x);
    assert_int_equal(s->snap.why.code, ERR_DENIED);
    assert_string_equal(function_value(s, FUNCTION_DB_HOST), "db.example");
    x->failure = (struct fake_answer){.status = 404, .error_type = "ResourceNotFoundException", .body = "{\"Message\":\"no\"}"};
    assert_int_equal(look(x)->snap.why.code, ERR_NOT_FOUND);
    x->function = "{\"Nothing\":1}";
    assert_int_equal(look(x)->snap.why.code, ERR_MALFORMED);
    x->function = "{\"FunctionName\":\"orders\",\"Environment\":{\"Variables\":[1]}}";
    assert_int_equal(look(x)->snap.why.code, ERR_MALFORMED);
    x->function = "{\"FunctionName\":\"orders\",\"Environment\":{\"Error\":{\"ErrorCode\":\"AccessDeniedException\"}}}";
    s = look(x);
    assert_true(s->setup.hidden);
    assert_null(function_value(s, FUNCTION_DB_HOST)); /* what is gone is not kept */
    x->function = "{\"FunctionName\":\"orders\"}"; /* no variables at all */
    assert_int_equal(look(x)->setup.nvariables, 0);
}

static void groups__by_their_very_name(void **state)
{
    struct fixture *x = *state;
    x->groups = "{\"logGroups\":[{\"logGroupName\":\"/aws/lambda/orders\"}]}";
    assert_int_equal(look(x)->group_days[0], GROUP_NEVER_ENDS);
    x->groups = "{\"logGroups\":[{\"logGroupName\":\"/aws/lambda/orders-2\",\"retentionInDays\":3}]}";
    assert_int_equal(look(x)->group_days[0], GROUP_MISSING);
    x->groups = "{\"logGroups\":[]}";
    assert_int_equal(look(x)->group_days[0], GROUP_MISSING);
    x->groups = "{\"logGroups\":[],\"nextToken\":\"t\"}"; /* an empty page is not the end, and no end is not for ever */
    size_t before = x->described;
    (void)look(x);
    assert_int_equal(x->described - before, 3);
    /* what cannot be read does not say that a group is missing */
    static const char *const bad[] = {"nonsense", "{}", "{\"logGroups\":null}", "{\"logGroups\":[{\"logGroupName\":null}]}",
                                      "{\"logGroups\":[{\"logGroupName\":7,\"retentionInDays\":\"seven\"}]}"};
    const struct function_snap *s = NULL;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        x->groups = bad[i];
        s = look(x);
        assert_int_equal(s->group_days[0], GROUP_UNKNOWN);
        assert_true(s->group_why[0] != '\0');
    }
    assert_int_equal(s->snap.why.code, ERR_OK); /* the function itself was told */
}

static void audit__asks_for_groups_alone(void **state)
{
    struct fixture *x = *state;
    x->w.worker.aws = aws_free(x->w.worker.aws);
    aws_gate_free(x->w.watch.gate);
    x->w.watch.gate = fake_gate(&x->w.fake, true);
    x->w.worker.aws = aws_new(x->w.watch.gate);
    const struct function_snap *s = look(x);
    assert_true(s->named && s->barred);
    assert_int_equal(x->functions, 0);
    assert_int_equal(s->group_days[0], 30);
    struct aws_meter m;
    aws_gate_meter(x->w.watch.gate, &m);
    assert_int_equal(m.refused, 0); /* it is not even tried */
}

static void without_a_function__groups_are_the_answer(void **state)
{
    struct fixture *x = *state;
    x->w.env.function = NULL;
    const struct function_snap *s = look(x);
    assert_true(!s->named && !s->barred);
    assert_int_equal(x->functions, 0);
    x->groups = "nonsense";
    assert_int_equal(look(x)->snap.why.code, ERR_MALFORMED);
}

static void secrecy__by_name_and_look(void **state)
{
    static const struct {
        const char *name, *value;
        enum function_secrecy is;
    } rows[] = {
        {"DB_PASSWORD", "x", FUNCTION_PASSWORD},      {"PGPASSWORD", "x", FUNCTION_PASSWORD},
        {"db_password", "x", FUNCTION_PASSWORD},      {"DB_PASS", "x", FUNCTION_PASSWORD},
        {"DB_PWD", "x", FUNCTION_PASSWORD},           {"DB_PASSWORD", "", FUNCTION_PLAIN},
        {"DATABASE_URL", "postgres://a:b@h/d", FUNCTION_PASSWORD},
        {"DATABASE_URL", "postgres://a@h:5432/d", FUNCTION_PLAIN},
        {"PROXY", "http://h:80/a:b@c", FUNCTION_PLAIN},
        {"DB_PASSWORD_ARN", "x", FUNCTION_PLAIN},     {"DB_PASSWORD", "arn:aws:secretsmanager:x", FUNCTION_PLAIN},
        {"PASSWORD_MIN_LENGTH", "12", FUNCTION_PLAIN}, {"API_TOKEN", "x", FUNCTION_SECRET},
        {"STRIPE_SECRET", "x", FUNCTION_SECRET},      {"DB_SECRET_NAME", "x", FUNCTION_PLAIN},
        {"JWT_PRIVATE_KEY", "x", FUNCTION_SECRET},    {"COMPASS_MODE", "x", FUNCTION_PLAIN},
        {"LOG_LEVEL", "info", FUNCTION_PLAIN},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (function_secrecy(rows[i].name, rows[i].value) != rows[i].is)
            fail_msg("%s=%s is %d", rows[i].name, rows[i].value, function_secrecy(rows[i].name, rows[i].value));
}

static void time__as_lambda_writes_it(void **state)
{
    (void)state;
    assert_true(function_time("2026-11-24T12:00:00.000+0000") == 1795521600000LL);
    assert_true(function_time("2026-11-24T13:30:00.000+0130") == 1795521600000LL);
    assert_true(function_time("2026-11-24T07:00:00.000-0500") == 1795521600000LL);
    assert_true(function_time("") == TIME_UNKNOWN);
    assert_true(function_time("yesterday") == TIME_UNKNOWN);
    assert_true(function_time("2026-11-24T07:00:00.000-05x0") == TIME_UNKNOWN);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(keeps_names_and_six_values),
        CASE(keeps_the_last__when_a_look_fails),
        CASE(groups__by_their_very_name),
        CASE(audit__asks_for_groups_alone),
        CASE(without_a_function__groups_are_the_answer),
        cmocka_unit_test(secrecy__by_name_and_look),
        cmocka_unit_test(time__as_lambda_writes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
