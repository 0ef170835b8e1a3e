#include "tests/sandbox/awsim_ops.h"

#include "backend/base/mem.h"

static const struct sim_op_row rows[] = {
#define OP(id, service, name, class, caller, quota, handler)                                                           \
    {name, SIM_##service, SIM_##class, CALLER_##caller, QUOTA_##quota, handler},
#include "tests/sandbox/awsim_ops.def"
#undef OP
};

const struct sim_op_row *sim_op_row(enum sim_op op)
{
    ASSERT(op < SIM_OPS);
    return &rows[op];
}

enum sim_op sim_op_find(enum sim_service service, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (rows[i].service == service && strcmp(rows[i].name, name) == 0)
            return (enum sim_op)i;
    return SIM_OPS;
}

enum sim_op sim_op_find_any(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return (enum sim_op)i;
    return SIM_OPS;
}

const char *sim_class_name(enum sim_class class)
{
    static const char *const names[SIM_CLASSES] = {"READ", "REVEALS", "MUTATES", "IDENTITY"};
    return names[class];
}
