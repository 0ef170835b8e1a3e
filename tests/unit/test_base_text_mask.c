#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"

struct row {
    const char *line, *masked; /* NULL: stays as it is */
};

static void expect_masked(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *line = mem_copy_str(rows[i].line);
        size_t n = text_mask(line, strlen(line));
        line[n] = '\0';
        assert_string_equal(line, rows[i].masked ? rows[i].masked : rows[i].line);
        free(line);
    }
}

static void text_mask__masks__quoted_values(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"{\"password\":\"hunter22\",\"host\":\"h\"}", "{\"password\":\"***\",\"host\":\"h\"}"},
        {"{\"password\" : \"a\\\"b\\\\\", \"x\":1}", "{\"password\" : \"***\", \"x\":1}"},
        {"{ password: 'it, has; all }', port: 5432 }", "{ password: '***', port: 5432 }"},
        {"\"{\\\"password\\\":\\\"hunter22\\\",\\\"port\\\":1}\"", "\"{\\\"password\\\":\\\"***\\\",\\\"port\\\":1}\""},
        {"\\\"password\\\":\\\"a\\\\\\\"b\\\",", "\\\"password\\\":\\\"***\\\","},
        {"\\\"password\\\":\\\"a\\\\\\\\\\\",", "\\\"password\\\":\\\"***\\\","},
        {"\\\\\\\"password\\\\\\\":\\\\\\\"hunter22\\\\\\\"}", "\\\\\\\"password\\\\\\\":\\\\\\\"***\\\\\\\"}"},
        {"\"SecretString\":\"{\\\"username\\\":\\\"u\\\"}\"}", "\"SecretString\":\"***\"}"},
        {"password = `back ticks` tail", "password = `***` tail"},
        {"ALTER ROLE app PASSWORD 'it''s' VALID", "ALTER ROLE app PASSWORD '***' VALID"},
        {"password='it''s x' host=h", "password='***' host=h"},
        {"{\"password\":\"never closed, x", "{\"password\":\"***"},
        {"{\"password\":\"ends in a backslash\\", "{\"password\":\"***"},
    };
    expect_masked(rows, ARRAY_LEN(rows));
}

static void text_mask__masks__bare_values(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"host=h password=hunter22 user=u", "host=h password=*** user=u"},
        {"DB_PASSWORD=a;b,c&d\tNODE_ENV=x", "DB_PASSWORD=***\tNODE_ENV=x"},
        {"dbPassword: hunter22", "dbPassword: ***"},
        {"PGPASSWORD=x", "PGPASSWORD=*"},
        {"password=>hunter22", "password=>***"},
        {"master-user-password := hunter22 z", "master-user-password := *** z"},
        {"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+x", "aws_secret_access_key = ***"},
        {"AWS_SESSION_TOKEN=abc123== next", "AWS_SESSION_TOKEN=*** next"},
        {"{\"password\":12345,\"port\":5432}", "{\"password\":***,\"port\":5432}"},
        {"a_very_long_prefix_that_goes_on_and_on_password=hunter22",
         "a_very_long_prefix_that_goes_on_and_on_password=***"},
    };
    expect_masked(rows, ARRAY_LEN(rows));
}

static void text_mask__masks__passwords_in_urls(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"postgres://app:hunter22@db.example:5432/orders", "postgres://app:***@db.example:5432/orders"},
        {"url=postgresql://app:p@ss:w@db/orders?x=1 tail", "url=postgresql://app:***@db/orders?x=1 tail"},
        {"postgres://app:p/w?#x@db/orders", "postgres://app:***@db/orders"},
        {"(https://:tok@h/)", "(https://:***@h/)"},
        {"a postgres://u:hunter22@h/x and postgres://u:secret99@h/y",
         "a postgres://u:***@h/x and postgres://u:***@h/y"},
    };
    expect_masked(rows, ARRAY_LEN(rows));
}

static void text_mask__leaves__what_is_no_password(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"", NULL},
        {"password authentication failed for user \"app\"", NULL},
        {"Fetching credentials from Secrets Manager", NULL},
        {"DB_SECRET_NAME=prod/orders/db NODE_ENV=production", NULL},
        {"secret: prod/orders", NULL},
        {"{\"password\":\"\",\"host\":\"h\"}", NULL},
        {"{ password: undefined, host: 'h' }", NULL},
        {"password: null", NULL},
        {"password=", NULL},
        {"password", NULL},
        {"passwords: 3 checked", NULL},
        {"https://example.org:443/a@b", NULL},
        {"https://user@example.org/a:b@c", NULL},
        {"https://example.org/a:b@c", NULL},
        {"://", NULL},
    };
    expect_masked(rows, ARRAY_LEN(rows));
}

static void text_mask__passes__bytes_that_are_no_text(void **state)
{
    (void)state;
    char line[] = "\0password=a\0b\xff c\0";
    size_t n = text_mask(line, sizeof(line) - 1);

    assert_int_equal(n, 16);
    assert_memory_equal(line, "\0password=*** c\0", 16);
}

/* A long hostile line costs time in proportion to its length: each of these took
 * minutes if anything were scanned again from every position. */
static void text_mask__stays_linear_on__hostile_lines(void **state)
{
    (void)state;
    static const char *const units[] = {
        "://a:", "password", "password ", "password=", "\\", "password\\\\", "'", "a:@"};
    size_t n = 256 * 1024;

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        char *line = mem_new(n);
        for (size_t at = 0; at < n; at++)
            line[at] = units[i][at % strlen(units[i])];
        clock_t before = clock();
        assert_true(text_mask(line, n) <= n);
        assert_true((clock() - before) / CLOCKS_PER_SEC < 5);
        free(line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_mask__masks__quoted_values),
        cmocka_unit_test(text_mask__masks__bare_values),
        cmocka_unit_test(text_mask__masks__passwords_in_urls),
        cmocka_unit_test(text_mask__leaves__what_is_no_password),
        cmocka_unit_test(text_mask__passes__bytes_that_are_no_text),
        cmocka_unit_test(text_mask__stays_linear_on__hostile_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
