/* The posture: every row passes, warns, fails and says that it does not know; in words that
 * name names and dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/posture.h"

#define WALL 1795521600000LL /* 2026-11-24T12:00:00Z */
#define MONO 5000000LL
#define MINUTE 60000LL
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

struct fixture {
    struct config conf;
    struct config_environment env;
    struct secret_snap secret;
    struct log_snap logs;
    struct db_snap db;
    struct container_row rows[3];
    struct function_snap *function;
    size_t texts;
    struct board board;
    struct env_view view;
    struct posture p;
};

static void good(struct snap *s)
{
    *s = (struct snap){.good_mono_ms = MONO - 1000,
                       .good_wall_ms = WALL - 1000,
                       .tried_mono_ms = MONO - 1000,
                       .failing_since_wall_ms = TIME_UNKNOWN};
}

static uint16_t text_of(struct fixture *x, const char *text)
{
    size_t at = x->texts;
    assert_true(str_copy(x->function->text + at, 1024 - at, text));
    x->texts += strlen(text) + 1;
    return (uint16_t)at;
}

static void set(struct fixture *x, enum function_variable v, const char *value)
{
    x->function->setup.value[v] = value != NULL ? text_of(x, value) : 0;
}

static void set_up_database(struct fixture *x)
{
    struct db_snap *d = &x->db;
    d->result = DB_LOGIN_OK;
    d->port = 5432;
    d->server_version = 150018;
    d->max_connections = 100;
    d->used_connections = 12;
    d->valid_until_ms = TIME_UNKNOWN;
    d->certificate = (struct db_certificate){.subject = "db.example", .expires_ms = WALL + 61 * DAY, .ca = "RDS CA",
                                             .ca_expires_ms = WALL + 900 * DAY, .verified = true};
    (void)str_copy(d->host, sizeof d->host, "db.example");
    (void)str_copy(d->dbname, sizeof d->dbname, "orders");
    (void)str_copy(d->user, sizeof d->user, "app");
    (void)str_copy(d->current_user, sizeof d->current_user, "app");
    (void)str_copy(d->version_id, sizeof d->version_id, "aaaaaaaa-1111");
    (void)str_copy(d->sslmode, sizeof d->sslmode, "verify-full");
    (void)str_copy(d->tls_protocol, sizeof d->tls_protocol, "TLSv1.3");
    (void)str_copy(d->auth_method, sizeof d->auth_method, "SCRAM-SHA-256-PLUS");
    (void)str_copy(d->password_encryption, sizeof d->password_encryption, "scram-sha-256");
}

static void set_up_function(struct fixture *x)
{
    struct function_snap *f = x->function;
    good(&f->snap);
    f->named = true;
    f->setup = (struct function_setup){.modified_ms = WALL - 2 * HOUR, .nvariables = 7};
    x->texts = 1;
    (void)str_copy(f->setup.state, sizeof f->setup.state, "Active");
    (void)str_copy(f->setup.update, sizeof f->setup.update, "Successful");
    set(x, FUNCTION_NODE_ENV, "production");
    set(x, FUNCTION_DB_SECRET_NAME, "prod/orders");
    set(x, FUNCTION_DB_HOST, "db.example");
    set(x, FUNCTION_DB_PORT, "5432");
    set(x, FUNCTION_DB_NAME, "orders");
    set(x, FUNCTION_DB_USER, "app");
    f->group_days[0] = 30;
    f->groups_wall_ms = WALL - 1000;
}

