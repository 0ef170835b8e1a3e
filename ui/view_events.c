/* Screen 3: what happened, by time, newest at the bottom; the chosen line decoded. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/event_histogram.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

#define WIDE_FROM 120
#define ROW_LINE_MAX 512
#define HISTOGRAM_FROM 36 /* lines of the body */
#define TITLE_REST 26     /* kinds and counts stay in sight however long a filter is */
#define LOOK_MS 4         /* of a frame, through events that were not looked at yet */
#define COUNTS_WIDTH 105  /* narrower: the counts take two lines */

enum style event_style(enum event_kind kind)
{
    switch (kind) {
    case EVENT_FALLBACK:
    case EVENT_DB_ERROR:
    case EVENT_FETCH_ERROR:
    case EVENT_FAILURE:
        return STYLE_BAD;
    case EVENT_STALE_HIT:
        return STYLE_WARN;
    case EVENT_FETCH:
        return STYLE_BUSY;
    case EVENT_COLD_START:
    case EVENT_INVOCATION:
    case EVENT_OTHER:
        return STYLE_DIM;
    case EVENT_HIT:
    case EVENT_KINDS:
        return STYLE_TEXT;
    }
    return STYLE_TEXT;
}

enum { CELL_TIME, CELL_ENV, CELL_EVENT, CELL_HOLDS, CELL_LATE, CELL_STREAM, CELL_DETAIL, CELL_REQUEST, CELL_COUNT };

static void fit_columns(const struct screen *s, int width, bool with_env, struct layout_column cols[CELL_COUNT],
                        int x[CELL_COUNT])
{
    static const struct layout_column base[CELL_COUNT] = {
        [CELL_TIME] = {"TIME", 12, 0, false},    [CELL_ENV] = {"ENV", 9, 3, false},
        [CELL_EVENT] = {"EVENT", 9, 0, false},   [CELL_HOLDS] = {"HOLDS", 9, 2, false},
        [CELL_LATE] = {"LATE", 5, 5, false},     [CELL_STREAM] = {"STREAM", 8, 4, false},
        [CELL_DETAIL] = {"DETAIL", 8, 0, false}, [CELL_REQUEST] = {"REQUEST", 8, 6, false},
    };
    memcpy(cols, base, sizeof(base));
    if (width >= 60) /* the words say more than the stream */
        cols[CELL_DETAIL].width = 30;
    cols[CELL_ENV].width = with_env ? s->name_width : 0;
    cols[CELL_TIME].head = s->local ? "TIME local" : "TIME Z";
    if (width < WIDE_FROM || s->wide[VIEW_EVENTS])
        cols[CELL_REQUEST].width = 0;
    if (s->wide[VIEW_EVENTS] && width < WIDE_FROM)
        cols[CELL_STREAM].width = cols[CELL_ENV].width = 0;
    if (width < 100)
        cols[CELL_LATE].width = 0;
    int used = layout_columns(cols, CELL_COUNT, width, x);
    if (used < width) {
        cols[CELL_DETAIL].width += width - used;
        layout_columns(cols, CELL_COUNT, width, x);
    }
}

void draw_event_heads(const struct screen *s, struct grid *g, int y, int x0, int width, bool with_env)
{
    struct layout_column cols[CELL_COUNT];
    int x[CELL_COUNT];
    fit_columns(s, width, with_env, cols, x);
    for (int i = 0; i < CELL_COUNT; i++)
        if (x[i] >= 0)
            grid_text(g, y, x0 + x[i], cols[i].width, STYLE_HEAD, cols[i].head);
}

/* What its container held then: "-" unknown, '?' when it fetched while the label was moving. */
static const char *holds_words(const struct event_row *row, const struct container_row *c, char out[FORMAT_SIZE])
{
    bool doubt = row->holds[0] && c && c->in_doubt && strncmp(row->holds, c->holds, strlen(row->holds)) == 0;
    str_fmt(out, FORMAT_SIZE, "%s%s", row->holds[0] ? row->holds : "-", doubt ? "?" : "");
    return out;
}

