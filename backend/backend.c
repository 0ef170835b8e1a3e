/* Wiring: pools, watches, the snapshot box, the gate.  The only file that knows them
 * all; no logic beyond start, look and stop.
 *
 * Slots of the box: SLOTS an environment, then one for each distinct (profile, region,
 * endpoint): who we are there.  The secrets pool works on both kinds of item. */
#include "backend/backend.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "backend/actions/action.h"
#include "backend/actions/journal.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"
#include "backend/base/wake.h"
#include "backend/journal_view.h"
#include "backend/journal_watch.h"
#include "backend/mfa.h"
#include "backend/watch/classifiers.h"
#include "backend/watch/insights.h"
#include "backend/watch/pool.h"
#include "backend/watch/watch.h"

#define LISTING_WORTHWHILE 2
#define EXTRA_THREADS_MAX 160 /* of each pool, for peers that hang */
#define LISTED_FIRST_MS (10 * 60 * 1000)
#define NEVER_MS (24LL * 60 * 60 * 1000) /* an item without work */
/* Functions change when somebody deploys.  Whatever their number, all together are some six
 * calls a minute; and a dashboard that starts looks at a few at once and at the others by and by. */
#define FUNCTION_PERIOD_MS (10LL * 60 * 1000)
#define FUNCTION_APART_MS (20LL * 1000)
#define FUNCTIONS_AT_ONCE 20
#define FUNCTION_FIRST_APART_MS 3000

struct backend {
    struct watch watch; /* fixed after start, but for the focus */
    struct cancel *cancel;
    struct wake *wake;
    struct snapbox *box;
    struct classifiers classifiers;
    struct aws_gate *gate;
    struct follower **followers; /* one an environment; the logs pool works on one at a time */
    size_t *identity_of;         /* environment -> index among identities */
    size_t *identity_env;        /* identity -> an environment that has it */
    size_t nidentities;
    size_t *secret_env, nsecrets;     /* items of the secrets pool: environments with a secret */
    size_t *secret_item;              /* environment -> its item there */
    atomic_bool *describe_wanted;     /* by environment: its next turn must describe it */
    bool *secret_begun;               /* by environment: its item has had a turn (one thread at a time) */
    struct listing **listings;        /* by identity; NULL where describing is as cheap */
    struct insights **insights;       /* by identity: what reads their logs' past when pages do not */
    size_t *log_env, nlogs;           /* items of the logs pool: environments with log groups */
    size_t *function_env, nfunctions; /* items of the secrets pool: environments with a function or log groups */
    bool *function_begun;             /* by item, one thread at a time: its first look has been given a time */
    atomic_bool *function_wanted;     /* by item: look at its next turn, whatever the time */
    enum backend_posture posture;
    bool posture_looked; /* the main thread's */
    struct pool *secrets, *logs, *databases;
    struct journal *journal; /* NULL: off */
    char journal_path[4096];
    struct journal_watch *journal_watch; /* NULL: no journal is kept */
    struct actions *actions;
    struct mfa *mfa;
    bool orders_only;
    bool no_databases;
};

/* ------------------------------------------------------------------ turns */

struct lane_worker {
    struct backend *b;
    struct watch_worker *w;
}; /* a pool thread's */

static void *lane_worker_new(void *ctx)
{
    struct lane_worker *s = mem_new(sizeof *s);
    s->b = ctx;
    s->w = watch_worker_new(&s->b->watch);
    return s;
}

static void lane_worker_free(void *worker)
{
    struct lane_worker *s = worker;
    watch_worker_free(s->w);
    free(s);
}

static size_t identity_slot(const struct backend *b, size_t identity)
{
    return b->watch.conf->nenvironments * SLOTS + identity;
}

static size_t orders_slot(const struct backend *b)
{
    return identity_slot(b, b->nidentities);
}

static size_t journal_slot(const struct backend *b)
{
    return orders_slot(b) + 1;
}

