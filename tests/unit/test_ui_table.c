/* The table of environments: sorting, groups, columns, marks, what changed; and the same by
 * mouse, by menu and from one run to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ui/env_columns.h"
#include "ui/env_filter.h"
#include "ui/env_order.h"
#include "ui/remembered.h"
#include "ui/screen.h"

#include "tests/screens/fixture.c"

static struct screen *screen_at(const char *keys)
{
    struct screen_settings set = {.judge = fix_judge};
    struct screen *s = screen_new(&set, fix_board());
    struct grid *g = grid_new(24, 80, false);
    screen_draw(s, g);
    for (; *keys; keys++) {
        (void)screen_key(s, (unsigned char)*keys);
        screen_draw(s, g);
    }
    grid_free(g);
    return s;
}

/* "legacy test ...", as the rows stand. */
static const char *order_of(const struct screen *s, char out[256])
{
    out[0] = '\0';
    for (size_t i = 0; i < s->nrows; i++) {
        size_t n = strlen(out);
        str_fmt(out + n, 256 - n, "%s%s", i > 0 ? " " : "", s->board->envs[s->rows[i]].conf->name);
    }
    return out;
}

static void sort__any_column__by_what_it_says(void **state)
{
    static const struct {
        const char *keys, *order;
    } cases[] = {
        {"", "legacy test dr-eu stage prod-eu dev prod-us"},
        {":sort env\r", "dev dr-eu legacy prod-eu prod-us stage test"},
        {":sort env\rS", "test stage prod-us prod-eu legacy dr-eu dev"},
        {":sort env\r:sort env\r", "test stage prod-us prod-eu legacy dr-eu dev"},
        {":sort hits\r", "prod-us prod-eu stage dr-eu dev test legacy"},
        {":sort age\r", "prod-eu test dr-eu prod-us stage legacy dev"},
        {":sort next\r", "stage prod-us dr-eu test prod-eu dev legacy"}, /* soonest first; off and unknown last */
        {":sort bad\r", "test prod-eu dev stage prod-us dr-eu legacy"},
    };
    char order[256];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct screen *s = screen_at(cases[i].keys);
        if (strcmp(order_of(s, order), cases[i].order) != 0)
            fail_msg("%s: %s", cases[i].keys, order);
        screen_free(s);
    }
}

/* The counts of an hour, as the log watch has them; without log groups none is known. */
static void filter__by_counts__asks_for_the_hour(void **state)
{
    static const struct {
        const char *name;
        enum event_kind kind;
    } counts[] = {{"fetch", EVENT_FETCH}, {"stale", EVENT_STALE_HIT}, {"fallb", EVENT_FALLBACK}};
    struct screen *s = screen_at("");
    uint64_t seen = 0;
    (void)state;
    for (size_t env = 0; env < s->board->n; env++)
        for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
            const struct log_snap *l = s->board->envs[env].logs;
            bool known = l && l->snap.good_mono_ms >= 0;
            uint64_t n = known ? log_count(l, counts[i].kind, INT64_C(3600000), s->wall_ms) : 0;
            char least[40], more[40];
            (void)str_fmt(least, sizeof(least), "%s>=%u", counts[i].name, (unsigned)n);
            (void)str_fmt(more, sizeof(more), "%s>%u", counts[i].name, (unsigned)n);
            struct filter *of_these = filter_new(least, &env_filter_columns, s->wall_ms, false);
            struct filter *of_more = filter_new(more, &env_filter_columns, s->wall_ms, false);
            assert_int_equal(env_filter_passes(s, of_these, env), known);
            assert_false(env_filter_passes(s, of_more, env));
            filter_free(of_these);
            filter_free(of_more);
            seen += n;
        }
    assert_true(seen > 0);
    screen_free(s);
}

