/* The program's own free() and realloc(): every block is zeroed when it is given back,
 * whoever had it.  libpq copies a password into half a dozen places of its own, OpenSSL
 * keeps records, libcurl buffers; none of them can be handed an allocator that reaches
 * them all, and the C library looks for these two names here first (its manual, "Replacing
 * malloc").  The blocks themselves are the C library's.
 *
 * realloc() always moves what has to grow: the C library would leave the old copy behind.
 * Sanitizers bring a heap of their own. */
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GLIBC__) && !defined(CT_SANITIZED)

extern void __libc_free(void *p);

void free(void *p)
{
    if (p == NULL)
        return;
    explicit_bzero(p, malloc_usable_size(p));
    __libc_free(p); /* keeps errno */
}

void *realloc(void *p, size_t size)
{
    if (p == NULL)
        return malloc(size);
    if (size == 0) {
        free(p);
        return NULL;
    }
    size_t room = malloc_usable_size(p);
    /* A block that became much too large is not kept; one that fits is. */
    if (size <= room && (room < 1024 || size > room / 2)) {
        explicit_bzero((char *)p + size, room - size);
        return p;
    }
    void *moved = malloc(size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, p, size < room ? size : room);
    free(p);
    return moved;
}

#endif
