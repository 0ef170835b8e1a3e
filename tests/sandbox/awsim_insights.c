/* The language: text in, struct insights out. */
#include "tests/sandbox/awsim_insights.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

enum token { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_REGEX, TOKEN_SIGN };

struct reader {
    const char *start, *at;
    enum token kind; /* of the token in hand */
    size_t place;
    char text[INSIGHTS_QUERY_MAX + 1];
    char *message;
    size_t size;
    bool failed;
};

static bool fail(struct reader *r, const char *what)
{
    char seen[64];
    if (r->failed)
        return false;
    r->failed = true;
    bool whole = str_copy(seen, sizeof seen, r->kind == TOKEN_END ? "the end" : r->text);
    str_fmt(r->message, r->size, "unexpected %s%s at character %zu: %s", seen, whole ? "" : "...", r->place, what);
    return false;
}

static void take(struct reader *r, enum token kind, const char *from, size_t n)
{
    r->kind = kind;
    str_copy_n(r->text, sizeof r->text, from, n);
}

/* From behind the opening delimiter to the closing one; "\x" stands for two characters. */
static void take_delimited(struct reader *r, enum token kind, char end)
{
    const char *p = r->at;
    while (*p && *p != end)
        p += p[0] == '\\' && p[1] ? 2 : 1;
    take(r, kind, r->at, (size_t)(p - r->at));
    if (*p == end)
        r->at = p + 1;
    else
        (void)fail(r, "it is not closed");
}

static void next(struct reader *r)
{
    static const char word[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@.";
    while (*r->at && strchr(" \t\r\n", *r->at))
        r->at++;
    r->place = (size_t)(r->at - r->start);
    size_t n = strspn(r->at, word);
    if (*r->at == '\0') {
        take(r, TOKEN_END, "", 0);
    } else if (n > 0) {
        take(r, TOKEN_WORD, r->at, n);
        r->at += n;
    } else if (*r->at == '/' || *r->at == '"' || *r->at == '\'') {
        char end = *r->at++;
        take_delimited(r, end == '/' ? TOKEN_REGEX : TOKEN_TEXT, end);
    } else {
        n = strncmp(r->at, "!=", 2) == 0 || strncmp(r->at, "=~", 2) == 0 ? 2 : 1;
        take(r, TOKEN_SIGN, r->at, n);
        r->at += n;
    }
}

static bool is(const struct reader *r, enum token kind, const char *text)
{
    return r->kind == kind && strcasecmp(r->text, text) == 0;
}

static bool skip(struct reader *r, enum token kind, const char *text)
{
    if (r->failed || !is(r, kind, text))
        return false;
    next(r);
    return true;
}

static bool need(struct reader *r, enum token kind, const char *text)
{
    return skip(r, kind, text) || fail(r, text);
}

static bool need_name(struct reader *r, insights_name out)
{
    if (r->failed || r->kind != TOKEN_WORD || !str_copy(out, INSIGHTS_NAME_MAX, r->text))
        return fail(r, "the name of a field is needed");
    next(r);
    return true;
}

/* ------------------------------------------------------------- commands */

static bool read_fields(struct reader *r, struct insights *q)
{
    do {
        if (q->nfields == INSIGHTS_FIELDS_MAX)
            return fail(r, "too many fields");
        if (!need_name(r, q->fields[q->nfields++]))
            return false;
    } while (skip(r, TOKEN_SIGN, ","));
    return true;
}

static bool read_pattern(struct reader *r, struct matcher *m)
{
    if (r->kind == TOKEN_TEXT)
        matcher_init_text(m, r->text);
    else if (r->kind != TOKEN_REGEX)
        return fail(r, "like is followed by /regex/ or \"text\"");
    else if (!matcher_init(m, r->text))
        return fail(r, "awsim does not simulate this regular expression");
    next(r);
    return !r->failed;
}

static bool read_condition(struct reader *r, struct insights_filter *f)
{
    f->negate = skip(r, TOKEN_WORD, "not");
    if (skip(r, TOKEN_WORD, "ispresent")) {
        f->test = INSIGHTS_PRESENT;
        return need(r, TOKEN_SIGN, "(") && need_name(r, f->field) && need(r, TOKEN_SIGN, ")");
    }
    if (!need_name(r, f->field))
        return false;
    if (skip(r, TOKEN_WORD, "not"))
        f->negate = !f->negate;
    if (skip(r, TOKEN_WORD, "like") || skip(r, TOKEN_SIGN, "=~")) {
        f->test = INSIGHTS_LIKE;
        return read_pattern(r, &f->matcher);
    }
    bool unequal = is(r, TOKEN_SIGN, "!=");
    if (!unequal && !is(r, TOKEN_SIGN, "="))
        return fail(r, "awsim knows like, =~, =, != and ispresent()");
    next(r);
    f->test = INSIGHTS_EQUAL;
    f->negate = f->negate != unequal;
    if (r->kind != TOKEN_TEXT && r->kind != TOKEN_WORD)
        return fail(r, "a text or number is needed");
    f->text = mem_copy_str(r->text);
    next(r);
    return !r->failed;
}

static bool read_filter(struct reader *r, struct insights *q)
{
    for (bool either = false;;) {
        if (q->nfilters == INSIGHTS_FIELDS_MAX)
            return fail(r, "too many conditions");
        struct insights_filter *f = &q->filters[q->nfilters++];
        f->either = either;
        if (!read_condition(r, f))
            return false;
        either = is(r, TOKEN_WORD, "or");
        if (!skip(r, TOKEN_WORD, "and") && !skip(r, TOKEN_WORD, "or"))
            return true;
    }
}

/* parse FIELD /(?<name>regex)/ */
static bool read_parse(struct reader *r, struct insights *q)
{
    if (q->parse_name[0])
        return fail(r, "awsim takes one parse");
    if (!need_name(r, q->parse_field))
        return false;
    const char *close = r->kind == TOKEN_REGEX && strncmp(r->text, "(?<", 3) == 0 ? strchr(r->text, '>') : NULL;
    size_t n = strlen(r->text);
    if (!close || r->text[n - 1] != ')' ||
        !str_copy_n(q->parse_name, INSIGHTS_NAME_MAX, r->text + 3, (size_t)(close - r->text - 3)))
        return fail(r, "awsim simulates parse FIELD /(?<name>regex)/ alone");
    r->text[n - 1] = '\0';
    if (!matcher_init(&q->parse, close + 1))
        return fail(r, "awsim does not simulate this regular expression");
    next(r);
    return !r->failed;
}

static bool read_bin(struct reader *r, struct insights *q, insights_name out)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t count = 0;
    size_t digits = strspn(r->text, "0123456789");
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (r->kind == TOKEN_WORD && str_to_i64(r->text, digits, &count) && count > 0 && count < 100000 &&
            strcmp(r->text + digits, units[i].unit) == 0)
            q->bin_ms = count * units[i].ms;
    if (q->bin_ms == 0)
        return fail(r, "bin() takes a number of ms, s, m, h or d");
    str_fmt(out, INSIGHTS_NAME_MAX, "bin(%.32s)", r->text);
    next(r);
    return need(r, TOKEN_SIGN, ")");
}

