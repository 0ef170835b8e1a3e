/* The story the screens are tested with: seven environments at 14:32:07Z on
 * 2026-09-03.  prod-eu was rotated at 14:21:52Z; legacy's password is refused; test
 * has a poisoned container; dr-eu's endpoint is silent; stage is overdue; prod-us
 * and dev are well.  Included by the tests that draw it. */
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/model.h"

#define FIX_MONO INT64_C(5000000)
#define FIX_SECOND INT64_C(1000)
#define FIX_MINUTE (60 * FIX_SECOND)
#define FIX_HOUR (60 * FIX_MINUTE)
#define FIX_DAY (24 * FIX_HOUR)

enum { FIX_DEV, FIX_TEST, FIX_STAGE, FIX_PROD_EU, FIX_PROD_US, FIX_DR_EU, FIX_LEGACY, FIX_N };

static const char *const fix_no_groups[] = {NULL}, *const fix_groups[] = {"/aws/lambda/app", NULL};

static const struct config_environment fix_environments[FIX_N] = {
    [FIX_DEV] = {.name = "dev", .log_groups = fix_no_groups, .mode = CONFIG_DEVELOPMENT, .env_file = "/srv/app/.env"},
    [FIX_TEST] = {.name = "test", .log_groups = fix_groups, .function = "app-test", .mode = CONFIG_PRODUCTION, .secret = "app/test/pg"},
    [FIX_STAGE] = {.name = "stage", .log_groups = fix_groups, .function = "app-stage", .mode = CONFIG_PRODUCTION, .secret = "app/stage/pg"},
    [FIX_PROD_EU] = {.name = "prod-eu", .log_groups = fix_groups, .function = "app-prod-eu", .mode = CONFIG_PRODUCTION, .protect = true, .secret = "app/prod-eu/pg"},
    [FIX_PROD_US] = {.name = "prod-us", .log_groups = fix_groups, .function = "app-prod-us", .mode = CONFIG_PRODUCTION, .protect = true, .secret = "app/prod-us/pg"},
    [FIX_DR_EU] = {.name = "dr-eu", .log_groups = fix_groups, .function = "app-dr-eu", .mode = CONFIG_PRODUCTION, .protect = true, .secret = "app/dr-eu/pg"},
    [FIX_LEGACY] = {.name = "legacy", .log_groups = fix_groups, .function = "app-legacy", .mode = CONFIG_PRODUCTION, .secret = "app/legacy/pg"},
};

static const struct config fix_config = {
    .path = "/etc/credtop/credtop.conf",
    .secret_poll_ms = 30 * FIX_SECOND,
    .log_poll_ms = 5 * FIX_SECOND,
    .database_poll_ms = 30 * FIX_SECOND,
    .quota_percent = 50,
    .nenvironments = FIX_N,
    .environments = fix_environments,
};

static int64_t fix_at(const char *iso)
{
    int64_t ms = 0;
    int ok = clock_parse_iso(iso, strlen(iso), &ms);
    ASSERT(ok);
    return ms;
}

static int64_t fix_now(void)
{
    return fix_at("2026-09-03T14:32:07.900Z");
}

static void fix_free(struct snap *s)
{
    free(s);
}

static void *fix_snap(size_t size, int64_t age_ms)
{
    struct snap *s = mem_new(size);
    s->refs = 1;
    s->destroy = fix_free;
    s->generation = 1;
    s->good_mono_ms = age_ms < 0 ? -1 : FIX_MONO - age_ms;
    s->good_wall_ms = age_ms < 0 ? -1 : fix_now() - age_ms;
    s->tried_mono_ms = s->good_mono_ms;
    s->failing_since_wall_ms = -1;
    s->next_mono_ms = FIX_MONO + 1;
    return s;
}

static struct identity_snap *fix_identity(const char *region)
{
    struct identity_snap *id = fix_snap(sizeof(*id), 60 * FIX_SECOND);
    str_copy(id->account, sizeof(id->account), "111122223333");
    str_copy(id->arn, sizeof(id->arn), "arn:aws:sts::111122223333:assumed-role/ops-rotator/ana");
    str_copy(id->source, sizeof(id->source), "profile ops-admin (~/.aws/credentials)");
    str_copy(id->region, sizeof(id->region), region);
    id->expires_ms = -1;
    return id;
}

