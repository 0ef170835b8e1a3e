/* Reachability without a login, for audit mode: resolve, connect, PostgreSQL's
 * SSLRequest, and a TLS handshake that checks the certificate as sslmode asks.
 * Sends no user name and no password (PostgreSQL manual, 55.2.10 "SSL Session
 * Encryption"). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/attempt.h"
#include "backend/credentials/certificate.h"

/* What an sslmode asks for, as libpq has it; the first row is the default. */
static const struct mode {
    const char *word;
    bool asks, insists, checks_chain, checks_name;
} modes[] = {
    {"verify-full", true, true, true, true}, {"verify-ca", true, true, true, false},
    {"require", true, true, false, false},   {"prefer", true, false, false, false},
    {"allow", false, false, false, false},   {"disable", false, false, false, false},
};

/* NULL: there is no such mode. */
static const struct mode *mode_of(const struct db_params *p)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (p->sslmode[0] == '\0' || strcmp(modes[i].word, p->sslmode) == 0)
            return &modes[i];
    return NULL;
}

static int connect_to(struct attempt *a, const struct resolved *found, size_t i)
{
    attempt_address(a, found, i);
    int fd = socket(found->addr[i].ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        (void)attempt_fail(a, ERR_SYSTEM, strerror(errno));
        return -1;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, (const struct sockaddr *)&found->addr[i], found->len[i]) != 0 && errno != EINPROGRESS) {
        (void)attempt_refused(a, NULL, strerror(errno));
    } else if (attempt_wait(a, fd, POLLOUT)) {
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            return fd;
        (void)attempt_refused(a, NULL, strerror(error));
    }
    close(fd);
    return -1;
}

/* SSLRequest: length 8, code 80877103; the answer is one byte, 'S' or 'N', or 'E' from
 * servers of the last century. */
static bool ask_for_tls(struct attempt *a, int fd, bool *out_has_tls)
{
    static const unsigned char request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    char answer = 0;
    if (send(fd, request, sizeof request, MSG_NOSIGNAL) != (ssize_t)sizeof request)
        return attempt_fail(a, ERR_NETWORK, "the peer broke the connection");
    if (!attempt_wait(a, fd, POLLIN))
        return false;
    ssize_t n = recv(fd, &answer, 1, 0);
    if (n <= 0) /* a reset is a close with something left unread */
        return attempt_fail(a, ERR_DB_PROTOCOL, "the peer closed the connection");
    if (answer != 'S' && answer != 'N')
        return attempt_fail(a, ERR_DB_PROTOCOL, "something else than PostgreSQL listens on that port");
    *out_has_tls = answer == 'S';
    return true;
}

static bool handshake(struct attempt *a, SSL *ssl, int fd)
{
    char words[200];
    for (;;) {
        ERR_clear_error();
        int did = SSL_connect(ssl);
        if (did == 1)
            return true;
        int want = SSL_get_error(ssl, did);
        if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
            if (!attempt_wait(a, fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT))
                return false;
            continue;
        }
        if (certificate_why(ssl, &a->out->certificate, a->p->host, clock_wall_ms(clock_real()), words, sizeof words))
            return attempt_fail(a, ERR_TLS, words);
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        return attempt_refused(a, NULL, reason != NULL ? reason : "unexpected eof");
    }
}

static bool set_up_checks(struct attempt *a, const struct mode *mode, SSL_CTX *ctx, SSL *ssl)
{
    char file[512];
    unsigned char bytes[16];
    bool is_address = inet_pton(AF_INET, a->p->host, bytes) == 1 || inet_pton(AF_INET6, a->p->host, bytes) == 1;
    if (!is_address)
        (void)SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)(uintptr_t)a->p->host);
    /* libpq's rule: a file of authorities makes `require` check the chain. */
    if (!mode->checks_chain && a->p->sslrootcert[0] == '\0')
        return true;
    const char *trusted = attempt_trust(a->p, file, sizeof file);
    if (trusted == NULL || SSL_CTX_load_verify_file(ctx, trusted) != 1)
        return attempt_fail(a, ERR_TLS,
                            "no authority to trust: db_sslrootcert must name a readable file of certificates "
                            "(RDS: AWS's global-bundle.pem)");
    certificate_check(ssl, &a->out->certificate);
    if (mode->checks_name && is_address)
        (void)X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), a->p->host);
    else if (mode->checks_name)
        (void)SSL_set1_host(ssl, a->p->host);
    return true;
}

static bool check_tls(struct attempt *a, const struct mode *mode, int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    ASSERT(ssl != NULL);
    bool ok = SSL_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 && SSL_set_fd(ssl, fd) == 1 &&
              set_up_checks(a, mode, ctx, ssl) && handshake(a, ssl, fd);
    if (ok) {
        certificate_read(ssl, &a->out->certificate);
        (void)str_copy(a->out->tls_protocol, sizeof a->out->tls_protocol, SSL_get_version(ssl));
        (void)str_copy(a->out->tls_cipher, sizeof a->out->tls_cipher, SSL_get_cipher_name(ssl));
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return ok;
}

static bool reach_address(struct attempt *a, const struct resolved *found, size_t i)
{
    const struct mode *mode = mode_of(a->p);
    if (mode == NULL)
        return attempt_refused(a, NULL, "invalid sslmode");
    int fd = connect_to(a, found, i);
    if (fd < 0)
        return false;
    bool has_tls = false, ok = true;
    if (mode->asks) {
        attempt_enter(a, PHASE_TLS);
        ok = ask_for_tls(a, fd, &has_tls);
    }
    if (ok && has_tls)
        ok = check_tls(a, mode, fd);
    else if (ok && mode->insists)
        ok = attempt_fail(a, ERR_TLS, "the server has no TLS, and db_sslmode asks for it");
    close(fd);
    return ok;
}

void login_reach(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    struct attempt a;
    struct resolved found;
    bool ok = false;
    attempt_begin(&a, p, deadline_ms, c, out);
    if (attempt_resolve(&a, &found))
        for (size_t i = 0; i < found.n && !ok && a.phase == PHASE_CONNECT && out->why.code != ERR_CANCELLED; i++)
            ok = reach_address(&a, &found, i);
    attempt_end(&a, ok);
}

void login_look_at_certificate(struct attempt *a, const struct resolved *found, size_t i)
{
    struct attempt look = *a;
    struct login_result seen;
    login_result_clear(&seen);
    look.out = &seen;
    look.phase = PHASE_CONNECT;
    struct resolved one = {.n = 1, .addr = {found->addr[i]}, .len = {found->len[i]}};
    (void)str_copy(one.text[0], sizeof one.text[0], found->text[i]);
    if (reach_address(&look, &one, 0))
        return; /* it is believed here: libpq's own words stand */
    a->out->certificate = seen.certificate;
    if (seen.failed == PHASE_TLS && seen.why.code == ERR_TLS)
        a->out->why = seen.why;
}
