/* The journal: a chain that any change breaks at the line that was changed, one chain for
 * several processes, and crashes that leave something to go on from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "backend/actions/journal.h"
#include "backend/actions/journal_line.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/strbuf.h"
#include "backend/journal_view.h"
#include "tests/unit/own_folder.h"

#define TEXT_SIZE (1 << 20)

struct fixture {
    char folder[64], path[128];
    char *text; /* what slurp() read */
    size_t n;
    struct journal_report report;
    struct why why;
};

static int set_up(void **state)
{
    struct fixture *x = mem_new(sizeof *x);
    own_folder_make(x->folder, "journal");
    (void)str_fmt(x->path, sizeof x->path, "%s/state/credtop/journal.jsonl", x->folder);
    x->text = mem_new(TEXT_SIZE);
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *x = *state;
    own_folder_remove(x->folder);
    free(x->text);
    free(x);
    return 0;
}

static void slurp(struct fixture *x, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t n = read(fd, x->text, TEXT_SIZE - 1);
    assert_true(n >= 0);
    close(fd);
    x->n = (size_t)n;
    x->text[n] = '\0';
}

static void spill(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), (ssize_t)n);
    close(fd);
}

static struct journal *open_journal(const struct fixture *x, size_t file_max)
{
    return journal_new(&(struct journal_settings){.path = x->path, .file_max = file_max});
}

static struct journal_entry order_entry(uint64_t id, const char *words)
{
    return (struct journal_entry){.kind = JOURNAL_ORDER, .env = "prod", .order = id, .order_name = "test", .words = words};
}

/* A session of n orders. */
static void write_orders(const struct fixture *x, size_t file_max, uint64_t n)
{
    struct journal *j = open_journal(x, file_max);
    for (uint64_t i = 1; i <= n; i++) {
        struct journal_entry e = order_entry(i, "an order");
        struct why why = {0};
        if (journal_write(j, &e, &why) != ERR_OK)
            fail_msg("%s", why.text);
    }
    journal_free(j);
}

static void verify(struct fixture *x, const char *head)
{
    enum err err = journal_verify(x->path, head, NULL, &x->report, &x->why);
    if (err != ERR_OK)
        print_error("%s\n", x->why.text);
    assert_int_equal(err, ERR_OK);
}

static void assert_good(struct fixture *x, uint64_t lines)
{
    verify(x, NULL);
    if (!x->report.good)
        print_error("%s:%d: %s\n", x->report.file, x->report.line, x->report.words);
    assert_true(x->report.good);
    assert_int_equal(x->report.lines, lines);
}

