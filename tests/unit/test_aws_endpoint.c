/* Endpoints: partitions, overrides, refusals.  The environment is read once a
 * process, so each case that needs its own runs in a child. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/wait.h>

#include "backend/aws/endpoint.h"
#include "backend/base/mem.h"

static void endpoint__resolve__partitions(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region, *host;
    } rows[] = {
        {AWS_SECRETSMANAGER, "eu-central-1", "secretsmanager.eu-central-1.amazonaws.com"},
        {AWS_LOGS, "us-east-1", "logs.us-east-1.amazonaws.com"},
        {AWS_STS, "mx-central-1", "sts.mx-central-1.amazonaws.com"},
        {AWS_SECRETSMANAGER, "cn-northwest-1", "secretsmanager.cn-northwest-1.amazonaws.com.cn"},
        {AWS_LOGS, "us-gov-west-1", "logs.us-gov-west-1.amazonaws.com"},
        {AWS_STS, "eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"},
        {AWS_SECRETSMANAGER, "us-iso-east-1", "secretsmanager.us-iso-east-1.c2s.ic.gov"},
        {AWS_LOGS, "us-isob-east-1", "logs.us-isob-east-1.sc2s.sgov.gov"},
        {AWS_STS, "eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk"},
        {AWS_STS, "us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov"},
        {AWS_LOGS, "xx-future-12", "logs.xx-future-12.amazonaws.com"},
        {AWS_LOGS, "local", "logs.local.amazonaws.com"},
        {AWS_LOGS, "cn-x", "logs.cn-x.amazonaws.com"},
        {AWS_LOGS, "cn-north-1a", "logs.cn-north-1a.amazonaws.com"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e;
        char url[320];

        assert_int_equal(endpoint_resolve(rows[i].service, rows[i].region, NULL, &e, NULL), ERR_OK);
        assert_string_equal(e.host, rows[i].host);
        assert_string_equal(e.region, rows[i].region);
        assert_string_equal(e.signing_name, aws_service_prefix(rows[i].service));
        snprintf(url, sizeof(url), "https://%s", rows[i].host);
        assert_string_equal(e.url, url);
    }
}

static void endpoint__resolve__bad_regions(void **state)
{
    static const char *const bad[] = {"",
                                      "EU-CENTRAL-1",
                                      "eu central-1",
                                      "eu-central-1.evil.com",
                                      "eu/1",
                                      "-eu",
                                      "eu-",
                                      "eu_1",
                                      "a\r\nb",
                                      "\xc3\xa9u-west-1",
                                      "eu-central-1-and-much-longer-than-31"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct endpoint e = {.host = "untouched"};
        struct why why = {0};

        assert_int_equal(endpoint_resolve(AWS_LOGS, bad[i], NULL, &e, &why), ERR_SETTING);
        assert_string_equal(e.host, "untouched");
        assert_non_null(strstr(why.text, "eu-central-1"));
        assert_int_equal(endpoint_resolve(AWS_LOGS, bad[i], "http://127.0.0.1:1", &e, NULL), ERR_SETTING);
    }
    assert_int_equal(endpoint_resolve(AWS_LOGS, NULL, NULL, &(struct endpoint){0}, NULL), ERR_SETTING);
}

static void endpoint__resolve__good_overrides(void **state)
{
    static const struct {
        const char *override, *url, *host;
    } rows[] = {
        {"http://127.0.0.1:5000", "http://127.0.0.1:5000", "127.0.0.1:5000"},
        {"http://127.9.8.7/", "http://127.9.8.7", "127.9.8.7"},
        {"http://localhost:80", "http://localhost", "localhost"},
        {"HTTP://LocalHost:8080/", "http://localhost:8080", "localhost:8080"},
        {"http://[::1]:4566", "http://[::1]:4566", "[::1]:4566"},
        {"http://[0:0:0:0:0:0:0:1]", "http://[0:0:0:0:0:0:0:1]", "[0:0:0:0:0:0:0:1]"},
        {"https://vpce-0a1b.secretsmanager.eu-central-1.vpce.amazonaws.com",
         "https://vpce-0a1b.secretsmanager.eu-central-1.vpce.amazonaws.com",
         "vpce-0a1b.secretsmanager.eu-central-1.vpce.amazonaws.com"},
        {"https://aws.example:443", "https://aws.example", "aws.example"},
        {"https://aws.example:80", "https://aws.example:80", "aws.example:80"},
        {"https://[fd00:ec2::254]", "https://[fd00:ec2::254]", "[fd00:ec2::254]"},
        {"https://docker_host:65535", "https://docker_host:65535", "docker_host:65535"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e;
        struct why why = {0};

        if (endpoint_resolve(AWS_SECRETSMANAGER, "eu-central-1", rows[i].override, &e, &why))
            fail_msg("%s: %s", rows[i].override, why.text);
        assert_string_equal(e.url, rows[i].url);
        assert_string_equal(e.host, rows[i].host);
        assert_string_equal(e.region, "eu-central-1");
        assert_string_equal(e.signing_name, "secretsmanager");
    }
}

static void endpoint__resolve__bad_overrides(void **state)
{
    static const struct {
        const char *override, *words;
    } rows[] = {
        {"", "must begin with https://"},
        {"127.0.0.1:5000", "must begin with https://"},
        {"ftp://127.0.0.1", "must begin with https://"},
        {"file:///etc/passwd", "must begin with https://"},
        {"http://", "no valid host"},
        {"https://:443", "no valid host"},
        {"https:///path", "no valid host"},
        {"https://a..b", "no valid host"},
        {"https://-a.b", "no valid host"},
        {"https://a b", "no valid host"},
        {"https://a\r\nX-Evil: 1", "no valid host"},
        {"https://a%41", "no valid host"},
        {"https://[::1", "no valid host"},
        {"https://[]", "no valid host"},
        {"https://[::g]", "no valid host"},
        {"https://[127.0.0.1]", "no valid host"},
        {"https://[::1%25lo]", "no valid host"},
        {"https://[::1]x", "only a port may follow"},
        {"https://a:", "1 to 65535"},
        {"https://a:0", "1 to 65535"},
        {"https://a:65536", "1 to 65535"},
        {"https://a:99999999999999999999", "1 to 65535"},
        {"https://a:-1", "1 to 65535"},
        {"https://a:80x", "only a port may follow"},
        {"https://a/base", "path or query is not allowed"},
        {"https://a?x=1", "path or query is not allowed"},
        {"https://a/#f", "path or query is not allowed"},
        {"https://user:hunter2@a", "user name in the URL"},
        {"http://example.com", "plain http is allowed"},
        {"http://10.0.0.1:5000", "plain http is allowed"},
        {"http://128.0.0.1", "plain http is allowed"},
        {"http://127.0.0.1.evil.com", "plain http is allowed"},
        {"http://127.1", "plain http is allowed"},
        {"http://localhost.evil.com", "plain http is allowed"},
        {"http://[::2]", "plain http is allowed"},
        {"http://[::ffff:127.0.0.1]", "plain http is allowed"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e = {.host = "untouched"};
        struct why why = {0};

        if (endpoint_resolve(AWS_LOGS, "eu-central-1", rows[i].override, &e, &why) != ERR_SETTING)
            fail_msg("accepted %s", rows[i].override);
        if (!strstr(why.text, rows[i].words) || strncmp(why.text, "endpoint_url: ", 14) != 0)
            fail_msg("%s: %s", rows[i].override, why.text);
        assert_string_equal(e.host, "untouched");
        assert_null(strstr(why.text, "hunter2"));
    }
}

static void endpoint__resolve__override_length(void **state)
{
    char url[300] = "https://";
    struct endpoint e;
    struct why why;

    (void)state;
    memset(url + 8, 'a', sizeof(url) - 9);
    assert_int_equal(endpoint_resolve(AWS_LOGS, "eu-central-1", url, &e, &why), ERR_SETTING);
    assert_non_null(strstr(why.text, "longer than 256"));
    for (size_t i = 8 + 60; i < sizeof(url); i += 61) /* labels of 60: 256 bytes in all are still a host */
        url[i] = '.';
    url[256] = '\0';
    url[255] = 'a';
    assert_int_equal(endpoint_resolve(AWS_LOGS, "eu-central-1", url, &e, &why), ERR_OK);
    assert_string_equal(e.url, url);
}

