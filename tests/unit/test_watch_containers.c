/* Containers: each rule of containers.h as a short story.  (That the order of arrival
 * decides nothing: test_watch_containers_order.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fake_story.h"

static void remember(struct story *s, const char *stream, int64_t at_ms, enum fake_line what, unsigned request)
{
    char text[256];
    feed_text(s, stream, at_ms, fake_line(what, request, text), true);
}

/* An invocation without a line of its own: 20 ms long. */
static void invoke(struct story *s, const char *stream, int64_t at_ms, unsigned request)
{
    feed(s, stream, at_ms, FAKE_START, request);
    feed(s, stream, at_ms + 20, FAKE_END, request);
    feed(s, stream, at_ms + 20, FAKE_REPORT, request);
}

static void expect(struct story *s, uint64_t hits, uint64_t stale, uint64_t invocations)
{
    const struct log_snap *l = look(s, 60000);
    if (l->total[EVENT_HIT] != hits || l->total[EVENT_STALE_HIT] != stale || l->total[EVENT_INVOCATION] != invocations)
        fail_msg("hits %d, stale %d, invocations %d", (int)l->total[EVENT_HIT], (int)l->total[EVENT_STALE_HIT],
                 (int)l->total[EVENT_INVOCATION]);
}

static const struct container_row *row(struct story *s, const char *stream, int64_t at_ms)
{
    const struct log_snap *l = look(s, at_ms);
    for (size_t i = 0; i < l->ncontainers; i++)
        if (strcmp(l->containers[i].stream, stream) == 0)
            return &l->containers[i];
    fail_msg("no container %s", stream);
    return NULL;
}

static uint32_t in_step(struct story *s, enum event_kind kind, int64_t at_ms)
{
    const struct log_snap *l = look(s, 10 * 60000);
    int64_t back = (l->series_end_ms - 1 - (T0 + at_ms)) / SERIES_STEP_MS;
    return l->series[kind][SERIES_STEPS - 1 - back];
}

/* ------------------------------------------------------------ cold starts */

static void cold_start__counts_once__by_init_and_report(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_INIT_START, 0);
    assert_int_equal(s->last.kind, EVENT_COLD_START);
    feed(s, "a", 100, FAKE_START, 1);
    feed(s, "a", 200, FAKE_REPORT_COLD, 1);
    feed(s, "b", 200, FAKE_REPORT_COLD, 2); /* its INIT_START is not known, or comes later */
    assert_int_equal(look(s, 1000)->total[EVENT_COLD_START], 2);
    feed(s, "b", 50, FAKE_INIT_START, 0);
    assert_int_equal(look(s, 1000)->total[EVENT_COLD_START], 2);
    assert_true(row(s, "b", 1000)->started_ms == T0 + 50);
}

static void cold_start__moves__to_a_late_init(void **state)
{
    struct story *s = *state;
    feed(s, "a", 31000, FAKE_REPORT_COLD, 1);
    assert_int_equal(in_step(s, EVENT_COLD_START, 31000), 1);
    feed(s, "a", 29000, FAKE_INIT_START, 0);
    assert_int_equal(in_step(s, EVENT_COLD_START, 31000), 0);
    assert_int_equal(in_step(s, EVENT_COLD_START, 29000), 1);
    assert_int_equal(look(s, 0)->total[EVENT_COLD_START], 1);
}

static void cold_start__counts_again__in_the_same_stream(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_INIT_START, 0);
    invoke(s, "a", 100, 1);
    feed(s, "a", 1000, FAKE_INIT_START, 0); /* after a crash; no Init Duration in the REPORT */
    invoke(s, "a", 1100, 2);
    assert_int_equal(look(s, 2000)->total[EVENT_COLD_START], 2);
    assert_int_equal(row(s, "a", 2000)->cold_starts, 2);
    assert_true(row(s, "a", 2000)->started_ms == T0 + 1000);
}

