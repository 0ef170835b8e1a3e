/* Which events have been counted: a bounded set of (group, eventId) with their times.
 * Identity is 64 bits of hash: among a million events the chance of one false
 * "seen already" is below one in thirty million. */
#ifndef CT_EVENT_IDS_H
#define CT_EVENT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_IDS_MAX (1u << 20)   /* 16 MiB at the most, only when that many came within the overlap */

struct event_ids {
    struct { uint64_t hash; int64_t time_ms; } *slots;   /* open addressing; hash 0 is empty */
    size_t size, n;
};

void event_ids_clear(struct event_ids *e);
/* True when it was not there.  `keep_from_ms`: older ones may be forgotten to make room. */
bool event_ids_add(struct event_ids *e, size_t group, const char *id, size_t n, int64_t time_ms, int64_t keep_from_ms);

#endif
