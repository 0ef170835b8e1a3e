/* One database user, whose password changes.  At every moment the database takes
 * AWSCURRENT's password or AWSPENDING's.  The session that changes it stays open until the
 * label has moved: it holds the lock, and can take the change back without logging in. */
#include "backend/actions/own.h"
#include "backend/base/mem.h"

#define AS_IT_WAS "the database is as it was, AWSPENDING stays on the new version; finish the rotation to go on"
#define HALF_WAY "the database may have the new password and AWSCURRENT names the old one: finish the rotation now"

/* Somebody's password must get in: the new one, the current one, or the one before. */
static bool get_in(struct own *o)
{
    struct why why = {0};
    struct own_login previous = {0};
    enum err err = o->has_value ? own_enter(o, &o->pending.p, &o->session, &why) : ERR_DB_AUTH;
    o->pending_in = err == ERR_OK;
    if (err == ERR_DB_AUTH)
        err = own_enter(o, &o->current.p, &o->session, &why);
    if (err == ERR_DB_AUTH && o->found->previous[0] != '\0' &&
        own_fetch(o, o->found->previous, &previous, NULL, &why) == ERR_OK &&
        own_same_place(&o->current.p, &previous.p) && strcmp(o->current.p.user, previous.p.user) == 0)
        err = own_enter(o, &previous.p, &o->session, &why);
    db_params_clear(&previous.p);
    if (err == ERR_OK)
        return true;
    if (err == ERR_DB_AUTH)
        (void)why_set(&why, ERR_DB_AUTH,
                      "the database takes no labelled version's password: somebody must reset it there");
    return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
}

static bool prepare(struct own *o)
{
    action_end(o->a, STEP_DONE, "%s's database takes %s", o->conf->name,
               o->pending_in ? "AWSPENDING" : "AWSCURRENT or the one before it");
    return true;
}

static enum err change(struct own *o, bool again, struct why *why)
{
    struct why entered = {0};
    enum err err;
    if (!again)
        return own_set_password(o, o->session, &o->pending.p, NULL, why);
    if (own_enter(o, &o->pending.p, &o->session, &entered) == ERR_OK)
        return own_lock(o, why);
    if (entered.code == ERR_DB_AUTH && own_enter(o, &o->current.p, &o->session, &entered) == ERR_OK &&
        (err = own_lock(o, &entered)) == ERR_OK)
        return own_set_password(o, o->session, &o->pending.p, NULL, why);
    *why = entered;
    return entered.code;
}

/* The old password again, while the session stands. */
static bool undo(struct own *o, const struct why *failed)
{
    struct why why = {0};
    char line[160];
    action_end(o->a, STEP_FAILED, "%s", why_line(failed, line, sizeof line));
    action_begin(o->a, "roll back");
    if (own_set_password(o, o->session, &o->current.p, NULL, &why) != ERR_OK ||
        own_test_login(o, &o->current.p, &why) != ERR_OK)
        return own_give_up(o, ORDER_FAILED, &why, HALF_WAY);
    action_end(o->a, STEP_DONE, "the database takes AWSCURRENT");
    bool tidy = own_drop_pending(o, o->token);
    action_finish(o->a, ORDER_FAILED, "rolled back, the database takes AWSCURRENT%s; the new password failed: %s",
                  tidy ? "" : " (AWSPENDING could not be removed)", line);
    return false;
}

const struct own_way own_single_user = {
    .get_in = get_in, .prepare = prepare, .change = change, .undo = undo, .as_it_was = AS_IT_WAS, .half_way = HALF_WAY};
