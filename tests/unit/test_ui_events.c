/* The list of events: an update that takes what is new gives what building anew gives,
 * whatever came, went and was asked for, and however little it looks at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/event_list.h"

#define ENVS 3
#define CHUNKS 40
#define ROWS 12
#define NOW INT64_C(1788532327900)

static unsigned seed;

static unsigned next(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

/* A world whose snapshots grow at the end and lose at the front. */
struct world {
    struct config_environment conf[ENVS];
    struct event_chunk *all[ENVS][CHUNKS];
    size_t first[ENVS], last[ENVS];
    struct board *board;
};

static struct event_chunk *chunk_new(int64_t time_ms)
{
    static const char *const texts[] = {"Fetching credentials", "17ms", "28P01 password authentication failed", "warn"};
    struct event_chunk *c = mem_new(sizeof(*c));
    c->nrows = 1 + next(ROWS);
    c->rows = mem_array(c->nrows, sizeof(*c->rows));
    for (size_t i = 0; i < c->nrows; i++) {
        struct event_row *r = &c->rows[i];
        time_ms += next(3);
        *r = (struct event_row){.time_ms = time_ms - (int64_t)next(2) * next(40) * 100, /* some come late */
                                .ingested_ms = time_ms,
                                .kind = (enum event_kind)next(EVENT_KINDS),
                                .flags = next(8),
                                .container = 1 + next(3),
                                .text = texts[next(ARRAY_LEN(texts))]};
        str_fmt(r->request, sizeof(r->request), "%08x-1", seed);
    }
    for (size_t i = 1; i < c->nrows; i++) /* by time, as a chunk is */
        for (size_t k = i; k > 0 && c->rows[k - 1].time_ms > c->rows[k].time_ms; k--) {
            struct event_row row = c->rows[k];
            c->rows[k] = c->rows[k - 1];
            c->rows[k - 1] = row;
        }
    return c;
}

static void snap_destroy(struct snap *s)
{
    struct log_snap *l = (struct log_snap *)s;
    free((void *)(uintptr_t)l->chunks);
    free(l);
}

static void publish(struct world *w, struct board *b, size_t env, uint64_t generation)
{
    struct log_snap *l = mem_new(sizeof(*l));
    size_t n = w->last[env] - w->first[env];
    struct event_chunk **chunks = mem_array(n + 1, sizeof(struct event_chunk *));
    l->snap = (struct snap){.destroy = snap_destroy, .generation = generation};
    atomic_init(&l->snap.refs, 1);
    memcpy((void *)chunks, (const void *)&w->all[env][w->first[env]], n * sizeof(*chunks));
    l->chunks = chunks;
    l->nchunks = n;
    b->envs[env].logs = l;
}

static struct board *board_of(struct world *w, uint64_t generation)
{
    static const char *const names[ENVS] = {"prod-eu", "prod-us", "stage"};
    struct board *b = mem_new(sizeof(*b));
    b->n = ENVS;
    b->envs = mem_array(ENVS, sizeof(*b->envs));
    for (size_t i = 0; i < ENVS; i++) {
        w->conf[i].name = names[i];
        b->envs[i].conf = &w->conf[i];
        /* Of what did not change there is the same snapshot. */
        if (w->board && next(3) == 0) {
            const struct log_snap *same = snap_ref(w->board->envs[i].logs);
            b->envs[i].logs = same;
            continue;
        }
        for (unsigned more = next(3); more > 0 && w->last[i] < CHUNKS; more--) {
            w->all[i][w->last[i]] = chunk_new(NOW + (int64_t)generation * 1000);
            w->last[i]++;
        }
        for (unsigned gone = next(3) / 2; gone > 0 && w->first[i] < w->last[i]; gone--)
            w->first[i]++;
        if (next(25) == 0)
            w->first[i] = w->last[i]; /* all of it at once */
        publish(w, b, i, generation);
    }
    return b;
}

static void world_clear(struct world *w)
{
    w->board = board_free(w->board);
    for (size_t env = 0; env < ENVS; env++)
        for (size_t i = 0; i < w->last[env]; i++) {
            free(w->all[env][i]->rows);
            free(w->all[env][i]);
        }
}

static void assert_same(const struct event_list *a, const struct event_list *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->of, b->of);
    assert_int_equal(a->late, b->late);
    assert_memory_equal(a->count, b->count, sizeof(a->count));
    for (size_t i = 0; i < a->n; i++) {
        assert_ptr_equal(a->refs[i].row, b->refs[i].row);
        assert_int_equal(a->refs[i].env, b->refs[i].env);
    }
}

