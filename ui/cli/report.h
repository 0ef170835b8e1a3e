/* `credtop report`: the posture of every environment on paper, for an auditor. */
#ifndef CT_CLI_REPORT_H
#define CT_CLI_REPORT_H

#include "backend/backend.h"
#include "backend/base/strbuf.h"
#include "backend/journal_view.h"
#include "config/config.h"
#include "config/options.h"

int report_run(struct backend *b, const struct config *conf, const struct options *options, int signals_fd);

/* What the report says of the journal: `err` is ERR_NOT_FOUND while there is none. */
struct report_journal {
    char path[4096];
    enum err err;
    struct why why;
    struct journal_report chain; /* with ERR_OK */
};
void report_markdown(const struct board *b, const struct report_journal *j, struct strbuf *out);
void report_json(const struct board *b, const struct report_journal *j, struct strbuf *out);

/* `text` so that Markdown shows it as it is: no table cell ends in it, no tag begins. */
void report_escape(struct strbuf *out, const char *text);

#endif
