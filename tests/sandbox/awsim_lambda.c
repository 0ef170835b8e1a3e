/* Lambda, the operations on configurations. */
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "tests/sandbox/awsim_arn.h"
#include "tests/sandbox/awsim_call.h"

#define PAGE_MAX 50

/* FunctionName is a name, an ARN, or ACCOUNT:function:NAME, each maybe with a version. */
static struct sim_function *function_named(struct call *c)
{
    const char *given, *version = NULL;
    char name[FUNCTION_NAME_MAX + 1] = "";
    if (!arg_need_text(c, "FunctionName", 1, 170, &given) || !arg_text(c, "Qualifier", 1, 128, &version))
        return NULL;
    const char *marked = strstr(given, "function:"), *p = marked ? marked + strlen("function:") : given;
    size_t n = strcspn(p, ":");
    if (p[n] == ':')
        version = p + n + 1;
    bool is_arn = strncmp(given, "arn:", 4) == 0;
    bool here = !is_arn || (arn_field_is(given, 3, c->realm->region) && arn_field_is(given, 4, c->realm->account));
    struct sim_function *f = NULL;
    if (here && str_copy_n(name, sizeof name, p, n) && (!version || strcmp(version, "$LATEST") == 0))
        f = functions_find(&c->realm->functions, name);
    if (!f)
        call_fail_status(c, 404, "ResourceNotFoundException", "Function not found: %s%s%s", given, version ? ":" : "",
                         version ? version : "");
    return f;
}

static json_t *logging_json(const struct sim_function *f)
{
    json_t *o = json_pack("{ss ss}", "LogFormat", f->log_format, "LogGroup", f->log_group);
    if (f->app_level)
        (void)json_object_set_new(o, "ApplicationLogLevel", json_string(f->app_level));
    if (f->system_level)
        (void)json_object_set_new(o, "SystemLogLevel", json_string(f->system_level));
    return o;
}

static json_t *function_json(const struct call *c, const struct sim_function *f, bool with_state)
{
    char modified[40];
    clock_iso_ms(f->modified_ms, modified);
    str_fmt(modified + 23, sizeof modified - 23, "+0000"); /* as Lambda writes it */
    json_t *o = json_pack("{ss ss ss ss ss si si sI ss ss ss s[s] so}", "FunctionName", f->name, "FunctionArn", f->arn,
                          "Runtime", f->runtime, "Role", f->role, "Handler", "index.handler", "Timeout", 3,
                          "MemorySize", 128, "CodeSize", (json_int_t)1024, "LastModified", modified, "Version",
                          "$LATEST", "PackageType", "Zip", "Architectures", "x86_64", "LoggingConfig", logging_json(f));
    (void)json_object_set_new(o, "Description", json_string(f->description ? f->description : ""));
    (void)json_object_set_new(o, "RevisionId", json_string(f->revision));
    if (json_object_size(f->variables) > 0)
        (void)json_object_set_new(o, "Environment", json_pack("{sO}", "Variables", f->variables));
    if (!with_state)
        return o;
    bool busy = f->updated_ms > c->now_ms;
    (void)json_object_set_new(o, "State", json_string("Active"));
    (void)json_object_set_new(o, "LastUpdateStatus",
                              json_string(busy                                   ? "InProgress"
                                          : f->update_fails && f->updated_ms > 0 ? "Failed"
                                                                                 : "Successful"));
    if (busy || (f->update_fails && f->updated_ms > 0)) {
        (void)json_object_set_new(o, "LastUpdateStatusReasonCode", json_string(busy ? "Creating" : "InternalError"));
        (void)json_object_set_new(o, "LastUpdateStatusReason",
                                  json_string(busy ? "The function is being created." : "awsim was told to fail it."));
    }
    return o;
}

void lambda_get_configuration(struct call *c)
{
    const struct sim_function *f = function_named(c);
    c->out->type = "application/json";
    if (f)
        call_answer(c, function_json(c, f, true));
}

