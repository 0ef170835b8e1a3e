/* credtop.conf to struct config: sections, the rules across keys, and the file
 * itself.  Called once, by the main thread, before there are others. */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/arena.h"
#include "config/mistakes.h"
#include "config/reader.h"
#include "config/settings.h"
#include "config/system.h"
#include "config/words.h"

#define FILE_MAX ((size_t)8 * 1024 * 1024)
#define ENVIRONMENTS_MAX ((size_t)10000)
#define NAME_MAX_BYTES ((size_t)63)
#define WRONG_MAX ((size_t)1000)

struct loaded {
    struct config config;            /* first: what callers hold is a pointer to it */
    struct arena arena;              /* everything it points to */
    int lines[SETTING_COUNT];        /* where [credtop]'s and [patterns]' keys were given; 0 nowhere */
    int (*env_lines)[SETTING_COUNT]; /* each environment's, in the arena */
};

struct parser {
    struct loaded *loaded;
    struct mistakes mistakes;
    struct setting_place place;
    struct config_environment *environments;
    int (*lines)[SETTING_COUNT]; /* of each, where its keys were given */
    size_t n, cap;
    int begins[SECTION_COUNT]; /* line of [credtop] and [patterns]; 0 not yet */
    bool mode_only;            /* of a file that need not name an environment */
    bool sections_misnamed;    /* so that "there is no environment" would only repeat it */
    /* the section being read */
    bool open;     /* false: before the first, or it is not known */
    bool skipping; /* it is not known: its keys are not judged */
    enum section section;
    void *base;               /* its struct */
    int given[SETTING_COUNT]; /* line a key was given at; 0 not yet */
    bool bad[SETTING_COUNT];  /* it was, and could not be read */
};

/* ------------------------------------------------------------ environments */

/* arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER], or NAME[:QUALIFIER]. */
static void function_name(const char *function, const char **out, size_t *out_n)
{
    static const char marker[] = ":function:";
    const char *found = strstr(function, marker);
    *out = found != NULL ? found + sizeof marker - 1 : function;
    *out_n = strcspn(*out, ":");
}

static void default_log_group(struct parser *p, struct config_environment *e)
{
    const char *name;
    size_t n;
    struct words group;
    function_name(e->function, &name, &n);
    words_init(&group, 512);
    words_fmt(&group, "/aws/lambda/%.*s", (int)n, name);
    char *text = words_take(&group);
    const char **list = arena_room(p->place.arena, 2 * sizeof *list);
    list[0] = arena_copy(p->place.arena, text, strlen(text));
    e->log_groups = list;
    free(text);
}

static void judge_kind(struct parser *p, const struct config_environment *e)
{
    const int *given = p->given;
    const char *name = e->name != NULL ? e->name : "?";
    if (e->mode == CONFIG_PRODUCTION && given[SETTING_environment_secret] == 0) {
        mistakes_add(&p->mistakes, e->line,
                     "environment %s is production and has no secret; "
                     "give secret = NAME-OR-ARN, or mode = development with env_file = PATH",
                     name);
    }
    if (e->mode == CONFIG_DEVELOPMENT && given[SETTING_environment_secret] != 0) {
        mistakes_add(&p->mistakes, given[SETTING_environment_secret],
                     "environment %s is development, which never "
                     "asks Secrets Manager; take secret out, or set mode = production",
                     name);
    }
    if (e->mode == CONFIG_DEVELOPMENT && given[SETTING_environment_superuser_secret] != 0) {
        mistakes_add(&p->mistakes, given[SETTING_environment_superuser_secret],
                     "environment %s is development, which has no secret to rotate; take superuser_secret out", name);
    }
    if (e->secret != NULL && e->superuser_secret != NULL && strcmp(e->secret, e->superuser_secret) == 0) {
        mistakes_add(
            &p->mistakes, given[SETTING_environment_superuser_secret],
            "superuser_secret is the secret itself; allowed: the secret of a user who may create and alter roles");
    }
    if (e->mode == CONFIG_DEVELOPMENT && given[SETTING_environment_env_file] == 0) {
        mistakes_add(&p->mistakes, e->line,
                     "environment %s is development and has no env_file; "
                     "give env_file = PATH of its .env",
                     name);
    }
}

