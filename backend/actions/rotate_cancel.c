/* CancelRotateSecret, which stops a rotation by AWS and turns automatic rotation off.  It
 * repairs nothing: what it leaves is looked at, labels and logins, and said.  Moving or
 * removing AWSPENDING is `finish`'s work, which finds out first what the database takes. */
#include "backend/actions/rotation.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define TRIES 4
#define PAUSE_MS 250

/* After an answer that was lost: whether rotation is off now.  A look that fails is no answer. */
static bool is_off(struct action *a)
{
    struct rotation_state now;
    return rotation_describe(a, &now, &(struct why){0}) == ERR_OK && !now.enabled;
}

/* ERR_OK: rotation is off.  Else the first error: when that one is in doubt, it may have
 * arrived, whatever the later ones met.  A connection that breaks may have carried it twice,
 * and then the second is refused because the first was done. */
static enum err call_off(struct action *a, bool *out_seen, struct why *why)
{
    struct strbuf body;
    struct aws_reply reply;
    struct why again = {0};
    rotation_body(a, "", &body);
    enum err err = rotation_call(a, AWS_CANCEL_ROTATE_SECRET, strbuf_peek(&body), &reply, why);
    if (err != ERR_OK && strcmp(why->aws_code, "InvalidRequestException") == 0 && (*out_seen = is_off(a)))
        err = ERR_OK;
    for (int i = 1; rotation_in_doubt(err) && i <= TRIES && rotation_pause(a, PAUSE_MS * i); i++) {
        *out_seen = is_off(a);
        if (*out_seen ||
            (i < TRIES && rotation_call(a, AWS_CANCEL_ROTATE_SECRET, strbuf_peek(&body), &reply, &again) == ERR_OK))
            err = ERR_OK;
    }
    strbuf_clear(&body);
    return err;
}

/* True: it is sent, and rotation is off. */
static bool cancel(struct action *a)
{
    struct why why = {0};
    char line[150];
    bool seen = false;
    action_begin(a, "CancelRotateSecret");
    action_cancellable(a, false);
    if (cancel_is_set(a->cancel)) {
        action_end(a, STEP_SKIPPED, "cancelled");
        action_finish(a, ORDER_CANCELLED, "cancelled; nothing was sent");
        return false;
    }
    enum err err = call_off(a, &seen, &why);
    if (err == ERR_OK) {
        action_end(a, STEP_DONE, "automatic rotation is off%s",
                   seen ? ": the answer was lost, DescribeSecret says so" : "");
        return true;
    }
    bool doubt = rotation_in_doubt(err);
    (void)why_line(&why, line, sizeof line);
    action_end(a, doubt ? STEP_UNKNOWN : STEP_FAILED, "%s", line);
    action_finish(a, doubt ? ORDER_UNKNOWN : ORDER_REFUSED, "%s: %s",
                  doubt ? "it was sent and no answer came: automatic rotation may be on or off" : "nothing was changed",
                  line);
    return false;
}

/* What it left; false when that cannot be told, and the order has ended. */
static bool look(struct action *a, struct rotation_state *out)
{
    struct why why = {0};
    char line[160];
    action_begin(a, "look again");
    enum err err = rotation_describe(a, out, &why);
    for (int i = 1; (err == ERR_OK ? out->enabled : rotation_in_doubt(err)) && i < TRIES; i++) {
        if (!rotation_pause(a, PAUSE_MS * i))
            break;
        err = rotation_describe(a, out, &why);
    }
    if (err != ERR_OK) {
        (void)why_line(&why, line, sizeof line);
        action_end(a, STEP_UNKNOWN, "%s", line);
        action_finish(a, ORDER_DONE, "automatic rotation is off; what it left could not be looked at: %s", line);
        return false;
    }
    if (out->enabled) {
        action_end(a, STEP_UNKNOWN, "RotationEnabled is true");
        action_finish(a, ORDER_UNKNOWN,
                      "AWS accepted it, and automatic rotation is on: somebody turned it on again, or the answer lags");
        return false;
    }
    if (rotation_is_open(out))
        action_end(a, STEP_DONE, "AWSPENDING stays on %s", out->pending);
    else
        action_end(a, STEP_DONE, "no version is pending; AWSCURRENT is %s", out->current);
    return true;
}

/* What the two logins mean together, and what to do. */
static const char *found(const struct order_view *v)
{
    const struct stage_login *current = &v->logins[LOGIN_CURRENT], *pending = &v->logins[LOGIN_PENDING];
    if (current->ok)
        return pending->ok ? "the database takes both it and AWSCURRENT: finish the rotation"
                           : "the database takes AWSCURRENT: finish the rotation, which may roll it back";
    if (pending->ok)
        return current->code == ERR_DB_AUTH ? "the database takes AWSPENDING, not AWSCURRENT: finish the rotation now"
                                            : "the database takes AWSPENDING: finish the rotation now";
    if (current->code == ERR_DB_AUTH)
        return "the database takes neither it nor AWSCURRENT: finish the rotation, which tries AWSPREVIOUS";
    return "which one the database takes could not be found out: test, and finish the rotation";
}

void rotate_cancel(struct action *a, const struct rotation_state *s)
{
    struct rotation_state now;
    if (!cancel(a) || !look(a, &now))
        return;
    if (!rotation_is_open(&now)) {
        bool moved = strcmp(now.current, s->current) != 0;
        action_finish(a, ORDER_DONE, "automatic rotation is off; no version is pending%s%s",
                      moved ? "; AWSCURRENT moved meanwhile, to " : "", moved ? now.current : "");
        return;
    }
    action_logins_begin(a);
    action_login(a, &a->view.logins[LOGIN_CURRENT]);
    action_login(a, &a->view.logins[LOGIN_PENDING]);
    action_versions(a, now.current, now.pending);
    action_finish(a, ORDER_DONE, "automatic rotation is off; AWSPENDING stays on %.8s; %s", now.pending,
                  found(&a->view));
}
