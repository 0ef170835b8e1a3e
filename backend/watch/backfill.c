#include "backend/watch/backfill.h"

#include "backend/base/mem.h"

void backfill_init(struct backfill *b)
{
    *b = (struct backfill){0};
}

static void clear_slice(struct backfill_slice *s)
{
    MEM_FREE(s->token);
    event_ids_clear(&s->ids);
}

void backfill_clear(struct backfill *b)
{
    for (size_t i = 0; i < b->n; i++)
        clear_slice(&b->slices[i]);
    free(b->slices);
    backfill_init(b);
}

static struct backfill_slice *new_slice(struct backfill *b, size_t group, int64_t from_ms, int64_t to_ms)
{
    if (b->slices == NULL) /* most environments need none */
        b->slices = mem_array(BACKFILL_SLICES_MAX, sizeof *b->slices);
    ASSERT(b->n < BACKFILL_SLICES_MAX);
    struct backfill_slice *s = &b->slices[b->n++];
    *s = (struct backfill_slice){.group = group, .from_ms = from_ms, .to_ms = to_ms};
    return s;
}

struct backfill_slice *backfill_add(struct backfill *b, size_t group, int64_t from_ms, int64_t to_ms)
{
    struct backfill_slice *oldest = NULL;
    int64_t step = BACKFILL_STEP_MS;
    for (; to_ms >= from_ms; step *= 2) {
        int64_t from = to_ms - step + 1;
        bool last = from <= from_ms || b->n + 1 == BACKFILL_SLICES_MAX;
        oldest = new_slice(b, group, last ? from_ms : from, to_ms);
        if (last)
            break;
        to_ms = from - 1;
    }
    return oldest;
}

struct backfill_slice *backfill_take(struct backfill *b)
{
    struct backfill_slice *newest = NULL;
    for (size_t i = 0; i < b->n; i++)
        if (!b->slices[i].taken && !b->slices[i].done && (newest == NULL || b->slices[i].to_ms > newest->to_ms))
            newest = &b->slices[i];
    if (newest != NULL)
        newest->taken = true;
    return newest;
}

void backfill_give_back(struct backfill_slice *s)
{
    s->taken = false;
}

void backfill_finish(struct backfill *b, struct backfill_slice *s)
{
    s->taken = false;
    s->done = true;
    clear_slice(s);
    b->done++;
}

void backfill_split(struct backfill *b, struct backfill_slice *s, int64_t from_ms)
{
    int64_t left = s->to_ms - from_ms;
    if (left < 2LL * BACKFILL_STEP_MS || b->n == BACKFILL_SLICES_MAX)
        return;
    int64_t middle = from_ms + left / 2;
    (void)new_slice(b, s->group, middle + 1, s->to_ms);
    s->from_ms = from_ms;
    s->to_ms = middle;
    MEM_FREE(s->token); /* it belongs to the range as it was */
}

int64_t backfill_read_from(const struct backfill *b, int64_t all_ms)
{
    int64_t from = all_ms;
    for (size_t i = 0; i < b->n; i++)
        if (!b->slices[i].done && b->slices[i].to_ms + 1 > from)
            from = b->slices[i].to_ms + 1;
    return from;
}
