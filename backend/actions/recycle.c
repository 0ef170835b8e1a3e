#include "backend/actions/recycle.h"

#include "backend/actions/rotation.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/base/wiping.h"

#define LOOK_AFTER_MS 1000
#define LOOK_EVERY_MAX_MS 5000    /* each look is a line in the journal */
#define UPDATE_MS (5 * 60 * 1000) /* Lambda needs seconds; in a VPC up to a minute or two */
#define DOUBT_LOOKS 4             /* after an answer that was lost */
#define WATCH_MS (60 * 1000)      /* for containers that begin anew */
#define WATCH_EVERY_MS 500        /* that costs nothing: the log watch reads */
#define SETTLE_MS 5000            /* after the first: others come at the same time */
#define VARIABLES_MAX 4096        /* they have 4 KB together */
#define UNCHANGED "nothing was changed"

struct recycling {
    struct action *a;
    const struct config_environment *conf;
    struct recycle_state found;
    char mark[48];
    int64_t from_ms; /* AWS's clock, when it took the update */
};

/* ------------------------------------------------------------------ reading */

/* What cannot be read cannot be sent back, and would be lost. */
static enum err read_variables(const json_t *o, struct recycle_state *s, struct why *why)
{
    json_t *environment = json_object_get(o, "Environment"), *value;
    json_t *variables = json_object_get(environment, "Variables");
    const char *name;
    char code[64];
    if (json_is_object(json_object_get(environment, "Error"))) {
        (void)json_safe(json_object_get(environment, "Error"), "ErrorCode", code, sizeof code);
        return why_set(why, ERR_DENIED, "Lambda does not show the variables (%s): they would be lost", code);
    }
    if (variables == NULL || json_is_null(variables))
        return ERR_OK;
    if (!json_is_object(variables) || json_object_size(variables) > VARIABLES_MAX)
        return why_set(why, ERR_MALFORMED, "its variables are no map");
    json_object_foreach(variables, name, value)
    {
        if (!json_is_string(value))
            return why_set(why, ERR_MALFORMED, "a variable is no text");
        if (strcmp(name, RECYCLE_VARIABLE) == 0)
            (void)json_safe(variables, name, s->mark, sizeof s->mark);
        else {
            s->nvariables++;
            s->bytes += strlen(name) + json_string_length(value);
        }
    }
    s->variables = json_incref(variables);
    return ERR_OK;
}

enum err recycle_read(const char *reply, size_t n, struct recycle_state *out, struct why *why)
{
    struct recycle_state s = {.bytes = sizeof RECYCLE_VARIABLE - 1 + sizeof "2026-01-01T00:00:00.000Z" - 1};
    json_t *o = json_read_object(reply, n, why);
    if (o == NULL)
        return ERR_MALFORMED;
    bool named = json_safe(o, "FunctionName", s.name, sizeof s.name) &&
                 json_safe(o, "RevisionId", s.revision, sizeof s.revision) && s.revision[0] != '\0';
    (void)json_safe(o, "Version", s.version, sizeof s.version);
    (void)json_safe(o, "LastUpdateStatus", s.update, sizeof s.update);
    (void)json_safe(o, "LastUpdateStatusReason", s.reason, sizeof s.reason);
    enum err err = named ? read_variables(o, &s, why)
                         : why_set(why, ERR_MALFORMED, "no FunctionName and RevisionId in the answer");
    json_decref(o);
    if (err == ERR_OK)
        *out = s;
    return err;
}

void recycle_clear(struct recycle_state *s)
{
    json_decref(s->variables);
    s->variables = NULL;
}

struct secret *recycle_body(const struct recycle_state *s, const char *mark)
{
    json_t *variables = s->variables != NULL ? json_copy(s->variables) : json_object();
    (void)json_object_set_new(variables, RECYCLE_VARIABLE, json_string(mark));
    json_t *o = json_pack("{ss s{so}}", "RevisionId", s->revision, "Environment", "Variables", variables);
    char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
    ASSERT(text != NULL); /* what is in it came out of JSON, or is ASCII */
    struct secret *body = secret_from(text, strlen(text));
    json_forget_text(text);
    json_decref(o);
    return body;
}

