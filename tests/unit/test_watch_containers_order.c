/* Containers: whatever the order in which the same lines come, the same numbers come
 * out.  Left out, since it does not hold there: a hit line that names no request and
 * comes before its invocation's START, and a request id that is repeated by a retry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_story.h"

struct event {
    int64_t at_ms;
    unsigned stream, request;
    enum fake_line what;
};

struct tale {
    struct event events[6000];
    size_t n;
    int64_t moved_ms;
    uint64_t seed;
};

static uint32_t pick(struct tale *t, uint32_t n)
{
    t->seed = t->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(t->seed >> 33) % n;
}

static void say(struct tale *t, int64_t at_ms, unsigned stream, enum fake_line what, unsigned request)
{
    assert_true(t->n < ARRAY_LEN(t->events));
    t->events[t->n++] = (struct event){at_ms, stream, request, what};
}

/* One container's hour: lives, invocations, fetches in init or not, with an id or without. */
static void tell(struct tale *t, unsigned stream)
{
    int64_t at = 1000 + pick(t, 60000);
    unsigned request = stream * 1000;
    for (uint32_t lives = 1 + pick(t, 3), life = 0; life < lives; life++) {
        bool begins = life > 0 || pick(t, 4) > 0, in_init = pick(t, 2) == 0, falls_back = pick(t, 4) == 0;
        if (begins)
            say(t, at++, stream, FAKE_INIT_START, 0);
        if (in_init && pick(t, 5) > 0)
            say(t, at += 10, stream, pick(t, 2) == 0 ? FAKE_FETCH_IN_INIT : FAKE_FETCH_LOOSE, 0);
        for (uint32_t n = 1 + pick(t, 12), i = 0; i < n; i++) {
            at += 50 + pick(t, 60000);
            say(t, at, stream, FAKE_START, ++request);
            if (!in_init && i == 0)
                say(t, at + 3, stream, pick(t, 2) == 0 ? FAKE_FETCH : FAKE_FETCH_LOOSE, request);
            if (i == 0 && falls_back) {
                say(t, at + 4, stream, FAKE_FETCH_ERROR, request);
                say(t, at + 4, stream, FAKE_FALLBACK, request);
            }
            if (pick(t, 3) == 0)
                say(t, at + 5, stream, FAKE_HIT, request);
            if (pick(t, 8) == 0)
                say(t, at + 6, stream, FAKE_DB_ERROR, request);
            at += 20;
            say(t, at, stream, FAKE_END, request);
            say(t, at, stream, i == 0 && begins && pick(t, 2) == 0 ? FAKE_REPORT_COLD : FAKE_REPORT, request);
        }
        at += 1000;
    }
}

static void shuffle(struct tale *t)
{
    for (size_t i = t->n; i > 1; i--) {
        size_t k = pick(t, (uint32_t)i);
        struct event e = t->events[i - 1];
        t->events[i - 1] = t->events[k];
        t->events[k] = e;
    }
}

static int by_stream(const void *a, const void *b)
{
    return strcmp(((const struct container_row *)a)->stream, ((const struct container_row *)b)->stream);
}

/* Feeds the tale as it stands; the label is learnt of somewhere on the way. */
static void hear(struct tale *t, struct log_snap *out)
{
    void *state;
    set_up(&state);
    struct story *s = state;
    size_t learnt = pick(t, (uint32_t)t->n);
    for (size_t i = 0; i < t->n; i++) {
        char stream[8];
        (void)str_fmt(stream, sizeof stream, "s%u", t->events[i].stream);
        feed(s, stream, t->events[i].at_ms, t->events[i].what, t->events[i].request);
        if (i == learnt)
            containers_label_moved(s->c, T0 + t->moved_ms, "new");
    }
    *out = *look(s, 3600 * 1000);
    struct container_row *rows = (struct container_row *)(uintptr_t)out->containers;
    qsort(rows, out->ncontainers, sizeof *rows, by_stream);
    for (size_t i = 0; i < out->ncontainers; i++)
        rows[i].key = 0; /* given by arrival */
    s->snap.containers = NULL;
    tear_down(&state);
}

