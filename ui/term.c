#include "ui/term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/keys.h"

#define FRAME_MAX (4u << 20)
#define SYNC_FROM 64 /* shorter frames cannot tear */
#define CLOSE_WAIT_MS 300

static const char copy_on[] = "\033]52;c;", copy_off[] = "\a", notify_on[] = "\033]9;", title_on[] = "\033]2;",
                  string_end[] = "\033\\", title_push[] = "\033[22;2t", title_pop[] = "\033[23;2t";
static const char sync_on[] = "\033[?2026h", sync_off[] = "\033[?2026l";

struct term {
    int tty;   /* our own open file: non-blocking for us alone */
    int out;   /* what curses writes to: the tty, or `frame` while it draws */
    int frame; /* a file in memory */
    int saved_stderr;
    FILE *in_file, *out_file;
    SCREEN *screen;
    WINDOW *keys; /* a pad that is never drawn: getch would refresh a window */
    bool utf8, gone, suspended, mouse;
    bool colors, color; /* the terminal has them and may use them; the theme does */
    struct term_click click;
    int rows, cols;
    struct cell *shown; /* what curses was last told, rows * cols */
    bool titled;        /* the window's title is ours */
    bool whole;         /* draw the next frame whole */
    char *pending;      /* bytes not sent yet */
    size_t pending_len, pending_at, pending_cap;
    uint64_t bytes, frames;
    struct termios ours; /* as curses runs: after a suspend they go back */
};

/* Global, since a crash has no argument: how the terminal was before us.  Written
 * before `armed` is set, read in the crash handler only. */
static struct termios crash_termios;
static volatile sig_atomic_t crash_armed;
static int crash_fd = -1;
static const char crash_bytes[] = "\033[?2026l\033[0m\033[?25h\033[?1l\033>\033[?1049l\033[?25h\r\n";

static const int crash_signals[] = {
#ifndef CT_SANITIZED
    SIGSEGV, SIGBUS, SIGILL, SIGFPE,
#endif
    SIGABRT,
};

static void crash_restore(void)
{
    if (!crash_armed)
        return;
    crash_armed = 0;
    ssize_t ignored = write(crash_fd, crash_bytes, sizeof(crash_bytes) - 1);
    (void)ignored;
    (void)tcsetattr(crash_fd, TCSANOW, &crash_termios);
}

static void crash_handler(int number)
{
    crash_restore();
    (void)raise(number); /* SA_RESETHAND: now the default action */
}

static void crash_arm(int fd)
{
    crash_fd = fd;
    crash_armed = 1;
    mem_on_abort(crash_restore);
    struct sigaction action = {.sa_handler = crash_handler, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
        (void)sigaction(crash_signals[i], &action, NULL);
}

static void crash_disarm(void)
{
    crash_armed = 0;
    mem_on_abort(NULL);
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++)
        (void)signal(crash_signals[i], SIG_DFL);
}

/* ------------------------------------------------------------- sending */

uint64_t term_bytes(const struct term *t)
{
    return t->bytes;
}

uint64_t term_frames(const struct term *t)
{
    return t->frames;
}

bool term_busy(const struct term *t)
{
    return t->pending_at < t->pending_len;
}

void term_flush(struct term *t)
{
    while (term_busy(t) && !t->gone) {
        ssize_t n = write(t->tty, t->pending + t->pending_at, t->pending_len - t->pending_at);
        if (n > 0) {
            t->pending_at += (size_t)n;
            t->bytes += (uint64_t)n;
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == EAGAIN) {
            return;
        } else {
            t->gone = true;
        }
    }
    if (!term_busy(t))
        t->pending_len = t->pending_at = 0;
}

/* From here to capture_end() curses writes to memory, over the frame before. */
static void capture_begin(struct term *t)
{
    if (lseek(t->frame, 0, SEEK_SET) < 0 || dup3(t->frame, t->out, O_CLOEXEC) < 0)
        t->gone = true;
}

