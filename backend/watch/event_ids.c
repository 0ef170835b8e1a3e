#include "backend/watch/event_ids.h"

#include "backend/base/mem.h"

void event_ids_clear(struct event_ids *e)
{
    free(e->slots);
    *e = (struct event_ids){0};
}

/* FNV-1a with a final mix: ids are digits, mostly alike. */
static uint64_t hash_id(size_t group, const char *id, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u ^ (group * 0x9e3779b97f4a7c15u);
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)id[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return h != 0 ? h : 1;
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

/* Half full: first forget what is behind the window, then grow if that was not enough. */
static void make_room(struct event_ids *e, int64_t keep_from_ms)
{
    struct event_ids old = *e;
    size_t kept = 0;
    for (size_t i = 0; i < old.size; i++)
        kept += old.slots[i].hash != 0 && old.slots[i].time_ms >= keep_from_ms;
    size_t size = old.size == 0 ? 256 : old.size;
    while (kept * 4 > size && size < EVENT_IDS_MAX)
        size *= 2;
    *e = (struct event_ids){.slots = mem_array(size, sizeof *old.slots), .size = size};
    bool over = kept * 2 > size;   /* at the bound: every second one goes, a repeat is possible */
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].hash != 0 && old.slots[i].time_ms >= keep_from_ms && (!over || i % 2 == 0))
            (void)put(e, old.slots[i].hash, old.slots[i].time_ms);
    free(old.slots);
}

bool event_ids_add(struct event_ids *e, size_t group, const char *id, size_t n, int64_t time_ms, int64_t keep_from_ms)
{
    if ((e->n + 1) * 2 > e->size)
        make_room(e, keep_from_ms);
    return put(e, hash_id(group, id, n), time_ms);
}
