/* The way of an MFA code: asked once, answered, turned down, cancelled, and only one
 * thread waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "backend/base/mem.h"
#include "backend/mfa.h"

struct fixture {
    struct wake *wake;
    struct mfa *mfa;
    struct cancel *cancel;
    pthread_t thread;
    enum err err;
    struct why why;
    char code[MFA_CODE_MAX + 1];
};

static const struct mfa_question question = {"arn:aws:iam::1:mfa/me\033[2J", "arn:aws:iam::1:role/ops"};

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    x->wake = wake_new();
    x->mfa = mfa_new(x->wake);
    x->cancel = cancel_new(NULL);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    x->mfa = mfa_free(x->mfa);
    x->wake = wake_free(x->wake);
    x->cancel = cancel_free(x->cancel);
    free(x);
    return 0;
}

static void *ask(void *arg)
{
    struct fixture *x = arg;
    x->err = mfa_ask(x->mfa, &question, x->code, x->cancel, &x->why);
    return NULL;
}

/* Begins to ask, and waits until the main thread would know. */
static void begin(struct fixture *x, struct mfa_view *v)
{
    struct pollfd p = {.fd = wake_fd(x->wake), .events = POLLIN};
    assert_int_equal(pthread_create(&x->thread, NULL, ask, x), 0);
    assert_int_equal(poll(&p, 1, 5000), 1);
    wake_drain(x->wake);
    assert_true(mfa_wanted(x->mfa, v));
}

static void end(struct fixture *x)
{
    assert_int_equal(pthread_join(x->thread, NULL), 0);
}

static void mfa__answer__reaches_who_asked(void **state)
{
    struct fixture *x = *state;
    struct mfa_view v;
    assert_false(mfa_wanted(x->mfa, &v));
    begin(x, &v);
    assert_string_equal(v.serial, "arn:aws:iam::1:mfa/me\\x1B[2J");
    assert_string_equal(v.role, question.role_arn);
    assert_false(mfa_answer(x->mfa, v.id, "12345"));
    assert_false(mfa_answer(x->mfa, v.id, "1234567"));
    assert_false(mfa_answer(x->mfa, v.id, "12345a"));
    assert_false(mfa_answer(x->mfa, v.id, ""));
    assert_false(mfa_answer(x->mfa, v.id + 1, "123456"));
    assert_true(mfa_answer(x->mfa, v.id, "123456"));
    assert_false(mfa_answer(x->mfa, v.id, "654321"));   /* one is enough */
    end(x);
    assert_int_equal(x->err, ERR_OK);
    assert_string_equal(x->code, "123456");
    assert_false(mfa_wanted(x->mfa, &v));
}

static void mfa__turned_down__is_not_asked_again_before_it_is_wanted(void **state)
{
    struct fixture *x = *state;
    struct mfa_view v, next;
    begin(x, &v);
    assert_true(mfa_answer(x->mfa, v.id, NULL));
    end(x);
    assert_int_equal(x->err, ERR_NO_CREDENTIALS);
    assert_non_null(strstr(x->why.text, "a refresh asks again"));
    assert_string_equal(x->code, "");
    ask(x);   /* returns at once */
    assert_int_equal(x->err, ERR_NO_CREDENTIALS);
    assert_false(mfa_wanted(x->mfa, &next));
    mfa_again(x->mfa);
    wake_drain(x->wake);
    begin(x, &next);
    assert_true(next.id != v.id);
    assert_true(mfa_answer(x->mfa, next.id, "000000"));
    end(x);
    assert_int_equal(x->err, ERR_OK);
}

static void mfa__ask__only_one_thread_waits(void **state)
{
    struct fixture *x = *state;
    struct mfa_view v;
    struct why why;
    char code[MFA_CODE_MAX + 1];
    begin(x, &v);
    assert_int_equal(mfa_ask(x->mfa, &(struct mfa_question){"other", "r"}, code, x->cancel, &why), ERR_BUSY);
    assert_true(mfa_answer(x->mfa, v.id, "123456"));
    end(x);
    assert_int_equal(x->err, ERR_OK);
}

static void mfa__ask__ends_at_the_cancel(void **state)
{
    struct fixture *x = *state;
    struct mfa_view v;
    begin(x, &v);
    cancel_trigger(x->cancel);
    end(x);
    assert_int_equal(x->err, ERR_CANCELLED);
    assert_false(mfa_wanted(x->mfa, &v));
    assert_false(mfa_answer(x->mfa, v.id, "123456"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(mfa__answer__reaches_who_asked),
        CASE(mfa__turned_down__is_not_asked_again_before_it_is_wanted),
        CASE(mfa__ask__only_one_thread_waits),
        CASE(mfa__ask__ends_at_the_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
