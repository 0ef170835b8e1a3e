/* The real transport, and the only file that knows libcurl.
 *
 * One easy handle and one multi handle per thread: the multi keeps connections
 * alive between exchanges, and lets a wait include the cancel's descriptors.
 * libcurl is a plain HTTP client here: signing, retrying and deadlines over
 * several tries are aws.c's. */
#include <ctype.h>
#include <curl/curl.h>

#include "backend/aws/transport.h"
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/base/wiping.h"

#define CONNECT_MS 5000
#define WAIT_STEP_MS 1000 /* libcurl's own timers decide; this only bounds a lost wake-up */

struct curl_transport {
    struct transport base;
    CURL *easy;
    CURLM *multi;
    char words[CURL_ERROR_SIZE];
};

/* What the callbacks of one exchange share. */
struct exchange {
    const struct http_request *rq;
    struct http_reply *reply;
    CURL *easy;
    bool too_big;
};

/* The whole answer's room at once, where its length is told: growing copies, and wipes. */
static void make_room(const struct exchange *x)
{
    curl_off_t length = -1;
    if (curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK && length > 0)
        strbuf_reserve(&x->reply->body, (size_t)length);
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct exchange *x = ctx;
    size_t bytes = size * n;
    if (x->rq->reply_secret != NULL) {
        if (secret_len(x->rq->reply_secret) + bytes > x->rq->reply_max ||
            secret_append(x->rq->reply_secret, p, bytes) != ERR_OK)
            x->too_big = true;
    } else {
        if (x->reply->body.len == 0)
            make_room(x);
        strbuf_add(&x->reply->body, p, bytes);
        x->too_big = strbuf_cut(&x->reply->body);
        if (x->rq->reader != NULL && !x->too_big)
            x->rq->reader->more(x->rq->reader->ctx, strbuf_peek(&x->reply->body), x->reply->body.len);
    }
    return x->too_big ? 0 : bytes; /* fewer than given ends the transfer */
}

/* The value when the line is this header, without surrounding spaces. */
static const char *header_value(const char *line, size_t n, const char *name, size_t *out_len)
{
    size_t k = strlen(name);
    if (n <= k || line[k] != ':' || strncasecmp(line, name, k) != 0)
        return NULL;
    const char *v = line + k + 1, *end = line + n;
    while (v < end && isspace((unsigned char)*v))
        v++;
    while (end > v && isspace((unsigned char)end[-1]))
        end--;
    *out_len = (size_t)(end - v);
    return v;
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
    struct http_reply *r = ((struct exchange *)ctx)->reply;
    size_t len, bytes = size * n;
    const char *v;
    int64_t seconds;
    if ((v = header_value(line, bytes, "x-amzn-requestid", &len)) != NULL)
        text_safe_name(r->request_id, sizeof r->request_id, v, len);
    else if ((v = header_value(line, bytes, "x-amzn-query-error", &len)) != NULL ||
             (v = header_value(line, bytes, "x-amzn-errortype", &len)) != NULL)
        (void)str_copy_n(r->error_type, sizeof r->error_type, v, len);
    else if ((v = header_value(line, bytes, "date", &len)) != NULL)
        (void)(clock_parse_http(v, len, &r->date_ms) || (r->date_ms = -1));
    else if ((v = header_value(line, bytes, "retry-after", &len)) != NULL && str_to_i64(v, len, &seconds))
        r->retry_after_ms = seconds >= 0 && seconds <= 3600 ? seconds * 1000 : -1;
    return bytes;
}

static enum err classify(CURLcode code, const struct exchange *x)
{
    if (x->too_big)
        return ERR_TOO_BIG;
        /* libcurl has a hundred codes; those that name a phase matter, the rest is "it broke". */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
    switch (code) {
    case CURLE_OK:
        return ERR_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return ERR_RESOLVE;
    case CURLE_COULDNT_CONNECT:
        return ERR_CONNECT;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
        return ERR_TLS;
    default:
        return ERR_NETWORK;
    }
#pragma GCC diagnostic pop
}

static struct curl_slist *header_list(const struct http_request *rq)
{
    struct curl_slist *list = NULL;
    struct strbuf line;
    strbuf_init(&line, 8192);
    for (size_t i = 0; i < rq->nheaders; i++) {
        strbuf_reset(&line);
        strbuf_str(&line, rq->headers[i].name);
        strbuf_str(&line, ": ");
        strbuf_str(&line, rq->headers[i].value);
        list = curl_slist_append(list, strbuf_peek(&line));
    }
    strbuf_wipe(&line);                        /* a session token may have passed through */
    list = curl_slist_append(list, "Expect:"); /* no 100-continue round trip */
    return list;
}

