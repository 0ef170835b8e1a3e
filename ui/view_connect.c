/* Screen 5: the way to each database, phase by phase, worst first; what is wrong with
 * the chosen one, in words. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/connectivity.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/tries.h"
#include "ui/view.h"

#define CELL 64
#define WIDE_FROM 120
#define CERT_SOON_MS (INT64_C(30) * 24 * 3600 * 1000)

/* ------------------------------------------------------------- columns */

enum {
    COLUMN_ENV,
    COLUMN_DNS,
    COLUMN_TCP,
    COLUMN_TLS,
    COLUMN_AUTH,
    COLUMN_QUERY,
    COLUMN_CERT,
    COLUMN_METHOD,
    COLUMN_CONN,
    COLUMN_STATE,
    COLUMN_P50,
    COLUMN_P95,
    COLUMN_FLAPS,
    COLUMN_TRIES,
    COLUMN_HOST,
    COLUMN_DATA,
    COLUMNS
};

static const struct layout_column base[COLUMNS] = {
    [COLUMN_ENV] = {"ENV", 8, 0, false},         [COLUMN_DNS] = {"RESOLVE", 7, 3, false},
    [COLUMN_TCP] = {"CONNECT", 7, 2, false},     [COLUMN_TLS] = {"TLS", 7, 4, false},
    [COLUMN_AUTH] = {"AUTH", 7, 1, false},       [COLUMN_QUERY] = {"QUERY", 7, 6, false},
    [COLUMN_CERT] = {"CERT", 5, 5, true},        [COLUMN_METHOD] = {"METHOD", 18, 13, false},
    [COLUMN_CONN] = {"CONN", 9, 12, true},       [COLUMN_STATE] = {"SINCE", 9, 0, false},
    [COLUMN_P50] = {"P50", 5, 10, true},         [COLUMN_P95] = {"P95", 5, 8, true},
    [COLUMN_FLAPS] = {"FLAPS", 5, 11, true},     [COLUMN_TRIES] = {"TRIES", 8, 9, false},
    [COLUMN_HOST] = {"ENDPOINT", 28, 14, false}, [COLUMN_DATA] = {"DATA", 4, 7, true},
};

static void connect_columns(const struct screen *s, int width, struct layout_column cols[COLUMNS], int x[COLUMNS])
{
    char label[72];
    memcpy(cols, base, sizeof(base));
    for (size_t i = 0; i < s->board->n; i++) {
        int w = (int)text_width(env_label(s->board->envs[i].conf, label));
        if (w > cols[COLUMN_ENV].width)
            cols[COLUMN_ENV].width = w > 24 ? 24 : w;
    }
    if (s->set.audit) /* no login is tried: there is nothing to say of it */
        cols[COLUMN_AUTH].width = cols[COLUMN_QUERY].width = cols[COLUMN_METHOD].width = cols[COLUMN_CONN].width = 0;
    int used = layout_columns(cols, COLUMNS, width, x);
    if (x[COLUMN_TRIES] >= 0 && used < width) {
        int more = width - used, most = DB_HISTORY - cols[COLUMN_TRIES].width;
        cols[COLUMN_TRIES].width += more > most ? most : more;
        layout_columns(cols, COLUMNS, width, x);
    }
}

/* --------------------------------------------------------------- cells */

static bool is_down(const struct db_snap *d)
{
    return d->result == DB_LOGIN_FAILED || d->result == DB_UNREACHABLE || d->result == DB_NO_CREDENTIALS;
}

/* Why a phase failed, in seven columns. */
static const char *failure_word(const struct db_snap *d)
{
    static const struct {
        enum err code;
        const char *word;
    } words[] = {
        {ERR_TIMEOUT, "timeout"}, {ERR_RESOLVE, "no name"},    {ERR_TLS, "bad TLS"},        {ERR_NETWORK, "broke"},
        {ERR_DB_AUTH, "refused"}, {ERR_DB_REFUSED, "refused"}, {ERR_DB_PROTOCOL, "not PG"},
    };
    if (d->sqlstate[0])
        return d->sqlstate;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i].code == d->result_why.code)
            return words[i].word;
    return format_find(d->result_why.text, "refused") ? "refused" : "FAILED";
}

