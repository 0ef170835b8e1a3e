/* What is typed after '/': which rows are shown.  One language for every list; filter.def has
 * its forms.  A word with a ':' whose first part is no column is a word as any other.  What is not known
 * compares with nothing. */
#ifndef CT_FILTER_H
#define CT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_ERROR 128
#define FILTER_TERMS 16

enum filter_type { FILTER_TEXT, FILTER_NUMBER, FILTER_DURATION, FILTER_TIME };

struct filter_column {
    const char *name;
    enum filter_type type; /* of what is compared; a text is looked into */
    bool by_name;          /* only where it is named: plain words do not look here */
};

struct filter_columns {
    const struct filter_column *all;
    size_t n;
};
#define FILTER_COLUMNS_MAX 32

#define FILTER_UNKNOWN INT64_MIN
struct filter_value {
    const char *text; /* NULL none */
    int64_t number;   /* of a column that is compared: count, milliseconds, wall time */
};

/* A form of the language and its help, from the rows; NULL past the last. */
struct filter_form {
    const char *form, *help;
};
const struct filter_form *filter_form(size_t i);

struct filter;

/* Never NULL.  One that is not understood lets everything through and says why. */
struct filter *filter_new(const char *text, const struct filter_columns *columns, int64_t now_ms, bool local);
struct filter *filter_free(struct filter *f);     /* NULL is fine; returns NULL */
const char *filter_error(const struct filter *f); /* "" when it is well */
bool filter_is_empty(const struct filter *f);     /* it lets everything through */
/* Whether this column's value is looked at: others need not be worked out. */
bool filter_wants(const struct filter *f, size_t column);
/* `values`: one for each column. */
bool filter_matches(const struct filter *f, const struct filter_value *values);
/* "env state kind ...", for the line under what is typed. */
void filter_names(const struct filter_columns *columns, char *out, size_t size);

#endif
