/* A box of lines to choose from: the columns to show, the values to copy.  What it offers
 * is filled in anew for each frame, so that it never shows what is no longer so. */
#ifndef CT_MENU_H
#define CT_MENU_H

#include <stdbool.h>
#include <stdint.h>

#include "ui/grid.h"
#include "ui/list.h"

#define MENU_MAX 40
#define MENU_VALUE 600

struct screen;

struct menu_item {
    char state[12]; /* "auto"; "" none */
    char label[28];
    char value[MENU_VALUE];
};

struct menu {
    const struct menu_row *what; /* NULL: closed */
    struct list list;
    size_t n;
    struct menu_item items[MENU_MAX];
};

struct menu_row {
    const char *title, *legend;
    void (*fill)(const struct screen *s, struct menu *m);
    unsigned (*choose)(struct screen *s, size_t item); /* effects */
    bool closes;                                       /* after a choice */
};
extern const struct menu_row menu_columns, menu_copy, menu_kinds;

void menu_open(struct menu *m, const struct menu_row *what, const struct screen *s);
void menu_add(struct menu *m, const char *state, const char *label, const char *value); /* dropped when full */
unsigned menu_key(struct menu *m, struct screen *s, uint32_t press);                    /* effects */
void menu_draw(struct menu *m, const struct screen *s, struct grid *g);

#endif
