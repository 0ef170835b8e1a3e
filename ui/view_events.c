/* Screen 3: what happened, by time, newest at the bottom; the chosen line decoded. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

#define WIDE_FROM 120
#define COUNTS_WIDTH 105 /* narrower: the counts take two lines */

static enum style kind_style(const struct event_row *row)
{
    switch (row->kind) {
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

static void event_columns(const struct screen *s, int width, bool with_env, struct layout_column cols[CELL_COUNT],
                          int x[CELL_COUNT])
{
    static const struct layout_column base[CELL_COUNT] = {
        [CELL_TIME] = {"TIME", 12, 0, false},    [CELL_ENV] = {"ENV", 9, 3, false},
        [CELL_EVENT] = {"EVENT", 9, 0, false},   [CELL_HOLDS] = {"HOLDS", 9, 2, false},
        [CELL_LATE] = {"LATE", 5, 5, false},     [CELL_STREAM] = {"STREAM", 8, 4, false},
        [CELL_DETAIL] = {"DETAIL", 8, 0, false}, [CELL_REQUEST] = {"REQUEST", 8, 6, false},
    };
    int name = 8;
    memcpy(cols, base, sizeof(base));
    if (width >= 60) /* the words say more than the stream */
        cols[CELL_DETAIL].width = 30;
    for (size_t i = 0; with_env && i < s->board->n; i++) {
        char label[72];
        int w = (int)text_width(env_label(s->board->envs[i].conf, label));
        name = w > name ? w : name;
    }
    cols[CELL_ENV].width = with_env ? (name > 20 ? 20 : name) : 0;
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
    event_columns(s, width, with_env, cols, x);
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
    event_columns(s, width, with_env, cols, x);
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
        enum style style = i == CELL_EVENT                     ? kind_style(row)
                           : i == CELL_LATE                    ? STYLE_WARN
                           : i == CELL_DETAIL || i == CELL_ENV ? STYLE_TEXT
                                                               : STYLE_DIM;
        if (x[i] >= 0)
            grid_text(g, y, x0 + x[i], cols[i].width, style, cells[i]);
    }
}

/* ------------------------------------------------------------ decoded */

static void reason_words(const struct event_row *row, char *out, size_t size)
{
    str_fmt(out, size, "%s%s%s", event_help(row->kind),
            row->flags & EVENT_INFERRED
                ? "; inferred: an invocation without a fetch line, in a container that fetched before"
                : "",
            row->flags & EVENT_STALE && row->kind != EVENT_STALE_HIT ? "; the container holds a replaced version" : "");
}

static void draw_container_line(const struct screen *s, struct grid *g, int y, int width, const struct event_ref *e)
{
    const struct container_row *c = event_container(&s->board->envs[e->env], e->row->container);
    char started[FORMAT_SIZE], fetched[FORMAT_SIZE];
    if (!c) {
        grid_fmt(g, y, 1, width - 1, STYLE_DIM, "stream %s", e->row->stream);
        return;
    }
    grid_fmt(g, y, 1, width - 1, STYLE_DIM, "stream %s   %s%s   started %s, fetched %s, %u calls", c->stream,
             container_state_word(c->state), c->in_doubt ? "?" : "",
             format_when(c->started_ms, s->wall_ms, s->local, started),
             format_when(c->fetched_ms, s->wall_ms, s->local, fetched), c->invocations);
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

static void draw_chosen(const struct screen *s, struct grid *g, struct rect at)
{
    if (at.h < 3 || s->log.n == 0)
        return;
    const struct event_ref *e = &s->log.refs[s->events.at];
    char time[FORMAT_SIZE], age[FORMAT_SIZE], words[400];
    grid_rule(g, at.y, at.x, at.w, "SELECTED, DECODED", env_label(s->board->envs[e->env].conf, words));
    int x = 1 + grid_text(g, at.y + 1, 1, at.w - 1, kind_style(e->row), event_word(e->row->kind));
    x += grid_fmt(g, at.y + 1, x, at.w - x, STYLE_TEXT, "  %s", format_clock_ms(e->row->time_ms, s->local, time));
    if (e->row->ingested_ms >= 0)
        x += grid_fmt(g, at.y + 1, x, at.w - x, e->row->flags & EVENT_LATE ? STYLE_WARN : STYLE_DIM,
                      "  ingested %s later%s", delay_words(e->row, age), e->row->flags & EVENT_LATE ? " (LATE)" : "");
    if (e->row->request[0])
        grid_fmt(g, at.y + 1, x, at.w - x, STYLE_DIM, "  request %s", e->row->request);
    reason_words(e->row, words, sizeof(words));
    int y = at.y + 2, end = at.y + at.h;
    y += grid_wrap(g, y, 1, at.w - 2, end - y - 2 > 2 ? 2 : 1, STYLE_TEXT, words);
    if (y < end)
        draw_container_line(s, g, y++, at.w, e);
    if (y < end)
        grid_wrap(g, y, 1, at.w - 2, end - y, STYLE_BOLD, e->row->text);
}

static void draw_counts(const struct screen *s, struct grid *g, struct rect at)
{
    if (at.h < 2)
        return;
    grid_rule(g, at.y, at.x, at.w, "COUNTS", "of the events kept, before the filter");
    int x = 1, y = at.y + 1;
    for (int k = 0; k < EVENT_KINDS; k++) {
        struct event_row row = {.kind = (enum event_kind)k};
        char count[FORMAT_SIZE];
        enum style style = s->log.count[k] > 0 ? kind_style(&row) : STYLE_DIM;
        if (k == EVENT_COLD_START || k == EVENT_INVOCATION)
            continue;
        char words[2 * FORMAT_SIZE];
        str_fmt(words, sizeof(words), "%s %s", event_word(row.kind), format_count(s->log.count[k], count));
        if (x + (int)text_width(words) > at.w && y + 1 < at.y + at.h) {
            x = 1;
            y++;
        }
        x += grid_text(g, y, x, at.w - x, style, words) + 2;
    }
}

/* ---------------------------------------------------------- the screen */

static void events_title(const struct screen *s, struct grid *g, struct rect at)
{
    char label[72];
    const struct env_view *v = screen_env(s);
    bool all = s->everyone || !v;
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_TITLE, all ? "all environments" : env_label(v->conf, label));
    if (s->only_container && v) {
        const struct container_row *c = event_container(v, s->only_container);
        char stream[FORMAT_SIZE];
        x += grid_fmt(g, at.y, x, at.w - x, STYLE_WARN, "   container %s", c ? format_stream(c->stream, stream) : "?");
    }
    const char *filter = s->filter[VIEW_EVENTS];
    x += grid_fmt(g, at.y, x, at.w - x, filter[0] ? STYLE_WARN : STYLE_DIM, "   filter: %s",
                  filter[0] ? filter : "none");
    x += grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, "   kinds: %s", choice_word(s->choice));
    char note[128], past[64];
    (void)screen_past(s, at.w < 120, past);
    str_fmt(note, sizeof(note), "%s%s%zu of %zu lines ", past, past[0] ? "   " : "", s->log.n, s->log.of);
    grid_right(g, at.y, x + 1, at.w - x - 1, STYLE_DIM, note);
}

