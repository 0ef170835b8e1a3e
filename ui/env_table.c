#include "ui/env_table.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/chart.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/orders.h"
#include "ui/view.h"

#define CELL 80
#define YEAR_MS (INT64_C(365) * 24 * 3600 * 1000)
#define BIT(kind) (1u << (kind))

/* ------------------------------------------------------------- columns */

struct row {
    const struct screen *s;
    const struct env_view *v;
    const struct verdict *verdict;
    const char *old_secret, *old_logs, *old_db; /* "~" or "" */
};

/* NULL until Secrets Manager has answered once: nothing in it is known. */
static const struct secret_snap *answered(const struct row *r)
{
    return r->v->secret && r->v->secret->snap.good_mono_ms >= 0 ? r->v->secret : NULL;
}

static enum style cell_name(const struct row *r, char out[CELL])
{
    str_fmt(out, CELL, "%s%s", r->v->conf->name, r->v->conf->protect ? "*" : "");
    return STYLE_TEXT;
}

static enum style cell_state(const struct row *r, char out[CELL])
{
    const struct order_view *order = orders_open_on(r->s->board, (size_t)(r->v - r->s->board->envs));
    if (order) {
        str_copy(out, CELL, order_doing(order->kind));
        return STYLE_BUSY;
    }
    str_copy(out, CELL, env_state_word(r->verdict->state));
    return state_style(r->verdict->state);
}

static enum style cell_secret(const struct row *r, char out[CELL])
{
    bool development = r->v->conf->mode == CONFIG_DEVELOPMENT;
    const char *file = r->v->conf->env_file ? strrchr(r->v->conf->env_file, '/') : NULL;
    if (development)
        str_copy(out, CELL, file ? file + 1 : ".env");
    else
        str_copy(out, CELL, r->v->conf->secret ? r->v->conf->secret : "-");
    return STYLE_TEXT;
}

static enum style cell_version(const struct row *r, const char *id, char out[CELL])
{
    char version[FORMAT_SIZE];
    str_fmt(out, CELL, "%s%s", id[0] ? r->old_secret : "", format_version(id, version));
    return r->old_secret[0] ? STYLE_DIM : STYLE_TEXT;
}

static enum style cell_current(const struct row *r, char out[CELL])
{
    if (r->v->conf->mode == CONFIG_DEVELOPMENT) {
        str_copy(out, CELL, ".env");
        return STYLE_TEXT;
    }
    return cell_version(r, answered(r) ? answered(r)->current_id : "", out);
}

static enum style cell_previous(const struct row *r, char out[CELL])
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

static enum style cell_age(const struct row *r, char out[CELL])
{
    char age[FORMAT_SIZE];
    int64_t since = answered(r) ? answered(r)->current_since_ms : TIME_UNKNOWN;
    format_age(since < 0 ? -1 : r->s->wall_ms > since ? r->s->wall_ms - since : 0, age);
    if (r->old_secret[0])
        shorten_age(age, r->s->wall_ms - since);
    str_fmt(out, CELL, "%s%s", since < 0 ? "" : r->old_secret, age);
    return r->old_secret[0] ? STYLE_DIM : STYLE_TEXT;
}

static enum style cell_rotated(const struct row *r, char out[CELL])
{
    char when[FORMAT_SIZE];
    int64_t at = answered(r) ? answered(r)->last_rotated_ms : TIME_UNKNOWN;
    format_when(at, r->s->wall_ms, r->s->local, when);
    if (r->old_secret[0] && strlen(when) == 8) /* 14:21:52: its seconds make room for the mark */
        when[5] = '\0';
    str_fmt(out, CELL, "%s%s", at < 0 ? "" : r->old_secret, when);
    return r->old_secret[0] ? STYLE_DIM : STYLE_TEXT;
}

