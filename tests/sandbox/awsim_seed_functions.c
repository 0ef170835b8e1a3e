/* The part of a seed that tells of Lambda functions. */
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_logs.h"
#include "tests/sandbox/awsim_seeding.h"

static bool is_one_of(const char *s, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(*list, s) == 0)
            return true;
    return false;
}

static char *text_or(struct check *c, const json_t *o, const char *member, size_t max, const char *absent)
{
    const char *s = check_text(c, o, member, 1, max);
    return mem_copy_str(s ? s : absent);
}

static void seed_logging(struct seeding *s, const json_t *o, struct sim_function *f)
{
    static const char *const formats[] = {"Text", "JSON", NULL};
    static const char *const levels[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", NULL};
    struct check *c = &s->check;
    char group[512];
    str_fmt(group, sizeof group, "/aws/lambda/%s", f->name);
    f->log_group = text_or(c, o, "log_group", 512, group);
    f->log_format = text_or(c, o, "log_format", 8, "Text");
    f->app_level = mem_copy_str(check_text(c, o, "app_log_level", 1, 8));
    f->system_level = mem_copy_str(check_text(c, o, "system_log_level", 1, 8));
    if (!logs_group_name_ok(f->log_group))
        (void)check_fail(c, "log_group", "must be letters, digits and . _ / # - alone");
    if (!is_one_of(f->log_format, formats))
        (void)check_fail(c, "log_format", "must be Text or JSON");
    if ((f->app_level && !is_one_of(f->app_level, levels)) || (f->system_level && !is_one_of(f->system_level, levels)))
        (void)check_fail(c, "app_log_level", "and system_log_level must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL");
}

static void seed_function(struct seeding *s, const json_t *o)
{
    static const char *const known[] = {
        "account",     "region",       "name",       "environment",   "runtime",          "role",
        "description", "log_group",    "log_format", "app_log_level", "system_log_level", "modified_ago_s",
        "update_ms",   "update_fails", NULL};
    struct check *c = &s->check;
    if (!check_members(c, o, known))
        return;
    struct realm *realm = seed_realm(s, o);
    const char *name = check_need_text(c, o, "name", 1, FUNCTION_NAME_MAX), *reason;
    if (!function_name_ok(name))
        (void)check_fail(c, "name", "must be letters, digits, - and _ alone");
    if (realm && functions_find(&realm->functions, name))
        (void)check_fail(c, "name", "is there twice in this account and region");
    json_t *variables = json_object_get(o, "environment");
    if (variables && !function_variables_ok(variables, &reason))
        (void)check_fail(c, "environment", "%s", reason);
    if (c->failed)
        return;
    struct sim_function *f = functions_add(&realm->functions, realm->account, realm->region, name);
    char role[256];
    str_fmt(role, sizeof role, "arn:aws:iam::%s:role/lambda", realm->account);
    f->runtime = text_or(c, o, "runtime", 64, "nodejs22.x");
    f->role = text_or(c, o, "role", 2048, role);
    f->description = mem_copy_str(check_text(c, o, "description", 0, 256));
    f->modified_ms = s->now_ms - 1000 * check_int(c, o, "modified_ago_s", 0, SEED_YEARS_S, 0);
    f->update_ms = check_int(c, o, "update_ms", 0, 600000, 0);
    f->update_fails = check_bool(c, o, "update_fails", false);
    if (variables)
        (void)json_object_update(f->variables, variables);
    seed_logging(s, o, f);
}

void seed_functions(struct seeding *s, const json_t *root)
{
    seed_all(s, root, "functions", seed_function);
}
