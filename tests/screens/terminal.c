/* credtop in an emulated terminal: configurations, starting, and what is expected of a
 * picture.  Included by the test that uses it. */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "backend/base/mem.h"
#include "tests/screens/pty_server.h"
#include "tests/screens/pty_term.h"

#ifdef CT_SANITIZED
#define SLOW 6
#else
#define SLOW 1
#endif
#define SOON_MS (3000 * SLOW)
#define FRAME_MS (60 * SLOW) /* a frame after a key, at 20 a second */
#define SYNC_BYTES 16        /* the marks around a long frame */

static char program[512], folder[] = "/tmp/credtop-terminal.XXXXXX", silent_conf[64], harm_conf[64], quiet_conf[64];
static struct pty_server *silent, *harmful;

/* -------------------------------------------------------------- set-up */

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void write_conf(const char *name, uint16_t port, char out[64])
{
    static const char long_name[] = "prod.a-name-as-long-as-names-may-be_0123456789-0123456789-01234";
    char text[2048], env[64];
    str_fmt(out, 64, "%s/%s.conf", folder, name);
    str_fmt(env, sizeof(env), "%s/.env", folder);
    write_file(env, "DB_HOST=127.0.0.1\nDB_PORT=1\nDB_NAME=app\nDB_USER=app\nDB_PASSWORD=p\n");
    str_fmt(text, sizeof(text),
            "[credtop]\nsyslog = no\nnotify = off\nlog_poll = 1s\nendpoint_url = http://127.0.0.1:%u\n"
            "[environment %s]\nregion = eu-central-1\nsecret = app/x\nlog_group = /aws/lambda/a\ndb_host = 127.0.0.1\n"
            "db_port = 1\ndb_name = app\n"
            "[environment test]\nregion = eu-central-1\nsecret = app/y\nlog_group = /aws/lambda/b\n"
            "[environment dev]\nmode = development\nenv_file = .env\n",
            (unsigned)port, long_name);
    write_file(out, text);
}

/* Nothing in it answers, so that nothing has an age. */
static void write_quiet_conf(uint16_t port)
{
    char text[512];
    str_fmt(quiet_conf, sizeof(quiet_conf), "%s/quiet.conf", folder);
    str_fmt(text, sizeof(text),
            "[credtop]\nsyslog = no\nendpoint_url = http://127.0.0.1:%u\n"
            "[environment test]\nregion = eu-central-1\nsecret = app/y\nlog_group = /aws/lambda/b\n",
            (unsigned)port);
    write_file(quiet_conf, text);
}

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    silent = pty_server_start(true);
    harmful = pty_server_start(false);
    write_conf("silent", pty_server_port(silent), silent_conf);
    write_quiet_conf(pty_server_port(silent));
    write_conf("harm", pty_server_port(harmful), harm_conf);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

