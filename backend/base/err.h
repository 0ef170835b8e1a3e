/* Errors: a code to act on, and words to read.
 *
 * A function that can fail returns enum err and is CHECKED; it fills a caller's
 * struct why once, at the lowest place that knows the reason, and leaves its
 * outputs untouched.  Out of memory is not in the table: it aborts (mem.h). */
#ifndef CT_ERR_H
#define CT_ERR_H

#include <stddef.h>

#define CHECKED __attribute__((warn_unused_result))
#define FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
#define ERR(id, words) ERR_##id,
#include "backend/base/err.def"
#undef ERR
    ERR_COUNT
};

/* Why the last try failed.  Plain data: copied freely, compared never.  `text`
 * is safe to draw (text.h made it so) and holds no secret. */
struct why {
    enum err code;
    int http;            /* status of the HTTP answer, 0 when there was none */
    char call[32];       /* the AWS operation or database phase, "" when none */
    char aws_code[64];   /* AWS's own error code, "" when none */
    char request_id[64]; /* x-amzn-requestid, "" when none */
    char text[200];      /* one line for a human, "" when the code says it all */
};

/* "not found"; never NULL, also for a number that is no error. */
const char *err_words(enum err code);

/* "NOT_FOUND": the row's name, for JSON and tests. */
const char *err_name(enum err code);

/* Fills `why` and returns `code`, so that failing is one statement:
 *     return why_set(why, ERR_TIMEOUT, "no answer in %d ms", ms);
 * `why` may be NULL.  Clears the fields it does not set.  The text is made safe
 * here, so foreign bytes may be passed. */
enum err why_set(struct why *why, enum err code, const char *fmt, ...) FORMAT(3, 4);

/* One line: "DescribeSecret: not found: ...".  Returns out. */
const char *why_line(const struct why *why, char *out, size_t size);

#endif
