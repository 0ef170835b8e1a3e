#include "backend/posture_case.h"

#include <stdarg.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define AGE_MOST_DAYS 90

/* ------------------------------------------------------------------- rows */

#define FAIL POSTURE_FAIL
#define WARN POSTURE_WARN
static const struct posture_row rows[POSTURE_CHECKS] = {
#define CHECK(id, subject, word, severity, title, why, mend)                                                           \
    [POSTURE_##id] = {#id, SUBJECT_##subject, word, title, why, mend, severity},
#include "backend/posture.def"
#undef CHECK
};
#undef FAIL
#undef WARN

const struct posture_row *posture_row(enum posture_check c)
{
    ASSERT((unsigned)c < POSTURE_CHECKS);
    return &rows[c];
}

const char *posture_mend(enum posture_check c, const char *env, char out[320])
{
    static const char place[] = "ENVIRONMENT";
    const char *mend = rows[c].mend, *at = strstr(mend, place);
    if (at == NULL)
        (void)str_copy(out, 320, mend);
    else
        (void)str_fmt(out, 320, "%.*s%s%s", (int)(at - mend), mend, env, at + sizeof place - 1);
    return out;
}

const char *posture_subject_word(enum posture_subject s)
{
    static const char *const words[] = {"secret", "function", "logs", "database"};
    return (unsigned)s < ARRAY_LEN(words) ? words[s] : "?";
}

static const struct {
    const char *mark, *name;
} results[] = {
    [POSTURE_NOT_APPLICABLE] = {"-", "not_applicable"},
    [POSTURE_PASS] = {"ok", "pass"},
    [POSTURE_UNKNOWN] = {"?", "unknown"},
    [POSTURE_WARN] = {"warn", "warn"},
    [POSTURE_FAIL] = {"FAIL", "fail"},
};

const char *posture_mark(enum posture_result r)
{
    return (unsigned)r < ARRAY_LEN(results) ? results[r].mark : "?";
}

const char *posture_name(enum posture_result r)
{
    return (unsigned)r < ARRAY_LEN(results) ? results[r].name : "unknown";
}

enum posture_result posture_severity(enum posture_check check)
{
    return rows[check].severity;
}

/* ---------------------------------------------------------------- telling */

void posture_tell(struct posture_case *c, enum posture_check check, enum posture_result r, int64_t seen_ms,
                  const char *fmt, ...)
{
    struct finding *f = &c->out->of[check];
    char text[1024]; /* longer than any finding: what is cut is cut between characters */
    if (f->found[0] != '\0')
        return;
    f->result = r;
    f->seen_ms = seen_ms;
    if (c->brief) {
        f->found[0] = '.'; /* it is told */
        return;
    }
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    (void)str_copy(f->found, sizeof f->found, text);
}

void posture_tell_all(struct posture_case *c, enum posture_check from, enum posture_check to, enum posture_result r,
                      const char *words)
{
    for (enum posture_check i = from; i <= to; i++)
        posture_tell(c, i, r, TIME_UNKNOWN, "%s", words);
}

const char *posture_day(int64_t wall_ms, char out[16])
{
    char iso[25];
    clock_iso(wall_ms, iso);
    (void)str_copy_n(out, 16, iso, 10);
    return out;
}

const char *posture_days(int64_t ms, char out[24])
{
    int64_t days = ms / DAY_MS, hours = ms / 3600000;
    if (days > 1)
        (void)str_fmt(out, 24, "%lld days", (long long)days);
    else if (hours > 1)
        (void)str_fmt(out, 24, "%lld hours", (long long)hours);
    else
        (void)str_fmt(out, 24, "%lld minutes", (long long)(ms > 0 ? ms / 60000 : 0));
    return out;
}

bool posture_silent(struct posture_case *c, const struct snap *s, int64_t period_ms, const char *what,
                    enum posture_check from, enum posture_check to)
{
    char line[260], words[400], at[25];
    if (s->good_mono_ms != TIME_UNKNOWN && !snap_is_old(s, period_ms, c->b->mono_ms))
        return false;
    if (c->brief) {
        posture_tell_all(c, from, to, POSTURE_UNKNOWN, "");
        return true;
    }
    if (s->good_mono_ms == TIME_UNKNOWN && s->why.code == ERR_OK)
        (void)str_fmt(words, sizeof words, "%s has not answered yet", what);
    else if (s->good_mono_ms == TIME_UNKNOWN)
        (void)str_fmt(words, sizeof words, "nothing known from %s: %s", what, why_line(&s->why, line, sizeof line));
    else {
        clock_iso(s->good_wall_ms, at);
        (void)str_fmt(words, sizeof words, "no answer from %s since %s%s%s", what, at,
                      s->why.code != ERR_OK ? ": " : "",
                      s->why.code != ERR_OK ? why_line(&s->why, line, sizeof line) : "");
    }
    posture_tell_all(c, from, to, POSTURE_UNKNOWN, words);
    return true;
}

/* ----------------------------------------------------------------- secret */

/* The days between two rotations; 0 when the rule does not say. */
static int64_t interval_ms(const struct secret_snap *s)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"day", DAY_MS}, {"hour", 3600000}, {"d", DAY_MS}};
    const char *p = s->rotation_rule + strcspn(s->rotation_rule, "0123456789");
    bool counted = strncmp(s->rotation_rule, "every ", 6) == 0 || strncmp(s->rotation_rule, "rate(", 5) == 0;
    size_t n = strspn(p, "0123456789");
    int64_t number;
    if (counted && n > 0 && str_to_i64(p, n, &number)) {
        p += n + strspn(p + n, " ");
        for (size_t i = 0; i < ARRAY_LEN(units); i++)
            if (strncmp(p, units[i].unit, strlen(units[i].unit)) == 0 && number < 100000)
                return number * units[i].ms;
    }
    return s->next_rotation_ms > s->last_rotated_ms && s->last_rotated_ms != TIME_UNKNOWN
               ? s->next_rotation_ms - s->last_rotated_ms
               : 0;
}

