#include "backend/source_code.h"

#include <string.h>

#include "backend/base/mem.h"

#define SIGNATURE_MAX 400 /* from a name to what tells what it is */
#define PATTERN_MAX 1024  /* a longer one is none: else each "/" of a hostile line costs all of it */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---------------------------------------------------------------- splitting */

static void blank(char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] != '\n')
            at[i] = ' ';
}

/* From an opening quote to behind the closing one; a text of one line ends with it. */
static size_t quoted(const char *p, size_t n)
{
    char quote = p[0];
    size_t i = 1;
    for (; i < n && p[i] != quote; i++) {
        if (p[i] == '\\')
            i++;
        else if (p[i] == '\n' && quote != '`')
            return i;
    }
    return i < n ? i + 1 : n;
}

/* From "/" to behind the closing one and its flags; 0: it is a division after all. */
static size_t pattern(const char *p, size_t n)
{
    bool class = false;
    size_t i = 1;
    n = n < PATTERN_MAX ? n : PATTERN_MAX;
    for (; i < n && (p[i] != '/' || class); i++) {
        if (p[i] == '\n')
            return 0;
        if (p[i] == '\\')
            i++;
        else if (p[i] == '[' || p[i] == ']')
            class = p[i] == '[';
    }
    if (i >= n)
        return 0;
    for (i++; i < n && is_word(p[i]);)
        i++;
    return i;
}

/* After these a "/" begins a regular expression. */
static bool begins_pattern(const char *code, size_t at)
{
    while (at > 0 && is_blank(code[at - 1]))
        at--;
    return at == 0 || strchr("(,=:[!&|?{};+-*%<>~^", code[at - 1]) != NULL ||
           (at >= 6 && strncmp(code + at - 6, "return", 6) == 0);
}

void source_code_split(const char *bytes, size_t n, struct source_code *out)
{
    char *code = mem_copy_bytes(bytes, n), *words = mem_copy_bytes(bytes, n);
    for (size_t i = 0; i < n;) {
        size_t left = n - i, took = 1;
        if (left > 1 && code[i] == '/' && code[i + 1] == '/') {
            const char *end = memchr(code + i, '\n', left);
            took = end != NULL ? (size_t)(end - code) - i : left;
            blank(code + i, took);
            blank(words + i, took);
        } else if (left > 1 && code[i] == '/' && code[i + 1] == '*') {
            const char *end = memmem(code + i + 2, left - 2, "*/", 2);
            took = end != NULL ? (size_t)(end - code) - i + 2 : left;
            blank(code + i, took);
            blank(words + i, took);
        } else if (code[i] == '\'' || code[i] == '"' || code[i] == '`') {
            took = quoted(code + i, left);
            blank(code + i, took);
        } else if (code[i] == '/' && begins_pattern(code, i)) {
            took = pattern(code + i, left);
            blank(code + i, took);
            took = took > 0 ? took : 1;
        }
        i += took;
    }
    for (size_t i = 0; i < n; i++) { /* they are searched as texts from here on */
        code[i] = code[i] == '\0' ? ' ' : code[i];
        words[i] = words[i] == '\0' ? ' ' : words[i];
    }
    *out = (struct source_code){.code = code, .words = words, .n = n};
}

void source_code_clear(struct source_code *s)
{
    free(s->code);
    free(s->words);
    *s = (struct source_code){0};
}

/* ----------------------------------------------------------------- finding */

static int line_of(const char *text, const char *at)
{
    int line = 1;
    for (const char *p = text; p < at; p++)
        line += *p == '\n';
    return line;
}

/* The next place at or after `from` where `name` stands as a word. */
static const char *next_word(const char *code, const char *from, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = strstr(from, name); p != NULL; p = strstr(p + n, name))
        if ((p == code || !is_word(p[-1])) && !is_word(p[n]))
            return p;
    return NULL;
}

