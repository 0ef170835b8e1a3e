/* Counts over time as characters: eighths of a block, or " .:-=+*#". */
#ifndef CT_CHART_H
#define CT_CHART_H

#include "backend/model.h"
#include "ui/grid.h"

/* How far a chart reaches back. */
enum chart_span { SPAN_HOUR, SPAN_DAY, SPAN_QUARTER, SPAN_COUNT };
const char *chart_span_words(enum chart_span s); /* "LAST HOUR" */
int64_t chart_span_ms(enum chart_span s);
int chart_span_steps(enum chart_span s); /* a width that has them as whole columns divides or multiplies it */

struct chart {
    const struct log_snap *logs; /* NULL: nothing known */
    enum chart_span span;
    unsigned kinds;   /* bits 1 << kind, added up; over a day those that day_kind() knows */
    unsigned bad;     /* kinds that mark a column 'x' where they occur */
    int64_t now_ms;   /* wall: the right edge */
    bool old;         /* the source is silent: what came since is not known */
    int64_t moved_ms; /* draw a line where AWSCURRENT moved; -1 nowhere */
    enum style style;
};

/* The span in `at`: one row is a sparkline, more are bars.  What was not read, before the
 * reading began or since the source is silent, is '?'.  Returns what a full column stands
 * for. */
uint32_t chart_draw(struct grid *g, struct rect at, const struct chart *c);
/* The span's sum of `kinds`; *out_whole: all of it has been read. */
uint64_t chart_sum(const struct chart *c, bool *out_whole);

/* Values of a column each, newest last, scaled to `top`. */
enum { CHART_UNKNOWN = -1, CHART_FAILED = -2 };
void chart_values(struct grid *g, struct rect at, const int32_t *values, int32_t top, enum style style);
/* The times under a chart, as many as there is room for. */
void chart_times(struct grid *g, int y, int x, int width, int64_t from_ms, int64_t to_ms, bool local);

#endif
