/* Chunks in a list; strings are cut from the newest.  Single thread. */
#include "config/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_ROOM ((size_t)16 * 1024)

struct arena_chunk {
    struct arena_chunk *older;
    size_t used, room;
    alignas(max_align_t) char bytes[];
};

void *arena_resize(void *old, size_t count, size_t size)
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

static struct arena_chunk *chunk_new(struct arena_chunk *older, size_t room)
{
    struct arena_chunk *c = arena_resize(NULL, 1, sizeof *c + room);
    memset(c, 0, sizeof *c + room);
    c->older = older;
    c->room = room;
    return c;
}

void *arena_room(struct arena *p, size_t size)
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

char *arena_copy(struct arena *p, const char *bytes, size_t n)
{
    char *s = arena_room(p, n + 1);
    memcpy(s, bytes, n);
    return s;
}

void arena_clear(struct arena *p)
{
    while (p->newest != NULL) {
        struct arena_chunk *older = p->newest->older;
        free(p->newest);
        p->newest = older;
    }
}
