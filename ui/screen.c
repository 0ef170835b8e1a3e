#include "ui/screen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/journal_view.h"
#include "ui/ordering.h"
#include "ui/palette.h"
#include "ui/view.h"

#define MESSAGE_MS 4000
#define SETTLED_MS 120000

static const struct view *const views[VIEW_COUNT] = {
    [VIEW_OVERVIEW] = &view_overview, [VIEW_DETAIL] = &view_detail,   [VIEW_EVENTS] = &view_events,
    [VIEW_ORDERS] = &view_orders,     [VIEW_CONNECT] = &view_connect, [VIEW_JOURNAL] = &view_journal,
    [VIEW_POSTURE] = &view_posture,   [VIEW_COST] = &view_cost,       [VIEW_COMPARE] = &view_compare,
    [VIEW_HELP] = &view_help,
};

const struct view *view_row(enum view_id id)
{
    ASSERT(id < VIEW_COUNT);
    return views[id];
}

/* Reads again what was typed since, and for another zone. */
static void read_filters(struct screen *s)
{
    for (int v = 0; v < VIEW_COUNT; v++) {
        const struct filter_columns *columns = view_row((enum view_id)v)->columns;
        if (!columns || (s->filters[v] && s->filters_local == s->local && strcmp(s->filter[v], s->filter_read[v]) == 0))
            continue;
        filter_free(s->filters[v]);
        s->filters[v] = filter_new(s->filter[v], columns, s->wall_ms, s->local);
        str_copy(s->filter_read[v], PROMPT_MAX, s->filter[v]);
        s->filter_turn++;
    }
    s->filters_local = s->local;
}

bool screen_is_looking(const struct screen *s)
{
    return s->view == VIEW_EVENTS && (s->log.waiting > 0 || s->log_due || s->seek.filter);
}

const char *choice_word(enum event_choice c)
{
    static const char *const words[CHOICE_COUNT] = {"main", "problems", "fetches", "hits", "database", "all"};
    return c < CHOICE_COUNT ? words[c] : "";
}

const struct env_view *screen_env(const struct screen *s)
{
    return s->env < s->board->n ? &s->board->envs[s->env] : NULL;
}

bool screen_settled(const struct screen *s)
{
    return s->mono_ms - s->began_mono_ms >= SETTLED_MS;
}

size_t screen_focus(const struct screen *s)
{
    enum view_id view = s->view == VIEW_HELP ? s->back[VIEW_HELP] : s->view; /* help lies over what it explains */
    bool alone = view == VIEW_DETAIL || (view == VIEW_EVENTS && !s->everyone);
    return alone && screen_env(s) ? s->env : SIZE_MAX;
}

static bool has_answered(const struct snap *s)
{
    return !s || s->tried_mono_ms >= 0;
}

/* Every source, and the past of the logs. */
static bool is_whole(const struct env_view *v)
{
    return has_answered(v->secret ? &v->secret->snap : NULL) && has_answered(v->db ? &v->db->snap : NULL) &&
           has_answered(v->logs ? &v->logs->snap : NULL) && !(v->logs && v->logs->backfilling);
}

static void judge(struct screen *s, size_t env)
{
    s->set.judge(s->board, &s->board->envs[env], &s->verdicts[env]);
    if (change_note(&s->changes[env], s->verdicts[env].state, is_whole(&s->board->envs[env])))
        s->worse = env + 1;
}

static void judge_all(struct screen *s)
{
    for (size_t i = 0; i < s->board->n; i++)
        judge(s, i);
}

static bool same_pictures(const struct env_view *a, const struct env_view *b)
{
    return a->identity == b->identity && a->secret == b->secret && a->logs == b->logs && a->db == b->db &&
           a->function == b->function;
}

/* A verdict stands while its snapshots do, for a second: causes tell ages.  With a thousand
 * environments and a few answers a frame, judging is most of what a frame costs. */
static void judge_changed(struct screen *s, const struct board *older)
{
    bool same_second = s->board->wall_ms / 1000 == older->wall_ms / 1000;
    for (size_t i = 0; i < s->board->n; i++)
        if (!same_second || !same_pictures(&s->board->envs[i], &older->envs[i]))
            judge(s, i);
}

/* Of the column of names: the longest, within reason. */
static int name_width(const struct board *b)
{
    size_t width = 8;
    for (size_t i = 0; i < b->n; i++) {
        char label[72];
        size_t w = text_width(env_label(b->envs[i].conf, label));
        width = w > width ? w : width;
    }
    return (int)(width > 20 ? 20 : width);
}

