/* The rows of settings.def, and how a value of each type is read. */
#ifndef CT_SETTINGS_H
#define CT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/arena.h"
#include "config/words.h"

enum section { SECTION_CREDTOP, SECTION_PATTERNS, SECTION_ENVIRONMENT, SECTION_COUNT };

/* SETTING_credtop_mode, SETTING_environment_secret...: for rules across keys. */
enum setting_id {
#define GLOBAL(key, type, field, limits, preset, help) SETTING_credtop_##key,
#define PATTERN(key, type, field, limits, preset, help) SETTING_patterns_##key,
#define ENVIRONMENT(key, type, field, limits, preset, help, sample, first, second, third) SETTING_environment_##key,
#include "config/settings.def"
#undef GLOBAL
#undef PATTERN
#undef ENVIRONMENT
    SETTING_COUNT
};

enum setting_type {
    TYPE_TEXT,
    TYPE_NAME,
    TYPE_NAMES,
    TYPE_GLOBS,
    TYPE_SWITCH,
    TYPE_KIND,
    TYPE_WORD,
    TYPE_DURATION,
    TYPE_COUNT,
    TYPE_PORT,
    TYPE_PATH,
    TYPE_URL,
    TYPE_HOURS
};

#define SETTING_EXAMPLES 3

struct setting {
    enum section section;
    enum setting_type type;
    const char *key;
    size_t offset;                      /* of the field, in the section's struct */
    const char *limits, *preset, *help; /* settings.def says what they hold */
    const char *sample;
    const char *examples[SETTING_EXAMPLES];
};

/* Where values go and what paths are relative to. */
struct setting_place {
    struct arena *arena;
    const char *folder; /* of the configuration file, absolute, no '/' at its end */
    const char *home;   /* for ~/; NULL: unknown */
};

#define LIST_MAX 64 /* values of one list */

const struct setting *setting_row(enum setting_id id);
const struct setting *setting_find(enum section section, const char *key); /* NULL: no such key */
bool setting_is_list(const struct setting *s);
const char *section_word(enum section section); /* "credtop", ... */

/* Reads `value` into the row's field of `base` (a list gets one more).  False with
 * what is wrong and what is allowed in *out_wrong, and the field as it was. */
bool setting_read(const struct setting *s, const char *value, const struct setting_place *place, void *base,
                  struct words *out_wrong);

/* Lists of the section start empty, everything that has a preset gets it. */
void settings_preset(enum section section, const struct setting_place *place, void *base);
void setting_list_empty(const struct setting *s, const struct setting_place *place, void *base);

/* What a value may be, in words: "5s..1h". */
void setting_allowed(const struct setting *s, struct words *w);

/* Calls `each` for every value of a preset or example (lists hold several). */
void setting_values(const char *text, void (*each)(void *ctx, const char *value, size_t n), void *ctx);

/* The line a key was given at, first where it is a list; env SIZE_MAX: of [credtop] or
 * [patterns]; 0: nowhere.  In config.c. */
struct config;
int config_line(const struct config *c, size_t env, enum setting_id id);

#endif