/* ------------------------------------------------------------- secrets */

static void fix_version(struct secret_snap *s, const char *id, unsigned labels, const char *created)
{
    struct version_row *v = &s->versions[s->nversions++];
    str_fmt(v->id, sizeof(v->id), "%s-0000-4000-8000-000000000000", id);
    v->labels = labels;
    v->created_ms = fix_at(created);
    if (labels & LABEL_CURRENT)
        str_copy(s->current_id, sizeof(s->current_id), v->id);
    if (labels & LABEL_PENDING)
        str_copy(s->pending_id, sizeof(s->pending_id), v->id);
    if (labels & LABEL_PREVIOUS)
        str_copy(s->previous_id, sizeof(s->previous_id), v->id);
}

static struct secret_snap *fix_secret(const char *name, int64_t age_ms, int64_t since_ms, int64_t next_ms)
{
    struct secret_snap *s = fix_snap(sizeof(*s), age_ms);
    str_copy(s->name, sizeof(s->name), name);
    str_fmt(s->arn, sizeof(s->arn), "arn:aws:secretsmanager:eu-central-1:111122223333:secret:%s-AbCdEf", name);
    str_copy(s->tags, sizeof(s->tags), strstr(name, "prod") ? "stage=prod\nteam=payments\n" : "team=platform\n");
    s->rotation = next_ms < 0 ? TRI_NO : TRI_YES;
    if (next_ms >= 0) {
        str_copy(s->rotation_rule, sizeof(s->rotation_rule), "every 30d");
        str_copy(s->rotation_function, sizeof(s->rotation_function),
                 "arn:aws:lambda:eu-central-1:111122223333:function:rotate-app-pg");
    }
    s->created_ms = s->last_changed_ms = s->deleted_ms = s->pending_since_ms = -1;
    s->last_rotated_ms = s->current_since_ms = since_ms;
    s->next_rotation_ms = next_ms;
    s->current_since_exact = true;
    return s;
}

/* ---------------------------------------------------------------- logs */

struct fix_logs {
    struct log_snap snap;
    struct container_row boxes[8];
    struct event_chunk chunk;
    struct event_chunk *chunks[1];
    struct event_row rows[32];
};

static struct fix_logs *fix_logs(int64_t age_ms)
{
    struct fix_logs *l = fix_snap(sizeof(*l), age_ms);
    struct log_snap *s = &l->snap;
    s->series_end_ms = (fix_now() - age_ms) / SERIES_STEP_MS * SERIES_STEP_MS + SERIES_STEP_MS;
    s->day_end_ms = (fix_now() - age_ms) / DAY_STEP_MS * DAY_STEP_MS + DAY_STEP_MS;
    s->from_ms = fix_now() - FIX_HOUR;
    s->upto_ms = fix_now() - age_ms;
    s->newest_event_ms = s->upto_ms;
    s->first_fetch_ms = s->last_fetch_ms = s->last_fallback_ms = s->last_db_error_ms = -1;
    s->containers = l->boxes;
    s->label_known = true;
    l->chunk.rows = l->rows;
    l->chunks[0] = &l->chunk;
    s->chunks = l->chunks;
    s->nchunks = 1;
    return l;
}

/* `each` in every `gap` steps of the last `steps`, newest first. */
static void fix_series(struct fix_logs *l, enum event_kind kind, int steps, int gap, uint32_t each)
{
    for (int i = 0; i < steps && i < SERIES_STEPS; i += gap) {
        uint32_t here = each + (uint32_t)(i * 7 % 5 == 0 && each > 4 ? 3 : 0);
        l->snap.series[kind][SERIES_STEPS - 1 - i] += here;
        if (day_kind(kind) != DAY_KINDS)
            l->snap.day[day_kind(kind)][DAY_STEPS - 1 - i / 30] += here;
        l->snap.total[kind] += each;
    }
}

