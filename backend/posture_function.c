/* The function and the logs. */
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/posture_case.h"

#define FUNCTION_OLD_MS (24LL * 3600 * 1000) /* watched slowly: with a thousand, in hours */
#define ARN_RANDOM 7                         /* "-AbCdEf" */
#define HOUR_MS INT64_C(3600000)

/* ----------------------------------------------------------------- function */

static bool same(const char *a, const char *b)
{
    return b != NULL && b[0] != '\0' && strcmp(a, b) == 0;
}

/* By its name, its ARN, or that without the random characters at its end. */
static bool names_secret(const struct posture_case *c, const char *value)
{
    const struct secret_snap *s = c->v->secret;
    if (same(value, c->v->conf->secret))
        return true;
    if (s == NULL)
        return false;
    size_t n = strlen(s->arn), m = strlen(value);
    return same(value, s->name) || same(value, s->arn) ||
           (n > ARN_RANDOM && m == n - ARN_RANDOM && strncmp(value, s->arn, m) == 0);
}

static void judge_setup(struct posture_case *c, const struct function_snap *f)
{
    const struct function_setup *u = &f->setup;
    int64_t seen = f->snap.good_wall_ms;
    char day[16] = "?";
    if (u->modified_ms != TIME_UNKNOWN)
        (void)posture_day(u->modified_ms, day);
    if (strcmp(u->update, "Failed") == 0 || strcmp(u->state, "Failed") == 0)
        posture_tell(c, POSTURE_FUNCTION, POSTURE_FAIL, seen, "state %s, last update %s (%s)", u->state, u->update,
                     day);
    else if (strcmp(u->update, "InProgress") == 0 || strcmp(u->state, "Pending") == 0)
        posture_tell(c, POSTURE_FUNCTION, POSTURE_UNKNOWN, seen, "an update is in progress");
    else
        posture_tell(c, POSTURE_FUNCTION, POSTURE_PASS, seen, "%s%s%s, modified %s%s%s",
                     u->state[0] != '\0' ? u->state : "there", u->runtime[0] != '\0' ? ", " : "", u->runtime, day,
                     u->code[0] != '\0' ? ", code " : "", u->code);
}

static void judge_variables(struct posture_case *c, const struct function_snap *f)
{
    int64_t seen = f->snap.good_wall_ms;
    const char *mode = function_value(f, FUNCTION_NODE_ENV), *name = function_value(f, FUNCTION_DB_SECRET_NAME);
    if (mode == NULL)
        posture_tell(c, POSTURE_NODE_ENV, POSTURE_FAIL, seen, "NODE_ENV is not set");
    else
        posture_tell(c, POSTURE_NODE_ENV, strcmp(mode, "production") == 0 ? POSTURE_PASS : POSTURE_FAIL, seen,
                     "NODE_ENV is \"%.60s\"", mode);
    if (name == NULL)
        posture_tell(c, POSTURE_SECRET_NAME, POSTURE_FAIL, seen, "DB_SECRET_NAME is not set");
    else if (names_secret(c, name))
        posture_tell(c, POSTURE_SECRET_NAME, POSTURE_PASS, seen, "it names %.160s", name);
    else
        posture_tell(c, POSTURE_SECRET_NAME, POSTURE_FAIL, seen, "it names \"%.100s\", not %.100s", name,
                     c->v->conf->secret);
    if (f->setup.passwords != 0)
        posture_tell(c, POSTURE_PLAIN, POSTURE_FAIL, seen, "in plain sight: %s", f->text + f->setup.passwords);
    else if (f->setup.secrets != 0)
        posture_tell(c, POSTURE_PLAIN, POSTURE_WARN, seen,
                     "no database password, but what looks like other secrets: %s", f->text + f->setup.secrets);
    else
        posture_tell(c, POSTURE_PLAIN, POSTURE_PASS, seen, "none among its %u variables", f->setup.nvariables);
}

/* Alternating users: app and app_clone are the two halves of one. */
static bool same_user(const char *a, const char *b)
{
    static const char clone[] = "_clone";
    size_t n = strlen(a), m = strlen(b), k = sizeof clone - 1;
    size_t short_ = n < m ? n : m;
    const char *longer = n < m ? b : a;
    return strncmp(a, b, short_) == 0 && (n == m || (n + m == 2 * short_ + k && strcmp(longer + short_, clone) == 0));
}

