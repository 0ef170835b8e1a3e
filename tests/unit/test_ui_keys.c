/* The key table is whole: no key means two things in one place, every row is
 * reachable, on the help screen, and does what it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ui/keys.h"
#include "ui/ordering.h"
#include "ui/screen.h"
#include "ui/tries.h"
#include "ui/view.h"

#include "tests/screens/fixture.c"
#include "tests/screens/fixture_orders.c"

static const unsigned places[] = {IN_OVERVIEW, IN_DETAIL, IN_EVENTS, IN_ORDERS, IN_CONNECT, IN_JOURNAL, IN_POSTURE, IN_COST, IN_HELP};

static bool has_word(const char *list, const char *word, size_t n)
{
    for (; *list; list += strcspn(list, " "), list += strspn(list, " "))
        if (strcspn(list, " ") == n && memcmp(list, word, n) == 0)
            return true;
    return false;
}

/* The key of a name of keys.def, found through key_label() itself. */
static uint32_t press_named(const char *name, size_t n)
{
    char label[8];
    for (uint32_t p = 1; p < 0x80; p++)
        if (strlen(key_label(p, label)) == n && memcmp(label, name, n) == 0)
            return p;
    for (uint32_t p = PRESS_UP; p < PRESS_OTHER; p++)
        if (strlen(key_label(p, label)) == n && memcmp(label, name, n) == 0)
            return p;
    return 0;
}

static void keys__each_key__means_one_thing_in_a_place(void **state)
{
    (void)state;
    for (int a = COMMAND_NONE + 1; a < COMMAND_COUNT; a++) {
        const struct key_row *row = key_row((enum command)a);
        for (const char *k = row->keys; *k; k += strcspn(k, " "), k += strspn(k, " "))
            for (int b = a + 1; b < COMMAND_COUNT; b++)
                if ((row->where & key_row((enum command)b)->where) &&
                    has_word(key_row((enum command)b)->keys, k, strcspn(k, " ")))
                    fail_msg("%.*s has two meanings: %s; %s", (int)strcspn(k, " "), k, row->help,
                             key_row((enum command)b)->help);
    }
}

static void keys__each_row__can_be_pressed(void **state)
{
    (void)state;
    for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
        const struct key_row *row = key_row((enum command)c);
        assert_true(row->where != 0 && row->help[0]);
        for (const char *k = row->keys; *k; k += strcspn(k, " "), k += strspn(k, " ")) {
            uint32_t press = press_named(k, strcspn(k, " "));
            if (press == 0)
                fail_msg("no key is called %.*s", (int)strcspn(k, " "), k);
            for (size_t p = 0; p < ARRAY_LEN(places); p++)
                assert_int_equal(key_command(press, places[p]) == (enum command)c, (row->where & places[p]) != 0);
        }
    }
    assert_int_equal(key_command(PRESS_OTHER, IN_ALL), COMMAND_NONE);
    assert_int_equal(key_command(0, IN_ALL), COMMAND_NONE);
    assert_int_equal(key_command(0x65e5, IN_ALL), COMMAND_NONE);
    assert_null(key_row(COMMAND_NONE));
    assert_null(key_row(COMMAND_COUNT));
}

static struct screen *screen_of(struct board *b)
{
    struct screen_settings set = {.judge = fix_judge};
    return screen_new(&set, b);
}

static void press_all(struct screen *s, const char *keys)
{
    struct grid *g = grid_new(24, 80, false);
    screen_draw(s, g);
    for (; *keys; keys++) {
        (void)screen_key(s, (unsigned char)*keys);
        screen_draw(s, g);
    }
    grid_free(g);
}

static void keys__help__shows_every_row(void **state)
{
    struct screen *s = screen_of(fix_board());
    struct grid *g = grid_new(160, 100, false);
    struct strbuf text;
    (void)state;
    press_all(s, "?");
    strbuf_init(&text, 1 << 16);
    screen_draw(s, g);
    grid_to_text(g, &text);
    for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
        char line[128];
        str_fmt(line, sizeof(line), "%-13s %s", key_row((enum command)c)->keys, key_row((enum command)c)->help);
        if (!strstr(strbuf_peek(&text), line))
            fail_msg("not on the help screen: %s", line);
    }
    for (int k = 0; k < STATE_COUNT; k++)
        assert_non_null(strstr(strbuf_peek(&text), env_state_help((enum env_state)k)));
    strbuf_clear(&text);
    grid_free(g);
    screen_free(s);
}

