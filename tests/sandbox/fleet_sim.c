#include "tests/sandbox/fleet_sim.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define REPLY_KEPT 400 /* bytes of an answer that go into a message */

struct fleet_sim {
    CURL *curl;
    struct curl_slist *headers;
    char endpoint[128];
    struct strbuf *into; /* NULL: the beginning of the answer alone is kept */
    char reply[REPLY_KEPT];
    size_t reply_len;
};

static size_t on_reply(char *bytes, size_t size, size_t n, void *ctx)
{
    struct fleet_sim *s = ctx;
    size_t room = sizeof s->reply - s->reply_len, take = n < room ? n : room;
    memcpy(s->reply + s->reply_len, bytes, take);
    s->reply_len += take;
    if (s->into != NULL)
        strbuf_add(s->into, bytes, size * n);
    return size * n;
}

struct fleet_sim *fleet_sim_new(const char *endpoint)
{
    struct fleet_sim *s = mem_new(sizeof *s);
    ASSERT(str_copy(s->endpoint, sizeof s->endpoint, endpoint));
    s->curl = curl_easy_init();
    s->headers = curl_slist_append(NULL, "Content-Type: application/json");
    ASSERT(s->curl != NULL && s->headers != NULL);
    s->headers = curl_slist_append(s->headers, "Expect:");
    return s;
}

struct fleet_sim *fleet_sim_free(struct fleet_sim *s)
{
    if (s == NULL)
        return NULL;
    curl_easy_cleanup(s->curl);
    curl_slist_free_all(s->headers);
    free(s);
    return NULL;
}

static enum err exchange(struct fleet_sim *s, const char *method, const char *path, const char *body,
                         struct strbuf *into, struct why *why)
{
    char url[200];
    long status = 0;
    ASSERT(str_fmt(url, sizeof url, "%s%s", s->endpoint, path));
    s->reply_len = 0;
    s->into = into;
    curl_easy_reset(s->curl); /* keeps the connection */
    curl_easy_setopt(s->curl, CURLOPT_URL, url);
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(s->curl, CURLOPT_TIMEOUT_MS, 10000L);
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    if (body != NULL) {
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, body);
    } else {
        curl_easy_setopt(s->curl, CURLOPT_CUSTOMREQUEST, method);
    }
    CURLcode code = curl_easy_perform(s->curl);
    if (code != CURLE_OK)
        return why_set(why, ERR_NETWORK, "%s: %s", url, curl_easy_strerror(code));
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 299)
        return why_set(why, ERR_SERVICE, "%s: status %ld: %.*s", url, status, (int)s->reply_len, s->reply);
    return ERR_OK;
}

enum err fleet_sim_send(struct fleet_sim *s, const char *path, const char *body, struct why *why)
{
    return exchange(s, body != NULL ? "POST" : "DELETE", path, body, NULL, why);
}

enum err fleet_sim_get(struct fleet_sim *s, const char *path, struct strbuf *out, struct why *why)
{
    return exchange(s, "GET", path, NULL, out, why);
}
