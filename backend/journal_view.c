#include "backend/journal_view.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "backend/actions/journal.h"
#include "backend/actions/journal_line.h"
#include "backend/aws/json.h"
#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "config/state.h"

#define PATH_SIZE 4100
#define ROOM (2 * JOURNAL_TORN_MAX)
#define LOCK_TRIES 2000
#define LOCK_LOOK_MS 5

void journal_view_init(void)
{
    json_global_init();
}

bool journal_place(const char *configured, char *out, size_t size, struct why *why)
{
    if (configured != NULL ? str_copy(out, size, configured) : state_path("journal.jsonl", out, size))
        return true;
    (void)why_set(why, ERR_SETTING,
                  "there is no place for a journal: set HOME, or journal = PATH in the configuration");
    return false;
}

/* ------------------------------------------------------------------ reader */

struct journal_reader {
    char path[PATH_SIZE], name[PATH_SIZE]; /* name: of the file in hand */
    bool follow;
    int fds[JOURNAL_FILES];    /* by their number; -1 none, or read */
    off_t left[JOURNAL_FILES]; /* bytes to read, as of the opening */
    unsigned at, oldest;       /* the file in hand */
    int line;
    size_t start, end; /* of what is in the room */
    int broken;        /* errno of a read; -1: a file became shorter meanwhile */
    char room[ROOM];
};

/* A shared lock on the folder, so that no file moves on while they are opened. */
static int lock_folder(const char *path, struct cancel *cancel, struct why *why)
{
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    (void)str_copy_n(folder, sizeof folder, path, slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path));
    int fd = open(folder[0] != '\0' ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        (void)why_set(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "the journal %s: its folder: %s", path,
                      strerror(errno));
        return -1;
    }
    for (int i = 0; flock(fd, LOCK_SH | LOCK_NB) != 0; i++) {
        int failed = errno;
        bool cancelled = cancel_is_set(cancel);
        if (failed == EWOULDBLOCK && i < LOCK_TRIES && !cancelled) {
            (void)cancel_wait_fd(cancel, -1, 0, clock_mono_ms(clock_real()) + LOCK_LOOK_MS);
            continue;
        }
        (void)why_set(why, cancelled ? ERR_CANCELLED : ERR_IO, "the journal %s: lock: %s", path, strerror(failed));
        close(fd);
        return -1;
    }
    return fd;
}

