/* Single sign-on, logins, containers and instances: what each asks for, what it
 * makes of the answers, and what it says when they are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_chain.h"

/* --------------------------------------------------------- single sign-on */

/* Named by the SHA-1 of "corp". */
#define CORP_FILE ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"

#define SSO_PROFILE                                                                                                    \
    "[profile x]\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=Read Only/1\n"                          \
    "[sso-session corp]\nsso_start_url=https://corp.awsapps.com/start\nsso_region=eu-north-1\n"
#define SSO_KEYS                                                                                                       \
    "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","                  \
    "\"expiration\":1795534327000}}"

static void sso__of_a_session(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, SSO_PROFILE);
    chain_file(x, CORP_FILE, "{\"accessToken\":\"tok\",\"expiresAt\":\"2026-11-24T20:00:00Z\"}");
    chain_rule(x, "GET /federation/credentials?account_id=123456789012&role_name=Read%20Only%2F1", 200, SSO_KEYS);
    chain_expect(x, "x", "SSO", "sso role Read Only/1 in 123456789012 (profile x)");
    assert_int_equal(x->id.expires_wall_ms, INT64_C(1795534327000));
    chain_seen(x, 0, "x-amz-sso_bearer_token: tok\r\n");
    assert_null(strstr(x->http.seen[0]->text, "Authorization"));
}

static void sso__legacy(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, "[profile x]\nsso_start_url=https://corp.awsapps.com/start\nsso_region=eu-north-1\n"
                    "sso_account_id=123456789012\nsso_role_name=r\n");
    chain_file(x, ".aws/sso/cache/a51746d4aa793ae07b25e90c3a5db96fc7832bd7.json",
               "{\"accessToken\":\"old\",\"expiresAt\":\"2026-11-24T20:00:00UTC\"}");
    chain_rule(x, "x-amz-sso_bearer_token: old\r\n", 200, SSO_KEYS);
    chain_expect(x, "x", "SSO", NULL);
}

static void sso__without_a_token_says_how_to_get_one(void **state)
{
    static const struct {
        const char *file, *words;
    } rows[] = {
        {NULL, "has not begun: run: aws sso login --profile x"},
        {"{\"accessToken\":\"tok\",\"expiresAt\":\"2026-11-24T14:00:00Z\"}",
         "has ended: run: aws sso login --profile x"},
        {"{\"expiresAt\":\"2026-11-24T20:00:00Z\"}", "has no usable token: run: aws sso login"},
        {"{\"accessToken\":\"tok\"}", "has no usable token"},
        {"{\"accessToken\":\"a\\nb\",\"expiresAt\":\"2026-11-24T20:00:00Z\"}", "has no usable token"},
        {"hunter2", "is not JSON: run: aws sso login --profile x"},
    };
    struct chain_test *x = *state;

    chain_config(x, SSO_PROFILE);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].file)
            chain_file(x, CORP_FILE, rows[i].file);
        x->mono_ms += 130000;
        chain_refused(x, "x", ERR_EXPIRED, rows[i].words);
    }
    assert_int_equal(fake_http_count(&x->http), 0);
}

static void sso__settings_that_are_wrong(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"sso_session=gone\nsso_account_id=123456789012\nsso_role_name=r\n", "there is no [sso-session gone]"},
        {"sso_session=half\nsso_account_id=123456789012\nsso_role_name=r\n", "single sign-on needs sso_region"},
        {"sso_account_id=123456789012\n", "needs sso_start_url"},
        {"sso_start_url=https://x\nsso_region=eu-west-1\nsso_role_name=r\n", "needs sso_account_id"},
        {"sso_start_url=https://x\nsso_region=eu-west-1\nsso_account_id=123456789012\n", "needs sso_role_name"},
        {"sso_start_url=https://x\nsso_region=eu-west-1\nsso_account_id=12\nsso_role_name=r\n", "must be 12 digits"},
    };
    struct chain_test *x = *state;
    char text[400];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)str_fmt(text, sizeof(text), "[sso-session half]\nsso_start_url=https://x\n[profile x]\n%s", rows[i].text);
        chain_config(x, text);
        chain_refused(x, "x", ERR_SETTING, rows[i].words);
    }
    chain_config(x, "[profile x]\nsso_start_url=https://x\n"); /* signs on, but opens no role */
    chain_refused(x, "x", ERR_NO_CREDENTIALS, "no keys");
}

