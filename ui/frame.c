/* The frame around every view: header, tabs, message and keys. */
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/format.h"
#include "ui/layout.h"
#include "ui/ordering.h"
#include "ui/palette.h"
#include "ui/view.h"

#define WIDE_FROM 120
#define SKEW_SHOWN_MS 5000

/* ------------------------------------------------------- shared pieces */

enum style state_style(enum env_state state)
{
    if (state == STATE_ROTATING)
        return STYLE_BUSY;
    switch (env_state_severity(state)) {
    case SEVERITY_FAILING:
        return STYLE_BAD;
    case SEVERITY_DEGRADED:
        return STYLE_WARN;
    case SEVERITY_UNKNOWN:
        return state == STATE_WAIT ? STYLE_DIM : STYLE_UNSURE;
    case SEVERITY_HEALTHY:
        return STYLE_TEXT;
    }
    return STYLE_TEXT;
}

const char *env_label(const struct config_environment *e, char out[72])
{
    str_fmt(out, 72, "%s%s", e->name, e->protect ? "*" : "");
    return out;
}

int64_t snap_age(const struct screen *s, const struct snap *snap)
{
    return snap && snap->good_mono_ms >= 0 ? s->mono_ms - snap->good_mono_ms : -1;
}

const char *old_mark(const struct screen *s, const struct snap *snap, int64_t period_ms)
{
    return snap && snap->good_mono_ms >= 0 && snap_is_old(snap, period_ms, s->mono_ms) ? "~" : "";
}

/* -------------------------------------------------------------- header */

static const struct identity_snap *identity_shown(const struct screen *s)
{
    if (screen_env(s) && screen_env(s)->identity)
        return screen_env(s)->identity;
    for (size_t i = 0; i < s->board->n; i++)
        if (s->board->envs[i].identity)
            return s->board->envs[i].identity;
    return NULL;
}

static bool failing(const struct snap *s)
{
    return s && s->tried_mono_ms >= 0 && s->why.code != ERR_OK;
}

/* How many environments AWS does not answer for, and whether any answer came. */
static void aws_word(const struct screen *s, char out[40])
{
    size_t bad = 0, good = 0;
    for (size_t i = 0; i < s->board->n; i++) {
        const struct env_view *v = &s->board->envs[i];
        if ((v->identity && failing(&v->identity->snap)) || (v->secret && failing(&v->secret->snap)) ||
            (v->logs && failing(&v->logs->snap)))
            bad++;
        else if (v->secret && v->secret->snap.good_mono_ms >= 0)
            good++;
    }
    if (bad > 0)
        str_fmt(out, 40, "AWS %zu failing", bad);
    else
        str_copy(out, 40, good > 0 ? "AWS ok" : "AWS ...");
}

/* "profile ops-admin (~/.aws/credentials)" -> "ops-admin". */
static void source_word(const char *source, char out[64])
{
    static const char prefix[] = "profile ";
    if (strncmp(source, prefix, sizeof(prefix) - 1) == 0)
        source += sizeof(prefix) - 1;
    str_copy_n(out, 64, source, strcspn(source, " ("));
}

static void draw_identity(const struct screen *s, struct grid *g, int x, int width, bool wide)
{
    const struct identity_snap *id = identity_shown(s);
    char source[64] = "";
    if (!id || id->snap.good_mono_ms < 0) {
        bool tried = id && failing(&id->snap);
        grid_text(g, 0, x, width, tried ? STYLE_WARN : STYLE_DIM,
                  tried ? err_words(id->snap.why.code) : "identity ...");
        return;
    }
    source_word(id->source, source);
    const char *who = strrchr(id->arn, ':');
    char words[320];
    str_fmt(words, sizeof(words), "%s %s %s", source, id->account, id->region);
    if ((int)text_width(words) > width) /* the account says most */
        str_fmt(words, sizeof(words), "%s %s", source, id->account);
    if ((int)text_width(words) > width)
        str_copy(words, sizeof(words), id->account);
    if ((int)text_width(words) > width) /* half an account number misleads */
        return;
    if (wide)
        grid_fmt(g, 0, x, width, STYLE_TEXT, "%s  account %s  region %s  %s", source, id->account, id->region,
                 who ? who + 1 : "");
    else
        grid_text(g, 0, x, width, STYLE_TEXT, words);
}

