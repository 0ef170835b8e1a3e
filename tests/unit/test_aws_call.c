/* aws_call() against a scripted AWS: the gate, what is sent, what comes of every kind
 * of answer, tries, skew, deadlines.  Waits between tries are real, hence short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/aws/json.h"
#include "tests/unit/fake_aws.h"

struct fixture {
    struct fake_aws fake;
    struct aws_gate *gate;
    struct aws *aws;
    struct cancel *cancel;
    struct aws_reply reply;
    struct why why;
    struct aws_meter meter;
};

static const struct aws_target here = {.endpoint_url = FAKE_URL, .name = "prod/db"};

static void open_gate(struct fixture *x, bool audit)
{
    x->gate = fake_gate(&x->fake, audit);
    x->aws = aws_new(x->gate);
}

static void close_gate(struct fixture *x)
{
    x->aws = aws_free(x->aws);
    x->gate = aws_gate_free(x->gate);
}

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    fake_aws_init(&x->fake);
    x->cancel = cancel_new(NULL);
    open_gate(x, false);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    close_gate(x);
    x->cancel = cancel_free(x->cancel);
    fake_aws_clear(&x->fake);
    free(x);
    return 0;
}

static enum err call(struct fixture *x, enum aws_op op, int64_t deadline_ms)
{
    enum err err = aws_call(x->aws, &here, op, "{\"a\":1}", deadline_ms, &x->reply, x->cancel, &x->why);
    aws_gate_meter(x->gate, &x->meter);
    return err;
}

static int64_t now_ms(void)
{
    return clock_mono_ms(clock_real());
}

/* ---------------------------------------------------------------- the gate */

static void gate__in_audit_mode__sends_what_reads_alone(void **state)
{
    struct fixture *x = *state;
    size_t refused = 0, read = 0;
    close_gate(x);
    open_gate(x, true);
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{}"});
    for (int op = 0; op < AWS_OPS; op++) {
        const struct aws_op_row *row = aws_op_row((enum aws_op)op);
        size_t before = x->fake.nsent;
        enum err err = call(x, (enum aws_op)op, 2000);
        if (row->class == AWS_READ) {
            read++;
            assert_int_equal(err, ERR_OK);
            assert_int_equal(x->fake.nsent, before + 1);
            assert_false(x->fake.sent[before].secret);
        } else {
            refused++;
            assert_int_equal(err, ERR_REFUSED_AUDIT);
            assert_int_equal(x->fake.nsent, before);
            assert_string_equal(x->why.call, row->name);
        }
        assert_int_equal(x->meter.refused, refused);
        assert_int_equal(x->meter.by_op[op], row->class == AWS_READ);
    }
    assert_true(refused > 0 && read > 0);
    assert_int_equal(x->meter.total, read);
    assert_int_equal(x->meter.failed, 0);
}

/* What the system's configuration grants is one class, and no other with it. */
static void gate__in_audit_mode_with_names_granted__sends_those_too(void **state)
{
    struct fixture *x = *state;
    size_t names = 0;
    close_gate(x);
    x->gate = aws_gate_new(&(struct aws_gate_settings){.audit = true, .audit_names = true, .clock = &x->fake.clock,
                                                       .new_transport = fake_transport, .transport_arg = &x->fake,
                                                       .quota_share = 1});
    x->aws = aws_new(x->gate);
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{}"});
    for (int op = 0; op < AWS_OPS; op++) {
        enum aws_class class = aws_op_row((enum aws_op)op)->class;
        size_t before = x->fake.nsent;
        bool granted = class == AWS_READ || class == AWS_NAMES;
        enum err err = call(x, (enum aws_op)op, 2000);
        assert_int_equal(err, granted ? ERR_OK : ERR_REFUSED_AUDIT);
        assert_int_equal(x->fake.nsent, before + granted);
        if (class == AWS_NAMES) {
            names++;
            assert_true(x->fake.sent[before].secret); /* in wiped memory all the same */
        }
        assert_int_equal(aws_gate_permits(x->gate, (enum aws_op)op), granted || class == AWS_OWN);
    }
    assert_int_equal(names, 1);
    assert_false(aws_gate_permits(x->gate, AWS_GET_FUNCTION_CONFIGURATION));
}

static void gate__without_a_row_or_class__refuses_in_both_modes(void **state)
{
    struct fixture *x = *state;
    struct aws_op_row none = *aws_op_row(AWS_LIST_SECRETS);
    none.class = (enum aws_class)0;
    assert_false(aws_permits(false, &none));
    assert_false(aws_permits(true, &none));
    none.class = (enum aws_class)77;
    assert_false(aws_permits(false, &none));
    assert_false(aws_permits(false, NULL));
    assert_null(aws_op_row(AWS_OPS));
    assert_null(aws_op_row((enum aws_op) - 1));
    assert_int_equal(call(x, AWS_OPS, 2000), ERR_REFUSED_CLASS);
    assert_int_equal(x->fake.nsent, 0);
    assert_int_equal(x->meter.refused, 1);
    assert_true(aws_permits(false, aws_op_row(AWS_GET_SECRET_VALUE)));
}

