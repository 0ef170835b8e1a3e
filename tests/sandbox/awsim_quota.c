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
    {QUOTA_STS, "", 600},
};

static double rate_of(enum quota q, const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(rates); i++)
        if (rates[i].quota == q && (rates[i].region[0] == '\0' || strcmp(rates[i].region, region) == 0))
            return rates[i].per_second;
    return 0;
}

bool quota_take(struct quota_bucket buckets[QUOTAS], enum quota q, const char *region, int64_t now_mono_ms)
{
    double rate = rate_of(q, region);
    if (rate <= 0)
        return true;
    struct quota_bucket *b = &buckets[q];
    if (b->filled_mono_ms == 0)
        b->level = rate;
    else
        b->level += (double)(now_mono_ms - b->filled_mono_ms) * rate / 1000.0;
    if (b->level > rate)
        b->level = rate;
    b->filled_mono_ms = now_mono_ms;
    if (b->level < 1)
        return false;
    b->level -= 1;
    return true;
}
