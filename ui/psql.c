#include "ui/psql.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "ui/signals.h"

#define GRACE_MS 2000

enum err psql_find(char *out, size_t size, struct why *why)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        /* An empty entry means the folder we are in: nobody's psql should lie there. */
        if (n > 0 && path[0] == '/') {
            str_fmt(out, size, "%.*s/psql", n < 4000 ? (int)n : 0, path);
            if (access(out, X_OK) == 0)
                return ERR_OK;
        }
        path += n;
        path += *path == ':' ? 1 : 0;
    }
    return why_set(why, ERR_NOT_FOUND, "psql is not installed: no folder of PATH has it");
}

/* After fork, until exec: what is safe in a child of threads, and nothing else. */
static _Noreturn void become_psql(const char *path, const struct psql_start *start, int tty)
{
    char *const argv[] = {(char *)(uintptr_t) "psql", (char *)(uintptr_t)start->conninfo, NULL};
    sigset_t none;
    sigemptyset(&none);
    (void)setpgid(0, 0);
    (void)tcsetpgrp(tty, getpid()); /* SIGTTOU is blocked still */
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGTTOU, SIG_DFL);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    bool ready = dup2(tty, STDIN_FILENO) >= 0 && dup2(tty, STDOUT_FILENO) >= 0 && dup2(tty, STDERR_FILENO) >= 0 &&
                 fcntl(start->fd, F_SETFD, 0) == 0;
    /* Libraries leave sockets open over an exec: none but ours goes along. */
    if (start->fd > 3)
        (void)syscall(SYS_close_range, 3u, (unsigned)start->fd - 1u, 0u);
    (void)syscall(SYS_close_range, (unsigned)start->fd + 1u, ~0u, 0u);
    if (ready)
        execv(path, argv);
    _exit(127);
}

/* Ctrl-Z has nowhere to lead from here: a psql that stops goes on at once. */
static bool has_ended(pid_t child, int *out_status)
{
    int status = 0;
    while (waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
        if (WIFSTOPPED(status)) {
            (void)kill(-child, SIGCONT);
            continue;
        }
        *out_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return true;
    }
    return false;
}

/* Looks five times a second: a stop is no event of a pidfd. */
static void wait_for_end(pid_t child, int signals, int *out_status, bool *out_leave)
{
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0), grace = GRACE_MS;
    while (!has_ended(child, out_status)) {
        struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        (void)poll(p, 2, 200);
        if ((p[1].revents & POLLIN) && (signals_read(signals) & SIGNALS_QUIT)) {
            *out_leave = true;
            (void)kill(-child, SIGHUP);
        }
        grace -= *out_leave ? 200 : 0;
        if (grace <= 0)
            (void)kill(-child, SIGKILL);
    }
    if (pidfd >= 0)
        close(pidfd);
}

/* What psql said before it failed stays until it has been read. */
static void wait_for_enter(int tty, int signals, int status, bool *out_leave)
{
    char line[128], key = 0;
    str_fmt(line, sizeof(line), "\npsql has ended with status %d; Enter goes back to credtop ", status);
    if (write(tty, line, strlen(line)) < 0)
        return;
    while (!*out_leave && key != '\n') {
        struct pollfd p[2] = {{.fd = tty, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        (void)poll(p, 2, -1);
        if (p[1].revents & POLLIN)
            *out_leave = (signals_read(signals) & SIGNALS_QUIT) != 0;
        if (p[0].revents && read(tty, &key, 1) <= 0)
            return;
    }
}

/* Its own prompt names the database alone, and those of two environments may be called the
 * same. */
static void say_where(int tty, const char *title)
{
    char line[480];
    str_fmt(line, sizeof(line), "\ncredtop: %s; \\q comes back\n", title);
    if (write(tty, line, strlen(line)) < 0)
        return; /* psql will find out */
}

enum err psql_run(const char *path, const struct psql_start *start, int signals, int *out_status, bool *out_leave,
                  struct why *why)
{
    sigset_t ttou, before;
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);
    *out_status = 127;
    *out_leave = false;
    sigemptyset(&ttou);
    sigaddset(&ttou, SIGTTOU); /* or taking the terminal back would stop us */
    (void)pthread_sigmask(SIG_BLOCK, &ttou, &before);
    if (tty >= 0)
        say_where(tty, start->title);
    pid_t child = tty >= 0 ? fork() : -1;
    if (child == 0)
        become_psql(path, start, tty);
    int failed = errno;
    close(start->fd);
    if (child > 0) {
        (void)setpgid(child, child);
        (void)tcsetpgrp(tty, child);
        wait_for_end(child, signals, out_status, out_leave);
        (void)tcsetpgrp(tty, getpgrp());
        if (*out_status != 0 && !*out_leave)
            wait_for_enter(tty, signals, *out_status, out_leave);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (tty >= 0)
        close(tty);
    return child > 0 ? ERR_OK : why_set(why, ERR_SYSTEM, "cannot start psql: %s", strerror(failed));
}