/* What is not known is below, whichever way round. */
static void sort__unknown__is_last(void **state)
{
    char order[256];
    (void)state;
    for (int c = 0; c < ENV_COLUMNS; c++) {
        struct screen *s = screen_at("");
        for (int reverse = 0; reverse < 2; reverse++) {
            (void)screen_sort(s, (enum env_column)c, reverse == 1);
            bool unknown = false;
            for (size_t i = 0; i < s->nrows; i++) {
                struct env_row r;
                char cell[CELL_MAX] = "";
                env_row_of(s, s->rows[i], &r);
                const struct env_column_row *column = env_column((enum env_column)c);
                bool is = column->key ? column->key(&r) == KEY_UNKNOWN
                                      : column->cell && (column->cell(&r, cell), strcmp(cell, "-") == 0);
                if (unknown && !is)
                    fail_msg("%s: %s", column->name, order_of(s, order));
                unknown = is;
            }
        }
        screen_free(s);
    }
}

static void sort_key__walks_what_can_be_seen(void **state)
{
    struct screen *s = screen_at("");
    uint32_t seen = 0;
    (void)state;
    for (int i = 0; i < ENV_COLUMNS; i++) {
        (void)screen_key(s, 's');
        assert_true(s->columns_shown & (1u << s->look.sort));
        seen |= 1u << s->look.sort;
    }
    assert_int_equal(seen, s->columns_shown);
    screen_free(s);
}

static void group__by_tag__keeps_groups_together(void **state)
{
    char order[256], name[96];
    struct screen *s = screen_at(":group tag team\r");
    (void)state;
    assert_string_equal(order_of(s, order), "legacy test dr-eu stage prod-eu prod-us dev"); /* the worst first */
    assert_string_equal(env_group_of(s, s->rows[0], name), "platform");
    assert_string_equal(env_group_of(s, s->rows[6], name), "-"); /* dev has no secret */
    (void)screen_sort(s, ENV_COLUMN_ENV, false); /* by name: the groups too */
    assert_string_equal(order_of(s, order), "prod-eu prod-us dr-eu legacy stage test dev");
    (void)screen_key(s, 'o'); /* round: none */
    assert_int_equal(s->look.group, GROUP_BY_NOTHING);
    screen_free(s);
    s = screen_at(":group tag\r");
    assert_int_equal(s->look.group, GROUP_BY_NOTHING);
    assert_non_null(strstr(s->message, "which tag"));
    screen_free(s);
}

/* However short the screen and many the groups, the chosen row is in it. */
static void group__any_height__shows_the_chosen_one(void **state)
{
    (void)state;
    for (int rows = 3; rows < 30; rows++) {
        struct screen *s = screen_at(":group tag team\r");
        struct grid *g = grid_new(rows, 80, false);
        for (size_t i = 0; i < s->nrows; i++) {
            list_choose(&s->envs, i);
            s->env = s->rows[i];
            screen_draw(s, g);
            assert_true(s->envs.at >= s->envs.top);
            assert_true(s->envs.page > 0 && s->envs.at < s->envs.top + s->envs.page);
        }
        grid_free(g);
        screen_free(s);
    }
}

static void columns__chosen__are_shown_or_not(void **state)
{
    struct screen *s = screen_at(":columns +lat -pg\r");
    (void)state;
    assert_true(s->columns_shown & (1u << ENV_COLUMN_LATENCY));
    assert_false(s->columns_shown & (1u << ENV_COLUMN_PG));
    (void)screen_key(s, ':');
    for (const char *k = "columns pg lat\r"; *k; k++)
        (void)screen_key(s, (unsigned char)*k);
    assert_int_equal(s->look.always | s->look.never, 0);
    screen_free(s);
    s = screen_at(":columns -env\r");
    assert_int_equal(s->look.never, 0);
    screen_free(s);
    s = screen_at(":columns +nothing\r");
    assert_non_null(strstr(s->message, "no column \"nothing\""));
    screen_free(s);
}

static void menu__space__goes_round(void **state)
{
    uint32_t state_bit = 1u << ENV_COLUMN_STATE;
    struct screen *s = screen_at(":columns\rj ");
    (void)state;
    assert_int_equal(s->look.always, state_bit);
    (void)screen_key(s, ' ');
    assert_int_equal(s->look.never, state_bit);
    (void)screen_key(s, ' ');
    assert_int_equal(s->look.always | s->look.never, 0);
    (void)screen_key(s, 'k');
    (void)screen_key(s, ' '); /* the name: refused */
    assert_int_equal(s->look.always | s->look.never, 0);
    (void)screen_key(s, PRESS_ESC);
    assert_null(s->menu.what);
    screen_free(s);
}

