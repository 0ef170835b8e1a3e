/* One classifier for each environment; those without patterns of their own share one. */
#ifndef CT_CLASSIFIERS_H
#define CT_CLASSIFIERS_H

#include "backend/watch/classify.h"

struct classifiers {
    const struct classifier **of; /* by the environment's place in the configuration */
    struct classifier *shared;    /* of [patterns] */
    size_t n;
};

void classifiers_init(struct classifiers *c, const struct config *conf);
void classifiers_clear(struct classifiers *c);

#endif