void draw_event(const struct screen *s, struct grid *g, int y, int x0, int width, const struct event_ref *e,
                bool with_env)
{
    struct layout_column cols[CELL_COUNT];
    int x[CELL_COUNT];
    const struct event_row *row = e->row;
    char time[FORMAT_SIZE], label[72], late[FORMAT_SIZE + 4] = "", age[FORMAT_SIZE], stream[FORMAT_SIZE], detail[512];
    char request[FORMAT_SIZE], holds[FORMAT_SIZE];
    fit_columns(s, width, with_env, cols, x);
    if (row->flags & EVENT_LATE)
        str_fmt(late, sizeof(late), "+%s",
                row->ingested_ms < 0 ? "?" : format_age(row->ingested_ms - row->time_ms, age));
    bool say_late = late[0] && x[CELL_LATE] < 0;
    str_fmt(detail, sizeof(detail), "%s%s%s%s", say_late ? "LATE " : "", say_late ? late : "", say_late ? "  " : "",
            row->text);
    const char *cells[CELL_COUNT] = {
        [CELL_TIME] = format_clock_ms(row->time_ms, s->local, time),
        [CELL_ENV] = env_label(s->board->envs[e->env].conf, label),
        [CELL_EVENT] = event_word(row->kind),
        [CELL_HOLDS] = holds_words(row, event_container(&s->board->envs[e->env], row->container), holds),
        [CELL_LATE] = late,
        [CELL_STREAM] = format_stream(row->stream, stream),
        [CELL_DETAIL] = detail,
        [CELL_REQUEST] = format_version(row->request, request),
    };
    for (int i = 0; i < CELL_COUNT; i++) {
        enum style style = i == CELL_EVENT                     ? event_style(row->kind)
                           : i == CELL_LATE                    ? STYLE_WARN
                           : i == CELL_DETAIL || i == CELL_ENV ? STYLE_TEXT
                                                               : STYLE_DIM;
        if (x[i] >= 0)
            grid_text(g, y, x0 + x[i], cols[i].width, style, cells[i]);
    }
}

/* ------------------------------------------------------ what is looked at */

static bool are_marked(const struct screen *s)
{
    return s->everyone && s->only_marked && s->nmarked > 0;
}

static bool looked_at(const struct screen *s, size_t env)
{
    if (are_marked(s))
        return s->marked[env];
    return s->everyone || !screen_env(s) || s->env == env;
}

unsigned choice_kinds(enum event_choice c)
{
    static const unsigned kinds[CHOICE_COUNT] = {
        [CHOICE_MAIN] = EVENT_KINDS_MAIN,
        [CHOICE_BAD] = EVENT_KINDS_BAD,
        [CHOICE_FETCH] = 1u << EVENT_FETCH | 1u << EVENT_FETCH_ERROR | 1u << EVENT_FALLBACK,
        [CHOICE_HIT] = 1u << EVENT_HIT | 1u << EVENT_STALE_HIT,
        [CHOICE_DB] = 1u << EVENT_DB_ERROR,
        [CHOICE_ALL] = EVENT_KINDS_ALL,
    };
    return c < CHOICE_COUNT ? kinds[c] : EVENT_KINDS_ALL;
}

const char *kinds_words(const struct screen *s, char out[32])
{
    if (s->kinds == choice_kinds(s->choice))
        str_copy(out, 32, choice_word(s->choice));
    else
        str_fmt(out, 32, "%d of %d", __builtin_popcount(s->kinds), (int)EVENT_KINDS);
    return out;
}

/* Over the environments looked at: what was lost, removed or not understood, and who does
 * not answer. */
struct losses {
    uint64_t late, duplicates, dropped, unparsed, refused;
    size_t gaps;
    const struct env_view *gap; /* the longest */
};

static bool is_silent(const struct screen *s, const struct log_snap *l)
{
    return l->upto_ms >= 0 && ((l->snap.tried_mono_ms >= 0 && l->snap.why.code != ERR_OK) ||
                               old_mark(s, &l->snap, s->board->conf->log_poll_ms)[0]);
}

