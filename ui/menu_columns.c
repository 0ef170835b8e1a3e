/* The columns of the table of environments: by room, always, or never. */
#include "backend/base/mem.h"
#include "ui/env_columns.h"
#include "ui/menu.h"

static const char *state_word(const struct env_look *look, uint32_t bit)
{
    return look->always & bit ? "always" : look->never & bit ? "never" : "by room";
}

static void fill(const struct screen *s, struct menu *m)
{
    for (int c = 0; c < ENV_COLUMNS; c++) {
        const struct env_column_row *row = env_column((enum env_column)c);
        menu_add(m, state_word(&s->look, 1u << c), row->head, row->help);
    }
}

/* By room, always, never, and round again.  Without its name a row says nothing. */
static unsigned choose(struct screen *s, size_t item)
{
    uint32_t bit = 1u << item;
    if (item == ENV_COLUMN_ENV) {
        screen_say(s, "the name is always shown");
    } else if (s->look.always & bit) {
        s->look.always &= ~bit;
        s->look.never |= bit;
    } else if (s->look.never & bit) {
        s->look.never &= ~bit;
    } else {
        s->look.always |= bit;
    }
    return 0;
}

const struct menu_row menu_columns = {
    .title = "COLUMNS",
    .legend = "Space: by room, always, never   Esc: done",
    .fill = fill,
    .choose = choose,
};
