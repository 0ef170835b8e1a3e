/* A rotation by credtop itself, one database user whose password changes.
 *
 * It begins by finding out where things are: which versions have a value, and which
 * password the database takes.  So a new rotation, one that was killed anywhere, and one
 * that a function left half done, all take the same road from where they stand.  At every
 * moment the database takes AWSCURRENT's password or AWSPENDING's:
 *   - the new password is in Secrets Manager, as AWSPENDING, before the database gets it
 *   - a version that has a value never gets another one
 *   - AWSPENDING comes off only when AWSCURRENT has been seen to work, or to have moved
 * The session that changes the password stays open until the label has moved: it holds the
 * advisory lock, and can take the change back without logging in. */
#include "backend/actions/crash.h"
#include "backend/actions/rotation.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/connection.h"
#include "backend/credentials/password.h"
#include "backend/credentials/scram.h"
#include "backend/credentials/secret_change.h"
#include "backend/credentials/secret_value.h"
#include "backend/credentials/session.h"

#define TRIES 6
#define PAUSE_MS 300

struct own {
    struct action *a;
    const struct config_environment *conf;
    const struct rotation_state *found; /* when it was looked at, and again under the lock */
    const char *token;                  /* the version that is to be AWSCURRENT */
    bool open;                          /* it had AWSPENDING before we came */
    bool has_value;                     /* it has a value */
    bool pending_in;                    /* the database takes that value's password */
    struct db_params current, pending;
    struct session *session; /* logged in as whoever gets in */
};

/* Ends the step in hand and the order; false, for `return give_up(...)`. */
static bool give_up(struct own *o, enum order_state state, const struct why *why, const char *consequence)
{
    char line[200];
    (void)why_line(why, line, sizeof line);
    action_end(o->a, state == ORDER_UNKNOWN ? STEP_UNKNOWN : STEP_FAILED, "%s", line);
    if (why->code == ERR_CANCELLED && state == ORDER_REFUSED)
        state = ORDER_CANCELLED;
    action_finish(o->a, state, "%s: %s", consequence, line);
    return false;
}

#define UNCHANGED "nothing was changed"
#define AS_IT_WAS "the database is as it was, AWSPENDING stays on the new version; finish the rotation to go on"
#define HALF_WAY "the database may have the new password and AWSCURRENT names the old one: finish the rotation now"

/* ------------------------------------------------------------- Secrets Manager */

/* A version's value as connection parameters; with `password`, also the same value with
 * that password in it. */
static enum err fetch(struct own *o, const char *version, struct db_params *out, const struct secret *password,
                      struct secret **out_value, struct why *why)
{
    struct flow_env *env = flow_env_new();
    struct db_params p = {0};
    struct strbuf body;
    struct aws_reply reply;
    char more[120];
    (void)str_fmt(more, sizeof more, ",\"VersionId\":\"%s\"", version);
    rotation_body(o->a, more, &body);
    enum err err = connection_env(o->conf, env, why);
    if (err == ERR_OK)
        err = flow_environment_params(env, &p, why);
    if (err == ERR_OK)
        err = rotation_call(o->a, AWS_GET_SECRET_VALUE, strbuf_peek(&body), &reply, why);
    strbuf_clear(&body);
    env = flow_env_free(env);
    if (err == ERR_OK)
        err = secret_value_apply(reply.body, reply.len, &p, why);
    if (err == ERR_OK && password != NULL &&
        (*out_value = secret_change_password(reply.body, reply.len, password, why)) == NULL)
        err = why->code;
    aws_forget(o->a->aws);
    if (err == ERR_OK) {
        connection_override(o->conf, &p);
        db_params_clear(out);
        *out = p; /* the password moves along */
    } else {
        db_params_clear(&p);
    }
    return err;
}

static enum err move_label(struct own *o, const char *label, const char *to, const char *from, struct why *why)
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

/* -------------------------------------------------------------------- database */

static enum err enter(struct own *o, const struct db_params *p, struct why *why)
{
    struct login_result r;
    o->session = session_close(o->session);
    crash_point("before", "login that stays");
    o->session = session_open(p, o->a->watch->conf->login_deadline_ms, o->a->cancel, &r);
    crash_point("after", "login that stays");
    if (o->session != NULL && r.standby) {
        o->session = session_close(o->session);
        return why_set(why, ERR_DB_REFUSED, "%s is a standby: it cannot be written to", p->host);
    }
    *why = r.why;
    return o->session != NULL ? ERR_OK : r.why.code;
}

static enum err test_login(struct own *o, const struct db_params *p, struct why *why)
{
    struct login_result r;
    crash_point("before", "login");
    login_try(p, o->a->watch->conf->login_deadline_ms, o->a->cancel, &r);
    crash_point("after", "login");
    *why = r.why;
    return r.ok ? ERR_OK : r.why.code;
}

