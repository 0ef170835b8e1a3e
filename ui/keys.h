/* Keys and the commands they give, from the rows of keys.def. */
#ifndef CT_KEYS_H
#define CT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key that was pressed: a character, or one of these. */
enum press {
    PRESS_ENTER = '\r',
    PRESS_TAB = '\t',
    PRESS_ESC = 0x1b,
    PRESS_BACKSPACE = 0x7f,
    PRESS_UP = 0x110000,
    PRESS_DOWN,
    PRESS_LEFT,
    PRESS_RIGHT,
    PRESS_HOME,
    PRESS_END,
    PRESS_PGUP,
    PRESS_PGDN,
    PRESS_DELETE,
    PRESS_F1, /* F1 to F12 in a row */
    PRESS_F12 = PRESS_F1 + 11,
    PRESS_MOUSE, /* term_mouse() says where */
    PRESS_OTHER  /* a key that has no name here */
};

/* Where a command works: bits of a view. */
enum key_place {
    IN_OVERVIEW = 1,
    IN_DETAIL = 2,
    IN_EVENTS = 4,
    IN_ORDERS = 8,
    IN_CONNECT = 16,
    IN_COST = 32,
    IN_HELP = 64,
    IN_JOURNAL = 128,
    IN_POSTURE = 256,
    IN_COMPARE = 512,
    IN_LISTS = 1 | 2 | 4 | 16 | 128 | 256, /* where rows can be filtered */
    IN_ENVS = 1 | 2 | 8 | 16 | 256,        /* where the chosen row is an environment, or an order on one */
    IN_VIEWS = 63 | 128 | 256 | 512,       /* all but help */
    IN_ALL = IN_VIEWS | IN_HELP
};

enum key_group { GROUP_MOVE, GROUP_SHOW, GROUP_ORDER, GROUP_FIND, GROUP_DATA, GROUP_QUIT, GROUP_COUNT };
const char *key_group_word(enum key_group g);

enum command {
    COMMAND_NONE,
#define KEY(id, keys, where, group, word, help) COMMAND_##id,
#include "ui/keys.def"
#undef KEY
    COMMAND_COUNT
};

struct key_row {
    const char *keys; /* names, one blank between */
    unsigned where;   /* enum key_place bits */
    enum key_group group;
    const char *word, *help;
};
const struct key_row *key_row(enum command c); /* NULL for COMMAND_NONE */

/* "j", "Enter", "^R", "F5": the names of keys.def. */
const char *key_label(uint32_t press, char out[8]);
/* What a key does in a place; COMMAND_NONE when nothing. */
enum command key_command(uint32_t press, unsigned place);

#endif
