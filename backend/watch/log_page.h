/* The scanner of log pages: FilterLogEvents' answer, the hot path.
 *
 * No tree: an event is slices of the caller's bytes, and where a string carries escapes
 * slices of the page's own room, into which it is unescaped.  Strict: what jansson refuses is
 * refused here (RFC 8259, valid UTF-8, no lone surrogates), whole, so a page is
 * either right or an error, never half (differential fuzzing holds the two
 * against each other).  Unknown members are skipped.
 *
 * A page may be read while it arrives: what is complete is scanned, in the cache still,
 * when its bytes come, and the rest waits. */
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

enum { LOG_PAGE_MEMBERS = 5 }; /* of an event */

struct log_page {
    struct log_event *events;
    size_t n, cap;
    struct slice next_token; /* n 0: the last page */

    /* How far the scan has come; nobody else's business. */
    enum { LOG_PAGE_BEFORE, LOG_PAGE_MEMBER, LOG_PAGE_EVENT, LOG_PAGE_AFTER_EVENTS, LOG_PAGE_DONE } place;
    const char *bytes; /* where they were when slices were cut from them */
    size_t seen;       /* how many were there */
    size_t at;         /* the first byte of what is not scanned yet */
    size_t again;      /* not worth another try with fewer bytes */
    char *text;        /* unescaped strings */
    size_t text_n, text_cap;
    int guess[LOG_PAGE_MEMBERS]; /* the order in which the last event had its members */
};

void log_page_init(struct log_page *p);
void log_page_clear(struct log_page *p);

/* Scans `n` bytes, which a NUL follows, into *p, replacing what was there; slices live as
 * long as the bytes and until *p scans again.  ERR_MALFORMED with the byte where it went
 * wrong. */
enum err log_page_scan(struct log_page *p, const char *bytes, size_t n, struct why *why) CHECKED;

/* The same while the bytes arrive: begin; then, as often as one likes, the first n bytes,
 * wherever they lie now (those there before are the same), a NUL behind them; in the end
 * all of them.  Nothing in *p is to be read before log_page_end() has said ERR_OK. */
void log_page_begin(struct log_page *p);
void log_page_more(struct log_page *p, const char *bytes, size_t n);
enum err log_page_end(struct log_page *p, const char *bytes, size_t n, struct why *why) CHECKED;

#endif
