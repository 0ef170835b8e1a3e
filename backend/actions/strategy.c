#include "backend/actions/strategy.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define CLONE_LEN (sizeof STRATEGY_CLONE - 1)

enum err strategy_other_user(const char *user, char out[STRATEGY_USER_MAX + 1], struct why *why)
{
    size_t n = strlen(user);
    bool is_clone = n >= CLONE_LEN && strcmp(user + n - CLONE_LEN, STRATEGY_CLONE) == 0;
    size_t other = is_clone ? n - CLONE_LEN : n + CLONE_LEN;
    if (n == 0 || other == 0)
        return why_set(why, ERR_SETTING, "there is no user whose clone is \"%s\"", user);
    if (other > STRATEGY_USER_MAX)
        return why_set(why, ERR_SETTING,
                       "\"%s" STRATEGY_CLONE "\" has %zu bytes, PostgreSQL's names have %d at most: "
                       "alternating users need a shorter user",
                       user, other, STRATEGY_USER_MAX);
    (void)str_fmt(out, STRATEGY_USER_MAX + 1, "%.*s%s", (int)(is_clone ? other : n), user,
                  is_clone ? "" : STRATEGY_CLONE);
    return ERR_OK;
}

/* What is wanted, were it to begin now. */
static bool wanted(const struct strategy_facts *f, const char **out_because)
{
    if (f->ordered != STRATEGY_AS_CONFIGURED) {
        *out_because = "--strategy says so";
        return f->ordered == STRATEGY_ALTERNATING_USERS;
    }
    *out_because = f->configured != NULL ? "the configuration says so" : "the default";
    return f->configured != NULL && strcmp(f->configured, "alternating-users") == 0;
}

/* AWSPENDING has a value: its user tells how that rotation was begun. */
static enum err as_begun(const struct strategy_facts *f, struct strategy *s, struct why *why)
{
    bool alternating = strcmp(f->pending_user, f->user) != 0;
    if (alternating != s->alternating)
        s->because = "AWSPENDING was begun so";
    s->alternating = alternating;
    if (!alternating)
        return ERR_OK;
    if (strategy_other_user(f->user, s->other, &(struct why){0}) == ERR_OK && strcmp(s->other, f->pending_user) == 0)
        return ERR_OK;
    return why_set(
        why, ERR_SECRET_SHAPE,
        "AWSPENDING names the user \"%s\", who is not the other one of \"%s\": who began this must finish it",
        f->pending_user, f->user);
}

static enum err fit_to_begin(const struct strategy_facts *f, struct strategy *s, struct why *why)
{
    if (!f->user_in_secret)
        return why_set(why, ERR_SETTING,
                       "alternating users: the secret must name its user (member \"username\"), and db_user in the "
                       "configuration must not overrule it");
    if (strategy_other_user(f->user, s->other, why) != ERR_OK)
        return why->code;
    if (s->superuser_secret[0] == '\0')
        return why_set(why, ERR_SETTING,
                       "alternating users: nothing names the superuser's secret; give superuser_secret = NAME-OR-ARN, "
                       "or the secret a member \"masterarn\"");
    return ERR_OK;
}

enum err strategy_choose(const struct strategy_facts *f, struct strategy *out, struct why *why)
{
    struct strategy s = {0};
    struct why local;
    why = why != NULL ? why : &local;
    const char *superuser = f->superuser_secret != NULL ? f->superuser_secret : f->masterarn;
    (void)str_copy(s.user, sizeof s.user, f->user);
    (void)str_copy(s.other, sizeof s.other, f->user);
    (void)str_copy(s.superuser_secret, sizeof s.superuser_secret, superuser);
    s.superuser_from = f->superuser_secret != NULL ? "the configuration" : "the secret's masterarn";
    s.alternating = wanted(f, &s.because);
    enum err err = ERR_OK;
    if (f->pending_user != NULL)
        err = as_begun(f, &s, why);
    else if (s.alternating)
        err = fit_to_begin(f, &s, why);
    s.masterarn_unused = !s.alternating && f->masterarn[0] != '\0' && f->ordered == STRATEGY_AS_CONFIGURED &&
                         f->configured == NULL && f->pending_user == NULL;
    if (err == ERR_OK)
        *out = s;
    return err;
}
