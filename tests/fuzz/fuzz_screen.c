/* libFuzzer: any keys and clicks on the screen, in every mode and at every size: what is typed
 * after `:`, `/` and for a range among them.  Every frame is safe text of the grid's own kind,
 * what is chosen exists, and audit mode asks for no order.
 *
 * First byte: the mode; second and third: the size; then a key a byte: 0x80 and more the named
 * keys, 0xf0 a character of three bytes more, 0xf1 a click, 0xf2 time passes, 0xf3 a new board.
 * Links the screens; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>
#include <stdlib.h>

#include "backend/base/text.h"
#include "ui/ordering.h"
#include "ui/screen.h"
#include "ui/view.h"

#include "tests/screens/fixture.c"
#include "tests/fuzz/fuzz.h"

#define NEVER (EFFECT_ORDER | EFFECT_CANCEL | EFFECT_CODE | EFFECT_NO_CODE)

struct input {
    const uint8_t *at, *end;
};

static unsigned take(struct input *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

static void expect_ended(const char *s, size_t size)
{
    size_t n = strnlen(s, size);
    ASSERT(n < size && text_is_safe(s, n));
}

static void check_frame(struct screen *s, struct grid *g)
{
    screen_draw(s, g);
    for (const struct cell *c = g->cells; c < g->cells + (size_t)g->rows * (size_t)g->cols; c++) {
        char bytes[4];
        ASSERT(c->style < STYLE_COUNT && c->width <= 2);
        if (c->width > 0 && (c->ch < ' ' || c->ch > '~')) /* most are ASCII */
            ASSERT(g->utf8 && text_is_safe(bytes, (size_t)text_encode(c->ch, bytes)));
    }
    for (size_t i = 0; i < g->nzones; i++)
        ASSERT(g->zones[i].y >= 0 && g->zones[i].y < g->rows && g->zones[i].x >= 0 &&
               g->zones[i].x + g->zones[i].w <= g->cols);
}

static void check_state(const struct screen *s)
{
    ASSERT(s->view < VIEW_COUNT && s->env < s->board->n && s->nrows <= s->board->n);
    ASSERT(s->nrows == 0 || s->envs.at < s->nrows);
    expect_ended(s->message, sizeof s->message);
    expect_ended(s->palette.text, sizeof s->palette.text);
    expect_ended(s->prompt.text, sizeof s->prompt.text);
    for (size_t v = 0; v < VIEW_COUNT; v++)
        expect_ended(s->filter[v], sizeof s->filter[v]);
    ASSERT(s->range.to_ms == 0 || s->range.from_ms < s->range.to_ms);
}

static void check_effects(struct screen *s, unsigned effects)
{
    ASSERT(!s->set.audit || (effects & NEVER) == 0);
    ASSERT(!s->set.restricted || (effects & (EFFECT_COPY | EFFECT_SAVE)) == 0);
    if (effects & EFFECT_COPY)
        expect_ended(s->copied, sizeof s->copied);
    if (effects & EFFECT_ORDER) {
        const struct order *w = &s->wish;
        ASSERT(w->kind < ORDER_KINDS && w->env < s->board->n);
        ASSERT(w->dry_run || !w->confirmed[0] || strcmp(w->confirmed, s->board->conf->environments[w->env].name) == 0);
        ordering_done(s, 0, &(struct why){.code = ERR_BUSY, .text = "no"});
    }
}

static unsigned press(struct screen *s, const struct grid *g, struct input *in)
{
    unsigned c = take(in);
    if (c < 0x80)
        return screen_key(s, c);
    if (c < 0x80 + (PRESS_OTHER - PRESS_UP + 1))
        return screen_key(s, PRESS_UP + (c - 0x80));
    if (c == 0xf0)
        return screen_key(s, (take(in) << 16 | take(in) << 8 | take(in)) & 0x1fffff);
    if (c == 0xf1) {
        int y = (int)take(in) - 4, x = (int)take(in) - 4;
        return screen_click(s, g, y, x, (int)(take(in) % 3) - 1);
    }
    if (c == 0xf2) {
        int64_t ms = (int64_t)take(in) * 1000;
        screen_now(s, s->mono_ms + ms, s->wall_ms + ms);
    } else if (c == 0xf3) {
        screen_update(s, fix_board());
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};
    if (size > 200)
        return -1;
    unsigned mode = take(&in), rows = take(&in), cols = take(&in);
    struct screen_settings set = {.judge = fix_judge, .audit = (mode & 3) != 0, .restricted = (mode & 3) == 3};
    struct screen *s = screen_new(&set, fix_board());
    struct grid *g = grid_new((int)(rows % 60) + 1, (int)cols + 1, (mode & 4) != 0);
    check_frame(s, g);
    for (unsigned n = 1; in.at < in.end; n++) {
        unsigned effects = press(s, g, &in);
        check_effects(s, effects);
        check_state(s);
        if (n % 16 == 0)
            check_frame(s, g);
    }
    check_frame(s, g);
    check_state(s);
    grid_free(g);
    screen_free(s);
    return 0;
}
