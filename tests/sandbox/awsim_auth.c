#include "tests/sandbox/awsim_auth.h"

#include <openssl/crypto.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HEADERS_MAX 64
#define SKEW_MS (5 * 60 * 1000)

const char *http_in_header(const struct http_in *in, const char *name)
{
    for (size_t i = 0; i < in->nheaders; i++)
        if (strcasecmp(in->headers[i].name, name) == 0)
            return in->headers[i].value;
    return NULL;
}

/* "Name=value" of the Authorization header. */
static bool auth_part(const char *header, const char *name, char *out, size_t size)
{
    const char *p = header ? strstr(header, name) : NULL;
    if (!p)
        return false;
    p += strlen(name);
    return str_copy_n(out, size, p, strcspn(p, ", "));
}

/* KEY/20261124/eu-central-1/logs/aws4_request */
static bool scope_read(const char *s, struct scope *out)
{
    char *const fields[] = {out->key, out->date, out->region, out->service};
    static const size_t sizes[] = {sizeof out->key, sizeof out->date, sizeof out->region, sizeof out->service};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        size_t n = strcspn(s, "/");
        if (n == 0 || s[n] != '/' || !str_copy_n(fields[i], sizes[i], s, n))
            return false;
        s += n + 1;
    }
    return strcmp(s, "aws4_request") == 0;
}

void auth_claim(const struct http_in *in, struct scope *out)
{
    char credential[512];
    *out = (struct scope){0};
    if (!auth_part(http_in_header(in, "authorization"), "Credential=", credential, sizeof credential) ||
        !scope_read(credential, out))
        *out = (struct scope){0};
}

static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; *p != '\0'; p += strcspn(p, ";"), p += *p == ';')
        if (strcspn(p, ";") == n && strncasecmp(p, name, n) == 0)
            return true;
    return false;
}

/* The header that should be signed and is not; NULL: all are. */
static const char *header_left_out(const struct http_in *in, const char *signed_headers)
{
    if (!is_listed(signed_headers, "host"))
        return "Host";
    for (size_t i = 0; i < in->nheaders; i++) {
        const char *name = in->headers[i].name;
        bool needed = strncasecmp(name, "x-amz-", 6) == 0 || strcasecmp(name, "content-type") == 0;
        if (needed && !is_listed(signed_headers, name))
            return name;
    }
    return NULL;
}

static bool signature_fits(const struct http_in *in, const struct sim_key *key, const struct scope *scope,
                           const char *signed_headers, const char *amz_date, const char *signature)
{
    struct sigv4_header headers[HEADERS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < in->nheaders && n < HEADERS_MAX; i++)
        if (is_listed(signed_headers, in->headers[i].name))
            headers[n++] = in->headers[i];
    struct sigv4_request r = {.method = in->method,
                              .path = in->path,
                              .query = in->query,
                              .headers = headers,
                              .nheaders = n,
                              .body = in->body,
                              .body_len = in->body_len};
    struct sigv4_key k = {key->id, key->secret, scope->region, scope->service};
    struct sigv4_result result;
    if (strlen(amz_date) != 16 || sigv4_sign(&r, &k, amz_date, &result) != ERR_OK)
        return false;
    return strlen(signature) == 64 && CRYPTO_memcmp(result.signature, signature, 64) == 0;
}

/* ------------------------------------------------------------- refusals */

static const char *const expired_key = "The security token included in the request is expired";
static const char *const unknown_key = "The security token included in the request is invalid.";

static struct sim_key *refuse(struct reply *out, enum sim_service service, const char *json_code, const char *sts_code,
                              const char *text)
{
    reply_error(out, service, 403, service == SIM_STS ? sts_code : json_code, "%s", text);
    return NULL;
}

static struct sim_key *refuse_signature(struct reply *out, enum sim_service service, const char *text)
{
    return refuse(out, service, "InvalidSignatureException", "SignatureDoesNotMatch", text);
}

