/* The looks of `doctor`, one environment at a time, on a thread of its errand. */
#ifndef CT_DOCTOR_LOOK_H
#define CT_DOCTOR_LOOK_H

#include "backend/doctor.h"
#include "backend/watch/watch.h"

struct look {
    const struct watch *w;
    struct aws *aws;
    size_t env;
    const struct config_environment *conf; /* all empty: there is no environment */
    struct aws_target target;
    struct doctor_part *part; /* what was found goes here */
};

/* `next` may be NULL. */
void look_add(struct look *l, enum finding_level level, const char *next, const char *fmt, ...) FORMAT(4, 5);

bool look_identity(struct look *l); /* false: AWS does not know us; asking more makes no sense */
void look_permissions(struct look *l);
void look_logs(struct look *l);
/* `answers`: a secret's value can be asked for. */
void look_database(struct look *l, bool answers);

/* What to do about a failed call, in words; `op` names the permission. */
void look_failed(struct look *l, enum finding_level level, enum aws_op op, const struct why *why, const char *means);

#endif
