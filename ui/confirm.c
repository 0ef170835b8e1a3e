#include "ui/confirm.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/keys.h"

#define WIDE_FROM 120
#define BOX_WIDTH 84
#define BOX_LINES 5

void confirm_open(struct confirm *c, const char *title, const char *name)
{
    *c = (struct confirm){.open = true};
    str_copy(c->title, sizeof(c->title), title);
    str_copy(c->name, sizeof(c->name), name);
}

static enum confirm_result end(struct confirm *c, enum confirm_result result)
{
    c->open = false;
    return result;
}

enum confirm_result confirm_key(struct confirm *c, uint32_t press)
{
    size_t n = strlen(c->typed);
    if (!c->seen)
        return CONFIRM_WAITS;
    c->note = NULL;
    switch (press) {
    case PRESS_ESC:
        return end(c, CONFIRM_NO);
    case PRESS_ENTER:
        if (n == 0)
            return end(c, CONFIRM_NO);
        if (strcmp(c->typed, c->name) == 0)
            return end(c, CONFIRM_YES);
        c->note = "that is not its name; Esc leaves it";
        return CONFIRM_WAITS;
    case PRESS_BACKSPACE:
    case 0x08:
        c->typed[n > 0 ? n - 1 : 0] = '\0';
        return CONFIRM_WAITS;
    case 'U' - 0x40:
        c->typed[0] = '\0';
        return CONFIRM_WAITS;
    default:
        if (press > 0x20 && press < 0x7f && n + 1 < sizeof(c->typed)) { /* names are ASCII */
            c->typed[n] = (char)press;
            c->typed[n + 1] = '\0';
        }
        return CONFIRM_WAITS;
    }
}

void confirm_draw(struct confirm *c, struct grid *g)
{
    struct rect box = {.h = g->rows < BOX_LINES ? 1 : BOX_LINES, .w = g->cols < WIDE_FROM ? g->cols : BOX_WIDTH};
    box.y = (g->rows - box.h) / 2;
    box.x = (g->cols - box.w) / 2;
    for (int y = 0; y < box.h; y++)
        for (int x = 0; x < box.w; x++)
            grid_glyph(g, box.y + y, box.x + x, STYLE_TEXT, ' ', ' ');
    int y = box.h == BOX_LINES ? box.y + 2 : box.y;
    if (box.h == BOX_LINES) {
        grid_rule(g, box.y, box.x, box.w, c->title, NULL);
        grid_fmt(g, box.y + 1, box.x + 1, box.w - 2, STYLE_WARN, "%s is protected: type its name", c->name);
        grid_text(g, box.y + 3, box.x + 1, box.w - 2, c->note ? STYLE_WARN : STYLE_DIM,
                  c->note ? c->note : "Enter goes on; Esc, or nothing typed, leaves it");
        for (int i = 0; i < box.w; i++)
            grid_glyph(g, box.y + 4, box.x + i, STYLE_RULE, 0x2500, '-');
    }
    int x = box.x + 1 + grid_text(g, y, box.x + 1, box.w - 2, STYLE_TITLE, "name  ");
    x += grid_text(g, y, x, box.x + box.w - x - 1, STYLE_BOLD, c->typed);
    grid_text(g, y, x, 1, STYLE_MODE, " ");
    c->seen = true;
}
