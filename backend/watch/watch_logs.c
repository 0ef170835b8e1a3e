/* The log watch: follows an environment's log groups with FilterLogEvents, counting each
 * event once.
 *
 *   live sweeps   read pages until no token is left (an empty page is not the end), from two
 *                 minutes before the last finished sweep, by AWS's clock: CloudWatch delivers
 *                 late and out of order, so windows overlap and event ids tell what has been
 *                 counted.  Every five minutes one reaches back fifteen.  After an outage the
 *                 next sweep begins where the last finished one did, however long ago.
 *   backfill      the first sweep asks for all of the past at once; a group too busy for one
 *                 page has the rest cut into slices, read newest first by several lanes
 *   history       containers whose fetch lies before the backfill are looked up once, by
 *                 DescribeLogStreams and one filtered read of the time before
 *
 * A sweep or slice that is not finished in one turn goes on in the next with its token; one
 * that fails begins again where it began, and repeats nothing.  Memory is bounded by
 * CONTAINERS_MAX, INVOCATIONS_MAX, EVENT_IDS_MAX and the rows kept.
 *
 * The lock orders the lanes: requests and scans run outside it, counting inside.  The
 * snapshot box's lock is the only one taken under it. */
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/watch/follower.h"
#include "backend/watch/insights.h"
#include "backend/watch/pool.h"

#define WIDE_MS (15 * 60 * 1000)       /* the long look back, for those that come later still... */
#define WIDE_EVERY_MS (5 * 60 * 1000)  /* ...and how often */
#define WHOLE_EVERY_MS (30 * 1000)     /* how often the whole overlap is read again */
#define BACKFILL_WAIT_MS 100           /* a backfill lane without a slice looks again */
#define PAGES_PER_TURN 8               /* then others have their turn */
#define PAGES_MAX 20000                /* of one sweep: past that the listing does not end */
#define ODD_MS (60 * 60 * 1000)        /* so long a Date that agrees with nothing is not believed */
#define CLOCK_SLACK_MS 5000            /* clocks this near to one another agree */
#define PAST_PAGED_MS (10 * 60 * 1000) /* Insights may not have newer lines yet */
#define PAGING_MAX_S 60                /* `auto`: a past that takes longer in pages is queried */
#define IDLE_MS (10 * 60 * 1000)       /* nothing new for this long: asked less often */
#define SILENT_FROM 3 /* failures in a row, the last without an answer: asked as seldom as an idle one */
#define IDLE_FACTOR 4
#define IDLE_PERIOD_MAX_MS (60 * 1000)
#define ROWS_MIN 200
#define ROWS_MAX 5000
#define ROWS_ALL 200000 /* over all environments */

