#include "backend/watch/event_rows.h"

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"

static size_t add_text(struct event_rows *r, const char *s)
{
    size_t n = strlen(s) + 1, at = r->text_len;
    if (at + n > r->text_cap) {
        r->text_cap = (at + n) * 2;
        r->text = mem_grow(r->text, r->text_cap, 1);
    }
    memcpy(r->text + at, s, n);
    r->text_len += n;
    return at;
}

/* "2026/11/24/[$LATEST]5d19..." -> "5d19": what tells containers apart at a glance. */
static void short_stream(struct slice s, char out[40])
{
    const char *close = memrchr(s.s, ']', s.n);
    const char *from = close != NULL ? close + 1 : s.s;
    size_t n = (size_t)(s.s + s.n - from);
    text_safe_name(out, close != NULL ? 9 : 40, from, n);
}

/* What the row says: an invocation's duration, or the line itself with passwords masked. */
static void row_words(const struct line *l, char *out, size_t size)
{
    if (l->kind == LINE_REPORT) {
        if (l->duration_us >= 0)
            (void)str_fmt(out, size, "%d.%d ms%s", l->duration_us / 1000, l->duration_us / 100 % 10,
                          l->has_init_duration ? ", cold start" : "");
        return;
    }
    char masked[ROW_TEXT_MAX];
    size_t n = l->body.n < sizeof masked ? l->body.n : sizeof masked;
    memcpy(masked, l->body.s, n);
    n = text_mask(masked, n);
    text_safe(out, size, masked, n);
}

void event_rows_add(struct event_rows *r, const struct log_event *e, const struct line *l, const struct line_effect *f,
                    bool late)
{
    char words[ROW_TEXT_MAX] = "";
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 64 : r->cap * 2;
        r->rows = mem_grow(r->rows, r->cap, sizeof *r->rows);
    }
    struct event_row *row = &r->rows[r->n++];
    *row = (struct event_row){.time_ms = e->time_ms,
                              .ingested_ms = e->ingested_ms,
                              .kind = f->kind,
                              .flags = f->flags | (late ? EVENT_LATE : 0),
                              .container = f->container};
    (void)str_copy_n(row->holds, sizeof row->holds, f->holds, strnlen(f->holds, sizeof row->holds - 1));
    short_stream(e->stream, row->stream);
    text_safe_name(row->request, sizeof row->request, l->request.s, l->request.n);
    row_words(l, words, sizeof words);
    row->text = (const char *)(uintptr_t)add_text(r, words);
}

static int by_time(const void *a, const void *b)
{
    const struct event_row *x = a, *y = b;
    return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

static void chunk_destroy(struct snap *s)
{
    struct event_chunk *c = (struct event_chunk *)s;
    free(c->rows); /* the texts lie behind the rows */
    free(c);
}

struct event_chunk *event_rows_freeze(struct event_rows *r, size_t max, size_t *out_dropped)
{
    *out_dropped = 0;
    if (r->n == 0)
        return NULL;
    qsort(r->rows, r->n, sizeof *r->rows, by_time);
    *out_dropped = r->n > max ? r->n - max : 0;
    const struct event_row *from = r->rows + *out_dropped;
    struct event_chunk *c = mem_new(sizeof *c);
    atomic_init(&c->snap.refs, 1);
    c->snap.destroy = chunk_destroy;
    c->nrows = r->n - *out_dropped;
    c->bytes = c->nrows * sizeof *from;
    for (size_t i = 0; i < c->nrows; i++)
        c->bytes += strlen(r->text + (uintptr_t)from[i].text) + 1;
    c->rows = mem_new(c->bytes);
    char *text = (char *)(c->rows + c->nrows);
    for (size_t i = 0; i < c->nrows; i++) {
        const char *words = r->text + (uintptr_t)from[i].text;
        size_t n = strlen(words) + 1;
        c->rows[i] = from[i];
        c->rows[i].text = memcpy(text, words, n);
        text += n;
    }
    r->n = r->text_len = 0;
    return c;
}

void event_rows_clear(struct event_rows *r)
{
    free(r->rows);
    free(r->text);
    *r = (struct event_rows){0};
}
