#include "backend/source.h"

#include <stdarg.h>
#include <strings.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/base/text.h"
#include "backend/source_code.h"

#define ENV_FILES_MAX 32
#define PATH_SHOWN 160

/* ------------------------------------------------------------------- rows */

#define FAIL POSTURE_FAIL
#define WARN POSTURE_WARN
static const struct source_row rows[SOURCE_CHECKS] = {
#define SOURCE(id, word, severity, title, why, mend) [SOURCE_##id] = {#id, word, title, why, mend, severity},
#include "backend/source.def"
#undef SOURCE
};
#undef FAIL
#undef WARN

const struct source_row *source_row(enum source_check c)
{
    ASSERT((unsigned)c < SOURCE_CHECKS);
    return &rows[c];
}

/* ------------------------------------------------------------------ facts */

/* Where something was found: in the file that should have it, and anywhere else. */
struct sighting {
    char path[PATH_SHOWN];
    struct source_place place;
};

struct env_file {
    char path[1024];
    int line;
    bool deployment; /* not a .env file */
};

struct source_facts {
    const char *const *fetch;
    struct sighting credentials[2], config[2], connect[2]; /* [0] where it belongs, [1] elsewhere */
    struct sighting flag, flag_set;                        /* credentialsFetched, beside connectToDatabase */
    struct sighting models, waits;                         /* models/index; an await of its own in it */
    struct sighting line;
    size_t nenv;
    struct env_file env[ENV_FILES_MAX]; /* with a password in them */
    bool more_env;
};

struct source_facts *source_facts_new(const char *const *fetch)
{
    struct source_facts *f = mem_new(sizeof *f);
    f->fetch = fetch;
    return f;
}

struct source_facts *source_facts_free(struct source_facts *f)
{
    free(f);
    return NULL;
}

static void see(struct sighting *s, const char *path, struct source_place place)
{
    if (s->place.line != 0 && (s->place.is_async || !place.is_async))
        return; /* the first counts, and one that is async more */
    s->place = place;
    (void)text_safe(s->path, sizeof s->path, path, strlen(path));
}

/* "src/config/env.ts" is env, of code. */
static bool is_code(const char *path, const char *name)
{
    static const char *const endings[] = {".ts", ".js", ".mts", ".cts", ".mjs", ".cjs", ".tsx", ".jsx"};
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path, *dot = strrchr(base, '.');
    bool code = false;
    for (size_t i = 0; dot != NULL && i < ARRAY_LEN(endings); i++)
        code = code || strcmp(dot, endings[i]) == 0;
    if (!code || (strlen(base) > 5 && strstr(base, ".d.ts") != NULL))
        return false;
    return name == NULL || ((size_t)(dot - base) == strlen(name) && strncmp(base, name, strlen(name)) == 0);
}

static bool is_models_index(const char *path)
{
    const char *slash = strrchr(path, '/');
    return is_code(path, "index") && slash != NULL && slash - path >= 6 && strncmp(slash - 6, "models", 6) == 0 &&
           (slash - path == 6 || slash[-7] == '/');
}

/* A pattern is a text with stars; the longest part of it must be written somewhere. */
static struct source_place fetch_line(const struct source_code *code, const char *const *fetch)
{
    struct source_place found = {0};
    for (; fetch != NULL && *fetch != NULL && found.line == 0; fetch++) {
        if (strchr(*fetch, '*') == NULL)
            found = source_code_text(code, *fetch);
        else { /* what stars stand for is made when it is logged */
            char part[256] = "";
            for (const char *p = *fetch; *p != '\0';) {
                size_t n = strcspn(p, "*");
                if (n > strlen(part))
                    (void)str_copy_n(part, sizeof part, p, n);
                p += n + (p[n] == '*');
            }
            const char *at = strlen(part) >= 8 ? strstr(code->words, part) : NULL;
            for (const char *p = code->words; at != NULL && p < at; p++)
                found.line += *p == '\n';
            found.line += at != NULL;
        }
    }
    return found;
}

static void read_code(struct source_facts *f, const char *path, const char *bytes, size_t n)
{
    static const char connect[] = "connectToDatabase", flag[] = "credentialsFetched";
    struct source_code code;
    source_code_split(bytes, n, &code);
    see(&f->credentials[!is_code(path, "env")], path, source_code_definition(&code, "getDbCredentials"));
    see(&f->config[!is_code(path, "database")], path, source_code_definition(&code, "getDatabaseConfig"));
    struct source_place connects = source_code_definition(&code, connect);
    see(&f->connect[!is_code(path, "dbHelper")], path, connects);
    if (connects.line != 0) {
        see(&f->flag, path, source_code_use(&code, flag, false));
        see(&f->flag_set, path, source_code_use(&code, flag, true));
    }
    if (is_models_index(path)) {
        see(&f->models, path, (struct source_place){1, false});
        see(&f->waits, path, source_code_top_await(&code));
    }
    see(&f->line, path, fetch_line(&code, f->fetch));
    source_code_clear(&code);
}

