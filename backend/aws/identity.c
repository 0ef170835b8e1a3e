/* The store: environment, files, cache and line put together; and what is not keys:
 * settings, regions, endpoints. */
#include "backend/aws/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

#include "backend/aws/identity_store.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define REFRESH_MS (60 * 1000)
#define WAIT_MOST_MS (15 * 1000)
#define MFA_MS (5 * 60 * 1000)
#define SECRET_KEY_MAX 512
#define TOKEN_MAX (16 << 10)
#define NAME_MAX_BYTES 4096         /* of a selector: an ARN has at most 2048 */
#define FALLBACK_REGION "us-east-1" /* where STS answers for everybody, when nobody names a region */

/* ------------------------------------------------------------------ keys */

void identity_clear(struct identity *id)
{
    id->secret_access_key = secret_free(id->secret_access_key);
    id->session_token = secret_free(id->session_token);
    secret_wipe(id, sizeof(*id));
}

void identity_set_source(struct identity *id, const char *fmt, ...)
{
    char raw[512];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(raw, sizeof(raw), fmt, args); /* cut again below */
    va_end(args);
    (void)text_safe(id->source, sizeof(id->source), raw, strlen(raw));
}

/* What may stand in a header: printable ASCII without blanks, nor any of `but_not`. */
static bool is_printable(const char *s, size_t max, const char *but_not)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n; i++)
        if (s[i] <= ' ' || s[i] > '~' || strchr(but_not, s[i]))
            return false;
    return n <= max;
}

static bool is_set(const char *s)
{
    return s && *s;
}

enum err candidate_take(const struct candidate *c, struct identity *out, struct why *why)
{
    if (!is_set(c->id) || !is_set(c->secret))
        return why_set(why, ERR_NO_CREDENTIALS, "%s: %s is set, but %s is missing", c->origin,
                       is_set(c->id) ? c->id_name : c->secret_name, is_set(c->id) ? c->secret_name : c->id_name);
    if (!is_printable(c->id, sizeof(out->access_key_id) - 1, "/,"))
        return why_set(why, ERR_NO_CREDENTIALS, "%s: %s must be at most %zu printable characters, no blank, / or ,",
                       c->origin, c->id_name, sizeof(out->access_key_id) - 1);
    if (!is_printable(c->secret, SECRET_KEY_MAX, ""))
        return why_set(why, ERR_NO_CREDENTIALS, "%s: %s must be at most %d printable characters, no blank", c->origin,
                       c->secret_name, SECRET_KEY_MAX);
    if (is_set(c->token) && !is_printable(c->token, TOKEN_MAX, ""))
        return why_set(why, ERR_NO_CREDENTIALS, "%s: %s must be at most %d printable characters, no blank", c->origin,
                       c->token_name, TOKEN_MAX);
    (void)str_copy(out->access_key_id, sizeof(out->access_key_id), c->id); /* measured above */
    out->secret_access_key = secret_from(c->secret, strlen(c->secret));
    out->session_token = is_set(c->token) ? secret_from(c->token, strlen(c->token)) : NULL;
    out->expires_wall_ms = -1;
    return ERR_OK;
}

enum err identity_from_json(const struct walk *w, const char *origin, const struct secret *json,
                            const struct json_names *names, struct identity *out)
{
    size_t n, at_n = 0;
    const char *bytes = secret_peek(json, &n), *at;
    struct why why = {0};
    json_t *o = json_read_object(bytes, n, &why);
    struct candidate c = {origin,
                          names->id,
                          names->secret,
                          names->token,
                          json_text(o, names->id, NULL),
                          json_text(o, names->secret, NULL),
                          json_text(o, names->token, NULL)};
    int64_t expires = -1;
    enum err err = ERR_OK;

    at = json_text(o, names->expiration, &at_n);
    if (!o)
        err = why_set(w->why, ERR_MALFORMED, "%s: %s", origin, why.text);
    else if (!is_set(c.id) && !is_set(c.secret))
        err = why_set(w->why, ERR_MALFORMED, "%s: the answer holds no %s", origin, names->id);
    else if (at && (!clock_parse_iso(at, at_n, &expires) || expires < 0)) /* below 0 would be: never */
        err = why_set(w->why, ERR_MALFORMED, "%s: %s is no time like 2026-11-24T14:32:07Z", origin, names->expiration);
    else
        err = candidate_take(&c, out, w->why);
    if (err == ERR_OK)
        out->expires_wall_ms = expires;
    json_decref(o);
    return err;
}

