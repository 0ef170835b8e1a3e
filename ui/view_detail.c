/* Screen 2: one environment: its secret's versions, the last hour, the containers
 * that hold what, and the way to the database phase by phase. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/chart.h"
#include "ui/connectivity.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/versions.h"
#include "ui/view.h"

#define WIDE_FROM 120
#define CAUSE_LINES 3 /* of one cause */
#define CAUSE_SIZE 400

static enum style container_style(enum container_state state)
{
    switch (state) {
    case CONTAINER_POISONED:
        return STYLE_BAD;
    case CONTAINER_STALE:
        return STYLE_WARN;
    case CONTAINER_SILENT:
    case CONTAINER_UNKNOWN:
        return STYLE_DIM;
    case CONTAINER_CURRENT:
        return STYLE_TEXT;
    }
    return STYLE_TEXT;
}

/* --------------------------------------------------------------- title */

static int draw_age(const struct screen *s, struct grid *g, int y, int x, const char *word, const struct snap *snap,
                    int64_t period_ms)
{
    char age[FORMAT_SIZE];
    if (!snap)
        return x;
    const char *old = old_mark(s, snap, period_ms);
    bool bad = old[0] || (snap->tried_mono_ms >= 0 && snap->why.code != ERR_OK);
    x += grid_fmt(g, y, x, g->cols - x, bad ? STYLE_UNSURE : STYLE_TEXT, "%s %s%s", word, old,
                  format_age(snap_age(s, snap), age));
    return x + 2;
}

static void detail_title(const struct screen *s, struct grid *g, struct rect at)
{
    const struct env_view *v = screen_env(s);
    const struct config *c = s->board->conf;
    char label[72];
    if (!v)
        return;
    enum env_state state = s->verdicts[s->env].state;
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_DIM, "Envs > ");
    x += grid_text(g, at.y, x, at.w - x - 44, STYLE_TITLE, env_label(v->conf, label)) + 2;
    x += grid_text(g, at.y, x, at.w - x, state_style(state), env_state_word(state)) + 2;
    int right = at.w - 34;
    if (v->conf->protect && x + 12 < right)
        grid_text(g, at.y, right - 12, 11, STYLE_PROTECT, " PROTECTED ");
    x = right > x ? right : x;
    x = draw_age(s, g, at.y, x, "secret", v->secret ? &v->secret->snap : NULL, c->secret_poll_ms);
    x = draw_age(s, g, at.y, x, "logs", v->logs ? &v->logs->snap : NULL, c->log_poll_ms);
    draw_age(s, g, at.y, x, "pg", v->db ? &v->db->snap : NULL, c->database_poll_ms);
}

/* ------------------------------------------------------- cause and facts */

static void detail_cause(const struct screen *s, char *out, size_t size, size_t which)
{
    const struct verdict *v = &s->verdicts[s->env];
    char when[FORMAT_SIZE];
    const struct cause *c = &v->causes[which];
    if (c->since_ms >= 0)
        str_fmt(out, size, "%s since %s: %s", env_state_word(c->state),
                format_when(c->since_ms, s->wall_ms, s->local, when), c->text);
    else
        str_fmt(out, size, "%s: %s", env_state_word(c->state), c->text);
}

static int causes_rows(const struct screen *s, int width)
{
    char line[CAUSE_SIZE];
    int rows = 0;
    for (size_t i = 0; i < s->verdicts[s->env].ncauses; i++) {
        detail_cause(s, line, sizeof(line), i);
        rows += grid_wrap_lines(width - 2, CAUSE_LINES, line);
    }
    return rows;
}

static void draw_causes(const struct screen *s, struct grid *g, struct rect at)
{
    char line[CAUSE_SIZE];
    const struct verdict *v = &s->verdicts[s->env];
    int y = at.y, end = at.y + at.h;
    for (size_t i = 0; i < v->ncauses && y < end; i++) {
        int room = end - y - (int)(v->ncauses - i - 1); /* a line is left for each of the others */
        int lines = room < 1 ? 1 : room < CAUSE_LINES ? room : CAUSE_LINES;
        detail_cause(s, line, sizeof(line), i);
        y += grid_wrap(g, y, at.x + 1, at.w - 2, lines, state_style(v->causes[i].state), line);
    }
}

