#include "backend/watch/event_ids.h"

#include "backend/base/hash.h"
#include "backend/base/mem.h"

void event_ids_clear(struct event_ids *e)
{
    free(e->slots);
    *e = (struct event_ids){0};
}

static uint64_t hash_id(size_t group, const char *id, size_t n)
{
    uint64_t h = hash_bytes(id, n, group);
    return h != 0 ? h : 1; /* 0: an empty slot */
}

static bool put(struct event_ids *e, uint64_t hash, int64_t time_ms)
{
    size_t i = hash & (e->size - 1);
    for (; e->slots[i].hash != 0; i = (i + 1) & (e->size - 1))
        if (e->slots[i].hash == hash)
            return false;
    e->slots[i].hash = hash;
    e->slots[i].time_ms = time_ms;
    e->n++;
    return true;
}

/* The time that parts the kept ids into halves, to a fiftieth of their span. */
static int64_t middle(const struct event_ids *e, int64_t from_ms, size_t kept)
{
    int64_t newest = from_ms, cut = from_ms;
    for (size_t i = 0; i < e->size; i++)
        if (e->slots[i].hash != 0 && e->slots[i].time_ms > newest)
            newest = e->slots[i].time_ms;
    for (int step = 1; step <= 50; step++) {
        size_t before = 0;
        cut = from_ms + (newest - from_ms) / 50 * step + 1;
        for (size_t i = 0; i < e->size; i++)
            before += e->slots[i].hash != 0 && e->slots[i].time_ms >= from_ms && e->slots[i].time_ms < cut;
        if (before * 2 >= kept)
            break;
    }
    return cut;
}

/* Half full: first forget what is behind the window, then grow, at the bound raise the floor. */
static void make_room(struct event_ids *e, int64_t keep_from_ms)
{
    struct event_ids old = *e;
    size_t kept = 0;
    for (size_t i = 0; i < old.size; i++)
        kept += old.slots[i].hash != 0 && old.slots[i].time_ms >= keep_from_ms;
    size_t size = old.size == 0 ? 256 : old.size;
    while (kept * 4 > size && size < EVENT_IDS_MAX)
        size *= 2;
    if (kept * 4 > size)
        e->floor_ms = keep_from_ms = middle(&old, keep_from_ms, kept);
    e->slots = mem_array(size, sizeof *old.slots);
    e->size = size;
    e->n = 0;
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].hash != 0 && old.slots[i].time_ms >= keep_from_ms)
            (void)put(e, old.slots[i].hash, old.slots[i].time_ms);
    free(old.slots);
}

bool event_ids_add(struct event_ids *e, size_t group, const char *id, size_t n, int64_t time_ms, int64_t keep_from_ms)
{
    if ((e->n + 1) * 2 > e->size)
        make_room(e, keep_from_ms);
    if (time_ms < e->floor_ms) {
        e->refused++;
        return false;
    }
    return put(e, hash_id(group, id, n), time_ms);
}
