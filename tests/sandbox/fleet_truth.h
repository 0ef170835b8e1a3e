/* The truth file: what the fleet did, for tests to hold credtop's figures against. */
#ifndef CT_FLEET_TRUTH_H
#define CT_FLEET_TRUTH_H

#include <stdbool.h>

#include "tests/sandbox/fleet_container.h"

#define FLEET_CONTAINERS_MAX 2000

/* The running fleet, for the loop and the truth file. */
struct fleet {
    struct fleet_settings settings;
    struct fleet_world world;
    int64_t rotated_ms[FLEET_ENVIRONMENTS_MAX]; /* -1 never */
    int64_t updates[FLEET_ENVIRONMENTS_MAX];    /* of the function's configuration, as far as its containers know */
    size_t n;
    struct fleet_container *containers; /* FLEET_CONTAINERS_MAX, the first n in use */
    bool paused;
};

/* Written beside `path` and renamed over it: a reader sees a whole one. */
enum err fleet_truth_write(const struct fleet *f, const char *path, struct why *why) CHECKED;

#endif
