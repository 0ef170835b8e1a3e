/* `credtop test ENVIRONMENT`: one test order, its logins and its exit status (the rows of
 * config/options.def). */
#ifndef CT_CLI_TEST_H
#define CT_CLI_TEST_H

#include "backend/backend.h"
#include "config/options.h"

int test_run(struct backend *b, const struct config *conf, const struct options *options, int signals_fd);

/* The exit status that an ended order gives. */
int test_exit_status(const struct order_view *o);

#endif
