/* A rotation by the secret's own function: RotateSecret, and then watching it work.  The
 * labels say how it ends; the function's log says which step it is at, and why it fails.
 * Without that log, setSecret and testSecret stay "not visible". */
#include "backend/actions/rotation.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

#define LOOK_EVERY_MS 1000
#define FOLLOW_MS (16 * 60 * 1000) /* a function has 15 minutes a step; without a word for so long it is lost */
#define GRACE_MS 5000              /* from a failure in the log to the end of the watching */
#define BEFORE_MS 5000             /* clocks differ */
#define STEPS 4
#define TOKEN_MAX 4097
#define PAGES_MAX 20

static const char *const steps[STEPS] = {"createSecret", "setSecret", "testSecret", "finishSecret"};

struct watched {
    struct action *a;
    const struct rotation_state *found;
    const char *token;
    char group[280];
    int64_t from_ms; /* of the log, by AWS's clock as near as we know it */
    size_t done;     /* steps the log speaks of as done */
    size_t shown;    /* steps that are in the view */
    bool blind;      /* the log cannot be read */
    char blind_words[160], error[160];
};

/* ------------------------------------------------------------------- its log */

static void read_line(struct watched *w, const char *line, size_t n)
{
    for (size_t i = 0; i < STEPS; i++) {
        const char *at = memmem(line, n, steps[i], strlen(steps[i]));
        if (at == NULL || strncmp(line, "[INFO]", n < 6 ? n : 6) != 0)
            continue;
        if (i + 1 > w->done &&
            (i > 0 || memmem(line, n, w->token, strlen(w->token)) != NULL || memmem(line, n, "retrieved", 9) != NULL))
            w->done = i + 1;
    }
    if (n > 8 && strncmp(line, "[ERROR] ", 8) == 0 && w->error[0] == '\0')
        (void)str_copy_n(w->error, sizeof w->error, line + 8, strcspn(line + 8, "\n"));
}

/* False: this was the last page; else its token is in `out_token`. */
static bool read_events(struct watched *w, const struct aws_reply *reply, char *out_token, size_t size)
{
    struct why why;
    size_t i;
    json_t *event, *o = json_read_object(reply->body, reply->len, &why);
    const char *next = json_text(o, "nextToken", NULL);
    bool more = next != NULL && str_copy(out_token, size, next);
    json_array_foreach(json_object_get(o, "events"), i, event)
    {
        size_t n = 0;
        const char *text = json_text(event, "message", &n);
        if (text != NULL)
            read_line(w, text, n);
    }
    json_decref(o);
    return more;
}

/* A page may be empty and still not be the last. */
static void read_log(struct watched *w)
{
    struct strbuf body;
    struct aws_reply reply;
    struct why why = {0};
    char token[TOKEN_MAX] = "";
    enum err err = ERR_OK;
    bool more = true;
    for (int pages = 0; more && pages < PAGES_MAX; pages++) {
        strbuf_init(&body, 2 * TOKEN_MAX);
        strbuf_str(&body, "{\"logGroupName\":");
        strbuf_json(&body, w->group, strlen(w->group));
        strbuf_fmt(&body, ",\"startTime\":%lld,\"limit\":1000", (long long)w->from_ms);
        if (token[0] != '\0') {
            strbuf_str(&body, ",\"nextToken\":");
            strbuf_json(&body, token, strlen(token));
        }
        strbuf_char(&body, '}');
        err = rotation_call(w->a, AWS_FILTER_LOG_EVENTS, strbuf_peek(&body), &reply, &why);
        strbuf_clear(&body);
        more = err == ERR_OK && read_events(w, &reply, token, sizeof token);
    }
    w->blind = err != ERR_OK;
    if (w->blind) /* a group that is not there yet comes with the first line */
        (void)str_copy(w->blind_words, sizeof w->blind_words, why.text[0] != '\0' ? why.text : err_words(err));
}

/* ------------------------------------------------------------------- showing */

/* The view's steps follow: those done, then the one in hand. */
static void show(struct watched *w)
{
    while (w->shown <= w->done && w->shown <= STEPS) {
        if (w->shown > 0)
            action_end(w->a, STEP_DONE, "as the function's log says");
        if (w->shown < STEPS)
            action_begin(w->a, steps[w->shown]);
        w->shown++;
    }
}

/* AWSCURRENT has moved: the rest is done, or done and not visible. */
static void show_rest(struct watched *w)
{
    while (w->shown > 0 && w->shown <= STEPS) {
        bool last = w->shown == STEPS, first = w->shown == 1;
        action_end(w->a, last || first ? STEP_DONE : STEP_UNKNOWN,
                   last    ? "AWSCURRENT is on the new version"
                   : first ? "the new version has a value"
                           : "not visible: %s",
                   w->blind ? w->blind_words : "no line of it in the function's log");
        if (!last)
            action_begin(w->a, steps[w->shown]);
        w->shown++;
    }
}

/* ------------------------------------------------------------------- the call */

