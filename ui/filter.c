#include "ui/filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/pattern.h"
#include "ui/range.h"

#define WORD_MAX 160
#define CLOSE 3 /* ~: within so many times its letters */

enum op { OP_HAS, OP_FUZZY, OP_PATTERN, OP_IS, OP_LESS, OP_MORE, OP_AT_MOST, OP_AT_LEAST };

struct term {
    enum op op;
    bool negated;
    bool begins;         /* another alternative begins here */
    bool numeric;        /* `number` is what it is compared with */
    size_t column;       /* SIZE_MAX: any */
    char word[WORD_MAX]; /* in small letters */
    size_t len;
    int64_t number;
    struct pattern *pattern;
};

struct filter {
    struct filter_columns columns;
    int64_t now_ms;
    bool local;
    char error[FILTER_ERROR];
    size_t n;
    struct term terms[FILTER_TERMS];
};

const struct filter_form *filter_form(size_t i)
{
    static const struct filter_form forms[] = {
#define FORM(form, help) {form, help},
#include "ui/filter.def"
#undef FORM
    };
    return i < ARRAY_LEN(forms) ? &forms[i] : NULL;
}

/* ---------------------------------------------------------- matching */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* `word` is in small letters and not empty. */
static bool has_word(const char *text, const char *word, size_t len)
{
    char first = word[0], capital = first >= 'a' && first <= 'z' ? (char)(first & ~0x20) : first;
    for (; *text; text++) {
        if (*text != first && *text != capital)
            continue;
        size_t i = 1;
        while (i < len && small(text[i]) == word[i])
            i++;
        if (i == len)
            return true;
    }
    return false;
}

static bool has_letters(const char *text, const char *word, size_t len)
{
    for (; *text; text++) {
        size_t found = 0;
        for (size_t i = 0; text[i] && i < len * CLOSE && small(text[0]) == word[0]; i++)
            if (small(text[i]) == word[found] && ++found == len)
                return true;
    }
    return false;
}

static bool is_word(const char *text, const char *word, size_t len)
{
    size_t i = 0;
    while (i < len && small(text[i]) == word[i])
        i++;
    return i == len && text[i] == '\0';
}

static bool compares(const struct term *t, int64_t number)
{
    if (number == FILTER_UNKNOWN)
        return false;
    switch (t->op) {
    case OP_HAS:
    case OP_IS:
        return number == t->number;
    case OP_LESS:
        return number < t->number;
    case OP_MORE:
        return number > t->number;
    case OP_AT_MOST:
        return number <= t->number;
    case OP_AT_LEAST:
        return number >= t->number;
    case OP_FUZZY:
    case OP_PATTERN:
        break;
    }
    return false;
}

static bool looks_into(const struct term *t, const char *text)
{
    switch (t->op) {
    case OP_HAS:
        return has_word(text, t->word, t->len);
    case OP_FUZZY:
        return has_letters(text, t->word, t->len);
    case OP_PATTERN:
        return pattern_matches(t->pattern, text);
    case OP_IS:
        return is_word(text, t->word, t->len);
    case OP_LESS:
    case OP_MORE:
    case OP_AT_MOST:
    case OP_AT_LEAST:
        break;
    }
    return false;
}

static bool found(const struct filter *f, const struct term *t, const struct filter_value *values)
{
    if (t->numeric)
        return compares(t, values[t->column].number);
    if (t->column != SIZE_MAX)
        return values[t->column].text && looks_into(t, values[t->column].text);
    for (size_t i = 0; i < f->columns.n; i++)
        if (!f->columns.all[i].by_name && values[i].text && looks_into(t, values[i].text))
            return true;
    return false;
}

bool filter_matches(const struct filter *f, const struct filter_value *values)
{
    bool all = true;
    if (filter_is_empty(f))
        return true;
    for (size_t i = 0; i < f->n; i++) {
        const struct term *t = &f->terms[i];
        if (t->begins && all)
            return true;
        all = (all || t->begins) && found(f, t, values) != t->negated;
    }
    return all;
}

bool filter_is_empty(const struct filter *f)
{
    return f->n == 0 || f->error[0] != '\0';
}

bool filter_wants(const struct filter *f, size_t column)
{
    for (size_t i = 0; i < f->n && !filter_is_empty(f); i++)
        if (f->terms[i].column == column || (f->terms[i].column == SIZE_MAX && !f->columns.all[column].by_name))
            return true;
    return false;
}

const char *filter_error(const struct filter *f)
{
    return f->error;
}

/* ----------------------------------------------------------- reading */

/* The next word, quotes taken off.  False at the end, or when one is not closed. */
static bool next_word(struct filter *f, const char **at, char out[WORD_MAX], bool *out_quoted)
{
    size_t n = 0;
    bool quoted = false;
    *out_quoted = false;
    *at += strspn(*at, " ");
    if (**at == '\0')
        return false;
    for (; **at && (quoted || **at != ' '); (*at)++) {
        if (**at == '"') {
            *out_quoted = *out_quoted || n == 0;
            quoted = !quoted;
        } else if (n + 1 < WORD_MAX) {
            out[n++] = **at;
        }
    }
    out[n] = '\0';
    if (quoted) {
        str_copy(f->error, sizeof(f->error), "\" is not closed");
        return false;
    }
    return true;
}

