/* credtop journal show, verify, tail. */
#ifndef CT_CLI_JOURNAL_H
#define CT_CLI_JOURNAL_H

#include "config/config.h"
#include "config/options.h"

/* The exit status.  `conf` may be NULL where --file names the journal. */
int journal_run(const struct config *conf, const struct options *options);

#endif