/* Any command, in any view, with and without data, with environments and without. */
static void keys__each_command__works_on_any_board(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (size_t v = 0; v < VIEW_COUNT; v++) {
            for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
                struct screen *s = screen_of(kind == 0 ? fix_board() : kind == 1 ? fix_board_empty() : fix_board_of(0));
                struct grid *g = grid_new(24, 80, false);
                screen_go(s, (enum view_id)v);
                screen_draw(s, g);
                unsigned effects = command_run(s, (enum command)c);
                assert_true(effects != 0);
                assert_int_equal((effects & EFFECT_QUIT) != 0,
                                 c == COMMAND_QUIT || (c == COMMAND_BACK && v == VIEW_OVERVIEW));
                screen_draw(s, g);
                grid_free(g);
                screen_free(s);
            }
        }
    }
}

/* ----------------------------------------------------- what keys lead to */

static const char *chosen(const struct screen *s)
{
    return s->board->envs[s->env].conf->name;
}

static void screen__choice__is_a_name_and_not_a_row(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    assert_string_equal(chosen(s), "legacy"); /* worst first */
    press_all(s, "jjj");
    assert_string_equal(chosen(s), "stage");
    press_all(s, ":sort env\r");
    assert_string_equal(chosen(s), "stage");
    assert_int_equal(s->envs.at, 5);
    screen_update(s, fix_board());
    assert_string_equal(chosen(s), "stage");
    press_all(s, "/prod\r"); /* hidden: its place's row is chosen */
    assert_int_equal(s->nrows, 2);
    assert_string_equal(chosen(s), "prod-us");
    press_all(s, "\x1b");
    assert_int_equal(s->nrows, FIX_N);
    assert_string_equal(chosen(s), "prod-us");
    screen_free(s);
}

static void screen__untouched__the_top_row_is_chosen(void **state)
{
    struct screen *s = screen_of(fix_board_empty());
    (void)state;
    assert_string_equal(chosen(s), "dev");
    screen_update(s, fix_board());
    assert_string_equal(chosen(s), "legacy");
    press_all(s, "k");
    screen_update(s, fix_board_empty());
    assert_string_equal(chosen(s), "legacy");
    screen_free(s);
}

static void screen__pause__holds_the_picture(void **state)
{
    struct screen *s = screen_of(fix_board());
    const struct board *held = s->board;
    (void)state;
    press_all(s, "p");
    screen_update(s, fix_board_empty());
    screen_update(s, fix_board_empty());
    assert_ptr_equal(s->board, held);
    assert_int_equal(s->held_back, 2);
    press_all(s, "p");
    screen_update(s, fix_board_empty());
    assert_int_equal(s->verdicts[FIX_LEGACY].state, STATE_WAIT);
    screen_free(s);
}

static void screen__back__leads_up_and_out(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press_all(s, "\re?");
    assert_int_equal(s->view, VIEW_HELP);
    press_all(s, "q");
    assert_int_equal(s->view, VIEW_EVENTS);
    press_all(s, "\x1b");
    assert_int_equal(s->view, VIEW_DETAIL);
    press_all(s, "q");
    assert_int_equal(s->view, VIEW_OVERVIEW);
    press_all(s, "\x1b");
    assert_int_equal(s->view, VIEW_OVERVIEW);
    assert_int_equal(screen_key(s, 'q'), EFFECT_QUIT);
    screen_free(s);
}

static void screen__events__follow_until_moved(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press_all(s, "3");
    assert_true(s->follow);
    assert_int_equal(s->events.at + 1, s->log.n);
    press_all(s, "kk");
    assert_false(s->follow);
    press_all(s, "G");
    assert_true(s->follow);
    press_all(s, "/db-error\r");
    assert_int_equal(s->log.n, 2);
    press_all(s, "\x1bN"); /* the filter is gone, its words are still looked for */
    assert_int_equal(s->log.refs[s->events.at].row->kind, EVENT_DB_ERROR);
    press_all(s, "NNNN");
    assert_non_null(strstr(s->message, "no earlier"));
    for (size_t i = 1; i < s->log.n; i++)
        assert_true(s->log.refs[i - 1].row->time_ms <= s->log.refs[i].row->time_ms);
    screen_free(s);
}