static void add_losses(const struct screen *s, struct losses *out)
{
    *out = (struct losses){0};
    for (size_t i = 0; i < s->board->n; i++) {
        const struct env_view *v = &s->board->envs[i];
        if (!v->logs || !looked_at(s, i))
            continue;
        out->late += v->logs->late;
        out->duplicates += v->logs->duplicates;
        out->dropped += v->logs->dropped_rows;
        out->unparsed += v->logs->unparsed;
        out->refused += v->logs->refused;
        if (!is_silent(s, v->logs))
            continue;
        out->gaps++;
        if (!out->gap || v->logs->upto_ms < out->gap->logs->upto_ms)
            out->gap = v;
    }
}

/* "gap dr-eu since 14:25:55Z: no answer...; read back when AWS answers" */
static void gap_words(const struct screen *s, const struct losses *l, char *out, size_t size)
{
    char since[FORMAT_SIZE], label[72], others[32] = "";
    const struct snap *snap = &l->gap->logs->snap;
    if (l->gaps > 1)
        str_fmt(others, sizeof(others), " and %zu more", l->gaps - 1);
    str_fmt(out, size, "%s%s: not read since %s, read back when there are answers%s%s", env_label(l->gap->conf, label),
            others, format_when(l->gap->logs->upto_ms, s->wall_ms, s->local, since), snap->why.text[0] ? ": " : "",
            snap->why.text);
}

/* Before what is listed: not read, or no longer kept; "" when it is all there is. */
static void before_words(const struct screen *s, const struct losses *l, char *out, size_t size)
{
    int64_t from = INT64_MAX;
    char when[FORMAT_SIZE], dropped[48] = "", count[FORMAT_SIZE];
    for (size_t i = 0; i < s->board->n; i++) {
        const struct log_snap *logs = s->board->envs[i].logs;
        if (logs && looked_at(s, i) && logs->snap.good_mono_ms >= 0 && logs->from_ms < from)
            from = logs->from_ms;
    }
    if (l->dropped > 0)
        str_fmt(dropped, sizeof(dropped), "%s older lines dropped, their counts kept   ",
                format_count(l->dropped, count));
    if (from == INT64_MAX || from <= 0)
        str_copy(out, size, dropped);
    else
        str_fmt(out, size, "%snothing was read before %s", dropped, format_when(from, s->wall_ms, s->local, when));
}

/* ------------------------------------------------------------ decoded */

/* Why a hit is thought to be stale, from what is known of its container now. */
static void stale_words(const struct screen *s, const struct env_view *v, const struct event_row *row,
                        const struct container_row *c, char *out, size_t size)
{
    char fetched[FORMAT_SIZE], moved[FORMAT_SIZE], to[FORMAT_SIZE];
    if (strcmp(row->holds, "env") == 0) {
        str_fmt(out, size, "the container fell back to environment variables%s%s and never fetches again",
                c && c->fell_back_ms >= 0 ? " at " : "",
                c && c->fell_back_ms >= 0 ? format_when(c->fell_back_ms, s->wall_ms, s->local, fetched) : "");
        return;
    }
    if (!c || c->fetched_ms < 0 || c->fetched_ms > row->time_ms || !v->secret || v->secret->current_since_ms < 0) {
        str_copy(out, size, "the container fetched before AWSCURRENT moved");
        return;
    }
    str_fmt(out, size,
            "fetched %s, when AWSCURRENT was %s; AWSCURRENT moved to %s at %s: a connection that is open may go on "
            "working, a new one may be refused",
            format_when(c->fetched_ms, s->wall_ms, s->local, fetched), row->holds[0] ? row->holds : "another",
            format_version(v->secret->current_id, to),
            format_when(v->secret->current_since_ms, s->wall_ms, s->local, moved));
}