/* A journal that takes lines or refuses them, and remembers the last. */
struct journal_of_tests {
    unsigned asked;
    bool full;
    char operation[40], resource[80], order[16];
};

static enum err note_call(void *ctx, const struct aws_op_row *row, const struct aws_target *t, const char *resource,
                          struct why *why)
{
    struct journal_of_tests *j = ctx;
    j->asked++;
    (void)str_copy(j->operation, sizeof j->operation, row->name);
    (void)str_copy(j->resource, sizeof j->resource, resource);
    (void)str_copy(j->order, sizeof j->order, t->order != NULL ? t->order->name : "");
    return j->full ? why_set(why, ERR_IO, "the journal cannot be written: disk full") : ERR_OK;
}

static void gate__tells_the_journal_before_what_reveals_or_changes(void **state)
{
    struct fixture *x = *state;
    struct journal_of_tests j = {0};
    struct aws_order order = {.id = 1, .name = "rotate"};
    struct aws_target t = here;
    unsigned told = 0;
    close_gate(x);
    x->gate = aws_gate_new(&(struct aws_gate_settings){.clock = &x->fake.clock, .new_transport = fake_transport,
                                                       .transport_arg = &x->fake, .quota_share = 1, .journal = note_call,
                                                       .journal_ctx = &j});
    x->aws = aws_new(x->gate);
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{}"});
    t.order = &order;
    for (int op = 0; op < AWS_OPS; op++) {
        enum aws_class class = aws_op_row((enum aws_op)op)->class;
        bool matters = class == AWS_REVEALS || class == AWS_NAMES || class == AWS_MUTATES;
        size_t sent = x->fake.nsent;
        if (class == AWS_OWN)
            continue;
        j.full = false;
        assert_int_equal(aws_call(x->aws, &t, (enum aws_op)op, "{\"SecretString\":\"pw\",\"SecretId\":\"prod/db\"}", 2000,
                                  &x->reply, x->cancel, &x->why), ERR_OK);
        assert_int_equal(j.asked, told += matters);
        assert_int_equal(x->fake.nsent, sent + 1);
        if (!matters)
            continue;
        assert_string_equal(j.operation, aws_op_row((enum aws_op)op)->name);
        assert_string_equal(j.resource, "prod/db");
        assert_string_equal(j.order, "rotate");
        j.full = true;
        assert_int_equal(aws_call(x->aws, &t, (enum aws_op)op, "no JSON", 2000, &x->reply, x->cancel, &x->why), ERR_IO);
        assert_int_equal(j.asked, ++told);
        assert_string_equal(j.resource, aws_op_row((enum aws_op)op)->path != NULL ? "prod/db" : "");
        assert_int_equal(x->fake.nsent, sent + 1);
        assert_non_null(strstr(x->why.text, "disk full"));
        assert_string_equal(x->why.call, aws_op_row((enum aws_op)op)->name);
    }
    assert_true(told >= 2);
}

/* ------------------------------------------------------------ what is sent */

static void request__is_signed_json(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{\"ok\":true}"});
    assert_int_equal(call(x, AWS_DESCRIBE_SECRET, 2000), ERR_OK);
    const struct fake_sent *s = &x->fake.sent[0];
    assert_string_equal(s->op, "DescribeSecret");
    assert_string_equal(s->url, FAKE_URL);
    assert_string_equal(s->body, "{\"a\":1}");
    assert_string_equal(s->content_type, "application/x-amz-json-1.1");
    assert_string_equal(s->date, "20261124T120000Z");
    assert_null(s->token);
    assert_int_equal(s->reply_max, aws_op_row(AWS_DESCRIBE_SECRET)->reply_max);
    assert_ptr_equal(strstr(s->authorization, "AWS4-HMAC-SHA256 Credential=" FAKE_KEY_ID
                                              "/20261124/eu-central-1/secretsmanager/aws4_request, "),
                     s->authorization);
    assert_non_null(strstr(s->authorization, "SignedHeaders=content-type;host;x-amz-date;x-amz-target"));
    assert_string_equal(x->reply.body, "{\"ok\":true}");
    assert_int_equal(x->reply.len, 11);
    assert_string_equal(x->reply.request_id, "req-1");
    assert_int_equal(call(x, AWS_FILTER_LOG_EVENTS, 2000), ERR_OK);
    assert_non_null(strstr(x->fake.sent[1].authorization, "/eu-central-1/logs/aws4_request"));
}

