/* The screens as text, against tests/screens/golden.  `GOLDEN=write` approves what
 * is drawn now; PRINT=1 shows it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "backend/base/text.h"
#include "ui/ordering.h"
#include "ui/screen.h"
#include "ui/view.h"

#include "tests/screens/fixture.c"
#include "tests/screens/fixture_orders.c"
#include "tests/screens/fixture_journal.c"
#include "tests/screens/fixture_plan.c"

#define GOLDEN_DIR "tests/screens/golden/"

struct scene {
    const char *name;
    const char *keys; /* pressed in order; \x01..: see press() */
    bool styles;      /* compare the styles too */
};

static const struct scene scenes[] = {
    {"overview", "", true},
    {"overview-down", "jj", false},
    {"overview-filter", "/prod\r", false},
    {"overview-filter-none", "/nothing like it\r", false},
    {"overview-filtering", "/pr", false},
    {"overview-problems", "z", false},
    {"overview-name", ":sort env\r", false},
    {"overview-reversed", ":sort hits\rS", false},
    {"overview-account", "o", false},
    {"overview-tag", ":group tag team\r", false},
    {"overview-marked", " j  ", false},
    {"overview-chosen-columns", ":columns +account -pg\r", false},
    {"columns", ":columns\rjj  ", false},
    {"copy", "c", false},
    {"compare", "=", true},
    {"compare-differs", "=z", false},
    {"overview-wide", "w", false},
    {"overview-paused", "p", false},
    {"detail-failed", "\r", true},
    {"detail-stale", "Gkk\r", false},
    {"detail-old", "jj\r", false},
    {"detail-development", "Gk\r", false},
    {"events-all", "3", true},
    {"events-one", "Gkke", false},
    {"events-bad", "3v", false},
    {"events-up", "3kkkk", false},
    {"events-container", "Gkk\r\r", false},
    {"events-whole", "3kkkk\r", true},
    {"events-whole-stale", "Gkke/stale\r\r", false},
    {"events-broken", "Gkke{{\r", false},
    {"events-error", "3{{", false},
    {"events-kinds", "3Vjj ", false},
    {"events-range", "3T14:31-14:32\r", false},
    {"events-range-wrong", "3Tsoon\r", false},
    {"events-regex", "3/kind:hit !re:^1[0-9]ms | delay>30s\r", false},
    {"events-wrong", "3/re:(\r", false},
    {"events-typing", "3/~pw re:[", false},
    {"events-marked", "j je", false},
    {"detail-day", "Gkk\rT", true},
    {"detail-quarter", "Gkk\rTT", false},
    {"orders-none", "4", false},
    {"psql-protected", "jjPdr-", false},
    {"psql-wrong-name", "jjPdr-us\r", false},
    {"connect", "5", true},
    {"connect-down", "5j", false},
    {"connect-well", "5jj", false},
    {"connect-filter", "5/prod\r", false},
    {"posture", "7", true},
    {"posture-down", "7jj", false},
    {"posture-right", "7llllllllllll", false},
    {"posture-problems", "7z", false},
    {"posture-filter", "7/plain\r", false},
    {"cost", "8", true},
    {"cost-down", "8jj", false},
    {"help", "?", false},
    {"help-down", "?\x06", false},
    {"palette", ":p", true},
    {"palette-unknown", ":px\r", false},
    {"palette-verb", ":sort s", false},
    {"bad-key", "x", false},
};

/* With some orders given. */
static const struct scene ordered[] = {
    {"orders", "4", true},        {"orders-down", "4jj", false},   {"orders-open", "4jj\r", false},
    {"orders-test", "t4", false}, {"overview-testing", "", false}, {"detail-tested", "jjj\r", false},
};

static const struct {
    int rows, cols;
    bool utf8;
} sizes[] = {{24, 80, true}, {24, 80, false}, {48, 160, true}, {48, 160, false}, {15, 60, false}, {10, 40, false}, {60, 240, true}};

