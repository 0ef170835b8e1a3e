/* The board as JSON.  What is not known is null, never 0. */
#include "backend/base/clock.h"
#include "ui/cli/json.h"
#include "ui/cli/status.h"

#define MINUTE_MS INT64_C(60000)

static const char *const state_names[STATE_COUNT] = {
#define STATE(id, word, severity, help) #id,
#include "backend/states.def"
#undef STATE
};

/* ------------------------------------------------------- shared members */

static void put_snap(struct json *j, const struct board *b, const struct snap *s, int64_t period_ms)
{
    if (s->good_mono_ms < 0)
        json_null(j, "age_s");
    else
        json_int(j, "age_s", (b->mono_ms - s->good_mono_ms) / 1000);
    json_bool(j, "stale", snap_is_old(s, period_ms, b->mono_ms));
    if (s->tried_mono_ms < 0 || s->why.code == ERR_OK) {
        json_null(j, "error");
        return;
    }
    json_object(j, "error");
    json_str(j, "code", err_name(s->why.code));
    json_str(j, "call", s->why.call);
    json_str(j, "aws_code", s->why.aws_code);
    json_str(j, "text", s->why.text[0] ? s->why.text : err_words(s->why.code));
    json_close(j);
}

static void put_identity(struct json *j, const struct board *b, const struct identity_snap *id)
{
    (void)b;
    if (!id || id->snap.good_mono_ms < 0) {
        json_null(j, "identity");
        return;
    }
    json_object(j, "identity");
    json_str(j, "account", id->account);
    json_str(j, "arn", id->arn);
    json_str(j, "source", id->source);
    json_str(j, "region", id->region);
    json_close(j);
}

/* -------------------------------------------------------------- secret */

static void put_versions(struct json *j, const struct secret_snap *s)
{
    json_array(j, "versions");
    for (size_t i = 0; i < s->nversions; i++) {
        const struct version_row *v = &s->versions[i];
        json_object(j, NULL);
        json_str(j, "id", v->id);
        json_array(j, "labels");
        if (v->labels & LABEL_CURRENT)
            json_str(j, NULL, "AWSCURRENT");
        if (v->labels & LABEL_PENDING)
            json_str(j, NULL, "AWSPENDING");
        if (v->labels & LABEL_PREVIOUS)
            json_str(j, NULL, "AWSPREVIOUS");
        json_close(j);
        json_str(j, "other_labels", v->other_labels);
        json_time(j, "created", v->created_ms);
        json_close(j);
    }
    json_close(j);
}

static void put_secret(struct json *j, const struct board *b, const struct secret_snap *s)
{
    if (!s) {
        json_null(j, "secret");
        return;
    }
    json_object(j, "secret");
    json_str(j, "name", s->name);
    json_str(j, "arn", s->arn);
    json_str(j, "current_version", s->current_id);
    json_str(j, "pending_version", s->pending_id);
    json_str(j, "previous_version", s->previous_id);
    json_time(j, "current_since", s->current_since_ms);
    if (s->rotation == TRI_UNKNOWN)
        json_null(j, "rotation");
    else
        json_bool(j, "rotation", s->rotation == TRI_YES);
    json_str(j, "rotation_rule", s->rotation_rule);
    json_time(j, "last_rotated", s->last_rotated_ms);
    json_time(j, "next_rotation", s->next_rotation_ms);
    json_time(j, "deleted", s->deleted_ms);
    put_versions(j, s);
    put_snap(j, b, &s->snap, b->conf->secret_poll_ms);
    json_close(j);
}

/* ---------------------------------------------------------------- logs */

static void put_counts(struct json *j, const char *name, const struct log_snap *s, int64_t window_ms, int64_t now_ms)
{
    bool known = s->snap.good_mono_ms >= 0;
    json_object(j, name);
    for (int k = 0; k < EVENT_KINDS; k++) {
        enum event_kind kind = (enum event_kind)k;
        if (!known)
            json_null(j, event_name(kind));
        else
            json_uint(j, event_name(kind), window_ms > 0 ? log_count(s, kind, window_ms, now_ms) : s->total[k]);
    }
    json_close(j);
}

static void put_number(struct json *j, const char *name, bool known, uint64_t n)
{
    if (known)
        json_uint(j, name, n);
    else
        json_null(j, name);
}

static void put_logs(struct json *j, const struct board *b, const struct log_snap *s)
{
    if (!s) {
        json_null(j, "logs");
        return;
    }
    bool known = s->snap.good_mono_ms >= 0;
    json_object(j, "logs");
    json_time(j, "from", s->from_ms);
    json_time(j, "upto", s->upto_ms);
    put_counts(j, "total", s, 0, b->wall_ms);
    put_counts(j, "last_hour", s, 60 * MINUTE_MS, b->wall_ms);
    put_counts(j, "last_5_minutes", s, 5 * MINUTE_MS, b->wall_ms);
    json_ratio(j, "hit_ratio", known ? log_hit_ratio(s, 60 * MINUTE_MS, b->wall_ms) : -1);
    json_object(j, "containers");
    put_number(j, "total", known, s->ncontainers);
    put_number(j, "active", known, s->active);
    put_number(j, "current", known, s->current);
    put_number(j, "stale", known, s->stale);
    put_number(j, "poisoned", known, s->poisoned);
    put_number(j, "silent", known, s->silent);
    json_close(j);
    put_number(j, "late", known, s->late);
    put_number(j, "duplicates", known, s->duplicates);
    put_number(j, "unparsed", known, s->unparsed);
    put_snap(j, b, &s->snap, b->conf->log_poll_ms);
    json_close(j);
}

