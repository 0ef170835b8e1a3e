/* FilterLogEvents answers of about a megabyte, as CloudWatch sends them for Lambdas:
 * the same bytes on every machine and in every run. */
#ifndef CT_BENCH_PAGES_H
#define CT_BENCH_PAGES_H

#include <stddef.h>

enum mix {
    MIX_TEXT,    /* platform lines and console lines: a \t or \n every thirty bytes */
    MIX_TRACES,  /* long multi-line messages: stack traces, SQL */
    MIX_JSON,    /* Lambda's JSON log format: a \" every six bytes */
    MIX_FOREIGN, /* console lines in German, Greek and Japanese, and emoji */
    MIXES
};

#define PAGES_PER_MIX 8

struct bench_page {
    char *bytes; /* followed by a NUL */
    size_t n, events;
};

extern const char *const mix_names[MIXES];

/* Fills PAGES_PER_MIX pages that follow one another in time. */
void pages_make(enum mix mix, struct bench_page *out_pages);
void pages_clear(struct bench_page *pages);

#endif
