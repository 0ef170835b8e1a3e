/* A regular expression of a Logs Insights query, found in a text.
 *
 * Alternatives of plain text, by far the most frequent kind, are looked for one by one;
 * everything else goes to the C library, as a POSIX extended expression. */
#ifndef CT_AWSIM_MATCHER_H
#define CT_AWSIM_MATCHER_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#define MATCHER_PARTS_MAX 32

struct matcher {
    bool is_regex;
    bool fold; /* letters alike, big and small: (?i) */
    size_t nparts;
    char *parts[MATCHER_PARTS_MAX];
    regex_t regex;
};

bool matcher_init(struct matcher *m, const char *regex); /* false: none of ours */
void matcher_init_text(struct matcher *m, const char *text);
void matcher_clear(struct matcher *m);

/* The leftmost hit; `text` ends with a NUL. */
bool matcher_find(const struct matcher *m, const char *text, size_t n, const char **out, size_t *out_len);

#endif
