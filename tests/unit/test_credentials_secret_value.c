/* A secret's value: every shape AWS's tools and people write, and every way to get it
 * wrong.  No message may hold a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/secret_value.h"

static struct db_params p;
static struct why why;

/* What the environment gave, before the secret is laid over it. */
static void from_environment(void)
{
    db_params_clear(&p);
    (void)str_copy(p.host, sizeof p.host, "env-host");
    (void)str_copy(p.dbname, sizeof p.dbname, "env-db");
    (void)str_copy(p.user, sizeof p.user, "env-user");
    p.port = 6000;
    p.password = secret_from("env-password", 12);
    p.host_from = p.dbname_from = p.user_from = p.port_from = p.password_from = FROM_ENVIRONMENT;
}

static int tear_down(void **state)
{
    (void)state;
    db_params_clear(&p);
    return 0;
}

static enum err apply(const char *reply)
{
    from_environment();
    why = (struct why){0};
    return secret_value_apply(reply, strlen(reply), &p, &why);
}

/* GetSecretValue's answer around this SecretString. */
static enum err apply_string(const char *value)
{
    struct strbuf b;
    strbuf_init(&b, 100000);
    strbuf_str(
        &b,
        "{\"ARN\":\"arn:x\",\"Name\":\"n\",\"VersionId\":\"v-1\",\"VersionStages\":[\"AWSCURRENT\"],\"SecretString\":");
    strbuf_json(&b, value, strlen(value));
    strbuf_char(&b, '}');
    enum err err = apply(strbuf_peek(&b));
    strbuf_clear(&b);
    return err;
}

static void assert_password(const char *expected)
{
    assert_non_null(p.password);
    assert_string_equal(secret_peek(p.password, NULL), expected);
    assert_int_equal(secret_len(p.password), strlen(expected));
}

static void assert_untouched(void)
{
    assert_string_equal(p.host, "env-host");
    assert_string_equal(p.dbname, "env-db");
    assert_string_equal(p.user, "env-user");
    assert_int_equal(p.port, 6000);
    assert_string_equal(p.version_id, "");
    assert_password("env-password");
    assert_true(p.host_from == FROM_ENVIRONMENT && p.dbname_from == FROM_ENVIRONMENT &&
                p.user_from == FROM_ENVIRONMENT && p.port_from == FROM_ENVIRONMENT &&
                p.password_from == FROM_ENVIRONMENT);
}

static void object__lays_all_members_over(void **state)
{
    (void)state;
    assert_int_equal(
        apply_string("{\"engine\":\"postgres\",\"host\":\"db.example\",\"username\":\"app\",\"password\":\"pw\","
                     "\"dbname\":\"orders\",\"port\":5433,\"masterarn\":\"arn:m\",\"ssl\":true}"),
        ERR_OK);
    assert_string_equal(p.host, "db.example");
    assert_string_equal(p.user, "app");
    assert_string_equal(p.dbname, "orders");
    assert_int_equal(p.port, 5433);
    assert_password("pw");
    assert_string_equal(p.version_id, "v-1");
    assert_true(p.host_from == FROM_SECRET && p.dbname_from == FROM_SECRET && p.user_from == FROM_SECRET &&
                p.port_from == FROM_SECRET && p.password_from == FROM_SECRET);
}

static void object__leaves_what_it_does_not_name(void **state)
{
    (void)state;
    assert_int_equal(
        apply_string(
            "{\"password\":\"pw\",\"host\":null,\"port\":null,\"dbname\":null,\"username\":null,\"engine\":null}"),
        ERR_OK);
    assert_password("pw");
    assert_string_equal(p.host, "env-host");
    assert_int_equal(p.port, 6000);
    assert_true(p.host_from == FROM_ENVIRONMENT && p.password_from == FROM_SECRET);
}

static void object__database_is_an_alias(void **state)
{
    (void)state;
    assert_int_equal(apply_string("{\"password\":\"pw\",\"database\":\"a\"}"), ERR_OK);
    assert_string_equal(p.dbname, "a");
    assert_int_equal(apply_string("{\"password\":\"pw\",\"dbname\":\"b\",\"database\":\"a\"}"), ERR_OK);
    assert_string_equal(p.dbname, "b");
}

