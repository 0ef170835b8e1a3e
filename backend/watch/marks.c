#include "backend/watch/marks.h"

#include <string.h>

#include "backend/model.h"

/* Room for one more: of fetches (or fallbacks) in one life the first and the latest tell
 * most, so the second goes; when none repeats, the oldest mark. */
static void lose_one(struct marks *m)
{
    bool seen[MARK_FALLBACK + 1] = {false};
    int at = 0;
    for (int i = 0; i < m->n; i++) {
        unsigned char kind = m->all[i].kind;
        if (kind == MARK_BEGIN)
            seen[MARK_FETCH] = seen[MARK_FALLBACK] = false;
        if ((kind == MARK_FETCH || kind == MARK_FALLBACK) && seen[kind]) {
            at = i;
            break;
        }
        seen[kind] = true;
    }
    m->lost |= at == 0;
    memmove(&m->all[at], &m->all[at + 1], (size_t)(m->n - at - 1) * sizeof m->all[0]);
    m->n--;
}

void marks_put(struct marks *m, enum mark_kind kind, int64_t time_ms, bool history, bool loose)
{
    if (m->n == MARKS_MAX)
        lose_one(m);
    int at = m->n;
    while (at > 0 &&
           (m->all[at - 1].time_ms > time_ms || (m->all[at - 1].time_ms == time_ms && m->all[at - 1].kind > kind)))
        at--;
    struct mark *new = &m->all[at];
    if (at > 0 && new[-1].time_ms == time_ms &&new[-1].kind == kind) {
        new[-1].loose |= loose;
        return;
    }
    memmove(new + 1, new, (size_t)(m->n - at) * sizeof *new);
    *new = (struct mark){.time_ms = time_ms, .kind = (unsigned char)kind, .history = history, .loose = loose};
    m->n++;
}

struct held marks_held(const struct marks *m, int64_t time_ms)
{
    const struct held nothing = {TIME_UNKNOWN, TIME_UNKNOWN, TIME_UNKNOWN, false};
    struct held h = nothing;
    for (int i = 0; i < m->n && m->all[i].time_ms <= time_ms; i++)
        switch ((enum mark_kind)m->all[i].kind) {
        case MARK_BEGIN:
            h = nothing;
            h.began_ms = m->all[i].time_ms;
            break;
        case MARK_COLD:
            break;
        case MARK_FETCH:
            h.fetched_ms = m->all[i].time_ms;
            h.poisoned = false;
            break;
        case MARK_FALLBACK:
            h.fell_back_ms = m->all[i].time_ms;
            h.poisoned = true;
            break;
        }
    return h;
}

bool marks_loose_fetch(const struct marks *m, int64_t from_ms, int64_t upto_ms)
{
    for (int i = 0; i < m->n; i++)
        if (m->all[i].kind == MARK_FETCH && m->all[i].loose && m->all[i].time_ms >= from_ms &&
            m->all[i].time_ms <= upto_ms)
            return true;
    return false;
}

bool marks_explain(const struct marks *m, int64_t started_ms)
{
    for (int i = 0; i < m->n; i++)
        if (m->all[i].kind != MARK_COLD)
            return m->all[i].kind != MARK_BEGIN || m->all[i].time_ms <= started_ms;
    return false;
}
