/* One log line in Lambda's JSON format (Lambda Developer Guide, "Log formats" and
 * "Telemetry API schema reference") -> the same struct line as a text line.
 *
 * Reads the members it needs straight from the bytes; a line that is not whole JSON, or
 * JSON of another kind, is the program's own words. */
#ifndef CT_JSON_LINE_H
#define CT_JSON_LINE_H

#include "backend/watch/classify.h"

/* `message` begins with '{'.  False: not Lambda's JSON.  True: kind, request, body and
 * the like are filled in; kind LINE_OTHER leaves it to the patterns to say what it is. */
bool json_line_read(struct slice message, struct line *out);

#endif
