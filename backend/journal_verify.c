/* Whether the journal is what was written: one walk along the chain. */
#include <stdarg.h>

#include "backend/actions/journal_line.h"
#include "backend/aws/json.h"
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/journal_view.h"

struct walk {
    struct journal_report *r;
    const char *head;
    struct cancel *cancel;
    bool head_seen;
    unsigned oldest; /* number of the oldest file */
    char last[JOURNAL_HASH_SIZE];
    /* What was no line, since the last whole one. */
    struct strbuf torn;
    bool has_torn;
    char torn_file[sizeof((struct journal_report *)0)->file];
    int torn_line;
    char file[sizeof((struct journal_report *)0)->file]; /* of the last line seen */
};

/* The first thing wrong; false, so that finding it is one statement. */
static bool FORMAT(4, 5) wrong(struct walk *w, const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(w->r->words, sizeof w->r->words, fmt, args);
    va_end(args);
    w->r->good = false;
    w->r->line = line;
    (void)str_copy(w->r->file, sizeof w->r->file, file);
    return false;
}

static bool keep_torn(struct walk *w, const struct journal_text *t)
{
    if (!w->has_torn) {
        strbuf_reset(&w->torn);
        (void)str_copy(w->torn_file, sizeof w->torn_file, t->file);
        w->torn_line = t->line;
    } else {
        strbuf_char(&w->torn, '\n');
    }
    w->has_torn = true;
    strbuf_add(&w->torn, t->bytes, t->n);
    return !strbuf_cut(&w->torn) || wrong(w, w->torn_file, w->torn_line,
                                          "this is no line of a journal, and longer than anything a crash leaves");
}

static void note_torn(struct walk *w)
{
    w->r->torn++;
    w->r->line = w->torn_line;
    (void)str_copy(w->r->file, sizeof w->r->file, w->torn_file);
    w->has_torn = false;
}

/* A line that follows torn ones says how many bytes those were, and their hash. */
static bool check_torn(struct walk *w, const struct journal_text *t, const json_t *o)
{
    const json_t *bytes = json_object_get(o, "torn");
    const char *said = json_text(o, "torn_hash", NULL);
    char hash[JOURNAL_HASH_SIZE];
    if (bytes == NULL && !w->has_torn)
        return true;
    if (bytes == NULL)
        return wrong(w, w->torn_file, w->torn_line,
                     "this is no line of a journal (cut, or changed beyond JSON), and the "
                     "next one knows of no crash");
    if (!w->has_torn)
        return wrong(w, t->file, t->line,
                     "it says that a crash tore the line before, and there is no such line: taken out");
    journal_hash(strbuf_peek(&w->torn), w->torn.len, hash);
    if (!json_is_integer(bytes) || json_integer_value(bytes) != (json_int_t)w->torn.len || said == NULL ||
        strcmp(said, hash) != 0)
        return wrong(w, w->torn_file, w->torn_line,
                     "this torn line is not the one that the next line knows of: changed");
    note_torn(w);
    return true;
}

static bool check_first(struct walk *w, const struct journal_text *t, const struct journal_seal *s)
{
    w->r->first_seq = s->seq;
    if (s->seq == 1)
        return strcmp(s->prev, JOURNAL_GENESIS) == 0 ||
               wrong(w, t->file, t->line, "the first line names a line before it");
    return w->oldest == JOURNAL_FILES - 1 ||
           wrong(w, t->file, t->line, "it begins with seq %llu: the lines before are missing",
                 (unsigned long long)s->seq);
}

static bool check_place(struct walk *w, const struct journal_text *t, const struct journal_seal *s)
{
    unsigned long long seq = s->seq, due = w->r->last_seq + 1;
    if (w->r->lines == 0)
        return check_first(w, t, s);
    if (seq > due)
        return wrong(w, t->file, t->line, "seq %llu follows seq %llu: what was between them is missing", seq, due - 1);
    if (seq < due)
        return wrong(w, t->file, t->line, "seq %llu follows seq %llu: moved here, put in, or there twice", seq,
                     due - 1);
    return strcmp(s->prev, w->last) == 0 ||
           wrong(w, t->file, t->line,
                 "it was not written after the line before it (seq %llu): one of the two was replaced", due - 1);
}

static bool check_json(struct walk *w, const struct journal_text *t, const struct journal_seal *s)
{
    struct why why = {0};
    struct journal_row row;
    json_t *o = json_read_object(t->bytes, t->n, &why);
    if (o == NULL)
        return wrong(w, t->file, t->line, "%s", why.text);
    bool good =
        json_integer_value(json_object_get(o, "seq")) == (json_int_t)s->seq && journal_row_read(t->bytes, t->n, &row);
    good = good ? check_torn(w, t, o) : wrong(w, t->file, t->line, "it lacks a time or a kind, which every line has");
    json_decref(o);
    return good;
}

static bool check_line(struct walk *w, const struct journal_text *t)
{
    struct journal_seal s;
    switch (journal_line_read(t->bytes, t->n, &s)) {
    case JOURNAL_UNREADABLE:
        return keep_torn(w, t);
    case JOURNAL_ALTERED:
        return wrong(w, t->file, t->line, "changed: its hash is not that of its bytes (seq %llu)",
                     (unsigned long long)s.seq);
    case JOURNAL_WHOLE:
        break;
    }
    if (!check_json(w, t, &s) || !check_place(w, t, &s))
        return false;
    w->r->lines++;
    w->r->last_seq = s.seq;
    w->r->after_head += w->head_seen;
    w->head_seen = w->head_seen || (w->head != NULL && strcmp(w->head, s.hash) == 0);
    (void)str_copy(w->last, sizeof w->last, s.hash);
    return true;
}

/* What is torn at the very end, nothing can vouch for yet: the next line will. */
static bool check_end(struct walk *w, const struct journal_text *t)
{
    if (w->has_torn && t->fed)
        return wrong(w, w->torn_file, w->torn_line, "this is no line of a journal: cut, or changed beyond JSON");
    if (w->has_torn)
        note_torn(w);
    if (w->head != NULL && !w->head_seen)
        return wrong(w, t->file, t->line,
                     "no line has the hash given: lines were cut from the end, or all was written anew");
    return true;
}

static bool walk(struct walk *w, struct journal_reader *reader)
{
    struct journal_text t = {0}, last = {.file = w->r->file};
    while (!cancel_is_set(w->cancel) && journal_reader_next(reader, &t)) {
        if (t.line == 1)
            w->r->files++;
        if (!check_line(w, &t))
            return false;
        last = t;
        (void)str_copy(w->file, sizeof w->file, t.file);
        last.file = w->file;
    }
    return check_end(w, &last);
}

enum err journal_verify(const char *path, const char *head, struct cancel *cancel, struct journal_report *out,
                        struct why *why)
{
    struct journal_reader *reader = journal_reader_new(path, false, cancel, why);
    if (reader == NULL)
        return why->code;
    struct walk *w = mem_new(sizeof *w);
    *out = (struct journal_report){.good = true};
    w->r = out;
    w->head = head;
    w->cancel = cancel;
    w->oldest = journal_reader_oldest(reader);
    strbuf_init(&w->torn, JOURNAL_TORN_MAX);
    (void)walk(w, reader);
    (void)str_copy(out->last_hash, sizeof out->last_hash, w->last);
    enum err err = cancel_is_set(cancel) ? why_set(why, ERR_CANCELLED, "%s", "") : journal_reader_error(reader, why);
    strbuf_clear(&w->torn);
    free(w);
    journal_reader_free(reader);
    return err;
}