static bool read_stats(struct reader *r, struct insights *q)
{
    q->counts = true;
    str_copy(q->count_name, sizeof q->count_name, "count(*)");
    if (!need(r, TOKEN_WORD, "count") || !need(r, TOKEN_SIGN, "(") || !need(r, TOKEN_SIGN, "*") ||
        !need(r, TOKEN_SIGN, ")"))
        return false;
    if (skip(r, TOKEN_WORD, "as") && !need_name(r, q->count_name))
        return false;
    if (!skip(r, TOKEN_WORD, "by"))
        return true;
    do {
        if (q->nby == INSIGHTS_FIELDS_MAX)
            return fail(r, "too many fields");
        char *name = q->by[q->nby++];
        if (!need_name(r, name))
            return false;
        if (strcmp(name, "bin") == 0 && (!need(r, TOKEN_SIGN, "(") || !read_bin(r, q, name)))
            return false;
    } while (skip(r, TOKEN_SIGN, ","));
    return true;
}

/* A field, or what stats called its columns: bin(5m), count(*). */
static bool read_sort(struct reader *r, struct insights *q)
{
    if (!need_name(r, q->sort))
        return false;
    if (skip(r, TOKEN_SIGN, "(")) {
        insights_name name;
        str_fmt(name, sizeof name, "%.20s(%.32s)", q->sort, r->text);
        str_copy(q->sort, sizeof q->sort, name);
        next(r);
        if (!need(r, TOKEN_SIGN, ")"))
            return false;
    }
    q->descending = skip(r, TOKEN_WORD, "desc");
    (void)skip(r, TOKEN_WORD, "asc");
    return !r->failed;
}

static bool read_limit(struct reader *r, struct insights *q)
{
    if (r->kind != TOKEN_WORD || !str_to_i64(r->text, strlen(r->text), &q->limit) || q->limit < 1 ||
        q->limit > INSIGHTS_ROWS_MAX)
        return fail(r, "limit takes a number from 1 to 100000");
    next(r);
    return true;
}

static bool read_command(struct reader *r, struct insights *q)
{
    static const struct {
        const char *name;
        bool (*read)(struct reader *r, struct insights *q);
    } commands[] = {{"fields", read_fields}, {"display", read_fields}, {"filter", read_filter}, {"parse", read_parse},
                    {"stats", read_stats},   {"sort", read_sort},      {"limit", read_limit}};
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (skip(r, TOKEN_WORD, commands[i].name))
            return commands[i].read(r, q);
    return fail(r, "awsim knows fields, display, filter, parse, stats, sort and limit");
}

bool insights_parse(const char *query, struct insights *out, char *out_message, size_t size)
{
    struct reader *r = mem_new(sizeof *r);
    *r = (struct reader){.start = query, .at = query, .message = out_message, .size = size};
    *out = (struct insights){.limit = INSIGHTS_ROWS};
    next(r);
    while (read_command(r, out) && skip(r, TOKEN_SIGN, "|"))
        ;
    bool ok = !r->failed && (r->kind == TOKEN_END || fail(r, "| and another command, or the end, are needed"));
    free(r);
    if (!ok)
        insights_clear(out);
    return ok;
}

void insights_clear(struct insights *q)
{
    for (size_t i = 0; i < q->nfilters; i++) {
        matcher_clear(&q->filters[i].matcher);
        MEM_FREE(q->filters[i].text);
    }
    matcher_clear(&q->parse);
}
