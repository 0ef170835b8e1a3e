/* The psql order: fetches the current credentials and lays them out for a psql that the
 * screen starts.  The password goes into a sealed file in memory, in the form of .pgpass,
 * and nowhere else: not into an argument, not into the environment, not onto a disk. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/actions/action.h"
#include "backend/actions/psql.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/connection.h"

#define LINE_MAX_BYTES (80 * 1024) /* a secret has 64 KiB at most */

/* ':' ends a field of .pgpass, and '\' takes the meaning from what follows. */
static CHECKED enum err put_field(struct secret *line, const char *s, size_t n)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        if (s[i] == ':' || s[i] == '\\')
            err = secret_append(line, "\\", 1);
        if (err == ERR_OK)
            err = secret_append(line, &s[i], 1);
    }
    return err;
}

/* "host:port:*:user:password": of this server alone, any of its databases. */
enum err psql_passfile(const struct db_params *p, struct secret *line, struct why *why)
{
    size_t n = 0;
    const char *password = p->password != NULL ? secret_peek(p->password, &n) : "";
    char middle[16];
    (void)str_fmt(middle, sizeof middle, ":%u:*:", (unsigned)p->port);
    if (n == 0)
        return why_set(why, ERR_SETTING, "there is no password to hand over");
    if (memchr(password, '\n', n) != NULL || memchr(password, '\r', n) != NULL || memchr(password, '\0', n) != NULL)
        return why_set(why, ERR_SETTING, "a password with a line break or a NUL cannot be handed to psql");
    if (put_field(line, p->host, strlen(p->host)) != ERR_OK || secret_append(line, middle, strlen(middle)) != ERR_OK ||
        put_field(line, p->user, strlen(p->user)) != ERR_OK || secret_append(line, ":", 1) != ERR_OK ||
        put_field(line, password, n) != ERR_OK || secret_append(line, "\n", 1) != ERR_OK)
        return why_set(why, ERR_TOO_BIG, "the password is too long to be handed to psql");
    return ERR_OK;
}

static void put_word(char *out, size_t size, const char *key, const char *value)
{
    size_t n = strlen(out);
    if (value[0] == '\0')
        return;
    (void)str_fmt(out + n, size - n, "%s%s='", n > 0 ? " " : "", key);
    for (n = strlen(out); *value != '\0' && n + 3 < size; value++) {
        if (*value == '\'' || *value == '\\')
            out[n++] = '\\';
        out[n++] = *value;
    }
    out[n++] = '\'';
    out[n] = '\0';
}

/* Everything but the password, and where that is. */
void psql_conninfo(const struct db_params *p, int fd, char out[PSQL_CONNINFO_MAX])
{
    char port[8], passfile[32];
    (void)str_fmt(port, sizeof port, "%u", (unsigned)p->port);
    (void)str_fmt(passfile, sizeof passfile, "/proc/self/fd/%d", fd);
    out[0] = '\0';
    put_word(out, PSQL_CONNINFO_MAX, "host", p->host);
    put_word(out, PSQL_CONNINFO_MAX, "port", port);
    put_word(out, PSQL_CONNINFO_MAX, "dbname", p->dbname[0] != '\0' ? p->dbname : "postgres");
    put_word(out, PSQL_CONNINFO_MAX, "user", p->user);
    put_word(out, PSQL_CONNINFO_MAX, "sslmode", p->sslmode);
    put_word(out, PSQL_CONNINFO_MAX, "sslrootcert", p->sslrootcert);
    put_word(out, PSQL_CONNINFO_MAX, "passfile", passfile);
    put_word(out, PSQL_CONNINFO_MAX, "connect_timeout", "10");
    put_word(out, PSQL_CONNINFO_MAX, "application_name", "credtop psql");
}

/* libpq takes a password file that nobody else may read, and a plain one; this is both. */
static int sealed_file(const struct secret *line, struct why *why)
{
    size_t n = 0;
    const char *bytes = secret_peek(line, &n);
    int fd = memfd_create("credtop-psql", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) == 0 && write(fd, bytes, n) == (ssize_t)n &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0)
        return fd;
    (void)why_set(why, ERR_SYSTEM, "no file in memory for psql's password: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static enum err fetch(struct action *a, struct db_params *p, struct why *why)
{
    const struct config_environment *conf = &a->watch->conf->environments[a->view.env];
    struct aws_target target = action_target(a);
    if (conf->mode != CONFIG_DEVELOPMENT)
        return connection_of_stage(conf, a->aws, &target, "AWSCURRENT", a->watch->conf->call_deadline_ms, p, a->cancel,
                                   why);
    return connection_of_file(conf, p, why);
}

void action_run_psql(struct action *a)
{
    struct psql_start start = {.fd = -1};
    struct db_params p = {0};
    struct secret *line = secret_new(LINE_MAX_BYTES);
    struct why why = {0};
    char words[320];
    const struct config_environment *conf = &a->watch->conf->environments[a->view.env];
    if (conf->protect && strcmp(a->order.confirmed, conf->name) != 0) {
        line = secret_free(line);
        action_finish(a, ORDER_REFUSED, "%s is protected: its name must be typed", conf->name);
        return;
    }
    action_begin(a, conf->mode == CONFIG_DEVELOPMENT ? "read .env" : "fetch AWSCURRENT");
    enum err err = fetch(a, &p, &why);
    if (err == ERR_OK)
        err = psql_passfile(&p, line, &why);
    if (err == ERR_OK)
        start.fd = sealed_file(line, &why);
    line = secret_free(line);
    if (start.fd >= 0 && cancel_is_set(a->cancel)) {
        close(start.fd);
        (void)why_set(&why, ERR_CANCELLED, "cancelled");
    } else if (start.fd >= 0) {
        psql_conninfo(&p, start.fd, start.conninfo);
        action_end(a, STEP_DONE, "for %s at %s:%u", p.user, p.host, (unsigned)p.port);
        (void)str_fmt(start.title, sizeof start.title, "psql on %s%s, %s", conf->name,
                      conf->protect ? ", PROTECTED" : "", a->view.steps[a->view.nsteps - 1].words);
        db_params_clear(&p);
        action_finish(a, ORDER_DONE, "handed to psql"); /* and journaled: then psql may start */
        action_hand_over(a, &start);
        action_publish(a);
        return;
    }
    db_params_clear(&p);
    (void)why_line(&why, words, sizeof words);
    action_end(a, STEP_FAILED, "%s", words);
    action_finish(a, cancel_is_set(a->cancel) ? ORDER_CANCELLED : ORDER_FAILED, "%s", words);
}
