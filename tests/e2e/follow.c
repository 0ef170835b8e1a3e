/* The backend without a screen, for tests of what it counts: follows a configuration and
 * prints, at the end, every count it has: by kind, by half minute, by container.
 *
 *   follow CONF SECONDS [ENVIRONMENT]
 *
 * Ends after SECONDS, at SIGTERM, or, with SECONDS 0, as soon as every source has answered.
 * ENVIRONMENT is looked at, as the screen would: it is read whole, without a filter.
 * SIGUSR1 puts its own clock five minutes on: what is due every five minutes is due now. */
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/base/secret.h"
#include "config/config.h"

#define LEAP_MS (5 * 60 * 1000 + 1000)

/* The real clock, put on now and then; threads read it, the main one leaps. */
static int64_t leaping_mono_ms(void *self)
{
    _Atomic int64_t *leapt_ms = self;
    return clock_mono_ms(clock_real()) + *leapt_ms;
}

static int64_t wall_ms(void *self)
{
    (void)self;
    return clock_wall_ms(clock_real());
}

static json_t *totals(const struct log_snap *s)
{
    json_t *o = json_object();
    for (int k = 0; k < EVENT_KINDS; k++)
        (void)json_object_set_new(o, event_name((enum event_kind)k), json_integer((json_int_t)s->total[k]));
    return o;
}

/* {"fetches": {"<step's beginning, ms>": n, ...}, ...}: steps with nothing in them are left out. */
static json_t *series(const struct log_snap *s)
{
    json_t *o = json_object();
    for (int k = 0; k < EVENT_KINDS; k++) {
        json_t *steps = json_object();
        for (int i = 0; i < SERIES_STEPS; i++) {
            char begins[24];
            (void)snprintf(begins, sizeof begins, "%lld",
                           (long long)(s->series_end_ms - (int64_t)(SERIES_STEPS - i) * SERIES_STEP_MS));
            if (s->series[k][i] > 0)
                (void)json_object_set_new(steps, begins, json_integer(s->series[k][i]));
        }
        (void)json_object_set_new(o, event_name((enum event_kind)k), steps);
    }
    return o;
}

static json_t *containers(const struct log_snap *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->ncontainers; i++) {
        const struct container_row *r = &s->containers[i];
        (void)json_array_append_new(
            list, json_pack("{ss ss ss sI sI sI sI sI sI sI sI}", "stream", r->stream, "group", r->group, "state",
                            container_state_word(r->state), "cold_starts", (json_int_t)r->cold_starts, "fetches",
                            (json_int_t)r->fetches, "invocations", (json_int_t)r->invocations, "hits",
                            (json_int_t)r->hits, "stale_hits", (json_int_t)r->stale_hits, "fallbacks",
                            (json_int_t)r->fallbacks, "fetch_errors", (json_int_t)r->fetch_errors, "db_errors",
                            (json_int_t)r->db_errors));
    }
    return list;
}

static json_t *late_rows(const struct log_snap *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->nchunks; i++)
        for (size_t k = 0; k < s->chunks[i]->nrows; k++)
            if ((s->chunks[i]->rows[k].flags & EVENT_LATE) != 0)
                (void)json_array_append_new(list, json_integer(s->chunks[i]->rows[k].time_ms));
    return list;
}

static json_t *environment(const struct log_snap *s)
{
    if (s == NULL)
        return json_null();
    json_t *o = json_pack("{so so so so sI sI sI sI sI sI sI sb ss}", "total", totals(s), "series", series(s),
                          "containers", containers(s), "late_rows", late_rows(s), "late", (json_int_t)s->late,
                          "duplicates", (json_int_t)s->duplicates, "refused", (json_int_t)s->refused, "lines",
                          (json_int_t)s->lines, "pages", (json_int_t)s->pages, "from_ms", (json_int_t)s->from_ms,
                          "upto_ms", (json_int_t)s->upto_ms, "backfilling", (int)s->backfilling, "why",
                          s->snap.why.text);
    (void)json_object_set_new(o, "engine", json_string(s->engine));
    (void)json_object_set_new(o, "filtered", json_boolean(s->filtered));
    return o;
}

static bool print(struct backend *b)
{
    struct board *board = backend_board(b);
    json_t *o = json_object();
    for (size_t i = 0; i < board->n; i++)
        (void)json_object_set_new(o, board->envs[i].conf->name, environment(board->envs[i].logs));
    bool ok = json_dumpf(o, stdout, JSON_INDENT(1)) == 0 && fflush(stdout) == 0;
    json_decref(o);
    board_free(board);
    return ok;
}

static size_t place_of(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->nenvironments; i++)
        if (strcmp(c->environments[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

/* Until the time is over, SIGTERM, or (0) all is answered. */
static void follow(struct backend *b, int64_t ms, int signals, _Atomic int64_t *leapt_ms)
{
    int64_t end = clock_mono_ms(clock_real()) + (ms > 0 ? ms : 60000), left;
    while ((left = end - clock_mono_ms(clock_real())) > 0 && (ms > 0 || !backend_settled(b))) {
        struct pollfd p[2] = {{.fd = backend_wake_fd(b), .events = POLLIN}, {.fd = signals, .events = POLLIN}};
        struct signalfd_siginfo info;
        (void)poll(p, 2, left > 1000 ? 1000 : (int)left);
        if ((p[0].revents & POLLIN) != 0)
            backend_wake_drain(b);
        if ((p[1].revents & POLLIN) == 0 || read(signals, &info, sizeof info) != (ssize_t)sizeof info)
            continue;
        if (info.ssi_signo != SIGUSR1)
            return;
        *leapt_ms += LEAP_MS;
    }
}

int main(int argc, char **argv)
{
    struct why why = {0};
    char *errors = NULL, words[320];
    sigset_t set;
    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "usage: follow CONF SECONDS [ENVIRONMENT]\n");
        return 2;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    secret_harden_process();
    struct config *c = config_load(argv[1], &errors);
    if (c == NULL) {
        (void)fprintf(stderr, "%s\n", errors);
        free(errors);
        return 2;
    }
    _Atomic int64_t leapt_ms = 0;
    struct clock clock = {leaping_mono_ms, wall_ms, &leapt_ms};
    struct backend *b = backend_start(c, &(struct backend_settings){.clock = &clock}, &why);
    if (b == NULL) {
        (void)fprintf(stderr, "follow: %s\n", why_line(&why, words, sizeof words));
        return 1;
    }
    if (argc == 4)
        backend_focus(b, place_of(c, argv[3]));
    follow(b, (int64_t)(strtod(argv[2], NULL) * 1000), signals, &leapt_ms);
    bool ok = print(b);
    backend_stop(b);
    config_free(c);
    (void)close(signals);
    return ok ? 0 : 1;
}
