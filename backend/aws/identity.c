/* The credential chain: a table of links, asked in order; the first one that is
 * configured decides, also when it cannot deliver.  Falling through to the next
 * would sign with somebody else's keys.
 *
 * One leaf lock guards the parsed files.  It is held while the two small local
 * files are read, at most once a second; log_line() is called after it is given
 * back, since the log has a lock of its own. */
#include "backend/aws/identity.h"

#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "backend/aws/aws_files.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define LOOK_AGAIN_MS 1000
#define RACY_MS 2000 /* a file this young may change again without a new time stamp */
#define SECRET_KEY_MAX 512
#define TOKEN_MAX (16 << 10)
#define PATH_LEN_MAX 4096

/* Variables that ask for a link of the chain which is not built yet. */
static const char *const foreign_variables[] = {
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
};

/* What the environment said at the start. */
struct environment {
    char *access_key_id, *expiration, *profile, *region;
    struct secret *secret_access_key, *session_token;
    bool foreign[ARRAY_LEN(foreign_variables)];
};

struct shared_file {
    /* fixed after new */
    enum aws_file_kind kind;
    char *path;        /* NULL: there is no home directory to look in */
    const char *shown; /* the short form, for the screen */
    /* guarded by the store's lock */
    struct aws_file *parsed; /* NULL: none, or not understood */
    struct why why;          /* of the last reading; ERR_NOT_FOUND: no such file */
    struct stat seen;        /* zeroed: no such file */
    bool settled;            /* `seen` can be trusted to tell a change */
    bool warned;             /* of its permissions */
};

struct identity_store {
    /* fixed after new */
    const struct clock *clock;
    struct environment env;
    pthread_mutex_t lock;
    /* guarded by lock */
    struct shared_file config, credentials;
    int64_t looked_mono_ms; /* -1: never */
};

/* One identity_get() on its way down the chain. */
struct question {
    struct identity_store *store;
    const char *profile;
    bool is_explicit; /* named by the configuration, not by AWS_PROFILE */
    struct identity *out;
    struct why *why;
};

/* Three strings that may be keys, and what their owner calls them. */
struct candidate {
    const char *origin; /* "environment", "FILE:LINE" */
    const char *id_name, *secret_name, *token_name;
    const char *id, *secret, *token; /* NULL or "": not set */
};

/* ----------------------------------------------------------- environment */

static char *copy_variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? mem_copy_str(value) : NULL;
}

static struct secret *copy_secret_variable(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? secret_from(value, strlen(value)) : NULL;
}

static void read_environment(struct environment *e)
{
    e->access_key_id = copy_variable("AWS_ACCESS_KEY_ID");
    e->secret_access_key = copy_secret_variable("AWS_SECRET_ACCESS_KEY");
    e->session_token = copy_secret_variable("AWS_SESSION_TOKEN");
    if (!e->session_token)
        e->session_token = copy_secret_variable("AWS_SECURITY_TOKEN");
    e->expiration = copy_variable("AWS_CREDENTIAL_EXPIRATION");
    e->profile = copy_variable("AWS_PROFILE");
    if (!e->profile)
        e->profile = copy_variable("AWS_DEFAULT_PROFILE");
    e->region = copy_variable("AWS_REGION");
    if (!e->region)
        e->region = copy_variable("AWS_DEFAULT_REGION");
    for (size_t i = 0; i < ARRAY_LEN(foreign_variables); i++) {
        const char *value = getenv(foreign_variables[i]);

        e->foreign[i] = value && *value;
    }
}

static char *home_directory(void)
{
    char *home = copy_variable("HOME"), room[4096];
    struct passwd entry, *found = NULL;

    if (!home && getpwuid_r(getuid(), &entry, room, sizeof(room), &found) == 0 && found && found->pw_dir)
        home = mem_copy_str(found->pw_dir);
    return home;
}

/* Where a file is: what the variable says ("~/" is the home directory), or `usual`. */
static void locate(struct shared_file *f, const char *variable, const char *home, const char *usual)
{
    char *named = copy_variable(variable), path[PATH_LEN_MAX];

    if (named && strncmp(named, "~/", 2) != 0)
        f->path = mem_copy_str(named);
    else if (home && str_fmt(path, sizeof(path), "%s%s", home, (named ? named : usual) + 1))
        f->path = mem_copy_str(path);
    f->shown = named && f->path ? f->path : usual;
    free(named);
}

