/* `credtop doctor`: a line for each thing looked at, and what to do about those that are not
 * well. */
#ifndef CT_CLI_DOCTOR_H
#define CT_CLI_DOCTOR_H

#include "config/options.h"

int doctor_run(const struct options *o); /* the exit status */

#endif
