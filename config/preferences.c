#include "config/preferences.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/mistakes.h"
#include "config/reader.h"
#include "config/state.h"
#include "config/words.h"

#define FILE_MAX ((size_t)64 * 1024)

enum type { TYPE_WORDS, TYPE_SWITCH, TYPE_LIST };
struct row {
    const char *key;
    enum type type;
    size_t at;
};
static const struct row rows[] = {
#define PREFERENCE(key, TYPE, field) {#key, TYPE_##TYPE, offsetof(struct preferences, field)},
#include "config/preferences.def"
#undef PREFERENCE
};

char *preferences_path(void)
{
    char path[PATH_MAX];
    return state_path("preferences", path, sizeof path) ? strdup(path) : NULL;
}

/* ------------------------------------------------------------- reading */

struct reading {
    struct preferences *out;
    struct mistakes mistakes;
};

static void on_section(void *ctx, int line, const char *name)
{
    struct reading *r = ctx;
    (void)name;
    mistakes_add(&r->mistakes, line, "there are no sections here; allowed: KEY = VALUE");
}

static void take(struct reading *r, int line, const struct row *row, const char *value)
{
    char *field = (char *)r->out + row->at;
    size_t n = strlen(value);
    if (row->type == TYPE_SWITCH) {
        if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
            mistakes_add(&r->mistakes, line, "%s: allowed: no, yes", row->key);
        }
        *(bool *)field = strcmp(value, "yes") == 0;
        return;
    }
    if (n >= PREFERENCE_MAX) {
        mistakes_add(&r->mistakes, line, "%s: %zu bytes; allowed: at most %d", row->key, n, PREFERENCE_MAX - 1);
        return;
    }
    if (row->type == TYPE_LIST) {
        if (r->out->ncommands == PREFERENCES_LIST) {
            return; /* older than what is kept */
        }
        field += r->out->ncommands++ * PREFERENCE_MAX;
    }
    memcpy(field, value, n + 1);
}

static void on_pair(void *ctx, int line, const char *key, const char *value)
{
    struct reading *r = ctx;
    struct spelling near;
    spelling_init(&near, key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].key, key) == 0) {
            take(r, line, &rows[i], value);
            return;
        }
        spelling_try(&near, rows[i].key);
    }
    const char *best = spelling_nearest(&near);
    mistakes_add(&r->mistakes, line, "there is no such preference%s%s", best != NULL ? "; did you mean " : "",
                 best != NULL ? best : "");
}

bool preferences_parse(const char *bytes, size_t n, const char *path, struct preferences *out, char **out_error)
{
    struct reading r = {.out = out};
    const struct reader_events events = {.section = on_section, .pair = on_pair, .ctx = &r};
    *out = (struct preferences){.sort = ""};
    reader_run(bytes, n, &events, &r.mistakes);
    *out_error = mistakes_text(&r.mistakes, path);
    mistakes_clear(&r.mistakes);
    return *out_error == NULL;
}

static char *say(const char *path, const char *what)
{
    struct words w;
    words_init(&w, PATH_MAX + 256);
    words_safe(&w, path, strlen(path));
    words_fmt(&w, ": %s: %s", what, strerror(errno));
    return words_take(&w);
}

bool preferences_load(const char *path, struct preferences *out, char **out_error)
{
    *out = (struct preferences){.sort = ""};
    *out_error = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        return true;
    }
    char *bytes = malloc(FILE_MAX);
    ssize_t n = fd >= 0 && bytes != NULL ? read(fd, bytes, FILE_MAX) : -1;
    bool good = n >= 0;
    if (good) {
        good = preferences_parse(bytes, (size_t)n, path, out, out_error);
    } else {
        *out_error = say(path, "cannot be read");
    }
    free(bytes);
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

/* ------------------------------------------------------------- writing */

static void put(struct words *w, const char *key, const char *value)
{
    if (value[0] != '\0') {
        words_fmt(w, "%s = %s\n", key, value);
    }
}

static void compose(const struct preferences *p, struct words *w)
{
    words_fmt(w, "# What credtop keeps of its screen between runs.  It may be deleted.\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *field = (const char *)p + rows[i].at;
        switch (rows[i].type) {
        case TYPE_WORDS:
            put(w, rows[i].key, field);
            break;
        case TYPE_SWITCH:
            put(w, rows[i].key, *(const bool *)field ? "yes" : "no");
            break;
        case TYPE_LIST:
            for (size_t k = 0; k < p->ncommands; k++) {
                put(w, rows[i].key, field + k * PREFERENCE_MAX);
            }
            break;
        }
    }
}

char *preferences_folder(void)
{
    char *path = preferences_path();
    size_t failed;
    if (path == NULL || !state_folders(path, &failed)) {
        free(path);
        return NULL;
    }
    *strrchr(path, '/') = '\0';
    return path;
}

static bool write_whole(const char *path, const struct words *w)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    bool good = write(fd, w->s, w->len) == (ssize_t)w->len;
    return close(fd) == 0 && good;
}

bool preferences_save(const char *path, const struct preferences *p, char **out_error)
{
    struct words text, fresh;
    size_t failed;
    words_init(&text, FILE_MAX);
    words_init(&fresh, PATH_MAX + 32);
    compose(p, &text);
    words_fmt(&fresh, "%s.%ld.new", path, (long)getpid());
    *out_error = NULL;
    if (!state_folders(path, &failed) || !write_whole(fresh.s, &text) || rename(fresh.s, path) != 0) {
        *out_error = say(path, "cannot be written");
        (void)unlink(fresh.s);
    }
    words_clear(&text);
    words_clear(&fresh);
    return *out_error == NULL;
}
