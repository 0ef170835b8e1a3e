#include "ui/confirm.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/box.h"
#include "ui/keys.h"

#define WIDE_FROM 120
#define BOX_WIDTH 84
#define BOX_LINES 5
#define FOOTER 2 /* lines under it, where it is at the bottom */

void confirm_open(struct confirm *c, const char *title, const char *name, bool protect, bool below)
{
    *c = (struct confirm){.open = true, .protect = protect, .below = below};
    str_copy(c->title, sizeof(c->title), title);
    str_copy(c->name, sizeof(c->name), name);
}

static const char *phrase(const struct confirm *c)
{
    return c->protect ? c->name : "yes";
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
        if (c->below && !c->read) {
            c->note = "the plan goes on below: arrow down to its end first";
            return CONFIRM_WAITS;
        }
        if (strcmp(c->typed, phrase(c)) == 0)
            return end(c, CONFIRM_YES);
        c->note = c->protect ? "that is not its name; Esc leaves it" : "yes, or Esc";
        c->typed[0] = '\0';
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

static int box_lines(const struct grid *g)
{
    return g->rows < BOX_LINES ? 1 : BOX_LINES;
}

int confirm_rows(const struct confirm *c, const struct grid *g)
{
    return c->open && c->below ? box_lines(g) : 0;
}

void confirm_draw(struct confirm *c, struct grid *g)
{
    struct rect box = {.h = box_lines(g), .w = g->cols < WIDE_FROM || c->below ? g->cols : BOX_WIDTH};
    int under = g->rows >= 15 ? FOOTER : 1;
    box.y = c->below && g->rows > box.h + under ? g->rows - box.h - under : (g->rows - box.h) / 2;
    box.x = (g->cols - box.w) / 2;
    box_draw(g, box, box.h == BOX_LINES ? c->title : NULL);
    int y = box.h == BOX_LINES ? box.y + 2 : box.y;
    if (box.h == BOX_LINES) {
        if (c->protect)
            grid_fmt(g, box.y + 1, box.x + 1, box.w - 2, STYLE_WARN, "%s is protected: type its name", c->name);
        else
            grid_fmt(g, box.y + 1, box.x + 1, box.w - 2, STYLE_TEXT, "%s: type yes to go on", c->name);
        if (!c->note && c->below && !c->read)
            grid_fmt(g, box.y + 3, box.x + 1, box.w - 2, STYLE_WARN,
                     "%d lines of the plan are below: arrow down; Esc leaves it", c->below_n);
        else
            grid_text(g, box.y + 3, box.x + 1, box.w - 2, c->note ? STYLE_WARN : STYLE_DIM,
                      c->note ? c->note : "Enter goes on; Esc, or nothing typed, leaves it");
    }
    int x = box.x + 1 + grid_text(g, y, box.x + 1, box.w - 2, STYLE_TITLE, c->protect ? "name  " : "yes?  ");
    x += grid_text(g, y, x, box.x + box.w - x - 1, STYLE_BOLD, c->typed);
    grid_text(g, y, x, 1, STYLE_MODE, " ");
    c->seen = true;
}
