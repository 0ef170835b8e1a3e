/* Endpoints: partitions, FIPS, dual-stack, overrides, refusals; and which override
 * counts, by environment and profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "backend/aws/identity.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static enum err resolve(enum aws_service service, const char *region, const char *override, struct endpoint *out,
                        struct why *why)
{
    return endpoint_resolve(service, region, &(struct endpoint_wish){.override_url = override}, out, why);
}

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
        {AWS_LAMBDA, "eu-central-1", "lambda.eu-central-1.amazonaws.com"},
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

        assert_int_equal(resolve(rows[i].service, rows[i].region, NULL, &e, NULL), ERR_OK);
        assert_string_equal(e.host, rows[i].host);
        assert_string_equal(e.region, rows[i].region);
        assert_string_equal(e.signing_name, aws_service_prefix(rows[i].service)); /* of these services */
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

        assert_int_equal(resolve(AWS_LOGS, bad[i], NULL, &e, &why), ERR_SETTING);
        assert_string_equal(e.host, "untouched");
        assert_non_null(strstr(why.text, "eu-central-1"));
        assert_int_equal(resolve(AWS_LOGS, bad[i], "http://127.0.0.1:1", &e, NULL), ERR_SETTING);
    }
    assert_int_equal(resolve(AWS_LOGS, NULL, NULL, &(struct endpoint){0}, NULL), ERR_SETTING);
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

        if (resolve(AWS_SECRETSMANAGER, "eu-central-1", rows[i].override, &e, &why))
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

        if (resolve(AWS_LOGS, "eu-central-1", rows[i].override, &e, &why) != ERR_SETTING)
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
    assert_int_equal(resolve(AWS_LOGS, "eu-central-1", url, &e, &why), ERR_SETTING);
    assert_non_null(strstr(why.text, "longer than 256"));
    for (size_t i = 8 + 60; i < sizeof(url); i += 61) /* labels of 60: 256 bytes in all are still a host */
        url[i] = '.';
    url[256] = '\0';
    url[255] = 'a';
    assert_int_equal(resolve(AWS_LOGS, "eu-central-1", url, &e, &why), ERR_OK);
    assert_string_equal(e.url, url);
}