static void reason_words(const struct screen *s, const struct event_ref *e, char *out, size_t size)
{
    const struct event_row *row = e->row;
    const struct env_view *v = &s->board->envs[e->env];
    const struct container_row *c = event_container(v, row->container);
    char stale[280] = "";
    if (row->kind == EVENT_STALE_HIT)
        stale_words(s, v, row, c, stale, sizeof(stale));
    else if (row->flags & EVENT_STALE)
        str_copy(stale, sizeof(stale), "the container holds a replaced version");
    else if (row->kind == EVENT_FETCH && c && c->in_doubt)
        str_copy(stale, sizeof(stale), "it fetched while the label was moving: which version it got is not sure");
    str_fmt(out, size, "%s%s%s%s",
            row->kind == EVENT_STALE_HIT ? "an invocation used cached credentials" : event_help(row->kind),
            row->flags & EVENT_INFERRED
                ? "; inferred: START to REPORT without a fetch line, in a container that fetched before"
                : "",
            stale[0] ? "; " : "", stale);
}

static void container_words(const struct screen *s, const struct event_ref *e, char *out, size_t size)
{
    const struct container_row *c = event_container(&s->board->envs[e->env], e->row->container);
    char started[FORMAT_SIZE], fetched[FORMAT_SIZE];
    if (!c) {
        str_fmt(out, size, "%s   forgotten since: it is silent, and there are many", e->row->stream);
        return;
    }
    str_fmt(out, size, "%s   %s%s   started %s, fetched %s, %u calls", c->stream, container_state_word(c->state),
            c->in_doubt ? "?" : "", format_when(c->started_ms, s->wall_ms, s->local, started),
            format_when(c->fetched_ms, s->wall_ms, s->local, fetched), c->invocations);
}

static void held_words(const struct screen *s, const struct event_ref *e, char *out, size_t size)
{
    const struct secret_snap *q = s->board->envs[e->env].secret;
    const struct event_row *row = e->row;
    const char *label = "";
    if (!row->holds[0])
        str_copy(out, size, "not known: no fetch of this container has been seen");
    else if (strcmp(row->holds, "env") == 0)
        str_copy(out, size, "environment variables");
    else {
        if (q && strncmp(q->current_id, row->holds, strlen(row->holds)) == 0)
            label = ", AWSCURRENT now";
        else if (q && strncmp(q->previous_id, row->holds, strlen(row->holds)) == 0)
            label = ", AWSPREVIOUS now";
        str_fmt(out, size, "version %s%s, inferred from when it fetched: the line names none", row->holds, label);
    }
}

static const char *delay_words(const struct event_row *row, char out[FORMAT_SIZE])
{
    int64_t ms = row->ingested_ms > row->time_ms ? row->ingested_ms - row->time_ms : 0;
    if (ms < 10000)
        str_fmt(out, FORMAT_SIZE, "%d.%ds", (int)(ms / 1000), (int)(ms % 1000 / 100));
    else
        format_age(ms, out);
    return out;
}

static void draw_chosen_head(const struct screen *s, struct grid *g, struct rect at, const struct event_ref *e)
{
    char time[FORMAT_SIZE], age[FORMAT_SIZE];
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, event_style(e->row->kind), event_word(e->row->kind));
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_TEXT, "  %s", format_clock_ms(e->row->time_ms, s->local, time));
    if (e->row->ingested_ms >= 0)
        x += grid_fmt(g, at.y, x, at.w - x, e->row->flags & EVENT_LATE ? STYLE_WARN : STYLE_DIM,
                      "  ingested %s later%s", delay_words(e->row, age), e->row->flags & EVENT_LATE ? " (LATE)" : "");
    if (e->row->request[0])
        grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "  request %s", e->row->request);
}

/* A label, and its words wrapped beside it; returns the lines used. */
static int labelled(struct grid *g, int y, int end, int width, const char *label, enum style style, const char *words)
{
    if (y >= end)
        return 0;
    grid_text(g, y, 1, 10, STYLE_HEAD, label);
    int lines = grid_wrap(g, y, 12, width - 13, end - y, style, words);
    return lines > 0 ? lines : 1;
}

