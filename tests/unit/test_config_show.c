/* `credtop config show`: what is in force, where it comes from, and that it reads back as the
 * same configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

static struct config *parse(const char *text, const char *path)
{
    char *errors = NULL;
    struct config *c = config_parse(text, strlen(text), path, &errors);
    if (c == NULL)
        fail_msg("%s", errors);
    return c;
}

static char *show(const char *text, const char *path)
{
    struct config *c = parse(text, path);
    char *shown = config_show(c);
    config_free(c);
    return shown;
}

/* The line of `shown` that begins with `start`. */
static void assert_line(const char *shown, const char *start, const char *end)
{
    for (const char *p = shown; *p != '\0';) {
        size_t n = strcspn(p, "\n"), k = strlen(end);
        if (strncmp(p, start, strlen(start)) == 0 && n >= k && strncmp(p + n - k, end, k) == 0)
            return;
        p += n + (p[n] == '\n');
    }
    fail_msg("no line \"%s...%s\" in:\n%s", start, end, shown);
}

static const char sample[] = "[credtop]\n"
                             "mode = audit\n"
                             "secret_poll = 90s\n"
                             "call_deadline = 1500ms\n"
                             "[environment one]\n"
                             "\n"
                             "secret = a/b\n"
                             "function = arn:aws:lambda:eu-west-1:111122223333:function:app:live\n"
                             "fetch = 100% mine; or # not\n"
                             "fetch = second\n"
                             "db_port = 6432\n"
                             "db_sslrootcert = ca.pem\n"
                             "[patterns]\n"
                             "hit = my hit*\n"
                             "[environment two]\n"
                             "mode = development\n"
                             "env_file = two.env\n";

static void show__values__say_where_they_come_from(void **state)
{
    char *shown = show(sample, "/etc/x/c.conf");
    (void)state;
    assert_line(shown, "mode = audit ", "; /etc/x/c.conf:2");
    assert_line(shown, "secret_poll = 90s ", "; /etc/x/c.conf:3");
    assert_line(shown, "call_deadline = 1500ms ", "; /etc/x/c.conf:4");
    assert_line(shown, "log_poll = 5s ", "; default");
    assert_line(shown, "# journal: not given", "");
    assert_line(shown, "[environment one]", "");
    assert_line(shown, "protect = yes ", "; default in production");
    assert_line(shown, "protect = no ", "; default in development");
    assert_line(shown, "log_group = /aws/lambda/app ", "; default, from function, /etc/x/c.conf:8");
    assert_line(shown, "; /etc/x/c.conf:9", "");
    assert_line(shown, "fetch = 100% mine; or # not", "");
    assert_line(shown, "fetch = second ", "; /etc/x/c.conf:9 and below");
    assert_line(shown, "# hit: as in [patterns]", "");
    assert_line(shown, "hit = my hit* ", "; /etc/x/c.conf:14");
    assert_line(shown, "db_port = 6432 ", "; /etc/x/c.conf:11");
    assert_line(shown, "db_sslrootcert = /etc/x/ca.pem ", "; /etc/x/c.conf:12");
    assert_line(shown, "env_file = /etc/x/two.env ", "; /etc/x/c.conf:17");
    assert_null(strstr(shown, "Using cached"));
    free(shown);
}

/* Without the comments, which name another file and other lines. */
static char *stripped(char *shown)
{
    char *to = shown;
    for (const char *p = shown; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        bool comment = *p == ';' || *p == '#';
        const char *origin = comment ? NULL : memmem(p, n, " ; ", 3);
        size_t kept = origin != NULL ? (size_t)(origin - p) : n;
        while (kept > 0 && p[kept - 1] == ' ')
            kept--;
        if (!comment) {
            memmove(to, p, kept);
            to += kept;
            *to++ = '\n';
        }
        p += n + (p[n] == '\n');
    }
    *to = '\0';
    return shown;
}

static void assert_reads_back(const char *text, const char *path)
{
    char *first = show(text, path);
    char *again = show(first, "/elsewhere/d.conf");
    assert_string_equal(stripped(again), stripped(first));
    free(first);
    free(again);
}

static void show__reads_back__as_the_same(void **state)
{
    (void)state;
    assert_reads_back(sample, "/etc/x/c.conf");
    assert_reads_back(sample, "/etc/odd ; folder/c.conf"); /* a blank and ';' in a path made absolute */
    char *example = config_example();
    assert_reads_back(example, "/etc/x/c.conf");
    free(example);
}

static void show__path__is_made_safe(void **state)
{
    char *shown = show(sample, "/etc/\x1b[2J\n/c.conf");
    (void)state;
    assert_null(strchr(shown, '\x1b'));
    assert_line(shown, "# db_sslrootcert = /etc/\\x1b[2J\\x0a/ca.pem", "");
    assert_line(shown, "# What is in force, from ", "/etc/\\x1b[2J\\x0a/c.conf");
    free(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(show__values__say_where_they_come_from),
        cmocka_unit_test(show__reads_back__as_the_same),
        cmocka_unit_test(show__path__is_made_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
