#include "ui/attention.h"

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "ui/env_table.h"
#include "ui/format.h"
#include "ui/view.h"

#define WIDE_FROM 120
#define LINE_MAX_BYTES 400
#define LABEL_MAX 24 /* columns */
#define STATE_COLUMNS 9

/* One line, of the first environment that has this trouble. */
struct line {
    size_t env, n;        /* n: environments it is about */
    int64_t next_mono_ms; /* when the first of several is asked again; INT64_MAX not told */
};

/* --------------------------------------------------------------- lines */

static const char *cause_of(const struct screen *s, size_t env)
{
    const struct verdict *v = &s->verdicts[env];
    return v->ncauses > 0 ? v->causes[0].text : env_state_help(v->state);
}

/* The same but for figures: how long, how often, which second. */
static bool same_words(const char *a, const char *b)
{
    static const char figures[] = "0123456789";
    for (;;) {
        size_t na = strspn(a, figures), nb = strspn(b, figures);
        if ((na == 0) != (nb == 0))
            return false;
        a += na;
        b += nb;
        if (*a != *b)
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

static bool failing(const struct snap *s)
{
    return s && s->tried_mono_ms >= 0 && s->why.code != ERR_OK;
}

static int64_t next_try(const struct env_view *v)
{
    const struct snap *sources[] = {v->secret ? &v->secret->snap : NULL, v->logs ? &v->logs->snap : NULL};
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (failing(sources[i]) && sources[i]->next_mono_ms < next)
            next = sources[i]->next_mono_ms;
    return next;
}

/* The server is away, whoever wants to log in: neither password nor role has to do with it. */
static bool is_away(const struct env_view *v)
{
    return v->db && (v->db->result == DB_LOGIN_FAILED || v->db->result == DB_UNREACHABLE) &&
           (v->db->failed == PHASE_RESOLVE || v->db->failed == PHASE_CONNECT || v->db->failed == PHASE_TLS);
}

/* Not known for the same reason, or one server that is away: one trouble, whoever has it.  All
 * else is the environment's own. */
static bool is_same(const struct screen *s, size_t a, size_t b)
{
    const struct env_view *va = &s->board->envs[a], *vb = &s->board->envs[b];
    if (s->verdicts[a].state != s->verdicts[b].state)
        return false;
    if (s->verdicts[a].state == STATE_UNKNOWN)
        return same_words(cause_of(s, a), cause_of(s, b));
    return s->verdicts[a].state == STATE_FAILED && is_away(va) && is_away(vb) && va->db->failed == vb->db->failed &&
           va->db->port == vb->db->port && strcmp(va->db->host, vb->db->host) == 0;
}

static size_t find_lines(const struct screen *s, struct line *out)
{
    size_t n = 0;
    for (size_t i = 0; i < s->nworst; i++) {
        size_t env = s->worst[i], k = 0;
        while (k < n && !is_same(s, out[k].env, env))
            k++;
        if (k == n)
            out[n++] = (struct line){.env = env, .next_mono_ms = INT64_MAX};
        out[k].n++;
        int64_t next = s->verdicts[env].state == STATE_UNKNOWN ? next_try(&s->board->envs[env]) : INT64_MAX;
        out[k].next_mono_ms = next < out[k].next_mono_ms ? next : out[k].next_mono_ms;
    }
    return n;
}

/* With a count-down where something is tried again by itself. */
static void line_words(const struct screen *s, const struct line *l, char out[LINE_MAX_BYTES])
{
    const struct verdict *v = &s->verdicts[l->env];
    char age[FORMAT_SIZE];
    str_copy(out, LINE_MAX_BYTES, cause_of(s, l->env));
    size_t n = strlen(out);
    if (l->next_mono_ms != INT64_MAX && l->next_mono_ms - s->mono_ms >= 1000)
        str_fmt(out + n, LINE_MAX_BYTES - n, "; tried again in %s", format_age(l->next_mono_ms - s->mono_ms, age));
    else if (l->next_mono_ms != INT64_MAX)
        str_copy(out + n, LINE_MAX_BYTES - n, "; being tried again");
    n = strlen(out);
    if (v->ncauses > 1)
        str_fmt(out + n, LINE_MAX_BYTES - n, " (+%zu more)", v->ncauses - 1);
}

/* "prod-eu*", or "prod-eu* +11". */
static const char *line_label(const struct screen *s, const struct line *l, char out[96])
{
    char name[72];
    env_label(s->board->envs[l->env].conf, name);
    if (l->n > 1)
        str_fmt(out, 96, "%s +%zu", name, l->n - 1);
    else
        str_copy(out, 96, name);
    return out;
}

static int margin_of(const struct screen *s, const struct line *lines, size_t n, int width)
{
    size_t name = 8;
    char label[96];
    for (size_t i = 0; i < n; i++) {
        size_t w = text_width(line_label(s, &lines[i], label));
        name = w > name ? w : name;
    }
    name = name > LABEL_MAX ? LABEL_MAX : name;
    return 1 + (int)name + 1 + (width >= WIDE_FROM ? STATE_COLUMNS : 0);
}

int attention_rows(const struct screen *s, int width)
{
    struct line *lines = mem_array(s->nworst + 1, sizeof(*lines));
    size_t n = find_lines(s, lines);
    int rows = 1, margin = margin_of(s, lines, n, width);
    for (size_t i = 0; i < n; i++) {
        char words[LINE_MAX_BYTES];
        line_words(s, &lines[i], words);
        rows += grid_wrap_lines(width - margin - 1, 2, words);
    }
    free(lines);
    return rows + (n == 0 ? 1 : 0);
}

/* ------------------------------------------------------------- drawing */

static void draw_well(const struct screen *s, struct grid *g, struct rect at)
{
    size_t waiting = 0;
    int64_t oldest = -1;
    char age[FORMAT_SIZE];
    for (size_t i = 0; i < s->board->n; i++) {
        waiting += s->verdicts[i].state == STATE_WAIT ? 1 : 0;
        int64_t a = env_data_age(s, &s->board->envs[i]);
        oldest = a > oldest ? a : oldest;
    }
    if (s->nworst_of > 0) {
        grid_rule(g, at.y, at.x, at.w, "NEEDS ATTENTION 0 (filtered)", NULL);
        if (at.h > 1)
            grid_fmt(g, at.y + 1, 1, at.w - 1, STYLE_WARN, "%zu that the filter hides: Esc clears it", s->nworst_of);
        return;
    }
    grid_rule(g, at.y, at.x, at.w, waiting ? "WAITING FOR THE FIRST ANSWERS" : "NOTHING NEEDS ATTENTION", NULL);
    if (at.h > 1 && waiting)
        grid_fmt(g, at.y + 1, 1, at.w - 1, STYLE_DIM, "%zu of %zu environments have not answered yet", waiting,
                 s->board->n);
    else if (at.h > 1)
        grid_fmt(g, at.y + 1, 1, at.w - 1, STYLE_DIM, "%zu environments, all checks passed, oldest data %s",
                 s->board->n, format_age(oldest, age));
}

static void draw_title(const struct screen *s, struct grid *g, struct rect at)
{
    char title[64];
    if (s->nworst < s->nworst_of)
        str_fmt(title, sizeof(title), "NEEDS ATTENTION %zu of %zu (filtered)", s->nworst, s->nworst_of);
    else
        str_fmt(title, sizeof(title), "NEEDS ATTENTION %zu", s->nworst);
    grid_rule(g, at.y, at.x, at.w, title, at.w >= WIDE_FROM ? "(Enter opens the environment)" : NULL);
}

/* Returns the rows used. */
static int draw_line(const struct screen *s, struct grid *g, struct rect at, int margin, const struct line *l)
{
    char words[LINE_MAX_BYTES], label[96];
    enum env_state state = s->verdicts[l->env].state;
    int states = at.w >= WIDE_FROM ? STATE_COLUMNS : 0;
    line_words(s, l, words);
    grid_text(g, at.y, at.x + 1, margin - 2 - states, state_style(state), line_label(s, l, label));
    if (states > 0)
        grid_text(g, at.y, at.x + margin - states, states - 1, state_style(state), env_state_word(state));
    return grid_wrap(g, at.y, at.x + margin, at.w - margin - 1, at.h >= 2 ? 2 : 1, STYLE_TEXT, words);
}

void attention_draw(const struct screen *s, struct grid *g, struct rect at)
{
    if (at.h < 1)
        return;
    if (s->nworst == 0) {
        draw_well(s, g, at);
        return;
    }
    struct line *lines = mem_array(s->nworst + 1, sizeof(*lines));
    size_t n = find_lines(s, lines), told = 0;
    int margin = margin_of(s, lines, n, at.w), y = at.y + 1, end = at.y + at.h;
    draw_title(s, g, at);
    for (size_t i = 0; i < n && y < end; i++) {
        size_t left = n - i;
        if (y == end - 1 && left > 1) { /* the last row, for several */
            grid_fmt(g, y, at.x + 1, at.w - 1, STYLE_DIM, "and %zu more: z shows only these", s->nworst - told);
            break;
        }
        /* Two lines where the others keep one each. */
        y += draw_line(s, g, (struct rect){y, at.x, end - y - (int)(left - 1), at.w}, margin, &lines[i]);
        told += lines[i].n;
    }
    free(lines);
}