static struct container_row *fix_box(struct fix_logs *l, enum container_state state, const char *stream,
                                     const char *started, const char *last, uint32_t hits)
{
    struct container_row *c = &l->boxes[l->snap.ncontainers++];
    c->key = (uint32_t)l->snap.ncontainers;
    str_fmt(c->stream, sizeof(c->stream), "2026/09/03/[$LATEST]%s", stream);
    c->state = state;
    c->started_ms = fix_at(started);
    c->fetched_ms = c->started_ms + 1000;
    c->last_ms = fix_at(last);
    c->fell_back_ms = -1;
    c->hits = c->invocations = hits;
    c->fetches = c->cold_starts = 1;
    l->snap.active += state != CONTAINER_SILENT ? 1 : 0;
    l->snap.current += state == CONTAINER_CURRENT ? 1 : 0;
    l->snap.stale += state == CONTAINER_STALE ? 1 : 0;
    l->snap.poisoned += state == CONTAINER_POISONED ? 1 : 0;
    l->snap.silent += state == CONTAINER_SILENT ? 1 : 0;
    return c;
}

static void fix_holds(struct container_row *c, const char *id)
{
    str_fmt(c->holds, sizeof(c->holds), "%s-0000-4000-8000-000000000000", id);
}

static void fix_event(struct fix_logs *l, const char *time, enum event_kind kind, unsigned flags, uint32_t box,
                      const char *text)
{
    struct event_row *r = &l->rows[l->chunk.nrows++];
    r->time_ms = fix_at(time);
    r->ingested_ms = r->time_ms + (flags & EVENT_LATE ? 51 * FIX_SECOND : 661);
    r->kind = kind;
    r->flags = flags;
    r->container = box;
    const char *stream = box > 0 ? strrchr(l->boxes[box - 1].stream, ']') : NULL;
    str_copy(r->stream, sizeof(r->stream), stream ? stream + 1 : "-");
    if (box > 0)
        (void)str_copy_n(r->holds, sizeof(r->holds), l->boxes[box - 1].holds, strnlen(l->boxes[box - 1].holds, 8));
    str_copy(r->request, sizeof(r->request), "b1c0f7e2-77aa-4b7c-9d55-7d10b0d7f6c1");
    r->text = text;
    l->snap.late += flags & EVENT_LATE ? 1 : 0;
}

/* ------------------------------------------------------------ database */

static struct db_snap *fix_db(int64_t age_ms, const char *host, const char *user, int32_t ms)
{
    struct db_snap *d = fix_snap(sizeof(*d), age_ms);
    d->result = DB_LOGIN_OK;
    for (int p = 0; p < PHASE_COUNT; p++)
        d->phase_us[p] = ms * 1000 / PHASE_COUNT;
    d->total_us = ms * 1000;
    str_copy(d->host, sizeof(d->host), host);
    str_copy(d->user, sizeof(d->user), user);
    str_copy(d->dbname, sizeof(d->dbname), "app");
    str_copy(d->address, sizeof(d->address), "10.4.1.20");
    str_copy(d->tls_protocol, sizeof(d->tls_protocol), "TLSv1.3");
    str_copy(d->tls_cipher, sizeof(d->tls_cipher), "TLS_AES_256_GCM_SHA384");
    d->port = 5432;
    d->host_from = d->user_from = d->dbname_from = d->port_from = d->password_from = FROM_SECRET;
    d->server_version = 150018;
    str_copy(d->certificate.subject, sizeof(d->certificate.subject), host);
    str_copy(d->certificate.names, sizeof(d->certificate.names), host);
    str_copy(d->certificate.issuer, sizeof(d->certificate.issuer), "Example RDS CA");
    d->certificate.expires_ms = fix_now() + (ms == 2 ? 9 : 61) * FIX_DAY + FIX_HOUR;
    d->certificate.ca_expires_ms = -1;
    d->certificate.verified = ms != 1;
    str_copy(d->auth_method, sizeof(d->auth_method), "SCRAM-SHA-256");
    str_copy(d->password_encryption, sizeof(d->password_encryption), "scram-sha-256");
    d->used_connections = ms == 3 ? 388 : 41;
    d->max_connections = 400;
    d->valid_until_ms = -1;
    d->since_wall_ms = fix_now() - 2 * FIX_HOUR;
    for (d->nhistory = 0; d->nhistory < 40; d->nhistory++)
        d->history_us[d->nhistory] = (ms * 4 + (int32_t)(d->nhistory * 7 % 5)) * 250;
    d->history_us[11] = ms * 4000;
    return d;
}

/* ------------------------------------------------------------ function */