static void copy__a_value__and_never_in_restricted_mode(void **state)
{
    struct screen *s = screen_at("cjj");
    (void)state;
    assert_int_equal(screen_key(s, PRESS_ENTER), EFFECT_REDRAW | EFFECT_COPY);
    assert_string_equal(s->copied, "app/legacy/pg");
    assert_null(s->menu.what);
    screen_free(s);
    struct screen_settings set = {.judge = fix_judge, .audit = true, .restricted = true};
    s = screen_new(&set, fix_board());
    assert_int_equal(screen_key(s, 'c'), EFFECT_REDRAW);
    assert_null(s->menu.what);
    assert_non_null(strstr(s->message, "restricted"));
    screen_free(s);
}

static void marks__are_by_environment_not_by_row(void **state)
{
    struct screen *s = screen_at(" ");
    (void)state;
    assert_true(s->marked[FIX_LEGACY]);
    assert_int_equal(s->envs.at, 1); /* on to the next */
    (void)screen_key(s, 's');
    assert_true(s->marked[FIX_LEGACY]);
    (void)screen_key(s, '*');
    assert_int_equal(s->nmarked, FIX_N);
    (void)screen_key(s, 'U');
    assert_int_equal(s->nmarked, 0);
    screen_free(s);
    s = screen_at(":mark prod-eu test\r");
    assert_int_equal(s->nmarked, 2);
    assert_true(s->marked[FIX_PROD_EU] && s->marked[FIX_TEST]);
    screen_free(s);
}

static void compare__takes_the_marked_one(void **state)
{
    struct screen *s = screen_at(":mark prod-us\r=");
    (void)state;
    assert_int_equal(s->view, VIEW_COMPARE);
    assert_int_equal(s->env, FIX_LEGACY);
    assert_int_equal(s->other, FIX_PROD_US);
    (void)screen_key(s, PRESS_ESC);
    assert_int_equal(s->view, VIEW_OVERVIEW);
    screen_free(s);
    s = screen_at(":compare legacy\r");
    assert_int_equal(s->view, VIEW_OVERVIEW);
    assert_non_null(strstr(s->message, "another"));
    screen_free(s);
}

static void compare__next_and_previous__pass_over_the_other(void **state)
{
    struct screen *s = screen_at("="); /* the first beside the second */
    (void)state;
    for (int i = 0; i < 2 * FIX_N; i++) {
        (void)screen_key(s, i < FIX_N ? ']' : '[');
        assert_true(s->env != s->other);
    }
    screen_free(s);
}

static void env__by_name__also_when_it_is_hidden(void **state)
{
    struct screen *s = screen_at("/prod\r:env test\r");
    (void)state;
    assert_int_equal(s->view, VIEW_DETAIL);
    assert_int_equal(s->env, FIX_TEST);
    screen_free(s);
    s = screen_at(":3\r");
    assert_int_equal(s->envs.at, 2);
    screen_free(s);
}

static void palette__history__comes_back(void **state)
{
    struct screen *s = screen_at(":sort env\r:sort hits\r:");
    (void)state;
    (void)screen_key(s, PRESS_UP);
    assert_string_equal(s->palette.text, "sort hits");
    (void)screen_key(s, PRESS_UP);
    (void)screen_key(s, PRESS_UP); /* there is no older one */
    assert_string_equal(s->palette.text, "sort env");
    (void)screen_key(s, PRESS_DOWN);
    assert_string_equal(s->palette.text, "sort hits");
    (void)screen_key(s, PRESS_DOWN);
    assert_string_equal(s->palette.text, "");
    for (int i = 0; i < 3 * HISTORY_MAX; i++)
        for (const char *k = i % 2 ? "\x1b:sort env\r" : "\x1b:sort age\r"; *k; k++)
            (void)screen_key(s, (unsigned char)*k);
    assert_int_equal(s->nhistory, 3); /* each once */
    screen_free(s);
}

