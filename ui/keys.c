#include "ui/keys.h"

#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static const struct key_row rows[COMMAND_COUNT] = {
#define KEY(id, keys, where, group, word, help) [COMMAND_##id] = {keys, where, GROUP_##group, word, help},
#include "ui/keys.def"
#undef KEY
};

static const struct {
    uint32_t press;
    const char *name;
} names[] = {
    {PRESS_ENTER, "Enter"}, {PRESS_TAB, "Tab"},   {PRESS_ESC, "Esc"},   {PRESS_BACKSPACE, "BkSp"},
    {PRESS_UP, "Up"},       {PRESS_DOWN, "Down"}, {PRESS_LEFT, "Left"}, {PRESS_RIGHT, "Right"},
    {PRESS_HOME, "Home"},   {PRESS_END, "End"},   {PRESS_PGUP, "PgUp"}, {PRESS_PGDN, "PgDn"},
    {PRESS_DELETE, "Del"},  {' ', "Space"},
};

static const char *const group_words[GROUP_COUNT] = {"MOVE", "SHOW", "ORDER", "FIND", "DATA", "LEAVE"};

const char *key_group_word(enum key_group g)
{
    ASSERT(g < GROUP_COUNT);
    return group_words[g];
}

const struct key_row *key_row(enum command c)
{
    return c > COMMAND_NONE && c < COMMAND_COUNT ? &rows[c] : NULL;
}

const char *key_label(uint32_t press, char out[8])
{
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (names[i].press == press)
            str_copy(out, 8, names[i].name);
    if (out[0])
        return out;
    if (press >= PRESS_F1 && press <= PRESS_F12)
        str_fmt(out, 8, "F%u", (unsigned)(press - PRESS_F1 + 1) % 100);
    else if (press > 0 && press < 0x20)
        str_fmt(out, 8, "^%c", (char)(press + 0x40));
    else if (press > 0x20 && press < 0x7f)
        str_fmt(out, 8, "%c", (char)press);
    return out;
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    while (n > 0 && *list) {
        size_t len = strcspn(list, " ");
        if (len == n && memcmp(list, word, n) == 0)
            return true;
        list += len;
        list += strspn(list, " ");
    }
    return false;
}

enum command key_command(uint32_t press, unsigned place)
{
    char name[8];
    key_label(press, name);
    for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++)
        if ((rows[c].where & place) && has_word(rows[c].keys, name))
            return (enum command)c;
    return COMMAND_NONE;
}
