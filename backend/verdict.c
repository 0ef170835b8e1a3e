/* The verdict on an environment: what is wrong, since when, in words, worst first.
 * Pure.  Each source has its own few rules; a source that is silent makes the state
 * UNKNOWN, whatever the reason, and says the reason. */
#include <stdarg.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/model.h"

/* What the rules need at hand. */
struct case_file {
    const struct board *b;
    const struct env_view *v;
    struct verdict *out;
};

/* --------------------------------------------------------------- wording */

static const char *age(int64_t ms, char out[24])
{
    int64_t s = ms < 0 ? 0 : ms / 1000;
    if (s < 60)
        (void)str_fmt(out, 24, "%llds", (long long)s);
    else if (s < 3600)
        (void)str_fmt(out, 24, "%lldm%02llds", (long long)(s / 60), (long long)(s % 60));
    else if (s < 2 * 86400)
        (void)str_fmt(out, 24, "%lldh%02lldm", (long long)(s / 3600), (long long)(s / 60 % 60));
    else
        (void)str_fmt(out, 24, "%lldd", (long long)(s / 86400));
    return out;
}

/* "14:21:52Z" today, "2026-11-22 14:21Z" before. */
static const char *moment(int64_t wall_ms, int64_t now_ms, char out[32])
{
    char iso[25];
    clock_iso(wall_ms, iso);
    if (wall_ms > now_ms - 20LL * 3600 * 1000)
        (void)str_fmt(out, 32, "%.8sZ", iso + 11);
    else
        (void)str_fmt(out, 32, "%.10s %.5sZ", iso, iso + 11);
    return out;
}

static void add(struct case_file *c, enum env_state state, int64_t since_ms, const char *fmt, ...) FORMAT(4, 5);
static void add(struct case_file *c, enum env_state state, int64_t since_ms, const char *fmt, ...)
{
    struct verdict *o = c->out;
    if (o->ncauses == CAUSES_MAX)
        return;
    struct cause new = {.state = state, .since_ms = since_ms};
    char text[1024]; /* longer than any cause: what is cut is cut between characters */
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)str_copy(new.text, sizeof new.text, text);
    for (size_t i = 0; i < o->ncauses; i++)
        if (strcmp(o->causes[i].text, new.text) == 0)
            return; /* three sources that fail for one reason are one line */
    size_t at = o->ncauses++;
    for (; at > 0 && o->causes[at - 1].state > state; at--)
        o->causes[at] = o->causes[at - 1];
    o->causes[at] = new;
}

/* A silent source.  `what` finishes "no answer from ...". */
static void add_silence(struct case_file *c, const struct snap *s, const char *what)
{
    char line[260], for_[24], last[32];
    bool ours = s->why.code == ERR_NO_CREDENTIALS || s->why.code == ERR_EXPIRED || s->why.code == ERR_BAD_KEY;
    if (ours) { /* the same for every source: one line */
        add(c, STATE_UNKNOWN, s->failing_since_wall_ms, "%s: %s", err_words(s->why.code), s->why.text);
    } else if (s->good_wall_ms == TIME_UNKNOWN) {
        add(c, STATE_UNKNOWN, s->failing_since_wall_ms, "nothing known from %s: %s", what,
            why_line(&s->why, line, sizeof line));
    } else {
        add(c, STATE_UNKNOWN, s->failing_since_wall_ms, "no answer from %s for %s (%s, %u %s); last good data %s", what,
            age(c->b->mono_ms - s->good_mono_ms, for_), why_line(&s->why, line, sizeof line), s->failures,
            s->failures == 1 ? "try" : "tries", moment(s->good_wall_ms, c->b->wall_ms, last));
    }
}

/* ---------------------------------------------------------------- secret */