struct screen *screen_new(const struct screen_settings *set, struct board *first)
{
    struct screen *s = mem_new(sizeof(*s));
    s->set = *set;
    if (!s->set.judge)
        s->set.judge = verdict_judge;
    s->board = first;
    s->verdicts = mem_array(first->n + 1, sizeof(*s->verdicts));
    s->changes = mem_array(first->n + 1, sizeof(*s->changes));
    for (size_t i = 0; i < first->n; i++)
        s->changes[i] = (struct change){.seen = STATE_WAIT, .last = STATE_WAIT};
    s->rows = mem_array(first->n + 1, sizeof(*s->rows));
    s->batch = mem_array(first->n + 1, sizeof(*s->batch));
    s->marked = mem_array(first->n + 1, sizeof(*s->marked));
    s->look.sort = ENV_COLUMN_STATE;
    s->ways = mem_array(first->n + 1, sizeof(*s->ways));
    s->stands = mem_array(first->n + 1, sizeof(*s->stands));
    s->results = mem_array(first->n + 1, sizeof(*s->results));
    s->lines = mem_array(JOURNAL_ROWS, sizeof(*s->lines));
    s->worst = mem_array(first->n + 1, sizeof(*s->worst));
    s->follow = true;
    s->everyone = true;
    s->kinds = EVENT_KINDS_MAIN;
    s->name_width = name_width(first);
    s->mono_ms = s->began_mono_ms = first->mono_ms;
    s->wall_ms = first->wall_ms;
    judge_all(s);
    screen_rebuild(s);
    return s;
}

struct screen *screen_free(struct screen *s)
{
    if (!s)
        return NULL;
    seek_stop(s);
    event_list_clear(&s->log); /* before the board: it borrowed its rows */
    board_free(s->board);
    for (int v = 0; v < VIEW_COUNT; v++)
        filter_free(s->filters[v]);
    free(s->verdicts);
    free(s->changes);
    free(s->rows);
    free(s->marked);
    free(s->batch);
    free(s->ways);
    free(s->stands);
    free(s->results);
    free(s->lines);
    free(s->worst);
    question_close(&s->question);
    free(s);
    return NULL;
}

/* The configuration does not change while credtop runs, so neither does n. */
void screen_update(struct screen *s, struct board *newer)
{
    if (s->paused || newer->n != s->board->n) {
        s->held_back++;
        board_free(newer);
        return;
    }
    struct board *older = s->board;
    s->board = newer;
    judge_changed(s, older);
    if (s->view != VIEW_EVENTS)
        event_list_clear(&s->log);
    screen_rebuild(s);
    ordering_update(s);
    board_free(older); /* after the rebuild: the lists borrowed its rows */
}

void screen_now(struct screen *s, int64_t mono_ms, int64_t wall_ms)
{
    s->mono_ms = mono_ms;
    s->wall_ms = wall_ms;
    if (s->message[0] && mono_ms >= s->message_until_ms)
        s->message[0] = '\0';
}

const char *screen_past(const struct screen *s, bool brief, char out[64])
{
    unsigned done = 0, of = 0;
    for (size_t i = 0; i < s->board->n; i++) {
        const struct log_snap *l = s->board->envs[i].logs;
        if (!l || !l->backfilling)
            continue;
        done += l->backfill_done;
        of += l->backfill_slices > 0 ? l->backfill_slices : 1; /* the first answer is one */
    }
    out[0] = '\0';
    if (of > 0)
        str_fmt(out, 64, "%s %u/%u", brief ? "past" : "reading the past", done, of);
    return out;
}

void screen_say(struct screen *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(s->message, sizeof(s->message), fmt, args); /* a long one is cut by the screen anyway */
    va_end(args);
    s->message_until_ms = s->mono_ms + MESSAGE_MS;
}

void screen_rebuild(struct screen *s)
{
    read_filters(s);
    s->log_due = false;
    /* The overview's order gives the chosen environment a row wherever we are. */
    view_overview.rebuild(s);
    if (view_row(s->view)->rebuild && s->view != VIEW_OVERVIEW)
        view_row(s->view)->rebuild(s);
}

