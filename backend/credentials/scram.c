#include "backend/credentials/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

#define KEY SHA256_DIGEST_LENGTH
#define SALT 16

/* RFC 4013 leaves printable ASCII as it is; all else it would map, normalise or refuse. */
static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    return true;
}

static bool derive(const unsigned char salted[KEY], const char *what, unsigned char out[KEY])
{
    unsigned int len = 0;
    return HMAC(EVP_sha256(), salted, KEY, (const unsigned char *)what, strlen(what), out, &len) != NULL && len == KEY;
}

enum err scram_verifier(const struct secret *password, const unsigned char *salt, size_t salt_len, unsigned iterations,
                        char out[SCRAM_VERIFIER_MAX], struct why *why)
{
    size_t n;
    const char *bytes = secret_peek(password, &n);
    unsigned char salted[KEY], client[KEY], stored[KEY], server[KEY];
    char salt64[96], stored64[48], server64[48];
    if (salt_len == 0 || salt_len > SCRAM_SALT_MAX || iterations == 0 || iterations > 10000000)
        return why_set(why, ERR_SETTING, "a salt has 1 to %d bytes, and there are 1 to 10000000 iterations",
                       SCRAM_SALT_MAX);
    if (!is_plain(bytes, n))
        return why_set(why, ERR_SETTING, "the password has characters other than printable ASCII");
    bool ok = PKCS5_PBKDF2_HMAC(bytes, (int)n, salt, (int)salt_len, (int)iterations, EVP_sha256(), KEY, salted) == 1 &&
              derive(salted, "Client Key", client) && derive(salted, "Server Key", server) &&
              SHA256(client, KEY, stored) != NULL;
    if (ok) {
        (void)text_base64(salt64, sizeof salt64, salt, salt_len);
        (void)text_base64(stored64, sizeof stored64, stored, KEY);
        (void)text_base64(server64, sizeof server64, server, KEY);
        (void)str_fmt(out, SCRAM_VERIFIER_MAX, "SCRAM-SHA-256$%u:%s$%s:%s", iterations, salt64, stored64, server64);
    }
    secret_wipe(salted, sizeof salted);
    secret_wipe(client, sizeof client);
    secret_wipe(server, sizeof server);
    return ok ? ERR_OK : why_set(why, ERR_SYSTEM, "OpenSSL refuses HMAC-SHA-256");
}

enum err scram_new_verifier(const struct secret *password, char out[SCRAM_VERIFIER_MAX], struct why *why)
{
    unsigned char salt[SALT];
    if (RAND_bytes(salt, sizeof salt) != 1)
        return why_set(why, ERR_SYSTEM, "no random bytes");
    return scram_verifier(password, salt, sizeof salt, SCRAM_ITERATIONS, out, why);
}