/* The line itself: where it was broken it is broken here. */
static int draw_text(struct grid *g, int y, int end, int width, const char *text)
{
    char part[ROW_LINE_MAX];
    int from = y;
    for (const char *label = "line"; *text && y < end; label = "") {
        const char *cut = strstr(text, "\\n");
        size_t n = cut ? (size_t)(cut - text) : strlen(text);
        str_copy_n(part, sizeof(part), text, n);
        y += labelled(g, y, end, width, label, STYLE_BOLD, part);
        text += n + (cut ? 2 : 0);
    }
    return y - from;
}

static void draw_whole(const struct screen *s, struct grid *g, struct rect at, const struct event_ref *e)
{
    char words[640];
    int y = at.y, end = at.y + at.h;
    y += draw_text(g, y, end, at.w, e->row->text);
    reason_words(s, e, words, sizeof(words));
    y += labelled(g, y, end, at.w, "why", STYLE_TEXT, words);
    held_words(s, e, words, sizeof(words));
    y += labelled(g, y, end, at.w, "holds", STYLE_TEXT, words);
    container_words(s, e, words, sizeof(words));
    labelled(g, y, end, at.w, "stream", STYLE_DIM, words);
}

static void draw_chosen(const struct screen *s, struct grid *g, struct rect at)
{
    if (at.h < 3 || s->log.n == 0)
        return;
    const struct event_ref *e = &s->log.refs[s->events.at];
    char label[72], words[640];
    grid_rule(g, at.y, at.x, at.w, s->event_open ? "THE EVENT" : "SELECTED, DECODED",
              env_label(s->board->envs[e->env].conf, label));
    draw_chosen_head(s, g, (struct rect){at.y + 1, at.x, 1, at.w}, e);
    int y = at.y + 2, end = at.y + at.h;
    if (s->event_open || at.h >= 8) {
        draw_whole(s, g, (struct rect){y, at.x, end - y, at.w}, e);
        return;
    }
    reason_words(s, e, words, sizeof(words));
    y += grid_wrap(g, y, 1, at.w - 2, end - y - 2 > 2 ? 2 : 1, STYLE_TEXT, words);
    if (y < end) {
        container_words(s, e, words, sizeof(words));
        grid_fmt(g, y++, 1, at.w - 1, STYLE_DIM, "stream %s", words);
    }
    if (y < end)
        grid_wrap(g, y, 1, at.w - 2, end - y, STYLE_BOLD, e->row->text);
}

static void draw_counts(const struct screen *s, struct grid *g, struct rect at, const struct losses *l)
{
    char late[FORMAT_SIZE], twice[FORMAT_SIZE], dropped[FORMAT_SIZE], unparsed[FORMAT_SIZE], note[160];
    if (at.h < 2)
        return;
    str_fmt(note, sizeof(note), "late %s  duplicates %s  dropped %s  unparsed %s  gaps %zu",
            format_count(l->late, late), format_count(l->duplicates, twice),
            format_count(l->dropped + l->refused, dropped), format_count(l->unparsed, unparsed), l->gaps);
    grid_rule(g, at.y, at.x, at.w, "COUNTS", note);
    int x = 1, y = at.y + 1;
    for (int k = 0; k < EVENT_KINDS; k++) {
        char count[FORMAT_SIZE];
        enum style style = s->log.count[k] > 0 ? event_style((enum event_kind)k) : STYLE_DIM;
        if (k == EVENT_COLD_START || k == EVENT_INVOCATION)
            continue;
        char words[2 * FORMAT_SIZE];
        str_fmt(words, sizeof(words), "%s %s", event_word((enum event_kind)k), format_count(s->log.count[k], count));
        if (x + (int)text_width(words) > at.w && y + 1 < at.y + at.h) {
            x = 1;
            y++;
        }
        x += grid_text(g, y, x, at.w - x, style, words) + 2;
    }
}

/* ---------------------------------------------------------- the screen */

