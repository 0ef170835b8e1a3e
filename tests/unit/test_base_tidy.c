/* Giving memory back: what is resident falls, and all goes on working. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "backend/base/tidy.h"

#define PIECES 4000
#define PIECE 4096

static long status_kb(const char *what)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "r");

    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, what, strlen(what)) == 0)
            kb = strtol(line + strlen(what), NULL, 10);
    (void)fclose(f);
    return kb;
}

static void hash(unsigned char out[SHA256_DIGEST_LENGTH])
{
    assert_non_null(SHA256((const unsigned char *)"abc", 3, out));
}

static void tidy__gives_back__after_half_a_minute(void **state)
{
    (void)state;
    static char *pieces[PIECES];
    unsigned char before[SHA256_DIGEST_LENGTH], after[SHA256_DIGEST_LENGTH];

    hash(before);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = malloc(PIECE);
        assert_non_null(pieces[i]);
        memset(pieces[i], 'x', PIECE);
    }
    for (size_t i = 0; i + 1 < PIECES; i++) /* the last keeps the heap from shrinking at its end */
        free(pieces[i]);
    long heap = status_kb("RssAnon:"), files = status_kb("RssFile:");
    tidy(1000000); /* the first time */
    tidy(1029999); /* too soon */
#ifndef CT_SANITIZED
    assert_in_range(status_kb("RssAnon:"), heap - 64, heap + 64);
    tidy(1030000);
    assert_true(status_kb("RssAnon:") < heap - PIECES * PIECE / 1024 / 2);
    assert_true(status_kb("RssFile:") < files);
#else
    tidy(1030000);
    assert_true(heap > 0 && files > 0);
#endif
    hash(after);
    assert_memory_equal(before, after, sizeof before);
    free(pieces[PIECES - 1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tidy__gives_back__after_half_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
