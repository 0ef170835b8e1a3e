/* A login through libpq, without ever blocking in it: PQconnectStart/Poll with an
 * address of our own finding (libpq would resolve names by itself, without a
 * deadline), one wait that includes the cancel, and the phase read off PQstatus. */
#include <libpq-fe.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/base/wiping.h"
#include "backend/credentials/attempt.h"
#include "backend/credentials/certificate.h"

/* Never there, whoever looks: libpq takes "" for its own default. */
#define NO_FILE "/dev/null/none"

/* The five characters of "FATAL:  28P01: text" (PQERRORS_VERBOSE puts them there, also
 * for a failed connection, where no result carries them). */
static const char *find_sqlstate(const char *message)
{
    for (const char *s = message; (s = strstr(s, ":  ")) != NULL; s += 3) {
        const char *code = s + 3;
        size_t n = strspn(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n == 5 && code[5] == ':' && code[6] == ' ')
            return code;
    }
    return NULL;
}

/* By the line of libpq's message that matters, without "connection to server at ... failed: ". */
static bool refused(struct attempt *a, const char *message)
{
    char line[200];
    const char *failed = strstr(message, " failed: ");
    const char *s = failed != NULL ? failed + 9 : message;
    const char *state = find_sqlstate(s);
    if (state != NULL)
        s = state + 7;
    (void)str_copy_n(line, sizeof line, s, strcspn(s, "\n"));
    return attempt_refused(a, state, line);
}

static void on_notice(void *ctx, const char *message)
{
    (void)ctx;
    (void)message; /* libpq's default prints to the terminal */
}

static enum db_phase phase_of(ConnStatusType status, enum db_phase now)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wswitch-enum"
    switch (status) {
    case CONNECTION_SSL_STARTUP:
        return PHASE_TLS;
    case CONNECTION_AWAITING_RESPONSE:
    case CONNECTION_AUTH_OK:
        return PHASE_AUTH;
    default:
        return now;
    }
#pragma GCC diagnostic pop
}

static const SSL *tls_of(PGconn *conn)
{
    return PQsslStruct(conn, "OpenSSL");
}

/* --------------------------------------------- which authentication is asked for */

#define SASL 10

static const struct {
    uint32_t code;
    const char *word;
} methods[] = {
    {0, "none asked (trust)"}, {3, "password"}, {5, "md5"}, {7, "GSSAPI"}, {9, "SSPI"},
};

/* libpq takes the one bound to the channel wherever there is TLS and the server has it. */
static const char *sasl_word(const char *list, size_t n, bool tls)
{
    const char *word = "SASL";
    for (size_t at = 0; at < n && list[at] != '\0'; at += strnlen(list + at, n - at) + 1) {
        size_t len = strnlen(list + at, n - at);
        if (len == 18 && memcmp(list + at, "SCRAM-SHA-256-PLUS", len) == 0 && tls)
            return "SCRAM-SHA-256-PLUS";
        if (len == 13 && memcmp(list + at, "SCRAM-SHA-256", len) == 0)
            word = "SCRAM-SHA-256";
    }
    return word;
}

static ssize_t peek(PGconn *conn, char *bytes, size_t size)
{
    SSL *ssl = PQsslStruct(conn, "OpenSSL");
    if (ssl == NULL)
        return recv(PQsocket(conn), bytes, size, MSG_PEEK | MSG_DONTWAIT);
    int n = SSL_peek(ssl, bytes, (int)size);
    ERR_clear_error(); /* libpq asks the same queue about its own calls */
    return n;
}

/* Looks at the server's first message without taking it away from libpq, which has no
 * way to tell: 'R', length, code, and SASL's list.  Only the server's question is seen,
 * never our answer.  True when there is nothing more to look for. */
static bool note_method(struct attempt *a, PGconn *conn)
{
    char m[160];
    ssize_t n = peek(conn, m, sizeof m);
    if (n <= 0)
        return false; /* a session ticket, perhaps: the message is still to come */
    if (n < 9 || m[0] != 'R')
        return true;
    uint32_t code = 0;
    for (size_t i = 5; i < 9; i++)
        code = code << 8 | (unsigned char)m[i];
    const char *word = code == SASL ? sasl_word(m + 9, (size_t)n - 9, tls_of(conn) != NULL) : "";
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (methods[i].code == code)
            word = methods[i].word;
    (void)str_copy(a->out->auth_method, sizeof a->out->auth_method, word);
    return true;
}

