/* The versions of an environment's secret: their labels since when, what the database says to
 * each, and, with room, when each was what on one line of time. */
#ifndef CT_VERSIONS_H
#define CT_VERSIONS_H

#include "ui/screen.h"

/* Of the chosen environment, which has a secret; `note` goes into the rule. */
void versions_draw(const struct screen *s, struct grid *g, struct rect at, const char *note);
/* The lines it can use, with the line of time and without. */
int versions_lines(const struct secret_snap *q, bool with_time);

#endif
