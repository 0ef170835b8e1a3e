/* AWS as a script: a transport that gives prepared answers and remembers what it was
 * sent, keys in the environment, and a clock that stands where a test puts it. */
#ifndef CT_FAKE_AWS_H
#define CT_FAKE_AWS_H

#include <pthread.h>
#include <stdlib.h>

#include "backend/aws/aws.h"
#include "backend/base/mem.h"

#define FAKE_KEY_ID "AKIDEXAMPLE"
#define FAKE_SECRET_KEY "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define FAKE_URL "http://127.0.0.1:9"

struct fake_answer {
    enum err err; /* not OK: no whole answer */
    int status;   /* 0: 200 */
    const char *body;
    const char *error_type; /* header */
    int64_t date_ms;        /* header; 0: none */
    int64_t retry_after_ms; /* header; 0: none */
    bool hangs;             /* until the deadline or the cancel */
};

#define FAKE_SENT_MAX 2048

struct fake_sent {
    char op[64]; /* "DescribeSecret"; for STS and REST "" */
    char method[8];
    char *body, *authorization, *token, *date, *content_type;
    char url[1100];
    size_t reply_max;
    bool secret; /* the answer is to go into wiped memory */
    bool once;   /* the transport may not send it again by itself */
};

struct fake_aws {
    struct fake_answer answers[64]; /* in order; the last one again and again */
    size_t n, next;
    /* Instead of answers: decides by what was asked. */
    void (*reply)(struct fake_aws *f, const struct fake_sent *rq, struct fake_answer *out);
    void *ctx;
    pthread_mutex_t lock;
    size_t nsent;
    struct fake_sent sent[FAKE_SENT_MAX];
    int64_t mono_ms, wall_ms; /* the clock */
    struct clock clock;
};

struct fake_line_to_aws {
    struct transport base;
    struct fake_aws *aws;
};

static char *fake_header(const struct http_request *rq, const char *name)
{
    for (size_t i = 0; i < rq->nheaders; i++)
        if (strcmp(rq->headers[i].name, name) == 0)
            return mem_copy_str(rq->headers[i].value);
    return NULL;
}

static struct fake_sent fake_note(const struct http_request *rq)
{
    struct fake_sent s = {.body = mem_copy_bytes(rq->body, rq->body_len),
                          .authorization = fake_header(rq, "Authorization"),
                          .token = fake_header(rq, "X-Amz-Security-Token"),
                          .date = fake_header(rq, "X-Amz-Date"),
                          .content_type = fake_header(rq, "Content-Type"),
                          .reply_max = rq->reply_max,
                          .secret = rq->reply_secret != NULL,
                          .once = rq->once};
    char *target = fake_header(rq, "X-Amz-Target");
    const char *dot = target != NULL ? strchr(target, '.') : NULL;
    (void)str_copy(s.op, sizeof s.op, dot != NULL ? dot + 1 : "");
    (void)str_copy(s.method, sizeof s.method, rq->method);
    (void)str_copy(s.url, sizeof s.url, rq->url);
    free(target);
    return s;
}

