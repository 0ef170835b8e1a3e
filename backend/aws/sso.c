/* Single sign-on: the token that `aws sso login` left, and the role it opens; and the
 * keys that `aws login` left.
 *
 * A token that is about to end is renewed where its file allows it, in the same file and
 * for all profiles at once: it is an entry of the cache like any keys, with the token in
 * the place of a secret key.  Nothing here ever opens a browser. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "backend/aws/aws.h"
#include "backend/aws/identity_store.h"
#include "backend/aws/json.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

#define TRY_MS 10000
#define FILE_MAX ((size_t)64 << 10)
#define TOKEN_MAX 16384
#define RENEW_MS (15 * 60 * 1000)
#define TOKEN_ID "sso-token"

/* A profile's session, by whichever of the two ways it is written. */
struct session {
    const char *name; /* NULL: legacy */
    const char *start_url, *region;
    const char *account, *role;
    char file[41];       /* SHA-1 of the name or, for legacy, of the start URL */
    const char *profile; /* to say whom to log in */
};

static void hash_hex(const EVP_MD *md, const char *text, char *out, size_t size)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    ASSERT(EVP_Digest(text, strlen(text), digest, &n, md, NULL) == 1 && size == 2 * (size_t)n + 1);
    for (unsigned i = 0; i < n; i++)
        (void)str_fmt(out + 2 * (size_t)i, 3, "%02x", digest[i]);
}

/* ---------------------------------------------------------------- settings */

static enum err need(const struct walk *w, const char *where, const char *key, const char *value)
{
    if (value && *value)
        return ERR_OK;
    return why_set(w->why, ERR_SETTING, "%s: single sign-on needs %s", where, key);
}

static bool is_account(const char *s)
{
    return strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

static enum err find_session(const struct walk *w, struct session *s)
{
    char where[300];
    int line = 0;
    enum err err;

    *s = (struct session){.profile = w->profile,
                          .name = walk_setting(w, "sso_session"),
                          .account = walk_setting(w, "sso_account_id"),
                          .role = walk_setting(w, "sso_role_name")};
    if (!s->account && !s->role)
        return ERR_NOT_FOUND;
    (void)files_view_where(w->files, w->profile, s->role ? "sso_role_name" : "sso_account_id", where, sizeof(where));
    if (s->name) {
        if (!aws_file_has(w->files->config.parsed, AWS_SECTION_SSO_SESSION, s->name))
            return why_set(w->why, ERR_SETTING, "%s: there is no [sso-session %s]", where, s->name);
        s->start_url = aws_file_get(w->files->config.parsed, AWS_SECTION_SSO_SESSION, s->name, "sso_start_url", &line);
        s->region = aws_file_get(w->files->config.parsed, AWS_SECTION_SSO_SESSION, s->name, "sso_region", &line);
    } else {
        s->start_url = walk_setting(w, "sso_start_url");
        s->region = walk_setting(w, "sso_region");
    }
    err = need(w, where, "sso_start_url", s->start_url);
    if (!err)
        err = need(w, where, "sso_region", s->region);
    if (!err)
        err = need(w, where, "sso_account_id", s->account);
    if (!err)
        err = need(w, where, "sso_role_name", s->role);
    if (!err && !is_account(s->account))
        err = why_set(w->why, ERR_SETTING, "%s: sso_account_id must be 12 digits", where);
    if (!err)
        hash_hex(EVP_sha1(), s->name ? s->name : s->start_url, s->file, sizeof(s->file));
    return err;
}

static enum err log_in_again(const struct walk *w, const struct session *s, const char *what)
{
    return why_set(w->why, ERR_EXPIRED, "single sign-on %s: run: aws sso login --profile %s", what, s->profile);
}

/* ------------------------------------------------------------------- token */

struct token_ask {
    const struct walk *walk;
    const struct session *session;
};

static char *token_path(const struct walk *w, const struct session *s)
{
    char path[80];

    (void)str_fmt(path, sizeof(path), "~/.aws/sso/cache/%s.json", s->file);
    return identity_env_path(&w->store->env, path);
}

static int64_t time_of(const json_t *o, const char *key)
{
    int64_t ms;
    size_t n = 0;
    const char *text = json_text(o, key, &n);

    if (text && n > 3 && strcmp(text + n - 3, "UTC") == 0) /* as older tools wrote it */
        n -= 3;
    return text && clock_parse_iso(text, n, &ms) ? ms : -1;
}

static bool is_renewable(const struct walk *w, const json_t *o)
{
    int64_t registered = time_of(o, "registrationExpiresAt");

    return json_text(o, "refreshToken", NULL) && json_text(o, "clientId", NULL) && json_text(o, "clientSecret", NULL) &&
           (registered < 0 || registered > walk_wall_ms(w)) && !w->store->restricted;
}

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t put = write(fd, bytes, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        bytes += put;
        n -= (size_t)put;
    }
    return fsync(fd) == 0;
}

