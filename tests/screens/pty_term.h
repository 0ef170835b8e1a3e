/* A program in a terminal: a pseudo terminal of the kernel in front of it, libvterm's
 * screen behind, and the bytes it wrote counted on the way. */
#ifndef CT_PTY_TERM_H
#define CT_PTY_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/base/strbuf.h"

struct pty;

struct pty_settings {
    int rows, cols;
    const char *const *argv; /* argv[0] is the program's path; NULL-terminated */
    const char *const *env;  /* "NAME=value", all there are; NULL-terminated */
};

/* Aborts when the machine refuses a pseudo terminal. */
struct pty *pty_start(const struct pty_settings *s);
struct pty *pty_free(struct pty *p); /* ends what still runs; returns NULL */

/* Reads what comes, for ms; false when the program has closed the terminal. */
bool pty_read(struct pty *p, int ms);
/* The same for several at once. */
void pty_read_all(struct pty **all, size_t n, int ms);
/* Reads until the text is somewhere on the screen; false after ms. */
bool pty_wait(struct pty *p, const char *text, int ms);

/* Keys are read back from the terminal meanwhile: a full one must not stop us. */
void pty_send(struct pty *p, const char *keys, size_t n);
void pty_keys(struct pty *p, const char *keys);
void pty_resize(struct pty *p, int rows, int cols);
void pty_signal(struct pty *p, int number);
void pty_hang_up(struct pty *p); /* the terminal goes away */

/* Waits for the end: the status as of waitpid(), -1 when it still runs after ms. */
int pty_ended(struct pty *p, int ms);
pid_t pty_pid(const struct pty *p);

/* The picture: rows as text, trailing blanks cut. */
void pty_text(const struct pty *p, struct strbuf *out);
void pty_row(const struct pty *p, int y, struct strbuf *out);
bool pty_colored(const struct pty *p); /* any cell with a colour of its own */
bool pty_cursor_visible(const struct pty *p);
bool pty_other_screen(const struct pty *p); /* smcup without rmcup */

/* All that was written since the start or pty_forget(), up to 4 MiB; and how much, ever. */
const struct strbuf *pty_written(const struct pty *p);
void pty_forget(struct pty *p);
uint64_t pty_bytes(const struct pty *p);

/* Line editing and echo are on, as a shell's user expects. */
bool pty_cooked(const struct pty *p);

int64_t pty_now_ms(void);

#endif