static void object__port(void **state)
{
    static const struct {
        const char *json;
        int port;
    } rows[] = {
        {"5432", 5432},
        {"\"5432\"", 5432},
        {"1", 1},
        {"65535", 65535},
        {"\"1\"", 1},
        {"0", -1},
        {"65536", -1},
        {"\"65536\"", -1},
        {"-5", -1},
        {"\"-5\"", -1},
        {"\"\"", -1},
        {"\" 5432\"", -1},
        {"\"5432x\"", -1},
        {"\"0x15\"", -1},
        {"true", -1},
        {"[5432]", -1},
        {"5432.5", -1},
        {"9223372036854775807", -1},
        {"\"99999999999999999999\"", -1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char value[96];
        assert_true(str_fmt(value, sizeof value, "{\"password\":\"pw\",\"port\":%s}", rows[i].json));
        assert_int_equal(apply_string(value), rows[i].port > 0 ? ERR_OK : ERR_SECRET_SHAPE);
        if (rows[i].port > 0) {
            assert_int_equal(p.port, rows[i].port);
        } else {
            assert_string_equal(why.text, "member \"port\" is not a port (1 to 65535, as number or text)");
            assert_untouched();
        }
    }
}

static void object__engine_must_be_postgres(void **state)
{
    (void)state;
    assert_int_equal(apply_string("{\"password\":\"pw\",\"engine\":\"aurora-postgresql\"}"), ERR_OK);
    assert_int_equal(apply_string("{\"password\":\"pw\",\"engine\":\"mysql\"}"), ERR_SECRET_SHAPE);
    assert_string_equal(why.text, "member \"engine\" is not postgres");
    assert_untouched();
}

static void object__wrong_members_are_named_and_not_quoted(void **state)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        {"{}", "it has no text member \"password\""},
        {"{\"username\":\"sekrit\"}", "it has no text member \"password\""},
        {"{\"password\":\"\"}", "it has no text member \"password\""},
        {"{\"password\":12345}", "it has no text member \"password\""},
        {"{\"password\":null}", "it has no text member \"password\""},
        {"{\"password\":{\"x\":\"sekrit\"}}", "it has no text member \"password\""},
        {"{\"password\":\"sekrit\",\"username\":5}", "member \"username\" is not a text"},
        {"{\"password\":\"sekrit\",\"host\":[\"sekrit\"]}", "member \"host\" is not a text"},
        {"{\"password\":\"sekrit\",\"dbname\":false}", "member \"dbname\" is not a text"},
        {"{\"password\":\"sekrit\",\"username\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
         "member \"username\" is longer than 63 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(apply_string(rows[i].value), ERR_SECRET_SHAPE);
        assert_string_equal(why.text, rows[i].text);
        assert_untouched();
    }
}

static void nul__in_any_place__is_named(void **state)
{
    (void)state;
    assert_int_equal(apply("{\"VersionId\":\"v\",\"SecretString\":\"sek\\u0000rit\"}"), ERR_SECRET_SHAPE);
    assert_non_null(strstr(why.text, "NUL"));
    assert_int_equal(apply_string("{\"password\":\"sek\\u0000rit\"}"), ERR_SECRET_SHAPE);
    assert_non_null(strstr(why.text, "NUL"));
    assert_null(strstr(why.text, "sek"));
    /* A backslash of the password's own is none. */
    assert_int_equal(apply_string("{\"password\":\"a\\\\u0000b\"}"), ERR_OK);
    assert_string_equal(secret_peek(p.password, NULL), "a\\u0000b");
}

static void object__broken_json_is_not_quoted(void **state)
{
    static const char *const values[] = {"{",
                                         "{\"password\":\"sekrit\"",
                                         "{password:sekrit}",
                                         "{\"password\":\"sekrit\"} sekrit",
                                         " \n{\"password\":sekrit}"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        assert_int_equal(apply_string(values[i]), ERR_SECRET_SHAPE);
        assert_ptr_equal(strstr(why.text, "it begins with '{' but is not JSON at byte "), why.text);
        assert_null(strstr(why.text, "sek"));
        assert_untouched();
    }
}

