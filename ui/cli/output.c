#include "ui/cli/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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
    if (!strbuf_cut(out) && write_all(strbuf_peek(out), out->len))
        return status;
    (void)fprintf(stderr, "credtop: cannot write %s: %s\n", what,
                  strbuf_cut(out) ? "it is too large" : strerror(errno));
    return CLI_COULD_NOT_TELL;
}
