/* The hand-over of snapshots: newest wins, every reference is given back, and many
 * threads at once do no harm (the thread sanitizer's build looks). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "backend/base/mem.h"
#include "backend/watch/snapbox.h"

struct fixture {
    struct wake *wake;
    struct snapbox *box;
};

struct picture {
    struct snap snap;
    uint64_t check; /* twice the generation: torn when it is not */
};

static atomic_int alive; /* pictures that exist: destroy() has no other way to tell */

static void destroy(struct snap *s)
{
    atomic_fetch_sub(&alive, 1);
    free(s);
}

static struct snap *paint(uint64_t generation)
{
    struct picture *p = mem_new(sizeof *p);
    atomic_init(&p->snap.refs, 1);
    p->snap.destroy = destroy;
    p->snap.generation = generation;
    p->check = 2 * generation;
    atomic_fetch_add(&alive, 1);
    return &p->snap;
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    x->wake = wake_new();
    x->box = snapbox_new(4, x->wake);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    x->box = snapbox_free(x->box);
    x->wake = wake_free(x->wake);
    assert_int_equal(atomic_load(&alive), 0);
    free(x);
    return 0;
}

static bool rung(const struct fixture *x)
{
    struct pollfd p = {.fd = wake_fd(x->wake), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void put__replaces_and_rings(void **state)
{
    struct fixture *x = *state;
    assert_null(snapbox_get(x->box, 0));
    assert_false(rung(x));
    snapbox_put(x->box, 0, paint(1));
    assert_true(rung(x));
    wake_drain(x->wake);
    const struct picture *first = snapbox_get(x->box, 0);
    assert_int_equal(first->snap.generation, 1);
    snapbox_put(x->box, 0, paint(2));
    assert_true(rung(x));
    assert_int_equal(first->check, 2); /* still held */
    assert_int_equal(atomic_load(&alive), 2);
    snap_unref(first);
    assert_int_equal(atomic_load(&alive), 1);
    assert_null(snapbox_get(x->box, 3));
    const struct picture *second = snapbox_get(x->box, 0);
    assert_int_equal(second->snap.generation, 2);
    snap_unref(second);
}

static void refs__of_nothing_are_nothing(void **state)
{
    (void)state;
    assert_null(snap_ref(NULL));
    snap_unref(NULL);
    assert_null(snapbox_free(NULL));
}

#define PUTS 2000

static void *put_many(void *arg)
{
    struct fixture *x = arg;
    for (uint64_t i = 1; i <= PUTS; i++)
        snapbox_put(x->box, i % 2, paint(i));
    return NULL;
}

static void *get_many(void *arg)
{
    struct fixture *x = arg;
    uintptr_t torn = 0;
    for (int i = 0; i < PUTS; i++) {
        const struct picture *p = snapbox_get(x->box, (size_t)i % 2);
        torn += p != NULL && p->check != 2 * p->snap.generation;
        snap_unref(snap_ref(p));
        snap_unref(p);
    }
    return (void *)torn;
}

static void box__with_many_threads__loses_and_tears_nothing(void **state)
{
    struct fixture *x = *state;
    pthread_t threads[6];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < 3 ? put_many : get_many, x), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *torn = NULL;
        pthread_join(threads[i], &torn);
        assert_null(torn);
    }
    assert_int_equal(atomic_load(&alive), 2); /* one a slot */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(put__replaces_and_rings),
        CASE(refs__of_nothing_are_nothing),
        CASE(box__with_many_threads__loses_and_tears_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