unsigned screen_sort(struct screen *s, enum env_column by, bool reverse)
{
    s->look.sort = by;
    s->look.reverse = reverse;
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

void screen_mark(struct screen *s, size_t env, bool marked)
{
    s->nmarked += (size_t)marked - (size_t)s->marked[env];
    s->marked[env] = marked;
}

void screen_go(struct screen *s, enum view_id view)
{
    if (view != s->view) {
        /* Never a ring: leaving help or going down remembers where from, going up does not. */
        if (view > s->view)
            s->back[view] = s->view;
        s->view = view;
    }
    s->prompt.open = s->palette.open = false;
    screen_rebuild(s);
}

/* The range of the events: what is wrong is said, and asked for again. */
static unsigned range_press(struct screen *s, enum prompt_result r)
{
    char error[RANGE_ERROR];
    if (r != PROMPT_DONE)
        return EFFECT_REDRAW;
    if (!range_parse(s->prompt.text, s->wall_ms, s->local, &s->range, error)) {
        prompt_open(&s->prompt, s->prompt.text);
        screen_say(s, "%s", error);
        return EFFECT_REDRAW;
    }
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

static unsigned prompt_press(struct screen *s, uint32_t press)
{
    if (s->asks_range && press == PRESS_TAB) {
        size_t i = 0;
        while (range_offered(i) && strcmp(range_offered(i), s->prompt.text) != 0)
            i++;
        bool more = range_offered(i) && range_offered(i + 1);
        str_copy(s->prompt.text, PROMPT_MAX, range_offered(more ? i + 1 : 0));
        return EFFECT_REDRAW;
    }
    enum prompt_result r = prompt_key(&s->prompt, press);
    if (s->asks_range)
        return range_press(s, r);
    str_copy(s->filter[s->view], PROMPT_MAX, s->prompt.text);
    if (r == PROMPT_DONE && s->view == VIEW_EVENTS && s->prompt.text[0])
        str_copy(s->pattern, PROMPT_MAX, s->prompt.text);
    /* Of what was typed ahead, the last letter alone is looked for among so many events. */
    if (r == PROMPT_TYPING && s->view == VIEW_EVENTS)
        s->log_due = true;
    else
        screen_rebuild(s);
    return EFFECT_REDRAW;
}

static unsigned question_press(struct screen *s, uint32_t press)
{
    switch (question_key(&s->question, press)) {
    case QUESTION_ANSWERED:
        return EFFECT_REDRAW | EFFECT_CODE;
    case QUESTION_DECLINED:
        screen_say(s, "no code: r asks again");
        return EFFECT_REDRAW | EFFECT_NO_CODE;
    case QUESTION_WAITS:
        break;
    }
    return EFFECT_REDRAW;
}

#define WHEEL_ROWS 3

/* On the chosen row it is Enter. */
static unsigned click_row(struct screen *s, uint32_t row)
{
    struct list *l = view_row(s->view)->list(s);
    if (row == l->at)
        return screen_key(s, PRESS_ENTER);
    list_choose(l, row);
    if (view_row(s->view)->moved)
        view_row(s->view)->moved(s);
    return EFFECT_REDRAW;
}

unsigned screen_click(struct screen *s, const struct grid *g, int y, int x, int wheel)
{
    uint32_t value = 0;
    s->touched = true;
    if (s->question.open || s->confirm.open || s->menu.what || s->palette.open || s->prompt.open)
        return EFFECT_REDRAW; /* what is asked is answered with keys */
    if (wheel != 0) {
        list_move(view_row(s->view)->list(s), wheel * WHEEL_ROWS);
        if (view_row(s->view)->moved)
            view_row(s->view)->moved(s);
        return EFFECT_REDRAW;
    }
    switch (grid_zone_at(g, y, x, &value)) {
    case ZONE_ROW:
        return click_row(s, value);
    case ZONE_COMMAND:
        s->message[0] = '\0';
        return command_run(s, (enum command)value);
    case ZONE_VIEW:
        if (value != VIEW_DETAIL || screen_env(s))
            screen_go(s, (enum view_id)value);
        return EFFECT_REDRAW;
    case ZONE_COLUMN:
        return screen_sort(s, (enum env_column)value, value == s->look.sort && !s->look.reverse);
    case ZONE_NONE:
        break;
    }
    return EFFECT_REDRAW;
}

unsigned screen_key(struct screen *s, uint32_t press)
{
    s->touched = true;
    if (s->question.open && press != 'C' - 0x40)
        return question_press(s, press);
    if (s->confirm.open && press != 'C' - 0x40)
        return ordering_key(s, press);
    if (s->palette.open && press != 'C' - 0x40) {
        s->message[0] = '\0';
        return palette_key(s, press);
    }
    if (s->menu.what && press != 'C' - 0x40)
        return menu_key(&s->menu, s, press);
    if (s->prompt.open && press != 'C' - 0x40)
        return prompt_press(s, press);
    enum command c = key_command(press, view_row(s->view)->place);
    if (c == COMMAND_NONE) {
        char name[8];
        if (key_label(press, name)[0])
            screen_say(s, "%s does nothing here; ? shows the keys", name);
        return EFFECT_REDRAW;
    }
    s->message[0] = '\0';
    seek_stop(s);
    if (s->log_due)
        screen_rebuild(s);
    unsigned effects = command_run(s, c);
    if (screen_env(s) && (s->view == VIEW_OVERVIEW || s->view == VIEW_DETAIL))
        change_look(&s->changes[s->env]);
    return effects;
}