#define RENEWABLE                                                                                                      \
    "{\"accessToken\":\"old\",\"expiresAt\":\"2026-11-24T14:40:00Z\",\"clientId\":\"id\",\"clientSecret\":"            \
    "\"hunter2\","                                                                                                     \
    "\"refreshToken\":\"again\",\"registrationExpiresAt\":\"2027-01-01T00:00:00Z\",\"startUrl\":\"kept\"}"

static void sso__token_is_renewed_in_its_file(void **state)
{
    struct chain_test *x = *state;
    char path[200], text[2000] = "";
    struct stat st;
    int fd;

    chain_config(x, SSO_PROFILE);
    chain_file(x, CORP_FILE, RENEWABLE);
    chain_rule(x, "POST /token", 200, "{\"accessToken\":\"new\",\"expiresIn\":28800,\"refreshToken\":\"next\"}");
    chain_rule(x, "x-amz-sso_bearer_token: new\r\n", 200, SSO_KEYS);
    chain_expect(x, "x", "SSO", NULL);
    chain_seen(x, 0,
               "{\"grantType\":\"refresh_token\",\"clientId\":\"id\",\"clientSecret\":\"hunter2\","
               "\"refreshToken\":\"again\"}");
    (void)str_fmt(path, sizeof(path), "%s/%s", x->home, CORP_FILE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    assert_non_null(strstr(text, "\"accessToken\":\"new\""));
    assert_non_null(strstr(text, "\"refreshToken\":\"next\""));
    assert_non_null(strstr(text, "\"expiresAt\":\"2026-11-24T22:32:07Z\""));
    assert_non_null(strstr(text, "\"startUrl\":\"kept\""));
}

static void sso__token_that_cannot_be_renewed_serves_to_its_end(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, SSO_PROFILE);
    chain_file(x, CORP_FILE, RENEWABLE);
    chain_rule(x, "POST /token", 400, "{\"error\":\"invalid_grant\",\"__type\":\"InvalidGrantException\"}");
    chain_rule(x, "x-amz-sso_bearer_token: old\r\n", 200, SSO_KEYS);
    chain_expect(x, "x", "SSO", NULL);
    x->wall_ms += 3600 * 1000;
    x->mono_ms += 3600 * 1000;
    chain_refused(x, "x", ERR_EXPIRED, "has ended: run: aws sso login --profile x");
    x->gate = aws_gate_free(x->gate); /* restricted: what lies below the home folder is the user's, and not looked at */
    chain_open_gate(x, false);
    char path[120];
    (void)str_fmt(path, sizeof(path), "%s/.aws/config", x->home);
    identity_store_restrict(x->store, path, NULL);
    x->wall_ms -= 3600 * 1000;
    size_t before = chain_count(x, "POST /token");
    chain_refused(x, "x", ERR_NO_CREDENTIALS, "single sign-on is not used in restricted mode");
    assert_int_equal(chain_count(x, "POST /token"), before);
}

static void sso__token_that_the_portal_refuses(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, SSO_PROFILE);
    chain_file(x, CORP_FILE, "{\"accessToken\":\"tok\",\"expiresAt\":\"2026-11-24T20:00:00Z\"}");
    struct rule *r = chain_rule(x, "GET /federation", 401, "{\"message\":\"Session token not found or invalid\"}");
    r->answer.headers = "x-amzn-ErrorType: UnauthorizedException:http://x\r\n";
    chain_refused(x, "x", ERR_EXPIRED, "is over, says the portal: run: aws sso login --profile x");
    assert_int_equal(fake_http_count(&x->http), 2); /* once more, with what the file holds by then */
    x->nrules = 0;
    chain_rule(x, "GET /federation", 403, "{\"__type\":\"ForbiddenException\",\"message\":\"No access\"}");
    x->mono_ms += 70000;
    chain_refused(x, "x", ERR_DENIED, "No access");
    x->nrules = 0;
    chain_rule(x, "GET /federation", 200, "{\"roleCredentials\":{}}");
    x->mono_ms += 70000;
    chain_refused(x, "x", ERR_MALFORMED, "holds no keys");
}

/* A moment below zero stands for keys that never end. */
static void sso__keys_that_end_before_1970(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, SSO_PROFILE);
    chain_file(x, CORP_FILE, "{\"accessToken\":\"tok\",\"expiresAt\":\"2026-11-24T20:00:00Z\"}");
    chain_rule(x, "GET /federation", 200,
               "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","
               "\"expiration\":-9223372036854775808}}");
    chain_refused(x, "x", ERR_MALFORMED, "holds no keys");
}