/* From botocore's rule sets. */
static void endpoint__resolve__fips_and_dualstack(void **state)
{
    static const struct {
        enum aws_service service;
        const char *region;
        bool fips, dualstack;
        const char *host;
    } rows[] = {
        {AWS_SECRETSMANAGER, "us-east-1", true, false, "secretsmanager-fips.us-east-1.amazonaws.com"},
        {AWS_SECRETSMANAGER, "us-east-1", false, true, "secretsmanager.us-east-1.amazonaws.com"},
        {AWS_SECRETSMANAGER, "us-gov-west-1", true, false, "secretsmanager-fips.us-gov-west-1.amazonaws.com"},
        {AWS_SECRETSMANAGER, "us-gov-west-1", true, true, "secretsmanager-fips.us-gov-west-1.amazonaws.com"},
        {AWS_SECRETSMANAGER, "cn-north-1", false, true, "secretsmanager.cn-north-1.amazonaws.com.cn"},
        {AWS_SECRETSMANAGER, "cn-north-1", true, true, "secretsmanager-fips.cn-north-1.api.amazonwebservices.com.cn"},
        {AWS_LOGS, "us-east-1", true, false, "logs-fips.us-east-1.amazonaws.com"},
        {AWS_LOGS, "us-east-1", false, true, "logs.us-east-1.api.aws"},
        {AWS_LOGS, "us-east-1", true, true, "logs-fips.us-east-1.api.aws"},
        {AWS_LOGS, "us-gov-west-1", true, false, "logs.us-gov-west-1.amazonaws.com"},
        {AWS_LOGS, "us-gov-west-1", true, true, "logs-fips.us-gov-west-1.api.aws"},
        {AWS_STS, "us-gov-west-1", true, false, "sts.us-gov-west-1.amazonaws.com"},
        {AWS_LAMBDA, "us-gov-west-1", true, false, "lambda-fips.us-gov-west-1.amazonaws.com"},
        {AWS_STS, "eusc-de-east-1", false, true, "sts.eusc-de-east-1.api.amazonwebservices.eu"},
        {AWS_SSO, "us-east-1", false, false, "portal.sso.us-east-1.amazonaws.com"},
        {AWS_SSO, "us-east-1", true, false, "portal.sso-fips.us-east-1.amazonaws.com"},
        {AWS_SSO, "us-gov-west-1", true, false, "portal.sso.us-gov-west-1.amazonaws.com"},
        {AWS_SSO_OIDC, "cn-north-1", false, true, "oidc.cn-north-1.api.amazonwebservices.com.cn"},
        {AWS_STS, "us-iso-east-1", false, true, "sts.us-iso-east-1.api.aws.ic.gov"},
        {AWS_STS, "us-isob-east-1", false, true, "sts.us-isob-east-1.api.aws.scloud"},
        {AWS_STS, "eu-isoe-west-1", false, true, "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk"},
        {AWS_STS, "us-isof-south-1", true, true, "sts-fips.us-isof-south-1.api.aws.hci.ic.gov"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct endpoint e;
        struct endpoint_wish w = {.use_fips = rows[i].fips, .use_dualstack = rows[i].dualstack};

        assert_int_equal(endpoint_resolve(rows[i].service, rows[i].region, &w, &e, NULL), ERR_OK);
        assert_string_equal(e.host, rows[i].host);
    }
}

static void endpoint__resolve__refuses_fips_of_a_chosen_address(void **state)
{
    struct endpoint e;
    struct why why;
    struct endpoint_wish w = {.override_url = "https://x.example", .origin = "AWS_ENDPOINT_URL", .use_fips = true};

    (void)state;
    assert_int_equal(endpoint_resolve(AWS_STS, "us-east-1", &w, &e, &why), ERR_SETTING);
    assert_non_null(strstr(why.text, "AWS_ENDPOINT_URL: "));
    assert_non_null(strstr(why.text, "use_fips_endpoint"));
    w.use_fips = false;
    w.use_dualstack = true;
    assert_int_equal(endpoint_resolve(AWS_STS, "us-east-1", &w, &e, &why), ERR_SETTING);
    assert_non_null(strstr(why.text, "use_dualstack_endpoint"));
}

/* ------------------------------------------------- which override counts */

static const char *const variables[] = {
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
};

/* One environment, one config file, one question. */
static enum err ask(const char *const env[], const char *config, enum aws_service service,
                    const struct identity_selector *sel, struct endpoint *out, struct why *why)
{
    char path[] = "/tmp/test_aws_endpoint.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    struct identity_store *s;
    enum err err;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, config, strlen(config)), strlen(config));
    close(fd);
    for (size_t i = 0; i < ARRAY_LEN(variables); i++)
        unsetenv(variables[i]);
    setenv("AWS_CONFIG_FILE", path, 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    for (; *env; env += 2)
        setenv(env[0], env[1], 1);
    s = identity_store_new(NULL);
    err = identity_endpoint(s, sel, service, "eu-central-1", out, why);
    s = identity_store_free(s);
    (void)unlink(path);
    return err;
}

