#include "ui/chart.h"

#define HOUR_MS ((int64_t)SERIES_STEPS * SERIES_STEP_MS)
#define LEVELS 8

static const char ascii_levels[LEVELS + 1] = {' ', '.', ':', '-', '=', '+', '*', '#', '#'};

struct column {
    uint32_t sum;
    bool bad, unknown;
};

static uint32_t step_sum(const struct log_snap *s, unsigned kinds, int64_t step)
{
    uint32_t sum = 0;
    for (int k = 0; step >= 0 && step < SERIES_STEPS && k < EVENT_KINDS; k++)
        if (kinds & (1u << k))
            sum += s->series[k][step];
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
    int64_t late = c->now_ms > c->logs->series_end_ms ? (c->now_ms - c->logs->series_end_ms) / SERIES_STEP_MS : 0;
    int64_t from = (int64_t)x * SERIES_STEPS / width, to = (int64_t)(x + 1) * SERIES_STEPS / width;
    to = to > from ? to : from + 1;
    out.unknown = c->old && from + late >= SERIES_STEPS;
    for (int64_t step = from + late; step < to + late; step++) {
        out.sum += step_sum(c->logs, c->kinds, step);
        out.bad = out.bad || step_sum(c->logs, c->bad, step) > 0;
    }
    return out;
}

static int moved_column(const struct chart *c, int width)
{
    int64_t ago = c->now_ms - c->moved_ms;
    if (c->moved_ms < 0 || ago < 0 || ago >= HOUR_MS)
        return -1;
    return width - 1 - (int)(ago * width / HOUR_MS);
}

static void draw_level(struct grid *g, int y, int x, enum style style, int level)
{
    if (level > 0)
        grid_glyph(g, y, x, style, 0x2580 + (uint32_t)level, ascii_levels[level]);
}

static void draw_column(struct grid *g, struct rect at, int x, const struct chart *c, struct column col, uint32_t top)
{
    int bottom = at.y + at.h - 1;
    if (col.unknown) {
        grid_glyph(g, bottom, at.x + x, STYLE_UNSURE, '?', '?');
        return;
    }
    int levels = at.h * LEVELS;
    int level = col.sum == 0 ? 0 : 1 + (int)((uint64_t)col.sum * (uint64_t)(levels - 1) / top);
    for (int row = 0; row < at.h; row++) {
        int here = level - row * LEVELS;
        draw_level(g, bottom - row, at.x + x, c->style, here > LEVELS ? LEVELS : here);
    }
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

uint64_t chart_sum(const struct chart *c)
{
    uint64_t sum = 0;
    for (int x = 0; x < SERIES_STEPS; x++)
        sum += column_of(c, x, SERIES_STEPS).sum;
    return sum;
}
