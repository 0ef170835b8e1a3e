/* Findings in print, for verify and report. */
#ifndef CT_CLI_FINDINGS_H
#define CT_CLI_FINDINGS_H

#include "backend/posture.h"
#include "backend/source.h"
#include "ui/cli/writer.h"

/* "24 ok, 2 warn, 1 FAIL, 3 not known, 1 not applicable" */
void findings_sum(const struct posture *p, struct strbuf *out);
void findings_table(const struct posture *p, const char *env, struct strbuf *out);
void findings_source_table(const struct source_report *s, struct strbuf *out);

/* Members of the object that is open. */
void findings_json(const struct posture *p, const char *env, struct writer *w);
void findings_source_json(const struct source_report *s, struct writer *w);

#endif
