/* Roles: source profiles, chains, loops, machine sources, MFA, web identities, and what
 * the configuration puts on top. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_chain.h"

#define BASE "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=s\nregion=eu-west-1\n"
#define ROLE(name) "role_arn=arn:aws:iam::123456789012:role/" name "\n"

static void role__over_a_profile(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, BASE "[profile ops]\n" ROLE("path/ops") "source_profile=base\nexternal_id=x/y z\nregion=eu-west-1\n"
                                                            "duration_seconds=7200\nrole_session_name=me@home\n");
    chain_expect(x, "ops", "ID-path%2Fops-1", "role ops <- profile base (~/.aws/config)");
    assert_string_equal(secret_peek(x->id.secret_access_key, NULL), "a&b/+/");
    assert_string_equal(secret_peek(x->id.session_token, NULL), "tok=1");
    assert_int_equal(x->id.expires_wall_ms, x->wall_ms + 3600 * 1000);
    chain_seen(x, 0, "POST / HTTP/1.1");
    chain_seen(x, 0, "Credential=BASE/20261124/eu-west-1/sts/aws4_request");
    chain_seen(x, 0,
               "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fpath%2Fops&"
               "RoleSessionName=me%40home&DurationSeconds=7200&ExternalId=x%2Fy%20z");
    chain_expect(x, "ops", "ID-path%2Fops-1", NULL); /* kept */
    assert_int_equal(fake_http_count(&x->http), 1);
}

static void role__session_is_named_after_us(void **state)
{
    struct chain_test *x = *state;
    char want[64];

    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\n");
    chain_expect(x, "ops", "ID-ops-1", NULL);
    (void)str_fmt(want, sizeof(want), "-%ld", (long)getpid());
    chain_seen(x, 0, "RoleSessionName=credtop-");
    chain_seen(x, 0, want);
    assert_null(strstr(x->http.seen[0]->text, "DurationSeconds"));
}

static void chain__of_three_is_climbed_from_the_bottom(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, BASE
                 "[profile a]\n" ROLE("a") "source_profile=b\nduration_seconds=43200\n"
                                           "[profile other]\n" ROLE(
                                               "o") "source_profile=b\n"
                                                    "[profile b]\n" ROLE("b") "source_profile=c\n[profile c]\n" ROLE(
                                                        "c") "source_profile=base\n");
    chain_expect(x, "a", "ID-a-3", "role a <- role b <- role c <- profile base (~/.aws/config)");
    chain_seen(x, 0, "role%2Fc");
    chain_seen(x, 0, "Credential=BASE/");
    chain_seen(x, 1, "role%2Fb");
    chain_seen(x, 1, "Credential=ID-c-1/");
    chain_seen(x, 1, "x-amz-security-token");
    chain_seen(x, 2, "Credential=ID-b-2/");
    chain_seen(x, 2, "DurationSeconds=3600"); /* STS's limit for a role's keys */
    chain_expect(x, "other", "ID-o-4", NULL); /* b is at hand */
    assert_int_equal(fake_http_count(&x->http), 4);
}

static void chain__of_many(void **state)
{
    struct chain_test *x = *state;
    struct strbuf b;

    strbuf_init(&b, 1 << 16);
    strbuf_str(&b, BASE);
    for (int i = 0; i < 40; i++) {
        strbuf_fmt(&b, "[profile p%d]\n" ROLE("r%d"), i, i);
        if (i < 39)
            strbuf_fmt(&b, "source_profile=p%d\n", i + 1);
        else
            strbuf_str(&b, "source_profile=base\n");
    }
    chain_config(x, strbuf_peek(&b));
    strbuf_clear(&b);
    chain_expect(x, "p0", "ID-r0-40", NULL);
    assert_int_equal(fake_http_count(&x->http), 40);
    assert_true(strlen(x->id.source) <= IDENTITY_SOURCE_MAX);
}

static void chain__that_goes_round_is_named(void **state)
{
    struct chain_test *x = *state;

    chain_config(x,
                 "[profile a]\n" ROLE("a") "source_profile=b\n[profile b]\n" ROLE(
                     "b") "source_profile=c\n"
                          "[profile c]\n" ROLE("c") "source_profile=b\n[profile me]\n" ROLE("m") "source_profile=me\n");
    chain_refused(x, "a", ERR_SETTING, "config:8: profile \"c\": source_profile goes round: b -> c -> b");
    chain_refused(x, "me", ERR_SETTING, "source_profile goes round: me -> me");
    assert_int_equal(fake_http_count(&x->http), 0);
}

