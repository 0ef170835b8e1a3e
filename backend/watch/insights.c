#include "backend/watch/insights.h"

#include "backend/aws/json.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/watch/insights_past.h"

#define GATHER_MS 400       /* others that want their past read come along */
#define LABEL_WAIT_MS 10000 /* for the secret watch to tell when AWSCURRENT moved */
#define POLL_MS 1000
#define AGAIN_MS 2000    /* after a throttled or failed call... */
#define TRIES_MAX 5      /* ...so often in a row */
#define STOP_MS 60       /* the program is ending */
#define ROWS_LIMIT 10000 /* of an answer; a full one is asked for in halves */
#define QUERY_MAX 10000  /* the service's own limit */
#define IDLE_WAIT_MS 200
#define NEVER_MS (24LL * 60 * 60 * 1000)

enum step { STEP_IDLE, STEP_ESTIMATE, STEP_START, STEP_POLL };
enum query { QUERY_LINES, QUERY_COUNTS };

struct job {
    enum query query;
    int64_t from_ms, to_ms;
};

struct insights {
    const struct watch *w; /* fixed */
    size_t env, id;
    void (*wake)(void *ctx, size_t id);
    void *wake_ctx;

    pthread_mutex_t lock; /* a leaf */
    /* guarded by lock */
    struct past_item *queue;
    size_t nqueue;
    double pages;

    /* of the thread that has the turn */
    enum step step;
    struct past_item items[INSIGHTS_GROUPS_MAX];
    char *names[INSIGHTS_GROUPS_MAX];
    size_t n, estimated;
    double bytes, scanned;
    struct job *jobs; /* a stack */
    size_t njobs;
    char query_id[64]; /* "": none is running */
    unsigned failures;
    struct past past;
};

struct insights *insights_new(const struct watch *w, size_t env, void (*wake)(void *ctx, size_t id), void *ctx,
                              size_t id)
{
    struct insights *h = mem_new(sizeof *h);
    h->w = w;
    h->env = env;
    h->wake = wake;
    h->wake_ctx = ctx;
    h->id = id;
    past_init(&h->past);
    pthread_mutex_init(&h->lock, NULL);
    return h;
}

/* -------------------------------------------------------------------- asked */

/* The group's name, of an ARN too. */
static char *group_name(const char *group)
{
    static const char marker[] = ":log-group:";
    const char *found = strncmp(group, "arn:", 4) == 0 ? strstr(group, marker) : NULL;
    const char *name = found != NULL ? found + sizeof marker - 1 : group;
    return mem_copy_bytes(name, strcspn(name, ":"));
}

void insights_ask(struct insights *h, struct follower *f, size_t group, int64_t from_ms, int64_t to_ms)
{
    struct past_item item = {
        .f = f, .group = group, .from_ms = from_ms, .to_ms = to_ms, .asked_mono_ms = clock_mono_ms(clock_real())};
    pthread_mutex_lock(&h->lock);
    h->queue = mem_grow(h->queue, h->nqueue + 1, sizeof *h->queue);
    h->queue[h->nqueue++] = item;
    pthread_mutex_unlock(&h->lock);
    h->wake(h->wake_ctx, h->id);
}

double insights_pages(struct insights *h, double pages)
{
    pthread_mutex_lock(&h->lock);
    h->pages += pages;
    double sum = h->pages;
    pthread_mutex_unlock(&h->lock);
    return sum;
}

static const char *group_of(const struct past_item *item)
{
    return item->f->cursors[item->group].group;
}

/* A group that two environments share is read for one after the other: rows name the group. */
static bool fits_batch(const struct insights *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (strcmp(h->names[i], name) == 0)
            return false;
    return h->n < INSIGHTS_GROUPS_MAX;
}

/* All that is asked for has been gathered, and it is known when each one's AWSCURRENT moved
 * (or that has been waited for).  A follower asks under its own lock, so ours is not held
 * while it is looked at; what is in the queue stays, since this thread alone takes it off. */
