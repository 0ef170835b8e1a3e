/* libFuzzer: any text as a filter on any text.  Reading it never fails without words, a
 * filter with words lets all through, a regular expression that is taken finds what the C
 * library finds where both read it the same way, and nothing is slow. */
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backend/base/mem.h"
#include "backend/base/text.h"
#include "ui/filter.h"
#include "ui/pattern.h"
#include "ui/range.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1788532327900)

static const struct filter_column columns[] = {{"env", FILTER_TEXT, false},
                                               {"text", FILTER_TEXT, false},
                                               {"bad", FILTER_NUMBER, true},
                                               {"age", FILTER_DURATION, true},
                                               {"time", FILTER_TIME, true}};
static const struct filter_columns all = {columns, ARRAY_LEN(columns)};

/* ASCII that POSIX, the C library and we read alike: no escapes, classes or braces. */
static bool is_common(const char *pattern)
{
    return strlen(pattern) < 24 && pattern[strspn(pattern, "abcde01 -_.*+?|()^$")] == '\0' &&
           !strstr(pattern, "**") && pattern[0] != '*' && !strstr(pattern, "^*") && !strstr(pattern, "(*") &&
           !strstr(pattern, "|*") && !(strchr(pattern, '$') && strrchr(pattern, '^') > strchr(pattern, '$'));
}

static void against_the_library(const char *pattern, const char *text)
{
    char why[PATTERN_ERROR];
    regex_t theirs;
    struct pattern *ours = pattern_new(pattern, why);
    ASSERT((ours == NULL) == (why[0] != '\0'));
    bool found = ours && pattern_matches(ours, text), ascii = true;
    for (const char *p = text; *p; p++)
        ascii = ascii && *p >= ' '; /* a '.' is a character here and a byte there */
    if (ours && ascii && is_common(pattern) && regcomp(&theirs, pattern, REG_EXTENDED | REG_NOSUB | REG_ICASE) == 0) {
        ASSERT((regexec(&theirs, text, 0, NULL, 0) == 0) == found);
        regfree(&theirs);
    }
    pattern_free(ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char typed[256], text[256], error[RANGE_ERROR];
    const uint8_t *cut = memchr(data, '\n', size);
    size_t n = cut ? (size_t)(cut - data) : size / 2;
    struct range r;
    if (size > 400)
        return -1;
    text_safe(typed, sizeof(typed), (const char *)data, n < 160 ? n : 160); /* as a prompt takes it */
    text_safe(text, sizeof(text), (const char *)data + n, size - n);
    const struct filter_value values[] = {{"prod-eu", 0}, {text, 0}, {NULL, (int64_t)size}, {NULL, 60000}, {NULL, NOW}};
    struct filter *f = filter_new(typed, &all, NOW, false);
    bool passes = filter_matches(f, values);
    ASSERT(filter_error(f)[0] == '\0' || passes);
    ASSERT(filter_matches(f, values) == passes);
    filter_free(f);
    against_the_library(typed, text);
    if (range_parse(typed, NOW, false, &r, error)) {
        char words[96], again[96];
        struct range same;
        range_words(&r, NOW, false, words, sizeof(words));
        range_words(&r, NOW, false, again, sizeof(again));
        ASSERT(strcmp(words, again) == 0 && (r.to_ms == 0 || r.from_ms < r.to_ms));
        ASSERT(range_parse("all", NOW, false, &same, error) && range_is_all(&same));
    } else {
        ASSERT(error[0] != '\0');
    }
    return 0;
}
