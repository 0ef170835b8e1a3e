/* The way to an environment's database, phase by phase, and where it ends. */
#ifndef CT_CONNECTIVITY_H
#define CT_CONNECTIVITY_H

#include "ui/screen.h"

/* The chosen environment's; `down`: a line a phase, else all of them in one. */
void connectivity_draw(const struct screen *s, struct grid *g, struct rect at, bool down);

#endif
