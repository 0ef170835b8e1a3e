/* What keys do on the events screen and to the charts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "ui/screen.h"
#include "ui/verbs.h"
#include "ui/view.h"

#include "tests/screens/fixture.c"

static struct screen *screen_of(struct board *b)
{
    struct screen_settings set = {.judge = fix_judge};
    struct screen *s = screen_new(&set, b);
    s->began_mono_ms = 0;
    return s;
}

static void press(struct screen *s, const char *keys)
{
    struct grid *g = grid_new(24, 80, false);
    screen_draw(s, g);
    for (; *keys; keys++) {
        (void)screen_key(s, (unsigned char)*keys);
        screen_draw(s, g);
    }
    grid_free(g);
}

static const struct event_row *chosen(const struct screen *s)
{
    assert_true(s->log.n > 0);
    return s->log.refs[s->events.at].row;
}

/* The board again, with one event more, which came late: everything below it moves. */
static struct board *with_a_late_one(void)
{
    struct board *b = fix_board();
    struct fix_logs *l = (struct fix_logs *)(uintptr_t)b->envs[FIX_TEST].logs;
    fix_event(l, "2026-09-03T13:58:07.500Z", EVENT_DB_ERROR, EVENT_LATE, 1, "SASL: client password must be a string");
    struct event_row last = l->rows[l->chunk.nrows - 1];
    memmove(&l->rows[2], &l->rows[1], (l->chunk.nrows - 2) * sizeof(last));
    l->rows[1] = last;
    return b;
}

static void events__selection__is_an_event_and_not_a_row(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press(s, "3kkkk");
    struct event_row was = *chosen(s);
    size_t at = s->events.at;
    screen_update(s, with_a_late_one());
    assert_int_equal(s->events.at, at + 1);
    assert_true(chosen(s)->time_ms == was.time_ms && chosen(s)->kind == was.kind);
    press(s, "/hit\r"); /* it passes */
    assert_true(chosen(s)->time_ms == was.time_ms);
    press(s, "\x1b");
    assert_int_equal(s->events.at, at + 1);
    press(s, "?"); /* help lies over it, and data goes on coming */
    screen_update(s, fix_board());
    press(s, "\x1b");
    assert_true(chosen(s)->time_ms == was.time_ms && s->events.at == at);
    screen_free(s);
}

static void events__errors__are_jumped_between(void **state)
{
    struct screen *s = screen_of(fix_board());
    int64_t last = INT64_MAX;
    (void)state;
    press(s, "3");
    for (int i = 0; i < 5; i++) { /* two stale hits, two database errors, a fallback */
        press(s, "{");
        assert_true(EVENT_KINDS_BAD & (1u << chosen(s)->kind));
        assert_true(chosen(s)->time_ms < last);
        last = chosen(s)->time_ms;
    }
    press(s, "{");
    assert_non_null(strstr(s->message, "no earlier error"));
    assert_true(chosen(s)->time_ms == last);
    press(s, "}");
    assert_true(chosen(s)->time_ms > last);
    screen_free(s);
}

static void events__range__is_asked_for_until_it_is_one(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press(s, "3Tsoon\r");
    assert_true(s->prompt.open && strstr(s->message, "14:20-14:40"));
    press(s, "\x15"); /* ^U */
    press(s, "14:31-14:32\r");
    assert_false(s->prompt.open);
    assert_int_equal(s->log.n, 7);
    assert_true(s->log.of == 17);
    press(s, "T\t\t\r"); /* the second of those that are offered */
    assert_true(s->range.last_ms == FIX_HOUR);
    press(s, "T15m\x1b"); /* taken back */
    assert_true(s->range.last_ms == FIX_HOUR);
    press(s, "Tall\r");
    assert_true(range_is_all(&s->range));
    assert_int_equal(verb_run(s, VERB_RANGE, "since 14:32") & EFFECT_REDRAW, EFFECT_REDRAW);
    assert_int_equal(s->log.n, 4);
    (void)verb_run(s, VERB_RANGE, "whenever");
    assert_non_null(strstr(s->message, "14:20-14:40"));
    screen_free(s);
}

static void events__kinds__one_by_one(void **state)
{
    struct screen *s = screen_of(fix_board());
    char words[32];
    (void)state;
    press(s, "3");
    size_t all = s->log.n;
    assert_string_equal(kinds_words(s, words), "main");
    press(s, "Vjj \x1b"); /* no hits */
    assert_int_equal(s->log.n, all - 7);
    assert_string_equal(kinds_words(s, words), "8 of 10");
    press(s, "v"); /* the next choice is whole again */
    assert_string_equal(kinds_words(s, words), "problems");
    assert_int_equal(s->log.n, 5);
    screen_free(s);
}

