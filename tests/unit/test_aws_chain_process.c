/* credential_process: how its line is read, what becomes of what it says, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_chain.h"

static void process_config(struct chain_test *x, const char *command)
{
    char text[1200];

    (void)str_fmt(text, sizeof(text), "[profile p]\ncredential_process = %s\n", command);
    chain_config(x, text);
}

static void process_script(struct chain_test *x, const char *script, const char *args)
{
    char path[120], command[300];

    (void)str_fmt(path, sizeof(path), "%s/a script", x->home);
    chain_file(x, "a script", script);
    assert_int_equal(chmod(path, 0700), 0);
    (void)str_fmt(command, sizeof(command), "\"%s\" %s", path, args);
    process_config(x, command);
}

static void process__words_are_split_and_nothing_is_expanded(void **state)
{
    struct chain_test *x = *state;

    process_script(x,
                   "#!/bin/sh\n[ \"$*\" = 'one two|$HOME|a\\b|\"|it'\\''s|' ] || { echo \"got <$*>\" >&2; exit 9; }\n"
                   "[ $# = 1 ] || exit 8\n"
                   "read line && exit 7\n"
                   "echo '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\","
                   "\"Expiration\":\"2026-11-24T15:32:07Z\"}'\n",
                   "'one two|$HOME|a\\b|'\"\\\"|it's\"\\|");
    chain_expect(x, "p", "P", "credential_process of profile p");
    assert_int_equal(x->id.expires_wall_ms, x->wall_ms + 3600 * 1000);
}

static void process__that_fails(void **state)
{
    static const struct {
        const char *script, *words;
        enum err err;
    } rows[] = {
        {"#!/bin/sh\necho 'vault is \033[2Jsealed' >&2\nexit 3\n", "ended with status 3: vault is \\x1B[2Jsealed",
         ERR_NO_CREDENTIALS},
        {"#!/bin/sh\necho '{\"Version\":1}'\nkill -9 $$\n", "was ended by signal 9", ERR_NO_CREDENTIALS},
        {"#!/bin/sh\necho hunter2\n", "not JSON", ERR_MALFORMED},
        {"#!/bin/sh\n", "not JSON", ERR_MALFORMED},
        {"#!/bin/sh\necho '{\"Version\":2,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'\n", "Version must be 1",
         ERR_MALFORMED},
        {"#!/bin/sh\necho '{\"Version\":\"1\",\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'\n", "Version must be 1",
         ERR_MALFORMED},
        {"#!/bin/sh\necho '{\"Version\":1}'\n", "holds no AccessKeyId", ERR_MALFORMED},
        {"#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"P\"}'\n", "SecretAccessKey is missing", ERR_NO_CREDENTIALS},
        {"#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\",\"Expiration\":\"x\"}'\n",
         "Expiration is no time", ERR_MALFORMED},
        {"#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\","
         "\"Expiration\":\"0026-11-24T14:32:07Z\"}'\n",
         "Expiration is no time", ERR_MALFORMED},
        {"#!/bin/sh\nexec head -c 70000 /dev/zero\n", "more than 64 KiB", ERR_TOO_BIG},
    };
    struct chain_test *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        process_script(x, rows[i].script, "");
        x->mono_ms += 130000; /* the configuration is the same: the last failure is remembered */
        chain_refused(x, "p", rows[i].err, rows[i].words);
    }
    assert_int_equal(fake_http_count(&x->http), 0);
}

static void process__lines_that_cannot_be_run(void **state)
{
    static const struct {
        const char *line, *words;
    } rows[] = {
        {"/bin/echo 'a", "config:2: profile \"p\": credential_process has a quote that is not closed"},
        {"/bin/echo \"a", "has a quote that is not closed"},
        {"/bin/echo a\\", "ends in a backslash"},
        {"''", "cannot be started"},
        {"/nonexistent/program x", "credential_process /nonexistent/program cannot be started: No such file"},
        {"/etc/passwd", "cannot be started: Permission denied"},
        {"1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 "
         "1 1 1 1 1 1 1 1 1 1 1",
         "has more than 64 words"},
    };
    struct chain_test *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        process_config(x, rows[i].line);
        if (chain_get(x, "p") == ERR_OK || !strstr(x->why.text, rows[i].words))
            fail_msg("%s: %s", rows[i].line, x->why.text);
    }
}

