#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "config/settings.h"

#define PATH "/etc/credtop/credtop.conf"
#define PROD "[environment p]\nsecret = s\n"

/* ----------------------------------------------------------------- helpers */

static struct config *good_bytes(const char *bytes, size_t n, const char *path)
{
    char *errors;
    struct config *c = config_parse(bytes, n, path, &errors);
    if (c == NULL) {
        fail_msg("refused: %s", errors);
    }
    assert_null(errors);
    return c;
}

static struct config *good(const char *text)
{
    return good_bytes(text, strlen(text), PATH);
}

/* `text` must be refused with exactly these lines, after "f:". */
static void bad_bytes(const char *text, size_t n, const char *expected)
{
    char *errors;
    struct config *c = config_parse(text, n, "f", &errors);
    if (c != NULL) {
        fail_msg("was taken: %s", text);
    }
    assert_non_null(errors);
    assert_string_equal(errors, expected);
    free(errors);
}

static void bad(const char *text, const char *expected)
{
    bad_bytes(text, strlen(text), expected);
}

static void list_is(const char *const *list, const char *joined)
{
    char text[1024] = "";
    size_t used = 0;
    assert_non_null(list);
    for (; *list != NULL; list++) {
        int n = snprintf(text + used, sizeof text - used, "%s%s", used > 0 ? "|" : "", *list);
        assert_true(n >= 0 && (size_t)n < sizeof text - used);
        used += (size_t)n;
    }
    assert_string_equal(text, joined);
}

/* ------------------------------------------------------------- good input */

static void config__parse__presets(void **state)
{
    (void)state;
    struct config *c = good("[environment p]\nsecret = prod/db\n");
    assert_string_equal(c->path, PATH);
    assert_false(c->audit);
    assert_null(c->endpoint_url);
    assert_int_equal(c->secret_poll_ms, 30000);
    assert_int_equal(c->log_poll_ms, 5000);
    assert_int_equal(c->database_poll_ms, 60000);
    assert_int_equal(c->backfill_ms, 3600000);
    assert_int_equal(c->pending_stuck_ms, 3600000);
    assert_int_equal(c->call_deadline_ms, 10000);
    assert_int_equal(c->login_deadline_ms, 5000);
    assert_int_equal(c->secret_threads, 4);
    assert_int_equal(c->log_threads, 4);
    assert_int_equal(c->database_threads, 8);
    list_is(c->patterns.fetch, "Fetching credentials from Secrets Manager");
    list_is(c->patterns.hit, "Using cached credentials*|Using cached database credentials*");
    list_is(c->patterns.fallback, "Falling back to environment variables*|*using environment variables instead*");
    list_is(c->patterns.fetch_error, "Failed to fetch credentials from Secrets Manager*|"
                                     "Error fetching credentials from Secrets Manager*");
    list_is(c->patterns.db_error, "*password authentication failed for user*|*28P01*|"
                                  "*SASL*client password must be a string*|*no pg_hba.conf entry*|*ECONNREFUSED*|"
                                  "*Connection terminated unexpectedly*|*remaining connection slots are reserved*");
    assert_int_equal(c->nenvironments, 1);
    const struct config_environment *e = &c->environments[0];
    assert_string_equal(e->name, "p");
    assert_int_equal(e->line, 1);
    assert_int_equal(e->mode, CONFIG_PRODUCTION);
    assert_true(e->protect);
    assert_string_equal(e->secret, "prod/db");
    list_is(e->log_groups, "");
    assert_true(e->region == NULL && e->profile == NULL && e->endpoint_url == NULL && e->function == NULL);
    assert_true(e->role_arn == NULL && e->external_id == NULL && e->role_session_name == NULL);
    assert_true(e->db_host == NULL && e->db_name == NULL && e->db_user == NULL && e->db_sslmode == NULL);
    assert_true(e->db_sslrootcert == NULL && e->env_file == NULL && e->db_port == 0);
    config_free(c);
}

static void config__patterns__an_environment_has_its_own_or_the_common_ones(void **state)
{
    (void)state;
    /* [patterns] may stand last; what is given replaces, what is not is taken over */
    struct config *c = good("[environment a]\nsecret = s\nfetch = Loading secret*\nfetch = Reloading*\ndb_error = *Oops*\n"
                            "[environment b]\nsecret = s\n"
                            "[patterns]\nhit = cached\nfetch = common\n");
    const struct config_patterns *a = &c->environments[0].patterns, *b = &c->environments[1].patterns;
    list_is(a->fetch, "Loading secret*|Reloading*");
    list_is(a->db_error, "*Oops*");
    list_is(a->hit, "cached");
    list_is(a->fallback, "Falling back to environment variables*|*using environment variables instead*");
    list_is(b->fetch, "common");
    assert_true(b->fetch == c->patterns.fetch && b->hit == c->patterns.hit && b->fallback == c->patterns.fallback &&
                b->fetch_error == c->patterns.fetch_error && b->db_error == c->patterns.db_error);
    config_free(c);
    bad("[environment a]\nsecret = s\nfetch =\n",
        "f:3: fetch has no value; leave the line out for the default; allowed: 1 to 200 bytes of text\n");
    bad("[credtop]\nfetch = x\n" PROD, "f:2: [credtop] has no key 'fetch'; it belongs in [patterns]\n");
}

