#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"

/* Runs `what` in a child that may change itself; it says whether all was well. */
static void expect_in_child(bool (*what)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(what() ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void secret_append__holds__up_to_its_maximum(void **state)
{
    (void)state;
    struct secret *s = secret_new(6);
    size_t n = 99;

    assert_string_equal(secret_peek(s, &n), "");
    assert_int_equal(n, 0);
    assert_int_equal(secret_append(s, "abc", 3), ERR_OK);
    assert_int_equal(secret_append(s, "wxyz", 4), ERR_TOO_BIG);
    assert_string_equal(secret_peek(s, NULL), "abc"); /* refused whole, not cut */
    assert_int_equal(secret_append(s, "d\0f", 3), ERR_OK);
    assert_int_equal(secret_append(s, "", 0), ERR_OK);
    assert_int_equal(secret_append(s, "g", 1), ERR_TOO_BIG);
    assert_memory_equal(secret_peek(s, &n), "abcd\0f", 7);
    assert_int_equal(n, 6);
    assert_int_equal(secret_len(s), 6);
    assert_null(secret_free(s));
}

static void secret__takes__null_and_nothing(void **state)
{
    (void)state;
    size_t n = 99;
    struct secret *empty = secret_from(NULL, 0), *none = secret_new(0);

    assert_null(secret_free(NULL));
    assert_int_equal(secret_len(NULL), 0);
    assert_string_equal(secret_peek(NULL, &n), "");
    assert_int_equal(n, 0);
    assert_string_equal(secret_peek(empty, NULL), "");
    assert_int_equal(secret_append(none, "a", 1), ERR_TOO_BIG);
    secret_wipe(NULL, 0);
    secret_free(none);
    secret_free(empty);
}

static void secret_new__holds__whole_pages(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), n;
    char *bytes = mem_new(3 * page);

    memset(bytes, 'x', 3 * page);
    for (size_t max = page - 1; max <= page + 1; max++) { /* the NUL needs room, too */
        struct secret *s = secret_from(bytes, max);
        assert_int_equal(strlen(secret_peek(s, &n)), max);
        assert_int_equal(n, max);
        secret_free(s);
    }
    free(bytes);
}

static void secret_room__is_filled_by__a_reader(void **state)
{
    (void)state;
    struct secret *s = secret_new(8);
    size_t room = 0;

    assert_int_equal(secret_append(s, "ab", 2), ERR_OK);
    char *to = secret_room(s, &room);
    assert_int_equal(room, 6);
    memcpy(to, "cdefgh", 6);
    secret_commit(s, 4);
    assert_string_equal(secret_peek(s, NULL), "abcdef"); /* terminated: "gh" was not committed */
    (void)secret_room(s, &room);
    assert_int_equal(room, 2);
    secret_free(s);
}

static void secret_reset__wipes__also_what_was_not_committed(void **state)
{
    (void)state;
    struct secret *s = secret_from("hunter22", 8);
    size_t room;
    static const char zeros[9];

    secret_reset(s);
    assert_int_equal(secret_len(s), 0);
    char *to = secret_room(s, &room);
    assert_int_equal(room, 8);
    assert_memory_equal(to, zeros, 9);
    memcpy(to, "leftover", 8);
    secret_reset(s);
    assert_memory_equal(to, zeros, 9);
    secret_free(s);
}

static void secret_swap__exchanges__contents(void **state)
{
    (void)state;
    struct secret *a = secret_from("first", 5), *b = secret_from("2", 1);

    secret_swap(a, b);
    assert_string_equal(secret_peek(a, NULL), "2");
    assert_string_equal(secret_peek(b, NULL), "first");
    assert_int_equal(secret_append(a, "3", 1), ERR_TOO_BIG); /* the maximum goes along */
    secret_swap(a, a);
    assert_string_equal(secret_peek(a, NULL), "2");
    secret_free(a);
    secret_free(b);
}

static void secret_equal__compares__lengths_and_bytes(void **state)
{
    (void)state;
    struct secret *a = secret_from("abc\xff", 4), *same = secret_from("abc\xff", 4);
    struct secret *last = secret_from("abc\x7f", 4), *first = secret_from("Abc\xff", 4), *less = secret_from("abc", 3);

    assert_true(secret_equal(a, same) && secret_equal(a, a) && secret_equal(NULL, NULL));
    assert_false(secret_equal(a, last) || secret_equal(a, first) || secret_equal(a, less) || secret_equal(a, NULL));
    secret_free(a);
    secret_free(same);
    secret_free(last);
    secret_free(first);
    secret_free(less);
}

static struct secret *shared_secret;

static bool is_wiped_in_child(void)
{
    size_t n;
    const char *bytes = secret_peek(shared_secret, &n);

    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return n == 8;
}

static void secret__is_wiped__on_fork(void **state)
{
    (void)state;
    shared_secret = secret_from("hunter22", 8);
    expect_in_child(is_wiped_in_child);
    assert_string_equal(secret_peek(shared_secret, NULL), "hunter22");
    shared_secret = secret_free(shared_secret);
}

/* Writes the kernel's flags of the mapping that holds `p`: "rd wr ... lo ... dd". */
static void mapping_flags(const void *p, char out[256])
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    char line[256];
    bool is_ours = false;

    out[0] = '\0';
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        char *end = NULL;
        uintptr_t from = strtoul(line, &end, 16);
        if (end > line && *end == '-')
            is_ours = (uintptr_t)p >= from && (uintptr_t)p < strtoul(end + 1, NULL, 16);
        if (is_ours && memcmp(line, "VmFlags:", 8) == 0)
            memcpy(out, line, sizeof(line));
    }
    (void)fclose(maps);
}

