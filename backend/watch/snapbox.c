#include "backend/watch/snapbox.h"

#include <pthread.h>

#include "backend/base/mem.h"

struct snapbox {
    struct wake *wake;
    size_t n;
    pthread_mutex_t lock;
    struct snap **slots; /* guarded by lock */
};

struct snapbox *snapbox_new(size_t slots, struct wake *wake)
{
    struct snapbox *b = mem_new(sizeof *b);
    b->wake = wake;
    b->n = slots;
    b->slots = mem_array(slots, sizeof(struct snap *));
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

struct snapbox *snapbox_free(struct snapbox *b)
{
    if (b == NULL)
        return NULL;
    for (size_t i = 0; i < b->n; i++)
        snap_unref(b->slots[i]);
    pthread_mutex_destroy(&b->lock);
    free(b->slots);
    free(b);
    return NULL;
}

void snapbox_put(struct snapbox *b, size_t slot, struct snap *s)
{
    ASSERT(slot < b->n);
    pthread_mutex_lock(&b->lock);
    const struct snap *old = b->slots[slot];
    b->slots[slot] = s;
    pthread_mutex_unlock(&b->lock);
    snap_unref(old); /* outside the lock: it may free */
    wake_ring(b->wake);
}

const void *snapbox_get(struct snapbox *b, size_t slot)
{
    ASSERT(slot < b->n);
    pthread_mutex_lock(&b->lock);
    const void *s = snap_ref(b->slots[slot]);
    pthread_mutex_unlock(&b->lock);
    return s;
}
