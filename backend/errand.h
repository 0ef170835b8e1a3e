/* An errand: questions asked once, some at a time, on a pool of its own; what `doctor` and
 * `discover` share.  No watch runs; the gate, the quotas and the journal are the program's. */
#ifndef CT_ERRAND_H
#define CT_ERRAND_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/watch/watch.h"

struct errand;

struct errand_settings {
    const struct config *conf; /* borrowed */
    bool audit;
    const char *name; /* for the journal: "doctor" */
    size_t items;
    unsigned threads;
    /* One item's questions, on a thread of the pool; each item once. */
    void (*run)(void *ctx, const struct watch *w, struct aws *aws, size_t item);
    void *ctx;
};

/* NULL with `why` when the machine refuses threads. */
struct errand *errand_start(const struct errand_settings *s, struct why *why);
int errand_wake_fd(const struct errand *e); /* readable when an item is done */
void errand_wake_drain(struct errand *e);
bool errand_is_done(const struct errand *e, size_t item); /* what its run() wrote may be read then */
/* AWS's clock minus ours; false: nothing has answered yet. */
bool errand_skew_ms(const struct errand *e, int64_t *out);
struct errand *errand_stop(struct errand *e); /* ends what is under way; NULL is fine; returns NULL */

#endif
