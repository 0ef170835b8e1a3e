/* The whole program in an emulated terminal: what it draws, what it never sends, and
 * how it leaves.  The program is $CREDTOP, else the one this build made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/keys.h"

#include "tests/screens/terminal.c"

/* --------------------------------------------------------------- start */

static void terminal__nobody_answers__the_screen_is_there(void **state)
{
    struct start s = {.conf = quiet_conf};
    int64_t begun = pty_now_ms();
    struct pty *p = start(&s);
    (void)state;
    expect(p, "WAITING FOR THE FIRST ANSWERS");
    assert_in_range(pty_now_ms() - begun, 0, 1000 * SLOW);
    expect(p, "1 of 1 environments have not answered yet");
    assert_true(is_sane(p, 24));
    pty_keys(p, "Q");
    expect_end(p, 0);
    expect_restored(p);
    pty_free(p);
}

static void terminal__environment__sizes_and_colours(void **state)
{
    struct start lied = {.extra = {"LINES=10", "COLUMNS=30"}}, plain = {.extra = {"NO_COLOR=1"}},
                 option = {.option = "--no-color"}, empty = {.extra = {"NO_COLOR="}};
    struct pty *p = start(&lied), *bare = start(&plain), *asked = start(&option), *coloured = start(&empty);
    (void)state;
    expect(p, "OPERATOR");
    char *first = row(p, 0), *last = row(p, 23);
    assert_int_equal(text_width(first), 79); /* the clock stands at the terminal's own edge */
    assert_non_null(strstr(last, "Quit"));
    free(first);
    free(last);
    assert_true(pty_colored(p));
    assert_true(colours_sent(p) > 10);
    expect(coloured, "OPERATOR");
    assert_true(pty_colored(coloured));
    expect(bare, "OPERATOR");
    expect(asked, "OPERATOR");
    for (size_t i = 0; i < 2; i++) {
        struct pty *none = i == 0 ? bare : asked;
        assert_false(pty_colored(none));
        assert_int_equal(colours_sent(none), 0);
    }
    pty_free(p);
    pty_free(bare);
    pty_free(asked);
    pty_free(coloured);
}

/* Whatever the terminal calls itself, as long as it can move its cursor; without colours where it
 * has none. */
static void terminal__kinds__draw_or_say_why_not(void **state)
{
    static const struct {
        const char *term;
        bool colored;
    } kinds[] = {{"TERM=screen", true},         {"TERM=screen-256color", true}, {"TERM=tmux-256color", true},
                 {"TERM=linux", true},          {"TERM=vt100", false},          {"TERM=vt220", false},
                 {"TERM=xterm-256color", true}};
    static const char *const none[][2] = {{"TERM=dumb", "TERM=dumb cannot show a dashboard"},
                                          {"TERM=", "TERM=(not set) cannot show a dashboard"},
                                          {"TERM=no-such-terminal", "no description of the terminal"}};
    struct pty *all[ARRAY_LEN(kinds)], *refused[ARRAY_LEN(none)];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct start s = {.conf = harm_conf, .extra = {kinds[i].term}};
        all[i] = start(&s);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        /* What curses makes for a terminal it then does not know, it keeps. */
        struct start s = {.conf = harm_conf, .extra = {none[i][0], "ASAN_OPTIONS=detect_leaks=0"}};
        refused[i] = start(&s);
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        expect(all[i], "ENVIRONMENTS 3");
        pty_keys(all[i], "j\r");
        expect(all[i], "Envs > ");
        char *first = row(all[i], 0);
        assert_non_null(strstr(first, "credtop"));
        free(first);
        if (pty_colored(all[i]) != kinds[i].colored)
            fail_msg("colours on %s", kinds[i].term);
        pty_keys(all[i], "Q");
        expect_end(all[i], 0);
        pty_free(all[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        expect(refused[i], none[i][1]);
        expect(refused[i], "credtop status");
        expect_end(refused[i], 3);
        pty_free(refused[i]);
    }
}

static void terminal__ascii__nothing_else(void **state)
{
    struct start option = {.option = "--ascii", .conf = harm_conf, .rows = 48, .cols = 160},
                 locale = {.extra = {"LC_ALL=C"}, .conf = harm_conf, .rows = 48, .cols = 160};
    struct pty *all[] = {start(&option), start(&locale)};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        expect(all[i], "DB-ERROR");
        for (const char *keys = "2345t8?1"; *keys; keys++) {
            pty_send(all[i], keys, 1);
            (void)pty_read(all[i], FRAME_MS * 2);
        }
        const struct strbuf *w = pty_written(all[i]);
        assert_false(strbuf_cut(w));
        for (size_t b = 0; b < w->len; b++)
            assert_true((unsigned char)w->s[b] < 0x7f);
        assert_int_equal(count(all[i], "\x1b(0"), 0);
        assert_int_equal(count(all[i], "\x0e"), 0);
        pty_free(all[i]);
    }
}

