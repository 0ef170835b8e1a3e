#include "ui/cli/csv.h"

#include <string.h>

#include "backend/base/clock.h"

static void next_cell(struct csv *c)
{
    if (c->some)
        strbuf_char(c->out, ',');
    c->some = true;
}

void csv_text(struct csv *c, const char *s)
{
    const char *text = s ? s : "";
    bool formula = *text != '\0' && strchr("=+-@\t\r", *text) != NULL;
    bool quoted = strpbrk(text, "\",\r\n") != NULL;
    next_cell(c);
    strbuf_str(c->out, quoted ? "\"" : "");
    strbuf_str(c->out, formula ? "'" : "");
    for (const char *p = text; *p; p++)
        strbuf_add(c->out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    strbuf_str(c->out, quoted ? "\"" : "");
}

void csv_int(struct csv *c, bool known, int64_t n)
{
    next_cell(c);
    if (known)
        strbuf_fmt(c->out, "%lld", (long long)n);
}

void csv_ratio(struct csv *c, double r)
{
    /* By hand: printf would ask the locale what a decimal point is. */
    int parts = r >= 1 ? 10000 : (int)(r * 10000);
    next_cell(c);
    if (r >= 0)
        strbuf_fmt(c->out, "%d.%04d", parts / 10000, parts % 10000);
}

void csv_time(struct csv *c, int64_t wall_ms)
{
    char iso[25] = "";
    if (wall_ms >= 0)
        clock_iso(wall_ms, iso);
    csv_text(c, iso);
}

void csv_time_ms(struct csv *c, int64_t wall_ms)
{
    char iso[29] = "";
    if (wall_ms >= 0)
        clock_iso_ms(wall_ms, iso);
    csv_text(c, iso);
}

void csv_end(struct csv *c)
{
    strbuf_str(c->out, "\r\n");
    c->some = false;
}