static void draw_source_error(const struct snap *snap, struct grid *g, struct rect at, int x)
{
    char line[320];
    if (snap->tried_mono_ms < 0)
        grid_text(g, at.y, x, at.w - x, STYLE_DIM, "waiting for the first answer");
    else
        grid_fmt(g, at.y, x, at.w - x, STYLE_UNSURE, "no answer yet: %s", why_line(&snap->why, line, sizeof(line)));
}

static void rotation_words(const struct secret_snap *q, char *out, size_t size)
{
    const char *function = strrchr(q->rotation_function, ':');
    function = function ? function + 1 : q->rotation_function;
    if (q->rotation == TRI_YES)
        str_fmt(out, size, "rotation on%s%s%s%s", q->rotation_rule[0] ? ", " : "", q->rotation_rule,
                function[0] ? " by " : "", function);
    else
        str_copy(out, size, q->rotation == TRI_NO ? "rotation off" : "rotation -");
}

/* Who asks AWS for this environment, and who says so; in full, or for a rule's note. */
static enum style identity_words(const struct screen *s, bool full, char *out, size_t size)
{
    const struct identity_snap *id = screen_env(s)->identity;
    char line[320], until[FORMAT_SIZE], left[FORMAT_SIZE], end[80] = "";
    if (!id || id->snap.good_mono_ms < 0) {
        bool tried = id && id->snap.tried_mono_ms >= 0;
        str_fmt(out, size, "asked as: %s", tried ? why_line(&id->snap.why, line, sizeof(line)) : "not known yet");
        return tried ? STYLE_UNSURE : STYLE_DIM;
    }
    const char *who = strrchr(id->arn, ':');
    who = who ? who + 1 : id->arn;
    if (!full && strncmp(who, "assumed-role/", 13) == 0)
        who += 13;
    if (id->expires_ms >= 0)
        str_fmt(end, sizeof(end), ", until %s (%s)", format_when(id->expires_ms, s->wall_ms, s->local, until),
                format_until(id->expires_ms, s->wall_ms, left));
    if (full)
        str_fmt(out, size, "asked as %s   account %s   region %s   from %s%s", who, id->account, id->region, id->source,
                end);
    else
        str_fmt(out, size, "asked as %s%s%s", who, end[0] ? "" : " from ", end[0] ? end : id->source);
    return id->expires_ms >= 0 && id->expires_ms - s->wall_ms < EXPIRES_SOON_MS ? STYLE_WARN : STYLE_DIM;
}

static void draw_facts(const struct screen *s, struct grid *g, struct rect at)
{
    const struct env_view *v = screen_env(s);
    const struct secret_snap *q = v->secret;
    char rule[400], a[FORMAT_SIZE], b[FORMAT_SIZE];
    if (at.h < 1)
        return;
    if (!q) {
        grid_fmt(g, at.y, 1, at.w - 1, STYLE_TEXT, "development: credentials from %s, Secrets Manager is never called",
                 v->conf->env_file ? v->conf->env_file : ".env");
        return;
    }
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_BOLD,
                          q->name[0]        ? q->name
                          : v->conf->secret ? v->conf->secret
                                            : "-");
    if (q->snap.good_mono_ms < 0) {
        draw_source_error(&q->snap, g, at, x + 3);
        return;
    }
    if (q->deleted_ms >= 0) {
        grid_fmt(g, at.y, x + 3, at.w - x - 3, STYLE_BAD, "scheduled for deletion %s",
                 format_stamp(q->deleted_ms, s->local, a));
        return;
    }
    rotation_words(q, rule, sizeof(rule));
    grid_fmt(g, at.y, x + 3, at.w - x - 3, STYLE_TEXT, "%s   next %s   last %s", rule,
             format_when(q->next_rotation_ms, s->wall_ms, s->local, a),
             format_when(q->last_rotated_ms, s->wall_ms, s->local, b));
    if (at.h > 1) {
        char words[640];
        enum style style = identity_words(s, true, words, sizeof(words));
        grid_text(g, at.y + 1, 1, at.w - 1, style, words);
    }
    if (at.h > 2)
        grid_fmt(g, at.y + 2, 1, at.w - 1, STYLE_DIM, "%s%s%s%s%s%s%s", q->arn,
                 q->owning_service[0] ? "   managed by " : "", q->owning_service,
                 q->primary_region[0] ? "   replica of " : "", q->primary_region, q->description[0] ? "   " : "",
                 q->description);
}

