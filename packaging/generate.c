/* Prints what the documents take from the program's tables, so that no list is kept
 * twice: rows of the manuals, the IAM policies, README's tables, the example
 * configuration.
 *
 *   generate NAME       the piece of that name (the table at the end of this file)
 *   generate fill       copies standard input; a line "@NAME@" becomes that piece, and
 *                       "@version@" within a line the version
 *   generate tables     copies standard input; what stands between the lines
 *                       "<!-- NAME: from the rows -->" and "<!-- end -->" is written anew
 *
 * packaging/generate.sh calls it for every file; the house check compares. */
#include "backend/aws/aws.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/model.h"
#include "backend/posture.h"
#include "config/config.h"
#include "config/options.h"
#include "config/words.h"
#include "packaging/completions.h"
#include "ui/event_list.h"
#include "ui/filter.h"
#include "ui/keys.h"
#include "ui/verbs.h"

#define PAGE_MAX ((size_t)1 << 20)
#define LINE_MAX_BYTES 4096

/* --------------------------------------------------------------- wording */

static void add_roff(struct strbuf *b, const char *text)
{
    struct words w;
    words_init(&w, PAGE_MAX);
    words_roff(&w, text);
    char *s = words_take(&w);
    strbuf_str(b, s);
    free(s);
}

/* One row of a list in a manual: the word in bold, then what it means. */
static void add_row(struct strbuf *b, const char *word, const char *help)
{
    strbuf_str(b, ".TP\n.B ");
    add_roff(b, word);
    strbuf_char(b, '\n');
    add_roff(b, help);
    strbuf_char(b, '\n');
}

/* The same, of a word that may have quotes: an argument of a request would lose them. */
static void add_word(struct strbuf *b, const char *word, const char *help)
{
    strbuf_str(b, ".TP\n\\fB");
    add_roff(b, word);
    strbuf_str(b, "\\fR\n");
    add_roff(b, help);
    strbuf_char(b, '\n');
}

static void add_taken(struct strbuf *b, char *text)
{
    strbuf_str(b, text);
    free(text);
}

/* A cell of a Markdown table: '|' would end it. */
static void add_cell(struct strbuf *b, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            strbuf_char(b, '\\');
        strbuf_char(b, *text);
    }
}

/* --------------------------------------------------------------- manuals */

static void options_roff(struct strbuf *b)
{
    add_taken(b, options_manual());
}

static void settings_roff(struct strbuf *b)
{
    add_taken(b, config_manual());
}

static void example(struct strbuf *b)
{
    add_taken(b, config_example());
}

#define PLACES_MAX 128

/* Where a key works: "everywhere", or the screens. */
static const char *place_words(unsigned where, char out[PLACES_MAX])
{
    static const struct {
        unsigned place;
        const char *word;
    } places[] = {{IN_OVERVIEW, "overview"}, {IN_DETAIL, "detail"}, {IN_EVENTS, "events"}, {IN_ORDERS, "orders"},
                  {IN_CONNECT, "connect"}, {IN_JOURNAL, "journal"}, {IN_POSTURE, "posture"}, {IN_COST, "cost"}, {IN_HELP, "help"}, {IN_COMPARE, "compare"}};
    out[0] = '\0';
    if (where == IN_ALL)
        (void)str_copy(out, PLACES_MAX, "everywhere");
    for (size_t i = 0; where != IN_ALL && i < ARRAY_LEN(places); i++) {
        size_t n = strlen(out);
        if ((where & places[i].place) != 0)
            (void)str_fmt(out + n, PLACES_MAX - n, "%s%s", n > 0 ? ", " : "", places[i].word);
    }
    return out;
}

static void keys_roff(struct strbuf *b)
{
    for (enum key_group g = 0; g < GROUP_COUNT; g++) {
        strbuf_str(b, ".SS ");
        add_roff(b, key_group_word(g));
        strbuf_char(b, '\n');
        for (enum command c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
            char places[PLACES_MAX], help[320];
            const struct key_row *k = key_row(c);
            if (k->group != g)
                continue;
            (void)str_fmt(help, sizeof help, "%s (%s)", k->help, place_words(k->where, places));
            add_row(b, k->keys, help);
        }
    }
}

