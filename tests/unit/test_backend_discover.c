/* `credtop discover`: what belongs together, and the configuration that says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/discover_found.h"
#include "config/config.h"

#define ARN_FRONT "arn:aws:secretsmanager:eu-west-1:111122223333:secret:"

static struct found_secret *add_secret(struct found *f, const char *name)
{
    f->secrets = mem_grow(f->secrets, f->nsecrets + 1, sizeof *f->secrets);
    struct found_secret *s = &f->secrets[f->nsecrets++];
    *s = (struct found_secret){0};
    (void)str_copy(s->name, sizeof s->name, name);
    (void)str_fmt(s->arn, sizeof s->arn, ARN_FRONT "%s-AbCdEf", name);
    return s;
}

static struct found_function *add_function(struct found *f, const char *name, const char *secret)
{
    f->functions = mem_grow(f->functions, f->nfunctions + 1, sizeof *f->functions);
    struct found_function *fn = &f->functions[f->nfunctions++];
    *fn = (struct found_function){.production = true};
    (void)str_copy(fn->name, sizeof fn->name, name);
    (void)str_copy(fn->secret, sizeof fn->secret, secret);
    return fn;
}

static struct found region(void)
{
    struct found f = {.functions_read = true, .groups_read = true, .secrets_read = true};
    (void)str_copy(f.region, sizeof f.region, "eu-west-1");
    (void)str_copy(f.account, sizeof f.account, "111122223333");
    return f;
}

static char *write_text(const struct found *f, size_t n, size_t *out_n)
{
    struct found_look look = {.profile = "ops"};
    struct strbuf out;
    strbuf_init(&out, 1u << 20);
    *out_n = 0;
    for (size_t i = 0; i < n; i++)
        *out_n += found_write(&f[i], &look, &out);
    free(look.names);
    assert_false(strbuf_cut(&out));
    return strbuf_take(&out);
}

/* It reads back; the environment of that name. */
static struct config *read_back(const char *text, size_t environments)
{
    char *errors = NULL;
    struct config *c = config_parse(text, strlen(text), "/tmp/found.conf", &errors);
    if (c == NULL)
        fail_msg("%s in\n%s", errors, text);
    assert_int_equal(c->nenvironments, environments);
    return c;
}

static const struct config_environment *environment(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->nenvironments; i++)
        if (strcmp(c->environments[i].name, name) == 0)
            return &c->environments[i];
    fail_msg("no environment %s", name);
    return NULL;
}

static void discover__a_function_says_which_secret__by_name_or_arn(void **state)
{
    static const char *const given[] = {"x1/y", ARN_FRONT "x1/y-AbCdEf", ARN_FRONT "x1/y"};
    static const char *const others[] = {"x1", "x1/y/z", ARN_FRONT "x1/y-Other6", ARN_FRONT "x"};
    char reason[FOUND_REASON];
    struct found f = region();
    (void)state;
    (void)add_secret(&f, "x1/y");
    for (size_t i = 0; i < ARRAY_LEN(given); i++) {
        struct found_function *fn = add_function(&f, "quite-other", given[i]);
        assert_true(found_belongs(&f, &f.secrets[0], fn, reason));
        assert_true(found_is_database(&f, &f.secrets[0], reason));
        assert_string_equal(reason, "the DB_SECRET_NAME of quite-other names it");
        f.nfunctions = 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct found_function *fn = add_function(&f, "x1-y", others[i]); /* what it says counts more than its name */
        assert_false(found_belongs(&f, &f.secrets[0], fn, reason));
        assert_false(found_is_database(&f, &f.secrets[0], reason));
        f.nfunctions = 0;
    }
    found_clear(&f);
}

static void discover__names__every_word_and_the_closest_secret(void **state)
{
    static const struct {
        const char *secret, *function;
        bool belongs;
    } rows[] = {
        {"prod/billing/database", "billing-prod-api", true},
        {"prod/billing/database", "ProdBilling", true},
        {"prod/billing/database", "billing-dev-api", false},
        {"prod/billing/database", "prod", false},
        {"database", "database-handler", false}, /* no word of its own */
        {"prod/billing", "prod-billing-eu", false}, /* prod/billing/eu/db is closer */
        {"prod/billing/eu/db", "prod-billing-eu", true},
    };
    char reason[FOUND_REASON];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct found f = region();
        (void)add_secret(&f, rows[i].secret);
        (void)add_secret(&f, "prod/billing/eu/db");
        struct found_function *fn = add_function(&f, rows[i].function, "");
        if (found_belongs(&f, &f.secrets[0], fn, reason) != rows[i].belongs)
            fail_msg("%s and %s", rows[i].secret, rows[i].function);
        found_clear(&f);
    }
}

