/* Screen 7: every check of every environment, worst first; of the chosen one what was
 * found, why it matters and how to mend it. */
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

#define MANY 50 /* environments: more are not judged with every answer, but once a second */
#define MARK_WIDTH 4

enum style posture_style(enum posture_result r)
{
    switch (r) {
    case POSTURE_FAIL:
        return STYLE_BAD;
    case POSTURE_WARN:
        return STYLE_WARN;
    case POSTURE_UNKNOWN:
        return STYLE_UNSURE;
    case POSTURE_PASS:
        return STYLE_TEXT;
    case POSTURE_NOT_APPLICABLE:
        return STYLE_DIM;
    }
    return STYLE_TEXT;
}

enum style posture_line(const struct posture *p, char *out, size_t size)
{
    size_t n = 0;
    bool some = false;
    out[0] = '\0';
    for (int r = POSTURE_FAIL; r >= POSTURE_UNKNOWN; r--)
        if (p->n[r] > 0) {
            str_fmt(out + n, size - n, "%s%zu %s", n > 0 ? ", " : "", p->n[r], posture_mark((enum posture_result)r));
            n = strlen(out);
        }
    if (n == 0)
        str_fmt(out, size, "all %zu checks are ok", p->n[POSTURE_PASS]);
    for (int r = POSTURE_FAIL; r >= POSTURE_WARN; r--)
        for (enum posture_check i = 0; i < POSTURE_CHECKS; i++)
            if (p->of[i].result == (enum posture_result)r) {
                n = strlen(out);
                str_fmt(out + n, size - n, "%s%s: %s", some ? "; " : "   ", posture_row(i)->word, p->of[i].found);
                some = true;
            }
    return p->n[POSTURE_FAIL] > 0 ? STYLE_BAD : p->n[POSTURE_WARN] > 0 ? STYLE_WARN : STYLE_DIM;
}

/* ------------------------------------------------------------------- rows */

static bool is_fault(uint8_t result)
{
    return result == POSTURE_FAIL || result == POSTURE_WARN;
}

static size_t count(const struct screen *s, size_t env, enum posture_result r)
{
    size_t n = 0;
    for (size_t i = 0; i < POSTURE_CHECKS; i++)
        n += s->results[env][i] == (uint8_t)r;
    return n;
}

enum { ASKED_ENV, ASKED_WRONG, ASKED_FAIL, ASKED_WARN, ASKED_UNKNOWN };

static const struct filter_column asked[] = {
    [ASKED_ENV] = {"env", FILTER_TEXT, false},          [ASKED_WRONG] = {"wrong", FILTER_TEXT, false},
    [ASKED_FAIL] = {"fail", FILTER_NUMBER, true},       [ASKED_WARN] = {"warn", FILTER_NUMBER, true},
    [ASKED_UNKNOWN] = {"unknown", FILTER_NUMBER, true},
};
static const struct filter_columns posture_asked = {asked, ARRAY_LEN(asked)};

/* An environment is found by its name, and by the words of what is wrong with it. */
static bool passes(const struct screen *s, size_t env)
{
    char words[POSTURE_CHECKS * 8] = "";
    for (enum posture_check i = 0; i < POSTURE_CHECKS; i++) {
        size_t n = strlen(words);
        if (is_fault(s->results[env][i]))
            str_fmt(words + n, sizeof(words) - n, "%s ", posture_row(i)->word);
    }
    const struct filter_value values[] = {
        [ASKED_ENV] = {s->board->envs[env].conf->name, 0},
        [ASKED_WRONG] = {words, 0},
        [ASKED_FAIL] = {NULL, (int64_t)count(s, env, POSTURE_FAIL)},
        [ASKED_WARN] = {NULL, (int64_t)count(s, env, POSTURE_WARN)},
        [ASKED_UNKNOWN] = {NULL, (int64_t)count(s, env, POSTURE_UNKNOWN)},
    };
    return (!s->faults || words[0]) && filter_matches(s->filters[VIEW_POSTURE], values);
}

struct standing {
    size_t env, badness;
};

static int standing_compare(const void *pa, const void *pb)
{
    const struct standing *a = pa, *b = pb;
    if (a->badness != b->badness)
        return a->badness > b->badness ? -1 : 1;
    return a->env < b->env ? -1 : 1;
}

static void judge(struct screen *s)
{
    if (s->board->n > MANY && s->judged_ms > 0 && s->board->mono_ms - s->judged_ms < 1000)
        return;
    s->judged_ms = s->board->mono_ms;
    for (size_t i = 0; i < s->board->n; i++)
        posture_results(s->board, &s->board->envs[i], s->results[i]);
}