static struct screen *screen_of(struct board *b, bool audit)
{
    struct screen_settings set = {.audit = audit, .judge = fix_judge};
    struct screen *s = screen_new(&set, b);
    s->began_mono_ms = 0; /* running for a while */
    return s;
}

/* Drawn once before the keys, as on a terminal: paging needs to know the page. */
static void press(struct screen *s, struct grid *g, const char *keys)
{
    screen_draw(s, g);
    for (; *keys; keys++) {
        (void)screen_key(s, (unsigned char)*keys);
        screen_draw(s, g);
    }
}

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    char *text = mem_new(256 * 1024);
    size_t n = fread(text, 1, 256 * 1024 - 1, f);
    text[n] = '\0';
    (void)fclose(f);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static bool same_as_golden(const char *name, const char *kind, const struct grid *g, const struct strbuf *drawn)
{
    char path[256];
    str_fmt(path, sizeof(path), GOLDEN_DIR "%s.%dx%d%s.%s", name, g->cols, g->rows, g->utf8 ? "" : ".ascii", kind);
    if (getenv("PRINT"))
        (void)printf("--- %s\n%s", path, strbuf_peek(drawn));
    if (getenv("GOLDEN")) {
        write_file(path, strbuf_peek(drawn));
        return true;
    }
    char *golden = read_file(path);
    bool same = golden && strcmp(golden, strbuf_peek(drawn)) == 0;
    if (!same)
        (void)printf("--- %s differs (GOLDEN=write approves):\n%s", path, strbuf_peek(drawn));
    free(golden);
    return same;
}

static const struct mfa_view wanted = {
    .id = 1, .serial = "arn:aws:iam::111122223333:mfa/ana", .role = "arn:aws:iam::111122223333:role/ops-rotator"};

static void plan_comes(struct screen *s);

static bool scene_ok(const char *name, const char *keys, bool styles, struct board *b, bool audit, size_t size)
{
    if (sizes[size].cols > 200 && !styles) { /* the main ones alone */
        board_free(b);
        return true;
    }
    struct grid *g = grid_new(sizes[size].rows, sizes[size].cols, sizes[size].utf8);
    struct screen *s = screen_of(b, audit);
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    if (strncmp(name, "mfa", 3) == 0)
        question_put(&s->question, &wanted);
    press(s, g, keys);
    if (strncmp(name, "plan", 4) == 0) {
        plan_comes(s);
        press(s, g, strcmp(name, "plan-protected") == 0 ? "pro" : "");
    }
    grid_to_text(g, &text);
    bool ok = same_as_golden(name, "txt", g, &text);
    if (styles && sizes[size].utf8) {
        strbuf_reset(&text);
        grid_to_styles(g, &text);
        ok = same_as_golden(name, "style", g, &text) && ok;
    }
    strbuf_clear(&text);
    screen_free(s);
    grid_free(g);
    return ok;
}

/* The keys of the session end. */
static struct board *expiring(int64_t left_ms)
{
    struct board *b = fix_board();
    for (size_t i = 0; i < b->n; i++)
        if (b->envs[i].identity)
            ((struct identity_snap *)(uintptr_t)b->envs[i].identity)->expires_ms = b->wall_ms + left_ms;
    return b;
}

/* The past is being read, of one environment by Logs Insights. */
static struct board *fix_board_reading(void)
{
    struct board *b = fix_board();
    for (size_t i = 0; i < b->n; i++) {
        struct log_snap *l = (struct log_snap *)(uintptr_t)b->envs[i].logs;
        if (i != FIX_PROD_EU && i != FIX_STAGE)
            continue;
        l->backfilling = true;
        l->backfill_done = 3;
        l->backfill_slices = 12;
        if (i == FIX_PROD_EU)
            str_copy(l->engine, sizeof(l->engine), "Logs Insights: 23.0h of 4 log groups, about 1.200 GB to scan, $0.0060");
    }
    return b;
}

