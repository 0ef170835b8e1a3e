/* The cache of keys: who fetches, who waits, who goes on with old keys, what a failure
 * does, and what AWS's word that they have expired does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "backend/aws/identity_cache.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define MINUTE (60 * 1000)
#define STORM 32

struct asker {
    struct fixture *x;
    struct cancel *cancel;
    int64_t wait_ms;
    enum err err;
    struct why why;
    char id[129];
    int64_t took_ms;
};

struct fixture {
    _Atomic int64_t mono_ms, wall_ms;
    struct clock clock;
    struct identity_cache *cache;
    int64_t life_ms; /* of what is fetched; -1: for good */
    int64_t slow_ms; /* how long fetching takes, in truth */
    enum err fails;
    atomic_uint fetched;
    atomic_bool needed; /* as the last fetch was told */
    uint64_t generation;
    int64_t skew_ms;
    struct identity id;
    struct why why;
    struct asker askers[STORM];
};

static int64_t fake_mono(void *self)
{
    return ((struct fixture *)self)->mono_ms;
}

static int64_t fake_wall(void *self)
{
    return ((struct fixture *)self)->wall_ms;
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof(*x));

    x->mono_ms = 1000;
    x->wall_ms = INT64_C(1795530727000);
    x->clock = (struct clock){fake_mono, fake_wall, x};
    x->cache = identity_cache_new(&x->clock, 15000);
    x->life_ms = 60 * MINUTE;
    x->generation = 1;
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;

    identity_clear(&x->id);
    x->cache = identity_cache_free(x->cache);
    free(x);
    return 0;
}

static enum err fetch(void *ctx, bool needed, struct identity *out, struct why *why)
{
    struct fixture *x = ctx;
    unsigned n = atomic_fetch_add(&x->fetched, 1) + 1;

    atomic_store(&x->needed, needed);
    if (x->slow_ms > 0)
        (void)poll(NULL, 0, (int)x->slow_ms);
    if (x->fails)
        return why_set(why, x->fails, "fetch %u failed", n);
    (void)str_fmt(out->access_key_id, sizeof(out->access_key_id), "K%u", n);
    out->secret_access_key = secret_from(out->access_key_id, strlen(out->access_key_id));
    out->expires_wall_ms = x->life_ms < 0 ? -1 : x->wall_ms + x->skew_ms + x->life_ms;
    return ERR_OK;
}

static enum err get_named(struct fixture *x, const char *name, int64_t wait_ms, struct cancel *c, struct identity *id,
                          struct why *why)
{
    struct cache_ask ask = {.name = name,
                            .generation = x->generation,
                            .skew_ms = x->skew_ms,
                            .deadline_mono_ms = clock_mono_ms(clock_real()) + wait_ms,
                            .cancel = c,
                            .fetch = fetch,
                            .ctx = x};

    return identity_cache_get(x->cache, &ask, id, why);
}

static enum err get(struct fixture *x)
{
    identity_clear(&x->id);
    x->why = (struct why){0};
    return get_named(x, "n", 10000, NULL, &x->id, &x->why);
}

static void expect(struct fixture *x, const char *id)
{
    assert_int_equal(get(x), ERR_OK);
    assert_string_equal(x->id.access_key_id, id);
    assert_string_equal(secret_peek(x->id.secret_access_key, NULL), id);
}

static void pass(struct fixture *x, int64_t ms)
{
    x->mono_ms += ms;
    x->wall_ms += ms;
}

static void cache__keeps_keys_until_they_are_about_to_end(void **state)
{
    struct fixture *x = *state;

    expect(x, "K1");
    assert_true(x->needed);
    pass(x, 44 * MINUTE);
    expect(x, "K1");
    pass(x, 2 * MINUTE);
    expect(x, "K2");
    assert_false(x->needed);
    assert_int_equal(x->fetched, 2);
}

static void cache__keeps_keys_without_an_end(void **state)
{
    struct fixture *x = *state;

    x->life_ms = -1;
    expect(x, "K1");
    pass(x, INT64_C(1000) * 24 * 60 * MINUTE);
    expect(x, "K1");
    x->generation++; /* the files have changed */
    expect(x, "K2");
}

static void cache__knows_names_apart(void **state)
{
    struct fixture *x = *state;
    struct identity id = {0};

    expect(x, "K1");
    assert_int_equal(get_named(x, "other", 1000, NULL, &id, NULL), ERR_OK);
    assert_string_equal(id.access_key_id, "K2");
    identity_clear(&id);
    expect(x, "K1");
}

static void cache__judges_by_the_clock_of_aws(void **state)
{
    struct fixture *x = *state;

    expect(x, "K1");
    pass(x, MINUTE);
    expect(x, "K1");
    x->skew_ms = 50 * MINUTE; /* AWS's clock turns out to be ahead: nine minutes are left */
    expect(x, "K2");
    x->skew_ms = 0;
    expect(x, "K2");
}

