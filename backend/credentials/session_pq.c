/* Statements through libpq, without ever blocking in it. */
#include "backend/credentials/session.h"

#include <libpq-fe.h>
#include <openssl/sha.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

struct session {
    PGconn *conn;
    struct cancel *cancel;
    int64_t deadline_ms; /* of each statement */
};

struct session *session_open(const struct db_params *p, int64_t deadline_ms, struct cancel *c, struct login_result *out)
{
    PGconn *conn = login_open(p, deadline_ms, c, out);
    if (conn == NULL)
        return NULL;
    struct session *s = mem_new(sizeof *s);
    *s = (struct session){.conn = conn, .cancel = c, .deadline_ms = deadline_ms};
    return s;
}

struct session *session_close(struct session *s)
{
    if (s == NULL)
        return NULL;
    PQfinish(s->conn);
    free(s);
    return NULL;
}

static enum err server_says(const struct session *s, const PGresult *r, struct why *why)
{
    const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const char *text = r != NULL ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (PQstatus(s->conn) != CONNECTION_OK || state == NULL || text == NULL)
        return why_set(why, ERR_NETWORK, "the session broke before the server answered");
    return why_set(why, ERR_DB_QUERY, "%s %s", state, text);
}

/* The one result, the caller's to clear; NULL with why. */
static PGresult *run(struct session *s, const char *sql, struct why *why)
{
    int64_t deadline = clock_mono_ms(clock_real()) + s->deadline_ms;
    if (PQsendQuery(s->conn, sql) == 0) {
        (void)why_set(why, ERR_NETWORK, "the session broke before the statement was sent");
        return NULL;
    }
    for (int flushed; (flushed = PQflush(s->conn)) != 0 || PQisBusy(s->conn) != 0;) {
        int got = cancel_wait_fd(s->cancel, PQsocket(s->conn), (short)(POLLIN | (flushed > 0 ? POLLOUT : 0)), deadline);
        if (got > 0 && flushed >= 0 && PQconsumeInput(s->conn) != 0)
            continue;
        (void)why_set(why, got < 0 ? ERR_CANCELLED : got == 0 ? ERR_TIMEOUT : ERR_NETWORK, "no answer from the server");
        return NULL;
    }
    PGresult *r = PQgetResult(s->conn);
    for (PGresult *more; (more = PQgetResult(s->conn)) != NULL;)
        PQclear(more);
    if (PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK)
        return r;
    (void)server_says(s, r, why);
    PQclear(r);
    return NULL;
}

static int64_t lock_key(const char *name)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    uint64_t key = 0;
    (void)SHA256((const unsigned char *)name, strlen(name), digest);
    for (size_t i = 0; i < 8; i++)
        key = key << 8 | digest[i];
    return (int64_t)(key >> 1); /* positive: the halves are compared below */
}

enum err session_lock(struct session *s, const char *name, struct why *why)
{
    struct why local;
    char sql[700];
    int64_t key = lock_key(name);
    why = why != NULL ? why : &local;
    (void)str_fmt(sql, sizeof sql, "SELECT pg_catalog.pg_try_advisory_lock(%lld)", (long long)key);
    PGresult *r = run(s, sql, why);
    if (r == NULL)
        return why->code;
    bool got = PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    if (got)
        return ERR_OK;
    (void)str_fmt(sql, sizeof sql,
                  "SELECT coalesce(a.usename, '?'), coalesce(host(a.client_addr), 'local'), "
                  "to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), l.pid "
                  "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
                  "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid::bigint = %lld AND "
                  "l.objid::bigint = %lld LIMIT 1",
                  (long long)(key >> 32), (long long)(key & 0xffffffff));
    r = run(s, sql, why);
    if (r == NULL)
        return why->code;
    if (PQntuples(r) == 1)
        (void)why_set(why, ERR_BUSY, "somebody else is rotating: %s from %s since %s (server process %s)",
                      PQgetvalue(r, 0, 0), PQgetvalue(r, 0, 1), PQgetvalue(r, 0, 2), PQgetvalue(r, 0, 3));
    else
        (void)why_set(why, ERR_BUSY, "somebody else was rotating a moment ago");
    PQclear(r);
    return ERR_BUSY;
}

