/* A table walked by hand: getopt keeps its place in globals, and says neither what
 * was meant nor what is allowed. */
#include "config/options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "config/words.h"

#define TEXT_MAX ((size_t)64 * 1024)
#define COLUMNS ((size_t)80)
#define HELP_INDENT ((size_t)25)

#define WITH(command) (1u << (command))
#define COMMAND_ANY (~0u)

/* What goes with --restricted; all else is refused, so that a new option is, too. */
#define RESTRICTED_OPTIONS "restricted|audit|ascii|no-color|format|timeout|since|help|version"
#define RESTRICTED_COMMANDS "status"

enum option_type { TYPE_SWITCH, TYPE_TEXT, TYPE_DURATION, TYPE_FORMAT, TYPE_WORD };

struct option_row {
    const char *name, *argument;
    char letter;
    enum option_type type;
    size_t offset; /* of the field, in struct options */
    const char *limits, *preset;
    unsigned commands; /* WITH() bits */
    const char *help;
};

/* A word and what it means: commands, files, variables, exit statuses. */
struct help_row {
    const char *word, *help, *operand;
    int value; /* enum options_command: itself, or whose exit status it is */
};

static const struct option_row options[] = {
#define OPTION(name_, letter_, argument_, type_, field, limits_, preset_, command_, help_)                             \
    {.name = name_,                                                                                                    \
     .letter = letter_,                                                                                                \
     .argument = argument_,                                                                                            \
     .type = TYPE_##type_,                                                                                             \
     .offset = offsetof(struct options, field),                                                                        \
     .limits = limits_,                                                                                                \
     .preset = preset_,                                                                                                \
     .commands = command_,                                                                                             \
     .help = help_},
#define COMMAND(word, value, operand, help)
#define EXIT_STATUS(command, number, help)
#define FILE_ROW(path, help)
#define VARIABLE(name, help)
#include "config/options.def"
#undef OPTION
#undef COMMAND
#undef EXIT_STATUS
#undef FILE_ROW
#undef VARIABLE
};

#define C_SWITCH bool
#define C_TEXT const char *
#define C_DURATION int64_t
#define C_FORMAT enum options_format
#define C_WORD const char *
#define OPTION(name, letter, argument, type, field, limits, preset, command, help)                                     \
    _Static_assert(_Generic(((struct options *)0)->field, C_##type : 1, default : 0), name " does not hold a " #type);
#define COMMAND(word, value, operand, help)
#define EXIT_STATUS(command, number, help)
#define FILE_ROW(path, help)
#define VARIABLE(name, help)
#include "config/options.def"
#undef OPTION
#undef COMMAND
#undef EXIT_STATUS
#undef FILE_ROW
#undef VARIABLE

#define OPTION(name, letter, argument, type, field, limits, preset, command, help)
#define COMMAND(word_, value_, operand_, help_) {.word = word_, .help = help_, .operand = operand_, .value = value_},
#define EXIT_STATUS(command, number, help)
#define FILE_ROW(path, help)
#define VARIABLE(name, help)
static const struct help_row commands[] = {
#include "config/options.def"
};
#undef COMMAND
#undef EXIT_STATUS
#define COMMAND(word, value, operand, help)
#define EXIT_STATUS(command, number, help_) {.word = #number, .help = help_, .value = command},
static const struct help_row statuses[] = {
#include "config/options.def"
};
#undef EXIT_STATUS
#undef FILE_ROW
#define EXIT_STATUS(command, number, help)
#define FILE_ROW(path, help_) {.word = path, .help = help_},
static const struct help_row files[] = {
#include "config/options.def"
};
#undef FILE_ROW
#undef VARIABLE
#define FILE_ROW(path, help)
#define VARIABLE(name, help_) {.word = name, .help = help_},
static const struct help_row variables[] = {
#include "config/options.def"
};
#undef OPTION
#undef COMMAND
#undef EXIT_STATUS
#undef FILE_ROW
#undef VARIABLE

#define OPTIONS (sizeof options / sizeof options[0])
#define COMMANDS (sizeof commands / sizeof commands[0])
#define STATUSES (sizeof statuses / sizeof statuses[0])

/* ----------------------------------------------------------------- parsing */

struct parse {
    int argc, at;
    char *const *argv;
    struct options *out;
    bool formatted;                        /* --format was given */
    const struct option_row *narrowed;     /* the last one given that goes with one command alone */
    const struct option_row *unrestricted; /* the first one given that --restricted does not allow */
    int commands;                          /* given so far */
    size_t operands;                       /* of the command, given so far */
    struct words wrong;
};

static void *field_of(const struct option_row *o, struct options *out)
{
    return (char *)out + o->offset;
}

static const struct help_row *command_row(enum options_command command)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (commands[i].value == (int)command) {
            return &commands[i];
        }
    }
    return NULL; /* the dashboard has no word */
}

