/* Keys of the container we run in: ECS's task role, EKS Pod Identity.
 *
 * The address comes from the environment and gets an authorization token, so it must be
 * one that belongs to this machine, or be spoken to with TLS. */
#include <arpa/inet.h>

#include "backend/aws/identity_store.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define ECS_URL "http://169.254.170.2"
#define TRY_MS 2000
#define TRIES 3
#define PAUSE_MS 1000
#define TOKEN_MAX 16384
#define URL_MAX 2048

static bool is_allowed(const struct url_host *h)
{
    static const char *const own[] = {"169.254.170.2", "169.254.170.23"};
    struct in6_addr v6, eks;

    if (h->https || url_is_loopback(h))
        return true;
    if (h->bracketed)
        return inet_pton(AF_INET6, h->host, &v6) == 1 && inet_pton(AF_INET6, "fd00:ec2::23", &eks) == 1 &&
               memcmp(&v6, &eks, sizeof(v6)) == 0;
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (strcmp(h->host, own[i]) == 0)
            return true;
    return false;
}

static bool is_plain(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static enum err find_url(const struct walk *w, char url[URL_MAX])
{
    const struct identity_env *e = &w->store->env;
    enum env_text v = e->text[ENV_CONTAINER_RELATIVE] ? ENV_CONTAINER_RELATIVE : ENV_CONTAINER_FULL;
    const char *text = e->text[v], *rest;
    struct url_host host;
    bool fits;
    enum err err;

    if (!text)
        return ERR_NOT_FOUND;
    fits = str_fmt(url, URL_MAX, "%s%s", v == ENV_CONTAINER_RELATIVE ? ECS_URL : "", text);
    if (!fits || !is_plain(text))
        return why_set(w->why, ERR_SETTING, "%s: must be less than %d printable characters, no blank", env_text_name(v),
                       URL_MAX - 30);
    if (v == ENV_CONTAINER_RELATIVE)
        return text[0] == '/' ? ERR_OK
                              : why_set(w->why, ERR_SETTING, "%s \"%s\" must begin with /", env_text_name(v), text);
    err = url_take_host(url, env_text_name(v), &host, &rest, w->why);
    if (err == ERR_OK && !is_allowed(&host))
        err = why_set(w->why, ERR_SETTING,
                      "%s: host \"%s\" is not allowed without https: only loopback, 169.254.170.2, 169.254.170.23 and "
                      "[fd00:ec2::23]",
                      env_text_name(v), host.host);
    return err;
}

/* *out NULL: none is asked for.  The file comes first and is read each time: it is replaced. */
static enum err find_token(const struct walk *w, struct secret **out)
{
    const struct identity_env *e = &w->store->env;
    const char *path = e->text[ENV_CONTAINER_TOKEN_FILE], *bytes;
    size_t n;
    enum err err = ERR_OK;

    *out = NULL;
    if (path)
        err = walk_read_file(w, path, TOKEN_MAX, out);
    else if (e->secret[ENV_CONTAINER_TOKEN])
        *out = secret_from(env_secret_bytes(e, ENV_CONTAINER_TOKEN), secret_len(e->secret[ENV_CONTAINER_TOKEN]));
    if (err == ERR_NOT_FOUND)
        return why_set(w->why, ERR_NO_CREDENTIALS, "%s: %s does not exist", env_text_name(ENV_CONTAINER_TOKEN_FILE),
                       path);
    if (err || !*out)
        return err;
    bytes = secret_peek(*out, &n);
    if (strlen(bytes) == n && !strpbrk(bytes, "\r\n"))
        return ERR_OK;
    *out = secret_free(*out);
    return why_set(w->why, ERR_NO_CREDENTIALS, "the container's authorization token holds a line break or NUL");
}

enum err ask_container(const struct walk *w, struct identity *out)
{
    static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
    char url[URL_MAX];
    struct secret *token = NULL;
    struct link_reply reply = {0};
    struct http_header headers[2] = {{"Accept", "application/json"}};
    struct link_request rq = {.op = LINK_METADATA,
                              .method = "GET",
                              .url = url,
                              .headers = headers,
                              .nheaders = 1,
                              .tries = TRIES,
                              .try_ms = TRY_MS,
                              .pause_ms = PAUSE_MS};
    enum err err = find_url(w, url);

    if (!err)
        err = find_token(w, &token);
    if (err)
        return err;
    if (token)
        headers[rq.nheaders++] = (struct http_header){"Authorization", secret_peek(token, NULL)};
    err = link_send(w, &rq, &reply);
    token = secret_free(token);
    if (err == ERR_OK && reply.status != 200)
        err = why_set(w->why, ERR_NO_CREDENTIALS, "container credentials: HTTP %d", reply.status);
    if (err == ERR_OK)
        err = identity_from_json(w, "container credentials", reply.body, &names, out);
    link_reply_clear(&reply);
    if (err == ERR_OK)
        identity_set_source(out, "container credentials");
    return err;
}
