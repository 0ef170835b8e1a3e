/* The verdict: every state, what beats what, and words that name names and numbers.
 * And the sums of model.c that it rests on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/model.h"

#define WALL 1795521600000LL /* 2026-11-24T12:00:00Z */
#define MONO 5000000LL
#define MINUTE 60000LL

/* An environment in which all is well; each case breaks something. */
struct fixture {
    struct config conf;
    struct config_environment env;
    struct secret_snap secret;
    struct log_snap logs;
    struct db_snap db;
    struct container_row rows[3];
    struct board board;
    struct env_view view;
    struct verdict v;
};

static void good(struct snap *s)
{
    *s = (struct snap){.good_mono_ms = MONO - 1000,
                       .good_wall_ms = WALL - 1000,
                       .tried_mono_ms = MONO - 1000,
                       .failing_since_wall_ms = TIME_UNKNOWN};
}

static int set_up(void **state)
{
    static const char *const groups[] = {"/aws/lambda/orders", NULL};
    struct fixture *x = mem_new(sizeof *x);
    x->env = (struct config_environment){
        .name = "prod", .mode = CONFIG_PRODUCTION, .secret = "prod/orders", .log_groups = groups};
    x->conf = (struct config){.secret_poll_ms = 30000,
                              .log_poll_ms = 10000,
                              .database_poll_ms = 60000,
                              .pending_stuck_ms = 10 * MINUTE,
                              .nenvironments = 1,
                              .environments = &x->env};
    good(&x->secret.snap);
    good(&x->logs.snap);
    good(&x->db.snap);
    (void)str_copy(x->secret.current_id, sizeof x->secret.current_id, "aaaaaaaa-1111");
    x->secret.rotation = TRI_NO;
    x->secret.created_ms = x->secret.last_changed_ms = x->secret.last_rotated_ms = TIME_UNKNOWN;
    x->secret.next_rotation_ms = x->secret.deleted_ms = x->secret.pending_since_ms = TIME_UNKNOWN;
    x->secret.current_since_ms = WALL - 60 * MINUTE;
    x->logs.series_end_ms = WALL + SERIES_STEP_MS;
    x->logs.last_db_error_ms = TIME_UNKNOWN;
    x->logs.containers = x->rows;
    x->db.result = DB_LOGIN_OK;
    x->db.port = 5432;
    (void)str_copy(x->db.host, sizeof x->db.host, "db.example");
    (void)str_copy(x->db.user, sizeof x->db.user, "app");
    x->board = (struct board){.conf = &x->conf, .mono_ms = MONO, .wall_ms = WALL, .n = 1, .envs = &x->view};
    x->view = (struct env_view){.conf = &x->env, .secret = &x->secret, .logs = &x->logs, .db = &x->db};
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void judge(struct fixture *x)
{
    verdict_judge(&x->board, &x->view, &x->v);
}

static void expect_text(struct fixture *x, enum env_state state, const char *text)
{
    judge(x);
    if (x->v.state != state)
        fail_msg("%s (%s), not %s", env_state_word(x->v.state), x->v.causes[0].text, env_state_word(state));
    assert_true(x->v.ncauses > 0);
    assert_string_equal(x->v.causes[0].text, text);
    assert_int_equal(x->v.causes[0].state, state);
}

static void silence(struct snap *s, int64_t for_ms, enum err code, const char *text, unsigned failures)
{
    s->good_mono_ms = for_ms >= 0 ? MONO - for_ms : TIME_UNKNOWN;
    s->good_wall_ms = for_ms >= 0 ? WALL - for_ms : TIME_UNKNOWN;
    s->failures = failures;
    s->failing_since_wall_ms = WALL - 9 * MINUTE;
    s->why = (struct why){.code = code, .call = "ACall"};
    (void)str_copy(s->why.text, sizeof s->why.text, text);
}

/* ------------------------------------------------------------- every state */

static void ok__when_nothing_is_wrong(void **state)
{
    struct fixture *x = *state;
    judge(x);
    assert_int_equal(x->v.state, STATE_OK);
    assert_int_equal(x->v.ncauses, 0);
}

static void wait__before_the_first_answers(void **state)
{
    struct fixture *x = *state;
    x->view.secret = NULL;
    expect_text(x, STATE_WAIT, "waiting for Secrets Manager");
    x->view.logs = NULL;
    x->view.db = NULL;
    judge(x);
    assert_int_equal(x->v.ncauses, 3);
    x->env.mode = CONFIG_DEVELOPMENT; /* has no secret to wait for */
    x->env.log_groups = NULL;
    expect_text(x, STATE_WAIT, "waiting for the database");
    assert_int_equal(x->v.ncauses, 1);
}

static void failed__secret(void **state)
{
    struct fixture *x = *state;
    silence(&x->secret.snap, 1000, ERR_NOT_FOUND, "gone", 1);
    expect_text(x, STATE_FAILED, "secret prod/orders does not exist in this account and region");
    assert_true(x->v.causes[0].since_ms == WALL - 9 * MINUTE);
    good(&x->secret.snap);
    x->secret.deleted_ms = WALL - 90 * MINUTE;
    expect_text(x, STATE_FAILED, "the secret is scheduled for deletion since 10:30:00Z: no value can be read");
    x->secret.deleted_ms = WALL - 48 * 60 * MINUTE;
    expect_text(x, STATE_FAILED, "the secret is scheduled for deletion since 2026-11-22 12:00Z: no value can be read");
    x->secret.deleted_ms = TIME_UNKNOWN;
    x->secret.current_id[0] = '\0';
    expect_text(x, STATE_FAILED, "no version of the secret has the label AWSCURRENT");
    x->env.mode = CONFIG_DEVELOPMENT; /* does not use it */
    judge(x);
    assert_int_equal(x->v.state, STATE_OK);
}

static void failed__database(void **state)
{
    struct fixture *x = *state;
    x->db.result = DB_LOGIN_FAILED;
    x->db.failed = PHASE_AUTH;
    x->db.since_wall_ms = WALL - 5000;
    x->db.result_why = (struct why){.code = ERR_DB_AUTH, .text = "28P01 rejects the password"};
    expect_text(x, STATE_FAILED,
                "authentication: 28P01 rejects the password (login as \"app\" at db.example:5432)");
    assert_true(x->v.causes[0].since_ms == WALL - 5000);
    (void)str_copy(x->db.version_id, sizeof x->db.version_id, "v");
    x->db.result_why.text[0] = '\0';
    expect_text(
        x, STATE_FAILED,
        "authentication: database refused the login (login as \"app\" with AWSCURRENT at db.example:5432)");
    x->db.result = DB_UNREACHABLE;
    x->db.failed = PHASE_TLS;
    x->db.result_why = (struct why){.code = ERR_TLS, .text = "server has no TLS"};
    expect_text(x, STATE_FAILED, "db.example:5432 cannot be reached (TLS): server has no TLS");
    x->db.result = DB_NO_CREDENTIALS;
    x->db.result_why = (struct why){.code = ERR_SECRET_SHAPE, .call = "GetSecretValue", .text = "it is empty"};
    expect_text(x, STATE_FAILED,
                "no usable credentials: GetSecretValue: secret is not database credentials: it is empty");
    x->db.result_why = (struct why){.code = ERR_DENIED, .call = "GetSecretValue", .text = "no identity-based policy"};
    expect_text(x, STATE_UNKNOWN, "credtop may not read the secret, so no login is tried: GetSecretValue: permission "
                                  "denied: no identity-based policy");
    x->db.result = DB_REACHABLE;
    judge(x);
    assert_int_equal(x->v.state, STATE_OK);
}

static void poisoned__counts_containers_and_calls(void **state)
{
    struct fixture *x = *state;
    x->logs.ncontainers = 3;
    x->logs.active = 3;
    x->logs.poisoned = 2;
    x->rows[0] =
        (struct container_row){.state = CONTAINER_POISONED, .fell_back_ms = WALL - 5 * MINUTE, .stale_hits = 7};
    x->rows[1] =
        (struct container_row){.state = CONTAINER_POISONED, .fell_back_ms = WALL - 9 * MINUTE, .stale_hits = 2};
    x->rows[2] =
        (struct container_row){.state = CONTAINER_CURRENT, .fell_back_ms = WALL - 20 * MINUTE, .stale_hits = 99};
    expect_text(x, STATE_POISONED,
                "2 poisoned containers of 3: fell back to environment variables 11:51:00Z and never fetch again; "
                "9 calls since used no fetched password");
    assert_true(x->v.causes[0].since_ms == WALL - 9 * MINUTE);
    x->logs.poisoned = 1;
    x->rows[1].state = CONTAINER_CURRENT;
    x->rows[0].stale_hits = 1;
    expect_text(x, STATE_POISONED,
                "1 poisoned container of 3: fell back to environment variables 11:55:00Z and never fetches again; "
                "1 call since used no fetched password");
}

static void stale__names_the_moment(void **state)
{
    struct fixture *x = *state;
    x->logs.active = 5;
    x->logs.stale = 2;
    expect_text(x, STATE_STALE,
                "2 of 5 containers hold a version replaced 11:00:00Z and never fetch again: called in the last 10 "
                "minutes, they fail when they reconnect, and end only by being recycled");
    assert_true(x->v.causes[0].since_ms == WALL - 60 * MINUTE);
}

static void stuck_rotating__by_age(void **state)
{
    struct fixture *x = *state;
    (void)str_copy(x->secret.pending_id, sizeof x->secret.pending_id, "bbbbbbbb-2222");
    x->secret.pending_since_ms = WALL - 10 * MINUTE; /* not more than what is allowed */
    expect_text(x, STATE_ROTATING, "a rotation is in progress: AWSPENDING on version bbbbbbbb for 10m00s");
    x->secret.pending_since_ms = WALL - 10 * MINUTE - 1000;
    expect_text(x, STATE_STUCK,
                "the rotation stopped half way: AWSPENDING on bbbbbbbb for 10m01s, AWSCURRENT on aaaaaaaa; the next is "
                "refused until it is finished");
}

static void overdue__says_how_late(void **state)
{
    struct fixture *x = *state;
    x->secret.rotation = TRI_YES;
    x->secret.next_rotation_ms = WALL - 26 * 60 * MINUTE;
    expect_text(x, STATE_OVERDUE, "rotation was due 2026-11-23, 26h00m late; last rotated never");
    x->secret.last_rotated_ms = WALL - 30LL * 24 * 60 * MINUTE;
    x->secret.next_rotation_ms = WALL - 3LL * 24 * 60 * MINUTE;
    expect_text(x, STATE_OVERDUE, "rotation was due 2026-11-21, 3d late; last rotated 2026-10-25 12:00Z");
    x->secret.rotation = TRI_NO;
    judge(x);
    assert_int_equal(x->v.state, STATE_OK);
    x->secret.rotation = TRI_YES;
    x->secret.next_rotation_ms = WALL + 1;
    judge(x);
    assert_int_equal(x->v.state, STATE_OK);
}

static void errors__of_the_last_five_minutes(void **state)
{
    struct fixture *x = *state;
    x->logs.series[EVENT_FETCH_ERROR][SERIES_STEPS - 1] = 1;
    expect_text(x, STATE_ERRORS, "1 failed fetch in the last 5 minutes");
    x->logs.series[EVENT_FETCH_ERROR][SERIES_STEPS - 10] = 2;
    expect_text(x, STATE_ERRORS, "3 failed fetches in the last 5 minutes");
    x->logs.series[EVENT_FETCH_ERROR][SERIES_STEPS - 11] = 50; /* older */
    expect_text(x, STATE_ERRORS, "3 failed fetches in the last 5 minutes");
    memset(x->logs.series, 0, sizeof x->logs.series);
    x->logs.series[EVENT_DB_ERROR][SERIES_STEPS - 2] = 2;
    x->logs.last_db_error_ms = WALL - 40000;
    (void)str_copy(x->logs.last_db_error, sizeof x->logs.last_db_error, "connect ECONNREFUSED");
    expect_text(x, STATE_ERRORS, "2 database errors in the last 5 minutes, the last 11:59:20Z: connect ECONNREFUSED");
}

static void unknown__after_three_periods(void **state)
{
    struct fixture *x = *state;
    silence(&x->secret.snap, 90000, ERR_TIMEOUT, "", 3); /* three periods: not yet */
    judge(x);
    assert_int_equal(x->v.state, STATE_OK);
    silence(&x->secret.snap, 90001, ERR_TIMEOUT, "no answer", 3);
    expect_text(
        x, STATE_UNKNOWN,
        "no answer from Secrets Manager for 1m30s (ACall: timed out: no answer, 3 tries); last good data 11:58:29Z");
    assert_true(x->v.causes[0].since_ms == WALL - 9 * MINUTE);
    silence(&x->secret.snap, 90001, ERR_TIMEOUT, "no answer", 1);
    expect_text(
        x, STATE_UNKNOWN,
        "no answer from Secrets Manager for 1m30s (ACall: timed out: no answer, 1 try); last good data 11:58:29Z");
    silence(&x->secret.snap, -1, ERR_DENIED, "not yours", 1); /* never good: said at the first failure */
    expect_text(x, STATE_UNKNOWN, "nothing known from Secrets Manager: ACall: permission denied: not yours");
    good(&x->secret.snap);
    silence(&x->logs.snap, 40000, ERR_THROTTLED, "", 9);
    expect_text(x, STATE_UNKNOWN,
                "no answer from CloudWatch Logs for 40s (ACall: throttled, 9 tries); last good data 11:59:20Z");
    silence(&x->logs.snap, 100, ERR_NOT_FOUND, "no such group", 1);
    expect_text(x, STATE_UNKNOWN, "a log group does not exist (yet): no such group");
    good(&x->logs.snap);
    silence(&x->db.snap, 200000, ERR_OK, "", 0); /* nobody has tried for long: the program hangs */
    x->db.result_why.call[0] = '\0';
    judge(x);
    assert_int_equal(x->v.state, STATE_UNKNOWN);
}

static void unknown__for_one_reason__is_said_once(void **state)
{
    struct fixture *x = *state;
    silence(&x->secret.snap, -1, ERR_NO_CREDENTIALS, "no keys in the environment", 1);
    silence(&x->logs.snap, -1, ERR_NO_CREDENTIALS, "no keys in the environment", 1);
    silence(&x->db.snap, -1, ERR_NO_CREDENTIALS, "no keys in the environment", 1);
    x->db.result_why = x->db.snap.why;
    x->db.result = DB_NO_CREDENTIALS;
    expect_text(x, STATE_UNKNOWN, "no AWS credentials: no keys in the environment");
    assert_int_equal(x->v.ncauses, 1);
}

/* ------------------------------------------------------------- precedence */

static void causes__come_worst_first(void **state)
{
    struct fixture *x = *state;
    static const enum env_state order[] = {STATE_FAILED,  STATE_POISONED, STATE_UNKNOWN, STATE_STUCK,
                                           STATE_OVERDUE, STATE_STALE,    STATE_ERRORS,  STATE_ERRORS};
    x->db.result = DB_LOGIN_FAILED;
    x->db.failed = PHASE_AUTH;
    x->logs.poisoned = x->logs.stale = x->logs.ncontainers = 1;
    x->rows[0] = (struct container_row){.state = CONTAINER_POISONED, .fell_back_ms = WALL};
    silence(&x->logs.snap, 100000, ERR_TIMEOUT, "", 3);
    x->secret.pending_since_ms = WALL - 60 * MINUTE;
    x->secret.rotation = TRI_YES;
    x->secret.next_rotation_ms = WALL - MINUTE;
    x->logs.series[EVENT_FETCH_ERROR][SERIES_STEPS - 1] = 1;
    x->logs.series[EVENT_DB_ERROR][SERIES_STEPS - 1] = 1;
    judge(x);
    assert_int_equal(x->v.state, STATE_FAILED);
    assert_int_equal(x->v.ncauses, ARRAY_LEN(order));
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        assert_int_equal(x->v.causes[i].state, order[i]);
    /* one more than there is room for: the mildest is the one that is not told */
    silence(&x->secret.snap, 100000, ERR_TIMEOUT, "", 3);
    judge(x);
    assert_int_equal(x->v.ncauses, CAUSES_MAX);
    assert_int_equal(x->v.causes[0].state, STATE_FAILED);
    assert_int_equal(x->v.causes[3].state, STATE_UNKNOWN);
}

static void causes__long_words_are_cut_between_characters(void **state)
{
    struct fixture *x = *state;
    for (size_t shift = 0; shift < 4; shift++) {
        char *text = x->db.result_why.text;
        memset(x->db.host, 'h', sizeof x->db.host - 1); /* with it the words are too long for a cause */
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof x->db.result_why.text; i += 4)
            memcpy(text + i, "\xf0\x9f\x98\x80", 5);
        x->db.result = DB_LOGIN_FAILED;
        judge(x);
        assert_in_range(strlen(x->v.causes[0].text), sizeof x->v.causes[0].text - 4, sizeof x->v.causes[0].text - 1);
        assert_true(text_is_safe(x->v.causes[0].text, strlen(x->v.causes[0].text)));
    }
}