/* Against what the login here went to; without one, that they are there. */
static void judge_target(struct posture_case *c, const struct function_snap *f)
{
    const struct db_snap *d = c->v->db;
    bool known = d != NULL && d->host[0] != '\0';
    char port[8] = "", missing[80] = "", other[200] = "";
    if (known)
        (void)str_fmt(port, sizeof port, "%u", d->port);
    const char *ours[FUNCTION_VARIABLES] = {[FUNCTION_DB_HOST] = known ? d->host : "",
                                            [FUNCTION_DB_PORT] = port,
                                            [FUNCTION_DB_NAME] = known ? d->dbname : "",
                                            [FUNCTION_DB_USER] = known ? d->user : ""};
    for (int i = FUNCTION_DB_HOST; i <= FUNCTION_DB_USER; i++) {
        enum function_variable v = (enum function_variable)i;
        const char *value = function_value(f, v), *name = function_variable_name(v);
        size_t n = strlen(missing), m = strlen(other);
        if (value == NULL || value[0] == '\0')
            (void)str_fmt(missing + n, sizeof missing - n, "%s%s", n > 0 ? ", " : "", name);
        else if (ours[v][0] != '\0' && strcmp(value, ours[v]) != 0 &&
                 !(v == FUNCTION_DB_USER && same_user(value, ours[v])))
            (void)str_fmt(other + m, sizeof other - m, "%s%s is %.60s, here %.60s", m > 0 ? "; " : "", name, value,
                          ours[v]);
    }
    enum posture_result bad = posture_severity(POSTURE_TARGET);
    if (missing[0] != '\0' || other[0] != '\0')
        posture_tell(c, POSTURE_TARGET, bad, f->snap.good_wall_ms, "%s%s%s%s", missing[0] != '\0' ? "not set: " : "",
                     missing, missing[0] != '\0' && other[0] != '\0' ? "; " : "", other);
    else if (!known)
        posture_tell(c, POSTURE_TARGET, POSTURE_UNKNOWN, f->snap.good_wall_ms,
                     "all four are set; credtop has no login yet to hold them against");
    else
        posture_tell(c, POSTURE_TARGET, POSTURE_PASS, f->snap.good_wall_ms, "%s:%s/%s as %s, as here", d->host, port,
                     d->dbname, function_value(f, FUNCTION_DB_USER));
}

/* Lives that began after the deployment, with what they did. */
struct newcomers {
    size_t called, fetched;
    int64_t last_fetch_ms;
};

static struct newcomers newcomers_since(const struct log_snap *l, int64_t since_ms)
{
    struct newcomers n = {.last_fetch_ms = TIME_UNKNOWN};
    for (size_t i = 0; i < l->ncontainers; i++) {
        const struct container_row *r = &l->containers[i];
        if (r->fetched_ms >= since_ms && r->fetched_ms > n.last_fetch_ms)
            n.last_fetch_ms = r->fetched_ms;
        n.fetched += r->fetched_ms >= since_ms;
        n.called += r->started_ms >= since_ms && r->invocations > 0;
    }
    if (l->last_fetch_ms >= since_ms && l->last_fetch_ms > n.last_fetch_ms) {
        n.last_fetch_ms = l->last_fetch_ms; /* of a container that was forgotten */
        n.fetched += n.fetched == 0;
    }
    return n;
}

static void judge_deployed(struct posture_case *c, const struct function_snap *f)
{
    const struct log_snap *l = c->v->logs;
    int64_t since = f->setup.modified_ms, seen = f->snap.good_wall_ms;
    char day[16], age[24];
    if (c->v->conf->log_groups == NULL || c->v->conf->log_groups[0] == NULL) {
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_NOT_APPLICABLE, seen, "no log group is configured");
        return;
    }
    if (l == NULL || l->snap.good_wall_ms == TIME_UNKNOWN) {
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_UNKNOWN, seen, "the logs have not been read yet");
        return;
    }
    if (since == TIME_UNKNOWN) {
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_UNKNOWN, seen, "Lambda does not say when it was modified");
        return;
    }
    struct newcomers n = newcomers_since(l, since);
    seen = l->snap.good_wall_ms;
    (void)posture_day(since, day);
    (void)posture_days(c->b->wall_ms - since, age);
    if (n.fetched > 0) {
        char last[24];
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_PASS, seen, "modified %s, %s ago; last fetch %s ago", day, age,
                     posture_days(c->b->wall_ms - n.last_fetch_ms, last));
    } else if (l->backfilling) {
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_UNKNOWN, seen, "the logs' past is still being read");
    } else if (n.called > 0) {
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_FAIL, seen,
                     "modified %s, %s ago: %zu container%s begun and called since, and none has fetched", day, age,
                     n.called, n.called == 1 ? "" : "s");
    } else {
        posture_tell(c, POSTURE_DEPLOYED, POSTURE_UNKNOWN, seen,
                     "modified %s, %s ago: no container that began since was seen in the logs", day, age);
    }
}