/* ------------------------------------------------------------------ a walk */

const char *walk_setting(const struct walk *w, const char *key)
{
    return files_view_setting(w->files, w->profile, key, NULL, NULL);
}

const char *walk_text(const struct walk *w, enum env_text variable, const char *key)
{
    const char *text = w->store->env.text[variable];

    return text ? text : walk_setting(w, key);
}

int64_t walk_wall_ms(const struct walk *w)
{
    const struct identity_line *line = &w->store->line;

    return clock_wall_ms(w->store->clock) + (line->skew_ms ? line->skew_ms(line->ctx) : 0);
}

static enum err read_all(const struct walk *w, int fd, const char *path, struct secret *into)
{
    for (;;) {
        size_t room;
        char *to = secret_room(into, &room);
        ssize_t got = room > 0 ? read(fd, to, room) : 0;

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return why_set(w->why, ERR_NO_CREDENTIALS, "%s: cannot be read: %s", path, strerror(errno));
        if (room == 0)
            return why_set(w->why, ERR_NO_CREDENTIALS, "%s: too long", path);
        if (got == 0)
            return ERR_OK;
        secret_commit(into, (size_t)got);
    }
}

enum err walk_read_file(const struct walk *w, const char *path, size_t max, struct secret **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* a pipe must not hold us up */
    enum err err;

    *out = NULL;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ERR_NOT_FOUND;
    if (fd < 0)
        return why_set(w->why, ERR_NO_CREDENTIALS, "%s: cannot be opened: %s", path, strerror(errno));
    *out = secret_new(max + 1);
    err = read_all(w, fd, path, *out);
    (void)close(fd); /* only read from: nothing can be lost */
    if (err)
        *out = secret_free(*out);
    return err;
}

/* ------------------------------------------------------------- fetching */

static const char *profile_or_default(const struct identity_store *s, const char *profile)
{
    const char *named = identity_env_profile(&s->env);

    if (profile)
        return profile;
    return named ? named : "default";
}

static struct walk walk_of(struct identity_store *s, const struct identity_selector *sel,
                           const struct files_view *files, struct why *why)
{
    return (struct walk){.store = s,
                         .files = files,
                         .sel = sel,
                         .profile = profile_or_default(s, sel->profile),
                         .is_explicit = sel->profile != NULL,
                         .why = why};
}

struct top {
    struct walk walk;
    const char *name; /* of the entry without the role on top */
};

static enum err fetch_profile(void *ctx, bool needed, struct identity *out, struct why *why)
{
    struct walk w = ((struct top *)ctx)->walk;

    w.needed = needed;
    w.why = why;
    return ask_chain(&w, out);
}

static struct cache_ask ask_for(const struct top *top, const char *name,
                                enum err (*fetch)(void *, bool, struct identity *, struct why *))
{
    const struct walk *w = &top->walk;

    return (struct cache_ask){.name = name,
                              .generation = w->files->generation,
                              .skew_ms = walk_wall_ms(w) - clock_wall_ms(w->store->clock),
                              .deadline_mono_ms = w->deadline_mono_ms,
                              .cancel = w->cancel,
                              .fetch = fetch};
}

static enum err fetch_configured_role(void *ctx, bool needed, struct identity *out, struct why *why)
{
    struct top *top = ctx;
    struct walk w = top->walk;
    const struct identity_selector *sel = w.sel;
    struct role r = {.origin = "role",
                     .arn = sel->role_arn,
                     .session_name = sel->role_session_name,
                     .external_id = sel->external_id};
    struct cache_ask ask = ask_for(top, top->name, fetch_profile);
    struct identity source = {0};
    enum err err;

    ask.ctx = top;
    w.needed = needed;
    w.why = why;
    for (int round = 0;; round++) {
        err = identity_cache_get(w.store->cache, &ask, &source, why);
        if (err == ERR_OK)
            err = sts_assume(&w, &r, &source, out);
        if (err != ERR_EXPIRED || why->http == 0 || round > 0)
            break;
        identity_cache_forget(w.store->cache, source.access_key_id);
        identity_clear(&source);
    }
    identity_clear(&source);
    return err;
}

static const char *or_none(const char *s)
{
    return s ? s : "";
}