/* ------------------------------------------------------------------ whether */

enum err recycle_possible(const struct recycle_state *s, struct why *why)
{
    if (strcmp(s->version, "$LATEST") != 0)
        return why_set(why, ERR_SETTING,
                       "`function` names version %s, and a published version never changes: name the function alone",
                       s->version);
    if (strcmp(s->update, "InProgress") == 0)
        return why_set(why, ERR_BUSY, "an update of %s is in progress", s->name);
    return ERR_OK;
}

enum err recycle_admit(const struct config_environment *conf, const struct order *o, const struct recycle_state *s,
                       struct why *why)
{
    if (action_confirmed(conf, o, why) != ERR_OK)
        return ERR_INVALID;
    if (o->token[0] == '\0')
        return why_set(why, ERR_INVALID, "nobody has looked at the function before ordering this");
    if (strcmp(o->token, s->revision) != 0)
        return why_set(why, ERR_INVALID, "%s has changed since you looked: from revision %.8s to %.8s", s->name,
                       o->token, s->revision);
    return ERR_OK;
}

/* ------------------------------------------------------------------- calls */

static enum err look(struct recycling *r, struct recycle_state *out, struct why *why)
{
    struct aws_reply reply;
    enum err err = rotation_call(r->a, AWS_GET_FUNCTION_CONFIGURATION, "", &reply, why);
    if (err == ERR_OK)
        err = recycle_read(reply.body, reply.len, out, why);
    aws_forget(r->a->aws);
    return err;
}

/* Without the variables: whether it is our update that is there, and how it goes. */
static enum err look_again(struct recycling *r, struct recycle_state *out, struct why *why)
{
    enum err err = look(r, out, why);
    if (err == ERR_OK)
        recycle_clear(out);
    return err;
}

/* The answer was lost: what is there now tells, if it has our mark. */
static bool was_taken(struct recycling *r)
{
    struct recycle_state now;
    for (int i = 0; i < DOUBT_LOOKS; i++)
        if (look_again(r, &now, &(struct why){0}) == ERR_OK && strcmp(now.mark, r->mark) == 0)
            return true;
        else if (!rotation_pause(r->a, 500 << i))
            break;
    return false;
}

static const char *consequence(const struct recycling *r, const struct why *why, char out[240])
{
    char line[200];
    if (strcmp(why->aws_code, "PreconditionFailedException") == 0)
        (void)str_fmt(out, 240, "somebody changed %s meanwhile: " UNCHANGED, r->found.name);
    else if (strcmp(why->aws_code, "ResourceConflictException") == 0)
        (void)str_fmt(out, 240, "an update of %s is in progress: " UNCHANGED, r->found.name);
    else if (strcmp(why->aws_code, "InvalidParameterValueException") == 0)
        (void)str_fmt(out, 240,
                      "Lambda does not take the variables (%s): they have %zu bytes with " RECYCLE_VARIABLE
                      ", and %d is the limit: " UNCHANGED,
                      why->aws_code, r->found.bytes, RECYCLE_BYTES_MAX);
    else
        (void)str_fmt(out, 240, UNCHANGED ": %s", why_line(why, line, sizeof line));
    return out;
}

/* ------------------------------------------------------------------- steps */

