/* A rotation by credtop itself: the road that both strategies take.
 *
 * It begins by finding out where things are: which versions have a value, whom they name,
 * and which login the database takes.  So a new rotation, one that was killed anywhere, and
 * one that a function left half done, all take the same road from where they stand:
 *   - the new login is in Secrets Manager, as AWSPENDING, before the database gets it
 *   - a version that has a value never gets another one
 *   - AWSPENDING comes off only when AWSCURRENT has been seen to work, or to have moved */
#include "backend/actions/own.h"
#include "backend/base/mem.h"
#include "backend/credentials/password.h"
#include "backend/credentials/secret_change.h"

/* ------------------------------------------------------------ where things are */

static bool fetch_both(struct own *o)
{
    struct why why = {0};
    if (own_fetch(o, o->found->current, &o->current, NULL, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
    if (!o->open)
        return true;
    enum err err = own_fetch(o, o->found->pending, &o->pending, NULL, &why);
    o->has_value = err == ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
    if (o->has_value && !own_same_place(&o->current.p, &o->pending.p)) {
        (void)why_set(&why, ERR_SECRET_SHAPE, "AWSPENDING names another host, port or database than AWSCURRENT");
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED "; who began this must finish it");
    }
    return true;
}

static bool choose(struct own *o)
{
    struct why why = {0};
    struct strategy_facts facts = {.ordered = o->a->order.strategy,
                                   .configured = o->conf->strategy,
                                   .superuser_secret = o->conf->superuser_secret,
                                   .masterarn = o->current.masterarn,
                                   .user = o->current.p.user,
                                   .user_in_secret = o->current.user_in_secret,
                                   .pending_user = o->has_value ? o->pending.p.user : NULL};
    if (strategy_choose(&facts, &o->strategy, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
    o->way = o->strategy.alternating ? &own_alternating : &own_single_user;
    return true;
}

static bool find_out(struct own *o)
{
    action_begin(o->a, "find out");
    return o->way->get_in(o) && own_still_so(o) && o->way->prepare(o);
}

/* ----------------------------------------------------------------------- steps */

/* What was stored, read back: it alone counts.  ERR_NOT_FOUND: nothing was. */
static enum err read_back(struct own *o, struct why *why)
{
    enum err err = own_fetch(o, o->token, &o->pending, NULL, why);
    for (int i = 1; err == ERR_NOT_FOUND && i < OWN_TRIES && rotation_pause(o->a, i * OWN_PAUSE_MS); i++)
        err = own_fetch(o, o->token, &o->pending, NULL, why);
    return err;
}

/* Sends the same bytes with the same token until they are known to be there. */
static enum err put(struct own *o, const struct secret *value, struct why *why)
{
    struct secret *body = secret_put_body(o->conf->secret, o->token, value);
    struct why read = {0}, doubt = {0};
    enum err err = ERR_OK;
    for (int i = 1; i <= OWN_TRIES; i++) {
        struct aws_reply reply;
        err = rotation_call(o->a, AWS_PUT_SECRET_VALUE, secret_peek(body, NULL), &reply, why);
        bool there = strcmp(why->aws_code, "ResourceExistsException") == 0;
        if (err != ERR_OK && !rotation_may_have_arrived(&doubt, err, why) && !there)
            break;
        enum err found = read_back(o, &read);
        if (found == ERR_OK) {
            err = ERR_OK;
            break;
        }
        if (err == ERR_OK)
            err = why_set(why, found, "%s", read.text);
        if (!rotation_pause(o->a, i * OWN_PAUSE_MS))
            break;
    }
    body = secret_free(body);
    if (err == ERR_OK || doubt.code == ERR_OK)
        return err;
    *why = doubt;
    return doubt.code;
}

static bool create(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "createSecret");
    if (o->has_value) {
        action_end(o->a, STEP_SKIPPED, "%.8s has a value", o->token);
        return true;
    }
    struct secret *password = password_new(&why);
    struct own_change new = {.user = o->strategy.alternating ? o->strategy.other : NULL, .password = password};
    struct own_login now = {0};
    enum err err = password == NULL ? why.code : own_fetch(o, o->found->current, &now, &new, &why);
    db_params_clear(&now.p);
    password = secret_free(password);
    if (err != ERR_OK || !own_commit(o)) {
        new.value = secret_free(new.value);
        return err != ERR_OK ? own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED) : false;
    }
    err = put(o, new.value, &why);
    new.value = secret_free(new.value);
    if (err != ERR_OK)
        return rotation_in_doubt(err) || err == ERR_NOT_FOUND
                   ? own_give_up(o, ORDER_UNKNOWN, &why,
                                 "the database is as it was; whether a new version was stored is not known")
                   : own_give_up(o, ORDER_FAILED, &why, "no new version was stored, the database is as it was");
    if (strcmp(o->pending.p.user, o->strategy.other) != 0) { /* whose password would change then? */
        (void)why_set(&why, ERR_SECRET_SHAPE, "AWSPENDING names %s, not %s", o->pending.p.user, o->strategy.other);
        return own_give_up(o, ORDER_FAILED, &why, "somebody else wrote the new version; the database is as it was");
    }
    o->has_value = true;
    action_end(o->a, STEP_DONE, "AWSPENDING is %s", o->token);
    return true;
}

/* The database is as it was.  A version that we made ourselves is taken back; the order ends
 * once, after that, for whoever waits for its end leaves. */
static bool refused(struct own *o, const struct why *why)
{
    if (o->open)
        return own_give_up(o, ORDER_FAILED, why, o->way->as_it_was);
    action_end(o->a, STEP_FAILED, "%s", why->text);
    if (own_drop_pending(o, o->token))
        action_finish(o->a, ORDER_FAILED, "the database is as it was and refuses the change: %s", why->text);
    else
        action_finish(o->a, ORDER_FAILED, "%s: %s", o->way->as_it_was, why->text);
    return false;
}

static bool set(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "setSecret");
    if (o->pending_in) {
        action_end(o->a, STEP_SKIPPED, "the database takes it already");
        return true;
    }
    if (!own_commit(o))
        return false;
    enum err err = o->way->change(o, false, &why);
    if (err == ERR_DB_QUERY)
        return refused(o, &why);
    /* From here on a refusal says nothing of the statement before, whose answer did not come. */
    for (int i = 1; err != ERR_OK && i <= OWN_TRIES && rotation_pause(o->a, i * OWN_PAUSE_MS); i++)
        err = o->way->change(o, true, &why);
    if (err != ERR_OK)
        return own_give_up(o, ORDER_UNKNOWN, &why, o->way->half_way);
    action_end(o->a, STEP_DONE, "%s", o->did[0] != '\0' ? o->did : "the database takes it");
    return true;
}

