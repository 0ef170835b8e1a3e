#include "tests/sandbox/awsim_seed.h"

#include <openssl/evp.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_logs.h"
#include "tests/sandbox/awsim_seeding.h"

static bool is_account(const char *s)
{
    return strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

/* ------------------------------------------------------------ accounts */

void seed_denials(struct seeding *s, const json_t *o, bool denied[SIM_OPS])
{
    const json_t *list = check_list(&s->check, o, "deny", SIM_OPS);
    size_t i;
    json_t *name;
    json_array_foreach(list, i, name)
    {
        enum sim_op op = json_is_string(name) ? sim_op_find_any(json_string_value(name)) : SIM_OPS;
        if (op == SIM_OPS)
            (void)check_fail(&s->check, "deny", "each must be the name of a simulated operation");
        else
            denied[op] = true;
    }
}

static void seed_key(struct seeding *s, const json_t *o, const char *account)
{
    static const char *const known[] = {"id", "secret", "token", "arn", "user_id", "deny", "expires_in_s", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    bool denied[SIM_OPS] = {false};
    const char *id = check_need_text(c, o, "id", 16, 128), *secret = check_need_text(c, o, "secret", 1, 256);
    const char *token = check_text(c, o, "token", 1, 4096), *arn = check_need_text(c, o, "arn", 20, 2048);
    const char *user_id = check_need_text(c, o, "user_id", 1, 256);
    if (strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != strlen(id))
        (void)check_fail(c, "id", "must be letters, digits and _ alone");
    if (strpbrk(arn, "<>&") || strpbrk(user_id, "<>&"))
        (void)check_fail(c, "arn", "and user_id must be without < > &");
    if (sim_key_find(s->sim, id))
        (void)check_fail(c, "id", "is there twice");
    int64_t in_s = check_int(c, o, "expires_in_s", -SEED_YEARS_S, SEED_YEARS_S, INT64_MIN);
    seed_denials(s, o, denied);
    if (c->failed)
        return;
    struct sim_key *k = sim_add_key(s->sim);
    str_copy(k->id, sizeof k->id, id);
    str_copy(k->account, sizeof k->account, account);
    k->secret = mem_copy_str(secret);
    k->token = mem_copy_str(token);
    k->arn = mem_copy_str(arn);
    k->user_id = mem_copy_str(user_id);
    if (in_s != INT64_MIN)
        k->expires_ms = s->now_ms + 1000 * in_s;
    memcpy(k->denied, denied, sizeof k->denied);
}

static void seed_account(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"id", "keys", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    const char *id = check_need_text(c, o, "id", 12, 12);
    if (!is_account(id))
        (void)check_fail(c, "id", "must be 12 digits");
    if (sim_has_account(s->sim, id))
        (void)check_fail(c, "id", "is there twice");
    const json_t *keys = check_list(c, o, "keys", SEED_LISTED_MAX);
    char outer[256];
    size_t i;
    json_t *key;
    if (!c->failed)
        sim_add_account(s->sim, id);
    json_array_foreach(keys, i, key)
    {
        if (c->failed)
            return;
        check_enter(c, "keys", i, outer);
        seed_key(s, key, id);
        check_leave(c, outer);
    }
}

struct realm *seed_realm(struct seeding *s, const json_t *o)
{
    struct check *c = &s->check;
    const char *account = check_need_text(c, o, "account", 12, 12), *region = check_need_text(c, o, "region", 1, 31);
    if (!c->failed && !sim_has_account(s->sim, account))
        (void)check_fail(c, "account", "must be the id of one of $.accounts");
    struct realm *r = c->failed ? NULL : sim_realm(s->sim, account, region);
    if (!r)
        (void)check_fail(c, "region", "must be small letters, digits and -, at most %d in all", SIM_REALMS_MAX);
    return r;
}

/* ------------------------------------------------------------- secrets */

static void seed_binary(struct seeding *s, const char *text, struct vault_version *v)
{
    size_t n = strlen(text);
    unsigned char *bytes = mem_new(n + 1);
    int len = n % 4 == 0 && n > 0 ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)n) : -1;
    int padding = n < 2 ? 0 : (text[n - 1] == '=') + (text[n - 2] == '=');
    if (len < 0)
        (void)check_fail(&s->check, "binary_base64", "must be base64");
    else
        version_set_value(v, bytes, (size_t)(len - padding), true);
    secret_wipe(bytes, n);
    free(bytes);
}

