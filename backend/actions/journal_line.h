/* One line of the journal as bytes: how it is sealed, and whether it still is.
 *
 *     {"seq":7,"time":"...",...,"prev":"HASH","hash":"HASH"}
 *
 * `hash` is SHA-256 over the line as it was before its hash was put in: all in front of
 * ,"hash": and the closing brace.  `prev` is the hash of the line before, JOURNAL_GENESIS
 * in the very first.  So no line can be changed, taken out, put in or moved without
 * every later one saying so.  The functions here read shape and hash, not JSON. */
#ifndef CT_JOURNAL_LINE_H
#define CT_JOURNAL_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "backend/base/strbuf.h"

#define JOURNAL_HASH_SIZE 65         /* hex digits and NUL */
#define JOURNAL_LINE_MAX (16 * 1024) /* bytes without the line feed */
#define JOURNAL_TORN_MAX (64 * 1024) /* what crashes may have left between two whole lines */
#define JOURNAL_FILES 10             /* PATH and PATH.1 ... PATH.9, the oldest */
#define JOURNAL_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

enum journal_shape {
    JOURNAL_WHOLE,     /* sealed, and the hash is right */
    JOURNAL_ALTERED,   /* sealed, but the hash is another line's */
    JOURNAL_UNREADABLE /* no line of a journal: torn, or something else */
};

/* Its place in the chain. */
struct journal_seal {
    uint64_t seq;
    char prev[JOURNAL_HASH_SIZE], hash[JOURNAL_HASH_SIZE];
};

/* `line` is an open object, from {"seq": to its last member: adds prev, hash and the brace. */
void journal_line_seal(struct strbuf *line, const char *prev, char out_hash[JOURNAL_HASH_SIZE]);

/* n bytes without the line feed.  *out is filled unless it is unreadable. */
enum journal_shape journal_line_read(const char *line, size_t n, struct journal_seal *out);

void journal_hash(const void *p, size_t n, char out[JOURNAL_HASH_SIZE]);

/* PATH for 0, PATH.1 to PATH.9: false when it does not fit. */
bool journal_file_name(const char *path, unsigned i, char *out, size_t size);

#endif
