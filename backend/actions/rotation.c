#include "backend/actions/rotation.h"

#include "backend/actions/crash.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/password.h"

#define CALL_TRIES 6

#ifdef CT_CRASH
void crash_point(const char *when, const char *what)
{
    static atomic_int passed;
    const char *at = getenv("CT_CRASH_AT");
    int here = atomic_fetch_add(&passed, 1) + 1;
    if (getenv("CT_CRASH_LIST") != NULL)
        (void)fprintf(stderr, "crash point %d: %s %s\n", here, when, what);
    if (at != NULL && strtol(at, NULL, 10) == here)
        (void)raise(SIGKILL);
}
#endif

static const struct config_environment *conf_of(const struct action *a)
{
    return &a->watch->conf->environments[a->view.env];
}

bool rotation_pause(struct action *a, int64_t ms)
{
    return cancel_wait_fd(a->cancel, -1, 0, clock_mono_ms(clock_real()) + ms) >= 0;
}

void rotation_body(const struct action *a, const char *more, struct strbuf *out)
{
    const char *secret = conf_of(a)->secret;
    strbuf_init(out, 8192);
    strbuf_str(out, "{\"SecretId\":");
    strbuf_json(out, secret, strlen(secret));
    strbuf_fmt(out, "%s}", more);
}

enum err rotation_call(struct action *a, enum aws_op op, const char *body, struct aws_reply *out, struct why *why)
{
    struct aws_target target = action_target(a);
    const char *name = aws_op_row(op)->name;
    for (int tries = 1;; tries++) {
        crash_point("before", name);
        enum err err = aws_call(a->aws, &target, op, body, a->watch->conf->call_deadline_ms, out, a->cancel, why);
        crash_point("after", name);
        if ((err != ERR_THROTTLED && err != ERR_BUSY) || tries == CALL_TRIES || !rotation_pause(a, 250 << tries))
            return err;
    }
}

bool rotation_in_doubt(enum err err)
{
    return err == ERR_TIMEOUT || err == ERR_NETWORK || err == ERR_TLS || err == ERR_SERVICE || err == ERR_MALFORMED ||
           err == ERR_TOO_BIG || err == ERR_CANCELLED;
}

bool rotation_may_have_arrived(struct why *doubt, enum err err, const struct why *why)
{
    if (doubt->code == ERR_OK && rotation_in_doubt(err)) {
        *doubt = *why;
        doubt->code = err;
    }
    return doubt->code != ERR_OK;
}

/* ------------------------------------------------------------------ where it is */

static void read_labels(const json_t *o, struct rotation_state *out)
{
    const char *id;
    json_t *labels, *label;
    size_t i;
    json_object_foreach(json_object_get(o, "VersionIdsToStages"), id, labels) json_array_foreach(labels, i, label)
    {
        const char *name = json_is_string(label) ? json_string_value(label) : "";
        char *to = strcmp(name, "AWSCURRENT") == 0    ? out->current
                   : strcmp(name, "AWSPENDING") == 0  ? out->pending
                   : strcmp(name, "AWSPREVIOUS") == 0 ? out->previous
                                                      : NULL;
        if (to != NULL)
            (void)str_copy(to, sizeof out->current, id);
    }
}

/* arn:PARTITION:secretsmanager:REGION:... */
static void region_of(const char *arn, char *out, size_t size)
{
    const char *p = arn;
    for (int colons = 0; *p != '\0' && colons < 3; p++)
        colons += *p == ':';
    (void)str_copy_n(out, size, p, strcspn(p, ":"));
}

/* A member of RotationRules in the letters that AWS allows there: it may end in a shell.  "" otherwise. */
static void read_rule(const json_t *rules, const char *key, const char *letters, char *out, size_t size)
{
    size_t n = 0;
    const char *text = json_text(rules, key, &n);
    bool fine = text != NULL && n < size && strspn(text, letters) == n;
    (void)str_copy(out, size, fine ? text : "");
}

/* AutomaticallyAfterDays=30, or ScheduleExpression='rate(10 days)',Duration=2h. */
static void read_rules(const json_t *rules, char *out, size_t size)
{
    const json_t *days = json_object_get(rules, "AutomaticallyAfterDays");
    char schedule[64], duration[8];
    read_rule(rules, "ScheduleExpression", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789()#?*-/, ",
              schedule, sizeof schedule);
    read_rule(rules, "Duration", "0123456789h", duration, sizeof duration);
    const char *extra = duration[0] != '\0' ? ",Duration=" : "";
    if (schedule[0] != '\0')
        (void)str_fmt(out, size, "ScheduleExpression='%s'%s%s", schedule, extra, duration);
    else if (json_is_integer(days))
        (void)str_fmt(out, size, "AutomaticallyAfterDays=%lld%s%s", (long long)json_integer_value(days), extra,
                      duration);
}