static void cold_start__late_init__splits_a_life_that_was_running(void **state)
{
    struct story *s = *state;
    invoke(s, "a", 0, 1);
    feed(s, "a", 1000, FAKE_REPORT_COLD, 2);
    feed(s, "a", 500, FAKE_INIT_START, 0);
    assert_int_equal(look(s, 2000)->total[EVENT_COLD_START], 1);
}

/* ------------------------------------------------------------------- hits */

static void hit__is_inferred__after_a_fetch_in_an_invocation(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_START, 1);
    feed(s, "a", 5, FAKE_FETCH, 1);
    assert_int_equal(s->last.kind, EVENT_FETCH);
    feed(s, "a", 20, FAKE_REPORT, 1);
    assert_int_equal(s->last.kind, EVENT_INVOCATION);
    invoke(s, "a", 100, 2);
    assert_int_equal(s->last.kind, EVENT_HIT);
    assert_int_equal(s->last.flags, EVENT_INFERRED);
    expect(s, 1, 0, 2);
    assert_int_equal(row(s, "a", 200)->state, CONTAINER_CURRENT);
}

static void hit__is_the_first_invocation__after_a_fetch_in_init(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_INIT_START, 0);
    feed(s, "a", 10, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "a", 100, 1);
    expect(s, 1, 0, 1);
}

static void hit__explicit__counts_once(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    feed(s, "a", 100, FAKE_START, 1);
    feed(s, "a", 105, FAKE_HIT, 1);
    assert_int_equal(s->last.kind, EVENT_KINDS); /* shown with its REPORT */
    feed(s, "a", 106, FAKE_HIT, 1);
    feed(s, "a", 120, FAKE_REPORT, 1);
    assert_int_equal(s->last.kind, EVENT_HIT);
    assert_int_equal(s->last.flags, 0);
    feed(s, "a", 119, FAKE_HIT, 1); /* late: nothing more */
    expect(s, 1, 0, 1);
}

static void hit__explicit__counts_without_a_known_fetch(void **state)
{
    struct story *s = *state;
    invoke(s, "a", 0, 1);
    feed(s, "a", 100, FAKE_START, 2);
    feed(s, "a", 105, FAKE_HIT, 2);
    feed(s, "a", 120, FAKE_REPORT, 2);
    expect(s, 1, 0, 2);
    assert_int_equal(row(s, "a", 200)->state, CONTAINER_UNKNOWN);
    feed_text(s, "a", 10, "Using cached credentials", false); /* late, without an id: the one that ran then */
    expect(s, 2, 0, 2);
    feed_text(s, "a", 60, "Using cached credentials", false); /* between two: nobody's */
    expect(s, 2, 0, 2);
}

static void hit__needs_a_fetch_before_it(void **state)
{
    struct story *s = *state;
    invoke(s, "a", 0, 1);
    invoke(s, "a", 100, 2);
    expect(s, 0, 0, 2);
    feed(s, "a", 50, FAKE_FETCH_IN_INIT, 0); /* late: only what came after it is a hit */
    expect(s, 1, 0, 2);
}

static void fetch__late__takes_its_invocations_hit_back(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "a", 100, 1);
    expect(s, 1, 0, 1);
    feed(s, "a", 105, FAKE_FETCH, 1);
    expect(s, 0, 0, 1);
}

/* Lines of another logger carry no request id; the invocation around them owns them. */
static void fetch__without_an_id__is_the_running_invocations(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct story *s = *state;
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        char stream[2] = {(char)('a' + i), '\0'};
        for (size_t k = 0; k < 3; k++)
            switch (orders[i][k]) {
            case 0:
                feed(s, stream, 0, FAKE_START, 1);
                break;
            case 1:
                feed(s, stream, 5, FAKE_FETCH_LOOSE, 0);
                break;
            default:
                feed(s, stream, 20, FAKE_REPORT, 1);
                break;
            }
        invoke(s, stream, 100, 2);
        expect(s, i + 1, 0, 2 * (i + 1));
    }
}

