/* Our share of AWS's request quotas: a bucket per (account, region, operation).
 *
 * The quotas belong to everybody in the account, production first; credtop takes a
 * share of each (half, unless configured) and less once AWS throttles: halved then,
 * and brought back slowly with each success (additive increase, multiplicative
 * decrease).  Reservations are handed out in the order they are asked for, so one
 * noisy environment cannot starve the others.  One leaf lock. */
#ifndef CT_QUOTA_H
#define CT_QUOTA_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"

struct quota;

struct quota *quota_new(double share); /* 0 < share <= 1 of the published rate */
struct quota *quota_free(struct quota *q);

/* `account` is the account id when it is known, else whatever tells the caller's keys
 * apart.  Returns the moment (clock_real mono ms) at which this call may be sent: now,
 * or later; the slot is taken and must be used then. */
int64_t quota_reserve(struct quota *q, const char *account, const char *region, int op, int64_t now_mono_ms);

/* The same with a limit: a slot at or after `latest_mono_ms` is told, but not taken, so
 * that those who give up do not push the others back. */
int64_t quota_reserve_before(struct quota *q, const char *account, const char *region, int op, int64_t now_mono_ms,
                             int64_t latest_mono_ms);

/* The same for work that can wait: takes a slot only if one is free now and nobody who
 * cannot wait is in the queue; else returns how many milliseconds to wait before asking
 * again, and takes nothing. */
int64_t quota_reserve_spare(struct quota *q, const char *account, const char *region, int op, int64_t now_mono_ms);

/* Tells what came of a call: ERR_THROTTLED halves the rate, ERR_OK raises it a little. */
void quota_outcome(struct quota *q, const char *account, const char *region, int op, enum err code,
                   int64_t now_mono_ms);

/* A call that nobody answered: its slot goes back, as what never arrived is not counted by
 * AWS either.  Else an endpoint that is away would use up the quota of those that answer. */
void quota_unused(struct quota *q, const char *account, const char *region, int op);

/* The rate in force, requests a second; 0 when the operation has no quota. */
double quota_rate(struct quota *q, const char *account, const char *region, int op);

#endif