/* ------------------------------------------------------------ database */

static const char *result_name(enum db_result r)
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

static void put_us(struct json *j, const char *name, int32_t us)
{
    if (us < 0)
        json_null(j, name);
    else
        json_int(j, name, us);
}

static void put_target(struct json *j, const struct db_snap *d)
{
    json_str(j, "user", d->user);
    json_str(j, "host", d->host);
    put_number(j, "port", d->port != 0, d->port);
    json_str(j, "dbname", d->dbname);
    json_object(j, "sources");
    json_str(j, "host", d->host_from == FROM_NOWHERE ? NULL : db_source_word(d->host_from));
    json_str(j, "port", d->port_from == FROM_NOWHERE ? NULL : db_source_word(d->port_from));
    json_str(j, "dbname", d->dbname_from == FROM_NOWHERE ? NULL : db_source_word(d->dbname_from));
    json_str(j, "user", d->user_from == FROM_NOWHERE ? NULL : db_source_word(d->user_from));
    json_str(j, "password", d->password_from == FROM_NOWHERE ? NULL : db_source_word(d->password_from));
    json_close(j);
}

static void put_database(struct json *j, const struct board *b, const struct db_snap *d)
{
    if (!d) {
        json_null(j, "database");
        return;
    }
    bool failed = d->result == DB_LOGIN_FAILED || d->result == DB_UNREACHABLE;
    json_object(j, "database");
    json_str(j, "result", result_name(d->result));
    json_str(j, "failed_phase", failed ? db_phase_word(d->failed) : NULL);
    json_str(j, "sqlstate", d->sqlstate);
    put_us(j, "latency_us", d->total_us);
    json_object(j, "phases_us");
    for (int p = 0; p < PHASE_COUNT; p++)
        put_us(j, db_phase_word((enum db_phase)p), d->phase_us[p]);
    json_close(j);
    put_number(j, "server_version", d->server_version > 0, (uint64_t)(d->server_version > 0 ? d->server_version : 0));
    json_str(j, "tls", d->tls_protocol);
    json_bool(j, "fell_back", d->fell_back);
    put_target(j, d);
    put_snap(j, b, &d->snap, b->conf->database_poll_ms);
    json_close(j);
}

/* ------------------------------------------------------------ document */

static void put_causes(struct json *j, const struct verdict *v)
{
    json_array(j, "causes");
    for (size_t i = 0; i < v->ncauses; i++) {
        json_object(j, NULL);
        json_str(j, "state", state_names[v->causes[i].state]);
        json_time(j, "since", v->causes[i].since_ms);
        json_str(j, "text", v->causes[i].text);
        json_close(j);
    }
    json_close(j);
}

static void put_environment(struct json *j, const struct board *b, const struct env_view *v, const struct verdict *verdict)
{
    json_object(j, NULL);
    json_str(j, "name", v->conf->name);
    json_str(j, "kind", v->conf->mode == CONFIG_DEVELOPMENT ? "development" : "production");
    json_bool(j, "protected", v->conf->protect);
    json_str(j, "state", state_names[verdict->state]);
    json_str(j, "severity", severity_word(env_state_severity(verdict->state)));
    put_causes(j, verdict);
    put_identity(j, b, v->identity);
    put_secret(j, b, v->secret);
    put_logs(j, b, v->logs);
    put_database(j, b, v->db);
    json_close(j);
}

static void put_summary(struct json *j, const struct board *b, const struct verdict *verdicts)
{
    static const char *const words[] = {"healthy", "degraded", "failing", "unknown"};
    uint64_t of[4] = {0};
    for (size_t i = 0; i < b->n; i++)
        of[env_state_severity(verdicts[i].state)]++;
    json_object(j, "summary");
    json_str(j, "status", words[verdict_exit_status(verdicts, b->n) & 3]);
    json_uint(j, "environments", b->n);
    json_uint(j, "healthy", of[SEVERITY_HEALTHY]);
    json_uint(j, "degraded", of[SEVERITY_DEGRADED]);
    json_uint(j, "failing", of[SEVERITY_FAILING]);
    json_uint(j, "unknown", of[SEVERITY_UNKNOWN]);
    json_close(j);
}

void status_json(const struct board *b, const struct verdict *verdicts, struct strbuf *out)
{
    struct json j;
    json_begin(&j, out);
    json_object(&j, NULL);
    json_int(&j, "version", 1);
    json_str(&j, "credtop", CREDTOP_VERSION);
    json_time(&j, "time", b->wall_ms);
    json_str(&j, "mode", b->audit ? "audit" : "operate");
    put_summary(&j, b, verdicts);
    json_array(&j, "environments");
    for (size_t i = 0; i < b->n; i++)
        put_environment(&j, b, &b->envs[i], &verdicts[i]);
    json_close(&j);
    json_object(&j, "calls");
    json_uint(&j, "per_minute", b->calls_per_minute);
    json_uint(&j, "total", b->calls_total);
    json_uint(&j, "failed", b->calls_failed);
    json_uint(&j, "throttled", b->calls_throttled);
    json_uint(&j, "refused", b->calls_refused);
    json_close(&j);
    json_close(&j);
    json_end(&j);
}