static enum err fake_exchange(struct transport *self, const struct http_request *rq, struct http_reply *out,
                              struct cancel *c, struct why *why)
{
    struct fake_aws *f = ((struct fake_line_to_aws *)self)->aws;
    struct fake_answer a = {0};
    pthread_mutex_lock(&f->lock);
    ASSERT(f->nsent < FAKE_SENT_MAX);
    struct fake_sent *s = &f->sent[f->nsent++];
    *s = fake_note(rq);
    if (f->reply != NULL)
        f->reply(f, s, &a);
    else if (f->n > 0)
        a = f->answers[f->next < f->n ? f->next : f->n - 1];
    f->next++;
    pthread_mutex_unlock(&f->lock);
    if (a.hangs) {
        bool cancelled = cancel_wait_fd(c, -1, 0, rq->deadline_mono_ms) < 0;
        return why_set(why, cancelled ? ERR_CANCELLED : ERR_TIMEOUT, "%s", cancelled ? "" : "no answer");
    }
    if (a.err != ERR_OK)
        return why_set(why, a.err, "scripted");
    size_t n = a.body != NULL ? strlen(a.body) : 0;
    if (n > rq->reply_max || (rq->reply_secret != NULL && secret_append(rq->reply_secret, a.body, n) != ERR_OK))
        return why_set(why, ERR_TOO_BIG, "more than %zu bytes", rq->reply_max);
    for (size_t got = 0; rq->reply_secret == NULL && got < n;) { /* as it comes: in pieces */
        size_t piece = n - got < n / 3 + 1 ? n - got : n / 3 + 1;
        strbuf_add(&out->body, a.body + got, piece);
        got += piece;
        if (rq->reader != NULL)
            rq->reader->more(rq->reader->ctx, strbuf_peek(&out->body), got);
    }
    out->status = a.status != 0 ? a.status : 200;
    out->date_ms = a.date_ms != 0 ? a.date_ms : -1;
    out->retry_after_ms = a.retry_after_ms != 0 ? a.retry_after_ms : -1;
    (void)str_copy(out->error_type, sizeof out->error_type, a.error_type != NULL ? a.error_type : "");
    (void)str_copy(out->request_id, sizeof out->request_id, "req-1");
    return ERR_OK;
}

static void fake_destroy(struct transport *self)
{
    free(self);
}

static struct transport *fake_transport(void *arg)
{
    struct fake_line_to_aws *t = mem_new(sizeof *t);
    t->base.exchange = fake_exchange;
    t->base.destroy = fake_destroy;
    t->aws = arg;
    return &t->base;
}

static int64_t fake_mono(void *self)
{
    return ((struct fake_aws *)self)->mono_ms;
}
static int64_t fake_wall(void *self)
{
    return ((struct fake_aws *)self)->wall_ms;
}

/* Keys and region in the environment, nothing else of AWS's; the clock at noon. */
static void fake_aws_init(struct fake_aws *f)
{
    static const char *const unset[] = {"AWS_PROFILE",
                                        "AWS_DEFAULT_PROFILE",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_SECURITY_TOKEN",
                                        "AWS_CREDENTIAL_EXPIRATION",
                                        "AWS_ENDPOINT_URL",
                                        "AWS_CA_BUNDLE",
                                        "AWS_ENDPOINT_URL_LOGS",
                                        "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
                                        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                                        "AWS_ENDPOINT_URL_STS",
                                        "AWS_ENDPOINT_URL_LAMBDA"};
    for (size_t i = 0; i < ARRAY_LEN(unset); i++)
        unsetenv(unset[i]);
    setenv("AWS_ACCESS_KEY_ID", FAKE_KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", FAKE_SECRET_KEY, 1);
    setenv("AWS_REGION", "eu-central-1", 1);
    setenv("AWS_DEFAULT_REGION", "eu-central-1", 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    *f = (struct fake_aws){.mono_ms = 1000000, .wall_ms = 1795521600000}; /* 2026-11-24T12:00:00Z */
    f->clock = (struct clock){fake_mono, fake_wall, f};
    pthread_mutex_init(&f->lock, NULL);
}

static void fake_aws_forget_sent(struct fake_aws *f)
{
    for (size_t i = 0; i < f->nsent; i++) {
        free(f->sent[i].body);
        free(f->sent[i].authorization);
        free(f->sent[i].token);
        free(f->sent[i].date);
        free(f->sent[i].content_type);
    }
    f->nsent = f->next = 0;
}

static void fake_aws_clear(struct fake_aws *f)
{
    fake_aws_forget_sent(f);
    pthread_mutex_destroy(&f->lock);
}

static struct aws_gate *fake_gate(struct fake_aws *f, bool audit)
{
    struct aws_gate_settings s = {
        .audit = audit, .clock = &f->clock, .new_transport = fake_transport, .transport_arg = f, .quota_share = 1};
    return aws_gate_new(&s);
}

/* Replaces the script by one answer, given from now on. */
static inline void fake_answer_always(struct fake_aws *f, struct fake_answer a)
{
    f->answers[0] = a;
    f->n = 1;
    f->next = 0;
    f->reply = NULL;
}

#endif
