/* The published request rates, as token buckets of one (account, region). */
#ifndef CT_AWSIM_QUOTA_H
#define CT_AWSIM_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

enum quota {
    QUOTA_NONE,
    QUOTA_LIST_SECRETS,
    QUOTA_READ_SECRET, /* DescribeSecret and GetSecretValue draw from one bucket */
    QUOTA_LIST_VERSIONS,
    QUOTA_WRITE_SECRET,
    QUOTA_WRITE_LOGS,
    QUOTA_DESCRIBE_GROUPS,
    QUOTA_DESCRIBE_STREAMS,
    QUOTA_FILTER_EVENTS,
    QUOTA_GET_EVENTS,
    QUOTA_STS, /* all signed operations of STS together */
    QUOTAS
};

struct quota_bucket {
    double level;
    int64_t filled_mono_ms; /* 0: never used, so full */
};

/* Takes one request; false when the bucket is empty.  A bucket holds one second. */
bool quota_take(struct quota_bucket buckets[QUOTAS], enum quota q, const char *region, int64_t now_mono_ms);

#endif