static enum style phase_cell(const struct db_snap *d, enum db_phase phase, char out[CELL])
{
    char time[FORMAT_SIZE];
    if ((d->result == DB_LOGIN_FAILED || d->result == DB_UNREACHABLE) && d->failed == phase) {
        str_copy(out, CELL, failure_word(d));
        return STYLE_BAD;
    }
    if (d->phase_us[phase] < 0 || d->result == DB_NOT_TRIED || d->result == DB_NO_CREDENTIALS) {
        str_copy(out, CELL, "-");
        return STYLE_DIM;
    }
    str_fmt(out, CELL, "ok %s", format_latency(d->phase_us[phase], time));
    return STYLE_TEXT;
}

/* Days left; the authority's end counts where it comes first. */
static enum style cert_cell(const struct screen *s, const struct db_snap *d, char out[CELL])
{
    int64_t end = d->certificate.expires_ms, ca = d->certificate.ca_expires_ms;
    end = ca >= 0 && (end < 0 || ca < end) ? ca : end;
    if (!d->tls_protocol[0] || end < 0) {
        str_copy(out, CELL, "-");
        return STYLE_DIM;
    }
    (void)format_until(end, s->wall_ms, out);
    return end <= s->wall_ms ? STYLE_BAD : end - s->wall_ms < CERT_SOON_MS ? STYLE_WARN : STYLE_TEXT;
}

static enum style conn_cell(const struct db_snap *d, char out[CELL])
{
    if (d->used_connections < 0 || d->max_connections <= 0) {
        str_copy(out, CELL, "-");
        return STYLE_DIM;
    }
    str_fmt(out, CELL, "%d/%d", (int)d->used_connections, (int)d->max_connections);
    return d->used_connections >= d->max_connections - d->max_connections / 10 ? STYLE_WARN : STYLE_TEXT;
}

static enum style state_cell(const struct screen *s, const struct db_snap *d, const char *old, char out[CELL])
{
    char age[FORMAT_SIZE];
    if (d->result == DB_NOT_TRIED) {
        str_copy(out, CELL, d->snap.tried_mono_ms < 0 ? "..." : "-");
        return STYLE_DIM;
    }
    int64_t since = d->since_wall_ms >= 0 && s->wall_ms > d->since_wall_ms ? s->wall_ms - d->since_wall_ms : 0;
    str_fmt(out, CELL, "%s%s %s", old, is_down(d) ? "down" : "up", format_age(since, age));
    return old[0] ? STYLE_UNSURE : is_down(d) ? STYLE_BAD : STYLE_TEXT;
}

