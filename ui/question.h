/* The question for an MFA code: a box over the picture that takes the keys until it
 * is answered.  What was typed before it could be seen is not an answer. */
#ifndef CT_QUESTION_H
#define CT_QUESTION_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/model.h"
#include "ui/grid.h"

#define QUESTION_DIGITS 6

struct question {
    bool open, seen; /* seen: drawn once */
    struct mfa_view what;
    char code[QUESTION_DIGITS + 1];
    const char *note; /* what was wrong with the last key; NULL nothing */
};

enum question_result { QUESTION_WAITS, QUESTION_ANSWERED, QUESTION_DECLINED };

/* The newest question; the same one again changes nothing.  NULL: none is asked any more. */
void question_put(struct question *q, const struct mfa_view *what);
enum question_result question_key(struct question *q, uint32_t press);
void question_close(struct question *q); /* forgets the code */
void question_draw(struct question *q, struct grid *g);

#endif