static void config__parse__every_key(void **state)
{
    (void)state;
    struct config *c =
        good("[credtop]\nmode = audit\nsecret_poll = 5s\nlog_poll=10m\ndatabase_poll = 1h\n"
             "backfill = 24h\npending_stuck = 90m\ncall_deadline = 2500ms\nlogin_deadline: 500ms\n"
             "secret_threads = 1\nlog_threads = 64\ndatabase_threads = 007\n"
             "endpoint_url = http://[::1]:4566/aws\n"
             "[patterns]\nhit = a;b\nhit = *c #d*\nfetch = e = f\n"
             "[environment a.B_c-1]\nmode = production\nprotect = no\nregion = us-gov-west-1\n"
             "profile = ops@team\nendpoint_url = https://x.example\nsecret = arn:aws:x:y:1:secret:a/b-AbCdEf\n"
             "log_group = /aws/lambda/x\nlog_group = other#1\nfunction = f:prod\ndb_host = h.example\n"
             "db_port = 65535\ndb_name = Gro\xc3\x9f\ndb_user = u v\ndb_sslmode = verify-ca\n"
             "db_sslrootcert = /c.pem\nenv_file = ./x/.env\n");
    assert_true(c->audit);
    assert_int_equal(c->log_poll_ms, 600000);
    assert_int_equal(c->pending_stuck_ms, 5400000);
    assert_int_equal(c->call_deadline_ms, 2500);
    assert_int_equal(c->login_deadline_ms, 500);
    assert_int_equal(c->log_threads, 64);
    assert_int_equal(c->database_threads, 7);
    assert_string_equal(c->endpoint_url, "http://[::1]:4566/aws");
    list_is(c->patterns.hit, "a;b|*c #d*");
    list_is(c->patterns.fetch, "e = f");
    list_is(c->patterns.fallback, "Falling back to environment variables*|*using environment variables instead*");
    const struct config_environment *e = &c->environments[0];
    assert_string_equal(e->name, "a.B_c-1");
    assert_false(e->protect);
    assert_string_equal(e->region, "us-gov-west-1");
    assert_string_equal(e->profile, "ops@team");
    assert_string_equal(e->endpoint_url, "https://x.example");
    assert_string_equal(e->secret, "arn:aws:x:y:1:secret:a/b-AbCdEf");
    list_is(e->log_groups, "/aws/lambda/x|other#1");
    assert_string_equal(e->function, "f:prod");
    assert_string_equal(e->db_host, "h.example");
    assert_int_equal(e->db_port, 65535);
    assert_string_equal(e->db_name, "Gro\xc3\x9f");
    assert_string_equal(e->db_user, "u v");
    assert_string_equal(e->db_sslmode, "verify-ca");
    assert_string_equal(e->db_sslrootcert, "/c.pem");
    assert_string_equal(e->env_file, "/etc/credtop/x/.env");
    config_free(c);
}

static void config__parse__lines_as_documented(void **state)
{
    (void)state;
    /* Mark, CRLF, indented keys, comments of both kinds, and no line end at the end. */
    struct config *c = good("\xef\xbb\xbf; first\r\n\r\n# \xff\x01 comments hold anything\r\n"
                            " [ environment   p ] ; comment\r\n\tsecret = a\r\n    region = eu-west-1 ; here\r\n"
                            "[patterns]\r\n  hit = x;y ;z\r\n  hit = *;\r\n  hit = #");
    assert_string_equal(c->environments[0].name, "p");
    assert_int_equal(c->environments[0].line, 4);
    assert_string_equal(c->environments[0].secret, "a");
    assert_string_equal(c->environments[0].region, "eu-west-1");
    list_is(c->patterns.hit, "x;y|*;|#");
    config_free(c);
}

static void config__parse__long_names_are_whole(void **state)
{
    (void)state;
    char name[64], secret[601], text[2048];
    memset(name, 'n', 63);
    memset(secret, 's', 600);
    name[63] = secret[600] = '\0';
    snprintf(text, sizeof text, "[environment %s]\nsecret = %s\n", name, secret);
    struct config *c = good(text);
    assert_string_equal(c->environments[0].name, name);
    assert_string_equal(c->environments[0].secret, secret);
    config_free(c);
}

