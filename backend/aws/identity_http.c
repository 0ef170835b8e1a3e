/* Sending, for the links of the chain.  What goes out goes through the gate's line. */
#include <openssl/rand.h>

#include "backend/aws/aws.h"
#include "backend/aws/identity_store.h"
#include "backend/aws/retry.h"
#include "backend/base/mem.h"

#define CA_PATH_MAX 4096

void link_reply_clear(struct link_reply *r)
{
    r->body = secret_free(r->body);
    *r = (struct link_reply){0};
}

static double random01(void)
{
    uint32_t r = 0;

    (void)RAND_bytes((unsigned char *)&r, sizeof(r)); /* jitter: a failure just means no jitter */
    return (double)r / 4294967296.0;
}

static enum err send_once(const struct walk *w, const struct link_request *rq, int64_t deadline, const char *ca_bundle,
                          struct link_reply *out, int64_t *out_retry_after_ms)
{
    const struct identity_line *line = &w->store->line;
    struct http_reply reply = {.date_ms = -1, .retry_after_ms = -1};
    struct http_request http = {
        .method = rq->method,
        .url = rq->url,
        .headers = rq->headers,
        .nheaders = rq->nheaders,
        .body = rq->body,
        .body_len = rq->body_len,
        .deadline_mono_ms = deadline,
        .reply_max = LINK_REPLY_MAX,
        .reply_secret = out->body,
        .ca_bundle = ca_bundle,
        .direct = rq->op == LINK_METADATA,
    };
    enum err err;

    secret_reset(out->body);
    strbuf_init(&reply.body, 0);
    err = line->send(line->ctx, rq->op, &http, &reply, w->cancel, w->why);
    strbuf_clear(&reply.body);
    out->status = reply.status;
    out->date_ms = reply.date_ms;
    *out_retry_after_ms = reply.retry_after_ms;
    (void)str_copy(out->error_type, sizeof(out->error_type), reply.error_type);
    if (err == ERR_OK && rq->op != LINK_METADATA && (reply.status < 200 || reply.status > 299)) {
        size_t n;
        const char *bytes = secret_peek(out->body, &n);

        err = aws_read_refusal(&reply, bytes, n, w->why);
    }
    return err;
}

enum err link_send(const struct walk *w, const struct link_request *rq, struct link_reply *out)
{
    int most = rq->tries > 0 ? rq->tries : RETRY_TRIES;
    char room[CA_PATH_MAX];
    const char *ca_bundle = identity_ca_bundle(w->store, w->profile, room, sizeof(room));

    if (!w->store->line.send)
        return why_set(w->why, ERR_NO_CREDENTIALS, "these keys must be fetched, and there is no line to AWS");
    *out = (struct link_reply){.body = secret_new(LINK_REPLY_MAX)};
    for (int tries = 1;; tries++) {
        int64_t now = clock_mono_ms(clock_real()), deadline = now + rq->try_ms, retry_after, at;
        enum err err;

        if (deadline > w->deadline_mono_ms)
            deadline = w->deadline_mono_ms;
        err = send_once(w, rq, deadline, ca_bundle, out, &retry_after);
        if (err == ERR_OK && !(rq->op == LINK_METADATA && (out->status == 429 || out->status >= 500)))
            return ERR_OK;
        if (tries >= most || (err != ERR_OK && !retry_worthwhile(err))) {
            if (err != ERR_OK)
                out->body = secret_free(out->body); /* the rest is kept: a date tells of our clock */
            return err;
        }
        at = clock_mono_ms(clock_real()) +
             (rq->pause_ms > 0 ? rq->pause_ms : retry_delay_ms(tries, random01(), retry_after));
        if (at >= w->deadline_mono_ms) {
            link_reply_clear(out);
            return err != ERR_OK ? err : why_set(w->why, ERR_SERVICE, "HTTP %d", out->status);
        }
        if (cancel_wait_fd(w->cancel, -1, 0, at) < 0) {
            link_reply_clear(out);
            return why_set(w->why, ERR_CANCELLED, NULL);
        }
    }
}
