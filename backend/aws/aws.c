/* The choke point.  Read aws_call() from top to bottom: its order is the contract
 * of aws.h.  Locks: one, for the meter and the skew, a leaf. */
#include "backend/aws/aws.h"

#include <openssl/rand.h>
#include <pthread.h>

#include "backend/aws/json.h"
#include "backend/aws/quota.h"
#include "backend/aws/retry.h"
#include "backend/aws/wire.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

/* ------------------------------------------------------------------- rows */

#define READ AWS_READ
#define REVEALS AWS_REVEALS
#define MUTATES AWS_MUTATES
#define OWN AWS_OWN
#define NAMES AWS_NAMES
#define RETRY_SAFE AWS_RETRY_SAFE
#define RETRY_NEVER AWS_RETRY_NEVER
#define ANY AWS_RESOURCE_ANY
#define SECRET AWS_RESOURCE_SECRET
#define LOG_GROUP AWS_RESOURCE_LOG_GROUP
#define FUNCTION AWS_RESOURCE_FUNCTION
#define HIDDEN true
static const struct aws_op_row rows[AWS_OPS] = {
#define OP(id, service, name, class, retry, reply_max, resource)                                                       \
    [AWS_##id] = {name, AWS_##service, class, retry, (size_t)(reply_max), resource, NULL, NULL, (class) == REVEALS},
#define REST(id, service, name, class, retry, reply_max, resource, method, path, answer)                               \
    [AWS_##id] = {name, AWS_##service, class, retry, (size_t)(reply_max), resource, method, path, answer},
#include "backend/aws/ops.def"
#undef OP
#undef REST
};
/* A row without a class does not build. */
#define OP(id, service, name, class, retry, reply_max, resource)                                                       \
    _Static_assert((class) == READ || (class) == REVEALS || (class) == NAMES || (class) == MUTATES || (class) == OWN,  \
                   name " has no class");
#define REST(id, service, name, class, retry, reply_max, resource, method, path, answer)                               \
    OP(id, service, name, class, retry, reply_max, resource)                                                           \
    _Static_assert(((class) != REVEALS && (class) != NAMES) || (answer), name " reveals, and its answer is not "       \
                                                                              "hidden");
#include "backend/aws/ops.def"
#undef OP
#undef REST
#undef READ
#undef REVEALS
#undef MUTATES
#undef OWN
#undef NAMES
#undef RETRY_SAFE
#undef RETRY_NEVER
#undef ANY
#undef SECRET
#undef LOG_GROUP
#undef FUNCTION
#undef HIDDEN

const struct aws_op_row *aws_op_row(enum aws_op op)
{
    return (unsigned)op < AWS_OPS ? &rows[op] : NULL;
}

bool aws_permits(bool audit, const struct aws_op_row *row)
{
    if (row == NULL)
        return false;
    switch (row->class) {
    case AWS_READ:
    case AWS_OWN:
        return true;
    case AWS_REVEALS:
    case AWS_NAMES:
    case AWS_MUTATES:
        return !audit;
    }
    return false;
}

/* ------------------------------------------------------------------- gate */

#define METER_SECONDS 60
#define METER_TENS 60 /* ten minutes in steps of ten seconds, by operation */
#define QUOTA_SHARE 0.5
#define ACCOUNTS_MAX 256
#define SKEW_LIMIT_MS (240 * 1000) /* AWS tolerates 300 s; below this the clock is not the reason */

struct aws_gate {
    /* fixed after aws_gate_new */
    bool audit, audit_names;
    const struct clock *clock;
    struct transport *(*new_transport)(void *);
    void *transport_arg;
    enum err (*journal)(void *ctx, const struct aws_op_row *row, const struct aws_target *t, const char *resource,
                        struct why *why);
    void *journal_ctx;
    struct identity_store *identities;
    struct retry_quota *quota;
    struct quota *rates; /* our share of the published quotas */
    int64_t began_mono_ms;

    pthread_mutex_t lock;
    /* guarded by lock */
    struct aws_meter meter;
    struct {
        int64_t second;
        unsigned calls;
    } recent[METER_SECONDS];
    struct {
        int64_t ten;
        uint32_t calls[AWS_OPS];
    } by_op[METER_TENS];
    struct {
        char keys[200], account[16];
    } accounts[ACCOUNTS_MAX]; /* whose keys these are */
    size_t naccounts;
};

/* The line that the identity chain sends through; at the end of this file. */
static enum err send_for_identity(void *gate, int op, const struct http_request *rq, struct http_reply *out,
                                  struct cancel *c, struct why *why);
static int64_t skew_for_identity(void *gate);
static bool learn_skew_for_identity(void *gate, int64_t date_ms, int64_t signed_skew_ms);

static struct transport *new_curl(void *arg)
{
    (void)arg;
    return transport_curl_new();
}

struct aws_gate *aws_gate_new(const struct aws_gate_settings *s)
{
    struct aws_gate *g = mem_new(sizeof *g);
    g->audit = s->audit;
    g->audit_names = s->audit_names;
    g->clock = s->clock != NULL ? s->clock : clock_real();
    g->new_transport = s->new_transport != NULL ? s->new_transport : new_curl;
    g->transport_arg = s->transport_arg;
    g->journal = s->journal;
    g->journal_ctx = s->journal_ctx;
    g->identities = identity_store_new(g->clock);
    g->quota = retry_quota_new();
    g->rates = quota_new(s->quota_share > 0 ? s->quota_share : QUOTA_SHARE);
    g->began_mono_ms = clock_mono_ms(g->clock);
    pthread_mutex_init(&g->lock, NULL);
    identity_store_set_line(g->identities, &(struct identity_line){.ctx = g,
                                                                   .send = send_for_identity,
                                                                   .skew_ms = skew_for_identity,
                                                                   .learn_skew = learn_skew_for_identity});
    return g;
}

struct aws_gate *aws_gate_free(struct aws_gate *g)
{
    if (g == NULL)
        return NULL;
    g->identities = identity_store_free(g->identities);
    g->quota = retry_quota_free(g->quota);
    g->rates = quota_free(g->rates);
    pthread_mutex_destroy(&g->lock);
    free(g);
    return NULL;
}

bool aws_gate_audit(const struct aws_gate *g)
{
    return g->audit;
}

bool aws_gate_permits(const struct aws_gate *g, enum aws_op op)
{
    const struct aws_op_row *row = aws_op_row(op);
    return aws_permits(g->audit, row) || (row != NULL && row->class == AWS_NAMES && g->audit_names);
}

struct identity_store *aws_gate_identities(struct aws_gate *g)
{
    return g->identities;
}

static void meter_sent(struct aws_gate *g, enum aws_op op)
{
    int64_t second = clock_mono_ms(g->clock) / 1000;
    pthread_mutex_lock(&g->lock);
    g->meter.total++;
    g->meter.by_op[op]++;
    size_t slot = (size_t)(second % METER_SECONDS);
    if (g->recent[slot].second != second) {
        g->recent[slot].second = second;
        g->recent[slot].calls = 0;
    }
    g->recent[slot].calls++;
    int64_t ten = second / 10;
    slot = (size_t)(ten % METER_TENS);
    if (g->by_op[slot].ten != ten) {
        memset(&g->by_op[slot], 0, sizeof g->by_op[slot]);
        g->by_op[slot].ten = ten;
    }
    g->by_op[slot].calls[op]++;
    pthread_mutex_unlock(&g->lock);
}

static void meter_outcome(struct aws_gate *g, enum err code)
{
    if (code == ERR_OK || code == ERR_CANCELLED)
        return;
    pthread_mutex_lock(&g->lock);
    if (code == ERR_REFUSED_AUDIT || code == ERR_REFUSED_CLASS)
        g->meter.refused++;
    else if (code == ERR_THROTTLED)
        g->meter.throttled++;
    else
        g->meter.failed++;
    pthread_mutex_unlock(&g->lock);
}

double aws_op_dollars(enum aws_op op)
{
    static const double per_10000[AWS_SERVICES] = {
#define PRICE(service, dollars) [AWS_##service] = dollars,
#include "backend/aws/prices.def"
#undef PRICE
    };
    return per_10000[rows[op].service] / 10000.0;
}

void aws_gate_meter(struct aws_gate *g, struct aws_meter *out)
{
    int64_t now = clock_mono_ms(g->clock), second = now / 1000;
    pthread_mutex_lock(&g->lock);
    *out = g->meter;
    out->per_minute = 0;
    for (size_t i = 0; i < METER_SECONDS; i++)
        if (second - g->recent[i].second < METER_SECONDS)
            out->per_minute += g->recent[i].calls;
    for (size_t i = 0; i < METER_TENS; i++)
        for (size_t op = 0; op < AWS_OPS && second / 10 - g->by_op[i].ten < METER_TENS; op++)
            out->per_minute_by_op[op] += g->by_op[i].calls[op];
    pthread_mutex_unlock(&g->lock);
    double minutes = (double)(now - g->began_mono_ms) / 60000.0;
    minutes = minutes > METER_TENS / 6.0 ? METER_TENS / 6.0 : minutes < 0.5 ? 0.5 : minutes;
    for (size_t op = 0; op < AWS_OPS; op++) {
        out->per_minute_by_op[op] /= minutes;
        out->dollars_per_month += out->per_minute_by_op[op] * 60 * 24 * 30 * aws_op_dollars((enum aws_op)op);
    }
}

/* ----------------------------------------------------------------- quotas */

/* What tells keys apart until their account is known. */
static void keys_name(const struct aws_target *t, char out[200])
{
    (void)str_fmt(out, 200, "%s %s %s", t->profile != NULL ? t->profile : "-", t->role_arn != NULL ? t->role_arn : "-",
                  t->endpoint_url != NULL ? t->endpoint_url : "-");
}

struct identity_selector aws_selector(const struct aws_target *t)
{
    return (struct identity_selector){.profile = t->profile,
                                      .role_arn = t->role_arn,
                                      .external_id = t->external_id,
                                      .role_session_name = t->role_session_name,
                                      .region = t->region,
                                      .endpoint_url = t->endpoint_url};
}

static void account_of(struct aws_gate *g, const struct aws_target *t, char out[32])
{
    char keys[200];
    keys_name(t, keys);
    (void)str_copy(out, 32, t->profile != NULL ? t->profile : "-");
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->naccounts; i++)
        if (strcmp(g->accounts[i].keys, keys) == 0)
            (void)str_copy(out, 32, g->accounts[i].account);
    pthread_mutex_unlock(&g->lock);
}

void aws_gate_learn_account(struct aws_gate *g, const struct aws_target *t, const char *account)
{
    char keys[200];
    size_t i = 0;
    keys_name(t, keys);
    pthread_mutex_lock(&g->lock);
    while (i < g->naccounts && strcmp(g->accounts[i].keys, keys) != 0)
        i++;
    if (i < ACCOUNTS_MAX) {
        g->naccounts += i == g->naccounts;
        (void)str_copy(g->accounts[i].keys, sizeof g->accounts[i].keys, keys);
        (void)str_copy(g->accounts[i].account, sizeof g->accounts[i].account, account);
    }
    pthread_mutex_unlock(&g->lock);
}

int64_t aws_reserve(struct aws_gate *g, const struct aws_target *t, enum aws_op op)
{
    char account[32], region[32];
    int64_t now = clock_mono_ms(clock_real());
    if (identity_region(g->identities, t->profile, t->region, region, NULL) != ERR_OK)
        return now;
    account_of(g, t, account);
    return quota_reserve(g->rates, account, region, (int)op, now);
}

int64_t aws_reserve_spare(struct aws_gate *g, const struct aws_target *t, enum aws_op op)
{
    char account[32], region[32];
    if (identity_region(g->identities, t->profile, t->region, region, NULL) != ERR_OK)
        return 0;
    account_of(g, t, account);
    return quota_reserve_spare(g->rates, account, region, (int)op, clock_mono_ms(clock_real()));
}

double aws_quota_rate(struct aws_gate *g, const struct aws_target *t, enum aws_op op)
{
    char account[32], region[32];
    if (identity_region(g->identities, t->profile, t->region, region, NULL) != ERR_OK)
        return 0;
    account_of(g, t, account);
    return quota_rate(g->rates, account, region, (int)op);
}

static int64_t gate_skew(struct aws_gate *g)
{
    pthread_mutex_lock(&g->lock);
    int64_t skew = g->meter.skew_ms;
    pthread_mutex_unlock(&g->lock);
    return skew;
}

static void gate_set_skew(struct aws_gate *g, int64_t skew_ms)
{
    pthread_mutex_lock(&g->lock);
    g->meter.skew_ms = skew_ms;
    pthread_mutex_unlock(&g->lock);
}

/* ------------------------------------------------------------ one request */

struct aws {
    struct aws_gate *gate;
    struct transport *transport;
    struct http_reply reply;          /* body kept for the caller until the next call */
    struct secret *revealed;          /* body of the last row that is hidden */
    const struct http_reader *reader; /* of the call that is being made */
    char nothing[1];                  /* the body of an answer without one */
};

struct aws *aws_new(struct aws_gate *g)
{
    struct aws *a = mem_new(sizeof *a);
    a->gate = g;
    a->transport = g->new_transport(g->transport_arg);
    strbuf_init(&a->reply.body, 0);
    return a;
}

struct aws *aws_free(struct aws *a)
{
    if (a == NULL)
        return NULL;
    a->transport->destroy(a->transport);
    strbuf_clear(&a->reply.body);
    a->revealed = secret_free(a->revealed);
    free(a);
    return NULL;
}

bool aws_xml_text(const char *xml, size_t n, const char *tag, char *out, size_t size)
{
    char open[40], close[40];
    (void)str_fmt(open, sizeof open, "<%s>", tag);
    (void)str_fmt(close, sizeof close, "</%s>", tag);
    const char *from = memmem(xml, n, open, strlen(open));
    if (from == NULL)
        return false;
    from += strlen(open);
    const char *to = memmem(from, n - (size_t)(from - xml), close, strlen(close));
    if (to == NULL)
        return false;
    text_safe(out, size, from, (size_t)(to - from));
    return true;
}

/* "com.amazonaws.secretsmanager#Name:http..." -> "Name" (awsJson1_1, restJson1). */
static void code_name(const char *raw, char out[64])
{
    const char *hash = strrchr(raw, '#');
    raw = hash != NULL ? hash + 1 : raw;
    text_safe_name(out, 64, raw, strcspn(raw, ":;"));
}

enum err aws_read_refusal(const struct http_reply *r, const char *body, size_t n, struct why *why)
{
    char aws_code[64] = "", message[sizeof why->text] = "", raw[128] = "";
    const char *first = body;
    while (first < body + n && (*first == ' ' || *first == '\n' || *first == '\r'))
        first++;
    if (n > 0 && first < body + n && *first == '<') {
        if (aws_xml_text(body, n, "Code", raw, sizeof raw))
            (void)aws_xml_text(body, n, "Message", message, sizeof message);
        else
            text_safe(message, sizeof message, body, n < 80 ? n : 80);
    } else {
        json_t *o = json_read_object(body, n, NULL);
        if (o != NULL) {
            const char *type = json_text(o, "__type", NULL);
            if (type == NULL)
                type = json_text(o, "code", NULL);
            (void)str_copy(raw, sizeof raw, type != NULL ? type : "");
            if (!json_safe(o, "message", message, sizeof message))
                (void)json_safe(o, "Message", message, sizeof message);
            json_decref(o);
        } else if (n > 0) {
            text_safe(message, sizeof message, body, n < 80 ? n : 80);
        }
    }
    if (r->error_type[0] != '\0')
        (void)str_copy(raw, sizeof raw, r->error_type);
    if (raw[0] != '\0')
        code_name(raw, aws_code);

    enum err err = retry_classify(r->status, aws_code);
    if (aws_code[0] != '\0')
        (void)why_set(why, err, "%s", message);
    else
        (void)why_set(why, err, "HTTP %d: %s", r->status, message);
    if (why != NULL) {
        (void)str_copy(why->aws_code, sizeof why->aws_code, aws_code);
        why->http = r->status;
    }
    return err;
}

/* The one line that sends. */
static enum err send_request(struct transport *t, const struct http_request *rq, struct http_reply *out,
                             struct cancel *c, struct why *why)
{
    return t->exchange(t, rq, out, c, why);
}

/* Empty and wiped, with room for this row's answer. */
static void make_hidden_room(struct aws *a, size_t reply_max)
{
    if (a->revealed != NULL && secret_max(a->revealed) < reply_max)
        a->revealed = secret_free(a->revealed);
    if (a->revealed == NULL)
        a->revealed = secret_new(reply_max);
    secret_reset(a->revealed);
}

/* A request that is not valid is quoted by some services: "Value '{PASSWORD=...}' at ...
 * failed to satisfy constraint".  What was sent is secret then, so the code must do. */
static enum err read_refusal(struct aws *a, const struct aws_op_row *row, struct why *why)
{
    size_t n = a->reply.body.len;
    const char *bytes = row->hidden ? secret_peek(a->revealed, &n) : strbuf_peek(&a->reply.body);
    struct why full = {0};
    enum err err = aws_read_refusal(&a->reply, bytes, n, &full);
    if (row->hidden && row->class == AWS_MUTATES && err == ERR_INVALID)
        (void)str_copy(full.text, sizeof full.text, full.aws_code);
    if (why != NULL)
        *why = full;
    return err;
}

/* One try: sign, send, read what came back. */
static enum err try_once(struct aws *a, enum aws_op op, const struct aws_target *t, const struct endpoint *ep,
                         const struct identity *id, const char *ca_bundle, const char *body, int64_t skew_ms,
                         int64_t deadline_mono_ms, struct cancel *c, struct why *why)
{
    const struct aws_op_row *row = &rows[op];
    struct wire w;
    enum err err = wire_sign(&w, row, t->name, t->query, ep, id, clock_wall_ms(a->gate->clock) + skew_ms, body, why);
    if (err != ERR_OK)
        return err;

    strbuf_clear(&a->reply.body);
    a->reply = (struct http_reply){.date_ms = -1, .retry_after_ms = -1};
    strbuf_init(&a->reply.body, row->reply_max);
    if (row->hidden)
        make_hidden_room(a, row->reply_max);
    struct http_request rq = {
        .method = w.method,
        .url = w.url,
        .headers = w.headers,
        .nheaders = w.n,
        .body = body,
        .body_len = strlen(body),
        .deadline_mono_ms = deadline_mono_ms,
        .reply_max = row->reply_max,
        .reply_secret = row->hidden ? a->revealed : NULL,
        .reader = a->reader,
        .once = row->retry == AWS_RETRY_NEVER,
        .ca_bundle = ca_bundle,
    };
    if (a->reader != NULL)
        a->reader->begin(a->reader->ctx);
    meter_sent(a->gate, op);
    err = send_request(a->transport, &rq, &a->reply, c, why);
    secret_wipe(&w, sizeof w);
    if (err == ERR_OK && (a->reply.status < 200 || a->reply.status > 299))
        err = read_refusal(a, row, why);
    return err;
}

/* A refused signature with a Date far from the one it was made with means that the clock was the
 * reason: correct it and say so (SDKs: "clock skew adjustment").  What counts is what this request
 * was signed with: another thread may have corrected the gate's clock since. */
static bool learn_skew(struct aws_gate *g, int64_t date_ms, int64_t signed_skew_ms)
{
    if (date_ms < 0)
        return false;
    int64_t skew = date_ms - clock_wall_ms(g->clock);
    if (llabs(skew - signed_skew_ms) < SKEW_LIMIT_MS)
        return false;
    if (llabs(skew - gate_skew(g)) >= SKEW_LIMIT_MS)
        log_line(LOG_WARN, "clock differs from AWS by %lld ms: corrected in signatures", (long long)skew);
    gate_set_skew(g, llabs(skew) < SKEW_LIMIT_MS ? 0 : skew);
    return true;
}

static double random01(void)
{
    uint32_t r = 0;
    (void)RAND_bytes((unsigned char *)&r, sizeof r); /* jitter: a failure just means no jitter */
    return (double)r / 4294967296.0;
}

/* Whether not a byte of an answer came: the request may never have been there. */
static bool unanswered(const struct http_reply *r, enum err err)
{
    bool road = err == ERR_RESOLVE || err == ERR_CONNECT || err == ERR_TLS || err == ERR_TIMEOUT;
    return road && r->status == 0 && r->date_ms < 0 && r->body.len == 0;
}

static enum err send_with_retries(struct aws *a, enum aws_op op, const struct aws_target *t, const struct endpoint *ep,
                                  const char *body, int64_t deadline, struct cancel *c, struct why *why)
{
    struct aws_gate *g = a->gate;
    int taken = 0, skew_corrected = 0;
    bool keys_renewed = false;
    char account[32], ca_room[4096];
    const char *ca_bundle = identity_ca_bundle(g->identities, t->profile, ca_room, sizeof ca_room);
    struct identity_selector selector = aws_selector(t);
    account_of(g, t, account);
    for (int tries = 1;; tries++) {
        if (tries > 1 || !t->reserved) {
            int64_t at =
                quota_reserve_before(g->rates, account, ep->region, (int)op, clock_mono_ms(clock_real()), deadline);
            if (at >= deadline)
                return why_set(why, ERR_BUSY, "our share of the request quota is used up");
            if (at > clock_mono_ms(clock_real()) && cancel_wait_fd(c, -1, 0, at) < 0)
                return why_set(why, ERR_CANCELLED, "%s", "");
        }
        struct identity id = {0};
        int64_t before = clock_mono_ms(clock_real());
        enum err err = identity_get(g->identities, &selector, deadline, c, &id, why);
        if (err != ERR_OK)
            return err;
        deadline += clock_mono_ms(clock_real()) - before; /* fetching keys is not this call's time */
        int64_t skew = gate_skew(g);
        err = try_once(a, op, t, ep, &id, ca_bundle, body, skew, deadline, c, why);
        if (err == ERR_EXPIRED)
            identity_invalidate(g->identities, id.access_key_id);
        identity_clear(&id);
        quota_outcome(g->rates, account, ep->region, (int)op, err, clock_mono_ms(clock_real()));
        if (unanswered(&a->reply, err))
            quota_unused(g->rates, account, ep->region, (int)op);
        if (err == ERR_OK) {
            retry_quota_give_back(g->quota, taken);
            return ERR_OK;
        }
        meter_outcome(g, err);
        if (skew_corrected < RETRY_SKEWS && err == ERR_SIGNATURE && learn_skew(g, a->reply.date_ms, skew)) {
            skew_corrected++; /* refused for its date alone, before anything was done: any class may try again */
            continue;
        }
        if (!keys_renewed && err == ERR_EXPIRED) { /* refused before anything was done: any class may try again */
            keys_renewed = true;
            continue;
        }
        if (rows[op].retry != AWS_RETRY_SAFE || !retry_worthwhile(err) || tries >= RETRY_TRIES)
            return err;
        int64_t delay = retry_delay_ms(tries, random01(), a->reply.retry_after_ms);
        int64_t now = clock_mono_ms(clock_real());
        if (now + delay >= deadline || !retry_quota_take(g->quota, err, &taken))
            return err;
        if (cancel_wait_fd(c, -1, 0, now + delay) < 0)
            return why_set(why, ERR_CANCELLED, "%s", "");
    }
}

/* Names the operation in whatever went wrong, and counts refusals. */
static enum err finish(struct aws *a, const char *name, enum err err, struct why *why)
{
    if (why != NULL) {
        (void)str_copy(why->call, sizeof why->call, name);
        (void)str_copy(why->request_id, sizeof why->request_id, a->reply.request_id);
    }
    if (err != ERR_CANCELLED && why != NULL) {
        char line[320];
        log_line(LOG_INFO, "%s", why_line(why, line, sizeof line));
    }
    return err;
}

/* What the request is about, by its own words: a secret, a log group. */
static void resource_of(const char *body, char *out, size_t size)
{
    static const char *const members[] = {"SecretId", "Name", "logGroupName"};
    json_t *o = json_read_object(body, strlen(body), NULL);
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(members) && out[0] == '\0' && o != NULL; i++)
        (void)json_safe(o, members[i], out, size);
    json_decref(o);
}

