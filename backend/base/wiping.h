/* An allocator that zeroes what it takes back: handed to libraries that carry
 * secret material through their own heap (jansson, libcurl, OpenSSL).  Their
 * buffers then hold nothing after use.  Any thread. */
#ifndef CT_WIPING_H
#define CT_WIPING_H

#include <stddef.h>

void *wiping_malloc(size_t size);
void *wiping_calloc(size_t count, size_t size);
void *wiping_realloc(void *p, size_t size);
char *wiping_strdup(const char *s);
void wiping_free(void *p);

/* Overwrites the stack below the caller, where functions that have returned may have
 * left a secret.  Call it on the thread that had it, once it is done with. */
void wiping_stack(void);

/* (And the program's own free() and realloc() wipe every block they take back, whoever
 * had it: heap.c.) */

#endif
