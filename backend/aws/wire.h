/* How a row of ops.def is put on the wire: URL and headers of its protocol (JSON 1.1, a form,
 * REST), signed. */
#ifndef CT_WIRE_H
#define CT_WIRE_H

#include "backend/aws/aws.h"
#include "backend/aws/sigv4.h"

#define WIRE_NAME_MAX 256 /* bytes of what stands in a path; each may take three */
#define WIRE_PATH_MAX (64 + 3 * WIRE_NAME_MAX)
#define WIRE_QUERY_MAX 4096 /* bytes behind a '?', encoded */

/* Headers point into it and into endpoint and identity: it stays where it was made, and
 * is wiped after use.  The token is not copied. */
struct wire {
    const char *method;
    char url[sizeof((struct endpoint *)0)->url + WIRE_PATH_MAX + WIRE_QUERY_MAX];
    struct http_header headers[8];
    size_t n;
    char date[17], target[64], path[WIRE_PATH_MAX];
    struct sigv4_result signature;
};

/* `name` is what stands in a REST row's path and `query`, encoded, what follows it, NULL none;
 * `body` what is sent, "" none. */
enum err wire_sign(struct wire *w, const struct aws_op_row *row, const char *name, const char *query,
                   const struct endpoint *ep, const struct identity *id, int64_t wall_ms, const char *body,
                   struct why *why) CHECKED;

#endif