static void role__of_a_profile_that_is_its_own_source(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, "[profile me]\n" ROLE("m") "source_profile=me\naws_access_key_id=ME\naws_secret_access_key=s\n"
                                               "[profile b]\n" ROLE("b") "source_profile=me\n");
    chain_expect(x, "me", "ID-m-1", "role m <- profile me (~/.aws/config)");
    chain_expect(x, "b", "ID-b-2", NULL);
    chain_seen(x, 1, "Credential=ME/"); /* a source's own keys come before its role */
}

static void role__settings_that_are_wrong(void **state)
{
    static const struct {
        const char *text, *words;
        enum err err;
    } rows[] = {
        {ROLE("r"), "config:6: profile \"p\": role_arn needs source_profile or credential_source", ERR_SETTING},
        {ROLE("r") "source_profile=base\ncredential_source=Environment\n", "not both", ERR_SETTING},
        {ROLE("r") "source_profile=gone\n", "there is no source_profile \"gone\"", ERR_SETTING},
        {ROLE("r") "credential_source=Moon\n", "must be Environment, Ec2InstanceMetadata or EcsContainer", ERR_SETTING},
        {ROLE("r") "credential_source=Environment\n", "credential_source Environment has no keys", ERR_NO_CREDENTIALS},
        {ROLE("r") "credential_source=EcsContainer\n", "EcsContainer has no keys", ERR_NO_CREDENTIALS},
        {ROLE("r") "credential_source=Ec2InstanceMetadata\n", "Ec2InstanceMetadata has no keys", ERR_NO_CREDENTIALS},
        {ROLE("r") "source_profile=base\nduration_seconds=12x\n", "config:8: profile \"p\": duration_seconds must be",
         ERR_SETTING},
        {ROLE("r") "source_profile=base\nduration_seconds=899\n", "900 to 43200", ERR_SETTING},
        {"role_arn=nonsense\nsource_profile=base\n", "role_arn \"nonsense\" must be like arn:aws:iam::", ERR_SETTING},
        {ROLE("r") "source_profile=base\nrole_session_name=a b\n", "role_session_name \"a b\" must be 2 to 64",
         ERR_SETTING},
        {ROLE("r") "source_profile=base\nrole_session_name=a\n", "must be 2 to 64", ERR_SETTING},
        {ROLE("r") "source_profile=empty\n[profile empty]\nregion=x\n", "source_profile \"empty\" has no keys",
         ERR_NO_CREDENTIALS},
    };
    struct chain_test *x = *state;
    char text[800];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        (void)str_fmt(text, sizeof(text), BASE "[profile p]\n%s", rows[i].text);
        chain_config(x, text);
        chain_refused(x, "p", rows[i].err, rows[i].words);
    }
    assert_int_equal(fake_http_count(&x->http), 0);
}

static void role__refused_by_sts(void **state)
{
    struct chain_test *x = *state;

    chain_rule(x, "role%2Fops", 403,
               "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized to "
               "perform: sts:AssumeRole</Message></Error></ErrorResponse>");
    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\n");
    chain_refused(x, "ops", ERR_DENIED, "not authorized to perform: sts:AssumeRole");
    assert_string_equal(x->why.aws_code, "AccessDenied");
    chain_refused(x, "ops", ERR_DENIED, "not authorized"); /* remembered: not asked again at once */
    assert_int_equal(fake_http_count(&x->http), 1);
    x->mono_ms += 5001;
    chain_refused(x, "ops", ERR_DENIED, "not authorized");
    assert_int_equal(fake_http_count(&x->http), 2);
}

