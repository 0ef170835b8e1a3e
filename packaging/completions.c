/* Names of environments come from the configuration that the command line would read, at
 * the moment of completing.  Only names without a character that a shell would take as its
 * own are offered: bash expands the words it is given. */
#include "packaging/completions.h"

#include <stdbool.h>
#include <string.h>

#include "config/options.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define WITH(command) (1u << (command))
#define COMMAND_ANY (~0u)

struct command_words {
    const char *word, *operand, *help;
    enum options_command command;
};
struct option_words {
    const char *name, *argument, *type, *limits, *help;
    unsigned commands;
    char letter;
};

static const struct command_words command_rows[] = {
#define COMMAND(word_, command_, operand_, help_)                                                                      \
    {.word = word_, .operand = operand_, .help = help_, .command = command_},
#define OPTION(name, letter, argument, type, field, limits, preset, command, help)
#define EXIT_STATUS(command, number, help)
#define FILE_ROW(path, help)
#define VARIABLE(name, help)
#include "config/options.def"
#undef COMMAND
#undef OPTION
};
static const struct option_words option_rows[] = {
#define COMMAND(word, command, operand, help)
#define OPTION(name_, letter_, argument_, type_, field, limits_, preset, commands_, help_)                             \
    {.name = name_,                                                                                                    \
     .argument = argument_,                                                                                            \
     .type = #type_,                                                                                                   \
     .limits = limits_,                                                                                                \
     .help = help_,                                                                                                    \
     .commands = commands_,                                                                                            \
     .letter = letter_},
#include "config/options.def"
#undef COMMAND
#undef OPTION
#undef EXIT_STATUS
#undef FILE_ROW
#undef VARIABLE
};

/* ------------------------------------------------------------------ values */

enum value { VALUE_NOTHING, VALUE_FILE, VALUE_FOLDER, VALUE_ENVIRONMENT, VALUE_CHOICE };

/* A word of the rows: "FILE", "[FILE]", "ENVIRONMENT", "a|b". */
static enum value value_of(const char *word, size_t n)
{
    static const struct {
        const char *word;
        enum value value;
    } words[] = {{"FILE", VALUE_FILE}, {"DIR", VALUE_FOLDER}, {"ENVIRONMENT", VALUE_ENVIRONMENT}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strlen(words[i].word) == n && memcmp(words[i].word, word, n) == 0)
            return words[i].value;
    return memchr(word, '|', n) != NULL ? VALUE_CHOICE : VALUE_NOTHING;
}

static enum value option_value(const struct option_words *o)
{
    if (strcmp(o->type, "FORMAT") == 0 || strcmp(o->type, "WORD") == 0)
        return VALUE_CHOICE;
    return value_of(o->argument, strlen(o->argument));
}

/* "a|b" -> "a b" */
static void add_choices(struct strbuf *b, const char *choices, size_t n)
{
    for (size_t i = 0; i < n; i++)
        strbuf_char(b, choices[i] == '|' ? ' ' : choices[i]);
}

/* The n-th word after the command, from 1; NULL when there is none. */
static const char *operand_at(const struct command_words *c, unsigned nth, size_t *out_n)
{
    const char *at = c->operand != NULL ? c->operand : "";
    while (*at != '\0') {
        size_t n = strcspn(at, " ");
        bool bracketed = at[0] == '[' && at[n - 1] == ']';
        if (--nth == 0) {
            *out_n = bracketed ? n - 2 : n;
            return at + bracketed;
        }
        at += n + strspn(at + n, " ");
    }
    return NULL;
}

#define OPERANDS_MAX 4u

/* "status|test", the words of the commands that an option goes with. */
static void add_commands(struct strbuf *b, unsigned commands, char between)
{
    bool some = false;
    for (size_t i = 0; i < ARRAY_LEN(command_rows); i++) {
        if ((commands & WITH(command_rows[i].command)) == 0)
            continue;
        if (some)
            strbuf_char(b, between);
        strbuf_str(b, command_rows[i].word);
        some = true;
    }
}

