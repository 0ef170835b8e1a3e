#include "ui/env_table.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/chart.h"
#include "ui/env_columns.h"
#include "ui/env_order.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

#define NAME_WIDE 24
#define SECRET_WIDE 28
#define CHART_MORE 48

/* ------------------------------------------------------------- columns */

static void widest(const struct screen *s, enum env_column c, int most, struct layout_column *out)
{
    char text[CELL_MAX];
    for (size_t i = 0; i < s->board->n; i++) {
        struct env_row r = {.s = s, .v = &s->board->envs[i]};
        (void)env_column(c)->cell(&r, text);
        int width = (int)text_width(text);
        out->width = width > out->width ? width : out->width;
    }
    out->width = out->width > most ? most : out->width;
}

static int rank_of(const struct screen *s, enum env_column c)
{
    if (s->look.always & (1u << c))
        return 0;
    return s->wide[VIEW_OVERVIEW] ? env_column(c)->rank_wide : env_column(c)->rank;
}

/* Names as wide as they need to be, within reason; what is left over goes to the
 * chart. */
static void fit_columns(struct screen *s, int width, struct layout_column out[ENV_COLUMNS], int x[ENV_COLUMNS])
{
    for (int c = 0; c < ENV_COLUMNS; c++) {
        const struct env_column_row *row = env_column((enum env_column)c);
        out[c] = (struct layout_column){row->head, row->width, rank_of(s, (enum env_column)c), row->right};
    }
    out[ENV_COLUMN_SECRET].width = 6;
    widest(s, ENV_COLUMN_ENV, NAME_WIDE, &out[ENV_COLUMN_ENV]);
    widest(s, ENV_COLUMN_SECRET, SECRET_WIDE, &out[ENV_COLUMN_SECRET]);
    for (int c = 0; c < ENV_COLUMNS; c++)
        if (s->look.never & (1u << c))
            out[c].width = 0;
    int used = layout_columns(out, ENV_COLUMNS, width, x);
    if (x[ENV_COLUMN_CALLS] >= 0 && used < width) {
        int more = width - used;
        out[ENV_COLUMN_CALLS].width += more > CHART_MORE ? CHART_MORE : more;
        layout_columns(out, ENV_COLUMNS, width, x);
    }
    s->columns_shown = 0;
    for (int c = 0; c < ENV_COLUMNS; c++)
        s->columns_shown |= x[c] >= 0 ? 1u << c : 0;
}

/* ---------------------------------------------------------------- rows */

/* The table as it is drawn: where each column begins. */
struct table {
    struct screen *s;
    struct grid *g;
    struct rect at;
    int margin, heads;
    struct layout_column cols[ENV_COLUMNS];
    int x[ENV_COLUMNS];
};

static void draw_calls(const struct env_row *r, struct grid *g, int y, int x, int width)
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

static void draw_heads(struct table *t)
{
    for (int c = 0; c < ENV_COLUMNS && t->heads > 0; c++) {
        int x = t->at.x + t->margin + t->x[c];
        if (t->x[c] < 0)
            continue;
        enum style style = t->s->look.sort == (enum env_column)c ? STYLE_KEY : STYLE_HEAD;
        grid_zone(t->g, t->at.y, x, t->cols[c].width, ZONE_COLUMN, (uint32_t)c);
        if (t->cols[c].right)
            grid_right(t->g, t->at.y, x, t->cols[c].width, style, t->cols[c].head);
        else
            grid_text(t->g, t->at.y, x, t->cols[c].width, style, t->cols[c].head);
    }
}

/* What stands before a row: that it is marked, that it changed, that it is the chosen one. */
static void draw_margin(struct table *t, int y, size_t row)
{
    size_t env = t->s->rows[row];
    if (t->margin < 1)
        return;
    if (row == t->s->envs.at)
        grid_glyph(t->g, y, t->at.x + t->margin - 1, STYLE_KEY, '>', '>');
    if (t->margin < 2)
        return;
    if (t->s->marked[env])
        grid_glyph(t->g, y, t->at.x, STYLE_BUSY, '+', '+');
    else if (t->s->changes[env].worse)
        grid_glyph(t->g, y, t->at.x, STYLE_BAD, '!', '!');
    else if (t->s->changes[env].better)
        grid_glyph(t->g, y, t->at.x, STYLE_GOOD, '^', '^');
}

