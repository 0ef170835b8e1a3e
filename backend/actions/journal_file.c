#include "backend/actions/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "backend/base/clock.h"
#include "backend/base/mem.h"
#include "config/state.h"

#define PATH_MAX_BYTES 4096
#define WINDOW (JOURNAL_TORN_MAX + JOURNAL_LINE_MAX + 2)
#define LOCK_LOOK_MS 2
#define GRACE_MS 50 /* once cancelled: what others do under the lock takes less */

static enum err failed(const struct journal_file *f, struct why *why, const char *what)
{
    return why_set(why, ERR_IO, "the journal cannot be written: %s: %s%s", f->path, what,
                   errno == ELOOP ? "it is a symbolic link; a plain file is allowed" : strerror(errno));
}

static enum err refused(const struct journal_file *f, struct why *why, const char *words)
{
    return why_set(why, ERR_IO, "the journal cannot be written: %s: %s", f->path, words);
}

/* ------------------------------------------------------------ folder, lock */

/* Every folder on the way; those that are missing are made for us alone. */
static enum err open_folder(struct journal_file *f, struct why *why)
{
    char folder[PATH_MAX_BYTES];
    const char *slash = strrchr(f->path, '/');
    if (f->path[0] != '/' || slash[1] == '\0')
        return refused(f, why, "is not the absolute path of a file");
    f->base = slash + 1;
    if (!str_copy_n(folder, sizeof folder, f->path, slash == f->path ? 1 : (size_t)(slash - f->path)))
        return refused(f, why, "is too long");
    size_t failed_at;
    if (!state_folders(f->path, &failed_at))
        return failed(f, why, "its folder: ");
    f->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return f->dir >= 0 ? ERR_OK : failed(f, why, "its folder: ");
}

