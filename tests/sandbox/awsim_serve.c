#include "tests/sandbox/awsim_serve.h"

#include <openssl/rand.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

static const char *const service_prefix[] = {"secretsmanager", "Logs_20140328", ""};

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

/* ------------------------------------------------------- what is wanted */

struct wanted {
    enum sim_service service;
    enum sim_op op;      /* SIM_OPS: unknown */
    char resource[2049]; /* the secret or log group, as named by the caller */
    json_t *body;        /* NULL: not an object */
};

static void wanted_resource(struct wanted *w)
{
    static const char *const members[] = {"SecretId", "Name", "logGroupName", "logGroupIdentifier"};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *s = json_string_value(json_object_get(w->body, members[i]));
        if (s && str_copy(w->resource, sizeof w->resource, s))
            return;
    }
    w->resource[0] = '\0';
}

static void wanted_form(const struct http_in *in, struct wanted *w)
{
    char action[64] = "";
    w->service = SIM_STS;
    w->body = json_object();
    for (const char *p = in->body, *end = in->body + in->body_len; p < end;) {
        const char *amp = memchr(p, '&', (size_t)(end - p));
        size_t n = amp ? (size_t)(amp - p) : (size_t)(end - p);
        if (n > 7 && strncmp(p, "Action=", 7) == 0)
            (void)str_copy_n(action, sizeof action, p + 7, n - 7);
        p += n + 1;
    }
    w->op = sim_op_find(SIM_STS, action);
}

static void wanted_read(const struct http_in *in, struct wanted *w)
{
    *w = (struct wanted){.op = SIM_OPS};
    const char *target = http_in_header(in, "x-amz-target"), *type = http_in_header(in, "content-type");
    if (!target) {
        if (type && strncmp(type, "application/x-www-form-urlencoded", 33) == 0)
            wanted_form(in, w);
        return;
    }
    for (enum sim_service s = SIM_SECRETS; s < SIM_STS; s++) {
        size_t n = strlen(service_prefix[s]);
        if (strncmp(target, service_prefix[s], n) != 0 || target[n] != '.')
            continue;
        w->service = s;
        w->op = sim_op_find(s, target + n + 1);
    }
    w->body = json_loadb(in->body, in->body_len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(w->body)) {
        json_decref(w->body);
        w->body = NULL;
    }
    wanted_resource(w);
}

/* --------------------------------------------------------------- faults */

static void fail_as(struct reply *r, const struct wanted *w, int status, const char *code, const char *text)
{
    reply_error(r, w->service, status, code, "%s", text);
}

static void deny(struct reply *r, const struct wanted *w, const struct sim_key *key)
{
    const char *service = w->service == SIM_SECRETS ? "secretsmanager" : w->service == SIM_LOGS ? "logs" : "sts";
    bool is_sts = w->service == SIM_STS;
    reply_error(
        r, w->service, is_sts ? 403 : 400, is_sts ? "AccessDenied" : "AccessDeniedException",
        "User: %s is not authorized to perform: %s:%s on resource: %s because no identity-based policy allows the "
        "%s:%s action",
        key->arn, service, sim_op_row(w->op)->name, w->resource[0] ? w->resource : "*", service,
        sim_op_row(w->op)->name);
}