static const struct {
    const char *sign;
    enum op op;
} signs[] = {{">=", OP_AT_LEAST}, {"<=", OP_AT_MOST}, {">", OP_MORE}, {"<", OP_LESS}, {"=", OP_IS}, {":", OP_HAS}};

/* "kind:", "bad>=": true, and *at behind it, when a column stands before the sign. */
static bool named_column(const struct filter *f, const char **at, struct term *t)
{
    size_t len = strcspn(*at, "<>=:");
    for (size_t c = 0; c < f->columns.n; c++) {
        const char *name = f->columns.all[c].name;
        if (strlen(name) != len || len == 0)
            continue;
        size_t same = 0;
        while (same < len && small((*at)[same]) == name[same])
            same++;
        for (size_t i = 0; same == len && i < ARRAY_LEN(signs); i++) {
            size_t n = strlen(signs[i].sign);
            if (strncmp(*at + len, signs[i].sign, n) != 0)
                continue;
            t->column = c;
            t->op = signs[i].op;
            *at += len + n;
            return true;
        }
    }
    return false;
}

static bool fail(struct filter *f, const char *fmt, ...) FORMAT(2, 3);
static bool fail(struct filter *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(f->error, sizeof(f->error), fmt, args);
    va_end(args);
    return false;
}

static bool whole_number(const char *s, int64_t *out)
{
    size_t len = strspn(s, "0123456789");
    int64_t n = 0;
    for (size_t i = 0; i < len && i < 16; i++)
        n = n * 10 + (s[i] - '0');
    *out = n;
    return len > 0 && len < 16 && s[len] == '\0';
}

static bool value_of(struct filter *f, struct term *t, const char *s)
{
    const struct filter_column *c = &f->columns.all[t->column];
    t->numeric = true;
    switch (c->type) {
    case FILTER_NUMBER:
        return whole_number(s, &t->number) || fail(f, "%s is compared with a number: %s>3", c->name, c->name);
    case FILTER_DURATION:
        return range_duration(s, strlen(s), &t->number) ||
               fail(f, "%s is compared with 30s 5m 2h 30d: %s>30d", c->name, c->name);
    case FILTER_TIME:
        return range_moment(s, strlen(s), f->now_ms, f->local, &t->number) ||
               fail(f, "%s is compared with 14:20 or 2026-09-03: %s>14:20", c->name, c->name);
    case FILTER_TEXT:
        break;
    }
    return fail(f, "%s is no number: %s:text or %s=text", c->name, c->name, c->name);
}

static bool pattern_of(struct filter *f, struct term *t, const char *s)
{
    char why[PATTERN_ERROR];
    t->op = OP_PATTERN;
    t->pattern = pattern_new(s, why);
    return t->pattern || fail(f, "re: %s", why);
}

/* What follows a column's sign, or stands alone. */
static bool body(struct filter *f, struct term *t, const char *s)
{
    bool any = t->op == OP_HAS;
    if (any && strncmp(s, "re:", 3) == 0)
        return pattern_of(f, t, s + 3);
    if (any && *s == '~') {
        t->op = OP_FUZZY;
        s++;
    }
    t->len = strlen(s);
    for (size_t i = 0; i <= t->len; i++)
        t->word[i] = small(s[i]);
    return true;
}

/* False when it says nothing ("!" alone, "kind:" while it is being typed) or is wrong. */
static bool read_term(struct filter *f, struct term *t, const char *s, bool quoted)
{
    t->op = OP_HAS;
    t->column = SIZE_MAX;
    if (!quoted && *s == '!') {
        t->negated = true;
        s++;
    }
    if (!quoted && named_column(f, &s, t) && *s != '\0') {
        bool compared = t->op != OP_HAS && t->op != OP_IS;
        if (compared || f->columns.all[t->column].type != FILTER_TEXT)
            return value_of(f, t, s);
    }
    if (quoted) {
        t->len = strlen(s);
        for (size_t i = 0; i <= t->len; i++)
            t->word[i] = small(s[i]);
        return t->len > 0;
    }
    return body(f, t, s) && (t->pattern || t->len > 0);
}

struct filter *filter_new(const char *text, const struct filter_columns *columns, int64_t now_ms, bool local)
{
    struct filter *f = mem_new(sizeof(*f));
    char word[WORD_MAX];
    bool quoted = false, begins = false;
    ASSERT(columns->n <= FILTER_COLUMNS_MAX);
    f->columns = *columns;
    f->now_ms = now_ms;
    f->local = local;
    while (f->error[0] == '\0' && next_word(f, &text, word, &quoted)) {
        if (!quoted && strcmp(word, "|") == 0) {
            begins = f->n > 0;
            continue;
        }
        if (f->n == FILTER_TERMS) {
            (void)fail(f, "too many words: %d at most", FILTER_TERMS);
            break;
        }
        struct term *t = &f->terms[f->n];
        *t = (struct term){0};
        if (!read_term(f, t, word, quoted))
            continue;
        t->begins = begins;
        begins = false;
        f->n++;
    }
    return f;
}

struct filter *filter_free(struct filter *f)
{
    for (size_t i = 0; f && i < f->n; i++)
        f->terms[i].pattern = pattern_free(f->terms[i].pattern);
    free(f);
    return NULL;
}

void filter_names(const struct filter_columns *columns, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < columns->n && n < size; i++) {
        str_fmt(out + n, size - n, "%s%s", i > 0 ? " " : "", columns->all[i].name);
        n += strlen(out + n);
    }
}
