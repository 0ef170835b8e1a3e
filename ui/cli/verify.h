/* `credtop verify ENVIRONMENT`: its posture, and with --source that of the code. */
#ifndef CT_CLI_VERIFY_H
#define CT_CLI_VERIFY_H

#include "backend/backend.h"
#include "config/options.h"

/* The backend watches the one environment; the exit status is that of options.def. */
int verify_run(struct backend *b, const struct options *options, int signals_fd);

#endif
