/* Memory of one configuration: many small strings that live and go together. */
#ifndef CT_ARENA_H
#define CT_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_chunk *newest; /* zeroed is empty */
};

void *arena_room(struct arena *p, size_t size);                 /* zeroed, aligned for anything */
char *arena_copy(struct arena *p, const char *bytes, size_t n); /* n bytes and a NUL */
void arena_clear(struct arena *p);                              /* frees all of it */

/* realloc for whoever needs a growing array of `count` times `size`: aborts when
 * memory is out, as all of credtop does. */
void *arena_resize(void *old, size_t count, size_t size);

#endif
