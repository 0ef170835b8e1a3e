/* Screen 6: the journal: who ordered what, what was sent, what came of it, and whether the
 * chain of its lines is whole. */
#include "backend/journal_view.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

#define DETAIL_LINES 7

static const struct journal_snap *journal_of(const struct screen *s)
{
    return s->board->journal;
}

static const struct journal_row *chosen(const struct screen *s)
{
    const struct journal_snap *j = journal_of(s);
    return j && s->journal.at < s->nlines ? &j->rows[s->lines[s->journal.at]] : NULL;
}

static void add_words(char *out, size_t size, const char *word, const char *value)
{
    size_t n = strlen(out);
    if (value[0])
        str_fmt(out + n, size - n, "%s%s%s", n > 0 ? "  " : "", word, value);
}

/* What was done to what, and the words about it. */
static const char *what_words(const struct journal_row *r, char *out, size_t size)
{
    out[0] = '\0';
    const char *of_kind = strchr(r->kind, '.'); /* session.start: which the narrow column has no room for */
    add_words(out, size, "", of_kind != NULL ? of_kind + 1 : "");
    add_words(out, size, "", r->operation);
    add_words(out, size, "", r->words);
    add_words(out, size, "", r->resource);
    return out;
}

static const char *order_words(const struct journal_row *r, char out[64])
{
    if (r->order)
        str_fmt(out, 64, "%u %s", (unsigned)(r->order % 1000000), r->name);
    else
        str_copy(out, 64, r->name);
    return out;
}

static enum style kind_style(const struct journal_row *r)
{
    if (strcmp(r->kind, "refused") == 0)
        return STYLE_WARN;
    if (strcmp(r->kind, "call") == 0)
        return STYLE_BOLD;
    bool bad = strcmp(r->kind, "outcome") == 0 && strncmp(r->words, "done", 4) != 0;
    return bad ? STYLE_BAD : STYLE_TEXT;
}

/* ---------------------------------------------------------------- list */

enum { CELL_TIME, CELL_LOGIN, CELL_FROM, CELL_KIND, CELL_ENV, CELL_ORDER, CELL_WHAT, CELL_COUNT };

static void draw_row(const struct screen *s, struct grid *g, int y, const struct layout_column *cols, const int *x,
                     const struct journal_row *r)
{
    char time[FORMAT_SIZE], order[64], what[900], kind[64];
    (void)str_copy_n(kind, sizeof(kind), r->kind, strcspn(r->kind, "."));
    const char *cells[CELL_COUNT] = {
        [CELL_TIME] = format_when(r->time_ms, s->wall_ms, s->local, time),
        [CELL_LOGIN] = r->login,
        [CELL_FROM] = r->client,
        [CELL_KIND] = kind,
        [CELL_ENV] = r->env,
        [CELL_ORDER] = order_words(r, order),
        [CELL_WHAT] = what_words(r, what, sizeof(what)),
    };
    for (int i = 0; i < CELL_COUNT; i++)
        if (x[i] >= 0)
            grid_text(g, y, 2 + x[i], cols[i].width, i == CELL_KIND ? kind_style(r) : STYLE_TEXT, cells[i]);
}

static void list_columns(const struct screen *s, int width, struct layout_column cols[CELL_COUNT], int x[CELL_COUNT])
{
    static const struct layout_column base[CELL_COUNT] = {
        [CELL_TIME] = {"TIME Z", 8, 0, false}, [CELL_LOGIN] = {"LOGIN", 8, 1, false},
        [CELL_FROM] = {"FROM", 15, 4, false},  [CELL_KIND] = {"KIND", 8, 0, false},
        [CELL_ENV] = {"ENV", 10, 2, false},    [CELL_ORDER] = {"ORDER", 12, 3, false},
        [CELL_WHAT] = {"WHAT", 12, 0, false},
    };
    memcpy(cols, base, sizeof(base));
    cols[CELL_TIME].head = s->local ? "TIME" : "TIME Z";
    int used = layout_columns(cols, CELL_COUNT, width, x);
    if (x[CELL_WHAT] >= 0 && used < width)
        cols[CELL_WHAT].width += width - used;
}

