/* The board for Prometheus.  A family's samples stand together, so the walk is by family,
 * then by environment. */
#include "backend/base/mem.h"
#include "ui/cli/prometheus.h"
#include "ui/cli/status.h"

struct page {
    struct prometheus p;
    const struct board *b;
    const struct verdict *verdicts;
};

static bool known(const struct snap *s)
{
    return s->good_mono_ms >= 0;
}

static void put_program(struct page *w)
{
    struct prometheus *p = &w->p;
    prometheus_family(p, "credtop_build_info", "gauge", "The program that wrote this.");
    prometheus_label(p, "version", CREDTOP_VERSION);
    prometheus_label(p, "mode", w->b->audit ? "audit" : "operate");
    prometheus_int(p, 1);
    prometheus_family(p, "credtop_collected_timestamp_seconds", "gauge", "When this was collected, by AWS's clock.");
    prometheus_ms(p, w->b->wall_ms);
    prometheus_family(p, "credtop_exit_status", "gauge",
                      "0 healthy, 1 degraded, 2 failing, 3 could not tell: the exit status of credtop status.");
    prometheus_int(p, verdict_exit_status(w->verdicts, w->b->n));
}

static void put_states(struct page *w)
{
    struct prometheus *p = &w->p;
    prometheus_family(p, "credtop_environment_info", "gauge", "An environment and what it is about.");
    for (size_t i = 0; i < w->b->n; i++) {
        const struct env_view *v = &w->b->envs[i];
        prometheus_label(p, "environment", v->conf->name);
        prometheus_label(p, "kind", v->conf->mode == CONFIG_DEVELOPMENT ? "development" : "production");
        prometheus_label(p, "secret", v->conf->secret);
        if (v->identity && known(&v->identity->snap)) {
            prometheus_label(p, "account", v->identity->account);
            prometheus_label(p, "region", v->identity->region);
        }
        prometheus_int(p, 1);
    }
    prometheus_family(p, "credtop_environment_state", "gauge",
                      "1 for the state the environment is in, 0 for the others.");
    for (size_t i = 0; i < w->b->n; i++)
        for (int s = 0; s < STATE_COUNT; s++) {
            prometheus_label(p, "environment", w->b->envs[i].conf->name);
            prometheus_label(p, "state", status_state_name((enum env_state)s));
            prometheus_int(p, w->verdicts[i].state == (enum env_state)s);
        }
}

/* --------------------------------------------------------------- sources */

static const char *const source_words[] = {"secret", "logs", "database"};

static const struct snap *source(const struct board *b, const struct env_view *v, size_t which, int64_t *out_period_ms)
{
    const struct snap *snaps[] = {v->secret ? &v->secret->snap : NULL, v->logs ? &v->logs->snap : NULL,
                                  v->db ? &v->db->snap : NULL};
    const int64_t periods[] = {b->conf->secret_poll_ms, b->conf->log_poll_ms, b->conf->database_poll_ms};
    *out_period_ms = periods[which];
    return snaps[which];
}

static void put_sources(struct page *w, bool ages)
{
    for (size_t i = 0; i < w->b->n; i++)
        for (size_t k = 0; k < ARRAY_LEN(source_words); k++) {
            int64_t period_ms;
            const struct snap *s = source(w->b, &w->b->envs[i], k, &period_ms);
            if (!s || (ages && !known(s)))
                continue;
            prometheus_label(&w->p, "environment", w->b->envs[i].conf->name);
            prometheus_label(&w->p, "source", source_words[k]);
            if (ages)
                prometheus_ms(&w->p, w->b->mono_ms - s->good_mono_ms);
            else
                prometheus_int(&w->p, !known(s) || snap_is_old(s, period_ms, w->b->mono_ms));
        }
}

/* ------------------------------------------------- figures, a row a family */

/* True when it is known; *out is whole, milliseconds or microseconds as the row says. */
typedef bool figure(const struct board *b, const struct env_view *v, int64_t *out);

static bool current_age(const struct board *b, const struct env_view *v, int64_t *out)
{
    const struct secret_snap *s = v->secret;
    *out = s ? b->wall_ms - s->current_since_ms : 0;
    return s && known(&s->snap) && s->current_since_ms >= 0;
}

static bool pending_age(const struct board *b, const struct env_view *v, int64_t *out)
{
    const struct secret_snap *s = v->secret;
    *out = s ? b->wall_ms - s->pending_since_ms : 0;
    return s && known(&s->snap) && s->pending_since_ms >= 0;
}

