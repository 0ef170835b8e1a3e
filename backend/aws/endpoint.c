/* Endpoints: regions to host names, overrides to checked URLs.
 *
 * A region and an override both end up in a host name and in a signed header, so
 * both are checked to the last byte here; no caller checks again. */
#include "backend/aws/endpoint.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define OVERRIDE_MAX 256

static const struct service {
    const char *prefix, *signing_name, *variable, *services_key;
} services[AWS_SERVICES] = {
    [AWS_SECRETSMANAGER] = {"secretsmanager", "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                            "secrets_manager.endpoint_url"},
    [AWS_LOGS] = {"logs", "logs", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "cloudwatch_logs.endpoint_url"},
    [AWS_STS] = {"sts", "sts", "AWS_ENDPOINT_URL_STS", "sts.endpoint_url"},
    [AWS_SSO] = {"portal.sso", "awsssoportal", "AWS_ENDPOINT_URL_SSO", "sso.endpoint_url"},
    [AWS_SSO_OIDC] = {"oidc", "sso-oauth", "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc.endpoint_url"},
    [AWS_LAMBDA] = {"lambda", "lambda", "AWS_ENDPOINT_URL_LAMBDA", "lambda.endpoint_url"},
};

#define COMMERCIAL "amazonaws.com", "api.aws"

/* A region belongs to a partition when it is the prefix, one word, '-', digits;
 * so "us-" does not swallow "us-gov-west-1" and the order does not matter. */
static const struct partition {
    const char *region_prefix, *suffix, *dualstack_suffix;
} partitions[] = {
    {"us-", COMMERCIAL},
    {"eu-", COMMERCIAL},
    {"ap-", COMMERCIAL},
    {"sa-", COMMERCIAL},
    {"ca-", COMMERCIAL},
    {"me-", COMMERCIAL},
    {"af-", COMMERCIAL},
    {"il-", COMMERCIAL},
    {"mx-", COMMERCIAL},
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", COMMERCIAL},
    {"eusc-de-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
};

static const struct partition newer_region = {"", COMMERCIAL}; /* than this table */

/* ---------------------------------------------------------------- region */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || is_digit(c);
}

/* One DNS label in lower case. */
static bool is_region(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || n >= sizeof(((struct endpoint *)0)->region) || s[0] == '-' || s[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_lower_or_digit(s[i]) && s[i] != '-')
            return false;
    return true;
}

static bool in_partition(const char *region, const struct partition *p)
{
    size_t prefix = strlen(p->region_prefix), word, digits;

    if (strncmp(region, p->region_prefix, prefix) != 0)
        return false;
    region += prefix;
    word = strcspn(region, "-");
    if (word == 0 || region[word] != '-')
        return false;
    digits = strspn(region + word + 1, "0123456789");
    return digits > 0 && region[word + 1 + digits] == '\0';
}

static const struct partition *partition_of(const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++)
        if (in_partition(region, &partitions[i]))
            return &partitions[i];
    return &newer_region;
}

/* ------------------------------------------------------------- host names */

/* The rule sets' exceptions: GovCloud's plain names are FIPS already, but for two services;
 * Secrets Manager answers on IPv6 under its ordinary name where it does at all. */
static bool is_fips_already(enum aws_service s, const struct partition *p)
{
    return strcmp(p->region_prefix, "us-gov-") == 0 && s != AWS_SECRETSMANAGER && s != AWS_LAMBDA;
}

static bool keeps_its_name(enum aws_service s, const struct partition *p, bool use_fips)
{
    bool is_china = strcmp(p->region_prefix, "cn-") == 0;

    return s == AWS_SECRETSMANAGER && (strcmp(p->suffix, "amazonaws.com") == 0 || (is_china && !use_fips));
}

static bool write_aws_host(enum aws_service service, const char *region, const struct endpoint_wish *w, char *out,
                           size_t size)
{
    const struct partition *p = partition_of(region);
    bool dualstack = w->use_dualstack && !keeps_its_name(service, p, w->use_fips);
    bool fips = w->use_fips && (dualstack || !is_fips_already(service, p));

    return str_fmt(out, size, "%s%s.%s.%s", services[service].prefix, fips ? "-fips" : "", region,
                   dualstack ? p->dualstack_suffix : p->suffix);
}

/* -------------------------------------------------------------- override */

