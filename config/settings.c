#include "config/settings.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

/* -------------------------------------------------------------------- rows */

static const struct setting rows[SETTING_COUNT] = {
#define GLOBAL(key_, type_, field, limits_, preset_, help_)                                                            \
    {.section = SECTION_CREDTOP,                                                                                       \
     .type = TYPE_##type_,                                                                                             \
     .key = #key_,                                                                                                     \
     .offset = offsetof(struct config, field),                                                                         \
     .limits = limits_,                                                                                                \
     .preset = preset_,                                                                                                \
     .help = help_},
#define PATTERN(key_, type_, field, limits_, preset_, help_)                                                           \
    {.section = SECTION_PATTERNS,                                                                                      \
     .type = TYPE_##type_,                                                                                             \
     .key = #key_,                                                                                                     \
     .offset = offsetof(struct config_patterns, field),                                                                \
     .limits = limits_,                                                                                                \
     .preset = preset_,                                                                                                \
     .help = help_},
#define ENVIRONMENT(key_, type_, field, limits_, preset_, help_, sample_, first, second, third)                        \
    {.section = SECTION_ENVIRONMENT,                                                                                   \
     .type = TYPE_##type_,                                                                                             \
     .key = #key_,                                                                                                     \
     .offset = offsetof(struct config_environment, field),                                                             \
     .limits = limits_,                                                                                                \
     .preset = preset_,                                                                                                \
     .help = help_,                                                                                                    \
     .sample = sample_,                                                                                                \
     .examples = {first, second, third}},
#include "config/settings.def"
#undef GLOBAL
#undef PATTERN
#undef ENVIRONMENT
};