/* R was pressed, and the plan has come. */
static void plan_comes(struct screen *s)
{
    struct why why = {0};
    ordering_done(s, 5, &why);
    screen_update(s, fix_board_planned(s->wish.env));
}

static void screens__draw__as_approved(void **state)
{
    size_t wrong = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
        for (size_t size = 0; size < ARRAY_LEN(sizes); size++)
            wrong += scene_ok(scenes[i].name, scenes[i].keys, scenes[i].styles, fix_board(), false, size) ? 0 : 1;
    for (size_t i = 0; i < ARRAY_LEN(ordered); i++)
        for (size_t size = 0; size < ARRAY_LEN(sizes); size++)
            wrong +=
                scene_ok(ordered[i].name, ordered[i].keys, ordered[i].styles, fix_board_ordered(), false, size) ? 0 : 1;
    for (size_t size = 0; size < ARRAY_LEN(sizes); size++) {
        wrong += scene_ok("first-paint", "", false, fix_board_empty(), false, size) ? 0 : 1;
        wrong += scene_ok("expiring", "", false, expiring(12 * FIX_MINUTE + 5000), false, size) ? 0 : 1;
        wrong += scene_ok("expiring-detail", "Gkk\r", false, expiring(3 * FIX_HOUR), false, size) ? 0 : 1;
        wrong += scene_ok("mfa", "123x", false, fix_board(), false, size) ? 0 : 1;
        wrong += scene_ok("reading", "", false, fix_board_reading(), false, size) ? 0 : 1;
        wrong += scene_ok("reading-detail", "Gkk\r", false, fix_board_reading(), false, size) ? 0 : 1;
        wrong += scene_ok("reading-events", "3", false, fix_board_reading(), false, size) ? 0 : 1;
        wrong += scene_ok("journal", "6jj", true, fix_board_journal(true), false, size) ? 0 : 1;
        wrong += scene_ok("journal-broken", "6/refused\r", false, fix_board_journal(false), false, size) ? 0 : 1;
        wrong += scene_ok("journal-none", "6", false, fix_board(), false, size) ? 0 : 1;
        wrong += scene_ok("plan", "jR", true, fix_board(), false, size) ? 0 : 1;
        wrong += scene_ok("rotated", "4\r", true, fix_board_rotated(FIX_PROD_EU), false, size) ? 0 : 1;
        wrong += scene_ok("plan-protected", "GkkR", false, fix_board(), false, size) ? 0 : 1;
        wrong += scene_ok("first-posture", "7", false, fix_board_empty(), false, size) ? 0 : 1;
        wrong += scene_ok("audit-posture", "7", false, fix_board_audit(), true, size) ? 0 : 1;
        wrong += scene_ok("first-cost", "8", false, fix_board_empty(), false, size) ? 0 : 1;
        wrong += scene_ok("first-detail", "\r", false, fix_board_empty(), false, size) ? 0 : 1;
        wrong += scene_ok("first-connect", "5", false, fix_board_empty(), false, size) ? 0 : 1;
        wrong += scene_ok("audit-connect", "5", false, fix_board_audit(), true, size) ? 0 : 1;
        wrong += scene_ok("audit-orders", "t4", false, fix_board_audit(), true, size) ? 0 : 1;
        wrong += scene_ok("audit-test", "t", false, fix_board_audit(), true, size) ? 0 : 1;
        wrong += scene_ok("audit-help", "?\x06", false, fix_board_audit(), true, size) ? 0 : 1;
        wrong += scene_ok("audit", "", false, fix_board(), true, size) ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
}

/* Every scene at every size: no crash, and an ASCII grid is ASCII. */
static void screens__any_size__stays_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(scenes) + ARRAY_LEN(ordered); i++) {
        bool some = i >= ARRAY_LEN(scenes);
        const struct scene *scene = some ? &ordered[i - ARRAY_LEN(scenes)] : &scenes[i];
        struct screen *s = screen_of(some ? fix_board_ordered() : fix_board(), i % 2 == 1);
        struct grid *first = grid_new(24, 80, false);
        press(s, first, scene->keys);
        grid_free(first);
        for (int rows = 1; rows <= 70; rows += rows < 30 ? 1 : 7) {
            for (int cols = 1; cols <= 220; cols += cols < 90 ? 3 : 17) {
                struct grid *g = grid_new(rows, cols, false);
                screen_draw(s, g);
                for (int c = 0; c < rows * cols; c++)
                    assert_true(g->cells[c].ch >= 0x20 && g->cells[c].ch < 0x7f && g->cells[c].width == 1);
                grid_free(g);
            }
        }
        screen_free(s);
    }
}

