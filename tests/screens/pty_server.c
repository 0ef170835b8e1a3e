#include "tests/screens/pty_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define CALLERS_MAX 256
#define REQUEST_MAX 65536

struct caller {
    int fd;
    struct strbuf in;
};

struct pty_server {
    int listener, stop;
    uint16_t port;
    bool silent;
    atomic_uint calls;
    pthread_t thread;
    size_t n;
    struct caller callers[CALLERS_MAX];
};

/* --------------------------------------------------------------- answers */

/* What a terminal must never be told: titles, clipboards, colours, other charsets,
 * directions; as JSON. */
#define HARM                                                                                                           \
    "\\u001b]0;owned\\u0007\\u001b]52;c;cm0gLXJm\\u0007\\u001b[31mred\\u001b[2J\\u001b(0\\u000e\\u009b31m\\u202egpj."  \
    "exe\\r\\n\\u0008end"

static void describe(struct strbuf *out)
{
    strbuf_str(out, "{\"ARN\":\"arn:aws:secretsmanager:eu-central-1:111122223333:secret:x\","
                    "\"Name\":\"app/" HARM "\",\"Description\":\"" HARM "\",\"RotationEnabled\":true,"
                    "\"RotationLambdaARN\":\"arn:aws:lambda:eu-central-1:111122223333:function:" HARM "\","
                    "\"VersionIdsToStages\":{\"9f3c2a17-0000-4000-8000-000000000000\":[\"AWSCURRENT\"],"
                    "\"" HARM "\":[\"AWSPREVIOUS\",\"" HARM "\"]},\"LastChangedDate\":1700000000.0}");
}

static void events(struct strbuf *out)
{
    long long now = (long long)clock_wall_ms(clock_real());
    strbuf_str(out, "{\"events\":[");
    for (int i = 0; i < 40; i++)
        strbuf_fmt(
            out,
            "%s{\"logStreamName\":\"2026/09/03/[$LATEST]%s%02d\",\"timestamp\":%lld,\"ingestionTime\":%lld,"
            "\"eventId\":\"%056lld\",\"message\":\"%s\"}",
            i > 0 ? "," : "", i % 3 == 0 ? HARM : "5d19aa32", i % 4, now - 4000 + i * 50, now - 3000,
            now / 5000 * 100 + i,
            i % 5 == 0
                ? "2026-09-03T14:00:00.000Z\\tb1c0f7e2-77aa-4b7c-9d55-7d10b0d7f6c1\\tINFO\\tFetching credentials from "
                  "Secrets Manager\\n"
            : i % 5 == 1 ? "REPORT RequestId: b1c0f7e2-77aa-4b7c-9d55-7d10b0d7f6c1\\tDuration: 3.00 ms\\n"
                         : "2026-09-03T14:00:00.000Z\\tb1c0f7e2-77aa-4b7c-9d55-7d10b0d7f6c1\\tERROR\\t" HARM
                           " password authentication failed for user \\\"" HARM "\\\"\\n");
    strbuf_str(out, "],\"searchedLogStreams\":[]}");
}

static void answer(const char *request, struct strbuf *out)
{
    struct strbuf body;
    strbuf_init(&body, 1 << 20);
    if (strstr(request, "FilterLogEvents"))
        events(&body);
    else if (strstr(request, "DescribeSecret"))
        describe(&body);
    else if (strstr(request, "/configuration"))
        strbuf_str(&body, "{\"FunctionName\":\"f\",\"Runtime\":\"" HARM "\",\"Environment\":{\"Variables\":{\"NODE_ENV\":\"" HARM
                          "\",\"DB_SECRET_NAME\":\"" HARM "\",\"DB_HOST\":\"" HARM "\",\"DB_PASSWORD" HARM "\":\"p\"}}}");
    else if (strstr(request, "DescribeLogGroups"))
        strbuf_str(&body, "{\"logGroups\":[]}");
    else if (strstr(request, "ListSecrets"))
        strbuf_str(&body, "{\"SecretList\":[]}");
    else if (strstr(request, "GetSecretValue"))
        strbuf_str(&body, "{\"Name\":\"x\",\"VersionId\":\"9f3c2a17-0000-4000-8000-000000000000\","
                          "\"SecretString\":\"{\\\"username\\\":\\\"app\\\",\\\"password\\\":\\\"p\\\"}\"}");
    else
        strbuf_str(&body, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/"
                          "ana&#27;[31m</Arn><UserId>AIDA</UserId><Account>111122223333</Account>"
                          "</GetCallerIdentityResult></GetCallerIdentityResponse>");
    strbuf_fmt(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.len);
    strbuf_add(out, strbuf_peek(&body), body.len);
    strbuf_clear(&body);
}

