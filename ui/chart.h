/* Counts over time as characters: eighths of a block, or " .:-=+*#". */
#ifndef CT_CHART_H
#define CT_CHART_H

#include "backend/model.h"
#include "ui/grid.h"

struct chart {
    const struct log_snap *logs; /* NULL: nothing known */
    unsigned kinds;              /* bits 1 << kind, added up */
    unsigned bad;                /* kinds that mark a column 'x' where they occur */
    int64_t now_ms;              /* wall: the right edge */
    bool old;                    /* the source is silent: what came since is not known */
    int64_t moved_ms;            /* draw a line where AWSCURRENT moved; -1 nowhere */
    enum style style;
};

/* The last hour in `at`: one row is a sparkline, more are bars.  Of an old source
 * the columns after its newest data are '?'.  Returns what a
 * full column stands for. */
uint32_t chart_draw(struct grid *g, struct rect at, const struct chart *c);
/* The last hour's sum of `kinds`. */
uint64_t chart_sum(const struct chart *c);

#endif
