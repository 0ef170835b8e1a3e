/* The function watch, which moves slowly: how the function is set up (its variables may be
 * passwords: the answer lies in wiped memory, and function_reading.h says what is kept),
 * and how long its log groups keep their lines. */
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/wiping.h"
#include "backend/watch/function_reading.h"
#include "backend/watch/watch.h"

#define GROUP_PAGES 3 /* of one name: the first that is not empty has it */

static enum err read_function(struct watch_worker *w, size_t env, struct function_snap **s, struct why *why)
{
    struct aws_target target = watch_target(w->watch, env);
    struct aws_reply reply;
    target.name = w->watch->conf->environments[env].function;
    target.reserved = true;
    enum err err = aws_call(w->aws, &target, AWS_GET_FUNCTION_NAMES, "", w->watch->conf->call_deadline_ms, &reply,
                            w->watch->cancel, why);
    if (err == ERR_OK)
        err = function_read(reply.body, reply.len, s, why);
    aws_forget(w->aws);
    wiping_stack();
    return err;
}

static int32_t days_of(const json_t *group)
{
    const json_t *days = json_object_get(group, "retentionInDays");
    json_int_t n = json_is_integer(days) ? json_integer_value(days) : GROUP_NEVER_ENDS;
    return n > 0 && n < INT32_MAX ? (int32_t)n : GROUP_NEVER_ENDS;
}

/* Groups come in the order of their names, so of those that begin with a name, the one that
 * is called so comes first. */
static enum err read_group(struct watch_worker *w, size_t env, const char *name, int32_t *out_days, struct why *why)
{
    struct aws_target target = watch_target(w->watch, env);
    char token[4200] = "";
    for (int page = 0; page < GROUP_PAGES; page++) {
        struct aws_reply reply;
        struct strbuf body;
        strbuf_init(&body, 8192);
        strbuf_str(&body, "{\"limit\":1,\"logGroupNamePrefix\":");
        strbuf_json(&body, name, strlen(name));
        if (token[0] != '\0') {
            strbuf_str(&body, ",\"nextToken\":");
            strbuf_json(&body, token, strlen(token));
        }
        strbuf_char(&body, '}');
        enum err err = aws_call(w->aws, &target, AWS_DESCRIBE_LOG_GROUPS, strbuf_peek(&body),
                                w->watch->conf->call_deadline_ms, &reply, w->watch->cancel, why);
        strbuf_clear(&body);
        json_t *o = err == ERR_OK ? json_read_object(reply.body, reply.len, why) : NULL;
        if (o == NULL)
            return err != ERR_OK ? err : ERR_MALFORMED;
        const json_t *groups = json_object_get(o, "logGroups"), *first = json_array_get(groups, 0);
        const char *is = json_text(first, "logGroupName", NULL), *next = json_text(o, "nextToken", NULL);
        if (!json_is_array(groups) || (first != NULL && is == NULL)) { /* not an answer that says it is missing */
            json_decref(o);
            return why_set(why, ERR_MALFORMED, "DescribeLogGroups' answer names no log group");
        }
        bool more = first == NULL && next != NULL && next[0] != '\0' && str_copy(token, sizeof token, next);
        *out_days = is != NULL && strcmp(is, name) == 0 ? days_of(first) : GROUP_MISSING;
        json_decref(o);
        if (!more)
            break;
    }
    return ERR_OK;
}

static enum err read_groups(struct watch_worker *w, size_t env, struct function_snap *s, struct why *why)
{
    const char *const *groups = w->watch->conf->environments[env].log_groups;
    char line[160];
    s->group_why[0] = '\0';
    for (size_t i = 0; groups != NULL && groups[i] != NULL && i < FUNCTION_GROUPS; i++) {
        struct why one = {0};
        if (read_group(w, env, groups[i], &s->group_days[i], &one) == ERR_OK)
            continue;
        s->group_days[i] = GROUP_UNKNOWN;
        (void)str_copy(s->group_why, sizeof s->group_why, why_line(&one, line, sizeof line));
        *why = one;
        return one.code;
    }
    s->groups_wall_ms = clock_wall_ms(w->watch->clock);
    return ERR_OK;
}

int64_t watch_function_turn(struct watch_worker *w, size_t env, int64_t period_ms)
{
    const struct watch *watch = w->watch;
    bool named = watch->conf->environments[env].function != NULL;
    bool barred = named && !aws_gate_permits(watch->gate, AWS_GET_FUNCTION_NAMES);
    if (named && !barred) { /* what waits for its share of the quota must not hold a thread */
        struct aws_target target = watch_target(watch, env);
        int64_t wait_ms = aws_reserve_spare(watch->gate, &target, AWS_GET_FUNCTION_NAMES);
        if (wait_ms > 0)
            return wait_ms;
    }
    size_t slot = watch_slot(env, SLOT_FUNCTION);
    const struct function_snap *old = snapbox_get(watch->box, slot);
    struct function_snap *blank = old == NULL ? function_blank() : NULL, *s;
    s = watch_next(watch, (const struct snap *)old, old != NULL ? old->size : blank->size, watch_destroy_flat);
    if (old == NULL) { /* all but the header, which watch_next() has begun */
        size_t header = sizeof s->snap;
        memcpy((char *)s + header, (const char *)blank + header, blank->size - header);
    }
    free(blank);
    struct why why = {0}, groups = {0};
    s->named = named;
    s->barred = barred;
    enum err err = named && !barred ? read_function(w, env, &s, &why) : ERR_OK;
    enum err grouped = err != ERR_CANCELLED ? read_groups(w, env, s, &groups) : err;
    if (!named || barred || grouped == ERR_CANCELLED) {
        err = grouped;
        why = groups;
    }
    int64_t delay = watch_delay(&s->snap, err, period_ms);
    watch_close(watch, &s->snap, err, &why, delay);
    watch_put(watch, slot, old, &s->snap, err);
    return delay;
}
