#include "backend/aws/json.h"

#include <math.h>

#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "backend/base/text.h"
#include "backend/base/wiping.h"

void json_global_init(void)
{
    json_set_alloc_funcs(wiping_malloc, wiping_free);
    json_object_seed(0);
}

json_t *json_read_object(const char *bytes, size_t n, struct why *why)
{
    json_error_t at;
    json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &at);
    if (root == NULL) {
        /* Position and length alone: jansson's own text quotes the input, which may be a secret. */
        (void)why_set(why, ERR_MALFORMED, "not JSON at byte %d of %zu", at.position, n);
        return NULL;
    }
    if (!json_is_object(root)) {
        json_decref(root);
        (void)why_set(why, ERR_MALFORMED, "JSON, but not an object");
        return NULL;
    }
    return root;
}

const char *json_text(const json_t *o, const char *key, size_t *out_len)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_string(v))
        return NULL;
    if (out_len != NULL)
        *out_len = json_string_length(v);
    return json_string_value(v);
}

bool json_safe(const json_t *o, const char *key, char *out, size_t size)
{
    size_t n = 0;
    const char *s = json_text(o, key, &n);
    text_safe(out, size, s != NULL ? s : "", n);
    return s != NULL;
}

int64_t json_seconds(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_number(v))
        return TIME_UNKNOWN;
    double seconds = json_number_value(v);
    if (!isfinite(seconds) || seconds < 0 || seconds > 253402300799.0) /* year 9999 */
        return TIME_UNKNOWN;
    return (int64_t)llround(seconds * 1000.0);
}

enum tri json_yes(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_boolean(v))
        return TRI_UNKNOWN;
    return json_is_true(v) ? TRI_YES : TRI_NO;
}

void json_forget_text(char *dumped)
{
    json_malloc_t take;
    json_free_t give_back;
    json_get_alloc_funcs(&take, &give_back); /* ours once json_global_init() ran; the dump came from there */
    secret_wipe(dumped, strlen(dumped));
    give_back(dumped);
}
