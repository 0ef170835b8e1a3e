/* fleet: simulated Lambda containers for the sandbox.
 *
 * One loop, one thread: the container that is due next is invoked, its log lines are
 * sent to awsim, and the truth file is written.  So "paused" is exact: what was counted is
 * what awsim holds.  SIGUSR1 pauses (and says so in the truth file), SIGUSR2 goes
 * on, SIGTERM ends. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "backend/aws/json.h"
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/sandbox/fleet_rotate.h"
#include "tests/sandbox/fleet_truth.h"

#define TICK_MS 500         /* how often the parent is looked for */
#define GROW_EVERY_MS 60000 /* a new container, per environment that grows */
#define GROW_EXTRA 3        /* more than it began with; then the oldest goes */
#define FRESH_AFTER_ROTATION_MS 3000
#define REPLY_MAX (1 << 20)
#define UPDATES_EVERY_MS 500 /* how often awsim is asked for updated functions */

struct options {
    const char *config, *endpoint, *truth;
    int64_t parent, lifetime_s, once;
    uint64_t seed;
    double speed;
};

/* ---------------------------------------------------------------- options */

static void usage(const char *what, const char *value)
{
    fprintf(stderr,
            "fleet: %s%s\n"
            "usage: fleet --config FLEET.json --endpoint http://127.0.0.1:PORT --truth FILE\n"
            "             [--parent PID] [--lifetime SECONDS] [--speed X] [--once N] [--seed N]\n",
            what, value);
    exit(2);
}

static int64_t number(const char *name, const char *text, int64_t most)
{
    int64_t n = 0;
    if (!str_to_i64(text, strlen(text), &n) || n < 0 || n > most)
        usage(name, " needs a whole number that is not negative and not too large");
    return n;
}

static double speed_of(const char *text)
{
    char *end;
    errno = 0;
    double x = strtod(text, &end);
    if (errno != 0 || end == text || *end != '\0' || !(x >= 0.01 && x <= 1000))
        usage("--speed", " needs a number from 0.01 to 1000");
    return x;
}

static struct options options_read(int argc, char **argv)
{
    struct options o = {.lifetime_s = 3600, .speed = 1};
    if (getrandom(&o.seed, sizeof o.seed, 0) != (ssize_t)sizeof o.seed)
        o.seed = 1;
    for (int i = 1; i < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (value == NULL)
            usage(name, " is unknown, or needs a value");
        else if (strcmp(name, "--config") == 0)
            o.config = value;
        else if (strcmp(name, "--endpoint") == 0)
            o.endpoint = value;
        else if (strcmp(name, "--truth") == 0)
            o.truth = value;
        else if (strcmp(name, "--parent") == 0)
            o.parent = number(name, value, INT32_MAX);
        else if (strcmp(name, "--lifetime") == 0)
            o.lifetime_s = number(name, value, 1000000);
        else if (strcmp(name, "--once") == 0)
            o.once = number(name, value, 1000000);
        else if (strcmp(name, "--seed") == 0)
            o.seed = (uint64_t)number(name, value, INT64_MAX);
        else if (strcmp(name, "--speed") == 0)
            o.speed = speed_of(value);
        else
            usage("unknown option ", name);
    }
    if (o.config == NULL || o.endpoint == NULL || o.truth == NULL)
        usage("--config, --endpoint and --truth are needed", "");
    if (strncmp(o.endpoint, "http://127.0.0.1:", 17) != 0 || strlen(o.endpoint) > 100)
        usage("--endpoint", " must be http://127.0.0.1:PORT");
    return o;
}

/* ------------------------------------------------------------- the containers */

static int64_t mono_now(void)
{
    return clock_mono_ms(clock_real());
}

static int64_t pause_between(struct fleet_world *w)
{
    return (int64_t)((double)fleet_random_between(&w->random, 500, 6000) / w->speed);
}

static struct fleet_container *add_container(struct fleet *f, size_t env, int64_t first_mono_ms)
{
    ASSERT(f->n < FLEET_CONTAINERS_MAX);
    struct fleet_container *c = &f->containers[f->n++];
    fleet_container_init(c, &f->settings.environments[env], &f->world, &f->rotated_ms[env], first_mono_ms);
    return c;
}

static enum err rotate(struct fleet *f, size_t env, struct fleet_container *holder, struct why *why)
{
    struct db_params old = {0};
    enum flow_origin origin;
    enum err err = flow_database_config(holder->flow, &old, &origin, NULL, why);
    if (err == ERR_OK)
        err = fleet_rotate(&f->world, &f->settings.environments[env], &old, &f->rotated_ms[env], why);
    db_params_clear(&old);
    return err;
}

