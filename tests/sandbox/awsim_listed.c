#include "tests/sandbox/awsim_listed.h"

#include "backend/base/mem.h"
#include "tests/sandbox/awsim_secrets.h"

void listed_keep(const struct sim *s, struct vault_secret *secret, int64_t now_ms, bool is_new)
{
    if (s->list_lag_ms == 0 || secret->listed_until_ms > now_ms)
        return;
    MEM_FREE(secret->listed);
    if (!is_new) {
        json_t *entry = secrets_description(secret, "SecretVersionsToStages");
        secret->listed = json_dumps(entry, JSON_COMPACT | JSON_REAL_PRECISION(13));
        ASSERT(secret->listed != NULL);
        json_decref(entry);
    }
    secret->listed_until_ms = now_ms + s->list_lag_ms;
}

bool listed_entry(const struct vault_secret *secret, int64_t now_ms, json_t **out)
{
    if (secret->listed_until_ms <= now_ms) {
        *out = secrets_description(secret, "SecretVersionsToStages");
        return true;
    }
    *out = secret->listed ? json_loads(secret->listed, 0, NULL) : NULL;
    return *out != NULL;
}
