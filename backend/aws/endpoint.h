/* Service, region -> URL and signing names.  Partitions and host names: botocore's
 * endpoint rule sets (partitions.json); overrides: AWS SDKs and Tools Reference
 * Guide, "Service-specific endpoints".  Pure: which override counts is decided in
 * identity.c, which knows the environment and the profile. */
#ifndef CT_ENDPOINT_H
#define CT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

enum aws_service { AWS_SECRETSMANAGER, AWS_LOGS, AWS_STS, AWS_SSO, AWS_SSO_OIDC, AWS_LAMBDA, AWS_SERVICES };

struct endpoint {
    char url[300];  /* "https://secretsmanager.eu-central-1.amazonaws.com", no trailing '/' */
    char host[280]; /* the Host header: with ":port" unless the scheme's default */
    char signing_name[24];
    char region[32]; /* the signing region */
};

struct endpoint_wish {
    const char *override_url; /* NULL: AWS's own address */
    const char *origin;       /* who says so, for messages; NULL: endpoint_url */
    bool use_fips, use_dualstack;
};

/* Plain http is accepted for loopback addresses alone.  `wish` may be NULL.  Nobody
 * can promise FIPS or IPv6 of an address that somebody chose: both together are refused,
 * as in the SDKs. */
enum err endpoint_resolve(enum aws_service service, const char *region, const struct endpoint_wish *wish,
                          struct endpoint *out, struct why *why) CHECKED;

const char *aws_service_prefix(enum aws_service s);    /* "secretsmanager" */
const char *endpoint_variable(enum aws_service s);     /* "AWS_ENDPOINT_URL_SECRETS_MANAGER" */
const char *endpoint_services_key(enum aws_service s); /* "secrets_manager.endpoint_url" */

/* A URL taken apart up to what follows host and port. */
struct url_host {
    bool https, bracketed;
    char host[254]; /* lower case, without brackets */
    uint16_t port;  /* 0: the scheme's own */
};
/* ERR_SETTING with `origin` in the message; *out_rest points into url. */
enum err url_take_host(const char *url, const char *origin, struct url_host *out, const char **out_rest,
                       struct why *why) CHECKED;
bool url_is_loopback(const struct url_host *h);

#endif
