/* Recycling: a function's configuration changes by one variable, so that Lambda begins new
 * containers for it, which fetch their credentials anew.
 *
 * An update replaces all of a function's variables, so they are read first, and sent back as
 * they were; they may be passwords.  They lie in wiped memory, are never shown, and only the
 * revision they were read at is replaced. */
#ifndef CT_RECYCLE_H
#define CT_RECYCLE_H

#include "backend/actions/action.h"
#include "backend/aws/json.h"

#define RECYCLE_VARIABLE "CREDTOP_RECYCLED"
#define RECYCLE_BYTES_MAX 4096 /* of all variables, their names included */

/* GetFunctionConfiguration's answer, as far as recycling goes; "" where there is none. */
struct recycle_state {
    char name[160], version[32]; /* "$LATEST", or a published one */
    char revision[65];
    char update[24], reason[160]; /* LastUpdateStatus, and why it failed */
    char mark[48];                /* the variable's value: who recycled last */
    size_t nvariables, bytes;     /* the others; with ours in its new form */
    json_t *variables;            /* all of them, on the wiping allocator; NULL none */
};

/* Filled on ERR_OK; give it back to recycle_clear(). */
enum err recycle_read(const char *reply, size_t n, struct recycle_state *out, struct why *why) CHECKED;
void recycle_clear(struct recycle_state *s); /* what may not be kept; the rest stays */

/* The update: all variables as they were, ours with `mark`.  Whoever has it wipes it. */
struct secret *recycle_body(const struct recycle_state *s, const char *mark);

/* Whether it can be recycled at all, and whether the order was given on this state. */
enum err recycle_possible(const struct recycle_state *s, struct why *why) CHECKED;
enum err recycle_admit(const struct config_environment *conf, const struct order *o, const struct recycle_state *s,
                       struct why *why) CHECKED;

/* plan.c */
void plan_recycle(const struct config_environment *conf, const struct recycle_state *s, const char *mark,
                  struct order_plan *out);

/* Containers of the environment whose life began at or after `since_ms`, and those of them
 * that have fetched; NULL counts none. */
struct recycle_count {
    size_t begun, fetched;
};
struct recycle_count recycle_count(const struct log_snap *logs, int64_t since_ms);

#endif
