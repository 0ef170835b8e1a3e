/* A login that stays: the few statements of a rotation, one after the other.  No statement
 * waits past the deadline or a cancel; a password never stands in one. */
#ifndef CT_SESSION_H
#define CT_SESSION_H

#include "backend/base/cancel.h"
#include "backend/credentials/login.h"

struct session;

/* As login_try(), and stays; NULL: *out says why. */
struct session *session_open(const struct db_params *p, int64_t deadline_ms, struct cancel *c,
                             struct login_result *out);
struct session *session_close(struct session *s); /* gives its locks back; NULL is fine; returns NULL */

/* PostgreSQL's advisory lock of this name, of the session.  ERR_BUSY with who has it and
 * since when. */
enum err session_lock(struct session *s, const char *name, struct why *why) CHECKED;

/* ALTER ROLE user PASSWORD 'verifier'.  ERR_DB_QUERY: the server refused, nothing changed;
 * any other error: whether it was done is not known. */
enum err session_set_verifier(struct session *s, const char *user, const char *verifier, struct why *why) CHECKED;

/* Whether there is a role of this name. */
enum err session_has_role(struct session *s, const char *role, bool *out, struct why *why) CHECKED;

/* CREATE ROLE user LOGIN PASSWORD 'verifier' IN ROLE as: the new user may what that one may.
 * Errors as above. */
enum err session_create_role(struct session *s, const char *user, const char *as, const char *verifier,
                             struct why *why) CHECKED;

/* How many other sessions of this user began more than `older_ms` ago: what they were let in
 * with may no longer be so, and they go on. */
enum err session_count_older(struct session *s, const char *user, int64_t older_ms, int64_t *out,
                             struct why *why) CHECKED;

#endif