static void property__any_order_gives_the_same_numbers(void **state)
{
#ifdef CT_SANITIZED
    const uint64_t tales = 20;
#else
    const uint64_t tales = 300;
#endif
    (void)state;
    for (uint64_t seed = 1; seed <= tales; seed++) {
        struct tale *t = mem_new(sizeof *t);
        struct log_snap *told = mem_new(sizeof *told), *heard = mem_new(sizeof *heard);
        t->seed = seed;
        for (unsigned stream = 0; stream < 4; stream++)
            tell(t, stream);
        t->moved_ms = pick(t, 3) == 0 ? -T0 + TIME_UNKNOWN : pick(t, 900000);
        hear(t, told);
        for (int round = 0; round < 5; round++) {
            shuffle(t);
            hear(t, heard);
            for (size_t k = 0; k < EVENT_KINDS; k++)
                if (told->total[k] != heard->total[k])
                    fail_msg("tale %d: %s %d in order, %d shuffled", (int)seed, event_name((enum event_kind)k),
                             (int)told->total[k], (int)heard->total[k]);
            assert_memory_equal(told->series, heard->series, sizeof told->series);
            assert_memory_equal(told->day, heard->day, sizeof told->day);
            assert_int_equal(told->ncontainers, heard->ncontainers);
            assert_memory_equal(told->containers, heard->containers, told->ncontainers * sizeof *told->containers);
            free((void *)(uintptr_t)heard->containers);
        }
        free((void *)(uintptr_t)told->containers);
        free(told);
        free(heard);
        free(t);
    }
}

/* One container with a thousand invocations; it is first seen without a fetch,
 * fetches, and falls back later. */
static void tell_long(struct tale *t)
{
    int64_t at = 1000;
    for (unsigned request = 1; request <= 1000; request++) {
        at += 3000;
        say(t, at, 0, FAKE_START, request);
        if (request == 200 || request == 400)
            say(t, at + 3, 0, FAKE_FETCH, request);
        if (request == 400) {
            say(t, at + 4, 0, FAKE_FETCH_ERROR, request);
            say(t, at + 5, 0, FAKE_FALLBACK, request);
        }
        say(t, at + 20, 0, FAKE_END, request);
        say(t, at + 20, 0, FAKE_REPORT, request);
    }
}

/* Turns the tale round in slices, as the backfill reads it: the newest first, each in order. */
static void slice(struct tale *t)
{
    struct tale *turned = mem_new(sizeof *turned);
    for (size_t left = t->n; left > 0;) {
        size_t take = 1 + pick(t, 700);
        take = take < left ? take : left;
        left -= take;
        memcpy(turned->events + turned->n, t->events + left, take * sizeof t->events[0]);
        turned->n += take;
    }
    memcpy(t->events, turned->events, t->n * sizeof t->events[0]);
    free(turned);
}

static void property__slices_newest_first_give_the_same_numbers(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct tale *t = mem_new(sizeof *t);
        struct log_snap *told = mem_new(sizeof *told), *heard = mem_new(sizeof *heard);
        t->seed = seed;
        t->moved_ms = 2000000;
        tell_long(t);
        hear(t, told);
        assert_int_equal(told->total[EVENT_STALE_HIT], 600);
        assert_int_equal(told->total[EVENT_HIT], 199);
        slice(t);
        hear(t, heard);
        for (size_t k = 0; k < EVENT_KINDS; k++)
            if (told->total[k] != heard->total[k])
                fail_msg("seed %d: %s %d in order, %d in slices", (int)seed, event_name((enum event_kind)k),
                         (int)told->total[k], (int)heard->total[k]);
        assert_memory_equal(told->series, heard->series, sizeof told->series);
        free((void *)(uintptr_t)heard->containers);
        free((void *)(uintptr_t)told->containers);
        free(told);
        free(heard);
        free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(property__any_order_gives_the_same_numbers),
        cmocka_unit_test(property__slices_newest_first_give_the_same_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