static void palette__words__are_completed(void **state)
{
    struct screen *s = screen_at(":theme co\t");
    (void)state;
    assert_string_equal(s->palette.text, "theme contrast");
    assert_int_equal(screen_key(s, '\r') & EFFECT_THEME, EFFECT_THEME);
    assert_int_equal(s->look.theme, THEME_CONTRAST);
    screen_free(s);
    s = screen_at(":columns +lat -p\t");
    assert_string_equal(s->palette.text, "columns +lat -p"); /* previous, pg */
    screen_free(s);
    s = screen_at(":theme nothing\r");
    assert_non_null(strstr(s->message, "no theme \"nothing\""));
    screen_free(s);
}

/* ------------------------------------------------------------- changes */

static void changes__worse_and_better__until_looked_at(void **state)
{
    struct change c = {.seen = STATE_WAIT, .last = STATE_WAIT};
    (void)state;
    assert_false(change_note(&c, STATE_OK, false)); /* while sources answer one by one nothing changes */
    assert_false(change_note(&c, STATE_FAILED, false));
    assert_false(c.worse || c.better);
    assert_false(change_note(&c, STATE_FAILED, true)); /* the first answer is no change */
    assert_false(c.worse || c.better);
    assert_false(change_note(&c, STATE_OK, true));
    assert_true(c.better);
    assert_true(change_note(&c, STATE_STALE, true));
    assert_true(c.better); /* than it was looked at */
    assert_true(change_note(&c, STATE_FAILED, true));
    assert_false(c.worse || c.better); /* as it was looked at */
    (void)change_note(&c, STATE_OK, true);
    change_look(&c);
    assert_false(c.worse || c.better);
    assert_true(change_note(&c, STATE_UNKNOWN, true));
    assert_true(c.worse);
    assert_false(change_note(&c, STATE_UNKNOWN, true)); /* called once */
    assert_true(change_note(&c, STATE_POISONED, true));
}

/* ----------------------------------------------------------- attention */

static void judge_away(const struct board *b, const struct env_view *v, struct verdict *out)
{
    (void)b;
    *out = (struct verdict){.state = STATE_UNKNOWN, .ncauses = 1};
    out->causes[0].state = STATE_UNKNOWN;
    str_fmt(out->causes[0].text, sizeof(out->causes[0].text), "no answer from %s for %zus",
            v->conf->protect ? "eu-west-1" : "us-east-1", strlen(v->conf->name) * 7);
}

/* A network that is away: a line for each place that is, not for each environment. */
static void attention__the_same_trouble__is_one_line(void **state)
{
    struct screen_settings set = {.judge = judge_away};
    struct screen *s = screen_new(&set, fix_board());
    struct grid *g = grid_new(24, 80, false);
    struct strbuf text;
    size_t lines = 0;
    (void)state;
    strbuf_init(&text, 1 << 16);
    screen_draw(s, g);
    grid_to_text(g, &text);
    for (const char *at = strbuf_peek(&text); (at = strstr(at, "no answer from")); at++)
        lines++;
    assert_int_equal(lines, 2);
    assert_non_null(strstr(strbuf_peek(&text), " +3 ")); /* dev, test, stage, legacy */
    assert_non_null(strstr(strbuf_peek(&text), "NEEDS ATTENTION 7"));
    strbuf_clear(&text);
    grid_free(g);
    screen_free(s);
}

static void judge_failed(const struct board *b, const struct env_view *v, struct verdict *out)
{
    (void)b;
    *out = (struct verdict){.state = STATE_FAILED, .ncauses = 1};
    out->causes[0].state = STATE_FAILED;
    str_fmt(out->causes[0].text, sizeof(out->causes[0].text), "refused (login as \"%s\")", v->conf->name);
}

