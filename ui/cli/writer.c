#include "ui/cli/writer.h"

#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"

void writer_begin(struct writer *w, struct strbuf *out)
{
    *w = (struct writer){.out = out};
}

void writer_end(struct writer *w)
{
    ASSERT(w->depth == 0);
    strbuf_char(w->out, '\n');
}

static void member(struct writer *w, const char *name)
{
    if (w->depth > 0) {
        bool object = w->close[w->depth - 1] == '}';
        ASSERT(object == (name != NULL));
        if (w->some[w->depth - 1])
            strbuf_char(w->out, ',');
        w->some[w->depth - 1] = true;
    }
    if (name) {
        strbuf_json(w->out, name, strlen(name));
        strbuf_char(w->out, ':');
    }
}

static void open_level(struct writer *w, const char *name, char open, char close)
{
    member(w, name);
    ASSERT(w->depth < WRITER_DEPTH_MAX);
    strbuf_char(w->out, open);
    w->close[w->depth] = close;
    w->some[w->depth++] = false;
}

void writer_object(struct writer *w, const char *name)
{
    open_level(w, name, '{', '}');
}

void writer_array(struct writer *w, const char *name)
{
    open_level(w, name, '[', ']');
}

void writer_close(struct writer *w)
{
    ASSERT(w->depth > 0);
    strbuf_char(w->out, w->close[--w->depth]);
}

void writer_str(struct writer *w, const char *name, const char *s)
{
    if (!s || !*s) {
        writer_null(w, name);
        return;
    }
    member(w, name);
    strbuf_json(w->out, s, strlen(s));
}

void writer_int(struct writer *w, const char *name, int64_t n)
{
    member(w, name);
    strbuf_fmt(w->out, "%lld", (long long)n);
}

void writer_uint(struct writer *w, const char *name, uint64_t n)
{
    member(w, name);
    strbuf_fmt(w->out, "%llu", (unsigned long long)n);
}

void writer_bool(struct writer *w, const char *name, bool b)
{
    member(w, name);
    strbuf_str(w->out, b ? "true" : "false");
}

void writer_null(struct writer *w, const char *name)
{
    member(w, name);
    strbuf_str(w->out, "null");
}

void writer_ratio(struct writer *w, const char *name, double r)
{
    if (r < 0) {
        writer_null(w, name);
        return;
    }
    /* By hand: printf would ask the locale what a decimal point is. */
    int parts = r >= 1 ? 10000 : (int)(r * 10000);
    member(w, name);
    strbuf_fmt(w->out, "%d.%04d", parts / 10000, parts % 10000);
}

void writer_real(struct writer *w, const char *name, double r)
{
    if (!(r >= 0 && r < 1e14)) {
        writer_null(w, name);
        return;
    }
    uint64_t parts = (uint64_t)(r * 10000 + 0.5);
    member(w, name);
    strbuf_fmt(w->out, "%llu.%04u", (unsigned long long)(parts / 10000), (unsigned)(parts % 10000));
}

void writer_time(struct writer *w, const char *name, int64_t wall_ms)
{
    char iso[25];
    if (wall_ms < 0) {
        writer_null(w, name);
        return;
    }
    clock_iso(wall_ms, iso);
    writer_str(w, name, iso);
}

void writer_document(struct writer *w, struct strbuf *out, int64_t wall_ms, bool audit)
{
    writer_begin(w, out);
    writer_object(w, NULL);
    writer_int(w, "version", 1);
    writer_str(w, "credtop", CREDTOP_VERSION);
    writer_time(w, "time", wall_ms);
    writer_str(w, "mode", audit ? "audit" : "operate");
}