/* Within single quotes; what `special` holds gets a backslash. */
static void add_quoted(struct strbuf *b, const char *text, const char *special, const char *quote)
{
    for (; *text != '\0'; text++) {
        if (strchr(special, *text) != NULL)
            strbuf_char(b, '\\');
        if (*text == '\'')
            strbuf_str(b, quote);
        else
            strbuf_char(b, *text);
    }
}

/* -c|--config */
static void add_forms(struct strbuf *b, const struct option_words *o, char between)
{
    if (o->letter != 0)
        strbuf_fmt(b, "-%c%c", o->letter, between);
    strbuf_fmt(b, "--%s", o->name);
}

/* The same in bash and zsh; finds what config_find() would. */
static const char environments_function[] =
    "# The environments of the configuration that would be read; $1: what --config named.\n"
    "_credtop_environments() {\n"
    "    local file=${1/#\\~\\//$HOME/}\n"
    "    if [[ -z $file ]]; then\n"
    "        for file in \"${XDG_CONFIG_HOME:-/}/credtop/credtop.conf\" \"${HOME:-/}/.config/credtop/credtop.conf\" "
    "\\\n"
    "            /etc/credtop/credtop.conf; do\n"
    "            if [[ -e $file ]]; then break; fi\n"
    "        done\n"
    "    fi\n"
    "    sed -nE 's/^[[:blank:]]*\\[[[:blank:]]*environment[[:blank:]]+([A-Za-z0-9._-]+)[[:blank:]]*\\].*/\\1/p' \\\n"
    "        \"$file\" 2>/dev/null\n"
    "}\n\n";

/* -------------------------------------------------------------------- bash */

static void bash_value(struct strbuf *b, enum value value, const char *word, size_t n)
{
    static const char *const asks[] = {[VALUE_NOTHING] = ":",
                                       [VALUE_FILE] = "_credtop_paths -f \"$cur\"",
                                       [VALUE_FOLDER] = "_credtop_paths -d \"$cur\"",
                                       [VALUE_ENVIRONMENT] = "offered=$(_credtop_environments \"$config\")"};
    if (value != VALUE_CHOICE) {
        strbuf_str(b, asks[value]);
        return;
    }
    strbuf_str(b, "offered='");
    add_choices(b, word, n);
    strbuf_char(b, '\'');
}

/* "        --format) ... ;;" for each option that takes a value. */
static void bash_values(struct strbuf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        const struct option_words *o = &option_rows[i];
        if (o->argument == NULL)
            continue;
        strbuf_str(b, "    ");
        add_forms(b, o, '|');
        strbuf_str(b, ") ");
        bash_value(b, option_value(o), o->limits, strlen(o->limits));
        strbuf_str(b, " ;;\n");
    }
}

/* A "case" line for each word a command takes behind it, its value written by `value`. */
static void add_operands(struct strbuf *b, void (*value)(struct strbuf *, enum value, const char *, size_t))
{
    for (size_t i = 0; i < ARRAY_LEN(command_rows); i++)
        for (unsigned at = 1; at <= OPERANDS_MAX; at++) {
            size_t n = 0;
            const char *word = operand_at(&command_rows[i], at, &n);
            if (word == NULL)
                break;
            strbuf_fmt(b, "    %s:%u) ", command_rows[i].word, at);
            value(b, value_of(word, n), word, n);
            strbuf_str(b, " ;;\n");
        }
}

/* Options in groups of the same commands, one "case" line a group. */
static void bash_options(struct strbuf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        unsigned commands = option_rows[i].commands;
        bool first = true;
        for (size_t j = 0; j < i; j++)
            first = first && option_rows[j].commands != commands;
        if (!first)
            continue;
        strbuf_str(b, "    case $command in ");
        if (commands == COMMAND_ANY) {
            strbuf_char(b, '*');
        } else {
            strbuf_str(b, "''|");
            add_commands(b, commands, '|');
        }
        strbuf_str(b, ") offered+='");
        for (size_t j = i; j < ARRAY_LEN(option_rows); j++) {
            if (option_rows[j].commands != commands)
                continue;
            strbuf_char(b, ' ');
            add_forms(b, &option_rows[j], ' ');
        }
        strbuf_str(b, "' ;; esac\n");
    }
}

