/* The board as JSON.  What is not known is null, never 0. */
#include <string.h>

#include "backend/base/clock.h"
#include "ui/cli/status.h"
#include "ui/cli/writer.h"

#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)

static const char *const state_names[STATE_COUNT] = {
#define STATE(id, word, severity, help) #id,
#include "backend/states.def"
#undef STATE
};

const char *status_state_name(enum env_state s)
{
    return state_names[s];
}

/* ------------------------------------------------------- shared members */

static void put_snap(struct writer *w, const struct board *b, const struct snap *s, int64_t period_ms)
{
    if (s->good_mono_ms < 0)
        writer_null(w, "age_s");
    else
        writer_int(w, "age_s", (b->mono_ms - s->good_mono_ms) / 1000);
    writer_bool(w, "stale", snap_is_old(s, period_ms, b->mono_ms));
    if (s->tried_mono_ms < 0 || s->why.code == ERR_OK) {
        writer_null(w, "error");
        return;
    }
    writer_object(w, "error");
    writer_str(w, "code", err_name(s->why.code));
    writer_str(w, "call", s->why.call);
    writer_str(w, "aws_code", s->why.aws_code);
    writer_str(w, "text", s->why.text[0] ? s->why.text : err_words(s->why.code));
    writer_close(w);
}

static void put_identity(struct writer *w, const struct identity_snap *id)
{
    if (!id || id->snap.good_mono_ms < 0) {
        writer_null(w, "identity");
        return;
    }
    writer_object(w, "identity");
    writer_str(w, "account", id->account);
    writer_str(w, "arn", id->arn);
    writer_str(w, "source", id->source);
    writer_str(w, "region", id->region);
    writer_close(w);
}

/* -------------------------------------------------------------- secret */

static void put_versions(struct writer *w, const struct secret_snap *s)
{
    writer_array(w, "versions");
    for (size_t i = 0; i < s->nversions; i++) {
        const struct version_row *v = &s->versions[i];
        writer_object(w, NULL);
        writer_str(w, "id", v->id);
        writer_array(w, "labels");
        if (v->labels & LABEL_CURRENT)
            writer_str(w, NULL, "AWSCURRENT");
        if (v->labels & LABEL_PENDING)
            writer_str(w, NULL, "AWSPENDING");
        if (v->labels & LABEL_PREVIOUS)
            writer_str(w, NULL, "AWSPREVIOUS");
        writer_close(w);
        writer_str(w, "other_labels", v->other_labels);
        writer_time(w, "created", v->created_ms);
        writer_close(w);
    }
    writer_close(w);
}

static void put_secret(struct writer *w, const struct board *b, const struct env_view *v)
{
    const struct secret_snap *s = v->secret;
    if (!s) {
        writer_null(w, "secret");
        return;
    }
    /* Until the first answer no time in it means anything. */
    bool known = s->snap.good_mono_ms >= 0;
    writer_object(w, "secret");
    writer_str(w, "name", s->name[0] ? s->name : v->conf->secret);
    writer_str(w, "arn", s->arn);
    writer_str(w, "current_version", s->current_id);
    writer_str(w, "pending_version", s->pending_id);
    writer_str(w, "previous_version", s->previous_id);
    writer_time(w, "current_since", known ? s->current_since_ms : -1);
    if (!known || s->rotation == TRI_UNKNOWN)
        writer_null(w, "rotation");
    else
        writer_bool(w, "rotation", s->rotation == TRI_YES);
    writer_str(w, "rotation_rule", s->rotation_rule);
    writer_time(w, "last_rotated", known ? s->last_rotated_ms : -1);
    writer_time(w, "next_rotation", known ? s->next_rotation_ms : -1);
    writer_time(w, "deleted", known ? s->deleted_ms : -1);
    put_versions(w, s);
    put_snap(w, b, &s->snap, b->conf->secret_poll_ms);
    writer_close(w);
}

/* ---------------------------------------------------------------- logs */

static void put_counts(struct writer *w, const char *name, const struct log_snap *s, int64_t window_ms, int64_t now_ms)
{
    bool known = s->snap.good_mono_ms >= 0;
    writer_object(w, name);
    for (int k = 0; k < EVENT_KINDS; k++) {
        enum event_kind kind = (enum event_kind)k;
        if (!known)
            writer_null(w, event_name(kind));
        else
            writer_uint(w, event_name(kind), window_ms > 0 ? log_count(s, kind, window_ms, now_ms) : s->total[k]);
    }
    writer_close(w);
}

static void put_number(struct writer *w, const char *name, bool known, uint64_t n)
{
    if (known)
        writer_uint(w, name, n);
    else
        writer_null(w, name);
}

