#include "backend/aws/identity_files.h"

#include <pthread.h>

#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define LOOK_AGAIN_MS 1000
#define RACY_MS 2000 /* a file this young may change again without a new time stamp */

struct identity_files {
    /* fixed after new */
    const struct clock *clock;
    char *config_path, *credentials_path;
    const char *config_shown, *credentials_shown;
    pthread_mutex_t lock;
    /* guarded by lock; a leaf, never held while a file is touched */
    struct files_view *view;
    int64_t looked_mono_ms;      /* -1: never */
    uint64_t tickets, installed; /* of two readings at once, the one begun later counts */
    bool warned;                 /* of the credentials file's permissions */
};

static void locate(const struct identity_env *env, enum env_text variable, const char *usual, char **out_path,
                   const char **out_shown)
{
    const char *named = env->text[variable];

    *out_path = identity_env_path(env, named ? named : usual);
    *out_shown = named && *out_path ? *out_path : usual;
}

struct identity_files *identity_files_new(const struct clock *clock, const struct identity_env *env)
{
    struct identity_files *f = mem_new(sizeof(*f));

    f->clock = clock;
    locate(env, ENV_CONFIG_FILE, "~/.aws/config", &f->config_path, &f->config_shown);
    locate(env, ENV_CREDENTIALS_FILE, "~/.aws/credentials", &f->credentials_path, &f->credentials_shown);
    f->looked_mono_ms = -1;
    ASSERT(pthread_mutex_init(&f->lock, NULL) == 0);
    return f;
}

struct identity_files *identity_files_free(struct identity_files *f)
{
    if (!f)
        return NULL;
    if (f->view)
        files_view_unref(f->view);
    free(f->config_path);
    free(f->credentials_path);
    (void)pthread_mutex_destroy(&f->lock); /* fails only when held: then a thread outlived the store */
    free(f);
    return NULL;
}

static struct files_view *ref(struct files_view *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

/* Views are given out as const, because nobody may change them; the count is ours. */
void files_view_unref(const struct files_view *view)
{
    union {
        const struct files_view *given;
        struct files_view *ours;
    } v = {.given = view};

    if (atomic_fetch_sub_explicit(&v.ours->refs, 1, memory_order_acq_rel) != 1)
        return;
    v.ours->credentials.parsed = aws_file_free(v.ours->credentials.parsed);
    v.ours->config.parsed = aws_file_free(v.ours->config.parsed);
    free(v.ours);
}

/* --------------------------------------------------------------- reading */

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

    if (!f->path)
        return true;
    if (!f->settled)
        return false;
    if (stat(f->path, &now) != 0)
        memset(&now, 0, sizeof(now));
    return now.st_dev == old->st_dev && now.st_ino == old->st_ino && now.st_size == old->st_size &&
           now.st_mode == old->st_mode && same_time(now.st_mtim, old->st_mtim);
}

static void read_file(const struct clock *clock, struct shared_file *f)
{
    int64_t age_ms;

    if (!f->path)
        return;
    f->why.code = aws_file_load(f->path, f->kind, &f->parsed, &f->seen, &f->why); /* told when it is asked for */
    age_ms = clock_wall_ms(clock) - ((int64_t)f->seen.st_mtim.tv_sec * 1000 + f->seen.st_mtim.tv_nsec / 1000000);
    f->settled = f->seen.st_ino == 0 || age_ms > RACY_MS || age_ms < -RACY_MS;
}

static struct files_view *read_both(const struct identity_files *f)
{
    struct files_view *v = mem_new(sizeof(*v));

    atomic_init(&v->refs, 1);
    v->config.kind = AWS_FILE_CONFIG;
    v->config.path = f->config_path;
    v->config.shown = f->config_shown;
    v->credentials.kind = AWS_FILE_CREDENTIALS;
    v->credentials.path = f->credentials_path;
    v->credentials.shown = f->credentials_shown;
    read_file(f->clock, &v->config);
    read_file(f->clock, &v->credentials);
    return v;
}

