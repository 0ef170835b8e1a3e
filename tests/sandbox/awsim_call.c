#include "tests/sandbox/awsim_call.h"

#include "backend/aws/sigv4.h"
#include "backend/base/mem.h"

void call_answer(struct call *c, json_t *body)
{
    /* 13 digits are the milliseconds of a date in seconds, without a double's tail. */
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(13));
    ASSERT(text != NULL);
    strbuf_str(&c->out->body, text);
    free(text);
    json_decref(body);
}

static void fail_as(struct call *c, int status, const char *code, const char *fmt, va_list args) FORMAT(4, 0);

static void fail_as(struct call *c, int status, const char *code, const char *fmt, va_list args)
{
    char text[1024];
    (void)vsnprintf(text, sizeof text, fmt, args);
    reply_error(c->out, sim_op_row(c->op)->service, status, code, "%s", text);
}

void call_fail(struct call *c, const char *code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_as(c, strcmp(code, "InternalServiceError") == 0 ? 500 : 400, code, fmt, args);
    va_end(args);
}

void call_fail_status(struct call *c, int status, const char *code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_as(c, status, code, fmt, args);
    va_end(args);
}

/* ---------------------------------------------------------- arguments */

static bool bad_argument(struct call *c, const char *name, const char *constraint)
{
    call_fail(c, sim_service_row(sim_op_row(c->op)->service)->bad_argument,
              "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must %s", name,
              constraint);
    return false;
}

static json_t *member(const struct call *c, const char *name)
{
    json_t *v = json_object_get(c->in, name);
    return json_is_null(v) ? NULL : v;
}

static bool text_fits(struct call *c, const char *name, const json_t *v, size_t min, size_t max)
{
    if (!json_is_string(v)) {
        call_fail(c, "SerializationException", "'%s' must be a string", name);
        return false;
    }
    char constraint[96];
    size_t n = json_string_length(v);
    if (n < min) {
        str_fmt(constraint, sizeof constraint, "have length greater than or equal to %zu", min);
        return bad_argument(c, name, constraint);
    }
    if (n > max) {
        str_fmt(constraint, sizeof constraint, "have length less than or equal to %zu", max);
        return bad_argument(c, name, constraint);
    }
    return true;
}

bool arg_text(struct call *c, const char *name, size_t min, size_t max, const char **out)
{
    const json_t *v = member(c, name);
    if (!v)
        return true;
    if (!text_fits(c, name, v, min, max))
        return false;
    *out = json_string_value(v);
    return true;
}

bool arg_need_text(struct call *c, const char *name, size_t min, size_t max, const char **out)
{
    *out = NULL;
    if (!arg_text(c, name, min, max, out))
        return false;
    return *out ? true : bad_argument(c, name, "not be null");
}

bool arg_int(struct call *c, const char *name, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = member(c, name);
    if (!v)
        return true;
    if (!json_is_integer(v)) {
        call_fail(c, "SerializationException", "'%s' must be an integer", name);
        return false;
    }
    char constraint[96];
    int64_t n = json_integer_value(v);
    if (n < min || n > max) {
        str_fmt(constraint, sizeof constraint, "have value between %lld and %lld", (long long)min, (long long)max);
        return bad_argument(c, name, constraint);
    }
    *out = n;
    return true;
}

bool arg_bool(struct call *c, const char *name, bool *out)
{
    const json_t *v = member(c, name);
    if (!v)
        return true;
    if (!json_is_boolean(v)) {
        call_fail(c, "SerializationException", "'%s' must be true or false", name);
        return false;
    }
    *out = json_is_true(v);
    return true;
}

bool arg_list(struct call *c, const char *name, size_t min, size_t max, json_t **out)
{
    json_t *v = member(c, name), *entry;
    if (!v)
        return true;
    if (!json_is_array(v)) {
        call_fail(c, "SerializationException", "'%s' must be a list", name);
        return false;
    }
    if (json_array_size(v) < min || json_array_size(v) > max) {
        char constraint[96];
        str_fmt(constraint, sizeof constraint, "have between %zu and %zu entries", min, max);
        return bad_argument(c, name, constraint);
    }
    size_t i;
    json_array_foreach(v, i, entry)
    {
        if (!text_fits(c, name, entry, 1, 2048))
            return false;
    }
    *out = v;
    return true;
}

/* ------------------------------------------------------------- tokens */

static void bind_hash(struct call *c, char out[65])
{
    static const char *const unbound[] = {"nextToken", "NextToken", "limit", "MaxResults"};
    json_t *bound = json_copy(c->in);
    for (size_t i = 0; i < ARRAY_LEN(unbound); i++)
        (void)json_object_del(bound, unbound[i]);
    (void)json_object_set_new(bound, "(where)",
                              json_pack("[sss]", sim_op_row(c->op)->name, c->realm->account, c->realm->region));
    char *text = json_dumps(bound, JSON_COMPACT | JSON_SORT_KEYS);
    ASSERT(text != NULL);
    sigv4_sha256_hex(text, strlen(text), out);
    free(text);
    json_decref(bound);
}

void call_token_make(struct call *c, int64_t issued_ms, const char *place, char out[TOKEN_MAX])
{
    char bind[65];
    bind_hash(c, bind);
    token_make(c->sim->salt, bind, issued_ms, place, out);
}

bool call_token_open(struct call *c, const char *token, char out_place[TOKEN_PLACE_MAX])
{
    char bind[65];
    bind_hash(c, bind);
    return token_open(c->sim->salt, bind, c->now_ms, token, out_place);
}

json_t *json_seconds(int64_t ms)
{
    return json_real((double)ms / 1000.0);
}
