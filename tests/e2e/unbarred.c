/* Linked (by --wrap) into a program that must not pass: its backend is never told of audit
 * mode, and its orders are never refused.  tests/e2e/random_keys.py has to find it out, or it
 * could find nothing. */
#include "backend/backend.h"

struct backend *__real_backend_start(const struct config *conf, const struct backend_settings *settings, struct why *why);
struct backend *__wrap_backend_start(const struct config *conf, const struct backend_settings *settings, struct why *why);
const char *__wrap_order_refusal(bool audit, enum order_kind kind);

struct backend *__wrap_backend_start(const struct config *conf, const struct backend_settings *settings, struct why *why)
{
    struct backend_settings wrong = *settings;
    wrong.audit = false;
    return __real_backend_start(conf, &wrong, why);
}

const char *__wrap_order_refusal(bool audit, enum order_kind kind)
{
    (void)audit;
    (void)kind;
    return NULL;
}
