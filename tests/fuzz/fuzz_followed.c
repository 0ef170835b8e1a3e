/* libFuzzer: the log watch from AWS's bytes to what is drawn: pages of FilterLogEvents, rows of
 * Logs Insights (lines and counts) and a moved label, in any order.  Texts are safe to draw,
 * times are ones that can be reckoned with, and no count falls below nothing.
 *
 * Parts of the input, up to a byte 0xff: 'p' a page, 'l' lines and 'c' counts of a query, 'm' the
 * label's time, 's' a snapshot in between.
 * Links the watches; clang -fsanitize=fuzzer,address,undefined. */
#include <stdint.h>

#include "backend/aws/json.h"
#include "backend/base/text.h"
#include "backend/watch/follower.h"
#include "backend/watch/insights.h"
#include "backend/watch/insights_past.h"
#include "tests/unit/fake_watch.h"
#include "tests/fuzz/fuzz.h"

#define LATEST_MS INT64_C(253402300799999) /* of the year 9999 */
#define HOUR_MS INT64_C(3600000)

static struct fake_watch watch; /* of this process; what inputs change lies in their follower */

static void leave(void)
{
    fake_watch_clear(&watch);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const groups[] = {"/aws/lambda/orders", NULL};
    (void)argc;
    (void)argv;
    json_global_init();
    fake_watch_init(&watch, groups);
    (void)atexit(leave);
    return 0;
}

static void expect_safe(const char *s, size_t size)
{
    size_t n = strnlen(s, size);
    ASSERT(n < size && text_is_safe(s, n));
}

static void expect_time(int64_t ms)
{
    ASSERT(ms >= TIME_UNKNOWN && ms <= LATEST_MS);
}

static void check_rows(const struct log_snap *s)
{
    for (size_t i = 0; i < s->nchunks; i++)
        for (size_t k = 0; k < s->chunks[i]->nrows; k++) {
            const struct event_row *r = &s->chunks[i]->rows[k];
            expect_time(r->time_ms);
            expect_time(r->ingested_ms);
            ASSERT(r->kind < EVENT_KINDS && (k == 0 || r[-1].time_ms <= r->time_ms));
            expect_safe(r->stream, sizeof r->stream);
            expect_safe(r->holds, sizeof r->holds);
            expect_safe(r->request, sizeof r->request);
            ASSERT(text_is_safe(r->text, strlen(r->text)));
        }
}

static void check_containers(const struct log_snap *s)
{
    for (size_t i = 0; i < s->ncontainers; i++) {
        const struct container_row *r = &s->containers[i];
        expect_safe(r->stream, sizeof r->stream);
        expect_safe(r->group, sizeof r->group);
        expect_safe(r->holds, sizeof r->holds);
        expect_time(r->started_ms);
        expect_time(r->fetched_ms);
        expect_time(r->fell_back_ms);
        expect_time(r->last_ms);
    }
    ASSERT(s->active + s->silent == s->ncontainers);
}

static void check_snapshot(struct follower *f)
{
    pthread_mutex_lock(&f->lock);
    struct log_snap *s = follower_snap_locked(f, TIME_UNKNOWN);
    pthread_mutex_unlock(&f->lock);
    for (size_t k = 0; k < EVENT_KINDS; k++) {
        uint64_t sum = 0;
        ASSERT(s->total[k] < UINT64_MAX / 2);
        for (size_t i = 0; i < SERIES_STEPS; i++)
            sum += s->series[k][i];
        ASSERT(sum <= s->total[k]);
    }
    ASSERT(s->total[EVENT_HIT] + s->total[EVENT_STALE_HIT] <= s->total[EVENT_INVOCATION]);
    expect_safe(s->last_db_error, sizeof s->last_db_error);
    expect_time(s->newest_event_ms);
    expect_time(s->first_fetch_ms);
    expect_time(s->last_fetch_ms);
    expect_time(s->last_fallback_ms);
    expect_time(s->last_db_error_ms);
    check_rows(s);
    check_containers(s);
    snap_unref(&s->snap);
}

static void take_page(struct follower *f, const char *bytes, size_t n)
{
    struct log_page page;
    log_page_init(&page);
    if (log_page_scan(&page, bytes, n, NULL) == ERR_OK && log_query_drop_impossible(&page, NULL) == ERR_OK) {
        pthread_mutex_lock(&f->lock);
        follower_take_page_locked(f, 0, &page, &f->ids, f->all_ms, true);
        pthread_mutex_unlock(&f->lock);
    }
    log_page_clear(&page);
}

static void take_rows(struct follower *f, const char *bytes, size_t n, bool counts)
{
    int64_t to_ms = watch.fake.wall_ms - watch.fake.wall_ms % INSIGHTS_BIN_MS;
    struct past_item item = {.f = f, .name = "/aws/lambda/orders", .from_ms = to_ms - 24 * HOUR_MS, .to_ms = to_ms};
    struct past past;
    struct why why = {0};
    json_t *o = json_read_object(bytes, n, NULL);
    const json_t *rows = json_object_get(o, "results");
    past_init(&past);
    (void)past_bytes(json_array_get(json_object_get(o, "logGroups"), 0), item.from_ms, item.to_ms);
    enum err err = counts ? past_add_counts(&past, &item, 1, rows, item.from_ms + 90000, item.to_ms, &why)
                          : past_add_lines(&past, &item, 1, rows, &why);
    if (err == ERR_OK)
        past_lay(&past, &item, 0, watch.classifier);
    else
        ASSERT(why.text[0] != '\0' && text_is_safe(why.text, strlen(why.text)));
    past_clear(&past);
    json_decref(o);
}

static void move_label(struct follower *f, const char *text, size_t n)
{
    int64_t ms;
    if (!str_to_i64(text, n, &ms) || ms < TIME_UNKNOWN || ms > LATEST_MS)
        return; /* which json_seconds() lets nothing else through than */
    pthread_mutex_lock(&f->lock);
    containers_previous(f->containers, "22222222-previous", ms / 2);
    containers_label_moved(f->containers, ms, "11111111-current");
    pthread_mutex_unlock(&f->lock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct follower *f = follower_new(&watch.watch, 0);
    const uint8_t *end = data + size;
    while (data < end) {
        const uint8_t *cut = memchr(data, 0xff, (size_t)(end - data)), *upto = cut != NULL ? cut : end;
        size_t n = upto > data ? (size_t)(upto - data) - 1 : 0;
        char *bytes = mem_copy_bytes(data + (upto > data), n), what = upto > data ? (char)*data : '\0';
        if (what == 'p')
            take_page(f, bytes, n);
        else if (what == 'l' || what == 'c')
            take_rows(f, bytes, n, what == 'c');
        else if (what == 'm')
            move_label(f, bytes, n);
        else if (what == 's')
            check_snapshot(f);
        free(bytes);
        data = upto + (cut != NULL);
    }
    check_snapshot(f);
    follower_free(f);
    return 0;
}
