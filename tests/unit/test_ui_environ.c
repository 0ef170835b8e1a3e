/* What is left of an environment, and what the fence stops.  Each in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/base/fence.h"
#include "ui/environ.h"

extern char **environ;

static void in_child(void (*body)(void))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        body();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child said %d", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
}

#define SAY(number, condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            _exit(number);                                                                                             \
    } while (0)

static size_t count(void)
{
    size_t n = 0;
    while (environ && environ[n])
        n++;
    return n;
}

static void keeps_plain_names(void)
{
    (void)clearenv();
    SAY(1, setenv("TERM", "xterm-256color", 1) == 0 && setenv("LANG", "de_DE.UTF-8@euro", 1) == 0);
    SAY(2, setenv("LC_ALL", "C.UTF-8", 1) == 0 && setenv("TZ", "America/Argentina/Buenos_Aires", 1) == 0);
    SAY(3, setenv("NO_COLOR", "1", 1) == 0);
    environ_restrict();
    SAY(4, strcmp(getenv("TERM"), "xterm-256color") == 0 && strcmp(getenv("LANG"), "de_DE.UTF-8@euro") == 0);
    SAY(5, strcmp(getenv("LC_ALL"), "C.UTF-8") == 0 && strcmp(getenv("NO_COLOR"), "1") == 0);
    SAY(6, strcmp(getenv("TZ"), "America/Argentina/Buenos_Aires") == 0);
    SAY(7, count() == 5);
}

static void drops_all_else(void)
{
    static const char *const names[] = {
        "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "CREDTOP_X", "HOME", "PATH",
        "XDG_CONFIG_HOME", "XDG_STATE_HOME", "TERMINFO", "TERMINFO_DIRS", "TERMCAP", "LINES", "COLUMNS", "ESCDELAY",
        "NCURSES_TRACE", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF", "SSLKEYLOGFILE", "PGHOST", "PGSSLMODE",
        "PGSERVICEFILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "ALL_PROXY", "LD_PRELOAD", "LD_LIBRARY_PATH",
        "LOCPATH", "NLSPATH", "GCONV_PATH", "LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES", "MALLOC_TRACE", "SHELL",
        "SSH_ORIGINAL_COMMAND", "LANGUAGE", "LC_X", "TERMX"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        SAY(1, setenv(names[i], "x", 1) == 0);
    (void)unsetenv("TERM");
    (void)unsetenv("LANG");
    (void)unsetenv("LC_ALL");
    (void)unsetenv("TZ");
    (void)unsetenv("NO_COLOR");
    (void)unsetenv("LC_CTYPE");
    environ_restrict();
    SAY(2, count() == 0);
}

static void drops_values_with_paths(void)
{
    static const char *const rows[][2] = {
        {"TERM", "../../../home/x/term"}, {"TERM", "/tmp/x"},   {"TERM", ""},         {"TERM", "a b"},
        {"TERM", "x\x1b[2J"},             {"LANG", "/tmp/de"},  {"LC_ALL", "../de"},  {"TZ", "/tmp/zone"},
        {"TZ", ":/tmp/zone"},             {"TZ", "../../tmp/x"}, {"TZ", "a:b"},       {"NO_COLOR", "/"},
        {"TERM", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {"TZ", "Europe/../../../../tmp/zone"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)clearenv();
        SAY(1, setenv(rows[i][0], rows[i][1], 1) == 0);
        environ_restrict();
        SAY(10 + (int)i, count() == 0);
    }
}

static void environ__restrict__keeps_plain_names(void **state)
{
    (void)state;
    in_child(keeps_plain_names);
}

static void environ__restrict__drops_all_else(void **state)
{
    (void)state;
    in_child(drops_all_else);
}

static void environ__restrict__drops_values_with_paths(void **state)
{
    (void)state;
    in_child(drops_values_with_paths);
}

static void fenced(const char *file)
{
    char *const argv[] = {(char *)(uintptr_t) "true", NULL};
    struct fence f = fence_raise();
    if (f.programs) {
        (void)execv("/bin/true", argv); /* were it to succeed, the child would end well: */
        SAY(2, errno == EPERM || errno == EACCES);
    }
    if (f.files) {
        SAY(3, open("/tmp/credtop-fence-new", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
        SAY(4, open(file, O_WRONLY) < 0 && errno == EACCES);
        SAY(5, unlink(file) < 0 && errno == EACCES);
        SAY(6, open("/dev/null", O_WRONLY) >= 0);
    }
    SAY(7, open("/etc/passwd", O_RDONLY) >= 0);
    SAY(8, memfd_create("x", MFD_CLOEXEC) >= 0);
    _exit(f.programs || f.files ? 50 : 51); /* told apart from a program that ran */
}

static void fence__stops_programs_and_writing(void **state)
{
    (void)state;
    char file[] = "/tmp/credtop-fence.XXXXXX";
    int status = 0, fd = mkstemp(file);
    assert_true(fd >= 0 && close(fd) == 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        fenced(file);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(unlink(file), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 51)
        print_message("skipped: this kernel has neither seccomp nor Landlock\n");
    else
        assert_int_equal(WEXITSTATUS(status), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environ__restrict__keeps_plain_names),
        cmocka_unit_test(environ__restrict__drops_all_else),
        cmocka_unit_test(environ__restrict__drops_values_with_paths),
        cmocka_unit_test(fence__stops_programs_and_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
