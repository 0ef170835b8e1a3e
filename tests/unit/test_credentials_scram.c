/* Verifiers against RFC 7677's exchange and one of PostgreSQL's own; new passwords and
 * tokens; the next value of a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/credentials/password.h"
#include "backend/credentials/scram.h"
#include "backend/credentials/secret_change.h"
#include "backend/credentials/secret_value.h"

static struct why why;

static size_t unbase64(const char *text, size_t n, unsigned char *out)
{
    int len = EVP_DecodeBlock(out, (const unsigned char *)text, (int)n);
    assert_true(len > 0);
    return (size_t)len - (text[n - 1] == '=') - (text[n - 2] == '=');
}

static enum err verifier_of(const char *password, const char *salt64, char out[SCRAM_VERIFIER_MAX])
{
    unsigned char salt[64];
    size_t n = unbase64(salt64, strlen(salt64), salt);
    struct secret *s = secret_from(password, strlen(password));
    enum err err = scram_verifier(s, salt, n, 4096, out, &why);
    secret_free(s);
    return err;
}

/* The server's side of RFC 7677, section 3: the client's proof must give StoredKey, the
 * server's signature must come from ServerKey. */
static void verifier__takes_the_rfcs_login(void **state)
{
    (void)state;
    static const char auth[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    static const char proof64[] = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    static const char signature64[] = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    char v[SCRAM_VERIFIER_MAX];
    unsigned char stored[48], server[48], proof[48], expected[48], mac[32], hash[32];
    assert_int_equal(verifier_of("pencil", "W22ZaJ0SNY7soEsUEjb6gQ==", v), ERR_OK);
    assert_memory_equal(v, "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$", 44);
    const char *keys = v + 44;
    assert_int_equal(strlen(keys), 44 + 1 + 44);
    assert_int_equal(unbase64(keys, 44, stored), 32);
    assert_int_equal(unbase64(keys + 45, 44, server), 32);
    (void)unbase64(proof64, 44, proof);
    (void)unbase64(signature64, 44, expected);
    unsigned int len;
    assert_non_null(HMAC(EVP_sha256(), stored, 32, (const unsigned char *)auth, strlen(auth), mac, &len));
    for (size_t i = 0; i < 32; i++)
        mac[i] ^= proof[i];
    assert_non_null(SHA256(mac, 32, hash));
    assert_memory_equal(hash, stored, 32);
    assert_non_null(HMAC(EVP_sha256(), server, 32, (const unsigned char *)auth, strlen(auth), mac, &len));
    assert_memory_equal(mac, expected, 32);
}

/* PostgreSQL's regression tests know this one as the verifier of the empty password. */
static void verifier__equals_postgresqls(void **state)
{
    (void)state;
    char v[SCRAM_VERIFIER_MAX];
    assert_int_equal(verifier_of("", "hpFyHTUsSWcR7O9P", v), ERR_OK);
    assert_string_equal(v, "SCRAM-SHA-256$4096:hpFyHTUsSWcR7O9P$LgZFIt6Oqdo27ZFKbZ2nV+vtnYM995pDh9ca6WSi120=:"
                           "qVV5NeluNfUPkwm7Vqat25RjSPLkGeoZBQs6wVv+um4=");
}

static void verifier__salts_differ(void **state)
{
    (void)state;
    char a[SCRAM_VERIFIER_MAX], b[SCRAM_VERIFIER_MAX];
    struct secret *s = secret_from("pencil", 6);
    assert_int_equal(scram_new_verifier(s, a, &why), ERR_OK);
    assert_int_equal(scram_new_verifier(s, b, &why), ERR_OK);
    secret_free(s);
    assert_string_not_equal(a, b);
    assert_null(strstr(a, "pencil"));
    assert_memory_equal(a, "SCRAM-SHA-256$4096:", 19);
}

static void verifier__refuses_what_it_cannot_normalise(void **state)
{
    (void)state;
    char v[SCRAM_VERIFIER_MAX];
    static const char *const bad[] = {"p\xc3\xa4ss", "tab\t", "\x7f"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(verifier_of(bad[i], "hpFyHTUsSWcR7O9P", v), ERR_SETTING);
        assert_non_null(strstr(why.text, "printable ASCII"));
    }
    struct secret *s = secret_from("x", 1);
    assert_int_equal(scram_verifier(s, (const unsigned char *)"", 0, 4096, v, &why), ERR_SETTING);
    assert_int_equal(scram_verifier(s, (const unsigned char *)"salt", 4, 0, v, &why), ERR_SETTING);
    secret_free(s);
}

static void password__letters_and_digits_evenly(void **state)
{
    (void)state;
    unsigned seen[128] = {0};
    for (int i = 0; i < 2000; i++) {
        struct secret *s = password_new(&why);
        size_t n;
        const char *p = secret_peek(s, &n);
        assert_int_equal(n, PASSWORD_LENGTH);
        for (size_t k = 0; k < n; k++)
            seen[(unsigned char)p[k] & 127]++;
        secret_free(s);
    }
    unsigned kinds = 0;
    for (int c = 0; c < 128; c++) {
        bool letter = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        assert_true(letter == (seen[c] > 0));
        kinds += letter;
        /* 80,000 over 62: 1,290 each, 36 the deviation. */
        if (letter)
            assert_in_range(seen[c], 1290 - 8 * 36, 1290 + 8 * 36);
    }
    assert_int_equal(kinds, 62);
}

static void token__is_a_uuid(void **state)
{
    (void)state;
    char a[37], b[37];
    assert_int_equal(password_token(a, &why), ERR_OK);
    assert_int_equal(password_token(b, &why), ERR_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), 36);
    assert_int_equal(a[14], '4');
    assert_non_null(strchr("89ab", a[19]));
}