static void request__carries_the_session_token(void **state)
{
    struct fixture *x = *state;
    close_gate(x);
    setenv("AWS_SESSION_TOKEN", "the-token", 1);
    open_gate(x, false);
    assert_int_equal(call(x, AWS_LIST_SECRETS, 2000), ERR_OK);
    assert_string_equal(x->fake.sent[0].token, "the-token");
    assert_non_null(strstr(x->fake.sent[0].authorization, ";x-amz-security-token"));
}

static void request__to_sts__is_a_form(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.body = "<R><Account>123456789012</Account></R>"});
    assert_int_equal(aws_call(x->aws, &here, AWS_GET_CALLER_IDENTITY, "&X=1", 2000, &x->reply, x->cancel, &x->why),
                     ERR_OK);
    assert_string_equal(x->fake.sent[0].body, "Action=GetCallerIdentity&Version=2011-06-15&X=1");
    assert_string_equal(x->fake.sent[0].op, "");
    assert_non_null(strstr(x->fake.sent[0].content_type, "x-www-form-urlencoded"));
    assert_non_null(strstr(x->fake.sent[0].authorization, "/sts/aws4_request"));
}

static enum err call_by_name(struct fixture *x, enum aws_op op, const char *name, const char *body)
{
    struct aws_target t = {.endpoint_url = FAKE_URL, .name = name};
    return aws_call(x->aws, &t, op, body, 2000, &x->reply, x->cancel, &x->why);
}

/* The signatures are botocore's, of the same requests. */
static void request__of_a_rest_row__has_method_path_and_name(void **state)
{
    struct fixture *x = *state;
    const struct fake_sent *s = &x->fake.sent[0];
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{}"});
    assert_int_equal(call_by_name(x, AWS_GET_FUNCTION_CONFIGURATION,
                                  "arn:aws:lambda:eu-central-1:111122223333:function:app:$LATEST", ""), ERR_OK);
    assert_string_equal(s[0].method, "GET");
    assert_string_equal(s[0].url, FAKE_URL "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-central-1%3A111122223333"
                                           "%3Afunction%3Aapp%3A%24LATEST/configuration");
    assert_string_equal(s[0].body, "");
    assert_null(s[0].content_type);
    assert_true(s[0].secret);
    assert_non_null(strstr(s[0].authorization, "SignedHeaders=host;x-amz-date, Signature="
                                               "495e6bf429a8788be3a3256c073392460d03a0285ce9077e8c2d18ffce16ac75"));
    assert_int_equal(call_by_name(x, AWS_UPDATE_FUNCTION_CONFIGURATION, "app", "{\"a\":1}"), ERR_OK);
    assert_string_equal(s[1].method, "PUT");
    assert_string_equal(s[1].url, FAKE_URL "/2015-03-31/functions/app/configuration");
    assert_string_equal(s[1].content_type, "application/json");
    assert_true(s[1].secret && s[1].once && !s[0].once);
    assert_non_null(strstr(s[1].authorization, "SignedHeaders=content-type;host;x-amz-date, Signature="
                                               "65d2f2516662cacd6738e031164a136eb328dc18dd8a230d70a405befa4bdbc7"));
    assert_int_equal(call_by_name(x, AWS_GET_FUNCTION_CONFIGURATION, "../a b/\xc3\xbc?", ""), ERR_OK);
    assert_string_equal(s[2].url, FAKE_URL "/2015-03-31/functions/..%2Fa%20b%2F%C3%BC%3F/configuration");
    char longest[258];
    memset(longest, ':', sizeof longest);
    longest[256] = '\0';
    assert_int_equal(call_by_name(x, AWS_GET_FUNCTION_CONFIGURATION, longest, ""), ERR_OK);
    longest[256] = ':';
    longest[257] = '\0';
    const char *const none[] = {NULL, "", ".", "..", longest};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_int_equal(call_by_name(x, AWS_GET_FUNCTION_CONFIGURATION, none[i], ""), ERR_INVALID);
    assert_int_equal(x->fake.nsent, 4);
}

static void request__of_a_rest_row__has_a_query(void **state)
{
    struct fixture *x = *state;
    struct aws_target t = {.endpoint_url = FAKE_URL, .query = "Marker=a%2Fb%3D&MaxItems=25"};
    char *longest = mem_new(5000);
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{}"});
    assert_int_equal(aws_call(x->aws, &t, AWS_LIST_FUNCTIONS, "", 2000, &x->reply, x->cancel, &x->why), ERR_OK);
    assert_string_equal(x->fake.sent[0].method, "GET");
    assert_string_equal(x->fake.sent[0].url, FAKE_URL "/2015-03-31/functions/?Marker=a%2Fb%3D&MaxItems=25");
    assert_true(x->fake.sent[0].secret);
    assert_int_equal(aws_call(x->aws, &t, AWS_LIST_SECRETS, "{}", 2000, &x->reply, x->cancel, &x->why), ERR_INVALID);
    memset(longest, 'x', 4999);
    t.query = longest;
    assert_int_equal(aws_call(x->aws, &t, AWS_LIST_FUNCTIONS, "", 2000, &x->reply, x->cancel, &x->why), ERR_INVALID);
    assert_int_equal(x->fake.nsent, 1);
    free(longest);
}

