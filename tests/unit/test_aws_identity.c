/* The credential chain: its order, its refusals, its files and when they are read.
 * Every case has a home directory, an environment and a clock of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "backend/aws/identity.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

struct fixture {
    char home[64], config[96], credentials[96], log[96];
    int64_t mono_ms, wall_ms;
    struct clock clock;
    struct identity_store *store;
    struct identity id;
    struct why why;
};

static int64_t fake_mono(void *self)
{
    return ((struct fixture *)self)->mono_ms;
}

static int64_t fake_wall(void *self)
{
    return ((struct fixture *)self)->wall_ms;
}

static const char *const variables[] = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
};

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof(*x));
    char dir[80];

    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
    (void)str_copy(x->home, sizeof(x->home), "/tmp/test_aws_identity.XXXXXX");
    assert_non_null(mkdtemp(x->home));
    setenv("HOME", x->home, 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1); /* this machine may well be an instance */
    (void)str_fmt(dir, sizeof(dir), "%s/.aws", x->home);
    assert_int_equal(mkdir(dir, 0700), 0);
    (void)str_fmt(x->config, sizeof(x->config), "%s/config", dir);
    (void)str_fmt(x->credentials, sizeof(x->credentials), "%s/credentials", dir);
    (void)str_fmt(x->log, sizeof(x->log), "%s/log", x->home);
    x->mono_ms = 5000;
    x->wall_ms = clock_wall_ms(clock_real());
    x->clock = (struct clock){fake_mono, fake_wall, x};
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    char dir[80];

    identity_clear(&x->id);
    x->store = identity_store_free(x->store);
    (void)unlink(x->config);
    (void)unlink(x->credentials);
    (void)unlink(x->log);
    (void)str_fmt(dir, sizeof(dir), "%s/.aws", x->home);
    (void)rmdir(dir);
    (void)rmdir(x->home);
    free(x);
    return 0;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static enum err get(struct fixture *x, const char *profile)
{
    if (!x->store)
        x->store = identity_store_new(&x->clock);
    x->why = (struct why){0};
    return identity_get(x->store, &(struct identity_selector){.profile = profile}, INT64_MAX, NULL, &x->id, &x->why);
}

static void expect_keys(struct fixture *x, const char *profile, const char *id, const char *secret, const char *token)
{
    if (get(x, profile))
        fail_msg("%s", x->why.text);
    assert_string_equal(x->id.access_key_id, id);
    assert_string_equal(secret_peek(x->id.secret_access_key, NULL), secret);
    if (token)
        assert_string_equal(secret_peek(x->id.session_token, NULL), token);
    else
        assert_null(x->id.session_token);
}

/* The refusal must have these words and must have nothing of a key in it. */
static void expect_refusal(struct fixture *x, const char *profile, enum err want, const char *words)
{
    assert_int_equal(get(x, profile), want);
    assert_int_equal(x->why.code, want);
    if (!strstr(x->why.text, words))
        fail_msg("\"%s\" lacks \"%s\"", x->why.text, words);
    assert_null(strstr(x->why.text, "hunter2"));
    assert_string_equal(x->id.access_key_id, "");
    assert_null(x->id.secret_access_key);
    assert_null(x->id.session_token);
}

static void identity__get__environment_first(void **state)
{
    struct fixture *x = *state;

    write_file(x->credentials, "[default]\naws_access_key_id=FILE\naws_secret_access_key=filesecret\n", 0600);
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
    setenv("AWS_SESSION_TOKEN", "envtoken", 1);
    setenv("AWS_SECURITY_TOKEN", "old", 1);
    expect_keys(x, NULL, "ENV", "envsecret", "envtoken");
    assert_string_equal(x->id.source, "environment");
    assert_int_equal(x->id.expires_wall_ms, -1);
    setenv("AWS_ACCESS_KEY_ID", "LATER", 1);
    expect_keys(x, NULL, "ENV", "envsecret", "envtoken");  /* read once */
    expect_keys(x, "default", "FILE", "filesecret", NULL); /* named by the configuration */
    assert_string_equal(x->id.source, "profile default (~/.aws/credentials)");
    identity_clear(&x->id);
    assert_null(x->id.secret_access_key);
    identity_clear(&x->id);
}

