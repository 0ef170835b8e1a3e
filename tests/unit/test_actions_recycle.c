/* Recycling against a scripted Lambda: what is sent, variables that come back byte for byte,
 * every refusal, and answers that are lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/actions/recycle.h"
#include "backend/base/strbuf.h"
#include "tests/unit/fake_watch.h"

#define PASSWORD "hunter2-the-secret"
#define ONE "11111111-0000-4000-8000-000000000000"
#define TWO "22222222-0000-4000-8000-000000000000"
#define ODD "{\"DB_PASSWORD\":\"" PASSWORD "\",\"ODD\":\"q\\\" b\\\\ \\n\\t\\u0001 \\u00fc\\ud83d\\ude00 /\\/ %s = \\u007f\"," \
            "\"EMPTY\":\"\"}"

struct fixture {
    struct fake_watch w;
    struct actions *actions;
    char reply[16384];
    /* the function */
    char variables[8192], revision[40], version[16], more[200];
    unsigned busy;        /* so many looks after an update say InProgress */
    bool failed;          /* and then Failed */
    struct fake_answer refusal; /* of an update; status 0 and no error: none */
    bool takes_it;        /* all the same */
    size_t updates, looks;
    char sent[8192]; /* the last update's body */
    struct order_view view; /* of the last order */
};

/* ------------------------------------------------------------- the function */

static void take(struct fixture *x, const char *body)
{
    struct why why;
    json_t *o = json_read_object(body, strlen(body), &why);
    assert_non_null(o);
    char *text = json_dumps(json_object_get(json_object_get(o, "Environment"), "Variables"), JSON_COMPACT);
    (void)str_copy(x->variables, sizeof x->variables, text);
    json_forget_text(text);
    json_decref(o);
    (void)str_copy(x->revision, sizeof x->revision, TWO);
}

static void answer(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fixture *x = f->ctx;
    bool update = strcmp(rq->method, "PUT") == 0;
    assert_string_equal(rq->url, FAKE_URL "/2015-03-31/functions/app/configuration");
    if (update) {
        x->updates++;
        (void)str_copy(x->sent, sizeof x->sent, rq->body);
        if (x->refusal.status != 0 || x->refusal.err != ERR_OK) {
            *out = x->refusal;
            if (x->takes_it)
                take(x, rq->body);
            return;
        }
        take(x, rq->body);
    } else {
        x->looks++;
    }
    bool busy = x->updates > 0 && !update && x->busy > 0;
    x->busy -= busy;
    (void)str_fmt(x->reply, sizeof x->reply,
                  "{\"FunctionName\":\"app\",\"Version\":\"%s\",\"RevisionId\":\"%s\",\"LastUpdateStatus\":\"%s\","
                  "\"LastUpdateStatusReason\":\"no more addresses\"%s%s%s}",
                  x->version, x->revision, busy ? "InProgress" : x->updates > 0 && x->failed ? "Failed" : "Successful",
                  x->variables[0] != '\0' ? ",\"Environment\":{\"Variables\":" : "", x->variables,
                  x->variables[0] != '\0' ? "}" : "");
    if (x->more[0] != '\0')
        (void)str_copy(x->reply + strlen(x->reply) - 1, 200, x->more);
    out->body = x->reply;
    out->date_ms = f->wall_ms;
}

/* ------------------------------------------------------------------ fixture */

static void nobody(void *ctx, size_t env, char *out, size_t size)
{
    (void)ctx, (void)env;
    (void)str_copy(out, size, "");
}

static void nothing(void *ctx, size_t env)
{
    (void)ctx, (void)env;
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    struct why why = {0};
    static const char *const none[] = {NULL};
    fake_watch_init(&x->w, none);
    x->w.env.function = "app";
    x->w.fake.reply = answer;
    x->w.fake.ctx = x;
    (void)str_copy(x->variables, sizeof x->variables, ODD);
    (void)str_copy(x->revision, sizeof x->revision, ONE);
    (void)str_copy(x->version, sizeof x->version, "$LATEST");
    x->actions = actions_new(
        &(struct actions_settings){.watch = &x->w.watch, .slot = SLOTS, .caller = nobody, .refresh = nothing});
    assert_int_equal(actions_start(x->actions, &why), ERR_OK);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    cancel_trigger(x->w.watch.cancel);
    x->actions = actions_stop(x->actions);
    fake_watch_clear(&x->w);
    free(x);
    return 0;
}

static void nap(void)
{
    struct cancel *c = cancel_new(NULL);
    (void)cancel_wait_fd(c, -1, 0, clock_mono_ms(clock_real()) + 5);
    cancel_free(c);
}