static void draw_list(struct screen *s, struct grid *g, struct rect at, bool heads)
{
    bool with_env = s->everyone || !screen_env(s);
    if (at.h < 1)
        return;
    if (heads)
        draw_event_heads(s, g, at.y, at.x + 2, at.w - 2, with_env);
    int first = at.y + (heads ? 1 : 0);
    size_t room = (size_t)(at.h - (heads ? 1 : 0));
    list_show(&s->events, room);
    for (size_t i = 0; i < room && s->events.top + i < s->log.n; i++) {
        size_t row = s->events.top + i;
        int y = first + (int)i;
        draw_event(s, g, y, at.x + 2, at.w - 2, &s->log.refs[row], with_env);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)row);
        if (row == s->events.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
    if (s->log.n == 0)
        grid_text(g, first, at.x + 2, at.w - 2, STYLE_DIM,
                  s->log.of > 0 ? "no event matches: Esc clears the filter, v changes the kinds" : "no events yet");
}

static void events_draw(struct screen *s, struct grid *g, struct rect body)
{
    int counts = body.w < COUNTS_WIDTH ? 3 : 2;
    struct layout_want wants[] = {{4, 400, 0}, {5, body.h >= 30 ? 7 : 6, 1}, {2, counts, 2}};
    struct rect parts[ARRAY_LEN(wants)];
    /* The list takes what the others leave. */
    wants[0].most = body.h - wants[1].most - wants[2].most;
    wants[0].most = wants[0].most < 4 ? body.h : wants[0].most;
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    draw_list(s, g, parts[0], true);
    draw_chosen(s, g, parts[1]);
    draw_counts(s, g, parts[2]);
}

static void events_small(struct screen *s, struct grid *g, struct rect body)
{
    draw_list(s, g, body, body.h > 3);
}

static unsigned chosen_kinds(enum event_choice choice)
{
    switch (choice) {
    case CHOICE_MAIN:
        return EVENT_KINDS_MAIN;
    case CHOICE_BAD:
        return EVENT_KINDS_BAD;
    case CHOICE_FETCH:
        return 1u << EVENT_FETCH | 1u << EVENT_FETCH_ERROR | 1u << EVENT_FALLBACK;
    case CHOICE_HIT:
        return 1u << EVENT_HIT | 1u << EVENT_STALE_HIT;
    case CHOICE_DB:
        return 1u << EVENT_DB_ERROR;
    case CHOICE_ALL:
    case CHOICE_COUNT:
        return EVENT_KINDS_ALL;
    }
    return EVENT_KINDS_ALL;
}

static void events_rebuild(struct screen *s)
{
    struct event_wish wish = {s->everyone || !screen_env(s) ? SIZE_MAX : s->env, s->only_container,
                              chosen_kinds(s->choice), s->filter[VIEW_EVENTS]};
    event_list_build(&s->log, s->board, &wish);
    list_resize(&s->events, s->log.n);
    if (s->follow && s->log.n > 0)
        list_choose(&s->events, s->log.n - 1);
    /* Rows live as long as a chunk does, so a row still listed is the same row. */
    for (size_t i = 0; !s->follow && i < s->log.n; i++)
        if (s->log.refs[i].row == s->event)
            list_choose(&s->events, i);
    s->event = s->log.n > 0 ? s->log.refs[s->events.at].row : NULL;
}

/* Moving off the end stops following, moving to it starts again. */
static void events_moved(struct screen *s)
{
    s->follow = s->log.n == 0 || s->events.at + 1 == s->log.n;
    s->event = s->log.n > 0 ? s->log.refs[s->events.at].row : NULL;
}

static struct list *events_list(struct screen *s)
{
    return &s->events;
}

const struct view view_events = {
    .tab = "3 Events",
    .place = IN_EVENTS,
    .legend = "LATE = arrived long after it happened   n N = next, previous match",
    .list = events_list,
    .rebuild = events_rebuild,
    .moved = events_moved,
    .title = events_title,
    .draw = events_draw,
    .small = events_small,
};