static void environment_close(struct parser *p, struct config_environment *e)
{
    if (!p->bad[SETTING_environment_mode]) {
        judge_kind(p, e);
    }
    if (p->given[SETTING_environment_protect] == 0) {
        e->protect = e->mode == CONFIG_PRODUCTION;
    }
    if (p->given[SETTING_environment_function] != 0 && !p->bad[SETTING_environment_function]) {
        const char *name;
        size_t n;
        function_name(e->function, &name, &n);
        if (n == 0 || n > 140) {
            mistakes_add(&p->mistakes, p->given[SETTING_environment_function],
                         "function holds no function's name; "
                         "allowed: NAME, or arn:aws:lambda:REGION:ACCOUNT:function:NAME");
        } else if (p->given[SETTING_environment_log_group] == 0) {
            default_log_group(p, e);
        }
    }
}

static void section_close(struct parser *p)
{
    if (p->open && p->section == SECTION_ENVIRONMENT) {
        environment_close(p, p->base);
        memcpy(p->lines[p->n - 1], p->given, sizeof p->given);
    }
    for (size_t i = 0; p->open && p->section != SECTION_ENVIRONMENT && i < SETTING_COUNT; i++) {
        p->loaded->lines[i] = p->given[i] != 0 ? p->given[i] : p->loaded->lines[i];
    }
    p->open = false;
    memset(p->given, 0, sizeof p->given);
    memset(p->bad, 0, sizeof p->bad);
}

static bool is_name(const char *s)
{
    size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    return n > 0 && s[n] == '\0' && n <= NAME_MAX_BYTES;
}

static void environment_open(struct parser *p, int line, const char *name)
{
    if (p->n == ENVIRONMENTS_MAX) {
        mistakes_add(&p->mistakes, line, "too many environments; allowed: %zu", ENVIRONMENTS_MAX);
        p->skipping = true;
        return;
    }
    if (p->n == p->cap) {
        p->cap = p->cap == 0 ? 16 : p->cap * 2;
        p->environments = arena_resize(p->environments, p->cap, sizeof *p->environments);
        p->lines = arena_resize(p->lines, p->cap, sizeof *p->lines);
    }
    memset(p->lines[p->n], 0, sizeof *p->lines);
    struct config_environment *e = &p->environments[p->n++];
    *e = (struct config_environment){.line = line};
    if (is_name(name)) {
        e->name = arena_copy(p->place.arena, name, strlen(name));
    } else {
        struct words w;
        words_init(&w, WRONG_MAX);
        words_fmt(&w, "the environment's name ");
        words_quote(&w, name, strlen(name));
        words_fmt(&w, " cannot be used; allowed: 1 to %zu of A-Z a-z 0-9 . _ -", NAME_MAX_BYTES);
        mistakes_take(&p->mistakes, line, &w);
    }
    settings_preset(SECTION_ENVIRONMENT, &p->place, e);
    p->section = SECTION_ENVIRONMENT;
    p->base = e;
    p->open = true;
}

/* ---------------------------------------------------------------- sections */

static void section_unknown(struct parser *p, int line, const char *name)
{
    struct words w;
    char first[40];
    size_t n = strcspn(name, " \t");
    struct spelling spelling;
    p->skipping = true;
    p->sections_misnamed = true;
    if (*name == '\0') {
        return; /* the reader said so */
    }
    words_init(&w, WRONG_MAX);
    words_fmt(&w, "there is no section ");
    words_quote(&w, name, strlen(name));
    if (n < sizeof first) {
        memcpy(first, name, n);
        first[n] = '\0';
        spelling_init(&spelling, first);
        for (size_t i = 0; i < SECTION_COUNT; i++) {
            spelling_try(&spelling, section_word((enum section)i));
        }
        if (spelling_nearest(&spelling) != NULL) {
            words_fmt(&w, " (did you mean '%s'?)", spelling_nearest(&spelling));
        }
    }
    words_fmt(&w, "; allowed: [credtop], [patterns] and [environment NAME]");
    mistakes_take(&p->mistakes, line, &w);
}

static void single_open(struct parser *p, int line, enum section section, void *base)
{
    if (p->begins[section] != 0) {
        mistakes_add(&p->mistakes, line, "[%s] begins a second time, first at line %d; put its keys together",
                     section_word(section), p->begins[section]);
        p->skipping = true;
        return;
    }
    p->begins[section] = line;
    p->section = section;
    p->base = base;
    p->open = true;
}