/* The first command that the option goes with. */
static const char *command_word(const struct option_row *o)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if ((o->commands & WITH(commands[i].value)) != 0) {
            return commands[i].word;
        }
    }
    abort(); /* a row names no command */
}

/* "credtop: --NAME 'value' FAULT; allowed: LIMITS" */
static bool refuse(struct parse *p, const struct option_row *o, const char *value, const char *fault)
{
    words_fmt(&p->wrong, "credtop: --%s ", o->name);
    words_quote(&p->wrong, value, strlen(value));
    words_fmt(&p->wrong, " %s; allowed: %s%s", fault, o->limits, o->type == TYPE_TEXT ? " bytes" : "");
    return false;
}

static bool set_duration(struct parse *p, const struct option_row *o, const char *value)
{
    int64_t low = 0, high = 0, ms = 0;
    size_t n = strcspn(o->limits, ".");
    const char *upper = o->limits + n + 2;
    (void)duration_read(o->limits, n, &low);
    (void)duration_read(upper, strlen(upper), &high);
    if (!duration_read(value, strlen(value), &ms)) {
        return refuse(p, o, value, "is not a duration like 250ms, 30s, 5m or 1h");
    }
    if (ms < low || ms > high) {
        return refuse(p, o, value, ms < low ? "is too short" : "is too long");
    }
    memcpy(field_of(o, p->out), &ms, sizeof ms);
    return true;
}

/* The place of `value` in "a|b|c", or -1. */
static int limit_word(const struct option_row *o, const char *value)
{
    int index = 0;
    for (const char *w = o->limits; *w != '\0'; index++) {
        size_t n = strcspn(w, "|");
        if (n == strlen(value) && memcmp(w, value, n) == 0) {
            return index;
        }
        w += n + (w[n] == '|' ? 1 : 0);
    }
    return -1;
}

static bool set_word(struct parse *p, const struct option_row *o, const char *value)
{
    int index = limit_word(o, value);
    if (index < 0) {
        return refuse(p, o, value, "is not a choice");
    }
    if (o->type == TYPE_WORD) {
        memcpy(field_of(o, p->out), &value, sizeof value);
    } else {
        enum options_format format = (enum options_format)index;
        memcpy(field_of(o, p->out), &format, sizeof format);
        p->formatted = true;
    }
    return true;
}

static bool set_text(struct parse *p, const struct option_row *o, const char *value)
{
    int64_t most = 0;
    (void)number_read(o->limits, strlen(o->limits), INT_MAX, &most);
    if (value[0] == '\0') {
        words_fmt(&p->wrong, "credtop: --%s needs a %s", o->name, o->argument);
        return false;
    }
    if (strlen(value) > (size_t)most) {
        return refuse(p, o, value, "is too long");
    }
    memcpy(field_of(o, p->out), &value, sizeof value);
    return true;
}

/* Whether `word` is one of "a|b|c". */
static bool is_choice(const char *choices, const char *word)
{
    for (const char *w = choices;; w++) {
        size_t n = strcspn(w, "|");
        if (n == strlen(word) && memcmp(w, word, n) == 0) {
            return true;
        }
        w += n;
        if (*w == '\0') {
            return false;
        }
    }
}

/* `value` is NULL for a switch. */
static bool option_set(struct parse *p, const struct option_row *o, const char *value)
{
    if (o->commands != COMMAND_ANY) {
        p->narrowed = o;
    }
    if (p->unrestricted == NULL && !is_choice(RESTRICTED_OPTIONS, o->name)) {
        p->unrestricted = o;
    }
    switch (o->type) {
    case TYPE_SWITCH:
        *(bool *)field_of(o, p->out) = true;
        return true;
    case TYPE_TEXT:
        return set_text(p, o, value);
    case TYPE_DURATION:
        return set_duration(p, o, value);
    case TYPE_FORMAT:
    case TYPE_WORD:
        return set_word(p, o, value);
    }
    abort(); /* no such type */
}