/* An environment in which all is well; each case breaks something. */
static int set_up(void **state)
{
    static const char *const groups[] = {"/aws/lambda/orders", NULL};
    struct fixture *x = mem_new(sizeof *x);
    x->function = mem_new(sizeof *x->function + 1024);
    x->env = (struct config_environment){.name = "prod", .mode = CONFIG_PRODUCTION, .secret = "prod/orders",
                                         .function = "orders", .rotation = "auto", .log_groups = groups};
    x->conf = (struct config){.secret_poll_ms = 30000, .log_poll_ms = 10000, .database_poll_ms = 60000,
                              .pending_stuck_ms = 10 * MINUTE, .nenvironments = 1, .environments = &x->env};
    good(&x->secret.snap);
    good(&x->logs.snap);
    good(&x->db.snap);
    struct secret_snap *s = &x->secret;
    (void)str_copy(s->name, sizeof s->name, "prod/orders");
    (void)str_copy(s->arn, sizeof s->arn, "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/orders-AbCdEf");
    (void)str_copy(s->current_id, sizeof s->current_id, "aaaaaaaa-1111");
    (void)str_copy(s->rotation_rule, sizeof s->rotation_rule, "every 30d");
    s->rotation = TRI_YES;
    s->created_ms = s->last_changed_ms = s->deleted_ms = s->pending_since_ms = TIME_UNKNOWN;
    s->last_rotated_ms = s->current_since_ms = WALL - 10 * DAY;
    s->next_rotation_ms = WALL + 20 * DAY;
    s->nversions = 1;
    s->versions[0].labels = LABEL_CURRENT;
    s->versions[0].created_ms = WALL - 10 * DAY;
    x->logs.series_end_ms = WALL + SERIES_STEP_MS;
    x->logs.from_ms = WALL - 3 * HOUR;
    x->logs.label_known = true;
    x->logs.last_db_error_ms = x->logs.last_fallback_ms = TIME_UNKNOWN;
    x->logs.last_fetch_ms = WALL - HOUR;
    x->logs.containers = x->rows;
    x->logs.active = 2;
    set_up_database(x);
    set_up_function(x);
    x->board = (struct board){.conf = &x->conf, .mono_ms = MONO, .wall_ms = WALL, .n = 1, .envs = &x->view};
    x->view = (struct env_view){.conf = &x->env, .secret = s, .logs = &x->logs, .db = &x->db, .function = x->function};
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    free(x->function);
    free(x);
    return 0;
}

/* Judges; the results without words must be the same ones. */
static void judge(struct fixture *x)
{
    uint8_t brief[POSTURE_CHECKS];
    posture_judge(&x->board, &x->view, &x->p);
    posture_results(&x->board, &x->view, brief);
    for (size_t i = 0; i < POSTURE_CHECKS; i++) {
        if (x->p.of[i].found[0] == '\0')
            fail_msg("%s is not told", posture_row((enum posture_check)i)->name);
        assert_int_equal(brief[i], x->p.of[i].result);
    }
}

static void expect(struct fixture *x, enum posture_check c, enum posture_result r, const char *found)
{
    judge(x);
    const struct finding *f = &x->p.of[c];
    if (f->result != r || strstr(f->found, found) == NULL)
        fail_msg("%s: %s \"%s\", not %s \"%s\"", posture_row(c)->name, posture_name(f->result), f->found,
                 posture_name(r), found);
}

static void silence(struct snap *s, enum err code, const char *text)
{
    s->good_mono_ms = MONO - 30 * DAY;
    s->good_wall_ms = WALL - 30 * DAY;
    s->failures = 3;
    s->why = (struct why){.code = code, .call = "ACall"};
    (void)str_copy(s->why.text, sizeof s->why.text, text);
}

/* ------------------------------------------------------------------ all of it */

static void rows__have_all_their_words(void **state)
{
    (void)state;
    for (enum posture_check c = 0; c < POSTURE_CHECKS; c++) {
        const struct posture_row *r = posture_row(c);
        assert_in_range(strlen(r->word), 1, 6);
        assert_true(r->title[0] && r->why[0] && r->mend[0]);
        assert_true(r->severity == POSTURE_FAIL || r->severity == POSTURE_WARN);
        for (enum posture_check d = 0; d < c; d++)
            assert_string_not_equal(posture_row(d)->word, r->word);
        assert_true(c == 0 || posture_row(c - 1)->subject <= r->subject); /* together, as they are printed */
    }
}

static void all__pass__when_nothing_is_wrong(void **state)
{
    struct fixture *x = *state;
    judge(x);
    for (enum posture_check c = 0; c < POSTURE_CHECKS; c++)
        if (x->p.of[c].result != POSTURE_PASS)
            fail_msg("%s: %s", posture_row(c)->name, x->p.of[c].found);
    assert_int_equal(x->p.n[POSTURE_PASS], POSTURE_CHECKS);
    assert_int_equal(posture_exit_status(&x->p), 0);
}

