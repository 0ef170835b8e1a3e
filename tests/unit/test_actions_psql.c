/* What psql is given: a line of .pgpass that libpq reads back as it was, and keywords
 * without a password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "backend/actions/psql.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static void params(struct db_params *p, const char *host, const char *user, const char *password, size_t n)
{
    *p = (struct db_params){.port = 5433};
    (void)str_copy(p->host, sizeof p->host, host);
    (void)str_copy(p->user, sizeof p->user, user);
    (void)str_copy(p->dbname, sizeof p->dbname, "app");
    p->password = secret_from(password, n);
}

static void expect_line(const char *host, const char *user, const char *password, const char *line)
{
    struct db_params p;
    struct why why = {0};
    struct secret *s = secret_new(80 * 1024);
    params(&p, host, user, password, strlen(password));
    assert_int_equal(psql_passfile(&p, s, &why), ERR_OK);
    assert_string_equal(secret_peek(s, NULL), line);
    s = secret_free(s);
    db_params_clear(&p);
}

static void psql_passfile__odd_characters__are_escaped(void **state)
{
    (void)state;
    expect_line("db.example", "app_rw", "pw", "db.example:5433:*:app_rw:pw\n");
    expect_line("db.example", "app_rw", "a:b\\c", "db.example:5433:*:app_rw:a\\:b\\\\c\n");
    expect_line("::1", "o:x", " '\"%$@#", "\\:\\:1:5433:*:o\\:x: '\"%$@#\n");
    expect_line("h", "u", "\xc3\xa9\xe6\x97\xa5", "h:5433:*:u:\xc3\xa9\xe6\x97\xa5\n");
}

static void expect_refused(const char *password, size_t n, const char *words)
{
    struct db_params p;
    struct why why = {0};
    struct secret *s = secret_new(1024);
    params(&p, "h", "u", password, n);
    assert_int_not_equal(psql_passfile(&p, s, &why), ERR_OK);
    assert_non_null(strstr(why.text, words));
    s = secret_free(s);
    db_params_clear(&p);
}

static void psql_passfile__what_a_line_cannot_hold__is_refused(void **state)
{
    char long_one[2000];
    (void)state;
    memset(long_one, 'x', sizeof long_one);
    expect_refused("", 0, "no password");
    expect_refused("a\nb", 3, "line break");
    expect_refused("a\rb", 3, "line break");
    expect_refused("a\0b", 3, "NUL");
    expect_refused(long_one, sizeof long_one, "too long");
    struct db_params none = {.port = 1};
    struct why why = {0};
    struct secret *s = secret_new(64);
    assert_int_equal(psql_passfile(&none, s, &why), ERR_SETTING);
    s = secret_free(s);
}

static void psql_conninfo__says_all_but_the_password(void **state)
{
    struct db_params p;
    char out[PSQL_CONNINFO_MAX];
    (void)state;
    params(&p, "db.example", "o'neil\\x", "s3cr3t", 6);
    (void)str_copy(p.sslmode, sizeof p.sslmode, "verify-full");
    psql_conninfo(&p, 7, out);
    assert_string_equal(out, "host='db.example' port='5433' dbname='app' user='o\\'neil\\\\x' sslmode='verify-full' "
                             "passfile='/proc/self/fd/7' connect_timeout='10' application_name='credtop psql'");
    assert_null(strstr(out, "s3cr3t"));
    memset(p.host, '\'', sizeof p.host - 1); /* the longest of everything still fits */
    memset(p.user, '\\', sizeof p.user - 1);
    memset(p.dbname, '\'', sizeof p.dbname - 1);
    memset(p.sslrootcert, 'c', sizeof p.sslrootcert - 1);
    psql_conninfo(&p, 123456, out);
    assert_non_null(strstr(out, "application_name='credtop psql'"));
    db_params_clear(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(psql_passfile__odd_characters__are_escaped),
        cmocka_unit_test(psql_passfile__what_a_line_cannot_hold__is_refused),
        cmocka_unit_test(psql_conninfo__says_all_but_the_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
