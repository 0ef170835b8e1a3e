/* The secret watch: descriptions of every shape, and the two moments that AWS does not
 * tell outright: since when AWSCURRENT is where it is, since when AWSPENDING is elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "tests/unit/fake_watch.h"

#define NOON 1795521600000LL

struct fixture {
    struct fake_watch w;
    const char *describe, *versions;
    struct fake_answer failure; /* of ListSecretVersionIds, when versions is NULL */
    const struct secret_snap *snap;
    size_t listed; /* calls of ListSecretVersionIds */
};

static void reply(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fixture *x = f->ctx;
    bool versions = strcmp(rq->op, "ListSecretVersionIds") == 0;
    x->listed += versions;
    *out = versions && x->versions == NULL ? x->failure
                                           : (struct fake_answer){.body = versions ? x->versions : x->describe};
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    fake_watch_init(&x->w, NULL);
    x->w.fake.reply = reply;
    x->w.fake.ctx = x;
    x->versions = "{\"Versions\":[]}";
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    snap_unref(x->snap);
    fake_watch_clear(&x->w);
    free(x);
    return 0;
}

static const struct secret_snap *poll_once(struct fixture *x, const char *describe)
{
    if (describe != NULL)
        x->describe = describe;
    assert_true(watch_secret_turn(&x->w.worker, 0, false) > 0);
    snap_unref(x->snap);
    x->snap = snapbox_get(x->w.watch.box, watch_slot(0, SLOT_SECRET));
    return x->snap;
}

/* -------------------------------------------------------------- description */

static void describe__reads_all_members(void **state)
{
    struct fixture *x = *state;
    x->versions = "{\"Versions\":[{\"VersionId\":\"v2\",\"CreatedDate\":1795500000.5},{\"VersionId\":\"v1\","
                  "\"CreatedDate\":1795400000},"
                  "{\"VersionId\":\"gone\",\"CreatedDate\":1}]}";
    const struct secret_snap *s = poll_once(
        x, "{\"ARN\":\"arn:aws:secretsmanager:us-east-1:1:secret:prod/orders-AbCdEf\",\"Name\":\"prod/"
           "orders\",\"Description\":\"d\","
           "\"RotationEnabled\":true,\"RotationLambdaARN\":\"arn:lambda\",\"RotationRules\":{"
           "\"AutomaticallyAfterDays\":30},"
           "\"LastRotatedDate\":1795500001.25,\"LastChangedDate\":1795500002,\"NextRotationDate\":1798000000,"
           "\"CreatedDate\":1795000000,"
           "\"OwningService\":\"rds\",\"PrimaryRegion\":\"us-east-1\",\"Unknown\":{\"x\":[1]},"
           "\"VersionIdsToStages\":{\"v1\":[\"AWSPREVIOUS\"],\"v2\":[\"AWSCURRENT\",\"mine\",\"too\"],\"v0\":[]}}");
    assert_string_equal(s->name, "prod/orders");
    assert_string_equal(s->rotation_function, "arn:lambda");
    assert_string_equal(s->rotation_rule, "every 30d");
    assert_string_equal(s->owning_service, "rds");
    assert_int_equal(s->rotation, TRI_YES);
    assert_true(s->last_rotated_ms == 1795500001250 && s->created_ms == 1795000000000 &&
                s->next_rotation_ms == 1798000000000);
    assert_true(s->deleted_ms == TIME_UNKNOWN);
    assert_int_equal(s->nversions, 2);
    assert_string_equal(s->versions[0].id, "v2");
    assert_int_equal(s->versions[0].labels, LABEL_CURRENT);
    assert_string_equal(s->versions[0].other_labels, "mine,too");
    assert_true(s->versions[0].created_ms == 1795500000500);
    assert_string_equal(s->current_id, "v2");
    assert_string_equal(s->previous_id, "v1");
    assert_string_equal(s->pending_id, "");
    assert_true(s->snap.good_wall_ms == NOON);
    assert_string_equal(x->w.fake.sent[0].body, "{\"SecretId\":\"prod/orders\"}");
}