static void verbs_roff(struct strbuf *b)
{
    for (enum verb v = 0; v < VERBS; v++) {
        char word[128];
        (void)str_fmt(word, sizeof word, ":%s %s", verb_row(v)->name, verb_row(v)->argument);
        add_row(b, word, verb_row(v)->help);
    }
}

static void filter_roff(struct strbuf *b)
{
    for (size_t i = 0; filter_form(i) != NULL; i++)
        add_word(b, filter_form(i)->form, filter_form(i)->help);
}

static void filter_table(struct strbuf *b)
{
    strbuf_str(b, "| typed | shows the rows where |\n| --- | --- |\n");
    for (size_t i = 0; filter_form(i) != NULL; i++) {
        strbuf_str(b, "| `");
        add_cell(b, filter_form(i)->form);
        strbuf_fmt(b, "` | %s |\n", filter_form(i)->help);
    }
}

static void states_roff(struct strbuf *b)
{
    for (enum env_state s = 0; s < STATE_COUNT; s++) {
        char help[256];
        (void)str_fmt(help, sizeof help, "%s (%s)", env_state_help(s), severity_word(env_state_severity(s)));
        add_row(b, env_state_word(s), help);
    }
}

static void events_roff(struct strbuf *b)
{
    for (enum event_kind k = 0; k < EVENT_KINDS; k++)
        add_row(b, event_word(k), event_help(k));
}

static void posture_roff(struct strbuf *b)
{
    for (enum posture_check c = 0; c < POSTURE_CHECKS; c++) {
        char help[700];
        const struct posture_row *row = posture_row(c);
        (void)str_fmt(help, sizeof help, "%s (%s). Why: %s. To mend it: %s.", row->title, posture_mark(row->severity),
                      row->why, row->mend);
        add_row(b, row->word, help);
    }
}

/* ---------------------------------------------------------------- README */

static void keys_table(struct strbuf *b)
{
    strbuf_str(b, "| key | does | where |\n| --- | --- | --- |\n");
    for (enum key_group g = 0; g < GROUP_COUNT; g++)
        for (enum command c = COMMAND_NONE + 1; c < COMMAND_COUNT; c++) {
            char places[PLACES_MAX];
            const struct key_row *k = key_row(c);
            if (k->group != g)
                continue;
            const char *sep = "| `";
            for (const char *p = k->keys; *p != '\0'; sep = "` `") {
                size_t n = strcspn(p, " ");
                strbuf_str(b, sep);
                strbuf_add(b, p, n);
                p += n + strspn(p + n, " ");
            }
            strbuf_fmt(b, "` | %s | %s |\n", k->help, place_words(k->where, places));
        }
}

static void states_table(struct strbuf *b)
{
    strbuf_str(b, "| state | counts as | means |\n| --- | --- | --- |\n");
    for (enum env_state s = 0; s < STATE_COUNT; s++)
        strbuf_fmt(b, "| `%s` | %s | %s |\n", env_state_word(s), severity_word(env_state_severity(s)),
                   env_state_help(s));
}

static void posture_table(struct strbuf *b)
{
    strbuf_str(b, "| column | what must be so | else |\n| --- | --- | --- |\n");
    for (enum posture_check c = 0; c < POSTURE_CHECKS; c++)
        strbuf_fmt(b, "| `%s` | %s | %s |\n", posture_row(c)->word, posture_row(c)->title,
                   posture_mark(posture_row(c)->severity));
}

static void events_table(struct strbuf *b)
{
    strbuf_str(b, "| on screen | in JSON | means |\n| --- | --- | --- |\n");
    for (enum event_kind k = 0; k < EVENT_KINDS; k++)
        strbuf_fmt(b, "| `%s` | `%s` | %s |\n", event_word(k), event_name(k), event_help(k));
}

/* options.def itself: options.h gives its rows as finished pages only. */
struct option_words {
    const char *name, *argument, *preset, *help;
    char letter;
};
struct status_words {
    const char *command;   /* "COMMAND_STATUS" */
    int number;
    const char *help;
};