static void pending_add(struct term *t, const char *p, size_t n)
{
    if (t->pending_len + n > t->pending_cap) {
        t->pending_cap = t->pending_len + n + 4096;
        t->pending = mem_grow(t->pending, t->pending_cap, 1);
    }
    memcpy(t->pending + t->pending_len, p, n);
    t->pending_len += n;
}

static void capture_end(struct term *t)
{
    off_t end = lseek(t->frame, 0, SEEK_CUR);
    if (dup3(t->tty, t->out, O_CLOEXEC) < 0 || end < 0 || end > (off_t)FRAME_MAX) {
        t->gone = true;
        return;
    }
    size_t n = (size_t)end;
    if (n == 0)
        return;
    char *bytes = mem_new(n);
    if (pread(t->frame, bytes, n, 0) == (ssize_t)n) {
        bool sync = n > SYNC_FROM;
        if (sync)
            pending_add(t, sync_on, sizeof(sync_on) - 1);
        pending_add(t, bytes, n);
        if (sync)
            pending_add(t, sync_off, sizeof(sync_off) - 1);
        t->frames++;
    }
    free(bytes);
}

/* Outside of frames, and never while one is half sent. */
static void send_sequence(struct term *t, const char *bytes, size_t n)
{
    if (t->gone || t->suspended)
        return;
    pending_add(t, bytes, n);
    term_flush(t);
}

void term_copy(struct term *t, const char *text)
{
    char coded[TERM_COPY_MAX * 4 / 3 + 8];
    size_t n = strlen(text);
    n = n > TERM_COPY_MAX ? TERM_COPY_MAX : n;
    size_t used = text_base64(coded, sizeof(coded), text, n);
    send_sequence(t, copy_on, sizeof(copy_on) - 1);
    send_sequence(t, coded, used);
    send_sequence(t, copy_off, sizeof(copy_off) - 1);
}

void term_bell(struct term *t)
{
    send_sequence(t, "\a", 1);
}

void term_notify(struct term *t, const char *text)
{
    send_sequence(t, notify_on, sizeof(notify_on) - 1);
    send_sequence(t, text, strlen(text));
    send_sequence(t, string_end, sizeof(string_end) - 1);
}

void term_title(struct term *t, const char *text)
{
    if (!t->titled)
        send_sequence(t, title_push, sizeof(title_push) - 1);
    t->titled = true;
    send_sequence(t, title_on, sizeof(title_on) - 1);
    send_sequence(t, text, strlen(text));
    send_sequence(t, string_end, sizeof(string_end) - 1);
}

/* ------------------------------------------------------------- colours */

static const struct {
    unsigned attributes;
    short fg8, fg256[THEME_NONE];
} style_rows[STYLE_COUNT] = {
#define STYLE(id, letter, attributes, fg8, dark, light, contrast, safe)                                                \
    {attributes, fg8, {dark, light, contrast, safe}},
#include "ui/styles.def"
#undef STYLE
};
static const short selected_grounds[THEME_COUNT] = {
#define THEME(id, name, ground, help) ground,
#include "ui/themes.def"
#undef THEME
};

static void colors_start(struct term *t, bool no_color)
{
    const char *no = getenv("NO_COLOR");
    t->colors = !no_color && !(no && *no) && has_colors() && start_color() == OK && COLORS >= 8;
    if (t->colors)
        (void)use_default_colors();
    term_theme(t, THEME_DARK);
}

void term_theme(struct term *t, enum theme theme)
{
    bool many = COLORS >= 256;
    t->color = t->colors && theme < THEME_NONE;
    t->whole = true;
    for (short s = 0; t->color && s < STYLE_COUNT; s++) {
        short fg = many ? style_rows[s].fg256[theme] : style_rows[s].fg8;
        (void)init_pair((short)(1 + s), fg, -1);
        if (many)
            (void)init_pair((short)(1 + STYLE_COUNT + s), fg, selected_grounds[theme]);
    }
}

