/* Orders and the threads that carry them out.
 *
 * An order is taken from a bounded queue by an action thread and run by its kind's
 * function, straight through, step by step; every step begun and ended is published at
 * once.  One order at a time on an environment.  Refusals are outcomes too. */
#ifndef CT_ACTION_H
#define CT_ACTION_H

#include "backend/actions/journal.h"
#include "backend/aws/aws.h"
#include "backend/base/cancel.h"
#include "backend/model.h"
#include "backend/watch/watch.h"

struct actions;

struct actions_settings {
    const struct watch *watch;                                     /* configuration, gate, clock, cancel, box, mode */
    size_t slot;                                                   /* of the snapshot box: struct orders_snap */
    struct journal *journal;                                       /* NULL: none is kept */
    void (*caller)(void *ctx, size_t env, char *out, size_t size); /* who we are to AWS there, for the journal */
    void (*refresh)(void *ctx, size_t env); /* look at an environment again: something may have changed */
    void *ctx;
};

struct actions *actions_new(const struct actions_settings *s);
enum err actions_start(struct actions *a, struct why *why) CHECKED;
struct actions *actions_stop(struct actions *a); /* after cancel_trigger(): joins, frees */

/* Main thread.  What is refused here is journaled too, by an action thread. */
uint64_t actions_submit(struct actions *a, const struct order *o, struct why *why);
bool actions_cancel(struct actions *a, uint64_t id);
/* Once for each psql order; `out->fd` is the taker's then. */
bool actions_psql_take(struct actions *a, uint64_t id, struct psql_start *out);

/* ------------------------------------------- for the order kinds' own files */

/* One order in hand, owned by its thread. */
struct action {
    struct actions *all;
    const struct watch *watch;
    struct aws *aws;       /* this thread's line */
    struct cancel *cancel; /* the order's own; a child of the program's */
    struct order order;
    struct order_view view; /* written by the thread, published by the calls below */
    struct aws_order mark;  /* what its calls to AWS carry, for the journal */
    char version_before[65], version_after[65], last_request_id[64], keys[300];
    unsigned unjournaled; /* steps whose line could not be written */
    int64_t step_mono_ms; /* when the step in hand began: the wall clock may step meanwhile */
};

/* Where its calls go: every aws_call() of an order uses this, so that the journal knows.
 * Calls that name something in their path name the environment's function. */
struct aws_target action_target(struct action *a);
/* The versions that are in hand, for the journal; "" none. */
void action_versions(struct action *a, const char *before, const char *after);

/* ERR_INVALID: the environment is protected, and its name was not typed. */
enum err action_confirmed(const struct config_environment *conf, const struct order *o, struct why *why) CHECKED;

/* Before what is not AWS's and changes something, and for the plan: told to the journal, and
 * on the disk.  What cannot be told must not be done. */
enum err action_tell(struct action *a, const char *operation, const char *resource, struct why *why) CHECKED;
enum err action_tell_plan(struct action *a, struct why *why) CHECKED;

/* Begins a step, and ends it (state and words); both publish, the end is journaled. */
void action_begin(struct action *a, const char *step);
void action_end(struct action *a, enum step_state state, const char *fmt, ...) FORMAT(3, 4);
/* The order's outcome, journaled; after it the function returns. */
void action_finish(struct action *a, enum order_state state, const char *fmt, ...) FORMAT(3, 4);
/* From here on cancelling is (not) safe: nothing has been sent, or it has. */
void action_cancellable(struct action *a, bool safe);
void action_publish(struct action *a);
/* Keeps it for actions_psql_take(), in place of an older one. */
void action_hand_over(struct action *a, const struct psql_start *start);

void action_run_psql(struct action *a);      /* psql.c */
void action_run_test(struct action *a);      /* action_test.c */
void action_run_rotate(struct action *a);    /* rotation.c */
void action_run_finish(struct action *a);    /* rotation.c */
void action_run_cancel(struct action *a);    /* rotation.c */
void action_run_recycle(struct action *a);   /* recycle.c */
void action_run_roll_back(struct action *a); /* rotation.c */

/* For the orders that look at logins: the places in view.logins, in this order. */
enum { LOGIN_CURRENT, LOGIN_PENDING, LOGIN_PREVIOUS };
void action_logins_begin(struct action *a); /* nothing tried yet */
/* A step: fetches what the label is on, logs in once, and says what came of it. */
void action_login(struct action *a, struct stage_login *to);

#endif