/* A reader sees the old file or the new one, never a half.  Not being able to is no
 * failure of ours: the token works, and the next login writes the file. */
static void write_back(const char *path, const json_t *o)
{
    char *text = json_dumps(o, JSON_COMPACT), *next = mem_array(strlen(path) + 8, 1);
    int fd;
    bool done = false;

    ASSERT(text != NULL); /* jansson refuses only without memory */
    (void)str_fmt(next, strlen(path) + 8, "%s.XXXXXX", path);
    fd = mkostemp(next, O_CLOEXEC); /* 0600 */
    if (fd >= 0) {
        done = write_all(fd, text, strlen(text));
        done = close(fd) == 0 && done && rename(next, path) == 0;
        if (!done)
            (void)unlink(next); /* nobody will miss it */
    }
    if (!done)
        log_line(LOG_WARN, "%s: the renewed sign-on token could not be written: %s", path, strerror(errno));
    free(next);
    json_forget_text(text);
}

static enum err send_renewal(const struct walk *w, const struct session *s, const json_t *o, struct link_reply *reply)
{
    static const struct http_header headers[] = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
    struct endpoint ep;
    char url[320];
    struct strbuf body;
    const char *id, *secret, *refresh;
    size_t id_n, secret_n, refresh_n;
    enum err err = walk_endpoint(w, AWS_SSO_OIDC, s->region, &ep);

    if (err)
        return err;
    id = json_text(o, "clientId", &id_n);
    secret = json_text(o, "clientSecret", &secret_n);
    refresh = json_text(o, "refreshToken", &refresh_n);
    strbuf_init(&body, FILE_MAX);
    strbuf_str(&body, "{\"grantType\":\"refresh_token\",\"clientId\":");
    strbuf_json(&body, id, id_n);
    strbuf_str(&body, ",\"clientSecret\":");
    strbuf_json(&body, secret, secret_n);
    strbuf_str(&body, ",\"refreshToken\":");
    strbuf_json(&body, refresh, refresh_n);
    strbuf_char(&body, '}');
    (void)str_fmt(url, sizeof(url), "%s/token", ep.url);
    struct link_request rq = {.op = AWS_CREATE_TOKEN,
                              .method = "POST",
                              .url = url,
                              .headers = headers,
                              .nheaders = ARRAY_LEN(headers),
                              .body = strbuf_peek(&body),
                              .body_len = body.len,
                              .tries = 1,
                              .try_ms = TRY_MS};
    err = link_send(w, &rq, reply);
    strbuf_wipe(&body);
    return err;
}

/* Changes `o` to what the file holds from now on. */
static enum err renew(const struct walk *w, const struct session *s, const char *path, json_t *o)
{
    struct link_reply reply = {0};
    char until[25];
    json_t *fresh, *seconds;
    const char *token, *refresh;
    enum err err = send_renewal(w, s, o, &reply);

    if (err)
        return err;
    fresh = json_read_object(secret_peek(reply.body, NULL), secret_len(reply.body), NULL);
    link_reply_clear(&reply);
    token = json_text(fresh, "accessToken", NULL);
    refresh = json_text(fresh, "refreshToken", NULL);
    seconds = json_object_get(fresh, "expiresIn");
    if (token && json_is_integer(seconds) && json_integer_value(seconds) > 0 &&
        json_integer_value(seconds) < 31536000) {
        clock_iso(walk_wall_ms(w) + json_integer_value(seconds) * 1000, until);
        (void)json_object_set_new(o, "accessToken", json_string(token));
        (void)json_object_set_new(o, "expiresAt", json_string(until));
        if (refresh)
            (void)json_object_set_new(o, "refreshToken", json_string(refresh));
        write_back(path, o);
    } else {
        err = why_set(w->why, ERR_MALFORMED, "CreateToken: the answer holds no token");
    }
    json_decref(fresh);
    return err;
}

