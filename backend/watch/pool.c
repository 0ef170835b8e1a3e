/* The schedule is an array of due times scanned for the earliest: with a thousand
 * items and a poll each half minute that is some thirty scans a second, cheaper
 * than a heap is to read. */
#include "backend/watch/pool.h"

#include <pthread.h>
#include <stdbool.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

struct item {
    int64_t due_mono_ms;
    bool running, nudged;
};

struct pool {
    struct pool_settings s;   /* fixed after start */
    pthread_t *threads;
    unsigned nthreads;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item *items;       /* guarded by lock */
};

static int64_t now_ms(void) { return clock_mono_ms(clock_real()); }

/* The earliest item that nobody works on; items when there is none. */
static size_t earliest_locked(const struct pool *p)
{
    size_t best = p->s.items;
    for (size_t i = 0; i < p->s.items; i++)
        if (!p->items[i].running && (best == p->s.items || p->items[i].due_mono_ms < p->items[best].due_mono_ms))
            best = i;
    return best;
}

static void wait_until_locked(struct pool *p, int64_t mono_ms)
{
    struct timespec until = {.tv_sec = mono_ms / 1000, .tv_nsec = (mono_ms % 1000) * 1000000};
    (void)pthread_cond_timedwait(&p->changed, &p->lock, &until);   /* the caller looks again either way */
}

/* The next item that is due, taken; or items when the program stops. */
static size_t take_due(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    size_t got = p->s.items;
    while (!cancel_is_set(p->s.cancel)) {
        size_t i = earliest_locked(p);
        if (i < p->s.items && p->items[i].due_mono_ms <= now_ms()) {
            p->items[i].running = true;
            p->items[i].nudged = false;
            got = i;
            break;
        }
        wait_until_locked(p, i < p->s.items ? p->items[i].due_mono_ms : now_ms() + 1000);
    }
    pthread_mutex_unlock(&p->lock);
    return got;
}

static void give_back(struct pool *p, size_t i, int64_t delay_ms)
{
    pthread_mutex_lock(&p->lock);
    p->items[i].running = false;
    p->items[i].due_mono_ms = p->items[i].nudged ? now_ms() : now_ms() + delay_ms;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static void *work(void *arg)
{
    struct pool *p = arg;
    void *worker = p->s.worker_new(p->s.ctx);
    for (size_t i; (i = take_due(p)) < p->s.items;)
        give_back(p, i, p->s.turn(worker, i));
    p->s.worker_free(worker);
    return NULL;
}

struct pool *pool_new(const struct pool_settings *s)
{
    struct pool *p = mem_new(sizeof *p);
    pthread_condattr_t attr;
    p->s = *s;
    p->items = mem_array(s->items, sizeof *p->items);
    p->threads = mem_array(s->threads, sizeof *p->threads);
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->changed, &attr);
    pthread_condattr_destroy(&attr);
    return p;
}

enum err pool_start(struct pool *p, struct why *why)
{
    unsigned wanted = p->s.items < p->s.threads ? (unsigned)p->s.items : p->s.threads;
    for (; p->nthreads < wanted; p->nthreads++) {
        int failed = pthread_create(&p->threads[p->nthreads], NULL, work, p);
        if (failed != 0)
            return why_set(why, ERR_SYSTEM, "thread %u of pool %s: %s", p->nthreads + 1, p->s.name, strerror(failed));
        (void)pthread_setname_np(p->threads[p->nthreads], p->s.name);
    }
    return ERR_OK;
}

void pool_nudge(struct pool *p, size_t item)
{
    pthread_mutex_lock(&p->lock);
    p->items[item].nudged = true;
    if (!p->items[item].running)
        p->items[item].due_mono_ms = 0;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

int64_t pool_next_mono_ms(struct pool *p, size_t item)
{
    pthread_mutex_lock(&p->lock);
    int64_t due = p->items[item].due_mono_ms;
    pthread_mutex_unlock(&p->lock);
    return due;
}

struct pool *pool_stop(struct pool *p)
{
    if (p == NULL)
        return NULL;
    pthread_mutex_lock(&p->lock);
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->nthreads; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->items);
    free(p->threads);
    free(p);
    return NULL;
}
