/* Endpoints: regions to host names, overrides to checked URLs.
 *
 * A region and an override both end up in a host name and in a signed header, so
 * both are checked to the last byte here; no caller checks again. */
#include "backend/aws/endpoint.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define OVERRIDE_MAX 256
#define HOST_MAX 254

static const struct service {
    const char *prefix, *signing_name, *env_name;
} services[AWS_SERVICES] = {
    [AWS_SECRETSMANAGER] = {"secretsmanager", "secretsmanager", "AWS_ENDPOINT_URL_SECRETS_MANAGER"},
    [AWS_LOGS] = {"logs", "logs", "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"},
    [AWS_STS] = {"sts", "sts", "AWS_ENDPOINT_URL_STS"},
};

/* A region belongs to a partition when it is the prefix, one word, '-', digits;
 * so "us-" does not swallow "us-gov-west-1" and the order does not matter. */
static const struct partition {
    const char *region_prefix, *suffix;
} partitions[] = {
    {"us-", "amazonaws.com"},       {"eu-", "amazonaws.com"},      {"ap-", "amazonaws.com"},
    {"sa-", "amazonaws.com"},       {"ca-", "amazonaws.com"},      {"me-", "amazonaws.com"},
    {"af-", "amazonaws.com"},       {"il-", "amazonaws.com"},      {"mx-", "amazonaws.com"},
    {"cn-", "amazonaws.com.cn"},    {"us-gov-", "amazonaws.com"},  {"eusc-de-", "amazonaws.eu"},
    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"}, {"eu-isoe-", "cloud.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov"},
};

#define UNKNOWN_REGION_SUFFIX "amazonaws.com" /* a region newer than this table */

/* An override, taken apart. */
struct target {
    bool https, bracketed;
    char host[HOST_MAX]; /* lower case, without brackets */
    uint16_t port;       /* 0: the scheme's own */
};

/* The environment's overrides, read once: getenv() is not safe beside a thread that
 * sets variables, and an endpoint must not change under a running program.  This
 * is a global because the environment is one. */
static struct {
    char *global, *by_service[AWS_SERVICES];
} from_env;
static pthread_once_t from_env_once = PTHREAD_ONCE_INIT;

static char *env_copy(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? mem_copy_str(value) : NULL;
}

static void read_env(void)
{
    const char *ignore = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

    if (ignore && strcasecmp(ignore, "true") == 0)
        return;
    from_env.global = env_copy("AWS_ENDPOINT_URL");
    for (size_t i = 0; i < AWS_SERVICES; i++)
        from_env.by_service[i] = env_copy(services[i].env_name);
}

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

static const char *suffix_of(const char *region)
{
    for (size_t i = 0; i < ARRAY_LEN(partitions); i++)
        if (in_partition(region, &partitions[i]))
            return partitions[i].suffix;
    return UNKNOWN_REGION_SUFFIX;
}

/* -------------------------------------------------------------- override */

static bool is_loopback(const struct target *t)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (t->bracketed)
        return inet_pton(AF_INET6, t->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    if (inet_pton(AF_INET, t->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(t->host, "localhost") == 0;
}

static bool host_is_valid(const struct target *t)
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
static const char *take_host(const char *s, struct target *t)
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

static const char *take_port(const char *s, struct target *t)
{
    size_t n = strspn(s, "0123456789");
    int64_t port;

    if (!str_to_i64(s, n, &port) || port < 1 || port > 65535)
        return NULL;
    t->port = port == (t->https ? 443 : 80) ? 0 : (uint16_t)port;
    return s + n;
}

static enum err parse_override(const char *url, const char *origin, struct target *t, struct why *why)
{
    const char *at = url;

    if (strlen(url) > OVERRIDE_MAX)
        return why_set(why, ERR_SETTING, "%s: longer than %d bytes", origin, OVERRIDE_MAX);
    if (strchr(url, '@')) /* said without showing it: there may be a password before the '@' */
        return why_set(why, ERR_SETTING, "%s: a user name in the URL is not allowed", origin);
    t->https = strncasecmp(at, "https://", 8) == 0;
    if (!t->https && strncasecmp(at, "http://", 7) != 0)
        return why_set(why, ERR_SETTING, "%s: \"%s\" must begin with https:// (or http:// for this machine)", origin,
                       url);
    at = take_host(at + (t->https ? 8 : 7), t);
    if (!at)
        return why_set(why, ERR_SETTING, "%s: \"%s\" has no valid host (a name, an IPv4 address or [IPv6])", origin,
                       url);
    if (*at == ':') {
        at = take_port(at + 1, t);
        if (!at)
            return why_set(why, ERR_SETTING, "%s: \"%s\": the port must be 1 to 65535", origin, url);
    }
    if (*at && *at != '/' && *at != '?' && *at != '#')
        return why_set(why, ERR_SETTING, "%s: \"%s\": only a port may follow the host", origin, url);
    if (*at && strcmp(at, "/") != 0)
        return why_set(why, ERR_SETTING, "%s: \"%s\": a path or query is not allowed after the host", origin, url);
    if (!t->https && !is_loopback(t))
        return why_set(why, ERR_SETTING, "%s: \"%s\": plain http is allowed for 127.0.0.0/8, [::1] and localhost only",
                       origin, url);
    return ERR_OK;
}

static bool write_target(const struct target *t, struct endpoint *out)
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

enum err endpoint_resolve(enum aws_service service, const char *region, const char *override_url, struct endpoint *out,
                          struct why *why)
{
    const char *origin = "endpoint_url";
    struct endpoint made = {0};
    struct target t = {.https = true};
    bool fits;

    ASSERT((unsigned)service < AWS_SERVICES);
    (void)pthread_once(&from_env_once, read_env); /* cannot fail with a valid once */
    if (!region || !is_region(region))
        return why_set(why, ERR_SETTING, "region \"%s\" is not one: 1 to 31 of a-z 0-9 -, such as eu-central-1",
                       region ? region : "");
    if (!override_url && from_env.by_service[service]) {
        override_url = from_env.by_service[service];
        origin = services[service].env_name;
    } else if (!override_url && from_env.global) {
        override_url = from_env.global;
        origin = "AWS_ENDPOINT_URL";
    }
    if (override_url) {
        enum err err = parse_override(override_url, origin, &t, why);

        if (err)
            return err;
    } else if (!str_fmt(t.host, sizeof(t.host), "%s.%s.%s", services[service].prefix, region, suffix_of(region))) {
        return why_set(why, ERR_SETTING, "region \"%s\" makes too long a host name", region);
    }
    fits = write_target(&t, &made) && str_copy(made.region, sizeof(made.region), region) &&
           str_copy(made.signing_name, sizeof(made.signing_name), services[service].signing_name);
    ASSERT(fits); /* the parts are shorter than the fields, checked above */
    *out = made;
    return ERR_OK;
}
