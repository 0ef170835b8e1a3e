/* Starts psql on the terminal and waits for its end: the one program credtop's screen
 * runs, and none that an environment variable names. */
#ifndef CT_UI_PSQL_H
#define CT_UI_PSQL_H

#include "backend/model.h"

/* ERR_NOT_FOUND when no folder of PATH has one. */
enum err psql_find(char *out, size_t size, struct why *why) CHECKED;

/* The terminal must have been given back.  Closes start->fd.  *out_status: psql's exit
 * status, 128 + N for signal N.  `signals`: a wish to leave ends psql too, and is told by
 * *out_leave. */
enum err psql_run(const char *path, const struct psql_start *start, int signals, int *out_status, bool *out_leave,
                  struct why *why) CHECKED;

#endif