static void identity__get__profile_variable_does_not_pass_over_environment_keys(void **state)
{
    struct fixture *x = *state;

    setenv("AWS_PROFILE", "prod", 1);
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
    setenv("AWS_SECURITY_TOKEN", "legacy", 1);
    expect_keys(x, NULL, "ENV", "envsecret", "legacy");
}

static void identity__get__profile_variables(void **state)
{
    struct fixture *x = *state;

    write_file(x->credentials,
               "[prod]\naws_access_key_id=P\naws_secret_access_key=p\n"
               "[other]\naws_access_key_id=O\naws_secret_access_key=o\n",
               0600);
    setenv("AWS_DEFAULT_PROFILE", "other", 1);
    setenv("AWS_PROFILE", "", 1);
    expect_keys(x, NULL, "O", "o", NULL);
    x->store = identity_store_free(x->store);
    setenv("AWS_PROFILE", "prod", 1);
    expect_keys(x, NULL, "P", "p", NULL);
    expect_keys(x, "other", "O", "o", NULL);
}

static void identity__get__half_an_environment(void **state)
{
    struct fixture *x = *state;

    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is missing");
    x->store = identity_store_free(x->store);
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "AWS_SECRET_ACCESS_KEY is set, but AWS_ACCESS_KEY_ID is missing");
}

static void identity__get__environment_that_expires(void **state)
{
    struct fixture *x = *state;

    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    x->wall_ms = INT64_C(1795530727000); /* 2026-11-24T14:32:07Z */
    setenv("AWS_CREDENTIAL_EXPIRATION", "2026-11-24T14:32:08Z", 1);
    expect_keys(x, NULL, "ENV", "hunter2", NULL);
    assert_int_equal(x->id.expires_wall_ms, x->wall_ms + 1000);
    x->wall_ms += 1000;
    expect_refusal(x, NULL, ERR_EXPIRED, "2026-11-24T14:32:08Z is past");
    x->store = identity_store_free(x->store);
    setenv("AWS_CREDENTIAL_EXPIRATION", "tomorrow", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "AWS_CREDENTIAL_EXPIRATION \"tomorrow\" is no time like 2026");
}

static void identity__get__keys_that_cannot_be_sent(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"aws_access_key_id=A B\naws_secret_access_key=hunter2\n",
         ":2: profile \"default\": aws_access_key_id must be"},
        {"aws_access_key_id=A/B\naws_secret_access_key=hunter2\n", "aws_access_key_id must be at most 128"},
        {"aws_access_key_id=A\naws_secret_access_key=hunter2\n more\n", "aws_secret_access_key must be at most 512"},
        {"aws_access_key_id=A\naws_secret_access_key=hunter2\xc3\xa9\n", "aws_secret_access_key must be"},
        {"aws_access_key_id=A\naws_secret_access_key=hunter2\naws_session_token=hunter2 x\n", "aws_session_token must"},
        {"aws_access_key_id=A\naws_secret_access_key=hunter2\naws_security_token=a\n b\n", "aws_session_token must"},
        {"aws_access_key_id=A\n",
         ":2: profile \"default\": aws_access_key_id is set, but aws_secret_access_key is missing"},
        {"aws_access_key_id=A\naws_secret_access_key=\n", "aws_secret_access_key is missing"},
        {"region=x\naws_secret_access_key=hunter2\n",
         ":3: profile \"default\": aws_secret_access_key is set, but aws_access"},
    };
    struct fixture *x = *state;
    char text[400];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)str_fmt(text, sizeof(text), "[default]\n%s", rows[i].text);
        write_file(x->credentials, text, 0600);
        expect_refusal(x, NULL, ERR_NO_CREDENTIALS, rows[i].words);
        x->store = identity_store_free(x->store);
    }
    memset(text, 'A', 200);
    memcpy(text, "[default]\naws_access_key_id=", 28);
    memcpy(text + 200, "\naws_secret_access_key=s\n", 26);
    write_file(x->credentials, text, 0600);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "aws_access_key_id must be at most 128");
}

