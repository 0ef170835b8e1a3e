#include "tests/sandbox/awsim_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_naps.h"
#include "tests/sandbox/awsim_serve.h"

#define THREADS 4
#define CONNECTIONS_MAX 4000
#define IDLE_S 300
#define BODY_MAX (64u << 20)
#define HEADERS_MAX 64

struct http_server {
    struct sim *sim;
    struct MHD_Daemon *daemon;
    struct naps *naps;
    uint16_t port;
};

enum stage { STAGE_HEAD, STAGE_BODY, STAGE_ANSWER };

/* One request, from its first line to the last byte of its answer; touched by one
 * thread at a time, as libmicrohttpd promises for a connection. */
struct request {
    struct http_server *server;
    struct MHD_Connection *connection;
    enum stage stage;
    char *target; /* as in the request line */
    struct strbuf body;
    struct answer answer;
    int64_t next_byte_mono_ms;
};

/* --------------------------------------------------------------- broken */

/* close(2) now sends RST instead of FIN. */
static void arm_reset(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (info)
        (void)setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static ssize_t drip_byte(struct request *rq, uint64_t pos, char *buf)
{
    int64_t now = clock_mono_ms(clock_real());
    if (now < rq->next_byte_mono_ms) {
        naps_take(rq->server->naps, rq->connection, rq->next_byte_mono_ms);
        return 0;
    }
    rq->next_byte_mono_ms = now + rq->answer.drip_ms;
    buf[0] = rq->answer.reply.body.s[pos];
    return 1;
}

/* A JSON text that is right, and far longer than any answer may be. */
static ssize_t huge_part(uint64_t pos, char *buf, size_t max)
{
    static const char head[] = "{\"padding\":\"", tail[] = "\"}";
    for (size_t i = 0; i < max; i++, pos++) {
        if (pos < sizeof head - 1)
            buf[i] = head[pos];
        else if (pos >= HUGE_BYTES - (sizeof tail - 1))
            buf[i] = tail[pos - (HUGE_BYTES - (sizeof tail - 1))];
        else
            buf[i] = 'x';
    }
    return (ssize_t)max;
}

static ssize_t on_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    struct request *rq = cls;
    const struct strbuf *body = &rq->answer.reply.body;
    if (rq->answer.delivery == DELIVER_DRIP)
        return drip_byte(rq, pos, buf);
    if (rq->answer.delivery == DELIVER_HUGE)
        return huge_part(pos, buf, pos + max > HUGE_BYTES ? HUGE_BYTES - pos : max);
    size_t half = (body->len + 1) / 2;
    if (pos >= half) {
        if (rq->answer.delivery == DELIVER_RESET_BODY)
            arm_reset(rq->connection);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    size_t n = half - (size_t)pos < max ? half - (size_t)pos : max;
    memcpy(buf, body->s + pos, n);
    return (ssize_t)n;
}

/* --------------------------------------------------------------- answer */

/* IMF-fixdate, without the C library's locale. */
static void http_date(int64_t ms, char out[40])
{
    static const char *const days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char iso[25];
    int64_t month = 1;
    clock_iso(ms, iso); /* 2026-11-24T14:32:07Z */
    (void)str_to_i64(iso + 5, 2, &month);
    str_fmt(out, 40, "%s, %.2s %s %.4s %.8s GMT", days[ms / 86400000 % 7], iso + 8, months[(month - 1) % 12], iso,
            iso + 11);
}

static struct MHD_Response *make_response(struct request *rq)
{
    struct strbuf *body = &rq->answer.reply.body;
    enum delivery how = rq->answer.delivery;
    if (how == DELIVER_WHOLE)
        return MHD_create_response_from_buffer(body->len, body->s, MHD_RESPMEM_MUST_COPY);
    return MHD_create_response_from_callback(how == DELIVER_HUGE ? HUGE_BYTES : body->len, 32768, on_read, rq, NULL);
}

static enum MHD_Result answer_request(struct request *rq)
{
    struct answer *a = &rq->answer;
    enum delivery how = a->delivery;
    bool no_body = a->reply.body.len == 0 && how != DELIVER_WHOLE && how != DELIVER_HUGE;
    if (how == DELIVER_NEVER)
        return MHD_NO; /* woken: the peer went, or we stop */
    if (how == DELIVER_RESET || no_body) {
        arm_reset(rq->connection);
        return MHD_NO;
    }
    struct MHD_Response *response = make_response(rq);
    if (!response)
        return MHD_NO;
    char date[40];
    http_date(a->date_ms, date);
    MHD_add_response_header(response, "Content-Type", a->reply.type);
    MHD_add_response_header(response, "x-amzn-RequestId", a->request_id);
    MHD_add_response_header(response, "Date", date);
    for (size_t i = 0; i < a->reply.nheaders; i++)
        MHD_add_response_header(response, a->reply.headers[i].name, a->reply.headers[i].value);
    enum MHD_Result result = MHD_queue_response(rq->connection, (unsigned)a->reply.status, response);
    MHD_destroy_response(response);
    return result;
}

/* -------------------------------------------------------------- request */

struct header_list {
    size_t n;
    struct sigv4_header h[HEADERS_MAX];
};

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct header_list *list = cls;
    (void)kind;
    if (list->n == HEADERS_MAX)
        return MHD_NO;
    list->h[list->n++] = (struct sigv4_header){name, value ? value : ""};
    return MHD_YES;
}

