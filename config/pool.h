/* Memory of one configuration: many small strings that live and go together. */
#ifndef CT_POOL_H
#define CT_POOL_H

#include <stddef.h>

struct pool {
    struct pool_chunk *newest; /* zeroed is empty */
};

void *pool_room(struct pool *p, size_t size);                 /* zeroed, aligned for anything */
char *pool_copy(struct pool *p, const char *bytes, size_t n); /* n bytes and a NUL */
void pool_clear(struct pool *p);                              /* frees all of it */

/* realloc for whoever needs a growing array of `count` times `size`: aborts when
 * memory is out, as all of credtop does. */
void *pool_resize(void *old, size_t count, size_t size);

#endif
