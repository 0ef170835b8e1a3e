/* The patterns against real lines, and the way to the database. */
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/credentials/connection.h"
#include "backend/credentials/login.h"
#include "backend/doctor_look.h"
#include "backend/watch/log_query.h"

#define HOUR_MS (60LL * 60 * 1000)
#define PAGES_MAX 8 /* of ten thousand lines: enough to know the patterns by */
#define PATTERN_MAX 1100

struct lines {
    uint64_t all, platform, unmatched, of[EVENT_KINDS];
    int64_t fetched_ms; /* the newest fetch; -1 */
    bool more;          /* the hour has more than was read */
};

static void count(struct lines *n, const struct classifier *c, const struct log_page *page)
{
    for (size_t i = 0; i < page->n; i++) {
        struct line line;
        classify(c, page->events[i].message, &line);
        n->all++;
        if (line.kind == LINE_EVENT)
            n->of[line.event]++;
        else if (line.kind == LINE_OTHER)
            n->unmatched++;
        else
            n->platform++;
        if (line.kind == LINE_EVENT && line.event == EVENT_FETCH && page->events[i].time_ms > n->fetched_ms)
            n->fetched_ms = page->events[i].time_ms;
    }
}

/* From `from_ms` on; a pattern NULL reads everything. */
static enum err read_lines(struct look *l, const char *group, int64_t from_ms, const char *pattern, struct lines *out,
                           struct why *why)
{
    struct log_reader r = {l->aws, l->target, l->w->conf->call_deadline_ms, l->w->cancel};
    struct log_query q = {.group = group, .from_ms = from_ms, .to_ms = -1, .pattern = pattern};
    struct log_page page;
    char *token = NULL;
    int64_t date_ms;
    enum err err = ERR_OK;
    *out = (struct lines){.fetched_ms = -1};
    log_page_init(&page);
    for (int i = 0; i < PAGES_MAX && err == ERR_OK && (i == 0 || token != NULL); i++) {
        err = log_query_page(&r, &q, &token, &page, &date_ms, why);
        if (err == ERR_OK)
            count(out, l->w->classifiers[l->env], &page);
    }
    out->more = token != NULL;
    free(token);
    log_page_clear(&page);
    return err;
}

static void put_counts(const struct lines *n, struct strbuf *out)
{
    strbuf_fmt(out, "%llu lines of the last hour%s: ", (unsigned long long)n->all,
               n->more ? " (its beginning; there are more)" : "");
    for (int k = 0; k < EVENT_KINDS; k++)
        if (n->of[k] > 0)
            strbuf_fmt(out, "%llu %s, ", (unsigned long long)n->of[k], event_name((enum event_kind)k));
    strbuf_fmt(out, "%llu of the platform, %llu match no pattern", (unsigned long long)n->platform,
               (unsigned long long)n->unmatched);
}

/* No fetch in the last hour is nothing odd, as containers live long; none in a day is. */
static void look_for_fetch(struct look *l, const char *group, const struct lines *hour, int64_t now_ms)
{
    const char *fetch = l->conf->patterns.fetch[0];
    struct lines day = {.fetched_ms = hour->fetched_ms};
    struct why why = {0};
    char pattern[PATTERN_MAX];
    if (day.fetched_ms < 0) {
        bool filtered =
            classifier_filter_pattern(l->w->classifiers[l->env], FILTER_CREDENTIALS, pattern, sizeof pattern);
        if (read_lines(l, group, now_ms - 24 * HOUR_MS, filtered ? pattern : NULL, &day, &why) != ERR_OK) {
            look_failed(l, FINDING_WARN, AWS_FILTER_LOG_EVENTS, &why, "whether there is a fetch line is not known");
            return;
        }
    }
    if (day.fetched_ms >= 0) {
        int64_t minutes = (now_ms - day.fetched_ms) / 60000;
        look_add(l, FINDING_OK, NULL, "%s: %s fetch line is %lld minutes old", group, hour->more ? "a" : "the last",
                 (long long)(minutes > 0 ? minutes : 0));
        return;
    }
    look_add(l, FINDING_WARN,
             "is the fetch worded otherwise (credtop events NAME --kind other)? then give [patterns] fetch = ...",
             "%s: no line of the last 24 hours matches fetch = %s", group, fetch != NULL ? fetch : "(none)");
}