static void describe__nulls_and_absent_members_are_unknown(void **state)
{
    static const char *const answers[] = {
        "{}",
        "{\"ARN\":null,\"Name\":null,\"RotationEnabled\":null,\"RotationRules\":null,\"LastRotatedDate\":null,"
        "\"VersionIdsToStages\":null}",
        "{\"ARN\":5,\"Name\":[],\"RotationEnabled\":\"yes\",\"RotationRules\":[],\"LastRotatedDate\":\"2026\","
        "\"VersionIdsToStages\":{}}",
        "{\"RotationRules\":{\"AutomaticallyAfterDays\":\"30\"},\"LastRotatedDate\":-5,\"VersionIdsToStages\":{\"v\":[]}}",
        "{\"LastRotatedDate\":1e300,\"DeletedDate\":true,\"CreatedDate\":{}}",
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        const struct secret_snap *s = poll_once(x, answers[i]);
        assert_int_equal(s->snap.why.code, ERR_OK);
        assert_string_equal(s->arn, "");
        assert_string_equal(s->rotation_rule, "");
        assert_int_equal(s->rotation, TRI_NO);
        assert_true(s->last_rotated_ms == TIME_UNKNOWN && s->deleted_ms == TIME_UNKNOWN &&
                    s->current_since_ms == TIME_UNKNOWN && s->pending_since_ms == TIME_UNKNOWN &&
                    s->created_ms == TIME_UNKNOWN);
        assert_string_equal(s->current_id, "");
    }
}

/* What was known stays, and nobody is told that the secret has no AWSCURRENT. */
static void describe__labels_that_are_none__is_malformed(void **state)
{
    static const char *const maps[] = {"[1]", "7", "{\"v\":null}", "{\"v\":\"AWSCURRENT\"}", "{\"v\":[5,null]}",
                                       "{\"v\":[\"AWSCURRENT\"],\"w\":[null]}"};
    struct fixture *x = *state;
    (void)poll_once(x, "{\"VersionIdsToStages\":{\"known\":[\"AWSCURRENT\"]}}");
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        char answer[200];
        (void)str_fmt(answer, sizeof answer, "{\"ARN\":\"arn:x\",\"VersionIdsToStages\":%s}", maps[i]);
        const struct secret_snap *s = poll_once(x, answer);
        assert_int_equal(s->snap.why.code, ERR_MALFORMED);
        assert_non_null(strstr(s->snap.why.text, "labels"));
        assert_string_equal(s->current_id, "known");
    }
}

static void describe__foreign_bytes_come_out_safe(void **state)
{
    struct fixture *x = *state;
    const struct secret_snap *s = poll_once(
        x,
        "{\"Description\":\"\\u001b[31m\\u202e\",\"VersionIdsToStages\":{\"v\\u0007\":[\"AWSCURRENT\",\"l\\u0007\"]}}");
    assert_string_equal(s->description, "\\x1B[31m<U+202E>");
    assert_string_equal(s->current_id, "v\\x07");
    assert_string_equal(s->versions[0].other_labels, "l\\x07");
}

static void describe__more_versions_than_are_kept(void **state)
{
    struct fixture *x = *state;
    struct strbuf b;
    strbuf_init(&b, 100000);
    strbuf_str(&b, "{\"VersionIdsToStages\":{");
    for (unsigned i = 0; i < 3 * VERSIONS_MAX; i++)
        strbuf_fmt(&b,
                   "%s\"v%u\":[\"label-%u-long-enough-to-fill-the-field-of-custom-labels-soon\",\"another-label-of-"
                   "some-length\"]",
                   i > 0 ? "," : "", i, i);
    strbuf_str(&b, ",\"now\":[\"AWSCURRENT\"],\"then\":[\"AWSPREVIOUS\",\"mine\"]}}");
    const struct secret_snap *s = poll_once(x, strbuf_peek(&b));
    assert_int_equal(s->nversions, VERSIONS_MAX);
    assert_string_equal(s->current_id, "now"); /* AWS's own labels come before custom ones */
    assert_string_equal(s->previous_id, "then");
    strbuf_clear(&b);
}

static void failure__keeps_the_data_and_says_why(void **state)
{
    static const struct {
        struct fake_answer answer;
        enum err err;
    } rows[] = {
        {{.status = 400, .body = "{\"__type\":\"ResourceNotFoundException\",\"message\":\"gone\"}"}, ERR_NOT_FOUND},
        {{.body = "{\"Name\":"}, ERR_MALFORMED},
        {{.body = "[]"}, ERR_MALFORMED},
        {{.body = ""}, ERR_MALFORMED},
        {{.err = ERR_TLS}, ERR_TLS},
    };
    struct fixture *x = *state;
    poll_once(x, "{\"Name\":\"n\",\"VersionIdsToStages\":{\"v\":[\"AWSCURRENT\"]}}");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_watch_later(&x->w, 1000);
        fake_answer_always(&x->w.fake, rows[i].answer);
        const struct secret_snap *s = poll_once(x, NULL);
        assert_int_equal(s->snap.why.code, rows[i].err);
        assert_string_equal(s->snap.why.call, "DescribeSecret");
        assert_string_equal(s->name, "n");
        assert_string_equal(s->current_id, "v");
        assert_true(s->snap.good_wall_ms == NOON && s->snap.failing_since_wall_ms == NOON + 1000);
        assert_int_equal(s->snap.failures, i + 1);
    }
}

