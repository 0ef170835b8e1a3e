/* Troubles switched on by /_sim/faults: which call meets which.
 *
 * Not locked: the simulator's lock is held. */
#ifndef CT_AWSIM_FAULTS_H
#define CT_AWSIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sandbox/awsim_ops.h"

#define FAULTS_MAX 128
#define FAULT_MATCH_MAX 513

enum fault_kind {
#define FAULT(id, name) FAULT_##id,
#include "tests/sandbox/awsim_faults.def"
#undef FAULT
    FAULT_KINDS
};

const char *fault_name(enum fault_kind k);
enum fault_kind fault_find(const char *name); /* FAULT_KINDS: no such */

struct fault {
    enum fault_kind kind;
    enum sim_op op;              /* SIM_OPS: any */
    int64_t left;                /* calls still to be met; -1: until cleared */
    int64_t ms;                  /* slow: delay; skew: how far; drip: between two bytes */
    char match[FAULT_MATCH_MAX]; /* secret or log group; "" any */
    char key[129];               /* access key id; "" any */
};

struct faults {
    size_t n;
    struct fault rows[FAULTS_MAX];
};

bool faults_add(struct faults *f, const struct fault *fault); /* false: too many */
void faults_clear(struct faults *f);

/* The first that fits the call, counted down; false: none.  `resource` and `key`
 * are as the caller wrote them. */
bool faults_take(struct faults *f, enum sim_op op, const char *resource, const char *key, struct fault *out);

#endif