static void bash_taking(struct strbuf *b)
{
    bool some = false;
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        if (option_rows[i].argument == NULL)
            continue;
        if (some)
            strbuf_char(b, '|');
        add_forms(b, &option_rows[i], '|');
        some = true;
    }
}

void completions_bash(struct strbuf *b)
{
    strbuf_str(b, "# bash completion for credtop(1), written by packaging/generate.sh from config/options.def.\n"
                  "# shellcheck shell=bash disable=SC2016\n\n");
    strbuf_str(b, environments_function);
    strbuf_str(b,
               "_credtop_paths() {\n"
               "    compopt -o filenames 2>/dev/null\n"
               "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
               "}\n\n"
               "_credtop() {\n"
               "    local cur=${COMP_WORDS[COMP_CWORD]} asked='' command='' config='' offered='' front='' word i at=0\n"
               "    COMPREPLY=()\n"
               "    # Readline may cut \"--name=value\" at the \"=\".\n"
               "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
               "        word=${COMP_WORDS[i]}\n"
               "        if [[ $asked && $word == = ]]; then continue; fi\n"
               "        case $asked in\n"
               "        '') ;;\n"
               "        -c|--config) config=$word asked=''; continue ;;\n"
               "        *) asked=''; continue ;;\n"
               "        esac\n"
               "        case $word in\n        ");
    bash_taking(b);
    strbuf_str(b, ") asked=$word ;;\n"
                  "        --config=*) config=${word#*=} ;;\n"
                  "        -*) ;;\n"
                  "        *) if [[ $command ]]; then ((at += 1)); else command=$word; fi ;;\n"
                  "        esac\n"
                  "    done\n"
                  "    if [[ $asked && $cur == = ]]; then cur=''; fi\n"
                  "    if [[ ! $asked && $cur == --*=* ]]; then asked=${cur%%=*} front=$asked= cur=${cur#*=}; fi\n"
                  "    case $asked in\n"
                  "    '') ;;\n");
    bash_values(b);
    strbuf_str(b, "    esac\n"
                  "    if [[ $asked ]]; then\n"
                  "        :\n"
                  "    elif [[ $cur == -* ]]; then\n");
    bash_options(b);
    strbuf_str(b, "    elif [[ ! $command ]]; then\n"
                  "        offered='");
    add_commands(b, COMMAND_ANY, ' ');
    strbuf_str(b, "'\n"
                  "    else\n"
                  "    case $command:$((at + 1)) in\n");
    add_operands(b, bash_value);
    strbuf_str(b, "    esac\n"
                  "    fi\n"
                  "    if [[ $offered ]]; then mapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$cur\"); fi\n"
                  "    if [[ $front ]]; then COMPREPLY=(\"${COMPREPLY[@]/#/$front}\"); fi\n"
                  "}\n"
                  "complete -F _credtop credtop\n");
}

/* --------------------------------------------------------------------- zsh */

static void zsh_value(struct strbuf *b, enum value value, const char *word, size_t n)
{
    static const char *const asks[] = {[VALUE_NOTHING] = "_message -e value value",
                                       [VALUE_FILE] = "_files",
                                       [VALUE_FOLDER] = "_files -/",
                                       [VALUE_ENVIRONMENT] = "_credtop_names"};
    if (value != VALUE_CHOICE) {
        strbuf_str(b, asks[value]);
        return;
    }
    strbuf_str(b, "compadd -- ");
    add_choices(b, word, n);
}