static void sso__as_the_source_of_a_role(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, SSO_PROFILE "[profile r]\nrole_arn=arn:aws:iam::1:role/r\nsource_profile=x\n");
    chain_file(x, CORP_FILE, "{\"accessToken\":\"tok\",\"expiresAt\":\"2026-11-24T20:00:00Z\"}");
    chain_rule(x, "GET /federation", 200, SSO_KEYS);
    chain_expect(x, "r", "ID-r-1", "role r <- sso role Read Only/1 in 123456789012 (profile x)");
}

/* ------------------------------------------------------------- aws login */

static void login__keys_of_its_cache(void **state)
{
    struct chain_test *x = *state;
    /* sha256("abc") */
    static const char name[] = "logins/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.json";
    char folder[120];

    (void)str_fmt(folder, sizeof(folder), "%s/logins", x->home);
    setenv("AWS_LOGIN_CACHE_DIRECTORY", folder, 1);
    chain_config(x, "[profile l]\nlogin_session=abc\n");
    chain_refused(x, "l", ERR_NO_CREDENTIALS, "is not logged in; run: aws login --profile l");
    chain_file(x, name,
               "{\"accessToken\":{\"accessKeyId\":\"L\",\"secretAccessKey\":\"s\",\"sessionToken\":\"t\","
               "\"expiresAt\":\"2026-11-24T15:00:00Z\"}}");
    x->mono_ms += 70000;
    chain_expect(x, "l", "L", "aws login (profile l)");
    x->wall_ms += 3600 * 1000;
    x->mono_ms += 3600 * 1000;
    chain_refused(x, "l", ERR_EXPIRED, "has ended; run: aws login --profile l");
    chain_file(x, name, "{}");
    x->mono_ms += 70000;
    chain_refused(x, "l", ERR_NO_CREDENTIALS, "left no keys; run: aws login");
}

/* ------------------------------------------------------------- container */

static void container_at(struct chain_test *x, const char *path)
{
    char url[200];

    (void)str_fmt(url, sizeof(url), "%s%s", x->http.url, path);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
}

#define TASK_KEYS                                                                                                      \
    "{\"RoleArn\":\"r\",\"AccessKeyId\":\"TASK\",\"SecretAccessKey\":\"s\",\"Token\":\"t\","                           \
    "\"Expiration\":\"2026-11-24T15:32:07Z\"}"

static void container__with_a_token(void **state)
{
    struct chain_test *x = *state;
    char path[120];

    container_at(x, "/v2/creds?id=1");
    chain_rule(x, "GET /v2/creds?id=1", 200, TASK_KEYS);
    chain_expect(x, NULL, "TASK", "container credentials");
    assert_string_equal(secret_peek(x->id.session_token, NULL), "t");
    assert_int_equal(x->id.expires_wall_ms, x->wall_ms + 3600 * 1000);
    assert_null(strstr(x->http.seen[0]->text, "Authorization"));
    x->gate = aws_gate_free(x->gate);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from env", 1);
    chain_expect(x, NULL, "TASK", NULL);
    chain_seen(x, 1, "Authorization: from env\r\n");
    x->gate = aws_gate_free(x->gate);
    (void)str_fmt(path, sizeof(path), "%s/token", x->home);
    setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path, 1);
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "/token does not exist");
    chain_file(x, "token", "from file");
    x->mono_ms += 70000;
    chain_expect(x, NULL, "TASK", NULL);
    chain_seen(x, 2, "Authorization: from file\r\n");
    x->gate = aws_gate_free(x->gate);
    chain_file(x, "token", "hunter2\r\nX-Evil: 1");
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "holds a line break");
    assert_int_equal(fake_http_count(&x->http), 3);
}

static void container__addresses_that_are_not_asked(void **state)
{
    static const struct {
        const char *variable, *value, *words;
    } rows[] = {
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/x", "host \"10.0.0.1\" is not allowed without https"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.169.254/x", "is not allowed"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2.evil.com/", "is not allowed"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1.evil.com/", "is not allowed"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[fd00:ec2::24]/", "is not allowed"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "ftp://127.0.0.1/x", "must begin with https://"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://a:hunter2@127.0.0.1/", "user name"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/a b", "no blank"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@evil.com/x", "must begin with /"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/a\r\nb", "no blank"},
    };
    struct chain_test *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        setenv(rows[i].variable, rows[i].value, 1);
        chain_refused(x, NULL, ERR_SETTING, rows[i].words);
        x->gate = aws_gate_free(x->gate);
        unsetenv(rows[i].variable);
    }
}

