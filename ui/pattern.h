/* Regular expressions over one text: POSIX ERE with \d \w \s, any case of ASCII, in time
 * that grows with the text alone.  No back references, so no pattern can be slow: the
 * C library's own engine depends on the locale, asks for memory at each match, and its
 * automaton grows with what it reads. */
#ifndef CT_PATTERN_H
#define CT_PATTERN_H

#include <stdbool.h>

#define PATTERN_POSITIONS 128 /* characters and classes, after {m,n} is written out */
#define PATTERN_GROUPS 16     /* parentheses within parentheses */
#define PATTERN_ERROR 80

struct pattern;

/* NULL with words in `error` when it is no such expression. */
struct pattern *pattern_new(const char *ere, char error[PATTERN_ERROR]);
struct pattern *pattern_free(struct pattern *p); /* NULL is fine; returns NULL */
/* Whether it occurs anywhere in safe text (text.h). */
bool pattern_matches(const struct pattern *p, const char *text);

#endif
