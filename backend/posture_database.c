/* The database, as the last login found it. */
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/posture_case.h"

#define FAIL_MS (7 * DAY_MS)
#define WARN_MS (30 * DAY_MS)
#define ENGINE_YEARS 2012 /* major version N gets its last fixes in November of 2012 + N */

static void bar(struct posture_case *c, enum posture_check check, const char *words)
{
    posture_tell(c, check, POSTURE_UNKNOWN, TIME_UNKNOWN, "%s", words);
    c->out->of[check].barred = true;
}

static void judge_login(struct posture_case *c, const struct db_snap *d)
{
    int64_t seen = d->snap.good_wall_ms;
    const struct why *why = &d->result_why;
    const char *words = why->text[0] != '\0' ? why->text : err_words(why->code);
    switch (d->result) {
    case DB_LOGIN_OK:
        if (d->fell_back)
            posture_tell(c, POSTURE_LOGIN, POSTURE_FAIL, seen,
                         "%s logs in with environment variables: the fetch failed", d->user);
        else
            posture_tell(c, POSTURE_LOGIN, POSTURE_PASS, seen, "%s%s%.8s", d->user,
                         d->version_id[0] != '\0' ? " with AWSCURRENT " : "", d->version_id);
        return;
    case DB_LOGIN_FAILED:
    case DB_UNREACHABLE:
        posture_tell(c, POSTURE_LOGIN, POSTURE_FAIL, seen, "%s: %s", db_phase_word(d->failed), words);
        return;
    case DB_NO_CREDENTIALS:
        posture_tell(c, POSTURE_LOGIN, d->result_why.code == ERR_DENIED ? POSTURE_UNKNOWN : POSTURE_FAIL, seen,
                     "no credentials to log in with: %s", words);
        return;
    case DB_REACHABLE:
        bar(c, POSTURE_LOGIN, "the server answers; audit mode logs in nowhere");
        return;
    case DB_NOT_TRIED:
        if (c->b->audit)
            bar(c, POSTURE_LOGIN, "audit mode logs in nowhere");
        else
            posture_tell(c, POSTURE_LOGIN, POSTURE_UNKNOWN, seen, "not tried yet");
        return;
    }
}

static void judge_tls(struct posture_case *c, const struct db_snap *d)
{
    int64_t seen = d->snap.good_wall_ms;
    bool met = d->result == DB_LOGIN_OK || d->result == DB_REACHABLE;
    bool old = strcmp(d->tls_protocol, "TLSv1") == 0 || strcmp(d->tls_protocol, "TLSv1.1") == 0;
    if (d->host[0] == '/')
        posture_tell(c, POSTURE_TLS, POSTURE_NOT_APPLICABLE, seen, "a local socket");
    else if ((d->result == DB_LOGIN_FAILED || d->result == DB_UNREACHABLE) && d->result_why.code == ERR_TLS)
        posture_tell(c, POSTURE_TLS, POSTURE_FAIL, seen, "%.200s", d->result_why.text);
    else if (d->tls_protocol[0] == '\0')
        posture_tell(c, POSTURE_TLS, met ? POSTURE_FAIL : POSTURE_UNKNOWN, seen, "%s",
                     met ? "the server is talked to in clear text" : "no TLS session has been seen yet");
    else if (!d->certificate.verified)
        posture_tell(c, POSTURE_TLS, POSTURE_FAIL, seen, "%s, but the certificate is not checked (sslmode %s)",
                     d->tls_protocol, d->sslmode);
    else if (old || strcmp(d->sslmode, "verify-ca") == 0)
        posture_tell(c, POSTURE_TLS, POSTURE_WARN, seen, "%s%s", d->tls_protocol,
                     old ? ", which is outdated" : "; the name in the certificate is not checked (sslmode verify-ca)");
    else
        posture_tell(c, POSTURE_TLS, POSTURE_PASS, seen, "%s, verified, %s", d->tls_protocol, d->tls_cipher);
}

