/* The credential flow, rule by rule: which environment asks whom, what it logs word for
 * word, that it asks once, and .env files as they are met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "backend/aws/json.h"
#include "backend/credentials/flow.h"
#include "tests/unit/fake_aws.h"

#define VALUE                                                                                                          \
    "{\"VersionId\":\"v-1\",\"SecretString\":\"{\\\"username\\\":\\\"app\\\",\\\"password\\\":\\\"from-secret\\\","    \
    "\\\"host\\\":\\\"secret-host\\\",\\\"port\\\":5433,\\\"dbname\\\":\\\"orders\\\"}\"}"

struct fixture {
    struct fake_aws fake;
    struct aws_gate *gate;
    struct aws *aws;
    struct cancel *cancel;
    struct flow_env *env;
    struct flow *flow;
    char log[1024];
    struct db_params p;
    enum flow_origin origin;
    struct why why;
    char dir[64], file[96];
};

/* Lines as "I text|E text|". */
static void log_it(void *ctx, enum flow_level level, const char *line)
{
    struct fixture *x = ctx;
    size_t n = strlen(x->log);
    (void)str_fmt(x->log + n, sizeof x->log - n, "%c %s|", level == FLOW_ERROR ? 'E' : 'I', line);
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    fake_aws_init(&x->fake);
    fake_answer_always(&x->fake, (struct fake_answer){.body = VALUE});
    x->gate = fake_gate(&x->fake, false);
    x->aws = aws_new(x->gate);
    x->cancel = cancel_new(NULL);
    x->env = flow_env_new();
    (void)str_copy(x->dir, sizeof x->dir, "/tmp/test_credentials_flow.XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    (void)str_fmt(x->file, sizeof x->file, "%s/.env", x->dir);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    x->flow = flow_free(x->flow);
    x->env = flow_env_free(x->env);
    db_params_clear(&x->p);
    x->aws = aws_free(x->aws);
    x->gate = aws_gate_free(x->gate);
    x->cancel = cancel_free(x->cancel);
    fake_aws_clear(&x->fake);
    (void)unlink(x->file);
    (void)rmdir(x->dir);
    free(x);
    return 0;
}

static void set(struct fixture *x, const char *key, const char *value)
{
    flow_env_set(x->env, key, value, strlen(value));
}

static void set_production(struct fixture *x)
{
    set(x, "NODE_ENV", "production");
    set(x, "DB_SECRET_NAME", "prod/orders");
    set(x, "DB_HOST", "env-host");
    set(x, "DB_USER", "env-user");
    set(x, "DB_NAME", "env-db");
    set(x, "DB_PORT", "6000");
}

/* A connect of the container; the log is this connect's alone. */
static enum err connect_once(struct fixture *x)
{
    if (x->flow == NULL) {
        struct flow_settings s = {.env = x->env,
                                  .aws = x->aws,
                                  .target = {.endpoint_url = FAKE_URL},
                                  .fetch_deadline_ms = 400,
                                  .log = log_it,
                                  .log_ctx = x};
        x->flow = flow_new(&s);
    }
    x->log[0] = '\0';
    db_params_clear(&x->p);
    return flow_database_config(x->flow, &x->p, &x->origin, x->cancel, &x->why);
}

static void assert_password(const struct fixture *x, const char *expected)
{
    if (expected == NULL) {
        assert_null(x->p.password);
    } else {
        assert_non_null(x->p.password);
        assert_string_equal(secret_peek(x->p.password, NULL), expected);
    }
}

/* ------------------------------------------------------------ development */

static void development__never_asks_secrets_manager(void **state)
{
    static const char *const modes[] = {"development", "test", "Production", "production ", ""};
    struct fixture *x = *state;
    set_production(x);
    set(x, "DB_PASSWORD", "env-password");
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        set(x, "NODE_ENV", modes[i]);
        x->flow = flow_free(x->flow);
        assert_int_equal(connect_once(x), ERR_OK);
        assert_int_equal(x->origin, FLOW_DEVELOPMENT);
        assert_string_equal(x->p.host, "env-host");
        assert_string_equal(x->p.dbname, "env-db");
        assert_int_equal(x->p.port, 6000);
        assert_password(x, "env-password");
        assert_int_equal(x->p.password_from, FROM_ENVIRONMENT);
        assert_string_equal(x->log, "");
        assert_false(flow_fetched(x->flow));
    }
    assert_int_equal(x->fake.nsent, 0);
}