/* True: AWS has taken it. */
static bool update(struct recycling *r)
{
    struct aws_reply reply = {.date_ms = -1};
    struct why why = {0};
    char line[240];
    action_begin(r->a, "update function");
    action_cancellable(r->a, false);
    if (cancel_is_set(r->a->cancel)) {
        action_end(r->a, STEP_SKIPPED, "cancelled");
        action_finish(r->a, ORDER_CANCELLED, "cancelled; nothing was sent");
        return false;
    }
    struct secret *body = recycle_body(&r->found, r->mark);
    recycle_clear(&r->found);
    enum err err = rotation_call(r->a, AWS_UPDATE_FUNCTION_CONFIGURATION, secret_peek(body, NULL), &reply, &why);
    secret_free(body);
    aws_forget(r->a->aws); /* its answer has the variables, too */
    wiping_stack();
    if (err == ERR_OK && reply.date_ms >= 0)
        r->from_ms = reply.date_ms;
    bool doubt = err != ERR_OK && rotation_in_doubt(err);
    if (err == ERR_OK || (doubt && was_taken(r))) {
        action_end(r->a, STEP_DONE, RECYCLE_VARIABLE "=%s%s", r->mark,
                   err == ERR_OK ? "" : ": no answer came, and it is there");
        action_cancellable(r->a, true); /* what is cancelled then is the watching */
        return true;
    }
    (void)why_line(&why, line, sizeof line);
    action_end(r->a, doubt ? STEP_UNKNOWN : STEP_FAILED, "%s", line);
    if (doubt)
        action_finish(r->a, ORDER_UNKNOWN, "it was sent and no answer came; " RECYCLE_VARIABLE " is not seen: %s",
                      line);
    else
        action_finish(r->a, ORDER_REFUSED, "%s", consequence(r, &why, line));
    return false;
}

/* True: new containers begin with the new configuration. */
static bool settle(struct recycling *r)
{
    int64_t deadline = clock_mono_ms(clock_real()) + UPDATE_MS, pause = LOOK_AFTER_MS;
    struct recycle_state now = {.name = ""};
    struct why why = {0};
    char line[200];
    action_begin(r->a, "LastUpdateStatus");
    while (rotation_pause(r->a, pause) && clock_mono_ms(clock_real()) < deadline) {
        if (look_again(r, &now, &why) == ERR_OK && strcmp(now.update, "InProgress") != 0)
            break;
        pause = pause * 2 < LOOK_EVERY_MAX_MS ? pause * 2 : LOOK_EVERY_MAX_MS;
    }
    if (strcmp(now.update, "Successful") == 0) {
        action_end(r->a, STEP_DONE, "Successful%s",
                   strcmp(now.mark, r->mark) == 0 ? "" : "; somebody has changed the function once more");
        return true;
    }
    if (strcmp(now.update, "Failed") == 0) {
        action_end(r->a, STEP_FAILED, "%s", now.reason);
        action_finish(r->a, ORDER_FAILED, "the update failed, the containers are the old ones: %s", now.reason);
        return false;
    }
    bool stopped = cancel_is_set(r->a->cancel);
    action_end(r->a, STEP_UNKNOWN, "%s",
               stopped                 ? "not watched any more"
               : now.update[0] != '\0' ? now.update
                                       : why_line(&why, line, sizeof line));
    action_finish(r->a, ORDER_UNKNOWN, "%s",
                  stopped ? "watching was stopped, the update goes on at AWS"
                          : "AWS has not finished the update in five minutes");
    return false;
}

struct recycle_count recycle_count(const struct log_snap *logs, int64_t since_ms)
{
    struct recycle_count n = {0};
    for (size_t i = 0; logs != NULL && i < logs->ncontainers; i++) {
        const struct container_row *c = &logs->containers[i];
        if (c->started_ms < since_ms)
            continue;
        n.begun++;
        n.fetched += c->fetched_ms >= since_ms;
    }
    return n;
}

/* What the log watch has seen since; false: nobody reads the environment's logs here. */
static bool seen(const struct recycling *r, struct recycle_count *out)
{
    const struct log_snap *logs = snapbox_get(r->a->watch->box, watch_slot(r->a->view.env, SLOT_LOGS));
    *out = recycle_count(logs, r->from_ms);
    snap_unref(logs);
    return logs != NULL;
}

