#include "ui/env_columns.h"

#include <string.h>
#include <strings.h>

#include "backend/base/mem.h"
#include "ui/env_table.h"
#include "ui/format.h"
#include "ui/orders.h"
#include "ui/view.h"

#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)
#define BIT(kind) (1u << (kind))
#define KINDS_FETCH BIT(EVENT_FETCH)
#define KINDS_HITS (BIT(EVENT_HIT) | BIT(EVENT_STALE_HIT))
#define KINDS_STALE BIT(EVENT_STALE_HIT)
#define KINDS_FALLBACK BIT(EVENT_FALLBACK)
#define KINDS_ERRORS (BIT(EVENT_DB_ERROR) | BIT(EVENT_FETCH_ERROR) | BIT(EVENT_FAILURE))

/* --------------------------------------------------------------- cells */

/* NULL until Secrets Manager has answered once: nothing in it is known. */
static const struct secret_snap *answered(const struct env_row *r)
{
    return r->v->secret && r->v->secret->snap.good_mono_ms >= 0 ? r->v->secret : NULL;
}

static enum style cell_name(const struct env_row *r, char out[CELL_MAX])
{
    str_fmt(out, CELL_MAX, "%s%s", r->v->conf->name, r->v->conf->protect ? "*" : "");
    return STYLE_TEXT;
}

static enum style cell_state(const struct env_row *r, char out[CELL_MAX])
{
    const struct order_view *order = orders_open_on(r->s->board, (size_t)(r->v - r->s->board->envs));
    if (order) {
        str_copy(out, CELL_MAX, order_doing(order->kind));
        return STYLE_BUSY;
    }
    str_copy(out, CELL_MAX, env_state_word(r->verdict->state));
    return state_style(r->verdict->state);
}

static enum style cell_secret(const struct env_row *r, char out[CELL_MAX])
{
    bool development = r->v->conf->mode == CONFIG_DEVELOPMENT;
    const char *file = r->v->conf->env_file ? strrchr(r->v->conf->env_file, '/') : NULL;
    if (development)
        str_copy(out, CELL_MAX, file ? file + 1 : ".env");
    else
        str_copy(out, CELL_MAX, r->v->conf->secret ? r->v->conf->secret : "-");
    return STYLE_TEXT;
}

/* NULL until AWS has said who we are. */
static const struct identity_snap *identity(const struct env_row *r)
{
    return r->v->identity && r->v->identity->snap.good_mono_ms >= 0 ? r->v->identity : NULL;
}

static enum style cell_account(const struct env_row *r, char out[CELL_MAX])
{
    str_copy(out, CELL_MAX, identity(r) && identity(r)->account[0] ? identity(r)->account : "-");
    return STYLE_TEXT;
}

static enum style cell_region(const struct env_row *r, char out[CELL_MAX])
{
    const char *region = identity(r) ? identity(r)->region : r->v->conf->region ? r->v->conf->region : "";
    str_copy(out, CELL_MAX, region[0] ? region : "-");
    return STYLE_TEXT;
}

static enum style cell_version(const struct env_row *r, const char *id, char out[CELL_MAX])
{
    char version[FORMAT_SIZE];
    str_fmt(out, CELL_MAX, "%s%s", id[0] ? r->old_secret : "", format_version(id, version));
    return r->old_secret[0] ? STYLE_DIM : STYLE_TEXT;
}

static enum style cell_current(const struct env_row *r, char out[CELL_MAX])
{
    if (r->v->conf->mode == CONFIG_DEVELOPMENT) {
        str_copy(out, CELL_MAX, ".env");
        return STYLE_TEXT;
    }
    return cell_version(r, answered(r) ? answered(r)->current_id : "", out);
}

static enum style cell_previous(const struct env_row *r, char out[CELL_MAX])
{
    return cell_version(r, answered(r) ? answered(r)->previous_id : "", out);
}

/* Room for the mark: 1h of 1h02, and years of 400d. */
static void shorten_age(char age[FORMAT_SIZE], int64_t ms)
{
    size_t unit = strcspn(age, "hm");
    if (strlen(age) <= 3)
        return;
    if (age[unit])
        age[unit + 1] = '\0';
    else
        str_fmt(age, FORMAT_SIZE, "%dy", (int)(ms / YEAR_MS));
}