/* No word of an order may carry a variable's value. */
static void assert_hidden(const struct order_view *v)
{
    char *all = mem_copy_bytes(v, sizeof *v);
    assert_null(memmem(all, sizeof *v, PASSWORD, strlen(PASSWORD)));
    free(all);
}

/* One look; true: it has ended. */
static bool look(struct fixture *x)
{
    const struct orders_snap *s = snapbox_get(x->w.watch.box, SLOTS);
    x->view = s->orders[0];
    snap_unref(s);
    return x->view.state != ORDER_WAITING && x->view.state != ORDER_RUNNING;
}

static const struct order_view *run(struct fixture *x, const struct order *o)
{
    struct why why = {0};
    uint64_t id = actions_submit(x->actions, o, &why);
    assert_true(id != 0);
    while (!look(x))
        nap();
    assert_int_equal(x->view.id, id);
    assert_hidden(&x->view);
    return &x->view;
}

static const struct order_view *plan(struct fixture *x)
{
    return run(x, &(struct order){.kind = ORDER_RECYCLE, .dry_run = true});
}

static const struct order_view *recycle(struct fixture *x)
{
    struct order o = {.kind = ORDER_RECYCLE};
    (void)str_copy(o.token, sizeof o.token, ONE);
    return run(x, &o);
}

static void assert_refused(struct fixture *x, const struct order_view *v, const char *words, size_t updates)
{
    if (v->state != ORDER_REFUSED || strstr(v->words, words) == NULL)
        fail_msg("%s: %s, not %s", order_state_word(v->state), v->words, words);
    assert_int_equal(x->updates, updates);
}

static bool plan_says(const struct order_view *v, bool warning, const char *words)
{
    for (size_t i = 0; i < v->plan.nlines; i++)
        if (v->plan.lines[i].warning == warning && strstr(v->plan.lines[i].text, words) != NULL)
            return true;
    return false;
}

/* -------------------------------------------------------------------- plans */

static void plan__names_what_is_sent_and_sends_nothing(void **state)
{
    struct fixture *x = *state;
    const struct order_view *v = plan(x);
    assert_int_equal(v->state, ORDER_DONE);
    assert_true(plan_says(v, false, "UpdateFunctionConfiguration app: set CREDTOP_RECYCLED=2026-11-24T12:00:00.000Z, "
                                     "keep the other 3 variables"));
    assert_true(plan_says(v, false, "RevisionId is still " ONE));
    assert_true(plan_says(v, true, "$LATEST alone") && plan_says(v, true, "old containers"));
    assert_false(plan_says(v, true, "bytes") || plan_says(v, true, "protected"));
    assert_string_equal(v->plan.token, ONE);
    assert_int_equal(x->updates, 0);
    assert_int_equal(x->looks, 1);
    (void)str_fmt(x->variables, sizeof x->variables, "{\"BIG\":\"%04000d\"}", 0);
    x->w.env.protect = true;
    v = plan(x);
    assert_true(plan_says(v, true, "4043 bytes") && plan_says(v, true, "type prod to confirm"));
}

/* -------------------------------------------------------------------- orders */

static void order__changes_one_variable_alone(void **state)
{
    struct fixture *x = *state;
    struct why why;
    x->busy = 1;
    const struct order_view *v = recycle(x);
    assert_int_equal(v->state, ORDER_DONE);
    assert_non_null(strstr(v->words, "app is updated: its next invocations are in new containers"));
    assert_int_equal(x->updates, 1);
    assert_int_equal(x->looks, 3);
    assert_int_equal(v->nsteps, 3);
    json_t *sent = json_read_object(x->sent, strlen(x->sent), &why);
    json_t *was = json_read_object(ODD, strlen(ODD), &why), *now = json_object_get(json_object_get(sent, "Environment"),
                                                                                  "Variables"), *value;
    const char *name;
    assert_string_equal(json_text(sent, "RevisionId", NULL), ONE);
    assert_int_equal(json_object_size(sent), 2);
    assert_string_equal(json_text(now, RECYCLE_VARIABLE, NULL), "2026-11-24T12:00:00.000Z");
    assert_int_equal(json_object_size(now), 4);
    json_object_foreach(was, name, value)
    {
        size_t n = 0;
        const char *text = json_text(now, name, &n);
        assert_non_null(text);
        assert_int_equal(n, json_string_length(value));
        assert_memory_equal(text, json_string_value(value), n);
    }
    json_decref(was);
    json_decref(sent);
    for (size_t i = 0; i < x->w.fake.nsent; i++)
        assert_true(x->w.fake.sent[i].secret);
}

