#include "ui/box.h"

void box_draw(struct grid *g, struct rect box, const char *title)
{
    for (int y = 0; y < box.h; y++)
        for (int x = 0; x < box.w; x++)
            grid_glyph(g, box.y + y, box.x + x, STYLE_TEXT, ' ', ' ');
    if (!title)
        return;
    grid_rule(g, box.y, box.x, box.w, title, NULL);
    for (int x = 0; x < box.w; x++)
        grid_glyph(g, box.y + box.h - 1, box.x + x, STYLE_RULE, 0x2500, '-');
}