static enum err take_token(const struct walk *w, const struct session *s, const json_t *o, struct identity *out)
{
    size_t n = 0;
    const char *token = json_text(o, "accessToken", &n);
    int64_t until = time_of(o, "expiresAt");

    if (!token || until < 0 || n == 0 || n > TOKEN_MAX || strlen(token) != n || strpbrk(token, "\r\n"))
        return log_in_again(w, s, "has no usable token");
    if (until <= walk_wall_ms(w))
        return log_in_again(w, s, "has ended");
    (void)str_copy(out->access_key_id, sizeof(out->access_key_id), TOKEN_ID);
    out->secret_access_key = secret_from(token, n);
    out->expires_wall_ms = until;
    return ERR_OK;
}

/* Below the home folder, that is; and they would be written when they are renewed. */
static enum err tokens_are_the_users(const struct walk *w, const char *what)
{
    return why_set(w->why, ERR_NO_CREDENTIALS, "profile \"%s\": %s is not used in restricted mode", w->profile, what);
}

static enum err fetch_token(void *ctx, bool needed, struct identity *out, struct why *why)
{
    const struct token_ask *ask = ctx;
    struct walk w = *ask->walk;
    struct secret *file = NULL;
    char *path = token_path(&w, ask->session);
    json_t *o = NULL;
    enum err err;

    w.why = why;
    w.needed = needed;
    err = path ? walk_read_file(&w, path, FILE_MAX, &file) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        err = log_in_again(&w, ask->session, "has not begun");
    if (!err) {
        o = json_read_object(secret_peek(file, NULL), secret_len(file), NULL);
        if (!o)
            err = log_in_again(&w, ask->session, "has a token file that is not JSON");
    }
    if (!err && time_of(o, "expiresAt") - walk_wall_ms(&w) < RENEW_MS && is_renewable(&w, o) &&
        renew(&w, ask->session, path, o) == ERR_CANCELLED) /* any other failure: the token may still do */
        err = ERR_CANCELLED;
    if (!err)
        err = take_token(&w, ask->session, o, out);
    json_decref(o);
    file = secret_free(file);
    free(path);
    return err;
}

static enum err get_token(const struct walk *w, const struct session *s, struct identity *out)
{
    struct token_ask ask = {w, s};
    char name[64];

    (void)str_fmt(name, sizeof(name), "sso %s", s->file);
    return identity_cache_get(w->store->cache,
                              &(struct cache_ask){.name = name,
                                                  .generation = w->files->generation,
                                                  .skew_ms = walk_wall_ms(w) - clock_wall_ms(w->store->clock),
                                                  .deadline_mono_ms = w->deadline_mono_ms,
                                                  .cancel = w->cancel,
                                                  .fetch = fetch_token,
                                                  .ctx = &ask},
                              out, w->why);
}

/* -------------------------------------------------------------- role keys */

static bool add_query(char *url, size_t size, const char *value)
{
    size_t n = strlen(url);

    for (; *value; value++) {
        bool plain = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z') ||
                     (*value >= '0' && *value <= '9') || strchr("-._~", *value);

        if (!str_fmt(url + n, size - n, plain ? "%c" : "%%%02X", (unsigned char)*value))
            return false;
        n += plain ? 1 : 3;
    }
    return true;
}

static enum err read_keys(const struct walk *w, const struct link_reply *reply, struct identity *out)
{
    json_t *o = json_read_object(secret_peek(reply->body, NULL), secret_len(reply->body), NULL);
    const json_t *keys = json_object_get(o, "roleCredentials"), *until = json_object_get(keys, "expiration");
    struct candidate c = {"GetRoleCredentials",
                          "accessKeyId",
                          "secretAccessKey",
                          "sessionToken",
                          json_text(keys, "accessKeyId", NULL),
                          json_text(keys, "secretAccessKey", NULL),
                          json_text(keys, "sessionToken", NULL)};
    enum err err;

    if (!c.id || !c.secret || !c.token || !json_is_integer(until) || json_integer_value(until) < 0) /* that is never */
        err = why_set(w->why, ERR_MALFORMED, "GetRoleCredentials: the answer holds no keys");
    else
        err = candidate_take(&c, out, w->why);
    if (err == ERR_OK)
        out->expires_wall_ms = json_integer_value(until);
    json_decref(o);
    return err;
}

