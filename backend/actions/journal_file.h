/* The journal's files: locked, found the end of, added to, moved on.  One struct is one
 * line's worth of work: begin, put, end. */
#ifndef CT_JOURNAL_FILE_H
#define CT_JOURNAL_FILE_H

#include <sys/types.h>

#include "backend/actions/journal_line.h"
#include "backend/base/cancel.h"

/* Where the chain ends, under the lock. */
struct journal_file {
    const char *path, *base; /* whole; its last part */
    int dir, fd;             /* of the folder, which carries the lock; of the file */
    off_t size;
    uint64_t seq; /* of the last line; 0 none yet */
    char last[JOURNAL_HASH_SIZE];
    bool line_feed; /* the file does not end with one */
    bool torn;      /* there is something behind the last whole line, in this file */
    size_t torn_bytes;
    char torn_hash[JOURNAL_HASH_SIZE];
};

/* Makes folder and file where they are missing (0700, 0600), takes the lock, waiting at
 * most patience_ms and no longer than `c` allows (NULL), moves a file of file_max bytes
 * on, and finds the end.  On ERR_OK end it with journal_file_end(). */
enum err journal_file_begin(struct journal_file *f, const char *path, size_t file_max, int64_t patience_ms,
                            struct cancel *c, struct why *why) CHECKED;
/* n bytes with their line feed, and onto the disk. */
enum err journal_file_put(struct journal_file *f, const char *line, size_t n, struct why *why) CHECKED;
void journal_file_end(struct journal_file *f);

#endif