static attr_t style_attributes(const struct term *t, const struct cell *c, short *out_pair)
{
    attr_t a = A_NORMAL;
    unsigned want = style_rows[c->style].attributes;
    bool ground = t->color && COLORS >= 256;
    if (want & ATTR_BOLD)
        a |= A_BOLD;
    if ((want & ATTR_DIM) && !ground) /* the colour is dim already */
        a |= A_DIM;
    if (want & ATTR_REVERSE)
        a |= A_REVERSE;
    if (c->selected)
        a |= ground ? A_BOLD : A_REVERSE;
    *out_pair = !t->color ? 0 : (short)(1 + c->style + (c->selected && ground ? STYLE_COUNT : 0));
    return a;
}

/* ------------------------------------------------------------- drawing */

static void put_cell(const struct term *t, int y, int x, const struct cell *c)
{
    wchar_t text[4] = {(wchar_t)c->ch, (wchar_t)c->mark[0], (wchar_t)c->mark[1], 0};
    short pair = 0;
    attr_t attributes = style_attributes(t, c, &pair);
    /* The columns are ours to count: what this machine's C library sees otherwise
     * would shift the row, so it is shown as '?'. */
    if (wcwidth(text[0]) != c->width) {
        text[0] = L'?';
        text[1] = 0;
    }
    cchar_t cc;
    if (setcchar(&cc, text, attributes, pair, NULL) == OK)
        (void)mvadd_wchnstr(y, x, &cc, 1);
}

static void blit(struct term *t, const struct grid *g)
{
    for (int y = 0; y < t->rows; y++) {
        const struct cell *row = grid_cell(g, y, 0);
        struct cell *old = &t->shown[(size_t)y * (size_t)t->cols];
        size_t bytes = (size_t)t->cols * sizeof(*old);
        if (!row || (!t->whole && memcmp(row, old, bytes) == 0))
            continue;
        memcpy(old, row, bytes);
        (void)move(y, 0);
        (void)clrtoeol();
        for (int x = 0; x < t->cols; x++)
            if (row[x].width > 0)
                put_cell(t, y, x, &row[x]);
    }
}

bool term_draw(struct term *t, const struct grid *g)
{
    term_flush(t);
    if (term_busy(t) || t->gone || t->suspended)
        return false;
    if (g->rows != t->rows || g->cols != t->cols)
        return false;
    if (t->whole) {
        (void)erase();
        (void)clearok(stdscr, TRUE);
    }
    blit(t, g);
    t->whole = false;
    capture_begin(t);
    (void)wnoutrefresh(stdscr);
    (void)doupdate();
    capture_end(t);
    term_flush(t);
    return true;
}