static void screen__newest_events__are_those_of_the_whole_list(void **state)
{
    struct board *b = fix_board();
    struct event_wish wish = {.env = SIZE_MAX, .kinds = EVENT_KINDS_ALL};
    struct event_list all = {0};
    struct event_ref newest[40];
    (void)state;
    event_list_update(&all, b, &wish, 0);
    for (size_t max = 0; max <= 40; max++) {
        size_t n = event_list_newest(b, &wish, newest, max);
        assert_int_equal(n, max < all.n ? max : all.n);
        for (size_t i = 0; i < n; i++)
            assert_ptr_equal(newest[i].row, all.refs[all.n - 1 - i].row);
    }
    event_list_clear(&all);
    board_free(b);
}

static void screen__refresh__asks_for_one_or_all(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    assert_int_equal(screen_key(s, 'r'), EFFECT_REDRAW | EFFECT_REFRESH_ALL);
    assert_int_equal(screen_key(s, PRESS_F1 + 4), EFFECT_REDRAW | EFFECT_REFRESH_ALL);
    press_all(s, "\r");
    assert_int_equal(screen_key(s, 'R' - 0x40), EFFECT_REDRAW | EFFECT_REFRESH);
    assert_int_equal(screen_key(s, 'R'), EFFECT_REDRAW | EFFECT_ORDER); /* the capital is another key: a plan */
    assert_true(s->wish.dry_run);
    screen_free(s);
}

static void screen__focus__is_what_is_looked_at_alone(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    assert_int_equal(screen_focus(s), SIZE_MAX);
    press_all(s, "j\r");
    assert_int_equal(screen_focus(s), FIX_TEST);
    press_all(s, "?");
    assert_int_equal(screen_focus(s), FIX_TEST); /* help lies over it */
    press_all(s, "qe");
    assert_int_equal(screen_focus(s), FIX_TEST);
    press_all(s, "]");
    assert_int_equal(screen_focus(s), FIX_DR_EU);
    press_all(s, "a");
    assert_int_equal(screen_focus(s), SIZE_MAX); /* the events of all */
    press_all(s, "8");
    assert_int_equal(screen_focus(s), SIZE_MAX);
    screen_free(s);
    s = screen_of(fix_board_of(0));
    press_all(s, "23");
    assert_int_equal(screen_focus(s), SIZE_MAX);
    screen_free(s);
}

static void screen__filter__attention_says_what_it_hides(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    assert_int_equal(s->nworst, 5);
    press_all(s, "/prod\r");
    assert_int_equal(s->nworst, 1);
    assert_int_equal(s->nworst_of, 5);
    assert_int_equal(s->worst[0], FIX_PROD_EU);
    press_all(s, "\x1b/prod-us\r");
    assert_int_equal(s->nworst, 0);
    assert_int_equal(s->nworst_of, 5);
    press_all(s, "\x1b");
    assert_int_equal(s->nworst, 5);
    screen_free(s);
}

static void screen__cost__chooses_the_same_environment(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press_all(s, "jj8");
    assert_int_equal(s->view, VIEW_COST);
    assert_string_equal(chosen(s), "dr-eu");
    assert_int_equal(s->costs.at, FIX_DR_EU);
    press_all(s, "j\r");
    assert_int_equal(s->view, VIEW_DETAIL);
    assert_string_equal(chosen(s), "legacy");
    press_all(s, "\t\t\t\t\t\t\t"); /* detail, events, orders, connect, journal, posture, cost, overview */
    assert_int_equal(s->view, VIEW_OVERVIEW);
    assert_string_equal(chosen(s), "legacy");
    screen_free(s);
}

