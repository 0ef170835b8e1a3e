/* Points at which the crash test kills the program: before and after each call and
 * statement that changes something or looks at it.  Nothing but in a build with CT_CRASH. */
#ifndef CT_CRASH_H
#define CT_CRASH_H

#ifdef CT_CRASH
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* CT_CRASH_AT=N: SIGKILL at the Nth point.  CT_CRASH_LIST=1: tells each on standard error. */
static inline void crash_point(const char *when, const char *what)
{
    static atomic_int n;
    const char *at = getenv("CT_CRASH_AT"), *list = getenv("CT_CRASH_LIST");
    int here = atomic_fetch_add(&n, 1) + 1;
    if (list != NULL)
        (void)fprintf(stderr, "crash point %d: %s %s\n", here, when, what);
    if (at != NULL && strtol(at, NULL, 10) == here)
        (void)raise(SIGKILL);
}
#else
static inline void crash_point(const char *when, const char *what)
{
    (void)when;
    (void)what;
}
#endif

#endif
