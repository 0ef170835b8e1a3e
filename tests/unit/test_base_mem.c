#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/mem.h"

static void mem__gives__zeroed_memory(void **state)
{
    (void)state;
    char *p = mem_new(64), *a = mem_array(8, 8);
    static const char zeros[64];

    assert_memory_equal(p, zeros, 64);
    assert_memory_equal(a, zeros, 64);
    free(p);
    MEM_FREE(a);
    assert_null(a);
    free(mem_new(0)); /* not NULL, or it would have aborted */
    free(mem_array(0, 8));
}

static void mem_grow__keeps__the_bytes(void **state)
{
    (void)state;
    char *p = mem_grow(NULL, 4, 1);

    memcpy(p, "abc", 4);
    p = mem_grow(p, 1000, 16);
    assert_string_equal(p, "abc");
    p = mem_grow(p, 0, 16); /* realloc would free it and return NULL */
    assert_non_null(p);
    free(p);
}

static void mem_copy__copies__strings_and_bytes(void **state)
{
    (void)state;
    char *s = mem_copy_str("abc"), *b = mem_copy_bytes("a\0b", 3), *none = mem_copy_bytes(NULL, 0);

    assert_string_equal(s, "abc");
    assert_memory_equal(b, "a\0b", 4);
    assert_string_equal(none, "");
    assert_null(mem_copy_str(NULL));
    free(s);
    free(b);
    free(none);
}

/* ------------------------------------------------------------------ aborting */

static int said; /* the child's standard error, for the hook below */

static void restore(void)
{
    (void)!write(said, "<restored>", 10);
}

/* An assertion inside the restore must not call it again. */
static void restore_badly(void)
{
    (void)!write(said, "<restored>", 10);
    ASSERT(said < 0);
}

static void break_a_promise(void)
{
    ASSERT(1 + 1 == 3);
}

static void overflow_an_array(void)
{
    free(mem_array(SIZE_MAX / 2, 3));
}

static void overflow_a_growth(void)
{
    free(mem_grow(NULL, SIZE_MAX / 2, 3));
}

/* Runs `what` in a child; returns what it said.  It must have aborted. */
static void expect_abort(void (*what)(void), void (*hook)(void), char *out, size_t size)
{
    int ends[2], status = 0;
    size_t n = 0;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL); /* cmocka catches it */
        said = STDERR_FILENO;
        mem_on_abort(hook);
        what();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t got; n < size - 1 && (got = read(ends[0], out + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    out[n] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void mem_assert__restores__says_where_and_aborts(void **state)
{
    (void)state;
    char text[512];

    expect_abort(break_a_promise, restore, text, sizeof(text));
    assert_memory_equal(text, "<restored>credtop: broken promise: 1 + 1 == 3 (tests/unit/test_base_mem.c:", 73);
    assert_null(strstr(text + 1, "<restored>"));
    assert_int_equal(text[strlen(text) - 1], '\n');

    expect_abort(break_a_promise, NULL, text, sizeof(text));
    assert_memory_equal(text, "credtop: broken promise", 23);

    expect_abort(break_a_promise, restore_badly, text, sizeof(text));
    assert_memory_equal(text, "<restored>credtop: broken promise: said < 0", 43);
}

static void mem_array__aborts__when_the_size_overflows(void **state)
{
    (void)state;
    char text[512];

    expect_abort(overflow_an_array, restore, text, sizeof(text));
    assert_string_equal(text, "<restored>credtop: out of memory\n");
    expect_abort(overflow_a_growth, NULL, text, sizeof(text));
    assert_string_equal(text, "credtop: out of memory\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mem__gives__zeroed_memory),
        cmocka_unit_test(mem_grow__keeps__the_bytes),
        cmocka_unit_test(mem_copy__copies__strings_and_bytes),
        cmocka_unit_test(mem_assert__restores__says_where_and_aborts),
        cmocka_unit_test(mem_array__aborts__when_the_size_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
