/* Source trees: the parts of the credential flow are found where they belong, in all the ways
 * they are written; passwords are named, not quoted; and the walk stays in the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/source.h"
#include "backend/source_code.h"

static const char *const fetch[] = {"Fetching credentials from Secrets Manager", NULL};

static const char env_ts[] = "// getDbCredentials() { }\n"
                             "export async function getDbCredentials(): Promise<Credentials> {\n"
                             "  console.log('Fetching credentials from Secrets Manager');\n"
                             "}\n";
static const char database_ts[] = "export const getDatabaseConfig = async () => ({ ...(await getDbCredentials()) });\n";
static const char helper_ts[] = "let credentialsFetched = false;\n"
                                "export const connectToDatabase = async (): Promise<void> => {\n"
                                "  if (!credentialsFetched) { await load(); }\n"
                                "  credentialsFetched = true;\n"
                                "};\n";

struct fixture {
    struct source_facts *facts;
    struct source_report out;
};

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    x->facts = source_facts_new(fetch);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    source_facts_free(x->facts);
    free(x);
    return 0;
}

static void read_text(struct fixture *x, const char *path, const char *text)
{
    source_read(x->facts, path, text, strlen(text));
}

static void expect(struct fixture *x, enum source_check c, enum posture_result r, const char *found)
{
    if (x->out.of[c].result != r || strstr(x->out.of[c].found, found) == NULL)
        fail_msg("%s: %s \"%s\", not %s \"%s\"", source_row(c)->name, posture_name(x->out.of[c].result),
                 x->out.of[c].found, posture_name(r), found);
}

static void conclude(struct fixture *x)
{
    source_conclude(x->facts, NULL, 0, &x->out);
}

static void flow__is_found(void **state)
{
    struct fixture *x = *state;
    read_text(x, "src/config/env.ts", env_ts);
    read_text(x, "src/config/database.ts", database_ts);
    read_text(x, "src/dbHelper.ts", helper_ts);
    read_text(x, "src/models/index.ts", "import x from 'y';\nexport async function f() { await x(); }\n");
    read_text(x, ".env", "NODE_ENV=development\nDB_PASSWORD=\n");
    conclude(x);
    expect(x, SOURCE_CREDENTIALS, POSTURE_PASS, "src/config/env.ts:2: getDbCredentials");
    expect(x, SOURCE_CONFIG, POSTURE_PASS, "src/config/database.ts:1");
    expect(x, SOURCE_CONNECT, POSTURE_PASS, "src/dbHelper.ts:2");
    expect(x, SOURCE_MODELS, POSTURE_PASS, "src/models/index.ts");
    expect(x, SOURCE_LINE, POSTURE_PASS, "src/config/env.ts:3");
    expect(x, SOURCE_PASSWORD, POSTURE_PASS, "none seen");
}

static void flow__that_is_not_there(void **state)
{
    struct fixture *x = *state;
    read_text(x, "src/env.ts", "// async function getDbCredentials() {}\nconst s = 'getDbCredentials = 1';\n");
    read_text(x, "README.md", "Fetching credentials from Secrets Manager");
    read_text(x, "src/a.ts", "/* 'Fetching credentials from Secrets Manager' */\n");
    conclude(x);
    expect(x, SOURCE_CREDENTIALS, POSTURE_FAIL, "getDbCredentials is defined nowhere");
    expect(x, SOURCE_CONFIG, POSTURE_FAIL, "defined nowhere");
    expect(x, SOURCE_CONNECT, POSTURE_FAIL, "defined nowhere");
    expect(x, SOURCE_MODELS, POSTURE_NOT_APPLICABLE, "no models/index");
    expect(x, SOURCE_LINE, POSTURE_FAIL, "Fetching credentials from Secrets Manager");
}

static void flow__half_of_it(void **state)
{
    struct fixture *x = *state;
    read_text(x, "src/secrets.js", "exports.getDbCredentials = async function () {};\n");
    read_text(x, "src/database.js", "function getDatabaseConfig() { return {}; }\n");
    read_text(x, "src/dbHelper.js", "async function connectToDatabase() { if (credentialsFetched) return; }\n");
    read_text(x, "models/index.js", "const c = await load();\n");
    read_text(x, "src/log.js", "log('fetching credentials from Secrets Manager');\n");
    conclude(x);
    expect(x, SOURCE_CREDENTIALS, POSTURE_WARN, "src/secrets.js:1: getDbCredentials is defined here, not in env.ts");
    expect(x, SOURCE_CONFIG, POSTURE_FAIL, "src/database.js:1: getDatabaseConfig is not async");
    expect(x, SOURCE_CONNECT, POSTURE_FAIL, "src/dbHelper.js:1: credentialsFetched is never set");
    expect(x, SOURCE_MODELS, POSTURE_WARN, "models/index.js:1: await outside of functions");
    expect(x, SOURCE_LINE, POSTURE_FAIL, ""); /* not its very words */
}

