#include "ui/cli/settle.h"

#include <poll.h>
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/strbuf.h"
#include "ui/signals.h"

/* What reads the past and what it will cost, before it is done; each once. */
static void say_engines(struct backend *b, char *said, size_t size)
{
    struct board *board = backend_board(b);
    for (size_t i = 0; i < board->n; i++) {
        const struct log_snap *logs = board->envs[i].logs;
        if (logs && logs->engine[0] && strcmp(logs->engine, said) != 0) {
            (void)str_copy(said, size, logs->engine);
            (void)fprintf(stderr, "credtop: %s\n", said);
            break; /* the others say the same, or in a moment their own */
        }
    }
    board_free(board);
}

bool settle_wait(struct backend *b, int64_t timeout_ms, int signals_fd)
{
    char said[sizeof(((struct log_snap *)0)->engine)] = "";
    int64_t deadline = clock_mono_ms(clock_real()) + timeout_ms;
    while (!backend_settled(b)) {
        int64_t left = deadline - clock_mono_ms(clock_real());
        if (left <= 0)
            return true;
        struct pollfd p[2] = {{.fd = backend_wake_fd(b), .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};
        (void)poll(p, 2, left > 60000 ? 60000 : (int)left);
        if (p[0].revents & POLLIN) {
            backend_wake_drain(b);
            say_engines(b, said, sizeof(said));
        }
        if ((p[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT))
            return false;
    }
    return true;
}