static void judge_rotation(struct posture_case *c, const struct secret_snap *s)
{
    int64_t now = c->b->wall_ms, seen = s->snap.good_wall_ms, every = interval_ms(s);
    char day[16], last[16], age[24];
    const char *function = strrchr(s->rotation_function, ':');
    if (s->rotation != TRI_YES) {
        posture_tell(c, POSTURE_ROTATION, POSTURE_WARN, seen, "rotation is off%s",
                     c->v->conf->rotation != NULL && strcmp(c->v->conf->rotation, "credtop") == 0
                         ? "; credtop rotates when it is told to"
                         : "");
        posture_tell_all(c, POSTURE_OVERDUE, POSTURE_INTERVAL, POSTURE_NOT_APPLICABLE, "rotation is off");
        return;
    }
    posture_tell(c, POSTURE_ROTATION, POSTURE_PASS, seen, "on%s%s%s%s", s->rotation_rule[0] != '\0' ? ", " : "",
                 s->rotation_rule, function != NULL ? " by " : "", function != NULL ? function + 1 : "");
    if (s->next_rotation_ms == TIME_UNKNOWN)
        posture_tell(c, POSTURE_OVERDUE, POSTURE_UNKNOWN, seen, "Secrets Manager tells no next date");
    else if (s->next_rotation_ms < now)
        posture_tell(c, POSTURE_OVERDUE, POSTURE_FAIL, seen, "was due %s, %s ago; last rotated %s",
                     posture_day(s->next_rotation_ms, day), posture_days(now - s->next_rotation_ms, age),
                     s->last_rotated_ms != TIME_UNKNOWN ? posture_day(s->last_rotated_ms, last) : "never");
    else
        posture_tell(c, POSTURE_OVERDUE, POSTURE_PASS, seen, "next %s; last rotated %s",
                     posture_day(s->next_rotation_ms, day),
                     s->last_rotated_ms != TIME_UNKNOWN ? posture_day(s->last_rotated_ms, last) : "never");
    if (every == 0)
        posture_tell(c, POSTURE_INTERVAL, POSTURE_UNKNOWN, seen, "how often is not told: %s",
                     s->rotation_rule[0] != '\0' ? s->rotation_rule : "no rule");
    else
        posture_tell(c, POSTURE_INTERVAL,
                     every > AGE_MOST_DAYS * DAY_MS || every < DAY_MS ? POSTURE_WARN : POSTURE_PASS, seen, "every %s%s",
                     posture_days(every, age), every < DAY_MS ? ": containers live for hours and fetch once" : "");
}

