/* `credtop doctor`: what works in each environment and what does not, found out by asking.
 *
 * READ operations are really sent, with the least that they can ask for; what reveals or
 * changes something is not sent for the sake of asking, but for the one GetSecretValue that a
 * login needs, which audit mode leaves out.  Main thread; all waiting is elsewhere. */
#ifndef CT_DOCTOR_H
#define CT_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "config/config.h"

enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_WARN, FINDING_FAIL };

struct finding {
    enum finding_level level;
    char text[480]; /* safe */
    char next[240]; /* what to do, "" nothing */
};

#define FINDINGS_MAX 48

struct doctor_part { /* what was found in one environment */
    size_t n;
    struct finding findings[FINDINGS_MAX];
};

struct doctor;
/* NULL with `why` when the machine refuses threads.  Without an environment in `conf` the keys
 * that AWS programs take by themselves are looked at, as part 0. */
struct doctor *doctor_start(const struct config *conf, bool audit, struct why *why);
int doctor_wake_fd(const struct doctor *d);
void doctor_wake_drain(struct doctor *d);
size_t doctor_parts(const struct doctor *d);
const struct doctor_part *doctor_part(const struct doctor *d, size_t i); /* NULL: not done yet */
bool doctor_skew_ms(const struct doctor *d, int64_t *out);               /* false: AWS has not answered */
bool doctor_memory_locked(void);
/* The operations that are not sent for the sake of asking, since they reveal or change: "A, B". */
void doctor_untried(bool audit, char *out, size_t size);
struct doctor *doctor_stop(struct doctor *d); /* NULL is fine; returns NULL */

#endif
