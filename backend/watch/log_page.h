/* The scanner of log pages: FilterLogEvents' answer, the hot path.
 *
 * No tree: an event is slices of the caller's bytes, and where a string carries escapes
 * slices of the page's own room, into which it is unescaped.  Strict: what jansson refuses is
 * refused here (RFC 8259, valid UTF-8, no lone surrogates), whole, so a page is
 * either right or an error, never half (differential fuzzing holds the two
 * against each other).  Unknown members are skipped. */
#ifndef CT_LOG_PAGE_H
#define CT_LOG_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"

struct slice {
    const char *s;
    size_t n;
};

struct log_event {
    struct slice stream, message, id;
    int64_t time_ms, ingested_ms; /* -1 when absent */
};

struct log_page {
    struct log_event *events;
    size_t n, cap;
    struct slice next_token; /* n 0: the last page */
    char *text;              /* unescaped strings */
    size_t text_cap;
};

void log_page_init(struct log_page *p);
void log_page_clear(struct log_page *p);

/* Scans `n` bytes, which a NUL follows, into *p, replacing what was there; slices live as
 * long as the bytes and until *p scans again.  ERR_MALFORMED with the byte where it went
 * wrong. */
enum err log_page_scan(struct log_page *p, const char *bytes, size_t n, struct why *why) CHECKED;

#endif
