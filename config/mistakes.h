/* What is wrong in a file, gathered while reading and told at once, by line. */
#ifndef CT_MISTAKES_H
#define CT_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

struct words;

struct mistakes {
    struct mistake *items; /* zeroed is empty */
    size_t n, cap, left_out;
};

/* line 0: about the file as a whole.  The text is safe to show (words_quote). */
void mistakes_add(struct mistakes *m, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The same; takes the text out of w. */
void mistakes_take(struct mistakes *m, int line, struct words *w);

/* True when one more mistake would only be counted; then it is counted here, and
 * its words need not be looked for. */
bool mistakes_pass(struct mistakes *m);

/* One mistake a line, "path:LINE: text"; malloc'd.  NULL when there is none. */
char *mistakes_text(struct mistakes *m, const char *path);
void mistakes_clear(struct mistakes *m);

#endif