/* What reveals or changes is told before it is sent; what cannot be told is not sent. */
static enum err tell_journal(struct aws_gate *g, const struct aws_op_row *row, const struct aws_target *t,
                             const char *body, struct why *why)
{
    char resource[700];
    log_line(LOG_INFO, "sending %s", row->name);
    if (g->journal == NULL)
        return ERR_OK;
    if (row->path != NULL)
        text_safe_name(resource, sizeof resource, t->name != NULL ? t->name : "",
                       t->name != NULL ? strlen(t->name) : 0);
    else
        resource_of(body, resource, sizeof resource);
    return g->journal(g->journal_ctx, row, t, resource, why);
}

enum err aws_call(struct aws *a, const struct aws_target *t, enum aws_op op, const char *body, int64_t deadline_ms,
                  struct aws_reply *out, struct cancel *c, struct why *why)
{
    const struct aws_op_row *row = aws_op_row(op);
    struct aws_gate *g = a->gate;
    a->reply.request_id[0] = '\0';
    if (row == NULL || !aws_gate_permits(g, op) || row->class == AWS_OWN) {
        enum err refused = row == NULL || !g->audit ? ERR_REFUSED_CLASS : ERR_REFUSED_AUDIT;
        meter_outcome(g, refused);
        return finish(a, row != NULL ? row->name : "?", why_set(why, refused, "nothing was sent"), why);
    }
    enum err err = row->class != AWS_READ ? tell_journal(g, row, t, body, why) : ERR_OK;
    if (err != ERR_OK)
        return finish(a, row->name, err, why);

