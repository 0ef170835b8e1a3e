/* Memory that the process holds and does not need goes back to the system: pieces that a burst
 * left free inside the heap, and, once, the pages of programs and libraries that only their
 * start has looked at. */
#ifndef CT_TIDY_H
#define CT_TIDY_H

#include <stdint.h>

/* Does something every half minute, whichever thread asks, not the first time.  Any thread; may
 * take some milliseconds: not the screen's. */
void tidy(int64_t now_mono_ms);

#endif
