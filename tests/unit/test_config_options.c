#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "config/options.h"

#define ARGS_MAX 20

/* Splits at blanks ('_' stands for an empty argument) and parses. */
static bool parse(const char *line, struct options *out, char **out_error)
{
    static char text[512]; /* options point into it until the next call */
    static char *argv[ARGS_MAX + 1];
    int argc = 0;
    argv[argc++] = text;
    size_t n = strlen(line);
    assert_true(n + 9 < sizeof text);
    memcpy(text, "credtop ", 8);
    memcpy(text + 8, line, n + 1);
    for (char *p = text; *p != '\0'; p++) {
        if (*p == ' ') {
            *p = '\0';
            assert_true(argc < ARGS_MAX);
            argv[argc++] = strcmp(p + 1, "_") == 0 ? p + 2 : p + 1;
        }
    }
    argc -= n == 0 ? 1 : 0;
    argv[argc] = NULL;
    return options_parse(argc, argv, out, out_error);
}

static void options__parse__defaults(void **state)
{
    (void)state;
    struct options o;
    char *error;
    assert_true(parse("", &o, &error));
    assert_null(error);
    assert_int_equal(o.command, COMMAND_DASHBOARD);
    assert_int_equal(o.format, FORMAT_TABLE);
    assert_int_equal(o.timeout_ms, 30000);
    assert_null(o.config_path);
    assert_null(o.log_path);
    assert_false(o.audit || o.ascii || o.no_color || o.help || o.version);
}

static void options__parse__every_form(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--config f --log l --audit --ascii --no-color status --format json --timeout 90s",
        "status --config=f --log=l --audit --ascii --no-color --format=json --timeout=90s",
        "-Ac f --log l --audit --no-color --format json status --timeout 90s",
        "-Acf --log=l --audit --audit --no-color --format table --format json --timeout 90s -- status",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct options o;
        char *error;
        if (!parse(lines[i], &o, &error)) {
            fail_msg("%s: %s", lines[i], error);
        }
        assert_int_equal(o.command, COMMAND_STATUS);
        assert_int_equal(o.format, FORMAT_JSON);
        assert_int_equal(o.timeout_ms, 90000);
        assert_string_equal(o.config_path, "f");
        assert_string_equal(o.log_path, "l");
        assert_true(o.audit && o.ascii && o.no_color);
        assert_false(o.help || o.version);
    }
}

static void options__parse__operands_that_may_be_left_out(void **state)
{
    (void)state;
    struct options o;
    char *error;
    assert_true(parse("events", &o, &error));
    assert_true(o.command == COMMAND_LOG_EVENTS && o.operand == NULL && !o.follow);
    assert_true(parse("events -f prod --kind fetches --since 5m --format csv", &o, &error));
    assert_true(o.follow && o.format == FORMAT_CSV && o.since_ms == 300000);
    assert_string_equal(o.operand, "prod");
    assert_string_equal(o.kinds, "fetches");
    assert_true(parse("config check", &o, &error));
    assert_true(o.command == COMMAND_CONFIG && o.second == NULL);
    assert_string_equal(o.operand, "check");
    assert_true(parse("config show a.conf", &o, &error));
    assert_string_equal(o.operand, "show");
    assert_string_equal(o.second, "a.conf");
}

static void options__parse__journal(void **state)
{
    (void)state;
    struct options o;
    char *error;
    assert_true(parse("journal verify --head abc --file /j", &o, &error));
    assert_int_equal(o.command, COMMAND_JOURNAL);
    assert_string_equal(o.operand, "verify");
    assert_string_equal(o.head, "abc");
    assert_string_equal(o.journal_file, "/j");
    assert_true(o.since_ms == 0);
    assert_true(parse("--since 2h journal --format json tail", &o, &error));
    assert_string_equal(o.operand, "tail");
    assert_true(o.since_ms == 7200000 && o.format == FORMAT_JSON);
}

static void options__parse__help_and_version_win(void **state)
{
    (void)state;
    struct options o;
    char *error;
    assert_true(parse("-h", &o, &error) && o.help);
    assert_true(parse("--version", &o, &error) && o.version);
    assert_true(parse("--format json --help", &o, &error) && o.help);
    assert_true(parse("-AVh status", &o, &error) && o.help && o.version && o.ascii);
}

static void options__parse__a_value_may_look_like_an_option(void **state)
{
    (void)state;
    struct options o;
    char *error;
    assert_true(parse("--config --audit", &o, &error));
    assert_string_equal(o.config_path, "--audit");
    assert_false(o.audit);
    assert_true(parse("--config=a=b", &o, &error));
    assert_string_equal(o.config_path, "a=b");
}