    int64_t deadline = clock_mono_ms(clock_real()) + deadline_ms;
    char region[32];
    struct endpoint ep;
    err = identity_region(g->identities, t->profile, t->region, region, why);
    struct identity_selector selector = aws_selector(t);
    if (err == ERR_OK)
        err = identity_endpoint(g->identities, &selector, row->service, region, &ep, why);
    if (err != ERR_OK)
        return finish(a, row->name, err, why);

    struct strbuf form;
    strbuf_init(&form, 4096);
    if (row->service == AWS_STS) {
        strbuf_fmt(&form, "Action=%s&Version=2011-06-15%s", row->name, body);
        body = strbuf_peek(&form);
    }
    a->reader = row->class == AWS_READ ? t->reader : NULL;
    err = send_with_retries(a, op, t, &ep, body, deadline, c, why);
    a->reader = NULL;
    strbuf_clear(&form);
    if (err != ERR_OK) {
        if (a->revealed != NULL)
            secret_reset(a->revealed);
        return finish(a, row->name, err, why);
    }
    if (row->hidden) {
        out->len = secret_len(a->revealed);
        out->body = secret_bytes(a->revealed);
    } else {
        a->nothing[0] = '\0';
        out->len = a->reply.body.len;
        out->body = out->len > 0 ? a->reply.body.s : a->nothing;
    }
    out->date_ms = a->reply.date_ms;
    (void)str_copy(out->request_id, sizeof out->request_id, a->reply.request_id);
    return ERR_OK;
}

