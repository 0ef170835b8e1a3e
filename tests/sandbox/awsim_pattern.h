/* CloudWatch Logs filter patterns, the forms made of words: terms, "phrases", ?either,
 * -without.  Regular expressions, [fields] and {JSON} are refused by name. */
#ifndef CT_AWSIM_PATTERN_H
#define CT_AWSIM_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_MAX 1024
#define PATTERN_TERMS_MAX 64

enum term_kind { TERM_ALL, TERM_EITHER, TERM_WITHOUT };

struct pattern {
    size_t n;
    bool either_counts; /* '?' terms are ignored when any other term is there */
    struct pattern_term {
        enum term_kind kind;
        size_t len;
        char text[PATTERN_MAX + 1];
    } * terms; /* pattern_clear() frees */
};

/* False with a reason (a literal) for what the service would refuse, or we do not know. */
bool pattern_parse(const char *s, struct pattern *out, const char **out_reason);
void pattern_clear(struct pattern *p);
bool pattern_matches(const struct pattern *p, const char *text, size_t n);

#endif
