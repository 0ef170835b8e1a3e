/* The board as CSV: a line an environment.  The columns are the rows of one table, so that
 * the header cannot differ from what stands below it; new ones are added at its end. */
#include "backend/base/mem.h"
#include "ui/cli/csv.h"
#include "ui/cli/status.h"

#define HOUR_MS INT64_C(3600000)

struct line {
    const struct board *b;
    const struct env_view *v;
    const struct verdict *verdict;
};

static void put_name(struct csv *c, const struct line *l)
{
    csv_text(c, l->v->conf->name);
}

static void put_state(struct csv *c, const struct line *l)
{
    csv_text(c, status_state_name(l->verdict->state));
}

static void put_severity(struct csv *c, const struct line *l)
{
    csv_text(c, severity_word(env_state_severity(l->verdict->state)));
}

static void put_cause(struct csv *c, const struct line *l)
{
    csv_text(c, l->verdict->ncauses > 0 ? l->verdict->causes[0].text : NULL);
}

static void put_since(struct csv *c, const struct line *l)
{
    csv_time(c, l->verdict->ncauses > 0 ? l->verdict->causes[0].since_ms : -1);
}

static void put_kind(struct csv *c, const struct line *l)
{
    csv_text(c, l->v->conf->mode == CONFIG_DEVELOPMENT ? "development" : "production");
}

static const struct identity_snap *identity(const struct line *l)
{
    return l->v->identity && l->v->identity->snap.good_mono_ms >= 0 ? l->v->identity : NULL;
}

static void put_account(struct csv *c, const struct line *l)
{
    csv_text(c, identity(l) ? identity(l)->account : NULL);
}

static void put_region(struct csv *c, const struct line *l)
{
    csv_text(c, identity(l) ? identity(l)->region : NULL);
}

/* ---------------------------------------------------------------- secret */

static const struct secret_snap *secret(const struct line *l)
{
    return l->v->secret && l->v->secret->snap.good_mono_ms >= 0 ? l->v->secret : NULL;
}

static void put_secret(struct csv *c, const struct line *l)
{
    csv_text(c, secret(l) && secret(l)->name[0] ? secret(l)->name : l->v->conf->secret);
}

static void put_current(struct csv *c, const struct line *l)
{
    csv_text(c, secret(l) ? secret(l)->current_id : NULL);
}

static void put_current_since(struct csv *c, const struct line *l)
{
    csv_time(c, secret(l) ? secret(l)->current_since_ms : -1);
}

static void put_pending(struct csv *c, const struct line *l)
{
    csv_text(c, secret(l) ? secret(l)->pending_id : NULL);
}

static void put_rotation(struct csv *c, const struct line *l)
{
    const struct secret_snap *s = secret(l);
    csv_text(c, !s || s->rotation == TRI_UNKNOWN ? NULL : s->rotation == TRI_YES ? "yes" : "no");
}

static void put_next_rotation(struct csv *c, const struct line *l)
{
    csv_time(c, secret(l) ? secret(l)->next_rotation_ms : -1);
}

/* ------------------------------------------------------------------ logs */

static const struct log_snap *logs(const struct line *l)
{
    return l->v->logs && l->v->logs->snap.good_mono_ms >= 0 ? l->v->logs : NULL;
}

static void put_events(struct csv *c, const struct line *l, enum event_kind kind)
{
    const struct log_snap *s = logs(l);
    csv_int(c, s != NULL, s ? (int64_t)log_count(s, kind, HOUR_MS, l->b->wall_ms) : 0);
}