static void watch_containers(struct recycling *r)
{
    int64_t now = clock_mono_ms(clock_real()), deadline = now + WATCH_MS, first = -1;
    struct recycle_count n;
    if (!seen(r, &n)) {
        action_finish(r->a, ORDER_DONE,
                      "%s is updated: its next invocations are in new containers; status and the "
                      "detail screen count them",
                      r->found.name);
        return;
    }
    action_begin(r->a, "new containers");
    do {
        (void)seen(r, &n);
        now = clock_mono_ms(clock_real());
        first = first < 0 && n.fetched > 0 ? now : first;
    } while (now < deadline && (first < 0 || now - first < SETTLE_MS) && rotation_pause(r->a, WATCH_EVERY_MS));
    if (n.begun == 0) {
        bool stopped = cancel_is_set(r->a->cancel);
        action_end(r->a, STEP_SKIPPED, stopped ? "not watched any more" : "none seen");
        action_finish(r->a, ORDER_DONE, "%s is updated%s", r->found.name,
                      stopped ? "; new containers were not waited for" : ", and nobody has called it yet");
        return;
    }
    action_end(r->a, STEP_DONE, "%zu begun, %zu fetched", n.begun, n.fetched);
    action_finish(r->a, ORDER_DONE, "%zu container%s began anew, %zu fetched; old ones end by and by", n.begun,
                  n.begun == 1 ? "" : "s", n.fetched);
}

/* Looks, refuses or plans; true: to be carried out. */
static bool begin(struct recycling *r)
{
    struct action *a = r->a;
    struct why why = {0};
    char line[200];
    action_begin(a, "look");
    if (r->conf->mode == CONFIG_DEVELOPMENT)
        (void)why_set(&why, ERR_SETTING, "a development environment has no function to recycle");
    else if (r->conf->function == NULL)
        (void)why_set(&why, ERR_SETTING, "[environment %s] has no setting `function`: it names what is to be recycled",
                      r->conf->name);
    if (why.code != ERR_OK) {
        action_end(a, STEP_SKIPPED, "no function");
        action_finish(a, ORDER_REFUSED, "%s", why.text);
        return false;
    }
    if (look(r, &r->found, &why) != ERR_OK) {
        action_end(a, STEP_FAILED, "%s", why_line(&why, line, sizeof line));
        action_finish(a, why.code == ERR_CANCELLED ? ORDER_CANCELLED : ORDER_REFUSED, UNCHANGED ": %s", line);
        return false;
    }
    if (recycle_possible(&r->found, &why) != ERR_OK ||
        (!a->order.dry_run && recycle_admit(r->conf, &a->order, &r->found, &why) != ERR_OK)) {
        action_end(a, STEP_DONE, "%s is at revision %s", r->found.name, r->found.revision);
        action_finish(a, ORDER_REFUSED, "%s", why.text);
        return false;
    }
    plan_recycle(r->conf, &r->found, r->mark, &a->view.plan);
    action_versions(a, r->found.revision, "");
    if (!a->order.dry_run && action_tell_plan(a, &why) != ERR_OK) {
        action_end(a, STEP_FAILED, "%s", why.text);
        action_finish(a, ORDER_REFUSED, UNCHANGED ": %s", why.text);
        return false;
    }
    action_end(a, STEP_DONE, "%s is at revision %s", r->found.name, r->found.revision);
    if (a->order.dry_run)
        action_finish(a, ORDER_DONE, "this is the plan; " UNCHANGED);
    return !a->order.dry_run;
}

void action_run_recycle(struct action *a)
{
    struct recycling r = {.a = a, .conf = &a->watch->conf->environments[a->view.env]};
    struct aws_meter meter;
    aws_gate_meter(a->watch->gate, &meter);
    r.from_ms = clock_wall_ms(a->watch->clock) + meter.skew_ms;
    clock_iso_ms(clock_wall_ms(a->watch->clock), r.mark);
    if (begin(&r) && update(&r) && settle(&r))
        watch_containers(&r);
    recycle_clear(&r.found);
    wiping_stack(); /* the variables were read on it */
}