static void size_now(struct term *t)
{
    struct winsize w = {0};
    int rows = 24, cols = 80;
    if (ioctl(t->tty, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0) {
        rows = w.ws_row;
        cols = w.ws_col;
    }
    t->rows = rows > GRID_ROWS_MAX ? GRID_ROWS_MAX : rows;
    t->cols = cols > GRID_COLS_MAX ? GRID_COLS_MAX : cols;
    free(t->shown);
    t->shown = mem_array((size_t)t->rows * (size_t)t->cols, sizeof(*t->shown));
    t->whole = true;
}

void term_resized(struct term *t)
{
    size_now(t);
    (void)resizeterm(t->rows, t->cols);
}

void term_repaint(struct term *t)
{
    t->whole = true;
}

void term_size(const struct term *t, int *out_rows, int *out_cols)
{
    *out_rows = t->rows;
    *out_cols = t->cols;
}

/* ---------------------------------------------------------------- keys */

static const struct {
    int code;
    uint32_t press;
} key_codes[] = {
    {KEY_UP, PRESS_UP},       {KEY_DOWN, PRESS_DOWN},
    {KEY_LEFT, PRESS_LEFT},   {KEY_RIGHT, PRESS_RIGHT},
    {KEY_HOME, PRESS_HOME},   {KEY_END, PRESS_END},
    {KEY_PPAGE, PRESS_PGUP},  {KEY_NPAGE, PRESS_PGDN},
    {KEY_ENTER, PRESS_ENTER}, {KEY_BACKSPACE, PRESS_BACKSPACE},
    {KEY_DC, PRESS_DELETE},   {KEY_FIND, PRESS_HOME},
    {KEY_SELECT, PRESS_END},
};

/* What terminals send without their description saying so. */
static const struct {
    const char *bytes;
    int code;
} key_sequences[] = {
    {"\033[H", KEY_HOME},   {"\033[F", KEY_END},    {"\033OH", KEY_HOME},   {"\033OF", KEY_END},
    {"\033[1~", KEY_HOME},  {"\033[4~", KEY_END},   {"\033[7~", KEY_HOME},  {"\033[8~", KEY_END},
    {"\033[A", KEY_UP},     {"\033[B", KEY_DOWN},   {"\033[C", KEY_RIGHT},  {"\033[D", KEY_LEFT},
    {"\033OA", KEY_UP},     {"\033OB", KEY_DOWN},   {"\033OC", KEY_RIGHT},  {"\033OD", KEY_LEFT},
    {"\033OP", KEY_F(1)},   {"\033OQ", KEY_F(2)},   {"\033OR", KEY_F(3)},   {"\033OS", KEY_F(4)},
    {"\033[11~", KEY_F(1)}, {"\033[12~", KEY_F(2)}, {"\033[13~", KEY_F(3)}, {"\033[14~", KEY_F(4)},
    {"\033[15~", KEY_F(5)}, {"\033[5~", KEY_PPAGE}, {"\033[6~", KEY_NPAGE},
};

/* Where, of the last PRESS_MOUSE; what is neither a click nor a wheel is nothing. */
static uint32_t press_of_mouse(struct term *t)
{
    MEVENT e;
    if (getmouse(&e) != OK)
        return PRESS_OTHER;
    t->click = (struct term_click){.y = e.y, .x = e.x, .wheel = 0};
    if (e.bstate & BUTTON4_PRESSED)
        t->click.wheel = -1;
    else if (e.bstate & BUTTON5_PRESSED)
        t->click.wheel = 1;
    else if (!(e.bstate & BUTTON1_PRESSED))
        return PRESS_OTHER;
    return PRESS_MOUSE;
}

struct term_click term_click(const struct term *t)
{
    return t->click;
}

static void mouse_now(const struct term *t, bool on)
{
    (void)mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
    (void)mouseinterval(0); /* a press is a click at once */
    (void)t;
}

void term_mouse(struct term *t, bool on)
{
    if (t->mouse == on)
        return;
    t->mouse = on;
    capture_begin(t);
    mouse_now(t, on);
    capture_end(t);
    term_flush(t);
}

static uint32_t press_of_code(int code)
{
    for (size_t i = 0; i < ARRAY_LEN(key_codes); i++)
        if (key_codes[i].code == code)
            return key_codes[i].press;
    return code >= KEY_F(1) && code <= KEY_F(12) ? PRESS_F1 + (uint32_t)(code - KEY_F(1)) : PRESS_OTHER;
}

/* curses decodes sequences of five bytes, too: what lies beyond Unicode would be a key's name. */
static uint32_t press_of_char(wint_t c)
{
    if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return PRESS_OTHER;
    return c == '\n' ? (uint32_t)PRESS_ENTER : (uint32_t)c;
}

bool term_key(struct term *t, uint32_t *out_press)
{
    struct pollfd p = {.fd = t->tty, .events = POLLIN};
    wint_t c = 0;
    int got;
    do
        got = wget_wch(t->keys, &c);
    while (got == KEY_CODE_YES && c == KEY_RESIZE); /* resizeterm() puts it there: nobody pressed anything */
    if (got == ERR) {
        int waiting = 0;
        /* Readable with nothing to read is the end of the file. */
        if (poll(&p, 1, 0) == 1 && (p.revents & POLLIN) && ioctl(t->tty, FIONREAD, &waiting) == 0 && waiting == 0)
            t->gone = true;
        if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
            t->gone = true;
        return false;
    }
    if (got == KEY_CODE_YES)
        *out_press = (int)c == KEY_MOUSE ? press_of_mouse(t) : press_of_code((int)c);
    else
        *out_press = press_of_char(c);
    return true;
}

bool term_gone(const struct term *t)
{
    return t->gone;
}

void term_hangup(struct term *t)
{
    t->gone = true;
}

int term_fd(const struct term *t)
{
    return t->tty;
}

bool term_utf8(const struct term *t)
{
    return t->utf8;
}

/* ------------------------------------------------------- opening, closing */

/* The user's own settings go back at the end; ours keep Ctrl-S and Ctrl-\ from
 * freezing or killing the screen.  curses keeps what it finds when it starts. */
static void termios_ours(const struct term *t, bool locked)
{
    struct termios ours = crash_termios;
    ours.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
    ours.c_cc[VQUIT] = _POSIX_VDISABLE;
    if (locked) {
        ours.c_cc[VSUSP] = _POSIX_VDISABLE;
        (void)signal(SIGQUIT, SIG_IGN); /* while the terminal's own settings are back for a moment, too */
    }
    (void)tcsetattr(t->tty, TCSANOW, &ours);
}

static void environment_clean(bool locked)
{
    static const char *const always[] = {"LINES", "COLUMNS"}; /* would override the terminal's own size */
    static const char *const of_auditors[] = {"TERMINFO",     "TERMINFO_DIRS",       "TERMCAP",
                                              "ESCDELAY",     "NCURSES_NO_UTF8_ACS", "NCURSES_ASSUMED_COLORS",
                                              "NCURSES_TRACE"};
    for (size_t i = 0; i < ARRAY_LEN(always); i++)
        (void)unsetenv(always[i]);
    for (size_t i = 0; locked && i < ARRAY_LEN(of_auditors); i++)
        (void)unsetenv(of_auditors[i]);
}

static enum err terminal_usable(struct why *why)
{
    const char *name = getenv("TERM");
    if (!isatty(STDOUT_FILENO))
        return why_set(why, ERR_SYSTEM, "standard output is not a terminal");
    if (!name || !*name || strcmp(name, "dumb") == 0 || strcmp(name, "unknown") == 0)
        return why_set(why, ERR_SYSTEM, "TERM=%s cannot show a dashboard", name && *name ? name : "(not set)");
    return ERR_OK;
}

static bool descriptors_open(struct term *t)
{
    t->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    t->frame = memfd_create("credtop-frame", MFD_CLOEXEC);
    if (t->tty < 0 || t->frame < 0 || tcgetattr(t->tty, &crash_termios) != 0)
        return false;
    t->out = fcntl(t->tty, F_DUPFD_CLOEXEC, 3);
    int in = fcntl(t->tty, F_DUPFD_CLOEXEC, 3);
    t->out_file = t->out >= 0 ? fdopen(t->out, "w") : NULL;
    t->in_file = in >= 0 ? fdopen(in, "r") : NULL;
    return t->out_file && t->in_file;
}

static void descriptors_close(struct term *t)
{
    if (t->out_file)
        (void)fclose(t->out_file);
    if (t->in_file)
        (void)fclose(t->in_file);
    if (t->frame >= 0)
        close(t->frame);
    if (t->tty >= 0)
        close(t->tty);
}

/* Nothing but frames may reach the terminal: not a library's complaint either. */
static void stderr_away(struct term *t, int log_fd)
{
    int to = log_fd >= 0 ? log_fd : open("/dev/null", O_WRONLY | O_CLOEXEC);
    t->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (to >= 0 && t->saved_stderr >= 0)
        (void)dup2(to, STDERR_FILENO);
    if (to >= 0 && to != log_fd)
        close(to);
}

static void stderr_back(struct term *t)
{
    if (t->saved_stderr >= 0) {
        (void)dup2(t->saved_stderr, STDERR_FILENO);
        close(t->saved_stderr);
        t->saved_stderr = -1;
    }
}

static void curses_start(struct term *t, bool no_color)
{
    (void)typeahead(-1);
    (void)curs_set(0);
    (void)set_escdelay(getenv("ESCDELAY") ? get_escdelay() : 25);
    colors_start(t, no_color);
    t->keys = newpad(1, 1);
    (void)keypad(t->keys, TRUE);
    (void)nodelay(t->keys, TRUE);
    for (size_t i = 0; i < ARRAY_LEN(key_sequences); i++)
        if (key_defined(key_sequences[i].bytes) == 0)
            (void)define_key(key_sequences[i].bytes, key_sequences[i].code);
}

struct term *term_open(const struct term_settings *s, struct why *why)
{
    struct term *t = mem_new(sizeof(*t));
    t->tty = t->out = t->frame = t->saved_stderr = -1;
    environment_clean(s->locked);
    if (terminal_usable(why) != ERR_OK) {
        free(t);
        return NULL;
    }
    if (!descriptors_open(t)) {
        (void)why_set(why, ERR_SYSTEM, "cannot open /dev/tty: %s", strerror(errno));
        descriptors_close(t);
        free(t);
        return NULL;
    }
    /* Character type alone: numbers and messages stay as they are. */
    const char *codeset = setlocale(LC_CTYPE, "") ? nl_langinfo(CODESET) : "";
    t->utf8 = !s->ascii && strcmp(codeset, "UTF-8") == 0;
    termios_ours(t, s->locked);
    crash_arm(t->tty);
    stderr_away(t, s->log_fd);
    t->screen = newterm(NULL, t->out_file, t->in_file);
    if (!t->screen) {
        (void)why_set(why, ERR_SYSTEM, "no description of the terminal TERM=%s on this machine", getenv("TERM"));
        return term_close(t);
    }
    if (!tigetstr("cup") || tigetstr("cup") == (char *)-1) {
        (void)why_set(why, ERR_SYSTEM, "TERM=%s cannot move its cursor", getenv("TERM"));
        return term_close(t);
    }
    /* These set modes, which a file in memory has none of: before the capture. */
    (void)cbreak();
    (void)noecho();
    (void)nonl();
    (void)tcgetattr(t->tty, &t->ours);
    capture_begin(t);
    curses_start(t, s->no_color);
    capture_end(t);
    size_now(t);
    (void)resizeterm(t->rows, t->cols);
    return t;
}

/* The last bytes matter more than the frames: wait a little for a slow terminal,
 * and no longer. */
static void flush_patiently(struct term *t)
{
    int64_t until = clock_mono_ms(clock_real()) + CLOSE_WAIT_MS;
    for (;;) {
        term_flush(t);
        int64_t left = until - clock_mono_ms(clock_real());
        if (!term_busy(t) || t->gone || left <= 0)
            return;
        struct pollfd p = {.fd = t->tty, .events = POLLOUT};
        (void)poll(&p, 1, (int)left);
    }
}

/* Once more, behind the other screen's end: some terminals (those of libvterm) then hide the cursor
 * if it was hidden when its place was last saved, which curses does to scroll. */
static void show_cursor(struct term *t)
{
    const char *bytes = tigetstr("cnorm");
    if (bytes != NULL && bytes != (const char *)-1 && strstr(bytes, "$<") == NULL) /* none with a delay */
        pending_add(t, bytes, strlen(bytes));
}

static void curses_end(struct term *t)
{
    if (t->titled)
        send_sequence(t, title_pop, sizeof(title_pop) - 1);
    t->titled = false;
    capture_begin(t);
    (void)endwin();
    capture_end(t);
    show_cursor(t);
    flush_patiently(t);
}

void term_suspend(struct term *t)
{
    curses_end(t);
    t->suspended = true;
    (void)tcsetattr(t->tty, TCSANOW, &crash_termios);
    crash_disarm();
}

void term_resume(struct term *t)
{
    /* curses takes its modes back only where it is not captured: by hand. */
    (void)tcsetattr(t->tty, TCSANOW, &t->ours);
    crash_arm(t->tty);
    t->suspended = false;
    term_resized(t);
}

struct term *term_close(struct term *t)
{
    if (!t)
        return NULL;
    if (t->screen && !t->suspended)
        curses_end(t);
    /* TCSANOW: draining would wait for a terminal that may never read again. */
    (void)tcsetattr(t->tty, TCSANOW, &crash_termios);
    crash_disarm();
    stderr_back(t);
    if (t->keys)
        (void)delwin(t->keys);
    if (t->screen)
        delscreen(t->screen);
    descriptors_close(t);
    free(t->shown);
    free(t->pending);
    free(t);
    return NULL;
}
