#include "ui/cli/doctor.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/doctor.h"
#include "backend/journal_view.h"
#include "ui/cli/configuration.h"
#include "ui/cli/output.h"
#include "ui/format.h"
#include "ui/signals.h"

#define OUTPUT_MAX (1u << 20)
#define LINE_MAX_BYTES 1200
#define NEXT_MAX 12
#define SKEW_NOTED_MS 5000
#define SKEW_REFUSED_MS (5 * 60 * 1000) /* AWS turns signatures away that are this far off */

struct report {
    struct strbuf out;
    size_t count[4]; /* by enum finding_level */
    struct {
        char words[240], subjects[120];
    } next[NEXT_MAX]; /* each once, with whom it is about */
    size_t nnext, left_out;
    size_t width;   /* of the subject's column */
    size_t columns; /* of the terminal; 0: lines are as long as they are */
    int status;     /* CLI_COULD_NOT_TELL once nothing can be written */
};

/* ---------------------------------------------------------------- writing */

static void flush(struct report *r)
{
    if (r->status == 0 && r->out.len > 0)
        r->status = output_write(&r->out, "what was found", 0);
    strbuf_reset(&r->out);
}

static void add_next(struct report *r, const char *subject, const char *next)
{
    size_t i = 0;
    while (i < r->nnext && strcmp(r->next[i].words, next) != 0)
        i++;
    if (i == NEXT_MAX) {
        r->left_out++;
        return;
    }
    char *subjects = r->next[i].subjects;
    size_t n = strlen(subjects), size = sizeof r->next[i].subjects;
    if (i == r->nnext) {
        r->nnext++;
        (void)str_copy(r->next[i].words, sizeof r->next[i].words, next);
        (void)str_copy(subjects, size, subject);
    } else if (n > 4 && strcmp(subjects + n - 3, "...") == 0) {
        return; /* said already that there are more */
    } else if (n + strlen(subject) + 8 < size) {
        (void)str_fmt(subjects + n, size - n, ", %s", subject);
    } else {
        (void)str_fmt(subjects + n, size - n, ", ...");
    }
}

/* Behind what stands in the first `indent` columns; on a terminal wrapped between words. */
static void put_wrapped(struct report *r, const char *text, size_t indent)
{
    size_t room = r->columns > indent + 20 ? r->columns - indent : SIZE_MAX;
    while (text_width(text) > room) {
        size_t used, n = text_fit(text, room, &used), cut = n;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        n = cut > 0 ? cut : n;
        strbuf_add(&r->out, text, n);
        strbuf_fmt(&r->out, "\n%*s", (int)indent, "");
        text += n + (text[n] == ' ');
    }
    strbuf_fmt(&r->out, "%s\n", text);
}

static void tell(struct report *r, enum finding_level level, const char *subject, const char *next, const char *fmt,
                 ...) FORMAT(5, 6);