static void put_logs(struct writer *w, const struct board *b, const struct log_snap *s)
{
    if (!s) {
        writer_null(w, "logs");
        return;
    }
    bool known = s->snap.good_mono_ms >= 0;
    writer_object(w, "logs");
    writer_time(w, "from", known ? s->from_ms : -1);
    writer_time(w, "upto", known ? s->upto_ms : -1);
    put_counts(w, "total", s, 0, b->wall_ms);
    put_counts(w, "last_hour", s, 60 * MINUTE_MS, b->wall_ms);
    put_counts(w, "last_5_minutes", s, 5 * MINUTE_MS, b->wall_ms);
    writer_ratio(w, "hit_ratio", known ? log_hit_ratio(s, 60 * MINUTE_MS, b->wall_ms) : -1);
    writer_object(w, "containers");
    put_number(w, "total", known, s->ncontainers);
    put_number(w, "active", known, s->active);
    put_number(w, "current", known, s->current);
    put_number(w, "stale", known, s->stale);
    put_number(w, "poisoned", known, s->poisoned);
    put_number(w, "silent", known, s->silent);
    writer_close(w);
    writer_str(w, "engine", s->engine);
    put_number(w, "late", known, s->late);
    put_number(w, "duplicates", known, s->duplicates);
    put_number(w, "unparsed", known, s->unparsed);
    put_number(w, "dropped", known, s->dropped_rows);
    put_snap(w, b, &s->snap, b->conf->log_poll_ms);
    writer_close(w);
}

/* ------------------------------------------------------------ database */

const char *status_result_name(enum db_result r)
{
    switch (r) {
    case DB_NOT_TRIED:
        return NULL;
    case DB_LOGIN_OK:
        return "login_ok";
    case DB_LOGIN_FAILED:
        return "login_failed";
    case DB_NO_CREDENTIALS:
        return "no_credentials";
    case DB_REACHABLE:
        return "reachable";
    case DB_UNREACHABLE:
        return "unreachable";
    }
    return NULL;
}

/* Negative is not known. */
static void put_count(struct writer *w, const char *name, int32_t n)
{
    if (n < 0)
        writer_null(w, name);
    else
        writer_int(w, name, n);
}

static void put_target(struct writer *w, const struct db_snap *d)
{
    writer_str(w, "user", d->user);
    writer_str(w, "host", d->host);
    put_number(w, "port", d->port != 0, d->port);
    writer_str(w, "dbname", d->dbname);
    writer_object(w, "sources");
    writer_str(w, "host", d->host_from == FROM_NOWHERE ? NULL : db_source_word(d->host_from));
    writer_str(w, "port", d->port_from == FROM_NOWHERE ? NULL : db_source_word(d->port_from));
    writer_str(w, "dbname", d->dbname_from == FROM_NOWHERE ? NULL : db_source_word(d->dbname_from));
    writer_str(w, "user", d->user_from == FROM_NOWHERE ? NULL : db_source_word(d->user_from));
    writer_str(w, "password", d->password_from == FROM_NOWHERE ? NULL : db_source_word(d->password_from));
    writer_close(w);
}

/* "db.example, 10.9.8.7" */
static void put_names(struct writer *w, const char *names)
{
    char name[256];
    writer_array(w, "names");
    for (const char *p = names; *p != '\0';) {
        size_t n = strcspn(p, ",");
        if (n > 0 && str_copy_n(name, sizeof name, p, n))
            writer_str(w, NULL, name);
        p += n;
        p += strspn(p, ", ");
    }
    writer_close(w);
}

static void put_certificate(struct writer *w, const struct db_certificate *c, int64_t now_ms)
{
    if (c->names[0] == '\0') {
        writer_null(w, "certificate");
        return;
    }
    writer_object(w, "certificate");
    put_names(w, c->names);
    writer_str(w, "issuer", c->issuer);
    writer_time(w, "expires", c->expires_ms);
    int64_t left_ms = c->expires_ms - now_ms;
    if (c->expires_ms < 0)
        writer_null(w, "days_left");
    else /* whole days, rounded down: -1 is "ended less than a day ago" */
        writer_int(w, "days_left", left_ms / DAY_MS - (left_ms % DAY_MS < 0 ? 1 : 0));
    writer_time(w, "ca_expires", c->ca_expires_ms);
    writer_close(w);
}

/* What the server said of itself and of the role; nothing before the first login. */
static void put_server(struct writer *w, const struct db_snap *d)
{
    bool known = d->current_user[0] != '\0';
    put_number(w, "server_version", d->server_version > 0, (uint64_t)(d->server_version > 0 ? d->server_version : 0));
    writer_str(w, "password_encryption", d->password_encryption);
    put_count(w, "max_connections", known ? d->max_connections : -1);
    put_count(w, "used_connections", known ? d->used_connections : -1);
    writer_str(w, "current_user", d->current_user);
    writer_time(w, "valid_until", known ? d->valid_until_ms : -1);
    if (known) {
        writer_bool(w, "standby", d->standby);
        writer_bool(w, "superuser", d->superuser);
    } else {
        writer_null(w, "standby");
        writer_null(w, "superuser");
    }
}

