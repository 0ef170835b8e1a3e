/* What a request asks for: by X-Amz-Target, by a form's Action, or by its path. */
#ifndef CT_AWSIM_ROUTE_H
#define CT_AWSIM_ROUTE_H

#include "tests/sandbox/awsim_auth.h"

struct wanted {
    enum sim_service service;
    enum sim_op op;      /* SIM_OPS: unknown */
    char resource[2049]; /* the secret, log group, role or function, as named by the caller */
    json_t *body;        /* NULL: not an object */
};

void wanted_read(const struct http_in *in, struct wanted *out);
void wanted_clear(struct wanted *w);

#endif