static void tell(struct report *r, enum finding_level level, const char *subject, const char *next, const char *fmt,
                 ...)
{
    static const char *const marks[] = {"[ok]", "[--]", "[warn]", "[fail]"};
    char text[LINE_MAX_BYTES], safe[LINE_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    text_safe(safe, sizeof safe, text, n < 0 ? 0 : strnlen(text, sizeof text));
    strbuf_fmt(&r->out, "%-6s %-*s ", marks[level], (int)r->width, subject);
    put_wrapped(r, safe, r->width + 8);
    r->count[level]++;
    if (next && *next)
        add_next(r, subject, next);
}

/* ---------------------------------------------------------- this machine */

static void look_at_terminal(struct report *r)
{
    const char *term = getenv("TERM"), *ssh = getenv("SSH_CONNECTION");
    struct winsize w = {0};
    char from[64] = "";
    bool utf8 = format_utf8_by_environment();
    if (ssh && *ssh)
        (void)str_fmt(from, sizeof from, ", from ssh %.*s", (int)strcspn(ssh, " "), ssh);
    if (!isatty(STDIN_FILENO) || ioctl(STDIN_FILENO, TIOCGWINSZ, &w) != 0)
        tell(r, FINDING_NOTE, "terminal", NULL,
             "standard input is none: the dashboard needs one, the other commands do not");
    else if (!term || !*term || strcmp(term, "dumb") == 0)
        tell(r, FINDING_WARN, "terminal", "give TERM, as xterm-256color; the other commands need none",
             "TERM is %s: the dashboard cannot draw on it", term && *term ? term : "not set");
    else if (w.ws_row > 0 && (w.ws_row < 15 || w.ws_col < 60))
        tell(r, FINDING_WARN, "terminal", "make it 60x15 or larger", "%s %dx%d%s: too small to show all of a screen",
             term, w.ws_col, w.ws_row, from);
    else
        tell(r, FINDING_OK, "terminal", NULL, "%s %dx%d, %s%s", term, w.ws_col, w.ws_row, utf8 ? "UTF-8" : "ASCII",
             from);
}

static void look_at_clock(struct report *r, const struct doctor *d)
{
    int64_t skew_ms, off_ms;
    if (!doctor_skew_ms(d, &skew_ms)) {
        tell(r, FINDING_NOTE, "clock", NULL, "not compared: AWS has not answered");
        return;
    }
    off_ms = skew_ms < 0 ? -skew_ms : skew_ms;
    const char *side = skew_ms > 0 ? "behind" : "ahead of";
    if (off_ms >= SKEW_REFUSED_MS)
        tell(r, FINDING_WARN, "clock", "set the clock (timedatectl set-ntp true)",
             "%lld s %s AWS; credtop corrects its signatures, other programs are refused", (long long)(off_ms / 1000),
             side);
    else if (off_ms >= SKEW_NOTED_MS)
        tell(r, FINDING_WARN, "clock", "set the clock (timedatectl set-ntp true)", "%lld s %s AWS",
             (long long)(off_ms / 1000), side);
    else
        tell(r, FINDING_OK, "clock", NULL, "within %d s of AWS", SKEW_NOTED_MS / 1000);
}

static void look_at_memory(struct report *r)
{
    if (doctor_memory_locked())
        tell(r, FINDING_OK, "memory", NULL, "what holds passwords is locked: it cannot reach a swap device");
    else
        tell(r, FINDING_WARN, "memory", "raise the limit: ulimit -l 1024, or LimitMEMLOCK",
             "what holds passwords cannot be locked: it may reach a swap device");
}

/* The nearest folder above `path` that exists decides whether it can be made. */
static void look_at_journal(struct report *r, const struct config *c)
{
    char path[4096], folder[4096];
    struct why why = {0};
    if (c->journal && strcmp(c->journal, "off") == 0) {
        tell(r, FINDING_WARN, "journal", "take journal = off out of [credtop]", "off: orders leave no trace here");
        return;
    }
    if (!journal_place(c->journal, path, sizeof path, &why)) {
        tell(r, FINDING_FAIL, "journal", "give journal = PATH in [credtop], or HOME",
             "%s; without a journal nothing that reveals or changes is sent", why.text);
        return;
    }
    (void)str_copy(folder, sizeof folder, path);
    for (char *slash = strrchr(folder, '/'); slash && slash != folder; slash = strrchr(folder, '/')) {
        *slash = '\0';
        if (access(folder, F_OK) == 0)
            break;
    }
    const char *what = access(path, F_OK) == 0 ? path : folder[0] ? folder : "/";
    if (access(what, W_OK) == 0)
        tell(r, FINDING_OK, "journal", NULL, "%s", path);
    else
        tell(r, FINDING_FAIL, "journal", "make its folder writable for you, or give journal = PATH in [credtop]",
             "%s: %s: %s; nothing that reveals or changes is sent", path, what, strerror(errno));
}

static const char *owner_words(const char *path, char out[64])
{
    struct stat st;
    if (stat(path, &st) != 0)
        return "";
    if (st.st_uid == 0)
        return ", root's";
    (void)str_fmt(out, 64, st.st_uid == geteuid() ? ", yours" : ", of user %u", (unsigned)st.st_uid);
    return out;
}

static void look_at_configuration(struct report *r, const struct configuration *c)
{
    char owner[64];
    if (c->config) {
        tell(r, FINDING_OK, "config", NULL, "%s%s, %zu environment%s", c->path, owner_words(c->path, owner),
             c->config->nenvironments, c->config->nenvironments == 1 ? "" : "s");
        return;
    }
    if (!c->path) {
        tell(r, FINDING_FAIL, "config",
             "credtop discover --output ~/.config/credtop/credtop.conf writes one from what the account has",
             "there is none; looked at: %s", c->tried ? c->tried : "");
        return;
    }
    for (const char *p = c->mistakes ? c->mistakes : ""; *p;
         p += p[strcspn(p, "\n")] ? strcspn(p, "\n") + 1 : strcspn(p, "\n"))
        tell(r, FINDING_FAIL, "config", "mend the lines named; credtop config check tells when it is well", "%.*s",
             (int)strcspn(p, "\n"), p);
}

/* --------------------------------------------------------- environments */

static void put_part(struct report *r, const char *name, const struct doctor_part *part)
{
    for (size_t i = 0; i < part->n; i++)
        tell(r, part->findings[i].level, name, part->findings[i].next, "%s", part->findings[i].text);
    flush(r);
}

static void show_progress(const struct doctor *d)
{
    size_t done = 0;
    char words[64];
    for (size_t i = 0; i < doctor_parts(d); i++)
        done += doctor_part(d, i) != NULL;
    (void)str_fmt(words, sizeof words, "asking: %zu of %zu environments", done, doctor_parts(d));
    output_progress(words);
}

/* In the configuration's order, each as soon as it and those before it are done. */
static bool look_at_environments(struct report *r, struct doctor *d, const struct config *c, int64_t timeout_ms,
                                 int signals_fd)
{
    int64_t deadline = clock_mono_ms(clock_real()) + timeout_ms;
    bool clock_told = false;
    for (size_t i = 0; i < doctor_parts(d);) {
        const struct doctor_part *part = doctor_part(d, i);
        const char *name = c->nenvironments > 0 ? c->environments[i].name : "AWS";
        int64_t left = deadline - clock_mono_ms(clock_real());
        if (!part && left > 0) {
            struct pollfd p[2] = {{.fd = doctor_wake_fd(d), .events = POLLIN}, {.fd = signals_fd, .events = POLLIN}};
            show_progress(d);
            (void)poll(p, 2, left > 60000 ? 60000 : (int)left);
            if (p[0].revents & POLLIN)
                doctor_wake_drain(d);
            if ((p[1].revents & POLLIN) && (signals_read(signals_fd) & SIGNALS_QUIT))
                return false;
            continue;
        }
        if (!clock_told)
            look_at_clock(r, d);
        clock_told = true;
        if (part)
            put_part(r, name, part);
        else
            tell(r, FINDING_FAIL, name, "--timeout gives it longer", "not done within %lld s",
                 (long long)(timeout_ms / 1000));
        i++;
    }
    return true;
}

static void put_untried(struct report *r, bool audit)
{
    char names[400];
    doctor_untried(audit, names, sizeof names);
    if (audit)
        tell(r, FINDING_NOTE, "calls", NULL, "never sent in audit mode: %s", names);
    else
        tell(r, FINDING_NOTE, "calls", NULL, "not tried, since they reveal or change: %s", names);
}

static void put_next(struct report *r, bool configured)
{
    const char *word = "next:";
    for (size_t i = 0; i < r->nnext; i++, word = "") {
        char line[sizeof r->next[i] + 4];
        strbuf_fmt(&r->out, "%-6s ", word);
        (void)str_fmt(line, sizeof line, "%s: %s", r->next[i].subjects, r->next[i].words);
        put_wrapped(r, line, 7);
    }
    if (r->left_out > 0)
        strbuf_fmt(&r->out, "       and %zu more\n", r->left_out);
    if (configured && r->count[FINDING_FAIL] == 0)
        strbuf_fmt(&r->out,
                   "%-6s credtop            open the dashboard\n       credtop --audit    the same, read-only\n", word);
}

static size_t subject_width(const struct config *c)
{
    size_t width = 8;
    for (size_t i = 0; i < c->nenvironments; i++)
        width = strlen(c->environments[i].name) > width ? strlen(c->environments[i].name) : width;
    return width > 24 ? 24 : width;
}

static int run(struct report *r, const struct options *o, const struct configuration *found, const struct config *c,
               int signals_fd)
{
    struct why why = {0};
    char iso[25];
    clock_iso(clock_wall_ms(clock_real()), iso);
    strbuf_fmt(&r->out, "credtop " CREDTOP_VERSION " doctor, %s%s\n", iso, o->audit || c->audit ? ", audit mode" : "");
    look_at_terminal(r);
    look_at_configuration(r, found);
    look_at_journal(r, c);
    look_at_memory(r);
    flush(r);
    struct doctor *d = doctor_start(c, o->audit || c->audit, &why);
    bool whole = d && look_at_environments(r, d, c, o->timeout_ms, signals_fd);
    doctor_stop(d);
    output_progress(NULL);
    if (!d)
        tell(r, FINDING_FAIL, "AWS", NULL, "cannot ask: %s", why.text);
    put_untried(r, o->audit || c->audit);
    put_next(r, found->config != NULL);
    flush(r);
    if (d && !whole)
        (void)fprintf(stderr, "credtop: interrupted before everything was looked at\n");
    if (r->status != 0 || (d && !whole))
        return CLI_COULD_NOT_TELL;
    return r->count[FINDING_FAIL] > 0 ? 2 : r->count[FINDING_WARN] > 0 ? 1 : 0;
}

int doctor_run(const struct options *o)
{
    struct configuration found = configuration_read(o->config_path);
    struct config *blank = found.config ? NULL : config_blank();
    const struct config *c = found.config ? found.config : blank;
    struct winsize w = {0};
    bool sized = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0;
    struct report r = {.width = subject_width(c), .columns = sized ? w.ws_col : 0};
    int signals = signals_open();
    int status = CLI_COULD_NOT_TELL;
    journal_view_init();
    strbuf_init(&r.out, OUTPUT_MAX);
    if (signals < 0)
        (void)fprintf(stderr, "credtop: cannot start: %s\n", strerror(errno));
    else
        status = run(&r, o, &found, c, signals);
    signals_close(signals);
    strbuf_clear(&r.out);
    config_free(found.config);
    config_free(blank);
    configuration_clear(&found);
    return status;
}
