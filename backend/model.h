/* The model: what is known of each environment, as finished pictures.
 *
 * A watch builds a snapshot alone, publishes it, and never writes it again; the
 * screen and the one-shot commands read the newest of each.  Snapshots are
 * counted; everything else here is plain data.  No secret can be stored in any
 * of these types, and every text in them is already safe to draw (text.h).
 *
 * A failed poll publishes the last good data again, with `tried` newer than
 * `good` and the reason in `why`: the screen keeps its figures, shows their age
 * and says what is wrong.  `-1` is the unknown time, never 0. */
#ifndef CT_MODEL_H
#define CT_MODEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/base/unknown.h"
#include "config/config.h"

/* ------------------------------------------------------------ snapshots */

struct snap {
    atomic_int refs;
    void (*destroy)(struct snap *);
    uint64_t generation;           /* grows by one per publish of this source */
    int64_t good_mono_ms;          /* last success (monotonic); -1: never yet */
    int64_t good_wall_ms;          /* the same on the wall; -1: never yet */
    int64_t tried_mono_ms;         /* last try, good or not; -1: none finished yet */
    int64_t failing_since_wall_ms; /* first failure of this run of failures; -1: the last try was good */
    int64_t next_mono_ms;          /* when it will be tried again */
    int64_t period_ms; /* the refresh in force: idle sources and short quotas stretch it; 0 the configured */
    unsigned failures; /* in a row */
    struct why why;    /* of the last try; ERR_OK when it was good */
};

/* Takes and gives back a reference.  NULL is fine. */
void *snap_ref(const void *snap);
void snap_unref(const void *snap);

/* --------------------------------------------------------------- secret */

enum label { LABEL_CURRENT = 1, LABEL_PENDING = 2, LABEL_PREVIOUS = 4 };

struct version_row {
    char id[65];           /* version id (the ClientRequestToken that made it) */
    unsigned labels;       /* enum label bits */
    char other_labels[64]; /* custom staging labels, comma separated */
    int64_t created_ms;    /* wall; -1 unknown */
};

#define VERSIONS_MAX 12 /* labelled versions; more are not shown */

struct secret_snap {
    struct snap snap;
    char name[256], arn[256], description[128];
    enum tri rotation; /* RotationEnabled */
    char rotation_function[256];
    char rotation_rule[64];  /* "every 30d", "rate(4 hours)"; "" none */
    char owning_service[64]; /* managed by: "rds"; "" nobody */
    char primary_region[32]; /* of a replica; "" when this is the primary */
    char tags[256];          /* "team=payments\n...", as many as there is room for; secret_tag() */
    int64_t created_ms, last_changed_ms, last_rotated_ms, next_rotation_ms, deleted_ms; /* wall, -1 unknown */
    size_t nversions;
    struct version_row versions[VERSIONS_MAX];            /* CURRENT first, then PENDING, PREVIOUS, newest */
    char current_id[65], pending_id[65], previous_id[65]; /* "" when no version has the label */
    int64_t current_since_ms;                             /* when AWSCURRENT moved to where it is; -1 unknown */
    bool current_since_exact;                             /* seen to move, or LastRotatedDate; else a bound */
    int64_t pending_since_ms;                             /* pending version's age when it is not the current one; -1 */
};

/* The value of a tag of the secret; false when it has none of that name. */
bool secret_tag(const struct secret_snap *s, const char *name, char *out, size_t size);

/* ----------------------------------------------------------------- logs */

enum event_kind {
#define EVENT(id, word, name, help) EVENT_##id,
#include "backend/events.def"
#undef EVENT
    EVENT_KINDS
};
const char *event_word(enum event_kind kind); /* "FETCH", for the screen */
const char *event_name(enum event_kind kind); /* "fetches", for JSON */

enum event_flags { EVENT_INFERRED = 1, EVENT_LATE = 2, EVENT_STALE = 4 };

struct event_row {
    int64_t time_ms;     /* the event's own time stamp (wall) */
    int64_t ingested_ms; /* when CloudWatch had it; -1 unknown */
    enum event_kind kind;
    unsigned flags;     /* enum event_flags */
    uint32_t container; /* key of container_row, unique in the environment */
    char stream[40];    /* short form of the log stream's name */
    char holds[9];      /* first of the version id its container held then; "env" fell back; "" unknown */
    char request[37];   /* Lambda request id, "" none */
    const char *text;   /* safe; lives as long as the chunk */
};