static void all__are_unknown__before_the_first_answers(void **state)
{
    struct fixture *x = *state;
    x->view = (struct env_view){.conf = &x->env};
    judge(x);
    assert_int_equal(x->p.n[POSTURE_UNKNOWN], POSTURE_CHECKS);
    assert_int_equal(x->p.barred, 0);
    assert_int_equal(posture_exit_status(&x->p), 3);
}

static void all__are_unknown__when_the_sources_are_silent(void **state)
{
    struct fixture *x = *state;
    silence(&x->secret.snap, ERR_TIMEOUT, "no answer in 10 s");
    silence(&x->logs.snap, ERR_THROTTLED, "");
    silence(&x->db.snap, ERR_TIMEOUT, "");
    silence(&x->function->snap, ERR_DENIED, "no identity-based policy allows it");
    expect(x, POSTURE_SECRET, POSTURE_UNKNOWN, "no answer from Secrets Manager since 2026-10-25T12:00:00Z: ACall: timed out");
    expect(x, POSTURE_NODE_ENV, POSTURE_UNKNOWN, "permission denied: no identity-based policy");
    expect(x, POSTURE_FALLBACK, POSTURE_UNKNOWN, "throttled");
    expect(x, POSTURE_TLS, POSTURE_UNKNOWN, "no answer from the database");
    assert_int_equal(x->p.n[POSTURE_UNKNOWN] + x->p.n[POSTURE_PASS], POSTURE_CHECKS);
    assert_int_equal(x->p.n[POSTURE_PASS], 2); /* the value that was read, and the retention */
}

static void development__has_a_login_alone(void **state)
{
    struct fixture *x = *state;
    x->env.mode = CONFIG_DEVELOPMENT;
    x->view.secret = NULL;
    x->view.function = NULL;
    judge(x);
    assert_int_equal(x->p.n[POSTURE_NOT_APPLICABLE], POSTURE_CHECKS - 1);
    assert_int_equal(x->p.of[POSTURE_LOGIN].result, POSTURE_PASS);
}

static void audit__bars_what_it_does_not_look_at(void **state)
{
    struct fixture *x = *state;
    x->board.audit = true;
    x->function->barred = true;
    x->db.result = DB_REACHABLE;
    x->db.server_version = 0;
    x->db.auth_method[0] = '\0';
    expect(x, POSTURE_PLAIN, POSTURE_UNKNOWN, "audit_function_names");
    expect(x, POSTURE_SHAPE, POSTURE_UNKNOWN, "audit mode reads no secret");
    expect(x, POSTURE_LOGIN, POSTURE_UNKNOWN, "audit mode logs in nowhere");
    expect(x, POSTURE_TLS, POSTURE_PASS, "TLSv1.3"); /* the server shows it to anybody */
    assert_int_equal(x->p.n[POSTURE_UNKNOWN], x->p.barred);
    assert_int_equal(posture_exit_status(&x->p), 0); /* what is barred is not held against it */
    x->secret.current_id[0] = '\0';
    judge(x);
    assert_int_equal(posture_exit_status(&x->p), 2);
}

static void exit_status__is_the_worst(void **state)
{
    struct posture p = {.n = {[POSTURE_PASS] = 9}};
    (void)state;
    assert_int_equal(posture_exit_status(&p), 0);
    p.n[POSTURE_WARN] = 1;
    assert_int_equal(posture_exit_status(&p), 1);
    p.n[POSTURE_UNKNOWN] = p.barred = 2;
    assert_int_equal(posture_exit_status(&p), 1);
    p.n[POSTURE_UNKNOWN] = 3;
    assert_int_equal(posture_exit_status(&p), 3);
    p.n[POSTURE_FAIL] = 1;
    assert_int_equal(posture_exit_status(&p), 2);
}

static void mend__names_the_environment(void **state)
{
    char mend[320];
    (void)state;
    assert_string_equal(posture_mend(POSTURE_STALE, "prod-eu", mend), "credtop recycle prod-eu");
    assert_string_equal(posture_mend(POSTURE_CERTIFICATE, "prod-eu", mend), "rotate the server's certificate");
}

/* -------------------------------------------------------------------- secret */

