#include "ui/cli/verify.h"

#include <stdlib.h>

#include "backend/base/mem.h"
#include "ui/cli/findings.h"
#include "ui/cli/output.h"
#include "ui/cli/settle.h"

#define OUTPUT_MAX (256 * 1024)

/* What the tree came to counts like the rest. */
static int with_source(const struct posture *p, const struct source_report *s)
{
    struct posture all = *p;
    for (enum source_check i = 0; i < SOURCE_CHECKS; i++)
        all.n[s->of[i].result]++;
    return posture_exit_status(&all);
}

static void put_json(const struct board *b, const struct posture *p, const struct source_report *s, int status,
                     struct strbuf *out)
{
    struct writer w;
    writer_document(&w, out, b->wall_ms, b->audit);
    writer_str(&w, "environment", b->envs[0].conf->name);
    writer_int(&w, "exit_status", status);
    findings_json(p, b->envs[0].conf->name, &w);
    if (s != NULL)
        findings_source_json(s, &w);
    writer_close(&w);
    writer_end(&w);
    strbuf_char(out, '\n');
}

static void put_table(const struct board *b, const struct posture *p, const struct source_report *s, struct strbuf *out)
{
    const char *name = b->envs[0].conf->name;
    findings_table(p, name, out);
    if (s != NULL)
        findings_source_table(s, out);
    strbuf_fmt(out, "\n%s: ", name);
    findings_sum(p, out);
    strbuf_str(out, b->audit ? " (audit mode: what it does not look at is not held against the environment)\n" : "\n");
}

int verify_run(struct backend *b, const struct options *options, int signals_fd)
{
    struct source_report source;
    struct why why = {0};
    if (!settle_wait(b, options->timeout_ms, signals_fd))
        return CLI_COULD_NOT_TELL;
    struct board *board = backend_board(b);
    if (options->source != NULL &&
        source_look(options->source, board->envs[0].conf->patterns.fetch, &source, &why) != ERR_OK) {
        (void)fprintf(stderr, "credtop: %s\n", why.text);
        board_free(board);
        return CLI_COULD_NOT_TELL;
    }
    const struct source_report *s = options->source != NULL ? &source : NULL;
    struct posture *p = mem_new(sizeof *p);
    posture_judge(board, &board->envs[0], p);
    int status = s != NULL ? with_source(p, s) : posture_exit_status(p);
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX);
    if (options->format == FORMAT_JSON)
        put_json(board, p, s, status, &out);
    else
        put_table(board, p, s, &out);
    free(p);
    board_free(board);
    status = output_write(&out, "the findings", status);
    strbuf_clear(&out);
    return status;
}
