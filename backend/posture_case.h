/* What the rules of the posture need at hand; for posture*.c alone. */
#ifndef CT_POSTURE_CASE_H
#define CT_POSTURE_CASE_H

#include "backend/posture.h"

#define DAY_MS INT64_C(86400000)

struct posture_case {
    const struct board *b;
    const struct env_view *v;
    bool brief; /* results alone: out->of[].found stays empty */
    struct posture *out;
};

/* The finding of a check, in words; `seen_ms` is its evidence's time.  The first counts. */
void posture_tell(struct posture_case *c, enum posture_check check, enum posture_result r, int64_t seen_ms,
                  const char *fmt, ...) FORMAT(5, 6);
/* The same, with what the row says it counts as. */
enum posture_result posture_severity(enum posture_check check);

/* "2026-11-24", "12 days"; for words. */
const char *posture_day(int64_t wall_ms, char out[16]);
const char *posture_days(int64_t ms, char out[24]);
/* Why nothing is known from a source (old, failing, never asked), told for all checks of
 * `from` up to `to`; false when it is fresh. */
bool posture_silent(struct posture_case *c, const struct snap *s, int64_t period_ms, const char *what,
                    enum posture_check from, enum posture_check to);
void posture_tell_all(struct posture_case *c, enum posture_check from, enum posture_check to, enum posture_result r,
                      const char *words);

/* Each judges its rows. */
void posture_of_secret(struct posture_case *c);
void posture_of_function(struct posture_case *c);
void posture_of_logs(struct posture_case *c);
void posture_of_database(struct posture_case *c);

#endif