/* Items of the secrets pool: identities (they say whether our keys are any good), then a
 * listing for each, then the secrets, then the functions. */
static size_t item_of_secret(const struct backend *b, size_t i)
{
    return 2 * b->nidentities + i;
}

static size_t item_of_function(const struct backend *b, size_t i)
{
    return item_of_secret(b, b->nsecrets) + i;
}

static void relabel(struct backend *b, size_t env)
{
    if (b->followers[env] != NULL)
        follower_relabel(b->followers[env]);
}

static int64_t function_turn(struct lane_worker *s, size_t i)
{
    struct backend *b = s->b;
    size_t env = b->function_env[i];
    bool wanted = atomic_exchange(&b->function_wanted[i], false) || b->posture == POSTURE_AT_ONCE;
    bool first = !b->function_begun[i];
    b->function_begun[i] = true;
    if (first && !wanted && i >= FUNCTIONS_AT_ONCE)
        return (int64_t)(i - FUNCTIONS_AT_ONCE + 1) * FUNCTION_FIRST_APART_MS;
    int64_t period = (int64_t)b->nfunctions * FUNCTION_APART_MS;
    return watch_function_turn(s->w, env, period > FUNCTION_PERIOD_MS ? period : FUNCTION_PERIOD_MS);
}

static int64_t secrets_turn(void *worker, size_t item)
{
    struct lane_worker *s = worker;
    struct backend *b = s->b;
    if (item < b->nidentities)
        return watch_identity_turn(s->w, b->identity_env[item], identity_slot(b, item));
    item -= b->nidentities;
    if (item < b->nidentities) {
        int64_t delay = b->listings[item] != NULL ? listing_turn(b->listings[item], s->w) : NEVER_MS;
        for (size_t i = 0; i < b->nsecrets; i++)
            if (b->identity_of[b->secret_env[i]] == item)
                relabel(b, b->secret_env[i]);
        return delay;
    }
    item -= b->nidentities;
    if (item >= b->nsecrets)
        return function_turn(s, item - b->nsecrets);
    size_t env = b->secret_env[item];
    bool listed = listing_covers(b->listings[b->identity_of[env]]);
    bool wanted = atomic_exchange(&b->describe_wanted[env], false) || watch_is_focus(&b->watch, env);
    bool first = !b->secret_begun[env];
    b->secret_begun[env] = true;
    if (listed && first && !wanted)
        return LISTED_FIRST_MS; /* the listing speaks first, and says whom to describe */
    int64_t delay = watch_secret_turn(s->w, env, listed);
    relabel(b, env);
    return delay;
}

/* A listing found that this secret must be described. */
static void describe(void *ctx, size_t env)
{
    struct backend *b = ctx;
    atomic_store(&b->describe_wanted[env], true);
    pool_nudge(b->secrets, item_of_secret(b, b->secret_item[env]));
}

/* Items of the logs pool: the live lanes, the backfill lanes, the queries of each identity. */
static int64_t logs_turn(void *worker, size_t item)
{
    struct lane_worker *s = worker;
    struct backend *b = s->b;
    if (item < b->nlogs)
        return follower_turn(b->followers[b->log_env[item]], s->w->aws);
    if (item >= b->nlogs * (1 + BACKFILL_LANES))
        return insights_turn(b->insights[item - b->nlogs * (1 + BACKFILL_LANES)], s->w->aws);
    int64_t delay = follower_backfill_turn(b->followers[b->log_env[item % b->nlogs]], s->w->aws);
    return delay >= 0 ? delay : NEVER_MS;
}

static int64_t databases_turn(void *worker, size_t item)
{
    return watch_database_turn(((struct lane_worker *)worker)->w, item);
}

/* ------------------------------------------------------------------ start */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_identity(const struct config_environment *a, const struct config_environment *b)
{
    return same_text(a->profile, b->profile) && same_text(a->region, b->region) &&
           same_text(a->endpoint_url, b->endpoint_url) && same_text(a->role_arn, b->role_arn) &&
           same_text(a->external_id, b->external_id) && same_text(a->role_session_name, b->role_session_name);
}

