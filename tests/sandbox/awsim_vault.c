#include "tests/sandbox/awsim_vault.h"

#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_arn.h"

#define DAY_MS (24LL * 3600 * 1000)

static void version_free(struct vault_version *v)
{
    if (v->bytes)
        secret_wipe(v->bytes, v->len);
    free(v->bytes);
    for (size_t i = 0; i < v->nlabels; i++)
        free(v->labels[i]);
    free(v);
}

void vault_clear(struct vault *v)
{
    for (size_t i = 0; i < v->nsecrets; i++) {
        struct vault_secret *s = v->secrets[i];
        for (size_t k = 0; k < s->nversions; k++)
            version_free(s->versions[k]);
        free(s->versions);
        free(s->name);
        free(s->arn);
        free(s->description);
        free(s->owning_service);
        free(s->tags);
        free(s->listed);
        free(s->rotation_function);
        free(s);
    }
    free(v->secrets);
    *v = (struct vault){0};
}

/* "-" and six letters or digits at the end: such an ARN is taken for a whole one. */
static bool ends_like_arn(const char *id)
{
    size_t n = strlen(id);
    if (n < 7 || id[n - 7] != '-')
        return false;
    for (const char *p = id + n - 6; *p; p++)
        if (!((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')))
            return false;
    return true;
}

struct vault_secret *vault_find(const struct vault *v, const char *id)
{
    bool is_arn = strncmp(id, "arn:", 4) == 0;
    for (size_t i = 0; i < v->nsecrets; i++) {
        struct vault_secret *s = v->secrets[i];
        if (strcmp(is_arn ? s->arn : s->name, id) == 0)
            return s;
    }
    if (!is_arn || ends_like_arn(id))
        return NULL;
    for (size_t i = 0; i < v->nsecrets; i++) {
        size_t without_suffix = strlen(v->secrets[i]->arn) - 7;
        if (strlen(id) == without_suffix && strncmp(v->secrets[i]->arn, id, without_suffix) == 0)
            return v->secrets[i];
    }
    return NULL;
}

/* The six characters of the ARN are drawn from the name, so that a sandbox started
 * again has the same ARNs. */
static char *secret_arn(const char *account, const char *region, const char *name)
{
    static const char alphabet[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789";
    char text[1024], hex[65], suffix[7] = "";
    str_fmt(text, sizeof text, "%s/%s/%s", account, region, name);
    sigv4_sha256_hex(text, strlen(text), hex);
    for (size_t i = 0; i < 6; i++)
        suffix[i] = alphabet[((unsigned char)hex[4 * i] * 7u + (unsigned char)hex[4 * i + 1] * 13u +
                              (unsigned char)hex[4 * i + 2]) %
                             (sizeof alphabet - 1)];
    struct strbuf b;
    strbuf_init(&b, 2048);
    strbuf_fmt(&b, "arn:%s:secretsmanager:%s:%s:secret:%s-%s", arn_partition(region), region, account, name, suffix);
    return strbuf_take(&b);
}

struct vault_secret *vault_add(struct vault *v, const char *account, const char *region, const char *name,
                               int64_t now_ms)
{
    struct vault_secret *s = mem_new(sizeof *s);
    s->name = mem_copy_str(name);
    s->arn = secret_arn(account, region, name);
    s->serial = ++v->serial;
    s->created_ms = s->changed_ms = now_ms;
    s->rotated_ms = s->next_rotation_ms = s->deleted_ms = s->accessed_ms = -1;
    v->secrets = mem_grow(v->secrets, v->nsecrets + 1, sizeof(struct vault_secret *));
    v->secrets[v->nsecrets++] = s;
    return s;
}

struct vault_version *vault_version(const struct vault_secret *s, const char *id)
{
    for (size_t i = 0; i < s->nversions; i++)
        if (strcmp(s->versions[i]->id, id) == 0)
            return s->versions[i];
    return NULL;
}

bool version_has_label(const struct vault_version *v, const char *label)
{
    for (size_t i = 0; i < v->nlabels; i++)
        if (strcmp(v->labels[i], label) == 0)
            return true;
    return false;
}

struct vault_version *vault_labelled(const struct vault_secret *s, const char *label)
{
    for (size_t i = 0; i < s->nversions; i++)
        if (version_has_label(s->versions[i], label))
            return s->versions[i];
    return NULL;
}

/* Drops deprecated versions, oldest first, which the service keeps for a day. */
static void prune(struct vault_secret *s, int64_t now_ms)
{
    size_t i = 0;
    while (s->nversions >= VAULT_VERSIONS_MAX && i < s->nversions) {
        struct vault_version *v = s->versions[i];
        if (v->nlabels > 0 || now_ms - v->created_ms < DAY_MS) {
            i++;
            continue;
        }
        version_free(v);
        s->nversions--;
        memmove(s->versions + i, s->versions + i + 1, (s->nversions - i) * sizeof(struct vault_version *));
    }
}

struct vault_version *vault_add_version(struct vault_secret *s, const char *id, int64_t now_ms)
{
    prune(s, now_ms);
    if (s->nversions >= VAULT_VERSIONS_MAX)
        return NULL;
    struct vault_version *v = mem_new(sizeof *v);
    str_copy(v->id, sizeof v->id, id);
    v->created_ms = now_ms;
    v->accessed_ms = -1;
    s->versions = mem_grow(s->versions, s->nversions + 1, sizeof(struct vault_version *));
    s->versions[s->nversions++] = v;
    return v;
}

void version_set_value(struct vault_version *v, const void *bytes, size_t n, bool is_binary)
{
    if (v->bytes)
        secret_wipe(v->bytes, v->len);
    free(v->bytes);
    v->bytes = mem_copy_bytes(bytes, n);
    v->len = n;
    v->is_binary = is_binary;
    v->has_value = true;
}

static void label_drop(struct vault_version *v, const char *label)
{
    for (size_t i = 0; i < v->nlabels; i++) {
        if (strcmp(v->labels[i], label) != 0)
            continue;
        free(v->labels[i]);
        v->nlabels--;
        memmove(v->labels + i, v->labels + i + 1, (v->nlabels - i) * sizeof(char *));
        return;
    }
}

static void label_put(struct vault_secret *s, const char *label, struct vault_version *to)
{
    for (size_t i = 0; i < s->nversions; i++)
        if (s->versions[i] != to)
            label_drop(s->versions[i], label);
    if (to && !version_has_label(to, label))
        to->labels[to->nlabels++] = mem_copy_str(label);
}

bool vault_move_label(struct vault_secret *s, const char *label, struct vault_version *to)
{
    if (to && version_has_label(to, label))
        return true;
    if (to && to->nlabels >= VAULT_LABELS_MAX)
        return false;
    struct vault_version *from = vault_labelled(s, label);
    label_put(s, label, to);
    if (from && to && strcmp(label, LABEL_CURRENT_NAME) == 0)
        label_put(s, LABEL_PREVIOUS_NAME, from);
    return true;
}

void vault_mark_rotated(struct vault_secret *s, int64_t now_ms)
{
    s->rotated_ms = s->changed_ms = now_ms;
    if (s->rotation_enabled && s->rotation_days > 0)
        s->next_rotation_ms = now_ms + s->rotation_days * DAY_MS;
}