static enum style cell_age(const struct env_row *r, char out[CELL_MAX])
{
    char age[FORMAT_SIZE];
    int64_t since = answered(r) ? answered(r)->current_since_ms : TIME_UNKNOWN;
    format_age(since < 0 ? -1 : r->s->wall_ms > since ? r->s->wall_ms - since : 0, age);
    if (r->old_secret[0])
        shorten_age(age, r->s->wall_ms - since);
    str_fmt(out, CELL_MAX, "%s%s", since < 0 ? "" : r->old_secret, age);
    return r->old_secret[0] ? STYLE_DIM : STYLE_TEXT;
}

static enum style cell_rotated(const struct env_row *r, char out[CELL_MAX])
{
    char when[FORMAT_SIZE];
    int64_t at = answered(r) ? answered(r)->last_rotated_ms : TIME_UNKNOWN;
    format_when(at, r->s->wall_ms, r->s->local, when);
    if (r->old_secret[0] && strlen(when) == 8) /* 14:21:52: its seconds make room for the mark */
        when[5] = '\0';
    str_fmt(out, CELL_MAX, "%s%s", at < 0 ? "" : r->old_secret, when);
    return r->old_secret[0] ? STYLE_DIM : STYLE_TEXT;
}

static enum style cell_next(const struct env_row *r, char out[CELL_MAX])
{
    const struct secret_snap *s = answered(r);
    char until[FORMAT_SIZE];
    if (s && s->rotation == TRI_NO) {
        str_fmt(out, CELL_MAX, "%soff", r->old_secret);
        return STYLE_TEXT;
    }
    int64_t due = s ? s->next_rotation_ms : TIME_UNKNOWN;
    str_fmt(out, CELL_MAX, "%s%s", due < 0 ? "" : r->old_secret, format_until(due, r->s->wall_ms, until));
    return r->old_secret[0] ? STYLE_DIM : due >= 0 && due < r->s->wall_ms ? STYLE_WARN : STYLE_TEXT;
}

/* NULL until CloudWatch has answered once. */
static const struct log_snap *counted(const struct env_row *r)
{
    return r->v->logs && r->v->logs->snap.good_mono_ms >= 0 ? r->v->logs : NULL;
}

static uint64_t sum_of(const struct env_row *r, unsigned kinds)
{
    uint64_t sum = 0;
    for (int k = 0; k < EVENT_KINDS; k++)
        if (kinds & BIT(k))
            sum += log_count(counted(r), (enum event_kind)k, WINDOW_MS, r->s->wall_ms);
    return sum;
}

static enum style cell_count(const struct env_row *r, unsigned kinds, enum style style, char out[CELL_MAX])
{
    char count[FORMAT_SIZE];
    if (!counted(r)) {
        str_copy(out, CELL_MAX, "-");
        return STYLE_TEXT;
    }
    uint64_t sum = sum_of(r, kinds);
    str_fmt(out, CELL_MAX, "%s%s", r->old_logs, format_count(sum, count));
    return r->old_logs[0] ? STYLE_DIM : sum > 0 ? style : STYLE_TEXT;
}

static enum style cell_fetch(const struct env_row *r, char out[CELL_MAX])
{
    return cell_count(r, KINDS_FETCH, STYLE_TEXT, out);
}

static enum style cell_hits(const struct env_row *r, char out[CELL_MAX])
{
    return cell_count(r, KINDS_HITS, STYLE_TEXT, out);
}

static enum style cell_stale(const struct env_row *r, char out[CELL_MAX])
{
    return cell_count(r, KINDS_STALE, STYLE_WARN, out);
}

static enum style cell_fallback(const struct env_row *r, char out[CELL_MAX])
{
    return cell_count(r, KINDS_FALLBACK, STYLE_BAD, out);
}

static enum style cell_errors(const struct env_row *r, char out[CELL_MAX])
{
    return cell_count(r, KINDS_ERRORS, STYLE_WARN, out);
}

static double ratio_of(const struct env_row *r)
{
    return counted(r) ? log_hit_ratio(counted(r), WINDOW_MS, r->s->wall_ms) : -1;
}

