/* `credtop rotate ENVIRONMENT`, `credtop recycle ENVIRONMENT`: the plan, the confirmation,
 * the steps as they happen, and the outcome as an exit status. */
#ifndef CT_CLI_CHANGE_H
#define CT_CLI_CHANGE_H

#include "backend/backend.h"
#include "config/config.h"
#include "config/options.h"

int change_run(struct backend *b, const struct config *conf, const struct options *options, int signals_fd);

#endif
