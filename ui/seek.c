#include "ui/seek.h"

#include "backend/base/clock.h"
#include "ui/screen.h"
#include "ui/view.h"

#define SEEK_MS 6
#define ROWS_A_LOOK 64 /* between two looks at the clock */

void seek_stop(struct screen *s)
{
    s->seek.filter = filter_free(s->seek.filter);
}

void seek_begin(struct screen *s, bool forward)
{
    seek_stop(s);
    s->seek = (struct seek){.filter = filter_new(s->pattern, &event_columns, s->wall_ms, s->local),
                            .forward = forward,
                            .at = event_list_key(&s->log, s->events.at)};
    seek_go_on(s);
}

static bool matches(const struct screen *s, size_t at)
{
    const struct event_ref *e = &s->log.refs[at];
    return event_matches(e->row, &s->board->envs[e->env], s->seek.filter);
}

void seek_go_on(struct screen *s)
{
    int64_t until = clock_mono_ms(clock_real()) + SEEK_MS;
    size_t at = event_list_find(&s->log, &s->seek.at);
    for (size_t looked = 1; s->seek.forward ? at + 1 < s->log.n : at > 0; looked++) {
        at = s->seek.forward ? at + 1 : at - 1;
        if (matches(s, at)) {
            list_choose(&s->events, at);
            view_events.moved(s);
            seek_stop(s);
            return;
        }
        if (looked % ROWS_A_LOOK == 0 && clock_mono_ms(clock_real()) >= until) {
            s->seek.at = event_list_key(&s->log, at);
            screen_say(s, "looking for \"%s\"", s->pattern);
            return;
        }
    }
    if (!s->seek.forward && s->log.waiting > 0) { /* earlier ones are still to come into the list */
        s->seek.at = event_list_key(&s->log, at);
        return;
    }
    screen_say(s, "no %s event matches \"%s\"", s->seek.forward ? "later" : "earlier", s->pattern);
    seek_stop(s);
}
