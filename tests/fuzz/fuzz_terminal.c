/* libFuzzer: any bytes from a terminal, through a pseudo-terminal and curses to keys.  Every key is
 * a character or one of those that have a name, there are no more of them than bytes, plain text
 * comes through as it was typed, and the terminal is not taken for gone.
 *
 * A terminal belongs to a session, and a fuzzer's process may lead one already: the fuzzing is a
 * child's, for whose end the first process waits.
 * Links the screens; clang -fsanitize=fuzzer,address,undefined. */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/keys.h"
#include "ui/term.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 256 /* what a terminal keeps for us is 4096 */

static struct {
    int master;
    struct term *term;
} of; /* this process, made once */

static void be_the_child(void)
{
    int status = 0;
    pid_t child = fork();
    ASSERT(child >= 0);
    if (child > 0) {
        ASSERT(waitpid(child, &status, 0) == child);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    ASSERT(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setsid() >= 0);
}

/* Ctrl-C is a signal to the program, which has a descriptor for those; here it would end the run. */
static void without_signals(void)
{
    struct termios t;
    ASSERT(tcgetattr(term_fd(of.term), &t) == 0);
    t.c_lflag &= ~(tcflag_t)ISIG;
    ASSERT(tcsetattr(term_fd(of.term), TCSANOW, &t) == 0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char name[64];
    uint32_t press;
    struct why why = {0};
    (void)argc;
    (void)argv;
    be_the_child();
    of.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    ASSERT(of.master >= 0 && grantpt(of.master) == 0 && unlockpt(of.master) == 0);
    ASSERT(ptsname_r(of.master, name, sizeof name) == 0);
    int slave = open(name, O_RDWR | O_CLOEXEC); /* of a session's leader without one: its terminal from now on */
    ASSERT(slave >= 0 && dup2(slave, STDOUT_FILENO) >= 0);
    (void)setenv("TERM", "xterm-256color", 1);
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    (void)setenv("ESCDELAY", "1", 1);
    of.term = term_open(&(struct term_settings){.log_fd = dup(STDERR_FILENO)}, &why);
    ASSERT(of.term != NULL && term_utf8(of.term));
    term_resized(of.term);
    ASSERT(!term_key(of.term, &press)); /* another size is no key: it would count as the user's first */
    term_mouse(of.term, true);
    without_signals();
    static const int crashes[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < ARRAY_LEN(crashes); i++)
        (void)signal(crashes[i], SIG_DFL); /* the fuzzer's own, which keeps the input, come after this */
    return 0;
}

static void drain(void)
{
    char bytes[4096];
    term_flush(of.term);
    while (read(of.master, bytes, sizeof bytes) > 0)
        continue;
}

static int waiting(void)
{
    int n = 0;
    ASSERT(ioctl(term_fd(of.term), FIONREAD, &n) == 0);
    return n;
}

/* The kernel hands them over in its own time. */
static void type(const uint8_t *data, size_t size)
{
    ASSERT(write(of.master, data, size) == (ssize_t)size);
    for (int i = 0; waiting() < (int)size; i++) {
        ASSERT(i < 5000);
        (void)poll(NULL, 0, 1);
    }
}

static void check_press(uint32_t press)
{
    if (press >= PRESS_UP)
        ASSERT(press <= PRESS_OTHER);
    else
        ASSERT(press < 0xd800 || press > 0xdfff);
    if (press == PRESS_MOUSE) {
        struct term_click c = term_click(of.term);
        ASSERT(c.wheel >= -1 && c.wheel <= 1);
    }
}

/* No control is in it, so that every byte is a character's. */
static bool is_plain(const uint8_t *data, size_t size)
{
    uint32_t cp;
    for (int n; size > 0; data += n, size -= (size_t)n) {
        n = text_decode((const char *)data, size, &cp);
        if (n <= 0 || cp < ' ' || (cp >= 0x7f && cp < 0xa0))
            return false;
    }
    return true;
}

/* What was begun and not ended, a character or a mouse's report, is over after some plain keys.
 * Of those curses may take a burst along: of bytes that are no character it keeps the last one. */
static void settle(void)
{
    uint32_t press = 0;
    for (int burst = 0; burst < 2; burst++) {
        type((const uint8_t *)"xxxxxxxxxxxxxxxx", 16);
        do
            while (term_key(of.term, &press))
                check_press(press);
        while (waiting() > 0);
    }
    ASSERT(press == 'x');
}

/* ncurses 6.4 itself writes behind an array when a mouse's report has too many numbers, and only
 * while the mouse is on: nothing to find out here for a second time. */
static bool breaks_curses(const uint8_t *data, size_t size)
{
    size_t semicolons = 0;
    for (size_t i = 0; i < size; i++)
        semicolons += data[i] == ';';
    return semicolons > 8 && memmem(data, size, "\033[<", 3) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t press, cp;
    size_t keys = 0, at = 0;
    if (size == 0 || size > INPUT_MAX || breaks_curses(data, size))
        return -1;
    bool plain = is_plain(data, size);
    type(data, size);
    do
        while (term_key(of.term, &press)) {
            check_press(press);
            ASSERT(++keys <= size);
            if (plain) {
                at += (size_t)text_decode((const char *)data + at, size - at, &cp);
                ASSERT(press == cp);
            }
        }
    while (waiting() > 0);
    ASSERT(!plain || at == size);
    if (!plain)
        settle();
    ASSERT(!term_gone(of.term));
    drain();
    return 0;
}
