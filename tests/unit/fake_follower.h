/* A follower of one log group, driven by hand against fake_logs.h. */
#ifndef CT_FAKE_FOLLOWER_H
#define CT_FAKE_FOLLOWER_H

#include "tests/unit/fake_logs.h"
#include "tests/unit/fake_watch.h"

struct fixture {
    struct fake_watch w;
    struct fake_logs logs;
    struct follower *follower;
    const struct log_snap *snap;
};

static int set_up(void **state)
{
    static const char *const groups[] = {"/aws/lambda/orders", NULL};
    struct fixture *x = mem_new(sizeof *x);
    fake_watch_init(&x->w, groups);
    fake_logs_init(&x->logs);
    x->w.fake.reply = fake_logs_reply;
    x->w.fake.ctx = &x->logs;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    snap_unref(x->snap);
    x->follower = follower_free(x->follower);
    fake_logs_clear(&x->logs);
    fake_watch_clear(&x->w);
    free(x);
    return 0;
}

/* By AWS's clock. */
static int64_t now(const struct fixture *x)
{
    return x->w.fake.wall_ms + x->logs.ahead_ms;
}

/* A line of the container at so many milliseconds before now. */
static inline void put(struct fixture *x, const char *stream, int64_t ago_ms, enum fake_line what, unsigned request)
{
    char text[256];
    fake_logs_put(&x->logs, now(x) - ago_ms, now(x) - ago_ms + 500, stream, fake_line(what, request, text));
}

static inline void wait_ms(int64_t ms)
{
    (void)cancel_wait_fd(NULL, -1, 0, clock_mono_ms(clock_real()) + ms);
}

static const struct log_snap *look(struct fixture *x)
{
    snap_unref(x->snap);
    x->snap = snapbox_get(x->w.watch.box, watch_slot(0, SLOT_LOGS));
    return x->snap;
}

/* The live lane until its round is over, then the backfill lanes until nothing is left. */
static inline const struct log_snap *run(struct fixture *x)
{
    int64_t delay;
    if (x->follower == NULL)
        x->follower = follower_new(&x->w.watch, 0);
    while ((delay = follower_turn(x->follower, x->w.worker.aws)) < FAKE_PERIOD_MS / 2)
        wait_ms(delay < 0 ? -1 - delay : delay); /* POOL_NOT_YET */
    for (int i = 0; i < 500 && (delay = follower_backfill_turn(x->follower, x->w.worker.aws)) >= 0; i++)
        wait_ms(delay < 100 ? delay : 100);
    fake_aws_forget_sent(&x->w.fake);
    return look(x);
}

static inline void expect_total(struct fixture *x, enum event_kind kind, uint64_t expected)
{
    const struct log_snap *s = look(x);
    if (s->total[kind] != expected)
        fail_msg("%s: %d, not %d", event_name(kind), (int)s->total[kind], (int)expected);
}

/* So many fetches, a second apart, the last one `ago_ms` before now. */
static inline void put_fetches(struct fixture *x, unsigned n, int64_t ago_ms)
{
    for (unsigned i = 0; i < n; i++)
        put(x, "s", ago_ms + 1000 * (int64_t)(n - 1 - i), FAKE_FETCH, i);
}

#endif
