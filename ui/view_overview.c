/* Screen 1: one row an environment, worst first; what needs attention, in words. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/attention.h"
#include "ui/chart.h"
#include "ui/env_columns.h"
#include "ui/env_filter.h"
#include "ui/env_order.h"
#include "ui/env_table.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

#define WIDE_FROM 120

/* ----------------------------------------------------- chart and events */

static void draw_chart(const struct screen *s, struct grid *g, struct rect at)
{
    const struct env_view *v = screen_env(s);
    if (at.h < 4 || !v)
        return;
    char title[128], label[72], clock[FORMAT_SIZE];
    str_fmt(title, sizeof(title), "(%s; x = errors or fallbacks, newest right)", env_label(v->conf, label));
    grid_rule(g, at.y, at.x, at.w, "CALLS, LAST HOUR", title);
    int width = at.w - 14 > SERIES_STEPS ? SERIES_STEPS : at.w - 14;
    struct chart c = {.logs = v->logs && v->logs->snap.good_mono_ms >= 0 ? v->logs : NULL,
                      .kinds = EVENT_KINDS_CALLS,
                      .bad = EVENT_KINDS_TROUBLE,
                      .now_ms = s->wall_ms,
                      .old = old_mark(s, v->logs ? &v->logs->snap : NULL, s->board->conf->log_poll_ms)[0] != '\0',
                      .moved_ms = v->secret && v->secret->snap.good_mono_ms >= 0 ? v->secret->current_since_ms : -1,
                      .style = STYLE_BAR};
    struct rect area = {at.y + 1, at.x + 10, at.h - 3, width};
    if (!c.logs) {
        grid_text(g, at.y + 1, at.x + 1, at.w - 1, STYLE_DIM, v->logs ? "no answer yet" : "no log group is configured");
        return;
    }
    uint32_t top = chart_draw(g, area, &c);
    grid_right(g, area.y, at.x + 1, 8, STYLE_DIM, format_count(top, (char[FORMAT_SIZE]){0}));
    grid_right(g, area.y + area.h - 1, at.x + 1, 8, STYLE_DIM, "0");
    for (int i = 0; i < width; i++)
        grid_glyph(g, area.y + area.h, area.x + i, STYLE_RULE, 0x2500, '-');
    for (int part = 0; part <= 4; part++) {
        format_clock(s->wall_ms - (4 - part) * WINDOW_MS / 4, s->local, false, clock);
        clock[5] = '\0';
        int x = area.x + part * (width - 1) / 4 - (part == 4 ? 4 : 0);
        grid_text(g, area.y + area.h, x, 5, STYLE_DIM, clock);
    }
}

static void draw_live(const struct screen *s, struct grid *g, struct rect at)
{
    struct event_ref newest[64];
    struct event_wish wish = {.env = SIZE_MAX, .kinds = EVENT_KINDS_LIVE};
    int room = at.h - 2 > 64 ? 64 : at.h - 2;
    if (room < 1)
        return;
    uint64_t late = 0, unparsed = 0;
    for (size_t i = 0; i < s->board->n; i++) {
        late += s->board->envs[i].logs ? s->board->envs[i].logs->late : 0;
        unparsed += s->board->envs[i].logs ? s->board->envs[i].logs->unparsed : 0;
    }
    char note[96];
    str_fmt(note, sizeof(note), "(3 opens the full screen)   late %u   unparsed %u", (unsigned)late,
            (unsigned)unparsed);
    grid_rule(g, at.y, at.x, at.w, "LIVE EVENTS, ALL ENVIRONMENTS", note);
    draw_event_heads(s, g, at.y + 1, at.x + 1, at.w - 1, true);
    size_t n = event_list_newest(s->board, &wish, newest, (size_t)room);
    for (size_t i = 0; i < n; i++)
        draw_event(s, g, at.y + 2 + (int)i, at.x + 1, at.w - 1, &newest[i], true);
    if (n == 0)
        grid_text(g, at.y + 2, at.x + 1, at.w - 1, STYLE_DIM, "no events yet");
}

