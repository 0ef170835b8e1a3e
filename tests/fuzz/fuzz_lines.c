/* libFuzzer: any bytes as a log line, and as a pattern.  Parts of a line lie within it or within
 * the room that is there for them; reading it again says the same; a pattern matches what the C
 * library's fnmatch() matches; and of a JSON line's names and words it reads what jansson reads.
 *
 * Up to the first line feed: a pattern of fetches; the rest is the line.
 * Links the watches; clang -fsanitize=fuzzer,address,undefined. */
#include <fnmatch.h>
#include <jansson.h>
#include <stdint.h>

#include "backend/base/mem.h"
#include "backend/watch/json_line.h"
#include "tests/fuzz/fuzz.h"

static const char *const hit[] = {"Using cached credentials*", NULL};
static const char *const fallback[] = {"Falling back to environment variables*", NULL};
static const char *const fetch_error[] = {"Failed to fetch credentials*", NULL};
static const char *const db_error[] = {"*password authentication failed*", "*ECONNREFUSED*", NULL};

static bool within(struct slice part, const char *from, size_t n)
{
    return part.n == 0 || (part.s >= from && part.n <= n && part.s + part.n <= from + n);
}

static bool same(struct slice part, const char *text)
{
    return part.n == strlen(text) && memcmp(part.s, text, part.n) == 0;
}

static void check_line(const struct classifier *c, struct slice message)
{
    struct line *l = mem_new(sizeof *l), *again = mem_new(sizeof *again);
    classify(c, message, l);
    classify(c, message, again);
    ASSERT(l->kind <= LINE_PLATFORM && (l->kind != LINE_EVENT || l->event < EVENT_KINDS));
    ASSERT(within(l->request, message.s, message.n) || within(l->request, l->room, sizeof l->room));
    ASSERT(within(l->body, message.s, message.n) || within(l->body, l->room, sizeof l->room));
    ASSERT(l->duration_us >= -1);
    ASSERT(l->kind == again->kind && (l->kind != LINE_EVENT || l->event == again->event));
    ASSERT(l->request.n == again->request.n && l->body.n == again->body.n && l->in_init == again->in_init);
    ASSERT((l->kind != LINE_REPORT && l->kind != LINE_START) || l->request.n > 0);
    free(l);
    free(again);
}

/* Here '*' alone is special, in fnmatch() three more: those are left out of the comparison. */
static void check_glob(const char *glob, struct slice text)
{
    size_t stars = 0;
    for (const char *p = glob; *p != '\0'; p++)
        stars += *p == '*';
    bool ours = glob_match(glob, text);
    if (strpbrk(glob, "?[]\\") != NULL || stars > 4 || text.n > 200 || memchr(text.s, '\0', text.n) != NULL)
        return;
    char *whole = mem_copy_bytes(text.s, text.n);
    ASSERT((fnmatch(glob, whole, 0) == 0) == ours);
    free(whole);
}

/* NULL: there is none, or it is no text. */
static const char *text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* Where nothing is escaped and nothing comes twice, a line that jansson reads says the same here. */
static void check_json(struct slice message)
{
    if (message.n == 0 || *message.s != '{' || memchr(message.s, '\\', message.n) != NULL)
        return;
    json_t *o = json_loadb(message.s, message.n, JSON_REJECT_DUPLICATES, NULL);
    struct line *l = mem_new(sizeof *l);
    const char *type = text_of(o, "type"), *words = text_of(o, "message"), *id = text_of(o, "requestId"),
               *other = text_of(o, "AWSRequestId"), *stamp = text_of(o, "timestamp");
    const json_t *record = json_object_get(o, "record");
    bool ours = json_line_read(message, l);
    if (o != NULL && json_object_get(o, "type") == NULL && record == NULL && words != NULL && stamp != NULL) {
        const char *request = id != NULL ? id : other;
        ASSERT(ours && l->kind == LINE_OTHER && same(l->body, words));
        if (json_object_get(o, "requestId") == NULL || json_object_get(o, "AWSRequestId") == NULL)
            ASSERT(request == NULL ? l->request.n == 0 : same(l->request, request));
    }
    if (o != NULL && type != NULL && strcmp(type, "platform.report") == 0 && json_is_object(record)) {
        const char *request = text_of(record, "requestId"), *status = text_of(record, "status");
        ASSERT(ours == (request != NULL && request[0] != '\0'));
        if (ours)
            ASSERT(l->kind == LINE_REPORT && same(l->request, request) &&
                   l->failed == (status != NULL && (strcmp(status, "timeout") == 0 || strcmp(status, "error") == 0)));
    }
    json_decref(o);
    free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = memchr(data, '\n', size);
    size_t n = cut != NULL ? (size_t)(cut - data) : 0;
    if (size > 8000 || n > 100 || memchr(data, '\0', n) != NULL)
        return -1;
    char *glob = mem_copy_bytes(data, n);
    size_t from = cut != NULL ? n + 1 : 0;
    char *bytes = malloc(size > from ? size - from : 1); /* of just this size, so that ASan sees an over-read */
    ASSERT(bytes != NULL);
    memcpy(bytes, data + from, size - from);
    struct slice message = {bytes, size - from};
    const char *const fetch[] = {n > 0 ? glob : "Fetching credentials from Secrets Manager", NULL};
    const struct config_patterns patterns = {fetch, hit, fallback, fetch_error, db_error};
    struct classifier *c = classifier_new(&patterns);
    char pattern[1025];
    struct strbuf terms;
    strbuf_init(&terms, 10000);
    check_line(c, message);
    check_glob(fetch[0], message);
    check_json(message);
    for (int p = FILTER_CREDENTIALS; p <= FILTER_COUNTING; p++)
        if (classifier_filter_pattern(c, (enum filter_purpose)p, pattern, sizeof pattern))
            ASSERT(strlen(pattern) < sizeof pattern && strchr(pattern, '\n') == NULL);
    (void)classifier_past_terms(c, &terms);
    classifier_hit_terms(c, &terms);
    strbuf_clear(&terms);
    classifier_free(c);
    free(bytes);
    free(glob);
    return 0;
}
