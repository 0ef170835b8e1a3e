/* Cancellation: a flag with a descriptor and a parent.
 *
 * Everything that waits, waits in a poll that includes cancel_fds(); so a stop
 * reaches every thread at once, whatever its peer is doing.  The descriptor is
 * an eventfd written once and never read: it stays readable for all waiters. */
#ifndef CT_CANCEL_H
#define CT_CANCEL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

struct cancel;

/* `parent` may be NULL and must outlive the child: when it is triggered, so is
 * the child.  NULL, and errno, when the machine has no descriptor left. */
struct cancel *cancel_new(struct cancel *parent);
struct cancel *cancel_free(struct cancel *c); /* NULL is fine; returns NULL */

void cancel_trigger(struct cancel *c);      /* any thread; once is for good */
bool cancel_is_set(const struct cancel *c); /* any thread; parents count */

/* Fills up to CANCEL_FDS_MAX entries (POLLIN) and returns how many; a parent's
 * are included.  A NULL cancel fills none. */
#define CANCEL_FDS_MAX 4
int cancel_fds(const struct cancel *c, struct pollfd out[CANCEL_FDS_MAX]);

/* Waits until `fd` has one of `events`, the deadline (clock_real mono ms) passes
 * or c is triggered.  fd may be -1: a sleep.  Returns >0 the revents, 0 deadline,
 * -1 cancelled. */
int cancel_wait_fd(const struct cancel *c, int fd, short events, int64_t deadline_mono_ms);

#endif
