/* The rows as pages: credtop.conf.example and the manual's chapter on keys. */
#include <string.h>

#include "config/config.h"
#include "config/settings.h"
#include "config/words.h"

#define PAGE_MAX ((size_t)256 * 1024)
#define COLUMNS ((size_t)98)

/* Line by line, as the file begins.  What is promised here, reader.h keeps. */
static const char *const preface[] = {
    "credtop.conf: what credtop watches and how often.",
    "",
    "Lines are [SECTION] or KEY = VALUE, in UTF-8, up to 4000 bytes; blanks around keys and values do",
    "not count, and a line is never continued on the next.  A line that begins with # or ; is a",
    "comment, and so is what follows a ';' that has a blank before it.  Any other # or ; is part of",
    "the value; values are never quoted.  A key is given once in its section, except where it says",
    "\"may be given again\": each line then adds a value, and the first one replaces the default.",
    "Durations are whole numbers with ms, s, m or h behind them.",
    "",
    "The file may not be writable by group or others (chmod go-w).  No password belongs in it.",
};

static const char *const example_names[SETTING_EXAMPLES] = {"billing-prod", "billing-dev", "orders-prod"};
static const char *const example_words[SETTING_EXAMPLES] = {
    ("One section for each environment; NAME is 1 to 63 of A-Z a-z 0-9 . _ - and used once. This one is a production "
     "environment, with every key there is."),
    "A development environment: credentials come from its .env file, Secrets Manager is never asked.",
    "A second production environment, in another account and region, protected: orders ask for its name to be typed.",
};

struct page {
    struct words w;
    const char *key;
    bool comment; /* lines are commented out */
};

static void comment(struct words *w, const char *text)
{
    words_fmt(w, "# ");
    struct words wrapped;
    words_init(&wrapped, PAGE_MAX);
    words_wrap(&wrapped, text, 0, 0, COLUMNS - 2);
    for (const char *p = wrapped.s != NULL ? wrapped.s : ""; *p != '\0'; p++) {
        words_add(w, p, 1);
        if (*p == '\n') {
            words_fmt(w, "# ");
        }
    }
    words_fmt(w, "\n");
    words_clear(&wrapped);
}

/* "HELP (ALLOWED; may be given again)" */
static void comment_setting(struct words *w, const struct setting *s)
{
    struct words text;
    words_init(&text, PAGE_MAX);
    words_fmt(&text, "%s (", s->help);
    setting_allowed(s, &text);
    words_fmt(&text, setting_is_list(s) ? "; may be given again)" : ")");
    comment(w, text.s);
    words_clear(&text);
}

static void add_line(void *ctx, const char *value, size_t n)
{
    struct page *p = ctx;
    words_fmt(&p->w, "%s%s = %.*s\n", p->comment ? "#" : "", p->key, (int)n, value);
}

static void add_values(struct page *p, const struct setting *s, const char *text, bool commented)
{
    p->key = s->key;
    p->comment = commented;
    setting_values(text, add_line, p);
}

/* [credtop], [patterns]: every key with its default, commented out. */
static void add_section(struct page *p, enum section section, const char *intro)
{
    words_fmt(&p->w, "\n");
    if (intro != NULL) {
        comment(&p->w, intro);
    }
    words_fmt(&p->w, "[%s]\n", section_word(section));
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = setting_row((enum setting_id)i);
        if (s->section == section) {
            words_fmt(&p->w, "\n");
            comment_setting(&p->w, s);
            const struct setting *namesake = setting_find(SECTION_ENVIRONMENT, s->key);
            add_values(p, s, s->preset == NULL && namesake != NULL ? namesake->sample : s->preset, true);
        }
    }
}

/* The first environment explains every key; the others show what they set. */
static void add_environment(struct page *p, size_t which)
{
    words_fmt(&p->w, "\n\n");
    comment(&p->w, example_words[which]);
    words_fmt(&p->w, "[%s %s]\n", section_word(SECTION_ENVIRONMENT), example_names[which]);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *s = setting_row((enum setting_id)i);
        if (s->section != SECTION_ENVIRONMENT) {
            continue;
        }
        if (which == 0) {
            words_fmt(&p->w, "\n");
            comment_setting(&p->w, s);
        }
        if (s->examples[which] != NULL) {
            add_values(p, s, s->examples[which], false);
        } else if (which == 0) {
            add_values(p, s, s->sample, true);
        }
    }
}

char *config_example(void)
{
    struct page p = {.key = NULL};
    words_init(&p.w, PAGE_MAX);
    for (size_t i = 0; i < sizeof preface / sizeof preface[0]; i++) {
        words_fmt(&p.w, preface[i][0] != '\0' ? "# %s\n" : "#%s\n", preface[i]);
    }
    add_section(&p, SECTION_CREDTOP,
                "For all environments. What "
                "is commented out below is the default (endpoint_url has none).");
    words_fmt(&p.w, "\n");
    add_section(&p, SECTION_PATTERNS,
                "How a line of a Lambda's log is recognised, by what it says behind time stamp, request id and level. "
                "A * stands for any run of characters, everything else for itself; without a * at its end a pattern "
                "has to match to the end of the line.");
    for (size_t i = 0; i < SETTING_EXAMPLES; i++) {
        add_environment(&p, i);
    }
    return words_take(&p.w);
}

/* ------------------------------------------------------------------ manual */

static void roff_value(void *ctx, const char *value, size_t n)
{
    struct page *p = ctx;
    char text[256];
    n = n < sizeof text ? n : sizeof text - 1;
    memcpy(text, value, n);
    text[n] = '\0';
    words_fmt(&p->w, ".br\nDefault: ");
    words_roff(&p->w, text);
    words_fmt(&p->w, "\n");
}

static void roff_setting(struct page *p, const struct setting *s)
{
    struct words allowed;
    words_init(&allowed, PAGE_MAX);
    setting_allowed(s, &allowed);
    words_fmt(&p->w, ".TP\n.B ");
    words_roff(&p->w, s->key);
    words_fmt(&p->w, "\n");
    words_roff(&p->w, s->help);
    words_fmt(&p->w, ".%s\n.br\nAllowed: ", setting_is_list(s) ? " May be given again." : "");
    words_roff(&p->w, allowed.s);
    words_fmt(&p->w, ".\n");
    setting_values(s->preset, roff_value, p);
    words_clear(&allowed);
}

char *config_manual(void)
{
    static const char *const headings[SECTION_COUNT] = {"[credtop]", "[patterns]", "[environment NAME]"};
    struct page p = {.key = NULL};
    words_init(&p.w, PAGE_MAX);
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        words_fmt(&p.w, ".SS ");
        words_roff(&p.w, headings[section]);
        words_fmt(&p.w, "\n");
        for (size_t i = 0; i < SETTING_COUNT; i++) {
            const struct setting *s = setting_row((enum setting_id)i);
            if ((size_t)s->section == section) {
                roff_setting(&p, s);
            }
        }
    }
    return words_take(&p.w);
}
