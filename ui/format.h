/* Numbers, ages and times as short words.  "-" is unknown, "0" is zero. */
#ifndef CT_FORMAT_H
#define CT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/model.h"

#define FORMAT_SIZE 32

/* At most four columns: 12s 6m12 59m 1h02 23h 91d 12y; "-" for a negative age. */
const char *format_age(int64_t ms, char out[FORMAT_SIZE]);
/* Time until `due_ms` from now: 27d, 5d23h, -11d when past; "-" unknown. */
const char *format_until(int64_t due_ms, int64_t now_ms, char out[FORMAT_SIZE]);
/* At most five columns: 0 1564 99999 123k 12M. */
const char *format_count(uint64_t n, char out[FORMAT_SIZE]);
/* Microseconds: <1ms 3ms 1.2s; "-" when negative. */
const char *format_latency(int32_t us, char out[FORMAT_SIZE]);
/* 0..1 in percent: 97%; 100% only when it is; "-" when negative. */
const char *format_ratio(double ratio, char out[FORMAT_SIZE]);

/* Calls a minute: 0.0 <0.1 9.7 1204; "-" when negative. */
const char *format_rate(double rate, char out[FORMAT_SIZE]);
/* $0.00 <$0.01 $4.31 $1204; "-" when negative. */
const char *format_dollars(double dollars, char out[FORMAT_SIZE]);

/* Wall times.  14:32:07 or 14:32:07.812; with `zone` a Z or +0100 after it. */
const char *format_clock(int64_t wall_ms, bool local, bool zone, char out[FORMAT_SIZE]);
const char *format_clock_ms(int64_t wall_ms, bool local, char out[FORMAT_SIZE]);
/* 2026-09-03 14:21:40Z */
const char *format_stamp(int64_t wall_ms, bool local, char out[FORMAT_SIZE]);
/* The clock on the day of now_ms, else 09-03, else 2025. */
const char *format_when(int64_t wall_ms, int64_t now_ms, bool local, char out[FORMAT_SIZE]);

/* The first eight characters of a version id; "-" for "". */
const char *format_version(const char *id, char out[FORMAT_SIZE]);
/* The end of a log stream's name, as [$LATEST]5d19: what tells containers apart. */
const char *format_stream(const char *stream, char out[FORMAT_SIZE]);

/* Case-insensitive (ASCII) search; NULL when absent. */
const char *format_find(const char *text, const char *word);

/* What the code set of the environment's locale would be (LC_ALL, LC_CTYPE, LANG). */
bool format_utf8_by_environment(void);

#endif
