#include "ui/versions.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/orders.h"
#include "ui/view.h"

static void label_words(const struct version_row *v, char out[128])
{
    str_fmt(out, 128, "%s%s%s%s%s", v->labels & LABEL_CURRENT ? "AWSCURRENT " : "",
            v->labels & LABEL_PENDING ? "AWSPENDING " : "", v->labels & LABEL_PREVIOUS ? "AWSPREVIOUS " : "",
            v->other_labels, v->labels == 0 && !v->other_labels[0] ? "-" : "");
}

static const char *since_words(const struct screen *s, const struct secret_snap *q, const struct version_row *v,
                               char out[64])
{
    char when[FORMAT_SIZE], age[FORMAT_SIZE];
    int64_t since = v->labels & LABEL_CURRENT   ? q->current_since_ms
                    : v->labels & LABEL_PENDING ? q->pending_since_ms
                                                : -1;
    if (since < 0 && (v->labels & LABEL_PREVIOUS) && q->current_since_ms >= 0)
        str_fmt(out, 64, "until %s", format_when(q->current_since_ms, s->wall_ms, s->local, when));
    else if (since < 0)
        str_copy(out, 64, "-");
    else
        str_fmt(out, 64, "%s%s  %s", format_when(since, s->wall_ms, s->local, when),
                (v->labels & LABEL_CURRENT) && !q->current_since_exact ? " or before" : "",
                format_age(s->wall_ms - since, age));
    return out;
}

/* The newest login with a version: a test order's, or for AWSCURRENT the database watch's. */
static enum style version_login(const struct screen *s, const struct version_row *v, char out[FORMAT_SIZE])
{
    const struct db_snap *d = screen_env(s)->db;
    int64_t tested = -1;
    const struct stage_login *l = orders_login(s->board, s->env, v->id, &tested);
    bool tried = d && (d->result == DB_LOGIN_OK || d->result == DB_LOGIN_FAILED);
    bool watched = tried && !d->fell_back && v->id[0] && strcmp(d->version_id, v->id) == 0;
    if (watched && (!l || d->snap.good_wall_ms > tested)) {
        char time[FORMAT_SIZE];
        if (d->result == DB_LOGIN_OK)
            str_fmt(out, FORMAT_SIZE, "ok %s", format_latency(d->total_us, time));
        else
            str_copy(out, FORMAT_SIZE, d->sqlstate[0] ? d->sqlstate : phase_short(d->failed));
        return d->result == DB_LOGIN_OK ? STYLE_GOOD : STYLE_BAD;
    }
    if (l && l->sqlstate[0]) {
        str_copy(out, FORMAT_SIZE, l->sqlstate);
        return STYLE_BAD;
    }
    if (l)
        return login_words(l, false, out);
    str_copy(out, FORMAT_SIZE, "-");
    return STYLE_DIM;
}

/* ----------------------------------------------------- the line of time */

#define LINE_AT 10     /* behind the version */
#define LINE_BESIDE 21 /* for what it is, and the login */
#define LINE_LEAST 20
#define LINES_MOST 6 /* of versions: those with a label come first, then the newest */

/* What a version was in a part of the time. */
static const struct {
    uint32_t utf8;
    char ascii;
    enum style style;
} parts[] = {
    [0] = {' ', ' ', STYLE_TEXT},
#define PART_PENDING 1
    [PART_PENDING] = {0x2591, '.', STYLE_BUSY},
#define PART_CURRENT 2
    [PART_CURRENT] = {0x2588, '#', STYLE_GOOD},
#define PART_WAS 3
    [PART_WAS] = {0x2592, '=', STYLE_BAR},
#define PART_PREVIOUS 4
    [PART_PREVIOUS] = {0x2500, '-', STYLE_DIM},
};

/* When the next version was made: that is when this one was replaced, as far as is known. */
static int64_t next_created(const struct secret_snap *q, int64_t after_ms, int64_t now_ms)
{
    int64_t next = now_ms;
    for (size_t i = 0; i < q->nversions; i++)
        if (q->versions[i].created_ms > after_ms && q->versions[i].created_ms < next)
            next = q->versions[i].created_ms;
    return next;
}

static int part_at(const struct secret_snap *q, const struct version_row *v, int64_t ms, int64_t now_ms)
{
    int64_t moved = q->current_since_ms;
    if (v->created_ms < 0 || ms < v->created_ms)
        return 0;
    if (v->labels & LABEL_CURRENT)
        return moved >= 0 && ms < moved ? PART_PENDING : PART_CURRENT;
    if (v->labels & LABEL_PENDING)
        return PART_PENDING;
    int64_t until = (v->labels & LABEL_PREVIOUS) && moved >= 0 ? moved : next_created(q, v->created_ms, now_ms);
    if (ms < until)
        return PART_WAS;
    return v->labels & LABEL_PREVIOUS ? PART_PREVIOUS : 0;
}

static void draw_line(const struct screen *s, struct grid *g, int y, int x, int width, const struct version_row *v,
                      int64_t from_ms)
{
    const struct secret_snap *q = screen_env(s)->secret;
    int64_t span = s->wall_ms - from_ms;
    for (int i = 0; i < width; i++) {
        /* A column is what the version was at its end: what is now is never rounded away. */
        int64_t ms = from_ms + span * (i + 1) / width;
        int part = part_at(q, v, ms, s->wall_ms);
        grid_glyph(g, y, x + i, parts[part].style, parts[part].utf8, parts[part].ascii);
    }
}