/* Immutable, shared between snapshots: a poll's new events, by time. */
struct event_chunk {
    struct snap snap; /* only refs and destroy are used */
    size_t nrows;
    struct event_row *rows;
    size_t bytes; /* what it holds, for the limit */
};

#define CONTAINER_LATELY_MS (10 * 60 * 1000) /* called within this time: active */
enum container_state { CONTAINER_CURRENT, CONTAINER_STALE, CONTAINER_POISONED, CONTAINER_SILENT, CONTAINER_UNKNOWN };
const char *container_state_word(enum container_state s);

struct container_row {
    uint32_t key;     /* stable for the life of the program */
    char stream[128]; /* the log stream's name, safe */
    char group[96];
    enum container_state state;
    bool in_doubt;  /* fetched while the label was moving: "?" */
    char holds[65]; /* version id it holds, inferred from when it fetched; "env" fell back; "" unknown */
    int64_t started_ms, fetched_ms, last_ms, fell_back_ms; /* wall; -1 none seen */
    uint32_t cold_starts, fetches, invocations, hits, stale_hits, fallbacks, fetch_errors, db_errors;
};

/* Counts in steps of half a minute over the last hour, newest last. */
#define SERIES_STEP_MS 30000
#define SERIES_STEPS 120

/* The same of a day in steps of a quarter of an hour, of the kinds that are charted. */
#define DAY_STEP_MS (15 * 60 * 1000)
#define DAY_STEPS 96
enum day_kind { DAY_FETCH, DAY_HIT, DAY_STALE_HIT, DAY_FALLBACK, DAY_DB_ERROR, DAY_KINDS };
static inline enum day_kind day_kind(enum event_kind kind) /* DAY_KINDS: not charted */
{
    static const unsigned char plus_one[EVENT_KINDS] = {
        [EVENT_FETCH] = DAY_FETCH + 1,       [EVENT_HIT] = DAY_HIT + 1,           [EVENT_STALE_HIT] = DAY_STALE_HIT + 1,
        [EVENT_FALLBACK] = DAY_FALLBACK + 1, [EVENT_DB_ERROR] = DAY_DB_ERROR + 1,
    };
    unsigned k = (unsigned)kind < EVENT_KINDS ? plus_one[kind] : 0;
    return k > 0 ? (enum day_kind)(k - 1) : DAY_KINDS;
}

struct log_snap {
    struct snap snap;
    uint64_t total[EVENT_KINDS];                /* since from_ms */
    uint32_t series[EVENT_KINDS][SERIES_STEPS]; /* [k][SERIES_STEPS-1] holds series_end_ms-1 */
    int64_t series_end_ms;                      /* wall, a multiple of the step, exclusive */
    uint32_t day[DAY_KINDS][DAY_STEPS];         /* [k][DAY_STEPS-1] holds day_end_ms-1 */
    int64_t day_end_ms;
    int64_t from_ms;                         /* read without a hole from here... */
    int64_t upto_ms;                         /* ...to here (wall) */
    bool backfilling;                        /* still reading the past... */
    uint32_t backfill_done, backfill_slices; /* ...this many slices of so many, newest first */
    bool label_known;                        /* the secret watch had told when AWSCURRENT moved */
    char engine[200];                        /* what reads the past, and what that costs; "" pages alone */
    bool filtered;                           /* CloudWatch lets only the lines through that count: OTHER is not known */
    uint64_t refused;                        /* late beyond what is remembered: not counted */
    int64_t newest_event_ms;                 /* -1: none seen */
    int64_t first_fetch_ms, last_fetch_ms, last_fallback_ms, last_db_error_ms; /* -1 none */
    char last_db_error[160];                                                   /* its words */
    size_t ncontainers;
    const struct container_row *containers;          /* worst first, then newest; freed with the snapshot */
    size_t active, current, stale, poisoned, silent; /* of ncontainers, by state; active = not silent */
    size_t containers_forgotten;                     /* dropped for the limit */
    uint64_t late, duplicates, unparsed, lines, pages, dropped_rows;
    size_t nchunks;
    struct event_chunk *const *chunks; /* oldest first; references held by the snapshot */
};

/* Sum over the newest `window_ms` (a multiple of the step) at wall time now_ms. */
uint64_t log_count(const struct log_snap *s, enum event_kind kind, int64_t window_ms, int64_t now_ms);
/* hits / (hits + fetches + stale hits) of the window, 0..1; negative: nothing seen. */
double log_hit_ratio(const struct log_snap *s, int64_t window_ms, int64_t now_ms);

/* ------------------------------------------------------------- database */

