/* Plans, in words. */
#include <stdarg.h>

#include "backend/actions/recycle.h"
#include "backend/actions/rotation.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define SOON_MS (60 * 60 * 1000)
#define NEARLY_FULL (RECYCLE_BYTES_MAX - 96) /* AWS counts a little differently */

/* Users' names come from secrets: foreign bytes. */
static void add(struct order_plan *p, bool warning, const char *fmt, ...) FORMAT(3, 4);
static void add(struct order_plan *p, bool warning, const char *fmt, ...)
{
    va_list args;
    char raw[1024];
    if (p->nlines == PLAN_LINES)
        return;
    p->lines[p->nlines].warning = warning;
    va_start(args, fmt);
    (void)vsnprintf(raw, sizeof raw, fmt, args);
    va_end(args);
    (void)text_safe(p->lines[p->nlines].text, sizeof p->lines[0].text, raw, strlen(raw));
    p->nlines++;
}

static void plan_aws(const struct rotation_state *s, int64_t now, struct order_plan *p)
{
    const char *name = strrchr(s->function, ':');
    name = name != NULL ? name + 1 : s->function;
    add(p, false, "RotateSecret %s, with a token that becomes the new version's id", s->arn);
    add(p, false,
        "the function %s runs createSecret, setSecret, testSecret, finishSecret; followed by DescribeSecret and "
        "/aws/lambda/%s",
        name, name);
    add(p, false, "cancelling stops the watching: the rotation goes on at AWS");
    add(p, true,
        "unless the function alternates users, logins with the old password fail from setSecret on: warm containers "
        "hold it until they are recycled");
    if (!s->enabled)
        add(p, true, "automatic rotation is off: RotateSecret turns it on");
    if (s->next_ms != TIME_UNKNOWN && s->next_ms - now < SOON_MS)
        add(p, true,
            s->next_ms < now ? "the next rotation date is past: AWS may begin one by itself"
                             : "AWS begins one by itself within the hour");
}

static void plan_set(const struct strategy *st, struct order_plan *p)
{
    if (st->alternating) {
        add(p, false,
            "setSecret: ALTER ROLE \"%s\" PASSWORD 'SCRAM-SHA-256$...' (a verifier computed here), unless the database "
            "takes it already",
            st->other);
        add(p, false,
            "or, if there is no such role: CREATE ROLE \"%s\" LOGIN PASSWORD 'SCRAM-SHA-256$...' IN ROLE \"%s\"",
            st->other, st->user);
        add(p, false, "testSecret: a login as %s and a query", st->other);
        return;
    }
    add(p, false,
        "setSecret: ALTER ROLE \"%s\" PASSWORD 'SCRAM-SHA-256$...' (a verifier computed here), unless the database "
        "takes it already",
        st->user);
    add(p, false, "testSecret: a login with the new password; if it fails: ALTER ROLE back to AWSCURRENT's");
}

static void plan_superuser(const struct strategy *st, struct order_plan *p)
{
    if (st->superuser_secret[0] == '\0')
        add(p, true,
            "nothing names the superuser's secret: this goes on only if the database takes AWSPENDING already");
    else
        add(p, false,
            "GetSecretValue %s (AWSCURRENT; from %s), and log in with it, if its host and port are the secret's",
            st->superuser_secret, st->superuser_from);
}

static void plan_own_warnings(const struct rotation_state *s, const struct strategy *st, struct order_plan *p)
{
    if (st->alternating) {
        add(p, false, "nothing breaks: containers with the old version log in as %s until the next rotation", st->user);
        add(p, true, "what %s creates in the database is %s's own, not the other user's", st->other, st->other);
    } else {
        add(p, true,
            "single user: from setSecret on, logins with the old password fail; warm containers hold it until they are "
            "replaced");
    }
    if (st->masterarn_unused)
        add(p, true,
            "the secret names a superuser's secret (masterarn): --strategy alternating-users, or strategy in the "
            "configuration, keeps the old login working");
    if (rotation_is_open(s))
        add(p, true, "a rotation stopped at %s: this goes on from where it is", s->pending);
    if (s->function[0] != '\0' && s->enabled)
        add(p, true, "the secret's own rotation function may be at work on it, too");
}

/* What it does beside what its name says comes first. */
static void plan_cancel(const struct config_environment *conf, const struct rotation_state *s, struct order_plan *p)
{
    bool open = rotation_is_open(s);
    add(p, true, "this turns automatic rotation OFF, for good%s", open ? ", not only the rotation under way" : "");
    add(p, true, "to turn it on again: RotateSecret with RotationRules; it rotates at once unless told otherwise:");
    add(p, true, "aws secretsmanager rotate-secret --no-rotate-immediately --rotation-rules \"%s\" --secret-id %s",
        s->rules[0] != '\0' ? s->rules : "AutomaticallyAfterDays=DAYS", s->arn);
    add(p, false, "CancelRotateSecret %s; DescribeSecret to see what it left", s->arn);
    if (open) {
        add(p, false, "GetSecretValue and a login with AWSCURRENT and with AWSPENDING: which the database takes");
        add(p, true, "AWSPENDING stays on %s: RotateSecret is refused until that is put right", s->pending);
        add(p, true, "the rotation function may still end the step it is at; AWS calls no further one");
        add(p, true, "then: credtop rotate %s --finish finds out where it stopped, and finishes it or rolls it back",
            conf->name);
    }
    add(p, false, "cancelling this order is safe until CancelRotateSecret is sent, and not after it");
}

