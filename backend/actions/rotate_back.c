/* Back to the version before: AWSCURRENT moves, nothing else does.  That helps only where the
 * two versions name two users, both of whom get in. */
#include "backend/actions/own.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define AS_IT_WAS "no password was changed, and both users log in"

/* `pending` holds AWSPREVIOUS's login: it is what AWSCURRENT is to name. */
static bool fetch_both(struct own *o)
{
    struct why why = {0};
    const char *user = o->current.p.user, *before = o->pending.p.user;
    if (own_fetch(o, o->found->current, &o->current, NULL, &why) != ERR_OK ||
        own_fetch(o, o->found->previous, &o->pending, NULL, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
    if (strcmp(user, before) == 0)
        (void)why_set(&why, ERR_INVALID,
                      "both versions name the user %s, of whom the database has one password: the way back is forward, "
                      "rotate once more",
                      user);
    else if (!own_same_place(&o->current.p, &o->pending.p))
        (void)why_set(&why, ERR_INVALID, "AWSPREVIOUS names another host, port or database than AWSCURRENT");
    else
        return true;
    return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED);
}

static bool both_get_in(struct own *o)
{
    struct why why = {0};
    action_begin(o->a, "test logins");
    if (own_enter(o, &o->current.p, &o->session, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED "; AWSCURRENT's login must work, too");
    if (!own_still_so(o))
        return false;
    if (own_test_login(o, &o->pending.p, &why) != ERR_OK)
        return own_give_up(o, ORDER_REFUSED, &why, OWN_UNCHANGED "; the database does not take AWSPREVIOUS");
    if (!own_commit(o))
        return false;
    action_end(o->a, STEP_DONE, "%s and %s get in", o->current.p.user, o->pending.p.user);
    return true;
}

static void move(struct own *o)
{
    /* On a version that is not AWSCURRENT it would look like a rotation that has stopped. */
    if (o->found->pending[0] != '\0' && !own_drop_pending(o, o->found->pending)) {
        action_finish(o->a, ORDER_FAILED, "AWSPENDING could not be removed; AWSCURRENT is where it was");
        return;
    }
    action_begin(o->a, "move AWSCURRENT");
    if (own_move_current(o, AS_IT_WAS))
        action_finish(o->a, ORDER_DONE, "AWSCURRENT is %s again, user %s; %s goes on logging in", o->token,
                      o->pending.p.user, o->current.p.user);
}

void rotate_back(struct action *a, const struct rotation_state *s)
{
    struct own o = {.a = a, .conf = &a->watch->conf->environments[a->view.env], .found = s, .token = s->previous};
    if (fetch_both(&o)) {
        (void)str_copy(o.strategy.user, sizeof o.strategy.user, o.current.p.user);
        (void)str_copy(o.strategy.other, sizeof o.strategy.other, o.pending.p.user);
        if (rotation_agree(a, s, ROTATION_BY_CREDTOP, &o.strategy) && both_get_in(&o))
            move(&o);
    }
    own_clear(&o);
}