enum db_phase {
#define PHASE(id, word) PHASE_##id,
#include "backend/phases.def"
#undef PHASE
    PHASE_COUNT
};
const char *db_phase_word(enum db_phase p);

enum db_source { FROM_NOWHERE, FROM_SECRET, FROM_ENVIRONMENT, FROM_CONFIGURATION };
const char *db_source_word(enum db_source s);

enum db_result {
    DB_NOT_TRIED,      /* nothing finished yet */
    DB_LOGIN_OK,       /* logged in and queried */
    DB_LOGIN_FAILED,   /* phase `failed` says where, why says what */
    DB_NO_CREDENTIALS, /* the credential flow gave none: why says what */
    DB_REACHABLE,      /* audit mode: the server answers, no login tried */
    DB_UNREACHABLE     /* audit mode: it does not */
};

#define DB_HISTORY 60

/* The server's certificate as it was shown to us; "" and TIME_UNKNOWN when not known. */
struct db_certificate {
    char subject[128]; /* its common name, or its first name */
    char names[256];   /* all it is for: "db.example, 10.0.0.1" */
    char issuer[128];
    int64_t expires_ms;    /* wall */
    char ca[128];          /* of the authorities above it, the one that ends first... */
    int64_t ca_expires_ms; /* ...and when */
    bool verified;         /* the chain was checked, and the name under verify-full */
};

struct db_snap {
    struct snap snap;
    enum db_result result;         /* of the last try that told something about the database */
    struct why result_why;         /* why it is no good; snap.why is the last try's own */
    enum db_phase failed;          /* with DB_LOGIN_FAILED and DB_UNREACHABLE */
    int32_t phase_us[PHASE_COUNT]; /* microseconds taken; -1 not reached */
    int32_t total_us;              /* -1 */
    char sqlstate[6];              /* of the refusal, "" unknown */
    char host[256], dbname[64], user[64], address[64], sslmode[16];
    uint16_t port;
    enum db_source host_from, port_from, dbname_from, user_from, password_from;
    bool fell_back;                        /* the flow could not fetch and used the environment */
    char version_id[65];                   /* of the secret it used, "" none */
    int server_version;                    /* 150018; 0 unknown */
    char tls_protocol[16], tls_cipher[48]; /* "" no TLS */
    struct db_certificate certificate;
    char auth_method[32]; /* "SCRAM-SHA-256-PLUS", as the server asked; "" unknown */
    char current_user[64];
    bool standby, superuser;
    char password_encryption[24];              /* the server's setting for new passwords; "" unknown */
    int32_t max_connections, used_connections; /* -1 unknown */
    int64_t valid_until_ms;                    /* when the role's password ends (rolvaliduntil); TIME_UNKNOWN never */
    int64_t since_wall_ms;                     /* when this result (ok or this failure) began */
    size_t nhistory;
    int32_t history_us[DB_HISTORY]; /* total_us of the last tries, -1 failed; oldest first */
};

/* ------------------------------------------------------------- function */

/* The variables whose values are kept: none of them is a secret. */
enum function_variable {
    FUNCTION_NODE_ENV,
    FUNCTION_DB_SECRET_NAME,
    FUNCTION_DB_HOST,
    FUNCTION_DB_PORT,
    FUNCTION_DB_NAME,
    FUNCTION_DB_USER,
    FUNCTION_VARIABLES
};
const char *function_variable_name(enum function_variable v); /* "NODE_ENV" */

#define FUNCTION_GROUPS 8 /* of an environment's log groups, the first */
enum { GROUP_NEVER_ENDS = 0, GROUP_UNKNOWN = -1, GROUP_MISSING = -2 };

/* How a function is set up.  Of its variables, the values of those above and the names of
 * those that look like secrets; these texts stand behind the snapshot, at these places. */
struct function_setup {
    int64_t modified_ms;                     /* wall; -1 unknown */
    char runtime[24], state[12], update[16]; /* "nodejs22.x", "Active", "Successful" */
    char code[13];                           /* of the code's SHA-256, the beginning */
    char app_level[8], system_level[8];      /* of log lines, "" all; JSON logs alone */
    bool hidden;                             /* Lambda does not show the variables */
    unsigned nvariables;                     /* all of them */
    uint16_t value[FUNCTION_VARIABLES];      /* 0: it is not set */
    uint16_t passwords, secrets;             /* names, ", " between; 0 none */
    uint16_t log_group;                      /* where it writes to; 0 not told */
};

