/* Posture: how an environment is set up, by the questions of posture.def.  Pure: the same
 * board and view give the same findings, on any thread.  What is found is said in names,
 * dates and numbers, never values of variables that may be secret. */
#ifndef CT_POSTURE_H
#define CT_POSTURE_H

#include "backend/model.h"

enum posture_check {
#define CHECK(id, subject, word, severity, title, why, mend) POSTURE_##id,
#include "backend/posture.def"
#undef CHECK
    POSTURE_CHECKS
};
enum posture_subject { SUBJECT_SECRET, SUBJECT_FUNCTION, SUBJECT_LOGS, SUBJECT_DATABASE };

/* Worst last. */
enum posture_result { POSTURE_NOT_APPLICABLE, POSTURE_PASS, POSTURE_UNKNOWN, POSTURE_WARN, POSTURE_FAIL };

struct posture_row {
    const char *name; /* "NODE_ENV", for JSON */
    enum posture_subject subject;
    const char *word, *title, *why, *mend;
    enum posture_result severity; /* WARN or FAIL */
};
const struct posture_row *posture_row(enum posture_check c);
const char *posture_subject_word(enum posture_subject s); /* "secret" */
const char *posture_mark(enum posture_result r);          /* "ok", "warn", "FAIL", "?", "-": not by colour alone */
const char *posture_name(enum posture_result r);          /* "pass", for JSON */

/* `mend`, with this environment's name in it. */
const char *posture_mend(enum posture_check c, const char *env, char out[320]);

struct finding {
    enum posture_result result;
    bool barred;     /* UNKNOWN, and would stay so: this mode does not look */
    int64_t seen_ms; /* wall: how old the evidence is; -1 there is none */
    char found[240];
};

struct posture {
    struct finding of[POSTURE_CHECKS];
    size_t n[POSTURE_FAIL + 1]; /* by result */
    size_t barred;              /* of the UNKNOWN ones */
};

void posture_judge(const struct board *b, const struct env_view *v, struct posture *out);

/* The results without the words, which are most of the work: for a matrix of many. */
void posture_results(const struct board *b, const struct env_view *v, uint8_t out[POSTURE_CHECKS]);

/* Exit status of the commands: 0 all is well, 1 a warning, 2 a failure, 3 something could
 * not be told.  As with verdicts, 2 beats 3 beats 1; what is barred does not count. */
int posture_exit_status(const struct posture *p);

#endif