static void draw_row(const struct screen *s, struct grid *g, int y, const struct layout_column *cols, const int *x,
                     size_t env)
{
    static const enum db_phase phases[] = {PHASE_RESOLVE, PHASE_CONNECT, PHASE_TLS, PHASE_AUTH, PHASE_QUERY};
    const struct env_view *v = &s->board->envs[env];
    const struct db_snap *d = v->db;
    const char *old = old_mark(s, d ? &d->snap : NULL, s->board->conf->database_poll_ms);
    char cells[COLUMNS][CELL], label[72];
    enum style style[COLUMNS];
    struct tries tries = {.p50_us = -1, .p95_us = -1};
    for (int i = 0; i < COLUMNS; i++) {
        style[i] = STYLE_TEXT;
        str_copy(cells[i], CELL, "-");
    }
    str_copy(cells[COLUMN_ENV], CELL, env_label(v->conf, label));
    if (d) {
        tries_of(d, &tries);
        for (size_t i = 0; i < ARRAY_LEN(phases); i++)
            style[COLUMN_DNS + i] = phase_cell(d, phases[i], cells[COLUMN_DNS + i]);
        style[COLUMN_CERT] = cert_cell(s, d, cells[COLUMN_CERT]);
        style[COLUMN_CONN] = conn_cell(d, cells[COLUMN_CONN]);
        str_copy(cells[COLUMN_METHOD], CELL, d->auth_method[0] ? d->auth_method : "-");
        style[COLUMN_STATE] = state_cell(s, d, old, cells[COLUMN_STATE]);
        format_latency(tries.p50_us, cells[COLUMN_P50]);
        format_latency(tries.p95_us, cells[COLUMN_P95]);
        str_fmt(cells[COLUMN_FLAPS], CELL, "%zu", tries.flaps);
        style[COLUMN_FLAPS] = tries.flaps > 2 ? STYLE_WARN : STYLE_TEXT;
        cells[COLUMN_TRIES][0] = '\0';
        str_copy(cells[COLUMN_HOST], CELL, d->host[0] ? d->host : "-");
        format_age(snap_age(s, &d->snap), cells[COLUMN_DATA]);
    }
    for (int i = 0; i < COLUMNS; i++) {
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, y, 2 + x[i], cols[i].width, old[0] ? STYLE_DIM : style[i], cells[i]);
        else if (x[i] >= 0)
            grid_text(g, y, 2 + x[i], cols[i].width, old[0] && i != COLUMN_STATE ? STYLE_DIM : style[i], cells[i]);
    }
    if (d && x[COLUMN_TRIES] >= 0)
        tries_draw(g, y, 2 + x[COLUMN_TRIES], cols[COLUMN_TRIES].width, d, old[0] ? STYLE_DIM : STYLE_BAR);
}

static void draw_table(struct screen *s, struct grid *g, struct rect at)
{
    struct layout_column cols[COLUMNS];
    int x[COLUMNS];
    if (at.h < 2)
        return;
    connect_columns(s, at.w - 2, cols, x);
    for (int i = 0; i < COLUMNS; i++) {
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, at.y, 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
        else if (x[i] >= 0)
            grid_text(g, at.y, 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    }
    size_t room = (size_t)(at.h - 1);
    list_show(&s->connect, room);
    for (size_t i = 0; i < room && s->connect.top + i < s->nways; i++) {
        size_t row = s->connect.top + i;
        int y = at.y + 1 + (int)i;
        draw_row(s, g, y, cols, x, s->ways[row]);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)row);
        if (row == s->connect.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
    if (s->nways == 0)
        grid_text(g, at.y + 1, 2, at.w - 2, STYLE_DIM, "no environment matches the filter");
}

/* ----------------------------------------------------------- the words */

#define NOT_CREDENTIALS "Not a credential fault: rotating will not help."

static const char *likely_words(const struct db_snap *d)
{
    static const struct {
        enum err code;
        const char *words;
    } rows[] = {
        {ERR_RESOLVE, "the name is wrong, or its zone cannot be asked from here. " NOT_CREDENTIALS},
        {ERR_CONNECT, "nothing listens there, or a security group or route says no. " NOT_CREDENTIALS},
        {ERR_TLS, "the certificate, its authority or the host's name do not fit sslmode. " NOT_CREDENTIALS},
        {ERR_NETWORK, "a restart, a failover, or a proxy between that closes. " NOT_CREDENTIALS},
        {ERR_DB_PROTOCOL, "something other than PostgreSQL listens on that port. " NOT_CREDENTIALS},
        {ERR_DB_AUTH, "the secret and the database disagree: t tests each version and shows which the database takes."},
        {ERR_DB_REFUSED, "the server refuses the session, whatever the password: the role, the database or a limit."},
        {ERR_DB_QUERY, "logged in, but the first query did not end well: a limit on the role, or a server in trouble."},
    };
    if (d->result_why.code == ERR_TIMEOUT && d->failed <= PHASE_CONNECT)
        return "a security group or route drops the packets, or the instance is stopped. " NOT_CREDENTIALS;
    if (d->result_why.code == ERR_TIMEOUT)
        return "the peer accepts and says nothing: overloaded, or not a database. " NOT_CREDENTIALS;
    if (d->result == DB_NO_CREDENTIALS)
        return "the credentials could not be had, so the database was not asked: see the secret on 2 Detail.";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].code == d->result_why.code)
            return rows[i].words;
    return "";
}

