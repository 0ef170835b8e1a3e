/* awsim's control API, as the fleet needs it: log lines in, faults on and off, a
 * finished rotation.  Belongs to one thread. */
#ifndef CT_FLEET_SIM_H
#define CT_FLEET_SIM_H

#include "backend/base/err.h"

struct fleet_sim;
struct fleet_sim *fleet_sim_new(const char *endpoint); /* "http://127.0.0.1:PORT" */
struct fleet_sim *fleet_sim_free(struct fleet_sim *s); /* NULL is fine; returns NULL */

/* POST `body` (JSON) to `path` ("/_sim/logs"); with a NULL body DELETE.  Anything but a 2xx is an error. */
enum err fleet_sim_send(struct fleet_sim *s, const char *path, const char *body, struct why *why) CHECKED;

#endif