/* Containers of one environment at the start.  Those that are to be stale live their
 * past first; then the secret moves; the others come when it has moved.  Those that
 * cannot fetch fall back now, so that the fault is gone before anybody else asks. */
static enum err start_environment(struct fleet *f, size_t at, struct why *why)
{
    const struct fleet_env_settings *env = &f->settings.environments[at];
    enum err err = ERR_OK;
    f->rotated_ms[at] = -1;
    for (int i = 0; i < env->containers && err == ERR_OK; i++) {
        struct fleet_container *c = add_container(f, at, mono_now() + pause_between(&f->world));
        bool old = i < env->stale || !env->rotate;
        c->denied = i >= env->stale && i < env->stale + env->fallback;
        if (c->denied)
            err = fleet_container_invoke(c, why);
        else if (env->past && old)
            err = fleet_container_past(c, why);
        else if (env->rotate)
            c->next_mono_ms += FRESH_AFTER_ROTATION_MS;
        if (err == ERR_OK && env->rotate && i + 1 == env->stale)
            err = rotate(f, at, c, why);
    }
    return err;
}

/* Some come, some go: a new container now and then, and the oldest ends when
 * there are too many. */
static void grow(struct fleet *f, int64_t now_mono_ms)
{
    for (size_t i = 0; i < f->settings.n; i++) {
        const struct fleet_env_settings *env = &f->settings.environments[i];
        struct fleet_container *oldest = NULL;
        int alive = 0;
        if (!env->grow || f->n == FLEET_CONTAINERS_MAX)
            continue;
        for (size_t k = 0; k < f->n; k++) {
            struct fleet_container *c = &f->containers[k];
            if (c->env != env || c->retired)
                continue;
            alive++;
            if (oldest == NULL)
                oldest = c;
        }
        if (alive >= env->containers + GROW_EXTRA)
            fleet_container_retire(oldest);
        (void)add_container(f, i, now_mono_ms + pause_between(&f->world));
    }
}

/* As Lambda does when a function's configuration has changed: what runs ends, and the next
 * invocations find new containers. */
static void begin_anew(struct fleet *f, size_t at)
{
    for (size_t i = 0, n = f->n; i < n && f->n < FLEET_CONTAINERS_MAX; i++) {
        struct fleet_container *c = &f->containers[i];
        if (c->env != &f->settings.environments[at] || c->retired || c->started_ms < 0)
            continue;
        fleet_container_retire(c);
        (void)add_container(f, at, mono_now() + pause_between(&f->world));
    }
}

static int64_t updates_of(const json_t *functions, const struct fleet_env_settings *env)
{
    size_t i;
    json_t *o;
    json_array_foreach(functions, i, o)
    {
        const char *account = json_text(o, "account", NULL), *region = json_text(o, "region", NULL);
        const char *name = json_text(o, "name", NULL);
        if (account != NULL && region != NULL && name != NULL && strcmp(account, env->account) == 0 &&
            strcmp(region, env->region) == 0 && strcmp(name, env->function) == 0)
            return json_integer_value(json_object_get(o, "updates"));
    }
    return 0;
}

static enum err look_for_updates(struct fleet *f, struct why *why)
{
    struct strbuf reply;
    strbuf_init(&reply, REPLY_MAX);
    enum err err = fleet_sim_get(f->world.sim, "/_sim/functions", &reply, why);
    json_t *o = err == ERR_OK ? json_read_object(strbuf_peek(&reply), reply.len, why) : NULL;
    for (size_t i = 0; o != NULL && i < f->settings.n; i++) {
        int64_t updates = updates_of(json_object_get(o, "functions"), &f->settings.environments[i]);
        if (updates > f->updates[i])
            begin_anew(f, i);
        f->updates[i] = updates;
    }
    json_decref(o);
    strbuf_clear(&reply);
    return err == ERR_OK && o == NULL ? ERR_MALFORMED : err;
}

static struct fleet_container *due_next(struct fleet *f)
{
    struct fleet_container *next = NULL;
    for (size_t i = 0; i < f->n; i++) {
        struct fleet_container *c = &f->containers[i];
        if (!c->retired && (next == NULL || c->next_mono_ms < next->next_mono_ms))
            next = c;
    }
    ASSERT(next != NULL);
    return next;
}