static bool option_unknown(struct parse *p, const char *arg, const char *name)
{
    struct spelling spelling;
    spelling_init(&spelling, name);
    for (size_t i = 0; i < OPTIONS; i++) {
        spelling_try(&spelling, options[i].name);
    }
    words_fmt(&p->wrong, "credtop: there is no option ");
    words_quote(&p->wrong, arg, strlen(arg));
    if (spelling_nearest(&spelling) != NULL) {
        words_fmt(&p->wrong, "; did you mean --%s?", spelling_nearest(&spelling));
        return false;
    }
    words_fmt(&p->wrong, "; allowed:");
    for (size_t i = 0; i < OPTIONS; i++) {
        words_fmt(&p->wrong, " --%s", options[i].name);
    }
    return false;
}

static bool value_missing(struct parse *p, const struct option_row *o)
{
    words_fmt(&p->wrong, "credtop: --%s needs a value: --%s %s", o->name, o->name, o->argument);
    return false;
}

/* The argument that follows is the value, whatever it looks like, as with getopt. */
static bool take_next(struct parse *p, const struct option_row *o)
{
    if (p->at >= p->argc) {
        return value_missing(p, o);
    }
    return option_set(p, o, p->argv[p->at++]);
}

/* --name, --name VALUE, --name=VALUE */
static bool parse_long(struct parse *p, const char *arg)
{
    char name[64];
    const char *equals = strchr(arg, '=');
    size_t n = (equals != NULL ? (size_t)(equals - arg) : strlen(arg)) - 2;
    size_t kept = n < sizeof name ? n : sizeof name - 1;
    memcpy(name, arg + 2, kept);
    name[kept] = '\0';
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *o = &options[i];
        if (n != kept || strcmp(o->name, name) != 0) {
            continue;
        }
        if (o->argument == NULL && equals != NULL) {
            words_fmt(&p->wrong, "credtop: --%s takes no value; allowed: --%s alone", o->name, o->name);
            return false;
        }
        if (o->argument == NULL) {
            return option_set(p, o, NULL);
        }
        return equals != NULL ? option_set(p, o, equals + 1) : take_next(p, o);
    }
    return option_unknown(p, arg, name);
}

/* -A, -Ah, -cFILE, -c FILE */
static bool parse_short(struct parse *p, const char *arg)
{
    for (const char *letter = arg + 1; *letter != '\0'; letter++) {
        const struct option_row *o = NULL;
        for (size_t i = 0; i < OPTIONS && o == NULL; i++) {
            o = options[i].letter == *letter ? &options[i] : NULL;
        }
        if (o == NULL) {
            return option_unknown(p, arg, arg + 1);
        }
        if (o->argument != NULL) {
            return letter[1] != '\0' ? option_set(p, o, letter + 1) : take_next(p, o);
        }
        if (!option_set(p, o, NULL)) {
            return false;
        }
    }
    return true;
}

/* The operands of a command are words between blanks: "a|b" one of these, "[WORD]" may be
 * left out.  The one at `at`, copied without its brackets; false when there is none. */
struct operand {
    char word[64];
    bool optional;
};

static bool operand_at(const struct help_row *command, size_t at, struct operand *out)
{
    const char *w = command != NULL && command->operand != NULL ? command->operand : "";
    for (; at > 0 && *w != '\0'; at--) {
        w += strcspn(w, " ");
        w += strspn(w, " ");
    }
    size_t n = strcspn(w, " ");
    if (n == 0) {
        return false;
    }
    out->optional = *w == '[';
    w += out->optional ? 1 : 0;
    n -= out->optional ? 2 : 0;
    n = n < sizeof out->word ? n : sizeof out->word - 1;
    memcpy(out->word, w, n);
    out->word[n] = '\0';
    return true;
}

