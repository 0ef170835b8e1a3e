/* What the one-shot commands share: the whole answer to standard output, or a message
 * and "could not tell".
 *
 * A reader that closes the pipe has had what it wanted (`credtop events | head`): nothing is
 * said, and the exit status is what it would have been.  Everything else that cannot be
 * written (a full disk, a closed standard output) is said, with status 3. */
#ifndef CT_CLI_OUTPUT_H
#define CT_CLI_OUTPUT_H

#include "backend/base/strbuf.h"

#define CLI_COULD_NOT_TELL 3

/* `status`, or CLI_COULD_NOT_TELL when `what` cannot be written. */
int output_write(const struct strbuf *out, const char *what, int status);

/* The reader is gone: writing more makes no sense. */
bool output_is_unread(void);

/* "asking (3 of 7)" on standard error, written over by the next and by output_write(), on a
 * terminal alone; NULL takes it away. */
void output_progress(const char *words);

#endif
