/* New passwords, made here: no call to AWS, nothing on the wire. */
#ifndef CT_PASSWORD_H
#define CT_PASSWORD_H

#include "backend/base/err.h"
#include "backend/base/secret.h"

/* 40 letters and digits, about 238 bits: none of the characters that URIs, shells, .pgpass
 * or other people's configuration files take for their own.  NULL with ERR_SYSTEM when the
 * machine has no random bytes. */
#define PASSWORD_LENGTH 40
struct secret *password_new(struct why *why);

/* A version id (UUID, version 4), which is a ClientRequestToken. */
enum err password_token(char out[37], struct why *why) CHECKED;

#endif
