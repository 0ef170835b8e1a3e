/* The instance's own role, from the metadata service (EC2 User Guide, "Use IMDSv2").
 *
 * One second and one try, because off EC2, or behind a hop limit, nothing answers.
 * Keys that are about to end are used on: the service renews them when it can, and an
 * instance that is cut off keeps working for as long as AWS lets it. */
#include <openssl/rand.h>
#include <strings.h>

#include "backend/aws/identity_store.h"
#include "backend/aws/json.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

#define V4_URL "http://169.254.169.254"
#define V6_URL "http://[fd00:ec2::254]"
#define TOKEN_PATH "/latest/api/token"
#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"
#define TOKEN_MAX 1024
#define ROLE_MAX 64
#define EXTEND_MS (15 * 60 * 1000)
#define EXTEND_LEAST_MS (2 * 60 * 1000)
#define EXTEND_MOST_MS (10 * 60 * 1000)

struct imds {
    char base[300];
    int tries;
    int64_t try_ms;
    bool v1_allowed;
    struct secret *token; /* NULL: version 1 */
};

/* A whole number of the environment within its limits; `usual` when not set. */
static enum err env_number(const struct walk *w, enum env_text v, int64_t most, int64_t usual, int64_t *out)
{
    const char *text = w->store->env.text[v];

    *out = usual;
    if (text && (!str_to_i64(text, strlen(text), out) || *out < 1 || *out > most))
        return why_set(w->why, ERR_SETTING, "%s \"%s\" must be a whole number, 1 to %d", env_text_name(v), text,
                       (int)most);
    return ERR_OK;
}

static enum err find_service(const struct walk *w, struct imds *m)
{
    const char *url = walk_text(w, ENV_IMDS_ENDPOINT, "ec2_metadata_service_endpoint");
    const char *mode = walk_text(w, ENV_IMDS_ENDPOINT_MODE, "ec2_metadata_service_endpoint_mode");
    int64_t seconds, tries;
    struct url_host host;
    const char *rest = "";
    enum err err = env_number(w, ENV_IMDS_TIMEOUT, 60, 1, &seconds);

    if (!err)
        err = env_number(w, ENV_IMDS_ATTEMPTS, 10, 1, &tries);
    if (!err && url)
        err = url_take_host(url, env_text_name(ENV_IMDS_ENDPOINT), &host, &rest, w->why);
    if (err)
        return err;
    if (strcmp(rest, "") != 0 && strcmp(rest, "/") != 0)
        return why_set(w->why, ERR_SETTING, "%s: \"%s\": no path may follow the host", env_text_name(ENV_IMDS_ENDPOINT),
                       url);
    if (mode && strcasecmp(mode, "ipv4") != 0 && strcasecmp(mode, "ipv6") != 0)
        return why_set(w->why, ERR_SETTING, "%s \"%s\" must be IPv4 or IPv6", env_text_name(ENV_IMDS_ENDPOINT_MODE),
                       mode);
    if (!url)
        url = mode && strcasecmp(mode, "ipv6") == 0 ? V6_URL : V4_URL;
    if (!str_copy_n(m->base, sizeof(m->base), url, strlen(url) - strlen(rest)))
        return why_set(w->why, ERR_SETTING, "%s: too long", env_text_name(ENV_IMDS_ENDPOINT));
    m->try_ms = seconds * 1000;
    m->tries = (int)tries;
    m->v1_allowed = !setting_is_true(walk_text(w, ENV_IMDS_V1_DISABLED, "ec2_metadata_v1_disabled"));
    return ERR_OK;
}

static enum err ask(const struct walk *w, const struct imds *m, const char *method, const char *path,
                    struct link_reply *out)
{
    char url[400];
    struct http_header h = {"x-aws-ec2-metadata-token-ttl-seconds", "21600"};
    bool is_token = strcmp(path, TOKEN_PATH) == 0;
    struct link_request rq = {.op = LINK_METADATA,
                              .method = method,
                              .url = url,
                              .headers = &h,
                              .nheaders = is_token || m->token ? 1 : 0,
                              .tries = m->tries,
                              .try_ms = m->try_ms,
                              .pause_ms = 1};

    if (!is_token && m->token)
        h = (struct http_header){"x-aws-ec2-metadata-token", secret_peek(m->token, NULL)};
    if (!str_fmt(url, sizeof(url), "%s%s", m->base, path))
        return why_set(w->why, ERR_MALFORMED, "instance metadata: the role's name is too long");
    return link_send(w, &rq, out);
}

/* A token, or leave to go on without one: old services know none, and behind a hop limit
 * its answer never arrives. */
static enum err get_token(const struct walk *w, struct imds *m)
{
    struct link_reply reply = {0};
    enum err err = ask(w, m, "PUT", TOKEN_PATH, &reply);
    bool v1 =
        err == ERR_TIMEOUT || (err == ERR_OK && (reply.status == 403 || reply.status == 404 || reply.status == 405));
    size_t n = secret_len(reply.body);

