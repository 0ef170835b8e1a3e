#include "tests/sandbox/awsim_state.h"

#include <openssl/rand.h>

#include "backend/aws/sigv4.h"
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"

struct sim *sim_new(void)
{
    struct sim *s = mem_new(sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    rotations_init(&s->rotations);
    unsigned char random[32];
    ASSERT(RAND_bytes(random, sizeof random) == 1);
    sigv4_sha256_hex(random, sizeof random, s->salt);
    return s;
}

int64_t sim_now_ms(const struct sim *s)
{
    return clock_wall_ms(clock_real()) + s->clock_offset_ms;
}

static void key_free(struct sim_key *k)
{
    if (k->secret)
        secret_wipe(k->secret, strlen(k->secret));
    if (k->token)
        secret_wipe(k->token, strlen(k->token));
    free(k->secret);
    free(k->token);
    free(k->arn);
    free(k->user_id);
    free(k);
}

struct sim *sim_free(struct sim *s)
{
    rotations_stop(s);
    for (size_t i = 0; i < s->nkeys; i++)
        key_free(s->keys[i]);
    free(s->keys);
    free(s->accounts);
    identity_clear(&s->identity);
    for (size_t i = 0; i < s->nrealms; i++) {
        vault_clear(&s->realms[i]->vault);
        store_clear(&s->realms[i]->store);
        functions_clear(&s->realms[i]->functions);
        queries_clear(&s->realms[i]->queries);
        free(s->realms[i]);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

struct sim_key *sim_key_find(struct sim *s, const char *id)
{
    for (size_t i = 0; i < s->nkeys; i++)
        if (strcmp(s->keys[i]->id, id) == 0)
            return s->keys[i];
    return NULL;
}

struct sim_key *sim_add_key(struct sim *s)
{
    struct sim_key *k = mem_new(sizeof *k);
    k->expires_ms = -1;
    s->keys = mem_grow(s->keys, s->nkeys + 1, sizeof(struct sim_key *));
    s->keys[s->nkeys++] = k;
    return k;
}

void sim_prune_sessions(struct sim *s, int64_t before_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->nkeys; i++) {
        struct sim_key *k = s->keys[i];
        if (k->role && k->expires_ms < before_ms)
            key_free(k);
        else
            s->keys[kept++] = k;
    }
    s->nkeys = kept;
}

void sim_add_account(struct sim *s, const char *account)
{
    s->accounts = mem_grow(s->accounts, s->naccounts + 1, sizeof *s->accounts);
    str_copy(s->accounts[s->naccounts++], sizeof *s->accounts, account);
}

bool sim_has_account(const struct sim *s, const char *account)
{
    for (size_t i = 0; i < s->naccounts; i++)
        if (strcmp(s->accounts[i], account) == 0)
            return true;
    return false;
}

static bool is_region(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n < 32 && s[n] == '\0';
}

struct realm *sim_realm(struct sim *s, const char *account, const char *region)
{
    for (size_t i = 0; i < s->nrealms; i++)
        if (strcmp(s->realms[i]->account, account) == 0 && strcmp(s->realms[i]->region, region) == 0)
            return s->realms[i];
    if (s->nrealms == SIM_REALMS_MAX || !is_region(region))
        return NULL;
    struct realm *r = mem_new(sizeof *r);
    str_copy(r->account, sizeof r->account, account);
    str_copy(r->region, sizeof r->region, region);
    s->realms[s->nrealms++] = r;
    return r;
}
