/* From preferences to the screen, and back. */
#ifndef CT_REMEMBERED_H
#define CT_REMEMBERED_H

#include "config/preferences.h"
#include "ui/screen.h"

/* Names that there are no more are left out. */
void remembered_apply(struct screen *s, const struct preferences *p);
void remembered_take(const struct screen *s, struct preferences *out);

#endif
