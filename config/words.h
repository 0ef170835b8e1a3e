/* Words for people: a growing text with a maximum, foreign bytes made harmless in
 * it, and the nearest spelling of what was mistyped. */
#ifndef CT_WORDS_H
#define CT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words {
    char *s;              /* NUL-terminated once anything was added; NULL before */
    size_t len, cap, max; /* what goes past max is left out */
};

void words_init(struct words *w, size_t max);
void words_clear(struct words *w);
void words_add(struct words *w, const char *bytes, size_t n);
void words_fmt(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *words_take(struct words *w); /* malloc'd, "" when nothing was added; w is empty again */

/* Printable ASCII as it is, every other byte as \xNN: a file cannot move the
 * cursor of the terminal that shows its mistakes. */
void words_safe(struct words *w, const char *bytes, size_t n);
/* The same in single quotes, and cut with "..." when it is long. */
void words_quote(struct words *w, const char *bytes, size_t n);

/* Words of `text` in lines of at most `columns`; the first continues at column
 * `at`, the others are indented by `indent`.  No line feed at the end. */
void words_wrap(struct words *w, const char *text, size_t at, size_t indent, size_t columns);

/* roff: what troff would take as its own is escaped. */
void words_roff(struct words *w, const char *text);

/* Remembers the candidate most like `typed`; letter case does not count. */
struct spelling {
    const char *typed, *best;
    size_t distance;
};
void spelling_init(struct spelling *s, const char *typed);
void spelling_try(struct spelling *s, const char *candidate);
const char *spelling_nearest(const struct spelling *s); /* NULL: nothing is near */

/* A whole number with a unit: 250ms 30s 5m 1h.  False for anything else, and for
 * more than a year. */
bool duration_read(const char *text, size_t n, int64_t *out_ms);

/* "22:00-07:00" in minutes of the day; from and to differ.  False for anything else. */
bool hours_read(const char *text, int *out_from, int *out_to);

/* Digits and nothing else, at most `max`. */
bool number_read(const char *text, size_t n, int64_t max, int64_t *out);

#endif
