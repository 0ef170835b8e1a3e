#include "ui/connectivity.h"

#include "backend/base/mem.h"
#include "ui/format.h"
#include "ui/view.h"

static bool login_failed(const struct db_snap *d)
{
    return d->result == DB_LOGIN_FAILED || d->result == DB_UNREACHABLE;
}

static enum style phase_words(const struct db_snap *d, int phase, bool brief, char out[48])
{
    char time[FORMAT_SIZE];
    const char *words = brief ? phase_short((enum db_phase)phase) : db_phase_word((enum db_phase)phase);
    if (login_failed(d) && d->failed == (enum db_phase)phase) {
        str_fmt(out, 48, "%s FAILED %s", words, d->sqlstate);
        return STYLE_BAD;
    }
    format_latency(d->phase_us[phase], time);
    str_fmt(out, 48, "%s %s", words, time);
    return d->phase_us[phase] < 0 ? STYLE_DIM : STYLE_TEXT;
}

static void target_words(const struct db_snap *d, char *out, size_t size)
{
    str_fmt(out, size, "%s:%u/%s  user %s (%s)%s%s", d->host[0] ? d->host : "-", (unsigned)d->port,
            d->dbname[0] ? d->dbname : "-", d->user[0] ? d->user : "-", db_source_word(d->user_from),
            d->tls_protocol[0] ? "  " : "", d->tls_protocol);
}

enum style connectivity_result(const struct screen *s, const struct db_snap *d, char *out, size_t size)
{
    char when[FORMAT_SIZE], time[FORMAT_SIZE], line[320];
    format_when(d->since_wall_ms, s->wall_ms, s->local, when);
    switch (d->result) {
    case DB_NOT_TRIED:
        str_copy(out, size, d->snap.tried_mono_ms < 0 ? "not tried yet" : why_line(&d->result_why, line, sizeof(line)));
        return STYLE_DIM;
    case DB_LOGIN_OK:
        str_fmt(out, size, "login ok %s since %s%s%s", format_latency(d->total_us, time), when,
                d->standby ? ", standby" : "", d->superuser ? ", superuser" : "");
        return STYLE_GOOD;
    case DB_REACHABLE:
        str_fmt(out, size, "reachable %s since %s; audit mode tries no login", format_latency(d->total_us, time), when);
        return STYLE_GOOD;
    case DB_LOGIN_FAILED:
    case DB_UNREACHABLE:
    case DB_NO_CREDENTIALS:
        str_fmt(out, size, "%s since %s", why_line(&d->result_why, line, sizeof(line)), when);
        return STYLE_BAD;
    }
    return STYLE_TEXT;
}

static void draw_phases_across(const struct db_snap *d, struct grid *g, int y, struct rect at)
{
    int x = at.x + 1;
    for (int p = 0; p < PHASE_COUNT; p++) {
        char word[48];
        enum style style = phase_words(d, p, at.w < 110, word);
        x += grid_text(g, y, x, at.w - x, style, word) + 2;
    }
}

static void draw_phases_down(const struct db_snap *d, struct grid *g, int y, struct rect at, int rows)
{
    for (int p = 0; p < PHASE_COUNT && p < rows; p++) {
        char time[FORMAT_SIZE];
        bool failed = login_failed(d) && d->failed == (enum db_phase)p;
        enum style style = failed ? STYLE_BAD : d->phase_us[p] < 0 ? STYLE_DIM : STYLE_TEXT;
        grid_text(g, y + p, at.x + 1, 16, style, db_phase_word((enum db_phase)p));
        grid_text(g, y + p, at.x + 18, 8, style, failed ? "FAILED" : d->phase_us[p] < 0 ? "-" : "ok");
        grid_right(g, y + p, at.x + 25, 6, style, format_latency(d->phase_us[p], time));
        if (failed)
            grid_text(g, y + p, at.x + 33, at.w - 34, style, d->sqlstate);
        else if (p == PHASE_TLS && d->tls_protocol[0])
            grid_fmt(g, y + p, at.x + 33, at.w - 34, STYLE_DIM, "%s %s", d->tls_protocol, d->tls_cipher);
        else if (p == PHASE_CONNECT && d->address[0])
            grid_text(g, y + p, at.x + 33, at.w - 34, STYLE_DIM, d->address);
    }
}

void connectivity_facts(const struct db_snap *d, struct grid *g, struct rect at)
{
    char words[512];
    if (at.h < 1)
        return;
    target_words(d, words, sizeof(words));
    grid_text(g, at.y, at.x + 1, at.w - 1, STYLE_TEXT, words);
    if (at.h > PHASE_COUNT)
        draw_phases_down(d, g, at.y + 1, at, at.h - 1);
    else if (at.h > 1)
        draw_phases_across(d, g, at.y + 1, at);
}

void connectivity_draw(const struct screen *s, struct grid *g, struct rect at, bool down)
{
    const struct db_snap *d = screen_env(s)->db;
    char words[512];
    if (at.h < 2)
        return;
    grid_rule(g, at.y, at.x, at.w, "CONNECTIVITY", NULL);
    if (!d) {
        grid_text(g, at.y + 1, at.x + 1, at.w - 1, STYLE_DIM, "no database is configured");
        return;
    }
    enum style style = connectivity_result(s, d, words, sizeof(words));
    grid_text(g, at.y + 1, at.x + 1, at.w - 1, style, words);
    if (d->result == DB_NOT_TRIED)
        return;
    if (down && at.h > 2) {
        target_words(d, words, sizeof(words));
        grid_text(g, at.y + 2, at.x + 1, at.w - 1, STYLE_TEXT, words);
        draw_phases_down(d, g, at.y + 3, at, at.h - 3);
        return;
    }
    if (at.h > 2)
        draw_phases_across(d, g, at.y + 2, at);
    if (at.h > 3) {
        target_words(d, words, sizeof(words));
        grid_text(g, at.y + 3, at.x + 1, at.w - 1, STYLE_TEXT, words);
    }
}
