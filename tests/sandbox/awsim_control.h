/* The control API's rows: each is one function. */
#ifndef CT_AWSIM_CONTROL_H
#define CT_AWSIM_CONTROL_H

#include "tests/sandbox/awsim_check_json.h"
#include "tests/sandbox/awsim_serve.h"

/* With the simulator's lock held.  `o` is the body; a mistake goes to the check. */
typedef void control_handler(struct sim *s, struct check *c, const json_t *o, struct answer *a);

control_handler control_expire, control_sessions, control_clock, control_quota, control_no_quota, control_list_lag,
    control_query_time, control_rotation;

void control_ok(struct answer *a);                   /* {} */
void control_answer(struct answer *a, json_t *body); /* takes the reference */

#endif
