#include "tests/sandbox/awsim_functions.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_arn.h"
#include "tests/sandbox/awsim_identity.h"

#define VARIABLES_BYTES_MAX 4096

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static void function_free(struct sim_function *f)
{
    free(f->name);
    free(f->arn);
    free(f->runtime);
    free(f->role);
    free(f->description);
    free(f->log_group);
    free(f->log_format);
    free(f->app_level);
    free(f->system_level);
    json_decref(f->variables);
    free(f);
}

void functions_clear(struct functions *f)
{
    for (size_t i = 0; i < f->n; i++)
        function_free(f->list[i]);
    free(f->list);
    *f = (struct functions){0};
}

struct sim_function *functions_find(const struct functions *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->list[i]->name, name) == 0)
            return f->list[i];
    return NULL;
}

void function_new_revision(struct sim_function *f)
{
    static const char hex[] = "0123456789abcdef";
    random_text(f->revision, 36, hex);
    f->revision[8] = f->revision[13] = f->revision[18] = f->revision[23] = '-';
}

struct sim_function *functions_add(struct functions *f, const char *account, const char *region, const char *name)
{
    struct sim_function *new = mem_new(sizeof *new);
    char arn[512];
    str_fmt(arn, sizeof arn, "arn:%s:lambda:%s:%s:function:%s", arn_partition(region), region, account, name);
    new->name = mem_copy_str(name);
    new->arn = mem_copy_str(arn);
    new->variables = json_object();
    function_new_revision(new);
    f->list = mem_grow(f->list, f->n + 1, sizeof(struct sim_function *));
    size_t at = f->n++;
    for (; at > 0 && strcmp(f->list[at - 1]->name, name) > 0; at--)
        f->list[at] = f->list[at - 1];
    f->list[at] = new;
    return new;
}

bool function_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n >= 1 && n <= FUNCTION_NAME_MAX && strspn(name, LETTERS DIGITS "-_") == n;
}

static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {
        "AWS_REGION",        "AWS_DEFAULT_REGION",       "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "AWS_LAMBDA_FUNCTION_NAME", "LAMBDA_TASK_ROOT",  "LAMBDA_RUNTIME_DIR",
        "_HANDLER"};
    for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
        if (strcmp(reserved[i], name) == 0)
            return true;
    return false;
}

bool function_variables_ok(const json_t *variables, const char **out_reason)
{
    size_t bytes = 0;
    const char *name;
    json_t *value;
    *out_reason = "Environment.Variables must be an object of texts, their names letters, digits and _, a letter first";
    if (!json_is_object(variables))
        return false;
    json_object_foreach((json_t *)(uintptr_t)variables, name, value)
    {
        size_t n = strlen(name);
        if (!json_is_string(value) || n < 2 || !strchr(LETTERS, name[0]) || strspn(name, LETTERS DIGITS "_") != n)
            return false;
        if (is_reserved(name)) {
            *out_reason = "Lambda was unable to configure your environment variables because the environment variables "
                          "you have provided contains reserved keys that are currently not supported for modification.";
            return false;
        }
        bytes += n + json_string_length(value);
    }
    *out_reason =
        "Lambda was unable to configure your environment variables because the environment variables you have "
        "provided exceeded the 4KB limit.";
    return bytes <= VARIABLES_BYTES_MAX;
}
