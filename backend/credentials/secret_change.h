/* A secret's next value, and the request that stores it: the one before with another
 * password, everything else as it was. */
#ifndef CT_SECRET_CHANGE_H
#define CT_SECRET_CHANGE_H

#include <stddef.h>

#include "backend/base/err.h"
#include "backend/base/secret.h"

/* `reply` is GetSecretValue's answer: a JSON object, or a string that is the password
 * alone.  NULL with ERR_MALFORMED, ERR_SECRET_BINARY, ERR_SECRET_SHAPE. */
struct secret *secret_change_password(const char *reply, size_t n, const struct secret *password, struct why *why);

/* The same, and another user in its member "username".  ERR_SECRET_SHAPE for a string that is
 * the password alone, and for an object that names no user. */
struct secret *secret_change_user(const char *reply, size_t n, const char *user, const struct secret *password,
                                  struct why *why);

/* PutSecretValue's body: the value as version `token`, with the label AWSPENDING. */
struct secret *secret_put_body(const char *secret_id, const char *token, const struct secret *value);

#endif
