/* Reachability without a login, for audit mode: resolve, connect, PostgreSQL's
 * SSLRequest, and a TLS handshake that checks the certificate as sslmode asks.
 * Sends no user name and no password (PostgreSQL manual, 55.2.10 "SSL Session
 * Encryption"). */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/login.h"
#include "backend/credentials/resolve.h"

struct reach {
    const struct db_params *p;
    struct login_result *out;
    struct cancel *cancel;
    int64_t deadline_mono_ms;
    enum db_phase phase;
    int64_t phase_began_us;
};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void end_phase(struct reach *r)
{
    int64_t us = now_us() - r->phase_began_us;
    r->out->phase_us[r->phase] = us > INT32_MAX ? INT32_MAX : (int32_t)us;
    r->phase_began_us = now_us();
}

static bool fail(struct reach *r, enum err code, const char *words)
{
    end_phase(r);
    r->out->ok = false;
    r->out->failed = r->phase;
    (void)why_set(&r->out->why, code, "%s", words);
    (void)str_copy(r->out->why.call, sizeof r->out->why.call, db_phase_word(r->phase));
    return false;
}

static bool wait_for(struct reach *r, int fd, short events)
{
    int got = cancel_wait_fd(r->cancel, fd, events, r->deadline_mono_ms);
    if (got > 0)
        return true;
    return fail(r, got < 0 ? ERR_CANCELLED : ERR_TIMEOUT, got < 0 ? "" : "no answer within the deadline");
}

static int connect_to(struct reach *r, const struct resolved *found, size_t i)
{
    (void)str_copy(r->out->address, sizeof r->out->address, found->text[i]);
    int fd = socket(found->addr[i].ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        (void)fail(r, ERR_SYSTEM, strerror(errno));
        return -1;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, (const struct sockaddr *)&found->addr[i], found->len[i]) != 0 && errno != EINPROGRESS) {
        (void)fail(r, ERR_CONNECT, strerror(errno));
    } else if (wait_for(r, fd, POLLOUT)) {
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            return fd;
        (void)fail(r, ERR_CONNECT, strerror(error));
    }
    close(fd);
    return -1;
}

/* SSLRequest: length 8, code 80877103; the answer is one byte, 'S' or 'N'. */
static bool ask_for_tls(struct reach *r, int fd, bool *out_has_tls)
{
    static const unsigned char request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
    char answer = 0;
    if (send(fd, request, sizeof request, MSG_NOSIGNAL) != (ssize_t)sizeof request)
        return fail(r, ERR_NETWORK, "connection broke");
    if (!wait_for(r, fd, POLLIN))
        return false;
    if (recv(fd, &answer, 1, 0) != 1)
        return fail(r, ERR_DB_PROTOCOL, "peer closed the connection");
    if (answer != 'S' && answer != 'N')
        return fail(r, ERR_DB_PROTOCOL, "peer does not speak PostgreSQL");
    *out_has_tls = answer == 'S';
    return true;
}

static bool handshake(struct reach *r, SSL *ssl, int fd)
{
    for (;;) {
        int did = SSL_connect(ssl);
        if (did == 1)
            return true;
        int want = SSL_get_error(ssl, did);
        if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
            if (!wait_for(r, fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT))
                return false;
            continue;
        }
        long verify = SSL_get_verify_result(ssl);
        if (verify != X509_V_OK)
            return fail(r, ERR_TLS, X509_verify_cert_error_string(verify));
        const char *words = ERR_reason_error_string(ERR_peek_error());
        return fail(r, ERR_TLS, words != NULL ? words : "handshake failed");
    }
}

static bool set_up_checks(struct reach *r, SSL_CTX *ctx, SSL *ssl)
{
    const char *mode = r->p->sslmode[0] != '\0' ? r->p->sslmode : "verify-full";
    bool full = strcmp(mode, "verify-full") == 0;
    if (!full && strcmp(mode, "verify-ca") != 0)
        return true;
    if (r->p->sslrootcert[0] != '\0' && SSL_CTX_load_verify_file(ctx, r->p->sslrootcert) != 1)
        return fail(r, ERR_TLS, "root certificates cannot be read (db_sslrootcert)");
    if (r->p->sslrootcert[0] == '\0')
        SSL_CTX_set_default_verify_paths(ctx);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    if (full && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), r->p->host) != 1)
        (void)SSL_set1_host(ssl, r->p->host);
    return true;
}

static bool check_tls(struct reach *r, int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    ASSERT(ssl != NULL);
    ERR_clear_error();
    bool ok = SSL_set_fd(ssl, fd) == 1 && set_up_checks(r, ctx, ssl) && handshake(r, ssl, fd);
    if (ok) {
        (void)str_copy(r->out->tls_protocol, sizeof r->out->tls_protocol, SSL_get_version(ssl));
        (void)str_copy(r->out->tls_cipher, sizeof r->out->tls_cipher, SSL_get_cipher_name(ssl));
        end_phase(r);
        (void)SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    return ok;
}

static bool reach_address(struct reach *r, const struct resolved *found, size_t i)
{
    int fd = connect_to(r, found, i);
    if (fd < 0)
        return false;
    end_phase(r);
    r->phase = PHASE_TLS;
    bool wants_tls = strcmp(r->p->sslmode, "disable") != 0, has_tls = false;
    bool ok = !wants_tls || ask_for_tls(r, fd, &has_tls);
    if (ok && wants_tls)
        ok = has_tls ? check_tls(r, fd) : fail(r, ERR_TLS, "server has no TLS");
    close(fd);
    return ok;
}

void login_reach(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    login_result_clear(out);
    int64_t began = now_us();
    struct reach r = {.p = p, .out = out, .cancel = c, .phase = PHASE_RESOLVE, .phase_began_us = began,
                      .deadline_mono_ms = clock_mono_ms(clock_real()) + deadline_ms};
    struct resolved found;
    struct why why = {0};
    enum err err = resolve_host(p->host, p->port != 0 ? p->port : 5432, r.deadline_mono_ms, c, &found, &why);
    if (err != ERR_OK) {
        (void)fail(&r, err, why.text);
    } else {
        end_phase(&r);
        r.phase = PHASE_CONNECT;
        for (size_t i = 0; i < found.n && !out->ok && r.phase == PHASE_CONNECT; i++)
            out->ok = reach_address(&r, &found, i);
    }
    out->total_us = (int32_t)((now_us() - began) > INT32_MAX ? INT32_MAX : now_us() - began);
}
