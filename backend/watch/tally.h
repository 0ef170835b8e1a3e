/* Counts by kind: since the beginning, in half-minute steps over the last hour, and of some
 * kinds in quarters of an hour over a day.
 * A count may be taken back (an invocation turns out to have been a stale hit). */
#ifndef CT_TALLY_H
#define CT_TALLY_H

#include "backend/model.h"

#define TALLY_STEPS 128 /* a power of two, at least SERIES_STEPS and some for clocks ahead of ours */

#define TALLY_DAY_STEPS 98 /* the day, and two for clocks ahead of ours */

struct tally {
    uint64_t total[EVENT_KINDS];
    uint32_t steps[EVENT_KINDS][TALLY_STEPS]; /* ring by step number */
    uint32_t day[DAY_KINDS][TALLY_DAY_STEPS]; /* the same by quarter of an hour */
    int64_t newest_quarter;
    int64_t newest_step; /* time / SERIES_STEP_MS of the newest; steps older by a ring are gone */
};

void tally_add(struct tally *t, enum event_kind kind, int64_t time_ms, int by);
/* Lays the ring out for a snapshot: the step that `now_ms` lies in comes last. */
void tally_series(const struct tally *t, int64_t now_ms, struct log_snap *out);

#endif
