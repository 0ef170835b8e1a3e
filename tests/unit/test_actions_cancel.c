/* CancelRotateSecret from the plan to the outcome, with AWS as a script: what is sent, what
 * is refused, and what an answer that was lost is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/actions/rotation.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/unit/fake_watch.h"

#define ARN "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/orders-AbCdEf"
#define ONE "11111111-0000-4000-8000-000000000000"
#define TWO "22222222-0000-4000-8000-000000000000"
#define CURRENT "\"" ONE "\":[\"AWSCURRENT\"]"
#define OPEN CURRENT ",\"" TWO "\":[\"AWSPENDING\"]"

struct fixture {
    struct fake_watch x;
    struct actions *all;
    struct action a;
    /* the secret */
    bool enabled;
    const char *labels, *more, *labels_after; /* after: once rotation is off */
    /* what CancelRotateSecret meets: the answers in turn */
    struct fake_answer cancel[8];
    size_t arrives_at; /* done when this one is asked, whatever it is answered; 0 never */
    size_t asked, described;
    size_t blind_from; /* DescribeSecret is denied from this one on; 0 never */
    char reply[1024];
};

static void reply(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fixture *x = f->ctx;
    if (strcmp(rq->op, "CancelRotateSecret") == 0) {
        ASSERT(x->asked < ARRAY_LEN(x->cancel));
        *out = x->cancel[x->asked++];
        bool fine = out->err == ERR_OK && out->status == 0;
        x->enabled = x->enabled && !fine && x->asked != x->arrives_at;
        return;
    }
    if (strcmp(rq->op, "DescribeSecret") != 0 || (x->blind_from > 0 && ++x->described >= x->blind_from)) {
        *out = (struct fake_answer){.status = 400, .body = "{\"__type\":\"AccessDeniedException\"}"};
        return;
    }
    bool after = !x->enabled && x->labels_after != NULL;
    (void)str_fmt(x->reply, sizeof x->reply, "{\"ARN\":\"" ARN "\",\"RotationEnabled\":%s,\"VersionIdsToStages\":{%s}%s}",
                  x->enabled ? "true" : "false", after ? x->labels_after : x->labels, x->more);
    out->body = x->reply;
}

static void nothing(void *ctx, size_t env)
{
    (void)ctx;
    (void)env;
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    fake_watch_init(&x->x, NULL);
    x->x.env.rotation = "auto";
    x->x.fake.reply = reply;
    x->x.fake.ctx = x;
    struct actions_settings s = {.watch = &x->x.watch, .slot = SLOTS, .refresh = nothing};
    x->all = actions_new(&s);
    x->a = (struct action){.all = x->all, .watch = &x->x.watch, .aws = x->x.worker.aws, .cancel = cancel_new(x->x.watch.cancel)};
    x->enabled = true;
    x->labels = OPEN;
    x->more = ",\"RotationRules\":{\"AutomaticallyAfterDays\":7}";
    x->cancel[0] = (struct fake_answer){.body = "{\"ARN\":\"" ARN "\"}"};
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    x->a.cancel = cancel_free(x->a.cancel);
    x->all = actions_stop(x->all);
    fake_watch_clear(&x->x);
    free(x);
    return 0;
}

static const struct order_view *order(struct fixture *x, bool dry_run, const char *seen, const char *token)
{
    x->a.order = (struct order){.kind = ORDER_CANCEL_ROTATION, .dry_run = dry_run};
    (void)str_copy(x->a.order.seen_version, sizeof x->a.order.seen_version, seen);
    (void)str_copy(x->a.order.token, sizeof x->a.order.token, token);
    x->a.view = (struct order_view){.id = 1, .kind = ORDER_CANCEL_ROTATION, .state = ORDER_RUNNING};
    action_run_cancel(&x->a);
    return &x->a.view;
}

static void expect(const struct order_view *v, enum order_state state, const char *words)
{
    if (v->state != state || strstr(v->words, words) == NULL)
        fail_msg("%s: %s", order_state_word(v->state), v->words);
}

static int at(const struct order_view *v, bool warning, const char *words)
{
    for (size_t i = 0; i < v->plan.nlines; i++)
        if (v->plan.lines[i].warning == warning && strstr(v->plan.lines[i].text, words) != NULL)
            return (int)i;
    return -1;
}

