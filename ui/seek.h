/* The next event that matches, among so many that looking may take several frames. */
#ifndef CT_SEEK_H
#define CT_SEEK_H

#include <stdbool.h>

#include "ui/event_list.h"

struct screen;

struct seek {
    struct filter *filter; /* what is looked for; NULL: nothing */
    bool forward;
    struct event_key at; /* the last one that was looked at: rows come and go meanwhile */
};

/* From the chosen event on, for what s->pattern says; looks a little at once. */
void seek_begin(struct screen *s, bool forward);
/* Goes on for a few milliseconds.  What it finds is chosen, and that there is none is said. */
void seek_go_on(struct screen *s);
void seek_stop(struct screen *s); /* a key was pressed meanwhile */

#endif