static void config__parse__log_group_of_a_function(void **state)
{
    (void)state;
    static const char *const functions[] = {"pay",
                                            "pay:live",
                                            "pay:$LATEST",
                                            "123456789012:function:pay",
                                            "arn:aws:lambda:eu-west-1:123456789012:function:pay",
                                            "arn:aws:lambda:eu-west-1:123456789012:function:pay:7"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, PROD "function = %s\n", functions[i]);
        struct config *c = good(text);
        list_is(c->environments[0].log_groups, "/aws/lambda/pay");
        config_free(c);
    }
    bad(PROD "function = arn:aws:lambda:eu-west-1:1:function:\n",
        "f:3: function holds no function's name; allowed: NAME, or arn:aws:lambda:REGION:ACCOUNT:function:NAME\n");
}

static void config__parse__paths(void **state)
{
    (void)state;
    static const struct {
        const char *file, *value, *expected;
    } samples[] = {
        {"/a/b.conf", "c.env", "/a/c.env"},         {"/b.conf", "c.env", "/c.env"},
        {"/a/b.conf", "/c.env", "/c.env"},          {"/a/b.conf", "../c.env", "/a/../c.env"},
        {"/a/b.conf", "~/c.env", "/home/me/c.env"}, {"/a/b.conf", "././c.env", "/a/c.env"},
        {"/a/b.conf", "c d/.env", "/a/c d/.env"},
    };
    setenv("HOME", "/home/me", 1);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[256];
        int n = snprintf(text, sizeof text, "[environment d]\nmode = development\nenv_file = %s\n", samples[i].value);
        struct config *c = good_bytes(text, (size_t)n, samples[i].file);
        assert_string_equal(c->environments[0].env_file, samples[i].expected);
        assert_false(c->environments[0].protect);
        config_free(c);
    }
    char here[4096], expected[4200];
    assert_non_null(getcwd(here, sizeof here));
    static const char text[] = "[environment d]\nmode = development\nenv_file = c.env\n";
    struct config *c = good_bytes(text, sizeof text - 1, "x/b.conf");
    snprintf(expected, sizeof expected, "%s/x/c.env", strcmp(here, "/") == 0 ? "" : here);
    assert_string_equal(c->environments[0].env_file, expected);
    config_free(c);
    unsetenv("HOME");
    bad("[environment d]\nmode = development\nenv_file = ~/c.env\n",
        "f:3: env_file = '~/c.env' needs HOME, which is not set to a folder; allowed: a path of at most 1023 bytes; "
        "relative to this file's folder, or with ~/ in front\n");
    setenv("HOME", "/home/me", 1);
}

/* -------------------------------------------------------------- bad input */

