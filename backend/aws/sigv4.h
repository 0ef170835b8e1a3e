/* AWS Signature Version 4: a pure function from a request and a time to headers.
 *
 * Facts: AWS General Reference, "Signature Version 4 signing process"; checked
 * against the published aws-sig-v4-test-suite.  No clock, no I/O, no allocation
 * beyond a bounded buffer; derived keys are wiped before it returns.  libcurl's
 * own signer is not used: in 7.88 it cannot correct clock skew and signs headers
 * it does not send. */
#ifndef CT_SIGV4_H
#define CT_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"

struct sigv4_header {
    const char *name, *value;
}; /* any order, any case; value as sent */

struct sigv4_request {
    const char *method;                 /* "POST" */
    const char *path;                   /* as it stands in the request line; "" is "/" */
    const char *query;                  /* without '?'; "" none */
    const struct sigv4_header *headers; /* all that are to be signed: host, x-amz-date... */
    size_t nheaders;
    const void *body;
    size_t body_len;
    int keep_path; /* do not normalise dot segments (a vector's option) */
};

struct sigv4_key {
    const char *access_key_id;
    const char *secret_access_key; /* borrowed from a struct secret */
    const char *region, *service;
};

#define SIGV4_AUTHORIZATION_MAX 1024

struct sigv4_result {
    char authorization[SIGV4_AUTHORIZATION_MAX];
    char signature[65];
    char canonical_hash[65]; /* hex SHA-256 of the canonical request: for diagnosis */
};

/* `amz_date` is YYYYMMDDTHHMMSSZ and must also be among the headers.
 * ERR_TOO_BIG when the canonical form passes its bound (64 KiB without the body). */
enum err sigv4_sign(const struct sigv4_request *r, const struct sigv4_key *k, const char amz_date[17],
                    struct sigv4_result *out) CHECKED;

void sigv4_sha256_hex(const void *p, size_t n, char out[65]);

#endif