/* Deployed four hours ago; its texts stand behind it. */
static struct function_snap *fix_function(const char *env, const char *secret, const char *mode, const char *passwords,
                                          int32_t days)
{
    struct function_snap *f = fix_snap(sizeof(*f) + 512, 3 * FIX_MINUTE);
    char host[64];
    str_fmt(host, sizeof(host), "db-%s.cluster.example", env);
    const struct {
        uint16_t *place;
        const char *text;
    } texts[] = {{&f->setup.value[FUNCTION_NODE_ENV], mode},   {&f->setup.value[FUNCTION_DB_SECRET_NAME], secret},
                 {&f->setup.value[FUNCTION_DB_HOST], host},    {&f->setup.value[FUNCTION_DB_PORT], "5432"},
                 {&f->setup.value[FUNCTION_DB_NAME], "app"},   {&f->setup.value[FUNCTION_DB_USER], "app_rw"},
                 {&f->setup.passwords, passwords}};
    size_t at = 1;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (!texts[i].text)
            continue;
        *texts[i].place = (uint16_t)at;
        str_copy(f->text + at, 512 - at, texts[i].text);
        at += strlen(texts[i].text) + 1;
    }
    f->named = true;
    f->size = sizeof(*f) + 512;
    f->setup.modified_ms = fix_now() - 4 * FIX_HOUR;
    f->setup.nvariables = 8;
    str_copy(f->setup.state, sizeof(f->setup.state), "Active");
    str_copy(f->setup.runtime, sizeof(f->setup.runtime), "nodejs22.x");
    f->group_days[0] = days;
    f->groups_wall_ms = f->snap.good_wall_ms;
    return f;
}

/* -------------------------------------------------------- environments */

static void fix_dev(struct env_view *v)
{
    struct fix_logs *l = fix_logs(4 * FIX_SECOND);
    fix_box(l, CONTAINER_CURRENT, "77aa01c2", "2026-09-03T14:02:00Z", "2026-09-03T14:31:10Z", 5);
    fix_series(l, EVENT_HIT, 100, 20, 1);
    v->logs = &l->snap;
    v->db = fix_db(10 * FIX_SECOND, "localhost", "app", 1);
}

static void fix_test(struct env_view *v)
{
    struct secret_snap *s =
        fix_secret("app/test/pg", 12 * FIX_SECOND, fix_now() - 3 * FIX_DAY, fix_now() + 27 * FIX_DAY);
    fix_version(s, "0b7f61aa", LABEL_CURRENT, "2026-08-31T14:00:00Z");
    fix_version(s, "9910ce42", LABEL_PREVIOUS, "2026-08-01T14:00:00Z");
    struct fix_logs *l = fix_logs(3 * FIX_SECOND);
    struct container_row *c =
        fix_box(l, CONTAINER_POISONED, "ab1f02d9", "2026-09-03T13:58:05Z", "2026-09-03T14:31:48Z", 1);
    c->fell_back_ms = fix_at("2026-09-03T13:58:07Z");
    c->fallbacks = 1;
    str_copy(c->holds, sizeof(c->holds), "env");
    c->stale_hits = c->db_errors = 12;
    fix_series(l, EVENT_DB_ERROR, 66, 6, 1);
    fix_series(l, EVENT_FETCH, 68, 68, 1);
    l->snap.series[EVENT_FALLBACK][SERIES_STEPS - 68] = 1;
    fix_event(l, "2026-09-03T13:58:07.120Z", EVENT_FALLBACK, 0, 1, "Falling back to environment variables");
    fix_event(l, "2026-09-03T14:31:48.902Z", EVENT_STALE_HIT, EVENT_INFERRED, 1,
              "failed: SASL: client password must be a string");
    v->secret = s;
    v->logs = &l->snap;
    v->db = fix_db(12 * FIX_SECOND, "db-test.cluster.example", "app_rw", 2);
    v->function = fix_function("test", "app/test/pg", "production", "DB_PASSWORD", 30);
}

