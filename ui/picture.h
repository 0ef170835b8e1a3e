/* The picture of the screen as a text file, for a ticket. */
#ifndef CT_PICTURE_H
#define CT_PICTURE_H

#include <stdint.h>

#include "backend/base/err.h"
#include "ui/grid.h"

#define PICTURE_PATH 4096

/* To a new file, mode 0600: `name`, or for "" one of our own in `folder` (NULL: there is none).
 * A file that is there is never overwritten.  `out_path` is its name. */
enum err picture_save(const struct grid *g, const char *name, const char *folder, int64_t wall_ms,
                      char out_path[PICTURE_PATH], struct why *why) CHECKED;

#endif
