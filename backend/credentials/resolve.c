#include "backend/credentials/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define HANGING_MAX 256 /* threads that wait for a name server, over the whole process */
#define STACK_BYTES (256 * 1024)

/* Shared by the asker and the thread; the last of the two frees it. */
struct question {
    atomic_int refs;
    int done_fd;      /* eventfd: written when `code` and `list` are there... */
    atomic_bool done; /* ...which this orders: a descriptor orders nothing by C's rules */
    char host[256], service[8];
    resolve_ask_fn *ask;
    int code; /* EAI_* */
    struct addrinfo *list;
};

static atomic_int hanging;                 /* a global, since the bound is the process's */
static _Atomic(resolve_ask_fn *) replaced; /* and so is a test's; NULL: getaddrinfo */

void resolve_use(resolve_ask_fn *ask)
{
    atomic_store(&replaced, ask);
}

static void question_unref(struct question *q)
{
    if (atomic_fetch_sub(&q->refs, 1) != 1)
        return;
    if (q->list != NULL)
        freeaddrinfo(q->list);
    close(q->done_fd);
    free(q);
}

static void *ask(void *arg)
{
    struct question *q = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    q->code = q->ask(q->host, q->service, &hints, &q->list);
    if (q->code != 0)
        q->list = NULL;
    uint64_t one = 1;
    atomic_store(&q->done, true);
    (void)!write(q->done_fd, &one, sizeof one); /* an eventfd just made takes it */
    atomic_fetch_sub(&hanging, 1);
    question_unref(q);
    return NULL;
}

static void take(const struct addrinfo *list, struct resolved *out)
{
    out->n = 0;
    for (const struct addrinfo *a = list; a != NULL && out->n < RESOLVE_MAX; a = a->ai_next) {
        if (a->ai_addrlen > sizeof out->addr[0])
            continue;
        memcpy(&out->addr[out->n], a->ai_addr, a->ai_addrlen);
        out->len[out->n] = a->ai_addrlen;
        if (getnameinfo(a->ai_addr, a->ai_addrlen, out->text[out->n], sizeof out->text[0], NULL, 0, NI_NUMERICHOST) ==
            0)
            out->n++;
    }
}

/* "127.0.0.1" and "::1" need no thread. */
static bool numeric(const char *host, const char *service, struct resolved *out)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return false;
    take(list, out);
    freeaddrinfo(list);
    return out->n > 0;
}

static enum err start(struct question *q, struct why *why)
{
    pthread_attr_t attr;
    pthread_t thread;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int failed = pthread_create(&thread, &attr, ask, q);
    pthread_attr_destroy(&attr);
    return failed == 0 ? ERR_OK : why_set(why, ERR_SYSTEM, "no thread to resolve a name: %s", strerror(failed));
}

enum err resolve_host(const char *host, uint16_t port, int64_t deadline_mono_ms, struct cancel *c, struct resolved *out,
                      struct why *why)
{
    char service[8];
    (void)str_fmt(service, sizeof service, "%u", port);
    *out = (struct resolved){0};
    if (numeric(host, service, out))
        return ERR_OK;
    if (atomic_fetch_add(&hanging, 1) >= HANGING_MAX) {
        atomic_fetch_sub(&hanging, 1);
        return why_set(why, ERR_BUSY, "%d names are being resolved already", HANGING_MAX);
    }
    struct question *q = mem_new(sizeof *q);
    atomic_init(&q->refs, 2);
    q->ask = atomic_load(&replaced);
    if (q->ask == NULL)
        q->ask = getaddrinfo;
    q->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    (void)str_copy(q->service, sizeof q->service, service);
    enum err err = ERR_OK;
    if (q->done_fd < 0)
        err = why_set(why, ERR_SYSTEM, "no descriptor to resolve a name");
    else if (!str_copy(q->host, sizeof q->host, host))
        err = why_set(why, ERR_RESOLVE, "the host name is too long");
    else
        err = start(q, why);
    if (err != ERR_OK) {
        atomic_fetch_sub(&hanging, 1);
        atomic_store(&q->refs, 1);
        question_unref(q);
        return err;
    }

    int got = cancel_wait_fd(c, q->done_fd, POLLIN, deadline_mono_ms);
    if (got < 0)
        err = why_set(why, ERR_CANCELLED, "%s", "");
    else if (got == 0)
        err = why_set(why, ERR_TIMEOUT, "no answer from the name server for \"%s\"", host);
    else if (ASSERT(atomic_load(&q->done)), q->code != 0)
        err = why_set(why, ERR_RESOLVE, "\"%s\": %s", host, gai_strerror(q->code));
    else
        take(q->list, out);
    if (err == ERR_OK && out->n == 0)
        err = why_set(why, ERR_RESOLVE, "\"%s\" has no address", host);
    question_unref(q);
    return err;
}
