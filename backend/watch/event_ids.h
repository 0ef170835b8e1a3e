/* Which events have been counted: a bounded set of (group, eventId) with their times.
 * Identity is 64 bits of hash: among a million events the chance of one false
 * "seen already" is below one in thirty million.
 *
 * At the bound the older half of the window is let go and `floor_ms` rises: what comes
 * from before it is refused from then on, because it could be a repeat.  A late event is
 * then lost rather than any event counted twice; `refused` says how many were. */
#ifndef CT_EVENT_IDS_H
#define CT_EVENT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_IDS_MAX (1u << 20) /* slots: 16 MiB at the most, half of them used */

struct event_ids {
    struct event_id {
        uint64_t hash;
        int64_t time_ms;
    } * slots; /* open addressing; hash 0 is empty */
    size_t size, n;
    int64_t floor_ms;
    uint64_t refused;
};

void event_ids_clear(struct event_ids *e);
/* True when it was not there.  `keep_from_ms`: older ones may be forgotten to make room. */
bool event_ids_add(struct event_ids *e, size_t group, const char *id, size_t n, int64_t time_ms, int64_t keep_from_ms);

#endif
