#include "ui/order_page.h"

#include <string.h>

#include "backend/base/mem.h"
#include "ui/confirm.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/orders.h"
#include "ui/view.h"

#define LOGIN_LINES 5 /* head, version, result, two of words */
#define SIDE_FROM 60  /* narrower: logins below one another */
#define STEP_WRAP 4   /* lines of what a step says */
#define PLAN_WRAP 4   /* lines of one step of a plan */

const char *order_took_words(int64_t ms, char out[FORMAT_SIZE])
{
    return ms >= 0 && ms < 60000 ? format_latency((int32_t)ms * 1000, out) : format_age(ms, out);
}

int64_t order_took(const struct screen *s, const struct order_view *o)
{
    int64_t end = o->ended_wall_ms >= 0 ? o->ended_wall_ms : s->wall_ms;
    return end > o->ordered_wall_ms ? end - o->ordered_wall_ms : 0;
}

const char *order_env(const struct screen *s, const struct order_view *o, char out[72])
{
    return o->env < s->board->n ? env_label(s->board->envs[o->env].conf, out) : "-";
}

enum { STEP_NAME, STEP_STATE, STEP_TOOK, STEP_WORDS, STEP_COLUMNS };

/* Returns the width of the words. */
static int step_columns(int width, struct layout_column cols[STEP_COLUMNS], int x[STEP_COLUMNS])
{
    static const struct layout_column base[STEP_COLUMNS] = {
        {"STEP", 20, 0, false}, {"STATE", 8, 0, false}, {"TOOK", 5, 1, true}, {"", 10, 0, false}};
    memcpy(cols, base, sizeof(base));
    int used = layout_columns(cols, STEP_COLUMNS, width - 1, x);
    return cols[STEP_WORDS].width + width - 1 - used;
}

/* With up to `wrap` lines of words each. */
static int steps_rows(const struct order_view *o, int width, int wrap)
{
    struct layout_column cols[STEP_COLUMNS];
    int x[STEP_COLUMNS], words = step_columns(width, cols, x), rows = 1;
    for (size_t i = 0; i < o->nsteps; i++) {
        int lines = grid_wrap_lines(words, wrap, o->steps[i].words);
        rows += lines > 1 ? lines : 1;
    }
    return rows + (o->nsteps == 0);
}

/* Returns the rows it took. */
static int draw_step(const struct screen *s, struct grid *g, int y, struct rect at, const struct order_step *p,
                     int wrap)
{
    struct layout_column cols[STEP_COLUMNS];
    char took[FORMAT_SIZE];
    int x[STEP_COLUMNS], words = step_columns(at.w, cols, x);
    bool runs = p->took_ms < 0 && p->state == STEP_RUNNING && s->wall_ms >= p->began_wall_ms;
    enum style style = p->state == STEP_FAILED ? STYLE_BAD : STYLE_TEXT;
    grid_text(g, y, 1 + x[STEP_NAME], cols[STEP_NAME].width, STYLE_TEXT, p->name);
    grid_text(g, y, 1 + x[STEP_STATE], cols[STEP_STATE].width, step_style(p->state), step_word(p->state));
    if (x[STEP_TOOK] >= 0)
        grid_right(g, y, 1 + x[STEP_TOOK], cols[STEP_TOOK].width, STYLE_TEXT,
                   order_took_words(runs ? s->wall_ms - p->began_wall_ms : p->took_ms, took));
    if (wrap == 1)
        grid_text(g, y, 1 + x[STEP_WORDS], words, style, p->words);
    int lines = wrap == 1 ? 1 : grid_wrap(g, y, 1 + x[STEP_WORDS], words, wrap, style, p->words);
    return lines > 1 ? lines : 1;
}

