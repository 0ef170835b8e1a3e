/* The journal: who ordered what, what was sent, and what came of it.
 *
 * JSON lines, each sealed with the hash of the one before (journal_line.h).  A line counts
 * once it is on the disk; whoever must not act without one asks first and obeys the
 * answer.  Several processes share a file: reading its end and adding to it happens
 * under a lock on its folder.  What a crash tears is kept, and the next line says so.
 * At 16 MiB the file moves on to PATH.1, that to PATH.2 ... PATH.9, and the chain goes
 * on in a new one.  The hash of each line goes to syslog (authpriv) too: the anchor
 * outside, without which a cut at the end cannot be seen.
 *
 * Nothing is opened before the first line, and the first line of a session is
 * session.start; a session that had nothing to say leaves nothing.  Never a value. */
#ifndef CT_JOURNAL_H
#define CT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/base/cancel.h"
#include "backend/base/clock.h"
#include "backend/base/err.h"

enum journal_kind {
    JOURNAL_SESSION_START,
    JOURNAL_SESSION_END,
    JOURNAL_WATCH, /* what the watches read all the time: of each operation one a session, later ones are left out */
    JOURNAL_ORDER, /* taken up, before anything is done */
    JOURNAL_PLAN,  /* what it is about to do, a line each */
    JOURNAL_REFUSED,
    JOURNAL_CALL, /* what reveals or changes, before it is sent */
    JOURNAL_STEP,
    JOURNAL_OUTCOME,
    JOURNAL_KINDS
};
const char *journal_kind_word(enum journal_kind k); /* "session.start" */

/* What a line says beside who, when and from where; NULL and "" are left out.  Text is
 * made safe and cut here. */
struct journal_entry {
    enum journal_kind kind;
    const char *env;
    uint64_t order; /* its number in this session; 0 none */
    const char *order_name, *operation, *resource;
    const char *keys; /* who we are to AWS: the caller's ARN, else profile and role */
    const char *version_before, *version_after;
    const char *request_id, *words;
};

struct journal_settings {
    const char *path; /* absolute; borrowed; NULL: there is no place for one, every line fails */
    bool syslog;
    bool audit;                /* the mode, for the lines */
    const struct clock *clock; /* NULL: real */
    size_t file_max;           /* bytes, at which a file moves on; 0: 16 MiB */
    int64_t patience_ms;       /* for the lock of other processes; 0: 10 s */
    struct cancel *cancel;     /* ends that wait; NULL */
};

struct journal;
struct journal *journal_new(const struct journal_settings *s);
struct journal *journal_free(struct journal *j); /* says session.end if there was a start; NULL is fine; returns NULL */

/* Any thread.  ERR_OK: it is on the disk.  ERR_IO with the file and the reason: it is not,
 * and what it was about must not be done. */
enum err journal_write(struct journal *j, const struct journal_entry *e, struct why *why) CHECKED;

#endif