static int title_whose(const struct screen *s, struct grid *g, struct rect at)
{
    char label[72];
    const struct env_view *v = screen_env(s);
    if (are_marked(s))
        return 1 + grid_fmt(g, at.y, 1, at.w - 1, STYLE_TITLE, "%zu marked", s->nmarked);
    bool all = s->everyone || !v;
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_TITLE, all ? "all environments" : env_label(v->conf, label));
    if (s->only_container && v) {
        const struct container_row *c = event_container(v, s->only_container);
        char stream[FORMAT_SIZE];
        x += grid_fmt(g, at.y, x, at.w - x, STYLE_WARN, "   container %s", c ? format_stream(c->stream, stream) : "?");
    }
    return x;
}

static void events_title(const struct screen *s, struct grid *g, struct rect at)
{
    char note[160], past[64], range[80], kinds[32], below[48] = "";
    int x = title_whose(s, g, at);
    const char *filter = s->filter[VIEW_EVENTS], *wrong = filter_error(s->filters[VIEW_EVENTS]);
    x += grid_fmt(g, at.y, x, at.w - x - TITLE_REST, filter[0] ? STYLE_WARN : STYLE_DIM, "   filter: %s%s%s",
                  filter[0] ? filter : "none", wrong[0] ? " is none: " : "", wrong);
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "   kinds: %s", kinds_words(s, kinds));
    range_words(&s->range, s->wall_ms, s->local, range, sizeof(range));
    if (!range_is_all(&s->range) || at.w >= WIDE_FROM)
        x += grid_fmt(g, at.y, x, at.w - x, range_is_all(&s->range) ? STYLE_DIM : STYLE_WARN, "   range: %s", range);
    (void)screen_past(s, at.w < WIDE_FROM, past);
    if (!s->follow && s->events.at + 1 < s->log.n && at.w >= WIDE_FROM)
        str_fmt(below, sizeof(below), "%zu below   ", s->log.n - 1 - s->events.at);
    if (s->log.waiting > 0)
        str_fmt(note, sizeof(note), "looking, %zu to go   %zu found ", s->log.waiting, s->log.n);
    else
        str_fmt(note, sizeof(note), "%s%s%s%zu of %zu lines ", past, past[0] ? "   " : "", below, s->log.n, s->log.of);
    if (x + 1 + (int)text_width(note) > at.w)
        str_fmt(note, sizeof(note), "%zu/%zu ", s->log.n, s->log.of);
    grid_right(g, at.y, x + 1, at.w - x - 1, STYLE_DIM, note);
}

/* A line of the list that is no event: what is missing there. */
static void draw_missing(struct grid *g, int y, struct rect at, enum style style, const char *words)
{
    char line[400];
    str_fmt(line, sizeof(line), "-- %s --", words);
    grid_text(g, y, at.x + 2, at.w - 2, style, line);
}

static void draw_rows(struct screen *s, struct grid *g, struct rect at, bool with_env)
{
    for (size_t i = 0; i < (size_t)at.h && s->events.top + i < s->log.n; i++) {
        size_t row = s->events.top + i;
        int y = at.y + (int)i;
        draw_event(s, g, y, at.x + 2, at.w - 2, &s->log.refs[row], with_env);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)row);
        if (row == s->events.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
}

static void draw_list(struct screen *s, struct grid *g, struct rect at, bool heads, const struct losses *l)
{
    char words[400] = "";
    bool with_env = s->everyone || !screen_env(s);
    struct rect rows = {at.y + (heads ? 1 : 0), at.x, at.h - (heads ? 1 : 0), at.w};
    if (rows.h < 1)
        return;
    if (heads)
        draw_event_heads(s, g, at.y, at.x + 2, at.w - 2, with_env);
    bool gap = l->gap && rows.h > 2;
    rows.h -= gap ? 1 : 0;
    list_show(&s->events, (size_t)rows.h);
    before_words(s, l, words, sizeof(words));
    if (words[0] && s->events.top == 0 && s->events.at + 1 < (size_t)rows.h && s->log.waiting == 0) {
        draw_missing(g, rows.y++, at, STYLE_DIM, words);
        rows.h--;
        if (s->log.n == 0 && rows.h == 0)
            return;
    }
    draw_rows(s, g, rows, with_env);
    if (s->log.n == 0)
        grid_text(g, rows.y, at.x + 2, at.w - 2, STYLE_DIM,
                  s->log.waiting > 0 ? "looking"
                  : s->log.of > 0    ? "no event matches: Esc clears the filter, v changes the kinds, T the range"
                                     : "no events yet");
    int used = s->log.n - s->events.top < (size_t)rows.h ? (int)(s->log.n - s->events.top) : rows.h;
    used += s->log.n == 0 ? 1 : 0;
    if (!gap)
        return;
    gap_words(s, l, words, sizeof(words));
    draw_missing(g, rows.y + used, at, STYLE_UNSURE, words);
}

