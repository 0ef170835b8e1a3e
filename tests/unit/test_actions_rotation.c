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
#define BACK_OPEN ",\"VersionIdsToStages\":{\"a\":[\"AWSCURRENT\"],\"b\":[\"AWSPREVIOUS\"],\"c\":[\"AWSPENDING\"]}"
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

/* Sent, and no answer; then nobody is there: what is known is that it was sent. */
static void doubt__of_the_first_try__is_not_dispelled_by_a_later_one(void **state)
{
    (void)state;
    struct why doubt = {0}, refused = {.text = "Connection refused"}, broke = {.text = "it broke"};
    assert_false(rotation_may_have_arrived(&doubt, ERR_CONNECT, &refused));
    assert_false(rotation_may_have_arrived(&doubt, ERR_DENIED, &refused));
    assert_int_equal(doubt.code, ERR_OK);
    assert_true(rotation_may_have_arrived(&doubt, ERR_NETWORK, &broke));
    assert_true(rotation_may_have_arrived(&doubt, ERR_CONNECT, &refused));
    assert_true(rotation_may_have_arrived(&doubt, ERR_TIMEOUT, &refused));
    assert_int_equal(doubt.code, ERR_NETWORK);
    assert_string_equal(doubt.text, "it broke");
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
        {"auto", DONE, ORDER_ROLL_BACK, ROTATION_BY_CREDTOP, ""},
        {"auto", DONE FUNCTION, ORDER_ROLL_BACK, ROTATION_BY_CREDTOP, ""},
        {"auto", CURRENT, ORDER_ROLL_BACK, ROTATION_NONE, "nothing to go back to"},
        {"auto", BACK_OPEN, ORDER_ROLL_BACK, ROTATION_NONE, "finish it first"},
        {"off", DONE, ORDER_ROLL_BACK, ROTATION_NONE, "rotation = off"},
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
    struct rotation_state done = state_of(DONE);
    struct order back = {.kind = ORDER_ROLL_BACK, .seen_version = TWO, .token = TWO};
    assert_int_equal(rotation_admit(&e, &back, &done, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "AWSPREVIOUS is on " ONE));
    (void)str_copy(back.token, sizeof back.token, ONE);
    assert_int_equal(rotation_admit(&e, &back, &done, &why), ERR_OK);
    (void)str_copy(back.seen_version, sizeof back.seen_version, ONE);
    assert_int_equal(rotation_admit(&e, &back, &done, &why), ERR_INVALID);
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
    struct strategy_facts facts = {.masterarn = "", .user = "app"};
    struct strategy single;
    assert_int_equal(strategy_choose(&facts, &single, &why), ERR_OK);
    plan_write(&e, &s, ROTATION_BY_CREDTOP, &single, ORDER_ROTATE, 0, &p);
    static const char *const own[] = {"GetSecretValue " ONE, "PutSecretValue", "ALTER ROLE \"app\" PASSWORD", "strategy single-user (the default)", "AWSCURRENT from " ONE,
                                      "AWSPENDING off", "cancelling is safe until"};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        assert_true(plan_says(&p, own[i]));
    assert_string_equal(p.seen_version, ONE);
    plan_write(&e, &open, ROTATION_BY_CREDTOP, &single, ORDER_FINISH, 0, &p);
    assert_true(plan_says(&p, "AWSCURRENT from " ONE " to " TWO) && plan_says(&p, "a rotation stopped at " TWO));
    assert_false(plan_says(&p, "PutSecretValue"));
    plan_write(&e, &done, ROTATION_BY_CREDTOP, NULL, ORDER_FINISH, 0, &p);
    assert_int_equal(p.nlines, 1);
    assert_true(plan_says(&p, "AWSPENDING off " TWO));
    e.protect = true;
    plan_write(&e, &by_aws, ROTATION_BY_AWS, NULL, ORDER_ROTATE, 1699999000000, &p);
    assert_true(plan_says(&p, "RotateSecret " ARN) && plan_says(&p, "/aws/lambda/turn"));
    assert_true(plan_says(&p, "within the hour") && plan_says(&p, "type prod to confirm"));
    by_aws.enabled = false;
    plan_write(&e, &by_aws, ROTATION_BY_AWS, NULL, ORDER_ROTATE, 1600000000000, &p);
    assert_true(plan_says(&p, "automatic rotation is off") && !plan_says(&p, "within the hour"));
}

