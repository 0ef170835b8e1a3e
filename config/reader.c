#include "config/reader.h"

#include <ini.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/words.h"

#if INI_HANDLER_LINENO
#error "this inih hands line numbers to its handler; handler_pair() needs another parameter"
#endif

/* Debian's inih keeps the length of its line buffer in a variable, 200 at first;
 * a secret's name alone may have 512 bytes.  Other builds have no such variable:
 * then the symbol is NULL and the length stays what it was compiled with. */
extern int ini_max_line __attribute__((weak));

struct reader {
    const char *at, *end;
    int line;
    bool expecting; /* inih was given a line and has not made a pair of it yet */
    const struct reader_events *events;
    struct mistakes *mistakes;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Length of the character at s, strictly as RFC 3629 has it; 0 when it is none. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80) {
        return 1;
    }
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len > n) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : len;
}

/* What is wrong with the bytes of a line; NULL: nothing. */
static const char *line_fault(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    for (size_t i = 0; i < n;) {
        if (u[i] == 0) {
            return "the line holds a NUL byte; a configuration is plain UTF-8 text";
        }
        if ((u[i] < 0x20 && u[i] != '\t') || u[i] == 0x7f) {
            return "the line holds a control character; allowed: printable text and tabs";
        }
        size_t len = utf8_length(u + i, n - i);
        if (len == 0) {
            return "the line is not UTF-8; save the file as UTF-8";
        }
        i += len;
    }
    return NULL;
}

/* "[name]", then nothing or a comment. */
static void section_line(struct reader *r, const char *s, size_t n)
{
    char name[READER_LINE_MAX + 1];
    const char *close = memchr(s, ']', n);
    if (close == NULL) {
        mistakes_add(r->mistakes, r->line,
                     "the section's ']' is missing; write [credtop], [patterns] or "
                     "[environment NAME]");
        r->events->section(r->events->ctx, r->line, "");
        return;
    }
    const char *from = s + 1, *to = close, *rest = close + 1;
    while (from < to && is_blank(*from)) {
        from++;
    }
    while (to > from && is_blank(to[-1])) {
        to--;
    }
    while (rest < s + n && is_blank(*rest)) {
        rest++;
    }
    if (rest < s + n && *rest != ';' && *rest != '#') {
        mistakes_add(r->mistakes, r->line, "text after the section's ']'; write each key on a line of its own");
    }
    if (from == to) {
        mistakes_add(r->mistakes, r->line,
                     "a section without a name; write [credtop], [patterns] or [environment NAME]");
    }
    memcpy(name, from, (size_t)(to - from));
    name[to - from] = '\0';
    r->events->section(r->events->ctx, r->line, name);
}

/* The next line without its end and the blanks around it; false after the last. */
static bool next_line(struct reader *r, const char **out, size_t *out_n)
{
    if (r->at == r->end) {
        return false;
    }
    const char *feed = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *from = r->at, *to = feed != NULL ? feed : r->end;
    r->at = feed != NULL ? feed + 1 : r->end;
    r->line++;
    if (to > from && to[-1] == '\r') {
        to--;
    }
    while (from < to && is_blank(*from)) {
        from++;
    }
    while (to > from && is_blank(to[-1])) {
        to--;
    }
    *out = from;
    *out_n = (size_t)(to - from);
    return true;
}

/* Whether a line, taken whole, may go on to be read; tells what is wrong with it. */
static bool line_is_readable(struct reader *r, const char *s, size_t n, size_t most)
{
    if (n == 0 || s[0] == '#' || s[0] == ';') {
        return false;
    }
    if (n > most) {
        mistakes_add(r->mistakes, r->line, "the line has %zu bytes; allowed: at most %zu", n, most);
        return false;
    }
    const char *fault = line_fault(s, n);
    if (fault != NULL) {
        mistakes_add(r->mistakes, r->line, "%s", fault);
    }
    return fault == NULL;
}

static void complain_of_no_pair(struct reader *r)
{
    if (r->expecting) {
        mistakes_add(r->mistakes, r->line,
                     "neither a section nor a setting; allowed: [SECTION], KEY = VALUE, "
                     "and comments that begin with # or ;");
    }
    r->expecting = false;
}

/* inih's fgets.  Every call is one line of ours, so that the numbers agree. */
static char *give_line(char *out, int size, void *stream)
{
    struct reader *r = stream;
    const char *s;
    size_t n;
    complain_of_no_pair(r);
    if (size < 3 || !next_line(r, &s, &n)) {
        return NULL;
    }
    size_t most = (size_t)size - 3 < READER_LINE_MAX ? (size_t)size - 3 : READER_LINE_MAX;
    out[0] = '\0';
    if (line_is_readable(r, s, n, most)) {
        if (s[0] == '[') {
            section_line(r, s, n);
        } else {
            memcpy(out, s, n);
            out[n] = '\0';
            r->expecting = true;
        }
    }
    return out;
}

static int handler_pair(void *user, const char *section, const char *key, const char *value)
{
    struct reader *r = user;
    (void)section; /* inih cuts long names; section_line() does not */
    r->expecting = false;
    r->events->pair(r->events->ctx, r->line, key, value != NULL ? value : "");
    return 1;
}

void reader_run(const char *bytes, size_t n, const struct reader_events *events, struct mistakes *mistakes)
{
    struct reader r = {.at = bytes, .end = bytes + n, .events = events, .mistakes = mistakes};
    if (n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        r.at += 3;
    }
    if (&ini_max_line != NULL && ini_max_line < READER_LINE_MAX + 3) {
        ini_max_line = READER_LINE_MAX + 3;
    }
    /* Its own verdict names one line alone; ours were told as they came. */
    (void)ini_parse_stream(give_line, &r, handler_pair, &r);
    complain_of_no_pair(&r);
}
