#include "backend/watch/find.h"

#include <string.h>

/* How common a byte is in log lines, roughly; what is not listed is rare. */
static unsigned commonness(char c)
{
    static const char common[] =
        "QXJKZYVWGHFBMUPLDOCSTNRIEA_#@~^$&;<>zqjxkvwybgfpmhlduc()'[]=/\\{}+*!?9876543210.-:,\"\tsrnoiate ";
    const char *at = c != '\0' ? strchr(common, c) : NULL;
    return at != NULL ? (unsigned)(at - common) : 0;
}

bool find_words_add(struct find_words *f, struct slice word)
{
    size_t best = 0;
    unsigned least = UINT32_MAX;
    if (word.n < 2 || f->n == FIND_WORDS_MAX)
        return false;
    for (size_t i = 0; i + 1 < word.n; i++) {
        unsigned both = commonness(word.s[i]) + commonness(word.s[i + 1]);
        if (both < least) {
            least = both;
            best = i;
        }
    }
    memset(f->first[f->n], word.s[best], sizeof f->first[0]);
    memset(f->second[f->n], word.s[best + 1], sizeof f->second[0]);
    f->n++;
    return true;
}

#ifdef __SSE2__
/* The sixteen pairs that begin at p: seventeen bytes. */
static uint32_t words_at(const struct find_words *f, const char *p)
{
    __m128i v = find_load(p), next = find_load(p + 1), any = _mm_setzero_si128();
    for (unsigned i = 0; i < f->n; i++)
        any = _mm_or_si128(any, _mm_and_si128(_mm_cmpeq_epi8(v, find_load(f->first[i])),
                                              _mm_cmpeq_epi8(next, find_load(f->second[i]))));
    if (_mm_movemask_epi8(any) == 0)
        return 0;
    uint32_t found = 0;
    for (unsigned i = 0; i < f->n; i++) {
        __m128i pair =
            _mm_and_si128(_mm_cmpeq_epi8(v, find_load(f->first[i])), _mm_cmpeq_epi8(next, find_load(f->second[i])));
        found |= (uint32_t)(_mm_movemask_epi8(pair) != 0) << i;
    }
    return found;
}
#else
static uint32_t words_at(const struct find_words *f, const char *p)
{
    uint32_t found = 0;
    for (unsigned i = 0; i < f->n; i++)
        for (int k = 0; k < 16; k++)
            found |= (uint32_t)(p[k] == (char)f->first[i][0] && p[k + 1] == (char)f->second[i][0]) << i;
    return found;
}
#endif

uint32_t find_words(const struct find_words *f, struct slice text)
{
    char last[17] = {0};
    uint32_t found = 0;
    if (text.n < sizeof last) {
        memcpy(last, text.s, text.n);
        return words_at(f, last);
    }
    for (size_t i = 0; i + 17 < text.n; i += 16)
        found |= words_at(f, text.s + i);
    return found | words_at(f, text.s + text.n - 17); /* may look at some twice */
}