static void what_was_not_read__may_have_it(void **state)
{
    struct fixture *x = *state;
    x->out.cut = true;
    read_text(x, ".env", "DB_PASSWORD=abc\n");
    conclude(x);
    expect(x, SOURCE_CREDENTIALS, POSTURE_UNKNOWN, "");
    expect(x, SOURCE_PASSWORD, POSTURE_WARN, ".env:1");
}

static void definitions__in_all_their_forms(void **state)
{
    static const struct {
        const char *text;
        int line;
        bool async;
    } rows[] = {
        {"async function f() {}", 1, true},
        {"function f(): Promise<X> {}", 1, true},
        {"function f() { return new Promise<X>(); }", 1, false},
        {"\nexport const f = async () => {}", 2, true},
        {"const f: () => Promise<X> = async () => {}", 1, true},
        {"const f = function () {}", 1, false},
        {"class A { async f() {} }", 1, true},
        {"exports.f = async (a) => a", 1, true},
        {"function f(a: string): X;\nasync function f(a: any) {}", 2, true},
        {"async function* f() {}", 1, true},
        {"f();", 0, false},
        {"if (f == 1) f;", 0, false},
        {"const g = () => f()", 0, false},
        {"const ff = async () => {}; const $f = async () => {}", 0, false},
        {"const s = \"it's\"; // function f() {}\n/* function f() {} */ const r = /function f() {'/; const f = async () => 1;", 2, true},
        {"const t = `function f() {}\n${x}`; function f() {}", 2, false},
        {"x = a / b; function f() { return c / d; }", 1, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct source_code c;
        source_code_split(rows[i].text, strlen(rows[i].text), &c);
        struct source_place p = source_code_definition(&c, "f");
        if (p.line != rows[i].line || p.is_async != rows[i].async)
            fail_msg("%s: line %d, async %d", rows[i].text, p.line, p.is_async);
        source_code_clear(&c);
    }
}

/* A line of which each part might begin something that never ends. */
static void hostile_line__costs_no_more_than_its_length(void **state)
{
    enum { PARTS = 300000 };
    char *text = mem_new(3 * PARTS + 1);
    struct source_code c;
    (void)state;
    for (size_t i = 0; i < PARTS; i++)
        memcpy(text + 3 * i, "(/[", 3);
    source_code_split(text, 3 * PARTS, &c);
    assert_int_equal(strlen(c.code), 3 * PARTS);
    source_code_clear(&c);
    free(text);
}

static void patterns__of_the_configuration_count(void **state)
{
    static const char *const own[] = {"Loading database secret*", "Reading it", NULL};
    struct fixture *x = *state;
    source_facts_free(x->facts);
    x->facts = source_facts_new(own);
    read_text(x, "a.ts", "\nlog(`Loading database secret ${name}`);\n");
    conclude(x);
    expect(x, SOURCE_LINE, POSTURE_PASS, "a.ts:2");
}

static void passwords__by_line_and_never_quoted(void **state)
{
    static const struct {
        const char *path, *text;
        int line; /* 0: none */
    } rows[] = {
        {".env", "A=1\nDB_PASSWORD=hunter2\n", 2},
        {"app/.env.production", "export DB_PASSWORD='hunter2'", 1},
        {".env", "#DB_PASSWORD=hunter2\n", 0},
        {".env", "DB_PASSWORD=\nDB_PASSWORD=\"\"\n", 0},
        {".env.example", "DB_PASSWORD=changeme\n", 0},
        {".env", "DB_PASSWORD=${SECRET}\n", 0},
        {".env", "MY_DB_PASSWORD_X=1\nDB_PASSWORDS=2\n", 0},
        {"serverless.yml", "env:\n  DB_PASSWORD: hunter2\n", 2},
        {"serverless.yml", "env:\n  DB_PASSWORD: ${ssm:/db}\n", 0},
        {"template.yaml", "  DB_PASSWORD: !Ref Password\n", 0},
        {"main.tf", "    DB_PASSWORD = var.password\n", 0},
        {"main.tf", "    \"DB_PASSWORD\" = \"hunter2\"\n", 1},
        {"environment.md", "DB_PASSWORD=hunter2\n", 0},
    };
    struct fixture *x = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char place[64];
        source_facts_free(x->facts);
        x->facts = source_facts_new(fetch);
        read_text(x, rows[i].path, rows[i].text);
        conclude(x);
        (void)str_fmt(place, sizeof place, "%s:%d", rows[i].path, rows[i].line);
        if ((strstr(x->out.of[SOURCE_PASSWORD].found, place) != NULL) != (rows[i].line > 0))
            fail_msg("%s: %s", rows[i].text, x->out.of[SOURCE_PASSWORD].found);
        assert_null(strstr(x->out.of[SOURCE_PASSWORD].found, "hunter2"));
    }
}

