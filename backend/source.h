/* A source tree, looked through for the parts of the credential flow (source.def), as a
 * deployment's own check does.  Nothing is run, no link is followed out of the tree, and
 * what is read has a limit.  Files that hold passwords are named, with the line, never quoted. */
#ifndef CT_SOURCE_H
#define CT_SOURCE_H

#include "backend/posture.h"

enum source_check {
#define SOURCE(id, word, severity, title, why, mend) SOURCE_##id,
#include "backend/source.def"
#undef SOURCE
    SOURCE_CHECKS
};

struct source_row {
    const char *name; /* "CREDENTIALS", for JSON */
    const char *word, *title, *why, *mend;
    enum posture_result severity;
};
const struct source_row *source_row(enum source_check c);

struct source_report {
    struct {
        enum posture_result result;
        char found[320]; /* "src/env.ts:12: getDbCredentials" */
    } of[SOURCE_CHECKS];
    size_t files, bytes; /* looked into */
    size_t skipped;      /* too large, or not readable */
    bool cut;            /* the limit was reached: what was not found may be there */
};

/* `fetch`: the patterns of the fetch line, NULL-terminated.  ERR_IO with the folder's name
 * when it cannot be opened. */
enum err source_look(const char *folder, const char *const *fetch, struct source_report *out, struct why *why) CHECKED;

/* The rules on one file's bytes, for tests and fuzzing; `path` is relative to the tree. */
struct source_facts;
struct source_facts *source_facts_new(const char *const *fetch);
struct source_facts *source_facts_free(struct source_facts *f);
void source_read(struct source_facts *f, const char *path, const char *bytes, size_t n);
/* `index`: git's, NULL without one. */
void source_conclude(struct source_facts *f, const char *index, size_t n, struct source_report *out);

#endif
