/* The system's configuration: what it says of the mode counts, and restricted mode trusts it
 * only where nobody but its owner can write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/system.h"

/* In place of config/system_place.c. */
static char path[256];
static uid_t owner;

const char *system_conf_path(void)
{
    return path;
}

uid_t system_conf_owner(void)
{
    return owner;
}

static char folder[128];

static const char *in_folder(const char *name)
{
    static char room[256];
    (void)snprintf(room, sizeof room, "%s/%s", folder, name);
    return room;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_folder(name), "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(in_folder(name), 0600), 0);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/credtop-system.XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/credtop.conf", folder);
    owner = geteuid();
    return chmod(folder, 0755);
}

static int tear_down(void **state)
{
    static const char *const names[] = {"credtop.conf", "keys"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        (void)unlink(in_folder(names[i]));
    }
    return rmdir(folder);
}

static const char environment[] = "[environment e]\nsecret = s\nregion = eu-west-1\n";

static void system__mode__is_told_without_an_environment(void **state)
{
    static const struct {
        const char *text;
        bool audit;
    } samples[] = {
        {"[credtop]\nmode = audit\n", true},
        {"[credtop]\nmode = operate\n", false},
        {"", false},
        {"[credtop]\nmode = audit\n[environment e]\nsecret = s\n", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        bool audit = !samples[i].audit;
        char *errors;
        put("credtop.conf", samples[i].text);
        assert_true(system_conf_mode(&audit, &errors));
        assert_null(errors);
        assert_int_equal(audit, samples[i].audit);
    }
}

static void system__mode__no_file_is_no_word(void **state)
{
    (void)state;
    bool audit = true;
    char *errors;
    assert_true(system_conf_mode(&audit, &errors));
    assert_false(audit);
    (void)snprintf(path, sizeof path, "%s/none/credtop.conf", folder);
    assert_true(system_conf_mode(&audit, &errors));
    assert_false(audit);
}

static void system__mode__what_cannot_be_told_is_an_error(void **state)
{
    static const char *const wrong[] = {"[credtop]\nmode = auditt\n", "mode = audit\n", "[credtop\n"};
    (void)state;
    bool audit;
    char *errors;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        put("credtop.conf", wrong[i]);
        assert_false(system_conf_mode(&audit, &errors));
        assert_non_null(strstr(errors, "credtop.conf:"));
        free(errors);
    }
    put("credtop.conf", "[credtop]\nmode = audit\n");
    assert_int_equal(chmod(path, 0666), 0); /* anybody could have written it */
    assert_false(system_conf_mode(&audit, &errors));
    assert_non_null(strstr(errors, "chmod"));
    free(errors);
}

static void refused(const char *words)
{
    char *errors = NULL;
    assert_null(system_conf_load(&errors));
    if (errors == NULL || strstr(errors, words) == NULL) {
        fail_msg("no '%s' in: %s", words, errors);
    }
    free(errors);
}

static void system__load__trusts_the_owner_alone(void **state)
{
    char text[512], *errors;
    (void)state;
    put("keys", "[default]\n");
    (void)snprintf(text, sizeof text, "[credtop]\naws_credentials_file = keys\n%s", environment);
    put("credtop.conf", text);
    struct config *c = system_conf_load(&errors);
    assert_non_null(c);
    assert_string_equal(c->aws_credentials_file, in_folder("keys"));
    assert_null(c->aws_config_file);
    c = config_free(c);
    owner = geteuid() + 1;
    refused("restricted mode does not trust the folder");
    owner = geteuid();
    assert_int_equal(chmod(in_folder("keys"), 0620), 0);
    refused("it can be written by others than its owner");
    assert_int_equal(unlink(in_folder("keys")), 0);
    refused("aws_credentials_file");
    put("keys", "");
    assert_int_equal(chmod(folder, 0777), 0);
    refused("restricted mode does not trust the folder");
}

static void system__load__needs_an_environment(void **state)
{
    (void)state;
    put("credtop.conf", "[credtop]\nmode = audit\n");
    refused("there is no environment to watch");
}

int main(void)
{
#define SYSTEM_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SYSTEM_CASE(system__mode__is_told_without_an_environment),
        SYSTEM_CASE(system__mode__no_file_is_no_word),
        SYSTEM_CASE(system__mode__what_cannot_be_told_is_an_error),
        SYSTEM_CASE(system__load__trusts_the_owner_alone),
        SYSTEM_CASE(system__load__needs_an_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
