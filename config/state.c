#include "config/state.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool state_path(const char *name, char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state != NULL && state[0] == '/') {
        n = snprintf(out, size, "%s/credtop/%s", state, name);
    } else if (home != NULL && home[0] == '/') {
        n = snprintf(out, size, "%s/.local/state/credtop/%s", home, name);
    }
    return n >= 0 && (size_t)n < size;
}

bool state_folders(const char *path, size_t *out_failed)
{
    char folder[PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);
        *out_failed = n;
        if (n >= sizeof folder) {
            errno = ENAMETOOLONG;
            return false;
        }
        memcpy(folder, path, n);
        folder[n] = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
            return false;
        }
    }
    return true;
}
