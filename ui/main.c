/* credtop: parse, harden, read the configuration, start, show, stop. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/base/fence.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "config/config.h"
#include "config/options.h"
#include "config/system.h"
#include "ui/cli/change.h"
#include "ui/cli/configuration.h"
#include "ui/cli/discover.h"
#include "ui/cli/doctor.h"
#include "ui/cli/events.h"
#include "ui/cli/journal.h"
#include "ui/cli/order.h"
#include "ui/cli/output.h"
#include "ui/cli/report.h"
#include "ui/cli/settle.h"
#include "ui/cli/status.h"
#include "ui/cli/test.h"
#include "ui/cli/verify.h"
#include "ui/environ.h"
#include "ui/signals.h"
#include "ui/ui.h"

#define EXIT_COULD_NOT_TELL 3
#define TEXT_MAX (1u << 20)
#define SINCE_MIN_MS (60LL * 1000)
#define SINCE_MAX_MS (168LL * 60 * 60 * 1000)

/* A file we open must not become somebody's standard output; and what is written to one
 * that was closed must fail, not vanish: read-only does both. */
static void fill_standard_descriptors(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDONLY); /* kept over exec on purpose: these are 0 to 2 */
    if (fd > STDERR_FILENO)
        close(fd);
}

static int say_text(char *text)
{
    struct strbuf out;
    strbuf_init(&out, TEXT_MAX);
    strbuf_str(&out, text);
    free(text);
    int status = output_write(&out, "it", 0);
    strbuf_clear(&out);
    return status;
}

/* ------------------------------------------------------------ restriction */

static void say_errors(const char *errors)
{
    if (errors)
        (void)fprintf(stderr, "%s%s", errors, errors[0] && errors[strlen(errors) - 1] == '\n' ? "" : "\n");
}

/* What the user's own configuration says of the mode does not count where the system's says
 * audit.  False: that cannot be told, and nothing is started on a guess. */
static bool obey_system(struct options *o)
{
    bool audit = false;
    char *errors = NULL;
    bool told = system_conf_mode(&audit, &errors);
    say_errors(errors);
    free(errors);
    if (!told)
        (void)fprintf(stderr, "credtop: whether %s says mode = audit cannot be told, so nothing is started\n",
                      system_conf_path());
    o->audit |= audit; /* only ever tightens */
    return told;
}

static struct config *restricted_configuration(void)
{
    char *errors = NULL;
    struct config *c = system_conf_load(&errors);
    say_errors(errors);
    free(errors);
    return c;
}

/* Whoever starts us decides on the loader's variables, and nobody on anything else. */
static void restrict_process(void)
{
    environ_restrict();
    (void)fence_raise(); /* the second wall, as far as this kernel has it */
}

/* ---------------------------------------------------------------- commands */

/* What a command has at hand; what it does not need is NULL. */
struct run {
    const struct options *o;
    struct config *c;
    struct backend *b;
    int signals;
};

/* Either turns it on; nothing turns it off. */
static bool is_audit(const struct run *r)
{
    return r->o->audit || (r->c && r->c->audit);
}

static int run_dashboard(const struct run *r)
{
    struct why why = {0};
    char line[320];
    struct ui_settings ui = {.audit = is_audit(r),
                             .restricted = r->o->restricted,
                             .ascii = r->o->ascii,
                             .no_color = r->o->no_color,
                             .signals = r->signals,
                             .log_fd = log_fd()};
    if (ui_run(r->b, &ui, &why) == ERR_OK) {
        struct board *board = backend_board(r->b);
        settle_hint(board);
        board_free(board);
        return 0;
    }
    (void)fprintf(stderr, "credtop: %s%s\n", why.text[0] ? why.text : why_line(&why, line, sizeof(line)),
                  r->o->restricted ? "; there is nothing here but the dashboard"
                                   : "; `credtop status` works without a terminal");
    return EXIT_COULD_NOT_TELL;
}

static int run_status(const struct run *r)
{
    return status_run(r->b, r->o, r->signals);
}

/* What is verified is asked about alone. */
static bool prepare_verify(struct run *r)
{
    size_t env = order_find_env(r->c, r->o->operand);
    if (env == ORDER_NO_ENVIRONMENT)
        return false;
    r->c->environments += env;
    r->c->nenvironments = 1;
    return true;
}

static int run_verify(const struct run *r)
{
    return verify_run(r->b, r->o, r->signals);
}

static int run_report(const struct run *r)
{
    return report_run(r->b, r->c, r->o, r->signals);
}

static int run_test(const struct run *r)
{
    return test_run(r->b, r->c, r->o, r->signals);
}

static int run_change(const struct run *r)
{
    return change_run(r->b, r->c, r->o, r->signals);
}

static int run_journal(const struct run *r)
{
    return journal_run(r->c, r->o);
}

static bool prepare_events(struct run *r)
{
    return events_prepare(r->c, r->o);
}

static int run_events(const struct run *r)
{
    return events_run(r->b, r->o, r->signals);
}

static int run_configuration(const struct run *r)
{
    return configuration_run(r->o);
}

static int run_doctor(const struct run *r)
{
    return doctor_run(r->o);
}

static int run_discover(const struct run *r)
{
    return discover_run(r->o);
}

/* A row a command: how much of the program it wants started before it runs. */
enum needs { NEEDS_NOTHING, NEEDS_CONFIG, NEEDS_ORDERS, NEEDS_WATCHES, NEEDS_LOGS };

