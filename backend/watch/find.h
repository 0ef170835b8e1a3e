/* Looking for bytes in short texts, sixteen at a time.  A log line is a hundred bytes: a
 * library call for each thing that is looked for would cost more than the looking. */
#ifndef CT_FIND_H
#define CT_FIND_H

#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "backend/watch/log_page.h"

#ifdef __SSE2__
static inline __m128i find_load(const void *p)
{
    return _mm_loadu_si128(p);
}
#endif

/* Bytes before the first that is in `stops` (one to three characters); all, when none is. */
static inline size_t find_any(struct slice text, const char *stops)
{
    char a = stops[0], b = stops[1] != '\0' ? stops[1] : a, c = b != a && stops[2] != '\0' ? stops[2] : b;
    size_t i = 0;
#ifdef __SSE2__
    const __m128i va = _mm_set1_epi8(a), vb = _mm_set1_epi8(b), vc = _mm_set1_epi8(c);
    for (; i + 16 <= text.n; i += 16) {
        __m128i v = find_load(text.s + i);
        __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb)), _mm_cmpeq_epi8(v, vc));
        int mask = _mm_movemask_epi8(found);
        if (mask != 0)
            return i + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    while (i < text.n && text.s[i] != a && text.s[i] != b && text.s[i] != c)
        i++;
    return i;
}

/* Words looked for all at once, each by two neighbouring bytes that are rare in logs:
 * what is not found is not there, what is found may be. */
#define FIND_WORDS_MAX 32

struct find_words {
    unsigned n;
    unsigned char first[FIND_WORDS_MAX][16], second[FIND_WORDS_MAX][16]; /* the byte, sixteen times */
};

/* Takes a word in; false when it is shorter than two bytes or there is no room. */
bool find_words_add(struct find_words *f, struct slice word);

/* Bit i: the i-th word may stand in the text. */
uint32_t find_words(const struct find_words *f, struct slice text);

#endif
