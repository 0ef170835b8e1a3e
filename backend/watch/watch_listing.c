/* The listing watch.  One ListSecrets page tells of a hundred secrets, so a caller with
 * many environments in one region pages through the account instead of describing each;
 * where the account holds far more secrets than are watched, it asks for them by name,
 * ten to a call.  Which is cheaper is measured, not configured.
 *
 * ListSecrets lags by up to five minutes, so it never overrules what DescribeSecret has
 * told: an entry with other labels makes the secret be described, as does one that is
 * missing, or in rotation, or lacks a date.  Where ListSecrets is not permitted every
 * secret is described, and the permission is tried again after an hour. */
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/watch/secret_reading.h"
#include "backend/watch/watch.h"

#define NAMES_PER_CALL 10 /* Filters: at most ten values */
#define RETRY_DENIED_MS (60 * 60 * 1000)
#define TOKEN_MAX 8192

struct listed_env {
    size_t env;
    const char *name; /* without ARN: what Name must equal */
    const char *arn;  /* or the (partial) ARN configured; NULL */
    bool found;
};

struct listing {
    const struct watch *w;
    struct listed_env *envs; /* sorted by name */
    size_t n;
    void (*describe)(void *ctx, size_t env);
    void *ctx;
    bool by_name; /* paging the account costs more than asking by name */
    _Atomic int64_t denied_until_mono_ms;
    int64_t slot_mono_ms;  /* reserved for the first call; 0 none */
    char token[TOKEN_MAX]; /* of the next page, during a turn */
};

/* "arn:aws:secretsmanager:R:A:secret:NAME-AbCdEf" -> NAME; anything else is a name. */
static char *name_of(const char *secret)
{
    static const char marker[] = ":secret:";
    const char *at = strncmp(secret, "arn:", 4) == 0 ? strstr(secret, marker) : NULL;
    if (at == NULL)
        return mem_copy_str(secret);
    const char *name = at + sizeof marker - 1;
    size_t n = strlen(name);
    if (n > 7 && name[n - 7] == '-')
        n -= 7;
    return mem_copy_bytes(name, n);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct listed_env *)a)->name, ((const struct listed_env *)b)->name);
}

struct listing *listing_new(const struct watch *w, const size_t *envs, size_t n,
                            void (*describe)(void *ctx, size_t env), void *ctx)
{
    struct listing *l = mem_new(sizeof *l);
    l->w = w;
    l->n = n;
    l->describe = describe;
    l->ctx = ctx;
    l->envs = mem_array(n, sizeof *l->envs);
    for (size_t i = 0; i < n; i++) {
        const char *secret = w->conf->environments[envs[i]].secret;
        l->envs[i] = (struct listed_env){
            .env = envs[i], .name = name_of(secret), .arn = strncmp(secret, "arn:", 4) == 0 ? secret : NULL};
    }
    qsort(l->envs, n, sizeof *l->envs, by_name);
    return l;
}

struct listing *listing_free(struct listing *l)
{
    if (l == NULL)
        return NULL;
    for (size_t i = 0; i < l->n; i++)
        free((char *)(uintptr_t)l->envs[i].name);
    free(l->envs);
    free(l);
    return NULL;
}

bool listing_covers(struct listing *l)
{
    return l != NULL && atomic_load(&l->denied_until_mono_ms) <= clock_mono_ms(l->w->clock);
}

/* -------------------------------------------------------------- one entry */

/* True when the listing alone says all that is shown: settled, dated, like before. */
static bool tells_enough(const struct secret_snap *s, const struct secret_snap *old)
{
    bool moving = s->pending_id[0] != '\0' && strcmp(s->pending_id, s->current_id) != 0;
    bool known = old != NULL && old->snap.good_mono_ms != TIME_UNKNOWN;
    if (known)
        return !moving && secret_same_labels(s, old);
    return !moving && s->current_id[0] != '\0' && s->last_rotated_ms != TIME_UNKNOWN;
}