/* Up to `wrap` lines of words each. */
static void draw_steps(const struct screen *s, struct grid *g, struct rect at, const struct order_view *o, int wrap)
{
    struct layout_column cols[STEP_COLUMNS];
    int x[STEP_COLUMNS];
    if (at.h < 2)
        return;
    (void)step_columns(at.w, cols, x);
    for (int i = 0; i < STEP_WORDS; i++)
        if (x[i] >= 0)
            grid_text(g, at.y, 1 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    /* The newest that fit: the older ones have been told in the outcome. */
    size_t room = (size_t)(at.h - 1), first = o->nsteps > room ? o->nsteps - room : 0;
    int y = at.y + 1;
    for (size_t i = first; i < o->nsteps; i++)
        y += draw_step(s, g, y, at, &o->steps[i], wrap);
    if (o->nsteps == 0)
        grid_text(g, y, 1, at.w - 1, STYLE_DIM, order_is_open(o) ? "no step has begun yet" : "no step was begun");
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

int order_page_brief_rows(const struct order_view *o, int width)
{
    int logins = has_logins(o) ? 1 + LOGIN_LINES + 1 : 0;
    return 1 + grid_wrap_lines(width - 2, 3, o->words) + 1 + (o->nsteps > 0 ? (int)o->nsteps : 1) + logins;
}

static void draw_rule(const struct screen *s, struct grid *g, struct rect at, const struct order_view *o,
                      const char *where)
{
    char title[64], note[200], label[72], when[FORMAT_SIZE], took[FORMAT_SIZE];
    str_fmt(title, sizeof(title), "ORDER %u: %s", (unsigned)(o->id % 1000000), order_title(o->kind));
    str_fmt(note, sizeof(note), "%s%sof %s, %s, %s%s%s", where, where[0] ? "   " : "", order_env(s, o, label),
            format_clock(o->ordered_wall_ms, s->local, true, when), order_outcome_word(o),
            order_is_open(o) ? " for " : " after ", order_took_words(order_took(s, o), took));
    grid_rule(g, at.y, at.x, at.w, title, note);
}

void order_page_brief(const struct screen *s, struct grid *g, struct rect at, const struct order_view *o)
{
    if (at.h < 2)
        return;
    draw_rule(s, g, at, o, "");
    int y = at.y + 1, end = at.y + at.h;
    y += grid_wrap(g, y, 1, at.w - 2, end - y < 3 ? 1 : 3, order_style(o->state), o->words);
    int logins = has_logins(o) ? 1 + (at.w >= SIDE_FROM ? LOGIN_LINES : STAGES_TESTED) : 0;
    int steps = 1 + (o->nsteps > 0 ? (int)o->nsteps : 1);
    if (end - y < steps + logins && logins > end - y - 3) /* two steps at least */
        logins = end - y - 3;
    steps = end - y - logins < steps ? end - y - logins : steps;
    draw_steps(s, g, (struct rect){y, at.x, steps, at.w}, o, 1);
    int more = end - y - steps;
    draw_logins(g, (struct rect){y + steps, at.x, more > 12 ? 12 : more, at.w}, o);
}

/* ------------------------------------------------------------- its own page */

static int plan_rows(const struct order_plan *p, int width)
{
    int rows = p->nlines > 0 ? 2 : 0; /* the rule; which versions */
    for (size_t i = 0; i < p->nlines; i++)
        rows += grid_wrap_lines(width - 5, PLAN_WRAP, p->lines[i].text);
    return rows;
}

/* What it was planned on: if that has moved, the order is refused. */
static void state_words(const struct order_view *o, char out[160])
{
    char seen[FORMAT_SIZE], token[FORMAT_SIZE];
    const char *what = o->kind == ORDER_CANCEL_ROTATION ? "AWSPENDING is on"
                       : o->kind == ORDER_ROLL_BACK     ? "it goes back to"
                                                        : "it goes on to";
    format_version(o->plan.seen_version, seen);
    format_version(o->plan.token, token);
    if (o->kind == ORDER_RECYCLE)
        str_fmt(out, 160, "on the state seen: the function's revision is %s", seen);
    else
        str_fmt(out, 160, "on the state seen: AWSCURRENT is %s%s%s%s%s", seen, o->plan.token[0] ? "; " : "",
                o->plan.token[0] ? what : "", o->plan.token[0] ? " " : "", o->plan.token[0] ? token : "");
}

/* Returns the rows it took. */
static int draw_plan(struct grid *g, int y, int width, const struct order_view *o)
{
    const struct order_plan *p = &o->plan;
    char seen[160];
    int from = y, n = 0;
    if (p->nlines == 0)
        return 0;
    grid_rule(g, y++, 0, width, "PLAN", NULL);
    for (size_t i = 0; i < p->nlines; i++) { /* what to know before stands before what is done */
        if (!p->lines[i].warning)
            continue;
        grid_text(g, y, 2, 1, STYLE_WARN, "!");
        y += grid_wrap(g, y, 4, width - 5, PLAN_WRAP, STYLE_WARN, p->lines[i].text);
    }
    for (size_t i = 0; i < p->nlines; i++) {
        if (p->lines[i].warning)
            continue;
        grid_fmt(g, y, 1, 2, STYLE_DIM, "%2d", ++n);
        y += grid_wrap(g, y, 4, width - 5, PLAN_WRAP, STYLE_TEXT, p->lines[i].text);
    }
    state_words(o, seen);
    grid_text(g, y++, 4, width - 5, STYLE_DIM, seen);
    return y - from;
}

/* After a change of passwords: who still holds what, as the logs tell it now. */
static bool has_drain(const struct screen *s, const struct order_view *o)
{
    return order_is_planned(o->kind) && o->kind != ORDER_CANCEL_ROTATION && !o->dry_run && o->state == ORDER_DONE &&
           o->env < s->board->n && s->board->envs[o->env].logs;
}

#define DRAIN_ROWS 3

/* Returns the rows it took. */
static int draw_drain(const struct screen *s, struct grid *g, int y, const struct order_view *o)
{
    if (!has_drain(s, o))
        return 0;
    const struct env_view *v = &s->board->envs[o->env];
    const struct log_snap *l = v->logs;
    size_t old = l->stale + l->poisoned;
    char age[FORMAT_SIZE];
    /* Judged by the label as it is now, from lines of after the change. */
    bool known = o->kind == ORDER_RECYCLE || (v->secret && strcmp(v->secret->current_id, o->plan.token) == 0);
    known = known && l->snap.good_wall_ms > o->ended_wall_ms && l->current + old + l->silent > 0;
    grid_rule(g, y, 0, g->cols, "CONTAINERS NOW", NULL);
    if (!known) {
        grid_text(g, y + 1, 1, g->cols - 2, STYLE_UNSURE, "not known yet: the logs of after it have not come");
        return DRAIN_ROWS;
    }
    grid_fmt(g, y + 1, 1, g->cols - 2, old > 0 ? STYLE_WARN : STYLE_TEXT,
             "%zu hold AWSCURRENT; %zu a replaced version; %zu fell back; %zu not called lately", l->current, l->stale,
             l->poisoned, l->silent);
    grid_fmt(g, y + 2, 1, g->cols - 2, STYLE_DIM, "logs of %s ago; %s", format_age(snap_age(s, &l->snap), age),
             old == 0                   ? "nobody who is called is left behind"
             : o->kind == ORDER_RECYCLE ? "Lambda ends the others when they are idle"
                                        : "the others fail when they reconnect: C recycles them");
    return DRAIN_ROWS;
}

static int page_rows(const struct screen *s, const struct order_view *o, int width)
{
    int logins = has_logins(o) ? 1 + (width >= SIDE_FROM ? 12 : STAGES_TESTED) : 0;
    return grid_wrap_lines(width - 2, PLAN_WRAP, o->words) + plan_rows(&o->plan, width) +
           steps_rows(o, width, STEP_WRAP) + (has_drain(s, o) ? DRAIN_ROWS : 0) + logins;
}

/* A plan that is asked about comes first; of an order that was carried out, what became of it. */
static void draw_page(const struct screen *s, struct grid *g, const struct order_view *o)
{
    int steps = steps_rows(o, g->cols, STEP_WRAP), y = 0;
    bool asked = s->confirm.open;
    y += grid_wrap(g, y, 1, g->cols - 2, PLAN_WRAP, order_style(o->state), o->words);
    if (asked)
        y += draw_plan(g, y, g->cols, o);
    draw_steps(s, g, (struct rect){y, 0, steps, g->cols}, o, STEP_WRAP);
    y += steps;
    y += draw_drain(s, g, y, o);
    if (!asked)
        y += draw_plan(g, y, g->cols, o);
    draw_logins(g, (struct rect){y, 0, g->rows - y, g->cols}, o);
}

void order_page_draw(struct screen *s, struct grid *g, struct rect at, const struct order_view *o)
{
    int rows = page_rows(s, o, at.w), below = confirm_rows(&s->confirm, g);
    char where[48] = "";
    at.h -= below < at.h ? below : 0;
    if (at.h < 2)
        return;
    int room = at.h - 1, lines = rows > room ? rows : room;
    list_resize(&s->page, (size_t)(lines - room + 1));
    s->page.page = (size_t)room;
    int plan_end = grid_wrap_lines(at.w - 2, PLAN_WRAP, o->words) + plan_rows(&o->plan, at.w);
    s->confirm.below_n = plan_end - (int)s->page.at - room;
    s->confirm.read = s->confirm.read || s->confirm.below_n <= 0;
    struct grid *page = grid_new(lines, at.w, g->utf8);
    draw_page(s, page, o);
    grid_copy(g, at.y + 1, at.x, room, page, (int)s->page.at);
    page = grid_free(page);
    if (lines > room)
        str_fmt(where, sizeof(where), "%d-%d/%d", (int)s->page.at + 1, (int)s->page.at + room, lines);
    draw_rule(s, g, at, o, where);
}