/* The function, and the log groups. */
struct function_snap {
    struct snap snap;                    /* of the function's configuration; without one, of its log groups */
    bool named;                          /* the configuration names a function */
    bool barred;                         /* ...and this mode does not ask for its configuration */
    int32_t group_days[FUNCTION_GROUPS]; /* days that lines are kept, by place; or one of the above */
    char group_why[120];                 /* why one is unknown, "" none is */
    int64_t groups_wall_ms;              /* when they were last told; -1 never */
    struct function_setup setup;
    size_t size; /* of all of it */
    char text[];
};
/* NULL: it is not set. */
const char *function_value(const struct function_snap *s, enum function_variable v);

/* --------------------------------------------------------------- orders */

enum order_kind {
#define ORDER(id, name, key, class, title, help) ORDER_##id,
#include "backend/orders.def"
#undef ORDER
    ORDER_KINDS
};
enum order_class { ORDER_READS = 1, ORDER_REVEALS, ORDER_MUTATES };
const char *order_name(enum order_kind k);  /* "test" */
const char *order_title(enum order_kind k); /* "test login" */
const char *order_help(enum order_kind k);
char order_key(enum order_kind k);
/* NULL when it may be ordered in this mode, else why not, in words. */
const char *order_refusal(bool audit, enum order_kind k);
bool order_is_planned(enum order_kind k); /* it changes something: a dry run first, whose plan is confirmed */

enum step_state { STEP_WAITING, STEP_RUNNING, STEP_DONE, STEP_FAILED, STEP_SKIPPED, STEP_UNKNOWN };

struct order_step {
    char name[48]; /* "testSecret", "login AWSPENDING" */
    enum step_state state;
    int64_t began_wall_ms; /* -1 not begun */
    int32_t took_ms;       /* -1 not ended */
    char words[256];       /* what came of it */
};

enum order_state {
    ORDER_WAITING,
    ORDER_RUNNING,
    ORDER_DONE,     /* as planned */
    ORDER_REFUSED,  /* nothing was sent: words say why */
    ORDER_FAILED,   /* words say what state things are in and what to do */
    ORDER_UNKNOWN,  /* it was sent and no answer came: looking again */
    ORDER_CANCELLED /* before anything was changed */
};
const char *order_state_word(enum order_state s);

#define ORDER_STEPS 16

/* How credtop itself rotates: one user whose password changes, or two that take turns. */
enum rotation_strategy { STRATEGY_AS_CONFIGURED, STRATEGY_SINGLE_USER, STRATEGY_ALTERNATING_USERS };

/* An order: what, where, and what the operator was looking at. */
struct order {
    enum order_kind kind;
    size_t env;            /* place in the configuration */
    char seen_version[65]; /* AWSCURRENT when it was ordered; an order that changes is refused if it moved */
    char stage[24];        /* test: this staging label alone; "" each */
    /* Orders that change something: */
    bool dry_run; /* look and plan alone; then the plan is in the view, and nothing was changed */
    enum rotation_strategy strategy;
    char token[65];     /* the plan's, so that what was agreed to is what is sent; "" a new one */
    char confirmed[64]; /* the environment's name as it was typed; asked for where `protect` is set */
};

/* One stage's login, of a test order. */
struct stage_login {
    char stage[24], version_id[65]; /* "AWSCURRENT"; "" there is none */
    char user[64];                  /* as whom; "" not tried */
    bool tried, ok;
    bool expected;    /* refused, and rightly: another version is this user's current one */
    enum err code;    /* why not; ERR_OK while not tried */
    int32_t total_us; /* -1 */
    char sqlstate[6];
    char words[256]; /* why not */
};
#define STAGES_TESTED 3

/* What an order would do: the very calls and statements in words, with names and version
 * ids, never values; and what to know before. */
#define PLAN_LINES 16
struct order_plan {
    char seen_version[65]; /* AWSCURRENT when it was made; recycle: the function's revision */
    char token[65];        /* the version it makes or finishes; recycle: that revision again */
    size_t nlines;
    struct {
        bool warning;
        char text[280];
    } lines[PLAN_LINES];
};

struct order_view {
    uint64_t id; /* 1, 2, ... */
    enum order_kind kind;
    size_t env;   /* place in the configuration */
    bool dry_run; /* a plan alone */
    enum order_state state;
    int64_t ordered_wall_ms, ended_wall_ms; /* -1 not ended */
    bool cancellable;                       /* now: cancelling is safe */
    char words[240];                        /* the outcome */
    size_t nsteps;
    struct order_step steps[ORDER_STEPS];
    struct stage_login logins[STAGES_TESTED];
    struct order_plan plan; /* of an order that changes something */
};