static void on_section(void *ctx, int line, const char *name)
{
    struct parser *p = ctx;
    const char *environment = section_word(SECTION_ENVIRONMENT);
    size_t n = strcspn(name, " \t");
    section_close(p);
    p->skipping = false;
    if (strcmp(name, section_word(SECTION_CREDTOP)) == 0) {
        single_open(p, line, SECTION_CREDTOP, &p->loaded->config);
    } else if (strcmp(name, section_word(SECTION_PATTERNS)) == 0) {
        single_open(p, line, SECTION_PATTERNS, &p->loaded->config.patterns);
    } else if (n == strlen(environment) && strncmp(name, environment, n) == 0) {
        environment_open(p, line, name + n + strspn(name + n, " \t"));
    } else {
        section_unknown(p, line, name);
    }
}

/* -------------------------------------------------------------------- keys */

static void words_keys(struct words *w, enum section section)
{
    words_fmt(w, "; allowed:");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = setting_row((enum setting_id)i);
        if (s->section == section) {
            words_fmt(w, " %s", s->key);
        }
    }
}

static void key_unknown(struct parser *p, int line, const char *key)
{
    struct words w;
    struct spelling spelling;
    const char *elsewhere = NULL;
    if (mistakes_pass(&p->mistakes)) {
        return;
    }
    spelling_init(&spelling, key);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = setting_row((enum setting_id)i);
        if (s->section == p->section) {
            spelling_try(&spelling, s->key);
        } else if (elsewhere == NULL && strcmp(s->key, key) == 0) {
            elsewhere = section_word(s->section);
        }
    }
    words_init(&w, WRONG_MAX);
    words_fmt(&w, "[%s] has no key ", section_word(p->section));
    words_quote(&w, key, strlen(key));
    if (elsewhere != NULL) {
        words_fmt(&w, "; it belongs in [%s]", elsewhere);
    } else if (spelling_nearest(&spelling) != NULL) {
        words_fmt(&w, "; did you mean '%s'?", spelling_nearest(&spelling));
    } else {
        words_keys(&w, p->section);
    }
    mistakes_take(&p->mistakes, line, &w);
}

static void on_pair(void *ctx, int line, const char *key, const char *value)
{
    struct parser *p = ctx;
    if (p->skipping) {
        return;
    }
    if (!p->open) {
        mistakes_add(&p->mistakes, line,
                     "a setting before any section; begin with [credtop], [patterns] or "
                     "[environment NAME]");
        return;
    }
    const struct setting *s = setting_find(p->section, key);
    if (s == NULL) {
        key_unknown(p, line, key);
        return;
    }
    size_t id = (size_t)(s - setting_row((enum setting_id)0));
    if (p->given[id] != 0 && !setting_is_list(s)) {
        mistakes_add(&p->mistakes, line, "%s is given again, first at line %d; give it once in each section", s->key,
                     p->given[id]);
        return;
    }
    if (p->given[id] == 0 && setting_is_list(s)) {
        setting_list_empty(s, &p->place, p->base); /* what is given replaces the preset */
    }
    if (p->given[id] == 0) {
        p->given[id] = line;
    }
    struct words wrong;
    words_init(&wrong, WRONG_MAX);
    if (!setting_read(s, value, &p->place, p->base, &wrong)) {
        p->bad[id] = true;
        mistakes_take(&p->mistakes, line, &wrong);
    }
}

/* ------------------------------------------------------------------- whole */

static int by_name(const void *a, const void *b)
{
    const struct config_environment *x = *(const struct config_environment *const *)a;
    const struct config_environment *y = *(const struct config_environment *const *)b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void judge_names(struct parser *p)
{
    const struct config_environment **sorted = arena_resize(NULL, p->n + 1, sizeof *sorted);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->environments[i].name != NULL) {
            sorted[n++] = &p->environments[i];
        }
    }
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (strcmp(sorted[i]->name, sorted[first]->name) != 0) {
            first = i;
            continue;
        }
        mistakes_add(&p->mistakes, sorted[i]->line,
                     "environment %s begins a second time, first at line %d; "
                     "give each its own name",
                     sorted[i]->name, sorted[first]->line);
    }
    free(sorted);
}

static void judge_whole(struct parser *p)
{
    judge_names(p);
    if (p->n == 0 && !p->sections_misnamed && !p->mode_only) {
        mistakes_add(&p->mistakes, 0, "there is no environment to watch; add a section [environment NAME]");
    }
}

/* The folder of `path`, absolute and without a '/' at its end; NULL: the current
 * folder cannot be told. */
