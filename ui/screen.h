/* What the user looks at: which view, which environment, what filter, over one
 * board.  Main thread only.  Keys go in, effects come out, frames are drawn on
 * grids; nothing here waits, and nothing here knows of curses or the network. */
#ifndef CT_SCREEN_H
#define CT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/model.h"
#include "backend/posture.h"
#include "ui/changes.h"
#include "ui/chart.h"
#include "ui/confirm.h"
#include "ui/env_look.h"
#include "ui/event_list.h"
#include "ui/filter.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/list.h"
#include "ui/menu.h"
#include "ui/prompt.h"
#include "ui/question.h"
#include "ui/range.h"
#include "ui/seek.h"

enum view_id {
    VIEW_OVERVIEW,
    VIEW_DETAIL,
    VIEW_EVENTS,
    VIEW_ORDERS,
    VIEW_CONNECT,
    VIEW_JOURNAL,
    VIEW_POSTURE,
    VIEW_COST,
    VIEW_COMPARE,
    VIEW_HELP,
    VIEW_COUNT
};
#define HISTORY_MAX 30

enum event_choice { CHOICE_MAIN, CHOICE_BAD, CHOICE_FETCH, CHOICE_HIT, CHOICE_DB, CHOICE_ALL, CHOICE_COUNT };

/* What a key asks the loop to do. */
enum effect {
    EFFECT_REDRAW = 1,
    EFFECT_REFRESH = 2,
    EFFECT_QUIT = 4,
    EFFECT_REPAINT = 8,
    EFFECT_REFRESH_ALL = 16,
    EFFECT_CODE = 32,
    EFFECT_NO_CODE = 64,
    EFFECT_ORDER = 128,  /* `wish` */
    EFFECT_CANCEL = 256, /* the order `order` */
    EFFECT_COPY = 512,   /* `copied` to the clipboard */
    EFFECT_SAVE = 1024,  /* the picture, as text, to a file */
    EFFECT_MOUSE = 2048, /* `mouse` has changed */
    EFFECT_THEME = 4096  /* the look's theme has */
};

struct screen_settings {
    bool audit;
    bool restricted; /* on top of it: no file, no clipboard */
    void (*judge)(const struct board *, const struct env_view *, struct verdict *); /* NULL: verdict_judge */
};

struct screen {
    struct screen_settings set;
    struct board *board;      /* what is shown; owned */
    struct verdict *verdicts; /* one an environment */
    struct change *changes;   /* the same */
    int64_t mono_ms, wall_ms; /* now */
    int64_t began_mono_ms;    /* first board */
    size_t worse;             /* the last environment that changed for the worse, plus one; 0 none: to be told */
    uint64_t held_back;       /* boards that came during a pause */

    enum view_id view;
    enum view_id back[VIEW_COUNT]; /* where Esc leads from each view */
    size_t other;                  /* compared with it */
    size_t env;                    /* the chosen environment: its place in the configuration */
    bool touched;                  /* until the first key, the chosen one is the top row */
    bool paused, local, problems, follow, everyone;
    bool wide[VIEW_COUNT];
    struct env_look look;
    uint32_t columns_shown; /* bits of enum env_column, from the last drawing */
    enum event_choice choice;
    unsigned kinds;       /* of the events: bits 1 << kind; the choice sets them, so does its menu */
    struct range range;   /* of the events */
    enum chart_span span; /* of the charts in the detail */
    int name_width;       /* of the environments, in lists */
    bool event_open;      /* the chosen event has most of the screen */
    bool only_marked;     /* events of the marked environments */