#define EVENTS(id)                                                                                                     \
    static void put_##id(struct csv *c, const struct line *l)                                                          \
    {                                                                                                                  \
        put_events(c, l, EVENT_##id);                                                                                  \
    }
EVENTS(FETCH)
EVENTS(HIT)
EVENTS(STALE_HIT)
EVENTS(FALLBACK)
EVENTS(FETCH_ERROR)
EVENTS(DB_ERROR)
EVENTS(INVOCATION)
#undef EVENTS

static void put_hit_ratio(struct csv *c, const struct line *l)
{
    csv_ratio(c, logs(l) ? log_hit_ratio(logs(l), HOUR_MS, l->b->wall_ms) : -1);
}

#define OF_LOGS(name, field)                                                                                           \
    static void put_##name(struct csv *c, const struct line *l)                                                        \
    {                                                                                                                  \
        csv_int(c, logs(l) != NULL, logs(l) ? (int64_t)logs(l)->field : 0);                                            \
    }
OF_LOGS(containers, ncontainers)
OF_LOGS(active, active)
OF_LOGS(stale, stale)
OF_LOGS(poisoned, poisoned)
OF_LOGS(late, late)
OF_LOGS(dropped, dropped_rows)
#undef OF_LOGS

/* -------------------------------------------------------------- database */

static void put_database(struct csv *c, const struct line *l)
{
    csv_text(c, l->v->db ? status_result_name(l->v->db->result) : NULL);
}

static void put_sqlstate(struct csv *c, const struct line *l)
{
    csv_text(c, l->v->db ? l->v->db->sqlstate : NULL);
}

static void put_latency(struct csv *c, const struct line *l)
{
    const struct db_snap *d = l->v->db;
    csv_int(c, d && d->total_us >= 0, d ? d->total_us : 0);
}

/* ------------------------------------------------------------------ ages */

static void put_age(struct csv *c, const struct line *l, const struct snap *s)
{
    bool known = s && s->good_mono_ms >= 0;
    csv_int(c, known, known ? (l->b->mono_ms - s->good_mono_ms) / 1000 : 0);
}

static void put_secret_age(struct csv *c, const struct line *l)
{
    put_age(c, l, l->v->secret ? &l->v->secret->snap : NULL);
}

static void put_logs_age(struct csv *c, const struct line *l)
{
    put_age(c, l, l->v->logs ? &l->v->logs->snap : NULL);
}

static void put_database_age(struct csv *c, const struct line *l)
{
    put_age(c, l, l->v->db ? &l->v->db->snap : NULL);
}

static const struct {
    const char *name;
    void (*put)(struct csv *c, const struct line *l);
} columns[] = {
    {"environment", put_name},
    {"state", put_state},
    {"severity", put_severity},
    {"cause", put_cause},
    {"since", put_since},
    {"kind", put_kind},
    {"account", put_account},
    {"region", put_region},
    {"secret", put_secret},
    {"current_version", put_current},
    {"current_since", put_current_since},
    {"pending_version", put_pending},
    {"rotation", put_rotation},
    {"next_rotation", put_next_rotation},
    {"fetches_1h", put_FETCH},
    {"hits_1h", put_HIT},
    {"stale_hits_1h", put_STALE_HIT},
    {"fallbacks_1h", put_FALLBACK},
    {"fetch_errors_1h", put_FETCH_ERROR},
    {"db_errors_1h", put_DB_ERROR},
    {"invocations_1h", put_INVOCATION},
    {"hit_ratio_1h", put_hit_ratio},
    {"containers", put_containers},
    {"containers_active", put_active},
    {"containers_stale", put_stale},
    {"containers_poisoned", put_poisoned},
    {"late", put_late},
    {"dropped", put_dropped},
    {"database", put_database},
    {"sqlstate", put_sqlstate},
    {"latency_us", put_latency},
    {"secret_age_s", put_secret_age},
    {"logs_age_s", put_logs_age},
    {"database_age_s", put_database_age},
};

void status_csv(const struct board *b, const struct verdict *verdicts, struct strbuf *out)
{
    struct csv c = {.out = out};
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        csv_text(&c, columns[i].name);
    csv_end(&c);
    for (size_t e = 0; e < b->n; e++) {
        struct line l = {b, &b->envs[e], &verdicts[e]};
        for (size_t i = 0; i < ARRAY_LEN(columns); i++)
            columns[i].put(&c, &l);
        csv_end(&c);
    }
}
