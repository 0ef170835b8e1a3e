#include "ui/env_filter.h"

#include "backend/base/mem.h"
#include "ui/view.h"

enum {
    ASKED_ENV,
    ASKED_STATE,
    ASKED_SECRET,
    ASKED_FUNCTION,
    ASKED_CURRENT,
    ASKED_PREVIOUS,
    ASKED_ACCOUNT,
    ASKED_REGION,
    ASKED_TAG,
    ASKED_PG,
    ASKED_AGE,
    ASKED_NEXT,
    ASKED_FETCH,
    ASKED_HITS,
    ASKED_STALE,
    ASKED_FALLBACK,
    ASKED_ERRORS,
    ASKED_BAD,
    ASKED_COUNT
};

static const struct filter_column columns[ASKED_COUNT] = {
    [ASKED_ENV] = {"env", FILTER_TEXT, false},        [ASKED_STATE] = {"state", FILTER_TEXT, false},
    [ASKED_SECRET] = {"secret", FILTER_TEXT, false},  [ASKED_FUNCTION] = {"function", FILTER_TEXT, false},
    [ASKED_CURRENT] = {"current", FILTER_TEXT, true}, [ASKED_PREVIOUS] = {"previous", FILTER_TEXT, true},
    [ASKED_ACCOUNT] = {"account", FILTER_TEXT, true}, [ASKED_REGION] = {"region", FILTER_TEXT, true},
    [ASKED_TAG] = {"tag", FILTER_TEXT, true},         [ASKED_PG] = {"pg", FILTER_TEXT, true},
    [ASKED_AGE] = {"age", FILTER_DURATION, true},     [ASKED_NEXT] = {"next", FILTER_DURATION, true},
    [ASKED_FETCH] = {"fetch", FILTER_NUMBER, true},   [ASKED_HITS] = {"hits", FILTER_NUMBER, true},
    [ASKED_STALE] = {"stale", FILTER_NUMBER, true},   [ASKED_FALLBACK] = {"fallb", FILTER_NUMBER, true},
    [ASKED_ERRORS] = {"err", FILTER_NUMBER, true},    [ASKED_BAD] = {"bad", FILTER_NUMBER, true},
};
const struct filter_columns env_filter_columns = {columns, ASKED_COUNT};

static int64_t counted(const struct screen *s, const struct log_snap *l, unsigned kinds)
{
    uint64_t sum = 0;
    if (!l || l->snap.good_mono_ms < 0)
        return FILTER_UNKNOWN;
    for (int k = 0; k < EVENT_KINDS; k++)
        if (kinds & (1u << k))
            sum += log_count(l, (enum event_kind)k, WINDOW_MS, s->wall_ms);
    return (int64_t)sum;
}

static const char *pg_word(const struct db_snap *d)
{
    if (!d || d->result == DB_NOT_TRIED)
        return NULL;
    if (d->result == DB_LOGIN_OK)
        return "ok";
    if (d->result == DB_REACHABLE)
        return "up";
    return d->sqlstate[0] ? d->sqlstate : d->result == DB_NO_CREDENTIALS ? "cred" : phase_short(d->failed);
}

/* The counts of an hour, each only where it is asked for. */
static void put_counts(const struct screen *s, const struct env_view *v, const struct filter *f,
                       struct filter_value *out)
{
    static const struct {
        size_t column;
        unsigned kinds;
    } counts[] = {{ASKED_FETCH, 1u << EVENT_FETCH},
                  {ASKED_HITS, 1u << EVENT_HIT | 1u << EVENT_STALE_HIT},
                  {ASKED_STALE, 1u << EVENT_STALE_HIT},
                  {ASKED_FALLBACK, 1u << EVENT_FALLBACK},
                  {ASKED_ERRORS, 1u << EVENT_DB_ERROR | 1u << EVENT_FETCH_ERROR | 1u << EVENT_FAILURE}};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (filter_wants(f, counts[i].column))
            out[counts[i].column].number = counted(s, v->logs, counts[i].kinds);
    if (v->logs && v->logs->snap.good_mono_ms >= 0)
        out[ASKED_BAD].number = (int64_t)(v->logs->stale + v->logs->poisoned);
}

bool env_filter_passes(const struct screen *s, const struct filter *f, size_t env)
{
    const struct env_view *v = &s->board->envs[env];
    const struct secret_snap *q = v->secret && v->secret->snap.good_mono_ms >= 0 ? v->secret : NULL;
    struct filter_value values[ASKED_COUNT];
    if (filter_is_empty(f))
        return true;
    for (size_t i = 0; i < ASKED_COUNT; i++)
        values[i] = (struct filter_value){NULL, FILTER_UNKNOWN};
    values[ASKED_ENV].text = v->conf->name;
    values[ASKED_STATE].text = env_state_word(s->verdicts[env].state);
    values[ASKED_SECRET].text = v->conf->secret;
    values[ASKED_FUNCTION].text = v->conf->function;
    values[ASKED_CURRENT].text = q ? q->current_id : NULL;
    values[ASKED_PREVIOUS].text = q ? q->previous_id : NULL;
    values[ASKED_ACCOUNT].text = v->identity ? v->identity->account : NULL;
    values[ASKED_REGION].text = v->identity ? v->identity->region : NULL;
    values[ASKED_TAG].text = q ? q->tags : NULL; /* tag:team=payments */
    values[ASKED_PG].text = pg_word(v->db);
    if (q && q->current_since_ms >= 0)
        values[ASKED_AGE].number = s->wall_ms - q->current_since_ms;
    if (q && q->next_rotation_ms >= 0)
        values[ASKED_NEXT].number = q->next_rotation_ms - s->wall_ms;
    put_counts(s, v, f, values);
    return filter_matches(f, values);
}
