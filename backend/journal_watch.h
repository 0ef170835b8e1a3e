/* The journal for the screen: its last lines, and whether its chain is whole.  Read by a
 * thread of its own, and only while somebody looks at it: the main thread waits for no
 * disk, and what nobody looks at costs nothing. */
#ifndef CT_JOURNAL_WATCH_H
#define CT_JOURNAL_WATCH_H

#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/journal_view.h"
#include "backend/model.h"
#include "backend/watch/snapbox.h"

struct journal_watch;

struct journal_watch_settings {
    const char *path; /* borrowed */
    struct snapbox *box;
    size_t slot; /* of struct journal_snap */
    const struct clock *clock;
    struct cancel *cancel; /* the program's stop */
};

struct journal_watch *journal_watch_new(const struct journal_watch_settings *s);
enum err journal_watch_start(struct journal_watch *w, struct why *why) CHECKED;
struct journal_watch *journal_watch_stop(struct journal_watch *w); /* after cancel_trigger(); NULL is fine */

/* Main thread. */
void journal_watch_look(struct journal_watch *w, bool wanted);
void journal_watch_again(struct journal_watch *w); /* verify now, not in a minute */

#endif