/* Why there is no line; NULL when there are some. */
static const char *empty_words(const struct screen *s, char *out, size_t size)
{
    const struct journal_snap *j = journal_of(s);
    if (s->board->journal_off && s->set.restricted)
        return "the system's configuration names no journal to look at: journal = PATH";
    if (s->board->journal_off)
        return "journal = off in the configuration: orders leave no trace here";
    if (!j)
        return "reading the journal";
    if (j->snap.why.code == ERR_NOT_FOUND)
        return "nothing has been journaled yet: the first line comes with the first order";
    if (j->snap.why.code != ERR_OK)
        return why_line(&j->snap.why, out, size);
    return s->nlines > 0 ? NULL : j->n > 0 ? "no line matches the filter" : "the journal is empty";
}

static void draw_list(struct screen *s, struct grid *g, struct rect at)
{
    struct layout_column cols[CELL_COUNT];
    int x[CELL_COUNT];
    char words[320];
    if (at.h < 2)
        return;
    const char *empty = empty_words(s, words, sizeof(words));
    if (empty) {
        grid_wrap(g, at.y, 1, at.w - 2, at.h, STYLE_DIM, empty);
        return;
    }
    list_columns(s, at.w - 2, cols, x);
    for (int i = 0; i < CELL_COUNT; i++)
        if (x[i] >= 0)
            grid_text(g, at.y, 2 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
    size_t room = (size_t)(at.h - 1);
    list_show(&s->journal, room);
    for (size_t i = 0; i < room && s->journal.top + i < s->nlines; i++) {
        int y = at.y + 1 + (int)i;
        draw_row(s, g, y, cols, x, &journal_of(s)->rows[s->lines[s->journal.top + i]]);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)(s->journal.top + i));
        if (s->journal.top + i == s->journal.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
}

/* ------------------------------------------------------------- one line */

static void draw_line(const struct screen *s, struct grid *g, struct rect at)
{
    const struct journal_row *r = chosen(s);
    char title[64], text[1200] = "", when[FORMAT_SIZE], order[64];
    if (at.h < 2 || !r)
        return;
    str_fmt(title, sizeof(title), "LINE %llu", (unsigned long long)r->seq);
    grid_rule(g, at.y, at.x, at.w, title, r->kind);
    add_words(text, sizeof(text), "", format_stamp(r->time_ms, s->local, when));
    add_words(text, sizeof(text), "by ", r->login);
    add_words(text, sizeof(text), "from ", r->client);
    add_words(text, sizeof(text), "environment ", r->env);
    add_words(text, sizeof(text), "order ", order_words(r, order));
    int y = at.y + 1, end = at.y + at.h;
    y += grid_wrap(g, y, 1, at.w - 2, end - y < 2 ? end - y : 2, STYLE_DIM, text);
    char what[900];
    y += grid_wrap(g, y, 1, at.w - 2, end - y < 3 ? end - y : 3, kind_style(r), what_words(r, what, sizeof(what)));
    text[0] = '\0';
    add_words(text, sizeof(text), "version ", r->version_before);
    add_words(text, sizeof(text), "new version ", r->version_after);
    add_words(text, sizeof(text), "request ", r->request_id);
    if (y < end && text[0])
        grid_wrap(g, y, 1, at.w - 2, end - y, STYLE_DIM, text);
}

/* ---------------------------------------------------------- the screen */

static enum style verdict_words(const struct screen *s, const struct journal_snap *j, char *out, size_t size)
{
    const struct journal_report *r = &j->report;
    char when[FORMAT_SIZE];
    const char *name = strrchr(r->file, '/');
    out[0] = '\0';
    if (j->verified_wall_ms < 0)
        return STYLE_DIM;
    if (r->good)
        str_fmt(out, size, "chain whole, %llu lines, at %s", (unsigned long long)r->lines,
                format_clock(j->verified_wall_ms, s->local, true, when));
    else
        str_fmt(out, size, "BROKEN at %s:%d: %s", name ? name + 1 : r->file, r->line, r->words);
    return r->good ? STYLE_GOOD : STYLE_BAD;
}

static void journal_title(const struct screen *s, struct grid *g, struct rect at)
{
    const struct journal_snap *j = journal_of(s);
    const char *filter = s->filter[VIEW_JOURNAL];
    char words[320];
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_TITLE, "JOURNAL");
    if (!j || j->snap.why.code != ERR_OK)
        return;
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_TITLE, " %llu", (unsigned long long)j->lines);
    if (filter[0])
        x += grid_fmt(g, at.y, x, at.w - x, STYLE_WARN, "   filter: %s", filter);
    enum style style = verdict_words(s, j, words, sizeof(words));
    x += 3;
    x += grid_text(g, at.y, x, at.w - x, style, words);
    if (j->lines > JOURNAL_ROWS)
        grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "   the last %d are here", JOURNAL_ROWS);
}

