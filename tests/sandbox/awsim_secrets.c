/* Secrets Manager, the operations that change nothing. */
#include <openssl/evp.h>

#include "backend/base/mem.h"
#include "tests/sandbox/awsim_listed.h"
#include "tests/sandbox/awsim_secrets.h"

#define DAY_MS (24LL * 3600 * 1000)

struct vault_secret *secrets_named(struct call *c)
{
    const char *id;
    if (!arg_need_text(c, "SecretId", 1, 2048, &id))
        return NULL;
    if (strncmp(id, "arn:", 4) == 0 && !arn_field_is(id, 4, c->realm->account)) {
        call_fail(c, "AccessDeniedException",
                  "User: %s is not authorized to perform: secretsmanager:%s on resource: %s because no resource-based "
                  "policy allows the secretsmanager:%s action",
                  c->key->arn, sim_op_row(c->op)->name, id, sim_op_row(c->op)->name);
        return NULL;
    }
    struct vault_secret *s = vault_find(&c->realm->vault, id);
    if (!s)
        call_fail(c, CALL_NOT_FOUND, "Secrets Manager can't find the specified secret.");
    return s;
}

bool secrets_not_deleted(struct call *c, const struct vault_secret *s)
{
    if (s->deleted_ms < 0)
        return true;
    call_fail(c, "InvalidRequestException",
              "You can't perform this operation on the secret because it was marked for deletion.");
    return false;
}

static void set_date(json_t *o, const char *name, int64_t ms)
{
    if (ms >= 0)
        (void)json_object_set_new(o, name, json_seconds(ms));
}

static void set_text(json_t *o, const char *name, const char *s)
{
    if (s)
        (void)json_object_set_new(o, name, json_string(s));
}

static json_t *labels_json(const struct vault_version *v)
{
    json_t *list = json_array();
    for (size_t i = 0; i < v->nlabels; i++)
        (void)json_array_append_new(list, json_string(v->labels[i]));
    return list;
}

static json_t *tags_json(const char *tags)
{
    json_t *list = json_array();
    for (const char *line = tags; *line; line += strcspn(line, "\n") + 1) {
        size_t key = strcspn(line, "="), all = strcspn(line, "\n");
        (void)json_array_append_new(list, json_pack("{ss%ss%}", "Key", line, key, "Value", line + key + 1, all - key - 1));
    }
    return list;
}

/* What ListSecrets and DescribeSecret share; members without a value are left out. */
json_t *secrets_description(const struct vault_secret *s, const char *map_name)
{
    json_t *o = json_object(), *map = json_object();
    set_text(o, "ARN", s->arn);
    set_text(o, "Name", s->name);
    set_text(o, "Description", s->description);
    if (s->rotation_known) {
        (void)json_object_set_new(o, "RotationEnabled", json_boolean(s->rotation_enabled));
        set_text(o, "RotationLambdaARN", s->rotation_function);
        if (s->rotation_days > 0)
            (void)json_object_set_new(o, "RotationRules",
                                      json_pack("{si}", "AutomaticallyAfterDays", s->rotation_days));
    }
    set_date(o, "LastRotatedDate", s->rotated_ms);
    set_date(o, "LastChangedDate", s->changed_ms);
    set_date(o, "LastAccessedDate", s->accessed_ms);
    set_date(o, "DeletedDate", s->deleted_ms);
    set_date(o, "NextRotationDate", s->next_rotation_ms);
    set_date(o, "CreatedDate", s->created_ms);
    set_text(o, "OwningService", s->owning_service);
    if (s->tags)
        (void)json_object_set_new(o, "Tags", tags_json(s->tags));
    for (size_t i = 0; i < s->nversions; i++)
        if (s->versions[i]->nlabels > 0)
            (void)json_object_set_new(map, s->versions[i]->id, labels_json(s->versions[i]));
    if (json_object_size(map) > 0)
        (void)json_object_set(o, map_name, map);
    json_decref(map);
    return o;
}