/* The command given, when a word may follow it still, and which; else NULL. */
static const struct help_row *wants_operand(const struct parse *p, struct operand *out)
{
    const struct help_row *given = p->commands > 0 ? command_row(p->out->command) : NULL;
    return operand_at(given, p->operands, out) ? given : NULL;
}

static bool parse_operand(struct parse *p, const struct help_row *command, const struct operand *operand,
                          const char *arg)
{
    const char **places[] = {&p->out->operand, &p->out->second};
    *places[p->operands++] = arg;
    if (strchr(operand->word, '|') == NULL || is_choice(operand->word, arg)) {
        return true;
    }
    words_fmt(&p->wrong, "credtop: %s ", command->word);
    words_quote(&p->wrong, arg, strlen(arg));
    words_fmt(&p->wrong, " is not a choice; allowed: %s", operand->word);
    return false;
}

static bool parse_command(struct parse *p, const char *arg)
{
    struct spelling spelling;
    struct operand operand;
    const struct help_row *given = wants_operand(p, &operand);
    if (given != NULL) {
        return parse_operand(p, given, &operand, arg);
    }
    spelling_init(&spelling, arg);
    for (size_t i = 0; i < COMMANDS; i++) {
        spelling_try(&spelling, commands[i].word);
        if (strcmp(commands[i].word, arg) == 0 && p->commands++ == 0) {
            p->out->command = (enum options_command)commands[i].value;
            return true;
        }
    }
    words_fmt(&p->wrong, "credtop: %s ", p->commands > 0 ? "one command is enough, unexpected" : "there is no command");
    words_quote(&p->wrong, arg, strlen(arg));
    if (spelling_nearest(&spelling) != NULL && p->commands == 0) {
        words_fmt(&p->wrong, "; did you mean %s?", spelling_nearest(&spelling));
        return false;
    }
    words_fmt(&p->wrong, "; allowed:");
    for (size_t i = 0; i < COMMANDS; i++) {
        words_fmt(&p->wrong, " %s", commands[i].word);
    }
    words_fmt(&p->wrong, ", or none for the dashboard");
    return false;
}

/* Which command prints which formats, the first by itself; the others know the first two. */
static const struct {
    enum options_command command;
    const char *formats;
} format_rows[] = {
    {COMMAND_STATUS, "table|json|csv|prometheus"},
    {COMMAND_LOG_EVENTS, "table|json|csv"},
    {COMMAND_REPORT, "markdown|json"},
};

static bool format_fits(struct parse *p)
{
    const struct option_row *row = options;
    const struct help_row *command = command_row(p->out->command);
    const char *allowed = "table|json";
    while (row->type != TYPE_FORMAT) {
        row++;
    }
    for (size_t i = 0; i < sizeof format_rows / sizeof format_rows[0]; i++) {
        allowed = format_rows[i].command == p->out->command ? format_rows[i].formats : allowed;
    }
    if (!p->formatted && p->out->command == COMMAND_REPORT) {
        p->out->format = FORMAT_MARKDOWN;
    }
    const char *given = row->limits;
    for (int i = (int)p->out->format; i > 0; i--) {
        given += strcspn(given, "|") + 1;
    }
    size_t n = strcspn(given, "|");
    for (const char *w = allowed; command != NULL && (row->commands & WITH(p->out->command)) != 0;) {
        size_t len = strcspn(w, "|");
        if (len == n && memcmp(w, given, n) == 0) {
            return true;
        }
        w += len;
        if (*w++ == '\0') {
            words_fmt(&p->wrong, "credtop: %s does not print --format %.*s; allowed: %s", command->word, (int)n, given,
                      allowed);
            return false;
        }
    }
    return true;
}