static void judge_age(struct posture_case *c, const struct secret_snap *s)
{
    char day[16], age[24];
    int64_t made = TIME_UNKNOWN, seen = s->snap.good_wall_ms;
    for (size_t i = 0; i < s->nversions; i++)
        if ((s->versions[i].labels & LABEL_CURRENT) != 0)
            made = s->versions[i].created_ms;
    if (made == TIME_UNKNOWN) /* the label cannot be older than what it is on, but younger */
        made = s->current_since_ms;
    if (made == TIME_UNKNOWN) {
        posture_tell(c, POSTURE_AGE, POSTURE_UNKNOWN, seen, "when AWSCURRENT's version was made is not known");
        return;
    }
    int64_t old = c->b->wall_ms - made;
    posture_tell(c, POSTURE_AGE, old > AGE_MOST_DAYS * DAY_MS ? POSTURE_WARN : POSTURE_PASS, seen,
                 "AWSCURRENT %.8s is of %s, %s old", s->current_id, posture_day(made, day), posture_days(old, age));
}

static void judge_owner(struct posture_case *c, const struct secret_snap *s)
{
    bool ours = c->v->conf->rotation != NULL && strcmp(c->v->conf->rotation, "credtop") == 0;
    enum posture_result r = ours ? POSTURE_WARN : POSTURE_PASS;
    const char *but = ours ? ", and rotation = credtop asks credtop to" : "";
    if (s->owning_service[0] != '\0')
        posture_tell(c, POSTURE_OWNER, r, s->snap.good_wall_ms, "%s manages it: nobody else may rotate it%s",
                     s->owning_service, but);
    else if (s->primary_region[0] != '\0')
        posture_tell(c, POSTURE_OWNER, r, s->snap.good_wall_ms, "a replica of %s: it is rotated there%s",
                     s->primary_region, but);
    else
        posture_tell(c, POSTURE_OWNER, POSTURE_PASS, s->snap.good_wall_ms, "its own owner, and no replica");
}

static void judge_pending(struct posture_case *c, const struct secret_snap *s)
{
    char age[24];
    int64_t seen = s->snap.good_wall_ms, since = s->pending_since_ms;
    if (since == TIME_UNKNOWN) {
        posture_tell(c, POSTURE_PENDING, POSTURE_PASS, seen, "AWSPENDING is on no other version");
        return;
    }
    int64_t old = c->b->wall_ms - since;
    bool stuck = old > c->b->conf->pending_stuck_ms;
    posture_tell(c, POSTURE_PENDING, stuck ? POSTURE_FAIL : POSTURE_PASS, seen,
                 stuck ? "AWSPENDING has been on %.8s for %s; AWSCURRENT is %.8s"
                       : "a rotation is in progress: AWSPENDING on %.8s for %s; AWSCURRENT is %.8s",
                 s->pending_id, posture_days(old, age), s->current_id);
}

/* The value is read by the database watch alone; what it made of it tells. */
static void judge_shape(struct posture_case *c)
{
    const struct db_snap *d = c->v->db;
    char line[260];
    if (c->b->audit) {
        posture_tell(c, POSTURE_SHAPE, POSTURE_UNKNOWN, TIME_UNKNOWN, "audit mode reads no secret");
        c->out->of[POSTURE_SHAPE].barred = true;
        return;
    }
    if (d == NULL || d->result == DB_NOT_TRIED) {
        posture_tell(c, POSTURE_SHAPE, POSTURE_UNKNOWN, TIME_UNKNOWN, "the value has not been read yet");
        return;
    }
    int64_t seen = d->snap.good_wall_ms;
    enum err code = d->result_why.code;
    if (d->result != DB_NO_CREDENTIALS && !d->fell_back)
        posture_tell(c, POSTURE_SHAPE, POSTURE_PASS, seen, "it gives a user and a password");
    else if (code == ERR_SECRET_SHAPE || code == ERR_SECRET_BINARY || code == ERR_NOT_FOUND || code == ERR_INVALID)
        posture_tell(c, POSTURE_SHAPE, POSTURE_FAIL, seen, "%s", why_line(&d->result_why, line, sizeof line));
    else
        posture_tell(c, POSTURE_SHAPE, POSTURE_UNKNOWN, seen, "the value cannot be read: %s",
                     why_line(&d->result_why, line, sizeof line));
}