/* The posture in a line; the whole of it is on screen 7.  Lines that are few are for what is
 * wrong alone. */
static bool wants_posture(const struct screen *s, bool tall)
{
    uint8_t results[POSTURE_CHECKS];
    bool bad = false;
    if (!screen_env(s)->secret)
        return false;
    posture_results(s->board, screen_env(s), results);
    for (size_t i = 0; i < POSTURE_CHECKS; i++)
        bad = bad || results[i] == POSTURE_FAIL || results[i] == POSTURE_WARN;
    return tall || bad;
}

static void draw_posture(const struct screen *s, struct grid *g, struct rect at)
{
    char words[400];
    if (at.h < 1)
        return;
    struct posture *p = mem_new(sizeof(*p));
    posture_judge(s->board, screen_env(s), p);
    enum style style = posture_line(p, words, sizeof(words));
    free(p);
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_HEAD, "posture");
    grid_text(g, at.y, x + 2, at.w - x - 2, style, words);
}

/* `named`: who asks stands in a line of its own already. */
static void draw_versions(const struct screen *s, struct grid *g, struct rect at, bool named)
{
    const struct secret_snap *q = screen_env(s)->secret;
    char note[512], who[448] = "";
    if (!q)
        return;
    if (!named)
        (void)identity_words(s, false, who, sizeof(who));
    str_fmt(note, sizeof(note), "%zu%s%s", q->nversions, who[0] ? "   " : "", who);
    versions_draw(s, g, at, note);
}

/* -------------------------------------------------------------- charts */

static const struct {
    const char *word;
    unsigned kinds;
    enum style style;
} hour_rows[] = {
    {"fetch", 1u << EVENT_FETCH, STYLE_BAR},       {"hit", 1u << EVENT_HIT, STYLE_BAR},
    {"stale", 1u << EVENT_STALE_HIT, STYLE_WARN},  {"fallback", 1u << EVENT_FALLBACK, STYLE_BAD},
    {"db error", 1u << EVENT_DB_ERROR, STYLE_BAD},
};
#define HOUR_ROWS ((int)ARRAY_LEN(hour_rows))
/* With axes: the hits are bars of three lines, the logins of two, and times stand below. */
#define HIT_LINES 3
#define LOGIN_LINES 2
#define CHART_MOST 192 /* columns: two for each step of a day */
#define TALL_LINES (1 + HOUR_ROWS - 1 + HIT_LINES + LOGIN_LINES + 1)

static void hour_note(const struct screen *s, size_t row, char out[64])
{
    const struct log_snap *l = screen_env(s)->logs;
    char ratio[FORMAT_SIZE];
    out[0] = '\0';
    if (hour_rows[row].kinds == 1u << EVENT_HIT && s->span == SPAN_HOUR && log_hit_ratio(l, WINDOW_MS, s->wall_ms) >= 0)
        str_fmt(out, 64, "%s of calls", format_ratio(log_hit_ratio(l, WINDOW_MS, s->wall_ms), ratio));
    else if (hour_rows[row].kinds == 1u << EVENT_STALE_HIT && l->stale + l->poisoned > 0)
        str_fmt(out, 64, "in %zu containers", l->stale + l->poisoned);
    else if (hour_rows[row].kinds == 1u << EVENT_DB_ERROR)
        str_copy_n(out, 64, l->last_db_error, text_fit(l->last_db_error, 60, &(size_t){0}));
}

/* How far the past has been read, and by what at what cost. */
static void past_words(const struct log_snap *l, char *out, size_t size)
{
    char slices[40] = "";
    if (l->backfilling && l->backfill_slices > 0)
        str_fmt(slices, sizeof(slices), " %u/%u", (unsigned)l->backfill_done, (unsigned)l->backfill_slices);
    str_fmt(out, size, "%s%s%s%s", l->backfilling ? "reading the past" : "", slices,
            l->backfilling && l->engine[0] ? "   " : "", l->engine);
}

static int64_t moved_in_span(const struct screen *s)
{
    const struct secret_snap *q = screen_env(s)->secret;
    return q && s->wall_ms - q->current_since_ms < chart_span_ms(s->span) ? q->current_since_ms : -1;
}