static void fix_stage(struct env_view *v)
{
    struct secret_snap *s =
        fix_secret("app/stage/pg", 11 * FIX_SECOND, fix_now() - 41 * FIX_DAY, fix_now() - 11 * FIX_DAY - FIX_HOUR);
    fix_version(s, "c01e88d4", LABEL_CURRENT, "2026-07-24T14:00:00Z");
    fix_version(s, "6d2b1f08", LABEL_PENDING, "2026-08-23T14:00:00Z");
    fix_version(s, "20e9fd77", LABEL_PREVIOUS, "2026-06-24T14:00:00Z");
    s->pending_since_ms = fix_at("2026-08-23T14:00:00Z");
    struct fix_logs *l = fix_logs(2 * FIX_SECOND);
    fix_box(l, CONTAINER_CURRENT, "b0b0aa17", "2026-09-03T12:02:00Z", "2026-09-03T14:31:49Z", 60);
    fix_box(l, CONTAINER_CURRENT, "c4c401fe", "2026-09-03T12:12:00Z", "2026-09-03T14:30:01Z", 28);
    fix_series(l, EVENT_HIT, 120, 3, 2);
    fix_series(l, EVENT_FETCH, 90, 60, 1);
    fix_event(l, "2026-09-03T14:31:49.310Z", EVENT_HIT, EVENT_INFERRED, 1, "12ms");
    v->secret = s;
    v->logs = &l->snap;
    v->db = fix_db(11 * FIX_SECOND, "db-stage.cluster.example", "app_rw", 2);
    v->function = fix_function("stage", "app/test/pg", "staging", NULL, GROUP_NEVER_ENDS);
}

static void fix_prod_eu(struct env_view *v)
{
    struct secret_snap *s = fix_secret("app/prod-eu/pg", 4 * FIX_SECOND, fix_at("2026-09-03T14:21:52Z"),
                                       fix_now() + 29 * FIX_DAY + 23 * FIX_HOUR);
    fix_version(s, "9f3c2a17", LABEL_CURRENT, "2026-09-03T14:21:40Z");
    fix_version(s, "71aa40be", LABEL_PREVIOUS, "2026-08-04T14:20:11Z");
    fix_version(s, "5be09f3d", 0, "2026-07-05T14:19:02Z");
    struct fix_logs *l = fix_logs(3 * FIX_SECOND);
    struct container_row *c =
        fix_box(l, CONTAINER_STALE, "5d19aa32", "2026-09-03T14:21:47Z", "2026-09-03T14:31:30Z", 0);
    c->in_doubt = true;
    c->stale_hits = c->db_errors = 14;
    fix_holds(c, "71aa40be");
    fix_box(l, CONTAINER_STALE, "0c4492d1", "2026-09-03T11:02:10Z", "2026-09-03T14:32:01Z", 267)->stale_hits = 21;
    fix_box(l, CONTAINER_CURRENT, "a91c5e02", "2026-09-03T14:22:05Z", "2026-09-03T14:32:05Z", 402);
    fix_box(l, CONTAINER_CURRENT, "e8d1b7f4", "2026-09-03T14:23:18Z", "2026-09-03T14:31:58Z", 190);
    fix_box(l, CONTAINER_CURRENT, "20ba44c9", "2026-09-03T14:22:03Z", "2026-09-03T14:31:44Z", 77);
    fix_box(l, CONTAINER_CURRENT, "7f00c1c1", "2026-09-03T14:24:03Z", "2026-09-03T14:31:14Z", 31);
    fix_box(l, CONTAINER_SILENT, "c2f7d330", "2026-09-03T13:55:01Z", "2026-09-03T14:20:02Z", 31);
    for (size_t i = 1; i < l->snap.ncontainers; i++)
        fix_holds(&l->boxes[i], i == 1 || i == 6 ? "71aa40be" : "9f3c2a17");
    fix_series(l, EVENT_HIT, 120, 1, 12);
    fix_series(l, EVENT_FETCH, 21, 5, 1);
    fix_series(l, EVENT_STALE_HIT, 20, 1, 2);
    fix_series(l, EVENT_DB_ERROR, 20, 2, 1);
    /* Read back to half past five: the hits of the morning. */
    l->snap.from_ms = fix_now() - 9 * FIX_HOUR;
    for (int i = 4; i < 36; i++)
        l->snap.day[DAY_HIT][DAY_STEPS - 1 - i] = (uint32_t)(360 - i * 7 + i % 4 * 20);
    l->snap.day[DAY_FETCH][DAY_STEPS - 22] = 2;
    l->snap.duplicates = 1118;
    l->snap.unparsed = 7;
    str_copy(l->snap.last_db_error, sizeof(l->snap.last_db_error), "28P01 password authentication failed");
    fix_event(l, "2026-09-03T14:21:48.207Z", EVENT_FETCH, 0, 1, "Fetching credentials from Secrets Manager");
    fix_event(l, "2026-09-03T14:22:04.610Z", EVENT_FETCH, 0, 5, "Fetching credentials from Secrets Manager");
    fix_event(l, "2026-09-03T14:30:52.377Z", EVENT_HIT, EVENT_INFERRED | EVENT_LATE, 4, "17ms");
    fix_event(l, "2026-09-03T14:31:30.402Z", EVENT_DB_ERROR, EVENT_STALE, 1,
              "28P01 password authentication failed for user \"app_rw\"\\n    at async connectToDatabase "
              "(/var/task/dbHelper.js:41:5)\\n    at async Runtime.handler (/var/task/index.js:12:3)");
    fix_event(l, "2026-09-03T14:31:44.118Z", EVENT_HIT, EVENT_INFERRED, 5, "15ms");
    fix_event(
        l, "2026-09-03T14:31:52.300Z", EVENT_OTHER, 0, 3,
        "warn: user sent \\x1b]52;c;cm0gLXJm\\x07 <U+202E>gpj.exe and r\xc3\xa9sum\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac");
    fix_event(l, "2026-09-03T14:31:58.021Z", EVENT_HIT, EVENT_INFERRED, 4, "17ms");
    fix_event(l, "2026-09-03T14:32:01.950Z", EVENT_STALE_HIT, EVENT_INFERRED, 2, "16ms");
    fix_event(l, "2026-09-03T14:32:05.700Z", EVENT_INVOCATION, 0, 3, "REPORT Duration: 18.00 ms");
    fix_event(l, "2026-09-03T14:32:05.812Z", EVENT_HIT, EVENT_INFERRED, 3, "18ms");
    v->secret = s;
    v->logs = &l->snap;
    v->db = fix_db(7 * FIX_SECOND, "db-prod-eu.cluster.example", "app_rw", 3);
    v->function = fix_function("prod-eu", "app/prod-eu/pg", "production", NULL, 90);
}