static bool parse_all(struct parse *p)
{
    bool only_words = false; /* after "--" */
    p->at = p->argc > 0 ? 1 : 0;
    while (p->at < p->argc) {
        const char *arg = p->argv[p->at++];
        bool fine;
        if (!only_words && strcmp(arg, "--") == 0) {
            only_words = fine = true;
        } else if (!only_words && strncmp(arg, "--", 2) == 0) {
            fine = parse_long(p, arg);
        } else if (!only_words && arg[0] == '-' && arg[1] != '\0') {
            fine = parse_short(p, arg);
        } else {
            fine = parse_command(p, arg);
        }
        if (!fine) {
            return false;
        }
    }
    bool stops = p->out->help || p->out->version;
    if (p->narrowed != NULL && !stops && (p->narrowed->commands & WITH(p->out->command)) == 0) {
        words_fmt(&p->wrong, "credtop: --%s goes with the command %s: credtop %s --%s%s%s", p->narrowed->name,
                  command_word(p->narrowed), command_word(p->narrowed), p->narrowed->name,
                  p->narrowed->argument != NULL ? " " : "", p->narrowed->argument != NULL ? p->narrowed->argument : "");
        return false;
    }
    if (p->out->finish && p->out->cancel && !stops) {
        words_fmt(&p->wrong, "credtop: --finish and --cancel exclude each other: --cancel turns automatic rotation off "
                             "first, --finish then puts right what that leaves");
        return false;
    }
    if (p->out->roll_back && (p->out->finish || p->out->cancel) && !stops) {
        words_fmt(&p->wrong,
                  "credtop: --roll-back and --%s exclude each other: --roll-back is for a rotation that is "
                  "complete",
                  p->out->finish ? "finish" : "cancel");
        return false;
    }
    struct operand operand;
    const struct help_row *given = stops ? NULL : wants_operand(p, &operand);
    if (given != NULL && !operand.optional) {
        words_fmt(&p->wrong, "credtop: %s needs %s: credtop %s %s", given->word,
                  strchr(operand.word, '|') != NULL ? "one of these words" : "the name of an environment", given->word,
                  given->operand);
        return false;
    }
    return stops || format_fits(p);
}

/* What leads out of the restricted mode, or writes, is no option there. */
static bool restricted_is_kept(struct parse *p)
{
    const struct help_row *command = command_row(p->out->command);
    if (!p->out->restricted) {
        return true;
    }
    if (command != NULL && !is_choice(RESTRICTED_COMMANDS, command->word)) {
        words_fmt(&p->wrong,
                  "credtop: --restricted does not go with the command %s; allowed: %s, or none for the dashboard",
                  command->word, RESTRICTED_COMMANDS);
        return false;
    }
    if (p->unrestricted != NULL) {
        words_fmt(&p->wrong, "credtop: --restricted does not go with --%s; allowed beside it: %s",
                  p->unrestricted->name, RESTRICTED_OPTIONS);
        return false;
    }
    return true;
}

bool options_parse(int argc, char *const argv[], struct options *out, char **out_error)
{
    struct parse p = {.argc = argc, .argv = argv, .out = out};
    *out = (struct options){.command = COMMAND_DASHBOARD};
    *out_error = NULL;
    words_init(&p.wrong, 2048);
    for (size_t i = 0; i < OPTIONS; i++) {
        if (options[i].preset != NULL && !option_set(&p, &options[i], options[i].preset)) {
            abort(); /* a row of options.def contradicts itself; the tests read them all */
        }
    }
    p.narrowed = p.unrestricted = NULL;
    p.formatted = false;
    if (parse_all(&p) && restricted_is_kept(&p)) {
        out->audit = out->audit || out->restricted;
        words_clear(&p.wrong);
        return true;
    }
    *out_error = words_take(&p.wrong);
    return false;
}

/* -------------------------------------------------------------------- help */

/* "  WORD   help", the help in a column of its own, wrapped. */
static void help_line(struct words *w, const char *word, const char *help)
{
    size_t at = 2 + strlen(word);
    words_fmt(w, "  %s", word);
    if (at + 2 > HELP_INDENT) {
        words_fmt(w, "\n");
        at = 0;
    }
    words_fmt(w, "%*s", (int)(HELP_INDENT - at), "");
    words_wrap(w, help, HELP_INDENT, HELP_INDENT, COLUMNS);
    words_fmt(w, "\n");
}

/* "test ENVIRONMENT", or the word alone. */
static const char *row_word(const struct help_row *row, char room[64])
{
    if (row->operand == NULL) {
        return row->word;
    }
    (void)snprintf(room, 64, "%s %s", row->word, row->operand);
    return room;
}

static void help_rows(struct words *w, const char *heading, const struct help_row *rows, size_t n)
{
    char room[64];
    words_fmt(w, "\n%s\n", heading);
    for (size_t i = 0; i < n; i++) {
        help_line(w, row_word(&rows[i], room), rows[i].help);
    }
}