bool url_is_loopback(const struct url_host *t)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (t->bracketed)
        return inet_pton(AF_INET6, t->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    if (inet_pton(AF_INET, t->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(t->host, "localhost") == 0;
}

static bool host_is_valid(const struct url_host *t)
{
    struct in6_addr v6;

    if (t->bracketed)
        return inet_pton(AF_INET6, t->host, &v6) == 1;
    for (const char *label = t->host;; label += strcspn(label, ".") + 1) {
        size_t n = strcspn(label, ".");

        if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-')
            return false;
        for (size_t i = 0; i < n; i++)
            if (!is_lower_or_digit(label[i]) && label[i] != '-' && label[i] != '_')
                return false;
        if (label[n] == '\0')
            return true;
    }
}

/* The host's bytes, lower case; returns what follows it, NULL when there is no host. */
static const char *take_host(const char *s, struct url_host *t)
{
    size_t n;

    t->bracketed = s[0] == '[';
    s += t->bracketed;
    n = strcspn(s, t->bracketed ? "]" : ":/?#");
    if (!str_copy_n(t->host, sizeof(t->host), s, n) || (t->bracketed && s[n] != ']'))
        return NULL;
    for (char *c = t->host; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return host_is_valid(t) ? s + n + t->bracketed : NULL;
}

static const char *take_port(const char *s, struct url_host *t)
{
    size_t n = strspn(s, "0123456789");
    int64_t port;

    if (!str_to_i64(s, n, &port) || port < 1 || port > 65535)
        return NULL;
    t->port = port == (t->https ? 443 : 80) ? 0 : (uint16_t)port;
    return s + n;
}

enum err url_take_host(const char *url, const char *origin, struct url_host *out, const char **out_rest,
                       struct why *why)
{
    const char *at = url;

    *out = (struct url_host){0};
    if (strchr(url, '@')) /* said without showing it: there may be a password before the '@' */
        return why_set(why, ERR_SETTING, "%s: a user name in the URL is not allowed", origin);
    out->https = strncasecmp(at, "https://", 8) == 0;
    if (!out->https && strncasecmp(at, "http://", 7) != 0)
        return why_set(why, ERR_SETTING, "%s: \"%s\" must begin with https:// (or http:// for this machine)", origin,
                       url);
    at = take_host(at + (out->https ? 8 : 7), out);
    if (!at)
        return why_set(why, ERR_SETTING, "%s: \"%s\" has no valid host (a name, an IPv4 address or [IPv6])", origin,
                       url);
    if (*at == ':') {
        at = take_port(at + 1, out);
        if (!at)
            return why_set(why, ERR_SETTING, "%s: \"%s\": the port must be 1 to 65535", origin, url);
    }
    if (*at && *at != '/' && *at != '?' && *at != '#')
        return why_set(why, ERR_SETTING, "%s: \"%s\": only a port may follow the host", origin, url);
    *out_rest = at;
    return ERR_OK;
}

static enum err parse_override(const struct endpoint_wish *w, struct url_host *t, struct why *why)
{
    const char *origin = w->origin ? w->origin : "endpoint_url", *url = w->override_url, *rest;
    enum err err;

    if (strlen(url) > OVERRIDE_MAX)
        return why_set(why, ERR_SETTING, "%s: longer than %d bytes", origin, OVERRIDE_MAX);
    err = url_take_host(url, origin, t, &rest, why);
    if (err)
        return err;
    if (*rest && strcmp(rest, "/") != 0)
        return why_set(why, ERR_SETTING, "%s: \"%s\": a path or query is not allowed after the host", origin, url);
    if (!t->https && !url_is_loopback(t))
        return why_set(why, ERR_SETTING, "%s: \"%s\": plain http is allowed for 127.0.0.0/8, [::1] and localhost only",
                       origin, url);
    if (w->use_fips || w->use_dualstack)
        return why_set(why, ERR_SETTING, "%s: \"%s\" cannot be had together with %s", origin, url,
                       w->use_fips ? "FIPS endpoints (use_fips_endpoint)" : "dual-stack (use_dualstack_endpoint)");
    return ERR_OK;
}

static bool write_target(const struct url_host *t, struct endpoint *out)
{
    const char *open = t->bracketed ? "[" : "", *close = t->bracketed ? "]" : "";
    char port[8] = "";

    return (!t->port || str_fmt(port, sizeof(port), ":%u", (unsigned)t->port)) &&
           str_fmt(out->host, sizeof(out->host), "%s%s%s%s", open, t->host, close, port) &&
           str_fmt(out->url, sizeof(out->url), "%s://%s", t->https ? "https" : "http", out->host);
}

/* ---------------------------------------------------------------- public */

const char *aws_service_prefix(enum aws_service s)
{
    ASSERT((unsigned)s < AWS_SERVICES);
    return services[s].prefix;
}

const char *endpoint_variable(enum aws_service s)
{
    ASSERT((unsigned)s < AWS_SERVICES);
    return services[s].variable;
}

const char *endpoint_services_key(enum aws_service s)
{
    ASSERT((unsigned)s < AWS_SERVICES);
    return services[s].services_key;
}

enum err endpoint_resolve(enum aws_service service, const char *region, const struct endpoint_wish *wish,
                          struct endpoint *out, struct why *why)
{
    static const struct endpoint_wish none;
    struct endpoint made = {0};
    struct url_host t = {.https = true};
    bool fits;

    ASSERT((unsigned)service < AWS_SERVICES);
    if (!wish)
        wish = &none;
    if (!region || !is_region(region))
        return why_set(why, ERR_SETTING, "region \"%s\" is not one: 1 to 31 of a-z 0-9 -, such as eu-central-1",
                       region ? region : "");
    if (wish->override_url) {
        enum err err = parse_override(wish, &t, why);

        if (err)
            return err;
    } else if (!write_aws_host(service, region, wish, t.host, sizeof(t.host))) {
        return why_set(why, ERR_SETTING, "region \"%s\" makes too long a host name", region);
    }
    fits = write_target(&t, &made) && str_copy(made.region, sizeof(made.region), region) &&
           str_copy(made.signing_name, sizeof(made.signing_name), services[service].signing_name);
    ASSERT(fits); /* the parts are shorter than the fields, checked above */
    *out = made;
    return ERR_OK;
}