static enum style cell_ratio(const struct env_row *r, char out[CELL_MAX])
{
    double ratio = ratio_of(r);
    char word[FORMAT_SIZE];
    str_fmt(out, CELL_MAX, "%s%s", ratio < 0 ? "" : r->old_logs, format_ratio(ratio, word));
    if (strlen(out) > 4) /* "~100%": the mark says more than the sign */
        out[4] = '\0';
    return r->old_logs[0] ? STYLE_DIM : STYLE_TEXT;
}

/* Bad containers of the active ones: 2s/6, 1p/1, 1p2s/9. */
static enum style cell_bad(const struct env_row *r, char out[CELL_MAX])
{
    const struct log_snap *logs = counted(r);
    char poisoned[FORMAT_SIZE] = "", stale[FORMAT_SIZE] = "";
    if (!logs) {
        str_copy(out, CELL_MAX, "-");
        return STYLE_TEXT;
    }
    if (logs->poisoned > 0)
        str_fmt(poisoned, sizeof(poisoned), "%zup", logs->poisoned);
    if (logs->stale > 0)
        str_fmt(stale, sizeof(stale), "%zus", logs->stale);
    bool none = !poisoned[0] && !stale[0];
    str_fmt(out, CELL_MAX, "%s%s%s%s/%zu", r->old_logs, none ? "0" : "", poisoned, stale, logs->active);
    return r->old_logs[0] ? STYLE_DIM : poisoned[0] ? STYLE_BAD : stale[0] ? STYLE_WARN : STYLE_TEXT;
}

/* Short for the phase where a login ended, when the server gave no SQLSTATE. */
const char *phase_short(enum db_phase p)
{
    static const char *const words[] = {
        [PHASE_CREDENTIALS] = "cred", [PHASE_RESOLVE] = "dns", [PHASE_CONNECT] = "tcp",
        [PHASE_TLS] = "TLS",          [PHASE_AUTH] = "auth",   [PHASE_QUERY] = "query",
    };
    return p < ARRAY_LEN(words) && words[p] ? words[p] : "fail";
}

static enum style cell_database(const struct env_row *r, char out[CELL_MAX])
{
    const struct db_snap *d = r->v->db;
    if (!d || d->result == DB_NOT_TRIED) {
        str_copy(out, CELL_MAX, "-");
        return STYLE_TEXT;
    }
    const char *word = "";
    switch (d->result) {
    case DB_NOT_TRIED:
        break;
    case DB_LOGIN_OK:
        word = "ok";
        break;
    case DB_LOGIN_FAILED:
    case DB_UNREACHABLE:
        word = d->sqlstate[0] && !r->old_db[0] ? d->sqlstate : phase_short(d->failed); /* with the mark: no room */
        break;
    case DB_NO_CREDENTIALS:
        word = "cred";
        break;
    case DB_REACHABLE:
        word = "up";
        break;
    }
    bool good = d->result == DB_LOGIN_OK || d->result == DB_REACHABLE;
    str_fmt(out, CELL_MAX, "%s%s", r->old_db, word);
    return r->old_db[0] ? STYLE_DIM : good ? STYLE_TEXT : STYLE_BAD;
}

static bool got_in(const struct db_snap *d)
{
    return d && (d->result == DB_LOGIN_OK || d->result == DB_REACHABLE);
}

static enum style cell_latency(const struct env_row *r, char out[CELL_MAX])
{
    const struct db_snap *d = r->v->db;
    str_copy(out, CELL_MAX, got_in(d) ? format_latency(d->total_us, (char[FORMAT_SIZE]){0}) : "-");
    return r->old_db[0] ? STYLE_DIM : STYLE_TEXT;
}

/* The oldest of the sources: every figure in the row is at least that fresh. */
int64_t env_data_age(const struct screen *s, const struct env_view *v)
{
    const struct snap *sources[] = {v->secret ? &v->secret->snap : NULL, v->logs ? &v->logs->snap : NULL,
                                    v->db ? &v->db->snap : NULL};
    int64_t oldest = -1;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (!sources[i])
            continue;
        int64_t age = snap_age(s, sources[i]);
        if (age < 0)
            continue; /* never answered: the column of that source says "-" */
        oldest = age > oldest ? age : oldest;
    }
    return oldest;
}

