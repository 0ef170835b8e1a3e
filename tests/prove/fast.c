/* Preloaded: time runs faster for a program, and for all that are told the same beginning.
 *
 *   FAST_TIMES=96 FAST_SINCE=SECONDS LD_PRELOAD=fast.so credtop ...
 *
 * FAST_SINCE is a time of the clock that never steps, at which both clocks were as they are for
 * everybody; from there on they go FAST_TIMES as fast.  Waits end sooner likewise: those of poll,
 * select, epoll and condition variables, which is all that these programs and their libraries
 * wait with.  What the kernel times itself, as TCP does, goes as ever. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "wall.h"

#define SECOND_NS INT64_C(1000000000)

static int64_t times = 1, since_ns;

__attribute__((constructor)) static void fast_begin(void)
{
    const char *t = getenv("FAST_TIMES"), *s = getenv("FAST_SINCE");
    if (t == NULL || s == NULL)
        return;
    times = strtoll(t, NULL, 10);
    since_ns = (int64_t)(strtod(s, NULL) * 1e9);
    if (times < 1)
        times = 1;
}

static int64_t ns_of(const struct timespec *t)
{
    return (int64_t)t->tv_sec * SECOND_NS + t->tv_nsec;
}

static struct timespec spec_of(int64_t ns)
{
    ns = ns > 0 ? ns : 0;
    return (struct timespec){.tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS)};
}

static int64_t true_ns(clockid_t id)
{
    struct timespec t = {0};
    (void)syscall(SYS_clock_gettime, id, &t);
    return ns_of(&t);
}

/* How far the clocks of this program have run ahead. */
static int64_t ahead_ns(void)
{
    return (true_ns(CLOCK_MONOTONIC) - since_ns) * (times - 1);
}

int clock_gettime(clockid_t id, struct timespec *out)
{
    int failed = (int)syscall(SYS_clock_gettime, id, out);
    if (failed == 0 && id != CLOCK_PROCESS_CPUTIME_ID && id != CLOCK_THREAD_CPUTIME_ID)
        *out = spec_of(ns_of(out) + ahead_ns());
    return failed;
}

int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *lock, const struct timespec *until)
{
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (real == NULL)
        real = (int (*)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *))dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    /* One clock counts since the machine began, the other since 1970. */
    int64_t at = ns_of(until), now = true_ns(at > SECOND_NS * SECOND_NS / 2 ? CLOCK_REALTIME : CLOCK_MONOTONIC);
    struct timespec sooner = spec_of(now + (at - now - ahead_ns()) / times);
    return real(cond, lock, &sooner);
}

static const struct timespec *sooner_ms(int ms, struct timespec *room)
{
    if (ms < 0)
        return NULL;
    *room = spec_of((int64_t)ms * 1000000 / times);
    return room;
}

int poll(struct pollfd *fds, nfds_t n, int ms)
{
    struct timespec room;
    return ppoll(fds, n, sooner_ms(ms, &room), NULL);
}

int epoll_wait(int fd, struct epoll_event *events, int most, int ms)
{
    struct timespec room;
    return (int)syscall(SYS_epoll_pwait2, fd, events, most, sooner_ms(ms, &room), NULL, 0);
}

int select(int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *limit)
{
    struct timespec room;
    if (limit == NULL)
        return pselect(n, r, w, e, NULL, NULL);
    room = spec_of(((int64_t)limit->tv_sec * SECOND_NS + (int64_t)limit->tv_usec * 1000) / times);
    return pselect(n, r, w, e, &room, NULL);
}
