#include "tests/sandbox/fleet_random.h"

/* splitmix64: any seed will do, zero too. */
static uint64_t next(struct fleet_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void fleet_random_seed(struct fleet_random *r, uint64_t seed)
{
    r->state = seed;
}

int64_t fleet_random_between(struct fleet_random *r, int64_t least, int64_t most)
{
    return least + (int64_t)(next(r) % (uint64_t)(most - least + 1));
}

void fleet_random_hex(struct fleet_random *r, char *out, int digits)
{
    for (int i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[next(r) >> 60];
    out[digits] = '\0';
}

void fleet_random_uuid(struct fleet_random *r, char out[37])
{
    char hex[33];
    fleet_random_hex(r, hex, 32);
    hex[12] = '4';
    hex[16] = "89ab"[next(r) >> 62];
    int at = 0;
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[at++] = '-';
        out[at++] = hex[i];
    }
    out[at] = '\0';
}