static void events_draw(struct screen *s, struct grid *g, struct rect body)
{
    struct losses l;
    add_losses(s, &l);
    int counts = body.w < COUNTS_WIDTH ? 3 : 2;
    int chosen = s->event_open ? body.h - counts - 4 : body.h >= 30 ? 9 : 6;
    int when = body.h >= HISTOGRAM_FROM && !s->event_open ? HISTOGRAM_LINES : 0;
    struct layout_want wants[] = {{4, 400, 0}, {when, when, 3}, {5, chosen < 5 ? 5 : chosen, 1}, {2, counts, 2}};
    struct rect parts[ARRAY_LEN(wants)];
    /* The list takes what the others leave. */
    wants[0].most = body.h - wants[1].most - wants[2].most - wants[3].most;
    wants[0].most = wants[0].most < 4 ? body.h : wants[0].most;
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_list(s, g, parts[0], true, &l);
    event_histogram_draw(s, g, parts[1]);
    draw_chosen(s, g, parts[2]);
    draw_counts(s, g, parts[3], &l);
}

static void events_small(struct screen *s, struct grid *g, struct rect body)
{
    struct losses l;
    add_losses(s, &l);
    if (s->event_open && s->log.n > 0) {
        const struct event_ref *e = &s->log.refs[s->events.at];
        draw_chosen_head(s, g, body, e);
        grid_wrap(g, body.y + 1, 1, body.w - 2, body.h - 1, STYLE_BOLD, e->row->text);
        return;
    }
    draw_list(s, g, body, body.h > 3, &l);
}

static void events_rebuild(struct screen *s)
{
    struct event_wish wish = {.env = s->everyone || !screen_env(s) ? SIZE_MAX : s->env,
                              .marked = are_marked(s) ? s->marked : NULL,
                              .container = s->only_container,
                              .kinds = s->kinds,
                              .filter = s->filters[VIEW_EVENTS],
                              .turn = s->filter_turn};
    if (!range_is_all(&s->range))
        range_bounds(&s->range, s->wall_ms, &wish.from_ms, &wish.to_ms);
    event_list_update(&s->log, s->board, &wish, LOOK_MS);
    list_resize(&s->events, s->log.n);
    if (s->follow || !s->event.some)
        list_choose(&s->events, s->log.n);
    else
        list_choose(&s->events, event_list_find(&s->log, &s->event));
    /* While older rows are still to come, the chosen one may be among them. */
    if (s->follow || s->log.waiting == 0)
        s->event = event_list_key(&s->log, s->events.at);
}

/* Moving off the end stops following, moving to it starts again. */
static void events_moved(struct screen *s)
{
    s->follow = s->log.n == 0 || s->events.at + 1 == s->log.n;
    s->event = event_list_key(&s->log, s->events.at);
}

static struct list *events_list(struct screen *s)
{
    return &s->events;
}

const struct view view_events = {
    .tab = "3 Events",
    .place = IN_EVENTS,
    .legend = "LATE = arrived long after it happened   n N match   { } error   V kinds",
    .columns = &event_columns,
    .list = events_list,
    .rebuild = events_rebuild,
    .moved = events_moved,
    .title = events_title,
    .draw = events_draw,
    .small = events_small,
};