static bool queue_ready(struct insights *h)
{
    int64_t now = clock_mono_ms(clock_real()), since;
    pthread_mutex_lock(&h->lock);
    size_t n = h->nqueue;
    struct past_item *asked = mem_array(n + 1, sizeof *asked);
    if (n > 0)
        memcpy(asked, h->queue, n * sizeof *asked);
    pthread_mutex_unlock(&h->lock);
    bool ready = n > 0;
    for (size_t i = 0; ready && i < n; i++) {
        int64_t waited = now - asked[i].asked_mono_ms;
        ready = waited >= GATHER_MS && (waited > LABEL_WAIT_MS || follower_label_known(asked[i].f, &since));
    }
    free(asked);
    return ready;
}

/* Takes what can be read together off the queue; else the delay until it is worth looking again. */
static int64_t take_batch(struct insights *h)
{
    size_t kept = 0;
    bool ready = queue_ready(h);
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; ready && i < h->nqueue; i++) {
        char *name = group_name(group_of(&h->queue[i]));
        if (fits_batch(h, name)) {
            h->items[h->n] = h->queue[i];
            h->items[h->n].name = h->names[h->n] = name;
            h->n++;
        } else {
            free(name);
            h->queue[kept++] = h->queue[i];
        }
    }
    int64_t delay = ready ? 0 : h->nqueue > 0 ? IDLE_WAIT_MS : NEVER_MS;
    h->nqueue = ready ? kept : h->nqueue;
    pthread_mutex_unlock(&h->lock);
    return delay;
}

static void end_batch(struct insights *h)
{
    for (size_t i = 0; i < h->n; i++)
        free(h->names[i]);
    MEM_FREE(h->jobs);
    past_clear(&h->past);
    past_init(&h->past);
    h->n = h->estimated = h->njobs = 0;
    h->bytes = h->scanned = 0;
    h->query_id[0] = '\0';
    h->failures = 0;
    h->step = STEP_IDLE;
}

/* Says to all that are concerned what is done, and at the end whether it was. */
static void say(struct insights *h, const char *words)
{
    for (size_t i = 0; i < h->n; i++)
        follower_engine_says(h->items[i].f, words);
    log_line(LOG_INFO, "%s", words);
}

static int64_t finish(struct insights *h, bool done)
{
    for (size_t i = 0; i < h->n; i++)
        follower_past_done(h->items[i].f, h->items[i].group, h->items[i].from_ms, h->items[i].to_ms, done);
    end_batch(h);
    return 0;
}

static int64_t give_up(struct insights *h, const struct why *why)
{
    char words[200], reason[120];
    (void)str_fmt(words, sizeof words, "Logs Insights could not read the past: %s",
                  why_line(why, reason, sizeof reason));
    say(h, words);
    return finish(h, false);
}

/* Throttled, or trouble on the way: in a moment again, a few times. */
static int64_t again(struct insights *h, enum err err, const struct why *why)
{
    bool for_good = err == ERR_DENIED || err == ERR_NOT_FOUND || err == ERR_INVALID;
    if (err == ERR_CANCELLED)
        return 0;
    return !for_good && ++h->failures < TRIES_MAX ? AGAIN_MS : give_up(h, why);
}

/* ----------------------------------------------------------------- estimate */

static void range_of(const struct insights *h, int64_t *out_from, int64_t *out_to)
{
    *out_from = INT64_MAX;
    *out_to = 0;
    for (size_t i = 0; i < h->n; i++) {
        *out_from = h->items[i].from_ms < *out_from ? h->items[i].from_ms : *out_from;
        *out_to = h->items[i].to_ms > *out_to ? h->items[i].to_ms : *out_to;
    }
}

