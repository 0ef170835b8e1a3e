/* Waiting until every source was tried, once: what the one-shot commands begin with. */
#ifndef CT_CLI_SETTLE_H
#define CT_CLI_SETTLE_H

#include "backend/backend.h"

/* At most timeout_ms; says on standard error what reads the past and what was not answered,
 * and on a terminal how far it is.  False: a signal asked to stop, which was said. */
bool settle_wait(struct backend *b, int64_t timeout_ms, int signals_fd);

/* When AWS has let none of them in: on standard error, who says more. */
void settle_hint(const struct board *board);

#endif
