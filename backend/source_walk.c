/* The walk through a tree: by descriptors, so that no link leads out of it, with a stack of
 * our own and limits on everything. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/source.h"

#define DEPTH_MAX 24
#define FILES_MAX 20000
#define ENTRIES_MAX 200000
#define BYTES_MAX ((size_t)64 << 20)
#define FILE_BYTES_MAX ((size_t)1 << 20)
#define INDEX_BYTES_MAX ((size_t)32 << 20)

struct walk {
    struct source_facts *facts;
    struct source_report *out;
    size_t entries;
    char path[1024]; /* of the entry at hand, relative to the tree */
    struct {
        DIR *dir;
        size_t n; /* its part of the path */
    } stack[DEPTH_MAX];
    size_t depth;
};

/* What others wrote, or what was made. */
static bool is_skipped(const char *name)
{
    static const char *const names[] = {"node_modules", ".git",    "dist",     "build",  "coverage", ".next",
                                        ".serverless",  "cdk.out", ".aws-sam", "vendor", ".venv",    ".terraform"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool is_wanted(const char *name)
{
    static const char *const endings[] = {".ts",  ".js",  ".mts", ".cts",  ".mjs", ".cjs",
                                          ".tsx", ".jsx", ".yml", ".yaml", ".tf",  ".tfvars"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < ARRAY_LEN(endings); i++)
        if (strcmp(dot, endings[i]) == 0)
            return true;
    return strncmp(name, ".env", 4) == 0;
}

/* All of a regular file of at most `most` bytes; NULL: it is none, or more. */
static char *read_all(int folder, const char *name, size_t most, size_t *out_n)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    char *bytes = NULL;
    size_t n = 0;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 && (size_t)st.st_size <= most) {
        size_t size = (size_t)st.st_size;
        bytes = mem_new(size + 1);
        for (ssize_t got = 1; n < size && (got > 0 || errno == EINTR);) {
            got = read(fd, bytes + n, size - n);
            n += got > 0 ? (size_t)got : 0;
            if (got == 0)
                break;
        }
        *out_n = n;
    }
    if (fd >= 0)
        (void)close(fd);
    return bytes;
}

static void look_at_file(struct walk *w, int folder, const char *name)
{
    size_t n = 0;
    if (w->out->files >= FILES_MAX || w->out->bytes >= BYTES_MAX) {
        w->out->cut = true;
        return;
    }
    char *bytes = read_all(folder, name, FILE_BYTES_MAX, &n);
    if (bytes == NULL) {
        w->out->skipped++;
        return;
    }
    w->out->files++;
    w->out->bytes += n;
    source_read(w->facts, w->path, bytes, n);
    memset(bytes, 0, n);
    free(bytes);
}

/* Takes the descriptor. */
static bool enter(struct walk *w, int fd)
{
    DIR *dir = fd >= 0 && w->depth < DEPTH_MAX ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        w->out->cut = w->out->cut || w->depth == DEPTH_MAX;
        return false;
    }
    w->stack[w->depth].dir = dir;
    w->stack[w->depth++].n = strlen(w->path);
    return true;
}

static void look_at_entry(struct walk *w, DIR *dir, size_t at, const struct dirent *e)
{
    struct stat st;
    int folder = dirfd(dir);
    w->path[at] = '\0';
    if (!str_fmt(w->path + at, sizeof w->path - at, "%s%s", at > 0 ? "/" : "", e->d_name) ||
        fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        w->out->skipped++;
        return;
    }
    if (S_ISDIR(st.st_mode) && !is_skipped(e->d_name))
        (void)enter(w, openat(folder, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY));
    else if (S_ISREG(st.st_mode) && is_wanted(e->d_name))
        look_at_file(w, folder, e->d_name);
}

static void walk(struct walk *w)
{
    while (w->depth > 0) {
        DIR *dir = w->stack[w->depth - 1].dir;
        size_t at = w->stack[w->depth - 1].n;
        const struct dirent *e = w->entries++ < ENTRIES_MAX ? readdir(dir) : NULL;
        if (e == NULL) {
            w->out->cut = w->out->cut || w->entries > ENTRIES_MAX;
            (void)closedir(dir);
            w->depth--;
        } else if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            look_at_entry(w, dir, at, e);
        }
    }
}

enum err source_look(const char *folder, const char *const *fetch, struct source_report *out, struct why *why)
{
    struct walk w = {.out = out};
    size_t n = 0;
    int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd < 0)
        return why_set(why, ERR_IO, "%s cannot be opened (%s): --source names the folder of the function's code",
                       folder, strerror(errno));
    *out = (struct source_report){.files = 0};
    char *index = read_all(fd, ".git/index", INDEX_BYTES_MAX, &n);
    w.facts = source_facts_new(fetch);
    if (!enter(&w, fd)) {
        w.facts = source_facts_free(w.facts);
        free(index);
        return why_set(why, ERR_IO, "%s cannot be read (%s)", folder, strerror(errno));
    }
    walk(&w);
    source_conclude(w.facts, index, n, out);
    w.facts = source_facts_free(w.facts);
    free(index);
    return ERR_OK;
}
