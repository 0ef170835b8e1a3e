/* Which environments the table shows, and in what order: filter, sort, groups. */
#ifndef CT_ENV_ORDER_H
#define CT_ENV_ORDER_H

#include "ui/screen.h"

/* Fills s->rows, and s->worst with what needs attention. */
void env_order(struct screen *s);
/* The group of an environment in words, "" where there are no groups. */
const char *env_group_of(const struct screen *s, size_t env, char out[96]);
const char *env_group_word(enum env_group g); /* "account" */

bool env_needs_attention(const struct verdict *v);

#endif
