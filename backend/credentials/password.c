#include "backend/credentials/password.h"

#include <openssl/rand.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
#define LETTERS (sizeof letters - 1)

/* Bytes past the last whole multiple of the alphabet are thrown away: every letter is as
 * likely as any other. */
struct secret *password_new(struct why *why)
{
    struct secret *s = secret_new(PASSWORD_LENGTH);
    unsigned char random[64];
    for (unsigned rounds = 0; secret_len(s) < PASSWORD_LENGTH; rounds++) {
        if (rounds == 64 || RAND_bytes(random, sizeof random) != 1) {
            (void)why_set(why, ERR_SYSTEM, "no random bytes");
            s = secret_free(s);
            break;
        }
        for (size_t i = 0; i < sizeof random && secret_len(s) < PASSWORD_LENGTH; i++)
            if (random[i] < 256 / LETTERS * LETTERS && secret_append(s, &letters[random[i] % LETTERS], 1) != ERR_OK)
                ASSERT(false); /* there is room for it */
    }
    secret_wipe(random, sizeof random);
    return s;
}

enum err password_token(char out[37], struct why *why)
{
    unsigned char r[16];
    if (RAND_bytes(r, sizeof r) != 1)
        return why_set(why, ERR_SYSTEM, "no random bytes");
    r[6] = (unsigned char)((r[6] & 0x0f) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3f) | 0x80);
    (void)str_fmt(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
                  r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14], r[15]);
    return ERR_OK;
}