/* Runs in a child with its own environment: 0 when the host, or the words of the refusal, came out. */
static int child(const char *const env[], enum aws_service service, const char *override, const char *want)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct endpoint e = {0};
        struct why why = {0};

        for (; *env; env += 2)
            setenv(env[0], env[1], 1);
        if (endpoint_resolve(service, "eu-central-1", override, &e, &why))
            _exit(strstr(why.text, want) ? 0 : 2);
        _exit(strcmp(e.host, want) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void endpoint__resolve__environment(void **state)
{
    static const char *const both[] = {"AWS_ENDPOINT_URL", "https://all.example", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                                       "http://127.0.0.1:5000", NULL};
    static const char *const logs[] = {"AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://localhost:1", "AWS_ENDPOINT_URL", "",
                                       NULL};
    static const char *const off[] = {"AWS_ENDPOINT_URL", "https://all.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                      "True", NULL};
    static const char *const not_off[] = {"AWS_ENDPOINT_URL", "https://all.example",
                                          "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", NULL};
    static const char *const wrong[] = {"AWS_ENDPOINT_URL_STS", "http://sts.example", NULL};

    (void)state;
    assert_int_equal(child(both, AWS_SECRETSMANAGER, NULL, "127.0.0.1:5000"), 0);
    assert_int_equal(child(both, AWS_LOGS, NULL, "all.example"), 0);
    assert_int_equal(child(both, AWS_LOGS, "https://conf.example", "conf.example"), 0);
    assert_int_equal(child(logs, AWS_LOGS, NULL, "localhost:1"), 0);
    assert_int_equal(child(logs, AWS_STS, NULL, "sts.eu-central-1.amazonaws.com"), 0);
    assert_int_equal(child(off, AWS_STS, NULL, "sts.eu-central-1.amazonaws.com"), 0);
    assert_int_equal(child(off, AWS_STS, "https://conf.example", "conf.example"), 0);
    assert_int_equal(child(not_off, AWS_STS, NULL, "all.example"), 0);
    assert_int_equal(child(wrong, AWS_STS, NULL, "AWS_ENDPOINT_URL_STS: "), 0);
    assert_int_equal(child(wrong, AWS_LOGS, NULL, "logs.eu-central-1.amazonaws.com"), 0);
}

/* Before anything resolves in this process: it keeps the environment it sees first. */
static int clean_environment(void **state)
{
    (void)state;
    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_SECRETS_MANAGER");
    unsetenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS");
    unsetenv("AWS_ENDPOINT_URL_STS");
    unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoint__resolve__environment), /* first: a child must not inherit what was read */
        cmocka_unit_test(endpoint__resolve__partitions),      cmocka_unit_test(endpoint__resolve__bad_regions),
        cmocka_unit_test(endpoint__resolve__good_overrides),  cmocka_unit_test(endpoint__resolve__bad_overrides),
        cmocka_unit_test(endpoint__resolve__override_length),
    };

    return cmocka_run_group_tests(tests, clean_environment, NULL);
}
