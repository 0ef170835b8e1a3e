/* What a filter may ask of an environment: the overview's columns. */
#ifndef CT_ENV_FILTER_H
#define CT_ENV_FILTER_H

#include "ui/filter.h"
#include "ui/screen.h"

extern const struct filter_columns env_filter_columns;
bool env_filter_passes(const struct screen *s, const struct filter *f, size_t env);

#endif