static void options__parse__says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *line, *error;
    } samples[] = {
        {"--formt json status", "credtop: there is no option '--formt'; did you mean --format?"},
        {"--AUDIT", "credtop: there is no option '--AUDIT'; did you mean --audit?"},
        {"-audit", "credtop: there is no option '-audit'; did you mean --audit?"},
        {"--no-colour", "credtop: there is no option '--no-colour'; did you mean --no-color?"},
        {"-x", "credtop: there is no option '-x'; allowed: --config --audit --restricted --log --ascii --no-color --format ..."},
        {"--a\x1b[2J", "credtop: there is no option '--a\\x1b[2J'; allowed: --config --audit --restricted --log --ascii --no-color ..."},
        {"--config", "credtop: --config needs a value: --config FILE"},
        {"-c", "credtop: --config needs a value: --config FILE"},
        {"-Ac", "credtop: --config needs a value: --config FILE"},
        {"--config=", "credtop: --config needs a FILE"},
        {"--config _", "credtop: --config needs a FILE"},
        {"--audit=no", "credtop: --audit takes no value; allowed: --audit alone"},
        {"status --format xml", "credtop: --format 'xml' is not a choice; allowed: table|json|csv|prometheus|markdown"},
        {"config", "credtop: config needs one of these words: credtop config check|show [FILE]"},
        {"config sho", "credtop: config 'sho' is not a choice; allowed: check|show"},
        {"config show a b", "credtop: one command is enough, unexpected 'b'; allowed: ..."},
        {"events a b", "credtop: one command is enough, unexpected 'b'; allowed: ..."},
        {"events --format prometheus", "credtop: events does not print --format prometheus; allowed: table|json|csv"},
        {"status -f", "credtop: --follow goes with the command events: credtop events --follow"},
        {"test eu --format csv", "credtop: test does not print --format csv; allowed: table|json"},
        {"journal show --format prometheus", "credtop: journal does not print --format prometheus; allowed: table|json"},
        {"status --format=", "credtop: --format '' is not a choice; allowed: table|json|csv|prometheus|markdown"},
        {"status --format tabl", "credtop: --format 'tabl' is not a choice; allowed: table|json|csv|prometheus|markdown"},
        {"status --timeout 30", "credtop: --timeout '30' is not a duration like 250ms, 30s, 5m or 1h; allowed: 1s..1h"},
        {"status --timeout -1s",
         "credtop: --timeout '-1s' is not a duration like 250ms, 30s, 5m or 1h; allowed: 1s..1h"},
        {"status --timeout 999ms", "credtop: --timeout '999ms' is too short; allowed: 1s..1h"},
        {"status --timeout 61m", "credtop: --timeout '61m' is too long; allowed: 1s..1h"},
        {"status --timeout 99999999999999999999h",
         "credtop: --timeout '99999999999999999999h' is not a duration like 250ms, 30s, 5m or 1h; allowed: 1s..1h"},
        {"--format json", "credtop: --format goes with the command status: credtop status --format FORMAT"},
        {"--timeout 5s", "credtop: --timeout goes with the command status: credtop status --timeout DURATION"},
        {"stats", "credtop: there is no command 'stats'; did you mean status?"},
        {"launch", "credtop: there is no command 'launch'; allowed: status test..."},
        {"status status",
         "credtop: one command is enough, unexpected 'status'; allowed: status test..."},
        {"status --format markdown", "credtop: status does not print --format markdown; allowed: table|json|csv|prometheus"},
        {"report --format table", "credtop: report does not print --format table; allowed: markdown|json"},
        {"report prod", "credtop: one command is enough, unexpected 'prod'; allowed: status test..."},
        {"verify", "credtop: verify needs the name of an environment: credtop verify ENVIRONMENT"},
        {"verify a --source=", "credtop: --source needs a DIR"},
        {"status --source .", "credtop: --source goes with the command verify: credtop verify --source DIR"},
        {"test", "credtop: test needs the name of an environment: credtop test ENVIRONMENT"},
        {"journal", "credtop: journal needs one of these words: credtop journal show|verify|tail"},
        {"journal print", "credtop: journal 'print' is not a choice; allowed: show|verify|tail"},
        {"journal show|verify", "credtop: journal 'show|verify' is not a choice; allowed: show|verify|tail"},
        {"journal _", "credtop: journal '' is not a choice; allowed: show|verify|tail"},
        {"journal show --since 1", "credtop: --since '1' is not a duration like 250ms, 30s, 5m or 1h; allowed: 1s..8760h"},
        {"--yes", "credtop: --yes goes with the command rotate: credtop rotate --yes"},
        {"test a --dry-run", "credtop: --dry-run goes with the command rotate: credtop rotate --dry-run"},
        {"rotate", "credtop: rotate needs the name of an environment: credtop rotate ENVIRONMENT"},
        {"rotate a --roll-back --finish", "credtop: --roll-back and --finish exclude each other: --roll-back is for a rotation that is complete"},
        {"rotate a --cancel --roll-back", "credtop: --roll-back and --cancel exclude each other: --roll-back is for a rotation that is complete"},
        {"rotate a --finish --cancel", "credtop: --finish and --cancel exclude each other: --cancel turns automatic rotation off first, --finish then puts "
         "right what that leaves"},
        {"test a --cancel", "credtop: --cancel goes with the command rotate: credtop rotate --cancel"},
        {"rotate a --dry-run=1", "credtop: --dry-run takes no value; allowed: --dry-run alone"},
        {"--since 1h", "credtop: --since goes with the command status: credtop status --since DURATION"},
        {"test a b", "credtop: one command is enough, unexpected 'b'; allowed: status test..."},
        {"status --stage X", "credtop: --stage goes with the command test: credtop test --stage LABEL"},
        {"-- --audit", "credtop: there is no command '--audit'; allowed: status test..."},
        {"_", "credtop: there is no command ''; allowed: status test..."},
        {"-", "credtop: there is no command '-'; allowed: status test..."},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        struct options o;
        char *error;
        if (parse(samples[i].line, &o, &error)) {
            fail_msg("'%s' was taken", samples[i].line);
        }
        /* "..." at the end stands for the rest of a list that grows. */
        size_t n = strlen(samples[i].error);
        if (n > 3 && strcmp(samples[i].error + n - 3, "...") == 0 && strlen(error) > n - 3) {
            error[n - 3] = '\0';
            assert_memory_equal(error, samples[i].error, n - 3);
        } else {
            assert_string_equal(error, samples[i].error);
        }
        free(error);
    }
}

