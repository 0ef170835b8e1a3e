/* Each block carries its size in a header of 16 bytes, which keeps the alignment
 * malloc promises.  realloc always moves: growing in place is not worth a copy
 * left behind by the C library. */
#include "backend/base/wiping.h"

#include <stdint.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"

#define HEADER 16

static size_t *size_of(void *p)
{
    return (size_t *)(void *)((char *)p - HEADER);
}

void *wiping_malloc(size_t size)
{
    ASSERT(size < SIZE_MAX - HEADER);
    char *block = malloc(size + HEADER);
    if (block == NULL)
        return NULL;
    *(size_t *)(void *)block = size;
    return block + HEADER;
}

void *wiping_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / 2 / size)
        return NULL;
    void *p = wiping_malloc(count * size);
    if (p != NULL)
        memset(p, 0, count * size);
    return p;
}

void wiping_free(void *p)
{
    if (p == NULL)
        return;
    secret_wipe(p, *size_of(p));
    free((char *)p - HEADER);
}

void *wiping_realloc(void *p, size_t size)
{
    if (p == NULL)
        return wiping_malloc(size);
    void *bigger = wiping_malloc(size);
    if (bigger == NULL)
        return NULL;
    size_t old = *size_of(p);
    memcpy(bigger, p, old < size ? old : size);
    wiping_free(p);
    return bigger;
}

char *wiping_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = wiping_malloc(n);
    if (copy != NULL)
        memcpy(copy, s, n);
    return copy;
}

#define STACK_PIECE 8192
#define STACK_PIECES 12 /* deeper than libpq, OpenSSL and jansson were seen to go */

/* The calls must nest, or all would wipe one piece: the volatile count keeps the
 * compiler from making a loop of them. */
static __attribute__((noinline)) unsigned char wipe_below(volatile int *left)
{
    unsigned char piece[STACK_PIECE];
    secret_wipe(piece, sizeof piece);
    if (--*left > 0)
        piece[0] = wipe_below(left);
    return ((volatile unsigned char *)piece)[0];
}

void wiping_stack(void)
{
    volatile int left = STACK_PIECES;
    (void)wipe_below(&left);
}