static void config__parse__refuses_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } samples[] = {
        {"[credtop]\nmode = Audit\n", "f:2: mode = 'Audit' is not a choice; allowed: operate|audit\n"},
        {"[credtop]\nmode = operate|audit\n", "f:2: mode = 'operate|audit' is not a choice; allowed: operate|audit\n"},
        {"[credtop]\nsecret_poll = 4999ms\n", "f:2: secret_poll = '4999ms' is too small; allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll = 61m\n", "f:2: secret_poll = '61m' is too large; allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll = 30\n", "f:2: secret_poll = '30' has no unit (ms, s, m or h); allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll = 30 s\n",
         "f:2: secret_poll = '30 s' is not a duration like 250ms, 30s, 5m or 1h; allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll = -5s\n",
         "f:2: secret_poll = '-5s' is not a duration like 250ms, 30s, 5m or 1h; allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll = 1.5m\n",
         "f:2: secret_poll = '1.5m' is not a duration like 250ms, 30s, 5m or 1h; allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll = 9223372036854775807h\n",
         "f:2: secret_poll = '9223372036854775807h' is not a duration like 250ms, 30s, 5m or 1h; allowed: 5s..1h\n"},
        {"[credtop]\nsecret_poll =\n",
         "f:2: secret_poll has no value; leave the line out for the default; allowed: 5s..1h\n"},
        {"[credtop]\nlog_threads = 0\n", "f:2: log_threads = '0' is too small; allowed: 1..64\n"},
        {"[credtop]\nlog_threads = 65\n", "f:2: log_threads = '65' is too large; allowed: 1..64\n"},
        {"[credtop]\nlog_threads = 0x4\n", "f:2: log_threads = '0x4' is not a whole number; allowed: 1..64\n"},
        {"[credtop]\nlog_threads = 4 # four\n",
         "f:2: log_threads = '4 # four' is not a whole number; allowed: 1..64\n"},
        {"[environment p]\nsecret = s\ndb_port = 65536\n", "f:3: db_port = '65536' is too large; allowed: 1..65535\n"},
        {"[environment p]\nsecret = s\nprotect = true\n", "f:3: protect = 'true' is not a choice; allowed: no|yes\n"},
        {"[environment p]\nsecret = s\nregion = EU-WEST-1\n",
         "f:3: region = 'EU-WEST-1' holds 'E', which it may not; allowed: 1 to 31 of a-z 0-9 -\n"},
        {"[environment p]\nsecret = s\nregion = abcdefghijklmnopqrstuvwxyzabcdef\n",
         "f:3: region = 'abcdefghijklmnopqrstuvwxyzabcdef' is too long; allowed: 1 to 31 of a-z 0-9 -\n"},
        {"[environment p]\nsecret = \xc3\xbc\n", "f:2: secret = '\\xc3\\xbc' holds '\\xc3', which it may not; allowed: "
                                                 "1 to 600 of A-Z a-z 0-9 / _ + = . @ : ! -\n"},
        {"[environment p]\nsecret = s\ndb_sslmode = prefer\n",
         "f:3: db_sslmode = 'prefer' is not a choice; allowed: disable|require|verify-ca|verify-full\n"},
        {"[environment p]\nsecret = s\ndb_name = 1234567890123456789012345678901234567890123456789012345678901234\n",
         "f:3: db_name = '123456789012345678901234567890123456789012345678901234567890...' is too long; "
         "allowed: 1 to 63 bytes of text\n"},
        {"[environment d]\nmode = development\nenv_file = ~other/.env\n",
         "f:3: env_file = '~other/.env' begins with ~, which only ~/ may; allowed: a path of at most 1023 bytes; "
         "relative to this file's folder, or with ~/ in front\n"},
        {"[credtop]\njournal = on/\n",
         "f:2: journal = 'on/' names a folder; allowed: a path of at most 3900 bytes; relative to this file's folder, or "
         "with ~/ in front; or off\n"},
        {"[credtop]\nsyslog = on\n", "f:2: syslog = 'on' is not a choice; allowed: no|yes\n"},
        {"[environment d]\nmode = development\nenv_file = sub/\n",
         "f:3: env_file = 'sub/' names a folder; allowed: a path of at most 1023 bytes; relative to this file's "
         "folder, or with ~/ in front\n"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[512], expected[512];
        bool has_environment = strstr(samples[i].text, "[environment") != NULL;
        snprintf(text, sizeof text, "%s%s", samples[i].text, has_environment ? "" : PROD);
        snprintf(expected, sizeof expected, "%s", samples[i].error);
        bad(text, expected);
    }
}