static void endpoint__of_identity__order(void **state)
{
    static const char profile[] =
        "[profile p]\nendpoint_url = https://p.example\nservices = mine\n"
        "[services mine]\nsecrets_manager =\n  endpoint_url = https://s.example\n"
        "[profile q]\nservices = gone\nendpoint_url = http://q.example\n"
        "[profile off]\nignore_configured_endpoint_urls = true\nendpoint_url = https://p.example\n";
    static const char *const none[] = {NULL};
    static const char *const both[] = {"AWS_ENDPOINT_URL", "https://all.example", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                                       "http://127.0.0.1:5000", NULL};
    static const char *const empty[] = {"AWS_ENDPOINT_URL", "", NULL};
    static const char *const off[] = {"AWS_ENDPOINT_URL", "https://all.example", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                                      "True", NULL};
    static const char *const not_off[] = {"AWS_ENDPOINT_URL", "https://all.example",
                                          "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", NULL};
    static const char *const wrong[] = {"AWS_ENDPOINT_URL_STS", "http://sts.example", NULL};
    static const struct {
        const char *const *env;
        const char *profile, *configured;
        enum aws_service service;
        const char *want; /* the host, or words of the refusal */
    } rows[] = {
        {both, NULL, NULL, AWS_SECRETSMANAGER, "127.0.0.1:5000"},
        {both, NULL, NULL, AWS_LOGS, "all.example"},
        {both, "p", "https://conf.example", AWS_LOGS, "conf.example"},
        {both, "p", NULL, AWS_SECRETSMANAGER, "127.0.0.1:5000"},
        {none, "p", NULL, AWS_SECRETSMANAGER, "s.example"},
        {none, "p", NULL, AWS_LOGS, "p.example"},
        {empty, "p", NULL, AWS_LOGS, "p.example"},
        {none, NULL, NULL, AWS_LOGS, "logs.eu-central-1.amazonaws.com"},
        {none, "q", NULL, AWS_LOGS, "the profile's endpoint_url: "},
        {off, "p", NULL, AWS_SECRETSMANAGER, "secretsmanager.eu-central-1.amazonaws.com"},
        {off, "p", "https://conf.example", AWS_STS, "conf.example"},
        {none, "off", NULL, AWS_STS, "sts.eu-central-1.amazonaws.com"},
        {not_off, "off", NULL, AWS_STS, "all.example"},
        {wrong, NULL, NULL, AWS_STS, "AWS_ENDPOINT_URL_STS: "},
        {wrong, NULL, NULL, AWS_LOGS, "logs.eu-central-1.amazonaws.com"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct identity_selector sel = {.profile = rows[i].profile, .endpoint_url = rows[i].configured};
        struct endpoint e = {.host = ""};
        struct why why = {0};
        enum err err = ask(rows[i].env, profile, rows[i].service, &sel, &e, &why);

        if (err == ERR_OK ? strcmp(e.host, rows[i].want) != 0 : !strstr(why.text, rows[i].want))
            fail_msg("row %zu: %s %s, not %s", i, e.host, why.text, rows[i].want);
    }
}

static void endpoint__of_identity__fips_and_dualstack(void **state)
{
    static const char profile[] = "[profile p]\nuse_fips_endpoint = true\n[profile q]\nuse_dualstack_endpoint=true\n";
    static const char *const none[] = {NULL};
    static const char *const fips[] = {"AWS_USE_FIPS_ENDPOINT", "true", "AWS_USE_DUALSTACK_ENDPOINT", "TRUE", NULL};
    static const char *const no[] = {"AWS_USE_FIPS_ENDPOINT", "false", NULL};
    static const struct {
        const char *const *env;
        const char *profile, *want;
    } rows[] = {
        {none, "p", "sts-fips.eu-central-1.amazonaws.com"}, {none, "q", "sts.eu-central-1.api.aws"},
        {fips, NULL, "sts-fips.eu-central-1.api.aws"},      {no, "p", "sts.eu-central-1.amazonaws.com"},
        {none, NULL, "sts.eu-central-1.amazonaws.com"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct identity_selector sel = {.profile = rows[i].profile};
        struct endpoint e = {.host = ""};

        assert_int_equal(ask(rows[i].env, profile, AWS_STS, &sel, &e, NULL), ERR_OK);
        assert_string_equal(e.host, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoint__resolve__partitions),
        cmocka_unit_test(endpoint__resolve__fips_and_dualstack),
        cmocka_unit_test(endpoint__resolve__refuses_fips_of_a_chosen_address),
        cmocka_unit_test(endpoint__resolve__bad_regions),
        cmocka_unit_test(endpoint__resolve__good_overrides),
        cmocka_unit_test(endpoint__resolve__bad_overrides),
        cmocka_unit_test(endpoint__resolve__override_length),
        cmocka_unit_test(endpoint__of_identity__order),
        cmocka_unit_test(endpoint__of_identity__fips_and_dualstack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
