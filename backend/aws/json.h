/* Small JSON answers, read with jansson on an allocator that wipes.
 *
 * A JSON null equals an absent member, and unknown members are ignored, as AWS's
 * protocol asks ("awsJson1_1").  Text goes out safe to draw. */
#ifndef CT_JSON_H
#define CT_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/err.h"
#include "backend/base/unknown.h"

/* Once, before threads and before any other use of jansson. */
void json_global_init(void);

/* An object, to be given back with json_decref(); NULL with ERR_MALFORMED. */
json_t *json_read_object(const char *bytes, size_t n, struct why *why);

const char *json_text(const json_t *o, const char *key, size_t *out_len); /* as it came; NULL absent */
bool json_safe(const json_t *o, const char *key, char *out, size_t size); /* made safe to draw; "" absent */
int64_t json_seconds(const json_t *o, const char *key);                   /* epoch seconds -> ms; TIME_UNKNOWN absent */
void json_forget_text(char *dumped);                                      /* wipes and frees json_dumps()'s text */
enum tri json_yes(const json_t *o, const char *key);

#endif
