/* The npm package's reader is one regular expression; this walks a file as that
 * expression would, its surprises included, so that credtop and the Lambda's own
 * code take the same password from the same bytes.  The surprises:
 *   - blanks cross lines: a quoted value may begin on a line after its '='
 *   - text after the closing quote makes the quotes part of the value
 *   - an escaped quote stays escaped, and closes the value if nothing else does
 *   - \n and \r are unescaped in whatever begins with a double quote
 *   - blanks are JavaScript's: the no-break space and U+FEFF are among them
 * One is left out: U+2028 within quotes that do not close is a line end to the package.
 * Two things that the package passes over in silence are mistakes here: a line that
 * is no pair, and a quote that nothing closes. */
#include "config/dotenv.h"

#include <stdbool.h>
#include <string.h>

#define DOTENV_MAX ((size_t)1024 * 1024)

/* The search for a closing quote, remembered: without it, a file of nothing but
 * escaped quotes would be read to its end once a line. */
struct closing {
    char *from;         /* an opening quote it holds for; NULL never searched */
    char *first;        /* the first quote after it without a backslash before; the end when none */
    char *last_escaped; /* the last before `first` that could close a value; NULL none */
};

struct dotenv {
    char *end;
    struct closing closings[3]; /* of " ' ` */
    const char *counted;        /* line is the number of the one it is on */
    int line;
    const char *what; /* the first mistake, at line what_line; NULL none yet */
    int what_line;
};

/* ------------------------------------------------------------- characters */

/* Bytes of the line end at p (LF, U+2028, U+2029); 0: there is none. */
static size_t line_end(const char *p, const char *end)
{
    if (p < end && *p == '\n') {
        return 1;
    }
    bool separator = end - p >= 3 && (memcmp(p, "\xe2\x80\xa8", 3) == 0 || memcmp(p, "\xe2\x80\xa9", 3) == 0);
    return separator ? 3 : 0;
}

/* Bytes of the blank at p, line ends included; 0: it is none. */
static size_t blank(const char *p, const char *end)
{
    static const char wide[][4] = {"\xe1\x9a\x80", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf"};
    if (p >= end) {
        return 0;
    }
    if (*p == ' ' || (*p >= '\t' && *p <= '\r')) {
        return 1;
    }
    if (end - p >= 2 && memcmp(p, "\xc2\xa0", 2) == 0) {
        return 2;
    }
    if (end - p < 3) {
        return 0;
    }
    unsigned char third = (unsigned char)p[2];
    if (memcmp(p, "\xe2\x80", 2) == 0 && third >= 0x80 && third <= 0x8a) { /* U+2000..200A */
        return 3;
    }
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (memcmp(p, wide[i], 3) == 0) {
            return 3;
        }
    }
    return line_end(p, end);
}

static char *skip_blanks(char *p, const char *end)
{
    for (size_t n; (n = blank(p, end)) > 0;) {
        p += n;
    }
    return p;
}

static char *skip_line(char *p, const char *end)
{
    while (p < end && line_end(p, end) == 0) {
        p++;
    }
    return p;
}

static bool is_key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
}

/* CR LF and CR become LF; returns the new end. */
static char *fold_line_ends(char *bytes, const char *end)
{
    char *to = bytes;
    for (const char *from = bytes; from < end; from++) {
        if (*from == '\r') {
            *to++ = '\n';
            from += from + 1 < end && from[1] == '\n' ? 1 : 0;
        } else {
            *to++ = *from;
        }
    }
    return to;
}

/* --------------------------------------------------------------- mistakes */

/* Counts on to p: before values up to there are unescaped, which makes line feeds. */
static void count_lines(struct dotenv *d, const char *p)
{
    for (; d->counted < p; d->counted++) {
        d->line += *d->counted == '\n';
    }
}

static void mistake(struct dotenv *d, const char *what)
{
    if (d->what == NULL) {
        d->what = what;
        d->what_line = d->line;
    }
}

/* ----------------------------------------------------------------- values */

/* A closing quote counts when nothing but blanks and a comment follow on its line. */
static bool closes(const char *quote, const char *end)
{
    const char *p = quote + 1;
    for (size_t n; line_end(p, end) == 0 && (n = blank(p, end)) > 0;) {
        p += n;
    }
    return p == end || *p == '#' || line_end(p, end) > 0;
}

static void search_closing(struct closing *c, char *open, char *end)
{
    *c = (struct closing){.from = open, .first = end};
    for (char *p = open + 1; p < end && (p = memchr(p, *open, (size_t)(end - p))) != NULL; p++) {
        if (p[-1] != '\\') {
            c->first = p;
            return;
        }
        if (closes(p, end)) {
            c->last_escaped = p;
        }
    }
}

/* The quote that closes the one at `open`: the first without a backslash before it,
 * else the last of those with one that could; NULL when there is none. */
