#include "ui/cli/report.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/cli/findings.h"
#include "ui/cli/output.h"
#include "ui/cli/settle.h"

#define OUTPUT_MAX (64u << 20)

/* ---------------------------------------------------------------- Markdown */

void report_escape(struct strbuf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if (*p == '<')
            strbuf_str(out, "&lt;");
        else if (*p == '>')
            strbuf_str(out, "&gt;");
        else if (*p == '&')
            strbuf_str(out, "&amp;");
        else if (*p == '\n' || *p == '\r')
            strbuf_char(out, ' ');
        else {
            if (strchr("\\`*_{}[]#|~!", *p) != NULL)
                strbuf_char(out, '\\');
            strbuf_char(out, *p);
        }
}

static void cell(struct strbuf *out, const char *text)
{
    strbuf_str(out, " ");
    report_escape(out, text[0] != '\0' ? text : "-");
    strbuf_str(out, " |");
}

static void time_cell(struct strbuf *out, int64_t wall_ms)
{
    char at[25] = "-";
    if (wall_ms >= 0)
        clock_iso(wall_ms, at);
    cell(out, at);
}

static void fact(struct strbuf *out, const char *name, const char *text)
{
    strbuf_fmt(out, "| %s |", name);
    cell(out, text);
    strbuf_char(out, '\n');
}

/* Who ran this, by the machine's word: the login it is charged to, and the host. */
static void who(char *out, size_t size)
{
    struct utsname u;
    const struct passwd *p = getpwuid(getuid());
    char raw[256];
    (void)str_fmt(raw, sizeof raw, "%s (uid %u) on %s", p != NULL ? p->pw_name : "?", (unsigned)getuid(),
                  uname(&u) == 0 ? u.nodename : "?");
    (void)text_safe(out, size, raw, strlen(raw));
}

static void journal_words(const struct report_journal *j, char *out, size_t size)
{
    const struct journal_report *c = &j->chain;
    char line[260];
    if (j->path[0] == '\0')
        (void)str_copy(out, size, "off: orders leave no trace here");
    else if (j->err == ERR_NOT_FOUND)
        (void)str_fmt(out, size, "nothing has been journaled yet (%.200s)", j->path);
    else if (j->err != ERR_OK)
        (void)str_fmt(out, size, "could not be read (%.200s): %s", j->path, why_line(&j->why, line, sizeof line));
    else if (!c->good)
        (void)str_fmt(out, size, "BROKEN at %.200s:%d: %s", c->file, c->line, c->words);
    else
        (void)str_fmt(out, size, "whole: %llu lines, the last %llu, hash %s%s (%.200s)", (unsigned long long)c->lines,
                      (unsigned long long)c->last_seq, c->last_hash[0] != '\0' ? c->last_hash : "-",
                      c->torn > 0 ? "; a crash has torn some" : "", j->path);
}

static void put_head(const struct board *b, const struct report_journal *j, struct strbuf *out)
{
    char at[25], words[700];
    clock_iso(b->wall_ms, at);
    strbuf_str(out, "# Database credentials: report\n\n|  |  |\n| --- | --- |\n");
    fact(out, "made", at);
    who(words, sizeof words);
    fact(out, "by", words);
    fact(out, "with", "credtop " CREDTOP_VERSION);
    fact(out, "mode", b->audit ? "audit: nothing was changed or revealed, and no login was tried" : "operate");
    (void)text_safe(words, sizeof words, b->conf->path != NULL ? b->conf->path : "",
                    b->conf->path != NULL ? strlen(b->conf->path) : 0);
    fact(out, "configuration", words);
    journal_words(j, words, sizeof words);
    fact(out, "journal", words);
}

static void put_identities(const struct board *b, struct strbuf *out)
{
    strbuf_str(
        out, "\n## Who asked AWS\n\n| account | region | identity | from | told |\n| --- | --- | --- | --- | --- |\n");
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct identity_snap *id = b->envs[i].identity;
        bool again = id == NULL || id->snap.good_mono_ms < 0;
        for (size_t k = 0; k < i && !again; k++)
            again = b->envs[k].identity == id;
        if (again)
            continue;
        n++;
        strbuf_char(out, '|');
        cell(out, id->account);
        cell(out, id->region);
        cell(out, id->arn);
        cell(out, id->source);
        time_cell(out, id->snap.good_wall_ms);
        strbuf_char(out, '\n');
    }
    if (n == 0)
        strbuf_str(out, "| - | - | nobody: AWS told no identity | - | - |\n");
}

static void put_overview(const struct board *b, const struct posture *p, struct strbuf *out)
{
    strbuf_str(out, "\n## Environments\n\n| environment | kind | FAIL | warn | not known | ok | not applicable |\n"
                    "| --- | --- | ---: | ---: | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < b->n; i++) {
        strbuf_char(out, '|');
        cell(out, b->envs[i].conf->name);
        cell(out, b->envs[i].conf->mode == CONFIG_DEVELOPMENT ? "development" : "production");
        strbuf_fmt(out, " %zu | %zu | %zu | %zu | %zu |\n", p[i].n[POSTURE_FAIL], p[i].n[POSTURE_WARN],
                   p[i].n[POSTURE_UNKNOWN], p[i].n[POSTURE_PASS], p[i].n[POSTURE_NOT_APPLICABLE]);
    }
}

