#include "ui/environ.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"

extern char **environ;

#define VALUE_MAX 64

void environ_forget_pg(void)
{
    for (size_t i = 0; environ && environ[i];) {
        char name[128];
        size_t n = strcspn(environ[i], "=");
        if (strncmp(environ[i], "PG", 2) != 0 || n >= sizeof(name)) {
            i++;
            continue;
        }
        memcpy(name, environ[i], n);
        name[n] = '\0';
        if (unsetenv(name) != 0)
            i++;
    }
}

/* A list of what is allowed: what is not thought of is not kept.  No value can name a file of
 * the user's: '/' is in zones alone, where the C library looks below its own folder. */
static const struct {
    const char *name;
    const char *beside; /* characters allowed beside letters and digits */
} kept[] = {
    {"TERM", "-+._"},       {"LANG", "-._@"},       {"LC_ALL", "-._@"},      {"LC_CTYPE", "-._@"}, {"LC_TIME", "-._@"},
    {"LC_NUMERIC", "-._@"}, {"LC_COLLATE", "-._@"}, {"LC_MESSAGES", "-._@"}, {"TZ", "-+_/"},       {"NO_COLOR", ""},
};

static bool is_plain(const char *value, const char *beside)
{
    size_t n = 0;
    for (; value[n] != '\0'; n++) {
        char c = value[n];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(beside, c);
        if (!fine || n == VALUE_MAX)
            return false;
    }
    /* Neither "/etc/x", which is a file's, nor ".", which may be a folder's. */
    return n > 0 && value[0] != '/' && value[0] != '.';
}

void environ_restrict(void)
{
    char *values[ARRAY_LEN(kept)];
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        const char *value = getenv(kept[i].name);
        values[i] = value && is_plain(value, kept[i].beside) ? mem_copy_str(value) : NULL;
    }
    ASSERT(clearenv() == 0);
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (values[i])
            ASSERT(setenv(kept[i].name, values[i], 1) == 0);
        free(values[i]);
    }
}
