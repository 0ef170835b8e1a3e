/* Proxies and certificates: what goes through HTTPS_PROXY, what never does, and which
 * authorities are trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_chain.h"

static enum err call(struct chain_test *x, const char *profile, const char *endpoint)
{
    struct aws_target t = {.profile = profile, .region = "eu-central-1", .endpoint_url = endpoint};
    struct aws_reply reply;
    struct aws *a;
    enum err err;

    setenv("AWS_ACCESS_KEY_ID", "K", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
    unsetenv("AWS_ENDPOINT_URL");
    if (!x->gate)
        chain_open_gate(x, false);
    a = aws_new(x->gate);
    err = aws_call(a, &t, AWS_GET_CALLER_IDENTITY, "", 1500, &reply, NULL, &x->why);
    a = aws_free(a);
    return err;
}

static void proxy__carries_what_goes_to_aws(void **state)
{
    static const char *const names[] = {"HTTPS_PROXY", "https_proxy"};
    struct chain_test *x = *state;

    chain_rule(x, "CONNECT ", 403, "");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t before = fake_http_count(&x->http);

        setenv(names[i], x->http.url, 1);
        assert_int_not_equal(call(x, NULL, NULL), ERR_OK);
        assert_true(fake_http_count(&x->http) > before);
        chain_seen(x, before, "CONNECT sts.eu-central-1.amazonaws.com:443 HTTP/1.1");
        assert_null(strstr(x->http.seen[before]->text, "Credential=")); /* all else goes through the tunnel */
        unsetenv(names[i]);
    }
}

static void proxy__is_not_for_what_no_proxy_names(void **state)
{
    struct chain_test *x = *state;

    setenv("HTTPS_PROXY", x->http.url, 1);
    setenv("NO_PROXY", "localhost,.invalid", 1);
    assert_int_not_equal(call(x, NULL, "https://sts.invalid"), ERR_OK);
    assert_int_equal(fake_http_count(&x->http), 0);
    chain_rule(x, "CONNECT ", 403, "");
    assert_int_not_equal(call(x, NULL, "https://sts.example"), ERR_OK);
    chain_seen(x, 0, "CONNECT sts.example:443");
}

static void proxy__is_not_for_this_machine(void **state)
{
    struct chain_test *x = *state;
    struct chain_test elsewhere = {.nrules = 0};
    char url[64];

    chain_rule(x, "GetCallerIdentity", 200, "<Account>1</Account>");
    fake_http_start(&elsewhere.http, chain_answer, &elsewhere);
    setenv("http_proxy", elsewhere.http.url, 1);
    setenv("HTTPS_PROXY", elsewhere.http.url, 1);
    setenv("ALL_PROXY", elsewhere.http.url, 1);
    (void)str_copy(url, sizeof(url), x->http.url);
    assert_int_equal(call(x, NULL, url), ERR_OK);
    assert_int_equal(fake_http_count(&elsewhere.http), 0);
    fake_http_stop(&elsewhere.http);
}

static void certificates__of_environment_and_profile(void **state)
{
    struct chain_test *x = *state;
    char url[80], text[300];

    (void)str_fmt(url, sizeof(url), "https%s", x->http.url + 4);
    (void)str_fmt(text, sizeof(text),
                  "[default]\nregion=x\n[profile p]\nca_bundle=~/gone.pem\n"
                  "aws_access_key_id=A\naws_secret_access_key=s\n");
    chain_config(x, text);
    assert_int_equal(call(x, "p", url), ERR_TLS);
    assert_non_null(strstr(x->why.text, "/gone.pem"));
    assert_null(strstr(x->why.text, "~"));
    x->gate = aws_gate_free(x->gate);
    setenv("AWS_CA_BUNDLE", "/nonexistent/env.pem", 1); /* before the profile's */
    assert_int_equal(call(x, "p", url), ERR_TLS);
    assert_non_null(strstr(x->why.text, "/nonexistent/env.pem"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_CASE(proxy__carries_what_goes_to_aws),
        CHAIN_CASE(proxy__is_not_for_what_no_proxy_names),
        CHAIN_CASE(proxy__is_not_for_this_machine),
        CHAIN_CASE(certificates__of_environment_and_profile),
    };

    json_global_init();
    transport_curl_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
