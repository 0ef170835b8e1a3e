/* What is kept of the screen between runs: written, read, damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/preferences.h"
#include "config/words.h"

static char folder[] = "/tmp/credtop-preferences.XXXXXX", path[128];

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/state/credtop/preferences", folder);
    return 0;
}

static void remove_at(const char *what)
{
    char name[160];
    (void)snprintf(name, sizeof(name), "%s%s", folder, what);
    (void)remove(name);
}

static int tear_down(void **state)
{
    (void)state;
    remove_at("/state/credtop/preferences");
    remove_at("/state/credtop");
    remove_at("/state");
    assert_int_equal(rmdir(folder), 0);
    return 0;
}

static void save__then_load__is_the_same(void **state)
{
    static struct preferences p = {.sort = "hits",
                                   .columns = "+lat -pg",
                                   .group = "tag team",
                                   .theme = "light",
                                   .reverse = true,
                                   .ncommands = 2,
                                   .commands = {"sort hits", "theme light"}},
                              back;
    struct stat st;
    char *error = NULL;
    (void)state;
    assert_true(preferences_load(path, &back, &error)); /* none yet */
    assert_int_equal(back.ncommands, 0);
    assert_true(preferences_save(path, &p, &error));
    assert_true(preferences_save(path, &p, &error)); /* over the old one */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(preferences_load(path, &back, &error));
    assert_memory_equal(&p, &back, sizeof(p));
}

static void save__where_it_cannot__says_so_and_leaves_nothing(void **state)
{
    static struct preferences p;
    char *error = NULL;
    (void)state;
    assert_false(preferences_save("/proc/credtop/preferences", &p, &error));
    assert_non_null(strstr(error, "/proc/credtop/preferences: cannot be written"));
    free(error);
}

static void parse__mistakes__are_named_and_the_rest_is_taken(void **state)
{
    static struct preferences p;
    static const char text[] = "sort = age\nsrot = x\n[section]\nreverse = maybe\n\ntheme = dark\nmouse = yes\n";
    char *error = NULL;
    (void)state;
    assert_false(preferences_parse(text, sizeof(text) - 1, "p", &p, &error));
    assert_string_equal(error, "p:2: there is no such preference; did you mean sort\n"
                               "p:3: there are no sections here; allowed: KEY = VALUE\n"
                               "p:4: reverse: allowed: no, yes\n");
    free(error);
    assert_string_equal(p.sort, "age");
    assert_string_equal(p.theme, "dark");
    assert_true(p.mouse);
    assert_false(p.reverse);
}

static void parse__too_much__is_bounded(void **state)
{
    static struct preferences p;
    static char text[PREFERENCE_MAX + 64 + 40 * 16];
    char *error = NULL;
    (void)state;
    size_t n = 0;
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "command = c%d\n", i);
    assert_true(preferences_parse(text, n, "p", &p, &error));
    assert_int_equal(p.ncommands, PREFERENCES_LIST);
    assert_string_equal(p.commands[0], "c0"); /* the newest is first */
    n = (size_t)snprintf(text, sizeof(text), "sort = ");
    memset(text + n, 'a', PREFERENCE_MAX);
    assert_false(preferences_parse(text, n + PREFERENCE_MAX, "p", &p, &error));
    assert_string_equal(p.sort, "");
    free(error);
}

static void hours__as_written__or_not_at_all(void **state)
{
    static const char *const wrong[] = {"",      "22:00",        "22:00-",      "22:00-24:00", "2:00-07:00", "22.00-07:00",
                                        "22:00-07:00 ", "22:60-07:00", "07:00-07:00", "-2:00-07:00"};
    int from = 0, to = 0;
    (void)state;
    assert_true(hours_read("22:00-07:30", &from, &to));
    assert_int_equal(from, 22 * 60);
    assert_int_equal(to, 7 * 60 + 30);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(hours_read(wrong[i], &from, &to));
}

static void quiet__hours__go_past_midnight(void **state)
{
    struct config night = {.quiet_hours = "22:00-07:00"}, noon = {.quiet_hours = "12:00-13:00"}, none = {.quiet_hours = NULL};
    (void)state;
    assert_true(config_is_quiet(&night, 23 * 60) && config_is_quiet(&night, 0) && config_is_quiet(&night, 7 * 60 - 1));
    assert_false(config_is_quiet(&night, 7 * 60) || config_is_quiet(&night, 22 * 60 - 1));
    assert_true(config_is_quiet(&noon, 12 * 60 + 30));
    assert_false(config_is_quiet(&noon, 13 * 60) || config_is_quiet(&noon, 0) || config_is_quiet(&none, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save__then_load__is_the_same),
        cmocka_unit_test(save__where_it_cannot__says_so_and_leaves_nothing),
        cmocka_unit_test(parse__mistakes__are_named_and_the_rest_is_taken),
        cmocka_unit_test(parse__too_much__is_bounded),
        cmocka_unit_test(quiet__hours__go_past_midnight),
        cmocka_unit_test(hours__as_written__or_not_at_all),
    };
    return cmocka_run_group_tests_name("config preferences", tests, set_up, tear_down);
}