static void judge_end(struct posture_case *c, enum posture_check check, const char *whose, int64_t end_ms, int64_t seen)
{
    char day[16], left[24];
    int64_t ms = end_ms - c->b->wall_ms;
    if (end_ms == TIME_UNKNOWN) {
        posture_tell(c, check, POSTURE_UNKNOWN, seen, "no certificate of it has been seen");
        return;
    }
    (void)posture_day(end_ms, day);
    if (ms <= 0)
        posture_tell(c, check, POSTURE_FAIL, seen, "%s ended %s", whose, day);
    else
        posture_tell(c, check,
                     ms < FAIL_MS   ? POSTURE_FAIL
                     : ms < WARN_MS ? POSTURE_WARN
                                    : POSTURE_PASS,
                     seen, "%s ends %s, in %s", whose, day, posture_days(ms, left));
}

static void judge_certificates(struct posture_case *c, const struct db_snap *d)
{
    const struct db_certificate *e = &d->certificate;
    if (d->host[0] == '/' || (d->tls_protocol[0] == '\0' && e->expires_ms == TIME_UNKNOWN)) {
        enum posture_result r = d->result == DB_LOGIN_OK ? POSTURE_NOT_APPLICABLE : POSTURE_UNKNOWN;
        posture_tell_all(c, POSTURE_CERTIFICATE, POSTURE_AUTHORITY, r,
                         r == POSTURE_UNKNOWN ? "no certificate has been seen yet" : "there is none: no TLS");
        return;
    }
    judge_end(c, POSTURE_CERTIFICATE, e->subject[0] != '\0' ? e->subject : "it", e->expires_ms, d->snap.good_wall_ms);
    if (e->ca_expires_ms == TIME_UNKNOWN) /* an unverified chain has none */
        posture_tell(c, POSTURE_AUTHORITY, e->verified ? POSTURE_UNKNOWN : POSTURE_NOT_APPLICABLE, d->snap.good_wall_ms,
                     "no authority is checked");
    else
        judge_end(c, POSTURE_AUTHORITY, e->ca[0] != '\0' ? e->ca : "the authority", e->ca_expires_ms,
                  d->snap.good_wall_ms);
}

static void judge_method(struct posture_case *c, const struct db_snap *d)
{
    int64_t seen = d->snap.good_wall_ms;
    if (d->auth_method[0] == '\0')
        posture_tell(c, POSTURE_SCRAM, POSTURE_UNKNOWN, seen, "how the server asks for passwords has not been seen");
    else if (strncmp(d->auth_method, "SCRAM-", 6) != 0)
        posture_tell(c, POSTURE_SCRAM, POSTURE_FAIL, seen, "the server asks for %s", d->auth_method);
    else if (strcmp(d->password_encryption, "md5") == 0)
        posture_tell(c, POSTURE_SCRAM, POSTURE_WARN, seen, "%s, but new passwords would be md5 (password_encryption)",
                     d->auth_method);
    else
        posture_tell(c, POSTURE_SCRAM, POSTURE_PASS, seen, "%s", d->auth_method);
}

static void judge_valid(struct posture_case *c, const struct db_snap *d)
{
    const struct secret_snap *s = c->v->secret;
    int64_t end = d->valid_until_ms, now = c->b->wall_ms, seen = d->snap.good_wall_ms;
    int64_t next =
        s != NULL && s->rotation == TRI_YES && s->next_rotation_ms > now ? s->next_rotation_ms : TIME_UNKNOWN;
    char day[16], rotated[16];
    if (end == TIME_UNKNOWN) {
        posture_tell(c, POSTURE_VALID, POSTURE_PASS, seen, "it never ends");
        return;
    }
    (void)posture_day(end, day);
    if (end <= now || (next != TIME_UNKNOWN && end <= next))
        posture_tell(c, POSTURE_VALID, POSTURE_FAIL, seen, "%s %s%s%s", end <= now ? "it ended" : "it ends", day,
                     end <= now ? "" : ", before the rotation of ", end <= now ? "" : posture_day(next, rotated));
    else
        posture_tell(c, POSTURE_VALID, next == TIME_UNKNOWN && end - now < WARN_MS ? POSTURE_WARN : POSTURE_PASS, seen,
                     "it ends %s%s", day,
                     next == TIME_UNKNOWN ? ", and no rotation is due before" : ", after the rotation");
}