static void role__answers_that_are_none(void **state)
{
    static const struct {
        const char *body, *words;
    } rows[] = {
        {"", "the answer holds no keys"},
        {"<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey>", "no keys"},
        {"<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>",
         "Expiration"},
        {"<AccessKeyId>A B</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey><SessionToken>t</SessionToken>"
         "<Expiration>2026-11-24T15:00:00Z</Expiration>",
         "AccessKeyId must be"},
        {"<AccessKeyId>A</AccessKeyId><SecretAccessKey>hunter2&#10;</SecretAccessKey><SessionToken>t</SessionToken>"
         "<Expiration>2026-11-24T15:00:00Z</Expiration>",
         "SecretAccessKey must be"},
        {"<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
         "<Expiration>1969-12-31T23:59:59Z</Expiration>",
         "Expiration is no time"},
    };
    struct chain_test *x = *state;

    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\n");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        x->nrules = 0;
        chain_rule(x, "AssumeRole", 200, rows[i].body);
        if (chain_get(x, "ops") == ERR_OK || !strstr(x->why.text, rows[i].words))
            fail_msg("row %zu: %s", i, x->why.text);
        x->mono_ms += 70000;
    }
}

static void role__is_tried_again_when_sts_has_trouble(void **state)
{
    struct chain_test *x = *state;

    chain_rule(x, "AssumeRole", 503, "busy")->uses = 1;
    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\n");
    chain_expect(x, "ops", "ID-ops-1", NULL);
    assert_int_equal(fake_http_count(&x->http), 2);
}

static void role__corrects_the_clock(void **state)
{
    struct chain_test *x = *state;
    struct rule *r =
        chain_rule(x, "AssumeRole", 403, "<Error><Code>SignatureDoesNotMatch</Code><Message>old</Message></Error>");

    r->uses = 1;
    r->answer.headers = "Date: Tue, 24 Nov 2026 16:32:07 GMT\r\n"; /* two hours ahead */
    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\n");
    chain_expect(x, "ops", "ID-ops-1", NULL);
    chain_seen(x, 0, "X-Amz-Date: 20261124T143207Z");
    chain_seen(x, 1, "X-Amz-Date: 20261124T163207Z");
}

static void role__from_the_machine(void **state)
{
    struct chain_test *x = *state;
    char url[100];

    setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    (void)str_fmt(url, sizeof(url), "%s/creds", x->http.url);
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
    chain_rule(x, "GET /creds", 200, "{\"AccessKeyId\":\"TASK\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"}");
    chain_config(x, "[profile e]\n" ROLE("e") "credential_source=Environment\n"
                                              "[profile c]\n" ROLE("c") "credential_source=EcsContainer\n");
    chain_expect(x, "e", "ID-e-1", "role e <- environment");
    chain_seen(x, 0, "Credential=ENV/");
    chain_expect(x, "c", "ID-c-2", "role c <- container credentials");
    chain_seen(x, 2, "Credential=TASK/");
}

static void role__of_the_configuration_on_top(void **state)
{
    struct chain_test *x = *state;
    struct identity_selector sel = {.profile = "base",
                                    .role_arn = "arn:aws:iam::1:role/top",
                                    .external_id = "ext",
                                    .role_session_name = "watch",
                                    .region = "eu-north-1"};

    chain_config(x, BASE);
    chain_open_gate(x, true); /* an auditor takes on roles, too */
    assert_int_equal(identity_get(x->store, &sel, INT64_MAX, NULL, &x->id, &x->why), ERR_OK);
    assert_string_equal(x->id.source, "role top <- profile base (~/.aws/config)");
    chain_seen(x, 0, "/eu-north-1/sts/");
    chain_seen(x, 0, "RoleSessionName=watch&ExternalId=ext");
    sel.role_arn = "arn:aws:iam::1:role/other";
    assert_int_equal(identity_get(x->store, &sel, INT64_MAX, NULL, &x->id, &x->why), ERR_OK);
    assert_string_equal(x->id.access_key_id, "ID-other-2");
    chain_expect(x, "base", "BASE", NULL);
    assert_int_equal(fake_http_count(&x->http), 2);
}

static void role__without_a_region_asks_where_everybody_may(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, "[profile base]\naws_access_key_id=BASE\naws_secret_access_key=s\n[profile ops]\n" ROLE(
                        "ops") "source_profile=base\n");
    chain_expect(x, "ops", "ID-ops-1", NULL);
    chain_seen(x, 0, "/us-east-1/sts/");
}

