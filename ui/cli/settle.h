/* What the commands that ask everything once share: waiting until all was asked. */
#ifndef CT_CLI_SETTLE_H
#define CT_CLI_SETTLE_H

#include "backend/backend.h"

/* Until every source was tried or timeout_ms have passed; backend_settled() tells which.  What
 * reads the logs' past, and what that costs, is said on standard error.  False: a signal asks
 * to stop. */
bool settle_wait(struct backend *b, int64_t timeout_ms, int signals_fd);

#endif
