/* What the operations of CloudWatch Logs share. */
#ifndef CT_AWSIM_LOGS_H
#define CT_AWSIM_LOGS_H

#include "tests/sandbox/awsim_arn.h"
#include "tests/sandbox/awsim_call.h"

/* The group of logGroupName xor logGroupIdentifier (unless `by_identifier` is false);
 * NULL: answered why not. */
struct log_group *logs_group(struct call *c, bool by_identifier);

/* One of a list of names, or of identifiers. */
struct log_group *logs_group_named(struct call *c, const char *name, bool is_identifier);

bool logs_group_name_ok(const char *name);
bool logs_stream_name_ok(const char *name);

#endif
