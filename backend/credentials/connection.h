/* How to reach an environment's database: its configuration, seen as the environment a
 * container of it would have, and the configuration's last word over what a secret says. */
#ifndef CT_CONNECTION_H
#define CT_CONNECTION_H

#include "backend/credentials/flow.h"
#include "config/config.h"

/* The container's process environment: NODE_ENV, DB_*, DB_SECRET_NAME, and .env in
 * development (ERR_IO, ERR_SETTING with file and line). */
enum err connection_env(const struct config_environment *conf, struct flow_env *e, struct why *why) CHECKED;

/* What the operator wrote wins over what the secret says. */
void connection_override(const struct config_environment *conf, struct db_params *p);

/* A development environment's parameters: its .env, then the override.  Asks nobody. */
enum err connection_of_file(const struct config_environment *conf, struct db_params *out, struct why *why) CHECKED;

/* The parameters with one version of the secret, by staging label: GetSecretValue (a
 * REVEALS row: refused in audit mode) laid over the environment, then the override. */
enum err connection_of_stage(const struct config_environment *conf, struct aws *aws, const struct aws_target *target,
                             const char *stage, int64_t deadline_ms, struct db_params *out, struct cancel *c,
                             struct why *why) CHECKED;

#endif
