#include "ui/cli/events.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "ui/cli/order.h"
#include "ui/cli/output.h"
#include "ui/cli/settle.h"
#include "ui/signals.h"

#define OUTPUT_MAX (1u << 20)
#define OUTPUT_FLUSH (64u * 1024)
#define FOLLOW_FIRST 10

enum { EVENTS_PRINTED = 0, EVENTS_INCOMPLETE = 1 };

/* ---------------------------------------------------------------- asking */

static const struct {
    const char *word;
    unsigned kinds;
} groups[] = {{"all", EVENT_KINDS_ALL}, {"main", EVENT_KINDS_MAIN}, {"bad", EVENT_KINDS_BAD}};

static unsigned kind_of(const char *word)
{
    for (int k = 0; k < EVENT_KINDS; k++)
        if (strcasecmp(word, event_name((enum event_kind)k)) == 0 ||
            strcasecmp(word, event_word((enum event_kind)k)) == 0)
            return 1u << k;
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        if (strcasecmp(word, groups[i].word) == 0)
            return groups[i].kinds;
    return 0;
}

bool events_kinds(const char *words, unsigned *out, char out_wrong[64])
{
    *out = 0;
    for (const char *p = words;;) {
        size_t n = strcspn(p, ",");
        unsigned kinds = str_copy_n(out_wrong, 64, p, n) ? kind_of(out_wrong) : 0;
        if (kinds == 0)
            return false;
        *out |= kinds;
        if (p[n] == '\0')
            return true;
        p += n + 1;
    }
}

static unsigned kinds_asked(const struct options *o)
{
    unsigned kinds = EVENT_KINDS_MAIN;
    char wrong[64];
    if (o->kinds != NULL)
        (void)events_kinds(o->kinds, &kinds, wrong); /* events_prepare() has seen to it */
    return kinds;
}

static bool kinds_fit(const struct options *o)
{
    unsigned kinds;
    char wrong[64];
    if (o->kinds == NULL || events_kinds(o->kinds, &kinds, wrong))
        return true;
    (void)fprintf(stderr, "credtop: --kind '%s' is no kind of event; allowed:", wrong);
    for (int k = 0; k < EVENT_KINDS; k++)
        (void)fprintf(stderr, " %s", event_name((enum event_kind)k));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        (void)fprintf(stderr, " %s", groups[i].word);
    (void)fprintf(stderr, "\n");
    return false;
}

bool events_prepare(struct config *c, const struct options *o)
{
    if (!kinds_fit(o))
        return false;
    if (o->operand != NULL) {
        size_t env = order_find_env(c, o->operand);
        if (env == ORDER_NO_ENVIRONMENT)
            return false;
        c->environments += env;
        c->nenvironments = 1;
        if (c->environments->log_groups[0] == NULL) {
            (void)fprintf(stderr, "credtop: %s has no log group; give function = NAME or log_group = NAME\n",
                          o->operand);
            return false;
        }
    }
    /* As on the screen: what is looked at is read whole, so that lines of no pattern show. */
    if (o->operand != NULL || (o->kinds != NULL && (kinds_asked(o) & (1u << EVENT_OTHER)) != 0))
        c->server_filter = false;
    return true;
}

/* -------------------------------------------------------------- printing */

struct printer {
    struct events_look look;
    struct strbuf out;
    unsigned kinds;
    int64_t *newest_ms; /* by environment, printed so far */
    int status;
};

static bool flush(struct printer *p, size_t most)
{
    if (p->out.len > most) {
        if (output_write(&p->out, "the events", 0) != 0)
            p->status = CLI_COULD_NOT_TELL;
        strbuf_reset(&p->out);
    }
    return p->status != CLI_COULD_NOT_TELL && !output_is_unread();
}