static void draw_row(struct table *t, int y, size_t row)
{
    struct env_row r;
    env_row_of(t->s, t->s->rows[row], &r);
    for (int c = 0; c < ENV_COLUMNS; c++) {
        const struct env_column_row *column = env_column((enum env_column)c);
        int x = t->at.x + t->margin + t->x[c];
        char text[CELL_MAX];
        if (t->x[c] < 0)
            continue;
        if (!column->cell) {
            draw_calls(&r, t->g, y, x, t->cols[c].width);
            continue;
        }
        enum style style = column->cell(&r, text);
        if (t->cols[c].right)
            grid_right(t->g, y, x, t->cols[c].width, style, text);
        else
            grid_text(t->g, y, x, t->cols[c].width, style, text);
    }
    draw_margin(t, y, row);
    grid_zone(t->g, y, t->at.x, t->at.w, ZONE_ROW, (uint32_t)row);
    if (row == t->s->envs.at && t->margin > 0)
        grid_select(t->g, y, t->at.x, t->at.w);
}

/* -------------------------------------------------------------- groups */

static bool begins_group(const struct screen *s, size_t row)
{
    char here[96], before[96];
    if (s->look.group == GROUP_BY_NOTHING)
        return false;
    return row == 0 || strcmp(env_group_of(s, s->rows[row], here), env_group_of(s, s->rows[row - 1], before)) != 0;
}

/* "-- 111122223333  12 environments, 2 FAILED --" */
static void draw_group(struct table *t, int y, size_t row)
{
    const struct screen *s = t->s;
    char name[96], other[96], note[96];
    size_t n = 0, bad = 0;
    enum env_state worst = STATE_OK;
    env_group_of(s, s->rows[row], name);
    for (size_t i = row; i < s->nrows && strcmp(env_group_of(s, s->rows[i], other), name) == 0; i++, n++) {
        enum env_state state = s->verdicts[s->rows[i]].state;
        worst = state < worst ? state : worst;
    }
    for (size_t i = row; i < row + n; i++)
        bad += s->verdicts[s->rows[i]].state == worst;
    str_fmt(note, sizeof(note), "%zu environment%s, %zu %s", n, n == 1 ? "" : "s", bad, env_state_word(worst));
    grid_rule(t->g, y, t->at.x, t->at.w, name, note);
}

#define GROUPS_FROM 4 /* lines: in fewer an environment says more than a heading */

/* The rows from `top` on that fit in `room` lines, headings counted. */
static size_t rows_that_fit(const struct screen *s, size_t top, int room)
{
    size_t row = top;
    for (int lines = 0; row < s->nrows; row++) {
        lines += 1 + (room >= GROUPS_FROM && begins_group(s, row) ? 1 : 0);
        if (lines > room)
            break;
    }
    return row - top;
}

static void show_chosen(struct screen *s, int room)
{
    list_show(&s->envs, (size_t)(room > 0 ? room : 0));
    if (s->look.group == GROUP_BY_NOTHING)
        return;
    s->envs.page = rows_that_fit(s, s->envs.top, room);
    while (s->envs.at >= s->envs.top + s->envs.page && s->envs.top < s->envs.at) {
        s->envs.top++;
        s->envs.page = rows_that_fit(s, s->envs.top, room);
    }
}

int env_table_lines(const struct screen *s, int most)
{
    int lines = 0;
    for (size_t row = 0; row < s->nrows && lines < most; row++)
        lines += 1 + (begins_group(s, row) ? 1 : 0);
    return lines;
}

static void draw_cut(struct table *t)
{
    size_t above = t->s->envs.top, below = t->s->nrows - t->s->envs.top - t->s->envs.page;
    char words[64];
    if (above > 0 && below > 0)
        str_fmt(words, sizeof(words), "%zu more above, %zu below", above, below);
    else
        str_fmt(words, sizeof(words), "%zu more %s", above + below, above > 0 ? "above" : "below");
    grid_text(t->g, t->at.y + t->at.h - 1, t->at.x + t->margin, t->at.w - t->margin, STYLE_DIM, words);
}

void env_table_draw(struct screen *s, struct grid *g, struct rect at, int margin)
{
    struct table t = {.s = s, .g = g, .at = at, .margin = margin};
    t.heads = at.h > 1 ? 1 : 0; /* in one line an environment says more than the heads */
    fit_columns(s, at.w - margin, t.cols, t.x);
    draw_heads(&t);
    int room = at.h - t.heads;
    bool cut = env_table_lines(s, room + 1) > room && room > 1;
    room -= cut ? 1 : 0;
    show_chosen(s, room);
    int y = at.y + t.heads;
    for (size_t i = 0; i < s->envs.page && s->envs.top + i < s->nrows; i++) {
        size_t row = s->envs.top + i;
        if (room >= GROUPS_FROM && begins_group(s, row))
            draw_group(&t, y++, row);
        draw_row(&t, y++, row);
    }
    if (cut)
        draw_cut(&t);
    if (s->nrows == 0)
        grid_text(g, at.y + t.heads, at.x + margin, at.w - margin, STYLE_DIM,
                  s->filter[VIEW_OVERVIEW][0] ? "no environment matches the filter" : "nothing needs attention");
}
