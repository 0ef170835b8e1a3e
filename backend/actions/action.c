#include "backend/actions/action.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define THREADS 4
#define QUEUE_MAX 16

struct entry {
    struct order_view view;
    struct order order;
    struct cancel *cancel; /* NULL once ended */
    bool taken;
};

/* Refused when it was submitted, and to be journaled: not by the main thread, which does
 * not wait for disks. */
struct refusal {
    struct order order;
    char words[200];
};

struct actions {
    struct actions_settings s; /* fixed */
    pthread_t threads[THREADS];
    unsigned nthreads;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* guarded by lock */
    struct entry entries[ORDERS_KEPT]; /* newest first */
    size_t n;
    uint64_t last_id;
    struct refusal refusals[QUEUE_MAX]; /* oldest first */
    size_t nrefusals;
    struct psql_start psql; /* not taken yet; fd -1: none */
};

static void run(struct action *a)
{
    switch (a->view.kind) {
#define ORDER(id, name, key, class, title, help)                                                                       \
    case ORDER_##id:                                                                                                   \
        action_run_##id(a);                                                                                            \
        return;
#define action_run_PSQL action_run_psql
#define action_run_TEST action_run_test
#define action_run_ROTATE action_run_rotate
#define action_run_FINISH action_run_finish
#define action_run_CANCEL_ROTATION action_run_cancel
#define action_run_RECYCLE action_run_recycle
#define action_run_ROLL_BACK action_run_roll_back
#include "backend/orders.def"
#undef ORDER
    case ORDER_KINDS:
        break;
    }
    action_finish(a, ORDER_REFUSED, "no such order");
}

/* ---------------------------------------------------------------- journal */

/* What an order is about, where a line does not say it. */
static const char *resource_of(const struct config_environment *conf, enum order_kind kind)
{
    return kind == ORDER_RECYCLE ? conf->function : conf->secret;
}

static enum err journal_of(struct actions *all, const struct order *o, struct journal_entry e, struct why *why)
{
    const struct config_environment *conf = &all->s.watch->conf->environments[o->env];
    char keys[sizeof((struct action *)0)->keys];
    if (all->s.journal == NULL)
        return ERR_OK;
    all->s.caller(all->s.ctx, o->env, keys, sizeof keys);
    e.env = conf->name;
    e.order_name = order_name(o->kind);
    e.resource = e.resource == NULL ? resource_of(conf, o->kind) : e.resource;
    e.keys = keys;
    return journal_write(all->s.journal, &e, why);
}

static enum err journal_action(struct action *a, enum journal_kind kind, const char *step, const char *words,
                               struct why *why)
{
    const char *request_id = aws_request_id(a->aws);
    bool known = strcmp(request_id, a->last_request_id) == 0; /* of an earlier step: this one sent nothing */
    (void)str_copy(a->last_request_id, sizeof a->last_request_id, request_id);
    return journal_of(a->all, &a->order,
                      (struct journal_entry){.kind = kind,
                                             .order = a->view.id,
                                             .operation = step,
                                             .version_before = a->version_before,
                                             .version_after = a->version_after,
                                             .request_id = known ? "" : request_id,
                                             .words = words},
                      why);
}

enum err action_tell(struct action *a, const char *operation, const char *resource, struct why *why)
{
    return journal_of(a->all, &a->order,
                      (struct journal_entry){.kind = JOURNAL_CALL,
                                             .order = a->view.id,
                                             .operation = operation,
                                             .resource = resource,
                                             .version_before = a->version_before,
                                             .version_after = a->version_after},
                      why);
}

enum err action_tell_plan(struct action *a, struct why *why)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < a->view.plan.nlines && err == ERR_OK; i++)
        err = journal_of(a->all, &a->order,
                         (struct journal_entry){.kind = JOURNAL_PLAN,
                                                .order = a->view.id,
                                                .version_before = a->version_before,
                                                .version_after = a->version_after,
                                                .words = a->view.plan.lines[i].text},
                         why);
    return err;
}

/* It has happened, whether or not it can be written. */
static void journal_fact(struct action *a, enum journal_kind kind, const char *step, const char *state,
                         const char *words)
{
    struct why why = {0};
    char line[300];
    (void)str_fmt(line, sizeof line, "%s%s%s", state, words[0] != '\0' ? ": " : "", words);
    if (journal_action(a, kind, step, line, &why) == ERR_OK)
        return;
    a->unjournaled++;
    log_line(LOG_ERROR, "order %llu: %s: not journaled: %s", (unsigned long long)a->view.id, line, why.text);
}