/* A session that died a moment ago may still hold it: the server has to notice. */
static enum err lock(struct own *o, struct why *why)
{
    enum err err = ERR_BUSY;
    for (int i = 0; i < TRIES && err == ERR_BUSY && (i == 0 || rotation_pause(o->a, PAUSE_MS)); i++) {
        crash_point("before", "pg_try_advisory_lock");
        err = session_lock(o->session, o->found->arn, why);
        crash_point("after", "pg_try_advisory_lock");
    }
    return err;
}

static enum err set_password(struct own *o, const struct db_params *p, struct why *why)
{
    char verifier[SCRAM_VERIFIER_MAX];
    enum err err = scram_new_verifier(p->password, verifier, why);
    if (err == ERR_OK && (err = action_tell(o->a, "ALTER ROLE", p->user, why)) != ERR_OK)
        secret_wipe(verifier, sizeof verifier);
    if (err != ERR_OK) {
        char reason[sizeof why->text];
        (void)str_copy(reason, sizeof reason, why->text);
        return why_set(why, ERR_DB_QUERY, "%s", reason); /* nothing was sent */
    }
    crash_point("before", "ALTER ROLE");
    err = session_set_verifier(o->session, p->user, verifier, why);
    crash_point("after", "ALTER ROLE");
    secret_wipe(verifier, sizeof verifier);
    return err;
}

/* ------------------------------------------------------------ where things are */

static bool same_login(const struct db_params *a, const struct db_params *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port && strcmp(a->user, b->user) == 0 &&
           strcmp(a->dbname, b->dbname) == 0;
}

static bool fetch_both(struct own *o)
{
    struct why why = {0};
    if (fetch(o, o->found->current, &o->current, NULL, NULL, &why) != ERR_OK)
        return give_up(o, ORDER_REFUSED, &why, UNCHANGED);
    if (!o->open)
        return true;
    enum err err = fetch(o, o->token, &o->pending, NULL, NULL, &why);
    o->has_value = err == ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return give_up(o, ORDER_REFUSED, &why, UNCHANGED);
    if (o->has_value && !same_login(&o->current, &o->pending)) {
        (void)why_set(&why, ERR_SECRET_SHAPE,
                      "AWSPENDING names another user or host than AWSCURRENT (alternating users)");
        return give_up(o, ORDER_REFUSED, &why, "nothing was changed; its rotation function must finish this");
    }
    return true;
}

/* Somebody's password must get in: the new one, the current one, or the one before. */
static bool get_in(struct own *o)
{
    struct why why = {0};
    struct db_params previous = {0};
    enum err err = o->has_value ? enter(o, &o->pending, &why) : ERR_DB_AUTH;
    o->pending_in = err == ERR_OK;
    if (err == ERR_DB_AUTH)
        err = enter(o, &o->current, &why);
    if (err == ERR_DB_AUTH && o->found->previous[0] != '\0' &&
        fetch(o, o->found->previous, &previous, NULL, NULL, &why) == ERR_OK && same_login(&o->current, &previous))
        err = enter(o, &previous, &why);
    db_params_clear(&previous);
    if (err == ERR_OK)
        return true;
    if (err == ERR_DB_AUTH)
        (void)why_set(&why, ERR_DB_AUTH,
                      "the database takes no labelled version's password: somebody must reset it there");
    return give_up(o, ORDER_REFUSED, &why, UNCHANGED);
}

/* Under the lock nobody of us moves anything any more: what was seen must still be so. */
static bool still_so(struct own *o)
{
    struct rotation_state now;
    struct why why = {0};
    if (lock(o, &why) != ERR_OK || rotation_describe(o->a, &now, &why) != ERR_OK)
        return give_up(o, ORDER_REFUSED, &why, UNCHANGED);
    if (strcmp(now.current, o->found->current) == 0 && strcmp(now.pending, o->found->pending) == 0)
        return true;
    (void)why_set(&why, ERR_BUSY, "the labels moved a moment ago: AWSCURRENT is on %.8s, AWSPENDING on %.8s",
                  now.current, now.pending[0] != '\0' ? now.pending : "none");
    return give_up(o, ORDER_REFUSED, &why, UNCHANGED);
}

static bool find_out(struct own *o)
{
    action_begin(o->a, "find out");
    if (!fetch_both(o) || !get_in(o) || !still_so(o))
        return false;
    action_end(o->a, STEP_DONE, "%s's database takes %s", o->conf->name,
               o->pending_in ? "AWSPENDING" : "AWSCURRENT or the one before it");
    return true;
}

/* The last moment at which cancelling means that nothing was done. */
static bool commit(struct own *o)
{
    action_cancellable(o->a, false);
    if (!cancel_is_set(o->a->cancel))
        return true;
    action_end(o->a, STEP_SKIPPED, "cancelled");
    action_finish(o->a, ORDER_CANCELLED, "cancelled; nothing was changed");
    return false;
}

