/* From the key to the outcome: nothing that changes is sent by a key itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ui/ordering.h"
#include "ui/screen.h"

#include "tests/screens/fixture.c"
#include "tests/screens/fixture_plan.c"

static struct screen *screen_at(const char *keys)
{
    struct screen_settings set = {.judge = fix_judge};
    struct screen *s = screen_new(&set, fix_board());
    for (; *keys; keys++)
        (void)screen_key(s, (unsigned char)*keys);
    return s;
}

/* Drawn: what is typed before a question can be seen is no answer. */
static void look_at(struct screen *s, int rows)
{
    struct grid *g = grid_new(rows, 80, false);
    screen_draw(s, g);
    grid_free(g);
}

static void type(struct screen *s, const char *keys)
{
    for (; *keys; keys++)
        assert_int_equal(screen_key(s, (unsigned char)*keys), EFFECT_REDRAW);
}

/* R pressed on the environment at `keys`, and its plan there and drawn. */
static struct screen *planned(const char *keys)
{
    struct why why = {0};
    struct screen *s = screen_at(keys);
    assert_int_equal(screen_key(s, 'R'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.kind, ORDER_ROTATE);
    assert_true(s->wish.dry_run);
    ordering_done(s, 5, &why);
    assert_int_equal(s->view, VIEW_ORDERS);
    screen_update(s, fix_board()); /* a board from before the order: it is still awaited */
    assert_int_equal(s->planning, 5);
    assert_false(s->confirm.open);
    screen_update(s, fix_board_planned(s->wish.env));
    assert_true(s->confirm.open);
    return s;
}

static void rotate__protected__needs_the_name(void **state)
{
    struct screen *s = planned("Gkk"); /* prod-eu */
    (void)state;
    type(s, "prod-eu\r"); /* typed ahead */
    assert_string_equal(s->confirm.typed, "");
    look_at(s, 48);
    type(s, "yes\r");
    assert_true(s->confirm.open);
    type(s, "\x15prod-eu");
    assert_int_equal(screen_key(s, '\r'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_false(s->wish.dry_run);
    assert_int_equal(s->wish.env, FIX_PROD_EU);
    assert_string_equal(s->wish.confirmed, "prod-eu");
    assert_string_equal(s->wish.seen_version, "9f3c2a17-5b1e-4a57-9d55-0c2f6b7a1e01"); /* the plan's */
    assert_string_equal(s->wish.token, "c4d1a6f0-7e21-4b3f-8f0e-5a1d2c3b4e5f");
    screen_free(s);
}

static void rotate__elsewhere__needs_a_yes(void **state)
{
    struct screen *s = planned("j"); /* test */
    (void)state;
    look_at(s, 48);
    type(s, "y\r");
    assert_true(s->confirm.open);
    assert_string_equal(s->confirm.typed, ""); /* a wrong answer is not in the way of a right one */
    type(s, "yes");
    assert_int_equal(screen_key(s, '\r'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.env, FIX_TEST);
    screen_free(s);
}

static void rotate__no_answer__sends_nothing(void **state)
{
    static const uint32_t ends[] = {PRESS_ESC, PRESS_ENTER};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        struct screen *s = planned("j");
        look_at(s, 24);
        assert_int_equal(screen_key(s, ends[i]), EFFECT_REDRAW);
        assert_false(s->confirm.open);
        assert_non_null(strstr(s->message, "nothing was done"));
        assert_int_equal(screen_key(s, 'y'), EFFECT_REDRAW);
        screen_free(s);
    }
}

/* The question would come out of the blue. */
static void rotate__looked_away__drops_the_plan(void **state)
{
    static const char *const ways[] = {"1", "5", "\r", "q"};
    struct why why = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct screen *s = screen_at("jR");
        ordering_done(s, 5, &why);
        (void)screen_key(s, (unsigned char)ways[i][0]);
        screen_update(s, fix_board_planned(FIX_TEST));
        assert_false(s->confirm.open);
        assert_non_null(strstr(s->message, "dropped: nothing was changed"));
        screen_free(s);
    }
}

static void rotate__refused__says_why(void **state)
{
    struct screen *s = screen_at("jR");
    struct why why = {0};
    (void)state;
    ordering_done(s, 5, &why);
    struct board *b = fix_board_planned(FIX_TEST);
    struct order_view *o = &((struct orders_snap *)(uintptr_t)b->orders)->orders[0];
    o->state = ORDER_REFUSED;
    str_copy(o->words, sizeof(o->words), "rotation = off in the configuration");
    screen_update(s, b);
    assert_false(s->confirm.open);
    assert_string_equal(s->message, "rotate of test refused: rotation = off in the configuration");
    screen_free(s);
}

/* While the plan is made, another order is given: the question is still about the plan. */
static void rotate__another_wish_meanwhile__is_not_mixed_up(void **state)
{
    struct screen *s = screen_at("jR");
    struct why why = {0};
    (void)state;
    ordering_done(s, 5, &why);
    s->wish = (struct order){.kind = ORDER_TEST, .env = FIX_PROD_US};
    screen_update(s, fix_board_planned(FIX_TEST));
    look_at(s, 48);
    type(s, "yes");
    assert_int_equal(screen_key(s, '\r'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.kind, ORDER_ROTATE);
    assert_int_equal(s->wish.env, FIX_TEST);
    screen_free(s);
}

/* A plan that is longer than the screen is read to its end before it is answered. */
static void plan__longer_than_the_screen__moves(void **state)
{
    struct screen *s = planned("j");
    (void)state;
    look_at(s, 15);
    assert_true(s->page.n > 1);
    assert_int_equal(screen_key(s, PRESS_DOWN), EFFECT_REDRAW);
    assert_int_equal(s->page.at, 1);
    for (int i = 0; i < 9; i++)
        (void)screen_key(s, PRESS_PGDN);
    assert_int_equal(s->page.at, s->page.n - 1);
    assert_true(s->confirm.open);
    assert_string_equal(s->confirm.typed, "");
    type(s, "yes\r"); /* the last lines were not drawn yet */
    assert_true(s->confirm.open);
    assert_non_null(strstr(s->confirm.note, "to its end first"));
    look_at(s, 15);
    assert_int_equal(screen_key(s, '\r'), EFFECT_REDRAW | EFFECT_ORDER);
    screen_free(s);
}

static void rotate__paused__goes_on(void **state)
{
    struct screen *s = screen_at("jp");
    struct why why = {0};
    (void)state;
    assert_int_equal(screen_key(s, 'R'), EFFECT_REDRAW | EFFECT_ORDER);
    ordering_done(s, 5, &why);
    screen_update(s, fix_board_planned(FIX_TEST));
    assert_true(s->confirm.open);
    screen_free(s);
}

static void audit__plans_nothing(void **state)
{
    struct screen_settings set = {.judge = fix_judge, .audit = true};
    struct screen *s = screen_new(&set, fix_board());
    (void)state;
    for (const char *key = "RXCB"; *key; key++) {
        assert_int_equal(screen_key(s, (unsigned char)*key), EFFECT_REDRAW);
        assert_non_null(strstr(s->message, "audit mode changes nothing"));
    }
    screen_free(s);
}

/* ------------------------------------------------------------ the marked ones */

static void marked__tests__are_all_ordered_at_once(void **state)
{
    struct why why = {0};
    struct screen *s = screen_at(":mark prod-eu stage dev\r");
    bool ordered[FIX_N] = {false};
    size_t n = 1;
    (void)state;
    assert_int_equal(screen_key(s, 't'), EFFECT_REDRAW | EFFECT_ORDER);
    do {
        assert_int_equal(s->wish.kind, ORDER_TEST);
        assert_false(ordered[s->wish.env]);
        ordered[s->wish.env] = true;
        ordering_done(s, n++, &why);
    } while (ordering_next(s));
    assert_int_equal(n, 4);
    assert_true(ordered[FIX_PROD_EU] && ordered[FIX_STAGE] && ordered[FIX_DEV]);
    assert_non_null(strstr(s->message, "3 marked environments"));
    struct board *ended = fix_board_planned(FIX_TEST);
    struct orders_snap *o = (struct orders_snap *)(uintptr_t)ended->orders;
    o->n = 3;
    for (size_t i = 0; i < o->n; i++)
        o->orders[i] = (struct order_view){
            .id = 3 - i, .kind = ORDER_TEST, .env = FIX_DEV, .state = i == 1 ? ORDER_FAILED : ORDER_DONE};
    screen_update(s, ended);
    assert_non_null(strstr(s->message, "of 3: 2 done, 1 not"));
    assert_int_equal(s->told, 0);
    screen_free(s);
}

/* R on two marked ones, until the first one's question. */
static struct screen *two_marked(void)
{
    struct why why = {0};
    struct screen *s = screen_at(":mark test stage\r");
    assert_int_equal(screen_key(s, 'R'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.env, FIX_TEST); /* as the rows stand */
    assert_true(s->wish.dry_run);
    ordering_done(s, 5, &why);
    assert_false(ordering_next(s)); /* one after the other */
    assert_non_null(strstr(s->message, "(1 of 2)"));
    screen_update(s, fix_board_planned(FIX_TEST));
    assert_true(s->confirm.open);
    assert_false(ordering_next(s));
    look_at(s, 48);
    return s;
}

static void marked__changes__each_with_a_plan_and_an_answer(void **state)
{
    struct why why = {0};
    struct screen *s = two_marked();
    (void)state;
    type(s, "yes");
    assert_int_equal(screen_key(s, '\r'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.env, FIX_TEST);
    assert_false(s->wish.dry_run);
    ordering_done(s, 6, &why);
    assert_false(ordering_next(s)); /* it is under way */
    struct board *done = fix_board_planned(FIX_TEST);
    struct orders_snap *o = (struct orders_snap *)(uintptr_t)done->orders;
    o->orders[0].id = 6;
    o->orders[0].dry_run = false;
    screen_update(s, done);
    assert_true(ordering_next(s));
    assert_int_equal(s->wish.env, FIX_STAGE);
    assert_true(s->wish.dry_run); /* planned anew, and asked anew */
    ordering_done(s, 7, &why);
    assert_false(ordering_next(s));
    screen_free(s);
}

static void marked__no__leaves_the_rest(void **state)
{
    struct screen *s = two_marked();
    (void)state;
    type(s, "\x1b");
    assert_false(ordering_next(s));
    assert_non_null(strstr(s->message, "1 marked environment was not begun"));
    screen_free(s);
}

static void marked__a_failure__stops_before_the_next(void **state)
{
    struct why why = {0};
    struct screen *s = two_marked();
    (void)state;
    type(s, "yes");
    (void)screen_key(s, '\r');
    ordering_done(s, 6, &why);
    struct board *failed = fix_board_planned(FIX_TEST);
    struct orders_snap *o = (struct orders_snap *)(uintptr_t)failed->orders;
    o->orders[0].id = 6;
    o->orders[0].state = ORDER_FAILED;
    str_copy(o->orders[0].words, sizeof(o->orders[0].words), "the database refuses both");
    screen_update(s, failed);
    assert_false(ordering_next(s));
    assert_non_null(strstr(s->message, "the database refuses both; 1 marked environment was not begun"));
    screen_free(s);
}

static void marked__psql__is_for_one(void **state)
{
    struct screen *s = screen_at(":mark test stage\r");
    (void)state;
    assert_int_equal(screen_key(s, 'P'), EFFECT_REDRAW);
    assert_non_null(strstr(s->message, "one environment"));
    screen_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rotate__protected__needs_the_name),
        cmocka_unit_test(rotate__elsewhere__needs_a_yes),
        cmocka_unit_test(rotate__no_answer__sends_nothing),
        cmocka_unit_test(rotate__looked_away__drops_the_plan),
        cmocka_unit_test(rotate__refused__says_why),
        cmocka_unit_test(rotate__another_wish_meanwhile__is_not_mixed_up),
        cmocka_unit_test(plan__longer_than_the_screen__moves),
        cmocka_unit_test(rotate__paused__goes_on),
        cmocka_unit_test(audit__plans_nothing),
        cmocka_unit_test(marked__tests__are_all_ordered_at_once),
        cmocka_unit_test(marked__changes__each_with_a_plan_and_an_answer),
        cmocka_unit_test(marked__no__leaves_the_rest),
        cmocka_unit_test(marked__a_failure__stops_before_the_next),
        cmocka_unit_test(marked__psql__is_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
