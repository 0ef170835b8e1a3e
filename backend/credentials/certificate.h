/* What a server's certificate says of itself, and why it is not believed, in an
 * operator's words.  Names in it are foreign bytes: they leave here safe to draw. */
#ifndef CT_CERTIFICATE_H
#define CT_CERTIFICATE_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/model.h"

/* Nothing known. */
void certificate_clear(struct db_certificate *out);

/* Of a connection whose handshake ended well. */
void certificate_read(const SSL *ssl, struct db_certificate *out);

/* Before a handshake: the peer has to prove itself, and where it cannot, `out` (which
 * must outlive the handshake) gets what it showed. */
void certificate_check(SSL *ssl, struct db_certificate *out);

/* After a handshake that failed: true, with words, when the certificate was why.  `c` is
 * what certificate_check() got, `host` the name asked for. */
bool certificate_why(const SSL *ssl, const struct db_certificate *c, const char *host, int64_t now_wall_ms, char *words,
                     size_t size);

#endif