static void plan__says_first_that_rotation_goes_off(void **state)
{
    struct fixture *x = *state;
    const struct order_view *v = order(x, true, "", "");
    expect(v, ORDER_DONE, "nothing was changed");
    assert_int_equal(at(v, true, "turns automatic rotation OFF"), 0);
    assert_in_range(at(v, true, "rotate-secret --no-rotate-immediately --rotation-rules \"AutomaticallyAfterDays=7\""), 1, 3);
    assert_true(at(v, false, "CancelRotateSecret " ARN) > 0);
    assert_true(at(v, true, "AWSPENDING stays on " TWO) > 0);
    assert_true(at(v, true, "credtop rotate prod --finish") > 0);
    assert_string_equal(v->plan.token, TWO);
    x->labels = CURRENT;
    x->more = ",\"RotationRules\":{\"ScheduleExpression\":\"rate(10 days)\",\"Duration\":\"2h\"}";
    x->x.env.protect = true;
    v = order(x, true, "", "");
    assert_true(at(v, true, "\"ScheduleExpression='rate(10 days)',Duration=2h\"") > 0);
    assert_int_equal(at(v, true, "AWSPENDING"), -1);
    assert_true(at(v, true, "type prod to confirm") > 0);
    assert_string_equal(v->plan.token, "");
    assert_int_equal(x->asked, 0);
}

static void cancel__says_what_stays_and_what_to_do(void **state)
{
    struct fixture *x = *state;
    const struct order_view *v = order(x, false, ONE, TWO);
    expect(v, ORDER_DONE, "AWSPENDING stays on 22222222; which one the database takes could not be found out");
    assert_int_equal(x->asked, 1);
    assert_false(x->enabled || v->cancellable);
    assert_int_equal(v->nsteps, 5); /* look, the call, look again, two logins */
    assert_string_equal(v->steps[3].name, "login AWSCURRENT");
    assert_string_equal(v->steps[4].name, "login AWSPENDING");
}

static void cancel__nothing_pending__logs_in_nowhere(void **state)
{
    struct fixture *x = *state;
    x->labels = CURRENT;
    const struct order_view *v = order(x, false, ONE, "");
    expect(v, ORDER_DONE, "automatic rotation is off; no version is pending");
    assert_int_equal(v->nsteps, 3);
    assert_string_equal(v->steps[2].name, "look again");
}

static void cancel__that_came_too_late__says_so(void **state)
{
    struct fixture *x = *state;
    x->labels_after = "\"" TWO "\":[\"AWSCURRENT\"],\"" ONE "\":[\"AWSPREVIOUS\"]";
    expect(order(x, false, ONE, TWO), ORDER_DONE, "AWSCURRENT moved meanwhile, to " TWO);
}

