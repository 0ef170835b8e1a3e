/* Two database users that take turns, USER and USER_clone: AWSCURRENT's is never touched, so
 * it logs in all the time, and goes on doing so until the next rotation but one.  Who creates
 * and alters the other one is a superuser, from a secret of its own, which is read only when
 * there is something to change. */
#include <strings.h>

#include "backend/actions/crash.h"
#include "backend/actions/own.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define AS_IT_WAS                                                                                                      \
    "the database is as it was, AWSCURRENT's user logs in; AWSPENDING stays on the new version: finish the rotation "  \
    "to go on"
#define HALF_WAY                                                                                                       \
    "AWSCURRENT's user was not touched and logs in; AWSPENDING stays on the new version: finish the rotation"

static bool get_in(struct own *o)
{
    struct why why = {0};
    if (own_enter(o, &o->current.p, &o->session, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED "; AWSCURRENT's own login must work");
    enum err err = o->has_value ? own_test_login(o, &o->pending.p, &why) : ERR_DB_AUTH;
    o->pending_in = err == ERR_OK;
    if (err != ERR_OK && err != ERR_DB_AUTH && err != ERR_DB_REFUSED)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
    return true;
}

/* The superuser's secret must be of the server that the secret names.  One that RDS manages
 * names no host: then there is nothing to compare. */
static enum err same_server(const struct own *o, const struct db_params *superuser, struct why *why)
{
    uint16_t port = superuser->port != 0 ? superuser->port : 5432, here = o->current.port;
    if (superuser->host[0] == '\0')
        return ERR_OK;
    if (strcasecmp(superuser->host, o->current.host) == 0 && port == (here != 0 ? here : 5432))
        return ERR_OK;
    return why_set(why, ERR_SETTING, "it is for another server, %s:%u, not %s:%u", superuser->host, (unsigned)port,
                   o->current.host, (unsigned)here);
}

/* As that user, to where everybody else is sent: a tunnel in the configuration counts here, too. */
static enum err superuser_of(struct own *o, struct why *why)
{
    struct db_params said = {0}, p = {0};
    enum err err = own_fetch_superuser(o, &said, why);
    if (err == ERR_OK && said.user[0] == '\0')
        err = why_set(why, ERR_SECRET_SHAPE, "it names no user (member \"username\")");
    if (err == ERR_OK)
        err = same_server(o, &said, why);
    if (err == ERR_OK && (strcmp(said.user, o->strategy.user) == 0 || strcmp(said.user, o->strategy.other) == 0))
        err = why_set(why, ERR_SETTING, "it names %s, who is one of the two that take turns", said.user);
    if (err == ERR_OK) {
        db_params_copy(&p, &o->current.p);
        p.password = secret_free(p.password);
        p.password = said.password;
        said.password = NULL;
        (void)str_copy(p.user, sizeof p.user, said.user);
        (void)str_copy(p.dbname, sizeof p.dbname, said.dbname[0] != '\0' ? said.dbname : "postgres");
        db_params_clear(&o->superuser);
        o->superuser = p; /* the password moves along */
    }
    db_params_clear(&said);
    return err;
}

static bool prepare(struct own *o)
{
    struct why why = {0}, said = {0};
    if (o->pending_in) {
        action_end(o->a, STEP_DONE, "%s's database takes AWSCURRENT and AWSPENDING", o->conf->name);
        return true;
    }
    enum err err = o->strategy.superuser_secret[0] == '\0'
                       ? why_set(&said, ERR_SETTING, "nothing names it; give superuser_secret = NAME-OR-ARN")
                       : superuser_of(o, &said);
    if (err == ERR_OK)
        err = own_enter(o, &o->superuser, &o->super, &said);
    if (err == ERR_OK) {
        action_end(o->a, STEP_DONE, "%s's database takes AWSCURRENT, and the superuser %s", o->conf->name,
                   o->superuser.user);
        return true;
    }
    (void)why_set(&why, err, "the superuser's secret %s: %s", o->strategy.superuser_secret, said.text);
    return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
}

static enum err create_or_alter(struct own *o, struct why *why)
{
    bool there = false;
    crash_point("before", "pg_roles");
    enum err err = session_has_role(o->super, o->pending.p.user, &there, why);
    crash_point("after", "pg_roles");
    if (err != ERR_OK)
        return err;
    return own_set_password(o, o->super, &o->pending.p, there ? NULL : o->current.p.user, why);
}

static enum err change(struct own *o, bool again, struct why *why)
{
    struct why tried = {0};
    if (!again)
        return create_or_alter(o, why);
    if (own_test_login(o, &o->pending.p, &tried) == ERR_OK)
        return ERR_OK;
    if ((tried.code != ERR_DB_AUTH && tried.code != ERR_DB_REFUSED) ||
        own_enter(o, &o->superuser, &o->super, &tried) != ERR_OK) {
        *why = tried;
        return tried.code;
    }
    return create_or_alter(o, why);
}

/* Nothing stands on the other user's password: the next rotation gives it a new one. */
static bool undo(struct own *o, const struct why *failed)
{
    char line[160];
    action_end(o->a, STEP_FAILED, "%s", why_line(failed, line, sizeof line));
    bool tidy = own_drop_pending(o, o->token);
    action_finish(o->a, ORDER_FAILED, "AWSCURRENT's user was not touched and logs in%s; the new login failed: %s",
                  tidy ? "" : " (AWSPENDING could not be removed)", line);
    return false;
}

const struct own_way own_alternating = {
    .get_in = get_in, .prepare = prepare, .change = change, .undo = undo, .as_it_was = AS_IT_WAS, .half_way = HALF_WAY};