/* The first identity whose keys end soon; "" none. */
static void expiry_words(const struct screen *s, char out[40])
{
    const struct identity_snap *first = NULL;
    char left[FORMAT_SIZE];
    out[0] = '\0';
    for (size_t i = 0; i < s->board->n; i++) {
        const struct identity_snap *id = s->board->envs[i].identity;
        if (id && id->snap.good_mono_ms >= 0 && id->expires_ms >= 0 && (!first || id->expires_ms < first->expires_ms))
            first = id;
    }
    if (!first || first->expires_ms - s->wall_ms >= EXPIRES_SOON_MS)
        return;
    if (first->expires_ms <= s->wall_ms)
        str_copy(out, 40, "keys EXPIRED");
    else
        str_fmt(out, 40, "keys %s", format_age(first->expires_ms - s->wall_ms, left));
}

static const char *mode_word(const struct screen *s)
{
    return s->set.restricted       ? "RESTRICTED"
           : s->set.audit          ? "READ-ONLY"
           : s->board->journal_off ? "OPERATOR, NO JOURNAL"
                                   : "OPERATOR";
}

static enum style mode_style(const struct screen *s)
{
    return s->set.audit ? STYLE_MODE : s->board->journal_off ? STYLE_WARN : STYLE_TEXT;
}

/* From the right: clock, mode, calls and, with room, their price, AWS. */
static int draw_right(const struct screen *s, struct grid *g, int width)
{
    char clock[FORMAT_SIZE], aws[40], calls[80], price[FORMAT_SIZE], keys[40];
    const char *mode = mode_word(s);
    format_clock(s->wall_ms, s->local, true, clock);
    aws_word(s, aws);
    if (width >= WIDE_FROM && screen_settled(s))
        str_fmt(calls, sizeof(calls), "%u/min ~%s/month", s->board->calls_per_minute,
                format_dollars(s->board->dollars_per_month, price));
    else
        str_fmt(calls, sizeof(calls), "%u/min", s->board->calls_per_minute);
    int x = width - 1 - (int)strlen(clock);
    grid_text(g, 0, x, width, STYLE_TEXT, clock); /* plain: a tick is a few bytes then */
    x -= 2 + (int)strlen(mode);
    grid_text(g, 0, x, (int)strlen(mode), mode_style(s), mode);
    expiry_words(s, keys);
    if (keys[0]) {
        x -= 2 + (int)strlen(keys);
        grid_text(g, 0, x, (int)strlen(keys), STYLE_WARN, keys);
    }
    if (!keys[0] || width >= 80) {
        x -= 2 + (int)strlen(calls);
        grid_text(g, 0, x, (int)strlen(calls), STYLE_DIM, calls);
    }
    x -= 1 + (int)strlen(aws);
    bool bad = strstr(aws, "failing") != NULL;
    grid_text(g, 0, x, (int)strlen(aws), bad ? STYLE_WARN : STYLE_TEXT, aws);
    return x;
}

static void draw_header(const struct screen *s, struct grid *g, struct rect at)
{
    bool wide = at.w >= WIDE_FROM;
    int x = 1 + grid_text(g, at.y, 1, at.w - 1, STYLE_TITLE, wide ? "credtop " CREDTOP_VERSION : "credtop");
    int right = draw_right(s, g, at.w);
    draw_identity(s, g, x + 2, right - x - 4, wide);
}

static void draw_header_small(const struct screen *s, struct grid *g, struct rect at)
{
    char clock[FORMAT_SIZE];
    int x = grid_text(g, at.y, 0, at.w, STYLE_TITLE, "credtop");
    grid_text(g, at.y, x + 1, at.w - x - 1, mode_style(s), mode_word(s));
    if (at.w >= 36)
        grid_right(g, at.y, 0, at.w, STYLE_TEXT, format_clock(s->wall_ms, s->local, true, clock));
}

/* What stands at the right of the tabs; true: it must be seen. */
static bool tabs_note(const struct screen *s, bool brief, char out[64])
{
    char past[64];
    (void)screen_past(s, brief, past);
    if (s->paused)
        str_fmt(out, 64, "PAUSED +%u ", (unsigned)(s->held_back > 99999 ? 99999 : s->held_back));
    else if (past[0] && s->view != VIEW_EVENTS) /* there it stands in the title */
        str_fmt(out, 64, "%s ", past);
    else if (s->view == VIEW_EVENTS)
        str_fmt(out, 64, "follow %s ", s->follow ? "ON" : "off");
    else if (s->view != VIEW_HELP)
        str_fmt(out, 64, "every %ds ", (int)(s->board->conf->secret_poll_ms / 1000 % 1000000));
    else
        out[0] = '\0';
    return s->paused || past[0] || s->view == VIEW_EVENTS;
}

