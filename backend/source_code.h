/* JavaScript and TypeScript, as far as source.c asks: where comments, texts and regular
 * expressions are, and where a function is defined.  No parser; for source*.c alone. */
#ifndef CT_SOURCE_CODE_H
#define CT_SOURCE_CODE_H

#include <stdbool.h>
#include <stddef.h>

/* Two copies of the bytes, in place of which blanks stand: `code` is without comments, texts
 * and regular expressions; `words` without comments alone.  Line feeds stay. */
struct source_code {
    char *code, *words; /* NUL-terminated */
    size_t n;
};
void source_code_split(const char *bytes, size_t n, struct source_code *out);
void source_code_clear(struct source_code *s);

struct source_place {
    int line;      /* 1, 2, ...; 0 not found */
    bool is_async; /* a definition that gives a promise */
};
struct source_place source_code_definition(const struct source_code *s, const char *name);
/* The first use of a name; with `assigned`, where something is assigned to it. */
struct source_place source_code_use(const struct source_code *s, const char *name, bool assigned);
/* An `await` that stands in no function's body. */
struct source_place source_code_top_await(const struct source_code *s);
/* `text` as a whole text, from quote to quote. */
struct source_place source_code_text(const struct source_code *s, const char *text);

#endif
