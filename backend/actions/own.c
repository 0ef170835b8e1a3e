#include "backend/actions/own.h"

#include "backend/actions/crash.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/connection.h"
#include "backend/credentials/scram.h"
#include "backend/credentials/secret_change.h"
#include "backend/credentials/secret_value.h"

void own_clear(struct own *o)
{
    o->session = session_close(o->session);
    o->super = session_close(o->super);
    db_params_clear(&o->current.p);
    db_params_clear(&o->pending.p);
    db_params_clear(&o->superuser);
}

bool own_give_up(struct own *o, enum order_state state, const struct why *why, const char *consequence)
{
    char line[200];
    if (why->code == ERR_INVALID && why->call[0] == '\0') /* our own words, not AWS's */
        (void)str_copy(line, sizeof line, why->text);
    else
        (void)why_line(why, line, sizeof line);
    action_end(o->a, state == ORDER_UNKNOWN ? STEP_UNKNOWN : STEP_FAILED, "%s", line);
    if (why->code == ERR_CANCELLED && state == ORDER_REFUSED)
        state = ORDER_CANCELLED;
    action_finish(o->a, state, "%s: %s", consequence, line);
    return false;
}

/* ------------------------------------------------------------- Secrets Manager */

/* What the configuration gives, and the answer over it. */
static enum err apply(struct own *o, const struct aws_reply *reply, struct own_login *l, struct why *why)
{
    enum err err = secret_value_apply(reply->body, reply->len, &l->p, why);
    if (err != ERR_OK)
        return err;
    (void)str_copy(l->host, sizeof l->host, l->p.host);
    l->port = l->p.port;
    secret_value_masterarn(reply->body, reply->len, l->masterarn, sizeof l->masterarn);
    connection_override(o->conf, &l->p);
    l->user_in_secret = l->p.user_from == FROM_SECRET;
    return ERR_OK;
}

enum err own_fetch(struct own *o, const char *version, struct own_login *out, struct own_change *change,
                   struct why *why)
{
    struct flow_env *env = flow_env_new();
    struct own_login l = {0};
    struct strbuf body;
    struct aws_reply reply;
    char more[120];
    (void)str_fmt(more, sizeof more, ",\"VersionId\":\"%s\"", version);
    rotation_body(o->a, more, &body);
    enum err err = connection_env(o->conf, env, why);
    if (err == ERR_OK)
        err = flow_environment_params(env, &l.p, why);
    if (err == ERR_OK)
        err = rotation_call(o->a, AWS_GET_SECRET_VALUE, strbuf_peek(&body), &reply, why);
    strbuf_clear(&body);
    env = flow_env_free(env);
    if (err == ERR_OK)
        err = apply(o, &reply, &l, why);
    if (err == ERR_OK && change != NULL) {
        change->value = secret_change_user(reply.body, reply.len, change->user, change->password, why);
        err = change->value != NULL ? ERR_OK : why->code;
    }
    aws_forget(o->a->aws);
    if (err == ERR_OK) {
        db_params_clear(&out->p);
        *out = l; /* the password moves along */
    } else {
        db_params_clear(&l.p);
    }
    return err;
}

enum err own_fetch_superuser(struct own *o, struct db_params *out, struct why *why)
{
    struct strbuf body;
    struct aws_reply reply;
    const char *secret = o->strategy.superuser_secret;
    strbuf_init(&body, 8192);
    strbuf_str(&body, "{\"SecretId\":");
    strbuf_json(&body, secret, strlen(secret));
    strbuf_str(&body, ",\"VersionStage\":\"AWSCURRENT\"}");
    enum err err = rotation_call(o->a, AWS_GET_SECRET_VALUE, strbuf_peek(&body), &reply, why);
    strbuf_clear(&body);
    if (err == ERR_OK)
        err = secret_value_apply(reply.body, reply.len, out, why);
    aws_forget(o->a->aws);
    return err;
}

enum err own_move_label(struct own *o, const char *label, const char *to, const char *from, struct why *why)
{
    struct strbuf body;
    struct aws_reply reply;
    char more[300];
    (void)str_fmt(more, sizeof more, ",\"VersionStage\":\"%s\",\"RemoveFromVersionId\":\"%s\"%s%s%s", label, from,
                  to != NULL ? ",\"MoveToVersionId\":\"" : "", to != NULL ? to : "", to != NULL ? "\"" : "");
    rotation_body(o->a, more, &body);
    enum err err = rotation_call(o->a, AWS_UPDATE_SECRET_VERSION_STAGE, strbuf_peek(&body), &reply, why);
    strbuf_clear(&body);
    return err;
}

bool own_drop_pending(struct own *o, const char *version)
{
    struct rotation_state now;
    struct why why = {0};
    char line[200];
    action_begin(o->a, "remove AWSPENDING");
    for (int i = 1; i <= OWN_TRIES; i++) {
        enum err err = own_move_label(o, "AWSPENDING", NULL, version, &why);
        bool gone = err == ERR_OK ||
                    (rotation_describe(o->a, &now, &(struct why){0}) == ERR_OK && strcmp(now.pending, version) != 0);
        if (gone) {
            action_end(o->a, STEP_DONE, "AWSPENDING is off %.8s", version);
            return true;
        }
        if (!rotation_in_doubt(err) || !rotation_pause(o->a, i * OWN_PAUSE_MS))
            break;
    }
    action_end(o->a, STEP_FAILED, "%s", why_line(&why, line, sizeof line));
    return false;
}