enum err rotation_read(const char *reply, size_t n, struct rotation_state *out, struct why *why)
{
    json_t *o = json_read_object(reply, n, why);
    if (o == NULL)
        return ERR_MALFORMED;
    *out = (struct rotation_state){.deleted_ms = json_seconds(o, "DeletedDate"),
                                   .next_ms = json_seconds(o, "NextRotationDate"),
                                   .enabled = json_yes(o, "RotationEnabled") == TRI_YES};
    (void)json_safe(o, "ARN", out->arn, sizeof out->arn);
    (void)json_safe(o, "RotationLambdaARN", out->function, sizeof out->function);
    (void)json_safe(o, "OwningService", out->owner, sizeof out->owner);
    (void)json_safe(o, "PrimaryRegion", out->primary_region, sizeof out->primary_region);
    region_of(out->arn, out->region, sizeof out->region);
    read_rules(json_object_get(o, "RotationRules"), out->rules, sizeof out->rules);
    read_labels(o, out);
    json_decref(o);
    return out->arn[0] != '\0' ? ERR_OK : why_set(why, ERR_MALFORMED, "no ARN in the answer");
}

enum err rotation_describe(struct action *a, struct rotation_state *out, struct why *why)
{
    struct strbuf body;
    struct aws_reply reply;
    rotation_body(a, "", &body);
    enum err err = rotation_call(a, AWS_DESCRIBE_SECRET, strbuf_peek(&body), &reply, why);
    strbuf_clear(&body);
    return err == ERR_OK ? rotation_read(reply.body, reply.len, out, why) : err;
}

bool rotation_is_open(const struct rotation_state *s)
{
    return s->pending[0] != '\0' && strcmp(s->pending, s->current) != 0;
}

/* -------------------------------------------------------------- who, and whether */

/* What rotates by itself can be stopped; AWS refuses the call elsewhere. */
static enum rotation_way choose_cancel(const struct rotation_state *s, struct why *why)
{
    if (s->enabled)
        return ROTATION_CANCEL;
    if (rotation_is_open(s))
        (void)why_set(why, ERR_INVALID,
                      "automatic rotation is off: there is nothing to cancel; AWSPENDING is on %s: finish the rotation",
                      s->pending);
    else
        (void)why_set(why, ERR_INVALID,
                      "automatic rotation is off and no version is pending: there is nothing to cancel");
    return ROTATION_NONE;
}

enum rotation_way rotation_choose(const struct config_environment *conf, const struct rotation_state *s,
                                  enum order_kind kind, struct why *why)
{
    bool by_function =
        strcmp(conf->rotation, "aws") == 0 || (strcmp(conf->rotation, "auto") == 0 && s->function[0] != '\0');
    if (strcmp(conf->rotation, "off") == 0)
        (void)why_set(why, ERR_SETTING, "rotation = off in the configuration");
    else if (s->owner[0] != '\0')
        (void)why_set(why, ERR_INVALID, "%s manages this secret: rotate it there", s->owner);
    else if (s->deleted_ms != TIME_UNKNOWN)
        (void)why_set(why, ERR_INVALID, "the secret is scheduled for deletion");
    else if (s->primary_region[0] != '\0' && strcmp(s->primary_region, s->region) != 0)
        (void)why_set(why, ERR_INVALID, "this is a replica: rotate the secret in %s", s->primary_region);
    else if (s->current[0] == '\0')
        (void)why_set(why, ERR_INVALID, "the secret has no value yet");
    else if (kind == ORDER_CANCEL_ROTATION)
        return choose_cancel(s, why);
    else if (kind == ORDER_FINISH && s->pending[0] == '\0')
        (void)why_set(why, ERR_INVALID, "no version has AWSPENDING: there is nothing to finish");
    else if (kind == ORDER_ROLL_BACK && s->previous[0] == '\0')
        (void)why_set(why, ERR_INVALID, "no version has AWSPREVIOUS: there is nothing to go back to");
    else if (kind == ORDER_ROLL_BACK && rotation_is_open(s))
        (void)why_set(why, ERR_BUSY, "a rotation is not complete: AWSPENDING is on %s; finish it first", s->pending);
    else if (kind == ORDER_FINISH || kind == ORDER_ROLL_BACK)
        return ROTATION_BY_CREDTOP;
    else if (by_function && s->function[0] == '\0')
        (void)why_set(why, ERR_SETTING, "rotation = aws in the configuration, but the secret has no rotation function");
    else if (by_function && rotation_is_open(s))
        (void)why_set(why, ERR_BUSY,
                      "a rotation is not complete: AWSPENDING is on %s; wait for it, or finish it "
                      "(X; credtop rotate --finish)",
                      s->pending);
    else
        return by_function ? ROTATION_BY_AWS : ROTATION_BY_CREDTOP;
    return ROTATION_NONE;
}