static void config__parse__refuses_urls(void **state)
{
    (void)state;
#define URL_ALLOWED                                                                                                    \
    "; allowed: http:// or https:// and HOST[:PORT][/PATH], at most 290 bytes, without user, query or fragment\n"
    static const struct {
        const char *url, *fault;
    } samples[] = {
        {"localhost:4566", " = 'localhost:4566' is not an http URL"},
        {"HTTP://x", " = 'HTTP://x' is not an http URL"},
        {"ftp://x", " = 'ftp://x' is not an http URL"},
        {"http://", " = 'http://' has no host"},
        {"http:///x", " = 'http:///x' has no host"},
        {"http://x:0", " = 'http://x:0' has something after its host that is no port (1..65535)"},
        {"http://x:65536", " = 'http://x:65536' has something after its host that is no port (1..65535)"},
        {"http://x:", " = 'http://x:' has something after its host that is no port (1..65535)"},
        {"http://x y", " = 'http://x y' has something after its host that is no port (1..65535)"},
        {"http://x/y?z", " = 'http://x/y?z' has a path with a character it may not hold"},
        {"http://[::1", " = 'http://[::1' has no proper host"},
        {"http://[]", " = 'http://[]' has no proper host"},
        {"https://me:hunter2@x/", " holds a user or a password, which do not belong here"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        char text[256], expected[512];
        snprintf(text, sizeof text, "[credtop]\nendpoint_url = %s\n" PROD, samples[i].url);
        snprintf(expected, sizeof expected, "f:2: endpoint_url%s" URL_ALLOWED, samples[i].fault);
        bad(text, expected);
    }
}

static void config__parse__refuses_unknown_names(void **state)
{
    (void)state;
    bad(PROD "secrte = x\n", "f:3: [environment] has no key 'secrte'; did you mean 'secret'?\n");
    bad(PROD "Secret = x\n", "f:3: [environment] has no key 'Secret'; did you mean 'secret'?\n");
    bad(PROD "loggroup = x\n", "f:3: [environment] has no key 'loggroup'; did you mean 'log_group'?\n");
    bad(PROD "secret_poll = 5s\n", "f:3: [environment] has no key 'secret_poll'; it belongs in [credtop]\n");
    bad("[patterns]\nxyzzy = 1\n" PROD,
        "f:2: [patterns] has no key 'xyzzy'; allowed: fetch hit fallback fetch_error db_error\n");
    bad("[patterns]\n= 1\n" PROD, "f:2: [patterns] has no key ''; allowed: fetch hit fallback fetch_error db_error\n");
    bad("[patterns]\npass\xc3\xbcword\t= hunter2\n" PROD,
        "f:2: [patterns] has no key 'pass\\xc3\\xbcword'; allowed: fetch hit fallback fetch_error db_error\n");
    bad("[enviroment x]\nfoo = 1\n", "f:1: there is no section 'enviroment x' (did you mean 'environment'?); "
                                     "allowed: [credtop], [patterns] and [environment NAME]\n");
    bad("[Credtop]\nfoo = 1\n" PROD, "f:1: there is no section 'Credtop' (did you mean 'credtop'?); "
                                     "allowed: [credtop], [patterns] and [environment NAME]\n");
    bad("[databases]\n" PROD,
        "f:1: there is no section 'databases'; allowed: [credtop], [patterns] and [environment NAME]\n");
    bad("[credtop x]\n" PROD, "f:1: there is no section 'credtop x' (did you mean 'credtop'?); "
                              "allowed: [credtop], [patterns] and [environment NAME]\n");
    bad("[environmental]\n" PROD, "f:1: there is no section 'environmental' (did you mean 'environment'?); "
                                  "allowed: [credtop], [patterns] and [environment NAME]\n");
    bad("[environment a b]\nsecret = s\n",
        "f:1: the environment's name 'a b' cannot be used; allowed: 1 to 63 of A-Z a-z 0-9 . _ -\n");
    bad("[environment]\nsecret = s\n",
        "f:1: the environment's name '' cannot be used; allowed: 1 to 63 of A-Z a-z 0-9 . _ -\n");
    bad("[environment \xc3\xbc]\nsecret = s\n",
        "f:1: the environment's name '\\xc3\\xbc' cannot be used; allowed: 1 to 63 of A-Z a-z 0-9 . _ -\n");
}

static void config__parse__refuses_lines(void **state)
{
    (void)state;
    static const char neither[] = "f:3: neither a section nor a setting; allowed: [SECTION], KEY = VALUE, and comments "
                                  "that begin with # or ;\n";
    bad(PROD "nonsense\n", neither);
    bad(PROD "nonsense", neither);
    bad(PROD "nonsense ; = 1\n", neither);
    bad("x = 1\n" PROD, "f:1: a setting before any section; begin with [credtop], [patterns] or [environment NAME]\n");
    bad(PROD "[credtop\nx = 1\n",
        "f:3: the section's ']' is missing; write [credtop], [patterns] or [environment NAME]\n");
    bad("[ ] \n", "f:1: a section without a name; write [credtop], [patterns] or [environment NAME]\n");
    bad(PROD "[credtop] mode = audit\n", "f:3: text after the section's ']'; write each key on a line of its own\n");
    bad(PROD "db_name = \xff\n", "f:3: the line is not UTF-8; save the file as UTF-8\n");
    bad(PROD "db_name = \xc0\xaf\n", "f:3: the line is not UTF-8; save the file as UTF-8\n");
    bad(PROD "db_name = \xed\xa0\x80\n", "f:3: the line is not UTF-8; save the file as UTF-8\n");
    bad(PROD "db_name = \xf0\x9f\x94", "f:3: the line is not UTF-8; save the file as UTF-8\n");
    bad(PROD "[environment \xff]\n", "f:3: the line is not UTF-8; save the file as UTF-8\n");
    bad(PROD "db_name = a\x1b[2J\n", "f:3: the line holds a control character; allowed: printable text and tabs\n");
    bad(PROD "db_name = a\rb\n", "f:3: the line holds a control character; allowed: printable text and tabs\n");
    static const char nul[] = PROD "db_name = a\0b\n";
    bad_bytes(nul, sizeof nul - 1, "f:3: the line holds a NUL byte; a configuration is plain UTF-8 text\n");
}

static void config__parse__refuses_long_lines_and_files(void **state)
{
    (void)state;
    size_t n = 9 * 1024 * 1024;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, 'x', n);
    memcpy(text, PROD "db_name = ", sizeof PROD "db_name = " - 1);
    size_t begin = sizeof PROD - 1;
    text[begin + 4001] = '\n'; /* the third line has 4001 bytes */
    memcpy(text + begin + 4002, "\nregion = A\n", 12);
    bad_bytes(text, begin + 4014,
              "f:3: the line has 4001 bytes; allowed: at most 4000\n"
              "f:5: region = 'A' holds 'A', which it may not; allowed: 1 to 31 of a-z 0-9 -\n");
    bad_bytes(text, n, "f: the file has 9437184 bytes; allowed: at most 8388608\n");
    free(text);
}