/* After a pause nobody catches up. */
static void spread(struct fleet *f)
{
    for (size_t i = 0; i < f->n; i++)
        f->containers[i].next_mono_ms = mono_now() + pause_between(&f->world);
}

/* -------------------------------------------------------------------- loop */

static int wait_signal(const sigset_t *set, int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    int sig = sigtimedwait(set, NULL, &t);
    return sig > 0 ? sig : 0;
}

static bool parent_lives(int64_t pid)
{
    return pid == 0 || kill((pid_t)pid, 0) == 0 || errno == EPERM;
}

/* Acts on a signal; false: end. */
static bool on_signal(struct fleet *f, int sig)
{
    if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
        return false;
    if (f->paused && sig == SIGUSR2)
        spread(f);
    f->paused = sig == SIGUSR1;
    return true;
}

static enum err run(struct fleet *f, const struct options *o, const sigset_t *signals, struct why *why)
{
    int64_t end_ms = mono_now() + o->lifetime_s * 1000, invocations = 0;
    int64_t grow_every_ms = (int64_t)(GROW_EVERY_MS / f->world.speed), grow_ms = mono_now() + grow_every_ms;
    int64_t updates_ms = 0;
    enum err err = fleet_truth_write(f, o->truth, why);
    while (err == ERR_OK && parent_lives(o->parent) && mono_now() < end_ms) {
        if (!f->paused && mono_now() >= updates_ms) {
            if ((err = look_for_updates(f, why)) != ERR_OK)
                break;
            updates_ms = mono_now() + UPDATES_EVERY_MS;
        }
        struct fleet_container *c = due_next(f);
        int64_t wait_ms = f->paused ? TICK_MS : c->next_mono_ms - mono_now();
        int sig = wait_signal(signals, wait_ms < 0 ? 0 : wait_ms > TICK_MS ? TICK_MS : wait_ms);
        if (sig != 0) {
            if (!on_signal(f, sig))
                break;
            err = fleet_truth_write(f, o->truth, why);
        } else if (!f->paused && mono_now() >= c->next_mono_ms) {
            err = fleet_container_invoke(c, why);
            c->next_mono_ms = mono_now() + pause_between(&f->world);
            f->paused = o->once > 0 && ++invocations >= o->once;
            if (err == ERR_OK)
                err = fleet_truth_write(f, o->truth, why);
            if (f->paused)
                break;
        }
        if (!f->paused && mono_now() >= grow_ms) {
            grow(f, mono_now());
            grow_ms = mono_now() + grow_every_ms;
        }
    }
    return err;
}

static enum err start_and_run(struct fleet *f, const struct options *o, const sigset_t *signals, struct why *why)
{
    enum err err = fleet_settings_load(o->config, &f->settings, why);
    for (size_t i = 0; err == ERR_OK && i < f->settings.n; i++)
        err = start_environment(f, i, why);
    return err == ERR_OK ? run(f, o, signals, why) : err;
}

int main(int argc, char **argv)
{
    struct options o = options_read(argc, argv);
    struct why why = {0};
    sigset_t signals;
    sigemptyset(&signals);
    for (const int *sig = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, 0}; *sig != 0; sig++)
        sigaddset(&signals, *sig);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* taken by sigtimedwait, between two invocations */
    signal(SIGPIPE, SIG_IGN);
    secret_harden_process();
    json_global_init();
    transport_curl_global_init();

    struct fleet *f = mem_new(sizeof *f);
    struct aws_gate *gate = aws_gate_new(&(struct aws_gate_settings){0});
    f->containers = mem_array(FLEET_CONTAINERS_MAX, sizeof *f->containers);
    f->world = (struct fleet_world){
        .aws = aws_new(gate), .sim = fleet_sim_new(o.endpoint), .endpoint = o.endpoint, .speed = o.speed};
    fleet_random_seed(&f->world.random, o.seed);

    enum err err = start_and_run(f, &o, &signals, &why);
    if (err != ERR_OK) {
        char words[400];
        fprintf(stderr, "fleet: %s\n", why_line(&why, words, sizeof words));
    }
    for (size_t i = 0; i < f->n; i++)
        fleet_container_clear(&f->containers[i]);
    free(f->containers);
    fleet_settings_clear(&f->settings);
    fleet_sim_free(f->world.sim);
    aws_free(f->world.aws);
    aws_gate_free(gate);
    free(f);
    return err == ERR_OK ? 0 : 1;
}
