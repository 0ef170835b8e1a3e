/* Roles: AssumeRole with somebody's keys, AssumeRoleWithWebIdentity with a token.
 *
 * Forms and answers are STS's "query" protocol; both may carry secrets, so both live
 * in wiped memory. */
#include "backend/aws/aws.h"
#include "backend/aws/identity_store.h"
#include "backend/aws/retry.h"
#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"

#define TRY_MS 10000
#define FORM_MAX ((size_t)72 << 10) /* a web identity token of 20,000 bytes, all escaped */
#define WEB_TOKEN_MAX 20000
#define DURATION_LEAST 900
#define DURATION_MOST 43200

static const char form_type[] = "application/x-www-form-urlencoded; charset=utf-8";

const char *role_name(const char *arn)
{
    const char *slash = strrchr(arn, '/');

    return slash && slash[1] ? slash + 1 : arn;
}

/* ------------------------------------------------------------------ forms */

static enum err add_escaped(struct secret *form, const char *s, size_t n)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("-._~", c));
        char code[3] = {'%', hex[c >> 4], hex[c & 15]};
        enum err err = plain ? secret_append(form, &s[i], 1) : secret_append(form, code, 3);

        if (err)
            return err;
    }
    return ERR_OK;
}

static enum err add_member(struct secret *form, const char *name, const char *value, size_t n)
{
    enum err err = secret_append(form, name, strlen(name));

    return err ? err : add_escaped(form, value, n);
}

/* --------------------------------------------------------------- answers */

