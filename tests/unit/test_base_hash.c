/* The table hash: every byte and the length count, and the low bits are spread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/hash.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static void hash__depends_on_every_byte_on_the_length_and_the_seed(void **state)
{
    char text[40] = {0};
    (void)state;
    for (size_t n = 0; n < sizeof text; n++) {
        uint64_t h = hash_bytes(text, n, 1);
        assert_true(h == hash_bytes(text, n, 1));
        assert_true(h != hash_bytes(text, n, 2));
        assert_true(h != hash_bytes(text, n + 1, 1)); /* a NUL more */
        for (size_t i = 0; i < n; i++) {
            text[i] = 1;
            assert_true(h != hash_bytes(text, n, 1));
            text[i] = 0;
        }
    }
}

/* Event ids differ in a few digits; in a table half full about 39 % of the slots are hit. */
static void hash__spreads_ids_that_are_nearly_alike(void **state)
{
    enum { SLOTS = 1 << 14 };
    static unsigned char hit[SLOTS];
    char id[64];
    int used = 0;
    (void)state;
    for (int i = 0; i < SLOTS / 2; i++) {
        assert_true(str_fmt(id, sizeof id, "381927364501928374650192837465019283%020d", i));
        size_t slot = hash_bytes(id, strlen(id), 0) & (SLOTS - 1);
        used += hit[slot] == 0;
        hit[slot] = 1;
    }
    assert_in_range(used, SLOTS * 38 / 100, SLOTS * 41 / 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash__depends_on_every_byte_on_the_length_and_the_seed),
        cmocka_unit_test(hash__spreads_ids_that_are_nearly_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
