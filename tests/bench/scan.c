/* Log pages on one core: log_page_scan() alone, and what the program does with a page
 * (scan, classify, containers), against jansson and simdjson on the same bytes in the
 * same process.  All readers take turns, so that none has the machine to itself.
 *
 * The clock is the thread's own, so that other programs count for little.  Every page is
 * copied into the reader's buffer before it starts: a page that has just come from the
 * network is in the cache too.
 *
 *     scan [RUNS]      one JSON object a line: mix, reader, MB/s of each run */
#include <jansson.h>
#include <stdint.h>
#include <time.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/watch/containers.h"
#include "tests/bench/pages.h"
#include "tests/bench/scan.h"

#define RUNS_MAX 101
#define ROUNDS 6 /* over all pages, in one run */

struct bench {
    struct bench_page pages[PAGES_PER_MIX];
    char *buffer;
    struct log_page page;
    struct classifier *classifier;
    size_t kinds[LINE_PLATFORM + 1];
    uint64_t sum; /* of what was read: the readers must agree */
};

static const char *const fetch[] = {"Fetching credentials from Secrets Manager", NULL};
static const char *const hit[] = {"Using cached credentials*", "Using cached database credentials*", NULL};
static const char *const fallback[] = {"Falling back to environment variables*",
                                       "*using environment variables instead*", NULL};
static const char *const fetch_error[] = {"Failed to fetch credentials from Secrets Manager*",
                                          "Error fetching credentials from Secrets Manager*", NULL};
static const char *const db_error[] = {"*password authentication failed for user*",
                                       "*28P01*",
                                       "*SASL*client password must be a string*",
                                       "*no pg_hba.conf entry*",
                                       "*ECONNREFUSED*",
                                       "*Connection terminated unexpectedly*",
                                       "*remaining connection slots are reserved*",
                                       NULL};

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---------------------------------------------------------------- readers */

typedef size_t reader(struct bench *b, const struct bench_page *p, struct containers *c);

static size_t read_ours(struct bench *b, const struct bench_page *p, struct containers *c)
{
    struct why why;
    (void)c;
    return log_page_scan(&b->page, b->buffer, p->n, &why) == ERR_OK ? b->page.n : 0;
}

static size_t read_and_classify(struct bench *b, const struct bench_page *p, struct containers *c)
{
    size_t n = read_ours(b, p, c);
    for (size_t i = 0; i < n; i++) {
        struct line l;
        classify(b->classifier, b->page.events[i].message, &l);
        b->kinds[l.kind]++;
    }
    return n;
}

static size_t read_all(struct bench *b, const struct bench_page *p, struct containers *c)
{
    size_t n = read_ours(b, p, c);
    for (size_t i = 0; i < n; i++) {
        struct line l;
        struct line_effect effect;
        const struct log_event *e = &b->page.events[i];
        classify(b->classifier, e->message, &l);
        containers_feed(c, 0, e->stream, &l, e->time_ms, false, &effect);
    }
    return n;
}

static size_t read_jansson(struct bench *b, const struct bench_page *p, struct containers *c)
{
    json_t *root = json_loadb(b->buffer, p->n, 0, NULL), *events = json_object_get(root, "events"), *e;
    size_t n = json_array_size(events), i;
    (void)c;
    b->sum = json_string_length(json_object_get(root, "nextToken"));
    json_array_foreach(events, i, e) b->sum += json_string_length(json_object_get(e, "message")) +
                                               json_string_length(json_object_get(e, "eventId")) +
                                               json_string_length(json_object_get(e, "logStreamName")) +
                                               (uint64_t)json_integer_value(json_object_get(e, "timestamp")) +
                                               (uint64_t)json_integer_value(json_object_get(e, "ingestionTime"));
    json_decref(root);
    return n;
}

#ifdef WITH_SIMDJSON
static size_t read_simdjson(struct bench *b, const struct bench_page *p, struct containers *c)
{
    (void)c;
    return scan_simdjson(b->buffer, p->n, p->n + SCAN_PADDING, &b->sum);
}
#endif

