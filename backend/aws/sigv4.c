/* Signature Version 4: canonical request -> string to sign -> signature.
 *
 * Knows no clock and does no I/O.  The canonical request holds the session token
 * and derived keys hold what signs for a day, so every buffer is wiped before the
 * function returns. */
#include "backend/aws/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define CANONICAL_MAX ((size_t)64 << 10)
#define HEADERS_MAX 64
#define QUERY_PAIRS_MAX 256
#define SECRET_KEY_MAX 512
#define DIGEST_LEN 32

/* One query parameter: where its encoded name and value lie in the scratch buffer. */
struct pair {
    size_t name, value;
};

static void sha256(const void *p, size_t n, unsigned char out[DIGEST_LEN])
{
    unsigned len = 0;
    int ok = EVP_Digest(n ? p : "", n, out, &len, EVP_sha256(), NULL);

    /* Only a broken OpenSSL or no memory gets here: neither leaves anything to sign with. */
    ASSERT(ok == 1 && len == DIGEST_LEN);
}

static void hmac(const unsigned char *key, size_t key_len, const char *text, unsigned char out[DIGEST_LEN])
{
    size_t len = 0;
    const unsigned char *done = EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_len, (const unsigned char *)text,
                                          strlen(text), out, DIGEST_LEN, &len);

    ASSERT(done && len == DIGEST_LEN);
}

static void to_hex(const unsigned char in[DIGEST_LEN], char out[65])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_LEN; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[64] = '\0';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static void add_encoded(struct strbuf *b, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned char u = (unsigned char)c;
    char code[3] = {'%', digits[u >> 4], digits[u & 15]};

    if (is_unreserved(c))
        strbuf_char(b, c);
    else
        strbuf_add(b, code, sizeof(code));
}

/* ------------------------------------------------------------------ path */

static void drop_last_segment(struct strbuf *b, size_t start)
{
    while (b->len > start && b->s[b->len - 1] != '/')
        b->len--;
    if (b->len > start)
        b->len--;
    if (b->s)
        b->s[b->len] = '\0';
}

static void add_segment(struct strbuf *b, const char *s, size_t n)
{
    strbuf_char(b, '/');
    for (size_t i = 0; i < n; i++)
        add_encoded(b, s[i]);
}

/* The path as it stands in the request line is encoded once more; so what is
 * "%3A" on the wire is "%253A" here.  Only S3 wants it otherwise. */
static void add_path(struct strbuf *b, const char *path, bool keep)
{
    size_t start = b->len, n = strlen(path);

    if (keep) {
        if (path[0] != '/')
            strbuf_char(b, '/');
        for (size_t i = 0; i < n; i++)
            path[i] == '/' ? strbuf_char(b, '/') : add_encoded(b, path[i]);
        return;
    }
    for (size_t at = 0; at < n;) {
        size_t len = strcspn(path + at, "/");

        if (len == 2 && memcmp(path + at, "..", 2) == 0)
            drop_last_segment(b, start);
        else if (len > 0 && !(len == 1 && path[at] == '.'))
            add_segment(b, path + at, len);
        at += len + 1;
    }
    if (b->len == start || path[n - 1] == '/')
        strbuf_char(b, '/');
}

/* ----------------------------------------------------------------- query */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decoded, then encoded: so that "a%2db", "a-b" and raw UTF-8 come out the same. */
static void add_recoded(struct strbuf *b, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = s[i] == '%' && i + 2 < n ? hex_value(s[i + 1]) : -1;
        int low = high >= 0 ? hex_value(s[i + 2]) : -1;

        if (low >= 0) {
            add_encoded(b, (char)(unsigned char)(high * 16 + low));
            i += 2;
        } else {
            add_encoded(b, s[i]);
        }
    }
    strbuf_char(b, '\0');
}

static bool pair_before(const struct strbuf *scratch, struct pair x, struct pair y)
{
    int names = strcmp(scratch->s + x.name, scratch->s + y.name);

    return names ? names < 0 : strcmp(scratch->s + x.value, scratch->s + y.value) < 0;
}

/* Splits into encoded pairs, sorted by name, then value.  False when there are too many. */
static bool split_query(const char *query, struct strbuf *scratch, struct pair pairs[QUERY_PAIRS_MAX], size_t *out_n)
{
    size_t n = 0;

    for (const char *at = query; *at;) {
        size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
        struct pair p = {.name = scratch->len};
        size_t i;

        if (len > 0) {
            if (n == QUERY_PAIRS_MAX)
                return false;
            add_recoded(scratch, at, name);
            p.value = scratch->len;
            add_recoded(scratch, at + name + (name < len), len - name - (name < len));
            if (strbuf_cut(scratch))
                return false;
            for (i = n++; i > 0 && pair_before(scratch, p, pairs[i - 1]); i--)
                pairs[i] = pairs[i - 1];
            pairs[i] = p;
        }
        at += len + (at[len] == '&');
    }
    *out_n = n;
    return true;
}

static bool add_query(struct strbuf *b, const char *query)
{
    struct pair pairs[QUERY_PAIRS_MAX];
    struct strbuf scratch;
    size_t n = 0;
    bool ok;

    strbuf_init(&scratch, CANONICAL_MAX);
    ok = split_query(query, &scratch, pairs, &n);
    for (size_t i = 0; ok && i < n; i++) {
        if (i > 0)
            strbuf_char(b, '&');
        strbuf_str(b, scratch.s + pairs[i].name);
        strbuf_char(b, '=');
        strbuf_str(b, scratch.s + pairs[i].value);
    }
    strbuf_wipe(&scratch);
    return ok;
}

/* --------------------------------------------------------------- headers */

static int compare_names(const char *x, const char *y)
{
    while (*x && lower(*x) == lower(*y)) {
        x++;
        y++;
    }
    return (unsigned char)lower(*x) - (unsigned char)lower(*y);
}

