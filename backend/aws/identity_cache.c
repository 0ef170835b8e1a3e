#include "backend/aws/identity_cache.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define ADVISORY_MS (15 * 60 * 1000)
#define MANDATORY_MS (10 * 60 * 1000)
#define FETCH_PAUSE_MS (60 * 1000) /* between tries to replace keys that still work */
#define FAILED_PAUSE_MS (5 * 1000) /* the first failure without any is remembered so long, then twice... */
#define FAILED_PAUSE_MOST_MS (60 * 1000)
#define ENTRIES_MAX 8192

/* A fetch under way.  `fd` is written once and never read: readable for all who wait. */
struct fetch {
    int fd;
    int64_t began_mono_ms; /* clock_real() */
    unsigned refs;         /* guarded by the cache's lock */
};

struct entry {
    char *name;
    bool has;   /* keys holds keys */
    bool stale; /* AWS said they have expired */
    struct identity keys;
    uint64_t generation;        /* of the keys, or of the failure */
    int64_t life_ms;            /* from fetching to expiry; -1: for good */
    int64_t next_fetch_mono_ms; /* not before */
    struct why failure;         /* of the last fetch; ERR_OK: it succeeded */
    unsigned failures;          /* in a row */
    struct fetch *fetch;        /* NULL: nobody fetches */
};

struct identity_cache {
    const struct clock *clock;
    int64_t wait_most_ms;
    pthread_mutex_t lock;
    /* guarded by lock */
    struct entry **entries; /* never taken out: a name is a line of somebody's configuration */
    size_t n, cap;
};

struct identity_cache *identity_cache_new(const struct clock *clock, int64_t wait_most_ms)
{
    struct identity_cache *c = mem_new(sizeof(*c));

    c->clock = clock;
    c->wait_most_ms = wait_most_ms;
    ASSERT(pthread_mutex_init(&c->lock, NULL) == 0);
    return c;
}

struct identity_cache *identity_cache_free(struct identity_cache *c)
{
    if (!c)
        return NULL;
    for (size_t i = 0; i < c->n; i++) {
        ASSERT(!c->entries[i]->fetch); /* else a thread outlived the store */
        identity_clear(&c->entries[i]->keys);
        free(c->entries[i]->name);
        free(c->entries[i]);
    }
    free(c->entries);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

static struct entry *find_locked(struct identity_cache *c, const char *name)
{
    struct entry *e;

    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->entries[i]->name, name) == 0)
            return c->entries[i];
    if (c->n == ENTRIES_MAX)
        return NULL;
    if (c->n == c->cap) {
        c->cap = c->cap ? 2 * c->cap : 16;
        c->entries = mem_grow(c->entries, c->cap, sizeof(struct entry *));
    }
    e = mem_new(sizeof(*e));
    e->name = mem_copy_str(name);
    c->entries[c->n++] = e;
    return e;
}

static struct secret *copy_secret(const struct secret *s)
{
    size_t n = 0;
    const char *bytes = s ? secret_peek(s, &n) : NULL;

    return bytes ? secret_from(bytes, n) : NULL;
}

static enum err copy_out(const struct entry *e, struct identity *out)
{
    *out = e->keys;
    out->secret_access_key = copy_secret(e->keys.secret_access_key);
    out->session_token = copy_secret(e->keys.session_token);
    return ERR_OK;
}

/* ---------------------------------------------------------------- judging */

static int64_t left_ms(const struct identity_cache *c, const struct entry *e, int64_t skew_ms)
{
    if (e->keys.expires_wall_ms < 0)
        return INT64_MAX;
    return e->keys.expires_wall_ms - (clock_wall_ms(c->clock) + skew_ms);
}

/* Short lives would always be "about to end", and every call would fetch. */
static int64_t window_ms(const struct entry *e, int64_t usual_ms, int64_t part)
{
    return e->life_ms / part < usual_ms ? e->life_ms / part : usual_ms;
}

static bool is_usable(const struct identity_cache *c, const struct entry *e, const struct cache_ask *a)
{
    return e->has && !e->stale && e->generation == a->generation && left_ms(c, e, a->skew_ms) > 0;
}

enum plan { PLAN_TAKE, PLAN_FETCH, PLAN_WAIT, PLAN_FAIL };

static enum plan plan_locked(const struct identity_cache *c, const struct entry *e, const struct cache_ask *a)
{
    int64_t left = left_ms(c, e, a->skew_ms);
    bool may_fetch = clock_mono_ms(c->clock) >= e->next_fetch_mono_ms;

    if (!is_usable(c, e, a)) {
        if (e->fetch)
            return PLAN_WAIT;
        /* An old failure counts only for the files it happened with. */
        return may_fetch || e->failure.code == ERR_OK || e->generation != a->generation ? PLAN_FETCH : PLAN_FAIL;
    }
    if (left == INT64_MAX || left > window_ms(e, ADVISORY_MS, 4))
        return PLAN_TAKE;
    if (e->fetch)
        return left <= window_ms(e, MANDATORY_MS, 6) ? PLAN_WAIT : PLAN_TAKE;
    return may_fetch ? PLAN_FETCH : PLAN_TAKE;
}

/* ---------------------------------------------------------------- fetching */

static void unref_locked(struct fetch *f)
{
    if (--f->refs > 0)
        return;
    (void)close(f->fd); /* an eventfd: nothing can be lost */
    free(f);
}

static enum err begin_fetch_locked(struct entry *e, struct why *why)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0)
        return why_set(why, ERR_SYSTEM, "no descriptor left: %s", strerror(errno));
    e->fetch = mem_new(sizeof(*e->fetch));
    e->fetch->fd = fd;
    e->fetch->refs = 1;
    e->fetch->began_mono_ms = clock_mono_ms(clock_real());
    return ERR_OK;
}