/* ----------------------------------------------------------------------- steps */

/* Takes AWSPENDING off the version; true when it is gone. */
static bool drop_label(struct own *o, const char *step)
{
    struct rotation_state now;
    struct why why = {0};
    char line[200];
    action_begin(o->a, step);
    for (int i = 1; i <= TRIES; i++) {
        enum err err = move_label(o, "AWSPENDING", NULL, o->token, &why);
        bool gone = err == ERR_OK ||
                    (rotation_describe(o->a, &now, &(struct why){0}) == ERR_OK && strcmp(now.pending, o->token) != 0);
        if (gone) {
            action_end(o->a, STEP_DONE, "AWSPENDING is off %.8s", o->token);
            return true;
        }
        if (!rotation_in_doubt(err) || !rotation_pause(o->a, i * PAUSE_MS))
            break;
    }
    action_end(o->a, STEP_FAILED, "%s", why_line(&why, line, sizeof line));
    return false;
}

/* What was stored, read back: it alone counts.  ERR_NOT_FOUND: nothing was. */
static enum err read_back(struct own *o, struct why *why)
{
    enum err err = fetch(o, o->token, &o->pending, NULL, NULL, why);
    for (int i = 1; err == ERR_NOT_FOUND && i < TRIES && rotation_pause(o->a, i * PAUSE_MS); i++)
        err = fetch(o, o->token, &o->pending, NULL, NULL, why);
    return err;
}

/* Sends the same bytes with the same token until they are known to be there. */
static enum err put(struct own *o, const struct secret *value, struct why *why)
{
    struct secret *body = secret_put_body(o->conf->secret, o->token, value);
    struct why read = {0};
    enum err err = ERR_OK;
    for (int i = 1; i <= TRIES; i++) {
        struct aws_reply reply;
        err = rotation_call(o->a, AWS_PUT_SECRET_VALUE, secret_peek(body, NULL), &reply, why);
        bool there = strcmp(why->aws_code, "ResourceExistsException") == 0;
        if (err != ERR_OK && !rotation_in_doubt(err) && !there)
            break;
        enum err found = read_back(o, &read);
        if (found == ERR_OK) {
            err = ERR_OK;
            break;
        }
        if (err == ERR_OK)
            err = why_set(why, found, "%s", read.text);
        if (!rotation_pause(o->a, i * PAUSE_MS))
            break;
    }
    body = secret_free(body);
    return err;
}

static bool create(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "createSecret");
    if (o->has_value) {
        action_end(o->a, STEP_SKIPPED, "%.8s has a value", o->token);
        return true;
    }
    struct secret *password = password_new(&why), *value = NULL;
    struct db_params now = {0};
    enum err err = password == NULL ? why.code : fetch(o, o->found->current, &now, password, &value, &why);
    db_params_clear(&now);
    password = secret_free(password);
    if (err != ERR_OK || !commit(o)) {
        value = secret_free(value);
        return err != ERR_OK ? give_up(o, ORDER_REFUSED, &why, UNCHANGED) : false;
    }
    err = put(o, value, &why);
    value = secret_free(value);
    if (err != ERR_OK)
        return rotation_in_doubt(err) || err == ERR_NOT_FOUND
                   ? give_up(o, ORDER_UNKNOWN, &why,
                             "the database is as it was; whether a new version was stored is not known")
                   : give_up(o, ORDER_FAILED, &why, "no new version was stored, the database is as it was");
    o->has_value = true;
    action_end(o->a, STEP_DONE, "AWSPENDING is %s", o->token);
    return true;
}

/* After an answer that did not come: true when the database has the new password. */
static bool set_again(struct own *o, enum err *err, struct why *why)
{
    struct why entered = {0};
    enum err in = enter(o, &o->pending, &entered);
    if (in == ERR_OK)
        *err = lock(o, why);
    if (in == ERR_OK)
        return *err == ERR_OK;
    if (in == ERR_DB_AUTH && (in = enter(o, &o->current, &entered)) == ERR_OK && (in = lock(o, &entered)) == ERR_OK)
        *err = set_password(o, &o->pending, why);
    else
        *why = entered;
    return in == ERR_OK && *err == ERR_OK;
}

static bool set(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "setSecret");
    if (o->pending_in) {
        action_end(o->a, STEP_SKIPPED, "the database takes it already");
        return true;
    }
    if (!commit(o))
        return false;
    enum err err = set_password(o, &o->pending, &why);
    bool done = err == ERR_OK;
    for (int i = 1; !done && err != ERR_DB_QUERY && i <= TRIES && rotation_pause(o->a, i * PAUSE_MS); i++)
        done = set_again(o, &err, &why);
    if (done) {
        action_end(o->a, STEP_DONE, "ALTER ROLE %s, with a verifier", o->pending.user);
        return true;
    }
    if (err != ERR_DB_QUERY)
        return give_up(o, ORDER_UNKNOWN, &why, HALF_WAY);
    (void)give_up(o, ORDER_FAILED, &why, AS_IT_WAS);
    if (!o->open && drop_label(o, "remove AWSPENDING"))
        action_finish(o->a, ORDER_FAILED, "the database is as it was and refuses the change: %s", why.text);
    return false;
}

