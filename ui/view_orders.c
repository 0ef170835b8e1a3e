/* Screen 4: what was ordered: in progress and past, newest first; the chosen one with
 * its steps and its logins side by side. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/orders.h"
#include "ui/view.h"

#define LOGIN_LINES 5 /* head, version, result, two of words */
#define SIDE_FROM 60  /* narrower: logins below one another */

static const struct order_view *chosen(const struct screen *s)
{
    return orders_find(s->board, s->order);
}

static const char *took_words(int64_t ms, char out[FORMAT_SIZE])
{
    return ms >= 0 && ms < 60000 ? format_latency((int32_t)ms * 1000, out) : format_age(ms, out);
}

static int64_t order_took(const struct screen *s, const struct order_view *o)
{
    int64_t end = o->ended_wall_ms >= 0 ? o->ended_wall_ms : s->wall_ms;
    return end > o->ordered_wall_ms ? end - o->ordered_wall_ms : 0;
}

static const char *env_of(const struct screen *s, const struct order_view *o, char out[72])
{
    return o->env < s->board->n ? env_label(s->board->envs[o->env].conf, out) : "-";
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
        [CELL_ENV] = env_of(s, o, label),
        [CELL_ORDER] = order_title(o->kind),
        [CELL_STATE] = order_state_word(o->state),
        [CELL_TOOK] = took_words(order_took(s, o), took),
        [CELL_WORDS] = order_words(o),
    };
    for (int i = 0; i < CELL_COUNT; i++) {
        enum style style = i == CELL_STATE ? order_style(o->state) : STYLE_TEXT;
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

/* ----------------------------------------------------------- one order */

static void draw_steps(const struct screen *s, struct grid *g, struct rect at, const struct order_view *o)
{
    static const struct layout_column cols[] = {
        {"STEP", 20, 0, false}, {"STATE", 8, 0, false}, {"TOOK", 5, 1, true}, {"", 10, 0, false}};
    int x[ARRAY_LEN(cols)];
    if (at.h < 2)
        return;
    int used = layout_columns(cols, ARRAY_LEN(cols), at.w - 1, x);
    for (size_t i = 0; i + 1 < ARRAY_LEN(cols); i++)
        if (x[i] >= 0)
            grid_text(g, at.y, 1 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    /* The newest that fit: the older ones have been told in the outcome. */
    size_t room = (size_t)(at.h - 1), first = o->nsteps > room ? o->nsteps - room : 0;
    for (size_t i = first; i < o->nsteps; i++) {
        const struct order_step *p = &o->steps[i];
        char took[FORMAT_SIZE];
        int y = at.y + 1 + (int)(i - first);
        int64_t ms = p->took_ms < 0 && p->state == STEP_RUNNING && s->wall_ms >= p->began_wall_ms
                         ? s->wall_ms - p->began_wall_ms
                         : p->took_ms;
        grid_text(g, y, 1 + x[0], cols[0].width, STYLE_TEXT, p->name);
        grid_text(g, y, 1 + x[1], cols[1].width, step_style(p->state), step_word(p->state));
        if (x[2] >= 0)
            grid_right(g, y, 1 + x[2], cols[2].width, STYLE_TEXT, took_words(ms, took));
        grid_text(g, y, 1 + x[3], cols[3].width + at.w - 1 - used, p->state == STEP_FAILED ? STYLE_BAD : STYLE_TEXT,
                  p->words);
    }
    if (o->nsteps == 0)
        grid_text(g, at.y + 1, 1, at.w - 1, STYLE_DIM,
                  order_is_open(o) ? "no step has begun yet" : "no step was begun");
}

static bool has_logins(const struct order_view *o)
{
    return o->logins[0].stage[0] != '\0';
}

static void draw_login_column(struct grid *g, struct rect at, const struct stage_login *l, bool open)
{
    char version[FORMAT_SIZE], result[FORMAT_SIZE];
    enum style style = login_words(l, open, result);
    grid_text(g, at.y, at.x, at.w, STYLE_HEAD, l->stage);
    if (at.h > 1)
        grid_text(g, at.y + 1, at.x, at.w, STYLE_TEXT, format_version(l->version_id, version));
    if (at.h > 2)
        grid_text(g, at.y + 2, at.x, at.w, style, result);
    if (at.h > 3)
        grid_wrap(g, at.y + 3, at.x, at.w, at.h - 3, STYLE_DIM, l->words);
}

static void draw_login_row(struct grid *g, int y, struct rect at, const struct stage_login *l, bool open)
{
    char version[FORMAT_SIZE], result[FORMAT_SIZE];
    enum style style = login_words(l, open, result);
    int x =
        1 + grid_fmt(g, y, 1, at.w - 1, STYLE_TEXT, "%-11s %-8s ", l->stage, format_version(l->version_id, version));
    x += grid_text(g, y, x, at.w - x, style, result) + 1;
    grid_text(g, y, x, at.w - x, STYLE_DIM, l->words);
}

/* Side by side where there is room: what differs stands in one line. */
static void draw_logins(struct grid *g, struct rect at, const struct order_view *o)
{
    int n = 0;
    for (size_t i = 0; i < STAGES_TESTED; i++)
        n += o->logins[i].stage[0] ? 1 : 0;
    if (at.h < 2 || n == 0)
        return;
    grid_rule(g, at.y, at.x, at.w, "LOGINS",
              at.w >= SIDE_FROM ? "(the label was asked for, as a cold container does)" : NULL);
    for (int i = 0; i < n; i++) {
        int width = (at.w - 1) / n;
        if (at.w >= SIDE_FROM)
            draw_login_column(g, (struct rect){at.y + 1, 1 + i * width, at.h - 1, width - 1}, &o->logins[i],
                              order_is_open(o));
        else if (i + 1 < at.h)
            draw_login_row(g, at.y + 1 + i, at, &o->logins[i], order_is_open(o));
    }
}

/* The rows draw_order() can use. */
static int order_rows(const struct order_view *o, int width)
{
    int logins = has_logins(o) ? 1 + LOGIN_LINES + 1 : 0;
    return 1 + grid_wrap_lines(width - 2, 3, o->words) + 1 + (o->nsteps > 0 ? (int)o->nsteps : 1) + logins;
}

static void draw_order(const struct screen *s, struct grid *g, struct rect at, const struct order_view *o)
{
    char title[64], note[160], label[72], when[FORMAT_SIZE], took[FORMAT_SIZE];
    if (at.h < 2)
        return;
    str_fmt(title, sizeof(title), "ORDER %u: %s", (unsigned)(o->id % 1000000), order_title(o->kind));
    str_fmt(note, sizeof(note), "of %s, %s, %s%s%s", env_of(s, o, label),
            format_clock(o->ordered_wall_ms, s->local, true, when), order_state_word(o->state),
            order_is_open(o) ? " for " : " after ", took_words(order_took(s, o), took));
    grid_rule(g, at.y, at.x, at.w, title, note);
    int y = at.y + 1, end = at.y + at.h;
    y += grid_wrap(g, y, 1, at.w - 2, end - y < 3 ? 1 : 3, order_style(o->state), o->words);
    int logins = has_logins(o) ? 1 + (at.w >= SIDE_FROM ? LOGIN_LINES : STAGES_TESTED) : 0;
    int steps = 1 + (o->nsteps > 0 ? (int)o->nsteps : 1);
    if (end - y < steps + logins && logins > end - y - 3) /* two steps at least */
        logins = end - y - 3;
    steps = end - y - logins < steps ? end - y - logins : steps;
    draw_steps(s, g, (struct rect){y, at.x, steps, at.w}, o);
    int more = end - y - steps;
    draw_logins(g, (struct rect){y + steps, at.x, more > 12 ? 12 : more, at.w}, o);
}

/* ---------------------------------------------------------- the screen */

static void orders_draw(struct screen *s, struct grid *g, struct rect body)
{
    const struct order_view *o = chosen(s);
    if (s->order_open && o) {
        draw_order(s, g, body, o);
        return;
    }
    int detail = o ? order_rows(o, body.w) : 0, rows = (int)s->orders.n, gap = body.h >= 30 ? 1 : 0;
    struct layout_want wants[] = {
        {2, 1 + (rows > 0 ? rows : 1) + gap, 1},
        {detail > 9 ? 9 : detail, detail, 0},
    };
    struct rect parts[ARRAY_LEN(wants)];
    wants[0].least = rows > 3 ? 4 : 2;
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_list(s, g, parts[0]);
    if (o)
        draw_order(s, g, parts[1], o);
}

static void orders_small(struct screen *s, struct grid *g, struct rect body)
{
    const struct order_view *o = chosen(s);
    if (s->order_open && o)
        draw_order(s, g, body, o);
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
    list_resize(&s->orders, o ? o->n : 0);
    for (size_t i = 0; o && i < o->n; i++)
        if (o->orders[i].id == s->order)
            list_choose(&s->orders, i);
    s->order = s->orders.n > 0 ? o->orders[s->orders.at].id : 0;
}

static void orders_moved(struct screen *s)
{
    if (s->orders.at < s->orders.n)
        s->order = s->board->orders->orders[s->orders.at].id;
}

static struct list *orders_list(struct screen *s)
{
    return &s->orders;
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
