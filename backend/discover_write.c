/* The configuration, section by section; behind each guess stands why. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/discover_found.h"

#define NAME_MAX_BYTES 63

void found_clear(struct found *f)
{
    free(f->secrets);
    free(f->functions);
    free(f->groups);
    *f = (struct found){0};
}

static bool is_taken(const struct found_look *look, const char *name)
{
    for (size_t i = 0; i < look->nnames; i++)
        if (strcmp(look->names[i], name) == 0)
            return true;
    return false;
}

/* "prod/billing/database" -> "prod-billing": what a section may be called, without a last word
 * that only says what it is. */
static void base_name(const char *secret, char out[64])
{
    static const char *const last[] = {"database", "db",       "credentials", "creds",
                                       "secret",   "postgres", "pg",          "password"};
    size_t n = 0;
    for (const char *p = secret; *p != '\0' && n < NAME_MAX_BYTES - 32; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '.';
        if (plain || (n > 0 && out[n - 1] != '-'))
            out[n++] = plain ? *p : '-';
    }
    while (n > 0 && out[n - 1] == '-')
        n--;
    out[n] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(last); i++) {
        size_t k = strlen(last[i]);
        if (n > k + 1 && out[n - k - 1] == '-' && strcmp(out + n - k, last[i]) == 0) {
            n -= k + 1;
            out[n] = '\0';
            i = SIZE_MAX; /* from the first again: "db-credentials" */
        }
    }
    if (n == 0)
        (void)str_copy(out, 64, "database");
}

/* The region is added where the name is taken already, and then a number. */
static const char *new_name(const struct found *f, const char *secret, struct found_look *look)
{
    char base[64];
    base_name(secret, base);
    look->names = mem_grow(look->names, look->nnames + 1, sizeof *look->names);
    char *name = look->names[look->nnames];
    (void)str_copy(name, 64, base);
    if (is_taken(look, name))
        (void)str_fmt(name, 64, "%s-%s", base, f->region);
    for (unsigned i = 2; is_taken(look, name); i++)
        (void)str_fmt(name, 64, "%s-%s-%u", base, f->region, i);
    return look->names[look->nnames++];
}

static bool has_group(const struct found *f, const char *group)
{
    for (size_t i = 0; i < f->ngroups; i++)
        if (strcmp(f->groups[i], group) == 0)
            return true;
    return false;
}

static void group_of(const struct found_function *fn, char out[520])
{
    if (fn->log_group[0] != '\0')
        (void)str_copy(out, 520, fn->log_group);
    else
        (void)str_fmt(out, 520, "/aws/lambda/%s", fn->name);
}

/* Not in force: laid over the secret they would hide what it says. */
static void put_hints(struct strbuf *out, const struct found_function *fn)
{
    const struct {
        const char *key, *value;
    } hints[] = {{"db_host", fn->host}, {"db_port", fn->port}, {"db_name", fn->dbname}, {"db_user", fn->user}};
    bool some = false;
    for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
        if (hints[i].value[0] == '\0')
            continue;
        if (!some)
            strbuf_str(out,
                       "# the function's variables; take the # away for audit mode, which does not read the secret:\n");
        some = true;
        strbuf_fmt(out, "# %s = %s\n", hints[i].key, hints[i].value);
    }
}

static void put_function(const struct found *f, const struct found_function *fn, const char *reason, bool first,
                         struct strbuf *out)
{
    char group[520];
    group_of(fn, group);
    strbuf_fmt(out, "# %s %s: %s\n", f->functions_read ? "function" : "log group of", fn->name, reason);
    if (fn->has_password)
        strbuf_str(out, "# it has a variable DB_PASSWORD, in plain sight: take that out of the function\n");
    if (f->functions_read && fn->secret[0] != '\0' && !fn->production)
        strbuf_str(out, "# its NODE_ENV is not production: it does not use the secret\n");
    if (fn->hidden)
        strbuf_str(out, "# Lambda does not show its variables\n");
    if (f->functions_read && first)
        strbuf_fmt(out, "function = %s\n", fn->name);
    if (f->groups_read && !has_group(f, group))
        strbuf_str(out, "# there is no such log group yet: Lambda makes it when the function first runs\n");
    strbuf_fmt(out, "log_group = %s\n", group);
    if (first)
        put_hints(out, fn);
}

static void put_environment(const struct found *f, const struct found_secret *s, const char *why,
                            struct found_look *look, struct strbuf *out)
{
    char reason[FOUND_REASON];
    size_t n = 0;
    strbuf_fmt(out, "\n# taken for a database's: %s\n", why);
    if (s->rotated)
        strbuf_fmt(out, "# AWS rotates it%s%s\n", s->rotation_function[0] != '\0' ? ", by " : "", s->rotation_function);
    if (s->owned)
        strbuf_str(out, "# another service manages it: it cannot be rotated from here\n");
    strbuf_fmt(out, "[environment %s]\nregion = %s\n", new_name(f, s->name, look), f->region);
    if (look->profile != NULL)
        strbuf_fmt(out, "profile = %s\n", look->profile);
    strbuf_fmt(out, "secret = %s\n", s->name);
    for (size_t i = 0; i < f->nfunctions; i++)
        if (found_belongs(f, s, &f->functions[i], reason)) {
            put_function(f, &f->functions[i], reason, n == 0, out);
            n++;
        }
    if (n == 0)
        strbuf_str(out, "# no function was found that belongs to it; without one nothing is known of containers:\n"
                        "# function = NAME\n");
}

static void put_untaken(const struct found *f, struct strbuf *out)
{
    char reason[FOUND_REASON];
    bool some = false;
    for (size_t i = 0; i < f->nsecrets; i++) {
        if (found_is_database(f, &f->secrets[i], reason))
            continue;
        if (!some)
            strbuf_fmt(out, "\n# Not taken, since nothing speaks of a database (region %s):\n", f->region);
        some = true;
        strbuf_fmt(out, "#   %s\n", f->secrets[i].name);
    }
}

/* A function whose secret is not there fails as soon as it begins. */
static void put_dangling(const struct found *f, struct strbuf *out)
{
    char reason[FOUND_REASON];
    for (size_t i = 0; f->secrets_read && i < f->nfunctions; i++) {
        const struct found_function *fn = &f->functions[i];
        bool found = fn->secret[0] == '\0';
        for (size_t k = 0; k < f->nsecrets && !found; k++)
            found = found_belongs(f, &f->secrets[k], fn, reason);
        if (!found)
            strbuf_fmt(out, "\n# Function %s: its DB_SECRET_NAME names %s, which is not among the secrets of %s.\n",
                       fn->name, fn->secret, f->region);
    }
}

size_t found_write(const struct found *f, struct found_look *look, struct strbuf *out)
{
    size_t n = 0;
    strbuf_fmt(out, "\n# Region %s, account %s, read as %s\n", f->region[0] != '\0' ? f->region : "?",
               f->account[0] != '\0' ? f->account : "?", f->arn[0] != '\0' ? f->arn : "?");
    for (size_t i = 0; i < f->ntroubles; i++)
        strbuf_fmt(out, "# Could not be read: %s\n", f->troubles[i]);
    if (f->cut)
        strbuf_str(out, "# The region has more than was read; what is missing has to be added by hand.\n");
    for (size_t i = 0; i < f->nsecrets; i++) {
        char why[FOUND_REASON];
        if (!found_is_database(f, &f->secrets[i], why))
            continue;
        put_environment(f, &f->secrets[i], why, look, out);
        n++;
    }
    put_untaken(f, out);
    put_dangling(f, out);
    return n;
}