static enum err ask(struct insights *h, struct aws *aws, enum aws_op op, const struct strbuf *body, json_t **out,
                    struct why *why)
{
    struct aws_target target = watch_target(h->w, h->env);
    struct aws_reply reply;
    enum err err =
        aws_call(aws, &target, op, strbuf_peek(body), h->w->conf->call_deadline_ms, &reply, h->w->cancel, why);
    if (err != ERR_OK)
        return err;
    *out = json_read_object(reply.body, reply.len, why);
    return *out != NULL ? ERR_OK : ERR_MALFORMED;
}

static const char *hours(int64_t ms, char out[32])
{
    (void)str_fmt(out, 32, ms % 3600000 == 0 ? "%lld h" : "%lld min",
                  (long long)(ms % 3600000 == 0 ? ms / 3600000 : ms / 60000));
    return out;
}

/* What it would cost, told before it is run; or why it is not. */
static int64_t judge_estimate(struct insights *h)
{
    char words[200], span[32];
    int64_t from, to;
    double gb = h->bytes / 1e9;
    range_of(h, &from, &to);
    bool allowed = gb <= h->w->conf->insights_max_gb;
    (void)str_fmt(words, sizeof words, "Logs Insights: %s of %zu log group%s, about %.3f GB to scan, $%.4f%s",
                  hours(to - from, span), h->n, h->n == 1 ? "" : "s", gb, gb * INSIGHTS_DOLLARS_GB,
                  allowed ? "" : ": more than insights_max_gb, not run");
    say(h, words);
    if (!allowed)
        return finish(h, false);
    h->step = STEP_START;
    return 0;
}

static int64_t estimate(struct insights *h, struct aws *aws)
{
    struct why why = {0};
    struct strbuf body;
    json_t *o = NULL, *group;
    size_t i;
    if (h->estimated == h->n)
        return judge_estimate(h);
    const struct past_item *item = &h->items[h->estimated];
    strbuf_init(&body, 4096);
    strbuf_str(&body, "{\"logGroupNamePrefix\":");
    strbuf_json(&body, item->name, strlen(item->name));
    strbuf_char(&body, '}');
    enum err err = ask(h, aws, AWS_DESCRIBE_LOG_GROUPS, &body, &o, &why);
    strbuf_clear(&body);
    if (err != ERR_OK)
        return again(h, err, &why);
    h->failures = 0;
    bool found = false;
    json_array_foreach(json_object_get(o, "logGroups"), i, group)
    {
        const char *name = json_string_value(json_object_get(group, "logGroupName"));
        if (name == NULL || strcmp(name, item->name) != 0)
            continue;
        found = true;
        h->bytes += past_bytes(group, item->from_ms, item->to_ms);
    }
    json_decref(o);
    h->estimated++;
    if (found)
        return 0;
    (void)why_set(&why, ERR_NOT_FOUND, "no log group %s", item->name);
    return give_up(h, &why);
}

/* ------------------------------------------------------------------ queries */

static void push_job(struct insights *h, enum query query, int64_t from_ms, int64_t to_ms)
{
    h->jobs = mem_grow(h->jobs, h->njobs + 1, sizeof *h->jobs);
    h->jobs[h->njobs++] = (struct job){query, from_ms, to_ms};
}

/* The lines in one piece; the counts in pieces that no moved label lies within. */
static void plan(struct insights *h)
{
    int64_t from, to, cut;
    range_of(h, &from, &to);
    push_job(h, QUERY_LINES, from, to);
    for (;;) {
        cut = to;
        for (size_t i = 0; i < h->n; i++) {
            int64_t since;
            if (follower_label_known(h->items[i].f, &since) && since != TIME_UNKNOWN) {
                since += 999 - (since + 999) % 1000; /* queries know seconds */
                cut = since > from && since < cut ? since : cut;
            }
        }
        push_job(h, QUERY_COUNTS, from, cut);
        if (cut == to)
            return;
        from = cut;
    }
}

static const struct classifier *classifier_of(const struct insights *h, size_t i)
{
    return h->w->classifiers[h->items[i].f->env];
}

