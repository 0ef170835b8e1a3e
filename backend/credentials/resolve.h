/* Names to addresses within a deadline.  getaddrinfo(3) takes none and cannot be
 * interrupted, so it runs in a thread of its own that nobody joins: whoever waits
 * may leave; the thread frees what it was given when the answer comes at last. */
#ifndef CT_RESOLVE_H
#define CT_RESOLVE_H

#include <stdint.h>
#include <sys/socket.h>

#include "backend/base/cancel.h"
#include "backend/base/err.h"

#define RESOLVE_MAX 8

struct resolved {
    size_t n;
    struct sockaddr_storage addr[RESOLVE_MAX];
    socklen_t len[RESOLVE_MAX];
    char text[RESOLVE_MAX][64]; /* numeric form */
};

/* ERR_RESOLVE, ERR_TIMEOUT, ERR_CANCELLED, ERR_BUSY (too many names hang already). */
enum err resolve_host(const char *host, uint16_t port, int64_t deadline_mono_ms, struct cancel *c, struct resolved *out,
                      struct why *why) CHECKED;

/* getaddrinfo(3), or what a test puts in its place for names that are not numeric: the
 * whole process's, from the next name on.  NULL is the real one again. */
struct addrinfo;
typedef int resolve_ask_fn(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out);
void resolve_use(resolve_ask_fn *ask);

#endif
