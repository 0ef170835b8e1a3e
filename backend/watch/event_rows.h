/* The display lines of one turn, gathered and then frozen into a chunk that the
 * snapshots share.  Dropping rows never touches a count. */
#ifndef CT_EVENT_ROWS_H
#define CT_EVENT_ROWS_H

#include "backend/model.h"
#include "backend/watch/classify.h"
#include "backend/watch/containers.h"

#define ROW_TEXT_MAX 400

struct event_rows {
    struct event_row *rows; /* text holds an offset until frozen */
    size_t n, cap;
    char *text;
    size_t text_len, text_cap;
};

void event_rows_add(struct event_rows *r, const struct log_event *e, const struct line *l, const struct line_effect *f,
                    bool late);
/* A chunk with one reference, sorted by time, the newest `max` of them, or NULL when
 * there are no rows; empties r.  *out_dropped: how many were too many. */
struct event_chunk *event_rows_freeze(struct event_rows *r, size_t max, size_t *out_dropped);
void event_rows_clear(struct event_rows *r);

#endif