static void options__parse__no_arguments_at_all(void **state)
{
    (void)state;
    struct options o;
    char *error, *none[] = {NULL};
    assert_true(options_parse(0, none, &o, &error));
    assert_int_equal(o.command, COMMAND_DASHBOARD);
}

static void options__restricted__audits_and_allows_what_is_listed(void **state)
{
    (void)state;
    static const struct {
        const char *line, *error;
    } refused[] = {
        {"--restricted --config f", "credtop: --restricted does not go with --config; allowed beside it: ..."},
        {"-c f --restricted", "credtop: --restricted does not go with --config; allowed beside it: ..."},
        {"--log l --restricted", "credtop: --restricted does not go with --log; allowed beside it: ..."},
        {"--restricted journal show", "credtop: --restricted does not go with the command journal; allowed: status..."},
        {"--restricted rotate e", "credtop: --restricted does not go with the command rotate; allowed: status..."},
        {"recycle e --yes --restricted", "credtop: --restricted does not go with the command recycle; allowed: ..."},
        {"test e --restricted", "credtop: --restricted does not go with the command test; allowed: ..."},
    };
    struct options o;
    char *error;
    assert_true(parse("--restricted", &o, &error));
    assert_true(o.restricted && o.audit);
    assert_true(parse("--audit", &o, &error));
    assert_true(o.audit && !o.restricted);
    assert_true(parse("--ascii status --no-color --restricted --format json --timeout 5s", &o, &error));
    assert_true(o.restricted && o.audit && o.command == COMMAND_STATUS);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (parse(refused[i].line, &o, &error)) {
            fail_msg("'%s' was taken", refused[i].line);
        }
        assert_memory_equal(error, refused[i].error, strlen(refused[i].error) - 3);
        free(error);
    }
}

static void options__help__fits_80_columns_and_names_everything(void **state)
{
    (void)state;
    static const char *const words[] = {"-c, --config FILE",
                                        "--audit",
                                        "--log FILE",
                                        "-A, --ascii",
                                        "--no-color",
                                        "--format FORMAT",
                                        "--timeout DURATION",
                                        "-h, --help",
                                        "-V, --version",
                                        "status",
                                        "3                      could not tell",
                                        "/etc/credtop/credtop.conf",
                                        "NO_COLOR",
                                        "default 30s"};
    char *help = options_help();
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(help, words[i]) == NULL) {
            fail_msg("--help does not say '%s'", words[i]);
        }
    }
    for (const char *p = help; *p != '\0';) {
        size_t n = strcspn(p, "\n");
        assert_true(n <= 80);
        assert_true(n == 0 || p[n - 1] != ' ');
        assert_int_equal(p[n], '\n');
        p += n + 1;
    }
    free(help);
}

static void options__manual__has_a_row_for_each_option(void **state)
{
    (void)state;
    char *manual = options_manual();
    assert_non_null(strstr(manual, ".SH OPTIONS\n.TP\n.B \\-c, \\-\\-config FILE\n"));
    assert_non_null(strstr(manual, ".B \\-\\-no\\-color\n"));
    assert_non_null(strstr(manual, ".SH EXIT STATUS\n.SS Of status\n.TP\n.B 0\nhealthy\n"));
    assert_non_null(strstr(manual, ".SH FILES\n"));
    assert_non_null(strstr(manual, ".SH ENVIRONMENT\n"));
    free(manual);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options__parse__defaults),
        cmocka_unit_test(options__parse__every_form),
        cmocka_unit_test(options__parse__journal),
        cmocka_unit_test(options__parse__operands_that_may_be_left_out),
        cmocka_unit_test(options__parse__help_and_version_win),
        cmocka_unit_test(options__parse__a_value_may_look_like_an_option),
        cmocka_unit_test(options__parse__says_what_is_wrong),
        cmocka_unit_test(options__parse__no_arguments_at_all),
        cmocka_unit_test(options__restricted__audits_and_allows_what_is_listed),
        cmocka_unit_test(options__help__fits_80_columns_and_names_everything),
        cmocka_unit_test(options__manual__has_a_row_for_each_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