/* Until a column is chosen, it is that of the worst of the chosen environment. */
static void choose_worst(struct screen *s)
{
    for (int r = POSTURE_FAIL; !s->check_chosen && s->nstands > 0 && r >= POSTURE_WARN; r--)
        for (enum posture_check c = 0; c < POSTURE_CHECKS; c++)
            if (s->results[s->env][c] == (uint8_t)r) {
                s->check = c;
                return;
            }
}

/* With `faults`, the columns in which something shown is wrong. */
static void choose_columns(struct screen *s)
{
    bool here = false;
    s->nchecks = 0;
    for (enum posture_check c = 0; c < POSTURE_CHECKS; c++) {
        bool wanted = !s->faults;
        for (size_t i = 0; i < s->nstands && !wanted; i++)
            wanted = is_fault(s->results[s->stands[i]][c]);
        if (wanted)
            s->checks[s->nchecks++] = c;
        here = here || (wanted && c == s->check);
    }
    if (!here && s->nchecks > 0)
        s->check = s->checks[0];
}

static void posture_rebuild(struct screen *s)
{
    struct standing *all = mem_array(s->board->n + 1, sizeof(*all));
    judge(s);
    s->nstands = 0;
    for (size_t i = 0; i < s->board->n; i++)
        if (passes(s, i))
            all[s->nstands++] = (struct standing){i, (count(s, i, POSTURE_FAIL) * 64 + count(s, i, POSTURE_WARN)) * 64 +
                                                         count(s, i, POSTURE_UNKNOWN)};
    qsort(all, s->nstands, sizeof(*all), standing_compare);
    for (size_t i = 0; i < s->nstands; i++)
        s->stands[i] = all[i].env;
    free(all);
    choose_columns(s);
    list_resize(&s->posture, s->nstands);
    for (size_t i = 0; i < s->nstands; i++)
        if (s->stands[i] == s->env)
            list_choose(&s->posture, i);
    if (s->nstands > 0)
        s->env = s->stands[s->posture.at];
    choose_worst(s);
}

static void posture_moved(struct screen *s)
{
    if (s->nstands > 0)
        s->env = s->stands[s->posture.at];
    choose_worst(s);
}

/* ----------------------------------------------------------------- matrix */

static int check_width(enum posture_check c)
{
    int n = (int)strlen(posture_row(c)->word);
    return n > MARK_WIDTH ? n : MARK_WIDTH;
}

/* How many columns from `from` on fit. */
static size_t columns_that_fit(const struct screen *s, size_t from, int width)
{
    size_t n = 0;
    for (int used = 0; from + n < s->nchecks; n++) {
        used += check_width(s->checks[from + n]) + 1;
        if (used > width)
            break;
    }
    return n;
}

/* Moves the window so that the chosen check is in it; the columns in it. */
static size_t show_columns(struct screen *s, int width)
{
    size_t at = 0;
    while (at + 1 < s->nchecks && s->checks[at] != s->check)
        at++;
    if (s->first_check > at)
        s->first_check = at;
    while (s->first_check < at && at >= s->first_check + columns_that_fit(s, s->first_check, width))
        s->first_check++;
    while (s->first_check > 0 && columns_that_fit(s, s->first_check - 1, width) > s->nchecks - s->first_check)
        s->first_check--;
    return columns_that_fit(s, s->first_check, width);
}

static int name_width(const struct screen *s, int width)
{
    char label[72];
    int most = 8, limit = width >= 120 ? 30 : width >= 80 ? 18 : 12;
    for (size_t i = 0; i < s->nstands; i++) {
        int w = (int)text_width(env_label(s->board->envs[s->stands[i]].conf, label));
        most = w > most ? w : most;
    }
    return most > limit ? limit : most;
}

