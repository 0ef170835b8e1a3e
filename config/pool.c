/* Chunks in a list; strings are cut from the newest.  Single thread. */
#include "config/pool.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_ROOM ((size_t)16 * 1024)

struct pool_chunk {
    struct pool_chunk *older;
    size_t used, room;
    alignas(max_align_t) char bytes[];
};

void *pool_resize(void *old, size_t count, size_t size)
{
    void *p = NULL;
    if (count > 0 && size > 0 && count <= SIZE_MAX / size) {
        p = realloc(old, count * size);
    }
    if (p == NULL) {
        fputs("credtop: out of memory\n", stderr);
        abort();
    }
    return p;
}

static struct pool_chunk *chunk_new(struct pool_chunk *older, size_t room)
{
    struct pool_chunk *c = pool_resize(NULL, 1, sizeof *c + room);
    memset(c, 0, sizeof *c + room);
    c->older = older;
    c->room = room;
    return c;
}

void *pool_room(struct pool *p, size_t size)
{
    size_t step = alignof(max_align_t);
    size_t rounded = (size + step - 1) / step * step;
    if (p->newest == NULL || p->newest->room - p->newest->used < rounded) {
        p->newest = chunk_new(p->newest, rounded > CHUNK_ROOM ? rounded : CHUNK_ROOM);
    }
    void *room = p->newest->bytes + p->newest->used;
    p->newest->used += rounded;
    return room;
}

char *pool_copy(struct pool *p, const char *bytes, size_t n)
{
    char *s = pool_room(p, n + 1);
    memcpy(s, bytes, n);
    return s;
}

void pool_clear(struct pool *p)
{
    while (p->newest != NULL) {
        struct pool_chunk *older = p->newest->older;
        free(p->newest);
        p->newest = older;
    }
}
