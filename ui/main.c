/* credtop: parse, harden, read the configuration, start, show, stop. */
#include <errno.h>
#include <fcntl.h>
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
#include "ui/cli/journal.h"
#include "ui/cli/status.h"
#include "ui/cli/test.h"
#include "ui/environ.h"
#include "ui/signals.h"
#include "ui/ui.h"

#define EXIT_COULD_NOT_TELL 3
#define STATUS_SINCE_MIN_MS (60LL * 1000)
#define STATUS_SINCE_MAX_MS (168LL * 60 * 60 * 1000)

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
    int failed = fputs(text, stdout) < 0 || fflush(stdout) != 0;
    free(text);
    return failed ? EXIT_COULD_NOT_TELL : 0;
}

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

static struct config *read_config(const struct options *o)
{
    const char *named = o->config_path;
    char *tried = NULL, *errors = NULL;
    char *path = named ? mem_copy_str(named) : o->restricted ? NULL : config_find(&tried);
    struct config *c = NULL;
    if (o->restricted)
        c = system_conf_load(&errors);
    else if (!path)
        (void)fprintf(stderr, "credtop: no configuration found; looked at:\n%s\n", tried ? tried : "");
    else
        c = config_load(path, &errors);
    say_errors(errors);
    free(errors);
    free(tried);
    free(path);
    return c;
}

static int show(struct backend *b, const struct config *c, const struct options *o, bool audit, int signals)
{
    struct why why = {0};
    char line[320];
    if (o->command == COMMAND_STATUS)
        return status_run(b, o, signals);
    if (o->command == COMMAND_TEST)
        return test_run(b, c, o, signals);
    if (o->command == COMMAND_ROTATE || o->command == COMMAND_RECYCLE)
        return change_run(b, c, o, signals);
    struct ui_settings ui = {.audit = audit,
                             .restricted = o->restricted,
                             .ascii = o->ascii,
                             .no_color = o->no_color,
                             .signals = signals,
                             .log_fd = log_fd()};
    if (ui_run(b, &ui, &why) == ERR_OK)
        return 0;
    (void)fprintf(stderr, "credtop: %s%s\n", why.text[0] ? why.text : why_line(&why, line, sizeof(line)),
                  o->restricted ? "; there is nothing here but the dashboard"
                                : "; `credtop status` works without a terminal");
    return EXIT_COULD_NOT_TELL;
}

static int run(const struct options *o, const struct config *c)
{
    struct backend_settings set = {.audit = o->audit || c->audit,
                                   .restricted = o->restricted,
                                   .can_ask = o->command == COMMAND_DASHBOARD,
                                   .orders_only = o->command == COMMAND_TEST || o->command == COMMAND_ROTATE ||
                                                  o->command == COMMAND_RECYCLE};
    struct why why = {0};
    char line[320];
    int signals = signals_open();
    struct backend *b = signals >= 0 ? backend_start(c, &set, &why) : NULL;
    if (!b) {
        (void)fprintf(stderr, "credtop: cannot start: %s\n",
                      signals < 0 ? strerror(errno) : why_line(&why, line, sizeof(line)));
        signals_close(signals);
        return EXIT_COULD_NOT_TELL;
    }
    int status = show(b, c, o, set.audit, signals);
    signals_close(signals);
    backend_stop(b);
    return status;
}

/* Whoever starts us decides on the loader's variables, and nobody on anything else. */
static void restrict_process(void)
{
    environ_restrict();
    (void)fence_raise(); /* the second wall, as far as this kernel has it */
}

int main(int argc, char **argv)
{
    struct options o;
    struct why why = {0};
    char *error = NULL, line[320];
    fill_standard_descriptors();
    secret_harden_process();
    mem_few_heaps();
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
    if (o.command == COMMAND_JOURNAL && o.journal_file)
        return journal_run(NULL, &o);
    if (o.command == COMMAND_STATUS && o.since_ms > 0 &&
        (o.since_ms < STATUS_SINCE_MIN_MS || o.since_ms > STATUS_SINCE_MAX_MS)) {
        (void)fprintf(stderr, "credtop: --since of status is out of range; allowed: 1m..168h\n");
        return EXIT_COULD_NOT_TELL;
    }
    if (o.restricted)
        restrict_process();
    struct config *c = obey_system(&o) ? read_config(&o) : NULL;
    if (!c)
        return EXIT_COULD_NOT_TELL;
    if (o.command == COMMAND_JOURNAL) {
        int shown = journal_run(c, &o);
        config_free(c);
        return shown;
    }
    if (o.log_path && log_open(o.log_path, LOG_INFO, &why) != ERR_OK) {
        (void)fprintf(stderr, "credtop: %s\n", why_line(&why, line, sizeof(line)));
        config_free(c);
        return EXIT_COULD_NOT_TELL;
    }
    if (o.command == COMMAND_STATUS && o.since_ms > 0)
        c->backfill_ms = o.since_ms;
    int status = run(&o, c);
    log_close();
    config_free(c);
    return status;
}
