/* The part of a seed that tells who may become whom. */
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_seeding.h"

#define TRUSTS_MAX 100
#define ROLES_MAX 1000

/* ---------------------------------------------------------------- roles */

static void seed_trusts(struct seeding *s, const json_t *o, struct sim_role *role)
{
    const json_t *list = check_list(&s->check, o, "trusts", TRUSTS_MAX);
    size_t i;
    json_t *v;
    role->trusts = mem_array(json_array_size(list) + 1, sizeof(char *));
    json_array_foreach(list, i, v)
    {
        const char *text = json_string_value(v);
        if (text && (strncmp(text, "arn:", 4) == 0 || strlen(text) == 12))
            role->trusts[role->ntrusts++] = mem_copy_str(text);
        else
            (void)check_fail(&s->check, "trusts", "each must be an ARN or an account's 12 digits");
    }
}

static void seed_role(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {
        "arn", "trusts", "external_id", "mfa_serial", "mfa_code", "max_duration_s", "session_s", "deny", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    const char *arn = check_need_text(c, o, "arn", 20, 2048), *external_id = check_text(c, o, "external_id", 2, 1224);
    const char *serial = check_text(c, o, "mfa_serial", 9, 256), *code = check_text(c, o, "mfa_code", 6, 6);
    int64_t max_s = check_int(c, o, "max_duration_s", SESSION_DEFAULT_S, SESSION_MAX_S, SESSION_DEFAULT_S);
    int64_t session_s = check_int(c, o, "session_s", 1, SESSION_MAX_S, 0);
    if (!serial != !code)
        (void)check_fail(c, "mfa_serial", "and mfa_code belong together");
    if (!c->failed && identity_role(&s->sim->identity, arn))
        (void)check_fail(c, "arn", "is there twice");
    struct sim_role *role = c->failed ? NULL : identity_add_role(&s->sim->identity, arn);
    if (!role || !sim_has_account(s->sim, role->account)) {
        (void)check_fail(c, "arn", "must be arn:PARTITION:iam::ACCOUNT:role/NAME, the account one of $.accounts");
        return;
    }
    role->external_id = mem_copy_str(external_id);
    role->mfa_serial = mem_copy_str(serial);
    role->mfa_code = mem_copy_str(code);
    role->max_duration_s = max_s;
    role->session_s = session_s;
    seed_trusts(s, o, role);
    seed_denials(s, o, role->denied);
}

static struct sim_role *role_named(struct seeding *s, const char *member, const char *arn)
{
    struct sim_role *role = arn ? identity_role(&s->sim->identity, arn) : NULL;
    if (!role)
        (void)check_fail(&s->check, member, "must be the arn of one of $.roles");
    return role;
}

/* -------------------------------------------------------------- bearers */

static void seed_bearer_roles(struct seeding *s, const json_t *o, struct sim_bearer *b)
{
    const json_t *list = check_list(&s->check, o, "roles", ROLES_MAX);
    size_t i;
    json_t *v;
    b->roles = mem_array(json_array_size(list) + 1, sizeof(struct sim_role *));
    json_array_foreach(list, i, v)
    {
        struct sim_role *role = role_named(s, "roles", json_string_value(v));
        if (role)
            b->roles[b->nroles++] = role;
    }
}

/* -1 when the member is absent. */
static int64_t seed_end(struct seeding *s, const json_t *o, const char *member)
{
    int64_t in_s = check_int(&s->check, o, member, -SEED_YEARS_S, SEED_YEARS_S, INT64_MIN);
    return in_s == INT64_MIN ? -1 : s->now_ms + 1000 * in_s;
}

static void seed_web_identity(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"token", "roles", "expires_in_s", "subject", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    struct identity *id = &s->sim->identity;
    const char *token = check_need_text(c, o, "token", 4, 20000), *subject = check_text(c, o, "subject", 1, 255);
    if (bearer_find(id->web, id->nweb, token))
        (void)check_fail(c, "token", "is there twice");
    if (c->failed)
        return;
    struct sim_bearer *b = bearer_add(&id->web, &id->nweb, token);
    b->subject = mem_copy_str(subject);
    b->expires_ms = seed_end(s, o, "expires_in_s");
    seed_bearer_roles(s, o, b);
}

static void seed_sso(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"token",         "roles",     "expires_in_s",  "user",
                                        "refresh_token", "client_id", "client_secret", "refresh_expires_in_s",
                                        "refreshed_s",   NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    struct identity *id = &s->sim->identity;
    const char *token = check_need_text(c, o, "token", 1, 4096), *user = check_text(c, o, "user", 2, 64);
    const char *refresh = check_text(c, o, "refresh_token", 1, 4096);
    const char *client = check_text(c, o, "client_id", 1, 1024), *secret = check_text(c, o, "client_secret", 1, 4096);
    int64_t refreshed_s = check_int(c, o, "refreshed_s", 1, SEED_YEARS_S, 3600);
    if (bearer_find(id->sso, id->nsso, token))
        (void)check_fail(c, "token", "is there twice");
    if (!refresh != !client || !refresh != !secret)
        (void)check_fail(c, "refresh_token", "client_id and client_secret belong together");
    if (c->failed)
        return;
    struct sim_bearer *b = bearer_add(&id->sso, &id->nsso, token);
    b->subject = mem_copy_str(user);
    b->refresh = mem_copy_str(refresh);
    b->client_id = mem_copy_str(client);
    b->client_secret = mem_copy_str(secret);
    b->refreshed_s = refreshed_s;
    b->expires_ms = seed_end(s, o, "expires_in_s");
    b->refresh_expires_ms = seed_end(s, o, "refresh_expires_in_s");
    seed_bearer_roles(s, o, b);
}

/* ---------------------------------------------------------------- hosts */

static void seed_instance(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"role", "session_s", "v1", "keep_expired", NULL};
    struct sim_host *h = &s->sim->identity.instance;
    if (!check_members(&s->check, o, known))
        return;
    h->role = role_named(s, "role", check_need_text(&s->check, o, "role", 20, 2048));
    h->session_s = check_int(&s->check, o, "session_s", 1, SESSION_MAX_S, 21600);
    h->v1 = check_bool(&s->check, o, "v1", false);
    h->keep_expired = check_bool(&s->check, o, "keep_expired", false);
}

static void seed_container(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {"role", "session_s", "authorization", NULL};
    struct sim_host *h = &s->sim->identity.container;
    if (!check_members(&s->check, o, known))
        return;
    h->role = role_named(s, "role", check_need_text(&s->check, o, "role", 20, 2048));
    h->session_s = check_int(&s->check, o, "session_s", 1, SESSION_MAX_S, 21600);
    h->authorization = mem_copy_str(check_text(&s->check, o, "authorization", 1, 4096));
}

static void seed_host(struct seeding *s, const json_t *root, const char *member,
                      void (*one)(struct seeding *s, const json_t *o))
{
    const json_t *o = json_object_get(root, member);
    if (!o || json_is_null(o) || s->check.failed)
        return;
    char outer[256];
    check_enter(&s->check, member, SIZE_MAX, outer);
    one(s, o);
    check_leave(&s->check, outer);
}

void seed_identity(struct seeding *s, const json_t *root)
{
    seed_all(s, root, "roles", seed_role);
    seed_all(s, root, "web_identities", seed_web_identity);
    seed_all(s, root, "sso", seed_sso);
    seed_host(s, root, "instance", seed_instance);
    seed_host(s, root, "container", seed_container);
}
