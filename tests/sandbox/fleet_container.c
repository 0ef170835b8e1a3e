#include "tests/sandbox/fleet_container.h"

#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/credentials/login.h"

#define MINUTE_MS INT64_C(60000)
#define FETCH_DEADLINE_MS 3000
#define LOGIN_DEADLINE_MS 2000
#define PAST_BATCH 300 /* events a POST */

#define OUTSIDE_REQUEST "undefined"

/* ------------------------------------------------------------------ life */

void fleet_container_init(struct fleet_container *c, const struct fleet_env_settings *env, struct fleet_world *world,
                          const int64_t *rotated_ms, int64_t next_mono_ms)
{
    *c = (struct fleet_container){
        .env = env,
        .world = world,
        .rotated_ms = rotated_ms,
        .started_ms = -1,
        .fetched_ms = -1,
        .next_mono_ms = next_mono_ms,
    };
}

void fleet_container_clear(struct fleet_container *c)
{
    c->flow = flow_free(c->flow);
    fleet_lines_clear(&c->lines);
}

void fleet_container_retire(struct fleet_container *c)
{
    fleet_container_clear(c);
    c->retired = true;
}

static bool holds_replaced_version(const struct fleet_container *c)
{
    return c->fetched_ms >= 0 && c->fetched_ms < *c->rotated_ms;
}

const char *fleet_container_state(const struct fleet_container *c)
{
    if (c->retired)
        return "retired";
    if (c->started_ms < 0)
        return "new";
    if (c->fell_back)
        return "poisoned";
    return holds_replaced_version(c) ? "stale" : "current";
}

static int64_t now_ms(const struct fleet_container *c)
{
    return c->past_ms != 0 ? c->past_ms : clock_wall_ms(clock_real());
}

static int64_t between(struct fleet_container *c, int64_t least, int64_t most)
{
    return fleet_random_between(&c->world->random, least, most);
}

/* ------------------------------------------------------------ credentials */

static void on_flow_line(void *ctx, enum flow_level level, const char *line)
{
    struct fleet_container *c = ctx;
    fleet_lines_console(&c->lines, now_ms(c), c->request, level == FLOW_ERROR ? "ERROR" : "INFO", line);
}

static enum err deny_fetches(struct fleet_container *c, struct why *why)
{
    char body[512];
    ASSERT(str_fmt(body, sizeof body, "{\"operation\":\"GetSecretValue\",\"fault\":\"denied\",\"match\":\"%s\"}",
                   c->env->secret));
    return fleet_sim_send(c->world->sim, "/_sim/faults", body, why);
}

/* getDatabaseConfig(), counted. */
static enum err resolve(struct fleet_container *c, struct db_params *out, struct why *why)
{
    enum flow_origin origin = FLOW_CACHED;
    struct why reason = {0};
    bool first = !flow_fetched(c->flow);
    if (first && c->denied) {
        enum err err = deny_fetches(c, why);
        if (err != ERR_OK)
            return err;
    }
    enum err err = flow_database_config(c->flow, out, &origin, NULL, &reason);
    if (first && c->denied) {
        enum err cleared = fleet_sim_send(c->world->sim, "/_sim/faults", NULL, why);
        if (cleared != ERR_OK)
            return cleared;
    }
    if (err != ERR_OK) {
        char words[256];
        return why_set(why, err, "%s: %s", c->env->name, why_line(&reason, words, sizeof words));
    }
    if (!first || (origin != FLOW_FETCHED && origin != FLOW_FELL_BACK))
        return ERR_OK;
    c->counts.fetches++;
    c->fetched_ms = now_ms(c);
    if (origin == FLOW_FELL_BACK) {
        c->counts.fetch_errors++;
        c->counts.fallbacks++;
        c->fell_back = true;
    }
    return ERR_OK;
}

/* ----------------------------------------------------------------- database */

/* As the `pg` package for Node.js words it. */
static void log_login_error(struct fleet_container *c, const struct db_params *p, const struct login_result *r)
{
    char text[512];
    if (p->password == NULL && r->failed == PHASE_AUTH)
        (void)str_copy(text, sizeof text, "Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string");
    else if (r->failed == PHASE_CONNECT)
        (void)str_fmt(text, sizeof text, "Error: connect ECONNREFUSED %s:%d", p->host, (int)p->port);
    else if (strcmp(r->sqlstate, "28P01") == 0)
        (void)str_fmt(text, sizeof text,
                      "error: password authentication failed for user \"%s\"\n    at async connectToDatabase "
                      "(/var/task/dbHelper.js:41:5) {\n  severity: 'FATAL',\n  code: '28P01'\n}",
                      p->user);
    else
        (void)str_fmt(text, sizeof text, "Error: Connection terminated unexpectedly (%s)", r->why.text);
    fleet_lines_console(&c->lines, now_ms(c), c->request, "ERROR", text);
    c->counts.db_errors++;
}

/* A pool of one: an open connection is used until its turn ends, then a new login
 * must succeed.  Nobody can log in in the past: there it always does. */
