#include "backend/watch/tally.h"

static size_t slot(int64_t step)
{
    return (size_t)(step & (TALLY_STEPS - 1));
}

static void advance(struct tally *t, int64_t step)
{
    int64_t from = t->newest_step + 1;
    if (step - from >= TALLY_STEPS)
        from = step - TALLY_STEPS + 1;
    for (int64_t s = from; s <= step; s++)
        for (size_t k = 0; k < EVENT_KINDS; k++)
            t->steps[k][slot(s)] = 0;
    t->newest_step = step;
}

static size_t day_slot(int64_t quarter)
{
    return (size_t)(quarter % TALLY_DAY_STEPS);
}

static void advance_day(struct tally *t, int64_t quarter)
{
    int64_t from = t->newest_quarter + 1;
    if (quarter - from >= TALLY_DAY_STEPS)
        from = quarter - TALLY_DAY_STEPS + 1;
    for (int64_t q = from; q <= quarter; q++)
        for (size_t k = 0; k < DAY_KINDS; k++)
            t->day[k][day_slot(q)] = 0;
    t->newest_quarter = quarter;
}

static void add_to_day(struct tally *t, enum day_kind kind, int64_t time_ms, int by)
{
    int64_t quarter = time_ms / DAY_STEP_MS;
    if (kind == DAY_KINDS || quarter < 0)
        return;
    if (quarter > t->newest_quarter)
        advance_day(t, quarter);
    if (quarter > t->newest_quarter - TALLY_DAY_STEPS)
        t->day[kind][day_slot(quarter)] += (uint32_t)by;
}

void tally_add(struct tally *t, enum event_kind kind, int64_t time_ms, int by)
{
    int64_t step = time_ms / SERIES_STEP_MS;
    t->total[kind] += (uint64_t)(int64_t)by;
    if (step > t->newest_step)
        advance(t, step);
    if (step > t->newest_step - TALLY_STEPS)
        t->steps[kind][slot(step)] += (uint32_t)by;
    add_to_day(t, day_kind(kind), time_ms, by);
}

static void day_series(const struct tally *t, int64_t now_ms, struct log_snap *out)
{
    int64_t last = now_ms / DAY_STEP_MS;
    out->day_end_ms = (last + 1) * DAY_STEP_MS;
    for (size_t k = 0; k < DAY_KINDS; k++)
        for (int i = 0; i < DAY_STEPS; i++) {
            int64_t quarter = last - (DAY_STEPS - 1) + i;
            bool kept = quarter >= 0 && quarter <= t->newest_quarter && quarter > t->newest_quarter - TALLY_DAY_STEPS;
            out->day[k][i] = kept ? t->day[k][day_slot(quarter)] : 0;
        }
}

void tally_series(const struct tally *t, int64_t now_ms, struct log_snap *out)
{
    int64_t last = now_ms / SERIES_STEP_MS;
    out->series_end_ms = (last + 1) * SERIES_STEP_MS;
    for (size_t k = 0; k < EVENT_KINDS; k++) {
        out->total[k] = t->total[k];
        for (int i = 0; i < SERIES_STEPS; i++) {
            int64_t step = last - (SERIES_STEPS - 1) + i;
            bool kept = step <= t->newest_step && step > t->newest_step - TALLY_STEPS;
            out->series[k][i] = kept ? t->steps[k][slot(step)] : 0;
        }
    }
    day_series(t, now_ms, out);
}
