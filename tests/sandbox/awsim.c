/* awsim: AWS on 127.0.0.1, as far as credtop uses it, for tests and the demo.
 *  README.md in this folder is its contract.
 *
 * The main thread waits for a signal, the parent's end or the end of its lifetime;
 * libmicrohttpd's threads do the rest.  Nothing is logged. */
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "tests/sandbox/awsim_http.h"
#include "tests/sandbox/awsim_seed.h"

enum { EXIT_USAGE = 2 };

struct options {
    const char *seed, *port_file, *plain_port_file, *tls_cert, *tls_key;
    int64_t port, lifetime_s, parent, latency_ms; /* lifetime and parent 0: none */
    int64_t clock_offset_ms;
    bool quotas;
    double quota_scale;
};

static const char usage[] =
    "awsim --seed FILE --port-file FILE [--port N] [--lifetime SECONDS] [--parent PID] [--latency MS]\n"
    "      [--quotas off|aws] [--quota-scale X] [--clock-offset MS]\n"
    "      [--tls-cert FILE --tls-key FILE [--plain-port-file FILE]]\n";

static bool option_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out)
{
    if (str_to_i64(text, strlen(text), out) && *out >= min && *out <= max)
        return true;
    fprintf(stderr, "awsim: --%s must be a number from %lld to %lld\n", name, (long long)min, (long long)max);
    return false;
}

/* 0.1 or 2: at most three digits before and behind the point. */
static bool option_scale(const char *text, double *out)
{
    const char *point = strchr(text, '.');
    size_t whole = point ? (size_t)(point - text) : strlen(text), parts = point ? strlen(point + 1) : 0;
    int64_t high = 0, low = 0;
    bool ok = whole >= 1 && whole <= 3 && parts <= 3 && str_to_i64(text, whole, &high) && high >= 0 &&
              (parts == 0 || (point[1] != '-' && str_to_i64(point + 1, parts, &low)));
    *out = (double)high;
    for (double unit = 1; ok && parts > 0; parts--) {
        unit *= 10;
        if (parts == 1)
            *out += (double)low / unit;
    }
    if (ok && *out > 0)
        return true;
    fprintf(stderr, "awsim: --quota-scale must be a number like 0.5, more than 0 and less than 1000\n");
    return false;
}

static bool option_quotas(const char *text, bool *out)
{
    *out = strcmp(text, "aws") == 0;
    if (*out || strcmp(text, "off") == 0)
        return true;
    fprintf(stderr, "awsim: --quotas must be off or aws\n");
    return false;
}

static bool option_set(struct options *o, int c, const char *text)
{
    switch (c) {
    case 's':
        o->seed = text;
        return true;
    case 'f':
        o->port_file = text;
        return true;
    case 'F':
        o->plain_port_file = text;
        return true;
    case 'c':
        o->tls_cert = text;
        return true;
    case 'k':
        o->tls_key = text;
        return true;
    case 'p':
        return option_number("port", text, 0, 65535, &o->port);
    case 'l':
        return option_number("lifetime", text, 1, 1000000000, &o->lifetime_s);
    case 'P':
        return option_number("parent", text, 1, INT32_MAX, &o->parent);
    case 'L':
        return option_number("latency", text, 0, 60000, &o->latency_ms);
    case 'o':
        return option_number("clock-offset", text, -1000000000000, 1000000000000, &o->clock_offset_ms);
    case 'S':
        return option_scale(text, &o->quota_scale);
    case 'q':
        return option_quotas(text, &o->quotas);
    default:
        return false;
    }
}

static bool options_read(int argc, char **argv, struct options *o)
{
    static const struct option rows[] = {
        {"seed", required_argument, NULL, 's'},
        {"port-file", required_argument, NULL, 'f'},
        {"plain-port-file", required_argument, NULL, 'F'},
        {"tls-cert", required_argument, NULL, 'c'},
        {"tls-key", required_argument, NULL, 'k'},
        {"port", required_argument, NULL, 'p'},
        {"lifetime", required_argument, NULL, 'l'},
        {"parent", required_argument, NULL, 'P'},
        {"latency", required_argument, NULL, 'L'},
        {"clock-offset", required_argument, NULL, 'o'},
        {"quotas", required_argument, NULL, 'q'},
        {"quota-scale", required_argument, NULL, 'S'},
        {NULL, 0, NULL, 0},
    };
    *o = (struct options){.quota_scale = 1};
    bool ok = true;
    for (int c; (c = getopt_long(argc, argv, "", rows, NULL)) != -1;)
        ok = option_set(o, c, optarg) && ok;
    if (!o->tls_cert != !o->tls_key || (o->plain_port_file && !o->tls_cert)) {
        fprintf(stderr, "awsim: --tls-cert and --tls-key belong together, and --plain-port-file to them\n");
        ok = false;
    }
    if (ok && o->seed && o->port_file && optind == argc)
        return true;
    fputs(usage, stderr);
    return false;
}