/* ----------------------------------------------------------------- files */

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* The mode counts, too: a chmod is to be warned of.  A file that could not be opened
 * left `seen` zeroed, so it is tried at every look. */
static bool is_unchanged(const struct shared_file *f)
{
    const struct stat *old = &f->seen;
    struct stat now;

    if (!f->settled)
        return false;
    if (stat(f->path, &now) != 0)
        memset(&now, 0, sizeof(now));
    return now.st_dev == old->st_dev && now.st_ino == old->st_ino && now.st_size == old->st_size &&
           now.st_mode == old->st_mode && same_time(now.st_mtim, old->st_mtim);
}

/* Returns true when it is time to warn that others can read the file. */
static bool refresh_file_locked(struct identity_store *s, struct shared_file *f)
{
    bool is_open, warn;
    int64_t age_ms;

    if (!f->path || is_unchanged(f))
        return false;
    f->parsed = aws_file_free(f->parsed);
    f->why = (struct why){0};
    f->why.code = aws_file_load(f->path, f->kind, &f->parsed, &f->seen, &f->why); /* told when it is asked for */
    age_ms = clock_wall_ms(s->clock) - ((int64_t)f->seen.st_mtim.tv_sec * 1000 + f->seen.st_mtim.tv_nsec / 1000000);
    f->settled = f->seen.st_ino == 0 || age_ms > RACY_MS || age_ms < -RACY_MS;

    is_open = f->kind == AWS_FILE_CREDENTIALS && S_ISREG(f->seen.st_mode) && (f->seen.st_mode & (S_IRGRP | S_IROTH));
    warn = is_open && !f->warned;
    f->warned = is_open;
    return warn;
}

/* Takes the lock and brings the files up to date; the caller unlocks. */
static void lock_fresh(struct identity_store *s, bool *out_warn)
{
    int64_t now = clock_mono_ms(s->clock);

    pthread_mutex_lock(&s->lock);
    *out_warn = false;
    if (s->looked_mono_ms >= 0 && now - s->looked_mono_ms < LOOK_AGAIN_MS)
        return;
    s->looked_mono_ms = now;
    (void)refresh_file_locked(s, &s->config);
    *out_warn = refresh_file_locked(s, &s->credentials);
}

static void unlock_and_warn(struct identity_store *s, bool warn)
{
    pthread_mutex_unlock(&s->lock);
    if (warn)
        log_line(LOG_WARN, "%s can be read by group or others: chmod 600 it", s->credentials.path);
}