static const char *changed(const char *reply)
{
    static char out[512];
    struct secret *password = secret_from("n\"ew", 4);
    struct secret *s = secret_change_password(reply, strlen(reply), password, &why);
    bool there = s != NULL;
    if (there)
        (void)snprintf(out, sizeof out, "%s", secret_peek(s, NULL));
    secret_free(s);
    secret_free(password);
    return there ? out : NULL;
}

static void change__keeps_everything_else(void **state)
{
    (void)state;
    assert_string_equal(changed("{\"SecretString\":\"{\\\"engine\\\":\\\"postgres\\\",\\\"password\\\":\\\"old\\\",\\\"port\\\":\\\"5432\\\","
                                "\\\"mine\\\":{\\\"a\\\":[1,null]}}\"}"),
                        "{\"engine\":\"postgres\",\"password\":\"n\\\"ew\",\"port\":\"5432\",\"mine\":{\"a\":[1,null]}}");
    assert_string_equal(changed("{\"SecretString\":\"just a password\"}"), "n\"ew");
}

static void change__refuses_other_shapes(void **state)
{
    (void)state;
    static const struct { const char *reply; enum err err; } bad[] = {
        {"no json", ERR_MALFORMED},
        {"{\"SecretBinary\":\"AAAA\"}", ERR_SECRET_BINARY},
        {"{\"SecretString\":\"\"}", ERR_SECRET_BINARY},
        {"{\"SecretString\":\"{\\\"password\\\":\"}", ERR_SECRET_SHAPE},
        {"{\"SecretString\":\"{\\\"user\\\":\\\"hidden\\\"}\"}", ERR_SECRET_SHAPE},
        {"{\"SecretString\":\"{\\\"password\\\":7}\"}", ERR_SECRET_SHAPE},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_null(changed(bad[i].reply));
        assert_int_equal(why.code, bad[i].err);
        assert_null(strstr(why.text, "hidden"));
    }
}

static void change_user__switches_the_name_and_nothing_else(void **state)
{
    (void)state;
    struct secret *password = secret_from("new", 3);
    static const struct { const char *reply, *value; } rows[] = {
        {"{\"SecretString\":\"{\\\"username\\\":\\\"a\\\",\\\"password\\\":\\\"old\\\",\\\"masterarn\\\":\\\"arn:m\\\"}\"}",
         "{\"username\":\"a\\\"_clone\",\"password\":\"new\",\"masterarn\":\"arn:m\"}"},
        {"{\"SecretString\":\"{\\\"password\\\":\\\"old\\\"}\"}", NULL},
        {"{\"SecretString\":\"{\\\"username\\\":7,\\\"password\\\":\\\"old\\\"}\"}", NULL},
        {"{\"SecretString\":\"a-password-alone\"}", NULL},
        {"{\"SecretBinary\":\"AA==\"}", NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct secret *s = secret_change_user(rows[i].reply, strlen(rows[i].reply), "a\"_clone", password, &why);
        assert_int_equal(s != NULL, rows[i].value != NULL);
        if (s != NULL)
            assert_string_equal(secret_peek(s, NULL), rows[i].value);
        secret_free(s);
    }
    secret_free(password);
}

static void masterarn__only_what_can_be_one(void **state)
{
    (void)state;
    static const struct { const char *reply, *arn; } rows[] = {
        {"{\"SecretString\":\" {\\\"masterarn\\\":\\\"arn:aws:secretsmanager:eu:1:secret:m-AbCdEf\\\"}\"}", "arn:aws:secretsmanager:eu:1:secret:m-AbCdEf"},
        {"{\"SecretString\":\"{\\\"masterarn\\\":7}\"}", ""},
        {"{\"SecretString\":\"{\\\"masterarn\\\":\\\"a\\\\u001b[31m\\\"}\"}", ""},
        {"{\"SecretString\":\"{\\\"masterarn\\\":\\\"much-longer-than-what-holds-it-is-not-taken-half\\\"}\"}", ""},
        {"{\"SecretString\":\"{\"}", ""}, {"{\"SecretString\":\"masterarn\"}", ""}, {"{}", ""}, {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char arn[44] = "untouched";
        secret_value_masterarn(rows[i].reply, strlen(rows[i].reply), arn, sizeof arn);
        assert_string_equal(arn, rows[i].arn);
    }
}

static void put_body__is_staged(void **state)
{
    (void)state;
    struct secret *value = secret_from("{\"password\":\"x\"}", 16), *body = secret_put_body("a/b", "token", value);
    assert_string_equal(secret_peek(body, NULL),
                        "{\"SecretId\":\"a/b\",\"ClientRequestToken\":\"token\",\"SecretString\":\"{\\\"password\\\":\\\"x\\\"}\","
                        "\"VersionStages\":[\"AWSPENDING\"]}");
    secret_free(body);
    secret_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifier__takes_the_rfcs_login),
        cmocka_unit_test(verifier__equals_postgresqls),
        cmocka_unit_test(verifier__salts_differ),
        cmocka_unit_test(verifier__refuses_what_it_cannot_normalise),
        cmocka_unit_test(password__letters_and_digits_evenly),
        cmocka_unit_test(token__is_a_uuid),
        cmocka_unit_test(change__keeps_everything_else),
        cmocka_unit_test(change__refuses_other_shapes),
        cmocka_unit_test(change_user__switches_the_name_and_nothing_else),
        cmocka_unit_test(masterarn__only_what_can_be_one),
        cmocka_unit_test(put_body__is_staged),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
