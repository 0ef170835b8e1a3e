/* A finished rotation, done for real: the role's password in PostgreSQL, then the
 * secret at awsim. */
#ifndef CT_FLEET_ROTATE_H
#define CT_FLEET_ROTATE_H

#include "tests/sandbox/fleet_container.h"

/* `old` is what logs in now.  *out_rotated_ms: from when on the new version is the current one. */
enum err fleet_rotate(struct fleet_world *world, const struct fleet_env_settings *env, const struct db_params *old,
                      int64_t *out_rotated_ms, struct why *why) CHECKED;

#endif
