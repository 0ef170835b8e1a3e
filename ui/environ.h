/* The environment we were started in: what of it may have a say. */
#ifndef CT_ENVIRON_H
#define CT_ENVIRON_H

/* libpq would take a server, a password, a file or a program from PG*: the configuration says
 * all of it. */
void environ_forget_pg(void);

/* For the restricted mode: begins anew with an empty environment, and takes over TERM, LANG,
 * LC_*, TZ and NO_COLOR where they hold a plain name and no path.  Before anything else, and
 * before the first thread.  (What the loader obeys, LD_* and GLIBC_TUNABLES, has been obeyed by
 * then: keeping it out is the business of whoever starts us.) */
void environ_restrict(void);

#endif