static void secret__is_there_and_whole(void **state)
{
    struct fixture *x = *state;
    x->secret.deleted_ms = WALL - DAY;
    expect(x, POSTURE_SECRET, POSTURE_FAIL, "scheduled for deletion since 2026-11-23");
    x->secret.deleted_ms = TIME_UNKNOWN;
    x->secret.current_id[0] = '\0';
    expect(x, POSTURE_SECRET, POSTURE_FAIL, "no version has the label AWSCURRENT");
    silence(&x->secret.snap, ERR_NOT_FOUND, "");
    expect(x, POSTURE_SECRET, POSTURE_FAIL, "prod/orders does not exist");
    assert_int_equal(x->p.of[POSTURE_ROTATION].result, POSTURE_NOT_APPLICABLE);
    good(&x->secret.snap);
    x->db.result = DB_NO_CREDENTIALS;
    x->db.result_why = (struct why){.code = ERR_SECRET_SHAPE, .call = "GetSecretValue", .text = "it has no password"};
    expect(x, POSTURE_SHAPE, POSTURE_FAIL, "it has no password");
    x->db.result_why = (struct why){.code = ERR_DENIED, .call = "GetSecretValue", .text = "not yours"};
    expect(x, POSTURE_SHAPE, POSTURE_UNKNOWN, "not yours");
    expect(x, POSTURE_LOGIN, POSTURE_UNKNOWN, "not yours");
}

static void rotation__on_due_and_often_enough(void **state)
{
    struct fixture *x = *state;
    struct secret_snap *s = &x->secret;
    expect(x, POSTURE_ROTATION, POSTURE_PASS, "on, every 30d");
    s->next_rotation_ms = WALL - 11 * DAY;
    expect(x, POSTURE_OVERDUE, POSTURE_FAIL, "was due 2026-11-13, 11 days ago; last rotated 2026-11-14");
    s->next_rotation_ms = TIME_UNKNOWN;
    expect(x, POSTURE_OVERDUE, POSTURE_UNKNOWN, "no next date");
    (void)str_copy(s->rotation_rule, sizeof s->rotation_rule, "every 180d");
    expect(x, POSTURE_INTERVAL, POSTURE_WARN, "every 180 days");
    (void)str_copy(s->rotation_rule, sizeof s->rotation_rule, "rate(4 hours)");
    expect(x, POSTURE_INTERVAL, POSTURE_WARN, "every 4 hours: containers live for hours");
    (void)str_copy(s->rotation_rule, sizeof s->rotation_rule, "rate(45 days)");
    expect(x, POSTURE_INTERVAL, POSTURE_PASS, "every 45 days");
    (void)str_copy(s->rotation_rule, sizeof s->rotation_rule, "cron(0 8 1 * ? *)");
    expect(x, POSTURE_INTERVAL, POSTURE_UNKNOWN, "cron(0 8 1 * ? *)");
    s->next_rotation_ms = s->last_rotated_ms + 31 * DAY; /* what the dates say */
    expect(x, POSTURE_INTERVAL, POSTURE_PASS, "every 31 days");
    s->rotation = TRI_NO;
    expect(x, POSTURE_ROTATION, POSTURE_WARN, "rotation is off");
    assert_int_equal(x->p.of[POSTURE_OVERDUE].result, POSTURE_NOT_APPLICABLE);
    x->env.rotation = "credtop";
    expect(x, POSTURE_ROTATION, POSTURE_WARN, "credtop rotates when it is told to");
}

static void pending_age_owner__of_the_secret(void **state)
{
    struct fixture *x = *state;
    struct secret_snap *s = &x->secret;
    (void)str_copy(s->pending_id, sizeof s->pending_id, "bbbbbbbb-2222");
    s->pending_since_ms = WALL - 5 * MINUTE;
    expect(x, POSTURE_PENDING, POSTURE_PASS, "in progress");
    s->pending_since_ms = WALL - 3 * DAY;
    expect(x, POSTURE_PENDING, POSTURE_FAIL, "AWSPENDING has been on bbbbbbbb for 3 days; AWSCURRENT is aaaaaaaa");
    s->versions[0].created_ms = WALL - 91 * DAY;
    expect(x, POSTURE_AGE, POSTURE_WARN, "of 2026-08-25, 91 days old");
    s->versions[0].created_ms = TIME_UNKNOWN;
    expect(x, POSTURE_AGE, POSTURE_PASS, "10 days old");
    s->current_since_ms = TIME_UNKNOWN;
    expect(x, POSTURE_AGE, POSTURE_UNKNOWN, "is not known");
    (void)str_copy(s->owning_service, sizeof s->owning_service, "rds");
    expect(x, POSTURE_OWNER, POSTURE_PASS, "rds manages it");
    x->env.rotation = "credtop";
    expect(x, POSTURE_OWNER, POSTURE_WARN, "rotation = credtop");
    s->owning_service[0] = '\0';
    (void)str_copy(s->primary_region, sizeof s->primary_region, "us-east-1");
    expect(x, POSTURE_OWNER, POSTURE_WARN, "a replica of us-east-1");
}

