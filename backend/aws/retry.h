/* One retry policy for every call: the SDKs' "standard" mode (AWS SDKs and Tools
 * Reference Guide, "Retry behavior"): three tries, exponential delay with full
 * jitter, and a shared quota that ends retries when everything fails. */
#ifndef CT_RETRY_H
#define CT_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

#define RETRY_TRIES 3
#define RETRY_SKEWS 2 /* corrections of our clock in one call: to a front end's that is wrong, and back */

/* What AWS's answer means: its code (what follows '#', what precedes ':') decides
 * before the HTTP status.  Rows: backend/aws/codes.def. */
enum err retry_classify(int http, const char *aws_code);

bool retry_worthwhile(enum err code); /* transient or throttled */
bool retry_costs_more(enum err code); /* timeouts take twice the quota */

/* Before try n+1 (n = 1, 2...): random01 * min(2^(n-1), 20) seconds, or at least
 * retry_after_ms when the answer said so. */
int64_t retry_delay_ms(int tries_done, double random01, int64_t retry_after_ms);

/* The quota, one per process: 500 units, 5 a retry, 10 after a timeout. */
struct retry_quota;
struct retry_quota *retry_quota_new(void);
struct retry_quota *retry_quota_free(struct retry_quota *q);
bool retry_quota_take(struct retry_quota *q, enum err code, int *out_taken); /* false: give up */
void retry_quota_give_back(struct retry_quota *q, int taken);                /* after a success; taken 0 gives 1 */

#endif
