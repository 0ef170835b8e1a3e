#include "backend/credentials/certificate.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

void certificate_clear(struct db_certificate *out)
{
    *out = (struct db_certificate){.expires_ms = TIME_UNKNOWN, .ca_expires_ms = TIME_UNKNOWN};
}

static int64_t not_after_ms(const X509 *x)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
        return TIME_UNKNOWN;
    time_t at = timegm(&tm);
    return at == (time_t)-1 ? TIME_UNKNOWN : (int64_t)at * 1000;
}

/* The common name; authorities without one have an organization. */
static void name_text(X509_NAME *name, char *out, size_t size)
{
    static const int wanted[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName};
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(wanted) && out[0] == '\0'; i++) {
        int at = X509_NAME_get_index_by_NID(name, wanted[i], -1);
        unsigned char *utf8 = NULL;
        int n = at < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        if (n > 0)
            (void)text_safe(out, size, (const char *)utf8, (size_t)n);
        OPENSSL_free(utf8);
    }
}

static bool general_name(const GENERAL_NAME *g, char *out, size_t size)
{
    int type;
    const ASN1_STRING *s = GENERAL_NAME_get0_value(g, &type);
    if (type != GEN_DNS && type != GEN_IPADD)
        return false;
    const unsigned char *bytes = ASN1_STRING_get0_data(s);
    int n = ASN1_STRING_length(s);
    if (type == GEN_DNS) {
        (void)text_safe_name(out, size, (const char *)bytes, n > 0 ? (size_t)n : 0);
        return n > 0;
    }
    return (n == 4 || n == 16) && inet_ntop(n == 4 ? AF_INET : AF_INET6, bytes, out, (socklen_t)size) != NULL;
}

/* All that it is for; the last ones give way to "..." where there are many. */
static void names_text(const X509 *x, char *out, size_t size)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        char one[256];
        if (!general_name(sk_GENERAL_NAME_value(all, i), one, sizeof one))
            continue;
        if (used + strlen(one) + 8 > size) {
            (void)str_copy(out + used, size - used, ", ...");
            break;
        }
        (void)str_fmt(out + used, size - used, "%s%s", used > 0 ? ", " : "", one);
        used = strlen(out);
    }
    GENERAL_NAMES_free(all);
    if (out[0] == '\0') /* of old: no alternative names */
        name_text(X509_get_subject_name(x), out, size);
}

/* Of the authorities above the certificate the one that ends first: with it ends the login. */
static void read_authorities(const STACK_OF(X509) * chain, struct db_certificate *out)
{
    for (int i = 1; i < sk_X509_num(chain); i++) {
        const X509 *x = sk_X509_value(chain, i);
        int64_t ends_ms = not_after_ms(x);
        if (ends_ms == TIME_UNKNOWN || (out->ca_expires_ms != TIME_UNKNOWN && ends_ms >= out->ca_expires_ms))
            continue;
        out->ca_expires_ms = ends_ms;
        name_text(X509_get_subject_name(x), out->ca, sizeof out->ca);
    }
}

static void read_chain(const X509 *x, const STACK_OF(X509) * chain, struct db_certificate *out)
{
    certificate_clear(out);
    if (x == NULL)
        return;
    names_text(x, out->names, sizeof out->names);
    name_text(X509_get_subject_name(x), out->subject, sizeof out->subject);
    if (out->subject[0] == '\0')
        (void)str_copy_n(out->subject, sizeof out->subject, out->names, strcspn(out->names, ","));
    name_text(X509_get_issuer_name(x), out->issuer, sizeof out->issuer);
    out->expires_ms = not_after_ms(x);
    read_authorities(chain, out);
}

void certificate_read(const SSL *ssl, struct db_certificate *out)
{
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
    read_chain(SSL_get0_peer_certificate(ssl), chain != NULL ? chain : SSL_get_peer_cert_chain(ssl), out);
    out->verified = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0 && SSL_get_verify_result(ssl) == X509_V_OK;
}

/* OpenSSL drops a certificate that it does not believe: it is read while it is judged.
 * The judgement stays OpenSSL's. */
static int on_judged(int believed, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    if (!believed)
        read_chain(X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_chain(store), SSL_get_app_data(ssl));
    return believed;
}

void certificate_check(SSL *ssl, struct db_certificate *out)
{
    SSL_set_app_data(ssl, out);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, on_judged);
}

/* ------------------------------------------------------------------- why */

enum fault { FAULT_NAME, FAULT_EXPIRED, FAULT_EARLY, FAULT_AUTHORITY };

static const struct {
    int code;
    enum fault fault;
} faults[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, FAULT_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, FAULT_NAME},
    {X509_V_ERR_CERT_HAS_EXPIRED, FAULT_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, FAULT_EARLY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, FAULT_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, FAULT_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, FAULT_AUTHORITY},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, FAULT_AUTHORITY},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, FAULT_AUTHORITY},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, FAULT_AUTHORITY},
};

static void expired_words(const struct db_certificate *c, int64_t now_wall_ms, char *words, size_t size)
{
    char at[25];
    bool own = c->expires_ms != TIME_UNKNOWN && c->expires_ms <= now_wall_ms;
    int64_t ended_ms = own ? c->expires_ms : c->ca_expires_ms;
    clock_iso(ended_ms == TIME_UNKNOWN ? 0 : ended_ms, at);
    (void)str_fmt(words, size, "the certificate of %s\"%.60s\" expired%s%s", own ? "" : "the authority ",
                  own ? c->subject : c->ca, ended_ms == TIME_UNKNOWN ? "" : " on ", ended_ms == TIME_UNKNOWN ? "" : at);
}

bool certificate_why(const SSL *ssl, const struct db_certificate *c, const char *host, int64_t now_wall_ms, char *words,
                     size_t size)
{
    long result = SSL_get_verify_result(ssl);
    if (result == X509_V_OK)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (faults[i].code != result)
            continue;
        switch (faults[i].fault) {
        case FAULT_NAME:
            (void)str_fmt(words, size, "the certificate is for %.90s, not for %.80s", c->names, host);
            break;
        case FAULT_EXPIRED:
            expired_words(c, now_wall_ms, words, size);
            break;
        case FAULT_EARLY:
            (void)str_fmt(words, size, "the certificate is not valid yet: see the clocks of both machines");
            break;
        case FAULT_AUTHORITY:
            (void)str_fmt(words, size,
                          "authority \"%.60s\" is not trusted: db_sslrootcert must hold its certificate (RDS: "
                          "AWS's global-bundle.pem)",
                          c->issuer);
            break;
        }
        return true;
    }
    (void)str_fmt(words, size, "the certificate is refused: %s", X509_verify_cert_error_string(result));
    return true;
}