/* A profile's setting that is not empty; the credentials file wins, as in the AWS tools. */
static const char *setting_locked(const struct identity_store *s, const char *profile, const char *key,
                                  const struct shared_file **out_file, int *out_line)
{
    const struct shared_file *files[] = {&s->credentials, &s->config};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const char *value = aws_file_get(files[i]->parsed, AWS_SECTION_PROFILE, profile, key, out_line);

        if (value && *value) {
            if (out_file)
                *out_file = files[i];
            return value;
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ keys */

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

static enum err take_keys(const struct question *q, const struct candidate *c)
{
    struct identity *out = q->out;

    if (!is_set(c->id) || !is_set(c->secret))
        return why_set(q->why, ERR_NO_CREDENTIALS, "%s: %s is set, but %s is missing", c->origin,
                       is_set(c->id) ? c->id_name : c->secret_name, is_set(c->id) ? c->secret_name : c->id_name);
    if (!is_printable(c->id, sizeof(out->access_key_id) - 1, "/,"))
        return why_set(q->why, ERR_NO_CREDENTIALS, "%s: %s must be at most %zu printable characters, no blank, / or ,",
                       c->origin, c->id_name, sizeof(out->access_key_id) - 1);
    if (!is_printable(c->secret, SECRET_KEY_MAX, ""))
        return why_set(q->why, ERR_NO_CREDENTIALS, "%s: %s must be at most %d printable characters, no blank",
                       c->origin, c->secret_name, SECRET_KEY_MAX);
    if (is_set(c->token) && !is_printable(c->token, TOKEN_MAX, ""))
        return why_set(q->why, ERR_NO_CREDENTIALS, "%s: %s must be at most %d printable characters, no blank",
                       c->origin, c->token_name, TOKEN_MAX);
    (void)str_copy(out->access_key_id, sizeof(out->access_key_id), c->id); /* measured above */
    out->secret_access_key = secret_from(c->secret, strlen(c->secret));
    out->session_token = is_set(c->token) ? secret_from(c->token, strlen(c->token)) : NULL;
    out->expires_wall_ms = -1;
    return ERR_OK;
}

/* ----------------------------------------------------------------- links */

struct link {
    /* ERR_OK: there are keys.  ERR_NOT_FOUND: not configured, ask the next one.
     * Anything else ends the search. */
    enum err (*ask_locked)(const struct question *q, const struct link *link);
    const char *setting; /* what configures it */
    const char *what;    /* what it is, for a message */
};

static enum err check_expiration(const struct question *q, const char *text, int64_t *out_ms)
{
    if (!clock_parse_iso(text, strlen(text), out_ms))
        return why_set(q->why, ERR_NO_CREDENTIALS,
                       "environment: AWS_CREDENTIAL_EXPIRATION \"%s\" is no time like 2026-11-24T14:32:07Z", text);
    if (*out_ms <= clock_wall_ms(q->store->clock))
        return why_set(q->why, ERR_EXPIRED, "environment: AWS_CREDENTIAL_EXPIRATION %s is past", text);
    return ERR_OK;
}

static enum err ask_environment(const struct question *q, const struct link *link)
{
    const struct environment *e = &q->store->env;
    struct candidate c = {
        "environment", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", e->access_key_id, NULL, NULL};
    int64_t expires = -1;
    enum err err;

    (void)link;
    c.secret = e->secret_access_key ? secret_peek(e->secret_access_key, NULL) : NULL;
    c.token = e->session_token ? secret_peek(e->session_token, NULL) : NULL;
    if (q->is_explicit || (!c.id && !c.secret))
        return ERR_NOT_FOUND;
    if (e->expiration) {
        err = check_expiration(q, e->expiration, &expires);
        if (err)
            return err;
    }
    err = take_keys(q, &c);
    if (err)
        return err;
    q->out->expires_wall_ms = expires;
    (void)str_copy(q->out->source, sizeof(q->out->source), "environment");
    return ERR_OK;
}

/* From here on the files decide, so both have to be understood. */
static enum err ask_whether_files_are_good(const struct question *q, const struct link *link)
{
    const struct shared_file *files[] = {&q->store->credentials, &q->store->config};

    (void)link;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        const struct why *why = &files[i]->why;

        if (why->code != ERR_OK && why->code != ERR_NOT_FOUND) {
            if (q->why)
                *q->why = *why;
            return why->code;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err ask_variable_we_cannot_use(const struct question *q, const struct link *link)
{
    for (size_t i = 0; i < ARRAY_LEN(foreign_variables); i++)
        if (strcmp(foreign_variables[i], link->setting) == 0 && q->store->env.foreign[i] && !q->is_explicit)
            return why_set(q->why, ERR_NO_CREDENTIALS,
                           "environment: %s is set, but this version of credtop cannot use %s", link->setting,
                           link->what);
    return ERR_NOT_FOUND;
}

static enum err ask_setting_we_cannot_use(const struct question *q, const struct link *link)
{
    const struct shared_file *f = NULL;
    int line = 0;

    if (!setting_locked(q->store, q->profile, link->setting, &f, &line))
        return ERR_NOT_FOUND;
    return why_set(q->why, ERR_NO_CREDENTIALS,
                   "%s:%d: profile \"%s\" has %s, but this version of credtop cannot use %s", f->path, line, q->profile,
                   link->setting, link->what);
}

/* The three strings come from one file: an id of one and a secret of the other never match. */
static enum err ask_file(const struct question *q, const struct shared_file *f)
{
    char origin[256], source[PATH_LEN_MAX];
    struct candidate c = {origin, "aws_access_key_id", "aws_secret_access_key", "aws_session_token", NULL, NULL, NULL};
    int line = 0;
    enum err err;

    c.secret = aws_file_get(f->parsed, AWS_SECTION_PROFILE, q->profile, c.secret_name, &line);
    c.id = aws_file_get(f->parsed, AWS_SECTION_PROFILE, q->profile, c.id_name, &line);
    c.token = aws_file_get(f->parsed, AWS_SECTION_PROFILE, q->profile, c.token_name, NULL);
    if (!is_set(c.token))
        c.token = aws_file_get(f->parsed, AWS_SECTION_PROFILE, q->profile, "aws_security_token", NULL);
    if (!is_set(c.id) && !is_set(c.secret))
        return ERR_NOT_FOUND;
    (void)str_fmt(origin, sizeof(origin), "%s:%d: profile \"%s\"", f->path, line, q->profile); /* a cut is fine */
    err = take_keys(q, &c);
    if (err)
        return err;
    (void)str_fmt(source, sizeof(source), "profile %s (%s)", q->profile, f->shown);
    (void)text_safe(q->out->source, sizeof(q->out->source), source, strlen(source));
    return ERR_OK;
}

static enum err ask_credentials_file(const struct question *q, const struct link *link)
{
    (void)link;
    return ask_file(q, &q->store->credentials);
}

static enum err ask_config_file(const struct question *q, const struct link *link)
{
    (void)link;
    return ask_file(q, &q->store->config);
}

/* The order of the AWS tools.  A link that gets built changes its row's function. */
static const struct link chain[] = {
    {ask_environment, "AWS_ACCESS_KEY_ID", "keys in the environment"},
    {ask_whether_files_are_good, NULL, NULL},
    {ask_setting_we_cannot_use, "web_identity_token_file", "web identities"},
    {ask_setting_we_cannot_use, "role_arn", "assumed roles"},
    {ask_variable_we_cannot_use, "AWS_WEB_IDENTITY_TOKEN_FILE", "web identities"},
    {ask_setting_we_cannot_use, "sso_session", "single sign-on"},
    {ask_setting_we_cannot_use, "sso_start_url", "single sign-on"},
    {ask_credentials_file, "aws_access_key_id", "keys in the credentials file"},
    {ask_setting_we_cannot_use, "login_session", "\"aws login\" sessions"},
    {ask_setting_we_cannot_use, "credential_process", "credential processes"},
    {ask_config_file, "aws_access_key_id", "keys in the config file"},
    {ask_variable_we_cannot_use, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "container credentials"},
    {ask_variable_we_cannot_use, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "container credentials"},
};

/* Why a file had no keys; also tells the two ways to write a section for the wrong file. */
static const char *nothing_in(const struct shared_file *f, const char *profile)
{
    char prefixed[256];

    if (!f->path)
        return "no home directory";
    if (f->why.code == ERR_NOT_FOUND)
        return "no such file";
    if (aws_file_has(f->parsed, AWS_SECTION_PROFILE, profile))
        return "no keys in the profile";
    if (f->kind == AWS_FILE_CONFIG && aws_file_has(f->parsed, AWS_SECTION_OTHER, profile))
        return "must be [profile NAME]";
    if (f->kind == AWS_FILE_CREDENTIALS && str_fmt(prefixed, sizeof(prefixed), "profile %s", profile) &&
        aws_file_has(f->parsed, AWS_SECTION_PROFILE, prefixed))
        return "must be [NAME]";
    return "no such profile";
}

static enum err nothing_found(const struct question *q)
{
    const struct shared_file *a = &q->store->credentials, *b = &q->store->config;

    return why_set(q->why, ERR_NO_CREDENTIALS, "profile \"%s\": tried environment (%s), %s (%s), %s (%s)", q->profile,
                   q->is_explicit ? "not for a named profile" : "no AWS_ACCESS_KEY_ID", a->path ? a->path : a->shown,
                   nothing_in(a, q->profile), b->path ? b->path : b->shown, nothing_in(b, q->profile));
}

static const char *profile_or_default(const struct identity_store *s, const char *profile)
{
    if (profile)
        return profile;
    return s->env.profile ? s->env.profile : "default";
}

/* ---------------------------------------------------------------- public */

void identity_clear(struct identity *id)
{
    id->secret_access_key = secret_free(id->secret_access_key);
    id->session_token = secret_free(id->session_token);
    secret_wipe(id, sizeof(*id));
}

struct identity_store *identity_store_new(const struct clock *clock)
{
    struct identity_store *s = mem_new(sizeof(*s));
    char *home = home_directory();

    s->clock = clock ? clock : clock_real();
    read_environment(&s->env);
    s->config.kind = AWS_FILE_CONFIG;
    locate(&s->config, "AWS_CONFIG_FILE", home, "~/.aws/config");
    s->credentials.kind = AWS_FILE_CREDENTIALS;
    locate(&s->credentials, "AWS_SHARED_CREDENTIALS_FILE", home, "~/.aws/credentials");
    s->looked_mono_ms = -1;
    ASSERT(pthread_mutex_init(&s->lock, NULL) == 0);
    free(home);
    return s;
}

struct identity_store *identity_store_free(struct identity_store *s)
{
    if (!s)
        return NULL;
    s->config.parsed = aws_file_free(s->config.parsed);
    s->credentials.parsed = aws_file_free(s->credentials.parsed);
    free(s->config.path);
    free(s->credentials.path);
    s->env.secret_access_key = secret_free(s->env.secret_access_key);
    s->env.session_token = secret_free(s->env.session_token);
    free(s->env.access_key_id);
    free(s->env.expiration);
    free(s->env.profile);
    free(s->env.region);
    (void)pthread_mutex_destroy(&s->lock); /* fails only when held: then a thread outlived the store */
    free(s);
    return NULL;
}

enum err identity_get(struct identity_store *s, const char *profile, struct cancel *c, struct identity *out,
                      struct why *why)
{
    struct question q = {s, profile_or_default(s, profile), profile != NULL, out, why};
    enum err err = ERR_NOT_FOUND;
    bool warn;

    identity_clear(out);
    if (c && cancel_is_set(c))
        return why_set(why, ERR_CANCELLED, NULL);
    lock_fresh(s, &warn);
    for (size_t i = 0; err == ERR_NOT_FOUND && i < ARRAY_LEN(chain); i++)
        err = chain[i].ask_locked(&q, &chain[i]);
    if (err == ERR_NOT_FOUND)
        err = nothing_found(&q);
    unlock_and_warn(s, warn);
    return err;
}

/* "secrets_manager.endpoint_url" and the like lie in the [services] section the profile names. */
static const char *service_setting_locked(const struct identity_store *s, const char *profile, const char *key)
{
    const char *name = strchr(key, '.') ? setting_locked(s, profile, "services", NULL, NULL) : NULL;
    const char *value = name ? aws_file_get(s->config.parsed, AWS_SECTION_SERVICES, name, key, NULL) : NULL;

    return is_set(value) ? value : NULL;
}

int identity_setting(struct identity_store *s, const char *profile, const char *key, char *out, size_t size)
{
    static const char *const keys_themselves[] = {"aws_secret_access_key", "aws_session_token", "aws_security_token"};
    const char *value;
    bool warn, found;

    for (size_t i = 0; i < ARRAY_LEN(keys_themselves); i++)
        if (strcmp(key, keys_themselves[i]) == 0)
            return false; /* these are for wiped memory alone */
    profile = profile_or_default(s, profile);
    lock_fresh(s, &warn);
    value = setting_locked(s, profile, key, NULL, NULL);
    if (!value)
        value = service_setting_locked(s, profile, key);
    found = value && strlen(value) < size && str_copy(out, size, value);
    unlock_and_warn(s, warn);
    return found;
}

enum err identity_region(struct identity_store *s, const char *profile, const char *configured, char out[32],
                         struct why *why)
{
    const char *origin = "region", *region = is_set(configured) ? configured : NULL;
    char from_file[256];

    if (!region && s->env.region) {
        region = s->env.region;
        origin = "AWS_REGION or AWS_DEFAULT_REGION";
    }
    profile = profile_or_default(s, profile);
    if (!region && identity_setting(s, profile, "region", from_file, sizeof(from_file))) {
        region = from_file;
        origin = "the profile's region";
    }
    if (!region)
        return why_set(why, ERR_SETTING, "no AWS region: set `region`, AWS_REGION, or region of profile \"%s\" in %s",
                       profile, s->config.path ? s->config.path : s->config.shown);
    if (strlen(region) > 31)
        return why_set(why, ERR_SETTING, "%s \"%s\" is too long: at most 31 characters, such as eu-central-1", origin,
                       region);
    (void)str_copy(out, 32, region); /* measured above */
    return ERR_OK;
}
