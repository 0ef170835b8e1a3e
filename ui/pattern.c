/* A position automaton (Glushkov): one bit for each character of the pattern, and for each
 * bit the bits that may come next.  A step is a few words of arithmetic. */
#include "ui/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define WORDS (PATTERN_POSITIONS / 64)
/* Bytes that safe text never has: they stand for its two ends. */
#define AT_START 1
#define AT_END 2

struct set {
    uint64_t w[WORDS];
};

struct pattern {
    bool nullable; /* matches the empty text, hence every text */
    int n;
    struct set first, last;
    struct set follow[PATTERN_POSITIONS];
    struct set reach[256]; /* by byte: the positions that take it */
};

/* A part of the pattern: positions [from, to). */
struct piece {
    int from, to;
    bool nullable;
    struct set first, last;
};

/* What is open of a parenthesis: alternatives seen, the sequence so far, its last atom, to
 * which a repeat would belong. */
struct group {
    bool has_choice, has_atom;
    struct piece choice, sequence, atom;
};

struct parser {
    struct pattern *p;
    const char *at;
    char *error;
    int depth;
    struct group groups[PATTERN_GROUPS];
};

/* -------------------------------------------------------------- sets */

static struct set both(struct set a, struct set b)
{
    for (int i = 0; i < WORDS; i++)
        a.w[i] |= b.w[i];
    return a;
}

static bool has(const struct set *s, int bit)
{
    return (s->w[bit / 64] >> (bit % 64) & 1) != 0;
}

