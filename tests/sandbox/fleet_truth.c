#include "tests/sandbox/fleet_truth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/base/strbuf.h"

#define TRUTH_MAX_BYTES (8 << 20)

static void add_counts(struct strbuf *b, const struct fleet_counts *c)
{
    const char *comma = "";
#define COUNT(name)                                                                                                    \
    strbuf_fmt(b, "%s\"" #name "\":%llu", comma, (unsigned long long)c->name);                                         \
    comma = ",";
#include "tests/sandbox/fleet_counts.def"
#undef COUNT
    (void)comma;
}

static void sum(struct fleet_counts *to, const struct fleet_counts *c)
{
#define COUNT(name) to->name += c->name;
#include "tests/sandbox/fleet_counts.def"
#undef COUNT
}

static void add_environment(struct strbuf *b, const struct fleet *f, size_t at)
{
    const struct fleet_env_settings *env = &f->settings.environments[at];
    struct fleet_counts total = {0};
    const char *comma = "";
    strbuf_fmt(b, "\"%s\":{\"rotated_ms\":%lld,\"containers\":[", env->name, (long long)f->rotated_ms[at]);
    for (size_t i = 0; i < f->n; i++) {
        const struct fleet_container *c = &f->containers[i];
        if (c->env != env || c->started_ms < 0)
            continue;
        strbuf_fmt(b, "%s\n  {\"stream\":\"%s\",\"state\":\"%s\",", comma, c->lines.stream, fleet_container_state(c));
        add_counts(b, &c->counts);
        strbuf_char(b, '}');
        sum(&total, &c->counts);
        comma = ",";
    }
    strbuf_str(b, "],\n \"total\":{");
    add_counts(b, &total);
    strbuf_str(b, "}}");
}

static int64_t newest_line_ms(const struct fleet *f)
{
    int64_t newest = -1;
    for (size_t i = 0; i < f->n; i++)
        if (f->containers[i].lines.last_ms > newest)
            newest = f->containers[i].lines.last_ms;
    return newest;
}

static enum err replace_file(const char *path, const struct strbuf *b, struct why *why)
{
    char temp[PATH_MAX];
    if (!str_fmt(temp, sizeof temp, "%s.new", path))
        return why_set(why, ERR_IO, "%s: path too long", path);
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return why_set(why, ERR_IO, "%s: %s", temp, strerror(errno));
    size_t done = 0;
    while (done < b->len) {
        ssize_t n = write(fd, b->s + done, b->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    int saved = errno;
    if (close(fd) != 0 || done < b->len)
        return why_set(why, ERR_IO, "%s: %s", temp, strerror(saved));
    if (rename(temp, path) != 0)
        return why_set(why, ERR_IO, "%s: %s", path, strerror(errno));
    return ERR_OK;
}

enum err fleet_truth_write(const struct fleet *f, const char *path, struct why *why)
{
    struct strbuf b;
    strbuf_init(&b, TRUTH_MAX_BYTES);
    strbuf_fmt(&b, "{\"quiet\":%s,\"until_ms\":%lld,\"environments\":{\n", f->paused ? "true" : "false",
               (long long)newest_line_ms(f));
    for (size_t i = 0; i < f->settings.n; i++) {
        strbuf_str(&b, i > 0 ? ",\n" : "");
        add_environment(&b, f, i);
    }
    strbuf_str(&b, "}}\n");
    enum err err = strbuf_cut(&b) ? why_set(why, ERR_TOO_BIG, "the truth is over %d bytes", TRUTH_MAX_BYTES)
                                  : replace_file(path, &b, why);
    strbuf_clear(&b);
    return err;
}
