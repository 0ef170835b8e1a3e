#include "ui/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct {
    int number;
    unsigned meaning;
} table[] = {
    {SIGINT, SIGNALS_QUIT},     {SIGTERM, SIGNALS_QUIT}, {SIGHUP, SIGNALS_QUIT},
    {SIGWINCH, SIGNALS_RESIZE}, {SIGTSTP, SIGNALS_STOP}, {SIGCONT, SIGNALS_CONTINUE},
};

/* curses puts handlers of its own where it finds none; ours is the descriptor. */
static void default_actions(void)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        (void)signal(table[i].number, SIG_DFL);
}

static void watched(sigset_t *out)
{
    sigemptyset(out);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        sigaddset(out, table[i].number);
}

int signals_open(void)
{
    sigset_t set;
    watched(&set);
    (void)signal(SIGPIPE, SIG_IGN);
    /* nohup and friends leave some ignored: an ignored signal never arrives. */
    default_actions();
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void signals_close(int fd)
{
    sigset_t set;
    watched(&set);
    default_actions();
    (void)signals_read(fd); /* what waits has been acted on: it must not kill us now */
    (void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    if (fd >= 0)
        close(fd);
}

unsigned signals_read(int fd)
{
    unsigned got = 0;
    struct signalfd_siginfo info;
    while (fd >= 0 && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
            if ((uint32_t)table[i].number == info.ssi_signo)
                got |= table[i].meaning;
    return got;
}

void signals_stop_here(void)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    (void)signal(SIGTSTP, SIG_DFL); /* not curses' handler, which would draw */
    (void)pthread_sigmask(SIG_UNBLOCK, &set, &before);
    (void)raise(SIGTSTP);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}
