/* The credential chain: a table of links, asked in order; the first one that is
 * configured decides, also when it cannot deliver.  Falling through to the next
 * would sign with somebody else's keys. */
#include "backend/aws/identity_store.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define CHAINED_SECONDS_MOST 3600 /* STS's limit for a role taken on with a role's keys */
#define LOOP_WORDS_MAX 160

/* ----------------------------------------------------------- environment */

static enum err check_expiration(const struct walk *w, const char *text, int64_t *out_ms)
{
    if (!clock_parse_iso(text, strlen(text), out_ms))
        return why_set(w->why, ERR_NO_CREDENTIALS,
                       "environment: AWS_CREDENTIAL_EXPIRATION \"%s\" is no time like 2026-11-24T14:32:07Z", text);
    if (*out_ms <= walk_wall_ms(w))
        return why_set(w->why, ERR_EXPIRED, "environment: AWS_CREDENTIAL_EXPIRATION %s is past", text);
    return ERR_OK;
}

static enum err take_environment(const struct walk *w, struct identity *out)
{
    const struct identity_env *e = &w->store->env;
    struct candidate c = {"environment",
                          "AWS_ACCESS_KEY_ID",
                          "AWS_SECRET_ACCESS_KEY",
                          "AWS_SESSION_TOKEN",
                          e->text[ENV_ACCESS_KEY_ID],
                          env_secret_bytes(e, ENV_SECRET_ACCESS_KEY),
                          env_secret_bytes(e, ENV_SESSION_TOKEN)};
    int64_t expires = -1;
    enum err err = ERR_OK;

    if (!c.token)
        c.token = env_secret_bytes(e, ENV_SECURITY_TOKEN);
    if (!c.id && !c.secret)
        return ERR_NOT_FOUND;
    if (e->text[ENV_EXPIRATION])
        err = check_expiration(w, e->text[ENV_EXPIRATION], &expires);
    if (!err)
        err = candidate_take(&c, out, w->why);
    if (err)
        return err;
    out->expires_wall_ms = expires;
    identity_set_source(out, "environment");
    return ERR_OK;
}

static enum err ask_environment(const struct walk *w, struct identity *out)
{
    return w->is_explicit ? ERR_NOT_FOUND : take_environment(w, out);
}

/* ----------------------------------------------------------------- files */

/* The two ways to write a section for the wrong file. */
static const char *near_miss(const struct walk *w)
{
    char prefixed[256];

    if (aws_file_has(w->files->config.parsed, AWS_SECTION_OTHER, w->profile))
        return " (in the config file it must be [profile NAME])";
    if (str_fmt(prefixed, sizeof(prefixed), "profile %s", w->profile) &&
        aws_file_has(w->files->credentials.parsed, AWS_SECTION_PROFILE, prefixed))
        return " (in the credentials file it must be [NAME])";
    return "";
}

/* From here on the files decide, so both have to be understood; and a profile that
 * somebody named has to be there. */
static enum err ask_whether_files_are_good(const struct walk *w, struct identity *out)
{
    bool named = w->is_explicit || w->is_source || identity_env_profile(&w->store->env) != NULL;
    enum err err = files_view_check(w->files, w->why);

    (void)out;
    if (err)
        return err;
    if (!named || files_view_has_profile(w->files, w->profile))
        return ERR_NOT_FOUND;
    return why_set(w->why, ERR_NO_CREDENTIALS, "there is no profile \"%s\" in %s and %s%s", w->profile,
                   w->files->config.shown, w->files->credentials.shown, near_miss(w));
}

/* The three strings come from one file: an id of one and a secret of the other never match. */
static enum err ask_file(const struct walk *w, const struct shared_file *f, struct identity *out)
{
    char origin[256];
    struct candidate c = {origin, "aws_access_key_id", "aws_secret_access_key", "aws_session_token", NULL, NULL, NULL};
    int line = 0;
    enum err err;