static void seed_labels(struct seeding *s, const json_t *o, struct vault_secret *secret, struct vault_version *v)
{
    const json_t *labels = check_list(&s->check, o, "stages", VAULT_LABELS_MAX);
    size_t i;
    json_t *label;
    json_array_foreach(labels, i, label)
    {
        const char *name = json_string_value(label);
        if (!name || strlen(name) < 1 || strlen(name) > 256) {
            (void)check_fail(&s->check, "stages", "each must be a text of 1 to 256 bytes");
        } else if (vault_labelled(secret, name)) {
            (void)check_fail(&s->check, "stages", "%.60s is on two versions", name);
        } else {
            v->labels[v->nlabels++] = mem_copy_str(name);
        }
    }
}

static void seed_version(struct seeding *s, const json_t *o, struct vault_secret *secret)
{
    static const char *const known[] = {"id", "stages", "created_ago_s", "string", "binary_base64", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    const char *id = check_need_text(c, o, "id", 32, 64);
    const char *string = check_text(c, o, "string", 1, VAULT_VALUE_MAX);
    const char *binary = check_text(c, o, "binary_base64", 4, VAULT_VALUE_MAX * 4 / 3 + 4);
    int64_t ago_s = check_int(c, o, "created_ago_s", 0, SEED_YEARS_S, 0);
    if (string && binary)
        (void)check_fail(c, "string", "and binary_base64 exclude each other");
    if (vault_version(secret, id))
        (void)check_fail(c, "id", "is there twice");
    if (c->failed)
        return;
    struct vault_version *v = vault_add_version(secret, id, s->now_ms);
    if (!v) {
        (void)check_fail(c, "", "a secret has up to %d versions", VAULT_VERSIONS_MAX);
        return;
    }
    v->created_ms = s->now_ms - ago_s * 1000;
    if (string)
        version_set_value(v, string, strlen(string), false);
    if (binary)
        seed_binary(s, binary, v);
    seed_labels(s, o, secret, v);
}

static void seed_rotation(struct seeding *s, const json_t *o, struct vault_secret *secret)
{
    static const char *const known[] = {"enabled", "days", "function", NULL};
    const json_t *r = json_object_get(o, "rotation");
    struct check *c = &s->check;
    if (!r || json_is_null(r))
        return;
    char outer[256];
    check_enter(c, "rotation", SIZE_MAX, outer);
    if (check_members(c, r, known)) {
        secret->rotation_known = true;
        secret->rotation_enabled = check_bool(c, r, "enabled", true);
        secret->rotation_days = (int)check_int(c, r, "days", 1, 1000, 0);
        secret->rotation_function = mem_copy_str(check_text(c, r, "function", 1, 2048));
    }
    check_leave(c, outer);
}

static void seed_dates(struct seeding *s, const json_t *o, struct vault_secret *secret)
{
    struct check *c = &s->check;
    secret->created_ms = s->now_ms - 1000 * check_int(c, o, "created_ago_s", 0, SEED_YEARS_S, 0);
    int64_t rotated = check_int(c, o, "last_rotated_ago_s", 0, SEED_YEARS_S, -1);
    int64_t next = check_int(c, o, "next_rotation_in_s", -SEED_YEARS_S, SEED_YEARS_S, INT64_MIN);
    int64_t deleted = check_int(c, o, "deleted_in_s", 0, SEED_YEARS_S, -1);
    if (rotated >= 0)
        secret->rotated_ms = s->now_ms - 1000 * rotated;
    if (next != INT64_MIN)
        secret->next_rotation_ms = s->now_ms + 1000 * next;
    if (deleted >= 0)
        secret->deleted_ms = s->now_ms + 1000 * deleted;
}

#define TAGS_MAX 8192

/* {"team": "payments"}: as lines, which is how the vault keeps them. */
static void seed_tags(struct seeding *s, const json_t *o, struct vault_secret *secret)
{
    json_t *tags = json_object_get(o, "tags"), *value;
    const char *key;
    char lines[TAGS_MAX] = "";
    if (!tags)
        return;
    if (!json_is_object(tags)) {
        (void)check_fail(&s->check, "tags", "must be an object of texts");
        return;
    }
    json_object_foreach(tags, key, value)
    {
        size_t n = strlen(lines);
        if (!json_is_string(value) || strpbrk(key, "=\n") || strchr(json_string_value(value), '\n')) {
            (void)check_fail(&s->check, "tags", "must be texts; no line feed, and no '=' in a name");
            return;
        }
        str_fmt(lines + n, sizeof lines - n, "%s=%s\n", key, json_string_value(value));
    }
    secret->tags = mem_copy_str(lines);
}

static void seed_secret(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"account",
                                        "region",
                                        "name",
                                        "description",
                                        "rotation",
                                        "last_rotated_ago_s",
                                        "next_rotation_in_s",
                                        "created_ago_s",
                                        "owning_service",
                                        "tags",
                                        "deleted_in_s",
                                        "versions",
                                        NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    struct realm *realm = seed_realm(s, o);
    const char *name = check_need_text(c, o, "name", 1, 512);
    if (realm && vault_find(&realm->vault, name))
        (void)check_fail(c, "name", "is there twice in this account and region");
    if (c->failed)
        return;
    struct vault_secret *secret = vault_add(&realm->vault, realm->account, realm->region, name, s->now_ms);
    secret->description = mem_copy_str(check_text(c, o, "description", 0, 2048));
    secret->owning_service = mem_copy_str(check_text(c, o, "owning_service", 1, 128));
    seed_tags(s, o, secret);
    seed_dates(s, o, secret);
    seed_rotation(s, o, secret);
    const json_t *versions = check_list(c, o, "versions", VAULT_VERSIONS_MAX);
    char outer[256];
    size_t i;
    json_t *version;
    json_array_foreach(versions, i, version)
    {
        if (c->failed)
            return;
        check_enter(c, "versions", i, outer);
        seed_version(s, version, secret);
        check_leave(c, outer);
    }
    secret->changed_ms = secret->created_ms;
    for (size_t k = 0; k < secret->nversions; k++)
        if (secret->versions[k]->created_ms > secret->changed_ms)
            secret->changed_ms = secret->versions[k]->created_ms;
}

static void seed_group(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"account", "region", "name", "retention_days", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    struct realm *realm = seed_realm(s, o);
    const char *name = check_need_text(c, o, "name", 1, 512);
    int days = (int)check_int(c, o, "retention_days", 1, 3653, 0);
    if (!logs_group_name_ok(name))
        (void)check_fail(c, "name", "must be letters, digits and . _ / # - alone");
    if (!c->failed)
        store_add_group(&realm->store, name, s->now_ms)->retention_days = days;
}

/* ---------------------------------------------------------------- whole */

void seed_all(struct seeding *s, const json_t *root, const char *member,
              void (*one)(struct seeding *s, const json_t *o))
{
    const json_t *list = check_list(&s->check, root, member, SEED_LISTED_MAX);
    char outer[256];
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o)
    {
        if (s->check.failed)
            return;
        check_enter(&s->check, member, i, outer);
        one(s, o);
        check_leave(&s->check, outer);
    }
}