enum err identity_get(struct identity_store *s, const struct identity_selector *sel, int64_t deadline_mono_ms,
                      struct cancel *c, struct identity *out, struct why *why)
{
    char base[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
    const struct files_view *files;
    struct why nowhere;
    struct top top;
    struct cache_ask ask;
    bool fits;
    enum err err;

    identity_clear(out);
    if (c && cancel_is_set(c))
        return why_set(why, ERR_CANCELLED, NULL);
    files = identity_files_view(s->files);
    top = (struct top){walk_of(s, sel, files, why ? why : &nowhere), base};
    top.walk.cancel = c;
    top.walk.deadline_mono_ms = clock_mono_ms(clock_real()) + (s->ask_mfa ? REFRESH_MS + MFA_MS : REFRESH_MS);
    fits = str_fmt(base, sizeof(base), "profile%s %s\n%s\n%s", sel->profile ? "" : " of the environment",
                   top.walk.profile, or_none(sel->region), or_none(sel->endpoint_url)) &&
           str_fmt(name, sizeof(name), "%s\n%s\n%s\n%s", base, or_none(sel->role_arn), or_none(sel->external_id),
                   or_none(sel->role_session_name));
    ask = ask_for(&top, sel->role_arn ? name : base, sel->role_arn ? fetch_configured_role : fetch_profile);
    ask.ctx = &top;
    ask.deadline_mono_ms = deadline_mono_ms;
    err = fits ? identity_cache_get(s->cache, &ask, out, why)
               : why_set(why, ERR_SETTING, "profile or role_arn is too long");
    files_view_unref(files);
    return err;
}

void identity_invalidate(struct identity_store *s, const char *access_key_id)
{
    identity_cache_forget(s->cache, access_key_id);
}

void identity_retry(struct identity_store *s)
{
    identity_cache_retry(s->cache);
}

/* ------------------------------------------------------------- the store */

struct identity_store *identity_store_new(const struct clock *clock)
{
    struct identity_store *s = mem_new(sizeof(*s));

    s->clock = clock ? clock : clock_real();
    identity_env_read(&s->env);
    s->files = identity_files_new(s->clock, &s->env);
    s->cache = identity_cache_new(s->clock, WAIT_MOST_MS);
    return s;
}

struct identity_store *identity_store_free(struct identity_store *s)
{
    if (!s)
        return NULL;
    s->cache = identity_cache_free(s->cache);
    s->files = identity_files_free(s->files);
    identity_env_clear(&s->env);
    free(s);
    return NULL;
}

void identity_store_set_line(struct identity_store *s, const struct identity_line *line)
{
    s->line = *line;
}

void identity_store_set_mfa(struct identity_store *s,
                            enum err (*ask)(void *ctx, const struct mfa_question *q, char out_code[MFA_CODE_MAX + 1],
                                            struct cancel *c, struct why *why),
                            void *ctx)
{
    s->ask_mfa = ask;
    s->mfa_ctx = ctx;
}

static void set_file(struct identity_env *env, enum env_text variable, const char *path)
{
    if (!path)
        return;
    free(env->text[variable]);
    env->text[variable] = mem_copy_str(path);
}

void identity_store_set_files(struct identity_store *s, const char *config, const char *credentials)
{
    set_file(&s->env, ENV_CONFIG_FILE, config);
    set_file(&s->env, ENV_CREDENTIALS_FILE, credentials);
    s->files = identity_files_free(s->files);
    s->files = identity_files_new(s->clock, &s->env);
}

void identity_store_restrict(struct identity_store *s, const char *config, const char *credentials)
{
    s->restricted = true;
    identity_env_clear(&s->env); /* the home folder with it */
    identity_store_set_files(s, config, credentials);
}

/* ---------------------------------------------------------- what is not keys */

/* "secrets_manager.endpoint_url" and the like lie in the [services] section the profile names. */
static const char *service_setting(const struct files_view *v, const char *profile, const char *key)
{
    const char *name = strchr(key, '.') ? files_view_setting(v, profile, "services", NULL, NULL) : NULL;
    const char *value = name ? aws_file_get(v->config.parsed, AWS_SECTION_SERVICES, name, key, NULL) : NULL;

    return is_set(value) ? value : NULL;
}

bool identity_setting(struct identity_store *s, const char *profile, const char *key, char *out, size_t size)
{
    static const char *const keys_themselves[] = {"aws_secret_access_key", "aws_session_token", "aws_security_token"};
    const struct files_view *v;
    const char *value;
    bool found;

    for (size_t i = 0; i < ARRAY_LEN(keys_themselves); i++)
        if (strcmp(key, keys_themselves[i]) == 0)
            return false; /* these are for wiped memory alone */
    profile = profile_or_default(s, profile);
    v = identity_files_view(s->files);
    value = files_view_setting(v, profile, key, NULL, NULL);
    if (!value)
        value = service_setting(v, profile, key);
    found = value && strlen(value) < size && str_copy(out, size, value);
    files_view_unref(v);
    return found;
}

/* The region in words and where it comes from; NULL when nobody says. */
static const char *find_region(const struct identity_store *s, const struct files_view *v, const char *profile,
                               const char *configured, const char **out_origin)
{
    *out_origin = "region";
    if (is_set(configured))
        return configured;
    *out_origin = "AWS_REGION or AWS_DEFAULT_REGION";
    if (identity_env_region(&s->env))
        return identity_env_region(&s->env);
    *out_origin = "the profile's region";
    return files_view_setting(v, profile, "region", NULL, NULL);
}

enum err identity_region(struct identity_store *s, const char *profile, const char *configured, char out[32],
                         struct why *why)
{
    const struct files_view *v = identity_files_view(s->files);
    const char *origin, *region;
    enum err err = ERR_OK;

