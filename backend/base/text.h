/* Foreign bytes made safe to draw, once, at the border.
 *
 * Log lines, secret names, database and AWS error texts, certificate names and
 * configuration values all pass through text_safe() before they enter a
 * snapshot; so nothing that a Lambda prints can move the cursor, change colours,
 * reorder a row or hide itself.  What is unsafe is shown as a code, not dropped:
 *   - invalid UTF-8, C0, DEL, C1      \xNN (TAB \t, LF \n, CR \r)
 *   - format, bidi, zero-width, tag, private-use, surrogate, line separators,
 *     variation selectors, fillers, soft hyphen, non-ASCII spaces   <U+XXXX>
 *   - at most two combining marks stay on one base; more are shown as codes
 * Widths come from a table of our own (Unicode version in text.c), never from the
 * locale, so columns line up on every terminal. */
#ifndef CT_TEXT_H
#define CT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes safe, NUL-terminated UTF-8; never ends within a character or a code.
 * Returns the length it would have with room enough (like snprintf). */
size_t text_safe(char *out, size_t size, const char *bytes, size_t n);

/* The same for identifiers (secret, user, host, environment): everything outside
 * printable ASCII becomes a code, since these are compared and typed. */
size_t text_safe_name(char *out, size_t size, const char *bytes, size_t n);

/* Replaces what looks like a password (`"password":"..."`, postgres://u:p@,
 * password=..., aws_secret_access_key...) by *** in place; n bytes, may contain
 * anything.  Returns the new length (never longer than max(n, n + 3 per hit) is
 * kept by cutting).  Best effort; the audit promise does not rest on it. */
size_t text_mask(char *s, size_t n);

/* Decodes one UTF-8 character strictly (RFC 3629); returns its bytes, 0 at the
 * end, and -1 for a byte that starts no valid character. */
int text_decode(const char *s, size_t n, uint32_t *out);
int text_encode(uint32_t cp, char out[4]); /* bytes written */

int text_char_width(uint32_t cp);    /* columns: 0, 1 or 2 */
size_t text_width(const char *safe); /* columns of a safe string */

/* How many bytes of `safe` fit in `columns`; *out_used gets the columns they take.
 * A wide character is never halved. */
size_t text_fit(const char *safe, size_t columns, size_t *out_used);

/* Escaped dash-of-truth: has any byte that text_safe would have to replace. */
bool text_is_safe(const char *bytes, size_t n);

/* Base64 (RFC 4648, with padding) of what fits, NUL-terminated; returns its length. */
size_t text_base64(char *out, size_t size, const void *bytes, size_t n);

#endif