/* Whole or not at all: a reader never sees half a number. */
static bool write_port_file(const char *file, uint16_t port)
{
    char temporary[4096], text[16];
    if (!str_fmt(temporary, sizeof temporary, "%s.%ld", file, (long)getpid()))
        return false;
    str_fmt(text, sizeof text, "%u\n", port);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    size_t n = strlen(text);
    bool ok = write(fd, text, n) == (ssize_t)n;
    ok = close(fd) == 0 && ok;
    if (ok && rename(temporary, file) == 0)
        return true;
    (void)unlink(temporary);
    return false;
}

static int parent_watch(int64_t pid)
{
    return pid == 0 ? -1 : (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

static void wait_for_end(int signals, int parent, int64_t lifetime_s)
{
    struct pollfd fds[2] = {{.fd = signals, .events = POLLIN}, {.fd = parent, .events = POLLIN}};
    int64_t end = clock_mono_ms(clock_real()) + lifetime_s * 1000;
    for (;;) {
        int64_t left = lifetime_s == 0 ? -1 : end - clock_mono_ms(clock_real());
        if (lifetime_s != 0 && left <= 0)
            return;
        if (left > 3600000)
            left = 3600000;
        if (poll(fds, 2, (int)left) > 0)
            return;
    }
}

/* The ports: one, or with TLS another one beside it that is not. */
struct ports {
    struct http_server *main, *plain;
};

static bool ports_open(struct sim *sim, const struct options *o, struct ports *out)
{
    struct http_tls tls = {o->tls_cert, o->tls_key};
    struct why why;
    *out = (struct ports){0};
    if (http_server_start(sim, (uint16_t)o->port, o->tls_cert ? &tls : NULL, &out->main, &why) != ERR_OK ||
        (o->plain_port_file && http_server_start(sim, 0, NULL, &out->plain, &why) != ERR_OK)) {
        fprintf(stderr, "awsim: %s\n", why.text);
        return false;
    }
    const char *failed = NULL;
    if (out->plain && !write_port_file(o->plain_port_file, http_server_port(out->plain)))
        failed = o->plain_port_file;
    else if (!write_port_file(o->port_file, http_server_port(out->main)))
        failed = o->port_file;
    if (failed)
        fprintf(stderr, "awsim: %s: cannot be written\n", failed);
    return !failed;
}

static void ports_close(struct ports *p)
{
    if (p->main)
        http_server_stop(p->main);
    if (p->plain)
        http_server_stop(p->plain);
}

static int serve_until_end(struct sim *sim, const struct options *o, int signals)
{
    struct ports ports;
    int parent = parent_watch(o->parent);
    if (o->parent != 0 && parent < 0) {
        fprintf(stderr, "awsim: --parent %lld: there is no such process\n", (long long)o->parent);
        return EXIT_FAILURE;
    }
    bool open = ports_open(sim, o, &ports);
    if (open)
        wait_for_end(signals, parent, o->lifetime_s);
    ports_close(&ports);
    if (parent >= 0)
        close(parent);
    return open ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!options_read(argc, argv, &o))
        return EXIT_USAGE;
    json_object_seed(0); /* before threads: the first object would race for it */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0)
        return EXIT_FAILURE;

    char message[600];
    struct sim *sim = sim_new();
    sim->latency_ms = (int)o.latency_ms;
    sim->quota_scale = o.quotas ? o.quota_scale : 0;
    sim->clock_offset_ms = o.clock_offset_ms;
    int status = EXIT_USAGE;
    if (seed_read(sim, o.seed, message, sizeof message))
        status = serve_until_end(sim, &o, signals);
    else
        fprintf(stderr, "awsim: %s\n", message);
    sim_free(sim);
    close(signals);
    return status;
}