static void tries_words(const struct db_snap *d, char *out, size_t size)
{
    struct tries t;
    char p50[FORMAT_SIZE], p95[FORMAT_SIZE], last[FORMAT_SIZE], good[80] = "";
    tries_of(d, &t);
    if (t.down > 0 && t.last_good_us >= 0)
        str_fmt(good, sizeof(good), "; last good %zu tries ago, in %s", t.down, format_latency(t.last_good_us, last));
    else if (t.down > 0)
        str_fmt(good, sizeof(good), "; none was good");
    str_fmt(out, size, "%zu tries, %zu failed, %zu flaps; p50 %s, p95 %s%s", t.n, t.failed, t.flaps,
            format_latency(t.p50_us, p50), format_latency(t.p95_us, p95), good);
}

/* STYLE_COUNT: no certificate was shown. */
static enum style cert_words(const struct screen *s, const struct db_snap *d, char *out, size_t size)
{
    const struct db_certificate *c = &d->certificate;
    char until[FORMAT_SIZE], day[FORMAT_SIZE], cell[CELL], ca[200] = "", ca_day[FORMAT_SIZE];
    if (!c->subject[0])
        return STYLE_COUNT;
    format_stamp(c->expires_ms, s->local, day);
    day[strcspn(day, " ")] = '\0';
    if (c->ca_expires_ms >= 0) {
        format_stamp(c->ca_expires_ms, s->local, ca_day);
        ca_day[strcspn(ca_day, " ")] = '\0';
        str_fmt(ca, sizeof(ca), "; authority %s ends %s", c->ca, ca_day);
    }
    str_fmt(out, size, "%s until %s (%s), by %s%s; %s", c->names[0] ? c->names : c->subject, day,
            format_until(c->expires_ms, s->wall_ms, until), c->issuer[0] ? c->issuer : "-", ca,
            c->verified ? "verified" : "NOT verified");
    enum style style = cert_cell(s, d, cell);
    return style == STYLE_DIM ? STYLE_TEXT : !c->verified && style == STYLE_TEXT ? STYLE_WARN : style;
}

static bool server_words(const struct screen *s, const struct db_snap *d, char *out, size_t size)
{
    char cell[CELL], until[80] = "", left[FORMAT_SIZE];
    if (d->server_version <= 0 || d->result != DB_LOGIN_OK)
        return false;
    (void)conn_cell(d, cell);
    if (d->valid_until_ms >= 0)
        str_fmt(until, sizeof(until), "; password valid for %s", format_until(d->valid_until_ms, s->wall_ms, left));
    str_fmt(out, size, "PostgreSQL %d.%d, %s%s; %s; connections %s; new passwords %s%s", d->server_version / 10000,
            d->server_version % 10000, d->standby ? "standby" : "primary", d->superuser ? ", SUPERUSER" : "",
            d->auth_method[0] ? d->auth_method : "method unknown", cell,
            d->password_encryption[0] ? d->password_encryption : "-", until);
    return true;
}

/* At the right of the rule, where the table has no room for it. */
static void draw_tries(struct grid *g, struct rect at, const char *label, const struct db_snap *d)
{
    int used = 8 + (int)text_width(label) + (int)text_width(d->host), width = (int)d->nhistory;
    width = width > at.w - used - 2 ? at.w - used - 2 : width;
    for (int x = at.w - width - 2; x < at.w - 1; x++)
        if (width > 0)
            grid_glyph(g, at.y, x, STYLE_TEXT, ' ', ' ');
    if (width > 0)
        tries_draw(g, at.y, at.w - width - 1, width, d, STYLE_BAR);
}

