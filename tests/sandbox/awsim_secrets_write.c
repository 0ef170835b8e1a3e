/* Secrets Manager, the operations that change something. */
#include <openssl/evp.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "tests/sandbox/awsim_listed.h"
#include "tests/sandbox/awsim_secrets.h"

/* The value a call carries. */
struct given {
    bool there, is_binary;
    const char *bytes;
    size_t len;
    char *decoded; /* owned, when binary */
};

static void given_clear(struct given *g)
{
    if (g->decoded)
        secret_wipe(g->decoded, g->len);
    MEM_FREE(g->decoded);
}

static bool decode_binary(struct call *c, const char *text, struct given *g)
{
    size_t n = strlen(text);
    size_t padding = n < 2 ? 0 : (size_t)((text[n - 1] == '=') + (text[n - 2] == '='));
    g->decoded = mem_new(n + 1);
    int len = n % 4 == 0 ? EVP_DecodeBlock((unsigned char *)g->decoded, (const unsigned char *)text, (int)n) : -1;
    if (len < 0) {
        call_fail(c, "SerializationException", "'SecretBinary' is not base64");
        return false;
    }
    g->bytes = g->decoded;
    g->len = (size_t)len - padding;
    g->is_binary = g->there = true;
    return true;
}

static bool read_given(struct call *c, struct given *g)
{
    const char *string = NULL, *binary = NULL;
    *g = (struct given){0};
    if (!arg_text(c, "SecretString", 1, VAULT_VALUE_MAX, &string) ||
        !arg_text(c, "SecretBinary", 1, VAULT_VALUE_MAX * 4 / 3 + 4, &binary))
        return false;
    if (string && binary) {
        call_fail(c, CALL_INVALID,
                  "You can't specify both a binary secret value and a string secret value in the same secret.");
        return false;
    }
    if (binary)
        return decode_binary(c, binary, g);
    if (string)
        *g = (struct given){
            .there = true, .bytes = string, .len = json_string_length(json_object_get(c->in, "SecretString"))};
    return true;
}

static bool read_token(struct call *c, const char **out)
{
    *out = NULL;
    if (!arg_text(c, "ClientRequestToken", 0, 1024, out))
        return false;
    if (!*out) {
        call_fail(c, "InvalidRequestException",
                  "You must provide a ClientRequestToken value. We recommend a UUID-type value.");
        return false;
    }
    if (strlen(*out) >= 32 && strlen(*out) <= 64)
        return true;
    call_fail(c, CALL_INVALID, "ClientRequestToken must be 32-64 characters long.");
    return false;
}

/* The version the token names, now with the value: a new one, an empty one filled, or
 * one that holds these very bytes already (*out_same).  NULL: answered. */
static struct vault_version *version_for(struct call *c, struct vault_secret *s, const char *token,
                                         const struct given *g, bool *out_same)
{
    struct vault_version *v = vault_version(s, token);
    *out_same = v && v->has_value;
    if (*out_same) {
        if (v->is_binary == g->is_binary && v->len == g->len && memcmp(v->bytes, g->bytes, g->len) == 0)
            return v;
        call_fail(
            c, "ResourceExistsException",
            "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.",
            token, s->arn);
        return NULL;
    }
    if (!v)
        v = vault_add_version(s, token, c->now_ms);
    if (!v)
        call_fail(c, "LimitExceededException", "The secret has %d versions, which is the most it can have.",
                  VAULT_VERSIONS_MAX);
    else
        version_set_value(v, g->bytes, g->len, g->is_binary);
    return v;
}

static json_t *version_answer(const struct vault_secret *s, const struct vault_version *v)
{
    return json_pack("{ss ss ss}", "ARN", s->arn, "Name", s->name, "VersionId", v->id);
}

void secrets_put_value(struct call *c)
{
    const char *token;
    json_t *stages = NULL, *stage;
    struct given g = {0};
    bool same;
    struct vault_secret *s = secrets_named(c);
    if (!s || !secrets_not_deleted(c, s) || !secrets_not_managed(c, s) || !read_token(c, &token) ||
        !arg_list(c, "VersionStages", 1, VAULT_LABELS_MAX, &stages))
        return;
    if (!read_given(c, &g))
        goto out;
    if (!g.there) {
        call_fail(c, CALL_INVALID, "You must provide either SecretString or SecretBinary.");
        goto out;
    }
    listed_keep(c->sim, s, c->now_ms, false);
    struct vault_version *v = version_for(c, s, token, &g, &same);
    if (!v)
        goto out;
    if (!same) {
        /* The first value of a secret is always the current one, whatever else it is called. */
        if (!stages || !vault_labelled(s, LABEL_CURRENT_NAME))
            (void)vault_move_label(s, LABEL_CURRENT_NAME, v);
        size_t i;
        json_array_foreach(stages, i, stage)(void) vault_move_label(s, json_string_value(stage), v);
        s->changed_ms = c->now_ms;
    }
    json_t *out = version_answer(s, v), *labels = json_array();
    for (size_t i = 0; i < v->nlabels; i++)
        (void)json_array_append_new(labels, json_string(v->labels[i]));
    (void)json_object_set_new(out, "VersionStages", labels);
    call_answer(c, out);
out:
    given_clear(&g);
}

