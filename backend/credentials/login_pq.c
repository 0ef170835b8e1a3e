/* A login through libpq, without ever blocking in it: PQconnectStart/Poll with an
 * address of our own finding (libpq would resolve names by itself, without a
 * deadline), one wait that includes the cancel, and the phase read off PQstatus. */
#include <libpq-fe.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/credentials/login.h"
#include "backend/credentials/resolve.h"

/* One login in hand. */
struct attempt {
    const struct db_params *p;
    struct login_result *out;
    struct cancel *cancel;
    int64_t deadline_mono_ms;
    struct timespec phase_began;
    enum db_phase phase;
    PGconn **keep;                /* where a login that stays is left; NULL: it ends */
};

static int32_t us_since(const struct timespec *from)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t us = (int64_t)(now.tv_sec - from->tv_sec) * 1000000 + (now.tv_nsec - from->tv_nsec) / 1000;
    return us > INT32_MAX ? INT32_MAX : (int32_t)us;
}

/* Closes the phase in hand and begins `next`; going back is not possible, since
 * libpq passes CONNECTION_MADE twice when there is TLS. */
static void enter(struct attempt *a, enum db_phase next)
{
    if (next <= a->phase)
        return;
    a->out->phase_us[a->phase] = us_since(&a->phase_began);
    clock_gettime(CLOCK_MONOTONIC, &a->phase_began);
    a->phase = next;
}

static void fail(struct attempt *a, enum err code, const char *words)
{
    a->out->ok = false;
    a->out->failed = a->phase;
    a->out->phase_us[a->phase] = us_since(&a->phase_began);
    (void)why_set(&a->out->why, code, "%s", words);
    (void)str_copy(a->out->why.call, sizeof a->out->why.call, db_phase_word(a->phase));
}

static void fail_waiting(struct attempt *a, int waited)
{
    char words[80];
    (void)str_fmt(words, sizeof words, "no answer in %d ms", us_since(&a->phase_began) / 1000);
    if (waited < 0)
        fail(a, ERR_CANCELLED, "");
    else
        fail(a, ERR_TIMEOUT, words);
}

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

static const struct { const char *code; enum err err; const char *words; } sqlstates[] = {
#define SQLSTATE(code, err, words) {code, ERR_##err, words},
#include "backend/credentials/sqlstates.def"
#undef SQLSTATE
};

static enum err phase_err(enum db_phase phase)
{
    switch (phase) {
    case PHASE_CREDENTIALS: return ERR_SETTING;
    case PHASE_RESOLVE: return ERR_RESOLVE;
    case PHASE_CONNECT: return ERR_CONNECT;
    case PHASE_TLS: return ERR_TLS;
    case PHASE_AUTH: return ERR_DB_AUTH;
    case PHASE_QUERY: return ERR_DB_QUERY;
    case PHASE_COUNT: break;
    }
    return ERR_NETWORK;
}

/* The line of libpq's message that matters, without "connection to server at ... failed: ". */
static void message_line(const char *message, char *out, size_t size)
{
    const char *failed = strstr(message, " failed: ");
    const char *s = failed != NULL ? failed + 9 : message;
    const char *state = find_sqlstate(s);
    if (state != NULL)
        s = state + 7;
    (void)str_copy_n(out, size, s, strcspn(s, "\n"));
}

static void fail_pq(struct attempt *a, const char *message)
{
    char line[160], words[200];
    message_line(message, line, sizeof line);
    const char *state = find_sqlstate(message);
    enum err code = phase_err(a->phase);
    (void)str_copy(words, sizeof words, line);
    if (state != NULL) {
        (void)str_copy_n(a->out->sqlstate, sizeof a->out->sqlstate, state, 5);
        code = a->phase == PHASE_QUERY ? ERR_DB_QUERY : ERR_DB_REFUSED;
        for (size_t i = 0; i < ARRAY_LEN(sqlstates); i++)
            if (memcmp(state, sqlstates[i].code, 5) == 0) {
                code = sqlstates[i].err;
                (void)str_fmt(words, sizeof words, "%.5s %s; it says: %s", state, sqlstates[i].words, line);
            }
    } else if (strstr(message, "does not support SSL") != NULL) {
        code = ERR_TLS;
    } else if (strstr(message, "server closed the connection") != NULL ||
               strstr(message, "invalid response to SSL") != NULL ||
               strstr(message, "expected authentication request") != NULL) {
        code = ERR_DB_PROTOCOL;
    }
    fail(a, code, words);
}

