#include "ui/remembered.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "ui/env_columns.h"
#include "ui/env_order.h"

/* ------------------------------------------------------------- columns */

/* "+account -lat": what is not by room. */
static void read_columns(struct env_look *look, const char *list)
{
    while (*list) {
        char word[64];
        list += strspn(list, " ");
        size_t n = strcspn(list, " ");
        str_copy_n(word, sizeof(word), list, n);
        list += n;
        enum env_column c = word[0] ? env_column_find(word + 1) : ENV_COLUMNS;
        if (c == ENV_COLUMNS || c == ENV_COLUMN_ENV)
            continue;
        look->always |= word[0] == '+' ? 1u << c : 0;
        look->never |= word[0] == '-' ? 1u << c : 0;
    }
    look->never &= ~look->always;
}

static void write_columns(const struct env_look *look, char *out, size_t size)
{
    out[0] = '\0';
    for (int c = 0; c < ENV_COLUMNS; c++) {
        uint32_t bit = 1u << c;
        size_t n = strlen(out);
        if ((look->always | look->never) & bit)
            str_fmt(out + n, size - n, "%s%c%s", n > 0 ? " " : "", look->always & bit ? '+' : '-',
                    env_column((enum env_column)c)->name);
    }
}

/* -------------------------------------------------------------- groups */

static void read_group(struct env_look *look, const char *words)
{
    size_t n = strcspn(words, " ");
    const char *tag = words + n + strspn(words + n, " ");
    if (text_is_safe(tag, strlen(tag)))
        str_copy(look->tag, sizeof(look->tag), tag);
    for (int g = 0; g < ENV_GROUPS; g++)
        if (strlen(env_group_word((enum env_group)g)) == n && memcmp(env_group_word((enum env_group)g), words, n) == 0)
            look->group = (enum env_group)g;
    if (look->group == GROUP_BY_TAG && !look->tag[0])
        look->group = GROUP_BY_NOTHING;
}

/* --------------------------------------------------------------- whole */

void remembered_apply(struct screen *s, const struct preferences *p)
{
    enum env_column sort = env_column_find(p->sort);
    s->look.sort = sort < ENV_COLUMNS ? sort : s->look.sort;
    s->look.reverse = p->reverse;
    read_columns(&s->look, p->columns);
    read_group(&s->look, p->group);
    enum theme theme = theme_find(p->theme);
    s->look.theme = theme < THEME_COUNT ? theme : s->look.theme;
    s->wide[VIEW_OVERVIEW] = p->wide;
    s->local = p->local_time;
    s->mouse = p->mouse;
    for (size_t i = 0; i < p->ncommands && s->nhistory < HISTORY_MAX; i++)
        if (strlen(p->commands[i]) < PROMPT_MAX && text_is_safe(p->commands[i], strlen(p->commands[i])))
            str_copy(s->history[s->nhistory++], PROMPT_MAX, p->commands[i]);
    screen_rebuild(s);
}

void remembered_take(const struct screen *s, struct preferences *out)
{
    *out = (struct preferences){
        .reverse = s->look.reverse, .wide = s->wide[VIEW_OVERVIEW], .local_time = s->local, .mouse = s->mouse};
    str_copy(out->sort, sizeof(out->sort), env_column(s->look.sort)->name);
    write_columns(&s->look, out->columns, sizeof(out->columns));
    str_fmt(out->group, sizeof(out->group), "%s%s%s", env_group_word(s->look.group), s->look.tag[0] ? " " : "",
            s->look.tag);
    str_copy(out->theme, sizeof(out->theme), theme_name(s->look.theme));
    for (size_t i = 0; i < s->nhistory; i++)
        str_copy(out->commands[out->ncommands++], PREFERENCE_MAX, s->history[i]);
}