static void request__is_not_sent__without_what_it_needs(void **state)
{
    struct fixture *x = *state;
    struct aws_target plain = {.endpoint_url = "http://example.com"};
    assert_true(aws_call(x->aws, &plain, AWS_LIST_SECRETS, "{}", 2000, &x->reply, x->cancel, &x->why) != ERR_OK);
    assert_string_equal(x->why.call, "ListSecrets");
    struct aws_target nobody = {.endpoint_url = FAKE_URL, .profile = "nobody"};
    assert_int_equal(aws_call(x->aws, &nobody, AWS_LIST_SECRETS, "{}", 2000, &x->reply, x->cancel, &x->why),
                     ERR_NO_CREDENTIALS);
    close_gate(x);
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    open_gate(x, false);
    assert_true(call(x, AWS_LIST_SECRETS, 2000) != ERR_OK);
    close_gate(x);
    setenv("AWS_REGION", "eu-central-1", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    open_gate(x, false);
    assert_int_equal(call(x, AWS_LIST_SECRETS, 2000), ERR_NO_CREDENTIALS);
    assert_int_equal(x->fake.nsent, 0);
    assert_int_equal(x->meter.total, 0);
}

/* ------------------------------------------------------------- the answers */

static void answer__without_a_body__is_an_empty_text(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(call(x, AWS_LIST_SECRETS, 2000), ERR_OK);
    assert_non_null(x->reply.body);
    assert_int_equal(x->reply.len, 0);
    assert_int_equal(x->reply.body[0], '\0');
}

static void answer__that_reveals__lives_in_wiped_memory(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{\"SecretString\":\"hunter2\"}"});
    assert_int_equal(call(x, AWS_GET_SECRET_VALUE, 2000), ERR_OK);
    assert_true(x->fake.sent[0].secret);
    assert_string_equal(x->reply.body, "{\"SecretString\":\"hunter2\"}");
    assert_int_equal(x->reply.len, 26);
    const char *was = x->reply.body;
    aws_forget(x->aws);
    for (size_t i = 0; i < 26; i++)
        assert_int_equal(was[i], 0);
    /* a refusal leaves nothing of itself either */
    fake_answer_always(&x->fake,
                       (struct fake_answer){.status = 400, .body = "{\"__type\":\"ResourceNotFoundException\"}"});
    assert_int_equal(call(x, AWS_GET_SECRET_VALUE, 2000), ERR_NOT_FOUND);
    assert_int_equal(was[0], 0);
}

/* What a row hides must not come back as words: a refusal may quote what was sent. */
static void answer__that_is_hidden__tells_of_a_bad_request_the_code_alone(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.status = 400, .error_type = "InvalidParameterValueException:",
                                                      .body = "{\"message\":\"Value '{PW=hunter2}' failed\"}"});
    assert_int_equal(call(x, AWS_UPDATE_FUNCTION_CONFIGURATION, 2000), ERR_INVALID);
    assert_string_equal(x->why.text, "InvalidParameterValueException");
    assert_string_equal(x->why.aws_code, "InvalidParameterValueException");
    assert_int_equal(x->why.http, 400);
    assert_int_equal(call(x, AWS_PUT_SECRET_VALUE, 2000), ERR_INVALID);
    assert_non_null(strstr(x->why.text, "failed"));
    fake_answer_always(&x->fake, (struct fake_answer){.status = 403, .error_type = "AccessDeniedException:",
                                                      .body = "{\"Message\":\"user x may not\"}"});
    assert_int_equal(call(x, AWS_UPDATE_FUNCTION_CONFIGURATION, 2000), ERR_DENIED);
    assert_string_equal(x->why.text, "user x may not");
    fake_answer_always(&x->fake, (struct fake_answer){.body = "{\"Environment\":\"hunter2\"}"});
    assert_int_equal(call(x, AWS_UPDATE_FUNCTION_CONFIGURATION, 2000), ERR_OK);
    const char *was = x->reply.body;
    assert_true(x->fake.sent[3].secret && x->reply.len == 25);
    aws_forget(x->aws);
    for (size_t i = 0; i < 25; i++)
        assert_int_equal(was[i], 0);
}

/* The rows have different limits, and one wiped memory. */
static void answer__that_is_hidden__has_its_own_rows_room(void **state)
{
    struct fixture *x = *state;
    size_t small = aws_op_row(AWS_GET_FUNCTION_CONFIGURATION)->reply_max, large = aws_op_row(AWS_GET_SECRET_VALUE)->reply_max;
    assert_true(small < large);
    char *big = mem_new(large + 1);
    memset(big, 'x', large);
    fake_answer_always(&x->fake, (struct fake_answer){.body = big});
    assert_int_equal(call(x, AWS_GET_FUNCTION_CONFIGURATION, 2000), ERR_TOO_BIG);
    assert_int_equal(call(x, AWS_GET_SECRET_VALUE, 2000), ERR_OK);
    assert_int_equal(x->reply.len, large);
    free(big);
}

