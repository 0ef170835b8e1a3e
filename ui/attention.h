/* NEEDS ATTENTION: what is wrong, cause first, worst first, one line or two each.  What
 * is the same trouble for several environments, a network that is away, is one line. */
#ifndef CT_ATTENTION_H
#define CT_ATTENTION_H

#include "ui/screen.h"

/* The rows it would take, its rule included. */
int attention_rows(const struct screen *s, int width);
void attention_draw(const struct screen *s, struct grid *g, struct rect at);

#endif