/* One server away is one line; a password that is refused is each environment's own. */
static void attention__one_server_away__is_one_line(void **state)
{
    (void)state;
    for (int away = 0; away < 2; away++) {
        struct screen_settings set = {.judge = judge_failed};
        struct board *b = fix_board();
        for (size_t i = 0; i < b->n; i++) {
            struct db_snap *d = (struct db_snap *)(uintptr_t)b->envs[i].db;
            d->result = DB_LOGIN_FAILED;
            d->failed = away ? PHASE_CONNECT : PHASE_AUTH;
            d->port = 5432;
            str_copy(d->host, sizeof(d->host), i == 0 ? "elsewhere" : "db");
        }
        struct screen *s = screen_new(&set, b);
        struct grid *g = grid_new(48, 160, false);
        struct strbuf text;
        size_t lines = 0;
        strbuf_init(&text, 1 << 16);
        screen_draw(s, g);
        grid_to_text(g, &text);
        for (const char *at = strbuf_peek(&text); (at = strstr(at, "refused (login")); at++)
            lines++;
        assert_int_equal(lines, away ? 2 : FIX_N);
        strbuf_clear(&text);
        grid_free(g);
        screen_free(s);
    }
}

/* --------------------------------------------------------------- mouse */

static void find_text(const struct grid *g, const char *text, int *out_y, int *out_x)
{
    for (int y = 0; y < g->rows; y++)
        for (int x = 0; x + (int)strlen(text) <= g->cols; x++) {
            size_t i = 0;
            while (text[i] && grid_cell(g, y, x + (int)i)->ch == (uint32_t)(unsigned char)text[i])
                i++;
            if (!text[i]) {
                *out_y = y;
                *out_x = x;
                return;
            }
        }
    fail_msg("'%s' is not there", text);
}

static unsigned click_text(struct screen *s, struct grid *g, const char *text)
{
    int y = 0, x = 0;
    screen_draw(s, g);
    find_text(g, text, &y, &x);
    return screen_click(s, g, y, x, 0);
}

static void mouse__rows_heads_tabs_and_keys__are_clickable(void **state)
{
    struct screen *s = screen_at("");
    struct grid *g = grid_new(24, 80, false);
    (void)state;
    (void)click_text(s, g, "stage ");
    assert_int_equal(s->env, FIX_STAGE);
    (void)click_text(s, g, "HITS HIT%");
    assert_int_equal(s->look.sort, ENV_COLUMN_HITS);
    assert_int_equal(s->env, FIX_STAGE); /* wherever its row went */
    (void)click_text(s, g, "HITS HIT%");
    assert_true(s->look.reverse);
    (void)click_text(s, g, "stage ");
    assert_int_equal(s->view, VIEW_DETAIL); /* chosen already: Enter */
    (void)click_text(s, g, "3 Events");
    assert_int_equal(s->view, VIEW_EVENTS);
    (void)click_text(s, g, "1  2 [3 Events]"); /* beside a note of its own: keys alone */
    assert_int_equal(s->view, VIEW_OVERVIEW);
    (void)click_text(s, g, "?:Help");
    assert_int_equal(s->view, VIEW_HELP);
    assert_int_equal(click_text(s, g, "Q:Quit") & EFFECT_QUIT, EFFECT_QUIT);
    grid_free(g);
    screen_free(s);
}

static void mouse__a_question__is_not_answered_by_it(void **state)
{
    struct screen *s = screen_at("GP"); /* psql on a protected one */
    struct grid *g = grid_new(24, 80, false);
    (void)state;
    assert_true(s->confirm.open);
    screen_draw(s, g);
    for (int y = 0; y < 24; y++)
        for (int x = 0; x < 80; x++)
            assert_int_equal(screen_click(s, g, y, x, 0), EFFECT_REDRAW);
    assert_true(s->confirm.open);
    assert_int_equal(s->view, VIEW_OVERVIEW);
    grid_free(g);
    screen_free(s);
}

static void mouse__wheel__moves_and_stops(void **state)
{
    struct screen *s = screen_at("");
    struct grid *g = grid_new(24, 80, false);
    (void)state;
    screen_draw(s, g);
    (void)screen_click(s, g, 5, 5, 1);
    assert_int_equal(s->envs.at, 3);
    for (int i = 0; i < 9; i++)
        (void)screen_click(s, g, 5, 5, 1);
    assert_int_equal(s->envs.at, FIX_N - 1);
    for (int i = 0; i < 9; i++)
        (void)screen_click(s, g, 5, 5, -1);
    assert_int_equal(s->envs.at, 0);
    grid_free(g);
    screen_free(s);
}