static void serve_request(struct request *rq, const char *method)
{
    struct header_list headers = {0};
    char *query = strchr(rq->target, '?');
    if (query)
        *query++ = '\0';
    MHD_get_connection_values(rq->connection, MHD_HEADER_KIND, on_header, &headers);
    struct http_in in = {.method = method,
                         .path = rq->target,
                         .query = query ? query : "",
                         .headers = headers.h,
                         .nheaders = headers.n,
                         .body = strbuf_peek(&rq->body),
                         .body_len = rq->body.len};
    serve(rq->server->sim, &in, &rq->answer);
    if (strbuf_cut(&rq->body)) {
        strbuf_reset(&rq->answer.reply.body);
        reply_error(&rq->answer.reply, SIM_SECRETS, 413, "RequestEntityTooLargeException", "awsim takes up to %u bytes",
                    BODY_MAX);
    }
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_size, void **con_cls)
{
    struct request *rq = *con_cls;
    (void)cls, (void)url, (void)version;
    if (!rq)
        return MHD_NO;
    rq->connection = connection;
    if (rq->stage == STAGE_HEAD) {
        rq->stage = STAGE_BODY;
        return MHD_YES;
    }
    if (rq->stage == STAGE_BODY && *data_size > 0) {
        strbuf_add(&rq->body, data, *data_size);
        *data_size = 0;
        return MHD_YES;
    }
    if (rq->stage == STAGE_BODY) {
        serve_request(rq, method);
        rq->stage = STAGE_ANSWER;
        bool never = rq->answer.delivery == DELIVER_NEVER;
        if (never || rq->answer.delay_ms > 0) {
            int64_t until = clock_mono_ms(clock_real()) + rq->answer.delay_ms;
            naps_take(rq->server->naps, connection, never ? INT64_MAX : until);
            return MHD_YES;
        }
    }
    return answer_request(rq);
}

/* The only place that sees the request line before libmicrohttpd decodes it. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct request *rq = mem_new(sizeof *rq);
    rq->server = cls;
    rq->connection = connection;
    rq->target = mem_copy_str(target);
    strbuf_init(&rq->body, BODY_MAX);
    reply_init(&rq->answer.reply);
    return rq;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct request *rq = *con_cls;
    (void)cls, (void)connection, (void)code;
    if (!rq)
        return;
    *con_cls = NULL;
    answer_clear(&rq->answer);
    strbuf_wipe(&rq->body); /* it may have carried a value */
    free(rq->target);
    free(rq);
}

/* --------------------------------------------------------------- server */

#define PEM_MAX (1 << 20)

static enum err read_pem(const char *file, struct strbuf *out, struct why *why)
{
    char part[4096];
    strbuf_init(out, PEM_MAX);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_set(why, ERR_SYSTEM, "%s: %s", file, strerror(errno));
    ssize_t n;
    while ((n = read(fd, part, sizeof part)) > 0)
        strbuf_add(out, part, (size_t)n);
    close(fd);
    if (n == 0 && out->len > 0 && !strbuf_cut(out))
        return ERR_OK;
    return why_set(why, ERR_INVALID, "%s: must be a PEM file of 1 to %d bytes", file, PEM_MAX);
}

static struct MHD_Daemon *start_daemon(struct http_server *s, uint16_t port, const char *cert, const char *key)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* Lists of options end where their first row ends it. */
    struct MHD_OptionItem tls[] = {{cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, (void *)(uintptr_t)cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key},
                                   {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (cert ? MHD_USE_TLS : 0u);
    return MHD_start_daemon(flags, port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

enum err http_server_start(struct sim *sim, uint16_t port, const struct http_tls *tls, struct http_server **out,
                           struct why *why)
{
    struct strbuf cert, key;
    strbuf_init(&cert, 0);
    strbuf_init(&key, 0);
    enum err err = tls ? read_pem(tls->cert_file, &cert, why) : ERR_OK;
    if (err == ERR_OK && tls)
        err = read_pem(tls->key_file, &key, why);
    if (err != ERR_OK)
        goto out;
    struct http_server *s = mem_new(sizeof *s);
    s->sim = sim;
    s->naps = naps_new();
    s->daemon = start_daemon(s, port, tls ? strbuf_peek(&cert) : NULL, tls ? strbuf_peek(&key) : NULL);
    if (s->daemon) {
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
        s->port = info ? info->port : port;
        *out = s;
        goto out;
    }
    naps_stop(s->naps);
    naps_free(s->naps);
    free(s);
    err = why_set(why, ERR_SYSTEM, "cannot listen on 127.0.0.1 port %u%s", port,
                  tls ? ", or the certificate and key are not a pair" : "");
out:
    strbuf_wipe(&key);
    strbuf_clear(&cert);
    return err;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

struct http_server *http_server_stop(struct http_server *s)
{
    naps_stop(s->naps);
    MHD_stop_daemon(s->daemon);
    naps_free(s->naps);
    free(s);
    return NULL;
}
