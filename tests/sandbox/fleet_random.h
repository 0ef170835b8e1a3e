/* A seeded stream of numbers: the same seed gives the same fleet.  For no secret. */
#ifndef CT_FLEET_RANDOM_H
#define CT_FLEET_RANDOM_H

#include <stdint.h>

struct fleet_random {
    uint64_t state;
};

void fleet_random_seed(struct fleet_random *r, uint64_t seed);
int64_t fleet_random_between(struct fleet_random *r, int64_t least, int64_t most); /* both included */
void fleet_random_hex(struct fleet_random *r, char *out, int digits);              /* and a NUL */
void fleet_random_uuid(struct fleet_random *r, char out[37]);                      /* version 4 */

#endif