static bool has_logs(const struct config_environment *e)
{
    return e->log_groups != NULL && e->log_groups[0] != NULL;
}

/* Development environments never call AWS; they have no identity unless they have logs. */
static bool uses_aws(const struct config_environment *e)
{
    return e->mode == CONFIG_PRODUCTION || has_logs(e);
}

/* There is a function to look at, or a log group. */
static bool has_posture(const struct backend *b, const struct config_environment *e)
{
    return b->posture != POSTURE_NEVER && e->mode == CONFIG_PRODUCTION && (has_logs(e) || e->function != NULL);
}

static void sort_items(struct backend *b)
{
    const struct config *conf = b->watch.conf;
    size_t n = conf->nenvironments;
    b->identity_of = mem_array(n, sizeof(size_t));
    b->identity_env = mem_array(n, sizeof(size_t));
    b->secret_env = mem_array(n, sizeof(size_t));
    b->log_env = mem_array(n, sizeof(size_t));
    b->function_env = mem_array(n, sizeof(size_t));
    b->function_begun = mem_array(n, sizeof(bool));
    b->function_wanted = mem_array(n, sizeof(atomic_bool));
    b->secret_item = mem_array(n, sizeof(size_t));
    b->describe_wanted = mem_array(n, sizeof(atomic_bool));
    b->secret_begun = mem_array(n, sizeof(bool));
    for (size_t i = 0; i < n; i++) {
        const struct config_environment *e = &conf->environments[i];
        size_t id = uses_aws(e) ? 0 : SIZE_MAX;
        while (id < b->nidentities && !same_identity(e, &conf->environments[b->identity_env[id]]))
            id++;
        if (id == b->nidentities)
            b->identity_env[b->nidentities++] = i;
        b->identity_of[i] = id;
        b->secret_item[i] = b->nsecrets;
        if (e->mode == CONFIG_PRODUCTION)
            b->secret_env[b->nsecrets++] = i;
        if (has_logs(e))
            b->log_env[b->nlogs++] = i;
        if (has_posture(b, e))
            b->function_env[b->nfunctions++] = i;
    }
}

/* Where a caller watches several secrets in a region, listing them is fewer calls. */
static void make_listings(struct backend *b)
{
    size_t *envs = mem_array(b->nsecrets > 0 ? b->nsecrets : 1, sizeof(size_t));
    b->listings = mem_array(b->nidentities > 0 ? b->nidentities : 1, sizeof(struct listing *));
    for (size_t id = 0; id < b->nidentities; id++) {
        size_t n = 0;
        for (size_t i = 0; i < b->nsecrets; i++)
            if (b->identity_of[b->secret_env[i]] == id)
                envs[n++] = b->secret_env[i];
        if (n >= LISTING_WORTHWHILE)
            b->listings[id] = listing_new(&b->watch, envs, n, describe, b);
    }
    free(envs);
}

static struct pool *new_pool(struct backend *b, const char *name, unsigned threads, size_t items,
                             int64_t (*turn)(void *, size_t))
{
    struct pool_settings s = {.name = name,
                              .threads = threads,
                              .extra_max = EXTRA_THREADS_MAX,
                              .items = items,
                              .worker_new = lane_worker_new,
                              .worker_free = lane_worker_free,
                              .turn = turn,
                              .ctx = b,
                              .cancel = b->cancel};
    return pool_new(&s);
}

/* ---------------------------------------------------------------- journal */

