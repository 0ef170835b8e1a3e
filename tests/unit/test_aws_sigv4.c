/* Signature Version 4 against the published vectors, a live-shaped request whose
 * signature botocore computed, and its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/unit/sigv4_vectors.h"

static const struct sigv4_key example_key = {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1",
                                             "service"};
static const char example_date[17] = "20150830T123600Z";

static void sigv4__sign__published_vectors(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(vectors), 40);
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct sigv4_vector *v = &vectors[i];
        struct sigv4_request r = {.method = v->method,
                                  .path = v->path,
                                  .query = v->query,
                                  .headers = v->headers,
                                  .body = v->body,
                                  .body_len = strlen(v->body),
                                  .keep_path = v->keep_path};
        struct sigv4_result got;

        while (v->headers[r.nheaders].name)
            r.nheaders++;
        assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_OK);
        if (strcmp(got.canonical_hash, v->canonical_hash) != 0 || strcmp(got.signature, v->signature) != 0)
            fail_msg("%s: canonical request %s, signature %s", v->name, got.canonical_hash, got.signature);
        assert_non_null(strstr(got.authorization, v->signature));
    }
}

static void sigv4__sign__authorization_line(void **state)
{
    static const struct sigv4_header headers[] = {{"X-Amz-Date", "20150830T123600Z"},
                                                  {"HOST", "example.amazonaws.com"}};
    struct sigv4_request r = {"GET", "", "", headers, 2, NULL, 0, 0};
    struct sigv4_result got;

    (void)state;
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_OK);
    assert_string_equal(got.authorization,
                        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                        "SignedHeaders=host;x-amz-date, "
                        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

/* The request credtop really sends; the expected values were computed with botocore's SigV4Auth. */
static void sigv4__sign__get_secret_value_like_botocore(void **state)
{
    static const struct sigv4_header headers[] = {
        {"Host", "127.0.0.1:5000"},
        {"Content-Type", "application/x-amz-json-1.1"},
        {"X-Amz-Target", "secretsmanager.GetSecretValue"},
        {"X-Amz-Date", "20261124T143207Z"},
        {"X-Amz-Security-Token", "FwoGZXIvYXdzEXAMPLE//token=="},
    };
    static const char body[] = "{\"SecretId\":\"prod/orders\"}";
    const struct sigv4_key key = {"ASIAEXAMPLE", "secret/with+signs=", "eu-central-1", "secretsmanager"};
    struct sigv4_request r = {"POST", "/", "", headers, ARRAY_LEN(headers), body, strlen(body), 0};
    struct sigv4_result got;

    (void)state;
    assert_int_equal(sigv4_sign(&r, &key, "20261124T143207Z", &got), ERR_OK);
    assert_string_equal(got.canonical_hash, "bd04aeaf6a83182ae4cb14c31d9b7e21a225127f684f94711b84165afdc201c9");
    assert_string_equal(got.signature, "f3a4ae451e3b7ad7f14dbcb24e86eb7b3803e55c90f0e36c92cd268c208eef9f");
}

static void same_canonical(const char *path_a, const char *query_a, const char *path_b, const char *query_b, int same)
{
    static const struct sigv4_header headers[] = {{"host", "h"}};
    struct sigv4_request a = {"GET", path_a, query_a, headers, 1, NULL, 0, 0};
    struct sigv4_request b = {"GET", path_b, query_b, headers, 1, NULL, 0, 0};
    struct sigv4_result x, y;

    assert_int_equal(sigv4_sign(&a, &example_key, example_date, &x), ERR_OK);
    assert_int_equal(sigv4_sign(&b, &example_key, example_date, &y), ERR_OK);
    assert_int_equal(strcmp(x.canonical_hash, y.canonical_hash) == 0, same);
}

static void sigv4__sign__query_and_path_forms(void **state)
{
    (void)state;
    same_canonical("/", "a%2db=1", "/", "a-b=1", 1);
    same_canonical("/", "flag", "/", "flag=", 1);
    same_canonical("/", "b=1&a=2&a=1", "/", "a=1&a=2&b=1", 1);
    same_canonical("/", "a=1&&b=2&", "/", "a=1&b=2", 1);
    same_canonical("/", "a=%zz", "/", "a=%25zz", 1);
    same_canonical("/", "a=100%", "/", "a=100%25", 1);
    same_canonical("/", "a=1", "/", "a=2", 0);
    same_canonical("", "", "/", "", 1);
    same_canonical("/a/./b/../c", "", "/a/c", "", 1);
    same_canonical("/../../x/", "", "/x/", "", 1);
    same_canonical("/a/..", "", "/", "", 1);
    same_canonical("/a%3Ab", "", "/a:b", "", 0);
}

static void sigv4__sign__refuses_what_passes_its_bounds(void **state)
{
    struct sigv4_header many[65];
    struct sigv4_request r = {"GET", "/", "", many, ARRAY_LEN(many), NULL, 0, 0};
    struct sigv4_key long_key = example_key;
    static const char iso_date[17] = "2015-08-30";
    struct sigv4_result got = {.signature = "untouched"};
    char *big = mem_new(70000), secret[600] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i] = (struct sigv4_header){"x-a", "1"};
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_TOO_BIG);
    r.nheaders = 64;
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_OK);

    memset(big, 'a', 69999);
    many[3].value = big;
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_TOO_BIG);
    many[3].value = "1";
    many[3].name = big; /* a name longer than the Authorization header may be */
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_TOO_BIG);
    many[3].name = "x-a";
    r.path = big;
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_TOO_BIG);
    r.path = "/";
    r.query = big;
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_TOO_BIG);
    for (size_t i = 0; i < 2000; i += 2)
        memcpy(big + i, "a&", 2);
    big[2000] = '\0';
    assert_int_equal(sigv4_sign(&r, &example_key, example_date, &got), ERR_TOO_BIG);
    r.query = "";

    memset(secret, 's', sizeof(secret) - 1);
    long_key.secret_access_key = secret;
    assert_int_equal(sigv4_sign(&r, &long_key, example_date, &got), ERR_TOO_BIG);
    assert_int_equal(sigv4_sign(&r, &example_key, iso_date, &got), ERR_INVALID);
    free(big);
}

static void sigv4__sign__failure_leaves_output(void **state)
{
    static const char no_date[17] = "";
    struct sigv4_request r = {"GET", "/", "", NULL, 0, NULL, 0, 0};
    struct sigv4_result got = {.signature = "untouched"};

    (void)state;
    assert_int_equal(sigv4_sign(&r, &example_key, no_date, &got), ERR_INVALID);
    assert_string_equal(got.signature, "untouched");
}

static void sigv4__sha256__known_digests(void **state)
{
    char hex[65];

    (void)state;
    sigv4_sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sigv4_sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigv4__sign__published_vectors),
        cmocka_unit_test(sigv4__sign__authorization_line),
        cmocka_unit_test(sigv4__sign__get_secret_value_like_botocore),
        cmocka_unit_test(sigv4__sign__query_and_path_forms),
        cmocka_unit_test(sigv4__sign__refuses_what_passes_its_bounds),
        cmocka_unit_test(sigv4__sign__failure_leaves_output),
        cmocka_unit_test(sigv4__sha256__known_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