    profile = profile_or_default(s, profile);
    region = find_region(s, v, profile, configured, &origin);
    if (!region)
        err = why_set(why, ERR_SETTING, "no AWS region: set `region`, AWS_REGION, or region of profile \"%s\" in %s",
                      profile, v->config.path ? v->config.path : v->config.shown);
    else if (strlen(region) > 31)
        err = why_set(why, ERR_SETTING, "%s \"%s\" is too long: at most 31 characters, such as eu-central-1", origin,
                      region);
    else
        (void)str_copy(out, 32, region); /* measured above */
    files_view_unref(v);
    return err;
}

const char *walk_region(const struct walk *w)
{
    const char *origin;
    const char *region = find_region(w->store, w->files, w->profile, w->sel->region, &origin);

    return region ? region : FALLBACK_REGION;
}

enum err walk_endpoint(const struct walk *w, enum aws_service service, const char *region, struct endpoint *out)
{
    const struct identity_env *e = &w->store->env;
    struct endpoint_wish wish = {
        .override_url = w->sel->endpoint_url,
        .use_fips = setting_is_true(walk_text(w, ENV_USE_FIPS, "use_fips_endpoint")),
        .use_dualstack = setting_is_true(walk_text(w, ENV_USE_DUALSTACK, "use_dualstack_endpoint")),
    };
    bool ignore = setting_is_true(walk_text(w, ENV_IGNORE_ENDPOINT_URLS, "ignore_configured_endpoint_urls"));
    const struct {
        const char *url, *origin;
    } places[] = {
        {e->endpoint_urls[service], endpoint_variable(service)},
        {e->text[ENV_ENDPOINT_URL], env_text_name(ENV_ENDPOINT_URL)},
        {service_setting(w->files, w->profile, endpoint_services_key(service)), "the profile's services: endpoint_url"},
        {walk_setting(w, "endpoint_url"), "the profile's endpoint_url"},
    };

    for (size_t i = 0; !ignore && !wish.override_url && i < ARRAY_LEN(places); i++) {
        wish.override_url = places[i].url;
        wish.origin = places[i].origin;
    }
    if (!wish.override_url)
        wish.origin = NULL;
    return endpoint_resolve(service, region ? region : walk_region(w), &wish, out, w->why);
}

enum err identity_endpoint(struct identity_store *s, const struct identity_selector *sel, enum aws_service service,
                           const char *region, struct endpoint *out, struct why *why)
{
    const struct files_view *v = identity_files_view(s->files);
    struct walk w = walk_of(s, sel, v, why);
    enum err err = walk_endpoint(&w, service, region, out);

    files_view_unref(v);
    return err;
}

const char *identity_ca_bundle(struct identity_store *s, const char *profile, char *out, size_t size)
{
    const char *named = s->env.text[ENV_CA_BUNDLE];
    char setting[4096], *path;
    bool fits;

    if (!named && identity_setting(s, profile, "ca_bundle", setting, sizeof(setting)))
        named = setting;
    path = named ? identity_env_path(&s->env, named) : NULL;
    fits = path && str_copy(out, size, path);
    free(path);
    return fits ? out : NULL;
}
