/* A doorbell between threads: rung by any, waited for in poll by one. */
#ifndef CT_WAKE_H
#define CT_WAKE_H

struct wake;
struct wake *wake_new(void);            /* NULL, and errno, when the machine has no descriptor left */
struct wake *wake_free(struct wake *w); /* NULL is fine; returns NULL */
int wake_fd(const struct wake *w);      /* readable when rung */
void wake_ring(struct wake *w);         /* any thread, never blocks */
void wake_drain(struct wake *w);        /* the waiter, before it looks */

#endif