static void config__parse__rules_across_keys(void **state)
{
    (void)state;
    bad("", "f: there is no environment to watch; add a section [environment NAME]\n");
    bad("[credtop]\n[patterns]\n", "f: there is no environment to watch; add a section [environment NAME]\n");
    bad("[environment p]\n", "f:1: environment p is production and has no secret; give secret = NAME-OR-ARN, or mode = "
                             "development with env_file = PATH\n");
    bad("[environment d]\nmode = development\n",
        "f:1: environment d is development and has no env_file; give env_file = PATH of its .env\n");
    bad("[environment d]\nsecret = s\nenv_file = .env\nmode = development\n",
        "f:2: environment d is development, which never asks Secrets Manager; take secret out, or set mode = "
        "production\n");
    /* A mode that cannot be read, or a secret, is one mistake and not two. */
    bad("[environment d]\nmode = dev\n", "f:2: mode = 'dev' is not a choice; allowed: development|production\n");
    bad("[environment d]\nsecret =\n", "f:2: secret has no value; leave the line out for the default; allowed: 1 to "
                                       "600 of A-Z a-z 0-9 / _ + = . @ : ! -\n");
}

static void config__parse__refuses_repeats(void **state)
{
    (void)state;
    bad(PROD "region = a\n\nregion = b\nregion = a\n",
        "f:5: region is given again, first at line 3; give it once in each section\n"
        "f:6: region is given again, first at line 3; give it once in each section\n");
    bad("[credtop]\n" PROD "[credtop]\nnonsense = 1\n",
        "f:4: [credtop] begins a second time, first at line 1; put its keys together\n");
    bad(PROD "[environment q]\nsecret = s\n" PROD PROD,
        "f:5: environment p begins a second time, first at line 1; give each its own name\n"
        "f:7: environment p begins a second time, first at line 1; give each its own name\n");
    struct config *c = good(PROD "[environment P]\nsecret = s\n");
    assert_int_equal(c->nenvironments, 2);
    config_free(c);

    char text[4096] = PROD;
    size_t n = strlen(text);
    for (int i = 0; i <= LIST_MAX; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "log_group = g%d\n", i);
    }
    bad(text, "f:67: log_group has too many values; allowed: 64\n");
}

static void config__parse__strategy_and_superuser(void **state)
{
    (void)state;
    struct config *c = good(PROD "strategy = alternating-users\nsuperuser_secret = prod/su\n[environment q]\nsecret = s\n");
    assert_string_equal(c->environments[0].strategy, "alternating-users");
    assert_string_equal(c->environments[0].superuser_secret, "prod/su");
    assert_true(c->environments[1].strategy == NULL && c->environments[1].superuser_secret == NULL);
    config_free(c);
    bad(PROD "strategy = multi-user\n",
        "f:3: strategy = 'multi-user' is not a choice; allowed: single-user|alternating-users\n");
    bad(PROD "superuser_secret = a b\n",
        "f:3: superuser_secret = 'a b' holds ' ', which it may not; allowed: 1 to 600 of A-Z a-z 0-9 / _ + = . @ : ! -\n");
    bad(PROD "superuser_secret = s\n",
        "f:3: superuser_secret is the secret itself; allowed: the secret of a user who may create and alter roles\n");
    bad("[environment d]\nmode = development\nenv_file = x\nsuperuser_secret = s\n",
        "f:4: environment d is development, which has no secret to rotate; take superuser_secret out\n");
}

static void config__parse__tells_all_mistakes_by_line(void **state)
{
    (void)state;
    bad("[environment a]\nregion = R\n[environment a]\nnope = 1\nsecret = s\n[credtop]\nmode = x\n",
        "f:1: environment a is production and has no secret; give secret = NAME-OR-ARN, or mode = development with "
        "env_file = PATH\n"
        "f:2: region = 'R' holds 'R', which it may not; allowed: 1 to 31 of a-z 0-9 -\n"
        "f:3: environment a begins a second time, first at line 1; give each its own name\n"
        "f:4: [environment] has no key 'nope'; allowed: mode protect region profile role "
        "external_id role_session_name endpoint_url secret rotation strategy superuser_secret log_group function "
        "db_host db_port db_name db_user db_sslmode db_sslrootcert fetch hit "
            "fallback fetch_error db_error env_file\n"
        "f:7: mode = 'x' is not a choice; allowed: operate|audit\n");

    char text[4096], *errors;
    size_t n = 0;
    for (int i = 0; i < 203; i++) {
        memcpy(text + n, "nonsense\n", 9);
        n += 9;
    }
    memcpy(text + n, PROD, sizeof PROD - 1);
    assert_null(config_parse(text, n + sizeof PROD - 1, "f\x1b", &errors));
    assert_non_null(strstr(errors, "f\\x1b:200: neither"));
    assert_null(strstr(errors, ":201:"));
    assert_non_null(strstr(errors, "f\\x1b: and 3 more mistakes\n"));
    free(errors);
}

