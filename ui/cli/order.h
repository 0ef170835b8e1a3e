/* What the commands that carry out one order share: finding the environment, ordering,
 * waiting for the end. */
#ifndef CT_CLI_ORDER_H
#define CT_CLI_ORDER_H

#include "backend/backend.h"
#include "config/config.h"

#define ORDER_NO_ENVIRONMENT SIZE_MAX

/* Its place; ORDER_NO_ENVIRONMENT after a message that names those there are. */
size_t order_find_env(const struct config *conf, const char *name);

enum order_wait { ORDER_ENDED, ORDER_OUT_OF_TIME, ORDER_INTERRUPTED };

/* Until the order has ended, timeout_ms have passed (0: never), or a signal asks to stop.
 * `each`, unless NULL, sees every change. */
enum order_wait order_wait(struct backend *b, uint64_t id, int64_t timeout_ms, int signals_fd,
                           void (*each)(void *ctx, const struct order_view *o), void *ctx, struct order_view *out);

#endif
