/* Memory for what must not be seen: passwords, AWS keys, answers that carry them.
 *
 * Pages of its own: locked (best effort), left out of core files, wiped on fork
 * and before release.  There is no way to print, compare loosely or duplicate
 * one by accident; nothing in ui/ includes this header (a house check). */
#ifndef CT_SECRET_H
#define CT_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/base/err.h"

struct secret;

/* Room for up to `max` bytes; mapped as it is needed, and what growth moves is wiped where it was. */
struct secret *secret_new(size_t max);
struct secret *secret_from(const void *bytes, size_t n); /* exactly these bytes */
struct secret *secret_free(struct secret *s);            /* wipes; NULL is fine; returns NULL */

enum err secret_append(struct secret *s, const void *bytes, size_t n) CHECKED; /* ERR_TOO_BIG */
void secret_reset(struct secret *s);                  /* wipes, length 0; room beyond a page is given back */
void secret_swap(struct secret *a, struct secret *b); /* exchange contents */

/* Borrowed until the next call on s; NUL-terminated; never NULL. */
const char *secret_peek(const struct secret *s, size_t *out_len);
/* For readers that fill in place (read(2), a JSON unescape): room left, then commit. */
char *secret_room(struct secret *s, size_t *out_room);
void secret_commit(struct secret *s, size_t n);
char *secret_bytes(struct secret *s);      /* the content, to be changed in place; as secret_peek() */
size_t secret_max(const struct secret *s); /* as secret_new() was told */
size_t secret_len(const struct secret *s); /* NULL counts as 0 */
bool secret_equal(const struct secret *a, const struct secret *b); /* constant time */

/* False once any lock was refused (RLIMIT_MEMLOCK): the screen says so. */
bool secret_memory_locked(void);

/* At start, before threads: RLIMIT_CORE 0, not dumpable, umask 077.  The
 * sanitizer builds stay dumpable (LeakSanitizer attaches to itself). */
void secret_harden_process(void);

/* Overwrites n bytes in a way the compiler may not leave out. */
void secret_wipe(void *p, size_t n);

#endif
