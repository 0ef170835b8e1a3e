#include "tests/sandbox/awsim_check_json.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

bool check_fail(struct check *c, const char *member, const char *fmt, ...)
{
    if (c->failed)
        return false;
    c->failed = true;
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    str_fmt(c->message, sizeof c->message, "%s: %s%s%s: %s", c->what, c->path, member[0] ? "." : "", member, text);
    return false;
}

bool check_members(struct check *c, const json_t *o, const char *const *names)
{
    if (!json_is_object(o))
        return check_fail(c, "", "must be an object");
    struct strbuf allowed;
    strbuf_init(&allowed, 400);
    for (const char *const *n = names; *n; n++)
        strbuf_fmt(&allowed, "%s%s", n == names ? "" : ", ", *n);
    for (void *at = json_object_iter((json_t *)(uintptr_t)o); at;
         at = json_object_iter_next((json_t *)(uintptr_t)o, at)) {
        const char *const *n = names;
        while (*n && strcmp(*n, json_object_iter_key(at)) != 0)
            n++;
        if (!*n)
            (void)check_fail(c, json_object_iter_key(at), "unknown; known are %s", strbuf_peek(&allowed));
    }
    strbuf_clear(&allowed);
    return !c->failed;
}

static const json_t *member(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_null(v) ? NULL : v;
}

const char *check_text(struct check *c, const json_t *o, const char *name, size_t min, size_t max)
{
    const json_t *v = member(o, name);
    if (!v)
        return NULL;
    size_t n = json_string_length(v);
    if (json_is_string(v) && n >= min && n <= max && strlen(json_string_value(v)) == n)
        return json_string_value(v);
    (void)check_fail(c, name, "must be a text of %zu to %zu bytes", min, max);
    return NULL;
}

const char *check_need_text(struct check *c, const json_t *o, const char *name, size_t min, size_t max)
{
    const char *s = check_text(c, o, name, min, max);
    if (!s)
        (void)check_fail(c, name, "is needed: a text of %zu to %zu bytes", min, max);
    return s ? s : "";
}

int64_t check_int(struct check *c, const json_t *o, const char *name, int64_t min, int64_t max, int64_t absent)
{
    const json_t *v = member(o, name);
    if (!v)
        return absent;
    int64_t n = json_is_real(v) ? (int64_t)json_real_value(v) : json_integer_value(v);
    if (json_is_number(v) && n >= min && n <= max)
        return n;
    (void)check_fail(c, name, "must be a number from %lld to %lld", (long long)min, (long long)max);
    return absent;
}

bool check_bool(struct check *c, const json_t *o, const char *name, bool absent)
{
    const json_t *v = member(o, name);
    if (!v)
        return absent;
    if (!json_is_boolean(v))
        (void)check_fail(c, name, "must be true or false");
    return json_is_true(v);
}

const json_t *check_list(struct check *c, const json_t *o, const char *name, size_t max)
{
    const json_t *v = member(o, name);
    if (!v)
        return NULL;
    if (json_is_array(v) && json_array_size(v) <= max)
        return v;
    (void)check_fail(c, name, "must be a list of at most %zu", max);
    return NULL;
}

void check_enter(struct check *c, const char *name, size_t index, char out_outer[256])
{
    str_copy(out_outer, 256, c->path);
    if (index == SIZE_MAX)
        str_fmt(c->path, sizeof c->path, "%s.%s", out_outer, name);
    else
        str_fmt(c->path, sizeof c->path, "%s.%s[%zu]", out_outer, name, index);
}

void check_leave(struct check *c, const char outer[256])
{
    if (!c->failed)
        str_copy(c->path, sizeof c->path, outer);
}
