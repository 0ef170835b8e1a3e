/* Commands by their names: what ':' opens.  The names come from the tables: orders by their
 * own, screens by their tabs, every key's command by its row. */
#ifndef CT_PALETTE_H
#define CT_PALETTE_H

#include "ui/screen.h"

#define PALETTE_WORDS 320

/* A key while the palette is open; effects.  Tab completes, Enter runs, Esc leaves. */
/* Effects. */
unsigned palette_open(struct screen *s);
unsigned palette_key(struct screen *s, uint32_t press);
/* The names that what is typed may become, for the line under it. */
const char *palette_words(const struct screen *s, char out[PALETTE_WORDS]);

#endif
