/* The credential flow.  Read flow_database_config() beside the rules in flow.h. */
#include "backend/credentials/flow.h"

#include <errno.h>
#include <fcntl.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/base/wiping.h"
#include "backend/credentials/secret_value.h"
#include "config/dotenv.h"

#define ENV_FILE_MAX (64 * 1024)
#define ENV_PAIRS_MAX 256
#define ENV_KEY_MAX 128
#define ENV_VALUE_MAX (16 * 1024)

/* ------------------------------------------------------------ parameters */

void db_params_clear(struct db_params *p)
{
    p->password = secret_free(p->password);
    *p = (struct db_params){0};
}

void db_params_copy(struct db_params *to, const struct db_params *from)
{
    if (to == from)
        return;
    db_params_clear(to);
    *to = *from;
    if (from->password != NULL) {
        size_t n;
        const char *bytes = secret_peek(from->password, &n);
        to->password = secret_from(bytes, n);
    }
}

/* ----------------------------------------------------------- environment */

struct pair {
    char *key;
    struct secret *value;
};

struct flow_env {
    struct pair pairs[ENV_PAIRS_MAX];
    size_t n;
};

struct flow_env *flow_env_new(void)
{
    return mem_new(sizeof(struct flow_env));
}

struct flow_env *flow_env_free(struct flow_env *e)
{
    if (e == NULL)
        return NULL;
    for (size_t i = 0; i < e->n; i++) {
        free(e->pairs[i].key);
        e->pairs[i].value = secret_free(e->pairs[i].value);
    }
    free(e);
    return NULL;
}

static struct pair *env_find(const struct flow_env *e, const char *key, size_t n)
{
    for (size_t i = 0; i < e->n; i++)
        if (strlen(e->pairs[i].key) == n && memcmp(e->pairs[i].key, key, n) == 0)
            return (struct pair *)(uintptr_t)&e->pairs[i];
    return NULL;
}

static bool env_put(struct flow_env *e, const char *key, size_t key_len, const char *value, size_t n)
{
    struct pair *p = env_find(e, key, key_len);
    if (p == NULL) {
        if (e->n == ENV_PAIRS_MAX || key_len >= ENV_KEY_MAX || n > ENV_VALUE_MAX)
            return false;
        p = &e->pairs[e->n++];
        p->key = mem_copy_bytes(key, key_len);
    }
    p->value = secret_free(p->value);
    p->value = secret_from(value, n);
    return true;
}

void flow_env_set(struct flow_env *e, const char *key, const char *value, size_t n)
{
    ASSERT(env_put(e, key, strlen(key), value, n)); /* our own keys are few and short */
}

const char *flow_env_get(const struct flow_env *e, const char *key)
{
    const struct pair *p = env_find(e, key, strlen(key));
    return p != NULL ? secret_peek(p->value, NULL) : NULL;
}

struct loading {
    struct flow_env *env;
    size_t set_before; /* pairs that were there first stay, as dotenv has it */
    bool overflow;
};

static void on_pair(void *ctx, const char *key, size_t key_len, const char *value, size_t value_len)
{
    struct loading *l = ctx;
    const struct pair *old = env_find(l->env, key, key_len);
    if (old != NULL && (size_t)(old - l->env->pairs) < l->set_before)
        return;
    if (!env_put(l->env, key, key_len, value, value_len))
        l->overflow = true;
}

/* The whole file into wiped memory. */
static struct secret *read_file(const char *path, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
    if (fd < 0) {
        (void)why_set(why, ERR_IO, "%s: %s", path, strerror(errno));
        return NULL;
    }
    struct secret *s = secret_new(ENV_FILE_MAX + 1);
    for (;;) {
        size_t room;
        char *at = secret_room(s, &room);
        ssize_t n = room > 0 ? read(fd, at, room) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            (void)why_set(why, ERR_IO, "%s: %s", path, strerror(errno));
            s = secret_free(s);
            break;
        }
        if (n == 0)
            break;
        secret_commit(s, (size_t)n);
    }
    close(fd);
    if (s != NULL && secret_len(s) > ENV_FILE_MAX) {
        (void)why_set(why, ERR_TOO_BIG, "%s: more than %d bytes", path, ENV_FILE_MAX);
        s = secret_free(s);
    }
    return s;
}

enum err flow_env_load_file(struct flow_env *e, const char *path, struct why *why)
{
    struct why own;
    why = why != NULL ? why : &own;
    struct secret *file = read_file(path, why);
    if (file == NULL)
        return why->code;
    size_t n = secret_len(file);
    char *bytes = secret_bytes(file); /* dotenv unescapes in place */
    struct loading l = {.env = e, .set_before = e->n};
    const char *what = NULL;
    int line = dotenv_parse(bytes, n, on_pair, &l, &what);
    file = secret_free(file);
    wiping_stack();
    if (line > 0)
        return why_set(why, ERR_SETTING, "%s:%d: %s", path, line, what);
    if (l.overflow)
        return why_set(why, ERR_SETTING, "%s: more than %d variables, or a value over %d bytes", path, ENV_PAIRS_MAX,
                       ENV_VALUE_MAX);
    return ERR_OK;
}

/* ------------------------------------------------------------------- flow */

struct flow {
    struct flow_settings s;
    bool credentials_fetched;
    bool fell_back;
    struct db_params cached; /* what the first connect resolved */
    struct why fallback_why;
};

struct flow *flow_new(const struct flow_settings *s)
{
    struct flow *f = mem_new(sizeof *f);
    f->s = *s;
    return f;
}

