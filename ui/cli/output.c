#include "ui/cli/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Of the process's one standard output and error: what was written to them cannot be taken
 * back, whoever asks. */
static bool unread, progress_shown;

static bool write_all(const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(STDOUT_FILENO, p, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

int output_write(const struct strbuf *out, const char *what, int status)
{
    output_progress(NULL);
    if (!strbuf_cut(out) && write_all(strbuf_peek(out), out->len))
        return status;
    if (!strbuf_cut(out) && errno == EPIPE) {
        unread = true;
        return status;
    }
    (void)fprintf(stderr, "credtop: cannot write %s: %s\n", what,
                  strbuf_cut(out) ? "it is too large" : strerror(errno));
    return CLI_COULD_NOT_TELL;
}

bool output_is_unread(void)
{
    return unread;
}

void output_progress(const char *words)
{
    if ((words == NULL && !progress_shown) || !isatty(STDERR_FILENO))
        return;
    (void)fprintf(stderr, "\r%s\033[K%s", words != NULL ? words : "", words != NULL ? " " : "");
    progress_shown = words != NULL;
}