static void fix_prod_us(struct env_view *v)
{
    struct secret_snap *s =
        fix_secret("app/prod-us/pg", 9 * FIX_SECOND, fix_now() - 12 * FIX_DAY, fix_now() + 18 * FIX_DAY);
    fix_version(s, "51d07be2", LABEL_CURRENT, "2026-08-22T14:00:00Z");
    fix_version(s, "b3f00a91", LABEL_PREVIOUS, "2026-07-23T14:00:00Z");
    struct fix_logs *l = fix_logs(FIX_SECOND);
    for (int i = 0; i < 5; i++)
        fix_holds(fix_box(l, CONTAINER_CURRENT, "77d013be", "2026-09-03T12:02:00Z", "2026-09-03T14:32:05Z", 300),
                  "51d07be2");
    fix_series(l, EVENT_HIT, 120, 1, 13);
    fix_series(l, EVENT_FETCH, 4, 4, 1);
    fix_event(l, "2026-09-03T14:30:41.515Z", EVENT_FETCH, 0, 1, "Fetching credentials from Secrets Manager");
    fix_event(l, "2026-09-03T14:31:05.118Z", EVENT_HIT, EVENT_INFERRED, 1, "19ms");
    fix_event(l, "2026-09-03T14:32:05.104Z", EVENT_HIT, EVENT_INFERRED, 1, "21ms");
    v->secret = s;
    v->logs = &l->snap;
    v->db = fix_db(9 * FIX_SECOND, "db-prod-us.cluster.example", "app_rw", 90);
}

static void fix_fail(struct snap *s, enum err code, const char *text)
{
    s->failures = 12;
    s->tried_mono_ms = FIX_MONO - 8 * FIX_SECOND;
    s->failing_since_wall_ms = fix_at("2026-09-03T14:26:25Z");
    (void)why_set(&s->why, code, "%s", text);
    str_copy(s->why.call, sizeof(s->why.call), "DescribeSecret");
}