static void note_tls(struct attempt *a, PGconn *conn)
{
    const SSL *ssl = tls_of(conn);
    if (ssl == NULL)
        return;
    (void)str_copy(a->out->tls_protocol, sizeof a->out->tls_protocol, SSL_get_version(ssl));
    (void)str_copy(a->out->tls_cipher, sizeof a->out->tls_cipher, SSL_get_cipher_name(ssl));
    certificate_read(ssl, &a->out->certificate);
}

/* ------------------------------------------------------------------- connect */

/* True when logged in. */
static bool connect_loop(struct attempt *a, PGconn *conn)
{
    /* libpq asks to wait for writing first: the TCP connection. */
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    bool method_known = false;
    for (;;) {
        if (!attempt_wait(a, PQsocket(conn), want == PGRES_POLLING_READING ? POLLIN : POLLOUT))
            return false;
        if (!method_known && PQstatus(conn) == CONNECTION_AWAITING_RESPONSE)
            method_known = note_method(a, conn);
        want = PQconnectPoll(conn);
        if (want == PGRES_POLLING_OK)
            return true;
        if (want == PGRES_POLLING_FAILED)
            return refused(a, PQerrorMessage(conn));
        enum db_phase phase = phase_of(PQstatus(conn), a->phase);
        if (phase == PHASE_AUTH && a->phase < PHASE_AUTH)
            note_tls(a, conn);
        attempt_enter(a, phase);
    }
}

static PGconn *start(const struct attempt *a, const char *address)
{
    const struct db_params *p = a->p;
    char port[8], file[512];
    bool checks = p->sslmode[0] == '\0' || strncmp(p->sslmode, "verify-", 7) == 0;
    const char *trust = checks                      ? attempt_trust(p, file, sizeof file)
                        : p->sslrootcert[0] != '\0' ? p->sslrootcert
                                                    : NULL;
    (void)str_fmt(port, sizeof port, "%d", p->port != 0 ? p->port : 5432);
    /* A container has no ~/.pgpass and no client certificate; neither has its test. */
    const char *pairs[][2] = {
        {"host", p->host},
        {"hostaddr", address},
        {"port", port},
        {"dbname", p->dbname[0] != '\0' ? p->dbname : "postgres"},
        {"user", p->user},
        {"password", p->password != NULL ? secret_peek(p->password, NULL) : ""},
        {"passfile", NO_FILE},
        {"sslmode", p->sslmode[0] != '\0' ? p->sslmode : "verify-full"},
        {"sslrootcert", trust != NULL ? trust : NO_FILE},
        {"sslcert", NO_FILE},
        {"application_name", "credtop"},
        {"client_encoding", "UTF8"},
        {"gssencmode", "disable"},
        {"connect_timeout", "0"},
    };
    const char *keys[ARRAY_LEN(pairs) + 1] = {0}, *values[ARRAY_LEN(pairs) + 1] = {0};
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        keys[i] = pairs[i][0];
        values[i] = pairs[i][1];
    }
    return PQconnectStartParams(keys, values, 0);
}

/* --------------------------------------------------------------------- query */

static const char *const about_all =
    "SELECT current_user, pg_is_in_recovery(), r.rolsuper,"
    " CASE WHEN isfinite(r.rolvaliduntil) THEN (extract(epoch FROM r.rolvaliduntil) * 1000)::bigint END,"
    " current_setting('max_connections'),"
    " (SELECT sum(pg_catalog.pg_stat_get_db_numbackends(d.oid)) FROM pg_catalog.pg_database d),"
    " current_setting('password_encryption')"
    " FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_roles r ON r.rolname = current_user";
/* Where the catalogs are closed to this role: the session itself is what was asked for. */
static const char *const about_session = "SELECT current_user, pg_is_in_recovery()";