static void judge_server(struct posture_case *c, const struct db_snap *d)
{
    int64_t seen = d->snap.good_wall_ms;
    int major = d->server_version / 10000, minor = d->server_version % 10000;
    char now[25];
    posture_tell(c, POSTURE_SUPERUSER, d->superuser ? posture_severity(POSTURE_SUPERUSER) : POSTURE_PASS, seen,
                 d->superuser ? "%s is a superuser" : "%s is none",
                 d->current_user[0] != '\0' ? d->current_user : d->user);
    if (d->used_connections < 0 || d->max_connections <= 0)
        posture_tell(c, POSTURE_CONNECTIONS, POSTURE_UNKNOWN, seen, "how many there are is not known");
    else
        posture_tell(c, POSTURE_CONNECTIONS,
                     d->used_connections >= d->max_connections - d->max_connections / 10
                         ? posture_severity(POSTURE_CONNECTIONS)
                         : POSTURE_PASS,
                     seen, "%d of %d are used", (int)d->used_connections, (int)d->max_connections);
    clock_iso(c->b->wall_ms, now);
    char end[8];
    (void)str_fmt(end, sizeof end, "%04d-11", (ENGINE_YEARS + major) % 10000);
    if (major < 10) /* or a pooler, which says little */
        posture_tell(c, POSTURE_ENGINE, major > 0 ? POSTURE_WARN : POSTURE_UNKNOWN, seen, "version %d.%d", major,
                     minor);
    else
        posture_tell(c, POSTURE_ENGINE, strncmp(now, end, 7) > 0 ? POSTURE_WARN : POSTURE_PASS, seen,
                     "PostgreSQL %d.%d, whose fixes end in %s", major, minor, end);
    posture_tell(c, POSTURE_PRIMARY, d->standby ? POSTURE_WARN : POSTURE_PASS, seen, "%s is %s", d->host,
                 d->standby ? "a standby" : "the primary");
}

void posture_of_database(struct posture_case *c)
{
    const struct db_snap *d = c->v->db;
    bool development = c->v->conf->mode == CONFIG_DEVELOPMENT;
    if (d == NULL) {
        posture_tell_all(c, POSTURE_LOGIN, POSTURE_PRIMARY, POSTURE_UNKNOWN, "the database has not been asked yet");
        return;
    }
    if (d->result != DB_NO_CREDENTIALS && (d->result != DB_NOT_TRIED || !c->b->audit) &&
        posture_silent(c, &d->snap, c->b->conf->database_poll_ms, "the database", POSTURE_LOGIN, POSTURE_PRIMARY))
        return;
    judge_login(c, d);
    if (development)
        posture_tell_all(c, POSTURE_TLS, POSTURE_PRIMARY, POSTURE_NOT_APPLICABLE, "a development environment");
    judge_tls(c, d);
    judge_certificates(c, d);
    if (d->server_version <= 0) { /* what only a login tells, and there was none */
        for (enum posture_check i = POSTURE_SUPERUSER; i <= POSTURE_PRIMARY; i++)
            if (i == POSTURE_SCRAM && d->auth_method[0] != '\0')
                continue; /* that is asked before the password */
            else if (c->b->audit)
                bar(c, i, "audit mode logs in nowhere");
            else
                posture_tell(c, i, POSTURE_UNKNOWN, TIME_UNKNOWN, "no login has come that far yet");
    }
    if (d->auth_method[0] != '\0' || d->server_version > 0)
        judge_method(c, d);
    if (d->server_version > 0) {
        judge_valid(c, d);
        judge_server(c, d);
    }
}