const char *aws_request_id(const struct aws *a)
{
    return a->reply.request_id;
}

void aws_forget(struct aws *a)
{
    if (a->revealed != NULL)
        secret_reset(a->revealed);
    strbuf_wipe(&a->reply.body);
    strbuf_init(&a->reply.body, 0);
}

/* ---------------------------------------------------------- the chain's line */

/* One exchange of the identity chain: what is AWS's passes the gate and the meter like
 * any call.  It happens once an hour, so its connection is not kept. */
static enum err send_for_identity(void *gate, int op, const struct http_request *rq, struct http_reply *out,
                                  struct cancel *c, struct why *why)
{
    struct aws_gate *g = gate;
    if (op >= 0) {
        const struct aws_op_row *row = aws_op_row((enum aws_op)op);
        if (row == NULL || row->class != AWS_OWN || !aws_permits(g->audit, row))
            return why_set(why, ERR_REFUSED_CLASS, "nothing was sent");
        log_line(LOG_INFO, "sending %s", row->name);
        meter_sent(g, (enum aws_op)op);
    }
    struct transport *t = g->new_transport(g->transport_arg);
    enum err err = send_request(t, rq, out, c, why);
    t->destroy(t);
    if (op >= 0)
        meter_outcome(g, err);
    return err;
}

static int64_t skew_for_identity(void *gate)
{
    return gate_skew(gate);
}

static bool learn_skew_for_identity(void *gate, int64_t date_ms, int64_t signed_skew_ms)
{
    return learn_skew(gate, date_ms, signed_skew_ms);
}
