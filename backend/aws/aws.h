/* The one way to AWS.
 *
 * aws_call(): row of ops.def -> class -> mode -> (log and journal before sending, for what
 * reveals or changes) -> endpoint and keys -> sign -> send -> retry -> classify.
 * What is not in the table cannot be sent; what its class forbids in this mode is
 * refused before anything is looked up, and counted. */
#ifndef CT_AWS_H
#define CT_AWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/aws/endpoint.h"
#include "backend/aws/identity.h"
#include "backend/aws/transport.h"
#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/base/err.h"

enum aws_class {
    AWS_READ = 1,
    AWS_REVEALS = 2,
    AWS_MUTATES = 3,
    AWS_OWN = 4,
    AWS_NAMES = 5
}; /* 0 would be: no class */
enum aws_retry { AWS_RETRY_NEVER, AWS_RETRY_SAFE };
enum aws_resource { AWS_RESOURCE_ANY, AWS_RESOURCE_SECRET, AWS_RESOURCE_LOG_GROUP, AWS_RESOURCE_FUNCTION };

enum aws_op {
#define OP(id, service, name, class, retry, reply_max, resource) AWS_##id,
#define REST(id, service, name, class, retry, reply_max, resource, method, path, answer) AWS_##id,
#include "backend/aws/ops.def"
#undef OP
#undef REST
    AWS_OPS
};

struct aws_op_row {
    const char *name;
    enum aws_service service;
    enum aws_class class;
    enum aws_retry retry;
    size_t reply_max;
    enum aws_resource resource;
    const char *method, *path; /* of a REST row; NULL */
    bool hidden;               /* the answer carries secret material: REVEALS, NAMES, and what else the row says */
};
const struct aws_op_row *aws_op_row(enum aws_op op); /* NULL: no such row */

/* Audit mode permits READ and OWN alone (an auditor's bastion takes on roles, too);
 * operator mode any row that has a class.  OWN rows are the identity chain's: aws_call()
 * refuses them.  (A gate with `audit_names` lets NAMES rows through in audit mode, too.) */
bool aws_permits(bool audit, const struct aws_op_row *row);

/* Whose call it is, for the journal. */
struct aws_order {
    uint64_t id;
    const char *name, *env;                     /* "test"; the environment's name */
    const char *version_before, *version_after; /* of the secret; "" none, or not known yet */
    const char *keys;                           /* whose keys it takes, in words */
};
struct aws_target;

/* Shared by all threads: mode, identity, quota, meter.  Each of its locks is a leaf. */
struct aws_gate;

struct aws_gate_settings {
    bool audit;                                 /* fixed here; there is no setter */
    bool audit_names;                           /* audit mode may send NAMES rows; the same */
    const struct clock *clock;                  /* NULL: real */
    struct transport *(*new_transport)(void *); /* NULL: libcurl */
    void *transport_arg;
    double quota_share; /* 0: half of each published quota */
    /* Asked before a REVEALS, NAMES or MUTATES row is sent, with what it is about ("" not known);
     * what it fails with is the call's outcome, and nothing is sent.  NULL: nobody is asked. */
    enum err (*journal)(void *ctx, const struct aws_op_row *row, const struct aws_target *t, const char *resource,
                        struct why *why);
    void *journal_ctx;
};
struct aws_gate *aws_gate_new(const struct aws_gate_settings *s);
struct aws_gate *aws_gate_free(struct aws_gate *g); /* after every struct aws of it */
bool aws_gate_audit(const struct aws_gate *g);
bool aws_gate_permits(const struct aws_gate *g, enum aws_op op); /* in its mode, with what was granted */
struct identity_store *aws_gate_identities(struct aws_gate *g);

/* What has been sent: for the header of the screen. */
struct aws_meter {
    unsigned per_minute;
    uint64_t total, failed, throttled, refused;
    uint64_t by_op[AWS_OPS];
    double per_minute_by_op[AWS_OPS]; /* over the last ten minutes, or since the start */
    double dollars_per_month;         /* at that rate, by prices.def */
    int64_t skew_ms;
};
double aws_op_dollars(enum aws_op op);                          /* of one call */
void aws_gate_meter(struct aws_gate *g, struct aws_meter *out); /* any thread */

/* One thread's line to AWS: connections and buffers. */
struct aws;
struct aws *aws_new(struct aws_gate *g);
struct aws *aws_free(struct aws *a);

struct aws_target {
    const char *profile;                                    /* NULL: default */
    const char *region;                                     /* NULL: from the environment or profile */
    const char *endpoint_url;                               /* NULL: AWS's, or what environment and profile say */
    const char *role_arn, *external_id, *role_session_name; /* taken on with the profile's keys; NULL */
    bool reserved;                                          /* the quota's slot has been taken by aws_reserve() */
    const struct aws_order *order;                          /* this call is part of it; NULL: a watch's */
    const struct http_reader *reader;                       /* of a READ row's answer, error answers too; NULL */
    const char *name;                                       /* what stands in a REST row's path; NULL */
    const char *query;                                      /* what follows it, encoded; NULL */
};

struct aws_reply {
    int64_t date_ms; /* AWS's clock: the Date header; -1 */
    char *body;      /* NUL-terminated, may be rewritten; borrowed until the next aws_call */
    size_t len;      /* on this struct aws; of a row that is hidden it lies in wiped memory */
    char request_id[64];
};

struct identity_selector aws_selector(const struct aws_target *t); /* whose keys it takes */

/* When this call may be sent by our share of the quota (clock_real mono ms; now or
 * later).  The slot is taken: send then, with `reserved` set in the target.  Calls
 * that are not reserved wait inside aws_call. */
int64_t aws_reserve(struct aws_gate *g, const struct aws_target *t, enum aws_op op);

/* For work that can wait: 0 and the slot is taken, or the milliseconds until it is worth
 * asking again. */
int64_t aws_reserve_spare(struct aws_gate *g, const struct aws_target *t, enum aws_op op);

/* Our share of the quota now, requests a second; 0 unlimited or not known. */
double aws_quota_rate(struct aws_gate *g, const struct aws_target *t, enum aws_op op);

/* GetCallerIdentity told which account these keys belong to: quotas are an account's. */
void aws_gate_learn_account(struct aws_gate *g, const struct aws_target *t, const char *account);

/* Sends `body` (JSON, "" none; for STS the form's further members) and waits for the
 * answer, at most deadline_ms over all tries, less when cancelled.  On ERR_OK the
 * status was 2xx.  On failure `why` names the operation and AWS's own code. */
enum err aws_call(struct aws *a, const struct aws_target *t, enum aws_op op, const char *body, int64_t deadline_ms,
                  struct aws_reply *out, struct cancel *c, struct why *why) CHECKED;

/* AWS's id of the last call's request, "" when there was no answer. */
const char *aws_request_id(const struct aws *a);

/* What an answer that is not 2xx says of itself. */
enum err aws_read_refusal(const struct http_reply *r, const char *body, size_t n, struct why *why) CHECKED;

/* The text between <tag> and </tag>, safe to draw: enough for STS's flat answers and
 * for the XML errors that proxies and moto send to JSON callers. */
bool aws_xml_text(const char *xml, size_t n, const char *tag, char *out, size_t size);

/* Wipes the last answer: for callers that have taken what they need of a secret. */
void aws_forget(struct aws *a);

#endif
