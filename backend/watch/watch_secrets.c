/* The secret watch: DescribeSecret each poll, ListSecretVersionIds when the labels
 * moved (it alone tells when a version was made); no secret value, ever.  And who we
 * are: GetCallerIdentity, which needs no permission. */
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/watch.h"

#define IDENTITY_PERIOD_MS (10 * 60 * 1000)

static void destroy_flat(struct snap *s) { free(s); }   /* snapshots without pointers */

/* ---------------------------------------------------------------- labels */

static struct version_row *add_version(struct secret_snap *s, const char *id)
{
    if (s->nversions == VERSIONS_MAX)
        return NULL;
    struct version_row *v = &s->versions[s->nversions++];
    *v = (struct version_row){.created_ms = TIME_UNKNOWN};
    text_safe_name(v->id, sizeof v->id, id, strlen(id));
    return v;
}

static void add_label(struct secret_snap *s, struct version_row *v, const char *label)
{
    static const struct { const char *name; unsigned bit; size_t at; } known[] = {
        {"AWSCURRENT", LABEL_CURRENT, offsetof(struct secret_snap, current_id)},
        {"AWSPENDING", LABEL_PENDING, offsetof(struct secret_snap, pending_id)},
        {"AWSPREVIOUS", LABEL_PREVIOUS, offsetof(struct secret_snap, previous_id)},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (strcmp(label, known[i].name) == 0) {
            v->labels |= known[i].bit;
            (void)str_copy((char *)s + known[i].at, sizeof v->id, v->id);
            return;
        }
    size_t used = strlen(v->other_labels);
    if (used > 0 && used + 1 < sizeof v->other_labels)
        v->other_labels[used++] = ',';
    text_safe_name(v->other_labels + used, sizeof v->other_labels - used, label, strlen(label));
}

static int version_rank(const struct version_row *v)
{
    return v->labels & LABEL_CURRENT ? 0 : v->labels & LABEL_PENDING ? 1 : v->labels & LABEL_PREVIOUS ? 2 : 3;
}

static int version_order(const void *a, const void *b)
{
    const struct version_row *x = a, *y = b;
    if (version_rank(x) != version_rank(y))
        return version_rank(x) - version_rank(y);
    if (x->created_ms != y->created_ms)
        return x->created_ms > y->created_ms ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void read_labels(const json_t *o, struct secret_snap *s)
{
    const char *id;
    json_t *labels, *label;
    size_t i;
    s->nversions = 0;
    s->current_id[0] = s->pending_id[0] = s->previous_id[0] = '\0';
    json_object_foreach(json_object_get(o, "VersionIdsToStages"), id, labels)
    {
        struct version_row *v = json_array_size(labels) > 0 ? add_version(s, id) : NULL;
        if (v != NULL)
            json_array_foreach(labels, i, label)
                if (json_is_string(label))
                    add_label(s, v, json_string_value(label));
    }
    qsort(s->versions, s->nversions, sizeof s->versions[0], version_order);
}

/* -------------------------------------------------------------- describe */

static void read_rotation_rule(const json_t *o, struct secret_snap *s)
{
    const json_t *rules = json_object_get(o, "RotationRules");
    const json_t *days = json_object_get(rules, "AutomaticallyAfterDays");
    s->rotation_rule[0] = '\0';
    if (!json_safe(rules, "ScheduleExpression", s->rotation_rule, sizeof s->rotation_rule) && json_is_integer(days))
        (void)str_fmt(s->rotation_rule, sizeof s->rotation_rule, "every %lldd", (long long)json_integer_value(days));
}

static void read_description(const json_t *o, struct secret_snap *s)
{
    (void)json_safe(o, "Name", s->name, sizeof s->name);
    (void)json_safe(o, "ARN", s->arn, sizeof s->arn);
    (void)json_safe(o, "Description", s->description, sizeof s->description);
    (void)json_safe(o, "RotationLambdaARN", s->rotation_function, sizeof s->rotation_function);
    (void)json_safe(o, "OwningService", s->owning_service, sizeof s->owning_service);
    (void)json_safe(o, "PrimaryRegion", s->primary_region, sizeof s->primary_region);
    s->rotation = json_yes(o, "RotationEnabled");
    if (s->rotation == TRI_UNKNOWN)
        s->rotation = TRI_NO;   /* absent when rotation was never set up */
    s->created_ms = json_seconds(o, "CreatedDate");
    s->last_changed_ms = json_seconds(o, "LastChangedDate");
    s->last_rotated_ms = json_seconds(o, "LastRotatedDate");
    s->next_rotation_ms = json_seconds(o, "NextRotationDate");
    s->deleted_ms = json_seconds(o, "DeletedDate");
    read_rotation_rule(o, s);
    read_labels(o, s);
}

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

static void note_created(struct secret_snap *s, const json_t *version)
{
    const char *id = json_text(version, "VersionId", NULL);
    for (size_t i = 0; id != NULL && i < s->nversions; i++)
        if (strcmp(s->versions[i].id, id) == 0)
            s->versions[i].created_ms = json_seconds(version, "CreatedDate");
}

/* Best effort: an auditor's policy may leave it out, and the watch does without. */
static void read_creation_dates(struct watch_worker *w, size_t env, struct secret_snap *s)
{
    char token[4200] = "";
    for (int page = 0; page < 10; page++) {
        json_t *o, *v;
        size_t i;
        if (ask(w, env, AWS_LIST_SECRET_VERSION_IDS, token[0] != '\0' ? token : NULL, &o, NULL) != ERR_OK)
            return;
        json_array_foreach(json_object_get(o, "Versions"), i, v)
            note_created(s, v);
        const char *next = json_text(o, "NextToken", NULL);
        bool more = next != NULL && next[0] != '\0' && strcmp(next, token) != 0 && str_copy(token, sizeof token, next);
        json_decref(o);
        if (!more)
            break;
    }
    qsort(s->versions, s->nversions, sizeof s->versions[0], version_order);
}

static bool same_labels(const struct secret_snap *a, const struct secret_snap *b)
{
    if (a->nversions != b->nversions)
        return false;
    for (size_t i = 0; i < a->nversions; i++)
        if (strcmp(a->versions[i].id, b->versions[i].id) != 0 || a->versions[i].labels != b->versions[i].labels)
            return false;
    return true;
}

/* Dates are asked for when the labels moved; else carried over. */
static void fill_creation_dates(struct watch_worker *w, size_t env, struct secret_snap *s, const struct secret_snap *old)
{
    for (size_t i = 0; old != NULL && i < s->nversions; i++)
        for (size_t j = 0; j < old->nversions; j++)
            if (strcmp(s->versions[i].id, old->versions[j].id) == 0)
                s->versions[i].created_ms = old->versions[j].created_ms;
    qsort(s->versions, s->nversions, sizeof s->versions[0], version_order);
    if (old == NULL || old->snap.good_mono_ms == TIME_UNKNOWN || !same_labels(s, old))
        read_creation_dates(w, env, s);
}

static int64_t created_of(const struct secret_snap *s, const char *id)
{
    for (size_t i = 0; i < s->nversions; i++)
        if (strcmp(s->versions[i].id, id) == 0)
            return s->versions[i].created_ms;
    return TIME_UNKNOWN;
}

/* When AWSCURRENT came to where it is.  AWS does not say so outright:
 *   seen to move      between two polls: LastRotatedDate or LastChangedDate when it lies
 *                     between them, else now
 *   found so          LastRotatedDate, unless the version is younger: then somebody put it
 *                     there by hand, and its creation is the nearest bound */
static void find_current_since(const struct watch *w, struct secret_snap *s, const struct secret_snap *old)
{
    int64_t now = clock_wall_ms(w->clock);
    bool known = old != NULL && old->snap.good_wall_ms != TIME_UNKNOWN;
    if (known && strcmp(old->current_id, s->current_id) == 0) {
        s->current_since_ms = old->current_since_ms;
        s->current_since_exact = old->current_since_exact;
        return;
    }
    if (known) {
        int64_t from = old->snap.good_wall_ms - 60000;   /* AWS's dates and ours come from two clocks */
        s->current_since_ms = s->last_rotated_ms >= from && s->last_rotated_ms <= now + 60000 ? s->last_rotated_ms
                              : s->last_changed_ms >= from && s->last_changed_ms <= now + 60000
                                  ? s->last_changed_ms
                                  : now;
        s->current_since_exact = true;
        return;
    }
    int64_t created = created_of(s, s->current_id);
    bool rotated = s->last_rotated_ms != TIME_UNKNOWN && s->last_rotated_ms >= created;
    s->current_since_ms = rotated ? s->last_rotated_ms : created;
    s->current_since_exact = rotated;
}

static void find_pending_since(const struct watch *w, struct secret_snap *s, const struct secret_snap *old)
{
    s->pending_since_ms = TIME_UNKNOWN;
    if (s->pending_id[0] == '\0' || strcmp(s->pending_id, s->current_id) == 0)
        return;
    s->pending_since_ms = created_of(s, s->pending_id);
    if (s->pending_since_ms == TIME_UNKNOWN)
        s->pending_since_ms = old != NULL && strcmp(old->pending_id, s->pending_id) == 0 ? old->pending_since_ms
                                                                                        : clock_wall_ms(w->clock);
}

int64_t watch_secret_turn(void *arg, size_t env)
{
    struct watch_worker *w = arg;
    const struct watch *watch = w->watch;
    size_t slot = watch_slot(env, SLOT_SECRET);
    const struct secret_snap *old = snapbox_get(watch->box, slot);
    struct secret_snap *s = watch_next(watch, (const struct snap *)old, sizeof *s, destroy_flat);
    struct why why = {0};
    json_t *o = NULL;
    enum err err = ask(w, env, AWS_DESCRIBE_SECRET, NULL, &o, &why);
    if (err == ERR_OK) {
        read_description(o, s);
        json_decref(o);
        fill_creation_dates(w, env, s, old);
        find_current_since(watch, s, old);
        find_pending_since(watch, s, old);
    }
    int64_t delay = watch_delay(&s->snap, err, watch->conf->secret_poll_ms);
    watch_close(watch, &s->snap, err, &why, delay);
    snap_unref(old);
    if (err == ERR_CANCELLED)
        snap_unref(s);
    else
        snapbox_put(watch->box, slot, &s->snap);
    return delay;
}

/* --------------------------------------------------------------- identity */

int64_t watch_identity_turn(struct watch_worker *w, size_t env, size_t slot)
{
    const struct watch *watch = w->watch;
    const struct identity_snap *old = snapbox_get(watch->box, slot);
    struct identity_snap *s = watch_next(watch, (const struct snap *)old, sizeof *s, destroy_flat);
    struct aws_target target = watch_target(watch, env);
    struct aws_reply reply;
    struct why why = {0};
    struct identity id = {0};
    if (identity_get(aws_gate_identities(watch->gate), target.profile, watch->cancel, &id, NULL) == ERR_OK)
        (void)str_copy(s->source, sizeof s->source, id.source);
    identity_clear(&id);
    enum err err = identity_region(aws_gate_identities(watch->gate), target.profile, target.region, s->region, &why);
    if (err == ERR_OK)
        err = aws_call(w->aws, &target, AWS_GET_CALLER_IDENTITY, "", watch->conf->call_deadline_ms, &reply,
                       watch->cancel, &why);
    if (err == ERR_OK && (!aws_xml_text(reply.body, reply.len, "Arn", s->arn, sizeof s->arn) ||
                          !aws_xml_text(reply.body, reply.len, "Account", s->account, sizeof s->account)))
        err = why_set(&why, ERR_MALFORMED, "GetCallerIdentity's answer names no Arn");
    if (err == ERR_OK)
        (void)aws_xml_text(reply.body, reply.len, "UserId", s->user_id, sizeof s->user_id);
    int64_t delay = watch_delay(&s->snap, err, err == ERR_OK ? IDENTITY_PERIOD_MS : watch->conf->secret_poll_ms);
    watch_close(watch, &s->snap, err, &why, delay);
    snap_unref(old);
    if (err == ERR_CANCELLED)
        snap_unref(s);
    else
        snapbox_put(watch->box, slot, &s->snap);
    return delay;
}
