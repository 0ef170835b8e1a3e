#include "backend/credentials/connection.h"

#include "backend/base/strbuf.h"
#include "backend/credentials/secret_value.h"

static void set(struct flow_env *e, const char *key, const char *value)
{
    if (value != NULL)
        flow_env_set(e, key, value, strlen(value));
}

enum err connection_env(const struct config_environment *conf, struct flow_env *e, struct why *why)
{
    char port[8];
    if (conf->db_port != 0) {
        (void)str_fmt(port, sizeof port, "%u", conf->db_port);
        set(e, "DB_PORT", port);
    }
    set(e, "DB_HOST", conf->db_host);
    set(e, "DB_NAME", conf->db_name);
    set(e, "DB_USER", conf->db_user);
    set(e, "NODE_ENV", conf->mode == CONFIG_PRODUCTION ? "production" : "development");
    if (conf->mode == CONFIG_PRODUCTION) {
        set(e, "DB_SECRET_NAME", conf->secret);
        return ERR_OK;
    }
    return flow_env_load_file(e, conf->env_file, why);
}

static void override(char *out, size_t size, const char *value, enum db_source *from)
{
    if (value == NULL)
        return;
    (void)str_copy(out, size, value);
    *from = FROM_CONFIGURATION;
}

void connection_override(const struct config_environment *conf, struct db_params *p)
{
    enum db_source ignored;
    override(p->host, sizeof p->host, conf->db_host, &p->host_from);
    override(p->dbname, sizeof p->dbname, conf->db_name, &p->dbname_from);
    override(p->user, sizeof p->user, conf->db_user, &p->user_from);
    override(p->sslmode, sizeof p->sslmode, conf->db_sslmode, &ignored);
    override(p->sslrootcert, sizeof p->sslrootcert, conf->db_sslrootcert, &ignored);
    if (conf->db_port != 0) {
        p->port = conf->db_port;
        p->port_from = FROM_CONFIGURATION;
    }
}

enum err connection_of_file(const struct config_environment *conf, struct db_params *out, struct why *why)
{
    struct flow_env *e = flow_env_new();
    enum err err = connection_env(conf, e, why);
    if (err == ERR_OK)
        err = flow_environment_params(e, out, why);
    e = flow_env_free(e);
    if (err == ERR_OK)
        connection_override(conf, out);
    return err;
}

enum err connection_of_stage(const struct config_environment *conf, struct aws *aws, const struct aws_target *target,
                             const char *stage, int64_t deadline_ms, struct db_params *out, struct cancel *c,
                             struct why *why)
{
    struct flow_env *e = flow_env_new();
    struct db_params p = {0};
    enum err err = connection_env(conf, e, why);
    if (err == ERR_OK)
        err = flow_environment_params(e, &p, why);
    if (err == ERR_OK)
        err = secret_value_fetch(aws, target, conf->secret, stage, deadline_ms, &p, c, why);
    e = flow_env_free(e);
    if (err == ERR_OK) {
        connection_override(conf, &p);
        if (p.host[0] == '\0' || p.user[0] == '\0')
            err = why_set(why, ERR_SETTING, "no database %s: neither the secret nor the configuration names one",
                          p.host[0] == '\0' ? "host" : "user");
    }
    if (err == ERR_OK) {
        db_params_clear(out);
        *out = p; /* the password moves along */
    } else {
        db_params_clear(&p);
    }
    return err;
}
