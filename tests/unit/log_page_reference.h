/* The other reader of a log page: jansson and a few plain rules, against which the
 * scanner is held by the unit test and the fuzzer.
 *
 * Where the scanner is stricter by design:
 *   - containers nest at most 64 deep in what is skipped (jansson: 2048)
 *   - a number has at most 64 bytes
 *   - a NUL byte is refused anywhere (jansson loses one that follows a number or a word)
 *   - of a member that comes twice every value is checked, not only the last, which counts
 * It is never laxer. */
#ifndef CT_LOG_PAGE_REFERENCE_H
#define CT_LOG_PAGE_REFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/watch/log_page.h"

enum reference_verdict { REFERENCE_REFUSES, REFERENCE_ACCEPTS, REFERENCE_HAS_DUPLICATES };

struct reference {
    enum reference_verdict verdict;
    json_t *root;
};

static bool reference_text(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v == NULL || json_is_null(v) || json_is_string(v);
}

static bool reference_time(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v == NULL || json_is_null(v) || json_is_integer(v);
}

static bool reference_shape(const json_t *root)
{
    const json_t *events = json_object_get(root, "events");
    if (!json_is_object(root) || !reference_text(root, "nextToken"))
        return false;
    if (events == NULL || json_is_null(events))
        return true;
    if (!json_is_array(events))
        return false;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *e = json_array_get(events, i);
        if (!json_is_object(e) || !reference_text(e, "message") || !reference_text(e, "logStreamName") ||
            !reference_text(e, "eventId") || !reference_time(e, "timestamp") || !reference_time(e, "ingestionTime"))
            return false;
    }
    return true;
}

static struct reference reference_read(const char *bytes, size_t n)
{
    struct reference r = {REFERENCE_ACCEPTS, json_loadb(bytes, n, JSON_REJECT_DUPLICATES, NULL)};
    if (r.root == NULL) {
        r.root = json_loadb(bytes, n, 0, NULL);
        r.verdict = REFERENCE_HAS_DUPLICATES;
    }
    if (r.root == NULL || !reference_shape(r.root))
        r.verdict = REFERENCE_REFUSES;
    return r;
}

static bool reference_same_text(const json_t *o, const char *key, struct slice s)
{
    const json_t *v = json_object_get(o, key);
    size_t n = json_string_length(v);
    return n == s.n && (n == 0 || memcmp(json_string_value(v), s.s, n) == 0);
}

static bool reference_same_time(const json_t *o, const char *key, int64_t ms)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? json_integer_value(v) == ms : ms == -1;
}

static bool reference_same_page(const json_t *root, const struct log_page *p)
{
    const json_t *events = json_object_get(root, "events");
    if (json_array_size(events) != p->n || !reference_same_text(root, "nextToken", p->next_token))
        return false;
    for (size_t i = 0; i < p->n; i++) {
        const json_t *e = json_array_get(events, i);
        const struct log_event *g = &p->events[i];
        if (!reference_same_text(e, "message", g->message) || !reference_same_text(e, "logStreamName", g->stream) ||
            !reference_same_text(e, "eventId", g->id) || !reference_same_time(e, "timestamp", g->time_ms) ||
            !reference_same_time(e, "ingestionTime", g->ingested_ms))
            return false;
    }
    return true;
}

static bool reference_same_slice(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static bool reference_same_events(const struct log_page *a, const struct log_page *b)
{
    if (a->n != b->n || !reference_same_slice(a->next_token, b->next_token))
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct log_event *x = &a->events[i], *y = &b->events[i];
        if (!reference_same_slice(x->stream, y->stream) || !reference_same_slice(x->message, y->message) ||
            !reference_same_slice(x->id, y->id) || x->time_ms != y->time_ms || x->ingested_ms != y->ingested_ms)
            return false;
    }
    return true;
}

/* Whether the page comes out the same, word of refusal included, when its bytes arrive `step`
 * at a time, each time somewhere else, and each time all that is there is tried. */
static bool reference_arrives(const char *bytes, size_t n, size_t step, const struct log_page *whole, enum err expected,
                              const struct why *words)
{
    struct log_page page;
    struct why why = {0};
    char *there = mem_copy_bytes(bytes, 0);
    log_page_init(&page);
    log_page_begin(&page);
    for (size_t got = 0; got < n; got += step < n - got ? step : n - got) {
        char *more = mem_copy_bytes(bytes, got); /* exactly these: a sanitizer sees a step too far, or to the old ones */
        page.again = 0;
        log_page_more(&page, more, got);
        free(there);
        there = more;
    }
    char *all = mem_copy_bytes(bytes, n);
    enum err err = log_page_end(&page, all, n, &why);
    free(there);
    bool same = err == expected && reference_same_events(&page, whole) &&
                (err == ERR_OK || strcmp(why.text, words->text) == 0);
    log_page_clear(&page);
    free(all);
    return same;
}

/* NULL when scanner and reference agree on these bytes, else what they differ in.
 * *out_accepted: what the scanner said. */
static const char *reference_compare(const char *bytes, size_t n, bool *out_accepted)
{
    struct log_page page;
    struct why why = {0};
    char *copy = mem_copy_bytes(bytes, n); /* exactly n bytes and a NUL: a sanitizer sees a step too far */
    log_page_init(&page);
    enum err err = log_page_scan(&page, copy, n, &why);
    *out_accepted = err == ERR_OK;
    struct reference r = reference_read(bytes, n);
    bool by_design = strstr(why.text, "nested too deeply") != NULL || strstr(why.text, "number too long") != NULL ||
                     memchr(bytes, '\0', n) != NULL || r.verdict == REFERENCE_HAS_DUPLICATES;
    const char *differ = NULL;
    if (*out_accepted && memchr(bytes, '\0', n) != NULL)
        differ = "accepted a NUL byte";
    else if (*out_accepted && r.verdict == REFERENCE_REFUSES)
        differ = "accepted what jansson refuses";
    else if (!*out_accepted && r.verdict != REFERENCE_REFUSES && !by_design)
        differ = "refused what jansson accepts";
    else if (*out_accepted && !reference_same_page(r.root, &page))
        differ = "read other events than jansson";
    else if (!*out_accepted && (page.n != 0 || page.next_token.n != 0))
        differ = "half a page is left behind";
    else if ((n <= 512 && !reference_arrives(bytes, n, 1, &page, err, &why)) ||
             !reference_arrives(bytes, n, 1 + n / 7, &page, err, &why))
        differ = "reads it otherwise when it arrives bit by bit";
    json_decref(r.root);
    log_page_clear(&page);
    free(copy);
    return differ;
}

#endif
