/* The walk over foreign bytes is a sequence of units: each unit is either a
 * character that may be drawn as it is, or a byte or character that is shown as
 * a code.  text_safe(), text_safe_name() and text_is_safe() are three uses of the
 * same walk, so they cannot disagree.
 *
 * Characters that this Unicode version does not know are shown as codes too:
 * nobody can say how many columns a terminal will give them. */
#include "backend/base/text.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text_tables.h"

#define MARKS_MAX 2 /* combining marks kept on one base */
#define CODE_MAX 12 /* "<U+10FFFF>" and its NUL */

static enum text_class class_of(uint32_t cp)
{
    size_t low = 0, high = ARRAY_LEN(text_ranges);

    if (cp >= 0x20 && cp < 0x7F)
        return PLAIN;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cp < text_ranges[middle].first)
            high = middle;
        else if (cp > text_ranges[middle].last)
            low = middle + 1;
        else
            return text_ranges[middle].class;
    }
    return PLAIN;
}

/* -------------------------------------------------------------------- UTF-8 */

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* The second byte carries what makes a sequence overlong, a surrogate or too big. */
static bool is_second_byte(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return is_continuation(second);
    }
}

static int sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : -1;
}

int text_decode(const char *s, size_t n, uint32_t *out)
{
    static const unsigned char lead_bits[5] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *p = (const unsigned char *)s;

    if (n == 0)
        return 0;
    int length = sequence_length(p[0]);
    if (length < 0 || (size_t)length > n)
        return -1;
    if (length > 1 && !is_second_byte(p[0], p[1]))
        return -1;
    uint32_t cp = p[0] & lead_bits[length];
    for (int i = 1; i < length; i++) {
        if (!is_continuation(p[i]))
            return -1;
        cp = cp << 6 | (p[i] & 0x3Fu);
    }
    *out = cp;
    return length;
}

int text_encode(uint32_t cp, char out[4])
{
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        cp = 0xFFFD; /* no UTF-8 for these: the replacement character */
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    int length = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (int i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (cp & 0x3F));
        cp >>= 6;
    }
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    out[0] = (char)(lead[length] | cp);
    return length;
}

/* -------------------------------------------------------------------- units */

struct walk {
    bool has_base; /* a mark would join a character of this text */
    int marks;     /* on that base */
};

struct unit {
    size_t taken;        /* bytes of input */
    size_t length;       /* bytes of output */
    bool is_code;        /* `code` is the output, else the input itself */
    char code[CODE_MAX]; /* not terminated */
};

static char hex_digit(uint32_t value)
{
    return "0123456789ABCDEF"[value & 0xF];
}