static int64_t oldest_created(const struct secret_snap *q)
{
    int64_t from = INT64_MAX;
    for (size_t i = 0; i < q->nversions; i++)
        if (q->versions[i].created_ms >= 0 && q->versions[i].created_ms < from)
            from = q->versions[i].created_ms;
    return from;
}

static void draw_axis(const struct screen *s, struct grid *g, int y, int x, int width, int64_t from_ms)
{
    int ticks = width / 20 > 0 ? width / 20 : 1;
    for (int i = 0; i < ticks; i++) {
        int at = i * width / ticks;
        char when[FORMAT_SIZE];
        int64_t ms = from_ms + (s->wall_ms - from_ms) * at / width;
        grid_glyph(g, y, x + at, STYLE_DIM, 0x2514, '^');
        grid_text(g, y, x + at + 1, 9, STYLE_DIM, format_when(ms, s->wall_ms, s->local, when));
    }
    grid_right(g, y, x + width - 4, 4, STYLE_DIM, "now");
}

static const char *part_word(const struct version_row *v)
{
    return v->labels & LABEL_CURRENT    ? "CURRENT"
           : v->labels & LABEL_PENDING  ? "PENDING"
           : v->labels & LABEL_PREVIOUS ? "PREVIOUS"
                                        : "-";
}

static int lines_of(const struct secret_snap *q)
{
    return q->nversions > LINES_MOST ? LINES_MOST : (int)q->nversions;
}

static void draw_time(const struct screen *s, struct grid *g, struct rect at)
{
    const struct secret_snap *q = screen_env(s)->secret;
    int width = at.w - LINE_AT - LINE_BESIDE - 1, lines = lines_of(q);
    int64_t from = oldest_created(q);
    char note[96];
    if (at.h < lines + 2 || width < LINE_LEAST || from >= s->wall_ms)
        return;
    str_fmt(note, sizeof(note),
            g->utf8 ? "█ AWSCURRENT  ▒ was it  ─ AWSPREVIOUS  ░ before"
                    : "# AWSCURRENT  = was it  - AWSPREVIOUS  . before");
    grid_rule(g, at.y, at.x, at.w, "TIME LINE", note);
    for (int i = 0; i < lines; i++) {
        const struct version_row *v = &q->versions[i];
        char id[FORMAT_SIZE], login[FORMAT_SIZE];
        int y = at.y + 1 + i, x = at.x + 1;
        enum style style = version_login(s, v, login);
        grid_text(g, y, x, LINE_AT - 1, v->labels & LABEL_CURRENT ? STYLE_BOLD : STYLE_TEXT, format_version(v->id, id));
        draw_line(s, g, y, x + LINE_AT, width, v, from);
        x += LINE_AT + width + 1;
        grid_text(g, y, x, 8, STYLE_TEXT, part_word(v));
        grid_text(g, y, x + 9, at.x + at.w - x - 9, style, login);
    }
    draw_axis(s, g, at.y + 1 + lines, at.x + 1 + LINE_AT, width, from);
}

/* ------------------------------------------------------------- the table */

static void draw_table(const struct screen *s, struct grid *g, struct rect at)
{
    const struct secret_snap *q = screen_env(s)->secret;
    if (at.h < 3)
        return;
    bool stamps = at.w > 92; /* else the day will do */
    const struct layout_column columns[] = {{"VERSION", 8, 0, false},
                                            {"CREATED", stamps ? 20 : 8, 2, false},
                                            {"LABEL", 23, 0, false},
                                            {"SINCE", 24, 1, false},
                                            {"LOGIN", 10, 1, false}};
    int x[ARRAY_LEN(columns)];
    layout_columns(columns, ARRAY_LEN(columns), at.w - 1, x);
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        if (x[i] >= 0)
            grid_text(g, at.y + 1, at.x + 1 + x[i], columns[i].width, STYLE_HEAD, columns[i].head);
    for (size_t i = 0; i < q->nversions && (int)i < at.h - 2; i++) {
        const struct version_row *v = &q->versions[i];
        char labels[128], since[64], id[FORMAT_SIZE], created[FORMAT_SIZE], login[FORMAT_SIZE];
        label_words(v, labels);
        enum style login_style = version_login(s, v, login);
        const char *cells[] = {format_version(v->id, id),
                               stamps ? format_stamp(v->created_ms, s->local, created)
                                      : format_when(v->created_ms, s->wall_ms, s->local, created),
                               labels, since_words(s, q, v, since), login};
        enum style style = v->labels & LABEL_CURRENT ? STYLE_BOLD : v->labels & LABEL_PENDING ? STYLE_BUSY : STYLE_TEXT;
        for (size_t c = 0; c < ARRAY_LEN(columns); c++)
            if (x[c] >= 0)
                grid_text(g, at.y + 2 + (int)i, at.x + 1 + x[c], columns[c].width,
                          cells[c] == login ? login_style : style, cells[c]);
    }
}

int versions_lines(const struct secret_snap *q, bool with_time)
{
    int n = (int)q->nversions;
    return 2 + n + (with_time && n > 0 ? 2 + lines_of(q) : 0);
}

void versions_draw(const struct screen *s, struct grid *g, struct rect at, const char *note)
{
    int rows = 2 + (int)screen_env(s)->secret->nversions;
    if (at.h < 2)
        return;
    grid_rule(g, at.y, at.x, at.w, "VERSIONS", note);
    draw_table(s, g, at);
    if (rows > 2 && at.h > rows)
        draw_time(s, g, (struct rect){at.y + rows, at.x, at.h - rows, at.w});
}