static const struct command_row {
    enum options_command command;
    enum needs needs;
    int (*run)(const struct run *r);
    bool asks_system;               /* the system's configuration may say audit; what only reads a file does not ask */
    bool (*prepare)(struct run *r); /* the configuration, before anything starts; false: it said why not */
} commands[] = {
    {COMMAND_DASHBOARD, NEEDS_WATCHES, run_dashboard, true, NULL},
    {COMMAND_STATUS, NEEDS_WATCHES, run_status, true, NULL},
    {COMMAND_VERIFY, NEEDS_WATCHES, run_verify, true, prepare_verify},
    {COMMAND_REPORT, NEEDS_WATCHES, run_report, true, NULL},
    {COMMAND_TEST, NEEDS_ORDERS, run_test, true, NULL},
    {COMMAND_ROTATE, NEEDS_ORDERS, run_change, true, NULL},
    {COMMAND_RECYCLE, NEEDS_ORDERS, run_change, true, NULL},
    {COMMAND_JOURNAL, NEEDS_CONFIG, run_journal, false, NULL},
    {COMMAND_LOG_EVENTS, NEEDS_LOGS, run_events, true, prepare_events},
    {COMMAND_DOCTOR, NEEDS_NOTHING, run_doctor, true, NULL},
    {COMMAND_DISCOVER, NEEDS_NOTHING, run_discover, true, NULL},
    {COMMAND_CONFIG, NEEDS_NOTHING, run_configuration, false, NULL},
};

static const struct command_row *command_of(const struct options *o)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i].command == o->command)
            return &commands[i];
    return &commands[0];
}

static enum backend_posture posture_of(enum options_command c)
{
    return c == COMMAND_DASHBOARD                       ? POSTURE_SLOWLY
           : c == COMMAND_VERIFY || c == COMMAND_REPORT ? POSTURE_AT_ONCE
                                                        : POSTURE_NEVER;
}

static int run_backend(const struct command_row *row, struct run *r)
{
    struct backend_settings set = {.audit = is_audit(r),
                                   .restricted = r->o->restricted,
                                   .posture = posture_of(row->command),
                                   .held = row->command == COMMAND_DASHBOARD,
                                   .can_ask = row->command == COMMAND_DASHBOARD,
                                   .orders_only = row->needs == NEEDS_ORDERS,
                                   .no_databases = row->needs == NEEDS_LOGS,
                                   .rows_max = row->needs == NEEDS_LOGS ? EVENT_LIST_MAX : 0};
    struct why why = {0};
    char line[320];
    r->signals = signals_open();
    r->b = r->signals >= 0 ? backend_start(r->c, &set, &why) : NULL;
    if (!r->b) {
        (void)fprintf(stderr, "credtop: cannot start: %s\n",
                      r->signals < 0 ? strerror(errno) : why_line(&why, line, sizeof(line)));
        signals_close(r->signals);
        return EXIT_COULD_NOT_TELL;
    }
    int status = row->run(r);
    signals_close(r->signals);
    backend_stop(r->b);
    return status;
}

/* With the configuration at hand, and the log open. */
static int run_configured(const struct command_row *row, struct run *r)
{
    struct why why = {0};
    char line[320];
    if (row->needs == NEEDS_CONFIG)
        return row->run(r);
    if (r->o->log_path && log_open(r->o->log_path, LOG_INFO, &why) != ERR_OK) {
        (void)fprintf(stderr, "credtop: %s\n", why_line(&why, line, sizeof(line)));
        return EXIT_COULD_NOT_TELL;
    }
    if (row->prepare && !row->prepare(r))
        return EXIT_COULD_NOT_TELL;
    if ((row->needs == NEEDS_WATCHES || row->needs == NEEDS_LOGS) && r->o->since_ms > 0)
        r->c->backfill_ms = r->o->since_ms;
    int status = run_backend(row, r);
    log_close();
    return status;
}

static bool since_fits(const struct options *o)
{
    if (o->command == COMMAND_JOURNAL || o->since_ms == 0 ||
        (o->since_ms >= SINCE_MIN_MS && o->since_ms <= SINCE_MAX_MS))
        return true;
    (void)fprintf(stderr, "credtop: --since of %s is out of range; allowed: 1m..168h\n",
                  o->command == COMMAND_STATUS   ? "status"
                  : o->command == COMMAND_VERIFY ? "verify"
                  : o->command == COMMAND_REPORT ? "report"
                                                 : "events");
    return false;
}

int main(int argc, char **argv)
{
    struct options o;
    char *error = NULL;
    fill_standard_descriptors();
    secret_harden_process();
    mem_few_heaps();
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that is gone is told by write(), to output.c */
    environ_forget_pg();
    if (!options_parse(argc, argv, &o, &error)) {
        (void)fprintf(stderr, "%s\n", error);
        free(error);
        return EXIT_COULD_NOT_TELL;
    }
    if (o.help)
        return say_text(options_help());
    if (o.version)
        return say_text(mem_copy_str("credtop " CREDTOP_VERSION "\n"));
    if (o.restricted)
        restrict_process();
    struct run r = {.o = &o, .signals = -1};
    const struct command_row *row = command_of(&o);
    if (row->asks_system && !obey_system(&o))
        return EXIT_COULD_NOT_TELL;
    if (row->needs == NEEDS_NOTHING || (o.command == COMMAND_JOURNAL && o.journal_file))
        return row->run(&r);
    if (!since_fits(&o))
        return EXIT_COULD_NOT_TELL;
    r.c = o.restricted ? restricted_configuration() : configuration_or_say(o.config_path);
    int status = r.c ? run_configured(row, &r) : EXIT_COULD_NOT_TELL;
    config_free(r.c);
    return status;
}
