/* What the reading and the writing operations of Secrets Manager share. */
#ifndef CT_AWSIM_SECRETS_H
#define CT_AWSIM_SECRETS_H

#include "tests/sandbox/awsim_arn.h"
#include "tests/sandbox/awsim_call.h"

/* The secret that SecretId names; NULL: answered why not. */
struct vault_secret *secrets_named(struct call *c);
bool secrets_not_deleted(struct call *c, const struct vault_secret *s);
bool secrets_not_managed(struct call *c, const struct vault_secret *s); /* by another AWS service */
/* As DescribeSecret and ListSecrets give it; they call the map of labels differently. */
json_t *secrets_description(const struct vault_secret *s, const char *map_name);

#endif
