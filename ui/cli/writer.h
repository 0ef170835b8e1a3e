/* A small JSON writer that cannot forget a comma or a bracket: it keeps count, and
 * asserts that what was opened is closed.  Text goes through strbuf_json(). */
#ifndef CT_CLI_WRITER_H
#define CT_CLI_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/strbuf.h"

#define WRITER_DEPTH_MAX 16

struct writer {
    struct strbuf *out;
    unsigned depth;
    char close[WRITER_DEPTH_MAX];
    bool some[WRITER_DEPTH_MAX]; /* this level has a member already */
};

void writer_begin(struct writer *w, struct strbuf *out);
/* Begins the object every command prints: which version of it, by whom, when, in which mode. */
void writer_document(struct writer *w, struct strbuf *out, int64_t wall_ms, bool audit);
void writer_end(struct writer *w); /* all must be closed */

/* In an object each takes its member's name; in an array the name is NULL. */
void writer_object(struct writer *w, const char *name);
void writer_array(struct writer *w, const char *name);
void writer_close(struct writer *w);
void writer_str(struct writer *w, const char *name, const char *s); /* NULL and "" are null */
void writer_int(struct writer *w, const char *name, int64_t n);
void writer_uint(struct writer *w, const char *name, uint64_t n);
void writer_bool(struct writer *w, const char *name, bool b);
void writer_null(struct writer *w, const char *name);
void writer_ratio(struct writer *w, const char *name, double r);       /* 0..1 to four places; negative is null */
void writer_real(struct writer *w, const char *name, double r);        /* to four places; negative is null */
void writer_time(struct writer *w, const char *name, int64_t wall_ms); /* ISO 8601, UTC; negative is null */

#endif