static enum err take_lock(struct journal_file *f, int64_t patience_ms, struct cancel *c, struct why *why)
{
    int64_t until = clock_mono_ms(clock_real()) + patience_ms;
    while (flock(f->dir, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return failed(f, why, "lock: ");
        int64_t now = clock_mono_ms(clock_real());
        if (c != NULL && cancel_is_set(c)) {
            until = until < now + GRACE_MS ? until : now + GRACE_MS;
            c = NULL;
        }
        if (now >= until)
            return refused(f, why, "another process keeps its lock");
        (void)poll(NULL, 0, LOCK_LOOK_MS);
    }
    return ERR_OK;
}

/* O_NONBLOCK: a pipe under this name must not hold us. */
static enum err open_file(struct journal_file *f, struct why *why)
{
    struct stat st;
    f->fd = openat(f->dir, f->base, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (f->fd < 0 || fstat(f->fd, &st) != 0)
        return failed(f, why, "");
    if (!S_ISREG(st.st_mode))
        return refused(f, why, "is not a plain file");
    f->size = st.st_size;
    return ERR_OK;
}

/* ----------------------------------------------------------------- the end */

static bool read_at(int fd, char *to, size_t n, off_t at)
{
    while (n > 0) {
        ssize_t k = pread(fd, to, n, at);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        to += k;
        n -= (size_t)k;
        at += k;
    }
    return true;
}

/* Where the last whole line ends (without its line feed); false: none in these bytes.  A
 * line that was altered is passed on as it is: skipping it would hide the change. */
static bool last_whole(const char *bytes, size_t n, bool from_start, size_t *out_end, struct journal_seal *out)
{
    size_t end = n;
    if (end > 0 && bytes[end - 1] == '\n')
        end--;
    for (;;) {
        const char *feed = end > 0 ? memrchr(bytes, '\n', end) : NULL;
        size_t start = feed != NULL ? (size_t)(feed - bytes) + 1 : 0;
        if (start == 0 && !from_start)
            return false;
        if (journal_line_read(bytes + start, end - start, out) != JOURNAL_UNREADABLE) {
            *out_end = end;
            return true;
        }
        if (start == 0)
            return false;
        end = start - 1;
    }
}

/* What stands behind the last whole line.  What a crash tore has no line feed; what has
 * one was somebody's doing, and no line vouches for it. */
static void note_rest(struct journal_file *f, const char *bytes, size_t n, size_t from)
{
    f->line_feed = n > 0 && bytes[n - 1] != '\n';
    f->torn = from < n && f->line_feed;
    if (f->torn) {
        f->torn_bytes = n - from;
        journal_hash(bytes + from, f->torn_bytes, f->torn_hash);
    }
}

/* The last line of the newest file that moved on: of a new journal there is none. */
static enum err end_of_older(struct journal_file *f, char *room, struct why *why)
{
    char name[NAME_MAX + 1];
    struct journal_seal seal;
    for (unsigned i = 1; i < JOURNAL_FILES; i++) {
        struct stat st;
        size_t end;
        if (!journal_file_name(f->base, i, name, sizeof name))
            return refused(f, why, "its name is too long");
        int fd = openat(f->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 && errno == ENOENT)
            continue;
        bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
        size_t n = good && st.st_size > 0 ? (st.st_size < WINDOW ? (size_t)st.st_size : WINDOW) : 0;
        good = good && read_at(fd, room, n, st.st_size - (off_t)n) &&
               last_whole(room, n, (off_t)n == st.st_size, &end, &seal);
        if (fd >= 0)
            close(fd);
        if (!good)
            return refused(f, why, "the file before it ends with no line of a journal");
        f->seq = seal.seq;
        (void)str_copy(f->last, sizeof f->last, seal.hash);
        return ERR_OK;
    }
    f->seq = 0;
    (void)str_copy(f->last, sizeof f->last, JOURNAL_GENESIS);
    return ERR_OK;
}

/* A file that somebody else's program wrote is not added to.  (Zeroes are what a power
 * cut leaves.) */
static bool begins_like_one(const struct journal_file *f)
{
    static const char head[] = "{\"seq\":";
    char begin[sizeof head - 1];
    size_t n = (size_t)f->size < sizeof begin ? (size_t)f->size : sizeof begin;
    return n == 0 || (read_at(f->fd, begin, n, 0) && (begin[0] == '\0' || memcmp(begin, head, n) == 0));
}

static enum err find_end(struct journal_file *f, char *room, struct why *why)
{
    struct journal_seal seal;
    size_t n = f->size < WINDOW ? (size_t)f->size : WINDOW, end;
    if (!read_at(f->fd, room, n, f->size - (off_t)n))
        return failed(f, why, "reading its end: ");
    if (last_whole(room, n, (off_t)n == f->size, &end, &seal)) {
        f->seq = seal.seq;
        (void)str_copy(f->last, sizeof f->last, seal.hash);
        note_rest(f, room, n, end < n ? end + 1 : n);
        return ERR_OK;
    }
    if (!begins_like_one(f))
        return refused(f, why, "holds something else than a journal; another path is allowed, or an empty file");
    if ((off_t)n < f->size)
        return refused(f, why, "its end holds no line of a journal; move the file away to begin a new one");
    note_rest(f, room, n, 0);
    return end_of_older(f, room, why);
}

/* -------------------------------------------------------------- moving on */

/* PATH to PATH.1, that to PATH.2 and so on up to the first name that is free: a crash in
 * between leaves a gap in the names, never one in the chain. */
static bool move_on(const struct journal_file *f)
{
    char from[NAME_MAX + 1], to[NAME_MAX + 1];
    unsigned free_name = 1;
    while (free_name < JOURNAL_FILES - 1 && journal_file_name(f->base, free_name, to, sizeof to) &&
           faccessat(f->dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        free_name++;
    for (unsigned i = free_name; i > 0; i--)
        if (!journal_file_name(f->base, i - 1, from, sizeof from) || !journal_file_name(f->base, i, to, sizeof to) ||
            renameat(f->dir, from, f->dir, to) != 0)
            return false;
    return fsync(f->dir) == 0;
}

static enum err begin_locked(struct journal_file *f, size_t file_max, char *room, struct why *why)
{
    enum err err = open_file(f, why);
    if (err == ERR_OK)
        err = find_end(f, room, why);
    if (err != ERR_OK || (size_t)f->size < file_max || f->torn || f->line_feed || f->seq == 0)
        return err; /* a torn end is closed by a line in its own file */
    if (!move_on(f))
        return ERR_OK; /* an append-only file cannot be renamed: it grows on, nothing is lost */
    close(f->fd);
    return open_file(f, why);
}

enum err journal_file_begin(struct journal_file *f, const char *path, size_t file_max, int64_t patience_ms,
                            struct cancel *c, struct why *why)
{
    *f = (struct journal_file){.path = path, .dir = -1, .fd = -1};
    enum err err = open_folder(f, why);
    if (err == ERR_OK)
        err = take_lock(f, patience_ms, c, why);
    if (err == ERR_OK) {
        char *room = mem_new(WINDOW);
        err = begin_locked(f, file_max, room, why);
        free(room);
    }
    if (err != ERR_OK)
        journal_file_end(f);
    return err;
}

enum err journal_file_put(struct journal_file *f, const char *line, size_t n, struct why *why)
{
    char *bytes = mem_new(n + 2), *p = bytes;
    if (f->line_feed)
        *p++ = '\n';
    memcpy(p, line, n);
    p[n] = '\n';
    size_t left = (size_t)(p - bytes) + n + 1;
    bool good = true;
    for (p = bytes; good && left > 0;) { /* once, but for a disk that fills up in the middle */
        ssize_t k = write(f->fd, p, left);
        good = k > 0 || (k < 0 && errno == EINTR);
        p += k > 0 ? k : 0;
        left -= k > 0 ? (size_t)k : 0;
    }
    free(bytes);
    if (!good || fsync(f->fd) != 0 || (f->size == 0 && fsync(f->dir) != 0))
        return failed(f, why, "");
    return ERR_OK;
}

void journal_file_end(struct journal_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->dir >= 0)
        close(f->dir); /* and the lock with it */
    f->fd = f->dir = -1;
}
