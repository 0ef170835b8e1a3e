/* What changed since the operator last looked at an environment, and what is worth a call.
 * Looked at is what was chosen with a key, or opened. */
#ifndef CT_CHANGES_H
#define CT_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/model.h"

struct change {
    enum env_state seen, last; /* when it was looked at; when it was judged */
    bool whole;                /* every source had answered by then */
    bool worse, better;        /* than when it was looked at */
};

/* After a judgement; `whole` once every source has answered: what the first answers make of it is
 * no change.  True when it is worse news than the one before: worth a call. */
bool change_note(struct change *c, enum env_state now, bool whole);
void change_look(struct change *c);

#endif
