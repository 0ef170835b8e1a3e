/* ListSecrets' lag: what it showed before a change, kept until the change may be seen. */
#ifndef CT_AWSIM_LISTED_H
#define CT_AWSIM_LISTED_H

#include <jansson.h>

#include "tests/sandbox/awsim_state.h"

/* Before a change to the secret, and right after it was made (`is_new`). */
void listed_keep(const struct sim *s, struct vault_secret *secret, int64_t now_ms, bool is_new);

/* False: not to be listed yet.  *out: the entry, the caller's. */
bool listed_entry(const struct vault_secret *secret, int64_t now_ms, json_t **out);

#endif
