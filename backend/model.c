/* Counting of snapshots, words of the enumerations, and small sums over them. */
#include "backend/model.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

void *snap_ref(const void *snap)
{
    struct snap *s = (struct snap *)(uintptr_t)snap; /* the count is the one part that changes */
    if (s != NULL)
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snap_unref(const void *snap)
{
    struct snap *s = (struct snap *)(uintptr_t)snap;
    if (s != NULL && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        s->destroy(s);
}

struct board *board_free(struct board *b)
{
    if (b == NULL)
        return NULL;
    for (size_t i = 0; i < b->n; i++) {
        snap_unref(b->envs[i].identity);
        snap_unref(b->envs[i].secret);
        snap_unref(b->envs[i].logs);
        snap_unref(b->envs[i].db);
        snap_unref(b->envs[i].function);
    }
    snap_unref(b->orders);
    snap_unref(b->journal);
    free(b->envs);
    free(b);
    return NULL;
}

bool secret_tag(const struct secret_snap *s, const char *name, char *out, size_t size)
{
    size_t n = strlen(name);
    for (const char *line = s->tags; *line != '\0'; line += strcspn(line, "\n") + 1)
        if (strncmp(line, name, n) == 0 && line[n] == '=') {
            str_copy_n(out, size, line + n + 1, strcspn(line + n + 1, "\n"));
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------ words */

static const struct {
    const char *word, *name;
} events[EVENT_KINDS] = {
#define EVENT(id, word, name, help) {word, name},
#include "backend/events.def"
#undef EVENT
};
const char *event_word(enum event_kind kind)
{
    return (unsigned)kind < EVENT_KINDS ? events[kind].word : "?";
}
const char *event_name(enum event_kind kind)
{
    return (unsigned)kind < EVENT_KINDS ? events[kind].name : "?";
}

static const char *const phases[PHASE_COUNT] = {
#define PHASE(id, word) word,
#include "backend/phases.def"
#undef PHASE
};
const char *db_phase_word(enum db_phase p)
{
    return (unsigned)p < PHASE_COUNT ? phases[p] : "?";
}

static const struct {
    const char *word, *help;
    enum severity severity;
} states[STATE_COUNT] = {
#define STATE(id, word, severity, help) {word, help, severity},
#include "backend/states.def"
#undef STATE
};
const char *env_state_word(enum env_state s)
{
    return (unsigned)s < STATE_COUNT ? states[s].word : "?";
}
const char *env_state_help(enum env_state s)
{
    return (unsigned)s < STATE_COUNT ? states[s].help : "?";
}
enum severity env_state_severity(enum env_state s)
{
    return (unsigned)s < STATE_COUNT ? states[s].severity : SEVERITY_UNKNOWN;
}

const char *severity_word(enum severity s)
{
    switch (s) {
    case SEVERITY_HEALTHY:
        return "healthy";
    case SEVERITY_DEGRADED:
        return "degraded";
    case SEVERITY_FAILING:
        return "failing";
    case SEVERITY_UNKNOWN:
        return "unknown";
    }
    return "?";
}

const char *container_state_word(enum container_state s)
{
    switch (s) {
    case CONTAINER_CURRENT:
        return "CURRENT";
    case CONTAINER_STALE:
        return "STALE";
    case CONTAINER_POISONED:
        return "POISONED";
    case CONTAINER_SILENT:
        return "SILENT";
    case CONTAINER_UNKNOWN:
        return "UNKNOWN";
    }
    return "?";
}

const char *db_source_word(enum db_source s)
{
    switch (s) {
    case FROM_NOWHERE:
        return "-";
    case FROM_SECRET:
        return "secret";
    case FROM_ENVIRONMENT:
        return "environment";
    case FROM_CONFIGURATION:
        return "configuration";
    }
    return "?";
}

const char *function_variable_name(enum function_variable v)
{
    static const char *const names[FUNCTION_VARIABLES] = {"NODE_ENV", "DB_SECRET_NAME", "DB_HOST",
                                                          "DB_PORT",  "DB_NAME",        "DB_USER"};
    return (unsigned)v < FUNCTION_VARIABLES ? names[v] : "?";
}

const char *function_value(const struct function_snap *s, enum function_variable v)
{
    return s->setup.value[v] != 0 ? s->text + s->setup.value[v] : NULL;
}

/* ----------------------------------------------------------------- orders */

static const struct {
    const char *name, *title, *help;
    char key;
    enum order_class class;
} orders[ORDER_KINDS] = {
#define ORDER(id, name, key, class, title, help) {name, title, help, key, ORDER_##class},
#include "backend/orders.def"
#undef ORDER
};
#define ORDER(id, name, key, class, title, help)                                                                       \
    _Static_assert(ORDER_##class == ORDER_READS || ORDER_##class == ORDER_REVEALS || ORDER_##class == ORDER_MUTATES,   \
                   name " has no class");
#include "backend/orders.def"
#undef ORDER

const char *order_name(enum order_kind k)
{
    return (unsigned)k < ORDER_KINDS ? orders[k].name : "?";
}
const char *order_title(enum order_kind k)
{
    return (unsigned)k < ORDER_KINDS ? orders[k].title : "?";
}
const char *order_help(enum order_kind k)
{
    return (unsigned)k < ORDER_KINDS ? orders[k].help : "?";
}
bool order_is_planned(enum order_kind k)
{
    return (unsigned)k < ORDER_KINDS && orders[k].class == ORDER_MUTATES;
}
char order_key(enum order_kind k)
{
    return (char)((unsigned)k < ORDER_KINDS ? orders[k].key : '\0');
}

const char *order_refusal(bool audit, enum order_kind k)
{
    if ((unsigned)k >= ORDER_KINDS)
        return "no such order";
    switch (orders[k].class) {
    case ORDER_READS:
        return NULL;
    case ORDER_REVEALS:
        return audit ? "audit mode reveals nothing, so it logs in nowhere" : NULL;
    case ORDER_MUTATES:
        return audit ? "audit mode changes nothing" : NULL;
    }
    return "an order without a class";
}

const char *order_state_word(enum order_state s)
{
    switch (s) {
    case ORDER_WAITING:
        return "waiting";
    case ORDER_RUNNING:
        return "running";
    case ORDER_DONE:
        return "done";
    case ORDER_REFUSED:
        return "refused";
    case ORDER_FAILED:
        return "failed";
    case ORDER_UNKNOWN:
        return "unknown";
    case ORDER_CANCELLED:
        return "cancelled";
    }
    return "?";
}

/* ------------------------------------------------------------------- sums */

uint64_t log_count(const struct log_snap *s, enum event_kind kind, int64_t window_ms, int64_t now_ms)
{
    int64_t oldest = s->series_end_ms / SERIES_STEP_MS - SERIES_STEPS; /* the step that series[0] holds */
    int64_t from = now_ms / SERIES_STEP_MS - window_ms / SERIES_STEP_MS + 1 - oldest;
    uint64_t sum = 0;
    for (int64_t i = from > 0 ? from : 0; i < SERIES_STEPS; i++)
        sum += s->series[kind][i];
    return sum;
}

double log_hit_ratio(const struct log_snap *s, int64_t window_ms, int64_t now_ms)
{
    double hits = (double)log_count(s, EVENT_HIT, window_ms, now_ms);
    double all = hits + (double)log_count(s, EVENT_FETCH, window_ms, now_ms) +
                 (double)log_count(s, EVENT_STALE_HIT, window_ms, now_ms);
    return all > 0 ? hits / all : -1.0;
}

bool snap_is_old(const struct snap *s, int64_t period_ms, int64_t now_mono_ms)
{
    if (s->good_mono_ms == TIME_UNKNOWN)
        return s->failures > 0; /* nothing good yet, and a try has failed */
    return now_mono_ms - s->good_mono_ms > 3 * (s->period_ms > period_ms ? s->period_ms : period_ms);
}