static void refused__in_words__and_nothing_is_sent(void **state)
{
    struct fixture *x = *state;
    static const struct { const char *seen, *token, *labels, *more, *words; bool off; } rows[] = {
        {ONE, "", CURRENT, "", "no version is pending: there is nothing to cancel", true},
        {ONE, TWO, OPEN, "", "AWSPENDING is on " TWO ": finish the rotation", true},
        {ONE, TWO, OPEN, ",\"OwningService\":\"rds\"", "rds manages this secret", false},
        {ONE, TWO, OPEN, ",\"DeletedDate\":1", "scheduled for deletion", false},
        {ONE, TWO, OPEN, ",\"PrimaryRegion\":\"eu-west-1\"", "replica", false},
        {"", "", OPEN, "", "nobody has looked", false},
        {TWO, TWO, OPEN, "", "AWSCURRENT has moved", false},
        {ONE, "", OPEN, "", "AWSPENDING has appeared", false},
        {ONE, TWO, CURRENT, "", "AWSPENDING is gone from " TWO, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        x->labels = rows[i].labels;
        x->more = rows[i].more;
        x->enabled = !rows[i].off;
        expect(order(x, false, rows[i].seen, rows[i].token), ORDER_REFUSED, rows[i].words);
    }
    x->enabled = x->x.env.protect = true;
    x->labels = OPEN;
    expect(order(x, false, ONE, TWO), ORDER_REFUSED, "must be typed");
    x->x.env.rotation = "off";
    expect(order(x, false, ONE, TWO), ORDER_REFUSED, "rotation = off");
    x->x.env.mode = CONFIG_DEVELOPMENT;
    expect(order(x, false, ONE, TWO), ORDER_REFUSED, "development environment");
    assert_int_equal(x->asked, 0);
}

/* Somebody sets the machine's clock back while a step is under way. */
static void step__took_what_it_took__when_the_clock_steps(void **state)
{
    struct fixture *x = *state;
    x->a.view = (struct order_view){.id = 1, .kind = ORDER_CANCEL_ROTATION, .state = ORDER_RUNNING};
    action_begin(&x->a, "look");
    x->x.fake.wall_ms -= 3600 * 1000;
    x->x.fake.mono_ms += 250;
    action_end(&x->a, STEP_DONE, "seen");
    assert_int_equal(x->a.view.steps[0].took_ms, 250);
}

static void refused__by_aws__is_not_tried_again(void **state)
{
    struct fixture *x = *state;
    x->cancel[0] = (struct fake_answer){.status = 400, .body = "{\"__type\":\"AccessDeniedException\"}"};
    x->enabled = true;
    const struct order_view *v = order(x, false, ONE, TWO);
    expect(v, ORDER_REFUSED, "nothing was changed: ");
    assert_int_equal(x->asked, 1);
}

static void answer_lost__is_looked_for(void **state)
{
    struct fixture *x = *state;
    x->arrives_at = 1;
    x->cancel[0] = (struct fake_answer){.err = ERR_NETWORK};
    const struct order_view *v = order(x, false, ONE, TWO);
    expect(v, ORDER_DONE, "automatic rotation is off; AWSPENDING stays on 22222222");
    assert_non_null(strstr(v->steps[1].words, "the answer was lost, DescribeSecret says so"));
    assert_int_equal(x->asked, 1);
}

static void answer_lost__not_arrived__is_sent_again(void **state)
{
    struct fixture *x = *state;
    x->cancel[0] = (struct fake_answer){.err = ERR_NETWORK};
    x->cancel[1] = (struct fake_answer){.body = "{}"};
    expect(order(x, false, ONE, TWO), ORDER_DONE, "automatic rotation is off");
    assert_int_equal(x->asked, 2);
    assert_false(x->enabled);
}

/* It arrives late: the second one is refused because the first was done. */
static void answer_lost__second_one_refused__is_no_refusal(void **state)
{
    struct fixture *x = *state;
    x->arrives_at = 2;
    x->cancel[0] = (struct fake_answer){.err = ERR_TIMEOUT};
    x->cancel[1] = (struct fake_answer){
        .status = 400, .body = "{\"__type\":\"InvalidRequestException\",\"Message\":\"not enabled for rotation\"}"};
    expect(order(x, false, ONE, TWO), ORDER_DONE, "automatic rotation is off");
    assert_int_equal(x->asked, 2);
}

static void sent_twice_by_the_connection__is_no_refusal(void **state)
{
    struct fixture *x = *state;
    x->arrives_at = 1;
    x->cancel[0] = (struct fake_answer){.status = 400, .body = "{\"__type\":\"InvalidRequestException\"}"};
    expect(order(x, false, ONE, TWO), ORDER_DONE, "automatic rotation is off");
    assert_int_equal(x->asked, 1);
}

static void answer_lost__for_good__stays_unknown(void **state)
{
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(x->cancel); i++)
        x->cancel[i] = (struct fake_answer){.err = ERR_NETWORK};
    expect(order(x, false, ONE, TWO), ORDER_UNKNOWN, "may be on or off");
    assert_true(x->enabled && x->asked > 1);
    assert_int_equal(x->a.view.steps[1].state, STEP_UNKNOWN);
    x->blind_from = 2; /* nothing can be looked at: one that nobody sees arrives */
    x->arrives_at = 1;
    x->asked = 0;
    expect(order(x, false, ONE, TWO), ORDER_UNKNOWN, "may be on or off");
}

static void cancelled__before_it_is_sent(void **state)
{
    struct fixture *x = *state;
    /* It is looked at first; so the order is told to stop between that and the call. */
    struct rotation_state s = {.enabled = true, .current = ONE, .pending = TWO};
    x->a.view = (struct order_view){.id = 1, .kind = ORDER_CANCEL_ROTATION, .state = ORDER_RUNNING};
    cancel_trigger(x->a.cancel);
    rotate_cancel(&x->a, &s);
    expect(&x->a.view, ORDER_CANCELLED, "nothing was sent");
    assert_int_equal(x->asked, 0);
}

static void audit__refuses_the_order_and_the_call(void **state)
{
    (void)state;
    assert_non_null(order_refusal(true, ORDER_CANCEL_ROTATION));
    assert_null(order_refusal(false, ORDER_CANCEL_ROTATION));
    assert_int_equal(aws_op_row(AWS_CANCEL_ROTATE_SECRET)->class, AWS_MUTATES);
    assert_int_equal(order_key(ORDER_CANCEL_ROTATION), '\0');
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(plan__says_first_that_rotation_goes_off),
        CASE(cancel__says_what_stays_and_what_to_do),
        CASE(cancel__nothing_pending__logs_in_nowhere),
        CASE(cancel__that_came_too_late__says_so),
        CASE(refused__in_words__and_nothing_is_sent),
        CASE(step__took_what_it_took__when_the_clock_steps),
        CASE(refused__by_aws__is_not_tried_again),
        CASE(answer_lost__is_looked_for),
        CASE(answer_lost__not_arrived__is_sent_again),
        CASE(answer_lost__second_one_refused__is_no_refusal),
        CASE(sent_twice_by_the_connection__is_no_refusal),
        CASE(answer_lost__for_good__stays_unknown),
        CASE(cancelled__before_it_is_sent),
        CASE(audit__refuses_the_order_and_the_call),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