/* Titles, clipboards, resets: nothing of what the logs and the secret say arrives. */
static void terminal__hostile_words__are_words(void **state)
{
    struct start s = {.conf = harm_conf, .rows = 48, .cols = 160};
    struct pty *p = start(&s);
    static const char *const never[] = {"\x1b]",
                                        "\x1bP",
                                        "\x1b_",
                                        "\x1b^",
                                        "\x1b[31mred",
                                        ("\x1b"
                                         "c"),
                                        "\x07",
                                        "\xc2\x9b",
                                        "\xe2\x80\xae"};
    (void)state;
    expect(p, "DB-ERROR");
    expect(p, "<U+202E>");
    pty_keys(p, "/prod\r"); /* by its name: which of them is the worst, and on top, changes while answers come */
    expect(p, "filter: prod");
    pty_keys(p, "2");
    expect(p, "rotation on");
    expect(p, "\\x1B]0;owned");
    pty_keys(p, "3");
    expect(p, "SELECTED, DECODED");
    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        if (count(p, never[i]) > 0)
            fail_msg("sequence %zu of the list was sent", i);
    assert_true(is_sane(p, 48));
    pty_keys(p, "p"); /* what comes meanwhile would be the difference */
    expect(p, "PAUSED");
    expect_same_when_redrawn(p);
    pty_free(p);
}

/* ---------------------------------------------------------------- keys */

static const char *bytes_of(const char *name, char out[8])
{
    static const char *const named[][2] = {
        {"Enter", "\r"},    {"Tab", "\t"},      {"Esc", "\x1b"},     {"Up", "\x1bOA"},    {"Down", "\x1bOB"},
        {"Home", "\x1bOH"}, {"End", "\x1bOF"},  {"PgUp", "\x1b[5~"}, {"PgDn", "\x1b[6~"}, {"F1", "\x1bOP"},
        {"F2", "\x1bOQ"},
        {"Space", " "},
        {"Left", "\x1bOD"}, {"Right", "\x1bOC"},
        {"F4", "\x1bOS"},   {"F5", "\x1b[15~"}, {"F6", "\x1b[17~"},  {"F10", "\x1b[21~"},
    };
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(named); i++)
        if (strcmp(named[i][0], name) == 0)
            str_copy(out, 8, named[i][1]);
    if (!out[0] && name[0] == '^' && name[1])
        str_fmt(out, 8, "%c", name[1] - 0x40);
    else if (!out[0] && name[0] && !name[1])
        str_copy(out, 8, name);
    return out;
}

#define SCREENS 8
static const struct {
    int rows, cols;
} sizes[] = {{24, 80}, {48, 160}, {15, 60}, {10, 40}, {3, 20}};

/* One program a screen and size; the same key goes to all of them at once. */
static void press_everywhere(struct pty *all[SCREENS][ARRAY_LEN(sizes)], const char *key)
{
    static const char *const way[SCREENS] = {"1", "2", "3", "4", "5", "7", "8", "1?"};
    for (int round = 0; round < 2; round++) {
        for (size_t v = 0; v < SCREENS; v++)
            for (size_t z = 0; z < ARRAY_LEN(sizes); z++)
                pty_keys(all[v][z], round == 0 ? way[v] : key);
        pty_read_all(&all[0][0], SCREENS * ARRAY_LEN(sizes), round == 0 ? 10 : FRAME_MS);
    }
}