static void answer__too_large__is_an_error(void **state)
{
    struct fixture *x = *state;
    size_t n = aws_op_row(AWS_GET_CALLER_IDENTITY)->reply_max;
    char *big = mem_new(n + 2);
    memset(big, 'x', n + 1);
    fake_answer_always(&x->fake, (struct fake_answer){.body = big});
    assert_int_equal(call(x, AWS_GET_CALLER_IDENTITY, 2000), ERR_TOO_BIG);
    assert_int_equal(x->fake.nsent, 1);
    big[n] = '\0';
    assert_int_equal(call(x, AWS_GET_CALLER_IDENTITY, 2000), ERR_OK);
    free(big);
}

static void answer__error_shapes(void **state)
{
    static const struct {
        int status;
        const char *type, *body;
        enum err err;
        const char *code, *text;
    } rows[] = {
        {400, NULL, "{\"__type\":\"ResourceNotFoundException\",\"message\":\"gone\"}", ERR_NOT_FOUND,
         "ResourceNotFoundException", "gone"},
        {400, NULL, "{\"__type\":\"com.amazonaws.secretsmanager#ResourceNotFoundException\",\"Message\":\"Gone\"}",
         ERR_NOT_FOUND, "ResourceNotFoundException", "Gone"},
        {400, NULL, "{\"code\":\"AccessDeniedException\",\"message\":\"no\"}", ERR_DENIED, "AccessDeniedException",
         "no"},
        {400, "ResourceNotFoundException:http://internal.amazon.com/coral/", "{\"message\":\"gone\"}", ERR_NOT_FOUND,
         "ResourceNotFoundException", "gone"},
        {400, "AccessDeniedException;Sender", "", ERR_DENIED, "AccessDeniedException", ""},
        {400, "AccessDeniedException", "{\"__type\":\"Other\"}", ERR_DENIED, "AccessDeniedException", ""},
        {403, NULL,
         "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The key</Message></Error>"
         "<RequestId>x</RequestId></ErrorResponse>",
         ERR_BAD_KEY, "InvalidClientTokenId", "The key"},
        {403, NULL,
         " \r\n<?xml version=\"1.0\"?><Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>",
         ERR_SIGNATURE, "AuthFailure", ""},
        {403, NULL, "<Error><Code>Zugriff\xc3\xbc:no</Code></Error>", ERR_DENIED, "Zugriff<U+00FC>", ""}, /* as of JSON */
        {403, NULL, "<html><body>Forbidden by proxy</body></html>", ERR_DENIED, "",
         "HTTP 403: <html><body>Forbidden by proxy</body></html>"},
        {404, NULL, "nothing here", ERR_NOT_FOUND, "", "HTTP 404: nothing here"},
        {400, NULL, "", ERR_INVALID, "", "HTTP 400: "},
        {400, NULL, "{\"__type\":null,\"message\":7}", ERR_INVALID, "", "HTTP 400: "},
        {400, NULL, "{\"__type\":[\"x\"]}", ERR_INVALID, "", "HTTP 400: "},
        {400, NULL, "[1]", ERR_INVALID, "", "HTTP 400: [1]"},
        {400, NULL, "{\"__type\":\"\\u001b[31mEvil\"}", ERR_INVALID, "\\x1B[31mEvil", ""},
        {302, NULL, "moved", ERR_MALFORMED, "", "HTTP 302: moved"},
        {400, NULL, "   ", ERR_INVALID, "", "HTTP 400:    "},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        fake_answer_always(
            &x->fake, (struct fake_answer){.status = rows[i].status, .error_type = rows[i].type, .body = rows[i].body});
        size_t before = x->fake.nsent;
        enum err err = call(x, AWS_DESCRIBE_SECRET, 2000);
        if (err != rows[i].err)
            fail_msg("%s (%s) for %s", err_name(err), x->why.text, rows[i].body);
        assert_int_equal(x->fake.nsent, before + 1); /* none of these is worth a second try */
        assert_int_equal(x->why.http, rows[i].status);
        assert_string_equal(x->why.aws_code, rows[i].code);
        assert_string_equal(x->why.text, rows[i].text);
        assert_string_equal(x->why.call, "DescribeSecret");
        assert_string_equal(x->why.request_id, "req-1");
    }
    assert_int_equal(x->meter.failed, ARRAY_LEN(rows));
}

