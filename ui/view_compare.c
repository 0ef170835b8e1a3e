/* Two environments side by side, line by line: what differs is marked. */
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "ui/env_columns.h"
#include "ui/format.h"
#include "ui/view.h"

#define LABEL_WIDTH 18
#define VALUE_MAX 320

struct fact {
    const char *label;
    void (*words)(const struct env_row *r, char out[VALUE_MAX]);
    enum env_column column; /* without `words`: as the table has it */
};

static void cause_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, r->verdict->ncauses > 0 ? r->verdict->causes[0].text : "-");
}

static void identity_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, r->v->identity && r->v->identity->arn[0] ? r->v->identity->arn : "-");
}

static void rotation_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct secret_snap *q = r->v->secret;
    const char *function = q ? strrchr(q->rotation_function, ':') : NULL;
    if (!q || q->snap.good_mono_ms < 0 || q->rotation == TRI_UNKNOWN)
        str_copy(out, VALUE_MAX, "-");
    else if (q->rotation == TRI_NO)
        str_copy(out, VALUE_MAX, "off");
    else
        str_fmt(out, VALUE_MAX, "on%s%s%s%s", q->rotation_rule[0] ? ", " : "", q->rotation_rule, function ? " by " : "",
                function ? function + 1 : "");
}

static void strategy_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, r->v->conf->strategy ? r->v->conf->strategy : "as configured");
}

static void tags_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, r->v->secret && r->v->secret->tags[0] ? r->v->secret->tags : "-");
    for (char *c = out; *c; c++)
        if (*c == '\n')
            *c = c[1] ? ' ' : '\0';
}

static void function_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, r->v->conf->function ? r->v->conf->function : "-");
}

static void groups_words(const struct env_row *r, char out[VALUE_MAX])
{
    out[0] = '\0';
    for (size_t i = 0; r->v->conf->log_groups[i]; i++) {
        size_t n = strlen(out);
        str_fmt(out + n, VALUE_MAX - n, "%s%s", i > 0 ? " " : "", r->v->conf->log_groups[i]);
    }
    if (!out[0])
        str_copy(out, VALUE_MAX, "-");
}

static void containers_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct log_snap *l = r->v->logs;
    if (!l || l->snap.good_mono_ms < 0)
        str_copy(out, VALUE_MAX, "-");
    else
        str_fmt(out, VALUE_MAX, "%zu active: %zu current, %zu stale, %zu poisoned", l->active, l->current, l->stale,
                l->poisoned);
}

static const struct db_snap *database(const struct env_row *r)
{
    return r->v->db && r->v->db->host[0] ? r->v->db : NULL;
}

static void address_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct db_snap *d = database(r);
    if (d)
        str_fmt(out, VALUE_MAX, "%s:%u", d->host, (unsigned)d->port);
    else
        str_copy(out, VALUE_MAX, "-");
}

static void dbname_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, database(r) && database(r)->dbname[0] ? database(r)->dbname : "-");
}

static void user_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct db_snap *d = database(r);
    if (d && d->user[0])
        str_fmt(out, VALUE_MAX, "%s%s", d->user, d->superuser ? " (superuser)" : "");
    else
        str_copy(out, VALUE_MAX, "-");
}

static void server_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct db_snap *d = database(r);
    if (d && d->server_version > 0)
        str_fmt(out, VALUE_MAX, "PostgreSQL %d.%d%s", d->server_version / 10000, d->server_version % 10000,
                d->standby ? ", standby" : "");
    else
        str_copy(out, VALUE_MAX, "-");
}

static void tls_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct db_snap *d = database(r);
    if (!d || !d->sslmode[0])
        str_copy(out, VALUE_MAX, "-");
    else
        str_fmt(out, VALUE_MAX, "%s, %s%s", d->sslmode, d->tls_protocol[0] ? d->tls_protocol : "no TLS",
                d->certificate.verified ? ", verified" : "");
}

static void method_words(const struct env_row *r, char out[VALUE_MAX])
{
    str_copy(out, VALUE_MAX, database(r) && database(r)->auth_method[0] ? database(r)->auth_method : "-");
}

static void certificate_words(const struct env_row *r, char out[VALUE_MAX])
{
    const struct db_snap *d = database(r);
    char when[FORMAT_SIZE];
    str_copy(out, VALUE_MAX,
             d && d->certificate.expires_ms >= 0 ? format_stamp(d->certificate.expires_ms, r->s->local, when) : "-");
}

