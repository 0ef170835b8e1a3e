/* The Lambda functions of one (account, region): configuration alone, nothing runs.
 *
 * Not locked: the simulator's lock is held. */
#ifndef CT_AWSIM_FUNCTIONS_H
#define CT_AWSIM_FUNCTIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUNCTION_NAME_MAX 140

struct sim_function {
    char *name, *arn, *runtime, *role, *description;
    char *log_group, *log_format, *app_level, *system_level; /* the levels may be NULL */
    json_t *variables;                                       /* an object of texts */
    char revision[37];
    int64_t modified_ms;
    int64_t updated_ms; /* when the update in hand is done; in the past: none is */
    int64_t update_ms;  /* how long one takes */
    bool update_fails;
    uint64_t updates; /* taken so far, the one in hand too */
};

struct functions {
    size_t n;
    struct sim_function **list; /* by name */
};

void functions_clear(struct functions *f);
struct sim_function *functions_find(const struct functions *f, const char *name); /* NULL: no such */
struct sim_function *functions_add(struct functions *f, const char *account, const char *region, const char *name);
void function_new_revision(struct sim_function *f);

bool function_name_ok(const char *name);
/* What Lambda takes as environment variables; else a reason. */
bool function_variables_ok(const json_t *variables, const char **out_reason);

#endif
