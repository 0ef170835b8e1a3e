/* `credtop discover`: a configuration written from what the account has. */
#ifndef CT_CLI_DISCOVER_H
#define CT_CLI_DISCOVER_H

#include "config/options.h"

int discover_run(const struct options *o); /* the exit status */

#endif
