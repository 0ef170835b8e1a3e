/* RFC 4180, for spreadsheets and scripts: cells in quotes where they need them, lines that
 * end in CR LF.  A text that a spreadsheet would take for a formula gets a ' in front. */
#ifndef CT_CLI_CSV_H
#define CT_CLI_CSV_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/strbuf.h"

struct csv {
    struct strbuf *out;
    bool some; /* this line has a cell already */
};

void csv_text(struct csv *c, const char *s);        /* NULL and "": an empty cell, which is "unknown" */
void csv_int(struct csv *c, bool known, int64_t n); /* an empty cell when it is not known */
void csv_ratio(struct csv *c, double r);            /* to four places; negative: empty */
void csv_time(struct csv *c, int64_t wall_ms);      /* ISO 8601, UTC; negative: empty */
void csv_time_ms(struct csv *c, int64_t wall_ms);   /* the same with milliseconds */
void csv_end(struct csv *c);                        /* of the line */

#endif