static void production__without_a_secret_name__uses_the_environment(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    set(x, "DB_SECRET_NAME", "");
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->origin, FLOW_ENVIRONMENT);
    assert_password(x, NULL);
    assert_int_equal(x->fake.nsent, 0);
    assert_string_equal(x->log, "");
}

static void environment__says_what_is_wrong(void **state)
{
    static const struct {
        const char *key, *value, *text;
    } rows[] = {
        {"DB_HOST", "", "no database host: neither the secret nor the environment names one"},
        {"DB_USER", "", "no database user: neither the secret nor the environment names one"},
        {"DB_PORT", "0", "DB_PORT is not a port (1 to 65535)"},
        {"DB_PORT", "65536", "DB_PORT is not a port (1 to 65535)"},
        {"DB_PORT", "5432x", "DB_PORT is not a port (1 to 65535)"},
        {"DB_PORT", " 5432", "DB_PORT is not a port (1 to 65535)"},
        {"DB_NAME", "0123456789012345678901234567890123456789012345678901234567890123",
         "DB_NAME is longer than 63 bytes"},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        set_production(x);
        set(x, "NODE_ENV", "development");
        set(x, rows[i].key, rows[i].value);
        x->flow = flow_free(x->flow);
        assert_int_equal(connect_once(x), ERR_SETTING);
        assert_string_equal(x->why.text, rows[i].text);
    }
    set_production(x);
    set(x, "NODE_ENV", "development");
    set(x, "DB_PORT", "");
    x->flow = flow_free(x->flow);
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->p.port, 0); /* the login's default */
    assert_int_equal(x->p.port_from, FROM_NOWHERE);
}

/* ------------------------------------------------------------- production */

static void production__fetches_once__then_uses_the_cache(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    set(x, "DB_PASSWORD", "must not be used");
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->origin, FLOW_FETCHED);
    assert_string_equal(x->log, "I Fetching credentials from Secrets Manager|");
    assert_true(flow_fetched(x->flow));
    for (int i = 0; i < 3; i++) {
        assert_string_equal(x->p.host, "secret-host");
        assert_string_equal(x->p.user, "app");
        assert_string_equal(x->p.dbname, "orders");
        assert_int_equal(x->p.port, 5433);
        assert_password(x, "from-secret");
        assert_string_equal(x->p.version_id, "v-1");
        assert_int_equal(x->p.password_from, FROM_SECRET);
        assert_int_equal(x->fake.nsent, 1);
        assert_int_equal(connect_once(x), ERR_OK);
        assert_int_equal(x->origin, FLOW_CACHED);
        assert_string_equal(x->log, "");
        assert_int_equal(x->why.code, ERR_OK);
    }
    assert_string_equal(x->fake.sent[0].op, "GetSecretValue");
    assert_string_equal(x->fake.sent[0].body, "{\"SecretId\":\"prod/orders\",\"VersionStage\":\"AWSCURRENT\"}");
    assert_true(x->fake.sent[0].secret);
}

static void production__escapes_the_secret_name(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    set(x, "DB_SECRET_NAME", "a\"b\\c\n");
    assert_int_equal(connect_once(x), ERR_OK);
    assert_string_equal(x->fake.sent[0].body, "{\"SecretId\":\"a\\\"b\\\\c\\n\",\"VersionStage\":\"AWSCURRENT\"}");
}

static void production__bad_environment__fetches_nothing_and_sets_no_flag(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    set(x, "DB_PORT", "x");
    assert_int_equal(connect_once(x), ERR_SETTING);
    assert_int_equal(x->fake.nsent, 0);
    assert_false(flow_fetched(x->flow));
    assert_string_equal(x->log, "");
}

/* --------------------------------------------------------------- fallback */

static void fallback__logs__sets_the_flag__and_never_fetches_again(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    set(x, "DB_PASSWORD", "env-password");
    fake_answer_always(
        &x->fake,
        (struct fake_answer){.status = 400, .body = "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"});
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->origin, FLOW_FELL_BACK);
    assert_string_equal(x->log, "I Fetching credentials from Secrets Manager|"
                                "E Failed to fetch credentials from Secrets Manager: AccessDeniedException|"
                                "E Falling back to environment variables|");
    assert_int_equal(x->why.code, ERR_DENIED);
    assert_string_equal(x->why.call, "GetSecretValue");
    assert_true(flow_fetched(x->flow));
    assert_string_equal(x->p.host, "env-host");
    assert_string_equal(x->p.user, "env-user");
    assert_password(x, "env-password");
    fake_answer_always(&x->fake, (struct fake_answer){.body = VALUE}); /* it would work now */
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->origin, FLOW_CACHED);
    assert_password(x, "env-password");
    assert_string_equal(x->log, "");
    assert_int_equal(x->fake.nsent, 1);
}

