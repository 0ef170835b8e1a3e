/* The listed events over time: how many, and where there is trouble. */
#ifndef CT_EVENT_HISTOGRAM_H
#define CT_EVENT_HISTOGRAM_H

#include "ui/screen.h"

#define HISTOGRAM_LINES 6 /* a rule, bars of four, times */

/* Of s->log, as it is filtered; the chosen event's column is marked. */
void event_histogram_draw(const struct screen *s, struct grid *g, struct rect at);

#endif
