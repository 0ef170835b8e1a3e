/* A recursive-descent reader specialised to one document.  Almost all bytes are in
 * strings, so scan_string() decides the speed: sixteen bytes at a time it looks for
 * the next byte that is a quote, a backslash, a control character or not ASCII.
 *
 * The buffer is followed by a NUL (strbuf's), which no JSON text contains: it stops
 * every inner loop, so these need no bounds check of their own. */
#include "backend/watch/log_page.h"

#include <math.h>
#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "backend/base/mem.h"
#include "backend/base/text.h"

#define NESTING_MAX 64

struct scan {
    char *p, *end, *start;
    const char *what;         /* the first mistake, NULL while there is none */
};

static bool bad(struct scan *s, const char *what)
{
    if (s->what == NULL)
        s->what = what;
    return false;
}

static void skip_space(struct scan *s)
{
    while (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r')
        s->p++;
}

static bool expect(struct scan *s, char c, const char *what)
{
    skip_space(s);
    if (*s->p != c)
        return bad(s, what);
    s->p++;
    return true;
}

/* ---------------------------------------------------------------- strings */

static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

/* The first byte from p on that is not plain ASCII text; there is one, the NUL. */
static char *skip_plain(char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);
    while (end - p >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        /* signed compare: bytes from 0x80 on are negative, hence below space too */
        __m128i odd = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmplt_epi8(v, space));
        int mask = _mm_movemask_epi8(odd);
        if (mask != 0)
            return p + __builtin_ctz((unsigned)mask);
        p += 16;
    }
#else
    (void)end;
