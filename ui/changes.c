#include "ui/changes.h"

/* Healthy, degraded, unknown, failing: what is not known is between, as nobody can say that
 * it fails. */
static int rank(enum env_state state)
{
    static const int ranks[] = {
        [SEVERITY_HEALTHY] = 0, [SEVERITY_DEGRADED] = 1, [SEVERITY_UNKNOWN] = 2, [SEVERITY_FAILING] = 3};
    return ranks[env_state_severity(state)];
}

bool change_note(struct change *c, enum env_state now, bool whole)
{
    bool first = !c->whole || c->last == STATE_WAIT || now == STATE_WAIT;
    bool worse = !first && rank(now) > rank(c->last);
    c->whole = c->whole || whole;
    if (first)
        c->seen = now;
    c->last = now;
    c->worse = now != c->seen && rank(now) > rank(c->seen);
    c->better = now != c->seen && rank(now) < rank(c->seen);
    return worse;
}

void change_look(struct change *c)
{
    c->seen = c->last;
    c->worse = c->better = false;
}