static void plan__of_alternating_users(void **state)
{
    (void)state;
    struct config_environment e = conf("auto");
    struct order_plan p;
    struct rotation_state s = state_of(CURRENT), open = state_of(OPEN FUNCTION);
    struct strategy_facts facts = {.configured = "alternating-users", .masterarn = ARN, .user = "app\"x", .user_in_secret = true};
    struct strategy st;
    assert_int_equal(strategy_choose(&facts, &st, &why), ERR_OK);
    plan_write(&e, &s, ROTATION_BY_CREDTOP, &st, ORDER_ROTATE, 0, &p);
    static const char *const words[] = {
        "strategy alternating-users (the configuration says so): app\"x logs in now, app\"x_clone afterwards",
        "GetSecretValue " ONE " (AWSCURRENT)", "GetSecretValue " ARN " (AWSCURRENT; from the secret's masterarn)",
        "username app\"x_clone and a new password", "ALTER ROLE \"app\"x_clone\" PASSWORD 'SCRAM-SHA-256$...'",
        "CREATE ROLE \"app\"x_clone\" LOGIN PASSWORD 'SCRAM-SHA-256$...' IN ROLE \"app\"x\"",
        "AWSCURRENT from " ONE " to the new version", "AWSPENDING off the new version", "nothing breaks"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!plan_says(&p, words[i]))
            fail_msg("the plan does not say: %s", words[i]);
    assert_false(plan_says(&p, "logins with the old password fail"));
    (void)str_copy(st.user, sizeof st.user, "\033[31m");
    (void)memset(st.other, 'x', STRATEGY_USER_MAX);
    e.protect = true;
    plan_write(&e, &open, ROTATION_BY_CREDTOP, &st, ORDER_FINISH, 0, &p);
    assert_true(plan_says(&p, "type prod to confirm") && plan_says(&p, "a rotation stopped at " TWO));
    assert_false(plan_says(&p, "\033") || plan_says(&p, "createSecret"));
    st.superuser_secret[0] = '\0';
    plan_write(&e, &open, ROTATION_BY_CREDTOP, &st, ORDER_ROTATE, 0, &p);
    assert_true(plan_says(&p, "nothing names the superuser's secret"));
}

