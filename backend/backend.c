/* Wiring: pools, watches, the snapshot box, the gate.  The only file that knows them
 * all; no logic beyond start, look and stop.
 *
 * Slots of the box: SLOTS an environment, then one for each distinct (profile, region,
 * endpoint): who we are there.  The secrets pool works on both kinds of item. */
#include "backend/backend.h"

#include <signal.h>

#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/wake.h"
#include "backend/watch/pool.h"
#include "backend/watch/watch.h"

struct backend {
    struct watch watch;             /* fixed after start */
    struct cancel *cancel;
    struct wake *wake;
    struct snapbox *box;
    struct classifier *classifier;
    struct aws_gate *gate;
    struct follower **followers;    /* one an environment; the logs pool works on one at a time */
    size_t *identity_of;            /* environment -> index among identities */
    size_t *identity_env;           /* identity -> an environment that has it */
    size_t nidentities;
    size_t *secret_env, nsecrets;   /* items of the secrets pool: environments with a secret */
    size_t *log_env, nlogs;         /* items of the logs pool: environments with log groups */
    struct pool *secrets, *logs, *databases;
};

/* ------------------------------------------------------------------ turns */

struct secrets_worker { struct backend *b; struct watch_worker *w; };

static void *secrets_worker_new(void *ctx)
{
    struct secrets_worker *s = mem_new(sizeof *s);
    s->b = ctx;
    s->w = watch_worker_new(&s->b->watch);
    return s;
}

static void secrets_worker_free(void *worker)
{
    struct secrets_worker *s = worker;
    watch_worker_free(s->w);
    free(s);
}

static size_t identity_slot(const struct backend *b, size_t identity)
{
    return b->watch.conf->nenvironments * SLOTS + identity;
}

/* Identities come first: they say whether our keys are any good. */
static int64_t secrets_turn(void *worker, size_t item)
{
    struct secrets_worker *s = worker;
    if (item < s->b->nidentities)
        return watch_identity_turn(s->w, s->b->identity_env[item], identity_slot(s->b, item));
    return watch_secret_turn(s->w, s->b->secret_env[item - s->b->nidentities]);
}

static int64_t logs_turn(void *worker, size_t item)
{
    struct secrets_worker *s = worker;
    return follower_turn(s->b->followers[s->b->log_env[item]], s->w->aws);
}

static int64_t databases_turn(void *worker, size_t item) { return watch_database_turn(((struct secrets_worker *)worker)->w, item); }

/* ------------------------------------------------------------------ start */