static void events__whose__one_the_marked_all(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press(s, "j j e");
    size_t marked = 0, listed = 0;
    for (size_t i = 0; i < s->board->n; i++)
        marked += s->marked[i] ? 1 : 0;
    assert_true(marked > 0 && s->nmarked == marked && s->only_marked);
    for (size_t i = 0; i < s->log.n; i++)
        listed += s->marked[s->log.refs[i].env] ? 1 : 0;
    assert_true(listed == s->log.n && listed > 0);
    press(s, "a");
    assert_true(s->everyone && !s->only_marked && s->log.of == 17);
    press(s, "a");
    assert_false(s->everyone);
    press(s, "a");
    assert_true(s->everyone && s->only_marked);
    press(s, "1U3"); /* none is marked any more: all are meant */
    assert_int_equal(s->log.of, 17);
    (void)verb_run(s, VERB_EVENTS, "prod-eu");
    assert_true(!s->everyone && s->env == FIX_PROD_EU && s->log.of == 10);
    (void)verb_run(s, VERB_EVENTS, "nobody");
    assert_non_null(strstr(s->message, "nobody"));
    screen_free(s);
}

static void events__whole__esc_leads_back_step_by_step(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press(s, "3/hit\r\r");
    assert_true(s->event_open);
    press(s, "\x1b");
    assert_true(!s->event_open && s->filter[VIEW_EVENTS][0]);
    press(s, "\x1b");
    assert_true(s->view == VIEW_EVENTS && !s->filter[VIEW_EVENTS][0]);
    press(s, "\x1b");
    assert_true(s->view == VIEW_OVERVIEW);
    screen_free(s);
}

/* Letters typed ahead are looked for once, when they are drawn; a command after them knows. */
static void events__typed_ahead__is_one_look(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press(s, "3");
    for (const char *k = "/db-error"; *k; k++)
        (void)screen_key(s, (unsigned char)*k);
    assert_true(s->log_due);
    (void)screen_key(s, '\r');
    assert_false(s->log_due);
    assert_int_equal(s->log.n, 2);
    screen_free(s);
}

/* What is looked for among very many rows is found some frames later, or left at a key. */
static void events__seek__goes_on_over_frames(void **state)
{
    enum { ROWS = 60000 };
    struct board *b = fix_board();
    struct fix_logs *l = (struct fix_logs *)(uintptr_t)b->envs[FIX_PROD_EU].logs;
    struct event_row *many = mem_array(ROWS, sizeof(*many));
    struct grid *g = grid_new(24, 80, false);
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        many[i] = (struct event_row){.time_ms = fix_now() - ROWS + (int64_t)i,
                                     .kind = EVENT_OTHER,
                                     .container = 1,
                                     .text = i == 0 ? "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"
                                                    : "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    l->chunk.rows = many;
    l->chunk.nrows = ROWS;
    struct screen *s = screen_of(b);
    press(s, "3");
    (void)verb_run(s, VERB_EVENTS, "prod-eu");
    while (s->log.waiting > 0)
        screen_draw(s, g);
    assert_int_equal(s->log.n, ROWS);
    str_copy(s->pattern, sizeof(s->pattern), "re:^(a?){40}a{40}b");
    for (int stopped = 1; stopped >= 0; stopped--) {
        size_t frames = 0;
        press(s, "GN");
        assert_true(screen_is_looking(s) && s->events.at == ROWS - 1);
        if (stopped) {
            press(s, "k"); /* is answered, and what was begun is left */
            assert_true(!screen_is_looking(s) && s->events.at == ROWS - 2);
            continue;
        }
        for (; screen_is_looking(s); frames++)
            screen_draw(s, g);
        assert_true(frames > 2 && s->events.at == 0 && !s->follow);
    }
    press(s, "G");
    str_copy(s->pattern, sizeof(s->pattern), "nothing like it");
    press(s, "N");
    while (screen_is_looking(s))
        screen_draw(s, g);
    assert_non_null(strstr(s->message, "no earlier"));
    assert_int_equal(s->events.at, ROWS - 1);
    screen_free(s);
    grid_free(g);
    free(many);
}

static void detail__span__goes_round(void **state)
{
    struct screen *s = screen_of(fix_board());
    (void)state;
    press(s, "2T");
    assert_true(s->span == SPAN_DAY);
    press(s, "T");
    assert_true(s->span == SPAN_QUARTER);
    press(s, "T");
    assert_true(s->span == SPAN_HOUR);
    screen_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events__selection__is_an_event_and_not_a_row),
        cmocka_unit_test(events__errors__are_jumped_between),
        cmocka_unit_test(events__range__is_asked_for_until_it_is_one),
        cmocka_unit_test(events__kinds__one_by_one),
        cmocka_unit_test(events__whose__one_the_marked_all),
        cmocka_unit_test(events__whole__esc_leads_back_step_by_step),
        cmocka_unit_test(events__typed_ahead__is_one_look),
        cmocka_unit_test(events__seek__goes_on_over_frames),
        cmocka_unit_test(detail__span__goes_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
