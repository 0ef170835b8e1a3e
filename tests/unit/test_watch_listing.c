/* The listing watch: a page of ListSecrets for many environments, names where the account holds
 * too many others, and what becomes of answers that lag, lack, lie or are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "tests/unit/fake_watch.h"

#define ENVS 12 /* two calls by name */
#define TOKEN_LONG 8192

struct fixture {
    struct fake_watch w;
    struct config_environment envs[ENVS];
    char names[ENVS][16];
    struct listing *listing;
    size_t described[ENVS];
    size_t account, by_name; /* calls */
    char filters[4000];      /* of the calls by name, one behind the other */
    const char *next[4];     /* tokens of the account's pages in turn; NULL: the last page */
    struct fake_answer failure;
    bool fails;
    size_t listed;           /* so many of the environments are in the account's first page */
    const char *labels, *description, *arn;
    int64_t changed_s;
    struct strbuf body;
};

static void entry(struct fixture *x, size_t i)
{
    bool first = strbuf_peek(&x->body)[x->body.len - 1] == '[';
    strbuf_fmt(&x->body, "%s{\"Name\":\"%s\",\"ARN\":\"%s\",\"Description\":\"%s\",\"LastRotatedDate\":1795000000,"
               "\"LastChangedDate\":%lld,\"SecretVersionsToStages\":%s}",
               first ? "" : ",", x->names[i], x->arn, x->description, (long long)x->changed_s, x->labels);
}

static void reply(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fixture *x = f->ctx;
    assert_string_equal(rq->op, "ListSecrets");
    bool named = strstr(rq->body, "\"Filters\"") != NULL;
    const char *next = NULL;
    strbuf_reset(&x->body);
    strbuf_str(&x->body, "{\"SecretList\":[");
    for (size_t i = 0; i < ENVS; i++) {
        char quoted[20];
        (void)str_fmt(quoted, sizeof quoted, "\"%s\"", x->names[i]);
        if (named ? strstr(rq->body, quoted) != NULL : i < x->listed && x->account == 0)
            entry(x, i);
    }
    if (named) {
        x->by_name++;
        (void)str_fmt(x->filters + strlen(x->filters), sizeof x->filters - strlen(x->filters), "%s\n", rq->body);
    } else {
        next = x->account < ARRAY_LEN(x->next) ? x->next[x->account] : NULL;
        x->account++;
    }
    if (next != NULL)
        strbuf_fmt(&x->body, "],\"NextToken\":\"%s\"}", next);
    else
        strbuf_str(&x->body, "]}");
    *out = x->fails ? x->failure : (struct fake_answer){.body = strbuf_peek(&x->body)};
}

static void describe(void *ctx, size_t env)
{
    ((struct fixture *)ctx)->described[env]++;
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    fake_watch_init(&x->w, NULL);
    for (size_t i = 0; i < ENVS; i++) {
        (void)str_fmt(x->names[i], sizeof x->names[i], "app/%02zu", ENVS - i); /* not in the order of names */
        x->envs[i] = x->w.env;
        x->envs[i].secret = x->names[i];
    }
    x->w.conf.environments = x->envs;
    x->w.conf.nenvironments = ENVS;
    x->w.watch.box = snapbox_free(x->w.watch.box);
    x->w.watch.box = snapbox_new(SLOTS * ENVS, x->w.wake);
    x->w.fake.reply = reply;
    x->w.fake.ctx = x;
    x->listed = ENVS;
    x->labels = "{\"v2\":[\"AWSCURRENT\"],\"v1\":[\"AWSPREVIOUS\"]}";
    x->description = "as listed";
    x->arn = "arn:aws:secretsmanager:us-east-1:1:secret:app-AbCdEf";
    x->changed_s = 1795000000;
    strbuf_init(&x->body, 64 << 10);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    x->listing = listing_free(x->listing);
    strbuf_clear(&x->body);
    fake_watch_clear(&x->w);
    free(x);
    return 0;
}

/* A turn; the waits for the quota's slots are no turns. */
static int64_t turn(struct fixture *x)
{
    size_t all[ENVS];
    for (size_t i = 0; i < ENVS; i++)
        all[i] = i;
    if (x->listing == NULL)
        x->listing = listing_new(&x->w.watch, all, ENVS, describe, x);
    x->account = x->by_name = 0;
    x->filters[0] = '\0';
    for (;;) {
        int64_t delay = listing_turn(x->listing, &x->w.worker);
        if (delay > 60000 || x->account + x->by_name > 0)
            return delay;
        (void)cancel_wait_fd(NULL, -1, 0, clock_mono_ms(clock_real()) + delay);
    }
}

static size_t describes(struct fixture *x)
{
    size_t n = 0;
    for (size_t i = 0; i < ENVS; i++)
        n += x->described[i];
    memset(x->described, 0, sizeof x->described);
    return n;
}

static const struct secret_snap *snap_of(struct fixture *x, size_t env)
{
    return snapbox_get(x->w.watch.box, watch_slot(env, SLOT_SECRET));
}

static void expect_why(struct fixture *x, enum err code, const char *words)
{
    for (size_t i = 0; i < ENVS; i++) {
        const struct secret_snap *s = snap_of(x, i);
        assert_non_null(s);
        if (s->snap.why.code != code || strstr(s->snap.why.text, words) == NULL)
            fail_msg("%s: %s", x->names[i], s->snap.why.text);
        snap_unref(s);
    }
}

