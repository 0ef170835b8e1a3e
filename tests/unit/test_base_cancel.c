#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/base/wake.h"

#define LONG_MS 20000 /* a wait that lasts this long has failed */

static int64_t from_now(int64_t ms)
{
    return clock_mono_ms(clock_real()) + ms;
}

static void cancel__reaches__children_but_not_parents(void **state)
{
    (void)state;
    struct cancel *top = cancel_new(NULL), *a = cancel_new(top), *b = cancel_new(top), *deep = cancel_new(a);

    cancel_trigger(a);
    assert_true(cancel_is_set(a) && cancel_is_set(deep));
    assert_false(cancel_is_set(top) || cancel_is_set(b));
    cancel_trigger(top);
    cancel_trigger(top); /* twice is fine */
    assert_true(cancel_is_set(top) && cancel_is_set(b));
    cancel_free(deep);
    cancel_free(b);
    cancel_free(a);
    assert_null(cancel_free(top));
    assert_null(cancel_free(NULL));
    assert_false(cancel_is_set(NULL));
}

static void cancel_fds__are__own_and_parents_and_stay_readable(void **state)
{
    (void)state;
    struct cancel *top = cancel_new(NULL), *child = cancel_new(top);
    struct pollfd fds[CANCEL_FDS_MAX];

    assert_int_equal(cancel_fds(NULL, fds), 0);
    assert_int_equal(cancel_fds(top, fds), 1);
    assert_int_equal(cancel_fds(child, fds), 2);
    assert_true((fcntl(fds[0].fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(poll(fds, 2, 0), 0);
    cancel_trigger(top);
    for (int i = 0; i < 3; i++)
        assert_int_equal(poll(fds, 2, LONG_MS), 1);
    assert_int_equal(fds[1].revents, POLLIN);
    cancel_free(child);
    cancel_free(top);
}

static void cancel_wait_fd__returns__zero_at_the_deadline(void **state)
{
    (void)state;
    struct cancel *c = cancel_new(NULL);
    int64_t deadline = from_now(30);

    assert_int_equal(cancel_wait_fd(c, -1, 0, deadline), 0);
    assert_true(clock_mono_ms(clock_real()) >= deadline); /* never early */
    assert_int_equal(cancel_wait_fd(c, -1, 0, deadline), 0);
    assert_int_equal(cancel_wait_fd(NULL, -1, 0, INT64_MIN), 0);
    cancel_free(c);
}

static void cancel_wait_fd__returns__events_even_past_the_deadline(void **state)
{
    (void)state;
    int ends[2];
    struct cancel *c = cancel_new(NULL);

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(cancel_wait_fd(c, ends[0], POLLIN, from_now(5)), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(cancel_wait_fd(c, ends[0], POLLIN, INT64_MAX), POLLIN);
    assert_int_equal(cancel_wait_fd(c, ends[0], POLLIN, 0), POLLIN);
    close(ends[1]);
    assert_true((cancel_wait_fd(NULL, ends[0], POLLIN, from_now(LONG_MS)) & POLLHUP) != 0);
    cancel_trigger(c); /* a stop counts for more than data */
    assert_int_equal(cancel_wait_fd(c, ends[0], POLLIN, INT64_MAX), -1);
    close(ends[0]);
    assert_true((cancel_wait_fd(NULL, ends[0], POLLIN, from_now(LONG_MS)) & POLLNVAL) != 0);
    cancel_free(c);
}

struct waiter {
    struct cancel *cancel;
    struct wake *started;
    int result;
};

static void *wait_long(void *arg)
{
    struct waiter *w = arg;

    wake_ring(w->started);
    w->result = cancel_wait_fd(w->cancel, -1, 0, from_now(LONG_MS));
    return NULL;
}

static void on_signal(int number)
{
    (void)number;
}

/* Two threads wait on two children; signals must not end the waits, one trigger must. */
static void cancel_trigger__wakes__every_waiter_at_once(void **state)
{
    (void)state;
    const struct sigaction quiet = {.sa_handler = on_signal};
    struct cancel *top = cancel_new(NULL);
    struct waiter waiters[2];
    pthread_t threads[2];

    assert_int_equal(sigaction(SIGUSR1, &quiet, NULL), 0);
    for (int i = 0; i < 2; i++) {
        waiters[i] = (struct waiter){.cancel = cancel_new(top), .started = wake_new(), .result = 7};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_long, &waiters[i]), 0);
        assert_int_equal(cancel_wait_fd(NULL, wake_fd(waiters[i].started), POLLIN, from_now(LONG_MS)), POLLIN);
        for (int k = 0; k < 20; k++) { /* with pauses, or they all come before the poll */
            (void)pthread_kill(threads[i], SIGUSR1);
            (void)cancel_wait_fd(NULL, -1, 0, from_now(2));
        }
    }
    int64_t before = clock_mono_ms(clock_real());
    cancel_trigger(top);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(waiters[i].result, -1);
        cancel_free(waiters[i].cancel);
        wake_free(waiters[i].started);
    }
    assert_true(clock_mono_ms(clock_real()) - before < 1000);
    cancel_free(top);
}

static void wake__is_readable__from_ring_to_drain(void **state)
{
    (void)state;
    struct wake *w = wake_new();
    struct pollfd fd = {.fd = wake_fd(w), .events = POLLIN};

    assert_int_equal(poll(&fd, 1, 0), 0);
    wake_drain(w); /* nothing rang: must not block */
    for (int i = 0; i < 3; i++)
        wake_ring(w);
    assert_int_equal(poll(&fd, 1, 0), 1);
    wake_drain(w);
    assert_int_equal(poll(&fd, 1, 0), 0);
    wake_ring(w);
    assert_int_equal(poll(&fd, 1, 0), 1);
    assert_true((fcntl(wake_fd(w), F_GETFD) & FD_CLOEXEC) != 0);
    assert_null(wake_free(w));
    assert_null(wake_free(NULL));
}

static void wake_ring__never_blocks__when_the_counter_is_full(void **state)
{
    (void)state;
    struct wake *w = wake_new();
    const uint64_t full = UINT64_MAX - 1;

    assert_int_equal(write(wake_fd(w), &full, sizeof(full)), sizeof(full));
    wake_ring(w);
    struct pollfd fd = {.fd = wake_fd(w), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 0), 1);
    wake_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel__reaches__children_but_not_parents),
        cmocka_unit_test(cancel_fds__are__own_and_parents_and_stay_readable),
        cmocka_unit_test(cancel_wait_fd__returns__zero_at_the_deadline),
        cmocka_unit_test(cancel_wait_fd__returns__events_even_past_the_deadline),
        cmocka_unit_test(cancel_trigger__wakes__every_waiter_at_once),
        cmocka_unit_test(wake__is_readable__from_ring_to_drain),
        cmocka_unit_test(wake_ring__never_blocks__when_the_counter_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