/* A stable insertion sort: values of one name stay in the order they are sent. */
static void sort_headers(const struct sigv4_request *r, size_t order[HEADERS_MAX])
{
    for (size_t n = 0; n < r->nheaders; n++) {
        size_t i = n;

        for (; i > 0 && compare_names(r->headers[n].name, r->headers[order[i - 1]].name) < 0; i--)
            order[i] = order[i - 1];
        order[i] = n;
    }
}

static void add_lower(struct strbuf *b, const char *s)
{
    for (; *s; s++)
        strbuf_char(b, lower(*s));
}

/* Trimmed, and inner runs of blanks (folded lines too) become one space. */
static void add_value(struct strbuf *b, const char *s)
{
    static const char blanks[] = " \t\r\n";

    s += strspn(s, blanks);
    while (*s) {
        size_t word = strcspn(s, blanks);

        strbuf_add(b, s, word);
        s += word;
        s += strspn(s, blanks);
        if (*s)
            strbuf_char(b, ' ');
    }
}

static void add_headers(struct strbuf *b, struct strbuf *signed_names, const struct sigv4_request *r)
{
    size_t order[HEADERS_MAX];

    sort_headers(r, order);
    for (size_t i = 0; i < r->nheaders; i++) {
        const struct sigv4_header *h = &r->headers[order[i]];
        bool again = i > 0 && compare_names(h->name, r->headers[order[i - 1]].name) == 0;

        if (again) {
            strbuf_char(b, ',');
        } else {
            if (i > 0) {
                strbuf_char(b, '\n');
                strbuf_char(signed_names, ';');
            }
            add_lower(b, h->name);
            strbuf_char(b, ':');
            add_lower(signed_names, h->name);
        }
        add_value(b, h->value);
    }
    if (r->nheaders > 0)
        strbuf_char(b, '\n');
}

/* ------------------------------------------------------------- signature */

static enum err hash_canonical(const struct sigv4_request *r, struct strbuf *signed_names, char out_hash[65])
{
    struct strbuf b;
    char body_hash[65];
    bool ok;

    if (r->nheaders > HEADERS_MAX)
        return ERR_TOO_BIG;
    strbuf_init(&b, CANONICAL_MAX);
    strbuf_str(&b, r->method);
    strbuf_char(&b, '\n');
    add_path(&b, r->path, r->keep_path);
    strbuf_char(&b, '\n');
    ok = add_query(&b, r->query);
    strbuf_char(&b, '\n');
    add_headers(&b, signed_names, r);
    strbuf_char(&b, '\n');
    strbuf_str(&b, strbuf_peek(signed_names));
    strbuf_char(&b, '\n');
    sigv4_sha256_hex(r->body, r->body_len, body_hash);
    strbuf_str(&b, body_hash);

    ok = ok && !strbuf_cut(&b) && !strbuf_cut(signed_names);
    if (ok)
        sigv4_sha256_hex(b.s, b.len, out_hash);
    strbuf_wipe(&b);
    return ok ? ERR_OK : ERR_TOO_BIG;
}

static enum err sign_text(const struct sigv4_key *k, const char date[9], const char *text, char out_hex[65])
{
    unsigned char seed[4 + SECRET_KEY_MAX], key[DIGEST_LEN], next[DIGEST_LEN];
    size_t n = strlen(k->secret_access_key);
    const char *steps[] = {date, k->region, k->service, "aws4_request", text};

    if (n > SECRET_KEY_MAX)
        return ERR_TOO_BIG;
    memcpy(seed, "AWS4", 4);
    memcpy(seed + 4, k->secret_access_key, n);
    hmac(seed, 4 + n, steps[0], key);
    for (size_t i = 1; i < ARRAY_LEN(steps); i++) {
        hmac(key, sizeof(key), steps[i], next);
        memcpy(key, next, sizeof(key));
    }
    to_hex(key, out_hex);
    OPENSSL_cleanse(seed, sizeof(seed));
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(next, sizeof(next));
    return ERR_OK;
}

static enum err sign_hash(const struct sigv4_key *k, const char *amz_date, const char *signed_names,
                          struct sigv4_result *r)
{
    char date[9], scope[160], text[256];

    (void)str_copy_n(date, sizeof(date), amz_date, 8);
    if (!str_fmt(scope, sizeof(scope), "%s/%s/%s/aws4_request", date, k->region, k->service) ||
        !str_fmt(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", amz_date, scope, r->canonical_hash))
        return ERR_TOO_BIG;
    if (sign_text(k, date, text, r->signature))
        return ERR_TOO_BIG;
    if (!str_fmt(r->authorization, sizeof(r->authorization),
                 "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", k->access_key_id, scope,
                 signed_names, r->signature))
        return ERR_TOO_BIG;
    return ERR_OK;
}

/* ---------------------------------------------------------------- public */

void sigv4_sha256_hex(const void *p, size_t n, char out[65])
{
    unsigned char digest[DIGEST_LEN];

    sha256(p, n, digest);
    to_hex(digest, out);
}

enum err sigv4_sign(const struct sigv4_request *r, const struct sigv4_key *k, const char amz_date[17],
                    struct sigv4_result *out)
{
    struct sigv4_result made = {0};
    struct strbuf signed_names;
    enum err err;

    if (strnlen(amz_date, 17) != 16)
        return ERR_INVALID;
    strbuf_init(&signed_names, SIGV4_AUTHORIZATION_MAX);
    err = hash_canonical(r, &signed_names, made.canonical_hash);
    if (!err)
        err = sign_hash(k, amz_date, strbuf_peek(&signed_names), &made);
    if (!err)
        *out = made;
    strbuf_clear(&signed_names);
    return err;
}
