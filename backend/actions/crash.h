/* Points at which the crash test kills the program: before and after each call, login and
 * statement of a rotation.  Nothing but in a build with CT_CRASH. */
#ifndef CT_CRASH_H
#define CT_CRASH_H

#ifdef CT_CRASH
/* CT_CRASH_AT=N: SIGKILL at the Nth point.  CT_CRASH_LIST=1: tells each on standard error. */
void crash_point(const char *when, const char *what); /* rotation.c */
#else
static inline void crash_point(const char *when, const char *what)
{
    (void)when;
    (void)what;
}
#endif

#endif