/* False: nobody reads, or it cannot be written. */
static bool print_refs(struct printer *p, const struct board *b, const struct event_ref *refs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t at = refs[i].row->time_ms, *newest_ms = &p->newest_ms[refs[i].env];
        events_row(&p->look, b, &refs[i], at < *newest_ms, &p->out);
        *newest_ms = at > *newest_ms ? at : *newest_ms;
        if (!flush(p, OUTPUT_FLUSH))
            return false;
    }
    return flush(p, 0);
}

static bool since_matches(const struct options *o, const struct board *b, const struct event_row *row)
{
    return o->since_ms == 0 || row->time_ms >= b->wall_ms - o->since_ms;
}

/* By time; what is older than asked for is not there. */
static bool print_board(struct printer *p, const struct board *b, const struct options *o)
{
    struct event_list list = {0};
    struct event_wish wish = {.env = SIZE_MAX, .kinds = p->kinds};
    event_list_update(&list, b, &wish, 0);
    size_t from = 0;
    while (from < list.n && !since_matches(o, b, list.refs[from].row))
        from++;
    if (o->follow && o->since_ms == 0 && list.n - from > FOLLOW_FIRST)
        from = list.n - FOLLOW_FIRST;
    bool good = print_refs(p, b, list.refs + from, list.n - from);
    if (list.n > from && list.n == EVENT_LIST_MAX && !o->follow) {
        (void)fprintf(stderr, "credtop: only the newest %d events are shown; a shorter --since, or --kind, shows all\n",
                      EVENT_LIST_MAX);
        p->status = p->status == EVENTS_PRINTED ? EVENTS_INCOMPLETE : p->status;
    }
    event_list_clear(&list);
    return good;
}

/* -------------------------------------------------------------- what fails */

/* Whether anything was read at all; says what could not be. */
static void say_failures(const struct board *b, struct printer *p, bool follow)
{
    size_t failed = 0, asked = 0;
    for (size_t i = 0; i < b->n; i++) {
        const struct log_snap *s = b->envs[i].logs;
        char line[320];
        if (b->envs[i].conf->log_groups[0] == NULL)
            continue;
        asked++;
        bool unread = s == NULL || s->snap.good_mono_ms < 0;
        failed += unread;
        if (s == NULL || s->snap.failures > 0)
            (void)fprintf(stderr, "credtop: %s: %s\n", b->envs[i].conf->name,
                          s == NULL ? "its log was not read in time" : why_line(&s->snap.why, line, sizeof line));
        else if (s->backfilling)
            (void)fprintf(stderr, "credtop: %s: its past was not read to its end in time; --timeout gives it more\n",
                          b->envs[i].conf->name);
        else if (s->dropped_rows > 0 && !follow)
            (void)fprintf(stderr,
                          "credtop: %s: the oldest %llu events are not shown; a shorter --since shows all there is\n",
                          b->envs[i].conf->name, (unsigned long long)s->dropped_rows);
        else
            continue;
        p->status = EVENTS_INCOMPLETE;
    }
    if (asked == 0)
        (void)fprintf(stderr, "credtop: no environment has a log group; give function = NAME or log_group = NAME\n");
    if (failed == asked)
        p->status = CLI_COULD_NOT_TELL;
}

/* ------------------------------------------------------------- following */

static bool has_chunk(const struct log_snap *s, const struct event_chunk *chunk)
{
    for (size_t i = s != NULL ? s->nchunks : 0; i-- > 0;)
        if (s->chunks[i] == chunk)
            return true;
    return false;
}

static int by_time(const void *pa, const void *pb)
{
    const struct event_ref *a = pa, *b = pb;
    return (a->row->time_ms > b->row->time_ms) - (a->row->time_ms < b->row->time_ms);
}

/* The rows of chunks that the board before did not have.  It still holds its own, so an
 * address cannot have been used again. */