static void end_fetch_locked(struct entry *e)
{
    uint64_t one = 1;

    while (write(e->fetch->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
    unref_locked(e->fetch);
    e->fetch = NULL;
}

static void keep_locked(struct identity_cache *c, struct entry *e, const struct cache_ask *a, struct identity *fresh)
{
    identity_clear(&e->keys);
    e->keys = *fresh;
    *fresh = (struct identity){0};
    e->has = true;
    e->stale = false;
    e->generation = a->generation;
    e->failure = (struct why){0};
    e->failures = 0;
    e->life_ms = e->keys.expires_wall_ms < 0 ? -1 : left_ms(c, e, a->skew_ms);
    /* What is fetched may end no later than before, as with an instance's keys: ask again in a while. */
    e->next_fetch_mono_ms = clock_mono_ms(c->clock) +
                            (e->life_ms >= 0 && e->life_ms / 4 < FETCH_PAUSE_MS ? e->life_ms / 4 : FETCH_PAUSE_MS);
}

/* The old keys stay where they are.  A cancelled fetch says nothing of the next. */
static void remember_failure_locked(struct identity_cache *c, struct entry *e, const struct cache_ask *a,
                                    const struct why *why, bool usable)
{
    int64_t pause = FAILED_PAUSE_MS;

    if (why->code == ERR_CANCELLED)
        return;
    e->failure = *why;
    for (unsigned i = 0; i < e->failures && pause < FAILED_PAUSE_MOST_MS; i++)
        pause *= 2;
    e->failures++;
    if (usable || pause > FAILED_PAUSE_MOST_MS)
        pause = FAILED_PAUSE_MOST_MS;
    if (!usable)
        e->generation = a->generation;
    e->next_fetch_mono_ms = clock_mono_ms(c->clock) + pause;
}

/* Called with the lock, which is given back while fetching and at the end. */
static enum err fetch_and_unlock(struct identity_cache *c, struct entry *e, const struct cache_ask *a,
                                 struct identity *out, struct why *why)
{
    struct identity fresh = {0};
    struct why reason = {0};
    bool usable = is_usable(c, e, a);
    enum err err = begin_fetch_locked(e, why);

    if (err) {
        pthread_mutex_unlock(&c->lock);
        return err;
    }
    pthread_mutex_unlock(&c->lock);
    err = a->fetch(a->ctx, !usable, &fresh, &reason);
    reason.code = err;
    pthread_mutex_lock(&c->lock);
    if (err == ERR_OK) {
        keep_locked(c, e, a, &fresh);
        err = copy_out(e, out);
    } else {
        usable = is_usable(c, e, a); /* time has passed, or AWS has spoken */
        remember_failure_locked(c, e, a, &reason, usable);
        if (usable && err != ERR_CANCELLED)
            err = copy_out(e, out);
    }
    end_fetch_locked(e);
    pthread_mutex_unlock(&c->lock);
    identity_clear(&fresh);
    if (reason.code != ERR_OK && reason.code != ERR_CANCELLED && usable)
        log_line(LOG_WARN, "keys kept, new ones not to be had: %s", reason.text);
    if (err != ERR_OK && why)
        *why = reason;
    return err;
}

/* Called with the lock, which is given back; the caller starts again when it is ERR_OK. */
static enum err wait_and_unlock(struct identity_cache *c, struct entry *e, const struct cache_ask *a, struct why *why)
{
    struct fetch *f = e->fetch;
    int64_t until = f->began_mono_ms + c->wait_most_ms;
    int woken;

    f->refs++;
    pthread_mutex_unlock(&c->lock);
    woken = cancel_wait_fd(a->cancel, f->fd, POLLIN, a->deadline_mono_ms < until ? a->deadline_mono_ms : until);
    pthread_mutex_lock(&c->lock);
    unref_locked(f);
    pthread_mutex_unlock(&c->lock);
    if (woken < 0)
        return why_set(why, ERR_CANCELLED, NULL);
    return woken > 0 ? ERR_OK : why_set(why, ERR_TIMEOUT, "AWS credentials are still being fetched");
}

enum err identity_cache_get(struct identity_cache *c, const struct cache_ask *a, struct identity *out, struct why *why)
{
    for (;;) {
        struct entry *e;
        enum err err;

        pthread_mutex_lock(&c->lock);
        e = find_locked(c, a->name);
        if (!e) {
            pthread_mutex_unlock(&c->lock);
            return why_set(why, ERR_SYSTEM, "more than %d different identities", ENTRIES_MAX);
        }
        switch (plan_locked(c, e, a)) {
        case PLAN_TAKE:
            err = copy_out(e, out);
            pthread_mutex_unlock(&c->lock);
            return err;
        case PLAN_FAIL:
            err = e->failure.code;
            if (why)
                *why = e->failure;
            pthread_mutex_unlock(&c->lock);
            return err;
        case PLAN_FETCH:
            return fetch_and_unlock(c, e, a, out, why);
        case PLAN_WAIT:
            err = wait_and_unlock(c, e, a, why);
            if (err)
                return err;
            break;
        }
    }
}

void identity_cache_retry(struct identity_cache *c)
{
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n; i++)
        if (c->entries[i]->failure.code != ERR_OK)
            c->entries[i]->next_fetch_mono_ms = 0;
    pthread_mutex_unlock(&c->lock);
}

void identity_cache_forget(struct identity_cache *c, const char *access_key_id)
{
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->n; i++) {
        struct entry *e = c->entries[i];

        if (e->has && !e->stale && strcmp(e->keys.access_key_id, access_key_id) == 0) {
            e->stale = true;
            e->next_fetch_mono_ms = 0;
        }
    }
    pthread_mutex_unlock(&c->lock);
}