static void expect_sane_everywhere(struct pty *all[SCREENS][ARRAY_LEN(sizes)], const char *name)
{
    for (size_t v = 0; v < SCREENS; v++) {
        for (size_t z = 0; z < ARRAY_LEN(sizes); z++) {
            int64_t until = pty_now_ms() + SOON_MS;
            while (!is_sane(all[v][z], sizes[z].rows) && pty_now_ms() < until && pty_read(all[v][z], 20))
                ;
            if (is_sane(all[v][z], sizes[z].rows))
                continue;
            show(all[v][z], "the screen");
            fail_msg("after %s on screen %zu at %dx%d", name, v, sizes[z].cols, sizes[z].rows);
        }
    }
}

/* Every key of every row, on every screen, at every size. */
static void terminal__every_key__leaves_a_sane_screen(void **state)
{
    struct pty *all[SCREENS][ARRAY_LEN(sizes)];
    (void)state;
    for (size_t v = 0; v < SCREENS; v++)
        for (size_t z = 0; z < ARRAY_LEN(sizes); z++) {
            struct start s = {.conf = harm_conf, .rows = sizes[z].rows, .cols = sizes[z].cols};
            all[v][z] = start(&s);
        }
    expect_sane_everywhere(all, "the start");
    for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
        const char *keys = key_row((enum command)c)->keys;
        for (const char *k = keys; *k; k += strcspn(k, " "), k += strspn(k, " ")) {
            char name[8], bytes[8];
            str_copy_n(name, sizeof(name), k, strcspn(k, " "));
            if (c == COMMAND_QUIT || c == COMMAND_PSQL || strcmp(name, "q") == 0)
                continue; /* these leave: terminal__leaving__each_way, terminal__psql__... */
            if (!bytes_of(name, bytes)[0])
                fail_msg("what does %s send?", name);
            press_everywhere(all, bytes);
            expect_sane_everywhere(all, name);
            if (c == COMMAND_FILTER)
                press_everywhere(all, "\r");
        }
    }
    for (size_t v = 0; v < SCREENS; v++)
        for (size_t z = 0; z < ARRAY_LEN(sizes); z++)
            pty_free(all[v][z]);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void terminal__ten_thousand_keys__are_survived(void **state)
{
    static const char *const strange[] = {"\x1b[A",       "\x1bOB",   "\x1b[6~",   "\x1b[5~",      "\xc3\xa9",
                                          "\xe6\x97\xa5", "\xff\xfe", "\x1b[200~", "\x1b[<0;3;4M", "\x1b",
                                          "\x1c",         "\x13",     "\x11",      "\x7f",         "\x1b[15~"};
    struct start s = {.conf = harm_conf, .rows = 30, .cols = 100};
    struct pty *p = start(&s);
    uint32_t seed = 20260903;
    (void)state;
    expect(p, "tcp");
    for (int i = 0; i < 10000; i++) {
        char key = (char)(next_random(&seed) % 0x7f);
        if (next_random(&seed) % 8 == 0)
            pty_keys(p, strange[next_random(&seed) % ARRAY_LEN(strange)]);
        else if (!strchr("qQP\x03\x1a", key)) /* all but what leaves and what stops */
            pty_send(p, &key, 1);
        if (i % 100 == 0)
            assert_true(pty_read(p, 2));
    }
    /* Out of a broken sequence, and of whatever is being typed: what came is read first, which
     * takes a sanitizer's build a while, and an Esc with a key behind it is another key. */
    for (int i = 0; i < 5; i++) {
        (void)pty_read(p, FRAME_MS * 4);
        pty_keys(p, "\x1b");
    }
    (void)pty_read(p, FRAME_MS * 4);
    pty_keys(p, "\r1");
    expect(p, "ENVIRONMENTS 3");
    expect_same_when_redrawn(p);
    assert_true(is_sane(p, 30));
    pty_keys(p, "\x03");
    expect_end(p, 0);
    expect_restored(p);
    pty_free(p);
}