void secrets_describe(struct call *c)
{
    const struct vault_secret *s = secrets_named(c);
    if (s)
        call_answer(c, secrets_description(s, "VersionIdsToStages"));
}

/* ------------------------------------------------------------- GetSecretValue */

static const struct vault_version *version_wanted(struct call *c, const struct vault_secret *s, const char *id,
                                                  const char *label)
{
    const struct vault_version *v = id ? vault_version(s, id) : vault_labelled(s, label ? label : LABEL_CURRENT_NAME);
    if (v && id && label && !version_has_label(v, label)) {
        call_fail(c, CALL_NOT_FOUND, "You provided a VersionStage that is not associated to the provided VersionId.");
        return NULL;
    }
    if (v && v->has_value)
        return v;
    if (id)
        call_fail(c, CALL_NOT_FOUND, "Secrets Manager can't find the specified secret value for VersionId: %s", id);
    else
        call_fail(c, CALL_NOT_FOUND, "Secrets Manager can't find the specified secret value for staging label: %s",
                  label ? label : LABEL_CURRENT_NAME);
    return NULL;
}

static json_t *base64_json(const void *bytes, size_t n)
{
    unsigned char *text = mem_array(n / 3 + 2, 4);
    int len = EVP_EncodeBlock(text, bytes, (int)n);
    json_t *v = json_stringn((const char *)text, (size_t)len);
    free(text);
    return v;
}

void secrets_get_value(struct call *c)
{
    const char *id = NULL, *label = NULL;
    struct vault_secret *s = secrets_named(c);
    if (!s || !arg_text(c, "VersionId", 32, 64, &id) || !arg_text(c, "VersionStage", 1, 256, &label))
        return;
    if (!secrets_not_deleted(c, s))
        return;
    const struct vault_version *v = version_wanted(c, s, id, label);
    if (!v)
        return;
    s->accessed_ms = c->now_ms / DAY_MS * DAY_MS;
    vault_version(s, v->id)->accessed_ms = s->accessed_ms;
    json_t *value = v->is_binary ? base64_json(v->bytes, v->len) : json_stringn(v->bytes, v->len);
    call_answer(c, json_pack("{ss ss ss so so so}", "ARN", s->arn, "Name", s->name, "VersionId", v->id,
                             v->is_binary ? "SecretBinary" : "SecretString", value, "VersionStages", labels_json(v),
                             "CreatedDate", json_seconds(v->created_ms)));
}

/* ------------------------------------------------------- ListSecretVersionIds */

void secrets_list_versions(struct call *c)
{
    struct vault_secret *s = secrets_named(c);
    const char *token = NULL;
    int64_t max = 100, from = 0;
    bool deprecated = false;
    if (!s || !arg_int(c, "MaxResults", 1, 100, &max) || !arg_text(c, "NextToken", 1, 4096, &token) ||
        !arg_bool(c, "IncludeDeprecated", &deprecated))
        return;
    char place[TOKEN_PLACE_MAX], next[TOKEN_MAX];
    if (token && (!call_token_open(c, token, place) || !str_to_i64(place, strlen(place), &from))) {
        call_fail(c, "InvalidNextTokenException", "You provided an invalid NextToken.");
        return;
    }
    json_t *list = json_array(), *out = json_pack("{ss ss}", "ARN", s->arn, "Name", s->name);
    size_t i = (size_t)from;
    for (; i < s->nversions && json_array_size(list) < (size_t)max; i++) {
        const struct vault_version *v = s->versions[i];
        if (v->nlabels == 0 && !deprecated)
            continue;
        json_t *o = json_pack("{ss so so}", "VersionId", v->id, "CreatedDate", json_seconds(v->created_ms), "KmsKeyIds",
                              json_pack("[s]", "DefaultEncryptionKey"));
        if (v->nlabels > 0)
            (void)json_object_set_new(o, "VersionStages", labels_json(v));
        set_date(o, "LastAccessedDate", v->accessed_ms);
        (void)json_array_append_new(list, o);
    }
    (void)json_object_set_new(out, "Versions", list);
    if (i < s->nversions || c->endless) {
        str_fmt(place, sizeof place, "%zu", c->endless ? (size_t)from : i);
        call_token_make(c, c->now_ms, place, next);
        set_text(out, "NextToken", next);
    }
    call_answer(c, out);
}

