/* The hand-over of snapshots: one slot per source, newest wins.  Neither side ever
 * waits for the other: a swap or a copy of one pointer under one leaf lock. */
#ifndef CT_SNAPBOX_H
#define CT_SNAPBOX_H

#include <stddef.h>

#include "backend/base/wake.h"
#include "backend/model.h"

struct snapbox;

struct snapbox *snapbox_new(size_t slots, struct wake *wake); /* rings `wake` at each put */
struct snapbox *snapbox_free(struct snapbox *b);
void snapbox_put(struct snapbox *b, size_t slot, struct snap *s); /* takes the reference */
const void *snapbox_get(struct snapbox *b, size_t slot);          /* a reference, or NULL: nothing yet */

#endif
