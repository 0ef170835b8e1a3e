/* credtop: parse, harden, read the configuration, start, show, stop. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/base/log.h"
#include "backend/base/mem.h"
#include "backend/base/secret.h"
#include "config/config.h"
#include "config/options.h"
#include "ui/cli/change.h"
#include "ui/cli/journal.h"
#include "ui/cli/status.h"
#include "ui/cli/test.h"
#include "ui/signals.h"
#include "ui/ui.h"

#define EXIT_COULD_NOT_TELL 3
#define STATUS_SINCE_MIN_MS (60LL * 1000)
#define STATUS_SINCE_MAX_MS (168LL * 60 * 60 * 1000)

extern char **environ;

/* libpq would take a server, a password, a file or a program from these; the
 * configuration says all of it. */
static void forget_pg_variables(void)
{
    for (size_t i = 0; environ && environ[i];) {
        char name[128];
        size_t n = strcspn(environ[i], "=");
        if (strncmp(environ[i], "PG", 2) != 0 || n >= sizeof(name)) {
            i++;
            continue;
        }
        memcpy(name, environ[i], n);
        name[n] = '\0';
        if (unsetenv(name) != 0)
            i++;
    }
}

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

static struct config *read_config(const char *named)
{
    char *tried = NULL, *errors = NULL;
    char *path = named ? mem_copy_str(named) : config_find(&tried);
    struct config *c = NULL;
    if (!path)
        (void)fprintf(stderr, "credtop: no configuration found; looked at:\n%s\n", tried ? tried : "");
    else
        c = config_load(path, &errors);
    if (errors)
        (void)fprintf(stderr, "%s%s", errors, errors[0] && errors[strlen(errors) - 1] == '\n' ? "" : "\n");
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
    (void)fprintf(stderr, "credtop: %s; `credtop status` works without a terminal\n",
                  why.text[0] ? why.text : why_line(&why, line, sizeof(line)));
    return EXIT_COULD_NOT_TELL;
}

static int run(const struct options *o, const struct config *c)
{
    struct backend_settings set = {.audit = o->audit || c->audit,
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

int main(int argc, char **argv)
{
    struct options o;
    struct why why = {0};
    char *error = NULL, line[320];
    fill_standard_descriptors();
    secret_harden_process();
    mem_few_heaps();
    forget_pg_variables();
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
    struct config *c = read_config(o.config_path);
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