static char *folder_of(const char *path)
{
    struct words w;
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;
    words_init(&w, PATH_MAX * 2);
    if (path[0] != '/') {
        char *here = getcwd(NULL, 0);
        if (here == NULL) {
            return NULL;
        }
        words_add(&w, here, strcmp(here, "/") == 0 ? 0 : strlen(here));
        free(here);
        words_add(&w, "/", n > 0 ? 1 : 0);
    }
    words_add(&w, path, n);
    return words_take(&w);
}

/* An environment without patterns of a kind has those of [patterns], wherever that stood. */
static void inherit_patterns(const struct config_patterns *all, struct config_patterns *p)
{
    const char *const *from[] = {all->fetch, all->hit, all->fallback, all->fetch_error, all->db_error};
    const char *const **to[] = {&p->fetch, &p->hit, &p->fallback, &p->fetch_error, &p->db_error};
    for (size_t i = 0; i < sizeof to / sizeof *to; i++) {
        if ((*to[i])[0] == NULL) {
            *to[i] = from[i];
        }
    }
}

static struct config *parser_finish(struct parser *p, const char *path, char **out_errors)
{
    struct loaded *l = p->loaded;
    *out_errors = mistakes_text(&p->mistakes, path);
    mistakes_clear(&p->mistakes);
    if (*out_errors == NULL) {
        struct config_environment *kept = arena_room(&l->arena, (p->n + 1) * sizeof *kept);
        for (size_t i = 0; i < p->n; i++) {
            kept[i] = p->environments[i];
            inherit_patterns(&l->config.patterns, &kept[i].patterns);
        }
        l->env_lines = arena_room(&l->arena, (p->n + 1) * sizeof *l->env_lines);
        if (p->n > 0) {
            memcpy(l->env_lines, p->lines, p->n * sizeof *p->lines);
        }
        l->config.environments = kept;
        l->config.nenvironments = p->n;
    }
    free(p->environments);
    free(p->lines);
    return *out_errors == NULL ? &l->config : config_free(&l->config);
}

static struct config *parse(const char *bytes, size_t n, const char *path, bool mode_only, char **out_errors)
{
    struct loaded *l = arena_resize(NULL, 1, sizeof *l);
    *l = (struct loaded){.config = {.path = NULL}};
    struct parser p = {.loaded = l, .mode_only = mode_only};
    char *folder = folder_of(path);
    p.place = (struct setting_place){.arena = &l->arena, .folder = folder, .home = getenv("HOME")};
    if (folder == NULL) {
        mistakes_add(&p.mistakes, 0, "the current folder cannot be told (%s); name the file by its whole path",
                     strerror(errno));
        return parser_finish(&p, path, out_errors);
    }
    l->config.path = arena_copy(&l->arena, path, strlen(path));
    settings_preset(SECTION_CREDTOP, &p.place, &l->config);
    settings_preset(SECTION_PATTERNS, &p.place, &l->config.patterns);
    if (n > FILE_MAX) {
        mistakes_add(&p.mistakes, 0, "the file has %zu bytes; allowed: at most %zu", n, FILE_MAX);
    } else {
        struct reader_events events = {.section = on_section, .pair = on_pair, .ctx = &p};
        reader_run(bytes, n, &events, &p.mistakes);
        section_close(&p);
        judge_whole(&p);
    }
    free(folder);
    return parser_finish(&p, path, out_errors);
}

struct config *config_parse(const char *bytes, size_t n, const char *path, char **out_errors)
{
    return parse(bytes, n, path, false, out_errors);
}

struct config *config_blank(void)
{
    struct loaded *l = arena_resize(NULL, 1, sizeof *l);
    *l = (struct loaded){.config = {.path = ""}};
    struct setting_place place = {.arena = &l->arena, .folder = "", .home = getenv("HOME")};
    settings_preset(SECTION_CREDTOP, &place, &l->config);
    settings_preset(SECTION_PATTERNS, &place, &l->config.patterns);
    return &l->config;
}

int config_line(const struct config *c, size_t env, enum setting_id id)
{
    const struct loaded *l = (const struct loaded *)(const void *)c;
    return env == SIZE_MAX ? l->lines[id] : l->env_lines[env][id];
}

struct config *config_free(struct config *c)
{
    if (c != NULL) {
        struct loaded *l = (struct loaded *)(void *)c;
        arena_clear(&l->arena);
        free(l);
    }
    return NULL;
}

