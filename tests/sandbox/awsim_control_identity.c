/* The control API for sessions and clocks. */
#include "tests/sandbox/awsim_control.h"

#define CLOCK_MAX_MS (20LL * 365 * 24 * 3600 * 1000)

static json_int_t expire_keys(struct sim *s, const char *key, const char *arn)
{
    json_int_t n = 0;
    int64_t now_ms = sim_now_ms(s);
    for (size_t i = 0; i < s->nkeys; i++) {
        struct sim_key *k = s->keys[i];
        bool fits =
            key ? strcmp(k->id, key) == 0 : strcmp(k->arn, arn) == 0 || (k->role && strcmp(k->role->arn, arn) == 0);
        if (!fits || (k->expires_ms >= 0 && k->expires_ms <= now_ms))
            continue;
        k->expires_ms = now_ms;
        n++;
    }
    return n;
}

static json_int_t expire_bearer(struct sim_bearer *const *list, size_t count, const char *token, int64_t now_ms)
{
    struct sim_bearer *b = bearer_find(list, count, token);
    if (b)
        b->expires_ms = now_ms;
    return b != NULL;
}

/* Exactly one of: a key's id, an ARN (of a user, a session, or a role: all its sessions),
 * the token of an SSO session, the token of a web identity. */
void control_expire(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    static const char *const known[] = {"key", "arn", "sso", "web_identity", NULL};
    if (!check_members(c, o, known))
        return;
    const char *key = check_text(c, o, "key", 1, 128), *arn = check_text(c, o, "arn", 1, 2048);
    const char *sso = check_text(c, o, "sso", 1, 4096), *web = check_text(c, o, "web_identity", 1, 20000);
    const struct identity *id = &s->identity;
    if (!c->failed && !!key + !!arn + !!sso + !!web != 1)
        (void)check_fail(c, "", "exactly one of key, arn, sso, web_identity is needed");
    if (c->failed)
        return;
    json_int_t n = sso   ? expire_bearer(id->sso, id->nsso, sso, sim_now_ms(s))
                   : web ? expire_bearer(id->web, id->nweb, web, sim_now_ms(s))
                         : expire_keys(s, key, arn);
    control_answer(a, json_pack("{sI}", "expired", n));
}

void control_sessions(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    (void)c, (void)o;
    json_t *list = json_array();
    for (size_t i = 0; i < s->nkeys; i++) {
        const struct sim_key *k = s->keys[i];
        json_int_t calls = 0;
        for (size_t op = 0; op < SIM_OPS; op++)
            calls += (json_int_t)k->calls[op];
        if (k->role)
            (void)json_array_append_new(list,
                                        json_pack("{ss ss ss sI sI}", "key", k->id, "arn", k->arn, "role", k->role->arn,
                                                  "expires_ms", (json_int_t)k->expires_ms, "calls", calls));
    }
    control_answer(a, json_pack("{so}", "sessions", list));
}

void control_clock(struct sim *s, struct check *c, const json_t *o, struct answer *a)
{
    static const char *const known[] = {"offset_ms", NULL};
    if (!check_members(c, o, known))
        return;
    if (!json_object_get(o, "offset_ms"))
        (void)check_fail(c, "offset_ms", "is needed: how far awsim's clock is ahead of the machine's");
    int64_t offset_ms = check_int(c, o, "offset_ms", -CLOCK_MAX_MS, CLOCK_MAX_MS, 0);
    if (c->failed)
        return;
    s->clock_offset_ms = offset_ms;
    control_ok(a);
}
