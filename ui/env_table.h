/* The table of environments: its columns, which of them fit, and its rows.  The
 * overview shows it, and `credtop status` prints it. */
#ifndef CT_ENV_TABLE_H
#define CT_ENV_TABLE_H

#include "ui/screen.h"

/* Heads and rows of s->rows, the chosen one marked, scrolled so that it shows. */
void env_table_draw(struct screen *s, struct grid *g, struct rect at, int margin);

/* The lines of its rows and groups, counted up to `most`. */
int env_table_lines(const struct screen *s, int most);

/* Age of the oldest source that answered; -1 when none did. */
int64_t env_data_age(const struct screen *s, const struct env_view *v);

#endif