static void identity__get__credentials_file_before_config_file(void **state)
{
    struct fixture *x = *state;

    write_file(x->config,
               "[default]\naws_access_key_id=C\naws_secret_access_key=c\n"
               "[profile only]\naws_access_key_id=O\naws_secret_access_key=o\naws_session_token=t\n",
               0600);
    write_file(x->credentials, "[default]\naws_access_key_id=K\naws_secret_access_key=k\n", 0600);
    expect_keys(x, NULL, "K", "k", NULL);
    expect_keys(x, "only", "O", "o", "t");
    assert_string_equal(x->id.source, "profile only (~/.aws/config)");
    write_file(x->credentials, "[default]\naws_access_key_id=K\n", 0600);
    x->mono_ms += 1000;
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "aws_secret_access_key is missing"); /* halves are never joined */
}

/* Without a line to AWS a link that needs one is asked all the same, and fails: it is
 * never passed over for the next. */
static void identity__get__configured_links_decide(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"role_arn=arn:aws:iam::1:role/r\nsource_profile=p\naws_access_key_id=A\naws_secret_access_key=s\n", "no line"},
        {"aws_access_key_id=A\naws_secret_access_key=s\nrole_arn=r\n", "config:4: profile \"p\": role_arn needs"},
        {"sso_account_id=123456789012\n", "config:2: profile \"p\": single sign-on needs sso_start_url"},
        {"web_identity_token_file=/nonexistent/x\nrole_arn=arn:aws:iam::1:role/r\n", "/nonexistent/x does not exist"},
        {"login_session=arn\n", "aws login --profile p"},
        {"aws_access_key_id=A\naws_secret_access_key=s\ncredential_process=/nonexistent/p\n", "cannot be started"},
    };
    struct fixture *x = *state;
    char text[400];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)str_fmt(text, sizeof(text), "[profile p]\n%s", rows[i].text);
        write_file(x->config, text, 0600);
        if (get(x, "p") == ERR_OK || !strstr(x->why.text, rows[i].words))
            fail_msg("%s gave \"%s\"", rows[i].text, x->why.text);
        x->store = identity_store_free(x->store);
    }
    /* keys in the credentials file come before what credential_process would give */
    write_file(x->credentials, "[p]\naws_access_key_id=K\naws_secret_access_key=k\n", 0600);
    expect_keys(x, "p", "K", "k", NULL);
}

static void identity__get__container_comes_after_the_files(void **state)
{
    struct fixture *x = *state;

    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "no line to AWS");
    expect_refusal(x, "p", ERR_NO_CREDENTIALS, "there is no profile \"p\"");
    write_file(x->credentials, "[default]\naws_access_key_id=K\naws_secret_access_key=k\n", 0600);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "K", "k", NULL);
    x->store = identity_store_free(x->store);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "AWS_WEB_IDENTITY_TOKEN_FILE: a web identity token needs a role");
    expect_keys(x, "default", "K", "k", NULL);
}

