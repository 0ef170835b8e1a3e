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

#endif
