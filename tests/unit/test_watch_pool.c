/* The pool: one thread at a time on an item, in order of due time, nudges, and a stop
 * that no hanging turn delays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/watch/pool.h"

#define ITEMS 40

struct fixture {
    struct pool *pool;
    struct cancel *cancel;
    atomic_int turns[ITEMS], inside[ITEMS], crossings;
    atomic_int workers_made, workers_freed, at_once, most_at_once;
    int64_t period_ms, turn_ms;
    bool hangs;
    bool not_yet;          /* every other turn of those that hang ends at once, with nothing done */
    atomic_size_t hanging; /* the first so many items hang, the others do not */
    atomic_llong hang_ms;
    unsigned extra_max;
};

struct worker {
    struct fixture *x;
    pthread_t thread;
};

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static void *worker_new(void *ctx)
{
    struct worker *w = mem_new(sizeof *w);
    w->x = ctx;
    w->thread = pthread_self();
    atomic_fetch_add(&w->x->workers_made, 1);
    return w;
}

static void worker_free(void *arg)
{
    struct worker *w = arg;
    atomic_fetch_add(&w->x->crossings, !pthread_equal(w->thread, pthread_self()));
    atomic_fetch_add(&w->x->workers_freed, 1);
    free(w);
}

static int64_t turn(void *arg, size_t item)
{
    struct worker *w = arg;
    struct fixture *x = w->x;
    if (x->not_yet && item < atomic_load(&x->hanging) && atomic_load(&x->turns[item]) % 2 == 1) {
        atomic_fetch_add(&x->turns[item], 1);
        return POOL_NOT_YET(1);
    }
    int inside = atomic_fetch_add(&x->inside[item], 1), at_once = atomic_fetch_add(&x->at_once, 1) + 1;
    if (at_once > atomic_load(&x->most_at_once))
        atomic_store(&x->most_at_once, at_once);
    atomic_fetch_add(&x->crossings, inside != 0 || !pthread_equal(w->thread, pthread_self()));
    (void)cancel_wait_fd(x->cancel, -1, 0, now_ms() + (x->hangs || item < atomic_load(&x->hanging) ? atomic_load(&x->hang_ms) : x->turn_ms));
    atomic_fetch_add(&x->turns[item], 1);
    atomic_fetch_sub(&x->at_once, 1);
    atomic_fetch_sub(&x->inside[item], 1);
    return x->period_ms;
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    x->cancel = cancel_new(NULL);
    x->turn_ms = 1;
    x->hang_ms = 60000;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    assert_null(x->pool);
    x->cancel = cancel_free(x->cancel);
    free(x);
    return 0;
}

static void start(struct fixture *x, unsigned threads, size_t items)
{
    struct why why;
    struct pool_settings s = {.name = "test",
                              .threads = threads,
                              .extra_max = x->extra_max,
                              .items = items,
                              .worker_new = worker_new,
                              .worker_free = worker_free,
                              .turn = turn,
                              .ctx = x,
                              .cancel = x->cancel};
    x->pool = pool_new(&s);
    if (items > 0)
        pool_nudge(x->pool, items - 1); /* as a turn of another pool may, before this one runs */
    assert_int_equal(pool_start(x->pool, &why), ERR_OK);
}

static void stop(struct fixture *x, unsigned threads)
{
    int64_t began = now_ms();
    cancel_trigger(x->cancel);
    x->pool = pool_stop(x->pool);
    assert_in_range(now_ms() - began, 0, 100);
    assert_int_equal(atomic_load(&x->workers_made), threads);
    assert_int_equal(atomic_load(&x->workers_freed), threads);
    assert_int_equal(atomic_load(&x->crossings), 0);
}

static void pause_ms(int64_t ms)
{
    (void)cancel_wait_fd(NULL, -1, 0, now_ms() + ms);
}

/* Waits until item has had so many turns; a test that fails does not hang. */
static void await(struct fixture *x, size_t item, int turns)
{
    for (int i = 0; i < 500 && atomic_load(&x->turns[item]) < turns; i++)
        pause_ms(5);
    assert_true(atomic_load(&x->turns[item]) >= turns);
}

static void pool__works_on_every_item__one_thread_at_a_time(void **state)
{
    struct fixture *x = *state;
    x->period_ms = 0; /* at once again: as crowded as it gets */
    start(x, 4, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        await(x, i, 3);
    for (int i = 0; i < 200; i++)
        pool_nudge(x->pool, (size_t)i % ITEMS);
    pause_ms(50);
    stop(x, 4);
    assert_in_range(atomic_load(&x->most_at_once), 2, 4);
}

static void pool__has_no_more_threads_than_items(void **state)
{
    struct fixture *x = *state;
    x->period_ms = 10;
    start(x, 8, 2);
    await(x, 0, 2);
    await(x, 1, 2);
    stop(x, 2);
}

static void pool__without_items__stops_as_well(void **state)
{
    struct fixture *x = *state;
    start(x, 4, 0);
    stop(x, 0);
}

static void pool__keeps_the_period(void **state)
{
    struct fixture *x = *state;
    x->period_ms = 60000;
    start(x, 2, 4);
    for (size_t i = 0; i < 4; i++)
        await(x, i, 1);
    pause_ms(60);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(atomic_load(&x->turns[i]), 1);
        assert_in_range(pool_next_mono_ms(x->pool, i) - now_ms(), 55000, 60000);
    }
    stop(x, 2);
}

static void nudge__makes_an_item_due(void **state)
{
    struct fixture *x = *state;
    x->period_ms = 60000;
    start(x, 2, 4);
    for (size_t i = 0; i < 4; i++)
        await(x, i, 1);
    pause_ms(20); /* the turn is over, and the thread asleep */
    pool_nudge(x->pool, 2);
    await(x, 2, 2);
    pause_ms(40);
    assert_int_equal(atomic_load(&x->turns[2]), 2);
    assert_int_equal(atomic_load(&x->turns[1]), 1);
    stop(x, 2);
}

