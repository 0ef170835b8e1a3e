/* The configuration as the commands meet it: found or named, read, its mistakes told; and
 * `credtop config check|show`. */
#ifndef CT_CLI_CONFIGURATION_H
#define CT_CLI_CONFIGURATION_H

#include "config/config.h"
#include "config/options.h"

/* What came of looking for it; free with configuration_clear(), which leaves the config. */
struct configuration {
    struct config *config; /* NULL: there is none, or it has mistakes */
    char *path;            /* NULL: none was found */
    char *tried;           /* where it was looked for; NULL when one was named */
    char *mistakes;        /* one a line; NULL */
};

struct configuration configuration_read(const char *named);
void configuration_clear(struct configuration *c);

/* The configuration; NULL after saying on standard error what is wrong and what to do. */
struct config *configuration_or_say(const char *named);

int configuration_run(const struct options *o); /* the command; its exit status */

#endif
