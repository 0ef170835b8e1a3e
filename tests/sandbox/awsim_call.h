/* One call to a simulated operation: what came, what goes back, and the checks of
 * arguments that every operation makes.
 *
 * An operation is a function that ends in exactly one of call_answer(), reply_json()
 * through its own text, or call_fail(). */
#ifndef CT_AWSIM_CALL_H
#define CT_AWSIM_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/sandbox/awsim_reply.h"
#include "tests/sandbox/awsim_state.h"
#include "tests/sandbox/awsim_token.h"

struct http_in;

struct call {
    struct sim *sim;
    const struct http_in *http;
    struct realm *realm;       /* NULL when nobody signed */
    const struct sim_key *key; /* NULL when nobody signed */
    enum sim_op op;
    json_t *in; /* an object: the JSON body, the form, or what path and query say */
    int64_t now_ms;
    const char *request_id;
    bool empty_page; /* the fault: a page without entries, with a token */
    bool endless;    /* the fault: the page's token leads to the same page */
    struct reply *out;
};

#define CALL_INVALID "InvalidParameterException"
#define CALL_NOT_FOUND "ResourceNotFoundException"

/* Takes the reference; NULL members of `body` are not expected. */
void call_answer(struct call *c, json_t *body);
void call_fail(struct call *c, const char *code, const char *fmt, ...) FORMAT(3, 4); /* status 400 */
void call_fail_status(struct call *c, int status, const char *code, const char *fmt, ...) FORMAT(4, 5);

/* Arguments: an absent or null member leaves *out as it was.  False: wrong, and
 * answered so. */
bool arg_text(struct call *c, const char *name, size_t min, size_t max, const char **out);
bool arg_need_text(struct call *c, const char *name, size_t min, size_t max, const char **out);
bool arg_int(struct call *c, const char *name, int64_t min, int64_t max, int64_t *out);
bool arg_bool(struct call *c, const char *name, bool *out);
bool arg_list(struct call *c, const char *name, size_t min, size_t max, json_t **out); /* of texts */

/* Page tokens, bound to all parameters but the token and the page's size. */
void call_token_make(struct call *c, int64_t issued_ms, const char *place, char out[TOKEN_MAX]);
bool call_token_open(struct call *c, const char *token, char out_place[TOKEN_PLACE_MAX]);

json_t *json_seconds(int64_t ms); /* Secrets Manager's dates: 1523477145.729 */

#endif
