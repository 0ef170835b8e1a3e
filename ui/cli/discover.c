#include "ui/cli/discover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/discover.h"
#include "config/state.h"
#include "ui/cli/configuration.h"
#include "ui/cli/output.h"
#include "ui/signals.h"

#define OUTPUT_MAX ((size_t)16 << 20)
#define REGIONS_MAX 40

enum { DISCOVER_WRITTEN = 0, DISCOVER_INCOMPLETE = 1, DISCOVER_NOTHING = 2 };

/* "a,b" to a NULL-terminated list in `room`; false after a message. */
static bool read_regions(const char *given, char *room, const char *regions[REGIONS_MAX + 1])
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t n = 0;
    for (char *p = given ? room : NULL; p; n++) {
        char *comma = strchr(p, ',');
        if (comma)
            *comma = '\0';
        size_t k = strlen(p);
        if (k == 0 || k > 31 || strspn(p, allowed) != k || n == REGIONS_MAX) {
            (void)fprintf(
                stderr,
                "credtop: --region holds what is no region's name; allowed: up to %d, as eu-west-1,eu-central-1\n",
                REGIONS_MAX);
            return false;
        }
        regions[n] = p;
        p = comma ? comma + 1 : NULL;
    }
    regions[n] = NULL;
    return true;
}

/* ------------------------------------------------------------- the file */

static bool refuse_file(const char *path, int error)
{
    if (error == EEXIST)
        (void)fprintf(
            stderr,
            "credtop: %s exists, and is not overwritten; name another, or print to standard output without --output\n",
            path);
    else
        (void)fprintf(stderr, "credtop: %s cannot be made: %s\n", path, strerror(error));
    return false;
}

static bool write_file(const char *path, const char *text)
{
    size_t n = strlen(text);
    size_t failed;
    if (!state_folders(path, &failed)) {
        char folder[PATH_MAX];
        str_copy_n(folder, sizeof folder, path, failed);
        return refuse_file(folder, errno);
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse_file(path, errno);
    while (n > 0) {
        ssize_t k = write(fd, text, n);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            break;
        text += k;
        n -= (size_t)k;
    }
    int error = n > 0 || fsync(fd) != 0 ? errno : 0;
    error = close(fd) != 0 && error == 0 ? errno : error;
    if (error == 0)
        return true;
    (void)unlink(path); /* ours: it was not there before */
    return refuse_file(path, error);
}

/* ------------------------------------------------------------- the asking */

static bool wait_done(struct discover *d, int64_t timeout_ms, int signals_fd)
{
    int64_t deadline = clock_mono_ms(clock_real()) + timeout_ms;
    output_progress("asking AWS for secrets, functions and log groups");
    while (!discover_is_done(d)) {
        int64_t left = deadline - clock_mono_ms(clock_real());
        struct pollfd p[2] = {{.fd = discover_wake_fd(d), .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};
        if (left > 0)
            (void)poll(p, 2, left > 60000 ? 60000 : (int)left);
        if (p[0].revents & POLLIN)
            discover_wake_drain(d);
        bool quit = (p[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT);
        if (left > 0 && !quit)
            continue;
        output_progress(NULL);
        (void)fprintf(stderr, "credtop: %s; nothing was written\n",
                      quit ? "interrupted" : "AWS did not answer in time; --timeout gives it longer");
        return false;
    }
    output_progress(NULL);
    return true;
}

/* What is written must read back. */
static bool is_sound(const char *text, const char *path)
{
    char *mistakes = NULL;
    struct config *c = config_parse(text, strlen(text), path, &mistakes);
    if (!c)
        (void)fprintf(stderr, "credtop: what was found makes no configuration:\n%s", mistakes);
    free(mistakes);
    config_free(c);
    return c != NULL;
}

static int hand_over(const struct options *o, const char *text, const struct discovered *found)
{
    int status = found->troubles > 0 ? DISCOVER_INCOMPLETE : DISCOVER_WRITTEN;
    if (found->troubles > 0)
        (void)fprintf(stderr, "credtop: not everything could be read, as the comments say: %s\n",
                      found->trouble[0] ? found->trouble : "there is more than is taken");
    if (!is_sound(text, o->output ? o->output : "what was found"))
        return CLI_COULD_NOT_TELL;
    if (o->output) {
        if (!write_file(o->output, text))
            return CLI_COULD_NOT_TELL;
        (void)fprintf(stderr,
                      "credtop: %s: %zu environment%s; look at the guesses, then\nnext:  credtop --config %s doctor\n",
                      o->output, found->environments, found->environments == 1 ? "" : "s", o->output);
        return status;
    }
    struct strbuf out;
    strbuf_init(&out, OUTPUT_MAX);
    strbuf_str(&out, text);
    status = output_write(&out, "the configuration", status);
    strbuf_clear(&out);
    return status;
}

static int run(const struct options *o, const struct config *c, const char *const *regions, int signals_fd)
{
    struct discover_settings set = {
        .conf = c, .audit = o->audit || c->audit, .profile = o->profile, .regions = regions};
    struct why why = {0};
    struct discovered found;
    struct discover *d = discover_start(&set, &why);
    if (!d) {
        (void)fprintf(stderr, "credtop: cannot start: %s\n", why.text);
        return CLI_COULD_NOT_TELL;
    }
    int status = CLI_COULD_NOT_TELL;
    if (wait_done(d, o->timeout_ms, signals_fd)) {
        char *text = discover_text(d, &found);
        if (found.environments > 0) {
            status = hand_over(o, text, &found);
        } else if (found.asked && found.troubles == 0) {
            (void)fprintf(stderr, "credtop: no secret that speaks of a database was found; --region looks elsewhere\n");
            status = DISCOVER_NOTHING;
        } else {
            (void)fprintf(stderr,
                          "credtop: nothing was found: %s\nnext:  credtop doctor    what is missing, and what to do\n",
                          found.trouble);
        }
        free(text);
    }
    discover_stop(d);
    return status;
}

int discover_run(const struct options *o)
{
    struct stat st;
    const char *regions[REGIONS_MAX + 1];
    char *room = mem_copy_str(o->regions ? o->regions : "");
    int status = CLI_COULD_NOT_TELL, signals = -1;
    /* A configuration that is there already has the last word on audit mode and the journal. */
    struct configuration is = configuration_read(o->config_path);
    struct config *c = is.config ? is.config : config_blank();
    if (is.path && !is.config)
        (void)fprintf(stderr, "%scredtop: mend that first: it may forbid what discover asks\n",
                      is.mistakes ? is.mistakes : "");
    else if (o->output && lstat(o->output, &st) == 0) /* before AWS is asked; open() has the last word */
        (void)refuse_file(o->output, EEXIST);
    else if (read_regions(o->regions, room, regions) && (signals = signals_open()) >= 0)
        status = run(o, c, regions, signals);
    signals_close(signals);
    config_free(c);
    configuration_clear(&is);
    free(room);
    return status;
}