    c.secret = aws_file_get(f->parsed, AWS_SECTION_PROFILE, w->profile, c.secret_name, &line);
    c.id = aws_file_get(f->parsed, AWS_SECTION_PROFILE, w->profile, c.id_name, &line);
    c.token = aws_file_get(f->parsed, AWS_SECTION_PROFILE, w->profile, c.token_name, NULL);
    if (!c.token || !*c.token)
        c.token = aws_file_get(f->parsed, AWS_SECTION_PROFILE, w->profile, "aws_security_token", NULL);
    if ((!c.id || !*c.id) && (!c.secret || !*c.secret))
        return ERR_NOT_FOUND;
    (void)str_fmt(origin, sizeof(origin), "%s:%d: profile \"%s\"", f->path, line, w->profile); /* a cut is fine */
    err = candidate_take(&c, out, w->why);
    if (err == ERR_OK)
        identity_set_source(out, "profile %s (%s)", w->profile, f->shown);
    return err;
}

static enum err ask_credentials_file(const struct walk *w, struct identity *out)
{
    return ask_file(w, &w->files->credentials, out);
}

static enum err ask_config_file(const struct walk *w, struct identity *out)
{
    return ask_file(w, &w->files->config, out);
}

/* ----------------------------------------------------------------- roles */

/* Profiles from the one that is asked for down to the one whose source is no role. */
struct role_chain {
    const char **profiles;
    size_t n, cap;
    const char *base;              /* a profile with keys of its own, or NULL: */
    const char *credential_source; /* where the machine has them */
};

static const char *setting_of(const struct walk *w, const char *profile, const char *key)
{
    return files_view_setting(w->files, profile, key, NULL, NULL);
}

static bool is_role(const struct walk *w, const char *profile)
{
    return setting_of(w, profile, "role_arn") && !setting_of(w, profile, "web_identity_token_file");
}

static void add_profile(struct role_chain *c, const char *profile)
{
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 8;
        c->profiles = mem_grow(c->profiles, c->cap, sizeof(*c->profiles));
    }
    c->profiles[c->n++] = profile;
}

static enum err loop_found(const struct walk *w, const struct role_chain *c, size_t from, const char *where)
{
    char words[LOOP_WORDS_MAX] = "";
    size_t n = 0;

    for (size_t i = from; i < c->n && n < sizeof(words) - 1; i++) {
        (void)str_fmt(words + n, sizeof(words) - n, "%s -> ", c->profiles[i]); /* a cut is fine */
        n = strlen(words);
    }
    return why_set(w->why, ERR_SETTING, "%s: source_profile goes round: %s%s", where, words, c->profiles[from]);
}

/* One step down: decides what the last profile's source is.  *out_more: it is a role too. */
static enum err step_down(const struct walk *w, struct role_chain *c, bool *out_more)
{
    const char *at = c->profiles[c->n - 1], *source = setting_of(w, at, "source_profile");
    const char *machine = setting_of(w, at, "credential_source");
    char where[300];

    *out_more = false;
    (void)files_view_where(w->files, at, "role_arn", where, sizeof(where));
    if (source && machine)
        return why_set(w->why, ERR_SETTING, "%s: role_arn needs source_profile or credential_source, not both", where);
    if (!source && !machine)
        return why_set(w->why, ERR_SETTING, "%s: role_arn needs source_profile or credential_source", where);
    c->credential_source = machine;
    if (machine)
        return ERR_OK;
    if (!files_view_has_profile(w->files, source))
        return why_set(w->why, ERR_SETTING, "%s: there is no source_profile \"%s\"", where, source);
    c->base = source;
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->profiles[i], source) == 0)
            return i == c->n - 1 && files_view_has_keys(w->files, source) ? ERR_OK : loop_found(w, c, i, where);
    *out_more = is_role(w, source) && !files_view_has_keys(w->files, source); /* keys of its own come first */
    if (*out_more)
        add_profile(c, source);
    return ERR_OK;
}

static enum err read_duration(const struct walk *w, const char *profile, bool is_chained, int *out)
{
    const char *text = setting_of(w, profile, "duration_seconds");
    int64_t seconds = 0;

