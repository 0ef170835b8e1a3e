#include "tests/sandbox/fleet_rotate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

static PGconn *connect_as(const struct db_params *p)
{
    char port[8];
    (void)str_fmt(port, sizeof port, "%d", (int)p->port);
    const char *const keys[] = {"host",    "port",        "dbname",          "user", "password",
                                "sslmode", "sslrootcert", "connect_timeout", NULL};
    const char *const values[] = {p->host,
                                  port,
                                  p->dbname,
                                  p->user,
                                  p->password != NULL ? secret_peek(p->password, NULL) : "",
                                  p->sslmode[0] != '\0' ? p->sslmode : NULL,
                                  p->sslrootcert[0] != '\0' ? p->sslrootcert : NULL,
                                  "5",
                                  NULL};
    return PQconnectdbParams(keys, values, 0);
}

/* The verifier is computed here: the new password does not travel to the server. */
static enum err set_password(PGconn *db, const char *user, const char *password, struct why *why)
{
    char *verifier = PQencryptPasswordConn(db, password, user, "scram-sha-256");
    char *literal = verifier != NULL ? PQescapeLiteral(db, verifier, strlen(verifier)) : NULL;
    enum err err = ERR_DB_QUERY;
    if (literal != NULL) {
        struct strbuf sql;
        strbuf_init(&sql, 1024);
        strbuf_fmt(&sql, "ALTER ROLE CURRENT_USER PASSWORD %s", literal);
        PGresult *result = PQexec(db, strbuf_peek(&sql));
        if (PQresultStatus(result) == PGRES_COMMAND_OK)
            err = ERR_OK;
        PQclear(result);
        strbuf_clear(&sql);
    }
    PQfreemem(literal);
    PQfreemem(verifier);
    return err == ERR_OK ? ERR_OK : why_set(why, err, "ALTER ROLE: %s", PQerrorMessage(db));
}

static enum err tell_awsim(struct fleet_world *world, const struct fleet_env_settings *env, const struct db_params *p,
                           const char *password, struct why *why)
{
    struct strbuf value, body;
    strbuf_init(&value, 2048);
    strbuf_str(&value, "{\"engine\":\"postgres\",\"host\":");
    strbuf_json(&value, p->host, strlen(p->host));
    strbuf_fmt(&value, ",\"port\":%d,\"username\":", (int)p->port);
    strbuf_json(&value, p->user, strlen(p->user));
    strbuf_str(&value, ",\"dbname\":");
    strbuf_json(&value, p->dbname, strlen(p->dbname));
    strbuf_fmt(&value, ",\"password\":\"%s\"}", password);
    strbuf_init(&body, 8192);
    strbuf_fmt(&body, "{\"account\":\"%s\",\"region\":\"%s\",\"name\":\"%s\",\"string\":", env->account, env->region,
               env->secret);
    strbuf_json(&body, strbuf_peek(&value), value.len);
    strbuf_char(&body, '}');
    enum err err = fleet_sim_send(world->sim, "/_sim/secret/rotate", strbuf_peek(&body), why);
    strbuf_wipe(&value);
    strbuf_wipe(&body);
    return err;
}

enum err fleet_rotate(struct fleet_world *world, const struct fleet_env_settings *env, const struct db_params *old,
                      int64_t *out_rotated_ms, struct why *why)
{
    unsigned char random[16];
    char password[2 * sizeof random + 1];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return why_set(why, ERR_SYSTEM, "no random bytes");
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(password + 2 * i, 3, "%02x", random[i]);
    PGconn *db = connect_as(old);
    enum err err = PQstatus(db) == CONNECTION_OK ? set_password(db, old->user, password, why)
                                                 : why_set(why, ERR_CONNECT, "%s: %s", env->name, PQerrorMessage(db));
    PQfinish(db);
    if (err == ERR_OK)
        err = tell_awsim(world, env, old, password, why);
    secret_wipe(password, sizeof password);
    if (err == ERR_OK)
        *out_rotated_ms = clock_wall_ms(clock_real());
    return err;
}
