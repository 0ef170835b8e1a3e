/* `credtop status`: the same picture once, for scripts and monitors. */
#ifndef CT_CLI_STATUS_H
#define CT_CLI_STATUS_H

#include "backend/backend.h"
#include "backend/base/strbuf.h"
#include "config/options.h"

/* Waits until every source was tried, or for options->timeout_ms, prints to
 * standard output and returns the exit status: 0 healthy, 1 degraded, 2 failing,
 * 3 could not tell (or could not print). */
int status_run(struct backend *b, const struct options *options, int signals_fd);

/* The document; `verdicts` has one an environment of the board. */
void status_json(const struct board *b, const struct verdict *verdicts, struct strbuf *out);

void status_csv(const struct board *b, const struct verdict *verdicts, struct strbuf *out);
void status_prometheus(const struct board *b, const struct verdict *verdicts, struct strbuf *out);

const char *status_state_name(enum env_state s);       /* "FAILED": the row's name, for programs */
const char *status_result_name(enum db_result result); /* "login_ok"; NULL: not tried */

struct status_look {
    int columns;
    bool utf8, color;
};
/* Takes the board.  The table of the overview and the causes in words. */
void status_table(struct board *b, const struct status_look *look, struct strbuf *out);

#define STATUS_OUTPUT_MAX (64u << 20)

#endif
