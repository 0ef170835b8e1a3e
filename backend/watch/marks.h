/* The turning points of a container's life: where it began, fetched, fell back.  Kept
 * by time, so that what it held at a moment comes out the same in whatever order the
 * lines came.  Bounded: a container that fetches all the time keeps its first fetch
 * and its latest. */
#ifndef CT_MARKS_H
#define CT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#define MARKS_MAX 16

/* Within a millisecond: in this order. */
enum mark_kind { MARK_BEGIN, MARK_COLD, MARK_FETCH, MARK_FALLBACK };

struct mark {
    int64_t time_ms;
    unsigned char kind; /* enum mark_kind; COLD is a REPORT with Init Duration */
    bool history;       /* from before the counted range */
    bool counted;       /* BEGIN, COLD: as a cold start */
    bool loose;         /* FETCH: names no request */
};

struct marks {
    struct mark all[MARKS_MAX];
    int n;
    bool lost; /* the oldest went for want of room */
};

void marks_put(struct marks *m, enum mark_kind kind, int64_t time_ms, bool history, bool loose);

/* What the container held at a moment, in the life that was running then; TIME_UNKNOWN
 * for what had not been seen. */
struct held {
    int64_t began_ms, fetched_ms, fell_back_ms;
    bool poisoned;
};
struct held marks_held(const struct marks *m, int64_t time_ms);

/* A fetch that names no request lies between the two: it is that invocation's, since one
 * container runs one at a time. */
bool marks_loose_fetch(const struct marks *m, int64_t from_ms, int64_t upto_ms);

/* A fetch or a fallback is known first, or a beginning not after `started_ms`, the first line. */
bool marks_explain(const struct marks *m, int64_t started_ms);

#endif