    bool *marked; /* by environment: orders are for these */
    size_t nmarked;
    size_t *rows, nrows;                       /* overview: the environments shown, in order */
    size_t *worst, nworst;                     /* environments that need attention and pass the filter, worst first */
    size_t nworst_of;                          /* the same without the filter */
    size_t *ways, nways;                       /* the connect view: the environments shown, worst first */
    size_t *stands, nstands;                   /* the posture view: the environments shown, worst first */
    uint8_t (*results)[POSTURE_CHECKS];        /* enum posture_result; by environment, as last judged */
    int64_t judged_ms;                         /* monotonic */
    enum posture_check checks[POSTURE_CHECKS]; /* the columns shown */
    size_t nchecks, first_check;               /* the first in the window */
    enum posture_check check;                  /* the chosen one */
    bool check_chosen;                         /* by hand */
    bool faults;                               /* posture: what is well is left out */
    size_t *lines, nlines;                     /* the journal: the rows of its snapshot that are shown */
    uint64_t line;                             /* the chosen one, by its number in the journal; 0 none */
    struct menu menu;                          /* while it is open, keys are for it */
    char copied[MENU_VALUE];
    char save_as[PROMPT_MAX]; /* "": a name of our own */
    bool mouse;
    char history[HISTORY_MAX][PROMPT_MAX]; /* of the palette, newest first */
    size_t nhistory, recalled;             /* recalled: which one is shown, plus one */
    struct list envs, containers, events, orders, connect, journal, posture, costs, compare, help;
    struct list page;        /* of an order alone: `at` is its first line in view */
    uint32_t container;      /* chosen in the detail; 0 none */
    uint32_t only_container; /* events of this one; 0 all */
    struct event_list log;   /* built for the events view */
    struct event_key event;  /* the chosen one */
    struct seek seek;        /* the next event that matches */
    bool log_due;            /* the filter was typed on: the list is to be made before it is used */

    struct prompt prompt;     /* the filter... */
    bool asks_range;          /* ...or the range of the events */
    struct prompt palette;    /* a command's name */
    struct confirm confirm;   /* the same of a name, for `wish` */
    struct question question; /* while it is open, keys are for it alone */
    char filter[VIEW_COUNT][PROMPT_MAX];
    struct filter *filters[VIEW_COUNT]; /* the same, read; never NULL where the view has columns */
    char filter_read[VIEW_COUNT][PROMPT_MAX];
    uint64_t filter_turn;     /* another at each reading */
    bool filters_local;       /* read for local times */
    char pattern[PROMPT_MAX]; /* last filter of the events, for n and N */
    struct order wish;        /* what was just ordered */
    uint64_t order;           /* chosen in the orders; 0 none */
    bool order_open;          /* it alone is shown */
    uint64_t told_first;      /* of several login tests ordered at once; 0: `told` is one */
    uint64_t told;            /* ordered here: its outcome is still to be said; 0 none */
    uint64_t planning;        /* ordered here as a plan that is to be confirmed; 0 none */

    /* Orders on the marked ones, one environment after the other. */
    size_t *batch, nbatch, batch_at; /* batch_at: the next */
    enum order_kind batch_kind;

    char message[320]; /* what just happened */
    int64_t message_until_ms;
    unsigned bytes_per_s; /* what drawing costs, for the footer */
};

/* Both take ownership of the board. */
struct screen *screen_new(const struct screen_settings *s, struct board *first);
void screen_update(struct screen *s, struct board *newer);
struct screen *screen_free(struct screen *s); /* NULL is fine; returns NULL */

void screen_now(struct screen *s, int64_t mono_ms, int64_t wall_ms);
unsigned screen_key(struct screen *s, uint32_t press); /* enum effect bits */
void screen_draw(struct screen *s, struct grid *g);    /* a whole frame */
/* The burst of the first answers lies behind: rates say what will be. */
bool screen_settled(const struct screen *s);
/* "reading the past 3/12", over all environments; "" when it has been read. */
const char *screen_past(const struct screen *s, bool brief, char out[64]);
/* The environment that is looked at alone, SIZE_MAX none: the backend asks it more often. */
size_t screen_focus(const struct screen *s);
/* A click or a turn of the wheel, on what was drawn last; effects. */
unsigned screen_click(struct screen *s, const struct grid *g, int y, int x, int wheel);
void screen_say(struct screen *s, const char *fmt, ...) FORMAT(2, 3);

/* For commands and views. */
/* The events are still being looked through: another frame soon. */
bool screen_is_looking(const struct screen *s);
void screen_rebuild(struct screen *s); /* after a change of board, filter, sort or view */
void screen_go(struct screen *s, enum view_id view);
unsigned screen_sort(struct screen *s, enum env_column by, bool reverse); /* effects */
unsigned screen_save(struct screen *s, const char *path);                 /* effects; "": a name of its own */
void screen_mark(struct screen *s, size_t env, bool marked);
/* Why a command is off in this mode, in words; NULL when it is not. */
const char *command_refusal(const struct screen *s, enum command c);
unsigned command_run(struct screen *s, enum command c);
const char *choice_word(enum event_choice c);

#endif
