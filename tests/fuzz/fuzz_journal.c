/* libFuzzer: any bytes as a journal.  Reading and verifying step over nothing, what is
 * accepted is a chain whose every line can be shown, and what a line read says of itself
 * holds. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "backend/actions/journal_line.h"
#include "backend/aws/json.h"
#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "backend/journal_view.h"
#include "tests/fuzz/fuzz.h"

static char folder[64], path[128]; /* of this process, made once */

static void remove_files(void)
{
    (void)unlink(path);
    (void)rmdir(folder);
}

static void place(void)
{
    const char *tmp = getenv("TMPDIR");
    json_global_init();
    (void)str_fmt(folder, sizeof folder, "%s/fuzz-journal-XXXXXX", tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
    ASSERT(mkdtemp(folder) != NULL);
    (void)str_fmt(path, sizeof path, "%s/journal.jsonl", folder);
    (void)atexit(remove_files);
}

/* The input, and the input as the members of one sealed line, which gets behind the hash. */
static void spill(const uint8_t *data, size_t size)
{
    char hash[JOURNAL_HASH_SIZE];
    struct strbuf line;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ASSERT(fd >= 0);
    if (size > 1 && data[0] == '!' && size < JOURNAL_LINE_MAX - 256) {
        strbuf_init(&line, JOURNAL_LINE_MAX);
        strbuf_str(&line, "{\"seq\":1,");
        strbuf_add(&line, data + 1, size - 1);
        journal_line_seal(&line, JOURNAL_GENESIS, hash);
        ASSERT(write(fd, strbuf_peek(&line), line.len) == (ssize_t)line.len);
        strbuf_clear(&line);
    } else {
        ASSERT(write(fd, data, size) == (ssize_t)size);
    }
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_report report;
    struct journal_text t;
    struct journal_row row;
    struct why why = {0};
    uint64_t rows = 0;
    if (path[0] == '\0')
        place();
    spill(data, size);
    ASSERT(journal_verify(path, NULL, NULL, &report, &why) == ERR_OK);
    ASSERT(report.good ? report.words[0] == '\0' : report.words[0] != '\0' && report.line > 0);
    struct journal_reader *r = journal_reader_new(path, false, NULL, &why);
    ASSERT(r != NULL);
    while (journal_reader_next(r, &t)) {
        if (!journal_row_read(t.bytes, t.n, &row))
            continue;
        rows++;
        ASSERT(row.seq > 0 && text_is_safe(row.kind, strlen(row.kind)) && text_is_safe(row.words, strlen(row.words)));
    }
    ASSERT(!report.good || rows == report.lines);
    journal_reader_free(r);
    return 0;
}