/* RotateSecret; when no answer came, the labels tell. */
static enum err begin(struct watched *w, struct why *why)
{
    struct strbuf body;
    struct rotation_state now;
    struct aws_reply reply;
    struct why doubt = {0};
    char more[120];
    (void)str_fmt(more, sizeof more, ",\"ClientRequestToken\":\"%s\"", w->token);
    rotation_body(w->a, more, &body);
    enum err err = ERR_OK;
    for (int i = 1; i <= 4; i++) {
        err = rotation_call(w->a, AWS_ROTATE_SECRET, strbuf_peek(&body), &reply, why);
        if (err == ERR_OK && reply.date_ms >= 0)
            w->from_ms = reply.date_ms; /* the lines of an earlier one stay out */
        if (err == ERR_OK || !rotation_may_have_arrived(&doubt, err, why))
            break;
        if (!rotation_pause(w->a, 500 * i))
            break;
        if (rotation_describe(w->a, &now, &(struct why){0}) == ERR_OK &&
            (strcmp(now.pending, w->token) == 0 || strcmp(now.current, w->token) == 0)) {
            err = ERR_OK;
            break;
        }
    }
    strbuf_clear(&body);
    if (err == ERR_OK || doubt.code == ERR_OK)
        return err;
    *why = doubt;
    return doubt.code;
}

/* ------------------------------------------------------------------ following */

static void fail(struct watched *w)
{
    size_t at = w->done < STEPS ? w->done : STEPS - 1;
    action_end(w->a, STEP_FAILED, "%s", w->error);
    action_finish(w->a, ORDER_FAILED, "%s failed: %s; AWSPENDING is on %.8s: finish the rotation", steps[at], w->error,
                  w->token);
}

static void lost(struct watched *w)
{
    bool stopped = cancel_is_set(w->a->cancel);
    action_end(w->a, STEP_UNKNOWN, stopped ? "not watched any more" : "no sign of it");
    action_finish(w->a, ORDER_UNKNOWN, "%s; AWSPENDING is on %.8s",
                  stopped ? "watching was stopped, the rotation goes on at AWS" : "the function says nothing",
                  w->token);
}

static void follow(struct watched *w)
{
    int64_t now = clock_mono_ms(clock_real()), heard = now, failed = -1;
    struct rotation_state s;
    struct why why = {0};
    while (rotation_pause(w->a, LOOK_EVERY_MS)) {
        size_t before = w->done;
        bool seen = rotation_describe(w->a, &s, &why) == ERR_OK;
        read_log(w);
        show(w);
        now = clock_mono_ms(clock_real());
        heard = w->done > before ? now : heard;
        if (seen && strcmp(s.current, w->token) == 0) {
            show_rest(w);
            action_finish(w->a, ORDER_DONE, "AWSCURRENT is %s%s", w->token,
                          s.pending[0] != '\0' ? "; AWSPENDING is still on it" : "");
            return;
        }
        if (seen && strcmp(s.current, w->found->current) != 0) {
            action_end(w->a, STEP_FAILED, "AWSCURRENT is on %.8s", s.current);
            action_finish(w->a, ORDER_FAILED, "somebody else moved AWSCURRENT to %.8s", s.current);
            return;
        }
        if (w->error[0] != '\0' && failed < 0)
            failed = now;
        if (failed >= 0 && now - failed >= GRACE_MS) {
            fail(w);
            return;
        }
        if (now - heard > FOLLOW_MS)
            break;
    }
    lost(w);
}

void rotate_by_aws(struct action *a, const struct rotation_state *s)
{
    const char *name = strrchr(s->function, ':');
    struct watched w = {
        .a = a, .found = s, .token = a->view.plan.token, .from_ms = clock_wall_ms(a->watch->clock) - BEFORE_MS};
    struct why why = {0};
    char line[200];
    (void)str_fmt(w.group, sizeof w.group, "/aws/lambda/%s", name != NULL ? name + 1 : s->function);
    struct aws_meter meter;
    aws_gate_meter(a->watch->gate, &meter);
    w.from_ms += meter.skew_ms;
    action_begin(a, "RotateSecret");
    action_cancellable(a, false);
    if (cancel_is_set(a->cancel)) {
        action_end(a, STEP_SKIPPED, "cancelled");
        action_finish(a, ORDER_CANCELLED, "cancelled; nothing was sent");
        return;
    }
    enum err err = begin(&w, &why);
    if (err != ERR_OK) {
        bool doubt = rotation_in_doubt(err);
        (void)why_line(&why, line, sizeof line);
        action_end(a, doubt ? STEP_UNKNOWN : STEP_FAILED, "%s", line);
        action_finish(a, doubt ? ORDER_UNKNOWN : ORDER_REFUSED, "%s: %s",
                      doubt ? "it was sent and no answer came" : "nothing was begun", line);
        return;
    }
    action_end(a, STEP_DONE, "accepted: the new version is %s", w.token);
    action_cancellable(a, true); /* what is cancelled then is the watching */
    show(&w);
    follow(&w);
}