static void fallback__also_for_what_is_no_answer_of_aws(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum err err;
        const char *words;
    } rows[] = {
        {{.err = ERR_TLS}, ERR_TLS, "TLS failed"},
        {{.hangs = true}, ERR_TIMEOUT, "timed out"},
        {{.body = "{\"SecretBinary\":\"aGk=\"}"}, ERR_SECRET_BINARY, "secret is binary, not text"},
        {{.body = "{\"SecretString\":\"{}\"}"}, ERR_SECRET_SHAPE, "secret is not database credentials"},
        {{.body = "<html>"}, ERR_MALFORMED, "answer is malformed"},
    };
    struct fixture *x = *state;
    set_production(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char expected[256];
        x->flow = flow_free(x->flow);
        fake_answer_always(&x->fake, rows[i].answer);
        assert_int_equal(connect_once(x), ERR_OK);
        assert_int_equal(x->origin, FLOW_FELL_BACK);
        assert_int_equal(x->why.code, rows[i].err);
        assert_string_equal(x->why.call, "GetSecretValue");
        (void)str_fmt(expected, sizeof expected, "I %s|E %s%s|E %s|", FLOW_FETCH_LINE, FLOW_FETCH_ERROR_LINE,
                      rows[i].words, FLOW_FALLBACK_LINE);
        assert_string_equal(x->log, expected);
        assert_password(x, NULL);
    }
}

static void fallback__without_a_host__says_what_failed_first(void **state)
{
    struct fixture *x = *state;
    set(x, "NODE_ENV", "production");
    set(x, "DB_SECRET_NAME", "prod/orders");
    fake_answer_always(&x->fake,
                       (struct fake_answer){.status = 400, .body = "{\"__type\":\"ResourceNotFoundException\"}"});
    for (int i = 0; i < 2; i++) {
        assert_int_equal(connect_once(x), ERR_NOT_FOUND);
        assert_int_equal(x->why.code, ERR_NOT_FOUND);
        assert_string_equal(x->why.aws_code, "ResourceNotFoundException");
    }
    assert_int_equal(x->fake.nsent, 1);
}

static void cancel__leaves_the_flow_as_it_was(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    fake_answer_always(&x->fake, (struct fake_answer){.hangs = true});
    cancel_trigger(x->cancel);
    assert_int_equal(connect_once(x), ERR_CANCELLED);
    assert_false(flow_fetched(x->flow));
    x->cancel = cancel_free(x->cancel);
    x->cancel = cancel_new(NULL);
    fake_answer_always(&x->fake, (struct fake_answer){.body = VALUE});
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->origin, FLOW_FETCHED);
}

static void lines__hold_no_secret(void **state)
{
    struct fixture *x = *state;
    set_production(x);
    fake_answer_always(
        &x->fake, (struct fake_answer){
                      .body = "{\"SecretString\":\"{\\\"password\\\":\\\"sekrit\\\",\\\"port\\\":\\\"sekrit\\\"}\"}"});
    assert_int_equal(connect_once(x), ERR_OK);
    assert_null(strstr(x->log, "sekrit"));
    assert_null(strstr(x->why.text, "sekrit"));
    assert_non_null(strstr(x->why.text, "\"port\""));
}

/* ------------------------------------------------------------- .env files */

