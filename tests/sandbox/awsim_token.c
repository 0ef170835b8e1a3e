#include "tests/sandbox/awsim_token.h"

#include <openssl/evp.h>

#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

/* The text inside: "<seal>.<bind>.<issued>.<place>", base64 around it. */
#define SEAL_LEN 24
#define BIND_LEN 24
#define INSIDE_MAX (TOKEN_MAX / 4 * 3 - 3)

static void seal(const char *salt, const char *rest, char out[SEAL_LEN + 1])
{
    char text[INSIDE_MAX + 128], hex[65];
    str_fmt(text, sizeof text, "%s\n%s", salt, rest);
    sigv4_sha256_hex(text, strlen(text), hex);
    str_copy_n(out, SEAL_LEN + 1, hex, SEAL_LEN);
}

void token_make(const char *salt, const char *bind, int64_t issued_ms, const char *place, char out[TOKEN_MAX])
{
    char rest[INSIDE_MAX], mark[SEAL_LEN + 1], inside[INSIDE_MAX];
    str_fmt(rest, sizeof rest, "%.*s.%lld.%s", BIND_LEN, bind, (long long)issued_ms, place);
    seal(salt, rest, mark);
    bool whole = str_fmt(inside, sizeof inside, "%s.%s", mark, rest);
    ASSERT(whole);
    (void)EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)inside, (int)strlen(inside));
}

bool token_open(const char *salt, const char *bind, int64_t now_ms, const char *token, char out_place[TOKEN_PLACE_MAX])
{
    size_t n = strlen(token);
    if (n == 0 || n >= TOKEN_MAX || n % 4 != 0)
        return false;
    char inside[TOKEN_MAX] = {0}, mark[SEAL_LEN + 1];
    if (EVP_DecodeBlock((unsigned char *)inside, (const unsigned char *)token, (int)n) < 0)
        return false;
    if (strlen(inside) <= SEAL_LEN + 1 || inside[SEAL_LEN] != '.')
        return false;
    const char *rest = inside + SEAL_LEN + 1;
    seal(salt, rest, mark);
    if (strncmp(mark, inside, SEAL_LEN) != 0)
        return false;
    /* From here on it is one of ours, so its shape is known. */
    if (strncmp(rest, bind, BIND_LEN) != 0)
        return false;
    const char *issued = rest + BIND_LEN + 1, *dot = strchr(issued, '.');
    int64_t issued_ms = 0;
    if (!dot || !str_to_i64(issued, (size_t)(dot - issued), &issued_ms))
        return false;
    if (issued_ms != 0 && now_ms - issued_ms > TOKEN_DAY_MS)
        return false;
    return str_copy(out_place, TOKEN_PLACE_MAX, dot + 1);
}
