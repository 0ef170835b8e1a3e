/* The terminal: the only file that knows of curses.  Main thread only.
 *
 * A frame is copied from a grid, curses finds what changed, and the bytes leave
 * in one write.  A terminal that does not take them is not waited for: the rest
 * goes when it can, and no new frame is drawn before. */
#ifndef CT_TERM_H
#define CT_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "ui/grid.h"

struct term;

struct term_settings {
    bool ascii, no_color;
    bool locked; /* audit mode: no suspend, no terminal description by environment */
    int log_fd;  /* where stderr goes meanwhile; -1: nowhere */
};

/* NULL with `why` when there is no terminal, or none that can be drawn on. */
struct term *term_open(const struct term_settings *s, struct why *why);
/* Gives the terminal back as it was; NULL is fine; returns NULL. */
struct term *term_close(struct term *t);

int term_fd(const struct term *t); /* poll it for POLLIN, and POLLOUT while term_busy() */
bool term_utf8(const struct term *t);
void term_size(const struct term *t, int *out_rows, int *out_cols);

bool term_busy(const struct term *t); /* part of a frame is still to be sent */
void term_flush(struct term *t);      /* sends what goes without waiting */
/* Draws a frame of the terminal's size; does nothing while busy.  True when done. */
bool term_draw(struct term *t, const struct grid *g);

/* The next key, without waiting; false when there is none. */
bool term_key(struct term *t, uint32_t *out_press);
bool term_gone(const struct term *t); /* hung up: leave */
void term_hangup(struct term *t);     /* the poll said so */

void term_resized(struct term *t); /* after SIGWINCH */
void term_repaint(struct term *t); /* the next frame is drawn whole */
void term_suspend(struct term *t); /* hands the terminal back... */
void term_resume(struct term *t);  /* ...and takes it again */

void term_theme(struct term *t, enum theme theme);

/* While it is on, the terminal does not select text by itself.  Off at start. */
void term_mouse(struct term *t, bool on);
struct term_click {
    int y, x, wheel; /* wheel: -1 up, 1 down, 0 a click */
};
struct term_click term_click(const struct term *t); /* of the last PRESS_MOUSE */

/* Safe text to the terminal's clipboard (OSC 52), at most TERM_COPY_MAX bytes of it. */
#define TERM_COPY_MAX 6000
void term_copy(struct term *t, const char *safe);
void term_bell(struct term *t);
void term_notify(struct term *t, const char *safe); /* OSC 9 */
void term_title(struct term *t, const char *safe);  /* the one before comes back at the end */

uint64_t term_bytes(const struct term *t);  /* sent so far */
uint64_t term_frames(const struct term *t); /* frames that changed something */

#endif