static void help_statuses(struct words *w)
{
    for (size_t c = 0; c < COMMANDS; c++) {
        words_fmt(w, "\nEXIT STATUS OF %s\n", commands[c].word);
        for (size_t i = 0; i < STATUSES; i++) {
            if (statuses[i].value == commands[c].value) {
                help_line(w, statuses[i].word, statuses[i].help);
            }
        }
    }
}

/* "-c, --config FILE" */
static void option_form(struct words *w, const struct option_row *o)
{
    if (o->letter != 0) {
        words_fmt(w, "-%c, ", o->letter);
    }
    words_fmt(w, "--%s%s%s", o->name, o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "");
}

/* "help (1s..1h, default 30s)" */
static void option_words(struct words *w, const struct option_row *o)
{
    words_fmt(w, "%s", o->help);
    if (o->type == TYPE_DURATION) {
        words_fmt(w, " (%s%s%s)", o->limits, o->preset != NULL ? ", default " : "", o->preset != NULL ? o->preset : "");
    } else if (o->preset != NULL) {
        words_fmt(w, " (default %s)", o->preset);
    }
}

char *options_help(void)
{
    struct words w;
    words_init(&w, TEXT_MAX);
    words_fmt(&w, "Usage: credtop [OPTION]... [COMMAND]\n\n");
    words_wrap(&w,
               "A dashboard for PostgreSQL credentials that Lambdas take from AWS Secrets Manager. Without a "
               "command it fills the terminal; q leaves it, ? explains the keys.",
               0, 0, COLUMNS);
    words_fmt(&w, "\n");
    help_rows(&w, "COMMANDS", commands, COMMANDS);
    words_fmt(&w, "\nOPTIONS\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        struct words form, help;
        words_init(&form, 256);
        words_init(&help, 1024);
        words_fmt(&form, "%s", options[i].letter == 0 ? "    " : "");
        option_form(&form, &options[i]);
        option_words(&help, &options[i]);
        help_line(&w, form.s, help.s);
        words_clear(&form);
        words_clear(&help);
    }
    help_statuses(&w);
    help_rows(&w, "FILES", files, sizeof files / sizeof files[0]);
    help_rows(&w, "ENVIRONMENT", variables, sizeof variables / sizeof variables[0]);
    return words_take(&w);
}

/* ------------------------------------------------------------------ manual */

static void roff_row(struct words *w, const char *word, const char *help)
{
    words_fmt(w, ".TP\n.B ");
    words_roff(w, word);
    words_fmt(w, "\n");
    words_roff(w, help);
    words_fmt(w, "\n");
}

static void roff_rows(struct words *w, const char *heading, const struct help_row *rows, size_t n)
{
    char room[64];
    words_fmt(w, ".SH %s\n", heading);
    for (size_t i = 0; i < n; i++) {
        roff_row(w, row_word(&rows[i], room), rows[i].help);
    }
}

static void roff_statuses(struct words *w)
{
    words_fmt(w, ".SH EXIT STATUS\n");
    for (size_t c = 0; c < COMMANDS; c++) {
        words_fmt(w, ".SS Of ");
        words_roff(w, commands[c].word);
        words_fmt(w, "\n");
        for (size_t i = 0; i < STATUSES; i++) {
            if (statuses[i].value == commands[c].value) {
                roff_row(w, statuses[i].word, statuses[i].help);
            }
        }
    }
}

char *options_manual(void)
{
    struct words w;
    words_init(&w, TEXT_MAX);
    roff_rows(&w, "COMMANDS", commands, COMMANDS);
    words_fmt(&w, ".SH OPTIONS\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        struct words form, help;
        words_init(&form, 256);
        words_init(&help, 1024);
        option_form(&form, &options[i]);
        option_words(&help, &options[i]);
        roff_row(&w, form.s, help.s);
        words_clear(&form);
        words_clear(&help);
    }
    roff_statuses(&w);
    roff_rows(&w, "FILES", files, sizeof files / sizeof files[0]);
    roff_rows(&w, "ENVIRONMENT", variables, sizeof variables / sizeof variables[0]);
    return words_take(&w);
}
