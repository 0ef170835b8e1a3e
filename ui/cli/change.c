#include "ui/cli/change.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/strbuf.h"
#include "ui/cli/order.h"
#include "ui/cli/output.h"
#include "ui/signals.h"

/* The exit statuses; options.def says what they mean. */
enum { CHANGE_DONE = 0, CHANGE_FAILED = 1, CHANGE_REFUSED = 2, CHANGE_UNKNOWN = CLI_COULD_NOT_TELL };

static int exit_status(enum order_state s)
{
    switch (s) {
    case ORDER_DONE:
        return CHANGE_DONE;
    case ORDER_FAILED:
        return CHANGE_FAILED;
    case ORDER_REFUSED:
    case ORDER_CANCELLED:
        return CHANGE_REFUSED;
    case ORDER_UNKNOWN:
    case ORDER_WAITING:
    case ORDER_RUNNING:
        break;
    }
    return CHANGE_UNKNOWN;
}

static bool print(const struct strbuf *out)
{
    return output_write(out, "what was ordered", 0) == 0;
}

static bool put_plan(const struct order_view *o, const char *name)
{
    struct strbuf out;
    strbuf_init(&out, 16384);
    strbuf_fmt(&out, "%s %s: the plan\n", order_title(o->kind), name);
    for (size_t i = 0, n = 0; i < o->plan.nlines; i++) {
        if (o->plan.lines[i].warning)
            strbuf_fmt(&out, "   !  %s\n", o->plan.lines[i].text);
        else
            strbuf_fmt(&out, "  %2zu. %s\n", ++n, o->plan.lines[i].text);
    }
    if (o->kind == ORDER_RECYCLE)
        strbuf_fmt(&out, "the function is at revision %s\n", o->plan.token);
    else if (o->plan.token[0] == '\0')
        strbuf_fmt(&out, "AWSCURRENT is %s; no version is pending\n", o->plan.seen_version);
    else
        strbuf_fmt(&out, "AWSCURRENT is %s; the %s version is %s\n", o->plan.seen_version,
                   o->kind == ORDER_CANCEL_ROTATION ? "pending"
                   : o->kind == ORDER_ROLL_BACK     ? "earlier"
                                                    : "new",
                   o->plan.token);
    bool ok = print(&out);
    strbuf_clear(&out);
    return ok;
}

/* --------------------------------------------------------------- confirmation */

/* One line from the terminal; false: none came, or a signal did. */
static bool read_answer(int signals_fd, char *out, size_t size)
{
    size_t n = 0;
    for (;;) {
        char c;
        struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};
        (void)poll(p, 2, -1);
        if ((p[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT))
            return false;
        if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0)
            continue;
        if (read(STDIN_FILENO, &c, 1) != 1)
            return false;
        if (c == '\n')
            break;
        if (n + 1 < size)
            out[n] = c;
        n++;
    }
    out[n < size ? n : 0] = '\0';
    return n < size;
}

/* What is wanted is typed anew each time: the name where it is protected, "yes" elsewhere. */
static bool confirm(const struct config_environment *env, int signals_fd)
{
    char answer[128];
    const char *wanted = env->protect ? env->name : "yes";
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        (void)fprintf(stderr,
                      "credtop: nothing was changed: there is no terminal to ask on; --yes goes on without asking\n");
        return false;
    }
    (void)printf("Type %s to go on: ", wanted);
    (void)fflush(stdout);
    if (read_answer(signals_fd, answer, sizeof answer) && strcmp(answer, wanted) == 0)
        return true;
    (void)printf("nothing was changed\n");
    return false;
}

/* -------------------------------------------------------------------- orders */

static const char *step_word(enum step_state s)
{
    switch (s) {
    case STEP_WAITING:
        return "waiting";
    case STEP_RUNNING:
        return "...";
    case STEP_DONE:
        return "done";
    case STEP_FAILED:
        return "FAILED";
    case STEP_SKIPPED:
        return "skipped";
    case STEP_UNKNOWN:
        return "unknown";
    }
    return "?";
}

