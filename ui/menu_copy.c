/* What can be copied from where we are: names, addresses and lines, never a secret's value,
 * which no snapshot holds. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/journal_view.h"
#include "ui/format.h"
#include "ui/menu.h"
#include "ui/orders.h"
#include "ui/view.h"

static void offer(struct menu *m, const char *label, const char *value)
{
    if (value && value[0])
        menu_add(m, "", label, value);
}

static void offer_database(struct menu *m, const struct db_snap *d)
{
    char address[400];
    if (!d || !d->host[0])
        return;
    str_fmt(address, sizeof(address), "%s:%u/%s", d->host, (unsigned)d->port, d->dbname);
    offer(m, "database", address);
    offer(m, "database user", d->user);
    offer(m, "database error", d->result_why.code != ERR_OK ? d->result_why.text : "");
}

static void offer_env(const struct screen *s, struct menu *m)
{
    const struct env_view *v = screen_env(s);
    if (!v)
        return;
    const struct verdict *verdict = &s->verdicts[s->env];
    offer(m, "environment", v->conf->name);
    for (size_t i = 0; i < verdict->ncauses; i++)
        offer(m, "cause", verdict->causes[i].text);
    if (v->secret) {
        offer(m, "secret", v->secret->name[0] ? v->secret->name : v->conf->secret);
        offer(m, "secret's ARN", v->secret->arn);
        offer(m, "AWSCURRENT", v->secret->current_id);
        offer(m, "AWSPENDING", v->secret->pending_id);
        offer(m, "AWSPREVIOUS", v->secret->previous_id);
        offer(m, "rotation function", v->secret->rotation_function);
    }
    offer(m, "function", v->conf->function);
    for (size_t i = 0; v->conf->log_groups[i]; i++)
        offer(m, "log group", v->conf->log_groups[i]);
    offer_database(m, v->db);
    offer(m, "identity", v->identity ? v->identity->arn : "");
}

static void offer_event(const struct screen *s, struct menu *m)
{
    char line[MENU_VALUE], when[FORMAT_SIZE];
    if (s->events.at >= s->log.n)
        return;
    const struct event_row *e = s->log.refs[s->events.at].row;
    str_fmt(line, sizeof(line), "%s %s %s %s", format_stamp(e->time_ms, s->local, when), event_word(e->kind), e->stream,
            e->text);
    offer(m, "line", line);
    offer(m, "text", e->text);
    offer(m, "request id", e->request);
    offer(m, "log stream", e->stream);
}

static void offer_order(const struct screen *s, struct menu *m)
{
    const struct order_view *o = orders_find(s->board, s->order);
    if (!o)
        return;
    char line[MENU_VALUE];
    str_fmt(line, sizeof(line), "%s of %s %s: %s", order_title(o->kind), s->board->envs[o->env].conf->name,
            order_state_word(o->state), o->words);
    offer(m, "order", line);
    offer(m, "version", o->plan.token);
    for (size_t i = 0; i < o->nsteps; i++)
        offer(m, o->steps[i].name, o->steps[i].words);
}

static void fill(const struct screen *s, struct menu *m)
{
    if (s->view == VIEW_EVENTS)
        offer_event(s, m);
    else if (s->view == VIEW_ORDERS)
        offer_order(s, m);
    offer_env(s, m);
}

static unsigned choose(struct screen *s, size_t item)
{
    str_copy(s->copied, sizeof(s->copied), s->menu.items[item].value);
    screen_say(s, "copied: %s", s->menu.items[item].label);
    return EFFECT_COPY;
}

const struct menu_row menu_copy = {
    .title = "COPY",
    .legend = "Enter: to the terminal's clipboard (OSC 52)   Esc: nothing",
    .fill = fill,
    .choose = choose,
    .closes = true,
};
