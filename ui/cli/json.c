#include "ui/cli/json.h"

#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

void json_begin(struct json *j, struct strbuf *out)
{
    *j = (struct json){.out = out};
}

void json_end(struct json *j)
{
    ASSERT(j->depth == 0);
    strbuf_char(j->out, '\n');
}

static void member(struct json *j, const char *name)
{
    if (j->depth > 0) {
        bool object = j->close[j->depth - 1] == '}';
        ASSERT(object == (name != NULL));
        if (j->some[j->depth - 1])
            strbuf_char(j->out, ',');
        j->some[j->depth - 1] = true;
    }
    if (name) {
        strbuf_json(j->out, name, strlen(name));
        strbuf_char(j->out, ':');
    }
}

static void open_level(struct json *j, const char *name, char open, char close)
{
    member(j, name);
    ASSERT(j->depth < JSON_DEPTH_MAX);
    strbuf_char(j->out, open);
    j->close[j->depth] = close;
    j->some[j->depth++] = false;
}

void json_object(struct json *j, const char *name)
{
    open_level(j, name, '{', '}');
}

void json_array(struct json *j, const char *name)
{
    open_level(j, name, '[', ']');
}

void json_close(struct json *j)
{
    ASSERT(j->depth > 0);
    strbuf_char(j->out, j->close[--j->depth]);
}

void json_str(struct json *j, const char *name, const char *s)
{
    if (!s || !*s) {
        json_null(j, name);
        return;
    }
    member(j, name);
    strbuf_json(j->out, s, strlen(s));
}

void json_int(struct json *j, const char *name, int64_t n)
{
    member(j, name);
    strbuf_fmt(j->out, "%lld", (long long)n);
}

void json_uint(struct json *j, const char *name, uint64_t n)
{
    member(j, name);
    strbuf_fmt(j->out, "%llu", (unsigned long long)n);
}

void json_bool(struct json *j, const char *name, bool b)
{
    member(j, name);
    strbuf_str(j->out, b ? "true" : "false");
}

void json_null(struct json *j, const char *name)
{
    member(j, name);
    strbuf_str(j->out, "null");
}

void json_ratio(struct json *j, const char *name, double r)
{
    if (r < 0) {
        json_null(j, name);
        return;
    }
    /* By hand: printf would ask the locale what a decimal point is. */
    int parts = r >= 1 ? 10000 : (int)(r * 10000);
    member(j, name);
    strbuf_fmt(j->out, "%d.%04d", parts / 10000, parts % 10000);
}

void json_time(struct json *j, const char *name, int64_t wall_ms)
{
    char iso[25];
    if (wall_ms < 0) {
        json_null(j, name);
        return;
    }
    clock_iso(wall_ms, iso);
    json_str(j, name, iso);
}