static bool print_new(struct printer *p, const struct board *before, const struct board *now, const struct options *o)
{
    struct event_ref *refs = NULL;
    size_t n = 0, cap = 0;
    for (size_t env = 0; env < now->n; env++) {
        const struct log_snap *s = now->envs[env].logs;
        for (size_t c = s != NULL ? s->nchunks : 0; c-- > 0;) {
            const struct event_chunk *chunk = s->chunks[c];
            if (has_chunk(before->envs[env].logs, chunk))
                break; /* new ones stand at the end */
            for (size_t i = 0; i < chunk->nrows; i++) {
                const struct event_row *row = &chunk->rows[i];
                if (!(p->kinds & (1u << row->kind)) || !since_matches(o, now, row))
                    continue;
                if (n == cap) {
                    cap = cap > 0 ? cap * 2 : 64;
                    refs = mem_grow(refs, cap, sizeof *refs);
                }
                refs[n++] = (struct event_ref){row, env, row->time_ms};
            }
        }
    }
    if (n > 1)
        qsort(refs, n, sizeof *refs, by_time);
    bool good = print_refs(p, now, refs, n);
    free(refs);
    return good;
}

/* Once when it begins and once when it ends. */
static void say_changes(const struct board *before, const struct board *now)
{
    for (size_t i = 0; i < now->n; i++) {
        const struct log_snap *old = before->envs[i].logs, *s = now->envs[i].logs;
        bool was = old != NULL && old->snap.failures > 0, is = s != NULL && s->snap.failures > 0;
        char line[320];
        if (is && !was)
            (void)fprintf(stderr, "credtop: %s: %s; going on trying\n", now->envs[i].conf->name,
                          why_line(&s->snap.why, line, sizeof line));
        if (was && !is)
            (void)fprintf(stderr, "credtop: %s: its log is read again\n", now->envs[i].conf->name);
    }
}

static void follow(struct backend *b, struct printer *p, struct board *before, const struct options *o, int signals_fd)
{
    struct pollfd fds[3] = {{.fd = backend_wake_fd(b), .events = POLLIN},
                            {.fd = signals_fd, .events = POLLIN},
                            {.fd = STDOUT_FILENO, .events = 0}}; /* POLLERR: the reader is gone */
    bool good = true;
    while (good) {
        (void)poll(fds, 3, -1);
        if ((fds[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT))
            break;
        if (fds[2].revents & (POLLERR | POLLHUP | POLLNVAL))
            break;
        if (!(fds[0].revents & POLLIN))
            continue;
        backend_wake_drain(b);
        struct board *now = backend_board(b);
        say_changes(before, now);
        good = print_new(p, before, now, o);
        board_free(before);
        before = now;
    }
    board_free(before);
}

static size_t name_width(const struct board *b)
{
    size_t width = 3;
    for (size_t i = 0; i < b->n; i++)
        width = strlen(b->envs[i].conf->name) > width ? strlen(b->envs[i].conf->name) : width;
    return width;
}

int events_run(struct backend *b, const struct options *o, int signals_fd)
{
    if (!settle_wait(b, o->timeout_ms, signals_fd))
        return o->follow ? EVENTS_PRINTED : CLI_COULD_NOT_TELL;
    struct board *board = backend_board(b);
    struct printer p = {.look = {.format = o->format, .env_width = name_width(board)},
                        .kinds = kinds_asked(o),
                        .newest_ms = mem_array(board->n + 1, sizeof(int64_t))};
    strbuf_init(&p.out, OUTPUT_MAX);
    say_failures(board, &p, o->follow);
    if (p.status == CLI_COULD_NOT_TELL) {
        board_free(board);
        strbuf_clear(&p.out);
        free(p.newest_ms);
        return p.status;
    }
    events_head(&p.look, &p.out);
    bool good = flush(&p, 0) && print_board(&p, board, o);
    if (good && o->follow)
        follow(b, &p, board, o, signals_fd);
    else
        board_free(board);
    strbuf_clear(&p.out);
    free(p.newest_ms);
    return o->follow && p.status == EVENTS_INCOMPLETE ? EVENTS_PRINTED : p.status;
}
