/* A listing whose pages repeat is found out, however long the circle; one that leads on never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backend/base/strbuf.h"
#include "backend/watch/log_circle.h"

/* Pages until the circle is found: `lead` pages come once, then `round` ones again and again. */
static unsigned pages_until_found(unsigned lead, unsigned round, unsigned most)
{
    struct log_circle c = {0};
    for (unsigned i = 0; i < most; i++) {
        char id[16];
        assert_true(str_fmt(id, sizeof id, "%u", i < lead || round == 0 ? i : lead + (i - lead) % round));
        if (log_circle_closes(&c, id, strlen(id)))
            return i + 1;
    }
    return 0;
}

static void circle__of_any_length__is_found(void **state)
{
    (void)state;
    assert_int_equal(pages_until_found(0, 1, 100), 2);
    for (unsigned lead = 0; lead < 70; lead += 3)
        for (unsigned round = 1; round < 40; round++) {
            unsigned found = pages_until_found(lead, round, 1000);
            assert_true(found > lead + round); /* not before a page came twice */
            assert_true(found <= 4 * (lead + round) + 2);
        }
}

static void circle__that_is_none__is_never_found(void **state)
{
    (void)state;
    assert_int_equal(pages_until_found(0, 0, 20000), 0);
}

static void circle__pages_without_events__say_nothing(void **state)
{
    struct log_circle c = {0};
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_false(log_circle_closes(&c, "", 0));
    char longer[LOG_CIRCLE_ID_MAX + 1];
    memset(longer, 'x', sizeof longer);
    for (int i = 0; i < 100; i++)
        assert_false(log_circle_closes(&c, longer, sizeof longer));
    assert_false(log_circle_closes(&c, "a", 1));
    assert_false(log_circle_closes(&c, "", 0));
    assert_true(log_circle_closes(&c, "a", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(circle__of_any_length__is_found),
        cmocka_unit_test(circle__that_is_none__is_never_found),
        cmocka_unit_test(circle__pages_without_events__say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