/* By GetCallerIdentity's word; until that has come, by the configuration's. */
static void caller_of(void *ctx, size_t env, char *out, size_t size)
{
    struct backend *b = ctx;
    const struct config_environment *e = &b->watch.conf->environments[env];
    const struct identity_snap *s =
        b->identity_of[env] != SIZE_MAX ? snapbox_get(b->box, identity_slot(b, b->identity_of[env])) : NULL;
    if (s != NULL && s->arn[0] != '\0')
        (void)str_copy(out, size, s->arn);
    else
        (void)str_fmt(out, size, "%s%s%s%s", e->profile != NULL ? "profile " : "", e->profile != NULL ? e->profile : "",
                      e->role_arn != NULL ? " role " : "", e->role_arn != NULL ? e->role_arn : "");
    snap_unref(s);
}

/* Before anything is sent that reveals or changes.  The database watch reads its secrets
 * again and again, and the function watch configurations: of each, one line a session stands
 * for all of them (CloudTrail has every call; a chain that is full of them has no readers). */
static enum err journal_call(void *ctx, const struct aws_op_row *row, const struct aws_target *t, const char *resource,
                             struct why *why)
{
    struct backend *b = ctx;
    const struct aws_order *o = t->order;
    char words[160];
    struct journal_entry e = {.kind = JOURNAL_CALL, .operation = row->name, .resource = resource};
    if (o != NULL) {
        e.order = o->id;
        e.order_name = o->name;
        e.env = o->env;
        e.version_before = o->version_before;
        e.version_after = o->version_after;
        e.keys = o->keys;
    } else if (row->class == AWS_NAMES) {
        (void)str_fmt(words, sizeof words,
                      "the function watch reads configurations of %zu functions; of their variables it keeps names",
                      b->nfunctions);
        e = (struct journal_entry){.kind = JOURNAL_WATCH, .operation = row->name, .words = words};
    } else if (row->class == AWS_REVEALS) {
        (void)str_fmt(words, sizeof words, "the database watch reads secrets of %zu environments every %lld s",
                      b->nsecrets, (long long)(b->watch.conf->database_poll_ms / 1000));
        e = (struct journal_entry){.kind = JOURNAL_WATCH, .operation = row->name, .words = words};
    }
    return journal_write(b->journal, &e, why);
}

/* Without a place for it every line fails, and so does what wanted to be written down.
 * Restricted, nothing is sent that would be, and the file is only looked at. */
static void open_journal(struct backend *b, const struct clock *clock, bool restricted)
{
    const struct config *conf = b->watch.conf;
    if (conf->journal != NULL && strcmp(conf->journal, "off") == 0)
        return;
    bool placed = journal_place(conf->journal, b->journal_path, sizeof b->journal_path, NULL);
    if (restricted)
        return;
    b->journal = journal_new(&(struct journal_settings){.path = placed ? b->journal_path : NULL,
                                                        .syslog = conf->syslog,
                                                        .audit = b->watch.audit,
                                                        .clock = clock,
                                                        .cancel = b->cancel});
}

static void look_again(void *ctx, size_t env)
{
    backend_refresh(ctx, env);
}

/* A past is to be queried. */
static void query(void *ctx, size_t identity)
{
    struct backend *b = ctx;
    pool_nudge(b->logs, b->nlogs * (1 + BACKFILL_LANES) + identity);
}