static void exit_status__table(void **state)
{
    static const struct {
        enum env_state a, b;
        int status;
    } rows[] = {
        {STATE_OK, STATE_OK, 0},          {STATE_OK, STATE_ROTATING, 0},
        {STATE_OK, STATE_STUCK, 1},       {STATE_OVERDUE, STATE_ROTATING, 1},
        {STATE_STALE, STATE_OK, 1},       {STATE_ERRORS, STATE_STUCK, 1},
        {STATE_FAILED, STATE_OK, 2},      {STATE_OK, STATE_POISONED, 2},
        {STATE_UNKNOWN, STATE_FAILED, 2}, {STATE_UNKNOWN, STATE_OK, 3},
        {STATE_WAIT, STATE_OK, 3},        {STATE_STUCK, STATE_UNKNOWN, 3},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct verdict v[2] = {{.state = rows[i].a}, {.state = rows[i].b}};
        assert_int_equal(verdict_exit_status(v, 2), rows[i].status);
    }
    assert_int_equal(verdict_exit_status(NULL, 0), 0);
}

/* ------------------------------------------------------------ model's sums */

static void log_count__sums_whole_steps(void **state)
{
    struct fixture *x = *state;
    struct log_snap *l = &x->logs;
    l->series[EVENT_HIT][SERIES_STEPS - 1] = 1; /* the running step */
    l->series[EVENT_HIT][SERIES_STEPS - 2] = 10;
    l->series[EVENT_HIT][SERIES_STEPS - 10] = 100;
    l->series[EVENT_HIT][SERIES_STEPS - 11] = 1000;
    l->series[EVENT_HIT][0] = 10000;
    assert_int_equal(log_count(l, EVENT_HIT, SERIES_STEP_MS, WALL), 1);
    assert_int_equal(log_count(l, EVENT_HIT, 2 * SERIES_STEP_MS, WALL), 11);
    assert_int_equal(log_count(l, EVENT_HIT, 5 * MINUTE, WALL), 111);
    assert_int_equal(log_count(l, EVENT_HIT, 60 * MINUTE, WALL), 11111);
    assert_int_equal(log_count(l, EVENT_HIT, 24 * 60 * MINUTE, WALL), 11111);
    assert_int_equal(log_count(l, EVENT_FETCH, 60 * MINUTE, WALL), 0);
    /* a snapshot that has grown old: its newest steps leave the window */
    assert_int_equal(log_count(l, EVENT_HIT, 5 * MINUTE, WALL + SERIES_STEP_MS), 11);
    assert_int_equal(log_count(l, EVENT_HIT, 5 * MINUTE, WALL + 10 * MINUTE), 0);
}