static void use_database(struct fleet_container *c, const struct db_params *p)
{
    if (c->connected && c->uses_left > 0) {
        c->uses_left--;
        return;
    }
    if (c->past_ms == 0) {
        struct login_result result = {0};
        login_try(p, LOGIN_DEADLINE_MS, NULL, &result);
        c->connected = result.ok;
        if (!result.ok) {
            log_login_error(c, p, &result);
            return;
        }
    }
    c->connected = true;
    c->uses_left = c->env->reconnect_every - 1;
}

/* -------------------------------------------------------------- invocation */

static void cold_start(struct fleet_container *c, int64_t at_ms)
{
    char hex[65];
    fleet_random_hex(&c->world->random, hex, 32);
    c->started_ms = at_ms;
    fleet_lines_init(&c->lines, c->env, at_ms, hex);
    c->flow = flow_new(&(struct flow_settings){
        .env = c->env->variables,
        .aws = c->world->aws,
        .fetch_deadline_ms = FETCH_DEADLINE_MS,
        .log = on_flow_line,
        .log_ctx = c,
        .target = {.profile = c->env->profile, .region = c->env->region, .endpoint_url = c->world->endpoint},
    });
    fleet_random_hex(&c->world->random, hex, 64);
    fleet_lines_init_start(&c->lines, at_ms, hex);
    c->counts.cold_starts++;
}

static void report(struct fleet_container *c, int64_t at_ms, int64_t took_ms, int64_t init_ms)
{
    int64_t hundredths = between(c, 0, 99);
    fleet_lines_report(&c->lines, at_ms, c->request, took_ms * 100 + hundredths,
                       init_ms > 0 ? init_ms * 100 + hundredths : 0, (int)between(c, 84, 103));
    c->counts.invocations++;
}

/* A hit is inferred, and must be so by any reader: an invocation without a fetch of
 * its own, in a container that fetched before. */
static void count_hit(struct fleet_container *c, bool fetched_in_request)
{
    if (fetched_in_request || c->counts.fetches == 0)
        return;
    if (c->fell_back || holds_replaced_version(c))
        c->counts.stale_hits++;
    else
        c->counts.hits++;
}

static void work(struct fleet_container *c)
{
    char text[96];
    if (between(c, 0, 2) == 0)
        (void)str_fmt(text, sizeof text, "Processed %lld orders", (long long)between(c, 1, 40));
    else
        return;
    fleet_lines_console(&c->lines, now_ms(c), c->request, "INFO", text);
    if (c->env->hostile)
        fleet_lines_hostile(&c->lines, now_ms(c), c->request, (unsigned)between(c, 0, 1000));
}

/* Live lines are dated when they come; the handler's own work is only claimed, in
 * REPORT, so that the loop need not wait for it.  In the past it takes its time. */
static enum err invoke(struct fleet_container *c, struct why *why)
{
    int64_t work_ms = between(c, 12, 180), init_ms = 0;
    struct db_params params = {0};
    enum err err = ERR_OK;
    if (c->flow == NULL) {
        init_ms = between(c, 180, 420);
        cold_start(c, now_ms(c));
        (void)str_copy(c->request, sizeof c->request, OUTSIDE_REQUEST);
        if (c->env->fetch_in_init)
            err = resolve(c, &params, why);
        c->past_ms += c->past_ms != 0 ? init_ms : 0;
    }
    fleet_random_uuid(&c->world->random, c->request);
    int64_t begin_ms = now_ms(c);
    if (err == ERR_OK) {
        fleet_lines_start(&c->lines, begin_ms, c->request);
        uint64_t fetches_before = c->counts.fetches;
        err = resolve(c, &params, why);
        if (err == ERR_OK) {
            use_database(c, &params);
            work(c);
            int64_t end_ms = now_ms(c) + (c->past_ms != 0 ? work_ms : 0);
            report(c, end_ms, end_ms - begin_ms + (c->past_ms != 0 ? 0 : work_ms), init_ms);
            count_hit(c, c->counts.fetches > fetches_before);
        }
    }
    db_params_clear(&params);
    return err;
}

enum err fleet_container_invoke(struct fleet_container *c, struct why *why)
{
    enum err err = invoke(c, why);
    return err == ERR_OK ? fleet_lines_send(&c->lines, c->world->sim, why) : err;
}

enum err fleet_container_past(struct fleet_container *c, struct why *why)
{
    int64_t now = clock_wall_ms(clock_real()), last = now - 5000;
    enum err err = ERR_OK;
    c->past_ms = now - between(c, 18 * MINUTE_MS, 56 * MINUTE_MS);
    while (err == ERR_OK && c->past_ms < last) {
        err = invoke(c, why);
        if (err == ERR_OK && c->lines.n > PAST_BATCH)
            err = fleet_lines_send(&c->lines, c->world->sim, why);
        c->past_ms += between(c, 6000, 50000);
    }
    c->past_ms = 0;
    return err == ERR_OK ? fleet_lines_send(&c->lines, c->world->sim, why) : err;
}
