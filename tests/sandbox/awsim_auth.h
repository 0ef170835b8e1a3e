/* Signature Version 4, verified: who calls, for which service and region.
 *
 * Strict where the services are strict: every x-amz- header, Host and the content type
 * must be signed, the date must be within five minutes, the token the key's own. */
#ifndef CT_AWSIM_AUTH_H
#define CT_AWSIM_AUTH_H

#include <stddef.h>
#include <stdint.h>

#include "backend/aws/sigv4.h"
#include "tests/sandbox/awsim_call.h"

struct http_in {
    const char *method, *path, *query; /* path and query as in the request line */
    const struct sigv4_header *headers;
    size_t nheaders;
    const char *body;
    size_t body_len;
};

const char *http_in_header(const struct http_in *in, const char *name); /* NULL: none */

struct scope {
    char key[129], date[9], region[32], service[32];
};

/* What the Authorization header claims, believed by nobody yet; all "" when absent. */
void auth_claim(const struct http_in *in, struct scope *out);

/* The key when the request is well signed for `service`; NULL: *out says why not. */
struct sim_key *auth_check(struct sim *s, const struct http_in *in, enum sim_service service, int64_t now_ms,
                           struct scope *out_scope, struct reply *out);

#endif