static void draw_chosen(const struct screen *s, struct grid *g, struct rect at)
{
    const struct env_view *v = screen_env(s);
    char words[640], label[72], when[FORMAT_SIZE];
    if (at.h < 2 || !v || s->nways == 0)
        return;
    const struct db_snap *d = v->db;
    grid_rule(g, at.y, at.x, at.w, env_label(v->conf, label), d && d->host[0] ? d->host : NULL);
    if (d && at.w < WIDE_FROM)
        draw_tries(g, at, label, d);
    int y = at.y + 1, end = at.y + at.h;
    if (!d) {
        grid_text(g, y, 1, at.w - 1, STYLE_DIM, "no database is configured");
        return;
    }
    enum style style = connectivity_result(s, d, words, sizeof(words));
    y += grid_wrap(g, y, 1, at.w - 2, end - y > 3 ? 2 : 1, style, words);
    if (is_down(d) && likely_words(d)[0] && y < end) {
        grid_text(g, y, 1, 9, STYLE_HEAD, "likely");
        y += grid_wrap(g, y, 11, at.w - 12, end - y > 2 ? 2 : 1, STYLE_TEXT, likely_words(d));
    }
    if (y < end && d->snap.why.code != ERR_OK && d->snap.good_wall_ms >= 0 && !is_down(d)) {
        grid_text(g, y, 1, 9, STYLE_HEAD, "old");
        grid_fmt(g, y++, 11, at.w - 12, STYLE_UNSURE, "last answer %s: %s",
                 format_when(d->snap.good_wall_ms, s->wall_ms, s->local, when), d->snap.why.text);
    }
    if (y < end && d->nhistory > 0) {
        tries_words(d, words, sizeof(words));
        grid_text(g, y, 1, 9, STYLE_HEAD, "tries");
        y += grid_wrap(g, y, 11, at.w - 12, end - y > 2 ? 2 : 1, STYLE_TEXT, words);
    }
    if (y < end && cert_words(s, d, words, sizeof(words)) != STYLE_COUNT) {
        enum style cert = cert_words(s, d, words, sizeof(words));
        grid_text(g, y, 1, 9, STYLE_HEAD, "cert");
        y += grid_wrap(g, y, 11, at.w - 12, end - y > 2 ? 2 : 1, cert, words);
    }
    if (y < end && server_words(s, d, words, sizeof(words))) {
        grid_text(g, y, 1, 9, STYLE_HEAD, "server");
        grid_text(g, y++, 11, at.w - 12, d->superuser ? STYLE_WARN : STYLE_TEXT, words);
    }
    if (d->result != DB_NOT_TRIED)
        connectivity_facts(d, g, (struct rect){y, at.x, end - y, at.w});
}

/* ---------------------------------------------------------- the screen */

static void connect_draw(struct screen *s, struct grid *g, struct rect body)
{
    int rows = (int)(s->nways > 200 ? 200 : s->nways), gap = body.h >= 30 ? 1 : 0;
    struct layout_want wants[] = {
        {4, 1 + (rows > 0 ? rows : 1) + gap, 1},
        {6, 18, 0},
    };
    struct rect parts[ARRAY_LEN(wants)];
    wants[1].most = body.h >= 30 ? 18 : body.h - wants[0].most > 7 ? body.h - wants[0].most : 7;
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_table(s, g, parts[0]);
    draw_chosen(s, g, parts[1]);
}

static void connect_small(struct screen *s, struct grid *g, struct rect body)
{
    draw_table(s, g, body);
}