/* The request id of one call must not be shown with the next one's failure. */
static void answer__of_the_last_call__does_not_linger(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(call(x, AWS_LIST_SECRETS, 2000), ERR_OK);
    fake_answer_always(&x->fake, (struct fake_answer){.err = ERR_TLS});
    assert_int_equal(call(x, AWS_LIST_SECRETS, 2000), ERR_TLS);
    assert_string_equal(x->why.request_id, "");
    assert_string_equal(x->why.aws_code, "");
    assert_int_equal(x->why.http, 0);
}

static void xml_text__takes_what_is_between(void **state)
{
    char out[16];
    (void)state;
    assert_true(aws_xml_text("<a><b>x</b></a>", 15, "b", out, sizeof out));
    assert_string_equal(out, "x");
    assert_true(aws_xml_text("<b></b>", 7, "b", out, sizeof out));
    assert_string_equal(out, "");
    assert_true(aws_xml_text("<b>\x1b[0m</b>", 11, "b", out, sizeof out));
    assert_string_equal(out, "\\x1B[0m");
    assert_false(aws_xml_text("<b>x</b>", 6, "b", out, sizeof out)); /* cut before the end tag */
    assert_false(aws_xml_text("<bb>x</bb>", 10, "b", out, sizeof out));
    assert_false(aws_xml_text("</b>x<b>", 8, "b", out, sizeof out));
    assert_false(aws_xml_text("", 0, "b", out, sizeof out));
}

/* ------------------------------------------------------------------- tries */

static void tries__are_made_again__for_what_passes(void **state)
{
    static const struct fake_answer passing[] = {
        {.status = 400, .body = "{\"__type\":\"ThrottlingException\"}"},
        {.status = 503},
        {.status = 500, .body = "{\"__type\":\"InternalServiceError\"}"},
        {.err = ERR_NETWORK},
        {.err = ERR_CONNECT},
        {.err = ERR_TIMEOUT},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(passing); i++) {
        fake_aws_forget_sent(&x->fake);
        x->fake.answers[0] = passing[i];
        x->fake.answers[1] = (struct fake_answer){.body = "{}"};
        x->fake.n = 2;
        assert_int_equal(call(x, AWS_DESCRIBE_LOG_STREAMS, 20000), ERR_OK);
        assert_int_equal(x->fake.nsent, 2);
        assert_string_equal(x->reply.body, "{}");
    }
    assert_int_equal(x->meter.throttled, 1);
    assert_int_equal(x->meter.failed, ARRAY_LEN(passing) - 1);
    assert_int_equal(x->meter.total, 2 * ARRAY_LEN(passing));
    assert_int_equal(x->meter.by_op[AWS_DESCRIBE_LOG_STREAMS], 2 * ARRAY_LEN(passing));
}

static void tries__are_three_at_most(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.status = 500, .body = "{\"__type\":\"InternalServiceError\"}"});
    assert_int_equal(call(x, AWS_DESCRIBE_SECRET, 30000), ERR_SERVICE);
    assert_int_equal(x->fake.nsent, 3);
    assert_int_equal(x->meter.failed, 3);
}

static void tries__are_not_made_again__for_what_stays(void **state)
{
    static const struct fake_answer staying[] = {
        {.status = 400, .body = "{\"__type\":\"AccessDeniedException\"}"},
        {.status = 400, .body = "{\"__type\":\"ResourceNotFoundException\"}"},
        {.status = 400, .body = "{\"__type\":\"InvalidParameterException\"}"},
        {.status = 400, .body = "{\"__type\":\"UnrecognizedClientException\"}"},
        {.err = ERR_TLS},
        {.err = ERR_TOO_BIG},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(staying); i++) {
        fake_aws_forget_sent(&x->fake);
        fake_answer_always(&x->fake, staying[i]);
        assert_true(call(x, AWS_DESCRIBE_SECRET, 20000) != ERR_OK);
        assert_int_equal(x->fake.nsent, 1);
    }
}

/* Expired keys are fetched anew and the call is made once more, whatever its class:
 * nothing was done yet. */
static void tries__are_made_once_more__when_keys_have_expired(void **state)
{
    struct fixture *x = *state;
    const struct fake_answer expired = {.status = 400, .body = "{\"__type\":\"ExpiredTokenException\"}"};
    x->fake.answers[0] = expired;
    x->fake.n = 2;
    assert_int_equal(call(x, AWS_GET_SECRET_VALUE, 20000), ERR_OK);
    assert_int_equal(x->fake.nsent, 2);
    fake_answer_always(&x->fake, expired);
    fake_aws_forget_sent(&x->fake);
    assert_int_equal(call(x, AWS_GET_SECRET_VALUE, 20000), ERR_EXPIRED);
    assert_int_equal(x->fake.nsent, 2);
}

