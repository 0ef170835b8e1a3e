/* One simulated Lambda container: cold start, invocations, a pool of one connection.
 *
 * The credentials come from the real flow, the logins are real, and what is counted
 * is what happened here; what a reader makes of the log lines is for him to show. */
#ifndef CT_FLEET_CONTAINER_H
#define CT_FLEET_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/aws/aws.h"
#include "backend/base/err.h"
#include "backend/credentials/flow.h"
#include "tests/sandbox/fleet_lines.h"
#include "tests/sandbox/fleet_random.h"
#include "tests/sandbox/fleet_settings.h"
#include "tests/sandbox/fleet_sim.h"

struct fleet_counts {
#define COUNT(name) uint64_t name;
#include "tests/sandbox/fleet_counts.def"
#undef COUNT
};

/* What all containers use; one thread. */
struct fleet_world {
    struct aws *aws;
    struct fleet_sim *sim;
    const char *endpoint;
    struct fleet_random random;
    double speed;
};

struct fleet_container {
    const struct fleet_env_settings *env;
    struct fleet_world *world;
    const int64_t *rotated_ms; /* when the environment's secret moved under its containers; -1 never */
    struct flow *flow;         /* NULL before the cold start and after the end */
    struct fleet_lines lines;
    struct fleet_counts counts;
    int64_t started_ms, fetched_ms; /* wall, as logged; -1 */
    int64_t next_mono_ms;           /* when it is invoked next */
    bool denied;                    /* its fetch is made to fail */
    bool fell_back, retired;
    bool connected;
    int uses_left;    /* of the open connection */
    char request[37]; /* in hand; "undefined" outside one */
    int64_t past_ms;  /* not 0: the time it pretends to be */
};

/* `next_mono_ms` is when its life begins. */
void fleet_container_init(struct fleet_container *c, const struct fleet_env_settings *env, struct fleet_world *world,
                          const int64_t *rotated_ms, int64_t next_mono_ms);
void fleet_container_clear(struct fleet_container *c);

/* One invocation now, the cold start first where it is due; its lines are sent. */
enum err fleet_container_invoke(struct fleet_container *c, struct why *why) CHECKED;
/* A cold start and the invocations of the time since, dated back; the fetch is real. */
enum err fleet_container_past(struct fleet_container *c, struct why *why) CHECKED;
/* It is invoked no more; its counts stay. */
void fleet_container_retire(struct fleet_container *c);

/* "new", "current", "stale", "poisoned" or "retired" */
const char *fleet_container_state(const struct fleet_container *c);

#endif