static void screen__mfa_question__takes_six_digits(void **state)
{
    struct screen *s = screen_of(fix_board());
    const struct mfa_view what = {.id = 7, .serial = "arn:aws:iam::111122223333:mfa/ana", .role = "ops"},
                          next = {.id = 8, .serial = "GAHT1", .role = "ops"};
    (void)state;
    question_put(&s->question, &what);
    assert_int_equal(screen_key(s, '1'), EFFECT_REDRAW);
    assert_string_equal(s->question.code, ""); /* typed before it was seen */
    press_all(s, "q12x3");
    assert_int_equal(s->view, VIEW_OVERVIEW);
    assert_string_equal(s->question.code, "123");
    assert_int_equal(screen_key(s, PRESS_ENTER), EFFECT_REDRAW);
    assert_non_null(s->question.note);
    press_all(s, "45678");
    assert_string_equal(s->question.code, "123456");
    question_put(&s->question, &what); /* asked still: what is typed stays */
    assert_string_equal(s->question.code, "123456");
    assert_int_equal(screen_key(s, PRESS_ENTER), EFFECT_REDRAW | EFFECT_CODE);
    question_put(&s->question, &next); /* another one begins empty, and unseen */
    assert_string_equal(s->question.code, "");
    assert_int_equal(screen_key(s, PRESS_ESC), EFFECT_REDRAW);
    press_all(s, "12\x7f\x15"
                 "9");
    assert_string_equal(s->question.code, "9");
    assert_int_equal(screen_key(s, PRESS_ESC), EFFECT_REDRAW | EFFECT_NO_CODE);
    assert_int_equal(screen_key(s, 3), EFFECT_QUIT); /* Ctrl-C leaves from anywhere */
    question_put(&s->question, NULL);
    assert_false(s->question.open);
    assert_int_equal(screen_key(s, 'q'), EFFECT_QUIT);
    screen_free(s);
}