    if (text && (!str_to_i64(text, strlen(text), &seconds) || seconds < 900 || seconds > 43200)) {
        char where[300];

        (void)files_view_where(w->files, profile, "duration_seconds", where, sizeof(where));
        return why_set(w->why, ERR_SETTING, "%s: duration_seconds must be a whole number, 900 to 43200", where);
    }
    if (is_chained && seconds > CHAINED_SECONDS_MOST)
        seconds = CHAINED_SECONDS_MOST;
    *out = (int)seconds;
    return ERR_OK;
}

static enum err assume_profile(const struct walk *w, const char *profile, const struct identity *source,
                               struct identity *out)
{
    char where[300];
    struct role r = {.origin = where,
                     .arn = setting_of(w, profile, "role_arn"),
                     .session_name = setting_of(w, profile, "role_session_name"),
                     .external_id = setting_of(w, profile, "external_id"),
                     .mfa_serial = setting_of(w, profile, "mfa_serial")};
    enum err err = read_duration(w, profile, source->session_token != NULL, &r.duration_s);

    (void)files_view_where(w->files, profile, "role_arn", where, sizeof(where));
    if (!err)
        err = sts_assume(w, &r, source, out);
    if (err == ERR_EXPIRED)
        identity_cache_forget(w->store->cache, source->access_key_id);
    return err;
}

struct step {
    const struct walk *walk;
    const char *profile;
    const struct identity *source; /* of a role between others */
    const char *credential_source;
};

static struct walk walk_for(const struct step *s, bool needed, struct why *why)
{
    struct walk w = *s->walk;

    w.needed = needed;
    w.why = why;
    return w;
}

static enum err fetch_role(void *ctx, bool needed, struct identity *out, struct why *why)
{
    const struct step *s = ctx;
    struct walk w = walk_for(s, needed, why);

    return assume_profile(&w, s->profile, s->source, out);
}

static enum err fetch_source(void *ctx, bool needed, struct identity *out, struct why *why)
{
    const struct step *s = ctx;
    struct walk w = walk_for(s, needed, why);

    w.profile = s->profile;
    w.is_source = true;
    w.is_explicit = true;
    return ask_chain(&w, out);
}

static enum err fetch_machine(void *ctx, bool needed, struct identity *out, struct why *why)
{
    static const struct {
        const char *name;
        enum err (*ask)(const struct walk *w, struct identity *out);
    } rows[] = {
        {"Environment", take_environment},
        {"Ec2InstanceMetadata", ask_imds},
        {"EcsContainer", ask_container},
    };
    const struct step *s = ctx;
    struct walk w = walk_for(s, needed, why);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum err err;

        if (strcmp(rows[i].name, s->credential_source) != 0)
            continue;
        err = rows[i].ask(&w, out);
        return err == ERR_NOT_FOUND
                   ? why_set(why, ERR_NO_CREDENTIALS, "profile \"%s\": credential_source %s has no keys", s->profile,
                             s->credential_source)
                   : err;
    }
    return why_set(why, ERR_SETTING,
                   "profile \"%s\": credential_source \"%s\" must be Environment, Ec2InstanceMetadata or EcsContainer",
                   s->profile, s->credential_source);
}

static enum err cached(const struct walk *w, const char *kind, const char *name,
                       enum err (*fetch)(void *, bool, struct identity *, struct why *), struct step *s,
                       struct identity *out)
{
    char key[1024];

    if (!str_fmt(key, sizeof(key), "%s %s\n%s\n%s", kind, name, w->sel->region ? w->sel->region : "",
                 w->sel->endpoint_url ? w->sel->endpoint_url : ""))
        return why_set(w->why, ERR_SETTING, "the name of profile \"%s\" is too long", name);
    return identity_cache_get(w->store->cache,
                              &(struct cache_ask){.name = key,
                                                  .generation = w->files->generation,
                                                  .skew_ms = walk_wall_ms(w) - clock_wall_ms(w->store->clock),
                                                  .deadline_mono_ms = w->deadline_mono_ms,
                                                  .cancel = w->cancel,
                                                  .fetch = fetch,
                                                  .ctx = s},
                              out, w->why);
}

