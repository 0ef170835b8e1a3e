/* Calling somebody who looks elsewhere: the bell, a notice, the terminal's title, as the
 * configuration says.  Main thread. */
#ifndef CT_NOTIFY_H
#define CT_NOTIFY_H

#include "ui/screen.h"
#include "ui/term.h"

struct notify {
    bool restricted; /* the bell alone */
    size_t titled;   /* how many the title says fail, plus one; 0: there is no title of ours yet */
};

/* After a newer board: what changed for the worse is told once. */
void notify_tell(struct notify *n, struct screen *s, struct term *t);

#endif
