#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define THREADS 4
#define LINES 200

/* A directory for each test, removed with what the test left in it. */
struct place {
    char dir[64];
    char path[96];
};

static int set_up(void **state)
{
    struct place *p = mem_new(sizeof(*p));

    *state = p;
    if (!str_copy(p->dir, sizeof(p->dir), "/tmp/credtop-log-XXXXXX") || !mkdtemp(p->dir))
        return -1;
    return str_fmt(p->path, sizeof(p->path), "%s/log", p->dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *p = *state;

    log_close();
    (void)unlink(p->path);
    int failed = rmdir(p->dir);
    free(p);
    return failed;
}

static char *read_all(const char *path)
{
    struct strbuf b;
    char chunk[4096];
    FILE *f = fopen(path, "re");

    assert_non_null(f);
    strbuf_init(&b, 1 << 20);
    for (size_t n; (n = fread(chunk, 1, sizeof(chunk), f)) > 0;)
        strbuf_add(&b, chunk, n);
    (void)fclose(f);
    return strbuf_take(&b);
}

static void log_line__writes__stamp_level_and_text(void **state)
{
    struct place *p = *state;
    struct why why;
    int64_t stamp = 0, before = clock_wall_ms(clock_real());

    assert_int_equal(log_open(p->path, LOG_INFO, &why), ERR_OK);
    log_line(LOG_INFO, "polled %d secrets", 12);
    log_line(LOG_DEBUG, "not this one");
    log_line(LOG_ERROR, "gone");
    log_close();
    log_line(LOG_ERROR, "nor this");

    char *text = read_all(p->path);
    assert_true(clock_parse_iso(text, 24, &stamp));
    assert_true(stamp >= before && stamp <= clock_wall_ms(clock_real()));
    assert_memory_equal(text + 24, " INFO polled 12 secrets\n", 24);
    assert_string_equal(text + 24 + 24 + 24, " ERROR gone\n");
    free(text);
}

static void log_line__makes_safe_and_masks__foreign_bytes(void **state)
{
    struct place *p = *state;
    struct why why;
    char big[5000];

    memset(big, 0x1b, sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    assert_int_equal(log_open(p->path, LOG_DEBUG, &why), ERR_OK);
    log_line(LOG_WARN, "%s", "two\nlines \x1b[2J password=hunter22 \xff");
    log_line(LOG_WARN, "%s", big);
    log_close();

    char *text = read_all(p->path);
    char *end = strchr(text, '\n');
    assert_non_null(end);
    *end = '\0';
    assert_string_equal(text + 24, " WARN two\\nlines \\x1B[2J password=*** \\xFF");
    assert_true(strlen(end + 1) > 2000);                            /* cut, but as long as a line may be */
    assert_ptr_equal(strchr(end + 1, '\n'), end + strlen(end + 1)); /* one line, whole */
    assert_true(text_is_safe(end + 1, strlen(end + 1) - 1));
    free(text);
}

static void log_open__appends__to_a_private_file(void **state)
{
    struct place *p = *state;
    struct why why;
    struct stat st;
    mode_t mask = umask(0);

    for (int i = 0; i < 2; i++) {
        assert_int_equal(log_open(p->path, LOG_INFO, &why), ERR_OK);
        assert_true((fcntl(log_fd(), F_GETFD) & FD_CLOEXEC) != 0);
        log_line(LOG_INFO, "run %d", i);
    }
    log_close();
    (void)umask(mask);
    assert_int_equal(log_fd(), -1);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    char *text = read_all(p->path);
    assert_non_null(strstr(text, "run 0\n"));
    assert_non_null(strstr(text, "run 1\n"));
    free(text);
}

static void expect_refused(const char *path, const char *reason)
{
    struct why why = {0};

    assert_int_equal(log_open(path, LOG_INFO, &why), ERR_IO);
    assert_non_null(strstr(why.text, path));
    assert_non_null(strstr(why.text, reason));
    assert_int_equal(log_fd(), -1);
}

static void log_open__refuses__what_is_no_plain_file(void **state)
{
    struct place *p = *state;

    expect_refused("/nonexistent/dir/log", "No such file");
    expect_refused(p->dir, "Is a directory");
    expect_refused("/dev/null", "not a plain file");
    assert_int_equal(symlink("/dev/null", p->path), 0);
    expect_refused(p->path, "symbolic link");
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(mkfifo(p->path, 0600), 0); /* nobody reads: must not hang */
    expect_refused(p->path, "");
    int reader = open(p->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    expect_refused(p->path, "not a plain file");
    close(reader);
}

static void log_open__keeps_the_old_log__when_the_new_one_fails(void **state)
{
    struct place *p = *state;
    struct why why;

    assert_int_equal(log_open(p->path, LOG_INFO, &why), ERR_OK);
    int fd = log_fd();
    assert_int_equal(log_open("/nonexistent/dir/log", LOG_INFO, &why), ERR_IO);
    assert_int_equal(log_fd(), fd);
    log_line(LOG_INFO, "still here");
    char *text = read_all(p->path);
    assert_non_null(strstr(text, "still here\n"));
    free(text);
}

static void *write_lines(void *arg)
{
    const int *id = arg;

    for (int i = 0; i < LINES; i++)
        log_line(LOG_INFO, "thread %d line %03d end", *id, i);
    return NULL;
}

static void log_line__keeps_lines_whole__from_many_threads(void **state)
{
    struct place *p = *state;
    struct why why;
    pthread_t threads[THREADS];
    int ids[THREADS], count = 0;

    assert_int_equal(log_open(p->path, LOG_INFO, &why), ERR_OK);
    for (int i = 0; i < THREADS; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &ids[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    log_close();
    char *text = read_all(p->path);
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, count++) {
        assert_int_equal(end - line, 24 + strlen(" INFO thread 0 line 000 end"));
        assert_memory_equal(end - 4, " end", 4);
    }
    assert_int_equal(count, THREADS * LINES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log_line__writes__stamp_level_and_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_line__makes_safe_and_masks__foreign_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_open__appends__to_a_private_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_open__refuses__what_is_no_plain_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_open__keeps_the_old_log__when_the_new_one_fails, set_up, tear_down),
        cmocka_unit_test_setup_teardown(log_line__keeps_lines_whole__from_many_threads, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