/* NULL: the date is near enough. */
static const char *date_trouble(const char *amz_date, int64_t now_ms, char *out, size_t size)
{
    char text[29], now[17], edge[17];
    int64_t t_ms;
    if (strlen(amz_date) != 16)
        return "Date must be in ISO-8601 'basic format'.";
    str_fmt(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", amz_date, amz_date + 4, amz_date + 6, amz_date + 9,
            amz_date + 11, amz_date + 13);
    if (amz_date[8] != 'T' || !clock_parse_iso(text, strlen(text), &t_ms))
        return "Date must be in ISO-8601 'basic format'.";
    if (t_ms >= now_ms - SKEW_MS && t_ms <= now_ms + SKEW_MS)
        return NULL;
    clock_amz(now_ms, now);
    bool is_old = t_ms < now_ms;
    clock_amz(is_old ? now_ms - SKEW_MS : now_ms + SKEW_MS, edge);
    str_fmt(out, size, "Signature %s: %s is now %s than %s (%s %c 5 min.)", is_old ? "expired" : "not yet current",
            amz_date, is_old ? "earlier" : "later", edge, now, is_old ? '-' : '+');
    return out;
}

static bool token_fits(const struct http_in *in, const struct sim_key *key)
{
    const char *token = http_in_header(in, "x-amz-security-token");
    if (!token || !key->token)
        return !token && !key->token;
    return strlen(token) == strlen(key->token) && CRYPTO_memcmp(token, key->token, strlen(token)) == 0;
}

struct sim_key *auth_check(struct sim *s, const struct http_in *in, enum sim_service service, int64_t now_ms,
                           struct scope *scope, struct reply *out)
{
    const char *signing = sim_service_row(service)->signing;
    const char *header = http_in_header(in, "authorization"), *date = http_in_header(in, "x-amz-date"), *left_out;
    char signed_headers[1024], signature[128], text[256];
    if (!header)
        return refuse(out, service, "MissingAuthenticationTokenException", "MissingAuthenticationToken",
                      "Missing Authentication Token");
    auth_claim(in, scope);
    if (strncmp(header, ALGORITHM " ", strlen(ALGORITHM) + 1) != 0 || scope->key[0] == '\0' || !date ||
        !auth_part(header, "SignedHeaders=", signed_headers, sizeof signed_headers) ||
        !auth_part(header, "Signature=", signature, sizeof signature))
        return refuse(
            out, service, "IncompleteSignatureException", "IncompleteSignature",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature', and an x-amz-date.");
    struct sim_key *key = sim_key_find(s, scope->key);
    if (!key || !token_fits(in, key))
        return refuse(out, service, "UnrecognizedClientException", "InvalidClientTokenId", unknown_key);
    const char *trouble = date_trouble(date, now_ms, text, sizeof text);
    if (trouble)
        return refuse_signature(out, service, trouble);
    if (strncmp(date, scope->date, 8) != 0)
        return refuse_signature(out, service,
                                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
                                "date from HTTP.");
    if (strcmp(scope->service, signing) != 0) {
        str_fmt(text, sizeof text, "Credential should be scoped to correct service: '%s'.", signing);
        return refuse_signature(out, service, text);
    }
    left_out = header_left_out(in, signed_headers);
    if (left_out) {
        str_fmt(text, sizeof text, "'%s' must be a 'SignedHeader' in the AWS 'Authorization' header.", left_out);
        return refuse_signature(out, service, text);
    }
    if (!signature_fits(in, key, scope, signed_headers, date, signature))
        return refuse_signature(
            out, service,
            "The request signature we calculated does not match the signature you provided. Check your "
            "AWS Secret Access Key and signing method. Consult the service documentation for details.");
    if (key->expires_ms < 0 || now_ms < key->expires_ms)
        return key;
    reply_trouble(out, service, &sim_service_row(service)->expired, expired_key);
    return NULL;
}
