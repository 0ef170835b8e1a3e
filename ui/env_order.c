#include "ui/env_order.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "ui/env_columns.h"
#include "ui/env_filter.h"
#include "ui/format.h"

struct place {
    const struct screen *s;
    size_t env;
    int64_t key;
    char group[96], text[CELL_MAX]; /* text: where sorting goes by it */
    enum env_state worst;           /* of its group: worst first is for groups too */
};

bool env_needs_attention(const struct verdict *v)
{
    return v->state != STATE_WAIT && env_state_severity(v->state) != SEVERITY_HEALTHY;
}

const char *env_group_word(enum env_group g)
{
    static const char *const words[ENV_GROUPS] = {"none", "account", "region", "tag"};
    return g < ENV_GROUPS ? words[g] : "";
}

const char *env_group_of(const struct screen *s, size_t env, char out[96])
{
    const struct env_view *v = &s->board->envs[env];
    struct env_row r;
    char cell[CELL_MAX];
    out[0] = '\0';
    switch (s->look.group) {
    case GROUP_BY_ACCOUNT:
    case GROUP_BY_REGION:
        env_row_of(s, env, &r);
        (void)env_column(s->look.group == GROUP_BY_ACCOUNT ? ENV_COLUMN_ACCOUNT : ENV_COLUMN_REGION)->cell(&r, cell);
        str_copy(out, 96, cell);
        break;
    case GROUP_BY_TAG:
        if (!v->secret || !secret_tag(v->secret, s->look.tag, out, 96))
            str_copy(out, 96, "-");
        break;
    case GROUP_BY_NOTHING:
    case ENV_GROUPS:
        break;
    }
    return out;
}

/* --------------------------------------------------------------- order */

static int by_state(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->env < b->env ? -1 : a->env > b->env;
}

static int by_key(const struct place *a, const struct place *b)
{
    if (a->key == b->key)
        return strcmp(a->text, b->text);
    return a->key < b->key ? -1 : 1;
}

static bool is_unknown(const struct place *p)
{
    return p->key == KEY_UNKNOWN || strcmp(p->text, "-") == 0;
}

/* What is in none is below the others. */
static int by_group(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    int c = (int)(strcmp(a->group, "-") == 0) - (int)(strcmp(b->group, "-") == 0);
    return c != 0 ? c : strcmp(a->group, b->group);
}

/* Only where rows are worst first as well; else groups stand by their names. */
static void find_worst(const struct screen *s, struct place *places, size_t n)
{
    if (s->look.group == GROUP_BY_NOTHING || s->look.sort != ENV_COLUMN_STATE || s->look.reverse)
        return;
    qsort(places, n, sizeof(*places), by_group);
    for (size_t i = 0, end; i < n; i = end) {
        enum env_state worst = s->verdicts[places[i].env].state;
        for (end = i; end < n && strcmp(places[end].group, places[i].group) == 0; end++)
            if (s->verdicts[places[end].env].state < worst)
                worst = s->verdicts[places[end].env].state;
        for (size_t k = i; k < end; k++)
            places[k].worst = worst;
    }
}

static int by_look(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    int c = (int)a->worst - (int)b->worst;
    if (c == 0)
        c = by_group(a, b);
    if (c == 0)
        c = (int)is_unknown(a) - (int)is_unknown(b);
    if (c == 0)
        c = a->s->look.reverse ? by_key(b, a) : by_key(a, b);
    return c != 0 ? c : a->env < b->env ? -1 : a->env > b->env;
}

static void find_key(struct place *p)
{
    const struct env_column_row *column = env_column(p->s->look.sort);
    struct env_row r;
    env_row_of(p->s, p->env, &r);
    p->text[0] = '\0';
    p->key = 0;
    if (column->key)
        p->key = column->key(&r);
    else if (column->cell)
        (void)column->cell(&r, p->text);
}

void env_order(struct screen *s)
{
    size_t n = s->board->n;
    struct place *order = mem_array(n + 1, sizeof(*order));
    s->nrows = s->nworst = s->nworst_of = 0;
    for (size_t i = 0; i < n; i++)
        order[i] = (struct place){.s = s, .env = i, .key = (int64_t)s->verdicts[i].state};
    qsort(order, n, sizeof(*order), by_state);
    for (size_t i = 0; i < n; i++)
        if (env_needs_attention(&s->verdicts[order[i].env])) {
            s->nworst_of++;
            if (env_filter_passes(s, s->filters[VIEW_OVERVIEW], order[i].env))
                s->worst[s->nworst++] = order[i].env;
        }
    size_t shown = 0;
    for (size_t i = 0; i < n; i++) {
        if ((s->problems && !env_needs_attention(&s->verdicts[i])) ||
            !env_filter_passes(s, s->filters[VIEW_OVERVIEW], i))
            continue;
        order[shown] = (struct place){.s = s, .env = i};
        find_key(&order[shown]);
        env_group_of(s, i, order[shown].group);
        shown++;
    }
    find_worst(s, order, shown);
    qsort(order, shown, sizeof(*order), by_look);
    for (size_t i = 0; i < shown; i++)
        s->rows[s->nrows++] = order[i].env;
    free(order);
}