/* ------------------------------------------------------------------ function */

static void function__is_there(void **state)
{
    struct fixture *x = *state;
    (void)str_copy(x->function->setup.update, sizeof x->function->setup.update, "Failed");
    expect(x, POSTURE_FUNCTION, POSTURE_FAIL, "last update Failed");
    (void)str_copy(x->function->setup.update, sizeof x->function->setup.update, "InProgress");
    expect(x, POSTURE_FUNCTION, POSTURE_UNKNOWN, "in progress");
    silence(&x->function->snap, ERR_NOT_FOUND, "");
    expect(x, POSTURE_FUNCTION, POSTURE_FAIL, "orders does not exist");
    assert_int_equal(x->p.of[POSTURE_PLAIN].result, POSTURE_NOT_APPLICABLE);
    x->env.function = NULL;
    expect(x, POSTURE_FUNCTION, POSTURE_NOT_APPLICABLE, "names no function");
}

static void variables__as_the_flow_wants_them(void **state)
{
    struct fixture *x = *state;
    set(x, FUNCTION_NODE_ENV, "staging");
    expect(x, POSTURE_NODE_ENV, POSTURE_FAIL, "NODE_ENV is \"staging\"");
    set(x, FUNCTION_NODE_ENV, NULL);
    expect(x, POSTURE_NODE_ENV, POSTURE_FAIL, "not set");
    set(x, FUNCTION_DB_SECRET_NAME, "prod/other");
    expect(x, POSTURE_SECRET_NAME, POSTURE_FAIL, "it names \"prod/other\", not prod/orders");
    set(x, FUNCTION_DB_SECRET_NAME, NULL);
    expect(x, POSTURE_SECRET_NAME, POSTURE_FAIL, "not set");
    set(x, FUNCTION_DB_SECRET_NAME, x->secret.arn);
    expect(x, POSTURE_SECRET_NAME, POSTURE_PASS, "AbCdEf");
    set(x, FUNCTION_DB_SECRET_NAME, "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/orders");
    expect(x, POSTURE_SECRET_NAME, POSTURE_PASS, "prod/orders");
    x->function->setup.secrets = text_of(x, "STRIPE_TOKEN");
    expect(x, POSTURE_PLAIN, POSTURE_WARN, "STRIPE_TOKEN");
    x->function->setup.passwords = text_of(x, "DB_PASSWORD, DATABASE_URL");
    expect(x, POSTURE_PLAIN, POSTURE_FAIL, "in plain sight: DB_PASSWORD, DATABASE_URL");
    x->function->setup.hidden = true;
    expect(x, POSTURE_PLAIN, POSTURE_UNKNOWN, "does not show the variables");
    expect(x, POSTURE_NODE_ENV, POSTURE_UNKNOWN, "does not show the variables");
}

static void target__is_what_is_tested_here(void **state)
{
    struct fixture *x = *state;
    set(x, FUNCTION_DB_USER, "app_clone"); /* the other half of alternating users */
    expect(x, POSTURE_TARGET, POSTURE_PASS, "db.example:5432/orders as app_clone");
    set(x, FUNCTION_DB_USER, "app_clone2");
    expect(x, POSTURE_TARGET, POSTURE_WARN, "DB_USER is app_clone2, here app");
    set(x, FUNCTION_DB_HOST, NULL);
    set(x, FUNCTION_DB_PORT, "");
    expect(x, POSTURE_TARGET, POSTURE_WARN, "not set: DB_HOST, DB_PORT; DB_USER is");
    set_up_function(x);
    x->db.host[0] = '\0';
    expect(x, POSTURE_TARGET, POSTURE_UNKNOWN, "no login yet");
}

