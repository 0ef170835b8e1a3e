/* A small JSON writer that cannot forget a comma or a bracket: it keeps count, and
 * asserts that what was opened is closed.  Text goes through strbuf_json(). */
#ifndef CT_CLI_JSON_H
#define CT_CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/strbuf.h"

#define JSON_DEPTH_MAX 16

struct json {
    struct strbuf *out;
    unsigned depth;
    char close[JSON_DEPTH_MAX];
    bool some[JSON_DEPTH_MAX];   /* this level has a member already */
};

void json_begin(struct json *j, struct strbuf *out);
void json_end(struct json *j);                              /* all must be closed */

/* In an object each takes its member's name; in an array the name is NULL. */
void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);
void json_close(struct json *j);
void json_str(struct json *j, const char *name, const char *s);      /* NULL and "" are null */
void json_int(struct json *j, const char *name, int64_t n);
void json_uint(struct json *j, const char *name, uint64_t n);
void json_bool(struct json *j, const char *name, bool b);
void json_null(struct json *j, const char *name);
void json_ratio(struct json *j, const char *name, double r);         /* 0..1 to four places; negative is null */
void json_time(struct json *j, const char *name, int64_t wall_ms);   /* ISO 8601, UTC; negative is null */

#endif
