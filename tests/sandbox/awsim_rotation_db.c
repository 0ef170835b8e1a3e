#include "tests/sandbox/awsim_rotation_db.h"

#include <jansson.h>
#include <libpq-fe.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/strbuf.h"

static bool take(const json_t *o, const char *key, const char *absent, char *out, size_t size, const char **out_missing)
{
    const json_t *v = json_object_get(o, key);
    const char *text = v ? json_string_value(v) : absent;
    if (json_is_integer(v)) {
        str_fmt(out, size, "%lld", (long long)json_integer_value(v));
        return true;
    }
    if (text && text[0] && str_copy(out, size, text))
        return true;
    *out_missing = key;
    return false;
}

bool rotation_login_read(const char *json, size_t n, struct rotation_login *out, const char **out_missing)
{
    json_t *o = json_loadb(json, n, 0, NULL);
    *out = (struct rotation_login){0};
    *out_missing = "host";
    bool ok = take(o, "host", NULL, out->host, sizeof out->host, out_missing) &&
              take(o, "username", NULL, out->user, sizeof out->user, out_missing) &&
              take(o, "password", NULL, out->password, sizeof out->password, out_missing) &&
              take(o, "port", "5432", out->port, sizeof out->port, out_missing) &&
              take(o, "dbname", "postgres", out->dbname, sizeof out->dbname, out_missing);
    json_decref(o);
    return ok;
}

void rotation_login_clear(struct rotation_login *l)
{
    secret_wipe(l, sizeof *l);
}

static PGconn *connect_as(const struct rotation_login *l, const char *ca)
{
    const char *const keys[] = {"host",    "port",        "dbname",          "user",       "password",
                                "sslmode", "sslrootcert", "connect_timeout", "gssencmode", "application_name",
                                NULL};
    const char *const values[] = {l->host, l->port, l->dbname, l->user,    l->password, ca ? "verify-full" : "require",
                                  ca,      "3",     "disable", "rotation", NULL};
    return PQconnectdbParams(keys, values, 0);
}

bool rotation_can_log_in(const struct rotation_login *l, const char *ca)
{
    PGconn *db = connect_as(l, ca);
    PGresult *r = PQstatus(db) == CONNECTION_OK ? PQexec(db, "SELECT NOW()") : NULL;
    bool ok = PQresultStatus(r) == PGRES_TUPLES_OK;
    PQclear(r);
    PQfinish(db);
    return ok;
}

bool rotation_set_password(const struct rotation_login *as, const char *ca, const char *password, char *out_words,
                           size_t size)
{
    PGconn *db = connect_as(as, ca);
    char *verifier =
        PQstatus(db) == CONNECTION_OK ? PQencryptPasswordConn(db, password, as->user, "scram-sha-256") : NULL;
    char *literal = verifier ? PQescapeLiteral(db, verifier, strlen(verifier)) : NULL;
    char *name = literal ? PQescapeIdentifier(db, as->user, strlen(as->user)) : NULL;
    bool ok = false;
    if (name) {
        struct strbuf sql;
        strbuf_init(&sql, 1024);
        strbuf_fmt(&sql, "ALTER USER %s WITH PASSWORD %s", name, literal);
        PGresult *r = PQexec(db, strbuf_peek(&sql));
        ok = PQresultStatus(r) == PGRES_COMMAND_OK;
        PQclear(r);
        strbuf_clear(&sql);
    }
    const char *words = PQerrorMessage(db);
    (void)str_copy_n(out_words, size, words, strcspn(words, "\n"));
    PQfreemem(name);
    PQfreemem(literal);
    PQfreemem(verifier);
    PQfinish(db);
    return ok;
}
