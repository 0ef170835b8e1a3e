/* Where things go: pure functions from a size to rectangles. */
#ifndef CT_LAYOUT_H
#define CT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "ui/grid.h"

/* FULL from 60x15; SMALL below: header, rows, keys; TINY below 20x3: a sentence. */
enum layout_size { LAYOUT_TINY, LAYOUT_SMALL, LAYOUT_FULL };

struct layout {
    enum layout_size size;
    struct rect header, tabs, title, body, message, keys; /* h 0: not there */
};
void layout_frame(int rows, int cols, struct layout *out);

/* Parts stacked in a body, each with the fewest and the most rows it can use. */
struct layout_want {
    int least, most;
    int rank; /* lower is served first: everybody's `least`, then everybody's `most` */
};
#define LAYOUT_PARTS_MAX 8
/* Order on screen is the order given; a part that gets less than `least` gets none. */
void layout_stack(struct rect body, const struct layout_want *wants, size_t n, struct rect *out);

/* A table's columns: the higher the rank, the earlier a column is left out. */
struct layout_column {
    const char *head;
    int width;
    int rank;
    bool right; /* aligned to the right */
};
/* Fills out_x with each column's place from 0, -1 for one left out; returns the
 * columns used.  One blank between columns. */
int layout_columns(const struct layout_column *columns, size_t n, int width, int *out_x);

#endif
