#include "ui/menu.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "ui/box.h"
#include "ui/screen.h"

#define FOOTER 2 /* rows of the frame that stay in sight */

static void fill(struct menu *m, const struct screen *s)
{
    m->n = 0;
    m->what->fill(s, m);
    list_resize(&m->list, m->n);
}

void menu_open(struct menu *m, const struct menu_row *what, const struct screen *s)
{
    m->what = what;
    m->list = (struct list){.n = 0};
    fill(m, s);
}

void menu_add(struct menu *m, const char *state, const char *label, const char *value)
{
    if (m->n == MENU_MAX)
        return;
    struct menu_item *i = &m->items[m->n++];
    str_copy(i->state, sizeof(i->state), state);
    str_copy(i->label, sizeof(i->label), label);
    str_copy(i->value, sizeof(i->value), value);
}

unsigned menu_key(struct menu *m, struct screen *s, uint32_t press)
{
    const struct menu_row *what = m->what;
    switch (press) {
    case PRESS_ESC:
    case 'q':
        m->what = NULL;
        break;
    case PRESS_UP:
    case 'k':
        list_move(&m->list, -1);
        break;
    case PRESS_DOWN:
    case 'j':
        list_move(&m->list, 1);
        break;
    case PRESS_PGUP:
        list_page(&m->list, -1, 1);
        break;
    case PRESS_PGDN:
        list_page(&m->list, 1, 1);
        break;
    case PRESS_HOME:
        list_choose(&m->list, 0);
        break;
    case PRESS_END:
        list_choose(&m->list, m->list.n);
        break;
    case ' ':
    case PRESS_ENTER:
        fill(m, s); /* what is chosen is what is so now */
        if (what->closes)
            m->what = NULL;
        return m->n > 0 ? EFFECT_REDRAW | what->choose(s, m->list.at) : EFFECT_REDRAW;
    default:
        break;
    }
    return EFFECT_REDRAW;
}

/* The widest state and label, for their columns. */
static void measure(const struct menu *m, int *out_state, int *out_label)
{
    *out_state = *out_label = 0;
    for (size_t i = 0; i < m->n; i++) {
        int state = (int)text_width(m->items[i].state), label = (int)text_width(m->items[i].label);
        *out_state = state > *out_state ? state : *out_state;
        *out_label = label > *out_label ? label : *out_label;
    }
}

static void draw_item(const struct menu *m, struct grid *g, struct rect at, size_t i, int state, int label)
{
    int x = at.x + 1;
    grid_text(g, at.y, x, state, STYLE_DIM, m->items[i].state);
    x += state + (state > 0 ? 2 : 0);
    grid_text(g, at.y, x, label, STYLE_TITLE, m->items[i].label);
    x += label + 2;
    grid_text(g, at.y, x, at.x + at.w - x - 1, STYLE_TEXT, m->items[i].value);
    if (i == m->list.at)
        grid_select(g, at.y, at.x, at.w);
}

void menu_draw(struct menu *m, const struct screen *s, struct grid *g)
{
    int state = 0, label = 0;
    fill(m, s);
    measure(m, &state, &label);
    struct rect box = {.h = (int)m->n + 3, .w = g->cols < 120 ? g->cols : g->cols * 2 / 3};
    int most = g->rows >= 15 ? g->rows - FOOTER - 3 : g->rows - 2; /* header and keys stay in sight */
    box.h = box.h > most ? most : box.h;
    box.y = (g->rows - box.h) / 2;
    box.y = box.y < 1 ? 1 : box.y;
    box.x = (g->cols - box.w) / 2;
    box_draw(g, box, m->what->title);
    list_show(&m->list, box.h > 3 ? (size_t)box.h - 3 : 1);
    for (size_t i = 0; i < m->list.page && m->list.top + i < m->n; i++)
        draw_item(m, g, (struct rect){box.y + 1 + (int)i, box.x, 1, box.w}, m->list.top + i, state, label);
    if (box.h < 4)
        return;
    char more[64] = "";
    size_t below = m->n - m->list.top - m->list.page;
    if (m->list.top > 0 || below > 0)
        str_fmt(more, sizeof(more), "%zu of %zu   ", m->list.at + 1, m->n);
    grid_fmt(g, box.y + box.h - 2, box.x + 1, box.w - 2, STYLE_DIM, "%s%s", more, m->what->legend);
}
