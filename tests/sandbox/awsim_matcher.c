#include "tests/sandbox/awsim_matcher.h"

#include <string.h>

#include "backend/base/mem.h"

void matcher_init_text(struct matcher *m, const char *text)
{
    *m = (struct matcher){.nparts = 1};
    m->parts[0] = mem_copy_str(text);
}

/* "a|b|c" without anything that means more than itself; "\x" is x. */
static bool split_plain(struct matcher *m, const char *s)
{
    char part[512];
    size_t n = 0;
    for (;; s++) {
        if (*s == '\0' || *s == '|') {
            if (n == 0 || m->nparts == MATCHER_PARTS_MAX)
                return false;
            m->parts[m->nparts++] = mem_copy_bytes(part, n);
            n = 0;
            if (*s == '\0')
                return true;
            continue;
        }
        if (*s == '\\' && s[1] != '\0' && strchr("/.|()[]{}*+?^$\\-\"' ", s[1]))
            s++;
        else if (strchr(".^$*+?()[]{}\\", *s))
            return false;
        if (n == sizeof part)
            return false;
        part[n++] = *s;
    }
}

bool matcher_init(struct matcher *m, const char *regex)
{
    *m = (struct matcher){0};
    m->fold = strncmp(regex, "(?i)", 4) == 0;
    if (m->fold)
        regex += 4;
    if (split_plain(m, regex))
        return true;
    for (size_t i = 0; i < m->nparts; i++)
        MEM_FREE(m->parts[i]);
    m->nparts = 0;
    m->is_regex = regcomp(&m->regex, regex, REG_EXTENDED | (m->fold ? REG_ICASE : 0)) == 0;
    return m->is_regex;
}

void matcher_clear(struct matcher *m)
{
    for (size_t i = 0; i < m->nparts; i++)
        free(m->parts[i]);
    if (m->is_regex)
        regfree(&m->regex);
    *m = (struct matcher){0};
}

bool matcher_find(const struct matcher *m, const char *text, size_t n, const char **out, size_t *out_len)
{
    *out = NULL;
    if (m->is_regex) {
        regmatch_t hit;
        if (regexec(&m->regex, text, 1, &hit, 0) != 0)
            return false;
        *out = text + hit.rm_so;
        *out_len = (size_t)(hit.rm_eo - hit.rm_so);
        return true;
    }
    for (size_t i = 0; i < m->nparts; i++) {
        size_t len = strlen(m->parts[i]);
        const char *p = m->fold ? strcasestr(text, m->parts[i]) : memmem(text, n, m->parts[i], len);
        if (p && (!*out || p < *out)) {
            *out = p;
            *out_len = len;
        }
    }
    return *out != NULL;
}
