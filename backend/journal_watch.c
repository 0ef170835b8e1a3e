#include "backend/journal_watch.h"

#include <stdatomic.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/watch/pool.h"

#define LOOK_MS 1000
/* The whole chain is verified when lines came: at once while that is cheap, then once a minute. */
#define VERIFY_MS (60 * 1000)
#define VERIFY_CHEAP 5000
#define IDLE_MS (24LL * 60 * 60 * 1000)

struct journal_watch {
    struct journal_watch_settings s; /* fixed */
    struct pool *pool;
    atomic_bool wanted, again;

    /* The pool's thread alone. */
    struct journal_reader *reader; /* follows; NULL before the first line */
    struct journal_row *rows;      /* a ring of JOURNAL_ROWS */
    uint64_t lines, published;     /* read so far; in the last snapshot */
    uint64_t strange;              /* among them no lines of a journal */
    bool told;                     /* a snapshot was published */
    struct why why;                /* of the last one */
    struct journal_report report;
    int64_t verified_wall_ms, verified_mono_ms; /* -1 never */
};

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static void read_on(struct journal_watch *w)
{
    struct journal_text t;
    struct journal_row row;
    while (!cancel_is_set(w->s.cancel) && journal_reader_next(w->reader, &t)) {
        if (journal_row_read(t.bytes, t.n, &row)) /* half a row must not take the place of the oldest */
            w->rows[w->lines++ % JOURNAL_ROWS] = row;
        else
            w->strange++;
    }
}

static void verify(struct journal_watch *w)
{
    struct why why = {0};
    struct journal_report *r = mem_new(sizeof *r);
    if (journal_verify(w->s.path, NULL, w->s.cancel, r, &why) == ERR_OK) {
        w->report = *r;
        w->verified_wall_ms = clock_wall_ms(w->s.clock);
    }
    w->verified_mono_ms = now_ms();
    free(r);
}

static void destroy(struct snap *s)
{
    free(s);
}

static void publish(struct journal_watch *w)
{
    size_t n = w->lines < JOURNAL_ROWS ? (size_t)w->lines : JOURNAL_ROWS;
    struct journal_snap *s = mem_new(sizeof *s + n * sizeof s->rows[0]);
    atomic_init(&s->snap.refs, 1);
    s->snap.destroy = destroy;
    s->snap.why = w->why;
    (void)str_copy(s->path, sizeof s->path, w->s.path);
    s->lines = w->lines;
    s->strange = w->strange;
    s->verified_wall_ms = w->verified_wall_ms;
    s->report = w->report;
    s->n = n;
    for (size_t i = 0; i < n; i++)
        s->rows[i] = w->rows[(w->lines - 1 - i) % JOURNAL_ROWS];
    w->told = true;
    w->published = w->lines + w->strange;
    snapbox_put(w->s.box, w->s.slot, &s->snap);
}

/* No journal yet is no trouble: its first line comes with the first order. */
static bool open_it(struct journal_watch *w)
{
    enum err before = w->why.code;
    if (w->reader != NULL)
        return true;
    w->why = (struct why){0};
    w->reader = journal_reader_new(w->s.path, true, w->s.cancel, &w->why);
    if (w->reader == NULL && (!w->told || before != w->why.code) && w->why.code != ERR_CANCELLED)
        publish(w);
    return w->reader != NULL;
}

static int64_t turn(void *worker, size_t item)
{
    struct journal_watch *w = worker;
    (void)item;
    if (!atomic_load(&w->wanted))
        return IDLE_MS;
    if (!open_it(w))
        return LOOK_MS;
    read_on(w);
    bool again = atomic_exchange(&w->again, false);
    bool more = !w->told || w->why.code != ERR_OK || w->lines + w->strange != w->published;
    bool due = w->lines < VERIFY_CHEAP || now_ms() - w->verified_mono_ms >= VERIFY_MS;
    if (again || w->verified_mono_ms < 0 || (more && due)) {
        verify(w);
        more = true;
    }
    if (more && !cancel_is_set(w->s.cancel))
        publish(w);
    return LOOK_MS;
}

static void *worker_new(void *ctx)
{
    return ctx;
}

static void worker_free(void *worker)
{
    (void)worker;
}

struct journal_watch *journal_watch_new(const struct journal_watch_settings *s)
{
    struct journal_watch *w = mem_new(sizeof *w);
    w->s = *s;
    w->verified_wall_ms = w->verified_mono_ms = -1;
    w->rows = mem_array(JOURNAL_ROWS, sizeof *w->rows);
    w->pool = pool_new(&(struct pool_settings){.name = "journal",
                                               .threads = 1,
                                               .items = 1,
                                               .worker_new = worker_new,
                                               .worker_free = worker_free,
                                               .turn = turn,
                                               .ctx = w,
                                               .cancel = s->cancel});
    return w;
}

enum err journal_watch_start(struct journal_watch *w, struct why *why)
{
    return pool_start(w->pool, why);
}

struct journal_watch *journal_watch_stop(struct journal_watch *w)
{
    if (w == NULL)
        return NULL;
    w->pool = pool_stop(w->pool);
    w->reader = journal_reader_free(w->reader);
    free(w->rows);
    free(w);
    return NULL;
}

void journal_watch_look(struct journal_watch *w, bool wanted)
{
    if (w != NULL && atomic_exchange(&w->wanted, wanted) != wanted && wanted)
        pool_nudge(w->pool, 0);
}

void journal_watch_again(struct journal_watch *w)
{
    if (w == NULL || !atomic_load(&w->wanted))
        return;
    atomic_store(&w->again, true);
    pool_nudge(w->pool, 0);
}
