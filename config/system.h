/* The system's configuration, which a user of the machine cannot undo: where it is, whose
 * it has to be, and what it says of the mode.
 *
 * Place and owner are in a file of their own (system_place.c), so that a test can link
 * others; the program that is shipped has no way to move them. */
#ifndef CT_SYSTEM_H
#define CT_SYSTEM_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"

const char *system_conf_path(void); /* "/etc/credtop/credtop.conf" */
uid_t system_conf_owner(void);      /* root */

/* Whether the system's configuration says mode = audit, whatever other one is read.  No such
 * file: it does not.  False with *out_errors (malloc'd) when that cannot be told: the file is
 * there and wrong, or closed to us. */
bool system_conf_mode(bool *out_audit, char **out_errors);

/* The system's configuration alone, for the restricted mode: as config_load(), and it, its
 * folder and the files of keys that it names have to be the owner's, and nobody else's to
 * write. */
struct config *system_conf_load(char **out_errors);

#endif
