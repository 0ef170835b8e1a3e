/* Screen 8: what watching costs: calls by operation with their price, what was
 * refused, our share of the quotas, and how often each source is asked now. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/view.h"

/* --------------------------------------------------------------- calls */

enum { CALL_NAME, CALL_TOTAL, CALL_RATE, CALL_PRICE, CALL_SHARE, CALL_COLUMNS };

static const struct layout_column call_columns[CALL_COLUMNS] = {
    [CALL_NAME] = {"OPERATION", 20, 0, false}, [CALL_TOTAL] = {"TOTAL", 8, 1, true},
    [CALL_RATE] = {"PER MIN", 8, 0, true},     [CALL_PRICE] = {"$/MONTH", 9, 0, true},
    [CALL_SHARE] = {"OF COST", 8, 2, true},
};

static void draw_cells(struct grid *g, int y, int x0, const struct layout_column *cols, const int *x, size_t n,
                       enum style style, const char *const *cells)
{
    for (size_t i = 0; i < n; i++) {
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, y, x0 + x[i], cols[i].width, style, cells[i]);
        else if (x[i] >= 0)
            grid_text(g, y, x0 + x[i], cols[i].width, style, cells[i]);
    }
}

static void draw_heads(struct grid *g, int y, int x0, const struct layout_column *cols, const int *x, size_t n)
{
    const char *heads[8];
    for (size_t i = 0; i < n && i < ARRAY_LEN(heads); i++)
        heads[i] = cols[i].head;
    draw_cells(g, y, x0, cols, x, n, STYLE_HEAD, heads);
}

static void draw_call(const struct board *b, struct grid *g, int y, const int *x, const struct call_row *c,
                      enum style style)
{
    char total[FORMAT_SIZE], rate[FORMAT_SIZE], price[FORMAT_SIZE], share[FORMAT_SIZE];
    double of = b->dollars_per_month > 0 ? c->dollars_per_month / b->dollars_per_month : -1;
    const char *cells[CALL_COLUMNS] = {
        [CALL_NAME] = c->name,
        [CALL_TOTAL] = format_count(c->total, total),
        [CALL_RATE] = format_rate(c->per_minute, rate),
        [CALL_PRICE] = format_dollars(c->dollars_per_month, price),
        [CALL_SHARE] = format_ratio(of, share),
    };
    draw_cells(g, y, 1, call_columns, x, CALL_COLUMNS, style, cells);
}

/* The sum of the rows, so that the table adds up to what it says. */
static struct call_row calls_sum(const struct board *b)
{
    struct call_row sum = {.name = "all"};
    for (size_t i = 0; i < b->ncalls; i++) {
        sum.total += b->calls[i].total;
        sum.per_minute += b->calls[i].per_minute;
        sum.dollars_per_month += b->calls[i].dollars_per_month;
    }
    return sum;
}

static void draw_calls(const struct screen *s, struct grid *g, struct rect at)
{
    const struct board *b = s->board;
    int x[CALL_COLUMNS];
    if (at.h < 2)
        return;
    grid_rule(g, at.y, at.x, at.w, "CALLS TO AWS",
              at.w >= 100  ? "(rates over the last ten minutes, or since the start; list prices, 30 days)"
              : at.w >= 60 ? "(rates over ten minutes)"
                           : NULL);
    layout_columns(call_columns, CALL_COLUMNS, at.w - 1, x);
    draw_heads(g, at.y + 1, 1, call_columns, x, CALL_COLUMNS);
    int y = at.y + 2, end = at.y + at.h;
    for (size_t i = 0; i < b->ncalls && y < end - 1; i++)
        draw_call(b, g, y++, x, &b->calls[i], STYLE_TEXT);
    struct call_row sum = calls_sum(b);
    if (b->ncalls > (size_t)(y - at.y - 2))
        str_fmt(sum.name, sizeof(sum.name), "all, %zu not shown", b->ncalls - (size_t)(y - at.y - 2));
    if (b->ncalls == 0 && y < end)
        grid_text(g, y, 1, at.w - 1, STYLE_DIM, "no call has been sent yet");
    else if (y < end)
        draw_call(b, g, y, x, &sum, STYLE_BOLD);
}

