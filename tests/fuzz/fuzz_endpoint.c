/* libFuzzer: any text as a region and as an address, against libcurl, which is what dials: where
 * credtop takes an address, libcurl goes to the same host and port, by the same scheme and
 * without a user; and plain http leads nowhere but to this machine.
 *
 * First line: the region; second: the address; the first byte chooses the service and the wish.
 * Links the AWS layer; clang -fsanitize=fuzzer,address,undefined. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdint.h>
#include <strings.h>

#include "backend/aws/endpoint.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "tests/fuzz/fuzz.h"

static bool is_header(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static bool same_address(const char *ours, const char *theirs)
{
    struct in6_addr a, b;
    char bare[64];
    size_t n = strlen(theirs);
    if (theirs[0] != '[' || n < 2 || !str_copy_n(bare, sizeof bare, theirs + 1, n - 2))
        return strcasecmp(ours, theirs) == 0;
    return inet_pton(AF_INET6, ours, &a) == 1 && inet_pton(AF_INET6, bare, &b) == 1 && memcmp(&a, &b, sizeof a) == 0;
}

/* libcurl makes 127.0.0.1 of "0x7f.1" and of "2130706433": a number to it, a name to us. */
static bool is_odd_number(const char *ours, const char *theirs)
{
    struct in_addr v4;
    return inet_pton(AF_INET, theirs, &v4) == 1 && inet_pton(AF_INET, ours, &v4) != 1;
}

static char *part(CURLU *u, CURLUPart which)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(u, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0);
    return code == CURLUE_OK ? text : NULL;
}

static void against_libcurl(const char *url, const struct url_host *h)
{
    CURLU *u = curl_url();
    ASSERT(u != NULL);
    if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        char *scheme = part(u, CURLUPART_SCHEME), *host = part(u, CURLUPART_HOST), *port = part(u, CURLUPART_PORT),
             *user = part(u, CURLUPART_USER), expected[8];
        unsigned usual = h->https ? 443 : 80;
        (void)str_fmt(expected, sizeof expected, "%u", h->port != 0 ? (unsigned)h->port : usual);
        ASSERT(scheme != NULL && strcmp(scheme, h->https ? "https" : "http") == 0);
        ASSERT(host != NULL && (same_address(h->host, host) || is_odd_number(h->host, host)));
        ASSERT(port != NULL && strcmp(port, expected) == 0);
        ASSERT(user == NULL);
        curl_free(scheme);
        curl_free(host);
        curl_free(port);
        curl_free(user);
    }
    curl_url_cleanup(u);
}

static void check_host(const char *url)
{
    struct url_host h, again;
    struct why why = {0};
    const char *rest = NULL;
    enum err err = url_take_host(url, "fuzz", &h, &rest, &why);
    if (err != ERR_OK) {
        ASSERT(err == ERR_SETTING && why.text[0] != '\0' && text_is_safe(why.text, strlen(why.text)));
        return;
    }
    ASSERT(rest >= url && rest <= url + strlen(url) && is_header(h.host) && h.host[0] != '\0');
    ASSERT(*rest == '\0' || strchr("/?#", *rest) != NULL);
    char *front = mem_copy_bytes(url, (size_t)(rest - url));
    ASSERT(url_take_host(front, "fuzz", &again, &rest, &why) == ERR_OK && *rest == '\0');
    ASSERT(strcmp(h.host, again.host) == 0 && h.port == again.port && h.https == again.https);
    if (is_header(url)) /* what else there is nobody sends: checked by those who read it */
        against_libcurl(url, &h);
    free(front);
}

static void check_endpoint(const struct endpoint_wish *wish, enum aws_service service, const char *region)
{
    struct endpoint ep, again;
    struct why why = {0};
    struct url_host h;
    const char *rest;
    enum err err = endpoint_resolve(service, region, wish, &ep, &why);
    if (err != ERR_OK) {
        ASSERT(err == ERR_SETTING && why.text[0] != '\0' && text_is_safe(why.text, strlen(why.text)));
        return;
    }
    ASSERT(strcmp(ep.region, region) == 0 && is_header(ep.host) && is_header(ep.url) && is_header(ep.region));
    ASSERT(url_take_host(ep.url, "fuzz", &h, &rest, &why) == ERR_OK && *rest == '\0');
    ASSERT(h.https || url_is_loopback(&h));
    against_libcurl(ep.url, &h);
    struct endpoint_wish same = {.override_url = ep.url};
    ASSERT(endpoint_resolve(service, region, &same, &again, &why) == ERR_OK && strcmp(ep.url, again.url) == 0 &&
           strcmp(ep.host, again.host) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 1000)
        return -1;
    char *text = mem_copy_bytes(data + 1, size - 1);
    char *second = strchr(text, '\n');
    struct endpoint_wish wish = {.use_fips = (data[0] & 64) != 0, .use_dualstack = (data[0] & 128) != 0};
    if (second != NULL) {
        *second++ = '\0';
        wish.override_url = second;
        check_host(second);
    }
    check_endpoint(&wish, (enum aws_service)(data[0] % AWS_SERVICES), text);
    wish.override_url = NULL;
    check_endpoint(&wish, (enum aws_service)(data[0] % AWS_SERVICES), text);
    free(text);
    return 0;
}