/* '(-c --config)'{-c+,--config=}'[help]:FILE:_files' */
static void zsh_option(struct strbuf *b, const struct option_words *o)
{
    const char *plus = o->argument != NULL ? "+" : "", *equals = o->argument != NULL ? "=" : "";
    if (o->letter != 0)
        strbuf_fmt(b, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter, plus, o->name, equals);
    else
        strbuf_fmt(b, "'--%s%s[", o->name, equals);
    add_quoted(b, o->help, "[]:\\", "'\\''");
    strbuf_char(b, ']');
    if (o->argument != NULL) {
        enum value value = option_value(o);
        strbuf_fmt(b, ":%s:", value == VALUE_CHOICE ? o->name : o->argument);
        if (value == VALUE_CHOICE) {
            strbuf_char(b, '(');
            add_choices(b, o->limits, strlen(o->limits));
            strbuf_char(b, ')');
        } else if (value == VALUE_NOTHING) {
            strbuf_char(b, ' ');
        } else {
            zsh_value(b, value, "", 0);
        }
    }
    strbuf_char(b, '\'');
}

static void zsh_options(struct strbuf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        const struct option_words *o = &option_rows[i];
        strbuf_str(b, "    ");
        if (o->commands != COMMAND_ANY) {
            strbuf_str(b, "[[ -z $command || $command == (");
            add_commands(b, o->commands, '|');
            strbuf_str(b, ") ]] && ");
        }
        strbuf_str(b, "options+=(");
        zsh_option(b, o);
        strbuf_str(b, ")\n");
    }
}

void completions_zsh(struct strbuf *b)
{
    strbuf_str(b, "#compdef credtop\n"
                  "# zsh completion for credtop(1), written by packaging/generate.sh from config/options.def.\n\n");
    strbuf_str(b, environments_function);
    strbuf_str(b,
               "_credtop_names() {\n"
               "    local -a names\n"
               "    names=(${(f)\"$(_credtop_environments \"${(Q)${(Q)${opt_args[-c]:-$opt_args[--config]}}}\")\"})\n"
               "    _wanted environments expl environment compadd -a names\n"
               "}\n\n"
               "_credtop_operand() {\n"
               "    case $command:$1 in\n");
    add_operands(b, zsh_value);
    strbuf_str(b, "    *) _message 'no more words' ;;\n"
                  "    esac\n"
                  "}\n\n"
                  "_credtop_commands() {\n"
                  "    local -a commands\n"
                  "    commands=(\n");
    for (size_t i = 0; i < ARRAY_LEN(command_rows); i++) {
        strbuf_fmt(b, "        '%s:", command_rows[i].word);
        add_quoted(b, command_rows[i].help, "\\:", "'\\''");
        strbuf_str(b, "'\n");
    }
    strbuf_str(b, "    )\n"
                  "    _describe command commands\n"
                  "}\n\n"
                  "_credtop() {\n"
                  "    local command=${words[(r)(");
    add_commands(b, COMMAND_ANY, '|');
    strbuf_str(b, ")]} expl\n"
                  "    local -A opt_args\n"
                  "    local -a options\n");
    zsh_options(b);
    strbuf_str(b, "    _arguments -s -S : $options '1:command:_credtop_commands'");
    for (unsigned at = 1; at <= OPERANDS_MAX; at++)
        strbuf_fmt(b, " '%u:: : _credtop_operand %u'", at + 1, at);
    strbuf_str(b, "\n}\n\n"
                  "_credtop \"$@\"\n");
}

/* -------------------------------------------------------------------- fish */

static void fish_value(struct strbuf *b, enum value value, const char *word, size_t n)
{
    if (value == VALUE_FILE || value == VALUE_FOLDER) {
        strbuf_str(b, value == VALUE_FILE ? " -F" : " -a '(__fish_complete_directories (commandline -ct))'");
    } else if (value == VALUE_ENVIRONMENT) {
        strbuf_str(b, " -a '(__credtop_environments)'");
    } else if (value == VALUE_CHOICE) {
        strbuf_str(b, " -a '");
        add_choices(b, word, n);
        strbuf_char(b, '\'');
    }
}

