/* The database watch: what a cold container would do now.  Each turn runs the
 * credential flow anew (so it reads AWSCURRENT as it is, and nothing secret stays
 * between turns) and logs in.  In audit mode it fetches nothing and logs in nowhere:
 * the server's reachability and certificate are looked at instead. */
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/credentials/connection.h"
#include "backend/credentials/login.h"
#include "backend/watch/watch.h"

/* Runs the flow, as a container does at its first connect. */
static enum err find_params(struct watch_worker *w, size_t env, struct db_params *p, bool *out_fell_back,
                            struct why *why)
{
    const struct config_environment *conf = &w->watch->conf->environments[env];
    struct flow_env *e = flow_env_new();
    enum flow_origin origin = FLOW_ENVIRONMENT;
    enum err err = connection_env(conf, e, why);
    if (err == ERR_OK) {
        struct flow_settings s = {.env = e,
                                  .aws = w->aws,
                                  .target = watch_target(w->watch, env),
                                  .fetch_deadline_ms = w->watch->conf->call_deadline_ms};
        struct flow *f = flow_new(&s);
        err = flow_database_config(f, p, &origin, w->watch->cancel, why);
        f = flow_free(f);
    }
    e = flow_env_free(e);
    *out_fell_back = origin == FLOW_FELL_BACK;
    if (err == ERR_OK) {
        connection_override(conf, p);
        /* A fallback without a password is no login to try: what failed is the fetch. */
        if (origin == FLOW_FELL_BACK && p->password == NULL)
            err = why->code;
    }
    return err;
}

/* Audit mode knows only what the configuration or a .env file says; no call is made. */
static enum err find_address(struct watch_worker *w, size_t env, struct db_params *p, struct why *why)
{
    const struct config_environment *conf = &w->watch->conf->environments[env];
    bool fell_back;
    if (conf->mode == CONFIG_DEVELOPMENT) {
        enum err err = find_params(w, env, p, &fell_back, why); /* a local file: nothing is fetched */
        p->password = secret_free(p->password);
        return err;
    }
    connection_override(conf, p);
    if (p->host[0] == '\0')
        return why_set(why, ERR_REFUSED_AUDIT,
                       "the host is in the secret, which audit mode does not read: set db_host");
    return ERR_OK;
}

static void copy_params(struct db_snap *s, const struct db_params *p)
{
    text_safe_name(s->host, sizeof s->host, p->host, strlen(p->host));
    text_safe_name(s->dbname, sizeof s->dbname, p->dbname, strlen(p->dbname));
    text_safe_name(s->user, sizeof s->user, p->user, strlen(p->user));
    text_safe_name(s->sslmode, sizeof s->sslmode, p->sslmode[0] != '\0' ? p->sslmode : "verify-full",
                   p->sslmode[0] != '\0' ? strlen(p->sslmode) : 11);
    (void)str_copy(s->version_id, sizeof s->version_id, p->version_id);
    s->port = p->port != 0 ? p->port : 5432;
    s->host_from = p->host_from;
    s->port_from = p->port_from;
    s->dbname_from = p->dbname_from;
    s->user_from = p->user_from;
    s->password_from = p->password_from;
}

static void copy_login(struct db_snap *s, const struct login_result *r)
{
    s->failed = r->failed;
    memcpy(s->phase_us + PHASE_RESOLVE, r->phase_us + PHASE_RESOLVE,
           (PHASE_COUNT - PHASE_RESOLVE) * sizeof s->phase_us[0]);
    s->total_us = r->total_us;
    (void)str_copy(s->sqlstate, sizeof s->sqlstate, r->sqlstate);
    (void)str_copy(s->address, sizeof s->address, r->address);
    /* What a login that failed has seen of the server counts too; what it has not stays. */
    if (r->certificate.names[0] != '\0')
        s->certificate = r->certificate;
    if (r->ok || r->tls_protocol[0] != '\0') {
        (void)str_copy(s->tls_protocol, sizeof s->tls_protocol, r->tls_protocol);
        (void)str_copy(s->tls_cipher, sizeof s->tls_cipher, r->tls_cipher);
    }
    if (r->auth_method[0] != '\0')
        (void)str_copy(s->auth_method, sizeof s->auth_method, r->auth_method);
    if (!r->ok || r->current_user[0] == '\0') /* refused, or audit mode's look, which logs in nowhere */
        return;
    s->server_version = r->server_version;
    (void)str_copy(s->password_encryption, sizeof s->password_encryption, r->password_encryption);
    s->max_connections = r->max_connections;
    s->used_connections = r->used_connections;
    s->valid_until_ms = r->valid_until_ms;
    (void)str_copy(s->current_user, sizeof s->current_user, r->current_user);
    s->standby = r->standby;
    s->superuser = r->superuser;
}

