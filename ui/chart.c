#include "ui/chart.h"

#include "backend/base/mem.h"
#include "ui/format.h"

#define LEVELS 8
#define SECONDS_BELOW_MS (10 * 60 * 1000)
#define TICK 20 /* columns between two times under a chart, at least */

static const char ascii_levels[LEVELS + 1] = {' ', '.', ':', '-', '=', '+', '*', '#', '#'};

static const struct {
    const char *words;
    int steps, first; /* of the series: [first, first + steps) */
    int64_t step_ms;
} spans[SPAN_COUNT] = {
    [SPAN_HOUR] = {"LAST HOUR", SERIES_STEPS, 0, SERIES_STEP_MS},
    [SPAN_DAY] = {"LAST 24 HOURS", DAY_STEPS, 0, DAY_STEP_MS},
    [SPAN_QUARTER] = {"LAST 15 MINUTES", SERIES_STEPS / 4, SERIES_STEPS - SERIES_STEPS / 4, SERIES_STEP_MS},
};

const char *chart_span_words(enum chart_span s)
{
    return s < SPAN_COUNT ? spans[s].words : "";
}

int chart_span_steps(enum chart_span s)
{
    return s < SPAN_COUNT ? spans[s].steps : 0;
}

int64_t chart_span_ms(enum chart_span s)
{
    return s < SPAN_COUNT ? spans[s].steps * spans[s].step_ms : 0;
}

/* ------------------------------------------------------------- columns */

struct column {
    uint32_t sum;
    bool bad, unknown, unread; /* unread: not known since it lies before what was read */
};

static uint32_t step_sum(const struct chart *c, unsigned kinds, int64_t step)
{
    int64_t at = spans[c->span].first + step;
    uint32_t sum = 0;
    for (int k = 0; k < EVENT_KINDS; k++) {
        enum day_kind day = day_kind((enum event_kind)k);
        if (!(kinds & (1u << k)))
            continue;
        if (c->span != SPAN_DAY)
            sum += c->logs->series[k][at];
        else if (day != DAY_KINDS)
            sum += c->logs->day[day][at];
    }
    return sum;
}

/* Each step belongs to exactly one column, so that the columns add up to the sum;
 * more columns than steps repeat them. */
static struct column column_of(const struct chart *c, int x, int width)
{
    struct column out = {0};
    if (!c->logs) {
        out.unknown = true;
        return out;
    }
    int steps = spans[c->span].steps;
    int64_t step_ms = spans[c->span].step_ms;
    int64_t end = c->span == SPAN_DAY ? c->logs->day_end_ms : c->logs->series_end_ms;
    int64_t late = c->now_ms > end ? (c->now_ms - end) / step_ms : 0;
    int64_t from = (int64_t)x * steps / width, to = (int64_t)(x + 1) * steps / width;
    to = to > from ? to : from + 1;
    int64_t ends_ms = end - (steps - to - late) * step_ms;
    out.unread = ends_ms <= c->logs->from_ms;
    out.unknown = (c->old && from + late >= steps) || out.unread;
    for (int64_t step = from + late; step < to + late && step < steps; step++) {
        out.sum += step_sum(c, c->kinds, step);
        out.bad = out.bad || step_sum(c, c->bad, step) > 0;
    }
    return out;
}

static int moved_column(const struct chart *c, int width)
{
    int64_t ago = c->now_ms - c->moved_ms, span = chart_span_ms(c->span);
    if (c->moved_ms < 0 || ago < 0 || ago >= span)
        return -1;
    return width - 1 - (int)(ago * width / span);
}

/* ------------------------------------------------------------- drawing */

static void draw_level(struct grid *g, int y, int x, enum style style, int level)
{
    if (level > 0)
        grid_glyph(g, y, x, style, 0x2580 + (uint32_t)level, ascii_levels[level]);
}

static void draw_bar(struct grid *g, struct rect at, int x, uint32_t value, uint32_t top, enum style style)
{
    int levels = at.h * LEVELS, bottom = at.y + at.h - 1;
    int level = value == 0 ? 0 : 1 + (int)((uint64_t)value * (uint64_t)(levels - 1) / top);
    level = level > levels ? levels : level;
    for (int row = 0; row < at.h; row++) {
        int here = level - row * LEVELS;
        draw_level(g, bottom - row, at.x + x, style, here > LEVELS ? LEVELS : here);
    }
}

static void draw_column(struct grid *g, struct rect at, int x, const struct chart *c, struct column col, uint32_t top)
{
    int bottom = at.y + at.h - 1;
    if (col.unknown) {
        grid_glyph(g, bottom, at.x + x, col.unread ? STYLE_DIM : STYLE_UNSURE, '?', '?');
        return;
    }
    draw_bar(g, at, x, col.sum, top, c->style);
    if (col.bad)
        grid_glyph(g, bottom, at.x + x, STYLE_BAD, 'x', 'x');
}

uint32_t chart_draw(struct grid *g, struct rect at, const struct chart *c)
{
    uint32_t top = 0;
    for (int x = 0; x < at.w; x++) {
        struct column col = column_of(c, x, at.w);
        top = col.sum > top ? col.sum : top;
    }
    top = top < LEVELS ? LEVELS : top; /* one call is not a peak */
    int line = moved_column(c, at.w);
    for (int x = 0; x < at.w; x++) {
        draw_column(g, at, x, c, column_of(c, x, at.w), top);
        if (x == line)
            for (int row = 0; row < at.h; row++)
                grid_glyph(g, at.y + row, at.x + x, STYLE_TITLE, 0x2502, '|');
    }
    return top;
}

uint64_t chart_sum(const struct chart *c, bool *out_whole)
{
    int steps = chart_span_steps(c->span);
    uint64_t sum = 0;
    *out_whole = true;
    for (int x = 0; x < steps; x++) {
        struct column col = column_of(c, x, steps);
        sum += col.sum;
        *out_whole = *out_whole && !col.unknown;
    }
    return sum;
}

void chart_values(struct grid *g, struct rect at, const int32_t *values, int32_t top, enum style style)
{
    int bottom = at.y + at.h - 1;
    for (int x = 0; x < at.w; x++) {
        if (values[x] == CHART_UNKNOWN)
            grid_glyph(g, bottom, at.x + x, STYLE_DIM, '?', '?');
        else if (values[x] == CHART_FAILED)
            grid_glyph(g, bottom, at.x + x, STYLE_BAD, 'x', 'x');
        else
            draw_bar(g, at, x, (uint32_t)values[x], top > 0 ? (uint32_t)top : 1, style);
    }
}

void chart_times(struct grid *g, int y, int x, int width, int64_t from_ms, int64_t to_ms, bool local)
{
    int ticks = width / TICK;
    char clock[FORMAT_SIZE];
    for (int i = 0; i <= ticks && ticks > 0; i++) {
        int at = i * (width - 1) / ticks;
        format_clock(from_ms + (to_ms - from_ms) * at / (width - 1), local, false, clock);
        if (to_ms - from_ms > SECONDS_BELOW_MS)
            clock[5] = '\0';
        if (i == ticks) {
            grid_right(g, y, x + width - 9, 9, STYLE_DIM, clock);
            continue;
        }
        grid_glyph(g, y, x + at, STYLE_DIM, 0x2514, '^');
        grid_text(g, y, x + at + 1, 8, STYLE_DIM, clock);
    }
}