/* ---------------------------------------------------------------- ListSecrets */

static bool starts_with(const char *s, const char *prefix)
{
    return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool has_word(const char *s, const char *word)
{
    return s && strcasestr(s, word) != NULL;
}

static bool filter_value_fits(const struct vault_secret *s, const char *key, const char *value)
{
    bool negate = value[0] == '!', fits = false;
    if (negate)
        value++;
    if (strcmp(key, "name") == 0)
        fits = starts_with(s->name, value);
    else if (strcmp(key, "description") == 0)
        fits = has_word(s->description, value);
    else if (strcmp(key, "owning-service") == 0)
        fits = starts_with(s->owning_service, value);
    else if (strcmp(key, "all") == 0)
        fits = has_word(s->name, value) || has_word(s->description, value);
    return fits != negate; /* no secret here has tags or a primary region */
}

/* Filters are joined by AND, the values of one by OR. */
static bool filters_fit(const struct vault_secret *s, const json_t *filters)
{
    size_t i, k;
    json_t *filter, *value;
    json_array_foreach(filters, i, filter)
    {
        bool any = false;
        json_array_foreach(json_object_get(filter, "Values"), k, value) any =
            any || filter_value_fits(s, json_string_value(json_object_get(filter, "Key")), json_string_value(value));
        if (!any)
            return false;
    }
    return true;
}

static bool filters_are_valid(struct call *c, const json_t *filters)
{
    static const char *const keys[] = {"description",    "name",           "tag-key", "tag-value",
                                       "primary-region", "owning-service", "all"};
    if (filters && !json_is_null(filters) && (!json_is_array(filters) || json_array_size(filters) > 10)) {
        call_fail(c, "ValidationException", "Filters must be a list of at most 10");
        return false;
    }
    size_t i, k;
    json_t *filter, *value;
    json_array_foreach(filters, i, filter)
    {
        const char *key = json_string_value(json_object_get(filter, "Key"));
        const json_t *values = json_object_get(filter, "Values");
        bool known = false;
        for (size_t j = 0; key && j < ARRAY_LEN(keys); j++)
            known = known || strcmp(keys[j], key) == 0;
        bool texts = json_array_size(values) >= 1 && json_array_size(values) <= 10;
        json_array_foreach(values, k, value) texts = texts && json_is_string(value);
        if (known && texts)
            continue;
        call_fail(c, "ValidationException", "Filters.%zu: Key must be one that is known, Values 1 to 10 texts", i + 1);
        return false;
    }
    return true;
}

struct listing {
    const char *token, *sort_by, *sort_order;
    int64_t max;
    bool planned_deletion;
};

struct sortable {
    const struct vault_secret *s;
    int64_t date;
    bool by_name;
};

static int sortable_compare(const void *pa, const void *pb)
{
    const struct sortable *a = pa, *b = pb;
    if (a->by_name)
        return strcmp(a->s->name, b->s->name);
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    return a->s->serial < b->s->serial ? -1 : 1;
}

static int sortable_compare_down(const void *a, const void *b)
{
    return -sortable_compare(a, b);
}

static struct sortable *sorted(const struct call *c, const struct listing *l, size_t *out_n)
{
    const struct vault *v = &c->realm->vault;
    const json_t *filters = json_object_get(c->in, "Filters");
    struct sortable *list = mem_array(v->nsecrets + 1, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < v->nsecrets; i++) {
        const struct vault_secret *s = v->secrets[i];
        if ((s->deleted_ms >= 0 && !l->planned_deletion) || !filters_fit(s, filters))
            continue;
        struct sortable *e = &list[n++];
        *e = (struct sortable){.s = s, .by_name = strcmp(l->sort_by, "name") == 0, .date = s->created_ms};
        if (strcmp(l->sort_by, "last-changed-date") == 0)
            e->date = s->changed_ms;
        if (strcmp(l->sort_by, "last-accessed-date") == 0)
            e->date = s->accessed_ms;
    }
    qsort(list, n, sizeof *list, strcmp(l->sort_order, "desc") == 0 ? sortable_compare_down : sortable_compare);
    *out_n = n;
    return list;
}

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], s) == 0)
            return true;
    return false;
}