static void screen__test__is_ordered_for_the_chosen_environment(void **state)
{
    struct screen *s = screen_of(fix_board());
    struct why why = {0};
    (void)state;
    press_all(s, "jj"); /* dr-eu */
    assert_int_equal(screen_key(s, 't'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.kind, ORDER_TEST);
    assert_int_equal(s->wish.env, FIX_DR_EU);
    assert_string_equal(s->wish.seen_version, s->board->envs[FIX_DR_EU].secret->current_id);
    assert_string_equal(s->wish.stage, ""); /* every labelled version */
    (void)why_set(&why, ERR_BUSY, "test login: an order on dr-eu is under way");
    ordering_done(s, 0, &why);
    assert_non_null(strstr(s->message, "an order on dr-eu is under way"));
    assert_int_equal(s->told, 0);
    press_all(s, "]");
    assert_int_equal(screen_key(s, 'T'), EFFECT_REDRAW); /* the capital orders nothing */
    assert_non_null(strstr(s->message, "does nothing"));
    press_all(s, "5j");
    assert_int_equal(screen_key(s, 't'), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.env, s->env);
    press_all(s, "8");
    assert_int_equal(screen_key(s, 't'), EFFECT_REDRAW);
    screen_free(s);
    s = screen_of(fix_board_of(0));
    assert_int_equal(screen_key(s, 't'), EFFECT_REDRAW);
    assert_non_null(strstr(s->message, "no environment is chosen"));
    screen_free(s);
}

static void screen__outcome__is_said_once_and_only_of_what_was_ordered_here(void **state)
{
    struct screen *s = screen_of(fix_board());
    struct why why = {0};
    (void)state;
    screen_update(s, fix_board_ordered()); /* somebody else's */
    assert_string_equal(s->message, "");
    s->wish = (struct order){.kind = ORDER_TEST, .env = FIX_PROD_EU};
    ordering_done(s, 4, &why);
    assert_non_null(strstr(s->message, "test login of prod-eu ordered"));
    screen_update(s, fix_board_ordered()); /* it runs */
    assert_int_equal(s->told, 4);
    struct board *b = fix_board_ordered();
    struct order_view *o = &((struct orders_snap *)(uintptr_t)b->orders)->orders[0];
    o->state = ORDER_FAILED;
    o->ended_wall_ms = b->wall_ms;
    str_copy(o->words, sizeof(o->words), "the database takes AWSPREVIOUS");
    screen_update(s, b);
    assert_string_equal(s->message, "test login of prod-eu failed: the database takes AWSPREVIOUS");
    assert_int_equal(s->told, 0);
    screen_now(s, FIX_MONO + 10000, fix_now());
    assert_string_not_equal(s->message, ""); /* an outcome stays longer than other words */
    screen_now(s, FIX_MONO + 20000, fix_now());
    screen_update(s, fix_board_ordered());
    assert_string_equal(s->message, "");
    screen_free(s);
}

static void screen__audit__says_why_a_test_is_off(void **state)
{
    struct screen_settings set = {.judge = fix_judge, .audit = true};
    struct screen *s = screen_new(&set, fix_board_audit());
    (void)state;
    for (const char *place = "125"; *place; place++) {
        (void)screen_key(s, (unsigned char)*place);
        assert_int_equal(screen_key(s, 't'), EFFECT_REDRAW);
        assert_non_null(strstr(s->message, order_refusal(true, ORDER_TEST)));
    }
    assert_string_equal(command_refusal(s, COMMAND_LOGIN), order_refusal(true, ORDER_TEST));
    assert_null(command_refusal(s, COMMAND_EVENTS));
    screen_free(s);
}

static void screen__orders__open_close_and_cancel(void **state)
{
    struct screen *s = screen_of(fix_board_ordered());
    (void)state;
    press_all(s, "4");
    assert_int_equal(s->order, 4);
    assert_int_equal(screen_key(s, 'x'), EFFECT_REDRAW | EFFECT_CANCEL);
    struct board *b = fix_board_ordered();
    ((struct orders_snap *)(uintptr_t)b->orders)->orders[0].cancellable = false;
    screen_update(s, b);
    assert_int_equal(screen_key(s, 'x'), EFFECT_REDRAW);
    assert_non_null(strstr(s->message, "cannot be stopped safely"));
    press_all(s, "j\r");
    assert_true(s->order_open);
    assert_int_equal(s->order, 3);
    assert_int_equal(screen_key(s, 'x'), EFFECT_REDRAW);
    assert_non_null(strstr(s->message, "has ended (failed)"));
    b = fix_board_ordered(); /* a newer one comes: the chosen one stays chosen */
    struct orders_snap *o = (struct orders_snap *)(uintptr_t)b->orders;
    memmove(&o->orders[1], &o->orders[0], o->n * sizeof(o->orders[0]));
    o->n++;
    o->orders[0].id = 5;
    screen_update(s, b);
    assert_int_equal(s->order, 3);
    assert_int_equal(s->orders.at, 2);
    press_all(s, "\x1b");
    assert_false(s->order_open);
    assert_int_equal(s->view, VIEW_ORDERS);
    press_all(s, "\rq");
    assert_int_equal(s->view, VIEW_ORDERS);
    press_all(s, "q");
    assert_int_equal(s->view, VIEW_OVERVIEW);
    screen_update(s, fix_board()); /* forgotten: nothing is chosen any more */
    press_all(s, "4\r");
    assert_false(s->order_open);
    assert_int_equal(screen_key(s, 'x'), EFFECT_REDRAW);
    assert_non_null(strstr(s->message, "no order is chosen"));
    screen_free(s);
}

static void screen__connect__is_worst_first_and_filtered(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press_all(s, "G5");
    assert_int_equal(s->nways, FIX_N);
    assert_int_equal(s->ways[0], FIX_LEGACY); /* down */
    assert_int_equal(s->ways[1], FIX_DR_EU);  /* old */
    assert_int_equal(s->ways[2], FIX_DEV);
    assert_string_equal(chosen(s), "prod-us"); /* what was chosen stays chosen */
    press_all(s, "g\r");
    assert_int_equal(s->view, VIEW_DETAIL);
    assert_string_equal(chosen(s), "legacy");
    press_all(s, "5/down\r");
    assert_int_equal(s->nways, 1);
    press_all(s, "\x1b/prod\r");
    assert_int_equal(s->nways, 2);
    assert_string_equal(chosen(s), "prod-eu");
    press_all(s, "\x1b\x1b");
    assert_int_equal(s->view, VIEW_DETAIL);
    screen_free(s);
}

static void screen__psql__asks_for_a_protected_name(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    assert_int_equal(screen_key(s, 'P'), EFFECT_REDRAW | EFFECT_ORDER); /* legacy is not protected */
    assert_int_equal(s->wish.kind, ORDER_PSQL);
    assert_int_equal(s->wish.env, FIX_LEGACY);
    (void)screen_key(s, 'j');
    (void)screen_key(s, 'j');
    for (const char *k = "Pdr-eu\r"; *k; k++) /* typed ahead: not seen yet */
        assert_int_equal(screen_key(s, (unsigned char)*k), EFFECT_REDRAW);
    assert_true(s->confirm.open);
    assert_string_equal(s->confirm.typed, "");
    press_all(s, "prod-eu");
    assert_int_equal(screen_key(s, PRESS_ENTER), EFFECT_REDRAW);
    assert_non_null(s->confirm.note);
    press_all(s, "\x15"
                 "dr-euu\x7f");
    assert_int_equal(screen_key(s, PRESS_ENTER), EFFECT_REDRAW | EFFECT_ORDER);
    assert_int_equal(s->wish.env, FIX_DR_EU);
    assert_string_equal(s->wish.confirmed, "dr-eu");
    assert_false(s->confirm.open);
    press_all(s, "P");
    assert_int_equal(screen_key(s, PRESS_ENTER), EFFECT_REDRAW); /* nothing typed: no */
    assert_false(s->confirm.open);
    assert_non_null(strstr(s->message, "nothing was done"));
    press_all(s, "Pdr-eu");
    assert_int_equal(screen_key(s, PRESS_ESC), EFFECT_REDRAW);
    assert_false(s->confirm.open);
    press_all(s, "P");
    assert_int_equal(screen_key(s, 3), EFFECT_QUIT);
    screen_free(s);
    struct screen_settings set = {.judge = fix_judge, .audit = true};
    s = screen_new(&set, fix_board_audit());
    press_all(s, "jj");
    assert_int_equal(screen_key(s, 'P'), EFFECT_REDRAW);
    assert_false(s->confirm.open);
    assert_non_null(strstr(s->message, order_refusal(true, ORDER_PSQL)));
    screen_free(s);
}

static void tries__sums__count_what_happened(void **state)
{
    struct db_snap d = {.nhistory = 0};
    struct tries t;
    (void)state;
    tries_of(&d, &t);
    assert_int_equal(t.n, 0);
    assert_int_equal(t.p50_us, -1);
    assert_int_equal(t.last_good_us, -1);
    static const int32_t history[] = {9000, -1, 1000, 3000, 2000, -1, -1};
    memcpy(d.history_us, history, sizeof(history));
    d.nhistory = ARRAY_LEN(history);
    tries_of(&d, &t);
    assert_int_equal(t.n, 7);
    assert_int_equal(t.failed, 3);
    assert_int_equal(t.flaps, 3);
    assert_int_equal(t.down, 2);
    assert_int_equal(t.p50_us, 2000);
    assert_int_equal(t.p95_us, 9000);
    assert_int_equal(t.last_good_us, 2000);
    for (size_t i = 0; i < DB_HISTORY; i++)
        d.history_us[i] = -1;
    d.nhistory = DB_HISTORY;
    tries_of(&d, &t);
    assert_int_equal(t.down, DB_HISTORY);
    assert_int_equal(t.flaps, 0);
    assert_int_equal(t.p95_us, -1);
}

/* The key on the screen is the one the order's row says. */
static void keys__orders__have_their_rows_key(void **state)
{
    char key[8];
    (void)state;
    assert_string_equal(key_row(COMMAND_LOGIN)->keys, key_label((unsigned char)order_key(ORDER_TEST), key));
    assert_string_equal(key_row(COMMAND_PSQL)->keys, key_label((unsigned char)order_key(ORDER_PSQL), key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys__each_key__means_one_thing_in_a_place),
        cmocka_unit_test(keys__each_row__can_be_pressed),
        cmocka_unit_test(keys__help__shows_every_row),
        cmocka_unit_test(keys__each_command__works_on_any_board),
        cmocka_unit_test(screen__choice__is_a_name_and_not_a_row),
        cmocka_unit_test(screen__untouched__the_top_row_is_chosen),
        cmocka_unit_test(screen__pause__holds_the_picture),
        cmocka_unit_test(screen__back__leads_up_and_out),
        cmocka_unit_test(screen__events__follow_until_moved),
        cmocka_unit_test(screen__newest_events__are_those_of_the_whole_list),
        cmocka_unit_test(screen__refresh__asks_for_one_or_all),
        cmocka_unit_test(screen__focus__is_what_is_looked_at_alone),
        cmocka_unit_test(screen__filter__attention_says_what_it_hides),
        cmocka_unit_test(screen__cost__chooses_the_same_environment),
        cmocka_unit_test(screen__mfa_question__takes_six_digits),
        cmocka_unit_test(screen__test__is_ordered_for_the_chosen_environment),
        cmocka_unit_test(screen__outcome__is_said_once_and_only_of_what_was_ordered_here),
        cmocka_unit_test(screen__audit__says_why_a_test_is_off),
        cmocka_unit_test(screen__orders__open_close_and_cancel),
        cmocka_unit_test(screen__connect__is_worst_first_and_filtered),
        cmocka_unit_test(screen__psql__asks_for_a_protected_name),
        cmocka_unit_test(tries__sums__count_what_happened),
        cmocka_unit_test(keys__orders__have_their_rows_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
