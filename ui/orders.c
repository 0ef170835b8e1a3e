#include "ui/orders.h"

#include <string.h>

#include "backend/base/mem.h"

const char *order_outcome_word(const struct order_view *o)
{
    return o->dry_run && o->state == ORDER_DONE ? "planned" : order_state_word(o->state);
}

bool order_is_open(const struct order_view *o)
{
    return o->state == ORDER_WAITING || o->state == ORDER_RUNNING;
}

const struct order_view *orders_find(const struct board *b, uint64_t id)
{
    for (size_t i = 0; b->orders && i < b->orders->n; i++)
        if (b->orders->orders[i].id == id)
            return &b->orders->orders[i];
    return NULL;
}

const struct order_view *orders_open_on(const struct board *b, size_t env)
{
    for (size_t i = 0; b->orders && i < b->orders->n; i++)
        if (b->orders->orders[i].env == env && order_is_open(&b->orders->orders[i]))
            return &b->orders->orders[i];
    return NULL;
}

const char *order_doing(enum order_kind kind)
{
    return kind == ORDER_TEST ? "testing" : order_name(kind);
}

const struct stage_login *orders_login(const struct board *b, size_t env, const char *version_id, int64_t *out_when_ms)
{
    for (size_t i = 0; b->orders && version_id[0] && i < b->orders->n; i++) {
        const struct order_view *o = &b->orders->orders[i];
        if (o->env != env || o->ended_wall_ms < 0)
            continue;
        for (size_t l = 0; l < STAGES_TESTED; l++)
            if (o->logins[l].tried && strcmp(o->logins[l].version_id, version_id) == 0) {
                *out_when_ms = o->ended_wall_ms;
                return &o->logins[l];
            }
    }
    return NULL;
}

enum style order_style(enum order_state state)
{
    switch (state) {
    case ORDER_WAITING:
    case ORDER_RUNNING:
        return STYLE_BUSY;
    case ORDER_DONE:
        return STYLE_GOOD;
    case ORDER_REFUSED:
        return STYLE_WARN;
    case ORDER_FAILED:
        return STYLE_BAD;
    case ORDER_UNKNOWN:
        return STYLE_UNSURE;
    case ORDER_CANCELLED:
        return STYLE_DIM;
    }
    return STYLE_TEXT;
}

static const struct {
    const char *word;
    enum style style;
} steps[] = {
    [STEP_WAITING] = {"waiting", STYLE_DIM}, [STEP_RUNNING] = {"running", STYLE_BUSY},
    [STEP_DONE] = {"done", STYLE_GOOD},      [STEP_FAILED] = {"FAILED", STYLE_BAD},
    [STEP_SKIPPED] = {"skipped", STYLE_DIM}, [STEP_UNKNOWN] = {"unknown", STYLE_UNSURE},
};

enum style step_style(enum step_state state)
{
    return state < ARRAY_LEN(steps) ? steps[state].style : STYLE_UNSURE;
}

const char *step_word(enum step_state state)
{
    return state < ARRAY_LEN(steps) ? steps[state].word : "?";
}

enum style login_words(const struct stage_login *l, bool open, char out[FORMAT_SIZE])
{
    char time[FORMAT_SIZE];
    if (l->tried && l->ok) {
        str_fmt(out, FORMAT_SIZE, "ok %s", format_latency(l->total_us, time));
        return STYLE_GOOD;
    }
    if (l->tried) {
        str_fmt(out, FORMAT_SIZE, "%s%s%s", l->sqlstate[0] || l->code == ERR_DB_AUTH ? "refused" : "failed",
                l->sqlstate[0] ? " " : "", l->sqlstate);
        return l->expected ? STYLE_TEXT : STYLE_BAD;
    }
    if (l->code == ERR_OK || l->code == ERR_NOT_FOUND) {
        bool none = l->code == ERR_NOT_FOUND || !open;
        str_copy(out, FORMAT_SIZE, none ? "no value" : "...");
        return STYLE_DIM;
    }
    str_copy(out, FORMAT_SIZE, "not fetched");
    return STYLE_BAD;
}