static bool listing_read(struct call *c, struct listing *l)
{
    static const char *const orders[] = {"asc", "desc"};
    static const char *const keys[] = {"created-date", "last-accessed-date", "last-changed-date", "name"};
    *l = (struct listing){.sort_by = "created-date", .sort_order = "asc", .max = 100};
    if (!arg_int(c, "MaxResults", 1, 100, &l->max) || !arg_text(c, "NextToken", 1, 4096, &l->token) ||
        !arg_bool(c, "IncludePlannedDeletion", &l->planned_deletion) || !arg_text(c, "SortBy", 1, 64, &l->sort_by) ||
        !arg_text(c, "SortOrder", 1, 64, &l->sort_order) || !filters_are_valid(c, json_object_get(c->in, "Filters")))
        return false;
    if (is_one_of(l->sort_by, keys, ARRAY_LEN(keys)) && is_one_of(l->sort_order, orders, ARRAY_LEN(orders)))
        return true;
    call_fail(c, "ValidationException", "SortBy or SortOrder is not one that is known");
    return false;
}

/* A token names the last secret given ("0": none yet) and whether it stands for an
 * empty page, so that a client that follows tokens always gets on. */
void secrets_list(struct call *c)
{
    struct listing l;
    if (!listing_read(c, &l))
        return;
    char place[TOKEN_PLACE_MAX] = "", next[TOKEN_MAX];
    if (l.token && !call_token_open(c, l.token, place)) {
        call_fail(c, "InvalidNextTokenException", "You provided an invalid NextToken.");
        return;
    }
    const struct sim_paging *paging = &c->sim->paging;
    bool was_empty = place[0] == 'e';
    int64_t last = 0;
    (void)str_to_i64(place + was_empty, strlen(place + was_empty), &last);
    if (paging->list_secrets_max > 0 && l.max > paging->list_secrets_max)
        l.max = paging->list_secrets_max;
    c->sim->list_pages++;
    bool empty =
        c->empty_page || (paging->list_empty_every > 0 && c->sim->list_pages % (unsigned)paging->list_empty_every == 0);
    if (was_empty || !empty)
        empty = false;

    int64_t began = last;
    size_t n, i = 0;
    struct sortable *list = sorted(c, &l, &n);
    if (last > 0) {
        while (i < n && list[i].s->serial != (uint64_t)last)
            i++;
        if (i < n)
            i++;
    }
    json_t *entries = json_array(), *out = json_pack("{so}", "SecretList", entries);
    for (; !empty && i < n && json_array_size(entries) < (size_t)l.max; i++) {
        json_t *entry;
        if (listed_entry(list[i].s, c->now_ms, &entry))
            (void)json_array_append_new(entries, entry);
        last = (int64_t)list[i].s->serial;
    }
    if (empty || i < n || c->endless) {
        str_fmt(place, sizeof place, "%s%lld", empty ? "e" : "", (long long)(c->endless ? began : last));
        call_token_make(c, c->now_ms, place, next);
        set_text(out, "NextToken", next);
    }
    free(list);
    call_answer(c, out);
}
