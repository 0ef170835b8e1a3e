/* What the table of environments can show of each: its columns, what stands in a
 * cell, and what sorting by it goes by.  The rows of env_columns.def. */
#ifndef CT_ENV_COLUMNS_H
#define CT_ENV_COLUMNS_H

#include "ui/screen.h"

#define CELL_MAX 80

/* An environment as its row is drawn. */
struct env_row {
    const struct screen *s;
    const struct env_view *v;
    const struct verdict *verdict;
    const char *old_secret, *old_logs, *old_db; /* "~" or "" */
};
void env_row_of(const struct screen *s, size_t env, struct env_row *out);

struct env_column_row {
    const char *name; /* "state": for commands and the file of preferences */
    const char *head, *help;
    int width, rank, rank_wide;
    bool right;
    enum style (*cell)(const struct env_row *r, char out[CELL_MAX]); /* NULL: the chart */
    int64_t (*key)(const struct env_row *r);                         /* NULL: by the text */
};
const struct env_column_row *env_column(enum env_column c);
/* By its name or its head, any case; ENV_COLUMNS when there is none. */
enum env_column env_column_find(const char *name);

/* What sorting goes by where nothing is known: last, whichever way round. */
#define KEY_UNKNOWN INT64_MAX

#endif