/* Keys of the base, then role upon role.  Each but the last is kept for whoever else
 * comes this way. */
static enum err climb(const struct walk *w, const struct role_chain *c, struct identity *out)
{
    struct identity have = {0};
    const char *bottom = c->profiles[c->n - 1];
    struct step s = {.walk = w, .profile = c->base ? c->base : bottom, .credential_source = c->credential_source};
    enum err err = c->credential_source ? cached(w, "machine", c->credential_source, fetch_machine, &s, &have)
                                        : cached(w, "source", c->base, fetch_source, &s, &have);

    for (size_t i = c->n; i-- > 0 && err == ERR_OK;) {
        struct identity next = {0};

        s.profile = c->profiles[i];
        s.source = &have;
        err = i > 0 ? cached(w, "role", c->profiles[i], fetch_role, &s, &next)
                    : assume_profile(w, c->profiles[0], &have, &next);
        identity_clear(&have);
        have = next;
    }
    if (err == ERR_OK)
        *out = have;
    else
        identity_clear(&have);
    return err;
}

static enum err ask_role(const struct walk *w, struct identity *out)
{
    struct role_chain c = {0};
    bool more = true;
    enum err err = ERR_OK;

    if (w->is_source || !is_role(w, w->profile))
        return ERR_NOT_FOUND;
    add_profile(&c, w->profile);
    while (more && err == ERR_OK)
        err = step_down(w, &c, &more);
    if (err == ERR_OK)
        err = climb(w, &c, out);
    if (err == ERR_EXPIRED && w->why->http != 0) /* somewhere below AWS refused old keys, now forgotten: once more */
        err = climb(w, &c, out);
    free(c.profiles);
    return err;
}

/* ----------------------------------------------------------------- the table */

enum { FOR_MACHINE = 1, FOR_SOURCE = 2, FOR_BOTH = 3 };

static const struct link {
    enum err (*ask)(const struct walk *w, struct identity *out);
    int where; /* FOR_SOURCE: also when a role's source_profile is asked, which has its own keys or none */
} chain[] = {
    {ask_environment, FOR_MACHINE},
    {ask_whether_files_are_good, FOR_BOTH},
    {ask_role, FOR_MACHINE},
    {ask_web_identity, FOR_BOTH},
    {ask_sso, FOR_BOTH},
    {ask_credentials_file, FOR_BOTH},
    {ask_login, FOR_BOTH},
    {ask_process, FOR_BOTH},
    {ask_config_file, FOR_BOTH},
    {ask_container, FOR_MACHINE},
    {ask_imds, FOR_MACHINE},
};

static const char *nothing_in(const struct walk *w, const struct shared_file *f)
{
    if (!f->path)
        return "no home directory";
    if (f->why.code == ERR_NOT_FOUND)
        return "no such file";
    return aws_file_has(f->parsed, AWS_SECTION_PROFILE, w->profile) ? "no keys" : "no such profile";
}

static enum err nothing_found(const struct walk *w)
{
    const struct shared_file *a = &w->files->credentials, *b = &w->files->config;
    bool disabled = setting_is_true(w->store->env.text[ENV_IMDS_DISABLED]);

    if (w->is_source)
        return why_set(w->why, ERR_NO_CREDENTIALS, "source_profile \"%s\" has no keys", w->profile);
    return why_set(w->why, ERR_NO_CREDENTIALS, "profile \"%s\": %s%s (%s), %s (%s), no container, %s", w->profile,
                   w->is_explicit ? "" : "environment (none), ", a->shown, nothing_in(w, a), b->shown, nothing_in(w, b),
                   disabled ? "instance metadata off" : "no instance role");
}

enum err ask_chain(const struct walk *w, struct identity *out)
{
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; err == ERR_NOT_FOUND && i < ARRAY_LEN(chain); i++)
        if (chain[i].where & (w->is_source ? FOR_SOURCE : FOR_MACHINE))
            err = chain[i].ask(w, out);
    return err == ERR_NOT_FOUND ? nothing_found(w) : err;
}
