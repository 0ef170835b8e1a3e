#include "ui/cli/order.h"

#include <poll.h>
#include <string.h>

#include "backend/base/clock.h"
#include "ui/signals.h"

size_t order_find_env(const struct config *conf, const char *name)
{
    for (size_t i = 0; i < conf->nenvironments; i++)
        if (strcmp(conf->environments[i].name, name) == 0)
            return i;
    (void)fprintf(stderr, "credtop: there is no environment \"%s\"; allowed:", name);
    for (size_t i = 0; i < conf->nenvironments && i < 20; i++)
        (void)fprintf(stderr, " %s", conf->environments[i].name);
    (void)fprintf(stderr, "%s\n", conf->nenvironments > 20 ? " ..." : "");
    return ORDER_NO_ENVIRONMENT;
}

/* True when the order has ended; *out is a copy. */
static bool look(struct backend *b, uint64_t id, struct order_view *out)
{
    struct board *board = backend_board(b);
    bool ended = false;
    for (size_t i = 0; board->orders != NULL && i < board->orders->n; i++)
        if (board->orders->orders[i].id == id) {
            *out = board->orders->orders[i];
            ended = out->state != ORDER_WAITING && out->state != ORDER_RUNNING;
        }
    board_free(board);
    return ended;
}

enum order_wait order_wait(struct backend *b, uint64_t id, int64_t timeout_ms, int signals_fd,
                           void (*each)(void *ctx, const struct order_view *o), void *ctx, struct order_view *out)
{
    int64_t deadline = timeout_ms > 0 ? clock_mono_ms(clock_real()) + timeout_ms : INT64_MAX;
    for (;;) {
        bool ended = look(b, id, out);
        if (each != NULL)
            each(ctx, out);
        if (ended)
            return ORDER_ENDED;
        int64_t left = deadline - clock_mono_ms(clock_real());
        if (left <= 0)
            return ORDER_OUT_OF_TIME;
        struct pollfd p[2] = {{.fd = backend_wake_fd(b), .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};
        (void)poll(p, 2, left > 60000 ? 60000 : (int)left);
        if (p[0].revents & POLLIN)
            backend_wake_drain(b);
        if ((p[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT))
            return ORDER_INTERRUPTED;
    }
}
