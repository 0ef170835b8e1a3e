/* What the scan benchmark asks of simdjson, which wants C++: the same work log_page_scan()
 * does, on the same bytes. */
#ifndef CT_BENCH_SCAN_H
#define CT_BENCH_SCAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads and unescapes every event's message, stream, id and times.  The bytes have
 * SCAN_PADDING more behind them.  Returns the events, 0 on a mistake; *out_sum depends
 * on everything read, so that nothing can be left out. */
#define SCAN_PADDING 64
size_t scan_simdjson(const char *bytes, size_t n, size_t room, uint64_t *out_sum);
const char *scan_simdjson_name(void); /* "simdjson 3.0.1 (icelake)" */

#ifdef __cplusplus
}
#endif
#endif