/* Expired keys of a source are fetched again, once. */
static void role__with_a_source_that_has_expired(void **state)
{
    struct chain_test *x = *state;

    chain_config(x, BASE "[profile a]\n" ROLE("a") "source_profile=b\n[profile b]\n" ROLE("b") "source_profile=base\n");
    chain_rule(x, "Credential=ID-b-1/", 400, "<Error><Code>ExpiredTokenException</Code><Message>x</Message></Error>");
    chain_expect(x, "a", "ID-a-3", NULL);
    assert_int_equal(chain_count(x, "role%2Fb&"), 2);
    assert_int_equal(fake_http_count(&x->http), 4);
}

/* From the call's end: AWS says the role's keys have expired, whatever their date says. */
static void call__takes_on_the_role_again_when_its_keys_have_expired(void **state)
{
    struct chain_test *x = *state;
    struct aws_target t = {.profile = "ops", .region = "eu-west-1", .endpoint_url = x->http.url};
    struct aws_meter meter;
    struct aws_reply reply;
    struct aws *a;

    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\n");
    chain_rule(x, "Credential=ID-ops-1/", 400, "{\"__type\":\"ExpiredTokenException\"}");
    chain_rule(x, "secretsmanager.DescribeSecret", 200, "{}");
    chain_open_gate(x, true);
    a = aws_new(x->gate);
    assert_int_equal(aws_call(a, &t, AWS_DESCRIBE_SECRET, "{}", 10000, &reply, NULL, &x->why), ERR_OK);
    assert_int_equal(chain_count(x, "Action=AssumeRole&"), 2);
    chain_seen(x, 3, "Credential=ID-ops-2/");
    chain_seen(x, 3, "X-Amz-Security-Token: tok=2");
    aws_gate_meter(x->gate, &meter);
    assert_int_equal(meter.by_op[AWS_ASSUME_ROLE], 2);
    assert_int_equal(meter.by_op[AWS_DESCRIBE_SECRET], 2);
    /* the chain's own operations are not for anybody else */
    assert_int_equal(aws_call(a, &t, AWS_ASSUME_ROLE, "", 10000, &reply, NULL, &x->why), ERR_REFUSED_AUDIT);
    assert_int_equal(fake_http_count(&x->http), 4);
    a = aws_free(a);
}

/* ------------------------------------------------------------------- MFA */

struct asker {
    unsigned asked;
    const char *code; /* NULL: nobody answers */
    char serial[80];
};

static enum err ask_code(void *ctx, const struct mfa_question *q, char out_code[MFA_CODE_MAX + 1], struct cancel *c,
                         struct why *why)
{
    struct asker *a = ctx;

    (void)c;
    a->asked++;
    (void)str_copy(a->serial, sizeof(a->serial), q->serial);
    if (!a->code)
        return why_set(why, ERR_NO_CREDENTIALS, "nobody gave the code");
    (void)str_copy(out_code, MFA_CODE_MAX + 1, a->code);
    return ERR_OK;
}

static void mfa__is_asked_once_and_not_before_it_is_needed(void **state)
{
    struct chain_test *x = *state;
    struct asker a = {.code = "123456"};

    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\nmfa_serial=arn:aws:iam::1:mfa/me\n");
    chain_open_gate(x, false);
    identity_store_set_mfa(x->store, ask_code, &a);
    chain_expect(x, "ops", "ID-ops-1", NULL);
    chain_seen(x, 0, "SerialNumber=arn%3Aaws%3Aiam%3A%3A1%3Amfa%2Fme&TokenCode=123456");
    assert_string_equal(a.serial, "arn:aws:iam::1:mfa/me");
    x->wall_ms += 58 * 60 * 1000; /* about to end, still good: nobody is bothered */
    x->mono_ms += 58 * 60 * 1000;
    chain_expect(x, "ops", "ID-ops-1", NULL);
    assert_int_equal(a.asked, 1);
    x->wall_ms += 3 * 60 * 1000;
    x->mono_ms += 3 * 60 * 1000;
    chain_expect(x, "ops", "ID-ops-2", NULL);
    assert_int_equal(a.asked, 2);
}

static void mfa__without_anybody_to_ask(void **state)
{
    struct chain_test *x = *state;
    struct asker a = {.code = NULL};

    chain_config(x, BASE "[profile ops]\n" ROLE("ops") "source_profile=base\nmfa_serial=arn:aws:iam::1:mfa/me\n");
    chain_refused(x, "ops", ERR_NO_CREDENTIALS, "only the dashboard on a terminal can ask for");
    x->gate = aws_gate_free(x->gate);
    chain_open_gate(x, false);
    identity_store_set_mfa(x->store, ask_code, &a);
    chain_refused(x, "ops", ERR_NO_CREDENTIALS, "nobody gave the code");
    assert_int_equal(fake_http_count(&x->http), 0);
}