static char *closing_quote(struct dotenv *d, char *open)
{
    struct closing *c = &d->closings[*open == '"' ? 0 : *open == '\'' ? 1 : 2];
    if (c->from == NULL || open < c->from || open >= c->first) {
        search_closing(c, open, d->end);
    }
    if (c->first < d->end && closes(c->first, d->end)) {
        return c->first;
    }
    return c->last_escaped > open ? c->last_escaped : NULL;
}

/* \n and \r to what they stand for, in place; returns the new length. */
static size_t unescape(char *s, size_t n)
{
    size_t to = 0;
    for (size_t from = 0; from < n; from++) {
        if (s[from] == '\\' && from + 1 < n && (s[from + 1] == 'n' || s[from + 1] == 'r')) {
            s[to++] = s[++from] == 'n' ? '\n' : '\r';
        } else {
            s[to++] = s[from];
        }
    }
    return to;
}

/* Without quotes: up to '#' or the line's end, trimmed; the same quote at both ends
 * still goes. */
static char *bare_value(struct dotenv *d, char *from, char **out, size_t *out_n)
{
    char *stop = from;
    while (stop < d->end && *stop != '\n' && *stop != '#') {
        stop++;
    }
    char *to = stop;
    from = skip_blanks(from, stop);
    for (bool more = true; more && to > from;) { /* blanks at the end: of 1, 2 or 3 bytes */
        more = false;
        for (size_t n = 1; n <= 3 && !more; n++) {
            if ((size_t)(to - from) >= n && blank(to - n, to) == n) {
                to -= n;
                more = true;
            }
        }
    }
    bool quoted = to > from && (*from == '"' || *from == '\'' || *from == '`');
    if (quoted && memchr(from + 1, *from, (size_t)(to - from - 1)) == NULL) {
        mistake(d, "a quote that nothing closes");
    }
    count_lines(d, stop);
    bool both = quoted && to - from >= 2 && to[-1] == *from;
    *out = both ? from + 1 : from;
    *out_n = (size_t)(to - from) - (both ? 2 : 0);
    if (quoted && *from == '"') {
        *out_n = unescape(*out, *out_n);
    }
    return stop;
}

/* The value after '=' or ':'; returns where it ends. */
static char *read_value(struct dotenv *d, char *from, char **out, size_t *out_n)
{
    char *open = skip_blanks(from, d->end);
    if (open < d->end && (*open == '"' || *open == '\'' || *open == '`')) {
        char *close = closing_quote(d, open);
        if (close != NULL) {
            *out = open + 1;
            *out_n = (size_t)(close - open - 1);
            count_lines(d, close);
            *out_n = *open == '"' ? unescape(*out, *out_n) : *out_n;
            return close + 1;
        }
    }
    return bare_value(d, from, out, out_n);
}

/* ------------------------------------------------------------------ pairs */

/* Reads "KEY =" or "KEY: " at p; returns where the value begins, NULL: no pair. */
static char *read_key(struct dotenv *d, char *p, char **out, size_t *out_n)
{
    char *key = p;
    while (p < d->end && is_key_char(*p)) {
        p++;
    }
    char *after = skip_blanks(p, d->end);
    *out = key;
    *out_n = (size_t)(p - key);
    if (p == key) {
        return NULL;
    }
    if (after < d->end && *after == '=') {
        return after + 1;
    }
    size_t n = p < d->end && *p == ':' ? blank(p + 1, d->end) : 0;
    return n > 0 ? p + 1 + n : NULL;
}

/* "export" before a key goes; `export = 1` is a key of that name. */
static char *read_start(struct dotenv *d, char *p, char **out_key, size_t *out_key_n)
{
    static const char word[] = "export";
    size_t n = sizeof word - 1;
    if ((size_t)(d->end - p) > n && memcmp(p, word, n) == 0 && blank(p + n, d->end) > 0) {
        char *value = read_key(d, skip_blanks(p + n, d->end), out_key, out_key_n);
        if (value != NULL) {
            return value;
        }
    }
    return read_key(d, p, out_key, out_key_n);
}

int dotenv_parse(char *bytes, size_t n, dotenv_pair_fn *pair, void *ctx, const char **out_what)
{
    struct dotenv d = {.counted = bytes, .line = 1};
    *out_what = NULL;
    if (n > DOTENV_MAX) {
        *out_what = "the file is larger than 1 MiB";
        return 1;
    }
    d.end = fold_line_ends(bytes, bytes + n);
    for (char *p = skip_blanks(bytes, d.end); p < d.end; p = skip_blanks(p, d.end)) {
        char *key, *value;
        size_t key_n, value_n;
        count_lines(&d, p);
        char *from = *p == '#' ? NULL : read_start(&d, p, &key, &key_n);
        if (from != NULL) {
            p = read_value(&d, from, &value, &value_n);
            if (memchr(value, '\0', value_n) != NULL) {
                mistake(&d, "a NUL byte in a value");
            }
            pair(ctx, key, key_n, value, value_n);
        } else if (*p != '#') {
            mistake(&d, "neither KEY=value nor a comment");
        }
        p = skip_line(p, d.end); /* what is left is blank, a comment, or no pair */
    }
    *out_what = d.what;
    return d.what != NULL ? d.what_line : 0;
}
