#include "ui/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"

static const char style_letters[STYLE_COUNT] = {
#define STYLE(id, letter, attributes, fg8, dark, light, contrast, safe) letter,
#include "ui/styles.def"
#undef STYLE
};

static const struct {
    const char *name, *help;
} theme_rows[THEME_COUNT] = {
#define THEME(id, name, ground, help) {name, help},
#include "ui/themes.def"
#undef THEME
};

const char *theme_name(enum theme t)
{
    return t < THEME_COUNT ? theme_rows[t].name : "";
}

const char *theme_help(enum theme t)
{
    return t < THEME_COUNT ? theme_rows[t].help : "";
}

enum theme theme_find(const char *name)
{
    int t = 0;
    while (t < THEME_COUNT && strcmp(theme_rows[t].name, name) != 0)
        t++;
    return (enum theme)t;
}

static int clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

struct grid *grid_new(int rows, int cols, bool utf8)
{
    struct grid *g = mem_new(sizeof(*g));
    g->rows = clamp(rows, 1, GRID_ROWS_MAX);
    g->cols = clamp(cols, 1, GRID_COLS_MAX);
    g->utf8 = utf8;
    g->cells = mem_array((size_t)g->rows * (size_t)g->cols, sizeof(*g->cells));
    grid_clear(g);
    return g;
}

struct grid *grid_free(struct grid *g)
{
    if (g) {
        free(g->cells);
        free(g);
    }
    return NULL;
}

void grid_clear(struct grid *g)
{
    const struct cell blank = {.ch = ' ', .width = 1};
    size_t n = (size_t)g->rows * (size_t)g->cols;
    for (size_t i = 0; i < n; i++)
        g->cells[i] = blank;
    g->nzones = 0;
}

static bool inside(const struct grid *g, int y, int x)
{
    return y >= 0 && x >= 0 && y < g->rows && x < g->cols;
}

/* Of a place that is inside. */
static struct cell *cell_at(const struct grid *g, int y, int x)
{
    return &g->cells[(size_t)y * (size_t)g->cols + (size_t)x];
}

const struct cell *grid_cell(const struct grid *g, int y, int x)
{
    return inside(g, y, x) ? cell_at(g, y, x) : NULL;
}

/* A wide character that loses one half becomes blanks, as on a terminal. */
static void unpair(const struct grid *g, int y, int x)
{
    int width = cell_at(g, y, x)->width;
    int other = width == 0 ? x - 1 : x + 1;
    if (width == 1 || !inside(g, y, other))
        return;
    struct cell *c = cell_at(g, y, other);
    c->ch = ' ';
    c->mark[0] = c->mark[1] = 0;
    c->width = 1;
}

static void put(struct grid *g, int y, int x, enum style style, uint32_t ch, int width)
{
    if (!inside(g, y, x))
        return;
    if (width == 2 && !inside(g, y, x + 1)) {
        ch = '>';
        width = 1;
    }
    unpair(g, y, x);
    *cell_at(g, y, x) = (struct cell){.ch = ch, .style = (uint8_t)style, .width = (uint8_t)width};
    if (width == 2) {
        unpair(g, y, x + 1);
        *cell_at(g, y, x + 1) = (struct cell){.ch = ' ', .style = (uint8_t)style, .width = 0};
    }
}

static void put_mark(struct grid *g, int y, int x, uint32_t mark)
{
    if (!g->utf8 || !inside(g, y, x))
        return;
    struct cell *c = cell_at(g, y, x);
    if (c->width == 0 && inside(g, y, x - 1))
        c = cell_at(g, y, x - 1);
    if (!c->mark[0])
        c->mark[0] = mark;
    else if (!c->mark[1])
        c->mark[1] = mark;
}

/* Text arrives safe; a byte that is not is a fault elsewhere, and still must not
 * reach the terminal. */
static uint32_t last_defence(uint32_t cp, const struct grid *g)
{
    bool control = cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
    return control || (!g->utf8 && cp > 0x7e) ? '?' : cp;
}

static int draw(struct grid *g, int y, int x, int width, enum style style, const char *s, size_t n)
{
    int used = 0;
    while (n > 0 && used < width) {
        uint32_t cp = 0;
        int len = text_decode(s, n, &cp);
        if (len == 0)
            break;
        if (len < 0) {
            cp = '?';
            len = 1;
        }
        int columns = text_char_width(cp);
        uint32_t shown = last_defence(cp, g);
        if (columns == 0 && shown == cp) {
            if (used > 0)
                put_mark(g, y, x + used - 1, cp);
        } else if (shown != cp || columns < 1) {
            for (int i = 0; i < (columns < 1 ? 1 : columns) && used < width; i++)
                put(g, y, x + used++, style, shown, 1);
        } else {
            if (used + columns > width)
                break;
            put(g, y, x + used, style, cp, columns);
            used += columns;
        }
        s += len;
        n -= (size_t)len;
    }
    return used;
}

int grid_text(struct grid *g, int y, int x, int width, enum style style, const char *safe)
{
    if (width <= 0)
        return 0;
    size_t columns = text_width(safe);
    if (columns <= (size_t)width)
        return draw(g, y, x, width, style, safe, strlen(safe));
    size_t used = 0;
    size_t bytes = text_fit(safe, (size_t)width - 1, &used);
    int at = draw(g, y, x, width - 1, style, safe, bytes);
    put(g, y, x + at, STYLE_DIM, '>', 1);
    return at + 1;
}

int grid_fmt(struct grid *g, int y, int x, int width, enum style style, const char *fmt, ...)
{
    char line[GRID_COLS_MAX * 4];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args); /* what is cut is beyond any screen */
    va_end(args);
    return grid_text(g, y, x, width, style, line);
}