static void on_notice(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;   /* libpq's default prints to the terminal */
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

/* True when logged in. */
static bool connect_loop(struct attempt *a, PGconn *conn)
{
    /* libpq asks to wait for writing first: the TCP connection. */
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    for (;;) {
        int got = cancel_wait_fd(a->cancel, PQsocket(conn), want == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                                 a->deadline_mono_ms);
        if (got <= 0) {
            fail_waiting(a, got);
            return false;
        }
        want = PQconnectPoll(conn);
        if (want == PGRES_POLLING_OK)
            return true;
        if (want == PGRES_POLLING_FAILED) {
            fail_pq(a, PQerrorMessage(conn));
            return false;
        }
        enter(a, phase_of(PQstatus(conn), a->phase));
    }
}

static const char *const about_server =
    "SELECT current_user, pg_is_in_recovery(), "
    "coalesce((SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false)";

static bool query(struct attempt *a, PGconn *conn)
{
    if (PQsendQuery(conn, about_server) == 0) {
        fail_pq(a, PQerrorMessage(conn));
        return false;
    }
    for (;;) {
        int flushed = PQflush(conn);
        if (flushed == 0 && PQisBusy(conn) == 0)
            break;
        int got = cancel_wait_fd(a->cancel, PQsocket(conn), (short)(POLLIN | (flushed > 0 ? POLLOUT : 0)),
                                 a->deadline_mono_ms);
        if (got <= 0) {
            fail_waiting(a, got);
            return false;
        }
        if (PQconsumeInput(conn) == 0) {
            fail_pq(a, PQerrorMessage(conn));
            return false;
        }
    }
    PGresult *r = PQgetResult(conn);
    bool ok = PQresultStatus(r) == PGRES_TUPLES_OK && PQntuples(r) == 1;
    if (ok) {
        const char *user = PQgetvalue(r, 0, 0);
        text_safe_name(a->out->current_user, sizeof a->out->current_user, user, strlen(user));
        a->out->standby = PQgetvalue(r, 0, 1)[0] == 't';
        a->out->superuser = PQgetvalue(r, 0, 2)[0] == 't';
    } else {
        fail_pq(a, PQresultErrorMessage(r));
    }
    PQclear(r);
    return ok;
}

static PGconn *start(const struct attempt *a, const char *address)
{
    const struct db_params *p = a->p;
    char port[8];
    (void)str_fmt(port, sizeof port, "%d", p->port != 0 ? p->port : 5432);
    const char *keys[] = {"host", "hostaddr", "port", "dbname", "user", "password", "sslmode", "sslrootcert",
                          "application_name", "client_encoding", "gssencmode", "connect_timeout", NULL};
    const char *values[] = {p->host, address, port, p->dbname[0] != '\0' ? p->dbname : "postgres", p->user,
                            p->password != NULL ? secret_peek(p->password, NULL) : "",
                            p->sslmode[0] != '\0' ? p->sslmode : "verify-full",
                            p->sslrootcert[0] != '\0' ? p->sslrootcert : NULL,
                            "credtop", "UTF8", "disable", "0", NULL};
    return PQconnectStartParams(keys, values, 0);
}

static void note_server(struct attempt *a, PGconn *conn)
{
    const char *protocol = PQsslInUse(conn) ? PQsslAttribute(conn, "protocol") : NULL;
    const char *cipher = PQsslInUse(conn) ? PQsslAttribute(conn, "cipher") : NULL;
    (void)str_copy(a->out->tls_protocol, sizeof a->out->tls_protocol, protocol != NULL ? protocol : "");
    (void)str_copy(a->out->tls_cipher, sizeof a->out->tls_cipher, cipher != NULL ? cipher : "");
    a->out->server_version = PQserverVersion(conn);
}

/* One address; true when done for good (logged in, or refused by a server). */
static bool try_address(struct attempt *a, const char *address)
{
    (void)str_copy(a->out->address, sizeof a->out->address, address);
    PGconn *conn = start(a, address);
    if (conn == NULL || PQstatus(conn) == CONNECTION_BAD) {
        fail_pq(a, conn != NULL ? PQerrorMessage(conn) : "out of memory");
        PQfinish(conn);
        return false;
    }
    PQsetErrorVerbosity(conn, PQERRORS_VERBOSE);
    PQsetNoticeProcessor(conn, on_notice, NULL);
    bool logged_in = connect_loop(a, conn);
    if (logged_in) {
        note_server(a, conn);
        enter(a, PHASE_QUERY);
        a->out->ok = query(a, conn);
        if (a->out->ok)
            a->out->phase_us[PHASE_QUERY] = us_since(&a->phase_began);
    }
    if (a->out->ok && a->keep != NULL)
        *a->keep = conn;
    else
        PQfinish(conn);
    return a->phase > PHASE_CONNECT || a->out->why.code == ERR_CANCELLED || a->out->why.code == ERR_TIMEOUT;
}

void login_result_clear(struct login_result *out)
{
    *out = (struct login_result){.total_us = -1};
    for (size_t i = 0; i < PHASE_COUNT; i++)
        out->phase_us[i] = -1;
}

static void log_in(const struct db_params *p, int64_t deadline_ms, struct cancel *c, PGconn **keep,
                   struct login_result *out)
{
    struct timespec began;
    clock_gettime(CLOCK_MONOTONIC, &began);
    login_result_clear(out);
    struct attempt a = {.p = p, .out = out, .cancel = c, .phase = PHASE_RESOLVE, .phase_began = began, .keep = keep,
                        .deadline_mono_ms = clock_mono_ms(clock_real()) + deadline_ms};
    struct resolved found;
    struct why why = {0};
    enum err err = resolve_host(p->host, p->port != 0 ? p->port : 5432, a.deadline_mono_ms, c, &found, &why);
    if (err != ERR_OK) {
        fail(&a, err, why.text);
    } else {
        enter(&a, PHASE_CONNECT);
        for (size_t i = 0; i < found.n; i++)
            if (try_address(&a, found.text[i]))
                break;
    }
    out->total_us = us_since(&began);
    if (out->ok)
        (void)why_set(&out->why, ERR_OK, "%s", "");
}

void login_try(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    log_in(p, deadline_ms, c, NULL, out);
}

struct pg_conn *login_open(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    PGconn *conn = NULL;
    log_in(p, deadline_ms, c, &conn, out);
    return conn;
}