static void list__updates__are_what_building_anew_gives(void **state)
{
    static const char *const texts[] = {"", "warn", "!warn", "kind:hit", "re:^28P01", "late"};
    size_t shown = 0, most = 0;
    (void)state;
    for (unsigned round = 0; round < 60; round++) {
        struct world w = {0};
        struct event_list l = {0};
        bool marked[ENVS] = {true, false, true};
        struct event_wish wish = {.env = SIZE_MAX, .kinds = EVENT_KINDS_ALL};
        struct filter *filter = filter_new("", &event_columns, NOW, false);
        seed = round;
        for (uint64_t generation = 1; generation < 25; generation++) {
            struct board *b = board_of(&w, generation);
            if (next(6) == 0)
                wish.env = next(2) ? SIZE_MAX : next(ENVS);
            if (next(8) == 0) {
                marked[next(ENVS)] ^= true;
                wish.marked = next(2) ? marked : NULL;
            }
            if (next(6) == 0)
                wish.kinds = next(1u << EVENT_KINDS);
            if (next(6) == 0)
                wish.container = next(3);
            if (next(6) == 0) {
                filter_free(filter);
                filter = filter_new(texts[next(ARRAY_LEN(texts))], &event_columns, NOW, false);
                wish.turn++;
            }
            wish.filter = filter;
            wish.from_ms = next(3) == 0 ? NOW + (int64_t)next(20000) : 0;
            wish.to_ms = wish.from_ms > 0 ? wish.from_ms + (int64_t)next(9000) : 0;
            event_list_update(&l, b, &wish, 0);
            w.board = board_free(w.board); /* the older one */
            w.board = b;
            struct event_list anew = {0};
            event_list_update(&anew, b, &wish, 0);
            assert_same(&l, &anew);
            assert_int_equal(l.waiting, 0);
            shown += l.n;
            most = l.n > most ? l.n : most;
            event_list_clear(&anew);
        }
        filter_free(filter);
        event_list_clear(&l);
        world_clear(&w);
    }
    assert_true(shown > 1000 && most > 50); /* there was something to compare */
}

/* A board with one environment that has one large chunk. */
static struct board *large(struct world *w, size_t rows)
{
    struct event_chunk *c = mem_new(sizeof(*c));
    struct board *b = mem_new(sizeof(*b));
    c->nrows = rows;
    c->rows = mem_array(rows, sizeof(*c->rows));
    for (size_t i = 0; i < rows; i++)
        c->rows[i] = (struct event_row){.time_ms = NOW + (int64_t)i, .kind = EVENT_OTHER, .container = 1,
                                        .text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    w->all[0][0] = c;
    w->last[0] = 1;
    w->conf[0].name = "prod";
    b->n = 1;
    b->envs = mem_array(1, sizeof(*b->envs));
    b->envs[0].conf = &w->conf[0];
    publish(w, b, 0, 1);
    w->board = b;
    return b;
}

/* What cannot be looked at in time is looked at later, the newest first. */
static void list__budget__newest_first_and_all_in_the_end(void **state)
{
    struct world w = {0};
    struct event_list l = {0};
    size_t rows = 60000, turns = 0;
    struct board *b = large(&w, rows);
    struct filter *filter = filter_new("re:(a?){40}a{40}", &event_columns, NOW, false);
    struct event_wish wish = {.env = SIZE_MAX, .kinds = EVENT_KINDS_ALL, .filter = filter};
    (void)state;
    do {
        event_list_update(&l, b, &wish, 1);
        assert_int_equal(l.of, rows); /* counted at once */
        assert_int_equal(l.n + l.waiting, rows);
        assert_true(l.n > 0);
        assert_int_equal(l.refs[l.n - 1].row->time_ms, NOW + (int64_t)rows - 1);
        assert_int_equal(l.refs[0].row->time_ms, NOW + (int64_t)l.waiting);
        turns++;
    } while (l.waiting > 0);
    assert_true(turns > 3);
    filter_free(filter);
    event_list_clear(&l);
    world_clear(&w);
}

static void list__key__finds_its_row_again(void **state)
{
    struct world w = {0};
    struct event_list l = {0};
    struct event_wish wish = {.env = SIZE_MAX, .kinds = EVENT_KINDS_ALL};
    (void)state;
    seed = 5;
    w.board = board_of(&w, 1);
    for (uint64_t g = 2; g < 12; g++) {
        struct board *b = board_of(&w, g);
        board_free(w.board);
        w.board = b;
    }
    event_list_update(&l, w.board, &wish, 0);
    assert_true(l.n > 20);
    for (size_t i = 0; i < l.n; i++) {
        struct event_key key = event_list_key(&l, i);
        size_t at = event_list_find(&l, &key);
        assert_int_equal(l.refs[at].row->time_ms, l.refs[i].row->time_ms);
        assert_string_equal(l.refs[at].row->request, l.refs[i].row->request);
    }
    struct event_key key = event_list_key(&l, 3);
    key.env = 99; /* gone: where its time would put it */
    assert_int_equal(l.refs[event_list_find(&l, &key)].row->time_ms, key.time_ms);
    assert_false(event_list_key(&l, l.n).some);
    event_list_clear(&l);
    assert_int_equal(event_list_find(&l, &key), 0);
    world_clear(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(list__updates__are_what_building_anew_gives),
        cmocka_unit_test(list__budget__newest_first_and_all_in_the_end),
        cmocka_unit_test(list__key__finds_its_row_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
