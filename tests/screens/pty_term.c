#include "tests/screens/pty_term.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vterm.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

#define WRITTEN_MAX (4u << 20)

struct pty {
    int fd; /* our end; -1 after a hang-up */
    pid_t pid;
    bool ended;
    int status;
    VTerm *vt;
    VTermScreen *screen;
    int rows, cols;
    bool cursor, other;
    struct strbuf written;
    uint64_t bytes;
};

int64_t pty_now_ms(void)
{
    return clock_mono_ms(clock_real());
}

static int on_property(VTermProp prop, VTermValue *value, void *arg)
{
    struct pty *p = arg;
    if (prop == VTERM_PROP_CURSORVISIBLE)
        p->cursor = value->boolean;
    if (prop == VTERM_PROP_ALTSCREEN)
        p->other = value->boolean;
    return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = on_property};

static void become(const struct pty_settings *s)
{
    /* execve promises not to write what its prototype lets it write. */
    (void)execve(s->argv[0], (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)s->env);
    _exit(127);
}

struct pty *pty_start(const struct pty_settings *s)
{
    struct pty *p = mem_new(sizeof(*p));
    struct winsize size = {.ws_row = (unsigned short)s->rows, .ws_col = (unsigned short)s->cols};
    p->rows = s->rows;
    p->cols = s->cols;
    strbuf_init(&p->written, WRITTEN_MAX);
    p->vt = vterm_new(s->rows, s->cols);
    vterm_set_utf8(p->vt, 1);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_set_callbacks(p->screen, &callbacks, p);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
    p->cursor = true;
    p->pid = forkpty(&p->fd, NULL, NULL, &size);
    ASSERT(p->pid >= 0);
    if (p->pid == 0)
        become(s);
    ASSERT(fcntl(p->fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(p->fd, F_SETFL, O_NONBLOCK) == 0);
    return p;
}

struct pty *pty_free(struct pty *p)
{
    if (!p)
        return NULL;
    pty_hang_up(p);
    if (pty_ended(p, 2000) < 0) {
        (void)kill(p->pid, SIGKILL);
        (void)pty_ended(p, 2000);
    }
    vterm_free(p->vt);
    strbuf_clear(&p->written);
    free(p);
    return NULL;
}

/* ------------------------------------------------------------- reading */

/* What is there now; false when there will be no more. */
static bool take(struct pty *p)
{
    char bytes[8192];
    for (;;) {
        ssize_t n = p->fd < 0 ? 0 : read(p->fd, bytes, sizeof(bytes));
        if (n > 0) {
            p->bytes += (uint64_t)n;
            strbuf_add(&p->written, bytes, (size_t)n);
            (void)vterm_input_write(p->vt, bytes, (size_t)n);
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        return n < 0 && errno == EAGAIN; /* EIO: the other end is closed */
    }
}

bool pty_read(struct pty *p, int ms)
{
    int64_t until = pty_now_ms() + ms;
    for (;;) {
        if (!take(p))
            return false;
        int64_t left = until - pty_now_ms();
        if (left <= 0)
            return true;
        struct pollfd f = {.fd = p->fd, .events = POLLIN};
        (void)poll(&f, 1, (int)left);
    }
}

void pty_read_all(struct pty **all, size_t n, int ms)
{
    int64_t until = pty_now_ms() + ms;
    struct pollfd *f = mem_array(n + 1, sizeof(*f));
    for (;;) {
        for (size_t i = 0; i < n; i++)
            f[i] = (struct pollfd){.fd = take(all[i]) ? all[i]->fd : -1, .events = POLLIN};
        int64_t left = until - pty_now_ms();
        if (left <= 0)
            break;
        (void)poll(f, (nfds_t)n, (int)left);
    }
    free(f);
}

bool pty_wait(struct pty *p, const char *text, int ms)
{
    int64_t until = pty_now_ms() + ms;
    struct strbuf picture;
    bool found = false;
    strbuf_init(&picture, WRITTEN_MAX);
    while (!found) {
        bool more = pty_read(p, 10);
        strbuf_reset(&picture);
        pty_text(p, &picture);
        found = strstr(strbuf_peek(&picture), text) != NULL;
        if (!more || pty_now_ms() > until)
            break;
    }
    strbuf_clear(&picture);
    return found;
}

/* ------------------------------------------------------------- sending */

void pty_send(struct pty *p, const char *keys, size_t n)
{
    while (n > 0 && p->fd >= 0) {
        ssize_t k = write(p->fd, keys, n);
        if (k < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (k > 0) {
            keys += k;
            n -= (size_t)k;
        } else if (!pty_read(p, 5)) {
            return;
        }
    }
}

void pty_keys(struct pty *p, const char *keys)
{
    pty_send(p, keys, strlen(keys));
}

void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->vt, rows, cols);
    ASSERT(ioctl(p->fd, TIOCSWINSZ, &size) == 0);
}

void pty_signal(struct pty *p, int number)
{
    if (!p->ended)
        (void)kill(p->pid, number);
}

void pty_hang_up(struct pty *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

int pty_ended(struct pty *p, int ms)
{
    int64_t until = pty_now_ms() + ms;
    while (!p->ended) {
        p->ended = waitpid(p->pid, &p->status, WNOHANG) == p->pid;
        if (p->ended || pty_now_ms() > until)
            break;
        (void)take(p); /* it may be waiting for a reader */
        (void)poll(NULL, 0, 2);
    }
    if (p->ended)
        (void)take(p);
    return p->ended ? p->status : -1;
}

pid_t pty_pid(const struct pty *p)
{
    return p->pid;
}

/* ------------------------------------------------------------- looking */

void pty_row(const struct pty *p, int y, struct strbuf *out)
{
    VTermRect row = {.start_row = y, .end_row = y + 1, .start_col = 0, .end_col = p->cols};
    char text[8192];
    size_t n = vterm_screen_get_text(p->screen, text, sizeof(text), row);
    n = n < sizeof(text) ? n : sizeof(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n'))
        n--;
    strbuf_add(out, text, n);
}

void pty_text(const struct pty *p, struct strbuf *out)
{
    for (int y = 0; y < p->rows; y++) {
        pty_row(p, y, out);
        strbuf_char(out, '\n');
    }
}

bool pty_colored(const struct pty *p)
{
    for (int y = 0; y < p->rows; y++) {
        for (int x = 0; x < p->cols; x++) {
            VTermScreenCell cell;
            VTermPos at = {.row = y, .col = x};
            if (vterm_screen_get_cell(p->screen, at, &cell) &&
                (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) || !VTERM_COLOR_IS_DEFAULT_BG(&cell.bg)))
                return true;
        }
    }
    return false;
}

bool pty_cursor_visible(const struct pty *p)
{
    return p->cursor;
}

bool pty_other_screen(const struct pty *p)
{
    return p->other;
}

const struct strbuf *pty_written(const struct pty *p)
{
    return &p->written;
}

void pty_forget(struct pty *p)
{
    strbuf_reset(&p->written);
}

uint64_t pty_bytes(const struct pty *p)
{
    return p->bytes;
}

bool pty_cooked(const struct pty *p)
{
    struct termios t;
    return tcgetattr(p->fd, &t) == 0 && (t.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) &&
           (t.c_iflag & IXON);
}