static void identity__get__nothing_lists_what_was_tried(void **state)
{
    struct fixture *x = *state;

    expect_refusal(x, NULL, ERR_NO_CREDENTIALS,
                   "profile \"default\": environment (none), ~/.aws/credentials (no such file), ~/.aws/config (no such "
                   "file), no container, instance metadata off");
    expect_refusal(x, "prod", ERR_NO_CREDENTIALS,
                   "there is no profile \"prod\" in ~/.aws/config and ~/.aws/credentials");
    write_file(x->config, "[prod]\naws_access_key_id=A\naws_secret_access_key=hunter2\n[profile empty]\nregion=x\n",
               0600);
    x->mono_ms += 1000;
    expect_refusal(x, "prod", ERR_NO_CREDENTIALS, "(in the config file it must be [profile NAME])");
    expect_refusal(x, "empty", ERR_NO_CREDENTIALS, "~/.aws/config (no keys)");
    write_file(x->config, "[profile empty]\nregion=x\n", 0600);
    write_file(x->credentials, "[profile prod]\naws_access_key_id=A\naws_secret_access_key=hunter2\n", 0600);
    x->mono_ms += 1000;
    expect_refusal(x, "prod", ERR_NO_CREDENTIALS, "(in the credentials file it must be [NAME])");
    x->store = identity_store_free(x->store);
    setenv("AWS_PROFILE", "gone", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "there is no profile \"gone\"");
}

static void identity__get__bad_file_names_its_line(void **state)
{
    struct fixture *x = *state;
    char want[120];

    write_file(x->credentials, "[default]\naws_access_key_id=K\naws_secret_access_key=k\n", 0600);
    write_file(x->config, "[default]\nregion\n", 0600);
    (void)str_fmt(want, sizeof(want), "%s:2: expected", x->config);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, want);
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "envsecret", 1);
    x->store = identity_store_free(x->store);
    expect_keys(x, NULL, "ENV", "envsecret", NULL); /* does not need the files */
}

static void identity__get__files_named_by_variables(void **state)
{
    struct fixture *x = *state;

    write_file(x->log, "[default]\naws_access_key_id=K\naws_secret_access_key=k\n", 0600);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "~/log", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    expect_keys(x, NULL, "K", "k", NULL);
    assert_non_null(strstr(x->id.source, "/log)"));
    x->store = identity_store_free(x->store);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/creds", 1);
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "/nonexistent/creds (no such file), /dev/null (no such profile)");
}

static void identity__get__reads_files_again_when_they_change(void **state)
{
    struct fixture *x = *state;
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};

    write_file(x->credentials, "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n", 0600);
    expect_keys(x, NULL, "ONE", "s", NULL);
    write_file(x->credentials, "[default]\naws_access_key_id=TWO\naws_secret_access_key=s\n", 0600);
    x->mono_ms += 999;
    expect_keys(x, NULL, "ONE", "s", NULL); /* looked less than a second ago */
    x->mono_ms += 1;
    expect_keys(x, NULL, "TWO", "s", NULL); /* same size, same inode */

    write_file(x->credentials, "[default]\naws_access_key_id=SIX\naws_secret_access_key=s\n", 0600);
    assert_int_equal(utimensat(AT_FDCWD, x->credentials, old, 0), 0);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "SIX", "s", NULL);
    assert_int_equal(unlink(x->credentials), 0);
    x->mono_ms += 1000;
    expect_refusal(x, NULL, ERR_NO_CREDENTIALS, "no such file");
    write_file(x->credentials, "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n", 0600);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "ONE", "s", NULL);
}

static void write_at(const char *path, const char *text, int64_t wall_ms)
{
    struct timespec times[2] = {{.tv_sec = wall_ms / 1000}, {.tv_sec = wall_ms / 1000}};

    write_file(path, text, 0600);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* A change in the very tick of the last look leaves the time stamp as it was. */
static void identity__get__does_not_trust_a_young_time_stamp(void **state)
{
    struct fixture *x = *state;

    write_at(x->credentials, "[default]\naws_access_key_id=ONE\naws_secret_access_key=s\n", x->wall_ms);
    expect_keys(x, NULL, "ONE", "s", NULL);
    write_at(x->credentials, "[default]\naws_access_key_id=TWO\naws_secret_access_key=s\n", x->wall_ms);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "TWO", "s", NULL);
    x->wall_ms += 5000;
    x->mono_ms += 1000;
    expect_keys(x, NULL, "TWO", "s", NULL); /* read when it was old enough: trusted from here on */
    write_at(x->credentials, "[default]\naws_access_key_id=SIX\naws_secret_access_key=s\n", x->wall_ms - 5000);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "TWO", "s", NULL); /* and so not read at every look */
}

