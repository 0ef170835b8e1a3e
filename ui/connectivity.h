/* The way to an environment's database, phase by phase, and where it ends. */
#ifndef CT_CONNECTIVITY_H
#define CT_CONNECTIVITY_H

#include "ui/screen.h"

/* The chosen environment's; `down`: a line a phase, else all of them in one. */
void connectivity_draw(const struct screen *s, struct grid *g, struct rect at, bool down);

/* What the last try came to, in words; and the target with its phases, as room allows. */
enum style connectivity_result(const struct screen *s, const struct db_snap *d, char *out, size_t size);
void connectivity_facts(const struct db_snap *d, struct grid *g, struct rect at);

#endif