static const struct option_words option_rows[] = {
#define COMMAND(word, value, operand, help)
#define OPTION(name_, letter_, argument_, type, field, limits, preset_, command, help_)                                 \
    {.name = name_, .argument = argument_, .preset = preset_, .help = help_, .letter = letter_},
#define EXIT_STATUS(command, number, help)
#define FILE_ROW(path, help)
#define VARIABLE(name, help)
#include "config/options.def"
#undef OPTION
#undef EXIT_STATUS
};
static const struct {
    const char *enumerator, *word;
} command_rows[] = {
#define OPTION(name, letter, argument, type, field, limits, preset, command, help)
#define EXIT_STATUS(command, number, help)
#undef COMMAND
#define COMMAND(word_, value, operand, help) {.enumerator = #value, .word = word_},
#include "config/options.def"
#undef COMMAND
#undef OPTION
#undef EXIT_STATUS
#define COMMAND(word, value, operand, help)
};
static const struct status_words status_rows[] = {
#define OPTION(name, letter, argument, type, field, limits, preset, command, help)
#define EXIT_STATUS(command_, number_, help_) {.command = #command_, .number = number_, .help = help_},
#include "config/options.def"
#undef COMMAND
#undef OPTION
#undef EXIT_STATUS
#undef FILE_ROW
#undef VARIABLE
};

static void options_table(struct strbuf *b)
{
    strbuf_str(b, "| option | means |\n| --- | --- |\n");
    for (size_t i = 0; i < ARRAY_LEN(option_rows); i++) {
        const struct option_words *o = &option_rows[i];
        strbuf_str(b, "| `");
        if (o->letter != 0)
            strbuf_fmt(b, "-%c`, `", o->letter);
        strbuf_fmt(b, "--%s", o->name);
        if (o->argument != NULL) {
            strbuf_char(b, ' ');
            add_cell(b, o->argument);
        }
        strbuf_fmt(b, "` | %s", o->help);
        if (o->preset != NULL)
            strbuf_fmt(b, " (default %s)", o->preset);
        strbuf_str(b, " |\n");
    }
}

static const char *command_word(const char *enumerator)
{
    for (size_t i = 0; i < ARRAY_LEN(command_rows); i++)
        if (strcmp(command_rows[i].enumerator, enumerator) == 0)
            return command_rows[i].word;
    return "?";
}

static void statuses_table(struct strbuf *b)
{
    strbuf_str(b, "| command | exit status | means |\n| --- | --- | --- |\n");
    for (size_t i = 0; i < ARRAY_LEN(status_rows); i++)
        strbuf_fmt(b, "| `%s` | %d | %s |\n", command_word(status_rows[i].command), status_rows[i].number, status_rows[i].help);
}

/* ------------------------------------------------------------------- IAM */

struct statement {
    const char *sid;
    enum aws_resource resource;
    const char *arns;            /* JSON */
};

/* An action that a policy cannot limit must be granted on "*".  A secret's ARN ends in
 * six characters of AWS's own; a "*" there would let in NAME-other too.  Log groups are
 * named with and without ":*", because the service asks for either. */
static const struct statement statements[] = {
    {"Listing", AWS_RESOURCE_ANY, "\"*\""},
    {"Secrets", AWS_RESOURCE_SECRET, "[\"arn:aws:secretsmanager:REGION:ACCOUNT:secret:SECRET-NAME-??????\"]"},
    {"Logs", AWS_RESOURCE_LOG_GROUP,
     "[\n        \"arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION\",\n"
     "        \"arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/FUNCTION:*\"\n      ]"},
    {"Functions", AWS_RESOURCE_FUNCTION, "[\"arn:aws:lambda:REGION:ACCOUNT:function:FUNCTION\"]"},
};

/* What an auditor must never hold, whatever another policy grants: beside credtop's own
 * rows that are not READ, what would reveal or change the same things by another way.
 * Lambda's read calls are here because functions' variables may hold passwords. */