static void seed_paging(struct seeding *s, const json_t *root)
{
    static const char *const known[] = {"list_secrets_max", "list_empty_every", "filter_max", NULL};
    const json_t *o = json_object_get(root, "paging");
    if (!o || json_is_null(o))
        return;
    char outer[256];
    check_enter(&s->check, "paging", SIZE_MAX, outer);
    if (check_members(&s->check, o, known)) {
        s->sim->paging.list_secrets_max = (int)check_int(&s->check, o, "list_secrets_max", 1, 100, 0);
        s->sim->paging.list_empty_every = (int)check_int(&s->check, o, "list_empty_every", 2, 1000, 0);
        s->sim->paging.filter_max = (int)check_int(&s->check, o, "filter_max", 1, 10000, 0);
    }
    check_leave(&s->check, outer);
}

bool seed_read(struct sim *sim, const char *file, char *out_message, size_t size)
{
    static const char *const known[] = {"accounts", "secrets",  "log_groups", "paging",    "roles", "web_identities",
                                        "sso",      "instance", "container",  "functions", "rotation_ca", NULL};
    struct seeding s = {.sim = sim, .check = {.what = file, .path = "$"}, .now_ms = sim_now_ms(sim)};
    json_error_t error;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        str_fmt(out_message, size, "%s:%d:%d: %s", file, error.line, error.column, error.text);
        return false;
    }
    if (check_members(&s.check, root, known)) {
        seed_all(&s, root, "accounts", seed_account);
        if (sim->naccounts == 0)
            (void)check_fail(&s.check, "accounts", "is needed: a list of at least one");
        seed_identity(&s, root);
        seed_all(&s, root, "secrets", seed_secret);
        seed_all(&s, root, "log_groups", seed_group);
        seed_functions(&s, root);
        seed_paging(&s, root);
        sim->rotations.ca = mem_copy_str(check_text(&s.check, root, "rotation_ca", 1, 1023));
    }
    json_decref(root);
    if (s.check.failed)
        str_copy(out_message, size, s.check.message);
    return !s.check.failed;
}