static void terminal__resize_storm__ends_in_the_last_size(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    uint32_t seed = 7;
    (void)state;
    expect(p, "tcp");
    for (int i = 0; i < 200; i++) {
        int rows = 1 + (int)(next_random(&seed) % 60), cols = 1 + (int)(next_random(&seed) % 200);
        pty_resize(p, rows, cols);
        assert_true(pty_read(p, 5));
    }
    pty_resize(p, 24, 80);
    expect(p, "ENVIRONMENTS 3");
    (void)pty_read(p, FRAME_MS * 3);
    assert_true(is_sane(p, 24));
    expect_same_when_redrawn(p);
    pty_free(p);
}

/* ------------------------------------------------------------- leaving */

static void terminal__leaving__each_way(void **state)
{
    static const char *const keys[] = {"Q", "q", "\x03", "\x1b[21~", "3?\x03", "2/abc\x03"};
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT};
    struct start s = {.rows = 24};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keys) + ARRAY_LEN(signals); i++) {
        struct pty *p = start(&s);
        expect(p, "OPERATOR");
        if (i < ARRAY_LEN(keys))
            pty_keys(p, keys[i]);
        else
            pty_signal(p, signals[i - ARRAY_LEN(keys)]);
        expect_end(p, 0);
        expect_restored(p);
        pty_free(p);
    }
}

static void terminal__hang_up__ends_within_a_second(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    (void)state;
    expect(p, "tcp");
    int64_t begun = pty_now_ms();
    pty_hang_up(p);
    expect_end(p, 0);
    assert_in_range(pty_now_ms() - begun, 0, 1000 * SLOW);
    pty_free(p);
}

/* In a shell, as people run it: stopping hands the terminal back, going on takes it. */
static void terminal__stop_and_go_on__in_a_shell(void **state)
{
    char line[1024], home[80];
    str_fmt(home, sizeof(home), "HOME=%s", folder);
    const char *env[] = {home,
                         "PATH=/usr/bin:/bin",
                         "TERM=xterm-256color",
                         "LC_ALL=C.UTF-8",
                         "PS1=shell> ",
                         "HISTFILE=/dev/null",
                         "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
                         "AWS_SECRET_ACCESS_KEY=example",
                         NULL};
    const char *argv[] = {"/bin/bash", "--norc", "--noprofile", "--noediting", "-i", NULL};
    struct pty_settings set = {.rows = 24, .cols = 80, .argv = argv, .env = env};
    struct pty *p = pty_start(&set);
    (void)state;
    expect(p, "shell>");
    str_fmt(line, sizeof(line), "'%s' --config '%s'\n", program, silent_conf);
    pty_keys(p, line);
    expect(p, "ENVIRONMENTS 3");
    for (int i = 0; i < 2; i++) {
        pty_keys(p, "\x1a");
        expect(p, "Stopped");
        assert_false(pty_other_screen(p));
        assert_true(pty_cursor_visible(p));
        assert_true(pty_cooked(p));
        pty_keys(p, "fg\n");
        expect(p, "ENVIRONMENTS 3");
        assert_true(pty_other_screen(p));
        assert_false(pty_cursor_visible(p));
        assert_false(pty_cooked(p));
        pty_keys(p, i == 0 ? "2" : "1"); /* keys work, one by one, unechoed */
        expect(p, i == 0 ? "Envs > " : "ENVIRONMENTS 3");
        pty_keys(p, "1");
        expect(p, "ENVIRONMENTS 3");
        expect_same_when_redrawn(p);
    }
    pty_keys(p, "Q");
    (void)pty_read(p, FRAME_MS);
    pty_keys(p, "echo status $?.\n");
    expect(p, "status 0.");
    assert_true(pty_cooked(p));
    assert_int_equal(count(p, "\x1b[?1049h"), count(p, "\x1b[?1049l"));
    pty_keys(p, "exit\n");
    expect_end(p, 0);
    pty_free(p);
}