static bool is_read(const struct posture_case *c, const char *group)
{
    for (size_t i = 0; c->v->conf->log_groups != NULL && c->v->conf->log_groups[i] != NULL; i++)
        if (strcmp(c->v->conf->log_groups[i], group) == 0)
            return true;
    return false;
}

static void judge_lines(struct posture_case *c, const struct function_snap *f)
{
    const struct function_setup *u = &f->setup;
    const char *group = u->log_group != 0 ? f->text + u->log_group : NULL;
    bool application =
        strcmp(u->app_level, "WARN") == 0 || strcmp(u->app_level, "ERROR") == 0 || strcmp(u->app_level, "FATAL") == 0;
    int64_t seen = f->snap.good_wall_ms;
    if (c->v->conf->log_groups == NULL || c->v->conf->log_groups[0] == NULL)
        posture_tell(c, POSTURE_LINES, POSTURE_WARN, seen, "no log group is configured");
    else if (group != NULL && !is_read(c, group))
        posture_tell(c, POSTURE_LINES, POSTURE_WARN, seen, "it writes to %.120s, which is not read here", group);
    else if (application)
        posture_tell(c, POSTURE_LINES, POSTURE_WARN, seen, "ApplicationLogLevel is %s: the fetch line is not written",
                     u->app_level);
    else if (strcmp(u->system_level, "WARN") == 0)
        posture_tell(c, POSTURE_LINES, POSTURE_WARN, seen,
                     "SystemLogLevel is WARN: ends of invocations are not written");
    else
        posture_tell(c, POSTURE_LINES, POSTURE_PASS, seen, "%.160s", group != NULL ? group : c->v->conf->log_groups[0]);
}

void posture_of_function(struct posture_case *c)
{
    const struct function_snap *f = c->v->function;
    if (c->v->conf->function == NULL) {
        posture_tell_all(c, POSTURE_FUNCTION, POSTURE_LINES, POSTURE_NOT_APPLICABLE,
                         "the configuration names no function for it");
        return;
    }
    if (f == NULL) {
        posture_tell_all(c, POSTURE_FUNCTION, POSTURE_LINES, POSTURE_UNKNOWN, "not looked at yet");
        return;
    }
    if (f->barred) {
        posture_tell_all(c, POSTURE_FUNCTION, POSTURE_LINES, POSTURE_UNKNOWN,
                         "audit mode reads no function's configuration, unless the system's configuration says "
                         "audit_function_names = yes");
        for (enum posture_check i = POSTURE_FUNCTION; i <= POSTURE_LINES; i++)
            c->out->of[i].barred = true;
        return;
    }
    if (f->snap.why.code == ERR_NOT_FOUND) {
        posture_tell(c, POSTURE_FUNCTION, POSTURE_FAIL, c->b->wall_ms, "%s does not exist in this account and region",
                     c->v->conf->function);
        posture_tell_all(c, POSTURE_FUNCTION, POSTURE_LINES, POSTURE_NOT_APPLICABLE, "there is no function");
        return;
    }
    if (posture_silent(c, &f->snap, FUNCTION_OLD_MS, "Lambda", POSTURE_FUNCTION, POSTURE_LINES))
        return;
    judge_setup(c, f);
    if (f->setup.hidden)
        posture_tell_all(c, POSTURE_NODE_ENV, POSTURE_PLAIN, POSTURE_UNKNOWN,
                         "Lambda does not show the variables: their key cannot be used");
    judge_variables(c, f);
    judge_target(c, f);
    judge_deployed(c, f);
    judge_lines(c, f);
}

/* --------------------------------------------------------------------- logs */