/* Neither the environment nor the home folder has a say: the files that are named have. */
static void restricted__takes_keys_from_the_named_files_alone(void **state)
{
    struct chain_test *x = *state;
    char path[120];

    chain_file(x, ".aws/credentials", "[default]\naws_access_key_id = HOME\naws_secret_access_key = s\n");
    chain_file(x, "named", "[default]\naws_access_key_id = NAMED\naws_secret_access_key = s\n");
    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    chain_expect(x, NULL, "ENV", "environment");
    x->gate = aws_gate_free(x->gate);
    chain_open_gate(x, false);
    (void)str_fmt(path, sizeof(path), "%s/named", x->home);
    identity_store_restrict(x->store, NULL, path);
    chain_expect(x, NULL, "NAMED", NULL);
    x->gate = aws_gate_free(x->gate);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    chain_expect(x, NULL, "HOME", NULL); /* unrestricted: what the one above would have found */
    x->gate = aws_gate_free(x->gate);
    chain_open_gate(x, false);
    identity_store_set_files(x->store, NULL, path);
    chain_expect(x, NULL, "NAMED", NULL);
}

static void process__is_not_run_in_restricted_mode(void **state)
{
    struct chain_test *x = *state;
    char path[120];

    process_script(x, "#!/bin/sh\ntouch \"$HOME/ran\"\n", "");
    chain_open_gate(x, false);
    (void)str_fmt(path, sizeof(path), "%s/.aws/config", x->home);
    identity_store_restrict(x->store, path, NULL);
    chain_refused(x, "p", ERR_NO_CREDENTIALS, "is not run in restricted mode");
    (void)str_fmt(path, sizeof(path), "%s/ran", x->home);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void *cancel_soon(void *c)
{
    (void)poll(NULL, 0, 200);
    cancel_trigger(c);
    return NULL;
}

/* Its whole process group goes with it. */
static void process__is_ended_by_the_cancel(void **state)
{
    struct chain_test *x = *state;
    struct cancel *c = cancel_new(NULL);
    int64_t began = clock_mono_ms(clock_real());
    char path[120], pid[32] = "";
    pthread_t thread;

    process_script(x, "#!/bin/sh\nsleep 300 &\necho $! > \"$HOME/pid\"\nyes >&2 & wait\n", "");
    chain_open_gate(x, false);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, c), 0);
    assert_int_equal(identity_get(x->store, &(struct identity_selector){.profile = "p"}, INT64_MAX, c, &x->id, &x->why),
                     ERR_CANCELLED);
    assert_true(clock_mono_ms(clock_real()) - began < 1000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    c = cancel_free(c);
    (void)str_fmt(path, sizeof(path), "%s/pid", x->home);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, pid, sizeof(pid) - 1) > 0);
    close(fd);
    pid_t sleeper = (pid_t)strtol(pid, NULL, 10);
    assert_true(sleeper > 1);
    for (int i = 0; i < 100 && kill(sleeper, 0) == 0; i++) {
        char stat_path[64], text[256] = "";

        (void)str_fmt(stat_path, sizeof(stat_path), "/proc/%d/stat", (int)sleeper);
        fd = open(stat_path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return;
        (void)!read(fd, text, sizeof(text) - 1);
        close(fd);
        if (strstr(text, ") Z ")) /* dead, and nobody's child to reap */
            return;
        (void)poll(NULL, 0, 20);
    }
    assert_int_not_equal(kill(sleeper, 0), 0);
}

/* A child that lives on with our pipes does not hold us up. */
static void process__that_leaves_a_child_behind(void **state)
{
    struct chain_test *x = *state;
    int64_t began = clock_mono_ms(clock_real());

    process_script(x, "#!/bin/sh\nsleep 3 &\necho '{\"Version\":1,\"AccessKeyId\":\"P\",\"SecretAccessKey\":\"s\"}'\n",
                   "");
    chain_expect(x, "p", "P", NULL);
    assert_int_equal(x->id.expires_wall_ms, -1);
    assert_true(clock_mono_ms(clock_real()) - began < 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(process__words_are_split_and_nothing_is_expanded),
        CHAIN_CASE(process__that_fails),
        CHAIN_CASE(process__lines_that_cannot_be_run),
        CHAIN_CASE(restricted__takes_keys_from_the_named_files_alone),
        CHAIN_CASE(process__is_not_run_in_restricted_mode),
        CHAIN_CASE(process__is_ended_by_the_cancel),
        CHAIN_CASE(process__that_leaves_a_child_behind),
    };

    json_global_init();
    transport_curl_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