/* ---------------------------------------------------------- remembered */

static void remembered__there_and_back__is_the_same(void **state)
{
    struct preferences *kept = mem_new(sizeof(*kept)), *again = mem_new(sizeof(*again));
    struct screen *s = screen_at(":sort hits\rS:columns +lat -pg\r:group tag team\r:theme safe\rwum");
    (void)state;
    remembered_take(s, kept);
    assert_string_equal(kept->sort, "HITS");
    assert_string_equal(kept->columns, "-PG +LATENCY");
    assert_string_equal(kept->group, "tag team");
    assert_string_equal(kept->theme, "safe");
    assert_true(kept->reverse && kept->wide && kept->local_time && kept->mouse);
    assert_int_equal(kept->ncommands, 4);
    screen_free(s);
    s = screen_at("");
    remembered_apply(s, kept);
    assert_int_equal(s->look.theme, THEME_SAFE);
    remembered_take(s, again);
    assert_memory_equal(kept, again, sizeof(*kept));
    screen_free(s);
    free(kept);
    free(again);
}

static void remembered__what_is_no_more__is_left_out(void **state)
{
    struct preferences *p = mem_new(sizeof(*p));
    struct screen *s = screen_at("");
    (void)state;
    str_copy(p->sort, sizeof(p->sort), "nothing");
    str_copy(p->columns, sizeof(p->columns), "+nothing -env +  -");
    str_copy(p->group, sizeof(p->group), "tag");
    str_copy(p->theme, sizeof(p->theme), "plaid");
    p->ncommands = 2;
    str_copy(p->commands[0], sizeof(p->commands[0]), "\x1b]0;x");
    memset(p->commands[1], 'a', PREFERENCE_MAX - 1);
    remembered_apply(s, p);
    assert_int_equal(s->look.sort, ENV_COLUMN_STATE);
    assert_int_equal(s->look.always | s->look.never, 0);
    assert_int_equal(s->look.group, GROUP_BY_NOTHING);
    assert_int_equal(s->look.theme, THEME_DARK);
    assert_int_equal(s->nhistory, 0);
    screen_free(s);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort__any_column__by_what_it_says),
        cmocka_unit_test(filter__by_counts__asks_for_the_hour),
        cmocka_unit_test(sort__unknown__is_last),
        cmocka_unit_test(sort_key__walks_what_can_be_seen),
        cmocka_unit_test(group__by_tag__keeps_groups_together),
        cmocka_unit_test(group__any_height__shows_the_chosen_one),
        cmocka_unit_test(columns__chosen__are_shown_or_not),
        cmocka_unit_test(menu__space__goes_round),
        cmocka_unit_test(copy__a_value__and_never_in_restricted_mode),
        cmocka_unit_test(marks__are_by_environment_not_by_row),
        cmocka_unit_test(compare__takes_the_marked_one),
        cmocka_unit_test(compare__next_and_previous__pass_over_the_other),
        cmocka_unit_test(env__by_name__also_when_it_is_hidden),
        cmocka_unit_test(palette__history__comes_back),
        cmocka_unit_test(palette__words__are_completed),
        cmocka_unit_test(changes__worse_and_better__until_looked_at),
        cmocka_unit_test(attention__the_same_trouble__is_one_line),
        cmocka_unit_test(attention__one_server_away__is_one_line),
        cmocka_unit_test(mouse__rows_heads_tabs_and_keys__are_clickable),
        cmocka_unit_test(mouse__a_question__is_not_answered_by_it),
        cmocka_unit_test(mouse__wheel__moves_and_stops),
        cmocka_unit_test(remembered__there_and_back__is_the_same),
        cmocka_unit_test(remembered__what_is_no_more__is_left_out),
    };
    return cmocka_run_group_tests_name("ui table", tests, NULL, NULL);
}
