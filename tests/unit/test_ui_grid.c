#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/prompt.h"

static void assert_text(const struct grid *g, const char *want)
{
    struct strbuf b;
    strbuf_init(&b, 1 << 16);
    grid_to_text(g, &b);
    assert_string_equal(strbuf_peek(&b), want);
    strbuf_clear(&b);
}

static void grid__text__is_cut_with_a_mark(void **state)
{
    struct grid *g = grid_new(2, 8, true);
    (void)state;
    assert_int_equal(grid_text(g, 0, 0, 8, STYLE_TEXT, "12345678"), 8);
    assert_int_equal(grid_text(g, 1, 0, 8, STYLE_TEXT, "123456789"), 8);
    assert_text(g, "12345678\n1234567>\n");
    assert_int_equal(grid_text(g, 0, 0, 0, STYLE_TEXT, "x"), 0);
    assert_int_equal(grid_text(g, 0, 0, -3, STYLE_TEXT, "x"), 0);
    grid_free(g);
}

static void grid__wide_characters__are_never_halved(void **state)
{
    struct grid *g = grid_new(3, 5, true);
    (void)state;
    grid_text(g, 0, 0, 5, STYLE_TEXT, "ab\xe6\x97\xa5\xe6\x9c\xac"); /* 6 columns in 5 */
    assert_text(g, "ab\xe6\x97\xa5>\n\n\n");
    grid_text(g, 0, 3, 1, STYLE_TEXT, "x"); /* over the right half */
    assert_text(g, "ab x>\n\n\n");
    grid_text(g, 1, 4, 9, STYLE_TEXT, "\xe6\x97\xa5"); /* half outside */
    assert_int_equal(grid_cell(g, 1, 4)->ch, '>');
    grid_text(g, 2, 0, 5, STYLE_TEXT, "\xe6\x97\xa5");
    grid_text(g, 2, 0, 5, STYLE_TEXT, "y"); /* over the left half */
    assert_int_equal(grid_cell(g, 2, 1)->ch, ' ');
    assert_int_equal(grid_cell(g, 2, 1)->width, 1);
    grid_free(g);
}

static void grid__combining_marks__ride_on_their_base(void **state)
{
    struct grid *g = grid_new(1, 6, true);
    (void)state;
    assert_int_equal(grid_text(g, 0, 0, 6, STYLE_TEXT, "e\xcc\x81x"), 2);
    assert_int_equal(grid_cell(g, 0, 0)->mark[0], 0x301);
    assert_text(g, "e\xcc\x81x\n");
    grid_free(g);
}

static void grid__ascii__has_no_other_byte(void **state)
{
    struct grid *g = grid_new(4, 20, false);
    (void)state;
    grid_text(g, 0, 0, 20, STYLE_TEXT, "r\xc3\xa9sum\xc3\xa9 \xe6\x97\xa5 e\xcc\x81");
    grid_rule(g, 1, 0, 20, "T\xc3\xa9st", NULL);
    grid_glyph(g, 2, 0, STYLE_TEXT, 0x2588, '#');
    grid_text(g, 3, 0, 20, STYLE_TEXT, "\x1b[31m\x9b\xff\x07");
    for (int i = 0; i < 4 * 20; i++) {
        assert_true(g->cells[i].ch >= 0x20 && g->cells[i].ch < 0x7f);
        assert_int_equal(g->cells[i].mark[0], 0);
    }
    grid_free(g);
}

static void grid__unsafe_bytes__never_reach_a_cell(void **state)
{
    struct grid *g = grid_new(1, 16, true);
    (void)state;
    grid_text(g, 0, 0, 16, STYLE_TEXT, "a\x1b]0;x\x07\r\n\t\xc2\x9b\xff");
    for (int x = 0; x < 16; x++) {
        uint32_t ch = grid_cell(g, 0, x)->ch;
        assert_true(ch >= 0x20 && ch != 0x7f && !(ch >= 0x80 && ch < 0xa0));
    }
    grid_free(g);
}