static void put(struct set *s, int bit)
{
    s->w[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static struct set shifted(const struct set *s, int by)
{
    struct set out = {{0}};
    for (int i = 0; i + by < PATTERN_POSITIONS; i++)
        if (has(s, i))
            put(&out, i + by);
    return out;
}

/* ------------------------------------------------------------ pieces */

static struct piece nothing(const struct parser *q)
{
    return (struct piece){.from = q->p->n, .to = q->p->n, .nullable = true};
}

static void then(struct pattern *p, const struct set *from, const struct set *to)
{
    for (int i = 0; i < p->n; i++)
        if (has(from, i))
            p->follow[i] = both(p->follow[i], *to);
}

static struct piece in_a_row(struct pattern *p, struct piece a, struct piece b)
{
    then(p, &a.last, &b.first);
    struct piece out = {a.from, b.to, a.nullable && b.nullable, a.first, b.last};
    if (a.nullable)
        out.first = both(out.first, b.first);
    if (b.nullable)
        out.last = both(out.last, a.last);
    return out;
}

static struct piece either(struct piece a, struct piece b)
{
    return (struct piece){a.from, b.to, a.nullable || b.nullable, both(a.first, b.first), both(a.last, b.last)};
}

static struct piece repeated(struct pattern *p, struct piece a)
{
    then(p, &a.last, &a.first);
    return a;
}

static bool fail(struct parser *q, const char *words)
{
    if (q->error[0] == '\0')
        str_copy(q->error, PATTERN_ERROR, words);
    return false;
}

/* A position that takes the bytes of `of`. */
static bool position(struct parser *q, const bool of[256], struct piece *out)
{
    struct pattern *p = q->p;
    if (p->n == PATTERN_POSITIONS)
        return fail(q, "too long once its repeats are written out (128 characters at most)");
    *out = (struct piece){.from = p->n, .to = p->n + 1};
    put(&out->first, p->n);
    put(&out->last, p->n);
    for (int c = 0; c < 256; c++)
        if (of[c])
            put(&p->reach[c], p->n);
    p->n++;
    return true;
}

static bool one_byte(struct parser *q, unsigned char c, struct piece *out)
{
    bool of[256] = {0};
    of[c] = true;
    if (c >= 'a' && c <= 'z')
        of[c - 'a' + 'A'] = true;
    if (c >= 'A' && c <= 'Z')
        of[c - 'A' + 'a'] = true;
    return position(q, of, out);
}

/* One character beyond ASCII: its bytes in a row. */
static bool bytes_in_a_row(struct parser *q, const char *s, int n, struct piece *out)
{
    *out = nothing(q);
    for (int i = 0; i < n; i++) {
        struct piece next;
        if (!one_byte(q, (unsigned char)s[i], &next))
            return false;
        *out = in_a_row(q->p, *out, next);
    }
    return true;
}

/* Any of these ASCII bytes, or any character beyond ASCII. */
static bool or_beyond(struct parser *q, bool of[256], struct piece *out)
{
    bool rest[256] = {0};
    struct piece tail;
    for (int c = 0xc0; c < 256; c++)
        of[c] = true;
    for (int c = 0x80; c < 0xc0; c++)
        rest[c] = true;
    if (!position(q, of, out) || !position(q, rest, &tail))
        return false;
    tail = repeated(q->p, tail);
    tail.nullable = true;
    *out = in_a_row(q->p, *out, tail);
    return true;
}

static bool any_character(struct parser *q, struct piece *out)
{
    bool of[256] = {0};
    for (int c = ' '; c < 0x7f; c++)
        of[c] = true;
    return or_beyond(q, of, out);
}

/* ----------------------------------------------------------- classes */

static bool is_alpha(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(int c)
{
    return is_alpha(c) || is_digit(c);
}

static bool is_word(int c)
{
    return is_alnum(c) || c == '_';
}

static bool is_space(int c)
{
    return c == ' ';
}

static bool is_hex(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_print(int c)
{
    return c >= ' ' && c < 0x7f;
}

static bool is_punct(int c)
{
    return is_print(c) && c != ' ' && !is_alnum(c);
}

static const struct {
    const char *name;
    bool (*of)(int c);
} classes[] = {{"alpha", is_alpha}, {"upper", is_alpha}, {"lower", is_alpha}, {"digit", is_digit},
               {"alnum", is_alnum}, {"space", is_space}, {"blank", is_space}, {"xdigit", is_hex},
               {"punct", is_punct}, {"print", is_print}, {"graph", is_print}};

static void class_add(bool of[256], bool (*is)(int c), bool negated)
{
    for (int c = ' '; c < 0x7f; c++)
        of[c] = of[c] || is(c) != negated;
}

/* "[:digit:]" within brackets; true when that is what stands there. */
static bool named_class(struct parser *q, bool of[256])
{
    const char *end = q->at[0] == '[' && q->at[1] == ':' ? strstr(q->at, ":]") : NULL;
    for (size_t i = 0; end && i < ARRAY_LEN(classes); i++) {
        size_t n = strlen(classes[i].name);
        if ((size_t)(end - q->at - 2) == n && memcmp(q->at + 2, classes[i].name, n) == 0) {
            class_add(of, classes[i].of, false);
            q->at = end + 2;
            return true;
        }
    }
    return false;
}

static void add_any_case(bool of[256], int from, int to)
{
    for (int c = from; c <= to; c++) {
        of[c] = true;
        if (is_alpha(c))
            of[c ^ 0x20] = true;
    }
}

/* One member or range of "[...]"; a character beyond ASCII becomes a piece of its own. */
static bool member(struct parser *q, bool of[256], bool negated, struct piece *choice, bool *has_choice)
{
    uint32_t cp = 0;
    int n = text_decode(q->at, strlen(q->at), &cp);
    if (n <= 0)
        return fail(q, "[ has no ]");
    if (cp >= 0x80) {
        struct piece one;
        if (negated || q->at[n] == '-')
            return fail(q, "letters beyond ASCII can stand in [], but in no range and in no [^]");
        if (!bytes_in_a_row(q, q->at, n, &one))
            return false;
        *choice = *has_choice ? either(*choice, one) : one;
        *has_choice = true;
        q->at += n;
        return true;
    }
    int from = (int)cp, to = from;
    q->at += n;
    if (q->at[0] == '-' && q->at[1] != ']' && q->at[1] != '\0') {
        to = (unsigned char)q->at[1];
        if (to < from || to >= 0x80)
            return fail(q, "a range in [] goes upwards, in ASCII");
        q->at += 2;
    }
    add_any_case(of, from, to);
    return true;
}

static bool brackets(struct parser *q, struct piece *out)
{
    bool of[256] = {0}, has_choice = false;
    struct piece choice = {0};
    bool negated = *++q->at == '^';
    q->at += negated ? 1 : 0;
    for (bool first = true; first || *q->at != ']'; first = false)
        if (!named_class(q, of) && !member(q, of, negated, &choice, &has_choice))
            return false;
    q->at++;
    if (negated) {
        for (int c = ' '; c < 0x7f; c++)
            of[c] = !of[c];
        return or_beyond(q, of, out);
    }
    if (!position(q, of, out))
        return false;
    if (has_choice)
        *out = either(choice, *out);
    return true;
}

static bool escape(struct parser *q, struct piece *out)
{
    static const struct {
        char letter;
        bool (*of)(int c);
    } letters[] = {{'d', is_digit}, {'w', is_word}, {'s', is_space}};
    char c = q->at[1];
    if (c == '\0')
        return fail(q, "\\ has nothing behind it");
    q->at += 2;
    for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
        bool of[256] = {0};
        if ((c | 0x20) != letters[i].letter)
            continue;
        class_add(of, letters[i].of, c < 'a');
        return c < 'a' ? or_beyond(q, of, out) : position(q, of, out);
    }
    if (is_digit(c))
        return fail(q, "back references like \\1 are not known here: they could be slow");
    if (is_alpha(c) || (unsigned char)c >= 0x80)
        return fail(q, "of letters, \\ knows d w s D W S");
    return one_byte(q, (unsigned char)c, out);
}

/* ----------------------------------------------------------- repeats */

static bool number(struct parser *q, int *out)
{
    int n = 0, digits = 0;
    for (; is_digit(*q->at) && digits < 4; q->at++, digits++)
        n = n * 10 + (*q->at - '0');
    *out = n;
    return digits > 0;
}

/* A copy of a piece behind all positions; its insides have the same shape. */
static bool copied(struct parser *q, const struct piece *a, struct piece *out)
{
    struct pattern *p = q->p;
    int by = p->n - a->from, size = a->to - a->from;
    if (p->n + size > PATTERN_POSITIONS)
        return fail(q, "too long once its repeats are written out (128 characters at most)");
    for (int i = a->from; i < a->to; i++) {
        p->follow[i + by] = shifted(&p->follow[i], by);
        for (int c = 0; c < 256; c++)
            if (has(&p->reach[c], i))
                put(&p->reach[c], i + by);
    }
    p->n += size;
    *out = (struct piece){a->from + by, a->to + by, a->nullable, shifted(&a->first, by), shifted(&a->last, by)};
    return true;
}

/* The atom at least `least` times, at most `most`, -1 without end. */
static bool times(struct parser *q, struct piece *atom, int least, int most)
{
    struct piece copies[PATTERN_POSITIONS];
    int n = most < 0 ? (least > 1 ? least : 1) : most;
    if (n > PATTERN_POSITIONS)
        return fail(q, "a repeat {m,n} has 128 at most");
    if (n == 0 || atom->from == atom->to) {
        *atom = n == 0 ? nothing(q) : *atom;
        return true;
    }
    copies[0] = *atom;
    for (int i = 1; i < n; i++)
        if (!copied(q, atom, &copies[i]))
            return false;
    for (int i = 0; i < n; i++)
        copies[i].nullable = copies[i].nullable || i >= least;
    if (most < 0)
        copies[n - 1] = repeated(q->p, copies[n - 1]);
    *atom = copies[0];
    for (int i = 1; i < n; i++)
        *atom = in_a_row(q->p, *atom, copies[i]);
    return true;
}

static bool braces(struct parser *q, struct piece *atom)
{
    int least = 0, most = 0;
    q->at++;
    if (!number(q, &least))
        return fail(q, "{ wants a number: {3}, {2,} or {2,5}; \\{ is the character");
    most = least;
    if (*q->at == ',') {
        q->at++;
        if (!number(q, &most))
            most = -1;
    }
    if (*q->at != '}' || (most >= 0 && most < least))
        return fail(q, "a repeat is {3}, {2,} or {2,5}");
    q->at++;
    return times(q, atom, least, most);
}

static bool repeat(struct parser *q, struct group *g)
{
    char c = *q->at;
    if (!g->has_atom)
        return fail(q, "nothing stands before a repeat (* + ? {)");
    if (c == '{')
        return braces(q, &g->atom);
    q->at++;
    return times(q, &g->atom, c == '+' ? 1 : 0, c == '?' ? 1 : -1);
}

/* ------------------------------------------------------------ groups */

static void close_atom(struct parser *q, struct group *g)
{
    if (g->has_atom)
        g->sequence = in_a_row(q->p, g->sequence, g->atom);
    g->has_atom = false;
}

static void close_sequence(struct parser *q, struct group *g)
{
    close_atom(q, g);
    g->choice = g->has_choice ? either(g->choice, g->sequence) : g->sequence;
    g->has_choice = true;
    g->sequence = nothing(q);
}

static bool open_group(struct parser *q)
{
    if (q->depth + 1 == PATTERN_GROUPS)
        return fail(q, "too many ( within one another (15 at most)");
    close_atom(q, &q->groups[q->depth]);
    q->groups[++q->depth] = (struct group){.sequence = nothing(q)};
    q->at++;
    return true;
}

static bool close_group(struct parser *q)
{
    if (q->depth == 0)
        return fail(q, ") without (; \\) is the character");
    struct group *g = &q->groups[q->depth--];
    close_sequence(q, g);
    q->groups[q->depth].atom = g->choice;
    q->groups[q->depth].has_atom = true;
    q->at++;
    return true;
}

static bool plain(struct parser *q, struct piece *out)
{
    uint32_t cp = 0;
    bool edge[256] = {0};
    int n = text_decode(q->at, strlen(q->at), &cp);
    if (n <= 0)
        return fail(q, "that is no text");
    q->at += n;
    if (cp == '.')
        return any_character(q, out);
    if (cp == '^' || cp == '$') {
        edge[cp == '^' ? AT_START : AT_END] = true;
        return position(q, edge, out);
    }
    return bytes_in_a_row(q, q->at - n, n, out);
}

static bool step(struct parser *q)
{
    struct group *g = &q->groups[q->depth];
    switch (*q->at) {
    case '(':
        return open_group(q);
    case ')':
        return close_group(q);
    case '*':
    case '+':
    case '?':
    case '{':
        return repeat(q, g);
    case '|':
        close_sequence(q, g);
        q->at++;
        return true;
    default:
        close_atom(q, g);
        g->has_atom = true;
        return *q->at == '[' ? brackets(q, &g->atom) : *q->at == '\\' ? escape(q, &g->atom) : plain(q, &g->atom);
    }
}

struct pattern *pattern_new(const char *ere, char error[PATTERN_ERROR])
{
    struct parser q = {.p = mem_new(sizeof(*q.p)), .at = ere, .error = error};
    error[0] = '\0';
    q.groups[0].sequence = nothing(&q);
    while (*q.at && error[0] == '\0')
        if (!step(&q))
            return pattern_free(q.p);
    if (q.depth > 0) {
        (void)fail(&q, "( without )");
        return pattern_free(q.p);
    }
    close_sequence(&q, &q.groups[0]);
    q.p->nullable = q.groups[0].choice.nullable;
    q.p->first = q.groups[0].choice.first;
    q.p->last = q.groups[0].choice.last;
    return q.p;
}

struct pattern *pattern_free(struct pattern *p)
{
    free(p);
    return NULL;
}

/* ---------------------------------------------------------- matching */

static struct set after(const struct pattern *p, const struct set *now)
{
    struct set next = p->first; /* it may begin anywhere */
    for (int i = 0; i < WORDS; i++)
        for (uint64_t bits = now->w[i]; bits != 0; bits &= bits - 1)
            next = both(next, p->follow[i * 64 + __builtin_ctzll(bits)]);
    return next;
}

/* One byte on; true when the pattern may end here. */
static bool advance(const struct pattern *p, struct set *now, unsigned char c)
{
    struct set next = after(p, now);
    uint64_t ends = 0;
    for (int i = 0; i < WORDS; i++) {
        now->w[i] = next.w[i] & p->reach[c].w[i];
        ends |= now->w[i] & p->last.w[i];
    }
    return ends != 0;
}

/* An end of the text takes no room: "^^" is "^". */
static bool advance_edge(const struct pattern *p, struct set *now, unsigned char edge)
{
    bool ends = advance(p, now, edge);
    for (bool more = true; more && !ends;) {
        struct set was = *now, next = after(p, now);
        more = false;
        for (int i = 0; i < WORDS; i++) {
            now->w[i] |= next.w[i] & p->reach[edge].w[i];
            more = more || now->w[i] != was.w[i];
            ends = ends || (now->w[i] & p->last.w[i]) != 0;
        }
    }
    return ends;
}

bool pattern_matches(const struct pattern *p, const char *text)
{
    struct set now = {{0}};
    if (p->nullable || advance_edge(p, &now, AT_START))
        return true;
    for (; *text; text++)
        if (advance(p, &now, (unsigned char)*text))
            return true;
    return advance_edge(p, &now, AT_END);
}