/* -------------------------------------------------------------------- file */

/* A file others may write decides where passwords are sent: refused, like ssh does. */
static bool file_is_fit(const struct stat *st, const char *path, struct mistakes *m)
{
    struct words w;
    if (S_ISDIR(st->st_mode)) {
        mistakes_add(m, 0, "is a folder; name the file in it");
        return false;
    }
    if (!S_ISREG(st->st_mode)) {
        mistakes_add(m, 0, "is not a regular file; a configuration has to be one");
        return false;
    }
    if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        words_init(&w, WRONG_MAX);
        words_fmt(&w, "can be written by others than its owner (mode %04o); run: chmod go-w ",
                  (unsigned)(st->st_mode & 07777));
        words_safe(&w, path, strlen(path));
        mistakes_take(m, 0, &w);
        return false;
    }
    return true;
}

static bool file_read(int fd, char **out, size_t *out_n, struct mistakes *m)
{
    size_t n = 0, cap = 0;
    char *bytes = NULL;
    for (;;) {
        if (n == cap) {
            cap = cap == 0 ? 16384 : cap * 2;
            bytes = arena_resize(bytes, cap, 1);
        }
        ssize_t got = read(fd, bytes + n, cap - n);
        if (got < 0 && errno != EINTR) {
            mistakes_add(m, 0, "cannot be read (%s)", strerror(errno));
            free(bytes);
            return false;
        }
        if (got == 0 || n > FILE_MAX) { /* config_parse() says that it is too long */
            *out = bytes;
            *out_n = n;
            return true;
        }
        n += got > 0 ? (size_t)got : 0;
    }
}

static struct config *load(const char *path, bool mode_only, char **out_errors)
{
    struct mistakes m = {.items = NULL};
    struct config *c = NULL;
    struct stat st;
    char *bytes = NULL;
    size_t n = 0;
    /* O_NONBLOCK: a FIFO is refused below, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    *out_errors = NULL;
    if (fd < 0 || fstat(fd, &st) != 0) {
        mistakes_add(&m, 0, "cannot be opened (%s); give a file that can be read", strerror(errno));
    } else if (file_is_fit(&st, path, &m) && file_read(fd, &bytes, &n, &m)) {
        c = parse(bytes, n, path, mode_only, out_errors);
        if (c != NULL) { /* what an auditor may see is not the auditor's to say */
            c->audit_function_names = c->audit_function_names && st.st_uid == 0;
        }
    }
    if (m.n > 0) {
        *out_errors = mistakes_text(&m, path);
    }
    mistakes_clear(&m);
    free(bytes);
    if (fd >= 0) {
        (void)close(fd); /* only read from */
    }
    return c;
}

struct config *config_load(const char *path, char **out_errors)
{
    return load(path, false, out_errors);
}

bool config_load_mode(const char *path, bool *out_audit, char **out_errors)
{
    struct config *c = load(path, true, out_errors);
    if (c == NULL) {
        return false;
    }
    *out_audit = c->audit;
    (void)config_free(c);
    return true;
}

char *config_find(char **out_tried)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    const char *const fronts[] = {xdg != NULL && xdg[0] == '/' ? xdg : NULL,
                                  home != NULL && home[0] == '/' ? home : NULL, system_conf_path()};
    const char *const rests[] = {"/credtop/credtop.conf", "/.config/credtop/credtop.conf", ""};
    struct words tried, one;
    words_init(&tried, (size_t)16 * 1024);
    words_init(&one, PATH_MAX * 2);
    char *found = NULL;
    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0] && found == NULL; i++) {
        if (fronts[i] == NULL) {
            continue;
        }
        words_add(&one, fronts[i], strlen(fronts[i]));
        words_add(&one, rests[i], strlen(rests[i]));
        char *path = words_take(&one);
        words_fmt(&tried, "%s", tried.len > 0 ? ", " : "");
        words_safe(&tried, path, strlen(path));
        if (access(path, F_OK) == 0) {
            found = path;
        } else {
            free(path);
        }
    }
    if (out_tried != NULL) {
        *out_tried = words_take(&tried);
    }
    words_clear(&tried);
    return found;
}

bool config_is_quiet(const struct config *c, int minute)
{
    int from, to;
    if (c->quiet_hours == NULL || !hours_read(c->quiet_hours, &from, &to)) {
        return false;
    }
    return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}