/* NULL: failed while waiting, and said so. */
static PGresult *ask(struct attempt *a, PGconn *conn, const char *sql)
{
    if (PQsendQuery(conn, sql) == 0) {
        (void)refused(a, PQerrorMessage(conn));
        return NULL;
    }
    PGresult *first = NULL;
    for (;;) {
        int flushed = PQflush(conn);
        if (flushed > 0 || PQisBusy(conn) != 0) {
            if (!attempt_wait(a, PQsocket(conn), (short)(POLLIN | (flushed > 0 ? POLLOUT : 0))))
                break;
            if (PQconsumeInput(conn) == 0) {
                (void)refused(a, PQerrorMessage(conn));
                break;
            }
            continue;
        }
        PGresult *next = PQgetResult(conn);
        if (next == NULL)
            return first;
        if (first == NULL)
            first = next;
        else
            PQclear(next);
    }
    PQclear(first);
    return NULL;
}

static int64_t number_at(const PGresult *r, int column, int64_t unknown)
{
    int64_t value = 0;
    const char *s = column < PQnfields(r) ? PQgetvalue(r, 0, column) : "";
    return str_to_i64(s, strlen(s), &value) ? value : unknown;
}

static bool flag_at(const PGresult *r, int column)
{
    return column < PQnfields(r) && PQgetvalue(r, 0, column)[0] == 't';
}

static void note_answer(struct login_result *out, const PGresult *r)
{
    const char *user = PQgetvalue(r, 0, 0), *encryption = PQnfields(r) > 6 ? PQgetvalue(r, 0, 6) : "";
    text_safe_name(out->current_user, sizeof out->current_user, user, strlen(user));
    out->standby = flag_at(r, 1);
    out->superuser = flag_at(r, 2);
    out->valid_until_ms = number_at(r, 3, TIME_UNKNOWN);
    out->max_connections = (int32_t)number_at(r, 4, -1);
    out->used_connections = (int32_t)number_at(r, 5, -1);
    text_safe_name(out->password_encryption, sizeof out->password_encryption, encryption, strlen(encryption));
}

static bool is_one_row(const PGresult *r)
{
    return PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1;
}

static bool query(struct attempt *a, PGconn *conn)
{
    PGresult *r = ask(a, conn, about_all);
    if (r != NULL && !is_one_row(r) && PQstatus(conn) == CONNECTION_OK) {
        PQclear(r);
        r = ask(a, conn, about_session);
    }
    bool ok = r != NULL && is_one_row(r);
    if (ok)
        note_answer(a->out, r);
    else if (r != NULL)
        (void)refused(a, PQresultErrorMessage(r));
    PQclear(r);
    return ok;
}

/* --------------------------------------------------------------------- login */

/* One address: the connection, logged in; NULL otherwise. */
static PGconn *try_address(struct attempt *a, const struct resolved *found, size_t i)
{
    attempt_address(a, found, i);
    PGconn *conn = start(a, found->text[i]);
    bool ok = false;
    if (conn == NULL || PQstatus(conn) == CONNECTION_BAD) {
        (void)refused(a, conn != NULL ? PQerrorMessage(conn) : "out of memory");
    } else {
        PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
        PQsetNoticeProcessor(conn, on_notice, NULL);
        ok = connect_loop(a, conn);
        a->out->server_version = ok ? PQserverVersion(conn) : 0;
        if (ok) {
            attempt_enter(a, PHASE_QUERY);
            ok = query(a, conn);
        } else if (a->phase == PHASE_TLS && strstr(PQerrorMessage(conn), "certificate") != NULL) {
            login_look_at_certificate(a, found, i);
        }
    }
    if (ok)
        return conn;
    PQfinish(conn);
    return NULL;
}

struct pg_conn *login_open(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    struct attempt a;
    struct resolved found;
    PGconn *conn = NULL;
    attempt_begin(&a, p, deadline_ms, c, out);
    if (attempt_resolve(&a, &found))
        /* Who got further than a connection has heard a server's answer: another address has no other. */
        for (size_t i = 0; i < found.n && conn == NULL && a.phase == PHASE_CONNECT && out->why.code != ERR_CANCELLED;
             i++)
            conn = try_address(&a, &found, i);
    attempt_end(&a, conn != NULL);
    wiping_stack(); /* libpq and OpenSSL had the password on it */
    return conn;
}

void login_try(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    PQfinish(login_open(p, deadline_ms, c, out));
}