static bool query_text(const struct insights *h, enum query query, struct strbuf *out)
{
    struct strbuf terms;
    bool ok = true;
    strbuf_init(&terms, QUERY_MAX);
    if (query == QUERY_COUNTS)
        strbuf_str(&terms, "^REPORT RequestId|\"type\":\"platform\\.report\"");
    for (size_t i = 0; i < h->n; i++)
        if (query == QUERY_LINES)
            ok = classifier_past_terms(classifier_of(h, i), &terms) && ok;
        else
            classifier_hit_terms(classifier_of(h, i), &terms);
    if (query == QUERY_LINES)
        strbuf_fmt(out,
                   "fields @timestamp, @log, @logStream, @message | filter @message like /%s/ | sort @timestamp asc",
                   strbuf_peek(&terms));
    else
        strbuf_fmt(out,
                   "parse @message /(?<kind>%s)/ | filter ispresent(kind) | stats count(*) as n by bin(5m), @log, "
                   "@logStream, kind",
                   strbuf_peek(&terms));
    strbuf_fmt(out, " | limit %d", ROWS_LIMIT);
    ok = ok && !strbuf_cut(&terms) && !strbuf_cut(out);
    strbuf_clear(&terms);
    return ok;
}

static void add_groups(const struct insights *h, struct strbuf *b)
{
    strbuf_str(b, "{\"logGroupNames\":[");
    for (size_t i = 0; i < h->n; i++) {
        strbuf_str(b, i > 0 ? "," : "");
        strbuf_json(b, h->names[i], strlen(h->names[i]));
    }
    strbuf_char(b, ']');
}

static int64_t start(struct insights *h, struct aws *aws)
{
    struct why why = {0};
    struct strbuf query, body;
    json_t *o = NULL;
    const struct job *job = &h->jobs[h->njobs - 1];
    strbuf_init(&query, QUERY_MAX);
    strbuf_init(&body, 64 << 10);
    bool said = query_text(h, job->query, &query);
    add_groups(h, &body);
    strbuf_fmt(&body, ",\"startTime\":%lld,\"endTime\":%lld,\"queryString\":", (long long)(job->from_ms / 1000),
               (long long)((job->to_ms - 1) / 1000));
    strbuf_json(&body, strbuf_peek(&query), query.len);
    strbuf_char(&body, '}');
    enum err err = said ? ask(h, aws, AWS_START_QUERY, &body, &o, &why)
                        : why_set(&why, ERR_INVALID, "the patterns cannot be put into a query");
    strbuf_clear(&body);
    strbuf_clear(&query);
    size_t n = 0;
    const char *id = o != NULL ? json_text(o, "queryId", &n) : NULL;
    if (err == ERR_OK && (id == NULL || !str_copy_n(h->query_id, sizeof h->query_id, id, n)))
        err = why_set(&why, ERR_MALFORMED, "StartQuery's answer names no query");
    json_decref(o);
    if (err == ERR_THROTTLED) /* what else went wrong may have started a query that is paid for */
        return again(h, err, &why);
    if (err != ERR_OK)
        return err == ERR_CANCELLED ? 0 : give_up(h, &why);
    h->failures = 0;
    h->step = STEP_POLL;
    return POLL_MS;
}

/* All of the batch has come. */
static int64_t lay(struct insights *h)
{
    char words[200];
    double gb = h->scanned / 1e9;
    for (size_t i = 0; i < h->n; i++)
        past_lay(&h->past, h->items, i, classifier_of(h, i));
    (void)str_fmt(words, sizeof words, "Logs Insights read the past: %.3f GB scanned, $%.4f", gb,
                  gb * INSIGHTS_DOLLARS_GB);
    say(h, words);
    return finish(h, true);
}

