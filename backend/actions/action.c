#include "backend/actions/action.h"

#include <pthread.h>
#include <stdarg.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define THREADS 4
#define QUEUE_MAX 16

struct entry {
    struct order_view view;
    struct order order;
    struct cancel *cancel;          /* NULL once ended */
    bool taken;
};

struct actions {
    struct actions_settings s;      /* fixed */
    pthread_t threads[THREADS];
    unsigned nthreads;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by lock */
    struct entry entries[ORDERS_KEPT];   /* newest first */
    size_t n;
    uint64_t last_id;
};

static void run(struct action *a)
{
    switch (a->view.kind) {
#define ORDER(id, name, key, class, title, help)                                                                       \
    case ORDER_##id:                                                                                                   \
        action_run_##id(a);                                                                                            \
        return;
#define action_run_TEST action_run_test
#include "backend/orders.def"
#undef ORDER
    case ORDER_KINDS:
        break;
    }
    action_finish(a, ORDER_REFUSED, "no such order");
}

/* ------------------------------------------------------------- publishing */

static struct entry *find_locked(struct actions *a, uint64_t id)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->entries[i].view.id == id)
            return &a->entries[i];
    return NULL;
}

/* The whole list, as it stands. */
static struct orders_snap *snapshot_locked(struct actions *a)
{
    struct orders_snap *s = mem_new(sizeof *s);
    atomic_init(&s->snap.refs, 1);
    s->snap.destroy = watch_destroy_flat;
    s->n = a->n;
    for (size_t i = 0; i < a->n; i++)
        s->orders[i] = a->entries[i].view;
    return s;
}

static void publish(struct actions *a)
{
    pthread_mutex_lock(&a->lock);
    struct orders_snap *s = snapshot_locked(a);
    snapbox_put(a->s.watch->box, a->s.slot, &s->snap);   /* the one lock taken under this one, as in the follower */
    pthread_mutex_unlock(&a->lock);
}

void action_publish(struct action *a)
{
    pthread_mutex_lock(&a->all->lock);
    struct entry *e = find_locked(a->all, a->view.id);
    if (e != NULL)
        e->view = a->view;
    pthread_mutex_unlock(&a->all->lock);
    publish(a->all);
}

void action_begin(struct action *a, const char *step)
{
    ASSERT(a->view.nsteps < ORDER_STEPS);
    struct order_step *s = &a->view.steps[a->view.nsteps++];
    *s = (struct order_step){.state = STEP_RUNNING, .began_wall_ms = clock_wall_ms(a->watch->clock), .took_ms = -1};
    (void)str_copy(s->name, sizeof s->name, step);
    action_publish(a);
}

void action_end(struct action *a, enum step_state state, const char *fmt, ...)
{
    ASSERT(a->view.nsteps > 0);
    struct order_step *s = &a->view.steps[a->view.nsteps - 1];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(s->words, sizeof s->words, fmt, args);
    va_end(args);
    s->state = state;
    s->took_ms = (int32_t)(clock_wall_ms(a->watch->clock) - s->began_wall_ms);
    action_publish(a);
}

void action_finish(struct action *a, enum order_state state, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(a->view.words, sizeof a->view.words, fmt, args);
    va_end(args);
    a->view.state = state;
    a->view.cancellable = false;
    a->view.ended_wall_ms = clock_wall_ms(a->watch->clock);
    action_publish(a);
}

void action_cancellable(struct action *a, bool safe)
{
    a->view.cancellable = safe;
    action_publish(a);
}

/* ---------------------------------------------------------------- threads */

static bool is_open(const struct entry *e) { return e->view.state == ORDER_WAITING || e->view.state == ORDER_RUNNING; }

/* The oldest order that waits; false when the program stops. */
static bool take(struct actions *all, struct action *out)
{
    pthread_mutex_lock(&all->lock);
    struct entry *e = NULL;
    while (e == NULL && !cancel_is_set(all->s.watch->cancel)) {
        for (size_t i = 0; i < all->n; i++)
            if (!all->entries[i].taken && all->entries[i].view.state == ORDER_WAITING)
                e = &all->entries[i];
        if (e == NULL)
            pthread_cond_wait(&all->changed, &all->lock);
    }
    if (e != NULL) {
        e->taken = true;
        e->view.state = ORDER_RUNNING;
        out->view = e->view;
        out->cancel = e->cancel;
        out->order = e->order;
    }
    pthread_mutex_unlock(&all->lock);
    return e != NULL;
}