static void plain__is_the_password_whole(void **state)
{
    static const char *const values[] = {
        "hunter2", " leading and trailing ",      "with\nnewline\n", "\"quoted\"", "[1,2]", "null",
        "0",       "p\xc3\xa4ss\xf0\x9f\x98\x80", ":/@\"'\\",        "x{"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        assert_int_equal(apply_string(values[i]), ERR_OK);
        assert_password(values[i]);
        assert_string_equal(p.user, "env-user");
        assert_string_equal(p.version_id, "v-1");
    }
    assert_int_equal(apply_string(""), ERR_SECRET_SHAPE);
    assert_string_equal(why.text, "it is empty");
}

static void object__keeps_odd_characters(void **state)
{
    (void)state;
    assert_int_equal(apply_string("{\"password\":\"a\\\"b\\\\c\\u00e9\\n '%s\",\"username\":\"o'brien \\\"x\\\"\"}"),
                     ERR_OK);
    assert_password("a\"b\\c\xc3\xa9\n '%s");
    assert_string_equal(p.user, "o'brien \"x\"");
}

static void object__a_long_password_fits(void **state)
{
    struct strbuf b;
    char *long_one = mem_new(60001);
    (void)state;
    memset(long_one, 'p', 60000);
    strbuf_init(&b, 70000);
    strbuf_str(&b, "{\"password\":\"");
    strbuf_str(&b, long_one);
    strbuf_str(&b, "\"}");
    assert_int_equal(apply_string(strbuf_peek(&b)), ERR_OK);
    assert_password(long_one);
    strbuf_clear(&b);
    free(long_one);
}

static void reply__other_shapes(void **state)
{
    static const struct {
        const char *reply;
        enum err err;
    } rows[] = {
        {"{\"SecretBinary\":\"aGk=\",\"VersionId\":\"v\"}", ERR_SECRET_BINARY},
        {"{\"SecretString\":null,\"SecretBinary\":\"aGk=\"}", ERR_SECRET_BINARY},
        {"{\"VersionId\":\"v\"}", ERR_MALFORMED},
        {"{\"SecretString\":5}", ERR_MALFORMED},
        {"{\"SecretString\":{\"password\":\"x\"}}", ERR_MALFORMED},
        {"", ERR_MALFORMED},
        {"[]", ERR_MALFORMED},
        {"sekrit", ERR_MALFORMED},
        {"{\"SecretString\":\"sek", ERR_MALFORMED},
        {"{\"SecretString\":\"a\",\"SecretString\":\"b\"}", ERR_MALFORMED},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(apply(rows[i].reply), rows[i].err);
        assert_int_equal(why.code, rows[i].err);
        assert_null(strstr(why.text, "sek"));
        assert_untouched();
    }
}

static void params__copy_has_its_own_password(void **state)
{
    struct db_params copy = {0};
    (void)state;
    from_environment();
    db_params_copy(&copy, &p);
    db_params_copy(&copy, &copy);
    db_params_clear(&p);
    assert_string_equal(secret_peek(copy.password, NULL), "env-password");
    assert_string_equal(copy.host, "env-host");
    db_params_copy(&copy, &p); /* from an empty one */
    assert_null(copy.password);
    assert_string_equal(copy.host, "");
    db_params_clear(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nul__in_any_place__is_named),
        cmocka_unit_test(object__lays_all_members_over),
        cmocka_unit_test(object__leaves_what_it_does_not_name),
        cmocka_unit_test(object__database_is_an_alias),
        cmocka_unit_test(object__port),
        cmocka_unit_test(object__engine_must_be_postgres),
        cmocka_unit_test(object__wrong_members_are_named_and_not_quoted),
        cmocka_unit_test(object__broken_json_is_not_quoted),
        cmocka_unit_test(plain__is_the_password_whole),
        cmocka_unit_test(object__keeps_odd_characters),
        cmocka_unit_test(object__a_long_password_fits),
        cmocka_unit_test(reply__other_shapes),
        cmocka_unit_test(params__copy_has_its_own_password),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
