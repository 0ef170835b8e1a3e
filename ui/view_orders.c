/* Screen 4: what was ordered: in progress and past, newest first; the chosen one with
 * its steps and its logins side by side. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/order_page.h"
#include "ui/orders.h"
#include "ui/view.h"

static const struct order_view *chosen(const struct screen *s)
{
    return orders_find(s->board, s->order);
}

/* What is to be said of it now: its outcome, else the step in hand. */
static const char *order_words(const struct order_view *o)
{
    if (o->words[0] || o->nsteps == 0)
        return o->words;
    const struct order_step *last = &o->steps[o->nsteps - 1];
    return last->words[0] ? last->words : last->name;
}

/* ---------------------------------------------------------------- list */

enum { CELL_TIME, CELL_ENV, CELL_ORDER, CELL_STATE, CELL_TOOK, CELL_WORDS, CELL_COUNT };

static void list_columns(const struct screen *s, int width, struct layout_column cols[CELL_COUNT], int x[CELL_COUNT])
{
    static const struct layout_column base[CELL_COUNT] = {
        [CELL_TIME] = {"TIME Z", 8, 1, false},  [CELL_ENV] = {"ENV", 8, 0, false},
        [CELL_ORDER] = {"ORDER", 10, 2, false}, [CELL_STATE] = {"STATE", 9, 0, false},
        [CELL_TOOK] = {"TOOK", 5, 3, true},     [CELL_WORDS] = {"OUTCOME", 12, 1, false},
    };
    char label[72];
    memcpy(cols, base, sizeof(base));
    cols[CELL_TIME].head = s->local ? "TIME" : "TIME Z";
    for (size_t i = 0; i < s->board->n; i++) {
        int w = (int)text_width(env_label(s->board->envs[i].conf, label));
        if (w > cols[CELL_ENV].width)
            cols[CELL_ENV].width = w > 20 ? 20 : w;
    }
    int used = layout_columns(cols, CELL_COUNT, width, x);
    if (x[CELL_WORDS] >= 0 && used < width)
        cols[CELL_WORDS].width += width - used;
}

static void draw_order_row(const struct screen *s, struct grid *g, int y, const struct layout_column *cols,
                           const int *x, const struct order_view *o)
{
    char time[FORMAT_SIZE], label[72], took[FORMAT_SIZE];
    const char *cells[CELL_COUNT] = {
        [CELL_TIME] = format_when(o->ordered_wall_ms, s->wall_ms, s->local, time),
        [CELL_ENV] = order_env(s, o, label),
        [CELL_ORDER] = order_title(o->kind),
        [CELL_STATE] = order_outcome_word(o),
        [CELL_TOOK] = order_took_words(order_took(s, o), took),
        [CELL_WORDS] = order_words(o),
    };
    for (int i = 0; i < CELL_COUNT; i++) {
        enum style style = i != CELL_STATE ? STYLE_TEXT : o->dry_run ? STYLE_DIM : order_style(o->state);
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, y, 2 + x[i], cols[i].width, style, cells[i]);
        else if (x[i] >= 0)
            grid_text(g, y, 2 + x[i], cols[i].width, style, cells[i]);
    }
}

static void draw_list(struct screen *s, struct grid *g, struct rect at)
{
    struct layout_column cols[CELL_COUNT];
    int x[CELL_COUNT];
    if (at.h < 2)
        return;
    list_columns(s, at.w - 2, cols, x);
    for (int i = 0; i < CELL_COUNT; i++)
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, at.y, 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
        else if (x[i] >= 0)
            grid_text(g, at.y, 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    size_t room = (size_t)(at.h - 1);
    list_show(&s->orders, room);
    for (size_t i = 0; i < room && s->orders.top + i < s->orders.n; i++) {
        int y = at.y + 1 + (int)i;
        draw_order_row(s, g, y, cols, x, &s->board->orders->orders[s->orders.top + i]);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)(s->orders.top + i));
        if (s->orders.top + i == s->orders.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
    if (s->orders.n > 0)
        return;
    const char *refusal = order_refusal(s->set.audit, ORDER_TEST);
    grid_text(g, at.y + 1, 2, at.w - 2, STYLE_DIM,
              refusal ? refusal : "nothing has been ordered: t on an environment tests its logins");
}

/* ---------------------------------------------------------- the screen */

static void orders_draw(struct screen *s, struct grid *g, struct rect body)
{
    const struct order_view *o = chosen(s);
    if (s->order_open && o) {
        order_page_draw(s, g, body, o);
        return;
    }
    int detail = o ? order_page_brief_rows(o, body.w) : 0, rows = (int)s->orders.n, gap = body.h >= 30 ? 1 : 0;
    struct layout_want wants[] = {
        {2, 1 + (rows > 0 ? rows : 1) + gap, 1},
        {detail > 9 ? 9 : detail, detail, 0},
    };
    struct rect parts[ARRAY_LEN(wants)];
    wants[0].least = rows > 3 ? 4 : 2;
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_list(s, g, parts[0]);
    if (o)
        order_page_brief(s, g, parts[1], o);
}

static void orders_small(struct screen *s, struct grid *g, struct rect body)
{
    const struct order_view *o = chosen(s);
    if (s->order_open && o)
        order_page_draw(s, g, body, o);
    else
        draw_list(s, g, body);
}

static void orders_title(const struct screen *s, struct grid *g, struct rect at)
{
    size_t open = 0;
    for (size_t i = 0; i < s->orders.n; i++)
        open += order_is_open(&s->board->orders->orders[i]) ? 1 : 0;
    int x = 1 + grid_fmt(g, at.y, 1, at.w - 1, STYLE_TITLE, "ORDERS %zu", s->orders.n);
    x += grid_fmt(g, at.y, x, at.w - x, open > 0 ? STYLE_BUSY : STYLE_DIM, "   %zu in progress", open);
    if (s->set.audit)
        grid_text(g, at.y, x, at.w - x, STYLE_DIM, "   audit mode orders nothing");
    else if (s->orders.n == ORDERS_KEPT)
        grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "   the last %d are kept", ORDERS_KEPT);
}

/* An order keeps its number; its row moves when newer ones come. */
static void orders_rebuild(struct screen *s)
{
    const struct orders_snap *o = s->board->orders;
    bool coming = s->order > (o && o->n > 0 ? o->orders[0].id : 0); /* just given: a later board has it */
    list_resize(&s->orders, o ? o->n : 0);
    for (size_t i = 0; o && i < o->n; i++)
        if (o->orders[i].id == s->order)
            list_choose(&s->orders, i);
    if (!coming)
        s->order = s->orders.n > 0 ? o->orders[s->orders.at].id : 0;
}

static void orders_moved(struct screen *s)
{
    if (!s->order_open && s->orders.at < s->orders.n)
        s->order = s->board->orders->orders[s->orders.at].id;
}

/* On an order's own page it is the page that moves. */
static struct list *orders_list(struct screen *s)
{
    return s->order_open ? &s->page : &s->orders;
}

const struct view view_orders = {
    .tab = "4 Orders",
    .place = IN_ORDERS,
    .legend = "newest first   x cancels what can be stopped safely",
    .list = orders_list,
    .rebuild = orders_rebuild,
    .moved = orders_moved,
    .title = orders_title,
    .draw = orders_draw,
    .small = orders_small,
};