static void plan__of_the_way_back(void **state)
{
    (void)state;
    struct config_environment e = conf("auto");
    struct order_plan p;
    struct rotation_state s = state_of(DONE);
    struct strategy st = {.user = "app_clone", .other = "app"};
    plan_write(&e, &s, ROTATION_BY_CREDTOP, &st, ORDER_ROLL_BACK, 0, &p);
    static const char *const words[] = {"GetSecretValue " TWO " (AWSCURRENT), " ONE " (AWSPREVIOUS)",
                                        "refused unless both get in", "AWSPENDING off " TWO,
                                        "AWSCURRENT from " TWO " to " ONE, "no password changes"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        assert_true(plan_says(&p, words[i]));
    assert_false(plan_says(&p, "ROLE") || plan_says(&p, "PutSecretValue"));
}

static void strategy__takes_turns(void **state)
{
    (void)state;
    static const struct { const char *user, *other; } rows[] = {
        {"app", "app_clone"}, {"app_clone", "app"}, {"app_clone_clone", "app_clone"}, {"_clon", "_clon_clone"},
        {"App \"x\"", "App \"x\"_clone"}, {"clone", "clone_clone"},
        {"a23456789012345678901234567890123456789012345678901234567", "a23456789012345678901234567890123456789012345678901234567_clone"},
        {"a23456789012345678901234567890123456789012345678901234567_clone", "a23456789012345678901234567890123456789012345678901234567"},
        {"a234567890123456789012345678901234567890123456789012345678", NULL},
        {"a23456789012345678901234567890123456789012345678901234567890123", NULL}, {"", NULL}, {"_clone", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char other[STRATEGY_USER_MAX + 1] = "untouched";
        enum err err = strategy_other_user(rows[i].user, other, &why);
        assert_int_equal(err, rows[i].other != NULL ? ERR_OK : ERR_SETTING);
        assert_string_equal(other, rows[i].other != NULL ? rows[i].other : "untouched");
    }
    assert_int_equal(strategy_other_user(rows[8].user, (char[64]){0}, &why), ERR_SETTING);
    assert_non_null(strstr(why.text, "has 64 bytes"));
}

static void strategy__what_decides(void **state)
{
    (void)state;
    static const struct {
        enum rotation_strategy ordered;
        const char *configured, *superuser, *masterarn, *pending;
        bool hidden;
        int alternating; /* -1 refused */
        const char *words; /* because, or why not */
    } rows[] = {
        {0, NULL, NULL, "", NULL, false, 0, "the default"},
        {0, NULL, NULL, ARN, NULL, false, 0, "the default"},
        {0, NULL, "su", "", NULL, false, 0, "the default"},
        {0, "single-user", "su", ARN, NULL, false, 0, "the configuration"},
        {0, "alternating-users", "su", "", NULL, false, 1, "the configuration"},
        {0, "alternating-users", NULL, ARN, NULL, false, 1, "the configuration"},
        {0, "alternating-users", NULL, "", NULL, false, -1, "superuser_secret = NAME-OR-ARN"},
        {0, "alternating-users", "su", "", NULL, true, -1, "db_user"},
        {STRATEGY_ALTERNATING_USERS, "single-user", "su", "", NULL, false, 1, "--strategy"},
        {STRATEGY_SINGLE_USER, "alternating-users", "su", "", NULL, false, 0, "--strategy"},
        {0, NULL, NULL, "", "app_clone", false, 1, "AWSPENDING was begun so"},
        {STRATEGY_SINGLE_USER, NULL, "su", "", "app_clone", false, 1, "AWSPENDING was begun so"},
        {0, "alternating-users", "su", "", "app_clone", false, 1, "the configuration"},
        {0, "alternating-users", NULL, "", "app", false, 0, "AWSPENDING was begun so"},
        {0, NULL, NULL, "", "app", false, 0, "the default"},
        {0, "alternating-users", "su", "", "other", false, -1, "not the other one"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct strategy_facts facts = {rows[i].ordered, rows[i].configured, rows[i].superuser, rows[i].masterarn, "app",
                                       !rows[i].hidden, rows[i].pending};
        struct strategy st = {.because = "untouched"};
        why = (struct why){0};
        assert_int_equal(strategy_choose(&facts, &st, &why) == ERR_OK ? (int)st.alternating : -1, rows[i].alternating);
        assert_non_null(strstr(rows[i].alternating >= 0 ? st.because : why.text, rows[i].words));
        if (rows[i].alternating < 0)
            continue;
        assert_string_equal(st.other, st.alternating ? "app_clone" : "app");
        assert_string_equal(st.superuser_secret, rows[i].superuser != NULL ? rows[i].superuser : rows[i].masterarn);
        assert_int_equal(st.masterarn_unused, i == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__labels_and_dates),  cmocka_unit_test(read__what_is_no_description),
        cmocka_unit_test(read__rules__as_a_shell_may_have_them),
        cmocka_unit_test(doubt__of_the_first_try__is_not_dispelled_by_a_later_one),
        cmocka_unit_test(choose__who),             cmocka_unit_test(admit__only_what_was_seen),
        cmocka_unit_test(plan__names_every_change), cmocka_unit_test(plan__of_alternating_users),
        cmocka_unit_test(plan__of_the_way_back), cmocka_unit_test(strategy__takes_turns),    cmocka_unit_test(strategy__what_decides),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
