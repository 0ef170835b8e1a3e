/* One request to one answer, and how the answer is to be delivered.  Knows HTTP's
 * words but no sockets: awsim_http.c does the delivering. */
#ifndef CT_AWSIM_SERVE_H
#define CT_AWSIM_SERVE_H

#include "tests/sandbox/awsim_auth.h"
#include "tests/sandbox/awsim_call.h"

enum delivery {
    DELIVER_WHOLE,
    DELIVER_RESET,      /* the connection breaks before the answer */
    DELIVER_RESET_BODY, /* ... in the middle of it */
    DELIVER_TRUNCATED,  /* closed in the middle, in good order */
    DELIVER_NEVER,
    DELIVER_DRIP, /* a byte now and then */
    DELIVER_HUGE  /* 64 MiB */
};

#define HUGE_BYTES (64u << 20)

struct answer {
    struct reply reply;
    enum delivery delivery;
    int64_t delay_ms; /* before the first byte */
    int64_t drip_ms;  /* between two bytes */
    int64_t date_ms;  /* for the Date header */
    char request_id[37];
};

void answer_clear(struct answer *a);

/* Fills `out`; any thread. */
void serve(struct sim *s, const struct http_in *in, struct answer *out);

/* The control API, paths under /_sim/. */
void control_serve(struct sim *s, const struct http_in *in, struct answer *out);

#endif