static bool rotation_enabled(const struct board *b, const struct env_view *v, int64_t *out)
{
    (void)b;
    *out = v->secret && v->secret->rotation == TRI_YES;
    return v->secret && known(&v->secret->snap) && v->secret->rotation != TRI_UNKNOWN;
}

static bool next_rotation(const struct board *b, const struct env_view *v, int64_t *out)
{
    (void)b;
    *out = v->secret ? v->secret->next_rotation_ms : 0;
    return v->secret && known(&v->secret->snap) && v->secret->next_rotation_ms >= 0;
}

static bool database_up(const struct board *b, const struct env_view *v, int64_t *out)
{
    (void)b;
    *out = v->db && (v->db->result == DB_LOGIN_OK || v->db->result == DB_REACHABLE);
    return v->db && v->db->result != DB_NOT_TRIED;
}

static bool login_time(const struct board *b, const struct env_view *v, int64_t *out)
{
    (void)b;
    *out = v->db ? v->db->total_us : 0;
    return v->db && v->db->total_us >= 0;
}

static bool certificate_expiry(const struct board *b, const struct env_view *v, int64_t *out)
{
    (void)b;
    *out = v->db ? v->db->certificate.expires_ms : 0;
    return v->db && v->db->certificate.names[0] && v->db->certificate.expires_ms >= 0;
}

#define OF_LOGS(name, field)                                                                                           \
    static bool name(const struct board *b, const struct env_view *v, int64_t *out)                                    \
    {                                                                                                                  \
        (void)b;                                                                                                       \
        *out = v->logs ? (int64_t)v->logs->field : 0;                                                                  \
        return v->logs && known(&v->logs->snap);                                                                       \
    }
OF_LOGS(logs_from, from_ms)
OF_LOGS(late, late)
OF_LOGS(duplicates, duplicates)
OF_LOGS(unparsed, unparsed)
OF_LOGS(dropped, dropped_rows)
#undef OF_LOGS

enum unit { WHOLE, MILLISECONDS, MICROSECONDS };

static const struct {
    const char *name, *type;
    enum unit unit;
    figure *figure;
    const char *help;
} figures[] = {
    {"credtop_secret_current_age_seconds", "gauge", MILLISECONDS, current_age,
     "Since AWSCURRENT moved to its version."},
    {"credtop_secret_pending_age_seconds", "gauge", MILLISECONDS, pending_age,
     "Age of AWSPENDING, where it is not on AWSCURRENT's version."},
    {"credtop_secret_rotation_enabled", "gauge", WHOLE, rotation_enabled, "Whether automatic rotation is on."},
    {"credtop_secret_next_rotation_timestamp_seconds", "gauge", MILLISECONDS, next_rotation,
     "When the next rotation is due."},
    {"credtop_database_up", "gauge", WHOLE, database_up,
     "1 when the database takes a login with AWSCURRENT (in audit mode: when it can be reached)."},
    {"credtop_database_login_seconds", "gauge", MICROSECONDS, login_time, "What the last login took."},
    {"credtop_database_certificate_expiry_timestamp_seconds", "gauge", MILLISECONDS, certificate_expiry,
     "When the database server's certificate ends."},
    {"credtop_logs_from_timestamp_seconds", "gauge", MILLISECONDS, logs_from, "The counters below begin here."},
    {"credtop_late_total", "counter", WHOLE, late, "Events that came late."},
    {"credtop_duplicates_total", "counter", WHOLE, duplicates, "Events that came again, and were counted once."},
    {"credtop_unparsed_total", "counter", WHOLE, unparsed, "Log lines that could not be read."},
    {"credtop_dropped_total", "counter", WHOLE, dropped,
     "Lines dropped from the display; they are counted all the same."},
};

static void put_figure(struct page *w, size_t row)
{
    prometheus_family(&w->p, figures[row].name, figures[row].type, figures[row].help);
    for (size_t i = 0; i < w->b->n; i++) {
        int64_t n;
        if (!figures[row].figure(w->b, &w->b->envs[i], &n))
            continue;
        prometheus_label(&w->p, "environment", w->b->envs[i].conf->name);
        if (figures[row].unit == WHOLE)
            prometheus_int(&w->p, n);
        else
            (figures[row].unit == MILLISECONDS ? prometheus_ms : prometheus_us)(&w->p, n);
    }
}

/* ---------------------------------------------------------------- events */

static const struct {
    const char *name, *help;
} events[EVENT_KINDS] = {
#define EVENT(id, word, name, help) {"credtop_" name "_total", help},
#include "backend/events.def"
#undef EVENT
};

