/* Help: written from the rows of keys.def, states.def and events.def; there is no
 * second list to forget. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/verbs.h"
#include "ui/view.h"

#define TWO_COLUMNS_FROM 110
#define LINES_MAX 256
#define NOTE_MAX 64
#define NOTES_FROM 50 /* narrower: where a key works is not said */
#define TEXT_AT 15
#define TEXT_ROWS 4
#define OFF (1u << 31) /* instead of places: this mode does not allow it */

struct line {
    const char *key, *text; /* key alone: a heading */
    unsigned where;         /* enum key_place bits; 0 nothing to say */
    enum style style;
};
struct page {
    struct line lines[LINES_MAX];
    size_t n;
};

static const char *const marks[][2] = {
    {"*", "a protected environment"},
    {"! ^", "before a name: worse, or better, than when you last looked at it"},
    {"+", "before a name: marked; orders are for all that are marked, one after the other"},
    {"~", "old: the source has been silent for three refreshes"},
    {"?", "the container fetched while the label was moving; in a chart: not known yet"},
    {"- 0", "unknown; zero"},
    {">", "cut here, there is more to the right"},
    {"\\x1B <U+202E>", "a control, invisible or direction character in foreign text, as its code"},
    {"2s 1p /6", "containers: stale, poisoned, of the active ones"},
    {"HIT%", "hits / (hits + fetches + stale hits) of the last hour"},
};

static const struct {
    enum env_state state;
    const char *help;
} states[] = {
#define STATE(id, word, severity, help) {STATE_##id, help},
#include "backend/states.def"
#undef STATE
};

static void add(struct page *p, const char *key, const char *text, unsigned where, enum style style)
{
    if (p->n < LINES_MAX)
        p->lines[p->n++] = (struct line){key, text, where, style};
}

/* Where a command works, when that is not everywhere; or where not, when that is shorter. */
static void place_words(unsigned where, char out[NOTE_MAX])
{
    static const char *const names[] = {"envs", "detail", "events",  "orders",  "connect",
                                        "cost", "help",   "journal", "posture", "compare"};
    int in = __builtin_popcount(where & IN_VIEWS), of = __builtin_popcount(IN_VIEWS);
    bool not = in > of - in;
    unsigned said = not ? IN_VIEWS & ~where : where;
    str_copy(out, NOTE_MAX, where & OFF ? "off" : "");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        size_t n = strlen(out);
        if (said & (1u << i))
            str_fmt(out + n, NOTE_MAX - n, "%s%s", n > 0 ? ", " : not ? "not in " : "", names[i]);
    }
}

static void add_keys(const struct screen *s, struct page *p, unsigned place)
{
    for (int group = 0; group < GROUP_COUNT; group++) {
        add(p, key_group_word((enum key_group)group), NULL, 0, STYLE_TITLE);
        for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
            const struct key_row *row = key_row((enum command)c);
            const char *refusal = command_refusal(s, (enum command)c);
            if (row && row->group == (enum key_group)group)
                add(p, row->keys, refusal ? refusal : row->help, refusal ? OFF : row->where,
                    row->where & place && !refusal ? STYLE_KEY : STYLE_DIM);
        }
    }
}

static void add_words(struct page *p)
{
    add(p, ":COMMAND WORD", NULL, 0, STYLE_TITLE);
    for (int v = 0; v < VERBS; v++)
        add(p, verb_row((enum verb)v)->name, verb_row((enum verb)v)->help, 0, STYLE_TEXT);
    add(p, "STATES, worst first", NULL, 0, STYLE_TITLE);
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        add(p, env_state_word(states[i].state), states[i].help, 0, state_style(states[i].state));
    add(p, "EVENTS", NULL, 0, STYLE_TITLE);
    for (int k = 0; k < EVENT_KINDS; k++)
        add(p, event_word((enum event_kind)k), event_help((enum event_kind)k), 0, STYLE_TEXT);
    add(p, "FILTER, after /", NULL, 0, STYLE_TITLE);
    for (size_t i = 0; filter_form(i); i++)
        add(p, filter_form(i)->form, filter_form(i)->help, 0, STYLE_TEXT);
    add(p, "MARKS", NULL, 0, STYLE_TITLE);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        add(p, marks[i][0], marks[i][1], 0, STYLE_TEXT);
}

