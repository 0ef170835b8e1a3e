#include "backend/base/wake.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/base/mem.h"

struct wake {
    int fd; /* fixed after start */
};

struct wake *wake_new(void)
{
    struct wake *w = mem_new(sizeof(*w));

    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->fd < 0) {
        free(w);
        return NULL;
    }
    return w;
}

struct wake *wake_free(struct wake *w)
{
    if (!w)
        return NULL;
    close(w->fd);
    free(w);
    return NULL;
}

int wake_fd(const struct wake *w)
{
    return w->fd;
}

void wake_ring(struct wake *w)
{
    const uint64_t one = 1;

    /* EAGAIN means 2^64 - 2 rings are waiting: rung enough. */
    while (write(w->fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

void wake_drain(struct wake *w)
{
    uint64_t rings;

    /* EAGAIN means nobody rang. */
    while (read(w->fd, &rings, sizeof(rings)) < 0 && errno == EINTR) {
    }
}
