#include "ui/palette.h"

#include <ctype.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/ordering.h"
#include "ui/verbs.h"
#include "ui/view.h"

#define NAME_MAX_BYTES 32
#define TAB 0x09

/* A place in the list of all names: orders, then screens, keys' commands, and verbs. */
static size_t names_n(void)
{
    return (size_t)ORDER_KINDS + VIEW_COUNT + COMMAND_COUNT + VERBS;
}

static const char *const ids[] = {
    "",
#define KEY(id, keys, where, group, word, help) #id,
#include "ui/keys.def"
#undef KEY
};

/* PAGE_DOWN -> page-down */
static void spell(const char *id, char out[NAME_MAX_BYTES])
{
    size_t n = 0;
    for (; id[n] && n + 1 < NAME_MAX_BYTES; n++)
        out[n] = (char)(id[n] == '_' ? '-' : tolower((unsigned char)id[n]));
    out[n] = '\0';
}

/* Commands that are other names' business: an order's or a screen's own key, and the palette. */
static bool is_elsewhere(enum command c)
{
    return c == COMMAND_NONE || c == COMMAND_PALETTE || c == COMMAND_LOGIN || c == COMMAND_CLOSE_KEY ||
           c == COMMAND_HELP || strncmp(ids[c], "SCREEN_", 7) == 0 || strncmp(ids[c], "PLAN_", 5) == 0;
}

/* The name at a place, "" where it cannot be used from here. */
static const char *name_at(const struct screen *s, size_t i, char out[NAME_MAX_BYTES])
{
    out[0] = '\0';
    if (i < (size_t)ORDER_KINDS) {
        str_copy(out, NAME_MAX_BYTES, order_name((enum order_kind)i));
        return out;
    }
    i -= (size_t)ORDER_KINDS;
    if (i < VIEW_COUNT) {
        spell(strchr(view_row((enum view_id)i)->tab, ' ') + 1, out);
        return out;
    }
    i -= VIEW_COUNT;
    if (i >= COMMAND_COUNT) {
        str_copy(out, NAME_MAX_BYTES, verb_row((enum verb)(i - COMMAND_COUNT))->name);
        return out;
    }
    enum command c = (enum command)i;
    if (!is_elsewhere(c) && (key_row(c)->where & view_row(s->view)->place) && key_row(c)->group != GROUP_MOVE)
        spell(ids[c], out);
    return out;
}

/* Whether an earlier place has the same name: orders and screens win. */
static bool is_taken(const struct screen *s, size_t i, const char *name)
{
    char other[NAME_MAX_BYTES];
    for (size_t k = 0; k < i; k++)
        if (strcmp(name_at(s, k, other), name) == 0)
            return true;
    return false;
}

struct matches {
    size_t n, place;             /* how many names begin so; the first one's place, */
    char common[NAME_MAX_BYTES]; /* and how far all of them are the same */
};

static void find(const struct screen *s, const char *typed, struct matches *out)
{
    size_t length = strlen(typed);
    *out = (struct matches){.n = 0};
    for (size_t i = 0; i < names_n(); i++) {
        char name[NAME_MAX_BYTES];
        if (!name_at(s, i, name)[0] || strncmp(name, typed, length) != 0 || is_taken(s, i, name))
            continue;
        if (strcmp(name, typed) == 0) { /* whole: "test" is not a beginning of anything else */
            *out = (struct matches){.n = 1, .place = i};
            str_copy(out->common, sizeof(out->common), name);
            return;
        }
        if (out->n++ == 0) {
            out->place = i;
            str_copy(out->common, sizeof(out->common), name);
        }
        size_t same = 0;
        while (out->common[same] && out->common[same] == name[same])
            same++;
        out->common[same] = '\0';
    }
}

/* ------------------------------------------------------ words behind one */

/* "sort st": the verb, and the beginning of the last word; VERBS without a blank. */
static enum verb split(const char *typed, const char **out_word)
{
    const char *blank = strchr(typed, ' ');
    if (!blank)
        return VERBS;
    *out_word = strrchr(typed, ' ') + 1;
    *out_word += strspn(*out_word, "+-");
    return verb_find(typed, (size_t)(blank - typed));
}

static void verb_words(const struct screen *s, enum verb v, const char *word, char out[PALETTE_WORDS])
{
    char one[VERB_WORD];
    str_fmt(out, PALETTE_WORDS, "%s: %s", verb_row(v)->argument, verb_row(v)->help);
    for (size_t i = 0; verb_word(s, v, i, one); i++) {
        size_t n = strlen(out);
        if (strncmp(one, word, strlen(word)) == 0)
            str_fmt(out + n, PALETTE_WORDS - n, "%s%s", i == 0 ? "   " : "  ", one);
    }
}

const char *palette_words(const struct screen *s, char out[PALETTE_WORDS])
{
    const char *typed = s->palette.text, *word = "";
    enum verb v = split(typed, &word);
    out[0] = '\0';
    if (v != VERBS) {
        verb_words(s, v, word, out);
        return out;
    }
    for (size_t i = 0; i < names_n(); i++) {
        char name[NAME_MAX_BYTES];
        size_t n = strlen(out);
        if (!name_at(s, i, name)[0] || strncmp(name, typed, strlen(typed)) != 0 || is_taken(s, i, name))
            continue;
        str_fmt(out + n, PALETTE_WORDS - n, "%s%s", n > 0 ? "  " : "", name);
    }
    if (!out[0])
        str_copy(out, PALETTE_WORDS, "no command begins so; Esc leaves");
    return out;
}