static void hit_ratio__is_of_all_uses(void **state)
{
    struct fixture *x = *state;
    struct log_snap *l = &x->logs;
    assert_true(log_hit_ratio(l, 5 * MINUTE, WALL) < 0);
    l->series[EVENT_HIT][SERIES_STEPS - 1] = 6;
    l->series[EVENT_FETCH][SERIES_STEPS - 1] = 1;
    l->series[EVENT_STALE_HIT][SERIES_STEPS - 1] = 1;
    l->series[EVENT_INVOCATION][SERIES_STEPS - 1] = 1000;
    assert_true(log_hit_ratio(l, 5 * MINUTE, WALL) > 0.7499 && log_hit_ratio(l, 5 * MINUTE, WALL) < 0.7501);
    l->series[EVENT_HIT][SERIES_STEPS - 1] = 0;
    assert_true(log_hit_ratio(l, 5 * MINUTE, WALL) >= 0 && log_hit_ratio(l, 5 * MINUTE, WALL) < 0.0001);
}

static void snap_is_old__after_three_periods(void **state)
{
    struct snap s;
    (void)state;
    good(&s);
    s.good_mono_ms = MONO;
    assert_false(snap_is_old(&s, 1000, MONO + 3000));
    assert_true(snap_is_old(&s, 1000, MONO + 3001));
    s.good_mono_ms = TIME_UNKNOWN;
    assert_false(snap_is_old(&s, 1000, MONO + 3001));
    s.failures = 1;
    assert_true(snap_is_old(&s, 1000, 0));
}