static void retry__with_the_same_id__is_another_invocation(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "a", 100, 7);
    invoke(s, "a", 60100, 7);
    expect(s, 2, 0, 2);
    feed(s, "a", 120100, FAKE_START, 7);
    feed(s, "a", 120105, FAKE_FETCH, 7); /* the third try's, not the second's */
    feed(s, "a", 120120, FAKE_REPORT, 7);
    expect(s, 2, 0, 3);
}

/* ------------------------------------------------- poisoned, begun again */

static void fallback__poisons__the_container_for_life(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_INIT_START, 0);
    feed(s, "a", 100, FAKE_START, 1);
    feed(s, "a", 105, FAKE_FETCH, 1);
    feed(s, "a", 110, FAKE_FETCH_ERROR, 1);
    feed(s, "a", 110, FAKE_FALLBACK, 1);
    assert_int_equal(s->last.kind, EVENT_FALLBACK);
    assert_string_equal(s->last.holds, "env");
    feed(s, "a", 120, FAKE_REPORT, 1);
    invoke(s, "a", 200, 2);
    assert_int_equal(s->last.kind, EVENT_STALE_HIT);
    assert_int_equal(s->last.flags, EVENT_STALE);
    feed(s, "a", 300, FAKE_START, 3);
    feed(s, "a", 305, FAKE_HIT, 3); /* what it says does not make it healthy */
    feed(s, "a", 320, FAKE_REPORT, 3);
    expect(s, 0, 2, 3);
    assert_int_equal(row(s, "a", 400)->state, CONTAINER_POISONED);
    assert_int_equal(row(s, "a", 400)->stale_hits, 2);
    assert_int_equal(row(s, "a", 400)->fallbacks, 1);
    assert_int_equal(row(s, "a", 400)->fetch_errors, 1);
}

static void fallback__late__turns_hits_stale(void **state)
{
    struct story *s = *state;
    feed(s, "a", 100, FAKE_FETCH, 1);
    feed(s, "a", 120, FAKE_REPORT, 1);
    invoke(s, "a", 200, 2);
    expect(s, 1, 0, 2);
    feed(s, "a", 110, FAKE_FALLBACK, 1);
    expect(s, 0, 1, 2);
}

static void init__heals__a_poisoned_container(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    feed(s, "a", 10, FAKE_FALLBACK, 1);
    invoke(s, "a", 100, 2);
    feed(s, "a", 1000, FAKE_INIT_START, 0);
    feed(s, "a", 1010, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "a", 1100, 3);
    expect(s, 1, 1, 2);
    assert_int_equal(row(s, "a", 2000)->state, CONTAINER_CURRENT);
    assert_true(row(s, "a", 2000)->fell_back_ms == TIME_UNKNOWN);
}

static void init__late__splits_the_life_it_falls_into(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_INIT_START, 0);
    feed(s, "a", 10, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "a", 2000, 1);
    expect(s, 1, 0, 1);
    feed(s, "a", 1000, FAKE_INIT_START, 0); /* so what ran at 2000 had fetched nothing yet */
    expect(s, 0, 0, 1);
    feed(s, "a", 1010, FAKE_FETCH_IN_INIT, 0);
    expect(s, 1, 0, 1);
}

static void fetch__heals__from_then_on(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    feed(s, "a", 10, FAKE_FALLBACK, 1);
    invoke(s, "a", 100, 2);
    feed(s, "a", 1000, FAKE_START, 3);
    feed(s, "a", 1005, FAKE_FETCH, 3); /* code that tries again */
    feed(s, "a", 1020, FAKE_REPORT, 3);
    invoke(s, "a", 1100, 4);
    expect(s, 1, 1, 3); /* the one before stays what it was */
    assert_int_equal(row(s, "a", 2000)->state, CONTAINER_CURRENT);
}

/* --------------------------------------------------------- the label moves */

