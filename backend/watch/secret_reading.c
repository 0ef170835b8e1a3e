#include "backend/watch/secret_reading.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define CLOCKS_APART_MS 60000 /* AWS's dates and ours come from two clocks */

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
    static const struct {
        const char *name;
        unsigned bit;
        size_t at;
    } known[] = {
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

static bool has_own_label(const json_t *labels)
{
    size_t i;
    json_t *label;
    json_array_foreach(labels, i, label) if (json_is_string(label) &&
                                             strncmp(json_string_value(label), "AWS", 3) == 0) return true;
    return false;
}

static json_t *label_map(const json_t *o)
{
    json_t *map = json_object_get(o, "VersionIdsToStages");
    return map != NULL ? map : json_object_get(o, "SecretVersionsToStages"); /* as ListSecrets calls it */
}

bool secret_labels_make_sense(const json_t *o)
{
    const char *id;
    json_t *map = label_map(o), *labels, *label;
    size_t i;
    if (map == NULL || json_is_null(map))
        return true;
    bool good = json_is_object(map);
    json_object_foreach(map, id, labels)
    {
        good = good && json_is_array(labels);
        json_array_foreach(labels, i, label) good = good && json_is_string(label);
    }
    return good;
}

static void read_labels(const json_t *o, struct secret_snap *s)
{
    const char *id;
    json_t *labels, *label;
    size_t i;
    s->nversions = 0;
    s->current_id[0] = s->pending_id[0] = s->previous_id[0] = '\0';
    json_t *map = label_map(o);
    /* Those with a label of AWS's own first: where there is no room for all, they are kept. */
    for (int own = 1; own >= 0; own--)
        json_object_foreach(map, id, labels)
        {
            struct version_row *v =
                has_own_label(labels) == (own == 1) && json_array_size(labels) > 0 ? add_version(s, id) : NULL;
            if (v != NULL)
                json_array_foreach(labels, i, label) if (json_is_string(label))
                    add_label(s, v, json_string_value(label));
        }
    qsort(s->versions, s->nversions, sizeof s->versions[0], version_order);
}

/* -------------------------------------------------------------- describe */

void secret_blank(struct secret_snap *s)
{
    s->created_ms = s->last_changed_ms = s->last_rotated_ms = s->next_rotation_ms = s->deleted_ms = TIME_UNKNOWN;
    s->current_since_ms = s->pending_since_ms = TIME_UNKNOWN;
}

static void read_rotation_rule(const json_t *o, struct secret_snap *s)
{
    const json_t *rules = json_object_get(o, "RotationRules");
    const json_t *days = json_object_get(rules, "AutomaticallyAfterDays");
    s->rotation_rule[0] = '\0';
    if (!json_safe(rules, "ScheduleExpression", s->rotation_rule, sizeof s->rotation_rule) && json_is_integer(days))
        (void)str_fmt(s->rotation_rule, sizeof s->rotation_rule, "every %lldd", (long long)json_integer_value(days));
}

/* As lines; what there is no room for is left out whole. */
static void read_tags(const json_t *o, struct secret_snap *s)
{
    const json_t *tags = json_object_get(o, "Tags"), *tag;
    size_t i, n = 0;
    s->tags[0] = '\0';
    json_array_foreach(tags, i, tag)
    {
        char name[sizeof s->tags], value[sizeof s->tags], line[sizeof s->tags];
        if (!json_safe(tag, "Key", name, sizeof name) || strchr(name, '=') != NULL)
            continue; /* AWS allows '=' in a tag's name; here it would end it */
        (void)json_safe(tag, "Value", value, sizeof value);
        if (str_fmt(line, sizeof line, "%s=%s\n", name, value) && n + strlen(line) < sizeof s->tags) {
            (void)str_copy(s->tags + n, sizeof s->tags - n, line);
            n += strlen(line);
        }
    }
}

void secret_read_description(const json_t *o, struct secret_snap *s)
{
    (void)json_safe(o, "Name", s->name, sizeof s->name);
    (void)json_safe(o, "ARN", s->arn, sizeof s->arn);
    (void)json_safe(o, "Description", s->description, sizeof s->description);
    (void)json_safe(o, "RotationLambdaARN", s->rotation_function, sizeof s->rotation_function);
    (void)json_safe(o, "OwningService", s->owning_service, sizeof s->owning_service);
    (void)json_safe(o, "PrimaryRegion", s->primary_region, sizeof s->primary_region);
    s->rotation = json_yes(o, "RotationEnabled");
    if (s->rotation == TRI_UNKNOWN)
        s->rotation = TRI_NO; /* absent when rotation was never set up */
    s->created_ms = json_seconds(o, "CreatedDate");
    s->last_changed_ms = json_seconds(o, "LastChangedDate");
    s->last_rotated_ms = json_seconds(o, "LastRotatedDate");
    s->next_rotation_ms = json_seconds(o, "NextRotationDate");
    s->deleted_ms = json_seconds(o, "DeletedDate");
    read_rotation_rule(o, s);
    read_tags(o, s);
    read_labels(o, s);
}

void secret_note_created(struct secret_snap *s, const json_t *version)
{
    const char *id = json_text(version, "VersionId", NULL);
    for (size_t i = 0; id != NULL && i < s->nversions; i++)
        if (strcmp(s->versions[i].id, id) == 0)
            s->versions[i].created_ms = json_seconds(version, "CreatedDate");
}

bool secret_same_labels(const struct secret_snap *a, const struct secret_snap *b)
{
    if (a->nversions != b->nversions)
        return false;
    for (size_t i = 0; i < a->nversions; i++)
        if (strcmp(a->versions[i].id, b->versions[i].id) != 0 || a->versions[i].labels != b->versions[i].labels)
            return false;
    return true;
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
static void find_current_since(struct secret_snap *s, const struct secret_snap *old, int64_t now)
{
    bool known = old != NULL && old->snap.good_wall_ms != TIME_UNKNOWN;
    if (known && strcmp(old->current_id, s->current_id) == 0) {
        s->current_since_ms = old->current_since_ms;
        s->current_since_exact = old->current_since_exact;
        return;
    }
    if (known) {
        int64_t from = old->snap.good_wall_ms - CLOCKS_APART_MS;
        s->current_since_ms =
            s->last_rotated_ms >= from && s->last_rotated_ms <= now + CLOCKS_APART_MS   ? s->last_rotated_ms
            : s->last_changed_ms >= from && s->last_changed_ms <= now + CLOCKS_APART_MS ? s->last_changed_ms
                                                                                        : now;
        s->current_since_exact = true;
        return;
    }
    int64_t created = created_of(s, s->current_id);
    bool rotated = s->last_rotated_ms != TIME_UNKNOWN && s->last_rotated_ms >= created;
    s->current_since_ms = rotated ? s->last_rotated_ms : created;
    s->current_since_exact = rotated;
}

static void find_pending_since(struct secret_snap *s, const struct secret_snap *old, int64_t now)
{
    s->pending_since_ms = TIME_UNKNOWN;
    if (s->pending_id[0] == '\0' || strcmp(s->pending_id, s->current_id) == 0)
        return;
    s->pending_since_ms = created_of(s, s->pending_id);
    if (s->pending_since_ms == TIME_UNKNOWN)
        s->pending_since_ms = old != NULL && strcmp(old->pending_id, s->pending_id) == 0 ? old->pending_since_ms : now;
}

void secret_sort_versions(struct secret_snap *s)
{
    qsort(s->versions, s->nversions, sizeof s->versions[0], version_order);
}

void secret_keep_dates(struct secret_snap *s, const struct secret_snap *old)
{
    for (size_t i = 0; old != NULL && i < s->nversions; i++)
        for (size_t j = 0; j < old->nversions; j++)
            if (strcmp(s->versions[i].id, old->versions[j].id) == 0)
                s->versions[i].created_ms = old->versions[j].created_ms;
    secret_sort_versions(s);
}

void secret_find_since(struct secret_snap *s, const struct secret_snap *old, int64_t now_wall_ms)
{
    find_current_since(s, old, now_wall_ms);
    find_pending_since(s, old, now_wall_ms);
}