static bool same_text(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

static bool same_identity(const struct config_environment *a, const struct config_environment *b)
{
    return same_text(a->profile, b->profile) && same_text(a->region, b->region) &&
           same_text(a->endpoint_url, b->endpoint_url);
}

static bool has_logs(const struct config_environment *e) { return e->log_groups != NULL && e->log_groups[0] != NULL; }

/* Development environments never call AWS; they have no identity unless they have logs. */
static bool uses_aws(const struct config_environment *e) { return e->mode == CONFIG_PRODUCTION || has_logs(e); }

static void sort_items(struct backend *b)
{
    const struct config *conf = b->watch.conf;
    size_t n = conf->nenvironments;
    b->identity_of = mem_array(n, sizeof(size_t));
    b->identity_env = mem_array(n, sizeof(size_t));
    b->secret_env = mem_array(n, sizeof(size_t));
    b->log_env = mem_array(n, sizeof(size_t));
    for (size_t i = 0; i < n; i++) {
        const struct config_environment *e = &conf->environments[i];
        size_t id = uses_aws(e) ? 0 : SIZE_MAX;
        while (id < b->nidentities && !same_identity(e, &conf->environments[b->identity_env[id]]))
            id++;
        if (id == b->nidentities)
            b->identity_env[b->nidentities++] = i;
        b->identity_of[i] = id;
        if (e->mode == CONFIG_PRODUCTION)
            b->secret_env[b->nsecrets++] = i;
        if (has_logs(e))
            b->log_env[b->nlogs++] = i;
    }
}

static struct pool *start_pool(struct backend *b, const char *name, unsigned threads, size_t items,
                               int64_t (*turn)(void *, size_t), struct why *why)
{
    struct pool_settings s = {.name = name, .threads = threads, .items = items, .worker_new = secrets_worker_new,
                              .worker_free = secrets_worker_free, .turn = turn, .ctx = b, .cancel = b->cancel};
    return pool_start(&s, why);
}

struct backend *backend_start(const struct config *conf, const struct backend_settings *settings, struct why *why)
{
    (void)signal(SIGPIPE, SIG_IGN);   /* sockets break; they must not end the program */
    json_global_init();
    transport_curl_global_init();
    struct backend *b = mem_new(sizeof *b);
    size_t n = conf->nenvironments;
    b->cancel = cancel_new(NULL);
    b->wake = wake_new();
    b->classifier = classifier_new(&conf->patterns);
    b->watch = (struct watch){.conf = conf, .clock = settings->clock != NULL ? settings->clock : clock_real(),
                              .cancel = b->cancel, .classifier = b->classifier, .audit = settings->audit};
    b->gate = aws_gate_new(&(struct aws_gate_settings){.audit = settings->audit, .clock = b->watch.clock});
    sort_items(b);
    b->box = snapbox_new(n * SLOTS + b->nidentities, b->wake);
    b->watch.gate = b->gate;
    b->watch.box = b->box;
    b->followers = mem_array(n, sizeof(struct follower *));
    for (size_t i = 0; i < b->nlogs; i++)
        b->followers[b->log_env[i]] = follower_new(&b->watch, b->log_env[i]);

    if ((b->secrets = start_pool(b, "secrets", conf->secret_threads, b->nidentities + b->nsecrets, secrets_turn, why)) == NULL ||
        (b->logs = start_pool(b, "logs", conf->log_threads, b->nlogs, logs_turn, why)) == NULL ||
        (b->databases = start_pool(b, "databases", conf->database_threads, n, databases_turn, why)) == NULL)
        return backend_stop(b);
    return b;
}

/* ------------------------------------------------------------------- look */

int backend_wake_fd(const struct backend *b) { return wake_fd(b->wake); }

void backend_wake_drain(struct backend *b) { wake_drain(b->wake); }

static void look_at_env(struct backend *b, size_t i, struct env_view *v)
{
    *v = (struct env_view){.conf = &b->watch.conf->environments[i],
                           .secret = snapbox_get(b->box, watch_slot(i, SLOT_SECRET)),
                           .logs = snapbox_get(b->box, watch_slot(i, SLOT_LOGS)),
                           .db = snapbox_get(b->box, watch_slot(i, SLOT_DATABASE))};
    if (b->identity_of[i] != SIZE_MAX)
        v->identity = snapbox_get(b->box, identity_slot(b, b->identity_of[i]));
}

struct board *backend_board(struct backend *b)
{
    struct board *board = mem_new(sizeof *board);
    struct aws_meter meter;
    aws_gate_meter(b->gate, &meter);
    *board = (struct board){
        .conf = b->watch.conf, .audit = b->watch.audit, .memory_locked = secret_memory_locked(),
        .mono_ms = clock_mono_ms(b->watch.clock), .wall_ms = clock_wall_ms(b->watch.clock),
        .calls_per_minute = meter.per_minute, .calls_total = meter.total, .calls_failed = meter.failed,
        .calls_throttled = meter.throttled, .calls_refused = meter.refused, .clock_skew_ms = meter.skew_ms,
        .n = b->watch.conf->nenvironments,
    };
    board->envs = mem_array(board->n, sizeof *board->envs);
    for (size_t i = 0; i < board->n; i++)
        look_at_env(b, i, &board->envs[i]);
    return board;
}

/* A try has ended; for the logs, the past has been read or reading it failed. */
static bool env_settled(const struct backend *b, const struct env_view *v, size_t i)
{
    bool secret = v->conf->mode != CONFIG_PRODUCTION || v->secret != NULL;
    bool logs = !has_logs(v->conf) || (v->logs != NULL && (!v->logs->backfilling || v->logs->snap.failures > 0));
    bool identity = b->identity_of[i] == SIZE_MAX || v->identity != NULL;
    return secret && logs && identity && v->db != NULL;
}

bool backend_settled(struct backend *b)
{
    struct board *board = backend_board(b);
    bool settled = true;
    for (size_t i = 0; i < board->n && settled; i++)
        settled = env_settled(b, &board->envs[i], i);
    board = board_free(board);
    return settled;
}

void backend_refresh(struct backend *b, size_t env)
{
    for (size_t i = 0; i < b->nsecrets; i++)
        if (env == SIZE_MAX || b->secret_env[i] == env)
            pool_nudge(b->secrets, b->nidentities + i);
    for (size_t i = 0; i < b->nlogs; i++)
        if (env == SIZE_MAX || b->log_env[i] == env)
            pool_nudge(b->logs, i);
    for (size_t i = 0; i < b->watch.conf->nenvironments; i++)
        if (env == SIZE_MAX || i == env)
            pool_nudge(b->databases, i);
}

/* ------------------------------------------------------------------- stop */

struct backend *backend_stop(struct backend *b)
{
    if (b == NULL)
        return NULL;
    cancel_trigger(b->cancel);
    b->secrets = pool_stop(b->secrets);
    b->logs = pool_stop(b->logs);
    b->databases = pool_stop(b->databases);
    for (size_t i = 0; i < b->watch.conf->nenvironments; i++)
        b->followers[i] = follower_free(b->followers[i]);
    b->box = snapbox_free(b->box);
    b->gate = aws_gate_free(b->gate);
    b->classifier = classifier_free(b->classifier);
    b->wake = wake_free(b->wake);
    b->cancel = cancel_free(b->cancel);
    free(b->followers);
    free(b->identity_of);
    free(b->identity_env);
    free(b->secret_env);
    free(b->log_env);
    free(b);
    return NULL;
}