static void label__moved_later__turns_hits_stale_in_totals_and_series(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "a", 1000, 1);
    invoke(s, "a", 61000, 2);
    invoke(s, "a", 91000, 3);
    feed(s, "b", 62000, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "b", 62100, 4);
    expect(s, 4, 0, 4);
    containers_label_moved(s->c, T0 + 60000, "new");
    expect(s, 2, 2, 4);
    assert_int_equal(in_step(s, EVENT_HIT, 61000), 1);
    assert_int_equal(in_step(s, EVENT_STALE_HIT, 61000), 1);
    assert_int_equal(in_step(s, EVENT_STALE_HIT, 91000), 1);
    assert_int_equal(in_step(s, EVENT_HIT, 1000), 1);
    assert_int_equal(row(s, "a", 92000)->state, CONTAINER_STALE);
    assert_int_equal(row(s, "b", 92000)->state, CONTAINER_CURRENT);
    containers_label_moved(s->c, T0 + 80000, "new"); /* learnt more exactly */
    expect(s, 3, 1, 4);
    containers_label_moved(s->c, TIME_UNKNOWN, "new");
    expect(s, 4, 0, 4);
}

/* Two rotations within the life of a container: what was stale after the first stays so. */
static void label__moves_again__what_was_stale_stays(void **state)
{
    struct story *s = *state;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    containers_label_moved(s->c, T0 + 10000, "second");
    invoke(s, "a", 5000, 1);
    invoke(s, "a", 15000, 2);
    feed(s, "b", 16000, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "b", 17000, 3);
    expect(s, 2, 1, 3);
    containers_label_moved(s->c, T0 + 20000, "third");
    expect(s, 2, 1, 3);
    invoke(s, "a", 25000, 4);
    invoke(s, "b", 26000, 5);
    expect(s, 2, 3, 5);
    assert_string_equal(row(s, "a", 30000)->holds, "");
    assert_string_equal(row(s, "b", 30000)->holds, "second");
    assert_int_equal(row(s, "a", 30000)->state, CONTAINER_STALE);
    containers_label_moved(s->c, T0 + 24000, "third"); /* learnt more exactly */
    expect(s, 2, 3, 5);
    for (int i = 0; i < 20; i++) { /* more than are remembered */
        char id[16];
        (void)str_fmt(id, sizeof id, "version %d", i);
        containers_label_moved(s->c, T0 + 30000 + i, id);
    }
    assert_int_equal(row(s, "b", 30000)->state, CONTAINER_SILENT); /* not called since */
    invoke(s, "b", 31000, 6);
    assert_int_equal(row(s, "b", 32000)->state, CONTAINER_STALE);
}

/* An invocation a minute for three days: the journal is as long as some hours need, not three days. */
static void label__moved_long_ago__old_invocations_keep_their_count(void **state)
{
    struct story *s = *state;
    const unsigned minutes = 3 * 24 * 60, hours = JOURNAL_MS / 60000;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    for (unsigned i = 0; i < minutes; i++)
        invoke(s, "a", 1000 + (int64_t)i * 60000, 1 + i);
    containers_label_moved(s->c, T0 + 500, "new");
    const struct log_snap *l = look(s, (int64_t)minutes * 60000);
    assert_int_equal(l->total[EVENT_INVOCATION], minutes);
    assert_int_equal(l->total[EVENT_HIT] + l->total[EVENT_STALE_HIT], minutes);
    assert_in_range(l->total[EVENT_STALE_HIT], hours, 2 * hours);
}

