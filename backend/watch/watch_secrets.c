/* The secret watch: DescribeSecret each poll, ListSecretVersionIds when the labels
 * moved (it alone tells when a version was made); no secret value, ever.  And who we
 * are: GetCallerIdentity, which needs no permission. */
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/secret_reading.h"
#include "backend/watch/watch.h"

#define LISTED_PERIOD_MS (60 * 60 * 1000) /* a listed secret is described once an hour all the same */
#define IDENTITY_PERIOD_MS (10 * 60 * 1000)

static enum err ask(struct watch_worker *w, size_t env, enum aws_op op, const char *token, json_t **out,
                    struct why *why)
{
    const char *secret = w->watch->conf->environments[env].secret;
    struct aws_target target = watch_target(w->watch, env);
    struct strbuf body;
    struct aws_reply reply;
    strbuf_init(&body, 8192);
    strbuf_str(&body, "{\"SecretId\":");
    strbuf_json(&body, secret, strlen(secret));
    if (token != NULL) {
        strbuf_str(&body, ",\"NextToken\":");
        strbuf_json(&body, token, strlen(token));
    }
    strbuf_char(&body, '}');
    enum err err = aws_call(w->aws, &target, op, strbuf_peek(&body), w->watch->conf->call_deadline_ms, &reply,
                            w->watch->cancel, why);
    strbuf_clear(&body);
    if (err != ERR_OK)
        return err;
    *out = json_read_object(reply.body, reply.len, why);
    if (*out == NULL && why != NULL)
        (void)str_copy(why->call, sizeof why->call, aws_op_row(op)->name);
    return *out != NULL ? ERR_OK : ERR_MALFORMED;
}

/* -------------------------------------------------- when versions were made */

/* Best effort: an auditor's policy may leave it out, and the watch does without. */
static void read_creation_dates(struct watch_worker *w, size_t env, struct secret_snap *s)
{
    char token[4200] = "";
    for (int page = 0; page < 10; page++) {
        json_t *o, *v;
        size_t i;
        if (ask(w, env, AWS_LIST_SECRET_VERSION_IDS, token[0] != '\0' ? token : NULL, &o, NULL) != ERR_OK)
            return;
        json_array_foreach(json_object_get(o, "Versions"), i, v) secret_note_created(s, v);
        const char *next = json_text(o, "NextToken", NULL);
        bool more = next != NULL && next[0] != '\0' && strcmp(next, token) != 0 && str_copy(token, sizeof token, next);
        json_decref(o);
        if (!more)
            break;
    }
    secret_sort_versions(s);
}

/* Dates are asked for when the labels moved; else carried over. */
static void fill_creation_dates(struct watch_worker *w, size_t env, struct secret_snap *s,
                                const struct secret_snap *old)
{
    secret_keep_dates(s, old);
    bool dated = s->nversions > 0 && s->versions[0].created_ms != TIME_UNKNOWN;
    if (old == NULL || old->snap.good_mono_ms == TIME_UNKNOWN || !dated || !secret_same_labels(s, old))
        read_creation_dates(w, env, s);
}

int64_t watch_secret_turn(struct watch_worker *w, size_t env, bool listed)
{
    const struct watch *watch = w->watch;
    size_t slot = watch_slot(env, SLOT_SECRET);
    const struct secret_snap *old = snapbox_get(watch->box, slot);
    struct secret_snap *s = watch_next(watch, (const struct snap *)old, sizeof *s, watch_destroy_flat);
    if (old == NULL)
        secret_blank(s);
    struct why why = {0};
    json_t *o = NULL;
    enum err err = ask(w, env, AWS_DESCRIBE_SECRET, NULL, &o, &why);
    if (err == ERR_OK && !secret_labels_make_sense(o))
        err = why_set(&why, ERR_MALFORMED, "DescribeSecret's answer has labels that are no names");
    if (err == ERR_OK) {
        secret_read_description(o, s);
        fill_creation_dates(w, env, s, old);
        secret_find_since(s, old, clock_wall_ms(watch->clock));
    }
    json_decref(o);
    int64_t delay = watch_delay(&s->snap, err, watch->conf->secret_poll_ms);
    watch_close(watch, &s->snap, err, &why, delay);
    /* A secret in rotation moves faster than a listing tells. */
    bool moving = s->pending_id[0] != '\0' && strcmp(s->pending_id, s->current_id) != 0;
    watch_put(watch, slot, old, &s->snap, err);
    return listed && err == ERR_OK && !moving && !watch_is_focus(watch, env) ? LISTED_PERIOD_MS : delay;
}

/* --------------------------------------------------------------- identity */

int64_t watch_identity_turn(struct watch_worker *w, size_t env, size_t slot)
{
    const struct watch *watch = w->watch;
    const struct identity_snap *old = snapbox_get(watch->box, slot);
    struct identity_snap *s = watch_next(watch, (const struct snap *)old, sizeof *s, watch_destroy_flat);
    struct aws_target target = watch_target(watch, env);
    struct aws_reply reply;
    struct why why = {0};
    struct identity id = {0};
    struct identity_selector selector = aws_selector(&target);
    int64_t deadline = clock_mono_ms(clock_real()) + watch->conf->call_deadline_ms;
    enum err err = identity_get(aws_gate_identities(watch->gate), &selector, deadline, watch->cancel, &id, &why);
    if (err == ERR_OK) {
        (void)str_copy(s->source, sizeof s->source, id.source);
        s->expires_ms = id.expires_wall_ms;
    }
    identity_clear(&id);
    if (err == ERR_OK)
        err = identity_region(aws_gate_identities(watch->gate), target.profile, target.region, s->region, &why);
    if (err == ERR_OK)
        err = aws_call(w->aws, &target, AWS_GET_CALLER_IDENTITY, "", watch->conf->call_deadline_ms, &reply,
                       watch->cancel, &why);
    if (err == ERR_OK && (!aws_xml_text(reply.body, reply.len, "Arn", s->arn, sizeof s->arn) ||
                          !aws_xml_text(reply.body, reply.len, "Account", s->account, sizeof s->account)))
        err = why_set(&why, ERR_MALFORMED, "GetCallerIdentity's answer names no Arn");
    if (err == ERR_OK) {
        (void)aws_xml_text(reply.body, reply.len, "UserId", s->user_id, sizeof s->user_id);
        aws_gate_learn_account(watch->gate, &target, s->account);
    }
    int64_t delay = watch_delay(&s->snap, err, err == ERR_OK ? IDENTITY_PERIOD_MS : watch->conf->secret_poll_ms);
    watch_close(watch, &s->snap, err, &why, delay);
    watch_put(watch, slot, old, &s->snap, err);
    return delay;
}
