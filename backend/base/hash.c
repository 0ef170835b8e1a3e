#include "backend/base/hash.h"

#include <string.h>

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 32;
}

/* Eight bytes at a time; the length goes in too, so that the zeroes that fill up the last
 * eight tell nothing. */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = mix(seed, n), v = 0;
    for (; n >= sizeof v; s += sizeof v, n -= sizeof v) {
        memcpy(&v, s, sizeof v);
        h = mix(h, v);
    }
    v = 0;
    memcpy(&v, s, n);
    return mix(mix(h, v), 0xD6E8FEB86659FD93u);
}
