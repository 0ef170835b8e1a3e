/* A screen's views: a struct of callbacks each; a new one is a file and a row. */
#ifndef CT_VIEW_H
#define CT_VIEW_H

#include "ui/screen.h"

struct view {
    const char *tab;                      /* "1 Envs" */
    unsigned place;                       /* enum key_place: which keys work */
    const char *legend;                   /* what the marks mean */
    const struct filter_columns *columns; /* what a filter may ask here; NULL: there is none */
    struct list *(*list)(struct screen *s);
    void (*rebuild)(struct screen *s); /* data, filter or order changed; may be NULL */
    void (*moved)(struct screen *s);   /* the list's chosen row changed; may be NULL */
    void (*title)(const struct screen *s, struct grid *g, struct rect at);
    void (*draw)(struct screen *s, struct grid *g, struct rect body);
    void (*small)(struct screen *s, struct grid *g, struct rect body); /* under 60x15 */
};

extern const struct view view_overview, view_detail, view_events, view_orders, view_connect, view_journal, view_posture,
    view_cost, view_compare, view_help;
const struct view *view_row(enum view_id id);

/* Shared pieces. */
enum style state_style(enum env_state state);
const struct env_view *screen_env(const struct screen *s);
/* The name, with '*' when protected. */
const char *env_label(const struct config_environment *e, char out[72]);
/* "~" when a source is old or never answered, else "". */
const char *old_mark(const struct screen *s, const struct snap *snap, int64_t period_ms);
/* For the phase where a login ended: cred dns tcp TLS auth query. */
const char *phase_short(enum db_phase p);
/* Age of a source's last good data; -1 when there is none. */
int64_t snap_age(const struct screen *s, const struct snap *snap);
void draw_event(const struct screen *s, struct grid *g, int y, int x, int width, const struct event_ref *e,
                bool with_env);
void draw_event_heads(const struct screen *s, struct grid *g, int y, int x, int width, bool with_env);
/* The kinds of a choice, and in words what is chosen: "main", "3 of 10". */
unsigned choice_kinds(enum event_choice c);
const char *kinds_words(const struct screen *s, char out[32]);
enum style event_style(enum event_kind kind);
/* By its severity. */
enum style posture_style(enum posture_result r);
/* "2 FAIL 1 warn 3 ?  plain: in plain sight: DB_PASSWORD; ...": an environment's in a line. */
enum style posture_line(const struct posture *p, char *out, size_t size);
/* Keys that last no longer than this are said to end. */
#define EXPIRES_SOON_MS INT64_C(900000)
/* One source for all pictures of a window: the last hour. */
#define WINDOW_MS INT64_C(3600000)

#endif