static void put_database(struct writer *w, const struct board *b, const struct db_snap *d)
{
    if (!d) {
        writer_null(w, "database");
        return;
    }
    bool failed = d->result == DB_LOGIN_FAILED || d->result == DB_UNREACHABLE;
    writer_object(w, "database");
    writer_str(w, "result", status_result_name(d->result));
    writer_str(w, "failed_phase", failed ? db_phase_word(d->failed) : NULL);
    writer_str(w, "sqlstate", d->sqlstate);
    put_count(w, "latency_us", d->total_us);
    writer_object(w, "phases_us");
    for (int p = 0; p < PHASE_COUNT; p++)
        put_count(w, db_phase_word((enum db_phase)p), d->phase_us[p]);
    writer_close(w);
    put_server(w, d);
    writer_str(w, "tls", d->tls_protocol);
    put_certificate(w, &d->certificate, b->wall_ms);
    writer_str(w, "auth_method", d->auth_method);
    writer_bool(w, "fell_back", d->fell_back);
    put_target(w, d);
    put_snap(w, b, &d->snap, b->conf->database_poll_ms);
    writer_close(w);
}

/* ------------------------------------------------------------ document */

static void put_causes(struct writer *w, const struct verdict *v)
{
    writer_array(w, "causes");
    for (size_t i = 0; i < v->ncauses; i++) {
        writer_object(w, NULL);
        writer_str(w, "state", state_names[v->causes[i].state]);
        writer_time(w, "since", v->causes[i].since_ms);
        writer_str(w, "text", v->causes[i].text);
        writer_close(w);
    }
    writer_close(w);
}

static void put_environment(struct writer *w, const struct board *b, const struct env_view *v,
                            const struct verdict *verdict)
{
    writer_object(w, NULL);
    writer_str(w, "name", v->conf->name);
    writer_str(w, "kind", v->conf->mode == CONFIG_DEVELOPMENT ? "development" : "production");
    writer_bool(w, "protected", v->conf->protect);
    writer_str(w, "state", state_names[verdict->state]);
    writer_str(w, "severity", severity_word(env_state_severity(verdict->state)));
    put_causes(w, verdict);
    put_identity(w, v->identity);
    put_secret(w, b, v);
    put_logs(w, b, v->logs);
    put_database(w, b, v->db);
    writer_close(w);
}

static void put_summary(struct writer *w, const struct board *b, const struct verdict *verdicts)
{
    static const char *const words[] = {"healthy", "degraded", "failing", "unknown"};
    uint64_t of[4] = {0};
    for (size_t i = 0; i < b->n; i++)
        of[env_state_severity(verdicts[i].state)]++;
    writer_object(w, "summary");
    writer_str(w, "status", words[verdict_exit_status(verdicts, b->n) & 3]);
    writer_uint(w, "environments", b->n);
    writer_uint(w, "healthy", of[SEVERITY_HEALTHY]);
    writer_uint(w, "degraded", of[SEVERITY_DEGRADED]);
    writer_uint(w, "failing", of[SEVERITY_FAILING]);
    writer_uint(w, "unknown", of[SEVERITY_UNKNOWN]);
    writer_close(w);
}

static void put_calls(struct writer *w, const struct board *b)
{
    writer_object(w, "calls");
    writer_uint(w, "per_minute", b->calls_per_minute);
    writer_real(w, "usd_per_month", b->dollars_per_month);
    writer_uint(w, "total", b->calls_total);
    writer_uint(w, "failed", b->calls_failed);
    writer_uint(w, "throttled", b->calls_throttled);
    writer_uint(w, "refused", b->calls_refused);
    writer_array(w, "by_operation");
    for (size_t i = 0; i < b->ncalls; i++) {
        writer_object(w, NULL);
        writer_str(w, "name", b->calls[i].name);
        writer_uint(w, "total", b->calls[i].total);
        writer_real(w, "per_minute", b->calls[i].per_minute);
        writer_real(w, "usd_per_month", b->calls[i].dollars_per_month);
        writer_close(w);
    }
    writer_close(w);
    writer_close(w);
}

void status_json(const struct board *b, const struct verdict *verdicts, struct strbuf *out)
{
    struct writer w;
    writer_document(&w, out, b->wall_ms, b->audit);
    put_summary(&w, b, verdicts);
    writer_array(&w, "environments");
    for (size_t i = 0; i < b->n; i++)
        put_environment(&w, b, &b->envs[i], &verdicts[i]);
    writer_close(&w);
    put_calls(&w, b);
    writer_close(&w);
    writer_end(&w);
}