/* A psql that writes down what it was given, and ends as it is told. */
static const char false_psql[] = "#!/bin/sh\n"
                                 "runs=$(($(cat \"$HOME/runs\" 2>&- || echo 0) + 1))\n"
                                 "echo $runs >\"$HOME/runs\"\n"
                                 "exec >\"$HOME/given\"\n"
                                 "file=${1##*passfile=\\'}\n"
                                 "file=${file%%\\'*}\n"
                                 "stat -L -c 'mode %a' \"$file\"\n"
                                 "echo \"args $*\"\n"
                                 "printf 'line %s\\n' \"$(cat \"$file\")\"\n"
                                 "(echo x >\"$file\") 2>&-  && echo WRITABLE\n"
                                 "echo \"others $(ls -l /proc/$$/fd | grep -c socket:)\"\n"
                                 "echo \"found $(tr '\\0' '\\n' </proc/$$/environ | grep -c -e s3cr3t -e PGPASS)\"\n"
                                 "echo \"psql is here, $runs\" >&2\n"
                                 "read -r status\n"
                                 "exit \"$status\"\n";

static void given(char out[4096])
{
    char path[64];
    str_fmt(path, sizeof(path), "%s/given", folder);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    out[fread(out, 1, 4095, f)] = '\0';
    assert_int_equal(fclose(f), 0);
    assert_int_equal(unlink(path), 0);
}

static void terminal__psql__has_the_terminal_and_the_password(void **state)
{
    char path[64], env[80], conf[64], text[512], got[4096];
    struct start s = {.conf = conf, .extra = {env}};
    (void)state;
    str_fmt(path, sizeof(path), "%s/psql", folder);
    write_file(path, false_psql);
    assert_int_equal(chmod(path, 0700), 0);
    str_fmt(env, sizeof(env), "PATH=%s:/usr/bin:/bin", folder);
    str_fmt(conf, sizeof(conf), "%s/psql.conf", folder);
    str_fmt(text, sizeof(text), "%s/psql.env", folder);
    write_file(text, "DB_HOST=127.0.0.1\nDB_PORT=1\nDB_NAME=app\nDB_USER=ap\x1b[7mp\nDB_PASSWORD='s3cr3t:\\x'\n");
    write_file(conf, "[environment dev]\nmode = development\nenv_file = psql.env\nprotect = yes\n");
    struct pty *p = start(&s);
    expect(p, "ENVIRONMENTS 1");
    pty_keys(p, "P");
    expect(p, "dev is protected");
    pty_keys(p, "dev\r");
    expect(p, "credtop: psql on dev, PROTECTED, for ap\\x1B[7mp at 127.0.0.1:1");
    expect(p, "psql is here, 1");
    assert_false(pty_other_screen(p));
    assert_true(pty_cooked(p));
    pty_keys(p, "\x1a"); /* a stop has nowhere to lead: it goes on */
    (void)pty_read(p, 500);
    pty_keys(p, "0\n");
    expect(p, "psql has ended with status 0");
    assert_true(is_sane(p, 24));
    pty_keys(p, "4");
    expect(p, "for ap\\x1B[7mp at 127.0.0.1:1"); /* a user's name is foreign bytes */
    pty_keys(p, "1");
    given(got);
    assert_non_null(strstr(got, "mode 600\n"));
    assert_non_null(strstr(got, "args host='127.0.0.1' port='1' dbname='app' user='ap\x1b[7mp'"));
    assert_non_null(strstr(got, "line 127.0.0.1:1:*:ap\x1b[7mp:s3cr3t\\:\\\\x\n"));
    assert_null(strstr(got, "WRITABLE"));
    assert_non_null(strstr(got, "found 0\n"));  /* not in its environment */
    assert_non_null(strstr(got, "others 0\n")); /* no descriptor of ours but that one */
    pty_keys(p, "P");
    expect(p, "dev is protected");
    pty_keys(p, "dev\r");
    expect(p, "psql is here, 2"); /* not what an earlier one left there */
    pty_keys(p, "3\n");
    expect(p, "status 3; Enter goes back"); /* what it said can be read */
    pty_keys(p, "\n");
    expect(p, "psql has ended with status 3");
    expect_same_when_redrawn(p);
    given(got);
    assert_int_equal(count(p, "s3cr3t"), 0);
    pty_keys(p, "P");
    expect(p, "dev is protected");
    pty_keys(p, "dev\r");
    expect(p, "psql is here, 3");
    pty_signal(p, SIGTERM); /* ends both, and the terminal is as it was */
    expect_end(p, 0);
    expect_restored(p);
    given(got);
    pty_free(p);
    assert_int_equal(unlink(path), 0);
    str_fmt(path, sizeof(path), "%s/runs", folder);
    assert_int_equal(unlink(path), 0);
    struct start without = {.conf = conf, .extra = {"PATH=/var/empty"}};
    p = start(&without);
    expect(p, "ENVIRONMENTS 1");
    pty_keys(p, "P");
    expect(p, "dev is protected");
    pty_keys(p, "dev\r");
    expect(p, "psql is not installed");
    pty_free(p);
    assert_int_equal(unlink(conf), 0);
    assert_int_equal(unlink(text), 0);
}