static size_t lines_with(const char *path, const char *words)
{
    char text[4096] = "";
    size_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof(text) - 1) >= 0);
    close(fd);
    for (const char *at = text; (at = strstr(at, words)); at++)
        n++;
    return n;
}

static void identity__get__warns_once_of_open_permissions(void **state)
{
    struct fixture *x = *state;
    char file[96];

    (void)str_copy(file, sizeof(file), x->log);
    assert_int_equal(log_open(file, LOG_WARN, &x->why), ERR_OK);
    write_file(x->credentials, "[default]\naws_access_key_id=K\naws_secret_access_key=hunter2\n", 0600);
    expect_keys(x, NULL, "K", "hunter2", NULL);
    assert_int_equal(lines_with(file, "WARN"), 0);
    x->wall_ms += 5000; /* old enough to be trusted: only the mode tells */
    x->mono_ms += 1000;
    expect_keys(x, NULL, "K", "hunter2", NULL);
    assert_int_equal(chmod(x->credentials, 0640), 0);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "K", "hunter2", NULL);
    assert_int_equal(lines_with(file, "can be read by group or others"), 1);
    assert_int_equal(lines_with(file, "hunter2"), 0);
    x->mono_ms += 1000;
    expect_keys(x, NULL, "K", "hunter2", NULL);
    assert_int_equal(lines_with(file, "can be read by group or others"), 1);
    log_close();
}

static void identity__get__cancelled(void **state)
{
    struct fixture *x = *state;
    struct cancel *c = cancel_new(NULL);

    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    x->store = identity_store_new(&x->clock);
    assert_int_equal(identity_get(x->store, &(struct identity_selector){0}, INT64_MAX, c, &x->id, &x->why), ERR_OK);
    cancel_trigger(c);
    assert_int_equal(identity_get(x->store, &(struct identity_selector){0}, INT64_MAX, c, &x->id, &x->why),
                     ERR_CANCELLED);
    assert_null(x->id.secret_access_key); /* cleared first */
    c = cancel_free(c);
}

static void identity__setting__from_profile_and_services(void **state)
{
    struct fixture *x = *state;
    char out[64] = "untouched";

    write_file(x->config,
               "[profile p]\nregion=eu-west-1\nendpoint_url = https://p.example\nservices=local\nempty=\n"
               "aws_secret_access_key=hunter2\n[services local]\nsecrets_manager=\n  endpoint_url=http://[::1]:1\n",
               0600);
    write_file(x->credentials, "[p]\nregion=eu-west-2\n", 0600);
    x->store = identity_store_new(&x->clock);
    assert_false(identity_setting(x->store, "p", "ca_bundle", out, sizeof(out)));
    assert_false(identity_setting(x->store, "p", "empty", out, sizeof(out)));
    assert_false(identity_setting(x->store, "q", "region", out, sizeof(out)));
    assert_false(identity_setting(x->store, "p", "aws_secret_access_key", out, sizeof(out)));
    assert_false(identity_setting(x->store, "p", "endpoint_url", out, 17));
    assert_false(identity_setting(x->store, "p", "cloudwatch_logs.endpoint_url", out, sizeof(out)));
    assert_string_equal(out, "untouched");
    assert_true(identity_setting(x->store, "p", "endpoint_url", out, 18));
    assert_string_equal(out, "https://p.example");
    assert_true(identity_setting(x->store, "p", "region", out, sizeof(out)));
    assert_string_equal(out, "eu-west-2");
    assert_true(identity_setting(x->store, "p", "secrets_manager.endpoint_url", out, sizeof(out)));
    assert_string_equal(out, "http://[::1]:1");
}

