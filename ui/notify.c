#include "ui/notify.h"

#include <string.h>
#include <time.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static bool is_quiet(const struct config *c, int64_t wall_ms)
{
    struct tm t;
    time_t seconds = (time_t)(wall_ms / 1000);
    return localtime_r(&seconds, &t) != NULL && config_is_quiet(c, t.tm_hour * 60 + t.tm_min);
}

/* How many fail; nothing is sent while that does not change. */
static void tell_title(struct notify *n, const struct screen *s, struct term *t)
{
    size_t failing = 0;
    char words[64];
    for (size_t i = 0; i < s->board->n; i++)
        failing += env_state_severity(s->verdicts[i].state) == SEVERITY_FAILING;
    if (!s->board->conf->title || n->restricted || n->titled == failing + 1)
        return;
    n->titled = failing + 1;
    if (failing > 0)
        str_fmt(words, sizeof(words), "credtop: %zu of %zu fail", failing, s->board->n);
    else
        str_fmt(words, sizeof(words), "credtop: %zu environments", s->board->n);
    term_title(t, words);
}

void notify_tell(struct notify *n, struct screen *s, struct term *t)
{
    const struct config *c = s->board->conf;
    size_t worse = s->worse;
    s->worse = 0;
    tell_title(n, s, t);
    if (worse == 0 || !c->notify || strcmp(c->notify, "off") == 0 || is_quiet(c, s->wall_ms))
        return;
    term_bell(t);
    if (strcmp(c->notify, "desktop") == 0 && !n->restricted) {
        char words[200];
        str_fmt(words, sizeof(words), "credtop: %s is %s", c->environments[worse - 1].name,
                env_state_word(s->verdicts[worse - 1].state));
        term_notify(t, words);
    }
}