/* All but the header, which counts references. */
static void copy_described(struct secret_snap *s, const struct secret_snap *old)
{
    size_t header = sizeof s->snap;
    memcpy((char *)s + header, (const char *)old + header, sizeof *s - header);
}

static void publish(struct listing *l, size_t env, const json_t *entry)
{
    const struct watch *w = l->w;
    size_t slot = watch_slot(env, SLOT_SECRET);
    const struct secret_snap *old = snapbox_get(w->box, slot);
    struct secret_snap *s = watch_next(w, (const struct snap *)old, sizeof *s, watch_destroy_flat);
    if (old == NULL)
        secret_blank(s);
    secret_read_description(entry, s);
    secret_keep_dates(s, old);
    bool lags = old != NULL && old->last_changed_ms > s->last_changed_ms;
    if (watch_is_focus(w, env) || !tells_enough(s, old)) {
        if (!watch_is_focus(w, env))
            l->describe(l->ctx, env);
        snap_unref(s);
    } else {
        if (lags) /* what was described is newer than what is listed */
            copy_described(s, old);
        secret_find_since(s, old, clock_wall_ms(w->clock));
        watch_close(w, &s->snap, ERR_OK, NULL, w->conf->secret_poll_ms);
        snapbox_put(w->box, slot, &s->snap);
    }
    snap_unref(old);
}

static void take_entry(struct listing *l, const json_t *entry)
{
    const char *name = json_text(entry, "Name", NULL), *arn = json_text(entry, "ARN", NULL);
    if (name == NULL)
        return;
    struct listed_env key = {.name = name};
    struct listed_env *e = bsearch(&key, l->envs, l->n, sizeof key, by_name);
    if (e == NULL)
        return;
    while (e > l->envs && strcmp(e[-1].name, name) == 0)
        e--;
    for (; e < l->envs + l->n && strcmp(e->name, name) == 0; e++)
        if (e->arn == NULL || (arn != NULL && strncmp(arn, e->arn, strlen(e->arn)) == 0)) {
            e->found = true;
            publish(l, e->env, entry);
        }
}

/* ------------------------------------------------------------------ pages */

static void add_filter(struct strbuf *b, const struct listing *l, size_t from)
{
    strbuf_str(b, ",\"Filters\":[{\"Key\":\"name\",\"Values\":[");
    for (size_t i = from; i < l->n && i < from + NAMES_PER_CALL; i++) {
        strbuf_str(b, i > from ? "," : "");
        strbuf_json(b, l->envs[i].name, strlen(l->envs[i].name));
    }
    strbuf_str(b, "]}]");
}

/* One call; the next page's token replaces l->token ("" at the end). */
static enum err page(struct listing *l, struct watch_worker *w, const char *filter, bool reserved, struct why *why)
{
    struct aws_target target = watch_target(l->w, l->envs[0].env);
    struct strbuf body;
    struct aws_reply reply;
    target.reserved = reserved;
    strbuf_init(&body, 64 * 1024);
    strbuf_str(&body, "{\"MaxResults\":100,\"IncludePlannedDeletion\":true");
    strbuf_str(&body, filter);
    if (l->token[0] != '\0') {
        strbuf_str(&body, ",\"NextToken\":");
        strbuf_json(&body, l->token, strlen(l->token));
    }
    strbuf_char(&body, '}');
    enum err err = aws_call(w->aws, &target, AWS_LIST_SECRETS, strbuf_peek(&body), l->w->conf->call_deadline_ms, &reply,
                            l->w->cancel, why);
    strbuf_clear(&body);
    json_t *o = err == ERR_OK ? json_read_object(reply.body, reply.len, why) : NULL;
    if (err == ERR_OK && o == NULL)
        err = ERR_MALFORMED;
    if (err != ERR_OK)
        return err;
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(o, "SecretList"), i, entry) take_entry(l, entry);
    const char *next = json_text(o, "NextToken", NULL);
    if (next != NULL && next[0] != '\0' && (strcmp(next, l->token) == 0 || strlen(next) >= TOKEN_MAX))
        err = why_set(why, ERR_MALFORMED, "ListSecrets gave a page token that cannot lead on");
    else
        (void)str_copy(l->token, TOKEN_MAX, next != NULL ? next : "");
    json_decref(o);
    return err;
}