#define ORDERS_KEPT 64

struct orders_snap {
    struct snap snap;
    size_t n;
    struct order_view orders[ORDERS_KEPT]; /* newest first */
};

/* What a psql order that is done hands over: psql's argument, which holds no password, and
 * an open file in memory that does, for the child alone. */
#define PSQL_CONNINFO_MAX 2048
struct psql_start {
    uint64_t order;
    int fd; /* closed on exec: the child clears that; whoever takes it closes it */
    char conninfo[PSQL_CONNINFO_MAX];
    char title[400]; /* which database of which environment that is, for whoever types there; safe */
};

/* --------------------------------------------------------------- a view */

/* Who we are to AWS for an environment: GetCallerIdentity's answer. */
struct identity_snap {
    struct snap snap;
    char account[16], arn[256], user_id[128];
    char source[124];   /* the way to it: "role ops <- profile base (~/.aws/credentials)" */
    int64_t expires_ms; /* wall, by AWS's clock: until when the keys last; -1 never */
    char region[32];
};

/* A role wants the code of an MFA device. */
struct mfa_view {
    uint64_t id;      /* goes with the answer */
    char serial[128]; /* of the device, an ARN or a hardware number */
    char role[256];   /* what it is wanted for */
};

struct env_view {
    const struct config_environment *conf;
    const struct identity_snap *identity;
    const struct secret_snap *secret; /* NULL in development */
    const struct log_snap *logs;      /* NULL without log groups */
    const struct db_snap *db;
    const struct function_snap *function; /* NULL until it was looked at, and without function and log groups */
};                                        /* a pointer that is not NULL holds a reference */

/* What one AWS operation costs us. */
struct call_row {
    char name[32];
    uint64_t total;
    double per_minute; /* over the last ten minutes, or since the start */
    double dollars_per_month;
};
#define CALL_ROWS 24

/* The newest of everything, at one moment. */
struct journal_snap;

struct board {
    const struct config *conf;
    bool audit;
    bool journal_off; /* journal = off: orders leave no trace here */
    bool memory_locked;
    int64_t mono_ms, wall_ms; /* when it was taken */
    unsigned calls_per_minute;
    uint64_t calls_total, calls_failed, calls_throttled, calls_refused;
    int64_t clock_skew_ms;    /* AWS's clock minus ours, when known to be off; 0.  wall_ms has it added */
    double dollars_per_month; /* at the rate of the last ten minutes, list prices */
    size_t ncalls;
    struct call_row calls[CALL_ROWS];   /* by operation, those that were sent */
    const struct orders_snap *orders;   /* holds a reference; NULL before the first order */
    const struct journal_snap *journal; /* the same; journal_view.h; NULL before it is looked at */
    size_t n;
    struct env_view *envs; /* in the configuration's order */
};

struct board *board_free(struct board *b); /* gives all references back; returns NULL */

/* -------------------------------------------------------------- verdict */

/* Worst first: the order of the rows of states.def. */
enum env_state {
#define STATE(id, word, severity, help) STATE_##id,
#include "backend/states.def"
#undef STATE
    STATE_COUNT
};
enum severity { SEVERITY_HEALTHY, SEVERITY_DEGRADED, SEVERITY_FAILING, SEVERITY_UNKNOWN };
const char *env_state_word(enum env_state s);
const char *env_state_help(enum env_state s);
enum severity env_state_severity(enum env_state s);
const char *severity_word(enum severity s);

/* One thing that is wrong, in words: cause first, then what to do. */
struct cause {
    enum env_state state;
    int64_t since_ms; /* wall; -1 unknown */
    char text[320];   /* one line; the screen cuts or wraps it */
};

#define CAUSES_MAX 8

struct verdict {
    enum env_state state; /* the worst of the causes; OK when none; WAIT before any answer */
    size_t ncauses;
    struct cause causes[CAUSES_MAX]; /* worst first */
};

/* Pure: the same view and times give the same verdict, on any thread. */
void verdict_judge(const struct board *b, const struct env_view *v, struct verdict *out);

/* Exit status of `credtop status`: 0 healthy, 1 degraded, 2 failing, 3 could not
 * tell.  Failing beats could-not-tell beats degraded. */
int verdict_exit_status(const struct verdict *v, size_t n);

/* A source is old when its last success is further back than three of its
 * periods (or its first answer is that late): its values get "~" and the state
 * becomes UNKNOWN, whatever the reason for the silence. */
bool snap_is_old(const struct snap *s, int64_t period_ms, int64_t now_mono_ms);

#endif