static void charts_rule(const struct screen *s, struct grid *g, struct rect at)
{
    const struct log_snap *l = screen_env(s)->logs;
    char title[400], past[280] = "", label[64] = "", when[FORMAT_SIZE], unread[64] = "";
    if (l)
        past_words(l, past, sizeof(past));
    int64_t moved = moved_in_span(s);
    if (moved >= 0)
        str_fmt(label, sizeof(label), "(| = AWSCURRENT moved %s)   ", format_clock(moved, s->local, true, when));
    if (l && l->snap.good_mono_ms >= 0 && l->from_ms > s->wall_ms - chart_span_ms(s->span) + SERIES_STEP_MS)
        str_fmt(unread, sizeof(unread), "? = not read, before %s   ",
                format_when(l->from_ms, s->wall_ms, s->local, when));
    str_fmt(title, sizeof(title), "%s%s%s", label, unread, past);
    for (size_t n = strlen(title); n > 0 && title[n - 1] == ' '; n--)
        title[n - 1] = '\0';
    grid_rule(g, at.y, at.x, at.w, chart_span_words(s->span), title);
}

/* The widest that has whole steps, and leaves room for what stands beside it. */
static int chart_width(const struct screen *s, int width)
{
    int steps = chart_span_steps(s->span);
    int room = width >= CHART_MOST + 40 ? CHART_MOST : width >= WIDE_FROM + 30 ? 120 : width >= 100 ? 60 : 40;
    if (steps > room)
        return steps / ((steps + room - 1) / room);
    return steps * (room / steps);
}

/* One row of counts as a chart `lines` high; returns its lines. */
static int draw_count_row(const struct screen *s, struct grid *g, struct rect at, size_t i, int width, int lines)
{
    const struct log_snap *l = screen_env(s)->logs;
    struct chart c = {.logs = l,
                      .span = s->span,
                      .kinds = hour_rows[i].kinds,
                      .now_ms = s->wall_ms,
                      .moved_ms = moved_in_span(s),
                      .old = old_mark(s, &l->snap, s->board->conf->log_poll_ms)[0] != '\0',
                      .style = hour_rows[i].style};
    char count[FORMAT_SIZE], note[64], words[FORMAT_SIZE + 2];
    bool whole = true;
    int x = at.x + 10, bottom = at.y + lines - 1;
    uint64_t sum = chart_sum(&c, &whole);
    grid_text(g, bottom, at.x + 1, 9, sum > 0 && hour_rows[i].style != STYLE_BAR ? hour_rows[i].style : STYLE_TEXT,
              hour_rows[i].word);
    uint32_t top = chart_draw(g, (struct rect){at.y, x, lines, width}, &c);
    if (lines > 1)
        grid_right(g, at.y, at.x + 1, 8, STYLE_DIM, format_count(top, count));
    str_fmt(words, sizeof(words), "%s%s", whole ? "" : ">=", format_count(sum, count));
    grid_right(g, bottom, x + width + 1, 7, whole ? STYLE_TEXT : STYLE_UNSURE, words);
    hour_note(s, i, note);
    grid_text(g, bottom, x + width + 10, at.w - x - width - 11, STYLE_DIM, note);
    return lines;
}

/* The logins where they were: tries are a period apart, the newest at its own age.  The worst
 * of a column stands for it; older than what is kept is not known. */
static int32_t login_columns(const struct screen *s, const struct db_snap *d, int width, int32_t values[])
{
    int64_t period = d->snap.period_ms > 0 ? d->snap.period_ms : s->board->conf->database_poll_ms;
    int64_t span = chart_span_ms(s->span), newest = d->snap.good_wall_ms >= 0 ? s->wall_ms - d->snap.good_wall_ms : 0;
    int32_t top = 0;
    int64_t oldest = newest + (int64_t)(d->nhistory > 0 ? d->nhistory - 1 : 0) * period;
    for (int x = 0; x < width; x++)
        values[x] = d->nhistory == 0 || span * (width - 1 - x) / width > oldest ? CHART_UNKNOWN : 0;
    for (size_t i = 0; i < d->nhistory; i++) {
        int64_t ago = newest + (int64_t)(d->nhistory - 1 - i) * period;
        if (ago < 0 || ago >= span)
            continue;
        int32_t *at = &values[width - 1 - (int)(ago * width / span)];
        if (d->history_us[i] < 0)
            *at = CHART_FAILED;
        else if (*at != CHART_FAILED && d->history_us[i] > *at)
            *at = d->history_us[i];
        top = d->history_us[i] > top ? d->history_us[i] : top;
    }
    return top;
}