static void container__answers_that_are_none(void **state)
{
    struct chain_test *x = *state;

    container_at(x, "/c");
    chain_rule(x, "GET /c", 404, "gone");
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "container credentials: HTTP 404");
    x->nrules = 0;
    chain_rule(x, "GET /c", 200, "hunter2");
    x->mono_ms += 70000;
    chain_refused(x, NULL, ERR_MALFORMED, "container credentials: not JSON");
    x->nrules = 0;
    chain_rule(x, "GET /c", 200, "{\"AccessKeyId\":null}");
    x->mono_ms += 70000;
    chain_refused(x, NULL, ERR_MALFORMED, "holds no AccessKeyId");
    x->nrules = 0;
    chain_rule(x, "GET /c", 503, "later")->uses = 1;
    chain_rule(x, "GET /c", 200, TASK_KEYS);
    x->mono_ms += 70000;
    chain_expect(x, NULL, "TASK", NULL); /* the second of three tries */
}

/* -------------------------------------------------------------- instance */

#define ROLES "GET /latest/meta-data/iam/security-credentials/ "
#define KEYS "GET /latest/meta-data/iam/security-credentials/web"
#define INSTANCE_KEYS(id, until)                                                                                       \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"" id                                                                      \
    "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",\"Expiration\":\"" until "\"}"

static void imds_on(struct chain_test *x)
{
    unsetenv("AWS_EC2_METADATA_DISABLED");
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", x->http.url, 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1); /* never for this */
    setenv("http_proxy", "http://127.0.0.1:1", 1);
}

static void imds__version_2(void **state)
{
    struct chain_test *x = *state;

    imds_on(x);
    chain_rule(x, "PUT /latest/api/token", 200, "TOKEN");
    chain_rule(x, ROLES, 200, "web\nother\n");
    chain_rule(x, KEYS, 200, INSTANCE_KEYS("INST", "2026-11-24T20:32:07Z"));
    chain_expect(x, NULL, "INST", "instance role web");
    assert_int_equal(x->id.expires_wall_ms, x->wall_ms + 6 * 3600 * 1000);
    chain_seen(x, 0, "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n");
    chain_seen(x, 1, "x-aws-ec2-metadata-token: TOKEN\r\n");
    chain_seen(x, 2, "x-aws-ec2-metadata-token: TOKEN\r\n");
    assert_int_equal(fake_http_count(&x->http), 3);
}

static void imds__version_1_where_there_is_no_2(void **state)
{
    struct chain_test *x = *state;

    imds_on(x);
    chain_rule(x, "PUT /latest/api/token", 404, "");
    chain_rule(x, ROLES, 200, "web");
    chain_rule(x, KEYS, 200, INSTANCE_KEYS("INST", "2026-11-24T20:32:07Z"));
    chain_expect(x, NULL, "INST", NULL);
    assert_null(strstr(x->http.seen[1]->text, "x-aws-ec2-metadata-token"));
    x->gate = aws_gate_free(x->gate);
    setenv("AWS_EC2_METADATA_V1_DISABLED", "true", 1);
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "version 1 is disabled");
    x->gate = aws_gate_free(x->gate);
    unsetenv("AWS_EC2_METADATA_V1_DISABLED");
    x->nrules = 0;
    chain_rule(x, "PUT /latest/api/token", 400, "");
    chain_refused(x, NULL, ERR_SERVICE, "instance metadata: HTTP 400 for a token");
}

static void imds__behind_a_hop_limit(void **state)
{
    struct chain_test *x = *state;
    int64_t began = clock_mono_ms(clock_real());

    imds_on(x);
    chain_rule(x, "PUT /latest/api/token", 200, "")->answer.hangs = true;
    chain_rule(x, ROLES, 404, "");
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "no instance role");
    assert_true(clock_mono_ms(clock_real()) - began < 2500);
}

static void imds__token_that_has_run_out(void **state)
{
    struct chain_test *x = *state;

    imds_on(x);
    chain_rule(x, "PUT /latest/api/token", 200, "OLD")->uses = 1;
    chain_rule(x, "PUT /latest/api/token", 200, "NEW");
    chain_rule(x, "x-aws-ec2-metadata-token: OLD", 401, "");
    chain_rule(x, ROLES, 200, "web");
    chain_rule(x, KEYS, 200, INSTANCE_KEYS("INST", "2026-11-24T20:32:07Z"));
    chain_expect(x, NULL, "INST", NULL);
    assert_int_equal(chain_count(x, "PUT /latest"), 2);
}

