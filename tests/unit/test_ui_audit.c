/* What an auditor can press: a million random keys, clicks and typed commands on every screen,
 * and not one asks for an order, an answer, or (restricted) the clipboard.  The same keys in
 * operator mode do, so the test can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "backend/base/strbuf.h"
#include "ui/ordering.h"
#include "ui/screen.h"
#include "ui/view.h"

#include "tests/screens/fixture.c"

#ifdef CT_SANITIZED
#define KEYS 100000
#else
#define KEYS 500000
#endif

#define NEVER (EFFECT_ORDER | EFFECT_CANCEL | EFFECT_CODE | EFFECT_NO_CODE)

static uint32_t seed;

static uint32_t next(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static const char *const typed[] = {":rotate\r", ":recycle\r", ":cancel-rotation\r", ":finish\r", ":roll-back\r", ":psql\r",
                                    ":test\r",   "yes\r",      "prod-eu\r",          "\x1b\x1b",  "g R",         "* R\r",
                                    "y",         "c",          ":copy\r",            ":save\r",   "R\ryes\r",    "X\ryes\r"};

struct counted {
    unsigned long keys, orders;
    unsigned seen;                    /* all effects together */
    unsigned long on[VIEW_COUNT];     /* keys by screen */
    unsigned long refusals;
};

static unsigned press(struct screen *s, const struct grid *g, struct counted *n, uint32_t key)
{
    n->keys++;
    n->on[s->view]++;
    unsigned effects = key == PRESS_MOUSE ? screen_click(s, g, (int)next(26), (int)next(84), (int)next(3) - 1)
                                          : screen_key(s, key);
    if (effects & EFFECT_ORDER) {
        n->orders++;
        ordering_done(s, 0, &(struct why){.code = ERR_BUSY, .text = "no"});
    }
    n->refusals += strstr(s->message, "audit mode") != NULL;
    n->seen |= effects;
    return effects;
}

static void random_press(struct screen *s, const struct grid *g, struct counted *n)
{
    switch (next(16)) {
    case 0:
        for (const char *p = typed[next(ARRAY_LEN(typed))]; *p; p++)
            (void)press(s, g, n, (unsigned char)*p);
        return;
    case 1:
        (void)press(s, g, n, PRESS_MOUSE);
        return;
    case 2:
    case 3:
        (void)press(s, g, n, PRESS_UP + next(PRESS_OTHER - PRESS_UP + 1));
        return;
    case 4:
        (void)press(s, g, n, next(0x20)); /* controls, Enter and Esc among them */
        return;
    case 5:
        (void)press(s, g, n, next(0x110000));
        return;
    case 6:
        (void)press(s, g, n, '1' + next(9));
        return;
    default:
        (void)press(s, g, n, 0x20 + next(0x60));
    }
}

static struct counted run(bool audit, bool restricted, unsigned long keys)
{
    struct screen_settings set = {.judge = fix_judge, .audit = audit, .restricted = restricted};
    struct screen *s = screen_new(&set, fix_board());
    struct grid *g = grid_new(24, 80, true);
    struct counted n = {0};
    unsigned long turn = 0;
    seed = 20261124;
    for (; n.keys < keys; turn++) {
        if (turn % 64 == 0) { /* where clicks land, and one frame of each screen now and then */
            screen_now(s, s->mono_ms + 250, s->wall_ms + 250);
            screen_draw(s, g);
        }
        if (turn % 4096 == 0)
            screen_update(s, fix_board());
        random_press(s, g, &n);
    }
    g = grid_free(g);
    s = screen_free(s);
    return n;
}

static void expect_harmless(const struct counted *n)
{
    assert_int_equal(n->orders, 0);
    assert_int_equal(n->seen & NEVER, 0);
    assert_true(n->refusals > 1000); /* orders were asked for, and refused */
    assert_true((n->seen & EFFECT_QUIT) != 0);
    for (size_t v = 0; v < VIEW_COUNT; v++)
        if (n->on[v] < n->keys / 500)
            fail_msg("screen %zu saw %lu keys of %lu alone", v, n->on[v], n->keys);
}

static void audit__half_a_million_keys__order_nothing(void **state)
{
    (void)state;
    struct counted n = run(true, false, KEYS);
    expect_harmless(&n);
}

static void restricted__half_a_million_keys__order_nothing_and_copy_nothing(void **state)
{
    (void)state;
    struct counted n = run(true, true, KEYS);
    expect_harmless(&n);
    assert_int_equal(n.seen & (EFFECT_COPY | EFFECT_SAVE), 0);
}

static void operator__the_same_keys__do_order(void **state)
{
    (void)state;
    struct counted n = run(false, false, 50000);
    assert_true(n.orders > 10);
    assert_true((n.seen & EFFECT_COPY) != 0 && (n.seen & EFFECT_SAVE) != 0);
    assert_int_equal(n.refusals, 0);
}

/* Every order there is, on every screen: by what begins it, which keys and palette call. */
static void orders__each_on_each_screen__is_refused_with_the_reason(void **state)
{
    (void)state;
    for (enum order_kind k = 0; k < ORDER_KINDS; k++)
        for (enum view_id v = 0; v < VIEW_COUNT; v++) {
            struct screen_settings set = {.judge = fix_judge, .audit = true, .restricted = v % 2 == 0};
            struct screen *s = screen_new(&set, fix_board());
            screen_go(s, v);
            unsigned effects = ordering_begin(s, k);
            const char *why = order_refusal(true, k);
            assert_non_null(why); /* there is no order that audit mode allows */
            assert_int_equal(effects & NEVER, 0);
            assert_false(s->confirm.open);
            assert_non_null(strstr(s->message, why));
            s = screen_free(s);
        }
}

/* On every screen, from the smallest size that is drawn, with whatever lies over it. */
static void mode__is_on_every_screen_at_every_size(void **state)
{
    static const int sizes[][2] = {{3, 20}, {10, 40}, {15, 60}, {24, 80}, {48, 160}};
    static const char *const over[] = {"", "/", ":", "c", "o", "\x1b"};
    (void)state;
    for (int restricted = 0; restricted < 2; restricted++)
        for (enum view_id v = 0; v < VIEW_COUNT; v++)
            for (size_t z = 0; z < ARRAY_LEN(sizes); z++)
                for (size_t o = 0; o < ARRAY_LEN(over); o++) {
                    struct screen_settings set = {.judge = fix_judge, .audit = true, .restricted = restricted == 1};
                    struct screen *s = screen_new(&set, fix_board());
                    struct grid *g = grid_new(sizes[z][0], sizes[z][1], true);
                    struct strbuf text;
                    strbuf_init(&text, 1 << 20);
                    screen_go(s, v);
                    for (const char *p = over[o]; *p; p++)
                        (void)screen_key(s, (unsigned char)*p);
                    screen_draw(s, g);
                    grid_to_text(g, &text);
                    if (!strstr(strbuf_peek(&text), restricted ? "RESTRICTED" : "READ-ONLY"))
                        fail_msg("screen %d, %dx%d, after '%s':\n%s", (int)v, sizes[z][1], sizes[z][0], over[o],
                                 strbuf_peek(&text));
                    strbuf_clear(&text);
                    g = grid_free(g);
                    s = screen_free(s);
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audit__half_a_million_keys__order_nothing),
        cmocka_unit_test(restricted__half_a_million_keys__order_nothing_and_copy_nothing),
        cmocka_unit_test(operator__the_same_keys__do_order),
        cmocka_unit_test(mode__is_on_every_screen_at_every_size),
        cmocka_unit_test(orders__each_on_each_screen__is_refused_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
