/* Secrets Manager, the operations of a rotation. */
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "tests/sandbox/awsim_listed.h"
#include "tests/sandbox/awsim_secrets.h"

#define INVALID_REQUEST "InvalidRequestException"
#define DAY_MS (24LL * 3600 * 1000)
#define RANDOM_MAX 4096

bool secrets_not_managed(struct call *c, const struct vault_secret *s)
{
    if (!s->owning_service)
        return true;
    call_fail(c, INVALID_REQUEST,
              "This secret is managed by an AWS service (%s), and you must use that service to update it.",
              s->owning_service);
    return false;
}

static void set_text(char **field, const char *text)
{
    free(*field);
    *field = mem_copy_str(text);
}

static bool token_ok(struct call *c, const char *token)
{
    if (token && strlen(token) >= 32 && strlen(token) <= 64)
        return true;
    call_fail(c, CALL_INVALID, "ClientRequestToken must be 32-64 characters long.");
    return false;
}

/* Whether a rotation may begin; a repeat of the one under way is answered as the first was. */
static bool may_rotate(struct call *c, const struct vault_secret *s, const char *token, bool *out_repeat)
{
    const struct vault_version *pending = vault_labelled(s, LABEL_PENDING_NAME);
    const struct vault_version *named = vault_version(s, token);
    *out_repeat = named && (pending == named || version_has_label(named, LABEL_CURRENT_NAME));
    if (*out_repeat)
        return true;
    if (!s->rotation_function) {
        call_fail(c, INVALID_REQUEST, "No Lambda rotation function ARN is associated with this secret.");
        return false;
    }
    if (pending && !version_has_label(pending, LABEL_CURRENT_NAME)) {
        call_fail(c, INVALID_REQUEST, "A previous rotation isn't complete. That rotation will be reattempted.");
        return false;
    }
    return true;
}

static bool read_rules(struct call *c, struct vault_secret *s)
{
    const json_t *rules = json_object_get(c->in, "RotationRules");
    const json_t *days = json_object_get(rules, "AutomaticallyAfterDays");
    if (!rules || json_is_null(rules))
        return true;
    if (!json_is_integer(days) || json_integer_value(days) < 1 || json_integer_value(days) > 1000) {
        call_fail(c, CALL_INVALID, "RotationRules.AutomaticallyAfterDays must be 1 to 1000; awsim knows no other rule");
        return false;
    }
    s->rotation_days = (int)json_integer_value(days);
    return true;
}

void secrets_rotate(struct call *c)
{
    const char *token = NULL, *function = NULL;
    bool now = true, repeat;
    struct vault_secret *s = secrets_named(c);
    if (!s || !secrets_not_deleted(c, s) || !secrets_not_managed(c, s) ||
        !arg_text(c, "ClientRequestToken", 0, 1024, &token) || !token_ok(c, token) ||
        !arg_text(c, "RotationLambdaARN", 1, 2048, &function) || !arg_bool(c, "RotateImmediately", &now) ||
        !read_rules(c, s))
        return;
    if (function)
        set_text(&s->rotation_function, function);
    if (!may_rotate(c, s, token, &repeat))
        return;
    listed_keep(c->sim, s, c->now_ms, false);
    s->rotation_known = s->rotation_enabled = true;
    if (now && !repeat) {
        struct vault_version *v = vault_version(s, token);
        if (!v)
            v = vault_add_version(s, token, c->now_ms);
        if (!v) {
            call_fail(c, "LimitExceededException", "The secret has %d versions, which is the most it can have.",
                      VAULT_VERSIONS_MAX);
            return;
        }
        (void)vault_move_label(s, LABEL_PENDING_NAME, v);
        if (!rotation_begin(c->sim, c->realm, s, token)) {
            call_fail_status(c, 500, "InternalServiceError", "awsim runs as many rotations as it can");
            return;
        }
    } else if (!now) {
        s->next_rotation_ms = c->now_ms + s->rotation_days * DAY_MS;
    }
    s->changed_ms = c->now_ms;
    call_answer(c, json_pack("{ss ss ss}", "ARN", s->arn, "Name", s->name, "VersionId", token));
}

void secrets_cancel_rotate(struct call *c)
{
    struct vault_secret *s = secrets_named(c);
    if (!s || !secrets_not_deleted(c, s) || !secrets_not_managed(c, s))
        return;
    if (!s->rotation_known || !s->rotation_enabled) {
        call_fail(c, INVALID_REQUEST, "You tried to cancel rotation of a secret that is not enabled for rotation.");
        return;
    }
    listed_keep(c->sim, s, c->now_ms, false);
    s->rotation_enabled = false;
    s->next_rotation_ms = -1;
    s->changed_ms = c->now_ms;
    json_t *out = json_pack("{ss ss}", "ARN", s->arn, "Name", s->name);
    const struct vault_version *pending = vault_labelled(s, LABEL_PENDING_NAME);
    if (pending)
        (void)json_object_set_new(out, "VersionId", json_string(pending->id));
    call_answer(c, out);
}

/* -------------------------------------------------------- GetRandomPassword */

struct letters {
    const char *option, *all; /* the member that leaves them out */
    char kept[128];
};

void secrets_random_password(struct call *c)
{
    struct letters kinds[] = {{"ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", ""},
                              {"ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz", ""},
                              {"ExcludeNumbers", "0123456789", ""},
                              {"ExcludePunctuation", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", ""},
                              {"", " ", ""}};
    const char *exclude = "";
    int64_t length = 32;
    bool space = false, each = true;
    if (!arg_int(c, "PasswordLength", 1, RANDOM_MAX, &length) ||
        !arg_text(c, "ExcludeCharacters", 0, RANDOM_MAX, &exclude) || !arg_bool(c, "IncludeSpace", &space) ||
        !arg_bool(c, "RequireEachIncludedType", &each))
        return;
    char alphabet[128] = "", *out = mem_new(RANDOM_MAX + 1);
    size_t n = 0, used = 0;
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        bool left_out = false;
        if (kinds[k].option[0] && !arg_bool(c, kinds[k].option, &left_out))
            goto out;
        size_t kept = 0;
        for (const char *p = kinds[k].all; *p && !left_out && (kinds[k].option[0] || space); p++)
            if (!strchr(exclude, *p))
                kinds[k].kept[kept++] = alphabet[n++] = *p;
        if (kept > 0 && each && used < (size_t)length)
            random_text(out + used++, 1, kinds[k].kept);
    }
    if (n == 0) {
        call_fail(c, CALL_INVALID,
                  "The password length and the characters that are left out leave nothing to choose from.");
        goto out;
    }
    for (; used < (size_t)length; used++)
        random_text(out + used, 1, alphabet);
    call_answer(c, json_pack("{ss}", "RandomPassword", out));
out:
    secret_wipe(out, RANDOM_MAX);
    free(out);
}