static void order__without_variables__makes_the_first(void **state)
{
    struct fixture *x = *state;
    x->variables[0] = '\0';
    assert_int_equal(recycle(x)->state, ORDER_DONE);
    assert_string_equal(x->sent, "{\"RevisionId\":\"" ONE "\",\"Environment\":{\"Variables\":{\"CREDTOP_RECYCLED\":"
                                 "\"2026-11-24T12:00:00.000Z\"}}}");
    (void)str_copy(x->revision, sizeof x->revision, ONE); /* again: there are not two of them */
    x->w.fake.wall_ms += 1000;
    assert_int_equal(recycle(x)->state, ORDER_DONE);
    assert_string_equal(x->variables, "{\"CREDTOP_RECYCLED\":\"2026-11-24T12:00:01.000Z\"}");
}

static void order__is_refused__before_anything_is_sent(void **state)
{
    struct fixture *x = *state;
    const struct order_view *v;
    x->w.env.function = NULL;
    v = recycle(x);
    assert_refused(x, v, "[environment prod] has no setting `function`", 0);
    x->w.env.mode = CONFIG_DEVELOPMENT;
    v = recycle(x);
    assert_refused(x, v, "development environment", 0);
    assert_int_equal(x->w.fake.nsent, 0);
    x->w.env.mode = CONFIG_PRODUCTION;
    x->w.env.function = "app";
    v = run(x, &(struct order){.kind = ORDER_RECYCLE});
    assert_refused(x, v, "nobody has looked", 0);
    x->w.env.protect = true;
    v = recycle(x);
    assert_refused(x, v, "must be typed", 0);
    x->w.env.protect = false;
    (void)str_copy(x->revision, sizeof x->revision, TWO);
    v = recycle(x);
    assert_refused(x, v, "app has changed since you looked: from revision 11111111 to 22222222", 0);
    (void)str_copy(x->revision, sizeof x->revision, ONE);
    (void)str_copy(x->version, sizeof x->version, "7");
    v = recycle(x);
    assert_refused(x, v, "version 7", 0);
    v = plan(x);
    assert_refused(x, v, "version 7", 0);
    (void)str_copy(x->version, sizeof x->version, "$LATEST");
    x->variables[0] = '\0';
    (void)str_copy(x->more, sizeof x->more, ",\"Environment\":{\"Error\":{\"ErrorCode\":\"AccessDeniedException\"}}}");
    v = recycle(x);
    assert_refused(x, v, "does not show the variables (AccessDeniedException)", 0);
    static const char *const bad[] = {"{\"A\":7}", "[]", "{\"A\":\"\\ud800\"}", "{\"A\":\"" PASSWORD "\",}"};
    x->more[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void)str_copy(x->variables, sizeof x->variables, bad[i]);
        v = recycle(x);
        assert_refused(x, v, "nothing was changed: ", 0);
    }
}

static void order__while_an_update_is_in_progress__is_refused(void **state)
{
    struct fixture *x = *state;
    (void)str_copy(x->more, sizeof x->more, ",\"x\":1}");
    x->updates = 1; /* somebody else's */
    x->busy = 1;
    const struct order_view *v = plan(x);
    assert_refused(x, v, "an update of app is in progress", 1);
}

static void order__that_aws_refuses__says_so_in_words(void **state)
{
    static const struct {
        int status;
        const char *type, *words;
    } rows[] = {
        {412, "PreconditionFailedException", "somebody changed app meanwhile: nothing was changed"},
        {409, "ResourceConflictException", "an update of app is in progress: nothing was changed"},
        {400, "InvalidParameterValueException", "have 103 bytes with CREDTOP_RECYCLED, and 4096 is the limit: nothing was changed"},
        {403, "AccessDeniedException", "nothing was changed: UpdateFunctionConfiguration: "},
        {404, "ResourceNotFoundException", "nothing was changed: UpdateFunctionConfiguration: "},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        x->refusal = (struct fake_answer){
            .status = rows[i].status, .error_type = rows[i].type, .body = rows[i].status == 400 ?
            "{\"message\":\"Value '{DB_PASSWORD=" PASSWORD "}' failed\"}" : "{\"message\":\"m\"}"};
        const struct order_view *v = recycle(x);
        assert_refused(x, v, rows[i].words, i + 1);
    }
    assert_int_equal(x->looks, ARRAY_LEN(rows)); /* no doubt: nobody looked again */
}

