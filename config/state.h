/* Where credtop keeps what outlives a run: the journal, preferences, saved pictures. */
#ifndef CT_STATE_H
#define CT_STATE_H

#include <stdbool.h>
#include <stddef.h>

/* $XDG_STATE_HOME/credtop/NAME, else the same below ~/.local/state.  False when neither is
 * known, or there is no room. */
bool state_path(const char *name, char *out, size_t size);

/* Makes the folders above a file that are missing, for us alone (0700).  One that cannot be made
 * because nothing may be written there may be there all the same: opening the file tells.
 * False, with errno, for other failures; the folder is then the first *out_failed bytes of `path`. */
bool state_folders(const char *path, size_t *out_failed);

#endif