static void grid__outside__is_ignored(void **state)
{
    struct grid *g = grid_new(2, 3, true);
    (void)state;
    grid_text(g, -1, 0, 9, STYLE_TEXT, "no");
    grid_text(g, 2, 0, 9, STYLE_TEXT, "no");
    grid_text(g, 0, -2, 9, STYLE_TEXT, "abc");
    grid_right(g, 1, 1, 9, STYLE_TEXT, "no");
    grid_select(g, 5, 5, 50);
    grid_rule(g, 9, 0, 50, "no", "no");
    assert_text(g, "c\n\n");
    assert_null(grid_cell(g, 2, 0));
    assert_null(grid_cell(g, 0, 3));
    grid_free(g);
    g = grid_new(-5, 100000, true);
    assert_int_equal(g->rows, 1);
    assert_int_equal(g->cols, GRID_COLS_MAX);
    grid_free(g);
}

static void grid__wrap__breaks_at_spaces_and_says_when_cut(void **state)
{
    struct grid *g = grid_new(3, 10, true);
    (void)state;
    assert_int_equal(grid_wrap_lines(10, 9, "one two three four"), 2);
    assert_int_equal(grid_wrap(g, 0, 0, 10, 3, STYLE_TEXT, "one two three four"), 2);
    assert_text(g, "one two\nthree four\n\n");
    grid_clear(g);
    assert_int_equal(grid_wrap(g, 0, 0, 10, 2, STYLE_TEXT, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 2);
    assert_text(g, "aaaaaaaaaa\naaaaaaaaa>\n\n");
    assert_int_equal(grid_wrap_lines(0, 5, "x"), 0);
    assert_int_equal(grid_wrap_lines(1, 5, "\xe6\x97\xa5"), 1);
    grid_free(g);
}

/* ------------------------------------------------------------- prompt */

static enum prompt_result type(struct prompt *p, const char *keys)
{
    enum prompt_result r = PROMPT_TYPING;
    for (; *keys; keys++)
        r = prompt_key(p, (unsigned char)*keys);
    return r;
}

static void prompt__keys__edit_and_esc_restores(void **state)
{
    struct prompt p = {0};
    (void)state;
    prompt_open(&p, "old");
    assert_int_equal(type(&p, "er text"), PROMPT_TYPING);
    assert_string_equal(p.text, "older text");
    type(&p, "\x17");
    assert_string_equal(p.text, "older ");
    type(&p, "\x7f\x7f");
    assert_string_equal(p.text, "olde");
    assert_int_equal(prompt_key(&p, PRESS_ESC), PROMPT_CANCELLED);
    assert_string_equal(p.text, "old");
    assert_false(p.open);
    prompt_open(&p, p.text);
    type(&p, "\x15");
    prompt_key(&p, 0xe9);
    assert_int_equal(prompt_key(&p, PRESS_ENTER), PROMPT_DONE);
    assert_string_equal(p.text, "\xc3\xa9");
    prompt_open(&p, p.text);
    type(&p, "\x7f");
    assert_string_equal(p.text, "");
    type(&p, "\x7f\x17\x15");
    assert_string_equal(p.text, "");
}

static void prompt__unsafe_and_too_much__is_refused(void **state)
{
    struct prompt p = {0};
    (void)state;
    prompt_open(&p, "");
    prompt_key(&p, 0x202e);
    prompt_key(&p, 0x9b);
    prompt_key(&p, PRESS_UP);
    prompt_key(&p, 0x110000 + 999);
    assert_string_equal(p.text, "");
    for (int i = 0; i < 500; i++)
        prompt_key(&p, 0x65e5);
    assert_true(strlen(p.text) < PROMPT_MAX);
    assert_int_equal(strlen(p.text) % 3, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grid__text__is_cut_with_a_mark),
        cmocka_unit_test(grid__wide_characters__are_never_halved),
        cmocka_unit_test(grid__combining_marks__ride_on_their_base),
        cmocka_unit_test(grid__ascii__has_no_other_byte),
        cmocka_unit_test(grid__unsafe_bytes__never_reach_a_cell),
        cmocka_unit_test(grid__outside__is_ignored),
        cmocka_unit_test(grid__wrap__breaks_at_spaces_and_says_when_cut),
        cmocka_unit_test(prompt__keys__edit_and_esc_restores),
        cmocka_unit_test(prompt__unsafe_and_too_much__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
