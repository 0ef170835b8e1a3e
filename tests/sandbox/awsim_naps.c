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
    struct nap *heap; /* the first to wake at [0] */
    size_t n;
    struct pollfd *peers; /* room to look at all of them at once */
    int64_t look_mono_ms; /* when the peers are looked at again */
    bool stopping;
};

static void swap(struct nap *a, struct nap *b)
{
    struct nap t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct nap *heap, size_t i)
{
    for (; i > 0 && heap[i].until_mono_ms < heap[(i - 1) / 2].until_mono_ms; i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct nap *heap, size_t n, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
            if (heap[child].until_mono_ms < heap[least].until_mono_ms)
                least = child;
        if (least == i)
            return;
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

/* Resumes those whose peer has gone. */
static void look_at_peers_locked(struct naps *n)
{
    size_t kept = 0;
    n->peers = mem_grow(n->peers, n->n + 1, sizeof *n->peers);
    for (size_t i = 0; i < n->n; i++)
        n->peers[i] = (struct pollfd){.fd = n->heap[i].fd, .events = POLLRDHUP};
    if (poll(n->peers, n->n, 0) <= 0)
        return;
    for (size_t i = 0; i < n->n; i++) {
        if ((n->peers[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0)
            MHD_resume_connection(n->heap[i].connection);
        else
            n->heap[kept++] = n->heap[i];
    }
    n->n = kept;
    for (size_t i = kept / 2; i-- > 0;)
        sift_down(n->heap, kept, i);
}

/* Resumes who is due; the next look's time. */
static int64_t wake_due_locked(struct naps *n)
{
    int64_t now = clock_mono_ms(clock_real());
    while (n->n > 0 && (n->stopping || n->heap[0].until_mono_ms <= now)) {
        MHD_resume_connection(n->heap[0].connection);
        n->heap[0] = n->heap[--n->n];
        sift_down(n->heap, n->n, 0);
    }
    if (now >= n->look_mono_ms) {
        look_at_peers_locked(n);
        n->look_mono_ms = now + LOOK_MS;
    }
    return n->n > 0 && n->heap[0].until_mono_ms < n->look_mono_ms ? n->heap[0].until_mono_ms : n->look_mono_ms;
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
    free(n->heap);
    free(n->peers);
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
        n->heap = mem_grow(n->heap, n->n + 1, sizeof *n->heap);
        n->heap[n->n] = (struct nap){connection, until_mono_ms, fd};
        sift_up(n->heap, n->n++);
        if (n->heap[0].connection == connection)
            pthread_cond_signal(&n->changed);
    }
    pthread_mutex_unlock(&n->lock);
}