/* A row whose type does not fit its field does not compile. */
#define C_TEXT const char *
#define C_NAME const char *
#define C_NAMES const char *const *
#define C_GLOBS const char *const *
#define C_SWITCH bool
#define C_KIND enum config_kind
#define C_WORD const char *
#define C_DURATION int64_t
#define C_COUNT unsigned
#define C_PORT uint16_t
#define C_PATH const char *
#define C_URL const char *
#define C_HOURS const char *
#define FITS(of, type, field)                                                                                          \
    _Static_assert(_Generic(((struct of *)0)->field, C_##type : 1, default : 0), #field " does not hold a " #type);
#define GLOBAL(key, type, field, limits, preset, help) FITS(config, type, field)
#define PATTERN(key, type, field, limits, preset, help) FITS(config_patterns, type, field)
#define ENVIRONMENT(key, type, field, limits, preset, help, sample, first, second, third)                              \
    FITS(config_environment, type, field)
#include "config/settings.def"
#undef GLOBAL
#undef PATTERN
#undef ENVIRONMENT

const struct setting *setting_row(enum setting_id id)
{
    return &rows[id];
}

const struct setting *setting_find(enum section section, const char *key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (rows[i].section == section && strcmp(rows[i].key, key) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

bool setting_is_list(const struct setting *s)
{
    return s->type == TYPE_NAMES || s->type == TYPE_GLOBS;
}

const char *section_word(enum section section)
{
    static const char *const sections[SECTION_COUNT] = {"credtop", "patterns", "environment"};
    return sections[section];
}

/* ------------------------------------------------------------------- limits */

/* "600 a-z /", "511|off": the number in front. */
static size_t limit_bytes(const struct setting *s)
{
    int64_t most = 0;
    (void)number_read(s->limits, strcspn(s->limits, " |"), INT32_MAX, &most);
    return (size_t)most;
}

/* "1..64", "5s..1h": both ends, by the reader of its type. */
static void limit_range(const struct setting *s, int64_t *out_low, int64_t *out_high)
{
    size_t n = strcspn(s->limits, ".");
    const char *high = s->limits + n + 2;
    if (s->type == TYPE_DURATION) {
        (void)duration_read(s->limits, n, out_low);
        (void)duration_read(high, strlen(high), out_high);
    } else {
        (void)number_read(s->limits, n, INT32_MAX, out_low);
        (void)number_read(high, strlen(high), INT32_MAX, out_high);
    }
}

/* Whether c is in " A-Z a-z . -": ranges and single characters between blanks. */
static bool limit_has_char(const struct setting *s, char c)
{
    const char *p = s->limits + strcspn(s->limits, " ");
    while (*p == ' ') {
        size_t n = strcspn(++p, " ");
        bool range = n == 3 && p[1] == '-';
        if (range ? (c >= p[0] && c <= p[2]) : c == *p) {
            return true;
        }
        p += n;
    }
    return false;
}

/* The index of `value` in "a|b|c", or -1. */
static int limit_word(const struct setting *s, const char *value)
{
    size_t n = strlen(value);
    int index = 0;
    for (const char *p = s->limits;; index++) {
        size_t len = strcspn(p, "|");
        if (n == len && memcmp(p, value, n) == 0) {
            return index;
        }
        if (p[len] == '\0') {
            return -1;
        }
        p += len + 1;
    }
}

void setting_allowed(const struct setting *s, struct words *w)
{
    size_t n = strcspn(s->limits, " ");
    switch (s->type) {
    case TYPE_TEXT:
    case TYPE_GLOBS:
        words_fmt(w, "1 to %s bytes of text", s->limits);
        return;
    case TYPE_NAME:
    case TYPE_NAMES:
        words_fmt(w, "1 to %.*s of%s", (int)n, s->limits, s->limits + n);
        return;
    case TYPE_DURATION:
    case TYPE_SWITCH:
    case TYPE_KIND:
    case TYPE_WORD:
    case TYPE_COUNT:
    case TYPE_PORT:
        words_fmt(w, "%s", s->limits);
        return;
    case TYPE_PATH:
        n = strcspn(s->limits, "|");
        words_fmt(w, "a path of at most %.*s bytes; relative to this file's folder, or with ~/ in front%s%s", (int)n,
                  s->limits, s->limits[n] == '|' ? "; or " : "", s->limits[n] == '|' ? s->limits + n + 1 : "");
        return;
    case TYPE_URL:
        words_fmt(w, "http:// or https:// and HOST[:PORT][/PATH], at most %s bytes, without user, query or fragment",
                  s->limits);
        return;
    case TYPE_HOURS:
        words_fmt(w, "from and to, like 22:00-07:00");
        return;
    }
}

/* ----------------------------------------------------------------- reading */

/* "KEY = 'value' FAULT; allowed: ..." */
static bool refuse(const struct setting *s, const char *value, const char *fault, struct words *out)
{
    words_fmt(out, "%s = ", s->key);
    words_quote(out, value, strlen(value));
    words_fmt(out, " %s; allowed: ", fault);
    setting_allowed(s, out);
    return false;
}

static bool refuse_char(const struct setting *s, const char *value, char c, struct words *out)
{
    struct words fault;
    words_init(&fault, 64);
    words_fmt(&fault, "holds ");
    words_quote(&fault, &c, 1);
    words_fmt(&fault, ", which it may not");
    (void)refuse(s, value, fault.s, out);
    words_clear(&fault);
    return false;
}

static void *field_of(const struct setting *s, void *base)
{
    return (char *)base + s->offset;
}

static void store_text(const struct setting *s, const char *value, const struct setting_place *place, void *base)
{
    const char *text = arena_copy(place->arena, value, strlen(value));
    memcpy(field_of(s, base), &text, sizeof text);
}

/* Appends to a NULL-terminated array, which grows at powers of two. */
static bool store_listed(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                         struct words *out_wrong)
{
    const char *const *list;
    memcpy(&list, field_of(s, base), sizeof list);
    size_t n = 0;
    while (list[n] != NULL) {
        n++;
    }
    if (n == LIST_MAX) {
        words_fmt(out_wrong, "%s has too many values; allowed: %d", s->key, LIST_MAX);
        return false;
    }
    const char **longer = arena_room(place->arena, (n + 2) * sizeof *longer);
    memcpy(longer, list, n * sizeof *longer);
    longer[n] = arena_copy(place->arena, value, strlen(value));
    list = longer;
    memcpy(field_of(s, base), &list, sizeof list);
    return true;
}

static bool read_text(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                      struct words *out_wrong)
{
    if (strlen(value) > limit_bytes(s)) {
        return refuse(s, value, "is too long", out_wrong);
    }
    if (s->type == TYPE_NAME || s->type == TYPE_NAMES) {
        for (const char *p = value; *p != '\0'; p++) {
            if (!limit_has_char(s, *p)) {
                return refuse_char(s, value, *p, out_wrong);
            }
        }
    }
    if (setting_is_list(s)) {
        return store_listed(s, value, place, base, out_wrong);
    }
    store_text(s, value, place, base);
    return true;
}

static bool read_word(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                      struct words *out_wrong)
{
    int index = limit_word(s, value);
    if (index < 0) {
        return refuse(s, value, "is not a choice", out_wrong);
    }
    if (s->type == TYPE_SWITCH) {
        *(bool *)field_of(s, base) = index == 1;
    } else if (s->type == TYPE_KIND) {
        enum config_kind kind = (enum config_kind)index;
        memcpy(field_of(s, base), &kind, sizeof kind);
    } else {
        store_text(s, value, place, base);
    }
    return true;
}

static bool read_number(const struct setting *s, const char *value, void *base, struct words *out_wrong)
{
    int64_t low = 0, high = 0, number = 0;
    bool is_duration = s->type == TYPE_DURATION;
    size_t n = strlen(value);
    limit_range(s, &low, &high);
    if (is_duration && number_read(value, n, INT32_MAX, &number)) {
        return refuse(s, value, "has no unit (ms, s, m or h)", out_wrong);
    }
    if (is_duration ? !duration_read(value, n, &number) : !number_read(value, n, INT32_MAX, &number)) {
        return refuse(s, value, is_duration ? "is not a duration like 250ms, 30s, 5m or 1h" : "is not a whole number",
                      out_wrong);
    }
    if (number < low || number > high) {
        return refuse(s, value, number < low ? "is too small" : "is too large", out_wrong);
    }
    if (is_duration) {
        memcpy(field_of(s, base), &number, sizeof number);
    } else if (s->type == TYPE_PORT) {
        uint16_t port = (uint16_t)number;
        memcpy(field_of(s, base), &port, sizeof port);
    } else {
        unsigned count = (unsigned)number;
        memcpy(field_of(s, base), &count, sizeof count);
    }
    return true;
}

static bool read_path(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                      struct words *out_wrong)
{
    const char *front = place->folder, *rest = value, *word = strchr(s->limits, '|');
    if (word != NULL && strcmp(value, word + 1) == 0) {
        store_text(s, value, place, base);
        return true;
    }
    if (value[0] == '/') {
        front = "";
        rest = value + 1;
    } else if (value[0] == '~') {
        if (value[1] != '/') {
            return refuse(s, value, "begins with ~, which only ~/ may", out_wrong);
        }
        if (place->home == NULL || place->home[0] != '/') {
            return refuse(s, value, "needs HOME, which is not set to a folder", out_wrong);
        }
        front = place->home;
        rest = value + 2;
    }
    while (strncmp(rest, "./", 2) == 0) {
        rest += 2;
    }
    if (*rest == '\0' || value[strlen(value) - 1] == '/') {
        return refuse(s, value, "names a folder", out_wrong);
    }
    if (strlen(front) + 1 + strlen(rest) > limit_bytes(s)) {
        return refuse(s, value, "is too long once made absolute", out_wrong);
    }
    struct words path;
    words_init(&path, limit_bytes(s));
    words_add(&path, front, strlen(front));
    words_add(&path, "/", 1);
    words_add(&path, rest, strlen(rest));
    char *absolute = words_take(&path);
    store_text(s, absolute, place, base);
    free(absolute);
    return true;
}

/* NULL, or what is wrong with HOST[:PORT][/PATH].  [..] around IPv6 addresses. */
static const char *url_fault(const char *authority)
{
    static const char *const host_chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    size_t n = strcspn(authority, "/");
    size_t host =
        authority[0] == '[' ? strspn(authority + 1, "0123456789abcdefABCDEF:.") + 2 : strspn(authority, host_chars);
    if (authority[0] == '[' && (host == 2 || host > n || authority[host - 1] != ']')) {
        return "has no proper host";
    }
    if (host == 0) {
        return "has no host";
    }
    int64_t port = 1;
    if (host < n &&
        (authority[host] != ':' || !number_read(authority + host + 1, n - host - 1, 65535, &port) || port == 0)) {
        return "has something after its host that is no port (1..65535)";
    }
    for (const char *p = authority + n; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '?' || *p == '#' || *p == '"' || *p == '\\') {
            return "has a path with a character it may not hold";
        }
    }
    return NULL;
}

static bool read_url(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                     struct words *out_wrong)
{
    size_t scheme = strncmp(value, "https://", 8) == 0 ? 8 : strncmp(value, "http://", 7) == 0 ? 7 : 0;
    if (scheme == 0) {
        return refuse(s, value, "is not an http URL", out_wrong);
    }
    if (strlen(value) > limit_bytes(s)) {
        return refuse(s, value, "is too long", out_wrong);
    }
    if (memchr(value + scheme, '@', strcspn(value + scheme, "/")) != NULL) { /* not shown: it may be a password */
        words_fmt(out_wrong, "%s holds a user or a password, which do not belong here; allowed: ", s->key);
        setting_allowed(s, out_wrong);
        return false;
    }
    const char *fault = url_fault(value + scheme);
    if (fault != NULL) {
        return refuse(s, value, fault, out_wrong);
    }
    store_text(s, value, place, base);
    return true;
}

static bool read_hours(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                       struct words *out_wrong)
{
    int from, to;
    if (!hours_read(value, &from, &to)) {
        return refuse(s, value, "is no span of hours", out_wrong);
    }
    store_text(s, value, place, base);
    return true;
}

bool setting_read(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                  struct words *out_wrong)
{
    if (value[0] == '\0') {
        words_fmt(out_wrong, "%s has no value; leave the line out for the default; allowed: ", s->key);
        setting_allowed(s, out_wrong);
        return false;
    }
    switch (s->type) {
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_NAMES:
    case TYPE_GLOBS:
        return read_text(s, value, place, base, out_wrong);
    case TYPE_SWITCH:
    case TYPE_KIND:
    case TYPE_WORD:
        return read_word(s, value, place, base, out_wrong);
    case TYPE_DURATION:
    case TYPE_COUNT:
    case TYPE_PORT:
        return read_number(s, value, base, out_wrong);
    case TYPE_PATH:
        return read_path(s, value, place, base, out_wrong);
    case TYPE_URL:
        return read_url(s, value, place, base, out_wrong);
    case TYPE_HOURS:
        return read_hours(s, value, place, base, out_wrong);
    }
    abort(); /* no such type */
}

/* ------------------------------------------------------------------ presets */

void setting_list_empty(const struct setting *s, const struct setting_place *place, void *base)
{
    const char *const *list = arena_room(place->arena, sizeof *list);
    memcpy(field_of(s, base), &list, sizeof list);
}

void setting_values(const char *text, void (*each)(void *ctx, const char *value, size_t n), void *ctx)
{
    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");
        each(ctx, text, n);
        text += n + (text[n] == '\n' ? 1 : 0);
    }
}

struct preset {
    const struct setting *s;
    const struct setting_place *place;
    void *base;
};

static void preset_value(void *ctx, const char *value, size_t n)
{
    struct preset *p = ctx;
    struct words wrong;
    words_init(&wrong, 1024);
    if (!setting_read(p->s, arena_copy(p->place->arena, value, n), p->place, p->base, &wrong)) {
        abort(); /* a row of settings.def contradicts itself; the tests read them all */
    }
}

void settings_preset(enum section section, const struct setting_place *place, void *base)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (rows[i].section == section) {
            if (setting_is_list(&rows[i])) {
                setting_list_empty(&rows[i], place, base);
            }
            struct preset p = {.s = &rows[i], .place = place, .base = base};
            setting_values(rows[i].preset, preset_value, &p);
        }
    }
}
