/* HTTP on 127.0.0.1: requests in, answers out, whole or broken as serve() says. */
#ifndef CT_AWSIM_HTTP_H
#define CT_AWSIM_HTTP_H

#include <stdint.h>

#include "backend/base/err.h"
#include "tests/sandbox/awsim_state.h"

struct http_server;

struct http_tls {
    const char *cert_file, *key_file; /* PEM; the certificate may bring its chain */
};

/* port 0: the system picks.  tls NULL: none.  `sim` must outlive the server. */
enum err http_server_start(struct sim *sim, uint16_t port, const struct http_tls *tls, struct http_server **out,
                           struct why *why) CHECKED;
uint16_t http_server_port(const struct http_server *s);
struct http_server *http_server_stop(struct http_server *s); /* returns NULL */

#endif
