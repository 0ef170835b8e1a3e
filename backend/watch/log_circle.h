/* Whether the pages of a listing lead in a circle.
 *
 * A token that never ends, each one new, would keep a sweep from ever finishing, while all looks
 * well.  No two pages of an honest listing begin with the same event; one page's is kept and
 * replaced after 1, 2, 4, 8... pages (Brent), so a circle of any length is found. */
#ifndef CT_LOG_CIRCLE_H
#define CT_LOG_CIRCLE_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_CIRCLE_ID_MAX 128

struct log_circle { /* all zero: no page yet */
    char id[LOG_CIRCLE_ID_MAX];
    size_t n;
    unsigned pages, next;
};

/* `id` of n bytes is the first event of the next page, "" when it has none. */
bool log_circle_closes(struct log_circle *c, const char *id, size_t n);

#endif