static bool same_contents(const struct files_view *a, const struct files_view *b)
{
    return a->config.why.code == b->config.why.code && a->credentials.why.code == b->credentials.why.code &&
           aws_file_same(a->config.parsed, b->config.parsed) &&
           aws_file_same(a->credentials.parsed, b->credentials.parsed);
}

/* Takes `fresh` over.  Returns true when it is time to warn that others can read the file. */
static bool install_locked(struct identity_files *f, struct files_view *fresh, uint64_t ticket)
{
    const struct stat *st = &fresh->credentials.seen;
    bool is_open = S_ISREG(st->st_mode) && (st->st_mode & (S_IRGRP | S_IROTH)), warn;

    if (ticket < f->installed) {
        files_view_unref(fresh);
        return false;
    }
    f->installed = ticket;
    fresh->generation = f->view ? f->view->generation + !same_contents(f->view, fresh) : 1;
    if (f->view)
        files_view_unref(f->view);
    f->view = fresh;
    warn = is_open && !f->warned;
    f->warned = is_open;
    return warn;
}

static void look_again(struct identity_files *f, const struct files_view *known, uint64_t ticket)
{
    struct files_view *fresh;
    bool warn;

    if (known && is_unchanged(&known->config) && is_unchanged(&known->credentials))
        return;
    fresh = read_both(f);
    pthread_mutex_lock(&f->lock);
    warn = install_locked(f, fresh, ticket);
    pthread_mutex_unlock(&f->lock);
    if (warn)
        log_line(LOG_WARN, "%s can be read by group or others: chmod 600 it", f->credentials_path);
}

const struct files_view *identity_files_view(struct identity_files *f)
{
    int64_t now = clock_mono_ms(f->clock);
    struct files_view *v;
    uint64_t ticket;
    bool look;

    pthread_mutex_lock(&f->lock);
    look = !f->view || f->looked_mono_ms < 0 || now - f->looked_mono_ms >= LOOK_AGAIN_MS;
    if (look)
        f->looked_mono_ms = now;
    ticket = look ? ++f->tickets : 0;
    v = f->view ? ref(f->view) : NULL;
    pthread_mutex_unlock(&f->lock);
    if (!look)
        return v;
    look_again(f, v, ticket);
    if (v)
        files_view_unref(v);
    pthread_mutex_lock(&f->lock);
    v = ref(f->view);
    pthread_mutex_unlock(&f->lock);
    return v;
}

/* --------------------------------------------------------------- looking */

enum err files_view_check(const struct files_view *v, struct why *why)
{
    const struct shared_file *files[] = {&v->credentials, &v->config};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        if (files[i]->why.code == ERR_OK || files[i]->why.code == ERR_NOT_FOUND)
            continue;
        if (why)
            *why = files[i]->why;
        return files[i]->why.code;
    }
    return ERR_OK;
}

const char *files_view_setting(const struct files_view *v, const char *profile, const char *key,
                               const struct shared_file **out_file, int *out_line)
{
    const struct shared_file *files[] = {&v->credentials, &v->config};

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

bool files_view_has_profile(const struct files_view *v, const char *profile)
{
    return aws_file_has(v->credentials.parsed, AWS_SECTION_PROFILE, profile) ||
           aws_file_has(v->config.parsed, AWS_SECTION_PROFILE, profile);
}

bool files_view_has_keys(const struct files_view *v, const char *profile)
{
    return files_view_setting(v, profile, "aws_access_key_id", NULL, NULL) != NULL;
}

const char *files_view_where(const struct files_view *v, const char *profile, const char *key, char *out, size_t size)
{
    const struct shared_file *f = NULL;
    int line = 0;

    if (files_view_setting(v, profile, key, &f, &line))
        (void)str_fmt(out, size, "%s:%d: profile \"%s\"", f->path, line, profile); /* a cut is fine */
    else
        (void)str_fmt(out, size, "profile \"%s\"", profile);
    return out;
}