/* ------------------------------------------------------------ web identity */

static void web__of_the_environment(void **state)
{
    struct chain_test *x = *state;
    char path[120];

    (void)str_fmt(path, sizeof(path), "%s/token", x->home);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod", 1);
    setenv("AWS_ROLE_SESSION_NAME", "pod-1", 1);
    chain_file(x, "token", "first.token\n");
    chain_expect(x, NULL, "ID-pod-1", "role pod <- web identity (AWS_WEB_IDENTITY_TOKEN_FILE)");
    chain_seen(x, 0,
               "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpod&"
               "RoleSessionName=pod-1&WebIdentityToken=first.token");
    assert_null(strstr(x->http.seen[0]->text, "Authorization"));
    chain_file(x, "token", "second.token");
    x->wall_ms += 50 * 60 * 1000;
    x->mono_ms += 50 * 60 * 1000;
    chain_expect(x, NULL, "ID-pod-2", NULL);
    chain_seen(x, 1, "WebIdentityToken=second.token"); /* read again */
}

static void web__of_a_profile(void **state)
{
    struct chain_test *x = *state;
    char text[300];

    (void)str_fmt(text, sizeof(text),
                  "[profile w]\n" ROLE("w") "web_identity_token_file=%s/token\n"
                                            "[profile on]\n" ROLE("on") "source_profile=w\n",
                  x->home);
    chain_config(x, text);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", 1); /* not for a profile that is named */
    chain_refused(x, "w", ERR_NO_CREDENTIALS, "/token does not exist");
    chain_file(x, "token", "t");
    x->mono_ms += 70000;
    chain_expect(x, "w", "ID-w-1", "role w <- web identity (profile w)");
    chain_expect(x, "on", "ID-on-3", "role on <- role w <- web identity (profile w)");
}

static void web__refused(void **state)
{
    struct chain_test *x = *state;
    char path[120], *big = mem_new(20002);

    (void)str_fmt(path, sizeof(path), "%s/token", x->home);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
    setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod", 1);
    memset(big, 'a', 20001);
    chain_file(x, "token", big);
    free(big);
    chain_refused(x, NULL, ERR_NO_CREDENTIALS, "/token: too long");
    chain_rule(x, "WithWebIdentity", 400,
               "<Error><Code>InvalidIdentityToken</Code><Message>no provider</Message></Error>");
    chain_file(x, "token", "t");
    x->mono_ms += 70000;
    chain_refused(x, NULL, ERR_DENIED, "no provider");
    chain_file(x, ".aws/credentials", "[default]\naws_access_key_id=K\naws_secret_access_key=k\n");
    chain_refused(x, NULL, ERR_DENIED, "no provider"); /* does not fall through */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(role__over_a_profile),
        CHAIN_CASE(role__session_is_named_after_us),
        CHAIN_CASE(chain__of_three_is_climbed_from_the_bottom),
        CHAIN_CASE(chain__of_many),
        CHAIN_CASE(chain__that_goes_round_is_named),
        CHAIN_CASE(role__of_a_profile_that_is_its_own_source),
        CHAIN_CASE(role__settings_that_are_wrong),
        CHAIN_CASE(role__refused_by_sts),
        CHAIN_CASE(role__answers_that_are_none),
        CHAIN_CASE(role__is_tried_again_when_sts_has_trouble),
        CHAIN_CASE(role__corrects_the_clock),
        CHAIN_CASE(role__from_the_machine),
        CHAIN_CASE(role__of_the_configuration_on_top),
        CHAIN_CASE(role__without_a_region_asks_where_everybody_may),
        CHAIN_CASE(role__with_a_source_that_has_expired),
        CHAIN_CASE(call__takes_on_the_role_again_when_its_keys_have_expired),
        CHAIN_CASE(mfa__is_asked_once_and_not_before_it_is_needed),
        CHAIN_CASE(mfa__without_anybody_to_ask),
        CHAIN_CASE(web__of_the_environment),
        CHAIN_CASE(web__of_a_profile),
        CHAIN_CASE(web__refused),
    };

    json_global_init();
    transport_curl_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