struct flow *flow_free(struct flow *f)
{
    if (f == NULL)
        return NULL;
    db_params_clear(&f->cached);
    free(f);
    return NULL;
}

bool flow_fetched(const struct flow *f)
{
    return f->credentials_fetched;
}

static void say(struct flow *f, enum flow_level level, const char *line)
{
    if (f->s.log != NULL)
        f->s.log(f->s.log_ctx, level, line);
}

static enum err env_text(const struct flow_env *e, const char *key, char *out, size_t size, enum db_source *from,
                         struct why *why)
{
    const char *v = flow_env_get(e, key);
    if (v == NULL || v[0] == '\0')
        return ERR_OK;
    if (!str_copy(out, size, v))
        return why_set(why, ERR_SETTING, "%s is longer than %zu bytes", key, size - 1);
    *from = FROM_ENVIRONMENT;
    return ERR_OK;
}

/* getDbCredentials(): what the environment alone gives. */
enum err flow_environment_params(const struct flow_env *e, struct db_params *p, struct why *why)
{
    enum err err;
    enum db_source ignored;
    if ((err = env_text(e, "DB_HOST", p->host, sizeof p->host, &p->host_from, why)) != ERR_OK ||
        (err = env_text(e, "DB_NAME", p->dbname, sizeof p->dbname, &p->dbname_from, why)) != ERR_OK ||
        (err = env_text(e, "DB_USER", p->user, sizeof p->user, &p->user_from, why)) != ERR_OK ||
        (err = env_text(e, "DB_SSLMODE", p->sslmode, sizeof p->sslmode, &ignored, why)) != ERR_OK ||
        (err = env_text(e, "DB_SSLROOTCERT", p->sslrootcert, sizeof p->sslrootcert, &ignored, why)) != ERR_OK)
        return err;
    const char *port = flow_env_get(e, "DB_PORT");
    if (port != NULL && port[0] != '\0') {
        int64_t number = 0;
        if (!str_to_i64(port, strlen(port), &number) || number < 1 || number > 65535)
            return why_set(why, ERR_SETTING, "DB_PORT is not a port (1 to 65535)");
        p->port = (uint16_t)number;
        p->port_from = FROM_ENVIRONMENT;
    }
    const char *password = flow_env_get(e, "DB_PASSWORD");
    if (password != NULL && password[0] != '\0') {
        p->password = secret_free(p->password);
        p->password = secret_from(password, strlen(password));
        p->password_from = FROM_ENVIRONMENT;
    }
    return ERR_OK;
}

static bool is_production(const struct flow_env *e)
{
    const char *node_env = flow_env_get(e, "NODE_ENV");
    return node_env != NULL && strcmp(node_env, "production") == 0;
}

/* First connect of a production container. */
static enum err fetch_or_fall_back(struct flow *f, const char *secret_name, enum flow_origin *out_origin,
                                   struct cancel *c, struct why *why)
{
    say(f, FLOW_INFO, FLOW_FETCH_LINE);
    struct why reason = {0};
    enum err err = secret_value_fetch(f->s.aws, &f->s.target, secret_name, "AWSCURRENT", f->s.fetch_deadline_ms,
                                      &f->cached, c, &reason);
    if (err == ERR_CANCELLED)
        return why_set(why, err, "%s", "");
    /* The flag is set whatever came: that is the watched program's rule, and why a
     * container that fell back stays poisoned for life. */
    f->credentials_fetched = true;
    *out_origin = FLOW_FETCHED;
    if (err != ERR_OK) {
        char line[192];
        (void)str_fmt(line, sizeof line, "%s%s", FLOW_FETCH_ERROR_LINE,
                      reason.aws_code[0] != '\0' ? reason.aws_code : err_words(err));
        say(f, FLOW_ERROR, line);
        say(f, FLOW_ERROR, FLOW_FALLBACK_LINE);
        f->fell_back = true;
        f->fallback_why = reason;
        *out_origin = FLOW_FELL_BACK;
    }
    return ERR_OK;
}

enum err flow_database_config(struct flow *f, struct db_params *out, enum flow_origin *out_origin, struct cancel *c,
                              struct why *why)
{
    const char *secret_name = flow_env_get(f->s.env, "DB_SECRET_NAME");
    bool uses_secret = is_production(f->s.env) && secret_name != NULL && secret_name[0] != '\0';
    enum flow_origin origin = uses_secret ? FLOW_CACHED : is_production(f->s.env) ? FLOW_ENVIRONMENT : FLOW_DEVELOPMENT;
    if (why != NULL)
        *why = f->fallback_why;
    if (!f->credentials_fetched) {
        db_params_clear(&f->cached);
        enum err err = flow_environment_params(f->s.env, &f->cached, why);
        if (err == ERR_OK && uses_secret)
            err = fetch_or_fall_back(f, secret_name, &origin, c, why);
        if (err != ERR_OK)
            return err;
        if (why != NULL)
            *why = f->fallback_why;
    }
    if (f->cached.host[0] == '\0' || f->cached.user[0] == '\0') {
        if (f->fell_back)
            return f->fallback_why.code; /* `why` says what failed first */
        return why_set(why, ERR_SETTING, "no %s: neither the secret nor the environment names one",
                       f->cached.host[0] == '\0' ? "database host" : "database user");
    }
    db_params_copy(out, &f->cached);
    *out_origin = origin;
    return ERR_OK;
}