static void put_byte_code(struct unit *u, unsigned char byte)
{
    static const char short_name[16] = {['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};

    u->code[0] = '\\';
    if (byte < 16 && short_name[byte] != '\0') {
        u->code[1] = short_name[byte];
        u->length = 2;
        return;
    }
    u->code[1] = 'x';
    u->code[2] = hex_digit(byte >> 4);
    u->code[3] = hex_digit(byte);
    u->length = 4;
}

static void put_char_code(struct unit *u, uint32_t cp)
{
    int digits = cp > 0xFFFFF ? 6 : cp > 0xFFFF ? 5 : 4;
    char *at = u->code;

    *at++ = '<';
    *at++ = 'U';
    *at++ = '+';
    for (int i = digits - 1; i >= 0; i--)
        *at++ = hex_digit(cp >> (4 * i));
    *at++ = '>';
    u->length = (size_t)(at - u->code);
}

/* May cp be drawn here?  Keeps count of the marks. */
static bool may_draw(struct walk *w, uint32_t cp)
{
    enum text_class class = class_of(cp);

    if (class == MARK)
        return w->has_base && w->marks++ < MARKS_MAX;
    w->marks = 0;
    w->has_base = class != CODE;
    return class != CODE;
}

static void next_unit(struct walk *w, const char *s, size_t n, struct unit *u)
{
    uint32_t cp = 0;
    int length = text_decode(s, n, &cp);

    if (length > 0 && may_draw(w, cp)) {
        u->is_code = false;
        u->taken = u->length = (size_t)length;
        return;
    }
    u->is_code = true;
    u->taken = length > 0 ? (size_t)length : 1;
    w->has_base = false; /* a mark must not sit on the code's last letter */
    if (length < 0)
        put_byte_code(u, (unsigned char)s[0]);
    else if (cp < 0xA0) /* C0, DEL, C1 */
        put_byte_code(u, (unsigned char)cp);
    else
        put_char_code(u, cp);
}

static bool is_printable_ascii(char c)
{
    return c >= 0x20 && c < 0x7F;
}

static size_t ascii_run(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && is_printable_ascii(s[i]))
        i++;
    return i;
}

/* ------------------------------------------------------------------- output */

struct sink {
    char *out;
    size_t size;
    size_t length;  /* bytes there would be with room enough */
    size_t written; /* bytes there are */
    bool is_full;   /* a unit did not fit: nothing after it may be written either */
};

static void put_unit(struct sink *to, const char *bytes, size_t n)
{
    to->length += n;
    if (to->is_full || n >= to->size - to->written) {
        to->is_full = true;
        return;
    }
    memcpy(to->out + to->written, bytes, n);
    to->written += n;
}

/* Any of these bytes may be the last: each is a unit of its own.  When they do not
 * all fit, they fill the room, and so nothing after them fits either. */
static void put_ascii(struct sink *to, const char *bytes, size_t n)
{
    size_t room = to->is_full ? 0 : to->size - to->written - 1;
    size_t fits = n < room ? n : room;

    if (fits > 0)
        put_unit(to, bytes, fits);
    to->length += n - fits;
}

static size_t make_safe(char *out, size_t size, const char *bytes, size_t n, bool is_name)
{
    struct sink to = {.out = out, .size = size, .is_full = size == 0};
    struct walk w = {0};
    struct unit u;

    for (size_t i = 0; i < n;) {
        size_t run = ascii_run(bytes + i, n - i);
        if (run > 0) {
            put_ascii(&to, bytes + i, run);
            w = (struct walk){.has_base = true};
            i += run;
            continue;
        }
        next_unit(&w, bytes + i, n - i, &u);
        if (!u.is_code && is_name) {
            uint32_t cp = 0;
            (void)text_decode(bytes + i, n - i, &cp); /* valid: it may be drawn */
            u.is_code = true;
            put_char_code(&u, cp);
        }
        put_unit(&to, u.is_code ? u.code : bytes + i, u.length);
        i += u.taken;
    }
    if (size > 0)
        out[to.written] = '\0';
    return to.length;
}

size_t text_safe(char *out, size_t size, const char *bytes, size_t n)
{
    return make_safe(out, size, bytes, n, false);
}

size_t text_safe_name(char *out, size_t size, const char *bytes, size_t n)
{
    return make_safe(out, size, bytes, n, true);
}

bool text_is_safe(const char *bytes, size_t n)
{
    struct walk w = {0};
    struct unit u;

    for (size_t i = 0; i < n; i += u.taken) {
        size_t run = ascii_run(bytes + i, n - i);
        if (run > 0) {
            w = (struct walk){.has_base = true};
            u.taken = run;
            continue;
        }
        next_unit(&w, bytes + i, n - i, &u);
        if (u.is_code)
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------ columns */

int text_char_width(uint32_t cp)
{
    switch (class_of(cp)) {
    case PLAIN:
        return 1;
    case WIDE:
        return 2;
    case CODE: /* never drawn */
    case MARK:
        return 0;
    }
    ASSERT(false);
}

/* One character of a string that should be safe; a stray byte counts as one column. */
static size_t step(const char *s, size_t n, size_t *out_columns)
{
    uint32_t cp;
    int length = text_decode(s, n, &cp);

    if (length < 0) {
        *out_columns = 1;
        return 1;
    }
    *out_columns = (size_t)text_char_width(cp);
    return (size_t)length;
}

size_t text_fit(const char *safe, size_t columns, size_t *out_used)
{
    size_t n = strlen(safe), at = 0, used = 0;

    /* Marks that follow the last character that fits take no column: they come along. */
    while (at < n) {
        size_t width;
        size_t taken = step(safe + at, n - at, &width);
        if (width > columns - used)
            break;
        used += width;
        at += taken;
    }
    if (out_used)
        *out_used = used;
    return at;
}

size_t text_width(const char *safe)
{
    size_t used;

    (void)text_fit(safe, SIZE_MAX, &used);
    return used;
}

size_t text_base64(char *out, size_t size, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    size_t used = 0;
    for (; n > 0 && used + 4 < size; used += 4) {
        size_t k = n < 3 ? n : 3;
        unsigned v = (unsigned)p[0] << 16 | (k > 1 ? (unsigned)p[1] << 8 : 0) | (k > 2 ? p[2] : 0);
        for (size_t i = 0; i < 4; i++)
            out[used + i] = digits[v >> (18 - 6 * i) & 63];
        for (size_t i = k + 1; i < 4; i++)
            out[used + i] = '=';
        p += k;
        n -= k;
    }
    if (size > 0)
        out[used] = '\0';
    return used;
}