static enum style cell_next(const struct row *r, char out[CELL])
{
    const struct secret_snap *s = answered(r);
    char until[FORMAT_SIZE];
    if (s && s->rotation == TRI_NO) {
        str_fmt(out, CELL, "%soff", r->old_secret);
        return STYLE_TEXT;
    }
    int64_t due = s ? s->next_rotation_ms : TIME_UNKNOWN;
    str_fmt(out, CELL, "%s%s", due < 0 ? "" : r->old_secret, format_until(due, r->s->wall_ms, until));
    return r->old_secret[0] ? STYLE_DIM : due >= 0 && due < r->s->wall_ms ? STYLE_WARN : STYLE_TEXT;
}

static enum style cell_count(const struct row *r, unsigned kinds, enum style style, char out[CELL])
{
    const struct log_snap *logs = r->v->logs;
    char count[FORMAT_SIZE];
    uint64_t sum = 0;
    if (!logs || logs->snap.good_mono_ms < 0) {
        str_copy(out, CELL, "-");
        return STYLE_TEXT;
    }
    for (int k = 0; k < EVENT_KINDS; k++)
        if (kinds & BIT(k))
            sum += log_count(logs, (enum event_kind)k, WINDOW_MS, r->s->wall_ms);
    str_fmt(out, CELL, "%s%s", r->old_logs, format_count(sum, count));
    return r->old_logs[0] ? STYLE_DIM : sum > 0 ? style : STYLE_TEXT;
}

static enum style cell_fetch(const struct row *r, char out[CELL])
{
    return cell_count(r, BIT(EVENT_FETCH), STYLE_TEXT, out);
}

static enum style cell_hits(const struct row *r, char out[CELL])
{
    return cell_count(r, BIT(EVENT_HIT) | BIT(EVENT_STALE_HIT), STYLE_TEXT, out);
}

static enum style cell_stale(const struct row *r, char out[CELL])
{
    return cell_count(r, BIT(EVENT_STALE_HIT), STYLE_WARN, out);
}

static enum style cell_fallback(const struct row *r, char out[CELL])
{
    return cell_count(r, BIT(EVENT_FALLBACK), STYLE_BAD, out);
}

static enum style cell_errors(const struct row *r, char out[CELL])
{
    return cell_count(r, BIT(EVENT_DB_ERROR) | BIT(EVENT_FETCH_ERROR) | BIT(EVENT_FAILURE), STYLE_WARN, out);
}

static enum style cell_ratio(const struct row *r, char out[CELL])
{
    const struct log_snap *logs = r->v->logs;
    double ratio = logs && logs->snap.good_mono_ms >= 0 ? log_hit_ratio(logs, WINDOW_MS, r->s->wall_ms) : -1;
    char word[FORMAT_SIZE];
    str_fmt(out, CELL, "%s%s", ratio < 0 ? "" : r->old_logs, format_ratio(ratio, word));
    if (strlen(out) > 4) /* "~100%": the mark says more than the sign */
        out[4] = '\0';
    return r->old_logs[0] ? STYLE_DIM : STYLE_TEXT;
}