void lambda_list_functions(struct call *c)
{
    const char *marker = NULL, *version = NULL;
    char place[TOKEN_PLACE_MAX], next[TOKEN_MAX];
    int64_t max = PAGE_MAX, from = 0;
    if (!arg_int(c, "MaxItems", 1, 10000, &max) || !arg_text(c, "Marker", 1, 2048, &marker) ||
        !arg_text(c, "FunctionVersion", 1, 16, &version))
        return;
    if (version && strcmp(version, "ALL") != 0) {
        call_fail(c, "InvalidParameterValueException", "FunctionVersion must be ALL");
        return;
    }
    if (max > PAGE_MAX)
        max = PAGE_MAX;
    /* The marker is bound to nothing but the place: a client may change the page's size. */
    if (marker && (!token_open(c->sim->salt, "lambda-functions-marker-", c->now_ms, marker, place) ||
                   !str_to_i64(place, strlen(place), &from))) {
        call_fail(c, "InvalidParameterValueException", "Invalid Marker");
        return;
    }
    const struct functions *all = &c->realm->functions;
    json_t *list = json_array(), *out = json_pack("{so}", "Functions", list);
    size_t i = (size_t)from;
    for (; i < all->n && json_array_size(list) < (size_t)max; i++)
        (void)json_array_append_new(list, function_json(c, all->list[i], false));
    if (i < all->n) {
        str_fmt(place, sizeof place, "%zu", i);
        token_make(c->sim->salt, "lambda-functions-marker-", c->now_ms, place, next);
        (void)json_object_set_new(out, "NextMarker", json_string(next));
    }
    c->out->type = "application/json";
    call_answer(c, out);
}

/* ------------------------------------------- UpdateFunctionConfiguration */

static bool update_is_known(struct call *c)
{
    static const char *const known[] = {"FunctionName", "Description", "Environment", "RevisionId", "LoggingConfig"};
    const char *name;
    json_t *value;
    json_object_foreach(c->in, name, value)
    {
        bool found = false;
        for (size_t i = 0; i < ARRAY_LEN(known); i++)
            found = found || strcmp(known[i], name) == 0;
        if (!found) {
            call_fail(c, "InvalidParameterValueException", "awsim does not simulate %s", name);
            return false;
        }
    }
    return true;
}

static bool may_update(struct call *c, const struct sim_function *f, const char *revision)
{
    if (f->updated_ms > c->now_ms) {
        call_fail_status(c, 409, "ResourceConflictException",
                         "The operation cannot be performed at this time. An update is in progress for resource: %s",
                         f->arn);
        return false;
    }
    if (!revision || strcmp(revision, f->revision) == 0)
        return true;
    call_fail_status(c, 412, "PreconditionFailedException",
                     "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API "
                     "to retrieve the latest RevisionId");
    return false;
}

static void set_text(char **member, const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    if (!s)
        return;
    free(*member);
    *member = mem_copy_str(s);
}

void lambda_update(struct call *c)
{
    const char *description = NULL, *revision = NULL, *reason;
    struct sim_function *f = function_named(c);
    if (!f || !update_is_known(c) || !arg_text(c, "Description", 0, 256, &description) ||
        !arg_text(c, "RevisionId", 1, 128, &revision) || !may_update(c, f, revision))
        return;
    const json_t *environment = json_object_get(c->in, "Environment");
    json_t *variables = json_object_get(environment, "Variables");
    if (variables && !function_variables_ok(variables, &reason)) {
        call_fail(c, "InvalidParameterValueException", "%s", reason);
        return;
    }
    if (environment) { /* the map is replaced as a whole; without one it is emptied */
        json_decref(f->variables);
        f->variables = variables ? json_deep_copy(variables) : json_object();
    }
    const json_t *logging = json_object_get(c->in, "LoggingConfig");
    set_text(&f->description, c->in, "Description");
    set_text(&f->log_format, logging, "LogFormat");
    set_text(&f->log_group, logging, "LogGroup");
    set_text(&f->app_level, logging, "ApplicationLogLevel");
    set_text(&f->system_level, logging, "SystemLogLevel");
    f->modified_ms = c->now_ms;
    f->updated_ms = c->now_ms + f->update_ms;
    f->updates++;
    function_new_revision(f);
    c->out->type = "application/json";
    call_answer(c, function_json(c, f, true));
}
