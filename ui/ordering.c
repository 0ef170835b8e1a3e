#include "ui/ordering.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/orders.h"
#include "ui/view.h"

#define OUTCOME_MS 15000

static const char *env_name(const struct screen *s, size_t env)
{
    return env < s->board->n ? s->board->envs[env].conf->name : "-";
}

/* ---------------------------------------------------------------- the wish */

/* The environment that is chosen; among the orders, that of the chosen order.  NULL none. */
static const struct env_view *chosen_env(const struct screen *s, size_t *out_env)
{
    const struct order_view *o = s->view == VIEW_ORDERS ? orders_find(s->board, s->order) : NULL;
    *out_env = o ? o->env : s->env;
    if (s->view == VIEW_ORDERS && !o)
        return NULL;
    return o && o->env < s->board->n ? &s->board->envs[o->env] : screen_env(s);
}

bool ordering_is_advised(const struct screen *s, enum order_kind kind)
{
    size_t env;
    const struct verdict *v = chosen_env(s, &env) ? &s->verdicts[env] : NULL;
    for (size_t i = 0; v && i < v->ncauses; i++) {
        enum env_state state = v->causes[i].state;
        if ((kind == ORDER_FINISH && state == STATE_STUCK) ||
            (kind == ORDER_RECYCLE && (state == STATE_STALE || state == STATE_POISONED)))
            return true;
    }
    return false;
}

static void wish(struct screen *s, enum order_kind kind, size_t env)
{
    const struct env_view *v = &s->board->envs[env];
    s->wish = (struct order){.kind = kind, .env = env, .dry_run = order_is_planned(kind)};
    if (v->secret)
        str_copy(s->wish.seen_version, sizeof(s->wish.seen_version), v->secret->current_id);
}

/* ----------------------------------------------------------- the marked ones */

static bool batch_is_open(const struct screen *s)
{
    return s->batch_at < s->nbatch;
}

/* In the order they are shown in, then those the filter hides. */
static void batch_fill(struct screen *s)
{
    s->nbatch = s->batch_at = 0;
    for (size_t i = 0; i < s->nrows; i++)
        if (s->marked[s->rows[i]])
            s->batch[s->nbatch++] = s->rows[i];
    for (size_t env = 0; env < s->board->n; env++) {
        bool taken = !s->marked[env];
        for (size_t i = 0; i < s->nbatch; i++)
            taken = taken || s->batch[i] == env;
        if (!taken)
            s->batch[s->nbatch++] = env;
    }
}

/* What has not been begun is left, and said. */
static void batch_stop(struct screen *s, const char *why)
{
    size_t left = s->nbatch - s->batch_at;
    if (left > 0)
        screen_say(s, "%s: %s; %zu marked environment%s not begun", order_title(s->batch_kind), why, left,
                   left == 1 ? " was" : "s were");
    s->nbatch = s->batch_at = 0;
}

bool ordering_next(struct screen *s)
{
    bool waits = order_is_planned(s->batch_kind) && (s->planning != 0 || s->told != 0 || s->confirm.open);
    if (!batch_is_open(s) || waits)
        return false;
    wish(s, s->batch_kind, s->batch[s->batch_at++]);
    return true;
}

static unsigned batch_begin(struct screen *s, enum order_kind kind)
{
    if (kind == ORDER_PSQL) {
        screen_say(s, "psql is for one environment: U marks none");
        return EFFECT_REDRAW;
    }
    s->batch_kind = kind;
    s->paused = false;
    batch_fill(s);
    return ordering_next(s) ? EFFECT_REDRAW | EFFECT_ORDER : EFFECT_REDRAW;
}

unsigned ordering_begin(struct screen *s, enum order_kind kind)
{
    size_t env;
    const char *refusal = order_refusal(s->set.audit, kind);
    bool chosen = chosen_env(s, &env) != NULL;
    if (!refusal && s->view == VIEW_OVERVIEW && s->nmarked > 0)
        return batch_begin(s, kind);
    if (refusal || !chosen) {
        screen_say(s, "%s: %s", order_title(kind), refusal ? refusal : "no environment is chosen");
        return EFFECT_REDRAW;
    }
    s->nbatch = s->batch_at = 0;
    wish(s, kind, env);
    const struct config_environment *e = s->board->envs[s->wish.env].conf;
    s->paused = false; /* its steps are to be seen */
    if (kind != ORDER_PSQL || !e->protect)
        return EFFECT_REDRAW | EFFECT_ORDER;
    confirm_open(&s->confirm, "PSQL ON A PROTECTED DATABASE", e->name, true, false);
    return EFFECT_REDRAW;
}

static void open_page(struct screen *s, uint64_t id)
{
    s->order = id;
    s->order_open = true;
    s->page = (struct list){.n = 0};
    screen_go(s, VIEW_ORDERS);
}