static void add_protected(const struct config_environment *conf, struct order_plan *p)
{
    if (conf->protect)
        add(p, true, "protected: type %s to confirm", conf->name);
}

static void plan_own(const struct rotation_state *s, const struct strategy *st, enum order_kind kind,
                     struct order_plan *p)
{
    bool open = rotation_is_open(s);
    const char *token = open ? s->pending : "the new version";
    if (st->alternating)
        add(p, false, "strategy alternating-users (%s): %s logs in now, %s afterwards", st->because, st->user,
            st->other);
    else
        add(p, false, "strategy single-user (%s): %s gets a new password", st->because, st->user);
    add(p, false, "GetSecretValue %s (AWSCURRENT)%s%s%s", s->current, open ? ", " : "", open ? s->pending : "",
        open ? " (AWSPENDING)" : "");
    add(p, false, "log in as %s; pg_try_advisory_lock on the secret's ARN", st->user);
    if (st->alternating)
        plan_superuser(st, p);
    if (open && kind == ORDER_FINISH)
        add(p, false, "if %s has no value: UpdateSecretVersionStage AWSPENDING off it, and no more", s->pending);
    else
        add(p, false, "createSecret: PutSecretValue as AWSPENDING: %s%s%sa new password of 40 letters and digits%s",
            st->alternating ? "username " : "", st->alternating ? st->other : "", st->alternating ? " and " : "",
            open ? ", unless the version has a value" : "");
    plan_set(st, p);
    add(p, false, "finishSecret: UpdateSecretVersionStage AWSCURRENT from %s to %s", s->current, token);
    add(p, false, "UpdateSecretVersionStage AWSPENDING off %s", token);
    add(p, false, "cancelling is safe until the first of these is sent, and not after it");
    plan_own_warnings(s, st, p);
}

static void plan_back(const struct rotation_state *s, const struct strategy *st, struct order_plan *p)
{
    add(p, false, "GetSecretValue %s (AWSCURRENT), %s (AWSPREVIOUS): %s and %s take turns", s->current, s->previous,
        st->user, st->other);
    add(p, false, "log in as %s, pg_try_advisory_lock on the secret's ARN, log in as %s: refused unless both get in",
        st->user, st->other);
    if (s->pending[0] != '\0')
        add(p, false, "UpdateSecretVersionStage AWSPENDING off %s, which is AWSCURRENT: left over", s->pending);
    add(p, false, "UpdateSecretVersionStage AWSCURRENT from %s to %s; AWSPREVIOUS follows", s->current, s->previous);
    add(p, false, "no password changes: containers with either version go on logging in");
    if (s->function[0] != '\0' && s->enabled)
        add(p, true, "the secret's own rotation function may be at work on it, too");
}

void plan_write(const struct config_environment *conf, const struct rotation_state *s, enum rotation_way way,
                const struct strategy *strategy, enum order_kind kind, int64_t now_wall_ms, struct order_plan *out)
{
    *out = (struct order_plan){0};
    (void)str_copy(out->seen_version, sizeof out->seen_version, s->current);
    if (way == ROTATION_CANCEL)
        plan_cancel(conf, s, out);
    else if (way == ROTATION_BY_AWS)
        plan_aws(s, now_wall_ms, out);
    else if (kind == ORDER_ROLL_BACK)
        plan_back(s, strategy, out);
    else if (strategy == NULL)
        add(out, false, "UpdateSecretVersionStage AWSPENDING off %s, which is AWSCURRENT: the rotation was complete",
            s->pending);
    else
        plan_own(s, strategy, kind, out);
    add_protected(conf, out);
}

void plan_recycle(const struct config_environment *conf, const struct recycle_state *s, const char *mark,
                  struct order_plan *out)
{
    *out = (struct order_plan){0};
    (void)str_copy(out->seen_version, sizeof out->seen_version, s->revision);
    (void)str_copy(out->token, sizeof out->token, s->revision);
    add(out, false, "UpdateFunctionConfiguration %s: set " RECYCLE_VARIABLE "=%s, keep the other %zu variable%s",
        s->name, mark, s->nvariables, s->nvariables == 1 ? "" : "s");
    add(out, false, "only if its RevisionId is still %s", s->revision);
    add(out, false, "GetFunctionConfiguration until LastUpdateStatus is Successful; its variables are not kept");
    add(out, false, "cancelling stops the watching: the update goes on at AWS");
    add(out, true, "every new container fetches credentials anew: a cold start and a GetSecretValue each");
    add(out, true, "running invocations finish in their old containers, and a few more may reach those");
    add(out, true, "$LATEST alone: published versions, aliases and provisioned concurrency keep their containers");
    add(out, true, "what deploys the function may take " RECYCLE_VARIABLE " for a change to undo");
    if (s->bytes > NEARLY_FULL)
        add(out, true, "the variables will have %zu bytes, and %d are allowed: Lambda may refuse", s->bytes,
            RECYCLE_BYTES_MAX);
    add_protected(conf, out);
}
