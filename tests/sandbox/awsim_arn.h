/* The little that is to be known of ARNs. */
#ifndef CT_AWSIM_ARN_H
#define CT_AWSIM_ARN_H

#include <stdbool.h>
#include <string.h>

static inline const char *arn_partition(const char *region)
{
    if (strncmp(region, "cn-", 3) == 0)
        return "aws-cn";
    if (strncmp(region, "us-gov-", 7) == 0)
        return "aws-us-gov";
    return "aws";
}

/* Field `at` (0 is "arn") of arn:partition:service:region:account:rest equals `want`. */
static inline bool arn_field_is(const char *arn, int at, const char *want)
{
    for (; at > 0; at--) {
        arn = strchr(arn, ':');
        if (!arn)
            return false;
        arn++;
    }
    size_t n = strlen(want);
    return strncmp(arn, want, n) == 0 && (arn[n] == ':' || arn[n] == '\0');
}

#endif
