/* Service, region -> URL and signing names.  Partitions and host names: botocore's
 * endpoint rule sets (partitions.json); overrides: AWS SDKs and Tools Reference
 * Guide, "Service-specific endpoints". */
#ifndef CT_ENDPOINT_H
#define CT_ENDPOINT_H

#include "backend/base/err.h"

enum aws_service { AWS_SECRETSMANAGER, AWS_LOGS, AWS_STS, AWS_SERVICES };

struct endpoint {
    char url[300];         /* "https://secretsmanager.eu-central-1.amazonaws.com", no trailing '/' */
    char host[280];        /* the Host header: with ":port" unless the scheme's default */
    char signing_name[24];
    char region[32];       /* the signing region */
};

/* `override_url` (from the configuration) wins when not NULL, then AWS_ENDPOINT_URL_<SERVICE>,
 * AWS_ENDPOINT_URL.  Plain http is accepted for loopback addresses alone. */
enum err endpoint_resolve(enum aws_service service, const char *region, const char *override_url,
                          struct endpoint *out, struct why *why) CHECKED;

const char *aws_service_prefix(enum aws_service s);   /* "secretsmanager" */

#endif