static const char *skip(const char *p)
{
    while (is_blank(*p))
        p++;
    return p;
}

/* Whether the word before `at` is this one; *at moves to its beginning. */
static bool word_before(const char *code, const char **at, const char *word)
{
    const char *p = *at;
    size_t n = strlen(word);
    while (p > code && (is_blank(p[-1]) || p[-1] == '*'))
        p--;
    if ((size_t)(p - code) < n || strncmp(p - n, word, n) != 0 || ((size_t)(p - code) > n && is_word(p[-(long)n - 1])))
        return false;
    *at = p - n;
    return true;
}

/* "Promise<" before the body begins: a function that gives one without being called async. */
static bool gives_promise(const char *p)
{
    const char *end = p;
    while (*end != '\0' && *end != '{' && *end != ';' && end - p < SIGNATURE_MAX)
        end++;
    return memmem(p, (size_t)(end - p), "Promise<", 8) != NULL;
}

/* What stands behind "=" in "name = ..." and "name: type = ..."; NULL: no assignment. */
static const char *assigned_value(const char *p)
{
    const char *q = skip(p);
    if (*q == ':')
        while (*q != '\0' && *q != ';' && q - p < SIGNATURE_MAX && (*q != '=' || q[1] == '>'))
            q += *q == '=' ? 2 : 1;
    return *q == '=' && q[1] != '=' && q[1] != '>' ? skip(q + 1) : NULL;
}

static bool is_definition(const char *code, const char *at, size_t n, bool *out_async)
{
    const char *before = at, *value = assigned_value(at + n);
    if (word_before(code, &before, "function")) {
        *out_async = word_before(code, &before, "async") || gives_promise(at + n);
        return true;
    }
    if (value != NULL) {
        bool async = strncmp(value, "async", 5) == 0 && !is_word(value[5]);
        *out_async = async || gives_promise(at + n);
        return async || *value == '(' || strncmp(value, "function", 8) == 0 || is_word(*value);
    }
    if (*skip(at + n) == '(' && word_before(code, &before, "async")) /* a method */
        return *out_async = true;
    return false;
}

struct source_place source_code_definition(const struct source_code *s, const char *name)
{
    size_t n = strlen(name);
    struct source_place found = {0};
    for (const char *p = s->code; (p = next_word(s->code, p, name)) != NULL; p += n) {
        bool async = false;
        if (!is_definition(s->code, p, n, &async))
            continue;
        if (found.line == 0 || (async && !found.is_async)) /* an overload's signature says less than its body */
            found = (struct source_place){line_of(s->code, p), async};
    }
    return found;
}

struct source_place source_code_use(const struct source_code *s, const char *name, bool assigned)
{
    for (const char *p = s->code; (p = next_word(s->code, p, name)) != NULL; p += strlen(name))
        if (!assigned || assigned_value(p + strlen(name)) != NULL)
            return (struct source_place){line_of(s->code, p), false};
    return (struct source_place){0};
}

struct source_place source_code_top_await(const struct source_code *s)
{
    int depth = 0;
    const char *from = s->code;
    for (const char *p; (p = next_word(s->code, from, "await")) != NULL; from = p + 5) {
        for (; from < p; from++)
            depth += *from == '{' ? 1 : *from == '}' ? -1 : 0;
        if (depth <= 0)
            return (struct source_place){line_of(s->code, p), true};
    }
    return (struct source_place){0};
}

struct source_place source_code_text(const struct source_code *s, const char *text)
{
    size_t n = strlen(text);
    for (const char *p = strstr(s->words, text); p != NULL; p = strstr(p + 1, text)) {
        bool begins = p > s->words && strchr("'\"`", p[-1]) != NULL;
        bool ends = p[n] != '\0' && strchr("'\"`", p[n]) != NULL;
        if (begins && ends)
            return (struct source_place){line_of(s->words, p), false};
    }
    return (struct source_place){0};
}
