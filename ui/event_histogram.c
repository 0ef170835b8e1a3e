#include "ui/event_histogram.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/chart.h"
#include "ui/format.h"

#define LEFT 7 /* for the axis */
#define COLUMNS_MAX 220
#define LEAST 8
#define DAY_MS INT64_C(86400000)

struct columns {
    int width;
    int64_t from_ms, to_ms; /* [from, to) */
    int32_t count[COLUMNS_MAX];
    bool bad[COLUMNS_MAX];
    int32_t most;
    size_t trouble;
};

static int column_at(const struct columns *c, int64_t ms)
{
    if (ms < c->from_ms || ms >= c->to_ms)
        return -1;
    return (int)((ms - c->from_ms) * c->width / (c->to_ms - c->from_ms));
}

static void count(const struct screen *s, struct columns *c)
{
    for (size_t i = 0; i < s->log.n; i++) {
        int x = column_at(c, s->log.refs[i].time_ms);
        if (x < 0)
            continue;
        c->count[x]++;
        c->most = c->count[x] > c->most ? c->count[x] : c->most;
        bool bad = (EVENT_KINDS_TROUBLE & (1u << s->log.refs[i].row->kind)) != 0;
        c->bad[x] = c->bad[x] || bad;
        c->trouble += bad ? 1 : 0;
    }
}

/* Where AWSCURRENT moved, when the events of one environment alone are listed. */
static int moved_at(const struct screen *s, const struct columns *c)
{
    const struct env_view *v = s->env < s->board->n ? &s->board->envs[s->env] : NULL;
    if (s->everyone || !v || !v->secret || v->secret->current_since_ms < 0)
        return -1;
    return column_at(c, v->secret->current_since_ms);
}

/* A column is a time that people count in, and its edges stand still while the clock runs. */
static int64_t column_ms(int64_t least_ms)
{
    static const int seconds[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200};
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
        if (seconds[i] * INT64_C(1000) >= least_ms)
            return seconds[i] * INT64_C(1000);
    return (least_ms / DAY_MS + 1) * DAY_MS;
}

/* The time that is asked for, as far as there is anything in it. */
static void bounds(const struct screen *s, struct columns *c)
{
    range_bounds(&s->range, s->wall_ms, &c->from_ms, &c->to_ms);
    int64_t first = s->log.refs[0].time_ms;
    c->from_ms = c->from_ms < first ? first : c->from_ms;
    int64_t last = s->log.refs[s->log.n - 1].time_ms; /* may be after now, by a clock before ours */
    int64_t now = s->wall_ms > last ? s->wall_ms : last;
    c->to_ms = c->to_ms > now ? now + 1 : c->to_ms;
    int64_t each = column_ms((c->to_ms - c->from_ms) / c->width + 1);
    c->to_ms = (c->to_ms / each + 1) * each;
    c->from_ms = c->to_ms - each * c->width;
}

void event_histogram_draw(const struct screen *s, struct grid *g, struct rect at)
{
    struct columns c = {.width = at.w - LEFT - 1 > COLUMNS_MAX ? COLUMNS_MAX : at.w - LEFT - 1};
    char note[160], most[FORMAT_SIZE], each[FORMAT_SIZE];
    if (at.h < HISTOGRAM_LINES || c.width < 20 || s->log.n == 0)
        return;
    bounds(s, &c);
    count(s, &c);
    c.most = c.most < LEAST ? LEAST : c.most; /* one event is not a peak */
    int line = moved_at(s, &c), bars = at.h - 2, chosen = column_at(&c, s->log.refs[s->events.at].time_ms);
    str_fmt(note, sizeof(note), "1 column %s   %zu of %zu are errors (x)%s",
            format_age((c.to_ms - c.from_ms) / c.width, each), c.trouble, s->log.n,
            line >= 0 ? "   | = AWSCURRENT moved" : "");
    grid_rule(g, at.y, at.x, at.w, "WHEN", note);
    grid_right(g, at.y + 1, at.x, LEFT - 1, STYLE_DIM, format_count((uint64_t)c.most, most));
    grid_right(g, at.y + bars, at.x, LEFT - 1, STYLE_DIM, "0");
    struct rect area = {at.y + 1, at.x + LEFT, bars, c.width};
    chart_values(g, area, c.count, c.most, STYLE_BAR);
    for (int x = 0; x < c.width; x++)
        if (c.bad[x])
            grid_glyph(g, at.y + bars, area.x + x, STYLE_BAD, 'x', 'x');
    for (int y = 0; y < bars && line >= 0; y++)
        grid_glyph(g, area.y + y, area.x + line, STYLE_TITLE, 0x2502, '|');
    chart_times(g, at.y + at.h - 1, area.x, c.width, c.from_ms, c.to_ms, s->local);
    if (chosen >= 0)
        grid_glyph(g, at.y + at.h - 1, area.x + chosen, STYLE_KEY, 0x25b2, '^');
}