static void label__says_what_is_held(void **state)
{
    struct story *s = *state;
    containers_label_moved(s->c, T0 + 60000, "new-version");
    containers_previous(s->c, "old-version", T0 - 60000);
    feed(s, "a", 70000, FAKE_FETCH_IN_INIT, 0);
    assert_string_equal(s->last.holds, "new-version");
    feed(s, "b", 0, FAKE_FETCH_IN_INIT, 0);
    assert_string_equal(s->last.holds, "old-version");
    feed(s, "c", -70000, FAKE_FETCH_IN_INIT, 0); /* before even that one was made */
    assert_string_equal(s->last.holds, "");
    feed(s, "d", 0, FAKE_START, 1);
    assert_string_equal(s->last.holds, "");
    assert_string_equal(row(s, "a", 70000)->holds, "new-version");
    assert_string_equal(row(s, "b", 70000)->holds, "old-version");
}

/* ----------------------------------------------------------------- history */

static void history__explains__and_counts_nothing(void **state)
{
    struct story *s = *state;
    struct slice asked[4];
    invoke(s, "a", 0, 1);
    invoke(s, "b", 0, 2);
    feed(s, "c", 0, FAKE_INIT_START, 0); /* begun in the range: nothing to look up */
    assert_int_equal(containers_unexplained(s->c, 0, asked, 4), 2);
    assert_int_equal(containers_unexplained(s->c, 1, asked, 4), 0);
    assert_int_equal(containers_unexplained(s->c, 0, asked, 4), 0); /* once */
    remember(s, "a", -5000, FAKE_INIT_START, 0);
    remember(s, "a", -4900, FAKE_FETCH_IN_INIT, 0);
    remember(s, "b", -4900, FAKE_FALLBACK, 9);
    remember(s, "elsewhere", -4900, FAKE_FETCH_IN_INIT, 0); /* ended before the range */
    const struct log_snap *l = look(s, 1000);
    assert_int_equal(l->total[EVENT_FETCH], 0);
    assert_int_equal(l->total[EVENT_FALLBACK], 0);
    assert_int_equal(l->total[EVENT_COLD_START], 1);
    assert_int_equal(l->ncontainers, 3);
    expect(s, 1, 1, 2);
    assert_int_equal(row(s, "a", 1000)->fetches, 0);
    assert_true(row(s, "a", 1000)->fetched_ms == T0 - 4900);
}