static enum err get_role_keys(const struct walk *w, const struct session *s, const struct identity *token,
                              struct identity *out)
{
    struct endpoint ep;
    struct link_reply reply = {0};
    char url[700];
    struct http_header headers[] = {{"x-amz-sso_bearer_token", secret_peek(token->secret_access_key, NULL)},
                                    {"Accept", "application/json"}};
    struct link_request rq = {.op = AWS_GET_ROLE_CREDENTIALS,
                              .method = "GET",
                              .url = url,
                              .headers = headers,
                              .nheaders = ARRAY_LEN(headers),
                              .try_ms = TRY_MS};
    bool fits;
    enum err err = walk_endpoint(w, AWS_SSO, s->region, &ep);

    if (err)
        return err;
    fits = str_fmt(url, sizeof(url), "%s/federation/credentials?account_id=%s&role_name=", ep.url, s->account) &&
           add_query(url, sizeof(url), s->role);
    if (!fits)
        return why_set(w->why, ERR_SETTING, "profile \"%s\": sso_role_name is too long", s->profile);
    err = link_send(w, &rq, &reply);
    if (err == ERR_OK)
        err = read_keys(w, &reply, out);
    link_reply_clear(&reply);
    return err;
}

enum err ask_sso(const struct walk *w, struct identity *out)
{
    struct session s;
    enum err err = find_session(w, &s);

    if (err == ERR_OK && w->store->restricted)
        err = tokens_are_the_users(w, "single sign-on");
    for (int round = 0; err == ERR_OK; round++) {
        struct identity token = {0};

        err = get_token(w, &s, &token);
        if (!err)
            err = get_role_keys(w, &s, &token, out);
        identity_clear(&token);
        if (err != ERR_EXPIRED || w->why->http == 0)
            break;
        /* The portal does not know the token: perhaps the file has a newer one by now. */
        identity_cache_forget(w->store->cache, TOKEN_ID);
        if (round > 0)
            return log_in_again(w, &s, "is over, says the portal");
        err = ERR_OK;
    }
    if (err == ERR_OK)
        identity_set_source(out, "sso role %s in %s (profile %s)", s.role, s.account, w->profile);
    return err;
}

/* -------------------------------------------------------------- aws login */

static char *login_path(const struct walk *w, const char *session)
{
    const char *folder = w->store->env.text[ENV_LOGIN_CACHE];
    char hex[65], path[4096];

    hash_hex(EVP_sha256(), session, hex, sizeof(hex));
    if (!str_fmt(path, sizeof(path), "%s/%s.json", folder ? folder : "~/.aws/login/cache", hex))
        return NULL;
    return identity_env_path(&w->store->env, path);
}

static enum err read_login(const struct walk *w, const struct secret *file, struct identity *out)
{
    json_t *o = json_read_object(secret_peek(file, NULL), secret_len(file), NULL);
    const json_t *keys = json_object_get(o, "accessToken");
    int64_t until = time_of(keys, "expiresAt");
    struct candidate c = {"aws login",
                          "accessKeyId",
                          "secretAccessKey",
                          "sessionToken",
                          json_text(keys, "accessKeyId", NULL),
                          json_text(keys, "secretAccessKey", NULL),
                          json_text(keys, "sessionToken", NULL)};
    enum err err;

    if (!c.id || until < 0)
        err = why_set(w->why, ERR_NO_CREDENTIALS, "profile \"%s\": its login left no keys; run: aws login --profile %s",
                      w->profile, w->profile);
    else if (until <= walk_wall_ms(w))
        err = why_set(w->why, ERR_EXPIRED, "the login of profile \"%s\" has ended; run: aws login --profile %s",
                      w->profile, w->profile);
    else
        err = candidate_take(&c, out, w->why);
    if (err == ERR_OK)
        out->expires_wall_ms = until;
    json_decref(o);
    return err;
}

enum err ask_login(const struct walk *w, struct identity *out)
{
    const char *session = walk_setting(w, "login_session");
    struct secret *file = NULL;
    char *path;
    enum err err;

    if (!session)
        return ERR_NOT_FOUND;
    if (w->store->restricted)
        return tokens_are_the_users(w, "aws login");
    path = login_path(w, session);
    err = path ? walk_read_file(w, path, FILE_MAX, &file) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        err = why_set(w->why, ERR_NO_CREDENTIALS, "profile \"%s\" is not logged in; run: aws login --profile %s",
                      w->profile, w->profile);
    if (err == ERR_OK)
        err = read_login(w, file, out);
    file = secret_free(file);
    free(path);
    if (err == ERR_OK)
        identity_set_source(out, "aws login (profile %s)", w->profile);
    return err;
}