static void judge_rotation(struct case_file *c, const struct secret_snap *s)
{
    int64_t now = c->b->wall_ms;
    char a[24], due[25], last[32] = "never";
    if (s->pending_since_ms != TIME_UNKNOWN) {
        bool stuck = now - s->pending_since_ms > c->b->conf->pending_stuck_ms;
        if (stuck)
            add(c, STATE_STUCK, s->pending_since_ms,
                "the rotation stopped half way: AWSPENDING on %.8s for %s, AWSCURRENT on %.8s; the next is refused "
                "until "
                "it is finished",
                s->pending_id, age(now - s->pending_since_ms, a), s->current_id);
        else
            add(c, STATE_ROTATING, s->pending_since_ms, "a rotation is in progress: AWSPENDING on version %.8s for %s",
                s->pending_id, age(now - s->pending_since_ms, a));
    }
    if (s->rotation == TRI_YES && s->next_rotation_ms != TIME_UNKNOWN && s->next_rotation_ms < now) {
        clock_iso(s->next_rotation_ms, due);
        if (s->last_rotated_ms != TIME_UNKNOWN)
            (void)moment(s->last_rotated_ms, now, last);
        add(c, STATE_OVERDUE, s->next_rotation_ms, "rotation was due %.10s, %s late; last rotated %s", due,
            age(now - s->next_rotation_ms, a), last);
    }
}

static void judge_secret(struct case_file *c)
{
    const struct secret_snap *s = c->v->secret;
    char at[32];
    if (s == NULL) {
        add(c, STATE_WAIT, TIME_UNKNOWN, "waiting for Secrets Manager");
        return;
    }
    if (s->snap.why.code == ERR_NOT_FOUND) {
        add(c, STATE_FAILED, s->snap.failing_since_wall_ms, "secret %s does not exist in this account and region",
            c->v->conf->secret);
        return;
    }
    if (snap_is_old(&s->snap, c->b->conf->secret_poll_ms, c->b->mono_ms)) {
        add_silence(c, &s->snap, "Secrets Manager");
        if (s->snap.good_mono_ms == TIME_UNKNOWN)
            return;
    }
    if (s->deleted_ms != TIME_UNKNOWN)
        add(c, STATE_FAILED, s->deleted_ms, "the secret is scheduled for deletion since %s: no value can be read",
            moment(s->deleted_ms, c->b->wall_ms, at));
    else if (s->current_id[0] == '\0')
        add(c, STATE_FAILED, s->last_changed_ms, "no version of the secret has the label AWSCURRENT");
    else
        judge_rotation(c, s);
}

/* -------------------------------------------------------------- database */

static bool is_secrets_fault(enum err code)
{
    return code == ERR_SECRET_SHAPE || code == ERR_SECRET_BINARY || code == ERR_NOT_FOUND || code == ERR_INVALID ||
           code == ERR_SETTING || code == ERR_IO;
}

static void judge_database(struct case_file *c)
{
    const struct db_snap *d = c->v->db;
    char line[260];
    if (d == NULL) {
        add(c, STATE_WAIT, TIME_UNKNOWN, "waiting for the database");
        return;
    }
    if (snap_is_old(&d->snap, c->b->conf->database_poll_ms, c->b->mono_ms) && d->result != DB_NO_CREDENTIALS) {
        add_silence(c, &d->snap, "the database");
        return;
    }
    const struct why *why = &d->result_why;
    switch (d->result) {
    case DB_LOGIN_FAILED:
        add(c, STATE_FAILED, d->since_wall_ms, "%s: %s (login as \"%s\"%s at %s:%u)", db_phase_word(d->failed),
            why->text[0] != '\0' ? why->text : err_words(why->code), d->user,
            d->version_id[0] != '\0' ? " with AWSCURRENT" : "", d->host, d->port);
        break;
    case DB_UNREACHABLE:
        add(c, STATE_FAILED, d->since_wall_ms, "%s:%u cannot be reached (%s): %s", d->host, d->port,
            db_phase_word(d->failed), why->text[0] != '\0' ? why->text : err_words(why->code));
        break;
    case DB_NO_CREDENTIALS:
        if (is_secrets_fault(why->code))
            add(c, STATE_FAILED, d->since_wall_ms, "no usable credentials: %s", why_line(why, line, sizeof line));
        else if (why->code == ERR_DENIED)
            add(c, STATE_UNKNOWN, d->since_wall_ms, "credtop may not read the secret, so no login is tried: %s",
                why_line(why, line, sizeof line));
        else
            add_silence(c, &d->snap, "GetSecretValue, so no login was tried");
        break;
    case DB_NOT_TRIED:
    case DB_LOGIN_OK:
    case DB_REACHABLE:
        break;
    }
}