static void deployed__a_fetch_since(void **state)
{
    struct fixture *x = *state;
    expect(x, POSTURE_DEPLOYED, POSTURE_PASS, "modified 2026-11-24, 2 hours ago; last fetch 60 minutes ago");
    x->function->setup.modified_ms = WALL - 30 * MINUTE; /* after the last fetch */
    expect(x, POSTURE_DEPLOYED, POSTURE_UNKNOWN, "no container that began since");
    x->logs.ncontainers = 2;
    x->rows[0] = (struct container_row){.started_ms = WALL - DAY, .fetched_ms = WALL - DAY, .invocations = 9};
    x->rows[1] = (struct container_row){.started_ms = WALL - 10 * MINUTE, .fetched_ms = TIME_UNKNOWN, .invocations = 0};
    expect(x, POSTURE_DEPLOYED, POSTURE_UNKNOWN, "no container that began since"); /* begun, not called */
    x->rows[1].invocations = 3;
    expect(x, POSTURE_DEPLOYED, POSTURE_FAIL, "1 container begun and called since, and none has fetched");
    x->logs.backfilling = true;
    expect(x, POSTURE_DEPLOYED, POSTURE_UNKNOWN, "still being read");
    x->rows[1].fetched_ms = WALL - 10 * MINUTE;
    expect(x, POSTURE_DEPLOYED, POSTURE_PASS, "last fetch 10 minutes ago");
    x->function->setup.modified_ms = TIME_UNKNOWN;
    expect(x, POSTURE_DEPLOYED, POSTURE_UNKNOWN, "does not say when");
    x->env.log_groups = NULL;
    expect(x, POSTURE_DEPLOYED, POSTURE_NOT_APPLICABLE, "no log group");
}

static void lines__reach_a_group_that_is_read(void **state)
{
    struct fixture *x = *state;
    x->function->setup.log_group = text_of(x, "/aws/lambda/orders");
    expect(x, POSTURE_LINES, POSTURE_PASS, "/aws/lambda/orders");
    x->function->setup.log_group = text_of(x, "/shared/group");
    expect(x, POSTURE_LINES, POSTURE_WARN, "/shared/group, which is not read here");
    x->function->setup.log_group = 0;
    (void)str_copy(x->function->setup.system_level, sizeof x->function->setup.system_level, "WARN");
    expect(x, POSTURE_LINES, POSTURE_WARN, "SystemLogLevel");
    (void)str_copy(x->function->setup.app_level, sizeof x->function->setup.app_level, "ERROR");
    expect(x, POSTURE_LINES, POSTURE_WARN, "ApplicationLogLevel is ERROR");
    x->env.log_groups = NULL;
    expect(x, POSTURE_LINES, POSTURE_WARN, "no log group is configured");
    assert_int_equal(x->p.of[POSTURE_RETENTION].result, POSTURE_NOT_APPLICABLE);
}

/* ---------------------------------------------------------------------- logs */

static void retention__of_the_worst_group(void **state)
{
    static const char *const groups[] = {"/a", "/b", NULL};
    struct fixture *x = *state;
    x->env.log_groups = groups;
    x->function->group_days[1] = 14;
    expect(x, POSTURE_RETENTION, POSTURE_PASS, "30 days at most");
    x->function->group_days[1] = GROUP_MISSING;
    expect(x, POSTURE_RETENTION, POSTURE_UNKNOWN, "/b does not exist (yet)");
    x->function->group_days[0] = GROUP_UNKNOWN;
    (void)str_copy(x->function->group_why, sizeof x->function->group_why, "permission denied");
    expect(x, POSTURE_RETENTION, POSTURE_UNKNOWN, "/a: permission denied");
    x->function->group_days[1] = GROUP_NEVER_ENDS;
    expect(x, POSTURE_RETENTION, POSTURE_WARN, "/b keeps its lines for ever");
}

