/* What is read of a secret, who rotates it, which orders are refused, and what plans say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/actions/rotation.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define ARN "arn:aws:secretsmanager:eu-central-1:111122223333:secret:a-AbCdEf"
#define ONE "11111111-0000-4000-8000-000000000000"
#define TWO "22222222-0000-4000-8000-000000000000"

static struct why why;

static struct rotation_state state_of(const char *members)
{
    struct rotation_state s;
    char reply[1024];
    (void)str_fmt(reply, sizeof reply, "{\"ARN\":\"" ARN "\"%s}", members);
    assert_int_equal(rotation_read(reply, strlen(reply), &s, &why), ERR_OK);
    return s;
}

static struct config_environment conf(const char *rotation)
{
    return (struct config_environment){.name = "prod", .mode = CONFIG_PRODUCTION, .secret = "a", .rotation = rotation};
}

#define CURRENT ",\"VersionIdsToStages\":{\"" ONE "\":[\"AWSCURRENT\"]}"
#define OPEN ",\"VersionIdsToStages\":{\"" ONE "\":[\"AWSCURRENT\"],\"" TWO "\":[\"AWSPENDING\",\"mine\"]}"
#define DONE ",\"VersionIdsToStages\":{\"" TWO "\":[\"AWSPENDING\",\"AWSCURRENT\"],\"" ONE "\":[\"AWSPREVIOUS\"]}"
#define FUNCTION ",\"RotationEnabled\":true,\"RotationLambdaARN\":\"arn:aws:lambda:eu-central-1:1:function:turn\""

static void read__labels_and_dates(void **state)
{
    (void)state;
    struct rotation_state s = state_of(OPEN FUNCTION ",\"NextRotationDate\":1700000000.5");
    assert_string_equal(s.current, ONE);
    assert_string_equal(s.pending, TWO);
    assert_string_equal(s.previous, "");
    assert_string_equal(s.region, "eu-central-1");
    assert_true(s.enabled && rotation_is_open(&s));
    assert_int_equal(s.next_ms, 1700000000500);
    assert_int_equal(s.deleted_ms, -1);
    s = state_of(DONE);
    assert_string_equal(s.previous, ONE);
    assert_false(rotation_is_open(&s) || s.enabled);
    s = state_of(",\"VersionIdsToStages\":{\"x\":[7,null],\"y\":\"AWSCURRENT\"}");
    assert_string_equal(s.current, "");
}

static void read__rules__as_a_shell_may_have_them(void **state)
{
    (void)state;
    static const struct { const char *rules, *words; } rows[] = {
        {"{\"AutomaticallyAfterDays\":30}", "AutomaticallyAfterDays=30"},
        {"{\"AutomaticallyAfterDays\":30,\"Duration\":\"3h\"}", "AutomaticallyAfterDays=30,Duration=3h"},
        {"{\"ScheduleExpression\":\"cron(0 8 1 * ? *)\",\"Duration\":\"2h\"}",
         "ScheduleExpression='cron(0 8 1 * ? *)',Duration=2h"},
        {"{\"ScheduleExpression\":\"rate($(x) days)\",\"Duration\":\"`\"}", ""},
        {"{\"ScheduleExpression\":\"rate(1'day)\",\"AutomaticallyAfterDays\":9}", "AutomaticallyAfterDays=9"},
        {"{\"ScheduleExpression\":\"cron(0 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23 * * ? *)\"}", ""},
        {"{\"ScheduleExpression\":7}", ""}, {"[]", ""}, {"null", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char members[300];
        (void)str_fmt(members, sizeof members, CURRENT ",\"RotationRules\":%s", rows[i].rules);
        assert_string_equal(state_of(members).rules, rows[i].words);
    }
}

static void read__what_is_no_description(void **state)
{
    (void)state;
    struct rotation_state s;
    static const char *const bad[] = {"", "[]", "{}", "{\"ARN\":7}", "{\"ARN\":\"" ARN "\""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(rotation_read(bad[i], strlen(bad[i]), &s, &why), ERR_MALFORMED);
}

static void choose__who(void **state)
{
    (void)state;
    static const struct { const char *setting, *members; enum order_kind kind; enum rotation_way way; const char *words; } rows[] = {
        {"auto", CURRENT FUNCTION, ORDER_ROTATE, ROTATION_BY_AWS, ""},
        {"auto", CURRENT, ORDER_ROTATE, ROTATION_BY_CREDTOP, ""},
        {"aws", CURRENT FUNCTION, ORDER_ROTATE, ROTATION_BY_AWS, ""},
        {"credtop", CURRENT FUNCTION, ORDER_ROTATE, ROTATION_BY_CREDTOP, ""},
        {"credtop", OPEN, ORDER_ROTATE, ROTATION_BY_CREDTOP, ""},
        {"auto", DONE FUNCTION, ORDER_ROTATE, ROTATION_BY_AWS, ""},
        {"auto", OPEN FUNCTION, ORDER_FINISH, ROTATION_BY_CREDTOP, ""},
        {"auto", OPEN FUNCTION, ORDER_ROTATE, ROTATION_NONE, "AWSPENDING is on " TWO},
        {"aws", CURRENT, ORDER_ROTATE, ROTATION_NONE, "no rotation function"},
        {"off", CURRENT FUNCTION, ORDER_ROTATE, ROTATION_NONE, "rotation = off"},
        {"off", OPEN, ORDER_FINISH, ROTATION_NONE, "rotation = off"},
        {"auto", CURRENT, ORDER_FINISH, ROTATION_NONE, "nothing to finish"},
        {"auto", "", ORDER_ROTATE, ROTATION_NONE, "no value yet"},
        {"auto", CURRENT ",\"OwningService\":\"rds\"", ORDER_ROTATE, ROTATION_NONE, "rds manages this secret"},
        {"auto", OPEN ",\"OwningService\":\"rds\"", ORDER_FINISH, ROTATION_NONE, "rds manages this secret"},
        {"credtop", CURRENT ",\"DeletedDate\":1", ORDER_ROTATE, ROTATION_NONE, "scheduled for deletion"},
        {"auto", CURRENT ",\"PrimaryRegion\":\"us-east-1\"", ORDER_ROTATE, ROTATION_NONE, "rotate the secret in us-east-1"},
        {"auto", CURRENT ",\"PrimaryRegion\":\"eu-central-1\"", ORDER_ROTATE, ROTATION_BY_CREDTOP, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config_environment e = conf(rows[i].setting);
        struct rotation_state s = state_of(rows[i].members);
        why = (struct why){0};
        assert_int_equal(rotation_choose(&e, &s, rows[i].kind, &why), rows[i].way);
        assert_non_null(strstr(why.text, rows[i].words));
    }
}

static void admit__only_what_was_seen(void **state)
{
    (void)state;
    struct config_environment e = conf("auto");
    struct rotation_state s = state_of(CURRENT), open = state_of(OPEN);
    struct order o = {.kind = ORDER_ROTATE};
    assert_int_equal(rotation_admit(&e, &o, &s, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "nobody has looked"));
    (void)str_copy(o.seen_version, sizeof o.seen_version, ONE);
    assert_int_equal(rotation_admit(&e, &o, &s, &why), ERR_OK);
    assert_int_equal(rotation_admit(&e, &o, &open, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "AWSPENDING has appeared"));
    (void)str_copy(o.token, sizeof o.token, TWO);
    assert_int_equal(rotation_admit(&e, &o, &open, &why), ERR_OK);
    (void)str_copy(o.seen_version, sizeof o.seen_version, TWO);
    assert_int_equal(rotation_admit(&e, &o, &s, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "has moved since you looked"));
    (void)str_copy(o.seen_version, sizeof o.seen_version, ONE);
    e.protect = true;
    static const char *const names[] = {"", "yes", "PROD", "prod "};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)str_copy(o.confirmed, sizeof o.confirmed, names[i]);
        assert_int_equal(rotation_admit(&e, &o, &s, &why), ERR_INVALID);
        assert_non_null(strstr(why.text, "must be typed"));
    }
    (void)str_copy(o.confirmed, sizeof o.confirmed, "prod");
    assert_int_equal(rotation_admit(&e, &o, &s, &why), ERR_OK);
}

static bool plan_says(const struct order_plan *p, const char *words)
{
    for (size_t i = 0; i < p->nlines; i++)
        if (strstr(p->lines[i].text, words) != NULL)
            return true;
    return false;
}

static void plan__names_every_change(void **state)
{
    (void)state;
    struct config_environment e = conf("auto");
    struct order_plan p;
    struct rotation_state s = state_of(CURRENT), open = state_of(OPEN), done = state_of(DONE),
                          by_aws = state_of(CURRENT FUNCTION ",\"NextRotationDate\":1700000000");
    plan_write(&e, &s, ROTATION_BY_CREDTOP, ORDER_ROTATE, 0, &p);
    static const char *const own[] = {"GetSecretValue " ONE, "PutSecretValue", "ALTER ROLE", "AWSCURRENT from " ONE,
                                      "AWSPENDING off", "cancelling is safe until"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        assert_true(plan_says(&p, own[i]));
    assert_string_equal(p.seen_version, ONE);
    plan_write(&e, &open, ROTATION_BY_CREDTOP, ORDER_FINISH, 0, &p);
    assert_true(plan_says(&p, "AWSCURRENT from " ONE " to " TWO) && plan_says(&p, "a rotation stopped at " TWO));
    assert_false(plan_says(&p, "PutSecretValue"));
    plan_write(&e, &done, ROTATION_BY_CREDTOP, ORDER_FINISH, 0, &p);
    assert_int_equal(p.nlines, 1);
    assert_true(plan_says(&p, "AWSPENDING off " TWO));
    e.protect = true;
    plan_write(&e, &by_aws, ROTATION_BY_AWS, ORDER_ROTATE, 1699999000000, &p);
    assert_true(plan_says(&p, "RotateSecret " ARN) && plan_says(&p, "/aws/lambda/turn"));
    assert_true(plan_says(&p, "within the hour") && plan_says(&p, "type prod to confirm"));
    by_aws.enabled = false;
    plan_write(&e, &by_aws, ROTATION_BY_AWS, ORDER_ROTATE, 1600000000000, &p);
    assert_true(plan_says(&p, "automatic rotation is off") && !plan_says(&p, "within the hour"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__labels_and_dates),  cmocka_unit_test(read__what_is_no_description),
        cmocka_unit_test(read__rules__as_a_shell_may_have_them), cmocka_unit_test(choose__who),             cmocka_unit_test(admit__only_what_was_seen),
        cmocka_unit_test(plan__names_every_change),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