struct backend *backend_start(const struct config *conf, const struct backend_settings *settings, struct why *why)
{
    (void)signal(SIGPIPE, SIG_IGN); /* sockets break; they must not end the program */
    json_global_init();
    transport_curl_global_init();
    struct backend *b = mem_new(sizeof *b);
    size_t n = conf->nenvironments;
    b->posture = settings->posture;
    b->cancel = cancel_new(NULL);
    b->wake = wake_new();
    b->mfa = b->wake != NULL ? mfa_new(b->wake) : NULL;
    if (b->cancel == NULL || b->mfa == NULL) {
        (void)why_set(why, ERR_SYSTEM, "no descriptor to wake threads by: %s", strerror(errno));
        mfa_free(b->mfa);
        wake_free(b->wake);
        cancel_free(b->cancel);
        free(b);
        return NULL;
    }
    classifiers_init(&b->classifiers, conf);
    b->watch = (struct watch){.conf = conf,
                              .clock = settings->clock != NULL ? settings->clock : clock_real(),
                              .cancel = b->cancel,
                              .classifiers = b->classifiers.of,
                              .audit = settings->audit,
                              .rows_max = settings->rows_max};
    b->no_databases = settings->no_databases;
    atomic_init(&b->watch.focus, SIZE_MAX);
    open_journal(b, b->watch.clock, settings->restricted);
    b->gate = aws_gate_new(&(struct aws_gate_settings){.audit = settings->audit,
                                                       .audit_names = conf->audit_function_names,
                                                       .clock = b->watch.clock,
                                                       .quota_share = conf->quota_percent / 100.0,
                                                       .journal = b->journal != NULL ? journal_call : NULL,
                                                       .journal_ctx = b});
    if (settings->restricted)
        identity_store_restrict(aws_gate_identities(b->gate), conf->aws_config_file, conf->aws_credentials_file);
    else
        identity_store_set_files(aws_gate_identities(b->gate), conf->aws_config_file, conf->aws_credentials_file);
    if (settings->can_ask)
        identity_store_set_mfa(aws_gate_identities(b->gate), mfa_ask, b->mfa);
    sort_items(b);
    b->box = snapbox_new(journal_slot(b) + 1, b->wake);
    b->watch.gate = b->gate;
    b->watch.box = b->box;
    make_listings(b);
    b->followers = mem_array(n, sizeof(struct follower *));
    b->insights = mem_array(b->nidentities > 0 ? b->nidentities : 1, sizeof(struct insights *));
    for (size_t i = 0; i < b->nidentities; i++)
        b->insights[i] = insights_new(&b->watch, b->identity_env[i], query, b, i);
    for (size_t i = 0; i < b->nlogs; i++) {
        b->followers[b->log_env[i]] = follower_new(&b->watch, b->log_env[i]);
        follower_may_query(b->followers[b->log_env[i]], b->insights[b->identity_of[b->log_env[i]]]);
    }

    b->secrets = new_pool(b, "secrets", conf->secret_threads, item_of_function(b, b->nfunctions), secrets_turn);
    b->logs = new_pool(b, "logs", conf->log_threads, b->nlogs * (1 + BACKFILL_LANES) + b->nidentities, logs_turn);
    b->databases = new_pool(b, "databases", conf->database_threads, n, databases_turn);
    b->actions = actions_new(&(struct actions_settings){.watch = &b->watch,
                                                        .slot = orders_slot(b),
                                                        .journal = b->journal,
                                                        .caller = caller_of,
                                                        .refresh = look_again,
                                                        .ctx = b});
    if (b->journal != NULL || (settings->restricted && b->journal_path[0] != '\0'))
        b->journal_watch = journal_watch_new(&(struct journal_watch_settings){.path = b->journal_path,
                                                                              .box = b->box,
                                                                              .slot = journal_slot(b),
                                                                              .clock = b->watch.clock,
                                                                              .cancel = b->cancel});
    b->orders_only = settings->orders_only;
    return settings->held || backend_go(b, why) == ERR_OK ? b : backend_stop(b);
}

enum err backend_go(struct backend *b, struct why *why)
{
    enum err err = actions_start(b->actions, why);
    if (b->orders_only || err != ERR_OK)
        return err;
    if ((err = pool_start(b->secrets, why)) != ERR_OK || (err = pool_start(b->logs, why)) != ERR_OK)
        return err;
    if (!b->no_databases && (err = pool_start(b->databases, why)) != ERR_OK)
        return err;
    return b->journal_watch != NULL ? journal_watch_start(b->journal_watch, why) : ERR_OK;
}

/* ------------------------------------------------------------------- look */

int backend_wake_fd(const struct backend *b)
{
    return wake_fd(b->wake);
}