static void journal_draw(struct screen *s, struct grid *g, struct rect body)
{
    struct layout_want wants[] = {
        {3, 1 + (int)(s->nlines > 2 ? s->nlines : 2) + (body.h >= 30 ? 1 : 0), 1},
        {chosen(s) ? DETAIL_LINES : 0, chosen(s) ? DETAIL_LINES : 0, 0},
    };
    struct rect parts[ARRAY_LEN(wants)];
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_list(s, g, parts[0]);
    draw_line(s, g, parts[1]);
}

static void journal_small(struct screen *s, struct grid *g, struct rect body)
{
    draw_list(s, g, body);
}

enum {
    ASKED_WHO,
    ASKED_FROM,
    ASKED_KIND,
    ASKED_ENV,
    ASKED_NAME,
    ASKED_WORDS,
    ASKED_CALL,
    ASKED_WHAT,
    ASKED_VERSION,
    ASKED_REQUEST,
    ASKED_ORDER,
    ASKED_TIME
};

static const struct filter_column asked[] = {
    [ASKED_WHO] = {"who", FILTER_TEXT, false},         [ASKED_FROM] = {"from", FILTER_TEXT, false},
    [ASKED_KIND] = {"kind", FILTER_TEXT, false},       [ASKED_ENV] = {"env", FILTER_TEXT, false},
    [ASKED_NAME] = {"name", FILTER_TEXT, false},       [ASKED_WORDS] = {"words", FILTER_TEXT, false},
    [ASKED_CALL] = {"call", FILTER_TEXT, false},       [ASKED_WHAT] = {"what", FILTER_TEXT, false},
    [ASKED_VERSION] = {"version", FILTER_TEXT, false}, [ASKED_REQUEST] = {"request", FILTER_TEXT, false},
    [ASKED_ORDER] = {"order", FILTER_NUMBER, true},    [ASKED_TIME] = {"time", FILTER_TIME, true},
};
static const struct filter_columns journal_columns = {asked, ARRAY_LEN(asked)};

static bool passes(const struct screen *s, const struct journal_row *r)
{
    const struct filter_value values[] = {
        [ASKED_WHO] = {r->login, 0},
        [ASKED_FROM] = {r->client, 0},
        [ASKED_KIND] = {r->kind, 0},
        [ASKED_ENV] = {r->env, 0},
        [ASKED_NAME] = {r->name, 0},
        [ASKED_WORDS] = {r->words, 0},
        [ASKED_CALL] = {r->operation, 0},
        [ASKED_WHAT] = {r->resource, 0},
        [ASKED_VERSION] = {r->version_after, 0},
        [ASKED_REQUEST] = {r->request_id, 0},
        [ASKED_ORDER] = {NULL, r->order > 0 ? (int64_t)r->order : FILTER_UNKNOWN},
        [ASKED_TIME] = {NULL, r->time_ms},
    };
    return filter_matches(s->filters[VIEW_JOURNAL], values);
}

/* A line keeps its number; its row moves when newer ones come. */
static void journal_rebuild(struct screen *s)
{
    const struct journal_snap *j = journal_of(s);
    size_t at = s->journal.at;
    bool top = at == 0; /* who looks at the newest goes on looking at the newest */
    s->nlines = 0;
    for (size_t i = 0; j && i < j->n; i++) {
        const struct journal_row *r = &j->rows[i];
        if (!passes(s, r))
            continue;
        if (!top && r->seq == s->line)
            at = s->nlines;
        s->lines[s->nlines++] = i;
    }
    list_resize(&s->journal, s->nlines);
    list_choose(&s->journal, at);
    s->line = chosen(s) ? chosen(s)->seq : 0;
}

static void journal_moved(struct screen *s)
{
    s->line = chosen(s) ? chosen(s)->seq : 0;
}

static struct list *journal_list(struct screen *s)
{
    return &s->journal;
}

const struct view view_journal = {
    .tab = "6 Journal",
    .place = IN_JOURNAL,
    .legend = "newest first   r verifies the chain again",
    .columns = &journal_columns,
    .list = journal_list,
    .rebuild = journal_rebuild,
    .moved = journal_moved,
    .title = journal_title,
    .draw = journal_draw,
    .small = journal_small,
};