static void imds__keys_that_are_about_to_end_are_used_on(void **state)
{
    struct chain_test *x = *state;

    imds_on(x);
    chain_rule(x, "PUT /latest/api/token", 200, "T");
    chain_rule(x, ROLES, 200, "web");
    chain_rule(x, KEYS, 200, INSTANCE_KEYS("INST", "2026-11-24T14:00:00Z")); /* past */
    chain_expect(x, NULL, "INST", NULL);
    assert_true(x->id.expires_wall_ms >= x->wall_ms + 17 * 60 * 1000);
    assert_true(x->id.expires_wall_ms <= x->wall_ms + 25 * 60 * 1000);
}

static void imds__answers_that_are_none(void **state)
{
    static const struct {
        const char *roles, *keys, *words;
        int roles_status, keys_status;
    } rows[] = {
        {"", "", "no instance role", 404, 200},
        {"", "", "role's name is none", 200, 200},
        {"a b", "", "role's name is none", 200, 200},
        {"../x", "", "role's name is none", 200, 200},
        {"web", "", "HTTP 404 for the keys of web", 200, 404},
        {"web", "hunter2", "instance metadata: not JSON", 200, 200},
        {"web", "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}",
         "web: the metadata service says AssumeRoleUnauthorizedAccess", 200, 200},
        {"web", "{\"Code\":\"Success\"}", "holds no AccessKeyId", 200, 200},
        {"web", "{\"AccessKeyId\":\"A\"}", "SecretAccessKey is missing", 200, 200},
    };
    struct chain_test *x = *state;

    imds_on(x);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        x->nrules = 0;
        chain_rule(x, "PUT /latest/api/token", 200, "T");
        chain_rule(x, ROLES, rows[i].roles_status, rows[i].roles);
        chain_rule(x, KEYS, rows[i].keys_status, rows[i].keys);
        if (chain_get(x, NULL) == ERR_OK || !strstr(x->why.text, rows[i].words))
            fail_msg("row %zu: %s", i, x->why.text);
        assert_null(strstr(x->why.text, "hunter2"));
        x->mono_ms += 70000;
    }
}

static void imds__settings_that_are_wrong(void **state)
{
    static const struct {
        const char *variable, *value, *words;
    } rows[] = {
        {"AWS_METADATA_SERVICE_TIMEOUT", "soon",
         "AWS_METADATA_SERVICE_TIMEOUT \"soon\" must be a whole number, 1 to 60"},
        {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", "1 to 10"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5", "must be IPv4 or IPv6"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "nowhere", "must begin with https://"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/x", "no path may follow"},
    };
    struct chain_test *x = *state;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        imds_on(x);
        setenv(rows[i].variable, rows[i].value, 1);
        chain_refused(x, NULL, ERR_SETTING, rows[i].words);
        x->gate = aws_gate_free(x->gate);
        unsetenv(rows[i].variable);
    }
}

static void imds__where_nobody_is(void **state)
{
    struct chain_test *x = *state;

    imds_on(x);
    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1", 1);
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "no container, no instance role");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(sso__of_a_session),
        CHAIN_CASE(sso__legacy),
        CHAIN_CASE(sso__without_a_token_says_how_to_get_one),
        CHAIN_CASE(sso__settings_that_are_wrong),
        CHAIN_CASE(sso__token_is_renewed_in_its_file),
        CHAIN_CASE(sso__token_that_cannot_be_renewed_serves_to_its_end),
        CHAIN_CASE(sso__token_that_the_portal_refuses),
        CHAIN_CASE(sso__keys_that_end_before_1970),
        CHAIN_CASE(sso__as_the_source_of_a_role),
        CHAIN_CASE(login__keys_of_its_cache),
        CHAIN_CASE(container__with_a_token),
        CHAIN_CASE(container__addresses_that_are_not_asked),
        CHAIN_CASE(container__answers_that_are_none),
        CHAIN_CASE(imds__version_2),
        CHAIN_CASE(imds__version_1_where_there_is_no_2),
        CHAIN_CASE(imds__behind_a_hop_limit),
        CHAIN_CASE(imds__token_that_has_run_out),
        CHAIN_CASE(imds__keys_that_are_about_to_end_are_used_on),
        CHAIN_CASE(imds__answers_that_are_none),
        CHAIN_CASE(imds__settings_that_are_wrong),
        CHAIN_CASE(imds__where_nobody_is),
    };

    json_global_init();
    transport_curl_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