static size_t decode_entity(const char *s, size_t n, char out[4], size_t *out_n)
{
    static const struct {
        const char *name;
        char c;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    uint32_t cp = 0;
    size_t i = 2;

    *out_n = 1;
    for (size_t k = 0; k < ARRAY_LEN(names); k++)
        if (n >= strlen(names[k].name) && memcmp(s, names[k].name, strlen(names[k].name)) == 0) {
            out[0] = names[k].c;
            return strlen(names[k].name);
        }
    out[0] = s[0];
    if (n < 4 || s[1] != '#')
        return 1;
    bool is_hex = s[2] == 'x';
    for (i += is_hex; i < n && s[i] != ';' && cp <= 0x10ffff; i++) {
        const char *digits = "0123456789abcdefABCDEF", *d = s[i] ? strchr(digits, s[i]) : NULL;
        uint32_t v = d ? (uint32_t)(d - digits) : 99;

        v = v >= 16 && v < 22 ? v - 6 : v;
        if (v >= (is_hex ? 16U : 10U))
            return 1;
        cp = cp * (is_hex ? 16 : 10) + v;
    }
    if (i >= n || s[i] != ';' || cp == 0 || cp > 0x10ffff)
        return 1;
    *out_n = (size_t)text_encode(cp, out);
    return i + 1;
}

/* The text between <tag> and </tag>, decoded, in wiped memory; NULL when it is not there. */
static struct secret *xml_secret(const char *xml, size_t n, const char *tag)
{
    char open[40], close[40];
    const char *from, *to;
    struct secret *s;

    (void)str_fmt(open, sizeof(open), "<%s>", tag);
    (void)str_fmt(close, sizeof(close), "</%s>", tag);
    from = memmem(xml, n, open, strlen(open));
    if (!from)
        return NULL;
    from += strlen(open);
    to = memmem(from, n - (size_t)(from - xml), close, strlen(close));
    if (!to)
        return NULL;
    s = secret_new((size_t)(to - from) + 1);
    while (from < to) {
        char bytes[4] = {*from};
        size_t len = 1, used = *from == '&' ? decode_entity(from, (size_t)(to - from), bytes, &len) : 1;

        if (secret_append(s, bytes, len) != ERR_OK) /* decoded is never longer */
            break;
        from += used;
    }
    return s;
}

static enum err read_answer(const struct walk *w, const char *call, const struct link_reply *reply,
                            struct identity *out)
{
    size_t n, at_len = 0;
    const char *xml = secret_peek(reply->body, &n);
    struct secret *id = xml_secret(xml, n, "AccessKeyId"), *key = xml_secret(xml, n, "SecretAccessKey"),
                  *token = xml_secret(xml, n, "SessionToken"), *at = xml_secret(xml, n, "Expiration");
    const char *at_text = at ? secret_peek(at, &at_len) : "";
    struct candidate c = {call, "AccessKeyId", "SecretAccessKey", "SessionToken", NULL, NULL, NULL};
    int64_t expires;
    enum err err;

    c.id = id ? secret_peek(id, NULL) : NULL;
    c.secret = key ? secret_peek(key, NULL) : NULL;
    c.token = token ? secret_peek(token, NULL) : NULL;
    if (!c.id || !c.secret || !c.token)
        err = why_set(w->why, ERR_MALFORMED, "%s: the answer holds no keys", call);
    else if (!clock_parse_iso(at_text, at_len, &expires) || expires < 0) /* below 0 would be: never */
        err = why_set(w->why, ERR_MALFORMED, "%s: the answer's Expiration is no time", call);
    else
        err = candidate_take(&c, out, w->why);
    if (err == ERR_OK)
        out->expires_wall_ms = expires;
    id = secret_free(id);
    key = secret_free(key);
    token = secret_free(token);
    at = secret_free(at);
    return err;
}

/* --------------------------------------------------------------- sending */

static enum err sign(const struct walk *w, const struct endpoint *ep, const struct identity *source,
                     const struct secret *form, struct http_header headers[8], size_t *n, char date[17],
                     struct sigv4_result *signature)
{
    struct sigv4_header to_sign[8];
    size_t len;
    const char *body = secret_peek(form, &len);

    headers[(*n)++] = (struct http_header){"X-Amz-Date", date};
    if (source->session_token)
        headers[(*n)++] = (struct http_header){"X-Amz-Security-Token", secret_peek(source->session_token, NULL)};
    for (size_t i = 0; i < *n; i++)
        to_sign[i] = (struct sigv4_header){headers[i].name, headers[i].value};
    struct sigv4_request rq = {
        .method = "POST", .path = "/", .query = "", .headers = to_sign, .nheaders = *n, .body = body, .body_len = len};
    struct sigv4_key key = {source->access_key_id, secret_peek(source->secret_access_key, NULL), ep->region,
                            ep->signing_name};
    clock_amz(walk_wall_ms(w), date);
    enum err err = sigv4_sign(&rq, &key, date, signature);
    if (err)
        return why_set(w->why, err, "the request cannot be signed: the session token is too long");
    headers[(*n)++] = (struct http_header){"Authorization", signature->authorization};
    return ERR_OK;
}

/* `source` NULL: unsigned.  A signature that our clock spoilt is made again. */
static enum err send_form(const struct walk *w, int op, const struct secret *form, const struct identity *source,
                          struct link_reply *reply)
{
    struct endpoint ep;
    size_t len;
    const char *body = secret_peek(form, &len);
    enum err err = walk_endpoint(w, AWS_STS, NULL, &ep);

    for (int round = 0; err == ERR_OK; round++) {
        struct sigv4_result signature;
        char date[17];
        int64_t skew = walk_wall_ms(w) - clock_wall_ms(w->store->clock);
        struct http_header headers[8] = {{"Host", ep.host}, {"Content-Type", form_type}};
        size_t n = 2;

        if (source)
            err = sign(w, &ep, source, form, headers, &n, date, &signature);
        if (err)
            break;
        headers[n++] = (struct http_header){"Accept", "application/xml"};
        struct link_request rq = {.op = op,
                                  .method = "POST",
                                  .url = ep.url,
                                  .headers = headers,
                                  .nheaders = n,
                                  .body = body,
                                  .body_len = len,
                                  .try_ms = TRY_MS};
        err = link_send(w, &rq, reply);
        if (err != ERR_SIGNATURE || round >= RETRY_SKEWS ||
            !w->store->line.learn_skew(w->store->line.ctx, reply->date_ms, skew))
            return err;
        err = ERR_OK;
    }
    return err;
}

static const char *default_session(const struct walk *w, const char *named)
{
    return named ? named : w->store->env.session_name;
}

static enum err begin_form(const struct walk *w, struct secret *form, const char *action, const struct role *r)
{
    const char *session = default_session(w, r->session_name);
    char duration[16];
    enum err err = secret_append(form, "Action=", 7);

    if (!err)
        err = add_member(form, action, "", 0);
    if (!err)
        err = add_member(form, "&Version=2011-06-15&RoleArn=", r->arn, strlen(r->arn));
    if (!err)
        err = add_member(form, "&RoleSessionName=", session, strlen(session));
    if (!err && r->duration_s > 0) {
        (void)str_fmt(duration, sizeof(duration), "%d", r->duration_s);
        err = add_member(form, "&DurationSeconds=", duration, strlen(duration));
    }
    if (!err && r->external_id)
        err = add_member(form, "&ExternalId=", r->external_id, strlen(r->external_id));
    return err;
}

/* What STS would refuse without saying whose mistake it is. */
static enum err check_role(const struct walk *w, const struct role *r)
{
    const char *session = default_session(w, r->session_name);
    size_t n = strlen(session);

    if (strncmp(r->arn, "arn:", 4) != 0 || !strstr(r->arn, ":role/") || strlen(r->arn) > 2048)
        return why_set(w->why, ERR_SETTING, "%s: role_arn \"%s\" must be like arn:aws:iam::123456789012:role/NAME",
                       r->origin, r->arn);
    for (size_t i = 0; i < n; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-", session[i]))
            n = 0;
    if (n < 2 || n > 64)
        return why_set(w->why, ERR_SETTING, "%s: role_session_name \"%s\" must be 2 to 64 of A-Z a-z 0-9 _ + = , . @ -",
                       r->origin, session);
    if (r->duration_s != 0 && (r->duration_s < DURATION_LEAST || r->duration_s > DURATION_MOST))
        return why_set(w->why, ERR_SETTING, "%s: duration_seconds must be a whole number, %d to %d", r->origin,
                       DURATION_LEAST, DURATION_MOST);
    return ERR_OK;
}

/* --------------------------------------------------------------- AssumeRole */

static enum err add_mfa(const struct walk *w, struct secret *form, const struct role *r)
{
    struct mfa_question q = {r->mfa_serial, r->arn};
    char code[MFA_CODE_MAX + 1] = "";
    enum err err;

    if (!w->needed)
        return why_set(w->why, ERR_BUSY, "%s: the MFA code is asked for when the old keys have ended", r->origin);
    if (!w->store->ask_mfa)
        return why_set(w->why, ERR_NO_CREDENTIALS,
                       "%s: mfa_serial %s wants a code, which only the dashboard on a terminal can ask for", r->origin,
                       r->mfa_serial);
    err = w->store->ask_mfa(w->store->mfa_ctx, &q, code, w->cancel, w->why);
    if (!err)
        err = add_member(form, "&SerialNumber=", r->mfa_serial, strlen(r->mfa_serial));
    if (!err)
        err = add_member(form, "&TokenCode=", code, strlen(code));
    secret_wipe(code, sizeof(code));
    return err;
}

enum err sts_assume(const struct walk *w, const struct role *r, const struct identity *source, struct identity *out)
{
    struct link_reply reply = {0};
    struct secret *form;
    enum err err = check_role(w, r);

    if (err)
        return err;
    form = secret_new(FORM_MAX);
    err = begin_form(w, form, "AssumeRole", r);
    if (err == ERR_TOO_BIG)
        err = why_set(w->why, ERR_SETTING, "%s: role_arn or external_id is too long", r->origin);
    if (!err && r->mfa_serial)
        err = add_mfa(w, form, r);
    if (!err)
        err = send_form(w, AWS_ASSUME_ROLE, form, source, &reply);
    if (!err)
        err = read_answer(w, "AssumeRole", &reply, out);
    link_reply_clear(&reply);
    form = secret_free(form);
    if (err == ERR_OK)
        identity_set_source(out, "role %s <- %s", role_name(r->arn), source->source);
    return err;
}

/* --------------------------------------------------------------- web identity */

static enum err assume_with_token(const struct walk *w, const struct role *r, const char *path, struct identity *out)
{
    struct link_reply reply = {0};
    struct secret *token = NULL, *form;
    size_t n = 0;
    enum err err = check_role(w, r);

    if (!err)
        err = walk_read_file(w, path, WEB_TOKEN_MAX, &token); /* each time: it is replaced as it ages */
    if (err == ERR_NOT_FOUND)
        err = why_set(w->why, ERR_NO_CREDENTIALS, "%s: the web identity token %s does not exist", r->origin, path);
    if (err)
        return err;
    const char *bytes = secret_peek(token, &n);
    while (n > 0 && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
        n--;
    form = secret_new(FORM_MAX);
    err = begin_form(w, form, "AssumeRoleWithWebIdentity", r);
    if (!err)
        err = add_member(form, "&WebIdentityToken=", bytes, n);
    if (err == ERR_TOO_BIG)
        err = why_set(w->why, ERR_SETTING, "%s: role_arn or the token is too long", r->origin);
    if (!err)
        err = send_form(w, AWS_ASSUME_ROLE_WITH_WEB_IDENTITY, form, NULL, &reply);
    if (!err)
        err = read_answer(w, "AssumeRoleWithWebIdentity", &reply, out);
    link_reply_clear(&reply);
    form = secret_free(form);
    token = secret_free(token);
    if (err == ERR_OK)
        identity_set_source(out, "role %s <- web identity (%s)", role_name(r->arn), r->origin);
    return err;
}

/* Each of the three comes from the environment where it is set there, else from the
 * profile; a profile named in the configuration is asked alone. */
enum err ask_web_identity(const struct walk *w, struct identity *out)
{
    bool use_env = !w->is_explicit && !w->is_source;
    const struct identity_env *e = &w->store->env;
    const char *path = use_env && e->text[ENV_WEB_TOKEN_FILE] ? e->text[ENV_WEB_TOKEN_FILE] : NULL;
    char origin[200];
    struct role r = {.origin = path ? env_text_name(ENV_WEB_TOKEN_FILE) : origin};

    if (!path)
        path = walk_setting(w, "web_identity_token_file");
    if (!path)
        return ERR_NOT_FOUND;
    (void)str_fmt(origin, sizeof(origin), "profile %s", w->profile); /* a cut is fine */
    r.arn = use_env && e->text[ENV_ROLE_ARN] ? e->text[ENV_ROLE_ARN] : walk_setting(w, "role_arn");
    r.session_name = use_env && e->text[ENV_ROLE_SESSION_NAME] ? e->text[ENV_ROLE_SESSION_NAME]
                                                               : walk_setting(w, "role_session_name");
    if (!r.arn)
        return why_set(w->why, ERR_NO_CREDENTIALS, "%s: a web identity token needs a role: %s or role_arn is missing",
                       r.origin, env_text_name(ENV_ROLE_ARN));
    return assume_with_token(w, &r, path, out);
}
