/* The dashboard: terminal, screen and backend in one loop.  Main thread. */
#ifndef CT_UI_H
#define CT_UI_H

#include <stdbool.h>

#include "backend/backend.h"
#include "backend/base/err.h"

struct ui_settings {
    bool audit, restricted, ascii, no_color;
    int signals; /* signals_open()'s descriptor */
    int log_fd;  /* -1 none */
};

/* Runs until the user leaves or the terminal is gone.  ERR_SYSTEM when there is no
 * terminal to draw on. */
enum err ui_run(struct backend *b, const struct ui_settings *s, struct why *why) CHECKED;

#endif
