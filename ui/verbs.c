#include "ui/verbs.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/env_columns.h"
#include "ui/env_order.h"
#include "ui/view.h"

static const struct verb_row rows[VERBS] = {
#define VERB(id, name, argument, help) [VERB_##id] = {name, argument, help},
#include "ui/verbs.def"
#undef VERB
};

const struct verb_row *verb_row(enum verb v)
{
    ASSERT(v < VERBS);
    return &rows[v];
}

enum verb verb_find(const char *name, size_t n)
{
    int v = 0;
    while (v < VERBS && (strlen(rows[v].name) != n || memcmp(rows[v].name, name, n) != 0))
        v++;
    return (enum verb)v;
}

/* --------------------------------------------------------------- words */

static bool columns_word(size_t i, char out[VERB_WORD])
{
    if (i >= ENV_COLUMNS)
        return false;
    str_copy(out, VERB_WORD, env_column((enum env_column)i)->name);
    for (char *c = out; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    return true;
}

static bool environment_word(const struct screen *s, size_t i, char out[VERB_WORD])
{
    if (i >= s->board->n)
        return false;
    str_copy(out, VERB_WORD, s->board->envs[i].conf->name);
    return true;
}

bool verb_word(const struct screen *s, enum verb v, size_t i, char out[VERB_WORD])
{
    switch (v) {
    case VERB_SORT:
    case VERB_COLUMNS:
        return columns_word(i, out);
    case VERB_GROUP:
        return i < ENV_GROUPS && str_copy(out, VERB_WORD, env_group_word((enum env_group)i));
    case VERB_THEME:
        return i < THEME_COUNT && str_copy(out, VERB_WORD, theme_name((enum theme)i));
    case VERB_ENV:
    case VERB_EVENTS:
    case VERB_COMPARE:
    case VERB_MARK:
        return environment_word(s, i, out);
    case VERB_RANGE:
        return range_offered(i) && str_copy(out, VERB_WORD, range_offered(i));
    case VERB_SAVE:
    case VERBS:
        break;
    }
    return false;
}

/* -------------------------------------------------------------- running */

static unsigned no_such(struct screen *s, const char *what, const char *word)
{
    screen_say(s, "there is no %s \"%s\"; Tab shows those there are", what, word);
    return EFFECT_REDRAW;
}

static unsigned sort(struct screen *s, const char *word)
{
    enum env_column c = env_column_find(word);
    if (c == ENV_COLUMNS)
        return no_such(s, "column", word);
    if (s->view != VIEW_OVERVIEW)
        screen_go(s, VIEW_OVERVIEW);
    return screen_sort(s, c, c == s->look.sort && !s->look.reverse);
}

/* The next word of a list, cut out; false at its end. */
static bool next_word(const char **list, char out[VERB_WORD])
{
    *list += strspn(*list, " ,");
    size_t n = strcspn(*list, " ,");
    str_copy_n(out, VERB_WORD, *list, n);
    *list += n;
    return n > 0;
}

static unsigned columns(struct screen *s, const char *list)
{
    char word[VERB_WORD];
    while (next_word(&list, word)) {
        const char *name = word + strspn(word, "+-");
        enum env_column c = env_column_find(name);
        if (c == ENV_COLUMNS)
            return no_such(s, "column", name);
        if (c == ENV_COLUMN_ENV && word[0] == '-') {
            screen_say(s, "the name is always shown");
            return EFFECT_REDRAW;
        }
        uint32_t bit = 1u << c;
        s->look.always &= ~bit;
        s->look.never &= ~bit;
        s->look.always |= word[0] == '+' ? bit : 0;
        s->look.never |= word[0] == '-' ? bit : 0;
    }
    if (s->view != VIEW_OVERVIEW)
        screen_go(s, VIEW_OVERVIEW);
    return EFFECT_REDRAW;
}

static unsigned group(struct screen *s, const char *list)
{
    char word[VERB_WORD], tag[VERB_WORD] = "";
    int g = 0;
    (void)next_word(&list, word);
    (void)next_word(&list, tag);
    while (g < ENV_GROUPS && strcmp(env_group_word((enum env_group)g), word) != 0)
        g++;
    if (g == ENV_GROUPS)
        return no_such(s, "group", word);
    if (g == GROUP_BY_TAG && !tag[0] && !s->look.tag[0]) {
        screen_say(s, "group tag NAME: of which tag of the secret?");
        return EFFECT_REDRAW;
    }
    if (g == GROUP_BY_TAG && tag[0])
        str_copy(s->look.tag, sizeof(s->look.tag), tag);
    s->look.group = (enum env_group)g;
    screen_go(s, VIEW_OVERVIEW);
    return EFFECT_REDRAW;
}

static unsigned theme(struct screen *s, const char *word)
{
    enum theme t = theme_find(word);
    if (t == THEME_COUNT)
        return no_such(s, "theme", word);
    s->look.theme = t;
    screen_say(s, "theme %s: %s", theme_name(t), theme_help(t));
    return EFFECT_REDRAW | EFFECT_THEME;
}

static size_t find_env(const struct screen *s, const char *name)
{
    size_t i = 0;
    while (i < s->board->n && strcmp(s->board->envs[i].conf->name, name) != 0)
        i++;
    return i;
}

/* It may be hidden by the filter: then that goes. */
static void choose_env(struct screen *s, size_t env)
{
    bool shown = false;
    for (size_t i = 0; i < s->nrows; i++)
        shown = shown || s->rows[i] == env;
    if (!shown) {
        s->filter[VIEW_OVERVIEW][0] = '\0';
        s->problems = false;
    }
    s->env = env;
    screen_rebuild(s);
}

static unsigned env(struct screen *s, const char *word)
{
    size_t i = find_env(s, word);
    if (i == s->board->n)
        return no_such(s, "environment", word);
    choose_env(s, i);
    screen_go(s, VIEW_DETAIL);
    return EFFECT_REDRAW;
}

static unsigned events(struct screen *s, const char *word)
{
    size_t i = find_env(s, word);
    if (i == s->board->n)
        return no_such(s, "environment", word);
    choose_env(s, i);
    s->everyone = s->only_marked = s->event_open = false;
    s->only_container = 0;
    s->follow = true;
    screen_go(s, VIEW_EVENTS);
    return EFFECT_REDRAW;
}

static unsigned range(struct screen *s, const char *text)
{
    char error[RANGE_ERROR];
    if (range_parse(text, s->wall_ms, s->local, &s->range, error))
        screen_go(s, VIEW_EVENTS);
    else
        screen_say(s, "%s", error);
    return EFFECT_REDRAW;
}

static unsigned compare(struct screen *s, const char *word)
{
    size_t i = find_env(s, word);
    if (i == s->board->n)
        return no_such(s, "environment", word);
    if (i == s->env) {
        screen_say(s, "%s is the chosen one already: compare with another", word);
        return EFFECT_REDRAW;
    }
    s->other = i;
    screen_go(s, VIEW_COMPARE);
    return EFFECT_REDRAW;
}

static unsigned mark(struct screen *s, const char *list)
{
    char word[VERB_WORD];
    while (next_word(&list, word)) {
        size_t i = find_env(s, word);
        if (i == s->board->n)
            return no_such(s, "environment", word);
        screen_mark(s, i, true);
    }
    return EFFECT_REDRAW;
}

unsigned verb_run(struct screen *s, enum verb v, const char *argument)
{
    switch (v) {
    case VERB_SORT:
        return sort(s, argument);
    case VERB_COLUMNS:
        return columns(s, argument);
    case VERB_GROUP:
        return group(s, argument);
    case VERB_THEME:
        return theme(s, argument);
    case VERB_ENV:
        return env(s, argument);
    case VERB_EVENTS:
        return events(s, argument);
    case VERB_RANGE:
        return range(s, argument);
    case VERB_COMPARE:
        return compare(s, argument);
    case VERB_MARK:
        return mark(s, argument);
    case VERB_SAVE:
        return screen_save(s, argument);
    case VERBS:
        break;
    }
    return EFFECT_REDRAW;
}