/* Carries out what may hold a verifier, and wipes it; `fits`: it could be written. */
static enum err run_wiped(struct session *s, char *sql, size_t size, bool fits, struct why *why)
{
    PGresult *r = fits ? run(s, sql, why) : NULL;
    enum err err = r != NULL ? ERR_OK
                   : fits    ? why->code
                             : why_set(why, ERR_DB_QUERY, "the user's name cannot be written in a statement");
    secret_wipe(sql, size);
    PQclear(r);
    return err;
}

enum err session_set_verifier(struct session *s, const char *user, const char *verifier, struct why *why)
{
    struct why local;
    char sql[700];
    char *name = PQescapeIdentifier(s->conn, user, strlen(user));
    char *literal = PQescapeLiteral(s->conn, verifier, strlen(verifier));
    bool fits = name != NULL && literal != NULL && str_fmt(sql, sizeof sql, "ALTER ROLE %s PASSWORD %s", name, literal);
    PQfreemem(name);
    PQfreemem(literal);
    return run_wiped(s, sql, sizeof sql, fits, why != NULL ? why : &local);
}

enum err session_create_role(struct session *s, const char *user, const char *as, const char *verifier, struct why *why)
{
    struct why local;
    char sql[900];
    char *name = PQescapeIdentifier(s->conn, user, strlen(user));
    char *group = PQescapeIdentifier(s->conn, as, strlen(as));
    char *literal = PQescapeLiteral(s->conn, verifier, strlen(verifier));
    bool fits = name != NULL && group != NULL && literal != NULL &&
                str_fmt(sql, sizeof sql, "CREATE ROLE %s LOGIN PASSWORD %s IN ROLE %s", name, literal, group);
    PQfreemem(name);
    PQfreemem(group);
    PQfreemem(literal);
    return run_wiped(s, sql, sizeof sql, fits, why != NULL ? why : &local);
}

/* The whole number that a question about a role gives: `before`, the name, `after`. */
static enum err count_of_role(struct session *s, const char *before, const char *role, const char *after, int64_t *out,
                              struct why *why)
{
    struct why local;
    char sql[600];
    why = why != NULL ? why : &local;
    char *literal = PQescapeLiteral(s->conn, role, strlen(role));
    bool fits = literal != NULL && str_fmt(sql, sizeof sql, "%s%s%s", before, literal, after);
    PQfreemem(literal);
    if (!fits)
        return why_set(why, ERR_DB_QUERY, "the user's name cannot be written in a statement");
    PGresult *r = run(s, sql, why);
    if (r == NULL)
        return why->code;
    bool good = PQntuples(r) == 1 && str_to_i64(PQgetvalue(r, 0, 0), (size_t)PQgetlength(r, 0, 0), out);
    PQclear(r);
    return good ? ERR_OK : why_set(why, ERR_DB_QUERY, "the server did not count");
}

enum err session_has_role(struct session *s, const char *role, bool *out, struct why *why)
{
    int64_t n = 0;
    enum err err =
        count_of_role(s, "SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles WHERE rolname = ", role, "", &n, why);
    if (err == ERR_OK)
        *out = n == 1;
    return err;
}

enum err session_count_older(struct session *s, const char *user, int64_t older_ms, int64_t *out, struct why *why)
{
    char after[200];
    (void)str_fmt(after, sizeof after,
                  " AND pid <> pg_catalog.pg_backend_pid() AND backend_start < pg_catalog.now() - interval '%lld "
                  "milliseconds'",
                  (long long)older_ms);
    return count_of_role(s, "SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity WHERE usename = ", user, after,
                         out, why);
}