/* ------------------------------------------------------- files with passwords */

static bool has_ending(const char *path, const char *const *endings, size_t n)
{
    size_t m = strlen(path);
    for (size_t i = 0; i < n; i++)
        if (m >= strlen(endings[i]) && strcmp(path + m - strlen(endings[i]), endings[i]) == 0)
            return true;
    return false;
}

static bool is_env(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    return strncmp(base, ".env", 4) == 0 && (base[4] == '\0' || base[4] == '.' || base[4] == '-');
}

static bool is_deployment(const char *path)
{
    static const char *const endings[] = {".yml", ".yaml", ".tf", ".tfvars"};
    return has_ending(path, endings, ARRAY_LEN(endings));
}

/* What stands for a value that comes from elsewhere, or for none. */
static bool is_placeholder(const char *value, size_t n)
{
    static const char *const begins[] = {"$",     "!",       "{",           "<",        "var.",      "local.",
                                         "data.", "module.", "process.env", "changeme", "change-me", "change_me",
                                         "your",  "xxx",     "example",     "null",     "*"};
    while (n > 0 && (value[0] == '"' || value[0] == '\'' || value[0] == ' ')) {
        value++;
        n--;
    }
    while (n > 0 && strchr("\"' \t\r,;", value[n - 1]) != NULL)
        n--;
    for (size_t i = 0; i < ARRAY_LEN(begins); i++)
        if (n >= strlen(begins[i]) && strncasecmp(value, begins[i], strlen(begins[i])) == 0)
            return true;
    return n == 0 || value[0] == '#';
}

/* The line with a password: `DB_PASSWORD=...`, `DB_PASSWORD: ...`; 0 none. */
static int password_line(const char *bytes, size_t n)
{
    static const char *const names[] = {"DB_PASSWORD", "PGPASSWORD"};
    int number = 0;
    for (const char *p = bytes, *end = bytes + n; p < end;) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        size_t length = (size_t)((feed != NULL ? feed : end) - p), i = strspn(p, " \t-\"'");
        number++;
        if (i + 7 < length && strncmp(p + i, "export ", 7) == 0)
            i += 7;
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            size_t m = strlen(names[k]), v = i + m;
            if (i + m >= length || strncmp(p + i, names[k], m) != 0)
                continue;
            while (v < length && strchr(" \t\"'", p[v]) != NULL)
                v++;
            if (v < length && (p[v] == '=' || p[v] == ':') && !is_placeholder(p + v + 1, length - v - 1))
                return number;
        }
        p += length + 1;
    }
    return 0;
}

static void read_settings(struct source_facts *f, const char *path, const char *bytes, size_t n, bool deployment)
{
    char *text = mem_copy_bytes(bytes, n); /* a NUL behind it, for the spans */
    int line = password_line(text, n);
    memset(text, 0, n);
    free(text);
    if (line == 0)
        return;
    if (f->nenv == ENV_FILES_MAX) {
        f->more_env = true;
        return;
    }
    struct env_file *e = &f->env[f->nenv++];
    (void)str_copy(e->path, sizeof e->path, path);
    e->line = line;
    e->deployment = deployment;
}

void source_read(struct source_facts *f, const char *path, const char *bytes, size_t n)
{
    if (is_code(path, NULL))
        read_code(f, path, bytes, n);
    else if (is_env(path))
        read_settings(f, path, bytes, n, false);
    else if (is_deployment(path))
        read_settings(f, path, bytes, n, true);
}

/* -------------------------------------------------------------- conclusions */

static void tell(struct source_report *out, enum source_check c, enum posture_result r, const char *fmt, ...)
    FORMAT(4, 5);
static void tell(struct source_report *out, enum source_check c, enum posture_result r, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* What was not found may be in what was not read. */
    out->of[c].result = r == POSTURE_FAIL && out->cut ? POSTURE_UNKNOWN : r;
    (void)str_copy(out->of[c].found, sizeof out->of[c].found, text);
}

