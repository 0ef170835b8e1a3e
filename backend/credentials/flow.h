/* The credential flow: how a Lambda of the watched system finds its database
 * credentials, in C.  A reference for readers, the code behind credtop's own
 * connection tests, and what the sandbox's fleet runs.
 *
 *   development   load .env; DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD come from
 *                 there and the environment; Secrets Manager is never called
 *   production    NODE_ENV=production and DB_SECRET_NAME set: on the first connect of a
 *                 container (credentialsFetched false) log the line below, GetSecretValue,
 *                 lay what came over the configuration, set credentialsFetched; later
 *                 connects use the cache
 *   fallback      the fetch failed: log the error, use the environment, and set
 *                 credentialsFetched all the same: the container never fetches again
 *
 * In Node: getDbCredentials() (env.ts), getDatabaseConfig() (database.ts),
 * connectToDatabase() with credentialsFetched (dbHelper.ts). */
#ifndef CT_FLOW_H
#define CT_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/aws/aws.h"
#include "backend/base/cancel.h"
#include "backend/base/err.h"
#include "backend/base/secret.h"
#include "backend/model.h"

/* The contract between the watched program and whoever reads its log. */
#define FLOW_FETCH_LINE "Fetching credentials from Secrets Manager"
#define FLOW_FETCH_ERROR_LINE "Failed to fetch credentials from Secrets Manager: " /* + AWS's code */
#define FLOW_FALLBACK_LINE "Falling back to environment variables"

/* What a login needs.  Embedded; zeroed is empty; clear wipes. */
struct db_params {
    char host[256], dbname[64], user[64], sslmode[16], sslrootcert[512];
    uint16_t port;
    struct secret *password; /* NULL: none */
    enum db_source host_from, port_from, dbname_from, user_from, password_from;
    char version_id[65]; /* of the secret, "" none */
};
void db_params_clear(struct db_params *p);
void db_params_copy(struct db_params *to, const struct db_params *from); /* the password too */

/* A process environment: the container's, not ours.  Values are wiped on free. */
struct flow_env;
struct flow_env *flow_env_new(void);
struct flow_env *flow_env_free(struct flow_env *e);
void flow_env_set(struct flow_env *e, const char *key, const char *value, size_t n); /* n bytes; last one counts */
const char *flow_env_get(const struct flow_env *e, const char *key);                 /* borrowed; NULL unset */
/* Lays a .env file over it: like dotenv, what is set already stays.  ERR_IO, ERR_SETTING with file:line. */
enum err flow_env_load_file(struct flow_env *e, const char *path, struct why *why) CHECKED;

enum flow_level { FLOW_INFO, FLOW_ERROR };

struct flow_settings {
    const struct flow_env *env; /* borrowed for the life of the flow */
    struct aws *aws;            /* borrowed; only asked in production */
    struct aws_target target;   /* strings borrowed */
    int64_t fetch_deadline_ms;
    void (*log)(void *ctx, enum flow_level level, const char *line); /* the container's log; lines hold no secret */
    void *log_ctx;
};

struct flow; /* one container's life */
struct flow *flow_new(const struct flow_settings *s);
struct flow *flow_free(struct flow *f); /* wipes; NULL is fine; returns NULL */

enum flow_origin { FLOW_DEVELOPMENT, FLOW_FETCHED, FLOW_CACHED, FLOW_FELL_BACK, FLOW_ENVIRONMENT };

/* getDbCredentials(): what the environment alone gives. */
enum err flow_environment_params(const struct flow_env *e, struct db_params *p, struct why *why) CHECKED;

/* getDatabaseConfig(): the parameters to connect with now.  Fetches at most once in
 * the flow's life.  ERR_OK with *out_origin (a fallback is ERR_OK: the flow went on,
 * and `why` tells what failed); ERR_SETTING when no host or user can be found;
 * ERR_CANCELLED leaves the flow as it was. */
enum err flow_database_config(struct flow *f, struct db_params *out, enum flow_origin *out_origin, struct cancel *c,
                              struct why *why) CHECKED;

bool flow_fetched(const struct flow *f); /* credentialsFetched */

#endif
