#include "backend/base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/text.h"

#define FIRST_CAP 64

void strbuf_init(struct strbuf *b, size_t max)
{
    ASSERT(max < SIZE_MAX / 2);
    *b = (struct strbuf){.max = max};
}

void strbuf_clear(struct strbuf *b)
{
    free(b->s);
    strbuf_init(b, b->max);
}

void strbuf_wipe(struct strbuf *b)
{
    if (b->s)
        secret_wipe(b->s, b->cap);
    strbuf_clear(b);
}

void strbuf_reset(struct strbuf *b)
{
    b->len = 0;
    b->cut = false;
    if (b->s)
        b->s[0] = '\0';
}

/* Room for n more bytes (n <= max - len) and a NUL.  Not realloc: it would leave
 * the old bytes in the freed heap, where strbuf_wipe() cannot reach them. */
static void make_room(struct strbuf *b, size_t n)
{
    size_t need = b->len + n + 1;

    if (need <= b->cap)
        return;
    size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;
    while (cap < need)
        cap *= 2;
    if (cap > b->max + 1)
        cap = b->max + 1;
    char *grown = mem_new(cap);
    if (b->s) {
        memcpy(grown, b->s, b->len);
        secret_wipe(b->s, b->cap); /* not len: a format that did not fit has left its beginning behind */
        free(b->s);
    }
    b->s = grown;
    b->cap = cap;
}

void strbuf_add(struct strbuf *b, const void *p, size_t n)
{
    if (n > b->max - b->len) {
        n = b->max - b->len;
        b->cut = true;
    }
    if (n == 0)
        return;
    make_room(b, n);
    memcpy(b->s + b->len, p, n);
    b->len += n;
    b->s[b->len] = '\0';
}

void strbuf_reserve(struct strbuf *b, size_t n)
{
    size_t left = b->max - b->len;
    make_room(b, n < left ? n : left);
}

void strbuf_str(struct strbuf *b, const char *s)
{
    strbuf_add(b, s, strlen(s));
}

void strbuf_char(struct strbuf *b, char c)
{
    strbuf_add(b, &c, 1);
}

static int format_more(struct strbuf *b, const char *fmt, va_list args) FORMAT(2, 0);

static int format_more(struct strbuf *b, const char *fmt, va_list args)
{
    return vsnprintf(b->s + b->len, b->cap - b->len, fmt, args);
}

void strbuf_fmt(struct strbuf *b, const char *fmt, ...)
{
    va_list args, again;

    make_room(b, 0);
    va_start(args, fmt);
    va_copy(again, args);
    int wanted = format_more(b, fmt, args);
    va_end(args);
    ASSERT(wanted >= 0); /* only a broken format can fail */

    size_t n = (size_t)wanted;
    if (n > b->max - b->len) {
        n = b->max - b->len;
        b->cut = true;
    }
    if (n >= b->cap - b->len) {
        make_room(b, n);
        (void)format_more(b, fmt, again); /* the same length as before, or cut at max */
    }
    va_end(again);
    b->len += n;
    b->s[b->len] = '\0';
}

const char *strbuf_peek(const struct strbuf *b)
{
    return b->s ? b->s : "";
}

bool strbuf_cut(const struct strbuf *b)
{
    return b->cut;
}

char *strbuf_take(struct strbuf *b)
{
    char *s = b->s ? b->s : mem_copy_str("");

    strbuf_init(b, b->max);
    return s;
}

/* --------------------------------------------------------------------- JSON */

static void add_json_escape(struct strbuf *b, unsigned char c)
{
    static const char names[32] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

    if (c >= 0x20) /* the quote and the backslash */
        strbuf_add(b, (const char[]){'\\', (char)c}, 2);
    else if (names[c] != '\0')
        strbuf_add(b, (const char[]){'\\', names[c]}, 2);
    else
        strbuf_fmt(b, "\\u%04x", (unsigned)c);
}

static bool is_json_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void strbuf_json(struct strbuf *b, const char *s, size_t n)
{
    strbuf_char(b, '"');
    for (size_t i = 0; i < n;) {
        size_t run = i;
        while (run < n && is_json_plain((unsigned char)s[run]))
            run++;
        if (run > i) {
            strbuf_add(b, s + i, run - i);
            i = run;
            continue;
        }
        uint32_t cp;
        int len = text_decode(s + i, n - i, &cp);
        if (len < 0)
            strbuf_str(b, "\xEF\xBF\xBD");
        else if (len == 1)
            add_json_escape(b, (unsigned char)s[i]);
        else
            strbuf_add(b, s + i, (size_t)len);
        i += len < 0 ? 1 : (size_t)len;
    }
    strbuf_char(b, '"');
}

/* ------------------------------------------------------------- fixed arrays */

/* Takes an unfinished UTF-8 character off the end of a text that was cut. */
static void trim_broken_end(char *s, size_t len)
{
    size_t start = len;
    uint32_t cp;

    while (start > 0 && len - start < 4 && ((unsigned char)s[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)s[start - 1] < 0xC0)
        return; /* ends in ASCII, or was no UTF-8 to begin with */
    if (text_decode(s + start - 1, len - start + 1, &cp) < 0)
        s[start - 1] = '\0';
}

bool str_fmt(char *out, size_t size, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    int wanted = vsnprintf(out, size, fmt, args);
    va_end(args);
    if (wanted >= 0 && (size_t)wanted < size)
        return true;
    if (size > 0)
        trim_broken_end(out, wanted < 0 ? 0 : size - 1);
    return false;
}

bool str_copy(char *out, size_t size, const char *s)
{
    return str_copy_n(out, size, s, s ? strlen(s) : 0);
}

bool str_copy_n(char *out, size_t size, const char *s, size_t n)
{
    if (size == 0)
        return false;
    size_t kept = n < size ? n : size - 1;
    if (kept > 0)
        memmove(out, s, kept);
    out[kept] = '\0';
    if (kept == n)
        return true;
    trim_broken_end(out, kept);
    return false;
}

bool str_to_i64(const char *s, size_t n, int64_t *out)
{
    bool is_negative = n > 0 && s[0] == '-';
    int64_t value = 0;

    if (n == (is_negative ? 1u : 0u))
        return false;
    for (size_t i = is_negative ? 1 : 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        int digit = s[i] - '0';
        /* counted on the negative side, which is one longer */
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!is_negative && value == INT64_MIN)
        return false;
    *out = is_negative ? value : -value;
    return true;
}
