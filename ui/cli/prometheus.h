/* Prometheus's text format (0.0.4), for the node exporter's text file collector: HELP and
 * TYPE once a family, in front of its samples; label values escaped.  What is not known is
 * no sample: an absent series, which absent() finds, and never 0 or NaN. */
#ifndef CT_CLI_PROMETHEUS_H
#define CT_CLI_PROMETHEUS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/base/strbuf.h"

struct prometheus {
    struct strbuf *out;
    char name[64], type[8], help[200]; /* the family's; told before its first sample */
    bool told;
    struct strbuf labels; /* of the next sample */
};

void prometheus_begin(struct prometheus *p, struct strbuf *out);
void prometheus_end(struct prometheus *p);

/* The samples that follow belong to it.  One without samples leaves no trace. */
void prometheus_family(struct prometheus *p, const char *name, const char *type, const char *help);
void prometheus_label(struct prometheus *p, const char *name, const char *value); /* NULL and "": left out */
/* A sample with the labels since the last one. */
void prometheus_int(struct prometheus *p, int64_t n);
void prometheus_ms(struct prometheus *p, int64_t ms); /* as seconds */
void prometheus_us(struct prometheus *p, int64_t us); /* the same */
void prometheus_real(struct prometheus *p, double r); /* to four places; r >= 0 */

#endif