void backend_wake_drain(struct backend *b)
{
    wake_drain(b->wake);
}

static void look_at_env(struct backend *b, size_t i, struct env_view *v)
{
    *v = (struct env_view){.conf = &b->watch.conf->environments[i],
                           .secret = snapbox_get(b->box, watch_slot(i, SLOT_SECRET)),
                           .logs = snapbox_get(b->box, watch_slot(i, SLOT_LOGS)),
                           .db = snapbox_get(b->box, watch_slot(i, SLOT_DATABASE)),
                           .function = snapbox_get(b->box, watch_slot(i, SLOT_FUNCTION))};
    if (b->identity_of[i] != SIZE_MAX)
        v->identity = snapbox_get(b->box, identity_slot(b, b->identity_of[i]));
}

static void fill_calls(struct board *board, const struct aws_meter *meter)
{
    for (size_t op = 0; op < AWS_OPS && board->ncalls < CALL_ROWS; op++) {
        if (meter->by_op[op] == 0)
            continue;
        const char *name = aws_op_row((enum aws_op)op)->name;
        size_t at = 0; /* two rows may be one operation */
        while (at < board->ncalls && strcmp(board->calls[at].name, name) != 0)
            at++;
        board->ncalls += at == board->ncalls;
        struct call_row *r = &board->calls[at];
        (void)str_copy(r->name, sizeof r->name, name);
        r->total += meter->by_op[op];
        r->per_minute += meter->per_minute_by_op[op];
        r->dollars_per_month = r->per_minute * 60 * 24 * 30 * aws_op_dollars((enum aws_op)op);
    }
}

struct board *backend_board(struct backend *b)
{
    struct board *board = mem_new(sizeof *board);
    struct aws_meter meter;
    aws_gate_meter(b->gate, &meter);
    *board = (struct board){
        .conf = b->watch.conf,
        .audit = b->watch.audit,
        .journal_off = b->journal_watch == NULL,
        .memory_locked = secret_memory_locked(),
        .mono_ms = clock_mono_ms(b->watch.clock),
        .wall_ms = clock_wall_ms(b->watch.clock) + meter.skew_ms,
        .calls_per_minute = meter.per_minute,
        .calls_total = meter.total,
        .calls_failed = meter.failed,
        .calls_throttled = meter.throttled,
        .calls_refused = meter.refused,
        .clock_skew_ms = meter.skew_ms,
        .dollars_per_month = meter.dollars_per_month,
        .n = b->watch.conf->nenvironments,
    };
    board->orders = snapbox_get(b->box, orders_slot(b));
    board->journal = snapbox_get(b->box, journal_slot(b));
    fill_calls(board, &meter);
    board->envs = mem_array(board->n, sizeof *board->envs);
    for (size_t i = 0; i < board->n; i++)
        look_at_env(b, i, &board->envs[i]);
    return board;
}

