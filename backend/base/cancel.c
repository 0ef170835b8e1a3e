#include "backend/base/cancel.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

struct cancel {
    struct cancel *parent; /* fixed after start */
    int fd;                /* fixed after start; never read, so it stays readable */
    atomic_bool set;       /* any thread; only ever goes to true */
};

static int depth(const struct cancel *c)
{
    int n = 0;
    for (; c; c = c->parent)
        n++;
    return n;
}

struct cancel *cancel_new(struct cancel *parent)
{
    struct cancel *c = mem_new(sizeof(*c));

    ASSERT(depth(parent) < CANCEL_FDS_MAX); /* or cancel_fds() would lose an ancestor */
    c->parent = parent;
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd < 0) {
        free(c);
        return NULL;
    }
    atomic_init(&c->set, false);
    return c;
}

struct cancel *cancel_free(struct cancel *c)
{
    if (!c)
        return NULL;
    close(c->fd);
    free(c);
    return NULL;
}

void cancel_trigger(struct cancel *c)
{
    const uint64_t one = 1;

    if (atomic_exchange(&c->set, true))
        return;
    while (write(c->fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

bool cancel_is_set(const struct cancel *c)
{
    for (; c; c = c->parent) {
        if (atomic_load(&c->set))
            return true;
    }
    return false;
}

int cancel_fds(const struct cancel *c, struct pollfd out[CANCEL_FDS_MAX])
{
    int n = 0;

    for (; c && n < CANCEL_FDS_MAX; c = c->parent)
        out[n++] = (struct pollfd){.fd = c->fd, .events = POLLIN};
    return n;
}

static int timeout_until(int64_t deadline_mono_ms)
{
    int64_t now_ms = clock_mono_ms(clock_real());

    if (deadline_mono_ms <= now_ms)
        return 0;
    int64_t left_ms = deadline_mono_ms - now_ms;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

int cancel_wait_fd(const struct cancel *c, int fd, short events, int64_t deadline_mono_ms)
{
    struct pollfd fds[1 + CANCEL_FDS_MAX] = {{.fd = fd, .events = events}};
    nfds_t count = 1 + (nfds_t)cancel_fds(c, fds + 1);

    for (;;) {
        if (cancel_is_set(c))
            return -1;
        int timeout_ms = timeout_until(deadline_mono_ms);
        int ready = poll(fds, count, timeout_ms);
        if (ready < 0 && errno != EINTR)
            return POLLERR; /* no memory for a poll: let the caller's own call say so */
        if (ready < 0)
            continue;
        if (cancel_is_set(c))
            return -1;
        if (ready > 0 && fds[0].revents != 0)
            return fds[0].revents;
        /* poll may return a little early, and its longest wait may be shorter than ours */
        if (ready == 0 && timeout_until(deadline_mono_ms) == 0)
            return 0;
    }
}
