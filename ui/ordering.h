/* From the key to the outcome: the wish, the plan of what changes something, the question
 * whether to go on, and what became of it.  Nothing that changes is sent by a key itself:
 * the first order is a dry run, whose plan the operator reads and answers; the second names
 * the state that plan was made on, and is refused if it has moved. */
#ifndef CT_ORDERING_H
#define CT_ORDERING_H

#include "ui/screen.h"

/* An order for the chosen environment.  Effects; a refusal is said. */
unsigned ordering_begin(struct screen *s, enum order_kind kind);
/* What the chosen environment's troubles ask for: STUCK to be finished, STALE and POISONED to
 * be recycled. */
bool ordering_is_advised(const struct screen *s, enum order_kind kind);
/* Whether s->wish is another order to be given now, of those on the marked environments: the next
 * login test at once, the next change when the one before is done. */
bool ordering_next(struct screen *s);
/* What became of s->wish: its number, or 0 and why not. */
void ordering_done(struct screen *s, uint64_t id, const struct why *why);
/* After a newer board: a plan may be there, an outcome may be to be told. */
void ordering_update(struct screen *s);
/* A key while the question is open. */
unsigned ordering_key(struct screen *s, uint32_t press);

#endif
