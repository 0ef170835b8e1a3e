#include "tests/sandbox/awsim_naps.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

#define LOOK_MS 100 /* how often the peers are looked at */

struct nap {
    struct MHD_Connection *connection;
    int64_t until_mono_ms;
    int fd;
};

struct naps {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by lock */
    struct nap *list;
    size_t n;
    bool stopping;
};

static bool peer_has_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Resumes who is due; the next look's time. */
static int64_t wake_due_locked(struct naps *n)
{
    int64_t now = clock_mono_ms(clock_real()), next = now + LOOK_MS;
    for (size_t i = 0; i < n->n;) {
        struct nap nap = n->list[i];
        if (n->stopping || nap.until_mono_ms <= now || peer_has_gone(nap.fd)) {
            n->list[i] = n->list[--n->n];
            MHD_resume_connection(nap.connection);
            continue;
        }
        if (nap.until_mono_ms < next)
            next = nap.until_mono_ms;
        i++;
    }
    return next;
}

static void *naps_main(void *arg)
{
    struct naps *n = arg;
    pthread_mutex_lock(&n->lock);
    while (!n->stopping) {
        int64_t next = wake_due_locked(n);
        struct timespec until = {.tv_sec = next / 1000, .tv_nsec = next % 1000 * 1000000};
        if (n->n == 0)
            pthread_cond_wait(&n->changed, &n->lock);
        else
            pthread_cond_timedwait(&n->changed, &n->lock, &until);
    }
    (void)wake_due_locked(n);
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

struct naps *naps_new(void)
{
    struct naps *n = mem_new(sizeof *n);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    ASSERT(pthread_create(&n->thread, NULL, naps_main, n) == 0);
    return n;
}

void naps_stop(struct naps *n)
{
    pthread_mutex_lock(&n->lock);
    n->stopping = true;
    pthread_cond_signal(&n->changed);
    pthread_mutex_unlock(&n->lock);
    pthread_join(n->thread, NULL);
}

struct naps *naps_free(struct naps *n)
{
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
    free(n->list);
    free(n);
    return NULL;
}

void naps_take(struct naps *n, struct MHD_Connection *connection, int64_t until_mono_ms)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int fd = info ? info->connect_fd : -1;
    MHD_suspend_connection(connection);
    pthread_mutex_lock(&n->lock);
    if (n->stopping) {
        MHD_resume_connection(connection);
    } else {
        n->list = mem_grow(n->list, n->n + 1, sizeof *n->list);
        n->list[n->n++] = (struct nap){connection, until_mono_ms, fd};
        pthread_cond_signal(&n->changed);
    }
    pthread_mutex_unlock(&n->lock);
}