/* --------------------------------------------------------------- bytes */

static void terminal__reader_away__then_the_newest(void **state)
{
    struct start s = {.conf = harm_conf, .rows = 48, .cols = 160};
    struct pty *p = start(&s);
    (void)state;
    expect(p, "DB-ERROR");
    uint64_t before = pty_bytes(p);
    for (int i = 0; i < 60; i++) { /* 3 s of whole frames that nobody reads */
        pty_keys(p, "\x0c");
        (void)poll(NULL, 0, 50);
    }
    pty_keys(p, "8");
    int64_t begun = pty_now_ms();
    expect(p, "CALLS TO AWS");
    assert_in_range(pty_now_ms() - begun, 0, 1000 * SLOW);
    /* What the kernel held, the frame that was half sent, and the newest; not sixty. */
    assert_in_range(pty_bytes(p) - before, 1, 100000);
    expect_same_when_redrawn(p);
    pty_free(p);
}

#define SECONDS 3

/* Bytes that each wrote in each of the next seconds, cut between two ticks. */
static void count_seconds(struct pty *pair[2], uint64_t out[2][SECONDS])
{
    uint64_t at[2] = {pty_bytes(pair[0]), 0};
    while (pty_bytes(pair[0]) == at[0])
        pty_read_all(pair, 2, 5);
    pty_read_all(pair, 2, 500);
    for (size_t i = 0; i < SECONDS; i++) {
        for (size_t k = 0; k < 2; k++)
            at[k] = pty_bytes(pair[k]);
        pty_read_all(pair, 2, 1000);
        for (size_t k = 0; k < 2; k++)
            out[k][i] = pty_bytes(pair[k]) - at[k];
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* ------------------------------------------------- mouse, clipboard, file */

static void terminal__a_character_beyond_unicode__is_no_key(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    (void)state;
    expect(p, "ENVIRONMENTS 3");
    pty_keys(p, "\xf4\x90\x80\x89"); /* U+110009, which is F1's number here */
    pty_keys(p, "m");
    expect(p, "the mouse is on"); /* not help */
    pty_free(p);
}

static void terminal__mouse__is_off_until_asked_for(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    (void)state;
    expect(p, "ENVIRONMENTS 3");
    assert_int_equal(count(p, "1000h"), 0);
    pty_keys(p, "m");
    expect(p, "the mouse is on");
    assert_int_equal(count(p, "1000h"), 1);
    pty_keys(p, "\x1b[<0;12;2M\x1b[<0;12;2m"); /* the second tab */
    expect(p, "[2 Detail]");
    pty_keys(p, "m");
    expect(p, "the mouse is off");
    assert_true(count(p, "1000l") >= 1);
    pty_keys(p, "mQ");
    expect_end(p, 0);
    expect_restored(p);
    assert_true(count(p, "1000l") >= 2); /* however it is left */
    pty_free(p);
}

static void terminal__copy__is_base64_of_what_was_chosen(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    (void)state;
    expect(p, "ENVIRONMENTS 3");
    pty_keys(p, ":env test\rc");
    expect(p, "COPY");
    pty_keys(p, "\r");
    expect(p, "copied: environment");
    assert_int_equal(count(p, "\x1b]52;c;dGVzdA==\x07"), 1);
    pty_free(p);
}

static void terminal__save__makes_a_file_and_never_over_one(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    char command[256], path[128];
    (void)state;
    str_fmt(path, sizeof(path), "%s/picture.txt", folder);
    str_fmt(command, sizeof(command), ":save %s\r", path);
    expect(p, "ENVIRONMENTS 3");
    pty_keys(p, command);
    expect(p, "saved: ");
    FILE *f = fopen(path, "re");
    char line[256] = "";
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof(line), f));
    assert_non_null(strstr(line, "credtop"));
    assert_int_equal(fclose(f), 0);
    pty_keys(p, command);
    expect(p, "is there already");
    assert_int_equal(unlink(path), 0);
    pty_keys(p, "E");
    expect(p, "/.local/state/credtop/screen-");
    pty_free(p);
}

