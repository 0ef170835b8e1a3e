/* What the two ways to rotate, and to stop it, share: where a secret stands, whether it may be rotated and
 * by whom, the plan, and calls that are sent again only where nothing was done. */
#ifndef CT_ROTATION_H
#define CT_ROTATION_H

#include "backend/actions/action.h"
#include "backend/actions/strategy.h"

/* DescribeSecret's answer, as far as rotations go; "" where there is none. */
struct rotation_state {
    char arn[256], region[32];
    char current[65], pending[65], previous[65]; /* the versions with these labels */
    char function[256];                          /* of the rotation function, an ARN */
    char owner[64];                              /* the service that manages it */
    char primary_region[32];
    char rules[128];             /* RotationRules, as the aws CLI takes them; "" not known */
    bool enabled;                /* RotationEnabled */
    int64_t deleted_ms, next_ms; /* wall; -1 */
};

enum rotation_way { ROTATION_NONE, ROTATION_BY_AWS, ROTATION_BY_CREDTOP, ROTATION_CANCEL };

enum err rotation_describe(struct action *a, struct rotation_state *out, struct why *why) CHECKED;
/* From bytes: the answer of DescribeSecret. */
enum err rotation_read(const char *reply, size_t n, struct rotation_state *out, struct why *why) CHECKED;

/* AWSPENDING is on a version that is not AWSCURRENT: a rotation is under way, or stuck. */
bool rotation_is_open(const struct rotation_state *s);

/* By configuration and state; ROTATION_NONE with words on why not, and what to do. */
enum rotation_way rotation_choose(const struct config_environment *conf, const struct rotation_state *s,
                                  enum order_kind kind, struct why *why);

/* Whether the order may be carried out on this state: it has not moved since it was seen,
 * and where the environment is protected, its name was typed. */
enum err rotation_admit(const struct config_environment *conf, const struct order *o, const struct rotation_state *s,
                        struct why *why) CHECKED;

/* One call.  Those that were throttled or found no quota were not carried out: they are sent
 * again, a few times.  `what` names it for the crash test. */
enum err rotation_call(struct action *a, enum aws_op op, const char *body, struct aws_reply *out,
                       struct why *why) CHECKED;

/* True when the answer leaves open whether it was done: to be looked at. */
bool rotation_in_doubt(enum err err);
/* Of one change that is tried several times: true when this try or one before may have arrived.  The
 * first of these is kept in *doubt (zero at first), and decides what is known, whatever later ones met:
 * a connection that is refused now says nothing of the one that broke. */
bool rotation_may_have_arrived(struct why *doubt, enum err err, const struct why *why);

/* {"SecretId":...} of the environment in hand and further members ("" none). */
void rotation_body(const struct action *a, const char *more, struct strbuf *out);

bool rotation_pause(struct action *a, int64_t ms); /* false: the program stops, or the order was cancelled */

/* plan.c; `strategy` NULL where nobody's login changes. */
void plan_write(const struct config_environment *conf, const struct rotation_state *s, enum rotation_way way,
                const struct strategy *strategy, enum order_kind kind, int64_t now_wall_ms, struct order_plan *out);

/* Ends the step in hand with the plan made, its token chosen, and both told to the journal.
 * False: the order has ended; a dry run does here. */
bool rotation_agree(struct action *a, const struct rotation_state *s, enum rotation_way way,
                    const struct strategy *strategy);

/* The ways: from the state looked at to the order's outcome. */
void rotate_by_aws(struct action *a, const struct rotation_state *s);
void rotate_by_credtop(struct action *a, const struct rotation_state *s);
void rotate_cancel(struct action *a, const struct rotation_state *s);
void rotate_back(struct action *a, const struct rotation_state *s);

#endif