static void order__in_doubt__looks_again(void **state)
{
    struct fixture *x = *state;
    x->refusal = (struct fake_answer){.err = ERR_NETWORK};
    x->takes_it = true;
    const struct order_view *v = recycle(x);
    assert_int_equal(v->state, ORDER_DONE);
    assert_non_null(strstr(v->steps[1].words, "no answer came, and it is there"));
    assert_int_equal(x->updates, 1);

    (void)str_copy(x->revision, sizeof x->revision, ONE);
    x->takes_it = false;
    x->w.fake.wall_ms += 1000; /* the mark that is there is an older one */
    v = recycle(x);
    assert_int_equal(v->state, ORDER_UNKNOWN);
    assert_non_null(strstr(v->words, "no answer came; CREDTOP_RECYCLED is not seen"));
    assert_int_equal(v->steps[1].state, STEP_UNKNOWN);
    assert_int_equal(x->updates, 2); /* it was not sent again */
}

static void order__whose_update_fails__says_why(void **state)
{
    struct fixture *x = *state;
    x->failed = true;
    const struct order_view *v = recycle(x);
    assert_int_equal(v->state, ORDER_FAILED);
    assert_non_null(strstr(v->words, "no more addresses"));
}

static void order__cancelled_while_it_waits__is_watched_no_more(void **state)
{
    struct fixture *x = *state;
    struct order o = {.kind = ORDER_RECYCLE};
    struct why why = {0};
    x->busy = UINT32_MAX;
    (void)str_copy(o.token, sizeof o.token, ONE);
    uint64_t id = actions_submit(x->actions, &o, &why);
    for (; !look(x); nap())
        if (x->view.nsteps == 3)
            (void)actions_cancel(x->actions, id);
    assert_int_equal(x->view.state, ORDER_UNKNOWN);
    assert_non_null(strstr(x->view.words, "the update goes on at AWS"));
}

static void order__in_audit_mode__is_refused(void **state)
{
    struct fixture *x = *state;
    struct why why = {0};
    x->w.watch.audit = true;
    assert_int_equal(actions_submit(x->actions, &(struct order){.kind = ORDER_RECYCLE, .dry_run = true}, &why), 0);
    assert_non_null(strstr(why.text, "audit mode changes nothing"));
    assert_int_equal(x->w.fake.nsent, 0);
}

/* --------------------------------------------------------------- containers */

static void count__those_that_began_since(void **state)
{
    (void)state;
    const struct container_row rows[] = {{.started_ms = 999, .fetched_ms = 1500}, {.started_ms = 1000, .fetched_ms = 1001},
                                         {.started_ms = 1200, .fetched_ms = -1}, {.started_ms = -1, .fetched_ms = 2000}};
    struct log_snap logs = {.ncontainers = 4, .containers = rows};
    struct recycle_count n = recycle_count(&logs, 1000);
    assert_int_equal(n.begun, 2);
    assert_int_equal(n.fetched, 1);
    assert_int_equal(recycle_count(NULL, 0).begun, 0);
}

static void order__with_a_log_watch__counts_new_containers(void **state)
{
    struct fixture *x = *state;
    static struct container_row rows[2];
    rows[0] = (struct container_row){.started_ms = x->w.fake.wall_ms + 1, .fetched_ms = x->w.fake.wall_ms + 2};
    rows[1] = (struct container_row){.started_ms = x->w.fake.wall_ms - 1, .fetched_ms = x->w.fake.wall_ms};
    struct log_snap *logs = mem_new(sizeof *logs);
    logs->snap.destroy = watch_destroy_flat;
    atomic_init(&logs->snap.refs, 1);
    logs->ncontainers = 2;
    logs->containers = rows;
    snapbox_put(x->w.watch.box, watch_slot(0, SLOT_LOGS), &logs->snap);
    const struct order_view *v = recycle(x);
    assert_int_equal(v->state, ORDER_DONE);
    assert_non_null(strstr(v->words, "1 container began anew, 1 fetched"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(plan__names_what_is_sent_and_sends_nothing),
        CASE(order__changes_one_variable_alone),
        CASE(order__without_variables__makes_the_first),
        CASE(order__is_refused__before_anything_is_sent),
        CASE(order__while_an_update_is_in_progress__is_refused),
        CASE(order__that_aws_refuses__says_so_in_words),
        CASE(order__in_doubt__looks_again),
        CASE(order__whose_update_fails__says_why),
        CASE(order__cancelled_while_it_waits__is_watched_no_more),
        CASE(order__in_audit_mode__is_refused),
        CASE(order__with_a_log_watch__counts_new_containers),
        cmocka_unit_test(count__those_that_began_since),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