/* ------------------------------------------------------------- serving */

/* Bytes of the first request in the buffer, 0 while it is not whole. */
static size_t whole_request(const struct strbuf *in)
{
    const char *end = strstr(strbuf_peek(in), "\r\n\r\n"), *length = strstr(strbuf_peek(in), "Content-Length: ");
    int64_t body = 0;
    if (!end)
        return 0;
    if (length && length < end)
        (void)str_to_i64(length + 16, strcspn(length + 16, "\r"), &body);
    size_t n = (size_t)(end - strbuf_peek(in)) + 4 + (size_t)body;
    return in->len >= n ? n : 0;
}

static void hang_up(struct pty_server *s, size_t i)
{
    close(s->callers[i].fd);
    strbuf_clear(&s->callers[i].in);
    s->callers[i] = s->callers[--s->n];
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

/* False when the caller is gone. */
static bool serve(struct pty_server *s, struct caller *c)
{
    char bytes[8192];
    ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    strbuf_add(&c->in, bytes, (size_t)n);
    size_t request = whole_request(&c->in);
    if (request == 0)
        return !strbuf_cut(&c->in);
    atomic_fetch_add(&s->calls, 1);
    if (s->silent)
        return true;
    struct strbuf out;
    strbuf_init(&out, 1 << 20);
    answer(strbuf_peek(&c->in), &out);
    strbuf_reset(&c->in); /* one request at a time: nobody here pipelines */
    bool sent = send_all(c->fd, strbuf_peek(&out), out.len);
    strbuf_clear(&out);
    return sent;
}

static void welcome(struct pty_server *s)
{
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (s->n == CALLERS_MAX) {
        close(fd);
        return;
    }
    s->callers[s->n].fd = fd;
    strbuf_init(&s->callers[s->n++].in, REQUEST_MAX);
}

static void *run(void *arg)
{
    struct pty_server *s = arg;
    struct pollfd f[CALLERS_MAX + 2];
    for (;;) {
        f[0] = (struct pollfd){.fd = s->stop, .events = POLLIN};
        f[1] = (struct pollfd){.fd = s->listener, .events = POLLIN};
        for (size_t i = 0; i < s->n; i++)
            f[2 + i] = (struct pollfd){.fd = s->callers[i].fd, .events = POLLIN};
        if (poll(f, (nfds_t)(2 + s->n), -1) < 0)
            continue;
        if (f[0].revents)
            return NULL;
        for (size_t i = s->n; i-- > 0;) /* backwards: hang_up() moves the last one down */
            if (f[2 + i].revents && !serve(s, &s->callers[i]))
                hang_up(s, i);
        if (f[1].revents)
            welcome(s);
    }
}

struct pty_server *pty_server_start(bool silent)
{
    struct pty_server *s = mem_new(sizeof(*s));
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    s->silent = silent;
    s->stop = eventfd(0, EFD_CLOEXEC);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT(s->stop >= 0 && s->listener >= 0);
    ASSERT(bind(s->listener, (struct sockaddr *)&at, size) == 0 && listen(s->listener, 128) == 0);
    ASSERT(getsockname(s->listener, (struct sockaddr *)&at, &size) == 0);
    s->port = ntohs(at.sin_port);
    ASSERT(pthread_create(&s->thread, NULL, run, s) == 0);
    return s;
}

struct pty_server *pty_server_stop(struct pty_server *s)
{
    uint64_t one = 1;
    if (!s)
        return NULL;
    ASSERT(write(s->stop, &one, sizeof(one)) == (ssize_t)sizeof(one));
    ASSERT(pthread_join(s->thread, NULL) == 0);
    while (s->n > 0)
        hang_up(s, s->n - 1);
    close(s->listener);
    close(s->stop);
    free(s);
    return NULL;
}

uint16_t pty_server_port(const struct pty_server *s)
{
    return s->port;
}

unsigned pty_server_calls(const struct pty_server *s)
{
    return atomic_load(&s->calls);
}
