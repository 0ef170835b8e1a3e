/* The schedule is an array of due times scanned for the earliest: with a thousand
 * items and a poll each half minute that is some thirty scans a second, cheaper
 * than a heap is to read.
 *
 * Of the base threads that wait, one, the timer, waits for the next due time; when it takes
 * an item, another becomes the timer.  So a due item wakes two threads and not all.
 *
 * Two kinds of threads differ in what they may take: a base thread, items that are not
 * slow, when due (but at most half of them one that has never answered: it may hang); an
 * extra thread, slow items when due and others when overdue; a quarter of the extra threads
 * is kept for these others, who would else be left to the base threads alone.  At most
 * one extra thread is idle, waiting for its chance; one that gets it makes the next. */
#include "backend/watch/pool.h"

#include <pthread.h>
#include <stdbool.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/tidy.h"

#define SLOW_MS 2000   /* a turn as long as this makes its item slow... */
#define OVERDUE_MS 250 /* how long a due item waits for a base thread */

struct item {
    int64_t due_mono_ms;
    bool running, nudged, slow, tried;
    bool hangs; /* counted in pool.hung */
};

struct slot {
    pthread_t thread;
    bool used, ended; /* ended: to be joined */
};

struct pool {
    struct pool_settings s; /* fixed after start */
    size_t nslots;

    pthread_mutex_t lock;
    pthread_cond_t timers[2], idle; /* of the timer of each kind; of the other base threads */
    /* guarded by lock */
    int64_t until_ms[2]; /* what each kind's timer waits for; INT64_MIN when there is none */
    struct item *items;
    struct slot *slots; /* base threads, then extra ones */
    unsigned idle_extras;
    unsigned hung;           /* extra threads with an item that may hang: slow, or never tried */
    unsigned untried;        /* items never tried that base threads are working on */
    struct slot *last_ended; /* the next extra thread that ends joins it: a stack is not kept for long */
    bool stopping;
};

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static unsigned hung_max(const struct pool *p)
{
    return p->s.extra_max - p->s.extra_max / 4;
}

/* When this kind of thread may take the item; INT64_MAX never. */
static int64_t takeable_locked(const struct pool *p, const struct item *i, bool extra)
{
    bool may_hang = i->slow || !i->tried,
         risky = i->slow || (!i->tried && p->s.extra_max > 0 && p->untried >= (p->s.threads + 1) / 2);
    if (i->running || (risky && !extra) || (may_hang && extra && p->hung >= hung_max(p)))
        return INT64_MAX;
    return extra && !i->slow ? i->due_mono_ms + OVERDUE_MS : i->due_mono_ms;
}

/* The item this kind of thread may take first, and when; items when there is none. */
static size_t first_locked(const struct pool *p, bool extra, int64_t *out_ms)
{
    size_t best = p->s.items;
    *out_ms = INT64_MAX;
    for (size_t i = 0; i < p->s.items; i++) {
        int64_t at = takeable_locked(p, &p->items[i], extra);
        if (at < *out_ms) {
            *out_ms = at;
            best = i;
        }
    }
    return best;
}

static void wait_until_locked(struct pool *p, bool extra, int64_t mono_ms)
{
    if (!extra && p->until_ms[false] != INT64_MIN) { /* there is a timer; of extra threads but one waits */
        pthread_cond_wait(&p->idle, &p->lock);
        return;
    }
    int64_t latest = now_ms() + 60000; /* bounds a lost wake-up; the caller looks again either way */
    mono_ms = mono_ms < latest ? mono_ms : latest;
    struct timespec until = {.tv_sec = mono_ms / 1000, .tv_nsec = (mono_ms % 1000) * 1000000};
    p->until_ms[extra] = mono_ms;
    (void)pthread_cond_timedwait(&p->timers[extra], &p->lock, &until);
    p->until_ms[extra] = INT64_MIN;
}

/* An item may be takeable sooner than the timers think. */
static void tell_timers_locked(struct pool *p, const struct item *i)
{
    for (int extra = 0; extra < 2; extra++)
        if (takeable_locked(p, i, extra) < p->until_ms[extra])
            pthread_cond_signal(&p->timers[extra]);
}

static bool ends_locked(const struct pool *p)
{
    return p->stopping || cancel_is_set(p->s.cancel);
}

/* The next item for this kind of thread, taken; items when the program stops. */
static size_t take(struct pool *p, bool extra)
{
    size_t got = p->s.items;
    while (got == p->s.items && !ends_locked(p)) {
        int64_t at;
        size_t i = first_locked(p, extra, &at);
        if (at <= now_ms())
            got = i;
        else
            wait_until_locked(p, extra, at);
    }
    if (got < p->s.items) {
        p->items[got].running = true;
        p->items[got].nudged = false;
        p->untried += !extra && !p->items[got].tried;
        p->items[got].hangs = extra && (p->items[got].slow || !p->items[got].tried);
        p->hung += p->items[got].hangs;
    }
    if (!extra)
        pthread_cond_signal(&p->idle); /* the timer has gone to work: the next one, please */
    return got;
}

static void give_back_locked(struct pool *p, size_t i, bool extra, int64_t delay_ms, int64_t took_ms)
{
    struct item *item = &p->items[i];
    p->untried -= !extra && !item->tried;
    if (item->hangs && p->hung-- == hung_max(p)) /* another may have its turn */
        pthread_cond_signal(&p->timers[true]);
    item->hangs = false;
    item->running = false;
    if (delay_ms < 0) { /* POOL_NOT_YET */
        delay_ms = -1 - delay_ms;
    } else {
        item->tried = true;
        item->slow = took_ms >= SLOW_MS;
    }
    item->due_mono_ms = item->nudged ? now_ms() : now_ms() + delay_ms;
    tell_timers_locked(p, item);
}