static void tries__wait_as_long_as_the_answer_says(void **state)
{
    struct fixture *x = *state;
    x->fake.answers[0] = (struct fake_answer){.status = 503, .retry_after_ms = 1200};
    x->fake.n = 2;
    int64_t began = now_ms();
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_OK);
    assert_true(now_ms() - began >= 1200);
    /* what does not fit the deadline is not waited for */
    fake_answer_always(&x->fake, (struct fake_answer){.status = 503, .retry_after_ms = 5000});
    fake_aws_forget_sent(&x->fake);
    began = now_ms();
    assert_int_equal(call(x, AWS_LIST_SECRETS, 3000), ERR_SERVICE);
    assert_true(now_ms() - began < 1000);
    assert_int_equal(x->fake.nsent, 1);
}

/* -------------------------------------------------------------------- skew */

#define REFUSED_SIGNATURE .status = 403, .body = "{\"__type\":\"InvalidSignatureException\"}"

static void skew__is_learnt_and_corrected_once(void **state)
{
    struct fixture *x = *state;
    int64_t ahead = x->fake.wall_ms + 3600 * 1000;
    x->fake.answers[0] = (struct fake_answer){REFUSED_SIGNATURE, .date_ms = ahead};
    x->fake.answers[1] = (struct fake_answer){.body = "{}"};
    x->fake.n = 2;
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_OK);
    assert_int_equal(x->fake.nsent, 2);
    assert_string_equal(x->fake.sent[0].date, "20261124T120000Z");
    assert_string_equal(x->fake.sent[1].date, "20261124T130000Z");
    assert_int_equal(x->meter.skew_ms, 3600 * 1000);
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_OK); /* remembered by the gate */
    assert_string_equal(x->fake.sent[2].date, "20261124T130000Z");
    /* the machine's clock is put right: learnt back */
    x->fake.wall_ms = ahead;
    x->fake.next = 0;
    x->fake.answers[0].date_ms = ahead + 1000;
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_OK);
    assert_int_equal(x->meter.skew_ms, 0);
    assert_string_equal(x->fake.sent[4].date, "20261124T130000Z");
}

static void skew__is_not_blamed__for_other_refusals(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){REFUSED_SIGNATURE, .date_ms = x->fake.wall_ms + 200 * 1000});
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_SIGNATURE); /* AWS tolerates that */
    assert_int_equal(x->fake.nsent, 1);
    fake_answer_always(&x->fake, (struct fake_answer){REFUSED_SIGNATURE}); /* no Date at all */
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_SIGNATURE);
    assert_int_equal(x->fake.nsent, 2);
    fake_answer_always(&x->fake, (struct fake_answer){.status = 400,
                                                      .body = "{\"__type\":\"AccessDeniedException\"}",
                                                      .date_ms = x->fake.wall_ms + 3600 * 1000});
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_DENIED);
    assert_int_equal(x->meter.skew_ms, 0);
    /* a peer whose Date wanders is not followed for ever */
    fake_aws_forget_sent(&x->fake);
    x->fake.answers[0] = (struct fake_answer){REFUSED_SIGNATURE, .date_ms = x->fake.wall_ms + 3600 * 1000};
    x->fake.answers[1] = (struct fake_answer){REFUSED_SIGNATURE, .date_ms = x->fake.wall_ms - 3600 * 1000};
    x->fake.answers[2] = (struct fake_answer){REFUSED_SIGNATURE, .date_ms = x->fake.wall_ms + 3600 * 1000};
    x->fake.n = 3;
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_SIGNATURE);
    assert_int_equal(x->fake.nsent, 3);
}

/* One front end of AWS's whose clock is wrong: its Date is believed, the next one's puts it right. */
static void skew__of_one_answer_alone_ends_no_call(void **state)
{
    struct fixture *x = *state;
    x->fake.answers[0] = (struct fake_answer){REFUSED_SIGNATURE, .date_ms = x->fake.wall_ms + 600 * 1000};
    x->fake.answers[1] = (struct fake_answer){REFUSED_SIGNATURE, .date_ms = x->fake.wall_ms + 1000};
    x->fake.answers[2] = (struct fake_answer){.body = "{}"};
    x->fake.n = 3;
    assert_int_equal(call(x, AWS_UPDATE_SECRET_VERSION_STAGE, 20000), ERR_OK); /* never sent twice else */
    assert_int_equal(x->fake.nsent, 3);
    assert_string_equal(x->fake.sent[0].date, "20261124T120000Z");
    assert_string_equal(x->fake.sent[1].date, "20261124T121000Z");
    assert_string_equal(x->fake.sent[2].date, "20261124T120000Z");
    assert_int_equal(x->meter.skew_ms, 0);
}