static void terminal__theme__is_there_again_in_the_next_run(void **state)
{
    struct start s = {.conf = harm_conf};
    struct pty *p = start(&s);
    (void)state;
    expect(p, "ENVIRONMENTS 3");
    pty_keys(p, ":theme none\r");
    expect(p, "theme none");
    pty_keys(p, "\x0c");
    (void)pty_read(p, FRAME_MS * 4);
    assert_false(pty_colored(p));
    pty_keys(p, ":sort env\rQ");
    expect_end(p, 0);
    pty_free(p);
    s.again = true;
    p = start(&s);
    expect(p, "sort: ENV");
    assert_false(pty_colored(p));
    pty_keys(p, ":theme dark\r:sort state\rQ");
    expect_end(p, 0);
    pty_free(p);
}

static void terminal__idle__costs_few_bytes(void **state)
{
    struct start still = {.conf = quiet_conf}, busy = {.conf = harm_conf};
    struct pty *pair[2] = {start(&still), start(&busy)};
    uint64_t bytes[2][SECONDS], sum = 0;
    (void)state;
    expect(pair[0], "OPERATOR");
    expect(pair[1], "tcp"); /* a database that refuses: every source is there */
    pty_read_all(pair, 2, 1000);
    count_seconds(pair, bytes);
    qsort(bytes[0], SECONDS, sizeof(bytes[0][0]), by_size);
    /* A second's tick; the turn of a minute may fall among them. */
    if (bytes[0][SECONDS / 2] > 16 + SYNC_BYTES || bytes[0][SECONDS - 1] > 40 + SYNC_BYTES) {
        show(pair[0], "the screen");
        fail_msg("ticks of the clock: %u to %u bytes", (unsigned)bytes[0][0], (unsigned)bytes[0][SECONDS - 1]);
    }
    for (size_t i = 0; i < SECONDS; i++)
        sum += bytes[1][i];
    (void)printf("bytes a second: %u quiet, %u with data\n", (unsigned)bytes[0][SECONDS / 2],
                 (unsigned)(sum / SECONDS));
    assert_in_range(sum / SECONDS, 1, 800);
    pty_free(pair[0]);
    pty_free(pair[1]);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminal__nobody_answers__the_screen_is_there),
        cmocka_unit_test(terminal__environment__sizes_and_colours),
        cmocka_unit_test(terminal__kinds__draw_or_say_why_not),
        cmocka_unit_test(terminal__ascii__nothing_else),
        cmocka_unit_test(terminal__hostile_words__are_words),
        cmocka_unit_test(terminal__every_key__leaves_a_sane_screen),
        cmocka_unit_test(terminal__ten_thousand_keys__are_survived),
        cmocka_unit_test(terminal__resize_storm__ends_in_the_last_size),
        cmocka_unit_test(terminal__leaving__each_way),
        cmocka_unit_test(terminal__hang_up__ends_within_a_second),
        cmocka_unit_test(terminal__stop_and_go_on__in_a_shell),
        cmocka_unit_test(terminal__psql__has_the_terminal_and_the_password),
        cmocka_unit_test(terminal__reader_away__then_the_newest),
        cmocka_unit_test(terminal__a_character_beyond_unicode__is_no_key),
        cmocka_unit_test(terminal__mouse__is_off_until_asked_for),
        cmocka_unit_test(terminal__copy__is_base64_of_what_was_chosen),
        cmocka_unit_test(terminal__save__makes_a_file_and_never_over_one),
        cmocka_unit_test(terminal__theme__is_there_again_in_the_next_run),
        cmocka_unit_test(terminal__idle__costs_few_bytes),
    };
    (void)argc;
    find_program(argv[0]);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
