/* What the user looks at: which view, which environment, what filter, over one
 * board.  Main thread only.  Keys go in, effects come out, frames are drawn on
 * grids; nothing here waits, and nothing here knows of curses or the network. */
#ifndef CT_SCREEN_H
#define CT_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/model.h"
#include "ui/confirm.h"
#include "ui/event_list.h"
#include "ui/grid.h"
#include "ui/keys.h"
#include "ui/list.h"
#include "ui/prompt.h"
#include "ui/question.h"

enum view_id {
    VIEW_OVERVIEW,
    VIEW_DETAIL,
    VIEW_EVENTS,
    VIEW_ORDERS,
    VIEW_CONNECT,
    VIEW_JOURNAL,
    VIEW_COST,
    VIEW_HELP,
    VIEW_COUNT
};
enum sort_by { SORT_STATE, SORT_NAME, SORT_AGE, SORT_DATA, SORT_COUNT };
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
    EFFECT_ORDER = 128, /* `wish` */
    EFFECT_CANCEL = 256 /* the order `order` */
};

struct screen_settings {
    bool audit;
    void (*judge)(const struct board *, const struct env_view *, struct verdict *); /* NULL: verdict_judge */
};

struct screen {
    struct screen_settings set;
    struct board *board;      /* what is shown; owned */
    struct verdict *verdicts; /* one an environment */
    int64_t mono_ms, wall_ms; /* now */
    int64_t began_mono_ms;    /* first board */
    uint64_t held_back;       /* boards that came during a pause */

    enum view_id view;
    enum view_id back[VIEW_COUNT]; /* where Esc leads from each view */
    size_t env;                    /* the chosen environment: its place in the configuration */
    bool touched;                  /* until the first key, the chosen one is the top row */
    bool paused, local, problems, follow, everyone;
    bool wide[VIEW_COUNT];
    enum sort_by sort;
    enum event_choice choice;

    size_t *rows, nrows;   /* overview: the environments shown, in order */
    size_t *worst, nworst; /* environments that need attention and pass the filter, worst first */
    size_t nworst_of;      /* the same without the filter */
    size_t *ways, nways;   /* the connect view: the environments shown, worst first */
    size_t *lines, nlines; /* the journal: the rows of its snapshot that are shown */
    uint64_t line;         /* the chosen one, by its number in the journal; 0 none */
    struct list envs, containers, events, orders, connect, journal, costs, help;
    struct list page;              /* of an order alone: `at` is its first line in view */
    uint32_t container;            /* chosen in the detail; 0 none */
    uint32_t only_container;       /* events of this one; 0 all */
    struct event_list log;         /* built for the events view */
    const struct event_row *event; /* the chosen one: its identity, looked up before use */

    struct prompt prompt;     /* the filter */
    struct prompt palette;    /* a command's name */
    struct confirm confirm;   /* the same of a name, for `wish` */
    struct question question; /* while it is open, keys are for it alone */
    char filter[VIEW_COUNT][PROMPT_MAX];
    char pattern[PROMPT_MAX]; /* last filter of the events, for n and N */
    struct order wish;        /* what was just ordered */
    uint64_t order;           /* chosen in the orders; 0 none */
    bool order_open;          /* it alone is shown */
    uint64_t told;            /* ordered here: its outcome is still to be said; 0 none */
    uint64_t planning;        /* ordered here as a plan that is to be confirmed; 0 none */

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
void screen_say(struct screen *s, const char *fmt, ...) FORMAT(2, 3);

/* For commands and views. */
void screen_rebuild(struct screen *s); /* after a change of board, filter, sort or view */
void screen_go(struct screen *s, enum view_id view);
/* Why a command is off in this mode, in words; NULL when it is not. */
const char *command_refusal(const struct screen *s, enum command c);
unsigned command_run(struct screen *s, enum command c);
const char *sort_word(enum sort_by by);
const char *choice_word(enum event_choice c);

#endif
