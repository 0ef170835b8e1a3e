#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "ui/layout.h"
#include "ui/list.h"

static bool within(struct rect r, int rows, int cols)
{
    return r.h == 0 || (r.y >= 0 && r.x >= 0 && r.h > 0 && r.w > 0 && r.y + r.h <= rows && r.x + r.w <= cols);
}

static bool apart(struct rect a, struct rect b)
{
    return a.h == 0 || b.h == 0 || a.y + a.h <= b.y || b.y + b.h <= a.y || a.x + a.w <= b.x || b.x + b.w <= a.x;
}

static void layout__every_size__nothing_overlaps_or_sticks_out(void **state)
{
    (void)state;
    for (int rows = 1; rows <= 70; rows++) {
        for (int cols = 1; cols <= 220; cols++) {
            struct layout l;
            layout_frame(rows, cols, &l);
            const struct rect r[] = {l.header, l.tabs, l.title, l.body, l.message, l.keys};
            int used = 0;
            for (size_t i = 0; i < ARRAY_LEN(r); i++) {
                assert_true(within(r[i], rows, cols));
                used += r[i].h;
                for (size_t k = i + 1; k < ARRAY_LEN(r); k++)
                    assert_true(apart(r[i], r[k]));
            }
            assert_int_equal(used, rows);
            assert_true(l.body.h >= 1);
            assert_int_equal(l.size == LAYOUT_TINY, rows < 3 || cols < 20);
            assert_int_equal(l.size == LAYOUT_FULL, rows >= 15 && cols >= 60);
            if (rows >= 3 && cols >= 20)
                assert_true(l.header.h == 1 && l.keys.h == 1);
        }
    }
}

/* Any wants in any room: in order, inside, at least `least` or nothing. */
static void layout__stack__gives_least_or_nothing(void **state)
{
    unsigned seed = 7;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct layout_want wants[LAYOUT_PARTS_MAX];
        struct rect out[LAYOUT_PARTS_MAX], body = {3, 0, round % 66 - 1, 80};
        size_t n = (size_t)round % LAYOUT_PARTS_MAX + 1;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1103515245u + 12345u;
            wants[i].least = (int)(seed >> 16) % 12;
            wants[i].most = wants[i].least + (int)(seed >> 20) % 30 - 2;
            wants[i].rank = (int)(seed >> 24) % LAYOUT_PARTS_MAX;
        }
        layout_stack(body, wants, n, out);
        int y = body.y;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(out[i].y, y);
            assert_true(out[i].h == 0 || out[i].h >= wants[i].least);
            assert_true(out[i].h <= (wants[i].most > 0 ? wants[i].most : 0));
            y += out[i].h;
        }
        assert_true(y <= body.y + (body.h > 0 ? body.h : 0));
    }
}

static void layout__stack__lower_rank_is_served_first(void **state)
{
    const struct layout_want wants[] = {{4, 10, 1}, {4, 10, 0}, {5, 9, 2}};
    struct rect out[3];
    (void)state;
    layout_stack((struct rect){0, 0, 12, 80}, wants, 3, out);
    assert_int_equal(out[0].h, 4);
    assert_int_equal(out[1].h, 8);
    assert_int_equal(out[2].h, 0);
    layout_stack((struct rect){0, 0, 7, 80}, wants, 3, out);
    assert_int_equal(out[0].h, 0);
    assert_int_equal(out[1].h, 7);
}

static void layout__columns__fit_and_keep_the_first_rank(void **state)
{
    const struct layout_column columns[] = {
        {"A", 8, 0, false}, {"B", 10, 2, false}, {"C", 4, 1, true}, {"D", 30, 3, true}};
    (void)state;
    for (int width = 1; width < 100; width++) {
        int x[4], end = 0;
        int used = layout_columns(columns, 4, width, x);
        assert_int_equal(x[0], 0);
        for (int i = 0; i < 4; i++) {
            if (x[i] < 0)
                continue;
            assert_true(x[i] >= end);
            end = x[i] + columns[i].width + 1;
        }
        assert_int_equal(used, end - 1);
        assert_true(used <= width || (x[1] < 0 && x[2] < 0 && x[3] < 0));
        assert_int_equal(x[2] >= 0, width >= 13);
        assert_int_equal(x[1] >= 0, width >= 24);
        assert_int_equal(x[3] >= 0, width >= 55);
    }
}

static void list__moves__stay_within(void **state)
{
    struct list l = {0};
    (void)state;
    list_move(&l, 5);
    list_move(&l, -5);
    list_show(&l, 10);
    assert_int_equal(l.at, 0);
    list_resize(&l, 100);
    list_move(&l, 250);
    assert_int_equal(l.at, 99);
    list_show(&l, 10);
    assert_int_equal(l.top, 90);
    list_page(&l, -1, 1);
    assert_int_equal(l.at, 89);
    list_show(&l, 10);
    assert_int_equal(l.top, 89);
    list_page(&l, 1, 2);
    assert_int_equal(l.at, 94);
    list_resize(&l, 3);
    list_show(&l, 10);
    assert_int_equal(l.at, 2);
    assert_int_equal(l.top, 0);
    list_resize(&l, 0);
    assert_int_equal(l.at, 0);
    list_show(&l, 0);
    assert_int_equal(l.page, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout__every_size__nothing_overlaps_or_sticks_out),
        cmocka_unit_test(layout__stack__gives_least_or_nothing),
        cmocka_unit_test(layout__stack__lower_rank_is_served_first),
        cmocka_unit_test(layout__columns__fit_and_keep_the_first_rank),
        cmocka_unit_test(list__moves__stay_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