/* A function that is to be in a file of this name. */
static bool conclude_definition(struct source_report *out, enum source_check c, const struct sighting s[2],
                                const char *file)
{
    const char *name = rows[c].word;
    if (s[0].place.line == 0 && s[1].place.line == 0)
        tell(out, c, POSTURE_FAIL, "%s is defined nowhere", name);
    else if (s[0].place.line == 0)
        tell(out, c, POSTURE_WARN, "%s:%d: %s is defined here, not in %s.ts or %s.js", s[1].path, s[1].place.line, name,
             file, file);
    else
        tell(out, c, POSTURE_PASS, "%s:%d: %s", s[0].path, s[0].place.line, name);
    return s[0].place.line != 0 || s[1].place.line != 0;
}

static void conclude_connect(const struct source_facts *f, struct source_report *out)
{
    if (!conclude_definition(out, SOURCE_CONNECT, f->connect, "dbHelper"))
        return;
    const struct sighting *s = &f->connect[f->connect[0].place.line == 0];
    if (f->flag.place.line == 0)
        tell(out, SOURCE_CONNECT, POSTURE_FAIL, "%s:%d: connectToDatabase, without credentialsFetched", s->path,
             s->place.line);
    else if (f->flag_set.place.line == 0)
        tell(out, SOURCE_CONNECT, POSTURE_FAIL, "%s:%d: credentialsFetched is never set", f->flag.path,
             f->flag.place.line);
}

/* "path\0" in git's index, behind an entry's flags, whose low bits are its length. */
static bool is_tracked(const char *index, size_t n, const char *path)
{
    size_t length = strlen(path) + 1, low = length - 1 < 0xfff ? length - 1 : 0xfff;
    for (const char *p = index; p != NULL && n - (size_t)(p - index) >= length; p++) {
        p = memmem(p, n - (size_t)(p - index), path, length);
        if (p == NULL)
            break;
        size_t at = (size_t)(p - index);
        for (size_t back = 2; back <= 4 && at >= back; back += 2) { /* an extended entry has two bytes more */
            unsigned flags = (unsigned)(unsigned char)p[-(long)back] << 8 | (unsigned char)p[1 - (long)back];
            if ((flags & 0xfff) == low && ((flags >> 14 & 1) != 0) == (back == 4))
                return true;
        }
    }
    return false;
}

static void conclude_passwords(const struct source_facts *f, const char *index, size_t n, struct source_report *out)
{
    bool readable = n >= 12 && memcmp(index, "DIRC\0\0\0", 7) == 0 && (index[7] == 2 || index[7] == 3);
    char shown[PATH_SHOWN];
    enum posture_result worst = POSTURE_PASS;
    tell(out, SOURCE_PASSWORD, POSTURE_PASS, "none seen");
    for (size_t i = 0; i < f->nenv; i++) {
        const struct env_file *e = &f->env[i];
        bool tracked = readable && is_tracked(index, n, e->path);
        enum posture_result r = tracked || e->deployment ? POSTURE_FAIL : readable ? POSTURE_PASS : POSTURE_WARN;
        if (r < worst || (r == worst && i > 0))
            continue;
        worst = r;
        (void)text_safe(shown, sizeof shown, e->path, strlen(e->path));
        tell(out, SOURCE_PASSWORD, r, "%s:%d: a password%s", shown, e->line,
             tracked         ? ", under version control"
             : e->deployment ? " in a deployment file"
             : readable      ? ", in a file that is not under version control"
                             : "; whether the file is under version control cannot be told");
        out->of[SOURCE_PASSWORD].result = r; /* it is there, whatever was not read */
    }
}

void source_conclude(struct source_facts *f, const char *index, size_t n, struct source_report *out)
{
    (void)conclude_definition(out, SOURCE_CREDENTIALS, f->credentials, "env");
    const struct sighting *config = &f->config[f->config[0].place.line == 0];
    if (conclude_definition(out, SOURCE_CONFIG, f->config, "database") && !config->place.is_async)
        tell(out, SOURCE_CONFIG, POSTURE_FAIL, "%s:%d: getDatabaseConfig is not async", config->path,
             config->place.line);
    if (f->models.place.line == 0)
        tell(out, SOURCE_MODELS, POSTURE_NOT_APPLICABLE, "there is no models/index");
    else if (f->waits.place.line != 0)
        tell(out, SOURCE_MODELS, POSTURE_WARN, "%s:%d: await outside of functions", f->waits.path, f->waits.place.line);
    else
        tell(out, SOURCE_MODELS, POSTURE_PASS, "%s", f->models.path);
    conclude_connect(f, out);
    if (f->line.place.line == 0)
        tell(out, SOURCE_LINE, POSTURE_FAIL, "no text of the code is \"%.100s\"",
             f->fetch != NULL && f->fetch[0] != NULL ? f->fetch[0] : "");
    else
        tell(out, SOURCE_LINE, POSTURE_PASS, "%s:%d", f->line.path, f->line.place.line);
    conclude_passwords(f, index, n, out);
}