/* In three lines the chosen environment is worth more than heads without rows. */
static void screens__smallest__shows_the_chosen_environment(void **state)
{
    struct screen *s = screen_of(fix_board(), false);
    struct grid *g = grid_new(3, 20, false);
    struct strbuf text;
    (void)state;
    strbuf_init(&text, 1 << 12);
    for (int i = 0; i < 2; i++) {
        press(s, g, i > 0 ? "j" : "");
        strbuf_reset(&text);
        grid_to_text(g, &text);
        if (!strstr(strbuf_peek(&text), screen_env(s)->conf->name))
            fail_msg("no %s on:\n%s", screen_env(s)->conf->name, strbuf_peek(&text));
    }
    strbuf_clear(&text);
    grid_free(g);
    screen_free(s);
}

/* What a line says never moves the columns behind it. */
static void events__hostile_lines__keep_their_columns(void **state)
{
    static const char *const hostile[] = {
        "\x1b[2J\x1b[1;1Hforged", "a\rb\bc\td\ne", "\xe2\x80\xaegpj.exe \xe2\x81\xa6x\xe2\x81\xa9",
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", "e\xcc\x81\xcc\x82\xcc\x83\xcc\x84 combining",
        "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 family \xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
        "\xff\xfe broken \xc3", "\xc2\x9b[31mred", "\xe2\x80\x8b\xef\xbb\xbfzero width"};
    static char safe[ARRAY_LEN(hostile)][400];
    struct board *b = fix_board();
    struct event_chunk *c = (struct event_chunk *)(uintptr_t)b->envs[FIX_PROD_EU].logs->chunks[0];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
        text_safe(safe[i], sizeof(safe[i]), hostile[i], strlen(hostile[i]));
        assert_true(i < c->nrows);
        c->rows[i].text = safe[i];
        c->rows[i].kind = EVENT_OTHER;
    }
    struct screen *s = screen_of(b, false);
    struct grid *first = grid_new(24, 80, true);
    press(s, first, "Gkke");
    grid_free(first);
    for (int cols = 124; cols <= 240; cols++)
        for (int utf8 = 0; utf8 < 2; utf8++) {
            struct grid *g = grid_new(60, cols, utf8 == 1);
            screen_draw(s, g);
            size_t lines = 0;
            for (int y = 0; y < 40; y++) { /* the request's id stands in the last eight columns */
                bool event = grid_cell(g, y, 4)->ch == ':' && grid_cell(g, y, 7)->ch == ':';
                lines += event ? 1 : 0;
                for (int x = 0; event && x < 8; x++)
                    assert_int_equal(grid_cell(g, y, cols - 8 + x)->ch, (uint32_t)"b1c0f7e2"[x]);
            }
            assert_true(lines >= ARRAY_LEN(hostile));
            grid_free(g);
        }
    screen_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens__draw__as_approved),
        cmocka_unit_test(screens__any_size__stays_inside),
        cmocka_unit_test(events__hostile_lines__keep_their_columns),
        cmocka_unit_test(screens__smallest__shows_the_chosen_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
