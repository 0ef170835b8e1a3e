/* A growing string with a stated maximum.  Appends past the maximum are cut and
 * remembered: check strbuf_cut() once at the end instead of every call. */
#ifndef CT_STRBUF_H
#define CT_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"

struct strbuf {
    char *s; /* always NUL-terminated once anything was added; NULL before */
    size_t len, cap, max;
    bool cut;
};

void strbuf_init(struct strbuf *b, size_t max);  /* max 0: holds nothing */
void strbuf_clear(struct strbuf *b);             /* frees; reusable after init */
void strbuf_wipe(struct strbuf *b);              /* zeroes the bytes, then frees */
void strbuf_reset(struct strbuf *b);             /* length 0, keeps memory and max */
void strbuf_reserve(struct strbuf *b, size_t n); /* so that n more bytes move nothing; at most max */
void strbuf_add(struct strbuf *b, const void *p, size_t n);
void strbuf_str(struct strbuf *b, const char *s);
void strbuf_char(struct strbuf *b, char c);
void strbuf_fmt(struct strbuf *b, const char *fmt, ...) FORMAT(2, 3);
const char *strbuf_peek(const struct strbuf *b); /* "" when empty, never NULL */
bool strbuf_cut(const struct strbuf *b);
char *strbuf_take(struct strbuf *b); /* to the caller, free() it */

/* JSON text: the string in quotes, escaped (RFC 8259); bytes that are not UTF-8
 * become U+FFFD so that the result always parses. */
void strbuf_json(struct strbuf *b, const char *s, size_t n);

/* Fixed arrays: format or copy, always terminated, true when everything fitted. */
bool str_fmt(char *out, size_t size, const char *fmt, ...) FORMAT(3, 4);
bool str_copy(char *out, size_t size, const char *s);
bool str_copy_n(char *out, size_t size, const char *s, size_t n);

/* Decimal digits and nothing else (an optional leading '-'); false on overflow. */
bool str_to_i64(const char *s, size_t n, int64_t *out);

#endif