static void discover__evidence__of_a_database(void **state)
{
    char reason[FOUND_REASON];
    struct found f = region();
    (void)state;
    struct found_secret *s = add_secret(&f, "stripe/api-key");
    assert_false(found_is_database(&f, s, reason));
    (void)str_copy(s->description, sizeof s->description, "PostgreSQL of the shop");
    assert_true(found_is_database(&f, s, reason));
    s->description[0] = '\0';
    s->ntags = 1;
    (void)str_copy(s->tags[0][0], sizeof s->tags[0][0], "kind");
    (void)str_copy(s->tags[0][1], sizeof s->tags[0][1], "aurora-cluster");
    assert_true(found_is_database(&f, s, reason));
    assert_string_equal(reason, "its tag kind speaks of a database (aurora)");
    s->ntags = 0;
    (void)str_copy(s->rotation_function, sizeof s->rotation_function, "SecretsManagerRDSPostgreSQLRotation");
    assert_true(found_is_database(&f, s, reason));
    found_clear(&f);
}

static void discover__text__reads_back_as_what_was_found(void **state)
{
    size_t n;
    struct found f = region();
    (void)state;
    (void)add_secret(&f, "prod/billing/db-credentials");
    struct found_secret *tagged = add_secret(&f, "shop-postgres");
    tagged->ntags = 1;
    (void)str_copy(tagged->tags[0][0], sizeof tagged->tags[0][0], "used-by");
    (void)str_copy(tagged->tags[0][1], sizeof tagged->tags[0][1], "checkout");
    (void)add_secret(&f, "stripe/api-key");
    struct found_function *fn = add_function(&f, "billing", "prod/billing/db-credentials");
    (void)str_copy(fn->log_group, sizeof fn->log_group, "/shared/billing");
    (void)str_copy(fn->host, sizeof fn->host, "db.example");
    fn->has_password = true;
    fn = add_function(&f, "billing-worker", "prod/billing/db-credentials");
    (void)add_function(&f, "checkout", "");
    (void)add_function(&f, "lost", "gone/db");
    char *text = write_text(&f, 1, &n);
    assert_int_equal(n, 2);
    struct config *c = read_back(text, 2);
    const struct config_environment *e = environment(c, "prod-billing");
    assert_string_equal(e->secret, "prod/billing/db-credentials");
    assert_string_equal(e->function, "billing");
    assert_string_equal(e->log_groups[0], "/shared/billing");
    assert_string_equal(e->log_groups[1], "/aws/lambda/billing-worker");
    assert_string_equal(e->region, "eu-west-1");
    assert_string_equal(e->profile, "ops");
    assert_null(e->db_host); /* a comment: the secret counts more */
    assert_non_null(strstr(text, "# db_host = db.example\n"));
    assert_non_null(strstr(text, "DB_PASSWORD, in plain sight"));
    assert_non_null(strstr(text, "there is no such log group yet"));
    assert_string_equal(environment(c, "shop")->function, "checkout");
    assert_non_null(strstr(text, "the secret's tag used-by names it"));
    assert_non_null(strstr(text, "#   stripe/api-key\n"));
    assert_non_null(strstr(text, "# Function lost: its DB_SECRET_NAME names gone/db, which is not"));
    config_free(c);
    free(text);
    found_clear(&f);
}

/* Names of sections: of any secret, and never twice. */
static void discover__names_of_environments__fit_and_are_unique(void **state)
{
    struct found f[2] = {region(), region()};
    char endless[513];
    size_t n;
    (void)state;
    memset(endless, 'e', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    (void)str_copy(f[1].region, sizeof f[1].region, "us-east-1");
    for (size_t r = 0; r < 2; r++) {
        (void)add_secret(&f[r], "a/b/db");
        (void)add_secret(&f[r], "a-b-db");
        (void)add_secret(&f[r], "db");
        (void)add_secret(&f[r], "/_+=.@-/db");
        (void)add_secret(&f[r], "rds!cluster-0c1d");
        struct found_secret *s = add_secret(&f[r], endless);
        (void)str_copy(s->description, sizeof s->description, "a database");
    }
    char *text = write_text(f, 2, &n);
    assert_int_equal(n, 12);
    struct config *c = read_back(text, 12);
    (void)environment(c, "a-b");
    (void)environment(c, "a-b-eu-west-1");
    (void)environment(c, "a-b-us-east-1");
    (void)environment(c, "a-b-us-east-1-2");
    (void)environment(c, "rds-cluster-0c1d");
    config_free(c);
    free(text);
    found_clear(&f[0]);
    found_clear(&f[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(discover__a_function_says_which_secret__by_name_or_arn),
        cmocka_unit_test(discover__names__every_word_and_the_closest_secret),
        cmocka_unit_test(discover__evidence__of_a_database),
        cmocka_unit_test(discover__text__reads_back_as_what_was_found),
        cmocka_unit_test(discover__names_of_environments__fit_and_are_unique),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