static void secret__is_left_out_of__core_files(void **state)
{
    (void)state;
    struct secret *s = secret_from("hunter22", 8);
    char flags[256];

    mapping_flags(secret_peek(s, NULL), flags);
    assert_non_null(strstr(flags, " dd")); /* do not dump */
    assert_non_null(strstr(flags, " wf")); /* wipe on fork */
#ifndef CT_SANITIZED                       /* their runtimes make mlock do nothing */
    assert_true(!secret_memory_locked() || strstr(flags, " lo"));
#endif
    secret_free(s);
}

static bool works_without_locks(void)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
        return false;
    if (geteuid() == 0 && setuid(65534) != 0) /* root may lock whatever the limit */
        return false;
    struct secret *s = secret_new(3 * 65536);
    bool works = secret_append(s, "hunter22", 8) == ERR_OK && strcmp(secret_peek(s, NULL), "hunter22") == 0;
    size_t room;
    (void)secret_room(s, &room); /* more than the pages kept, which are locked */
    secret_free(s);
#ifdef CT_SANITIZED
    return works;
#else
    return works && !secret_memory_locked();
#endif
}

static void secret_memory_locked__is_false_when__a_lock_was_refused(void **state)
{
    (void)state;
    expect_in_child(works_without_locks);
}

/* A page goes from secret to secret wiped. */
static void secret_free__leaves__nothing_for_the_next(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        size_t room;
        struct secret *s = secret_from("hunter22", 8), *longest = secret_new(4000);
        (void)secret_free(s);
        s = secret_new(4000);
        const char *bytes = secret_room(s, &room);
        for (size_t at = 0; at <= room; at++)
            assert_int_equal(bytes[at], 0);
        memset(secret_room(s, &room), 'x', 4000); /* never committed */
        (void)secret_free(s);
        (void)secret_free(longest);
    }
}

/* Kilobytes that the process has locked. */
static long locked_kb(void)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "r");

    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmLck:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    (void)fclose(f);
    return kb;
}

static void secret_append__maps__what_is_needed_alone(void **state)
{
    (void)state;
    enum { MOST = 512 << 10 };
    char piece[1000];
    size_t n;
    struct secret *s = secret_new(MOST);
    long before = locked_kb();

    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (char)('a' + i % 26);
    assert_int_equal(secret_append(s, piece, 1000), ERR_OK);
    assert_int_equal(locked_kb(), before);
    for (size_t i = 1; i < MOST / 1000; i++)
        assert_int_equal(secret_append(s, piece, 1000), ERR_OK);
    assert_int_equal(secret_append(s, piece, MOST % 1000), ERR_OK);
    assert_int_equal(secret_append(s, piece, 1), ERR_TOO_BIG);
    const char *bytes = secret_peek(s, &n);
    assert_int_equal(n, MOST);
    assert_int_equal(bytes[n], 0);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], piece[i % 1000]);
    secret_reset(s);
    assert_int_equal(secret_len(s), 0);
    assert_int_equal(secret_max(s), MOST);
    assert_int_equal(locked_kb(), before);
    (void)secret_room(s, &n);
    assert_int_equal(n, MOST);
    (void)secret_free(s);
}

static bool is_hardened(void)
{
    struct rlimit core;

    (void)umask(0);
    secret_harden_process();
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0 || umask(0) != 077)
        return false;
#ifndef CT_SANITIZED
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return false;
#endif
    return true;
}

static void secret_harden_process__hardens(void **state)
{
    (void)state;
    expect_in_child(is_hardened);
}

static void secret_wipe__overwrites__exactly_n_bytes(void **state)
{
    (void)state;
    char bytes[8] = "abcdefg";

    secret_wipe(bytes + 1, 3);
    assert_memory_equal(bytes, "a\0\0\0efg", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_append__holds__up_to_its_maximum),
        cmocka_unit_test(secret__takes__null_and_nothing),
        cmocka_unit_test(secret_new__holds__whole_pages),
        cmocka_unit_test(secret_room__is_filled_by__a_reader),
        cmocka_unit_test(secret_reset__wipes__also_what_was_not_committed),
        cmocka_unit_test(secret_swap__exchanges__contents),
        cmocka_unit_test(secret_equal__compares__lengths_and_bytes),
        cmocka_unit_test(secret__is_wiped__on_fork),
        cmocka_unit_test(secret__is_left_out_of__core_files),
        cmocka_unit_test(secret_memory_locked__is_false_when__a_lock_was_refused),
        cmocka_unit_test(secret_free__leaves__nothing_for_the_next),
        cmocka_unit_test(secret_append__maps__what_is_needed_alone),
        cmocka_unit_test(secret_harden_process__hardens),
        cmocka_unit_test(secret_wipe__overwrites__exactly_n_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
