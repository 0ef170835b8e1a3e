/* GetFunctionConfiguration's answer, and what may be kept of it: how the function is set
 * up, the values of six variables that are no secrets, and the names of those that look
 * like secrets.  The rest is in the caller's wiped memory and stays there. */
#ifndef CT_FUNCTION_READING_H
#define CT_FUNCTION_READING_H

#include "backend/model.h"

/* A snapshot of its own, all blank; to be filled by function_read(). */
struct function_snap *function_blank(void);

/* Replaces *s by one that has what the answer says (its header, groups and `named` are
 * kept); on failure *s is as it was. */
enum err function_read(const char *reply, size_t n, struct function_snap **s, struct why *why) CHECKED;

/* What a variable is taken for, by its name and the look of its value: a password for the
 * database, something else that is secret, or neither. */
enum function_secrecy { FUNCTION_PLAIN, FUNCTION_SECRET, FUNCTION_PASSWORD };
enum function_secrecy function_secrecy(const char *name, const char *value);

/* "2026-01-01T00:00:00.000+0000", as Lambda writes it. */
int64_t function_time(const char *text); /* TIME_UNKNOWN: it is none */

#endif
