/* The journal for those who read it: line by line, and whether it is still what was
 * written.  Reading changes nothing and waits for no writer longer than for its lock, and
 * less when `cancel` (NULL: never) is set: ERR_CANCELLED. */
#ifndef CT_JOURNAL_VIEW_H
#define CT_JOURNAL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/cancel.h"
#include "backend/base/err.h"
#include "backend/model.h"

/* Once, by commands that start no backend. */
void journal_view_init(void);

/* Where the journal is: as configured, or the place it has by itself; false with `why`. */
bool journal_place(const char *configured, char *out, size_t size, struct why *why);

/* ------------------------------------------------------------------ lines */

struct journal_text {
    const char *file;  /* borrowed, like the bytes: until the next call */
    int line;          /* 1, 2, ... of the file */
    const char *bytes; /* without the line feed */
    size_t n;
    bool fed;       /* a line feed ends it */
    bool last_file; /* nothing was newer when it was opened */
};

/* All files, the oldest first, as long as they were at the moment of opening; with
 * `follow`, also what is added later and the files that come then, whole lines alone. */
struct journal_reader;
struct journal_reader *journal_reader_new(const char *path, bool follow, struct cancel *cancel,
                                          struct why *why); /* NULL: ERR_IO */
struct journal_reader *journal_reader_free(struct journal_reader *r);
bool journal_reader_next(struct journal_reader *r, struct journal_text *out);           /* false: no more (yet) */
enum err journal_reader_error(const struct journal_reader *r, struct why *why) CHECKED; /* why there was no more */
unsigned journal_reader_oldest(const struct journal_reader *r); /* 9: what was older has been let go */

/* A line's members, safe to draw; "" and 0 where it has none. */
struct journal_row {
    uint64_t seq, order;
    int64_t time_ms;
    char kind[16], login[64], client[64], env[64], name[32], operation[48], resource[256], request_id[64], words[512];
    char version_before[66], version_after[66];
};
bool journal_row_read(const char *bytes, size_t n, struct journal_row *out); /* false: no line of a journal */

/* ----------------------------------------------------------------- verify */

struct journal_report {
    bool good;
    uint64_t lines, first_seq, last_seq;
    unsigned files, torn; /* places where a crash tore a line */
    char last_hash[65];
    uint64_t after_head; /* lines behind the one that --head names */
    /* The first thing wrong; while all is good, the last torn place ("" none). */
    char file[4100];
    int line;
    char words[240];
};

/* Reads it all.  `head`: a hash that must be there (from syslog), or NULL.  ERR_OK: the
 * report says whether it is good; else nobody could tell, and `why` says why. */
enum err journal_verify(const char *path, const char *head, struct cancel *cancel, struct journal_report *out,
                        struct why *why) CHECKED;

/* ------------------------------------------------------- for the screen */

#define JOURNAL_ROWS 500

struct journal_snap {
    struct snap snap; /* its `why`: why it could not be read; ERR_NOT_FOUND: nothing was journaled yet */
    char path[4096];
    uint64_t lines, strange;  /* lines there are; and what is no line of a journal */
    int64_t verified_wall_ms; /* of `report`; -1 never */
    struct journal_report report;
    size_t n;
    struct journal_row rows[]; /* newest first, at most JOURNAL_ROWS */
};

#endif