static void draw_logins(const struct screen *s, struct grid *g, struct rect at, int width)
{
    const struct db_snap *d = screen_env(s)->db;
    int32_t values[CHART_MOST];
    char last[FORMAT_SIZE], most[FORMAT_SIZE];
    int x = at.x + 10, bottom = at.y + at.h - 1;
    size_t failed = 0;
    grid_text(g, bottom, at.x + 1, 9, STYLE_TEXT, "login");
    if (!d || d->nhistory == 0) {
        grid_text(g, bottom, x, width, STYLE_DIM, "no login was tried yet");
        return;
    }
    int32_t top = login_columns(s, d, width, values);
    for (size_t i = 0; i < d->nhistory; i++)
        failed += d->history_us[i] < 0 ? 1 : 0;
    chart_values(g, (struct rect){at.y, x, at.h, width}, values, top, STYLE_GOOD);
    grid_right(g, at.y, at.x + 1, 8, STYLE_DIM, format_latency(top > 0 ? top : -1, most));
    grid_right(g, bottom, x + width + 1, 7, STYLE_TEXT, format_latency(d->total_us, last));
    grid_fmt(g, bottom, x + width + 10, at.w - x - width - 11, failed > 0 ? STYLE_BAD : STYLE_DIM, "%zu of %zu failed",
             failed, d->nhistory);
}

static void draw_charts(const struct screen *s, struct grid *g, struct rect at)
{
    const struct log_snap *l = screen_env(s)->logs;
    if (at.h < 2)
        return;
    charts_rule(s, g, at);
    if (!l || l->snap.good_mono_ms < 0) {
        if (l)
            draw_source_error(&l->snap, g, (struct rect){at.y + 1, at.x, 1, at.w}, 1);
        else
            grid_text(g, at.y + 1, 1, at.w - 1, STYLE_DIM, "no log group is configured");
        return;
    }
    int width = chart_width(s, at.w), y = at.y + 1;
    bool tall = at.h >= TALL_LINES;
    for (int i = 0; i < HOUR_ROWS && y < at.y + at.h; i++) {
        int lines = tall && hour_rows[i].kinds == 1u << EVENT_HIT ? HIT_LINES : 1;
        y += draw_count_row(s, g, (struct rect){y, at.x, lines, at.w}, (size_t)i, width, lines);
    }
    if (!tall)
        return;
    draw_logins(s, g, (struct rect){y, at.x, LOGIN_LINES, at.w}, width);
    chart_times(g, y + LOGIN_LINES, at.x + 10, width, s->wall_ms - chart_span_ms(s->span), s->wall_ms, s->local);
}

/* ---------------------------------------------------------- containers */

enum {
    BOX_STREAM,
    BOX_STATE,
    BOX_STARTED,
    BOX_FETCHED,
    BOX_HOLDS,
    BOX_LAST,
    BOX_HITS,
    BOX_STALE,
    BOX_FALLBACK,
    BOX_ERRORS,
    BOX_COLUMNS
};

static const struct layout_column box_columns[BOX_COLUMNS] = {
    [BOX_STREAM] = {"LOG STREAM", 12, 0, false}, [BOX_STATE] = {"STATE", 10, 0, false},
    [BOX_STARTED] = {"STARTED", 8, 4, false},    [BOX_FETCHED] = {"FETCHED", 8, 1, false},
    [BOX_HOLDS] = {"HOLDS", 9, 0, false},        [BOX_LAST] = {"LAST", 8, 1, false},
    [BOX_HITS] = {"HITS", 5, 2, true},           [BOX_STALE] = {"STALE", 5, 3, true},
    [BOX_FALLBACK] = {"FALLB", 5, 5, true},      [BOX_ERRORS] = {"DB ERR", 6, 2, true},
};

