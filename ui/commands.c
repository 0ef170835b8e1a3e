/* What each row of keys.def does.  A row without a function here does not compile. */
#include <string.h>

#include "backend/base/mem.h"
#include "ui/ordering.h"
#include "ui/orders.h"
#include "ui/palette.h"
#include "ui/screen.h"
#include "ui/view.h"

#define KEY(id, keys, where, group, word, help) static unsigned do_##id(struct screen *s);
#include "ui/keys.def"
#undef KEY

static unsigned (*const handlers[COMMAND_COUNT])(struct screen *) = {
#define KEY(id, keys, where, group, word, help) [COMMAND_##id] = do_##id,
#include "ui/keys.def"
#undef KEY
};

unsigned command_run(struct screen *s, enum command c)
{
    return c > COMMAND_NONE && c < COMMAND_COUNT ? handlers[c](s) : 0;
}

/* ------------------------------------------------------------- moving */

static unsigned moved(struct screen *s)
{
    if (view_row(s->view)->moved)
        view_row(s->view)->moved(s);
    return EFFECT_REDRAW;
}

static struct list *here(struct screen *s)
{
    return view_row(s->view)->list(s);
}

static unsigned do_UP(struct screen *s)
{
    list_move(here(s), -1);
    return moved(s);
}

static unsigned do_DOWN(struct screen *s)
{
    list_move(here(s), 1);
    return moved(s);
}

static unsigned do_FIRST(struct screen *s)
{
    list_choose(here(s), 0);
    return moved(s);
}

static unsigned do_LAST(struct screen *s)
{
    list_choose(here(s), here(s)->n);
    return moved(s);
}

static unsigned do_PAGE_DOWN(struct screen *s)
{
    list_page(here(s), 1, 1);
    return moved(s);
}

static unsigned do_PAGE_UP(struct screen *s)
{
    list_page(here(s), -1, 1);
    return moved(s);
}

static unsigned do_HALF_DOWN(struct screen *s)
{
    list_page(here(s), 1, 2);
    return moved(s);
}

static unsigned do_HALF_UP(struct screen *s)
{
    list_page(here(s), -1, 2);
    return moved(s);
}

/* Along the columns that are shown. */
static unsigned other_check(struct screen *s, bool right)
{
    s->check_chosen = true;
    for (size_t i = 0; i < s->nchecks; i++)
        if (s->checks[i] == s->check && (right ? i + 1 < s->nchecks : i > 0)) {
            s->check = s->checks[right ? i + 1 : i - 1];
            break;
        }
    return EFFECT_REDRAW;
}

static unsigned do_LEFT(struct screen *s)
{
    return other_check(s, false);
}

static unsigned do_RIGHT(struct screen *s)
{
    return other_check(s, true);
}

