/* One environment under watch: configuration, scripted AWS, box and clock. */
#ifndef CT_FAKE_WATCH_H
#define CT_FAKE_WATCH_H

#include "backend/watch/watch.h"
#include "tests/unit/fake_aws.h"
#include "tests/unit/fake_lambda.h"

#define FAKE_PERIOD_MS 10000000 /* so long that no wait for a quota is mistaken for it */

struct fake_watch {
    struct fake_aws fake;
    struct config conf;
    struct config_environment env;
    struct watch watch;
    struct watch_worker worker;
    const struct classifier *classifier;
    struct wake *wake;
};

static void fake_watch_init(struct fake_watch *x, const char *const *groups)
{
    fake_aws_init(&x->fake);
    x->env = (struct config_environment){.name = "prod",
                                         .mode = CONFIG_PRODUCTION,
                                         .region = "us-east-1", /* the widest quota */
                                         .endpoint_url = FAKE_URL,
                                         .secret = "prod/orders",
                                         .log_groups = groups};
    x->conf = (struct config){.secret_poll_ms = FAKE_PERIOD_MS,
                              .log_poll_ms = FAKE_PERIOD_MS,
                              .backfill_ms = 60 * 60000,
                              .call_deadline_ms = 300,
                              .nenvironments = 1,
                              .environments = &x->env};
    x->classifier = classifier_new(&fake_patterns);
    x->wake = wake_new();
    x->watch.conf = &x->conf;
    x->watch.gate = fake_gate(&x->fake, false);
    x->watch.clock = &x->fake.clock;
    x->watch.cancel = cancel_new(NULL);
    x->watch.box = snapbox_new(SLOTS + 1, x->wake);
    x->watch.classifiers = &x->classifier;
    atomic_init(&x->watch.focus, SIZE_MAX);
    x->worker = (struct watch_worker){.watch = &x->watch, .aws = aws_new(x->watch.gate)};
}

static void fake_watch_clear(struct fake_watch *x)
{
    x->worker.aws = aws_free(x->worker.aws);
    x->watch.box = snapbox_free(x->watch.box);
    x->watch.gate = aws_gate_free(x->watch.gate);
    x->watch.cancel = cancel_free(x->watch.cancel);
    x->wake = wake_free(x->wake);
    (void)classifier_free((struct classifier *)(uintptr_t)x->classifier);
    fake_aws_clear(&x->fake);
}

static inline void fake_watch_later(struct fake_watch *x, int64_t ms)
{
    x->fake.mono_ms += ms;
    x->fake.wall_ms += ms;
}

#endif