void posture_of_secret(struct posture_case *c)
{
    const struct secret_snap *s = c->v->secret;
    char day[16];
    if (s == NULL) {
        posture_tell_all(c, POSTURE_SECRET, POSTURE_OWNER, POSTURE_UNKNOWN, "Secrets Manager has not answered yet");
        return;
    }
    if (s->snap.why.code == ERR_NOT_FOUND) {
        posture_tell(c, POSTURE_SECRET, POSTURE_FAIL, s->snap.tried_mono_ms >= 0 ? c->b->wall_ms : TIME_UNKNOWN,
                     "%s does not exist in this account and region", c->v->conf->secret);
        posture_tell_all(c, POSTURE_SHAPE, POSTURE_OWNER, POSTURE_NOT_APPLICABLE, "there is no secret");
        return;
    }
    judge_shape(c);
    if (posture_silent(c, &s->snap, c->b->conf->secret_poll_ms, "Secrets Manager", POSTURE_SECRET, POSTURE_OWNER))
        return;
    int64_t seen = s->snap.good_wall_ms;
    if (s->deleted_ms != TIME_UNKNOWN)
        posture_tell(c, POSTURE_SECRET, POSTURE_FAIL, seen, "scheduled for deletion since %s: no value can be read",
                     posture_day(s->deleted_ms, day));
    else if (s->current_id[0] == '\0')
        posture_tell(c, POSTURE_SECRET, POSTURE_FAIL, seen, "no version has the label AWSCURRENT");
    else
        posture_tell(c, POSTURE_SECRET, POSTURE_PASS, seen, "%s, AWSCURRENT is %.8s",
                     s->name[0] != '\0' ? s->name : c->v->conf->secret, s->current_id);
    judge_pending(c, s);
    judge_rotation(c, s);
    judge_age(c, s);
    judge_owner(c, s);
}

/* -------------------------------------------------------------- all of it */

static void judge(struct posture_case *c)
{
    *c->out = (struct posture){.barred = 0};
    if (c->v->conf->mode == CONFIG_DEVELOPMENT) {
        posture_tell_all(c, POSTURE_SECRET, POSTURE_ERRORS, POSTURE_NOT_APPLICABLE,
                         "a development environment: its password is in a .env file");
        posture_of_database(c);
    } else {
        posture_of_secret(c);
        posture_of_function(c);
        posture_of_logs(c);
        posture_of_database(c);
    }
    for (size_t i = 0; i < POSTURE_CHECKS; i++) {
        c->out->n[c->out->of[i].result]++;
        c->out->of[i].barred = c->out->of[i].barred && c->out->of[i].result == POSTURE_UNKNOWN;
        c->out->barred += c->out->of[i].barred;
    }
}

void posture_judge(const struct board *b, const struct env_view *v, struct posture *out)
{
    struct posture_case c = {.b = b, .v = v, .out = out};
    judge(&c);
}

void posture_results(const struct board *b, const struct env_view *v, uint8_t out[POSTURE_CHECKS])
{
    struct posture p;
    struct posture_case c = {.b = b, .v = v, .brief = true, .out = &p};
    judge(&c);
    for (size_t i = 0; i < POSTURE_CHECKS; i++)
        out[i] = (uint8_t)p.of[i].result;
}

int posture_exit_status(const struct posture *p)
{
    return p->n[POSTURE_FAIL] > 0 ? 2 : p->n[POSTURE_UNKNOWN] > p->barred ? 3 : p->n[POSTURE_WARN] > 0 ? 1 : 0;
}
