/* The shared AWS files: what is understood, what is refused and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>

#include "backend/aws/aws_files.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"

static struct aws_file *parse(const char *text, enum aws_file_kind kind)
{
    struct aws_file *f = NULL;
    struct why why = {0};

    if (aws_file_parse(text, strlen(text), kind, "f", &f, &why))
        fail_msg("%s", why.text);
    return f;
}

static void expect(const struct aws_file *f, enum aws_section s, const char *name, const char *key, const char *want)
{
    const char *got = aws_file_get(f, s, name, key, NULL);

    if (want && !got)
        fail_msg("[%s] %s is not set", name, key);
    if (want)
        assert_string_equal(got, want);
    else
        assert_null(got);
}

static void files__parse__config_file(void **state)
{
    static const char text[] = "# a comment\n"
                               "[default]\n"
                               "region = eu-central-1\n"
                               "\n"
                               "[profile prod] ; says what it is\n"
                               "Region: eu-west-1\n"
                               "role_arn = arn:aws:iam::111122223333:role/ops # no comment\n"
                               "services=local\r\n"
                               "  ; indented comment\n"
                               "[profile \"my prof\"]\n"
                               "region=us-east-1\n"
                               "[profile 'other prof']\n"
                               "region=us-east-2\n"
                               "[sso-session corp]\n"
                               "sso_region = eu-north-1\n"
                               "[services local]\n"
                               "secrets_manager =\n"
                               "  endpoint_url = http://127.0.0.1:5000\n"
                               "  # comment in the block\n"
                               "\n"
                               "  other = x\n"
                               "cloudwatch_logs = \n"
                               "\tendpoint_url=http://127.0.0.1:5001\n"
                               "[plugins]\n"
                               "cli = x\n";
    struct aws_file *f = parse(text, AWS_FILE_CONFIG);
    int line = 0;

    (void)state;
    expect(f, AWS_SECTION_PROFILE, "default", "region", "eu-central-1");
    expect(f, AWS_SECTION_PROFILE, "prod", "region", "eu-west-1");
    expect(f, AWS_SECTION_PROFILE, "prod", "role_arn", "arn:aws:iam::111122223333:role/ops # no comment");
    expect(f, AWS_SECTION_PROFILE, "prod", "services", "local");
    expect(f, AWS_SECTION_PROFILE, "my prof", "region", "us-east-1");
    expect(f, AWS_SECTION_PROFILE, "other prof", "region", "us-east-2");
    expect(f, AWS_SECTION_SSO_SESSION, "corp", "sso_region", "eu-north-1");
    expect(f, AWS_SECTION_PROFILE, "corp", "sso_region", NULL);
    expect(f, AWS_SECTION_SERVICES, "local", "secrets_manager", "");
    expect(f, AWS_SECTION_SERVICES, "local", "secrets_manager.endpoint_url", "http://127.0.0.1:5000");
    expect(f, AWS_SECTION_SERVICES, "local", "secrets_manager.other", "x");
    expect(f, AWS_SECTION_SERVICES, "local", "cloudwatch_logs.endpoint_url", "http://127.0.0.1:5001");
    expect(f, AWS_SECTION_SERVICES, "local", "endpoint_url", NULL);
    expect(f, AWS_SECTION_OTHER, "plugins", "cli", "x");
    expect(f, AWS_SECTION_PROFILE, "default", "Region", NULL);
    assert_non_null(aws_file_get(f, AWS_SECTION_SERVICES, "local", "secrets_manager.other", &line));
    assert_int_equal(line, 21);
    f = aws_file_free(f);
}

static void files__parse__credentials_file(void **state)
{
    struct aws_file *f = parse("\xef\xbb\xbf[default]\naws_access_key_id=AKIDEXAMPLE\n"
                               "aws_secret_access_key = a/b+c=d:e#f;g\n"
                               "[profile x]\nregion=1\n[ two words ]\nregion = 2",
                               AWS_FILE_CREDENTIALS);

    (void)state;
    expect(f, AWS_SECTION_PROFILE, "default", "aws_access_key_id", "AKIDEXAMPLE");
    expect(f, AWS_SECTION_PROFILE, "default", "aws_secret_access_key", "a/b+c=d:e#f;g");
    expect(f, AWS_SECTION_PROFILE, "x", "region", NULL); /* the prefix belongs to the other file */
    expect(f, AWS_SECTION_PROFILE, "profile x", "region", "1");
    expect(f, AWS_SECTION_PROFILE, "two words", "region", "2");
    f = aws_file_free(f);
}

