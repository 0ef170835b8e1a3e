/* One log line -> what it tells.  Lambda's text and JSON formats: platform lines, the
 * console lines of Node, Python and Java, and plain ones (Lambda Developer Guide, "Working with Lambda
 * function logs"; the runtime interface clients' log patches).  Pure; no copies. */
#ifndef CT_CLASSIFY_H
#define CT_CLASSIFY_H

#include <stdbool.h>

#include "backend/base/strbuf.h"
#include "backend/model.h"
#include "backend/watch/log_page.h"
#include "config/config.h"

enum line_kind {
    LINE_INIT, /* INIT_START: a container begins (or begins again) */
    LINE_START,
    LINE_END,
    LINE_REPORT,
    LINE_EVENT,   /* `event` says what */
    LINE_OTHER,   /* the program's own words: no pattern matches */
    LINE_PLATFORM /* a platform line without a meaning for us */
};

struct line {
    enum line_kind kind;
    enum event_kind event;  /* FETCH, HIT, FALLBACK, FETCH_ERROR, DB_ERROR or FAILURE */
    struct slice request;   /* n 0: none named */
    bool in_init;           /* the line says "undefined": logged before the first invocation */
    struct slice body;      /* without the prefix and trailing space */
    int32_t duration_us;    /* REPORT: Duration; -1 */
    bool has_init_duration; /* REPORT: this invocation was a cold start */
    bool failed;            /* REPORT, JSON format: it timed out or its runtime exited (text has a line for that) */
    char room[2048];        /* where a body without its JSON escapes lies */
};

struct classifier; /* patterns made ready; immutable, shared by threads */
struct classifier *classifier_new(const struct config_patterns *p);
struct classifier *classifier_free(struct classifier *c);

void classify(const struct classifier *c, struct slice message, struct line *out);

/* A FilterLogEvents pattern that lets through at least the lines that
 *   FILTER_CREDENTIALS  decide about a container's credentials (INIT_START, fetch, fallback)
 *   FILTER_COUNTING     count as anything but OTHER
 * and few others.  False when the configured patterns cannot be put into one. */
enum filter_purpose { FILTER_CREDENTIALS, FILTER_COUNTING };
bool classifier_filter_pattern(const struct classifier *c, enum filter_purpose purpose, char *out, size_t size);

/* Adds to `b` what a Logs Insights query looks for, as alternatives of a regular expression:
 * the lines that count for their own sake (all but START, REPORT and hits), or the hit lines.
 * What is there already is not added again.  False when the patterns cannot be put so. */
bool classifier_past_terms(const struct classifier *c, struct strbuf *b);
void classifier_hit_terms(const struct classifier *c, struct strbuf *b);

/* '*' is any run, also an empty one; everything else is itself. */
bool glob_match(const char *glob, struct slice text);

#endif
