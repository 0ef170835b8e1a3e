/* One event in each format: the words of the events screen. */
#include <string.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/cli/csv.h"
#include "ui/cli/events.h"
#include "ui/cli/writer.h"
#include "ui/format.h"

#define TIME_WIDTH 24
#define EVENT_WIDTH 9
#define HOLDS_WIDTH 9
#define LATE_WIDTH 6
#define STREAM_WIDTH 8

/* "" unknown, "?" behind it when its container fetched while the label was moving. */
static const char *holds_words(const struct board *b, const struct event_ref *e, char out[FORMAT_SIZE])
{
    const struct event_row *row = e->row;
    const struct container_row *c = event_container(&b->envs[e->env], row->container);
    bool doubt = row->holds[0] && c && c->in_doubt && strncmp(row->holds, c->holds, strlen(row->holds)) == 0;
    (void)str_fmt(out, FORMAT_SIZE, "%s%s", row->holds, doubt ? "?" : "");
    return out;
}

static int64_t late_ms(const struct event_row *row)
{
    return (row->flags & EVENT_LATE) && row->ingested_ms >= row->time_ms ? row->ingested_ms - row->time_ms : -1;
}

/* "+52s": came so much later; "<": stands behind a newer one. */
static const char *late_words(const struct event_row *row, bool disordered, char out[FORMAT_SIZE + 8])
{
    char age[FORMAT_SIZE];
    bool late = row->flags & EVENT_LATE;
    (void)str_fmt(out, FORMAT_SIZE + 8, "%s%s%s", disordered ? "<" : "", late ? "+" : "",
                  !late              ? ""
                  : late_ms(row) < 0 ? "?"
                                     : format_age(late_ms(row), age));
    return out;
}

static void put_column(struct strbuf *out, const char *text, size_t columns)
{
    size_t used = 0, n = text_fit(text, columns, &used);
    strbuf_add(out, text, n);
    strbuf_fmt(out, "%*s", (int)(columns - used) + 1, "");
}

static void put_table(const struct events_look *look, const struct board *b, const struct event_ref *e, bool disordered,
                      struct strbuf *out)
{
    char time[29], holds[FORMAT_SIZE], late[FORMAT_SIZE + 8], stream[FORMAT_SIZE];
    clock_iso_ms(e->row->time_ms, time);
    put_column(out, time, TIME_WIDTH);
    put_column(out, b->envs[e->env].conf->name, look->env_width);
    put_column(out, event_word(e->row->kind), EVENT_WIDTH);
    put_column(out, e->row->holds[0] ? holds_words(b, e, holds) : "-", HOLDS_WIDTH);
    put_column(out, late_words(e->row, disordered, late), LATE_WIDTH);
    put_column(out, format_stream(e->row->stream, stream), STREAM_WIDTH);
    strbuf_fmt(out, "%s\n", e->row->text);
}

static void put_time_ms(struct writer *w, const char *name, int64_t wall_ms)
{
    char iso[29] = "";
    if (wall_ms >= 0)
        clock_iso_ms(wall_ms, iso);
    writer_str(w, name, iso);
}

static void put_json(const struct board *b, const struct event_ref *e, bool disordered, struct strbuf *out)
{
    const struct event_row *row = e->row;
    char holds[FORMAT_SIZE];
    struct writer w;
    writer_begin(&w, out);
    writer_object(&w, NULL);
    put_time_ms(&w, "time", row->time_ms);
    writer_str(&w, "environment", b->envs[e->env].conf->name);
    writer_str(&w, "kind", event_name(row->kind));
    writer_str(&w, "holds", holds_words(b, e, holds));
    writer_bool(&w, "inferred", row->flags & EVENT_INFERRED);
    writer_bool(&w, "stale", row->flags & EVENT_STALE);
    writer_bool(&w, "late", row->flags & EVENT_LATE);
    writer_bool(&w, "disordered", disordered);
    put_time_ms(&w, "ingested", row->ingested_ms);
    writer_str(&w, "stream", row->stream);
    writer_str(&w, "request", row->request);
    writer_str(&w, "text", row->text);
    writer_close(&w);
    writer_end(&w);
}

static const char *const csv_columns[] = {"time", "environment", "kind",     "holds",  "inferred", "stale",
                                          "late", "disordered",  "ingested", "stream", "request",  "text"};

static void put_csv(const struct board *b, const struct event_ref *e, bool disordered, struct strbuf *out)
{
    const struct event_row *row = e->row;
    char holds[FORMAT_SIZE];
    struct csv c = {.out = out};
    csv_time_ms(&c, row->time_ms);
    csv_text(&c, b->envs[e->env].conf->name);
    csv_text(&c, event_name(row->kind));
    csv_text(&c, holds_words(b, e, holds));
    csv_text(&c, row->flags & EVENT_INFERRED ? "yes" : "no");
    csv_text(&c, row->flags & EVENT_STALE ? "yes" : "no");
    csv_text(&c, row->flags & EVENT_LATE ? "yes" : "no");
    csv_text(&c, disordered ? "yes" : "no");
    csv_time_ms(&c, row->ingested_ms);
    csv_text(&c, row->stream);
    csv_text(&c, row->request);
    csv_text(&c, row->text);
    csv_end(&c);
}

void events_head(const struct events_look *look, struct strbuf *out)
{
    if (look->format == FORMAT_CSV) {
        struct csv c = {.out = out};
        for (size_t i = 0; i < ARRAY_LEN(csv_columns); i++)
            csv_text(&c, csv_columns[i]);
        csv_end(&c);
    } else if (look->format == FORMAT_TABLE) {
        put_column(out, "TIME", TIME_WIDTH);
        put_column(out, "ENV", look->env_width);
        put_column(out, "EVENT", EVENT_WIDTH);
        put_column(out, "HOLDS", HOLDS_WIDTH);
        put_column(out, "LATE", LATE_WIDTH);
        put_column(out, "STREAM", STREAM_WIDTH);
        strbuf_str(out, "DETAIL\n");
    }
}

void events_row(const struct events_look *look, const struct board *b, const struct event_ref *e, bool disordered,
                struct strbuf *out)
{
    if (look->format == FORMAT_TABLE)
        put_table(look, b, e, disordered, out);
    else
        (look->format == FORMAT_JSON ? put_json : put_csv)(b, e, disordered, out);
}
