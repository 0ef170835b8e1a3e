/* awsim: Secrets Manager, CloudWatch Logs and STS on 127.0.0.1, for tests and the
 * demo.  README.md in this folder is its contract.
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
    const char *seed, *port_file;
    int64_t port, lifetime_s, parent, latency_ms; /* lifetime and parent 0: none */
    bool quotas;
};

static const char usage[] =
    "awsim --seed FILE --port-file FILE [--port N] [--lifetime SECONDS] [--parent PID] [--latency MS]\n"
    "      [--quotas off|aws]\n";

static bool option_number(const char *name, const char *text, int64_t min, int64_t max, int64_t *out)
{
    if (str_to_i64(text, strlen(text), out) && *out >= min && *out <= max)
        return true;
    fprintf(stderr, "awsim: --%s must be a number from %lld to %lld\n", name, (long long)min, (long long)max);
    return false;
}

static bool options_read(int argc, char **argv, struct options *o)
{
    static const struct option rows[] = {
        {"seed", required_argument, NULL, 's'},   {"port-file", required_argument, NULL, 'f'},
        {"port", required_argument, NULL, 'p'},   {"lifetime", required_argument, NULL, 'l'},
        {"parent", required_argument, NULL, 'P'}, {"latency", required_argument, NULL, 'L'},
        {"quotas", required_argument, NULL, 'q'}, {NULL, 0, NULL, 0},
    };
    *o = (struct options){0};
    bool ok = true;
    for (int c; (c = getopt_long(argc, argv, "", rows, NULL)) != -1;) {
        switch (c) {
        case 's':
            o->seed = optarg;
            break;
        case 'f':
            o->port_file = optarg;
            break;
        case 'p':
            ok = option_number("port", optarg, 0, 65535, &o->port) && ok;
            break;
        case 'l':
            ok = option_number("lifetime", optarg, 1, 1000000000, &o->lifetime_s) && ok;
            break;
        case 'P':
            ok = option_number("parent", optarg, 1, INT32_MAX, &o->parent) && ok;
            break;
        case 'L':
            ok = option_number("latency", optarg, 0, 60000, &o->latency_ms) && ok;
            break;
        case 'q':
            o->quotas = strcmp(optarg, "aws") == 0;
            if (!o->quotas && strcmp(optarg, "off") != 0) {
                fprintf(stderr, "awsim: --quotas must be off or aws\n");
                ok = false;
            }
            break;
        default:
            ok = false;
            break;
        }
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

static int serve_until_end(struct sim *sim, const struct options *o, int signals)
{
    struct http_server *server = NULL;
    struct why why;
    int parent = parent_watch(o->parent);
    if (o->parent != 0 && parent < 0) {
        fprintf(stderr, "awsim: --parent %lld: there is no such process\n", (long long)o->parent);
        return EXIT_FAILURE;
    }
    if (http_server_start(sim, (uint16_t)o->port, &server, &why) != ERR_OK) {
        fprintf(stderr, "awsim: %s\n", why.text);
        return EXIT_FAILURE;
    }
    int status = EXIT_SUCCESS;
    if (write_port_file(o->port_file, http_server_port(server))) {
        wait_for_end(signals, parent, o->lifetime_s);
    } else {
        fprintf(stderr, "awsim: %s: cannot be written\n", o->port_file);
        status = EXIT_FAILURE;
    }
    http_server_stop(server);
    if (parent >= 0)
        close(parent);
    return status;
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
    sim->quotas = o.quotas;
    int status = EXIT_USAGE;
    if (seed_read(sim, o.seed, message, sizeof message))
        status = serve_until_end(sim, &o, signals);
    else
        fprintf(stderr, "awsim: %s\n", message);
    sim_free(sim);
    close(signals);
    return status;
}