/* The new password does not get in: the old one again, while the session stands. */
static bool take_back(struct own *o, const struct why *failed)
{
    struct why why = {0};
    char line[160];
    action_end(o->a, STEP_FAILED, "%s", why_line(failed, line, sizeof line));
    action_begin(o->a, "roll back");
    if (set_password(o, &o->current, &why) != ERR_OK || test_login(o, &o->current, &why) != ERR_OK)
        return give_up(o, ORDER_FAILED, &why, HALF_WAY);
    action_end(o->a, STEP_DONE, "the database takes AWSCURRENT");
    bool tidy = drop_label(o, "remove AWSPENDING");
    action_finish(o->a, ORDER_FAILED, "rolled back, the database takes AWSCURRENT%s; the new password failed: %s",
                  tidy ? "" : " (AWSPENDING could not be removed)", line);
    return false;
}

static bool test(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "testSecret");
    enum err err = test_login(o, &o->pending, &why);
    for (int i = 1; err != ERR_OK && err != ERR_DB_AUTH && i < TRIES && rotation_pause(o->a, i * PAUSE_MS); i++)
        err = test_login(o, &o->pending, &why);
    if (err == ERR_DB_AUTH)
        return take_back(o, &why);
    if (err != ERR_OK)
        return give_up(o, ORDER_FAILED, &why, HALF_WAY);
    action_end(o->a, STEP_DONE, "logged in as %s", o->pending.user);
    return true;
}

static bool finish(struct own *o)
{
    struct rotation_state now;
    struct why why = {0};
    action_begin(o->a, "finishSecret");
    action_cancellable(o->a, false);
    for (int i = 1; i <= TRIES; i++) {
        enum err err = move_label(o, "AWSCURRENT", o->token, o->found->current, &why);
        bool seen = err != ERR_OK && rotation_describe(o->a, &now, &(struct why){0}) == ERR_OK;
        if (err == ERR_OK || (seen && strcmp(now.current, o->token) == 0)) {
            action_end(o->a, STEP_DONE, "AWSCURRENT is %s", o->token);
            return true;
        }
        if (seen && strcmp(now.current, o->found->current) != 0) {
            (void)why_set(&why, ERR_INVALID, "somebody moved AWSCURRENT to %.8s meanwhile", now.current);
            break;
        }
        if (!rotation_in_doubt(err) || !rotation_pause(o->a, i * PAUSE_MS))
            break;
    }
    return give_up(o, rotation_in_doubt(why.code) ? ORDER_UNKNOWN : ORDER_FAILED, &why, HALF_WAY);
}

/* AWSPENDING without a value: the database cannot have it. */
static void drop_empty(struct own *o)
{
    action_cancellable(o->a, false);
    if (drop_label(o, "remove AWSPENDING"))
        action_finish(o->a, ORDER_DONE, "rolled back: AWSPENDING had no value; AWSCURRENT is %.8s, as it was",
                      o->found->current);
    else
        action_finish(o->a, ORDER_FAILED, "AWSPENDING could not be removed; the database is as it was");
}

void rotate_by_credtop(struct action *a, const struct rotation_state *s)
{
    struct own o = {.a = a,
                    .conf = &a->watch->conf->environments[a->view.env],
                    .found = s,
                    .token = a->view.plan.token,
                    .open = rotation_is_open(s)};
    if (a->view.kind == ORDER_FINISH && !o.open) { /* it was complete, but for its label */
        o.token = s->pending;
        action_cancellable(a, false);
        bool gone = drop_label(&o, "remove AWSPENDING");
        action_finish(a, gone ? ORDER_DONE : ORDER_FAILED,
                      gone ? "the rotation was complete; its label is gone, too"
                           : "AWSPENDING could not be removed; nothing else was open");
        return;
    }
    if (find_out(&o)) {
        if (a->view.kind == ORDER_FINISH && !o.has_value)
            drop_empty(&o);
        else if (create(&o) && set(&o) && test(&o) && finish(&o))
            action_finish(a, ORDER_DONE, "AWSCURRENT is %s, and the database takes it%s", o.token,
                          drop_label(&o, "remove AWSPENDING") ? "" : "; AWSPENDING could not be removed");
    }
    o.session = session_close(o.session);
    db_params_clear(&o.current);
    db_params_clear(&o.pending);
}