static const char *step_word(enum step_state state)
{
    static const char *const words[] = {
        [STEP_WAITING] = "waiting", [STEP_RUNNING] = "running", [STEP_DONE] = "done",
        [STEP_FAILED] = "failed",   [STEP_SKIPPED] = "skipped", [STEP_UNKNOWN] = "unknown"};
    return (unsigned)state < ARRAY_LEN(words) ? words[state] : "?";
}

struct aws_target action_target(struct action *a)
{
    struct aws_target t = watch_target(a->watch, a->view.env);
    t.order = &a->mark;
    t.name = a->watch->conf->environments[a->view.env].function;
    return t;
}

enum err action_confirmed(const struct config_environment *conf, const struct order *o, struct why *why)
{
    if (conf->protect && strcmp(o->confirmed, conf->name) != 0)
        return why_set(why, ERR_INVALID, "protect = yes: the environment's name must be typed");
    return ERR_OK;
}

void action_versions(struct action *a, const char *before, const char *after)
{
    (void)str_copy(a->version_before, sizeof a->version_before, before);
    (void)str_copy(a->version_after, sizeof a->version_after, after);
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
    snapbox_put(a->s.watch->box, a->s.slot, &s->snap); /* the one lock taken under this one, as in the follower */
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
    a->step_mono_ms = clock_mono_ms(a->watch->clock);
    (void)str_copy(s->name, sizeof s->name, step);
    action_publish(a);
}

/* Names of users and hosts come from secrets: foreign bytes, made safe here for the screen,
 * the terminal of a command, and the journal. */
static void put_words(char *out, size_t size, const char *fmt, va_list args) FORMAT(3, 0);
static void put_words(char *out, size_t size, const char *fmt, va_list args)
{
    char raw[1024];
    (void)vsnprintf(raw, sizeof raw, fmt, args);
    (void)text_safe(out, size, raw, strlen(raw));
}

void action_end(struct action *a, enum step_state state, const char *fmt, ...)
{
    ASSERT(a->view.nsteps > 0);
    struct order_step *s = &a->view.steps[a->view.nsteps - 1];
    va_list args;
    va_start(args, fmt);
    put_words(s->words, sizeof s->words, fmt, args);
    va_end(args);
    s->state = state;
    s->took_ms = (int32_t)(clock_mono_ms(a->watch->clock) - a->step_mono_ms);
    journal_fact(a, JOURNAL_STEP, s->name, step_word(state), s->words);
    action_publish(a);
}

