/* One login or look in hand, phase by phase: what login_pq.c and login_reach.c share.
 * The bookkeeping of times, the waits within deadline and cancel, and the words. */
#ifndef CT_ATTEMPT_H
#define CT_ATTEMPT_H

#include <time.h>

#include "backend/credentials/login.h"
#include "backend/credentials/resolve.h"

struct attempt {
    const struct db_params *p;
    struct login_result *out;
    struct cancel *cancel;
    int64_t deadline_mono_ms;
    int64_t connect_mono_ms; /* until when this address may take to connect */
    struct timespec began, phase_began;
    enum db_phase phase;
};

/* Clears `out`; the clock runs from here. */
void attempt_begin(struct attempt *a, const struct db_params *p, int64_t deadline_ms, struct cancel *c,
                   struct login_result *out);
/* Resolves the host and enters PHASE_CONNECT; false: it failed, and says why. */
bool attempt_resolve(struct attempt *a, struct resolved *out);
/* Before address i: several share what is left of the deadline, so that one that
 * swallows everything leaves time for the next. */
void attempt_address(struct attempt *a, const struct resolved *found, size_t i);
/* Closes the phase in hand and begins a later one; an earlier or the same is ignored. */
void attempt_enter(struct attempt *a, enum db_phase next);
/* Closes the last one and writes the total. */
void attempt_end(struct attempt *a, bool ok);

/* True when the descriptor is ready; false: too late, or cancelled, and it says so. */
bool attempt_wait(struct attempt *a, int fd, short events);

/* The phase in hand failed.  Both return false. */
bool attempt_fail(struct attempt *a, enum err code, const char *words);
/* The same by what the peer, libpq or the system said, in the words of refusals.def. */
bool attempt_refused(struct attempt *a, const char *sqlstate, const char *line);

/* The file of authorities to trust: the configured one, else the user's, else the
 * system's; NULL none. */
const char *attempt_trust(const struct db_params *p, char *out, size_t size);

/* After libpq refused a certificate: looks at it natively, for words that name what is
 * wrong with it (login_reach.c). */
void login_look_at_certificate(struct attempt *a, const struct resolved *found, size_t i);

#endif
