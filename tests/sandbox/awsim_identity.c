#include "tests/sandbox/awsim_identity.h"

#include <openssl/rand.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_arn.h"
#include "tests/sandbox/awsim_state.h"

#define SESSIONS_MAX 50000
#define PRUNE_MS (3600LL * 1000) /* how long an expired session is still known as expired */
#define TOKEN_LEN 356            /* a real one has about a kilobyte; no client may assume a length */

static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void random_text(char *out, size_t n, const char *alphabet)
{
    size_t letters = strlen(alphabet);
    unsigned char r[512];
    ASSERT(n <= sizeof r && RAND_bytes(r, (int)n) == 1);
    for (size_t i = 0; i < n; i++)
        out[i] = alphabet[r[i] % letters];
    out[n] = '\0';
}

static void free_secret(char *s)
{
    if (s)
        secret_wipe(s, strlen(s));
    free(s);
}

static void bearers_free(struct sim_bearer **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sim_bearer *b = list[i];
        free_secret(b->token);
        free_secret(b->refresh);
        free_secret(b->client_secret);
        free(b->client_id);
        free(b->subject);
        free(b->roles);
        free(b);
    }
    free(list);
}

void identity_clear(struct identity *id)
{
    bearers_free(id->web, id->nweb);
    bearers_free(id->sso, id->nsso);
    for (size_t i = 0; i < id->nroles; i++) {
        struct sim_role *r = id->roles[i];
        for (size_t t = 0; t < r->ntrusts; t++)
            free(r->trusts[t]);
        free(r->trusts);
        free(r->arn);
        free(r->external_id);
        free(r->mfa_serial);
        free(r->mfa_code);
        free(r);
    }
    free(id->roles);
    free_secret(id->container.authorization);
    *id = (struct identity){0};
}

/* ---------------------------------------------------------------- roles */

struct sim_role *identity_role(const struct identity *id, const char *arn)
{
    for (size_t i = 0; i < id->nroles; i++)
        if (strcmp(id->roles[i]->arn, arn) == 0)
            return id->roles[i];
    return NULL;
}

/* arn:PARTITION:iam::ACCOUNT:role/path/NAME */
struct sim_role *identity_add_role(struct identity *id, const char *arn)
{
    if (strncmp(arn, "arn:", 4) != 0 || !arn_field_is(arn, 2, "iam") || !arn_field_is(arn, 3, ""))
        return NULL;
    const char *partition = arn + 4, *account = strstr(arn, ":iam::"), *name = strrchr(arn, '/');
    struct sim_role r = {.max_duration_s = SESSION_DEFAULT_S};
    if (!account || !name || strncmp(account + 18, ":role/", 6) != 0 ||
        !str_copy_n(r.partition, sizeof r.partition, partition, strcspn(partition, ":")) ||
        !str_copy_n(r.account, sizeof r.account, account + 6, 12) || !str_copy(r.name, sizeof r.name, name + 1) ||
        strspn(r.account, "0123456789") != 12 || r.name[0] == '\0')
        return NULL;
    str_copy(r.id, sizeof r.id, "AROA");
    random_text(r.id + 4, 17, capitals);
    r.arn = mem_copy_str(arn);
    struct sim_role *kept = mem_new(sizeof *kept);
    *kept = r;
    id->roles = mem_grow(id->roles, id->nroles + 1, sizeof(struct sim_role *));
    id->roles[id->nroles++] = kept;
    return kept;
}

/* A principal of a trust policy: an account, its root, a user, a role or one session of it. */
bool role_trusts(const struct sim_role *role, const struct sim_key *key)
{
    for (size_t i = 0; i < role->ntrusts; i++) {
        const char *t = role->trusts[i];
        if (strcmp(t, key->arn) == 0 || strcmp(t, key->account) == 0 || (key->role && strcmp(t, key->role->arn) == 0))
            return true;
        if (arn_field_is(t, 4, key->account) && arn_field_is(t, 5, "root"))
            return true;
    }
    return false;
}

/* -------------------------------------------------------------- bearers */

struct sim_bearer *bearer_find(struct sim_bearer *const *list, size_t n, const char *token)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i]->token, token) == 0)
            return list[i];
    return NULL;
}

struct sim_bearer *bearer_add(struct sim_bearer ***list, size_t *n, const char *token)
{
    struct sim_bearer *b = mem_new(sizeof *b);
    b->token = mem_copy_str(token);
    b->expires_ms = b->refresh_expires_ms = -1;
    *list = mem_grow(*list, *n + 1, sizeof(struct sim_bearer *));
    (*list)[(*n)++] = b;
    return b;
}

bool bearer_may_take(const struct sim_bearer *b, const struct sim_role *role)
{
    for (size_t i = 0; i < b->nroles; i++)
        if (b->roles[i] == role)
            return true;
    return false;
}

/* ------------------------------------------------------------- sessions */

struct sim_key *session_new(struct sim *s, const struct sim_role *role, const char *session_name, int64_t duration_s)
{
    int64_t now_ms = sim_now_ms(s);
    if (s->nkeys >= SESSIONS_MAX)
        sim_prune_sessions(s, now_ms - PRUNE_MS);
    if (s->nkeys >= SESSIONS_MAX)
        return NULL;
    struct sim_key *k = sim_add_key(s);
    char secret[41], token[TOKEN_LEN + 3], text[512];
    str_copy(k->id, sizeof k->id, "ASIA");
    random_text(k->id + 4, 16, capitals);
    random_text(secret, 40, base64);
    random_text(token, TOKEN_LEN, base64);
    str_fmt(token + TOKEN_LEN, 3, "==");
    k->secret = mem_copy_str(secret);
    k->token = mem_copy_str(token);
    secret_wipe(secret, sizeof secret);
    secret_wipe(token, sizeof token);
    str_copy(k->account, sizeof k->account, role->account);
    str_fmt(text, sizeof text, "arn:%s:sts::%s:assumed-role/%s/%s", role->partition, role->account, role->name,
            session_name);
    k->arn = mem_copy_str(text);
    str_fmt(text, sizeof text, "%s:%s", role->id, session_name);
    k->user_id = mem_copy_str(text);
    k->role = role;
    memcpy(k->denied, role->denied, sizeof k->denied);
    k->expires_ms = now_ms + 1000 * (role->session_s > 0 ? role->session_s : duration_s);
    return k;
}

struct sim_key *host_session(struct sim *s, struct sim_host *host, const char *session_name)
{
    int64_t session_s = host->session_s, now_ms = sim_now_ms(s);
    struct sim_key *k = host->key[0] ? sim_key_find(s, host->key) : NULL;
    /* New ones are there at least five minutes before the old ones end, as AWS says. */
    int64_t early_ms = session_s > 1200 ? 300000 : session_s * 1000 / 4;
    if (k && (host->keep_expired || k->expires_ms - now_ms > early_ms))
        return k;
    k = session_new(s, host->role, session_name, session_s);
    if (k)
        str_copy(host->key, sizeof host->key, k->id);
    return k;
}
