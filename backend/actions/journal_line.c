#include "backend/actions/journal_line.h"

#include <openssl/evp.h>

#include "backend/base/mem.h"

#define HASH_DIGITS (JOURNAL_HASH_SIZE - 1)

static const char head[] = "{\"seq\":", prev_key[] = ",\"prev\":\"", hash_key[] = "\",\"hash\":\"", tail[] = "\"}";

#define HEAD_LEN (sizeof head - 1)
#define PREV_LEN (sizeof prev_key - 1)
#define HASH_LEN (sizeof hash_key - 1)
#define TAIL_LEN (sizeof tail - 1)
/* From ,"prev" to the end. */
#define SEAL_LEN (PREV_LEN + HASH_DIGITS + HASH_LEN + HASH_DIGITS + TAIL_LEN)

/* The hash of n bytes and a closing brace. */
static void hash_with(const void *p, size_t n, const char *closing, char out[JOURNAL_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char sum[32];
    unsigned len = 0;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    ASSERT(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(md, p, n) == 1 &&
           EVP_DigestUpdate(md, closing, strlen(closing)) == 1 && EVP_DigestFinal_ex(md, sum, &len) == 1 &&
           len == sizeof sum);
    EVP_MD_CTX_free(md);
    for (size_t i = 0; i < sizeof sum; i++) {
        out[2 * i] = digits[sum[i] >> 4];
        out[2 * i + 1] = digits[sum[i] & 15];
    }
    out[HASH_DIGITS] = '\0';
}

void journal_hash(const void *p, size_t n, char out[JOURNAL_HASH_SIZE])
{
    hash_with(n > 0 ? p : "", n, "", out);
}

void journal_line_seal(struct strbuf *line, const char *prev, char out_hash[JOURNAL_HASH_SIZE])
{
    strbuf_fmt(line, ",\"prev\":\"%s\"", prev);
    hash_with(strbuf_peek(line), line->len, "}", out_hash);
    strbuf_fmt(line, ",\"hash\":\"%s\"}", out_hash);
    ASSERT(!strbuf_cut(line));
}

static bool take_hash(const char *p, char out[JOURNAL_HASH_SIZE])
{
    memcpy(out, p, HASH_DIGITS);
    out[HASH_DIGITS] = '\0';
    return strspn(out, "0123456789abcdef") == HASH_DIGITS;
}

enum journal_shape journal_line_read(const char *line, size_t n, struct journal_seal *out)
{
    struct journal_seal s;
    char hash[JOURNAL_HASH_SIZE];
    int64_t seq = 0;
    if (n < HEAD_LEN + 2 + SEAL_LEN || n > JOURNAL_LINE_MAX || memcmp(line, head, HEAD_LEN) != 0)
        return JOURNAL_UNREADABLE;
    const char *seal = line + n - SEAL_LEN, *comma = memchr(line + HEAD_LEN, ',', n - HEAD_LEN);
    const char *second = seal + PREV_LEN + HASH_DIGITS;
    if (memcmp(seal, prev_key, PREV_LEN) != 0 || !take_hash(seal + PREV_LEN, s.prev) ||
        memcmp(second, hash_key, HASH_LEN) != 0 || !take_hash(second + HASH_LEN, s.hash) ||
        memcmp(line + n - TAIL_LEN, tail, TAIL_LEN) != 0)
        return JOURNAL_UNREADABLE;
    if (comma == NULL || !str_to_i64(line + HEAD_LEN, (size_t)(comma - line) - HEAD_LEN, &seq) || seq < 1)
        return JOURNAL_UNREADABLE;
    s.seq = (uint64_t)seq;
    *out = s;
    hash_with(line, (size_t)(second - line) + 1, "}", hash); /* with prev's closing quote */
    return strcmp(hash, s.hash) == 0 ? JOURNAL_WHOLE : JOURNAL_ALTERED;
}

bool journal_file_name(const char *path, unsigned i, char *out, size_t size)
{
    return i == 0 ? str_copy(out, size, path) : str_fmt(out, size, "%s.%u", path, i);
}