static void put_environment(const struct env_view *v, const struct posture *p, struct strbuf *out)
{
    char mend[320];
    strbuf_str(out, "\n## ");
    report_escape(out, v->conf->name);
    strbuf_str(out, "\n\n| check | result | found | seen |\n| --- | --- | --- | --- |\n");
    for (enum posture_check i = 0; i < POSTURE_CHECKS; i++) {
        const struct finding *f = &p->of[i];
        strbuf_char(out, '|');
        cell(out, posture_row(i)->title);
        cell(out, f->result == POSTURE_NOT_APPLICABLE ? "n/a"
                  : f->result == POSTURE_UNKNOWN      ? "not known"
                                                      : posture_mark(f->result));
        cell(out, f->found);
        time_cell(out, f->seen_ms);
        strbuf_char(out, '\n');
    }
    bool some = false;
    for (int r = POSTURE_FAIL; r >= POSTURE_WARN; r--)
        for (enum posture_check i = 0; i < POSTURE_CHECKS; i++) {
            const struct posture_row *row = posture_row(i);
            if (p->of[i].result != (enum posture_result)r)
                continue;
            strbuf_fmt(out, "%s- **%s** ", some ? "" : "\nTo be mended:\n\n", posture_mark(p->of[i].result));
            report_escape(out, row->title);
            strbuf_str(out, ": ");
            report_escape(out, p->of[i].found);
            strbuf_str(out, ". Why it matters: ");
            report_escape(out, row->why);
            strbuf_str(out, ". To mend it: ");
            report_escape(out, posture_mend(i, v->conf->name, mend));
            strbuf_str(out, ".\n");
            some = true;
        }
}

static struct posture *judge_all(const struct board *b)
{
    struct posture *p = mem_array(b->n + 1, sizeof *p);
    for (size_t i = 0; i < b->n; i++)
        posture_judge(b, &b->envs[i], &p[i]);
    return p;
}

void report_markdown(const struct board *b, const struct report_journal *j, struct strbuf *out)
{
    struct posture *p = judge_all(b);
    put_head(b, j, out);
    put_identities(b, out);
    put_overview(b, p, out);
    for (size_t i = 0; i < b->n; i++)
        put_environment(&b->envs[i], &p[i], out);
    free(p);
}

/* -------------------------------------------------------------------- JSON */

static void put_journal_json(struct writer *w, const struct report_journal *j)
{
    char words[700];
    writer_object(w, "journal");
    writer_str(w, "path", j->path);
    writer_str(w, "state",
               j->path[0] == '\0'        ? "off"
               : j->err == ERR_NOT_FOUND ? "empty"
               : j->err != ERR_OK        ? "unknown"
               : j->chain.good           ? "whole"
                                         : "broken");
    if (j->err == ERR_OK && j->path[0] != '\0') {
        writer_uint(w, "lines", j->chain.lines);
        writer_str(w, "last_hash", j->chain.last_hash);
    }
    journal_words(j, words, sizeof words);
    writer_str(w, "text", words);
    writer_close(w);
}

void report_json(const struct board *b, const struct report_journal *j, struct strbuf *out)
{
    struct posture *p = judge_all(b);
    struct writer w;
    char words[400];
    writer_document(&w, out, b->wall_ms, b->audit);
    who(words, sizeof words);
    writer_str(&w, "by", words);
    put_journal_json(&w, j);
    writer_array(&w, "environments");
    for (size_t i = 0; i < b->n; i++) {
        const struct identity_snap *id = b->envs[i].identity;
        bool known = id != NULL && id->snap.good_mono_ms >= 0;
        writer_object(&w, NULL);
        writer_str(&w, "name", b->envs[i].conf->name);
        writer_str(&w, "kind", b->envs[i].conf->mode == CONFIG_DEVELOPMENT ? "development" : "production");
        writer_str(&w, "account", known ? id->account : NULL);
        writer_str(&w, "region", known ? id->region : NULL);
        writer_str(&w, "identity", known ? id->arn : NULL);
        findings_json(&p[i], b->envs[i].conf->name, &w);
        writer_close(&w);
    }
    writer_close(&w);
    writer_close(&w);
    writer_end(&w);
    strbuf_char(out, '\n');
    free(p);
}

/* ----------------------------------------------------------------- running */

static void look_at_journal(const struct config *conf, struct report_journal *j)
{
    j->path[0] = '\0';
    j->err = ERR_OK;
    if (conf->journal != NULL && strcmp(conf->journal, "off") == 0)
        return;
    char path[4096];
    if (!journal_place(conf->journal, path, sizeof path, &j->why)) {
        (void)str_copy(j->path, sizeof j->path, "?");
        j->err = j->why.code;
        return;
    }
    j->err = journal_verify(path, NULL, NULL, &j->chain, &j->why);
    (void)text_safe(j->path, sizeof j->path, path, strlen(path));
}

/* As one environment's; what is worst counts. */
static int exit_status(const struct board *b)
{
    struct posture *p = judge_all(b), all = {.barred = 0};
    for (size_t i = 0; i < b->n; i++) {
        for (int r = 0; r <= POSTURE_FAIL; r++)
            all.n[r] += p[i].n[r];
        all.barred += p[i].barred;
    }
    free(p);
    return posture_exit_status(&all);
}

int report_run(struct backend *b, const struct config *conf, const struct options *options, int signals_fd)
{
    if (!settle_wait(b, options->timeout_ms, signals_fd))
        return CLI_COULD_NOT_TELL;
    struct board *board = backend_board(b);
    struct report_journal *j = mem_new(sizeof *j);
    look_at_journal(conf, j);
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX);
    (options->format == FORMAT_JSON ? report_json : report_markdown)(board, j, &out);
    int status = output_write(&out, "the report", exit_status(board));
    strbuf_clear(&out);
    free(j);
    board_free(board);
    return status;
}
