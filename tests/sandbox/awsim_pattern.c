#include "tests/sandbox/awsim_pattern.h"

#include "backend/base/mem.h"

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* One term at *s, which is moved past it. */
static const char *read_term(const char **s, struct pattern_term *t)
{
    const char *p = *s;
    t->kind = *p == '?' ? TERM_EITHER : *p == '-' ? TERM_WITHOUT : TERM_ALL;
    if (t->kind != TERM_ALL)
        p++;
    bool quoted = *p == '"';
    if (quoted)
        p++;
    const char *from = p;
    while (*p != '\0' && (quoted ? *p != '"' : is_word(*p)))
        p++;
    t->len = (size_t)(p - from);
    if (t->len == 0)
        return "Invalid filter pattern: a term is empty";
    memcpy(t->text, from, t->len);
    if (quoted && *p++ != '"')
        return "Invalid filter pattern: a quote is not closed";
    if (*p != '\0' && *p != ' ')
        return "Invalid filter pattern: terms with characters other than letters, digits and _ must be quoted";
    *s = p;
    return NULL;
}

bool pattern_parse(const char *s, struct pattern *out, const char **out_reason)
{
    struct pattern p = {.either_counts = true};
    const char *reason = NULL;
    s += strspn(s, " ");
    if (strlen(s) > PATTERN_MAX)
        reason = "Invalid filter pattern: longer than 1024 characters";
    else if (*s == '%')
        reason = "awsim does not simulate regular expressions in filter patterns";
    else if (*s == '[' || *s == '{')
        reason = "awsim does not simulate field and JSON filter patterns";
    while (!reason && *s != '\0') {
        if (p.n == PATTERN_TERMS_MAX) {
            reason = "awsim takes up to 64 terms in a filter pattern";
            break;
        }
        p.terms = mem_grow(p.terms, p.n + 1, sizeof *p.terms);
        memset(&p.terms[p.n], 0, sizeof *p.terms);
        reason = read_term(&s, &p.terms[p.n]);
        if (p.terms[p.n].kind != TERM_EITHER)
            p.either_counts = false;
        p.n++;
        s += strspn(s, " ");
    }
    if (reason) {
        pattern_clear(&p);
        *out_reason = reason;
        return false;
    }
    *out = p;
    return true;
}

void pattern_clear(struct pattern *p)
{
    MEM_FREE(p->terms);
    p->n = 0;
}

bool pattern_matches(const struct pattern *p, const char *text, size_t n)
{
    bool any_either = false, found_either = false;
    for (size_t i = 0; i < p->n; i++) {
        const struct pattern_term *t = &p->terms[i];
        if (t->kind == TERM_EITHER && !p->either_counts)
            continue;
        bool found = memmem(text, n, t->text, t->len) != NULL;
        if (t->kind == TERM_EITHER) {
            any_either = true;
            found_either = found_either || found;
        } else if (found != (t->kind == TERM_ALL)) {
            return false;
        }
    }
    return !any_either || found_either;
}
