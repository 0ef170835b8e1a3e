/* What belongs together: by what a function says itself, by tags, by names. */
#include <string.h>
#include <strings.h>

#include "backend/base/mem.h"
#include "backend/discover_found.h"

#define TOKENS_MAX 24

struct token {
    const char *s;
    size_t n;
};

/* Words that say what a thing is and not whose it is. */
static const char *const generic[] = {
    "db",  "database",   "databases", "secret", "secrets", "credential", "credentials", "creds",     "postgres",
    "pg",  "postgresql", "rds",       "aurora", "cluster", "lambda",     "function",    "functions", "fn",
    "aws", "password",   "login",     "user",   "handler", "service",    "svc",         "master",
};
/* Of those, the ones that speak of a database. */
static const char *const databases[] = {"db", "database", "databases", "postgres", "pg", "postgresql", "rds", "aurora"};

static bool is_one_of(const struct token *t, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) == t->n && strncasecmp(words[i], t->s, t->n) == 0)
            return true;
    return false;
}

/* Words between / - _ . : ! and where small letters turn to capitals. */
static size_t split(const char *s, struct token tokens[TOKENS_MAX])
{
    size_t n = 0;
    while (*s != '\0' && n < TOKENS_MAX) {
        s += strspn(s, "/-_.:!+=@ ");
        const char *from = s;
        while (*s != '\0' && strchr("/-_.:!+=@ ", *s) == NULL &&
               !(s > from && *s >= 'A' && *s <= 'Z' && s[-1] >= 'a' && s[-1] <= 'z'))
            s++;
        if (s > from)
            tokens[n++] = (struct token){from, (size_t)(s - from)};
    }
    return n;
}

static size_t own_tokens(const char *s, struct token tokens[TOKENS_MAX])
{
    size_t n = split(s, tokens), kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_one_of(&tokens[i], generic, ARRAY_LEN(generic)))
            tokens[kept++] = tokens[i];
    return kept;
}

static bool has_token(const struct token *tokens, size_t n, const struct token *t)
{
    for (size_t i = 0; i < n; i++)
        if (tokens[i].n == t->n && strncasecmp(tokens[i].s, t->s, t->n) == 0)
            return true;
    return false;
}

/* A name or an ARN, whole or without its last six characters, as GetSecretValue takes it. */
static bool names_secret(const char *given, const struct found_secret *s)
{
    size_t n = strlen(s->arn);
    return given[0] != '\0' && (strcmp(given, s->name) == 0 || strcmp(given, s->arn) == 0 ||
                                (n > 7 && strlen(given) == n - 7 && strncmp(given, s->arn, n - 7) == 0));
}

static bool same_names(const struct found_secret *s, const struct found_function *fn)
{
    struct token of_secret[TOKENS_MAX], of_function[TOKENS_MAX];
    size_t n = own_tokens(s->name, of_secret), m = own_tokens(fn->name, of_function);
    for (size_t i = 0; i < n; i++)
        if (!has_token(of_function, m, &of_secret[i]))
            return false;
    return n > 0;
}

/* Whether every word of its own in `s` is also in a secret that has more of them and fits fn:
 * "app" must not take what is "app-eu"'s. */
static bool another_is_closer(const struct found *f, const struct found_secret *s, const struct found_function *fn)
{
    struct token own[TOKENS_MAX], other[TOKENS_MAX];
    size_t n = own_tokens(s->name, own);
    for (size_t i = 0; i < f->nsecrets; i++)
        if (&f->secrets[i] != s && same_names(&f->secrets[i], fn) && own_tokens(f->secrets[i].name, other) > n)
            return true;
    return false;
}

bool found_belongs(const struct found *f, const struct found_secret *s, const struct found_function *fn,
                   char reason[FOUND_REASON])
{
    if (fn->secret[0] != '\0') { /* it says so itself; what its name says counts no more */
        (void)str_copy(reason, FOUND_REASON, "its DB_SECRET_NAME names the secret");
        return names_secret(fn->secret, s);
    }
    for (size_t i = 0; i < s->ntags; i++)
        if (strcmp(s->tags[i][1], fn->name) == 0) {
            (void)str_fmt(reason, FOUND_REASON, "the secret's tag %s names it", s->tags[i][0]);
            return true;
        }
    (void)str_copy(reason, FOUND_REASON, "by its name alone: it has every word of the secret's");
    return same_names(s, fn) && !another_is_closer(f, s, fn);
}

bool found_is_database(const struct found *f, const struct found_secret *s, char reason[FOUND_REASON])
{
    struct token tokens[TOKENS_MAX];
    size_t n = split(s->name, tokens);
    for (size_t i = 0; i < f->nfunctions; i++)
        if (names_secret(f->functions[i].secret, s)) {
            (void)str_fmt(reason, FOUND_REASON, "the DB_SECRET_NAME of %s names it", f->functions[i].name);
            return true;
        }
    for (size_t i = 0; i < n; i++)
        if (is_one_of(&tokens[i], databases, ARRAY_LEN(databases))) {
            (void)str_fmt(reason, FOUND_REASON, "its name speaks of a database (%.*s)", (int)tokens[i].n, tokens[i].s);
            return true;
        }
    for (size_t i = 0; i < s->ntags; i++) {
        size_t m = split(s->tags[i][1], tokens);
        for (size_t k = 0; k < m; k++)
            if (is_one_of(&tokens[k], databases, ARRAY_LEN(databases))) {
                (void)str_fmt(reason, FOUND_REASON, "its tag %s speaks of a database (%.*s)", s->tags[i][0],
                              (int)tokens[k].n, tokens[k].s);
                return true;
            }
    }
    if (strcasestr(s->rotation_function, "postgres") != NULL || strcasestr(s->rotation_function, "rds") != NULL) {
        (void)str_copy(reason, FOUND_REASON, "its rotation function is a database's");
        return true;
    }
    if (strcasestr(s->description, "postgres") != NULL || strcasestr(s->description, "database") != NULL) {
        (void)str_copy(reason, FOUND_REASON, "its description speaks of a database");
        return true;
    }
    return false;
}