/* Pages through the account, as long as that is no more calls than asking by name. */
static enum err list_account(struct listing *l, struct watch_worker *w, struct why *why)
{
    l->token[0] = '\0';
    size_t pages = 0, worthwhile = (l->n + NAMES_PER_CALL - 1) / NAMES_PER_CALL;
    enum err err;
    do {
        err = page(l, w, "", pages == 0, why);
        pages++;
    } while (err == ERR_OK && l->token[0] != '\0' && pages < worthwhile);
    l->by_name = err == ERR_OK && l->token[0] != '\0';
    return err;
}

static enum err list_by_name(struct listing *l, struct watch_worker *w, bool reserved, struct why *why)
{
    enum err err = ERR_OK;
    for (size_t from = 0; from < l->n && err == ERR_OK; from += NAMES_PER_CALL) {
        bool missing = false;
        for (size_t i = from; i < l->n && i < from + NAMES_PER_CALL; i++)
            missing |= !l->envs[i].found;
        if (!missing)
            continue;
        struct strbuf filter;
        l->token[0] = '\0';
        strbuf_init(&filter, 48 * 1024);
        add_filter(&filter, l, from);
        int pages = 0;
        do
            err = page(l, w, strbuf_peek(&filter), reserved && from == 0 && pages == 0, why);
        while (err == ERR_OK && l->token[0] != '\0' && ++pages < 20); /* a name is a prefix: others may share it */
        strbuf_clear(&filter);
    }
    return err;
}

/* The try failed: every environment keeps its data and says why. */
static void publish_failure(struct listing *l, enum err err, const struct why *why, int64_t delay)
{
    for (size_t i = 0; i < l->n; i++) {
        size_t slot = watch_slot(l->envs[i].env, SLOT_SECRET);
        if (l->envs[i].found || watch_is_focus(l->w, l->envs[i].env))
            continue;
        const struct secret_snap *old = snapbox_get(l->w->box, slot);
        struct secret_snap *s = watch_next(l->w, (const struct snap *)old, sizeof *s, watch_destroy_flat);
        if (old == NULL)
            secret_blank(s);
        snap_unref(old);
        watch_close(l->w, &s->snap, err, why, delay);
        snapbox_put(l->w->box, slot, &s->snap);
    }
}

int64_t listing_turn(struct listing *l, struct watch_worker *w)
{
    struct aws_target target = watch_target(l->w, l->envs[0].env);
    int64_t now = clock_mono_ms(clock_real());
    if (l->slot_mono_ms == 0)
        l->slot_mono_ms = aws_reserve(l->w->gate, &target, AWS_LIST_SECRETS);
    if (l->slot_mono_ms > now)
        return l->slot_mono_ms - now;
    l->slot_mono_ms = 0;

    struct why why = {0};
    for (size_t i = 0; i < l->n; i++)
        l->envs[i].found = false;
    enum err err = ERR_OK;
    bool asked = l->by_name;
    if (!l->by_name)
        err = list_account(l, w, &why);
    if (err == ERR_OK && l->by_name)
        err = list_by_name(l, w, asked, &why);
    if (err == ERR_CANCELLED)
        return 0;
    if (err == ERR_DENIED) {
        atomic_store(&l->denied_until_mono_ms, clock_mono_ms(l->w->clock) + RETRY_DENIED_MS);
        for (size_t i = 0; i < l->n; i++)
            l->describe(l->ctx, l->envs[i].env);
        return RETRY_DENIED_MS;
    }
    struct snap backoff = {0};
    int64_t delay = watch_delay(&backoff, err, l->w->conf->secret_poll_ms);
    if (err != ERR_OK)
        publish_failure(l, err, &why, delay);
    else
        for (size_t i = 0; i < l->n; i++)
            if (!l->envs[i].found && !watch_is_focus(l->w, l->envs[i].env))
                l->describe(l->ctx, l->envs[i].env);
    return delay;
}