void grid_right(struct grid *g, int y, int x, int width, enum style style, const char *safe)
{
    size_t columns = text_width(safe);
    int gap = columns < (size_t)(width > 0 ? width : 0) ? width - (int)columns : 0;
    grid_text(g, y, x + gap, width - gap, style, safe);
}

/* Bytes of the next line of at most `width` columns; *out_next is where the one
 * after begins. */
static size_t wrap_line(const char *s, int width, const char **out_next)
{
    size_t used = 0;
    size_t n = text_fit(s, (size_t)width, &used);
    if (n == 0 && *s)
        n = strlen(s); /* one wide character in one column: let the drawing cut it */
    size_t end = n;
    if (s[n] != '\0' && s[n] != ' ') {
        size_t space = n;
        while (space > 0 && s[space - 1] != ' ')
            space--;
        if (space > n / 3)
            end = space;
    }
    const char *next = s + end;
    while (*next == ' ')
        next++;
    while (end > 0 && s[end - 1] == ' ')
        end--;
    *out_next = next;
    return end;
}

static int wrap(struct grid *g, int y, int x, int width, int lines, enum style style, const char *s)
{
    int line = 0;
    while (*s && line < lines && width > 0) {
        const char *next = s;
        size_t n = wrap_line(s, width, &next);
        bool last = line == lines - 1;
        if (g && last && *next)
            grid_text(g, y + line, x, width, style, s);
        else if (g)
            draw(g, y + line, x, width, style, s, n);
        line++;
        if (next == s)
            break;
        s = next;
    }
    return line;
}

int grid_wrap(struct grid *g, int y, int x, int width, int lines, enum style style, const char *safe)
{
    return wrap(g, y, x, width, lines, style, safe);
}

int grid_wrap_lines(int width, int lines, const char *safe)
{
    return wrap(NULL, 0, 0, width, lines, STYLE_TEXT, safe);
}

void grid_rule(struct grid *g, int y, int x, int width, const char *title, const char *note)
{
    for (int i = 0; i < width; i++)
        grid_glyph(g, y, x + i, STYLE_RULE, 0x2500, '-');
    int at = 2;
    if (width < 8)
        return;
    put(g, y, x + at++, STYLE_RULE, ' ', 1);
    at += grid_text(g, y, x + at, width - at - 2, STYLE_TITLE, title);
    if (note && *note && at + 4 < width) {
        put(g, y, x + at++, STYLE_RULE, ' ', 1);
        put(g, y, x + at++, STYLE_RULE, ' ', 1);
        at += grid_text(g, y, x + at, width - at - 2, STYLE_DIM, note);
    }
    put(g, y, x + at, STYLE_RULE, ' ', 1);
}

void grid_glyph(struct grid *g, int y, int x, enum style style, uint32_t utf8, char ascii)
{
    put(g, y, x, style, g->utf8 ? utf8 : (uint32_t)(unsigned char)ascii, 1);
}

void grid_copy(struct grid *g, int y, int x, int rows, const struct grid *page, int from)
{
    for (int row = 0; row < rows && from + row < page->rows; row++)
        for (int col = 0; col < page->cols; col++)
            if (inside(g, y + row, x + col))
                *cell_at(g, y + row, x + col) = *cell_at(page, from + row, col);
}

void grid_select(struct grid *g, int y, int x, int width)
{
    for (int i = 0; i < width; i++) {
        if (inside(g, y, x + i))
            cell_at(g, y, x + i)->selected = 1;
    }
}

void grid_zone(struct grid *g, int y, int x, int width, enum zone_kind kind, uint32_t value)
{
    if (g->nzones < ZONES_MAX)
        g->zones[g->nzones++] = (struct zone){y, x, width, kind, value};
}

enum zone_kind grid_zone_at(const struct grid *g, int y, int x, uint32_t *out_value)
{
    for (size_t i = g->nzones; i-- > 0;) {
        const struct zone *z = &g->zones[i];
        if (z->y == y && x >= z->x && x < z->x + z->w) {
            *out_value = z->value;
            return z->kind;
        }
    }
    return ZONE_NONE;
}

static void add_char(struct strbuf *out, uint32_t cp)
{
    char bytes[4];
    int n = text_encode(cp, bytes);
    strbuf_add(out, bytes, (size_t)n);
}

void grid_to_text(const struct grid *g, struct strbuf *out)
{
    for (int y = 0; y < g->rows; y++) {
        int end = g->cols;
        while (end > 0 && cell_at(g, y, end - 1)->ch == ' ' && cell_at(g, y, end - 1)->width == 1)
            end--;
        for (int x = 0; x < end; x++) {
            const struct cell *c = cell_at(g, y, x);
            if (c->width == 0)
                continue;
            add_char(out, c->ch);
            for (int i = 0; i < 2 && c->mark[i]; i++)
                add_char(out, c->mark[i]);
        }
        strbuf_char(out, '\n');
    }
}

void grid_to_styles(const struct grid *g, struct strbuf *out)
{
    for (int y = 0; y < g->rows; y++) {
        int end = g->cols;
        while (end > 0 && cell_at(g, y, end - 1)->style == STYLE_TEXT && !cell_at(g, y, end - 1)->selected)
            end--;
        for (int x = 0; x < end; x++) {
            const struct cell *c = cell_at(g, y, x);
            bool plain = c->selected && c->style == STYLE_TEXT;
            strbuf_char(out, plain ? '#' : style_letters[c->style]);
        }
        strbuf_char(out, '\n');
    }
}
