/* A secret's value -> connection parameters.
 *
 * Shapes: the RDS JSON of AWS's rotation functions (username, password, host, port
 * as number or string, dbname, engine; Secrets Manager User Guide, "JSON structure
 * of AWS Secrets Manager secrets"), with `database` as an alias of dbname; or a
 * plain string, which is the password alone.  Unknown members are ignored. */
#ifndef CT_SECRET_VALUE_H
#define CT_SECRET_VALUE_H

#include "backend/credentials/flow.h"

/* `reply` is GetSecretValue's answer.  Lays what it holds over `params` (the caller
 * set what the environment gave).  ERR_SECRET_BINARY, ERR_SECRET_SHAPE (with words on
 * which member is wrong, never its value), ERR_MALFORMED. */
enum err secret_value_apply(const char *reply, size_t n, struct db_params *params, struct why *why) CHECKED;

/* GetSecretValue for the version with this staging label, applied to `params`; the
 * answer is wiped before it returns. */
enum err secret_value_fetch(struct aws *aws, const struct aws_target *target, const char *secret, const char *stage,
                            int64_t deadline_ms, struct db_params *params, struct cancel *c, struct why *why) CHECKED;

/* GetSecretValue's answer: the secret's member "masterarn", which names the secret of a
 * superuser (AWS's rotation with alternating users); "" when there is none that could be one. */
void secret_value_masterarn(const char *reply, size_t n, char *out, size_t size);

#endif