static void draw_tabs(const struct screen *s, struct grid *g, struct rect at)
{
    char note[64];
    int x = at.x, width = tabs_note(s, at.w < WIDE_FROM, note) ? (int)strlen(note) + 1 : 0;
    for (int v = 0; v < VIEW_COUNT; v++)
        width += v >= VIEW_COMPARE && s->view != (enum view_id)v ? 0 : 2 + (int)strlen(view_row((enum view_id)v)->tab);
    for (int v = 0; v < VIEW_COUNT; v++) {
        if (v >= VIEW_COMPARE && s->view != (enum view_id)v)
            continue; /* opened by keys of their own */
        bool here = s->view == (enum view_id)v;
        const char *tab = view_row((enum view_id)v)->tab;
        char key[8]; /* where the words do not fit, of the others the keys alone */
        str_copy_n(key, sizeof(key), tab, strcspn(tab, " "));
        int from = x;
        x += grid_fmt(g, at.y, x, at.w - x, here ? STYLE_TAB : STYLE_DIM, here ? "[%s]" : " %s ",
                      here || width <= at.w ? tab : key);
        grid_zone(g, at.y, from, x - from, ZONE_VIEW, (uint32_t)v);
    }
    if (x + 1 + (int)strlen(note) <= at.x + at.w)
        grid_right(g, at.y, x + 1, at.w - x - 1, s->paused ? STYLE_WARN : STYLE_DIM, note);
}

/* -------------------------------------------------------------- footer */

static void first_key(const struct key_row *row, char out[16])
{
    str_copy_n(out, 16, row->keys, strcspn(row->keys, " "));
}

static int key_width(const struct key_row *row)
{
    char key[16];
    first_key(row, key);
    return (int)(text_width(key) + 1 + text_width(row->word));
}

static bool in_footer(const struct key_row *row, unsigned place)
{
    return row && (row->where & place) && row->word[0];
}

/* Help and quit, and what the chosen environment needs. */
static bool always_in_footer(const struct screen *s, enum command c)
{
    return c == COMMAND_HELP || c == COMMAND_CLOSE_KEY || c == COMMAND_QUIT ||
           (c == COMMAND_PLAN_FINISH && ordering_is_advised(s, ORDER_FINISH)) ||
           (c == COMMAND_PLAN_RECYCLE && ordering_is_advised(s, ORDER_RECYCLE));
}

/* The others as far as there is room. */
static void draw_keys(const struct screen *s, struct grid *g, struct rect at)
{
    unsigned place = view_row(s->view)->place;
    bool wide = at.w >= WIDE_FROM;
    int gap = wide ? 2 : 1, kept = 0, x = at.x + 1;
    for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++)
        if (always_in_footer(s, (enum command)c) && in_footer(key_row((enum command)c), place))
            kept += key_width(key_row((enum command)c)) + gap;
    for (int c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
        const struct key_row *row = key_row((enum command)c);
        bool always = always_in_footer(s, (enum command)c);
        char key[16];
        bool refused =
            c == COMMAND_PLAN_ROTATE && ordering_is_advised(s, ORDER_FINISH); /* by AWS, until that is done */
        if (!in_footer(row, place) || refused || (!always && x + key_width(row) + gap + kept > at.w))
            continue;
        first_key(row, key);
        kept -= always ? key_width(row) + gap : 0;
        bool off = command_refusal(s, (enum command)c) != NULL;
        grid_zone(g, at.y, x, key_width(row), ZONE_COMMAND, (uint32_t)c);
        x += grid_text(g, at.y, x, at.w - x, off ? STYLE_DIM : STYLE_KEY, key);
        x += grid_text(g, at.y, x, at.w - x, STYLE_DIM, wide ? " " : ":");
        x += grid_text(g, at.y, x, at.w - x, off ? STYLE_DIM : STYLE_TEXT, row->word) + gap;
    }
}