static void cache__keeps_old_keys_while_a_fetch_fails(void **state)
{
    struct fixture *x = *state;

    expect(x, "K1");
    pass(x, 46 * MINUTE);
    x->fails = ERR_SERVICE;
    expect(x, "K1");
    assert_int_equal(x->fetched, 2);
    expect(x, "K1"); /* not tried again at once */
    assert_int_equal(x->fetched, 2);
    pass(x, MINUTE);
    expect(x, "K1");
    assert_int_equal(x->fetched, 3);
    pass(x, 13 * MINUTE); /* one second before the end they still do */
    x->wall_ms -= 1000;
    expect(x, "K1");
    x->wall_ms += 1000;
    pass(x, MINUTE);
    assert_int_equal(get(x), ERR_SERVICE);
    assert_non_null(strstr(x->why.text, "failed"));
    assert_null(x->id.secret_access_key);
    x->fails = ERR_OK;
    pass(x, 10 * MINUTE);
    expect(x, "K6");
}

static void cache__remembers_a_failure_for_a_while(void **state)
{
    struct fixture *x = *state;

    x->fails = ERR_DENIED;
    assert_int_equal(get(x), ERR_DENIED);
    assert_int_equal(get(x), ERR_DENIED);
    assert_string_equal(x->why.text, "fetch 1 failed");
    pass(x, 5000);
    assert_int_equal(get(x), ERR_DENIED);
    assert_string_equal(x->why.text, "fetch 2 failed");
    pass(x, 5000); /* longer each time */
    assert_int_equal(get(x), ERR_DENIED);
    assert_int_equal(x->fetched, 2);
    pass(x, 5000);
    assert_int_equal(get(x), ERR_DENIED);
    assert_int_equal(x->fetched, 3);
    x->generation++; /* somebody mended the file */
    x->fails = ERR_OK;
    expect(x, "K4");
    x->fails = ERR_CANCELLED; /* says nothing of the next try */
    x->generation++;
    assert_int_equal(get(x), ERR_CANCELLED);
    x->fails = ERR_OK;
    expect(x, "K6");
}

static void cache__of_short_lives_does_not_fetch_all_the_time(void **state)
{
    struct fixture *x = *state;

    x->life_ms = 4 * MINUTE;
    for (int i = 0; i < 240; i++) {
        assert_int_equal(get(x), ERR_OK);
        pass(x, 1000);
    }
    assert_true(x->fetched <= 3);
    x->life_ms = 8000; /* hardly worth having: still not one a call */
    x->generation++;
    x->fetched = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(get(x), ERR_OK);
        pass(x, 10);
    }
    assert_true(x->fetched <= 6);
}

static void cache__forgets_what_aws_calls_expired(void **state)
{
    struct fixture *x = *state;

    expect(x, "K1");
    identity_cache_forget(x->cache, "K0");
    expect(x, "K1");
    identity_cache_forget(x->cache, "K1");
    expect(x, "K2");
    assert_true(x->needed);
    identity_cache_forget(x->cache, "K2");
    x->fails = ERR_SERVICE;
    assert_int_equal(get(x), ERR_SERVICE); /* the old ones are no good */
}

/* ------------------------------------------------------------------ storms */

static void *ask(void *arg)
{
    struct asker *a = arg;
    struct identity id = {0};
    int64_t began = clock_mono_ms(clock_real());

    a->err = get_named(a->x, "n", a->wait_ms, a->cancel, &id, &a->why);
    (void)str_copy(a->id, sizeof(a->id), id.access_key_id);
    identity_clear(&id);
    a->took_ms = clock_mono_ms(clock_real()) - began;
    return NULL;
}

static void storm(struct fixture *x, struct asker *askers, size_t n, int64_t wait_ms)
{
    pthread_t threads[STORM];

    for (size_t i = 0; i < n; i++) {
        askers[i] = (struct asker){.x = x, .wait_ms = wait_ms};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &askers[i]), 0);
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void storm__fetches_once(void **state)
{
    struct fixture *x = *state;
    struct asker *askers = x->askers;

    x->slow_ms = 200;
    storm(x, askers, STORM, 10000);
    for (size_t i = 0; i < STORM; i++) {
        assert_int_equal(askers[i].err, ERR_OK);
        assert_string_equal(askers[i].id, "K1");
    }
    assert_int_equal(x->fetched, 1);
}

static void storm__of_a_failure_fetches_once(void **state)
{
    struct fixture *x = *state;
    struct asker *askers = x->askers;

    x->slow_ms = 200;
    x->fails = ERR_DENIED;
    storm(x, askers, STORM, 10000);
    for (size_t i = 0; i < STORM; i++) {
        assert_int_equal(askers[i].err, ERR_DENIED);
        assert_string_equal(askers[i].why.text, "fetch 1 failed");
    }
    assert_int_equal(x->fetched, 1);
}