static void assert_bad(struct fixture *x, int line, const char *words)
{
    verify(x, NULL);
    assert_false(x->report.good);
    assert_string_equal(x->report.file, x->path);
    assert_int_equal(x->report.line, line);
    if (strstr(x->report.words, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, x->report.words);
}

/* The line'th line, 1 the first, of what was read. */
static char *line_at(struct fixture *x, int line)
{
    char *p = x->text;
    for (int i = 1; i < line; i++)
        p = strchr(p, '\n') + 1;
    return p;
}

static size_t line_size(const char *p) { return (size_t)(strchr(p, '\n') - p) + 1; }

/* ------------------------------------------------------------------ writing */

static void write__says_who_when_and_what(void **state)
{
    struct fixture *x = *state;
    struct journal *j = open_journal(x, 0);
    struct journal_entry e = {.kind = JOURNAL_CALL, .env = "prod", .order = 3, .order_name = "rotate",
                              .operation = "PutSecretValue", .resource = "prod/db \"x\"\x1b[2J", .keys = "ops",
                              .version_before = "v1", .version_after = "v2", .request_id = "r-1", .words = "words"};
    assert_int_equal(journal_write(j, &e, NULL), ERR_OK);
    journal_free(j);
    assert_good(x, 3);
    slurp(x, x->path);
    assert_null(strchr(x->text, '\x1b'));
    struct journal_row row;
    const char *p = line_at(x, 1);
    assert_true(journal_row_read(p, line_size(p) - 1, &row));
    assert_string_equal(row.kind, "session.start");
    assert_true(row.login[0] != '\0' && row.time_ms > 1600000000000);
    p = line_at(x, 2);
    assert_true(journal_row_read(p, line_size(p) - 1, &row));
    assert_int_equal(row.seq, 2);
    assert_int_equal(row.order, 3);
    assert_string_equal(row.kind, "call");
    assert_string_equal(row.operation, "PutSecretValue");
    assert_string_equal(row.resource, "prod/db \"x\"\\x1B[2J");
    assert_string_equal(row.version_before, "v1");
    assert_string_equal(row.version_after, "v2");
    assert_string_equal(row.request_id, "r-1");
    assert_non_null(strstr(p, "\"session\":\""));
    assert_non_null(strstr(p, "\"mode\":\"operate\",\"version\":\"" CREDTOP_VERSION "\""));
    p = line_at(x, 3);
    assert_true(journal_row_read(p, line_size(p) - 1, &row));
    assert_string_equal(row.kind, "session.end");
}

static void write__keeps_others_out(void **state)
{
    struct fixture *x = *state;
    struct stat st;
    mode_t mask = umask(0);
    write_orders(x, 0, 1);
    umask(mask);
    assert_int_equal(stat(x->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    *strrchr(x->path, '/') = '\0';
    assert_int_equal(stat(x->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
}

static void session__without_a_line__leaves_nothing(void **state)
{
    struct fixture *x = *state;
    struct stat st;
    journal_free(open_journal(x, 0));
    assert_int_not_equal(stat(x->path, &st), 0);
    assert_null(journal_free(NULL));
}

/* Of what is read all the time a line a session, of each operation. */
static void watch__of_each_operation_once(void **state)
{
    struct fixture *x = *state;
    static const char *const operations[] = {"GetSecretValue", "GetFunctionConfiguration", "GetSecretValue",
                                             "GetFunctionConfiguration", "GetSecretValue"};
    struct journal *j = open_journal(x, 0);
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        assert_int_equal(journal_write(j, &(struct journal_entry){.kind = JOURNAL_WATCH, .operation = operations[i],
                                                                  .words = "again and again"}, NULL), ERR_OK);
    journal_free(j);
    verify(x, NULL);
    assert_good(x, 4); /* the start, one each, the end */
}

static void hash__is_what_the_header_says(void **state)
{
    struct fixture *x = *state;
    char hash[JOURNAL_HASH_SIZE];
    journal_hash("abc", 3, hash); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    write_orders(x, 0, 1);
    slurp(x, x->path);
    char *p = line_at(x, 2), *member = strstr(p, ",\"hash\":\""), stated[JOURNAL_HASH_SIZE];
    (void)str_copy_n(stated, sizeof stated, member + 9, 64);
    *member = '}';
    journal_hash(p, (size_t)(member - p) + 1, hash);
    assert_string_equal(hash, stated);
}

static void longest_fields__fit(void **state)
{
    struct fixture *x = *state;
    char long_text[5000];
    memset(long_text, '"', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    struct journal *j = open_journal(x, 0);
    struct journal_entry e = {.kind = JOURNAL_CALL, .env = long_text, .order = INT64_MAX, .order_name = long_text,
                              .operation = long_text, .resource = long_text, .keys = long_text,
                              .version_before = long_text, .version_after = long_text, .request_id = long_text,
                              .words = long_text};
    assert_int_equal(journal_write(j, &e, NULL), ERR_OK);
    journal_free(j);
    assert_good(x, 3);
}

static void fails(struct fixture *x, const char *path, const char *words)
{
    struct journal *j = journal_new(&(struct journal_settings){.path = path, .patience_ms = 30});
    struct journal_entry e = order_entry(1, "");
    x->why = (struct why){0};
    assert_int_equal(journal_write(j, &e, &x->why), ERR_IO);
    if (strstr(x->why.text, words) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", words, x->why.text);
    journal_free(j);
}

static void write__says_why_it_cannot(void **state)
{
    struct fixture *x = *state;
    char other[160];
    fails(x, NULL, "set HOME, or journal = PATH");
    fails(x, "relative.jsonl", "absolute");
    fails(x, "/proc/credtop/journal.jsonl", "No such file"); /* a folder that nobody can make */
    fails(x, "/dev/null", "not a plain file");
    write_orders(x, 0, 1);
    (void)str_fmt(other, sizeof other, "%s/link", x->folder);
    assert_int_equal(symlink(x->path, other), 0);
    fails(x, other, "symbolic link");
    (void)str_fmt(other, sizeof other, "%s/notes", x->folder);
    spill(other, "my notes\n", 9);
    fails(x, other, "holds something else");
    slurp(x, other);
    assert_string_equal(x->text, "my notes\n");
    (void)str_fmt(other, sizeof other, "%s/notes/journal", x->folder);
    fails(x, other, "Not a directory");
}

static void write__does_not_wait_for_a_lock_for_ever(void **state)
{
    struct fixture *x = *state;
    write_orders(x, 0, 1);
    int fd = open(x->folder, O_RDONLY | O_CLOEXEC);
    close(fd);
    char folder[128];
    (void)str_copy_n(folder, sizeof folder, x->path, (size_t)(strrchr(x->path, '/') - x->path));
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    fails(x, x->path, "another process keeps its lock");
    close(fd);
    write_orders(x, 0, 1);
    assert_good(x, 6);
}

static void full_disk__is_an_error_and_leaves_a_chain(void **state)
{
    struct fixture *x = *state;
    write_orders(x, 0, 1);
    pid_t child = fork(); /* a limit on file sizes is a disk that fills up in the middle of a line */
    if (child == 0) {
        struct journal *j = open_journal(x, 0);
        struct journal_entry e = order_entry(1, "an order");
        struct stat st;
        (void)signal(SIGXFSZ, SIG_IGN);
        if (stat(x->path, &st) != 0)
            _exit(3);
        char limit[32], pid[32];
        (void)str_fmt(limit, sizeof limit, "--fsize=%lld", (long long)st.st_size + 100);
        (void)str_fmt(pid, sizeof pid, "--pid=%d", (int)getpid());
        pid_t setter = fork();
        if (setter == 0) {
            execlp("prlimit", "prlimit", pid, limit, (char *)NULL);
            _exit(127);
        }
        int status = 0;
        if (waitpid(setter, &status, 0) != setter || status != 0)
            _exit(77);
        struct why why = {0};
        enum err err = journal_write(j, &e, &why);
        _exit(err == ERR_IO && strstr(why.text, "File too large") != NULL ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    verify(x, NULL);
    assert_true(x->report.good);
    assert_int_equal(x->report.torn, 1);
    write_orders(x, 0, 1);
    assert_good(x, 6);
    assert_int_equal(x->report.torn, 1);
}

/* ---------------------------------------------------------------- rotation */

static void rotation__goes_on_with_the_chain_and_lets_the_oldest_go(void **state)
{
    struct fixture *x = *state;
    char name[160];
    struct stat st;
    write_orders(x, 4000, 40);
    assert_good(x, 42);
    assert_in_range(x->report.files, 4, 9);
    (void)str_fmt(name, sizeof name, "%s.1", x->path);
    assert_int_equal(stat(name, &st), 0);
    assert_in_range(st.st_size, 4000, 5000);
    write_orders(x, 4000, 200);
    verify(x, NULL);
    assert_true(x->report.good);
    assert_int_equal(x->report.files, 10);
    assert_true(x->report.first_seq > 1);
    assert_int_equal(x->report.last_seq, 244);
    (void)str_fmt(name, sizeof name, "%s.10", x->path);
    assert_int_not_equal(stat(name, &st), 0);
}

static void rotation__broken_off__is_finished_by_the_next(void **state)
{
    struct fixture *x = *state;
    char first[160], fourth[160], fifth[160];
    write_orders(x, 4000, 60);
    (void)str_fmt(first, sizeof first, "%s.1", x->path);
    (void)str_fmt(fourth, sizeof fourth, "%s.4", x->path);
    (void)str_fmt(fifth, sizeof fifth, "%s.8", x->path);
    assert_int_equal(rename(fourth, fifth), 0); /* wrong order for the names between, which verify sees */
    verify(x, NULL);
    assert_false(x->report.good);
    assert_int_equal(rename(fifth, fourth), 0);
    assert_int_equal(rename(x->path, fifth), 0); /* no file in hand, as after a crash between the renames */
    assert_int_equal(rename(first, x->path), 0);
    assert_int_equal(rename(x->path, first), 0);
    assert_int_equal(rename(fifth, x->path), 0);
    assert_good(x, 62);
}

static void rotation__killed_before_the_new_file__finds_the_old_end(void **state)
{
    struct fixture *x = *state;
    char first[160];
    write_orders(x, 0, 5);
    (void)str_fmt(first, sizeof first, "%s.1", x->path);
    assert_int_equal(rename(x->path, first), 0);
    assert_good(x, 7);
    write_orders(x, 0, 5);
    assert_good(x, 14);
    assert_int_equal(x->report.files, 2);
    assert_int_equal(unlink(first), 0);
    assert_bad(x, 1, "begins with seq 8: the lines before are missing");
}

/* ------------------------------------------------------------------- verify */

static void verify__names_the_first_bad_line(void **state)
{
    struct fixture *x = *state;
    char *p, *q, copy[8192];
    size_t n, m;
    write_orders(x, 0, 8); /* lines 1 to 10 */
    slurp(x, x->path);
    char *whole = mem_copy_bytes(x->text, x->n);
    size_t size = x->n;

    p = strstr(line_at(x, 4), "an order");
    memcpy(p, "an OTHER", 8);
    spill(x->path, x->text, size);
    assert_bad(x, 4, "its hash is not that of its bytes");

    memcpy(x->text, whole, size); /* taken out */
    p = line_at(x, 5);
    n = line_size(p);
    memmove(p, p + n, size - (size_t)(p - x->text) - n);
    spill(x->path, x->text, size - n);
    assert_bad(x, 5, "seq 6 follows seq 4: what was between them is missing");

    memcpy(x->text, whole, size); /* the first taken out */
    n = line_size(x->text);
    spill(x->path, x->text + n, size - n);
    assert_bad(x, 1, "begins with seq 2");

    memcpy(x->text, whole, size); /* there twice */
    p = line_at(x, 3);
    n = line_size(p);
    memmove(p + n, p, size - (size_t)(p - x->text));
    spill(x->path, x->text, size + n);
    assert_bad(x, 4, "seq 3 follows seq 3");

    memcpy(x->text, whole, size); /* two exchanged */
    p = line_at(x, 6);
    q = line_at(x, 7);
    n = line_size(p);
    m = line_size(q);
    memcpy(copy, p, n);
    memmove(p, q, m);
    memcpy(p + m, copy, n);
    spill(x->path, x->text, size);
    assert_bad(x, 6, "seq 7 follows seq 5");

    memcpy(x->text, whole, size); /* no JSON */
    *strstr(line_at(x, 2), "\"time\"") = 'x';
    spill(x->path, x->text, size);
    assert_bad(x, 2, "its hash is not that of its bytes");

    memcpy(x->text, whole, size); /* no line */
    memset(line_at(x, 9), 'x', 10);
    spill(x->path, x->text, size);
    assert_bad(x, 9, "no line of a journal");

    memcpy(x->text, whole, size); /* the last garbled */
    memset(line_at(x, 10), 'x', 10);
    spill(x->path, x->text, size);
    assert_bad(x, 10, "no line of a journal");
    write_orders(x, 0, 1); /* which is no crash, so the next line does not vouch for it */
    assert_bad(x, 10, "the next one knows of no crash");

    memcpy(x->text, whole, size); /* the last changed, and then gone on from */
    memcpy(strstr(line_at(x, 10), "session.end"), "session.END", 11);
    spill(x->path, x->text, size);
    write_orders(x, 0, 1);
    assert_bad(x, 10, "its hash is not that of its bytes");

    memcpy(x->text, whole, size); /* put in */
    p = line_at(x, 8);
    memmove(p + 3, p, size - (size_t)(p - x->text));
    memcpy(p, "{}\n", 3);
    spill(x->path, x->text, size + 3);
    assert_bad(x, 8, "no line of a journal");
    free(whole);
}

/* Every byte of the file but the line feed at its end: changed, it shows. */
static void verify__sees_every_byte(void **state)
{
    struct fixture *x = *state;
    write_orders(x, 0, 2);
    slurp(x, x->path);
    char *bytes = mem_copy_bytes(x->text, x->n);
    size_t n = x->n;
    for (size_t i = 0; i + 1 < n; i += 3) {
        bytes[i] = (char)(bytes[i] ^ 1);
        spill(x->path, bytes, n);
        verify(x, NULL);
        if (x->report.good)
            fail_msg("a change of byte %zu was not seen", i);
        bytes[i] = (char)(bytes[i] ^ 1);
    }
    free(bytes);
}

/* A line forged with a right hash still does not follow the one before. */
static void verify__sees_a_line_sealed_anew(void **state)
{
    struct fixture *x = *state;
    struct journal_seal seal;
    char hash[JOURNAL_HASH_SIZE];
    write_orders(x, 0, 4);
    slurp(x, x->path);
    char *p = line_at(x, 3);
    size_t n = line_size(p);
    assert_int_equal(journal_line_read(p, n - 1, &seal), JOURNAL_WHOLE);
    struct strbuf line;
    strbuf_init(&line, JOURNAL_LINE_MAX);
    strbuf_add(&line, p, (size_t)(strstr(p, ",\"prev\"") - p));
    memcpy(strstr(line.s, "an order"), "an OTHER", 8);
    journal_line_seal(&line, seal.prev, hash);
    assert_int_equal(line.len, n - 1);
    memcpy(p, line.s, line.len);
    strbuf_clear(&line);
    spill(x->path, x->text, x->n);
    assert_bad(x, 4, "one of the two was replaced");
}

static void verify__with_a_head__sees_a_cut_at_the_end(void **state)
{
    struct fixture *x = *state;
    char head[65];
    write_orders(x, 0, 4);
    verify(x, NULL);
    (void)str_copy(head, sizeof head, x->report.last_hash);
    verify(x, head);
    assert_true(x->report.good);
    assert_int_equal(x->report.after_head, 0);
    write_orders(x, 0, 1);
    verify(x, head);
    assert_true(x->report.good);
    assert_int_equal(x->report.after_head, 3);
    slurp(x, x->path);
    spill(x->path, x->text, (size_t)(line_at(x, 6) - x->text));
    verify(x, NULL);
    assert_true(x->report.good); /* a whole chain: without an anchor nobody can know */
    verify(x, head);
    assert_false(x->report.good);
    assert_non_null(strstr(x->report.words, "cut from the end"));
    assert_int_equal(x->report.line, 5);
}

static void verify__of_nothing__could_not_tell(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(journal_verify(x->path, NULL, NULL, &x->report, &x->why), ERR_NOT_FOUND);
    write_orders(x, 0, 1);
    assert_int_equal(unlink(x->path), 0);
    assert_int_equal(journal_verify(x->path, NULL, NULL, &x->report, &x->why), ERR_NOT_FOUND);
    assert_non_null(strstr(x->why.text, "there is no journal"));
}

/* ------------------------------------------------------------------ crashes */

/* Cut at every length of its last two lines: a chain, and it goes on. */
static void torn_line__is_kept_and_the_chain_goes_on(void **state)
{
    struct fixture *x = *state;
    write_orders(x, 0, 2); /* lines 1 to 4 */
    slurp(x, x->path);
    char *bytes = mem_copy_bytes(x->text, x->n);
    size_t size = x->n, from = (size_t)(line_at(x, 3) - x->text), third = line_size(x->text + from);
    for (size_t n = from; n <= size; n += n + 3 < from + third || n > from + third + 1 ? 7 : 1) {
        spill(x->path, bytes, n);
        uint64_t whole = n >= from + third - 1 ? 3 : 2; /* the line feed alone may be missing */
        whole = n >= size - 1 ? 4 : whole;
        bool torn = bytes[n - 1] != '\n' && whole == 2 ? true : whole == 3 && n > from + third;
        verify(x, NULL);
        assert_true(x->report.good);
        assert_int_equal(x->report.lines, whole);
        assert_int_equal(x->report.torn, torn);
        write_orders(x, 0, 1);
        verify(x, NULL);
        if (!x->report.good)
            fail_msg("cut at %zu: line %d: %s", n, x->report.line, x->report.words);
        assert_int_equal(x->report.lines, whole + 3);
        assert_int_equal(x->report.torn, torn);
    }
    spill(x->path, bytes, size - 50); /* what was torn is in the chain too */
    write_orders(x, 0, 1);
    slurp(x, x->path);
    x->text[size - 60] = '#';
    spill(x->path, x->text, x->n);
    assert_bad(x, 4, "not the one that the next line knows of");
    free(bytes);
}

static void torn_twice__and_torn_first_line(void **state)
{
    struct fixture *x = *state;
    write_orders(x, 0, 1);
    slurp(x, x->path);
    struct strbuf text;
    strbuf_init(&text, 65536);
    strbuf_add(&text, x->text, x->n);
    strbuf_add(&text, "{\"seq\":4,\"ti\n{\"seq\":4,\"t", 24);
    spill(x->path, strbuf_peek(&text), text.len);
    write_orders(x, 0, 1);
    assert_good(x, 6);
    spill(x->path, "{\"seq", 5);
    write_orders(x, 0, 1);
    assert_good(x, 3);
    assert_int_equal(x->report.torn, 1);
    char zeroes[4096] = {0}; /* a power cut: the length was written, the bytes were not */
    strbuf_reset(&text);
    slurp(x, x->path);
    strbuf_add(&text, x->text, x->n);
    strbuf_add(&text, zeroes, sizeof zeroes);
    spill(x->path, strbuf_peek(&text), text.len);
    write_orders(x, 0, 1);
    assert_good(x, 6);
    strbuf_clear(&text);
}

static void write_many(const struct fixture *x, int lines)
{
    struct journal *j = open_journal(x, 0);
    for (int i = 0; i < lines; i++) {
        struct journal_entry e = order_entry((uint64_t)i + 1, "from one of several processes");
        if (journal_write(j, &e, NULL) != ERR_OK)
            _exit(1);
    }
    journal_free(j);
}

static void two_processes__keep_one_chain(void **state)
{
    struct fixture *x = *state;
    pid_t children[2];
    for (size_t i = 0; i < ARRAY_LEN(children); i++) {
        children[i] = fork();
        if (children[i] == 0) {
            write_many(x, 500);
            _exit(0);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(children); i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_good(x, 2 * 502);
    assert_int_equal(x->report.torn, 0);
}

static void *write_from_thread(void *arg)
{
    struct journal *j = arg;
    uintptr_t failed = 0;
    for (uint64_t i = 1; i <= 20; i++) {
        struct journal_entry e = order_entry(i, "from one of several threads");
        failed += journal_write(j, &e, NULL) != ERR_OK;
    }
    return (void *)failed;
}

static void threads__keep_one_chain(void **state)
{
    struct fixture *x = *state;
    struct journal *j = open_journal(x, 0);
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_from_thread, j), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    journal_free(j);
    assert_good(x, 82);
}

static void kill_9__leaves_a_chain(void **state)
{
    struct fixture *x = *state;
    write_orders(x, 0, 1); /* a child that is killed before its first line leaves nothing */
    for (long i = 0; i < 25; i++) {
        pid_t child = fork();
        if (child == 0) {
            write_many(x, 1000000);
            _exit(0);
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 3000000 + i * 733331}, NULL);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        verify(x, NULL);
        assert_true(x->report.good);
    }
    write_orders(x, 0, 1);
    verify(x, NULL);
    assert_true(x->report.good);
    assert_true(x->report.lines > 25);
}

/* ------------------------------------------------------------------- reading */

static void reader__follows_over_a_rotation(void **state)
{
    struct fixture *x = *state;
    struct journal_text t;
    write_orders(x, 3000, 1);
    struct journal_reader *r = journal_reader_new(x->path, true, NULL, &x->why);
    uint64_t seen = 0;
    while (journal_reader_next(r, &t))
        seen++;
    assert_int_equal(seen, 3);
    for (int i = 0; i < 10; i++) {
        write_orders(x, 3000, 1);
        while (journal_reader_next(r, &t)) {
            struct journal_row row;
            assert_true(journal_row_read(t.bytes, t.n, &row));
            assert_int_equal(row.seq, ++seen);
        }
    }
    assert_int_equal(seen, 33);
    int fd = open(x->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "{\"seq\":", 7), 7);
    close(fd);
    assert_false(journal_reader_next(r, &t)); /* not a whole line yet */
    journal_reader_free(r);
}

static void row__refuses_what_is_no_line(void **state)
{
    (void)state;
    struct journal_row row;
    static const char *const lines[] = {"", "{}", "{\"seq\":1}", "null", "{\"seq\":1,\"time\":\"x\"}"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        assert_false(journal_row_read(lines[i], strlen(lines[i]), &row));
}

static void place__is_the_configured_one_or_in_home(void **state)
{
    (void)state;
    char out[100];
    struct why why = {0};
    assert_true(journal_place("/a/b", out, sizeof out, &why));
    assert_string_equal(out, "/a/b");
    setenv("XDG_STATE_HOME", "/s", 1);
    setenv("HOME", "/h", 1);
    assert_true(journal_place(NULL, out, sizeof out, &why));
    assert_string_equal(out, "/s/credtop/journal.jsonl");
    setenv("XDG_STATE_HOME", "not/absolute", 1);
    assert_true(journal_place(NULL, out, sizeof out, &why));
    assert_string_equal(out, "/h/.local/state/credtop/journal.jsonl");
    unsetenv("HOME");
    assert_false(journal_place(NULL, out, sizeof out, &why));
    assert_non_null(strstr(why.text, "set HOME"));
    unsetenv("XDG_STATE_HOME");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(write__says_who_when_and_what),
        CASE(write__keeps_others_out),
        CASE(session__without_a_line__leaves_nothing),
        CASE(watch__of_each_operation_once),
        CASE(hash__is_what_the_header_says),
        CASE(longest_fields__fit),
        CASE(write__says_why_it_cannot),
        CASE(write__does_not_wait_for_a_lock_for_ever),
        CASE(full_disk__is_an_error_and_leaves_a_chain),
        CASE(rotation__goes_on_with_the_chain_and_lets_the_oldest_go),
        CASE(rotation__broken_off__is_finished_by_the_next),
        CASE(rotation__killed_before_the_new_file__finds_the_old_end),
        CASE(verify__names_the_first_bad_line),
        CASE(verify__sees_every_byte),
        CASE(verify__sees_a_line_sealed_anew),
        CASE(verify__with_a_head__sees_a_cut_at_the_end),
        CASE(verify__of_nothing__could_not_tell),
        CASE(torn_line__is_kept_and_the_chain_goes_on),
        CASE(torn_twice__and_torn_first_line),
        CASE(two_processes__keep_one_chain),
        CASE(threads__keep_one_chain),
        CASE(kill_9__leaves_a_chain),
        CASE(reader__follows_over_a_rotation),
        CASE(row__refuses_what_is_no_line),
        CASE(place__is_the_configured_one_or_in_home),
    };
    json_global_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
