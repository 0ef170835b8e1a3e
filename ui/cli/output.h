/* What the one-shot commands share: the whole answer to standard output, or a message
 * and "could not tell". */
#ifndef CT_CLI_OUTPUT_H
#define CT_CLI_OUTPUT_H

#include "backend/base/strbuf.h"

#define CLI_COULD_NOT_TELL 3

/* `status`, or CLI_COULD_NOT_TELL when `what` cannot be written (disk full, pipe closed). */
int output_write(const struct strbuf *out, const char *what, int status);

#endif