static void account__of_a_page__tells_of_all(void **state)
{
    struct fixture *x = *state;
    assert_true(turn(x) > FAKE_PERIOD_MS / 2);
    assert_int_equal(x->account, 1);
    assert_int_equal(x->by_name + describes(x), 0);
    expect_why(x, ERR_OK, "");
    const struct secret_snap *s = snap_of(x, 3);
    assert_string_equal(s->name, x->names[3]);
    assert_string_equal(s->current_id, "v2");
    snap_unref(s);
}

static void account__with_many_others__is_asked_by_name(void **state)
{
    struct fixture *x = *state;
    x->next[0] = "t1";
    x->next[1] = "t2";
    x->listed = 1;
    (void)turn(x);
    assert_int_equal(x->account, 2); /* no more calls than by name */
    assert_int_equal(x->by_name, 2);
    for (size_t i = 1; i < ENVS; i++)
        if (strstr(x->filters, x->names[i]) == NULL)
            fail_msg("%s was not asked for: %s", x->names[i], x->filters);
    assert_int_equal(describes(x), 0);
    expect_why(x, ERR_OK, "");
    (void)turn(x);
    assert_int_equal(x->account, 0); /* known by now */
    assert_int_equal(x->by_name, 2);
}

static void entry__that_is_missing__is_described(void **state)
{
    struct fixture *x = *state;
    x->listed = ENVS - 1;
    (void)turn(x);
    assert_int_equal(x->described[ENVS - 1], 1);
    assert_int_equal(describes(x), 1);
}

static void entry__with_other_labels__is_described(void **state)
{
    struct fixture *x = *state;
    (void)turn(x);
    x->labels = "{\"v3\":[\"AWSCURRENT\"],\"v2\":[\"AWSPREVIOUS\"]}";
    (void)turn(x);
    assert_int_equal(describes(x), ENVS); /* listings lag: they alone move no label */
    const struct secret_snap *s = snap_of(x, 0);
    assert_string_equal(s->current_id, "v2");
    snap_unref(s);
}

static void entry__older_than_what_is_known__changes_nothing(void **state)
{
    struct fixture *x = *state;
    x->changed_s += 100;
    x->description = "newer";
    (void)turn(x);
    x->changed_s -= 100;
    x->description = "older";
    (void)turn(x);
    const struct secret_snap *s = snap_of(x, 0);
    assert_string_equal(s->description, "newer");
    snap_unref(s);
    assert_int_equal(describes(x), 0);
}

static void arn__of_another_secret_of_that_name__is_not_taken(void **state)
{
    struct fixture *x = *state;
    char own[100], other[100];
    (void)str_fmt(own, sizeof own, "arn:aws:secretsmanager:us-east-1:1:secret:%s-AbCdEf", x->names[0]);
    (void)str_fmt(other, sizeof other, "arn:aws:secretsmanager:us-east-1:2:secret:%s-AbCdEf", x->names[0]);
    x->envs[0].secret = own;
    x->arn = other;
    (void)turn(x);
    assert_int_equal(x->described[0], 1); /* as one that is missing */
    x->arn = own;
    (void)describes(x);
    (void)turn(x);
    assert_int_equal(describes(x), 0);
}

static void page_token__that_leads_nowhere__is_malformed(void **state)
{
    char long_one[TOKEN_LONG + 1];
    struct fixture *x = *state;
    memset(long_one, 't', TOKEN_LONG);
    long_one[TOKEN_LONG] = '\0';
    x->listed = 0;
    x->next[0] = x->next[1] = "same";
    (void)turn(x);
    assert_int_equal(x->account, 2);
    expect_why(x, ERR_MALFORMED, "a page token that cannot lead on");
    x->next[0] = long_one;
    (void)turn(x);
    assert_int_equal(x->account, 1);
    expect_why(x, ERR_MALFORMED, "a page token that cannot lead on");
}

static void answer__that_is_none__keeps_the_data_and_says_why(void **state)
{
    struct fixture *x = *state;
    (void)turn(x);
    x->fails = true;
    x->failure = (struct fake_answer){.body = "[1]"};
    (void)turn(x);
    expect_why(x, ERR_MALFORMED, "not an object");
    const struct secret_snap *s = snap_of(x, 5);
    assert_string_equal(s->current_id, "v2");
    snap_unref(s);
    x->fails = false;
    (void)turn(x);
    expect_why(x, ERR_OK, "");
}

static void denied__each_is_described_for_an_hour(void **state)
{
    struct fixture *x = *state;
    x->fails = true;
    x->failure = (struct fake_answer){.status = 400, .body = "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"};
    assert_int_equal(turn(x), 3600000);
    assert_int_equal(describes(x), ENVS);
    assert_false(listing_covers(x->listing));
    fake_watch_later(&x->w, 3600001);
    assert_true(listing_covers(x->listing));
    assert_false(listing_covers(NULL));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(account__of_a_page__tells_of_all),
        CASE(account__with_many_others__is_asked_by_name),
        CASE(entry__that_is_missing__is_described),
        CASE(entry__with_other_labels__is_described),
        CASE(entry__older_than_what_is_known__changes_nothing),
        CASE(arn__of_another_secret_of_that_name__is_not_taken),
        CASE(page_token__that_leads_nowhere__is_malformed),
        CASE(answer__that_is_none__keeps_the_data_and_says_why),
        CASE(denied__each_is_described_for_an_hour),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
