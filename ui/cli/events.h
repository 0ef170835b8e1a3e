/* `credtop events`: what the logs tell, as the events screen has it. */
#ifndef CT_CLI_EVENTS_H
#define CT_CLI_EVENTS_H

#include "backend/backend.h"
#include "backend/base/strbuf.h"
#include "config/options.h"
#include "ui/event_list.h"

/* Before the backend starts: leaves the environment asked for alone in `c`, and reads it
 * whole.  False after a message: there is none of that name, or no such kind. */
bool events_prepare(struct config *c, const struct options *o);

int events_run(struct backend *b, const struct options *o, int signals_fd); /* the exit status */

/* "fetches,FALLBACK,bad" as bits; false with the word that is none in *out_wrong. */
bool events_kinds(const char *words, unsigned *out, char out_wrong[64]);

/* One event as the format has it; CSV and table need the head, JSON has none. */
struct events_look {
    enum options_format format;
    size_t env_width; /* of the table's column */
};
void events_head(const struct events_look *look, struct strbuf *out);
/* `disordered`: something newer of its environment was printed before it. */
void events_row(const struct events_look *look, const struct board *b, const struct event_ref *e, bool disordered,
                struct strbuf *out);

#endif
