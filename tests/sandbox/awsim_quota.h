/* The published request rates, as token buckets of one (account, region), and what was
 * drawn from them. */
#ifndef CT_AWSIM_QUOTA_H
#define CT_AWSIM_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

enum quota {
    QUOTA_NONE,
#define QUOTA(id, name) QUOTA_##id,
#include "tests/sandbox/awsim_quotas.def"
#undef QUOTA
    QUOTAS
};

#define QUOTA_SLOTS 10 /* of a tenth of a second: the last second, as it slides */

struct quota_bucket {
    double level;
    int64_t filled_mono_ms; /* 0: never used, so full */
    /* what happened since quota_forget() */
    uint64_t taken, throttled;
    double lowest; /* level, once used */
    uint32_t peak; /* requests within one second, at most; the throttled ones too */
    uint32_t slots[QUOTA_SLOTS];
    int64_t slot; /* the newest, in tenths of a second */
};

const char *quota_name(enum quota q);
double quota_rate(enum quota q, const char *region); /* a second; 0: no limit */

/* Takes one request; false when the bucket is empty.  A bucket holds one second's worth,
 * and at least one request.  `scale` times the published rate; 0: counted, never refused. */
bool quota_take(struct quota_bucket *b, double rate, double scale, int64_t now_mono_ms);
void quota_forget(struct quota_bucket *b);

#endif