/* ------------------------------------------------------------------ logs */

static void judge_containers(struct case_file *c, const struct log_snap *l)
{
    char at[32];
    uint32_t failed_calls = 0;
    int64_t first = INT64_MAX;
    const struct secret_snap *s = c->v->secret;
    for (size_t i = 0; i < l->ncontainers; i++)
        if (l->containers[i].state == CONTAINER_POISONED) {
            failed_calls += l->containers[i].stale_hits;
            first = l->containers[i].fell_back_ms < first ? l->containers[i].fell_back_ms : first;
        }
    if (l->poisoned > 0)
        add(c, STATE_POISONED, first,
            "%zu poisoned container%s of %zu: fell back to environment variables %s and never fetch%s again; %u call%s "
            "since "
            "used no fetched password",
            l->poisoned, l->poisoned == 1 ? "" : "s", l->active, moment(first, c->b->wall_ms, at),
            l->poisoned == 1 ? "es" : "", failed_calls, failed_calls == 1 ? "" : "s");
    if (l->stale > 0 && s != NULL)
        add(c, STATE_STALE, s->current_since_ms,
            "%zu of %zu containers hold a version replaced %s and never fetch again: called in the last %d minutes, "
            "they fail when they reconnect, and end only by being recycled",
            l->stale, l->active, moment(s->current_since_ms, c->b->wall_ms, at), CONTAINER_LATELY_MS / 60000);
}

static void judge_logs(struct case_file *c)
{
    const struct log_snap *l = c->v->logs;
    char at[32];
    if (l == NULL) {
        add(c, STATE_WAIT, TIME_UNKNOWN, "waiting for the logs");
        return;
    }
    if (l->snap.why.code == ERR_NOT_FOUND)
        add(c, STATE_UNKNOWN, l->snap.failing_since_wall_ms, "a log group does not exist (yet): %s", l->snap.why.text);
    else if (snap_is_old(&l->snap, c->b->conf->log_poll_ms, c->b->mono_ms))
        add_silence(c, &l->snap, "CloudWatch Logs");
    judge_containers(c, l);
    uint64_t fetch_errors = log_count(l, EVENT_FETCH_ERROR, 5 * 60000, c->b->wall_ms);
    uint64_t db_errors = log_count(l, EVENT_DB_ERROR, 5 * 60000, c->b->wall_ms);
    if (fetch_errors > 0)
        add(c, STATE_ERRORS, TIME_UNKNOWN, "%llu failed fetch%s in the last 5 minutes",
            (unsigned long long)fetch_errors, fetch_errors == 1 ? "" : "es");
    if (db_errors > 0)
        add(c, STATE_ERRORS, TIME_UNKNOWN, "%llu database error%s in the last 5 minutes, the last %s: %s",
            (unsigned long long)db_errors, db_errors == 1 ? "" : "s", moment(l->last_db_error_ms, c->b->wall_ms, at),
            l->last_db_error);
}

void verdict_judge(const struct board *b, const struct env_view *v, struct verdict *out)
{
    struct case_file c = {.b = b, .v = v, .out = out};
    *out = (struct verdict){.state = STATE_OK};
    if (v->conf->mode == CONFIG_PRODUCTION)
        judge_secret(&c);
    judge_database(&c);
    if (v->conf->log_groups != NULL && v->conf->log_groups[0] != NULL)
        judge_logs(&c);
    if (out->ncauses > 0)
        out->state = out->causes[0].state;
}

int verdict_exit_status(const struct verdict *v, size_t n)
{
    bool failing = false, unknown = false, degraded = false;
    for (size_t i = 0; i < n; i++)
        switch (env_state_severity(v[i].state)) {
        case SEVERITY_FAILING:
            failing = true;
            break;
        case SEVERITY_UNKNOWN:
            unknown = true;
            break;
        case SEVERITY_DEGRADED:
            degraded = true;
            break;
        case SEVERITY_HEALTHY:
            break;
        }
    return failing ? 2 : unknown ? 3 : degraded ? 1 : 0;
}