static void draw_matrix(struct screen *s, struct grid *g, struct rect at)
{
    if (at.h < 2)
        return;
    int name = name_width(s, at.w), left = 2 + name + 1;
    size_t shown = show_columns(s, at.w - left - 1), room = (size_t)(at.h - 1);
    grid_text(g, at.y, at.x + 2, name, STYLE_HEAD, "ENV");
    if (s->first_check > 0)
        grid_glyph(g, at.y, at.x + left - 1, STYLE_KEY, '<', '<');
    list_show(&s->posture, room);
    int x = at.x + left;
    for (size_t k = 0; k < shown; k++) {
        enum posture_check c = s->checks[s->first_check + k];
        bool here = c == s->check;
        grid_text(g, at.y, x, check_width(c), here ? STYLE_TAB : STYLE_HEAD, posture_row(c)->word);
        for (size_t i = 0; i < room && s->posture.top + i < s->nstands; i++) {
            size_t row = s->posture.top + i;
            enum posture_result r = (enum posture_result)s->results[s->stands[row]][c];
            int y = at.y + 1 + (int)i;
            grid_text(g, y, x, check_width(c), posture_style(r), posture_mark(r));
            if (here && row == s->posture.at)
                grid_glyph(g, y, x - 1, STYLE_KEY, '>', '>');
        }
        x += check_width(c) + 1;
    }
    if (s->first_check + shown < s->nchecks)
        grid_glyph(g, at.y, at.x + at.w - 1, STYLE_KEY, '>', '>');
    for (size_t i = 0; i < room && s->posture.top + i < s->nstands; i++) {
        size_t row = s->posture.top + i, env = s->stands[row];
        char label[72];
        enum style style = count(s, env, POSTURE_FAIL) > 0   ? STYLE_BAD
                           : count(s, env, POSTURE_WARN) > 0 ? STYLE_WARN
                                                             : STYLE_TEXT;
        grid_text(g, at.y + 1 + (int)i, at.x + 2, name, style, env_label(s->board->envs[env].conf, label));
        grid_zone(g, at.y + 1 + (int)i, at.x, at.w, ZONE_ROW, (uint32_t)row);
        if (row == s->posture.at) {
            grid_glyph(g, at.y + 1 + (int)i, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, at.y + 1 + (int)i, at.x, at.w);
        }
    }
    if (s->nstands == 0)
        grid_text(g, at.y + 1, at.x + 2, at.w - 2, STYLE_DIM,
                  s->filter[VIEW_POSTURE][0] ? "no environment matches the filter"
                                             : "nothing is wrong: z shows everything");
}

/* ---------------------------------------------------------- the chosen one */

static int draw_words(struct grid *g, struct rect at, int y, const char *head, enum style style, const char *words)
{
    int end = at.y + at.h;
    if (y >= end)
        return y;
    grid_text(g, y, at.x + 1, 8, STYLE_HEAD, head);
    return y + grid_wrap(g, y, at.x + 9, at.w - 10, end - y < 3 ? end - y : 3, style, words);
}

/* Below the chosen check, where there is room: what else is wrong there. */
static void draw_others(const struct screen *s, struct grid *g, struct rect at, int y, const struct posture *p)
{
    bool begun = false;
    for (int r = POSTURE_FAIL; r >= POSTURE_WARN; r--)
        for (enum posture_check i = 0; i < POSTURE_CHECKS && y < at.y + at.h; i++) {
            if (p->of[i].result != (enum posture_result)r || i == s->check)
                continue;
            if (!begun && y + 1 < at.y + at.h)
                grid_rule(g, y++, at.x, at.w, "ALSO", NULL);
            begun = true;
            grid_text(g, y, at.x + 1, MARK_WIDTH, posture_style(p->of[i].result), posture_mark(p->of[i].result));
            grid_text(g, y, at.x + 6, 7, STYLE_TEXT, posture_row(i)->word);
            grid_text(g, y++, at.x + 14, at.w - 15, STYLE_TEXT, p->of[i].found);
        }
}

static void draw_chosen(const struct screen *s, struct grid *g, struct rect at)
{
    const struct env_view *v = screen_env(s);
    if (at.h < 2 || !v || s->nstands == 0 || s->nchecks == 0)
        return;
    const struct posture_row *row = posture_row(s->check);
    char label[72], title[120], mend[320], seen[80] = "", when[FORMAT_SIZE], age[FORMAT_SIZE];
    struct posture *p = mem_new(sizeof(*p));
    posture_judge(s->board, v, p);
    const struct finding *f = &p->of[s->check];
    str_fmt(title, sizeof(title), "%s  %s  %s", env_label(v->conf, label), row->word, posture_mark(f->result));
    if (f->seen_ms >= 0 && at.w >= 100)
        str_fmt(seen, sizeof(seen), "seen %s, %s ago", format_when(f->seen_ms, s->wall_ms, s->local, when),
                format_age(s->wall_ms > f->seen_ms ? s->wall_ms - f->seen_ms : 0, age));
    grid_rule(g, at.y, at.x, at.w, title, seen[0] ? seen : NULL);
    int y = at.y + 1;
    if (at.h > 4)
        y += grid_wrap(g, y, at.x + 1, at.w - 2, 1, STYLE_BOLD, row->title);
    y = draw_words(g, at, y, "found", posture_style(f->result), f->found);
    y = draw_words(g, at, y, "why", STYLE_TEXT, row->why);
    if (f->result != POSTURE_PASS && f->result != POSTURE_NOT_APPLICABLE)
        y = draw_words(g, at, y, "mend", STYLE_TEXT, posture_mend(s->check, v->conf->name, mend));
    draw_others(s, g, at, y, p);
    free(p);
}

