/* The backend as the screen sees it: start, look at the newest board, order a
 * refresh, wait on one descriptor, stop.  Everything here is for the main thread
 * and returns at once; all waiting happens in the backend's own threads. */
#ifndef CT_BACKEND_H
#define CT_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/clock.h"
#include "backend/model.h"
#include "config/config.h"

struct backend;

/* How the functions' configurations and the log groups' retention are looked at: not at all;
 * by and by, for a dashboard, where a thousand must not come at once; or at once. */
enum backend_posture { POSTURE_NEVER, POSTURE_SLOWLY, POSTURE_AT_ONCE };

struct backend_settings {
    bool audit;        /* READ operations alone, no login with a fetched password; no way back */
    bool restricted;   /* on top: no file is written, keys are those the configuration names, or the machine's */
    bool orders_only;  /* no watch is started: for commands that carry out one order */
    bool held;         /* no thread is started before backend_go() */
    bool no_databases; /* no login and no look at a database: for what the logs alone tell */
    size_t rows_max;   /* events kept of each environment; 0: what a screen needs */
    const struct clock *clock;    /* NULL: the real one */
    enum backend_posture posture; /* whether functions and log groups are looked at, too */
    bool can_ask;                 /* somebody answers backend_mfa_wanted(): the dashboard on a terminal alone */
};

/* Starts the pools.  `conf` must outlive the backend.  NULL with `why` when the
 * machine refuses threads or descriptors.  Never waits for the network. */
struct backend *backend_start(const struct config *conf, const struct backend_settings *settings, struct why *why);

/* Starts the threads of one that is held: whoever draws its first picture before gets the
 * processor for it.  When it fails, stop the backend. */
enum err backend_go(struct backend *b, struct why *why) CHECKED;

/* Readable when a newer snapshot exists; drain, then look. */
int backend_wake_fd(const struct backend *b);
void backend_wake_drain(struct backend *b);

/* The newest of everything; free with board_free(). */
struct board *backend_board(struct backend *b);

/* True when every watch of every environment has finished at least one try (for
 * the logs: its backfill too).  The one-shot commands wait for it. */
bool backend_settled(struct backend *b);

/* Polls now, what is not being polled already: one environment (by its place in
 * the configuration) or, with SIZE_MAX, all. */
void backend_refresh(struct backend *b, size_t env);

/* The environment being looked at (SIZE_MAX: none): asked at the full rate and described
 * rather than listed; the others may be asked less often. */
void backend_focus(struct backend *b, size_t env);

/* Whether the posture of all is being looked at: what was not looked at yet is, soon. */
void backend_look_at_posture(struct backend *b, bool wanted);

/* Whether the journal is being looked at: only then it is read, and board.journal follows it.
 * backend_refresh() verifies it again. */
void backend_look_at_journal(struct backend *b, bool wanted);

/* Hands an order to the action threads; its id, or 0 with `why` when it is refused at
 * once (mode, queue full, another order on this environment).  Watch board.orders. */
uint64_t backend_order(struct backend *b, const struct order *o, struct why *why);

/* Asks a running order to stop; false when it cannot be stopped safely now. */
bool backend_order_cancel(struct backend *b, uint64_t id);

/* What a psql order that is done hands over, once: `out->fd` is the caller's then. */
bool backend_psql_take(struct backend *b, uint64_t id, struct psql_start *out);

/* Whether a code is wanted; copied out.  Rings the wake when that changes.  Asked once: a
 * question that is turned down comes back only after backend_refresh(). */
bool backend_mfa_wanted(struct backend *b, struct mfa_view *out);
/* Six digits, or NULL: turned down.  False: it is no code, or the question is gone. */
bool backend_mfa_answer(struct backend *b, uint64_t id, const char *code);

/* Ends every thread, within 100 ms whatever the peers do, and frees.  NULL is
 * fine; returns NULL. */
struct backend *backend_stop(struct backend *b);

#endif