static bool may_create(struct call *c, const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+=.@-";
    if (strspn(name, allowed) != strlen(name)) {
        call_fail(c, "ValidationException",
                  "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
                  "-/_+=.@!");
        return false;
    }
    if (c->realm->vault.nsecrets >= VAULT_SECRETS_MAX) {
        call_fail(c, "LimitExceededException", "awsim holds up to %d secrets", VAULT_SECRETS_MAX);
        return false;
    }
    return true;
}

void secrets_create(struct call *c)
{
    const char *name, *text = NULL, *token;
    struct given g = {0};
    if (!arg_need_text(c, "Name", 1, 512, &name) || !arg_text(c, "Description", 0, 2048, &text) ||
        !read_token(c, &token) || !may_create(c, name))
        return;
    struct vault_secret *s = vault_find(&c->realm->vault, name);
    if (!read_given(c, &g))
        goto out;
    if (s && s->deleted_ms >= 0) {
        call_fail(c, "InvalidRequestException",
                  "You can't create this secret because a secret with this name is already scheduled for deletion.");
        goto out;
    }
    if (s) {
        /* The same request once more is a success; anything else is a clash. */
        const struct vault_version *v = vault_version(s, token);
        if (v && v->has_value && g.there && v->len == g.len && memcmp(v->bytes, g.bytes, g.len) == 0)
            call_answer(c, version_answer(s, v));
        else
            call_fail(c, "ResourceExistsException", "The operation failed because the secret %s already exists.", name);
        goto out;
    }
    s = vault_add(&c->realm->vault, c->realm->account, c->realm->region, name, c->now_ms);
    listed_keep(c->sim, s, c->now_ms, true);
    s->description = mem_copy_str(text);
    struct vault_version *v = g.there ? vault_add_version(s, token, c->now_ms) : NULL;
    if (v) {
        version_set_value(v, g.bytes, g.len, g.is_binary);
        (void)vault_move_label(s, LABEL_CURRENT_NAME, v);
    }
    call_answer(c, v ? version_answer(s, v) : json_pack("{ss ss}", "ARN", s->arn, "Name", s->name));
out:
    given_clear(&g);
}

/* The label moves only for a caller who knows where it is: a compare-and-swap. */
static bool may_move(struct call *c, const struct vault_secret *s, const char *label, const char *from, const char *to)
{
    const struct vault_version *holder = vault_labelled(s, label);
    if ((from && !vault_version(s, from)) || (to && !vault_version(s, to))) {
        call_fail(c, CALL_NOT_FOUND, "Secrets Manager can't find the specified secret version: %s",
                  to && !vault_version(s, to) ? to : from);
        return false;
    }
    if (from && (!holder || strcmp(holder->id, from) != 0)) {
        call_fail(c, CALL_INVALID, "Staging label %s is not currently attached to version %s.", label, from);
        return false;
    }
    if (holder && !from && !(to && strcmp(holder->id, to) == 0)) {
        call_fail(
            c, CALL_INVALID,
            "The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, "
            "so you must explicitly reference that version in RemoveFromVersionId.",
            label, holder->id);
        return false;
    }
    if (!to && strcmp(label, LABEL_CURRENT_NAME) == 0) {
        call_fail(c, CALL_INVALID,
                  "You can only move staging label AWSCURRENT to a different secret version. It can't be completely "
                  "removed.");
        return false;
    }
    if (from || to)
        return true;
    call_fail(c, CALL_INVALID, "You must provide RemoveFromVersionId or MoveToVersionId.");
    return false;
}

void secrets_update_stage(struct call *c)
{
    const char *label, *from = NULL, *to = NULL;
    struct vault_secret *s = secrets_named(c);
    if (!s || !arg_need_text(c, "VersionStage", 1, 256, &label) || !arg_text(c, "RemoveFromVersionId", 32, 64, &from) ||
        !arg_text(c, "MoveToVersionId", 32, 64, &to) || !secrets_not_deleted(c, s) ||
        !secrets_not_managed(c, s) || !may_move(c, s, label, from, to))
        return;
    struct vault_version *v = to ? vault_version(s, to) : NULL;
    bool is_rotation = v && strcmp(label, LABEL_CURRENT_NAME) == 0 && s->rotation_enabled &&
                       version_has_label(v, LABEL_PENDING_NAME) && !version_has_label(v, LABEL_CURRENT_NAME);
    listed_keep(c->sim, s, c->now_ms, false);
    if (!vault_move_label(s, label, v)) {
        call_fail(c, "LimitExceededException", "A version can have up to %d staging labels.", VAULT_LABELS_MAX);
        return;
    }
    s->changed_ms = c->now_ms;
    if (is_rotation)
        vault_mark_rotated(s, c->now_ms);
    call_answer(c, json_pack("{ss ss}", "ARN", s->arn, "Name", s->name));
}
