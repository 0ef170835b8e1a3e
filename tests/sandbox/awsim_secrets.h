/* What the reading and the writing operations of Secrets Manager share. */
#ifndef CT_AWSIM_SECRETS_H
#define CT_AWSIM_SECRETS_H

#include "tests/sandbox/awsim_arn.h"
#include "tests/sandbox/awsim_call.h"

/* The secret that SecretId names; NULL: answered why not. */
struct vault_secret *secrets_named(struct call *c);
bool secrets_not_deleted(struct call *c, const struct vault_secret *s);

#endif