/* A try has ended; for the logs, the past has been read or reading it failed. */
static bool env_settled(const struct backend *b, const struct env_view *v, size_t i)
{
    bool secret = v->conf->mode != CONFIG_PRODUCTION || v->secret != NULL;
    bool told = v->logs != NULL && (v->logs->label_known || v->secret == NULL || v->secret->snap.good_mono_ms < 0);
    bool logs =
        !has_logs(v->conf) || (v->logs != NULL && ((told && !v->logs->backfilling) || v->logs->snap.failures > 0));
    bool identity = b->identity_of[i] == SIZE_MAX || v->identity != NULL;
    bool function = !has_posture(b, v->conf) || v->function != NULL;
    return secret && logs && identity && function && (v->db != NULL || b->no_databases);
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

static void look_at_function(struct backend *b, size_t i)
{
    atomic_store(&b->function_wanted[i], true);
    pool_nudge(b->secrets, item_of_function(b, i));
}

void backend_look_at_posture(struct backend *b, bool wanted)
{
    bool begins = wanted && !b->posture_looked;
    b->posture_looked = wanted;
    for (size_t i = 0; begins && i < b->nfunctions; i++) {
        const struct snap *seen = snapbox_get(b->box, watch_slot(b->function_env[i], SLOT_FUNCTION));
        if (seen == NULL)
            look_at_function(b, i);
        snap_unref(seen);
    }
}

void backend_refresh(struct backend *b, size_t env)
{
    mfa_again(b->mfa);
    journal_watch_again(b->journal_watch);
    identity_retry(aws_gate_identities(b->gate));
    for (size_t i = 0; env == SIZE_MAX && i < b->nidentities; i++)
        pool_nudge(b->secrets, b->nidentities + i); /* the listings */
    for (size_t i = 0; i < b->nsecrets; i++)
        if (b->secret_env[i] == env ||
            (env == SIZE_MAX && !listing_covers(b->listings[b->identity_of[b->secret_env[i]]])))
            describe(b, b->secret_env[i]);
    /* All of them together only while they are what is looked at. */
    for (size_t i = 0; i < b->nfunctions; i++)
        if (b->function_env[i] == env || (env == SIZE_MAX && b->posture_looked))
            look_at_function(b, i);
    for (size_t i = 0; i < b->nlogs; i++)
        if (env == SIZE_MAX || b->log_env[i] == env)
            pool_nudge(b->logs, i);
    for (size_t i = 0; i < b->watch.conf->nenvironments; i++)
        if (env == SIZE_MAX || i == env)
            pool_nudge(b->databases, i);
}

void backend_focus(struct backend *b, size_t env)
{
    if (atomic_exchange(&b->watch.focus, env) != env && env != SIZE_MAX)
        backend_refresh(b, env);
}

void backend_look_at_journal(struct backend *b, bool wanted)
{
    journal_watch_look(b->journal_watch, wanted);
}

uint64_t backend_order(struct backend *b, const struct order *o, struct why *why)
{
    ASSERT(o->env < b->watch.conf->nenvironments);
    return actions_submit(b->actions, o, why);
}

bool backend_order_cancel(struct backend *b, uint64_t id)
{
    return actions_cancel(b->actions, id);
}

bool backend_psql_take(struct backend *b, uint64_t id, struct psql_start *out)
{
    return actions_psql_take(b->actions, id, out);
}

bool backend_mfa_wanted(struct backend *b, struct mfa_view *out)
{
    return mfa_wanted(b->mfa, out);
}

bool backend_mfa_answer(struct backend *b, uint64_t id, const char *code)
{
    return mfa_answer(b->mfa, id, code);
}

/* ------------------------------------------------------------------- stop */

struct backend *backend_stop(struct backend *b)
{
    if (b == NULL)
        return NULL;
    cancel_trigger(b->cancel);
    b->actions = actions_stop(b->actions); /* first: an order that ends nudges the pools */
    b->secrets = pool_stop(b->secrets);
    b->logs = pool_stop(b->logs);
    b->databases = pool_stop(b->databases);
    b->journal_watch = journal_watch_stop(b->journal_watch);
    for (size_t i = 0; i < b->nidentities; i++)
        b->insights[i] = insights_free(b->insights[i]);
    free(b->insights);
    for (size_t i = 0; i < b->watch.conf->nenvironments; i++)
        b->followers[i] = follower_free(b->followers[i]);
    for (size_t i = 0; i < b->nidentities; i++)
        b->listings[i] = listing_free(b->listings[i]);
    free(b->listings);
    free(b->function_env);
    free(b->function_begun);
    free(b->function_wanted);
    free(b->secret_item);
    free(b->describe_wanted);
    free(b->secret_begun);
    b->box = snapbox_free(b->box);
    b->gate = aws_gate_free(b->gate);
    b->journal = journal_free(b->journal);
    b->mfa = mfa_free(b->mfa);
    classifiers_clear(&b->classifiers);
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