    m->token = secret_free(m->token);
    if (err == ERR_OK && reply.status == 200 && n > 0 && n <= TOKEN_MAX &&
        !strpbrk(secret_peek(reply.body, NULL), "\r\n")) {
        m->token = secret_from(secret_peek(reply.body, NULL), n);
    } else if (v1 && m->v1_allowed) {
        err = ERR_OK;
    } else if (v1 && err == ERR_OK) {
        err = why_set(w->why, ERR_NO_CREDENTIALS, "instance metadata gives no token, and version 1 is disabled");
    } else if (err == ERR_OK) {
        err = why_set(w->why, ERR_SERVICE, "instance metadata: HTTP %d for a token", reply.status);
    }
    link_reply_clear(&reply);
    return err;
}

/* 401: the token has run out; a new one, once. */
static enum err get(const struct walk *w, struct imds *m, const char *path, struct link_reply *out)
{
    enum err err = ask(w, m, "GET", path, out);

    if (err || out->status != 401 || !m->token)
        return err;
    link_reply_clear(out);
    err = get_token(w, m);
    return err ? err : ask(w, m, "GET", path, out);
}

static enum err get_role(const struct walk *w, struct imds *m, char role[ROLE_MAX + 1])
{
    struct link_reply reply = {0};
    enum err err = get(w, m, ROLE_PATH, &reply);
    const char *name = reply.body ? secret_peek(reply.body, NULL) : "";
    size_t n = strcspn(name, "\r\n");

    if (err == ERR_OK && reply.status == 404)
        err = ERR_NOT_FOUND; /* an instance without a role */
    else if (err == ERR_OK && reply.status != 200)
        err = why_set(w->why, ERR_SERVICE, "instance metadata: HTTP %d for the role's name", reply.status);
    else if (err == ERR_OK &&
             (n == 0 || n > ROLE_MAX ||
              strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-") < n))
        err = why_set(w->why, ERR_MALFORMED, "instance metadata: the role's name is none");
    else if (err == ERR_OK)
        (void)str_copy_n(role, ROLE_MAX + 1, name, n);
    link_reply_clear(&reply);
    return err;
}

static void extend(const struct walk *w, struct identity *id)
{
    int64_t now = walk_wall_ms(w);
    uint32_t r = 0;

    if (id->expires_wall_ms < 0 || id->expires_wall_ms - now > EXTEND_MS)
        return;
    (void)RAND_bytes((unsigned char *)&r, sizeof(r)); /* only spreads instances out */
    if (id->expires_wall_ms <= now)
        log_line(LOG_WARN, "the instance's keys have expired, and its metadata has no newer ones: used on");
    id->expires_wall_ms = now + EXTEND_MS + EXTEND_LEAST_MS + r % (EXTEND_MOST_MS - EXTEND_LEAST_MS);
}

static enum err get_keys(const struct walk *w, struct imds *m, const char *role, struct identity *out)
{
    static const struct json_names names = {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"};
    struct link_reply reply = {0};
    char path[160], code[64] = "";
    enum err err;

    (void)str_fmt(path, sizeof(path), ROLE_PATH "%s", role); /* fits: a role has at most 64 bytes */
    err = get(w, m, path, &reply);
    if (err == ERR_OK && reply.status != 200)
        err = why_set(w->why, ERR_SERVICE, "instance metadata: HTTP %d for the keys of %s", reply.status, role);
    if (err == ERR_OK) {
        json_t *o = json_read_object(secret_peek(reply.body, NULL), secret_len(reply.body), NULL);

        if (o && json_safe(o, "Code", code, sizeof(code)) && strcmp(code, "Success") != 0)
            err = why_set(w->why, ERR_NO_CREDENTIALS, "instance role %s: the metadata service says %s", role, code);
        json_decref(o);
    }
    if (err == ERR_OK)
        err = identity_from_json(w, "instance metadata", reply.body, &names, out);
    link_reply_clear(&reply);
    if (err == ERR_OK) {
        extend(w, out);
        identity_set_source(out, "instance role %s", role);
    }
    return err;
}

/* No answer at all: this is no instance, and the search goes on (to its end). */
static bool is_elsewhere(enum err err)
{
    return err == ERR_TIMEOUT || err == ERR_CONNECT || err == ERR_RESOLVE || err == ERR_NETWORK;
}

enum err ask_imds(const struct walk *w, struct identity *out)
{
    struct imds m = {.token = NULL};
    char role[ROLE_MAX + 1];
    enum err err;

    if (setting_is_true(w->store->env.text[ENV_IMDS_DISABLED]))
        return ERR_NOT_FOUND;
    err = find_service(w, &m);
    if (err)
        return err;
    err = get_token(w, &m);
    if (!err)
        err = get_role(w, &m, role);
    if (is_elsewhere(err))
        err = ERR_NOT_FOUND;
    else if (!err)
        err = get_keys(w, &m, role, out);
    m.token = secret_free(m.token);
    return err;
}