static unsigned run(struct screen *s, size_t place)
{
    if (place < (size_t)ORDER_KINDS)
        return ordering_begin(s, (enum order_kind)place);
    place -= (size_t)ORDER_KINDS;
    if (place < VIEW_COUNT) {
        if (place == VIEW_DETAIL && !screen_env(s))
            screen_say(s, "no environment is chosen");
        else
            screen_go(s, (enum view_id)place);
        return EFFECT_REDRAW;
    }
    place -= VIEW_COUNT;
    if (place < COMMAND_COUNT)
        return command_run(s, (enum command)place);
    const struct verb_row *v = verb_row((enum verb)(place - COMMAND_COUNT));
    screen_say(s, "%s %s: %s", v->name, v->argument, v->help);
    return EFFECT_REDRAW;
}

/* The last word, as far as all that begin so are the same. */
static void complete(struct screen *s, enum verb v, const char *word)
{
    char one[VERB_WORD], common[VERB_WORD] = "";
    size_t n = 0, typed = strlen(word);
    for (size_t i = 0; verb_word(s, v, i, one); i++) {
        if (strncmp(one, word, typed) != 0)
            continue;
        if (n++ == 0)
            str_copy(common, sizeof(common), one);
        size_t same = 0;
        while (common[same] && common[same] == one[same])
            same++;
        common[same] = '\0';
    }
    size_t at = (size_t)(word - s->palette.text);
    if (n > 0)
        str_copy(s->palette.text + at, sizeof(s->palette.text) - at, common);
}

/* ------------------------------------------------------------- history */

static void remember(struct screen *s, const char *text)
{
    size_t from = 0;
    while (from < s->nhistory && strcmp(s->history[from], text) != 0)
        from++;
    if (from == s->nhistory && s->nhistory < HISTORY_MAX)
        s->nhistory++;
    from = from < HISTORY_MAX ? from : HISTORY_MAX - 1;
    memmove(s->history[1], s->history[0], from * sizeof(s->history[0]));
    str_copy(s->history[0], sizeof(s->history[0]), text);
}

static unsigned recall(struct screen *s, int step)
{
    if (step > 0 ? s->recalled >= s->nhistory : s->recalled == 0)
        return EFFECT_REDRAW;
    s->recalled = step > 0 ? s->recalled + 1 : s->recalled - 1;
    str_copy(s->palette.text, sizeof(s->palette.text), s->recalled > 0 ? s->history[s->recalled - 1] : "");
    return EFFECT_REDRAW;
}

/* ":12": that row of the list that is shown. */
static unsigned go_to_row(struct screen *s, const char *digits)
{
    struct list *l = view_row(s->view)->list(s);
    size_t row = 0;
    for (const char *d = digits; *d && row < 100000000; d++)
        row = row * 10 + (size_t)(*d - '0');
    list_choose(l, row > 0 ? row - 1 : 0);
    if (view_row(s->view)->moved)
        view_row(s->view)->moved(s);
    return EFFECT_REDRAW;
}

unsigned palette_open(struct screen *s)
{
    s->recalled = 0;
    prompt_open(&s->palette, "");
    return EFFECT_REDRAW;
}

/* Enter on something whole. */
static unsigned enter(struct screen *s, enum verb v, const struct matches *found)
{
    struct prompt *p = &s->palette;
    bool number = p->text[0] && p->text[strspn(p->text, "0123456789")] == '\0';
    if (!p->text[0]) {
        p->open = false;
        return EFFECT_REDRAW;
    }
    if (!number && v == VERBS && found->n != 1) {
        screen_say(s, found->n == 0 ? "there is no command \"%s\"" : "\"%s\" may be several commands: Tab goes on",
                   p->text);
        return EFFECT_REDRAW;
    }
    char text[PROMPT_MAX];
    str_copy(text, sizeof(text), p->text);
    remember(s, text);
    p->open = false;
    if (number)
        return go_to_row(s, text);
    return EFFECT_REDRAW | (v == VERBS ? run(s, found->place) : verb_run(s, v, strchr(text, ' ') + 1));
}

unsigned palette_key(struct screen *s, uint32_t press)
{
    struct prompt *p = &s->palette;
    struct matches found;
    const char *word = "";
    enum verb v = split(p->text, &word);
    find(s, p->text, &found);
    switch (press) {
    case TAB:
        if (v != VERBS)
            complete(s, v, word);
        else if (found.n > 0)
            str_copy(p->text, sizeof(p->text), found.common);
        return EFFECT_REDRAW;
    case PRESS_UP:
        return recall(s, 1);
    case PRESS_DOWN:
        return recall(s, -1);
    case PRESS_ENTER:
        return enter(s, v, &found);
    default:
        (void)prompt_key(p, press);
        return EFFECT_REDRAW;
    }
}