/* Bad containers of the active ones: 2s/6, 1p/1, 1p2s/9. */
static enum style cell_bad(const struct row *r, char out[CELL])
{
    const struct log_snap *logs = r->v->logs;
    char poisoned[FORMAT_SIZE] = "", stale[FORMAT_SIZE] = "";
    if (!logs || logs->snap.good_mono_ms < 0) {
        str_copy(out, CELL, "-");
        return STYLE_TEXT;
    }
    if (logs->poisoned > 0)
        str_fmt(poisoned, sizeof(poisoned), "%zup", logs->poisoned);
    if (logs->stale > 0)
        str_fmt(stale, sizeof(stale), "%zus", logs->stale);
    bool none = !poisoned[0] && !stale[0];
    str_fmt(out, CELL, "%s%s%s%s/%zu", r->old_logs, none ? "0" : "", poisoned, stale, logs->active);
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

static enum style cell_database(const struct row *r, char out[CELL])
{
    const struct db_snap *d = r->v->db;
    if (!d || d->result == DB_NOT_TRIED) {
        str_copy(out, CELL, "-");
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
    str_fmt(out, CELL, "%s%s", r->old_db, word);
    return r->old_db[0] ? STYLE_DIM : good ? STYLE_TEXT : STYLE_BAD;
}

static enum style cell_latency(const struct row *r, char out[CELL])
{
    const struct db_snap *d = r->v->db;
    bool known = d && (d->result == DB_LOGIN_OK || d->result == DB_REACHABLE);
    str_copy(out, CELL, known ? format_latency(d->total_us, (char[FORMAT_SIZE]){0}) : "-");
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

static enum style cell_data(const struct row *r, char out[CELL])
{
    char age[FORMAT_SIZE];
    str_copy(out, CELL, format_age(env_data_age(r->s, r->v), age));
    return r->old_secret[0] || r->old_logs[0] || r->old_db[0] ? STYLE_UNSURE : STYLE_TEXT; /* plain: it ticks */
}

struct column {
    struct layout_column at;
    int rank_wide;                                           /* the same with `w` */
    enum style (*cell)(const struct row *r, char out[CELL]); /* NULL: the chart */
};

enum { COLUMN_NAME, COLUMN_STATE, COLUMN_SECRET, COLUMN_CALLS = 11 };

static const struct column columns[] = {
    {{"ENV", 8, 0, false}, 0, cell_name},           {{"STATE", 8, 0, false}, 0, cell_state},
    {{"SECRET", 14, 13, false}, 3, cell_secret},    {{"CURRENT", 9, 4, false}, 4, cell_current},
    {{"PREVIOUS", 9, 15, false}, 5, cell_previous}, {{"AGE", 4, 5, true}, 12, cell_age},
    {{"ROTATED", 8, 17, true}, 6, cell_rotated},    {{"NEXT", 5, 9, true}, 13, cell_next},
    {{"FETCH", 5, 7, true}, 14, cell_fetch},        {{"HITS", 5, 6, true}, 15, cell_hits},
    {{"HIT%", 4, 10, true}, 16, cell_ratio},        {{"CALLS, LAST HOUR", 12, 12, false}, 17, NULL},
    {{"STALE", 5, 14, true}, 10, cell_stale},       {{"FALLB", 5, 8, true}, 11, cell_fallback},
    {{"ERR", 5, 14, true}, 9, cell_errors},         {{"BAD", 5, 3, true}, 8, cell_bad},
    {{"PG", 5, 2, false}, 2, cell_database},        {{"LAT", 5, 16, true}, 7, cell_latency},
    {{"DATA", 4, 1, true}, 1, cell_data},
};
#define COLUMNS ARRAY_LEN(columns)

/* Names as wide as they need to be, within reason; what is left over goes to the
 * chart. */
static void fit_columns(const struct screen *s, int width, struct layout_column out[COLUMNS], int x[COLUMNS])
{
    int name = 8, secret = 6;
    char text[CELL];
    for (size_t i = 0; i < s->board->n; i++) {
        struct row r = {.s = s, .v = &s->board->envs[i]};
        cell_name(&r, text);
        name = (int)text_width(text) > name ? (int)text_width(text) : name;
        cell_secret(&r, text);
        secret = (int)text_width(text) > secret ? (int)text_width(text) : secret;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        out[i] = columns[i].at;
        out[i].rank = s->wide[VIEW_OVERVIEW] ? columns[i].rank_wide : columns[i].at.rank;
    }
    out[COLUMN_NAME].width = name > 24 ? 24 : name;
    out[COLUMN_SECRET].width = secret > 28 ? 28 : secret;
    int used = layout_columns(out, COLUMNS, width, x);
    if (x[COLUMN_CALLS] >= 0 && used < width) {
        int more = width - used;
        out[COLUMN_CALLS].width += more > 48 ? 48 : more;
        layout_columns(out, COLUMNS, width, x);
    }
}

/* --------------------------------------------------------------- table */

static void row_of(const struct screen *s, size_t env, struct row *out)
{
    const struct env_view *v = &s->board->envs[env];
    const struct config *c = s->board->conf;
    *out = (struct row){
        .s = s,
        .v = v,
        .verdict = &s->verdicts[env],
        .old_secret = old_mark(s, v->secret ? &v->secret->snap : NULL, c->secret_poll_ms),
        .old_logs = old_mark(s, v->logs ? &v->logs->snap : NULL, c->log_poll_ms),
        .old_db = old_mark(s, v->db ? &v->db->snap : NULL, c->database_poll_ms),
    };
}

static void draw_calls(const struct row *r, struct grid *g, int y, int x, int width)
{
    struct chart c = {.logs = r->v->logs,
                      .kinds = EVENT_KINDS_CALLS,
                      .bad = EVENT_KINDS_TROUBLE,
                      .now_ms = r->s->wall_ms,
                      .moved_ms = -1,
                      .old = r->old_logs[0] != '\0',
                      .style = r->old_logs[0] ? STYLE_DIM : STYLE_BAR};
    if (c.logs && c.logs->snap.good_mono_ms >= 0)
        chart_draw(g, (struct rect){y, x, 1, width}, &c);
    else
        grid_text(g, y, x, width, STYLE_DIM, "-");
}

static void draw_row(const struct screen *s, struct grid *g, int y, int x0, size_t env, const struct layout_column *at,
                     const int *x)
{
    struct row r;
    row_of(s, env, &r);
    for (size_t i = 0; i < COLUMNS; i++) {
        char text[CELL];
        if (x[i] < 0)
            continue;
        if (!columns[i].cell) {
            draw_calls(&r, g, y, x0 + x[i], at[i].width);
            continue;
        }
        enum style style = columns[i].cell(&r, text);
        if (at[i].right)
            grid_right(g, y, x0 + x[i], at[i].width, style, text);
        else
            grid_text(g, y, x0 + x[i], at[i].width, style, text);
    }
}

void env_table_draw(struct screen *s, struct grid *g, struct rect at, int margin)
{
    struct layout_column cols[COLUMNS];
    int x[COLUMNS];
    fit_columns(s, at.w - margin, cols, x);
    int heads = at.h > 1 ? 1 : 0; /* in one line an environment says more than the heads */
    for (size_t i = 0; i < COLUMNS && heads > 0; i++) {
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, at.y, at.x + margin + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
        else if (x[i] >= 0)
            grid_text(g, at.y, at.x + margin + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    }
    int room = at.h - heads;
    bool cut = (size_t)(room > 0 ? room : 0) < s->nrows && room > 1;
    list_show(&s->envs, (size_t)(room > 0 ? room - (cut ? 1 : 0) : 0));
    for (size_t i = 0; i < s->envs.page && s->envs.top + i < s->nrows; i++) {
        int y = at.y + heads + (int)i;
        size_t row = s->envs.top + i;
        draw_row(s, g, y, at.x + margin, s->rows[row], cols, x);
        if (row == s->envs.at) {
            if (margin > 0) {
                grid_glyph(g, y, at.x + margin - 1, STYLE_KEY, '>', '>');
                grid_select(g, y, at.x, at.w);
            }
        }
    }
    if (cut) {
        size_t above = s->envs.top, below = s->nrows - s->envs.top - s->envs.page;
        char words[64];
        if (above > 0 && below > 0)
            str_fmt(words, sizeof(words), "%zu more above, %zu below", above, below);
        else
            str_fmt(words, sizeof(words), "%zu more %s", above + below, above > 0 ? "above" : "below");
        grid_text(g, at.y + at.h - 1, at.x + margin, at.w - margin, STYLE_DIM, words);
    }
    if (s->nrows == 0)
        grid_text(g, at.y + heads, at.x + margin, at.w - margin, STYLE_DIM,
                  s->filter[VIEW_OVERVIEW][0] ? "no environment matches the filter" : "nothing needs attention");
}