static void fish_operands(struct strbuf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(command_rows); i++) {
        const struct command_words *c = &command_rows[i];
        strbuf_fmt(b, "complete -c credtop -n '__credtop_at 0' -a %s -d '", c->word);
        add_quoted(b, c->help, "\\", "\\'");
        strbuf_str(b, "'\n");
        for (unsigned at = 1; at <= OPERANDS_MAX; at++) {
            size_t n = 0;
            const char *word = operand_at(c, at, &n);
            if (word == NULL)
                break;
            strbuf_fmt(b, "complete -c credtop -n '__credtop_at %u %s'", at, c->word);
            fish_value(b, value_of(word, n), word, n);
            strbuf_char(b, '\n');
        }
    }
}

static void fish_options(struct strbuf *b)
{
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        const struct option_words *o = &option_rows[i];
        strbuf_str(b, "complete -c credtop");
        if (o->commands != COMMAND_ANY) {
            strbuf_str(b, " -n '__credtop_with ");
            add_commands(b, o->commands, ' ');
            strbuf_char(b, '\'');
        }
        if (o->letter != 0)
            strbuf_fmt(b, " -s %c", o->letter);
        strbuf_fmt(b, " -l %s", o->name);
        if (o->argument != NULL) {
            strbuf_str(b, option_value(o) == VALUE_FILE ? " -r" : " -x");
            fish_value(b, option_value(o), o->limits, strlen(o->limits));
        }
        strbuf_str(b, " -d '");
        add_quoted(b, o->help, "\\", "\\'");
        strbuf_str(b, "'\n");
    }
}

/* The words before the cursor without options and their values. */
static void fish_functions(struct strbuf *b)
{
    strbuf_str(b, "function __credtop_words\n"
                  "    set -l asked\n"
                  "    for word in (commandline -opc)[2..]\n"
                  "        if set -q asked[1]\n"
                  "            set -e asked\n"
                  "            continue\n"
                  "        end\n"
                  "        switch $word\n"
                  "            case ");
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++)
        if (option_rows[i].argument != NULL) {
            add_forms(b, &option_rows[i], ' ');
            strbuf_char(b, ' ');
        }
    strbuf_str(b,
               "\n                set asked $word\n"
               "            case '-*'\n"
               "            case '*'\n"
               "                echo -- $word\n"
               "        end\n"
               "    end\n"
               "end\n\n"
               "# That many words are there, and the first is COMMAND: __credtop_at N [COMMAND]\n"
               "function __credtop_at\n"
               "    set -l words (__credtop_words)\n"
               "    test (count $words) -eq $argv[1]; or return 1\n"
               "    test (count $argv) -eq 1; or test \"$words[1]\" = \"$argv[2]\"\n"
               "end\n\n"
               "# The command is one of these, or there is none yet.\n"
               "function __credtop_with\n"
               "    set -l words (__credtop_words)\n"
               "    test (count $words) -eq 0; or contains -- $words[1] $argv\n"
               "end\n\n"
               "# The environments of the configuration that would be read.\n"
               "function __credtop_environments\n"
               "    set -l given (commandline -opc | string join \\n | string match -r -g -- '^(?:--config=|-c)(.+)')\n"
               "    set -l words (commandline -opc)\n"
               "    for i in (seq 2 (count $words))\n"
               "        contains -- $words[$i] -c --config; and set given $words[(math $i + 1)]\n"
               "    end\n"
               "    set -q given[1]; or set given $XDG_CONFIG_HOME/credtop/credtop.conf "
               "$HOME/.config/credtop/credtop.conf \\\n"
               "        /etc/credtop/credtop.conf\n"
               "    for file in (string replace -r '^~/' \"$HOME/\" -- $given)\n"
               "        if test -e \"$file\"\n"
               "            string match -r -g '^\\s*\\[\\s*environment\\s+([A-Za-z0-9._-]+)\\s*\\]' <$file\n"
               "            return\n"
               "        end\n"
               "    end\n"
               "end\n\n");
}

void completions_fish(struct strbuf *b)
{
    strbuf_str(b, "# fish completion for credtop(1), written by packaging/generate.sh from config/options.def.\n\n");
    fish_functions(b);
    strbuf_str(b, "complete -c credtop -f\n");
    fish_operands(b);
    fish_options(b);
}