static void files__parse__continuations(void **state)
{
    struct aws_file *f = parse("[default]\n"
                               "  first = 1\n" /* an indented name: not deeper than a name above */
                               "  second = one\n"
                               "     two\n"
                               "\n"
                               "   three   \n"
                               "  third = 3\n"
                               "last = a\n"
                               " b",
                               AWS_FILE_CONFIG);

    (void)state;
    expect(f, AWS_SECTION_PROFILE, "default", "first", "1");
    expect(f, AWS_SECTION_PROFILE, "default", "second", "one\ntwo\nthree");
    expect(f, AWS_SECTION_PROFILE, "default", "third", "3");
    expect(f, AWS_SECTION_PROFILE, "default", "last", "a\nb");
    f = aws_file_free(f);
}

static void files__parse__repeats_and_odd_sections(void **state)
{
    struct aws_file *f = parse("[default]\na=1\na=2\n[profile p]\na=3\n[profile default]\nb=4\n[default]\na=5\n"
                               "[prod]\na=6\n[profile]\na=7\n[profile two words]\na=8\n[profile \"open]\na=9\n"
                               "[profile \"\"]\na=10\n[profiles x]\na=11\n[empty]\n",
                               AWS_FILE_CONFIG);

    (void)state;
    expect(f, AWS_SECTION_PROFILE, "default", "a", "5");
    expect(f, AWS_SECTION_PROFILE, "default", "b", "4");
    expect(f, AWS_SECTION_PROFILE, "prod", "a", NULL);
    expect(f, AWS_SECTION_OTHER, "prod", "a", "6");
    expect(f, AWS_SECTION_OTHER, "profile", "a", "7");
    expect(f, AWS_SECTION_OTHER, "profile two words", "a", "8");
    expect(f, AWS_SECTION_OTHER, "profile \"open", "a", "9");
    expect(f, AWS_SECTION_PROFILE, "", "a", NULL);
    expect(f, AWS_SECTION_OTHER, "profiles x", "a", "11");
    assert_true(aws_file_has(f, AWS_SECTION_OTHER, "empty"));
    assert_false(aws_file_has(f, AWS_SECTION_PROFILE, "empty"));
    assert_false(aws_file_has(NULL, AWS_SECTION_PROFILE, "default"));
    assert_null(aws_file_get(NULL, AWS_SECTION_PROFILE, "default", "a", NULL));
    f = aws_file_free(f);
    assert_null(aws_file_free(f));
}

static void files__parse__nothing_is_a_file(void **state)
{
    static const char *const texts[] = {"", "\n", "   ", "# only this", "\xef\xbb\xbf", "[default]"};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct aws_file *f = parse(texts[i], AWS_FILE_CONFIG);

        expect(f, AWS_SECTION_PROFILE, "default", "region", NULL);
        f = aws_file_free(f);
    }
}

static void files__parse__mistakes_name_file_and_line(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"a = 1\n", "creds:1: a setting stands before the first [section]"},
        {"[default]\nhunter2\n", "creds:2: expected [section], name = value, # comment"},
        {"[default]\n\n# x\n= hunter2\n", "creds:4: a name is missing"},
        {"[default\n", "creds:1: a section must end with ']'"},
        {"[]\n", "creds:1: a section needs a name"},
        {"[  ]\n", "creds:1: a section needs a name"},
        {"[default] hunter2\n", "creds:1: only a comment may follow"},
        {"[default]\na =\n  hunter2\n", "creds:3: expected name = value in the indented block"},
        {"[default]\na =\n  b: hunter2\n", "creds:3: expected name = value in the indented block"},
        {"[default]\na =\n  = hunter2\n", "creds:3: a name is missing"},
        {"[default]\n a = 1\nhunter2", "creds:3: expected"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct aws_file *f = NULL;
        struct why why = {0};

        assert_int_equal(aws_file_parse(rows[i].text, strlen(rows[i].text), AWS_FILE_CREDENTIALS, "creds", &f, &why),
                         ERR_NO_CREDENTIALS);
        assert_null(f);
        if (strncmp(why.text, rows[i].words, strlen(rows[i].words)) != 0)
            fail_msg("%s", why.text);
        assert_null(strstr(why.text, "hunter2"));
    }
}