static void overview_draw(struct screen *s, struct grid *g, struct rect body)
{
    int rows = env_table_lines(s, 200);
    int table = 1 + (rows > 0 ? rows : 1), attention = attention_rows(s, body.w);
    bool tall = body.h >= 22;
    struct layout_want wants[] = {
        {table < 6 ? table : 6, table + (table + 1 + attention <= body.h ? 1 : 0), 0},
        {attention < 4 ? attention : 4, attention + 1, 1},
        {tall ? 6 : 1, tall ? 7 : 0, 3},
        {tall ? 5 : 1, tall ? 400 : 0, 2},
    };
    /* The chart is worth its rows only when events keep enough of theirs. */
    if (table + attention + 2 + 7 + 8 > body.h)
        wants[2].most = 0;
    wants[3].rank = wants[2].most > 0 ? 3 : 2;
    wants[2].rank = 2;
    struct rect parts[4];
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    if (parts[0].h > table)
        parts[0].h = table;
    env_table_draw(s, g, parts[0], 2);
    attention_draw(s, g, parts[1]);
    draw_chart(s, g, parts[2]);
    draw_live(s, g, parts[3]);
}

static void overview_small(struct screen *s, struct grid *g, struct rect body)
{
    env_table_draw(s, g, body, 1);
}

static void overview_title(const struct screen *s, struct grid *g, struct rect at)
{
    int x = 1 + grid_fmt(g, at.y, 1, at.w - 1, STYLE_TITLE, "ENVIRONMENTS %zu", s->board->n);
    const char *filter = s->filter[VIEW_OVERVIEW];
    x += grid_fmt(g, at.y, x, at.w - x, filter[0] ? STYLE_WARN : STYLE_DIM, "   filter: %s",
                  filter[0] ? filter : "none");
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "   sort: %s%s", env_column(s->look.sort)->head,
                  s->look.reverse ? " reversed" : "");
    if (s->look.group != GROUP_BY_NOTHING)
        x += grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "   by %s%s%s", env_group_word(s->look.group),
                      s->look.group == GROUP_BY_TAG ? " " : "", s->look.group == GROUP_BY_TAG ? s->look.tag : "");
    if (s->nmarked > 0)
        x += grid_fmt(g, at.y, x, at.w - x, STYLE_BUSY, "   marked: %zu", s->nmarked);
    if (s->problems)
        x += grid_text(g, at.y, x, at.w - x, STYLE_WARN, "   problems only");
    if (s->set.audit && at.w - x > 40)
        x += grid_text(g, at.y, x, at.w - x, STYLE_DIM, "   no login is tried");
    static const char window[] = "window 1h";
    if (at.w - x > (int)sizeof(window) + 3)
        grid_right(g, at.y, x + 1, at.w - x - 2, STYLE_DIM, window);
}

static void overview_rebuild(struct screen *s)
{
    env_order(s);
    /* The chosen environment stays chosen wherever its row went; when the filter
     * hides it, the row that took its place is. */
    list_resize(&s->envs, s->nrows);
    if (!s->touched)
        list_choose(&s->envs, 0);
    else
        for (size_t i = 0; i < s->nrows; i++)
            if (s->rows[i] == s->env)
                list_choose(&s->envs, i);
    if (s->nrows > 0 && s->view == VIEW_OVERVIEW)
        s->env = s->rows[s->envs.at];
}

static void overview_moved(struct screen *s)
{
    if (s->nrows > 0)
        s->env = s->rows[s->envs.at];
}

static struct list *overview_list(struct screen *s)
{
    return &s->envs;
}

const struct view view_overview = {
    .tab = "1 Envs",
    .place = IN_OVERVIEW,
    .legend = "* protected   ~ older than 3 refreshes   BAD s stale p poisoned / active",
    .columns = &env_filter_columns,
    .list = overview_list,
    .rebuild = overview_rebuild,
    .moved = overview_moved,
    .title = overview_title,
    .draw = overview_draw,
    .small = overview_small,
};
