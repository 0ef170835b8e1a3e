/* A hash for tables in memory: fast, good in all its bits, never kept or sent. */
#ifndef CT_HASH_H
#define CT_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);

#endif