/* ------------------------------------------------------------------- files */

static char folder[] = "/tmp/credtop-test-XXXXXX";

static int folder_make(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int folder_remove(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void load_fails(const char *path, const char *words)
{
    char *errors;
    assert_null(config_load(path, &errors));
    if (errors == NULL || strncmp(errors, path, strlen(path)) != 0 || strstr(errors, words) == NULL) {
        fail_msg("'%s' instead of '%s'", errors != NULL ? errors : "nothing", words);
    }
    free(errors);
}

static void config__load__judges_the_file(void **state)
{
    (void)state;
    char path[128], *errors;
    snprintf(path, sizeof path, "%s/credtop.conf", folder);
    load_fails(path, ": cannot be opened (No such file or directory); give a file that can be read\n");
    load_fails(folder, ": is a folder; name the file in it\n");
    assert_int_equal(mkfifo(path, 0600), 0);
    load_fails(path, ": is not a regular file; a configuration has to be one\n");
    unlink(path);
    write_file(path, PROD, 0660);
    load_fails(path, ": can be written by others than its owner (mode 0660); run: chmod go-w /tmp/credtop-test-");
    write_file(path, PROD, 0602);
    load_fails(path, "(mode 0602)");
    write_file(path, "", 0600);
    load_fails(path, ": there is no environment to watch; add a section [environment NAME]\n");
    write_file(path, PROD "db_sslrootcert = ca.pem\n", 0644);
    struct config *c = config_load(path, &errors);
    assert_non_null(c);
    assert_null(errors);
    assert_string_equal(c->path, path);
    snprintf(path, sizeof path, "%s/ca.pem", folder);
    assert_string_equal(c->environments[0].db_sslrootcert, path);
    assert_null(config_free(c));
    assert_null(config_free(NULL));
    snprintf(path, sizeof path, "%s/credtop.conf", folder);
    unlink(path);
}

/* What an auditor may see is said by root's file, and by no other. */
static void config__load__grants_function_names_in_roots_file_alone(void **state)
{
    (void)state;
    char path[128], *errors;
    snprintf(path, sizeof path, "%s/credtop.conf", folder);
    write_file(path, "[credtop]\naudit_function_names = yes\n" PROD, 0644);
    struct config *c = config_load(path, &errors);
    assert_non_null(c);
    assert_int_equal(c->audit_function_names, geteuid() == 0);
    config_free(c);
    if (geteuid() == 0 && chown(path, 1, 1) == 0) {
        c = config_load(path, &errors);
        assert_non_null(c);
        assert_false(c->audit_function_names);
        config_free(c);
    }
    unlink(path);
}

static void config__find__first_that_exists(void **state)
{
    (void)state;
    char sub[128], path[160], expected[512], *tried, *found;
    setenv("HOME", "/nonexistent", 1);
    setenv("XDG_CONFIG_HOME", "relative/is/ignored", 1);
    found = config_find(&tried);
    assert_string_equal(tried, "/nonexistent/.config/credtop/credtop.conf, /etc/credtop/credtop.conf");
    free(tried);
    free(found);

    setenv("XDG_CONFIG_HOME", folder, 1);
    snprintf(sub, sizeof sub, "%s/credtop", folder);
    snprintf(path, sizeof path, "%s/credtop.conf", sub);
    assert_int_equal(mkdir(sub, 0700), 0);
    found = config_find(&tried);
    snprintf(expected, sizeof expected, "%s, /nonexistent/.config/credtop/credtop.conf, /etc/credtop/credtop.conf",
             path);
    assert_string_equal(tried, expected);
    free(tried);
    free(found);

    write_file(path, "", 0600);
    found = config_find(NULL);
    assert_string_equal(found, path);
    free(found);
    unlink(path);
    rmdir(sub);
    unsetenv("XDG_CONFIG_HOME");
}

/* ------------------------------------------------------------ from the rows */

static void config__example__is_the_file_and_parses(void **state)
{
    (void)state;
    char *example = config_example();
    size_t n = strlen(example);
    FILE *f = fopen("config/credtop.conf.example", "re");
    char *file = calloc(1, n + 2);
    assert_non_null(f);
    assert_non_null(file);
    size_t got = fread(file, 1, n + 1, f);
    fclose(f);
    if (got != n || memcmp(file, example, n) != 0) {
        fail_msg("config/credtop.conf.example is not what config_example() makes");
    }
    struct config *c = good_bytes(example, n, PATH);
    assert_int_equal(c->nenvironments, 3);
    const struct config_environment *e = c->environments;
    assert_true(e[0].mode == CONFIG_PRODUCTION && e[1].mode == CONFIG_DEVELOPMENT && e[2].mode == CONFIG_PRODUCTION);
    assert_true(e[0].protect && !e[1].protect && e[2].protect);
    assert_string_equal(e[1].env_file, "/etc/credtop/billing.env");
    list_is(e[0].log_groups, "/aws/lambda/billing-api");
    list_is(e[2].log_groups, "/aws/lambda/orders-api|/aws/lambda/orders-worker");
    config_free(c);
    free(file);
    free(example);
}

/* What is commented out is allowed too: every preset and sample reads. */
static void config__example__parses_uncommented(void **state)
{
    (void)state;
    char *example = config_example(), *to = example;
    for (const char *from = example; *from != '\0';) {
        size_t n = strcspn(from, "\n") + 1;
        bool setting = from[0] == '#' && from[1] >= 'a' && from[1] <= 'z';
        memmove(to, from + (setting ? 1 : 0), n - (setting ? 1 : 0));
        to += n - (setting ? 1 : 0);
        from += n;
    }
    struct config *c = good_bytes(example, (size_t)(to - example), PATH);
    assert_string_equal(c->endpoint_url, "http://127.0.0.1:4566");
    assert_int_equal(c->environments[0].db_port, 5432);
    list_is(c->patterns.hit, "Using cached credentials*|Using cached database credentials*");
    config_free(c);
    free(example);
}

static void config__manual__has_a_row_for_each_key(void **state)
{
    (void)state;
    char *manual = config_manual();
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char row[80];
        const struct setting *s = setting_row((enum setting_id)i);
        snprintf(row, sizeof row, ".TP\n.B %s\n", s->key);
        assert_non_null(strstr(manual, row));
        assert_true(strlen(s->key) <= 31 && s->help[strlen(s->help) - 1] != '.');
    }
    assert_non_null(strstr(manual, ".SS [environment NAME]\n"));
    assert_non_null(strstr(manual, "Default: *28P01*\n"));
    free(manual);
}

/* ----------------------------------------------------------------- numbers */

static void config__parse__a_thousand_environments_at_once(void **state)
{
    (void)state;
    size_t room = 1024 * 1024, n = 0;
    char *text = malloc(room);
    struct timespec from, to;
    assert_non_null(text);
    for (int i = 999; i >= 0; i--) {
        n += (size_t)snprintf(text + n, room - n,
                              "[environment team-%d]\nregion = eu-central-1\nprofile = ops\nsecret = prod/team-%d/db\n"
                              "function = team-%d\nlog_group = /aws/lambda/team-%d\nlog_group = /aws/lambda/w-%d\n"
                              "db_sslmode = verify-full\ndb_sslrootcert = ca.pem\n\n",
                              i, i, i, i, i);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    struct config *c = good_bytes(text, n, PATH);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_int_equal(c->nenvironments, 1000);
    assert_string_equal(c->environments[0].name, "team-999");
    assert_int_equal(c->environments[999].line, 9991);
    long us = (long)(to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000;
    print_message("1,000 environments, %zu bytes: %ld us\n", n, us);
#ifdef CT_SANITIZED
    assert_true(us < 500000);
#else
    assert_true(us < 50000);
#endif
    config_free(c);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config__parse__presets),
        cmocka_unit_test(config__patterns__an_environment_has_its_own_or_the_common_ones),
        cmocka_unit_test(config__parse__every_key),
        cmocka_unit_test(config__parse__lines_as_documented),
        cmocka_unit_test(config__parse__long_names_are_whole),
        cmocka_unit_test(config__parse__log_group_of_a_function),
        cmocka_unit_test(config__parse__paths),
        cmocka_unit_test(config__parse__refuses_values),
        cmocka_unit_test(config__parse__refuses_urls),
        cmocka_unit_test(config__parse__refuses_unknown_names),
        cmocka_unit_test(config__parse__refuses_lines),
        cmocka_unit_test(config__parse__refuses_long_lines_and_files),
        cmocka_unit_test(config__parse__rules_across_keys),
        cmocka_unit_test(config__parse__refuses_repeats),
        cmocka_unit_test(config__parse__strategy_and_superuser),
        cmocka_unit_test(config__parse__tells_all_mistakes_by_line),
        cmocka_unit_test(config__load__judges_the_file),
        cmocka_unit_test(config__load__grants_function_names_in_roots_file_alone),
        cmocka_unit_test(config__find__first_that_exists),
        cmocka_unit_test(config__example__is_the_file_and_parses),
        cmocka_unit_test(config__example__parses_uncommented),
        cmocka_unit_test(config__manual__has_a_row_for_each_key),
        cmocka_unit_test(config__parse__a_thousand_environments_at_once),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
