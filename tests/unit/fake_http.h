/* A small HTTP server inside the test: one thread, one request a connection, answers
 * decided by the test, everything it was sent kept.  On 127.0.0.1, a port of the system's. */
#ifndef CT_FAKE_HTTP_H
#define CT_FAKE_HTTP_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>
#include <sys/socket.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define FAKE_HTTP_SEEN_MAX 256
#define FAKE_HTTP_TEXT_MAX 8192

struct fake_http_request {
    char text[FAKE_HTTP_TEXT_MAX]; /* all of it: request line, headers, body */
    char line[512];                /* "GET /path?query" */
    const char *body;              /* within text */
};

struct fake_http_answer {
    int status;                    /* 0: 200 */
    const char *body;              /* NULL: "" */
    const char *headers;           /* "Name: value\r\n"..., NULL */
    bool hangs;                    /* no answer, the connection stays open */
    bool breaks;                   /* no answer, the connection is closed */
};

struct fake_http {
    char url[64];                  /* http://127.0.0.1:PORT */
    void (*answer)(void *ctx, const struct fake_http_request *rq, struct fake_http_answer *out);
    void *ctx;
    int listener;
    pthread_t thread;
    int held[64];                  /* connections that hang */
    size_t nheld;
    pthread_mutex_t lock;
    /* guarded by lock */
    size_t n;                      /* requests so far */
    struct fake_http_request *seen[FAKE_HTTP_SEEN_MAX];
};

static inline void fake_http_read(int fd, struct fake_http_request *rq)
{
    size_t n = 0, want = SIZE_MAX;

    while (n < want && n < sizeof(rq->text) - 1) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t got = poll(&p, 1, 5000) > 0 ? read(fd, rq->text + n, sizeof(rq->text) - 1 - n) : 0;
        const char *end, *length;

        if (got <= 0)
            break;
        n += (size_t)got;
        rq->text[n] = '\0';
        end = strstr(rq->text, "\r\n\r\n");
        if (!end || want != SIZE_MAX)
            continue;
        length = strcasestr(rq->text, "\r\nContent-Length: ");
        want = (size_t)(end + 4 - rq->text) + (length && length < end ? strtoul(length + 18, NULL, 10) : 0);
    }
    rq->body = strstr(rq->text, "\r\n\r\n");
    rq->body = rq->body ? rq->body + 4 : "";
    (void)str_copy_n(rq->line, sizeof(rq->line), rq->text, strcspn(rq->text, "\r\n"));
    if (strstr(rq->line, " HTTP/"))
        *strstr(rq->line, " HTTP/") = '\0';
}

static inline void fake_http_serve(struct fake_http *f, int fd)
{
    struct fake_http_request *rq = mem_new(sizeof(*rq));
    struct fake_http_answer a = {.status = 0};
    struct strbuf out;

    fake_http_read(fd, rq);
    f->answer(f->ctx, rq, &a);
    pthread_mutex_lock(&f->lock);
    assert_true(f->n < FAKE_HTTP_SEEN_MAX);
    f->seen[f->n++] = rq;
    pthread_mutex_unlock(&f->lock);
    if (a.hangs && f->nheld < ARRAY_LEN(f->held)) {
        f->held[f->nheld++] = fd;
        return;
    }
    strbuf_init(&out, 1 << 20);
    strbuf_fmt(&out, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s", a.status ? a.status : 200,
               a.body ? strlen(a.body) : 0, a.headers ? a.headers : "", a.body ? a.body : "");
    if (!a.breaks)
        (void)send(fd, out.s, out.len, MSG_NOSIGNAL); /* who went away does not want it */
    strbuf_clear(&out);
    (void)shutdown(fd, SHUT_WR);
    close(fd);
}

static inline void *fake_http_run(void *arg)
{
    struct fake_http *f = arg;

    for (;;) {
        int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) /* shut down: the end */
            return NULL;
        fake_http_serve(f, fd);
    }
}

static inline void fake_http_start(struct fake_http *f,
                                   void (*answer)(void *, const struct fake_http_request *, struct fake_http_answer *),
                                   void *ctx)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);

    f->answer = answer;
    f->ctx = ctx;
    assert_int_equal(pthread_mutex_init(&f->lock, NULL), 0);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(f->listener, 64), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&at, &size), 0);
    (void)str_fmt(f->url, sizeof(f->url), "http://127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    assert_int_equal(pthread_create(&f->thread, NULL, fake_http_run, f), 0);
}

static inline void fake_http_stop(struct fake_http *f)
{
    (void)shutdown(f->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    close(f->listener);
    for (size_t i = 0; i < f->nheld; i++)
        close(f->held[i]);
    for (size_t i = 0; i < f->n; i++)
        free(f->seen[i]);
    (void)pthread_mutex_destroy(&f->lock);
}

static inline size_t fake_http_count(struct fake_http *f)
{
    pthread_mutex_lock(&f->lock);
    size_t n = f->n;
    pthread_mutex_unlock(&f->lock);
    return n;
}

#endif
