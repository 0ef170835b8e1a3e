#include "ui/cli/journal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/journal_view.h"
#include "ui/cli/output.h"
#include "ui/cli/writer.h"
#include "ui/signals.h"

#define OUTPUT_MAX (256 * 1024)
#define OUTPUT_FLUSH (64 * 1024)
#define PATH_SIZE 4096
#define TAIL_LINES 10
#define TAIL_LOOK_MS 250

enum { VERIFY_GOOD = 0, VERIFY_BAD = 2 };

/* ------------------------------------------------------------------ printing */

/* Lines go out in pieces; the first that cannot be written ends it. */
struct printer {
    struct strbuf out;
    enum options_format format;
    int64_t from_ms; /* lines of before are left out */
    int status;
};

static bool flush(struct printer *p, size_t most)
{
    if (p->out.len > most) {
        p->status = output_write(&p->out, "the journal", p->status);
        strbuf_reset(&p->out);
    }
    return p->status == 0 && !output_is_unread();
}

static void put_column(struct strbuf *out, const char *text, size_t columns)
{
    size_t used = 0, n = text_fit(text, columns, &used);
    strbuf_add(out, text, n);
    strbuf_fmt(out, "%*s", (int)(columns - used) + 1, "");
}

static void put_words(struct strbuf *out, const char *word, const char *text)
{
    if (text[0] != '\0')
        strbuf_fmt(out, "%s%s  ", word, text);
}

static void put_row(struct strbuf *out, const struct journal_row *r)
{
    char time[25], seq[24], order[64] = "";
    clock_iso(r->time_ms, time);
    (void)str_fmt(seq, sizeof seq, "%llu", (unsigned long long)r->seq);
    if (r->order != 0)
        (void)str_fmt(order, sizeof order, "%llu %s", (unsigned long long)r->order, r->name);
    else
        (void)str_copy(order, sizeof order, r->name);
    put_column(out, time, 20);
    put_column(out, seq, 6);
    put_column(out, r->login, 10);
    put_column(out, r->client, 15);
    put_column(out, r->kind, 13);
    put_column(out, r->env, 16);
    put_column(out, order, 12);
    put_words(out, "", r->operation);
    put_words(out, "", r->resource);
    put_words(out, "", r->words);
    put_words(out, "version ", r->version_before);
    put_words(out, "new version ", r->version_after);
    put_words(out, "request ", r->request_id);
    strbuf_char(out, '\n');
}

static void put_heading(struct printer *p)
{
    static const struct {
        const char *word;
        size_t columns;
    } columns[] = {{"TIME", 20}, {"SEQ", 6},          {"LOGIN", 10}, {"FROM", 15},
                   {"KIND", 13}, {"ENVIRONMENT", 16}, {"ORDER", 12}};
    for (size_t i = 0; i < ARRAY_LEN(columns) && p->format == FORMAT_TABLE; i++)
        put_column(&p->out, columns[i].word, columns[i].columns);
    if (p->format == FORMAT_TABLE)
        strbuf_str(&p->out, "WHAT\n");
}

/* What is no line of a journal is said, not shown: its bytes could be anything. */
static void put_text(struct printer *p, const struct journal_text *t)
{
    struct journal_row row;
    bool is_row = journal_row_read(t->bytes, t->n, &row);
    if (!is_row)
        (void)fprintf(stderr, "credtop: %s:%d: no line of a journal; `credtop journal verify` tells more\n", t->file,
                      t->line);
    else if (row.time_ms < p->from_ms)
        return;
    else if (p->format == FORMAT_TABLE)
        put_row(&p->out, &row);
    else if (text_is_safe(t->bytes, t->n))
        strbuf_fmt(&p->out, "%.*s\n", (int)t->n, t->bytes);
    else
        (void)fprintf(stderr, "credtop: %s:%d: holds characters that credtop does not write: left out\n", t->file,
                      t->line);
}

static void printer_init(struct printer *p, const struct options *o)
{
    *p = (struct printer){.format = o->format, .from_ms = INT64_MIN};
    if (o->since_ms > 0)
        p->from_ms = clock_wall_ms(clock_real()) - o->since_ms;
    strbuf_init(&p->out, OUTPUT_MAX);
    put_heading(p);
}

static int printer_end(struct printer *p)
{
    (void)flush(p, 0);
    strbuf_clear(&p->out);
    return p->status;
}

static int fail(const struct why *why)
{
    (void)fprintf(stderr, "credtop: %s\n", why->text);
    return CLI_COULD_NOT_TELL;
}

/* --------------------------------------------------------------- show, tail */

static int show(const char *path, const struct options *o)
{
    struct why why = {0};
    struct printer p;
    struct journal_text t;
    struct journal_reader *r = journal_reader_new(path, false, NULL, &why);
    if (r == NULL)
        return fail(&why);
    printer_init(&p, o);
    while (flush(&p, OUTPUT_FLUSH) && journal_reader_next(r, &t))
        put_text(&p, &t);
    int status = printer_end(&p);
    if (journal_reader_error(r, &why) != ERR_OK)
        status = fail(&why);
    journal_reader_free(r);
    return status;
}

/* Everything that is there, but the last few lines alone unless a time was given. */
static void catch_up(struct journal_reader *r, struct printer *p)
{
    char *kept[TAIL_LINES] = {NULL};
    struct journal_text t, texts[TAIL_LINES] = {{0}};
    size_t n = 0;
    while (flush(p, OUTPUT_FLUSH) && journal_reader_next(r, &t)) {
        if (p->from_ms != INT64_MIN) {
            put_text(p, &t);
            continue;
        }
        size_t i = n++ % TAIL_LINES;
        free(kept[i]);
        kept[i] = mem_copy_bytes(t.bytes, t.n);
        texts[i] = t;
        texts[i].bytes = kept[i];
    }
    for (size_t i = n > TAIL_LINES ? n - TAIL_LINES : 0; i < n; i++)
        put_text(p, &texts[i % TAIL_LINES]);
    for (size_t i = 0; i < TAIL_LINES; i++)
        free(kept[i]);
}

