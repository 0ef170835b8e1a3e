/* Names that never resolve: the deadline is kept, a cancel ends the wait at once, and so
 * many may hang and no more.  The name server is a function that waits until told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/login.h"
#include "backend/credentials/resolve.h"

#define DEADLINE_MS 150
#define SLACK_MS 500 /* of a busy machine */
#define BOUND 256

/* Of the name server below; a function that takes no context leaves no other place. */
static struct cancel *answers;
static atomic_int answered;
static int asked; /* threads there must have been */

static int64_t now_and(int64_t ms)
{
    return clock_mono_ms(clock_real()) + ms;
}

static int never(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
    (void)host, (void)service, (void)hints;
    (void)cancel_wait_fd(answers, -1, 0, now_and(60000));
    *out = NULL;
    atomic_fetch_add(&answered, 1);
    return EAI_AGAIN;
}

static enum err resolve(int64_t deadline_mono_ms, struct cancel *c, struct resolved *out, struct why *why)
{
    enum err err = resolve_host("db.example", 5432, deadline_mono_ms, c, out, why);
    asked += err != ERR_BUSY;
    return err;
}

static int begin(void **state)
{
    (void)state;
    answers = cancel_new(NULL);
    asked = 0;
    atomic_store(&answered, 0);
    resolve_use(never);
    return 0;
}

/* Nobody joins the threads: wait until each has been answered and the bound is free again. */
static int end(void **state)
{
    struct resolved r;
    struct why why;
    (void)state;
    cancel_trigger(answers);
    enum err err = ERR_BUSY;
    for (int i = 0; i < 500 && (err == ERR_BUSY || atomic_load(&answered) < asked); i++) {
        (void)cancel_wait_fd(NULL, -1, 0, now_and(10));
        if (err == ERR_BUSY)
            err = resolve(now_and(5000), NULL, &r, &why);
    }
    resolve_use(NULL);
    if (err != ERR_RESOLVE || atomic_load(&answered) != asked)
        return -1;
    answers = cancel_free(answers);
    return 0;
}

static void never__deadline__is_kept(void **state)
{
    struct resolved r;
    struct why why;
    (void)state;
    int64_t began = now_and(0);
    assert_int_equal(resolve(began + DEADLINE_MS, NULL, &r, &why), ERR_TIMEOUT);
    assert_in_range(now_and(0) - began, DEADLINE_MS - 20, DEADLINE_MS + SLACK_MS);
    assert_int_equal(r.n, 0);
    assert_non_null(strstr(why.text, "no answer from the name server for \"db.example\""));
}

static void never__numeric__needs_no_name_server(void **state)
{
    struct resolved r;
    struct why why;
    (void)state;
    assert_int_equal(resolve_host("127.0.0.1", 5432, now_and(DEADLINE_MS), NULL, &r, &why), ERR_OK);
    assert_int_equal(r.n, 1);
    assert_string_equal(r.text[0], "127.0.0.1");
    assert_int_equal(atomic_load(&answered), 0);
}

static void never__late_answer__is_told(void **state)
{
    struct resolved r;
    struct why why;
    (void)state;
    cancel_trigger(answers);
    assert_int_equal(resolve(now_and(5000), NULL, &r, &why), ERR_RESOLVE);
    assert_non_null(strstr(why.text, "\"db.example\": "));
    assert_non_null(strstr(why.text, gai_strerror(EAI_AGAIN)));
}

struct cancelling {
    struct cancel *c;
    int64_t at_mono_ms;
};

static void *trigger_soon(void *arg)
{
    struct cancelling *x = arg;
    (void)cancel_wait_fd(NULL, -1, 0, now_and(60));
    x->at_mono_ms = now_and(0);
    cancel_trigger(x->c);
    return NULL;
}

static void never__cancel__ends_it_at_once(void **state)
{
    struct resolved r;
    struct why why;
    pthread_t thread;
    struct cancelling x = {.c = cancel_new(NULL)};
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, trigger_soon, &x), 0);
    assert_int_equal(resolve(now_and(20000), x.c, &r, &why), ERR_CANCELLED);
    int64_t ended = now_and(0);
    pthread_join(thread, NULL);
    assert_in_range(ended - x.at_mono_ms, 0, 100);
    x.c = cancel_free(x.c);
}

static void never__login__fails_in_resolve(void **state)
{
    struct db_params p = {.port = 5432};
    struct login_result r;
    (void)state;
    (void)str_copy(p.host, sizeof p.host, "db.example");
    (void)str_copy(p.user, sizeof p.user, "app");
    (void)str_copy(p.dbname, sizeof p.dbname, "orders");
    p.password = secret_from("sekrit-password", 15);
    int64_t began = now_and(0);
    login_try(&p, DEADLINE_MS, NULL, &r);
    asked++;
    assert_in_range(now_and(0) - began, DEADLINE_MS - 20, DEADLINE_MS + SLACK_MS);
    assert_false(r.ok);
    assert_int_equal(r.failed, PHASE_RESOLVE);
    assert_int_equal(r.why.code, ERR_TIMEOUT);
    assert_int_equal(r.phase_us[PHASE_CONNECT], -1);
    db_params_clear(&p);
}

static void never__too_many__are_refused_with_words(void **state)
{
    struct resolved r;
    struct why why;
    (void)state;
    for (int i = 0; i < BOUND; i++)
        assert_int_equal(resolve(now_and(0), NULL, &r, &why), ERR_TIMEOUT);
    for (int i = 0; i < 2; i++) {   /* a refusal takes no place */
        int64_t began = now_and(0);
        assert_int_equal(resolve(began + 20000, NULL, &r, &why), ERR_BUSY);
        assert_in_range(now_and(0) - began, 0, SLACK_MS);
        assert_non_null(strstr(why.text, "256 names are being resolved already"));
    }
    assert_int_equal(resolve_host("127.0.0.1", 5432, now_and(DEADLINE_MS), NULL, &r, &why), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(never__deadline__is_kept, begin, end),
        cmocka_unit_test_setup_teardown(never__numeric__needs_no_name_server, begin, end),
        cmocka_unit_test_setup_teardown(never__late_answer__is_told, begin, end),
        cmocka_unit_test_setup_teardown(never__cancel__ends_it_at_once, begin, end),
        cmocka_unit_test_setup_teardown(never__too_many__are_refused_with_words, begin, end),
        cmocka_unit_test_setup_teardown(never__login__fails_in_resolve, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