/* What did not go through, and why not more is asked. */
static void draw_troubles(const struct screen *s, struct grid *g, struct rect at)
{
    const struct board *b = s->board;
    const struct {
        const char *word;
        uint64_t n;
        const char *note;
    } rows[] = {
        {"throttled", b->calls_throttled, "by AWS: too many requests"},
        {"refused", b->calls_refused, "by credtop, not sent"},
        {"failed", b->calls_failed, "no good answer"},
    };
    if (at.h < 1)
        return;
    int x = at.x + 1;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char count[FORMAT_SIZE];
        x += grid_fmt(g, at.y, x, at.w - x, rows[i].n > 0 ? STYLE_WARN : STYLE_TEXT, "%s %s", rows[i].word,
                      format_count(rows[i].n, count));
        if (at.w >= 150)
            x += grid_fmt(g, at.y, x, at.w - x, STYLE_DIM, " (%s)", rows[i].note);
        x += 3;
    }
    grid_fmt(g, at.y, x, at.w - x, STYLE_TEXT, "at most %u%% of each quota", b->conf->quota_percent);
}

/* ------------------------------------------------------------- periods */

enum { ASK_ENV, ASK_SECRET, ASK_LOGS, ASK_DATABASE, ASK_WORDS, ASK_COLUMNS };

static enum style period_words(const struct snap *snap, int64_t configured_ms, bool has, char out[FORMAT_SIZE])
{
    if (!has || !snap || snap->tried_mono_ms < 0) {
        str_copy(out, FORMAT_SIZE, has ? "..." : "-");
        return STYLE_DIM;
    }
    int64_t period = snap->period_ms > 0 ? snap->period_ms : configured_ms;
    format_age((period + 500) / 1000 * 1000, out);
    return period > configured_ms + configured_ms / 2 ? STYLE_BUSY : STYLE_TEXT; /* less is jitter */
}

static const char *source_failing(const struct env_view *v)
{
    const struct snap *sources[] = {v->secret ? &v->secret->snap : NULL, v->logs ? &v->logs->snap : NULL,
                                    v->db ? &v->db->snap : NULL};
    for (size_t i = 0; i < ARRAY_LEN(sources); i++)
        if (sources[i] && sources[i]->failures > 0)
            return "a source fails";
    return "";
}

static void draw_period(const struct screen *s, struct grid *g, int y, const struct layout_column *cols, const int *x,
                        size_t env)
{
    const struct env_view *v = &s->board->envs[env];
    const struct config *c = s->board->conf;
    char label[72], words[ASK_COLUMNS][FORMAT_SIZE];
    enum style style[ASK_COLUMNS] = {[ASK_ENV] = STYLE_TEXT, [ASK_WORDS] = STYLE_DIM};
    style[ASK_SECRET] = period_words(v->secret ? &v->secret->snap : NULL, c->secret_poll_ms,
                                     v->conf->mode == CONFIG_PRODUCTION, words[ASK_SECRET]);
    style[ASK_LOGS] = period_words(v->logs ? &v->logs->snap : NULL, c->log_poll_ms, v->logs != NULL, words[ASK_LOGS]);
    style[ASK_DATABASE] =
        period_words(v->db ? &v->db->snap : NULL, c->database_poll_ms, v->db != NULL, words[ASK_DATABASE]);
    bool slow = style[ASK_SECRET] == STYLE_BUSY || style[ASK_LOGS] == STYLE_BUSY || style[ASK_DATABASE] == STYLE_BUSY;
    str_copy(words[ASK_WORDS], FORMAT_SIZE,
             source_failing(v)[0] ? source_failing(v)
             : slow               ? "less often: idle, quota"
                                  : "");
    const char *cells[ASK_COLUMNS] = {env_label(v->conf, label), words[ASK_SECRET], words[ASK_LOGS],
                                      words[ASK_DATABASE], words[ASK_WORDS]};
    for (size_t i = 0; i < ASK_COLUMNS; i++)
        if (x[i] >= 0 && cols[i].right)
            grid_right(g, y, 2 + x[i], cols[i].width, style[i], cells[i]);
        else if (x[i] >= 0)
            grid_text(g, y, 2 + x[i], cols[i].width, style[i], cells[i]);
}

