/* What is in force, written as a credtop.conf.  A ';' after a blank begins a comment, which no
 * value that was read from a file can hold; a path that was made absolute may, and then its
 * origin stands on a line of its own. */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/settings.h"
#include "config/words.h"

#define SHOWN_MAX ((size_t)64 * 1024 * 1024)
#define ORIGIN_COLUMN ((size_t)48)

struct shown {
    struct words w;
    const struct config *c;
    size_t env; /* SIZE_MAX: [credtop], [patterns] */
};

/* A number of the limits "a|b", as settings.c reads it. */
static void put_choice(struct words *w, const char *choices, int index)
{
    while (index-- > 0) {
        choices += strcspn(choices, "|") + 1;
    }
    words_add(w, choices, strcspn(choices, "|"));
}

static void put_duration(struct words *w, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    size_t i = 0;
    while (ms % units[i].ms != 0) {
        i++;
    }
    words_fmt(w, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
}

/* The value of a row that is no list; false: it has none. */
static bool put_value(struct words *w, const struct setting *s, const void *base)
{
    const char *field = (const char *)base + s->offset;
    const char *text = NULL;
    int64_t ms;
    unsigned count;
    uint16_t port;
    enum config_kind kind;
    switch (s->type) {
    case TYPE_TEXT:
    case TYPE_NAME:
    case TYPE_WORD:
    case TYPE_PATH:
    case TYPE_HOURS:
    case TYPE_URL:
        memcpy(&text, field, sizeof text);
        words_add(w, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
        return text != NULL;
    case TYPE_SWITCH:
        put_choice(w, s->limits, *(const bool *)field ? 1 : 0);
        return true;
    case TYPE_KIND:
        memcpy(&kind, field, sizeof kind);
        put_choice(w, s->limits, (int)kind);
        return true;
    case TYPE_DURATION:
        memcpy(&ms, field, sizeof ms);
        put_duration(w, ms);
        return ms > 0 || s->preset != NULL; /* 0 is "not given" */
    case TYPE_COUNT:
        memcpy(&count, field, sizeof count);
        words_fmt(w, "%u", count);
        return true;
    case TYPE_PORT:
        memcpy(&port, field, sizeof port);
        words_fmt(w, "%u", (unsigned)port);
        return port != 0;
    case TYPE_NAMES:
    case TYPE_GLOBS:
        break;
    }
    return false;
}

/* Where the value comes from, where that is not the row's own default. */
static void put_origin(struct words *w, const struct shown *p, enum setting_id id)
{
    int line = config_line(p->c, p->env, id);
    int function = p->env != SIZE_MAX ? config_line(p->c, p->env, SETTING_environment_function) : 0;
    if (line > 0) {
        words_safe(w, p->c->path, strlen(p->c->path));
        words_fmt(w, ":%d", line);
    } else if (id == SETTING_environment_log_group && function > 0) {
        words_fmt(w, "default, from function, ");
        words_safe(w, p->c->path, strlen(p->c->path));
        words_fmt(w, ":%d", function);
    } else if (id == SETTING_environment_protect) {
        words_fmt(w, "default in %s",
                  p->c->environments[p->env].mode == CONFIG_PRODUCTION ? "production" : "development");
    } else {
        words_fmt(w, "default");
    }
}

static bool has_control(const char *s)
{
    while (*s != '\0' && (unsigned char)*s >= 0x20 && *s != 0x7f) {
        s++;
    }
    return *s != '\0';
}

/* "KEY = VALUE    ; ORIGIN" */
static void put_line(struct shown *p, enum setting_id id, const char *value, bool further)
{
    struct words line;
    const char *semicolon = strchr(value, ';');
    words_init(&line, SHOWN_MAX);
    if (has_control(value)) { /* of a folder's name: no file can say it */
        words_fmt(&p->w, "# %s = ", setting_row(id)->key);
        words_safe(&p->w, value, strlen(value));
        words_fmt(&p->w, "\n");
        return;
    }
    if (semicolon != NULL) {
        words_fmt(&p->w, "; ");
        put_origin(&p->w, p, id);
        words_fmt(&p->w, "%s\n", further ? " and below" : "");
    }
    words_fmt(&line, "%s = ", setting_row(id)->key);
    words_add(&line, value, strlen(value));
    words_add(&p->w, line.s, line.len);
    if (semicolon == NULL) {
        words_fmt(&p->w, "%*s; ", line.len < ORIGIN_COLUMN ? (int)(ORIGIN_COLUMN - line.len) : 1, "");
        put_origin(&p->w, p, id);
        words_fmt(&p->w, "%s", further ? " and below" : "");
    }
    words_fmt(&p->w, "\n");
    words_clear(&line);
}

static void put_list(struct shown *p, enum setting_id id, const void *base)
{
    const char *const *list;
    memcpy(&list, (const char *)base + setting_row(id)->offset, sizeof list);
    for (size_t i = 0; list[i] != NULL; i++) {
        put_line(p, id, list[i], i > 0 && config_line(p->c, p->env, id) > 0);
    }
    if (list[0] == NULL) {
        words_fmt(&p->w, "# %s: none\n", setting_row(id)->key);
    }
}

static void put_setting(struct shown *p, enum setting_id id, const void *base)
{
    const struct setting *s = setting_row(id);
    struct words value;
    /* An environment has [patterns]'s by inheritance; written here they would be its own. */
    if (p->env != SIZE_MAX && s->type == TYPE_GLOBS && config_line(p->c, p->env, id) == 0) {
        words_fmt(&p->w, "# %s: as in [patterns]\n", s->key);
        return;
    }
    if (setting_is_list(s)) {
        put_list(p, id, base);
        return;
    }
    words_init(&value, SHOWN_MAX);
    if (put_value(&value, s, base)) {
        put_line(p, id, value.s != NULL ? value.s : "", false);
    } else {
        words_fmt(&p->w, "# %s: not given\n", s->key);
    }
    words_clear(&value);
}

static void put_section(struct shown *p, enum section section, const char *name, const void *base)
{
    words_fmt(&p->w, "\n[%s%s%s]\n", section_word(section), name != NULL ? " " : "", name != NULL ? name : "");
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (setting_row((enum setting_id)i)->section == section) {
            put_setting(p, (enum setting_id)i, base);
        }
    }
}

char *config_show(const struct config *c)
{
    struct shown p = {.c = c, .env = SIZE_MAX};
    words_init(&p.w, SHOWN_MAX);
    words_fmt(&p.w, "# What is in force, from ");
    words_safe(&p.w, c->path, strlen(c->path));
    words_fmt(&p.w, "\n");
    put_section(&p, SECTION_CREDTOP, NULL, c);
    put_section(&p, SECTION_PATTERNS, NULL, &c->patterns);
    for (p.env = 0; p.env < c->nenvironments; p.env++) {
        put_section(&p, SECTION_ENVIRONMENT, c->environments[p.env].name, &c->environments[p.env]);
    }
    return words_take(&p.w);
}
