/* The journal as the screen gets it: the newest lines, whether the chain is whole, only while
 * it is looked at, and an end at once whoever holds its lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include "backend/actions/journal.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/wake.h"
#include "backend/journal_watch.h"
#include "tests/unit/own_folder.h"

struct fixture {
    char folder[64], path[128];
    struct wake *wake;
    struct snapbox *box;
    struct cancel *cancel;
    struct journal *journal;
    struct journal_watch *watch;
};

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    struct why why = {0};
    journal_view_init();
    own_folder_make(x->folder, "jwatch");
    (void)str_fmt(x->path, sizeof x->path, "%s/journal.jsonl", x->folder);
    x->wake = wake_new();
    assert_non_null(x->wake);
    x->box = snapbox_new(1, x->wake);
    x->cancel = cancel_new(NULL);
    x->journal = journal_new(&(struct journal_settings){.path = x->path});
    x->watch = journal_watch_new(
        &(struct journal_watch_settings){.path = x->path, .box = x->box, .clock = clock_real(), .cancel = x->cancel});
    assert_int_equal(journal_watch_start(x->watch, &why), ERR_OK);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    cancel_trigger(x->cancel);
    x->watch = journal_watch_stop(x->watch);
    journal_free(x->journal);
    x->box = snapbox_free(x->box);
    x->wake = wake_free(x->wake);
    cancel_free(x->cancel);
    own_folder_remove(x->folder);
    free(x);
    return 0;
}

static void write_line(struct fixture *x, uint64_t order)
{
    struct why why = {0};
    struct journal_entry e = {
        .kind = JOURNAL_ORDER, .env = "prod", .order = order, .order_name = "rotate", .words = "an order"};
    if (journal_write(x->journal, &e, &why) != ERR_OK)
        fail_msg("%s", why.text);
}

typedef bool wanted(const struct journal_snap *s);

/* The next snapshot that is as wanted; fails after five seconds.  A reference. */
static const struct journal_snap *wait_for(struct fixture *x, wanted *is)
{
    int64_t end = clock_mono_ms(clock_real()) + 5000;
    for (;;) {
        const struct journal_snap *s = snapbox_get(x->box, 0);
        if (s != NULL && is(s))
            return s;
        snap_unref(s);
        if (clock_mono_ms(clock_real()) > end)
            fail_msg("no such snapshot came");
        struct pollfd p = {.fd = wake_fd(x->wake), .events = POLLIN};
        (void)poll(&p, 1, 100);
        wake_drain(x->wake);
    }
}

static bool says_none(const struct journal_snap *s)
{
    return s->snap.why.code == ERR_NOT_FOUND;
}

static bool has_three(const struct journal_snap *s)
{
    return s->lines == 3 && s->verified_wall_ms >= 0 && s->report.lines == 3;
}

static bool has_many(const struct journal_snap *s)
{
    return s->lines == JOURNAL_ROWS + 43 && s->report.lines == s->lines;
}

static bool is_broken(const struct journal_snap *s)
{
    return s->verified_wall_ms >= 0 && !s->report.good;
}

static void watch__follows__while_it_is_looked_at(void **state)
{
    struct fixture *x = *state;
    journal_watch_look(x->watch, true);
    const struct journal_snap *s = wait_for(x, says_none);
    assert_int_equal(s->n, 0);
    snap_unref(s);
    write_line(x, 1);
    write_line(x, 2);
    s = wait_for(x, has_three); /* with session.start */
    assert_true(s->report.good);
    assert_string_equal(s->path, x->path);
    assert_int_equal(s->n, 3);
    assert_int_equal(s->rows[0].order, 2); /* newest first */
    assert_string_equal(s->rows[2].kind, "session.start");
    snap_unref(s);
    for (uint64_t i = 3; i <= JOURNAL_ROWS + 42; i++)
        write_line(x, i);
    s = wait_for(x, has_many);
    assert_int_equal(s->n, JOURNAL_ROWS);
    for (size_t i = 0; i < s->n; i++)
        assert_int_equal(s->rows[i].order, JOURNAL_ROWS + 42 - i);
    snap_unref(s);
}

static void watch__nobody_looks__reads_nothing(void **state)
{
    struct fixture *x = *state;
    write_line(x, 1);
    struct pollfd p = {.fd = wake_fd(x->wake), .events = POLLIN};
    assert_int_equal(poll(&p, 1, 1300), 0);
    assert_null(snapbox_get(x->box, 0));
}

static void watch__a_changed_line__is_found_when_asked_again(void **state)
{
    struct fixture *x = *state;
    write_line(x, 1);
    write_line(x, 2);
    journal_watch_look(x->watch, true);
    snap_unref(wait_for(x, has_three));
    int fd = open(x->path, O_RDWR | O_CLOEXEC);
    char text[4096];
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    char *word = strstr(text, "an order");
    assert_non_null(word);
    assert_int_equal(pwrite(fd, "no", 2, word - text), 2);
    close(fd);
    journal_watch_again(x->watch);
    const struct journal_snap *s = wait_for(x, is_broken);
    assert_int_equal(s->report.line, 2);
    snap_unref(s);
}

static void watch__stops__while_another_holds_the_lock(void **state)
{
    struct fixture *x = *state;
    write_line(x, 1);
    int folder = open(x->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(folder, LOCK_EX), 0);
    journal_watch_look(x->watch, true);
    struct pollfd p = {.fd = wake_fd(x->wake), .events = POLLIN};
    (void)poll(&p, 1, 100);
    int64_t began = clock_mono_ms(clock_real());
    cancel_trigger(x->cancel);
    x->watch = journal_watch_stop(x->watch);
    assert_in_range(clock_mono_ms(clock_real()) - began, 0, 500);
    close(folder);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(watch__follows__while_it_is_looked_at),
        CASE(watch__nobody_looks__reads_nothing),
        CASE(watch__a_changed_line__is_found_when_asked_again),
        CASE(watch__stops__while_another_holds_the_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