struct follower *follower_new(const struct watch *w, size_t env)
{
    struct follower *f = mem_new(sizeof *f);
    const char *const *groups = w->conf->environments[env].log_groups;
    f->w = w;
    f->env = env;
    while (groups != NULL && groups[f->ncursors] != NULL)
        f->ncursors++;
    f->start_ms = clock_wall_ms(w->clock);
    f->all_ms = f->start_ms - w->conf->backfill_ms;
    f->cursors = mem_array(f->ncursors > 0 ? f->ncursors : 1, sizeof *f->cursors);
    for (size_t i = 0; i < f->ncursors; i++)
        f->cursors[i] = (struct cursor){.group = groups[i], .covered_ms = TIME_UNKNOWN, .first_from_ms = f->all_ms};
    backfill_init(&f->backfill);
    if (!w->conf->server_filter ||
        !classifier_filter_pattern(w->classifiers[env], FILTER_COUNTING, f->pattern, sizeof f->pattern))
        f->pattern[0] = '\0';
    f->containers = containers_new();
    log_page_init(&f->page);
    size_t share = ROWS_ALL / w->conf->nenvironments;
    f->rows_max = share > ROWS_MAX ? ROWS_MAX : share < ROWS_MIN ? ROWS_MIN : share;
    f->rows_max = w->rows_max > 0 ? w->rows_max : f->rows_max;
    f->overlap_ms = OVERLAP_MS;
    f->near_ms = NEAR_MS;
    f->odd_mono_ms = TIME_UNKNOWN;
    f->newest_event_ms = f->first_fetch_ms = f->last_fetch_ms = f->last_fallback_ms = f->last_db_error_ms =
        TIME_UNKNOWN;
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

struct follower *follower_free(struct follower *f)
{
    if (f == NULL)
        return NULL;
    for (size_t i = 0; i < f->ncursors; i++)
        free(f->cursors[i].token);
    for (size_t i = 0; i < f->nchunks; i++)
        snap_unref(f->chunks[i]);
    free(f->chunks);
    free(f->cursors);
    backfill_clear(&f->backfill);
    event_ids_clear(&f->ids);
    event_rows_clear(&f->rows);
    log_page_clear(&f->page);
    f->containers = containers_free(f->containers);
    pthread_mutex_destroy(&f->lock);
    free(f);
    return NULL;
}

/* ------------------------------------------------------- what reads the past */

static bool engine_is(const struct follower *f, const char *engine)
{
    const char *set = f->w->conf->engine;
    return f->insights != NULL && set != NULL && strcmp(set, engine) == 0;
}

static int64_t bin_down(int64_t ms)
{
    return ms - ms % INSIGHTS_BIN_MS;
}

/* Where Insights' part ends when it reads the past: what it has taken in by then is whole. */
static int64_t past_end(const struct follower *f)
{
    return bin_down(f->start_ms - PAST_PAGED_MS);
}

/* Where the first sweep of a group begins. */
static int64_t first_from(const struct follower *f)
{
    return engine_is(f, "insights") && past_end(f) > f->all_ms ? past_end(f) : f->all_ms;
}

static void ask_past_locked(struct follower *f, size_t group, int64_t from_ms, int64_t to_ms)
{
    if (from_ms >= to_ms)
        return;
    f->past_asked++;
    f->past_from_ms = to_ms > f->past_from_ms ? to_ms : f->past_from_ms;
    insights_ask(f->insights, f, group, from_ms, to_ms);
}

/* The range would take more than a minute of pages, with all others of this caller's: then
 * Insights reads it, but for the ends that are no whole steps.  Adds those as slices. */
static bool query_instead_locked(struct follower *f, size_t group, int64_t first_ms, int64_t reached_ms, int64_t to_ms)
{
    struct aws_target target = watch_target(f->w, f->env);
    double rate = aws_quota_rate(f->w->gate, &target, AWS_FILTER_LOG_EVENTS);
    int64_t read = reached_ms > first_ms ? reached_ms - first_ms : 1;
    int64_t from = bin_down(reached_ms + INSIGHTS_BIN_MS), end = past_end(f);
    if (!engine_is(f, "auto") || from >= end || rate <= 0 ||
        insights_pages(f->insights, (double)(to_ms - reached_ms) / (double)read) / rate < PAGING_MAX_S)
        return false;
    ask_past_locked(f, group, from, end);
    (void)backfill_add(&f->backfill, group, end, to_ms);
    return true;
}

void follower_past_done(struct follower *f, size_t group, int64_t from_ms, int64_t to_ms, bool done)
{
    pthread_mutex_lock(&f->lock);
    f->past_asked--;
    if (!done && engine_is(f, "auto"))
        (void)backfill_add(&f->backfill, group, from_ms, to_ms - 1);
    f->past_failed |= !done && !engine_is(f, "auto");
    if (f->past_asked == 0 && !f->past_failed)
        f->past_from_ms = 0;
    follower_publish_locked(f);
    pthread_mutex_unlock(&f->lock);
}

void follower_engine_says(struct follower *f, const char *words)
{
    pthread_mutex_lock(&f->lock);
    text_safe(f->engine, sizeof f->engine, words, strlen(words));
    follower_publish_locked(f);
    pthread_mutex_unlock(&f->lock);
}

bool follower_label_known(struct follower *f, int64_t *out_since_ms)
{
    pthread_mutex_lock(&f->lock);
    *out_since_ms = f->label_known ? f->current_since_ms : TIME_UNKNOWN;
    bool known = f->label_known || f->w->conf->environments[f->env].mode != CONFIG_PRODUCTION;
    pthread_mutex_unlock(&f->lock);
    return known;
}

void follower_may_query(struct follower *f, struct insights *h)
{
    f->insights = h;
    if (engine_is(f, "insights"))
        f->all_ms = bin_down(f->all_ms);
    for (size_t i = 0; i < f->ncursors; i++)
        f->cursors[i].first_from_ms = first_from(f);
}

/* ----------------------------------------------------------------- asking */

struct log_reader follower_reader(const struct follower *f, struct aws *aws, bool reserved)
{
    struct log_reader r = {.aws = aws,
                           .target = watch_target(f->w, f->env),
                           .deadline_ms = f->w->conf->call_deadline_ms,
                           .cancel = f->w->cancel};
    r.target.reserved = reserved;
    return r;
}

/* Takes the quota's next slot, unless one is held already; true when it is due. */
static bool slot_due(struct follower *f, int64_t *slot_mono_ms)
{
    struct aws_target target = watch_target(f->w, f->env);
    if (*slot_mono_ms == 0)
        *slot_mono_ms = aws_reserve(f->w->gate, &target, AWS_FILTER_LOG_EVENTS);
    return *slot_mono_ms <= clock_mono_ms(clock_real());
}

static int64_t later_of(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Where the sweep begins.  Most look back a little, as far as events come late as a rule: what a
 * busy group wrote in two minutes is not to be read again with every poll.  The whole overlap is
 * read every half minute, and at times what lies further back. */
static void sweep_begin(struct follower *f, struct cursor *c)
{
    int64_t now = clock_mono_ms(f->w->clock);
    pthread_mutex_lock(&f->lock);
    int64_t overlap = f->near_ms, whole = f->overlap_ms + WHOLE_EVERY_MS;
    pthread_mutex_unlock(&f->lock);
    c->pages = 0;
    c->circle = (struct log_circle){0};
    bool filtered_before = !c->unfiltered;
    c->unfiltered = f->pattern[0] == '\0' || watch_is_focus(f->w, f->env);
    if (c->unfiltered && filtered_before) /* somebody begins to look: at the minutes before, too */
        c->whole_mono_ms = now;
    c->began_ms = TIME_UNKNOWN;
    if (c->covered_ms == TIME_UNKNOWN) {
        c->from_ms = c->first_from_ms;
        c->wide_mono_ms = now + WIDE_EVERY_MS;
        c->whole_mono_ms = now + WHOLE_EVERY_MS;
        return;
    }
    if (now >= c->wide_mono_ms) {
        overlap = WIDE_MS;
        c->wide_mono_ms = now + WIDE_EVERY_MS;
        c->whole_mono_ms = now + WHOLE_EVERY_MS;
    } else if (now >= c->whole_mono_ms) {
        overlap = whole;
        c->whole_mono_ms = now + WHOLE_EVERY_MS;
    }
    /* Ids are remembered from WIDE_MS before the start on, not further back. */
    c->from_ms = later_of(c->covered_ms - overlap, f->start_ms - WIDE_MS);
}

/* The group is too busy for one page: what the first one did not reach becomes slices, and
 * the live sweep goes on with the newest minutes. */
static void cut_past_locked(struct follower *f, struct cursor *c)
{
    size_t group = (size_t)(c - f->cursors), n = f->page.n;
    int64_t reached = n > 0 ? f->page.events[n - 1].time_ms : 0, live_from = f->start_ms - OVERLAP_MS;
    if (n == 0 || reached >= live_from)
        return; /* it tells nothing, or all but the newest was in it: the token leads on */
    bool queried = query_instead_locked(f, group, f->page.events[0].time_ms, reached, live_from - 1);
    int64_t upto = queried ? bin_down(reached + INSIGHTS_BIN_MS) : live_from;
    struct backfill_slice *oldest = backfill_add(&f->backfill, group, reached, upto - 1);
    for (size_t i = n; oldest != NULL && i > 0 && f->page.events[i - 1].time_ms == reached; i--) {
        char room[64]; /* the rest of this millisecond may be on the next page */
        struct slice id = follower_event_identity(&f->page.events[i - 1], room);
        (void)event_ids_add(&oldest->ids, group, id.s, id.n, reached, reached);
    }
    c->first_from_ms = c->from_ms = live_from;
    MEM_FREE(c->token);
}

/* The page that was just read has been read before. */
static enum err check_circle(struct log_circle *c, const struct log_page *page, struct why *why)
{
    char room[64];
    struct slice id = page->n > 0 ? follower_event_identity(&page->events[0], room) : (struct slice){"", 0};
    return log_circle_closes(c, id.s, id.n)
               ? why_set(why, ERR_MALFORMED, "the listing never ends: its pages lead in a circle")
               : ERR_OK;
}

/* AWS's clock against ours, which was `asked_ms` before the call; what lies between a
 * call's beginning and its end, and the second that Date is rounded to, is agreement. */
static int64_t ahead_of(const struct follower *f, int64_t asked_ms, int64_t date_ms)
{
    int64_t answered_ms = clock_wall_ms(f->w->clock);
    if (date_ms < asked_ms - CLOCK_SLACK_MS)
        return date_ms - asked_ms;
    return date_ms > answered_ms + CLOCK_SLACK_MS ? date_ms - answered_ms : 0;
}

/* True when our clock was wrong as we began: everything begins again, by AWS's. */
static bool learn_clock_locked(struct follower *f, struct cursor *c, int64_t asked_ms, int64_t date_ms)
{
    f->ahead_ms = ahead_of(f, asked_ms, date_ms);
    bool first = !f->clock_known;
    f->clock_known = true;
    if (!first || f->ahead_ms == 0)
        return false;
    log_line(LOG_WARN, "%s: our clock differs from AWS's by %lld s; log events go by AWS's",
             f->w->conf->environments[f->env].name, (long long)f->ahead_ms / 1000);
    f->start_ms += f->ahead_ms;
    f->all_ms += f->ahead_ms;
    if (engine_is(f, "insights"))
        f->all_ms = bin_down(f->all_ms);
    for (size_t i = 0; i < f->ncursors; i++)
        f->cursors[i].first_from_ms = first_from(f);
    c->from_ms = c->first_from_ms;
    c->began_ms = TIME_UNKNOWN;
    MEM_FREE(c->token);
    return true;
}

/* What AWS's clock shows by this Date.  One that agrees neither with the time that has passed
 * since the last nor with our clock is wrong, and if it is ahead, what comes meanwhile would be
 * left behind: the time that has passed counts then.  After an hour it is the others that were wrong. */
static int64_t believed_locked(struct follower *f, int64_t asked_ms, int64_t date_ms)
{
    int64_t mono = clock_mono_ms(f->w->clock), expected = f->date_less_mono_ms + mono;
    bool odd = f->clock_known && llabs(date_ms - expected) > CLOCK_SLACK_MS &&
               llabs(date_ms - f->ahead_ms - asked_ms) > CLOCK_SLACK_MS;
    if (odd && f->odd_mono_ms == TIME_UNKNOWN)
        f->odd_mono_ms = mono;
    if (odd && mono - f->odd_mono_ms < ODD_MS)
        return date_ms < expected ? date_ms : expected;
    f->odd_mono_ms = TIME_UNKNOWN;
    f->date_less_mono_ms = date_ms - mono;
    return date_ms;
}

static enum err sweep_page(struct follower *f, struct aws *aws, struct cursor *c, struct why *why)
{
    struct log_reader r = follower_reader(f, aws, true);
    struct log_query q = {
        .group = c->group, .from_ms = c->from_ms, .to_ms = -1, .pattern = c->unfiltered ? NULL : f->pattern};
    int64_t asked_ms = clock_wall_ms(f->w->clock), date_ms = TIME_UNKNOWN;
    enum err err = log_query_page(&r, &q, &c->token, &f->page, &date_ms, why);
    if (err != ERR_OK)
        return err;
    if (++c->pages > PAGES_MAX)
        return why_set(why, ERR_MALFORMED, "the listing does not end: %d pages", PAGES_MAX);
    pthread_mutex_lock(&f->lock);
    int64_t aws_ms = date_ms != TIME_UNKNOWN ? believed_locked(f, asked_ms, date_ms) : TIME_UNKNOWN;
    if (c->began_ms == TIME_UNKNOWN) /* AWS's clock, so that ours may step */
        c->began_ms = aws_ms != TIME_UNKNOWN ? aws_ms - 1000 : asked_ms;
    if (date_ms != TIME_UNKNOWN && f->odd_mono_ms == TIME_UNKNOWN && learn_clock_locked(f, c, asked_ms, date_ms)) {
        pthread_mutex_unlock(&f->lock);
        return ERR_OK; /* the page is none of what is asked for */
    }
    /* By the earlier clock: ids that are forgotten too soon are lines that count twice. */
    int64_t keep_from = (asked_ms < c->began_ms ? asked_ms : c->began_ms) - WIDE_MS - OVERLAP_MS;
    bool first = c->covered_ms == TIME_UNKNOWN;
    follower_take_page_locked(f, (size_t)(c - f->cursors), &f->page, &f->ids,
                              first || keep_from < c->from_ms ? keep_from : c->from_ms, !first);
    err = check_circle(&c->circle, &f->page, why);
    if (first && c->pages == 1 && c->from_ms > f->all_ms && c->from_ms == past_end(f))
        ask_past_locked(f, (size_t)(c - f->cursors), f->all_ms, c->from_ms);
    if (first && c->token != NULL && c->from_ms == f->all_ms)
        cut_past_locked(f, c);
    pthread_mutex_unlock(&f->lock);
    return err;
}

/* Reads pages of one group, at most *pages of them and while the quota lets us;
 * *out_done: its sweep is finished, well or not. */
static enum err sweep(struct follower *f, struct aws *aws, struct cursor *c, int *pages, bool *out_done,
                      struct why *why)
{
    enum err err = ERR_OK;
    *out_done = false;
    if (c->token == NULL)
        sweep_begin(f, c);
    while (!*out_done && *pages > 0 && slot_due(f, &f->slot_mono_ms)) {
        int64_t from = c->from_ms;
        f->slot_mono_ms = 0;
        --*pages;
        err = sweep_page(f, aws, c, why);
        /* Cut short, the sweep has its newest minutes still to read. */
        bool cut = err == ERR_OK && c->covered_ms == TIME_UNKNOWN && c->from_ms != from && c->token == NULL;
        *out_done = err != ERR_OK || (c->token == NULL && !cut);
    }
    if (*out_done && err == ERR_OK) {
        bool back = c->covered_ms != TIME_UNKNOWN && c->began_ms < c->covered_ms - CLOCK_SLACK_MS;
        c->covered_ms = back ? c->began_ms : later_of(c->covered_ms, c->began_ms);
        if (back) /* a Date was ahead, and what happened since lies before where we began to read */
            c->wide_mono_ms = clock_mono_ms(f->w->clock);
        c->swept = true;
    }
    if (err != ERR_OK)
        MEM_FREE(c->token); /* tokens expire: the next turn begins the sweep again */
    return err;
}

/* ------------------------------------------------------------------ turns */

/* What the secret watch knows of AWSCURRENT; true when it is news. */
static bool look_at_secret_locked(struct follower *f)
{
    const struct secret_snap *secret = snapbox_get(f->w->box, watch_slot(f->env, SLOT_SECRET));
    bool known = secret != NULL && secret->snap.good_mono_ms != TIME_UNKNOWN;
    bool news = known && (!f->label_known || secret->current_since_ms != f->current_since_ms);
    if (news) {
        int64_t previous_created_ms = TIME_UNKNOWN;
        for (size_t i = 0; i < secret->nversions; i++)
            if (strcmp(secret->versions[i].id, secret->previous_id) == 0)
                previous_created_ms = secret->versions[i].created_ms;
        containers_label_moved(f->containers, secret->current_since_ms, secret->current_id);
        containers_previous(f->containers, secret->previous_id, previous_created_ms);
        f->label_known = true;
        f->current_since_ms = secret->current_since_ms;
    }
    snap_unref(secret);
    return news;
}

void follower_relabel(struct follower *f)
{
    pthread_mutex_lock(&f->lock);
    if (look_at_secret_locked(f) && f->published)
        follower_publish_locked(f);
    pthread_mutex_unlock(&f->lock);
}

/* How long until the next turn: the quota's slot when a sweep is not finished, else the
 * period, longer where nobody looks and nothing happens, or nobody answers: an endpoint
 * that is away must not use up the quota of those that answer. */
static int64_t next_delay(struct follower *f, const struct snap *s, enum err err, bool more, int64_t new_mono_ms)
{
    int64_t period = f->w->conf->log_poll_ms, now = clock_mono_ms(clock_real());
    if (more && err == ERR_OK)
        return f->slot_mono_ms > now ? f->slot_mono_ms - now : 0;
    bool idle = err == ERR_OK ? clock_mono_ms(f->w->clock) - new_mono_ms > IDLE_MS
                              : err == ERR_TIMEOUT && s->failures >= SILENT_FROM;
    if (idle && !watch_is_focus(f->w, f->env) && period < IDLE_PERIOD_MAX_MS)
        period = period * IDLE_FACTOR < IDLE_PERIOD_MAX_MS ? period * IDLE_FACTOR : IDLE_PERIOD_MAX_MS;
    return watch_delay(s, err, period);
}

static int64_t publish(struct follower *f, enum err err, const struct why *why, bool more)
{
    int64_t upto = INT64_MAX;
    for (size_t i = 0; i < f->ncursors; i++)
        upto = f->cursors[i].covered_ms < upto ? f->cursors[i].covered_ms : upto;
    pthread_mutex_lock(&f->lock);
    (void)look_at_secret_locked(f);
    struct log_snap *s = follower_snap_locked(f, upto);
    f->published = true;
    int64_t delay = next_delay(f, &s->snap, err, more, f->new_mono_ms);
    watch_close(f->w, &s->snap, err, why, delay);
    snapbox_put(f->w->box, watch_slot(f->env, SLOT_LOGS), &s->snap);
    pthread_mutex_unlock(&f->lock);
    return delay;
}

int64_t follower_turn(struct follower *f, struct aws *aws)
{
    struct why why = {0};
    enum err err = ERR_OK;
    int pages = PAGES_PER_TURN;
    bool more = false;
    if (!slot_due(f, &f->slot_mono_ms)) /* nothing can be asked yet: somebody else's turn */
        return POOL_NOT_YET(f->slot_mono_ms - clock_mono_ms(clock_real()));
    while (f->group < f->ncursors && !more) {
        struct why one = {0};
        bool done = false;
        enum err failed = sweep(f, aws, &f->cursors[f->group], &pages, &done, &one);
        if (failed == ERR_CANCELLED)
            return 0;
        if (failed != ERR_OK && err == ERR_OK) { /* the first failure speaks; other groups go on */
            err = failed;
            why = one;
        }
        pthread_mutex_lock(&f->lock);
        bool past_read = f->backfill.done == f->backfill.n && f->past_asked == 0;
        pthread_mutex_unlock(&f->lock);
        if (done && failed == ERR_OK && past_read)
            follower_look_up_history(f, aws, f->group);
        more = !done;
        f->group += done;
    }
    if (!more)
        f->group = 0;
    if (!more || err != ERR_OK) { /* room that a thousand followers would keep for their next turn */
        log_page_clear(&f->page);
        aws_forget(aws);
    }
    return publish(f, err, &why, more);
}

/* --------------------------------------------------------------- backfill */

/* One page of a slice, counted; a full one is split, so that other lanes may help. */
static enum err slice_page(struct follower *f, struct aws *aws, struct backfill_slice *s, struct log_page *page)
{
    struct log_reader r = follower_reader(f, aws, true);
    struct log_query q = {.group = f->cursors[s->group].group,
                          .from_ms = s->from_ms,
                          .to_ms = s->to_ms,
                          .pattern = f->pattern[0] != '\0' ? f->pattern : NULL};
    int64_t date;
    if (s->token == NULL)
        s->circle = (struct log_circle){0};
    enum err err = log_query_page(&r, &q, &s->token, page, &date, NULL);
    if (err == ERR_OK && s->pages++ > PAGES_MAX)
        err = ERR_MALFORMED;
    if (err == ERR_OK)
        err = check_circle(&s->circle, page, NULL);
    if (err != ERR_OK) {
        if (err == ERR_INVALID || err == ERR_MALFORMED) /* the token, perhaps: from the slice's beginning */
            MEM_FREE(s->token);
        return err;
    }
    /* The live sweeps look back into the newest slices: one set of ids for both. */
    bool shared = s->to_ms >= f->start_ms - WIDE_MS;
    pthread_mutex_lock(&f->lock);
    follower_take_page_locked(f, s->group, page, shared ? &f->ids : &s->ids,
                              shared && s->from_ms > f->start_ms - WIDE_MS ? f->start_ms - WIDE_MS : s->from_ms, false);
    if (s->token == NULL) {
        backfill_finish(&f->backfill, s);
        if (f->published)
            follower_publish_locked(f);
    } else if (page->n > 0) {
        backfill_split(&f->backfill, s, page->events[page->n - 1].time_ms);
    }
    pthread_mutex_unlock(&f->lock);
    return ERR_OK;
}

int64_t follower_backfill_turn(struct follower *f, struct aws *aws)
{
    struct aws_target target = watch_target(f->w, f->env);
    pthread_mutex_lock(&f->lock);
    bool begun = f->published, open = f->backfill.done < f->backfill.n, more = open || f->past_asked > 0;
    struct backfill_slice *s = begun && open ? backfill_take(&f->backfill) : NULL;
    pthread_mutex_unlock(&f->lock);
    if (s == NULL) /* not begun, or others have the rest, and may split it */
        return begun && !more ? -1 : BACKFILL_WAIT_MS;
    int64_t wait_ms = aws_reserve_spare(f->w->gate, &target, AWS_FILTER_LOG_EVENTS); /* live lanes come first */
    if (wait_ms > 0) {
        pthread_mutex_lock(&f->lock);
        backfill_give_back(s);
        pthread_mutex_unlock(&f->lock);
        return wait_ms;
    }
    struct log_page page;
    log_page_init(&page);
    enum err err = slice_page(f, aws, s, &page);
    log_page_clear(&page);
    pthread_mutex_lock(&f->lock);
    if (!s->done)
        backfill_give_back(s);
    pthread_mutex_unlock(&f->lock);
    /* What is wrong is the live lane's to say; here it just takes longer. */
    return err == ERR_OK ? 0 : f->w->conf->log_poll_ms;
}