void ordering_done(struct screen *s, uint64_t id, const struct why *why)
{
    char line[320];
    s->planning = 0;
    if (id == 0) {
        screen_say(s, "%s", why_line(why, line, sizeof(line)));
        if (order_is_planned(s->wish.kind))
            batch_stop(s, line);
        return;
    }
    if (order_is_planned(s->wish.kind))
        open_page(s, id);
    s->order = id;
    if (s->wish.dry_run) {
        s->planning = id;
        char which[48] = "";
        if (s->nbatch > 1)
            str_fmt(which, sizeof(which), " (%zu of %zu)", s->batch_at, s->nbatch);
        screen_say(s, "%s of %s%s: looking and planning", order_title(s->wish.kind), env_name(s, s->wish.env), which);
        return;
    }
    bool one_of_several = s->nbatch > 1 && !order_is_planned(s->wish.kind);
    s->told_first = !one_of_several ? 0 : s->batch_at == 1 || s->told_first == 0 ? id : s->told_first;
    s->told = id;
    if (one_of_several)
        screen_say(s, "%s of %zu marked environments ordered: 4 shows them", order_title(s->wish.kind), s->nbatch);
    else
        screen_say(s, "%s of %s ordered: 4 shows it", order_title(s->wish.kind), env_name(s, s->wish.env));
}

/* ---------------------------------------------------------------- the plan */

/* What is confirmed is this plan on the state it was made on. */
static void ask(struct screen *s, const struct order_view *o)
{
    const struct config_environment *e = s->board->envs[o->env].conf;
    char title[64];
    s->wish = (struct order){.kind = o->kind, .env = o->env};
    str_copy(s->wish.seen_version, sizeof(s->wish.seen_version), o->plan.seen_version);
    str_copy(s->wish.token, sizeof(s->wish.token), o->plan.token);
    str_fmt(title, sizeof(title), "CONFIRM: %s", order_title(o->kind));
    s->message[0] = '\0';
    confirm_open(&s->confirm, title, e->name, e->protect, true);
    s->page.at = 0;
}

static void drop_plan(struct screen *s, const struct order_view *o)
{
    screen_say(s, "the plan to %s %s is dropped: nothing was changed", order_name(o->kind), env_name(s, o->env));
    batch_stop(s, "nobody looked at the plan");
}

/* A plan nobody looks at any more is dropped: the question would come out of the blue. */
static void look_for_plan(struct screen *s)
{
    const struct order_view *o = s->planning ? orders_find(s->board, s->planning) : NULL;
    if (!o || order_is_open(o))
        return;
    bool looked_at = s->view == VIEW_ORDERS && s->order_open && s->order == s->planning;
    if (o->state != ORDER_DONE)
        s->told = o->id;
    else if (looked_at && !s->confirm.open)
        ask(s, o);
    else
        drop_plan(s, o);
    s->planning = 0;
}

/* How the login tests went, when all have ended. */
static void tell_several(struct screen *s)
{
    size_t n = 0, good = 0;
    enum order_kind kind = ORDER_TEST;
    for (size_t i = 0; s->board->orders && i < s->board->orders->n; i++) {
        const struct order_view *o = &s->board->orders->orders[i];
        if (o->id < s->told_first || o->id > s->told)
            continue;
        if (order_is_open(o))
            return;
        kind = o->kind;
        n++;
        good += o->state == ORDER_DONE;
    }
    screen_say(s, "%s of %zu: %zu done, %zu not: 4 shows them", order_title(kind), n, good, n - good);
    s->message_until_ms = s->mono_ms + OUTCOME_MS;
    s->told = s->told_first = 0;
}

/* The outcome of what was ordered here, once; other orders are told by their screen. */
static void tell_outcome(struct screen *s)
{
    const struct order_view *o = s->told ? orders_find(s->board, s->told) : NULL;
    if (!o || order_is_open(o))
        return;
    if (s->told_first != 0 && s->told_first != s->told) {
        tell_several(s);
        return;
    }
    screen_say(s, "%s of %s %s: %s", order_title(o->kind), env_name(s, o->env), order_state_word(o->state), o->words);
    s->message_until_ms = s->mono_ms + OUTCOME_MS;
    s->told = 0;
    if (order_is_planned(o->kind) && o->state != ORDER_DONE)
        batch_stop(s, o->words);
}

void ordering_update(struct screen *s)
{
    look_for_plan(s);
    tell_outcome(s);
}

/* ------------------------------------------------------------- the question */

/* What stands above it can be read whole before it is answered. */
static bool moves_page(struct screen *s, uint32_t press)
{
    switch (press) {
    case PRESS_UP:
        list_move(&s->page, -1);
        return true;
    case PRESS_DOWN:
        list_move(&s->page, 1);
        return true;
    case PRESS_PGUP:
        list_page(&s->page, -1, 1);
        return true;
    case PRESS_PGDN:
        list_page(&s->page, 1, 1);
        return true;
    default:
        return false;
    }
}

unsigned ordering_key(struct screen *s, uint32_t press)
{
    if (s->confirm.below && moves_page(s, press))
        return EFFECT_REDRAW;
    switch (confirm_key(&s->confirm, press)) {
    case CONFIRM_YES:
        str_copy(s->wish.confirmed, sizeof(s->wish.confirmed), s->confirm.typed);
        return EFFECT_REDRAW | EFFECT_ORDER;
    case CONFIRM_NO:
        screen_say(s, "%s: left; nothing was done", order_title(s->wish.kind));
        batch_stop(s, "left");
        break;
    case CONFIRM_WAITS:
        break;
    }
    return EFFECT_REDRAW;
}
