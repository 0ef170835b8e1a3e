/* Reading JSON that people write (the seed, the control API): every mistake is told
 * with the path of the value and what is allowed there. */
#ifndef CT_AWSIM_CHECK_JSON_H
#define CT_AWSIM_CHECK_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/base/err.h"

struct check {
    const char *what; /* the file, or the path of the request */
    char path[256];   /* of the object in hand: "$.secrets[2]" */
    bool failed;
    char message[512]; /* of the first mistake */
};

/* Tells the mistake, once; always false. */
bool check_fail(struct check *c, const char *member, const char *fmt, ...) FORMAT(3, 4);

/* The object in hand has no members but these (NULL ends the list). */
bool check_members(struct check *c, const json_t *o, const char *const *names);

/* A member; absent: `absent`, or a mistake when it is needed.  After a mistake these
 * give harmless values, so that a reader can go on and look at `failed` once. */
const char *check_text(struct check *c, const json_t *o, const char *name, size_t min, size_t max); /* NULL: absent */
const char *check_need_text(struct check *c, const json_t *o, const char *name, size_t min, size_t max); /* "" */
int64_t check_int(struct check *c, const json_t *o, const char *name, int64_t min, int64_t max, int64_t absent);
bool check_bool(struct check *c, const json_t *o, const char *name, bool absent);
const json_t *check_list(struct check *c, const json_t *o, const char *name, size_t max); /* NULL: absent */

/* Goes into member[index] (index SIZE_MAX: a member that is an object) and out again:
 * keeps the path in `out_outer`. */
void check_enter(struct check *c, const char *member, size_t index, char out_outer[256]);
void check_leave(struct check *c, const char outer[256]);

#endif