static enum style cell_data(const struct env_row *r, char out[CELL_MAX])
{
    char age[FORMAT_SIZE];
    str_copy(out, CELL_MAX, format_age(env_data_age(r->s, r->v), age));
    return r->old_secret[0] || r->old_logs[0] || r->old_db[0] ? STYLE_UNSURE : STYLE_TEXT; /* plain: it ticks */
}

/* ---------------------------------------------------------------- keys */

static int64_t key_state(const struct env_row *r)
{
    return (int64_t)r->verdict->state;
}

static int64_t newest_first(int64_t wall_ms)
{
    return wall_ms < 0 ? KEY_UNKNOWN : -wall_ms;
}

static int64_t key_age(const struct env_row *r)
{
    return newest_first(answered(r) ? answered(r)->current_since_ms : TIME_UNKNOWN);
}

static int64_t key_rotated(const struct env_row *r)
{
    return newest_first(answered(r) ? answered(r)->last_rotated_ms : TIME_UNKNOWN);
}

static int64_t key_next(const struct env_row *r) /* soonest first */
{
    int64_t due = answered(r) && answered(r)->rotation != TRI_NO ? answered(r)->next_rotation_ms : TIME_UNKNOWN;
    return due < 0 ? KEY_UNKNOWN : due;
}

static int64_t key_count(const struct env_row *r, unsigned kinds) /* most first */
{
    return counted(r) ? -(int64_t)sum_of(r, kinds) : KEY_UNKNOWN;
}

static int64_t key_fetch(const struct env_row *r)
{
    return key_count(r, KINDS_FETCH);
}

static int64_t key_hits(const struct env_row *r)
{
    return key_count(r, KINDS_HITS);
}

static int64_t key_stale(const struct env_row *r)
{
    return key_count(r, KINDS_STALE);
}

static int64_t key_fallback(const struct env_row *r)
{
    return key_count(r, KINDS_FALLBACK);
}

static int64_t key_errors(const struct env_row *r)
{
    return key_count(r, KINDS_ERRORS);
}

static int64_t key_ratio(const struct env_row *r) /* lowest first */
{
    double ratio = ratio_of(r);
    return ratio < 0 ? KEY_UNKNOWN : (int64_t)(ratio * 1e6);
}

static int64_t key_bad(const struct env_row *r) /* a poisoned one is worse than any number of stale ones */
{
    const struct log_snap *logs = counted(r);
    return logs ? -(int64_t)(logs->poisoned * 1000000 + logs->stale) : KEY_UNKNOWN;
}

static int64_t key_latency(const struct env_row *r) /* slowest first */
{
    return got_in(r->v->db) && r->v->db->total_us >= 0 ? -(int64_t)r->v->db->total_us : KEY_UNKNOWN;
}

static int64_t key_data(const struct env_row *r) /* none at the top, then the oldest */
{
    int64_t age = env_data_age(r->s, r->v);
    return age < 0 ? INT64_MIN : -(age / 1000);
}

/* ---------------------------------------------------------------- rows */

static const struct env_column_row rows[ENV_COLUMNS] = {
#define COLUMN(id, head, width, rank, wide, right, cell, key, help)                                                    \
    [ENV_COLUMN_##id] = {#id, head, help, width, rank, wide, right, cell, key},
#include "ui/env_columns.def"
#undef COLUMN
};

const struct env_column_row *env_column(enum env_column c)
{
    ASSERT(c < ENV_COLUMNS);
    return &rows[c];
}

enum env_column env_column_find(const char *name)
{
    for (int c = 0; c < ENV_COLUMNS; c++)
        if (strcasecmp(rows[c].name, name) == 0 || strcasecmp(rows[c].head, name) == 0)
            return (enum env_column)c;
    return ENV_COLUMNS;
}

void env_row_of(const struct screen *s, size_t env, struct env_row *out)
{
    const struct env_view *v = &s->board->envs[env];
    const struct config *c = s->board->conf;
    *out = (struct env_row){
        .s = s,
        .v = v,
        .verdict = &s->verdicts[env],
        .old_secret = old_mark(s, v->secret ? &v->secret->snap : NULL, c->secret_poll_ms),
        .old_logs = old_mark(s, v->logs ? &v->logs->snap : NULL, c->log_poll_ms),
        .old_db = old_mark(s, v->db ? &v->db->snap : NULL, c->database_poll_ms),
    };
}
