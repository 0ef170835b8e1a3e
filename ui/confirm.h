/* The question before something that matters: the environment's own name must be typed where
 * it is protected, "yes" elsewhere.  No is the default, and what was typed before it could be
 * seen is no answer. */
#ifndef CT_CONFIRM_H
#define CT_CONFIRM_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/grid.h"

#define CONFIRM_MAX 72

struct confirm {
    bool open, seen; /* seen: drawn once */
    bool below;      /* at the bottom of the screen: what it is about stands above it */
    bool protect;
    bool read;      /* what it is about was seen to its end: until then yes is no answer */
    int below_n;    /* lines of it that lie below what is seen */
    char title[64]; /* what for */
    char name[CONFIRM_MAX], typed[CONFIRM_MAX];
    const char *note; /* what was wrong with the last key; NULL nothing */
};

enum confirm_result { CONFIRM_WAITS, CONFIRM_YES, CONFIRM_NO };

void confirm_open(struct confirm *c, const char *title, const char *name, bool protect, bool below);
enum confirm_result confirm_key(struct confirm *c, uint32_t press); /* YES and NO close it */
void confirm_draw(struct confirm *c, struct grid *g);
/* The rows it takes from what stands above it; 0 when it is closed or not below. */
int confirm_rows(const struct confirm *c, const struct grid *g);

#endif