void action_finish(struct action *a, enum order_state state, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    put_words(a->view.words, sizeof a->view.words, fmt, args);
    va_end(args);
    journal_fact(a, state == ORDER_REFUSED ? JOURNAL_REFUSED : JOURNAL_OUTCOME, NULL,
                 a->order.dry_run && state == ORDER_DONE ? "planned" : order_state_word(state), a->view.words);
    size_t n = strlen(a->view.words);
    if (a->unjournaled > 0)
        (void)str_fmt(a->view.words + n, sizeof a->view.words - n, "; %u lines are missing in the journal",
                      a->unjournaled);
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

static bool is_open(const struct entry *e)
{
    return e->view.state == ORDER_WAITING || e->view.state == ORDER_RUNNING;
}

enum work { WORK_NONE, WORK_ORDER, WORK_REFUSAL };

/* The oldest refusal, else the oldest order that waits; WORK_NONE when the program stops. */
static enum work take(struct actions *all, struct action *out, struct refusal *out_refusal)
{
    pthread_mutex_lock(&all->lock);
    struct entry *e = NULL;
    while (e == NULL && all->nrefusals == 0 && !cancel_is_set(all->s.watch->cancel)) {
        for (size_t i = 0; i < all->n; i++)
            if (!all->entries[i].taken && all->entries[i].view.state == ORDER_WAITING)
                e = &all->entries[i];
        if (e == NULL)
            pthread_cond_wait(&all->changed, &all->lock);
    }
    bool is_refusal = all->nrefusals > 0;
    if (is_refusal) {
        *out_refusal = all->refusals[0];
        memmove(&all->refusals[0], &all->refusals[1], --all->nrefusals * sizeof all->refusals[0]);
    } else if (e != NULL) {
        e->taken = true;
        e->view.state = ORDER_RUNNING;
        out->view = e->view;
        out->cancel = e->cancel;
        out->order = e->order;
    }
    pthread_mutex_unlock(&all->lock);
    return is_refusal ? WORK_REFUSAL : e != NULL ? WORK_ORDER : WORK_NONE;
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

/* An order whose first line cannot be written is not begun. */
static void carry_out(struct action *a)
{
    struct why why = {0};
    action_versions(a, a->order.seen_version, "");
    (void)str_copy(a->last_request_id, sizeof a->last_request_id, aws_request_id(a->aws));
    a->unjournaled = 0;
    if (a->all->s.journal != NULL)
        a->all->s.caller(a->all->s.ctx, a->order.env, a->keys, sizeof a->keys);
    a->mark = (struct aws_order){.id = a->view.id,
                                 .name = order_name(a->order.kind),
                                 .env = a->watch->conf->environments[a->order.env].name,
                                 .keys = a->keys,
                                 .version_before = a->version_before,
                                 .version_after = a->version_after};
    if (journal_action(a, JOURNAL_ORDER, NULL, a->order.stage, &why) == ERR_OK)
        run(a);
    else
        action_finish(a, ORDER_REFUSED, "%s; nothing was sent", why.text);
}

static void journal_refusal(struct actions *all, const struct refusal *r)
{
    struct why why = {0};
    struct journal_entry e = {.kind = JOURNAL_REFUSED, .version_before = r->order.seen_version, .words = r->words};
    if (journal_of(all, &r->order, e, &why) != ERR_OK)
        log_line(LOG_ERROR, "refused: %s: not journaled: %s", r->words, why.text);
}

static void *work(void *arg)
{
    struct actions *all = arg;
    struct action a = {.all = all, .watch = all->s.watch, .aws = aws_new(all->s.watch->gate)};
    struct refusal refusal;
    for (;;) {
        switch (take(all, &a, &refusal)) {
        case WORK_ORDER:
            carry_out(&a);
            end(all, a.view.id);
            all->s.refresh(all->s.ctx, a.view.env);
            continue;
        case WORK_REFUSAL:
            journal_refusal(all, &refusal);
            continue;
        case WORK_NONE:
            break;
        }
        break;
    }
    a.aws = aws_free(a.aws);
    return NULL;
}

struct actions *actions_new(const struct actions_settings *s)
{
    struct actions *a = mem_new(sizeof *a);
    a->s = *s;
    a->psql.fd = -1;
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
    if (a->psql.fd >= 0)
        close(a->psql.fd);
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
    ASSERT(false); /* at most QUEUE_MAX of ORDERS_KEPT are open */
}

static void refuse_locked(struct actions *a, const struct order *o, const char *words)
{
    if (a->nrefusals == QUEUE_MAX) { /* the journal stands still */
        log_line(LOG_ERROR, "refused: %s: not journaled: %d refusals wait already", words, QUEUE_MAX);
        return;
    }
    struct refusal *r = &a->refusals[a->nrefusals++];
    r->order = *o;
    (void)str_copy(r->words, sizeof r->words, words);
    pthread_cond_signal(&a->changed);
}

uint64_t actions_submit(struct actions *a, const struct order *o, struct why *why)
{
    uint64_t id = 0;
    struct why refused = {0};
    struct cancel *cancel = cancel_new(a->s.watch->cancel);
    pthread_mutex_lock(&a->lock);
    enum err err = cancel != NULL
                       ? admit_locked(a, o->kind, o->env, &refused)
                       : why_set(&refused, ERR_SYSTEM, "no descriptor left to stop it by: %s", strerror(errno));
    if (err != ERR_OK) {
        cancel = cancel_free(cancel);
        refuse_locked(a, o, refused.text);
        if (why != NULL)
            *why = refused;
    } else {
        if (a->n == ORDERS_KEPT)
            drop_oldest_locked(a);
        memmove(&a->entries[1], &a->entries[0], a->n * sizeof a->entries[0]);
        a->n++;
        id = ++a->last_id;
        a->entries[0] = (struct entry){.order = *o, .cancel = cancel};
        a->entries[0].view = (struct order_view){.id = id,
                                                 .kind = o->kind,
                                                 .env = o->env,
                                                 .dry_run = o->dry_run,
                                                 .state = ORDER_WAITING,
                                                 .ordered_wall_ms = clock_wall_ms(a->s.watch->clock),
                                                 .ended_wall_ms = TIME_UNKNOWN,
                                                 .cancellable = true};
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

/* -------------------------------------------------------------- hand-over */

void action_hand_over(struct action *a, const struct psql_start *start)
{
    pthread_mutex_lock(&a->all->lock);
    int older = a->all->psql.fd;
    a->all->psql = *start;
    a->all->psql.order = a->view.id;
    pthread_mutex_unlock(&a->all->lock);
    if (older >= 0)
        close(older);
}

bool actions_psql_take(struct actions *a, uint64_t id, struct psql_start *out)
{
    pthread_mutex_lock(&a->lock);
    bool ok = a->psql.fd >= 0 && a->psql.order == id;
    if (ok) {
        *out = a->psql;
        a->psql.fd = -1;
    }
    pthread_mutex_unlock(&a->lock);
    return ok;
}