/* The group that is kept longest says it all: never ending first. */
static void judge_retention(struct posture_case *c)
{
    const struct function_snap *f = c->v->function;
    const char *const *groups = c->v->conf->log_groups, *endless = NULL, *missing = NULL, *unknown = NULL;
    int32_t most = 0;
    size_t n = 0;
    if (f == NULL) {
        posture_tell(c, POSTURE_RETENTION, POSTURE_UNKNOWN, TIME_UNKNOWN, "not looked at yet");
        return;
    }
    for (; groups[n] != NULL && n < FUNCTION_GROUPS; n++) {
        int32_t days = f->group_days[n];
        endless = endless == NULL && days == GROUP_NEVER_ENDS ? groups[n] : endless;
        missing = missing == NULL && days == GROUP_MISSING ? groups[n] : missing;
        unknown = unknown == NULL && days == GROUP_UNKNOWN ? groups[n] : unknown;
        most = days > most ? days : most;
    }
    int64_t seen = f->groups_wall_ms;
    if (endless != NULL)
        posture_tell(c, POSTURE_RETENTION, POSTURE_WARN, seen, "%.120s keeps its lines for ever", endless);
    else if (unknown != NULL)
        posture_tell(c, POSTURE_RETENTION, POSTURE_UNKNOWN, seen, "%.100s: %s", unknown,
                     f->group_why[0] != '\0' ? f->group_why : "not looked at yet");
    else if (missing != NULL)
        posture_tell(c, POSTURE_RETENTION, POSTURE_UNKNOWN, seen, "%.120s does not exist (yet)", missing);
    else
        posture_tell(c, POSTURE_RETENTION, POSTURE_PASS, seen, "%d days%s", (int)most, n > 1 ? " at most" : "");
}

static void judge_fallback(struct posture_case *c, const struct log_snap *l)
{
    char from[24], last[24];
    uint64_t n = l->total[EVENT_FALLBACK];
    int64_t seen = l->snap.good_wall_ms;
    (void)posture_days(c->b->wall_ms - l->from_ms, from);
    if (n > 0)
        posture_tell(c, POSTURE_FALLBACK, POSTURE_FAIL, seen, "%llu in the last %s, the last %s ago",
                     (unsigned long long)n, from, posture_days(c->b->wall_ms - l->last_fallback_ms, last));
    else if (l->backfilling)
        posture_tell(c, POSTURE_FALLBACK, POSTURE_UNKNOWN, seen, "the logs' past is still being read");
    else
        posture_tell(c, POSTURE_FALLBACK, POSTURE_PASS, seen, "none in the last %s", from);
}

static void judge_containers(struct posture_case *c, const struct log_snap *l)
{
    int64_t seen = l->snap.good_wall_ms;
    if (l->poisoned > 0)
        posture_tell(c, POSTURE_POISONED, POSTURE_FAIL, seen, "%zu of %zu containers", l->poisoned, l->active);
    else if (l->backfilling)
        posture_tell(c, POSTURE_POISONED, POSTURE_UNKNOWN, seen, "the logs' past is still being read");
    else
        posture_tell(c, POSTURE_POISONED, POSTURE_PASS, seen, "none of %zu", l->active);
    if (l->stale > 0)
        posture_tell(c, POSTURE_STALE, POSTURE_WARN, seen, "%zu of %zu containers", l->stale, l->active);
    else if (l->backfilling || !l->label_known)
        posture_tell(c, POSTURE_STALE, POSTURE_UNKNOWN, seen, "%s",
                     l->backfilling ? "the logs' past is still being read" : "when AWSCURRENT moved is not known");
    else
        posture_tell(c, POSTURE_STALE, POSTURE_PASS, seen, "none of %zu", l->active);
    uint64_t fetches = log_count(l, EVENT_FETCH_ERROR, HOUR_MS, c->b->wall_ms);
    uint64_t database = log_count(l, EVENT_DB_ERROR, HOUR_MS, c->b->wall_ms);
    posture_tell(c, POSTURE_ERRORS,
                 fetches + database > 0 ? POSTURE_WARN
                 : l->backfilling       ? POSTURE_UNKNOWN
                                        : POSTURE_PASS,
                 seen, "%llu failed fetches, %llu database errors%s%.80s", (unsigned long long)fetches,
                 (unsigned long long)database, database > 0 && l->last_db_error[0] != '\0' ? "; the last: " : "",
                 database > 0 ? l->last_db_error : "");
}

void posture_of_logs(struct posture_case *c)
{
    const struct log_snap *l = c->v->logs;
    if (c->v->conf->log_groups == NULL || c->v->conf->log_groups[0] == NULL) {
        posture_tell_all(c, POSTURE_RETENTION, POSTURE_ERRORS, POSTURE_NOT_APPLICABLE, "no log group is configured");
        return;
    }
    judge_retention(c);
    if (l == NULL) {
        posture_tell_all(c, POSTURE_FALLBACK, POSTURE_ERRORS, POSTURE_UNKNOWN, "CloudWatch Logs has not answered yet");
        return;
    }
    if (posture_silent(c, &l->snap, c->b->conf->log_poll_ms, "CloudWatch Logs", POSTURE_FALLBACK, POSTURE_ERRORS))
        return;
    judge_fallback(c, l);
    judge_containers(c, l);
}
