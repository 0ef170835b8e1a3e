/* Times as people type them: how long ("15m", "1h30m"), when ("14:20", "2026-09-03"), and
 * a range of either kind. */
#ifndef CT_RANGE_H
#define CT_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_ERROR 96

/* The last so long, or from one moment to another; all zero: everything. */
struct range {
    int64_t last_ms;        /* 0: not of this kind */
    int64_t from_ms, to_ms; /* wall; 0 open */
};

/* 30s 15m 6h 2d 1w, several in a row; a bare number is seconds. */
bool range_duration(const char *text, size_t n, int64_t *out_ms);
/* 14:20 or 14:20:05, the last such moment before now; 2026-09-03; 2026-09-03T14:20[:05][Z]. */
bool range_moment(const char *text, size_t n, int64_t now_ms, bool local, int64_t *out_ms);

/* "", "all": everything; "15m"; "since 14:20", "14:20-"; "until 14:40"; "14:20-14:40".  False
 * with words in `error`. */
bool range_parse(const char *text, int64_t now_ms, bool local, struct range *out, char error[RANGE_ERROR]);
/* The bounds now: INT64_MIN and INT64_MAX where it is open; the upper one is exclusive. */
void range_bounds(const struct range *r, int64_t now_ms, int64_t *out_from_ms, int64_t *out_to_ms);
/* "15m", "since 14:20", "14:20-14:40:05", "all". */
void range_words(const struct range *r, int64_t now_ms, bool local, char *out, size_t size);
/* What is offered to somebody who does not want to type one; NULL past the last. */
const char *range_offered(size_t i);
bool range_is_all(const struct range *r);

#endif
