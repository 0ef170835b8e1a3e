#include "config/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"

#define QUOTE_MAX ((size_t)60)
#define SPELLING_MAX ((size_t)32)
#define YEAR_MS ((int64_t)366 * 24 * 3600 * 1000)

void words_init(struct words *w, size_t max)
{
    *w = (struct words){.max = max};
}

void words_clear(struct words *w)
{
    free(w->s);
    words_init(w, w->max);
}

void words_add(struct words *w, const char *bytes, size_t n)
{
    if (n > w->max - w->len) {
        n = w->max - w->len;
    }
    if (w->len + n + 1 > w->cap) {
        size_t cap = (w->len + n + 1) * 2;
        w->s = arena_resize(w->s, cap, 1);
        w->cap = cap;
    }
    memcpy(w->s + w->len, bytes, n);
    w->len += n;
    w->s[w->len] = '\0';
}

void words_fmt(struct words *w, const char *fmt, ...)
{
    va_list args;
    char small[512];
    va_start(args, fmt);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n >= 0 && (size_t)n < sizeof small) {
        words_add(w, small, (size_t)n);
    } else if (n >= 0) {
        char *big = arena_resize(NULL, (size_t)n + 1, 1);
        va_start(args, fmt);
        (void)vsnprintf(big, (size_t)n + 1, fmt, args); /* the same text, the same length */
        va_end(args);
        words_add(w, big, (size_t)n);
        free(big);
    }
}

char *words_take(struct words *w)
{
    words_add(w, "", 0);
    char *s = w->s;
    words_init(w, w->max);
    return s;
}

void words_safe(struct words *w, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c < 0x7f) {
            words_add(w, &bytes[i], 1);
        } else {
            words_fmt(w, "\\x%02x", c);
        }
    }
}

void words_quote(struct words *w, const char *bytes, size_t n)
{
    words_add(w, "'", 1);
    words_safe(w, bytes, n > QUOTE_MAX ? QUOTE_MAX : n);
    words_fmt(w, n > QUOTE_MAX ? "...'" : "'");
}

void words_wrap(struct words *w, const char *text, size_t at, size_t indent, size_t columns)
{
    bool first = true;
    while (*text != '\0') {
        size_t n = strcspn(text, " ");
        if (!first && at + 1 + n > columns) {
            words_fmt(w, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        words_fmt(w, "%s%.*s", first ? "" : " ", (int)n, text);
        at += n + (first ? 0 : 1);
        first = false;
        text += n + (text[n] == ' ' ? 1 : 0);
    }
}

void words_roff(struct words *w, const char *text)
{
    if (*text == '.' || *text == '\'') {
        words_fmt(w, "\\&");
    }
    for (; *text != '\0'; text++) {
        if (*text == '\\') {
            words_fmt(w, "\\e");
        } else if (*text == '-') {
            words_fmt(w, "\\-");
        } else {
            words_add(w, text, 1);
        }
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours between a and b. */
static size_t spelling_distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[3][SPELLING_MAX + 1]; /* the last three rows of the table */
    for (size_t j = 0; j <= nb; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t *now = row[i % 3], *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            now[j] = least(least(up[j] + 1, now[j - 1] + 1), up[j - 1] + (same ? 0 : 1));
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                now[j] = least(now[j], up2[j - 2] + 1);
            }
        }
    }
    return row[na % 3][nb];
}

void spelling_init(struct spelling *s, const char *typed)
{
    *s = (struct spelling){.typed = typed, .distance = SPELLING_MAX};
}

void spelling_try(struct spelling *s, const char *candidate)
{
    size_t n = strlen(s->typed), m = strlen(candidate);
    size_t most = m < 4 ? 1 : m / 3; /* a third wrong is a typing error; more is another word */
    if (n > SPELLING_MAX || m > SPELLING_MAX || (n > m ? n - m : m - n) > most) {
        return;
    }
    size_t d = spelling_distance(s->typed, n, candidate, m);
    if (d <= most && d < n && d < s->distance) {
        s->best = candidate;
        s->distance = d;
    }
}

const char *spelling_nearest(const struct spelling *s)
{
    return s->best;
}

bool number_read(const char *text, size_t n, int64_t max, int64_t *out)
{
    int64_t value = 0;
    if (n == 0) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int digit = text[i] - '0';
        if (digit < 0 || digit > 9 || value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

bool duration_read(const char *text, size_t n, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}};
    size_t digits = 0;
    while (digits < n && text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        int64_t count;
        if (n - digits == strlen(units[i].unit) && memcmp(text + digits, units[i].unit, n - digits) == 0) {
            if (!number_read(text, digits, YEAR_MS / units[i].ms, &count)) {
                return false;
            }
            *out_ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}

/* "22:00" -> 1320 */
static bool minute_read(const char *text, int *out)
{
    int64_t hour, minute;
    if (strlen(text) < 5 || text[2] != ':' || !number_read(text, 2, 23, &hour) ||
        !number_read(text + 3, 2, 59, &minute)) {
        return false;
    }
    *out = (int)(hour * 60 + minute);
    return true;
}

bool hours_read(const char *text, int *out_from, int *out_to)
{
    return strlen(text) == 11 && text[5] == '-' && minute_read(text, out_from) && minute_read(text + 6, out_to) &&
           *out_from != *out_to;
}
