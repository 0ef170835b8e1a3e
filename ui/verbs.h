/* Commands with a word behind them, as `:` takes them: the rows of verbs.def. */
#ifndef CT_VERBS_H
#define CT_VERBS_H

#include "ui/screen.h"

enum verb {
#define VERB(id, name, argument, help) VERB_##id,
#include "ui/verbs.def"
#undef VERB
    VERBS
};

struct verb_row {
    const char *name, *argument, *help;
};
const struct verb_row *verb_row(enum verb v);
enum verb verb_find(const char *name, size_t n); /* whole; VERBS when there is none */

#define VERB_WORD 72
/* The words that may stand behind it, one by one; false when there are no more. */
bool verb_word(const struct screen *s, enum verb v, size_t i, char out[VERB_WORD]);
/* Effects; what is wrong with `argument` is said. */
unsigned verb_run(struct screen *s, enum verb v, const char *argument);

#endif