/* Lines that match no pattern are known only where everything is read. */
static bool event_known(const struct log_snap *s, enum event_kind kind)
{
    return s && known(&s->snap) && !(kind == EVENT_OTHER && s->filtered);
}

static void put_events(struct page *w)
{
    for (int k = 0; k < EVENT_KINDS; k++) {
        prometheus_family(&w->p, events[k].name, "counter", events[k].help);
        for (size_t i = 0; i < w->b->n; i++) {
            const struct log_snap *s = w->b->envs[i].logs;
            if (!event_known(s, (enum event_kind)k))
                continue;
            prometheus_label(&w->p, "environment", w->b->envs[i].conf->name);
            prometheus_int(&w->p, (int64_t)s->total[k]);
        }
    }
}

static void put_windows(struct page *w)
{
    static const struct {
        const char *word;
        int64_t ms;
    } windows[] = {{"5m", 300000}, {"1h", 3600000}};
    prometheus_family(&w->p, "credtop_events", "gauge",
                      "Events of the last five minutes and of the last hour, by kind.");
    for (size_t i = 0; i < w->b->n; i++)
        for (int k = 0; k < EVENT_KINDS; k++)
            for (size_t n = 0; n < ARRAY_LEN(windows); n++) {
                const struct log_snap *s = w->b->envs[i].logs;
                if (!event_known(s, (enum event_kind)k))
                    continue;
                prometheus_label(&w->p, "environment", w->b->envs[i].conf->name);
                prometheus_label(&w->p, "kind", event_name((enum event_kind)k));
                prometheus_label(&w->p, "window", windows[n].word);
                prometheus_int(&w->p, (int64_t)log_count(s, (enum event_kind)k, windows[n].ms, w->b->wall_ms));
            }
    prometheus_family(&w->p, "credtop_hit_ratio", "gauge", "Hits of all uses of credentials in the last hour.");
    for (size_t i = 0; i < w->b->n; i++) {
        const struct log_snap *s = w->b->envs[i].logs;
        double ratio = s && known(&s->snap) ? log_hit_ratio(s, 3600000, w->b->wall_ms) : -1;
        if (ratio < 0)
            continue;
        prometheus_label(&w->p, "environment", w->b->envs[i].conf->name);
        prometheus_real(&w->p, ratio);
    }
}

static void put_containers(struct page *w)
{
    prometheus_family(&w->p, "credtop_containers", "gauge", "Containers by what they hold.");
    for (size_t i = 0; i < w->b->n; i++) {
        const struct log_snap *s = w->b->envs[i].logs;
        if (!s || !known(&s->snap))
            continue;
        const struct {
            const char *word;
            size_t n;
        } states[] = {{"current", s->current}, {"stale", s->stale}, {"poisoned", s->poisoned}, {"silent", s->silent}};
        for (size_t k = 0; k < ARRAY_LEN(states); k++) {
            prometheus_label(&w->p, "environment", w->b->envs[i].conf->name);
            prometheus_label(&w->p, "state", states[k].word);
            prometheus_int(&w->p, (int64_t)states[k].n);
        }
    }
}

static void put_calls(struct page *w)
{
    struct prometheus *p = &w->p;
    prometheus_family(p, "credtop_aws_calls_total", "counter", "Calls to AWS that were sent.");
    for (size_t i = 0; i < w->b->ncalls; i++) {
        prometheus_label(p, "operation", w->b->calls[i].name);
        prometheus_int(p, (int64_t)w->b->calls[i].total);
    }
    prometheus_family(p, "credtop_aws_calls_failed_total", "counter", "Calls to AWS that failed.");
    prometheus_int(p, (int64_t)w->b->calls_failed);
    prometheus_family(p, "credtop_aws_calls_throttled_total", "counter", "Calls that AWS throttled.");
    prometheus_int(p, (int64_t)w->b->calls_throttled);
}

void status_prometheus(const struct board *b, const struct verdict *verdicts, struct strbuf *out)
{
    struct page w = {.b = b, .verdicts = verdicts};
    prometheus_begin(&w.p, out);
    put_program(&w);
    put_states(&w);
    prometheus_family(&w.p, "credtop_source_age_seconds", "gauge", "Since the source last answered well.");
    put_sources(&w, true);
    prometheus_family(&w.p, "credtop_source_stale", "gauge",
                      "1 when what is known is older than three refreshes, or nothing is known.");
    put_sources(&w, false);
    for (size_t i = 0; i < ARRAY_LEN(figures); i++)
        put_figure(&w, i);
    put_events(&w);
    put_windows(&w);
    put_containers(&w);
    put_calls(&w);
    prometheus_end(&w.p);
}
