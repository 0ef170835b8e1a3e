/* credtop's own log: one file, or nothing.  Never the terminal, never a secret.
 * Lines are "2026-11-24T14:32:07.123Z LEVEL text", foreign bytes made safe. */
#ifndef CT_LOG_H
#define CT_LOG_H

#include "backend/base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

enum err log_open(const char *path, enum log_level most, struct why *why) CHECKED; /* append, 0600 */
void log_close(void);
void log_line(enum log_level level, const char *fmt, ...) FORMAT(2, 3); /* any thread */
int log_fd(void);                                                       /* -1 when closed */

#endif
