/* awsim's control API, as the fleet needs it: log lines in, faults on and off, a
 * finished rotation, which functions were updated.  Belongs to one thread. */
#ifndef CT_FLEET_SIM_H
#define CT_FLEET_SIM_H

#include "backend/base/err.h"
#include "backend/base/strbuf.h"

struct fleet_sim;
struct fleet_sim *fleet_sim_new(const char *endpoint); /* "http://127.0.0.1:PORT" */
struct fleet_sim *fleet_sim_free(struct fleet_sim *s); /* NULL is fine; returns NULL */

/* POST `body` (JSON) to `path` ("/_sim/logs"); with a NULL body DELETE.  Anything but a 2xx is an error. */
enum err fleet_sim_send(struct fleet_sim *s, const char *path, const char *body, struct why *why) CHECKED;
/* GET; what came is in `out`, which the caller has made. */
enum err fleet_sim_get(struct fleet_sim *s, const char *path, struct strbuf *out, struct why *why) CHECKED;

#endif