static void fix_dr_eu(struct env_view *v)
{
    int64_t age = 6 * FIX_MINUTE + 12 * FIX_SECOND;
    struct secret_snap *s = fix_secret("app/dr-eu/pg", age, fix_now() - 8 * FIX_DAY, fix_now() + 22 * FIX_DAY);
    fix_version(s, "e77d0913", LABEL_CURRENT, "2026-08-26T14:00:00Z");
    fix_version(s, "40b1c2e8", LABEL_PREVIOUS, "2026-07-27T14:00:00Z");
    fix_fail(&s->snap, ERR_TIMEOUT, "no answer from secretsmanager.eu-west-1.amazonaws.com in 10000 ms");
    struct fix_logs *l = fix_logs(age);
    fix_fail(&l->snap.snap, ERR_TIMEOUT, "no answer from logs.eu-west-1.amazonaws.com in 10000 ms");
    fix_box(l, CONTAINER_CURRENT, "dd01aa11", "2026-09-03T12:02:00Z", "2026-09-03T14:24:05Z", 31);
    fix_series(l, EVENT_HIT, 120, 4, 1);
    v->secret = s;
    v->logs = &l->snap;
    v->db = fix_db(age, "db-dr.cluster.example", "app_rw", 30);
}

static void fix_legacy(struct env_view *v)
{
    struct secret_snap *s = fix_secret("app/legacy/pg", 12 * FIX_SECOND, fix_now() - 91 * FIX_DAY, -1);
    fix_version(s, "c41f9a02", LABEL_CURRENT, "2026-06-04T14:00:00Z");
    struct fix_logs *l = fix_logs(3 * FIX_SECOND);
    fix_box(l, CONTAINER_CURRENT, "1f02ab44", "2026-09-03T11:02:00Z", "2026-09-03T14:32:03Z", 0)->db_errors = 4;
    fix_series(l, EVENT_DB_ERROR, 4, 1, 1);
    fix_event(l, "2026-09-03T14:32:03.440Z", EVENT_DB_ERROR, 0, 1,
              "28P01 password authentication failed for user \"app_rw\"");
    struct db_snap *d = fix_db(12 * FIX_SECOND, "db-legacy.cluster.example", "app_rw", 5);
    d->result = DB_LOGIN_FAILED;
    d->failed = PHASE_AUTH;
    d->phase_us[PHASE_QUERY] = -1;
    d->total_us = -1;
    d->since_wall_ms = fix_at("2026-09-03T14:30:12Z");
    for (size_t i = d->nhistory - 4; i < d->nhistory; i++)
        d->history_us[i] = -1;
    d->history_us[20] = -1;
    str_copy(d->sqlstate, sizeof(d->sqlstate), "28P01");
    (void)why_set(&d->result_why, ERR_DB_AUTH, "password authentication failed for user \"app_rw\"");
    d->snap.why = d->result_why;
    v->secret = s;
    v->logs = &l->snap;
    v->db = d;
}

static struct board *fix_board_of(size_t n)
{
    struct board *b = mem_new(sizeof(*b));
    b->conf = &fix_config;
    b->memory_locked = true;
    b->mono_ms = FIX_MONO;
    b->wall_ms = fix_now();
    b->n = n;
    b->envs = mem_array(n + 1, sizeof(*b->envs));
    for (size_t i = 0; i < n; i++)
        b->envs[i].conf = &fix_environments[i % FIX_N];
    return b;
}

/* Before the first answer: nothing was tried. */
static inline struct board *fix_board_empty(void)
{
    struct board *b = fix_board_of(FIX_N);
    for (size_t i = 0; i < b->n; i++) {
        struct fix_logs *l = fix_logs(0);
        l->snap.snap.good_mono_ms = l->snap.snap.tried_mono_ms = -1;
        l->snap.nchunks = 0;
        b->envs[i].logs = &l->snap;
        b->envs[i].db = fix_snap(sizeof(struct db_snap), -1);
        if (fix_environments[i].mode == CONFIG_DEVELOPMENT)
            continue;
        struct secret_snap *s = fix_secret(fix_environments[i].secret, -1, -1, -1);
        s->rotation = TRI_UNKNOWN;
        b->envs[i].secret = s;
        b->envs[i].identity = fix_snap(sizeof(struct identity_snap), -1);
    }
    return b;
}