static void words__for_every_row_and_none(void **state)
{
    (void)state;
    for (int i = 0; i <= STATE_COUNT; i++) {
        assert_true(env_state_word((enum env_state)i)[0] != '\0' && env_state_help((enum env_state)i)[0] != '\0');
        assert_int_equal(strcmp(env_state_word((enum env_state)i), "?") == 0, i == STATE_COUNT);
    }
    for (int i = 0; i <= EVENT_KINDS; i++)
        assert_int_equal(strcmp(event_word((enum event_kind)i), "?") == 0, i == EVENT_KINDS);
    for (int i = 0; i <= PHASE_COUNT; i++)
        assert_int_equal(strcmp(db_phase_word((enum db_phase)i), "?") == 0, i == PHASE_COUNT);
    assert_int_equal(env_state_severity(STATE_COUNT), SEVERITY_UNKNOWN);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ok__when_nothing_is_wrong),
        CASE(wait__before_the_first_answers),
        CASE(failed__secret),
        CASE(failed__database),
        CASE(poisoned__counts_containers_and_calls),
        CASE(stale__names_the_moment),
        CASE(stuck_rotating__by_age),
        CASE(overdue__says_how_late),
        CASE(errors__of_the_last_five_minutes),
        CASE(unknown__after_three_periods),
        CASE(unknown__for_one_reason__is_said_once),
        CASE(causes__come_worst_first),
        CASE(causes__long_words_are_cut_between_characters),
        cmocka_unit_test(exit_status__table),
        CASE(log_count__sums_whole_steps),
        CASE(hit_ratio__is_of_all_uses),
        cmocka_unit_test(snap_is_old__after_three_periods),
        cmocka_unit_test(words__for_every_row_and_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