enum err rotation_admit(const struct config_environment *conf, const struct order *o, const struct rotation_state *s,
                        struct why *why)
{
    if (action_confirmed(conf, o, why) != ERR_OK)
        return ERR_INVALID;
    if (o->seen_version[0] == '\0')
        return why_set(why, ERR_INVALID, "nobody has looked at the secret before ordering this");
    if (strcmp(o->seen_version, s->current) != 0)
        return why_set(why, ERR_INVALID, "AWSCURRENT has moved since you looked: from %.8s to %.8s", o->seen_version,
                       s->current);
    if (o->kind == ORDER_ROLL_BACK && strcmp(o->token, s->previous) != 0)
        return why_set(why, ERR_INVALID, "AWSPREVIOUS is on %s, not where it was when you looked", s->previous);
    if (rotation_is_open(s) && strcmp(o->token, s->pending) != 0)
        return why_set(why, ERR_INVALID, "AWSPENDING has appeared on %s since you looked", s->pending);
    if (o->kind == ORDER_CANCEL_ROTATION && o->token[0] != '\0' && !rotation_is_open(s))
        return why_set(why, ERR_INVALID, "AWSPENDING is gone from %s since you looked", o->token);
    return ERR_OK;
}

bool rotation_agree(struct action *a, const struct rotation_state *s, enum rotation_way way,
                    const struct strategy *strategy)
{
    struct order_plan *plan = &a->view.plan;
    struct why why = {0};
    plan_write(conf_of(a), s, way, strategy, a->view.kind, clock_wall_ms(a->watch->clock), plan);
    (void)str_copy(plan->token, sizeof plan->token,
                   a->view.kind == ORDER_ROLL_BACK ? s->previous
                   : rotation_is_open(s)           ? s->pending
                                                   : a->order.token);
    bool new = plan->token[0] == '\0' && way != ROTATION_CANCEL;
    enum err err = new ? password_token(plan->token, &why) : ERR_OK;
    action_versions(a, s->current, plan->token);
    if (cancel_is_set(a->cancel)) {
        action_end(a, STEP_SKIPPED, "cancelled");
        action_finish(a, ORDER_CANCELLED, "cancelled; nothing was changed");
        return false;
    }
    if (err == ERR_OK && !a->order.dry_run)
        err = action_tell_plan(a, &why);
    if (err != ERR_OK) {
        action_end(a, STEP_FAILED, "%s", why.text);
        action_finish(a, ORDER_REFUSED, "nothing was changed: %s", why.text);
        return false;
    }
    action_end(a, STEP_DONE, "AWSCURRENT is %.8s", s->current);
    if (a->order.dry_run)
        action_finish(a, ORDER_DONE, "this is the plan; nothing was changed");
    return !a->order.dry_run;
}

/* Looks, refuses or plans, and carries out. */
static void run(struct action *a)
{
    const struct config_environment *conf = conf_of(a);
    struct rotation_state s;
    struct why why = {0};
    char line[260];
    action_begin(a, "look");
    if (conf->mode == CONFIG_DEVELOPMENT) {
        action_end(a, STEP_SKIPPED, "no secret");
        action_finish(a, ORDER_REFUSED, "a development environment has no secret to rotate");
        return;
    }
    if (rotation_describe(a, &s, &why) != ERR_OK) {
        action_end(a, STEP_FAILED, "%s", why_line(&why, line, sizeof line));
        action_finish(a, why.code == ERR_CANCELLED ? ORDER_CANCELLED : ORDER_REFUSED, "nothing was changed: %s", line);
        return;
    }
    enum rotation_way way = rotation_choose(conf, &s, a->view.kind, &why);
    if (way == ROTATION_NONE || (!a->order.dry_run && rotation_admit(conf, &a->order, &s, &why) != ERR_OK)) {
        action_end(a, STEP_DONE, "AWSCURRENT is %.8s", s.current);
        action_finish(a, ORDER_REFUSED, "%s", why.text);
        return;
    }
    if (a->view.kind == ORDER_ROLL_BACK)
        rotate_back(a, &s);
    else if (way == ROTATION_BY_CREDTOP)
        rotate_by_credtop(a, &s);
    else if (rotation_agree(a, &s, way, NULL))
        (way == ROTATION_CANCEL ? rotate_cancel : rotate_by_aws)(a, &s);
}

void action_run_rotate(struct action *a)
{
    run(a);
}

void action_run_finish(struct action *a)
{
    run(a);
}

void action_run_cancel(struct action *a)
{
    run(a);
}

void action_run_roll_back(struct action *a)
{
    run(a);
}