static const struct fact facts[] = {
    {"state", NULL, ENV_COLUMN_STATE},
    {"cause", cause_words, 0},
    {"account", NULL, ENV_COLUMN_ACCOUNT},
    {"region", NULL, ENV_COLUMN_REGION},
    {"asked as", identity_words, 0},
    {"secret", NULL, ENV_COLUMN_SECRET},
    {"tags", tags_words, 0},
    {"AWSCURRENT", NULL, ENV_COLUMN_CURRENT},
    {"AWSPREVIOUS", NULL, ENV_COLUMN_PREVIOUS},
    {"age", NULL, ENV_COLUMN_AGE},
    {"rotation", rotation_words, 0},
    {"strategy", strategy_words, 0},
    {"last rotated", NULL, ENV_COLUMN_ROTATED},
    {"next rotation", NULL, ENV_COLUMN_NEXT},
    {"function", function_words, 0},
    {"log groups", groups_words, 0},
    {"fetches, 1 h", NULL, ENV_COLUMN_FETCH},
    {"hits, 1 h", NULL, ENV_COLUMN_HITS},
    {"hit ratio", NULL, ENV_COLUMN_RATIO},
    {"stale hits, 1 h", NULL, ENV_COLUMN_STALE},
    {"fallbacks, 1 h", NULL, ENV_COLUMN_FALLBACK},
    {"errors, 1 h", NULL, ENV_COLUMN_ERRORS},
    {"containers", containers_words, 0},
    {"database", address_words, 0},
    {"database name", dbname_words, 0},
    {"database user", user_words, 0},
    {"login", NULL, ENV_COLUMN_PG},
    {"login time", NULL, ENV_COLUMN_LATENCY},
    {"server", server_words, 0},
    {"TLS", tls_words, 0},
    {"certificate ends", certificate_words, 0},
    {"login method", method_words, 0},
};

static void value_of(const struct env_row *r, const struct fact *f, char out[VALUE_MAX])
{
    char cell[CELL_MAX];
    if (f->words) {
        f->words(r, out);
        return;
    }
    (void)env_column(f->column)->cell(r, cell);
    str_copy(out, VALUE_MAX, cell);
}

/* What is nobody's business to be the same: the moment, and what is as good as random. */
static bool is_told(const struct fact *f)
{
    return !f->words && (f->column == ENV_COLUMN_LATENCY || f->column == ENV_COLUMN_AGE);
}

struct line {
    const struct fact *fact;
    bool different;
    char left[VALUE_MAX], right[VALUE_MAX];
};

/* The lines to show; their number. */
static size_t compare_lines(const struct screen *s, struct line out[ARRAY_LEN(facts)])
{
    struct env_row a, b;
    size_t n = 0;
    env_row_of(s, s->env, &a);
    env_row_of(s, s->other, &b);
    for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
        struct line *l = &out[n];
        l->fact = &facts[i];
        value_of(&a, l->fact, l->left);
        value_of(&b, l->fact, l->right);
        l->different = !is_told(l->fact) && strcmp(l->left, l->right) != 0;
        n += l->different || !s->problems;
    }
    return n;
}

static void draw_line(struct grid *g, int y, struct rect body, const struct line *l)
{
    int label = body.w >= 60 ? LABEL_WIDTH : 11, width = (body.w - label - 4) / 2, x = body.x + 3 + label;
    enum style style = l->different ? STYLE_TEXT : STYLE_DIM;
    if (l->different)
        grid_glyph(g, y, body.x, STYLE_WARN, '!', '!');
    grid_text(g, y, body.x + 2, label, STYLE_HEAD, l->fact ? l->fact->label : "");
    grid_text(g, y, x, width, l->fact ? style : STYLE_TITLE, l->left);
    grid_text(g, y, x + width + 1, width, l->fact ? style : STYLE_TITLE, l->right);
}

static void compare_draw(struct screen *s, struct grid *g, struct rect body)
{
    struct line *lines = mem_array(ARRAY_LEN(facts), sizeof(*lines)), heads = {0};
    char label[72];
    if (s->env < s->board->n && s->other < s->board->n && body.h >= 2) {
        str_copy(heads.left, VALUE_MAX, env_label(s->board->envs[s->env].conf, label));
        str_copy(heads.right, VALUE_MAX, env_label(s->board->envs[s->other].conf, label));
        draw_line(g, body.y, body, &heads);
        list_resize(&s->compare, compare_lines(s, lines));
        list_show(&s->compare, (size_t)body.h - 1);
        for (size_t i = 0; i < s->compare.page && s->compare.top + i < s->compare.n; i++) {
            int y = body.y + 1 + (int)i;
            draw_line(g, y, body, &lines[s->compare.top + i]);
            grid_zone(g, y, body.x, body.w, ZONE_ROW, (uint32_t)(s->compare.top + i));
            if (s->compare.top + i == s->compare.at)
                grid_select(g, y, body.x, body.w);
        }
        if (s->compare.n == 0)
            grid_text(g, body.y + 1, body.x + 2, body.w - 2, STYLE_DIM, "nothing differs");
    }
    free(lines);
}

static void compare_title(const struct screen *s, struct grid *g, struct rect at)
{
    char a[72], b[72];
    if (s->env >= s->board->n || s->other >= s->board->n)
        return;
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_DIM, "Envs > ");
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_TITLE, "%s", env_label(s->board->envs[s->env].conf, a));
    x += grid_text(g, at.y, x, at.w - x, STYLE_DIM, "  beside  ");
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_TITLE, "%s", env_label(s->board->envs[s->other].conf, b));
    if (s->problems)
        grid_text(g, at.y, x, at.w - x, STYLE_WARN, "   only what differs");
}

static struct list *compare_list(struct screen *s)
{
    return &s->compare;
}

const struct view view_compare = {
    .tab = "= Compare",
    .place = IN_COMPARE,
    .legend = "! differs   ages and login times are told, not compared",
    .list = compare_list,
    .title = compare_title,
    .draw = compare_draw,
    .small = compare_draw,
};
