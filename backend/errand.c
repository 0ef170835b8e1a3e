#include "backend/errand.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "backend/actions/journal.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/wake.h"
#include "backend/journal_view.h"
#include "backend/watch/classifiers.h"
#include "backend/watch/pool.h"

#define EXTRA_THREADS_MAX 32
#define NEVER_MS (24LL * 60 * 60 * 1000)

struct errand {
    struct errand_settings set;
    struct watch watch;
    struct cancel *cancel;
    struct wake *wake;
    struct classifiers classifiers;
    struct aws_gate *gate;
    struct journal *journal; /* NULL: off */
    char journal_path[4096];
    struct pool *pool;
    atomic_bool *done; /* by item */
};

struct hand {
    struct errand *e;
    struct aws *aws;
}; /* a pool thread's */

static void *hand_new(void *ctx)
{
    struct hand *h = mem_new(sizeof *h);
    h->e = ctx;
    h->aws = aws_new(h->e->gate);
    return h;
}

static void hand_free(void *worker)
{
    struct hand *h = worker;
    h->aws = aws_free(h->aws);
    free(h);
}

static int64_t turn(void *worker, size_t item)
{
    struct hand *h = worker;
    struct errand *e = h->e;
    if (!atomic_load(&e->done[item])) {
        e->set.run(e->set.ctx, &e->watch, h->aws, item);
        atomic_store(&e->done[item], true);
        wake_ring(e->wake);
    }
    return NEVER_MS;
}

/* Before anything is sent that reveals. */
static enum err journal_call(void *ctx, const struct aws_op_row *row, const struct aws_target *t, const char *resource,
                             struct why *why)
{
    struct errand *e = ctx;
    char words[64];
    (void)t;
    (void)str_fmt(words, sizeof words, "credtop %s asks once", e->set.name);
    struct journal_entry entry = {.kind = JOURNAL_CALL, .operation = row->name, .resource = resource, .words = words};
    return journal_write(e->journal, &entry, why);
}

static void open_journal(struct errand *e)
{
    const struct config *conf = e->set.conf;
    if (conf->journal != NULL && strcmp(conf->journal, "off") == 0)
        return;
    bool placed = journal_place(conf->journal, e->journal_path, sizeof e->journal_path, NULL);
    e->journal = journal_new(&(struct journal_settings){.path = placed ? e->journal_path : NULL,
                                                        .syslog = conf->syslog,
                                                        .audit = e->set.audit,
                                                        .clock = clock_real(),
                                                        .cancel = e->cancel});
}

struct errand *errand_start(const struct errand_settings *s, struct why *why)
{
    (void)signal(SIGPIPE, SIG_IGN); /* sockets break; they must not end the program */
    json_global_init();
    transport_curl_global_init();
    struct errand *e = mem_new(sizeof *e);
    e->set = *s;
    e->cancel = cancel_new(NULL);
    e->wake = wake_new();
    if (e->cancel == NULL || e->wake == NULL) {
        (void)why_set(why, ERR_SYSTEM, "no descriptor to wake threads by: %s", strerror(errno));
        wake_free(e->wake);
        cancel_free(e->cancel);
        free(e);
        return NULL;
    }
    e->done = mem_array(s->items > 0 ? s->items : 1, sizeof *e->done);
    classifiers_init(&e->classifiers, s->conf);
    open_journal(e);
    e->gate = aws_gate_new(&(struct aws_gate_settings){.audit = s->audit,
                                                       .clock = clock_real(),
                                                       .quota_share = s->conf->quota_percent / 100.0,
                                                       .journal = e->journal != NULL ? journal_call : NULL,
                                                       .journal_ctx = e});
    e->watch = (struct watch){.conf = s->conf,
                              .gate = e->gate,
                              .clock = clock_real(),
                              .cancel = e->cancel,
                              .classifiers = e->classifiers.of,
                              .audit = s->audit};
    struct pool_settings pool = {.name = s->name,
                                 .threads = s->threads,
                                 .extra_max = EXTRA_THREADS_MAX,
                                 .items = s->items,
                                 .worker_new = hand_new,
                                 .worker_free = hand_free,
                                 .turn = turn,
                                 .ctx = e,
                                 .cancel = e->cancel};
    e->pool = pool_new(&pool);
    return pool_start(e->pool, why) == ERR_OK ? e : errand_stop(e);
}

int errand_wake_fd(const struct errand *e)
{
    return wake_fd(e->wake);
}

void errand_wake_drain(struct errand *e)
{
    wake_drain(e->wake);
}

bool errand_is_done(const struct errand *e, size_t item)
{
    return atomic_load(&e->done[item]);
}

bool errand_skew_ms(const struct errand *e, int64_t *out)
{
    struct aws_meter meter;
    aws_gate_meter(e->gate, &meter);
    *out = meter.skew_ms;
    return meter.total > meter.failed;
}

struct errand *errand_stop(struct errand *e)
{
    if (e == NULL)
        return NULL;
    cancel_trigger(e->cancel);
    e->pool = pool_stop(e->pool);
    e->gate = aws_gate_free(e->gate);
    e->journal = journal_free(e->journal);
    classifiers_clear(&e->classifiers);
    e->wake = wake_free(e->wake);
    e->cancel = cancel_free(e->cancel);
    free(e->done);
    free(e);
    return NULL;
}