static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"127.", "localhost/", "localhost:", "[::1]"};
    const char *host = strstr(url, "://");
    for (size_t i = 0; host != NULL && i < ARRAY_LEN(hosts); i++)
        if (strncmp(host + 3, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return host != NULL && strcmp(host + 3, "localhost") == 0;
}

static void set_request(struct curl_transport *t, struct exchange *x, struct curl_slist *headers, int64_t left_ms)
{
    CURL *e = t->easy;
    const struct http_request *rq = x->rq;
    curl_easy_reset(e);
    curl_easy_setopt(e, CURLOPT_URL, rq->url);
    curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, rq->method);
    if (rq->body_len > 0 || strcmp(rq->method, "POST") == 0) {
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, rq->body_len > 0 ? rq->body : "");
    }
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(e, CURLOPT_USERAGENT, "credtop/" CREDTOP_VERSION);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* a name that hangs must not hang the stop */
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)left_ms);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(left_ms < CONNECT_MS ? left_ms : CONNECT_MS));
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(e, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->words);
    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 64L * 1024);
    /* A kept connection that ends without a byte of an answer makes libcurl send again on another
     * one, whatever the method; the first may have been carried out. */
    curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, rq->once ? 1L : 0L);
    if (rq->ca_bundle != NULL)
        curl_easy_setopt(e, CURLOPT_CAINFO, rq->ca_bundle);
    if (rq->direct || is_loopback(rq->url)) /* else libcurl's own reading of HTTPS_PROXY and NO_PROXY */
        curl_easy_setopt(e, CURLOPT_PROXY, "");
}

/* Runs the transfer to its end, the cancel, or libcurl's timeout.  CURLE_ABORTED_BY_CALLBACK
 * stands for cancelled. */
static CURLcode run(struct curl_transport *t, struct cancel *c)
{
    struct pollfd fds[CANCEL_FDS_MAX];
    struct curl_waitfd extra[CANCEL_FDS_MAX];
    int n = cancel_fds(c, fds);
    for (int i = 0; i < n; i++)
        extra[i] = (struct curl_waitfd){.fd = fds[i].fd, .events = CURL_WAIT_POLLIN};

    for (;;) {
        int running = 0;
        if (curl_multi_perform(t->multi, &running) != CURLM_OK)
            return CURLE_FAILED_INIT;
        int left;
        const CURLMsg *m;
        while ((m = curl_multi_info_read(t->multi, &left)) != NULL)
            if (m->msg == CURLMSG_DONE)
                return m->data.result;
        if (cancel_is_set(c))
            return CURLE_ABORTED_BY_CALLBACK;
        if (running == 0)
            return CURLE_FAILED_INIT;
        if (curl_multi_poll(t->multi, extra, (unsigned)n, WAIT_STEP_MS, NULL) != CURLM_OK)
            return CURLE_FAILED_INIT;
    }
}

static enum err exchange(struct transport *self, const struct http_request *rq, struct http_reply *out,
                         struct cancel *c, struct why *why)
{
    struct curl_transport *t = (struct curl_transport *)self;
    struct exchange x = {.rq = rq, .reply = out, .easy = t->easy};
    int64_t left_ms = rq->deadline_mono_ms - clock_mono_ms(clock_real());
    if (left_ms <= 0)
        return why_set(why, ERR_TIMEOUT, "no time left");

    struct curl_slist *headers = header_list(rq);
    set_request(t, &x, headers, left_ms);
    t->words[0] = '\0';
    curl_multi_add_handle(t->multi, t->easy);
    CURLcode code = run(t, c);
    curl_multi_remove_handle(t->multi, t->easy);
    curl_slist_free_all(headers);

    if (code == CURLE_ABORTED_BY_CALLBACK)
        return why_set(why, ERR_CANCELLED, "%s", "");
    enum err err = classify(code, &x);
    if (err == ERR_TOO_BIG)
        return why_set(why, err, "more than %zu bytes", rq->reply_max);
    if (err != ERR_OK)
        return why_set(why, err, "%s", t->words[0] != '\0' ? t->words : curl_easy_strerror(code));
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    return ERR_OK;
}

static void destroy(struct transport *self)
{
    struct curl_transport *t = (struct curl_transport *)self;
    curl_easy_cleanup(t->easy);
    curl_multi_cleanup(t->multi);
    free(t);
}

struct transport *transport_curl_new(void)
{
    struct curl_transport *t = mem_new(sizeof *t);
    t->base.exchange = exchange;
    t->base.destroy = destroy;
    t->easy = curl_easy_init();
    t->multi = curl_multi_init();
    ASSERT(t->easy != NULL && t->multi != NULL); /* libcurl refuses only without memory */
    return &t->base;
}

void transport_curl_global_init(void)
{
    ASSERT(curl_global_init_mem(CURL_GLOBAL_DEFAULT, wiping_malloc, wiping_free, wiping_realloc, wiping_strdup,
                                wiping_calloc) == CURLE_OK);
}