static int tear_down(void **state)
{
    char env[64];
    (void)state;
    silent = pty_server_stop(silent);
    harmful = pty_server_stop(harmful);
    str_fmt(env, sizeof(env), "%s/.env", folder);
    assert_int_equal(unlink(env), 0);
    assert_int_equal(unlink(silent_conf), 0);
    assert_int_equal(unlink(harm_conf), 0);
    assert_int_equal(unlink(quiet_conf), 0);
    /* What is left is the journal of what was ordered, in our HOME. */
    str_fmt(env, sizeof(env), "%s/.local", folder);
    (void)nftw(env, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

#define EXTRA_MAX 4

struct start {
    const char *conf, *option;    /* one more option; NULL none */
    const char *extra[EXTRA_MAX]; /* more of the environment */
    int rows, cols;
    bool again; /* as the last one left the screen */
};

static struct pty *start(const struct start *s)
{
    char home[80], preferences[128];
    str_fmt(preferences, sizeof(preferences), "%s/.local/state/credtop/preferences", folder);
    if (!s->again)
        (void)unlink(preferences);
    str_fmt(home, sizeof(home), "HOME=%s", folder);
    const char *env[EXTRA_MAX + 8] = {NULL};
    const char *const always[] = {home,
                                  "PATH=/usr/bin:/bin",
                                  "TERM=xterm-256color",
                                  "LC_ALL=C.UTF-8",
                                  "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE",
                                  "AWS_SECRET_ACCESS_KEY=example"};
    size_t n = 0;
    while (n < EXTRA_MAX && s->extra[n]) { /* first: of two with one name the first counts */
        env[n] = s->extra[n];
        n++;
    }
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        env[n++] = always[i];
    const char *argv[] = {program, "--config", s->conf ? s->conf : silent_conf, s->option, NULL};
    struct pty_settings set = {
        .rows = s->rows ? s->rows : 24, .cols = s->cols ? s->cols : 80, .argv = argv, .env = env};
    return pty_start(&set);
}

static char *picture(const struct pty *p)
{
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    pty_text(p, &text);
    return strbuf_take(&text);
}

static void show(const struct pty *p, const char *what)
{
    char *text = picture(p);
    (void)printf("%s:\n%s", what, text);
    free(text);
}

static void expect(struct pty *p, const char *text)
{
    if (!pty_wait(p, text, SOON_MS)) {
        show(p, "the screen");
        fail_msg("\"%s\" is not on it; %zu bytes came, ended %x", text, pty_written(p)->len, (unsigned)pty_ended(p, 0));
    }
}

static char *row(const struct pty *p, int y)
{
    struct strbuf text;
    strbuf_init(&text, 1 << 16);
    pty_row(p, y, &text);
    return text.s ? strbuf_take(&text) : mem_copy_str("");
}

/* The program's name above, keys or a message below, nothing of a crash between. */
static bool is_sane(const struct pty *p, int rows)
{
    char *first = row(p, 0), *last = row(p, rows - 1);
    bool sane = strstr(first, "credtop") != NULL && last[0] != '\0' && pty_other_screen(p) && !pty_cursor_visible(p);
    free(first);
    free(last);
    return sane;
}

/* Figures run on while we look: compared without them. */
static void without_figures(char *text)
{
    for (char *c = text; *c; c++)
        if (*c >= '0' && *c <= '9')
            *c = '#';
}

/* What curses drew step by step is what it draws from nothing. */
static void expect_same_when_redrawn(struct pty *p)
{
    bool same = false;
    char *before = NULL, *after = NULL;
    for (int tries = 0; tries < 6 && !same; tries++) {
        free(before);
        free(after);
        (void)pty_read(p, FRAME_MS * 2);
        before = picture(p);
        pty_keys(p, "\x0c");
        (void)pty_read(p, FRAME_MS * 2);
        after = picture(p);
        without_figures(before);
        without_figures(after);
        same = strcmp(before, after) == 0;
    }
    if (!same)
        fail_msg("step by step:\n%s\nfrom nothing:\n%s", before, after);
    free(before);
    free(after);
}

static size_t count(const struct pty *p, const char *what)
{
    size_t n = 0;
    for (const char *at = strbuf_peek(pty_written(p)); (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

/* Sequences that set a colour: ESC [ ...m with a number of 30 to 49 or of 90 to 107. */
static size_t colours_sent(const struct pty *p)
{
    size_t n = 0;
    for (const char *at = strbuf_peek(pty_written(p)); (at = strstr(at, "\x1b[")) != NULL;) {
        at += 2;
        size_t len = strspn(at, "0123456789;");
        for (const char *c = at; at[len] == 'm' && c < at + len; c += strspn(c, ";")) {
            int64_t number = 0;
            size_t digits = strspn(c, "0123456789");
            n += str_to_i64(c, digits, &number) && ((number >= 30 && number < 50) || number >= 90) ? 1 : 0;
            c += digits;
        }
    }
    return n;
}

/* Where it was written last; NULL never. */
static const char *last_of(const struct pty *p, const char *bytes)
{
    const char *found = NULL, *at = strbuf_peek(pty_written(p));
    for (; (at = strstr(at, bytes)) != NULL; at++)
        found = at;
    return found;
}

static void expect_restored(const struct pty *p)
{
    assert_int_equal(count(p, "\x1b[?1049h"), count(p, "\x1b[?1049l"));
    assert_int_equal(count(p, "\x1b[?2026h"), count(p, "\x1b[?2026l"));
    assert_true(count(p, "\x1b[?1049h") > 0);
    const char *shown = last_of(p, "\x1b[?25h"), *left = last_of(p, "\x1b[?1049l");
    assert_true(shown > left); /* see show_cursor() */
    assert_true(pty_cursor_visible(p));
    assert_false(pty_other_screen(p));
    assert_true(pty_cooked(p));
}

static void expect_end(struct pty *p, int status)
{
    int got = pty_ended(p, SOON_MS);
    if (got < 0 || !WIFEXITED(got) || WEXITSTATUS(got) != status)
        fail_msg("ended with %x, not with status %d", (unsigned)got, status);
}

/* build/release/tests/unit/test_ui_terminal -> build/release/credtop */
static void find_program(const char *self)
{
    const char *named = getenv("CREDTOP");
    char *path = realpath(named && *named ? named : self, NULL);
    for (int up = 0; path && !(named && *named) && up < 3; up++) {
        char *slash = strrchr(path, '/');
        if (slash)
            *slash = '\0';
    }
    if (!path || !str_fmt(program, sizeof(program), "%s%s", path, named && *named ? "" : "/credtop"))
        (void)fprintf(stderr, "no program to test: %s\n", strerror(errno));
    free(path);
}