static void draw_container(const struct screen *s, struct grid *g, int y, struct rect at,
                           const struct layout_column *cols, const int *x, const struct container_row *c)
{
    char cells[BOX_COLUMNS][144];
    if (cols[BOX_STREAM].width > 20)
        str_copy(cells[BOX_STREAM], 144, c->stream);
    else
        format_stream(c->stream, cells[BOX_STREAM]);
    str_copy(cells[BOX_STATE], 144, container_state_word(c->state));
    str_fmt(cells[BOX_HOLDS], 144, "%s%s", format_version(c->holds, (char[FORMAT_SIZE]){0}), c->in_doubt ? "?" : "");
    format_when(c->started_ms, s->wall_ms, s->local, cells[BOX_STARTED]);
    format_when(c->state == CONTAINER_POISONED && c->fell_back_ms >= 0 ? c->fell_back_ms : c->fetched_ms, s->wall_ms,
                s->local, cells[BOX_FETCHED]);
    format_when(c->last_ms, s->wall_ms, s->local, cells[BOX_LAST]);
    format_count(c->hits, cells[BOX_HITS]);
    format_count(c->stale_hits, cells[BOX_STALE]);
    format_count(c->fallbacks, cells[BOX_FALLBACK]);
    format_count(c->db_errors, cells[BOX_ERRORS]);
    for (int i = 0; i < BOX_COLUMNS; i++) {
        enum style style = i == BOX_STATE || i == BOX_STREAM ? container_style(c->state) : STYLE_TEXT;
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, y, at.x + 2 + x[i], cols[i].width, style, cells[i]);
        else if (x[i] >= 0)
            grid_text(g, y, at.x + 2 + x[i], cols[i].width, style, cells[i]);
    }
}

static void containers_rule(const struct screen *s, const struct log_snap *l, struct grid *g, struct rect at)
{
    char note[200], row[48] = "";
    if (l->ncontainers > (size_t)(at.h - 2))
        str_fmt(row, sizeof(row), "  row %zu/%zu", s->containers.at + 1, l->ncontainers);
    str_fmt(note, sizeof(note), "%zu active: %zu current, %zu stale, %zu poisoned; %zu silent%s%s", l->active,
            l->current, l->stale, l->poisoned, l->silent, row,
            at.w >= WIDE_FROM ? "   (a container fetches once in its life: a stale one ends only by recycling)" : "");
    grid_rule(g, at.y, at.x, at.w, "CONTAINERS", note);
}

