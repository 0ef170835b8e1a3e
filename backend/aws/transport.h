/* The network seam: one HTTP exchange.  The real one is transport_curl.c (the only
 * file that knows libcurl); tests give scripted answers through the same struct.
 *
 * A transport belongs to one thread and keeps its connections. */
#ifndef CT_TRANSPORT_H
#define CT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/cancel.h"
#include "backend/base/err.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"

struct http_header {
    const char *name, *value;
};

/* Reads along while an answer arrives.  Called on the transport's thread. */
struct http_reader {
    void (*begin)(void *ctx);                             /* a try: nothing is there yet */
    void (*more)(void *ctx, const char *bytes, size_t n); /* all there is, a NUL behind it; it moves as it grows */
    void *ctx;
};

struct http_request {
    const char *method, *url;
    const struct http_header *headers;
    size_t nheaders;
    const void *body;
    size_t body_len;
    int64_t deadline_mono_ms; /* clock_real(): for the whole exchange */
    size_t reply_max;
    struct secret *reply_secret;      /* not NULL: the body goes here and nowhere else */
    const struct http_reader *reader; /* of a body that is no secret; NULL: nobody */
    const char *ca_bundle;            /* PEM file, NULL: the system's */
    bool once;                        /* must not be sent twice: takes a connection of its own */
    bool direct;                      /* never through a proxy: the machine's own metadata */
};

struct http_reply {
    int status;
    struct strbuf body;     /* unless reply_secret took it */
    char request_id[64];    /* x-amzn-requestid */
    char error_type[96];    /* x-amzn-errortype, x-amzn-query-error */
    int64_t date_ms;        /* Date: header, -1 */
    int64_t retry_after_ms; /* -1 */
};

struct transport {
    /* Fills `out` (initialised by the caller) and returns ERR_OK for any HTTP
     * status; an error only when there is no whole answer. */
    enum err (*exchange)(struct transport *t, const struct http_request *rq, struct http_reply *out, struct cancel *c,
                         struct why *why);
    void (*destroy)(struct transport *t);
};

struct transport *transport_curl_new(void);
void transport_curl_global_init(void); /* once, before threads */

#endif