static const char *const never[] = {
    "secretsmanager:BatchGetSecretValue", "secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret",
    "secretsmanager:DeleteResourcePolicy", "secretsmanager:DeleteSecret", "secretsmanager:PutResourcePolicy",
    "secretsmanager:PutSecretValue", "secretsmanager:RemoveRegionsFromReplication",
    "secretsmanager:ReplicateSecretToRegions", "secretsmanager:RestoreSecret", "secretsmanager:RotateSecret",
    "secretsmanager:StopReplicationToReplica", "secretsmanager:TagResource", "secretsmanager:UntagResource",
    "secretsmanager:Update*", "logs:Unmask", "lambda:GetFunction", "lambda:GetFunctionConfiguration",
    "lambda:InvokeFunction", "lambda:ListFunctions", "lambda:Update*",
};

/* AWS asks for no permission for GetCallerIdentity.  Credentials of our own are opened by
 * the roles' trust policies and by single sign-on, not by this policy. */
static bool needs_permission(const struct aws_op_row *row)
{
    return row->service != AWS_STS && row->class != AWS_OWN;
}

static void add_action(struct strbuf *b, bool *some, const char *service, const char *name)
{
    strbuf_fmt(b, "%s\n        \"%s%s%s\"", *some ? "," : "", service, service[0] != '\0' ? ":" : "", name);
    *some = true;
}

/* A row before this one is the same action for another purpose. */
static bool is_repeated(enum aws_op op, bool audit)
{
    const struct aws_op_row *row = aws_op_row(op);
    for (enum aws_op before = 0; before < op; before++)
        if (aws_op_row(before)->service == row->service && strcmp(aws_op_row(before)->name, row->name) == 0 &&
            aws_permits(audit, aws_op_row(before)))
            return true;
    return false;
}

static void add_allowed(struct strbuf *b, const struct statement *s, bool audit, bool *some_statement)
{
    bool some = false;
    for (enum aws_op op = 0; op < AWS_OPS; op++) {
        const struct aws_op_row *row = aws_op_row(op);
        if (row->resource != s->resource || !needs_permission(row) || !aws_permits(audit, row) ||
            is_repeated(op, audit))
            continue;
        if (!some)
            strbuf_fmt(b, "%s\n    {\n      \"Sid\": \"%s\",\n      \"Effect\": \"Allow\",\n      \"Action\": [",
                       *some_statement ? "," : "", s->sid);
        *some_statement = true;
        add_action(b, &some, aws_service_prefix(row->service), row->name);
    }
    if (some)
        strbuf_fmt(b, "\n      ],\n      \"Resource\": %s\n    }", s->arns);
}

/* Only for a secret under a key of one's own; the AWS-managed key needs none. */
static void add_key(struct strbuf *b)
{
    strbuf_str(b, ",\n    {\n      \"Sid\": \"CustomerManagedKey\",\n      \"Effect\": \"Allow\",\n"
                  "      \"Action\": \"kms:Decrypt\",\n"
                  "      \"Resource\": \"arn:aws:kms:REGION:ACCOUNT:key/KEY-ID\",\n"
                  "      \"Condition\": {\"StringEquals\": {\"kms:ViaService\": \"secretsmanager.REGION.amazonaws.com\"}}\n"
                  "    }");
}

static void add_denied(struct strbuf *b)
{
    bool some = false;
    strbuf_str(b, ",\n    {\n      \"Sid\": \"Never\",\n      \"Effect\": \"Deny\",\n      \"Action\": [");
    for (enum aws_op op = 0; op < AWS_OPS; op++) {
        const struct aws_op_row *row = aws_op_row(op);
        bool listed = false;
        char action[80];
        (void)str_fmt(action, sizeof action, "%s:%s", aws_service_prefix(row->service), row->name);
        for (size_t i = 0; i < ARRAY_LEN(never); i++)
            listed |= strcmp(never[i], action) == 0;
        if (!aws_permits(true, row) && !listed)
            add_action(b, &some, "", action);
    }
    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        add_action(b, &some, "", never[i]);
    strbuf_str(b, "\n      ],\n      \"Resource\": \"*\"\n    }");
}