/* ---------------------------------------------------------- the screen */

static void posture_draw(struct screen *s, struct grid *g, struct rect body)
{
    int rows = (int)(s->nstands > 200 ? 200 : s->nstands), gap = body.h >= 30 ? 1 : 0;
    int matrix = 1 + (rows > 0 ? rows : 1);
    struct layout_want wants[] = {
        {matrix < 4 ? matrix : 4, matrix + gap, 1},
        {body.h >= 14 ? 7 : 4,
         body.h >= 30   ? 20
         : body.h >= 14 ? 8
                        : 4,
         0},
    };
    struct rect parts[ARRAY_LEN(wants)];
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_matrix(s, g, parts[0]);
    draw_chosen(s, g, parts[1]);
}

/* Under 60x15: a line an environment, with the words of what is wrong. */
static void posture_small(struct screen *s, struct grid *g, struct rect body)
{
    size_t room = (size_t)(body.h > 0 ? body.h : 0);
    list_show(&s->posture, room);
    for (size_t i = 0; i < room && s->posture.top + i < s->nstands; i++) {
        size_t row = s->posture.top + i, env = s->stands[row];
        int y = body.y + (int)i, x = 1;
        char label[72];
        size_t bad = count(s, env, POSTURE_FAIL), warn = count(s, env, POSTURE_WARN);
        x += grid_text(g, y, x, 12,
                       bad > 0    ? STYLE_BAD
                       : warn > 0 ? STYLE_WARN
                                  : STYLE_TEXT,
                       env_label(s->board->envs[env].conf, label));
        x += grid_fmt(g, y, x + 1, body.w - x - 1, bad > 0 ? STYLE_BAD : STYLE_DIM, "%zu", bad) + 1;
        x += grid_fmt(g, y, x, body.w - x, warn > 0 ? STYLE_WARN : STYLE_DIM, "/%zu", warn);
        for (int r = POSTURE_FAIL; r >= POSTURE_WARN; r--)
            for (enum posture_check c = 0; c < POSTURE_CHECKS && x < body.w; c++)
                if (s->results[env][c] == (uint8_t)r)
                    x += grid_text(g, y, x + 1, body.w - x - 1, posture_style((enum posture_result)r),
                                   posture_row(c)->word) +
                         1;
        grid_zone(g, y, 0, body.w, ZONE_ROW, (uint32_t)row);
        if (row == s->posture.at) {
            grid_glyph(g, y, 0, STYLE_KEY, '>', '>');
            grid_select(g, y, 0, body.w);
        }
    }
}

static void posture_title(const struct screen *s, struct grid *g, struct rect at)
{
    size_t of[POSTURE_FAIL + 1] = {0};
    const char *filter = s->filter[VIEW_POSTURE];
    for (size_t i = 0; i < s->board->n; i++)
        for (size_t c = 0; c < POSTURE_CHECKS; c++)
            of[s->results[i][c] <= POSTURE_FAIL ? s->results[i][c] : 0]++;
    int x = 1 + grid_fmt(g, at.y, 1, at.w - 1, STYLE_TITLE, "POSTURE %zu", s->board->n);
    x += grid_fmt(g, at.y, x, at.w - x, of[POSTURE_FAIL] > 0 ? STYLE_BAD : STYLE_DIM, "   %zu FAIL", of[POSTURE_FAIL]);
    x += grid_fmt(g, at.y, x, at.w - x, of[POSTURE_WARN] > 0 ? STYLE_WARN : STYLE_DIM, "  %zu warn", of[POSTURE_WARN]);
    x += grid_fmt(g, at.y, x, at.w - x, of[POSTURE_UNKNOWN] > 0 ? STYLE_UNSURE : STYLE_DIM, "  %zu ?",
                  of[POSTURE_UNKNOWN]);
    x += grid_fmt(g, at.y, x, at.w - x, filter[0] ? STYLE_WARN : STYLE_DIM, "   filter: %s",
                  filter[0] ? filter : "none");
    grid_right(g, at.y, x + 1, at.w - x - 2, STYLE_DIM, s->faults ? "problems only" : "worst first");
}

static struct list *posture_list(struct screen *s)
{
    return &s->posture;
}

const struct view view_posture = {
    .tab = "7 Posture",
    .place = IN_POSTURE,
    .legend = "ok   warn   FAIL   ? not known   - not applicable   h l: the other checks",
    .columns = &posture_asked,
    .list = posture_list,
    .rebuild = posture_rebuild,
    .moved = posture_moved,
    .title = posture_title,
    .draw = posture_draw,
    .small = posture_small,
};
