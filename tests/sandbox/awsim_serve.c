#include "tests/sandbox/awsim_serve.h"

#include <openssl/rand.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_route.h"

static void new_request_id(char out[37])
{
    unsigned char r[16];
    ASSERT(RAND_bytes(r, sizeof r) == 1);
    str_fmt(out, 37, "%02x%02x%02x%02x-%02x%02x-4%x%02x-a%x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2], r[3], r[4],
            r[5], r[6] & 15u, r[7], r[8] & 15u, r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
}

void answer_clear(struct answer *a)
{
    reply_clear(&a->reply);
}

/* --------------------------------------------------------------- faults */

static void deny(struct reply *r, const struct wanted *w, const struct sim_key *key)
{
    const struct sim_service_row *service = sim_service_row(w->service);
    const char *name = sim_op_row(w->op)->name;
    if (!key) {
        reply_trouble(r, w->service, &service->denied, "Not allowed.");
        return;
    }
    reply_error(r, w->service, service->denied.status, service->denied.code,
                "User: %s is not authorized to perform: %s:%s on resource: %s because no identity-based policy allows "
                "the %s:%s action",
                key->arn, service->signing, name, w->resource[0] ? w->resource : "*", service->signing, name);
}

/* Faults that are an answer instead of the real one; false: there is still one to make. */
static bool fault_answers(const struct fault *f, const struct wanted *w, const struct sim_key *key, struct reply *r)
{
    const struct sim_service_row *service = sim_service_row(w->service);
    switch (f->kind) {
    case FAULT_THROTTLE:
        reply_trouble(r, w->service, &service->throttled, "Rate exceeded");
        return true;
    case FAULT_ERROR500:
        reply_trouble(r, w->service, &service->internal, "An error occurred on the server side.");
        return true;
    case FAULT_ERROR503:
        reply_trouble(r, w->service, &service->unavailable, "The service is unavailable. Please try again shortly.");
        return true;
    case FAULT_DENIED:
        deny(r, w, key);
        return true;
    case FAULT_EXPIRED:
        reply_trouble(r, w->service, &service->expired, "The security token included in the request is expired");
        return true;
    case FAULT_HTML:
        r->status = 502;
        r->type = "text/html";
        str_copy(r->code, sizeof r->code, "(html)");
        strbuf_str(&r->body,
                   "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n");
        return true;
    case FAULT_HUGE:
        return true;
    case FAULT_NONE:
    case FAULT_RESET:
    case FAULT_RESET_BODY:
    case FAULT_TRUNCATE:
    case FAULT_HANG:
    case FAULT_DRIP:
    case FAULT_MALFORMED:
    case FAULT_NULLS:
    case FAULT_TYPES:
    case FAULT_SKEW:
    case FAULT_EMPTY_PAGES:
    case FAULT_ENDLESS:
    case FAULT_SLOW:
    case FAULT_KINDS:
        return false;
    }
    return false;
}

/* Every value that holds no others: null, or of another kind.  The depth is that of our own answers. */
static json_t *changed_value(const json_t *v, enum fault_kind kind)
{
    if (kind == FAULT_NULLS)
        return json_null();
    return json_is_string(v) ? json_integer(-7) : json_is_number(v) ? json_string("seven") : json_array();
}

static void change_values(json_t *in, enum fault_kind kind)
{
    const char *name;
    json_t *v;
    void *next;
    size_t i;
    json_object_foreach_safe(in, next, name, v) {
        if (json_is_object(v) || json_is_array(v))
            change_values(v, kind);
        else
            (void)json_object_set_new(in, name, changed_value(v, kind));
    }
    json_array_foreach(in, i, v) {
        if (json_is_object(v) || json_is_array(v))
            change_values(v, kind);
        else
            (void)json_array_set_new(in, i, changed_value(v, kind));
    }
}

/* The answer in hand with other values; one in XML becomes one without any. */
static void change_answer(struct strbuf *body, enum fault_kind kind)
{
    json_t *o = json_loadb(strbuf_peek(body), body->len, 0, NULL);
    char *text = NULL;
    if (o != NULL) {
        change_values(o, kind);
        text = json_dumps(o, JSON_COMPACT);
    }
    body->len = 0;
    strbuf_str(body, text ? text : "<Answer/>");
    free(text);
    json_decref(o);
}

static void fault_delivery(const struct fault *f, struct answer *a)
{
    static const struct {
        enum fault_kind kind;
        enum delivery delivery;
    } rows[] = {
        {FAULT_RESET, DELIVER_RESET},        {FAULT_RESET_BODY, DELIVER_RESET_BODY},
        {FAULT_TRUNCATE, DELIVER_TRUNCATED}, {FAULT_HANG, DELIVER_NEVER},
        {FAULT_DRIP, DELIVER_DRIP},          {FAULT_HUGE, DELIVER_HUGE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].kind == f->kind)
            a->delivery = rows[i].delivery;
    if (f->kind == FAULT_SLOW)
        a->delay_ms += f->ms;
    if (f->kind == FAULT_DRIP)
        a->drip_ms = f->ms;
    if (f->kind == FAULT_NULLS || f->kind == FAULT_TYPES)
        change_answer(&a->reply.body, f->kind);
    if (f->kind == FAULT_MALFORMED) {
        /* Half of it: never a whole JSON text, since that ends with its bracket. */
        a->reply.body.len /= 2;
        if (a->reply.body.len == 0)
            strbuf_char(&a->reply.body, '{');
    }
}

/* ----------------------------------------------------------------- calls */

/* The call is made if nothing stands against it. */
static void run(struct sim *s, const struct wanted *w, struct sim_key *key, const struct scope *scope, struct call *c)
{
    const struct sim_op_row *row = sim_op_row(w->op);
    const struct sim_service_row *service = sim_service_row(w->service);
    if (c->key) {
        c->realm = sim_realm(s, c->key->account, scope->region);
        if (!c->realm) {
            reply_error(c->out, w->service, 403, "RegionDisabledException",
                        "awsim holds up to %d regions, named like AWS's", SIM_REALMS_MAX);
            return;
        }
        if (c->key->denied[w->op]) {
            deny(c->out, w, c->key);
            return;
        }
        double rate = quota_rate(row->quota, scope->region);
        if (rate > 0 &&
            !quota_take(&c->realm->buckets[row->quota], rate, s->quota_scale, clock_mono_ms(clock_real()))) {
            key->throttled[w->op]++;
            reply_trouble(c->out, w->service, &service->throttled, "Rate exceeded");
            return;
        }
    }
    if (!w->body)
        reply_error(c->out, w->service, 400, "SerializationException", "The body is not a JSON object.");
    else
        row->handler(c);
}

static void count(struct sim *s, const struct wanted *w, const struct answer *a)
{
    struct sim_counts *n = &s->counts[w->op];
    const struct sim_service_row *service = sim_service_row(w->service);
    const char *code = a->reply.code;
    bool ok = a->reply.status == 200 && (a->delivery == DELIVER_WHOLE || a->delivery == DELIVER_DRIP);
    if (ok)
        n->ok++;
    else
        n->failed++;
    if (strcmp(code, service->throttled.code) == 0)
        n->throttled++;
    if (strcmp(code, service->denied.code) == 0)
        n->denied++;
}

static void serve_locked(struct sim *s, const struct http_in *in, const struct wanted *w, struct answer *a)
{
    struct scope scope;
    struct fault fault = {.kind = FAULT_NONE};
    if (w->op == SIM_OPS) {
        s->refused++;
        reply_error(&a->reply, w->service, 404, "UnknownOperationException", "awsim does not simulate this operation");
        return;
    }
    auth_claim(in, &scope);
    (void)faults_take(&s->faults, w->op, w->resource, scope.key, &fault);
    if (fault.kind == FAULT_SKEW)
        a->date_ms += fault.ms;
    bool signs = sim_op_row(w->op)->caller == CALLER_SIGNS;
    struct sim_key *key = signs ? auth_check(s, in, w->service, a->date_ms, &scope, &a->reply) : NULL;
    if (signs && !key) {
        s->refused++;
        s->counts[w->op].failed++;
        return;
    }
    if (key)
        key->calls[w->op]++;
    struct call c = {.sim = s,
                     .http = in,
                     .key = key,
                     .op = w->op,
                     .in = w->body,
                     .now_ms = sim_now_ms(s),
                     .request_id = a->request_id,
                     .empty_page = fault.kind == FAULT_EMPTY_PAGES,
                     .endless = fault.kind == FAULT_ENDLESS,
                     .out = &a->reply};
    if (!fault_answers(&fault, w, key, &a->reply))
        run(s, w, key, &scope, &c);
    fault_delivery(&fault, a);
    count(s, w, a);
}

void serve(struct sim *s, const struct http_in *in, struct answer *a)
{
    *a = (struct answer){.delivery = DELIVER_WHOLE, .date_ms = sim_now_ms(s)};
    reply_init(&a->reply);
    new_request_id(a->request_id);
    if (strncmp(in->path, "/_sim/", 6) == 0) {
        control_serve(s, in, a);
        return;
    }
    struct wanted w;
    wanted_read(in, &w);
    a->delay_ms = s->latency_ms;
    pthread_mutex_lock(&s->lock);
    serve_locked(s, in, &w, a);
    pthread_mutex_unlock(&s->lock);
    wanted_clear(&w);
}