static void policy(struct strbuf *b, bool audit)
{
    bool some = false;
    strbuf_str(b, "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [");
    for (size_t i = 0; i < ARRAY_LEN(statements); i++)
        add_allowed(b, &statements[i], audit, &some);
    if (audit)
        add_denied(b);
    else
        add_key(b);
    strbuf_str(b, "\n  ]\n}\n");
}

static void operator_json(struct strbuf *b)
{
    policy(b, false);
}

static void auditor_json(struct strbuf *b)
{
    policy(b, true);
}

/* ---------------------------------------------------------------- pieces */

static const struct piece {
    const char *name;
    void (*print)(struct strbuf *b);
} pieces[] = {
    {"options.roff", options_roff}, {"settings.roff", settings_roff}, {"keys.roff", keys_roff},       {"verbs.roff", verbs_roff},
   
    {"filter.roff", filter_roff},   {"filter", filter_table},
    {"states.roff", states_roff},   {"events.roff", events_roff},     {"keys", keys_table},
    {"posture.roff", posture_roff}, {"posture", posture_table},
    {"states", states_table},       {"events", events_table},         {"options", options_table},
    {"statuses", statuses_table},   {"operator.json", operator_json}, {"auditor.json", auditor_json},
    {"credtop.conf.example", example},
    {"credtop.bash", completions_bash}, {"_credtop", completions_zsh}, {"credtop.fish", completions_fish},
};

/* False when there is no piece of that name. */
static bool print_piece(const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        if (strlen(pieces[i].name) != n || memcmp(pieces[i].name, name, n) != 0)
            continue;
        struct strbuf b;
        strbuf_init(&b, PAGE_MAX);
        pieces[i].print(&b);
        ASSERT(!strbuf_cut(&b));
        (void)fputs(strbuf_peek(&b), stdout);
        strbuf_clear(&b);
        return true;
    }
    (void)fprintf(stderr, "generate: there is no piece '%.*s'\n", (int)n, name);
    return false;
}

static bool fill_line(const char *line, size_t n)
{
    static const char mark[] = "@version@";
    if (n > 3 && line[0] == '@' && line[n - 2] == '@' && memchr(line, ' ', n) == NULL)
        return print_piece(line + 1, n - 3);
    const char *at = strstr(line, mark);
    if (at == NULL)
        (void)fputs(line, stdout);
    else
        (void)printf("%.*s%s%s", (int)(at - line), line, CREDTOP_VERSION, at + sizeof mark - 1);
    return true;
}

/* *skipping: between a mark and its end. */
static bool tables_line(const char *line, bool *skipping)
{
    static const char begin[] = "<!-- ", rows[] = ": from the rows -->\n", end[] = "<!-- end -->\n";
    const char *at = strstr(line, rows);
    if (*skipping && strcmp(line, end) != 0)
        return true;
    *skipping = false;
    (void)fputs(line, stdout);
    if (at == NULL || strncmp(line, begin, sizeof begin - 1) != 0)
        return true;
    *skipping = true;
    return print_piece(line + sizeof begin - 1, (size_t)(at - line) - (sizeof begin - 1));
}

static bool copy_input(bool tables)
{
    char line[LINE_MAX_BYTES];
    bool skipping = false;
    while (fgets(line, sizeof line, stdin) != NULL)
        if (!(tables ? tables_line(line, &skipping) : fill_line(line, strlen(line))))
            return false;
    if (skipping)
        (void)fprintf(stderr, "generate: a table has no <!-- end -->\n");
    return !skipping && ferror(stdin) == 0;
}

int main(int argc, char **argv)
{
    bool ok = false;
    if (argc != 2)
        (void)fprintf(stderr, "usage: generate NAME | fill | tables\n");
    else if (strcmp(argv[1], "fill") == 0 || strcmp(argv[1], "tables") == 0)
        ok = copy_input(strcmp(argv[1], "tables") == 0);
    else
        ok = print_piece(argv[1], strlen(argv[1]));
    return ok && fflush(stdout) == 0 ? 0 : 1;
}
