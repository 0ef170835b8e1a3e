/* The kinds of events that are shown, one by one. */
#include "backend/base/mem.h"
#include "ui/event_list.h"
#include "ui/format.h"
#include "ui/menu.h"
#include "ui/screen.h"

static void fill(const struct screen *s, struct menu *m)
{
    for (int k = 0; k < EVENT_KINDS; k++) {
        char count[FORMAT_SIZE], label[28], value[200];
        str_fmt(label, sizeof(label), "%-9s %5s", event_word((enum event_kind)k), format_count(s->log.count[k], count));
        str_copy(value, sizeof(value), event_help((enum event_kind)k));
        menu_add(m, s->kinds & (1u << k) ? "shown" : "-", label, value);
    }
}

static unsigned choose(struct screen *s, size_t item)
{
    s->kinds ^= 1u << item;
    screen_rebuild(s);
    return 0;
}

const struct menu_row menu_kinds = {
    .title = "KINDS OF EVENTS",
    .legend = "Space: shown or not   Esc: done",
    .fill = fill,
    .choose = choose,
};