static void end(struct actions *all, uint64_t id)
{
    pthread_mutex_lock(&all->lock);
    struct entry *e = find_locked(all, id);
    struct cancel *c = e != NULL ? e->cancel : NULL;
    if (e != NULL)
        e->cancel = NULL;
    pthread_mutex_unlock(&all->lock);
    cancel_free(c);
}

static void *work(void *arg)
{
    struct actions *all = arg;
    struct action a = {.all = all, .watch = all->s.watch, .aws = aws_new(all->s.watch->gate)};
    while (take(all, &a)) {
        run(&a);
        end(all, a.view.id);
        all->s.refresh(all->s.ctx, a.view.env);
    }
    a.aws = aws_free(a.aws);
    return NULL;
}

struct actions *actions_new(const struct actions_settings *s)
{
    struct actions *a = mem_new(sizeof *a);
    a->s = *s;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->changed, NULL);
    return a;
}

enum err actions_start(struct actions *a, struct why *why)
{
    for (; a->nthreads < THREADS; a->nthreads++) {
        int failed = pthread_create(&a->threads[a->nthreads], NULL, work, a);
        if (failed != 0)
            return why_set(why, ERR_SYSTEM, "action thread %u: %s", a->nthreads + 1, strerror(failed));
        (void)pthread_setname_np(a->threads[a->nthreads], "action");
    }
    return ERR_OK;
}

struct actions *actions_stop(struct actions *a)
{
    if (a == NULL)
        return NULL;
    pthread_mutex_lock(&a->lock);
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->nthreads; i++)
        pthread_join(a->threads[i], NULL);
    for (size_t i = 0; i < a->n; i++)
        cancel_free(a->entries[i].cancel);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    free(a);
    return NULL;
}

/* ----------------------------------------------------------------- orders */

static enum err admit_locked(struct actions *a, enum order_kind kind, size_t env, struct why *why)
{
    const char *refusal = order_refusal(a->s.watch->audit, kind);
    size_t waiting = 0;
    if (refusal != NULL)
        return why_set(why, ERR_REFUSED_AUDIT, "%s: %s", order_title(kind), refusal);
    for (size_t i = 0; i < a->n; i++) {
        if (!is_open(&a->entries[i]))
            continue;
        waiting++;
        if (a->entries[i].view.env == env)
            return why_set(why, ERR_BUSY, "%s: an order on %s is under way", order_title(kind),
                           a->s.watch->conf->environments[env].name);
    }
    if (waiting >= QUEUE_MAX)
        return why_set(why, ERR_BUSY, "%s: %d orders are under way already", order_title(kind), QUEUE_MAX);
    return ERR_OK;
}

/* The oldest that has ended makes room; there is one, since few may be open. */
static void drop_oldest_locked(struct actions *a)
{
    for (size_t i = a->n; i > 0; i--)
        if (!is_open(&a->entries[i - 1]) && a->entries[i - 1].cancel == NULL) {
            memmove(&a->entries[i - 1], &a->entries[i], (a->n - i) * sizeof a->entries[0]);
            a->n--;
            return;
        }
    ASSERT(false);   /* at most QUEUE_MAX of ORDERS_KEPT are open */
}

uint64_t actions_submit(struct actions *a, const struct order *o, struct why *why)
{
    uint64_t id = 0;
    pthread_mutex_lock(&a->lock);
    if (admit_locked(a, o->kind, o->env, why) == ERR_OK) {
        if (a->n == ORDERS_KEPT)
            drop_oldest_locked(a);
        memmove(&a->entries[1], &a->entries[0], a->n * sizeof a->entries[0]);
        a->n++;
        id = ++a->last_id;
        a->entries[0] = (struct entry){.order = *o, .cancel = cancel_new(a->s.watch->cancel)};
        a->entries[0].view = (struct order_view){.id = id, .kind = o->kind, .env = o->env, .state = ORDER_WAITING,
                                                 .ordered_wall_ms = clock_wall_ms(a->s.watch->clock),
                                                 .ended_wall_ms = TIME_UNKNOWN, .cancellable = true};
        pthread_cond_signal(&a->changed);
    }
    pthread_mutex_unlock(&a->lock);
    if (id != 0)
        publish(a);
    return id;
}

bool actions_cancel(struct actions *a, uint64_t id)
{
    pthread_mutex_lock(&a->lock);
    struct entry *e = find_locked(a, id);
    bool ok = e != NULL && is_open(e) && e->view.cancellable && e->cancel != NULL;
    if (ok)
        cancel_trigger(e->cancel);
    pthread_mutex_unlock(&a->lock);
    return ok;
}
