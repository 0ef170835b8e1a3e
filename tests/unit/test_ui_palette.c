/* Commands by their names: whole, by a beginning that is one command's alone, completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ui/palette.h"
#include "ui/screen.h"

#include "tests/screens/fixture.c"

static struct screen *screen_of(bool audit)
{
    struct screen_settings set = {.judge = fix_judge, .audit = audit};
    return screen_new(&set, fix_board());
}

/* All but the last key; that one's effects. */
static unsigned type(struct screen *s, const char *keys)
{
    unsigned effects = 0;
    for (; *keys; keys++)
        effects = screen_key(s, (unsigned char)*keys);
    return effects;
}

static void palette__names__do_what_they_say(void **state)
{
    static const struct {
        const char *typed;
        enum view_id view;
    } views[] = {{":journal\r", VIEW_JOURNAL}, {":conn\r", VIEW_CONNECT}, {":envs\r", VIEW_OVERVIEW},
                 {":detail\r", VIEW_DETAIL},   {":cost\r", VIEW_COST},    {":help\r", VIEW_HELP}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(views); i++) {
        struct screen *s = screen_of(false);
        assert_int_equal(type(s, views[i].typed), EFFECT_REDRAW);
        assert_int_equal(s->view, views[i].view);
        assert_false(s->palette.open);
        screen_free(s);
    }
    struct screen *s = screen_of(false);
    (void)type(s, ":sort env\r");
    assert_int_equal(s->look.sort, ENV_COLUMN_ENV);
    assert_int_equal(type(s, ":quit\r") & EFFECT_QUIT, EFFECT_QUIT);
    screen_free(s);
}

static void palette__every_order__has_a_name(void **state)
{
    (void)state;
    for (int k = 0; k < ORDER_KINDS; k++) {
        struct screen *s = screen_of(false);
        (void)type(s, "j:"); /* test: not protected */
        (void)type(s, order_name((enum order_kind)k));
        assert_int_equal(type(s, "\r"), EFFECT_REDRAW | EFFECT_ORDER);
        assert_int_equal(s->wish.kind, k);
        assert_int_equal(s->wish.dry_run, order_is_planned((enum order_kind)k));
        screen_free(s);
        s = screen_of(true);
        (void)type(s, ":");
        (void)type(s, order_name((enum order_kind)k));
        assert_int_equal(type(s, "\r"), EFFECT_REDRAW);
        assert_non_null(strstr(s->message, order_refusal(true, (enum order_kind)k)));
        screen_free(s);
    }
}

static void palette__tab__completes_as_far_as_it_is_sure(void **state)
{
    char words[PALETTE_WORDS];
    struct screen *s = screen_of(false);
    (void)state;
    (void)type(s, ":jo\t");
    assert_string_equal(s->palette.text, "journal");
    (void)type(s, "\x15p\t"); /* pause, problems, psql */
    assert_string_equal(s->palette.text, "p");
    (void)palette_words(s, words);
    assert_non_null(strstr(words, "psql"));
    assert_non_null(strstr(words, "pause"));
    assert_null(strstr(words, "journal"));
    (void)type(s, "\r");
    assert_true(s->palette.open);
    assert_non_null(strstr(s->message, "may be several"));
    (void)type(s, "sq\t\t");
    assert_string_equal(s->palette.text, "psql");
    screen_free(s);
}

static void palette__no_such_name__says_so_and_stays(void **state)
{
    char words[PALETTE_WORDS];
    struct screen *s = screen_of(false);
    (void)state;
    (void)type(s, ":nothing\t\r");
    assert_non_null(strstr(s->message, "there is no command \"nothing\""));
    assert_string_equal(palette_words(s, words), "no command begins so; Esc leaves");
    (void)screen_key(s, PRESS_ESC);
    assert_false(s->palette.open);
    (void)type(s, ":%s%n\r"); /* what is typed is never a format */
    assert_non_null(strstr(s->message, "%s%n"));
    (void)screen_key(s, PRESS_ESC);
    assert_int_equal(type(s, ":\r"), EFFECT_REDRAW);
    assert_false(s->palette.open);
    screen_free(s);
}

/* What does nothing here has no name here. */
static void palette__other_screens_commands__are_not_there(void **state)
{
    struct screen *s = screen_of(false);
    (void)state;
    (void)type(s, ":follow\r");
    assert_non_null(strstr(s->message, "there is no command"));
    (void)screen_key(s, PRESS_ESC);
    (void)type(s, "3:follow\r");
    assert_false(s->follow);
    screen_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(palette__names__do_what_they_say),
        cmocka_unit_test(palette__every_order__has_a_name),
        cmocka_unit_test(palette__tab__completes_as_far_as_it_is_sure),
        cmocka_unit_test(palette__no_such_name__says_so_and_stays),
        cmocka_unit_test(palette__other_screens_commands__are_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
