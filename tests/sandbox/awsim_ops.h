/* The operations as an enum and a table, and one function a row. */
#ifndef CT_AWSIM_OPS_H
#define CT_AWSIM_OPS_H

#include "tests/sandbox/awsim_quota.h"
#include "tests/sandbox/awsim_services.h"

enum sim_class { SIM_READ, SIM_REVEALS, SIM_MUTATES, SIM_IDENTITY, SIM_CLASSES };
enum sim_caller { CALLER_SIGNS, CALLER_ANY };

enum sim_op {
#define OP(id, service, name, class, caller, quota, handler) SIM_##id,
#include "tests/sandbox/awsim_ops.def"
#undef OP
    SIM_OPS
};

struct call;

struct sim_op_row {
    const char *name;
    enum sim_service service;
    enum sim_class class;
    enum sim_caller caller;
    enum quota quota;
    void (*handler)(struct call *c); /* with the simulator's lock held */
};

const struct sim_op_row *sim_op_row(enum sim_op op);
enum sim_op sim_op_find(enum sim_service service, const char *name); /* SIM_OPS: no such */
enum sim_op sim_op_find_any(const char *name);                       /* in whatever service */
const char *sim_class_name(enum sim_class class);

#define OP(id, service, name, class, caller, quota, handler) void handler(struct call *c);
#include "tests/sandbox/awsim_ops.def"
#undef OP

#endif