static const struct {
    const char *name;
    reader *read;
    bool sums;
} readers[] = {
    {"log_page_scan", read_ours, false},
    {"scan+classify", read_and_classify, false},
    {"scan+classify+containers", read_all, false},
    {"jansson", read_jansson, true},
#ifdef WITH_SIMDJSON
    {"simdjson", read_simdjson, true},
#endif
};

/* ------------------------------------------------------------------- runs */

static uint64_t sum_of(const struct log_page *p)
{
    uint64_t sum = p->next_token.n;
    for (size_t i = 0; i < p->n; i++)
        sum += p->events[i].stream.n + p->events[i].message.n + p->events[i].id.n + (uint64_t)p->events[i].time_ms +
               (uint64_t)p->events[i].ingested_ms;
    return sum;
}

/* MB/s of one run over all pages. */
static double run(struct bench *b, size_t which)
{
    struct containers *c = containers_new();
    uint64_t took = 0, bytes = 0;
    for (size_t i = 0; i < PAGES_PER_MIX * ROUNDS; i++) {
        if (i % PAGES_PER_MIX == 0) { /* the same lines again would be other invocations */
            containers_free(c);
            c = containers_new();
        }
        const struct bench_page *p = &b->pages[i % PAGES_PER_MIX];
        memcpy(b->buffer, p->bytes, p->n + 1);
        uint64_t began = now_ns();
        size_t n = readers[which].read(b, p, c);
        took += now_ns() - began;
        bytes += p->n;
        ASSERT(n == p->events);
        if (!readers[which].sums)
            b->sum = sum_of(&b->page);
        uint64_t sum = b->sum;
        memcpy(b->buffer, p->bytes, p->n + 1);
        (void)read_ours(b, p, NULL);
        ASSERT(sum == sum_of(&b->page)); /* every reader read the same */
    }
    containers_free(c);
    return (double)bytes * 1000.0 / (double)took;
}

static void measure(struct bench *b, enum mix mix, size_t runs)
{
    static double figures[ARRAY_LEN(readers)][RUNS_MAX];
    size_t bytes = 0, events = 0;
    pages_make(mix, b->pages);
    for (size_t i = 0; i < PAGES_PER_MIX; i++) {
        bytes += b->pages[i].n;
        events += b->pages[i].events;
    }
    for (size_t r = 0; r < runs; r++)
        for (size_t i = 0; i < ARRAY_LEN(readers); i++)
            figures[i][r] = run(b, i);
    for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
        printf("{\"mix\":\"%s\",\"reader\":\"%s\",\"bytes_per_event\":%zu,\"mb_per_s\":[", mix_names[mix],
               readers[i].name, bytes / events);
        for (size_t r = 0; r < runs; r++)
            printf("%s%.1f", r > 0 ? "," : "", figures[i][r]);
        puts("]}");
    }
    pages_clear(b->pages);
}

int main(int argc, char **argv)
{
    const struct config_patterns patterns = {fetch, hit, fallback, fetch_error, db_error};
    int64_t runs = 7;
    if (argc > 2 || (argc == 2 && (!str_to_i64(argv[1], strlen(argv[1]), &runs) || runs < 1 || runs > RUNS_MAX))) {
        fprintf(stderr, "usage: scan [RUNS, 1 to %d]\n", RUNS_MAX);
        return 2;
    }
    struct bench b = {.buffer = mem_array(3u << 20, 1), .classifier = classifier_new(&patterns)};
    log_page_init(&b.page);
    for (enum mix mix = 0; mix < MIXES; mix++)
        measure(&b, mix, (size_t)runs);
#ifdef WITH_SIMDJSON
    printf("{\"peer\":\"%s\"}\n", scan_simdjson_name());
#endif
    log_page_clear(&b.page);
    classifier_free(b.classifier);
    free(b.buffer);
    return 0;
}