static void logs__tell_of_containers_and_errors(void **state)
{
    struct fixture *x = *state;
    struct log_snap *l = &x->logs;
    l->total[EVENT_FALLBACK] = 2;
    l->last_fallback_ms = WALL - 20 * MINUTE;
    expect(x, POSTURE_FALLBACK, POSTURE_FAIL, "2 in the last 3 hours, the last 20 minutes ago");
    l->poisoned = 1;
    expect(x, POSTURE_POISONED, POSTURE_FAIL, "1 of 2 containers");
    l->stale = 2;
    expect(x, POSTURE_STALE, POSTURE_WARN, "2 of 2 containers");
    l->series[EVENT_DB_ERROR][SERIES_STEPS - 2] = 3;
    (void)str_copy(l->last_db_error, sizeof l->last_db_error, "connect ECONNREFUSED");
    expect(x, POSTURE_ERRORS, POSTURE_WARN, "3 database errors; the last: connect ECONNREFUSED");
    memset(l->series, 0, sizeof l->series);
    l->total[EVENT_FALLBACK] = 0;
    l->poisoned = l->stale = 0;
    l->backfilling = true;
    for (enum posture_check c = POSTURE_FALLBACK; c <= POSTURE_ERRORS; c++)
        expect(x, c, POSTURE_UNKNOWN, "");
    l->backfilling = false;
    l->label_known = false;
    expect(x, POSTURE_STALE, POSTURE_UNKNOWN, "when AWSCURRENT moved is not known");
}

/* ------------------------------------------------------------------ database */

static void login__with_the_current_version(void **state)
{
    struct fixture *x = *state;
    expect(x, POSTURE_LOGIN, POSTURE_PASS, "app with AWSCURRENT aaaaaaaa");
    x->db.fell_back = true;
    expect(x, POSTURE_LOGIN, POSTURE_FAIL, "the fetch failed");
    x->db.result = DB_LOGIN_FAILED;
    x->db.failed = PHASE_AUTH;
    x->db.result_why = (struct why){.code = ERR_DB_AUTH, .text = "28P01 rejects the password"};
    expect(x, POSTURE_LOGIN, POSTURE_FAIL, "authentication: 28P01 rejects the password");
    x->db.result = DB_NOT_TRIED;
    expect(x, POSTURE_LOGIN, POSTURE_UNKNOWN, "not tried yet");
}

static void tls__is_there_and_verified(void **state)
{
    struct fixture *x = *state;
    struct db_snap *d = &x->db;
    (void)str_copy(d->sslmode, sizeof d->sslmode, "verify-ca");
    expect(x, POSTURE_TLS, POSTURE_WARN, "the name in the certificate is not checked");
    (void)str_copy(d->tls_protocol, sizeof d->tls_protocol, "TLSv1.1");
    expect(x, POSTURE_TLS, POSTURE_WARN, "outdated");
    d->certificate.verified = false;
    (void)str_copy(d->sslmode, sizeof d->sslmode, "require");
    expect(x, POSTURE_TLS, POSTURE_FAIL, "the certificate is not checked (sslmode require)");
    d->tls_protocol[0] = '\0';
    expect(x, POSTURE_TLS, POSTURE_FAIL, "clear text");
    d->result = DB_LOGIN_FAILED;
    d->result_why = (struct why){.code = ERR_TLS, .text = "the server has no TLS"};
    expect(x, POSTURE_TLS, POSTURE_FAIL, "the server has no TLS");
    d->result_why.code = ERR_CONNECT;
    expect(x, POSTURE_TLS, POSTURE_UNKNOWN, "has been seen yet");
    (void)str_copy(d->host, sizeof d->host, "/run/postgresql");
    expect(x, POSTURE_TLS, POSTURE_NOT_APPLICABLE, "local socket");
}

static void certificates__end(void **state)
{
    struct fixture *x = *state;
    struct db_certificate *e = &x->db.certificate;
    e->expires_ms = WALL + 29 * DAY;
    expect(x, POSTURE_CERTIFICATE, POSTURE_WARN, "db.example ends 2026-12-23, in 29 days");
    e->expires_ms = WALL + 6 * DAY;
    expect(x, POSTURE_CERTIFICATE, POSTURE_FAIL, "in 6 days");
    e->expires_ms = WALL - DAY;
    expect(x, POSTURE_CERTIFICATE, POSTURE_FAIL, "db.example ended 2026-11-23");
    e->ca_expires_ms = WALL + 8 * DAY;
    expect(x, POSTURE_AUTHORITY, POSTURE_WARN, "RDS CA ends");
    e->ca_expires_ms = WALL + 2 * DAY;
    expect(x, POSTURE_AUTHORITY, POSTURE_FAIL, "RDS CA ends");
    e->ca_expires_ms = e->expires_ms = TIME_UNKNOWN;
    expect(x, POSTURE_CERTIFICATE, POSTURE_UNKNOWN, "no certificate");
    x->db.tls_protocol[0] = '\0';
    expect(x, POSTURE_CERTIFICATE, POSTURE_NOT_APPLICABLE, "no TLS");
}