static bool test(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "testSecret");
    enum err err = own_test_login(o, &o->pending.p, &why);
    for (int i = 1; err != ERR_OK && err != ERR_DB_AUTH && i < OWN_TRIES && rotation_pause(o->a, i * OWN_PAUSE_MS); i++)
        err = own_test_login(o, &o->pending.p, &why);
    if (err == ERR_DB_AUTH)
        return o->way->undo(o, &why);
    if (err != ERR_OK)
        return own_give_up(o, ORDER_FAILED, &why, o->way->half_way);
    action_end(o->a, STEP_DONE, "logged in as %s", o->pending.p.user);
    return true;
}

static bool finish(struct own *o)
{
    action_begin(o->a, "finishSecret");
    return own_move_current(o, o->way->half_way);
}

/* ------------------------------------------------------------------- the road */

/* AWSPENDING without a value: the database cannot have it. */
static void drop_empty(struct own *o)
{
    action_cancellable(o->a, false);
    if (own_drop_pending(o, o->token))
        action_finish(o->a, ORDER_DONE, "rolled back: AWSPENDING had no value; AWSCURRENT is %.8s, as it was",
                      o->found->current);
    else
        action_finish(o->a, ORDER_FAILED, "AWSPENDING could not be removed; the database is as it was");
}

/* The rotation was complete, but for its label. */
static void drop_left_over(struct own *o)
{
    action_cancellable(o->a, false);
    bool gone = own_drop_pending(o, o->found->pending);
    action_finish(o->a, gone ? ORDER_DONE : ORDER_FAILED,
                  gone ? "the rotation was complete; its label is gone, too"
                       : "AWSPENDING could not be removed; nothing else was open");
}

/* A session outlives the password it was opened with: who is still in with the old one. */
static void count_sessions(struct own *o)
{
    struct why why = {0};
    int64_t n = 0, ago = clock_mono_ms(clock_real()) - o->changed_mono_ms;
    char line[200];
    if (o->strategy.alternating || o->changed_mono_ms == 0)
        return;
    action_begin(o->a, "old sessions");
    if (session_count_older(o->session, o->pending.p.user, ago, &n, &why) != ERR_OK)
        action_end(o->a, STEP_UNKNOWN, "%s", why_line(&why, line, sizeof line));
    else
        action_end(o->a, STEP_DONE, "%lld of %s from before go on%s", (long long)n, o->pending.p.user,
                   n > 0 ? ", and need the new password when they reconnect" : "");
}

static void take(struct own *o)
{
    bool finishing = o->a->view.kind == ORDER_FINISH;
    if (!find_out(o))
        return;
    if (finishing && !o->has_value) {
        drop_empty(o);
        return;
    }
    if (!create(o) || !set(o) || !test(o) || !finish(o))
        return;
    count_sessions(o);
    const char *rest = own_drop_pending(o, o->token) ? "" : "; AWSPENDING could not be removed";
    if (o->strategy.alternating)
        action_finish(o->a, ORDER_DONE, "AWSCURRENT is %s, user %s; %s goes on logging in until the next rotation%s",
                      o->token, o->strategy.other, o->strategy.user, rest);
    else
        action_finish(o->a, ORDER_DONE, "AWSCURRENT is %s, and the database takes it%s", o->token, rest);
}

/* The step in hand is "look": the values are looked at, too, for they say whom it is about. */
void rotate_by_credtop(struct action *a, const struct rotation_state *s)
{
    struct own o = {
        .a = a, .conf = &a->watch->conf->environments[a->view.env], .found = s, .open = rotation_is_open(s)};
    if (a->view.kind == ORDER_FINISH && !o.open) {
        if (rotation_agree(a, s, ROTATION_BY_CREDTOP, NULL))
            drop_left_over(&o);
    } else if (fetch_both(&o) && choose(&o) && rotation_agree(a, s, ROTATION_BY_CREDTOP, &o.strategy)) {
        o.token = a->view.plan.token;
        take(&o);
    }
    own_clear(&o);
}
