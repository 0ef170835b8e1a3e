/* SCRAM-SHA-256 verifiers: what PostgreSQL keeps in place of a password.
 *
 * Computed here (RFC 5802, RFC 7677), so that ALTER ROLE carries neither the password
 * nor anything one could log in with, whatever the server writes to its log. */
#ifndef CT_SCRAM_H
#define CT_SCRAM_H

#include <stddef.h>

#include "backend/base/err.h"
#include "backend/base/secret.h"

#define SCRAM_SALT_MAX 64
#define SCRAM_VERIFIER_MAX 256
#define SCRAM_ITERATIONS 4096 /* PostgreSQL's own */

/* "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY".  ERR_SETTING for a password that is
 * not printable ASCII: others would have to be normalised first (SASLprep). */
enum err scram_verifier(const struct secret *password, const unsigned char *salt, size_t salt_len, unsigned iterations,
                        char out[SCRAM_VERIFIER_MAX], struct why *why) CHECKED;

/* The same with a salt of 16 random bytes and PostgreSQL's number of iterations. */
enum err scram_new_verifier(const struct secret *password, char out[SCRAM_VERIFIER_MAX], struct why *why) CHECKED;

#endif
