#include "ui/palette.h"

#include <ctype.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/ordering.h"
#include "ui/view.h"

#define NAME_MAX_BYTES 32
#define TAB 0x09

/* A place in the list of all names: orders, then screens, then keys' commands. */
static size_t names_n(void)
{
    return (size_t)ORDER_KINDS + VIEW_COUNT + COMMAND_COUNT;
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
    enum command c = (enum command)(i - VIEW_COUNT);
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

const char *palette_words(const struct screen *s, char out[PALETTE_WORDS])
{
    const char *typed = s->palette.text;
    out[0] = '\0';
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
    return command_run(s, (enum command)(place - VIEW_COUNT));
}

unsigned palette_key(struct screen *s, uint32_t press)
{
    struct prompt *p = &s->palette;
    struct matches found;
    find(s, p->text, &found);
    if (press == TAB) {
        if (found.n > 0)
            str_copy(p->text, sizeof(p->text), found.common);
        return EFFECT_REDRAW;
    }
    if (press == PRESS_ENTER && p->text[0] && found.n != 1) {
        screen_say(s, found.n == 0 ? "there is no command \"%s\"" : "\"%s\" may be several commands: Tab goes on",
                   p->text);
        return EFFECT_REDRAW;
    }
    enum prompt_result r = prompt_key(p, press);
    return r == PROMPT_DONE && p->text[0] ? EFFECT_REDRAW | run(s, found.place) : EFFECT_REDRAW;
}
