#include "tests/sandbox/awsim_quota.h"

#include "backend/base/mem.h"

/* Rates that differ by region; the first row that fits counts, "" fits all. */
struct rate {
    enum quota quota;
    const char *region;
    double per_second;
};

static const struct rate rates[] = {
    {QUOTA_LIST_SECRETS, "", 100},
    {QUOTA_READ_SECRET, "", 10000},
    {QUOTA_LIST_VERSIONS, "", 50},
    {QUOTA_WRITE_SECRET, "", 50},
    {QUOTA_WRITE_LOGS, "", 50},
    {QUOTA_DESCRIBE_GROUPS, "", 10},
    {QUOTA_DESCRIBE_STREAMS, "", 25},
    {QUOTA_FILTER_EVENTS, "us-east-1", 25},
    {QUOTA_FILTER_EVENTS, "ap-northeast-3", 5},
    {QUOTA_FILTER_EVENTS, "ap-southeast-3", 5},
    {QUOTA_FILTER_EVENTS, "ca-west-1", 5},
    {QUOTA_FILTER_EVENTS, "eu-central-1", 5},
    {QUOTA_FILTER_EVENTS, "il-central-1", 5},
    {QUOTA_FILTER_EVENTS, "", 10},
    {QUOTA_GET_EVENTS, "eu-west-3", 30},
    {QUOTA_GET_EVENTS, "us-west-2", 10},
    {QUOTA_GET_EVENTS, "ap-northeast-3", 10},
    {QUOTA_GET_EVENTS, "ap-southeast-3", 10},
    {QUOTA_GET_EVENTS, "ca-west-1", 10},
    {QUOTA_GET_EVENTS, "eu-central-1", 10},
    {QUOTA_GET_EVENTS, "eu-west-1", 10},
    {QUOTA_GET_EVENTS, "il-central-1", 10},
    {QUOTA_GET_EVENTS, "", 25},
    {QUOTA_START_QUERY, "", 10},
    {QUOTA_QUERY_RESULTS, "", 10},
    {QUOTA_STS, "", 600},
    {QUOTA_LAMBDA, "", 15},
};

static const char *const names[QUOTAS] = {
    "none",
#define QUOTA(id, name) name,
#include "tests/sandbox/awsim_quotas.def"
#undef QUOTA
};

const char *quota_name(enum quota q)
{
    ASSERT(q < QUOTAS);
    return names[q];
}

double quota_rate(enum quota q, const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(rates); i++)
        if (rates[i].quota == q && (rates[i].region[0] == '\0' || strcmp(rates[i].region, region) == 0))
            return rates[i].per_second;
    return 0;
}

static void count_second(struct quota_bucket *b, int64_t now_mono_ms)
{
    int64_t slot = now_mono_ms / (1000 / QUOTA_SLOTS);
    uint32_t sum = 0;
    if (slot - b->slot >= QUOTA_SLOTS)
        memset(b->slots, 0, sizeof b->slots);
    else
        for (int64_t s = b->slot + 1; s <= slot; s++)
            b->slots[s % QUOTA_SLOTS] = 0;
    b->slot = slot;
    b->slots[slot % QUOTA_SLOTS]++;
    for (int i = 0; i < QUOTA_SLOTS; i++)
        sum += b->slots[i];
    if (sum > b->peak)
        b->peak = sum;
}

bool quota_take(struct quota_bucket *b, double rate, double scale, int64_t now_mono_ms)
{
    double limit = rate * scale, full = limit < 1 ? 1 : limit;
    count_second(b, now_mono_ms);
    if (limit > 0) {
        b->level = b->filled_mono_ms == 0 ? full : b->level + (double)(now_mono_ms - b->filled_mono_ms) * limit / 1000;
        if (b->level > full)
            b->level = full;
        b->filled_mono_ms = now_mono_ms;
        if (b->level < 1) {
            b->throttled++;
            return false;
        }
        b->level -= 1;
    }
    if (b->taken == 0 || b->level < b->lowest)
        b->lowest = b->level;
    b->taken++;
    return true;
}

void quota_forget(struct quota_bucket *b)
{
    *b = (struct quota_bucket){.level = b->level, .filled_mono_ms = b->filled_mono_ms};
}
