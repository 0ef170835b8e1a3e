/* Bytes of a credtop.conf to sections and pairs, with line numbers.
 *
 * inih splits the pairs.  Its builds differ (length of a line, continued lines,
 * how much of a section's name survives), so this hands it one trimmed line at a
 * time and keeps what would differ to itself:
 *   - a line is at most READER_LINE_MAX bytes, or what the build at hand can take;
 *     longer is a mistake, never cut
 *   - blanks before a key mean nothing; there are no continued lines
 *   - '#' or ';' at the start of a line is a comment; a ';' after a blank begins
 *     one anywhere; a '#' or a ';' within a value is part of it
 *   - a line holds UTF-8 without control characters (comments may hold anything) */
#ifndef CT_READER_H
#define CT_READER_H

#include <stddef.h>

#include "config/mistakes.h"

#define READER_LINE_MAX 4000

/* Text lasts for the call alone. */
struct reader_events {
    void (*section)(void *ctx, int line, const char *name);
    void (*pair)(void *ctx, int line, const char *key, const char *value);
    void *ctx;
};

void reader_run(const char *bytes, size_t n, const struct reader_events *events, struct mistakes *mistakes);

#endif