static int tail(const char *path, const struct options *o)
{
    struct why why = {0};
    struct printer p;
    struct journal_text t;
    struct journal_reader *r = journal_reader_new(path, true, NULL, &why);
    if (r == NULL)
        return fail(&why);
    struct pollfd fds[2] = {{.fd = signals_open(), .events = POLLIN},
                            {.fd = STDOUT_FILENO, .events = 0}}; /* POLLERR: the reader is gone */
    printer_init(&p, o);
    catch_up(r, &p);
    while (flush(&p, 0) && journal_reader_error(r, &why) == ERR_OK) {
        (void)poll(fds, 2, TAIL_LOOK_MS);
        if ((fds[1].revents & (POLLERR | POLLHUP)) != 0)
            break;
        if ((fds[0].revents & POLLIN) != 0 && (signals_read(fds[0].fd) & SIGNALS_QUIT))
            break;
        while (flush(&p, OUTPUT_FLUSH) && journal_reader_next(r, &t))
            put_text(&p, &t);
    }
    int status = printer_end(&p);
    if (journal_reader_error(r, &why) != ERR_OK)
        status = fail(&why);
    signals_close(fds[0].fd);
    journal_reader_free(r);
    return status;
}

/* ------------------------------------------------------------------- verify */

static void put_report(const struct journal_report *r, const char *head, struct strbuf *out)
{
    if (!r->good) {
        strbuf_fmt(out, "%s:%d: %s\n", r->file, r->line, r->words);
        return;
    }
    strbuf_fmt(out, "good: %llu lines in %u %s, seq %llu to %llu\nnewest hash: %s\n", (unsigned long long)r->lines,
               r->files, r->files == 1 ? "file" : "files", (unsigned long long)r->first_seq,
               (unsigned long long)r->last_seq, r->last_hash[0] != '\0' ? r->last_hash : "none");
    if (r->first_seq > 1)
        strbuf_fmt(out, "what was before seq %llu has been let go with the oldest file\n",
                   (unsigned long long)r->first_seq);
    if (r->torn > 0)
        strbuf_fmt(out, "%u torn by a crash and kept, the last at %s:%d; the chain goes on around it\n", r->torn,
                   r->file, r->line);
    if (head != NULL)
        strbuf_fmt(out, "the hash given is there; lines after it: %llu\n", (unsigned long long)r->after_head);
    else
        strbuf_str(
            out, "A cut at the very end, or a journal written anew, cannot be seen from the file alone: compare with\n"
                 "the newest hash in syslog (journalctl -t credtop), or give it: --head HASH\n");
}

static void put_report_json(const struct journal_report *r, const char *head, struct strbuf *out)
{
    struct writer w;
    writer_begin(&w, out);
    writer_object(&w, NULL);
    writer_int(&w, "version", 1);
    writer_bool(&w, "good", r->good);
    writer_uint(&w, "lines", r->lines);
    writer_uint(&w, "files", r->files);
    writer_uint(&w, "first_seq", r->first_seq);
    writer_uint(&w, "last_seq", r->last_seq);
    writer_str(&w, "last_hash", r->last_hash);
    writer_uint(&w, "torn", r->torn);
    if (head != NULL && r->good)
        writer_uint(&w, "after_head", r->after_head);
    else
        writer_null(&w, "after_head");
    writer_str(&w, "file", r->file);
    writer_int(&w, "line", r->line);
    writer_str(&w, "text", r->words);
    writer_close(&w);
    writer_end(&w);
    strbuf_char(out, '\n');
}

static int verify(const char *path, const struct options *o)
{
    struct why why = {0};
    struct strbuf out;
    if (o->head != NULL && (strlen(o->head) != 64 || strspn(o->head, "0123456789abcdef") != 64)) {
        (void)fprintf(stderr, "credtop: --head is no hash; allowed: 64 of 0-9 a-f, as verify and syslog show it\n");
        return CLI_COULD_NOT_TELL;
    }
    struct journal_report *r = mem_new(sizeof *r);
    int status = CLI_COULD_NOT_TELL;
    if (journal_verify(path, o->head, NULL, r, &why) != ERR_OK) {
        (void)fail(&why);
    } else {
        strbuf_init(&out, OUTPUT_MAX);
        (o->format == FORMAT_JSON ? put_report_json : put_report)(r, o->head, &out);
        status = output_write(&out, "the report", r->good ? VERIFY_GOOD : VERIFY_BAD);
        strbuf_clear(&out);
    }
    free(r);
    return status;
}

int journal_run(const struct config *conf, const struct options *o)
{
    char path[PATH_SIZE];
    struct why why = {0};
    const char *named = o->journal_file != NULL ? o->journal_file : conf->journal;
    if (o->journal_file == NULL && named != NULL && strcmp(named, "off") == 0) {
        (void)fprintf(stderr,
                      "credtop: no journal is kept: the configuration says journal = off; allowed: --file FILE\n");
        return CLI_COULD_NOT_TELL;
    }
    if (!journal_place(named, path, sizeof path, &why))
        return fail(&why);
    journal_view_init();
    if (strcmp(o->operand, "verify") == 0)
        return verify(path, o);
    return strcmp(o->operand, "tail") == 0 ? tail(path, o) : show(path, o);
}
