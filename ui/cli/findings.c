#include "ui/cli/findings.h"

#include <string.h>

#include "backend/base/text.h"

#define COLUMNS 100
#define INDENT 16

void findings_sum(const struct posture *p, struct strbuf *out)
{
    static const struct {
        enum posture_result result;
        const char *word;
    } order[] = {{POSTURE_FAIL, "FAIL"},
                 {POSTURE_WARN, "warn"},
                 {POSTURE_UNKNOWN, "not known"},
                 {POSTURE_PASS, "ok"},
                 {POSTURE_NOT_APPLICABLE, "not applicable"}};
    const char *comma = "";
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (p->n[order[i].result] == 0)
            continue;
        strbuf_fmt(out, "%s%zu %s", comma, p->n[order[i].result], order[i].word);
        comma = ", ";
    }
}

/* Words from column INDENT on, wrapped at blanks; `lead` stands in front of the first line. */
static void put_wrapped(struct strbuf *out, const char *lead, const char *words)
{
    size_t room = COLUMNS - INDENT;
    strbuf_fmt(out, "%*s%-8s", INDENT - 8, "", lead);
    for (bool first = true; first || *words != '\0'; first = false) {
        size_t used, n = text_fit(words, room, &used), cut = n;
        while (words[n] != '\0' && cut > 0 && words[cut] != ' ')
            cut--;
        cut = cut > 0 ? cut : n;
        if (!first)
            strbuf_fmt(out, "%*s", INDENT, "");
        strbuf_add(out, words, cut);
        strbuf_char(out, '\n');
        if (cut == 0)
            break;
        words += cut;
        words += strspn(words, " ");
    }
}

/* A line of what is well; of the rest all there is to say. */
static void put_row(struct strbuf *out, enum posture_result r, const char *word, const char *title, const char *found,
                    const char *why, const char *mend)
{
    strbuf_fmt(out, "  %-4s  ", posture_mark(r));
    if (r == POSTURE_PASS || r == POSTURE_NOT_APPLICABLE) {
        strbuf_fmt(out, "%-7s %s\n", word, found);
        return;
    }
    strbuf_fmt(out, "%-7s %s\n", word, title);
    put_wrapped(out, "found", found);
    if (r == POSTURE_UNKNOWN)
        return;
    put_wrapped(out, "why", why);
    put_wrapped(out, "mend", mend);
}

void findings_table(const struct posture *p, const char *env, struct strbuf *out)
{
    char mend[320];
    for (enum posture_check i = 0; i < POSTURE_CHECKS; i++) {
        const struct posture_row *row = posture_row(i);
        if (i == 0 || posture_row(i - 1)->subject != row->subject)
            strbuf_fmt(out, "%s%s\n", i > 0 ? "\n" : "", posture_subject_word(row->subject));
        put_row(out, p->of[i].result, row->word, row->title, p->of[i].found, row->why, posture_mend(i, env, mend));
    }
}

void findings_source_table(const struct source_report *s, struct strbuf *out)
{
    strbuf_fmt(out, "\nsource: %zu files%s\n", s->files,
               s->cut ? ", then a limit was reached: what was not found may be in what was not read" : "");
    for (enum source_check i = 0; i < SOURCE_CHECKS; i++) {
        const struct source_row *row = source_row(i);
        bool well = s->of[i].result == POSTURE_PASS || s->of[i].result == POSTURE_NOT_APPLICABLE;
        put_row(out, s->of[i].result, well ? "" : row->word, row->title, s->of[i].found, row->why, row->mend);
    }
}

static void put_json(struct writer *w, const char *name, const char *title, enum posture_result r, const char *found,
                     const char *why, const char *mend)
{
    writer_str(w, "id", name);
    writer_str(w, "title", title);
    writer_str(w, "result", posture_name(r));
    writer_str(w, "found", found);
    writer_str(w, "why", why);
    writer_str(w, "mend", mend);
}

void findings_json(const struct posture *p, const char *env, struct writer *w)
{
    char mend[320];
    writer_object(w, "summary");
    for (enum posture_result r = POSTURE_NOT_APPLICABLE; r <= POSTURE_FAIL; r++)
        writer_uint(w, posture_name(r), p->n[r]);
    writer_close(w);
    writer_array(w, "checks");
    for (enum posture_check i = 0; i < POSTURE_CHECKS; i++) {
        const struct posture_row *row = posture_row(i);
        const struct finding *f = &p->of[i];
        writer_object(w, NULL);
        put_json(w, row->name, row->title, f->result, f->found, row->why, posture_mend(i, env, mend));
        writer_str(w, "subject", posture_subject_word(row->subject));
        writer_str(w, "severity", posture_name(row->severity));
        writer_bool(w, "barred", f->barred);
        writer_time(w, "seen", f->seen_ms);
        writer_close(w);
    }
    writer_close(w);
}

void findings_source_json(const struct source_report *s, struct writer *w)
{
    writer_object(w, "source");
    writer_uint(w, "files", s->files);
    writer_uint(w, "bytes", s->bytes);
    writer_uint(w, "skipped", s->skipped);
    writer_bool(w, "cut", s->cut);
    writer_array(w, "checks");
    for (enum source_check i = 0; i < SOURCE_CHECKS; i++) {
        const struct source_row *row = source_row(i);
        writer_object(w, NULL);
        put_json(w, row->name, row->title, s->of[i].result, s->of[i].found, row->why, row->mend);
        writer_close(w);
    }
    writer_close(w);
    writer_close(w);
}