static void fix_calls(struct board *b)
{
    static const struct call_row rows[] = {
        {"ListSecrets", 112, 1.12, 0.24},  {"DescribeSecret", 38, 0.38, 0.08}, {"GetSecretValue", 241, 2.41, 0.52},
        {"FilterLogEvents", 812, 8.12, 0}, {"GetCallerIdentity", 1, 0.01, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        b->calls[b->ncalls++] = rows[i];
        b->dollars_per_month += rows[i].dollars_per_month;
    }
}

/* How often each is asked: test is idle, the endpoint of dr-eu throttles. */
static void fix_periods(struct board *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct env_view *v = &b->envs[i];
        int64_t times = i == FIX_TEST ? 10 : 1;
        if (v->secret)
            ((struct secret_snap *)(uintptr_t)v->secret)->snap.period_ms = times * fix_config.secret_poll_ms;
        ((struct log_snap *)(uintptr_t)v->logs)->snap.period_ms = times * (fix_config.log_poll_ms + 120);
        ((struct db_snap *)(uintptr_t)v->db)->snap.period_ms = fix_config.database_poll_ms;
    }
}

static struct board *fix_board(void)
{
    static void (*const fill[FIX_N])(struct env_view *) = {
        [FIX_DEV] = fix_dev,         [FIX_TEST] = fix_test,   [FIX_STAGE] = fix_stage,   [FIX_PROD_EU] = fix_prod_eu,
        [FIX_PROD_US] = fix_prod_us, [FIX_DR_EU] = fix_dr_eu, [FIX_LEGACY] = fix_legacy,
    };
    struct board *b = fix_board_of(FIX_N);
    b->calls_per_minute = 12;
    b->calls_total = 1204;
    b->calls_throttled = 3;
    fix_calls(b);
    for (size_t i = 0; i < FIX_N; i++) {
        fill[i](&b->envs[i]);
        struct db_snap *d = (struct db_snap *)(uintptr_t)b->envs[i].db;
        if (b->envs[i].secret)
            str_copy(d->version_id, sizeof(d->version_id), b->envs[i].secret->current_id);
        if (i != FIX_DEV)
            b->envs[i].identity = fix_identity(i == FIX_DR_EU ? "eu-west-1" : "eu-central-1");
    }
    fix_periods(b);
    return b;
}

/* ------------------------------------------------------------ verdicts */

/* Fixed words, so that the screens are tested and not the judge. */
static const struct {
    enum env_state state;
    const char *since, *text;
} fix_causes[FIX_N] = {
    [FIX_DEV] = {STATE_OK, NULL, NULL},
    [FIX_TEST] = {STATE_POISONED, "2026-09-03T13:58:07Z",
                  "container ab1f02d9 fell back to environment variables (AccessDenied) and set its flag: all 12 calls "
                  "since failed; recycle it"},
    [FIX_STAGE] = {STATE_OVERDUE, "2026-08-23T13:32:07Z",
                   "rotation due 2026-08-23, 11d late; AWSPENDING 6d2b1f08 still attached: finish or remove it"},
    [FIX_PROD_EU] = {STATE_STALE, "2026-09-03T14:21:52Z",
                     "2 of 6 containers hold 71aa40be, replaced 14:21:52Z: they never fetch again, recycle them"},
    [FIX_PROD_US] = {STATE_OK, NULL, NULL},
    [FIX_DR_EU] = {STATE_UNKNOWN, "2026-09-03T14:26:25Z",
                   "no answer from secretsmanager.eu-west-1 for 6m12s (12 tries): values marked ~ are old"},
    [FIX_LEGACY] = {STATE_FAILED, "2026-09-03T14:30:12Z",
                    "28P01 for \"app_rw\": AWSCURRENT is refused by the database; rotation is off"},
};

static void fix_judge(const struct board *b, const struct env_view *v, struct verdict *out)
{
    size_t i = (size_t)(v->conf - fix_environments);
    *out = (struct verdict){.state = STATE_OK};
    (void)b;
    if (v->db && v->db->snap.tried_mono_ms < 0) {
        out->state = STATE_WAIT;
        return;
    }
    out->state = fix_causes[i].state;
    if (!fix_causes[i].text)
        return;
    out->ncauses = 1;
    out->causes[0].state = out->state;
    out->causes[0].since_ms = fix_at(fix_causes[i].since);
    str_copy(out->causes[0].text, sizeof(out->causes[0].text), fix_causes[i].text);
}