/* Faults that are an answer instead of the real one; false: there is still one to make. */
static bool fault_answers(const struct fault *f, const struct wanted *w, const struct sim_key *key, struct reply *r)
{
    bool is_sts = w->service == SIM_STS;
    switch (f->kind) {
    case FAULT_THROTTLE:
        fail_as(r, w, 400, is_sts ? "Throttling" : "ThrottlingException", "Rate exceeded");
        return true;
    case FAULT_ERROR500:
        fail_as(r, w, 500,
                is_sts                   ? "InternalFailure"
                : w->service == SIM_LOGS ? "InternalFailure"
                                         : "InternalServiceError",
                "An error occurred on the server side.");
        return true;
    case FAULT_ERROR503:
        fail_as(r, w, 503, is_sts ? "ServiceUnavailable" : "ServiceUnavailableException",
                "The service is unavailable. Please try again shortly.");
        return true;
    case FAULT_DENIED:
        deny(r, w, key);
        return true;
    case FAULT_EXPIRED:
        fail_as(r, w, is_sts ? 400 : 403, is_sts ? "ExpiredToken" : "ExpiredTokenException",
                "The security token included in the request is expired");
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
    case FAULT_SKEW:
    case FAULT_EMPTY_PAGES:
    case FAULT_SLOW:
    case FAULT_KINDS:
        return false;
    }
    return false;
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
    if (f->kind == FAULT_MALFORMED) {
        /* Half of it: never a whole JSON text, since that ends with its bracket. */
        a->reply.body.len /= 2;
        if (a->reply.body.len == 0)
            strbuf_char(&a->reply.body, '{');
    }
}

/* ----------------------------------------------------------------- calls */

static void run(struct sim *s, const struct wanted *w, struct sim_key *key, const struct scope *scope,
                const struct fault *fault, struct answer *a)
{
    const struct sim_op_row *row = sim_op_row(w->op);
    struct reply *r = &a->reply;
    struct call c = {.sim = s,
                     .key = key,
                     .op = w->op,
                     .in = w->body,
                     .now_ms = clock_wall_ms(clock_real()),
                     .request_id = a->request_id,
                     .empty_page = fault->kind == FAULT_EMPTY_PAGES,
                     .out = r};
    key->calls[w->op]++;
    if (fault_answers(fault, w, key, r))
        return;
    c.realm = sim_realm(s, key->account, scope->region);
    if (!c.realm) {
        reply_error(r, w->service, 403, "RegionDisabledException", "awsim holds up to %d regions, named like AWS's",
                    SIM_REALMS_MAX);
    } else if (key->denied[w->op]) {
        deny(r, w, key);
    } else if (s->quotas && !quota_take(c.realm->buckets, row->quota, scope->region, clock_mono_ms(clock_real()))) {
        fail_as(r, w, 400, "ThrottlingException", "Rate exceeded");
    } else if (!w->body) {
        fail_as(r, w, 400, "SerializationException", "The body is not a JSON object.");
    } else {
        row->handler(&c);
    }
}

static void count(struct sim *s, enum sim_op op, const struct answer *a)
{
    struct sim_counts *n = &s->counts[op];
    const char *code = a->reply.code;
    bool ok = a->reply.status == 200 && (a->delivery == DELIVER_WHOLE || a->delivery == DELIVER_DRIP);
    if (ok)
        n->ok++;
    else
        n->failed++;
    if (strncmp(code, "Throttling", 10) == 0)
        n->throttled++;
    if (strncmp(code, "AccessDenied", 12) == 0)
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
    struct sim_key *key = auth_check(s, in, w->service, a->date_ms, &scope, &a->reply);
    if (key) {
        run(s, w, key, &scope, &fault, a);
        fault_delivery(&fault, a);
        count(s, w->op, a);
    } else {
        s->refused++;
        s->counts[w->op].failed++;
    }
}

void serve(struct sim *s, const struct http_in *in, struct answer *a)
{
    *a = (struct answer){.delivery = DELIVER_WHOLE, .date_ms = clock_wall_ms(clock_real())};
    reply_init(&a->reply);
    new_request_id(a->request_id);
    if (strncmp(in->path, "/_sim/", 6) == 0) {
        control_serve(s, in, a);
        return;
    }
    struct wanted w;
    wanted_read(in, &w);
    a->delay_ms = s->latency_ms;
    if (strcmp(in->method, "POST") != 0 || strcmp(in->path, "/") != 0)
        w.op = SIM_OPS;
    pthread_mutex_lock(&s->lock);
    serve_locked(s, in, &w, a);
    pthread_mutex_unlock(&s->lock);
    json_decref(w.body);
}
