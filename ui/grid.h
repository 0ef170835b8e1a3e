/* A grid of cells: all that views draw on.  The terminal copies it, tests read it
 * as text; nothing here knows of either.
 *
 * Drawing clips at the edges and never wraps.  Text that does not fit its space
 * ends with '>'.  An ASCII grid holds ASCII alone, whatever is drawn on it. */
#ifndef CT_GRID_H
#define CT_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/base/strbuf.h"

enum style {
#define STYLE(id, letter, attributes, fg8, dark, light, contrast, safe) STYLE_##id,
#include "ui/styles.def"
#undef STYLE
    STYLE_COUNT
};
enum theme {
#define THEME(id, name, ground, help) THEME_##id,
#include "ui/themes.def"
#undef THEME
    THEME_COUNT
};
const char *theme_name(enum theme t);
const char *theme_help(enum theme t);
enum theme theme_find(const char *name); /* THEME_COUNT when there is none */

enum style_attribute { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_REVERSE = 4 };

struct rect {
    int y, x, h, w;
};

/* A wide character's right half has width 0. */
struct cell {
    uint32_t ch, mark[2]; /* base and up to two combining marks, 0 none */
    uint8_t style;        /* enum style */
    uint8_t selected;     /* part of the chosen row */
    uint8_t width;        /* 0, 1, 2 */
    uint8_t pad;          /* 0: cells are compared as bytes */
};

#define GRID_ROWS_MAX 300
#define GRID_COLS_MAX 600

/* What a click there means. */
enum zone_kind {
    ZONE_NONE,
    ZONE_ROW,     /* choose this row of the view's list */
    ZONE_COMMAND, /* enum command */
    ZONE_VIEW,    /* enum view_id */
    ZONE_COLUMN   /* sort by this column */
};
struct zone {
    int y, x, w;
    enum zone_kind kind;
    uint32_t value;
};
#define ZONES_MAX 512

struct grid {
    int rows, cols;
    bool utf8;
    size_t nzones;
    struct zone zones[ZONES_MAX];
    struct cell *cells; /* rows * cols */
};

/* Sizes are brought into 1..GRID_ROWS_MAX, 1..GRID_COLS_MAX. */
struct grid *grid_new(int rows, int cols, bool utf8);
struct grid *grid_free(struct grid *g);                           /* NULL is fine; returns NULL */
void grid_clear(struct grid *g);                                  /* all blank */
const struct cell *grid_cell(const struct grid *g, int y, int x); /* NULL outside */

/* Draws safe text (text.h) in at most `width` columns; returns the columns used. */
int grid_text(struct grid *g, int y, int x, int width, enum style style, const char *safe);
int grid_fmt(struct grid *g, int y, int x, int width, enum style style, const char *fmt, ...) FORMAT(6, 7);
/* The same, at the right end of the `width` columns. */
void grid_right(struct grid *g, int y, int x, int width, enum style style, const char *safe);

/* Wraps at spaces into up to `lines` lines of `width`; returns the lines used. */
int grid_wrap(struct grid *g, int y, int x, int width, int lines, enum style style, const char *safe);
/* The lines grid_wrap() would use, at most `lines`. */
int grid_wrap_lines(int width, int lines, const char *safe);

/* "-- TITLE  note ------": a line over `width` columns. */
void grid_rule(struct grid *g, int y, int x, int width, const char *title, const char *note);

/* One character: the second in an ASCII grid. */
void grid_glyph(struct grid *g, int y, int x, enum style style, uint32_t utf8, char ascii);

/* Rows of another grid, from its row `from` on: a page that is moved through a window. */
void grid_copy(struct grid *g, int y, int x, int rows, const struct grid *page, int from);

/* Marks `width` columns of a row as chosen. */
void grid_select(struct grid *g, int y, int x, int width);

/* Says what a click on `width` columns means; the last one said of a place counts.  What has
 * no room is not clickable. */
void grid_zone(struct grid *g, int y, int x, int width, enum zone_kind kind, uint32_t value);
/* ZONE_NONE where nothing was said. */
enum zone_kind grid_zone_at(const struct grid *g, int y, int x, uint32_t *out_value);

/* For tests: text with trailing blanks cut, one line a row; and a letter a cell. */
void grid_to_text(const struct grid *g, struct strbuf *out);
void grid_to_styles(const struct grid *g, struct strbuf *out);

#endif