void look_logs(struct look *l)
{
    int64_t now_ms = clock_wall_ms(l->w->clock);
    for (const char *const *group = l->conf->log_groups; *group != NULL; group++) {
        struct lines hour;
        struct why why = {0};
        struct strbuf text;
        if (read_lines(l, *group, now_ms - HOUR_MS, NULL, &hour, &why) != ERR_OK) {
            look_failed(l, FINDING_FAIL, AWS_FILTER_LOG_EVENTS, &why, *group);
            continue;
        }
        strbuf_init(&text, 400);
        put_counts(&hour, &text);
        if (hour.all > 0)
            look_add(l, FINDING_OK, NULL, "FilterLogEvents allowed; %s: %s", *group, strbuf_peek(&text));
        else
            look_add(l, FINDING_WARN, NULL, "FilterLogEvents allowed; %s: no line in the last hour", *group);
        strbuf_clear(&text);
        look_for_fetch(l, *group, &hour, now_ms);
    }
    if (l->conf->log_groups[0] == NULL && l->conf->mode == CONFIG_PRODUCTION)
        look_add(l, FINDING_WARN, "give function = NAME or log_group = NAME in the environment's section",
                 "no log group: fetches, hits and containers will not be known");
}

/* ---------------------------------------------------------------- database */

static const char *const nexts[PHASE_COUNT] = {
    [PHASE_CREDENTIALS] = "",
    [PHASE_RESOLVE] = "check the host's name (db_host overrides the secret's), and the name server of this machine",
    [PHASE_CONNECT] = "check that this machine may reach it: security group, route, port",
    [PHASE_TLS] = "give the authority's certificate: db_sslrootcert = FILE (RDS: its global bundle)",
    [PHASE_AUTH] = "credtop test NAME says which version of the secret the database takes",
    [PHASE_QUERY] = "the login works, and asking the server about itself does not",
};

static void tell_login(struct look *l, const struct db_params *p, const struct login_result *r)
{
    char line[320];
    unsigned port = p->port != 0 ? p->port : 5432;
    const char *mode = p->sslmode[0] != '\0' ? p->sslmode : "verify-full";
    if (!r->ok)
        look_add(l, FINDING_FAIL, nexts[r->failed], "database %s:%u, %s: %s", p->host, port, db_phase_word(r->failed),
                 r->why.text[0] != '\0' ? r->why.text : why_line(&r->why, line, sizeof line));
    else if (l->w->audit)
        look_add(l, FINDING_OK, NULL, "database %s:%u reachable, %s (%s); audit mode does not log in", p->host, port,
                 r->tls_protocol[0] != '\0' ? r->tls_protocol : "no TLS", mode);
    else
        look_add(l, FINDING_OK, NULL, "login as \"%s\" at %s:%u, %s (%s), PostgreSQL %d, %d ms", r->current_user,
                 p->host, port, r->tls_protocol[0] != '\0' ? r->tls_protocol : "no TLS", mode,
                 r->server_version / 10000, r->total_us / 1000);
    if (r->ok && r->superuser)
        look_add(l, FINDING_WARN, "give the application a role of its own", "\"%s\" is a superuser", r->current_user);
}

void look_database(struct look *l, bool answers)
{
    struct db_params p = {0};
    struct login_result r;
    struct why why = {0};
    enum err err = ERR_OK;
    if (l->conf->mode == CONFIG_DEVELOPMENT)
        err = connection_of_file(l->conf, &p, &why);
    else if (!l->w->audit && answers)
        err = connection_of_stage(l->conf, l->aws, &l->target, "AWSCURRENT", l->w->conf->call_deadline_ms, &p,
                                  l->w->cancel, &why);
    else
        connection_override(l->conf, &p);
    if (l->w->audit)
        p.password = secret_free(p.password);
    bool reach = l->w->audit || (l->conf->mode == CONFIG_PRODUCTION && !answers);
    if (err != ERR_OK && l->conf->mode == CONFIG_DEVELOPMENT) {
        look_add(l, FINDING_FAIL, "check the file: env_file in the environment's section", "%s", why.text);
    } else if (err != ERR_OK) {
        look_failed(l, FINDING_FAIL, AWS_GET_SECRET_VALUE, &why, "no login was tried");
    } else if (p.host[0] == '\0') {
        look_add(l, FINDING_NOTE, l->w->audit ? "db_host = NAME lets audit mode look at the database" : NULL,
                 "database not tried: its host stands in the secret");
    } else if (reach && !l->w->audit) {
        look_add(l, FINDING_NOTE, NULL, "database not tried: there are no credentials to log in with");
    } else {
        (reach ? login_reach : login_try)(&p, l->w->conf->login_deadline_ms, l->w->cancel, &r);
        tell_login(l, &p, &r);
    }
    db_params_clear(&p);
}