static unsigned other_env(struct screen *s, long step)
{
    list_move(&s->envs, step);
    view_overview.moved(s);
    if (s->view == VIEW_COMPARE && s->env == s->other) { /* nothing is compared with itself */
        size_t at = s->envs.at;
        list_move(&s->envs, step);
        if (s->envs.at == at)
            list_move(&s->envs, -step);
        view_overview.moved(s);
    }
    s->only_container = 0;
    s->everyone = s->view == VIEW_EVENTS ? false : s->everyone;
    s->only_marked = s->only_marked && s->everyone;
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

static unsigned do_PREVIOUS(struct screen *s)
{
    return other_env(s, -1);
}

static unsigned do_NEXT(struct screen *s)
{
    return other_env(s, 1);
}

/* ------------------------------------------------------------ screens */

static unsigned go(struct screen *s, enum view_id view)
{
    if (view == VIEW_DETAIL && !screen_env(s)) {
        screen_say(s, "no environment is chosen");
        return EFFECT_REDRAW;
    }
    screen_go(s, view);
    return EFFECT_REDRAW;
}

static unsigned do_OPEN(struct screen *s)
{
    return go(s, VIEW_DETAIL);
}

static unsigned events_of(struct screen *s, bool everyone, uint32_t container)
{
    s->everyone = everyone;
    s->only_marked = false;
    s->only_container = container;
    s->event_open = false;
    s->follow = true;
    return go(s, VIEW_EVENTS);
}

static unsigned do_CONTAINER(struct screen *s)
{
    return events_of(s, false, s->container);
}

/* Of the marked ones, where there are some. */
static unsigned do_EVENTS(struct screen *s)
{
    bool marked = s->view == VIEW_OVERVIEW && s->nmarked > 0;
    unsigned effects = events_of(s, marked || screen_env(s) == NULL, 0);
    s->only_marked = marked;
    screen_rebuild(s);
    return effects;
}

/* One, the marked ones, all, and again. */
static unsigned do_EVERYONE(struct screen *s)
{
    bool one = !s->everyone || s->only_container != 0, marked = s->everyone && s->only_marked;
    s->everyone = one || marked;
    s->only_marked = one && s->nmarked > 0;
    s->only_container = 0;
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

static unsigned do_SCREEN_1(struct screen *s)
{
    return go(s, VIEW_OVERVIEW);
}

static unsigned do_SCREEN_2(struct screen *s)
{
    return go(s, VIEW_DETAIL);
}

static unsigned do_SCREEN_3(struct screen *s)
{
    return go(s, VIEW_EVENTS);
}

static unsigned do_SCREEN_4(struct screen *s)
{
    return go(s, VIEW_ORDERS);
}

static unsigned do_SCREEN_5(struct screen *s)
{
    return go(s, VIEW_CONNECT);
}

static unsigned do_SCREEN_6(struct screen *s)
{
    return go(s, VIEW_JOURNAL);
}

static unsigned do_SCREEN_7(struct screen *s)
{
    return go(s, VIEW_POSTURE);
}

static unsigned do_SCREEN_8(struct screen *s)
{
    return go(s, VIEW_COST);
}

static unsigned do_TAB(struct screen *s)
{
    return go(s, s->view >= VIEW_COST ? VIEW_OVERVIEW : (enum view_id)(s->view + 1));
}

static unsigned do_HELP(struct screen *s)
{
    return go(s, VIEW_HELP);
}

static unsigned do_CLOSE(struct screen *s)
{
    return go(s, s->back[s->view]);
}

static unsigned do_CLOSE_KEY(struct screen *s)
{
    return do_CLOSE(s);
}

/* An opened order lies over the list of them. */
static bool close_order(struct screen *s)
{
    bool was = s->view == VIEW_ORDERS && s->order_open;
    s->order_open = s->order_open && !was;
    return was;
}

static unsigned do_BACK(struct screen *s)
{
    if (close_order(s))
        return EFFECT_REDRAW;
    return s->view == VIEW_OVERVIEW ? EFFECT_QUIT : do_CLOSE(s);
}

static unsigned do_ESCAPE(struct screen *s)
{
    if (s->view == VIEW_EVENTS && s->event_open) {
        s->event_open = false;
        return EFFECT_REDRAW;
    }
    if (s->filter[s->view][0]) {
        s->filter[s->view][0] = '\0';
        screen_rebuild(s);
        return EFFECT_REDRAW;
    }
    if (close_order(s))
        return EFFECT_REDRAW;
    return s->view == VIEW_OVERVIEW ? EFFECT_REDRAW : do_CLOSE(s);
}

static unsigned do_UNFILTER(struct screen *s)
{
    return do_ESCAPE(s);
}

static unsigned do_QUIT(struct screen *s)
{
    (void)s;
    return EFFECT_QUIT;
}

/* ------------------------------------------------------------- orders */

static const struct {
    enum command command;
    enum order_kind kind;
} orders_by_key[] = {{COMMAND_LOGIN, ORDER_TEST},           {COMMAND_PSQL, ORDER_PSQL},
                     {COMMAND_PLAN_ROTATE, ORDER_ROTATE},   {COMMAND_PLAN_FINISH, ORDER_FINISH},
                     {COMMAND_PLAN_RECYCLE, ORDER_RECYCLE}, {COMMAND_PLAN_ROLL_BACK, ORDER_ROLL_BACK}};

const char *command_refusal(const struct screen *s, enum command c)
{
    for (size_t i = 0; i < ARRAY_LEN(orders_by_key); i++)
        if (orders_by_key[i].command == c)
            return order_refusal(s->set.audit, orders_by_key[i].kind);
    if (c == COMMAND_COPY && s->set.restricted)
        return "copying is off: restricted mode sends nothing but pictures";
    if (c == COMMAND_SAVE && s->set.restricted)
        return "saving is off: restricted mode writes no file";
    return NULL;
}

static unsigned do_LOGIN(struct screen *s)
{
    return ordering_begin(s, ORDER_TEST);
}

static unsigned do_PSQL(struct screen *s)
{
    return ordering_begin(s, ORDER_PSQL);
}

static unsigned do_PLAN_ROTATE(struct screen *s)
{
    return ordering_begin(s, ORDER_ROTATE);
}

static unsigned do_PLAN_FINISH(struct screen *s)
{
    return ordering_begin(s, ORDER_FINISH);
}

static unsigned do_PLAN_RECYCLE(struct screen *s)
{
    return ordering_begin(s, ORDER_RECYCLE);
}

static unsigned do_PLAN_ROLL_BACK(struct screen *s)
{
    return ordering_begin(s, ORDER_ROLL_BACK);
}

static unsigned do_ORDER(struct screen *s)
{
    s->order_open = !s->order_open && s->orders.n > 0;
    return EFFECT_REDRAW;
}

static unsigned do_CANCEL(struct screen *s)
{
    const struct order_view *o = orders_find(s->board, s->order);
    if (!o)
        screen_say(s, "no order is chosen");
    else if (!order_is_open(o))
        screen_say(s, "order %u has ended (%s): there is nothing to cancel", (unsigned)o->id,
                   order_state_word(o->state));
    else if (!o->cancellable)
        screen_say(s, "order %u cannot be stopped safely now: what it does has been sent", (unsigned)o->id);
    else
        return EFFECT_REDRAW | EFFECT_CANCEL;
    return EFFECT_REDRAW;
}

/* ---------------------------------------------------- finding, sorting */

static unsigned do_FILTER(struct screen *s)
{
    if (s->view == VIEW_DETAIL) /* what is listed there is too short to filter */
        (void)do_EVENTS(s);
    if (!view_row(s->view)->columns) {
        screen_say(s, "there is nothing to filter here");
        return EFFECT_REDRAW;
    }
    s->asks_range = false;
    prompt_open(&s->prompt, s->filter[s->view]);
    return EFFECT_REDRAW;
}

static unsigned do_RANGE(struct screen *s)
{
    s->asks_range = true;
    prompt_open(&s->prompt, "");
    return EFFECT_REDRAW;
}

static unsigned do_SPAN(struct screen *s)
{
    s->span = (enum chart_span)((s->span + 1) % SPAN_COUNT);
    return EFFECT_REDRAW;
}

static unsigned do_EXPAND(struct screen *s)
{
    s->event_open = !s->event_open && s->log.n > 0;
    return EFFECT_REDRAW;
}

static unsigned do_PALETTE(struct screen *s)
{
    return palette_open(s);
}

static unsigned do_FOLLOW(struct screen *s)
{
    s->follow = !s->follow;
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

static unsigned do_KINDS(struct screen *s)
{
    s->choice = (enum event_choice)((s->choice + 1) % CHOICE_COUNT);
    s->kinds = choice_kinds(s->choice);
    screen_rebuild(s);
    screen_say(s, "kinds of events: %s", choice_word(s->choice));
    return EFFECT_REDRAW;
}

static unsigned do_KINDS_MENU(struct screen *s)
{
    menu_open(&s->menu, &menu_kinds, s);
    return EFFECT_REDRAW;
}

static unsigned match(struct screen *s, bool forward)
{
    if (s->pattern[0])
        seek_begin(s, forward);
    else
        screen_say(s, "nothing to look for yet: / first");
    return EFFECT_REDRAW;
}

static unsigned trouble(struct screen *s, bool forward)
{
    size_t at = s->events.at;
    while (forward ? at + 1 < s->log.n : at > 0) {
        at = forward ? at + 1 : at - 1;
        if (EVENT_KINDS_BAD & (1u << s->log.refs[at].row->kind)) {
            list_choose(&s->events, at);
            return moved(s);
        }
    }
    screen_say(s, "no %s error among what is shown", forward ? "later" : "earlier");
    return EFFECT_REDRAW;
}

static unsigned do_NEXT_BAD(struct screen *s)
{
    return trouble(s, true);
}

static unsigned do_PREVIOUS_BAD(struct screen *s)
{
    return trouble(s, false);
}

static unsigned do_MATCH(struct screen *s)
{
    return match(s, true);
}

static unsigned do_UNMATCH(struct screen *s)
{
    return match(s, false);
}

/* The next of those that can be seen. */
static unsigned do_SORT(struct screen *s)
{
    for (int i = 1; i < ENV_COLUMNS; i++) {
        enum env_column next = (enum env_column)(((int)s->look.sort + i) % ENV_COLUMNS);
        if (s->columns_shown & (1u << next))
            return screen_sort(s, next, false);
    }
    return EFFECT_REDRAW;
}

static unsigned do_REVERSE(struct screen *s)
{
    return screen_sort(s, s->look.sort, !s->look.reverse);
}

static unsigned do_COLUMNS(struct screen *s)
{
    menu_open(&s->menu, &menu_columns, s);
    return EFFECT_REDRAW;
}

static unsigned do_GROUP(struct screen *s)
{
    enum env_group next = (enum env_group)((s->look.group + 1) % ENV_GROUPS);
    if (next == GROUP_BY_TAG && !s->look.tag[0])
        next = GROUP_BY_NOTHING;
    s->look.group = next;
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

/* --------------------------------------------------------------- marks */

static unsigned do_MARK(struct screen *s)
{
    if (s->nrows == 0)
        return EFFECT_REDRAW;
    screen_mark(s, s->env, !s->marked[s->env]);
    return do_DOWN(s);
}

static unsigned do_MARK_ALL(struct screen *s)
{
    for (size_t i = 0; i < s->nrows; i++)
        screen_mark(s, s->rows[i], true);
    return EFFECT_REDRAW;
}

static unsigned do_UNMARK(struct screen *s)
{
    for (size_t i = 0; i < s->board->n; i++)
        screen_mark(s, i, false);
    return EFFECT_REDRAW;
}

/* The first marked one that is not the chosen one, else the next row. */
static unsigned do_COMPARE(struct screen *s)
{
    size_t other = SIZE_MAX;
    for (size_t i = 0; i < s->board->n && other == SIZE_MAX; i++)
        if (s->marked[i] && i != s->env)
            other = i;
    if (other == SIZE_MAX && s->nrows > 1)
        other = s->rows[s->envs.at + 1 < s->nrows ? s->envs.at + 1 : s->envs.at - 1];
    if (other == SIZE_MAX || other == s->env) {
        screen_say(s, "there is no other environment to compare with");
        return EFFECT_REDRAW;
    }
    s->other = other;
    return go(s, VIEW_COMPARE);
}

static unsigned do_PROBLEMS(struct screen *s)
{
    if (s->view == VIEW_POSTURE)
        s->faults = !s->faults;
    else
        s->problems = !s->problems;
    screen_rebuild(s);
    return EFFECT_REDRAW;
}

/* --------------------------------------------------------------- data */

static unsigned do_PAUSE(struct screen *s)
{
    s->paused = !s->paused;
    s->held_back = 0;
    return EFFECT_REDRAW;
}

static unsigned do_REFRESH(struct screen *s)
{
    if (s->view == VIEW_DETAIL && screen_env(s)) {
        screen_say(s, "asking for %s again", screen_env(s)->conf->name);
        return EFFECT_REDRAW | EFFECT_REFRESH;
    }
    screen_say(s, "%sasking for every environment again", s->view == VIEW_JOURNAL ? "verifying the journal, " : "");
    return EFFECT_REDRAW | EFFECT_REFRESH_ALL;
}

static unsigned do_WIDE(struct screen *s)
{
    s->wide[s->view] = !s->wide[s->view];
    return EFFECT_REDRAW;
}

static unsigned do_COPY(struct screen *s)
{
    if (command_refusal(s, COMMAND_COPY))
        screen_say(s, "%s", command_refusal(s, COMMAND_COPY));
    else
        menu_open(&s->menu, &menu_copy, s);
    return EFFECT_REDRAW;
}

unsigned screen_save(struct screen *s, const char *path)
{
    const char *refusal = command_refusal(s, COMMAND_SAVE);
    str_copy(s->save_as, sizeof(s->save_as), path);
    if (refusal)
        screen_say(s, "%s", refusal);
    return EFFECT_REDRAW | (refusal ? 0 : EFFECT_SAVE);
}

static unsigned do_SAVE(struct screen *s)
{
    return screen_save(s, "");
}

static unsigned do_MOUSE(struct screen *s)
{
    s->mouse = !s->mouse;
    screen_say(s, s->mouse ? "the mouse is on: Shift selects text" : "the mouse is off: the terminal selects text");
    return EFFECT_REDRAW | EFFECT_MOUSE;
}

static unsigned do_ZONE(struct screen *s)
{
    s->local = !s->local;
    return EFFECT_REDRAW;
}

static unsigned do_REDRAW(struct screen *s)
{
    (void)s;
    return EFFECT_REDRAW | EFFECT_REPAINT;
}
