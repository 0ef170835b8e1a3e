#include "config/system.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/mistakes.h"
#include "config/words.h"

bool system_conf_mode(bool *out_audit, char **out_errors)
{
    struct stat st;
    *out_audit = false;
    *out_errors = NULL;
    if (stat(system_conf_path(), &st) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        return true;
    }
    return config_load_mode(system_conf_path(), out_audit, out_errors);
}

/* False, and says so, when somebody else may decide what `path` holds. */
static bool is_the_owners(const char *path, const char *what, struct mistakes *m)
{
    struct stat st;
    struct words w;
    const char *wrong = NULL;
    if (stat(path, &st) != 0) {
        wrong = strerror(errno);
    } else if (st.st_uid != system_conf_owner()) {
        wrong = "it does not belong to root";
    } else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        wrong = "it can be written by others than its owner";
    }
    if (wrong == NULL) {
        return true;
    }
    words_init(&w, (size_t)PATH_MAX * 2);
    words_fmt(&w, "restricted mode does not trust %s ", what);
    words_safe(&w, path, strlen(path));
    words_fmt(&w, ": %s", wrong);
    mistakes_take(m, 0, &w);
    return false;
}

static bool both_are_the_owners(const char *path, const char *what, struct mistakes *m)
{
    char *folder = strdup(path);
    if (folder == NULL) {
        abort(); /* out of memory */
    }
    char *slash = strrchr(folder, '/');
    slash[slash == folder ? 1 : 0] = '\0'; /* paths of a configuration are absolute */
    bool fine = is_the_owners(folder, "the folder", m) && is_the_owners(path, what, m);
    free(folder);
    return fine;
}

struct config *system_conf_load(char **out_errors)
{
    struct mistakes m = {.items = NULL};
    struct config *c = config_load(system_conf_path(), out_errors);
    if (c == NULL) {
        return NULL;
    }
    (void)both_are_the_owners(system_conf_path(), "the configuration", &m);
    if (c->aws_config_file != NULL) {
        (void)both_are_the_owners(c->aws_config_file, "aws_config_file", &m);
    }
    if (c->aws_credentials_file != NULL) {
        (void)both_are_the_owners(c->aws_credentials_file, "aws_credentials_file", &m);
    }
    if (m.n > 0) {
        *out_errors = mistakes_text(&m, system_conf_path());
        c = config_free(c);
    }
    mistakes_clear(&m);
    return c;
}