static void cancelled__publishes_nothing(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->w.fake, (struct fake_answer){.hangs = true});
    cancel_trigger(x->w.watch.cancel);
    (void)watch_secret_turn(&x->w.worker, 0, false);
    assert_null(snapbox_get(x->w.watch.box, watch_slot(0, SLOT_SECRET)));
}

/* ------------------------------------------------------------ current since */

#define CURRENT(v, more) "{\"VersionIdsToStages\":{\"" v "\":[\"AWSCURRENT\"]}" more "}"

static void current_since__found_so(void **state)
{
    static const struct {
        const char *describe, *versions;
        int64_t since;
        bool exact;
    } rows[] = {
        /* rotated after the version was made: that is the moment */
        {CURRENT("v", ",\"LastRotatedDate\":1795000100"),
         "{\"Versions\":[{\"VersionId\":\"v\",\"CreatedDate\":1795000000}]}", 1795000100000, true},
        /* the version is younger than the last rotation: put there by hand */
        {CURRENT("v", ",\"LastRotatedDate\":1794000000"),
         "{\"Versions\":[{\"VersionId\":\"v\",\"CreatedDate\":1795000000}]}", 1795000000000, false},
        {CURRENT("v", ""), "{\"Versions\":[{\"VersionId\":\"v\",\"CreatedDate\":1795000000}]}", 1795000000000, false},
        {CURRENT("v", ",\"LastRotatedDate\":1794000000"), "{\"Versions\":[]}", 1794000000000, true},
        {CURRENT("v", ""), "{}", TIME_UNKNOWN, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        void *fresh;
        set_up(&fresh);
        struct fixture *x = fresh;
        x->versions = rows[i].versions;
        const struct secret_snap *s = poll_once(x, rows[i].describe);
        if (s->current_since_ms != rows[i].since || s->current_since_exact != rows[i].exact)
            fail_msg("row %zu: %lld, exact %d", i, (long long)s->current_since_ms, s->current_since_exact);
        tear_down(&fresh);
    }
}

static void current_since__seen_to_move(void **state)
{
    struct fixture *x = *state;
    x->versions = "{\"Versions\":[{\"VersionId\":\"v1\",\"CreatedDate\":1795000000}]}";
    assert_true(poll_once(x, CURRENT("v1", ""))->current_since_ms == 1795000000000);
    assert_false(x->snap->current_since_exact);
    /* by rotation, between two polls */
    fake_watch_later(&x->w, 30000);
    const struct secret_snap *s =
        poll_once(x, CURRENT("v2", ",\"LastRotatedDate\":1795521610,\"LastChangedDate\":1795521620"));
    assert_true(s->current_since_ms == 1795521610000 && s->current_since_exact);
    /* and stays so, whatever the dates do then */
    fake_watch_later(&x->w, 30000);
    s = poll_once(x, CURRENT("v2", ",\"LastChangedDate\":1795521655"));
    assert_true(s->current_since_ms == 1795521610000 && s->current_since_exact);
    /* by hand: only the change's date lies between the polls */
    fake_watch_later(&x->w, 30000);
    s = poll_once(x, CURRENT("v3", ",\"LastRotatedDate\":1795000000,\"LastChangedDate\":1795521670"));
    assert_true(s->current_since_ms == 1795521670000 && s->current_since_exact);
    /* no date tells: it is now */
    fake_watch_later(&x->w, 300000);
    s = poll_once(x, CURRENT("v4", ",\"LastRotatedDate\":1795000000"));
    assert_true(s->current_since_ms == x->w.fake.wall_ms && s->current_since_exact);
}

/* -------------------------------------------------------------- pending since */

#define PENDING(v) "{\"VersionIdsToStages\":{\"v1\":[\"AWSCURRENT\"],\"" v "\":[\"AWSPENDING\"]}}"

static void pending_since__is_the_versions_age(void **state)
{
    struct fixture *x = *state;
    x->versions = "{\"Versions\":[{\"VersionId\":\"v2\",\"CreatedDate\":1795521000},{\"VersionId\":\"v1\","
                  "\"CreatedDate\":1795000000}]}";
    const struct secret_snap *s = poll_once(x, PENDING("v2"));
    assert_string_equal(s->pending_id, "v2");
    assert_true(s->pending_since_ms == 1795521000000);
    s = poll_once(
        x, "{\"VersionIdsToStages\":{\"v2\":[\"AWSCURRENT\",\"AWSPENDING\"],\"v1\":[\"AWSPREVIOUS\"]}}"); /* finished */
    assert_true(s->pending_since_ms == TIME_UNKNOWN);
}

static void pending_since__without_dates__is_when_it_was_first_seen(void **state)
{
    struct fixture *x = *state;
    x->versions = NULL;
    x->failure = (struct fake_answer){.status = 400, .body = "{\"__type\":\"AccessDeniedException\"}"};
    assert_true(poll_once(x, PENDING("v2"))->pending_since_ms == NOON);
    assert_int_equal(x->snap->snap.why.code, ERR_OK); /* dates are best effort */
    fake_watch_later(&x->w, 60000);
    assert_true(poll_once(x, NULL)->pending_since_ms == NOON);
    fake_watch_later(&x->w, 60000);
    assert_true(poll_once(x, PENDING("v3"))->pending_since_ms == NOON + 120000);
}

static void dates__are_asked_for_when_labels_move(void **state)
{
    struct fixture *x = *state;
    x->versions = "{\"Versions\":[{\"VersionId\":\"v1\",\"CreatedDate\":1795000000}]}";
    poll_once(x, CURRENT("v1", ""));
    poll_once(x, NULL);
    poll_once(x, NULL);
    assert_int_equal(x->listed, 1);
    assert_true(x->snap->versions[0].created_ms == 1795000000000);
    x->versions = "{\"Versions\":[{\"VersionId\":\"v2\",\"CreatedDate\":1795521000}]}";
    assert_true(poll_once(x, PENDING("v2"))->versions[1].created_ms == 1795521000000);
    assert_int_equal(x->listed, 2);
    assert_true(x->snap->versions[0].created_ms == 1795000000000); /* carried over */
}

static void dates__paging_that_does_not_end__ends(void **state)
{
    struct fixture *x = *state;
    x->versions = "{\"Versions\":[],\"NextToken\":\"again\"}";
    poll_once(x, CURRENT("v1", ""));
    assert_in_range(x->listed, 1, 10);
}

/* ----------------------------------------------------------------- identity */

static void identity__is_read_from_sts(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(
        &x->w.fake,
        (struct fake_answer){
            .body = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ops</"
                    "Arn><UserId>AID</UserId>"
                    "<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"});
    assert_true(watch_identity_turn(&x->w.worker, 0, SLOTS) > 0);
    const struct identity_snap *s = snapbox_get(x->w.watch.box, SLOTS);
    assert_string_equal(s->account, "123456789012");
    assert_string_equal(s->arn, "arn:aws:iam::123456789012:user/ops");
    assert_string_equal(s->user_id, "AID");
    assert_string_equal(s->region, "us-east-1");
    assert_string_equal(s->source, "environment");
    snap_unref(s);
    fake_answer_always(&x->w.fake, (struct fake_answer){.body = "<html/>"});
    assert_true(watch_identity_turn(&x->w.worker, 0, SLOTS) > 0);
    s = snapbox_get(x->w.watch.box, SLOTS);
    assert_int_equal(s->snap.why.code, ERR_MALFORMED);
    assert_string_equal(s->account, "123456789012");
    snap_unref(s);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(describe__reads_all_members),
        CASE(describe__nulls_and_absent_members_are_unknown),
        CASE(describe__labels_that_are_none__is_malformed),
        CASE(describe__foreign_bytes_come_out_safe),
        CASE(describe__more_versions_than_are_kept),
        CASE(failure__keeps_the_data_and_says_why),
        CASE(cancelled__publishes_nothing),
        cmocka_unit_test(current_since__found_so),
        CASE(current_since__seen_to_move),
        CASE(pending_since__is_the_versions_age),
        CASE(pending_since__without_dates__is_when_it_was_first_seen),
        CASE(dates__are_asked_for_when_labels_move),
        CASE(dates__paging_that_does_not_end__ends),
        CASE(identity__is_read_from_sts),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