static void identity__region__order(void **state)
{
    struct fixture *x = *state;
    char out[32] = "untouched";

    write_file(x->config, "[default]\nregion=eu-west-1\n[profile long]\nregion=a-region-name-of-more-than-31-letters\n",
               0600);
    x->store = identity_store_new(&x->clock);
    assert_int_equal(identity_region(x->store, "none", NULL, out, &x->why), ERR_SETTING);
    assert_non_null(strstr(x->why.text, "AWS_REGION"));
    assert_non_null(strstr(x->why.text, "profile \"none\""));
    assert_int_equal(identity_region(x->store, "long", NULL, out, &x->why), ERR_SETTING);
    assert_non_null(strstr(x->why.text, "too long"));
    assert_string_equal(out, "untouched");
    assert_int_equal(identity_region(x->store, NULL, "", out, &x->why), ERR_OK);
    assert_string_equal(out, "eu-west-1");
    x->store = identity_store_free(x->store);
    setenv("AWS_DEFAULT_REGION", "us-east-2", 1);
    x->store = identity_store_new(&x->clock);
    assert_int_equal(identity_region(x->store, NULL, NULL, out, &x->why), ERR_OK);
    assert_string_equal(out, "us-east-2");
    x->store = identity_store_free(x->store);
    setenv("AWS_REGION", "us-east-1", 1);
    x->store = identity_store_new(&x->clock);
    assert_int_equal(identity_region(x->store, NULL, NULL, out, &x->why), ERR_OK);
    assert_string_equal(out, "us-east-1");
    assert_int_equal(identity_region(x->store, NULL, "eu-north-1", out, &x->why), ERR_OK);
    assert_string_equal(out, "eu-north-1");
}

static void *ask_often(void *store)
{
    for (int i = 0; i < 200; i++) {
        struct identity id = {0};

        if (identity_get(store, &(struct identity_selector){0}, INT64_MAX, NULL, &id, NULL) ||
            strcmp(secret_peek(id.secret_access_key, NULL), id.access_key_id))
            return store;
        identity_clear(&id);
    }
    return NULL;
}

/* The id equals the secret in every version of the file: a mixture would show. */
static void identity__get__whole_from_many_threads(void **state)
{
    struct fixture *x = *state;
    pthread_t threads[4];
    char next[120];

    (void)str_fmt(next, sizeof(next), "%s.next", x->credentials);
    write_file(x->credentials, "[default]\naws_access_key_id=0\naws_secret_access_key=0\n", 0600);
    x->store = identity_store_new(NULL);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, x->store), 0);
    write_file(next, "[default]\naws_access_key_id=longer\naws_secret_access_key=longer\n", 0600);
    assert_int_equal(rename(next, x->credentials), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(identity__get__environment_first),
        CASE(identity__get__profile_variable_does_not_pass_over_environment_keys),
        CASE(identity__get__profile_variables),
        CASE(identity__get__half_an_environment),
        CASE(identity__get__environment_that_expires),
        CASE(identity__get__keys_that_cannot_be_sent),
        CASE(identity__get__credentials_file_before_config_file),
        CASE(identity__get__configured_links_decide),
        CASE(identity__get__container_comes_after_the_files),
        CASE(identity__get__nothing_lists_what_was_tried),
        CASE(identity__get__bad_file_names_its_line),
        CASE(identity__get__files_named_by_variables),
        CASE(identity__get__reads_files_again_when_they_change),
        CASE(identity__get__does_not_trust_a_young_time_stamp),
        CASE(identity__get__warns_once_of_open_permissions),
        CASE(identity__get__cancelled),
        CASE(identity__setting__from_profile_and_services),
        CASE(identity__region__order),
        CASE(identity__get__whole_from_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