static void files__parse__refuses_binary_and_too_much(void **state)
{
    static const char binary[] = "[default]\na = x\0y\n";
    struct aws_file *f = NULL;
    struct why why = {0};
    char *big = mem_new(AWS_FILE_MAX + 1);
    struct strbuf many;

    (void)state;
    assert_int_equal(aws_file_parse(binary, sizeof(binary) - 1, AWS_FILE_CONFIG, "f", &f, &why), ERR_NO_CREDENTIALS);
    assert_string_equal(why.text, "f:2: a NUL byte: this is not a text file");
    memset(big, '\n', AWS_FILE_MAX + 1);
    assert_int_equal(aws_file_parse(big, AWS_FILE_MAX + 1, AWS_FILE_CONFIG, "f", &f, &why), ERR_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "larger than 1 MiB"));
    assert_int_equal(aws_file_parse(big, AWS_FILE_MAX, AWS_FILE_CONFIG, "f", &f, &why), ERR_OK);
    f = aws_file_free(f);
    free(big);

    strbuf_init(&many, AWS_FILE_MAX);
    strbuf_str(&many, "[a]\n");
    for (int i = 0; i <= AWS_FILE_ENTRIES_MAX; i++)
        strbuf_str(&many, "a=1\n");
    assert_int_equal(aws_file_parse(many.s, many.len, AWS_FILE_CONFIG, "f", &f, &why), ERR_NO_CREDENTIALS);
    assert_string_equal(why.text, "f:20002: more than 20000 settings");
    strbuf_reset(&many);
    for (int i = 0; i <= AWS_FILE_ENTRIES_MAX; i++)
        strbuf_str(&many, "[a]\n");
    assert_int_equal(aws_file_parse(many.s, many.len, AWS_FILE_CONFIG, "f", &f, &why), ERR_NO_CREDENTIALS);
    assert_string_equal(why.text, "f:20001: more than 20000 sections");
    strbuf_clear(&many);
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void files__load__files_and_what_is_none(void **state)
{
    char dir[] = "/tmp/test_aws_files.XXXXXX", path[64], deeper[80];
    struct aws_file *f = NULL;
    struct stat st;
    struct why why = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/config", dir);
    assert_int_equal(aws_file_load(path, AWS_FILE_CONFIG, &f, &st, &why), ERR_NOT_FOUND);
    assert_int_equal(st.st_ino, 0);
    write_file(path, "[default]\nregion = eu-central-1");
    assert_int_equal(aws_file_load(path, AWS_FILE_CONFIG, &f, &st, &why), ERR_OK);
    assert_int_equal(st.st_size, 31);
    expect(f, AWS_SECTION_PROFILE, "default", "region", "eu-central-1");
    f = aws_file_free(f);

    snprintf(deeper, sizeof(deeper), "%s/x", path);
    assert_int_equal(aws_file_load(deeper, AWS_FILE_CONFIG, &f, &st, &why), ERR_NOT_FOUND);
    assert_int_equal(aws_file_load(dir, AWS_FILE_CONFIG, &f, &st, &why), ERR_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "cannot be read: Is a directory"));
    assert_int_equal(aws_file_load("/dev/null", AWS_FILE_CONFIG, &f, &st, &why), ERR_OK);
    f = aws_file_free(f);
    assert_int_equal(aws_file_load("/dev/zero", AWS_FILE_CONFIG, &f, &st, &why), ERR_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "/dev/zero: "));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0); /* nobody writes: must not wait */
    assert_int_equal(aws_file_load(path, AWS_FILE_CONFIG, &f, &st, &why), ERR_OK);
    f = aws_file_free(f);
    assert_int_equal(unlink(path), 0);

    write_file(path, "[default]\noops\n");
    assert_int_equal(aws_file_load(path, AWS_FILE_CONFIG, &f, &st, &why), ERR_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "config:2: expected"));
    assert_int_equal(truncate(path, (off_t)AWS_FILE_MAX + 1), 0);
    assert_int_equal(aws_file_load(path, AWS_FILE_CONFIG, &f, &st, &why), ERR_NO_CREDENTIALS);
    assert_non_null(strstr(why.text, "larger than 1 MiB"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files__parse__config_file),
        cmocka_unit_test(files__parse__credentials_file),
        cmocka_unit_test(files__parse__continuations),
        cmocka_unit_test(files__parse__repeats_and_odd_sections),
        cmocka_unit_test(files__parse__nothing_is_a_file),
        cmocka_unit_test(files__parse__mistakes_name_file_and_line),
        cmocka_unit_test(files__parse__refuses_binary_and_too_much),
        cmocka_unit_test(files__load__files_and_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
