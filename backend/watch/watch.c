#include "backend/watch/watch.h"

#include <openssl/rand.h>

#include "backend/base/mem.h"

struct aws_target watch_target(const struct watch *w, size_t env)
{
    const struct config_environment *e = &w->conf->environments[env];
    return (struct aws_target){
        .profile = e->profile,
        .region = e->region,
        .role_arn = e->role_arn,
        .external_id = e->external_id,
        .role_session_name = e->role_session_name,
        .endpoint_url = e->endpoint_url != NULL ? e->endpoint_url : w->conf->endpoint_url,
    };
}

void *watch_next(const struct watch *w, const struct snap *old, size_t size, void (*destroy)(struct snap *))
{
    struct snap *s = mem_new(size);
    if (old != NULL) {
        size_t counted = offsetof(struct snap, destroy); /* the count is not ours to read: others change it meanwhile */
        memcpy((char *)s + counted, (const char *)old + counted, size - counted);
    } else {
        s->good_mono_ms = s->good_wall_ms = s->failing_since_wall_ms = TIME_UNKNOWN;
    }
    atomic_init(&s->refs, 1);
    s->destroy = destroy;
    s->generation++;
    s->tried_mono_ms = clock_mono_ms(w->clock);
    return s;
}

void watch_close(const struct watch *w, struct snap *s, enum err err, const struct why *why, int64_t delay_ms)
{
    int64_t now = clock_mono_ms(w->clock), wall = clock_wall_ms(w->clock);
    s->tried_mono_ms = now;
    s->next_mono_ms = now + delay_ms;
    if (err == ERR_OK) {
        /* What the source manages: short quotas stretch it beyond what was asked for. */
        int64_t took = s->good_mono_ms != TIME_UNKNOWN && s->failures == 0 ? now - s->good_mono_ms : 0;
        s->period_ms = took > delay_ms ? took : delay_ms;
        s->good_mono_ms = now;
        s->good_wall_ms = wall;
        s->failing_since_wall_ms = TIME_UNKNOWN;
        s->failures = 0;
        s->why = (struct why){0};
        return;
    }
    if (s->failures++ == 0)
        s->failing_since_wall_ms = wall;
    s->why = *why;
}

void watch_put(const struct watch *w, size_t slot, const void *old, struct snap *s, enum err err)
{
    snap_unref(old);
    if (err == ERR_CANCELLED)
        snap_unref(s);
    else
        snapbox_put(w->box, slot, s);
}

void watch_destroy_flat(struct snap *s)
{
    free(s);
}

int64_t watch_delay(const struct snap *s, enum err err, int64_t period_ms)
{
    uint32_t r = 0;
    (void)RAND_bytes((unsigned char *)&r, sizeof r); /* jitter only */
    if (err == ERR_THROTTLED)
        period_ms *= s->failures < 2 ? 2 : 4;
    return period_ms - period_ms / 20 + (int64_t)((uint64_t)r * (uint64_t)(period_ms / 10) >> 32);
}

void *watch_worker_new(void *watch)
{
    struct watch_worker *worker = mem_new(sizeof *worker);
    worker->watch = watch;
    worker->aws = aws_new(worker->watch->gate);
    return worker;
}

void watch_worker_free(void *arg)
{
    struct watch_worker *worker = arg;
    worker->aws = aws_free(worker->aws);
    free(worker);
}