static void role__is_no_superuser_and_proves_by_scram(void **state)
{
    struct fixture *x = *state;
    struct db_snap *d = &x->db;
    d->superuser = true;
    expect(x, POSTURE_SUPERUSER, POSTURE_FAIL, "app is a superuser");
    (void)str_copy(d->password_encryption, sizeof d->password_encryption, "md5");
    expect(x, POSTURE_SCRAM, POSTURE_WARN, "new passwords would be md5");
    (void)str_copy(d->auth_method, sizeof d->auth_method, "MD5");
    expect(x, POSTURE_SCRAM, POSTURE_FAIL, "the server asks for MD5");
    d->auth_method[0] = '\0';
    expect(x, POSTURE_SCRAM, POSTURE_UNKNOWN, "has not been seen");
    d->server_version = 0; /* no login has come that far */
    for (enum posture_check c = POSTURE_SUPERUSER; c <= POSTURE_PRIMARY; c++)
        expect(x, c, POSTURE_UNKNOWN, "no login has come that far yet");
}

static void password__is_valid_until_the_rotation(void **state)
{
    struct fixture *x = *state;
    x->db.valid_until_ms = WALL + 40 * DAY;
    expect(x, POSTURE_VALID, POSTURE_PASS, "it ends 2027-01-03, after the rotation");
    x->db.valid_until_ms = WALL + 19 * DAY;
    expect(x, POSTURE_VALID, POSTURE_FAIL, "it ends 2026-12-13, before the rotation of 2026-12-14");
    x->db.valid_until_ms = WALL - 1;
    expect(x, POSTURE_VALID, POSTURE_FAIL, "it ended 2026-11-24");
    x->secret.rotation = TRI_NO;
    x->db.valid_until_ms = WALL + 19 * DAY;
    expect(x, POSTURE_VALID, POSTURE_WARN, "no rotation is due before");
}

static void server__has_room_and_fixes_and_can_be_written(void **state)
{
    struct fixture *x = *state;
    struct db_snap *d = &x->db;
    d->used_connections = 89;
    expect(x, POSTURE_CONNECTIONS, POSTURE_PASS, "89 of 100");
    d->used_connections = 90;
    expect(x, POSTURE_CONNECTIONS, POSTURE_WARN, "90 of 100 are used");
    d->max_connections = -1;
    expect(x, POSTURE_CONNECTIONS, POSTURE_UNKNOWN, "not known");
    d->server_version = 140011;
    expect(x, POSTURE_ENGINE, POSTURE_PASS, "PostgreSQL 14.11, whose fixes end in 2026-11"); /* this very month */
    d->server_version = 130014;
    expect(x, POSTURE_ENGINE, POSTURE_WARN, "2025-11");
    d->server_version = 90624;
    expect(x, POSTURE_ENGINE, POSTURE_WARN, "version 9");
    d->standby = true;
    expect(x, POSTURE_PRIMARY, POSTURE_WARN, "db.example is a standby");
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows__have_all_their_words),
        cmocka_unit_test(exit_status__is_the_worst),
        cmocka_unit_test(mend__names_the_environment),
        CASE(all__pass__when_nothing_is_wrong),
        CASE(all__are_unknown__before_the_first_answers),
        CASE(all__are_unknown__when_the_sources_are_silent),
        CASE(development__has_a_login_alone),
        CASE(audit__bars_what_it_does_not_look_at),
        CASE(secret__is_there_and_whole),
        CASE(rotation__on_due_and_often_enough),
        CASE(pending_age_owner__of_the_secret),
        CASE(function__is_there),
        CASE(variables__as_the_flow_wants_them),
        CASE(target__is_what_is_tested_here),
        CASE(deployed__a_fetch_since),
        CASE(lines__reach_a_group_that_is_read),
        CASE(retention__of_the_worst_group),
        CASE(logs__tell_of_containers_and_errors),
        CASE(login__with_the_current_version),
        CASE(tls__is_there_and_verified),
        CASE(certificates__end),
        CASE(role__is_no_superuser_and_proves_by_scram),
        CASE(password__is_valid_until_the_rotation),
        CASE(server__has_room_and_fixes_and_can_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