struct shown {
    size_t steps; /* ended and printed */
};

static void show_steps(void *ctx, const struct order_view *o)
{
    struct shown *s = ctx;
    struct strbuf out;
    strbuf_init(&out, 16384);
    for (; s->steps < o->nsteps && o->steps[s->steps].took_ms >= 0; s->steps++) {
        const struct order_step *step = &o->steps[s->steps];
        strbuf_fmt(&out, "%-18s %-8s %6d ms  %s\n", step->name, step_word(step->state), step->took_ms, step->words);
    }
    if (out.len > 0)
        (void)print(&out); /* the order goes on whoever reads; the exit status tells */
    strbuf_clear(&out);
}

/* Carried out to its end; what came of it is in *out.  True: a signal asked to stop meanwhile. */
static bool order_run(struct backend *b, const struct order *order, bool steps, int signals_fd, struct order_view *out)
{
    struct why why = {0};
    struct shown shown = {0};
    bool asked = false;
    uint64_t id = backend_order(b, order, &why);
    *out = (struct order_view){.kind = order->kind, .state = ORDER_REFUSED};
    if (id == 0) {
        (void)str_copy(out->words, sizeof out->words, why.text);
        return false;
    }
    while (order_wait(b, id, 0, signals_fd, steps ? show_steps : NULL, &shown, out) == ORDER_INTERRUPTED) {
        asked = true;
        if (backend_order_cancel(b, id))
            continue;
        (void)fprintf(stderr, "credtop: it cannot be stopped safely now; it ends by itself in a moment\n");
    }
    return asked;
}

static int tell(const struct order_view *o, const char *name)
{
    struct strbuf out;
    strbuf_init(&out, 16384);
    if (o->state == ORDER_DONE)
        strbuf_fmt(&out, "%s: %s\n", name, o->words);
    else
        (void)fprintf(stderr, "credtop: %s: %s: %s\n", name, order_state_word(o->state), o->words);
    int status = output_write(&out, "what came of it", exit_status(o->state));
    strbuf_clear(&out);
    return status;
}

static enum order_kind ordered(const struct options *o)
{
    if (o->command == COMMAND_RECYCLE)
        return ORDER_RECYCLE;
    return o->finish ? ORDER_FINISH : o->cancel ? ORDER_CANCEL_ROTATION : o->roll_back ? ORDER_ROLL_BACK : ORDER_ROTATE;
}

int change_run(struct backend *b, const struct config *conf, const struct options *options, int signals_fd)
{
    size_t env = order_find_env(conf, options->operand);
    struct order_view view;
    if (env == ORDER_NO_ENVIRONMENT)
        return CHANGE_UNKNOWN;
    struct order order = {.kind = ordered(options), .env = env, .dry_run = true};
    if (options->strategy != NULL)
        order.strategy =
            strcmp(options->strategy, "single-user") == 0 ? STRATEGY_SINGLE_USER : STRATEGY_ALTERNATING_USERS;
    if (order_run(b, &order, false, signals_fd, &view) && view.state == ORDER_DONE) {
        view.state = ORDER_CANCELLED; /* it came too late for the plan, and not for what would follow */
        (void)str_copy(view.words, sizeof view.words, "cancelled; nothing was changed");
    }
    if (view.state != ORDER_DONE)
        return tell(&view, options->operand);
    if (!put_plan(&view, options->operand))
        return CHANGE_UNKNOWN;
    if (options->dry_run)
        return CHANGE_DONE;
    if (!options->yes && !confirm(&conf->environments[env], signals_fd))
        return CHANGE_REFUSED;
    order.dry_run = false;
    (void)str_copy(order.seen_version, sizeof order.seen_version, view.plan.seen_version);
    (void)str_copy(order.token, sizeof order.token, view.plan.token);
    (void)str_copy(order.confirmed, sizeof order.confirmed, conf->environments[env].name);
    (void)order_run(b, &order, true, signals_fd, &view);
    return tell(&view, options->operand);
}