static void draw_containers(struct screen *s, struct grid *g, struct rect at)
{
    const struct log_snap *l = screen_env(s)->logs;
    struct layout_column cols[BOX_COLUMNS];
    int x[BOX_COLUMNS];
    if (at.h < 3 || !l)
        return;
    containers_rule(s, l, g, at);
    memcpy(cols, box_columns, sizeof(cols));
    cols[BOX_STREAM].width = at.w >= WIDE_FROM ? 52 : at.w >= 90 ? 24 : 12;
    layout_columns(cols, BOX_COLUMNS, at.w - 3, x);
    for (int i = 0; i < BOX_COLUMNS; i++)
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, at.y + 1, at.x + 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
        else if (x[i] >= 0)
            grid_text(g, at.y + 1, at.x + 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    size_t room = (size_t)(at.h - 2);
    list_show(&s->containers, room);
    for (size_t i = 0; i < room && s->containers.top + i < l->ncontainers; i++) {
        size_t row = s->containers.top + i;
        int y = at.y + 2 + (int)i;
        draw_container(s, g, y, at, cols, x, &l->containers[row]);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)row);
        if (row == s->containers.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
    if (l->ncontainers == 0)
        grid_text(g, at.y + 2, at.x + 2, at.w - 2, STYLE_DIM, "no container has been seen in the logs");
}

/* ---------------------------------------------------------- the screen */

static void draw_latest(const struct screen *s, struct grid *g, struct rect at)
{
    struct event_ref newest[64];
    struct event_wish wish = {.env = s->env, .kinds = EVENT_KINDS_LIVE};
    int room = at.h - 1 > 64 ? 64 : at.h - 1;
    if (room < 1)
        return;
    grid_rule(g, at.y, at.x, at.w, "LAST EVENTS", "(3 opens the full screen)");
    size_t n = event_list_newest(s->board, &wish, newest, (size_t)room);
    for (size_t i = 0; i < n; i++)
        draw_event(s, g, at.y + 1 + (int)i, at.x + 1, at.w - 1, &newest[i], false);
    if (n == 0)
        grid_text(g, at.y + 1, at.x + 1, at.w - 1, STYLE_DIM, "no events yet");
}

static void detail_draw(struct screen *s, struct grid *g, struct rect body)
{
    const struct env_view *v = screen_env(s);
    if (!v)
        return;
    bool wide = body.w >= WIDE_FROM, tall = body.h >= 36;
    int causes = causes_rows(s, body.w);
    int versions = v->secret ? versions_lines(v->secret, false) : 0;
    int most = v->secret ? versions_lines(v->secret, tall) : 0;
    int boxes = v->logs ? 2 + (int)(v->logs->ncontainers > 100 ? 100 : v->logs->ncontainers) : 0;
    boxes = boxes == 2 ? 3 : boxes;
    int gap = tall ? 1 : 0;
    struct layout_want wants[] = {
        {causes > 3 ? 3 : causes, causes > 6 ? 6 : causes, 0},
        {1, tall && v->secret ? 3 : 1, 0},
        {1, wants_posture(s, tall) ? 1 + gap : 0, 3},
        {wide           ? 9
         : versions > 5 ? 5 /* AWSCURRENT, AWSPENDING and AWSPREVIOUS */
                        : versions,
         (wide && most < 9 ? 9 : most) + gap, 2},
        {v->logs ? 4 : 2,
         (!v->logs               ? 2
          : wide && body.h >= 40 ? TALL_LINES
                                 : 1 + HOUR_ROWS) +
             gap,
         3},
        {boxes > 4 ? 4 : boxes, boxes + (boxes ? gap : 0), 4},
        {wide ? 1 : 2, wide ? 0 : 4, 1},
        {tall ? 3 : 1, tall ? 400 : 0, 5},
    };
    struct rect parts[ARRAY_LEN(wants)];
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_causes(s, g, parts[0]);
    draw_facts(s, g, parts[1]);
    draw_posture(s, g, parts[2]);
    if (wide) {
        int half = v->secret ? body.w / 2 : 0;
        draw_versions(s, g, (struct rect){parts[3].y, 0, parts[3].h, half - 1}, parts[1].h > 1);
        connectivity_draw(s, g, (struct rect){parts[3].y, half, parts[3].h, body.w - half}, true);
    } else {
        draw_versions(s, g, parts[3], parts[1].h > 1);
        connectivity_draw(s, g, parts[6], false);
    }
    draw_charts(s, g, parts[4]);
    draw_containers(s, g, parts[5]);
    draw_latest(s, g, parts[7]);
}

/* Under 60x15: the causes, then the way to the database. */
static void detail_small(struct screen *s, struct grid *g, struct rect body)
{
    const struct env_view *v = screen_env(s);
    char label[72];
    if (!v)
        return;
    enum env_state state = s->verdicts[s->env].state;
    int x = grid_text(g, body.y, 0, body.w, STYLE_TITLE, env_label(v->conf, label));
    grid_text(g, body.y, x + 2, body.w - x - 2, state_style(state), env_state_word(state));
    struct rect rest = {body.y + 1, 0, body.h - 1, body.w};
    int causes = causes_rows(s, body.w);
    rest.h = causes < rest.h ? causes : rest.h;
    draw_causes(s, g, rest);
    struct rect below = {rest.y + rest.h, 0, body.h - 1 - rest.h, body.w};
    connectivity_draw(s, g, below, true);
}

static void detail_rebuild(struct screen *s)
{
    const struct env_view *v = screen_env(s);
    size_t n = v && v->logs ? v->logs->ncontainers : 0;
    list_resize(&s->containers, n);
    for (size_t i = 0; i < n; i++)
        if (v->logs->containers[i].key == s->container)
            list_choose(&s->containers, i);
    s->container = n > 0 ? v->logs->containers[s->containers.at].key : 0;
}

static void detail_moved(struct screen *s)
{
    const struct env_view *v = screen_env(s);
    if (v && v->logs && s->containers.at < v->logs->ncontainers)
        s->container = v->logs->containers[s->containers.at].key;
}

static struct list *detail_list(struct screen *s)
{
    return &s->containers;
}

const struct view view_detail = {
    .tab = "2 Detail",
    .place = IN_DETAIL,
    .legend = "HOLDS = AWSCURRENT when it fetched; ? = fetched while the label was moving",
    .list = detail_list,
    .rebuild = detail_rebuild,
    .moved = detail_moved,
    .title = detail_title,
    .draw = detail_draw,
    .small = detail_small,
};