static void write_file(const struct fixture *x, const char *text, size_t n)
{
    int fd = open(x->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
}

static enum err load(struct fixture *x)
{
    return flow_env_load_file(x->env, x->file, &x->why);
}

static void dotenv__fills_in__what_is_not_set(void **state)
{
    static const char text[] = "# local\nexport DB_HOST=localhost\nDB_PORT='5432'\nDB_USER=first\nDB_USER=last\n"
                               "DB_PASSWORD=\"two\\nlines\"\nEMPTY=\n";
    struct fixture *x = *state;
    set(x, "DB_PORT", "6000");
    write_file(x, text, sizeof text - 1);
    assert_int_equal(load(x), ERR_OK);
    assert_string_equal(flow_env_get(x->env, "DB_HOST"), "localhost");
    assert_string_equal(flow_env_get(x->env, "DB_PORT"), "6000");
    assert_string_equal(flow_env_get(x->env, "DB_USER"), "last");
    assert_string_equal(flow_env_get(x->env, "DB_PASSWORD"), "two\nlines");
    assert_string_equal(flow_env_get(x->env, "EMPTY"), "");
    assert_null(flow_env_get(x->env, "DB_NAME"));
    assert_int_equal(connect_once(x), ERR_OK);
    assert_int_equal(x->origin, FLOW_DEVELOPMENT);
    assert_password(x, "two\nlines");
}

static void dotenv__mistakes_name_the_line_and_no_value(void **state)
{
    static const char text[] = "DB_HOST=localhost\n\nsekrit\nDB_USER=x\n";
    struct fixture *x = *state;
    char expected[160];
    write_file(x, text, sizeof text - 1);
    assert_int_equal(load(x), ERR_SETTING);
    (void)str_fmt(expected, sizeof expected, "%s:3: ", x->file);
    assert_ptr_equal(strstr(x->why.text, expected), x->why.text);
    assert_null(strstr(x->why.text, "sekrit"));
}

static void dotenv__files_that_are_none(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(load(x), ERR_IO);
    assert_non_null(strstr(x->why.text, "No such file"));
    assert_int_equal(flow_env_load_file(x->env, x->dir, &x->why), ERR_IO);
    assert_int_equal(flow_env_load_file(x->env, x->file, NULL), ERR_IO);
    assert_int_equal(flow_env_load_file(x->env, "/dev/zero", &x->why), ERR_TOO_BIG);
    assert_int_equal(mkfifo(x->file, 0600), 0); /* nobody writes: it must not hang */
    assert_int_equal(load(x), ERR_OK);
    int fd = open(x->file, O_RDWR | O_CLOEXEC); /* somebody might, and does not */
    assert_int_equal(load(x), ERR_IO);
    close(fd);
}

static void dotenv__limits(void **state)
{
    struct fixture *x = *state;
    size_t max = 64 * 1024;
    char *text = mem_new(max + 2);
    memset(text, '#', max + 1);
    write_file(x, text, max);
    assert_int_equal(load(x), ERR_OK);
    write_file(x, text, max + 1);
    assert_int_equal(load(x), ERR_TOO_BIG);
    size_t n = 0;
    for (unsigned i = 0; i < 257; i++) {
        (void)str_fmt(text + n, max - n, "K%u=v\n", i);
        n += strlen(text + n);
    }
    write_file(x, text, n);
    assert_int_equal(load(x), ERR_SETTING);
    assert_non_null(strstr(x->why.text, "more than 256 variables"));
    memset(text, 'v', 20000);
    memcpy(text, "LONG=", 5);
    write_file(x, text, 20000);
    assert_int_equal(load(x), ERR_SETTING);
    free(text);
}

static void env__the_last_set_counts(void **state)
{
    struct fixture *x = *state;
    set(x, "A", "one");
    flow_env_set(x->env, "A", "two and more", 3);
    assert_string_equal(flow_env_get(x->env, "A"), "two");
    assert_null(flow_env_get(x->env, "AA"));
    assert_null(flow_env_get(x->env, ""));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(development__never_asks_secrets_manager),
        CASE(production__without_a_secret_name__uses_the_environment),
        CASE(environment__says_what_is_wrong),
        CASE(production__fetches_once__then_uses_the_cache),
        CASE(production__escapes_the_secret_name),
        CASE(production__bad_environment__fetches_nothing_and_sets_no_flag),
        CASE(fallback__logs__sets_the_flag__and_never_fetches_again),
        CASE(fallback__also_for_what_is_no_answer_of_aws),
        CASE(fallback__without_a_host__says_what_failed_first),
        CASE(cancel__leaves_the_flow_as_it_was),
        CASE(lines__hold_no_secret),
        CASE(dotenv__fills_in__what_is_not_set),
        CASE(dotenv__mistakes_name_the_line_and_no_value),
        CASE(dotenv__files_that_are_none),
        CASE(dotenv__limits),
        CASE(env__the_last_set_counts),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