static void draw_message(const struct screen *s, struct grid *g, struct rect at)
{
    if (s->message[0]) {
        grid_text(g, at.y, at.x + 1, at.w - 1, STYLE_BOLD, s->message);
        return;
    }
    int x = at.x + 1 + grid_text(g, at.y, at.x + 1, at.w - 1, STYLE_DIM, view_row(s->view)->legend);
    char note[64] = "";
    char age[FORMAT_SIZE];
    int64_t skew = s->board->clock_skew_ms;
    if (skew >= SKEW_SHOWN_MS || skew <= -SKEW_SHOWN_MS)
        str_fmt(note, sizeof(note), "this machine's clock is %s %s AWS's ", format_age(skew < 0 ? -skew : skew, age),
                skew < 0 ? "ahead of" : "behind");
    else if (!s->board->memory_locked)
        str_copy(note, sizeof(note), "secrets may be swapped: memory lock refused ");
    else if (s->bytes_per_s > 0)
        str_fmt(note, sizeof(note), "redraw %u.%u kB/s ", s->bytes_per_s / 1000 % 1000, s->bytes_per_s % 1000 / 100);
    if (x + 2 + (int)strlen(note) < at.w)
        grid_right(g, at.y, x, at.w - x, STYLE_DIM, note);
}

/* What may be typed, or what is wrong with what was. */
static void draw_prompt(const struct screen *s, struct grid *g, const struct layout *l)
{
    char names[200], words[320];
    prompt_draw(&s->prompt, g, l->keys, s->asks_range ? "range: " : "/");
    if (l->message.h < 1)
        return;
    const struct filter *f = s->filters[s->view];
    bool wrong = s->asks_range ? s->message[0] : f && filter_error(f)[0];
    if (s->asks_range) {
        str_copy(words, sizeof(words),
                 wrong ? s->message : "15m  6h  2d  all  since 14:20  until 14:40  14:20-14:40   Tab offers some");
    } else if (wrong) {
        str_fmt(words, sizeof(words), "not yet a filter: %s", filter_error(f));
    } else {
        filter_names(view_row(s->view)->columns, names, sizeof(names));
        str_fmt(words, sizeof(words), "word !not ~fuzzy re:^a.*z a | b x:y x>9  x of %s", names);
    }
    grid_text(g, l->message.y, 1, l->message.w - 1, wrong ? STYLE_WARN : STYLE_DIM, words);
}

static void draw_footer(const struct screen *s, struct grid *g, const struct layout *l)
{
    if (s->palette.open) {
        char words[PALETTE_WORDS];
        prompt_draw(&s->palette, g, l->keys, ":");
        if (l->message.h > 0)
            grid_text(g, l->message.y, 1, l->message.w - 1, s->message[0] ? STYLE_WARN : STYLE_DIM,
                      s->message[0] ? s->message : palette_words(s, words));
        return;
    }
    if (s->prompt.open) {
        draw_prompt(s, g, l);
        return;
    }
    if (l->message.h > 0)
        draw_message(s, g, l->message);
    if (s->confirm.open)
        grid_text(g, l->keys.y, l->keys.x + 1, l->keys.w - 1, STYLE_TEXT,
                  s->confirm.below ? "Enter:Answer Esc:Leave ^U:Clear PgDn PgUp:Move"
                                   : "Enter:Answer Esc:Leave ^U:Clear");
    else
        draw_keys(s, g, l->keys);
}

static void draw_view(struct screen *s, struct grid *g)
{
    struct layout l;
    const struct view *v = view_row(s->view);
    grid_clear(g);
    layout_frame(g->rows, g->cols, &l);
    if (l.size == LAYOUT_TINY) {
        grid_text(g, 0, 0, g->cols, STYLE_TEXT, "credtop: 20x3 needed");
        return;
    }
    if (l.size == LAYOUT_SMALL) {
        draw_header_small(s, g, l.header);
        v->small(s, g, l.body);
    } else {
        draw_header(s, g, l.header);
        draw_tabs(s, g, l.tabs);
        v->title(s, g, l.title);
        v->draw(s, g, l.body);
    }
    draw_footer(s, g, &l);
}

void screen_draw(struct screen *s, struct grid *g)
{
    if (screen_is_looking(s))
        screen_rebuild(s);
    if (screen_is_looking(s) && s->seek.filter)
        seek_go_on(s);
    draw_view(s, g);
    if (s->menu.what)
        menu_draw(&s->menu, s, g);
    if (s->confirm.open)
        confirm_draw(&s->confirm, g);
    if (s->question.open)
        question_draw(&s->question, g);
}
