/* A box over the picture, where a question stands. */
#ifndef CT_BOX_H
#define CT_BOX_H

#include "ui/grid.h"

/* Blank inside; with a title also a rule above and a line below. */
void box_draw(struct grid *g, struct rect box, const char *title);

#endif