static void connect_title(const struct screen *s, struct grid *g, struct rect at)
{
    size_t down = 0;
    const char *filter = s->filter[VIEW_CONNECT];
    for (size_t i = 0; i < s->board->n; i++)
        down += s->board->envs[i].db && is_down(s->board->envs[i].db) ? 1 : 0;
    int x = 1 + grid_fmt(g, at.y, 1, at.w - 1, STYLE_TITLE, "CONNECTIVITY %zu", s->board->n);
    x += grid_fmt(g, at.y, x, at.w - x, down > 0 ? STYLE_BAD : STYLE_DIM, "   %zu down", down);
    x += grid_fmt(g, at.y, x, at.w - x, filter[0] ? STYLE_WARN : STYLE_DIM, "   filter: %s",
                  filter[0] ? filter : "none");
    grid_right(g, at.y, x + 1, at.w - x - 2, STYLE_DIM, s->set.audit ? "no login is tried" : "worst first");
}

/* Down, then old, then not tried, then well; the configuration's order within. */
static int rank(const struct screen *s, size_t env)
{
    const struct db_snap *d = s->board->envs[env].db;
    if (!d)
        return 4;
    if (is_down(d))
        return 0;
    if (old_mark(s, &d->snap, s->board->conf->database_poll_ms)[0])
        return 1;
    return d->result == DB_NOT_TRIED ? 2 : 3;
}

enum { ASKED_ENV, ASKED_HOST, ASKED_RESULT, ASKED_DATABASE, ASKED_USER, ASKED_SQLSTATE, ASKED_TOTAL_MS };

static const struct filter_column asked[] = {
    [ASKED_ENV] = {"env", FILTER_TEXT, false},         [ASKED_HOST] = {"host", FILTER_TEXT, false},
    [ASKED_RESULT] = {"result", FILTER_TEXT, false},   [ASKED_DATABASE] = {"database", FILTER_TEXT, true},
    [ASKED_USER] = {"user", FILTER_TEXT, true},        [ASKED_SQLSTATE] = {"sqlstate", FILTER_TEXT, false},
    [ASKED_TOTAL_MS] = {"total", FILTER_NUMBER, true},
};
static const struct filter_columns connect_asked = {asked, ARRAY_LEN(asked)};

static bool passes(const struct screen *s, size_t env)
{
    const struct db_snap *d = s->board->envs[env].db;
    const struct filter_value values[] = {
        [ASKED_ENV] = {s->board->envs[env].conf->name, 0},
        [ASKED_HOST] = {d ? d->host : NULL, 0},
        [ASKED_RESULT] = {d && is_down(d) ? "down" : "up", 0},
        [ASKED_DATABASE] = {d ? d->dbname : NULL, 0},
        [ASKED_USER] = {d ? d->user : NULL, 0},
        [ASKED_SQLSTATE] = {d ? d->sqlstate : NULL, 0},
        [ASKED_TOTAL_MS] = {NULL, d && d->total_us >= 0 ? d->total_us / 1000 : FILTER_UNKNOWN},
    };
    return filter_matches(s->filters[VIEW_CONNECT], values);
}

static void connect_rebuild(struct screen *s)
{
    s->nways = 0;
    for (int r = 0; r <= 4; r++)
        for (size_t i = 0; i < s->board->n; i++)
            if (rank(s, i) == r && passes(s, i))
                s->ways[s->nways++] = i;
    list_resize(&s->connect, s->nways);
    for (size_t i = 0; i < s->nways; i++)
        if (s->ways[i] == s->env)
            list_choose(&s->connect, i);
    if (s->nways > 0)
        s->env = s->ways[s->connect.at];
}

static void connect_moved(struct screen *s)
{
    if (s->nways > 0)
        s->env = s->ways[s->connect.at];
}

static struct list *connect_list(struct screen *s)
{
    return &s->connect;
}

const struct view view_connect = {
    .tab = "5 Connect",
    .place = IN_CONNECT,
    .legend = tries_legend,
    .columns = &connect_asked,
    .list = connect_list,
    .rebuild = connect_rebuild,
    .moved = connect_moved,
    .title = connect_title,
    .draw = connect_draw,
    .small = connect_small,
};
