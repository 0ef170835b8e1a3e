/* `credtop discover`: what an account has, read once, and a configuration written from it.
 *
 * Reads ListSecrets, ListFunctions (whose answers may hold passwords: wiped memory, and of the
 * variables a short fixed list is kept; not in audit mode) and DescribeLogGroups, in several
 * regions at a time.  Never a secret's value.  Main thread; all waiting is elsewhere. */
#ifndef CT_DISCOVER_H
#define CT_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/err.h"
#include "config/config.h"

struct discover_settings {
    const struct config *conf; /* defaults and the journal; its environments do not matter */
    bool audit;
    const char *profile;        /* NULL: as AWS programs find it */
    const char *const *regions; /* NULL-terminated; empty: the profile's, then AWS_REGION */
};

struct discover;
/* NULL with `why` when the machine refuses threads.  Settings are borrowed. */
struct discover *discover_start(const struct discover_settings *s, struct why *why);
int discover_wake_fd(const struct discover *d);
void discover_wake_drain(struct discover *d);
bool discover_is_done(const struct discover *d);

struct discovered {
    size_t environments;
    size_t troubles;   /* what could not be read; the text's comments say what */
    char trouble[320]; /* the first of them */
    bool asked;        /* secrets could be listed in one region at least */
};
/* Once it is done: the configuration, malloc'd; each guess is commented with its reason. */
char *discover_text(const struct discover *d, struct discovered *out);
struct discover *discover_stop(struct discover *d); /* NULL is fine; returns NULL */

#endif