static void know_nothing(struct db_snap *s)
{
    s->certificate.expires_ms = s->certificate.ca_expires_ms = s->valid_until_ms = TIME_UNKNOWN;
    s->max_connections = s->used_connections = -1;
}

static void add_history(struct db_snap *s, int32_t us)
{
    if (s->nhistory == DB_HISTORY) {
        memmove(s->history_us, s->history_us + 1, (DB_HISTORY - 1) * sizeof s->history_us[0]);
        s->nhistory--;
    }
    s->history_us[s->nhistory++] = us;
}

/* The result of this turn laid over the last one; `since` goes on while it is the same. */
static void conclude(const struct watch *watch, struct db_snap *s, const struct db_snap *old, enum db_result result,
                     enum err err)
{
    bool good = result == DB_LOGIN_OK || result == DB_REACHABLE;
    bool same = old != NULL && old->result == result && (good || old->result_why.code == err);
    s->result = result;
    s->since_wall_ms = same ? old->since_wall_ms : clock_wall_ms(watch->clock);
    if (result != DB_NOT_TRIED)
        add_history(s, good ? s->total_us : -1);
}

/* A refused login is an answer, and so is a secret that cannot be used: the figure is
 * fresh, however bad.  Not to have reached Secrets Manager is none. */
static bool is_answer(enum db_result result, enum err err)
{
    return result != DB_NO_CREDENTIALS || err == ERR_SECRET_SHAPE || err == ERR_SECRET_BINARY || err == ERR_NOT_FOUND ||
           err == ERR_INVALID || err == ERR_SETTING || err == ERR_IO || err == ERR_DENIED;
}

/* The try told nothing of the database: what was known of it stands, all but the header. */
static bool keep_last(struct db_snap *s, const struct db_snap *old)
{
    size_t header = sizeof s->snap;
    if (old == NULL || old->result == DB_NOT_TRIED || old->result == DB_NO_CREDENTIALS)
        return false;
    memcpy((char *)s + header, (const char *)old + header, sizeof *s - header);
    return true;
}

int64_t watch_database_turn(void *arg, size_t env)
{
    struct watch_worker *w = arg;
    const struct watch *watch = w->watch;
    size_t slot = watch_slot(env, SLOT_DATABASE);
    const struct db_snap *old = snapbox_get(watch->box, slot);
    struct db_snap *s = watch_next(watch, (const struct snap *)old, sizeof *s, watch_destroy_flat);
    struct db_params p = {0};
    struct why why = {0};
    int64_t began = clock_mono_ms(clock_real());
    enum db_result result;
    if (old == NULL)
        know_nothing(s);
    for (size_t i = 0; i < PHASE_COUNT; i++)
        s->phase_us[i] = -1;
    s->total_us = -1;
    s->sqlstate[0] = '\0';
    s->fell_back = false;

    enum err err = watch->audit ? find_address(w, env, &p, &why) : find_params(w, env, &p, &s->fell_back, &why);
    s->phase_us[PHASE_CREDENTIALS] = (int32_t)((clock_mono_ms(clock_real()) - began) * 1000);
    if (err != ERR_OK) {
        s->failed = PHASE_CREDENTIALS;
        result = watch->audit ? DB_NOT_TRIED : DB_NO_CREDENTIALS;
    } else {
        struct login_result r;
        copy_params(s, &p);
        (watch->audit ? login_reach : login_try)(&p, watch->conf->login_deadline_ms, watch->cancel, &r);
        copy_login(s, &r);
        why = r.why;
        err = r.ok ? ERR_OK : why.code;
        result = watch->audit ? (r.ok ? DB_REACHABLE : DB_UNREACHABLE) : r.ok ? DB_LOGIN_OK : DB_LOGIN_FAILED;
    }
    db_params_clear(&p);
    if (is_answer(result, err) || !keep_last(s, old)) {
        conclude(watch, s, old, result, err);
        s->result_why = why;
    }
    int64_t delay = watch_delay(&s->snap, ERR_OK, watch->conf->database_poll_ms);
    watch_close(watch, &s->snap, err, &why, delay);
    if (is_answer(result, err)) {
        s->snap.good_mono_ms = s->snap.tried_mono_ms;
        s->snap.good_wall_ms = clock_wall_ms(watch->clock);
    }
    watch_put(watch, slot, old, &s->snap, err);
    return delay;
}