static void history__offers_no_more_than_asked(void **state)
{
    struct story *s = *state;
    struct slice asked[2];
    const char *const streams[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        invoke(s, streams[i], 0, (unsigned)i);
    assert_int_equal(containers_unexplained(s->c, 0, asked, 2), 2);
    assert_int_equal(containers_unexplained(s->c, 0, asked, 2), 1);
    assert_memory_equal(asked[0].s, "c", 1);
}

/* ------------------------------------------------------------------ states */

static void states__are_told_apart_and_worst_first(void **state)
{
    struct story *s = *state;
    const int64_t now = 20 * 60000;
    containers_label_moved(s->c, T0 + 15 * 60000, "new");
    feed(s, "current", 16 * 60000, FAKE_FETCH_IN_INIT, 0);
    feed(s, "stale", 0, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "stale", 17 * 60000, 1);
    feed(s, "idle since", 12 * 60000, FAKE_FETCH_IN_INIT, 0); /* not called since the label moved */
    feed(s, "silent", 9 * 60000, FAKE_FETCH_IN_INIT, 0);
    feed(s, "poisoned", 1 * 60000, FAKE_FALLBACK, 2); /* silent poison is shown for an hour */
    invoke(s, "unknown", 18 * 60000, 3);
    feed(s, "doubt", 15 * 60000 - 9000, FAKE_FETCH_IN_INIT, 0);
    invoke(s, "doubt", 16 * 60000, 4);
    const struct log_snap *l = look(s, now);
    static const char *const order[] = {"poisoned", "stale", "doubt", "unknown", "current", "idle since", "silent"};
    assert_int_equal(l->ncontainers, ARRAY_LEN(order));
    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        assert_string_equal(l->containers[i].stream, order[i]);
    assert_int_equal(l->poisoned, 1);
    assert_int_equal(l->stale, 2);
    assert_int_equal(l->current, 1);
    assert_int_equal(l->silent, 2);
    assert_int_equal(l->active, 5);
    assert_true(l->containers[2].in_doubt);
    assert_false(l->containers[1].in_doubt);
    assert_int_equal(row(s, "poisoned", 62 * 60000)->state, CONTAINER_SILENT);
    assert_string_equal(row(s, "stale", now)->group, "/aws/lambda/orders");
}

/* ------------------------------------------------------------------ limits */

static void limits__the_longest_silent_are_forgotten(void **state)
{
    struct story *s = *state;
    char stream[32];
    for (int i = 0; i < CONTAINERS_MAX + 5; i++) {
        (void)str_fmt(stream, sizeof stream, "s%d", i);
        feed(s, stream, i, FAKE_FETCH_IN_INIT, 0);
    }
    const struct log_snap *l = look(s, 60000);
    assert_true(l->ncontainers <= CONTAINERS_MAX);
    assert_int_equal(l->ncontainers + l->containers_forgotten, CONTAINERS_MAX + 5);
    assert_int_equal(l->total[EVENT_FETCH], CONTAINERS_MAX + 5);
    (void)row(s, "s2500", 60000); /* an eighth went, from the oldest on */
    for (size_t i = 0; i < l->ncontainers; i++)
        assert_string_not_equal(s->snap.containers[i].stream, "s2499");
    invoke(s, "s0", 30000, 1); /* comes back as a stranger */
    assert_int_equal(row(s, "s0", 60000)->state, CONTAINER_UNKNOWN);
    containers_label_moved(s->c, T0 + 20000, "new"); /* the journal names forgotten ones too */
}

static void limits__old_invocations_keep_their_count(void **state)
{
    struct story *s = *state;
    const unsigned many = INVOCATIONS_MAX + 1000;
    feed(s, "a", 0, FAKE_FETCH_IN_INIT, 0);
    for (unsigned i = 1; i <= many; i++)
        feed(s, "a", 10 + i, FAKE_REPORT, i);
    expect(s, many, 0, many);
    containers_label_moved(s->c, T0 + 1, "new");
    expect(s, 1000, INVOCATIONS_MAX, many);
}

static void limits__a_container_that_fetches_all_the_time(void **state)
{
    struct story *s = *state;
    for (unsigned i = 0; i < 300; i++) {
        int64_t at = 100 * (int64_t)i;
        feed(s, "a", at, FAKE_START, 2 * i);
        feed(s, "a", at + 5, i % 2 == 0 ? FAKE_FETCH : FAKE_FETCH_LOOSE, 2 * i);
        feed(s, "a", at + 20, FAKE_REPORT, 2 * i);
        invoke(s, "a", at + 50, 2 * i + 1);
    }
    expect(s, 300, 0, 600);
    assert_int_equal(row(s, "a", 60000)->fetches, 300);
    assert_true(row(s, "a", 60000)->fetched_ms == T0 + 29905);
    containers_label_moved(s->c, T0 + 29000, "new"); /* the last ten have fetched since */
    expect(s, 300, 0, 600);
}

static void limits__impossible_times_do_no_harm(void **state)
{
    struct story *s = *state;
    char text[256];
    struct line l;
    const int64_t times[] = {INT64_MIN, -1, 0, INT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(times); i++)
        for (int what = 0; what < FAKE_LINES; what++) {
            (void)fake_line((enum fake_line)what, (unsigned)i, text);
            classify(s->classifier, (struct slice){text, strlen(text)}, &l);
            containers_feed(s->c, 0, (struct slice){"a", 1}, &l, times[i], false, &s->last);
        }
    containers_label_moved(s->c, T0, "new");
    assert_int_equal(look(s, 0)->total[EVENT_INVOCATION], 2 * ARRAY_LEN(times));
}

/* ------------------------------------------------------------------- tally */

static void tally__keeps_an_hour_and_all_totals(void **state)
{
    struct tally t = {0};
    struct log_snap *l = mem_new(sizeof *l);
    (void)state;
    tally_add(&t, EVENT_HIT, T0, 1);
    tally_add(&t, EVENT_HIT, T0 - 3570 * 1000, 1);
    tally_add(&t, EVENT_HIT, T0 - 2LL * 3600 * 1000, 1); /* older than the ring: the total alone */
    tally_add(&t, EVENT_HIT, -5, 1);
    tally_series(&t, T0 + SERIES_STEP_MS - 1, l);
    assert_true(l->series_end_ms == T0 + SERIES_STEP_MS);
    assert_int_equal(l->series[EVENT_HIT][SERIES_STEPS - 1], 1);
    assert_int_equal(l->series[EVENT_HIT][0], 1);
    assert_int_equal(l->total[EVENT_HIT], 4);
    tally_add(&t, EVENT_HIT, T0, -1); /* taken back where it was counted */
    tally_add(&t, EVENT_HIT, T0 - 2LL * 3600 * 1000, -1);
    tally_series(&t, T0, l);
    assert_int_equal(l->series[EVENT_HIT][SERIES_STEPS - 1], 0);
    assert_int_equal(l->total[EVENT_HIT], 2);
    tally_add(&t, EVENT_FETCH, T0 + 5 * SERIES_STEP_MS, 1); /* a clock ahead of ours: not shown yet, not lost */
    tally_series(&t, T0, l);
    assert_int_equal(l->series[EVENT_FETCH][SERIES_STEPS - 1], 0);
    tally_series(&t, T0 + 5 * SERIES_STEP_MS, l);
    assert_int_equal(l->series[EVENT_FETCH][SERIES_STEPS - 1], 1);
    tally_add(&t, EVENT_FETCH, T0 + 3LL * 3600 * 1000, 1); /* a quiet time passed: old steps do not come back */
    tally_series(&t, T0 + 3LL * 3600 * 1000, l);
    uint32_t sum = 0;
    for (int i = 0; i < SERIES_STEPS; i++)
        sum += l->series[EVENT_FETCH][i] + l->series[EVENT_HIT][i];
    assert_int_equal(sum, 1);
    assert_int_equal(l->total[EVENT_FETCH], 2);
    free(l);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(cold_start__counts_once__by_init_and_report),
        STORY(cold_start__moves__to_a_late_init),
        STORY(cold_start__counts_again__in_the_same_stream),
        STORY(cold_start__late_init__splits_a_life_that_was_running),
        STORY(hit__is_inferred__after_a_fetch_in_an_invocation),
        STORY(hit__is_the_first_invocation__after_a_fetch_in_init),
        STORY(hit__explicit__counts_once),
        STORY(hit__explicit__counts_without_a_known_fetch),
        STORY(hit__needs_a_fetch_before_it),
        STORY(fetch__late__takes_its_invocations_hit_back),
        STORY(fetch__without_an_id__is_the_running_invocations),
        STORY(retry__with_the_same_id__is_another_invocation),
        STORY(fallback__poisons__the_container_for_life),
        STORY(fallback__late__turns_hits_stale),
        STORY(init__heals__a_poisoned_container),
        STORY(init__late__splits_the_life_it_falls_into),
        STORY(fetch__heals__from_then_on),
        STORY(label__moved_later__turns_hits_stale_in_totals_and_series),
        STORY(label__moves_again__what_was_stale_stays),
        STORY(label__moved_long_ago__old_invocations_keep_their_count),
        STORY(label__says_what_is_held),
        STORY(history__explains__and_counts_nothing),
        STORY(history__offers_no_more_than_asked),
        STORY(states__are_told_apart_and_worst_first),
        STORY(limits__the_longest_silent_are_forgotten),
        STORY(limits__old_invocations_keep_their_count),
        STORY(limits__a_container_that_fetches_all_the_time),
        STORY(limits__impossible_times_do_no_harm),
        cmocka_unit_test(tally__keeps_an_hour_and_all_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