/* A turn, outside the lock. */
static void turn(struct pool *p, void *worker, size_t i, bool extra)
{
    pthread_mutex_unlock(&p->lock);
    int64_t began = now_ms(), delay = p->s.turn(worker, i), took = now_ms() - began;
    tidy(began);
    pthread_mutex_lock(&p->lock);
    give_back_locked(p, i, extra, delay, took);
}

static void *base_work(void *arg)
{
    struct pool *p = arg;
    void *worker = p->s.worker_new(p->s.ctx);
    pthread_mutex_lock(&p->lock);
    for (size_t i; (i = take(p, false)) < p->s.items;)
        turn(p, worker, i, false);
    pthread_mutex_unlock(&p->lock);
    p->s.worker_free(worker);
    return NULL;
}

static void add_extra_locked(struct pool *p);

struct extra {
    struct pool *pool;
    struct slot *slot;
};

/* The last thing a thread does here: it joins the one that ended before it, so that a burst of
 * threads leaves one stack behind, not all. */
static void end_extra_locked(struct pool *p, struct slot *mine)
{
    struct slot *before = p->last_ended;
    mine->ended = true;
    p->last_ended = mine;
    if (before == NULL || p->stopping) /* pool_stop() joins */
        return;
    pthread_join(before->thread, NULL); /* it takes no lock after `ended` */
    *before = (struct slot){.used = false};
}

/* Works while it is the only one idle. */
static void *extra_work(void *arg)
{
    struct extra me = *(struct extra *)arg;
    struct pool *p = me.pool;
    void *worker = NULL;
    free(arg);
    pthread_mutex_lock(&p->lock);
    while (!ends_locked(p) && (worker == NULL || p->idle_extras == 0)) {
        if (worker != NULL)
            p->idle_extras++; /* the first time its maker has counted it */
        size_t i = take(p, true);
        p->idle_extras--;
        if (i == p->s.items)
            break;
        if (p->idle_extras == 0)
            add_extra_locked(p);
        if (worker == NULL)
            worker = p->s.worker_new(p->s.ctx);
        turn(p, worker, i, true);
    }
    if (worker != NULL) {
        pthread_mutex_unlock(&p->lock);
        p->s.worker_free(worker);
        pthread_mutex_lock(&p->lock);
    }
    end_extra_locked(p, me.slot);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* A thread more in a free slot; not to get one (the limit, the machine) is no failure:
 * the items wait. */
static void add_extra_locked(struct pool *p)
{
    if (p->stopping)
        return;
    for (size_t i = p->s.threads; i < p->nslots; i++) {
        struct slot *s = &p->slots[i];
        if (s->used && !s->ended)
            continue;
        if (s->used) {
            pthread_join(s->thread, NULL);
            p->last_ended = NULL; /* it was: the others are joined */
        }
        *s = (struct slot){.used = false};
        struct extra *e = mem_new(sizeof *e);
        *e = (struct extra){p, s};
        s->used = pthread_create(&s->thread, NULL, extra_work, e) == 0;
        if (s->used) {
            (void)pthread_setname_np(s->thread, p->s.name);
            p->idle_extras++;
        } else {
            free(e);
        }
        return;
    }
}

struct pool *pool_new(const struct pool_settings *s)
{
    struct pool *p = mem_new(sizeof *p);
    pthread_condattr_t attr;
    p->s = *s;
    if (p->s.threads > s->items)
        p->s.threads = (unsigned)s->items;
    if (p->s.extra_max > s->items)
        p->s.extra_max = (unsigned)s->items;
    p->nslots = p->s.threads + p->s.extra_max;
    p->items = mem_array(s->items, sizeof *p->items);
    p->slots = mem_array(p->nslots, sizeof *p->slots);
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    for (int extra = 0; extra < 2; extra++) {
        pthread_cond_init(&p->timers[extra], &attr);
        p->until_ms[extra] = INT64_MIN;
    }
    pthread_cond_init(&p->idle, &attr);
    pthread_condattr_destroy(&attr);
    return p;
}

enum err pool_start(struct pool *p, struct why *why)
{
    for (unsigned i = 0; i < p->s.threads; i++) {
        int failed = pthread_create(&p->slots[i].thread, NULL, base_work, p);
        if (failed != 0)
            return why_set(why, ERR_SYSTEM, "thread %u of pool %s: %s", i + 1, p->s.name, strerror(failed));
        (void)pthread_setname_np(p->slots[i].thread, p->s.name);
        p->slots[i].used = true;
    }
    pthread_mutex_lock(&p->lock);
    add_extra_locked(p);
    pthread_mutex_unlock(&p->lock);
    return ERR_OK;
}

void pool_nudge(struct pool *p, size_t item)
{
    pthread_mutex_lock(&p->lock);
    p->items[item].nudged = true;
    if (!p->items[item].running)
        p->items[item].due_mono_ms = 0;
    tell_timers_locked(p, &p->items[item]);
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
    p->stopping = true; /* from here on no thread is added */
    pthread_cond_signal(&p->timers[false]);
    pthread_cond_signal(&p->timers[true]);
    pthread_cond_broadcast(&p->idle);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->nslots; i++)
        if (p->slots[i].used)
            pthread_join(p->slots[i].thread, NULL);
    pthread_cond_destroy(&p->timers[true]);
    pthread_cond_destroy(&p->timers[false]);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    free(p->items);
    free(p->slots);
    free(p);
    return NULL;
}
