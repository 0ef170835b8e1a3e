/* Help: written from the rows of keys.def, states.def and events.def; there is no
 * second list to forget. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/view.h"

#define TWO_COLUMNS_FROM 110
#define LINES_MAX 128
#define NOTE_MAX 64
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
    {"~", "old: the source has been silent for three refreshes"},
    {"?", "the container fetched while the label was moving; in a chart: not known yet"},
    {"- 0", "unknown; zero"},
    {">", "cut here, there is more to the right"},
    {"\\x1b <U+202E>", "a control, invisible or direction character in foreign text, as its code"},
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
    static const char *const names[] = {"envs", "detail", "events", "orders", "connect", "cost", "help"};
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
    add(p, "STATES, worst first", NULL, 0, STYLE_TITLE);
    for (size_t i = 0; i < ARRAY_LEN(states); i++)
        add(p, env_state_word(states[i].state), states[i].help, 0, state_style(states[i].state));
    add(p, "EVENTS", NULL, 0, STYLE_TITLE);
    for (int k = 0; k < EVENT_KINDS; k++)
        add(p, event_word((enum event_kind)k), event_help((enum event_kind)k), 0, STYLE_TEXT);
    add(p, "MARKS", NULL, 0, STYLE_TITLE);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++)
        add(p, marks[i][0], marks[i][1], 0, STYLE_TEXT);
}

static void draw_line(struct grid *g, int y, int x, int width, const struct line *l)
{
    if (!l->text) {
        grid_text(g, y, x, width, STYLE_TITLE, l->key);
        return;
    }
    grid_text(g, y, x + 1, 13, l->style, l->key);
    char words[NOTE_MAX];
    place_words(l->where, words);
    int note = (int)text_width(words);
    int room = width - 16 - (note && width > 50 ? note + 2 : 0);
    int used = grid_text(g, y, x + 15, room, STYLE_TEXT, l->text);
    if (note && width > 50)
        grid_text(g, y, x + 15 + used + 2, width - 17 - used, STYLE_DIM, words);
}

static void draw_lines(struct grid *g, struct rect at, const struct page *p, size_t top)
{
    for (int i = 0; i < at.h && top + (size_t)i < p->n; i++)
        draw_line(g, at.y + i, at.x, at.w, &p->lines[top + (size_t)i]);
}

static void help_draw(struct screen *s, struct grid *g, struct rect body)
{
    struct page keys = {.n = 0}, words = {.n = 0};
    unsigned under = view_row(s->back[VIEW_HELP])->place;
    add_keys(s, &keys, under);
    bool two = body.w >= TWO_COLUMNS_FROM;
    add_words(two ? &words : &keys);
    size_t lines = keys.n > words.n ? keys.n : words.n, room = (size_t)(body.h > 0 ? body.h : 0);
    list_resize(&s->help, lines > room ? lines - room + 1 : 1);
    s->help.page = room;
    size_t top = s->help.at;
    if (!two) {
        draw_lines(g, (struct rect){body.y, 1, body.h, body.w - 1}, &keys, top);
        return;
    }
    int half = 62;
    draw_lines(g, (struct rect){body.y, 1, body.h, half - 2}, &keys, top);
    draw_lines(g, (struct rect){body.y, half, body.h, body.w - half}, &words, top);
}

static void help_title(const struct screen *s, struct grid *g, struct rect at)
{
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_TITLE, "HELP");
    x += grid_text(g, at.y, x, at.w - x, STYLE_DIM,
                   "   a key that is not in this list does nothing; dim: not on the screen you came from");
    if (s->help.n > 1)
        grid_text(g, at.y, x, at.w - x, STYLE_DIM, s->help.at + 1 < s->help.n ? "   j: more" : "   end");
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
