/* What bash, zsh and fish complete after "credtop", from the rows of options.def. */
#ifndef CT_COMPLETIONS_H
#define CT_COMPLETIONS_H

#include "backend/base/strbuf.h"

void completions_bash(struct strbuf *b);
void completions_zsh(struct strbuf *b);
void completions_fish(struct strbuf *b);

#endif
