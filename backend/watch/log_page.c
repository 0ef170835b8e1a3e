/* A recursive-descent reader specialised to one document.  Almost all bytes are in
 * strings, so scan_string() decides the speed.  It looks at 64 bytes at a time and gets
 * one bit for each that may not simply be taken over: then it steps from bit to bit, as
 * many bytes as lie between are copied blindly, and no byte is looked at alone.
 *
 * The bytes are followed by a NUL, which no JSON text contains: it stops every inner
 * loop, so these need no bounds check of their own. */
#include "backend/watch/log_page.h"

#include <math.h>
#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "backend/base/mem.h"
#include "backend/base/text.h"

#define NESTING_MAX 64
#define BLOCK 64        /* bytes looked at at once */
#define STEP 32         /* bytes copied at once */
#define KEPT (4u << 10) /* a page that was large once does not keep its room */

/* The members of an event. */
enum member { MEMBER_STREAM, MEMBER_TIME, MEMBER_MESSAGE, MEMBER_INGESTED, MEMBER_ID, MEMBERS = LOG_PAGE_MEMBERS };

struct scan {
    const char *p, *end;
    char *text;       /* where the next unescaped byte goes */
    const char *what; /* the first mistake, NULL while there is none */
    int *guess;       /* log_page's */
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

static uint64_t load8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* ---------------------------------------------------------------- strings */

/* One bit a byte, the first byte's the lowest. */
struct look {
    uint64_t stops;   /* quotes, backslashes, control characters */
    uint64_t foreign; /* not ASCII */
};

static inline struct look look_at_block(const char *p)
{
    struct look l = {0, 0};
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
    for (unsigned i = 0; i < BLOCK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        __m128i odd = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        l.stops |= (uint64_t)(unsigned)_mm_movemask_epi8(odd) << i;
        l.foreign |= (uint64_t)(unsigned)_mm_movemask_epi8(v) << i;
    }
#else
    for (unsigned i = 0; i < BLOCK; i++) {
        unsigned char c = (unsigned char)p[i];
        l.stops |= (uint64_t)(c == '"' || c == '\\' || c < 0x20) << i;
        l.foreign |= (uint64_t)(c >= 0x80) << i;
    }
#endif
    return l;
}

/* The bytes from p on, never beyond the end, where a NUL stops. */
static struct look look_at(const char *p, const char *end)
{
    char last[BLOCK] = {0};
    if (end - p >= BLOCK)
        return look_at_block(p);
    memcpy(last, p, (size_t)(end - p));
    return look_at_block(last);
}

/* Copies what lies between two places in steps that may write beyond it, into room that
 * is left for that; returns where it ends. */
static inline char *copy(char *to, const char *from, const char *upto, const char *end)
{
    size_t n = (size_t)(upto - from);
    if (end - upto < STEP)
        memcpy(to, from, n);
    else
        for (size_t i = 0; i < n; i += STEP)
            memcpy(to + i, from + i, STEP);
    return to + n;
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* p at the backslash of any escape but the short ones; returns what follows it, NULL when
 * it is none. */
static const char *unescape_unicode(struct scan *s, const char *p)
{
    int unit = p[1] == 'u' ? hex4(p + 2) : -1;
    if (unit <= 0) {
        (void)bad(s, unit == 0 ? "NUL in a string" : p[1] == 'u' ? "bad \\u escape" : "bad escape");
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
    s->text += text_encode(cp, s->text);
    return p;
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of the character at p, which is not ASCII; 0 when it is not UTF-8 (RFC 3629). */
static unsigned utf8_length(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    if (p[0] < 0xE0)
        return p[0] >= 0xC2 && is_continuation(p[1]) ? 2 : 0;
    if (p[0] < 0xF0) {
        unsigned char low = p[0] == 0xE0 ? 0xA0 : 0x80, high = p[0] == 0xED ? 0x9F : 0xBF;
        return p[1] >= low && p[1] <= high && is_continuation(p[2]) ? 3 : 0;
    }
    unsigned char low = p[0] == 0xF0 ? 0x90 : 0x80, high = p[0] == 0xF4 ? 0x8F : 0xBF;
    return p[0] <= 0xF4 && p[1] >= low && p[1] <= high && is_continuation(p[2]) && is_continuation(p[3]) ? 4 : 0;
}

static uint64_t from_bit(uint64_t bits, size_t n)
{
    return n < BLOCK ? bits & (~(uint64_t)0 << n) : 0;
}

static bool check_utf8(struct scan *s, const char *p, const char *upto)
{
    const char *next = p;
    for (; p<upto; p = next> p + BLOCK ? next : p + BLOCK) {
        uint64_t foreign = look_at(p, s->end).foreign;
        while (foreign != 0) {
            const char *at = p + __builtin_ctzll(foreign);
            unsigned n = at < upto ? utf8_length(at) : 0;
            if (at >= upto)
                return true;
            if (n == 0) {
                s->p = at;
                return bad(s, "not UTF-8");
            }
            next = at + n;
            foreign = from_bit(foreign, (size_t)(next - p));
        }
    }
    return true;
}

/* After the opening quote.  `run` is where the part begins that has not been copied yet:
 * a string without escapes never is. */
static bool scan_string(struct scan *s, struct slice *out)
{
    static const char escapes[256] = {
        ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'};
    const char *begin = s->p, *run = begin, *end = s->end;
    char *unescaped = s->text, *text = unescaped;
    uint64_t foreign = 0;
    for (const char *block = begin;; block = run > block + BLOCK ? run : block + BLOCK) {
        struct look l = look_at(block, end);
        foreign |= l.foreign;
        while (l.stops != 0) {
            const char *at = block + __builtin_ctzll(l.stops);
            if (*at == '"') {
                s->text = run != begin ? copy(text, run, at, end) : text;
                *out = run != begin ? (struct slice){unescaped, (size_t)(s->text - unescaped)}
                                    : (struct slice){begin, (size_t)(at - begin)};
                s->p = at + 1;
                return foreign == 0 || check_utf8(s, begin, at);
            }
            s->p = at;
            if (*at != '\\')
                return bad(s, at >= end ? "string does not end" : "control character in a string");
            text = copy(text, run, at, end);
            char c = escapes[(unsigned char)at[1]];
            if (c != '\0') {
                *text++ = c;
                run = at + 2;
            } else {
                s->text = text;
                run = unescape_unicode(s, at);
                if (run == NULL)
                    return false;
                text = s->text;
            }
            l.stops = from_bit(l.stops, (size_t)(run - block));
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

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

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
        int digit = negative ? '0' - *s->p : *s->p - '0'; /* the least of all has no positive twin */
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
    if (whole ? !fits : isinf(strtod(from, NULL))) /* what follows it ends it: the text is NUL-terminated */
        return bad(s, "number too large");
    *out = v;
    *out_whole = whole;
    return true;
}

/* Eight digits at once: pairs, then fours, then the eight (the first is in the lowest byte). */
static bool eight_digits(const struct scan *s, const char *p, int64_t *out)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (s->end - p < 8)
        return false;
    uint64_t v = load8(p);
    if (((v & 0xF0F0F0F0F0F0F0F0u) | ((v + 0x0606060606060606u) & 0xF0F0F0F0F0F0F0F0u) >> 4) != 0x3333333333333333u)
        return false;
    v = ((v & 0x0F0F0F0F0F0F0F0Fu) * ((10u << 8) + 1)) >> 8;
    v = ((v & 0x00FF00FF00FF00FFu) * ((100u << 16) + 1)) >> 16;
    *out = (int64_t)(((v & 0x0000FFFF0000FFFFu) * (((uint64_t)10000 << 32) + 1)) >> 32);
    return true;
#else
    return (void)s, (void)p, (void)out, false;
#endif
}

/* A whole number of up to eighteen digits without a sign: every time there is.  False,
 * with nothing taken, for any other value. */
static bool scan_time(struct scan *s, int64_t *out)
{
    const char *p = s->p;
    int64_t v = 0;
    if (*p != '0' && eight_digits(s, p, &v))
        p += 8;
    while (is_digit(*p) && p - s->p < 18)
        v = v * 10 + (*p++ - '0');
    if (p == s->p || *s->p == '0' || is_digit(*p) || *p == '.' || *p == 'e' || *p == 'E')
        return false;
    s->p = p;
    *out = v;
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
    bool want_value = true; /* else: ',' or the closer */
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

/* A member's name as it stands in a page, eight to sixteen bytes. */
struct name {
    const char *text;
    size_t n;
};
#define NAME(literal)                                                                                                  \
    {                                                                                                                  \
        "\"" literal "\":", sizeof(literal) + 2                                                                        \
    }
static const struct name names[MEMBERS] = {[MEMBER_STREAM] = NAME("logStreamName"),
                                           [MEMBER_TIME] = NAME("timestamp"),
                                           [MEMBER_MESSAGE] = NAME("message"),
                                           [MEMBER_INGESTED] = NAME("ingestionTime"),
                                           [MEMBER_ID] = NAME("eventId")};

static bool is_next(const struct scan *s, const struct name *name)
{
    const char *a = s->p, *b = name->text;
    return s->end - a >= 16 && load8(a) == load8(b) && load8(a + name->n - 8) == load8(b + name->n - 8);
}

static bool is(struct slice key, const char *name)
{
    return key.n == strlen(name) && memcmp(key.s, name, key.n) == 0;
}

/* The name of an event's n-th member; MEMBERS: of none we want.  What stood there in the
 * last event most likely stands there again. */
static bool scan_member(struct scan *s, size_t n, enum member *out)
{
    struct slice key;
    enum member m = n < MEMBERS ? (enum member)s->guess[n] : MEMBERS;
    if (m < MEMBERS && is_next(s, &names[m])) {
        s->p += names[m].n;
        *out = m;
        return true;
    }
    if (!scan_key(s, &key))
        return false;
    for (m = 0; m < MEMBERS; m++)
        if (key.n + 3 == names[m].n && memcmp(key.s, names[m].text + 1, key.n) == 0)
            break;
    if (n < MEMBERS)
        s->guess[n] = (int)m;
    *out = m;
    return true;
}

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
    if (scan_time(s, out))
        return true;
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
    bool more = true;
    for (size_t n = 0; more; n++) {
        enum member m;
        bool ok = false;
        if (!scan_member(s, n, &m))
            return false;
        switch (m) {
        case MEMBER_STREAM:
            ok = text_member(s, &e->stream);
            break;
        case MEMBER_TIME:
            ok = time_member(s, &e->time_ms);
            break;
        case MEMBER_MESSAGE:
            ok = text_member(s, &e->message);
            break;
        case MEMBER_INGESTED:
            ok = time_member(s, &e->ingested_ms);
            break;
        case MEMBER_ID:
            ok = text_member(s, &e->id);
            break;
        case MEMBERS:
            ok = skip_value(s);
            break;
        }
        if (!ok || !separator(s, '}', &more))
            return false;
    }
    return true;
}

static struct log_event *next_event(struct log_page *p)
{
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 16 : p->cap * 2;
        p->events = mem_grow(p->events, p->cap, sizeof *p->events);
    }
    return &p->events[p->n++];
}

/* The document is a row of units, each with the sign that ends it: so a unit that is there
 * whole is not mistaken for a longer one, and one that is not fails and is scanned again when
 * there is more.  A unit is the opening brace; a member; of "events" only up to the bracket;
 * an event; what follows the events. */
static bool scan_member_of_page(struct scan *s, struct log_page *p)
{
    struct slice key;
    bool more;
    if (!scan_key(s, &key))
        return false;
    skip_space(s);
    bool events = is(key, "events");
    p->n = events ? 0 : p->n; /* a member twice: the last one counts */
    if (events && *s->p != 'n') {
        if (!expect(s, '[', "\"events\" is not an array"))
            return false;
        skip_space(s);
        if (s->p == s->end) /* the bracket that closes it may be the next byte */
            return bad(s, "an event object was expected");
        p->place = *s->p == ']' ? LOG_PAGE_AFTER_EVENTS : LOG_PAGE_EVENT;
        s->p += *s->p == ']';
        return true;
    }
    if (!(is(key, "nextToken") ? text_member(s, &p->next_token)
          : events             ? scan_word(s, "null")
                               : skip_value(s)) ||
        !separator(s, '}', &more))
        return false;
    p->place = more ? LOG_PAGE_MEMBER : LOG_PAGE_DONE;
    return true;
}

static bool scan_unit(struct scan *s, struct log_page *p)
{
    bool more = true;
    switch (p->place) {
    case LOG_PAGE_BEFORE:
        if (!expect(s, '{', "an object was expected"))
            return false;
        skip_space(s);
        if (s->p == s->end)
            return bad(s, "member name expected");
        p->place = *s->p == '}' ? LOG_PAGE_DONE : LOG_PAGE_MEMBER;
        s->p += *s->p == '}';
        return true;
    case LOG_PAGE_MEMBER:
        return scan_member_of_page(s, p);
    case LOG_PAGE_EVENT:
        if (!scan_event(s, next_event(p)) || !separator(s, ']', &more)) {
            p->n--;
            return false;
        }
        p->place = more ? LOG_PAGE_EVENT : LOG_PAGE_AFTER_EVENTS;
        return true;
    case LOG_PAGE_AFTER_EVENTS:
        if (!separator(s, '}', &more))
            return false;
        p->place = more ? LOG_PAGE_MEMBER : LOG_PAGE_DONE;
        return true;
    case LOG_PAGE_DONE:
        break;
    }
    return false;
}

void log_page_init(struct log_page *p)
{
    *p = (struct log_page){0};
}

void log_page_clear(struct log_page *p)
{
    free(p->events);
    free(p->text);
    *p = (struct log_page){0};
}

/* ------------------------------------------------------- bytes that arrive */

static void move_slice(struct slice *s, const char *from, size_t n, const char *to)
{
    size_t offset = (size_t)((uintptr_t)s->s - (uintptr_t)from); /* huge when it is not from there */
    if (offset < n)
        s->s = to + offset;
}

/* What slices were cut from lies somewhere else now: the buffer has grown. */
static void move_slices(struct log_page *p, const char *from, size_t n, const char *to)
{
    if (from == to || n == 0)
        return;
    for (size_t i = 0; i < p->n; i++) {
        move_slice(&p->events[i].stream, from, n, to);
        move_slice(&p->events[i].message, from, n, to);
        move_slice(&p->events[i].id, from, n, to);
    }
    move_slice(&p->next_token, from, n, to);
}

/* Room for every string that is not scanned yet, and for the last step of a copy beyond it:
 * no escape is shorter than what it stands for. */
static void make_room(struct log_page *p, size_t unscanned)
{
    size_t need = (p->text_n + unscanned + STEP + 511) / 512 * 512;
    if (p->text_cap >= need)
        return;
    if (p->text_n > 0 && need < 2 * p->text_cap) /* it grows: not a little each time */
        need = 2 * p->text_cap;
    char *grown = mem_grow(NULL, need, 1);
    if (p->text_n > 0)
        memcpy(grown, p->text, p->text_n);
    move_slices(p, p->text, p->text_n, grown);
    free(p->text);
    p->text = grown;
    p->text_cap = need;
}

/* Room that the last page did not need is given back. */
void log_page_begin(struct log_page *p)
{
    if (p->cap * sizeof *p->events > KEPT && p->cap > p->seen / 64) { /* no event has fewer bytes, or few do */
        MEM_FREE(p->events);
        p->cap = 0;
    }
    if (p->text_cap > KEPT && p->text_cap / 4 > p->seen) {
        MEM_FREE(p->text);
        p->text_cap = 0;
    }
    *p = (struct log_page){.events = p->events, .cap = p->cap, .text = p->text, .text_cap = p->text_cap};
}

/* Scans what is there whole; false when a unit is not, or is wrong, which nobody knows before
 * the end: *out says what and where. */
static bool scan_on(struct log_page *p, const char *bytes, size_t n, struct scan *out)
{
    ASSERT(n >= p->seen && bytes[n] == '\0');
    move_slices(p, p->bytes, p->seen, bytes);
    p->bytes = bytes;
    p->seen = n;
    make_room(p, n - p->at);
    struct scan s = {.p = bytes + p->at, .end = bytes + n, .text = p->text + p->text_n, .guess = p->guess};
    bool ok = true;
    while (ok && p->place != LOG_PAGE_DONE) {
        ok = scan_unit(&s, p);
        p->at = ok ? (size_t)(s.p - bytes) : p->at;
        p->text_n = ok ? (size_t)(s.text - p->text) : p->text_n;
    }
    *out = s;
    return ok;
}

void log_page_more(struct log_page *p, const char *bytes, size_t n)
{
    struct scan s;
    if (p->place == LOG_PAGE_DONE || n < p->again)
        return;
    (void)scan_on(p, bytes, n, &s);
    p->again = n + (n - p->at); /* else one long event would be scanned again and again */
}

enum err log_page_end(struct log_page *p, const char *bytes, size_t n, struct why *why)
{
    struct scan s;
    if (scan_on(p, bytes, n, &s)) {
        skip_space(&s);
        if (s.p == s.end || bad(&s, "more after the end"))
            return ERR_OK;
    }
    p->n = 0;
    p->next_token = (struct slice){"", 0};
    return why_set(why, ERR_MALFORMED, "log page, byte %zu of %zu: %s", (size_t)(s.p - bytes), n, s.what);
}

enum err log_page_scan(struct log_page *p, const char *bytes, size_t n, struct why *why)
{
    p->seen = n; /* what room it needs is known */
    log_page_begin(p);
    return log_page_end(p, bytes, n, why);
}