/* An index of git's with one entry, of version 2. */
static size_t index_of(char *out, const char *path)
{
    size_t n = strlen(path);
    memset(out, 0, 200);
    memcpy(out, "DIRC\0\0\0\2\0\0\0\1", 12);
    out[12 + 60] = (char)(n >> 8);
    out[12 + 61] = (char)n;
    memcpy(out + 12 + 62, path, n);
    return 12 + 62 + n + 8;
}

static void passwords__under_version_control_are_worse(void **state)
{
    struct fixture *x = *state;
    char index[200];
    read_text(x, "app/.env", "DB_PASSWORD=hunter2\n");
    conclude(x);
    expect(x, SOURCE_PASSWORD, POSTURE_WARN, "cannot be told");
    source_conclude(x->facts, index, index_of(index, "app/.env.example"), &x->out);
    expect(x, SOURCE_PASSWORD, POSTURE_PASS, "app/.env:1: a password, in a file that is not under version control");
    source_conclude(x->facts, index, index_of(index, "app/.env"), &x->out);
    expect(x, SOURCE_PASSWORD, POSTURE_FAIL, "app/.env:1: a password, under version control");
    source_conclude(x->facts, index, index_of(index, "x/app/.env"), &x->out); /* another's tail */
    expect(x, SOURCE_PASSWORD, POSTURE_PASS, "not under");
    index[7] = 4; /* its names are packed: it cannot be told */
    source_conclude(x->facts, index, 200, &x->out);
    expect(x, SOURCE_PASSWORD, POSTURE_WARN, "cannot be told");
}

static void put_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void walk__stays_in_the_tree(void **state)
{
    struct fixture *x = *state;
    struct why why = {0};
    char dir[] = "/tmp/credtop-source-XXXXXX";
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    assert_int_equal(mkdir("tree", 0700) | mkdir("tree/src", 0700) | mkdir("tree/node_modules", 0700), 0);
    put_file("outside.env", "DB_PASSWORD=hunter2\n");
    put_file("env.ts", env_ts);
    put_file("tree/node_modules/env.ts", env_ts);
    put_file("tree/src/database.ts", database_ts);
    assert_int_equal(symlink("../outside.env", "tree/.env"), 0);
    assert_int_equal(symlink("../../env.ts", "tree/src/env.ts"), 0);
    assert_int_equal(symlink("..", "tree/src/up"), 0);
    assert_int_equal(mkfifo("tree/src/pipe.ts", 0600), 0);
    assert_int_equal(source_look("tree", fetch, &x->out, &why), ERR_OK);
    assert_int_equal(x->out.files, 1);
    expect(x, SOURCE_CONFIG, POSTURE_PASS, "src/database.ts:1");
    expect(x, SOURCE_CREDENTIALS, POSTURE_FAIL, "nowhere");
    expect(x, SOURCE_PASSWORD, POSTURE_PASS, "none seen");
    assert_int_equal(source_look("tree/nowhere", fetch, &x->out, &why), ERR_IO);
    assert_non_null(strstr(why.text, "tree/nowhere cannot be opened (No such file or directory): --source names"));
    assert_int_equal(source_look("outside.env", fetch, &x->out, &why), ERR_IO);
    static const char *const files[] = {"tree/src/pipe.ts", "tree/src/up", "tree/src/env.ts", "tree/.env",
                                        "tree/src/database.ts", "tree/node_modules/env.ts", "env.ts", "outside.env"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++)
        assert_int_equal(unlink(files[i]), 0);
    assert_int_equal(rmdir("tree/src") | rmdir("tree/node_modules") | rmdir("tree") | chdir("/") | rmdir(dir), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(flow__is_found),
        CASE(flow__that_is_not_there),
        CASE(flow__half_of_it),
        CASE(what_was_not_read__may_have_it),
        cmocka_unit_test(definitions__in_all_their_forms),
        cmocka_unit_test(hostile_line__costs_no_more_than_its_length),
        CASE(patterns__of_the_configuration_count),
        CASE(passwords__by_line_and_never_quoted),
        CASE(passwords__under_version_control_are_worse),
        CASE(walk__stays_in_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