static int64_t take(struct insights *h, const json_t *o)
{
    struct why why = {0};
    struct job job = h->jobs[--h->njobs];
    const json_t *rows = json_object_get(o, "results");
    int64_t middle = job.from_ms + (job.to_ms - job.from_ms) / 2;
    middle -= middle % INSIGHTS_BIN_MS;
    enum err err = ERR_OK;
    h->query_id[0] = '\0';
    h->scanned += json_number_value(json_object_get(json_object_get(o, "statistics"), "bytesScanned"));
    if (json_array_size(rows) >= ROWS_LIMIT && middle > job.from_ms) {
        push_job(h, job.query, job.from_ms, middle);
        push_job(h, job.query, middle, job.to_ms);
    } else if (json_array_size(rows) >= ROWS_LIMIT) {
        err = why_set(&why, ERR_TOO_BIG, "more than %d rows in five minutes", ROWS_LIMIT);
    } else if (job.query == QUERY_LINES) {
        err = past_add_lines(&h->past, h->items, h->n, rows, &why);
    } else {
        err = past_add_counts(&h->past, h->items, h->n, rows, job.from_ms, job.to_ms, &why);
    }
    if (err != ERR_OK)
        return give_up(h, &why);
    h->step = STEP_START;
    return h->njobs > 0 ? 0 : lay(h);
}

static int64_t poll_results(struct insights *h, struct aws *aws)
{
    struct why why = {0};
    struct strbuf body;
    json_t *o = NULL;
    char status[24] = "";
    strbuf_init(&body, 512);
    strbuf_str(&body, "{\"queryId\":");
    strbuf_json(&body, h->query_id, strlen(h->query_id));
    strbuf_char(&body, '}');
    enum err err = ask(h, aws, AWS_GET_QUERY_RESULTS, &body, &o, &why);
    strbuf_clear(&body);
    if (err != ERR_OK)
        return again(h, err, &why);
    int64_t delay = POLL_MS;
    h->failures = 0;
    (void)json_safe(o, "status", status, sizeof status);
    if (strcmp(status, "Complete") == 0) {
        delay = take(h, o);
    } else if (strcmp(status, "Running") != 0 && strcmp(status, "Scheduled") != 0) {
        bool told = status[0] != '\0';
        (void)(told ? why_set(&why, ERR_SERVICE, "the query ended as %s", status)
                    : why_set(&why, ERR_MALFORMED, "GetQueryResults' answer has no status"));
        h->query_id[0] = '\0';
        delay = give_up(h, &why);
    }
    json_decref(o);
    return delay;
}

int64_t insights_turn(struct insights *h, struct aws *aws)
{
    int64_t delay;
    switch (h->step) {
    case STEP_IDLE:
        delay = take_batch(h);
        h->step = h->n > 0 ? STEP_ESTIMATE : STEP_IDLE;
        return delay;
    case STEP_ESTIMATE:
        return estimate(h, aws);
    case STEP_START:
        if (h->njobs == 0)
            plan(h);
        return start(h, aws);
    case STEP_POLL:
        return poll_results(h, aws);
    }
    return NEVER_MS;
}

/* A query that nobody waits for any more still costs: told to stop, and not waited for long. */
static void stop_query(struct insights *h)
{
    struct aws *aws = aws_new(h->w->gate);
    struct aws_target target = watch_target(h->w, h->env);
    struct aws_reply reply;
    struct strbuf body;
    strbuf_init(&body, 512);
    strbuf_str(&body, "{\"queryId\":");
    strbuf_json(&body, h->query_id, strlen(h->query_id));
    strbuf_char(&body, '}');
    if (aws_call(aws, &target, AWS_STOP_QUERY, strbuf_peek(&body), STOP_MS, &reply, NULL, NULL) != ERR_OK)
        log_line(LOG_INFO, "a Logs Insights query could not be stopped; it ends by itself");
    strbuf_clear(&body);
    aws_free(aws);
}

struct insights *insights_free(struct insights *h)
{
    if (h == NULL)
        return NULL;
    if (h->query_id[0] != '\0')
        stop_query(h);
    end_batch(h);
    past_clear(&h->past);
    free(h->queue);
    pthread_mutex_destroy(&h->lock);
    free(h);
    return NULL;
}