static void nudge__while_being_worked_on__means_again_after(void **state)
{
    struct fixture *x = *state;
    x->period_ms = 60000;
    x->turn_ms = 80;
    start(x, 2, 1);
    for (int i = 0; i < 200 && atomic_load(&x->inside[0]) == 0; i++)
        pause_ms(1);
    for (int i = 0; i < 5; i++)
        pool_nudge(x->pool, 0);
    await(x, 0, 2);
    pause_ms(150);
    assert_int_equal(atomic_load(&x->turns[0]), 2); /* five nudges, one turn more */
    stop(x, 1);
}

static void stop__of_a_pool_that_never_started(void **state)
{
    struct fixture *x = *state;
    struct pool_settings s = {.name = "test",
                              .threads = 2,
                              .items = 2,
                              .worker_new = worker_new,
                              .worker_free = worker_free,
                              .turn = turn,
                              .ctx = x,
                              .cancel = x->cancel};
    x->pool = pool_new(&s);
    stop(x, 0);
}

static void stop__does_not_wait_for_hanging_turns(void **state)
{
    struct fixture *x = *state;
    x->hangs = true;
    start(x, 8, ITEMS);
    for (int i = 0; i < 500 && atomic_load(&x->at_once) < 8; i++)
        pause_ms(2);
    assert_int_equal(atomic_load(&x->at_once), 8);
    stop(x, 8);
    assert_null(pool_stop(NULL));
}

/* Half of the items never come back; the pool has two threads of its own. */
static void extra_threads__take_those_that_hang__and_end_with_the_pool(void **state)
{
    struct fixture *x = *state;
    x->hanging = ITEMS / 2;
    x->extra_max = ITEMS;
    x->period_ms = 20;
    start(x, 2, ITEMS);
    for (size_t i = ITEMS / 2; i < ITEMS; i++)
        await(x, i, 5);
    assert_int_equal(atomic_load(&x->crossings), 0);
    int64_t began = now_ms();
    cancel_trigger(x->cancel);
    x->pool = pool_stop(x->pool);
    assert_in_range(now_ms() - began, 0, 200);
    assert_int_equal(atomic_load(&x->workers_made), atomic_load(&x->workers_freed));
}

/* No more of them than allowed, and none for items that answer. */
static void extra_threads__stay_within_their_limit(void **state)
{
    struct fixture *x = *state;
    x->hangs = true;
    x->extra_max = 3;
    start(x, 2, ITEMS);
    pause_ms(1500);
    assert_int_equal(atomic_load(&x->most_at_once), 4); /* one of its own two: the other is kept for those that answer */
    cancel_trigger(x->cancel);
    x->pool = pool_stop(x->pool);
}

/* Those that hang may not have them all: those that answer need more threads than the pool's own
 * one. */
static void extra_threads__are_not_all_for_those_that_hang(void **state)
{
    enum { HANGING = 8, TURN_MS = 50, TURNS = 2 };
    struct fixture *x = *state;
    int before[ITEMS];
    x->extra_max = HANGING;
    x->turn_ms = TURN_MS;
    x->period_ms = 20;
    start(x, 1, ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        await(x, i, 1);
    atomic_store(&x->hang_ms, 2100); /* that is slow */
    atomic_store(&x->hanging, HANGING);
    pause_ms(5000); /* each has had one such turn */
    atomic_store(&x->hang_ms, 60000);
    pause_ms(2500);
    for (size_t i = 0; i < ITEMS; i++)
        before[i] = atomic_load(&x->turns[i]);
    int64_t began = now_ms();
    for (size_t i = HANGING; i < ITEMS; i++)
        while (atomic_load(&x->turns[i]) < before[i] + TURNS && now_ms() - began < 5000)
            pause_ms(1);
    /* One thread alone would need (ITEMS - HANGING) * TURNS * TURN_MS = 3200 ms. */
    assert_in_range(now_ms() - began, 0, 2400);
    cancel_trigger(x->cancel);
    x->pool = pool_stop(x->pool);
}

/* That nothing could be done is no sign of health: the pool's own thread is not left to an item
 * that hangs because it was quick to say so. */
static void extra_threads__keep_what_had_nothing_to_do_yet(void **state)
{
    struct fixture *x = *state;
    int before[ITEMS];
    x->hanging = 4;
    x->hang_ms = 2100;
    x->not_yet = true;
    x->extra_max = 8;
    x->period_ms = 20;
    start(x, 1, ITEMS);
    pause_ms(5000);
    for (size_t i = 4; i < ITEMS; i++)
        before[i] = atomic_load(&x->turns[i]);
    pause_ms(2000);
    for (size_t i = 4; i < ITEMS; i++)
        assert_true(atomic_load(&x->turns[i]) - before[i] >= 30);
    cancel_trigger(x->cancel);
    x->pool = pool_stop(x->pool);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(pool__works_on_every_item__one_thread_at_a_time),
        CASE(pool__has_no_more_threads_than_items),
        CASE(pool__without_items__stops_as_well),
        CASE(pool__keeps_the_period),
        CASE(nudge__makes_an_item_due),
        CASE(nudge__while_being_worked_on__means_again_after),
        CASE(stop__of_a_pool_that_never_started),
        CASE(stop__does_not_wait_for_hanging_turns),
        CASE(extra_threads__take_those_that_hang__and_end_with_the_pool),
        CASE(extra_threads__stay_within_their_limit),
        CASE(extra_threads__keep_what_had_nothing_to_do_yet),
        CASE(extra_threads__are_not_all_for_those_that_hang),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