bool own_move_current(struct own *o, const char *half_way)
{
    struct rotation_state now;
    struct why why = {0}, doubt = {0};
    action_cancellable(o->a, false);
    for (int i = 1; i <= OWN_TRIES; i++) {
        enum err err = own_move_label(o, "AWSCURRENT", o->token, o->found->current, &why);
        bool seen = err != ERR_OK && rotation_describe(o->a, &now, &(struct why){0}) == ERR_OK;
        if (err == ERR_OK || (seen && strcmp(now.current, o->token) == 0)) {
            action_end(o->a, STEP_DONE, "AWSCURRENT is %.8s", o->token);
            return true;
        }
        if (seen && strcmp(now.current, o->found->current) != 0) {
            (void)why_set(&why, ERR_INVALID, "somebody moved AWSCURRENT to %.8s meanwhile", now.current);
            return own_give_up(o, ORDER_FAILED, &why, half_way);
        }
        if (!rotation_may_have_arrived(&doubt, err, &why) || !rotation_pause(o->a, i * OWN_PAUSE_MS))
            break;
    }
    bool unknown = doubt.code != ERR_OK;
    return own_give_up(o, unknown ? ORDER_UNKNOWN : ORDER_FAILED, unknown ? &doubt : &why, half_way);
}

/* -------------------------------------------------------------------- database */

bool own_same_place(const struct db_params *a, const struct db_params *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port && strcmp(a->dbname, b->dbname) == 0;
}

enum err own_enter(struct own *o, const struct db_params *p, struct session **session, struct why *why)
{
    struct login_result r;
    *session = session_close(*session);
    crash_point("before", "login that stays");
    *session = session_open(p, o->a->watch->conf->login_deadline_ms, o->a->cancel, &r);
    crash_point("after", "login that stays");
    if (*session != NULL && r.standby) {
        *session = session_close(*session);
        return why_set(why, ERR_DB_REFUSED, "%s is a standby: it cannot be written to", p->host);
    }
    *why = r.why;
    return *session != NULL ? ERR_OK : r.why.code;
}

enum err own_test_login(struct own *o, const struct db_params *p, struct why *why)
{
    struct login_result r;
    crash_point("before", "login");
    login_try(p, o->a->watch->conf->login_deadline_ms, o->a->cancel, &r);
    crash_point("after", "login");
    *why = r.why;
    return r.ok ? ERR_OK : r.why.code;
}

/* A session that died a moment ago may still hold it: the server has to notice. */
enum err own_lock(struct own *o, struct why *why)
{
    enum err err = ERR_BUSY;
    for (int i = 0; i < OWN_TRIES && err == ERR_BUSY && (i == 0 || rotation_pause(o->a, OWN_PAUSE_MS)); i++) {
        crash_point("before", "pg_try_advisory_lock");
        err = session_lock(o->session, o->found->arn, why);
        crash_point("after", "pg_try_advisory_lock");
    }
    return err;
}

/* Under the lock nobody of us moves anything any more. */
bool own_still_so(struct own *o)
{
    struct rotation_state now;
    struct why why = {0};
    if (own_lock(o, &why) != ERR_OK || rotation_describe(o->a, &now, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
    if (strcmp(now.current, o->found->current) == 0 && strcmp(now.pending, o->found->pending) == 0 &&
        strcmp(now.previous, o->found->previous) == 0)
        return true;
    (void)why_set(&why, ERR_BUSY, "the labels moved a moment ago: AWSCURRENT is on %.8s, AWSPENDING on %.8s",
                  now.current, now.pending[0] != '\0' ? now.pending : "none");
    return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
}

enum err own_set_password(struct own *o, struct session *as, const struct db_params *p, const char *in_role,
                          struct why *why)
{
    char verifier[SCRAM_VERIFIER_MAX];
    const char *statement = in_role != NULL ? "CREATE ROLE" : "ALTER ROLE";
    enum err err = scram_new_verifier(p->password, verifier, why);
    if (err == ERR_OK && (err = action_tell(o->a, statement, p->user, why)) != ERR_OK)
        secret_wipe(verifier, sizeof verifier);
    if (err != ERR_OK) {
        char reason[sizeof why->text];
        (void)str_copy(reason, sizeof reason, why->text);
        return why_set(why, ERR_DB_QUERY, "%s", reason); /* nothing was sent */
    }
    crash_point("before", statement);
    if (in_role != NULL)
        err = session_create_role(as, p->user, in_role, verifier, why);
    else
        err = session_set_verifier(as, p->user, verifier, why);
    crash_point("after", statement);
    secret_wipe(verifier, sizeof verifier);
    if (err == ERR_OK) {
        (void)str_fmt(o->did, sizeof o->did, "%s %s, with a verifier", statement, p->user);
        o->changed_mono_ms = clock_mono_ms(clock_real());
    }
    return err;
}

bool own_commit(struct own *o)
{
    action_cancellable(o->a, false);
    if (!cancel_is_set(o->a->cancel))
        return true;
    action_end(o->a, STEP_SKIPPED, "cancelled");
    action_finish(o->a, ORDER_CANCELLED, "cancelled; nothing was changed");
    return false;
}