static void ask_columns(const struct screen *s, struct layout_column cols[ASK_COLUMNS], char heads[3][FORMAT_SIZE])
{
    const struct config *c = s->board->conf;
    char age[FORMAT_SIZE], label[72];
    int name = 8;
    str_fmt(heads[0], FORMAT_SIZE, "SECRET %s", format_age(c->secret_poll_ms, age));
    str_fmt(heads[1], FORMAT_SIZE, "LOGS %s", format_age(c->log_poll_ms, age));
    str_fmt(heads[2], FORMAT_SIZE, "PG %s", format_age(c->database_poll_ms, age));
    for (size_t i = 0; i < s->board->n; i++) {
        int w = (int)text_width(env_label(s->board->envs[i].conf, label));
        name = w > name ? w : name;
    }
    cols[ASK_ENV] = (struct layout_column){"ENV", name > 24 ? 24 : name, 0, false};
    cols[ASK_SECRET] = (struct layout_column){heads[0], 12, 0, true};
    cols[ASK_LOGS] = (struct layout_column){heads[1], 10, 0, true};
    cols[ASK_DATABASE] = (struct layout_column){heads[2], 8, 0, true};
    cols[ASK_WORDS] = (struct layout_column){"", 24, 1, false};
}

static void draw_periods(struct screen *s, struct grid *g, struct rect at)
{
    struct layout_column cols[ASK_COLUMNS];
    char heads[3][FORMAT_SIZE];
    int x[ASK_COLUMNS];
    if (at.h < 3)
        return;
    grid_rule(g, at.y, at.x, at.w, "ASKED EVERY",
              at.w >= 100 ? "(heads: as configured; an environment that is opened is asked at that rate)"
                          : "(heads: as configured)");
    ask_columns(s, cols, heads);
    layout_columns(cols, ASK_COLUMNS, at.w - 2, x);
    draw_heads(g, at.y + 1, 2, cols, x, ASK_COLUMNS);
    list_show(&s->costs, (size_t)(at.h - 2));
    for (size_t i = 0; i < s->costs.page && s->costs.top + i < s->board->n; i++) {
        int y = at.y + 2 + (int)i;
        draw_period(s, g, y, cols, x, s->costs.top + i);
        grid_zone(g, y, at.x, at.w, ZONE_ROW, (uint32_t)(s->costs.top + i));
        if (s->costs.top + i == s->costs.at) {
            grid_glyph(g, y, at.x + 1, STYLE_KEY, '>', '>');
            grid_select(g, y, at.x, at.w);
        }
    }
}

/* ---------------------------------------------------------- the screen */

static void cost_draw(struct screen *s, struct grid *g, struct rect body)
{
    int calls = 3 + (int)s->board->ncalls, gap = body.h >= 30 ? 1 : 0;
    struct layout_want wants[] = {
        {calls > 6 ? 6 : calls, calls + gap, 0},
        {1, 1 + gap, 1},
        {3, 2 + (int)(s->board->n > 200 ? 200 : s->board->n), 2},
    };
    struct rect parts[ARRAY_LEN(wants)];
    layout_stack(body, wants, ARRAY_LEN(wants), parts);
    parts[0].h = parts[0].h > calls ? calls : parts[0].h;
    draw_calls(s, g, parts[0]);
    draw_troubles(s, g, parts[1]);
    draw_periods(s, g, parts[2]);
}

static void cost_small(struct screen *s, struct grid *g, struct rect body)
{
    draw_calls(s, g, body);
}

static void cost_title(const struct screen *s, struct grid *g, struct rect at)
{
    char price[FORMAT_SIZE];
    int x = 1 + grid_fmt(g, at.y, 1, at.w - 1, STYLE_TITLE, "COST  %u calls in the last minute  ~%s/month",
                         s->board->calls_per_minute, format_dollars(s->board->dollars_per_month, price));
    if (!screen_settled(s))
        grid_text(g, at.y, x, at.w - x, STYLE_DIM, "   the start asks more than the rest");
}

static void cost_rebuild(struct screen *s)
{
    list_resize(&s->costs, s->board->n);
    list_choose(&s->costs, s->env);
}

/* The chosen row is the chosen environment, as on the overview. */
static void cost_moved(struct screen *s)
{
    if (s->board->n > 0)
        s->env = s->costs.at;
}

static struct list *cost_list(struct screen *s)
{
    return &s->costs;
}

const struct view view_cost = {
    .tab = "8 Cost",
    .place = IN_COST,
    .legend = "PER MIN over ten minutes   $/MONTH if that goes on   ... not asked yet",
    .list = cost_list,
    .rebuild = cost_rebuild,
    .moved = cost_moved,
    .title = cost_title,
    .draw = cost_draw,
    .small = cost_small,
};
