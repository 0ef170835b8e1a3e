/* The world at the start, from a JSON file (README.md says which members). */
#ifndef CT_AWSIM_SEED_H
#define CT_AWSIM_SEED_H

#include "tests/sandbox/awsim_state.h"

/* False with one line that names the file and the JSON path. */
bool seed_read(struct sim *s, const char *file, char *out_message, size_t size);

#endif