static bool open_one(struct journal_reader *r, unsigned i, struct why *why)
{
    struct stat st;
    if (!journal_file_name(r->path, i, r->name, sizeof r->name))
        return why_set(why, ERR_IO, "the journal's path is too long") == ERR_OK;
    r->fds[i] = open(r->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (r->fds[i] < 0 && errno == ENOENT)
        return true;
    if (r->fds[i] < 0 || fstat(r->fds[i], &st) != 0)
        return why_set(why, ERR_IO, "the journal %s: %s", r->name,
                       errno == ELOOP ? "is a symbolic link" : strerror(errno)) == ERR_OK;
    if (!S_ISREG(st.st_mode))
        return why_set(why, ERR_IO, "the journal %s: is not a plain file", r->name) == ERR_OK;
    r->left[i] = st.st_size;
    r->oldest = i;
    r->at = i;
    return true;
}

struct journal_reader *journal_reader_new(const char *path, bool follow, struct cancel *cancel, struct why *why)
{
    struct journal_reader *r = mem_new(sizeof *r);
    int lock = lock_folder(path, cancel, why);
    bool good =
        lock >= 0 && (str_copy(r->path, sizeof r->path, path) || why_set(why, ERR_IO, "path too long") == ERR_OK);
    r->follow = follow;
    r->at = JOURNAL_FILES;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        r->fds[i] = -1;
    for (unsigned i = 0; i < JOURNAL_FILES && good; i++)
        good = open_one(r, i, why);
    if (lock >= 0)
        close(lock);
    if (good && r->at == JOURNAL_FILES) {
        (void)why_set(why, ERR_NOT_FOUND, "there is no journal %s", path);
        good = false;
    }
    if (!good)
        return journal_reader_free(r);
    (void)journal_file_name(r->path, r->at, r->name, sizeof r->name);
    return r;
}

struct journal_reader *journal_reader_free(struct journal_reader *r)
{
    if (r == NULL)
        return NULL;
    for (unsigned i = 0; i < JOURNAL_FILES; i++)
        if (r->fds[i] >= 0)
            close(r->fds[i]);
    free(r);
    return NULL;
}

unsigned journal_reader_oldest(const struct journal_reader *r)
{
    return r->oldest;
}

enum err journal_reader_error(const struct journal_reader *r, struct why *why)
{
    if (r->broken == 0)
        return ERR_OK;
    return why_set(why, ERR_IO, "the journal %s: %s", r->name,
                   r->broken > 0 ? strerror(r->broken) : "became shorter while it was read");
}

/* More bytes of the file in hand; false at its end. */
static bool fill(struct journal_reader *r)
{
    memmove(r->room, r->room + r->start, r->end - r->start);
    r->end -= r->start;
    r->start = 0;
    size_t n = ROOM - r->end;
    if (!r->follow && r->left[r->at] < (off_t)n)
        n = (size_t)r->left[r->at];
    ssize_t k = n > 0 ? read(r->fds[r->at], r->room + r->end, n) : 0;
    while (k < 0 && errno == EINTR)
        k = read(r->fds[r->at], r->room + r->end, n);
    if (k < 0 || (k == 0 && n > 0 && !r->follow))
        r->broken = k < 0 ? errno : -1;
    if (k <= 0)
        return false;
    r->end += (size_t)k;
    r->left[r->at] -= k;
    return true;
}

/* The file that took the place of the one in hand, if it has moved on. */
static bool next_of_followed(struct journal_reader *r)
{
    struct stat ours, theirs;
    if (!r->follow || r->start < r->end || fstat(r->fds[0], &ours) != 0 || stat(r->path, &theirs) != 0 ||
        (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev))
        return false;
    close(r->fds[0]);
    r->line = 0;
    return open_one(r, 0, NULL) && r->fds[0] >= 0;
}

static bool next_file(struct journal_reader *r)
{
    unsigned i = r->at;
    while (i > 0 && r->fds[i - 1] < 0)
        i--;
    if (i == 0)
        return r->at == 0 && r->fds[0] >= 0 && next_of_followed(r);
    r->at = i - 1;
    r->line = 0;
    return journal_file_name(r->path, r->at, r->name, sizeof r->name);
}

static bool is_last(const struct journal_reader *r)
{
    for (unsigned i = 0; i < r->at; i++)
        if (r->fds[i] >= 0)
            return false;
    return true;
}

static bool give(struct journal_reader *r, size_t n, bool fed, struct journal_text *out)
{
    *out = (struct journal_text){
        .file = r->name, .line = ++r->line, .bytes = r->room + r->start, .n = n, .fed = fed, .last_file = is_last(r)};
    r->start += n + (fed ? 1 : 0);
    return true;
}

bool journal_reader_next(struct journal_reader *r, struct journal_text *out)
{
    for (;;) {
        size_t n = r->end - r->start;
        const char *feed = n > 0 ? memchr(r->room + r->start, '\n', n) : NULL;
        if (feed != NULL)
            return give(r, (size_t)(feed - r->room) - r->start, true, out);
        if (n > JOURNAL_TORN_MAX) /* no line of ours: given in pieces, which nobody takes for one */
            return give(r, n, false, out);
        if (fill(r))
            continue;
        if (n > 0 && (!r->follow || !is_last(r)))
            return give(r, n, false, out);
        if (!next_file(r))
            return false;
    }
}

/* --------------------------------------------------------------------- rows */

bool journal_row_read(const char *bytes, size_t n, struct journal_row *out)
{
    struct journal_seal seal;
    size_t len;
    if (journal_line_read(bytes, n, &seal) == JOURNAL_UNREADABLE)
        return false;
    json_t *o = json_read_object(bytes, n, NULL);
    if (o == NULL)
        return false;
    *out = (struct journal_row){.seq = seal.seq};
    const char *time = json_text(o, "time", &len);
    const json_t *order = json_object_get(o, "order");
    bool good =
        time != NULL && clock_parse_iso(time, len, &out->time_ms) && json_safe(o, "kind", out->kind, sizeof out->kind);
    out->order = json_is_integer(order) && json_integer_value(order) > 0 ? (uint64_t)json_integer_value(order) : 0;
    (void)json_safe(o, "login", out->login, sizeof out->login);
    (void)json_safe(o, "client", out->client, sizeof out->client);
    (void)json_safe(o, "env", out->env, sizeof out->env);
    (void)json_safe(o, "name", out->name, sizeof out->name);
    (void)json_safe(o, "operation", out->operation, sizeof out->operation);
    (void)json_safe(o, "resource", out->resource, sizeof out->resource);
    (void)json_safe(o, "request_id", out->request_id, sizeof out->request_id);
    (void)json_safe(o, "version_before", out->version_before, sizeof out->version_before);
    (void)json_safe(o, "version_after", out->version_after, sizeof out->version_after);
    (void)json_safe(o, "words", out->words, sizeof out->words);
    json_decref(o);
    return good && out->kind[0] != '\0';
}