/* The first request is refused while another thread, refused as well, corrects the gate's clock. */
static void meanwhile(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out)
{
    struct fixture *x = f->ctx;
    bool first = f->nsent == 1, ahead = strcmp(rq->date, "20261124T130000Z") == 0;
    *out = ahead ? (struct fake_answer){.body = "{}"}
                 : (struct fake_answer){REFUSED_SIGNATURE, .date_ms = f->wall_ms + 3600 * 1000};
    if (!first)
        return;
    struct aws *other = aws_new(x->gate);
    struct aws_reply reply;
    pthread_mutex_unlock(&f->lock); /* held around this callback */
    assert_int_equal(aws_call(other, &here, AWS_LIST_SECRETS, "{}", 20000, &reply, x->cancel, NULL), ERR_OK);
    pthread_mutex_lock(&f->lock);
    other = aws_free(other);
}

static void skew__that_another_thread_learnt_meanwhile_is_used(void **state)
{
    struct fixture *x = *state;
    x->fake.reply = meanwhile;
    x->fake.ctx = x;
    assert_int_equal(call(x, AWS_ROTATE_SECRET, 20000), ERR_OK);
    assert_int_equal(x->fake.nsent, 4);
    assert_string_equal(x->fake.sent[3].date, "20261124T130000Z");
}

/* ---------------------------------------------------------- how long it takes */

static void deadline__ends_a_hanging_call(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.hangs = true});
    int64_t began = now_ms();
    assert_int_equal(call(x, AWS_LIST_SECRETS, 150), ERR_TIMEOUT);
    assert_in_range(now_ms() - began, 140, 1000);
    assert_int_equal(x->fake.nsent, 1);
}

static void *trigger_soon(void *cancel)
{
    (void)cancel_wait_fd(NULL, -1, 0, now_ms() + 50);
    cancel_trigger(cancel);
    return NULL;
}

static void expect_cancelled(struct fixture *x)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, trigger_soon, x->cancel), 0);
    int64_t began = now_ms();
    assert_int_equal(call(x, AWS_LIST_SECRETS, 20000), ERR_CANCELLED);
    assert_in_range(now_ms() - began, 0, 500);
    pthread_join(thread, NULL);
}

static void cancel__ends_a_hanging_call(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.hangs = true});
    expect_cancelled(x);
    assert_int_equal(x->meter.failed, 0);
}

static void cancel__ends_the_wait_between_tries(void **state)
{
    struct fixture *x = *state;
    fake_answer_always(&x->fake, (struct fake_answer){.status = 503, .retry_after_ms = 10000});
    expect_cancelled(x);
    assert_int_equal(x->fake.nsent, 1);
}

/* ------------------------------------------------------------------- meter */

static void meter__forgets_after_a_minute(void **state)
{
    struct fixture *x = *state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(call(x, AWS_LIST_SECRETS, 2000), ERR_OK);
    assert_int_equal(x->meter.per_minute, 3);
    x->fake.mono_ms += 30000;
    assert_int_equal(call(x, AWS_DESCRIBE_SECRET, 2000), ERR_OK);
    assert_int_equal(x->meter.per_minute, 4);
    x->fake.mono_ms += 30000;
    aws_gate_meter(x->gate, &x->meter);
    assert_int_equal(x->meter.per_minute, 1);
    assert_int_equal(x->meter.total, 4);
    assert_int_equal(x->meter.by_op[AWS_LIST_SECRETS], 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gate__in_audit_mode__sends_what_reads_alone),
        CASE(gate__in_audit_mode_with_names_granted__sends_those_too),
        CASE(gate__without_a_row_or_class__refuses_in_both_modes),
        CASE(gate__tells_the_journal_before_what_reveals_or_changes),
        CASE(request__is_signed_json),
        CASE(request__carries_the_session_token),
        CASE(request__to_sts__is_a_form),
        CASE(request__of_a_rest_row__has_method_path_and_name),
        CASE(request__of_a_rest_row__has_a_query),
        CASE(request__is_not_sent__without_what_it_needs),
        CASE(answer__without_a_body__is_an_empty_text),
        CASE(answer__that_reveals__lives_in_wiped_memory),
        CASE(answer__that_is_hidden__tells_of_a_bad_request_the_code_alone),
        CASE(answer__that_is_hidden__has_its_own_rows_room),
        CASE(answer__too_large__is_an_error),
        CASE(answer__error_shapes),
        CASE(answer__of_the_last_call__does_not_linger),
        cmocka_unit_test(xml_text__takes_what_is_between),
        CASE(tries__are_made_again__for_what_passes),
        CASE(tries__are_three_at_most),
        CASE(tries__are_not_made_again__for_what_stays),
        CASE(tries__are_made_once_more__when_keys_have_expired),
        CASE(tries__wait_as_long_as_the_answer_says),
        CASE(skew__is_learnt_and_corrected_once),
        CASE(skew__is_not_blamed__for_other_refusals),
        CASE(skew__of_one_answer_alone_ends_no_call),
        CASE(skew__that_another_thread_learnt_meanwhile_is_used),
        CASE(deadline__ends_a_hanging_call),
        CASE(cancel__ends_a_hanging_call),
        CASE(cancel__ends_the_wait_between_tries),
        CASE(meter__forgets_after_a_minute),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