/* How a line lies in `width` columns: its text wrapped, and where it works behind that,
 * or below when there is no room. */
struct lie {
    int text, rows;      /* rows of the text; of both */
    bool beside;         /* the note stands behind the text */
    char note[NOTE_MAX]; /* "" none */
};

static void line_lie(const struct line *l, int width, struct lie *out)
{
    *out = (struct lie){.text = 1, .rows = 1};
    if (!l->text)
        return;
    if (width > NOTES_FROM)
        place_words(l->where, out->note);
    out->text = grid_wrap_lines(width - TEXT_AT, TEXT_ROWS, l->text);
    out->beside = out->text == 1 && TEXT_AT + text_width(l->text) + 2 + text_width(out->note) <= (size_t)width;
    out->rows = out->text + (out->note[0] && !out->beside ? 1 : 0);
}

static void draw_line(struct grid *g, int y, int x, int width, const struct line *l)
{
    struct lie lie;
    if (!l->text) {
        grid_text(g, y, x, width, STYLE_TITLE, l->key);
        return;
    }
    line_lie(l, width, &lie);
    grid_text(g, y, x + 1, 13, l->style, l->key);
    grid_wrap(g, y, x + TEXT_AT, width - TEXT_AT, lie.text, STYLE_TEXT, l->text);
    int behind = lie.beside ? (int)text_width(l->text) + 2 : 0;
    grid_text(g, lie.beside ? y : y + lie.text, x + TEXT_AT + behind, width - TEXT_AT - behind, STYLE_DIM, lie.note);
}

/* Draws from line `top` on what fits whole; returns how many lines that is. */
static size_t draw_lines(struct grid *g, struct rect at, const struct page *p, size_t top)
{
    int y = 0;
    size_t i = top;
    for (; i < p->n; i++) {
        struct lie lie;
        line_lie(&p->lines[i], at.w, &lie);
        if (y + lie.rows > at.h)
            break;
        draw_line(g, at.y + y, at.x, at.w, &p->lines[i]);
        y += lie.rows;
    }
    return i - top;
}

/* From which line on the rest of the page fits. */
static size_t last_top(const struct page *p, struct rect at)
{
    struct lie lie;
    size_t top = p->n;
    for (int rows = 0; top > 0; top--) {
        line_lie(&p->lines[top - 1], at.w, &lie);
        rows += lie.rows;
        if (rows > at.h)
            break;
    }
    return top;
}

static void help_draw(struct screen *s, struct grid *g, struct rect body)
{
    struct page keys = {.n = 0}, words = {.n = 0};
    unsigned under = view_row(s->back[VIEW_HELP])->place;
    add_keys(s, &keys, under);
    bool two = body.w >= TWO_COLUMNS_FROM;
    add_words(two ? &words : &keys);
    int half = two ? body.w / 2 : body.w;
    struct rect left = {body.y, 1, body.h, half - 2}, right = {body.y, half, body.h, body.w - half - 1};
    size_t left_top = last_top(&keys, left), right_top = last_top(&words, right);
    list_resize(&s->help, (left_top > right_top ? left_top : right_top) + 1);
    size_t drawn = draw_lines(g, left, &keys, s->help.at);
    s->help.page = drawn > 0 ? drawn : 1;
    drawn = draw_lines(g, right, &words, s->help.at);
    if (drawn > 0 && drawn < s->help.page)
        s->help.page = drawn;
}

static void help_title(const struct screen *s, struct grid *g, struct rect at)
{
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_TITLE, "HELP");
    x += grid_text(g, at.y, x, at.w - x, STYLE_DIM,
                   at.w >= TWO_COLUMNS_FROM
                       ? "   a key that is not in this list does nothing; dim: not on the screen you came from"
                       : "   a key that is not in this list does nothing");
    if (s->help.n > 1)
        grid_text(g, at.y, x, at.w - x, STYLE_DIM, s->help.at + 1 < s->help.n ? "   j PgDn: more" : "   end");
}

static struct list *help_list(struct screen *s)
{
    return &s->help;
}

const struct view view_help = {
    .tab = "? Help",
    .place = IN_HELP,
    .legend = "no key shows, copies or stores a password",
    .list = help_list,
    .title = help_title,
    .draw = help_draw,
    .small = help_draw,
};