/* While one fetches, the others go on with keys that have a quarter of an hour... */
static void storm__goes_on_with_old_keys(void **state)
{
    struct fixture *x = *state;
    struct asker *askers = x->askers;
    size_t old = 0;

    expect(x, "K1");
    pass(x, 46 * MINUTE);
    x->slow_ms = 2000; /* longer than a busy machine takes to start the others */
    storm(x, askers, STORM, 10000);
    for (size_t i = 0; i < STORM; i++) {
        assert_int_equal(askers[i].err, ERR_OK);
        if (strcmp(askers[i].id, "K1") == 0) {
            assert_true(askers[i].took_ms < 1500);
            old++;
        }
    }
    assert_int_equal(old, STORM - 1);
    assert_int_equal(x->fetched, 2);
}

/* ...but wait when less than ten minutes are left. */
static void storm__waits_when_little_is_left(void **state)
{
    struct fixture *x = *state;
    struct asker *askers = x->askers;

    expect(x, "K1");
    pass(x, 51 * MINUTE);
    x->slow_ms = 200;
    storm(x, askers, STORM, 10000);
    for (size_t i = 0; i < STORM; i++)
        assert_string_equal(askers[i].id, "K2");
    assert_int_equal(x->fetched, 2);
}

static void wait__ends_at_its_deadline(void **state)
{
    struct fixture *x = *state;
    struct asker *askers = x->askers;
    size_t late = 0;

    x->slow_ms = 600;
    storm(x, askers, 4, 100);
    for (size_t i = 0; i < 4; i++) {
        late += askers[i].err == ERR_TIMEOUT;
        if (askers[i].err == ERR_TIMEOUT) {
            assert_non_null(strstr(askers[i].why.text, "still being fetched"));
            assert_true(askers[i].took_ms < 400);
        }
    }
    assert_int_equal(late, 3);
    assert_int_equal(x->fetched, 1);
}

/* Who comes late to a fetch that takes long does not wait for it. */
static void wait__is_not_for_what_takes_long(void **state)
{
    struct fixture *x = *state;
    struct asker fetcher = {.x = x, .wait_ms = 10000};
    pthread_t thread;
    int64_t began;

    x->cache = identity_cache_free(x->cache);
    x->cache = identity_cache_new(&x->clock, 200);
    x->slow_ms = 900;
    assert_int_equal(pthread_create(&thread, NULL, ask, &fetcher), 0);
    (void)poll(NULL, 0, 400);
    began = clock_mono_ms(clock_real());
    assert_int_equal(get(x), ERR_TIMEOUT);
    assert_true(clock_mono_ms(clock_real()) - began < 100);
    assert_int_equal(pthread_join(thread, NULL), 0);
    expect(x, "K1");
}

static void cache__tries_at_once_when_told_to(void **state)
{
    struct fixture *x = *state;

    x->fails = ERR_DENIED;
    assert_int_equal(get(x), ERR_DENIED);
    x->fails = ERR_OK;
    assert_int_equal(get(x), ERR_DENIED);
    identity_cache_retry(x->cache);
    expect(x, "K2");
}

static void wait__ends_at_the_cancel(void **state)
{
    struct fixture *x = *state;
    struct asker fetcher = {.x = x, .wait_ms = 10000}, waiter = {.x = x, .wait_ms = 10000};
    pthread_t threads[2];

    x->slow_ms = 800;
    waiter.cancel = cancel_new(NULL);
    assert_int_equal(pthread_create(&threads[0], NULL, ask, &fetcher), 0);
    while (x->fetched == 0)
        (void)poll(NULL, 0, 1);
    assert_int_equal(pthread_create(&threads[1], NULL, ask, &waiter), 0);
    (void)poll(NULL, 0, 100);
    cancel_trigger(waiter.cancel);
    assert_int_equal(pthread_join(threads[1], NULL), 0);
    assert_int_equal(waiter.err, ERR_CANCELLED);
    assert_true(waiter.took_ms < 500);
    assert_int_equal(pthread_join(threads[0], NULL), 0);
    assert_int_equal(fetcher.err, ERR_OK);
    waiter.cancel = cancel_free(waiter.cancel);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cache__keeps_keys_until_they_are_about_to_end),
        CASE(cache__keeps_keys_without_an_end),
        CASE(cache__knows_names_apart),
        CASE(cache__judges_by_the_clock_of_aws),
        CASE(cache__keeps_old_keys_while_a_fetch_fails),
        CASE(cache__remembers_a_failure_for_a_while),
        CASE(cache__of_short_lives_does_not_fetch_all_the_time),
        CASE(cache__forgets_what_aws_calls_expired),
        CASE(storm__fetches_once),
        CASE(storm__of_a_failure_fetches_once),
        CASE(storm__goes_on_with_old_keys),
        CASE(storm__waits_when_little_is_left),
        CASE(wait__ends_at_its_deadline),
        CASE(wait__ends_at_the_cancel),
        CASE(wait__is_not_for_what_takes_long),
        CASE(cache__tries_at_once_when_told_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
