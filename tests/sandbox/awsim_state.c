#include "tests/sandbox/awsim_state.h"

#include <openssl/rand.h>

#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"

struct sim *sim_new(void)
{
    struct sim *s = mem_new(sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    unsigned char random[32];
    ASSERT(RAND_bytes(random, sizeof random) == 1);
    sigv4_sha256_hex(random, sizeof random, s->salt);
    return s;
}

static void key_clear(struct sim_key *k)
{
    if (k->secret)
        secret_wipe(k->secret, strlen(k->secret));
    if (k->token)
        secret_wipe(k->token, strlen(k->token));
    free(k->secret);
    free(k->token);
    free(k->arn);
    free(k->user_id);
}

struct sim *sim_free(struct sim *s)
{
    for (size_t i = 0; i < s->nkeys; i++)
        key_clear(&s->keys[i]);
    free(s->keys);
    for (size_t i = 0; i < s->nrealms; i++) {
        vault_clear(&s->realms[i]->vault);
        store_clear(&s->realms[i]->store);
        free(s->realms[i]);
    }
    pthread_mutex_destroy(&s->lock);
    free(s);
    return NULL;
}

struct sim_key *sim_key_find(struct sim *s, const char *id)
{
    for (size_t i = 0; i < s->nkeys; i++)
        if (strcmp(s->keys[i].id, id) == 0)
            return &s->keys[i];
    return NULL;
}

bool sim_has_account(const struct sim *s, const char *account)
{
    for (size_t i = 0; i < s->nkeys; i++)
        if (strcmp(s->keys[i].account, account) == 0)
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