#endif
    while (is_plain((unsigned char)*p))
        p++;
    return p;
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* p at the backslash of a \u escape; writes UTF-8 to *out. */
static char *unescape_unicode(struct scan *s, char *p, char **out)
{
    int unit = hex4(p + 2);
    if (unit <= 0) {
        (void)bad(s, unit == 0 ? "NUL in a string" : "bad \\u escape");
        return NULL;
    }
    uint32_t cp = (uint32_t)unit;
    p += 6;
    if (cp >= 0xD800 && cp <= 0xDFFF) {
        int low = cp <= 0xDBFF && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : -1;
        if (low < 0xDC00 || low > 0xDFFF) {
            (void)bad(s, "lone surrogate");
            return NULL;
        }
        cp = 0x10000 + ((cp - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
        p += 6;
    }
    *out += text_encode(cp, *out);
    return p;
}

static char *unescape(struct scan *s, char *p, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p[1] == 'u')
        return unescape_unicode(s, p, out);
    const char *at = p[1] != '\0' ? strchr(from, p[1]) : NULL;
    if (at == NULL) {
        (void)bad(s, "bad escape");
        return NULL;
    }
    *(*out)++ = to[at - from];
    return p + 2;
}

/* After the opening quote.  The result is written over the input once an escape has
 * made it shorter; before that the bytes stay where they are. */
static bool scan_string(struct scan *s, struct slice *out)
{
    char *begin = s->p, *p = s->p, *write = NULL;
    for (;;) {
        char *stop = skip_plain(p, s->end);
        if (write != NULL) {
            memmove(write, p, (size_t)(stop - p));
            write += stop - p;
        }
        unsigned char c = (unsigned char)*stop;
        if (c == '"') {
            *out = (struct slice){begin, (size_t)((write != NULL ? write : stop) - begin)};
            s->p = stop + 1;
            return true;
        }
        s->p = stop;
        if (c == '\\') {
            if (write == NULL)
                write = stop;
            p = unescape(s, stop, &write);
            if (p == NULL)
                return false;
        } else if (c >= 0x80) {
            uint32_t cp;
            int k = text_decode(stop, (size_t)(s->end - stop), &cp);
            if (k <= 0)
                return bad(s, "not UTF-8");
            if (write != NULL) {
                memmove(write, stop, (size_t)k);
                write += k;
            }
            p = stop + k;
        } else {
            return bad(s, stop >= s->end ? "string does not end" : "control character in a string");
        }
    }
}

static bool scan_key(struct scan *s, struct slice *key)
{
    if (!expect(s, '"', "member name expected") || !scan_string(s, key))
        return false;
    return expect(s, ':', "':' expected");
}

/* ---------------------------------------------------------------- numbers */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* RFC 8259's grammar; the value is kept when it is a whole number, which must fit. */
static bool scan_number(struct scan *s, int64_t *out, bool *out_whole)
{
    const char *from = s->p;
    bool negative = *s->p == '-', whole = true, fits = true;
    int64_t v = 0;
    if (negative)
        s->p++;
    if (!is_digit(*s->p) || (*s->p == '0' && is_digit(s->p[1])))
        return bad(s, "not a number");
    for (; is_digit(*s->p); s->p++) {
        int digit = negative ? '0' - *s->p : *s->p - '0';   /* the least of all has no positive twin */
        fits = fits && !__builtin_mul_overflow(v, 10, &v) && !__builtin_add_overflow(v, digit, &v);
    }
    if (*s->p == '.') {
        whole = false;
        if (!is_digit(*++s->p))
            return bad(s, "not a number");
        while (is_digit(*s->p))
            s->p++;
    }
    if (*s->p == 'e' || *s->p == 'E') {
        whole = false;
        s->p++;
        if (*s->p == '+' || *s->p == '-')
            s->p++;
        if (!is_digit(*s->p))
            return bad(s, "not a number");
        while (is_digit(*s->p))
            s->p++;
    }
    if (s->p - from > 64)
        return bad(s, "number too long");
    if (whole ? !fits : isinf(strtod(from, NULL)))   /* what follows it ends it: the text is NUL-terminated */
        return bad(s, "number too large");
    *out = v;
    *out_whole = whole;
    return true;
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return bad(s, "not a value");
    s->p += n;
    return true;
}

/* ------------------------------------------------------ values to step over */

static bool skip_value(struct scan *s);

/* Containers are walked with an explicit depth, not by recursion: the input is foreign. */
static bool skip_container(struct scan *s)
{
    char closer[NESTING_MAX];
    int depth = 0;
    bool want_value = true;   /* else: ',' or the closer */
    struct slice ignored;
    do {
        skip_space(s);
        char c = *s->p;
        if (want_value && (c == '{' || c == '[')) {
            if (depth == NESTING_MAX)
                return bad(s, "nested too deeply");
            closer[depth++] = c == '{' ? '}' : ']';
            s->p++;
            skip_space(s);
            if (*s->p == closer[depth - 1]) {
                s->p++;
                depth--;
                want_value = false;
            } else if (c == '{' && !scan_key(s, &ignored)) {
                return false;
            }
        } else if (want_value) {
            if (!skip_value(s))
                return false;
            want_value = false;
        } else if (c == closer[depth - 1]) {
            s->p++;
            depth--;
        } else if (c == ',') {
            s->p++;
            if (closer[depth - 1] == '}' && !scan_key(s, &ignored))
                return false;
            want_value = true;
        } else {
            return bad(s, "',' or a closing bracket expected");
        }
    } while (depth > 0);
    return true;
}

static bool skip_value(struct scan *s)
{
    struct slice ignored;
    int64_t number;
    bool whole;
    skip_space(s);
    switch (*s->p) {
    case '"':
        s->p++;
        return scan_string(s, &ignored);
    case '{':
    case '[':
        return skip_container(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    default:
        return scan_number(s, &number, &whole);
    }
}

/* --------------------------------------------------------- the document */

static bool is(struct slice key, const char *name, size_t n) { return key.n == n && memcmp(key.s, name, n) == 0; }
#define IS(key, literal) is(key, literal, sizeof(literal) - 1)

/* A text or null member. */
static bool text_member(struct scan *s, struct slice *out)
{
    skip_space(s);
    if (*s->p == 'n') {
        *out = (struct slice){"", 0};
        return scan_word(s, "null");
    }
    if (*s->p != '"')
        return bad(s, "a text was expected");
    s->p++;
    return scan_string(s, out);
}

static bool time_member(struct scan *s, int64_t *out)
{
    bool whole = true;
    skip_space(s);
    if (*s->p == 'n') {
        *out = -1;
        return scan_word(s, "null");
    }
    if (*s->p != '-' && !is_digit(*s->p))
        return bad(s, "a number was expected");
    return scan_number(s, out, &whole) && (whole || bad(s, "a whole number was expected"));
}

/* ',' or `closer` after a member; *out_more says which. */
static bool separator(struct scan *s, char closer, bool *out_more)
{
    skip_space(s);
    *out_more = *s->p == ',';
    if (*s->p != ',' && *s->p != closer)
        return bad(s, "',' or a closing bracket expected");
    s->p++;
    return true;
}

static bool scan_event(struct scan *s, struct log_event *e)
{
    *e = (struct log_event){.stream = {"", 0}, .message = {"", 0}, .id = {"", 0}, .time_ms = -1, .ingested_ms = -1};
    if (!expect(s, '{', "an event object was expected"))
        return false;
    skip_space(s);
    if (*s->p == '}') {
        s->p++;
        return true;
    }
    for (bool more = true; more;) {
        struct slice key;
        if (!scan_key(s, &key))
            return false;
        bool ok = IS(key, "message")         ? text_member(s, &e->message)
                  : IS(key, "logStreamName") ? text_member(s, &e->stream)
                  : IS(key, "eventId")       ? text_member(s, &e->id)
                  : IS(key, "timestamp")     ? time_member(s, &e->time_ms)
                  : IS(key, "ingestionTime") ? time_member(s, &e->ingested_ms)
                                             : skip_value(s);
        if (!ok || !separator(s, '}', &more))
            return false;
    }
    return true;
}

static struct log_event *next_event(struct log_page *p)
{
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 1024 : p->cap * 2;
        p->events = mem_grow(p->events, p->cap, sizeof *p->events);
    }
    return &p->events[p->n++];
}

static bool scan_events(struct scan *s, struct log_page *p)
{
    skip_space(s);
    if (*s->p == 'n')
        return scan_word(s, "null");
    if (!expect(s, '[', "\"events\" is not an array"))
        return false;
    skip_space(s);
    if (*s->p == ']') {
        s->p++;
        return true;
    }
    for (bool more = true; more;)
        if (!scan_event(s, next_event(p)) || !separator(s, ']', &more))
            return false;
    return true;
}

static bool scan_document(struct scan *s, struct log_page *p)
{
    if (!expect(s, '{', "an object was expected"))
        return false;
    skip_space(s);
    if (*s->p == '}') {
        s->p++;
    } else {
        for (bool more = true; more;) {
            struct slice key;
            if (!scan_key(s, &key))
                return false;
            p->n = IS(key, "events") ? 0 : p->n;   /* a member twice: the last one counts */
            bool ok = IS(key, "events")      ? scan_events(s, p)
                      : IS(key, "nextToken") ? text_member(s, &p->next_token)
                                             : skip_value(s);
            if (!ok || !separator(s, '}', &more))
                return false;
        }
    }
    skip_space(s);
    return s->p == s->end || bad(s, "more after the end");
}

void log_page_init(struct log_page *p) { *p = (struct log_page){0}; }

void log_page_clear(struct log_page *p)
{
    free(p->events);
    *p = (struct log_page){0};
}

enum err log_page_scan(struct log_page *p, char *bytes, size_t n, struct why *why)
{
    struct scan s = {.p = bytes, .start = bytes, .end = bytes + n};
    p->n = 0;
    p->next_token = (struct slice){"", 0};
    ASSERT(bytes[n] == '\0');
    if (scan_document(&s, p))
        return ERR_OK;
    p->n = 0;
    p->next_token = (struct slice){"", 0};
    return why_set(why, ERR_MALFORMED, "log page, byte %zu of %zu: %s", (size_t)(s.p - s.start), n, s.what);
}
